//! A type whose class is one of SQLAlchemy's own, with its arguments in their places.

use super::classes::Class;
use crate::terms::int_of;
use cucurbit_python::eval::{Arguments, Place, Value};

/// A type whose class is one of SQLAlchemy's own.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) class: &'static Class,
    /// Arguments by name, those by position too.
    pub(crate) given: Vec<(String, Value)>,
    /// Arguments by position of classes that take any number of them (`Enum`).
    pub(crate) labels: Vec<Value>,
    /// Some arguments cannot be told.
    pub(crate) open: bool,
    pub(crate) place: Option<Place>,
}

impl Known {
    /// Puts arguments in their places.
    pub(crate) fn new(class: &'static Class, arguments: &Arguments, place: Option<Place>) -> Self {
        let takes_any = matches!(class.visit, "enum" | "ENUM" | "SET");
        let mut known = Known { class, given: Vec::new(), labels: Vec::new(), open: arguments.open, place };
        if takes_any {
            known.labels.clone_from(&arguments.positional);
        } else {
            for (name, value) in class.signature.positional.iter().zip(&arguments.positional) {
                known.given.push(((*name).to_owned(), value.clone()));
            }
        }
        for (name, value) in &arguments.keywords {
            known.given.push((name.to_string(), value.clone()));
        }
        if known.class.visit == "interval" {
            known.open &= arguments.positional.is_empty() && arguments.keywords.is_empty();
        }
        known
    }

    /// Returns an argument that is given and not `None`.
    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.given.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v).filter(|v| !v.is_none())
    }

    /// Returns a number.
    pub(crate) fn int(&self, name: &str) -> Result<Option<i64>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => int_of(value).map(Some).ok_or_else(|| untold(name, value)),
        }
    }

    /// Returns a number as it is written; SQLAlchemy takes a string in its place as it is (`Numeric('18,6')`).
    pub(crate) fn digits(&self, name: &str) -> Result<Option<String>, String> {
        match self.value(name) {
            Some(Value::Str(text)) => Ok(Some(text.to_string())),
            _ => Ok(self.int(name)?.map(|number| number.to_string())),
        }
    }

    /// Returns a string.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Str(text)) if text.is_empty() => Ok(None),
            Some(Value::Str(text)) => Ok(Some(text.to_string())),
            Some(value) => Err(untold(name, value)),
        }
    }

    /// Returns a flag that is off unless given.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, String> {
        self.flag_or(name, false)
    }

    /// Returns a flag with its default.
    pub(crate) fn flag_or(&self, name: &str, default: bool) -> Result<bool, String> {
        match self.given.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v) {
            None => Ok(default),
            Some(Value::None) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::Int(int)) => Ok(*int != 0),
            Some(value) => Err(untold(name, value)),
        }
    }
}

fn untold(name: &str, value: &Value) -> String {
    match value {
        Value::Unknown(why) => format!("its `{name}` cannot be told: {}", why.reason),
        _ => format!("its `{name}` cannot be told"),
    }
}
