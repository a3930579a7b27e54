//! Values of the catalog.

use std::cmp::Ordering;
use std::rc::Rc;

/// A value in a row of the catalog.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `NULL`.
    Null,
    /// A truth.
    Bool(bool),
    /// A number, or the number of an object.
    Int(i64),
    /// A text or a name.
    Text(Rc<str>),
    /// An array with the number of its first element.
    List(Rc<[Value]>, i64),
    /// It cannot be told.
    Untold,
}

impl Value {
    pub(super) fn text(text: &str) -> Self {
        Value::Text(Rc::from(text))
    }

    /// Says whether two values are equal, as SQL does: nothing equals `NULL`.
    pub(super) fn equals(&self, other: &Value) -> Value {
        match (self, other) {
            (Value::Null, _) | (_, Value::Null) => Value::Null,
            (Value::Untold, _) | (_, Value::Untold) => Value::Untold,
            // A number of an object and its name are compared only where one could not be made out.
            (Value::Int(_), Value::Text(text)) | (Value::Text(text), Value::Int(_)) => {
                match text.parse::<i64>() {
                    Ok(number) => Value::Bool([self, other].iter().any(|v| **v == Value::Int(number))),
                    Err(_) => Value::Untold,
                }
            }
            (Value::Text(a), Value::Bool(b)) | (Value::Bool(b), Value::Text(a)) => match a.as_ref() {
                "t" | "true" => Value::Bool(*b),
                "f" | "false" => Value::Bool(!*b),
                _ => Value::Untold,
            },
            (Value::List(a, _), Value::List(b, _)) => {
                if a.len() != b.len() {
                    return Value::Bool(false);
                }
                let pairs = a.iter().zip(b.iter()).map(|(a, b)| a.equals(b));
                pairs.fold(Value::Bool(true), |all, one| all.and(&one))
            }
            (a, b) => Value::Bool(a == b),
        }
    }

    /// Compares two values; `None` where it cannot be told or one is `NULL`.
    pub(super) fn compare(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// The order of `ORDER BY`: `NULL` comes last.
    pub(super) fn sort_order(&self, other: &Value) -> Ordering {
        let rank = |value: &Value| matches!(value, Value::Null);
        rank(self).cmp(&rank(other)).then(self.compare(other).unwrap_or(Ordering::Equal))
    }

    /// The truth of three values: true, false, `NULL`, and one that cannot be told.
    pub(super) fn and(&self, other: &Value) -> Value {
        match (self, other) {
            (Value::Bool(false), _) | (_, Value::Bool(false)) => Value::Bool(false),
            (Value::Bool(true), Value::Bool(true)) => Value::Bool(true),
            (Value::Null, Value::Null | Value::Bool(true)) | (Value::Bool(true), Value::Null) => Value::Null,
            _ => Value::Untold,
        }
    }

    pub(super) fn or(&self, other: &Value) -> Value {
        self.not().and(&other.not()).not()
    }

    pub(super) fn not(&self) -> Value {
        match self {
            Value::Bool(truth) => Value::Bool(!truth),
            Value::Null => Value::Null,
            _ => Value::Untold,
        }
    }
}
