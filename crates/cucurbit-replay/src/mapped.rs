//! The tables of mapped classes, as far as migrations reach for them (`Model.__table__.create(bind)`,
//! `Base.metadata.tables`, `Model.column`).

use crate::host::Ev;
use cucurbit_python::eval::{Arguments, Call, Class, FileId, Outcome, TermKind, Value};
use cucurbit_schema::ObjectName;
use cucurbit_sqlalchemy::{self as sqla, MetaDataKey};
use std::path::PathBuf;
use std::rc::Rc;

/// Classes of other packages that models inherit from and that bring no columns.
const WITHOUT_COLUMNS: &[&str] = &["ModelBase", "ModelIterator", "object", "Generic", "ABC"];

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

/// Notes a class that says the name of its table.
pub(crate) fn defined(ev: &mut Ev<'_>, class: &Rc<Class>) {
    if class.namespace.borrow().iter().any(|(name, _, _)| name.as_ref() == "__tablename__") {
        ev.host.mapped.push((Rc::clone(class), None));
    }
}

/// Returns the table and the name of a column that stands in a mapped class (`Model.column`); `None` when several
/// classes have it.
pub(crate) fn column_home(ev: &mut Ev<'_>, value: &Value) -> Option<(ObjectName, String)> {
    let Value::Term(wanted) = value else { return None };
    let mut home = None;
    for (class, _) in ev.host.mapped.clone() {
        let found = class.namespace.borrow().iter().find_map(|(name, value, _)| match value {
            Value::Term(term) if term.serial == wanted.serial => Some(Rc::clone(name)),
            _ => None,
        });
        let Some(attribute) = found else { continue };
        if home.is_some() {
            return None;
        }
        let is_column = wanted.external().and_then(sqla::canonical_name);
        matches!(is_column.as_deref(), Some("Column" | "mapped_column")).then_some(())?;
        let written = match wanted.arguments.positional.first() {
            Some(Value::Str(name)) => Some(Rc::clone(name)),
            _ => match wanted.arguments.keyword("name") {
                Some(Value::Str(name)) => Some(Rc::clone(name)),
                Some(_) => return None,
                None => None,
            },
        };
        let table = table_name(ev, &class)?;
        home = Some((table, written.unwrap_or(attribute).to_string()));
    }
    home
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
/// what they inherit from stand beside the migrations, where the application does not add to them.
pub(crate) fn register(ev: &mut Ev<'_>, metadata: &MetaDataKey) -> bool {
    let Some(environment) = environment(ev) else { return false };
    let mut found = false;
    for at in 0..ev.host.mapped.len() {
        let (class, made) = ev.host.mapped[at].clone();
        if metadata_of(ev, &class).as_ref() != Some(metadata) {
            continue;
        }
        found = true;
        if !stands_in(ev, &class, &environment) {
            return false;
        }
        if made.is_some_and(|serial| ev.host.registry.table(serial).is_some()) {
            continue;
        }
        let (Some(name), Some(owner)) = (table_name(ev, &class), metadata_value(ev, &class)) else {
            return false;
        };
        let Some(Parts { items, keywords }) = parts(ev, &class) else { return false };
        let mut positional = vec![Value::str(&name.name), owner];
        positional.extend(items);
        let call = Call {
            callee: Value::External(Rc::from("sqlalchemy.Table")),
            receiver: None,
            method: None,
            arguments: Arguments { positional, keywords, open: false },
            place: class.place,
        };
        if let Some(Outcome::Value(Value::Term(term))) = sqla::call(ev, &call) {
            ev.host.mapped[at].1 = Some(term.serial);
        }
    }
    found
}

/// The folder above the one in which the revision file stands.
fn environment(ev: &Ev<'_>) -> Option<PathBuf> {
    let path = ev.path_of(ev.host.file?)?;
    path.parent()?.parent().map(std::path::Path::to_path_buf)
}

/// Whether a class and all that it inherits from, but for what other packages give, stand below a folder.
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
    files.into_iter().all(|file| ev.path_of(file).is_some_and(|path| path.starts_with(folder)))
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
                brings_nothing(&name).then_some(())?;
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
                // `declared_attr` makes a column of each class; other functions are methods.
                Value::Function(function)
                    if function.has_decorator("declared_attr") && name.as_ref() != "__table_args__" =>
                {
                    return None;
                }
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

/// Whether a class of another package brings no columns.
fn brings_nothing(name: &str) -> bool {
    if let Some(own) = sqla::canonical_name(name) {
        return matches!(own.as_ref(), "DeclarativeBase" | "DeclarativeBaseNoMeta" | "AsyncAttrs");
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    WITHOUT_COLUMNS.contains(&last)
        && ["oslo_db.", "builtins.", "typing.", "abc."].iter().any(|package| name.starts_with(package))
}
