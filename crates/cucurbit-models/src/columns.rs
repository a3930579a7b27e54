//! From attributes to the columns of a table.

use crate::annotations::Annotation;
use crate::host::Ev;
use crate::python_types::{self, TypeMap};
use crate::scan::Attribute;
use cucurbit_python::eval::{Arguments, Place, TermKind, Value};
use cucurbit_sqlalchemy::{ColumnParts, canonical_name, column_parts};
use std::rc::Rc;

/// A column that an attribute stands for.
#[derive(Debug, Clone)]
pub(crate) struct MadeColumn {
    /// The attribute.
    pub(crate) key: Rc<str>,
    /// The column's name in the table; `None` when it cannot be told.
    pub(crate) name: Option<String>,
    /// The `Column(…)`, with its name and its type.
    pub(crate) term: Value,
    /// The term that was written, which indexes and constraints of the class body name.
    pub(crate) written: Option<u64>,
    /// `sort_order=`.
    pub(crate) sort_order: i64,
    pub(crate) place: Place,
}

/// Makes the column that an attribute stands for.
pub(crate) fn make(ev: &mut Ev<'_>, map: &TypeMap, attribute: &Attribute) -> MadeColumn {
    let place = attribute.column.as_ref().map_or(attribute.place, |c| c.place);
    let annotation = attribute.annotation.as_ref().map(|value| Annotation::read(ev, value, attribute.place));
    let written = attribute.column.as_ref().and_then(|c| c.serial);
    let mut parts = match &attribute.column {
        Some(parts) => parts.clone(),
        None => empty(place),
    };
    // Only `mapped_column()` and bare annotations read the annotation.
    if parts.is_mapped
        && let Some(annotation) = &annotation
    {
        for extra in &annotation.extras {
            if let Some(outer) = column_parts(ev, extra) {
                merge(&mut parts, outer);
            }
        }
        let has = |name: &str| parts.keywords.iter().any(|(k, _)| k.as_ref() == name);
        if !has("nullable") && !has("primary_key") {
            let nullable = match &annotation.python {
                Value::Unknown(why) => Value::Unknown(Rc::clone(why)),
                _ => Value::Bool(annotation.optional),
            };
            parts.keywords.push((Rc::from("nullable"), nullable));
        }
        if parts.data_type.is_none() && !has_foreign_key(&parts) {
            parts.data_type = Some(python_types::column_type(ev, map, annotation, place));
        }
    }
    let sort_order = parts.keywords.iter().find(|(k, _)| k.as_ref() == "sort_order");
    let sort_order = match sort_order {
        Some((_, Value::Int(order))) => *order,
        _ => 0,
    };
    finish(ev, Rc::clone(&attribute.key), parts, written, sort_order, place)
}

/// Makes the `Column(…)` of parts whose name is the attribute's where none is written.
pub(crate) fn finish(
    ev: &mut Ev<'_>,
    key: Rc<str>,
    parts: ColumnParts,
    written: Option<u64>,
    sort_order: i64,
    place: Place,
) -> MadeColumn {
    let name = parts.name.clone().unwrap_or_else(|| Value::Str(Rc::clone(&key)));
    let known = cucurbit_sqlalchemy::name_text(ev, Some(&name));
    let known = match known {
        cucurbit_sqlalchemy::NameText::Plain(text) | cucurbit_sqlalchemy::NameText::Final(text) => Some(text),
        _ => None,
    };
    let mut keywords: Vec<(Rc<str>, Value)> = Vec::with_capacity(parts.keywords.len() + 2);
    keywords.push((Rc::from("name"), name));
    if let Some(data_type) = parts.data_type {
        keywords.push((Rc::from("type_"), data_type));
    }
    keywords.extend(parts.keywords);
    let arguments = Arguments { positional: parts.items, keywords, open: parts.open };
    let term = ev.term(TermKind::Call, Value::External(Rc::from("sqlalchemy.Column")), "", arguments, place);
    MadeColumn { key, name: known, term, written, sort_order, place }
}

pub(crate) fn empty(place: Place) -> ColumnParts {
    ColumnParts {
        name: None,
        data_type: None,
        items: Vec::new(),
        keywords: Vec::new(),
        open: false,
        is_mapped: true,
        place,
        serial: None,
    }
}

/// What `Annotated[…, mapped_column(…)]` says holds where the attribute itself says nothing.
fn merge(parts: &mut ColumnParts, outer: ColumnParts) {
    parts.name = parts.name.take().or(outer.name);
    parts.data_type = parts.data_type.take().or(outer.data_type);
    parts.items.extend(outer.items);
    for (name, value) in outer.keywords {
        if !parts.keywords.iter().any(|(k, _)| *k == name) {
            parts.keywords.push((name, value));
        }
    }
    parts.open |= outer.open;
}

fn has_foreign_key(parts: &ColumnParts) -> bool {
    parts.items.iter().any(|item| match item {
        Value::Term(term) => term.external().and_then(canonical_name).as_deref() == Some("ForeignKey"),
        _ => false,
    })
}
