//! Taking terms apart.

use crate::names::canonical_name;
use crate::settings::Environment;
use cucurbit_python::eval::{Arguments, Evaluator, FileId, Instance, Place, Term, TermKind, Value};
use cucurbit_text::Span;
use std::rc::Rc;

/// The attribute under which an instance keeps what its `__init__` handed to the class outside.
pub(crate) const HANDED_UP: &str = "\u{0}handed up";

/// A call of one of SQLAlchemy's objects.
#[derive(Debug, Clone)]
pub(crate) struct Called {
    /// The one name of what is called.
    pub(crate) name: Rc<str>,
    pub(crate) arguments: Arguments,
    pub(crate) place: Place,
    /// The number of the term; `None` for an instance of a class of the project.
    pub(crate) serial: Option<u64>,
}

/// Where something stands whose place is not known; never shown.
pub(crate) const NOWHERE: Place = Place { file: FileId(0), span: Span { start: 0, end: 0 } };

/// Returns where a value was made.
pub(crate) fn place_of(value: &Value) -> Option<Place> {
    match value {
        Value::Term(term) => Some(term.place),
        Value::Instance(instance) => Some(instance.place),
        Value::Class(class) => Some(class.place),
        Value::Function(function) | Value::Method(function, _) => Some(function.place),
        Value::Unknown(why) => why.place,
        _ => None,
    }
}

/// Returns the one name of an external value.
pub(crate) fn external(value: &Value) -> Option<Rc<str>> {
    match value {
        Value::External(name) => canonical_name(name).map(|n| Rc::from(n.as_ref())),
        _ => None,
    }
}

/// Returns the call that a value is, of SQLAlchemy's objects only: a term, or an instance of a class of the
/// project that inherits from one.
pub(crate) fn called<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<Called> {
    match value {
        Value::Term(term) if term.kind == TermKind::Call => {
            let name = external(&term.callee)?;
            let arguments = ev.host.registry().as_said(term.serial, &term.arguments);
            Some(Called { name, arguments, place: term.place, serial: Some(term.serial) })
        }
        Value::Instance(instance) => {
            let name = outside_base(ev, instance)?;
            let arguments = arguments_of(instance);
            Some(Called { name, arguments, place: instance.place, serial: None })
        }
        _ => None,
    }
}

/// Returns the arguments that the class outside gets when an instance of a class of the project is made.
pub(crate) fn arguments_of(instance: &Instance) -> Arguments {
    let Some(Value::Tuple(parts)) = instance.attribute(HANDED_UP) else { return instance.arguments.clone() };
    let [positional, keywords, open] = parts.as_ref() else { return instance.arguments.clone() };
    let keywords = match keywords {
        Value::Dict(items) => {
            items.borrow().iter().filter_map(|(k, v)| k.as_str().map(|k| (Rc::from(k), v.clone()))).collect()
        }
        _ => Vec::new(),
    };
    Arguments {
        positional: positional.sequence().unwrap_or_default(),
        keywords,
        open: matches!(open, Value::Bool(true)),
    }
}

/// Keeps what `super().__init__(…)` hands to the class outside.
pub(crate) fn hand_up(instance: &Instance, arguments: &Arguments) {
    let keywords: Vec<(Value, Value)> =
        arguments.keywords.iter().map(|(k, v)| (Value::Str(Rc::clone(k)), v.clone())).collect();
    let parts = [
        Value::list(arguments.positional.clone()),
        Value::Dict(Rc::new(std::cell::RefCell::new(keywords))),
        Value::Bool(arguments.open),
    ];
    instance.set(HANDED_UP, Value::Tuple(Rc::from(parts)));
}

fn outside_base<H: Environment>(ev: &mut Evaluator<'_, H>, instance: &Rc<Instance>) -> Option<Rc<str>> {
    let class = Rc::clone(&instance.class);
    ev.mro(&class).iter().find_map(external)
}

/// Returns receiver, method name and term of a call of a method on something outside.
pub(crate) fn method(value: &Value) -> Option<(&Value, &str, &Rc<Term>)> {
    let Value::Term(term) = value else { return None };
    if term.kind != TermKind::Call {
        return None;
    }
    let Value::Term(attribute) = &term.callee else { return None };
    (attribute.kind == TermKind::Attribute).then(|| (&attribute.callee, attribute.name.as_ref(), term))
}

/// Returns the owner and the name of an attribute of a term.
pub(crate) fn attribute_term(value: &Value) -> Option<(&Value, &str)> {
    let Value::Term(term) = value else { return None };
    (term.kind == TermKind::Attribute).then(|| (&term.callee, term.name.as_ref()))
}

/// Returns the items of a list or tuple that is known.
pub(crate) fn items<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<Vec<Value>> {
    value.sequence().or_else(|| ev.items(value))
}

/// Returns a string, also when an enum member that is a string stands for it, or SQLAlchemy's `quoted_name`.
pub(crate) fn text_of<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<String> {
    match value {
        Value::Str(text) => Some(text.to_string()),
        Value::Instance(instance) => match instance.attribute("value") {
            Some(Value::Str(text)) => Some(text.to_string()),
            _ => None,
        },
        Value::Term(_) => {
            let call = called(ev, value)?;
            match call.name.as_ref() {
                "quoted_name" | "quoted_name.construct" | "conv" => {
                    text_of(ev, call.arguments.positional.first()?)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Returns a whole number.
pub(crate) fn int_of(value: &Value) -> Option<i64> {
    match value {
        Value::Int(int) => Some(*int),
        Value::Bool(b) => Some(i64::from(*b)),
        Value::Float(f) if f.fract() == 0.0 && f.abs() < 1e15 => Some(*f as i64),
        Value::Instance(instance) => match instance.attribute("value") {
            Some(Value::Int(int)) => Some(int),
            _ => None,
        },
        _ => None,
    }
}
