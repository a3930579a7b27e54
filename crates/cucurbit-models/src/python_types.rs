//! From Python types in annotations to types of SQLAlchemy.

use crate::annotations::Annotation;
use crate::host::Ev;
use crate::lineage::{Ancestor, Lineage, own};
use cucurbit_python::eval::{Arguments, Place, TermKind, Value};
use cucurbit_sqlalchemy::{Version, canonical_name};
use std::rc::Rc;

/// A `type_annotation_map`.
#[derive(Debug, Clone, Default)]
pub(crate) struct TypeMap {
    entries: Vec<(Value, Value)>,
    /// There is one and it cannot be told.
    unknown: bool,
}

impl TypeMap {
    /// Finds the map that holds for a class: that of the nearest base that has one.
    pub(crate) fn of(ev: &mut Ev<'_>, lineage: &Lineage) -> Self {
        for ancestor in &lineage.ancestors {
            let Ancestor::Class(class) = ancestor else { continue };
            let class = Rc::clone(class);
            if let Some((value, _)) = own(ev, &class, "type_annotation_map") {
                return TypeMap::from_value(&value);
            }
            if let Some((Value::Term(registry), _)) = own(ev, &class, "registry")
                && let Some(value) = registry.arguments.keyword("type_annotation_map")
            {
                return TypeMap::from_value(value);
            }
            let owners = class.bases.iter().chain(&class.decorators);
            for owner in owners {
                if let Some(value) = given(owner, 0) {
                    return TypeMap::from_value(&value);
                }
            }
        }
        TypeMap::default()
    }

    fn from_value(value: &Value) -> Self {
        match value {
            Value::Dict(items) => TypeMap { entries: items.borrow().clone(), unknown: false },
            _ => TypeMap { entries: Vec::new(), unknown: true },
        }
    }

    fn find(&self, ev: &Ev<'_>, python: &Value) -> Option<Value> {
        self.entries.iter().find(|(key, _)| same(ev, key, python)).map(|(_, value)| value.clone())
    }

    fn named(&self, name: &str) -> Option<&Value> {
        let is = |key: &Value| matches!(key, Value::External(n) if n.rsplit('.').next() == Some(name));
        self.entries.iter().find(|(key, _)| is(key)).map(|(_, value)| value)
    }
}

/// The map that is handed to what makes a base: `declarative_base(type_annotation_map=…)`, `registry(…)`.
fn given(owner: &Value, depth: usize) -> Option<Value> {
    let Value::Term(term) = owner else { return None };
    if depth > 4 {
        return None;
    }
    match term.arguments.keyword("type_annotation_map") {
        Some(value) => Some(value.clone()),
        None => given(&term.callee, depth + 1),
    }
}

fn same(ev: &Ev<'_>, a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::External(a), Value::External(b)) => a == b,
        (Value::Class(a), Value::Class(b)) => Rc::ptr_eq(a, b),
        (Value::Term(x), Value::Term(y)) => {
            let alike = |kind: TermKind| kind == TermKind::Call;
            Rc::ptr_eq(x, y) || (!alike(x.kind) && !alike(y.kind) && ev.describe(a) == ev.describe(b))
        }
        _ => false,
    }
}

/// SQLAlchemy's own map.
const STANDARD: &[(&str, &str)] = &[
    ("builtins.bool", "Boolean"),
    ("builtins.bytes", "LargeBinary"),
    ("builtins.float", "Float"),
    ("builtins.int", "Integer"),
    ("builtins.str", "String"),
    ("datetime.date", "Date"),
    ("datetime.datetime", "DateTime"),
    ("datetime.time", "Time"),
    ("datetime.timedelta", "Interval"),
    ("decimal.Decimal", "Numeric"),
    ("uuid.UUID", "Uuid"),
];

/// Returns the type of SQLAlchemy that an annotation means; an unknown value where that cannot be told.
pub(crate) fn column_type(ev: &mut Ev<'_>, map: &TypeMap, annotation: &Annotation, place: Place) -> Value {
    let found = match map.find(ev, &annotation.full) {
        Some(found) => found,
        None => of_python(ev, map, &annotation.python, place, 0),
    };
    without_schema(ev, found)
}

/// An enum that comes by an annotation is made anew, which from 2.1 on says that it has no schema.
fn without_schema(ev: &mut Ev<'_>, found: Value) -> Value {
    let Value::Term(term) = &found else { return found };
    let is_enum = term.kind == TermKind::Call
        && term.external().and_then(canonical_name).is_some_and(|name| name.ends_with("Enum"));
    let says = |name: &str| term.arguments.keyword(name).is_some();
    if !is_enum || ev.host.settings.version < Version::V2_1 || says("schema") || says("inherit_schema") {
        return found;
    }
    let mut arguments = term.arguments.clone();
    arguments.keywords.push((Rc::from("schema"), Value::None));
    ev.term(TermKind::Call, term.callee.clone(), "", arguments, term.place)
}

fn of_python(ev: &mut Ev<'_>, map: &TypeMap, python: &Value, place: Place, depth: usize) -> Value {
    if let Some(found) = map.find(ev, python) {
        return found;
    }
    if let Value::Unknown(_) = python {
        return python.clone();
    }
    if map.unknown {
        return Value::unknown("the type_annotation_map cannot be told", Some(place));
    }
    match python {
        Value::External(name) => {
            if let Some((_, class)) = STANDARD.iter().find(|(n, _)| *n == name.as_ref()) {
                return Value::External(Rc::from(format!("sqlalchemy.{class}")));
            }
        }
        Value::Class(class) if ev.enum_members(class).is_some() => {
            let template = map.named("Enum").cloned();
            return enum_type(ev, vec![python.clone()], template.as_ref(), false, place);
        }
        Value::Term(term) if term.kind == TermKind::Subscript => {
            let name = term.external().unwrap_or_default().to_owned();
            if name.ends_with(".Literal") {
                let template = map.named("Literal").or_else(|| map.named("Enum")).cloned();
                let labels = term.arguments.positional.clone();
                return enum_type(ev, labels, template.as_ref(), true, place);
            }
            // `dict[str, Any]` where the map knows `dict`.
            if let Some(found) = map.find(ev, &term.callee) {
                return found;
            }
        }
        Value::Term(term) if term.kind == TermKind::Call && depth < 6 => {
            let name = term.external().unwrap_or_default();
            let is_other_name = name.ends_with(".NewType") || name.ends_with(".TypeAliasType");
            if is_other_name && let Some(inner) = term.arguments.positional.get(1).cloned() {
                let annotation = Annotation::read(ev, &inner, place);
                if let Some(found) = map.find(ev, &annotation.full) {
                    return found;
                }
                return of_python(ev, map, &annotation.python, place, depth + 1);
            }
        }
        _ => {}
    }
    let shown = ev.describe(python);
    Value::unknown(&format!("the Python type `{shown}` means no type that can be told"), Some(place))
}

/// `Enum(…)` with the keywords of the entry in the map.
fn enum_type(
    ev: &mut Ev<'_>,
    positional: Vec<Value>,
    template: Option<&Value>,
    is_literal: bool,
    place: Place,
) -> Value {
    let mut callee = Value::External(Rc::from("sqlalchemy.Enum"));
    let mut keywords = Vec::new();
    if let Some(Value::Term(template)) = template {
        callee = template.callee.clone();
        keywords.clone_from(&template.arguments.keywords);
    } else if let Some(Value::External(_)) = template {
        callee = template.cloned().unwrap_or(callee);
    }
    if is_literal && !keywords.iter().any(|(k, _)| k.as_ref() == "native_enum") {
        keywords.push((Rc::from("native_enum"), Value::Bool(false)));
    }
    ev.term(TermKind::Call, callee, "", Arguments { positional, keywords, open: false }, place)
}
