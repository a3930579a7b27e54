//! The attributes of a class that make columns, in the order in which SQLAlchemy takes them.

use crate::annotations;
use crate::host::Ev;
use crate::lineage::{Ancestor, Lineage};
use cucurbit_python::eval::{Arguments, Class, Function, Place, Term, TermKind, Value};
use cucurbit_sqlalchemy::{ColumnParts, Version, canonical_name, column_parts};
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// An attribute that makes a column.
#[derive(Debug, Clone)]
pub(crate) struct Attribute {
    pub(crate) key: Rc<str>,
    /// The column as written; `None` when only an annotation says so.
    pub(crate) column: Option<ColumnParts>,
    /// `T` of `Mapped[T]`.
    pub(crate) annotation: Option<Value>,
    pub(crate) place: Place,
}

/// A name of a class body.
pub(crate) struct Bound {
    pub(crate) name: Rc<str>,
    pub(crate) value: Option<Value>,
    pub(crate) annotation: Option<Value>,
    pub(crate) place: Place,
}

/// Returns what a class body binds and annotates, in the order of its text.
pub(crate) fn body(ev: &mut Ev<'_>, class: &Rc<Class>) -> Vec<Bound> {
    let mut names: Vec<Bound> = Vec::new();
    for (name, value, place) in class.annotations.borrow().iter() {
        names.retain(|b| b.name != *name);
        names.push(Bound {
            name: Rc::clone(name),
            value: None,
            annotation: Some(value.clone()),
            place: *place,
        });
    }
    let values: Vec<_> = class.namespace.borrow().iter().map(|(n, _, p)| (Rc::clone(n), *p)).collect();
    for (name, place) in values {
        let value = ev.class_attribute(class, &name);
        match names.iter_mut().find(|b| b.name == name) {
            Some(bound) => bound.value = value,
            None => names.push(Bound { name, value, annotation: None, place }),
        }
    }
    // What was added from outside of the body comes last.
    names.sort_by_key(|b| (b.place.file != class.place.file, b.place.span.start));
    names
}

/// Says whether a function of a class body is evaluated with each class: `@declared_attr`.
pub(crate) fn is_declared(value: &Value) -> bool {
    match value {
        Value::Function(function) => {
            ["declared_attr", "directive", "cascading"].iter().any(|name| function.has_decorator(name))
        }
        Value::Term(term) => {
            term.external().and_then(canonical_name).is_some_and(|n| n.starts_with("declared_attr"))
        }
        _ => false,
    }
}

/// Evaluates what stands under `declared_attr` with a class; other values are themselves.
pub(crate) fn declared(ev: &mut Ev<'_>, class: &Rc<Class>, value: &Value) -> Value {
    let function: Rc<Function> = match value {
        Value::Function(function) => Rc::clone(function),
        Value::Term(term) if is_declared(value) => match term.arguments.positional.first() {
            Some(Value::Function(function)) => Rc::clone(function),
            Some(other) => return other.clone(),
            None => return value.clone(),
        },
        other => return other.clone(),
    };
    let result = if function.has_decorator("staticmethod") {
        ev.call(&Value::Function(Rc::clone(&function)), Arguments::default(), function.place)
    } else {
        ev.call_on_class(&function, class)
    };
    result.unwrap_or_else(|raised| {
        let what = raised.message.as_deref().unwrap_or("an exception");
        Value::unknown(&format!("`{}` raises {what}", function.name), Some(function.place))
    })
}

/// The attributes of a class that make columns.
pub(crate) struct Attributes {
    pub(crate) found: Vec<Attribute>,
    /// Nothing was met that may be one more.
    pub(crate) is_whole: bool,
}

/// Gathers the attributes of a class that make columns.
pub(crate) fn attributes(ev: &mut Ev<'_>, class: &Rc<Class>, lineage: &Lineage) -> Attributes {
    let seen = FxHashSet::default();
    let mut scan = Scan { class: Rc::clone(class), seen, found: Vec::new(), is_whole: !class.open };
    for (at, ancestor) in lineage.ancestors.iter().enumerate() {
        match ancestor {
            Ancestor::Class(of) => scan.class(ev, &Rc::clone(of), at == 0),
            Ancestor::Known(mixin) => {
                for fact in mixin.columns {
                    if scan.seen.insert(Rc::from(fact.name)) {
                        let column = fact.column(ev, class.place);
                        scan.column(ev, Rc::from(fact.name), &column, None, class.place);
                    }
                }
            }
            Ancestor::Outside(_) => {}
        }
    }
    let Scan { mut found, is_whole, .. } = scan;
    if ev.host.settings.version < Version::V2_0 {
        // Columns stand in the order in which they were made, those of mixins first.
        found.sort_by_key(|a| a.column.as_ref().and_then(|c| c.serial).unwrap_or(0));
    }
    Attributes { found, is_whole }
}

struct Scan {
    class: Rc<Class>,
    /// Names that a class further down binds: the first one wins.
    seen: FxHashSet<Rc<str>>,
    found: Vec<Attribute>,
    is_whole: bool,
}

impl Scan {
    fn class(&mut self, ev: &mut Ev<'_>, of: &Rc<Class>, is_own: bool) {
        let body = body(ev, of);
        if !is_own && ev.host.mapped(of).is_some() {
            self.seen.extend(body.into_iter().map(|b| b.name));
            return;
        }
        let mut later = Vec::new();
        for bound in &body {
            if bound.name.starts_with("__") || self.seen.contains(&bound.name) {
                continue;
            }
            // Columns of mixins are copied before what is computed for the class.
            if !is_own && bound.value.as_ref().is_some_and(is_declared) {
                later.push(bound);
            } else {
                self.bound(ev, bound);
            }
        }
        for bound in later {
            self.bound(ev, bound);
        }
        self.seen.extend(body.into_iter().map(|b| b.name));
    }

    fn bound(&mut self, ev: &mut Ev<'_>, bound: &Bound) {
        let key = Rc::clone(&bound.name);
        let mut annotation = match &bound.annotation {
            Some(value) => annotations::mapped(ev, value, bound.place),
            None => None,
        };
        let Some(value) = &bound.value else {
            if annotation.is_some() {
                self.found.push(Attribute { key, column: None, annotation, place: bound.place });
            } else if let Some(Value::Unknown(why)) = &bound.annotation {
                let reason = why.reason.to_string();
                self.is_whole = false;
                ev.host.problem(None, bound.place, &format!("the annotation of `{key}`"), &reason);
            }
            return;
        };
        let value = if is_declared(value) {
            if let Value::Function(function) = value
                && let Some(returns) = ev.return_annotation(function)
            {
                annotation = annotations::mapped(ev, &returns, bound.place);
            }
            declared(ev, &Rc::clone(&self.class), value)
        } else {
            value.clone()
        };
        // From 2.0 on a column is annotated with `Mapped`, or not at all.
        let is_other = annotation.is_none()
            && bound.annotation.as_ref().is_some_and(|a| !matches!(a, Value::Unknown(_) | Value::Str(_)));
        let is_unknown = matches!(value, Value::Unknown(_));
        if is_other && is_unknown && ev.host.settings.version >= Version::V2_0 {
            return;
        }
        self.column(ev, key, &value, annotation, bound.place);
    }

    fn column(
        &mut self,
        ev: &mut Ev<'_>,
        key: Rc<str>,
        value: &Value,
        annotation: Option<Value>,
        place: Place,
    ) {
        if let Some(column) = column_parts(ev, value) {
            self.found.push(Attribute { key, column: Some(column), annotation, place });
            return;
        }
        match value {
            Value::Unknown(why) if is_plain(&why.reason) => {}
            Value::Unknown(why) => {
                let reason = why.reason.to_string();
                self.is_whole = false;
                ev.host.problem(None, place, &format!("`{key}`, which may be a column"), &reason);
            }
            Value::Term(term) => self.term(ev, &key, term, annotation, place),
            _ => {}
        }
    }

    fn term(
        &mut self,
        ev: &mut Ev<'_>,
        key: &Rc<str>,
        term: &Rc<Term>,
        annotation: Option<Value>,
        place: Place,
    ) {
        let name = term.external().unwrap_or_default().to_owned();
        if term.kind != TermKind::Call || name.is_empty() {
            return;
        }
        let last = name.rsplit('.').next().unwrap_or(&name);
        match last {
            "composite" => self.composite(ev, key, term, annotation, place),
            // A dataclass field that carries its column.
            "field" => {
                let Some(Value::Dict(metadata)) = term.arguments.keyword("metadata") else { return };
                let found = metadata.borrow().iter().map(|(_, v)| v.clone()).collect::<Vec<_>>();
                for value in found {
                    let value = match &value {
                        Value::Function(_) => declared(ev, &Rc::clone(&self.class), &value),
                        _ => value,
                    };
                    if let Some(column) = column_parts(ev, &value) {
                        let key = Rc::clone(key);
                        self.found.push(Attribute { key, column: Some(column), annotation, place });
                        return;
                    }
                }
            }
            _ if last.to_lowercase().ends_with("column") => {
                self.is_whole = false;
                let what = format!("`{key}`, which may be a column");
                ev.host.problem(None, place, &what, &format!("`{name}` is not in the project"));
            }
            _ => {}
        }
    }

    /// A composite holds columns of its own; those without a type take it from the fields of its class.
    fn composite(
        &mut self,
        ev: &mut Ev<'_>,
        key: &Rc<str>,
        term: &Rc<Term>,
        annotation: Option<Value>,
        place: Place,
    ) {
        let parts = term.arguments.positional.iter().filter(|v| !matches!(v, Value::Class(_)));
        let class = match (term.arguments.positional.first(), &annotation) {
            (Some(Value::Class(class)), _) | (_, Some(Value::Class(class))) => Some(Rc::clone(class)),
            _ => None,
        };
        let fields: Vec<Value> = match &class {
            Some(class) => class.annotations.borrow().iter().map(|(_, v, _)| v.clone()).collect(),
            None => Vec::new(),
        };
        for (at, part) in parts.cloned().collect::<Vec<_>>().iter().enumerate() {
            if let Some(column) = column_parts(ev, part) {
                let key = Rc::from(format!("{key}_{at}"));
                let annotation = fields.get(at).cloned();
                self.found.push(Attribute { key, column: Some(column), annotation, place });
            }
        }
    }
}

/// Whether something that cannot be told is surely no column, by why it cannot be told.
fn is_plain(reason: &str) -> bool {
    ["a comprehension", "a list", "a set", "a tuple", "the part `"]
        .iter()
        .any(|text| reason.starts_with(text))
}
