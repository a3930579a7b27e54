//! The tables of mapped classes, as far as migrations reach for them (`Model.__table__.create(bind)`,
//! `Base.metadata.tables`, `Model.column`).

use crate::host::Ev;
use cucurbit_python::eval::{Arguments, Call, Class, FileId, Outcome, TermKind, Value};
use cucurbit_schema::ObjectName;
use cucurbit_sqlalchemy::{self as sqla, MetaDataKey};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

/// Classes of other packages that models inherit from, each with the columns that it brings: package, class,
/// columns.
const CLASSES: &[(&str, &str, &[&str])] = &[
    ("builtins", "object", &[]),
    ("typing", "Generic", &[]),
    ("abc", "ABC", &[]),
    ("oslo_db", "ModelBase", &[]),
    ("oslo_db", "ModelIterator", &[]),
    ("oslo_db", "TimestampMixin", &["created_at", "updated_at"]),
    ("oslo_db", "SoftDeleteMixin", &["deleted_at", "deleted"]),
    ("flask_appbuilder", "Model", &[]),
    ("flask_appbuilder", "AuditMixin", &["created_on", "changed_on", "created_by_fk", "changed_by_fk"]),
];

/// Returns the class of `Class.__table__`.
pub(crate) fn class_of(value: &Value) -> Option<Rc<Class>> {
    let Value::Term(term) = value else { return None };
    match &term.callee {
        Value::Class(class) if term.kind == TermKind::Attribute && term.name.as_ref() == "__table__" => {
            Some(Rc::clone(class))
        }
        _ => None,
    }
}

/// Classes with a table.
#[derive(Default)]
pub(crate) struct Mapped {
    classes: Vec<MappedClass>,
    /// The columns in their bodies by the number of their term: the class and the attribute.
    columns: BTreeMap<u64, Vec<(usize, Rc<str>)>>,
}

#[derive(Clone)]
struct MappedClass {
    class: Rc<Class>,
    /// Its `MetaData`, once it was asked for.
    metadata: Option<MetaDataKey>,
    /// The number of the term of its table, once it was asked for.
    table: Option<u64>,
}

/// Notes a class that says the name of its table.
pub(crate) fn defined(ev: &mut Ev<'_>, class: &Rc<Class>) {
    let namespace = class.namespace.borrow();
    if !namespace.iter().any(|(name, _, _)| name.as_ref() == "__tablename__") {
        return;
    }
    let mapped = &mut ev.host.mapped;
    let at = mapped.classes.len();
    mapped.classes.push(MappedClass { class: Rc::clone(class), metadata: None, table: None });
    for (name, value, _) in namespace.iter() {
        if let Value::Term(term) = value
            && matches!(
                term.external().and_then(sqla::canonical_name).as_deref(),
                Some("Column" | "mapped_column")
            )
        {
            mapped.columns.entry(term.serial).or_default().push((at, Rc::clone(name)));
        }
    }
}

/// Returns the table and the name of a column that stands in a mapped class (`Model.column`); `None` when several
/// classes have it.
pub(crate) fn column_home(ev: &mut Ev<'_>, value: &Value) -> Option<(ObjectName, String)> {
    let Value::Term(column) = value else { return None };
    let [(at, attribute)] = ev.host.mapped.columns.get(&column.serial)?.as_slice() else { return None };
    let (class, attribute) = (Rc::clone(&ev.host.mapped.classes[*at].class), Rc::clone(attribute));
    let written = match (column.arguments.positional.first(), column.arguments.keyword("name")) {
        (Some(Value::Str(name)), _) | (_, Some(Value::Str(name))) => Rc::clone(name),
        (_, Some(_)) => return None,
        (_, None) => attribute,
    };
    Some((table_name(ev, &class)?, written.to_string()))
}

fn table_name(ev: &mut Ev<'_>, class: &Rc<Class>) -> Option<ObjectName> {
    let name = ev.class_attribute(class, "__tablename__")?.as_str()?.to_owned();
    let metadata = metadata_of(ev, class).and_then(|key| ev.host.registry.metadata(&key).cloned());
    Some(ev.host.name(metadata.unwrap_or_default().schema.as_deref(), &name))
}

fn metadata_value(ev: &mut Ev<'_>, class: &Rc<Class>) -> Option<Value> {
    match sqla::attribute(ev, &Value::Class(Rc::clone(class)), "metadata", class.place) {
        Some(Outcome::Value(value)) => Some(value),
        _ => None,
    }
}

fn metadata_of(ev: &mut Ev<'_>, class: &Rc<Class>) -> Option<MetaDataKey> {
    let value = metadata_value(ev, class)?;
    sqla::metadata_key(ev, &value)
}

/// Registers the tables of the classes of a `MetaData`. Says whether those are all that there are: the classes and
/// what they inherit from stand beside the migrations, where the application does not add to them. `None` when no
/// class of it was seen.
pub(crate) fn register(ev: &mut Ev<'_>, metadata: &MetaDataKey) -> Option<bool> {
    let mut found = None;
    for at in 0..ev.host.mapped.classes.len() {
        let MappedClass { class, metadata: known, table } = ev.host.mapped.classes[at].clone();
        let own = match known {
            Some(own) => Some(own),
            None => {
                let own = metadata_of(ev, &class);
                ev.host.mapped.classes[at].metadata.clone_from(&own);
                own
            }
        };
        if own.as_ref() != Some(metadata) {
            continue;
        }
        found = Some(true);
        if table.is_some_and(|serial| ev.host.registry.table(serial).is_some()) {
            continue;
        }
        match table_of(ev, &class) {
            Some(serial) => ev.host.mapped.classes[at].table = Some(serial),
            None => return Some(false),
        }
    }
    found
}

/// Makes the table of a class that stands beside the migrations; `None` when it stands elsewhere or cannot be read.
fn table_of(ev: &mut Ev<'_>, class: &Rc<Class>) -> Option<u64> {
    let environment = environment(ev)?;
    stands_in(ev, class, &environment).then_some(())?;
    let (name, owner) = (table_name(ev, class)?, metadata_value(ev, class)?);
    let Parts { items, keywords } = parts(ev, class)?;
    let mut positional = vec![Value::str(&name.name), owner];
    positional.extend(items);
    let call = Call {
        callee: Value::External(Rc::from("sqlalchemy.Table")),
        receiver: None,
        method: None,
        arguments: Arguments { positional, keywords, open: false },
        place: class.place,
    };
    match sqla::call(ev, &call) {
        Some(Outcome::Value(Value::Term(term))) => Some(term.serial),
        _ => None,
    }
}

/// The folder above the one in which the revision file stands.
fn environment(ev: &Ev<'_>) -> Option<PathBuf> {
    let path = ev.path_of(ev.host.file?)?;
    path.parent()?.parent().map(std::path::Path::to_path_buf)
}

/// Whether a class and all that it inherits from, but for what other packages give, stand in revision files or below
/// the folder of their `env.py`.
fn stands_in(ev: &mut Ev<'_>, class: &Rc<Class>, folder: &std::path::Path) -> bool {
    let files: Vec<FileId> = ev
        .mro(class)
        .iter()
        .filter_map(|c| match c {
            Value::Class(class) => Some(class.place.file),
            Value::Term(term) => Some(term.place.file),
            _ => None,
        })
        .collect();
    let is_revision = |ev: &mut Ev<'_>, file: FileId| {
        ["revision", "down_revision"].iter().all(|name| ev.module_value(file, name).is_some())
    };
    files
        .into_iter()
        .all(|file| ev.path_of(file).is_some_and(|path| path.starts_with(folder)) || is_revision(ev, file))
}

/// Reads the table of a class in the older form, whose columns are all calls in the class or above it. `Err` gives
/// the table's name, where that is known, of one that cannot be read so.
pub(crate) fn table(
    ev: &mut Ev<'_>,
    class: &Rc<Class>,
) -> Result<(ObjectName, sqla::TableReading), Option<ObjectName>> {
    let name = ev.class_attribute(class, "__tablename__").and_then(|v| v.as_str().map(str::to_owned));
    let Some(name) = name else { return Err(None) };
    let metadata = metadata_of(ev, class).and_then(|key| ev.host.registry.metadata(&key).cloned());
    let metadata = metadata.unwrap_or_default();
    let full = ev.host.name(metadata.schema.as_deref(), &name);
    match parts(ev, class) {
        Some(Parts { items, keywords }) => {
            let reading = sqla::table(ev, &full, &items, &keywords, &metadata, class.place);
            Ok((full, reading))
        }
        None => Err(Some(full)),
    }
}

/// What a class gives to its table.
struct Parts {
    /// Columns, constraints, indexes.
    items: Vec<Value>,
    /// Keyword arguments.
    keywords: Vec<(Rc<str>, Value)>,
}

/// The columns of a class and of those above it, each with its name, then what `__table_args__` holds.
fn parts(ev: &mut Ev<'_>, class: &Rc<Class>) -> Option<Parts> {
    let mut items = Vec::new();
    let mut seen: Vec<Rc<str>> = Vec::new();
    for of in ev.mro(class) {
        let of = match of {
            Value::Class(of) => of,
            Value::External(name) => {
                let brings = brought_by(&name)?;
                brings.iter().all(|column| seen.iter().any(|s| s.as_ref() == *column)).then_some(())?;
                continue;
            }
            // What `declarative_base(cls=…)` is given may bring columns.
            Value::Term(term) if term.arguments.keyword("cls").is_none() && !term.arguments.open => continue,
            _ => return None,
        };
        if of.open || !of.annotations.borrow().is_empty() {
            return None;
        }
        let namespace = of.namespace.borrow().clone();
        for (name, value, _) in namespace {
            if seen.contains(&name) {
                continue;
            }
            seen.push(Rc::clone(&name));
            if name.as_ref() == "__table_args__" {
                continue;
            }
            // `declared_attr` makes what a function gives of each class; other functions are methods.
            let value = match value {
                Value::Function(function) if function.has_decorator("declared_attr") => {
                    ev.call_on_class(&function, class).ok()?
                }
                value => value,
            };
            match value {
                Value::Term(term) if term.kind == TermKind::Call => {
                    let known = term.external().and_then(sqla::canonical_name);
                    match known.as_deref() {
                        Some("Column") => {}
                        Some("relationship" | "orm.relationship" | "backref" | "orm.backref") => continue,
                        _ => return None,
                    }
                    let mut arguments: Arguments = term.arguments.clone();
                    if !matches!(arguments.positional.first(), Some(Value::Str(_))) {
                        arguments.positional.insert(0, Value::str(&name));
                    }
                    items.push(ev.term(
                        TermKind::Call,
                        term.callee.clone(),
                        &term.name,
                        arguments,
                        term.place,
                    ));
                }
                Value::Unknown(_) => return None,
                _ => {}
            }
        }
    }
    let given = match ev.class_attribute(class, "__table_args__") {
        Some(Value::Function(function)) => {
            function.has_decorator("declared_attr").then_some(())?;
            Some(ev.call_on_class(&function, class).ok()?)
        }
        other => other,
    };
    let mut given = match given {
        None | Some(Value::None) => Vec::new(),
        Some(Value::Tuple(given)) => given.to_vec(),
        Some(options @ Value::Dict(_)) => vec![options],
        Some(_) => return None,
    };
    let mut keywords = Vec::new();
    if let Some(Value::Dict(options)) = given.last().cloned() {
        given.pop();
        for (name, value) in options.borrow().iter() {
            let Value::Str(name) = name else { return None };
            keywords.push((Rc::clone(name), value.clone()));
        }
    }
    if given.iter().any(|v| matches!(v, Value::Dict(_) | Value::Unknown(_))) {
        return None;
    }
    items.extend(given);
    (!items.is_empty()).then_some(Parts { items, keywords })
}

/// The columns that a class of another package brings; `None` when they are not known.
fn brought_by(name: &str) -> Option<&'static [&'static str]> {
    if let Some(own) = sqla::canonical_name(name) {
        let is_base = matches!(own.as_ref(), "DeclarativeBase" | "DeclarativeBaseNoMeta" | "AsyncAttrs");
        return is_base.then_some(&[]);
    }
    let (package, _) = name.split_once('.')?;
    let class = name.rsplit('.').next()?;
    CLASSES.iter().find(|(of, known, _)| *of == package && *known == class).map(|(_, _, columns)| *columns)
}
