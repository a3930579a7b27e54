//! Formatting: `str`, `repr`, `%`, `str.format`, format specifications.

use super::describe::{float_text, repr_text};
use super::expressions::MAX_TEXT;
use super::host::{Arguments, Host, Place};
use super::run::Evaluator;
use super::value::Value;
use std::rc::Rc;

impl<H: Host> Evaluator<'_, H> {
    /// Returns `str(value)`, where it can be told.
    pub fn text(&mut self, value: &Value) -> Option<String> {
        Some(match value {
            Value::Str(text) => text.to_string(),
            Value::None => "None".to_owned(),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::Int(int) => int.to_string(),
            Value::Float(float) => float_text(*float),
            Value::Tuple(_) | Value::List(_) | Value::Dict(_) => return self.repr(value),
            Value::Instance(instance) => {
                let class = Rc::clone(&instance.class);
                if let Some(Value::Function(function)) = self.class_attribute(&class, "__str__") {
                    let method = Value::Method(function, Box::new(value.clone()));
                    return match self.invoke(&method, Arguments::default(), instance.place) {
                        Ok(Value::Str(text)) => Some(text.to_string()),
                        _ => None,
                    };
                }
                self.enum_members(&class)?;
                let is_text = self.inherits(&class, |n| n.ends_with("StrEnum"));
                let (name, member) = (instance.attribute("name")?, instance.attribute("value")?);
                return if is_text {
                    self.text(&member)
                } else {
                    Some(format!("{}.{}", class.name, name.as_str()?))
                };
            }
            Value::External(_) | Value::Term(_) | Value::Host(_) => {
                if let Value::Term(term) = value {
                    match term.external() {
                        Some("datetime.timedelta") => return duration(&term.arguments),
                        Some("datetime.datetime") => return moment(&term.arguments),
                        _ => {}
                    }
                }
                match H::operate(self, value, "str", &Value::None)? {
                    Value::Str(text) => text.to_string(),
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    /// Returns `repr(value)`, where it can be told.
    pub(super) fn repr(&mut self, value: &Value) -> Option<String> {
        Some(match value {
            Value::Str(text) => repr_text(text),
            Value::Tuple(items) => {
                let parts: Vec<String> = items.iter().map(|i| self.repr(i)).collect::<Option<_>>()?;
                if let [one] = parts.as_slice() {
                    format!("({one},)")
                } else {
                    format!("({})", parts.join(", "))
                }
            }
            Value::List(items) => {
                let items = items.borrow().clone();
                let parts: Vec<String> = items.iter().map(|i| self.repr(i)).collect::<Option<_>>()?;
                format!("[{}]", parts.join(", "))
            }
            Value::Dict(items) => {
                let items = items.borrow().clone();
                let mut parts = Vec::with_capacity(items.len());
                for (key, value) in &items {
                    parts.push(format!("{}: {}", self.repr(key)?, self.repr(value)?));
                }
                format!("{{{}}}", parts.join(", "))
            }
            Value::Instance(_) => return None,
            other => return self.text(other),
        })
    }

    /// Returns `format(value, spec)`, where it can be told.
    pub(super) fn formatted(&mut self, value: &Value, spec: &str) -> Option<String> {
        if spec.is_empty() {
            // A member of an enum with a mixed-in type formats as its value did before Python 3.12, and as
            // `Class.NAME` since; only members of `StrEnum` are certain.
            if let Value::Instance(instance) = value {
                let class = Rc::clone(&instance.class);
                if self.enum_members(&class).is_some() && self.inherits(&class, |n| n == "builtins.str") {
                    return instance.attribute("value").and_then(|v| v.as_str().map(str::to_owned));
                }
            }
            return self.text(value);
        }
        let (fill, rest) = split_fill(spec);
        let zero = rest.starts_with('0');
        let digits: String = rest.chars().skip(usize::from(zero)).take_while(char::is_ascii_digit).collect();
        let width: usize = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        let kind = &rest[usize::from(zero) + digits.len()..];
        if width > 10_000 {
            return None;
        }
        let (text, numeric) = match (value, kind) {
            (Value::Int(int), "" | "d") => (int.to_string(), true),
            (Value::Int(int), "x") => (format!("{int:x}"), true),
            (Value::Int(int), "X") => (format!("{int:X}"), true),
            (Value::Str(text), "" | "s") => (text.to_string(), false),
            _ => return None,
        };
        let missing = width.saturating_sub(text.chars().count());
        let (fill, align) = match fill {
            Some((fill, align)) => (fill, align),
            None if zero => ('0', '>'),
            None => (' ', if numeric { '>' } else { '<' }),
        };
        let pad = |n: usize| fill.to_string().repeat(n);
        Some(match align {
            '<' => text + &pad(missing),
            '^' => pad(missing / 2) + &text + &pad(missing - missing / 2),
            _ => pad(missing) + &text,
        })
    }

    /// `format % values`.
    pub(super) fn percent(&mut self, format: &str, values: &Value, place: Place) -> Value {
        let items = match values {
            Value::Tuple(items) => items.to_vec(),
            other => vec![other.clone()],
        };
        let mut next = items.into_iter();
        let mut out = String::new();
        let mut unknown: Option<String> = None;
        let mut rest = format;
        while let Some(at) = rest.find('%') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(behind) = rest.strip_prefix('%') {
                out.push('%');
                rest = behind;
                continue;
            }
            let value = if let Some(behind) = rest.strip_prefix('(') {
                let Some(end) = behind.find(')') else { break };
                let name = &behind[..end];
                rest = &behind[end + 1..];
                match values {
                    Value::Dict(_) => self.item(values, &Value::str(name), place).ok(),
                    _ => None,
                }
            } else {
                next.next()
            };
            let spec: String = rest.chars().take_while(|c| "-+ #0123456789.".contains(*c)).collect();
            rest = &rest[spec.len()..];
            let Some(kind) = rest.chars().next() else { break };
            rest = &rest[kind.len_utf8()..];
            let part = value.as_ref().and_then(|value| match (kind, spec.as_str()) {
                ('s', "") => self.text(value),
                ('r', "") => self.repr(value),
                ('d' | 'i', "") => matches!(value, Value::Int(_)).then(|| self.text(value)).flatten(),
                ('d' | 'i', spec) if spec.starts_with('0') => self.formatted(value, spec),
                ('s', width) => self.formatted(value, &format!(">{width}")),
                _ => None,
            });
            match part {
                Some(part) => out.push_str(&part),
                None => {
                    out.push('\u{fffd}');
                    let text = value.map_or_else(|| "a missing value".to_owned(), |v| self.describe(&v));
                    unknown.get_or_insert(format!("the part `{text}` of a string cannot be told"));
                }
            }
        }
        out.push_str(rest);
        self.text_or_partial(out, unknown, place)
    }

    /// `format.format(…)`.
    pub(super) fn str_format(&mut self, format: &str, arguments: &Arguments, place: Place) -> Value {
        let mut out = String::new();
        let mut unknown: Option<String> = arguments.open.then(|| "arguments that cannot be told".to_owned());
        let mut automatic = 0;
        let mut rest = format;
        while let Some(at) = rest.find(['{', '}']) {
            out.push_str(&rest[..at]);
            let brace = rest.as_bytes()[at];
            rest = &rest[at + 1..];
            if rest.as_bytes().first() == Some(&brace) {
                out.push(brace as char);
                rest = &rest[1..];
                continue;
            }
            if brace == b'}' {
                return Value::unknown("a format string that Python refuses", Some(place));
            }
            let Some(end) = rest.find('}') else {
                return Value::unknown("a format string that Python refuses", Some(place));
            };
            let field = &rest[..end];
            rest = &rest[end + 1..];
            let (path, spec) = field.split_once(':').unwrap_or((field, ""));
            let (path, conversion) = path.split_once('!').unwrap_or((path, ""));
            let head_end = path.find(['.', '[']).unwrap_or(path.len());
            let (head, tail) = path.split_at(head_end);
            let mut value = if head.is_empty() {
                automatic += 1;
                arguments.positional.get(automatic - 1).cloned()
            } else if let Ok(at) = head.parse::<usize>() {
                arguments.positional.get(at).cloned()
            } else {
                arguments.keyword(head).cloned()
            };
            let mut tail = tail;
            while let Some(found) = value.clone().filter(|_| !tail.is_empty()) {
                if let Some(inner) = tail.strip_prefix('[') {
                    let Some(end) = inner.find(']') else { break };
                    let key =
                        inner[..end].parse::<i64>().map_or_else(|_| Value::str(&inner[..end]), Value::Int);
                    value = self.item(&found, &key, place).ok();
                    tail = &inner[end + 1..];
                } else {
                    let inner = tail.trim_start_matches('.');
                    let end = inner.find(['.', '[']).unwrap_or(inner.len());
                    value = self.attribute(&found, &inner[..end], place);
                    tail = &inner[end..];
                }
            }
            let part = value
                .as_ref()
                .and_then(|v| if conversion == "r" { self.repr(v) } else { self.formatted(v, spec) });
            match part {
                Some(part) => out.push_str(&part),
                None => {
                    out.push('\u{fffd}');
                    let text = value.map_or_else(|| "a missing value".to_owned(), |v| self.describe(&v));
                    unknown.get_or_insert(format!("the part `{text}` of a string cannot be told"));
                }
            }
        }
        out.push_str(rest);
        self.text_or_partial(out, unknown, place)
    }

    fn text_or_partial(&mut self, text: String, unknown: Option<String>, place: Place) -> Value {
        match unknown {
            None if text.len() <= MAX_TEXT => Value::Str(Rc::from(text)),
            None => Value::unknown("a string that became too long", Some(place)),
            Some(reason) => self.partial_text(&text, &reason, place),
        }
    }
}

fn split_fill(spec: &str) -> (Option<(char, char)>, &str) {
    let mut chars = spec.char_indices();
    let first = chars.next();
    let second = chars.next();
    match (first, second) {
        (Some((_, fill)), Some((at, align))) if "<>^".contains(align) => {
            (Some((fill, align)), &spec[at + align.len_utf8()..])
        }
        (Some((_, align)), _) if "<>^".contains(align) => (Some((' ', align)), &spec[align.len_utf8()..]),
        _ => (None, spec),
    }
}

/// What `str(datetime(…))` gives, without a zone or in UTC.
fn moment(arguments: &Arguments) -> Option<String> {
    const PARTS: [&str; 7] = ["year", "month", "day", "hour", "minute", "second", "microsecond"];
    const HIGHEST: [i64; 7] = [9_999, 12, 31, 23, 59, 59, 999_999];
    if arguments.open || arguments.positional.len() > 8 {
        return None;
    }
    let is_known = |name: &str| PARTS.contains(&name) || name == "tzinfo";
    if arguments.keywords.iter().any(|(name, _)| !is_known(name)) {
        return None;
    }
    let mut numbers = [0_i64; 7];
    for (at, name) in PARTS.iter().enumerate() {
        numbers[at] = match arguments.get(at, name) {
            Some(Value::Int(number)) if (0..=HIGHEST[at]).contains(number) => *number,
            None if at > 2 => 0,
            _ => return None,
        };
    }
    let zone = match arguments.get(7, "tzinfo") {
        None | Some(Value::None) => "",
        Some(Value::External(name)) if matches!(name.as_ref(), "datetime.timezone.utc" | "datetime.UTC") => {
            "+00:00"
        }
        Some(_) => return None,
    };
    let [year, month, day, hour, minute, second, micro] = numbers;
    let fraction = if micro == 0 { String::new() } else { format!(".{micro:06}") };
    Some(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{fraction}{zone}"))
}

/// What `str(timedelta(…))` gives, for whole numbers.
fn duration(arguments: &Arguments) -> Option<String> {
    const SECOND: i128 = 1_000_000;
    const UNITS: [(&str, i128); 7] = [
        ("days", 86_400 * SECOND),
        ("seconds", SECOND),
        ("microseconds", 1),
        ("milliseconds", 1_000),
        ("minutes", 60 * SECOND),
        ("hours", 3_600 * SECOND),
        ("weeks", 7 * 86_400 * SECOND),
    ];
    if arguments.open || arguments.positional.len() > UNITS.len() {
        return None;
    }
    let mut total: i128 = 0;
    let by_position = UNITS.iter().zip(&arguments.positional).map(|((_, unit), value)| Some((*unit, value)));
    let by_name = arguments.keywords.iter().map(|(name, value)| {
        UNITS.iter().find(|(unit, _)| *unit == name.as_ref()).map(|(_, unit)| (*unit, value))
    });
    for part in by_position.chain(by_name) {
        let (unit, Value::Int(number)) = part? else { return None };
        total = total.checked_add(unit.checked_mul(i128::from(*number))?)?;
    }
    let (days, rest) = (total.div_euclid(86_400 * SECOND), total.rem_euclid(86_400 * SECOND));
    let (seconds, micros) = (rest / SECOND, rest % SECOND);
    let mut text = format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if micros != 0 {
        text.push_str(&format!(".{micros:06}"));
    }
    Some(match days {
        0 => text,
        1 | -1 => format!("{days} day, {text}"),
        _ => format!("{days} days, {text}"),
    })
}
