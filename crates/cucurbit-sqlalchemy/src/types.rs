//! Types: what a value that stands for one is on the dialect.

pub(crate) mod classes;
mod ddl;
mod decorators;
mod enums;
mod known;
mod outside;
mod resolve;
mod written;

use crate::names::canonical_name;
use crate::quoting;
use crate::reading::{Affinity, EnumReading, IntegerSize, TypeCheck, TypeReading};
use crate::settings::{Environment, Settings, Unreadable, Version, unreadable};
use crate::{NameText, terms};
use cucurbit_python::eval::{Evaluator, Place, Value};
use cucurbit_schema::{DataType, Dialect, TypeKind, UNTOLD};
pub(crate) use decorators::compiled;
use known::Known;
use resolve::{Form, Resolved};
use std::sync::Arc;

/// How deep types may stand in types.
const MAX_DEPTH: usize = 12;

/// Reads a type: an instance or a class, SQLAlchemy's own, the project's or a well-known other one.
pub fn data_type<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value, place: Place) -> TypeReading {
    match resolve::resolve(ev, value, 0) {
        Ok(resolved) => finish(ev, resolved, value, place, 0),
        Err(mut problem) => {
            problem.place = problem.place.or(Some(place));
            TypeReading::unknown(problem)
        }
    }
}

/// Reads an enum with a name, as `Enum(…).create(bind)` makes it; `None` when the value is no such enum or the
/// dialect has no enum types.
pub fn enum_of<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    place: Place,
) -> Option<EnumReading> {
    let reading = data_type(ev, value, place);
    reading.enum_type
}

/// Returns the text of a type in DDL.
pub(crate) fn ddl_text<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
) -> Result<String, Unreadable> {
    let place = terms::place_of(value);
    let reading = match resolve::resolve(ev, value, 0) {
        Ok(resolved) => finish(ev, resolved, value, place.unwrap_or(terms::NOWHERE), 0),
        Err(problem) => return Err(problem),
    };
    match reading.ddl {
        Some(ddl) => Ok(ddl),
        None => Err(reading.problems.into_iter().next().unwrap_or_else(|| unreadable(ev, value, "no type"))),
    }
}

/// Returns the canonical name of the type of SQLAlchemy that a dotted name is.
pub(crate) fn known_name(dotted: &str, settings: &Settings) -> Option<&'static str> {
    let name = canonical_name(dotted)?;
    classes::find(&name, settings.version < Version::V2_0).map(|class| class.name)
}

/// Returns the labels of an enum.
pub(crate) fn labels_of<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<Vec<String>> {
    match resolve::resolve(ev, value, 0).ok()?.form {
        Form::Known(known) => enums::labels(ev, &known).labels.ok(),
        Form::Stored(data_type) => match &data_type.kind {
            TypeKind::Enum { labels, .. } => Some(labels.clone()),
            _ => None,
        },
        Form::Text(_) => None,
    }
}

/// Returns the text of a type as one method of the type compiler writes it (`compiler.visit_VARCHAR(element)`).
pub(crate) fn plain_text<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    visit: &str,
) -> Option<String> {
    let class = classes::by_visit(visit)?;
    let (arguments, place) = match value {
        Value::Instance(instance) => (terms::arguments_of(instance), instance.place),
        Value::Term(term) => (term.arguments.clone(), term.place),
        _ => return None,
    };
    let known = Known::new(class, &arguments, Some(place));
    ddl::text(&known, ev.host.settings()).ok()
}

fn finish<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    resolved: Resolved,
    value: &Value,
    place: Place,
    depth: usize,
) -> TypeReading {
    let Resolved { form, affinity, written, note } = resolved;
    let mut reading = match form {
        Form::Text(text) => {
            let (kind, collation) =
                cucurbit_schema::sql::read_type_and_collation(&text, ev.host.settings().dialect);
            let mut reading = empty(DataType::new(kind));
            reading.collation = collation;
            reading.ddl = Some(text);
            reading.affinity = affinity;
            reading
        }
        Form::Stored(data_type) => {
            let mut reading = empty((*data_type).clone());
            reading.ddl = cucurbit_schema::type_sql(&data_type.kind, ev.host.settings().dialect);
            reading.affinity = affinity;
            if let TypeKind::Unknown(why) = &data_type.kind {
                reading.affinity = Affinity::Unknown;
                let place = Some(place);
                reading.problems.push(Unreadable {
                    place,
                    reason: why.clone(),
                    what: "a type".to_owned(),
                    held: false,
                });
            }
            reading
        }
        Form::Known(known) => {
            let mut reading = match of_known(ev, &known, place, depth) {
                Ok(reading) => reading,
                Err(why) => {
                    let mut problem = unreadable(ev, value, &why);
                    problem.place = problem.place.or(Some(place));
                    problem.held = true;
                    TypeReading::unknown(problem)
                }
            };
            reading.affinity = affinity;
            reading.integer_size = known.class.size();
            reading
        }
    };
    if let Some(note) = note {
        let mut problem = unreadable(ev, value, &note);
        problem.place = problem.place.or(Some(place));
        reading.problems.push(problem);
    }
    reading.is_integer = reading.affinity == Affinity::Integer;
    reading.data_type.written = written.map(Arc::from);
    reading
}

fn empty(data_type: DataType) -> TypeReading {
    TypeReading {
        data_type,
        ddl: None,
        enum_type: None,
        checks: Vec::new(),
        affinity: Affinity::Other,
        is_integer: false,
        integer_size: IntegerSize::Plain,
        collation: None,
        is_null: false,
        problems: Vec::new(),
    }
}

fn of_known<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    known: &Known,
    place: Place,
    depth: usize,
) -> Result<TypeReading, String> {
    let settings = ev.host.settings().clone();
    match known.class.visit {
        "null" => {
            let mut reading = empty(DataType::new(TypeKind::Unknown("no type is given".to_owned())));
            reading.is_null = true;
            Ok(reading)
        }
        "enum" | "ENUM" => of_enum(ev, known, settings.dialect),
        "SET" => of_set(ev, known, settings.dialect),
        "ARRAY" => of_array(ev, known, place, depth),
        "DOMAIN" => of_domain(ev, known, settings.dialect),
        _ => {
            let text = ddl::text(known, &settings)?;
            let (kind, collation) = cucurbit_schema::sql::read_type_and_collation(&text, settings.dialect);
            let mut reading = empty(DataType::new(kind));
            reading.collation = collation;
            reading.ddl = Some(text);
            if matches!(known.class.visit, "boolean" | "BOOLEAN")
                && known.flag_or("create_constraint", brings_check(settings.version))?
                && settings.dialect != Dialect::PostgreSql
            {
                let name = check_name(ev, known)?;
                reading.checks.push(TypeCheck { name, values: vec!["0".to_owned(), "1".to_owned()] });
            }
            Ok(reading)
        }
    }
}

/// Says whether `Boolean` and `Enum` bring a check along where nothing is said: up to SQLAlchemy 1.3
/// (<https://docs.sqlalchemy.org/en/14/changelog/migration_14.html>, "Enum and Boolean datatypes no longer default to
/// create constraint").
fn brings_check(version: Version) -> bool {
    version < Version::V1_4
}

fn check_name<H: Environment>(ev: &mut Evaluator<'_, H>, known: &Known) -> Result<NameText, String> {
    match known.value("name").cloned() {
        None => Ok(NameText::None),
        Some(value) => match crate::name_text(ev, Some(&value)) {
            NameText::Unknown => Err("the name of its check cannot be told".to_owned()),
            name => Ok(name),
        },
    }
}

fn of_enum<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    known: &Known,
    dialect: Dialect,
) -> Result<TypeReading, String> {
    let own = known.class.name;
    if own == "mysql.ENUM" && !dialect.is_mysql() {
        return Err(format!("SQLAlchemy cannot write `mysql.ENUM` for {}", dialect.name()));
    }
    let labels = enums::labels(ev, known);
    let native = own == "postgresql.ENUM" || own == "mysql.ENUM" || known.flag_or("native_enum", true)?;
    let check = |ev: &mut Evaluator<'_, H>,
                 reading: &mut TypeReading,
                 labels: Option<&[String]>|
     -> Result<(), String> {
        if known.flag_or("create_constraint", brings_check(ev.host.settings().version))? {
            let name = match check_name(ev, known)? {
                NameText::None => labels_name(ev, known),
                name => name,
            };
            let values = match labels {
                Some(labels) => labels.iter().map(|l| quoting::string(l, dialect)).collect(),
                None => vec![UNTOLD.to_string()],
            };
            reading.checks.push(TypeCheck { name, values });
        }
        Ok(())
    };
    match dialect {
        Dialect::PostgreSql if native => {
            let Some(object) = enums::object(ev, known, &labels)? else {
                return Err("PostgreSQL ENUM type requires a name".to_owned());
            };
            let name = object.enum_type.name.clone();
            let kind = TypeKind::Enum {
                name: Some(name.clone()),
                labels: labels.labels.clone().unwrap_or_default(),
            };
            let mut reading = empty(DataType::new(kind));
            reading.ddl = Some(quoting::object(&name, dialect));
            reading.enum_type = Some(object);
            if let Err(why) = labels.labels {
                reading.problems.push(Unreadable {
                    place: known.place,
                    reason: why,
                    what: name.name,
                    held: false,
                });
            }
            Ok(reading)
        }
        Dialect::MySql | Dialect::MariaDb if native => {
            let labels = labels.labels?;
            let quoted: Vec<String> = labels.iter().map(|l| quoting::string(l, dialect)).collect();
            let text = ddl::with_charset(known, format!("ENUM({})", quoted.join(",")))?;
            let mut reading = empty(DataType::new(TypeKind::Enum { name: None, labels }));
            reading.collation = known.text("collation")?;
            reading.ddl = Some(text);
            Ok(reading)
        }
        _ => {
            let labels = match labels.labels {
                Ok(labels) => labels,
                Err(why) => {
                    let what = known.class.name.to_owned();
                    let mut reading = TypeReading::unknown(Unreadable {
                        place: known.place,
                        reason: why,
                        what,
                        held: false,
                    });
                    check(ev, &mut reading, None)?;
                    return Ok(reading);
                }
            };
            let longest = labels.iter().map(|l| l.chars().count()).max().unwrap_or(0);
            let length = match known.int("length")? {
                Some(length) => length.to_string(),
                None => longest.to_string(),
            };
            let text = if length == "0" { "VARCHAR".to_owned() } else { format!("VARCHAR({length})") };
            let (kind, _) = cucurbit_schema::sql::read_type_and_collation(&text, dialect);
            let mut reading = empty(DataType::new(kind));
            reading.ddl = Some(text);
            check(ev, &mut reading, Some(&labels))?;
            Ok(reading)
        }
    }
}

/// The check of an enum is named after its Python class when it has no name of its own.
fn labels_name<H: Environment>(ev: &mut Evaluator<'_, H>, known: &Known) -> NameText {
    enums::labels(ev, known).class_name.map_or(NameText::None, NameText::Plain)
}

fn of_set<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    known: &Known,
    dialect: Dialect,
) -> Result<TypeReading, String> {
    if !dialect.is_mysql() {
        return Err(format!("SQLAlchemy cannot write `mysql.SET` for {}", dialect.name()));
    }
    let labels = enums::labels(ev, known).labels?;
    let quoted: Vec<String> = labels.iter().map(|l| quoting::string(l, dialect)).collect();
    let text = ddl::with_charset(known, format!("SET({})", quoted.join(",")))?;
    let (kind, collation) = cucurbit_schema::sql::read_type_and_collation(&text, dialect);
    let mut reading = empty(DataType::new(kind));
    reading.collation = collation;
    reading.ddl = Some(text);
    Ok(reading)
}

fn of_array<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    known: &Known,
    place: Place,
    depth: usize,
) -> Result<TypeReading, String> {
    let dialect = ev.host.settings().dialect;
    if dialect != Dialect::PostgreSql {
        return Err(format!("SQLAlchemy cannot write `ARRAY` for {}", dialect.name()));
    }
    if depth > MAX_DEPTH {
        return Err("the type nests too deep".to_owned());
    }
    let Some(item) = known.value("item_type").cloned() else {
        return Err("what the array holds cannot be told".to_owned());
    };
    let element = match resolve::resolve(ev, &item, depth + 1) {
        Ok(resolved) => finish(ev, resolved, &item, place, depth + 1),
        Err(problem) => return Err(problem.to_string()),
    };
    if let TypeKind::Unknown(why) = &element.data_type.kind {
        return Err(why.clone());
    }
    let brackets =
        "[]".repeat(usize::try_from(known.int("dimensions")?.unwrap_or(1)).unwrap_or(1).clamp(1, 6));
    // Arrays of arrays are arrays of more dimensions.
    let kind = match element.data_type.kind {
        kind @ TypeKind::Array { .. } => kind,
        kind => TypeKind::Array { element: Box::new(kind), dimensions: 1 },
    };
    let mut reading = empty(DataType::new(kind));
    reading.ddl = element.ddl.map(|text| match text.find(" COLLATE") {
        Some(at) => format!("{}{brackets}{}", &text[..at], &text[at..]),
        None => format!("{text}{brackets}"),
    });
    reading.collation = element.collation;
    reading.enum_type = element.enum_type;
    reading.problems = element.problems;
    Ok(reading)
}

fn of_domain<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    known: &Known,
    dialect: Dialect,
) -> Result<TypeReading, String> {
    if dialect != Dialect::PostgreSql {
        return Err(format!("SQLAlchemy cannot write `DOMAIN` for {}", dialect.name()));
    }
    let name = known.value("name").cloned().and_then(|v| terms::text_of(ev, &v));
    let name = name.ok_or_else(|| "the name of the domain cannot be told".to_owned())?;
    let text = match known.text("schema")? {
        Some(schema) => format!("{schema}.{name}"),
        None => name,
    };
    let kind = TypeKind::Named { name: text.clone(), args: Vec::new(), attributes: Vec::new() };
    let mut reading = empty(DataType::new(kind));
    reading.ddl = Some(text);
    Ok(reading)
}
