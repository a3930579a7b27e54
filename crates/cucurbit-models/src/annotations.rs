//! What annotations of mapped attributes say.

use crate::host::Ev;
use cucurbit_python::eval::{Place, Term, TermKind, Value};
use cucurbit_sqlalchemy::canonical_name;
use std::rc::Rc;

/// How deep annotations are taken apart.
const MAX_DEPTH: usize = 12;

/// What an annotation says of a column.
#[derive(Debug, Clone)]
pub(crate) struct Annotation {
    /// `None` is one of its types.
    pub(crate) optional: bool,
    /// The type without `None`, with its `Annotated[…]`.
    pub(crate) full: Value,
    /// The type without `None` and without `Annotated[…]`.
    pub(crate) python: Value,
    /// What `Annotated[…]` adds.
    pub(crate) extras: Vec<Value>,
}

/// The last part of the name of what is subscribed.
fn subscribed(value: &Value) -> Option<(&str, &Rc<Term>)> {
    let Value::Term(term) = value else { return None };
    if term.kind != TermKind::Subscript {
        return None;
    }
    let name = term.external()?;
    Some((name.rsplit('.').next().unwrap_or(name), term))
}

/// Evaluates what is written as a string.
fn written(ev: &mut Ev<'_>, value: &Value, place: Place) -> Value {
    let mut value = value.clone();
    for _ in 0..4 {
        if !matches!(value, Value::Str(_)) {
            break;
        }
        value = ev.annotation(place.file, &value, place);
    }
    value
}

/// Returns `T` of `Mapped[T]`; `None` for any other annotation.
pub(crate) fn mapped(ev: &mut Ev<'_>, annotation: &Value, place: Place) -> Option<Value> {
    let value = written(ev, annotation, place);
    let (_, term) = subscribed(&value)?;
    let name = canonical_name(term.external()?)?;
    (name.as_ref() == "Mapped").then_some(())?;
    term.arguments.positional.first().cloned()
}

/// Says whether an annotation is for the class and not for its instances.
pub(crate) fn is_class_variable(ev: &mut Ev<'_>, annotation: &Value, place: Place) -> bool {
    let value = written(ev, annotation, place);
    match &value {
        Value::External(name) => name.ends_with(".ClassVar"),
        _ => matches!(subscribed(&value), Some(("ClassVar", _))),
    }
}

impl Annotation {
    /// Takes an annotation apart.
    pub(crate) fn read(ev: &mut Ev<'_>, value: &Value, place: Place) -> Self {
        let (mut optional, full) = without_none(ev, value, place);
        let (mut python, mut extras) = (full.clone(), Vec::new());
        for _ in 0..MAX_DEPTH {
            let inner = match subscribed(&python) {
                Some(("Annotated", term)) => {
                    let mut parts = term.arguments.positional.iter().cloned();
                    let inner = parts.next().unwrap_or(Value::None);
                    // The innermost stands first.
                    extras.splice(0..0, parts);
                    inner
                }
                Some(("Final" | "Required" | "NotRequired" | "ReadOnly", term)) => {
                    term.arguments.positional.first().cloned().unwrap_or(Value::None)
                }
                _ => break,
            };
            let (has_none, rest) = without_none(ev, &inner, place);
            optional |= has_none;
            python = rest;
        }
        Annotation { optional, full, python, extras }
    }
}

/// Takes `None` out of a union; says whether it was there.
fn without_none(ev: &mut Ev<'_>, value: &Value, place: Place) -> (bool, Value) {
    let value = written(ev, value, place);
    let mut members = Vec::new();
    if !union(ev, &value, place, &mut members, 0) {
        return (false, value);
    }
    let before = members.len();
    members.retain(|m| !is_none(m));
    let optional = members.len() < before;
    match <[Value; 1]>::try_from(members) {
        Ok([only]) => (optional, only),
        Err(_) => (optional, value),
    }
}

fn is_none(value: &Value) -> bool {
    matches!(value, Value::None) || matches!(value, Value::External(name) if name.ends_with(".NoneType"))
}

/// Gathers the members of a union; says whether it is one.
fn union(ev: &mut Ev<'_>, value: &Value, place: Place, members: &mut Vec<Value>, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    let parts: Vec<Value> = match (subscribed(value), value) {
        (Some(("Optional", term)), _) => {
            members.push(Value::None);
            term.arguments.positional.clone()
        }
        (Some(("Union", term)), _) => term.arguments.positional.clone(),
        (_, Value::Term(term)) if term.kind == TermKind::Operation && term.name.as_ref() == "|" => {
            term.arguments.positional.clone()
        }
        _ => return false,
    };
    for part in parts {
        let part = written(ev, &part, place);
        if !union(ev, &part, place, members, depth + 1) {
            members.push(part);
        }
    }
    true
}
