//! Truth, equality, items, operators, subscription.

use super::Evaluated;
use super::expressions::{MAX_ITEMS, MAX_TEXT};
use super::host::{Arguments, FileId, Host, Place};
use super::run::Evaluator;
use super::value::{Key, TermKind, Value};
use ruff_python_ast as ast;
use std::cell::RefCell;
use std::rc::Rc;

impl<H: Host> Evaluator<'_, H> {
    /// Returns whether a value is true; `None` when it cannot be told.
    pub fn truth(&mut self, value: &Value) -> Option<bool> {
        Some(match value {
            Value::None => false,
            Value::Bool(value) => *value,
            Value::Int(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::Str(text) => !text.is_empty(),
            Value::Bytes(bytes) => !bytes.is_empty(),
            Value::Tuple(items) => !items.is_empty(),
            Value::List(items) | Value::Set(items) => !items.borrow().is_empty(),
            Value::Dict(items) => !items.borrow().is_empty(),
            Value::Ellipsis
            | Value::Function(_)
            | Value::Method(..)
            | Value::Class(_)
            | Value::Module(_)
            | Value::Native(_)
            | Value::Generator(..)
            | Value::Super(..) => true,
            Value::External(name) if name.as_ref() == "typing.TYPE_CHECKING" => false,
            Value::Instance(instance) => {
                let class = Rc::clone(&instance.class);
                if self.enum_members(&class).is_some() {
                    return Some(true);
                }
                if self.class_attribute(&class, "__bool__").is_some()
                    || self.class_attribute(&class, "__len__").is_some()
                {
                    return None;
                }
                return H::truth(self, value).or(Some(true));
            }
            Value::External(_) | Value::Term(_) | Value::Host(_) => return H::truth(self, value),
            Value::Import(_) => {
                let settled = self.settle(value.clone());
                return self.truth(&settled);
            }
            Value::Unknown(_) => return None,
        })
    }

    /// Returns all the items that iterating gives; `None` when they cannot be told.
    pub fn items(&mut self, value: &Value) -> Option<Vec<Value>> {
        match value {
            Value::Tuple(items) => Some(items.to_vec()),
            Value::List(items) | Value::Set(items) => Some(items.borrow().clone()),
            Value::Dict(items) => Some(items.borrow().iter().map(|(k, _)| k.clone()).collect()),
            Value::Str(text) => Some(text.chars().map(|c| Value::str(&c.to_string())).collect()),
            Value::Bytes(bytes) => Some(bytes.iter().map(|b| Value::Int(i64::from(*b))).collect()),
            Value::Class(class) => self.enum_members(class),
            Value::Generator(function, arguments) => self.exhaust(function, arguments),
            Value::External(_) | Value::Term(_) | Value::Host(_) => H::items(self, value),
            _ => None,
        }
    }

    /// Compares by `==`; `None` when it cannot be told.
    pub fn equal(&mut self, a: &Value, b: &Value) -> Option<bool> {
        self.equal_at(a, b, 0)
    }

    fn equal_at(&mut self, a: &Value, b: &Value, depth: usize) -> Option<bool> {
        if depth > 20 {
            return None;
        }
        match (a, b) {
            (Value::Unknown(_), _) | (_, Value::Unknown(_)) => None,
            (Value::Tuple(_), Value::Tuple(_)) | (Value::List(_), Value::List(_)) => {
                let (a, b) = (a.sequence()?, b.sequence()?);
                if a.len() != b.len() {
                    return Some(false);
                }
                let mut all = Some(true);
                for (a, b) in a.iter().zip(&b) {
                    match self.equal_at(a, b, depth + 1) {
                        Some(true) => {}
                        Some(false) => return Some(false),
                        None => all = None,
                    }
                }
                all
            }
            (Value::Set(x), Value::Set(y)) => {
                let (x, y) = (x.borrow().clone(), y.borrow().clone());
                let mut keys_x: Vec<Key> = x.iter().map(key).collect::<Option<_>>()?;
                let mut keys_y: Vec<Key> = y.iter().map(key).collect::<Option<_>>()?;
                keys_x.sort();
                keys_y.sort();
                Some(keys_x == keys_y)
            }
            (Value::Dict(x), Value::Dict(y)) => {
                let (x, y) = (x.borrow().clone(), y.borrow().clone());
                if x.len() != y.len() {
                    return Some(false);
                }
                for (name, value) in &x {
                    let name = key(name)?;
                    let mut other = None;
                    for (k, v) in &y {
                        if key(k)? == name {
                            other = Some(v.clone());
                        }
                    }
                    match other {
                        None => return Some(false),
                        Some(other) => {
                            if !self.equal_at(value, &other, depth + 1)? {
                                return Some(false);
                            }
                        }
                    }
                }
                Some(true)
            }
            (Value::Float(x), Value::Float(y)) => Some(x == y),
            (Value::Float(x), Value::Int(y)) | (Value::Int(y), Value::Float(x)) => Some(*x == *y as f64),
            // A member of an enum that is a string or a number too equals its value.
            (Value::Instance(x), other) | (other, Value::Instance(x))
                if !matches!(other, Value::Instance(_)) =>
            {
                let class = Rc::clone(&x.class);
                if self.enum_members(&class).is_some() {
                    let mixed = self.inherits(&class, |n| {
                        matches!(n, "builtins.str" | "builtins.int")
                            || n.ends_with("StrEnum")
                            || n.ends_with("IntEnum")
                    });
                    return if mixed {
                        let value = x.attribute("value")?;
                        self.equal_at(&value, other, depth + 1)
                    } else {
                        Some(false)
                    };
                }
                H::operate(self, a, "==", b).and_then(|v| v.as_bool())
            }
            (Value::External(x), Value::External(y)) => {
                if x == y {
                    Some(true)
                } else {
                    H::operate(self, a, "==", b).and_then(|v| v.as_bool())
                }
            }
            (Value::Host(_) | Value::Term(_) | Value::External(_), _)
            | (_, Value::Host(_) | Value::Term(_) | Value::External(_)) => {
                H::operate(self, a, "==", b).and_then(|v| v.as_bool())
            }
            _ => match (key(a), key(b)) {
                (Some(a), Some(b)) => Some(a == b),
                // `"x" in inspector.get_columns("t")`: a text is no dictionary.
                _ => (kind_of(a)? != kind_of(b)?).then_some(false),
            },
        }
    }

    pub(super) fn compare(&mut self, left: &Value, op: &str, right: &Value, place: Place) -> Value {
        let known = match op {
            "==" | "!=" => {
                // Columns compared give an expression, not a truth.
                if is_outside(left) || is_outside(right) {
                    if let Some(value) = H::operate(self, left, op, right) {
                        return value;
                    }
                    if !matches!(left, Value::Unknown(_)) && !matches!(right, Value::Unknown(_)) {
                        return self.operation(op, vec![left.clone(), right.clone()], place);
                    }
                }
                self.equal(left, right).map(|equal| equal == (op == "=="))
            }
            "is" | "is not" => self.identical(left, right).map(|same| same == (op == "is")),
            "in" | "not in" => self.contains(left, right).map(|found| found == (op == "in")),
            _ => match (left, right) {
                (Value::Unknown(_), _) | (_, Value::Unknown(_)) => None,
                _ if is_outside(left) || is_outside(right) => {
                    return match H::operate(self, left, op, right) {
                        Some(value) => value,
                        None => self.operation(op, vec![left.clone(), right.clone()], place),
                    };
                }
                _ => order(left, right).map(|ordering| match op {
                    "<" => ordering.is_lt(),
                    "<=" => ordering.is_le(),
                    ">" => ordering.is_gt(),
                    _ => ordering.is_ge(),
                }),
            },
        };
        match known {
            Some(known) => Value::Bool(known),
            None => {
                let unknown = [left, right]
                    .into_iter()
                    .find_map(|v| if let Value::Unknown(u) = v { Some(Rc::clone(u)) } else { None });
                match unknown {
                    Some(unknown) => Value::Unknown(unknown),
                    None => {
                        let text =
                            format!("`{} {op} {}` cannot be told", self.describe(left), self.describe(right));
                        Value::unknown(&text, Some(place))
                    }
                }
            }
        }
    }

    fn identical(&mut self, left: &Value, right: &Value) -> Option<bool> {
        match (left, right) {
            (Value::Unknown(_), _) | (_, Value::Unknown(_)) => None,
            (Value::None, Value::None) => Some(true),
            (Value::None, other) | (other, Value::None) => match other {
                Value::Host(_) => H::operate(self, left, "is", right).and_then(|v| v.as_bool()),
                Value::Term(_) => H::operate(self, left, "is", right).and_then(|v| v.as_bool()),
                _ => Some(false),
            },
            (Value::List(a), Value::List(b)) => Some(Rc::ptr_eq(a, b)),
            (Value::Dict(a), Value::Dict(b)) => Some(Rc::ptr_eq(a, b)),
            (Value::External(a), Value::External(b)) => Some(a == b),
            _ => match (key(left), key(right)) {
                (Some(a), Some(b)) => Some(a == b),
                _ => None,
            },
        }
    }

    fn contains(&mut self, item: &Value, container: &Value) -> Option<bool> {
        match (item, container) {
            (Value::Str(part), Value::Str(text)) => return Some(text.contains(part.as_ref())),
            (_, Value::Host(_) | Value::Term(_) | Value::External(_)) => {
                if let Some(value) = H::operate(self, item, "in", container) {
                    return self.truth(&value);
                }
            }
            (_, Value::Unknown(_)) => return None,
            _ => {}
        }
        let items = self.items(container)?;
        let mut all = Some(false);
        for candidate in &items {
            match self.equal(item, candidate) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => all = None,
            }
        }
        all
    }

    pub(super) fn unary(&mut self, op: ast::UnaryOp, value: &Value, place: Place) -> Value {
        match (op, value) {
            (ast::UnaryOp::Not, value) => match self.truth(value) {
                Some(truth) => Value::Bool(!truth),
                None => match value {
                    Value::Unknown(unknown) => Value::Unknown(Rc::clone(unknown)),
                    other => {
                        Value::unknown(&format!("`not {}` cannot be told", self.describe(other)), Some(place))
                    }
                },
            },
            (ast::UnaryOp::USub, Value::Int(int)) => int
                .checked_neg()
                .map_or_else(|| Value::unknown("a number beyond 64 bits", Some(place)), Value::Int),
            (ast::UnaryOp::USub, Value::Float(float)) => Value::Float(-float),
            (ast::UnaryOp::UAdd, Value::Int(_) | Value::Float(_)) => value.clone(),
            (_, Value::Term(_) | Value::External(_)) => {
                let name = op.as_str().to_owned();
                self.operation(&name, vec![value.clone()], place)
            }
            _ => Value::unknown("an operation that is not followed", Some(place)),
        }
    }

    pub(super) fn binary(&mut self, left: &Value, op: &str, right: &Value, place: Place) -> Value {
        let text_of = |e: &mut Self, v: &Value| match v {
            Value::Str(text) => Some(text.to_string()),
            Value::Unknown(u) => u.note.as_ref().map(|_| e.visible_text(v)),
            _ => None,
        };
        match (left, op, right) {
            (Value::Str(a), "+", Value::Str(b)) if a.len() + b.len() <= MAX_TEXT => {
                Value::Str(Rc::from(format!("{a}{b}")))
            }
            (Value::Str(format), "%", _) if !matches!(right, Value::Unknown(_)) => {
                self.percent(format, right, place)
            }
            (Value::Str(text), "*", Value::Int(n)) | (Value::Int(n), "*", Value::Str(text)) => {
                let n = usize::try_from(*n).unwrap_or(0);
                if text.len().saturating_mul(n) <= MAX_TEXT {
                    Value::Str(Rc::from(text.repeat(n)))
                } else {
                    Value::unknown("a string that became too long", Some(place))
                }
            }
            (Value::List(a), "+", Value::List(b)) => {
                let mut items = a.borrow().clone();
                items.extend(b.borrow().iter().cloned());
                Value::list(items)
            }
            (Value::Tuple(a), "+", Value::Tuple(b)) => {
                Value::Tuple(a.iter().chain(b.iter()).cloned().collect())
            }
            (Value::List(items), "*", Value::Int(n)) => {
                let items = items.borrow().clone();
                let n = usize::try_from(*n).unwrap_or(0);
                if items.len().saturating_mul(n) > MAX_ITEMS {
                    return Value::unknown("a list that became too long", Some(place));
                }
                Value::list(std::iter::repeat_n(items, n).flatten().collect())
            }
            (Value::Int(a), op, Value::Int(b)) => int_operation(*a, op, *b)
                .unwrap_or_else(|| Value::unknown("a number that cannot be told", Some(place))),
            (Value::Float(_) | Value::Int(_), op, Value::Float(_) | Value::Int(_)) => {
                let number = |v: &Value| match v {
                    Value::Int(i) => *i as f64,
                    Value::Float(f) => *f,
                    _ => f64::NAN,
                };
                let (a, b) = (number(left), number(right));
                match op {
                    "+" => Value::Float(a + b),
                    "-" => Value::Float(a - b),
                    "*" => Value::Float(a * b),
                    "/" if b != 0.0 => Value::Float(a / b),
                    _ => Value::unknown("a number that cannot be told", Some(place)),
                }
            }
            (Value::Set(a), "|" | "&" | "-" | "^", Value::Set(b)) => {
                let (a, b) = (a.borrow().clone(), b.borrow().clone());
                let in_both =
                    |e: &mut Self, v: &Value, of: &[Value]| of.iter().any(|o| e.equal(v, o) == Some(true));
                let mut out: Vec<Value> = Vec::new();
                for value in &a {
                    if matches!((op, in_both(self, value, &b)), ("|", _) | ("&", true) | ("-" | "^", false)) {
                        out.push(value.clone());
                    }
                }
                if matches!(op, "|" | "^") {
                    for value in &b {
                        if !in_both(self, value, &a) {
                            out.push(value.clone());
                        }
                    }
                }
                self.set_of(out)
            }
            (Value::Dict(a), "|", Value::Dict(b)) => {
                let dict = Rc::new(RefCell::new(a.borrow().clone()));
                let items = b.borrow().clone();
                for (key, value) in items {
                    self.dict_set(&dict, key, value);
                }
                Value::Dict(dict)
            }
            (Value::Unknown(unknown), "+", other) | (other, "+", Value::Unknown(unknown)) => {
                let (a, b) = (text_of(self, left), text_of(self, right));
                match (a, b, other) {
                    (Some(a), Some(b), _) => {
                        self.partial_text(&format!("{a}{b}"), &unknown.reason.clone(), place)
                    }
                    (_, _, Value::Str(text)) => {
                        let text = if matches!(left, Value::Unknown(_)) {
                            format!("\u{fffd}{text}")
                        } else {
                            format!("{text}\u{fffd}")
                        };
                        self.partial_text(&text, &unknown.reason.clone(), place)
                    }
                    _ => Value::Unknown(Rc::clone(unknown)),
                }
            }
            (Value::Str(format), "%", Value::Unknown(unknown)) => {
                self.partial_text(format, &unknown.reason.clone(), place)
            }
            (Value::Unknown(unknown), _, _) | (_, _, Value::Unknown(unknown)) => {
                Value::Unknown(Rc::clone(unknown))
            }
            // `Status | None`: a union of types.
            (Value::Class(_), "|", _) | (_, "|", Value::Class(_)) => {
                self.operation(op, vec![left.clone(), right.clone()], place)
            }
            _ if is_outside(left) || is_outside(right) => match H::operate(self, left, op, right) {
                Some(value) => value,
                None => self.operation(op, vec![left.clone(), right.clone()], place),
            },
            _ => Value::unknown("an operation that is not followed", Some(place)),
        }
    }

    fn visible_text(&mut self, value: &Value) -> String {
        match value {
            Value::Str(text) => text.to_string(),
            Value::Unknown(unknown) => {
                unknown.note.as_ref().map_or_else(|| "\u{fffd}".to_owned(), ToString::to_string)
            }
            _ => "\u{fffd}".to_owned(),
        }
    }

    pub(super) fn augmented(
        &mut self,
        left: &Value,
        op: ast::Operator,
        right: &Value,
        place: Place,
    ) -> Value {
        if let (Value::List(list), ast::Operator::Add) = (left, op)
            && let Some(items) = self.items(right)
        {
            self.touch_list(list);
            list.borrow_mut().extend(items);
            return left.clone();
        }
        self.binary(left, op.as_str(), right, place)
    }

    pub(super) fn item(&mut self, of: &Value, key_value: &Value, place: Place) -> Evaluated<Value> {
        let raise = |e: &mut Self, class: &str, text: String| {
            let mut exception = e.raised(Value::External(Rc::from(format!("builtins.{class}"))), place);
            exception.message = Some(Rc::from(text));
            Err(exception)
        };
        match (of, key_value) {
            (Value::Unknown(unknown), _)
            | (Value::List(_) | Value::Tuple(_) | Value::Str(_), Value::Unknown(unknown)) => {
                Ok(Value::Unknown(Rc::clone(unknown)))
            }
            (Value::List(_) | Value::Tuple(_), Value::Int(at)) => {
                let items = of.sequence().unwrap_or_default();
                match position(*at, items.len()).and_then(|at| items.get(at)) {
                    Some(item) => Ok(item.clone()),
                    None => raise(self, "IndexError", "index out of range".to_owned()),
                }
            }
            (Value::Str(text), Value::Int(at)) => {
                let chars: Vec<char> = text.chars().collect();
                match position(*at, chars.len()).and_then(|at| chars.get(at)) {
                    Some(c) => Ok(Value::str(&c.to_string())),
                    None => raise(self, "IndexError", "string index out of range".to_owned()),
                }
            }
            (Value::Dict(dict), _) => {
                let Some(wanted) = key(key_value) else {
                    return Ok(self.one_of(&dict.borrow(), place));
                };
                let found = dict
                    .borrow()
                    .iter()
                    .find(|(k, _)| key(k).as_ref() == Some(&wanted))
                    .map(|(_, v)| v.clone());
                match found {
                    Some(value) => Ok(value),
                    None if dict.borrow().iter().any(|(k, _)| key(k).is_none()) => {
                        Ok(Value::unknown("a dictionary with keys that cannot be told", Some(place)))
                    }
                    // What it gives may equal any of the keys.
                    None if is_outside(key_value) => Ok(self.one_of(&dict.borrow(), place)),
                    None => {
                        let text = self.describe(key_value);
                        raise(self, "KeyError", text)
                    }
                }
            }
            (Value::Class(class), _) => {
                if let (Some(members), Some(name)) = (self.enum_members(class), key_value.as_str()) {
                    for member in members {
                        if let Value::Instance(instance) = &member
                            && instance.attribute("name").and_then(|n| n.as_str().map(|n| n == name))
                                == Some(true)
                        {
                            return Ok(member);
                        }
                    }
                }
                // `Generic[T]` of the project is the class itself.
                Ok(self.subscript_term(of, key_value, place))
            }
            (Value::External(name), Value::Str(module))
                if name.as_ref() == "sys.modules" && **module == *self.files.module_name(place.file) =>
            {
                Ok(Value::Module(place.file))
            }
            (Value::External(_) | Value::Term(_) | Value::Host(_), _) => {
                match H::operate(self, of, "[]", key_value) {
                    Some(value) => Ok(value),
                    None => Ok(self.subscript_term(of, key_value, place)),
                }
            }
            (Value::Instance(instance), _) => {
                let class = Rc::clone(&instance.class);
                match self.class_attribute(&class, "__getitem__") {
                    Some(Value::Function(function)) => {
                        let method = Value::Method(function, Box::new(of.clone()));
                        self.invoke(
                            &method,
                            Arguments { positional: vec![key_value.clone()], ..Default::default() },
                            place,
                        )
                    }
                    _ => Ok(self.subscript_term(of, key_value, place)),
                }
            }
            _ => Ok(Value::unknown("an item that cannot be told", Some(place))),
        }
    }

    /// The item of a dictionary under a key that cannot be told.
    pub(super) fn one_of(&self, items: &[(Value, Value)], place: Place) -> Value {
        if items.iter().any(|(_, value)| self.may_act(value)) {
            return Value::unknown_code("which function is meant cannot be told", place);
        }
        Value::unknown("a key that cannot be told", Some(place))
    }

    /// Says whether a value is code that may act on the schema: an operation, or a function of a file that knows Alembic.
    fn may_act(&self, value: &Value) -> bool {
        match value {
            Value::Function(function) | Value::Method(function, _) => self.knows_alembic(function.place.file),
            Value::External(name) => name.starts_with("alembic.op."),
            Value::Unknown(unknown) => unknown.is_code,
            _ => false,
        }
    }

    /// Says whether an attribute of a value may be code that acts on the schema.
    pub(super) fn holds_code(&self, of: &Value) -> bool {
        match of {
            Value::Module(file) => self.knows_alembic(*file),
            Value::Class(class) => self.knows_alembic(class.place.file),
            Value::Instance(instance) => self.knows_alembic(instance.class.place.file),
            Value::Host(_) => true,
            Value::External(name) => name.as_ref() == "alembic.op",
            Value::Term(term) => term.kind == TermKind::Subscript && term.external() == Some("sys.modules"),
            Value::Unknown(unknown) => unknown.is_code,
            _ => false,
        }
    }

    fn knows_alembic(&self, file: FileId) -> bool {
        self.files.parsed(file).is_some_and(|parsed| parsed.text().contains("alembic"))
    }

    fn subscript_term(&mut self, of: &Value, key: &Value, place: Place) -> Value {
        let positional = match key {
            Value::Tuple(items) => items.to_vec(),
            other => vec![other.clone()],
        };
        self.term(TermKind::Subscript, of.clone(), "", Arguments { positional, ..Default::default() }, place)
    }

    pub(super) fn slice(
        &mut self,
        of: &Value,
        [lower, upper, step]: [Option<i64>; 3],
        place: Place,
    ) -> Value {
        let unknown = Value::unknown("a slice that cannot be told", Some(place));
        let step = step.unwrap_or(1);
        let pick = |length: usize| -> Option<Vec<usize>> {
            let length = i64::try_from(length).ok()?;
            let clamp =
                |at: i64, low: i64, high: i64| (if at < 0 { at + length } else { at }).clamp(low, high);
            let mut picked = Vec::new();
            if step > 0 {
                let (mut at, end) =
                    (clamp(lower.unwrap_or(0), 0, length), clamp(upper.unwrap_or(length), 0, length));
                while at < end {
                    picked.push(usize::try_from(at).ok()?);
                    at = at.checked_add(step)?;
                }
            } else if step < 0 {
                let mut at = clamp(lower.unwrap_or(length - 1), -1, length - 1);
                let end = upper.map_or(-1, |upper| clamp(upper, -1, length - 1));
                while at > end {
                    picked.push(usize::try_from(at).ok()?);
                    at = at.checked_add(step)?;
                }
            } else {
                return None;
            }
            Some(picked)
        };
        match of {
            Value::Str(text) => {
                let chars: Vec<char> = text.chars().collect();
                pick(chars.len()).map_or(unknown, |at| {
                    Value::Str(Rc::from(at.into_iter().map(|i| chars[i]).collect::<String>()))
                })
            }
            Value::List(_) | Value::Tuple(_) => {
                let items = of.sequence().unwrap_or_default();
                let Some(at) = pick(items.len()) else { return unknown };
                let picked: Vec<Value> = at.into_iter().map(|i| items[i].clone()).collect();
                if matches!(of, Value::List(_)) { Value::list(picked) } else { Value::Tuple(picked.into()) }
            }
            Value::Unknown(why) => Value::Unknown(Rc::clone(why)),
            _ => unknown,
        }
    }

    pub(super) fn set_item(&mut self, of: &Value, key_value: &Value, value: Value) {
        match (of, key_value) {
            (Value::List(list), Value::Int(at)) => {
                self.touch_list(list);
                let mut items = list.borrow_mut();
                let length = items.len();
                if let Some(slot) = position(*at, length).and_then(|at| items.get_mut(at)) {
                    *slot = value;
                }
            }
            (Value::Dict(dict), _) => {
                self.touch_dict(dict);
                self.dict_set(dict, key_value.clone(), value);
            }
            _ => {}
        }
    }

    pub(super) fn delete_item(&mut self, of: &Value, key_value: &Value) {
        match (of, key_value) {
            (Value::Dict(dict), _) => {
                self.touch_dict(dict);
                if let Some(wanted) = key(key_value) {
                    dict.borrow_mut().retain(|(k, _)| key(k).as_ref() != Some(&wanted));
                }
            }
            (Value::List(list), Value::Int(at)) => {
                self.touch_list(list);
                let length = list.borrow().len();
                if let Some(at) = position(*at, length).filter(|at| *at < length) {
                    list.borrow_mut().remove(at);
                }
            }
            _ => {}
        }
    }

    pub(super) fn dict_set(&mut self, dict: &Rc<RefCell<Vec<(Value, Value)>>>, name: Value, value: Value) {
        let wanted = key(&name);
        let mut items = dict.borrow_mut();
        if let Some(wanted) = wanted
            && let Some(item) = items.iter_mut().find(|(k, _)| key(k).as_ref() == Some(&wanted))
        {
            item.1 = value;
            return;
        }
        if items.len() < MAX_ITEMS {
            items.push((name, value));
        }
    }

    pub(super) fn set_of(&mut self, items: Vec<Value>) -> Value {
        let mut seen: Vec<Value> = Vec::with_capacity(items.len());
        let mut keys = rustc_hash::FxHashSet::default();
        for item in items {
            match key(&item) {
                Some(key) => {
                    if keys.insert(key) {
                        seen.push(item);
                    }
                }
                None => seen.push(item),
            }
        }
        Value::Set(Rc::new(RefCell::new(seen)))
    }
}

pub(super) fn is_outside(value: &Value) -> bool {
    match value {
        Value::Term(_) | Value::Host(_) | Value::External(_) => true,
        Value::Instance(instance) => {
            instance.attribute("value").is_none() && !instance.class.bases.is_empty()
        }
        _ => false,
    }
}

fn position(at: i64, length: usize) -> Option<usize> {
    if at < 0 {
        length.checked_sub(usize::try_from(at.unsigned_abs()).ok()?)
    } else {
        usize::try_from(at).ok()
    }
}

fn int_operation(a: i64, op: &str, b: i64) -> Option<Value> {
    Some(Value::Int(match op {
        "+" => a.checked_add(b)?,
        "-" => a.checked_sub(b)?,
        "*" => a.checked_mul(b)?,
        "//" => a.checked_div_euclid(b)?,
        "%" => a.checked_rem_euclid(b)?,
        "**" => a.checked_pow(u32::try_from(b).ok()?)?,
        "<<" => a.checked_shl(u32::try_from(b).ok().filter(|b| *b < 63)?)?,
        ">>" => a.checked_shr(u32::try_from(b).ok().filter(|b| *b < 63)?)?,
        "|" => a | b,
        "&" => a & b,
        "^" => a ^ b,
        "/" if b != 0 => return Some(Value::Float(a as f64 / b as f64)),
        _ => return None,
    }))
}

fn order(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Float(b)) => (*a as f64).partial_cmp(b),
        (Value::Float(a), Value::Int(b)) => a.partial_cmp(&(*b as f64)),
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        (Value::Tuple(_), Value::Tuple(_)) | (Value::List(_), Value::List(_)) => {
            let (a, b) = (a.sequence()?, b.sequence()?);
            for (a, b) in a.iter().zip(&b) {
                match order(a, b)? {
                    std::cmp::Ordering::Equal => {}
                    other => return Some(other),
                }
            }
            Some(a.len().cmp(&b.len()))
        }
        _ => None,
    }
}

/// Returns what a value is compared by, as a key of a dictionary.
pub(super) fn key(value: &Value) -> Option<Key> {
    Some(match value {
        Value::None => Key::None,
        Value::Bool(value) => Key::Int(i64::from(*value)),
        Value::Int(value) => Key::Int(*value),
        Value::Str(text) => Key::Str(Rc::clone(text)),
        Value::Bytes(bytes) => Key::Bytes(Rc::clone(bytes)),
        Value::Tuple(items) => Key::Tuple(items.iter().map(key).collect::<Option<_>>()?),
        Value::Class(class) => Key::Identity(Rc::as_ptr(class) as usize),
        Value::Function(function) => Key::Identity(Rc::as_ptr(function) as usize),
        Value::Instance(instance) => Key::Identity(Rc::as_ptr(instance) as usize),
        Value::External(name) => Key::Tuple(vec![Key::None, Key::Str(Rc::clone(name))]),
        Value::Term(term) => Key::Identity(Rc::as_ptr(term) as usize),
        Value::Module(file) => Key::Tuple(vec![Key::None, Key::Int(i64::from(file.0))]),
        _ => return None,
    })
}

/// Python's own types, of which values of two are never equal.
fn kind_of(value: &Value) -> Option<u8> {
    Some(match value {
        Value::None => 0,
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => 1,
        Value::Str(_) => 2,
        Value::Bytes(_) => 3,
        Value::Tuple(_) => 4,
        Value::List(_) => 5,
        Value::Set(_) => 6,
        Value::Dict(_) => 7,
        Value::Function(_) | Value::Method(..) => 8,
        Value::Class(_) => 9,
        Value::Module(_) => 10,
        _ => return None,
    })
}

/// Sorts values that Python can order; `None` when it cannot be told.
pub(super) fn sorted(mut items: Vec<(Value, Value)>, reverse: bool) -> Option<Vec<Value>> {
    for pair in items.windows(2) {
        order(&pair[0].0, &pair[1].0)?;
    }
    items.sort_by(|a, b| order(&a.0, &b.0).unwrap_or(std::cmp::Ordering::Equal));
    if reverse {
        items.reverse();
    }
    Some(items.into_iter().map(|(_, value)| value).collect())
}
