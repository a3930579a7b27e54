//! Builtins, and the few functions of the standard library that migrations compute with.

use super::Evaluated;
use super::expressions::MAX_ITEMS;
use super::host::{Arguments, Host, Outcome, Place};
use super::run::Evaluator;
use super::value::{TermKind, Value};
use std::rc::Rc;

/// Names that Python has without an import.
const BUILTINS: &[&str] = &[
    "abs",
    "all",
    "any",
    "ascii",
    "bin",
    "bool",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "classmethod",
    "dict",
    "dir",
    "divmod",
    "enumerate",
    "eval",
    "exec",
    "filter",
    "float",
    "format",
    "frozenset",
    "getattr",
    "globals",
    "hasattr",
    "hash",
    "hex",
    "id",
    "input",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "list",
    "locals",
    "map",
    "max",
    "min",
    "next",
    "object",
    "oct",
    "open",
    "ord",
    "pow",
    "print",
    "property",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "setattr",
    "delattr",
    "slice",
    "sorted",
    "staticmethod",
    "str",
    "sum",
    "super",
    "tuple",
    "type",
    "vars",
    "zip",
    "__import__",
    "NotImplemented",
    "Exception",
    "BaseException",
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "EOFError",
    "FileNotFoundError",
    "ImportError",
    "IndexError",
    "IOError",
    "KeyError",
    "KeyboardInterrupt",
    "LookupError",
    "ModuleNotFoundError",
    "NameError",
    "NotImplementedError",
    "OSError",
    "RuntimeError",
    "StopIteration",
    "SyntaxError",
    "SystemExit",
    "TypeError",
    "UnicodeDecodeError",
    "ValueError",
    "Warning",
    "DeprecationWarning",
    "UserWarning",
    "FutureWarning",
    "ZeroDivisionError",
    "PermissionError",
    "unicode",
    "basestring",
    "long",
    "xrange",
    "raw_input",
];

pub(super) fn is_builtin(name: &str) -> bool {
    BUILTINS.contains(&name)
}

impl<H: Host> Evaluator<'_, H> {
    /// Calls a function that needs no host; `None` when it is none of them.
    pub(super) fn call_builtin(
        &mut self,
        name: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Evaluated<Option<Value>> {
        let Some(builtin) = name.strip_prefix("builtins.") else {
            return self.call_library(name, arguments, place);
        };
        if arguments.open {
            return Ok(Some(Value::unknown("arguments that cannot be told", Some(place))));
        }
        let a = &arguments.positional;
        let known = match (builtin, a.as_slice()) {
            ("len", [value]) => match value {
                Value::Str(text) => int(text.chars().count()),
                _ => self.items(value).and_then(|items| int(items.len())),
            },
            ("range", _) => range(a),
            ("list", []) => Some(Value::list(Vec::new())),
            ("list", [value]) => self.items(value).map(Value::list),
            ("tuple", []) => Some(Value::Tuple(Rc::from([]))),
            ("tuple" | "iter", [value]) => self.items(value).map(|items| Value::Tuple(items.into())),
            ("set" | "frozenset", []) => Some(self.set_of(Vec::new())),
            ("set" | "frozenset", [value]) => self.items(value).map(|items| self.set_of(items)),
            ("dict", _) => self.make_dict(arguments, place)?,
            ("str", []) => Some(Value::str("")),
            ("str", [value]) => match super::calls::moment(value) {
                Some(text) => Some(Value::str(&text.replace('T', " "))),
                None => self.text(value).map(|t| Value::Str(Rc::from(t))),
            },
            ("repr", [value]) => self.repr(value).map(|t| Value::Str(Rc::from(t))),
            ("format", [value, rest @ ..]) => {
                let spec = rest.first().and_then(Value::as_str).unwrap_or_default();
                self.formatted(value, spec).map(|t| Value::Str(Rc::from(t)))
            }
            ("int", [value]) => match value {
                Value::Int(i) => Some(Value::Int(*i)),
                Value::Bool(b) => Some(Value::Int(i64::from(*b))),
                Value::Str(text) => text.trim().parse().ok().map(Value::Int),
                _ => None,
            },
            // Functions, wrapped by hand: what they are is told by how they are looked up.
            ("staticmethod" | "classmethod" | "property", [value]) => Some(value.clone()),
            ("bool", [value]) => self.truth(value).map(Value::Bool),
            ("bool", []) => Some(Value::Bool(false)),
            ("float", [Value::Int(i)]) => Some(Value::Float(*i as f64)),
            ("float", [Value::Float(f)]) => Some(Value::Float(*f)),
            ("abs", [Value::Int(i)]) => i.checked_abs().map(Value::Int),
            ("enumerate", [value, rest @ ..]) => {
                let start = match rest.first().or_else(|| arguments.keyword("start")) {
                    Some(Value::Int(start)) => *start,
                    Some(_) => return Ok(Some(Value::unknown("a count that cannot be told", Some(place)))),
                    None => 0,
                };
                self.items(value).map(|items| {
                    let pairs = items
                        .into_iter()
                        .zip(start..)
                        .map(|(v, at)| Value::Tuple([Value::Int(at), v].into()));
                    Value::list(pairs.collect())
                })
            }
            ("zip", lists) => {
                let mut all = Vec::new();
                for list in lists {
                    match self.items(list) {
                        Some(items) => all.push(items),
                        None => return Ok(Some(Value::unknown("a list that cannot be told", Some(place)))),
                    }
                }
                let length = all.iter().map(Vec::len).min().unwrap_or(0);
                Some(Value::list(
                    (0..length).map(|at| Value::Tuple(all.iter().map(|l| l[at].clone()).collect())).collect(),
                ))
            }
            ("sorted", [value]) => match self.items(value) {
                Some(items) => self.sorted_by(items, arguments, place)?.map(Value::list),
                None => None,
            },
            ("reversed", [value]) => {
                self.items(value).map(|items| Value::list(items.into_iter().rev().collect()))
            }
            ("sum", [value]) => self.items(value).and_then(|items| {
                let mut sum = 0i64;
                for item in items {
                    let Value::Int(i) = item else { return None };
                    sum = sum.checked_add(i)?;
                }
                Some(Value::Int(sum))
            }),
            ("min" | "max", values) => {
                let items = match values {
                    [one] => self.items(one),
                    many => Some(many.to_vec()),
                };
                match items {
                    Some(items) if !items.is_empty() => {
                        let mut sorted = self.sorted_by(items, arguments, place)?.unwrap_or_default();
                        if builtin == "max" {
                            sorted.pop()
                        } else {
                            (!sorted.is_empty()).then(|| sorted.remove(0))
                        }
                    }
                    _ => None,
                }
            }
            ("any" | "all", [value]) => self.items(value).and_then(|items| {
                let mut known = Some(builtin == "all");
                for item in &items {
                    match self.truth(item) {
                        Some(truth) if truth == (builtin == "any") => return Some(Value::Bool(truth)),
                        Some(_) => {}
                        None => known = None,
                    }
                }
                known.map(Value::Bool)
            }),
            ("map", [function, lists @ ..]) => {
                let mut all = Vec::new();
                for list in lists {
                    match self.items(list) {
                        Some(items) => all.push(items),
                        None => return Ok(Some(Value::unknown("a list that cannot be told", Some(place)))),
                    }
                }
                let length = all.iter().map(Vec::len).min().unwrap_or(0);
                let mut out = Vec::with_capacity(length);
                for at in 0..length {
                    let positional = all.iter().map(|l| l[at].clone()).collect();
                    out.push(self.invoke(function, Arguments { positional, ..Default::default() }, place)?);
                }
                Some(Value::list(out))
            }
            ("filter", [function, list]) => match self.items(list) {
                Some(items) => {
                    let mut out = Vec::new();
                    for item in items {
                        let kept = if function.is_none() {
                            item.clone()
                        } else {
                            let positional = vec![item.clone()];
                            self.invoke(function, Arguments { positional, ..Default::default() }, place)?
                        };
                        match self.truth(&kept) {
                            Some(true) => out.push(item),
                            Some(false) => {}
                            None => {
                                return Ok(Some(Value::unknown("a filter that cannot be told", Some(place))));
                            }
                        }
                    }
                    Some(Value::list(out))
                }
                None => None,
            },
            ("next", [value, rest @ ..]) => match self.items(value) {
                Some(items) => items.into_iter().next().or_else(|| rest.first().cloned()),
                None => None,
            },
            ("isinstance", [value, class]) => self.is_instance(value, class).map(Value::Bool),
            ("issubclass", [Value::Class(class), Value::Class(of)]) => {
                let mro = self.mro(class);
                Some(Value::Bool(mro.iter().any(|c| matches!(c, Value::Class(c) if Rc::ptr_eq(c, of)))))
            }
            ("hasattr", [value, Value::Str(name)]) => self.has_attribute(value, name, place).map(Value::Bool),
            ("getattr", [value, Value::Str(name), rest @ ..]) => {
                match (self.has_attribute(value, name, place), rest.first()) {
                    (Some(false), Some(default)) => Some(default.clone()),
                    _ => Some(self.attribute_or_unknown(value, &Rc::clone(name), place)?),
                }
            }
            ("getattr", [of, ..]) if self.holds_code(of) => {
                Some(Value::unknown_code("which attribute is meant cannot be told", place))
            }
            ("setattr", [of, Value::Str(name), value]) => {
                self.set_attribute(of, &Rc::clone(name), value.clone(), place);
                Some(Value::None)
            }
            ("callable", [value]) => match value {
                Value::Function(_) | Value::Class(_) | Value::Method(..) => Some(Value::Bool(true)),
                Value::Unknown(_) | Value::External(_) | Value::Term(_) | Value::Host(_) => None,
                _ => Some(Value::Bool(false)),
            },
            ("type", [Value::Instance(instance)]) => Some(Value::Class(Rc::clone(&instance.class))),
            ("print" | "delattr" | "input", _) => Some(Value::None),
            // A host may know the file.
            ("open", _) => {
                let callee = Value::External(Rc::from("builtins.open"));
                Some(self.term(TermKind::Call, callee, "", arguments.clone(), place))
            }
            ("chr", [Value::Int(i)]) => {
                u32::try_from(*i).ok().and_then(char::from_u32).map(|c| Value::str(&c.to_string()))
            }
            ("ord", [Value::Str(text)]) => text.chars().next().map(|c| Value::Int(i64::from(u32::from(c)))),
            ("eval", _) => Some(Value::unknown_code("what a text evaluates to cannot be told", place)),
            // The host hears of it: anything may happen.
            ("exec", _) => {
                let code = Value::unknown_code("what a text runs cannot be told", place);
                return self.call_outside(code, None, None, arguments.clone(), place).map(Some);
            }
            ("__import__", _) => return Ok(None),
            ("super", [Value::Class(class), receiver]) => {
                Some(Value::Super(Rc::clone(class), Box::new(receiver.clone())))
            }
            (name, _)
                if name.ends_with("Error") || name.ends_with("Exception") || name.ends_with("Warning") =>
            {
                let callee = Value::External(Rc::from(format!("builtins.{name}")));
                Some(self.term(TermKind::Call, callee, "", arguments.clone(), place))
            }
            ("object", []) | ("slice", _) => {
                let callee = Value::External(Rc::from(format!("builtins.{builtin}")));
                Some(self.term(TermKind::Call, callee, "", arguments.clone(), place))
            }
            _ => None,
        };
        Ok(Some(known.unwrap_or_else(|| {
            Value::unknown(&format!("what `{builtin}(…)` gives cannot be told"), Some(place))
        })))
    }

    fn has_attribute(&mut self, value: &Value, name: &str, place: Place) -> Option<bool> {
        match value {
            Value::Instance(instance) => {
                if instance.attribute(name).is_some() {
                    return Some(true);
                }
                let class = Rc::clone(&instance.class);
                if self.class_attribute(&class, name).is_some() {
                    return Some(true);
                }
                self.mro(&class).iter().all(|c| matches!(c, Value::Class(_))).then_some(false)
            }
            Value::Class(class) => {
                if self.class_attribute(class, name).is_some() {
                    return Some(true);
                }
                self.mro(class).iter().all(|c| matches!(c, Value::Class(_))).then_some(false)
            }
            Value::Module(file) => self.module_value(*file, name).map(|_| true),
            Value::None => Some(false),
            Value::Unknown(_) => None,
            Value::External(_) | Value::Term(_) | Value::Host(_) => {
                let answer = H::operate(self, value, "hasattr", &Value::str(name));
                // What the host can tell is there.
                answer.and_then(|v| v.as_bool()).or_else(|| match H::attribute(self, value, name, place) {
                    Outcome::Value(found) => found.why_unknown().is_none().then_some(true),
                    _ => None,
                })
            }
            _ => None,
        }
    }

    fn is_instance(&mut self, value: &Value, class: &Value) -> Option<bool> {
        if let Some(classes) = class.sequence() {
            let mut all = Some(false);
            for class in &classes {
                match self.is_instance(value, class) {
                    Some(true) => return Some(true),
                    Some(false) => {}
                    None => all = None,
                }
            }
            return all;
        }
        match (value, class) {
            (Value::Unknown(_), _) => None,
            (Value::Instance(instance), Value::Class(class)) => {
                let of = Rc::clone(&instance.class);
                Some(self.mro(&of).iter().any(|c| matches!(c, Value::Class(c) if Rc::ptr_eq(c, class))))
            }
            (
                Value::External(_) | Value::Term(_) | Value::Host(_) | Value::Instance(_),
                Value::External(name),
            ) => {
                if let Value::Instance(instance) = value {
                    let of = Rc::clone(&instance.class);
                    if self.inherits(&of, |base| base == name.as_ref()) {
                        return Some(true);
                    }
                }
                H::operate(self, value, "isinstance", class).and_then(|v| v.as_bool())
            }
            (_, Value::External(name)) => {
                let own = match value {
                    Value::None => "NoneType",
                    Value::Bool(_) => "bool",
                    Value::Int(_) => "int",
                    Value::Float(_) => "float",
                    Value::Str(_) => "str",
                    Value::Bytes(_) => "bytes",
                    Value::Tuple(_) => "tuple",
                    Value::List(_) => "list",
                    Value::Set(_) => "set",
                    Value::Dict(_) => "dict",
                    _ => return None,
                };
                let wanted = name.strip_prefix("builtins.")?;
                Some(own == wanted || (own == "bool" && wanted == "int") || wanted == "object")
            }
            _ => Some(false),
        }
    }

    fn make_dict(&mut self, arguments: &Arguments, place: Place) -> Evaluated<Option<Value>> {
        let dict = Value::Dict(Rc::default());
        if let Value::Dict(inner) = &dict {
            match arguments.positional.first() {
                Some(Value::Dict(other)) => *inner.borrow_mut() = other.borrow().clone(),
                Some(other) => {
                    let Some(pairs) = self.items(other) else { return Ok(None) };
                    for pair in pairs {
                        let Some([key, value]) = pair.sequence().and_then(|p| <[Value; 2]>::try_from(p).ok())
                        else {
                            return Ok(None);
                        };
                        self.dict_set(inner, key, value);
                    }
                }
                None => {}
            }
            for (name, value) in &arguments.keywords {
                self.dict_set(inner, Value::Str(Rc::clone(name)), value.clone());
            }
        }
        let _ = place;
        Ok(Some(dict))
    }

    fn call_library(&mut self, name: &str, arguments: &Arguments, place: Place) -> Evaluated<Option<Value>> {
        let a = &arguments.positional;
        Ok(match (name, a.as_slice()) {
            ("textwrap.dedent" | "inspect.cleandoc", [Value::Str(text)]) => {
                Some(Value::Str(Rc::from(dedent(text))))
            }
            ("json.dumps", [value]) if arguments.keywords.is_empty() && !arguments.open => {
                json(value, 0).map(|text| Value::Str(Rc::from(text)))
            }
            ("typing.cast", [_, value]) => Some(value.clone()),
            // What the code itself takes where the variable is not set.
            ("os.environ.get" | "os.getenv", [Value::Str(variable), default]) => {
                self.note(place, format!("the environment variable `{variable}` is taken as not set"));
                Some(default.clone())
            }
            ("re.sub", [Value::Str(pattern), Value::Str(replacement), Value::Str(text)])
                if arguments.keywords.is_empty() && !arguments.open =>
            {
                super::pattern::substitute(pattern, replacement, text).map(|t| Value::Str(Rc::from(t)))
            }
            ("copy.copy" | "copy.deepcopy", [value]) => Some(match value {
                Value::List(items) => Value::list(items.borrow().clone()),
                Value::Dict(items) => Value::Dict(Rc::new(std::cell::RefCell::new(items.borrow().clone()))),
                other => other.clone(),
            }),
            ("collections.OrderedDict" | "types.MappingProxyType", _) => self.make_dict(arguments, place)?,
            ("functools.partial", _) => {
                let callee = Value::External(Rc::from(name));
                Some(self.term(TermKind::Call, callee, "", arguments.clone(), place))
            }
            ("functools.reduce", [function, list, rest @ ..]) => match self.items(list) {
                Some(items) => {
                    let mut items = items.into_iter();
                    let Some(mut total) = rest.first().cloned().or_else(|| items.next()) else {
                        return Ok(None);
                    };
                    for item in items {
                        total = self.invoke(
                            function,
                            Arguments { positional: vec![total, item], ..Default::default() },
                            place,
                        )?;
                    }
                    Some(total)
                }
                None => None,
            },
            ("itertools.chain", lists) => {
                let mut out = Vec::new();
                for list in lists {
                    match self.items(list) {
                        Some(items) => out.extend(items),
                        None => return Ok(Some(Value::unknown("a list that cannot be told", Some(place)))),
                    }
                }
                Some(Value::list(out))
            }
            ("itertools.chain.from_iterable", [list]) => {
                let mut out = Vec::new();
                for inner in self.items(list).unwrap_or_default() {
                    out.extend(self.items(&inner).unwrap_or_default());
                }
                Some(Value::list(out))
            }
            ("itertools.product", lists) => {
                let mut out: Vec<Vec<Value>> = vec![Vec::new()];
                for list in lists {
                    let Some(items) = self.items(list) else { return Ok(None) };
                    if out.len().saturating_mul(items.len()) > MAX_ITEMS {
                        return Ok(Some(Value::unknown("a product that became too long", Some(place))));
                    }
                    out = out
                        .iter()
                        .flat_map(|p| items.iter().map(|i| [p.as_slice(), std::slice::from_ref(i)].concat()))
                        .collect();
                }
                Some(Value::list(out.into_iter().map(|p| Value::Tuple(p.into())).collect()))
            }
            ("os.path.join", parts) if parts.iter().all(|p| p.as_str().is_some()) => {
                let joined: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
                Some(Value::str(&joined.join("/")))
            }
            ("enum.auto" | "dataclasses.field" | "contextlib.suppress" | "contextlib.nullcontext", _) => {
                let callee = Value::External(Rc::from(name));
                Some(self.term(TermKind::Call, callee, "", arguments.clone(), place))
            }
            _ => None,
        })
    }
}

fn int(n: usize) -> Option<Value> {
    i64::try_from(n).ok().map(Value::Int)
}

fn range(arguments: &[Value]) -> Option<Value> {
    let numbers: Vec<i64> = arguments
        .iter()
        .map(|v| if let Value::Int(i) = v { Some(*i) } else { None })
        .collect::<Option<_>>()?;
    let (start, end, step) = match numbers.as_slice() {
        [end] => (0, *end, 1),
        [start, end] => (*start, *end, 1),
        [start, end, step] if *step != 0 => (*start, *end, *step),
        _ => return None,
    };
    let mut items = Vec::new();
    let mut at = start;
    while if step > 0 { at < end } else { at > end } {
        if items.len() >= MAX_ITEMS {
            return None;
        }
        items.push(Value::Int(at));
        at = at.checked_add(step)?;
    }
    Some(Value::list(items))
}

/// What `textwrap.dedent` gives.
fn dedent(text: &str) -> String {
    let margin = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches([' ', '\t']).len())
        .min()
        .unwrap_or(0);
    let lines: Vec<&str> = text
        .split('\n')
        .map(|line| if line.trim().is_empty() { "" } else { line.get(margin..).unwrap_or(line) })
        .collect();
    lines.join("\n")
}

/// The text that `json.dumps` gives with no arguments of its own.
fn json(value: &Value, depth: usize) -> Option<String> {
    if depth > 20 {
        return None;
    }
    Some(match value {
        Value::None => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Str(text) => {
            let mut out = String::from("\"");
            for c in text.chars() {
                match c {
                    '"' => out.push_str("\\\""),
                    '\\' => out.push_str("\\\\"),
                    '\n' => out.push_str("\\n"),
                    '\r' => out.push_str("\\r"),
                    '\t' => out.push_str("\\t"),
                    c if c.is_ascii() && !c.is_ascii_control() => out.push(c),
                    c => {
                        for unit in c.encode_utf16(&mut [0; 2]) {
                            out.push_str(&format!("\\u{unit:04x}"));
                        }
                    }
                }
            }
            out.push('"');
            out
        }
        Value::List(_) | Value::Tuple(_) => {
            let items: Option<Vec<String>> = value.sequence()?.iter().map(|v| json(v, depth + 1)).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Dict(items) => {
            let items: Option<Vec<String>> = items
                .borrow()
                .iter()
                .map(|(key, value)| match key {
                    Value::Str(_) => Some(format!("{}: {}", json(key, depth + 1)?, json(value, depth + 1)?)),
                    _ => None,
                })
                .collect();
            format!("{{{}}}", items?.join(", "))
        }
        _ => return None,
    })
}
