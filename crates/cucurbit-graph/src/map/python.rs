//! The few habits of Python on which Alembic's texts depend.
//!
//! Only what appears in a message or a listing is here: `repr`, truth, `splitlines`, `strip` and
//! the joining of names. No Python is read or run.

use super::fault::{Answered, Fault};
use crate::row::Value;

/// Returns `repr(text)`.
pub(super) fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if (c as u32) < 0x20 || (0x7f..0xa1).contains(&(c as u32)) => {
                out.push_str(&format!("\\x{:02x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// Returns the `repr` of a sequence of texts as a tuple.
pub(super) fn tuple(items: &[String]) -> String {
    match items {
        [one] => format!("({one},)"),
        many => format!("({})", many.join(", ")),
    }
}

/// Returns `text.splitlines()`.
pub(super) fn split_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if !ends_line(character) {
            continue;
        }
        lines.push(&text[start..at]);
        start = at + character.len_utf8();
        if character == '\r'
            && let Some((next, '\n')) = characters.peek().copied()
        {
            characters.next();
            start = next + 1;
        }
    }
    if start < text.len() {
        lines.push(&text[start..]);
    }
    lines
}

fn ends_line(character: char) -> bool {
    matches!(
        character,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// Returns `text.strip()`.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

/// Returns `int(text)`, held within 64 bits, or nothing where Python raises.
pub(super) fn whole_number(text: &str) -> Option<i64> {
    let text = strip(text);
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.split('_').any(|part| part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let value = digits
        .bytes()
        .filter(u8::is_ascii_digit)
        .fold(0_i64, |sum, digit| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    Some(sign * value)
}

/// Returns `repr(value)`.
pub(super) fn repr(value: &Value) -> String {
    match value {
        Value::None => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Str(text) => quoted(text),
        Value::List(items) => format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", ")),
    }
}

/// Returns `str(value)`.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Str(text) => text.clone(),
        other => repr(other),
    }
}

/// Returns `bool(value)`.
pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::None => false,
        Value::Bool(value) => *value,
        Value::Int(number) => *number != 0,
        Value::Str(text) => !text.is_empty(),
        Value::List(items) => !items.is_empty(),
    }
}

/// Reads one value or a sequence of them as a sequence; `None` is the empty one.
pub(super) fn items(value: &Value) -> &[Value] {
    match value {
        Value::None => &[],
        Value::List(items) => items,
        one => std::slice::from_ref(one),
    }
}

/// Joins names by commas, which Python refuses to do for anything but texts.
pub(super) fn joined(values: &[Value]) -> Answered<String> {
    let mut names = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let Value::Str(text) = value else {
            let found = type_name(value);
            return Err(Fault::type_error(format!(
                "sequence item {index}: expected str instance, {found} found"
            )));
        };
        names.push(text.as_str());
    }
    Ok(names.join(", "))
}

pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::None => "NoneType",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Str(_) => "str",
        Value::List(_) => "list",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_like_repr() {
        assert_eq!(quoted("a"), "'a'");
        assert_eq!(quoted("it's"), "\"it's\"");
        assert_eq!(quoted("it's \"x\"\n"), "'it\\'s \"x\"\\n'");
        assert_eq!(tuple(&[quoted("a")]), "('a',)");
        assert_eq!(tuple(&[]), "()");
    }

    #[test]
    fn reads_whole_numbers_like_int() {
        assert_eq!(whole_number(" -1 "), Some(-1));
        assert_eq!(whole_number("+1_0"), Some(10));
        assert_eq!(whole_number("1__0"), None);
        assert_eq!(whole_number("-"), None);
        assert_eq!(whole_number("99999999999999999999"), Some(i64::MAX));
    }

    #[test]
    fn splits_lines_like_python() {
        assert_eq!(split_lines("a\r\nb\rc\u{2028}d\n\n"), ["a", "b", "c", "d", ""]);
        assert!(split_lines("").is_empty());
    }
}
