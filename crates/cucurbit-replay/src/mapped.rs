//! The table of a mapped class, as far as a migration reaches for it (`Model.__table__.create(bind)`).

use crate::host::Ev;
use cucurbit_python::eval::{Arguments, Class, Outcome, TermKind, Value};
use cucurbit_schema::ObjectName;
use cucurbit_sqlalchemy as sqla;
use std::rc::Rc;

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

/// Reads the table of a class in the older form, whose columns are all calls in the class or above it. `Err` gives
/// the table's name, where that is known, of one that cannot be read so.
pub(crate) fn table(
    ev: &mut Ev<'_>,
    class: &Rc<Class>,
) -> Result<(ObjectName, sqla::TableReading), Option<ObjectName>> {
    let name = ev.class_attribute(class, "__tablename__").and_then(|v| v.as_str().map(str::to_owned));
    let Some(name) = name else { return Err(None) };
    let of = Value::Class(Rc::clone(class));
    let metadata = match sqla::attribute(ev, &of, "metadata", class.place) {
        Some(Outcome::Value(value)) => {
            sqla::metadata_key(ev, &value).and_then(|key| ev.host.registry.metadata(&key).cloned())
        }
        _ => None,
    };
    let metadata = metadata.unwrap_or_default();
    let full = ev.host.name(metadata.schema.as_deref(), &name);
    match parts(ev, class) {
        Some(items) => {
            let reading = sqla::table(ev, &full, &items, &[], &metadata, class.place);
            Ok((full, reading))
        }
        None => Err(Some(full)),
    }
}

/// The columns of a class and of those above it, each with its name, then what `__table_args__` holds.
fn parts(ev: &mut Ev<'_>, class: &Rc<Class>) -> Option<Vec<Value>> {
    let mut items = Vec::new();
    let mut seen: Vec<Rc<str>> = Vec::new();
    for of in ev.mro(class) {
        let Value::Class(of) = of else { continue };
        let is_annotated = !of.annotations.borrow().is_empty();
        if of.open || is_annotated {
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
                // `declared_attr` and whatever else a function makes of the class.
                Value::Function(_) if name.as_ref() == "__table_args__" => return None,
                _ => {}
            }
        }
    }
    match ev.class_attribute(class, "__table_args__") {
        None => {}
        Some(Value::Tuple(given))
            if !given.iter().any(|v| matches!(v, Value::Dict(_) | Value::Unknown(_))) =>
        {
            items.extend(given.iter().cloned());
        }
        Some(_) => return None,
    }
    (!items.is_empty()).then_some(items)
}
