//! Splits a list of an ini file, by each of Alembic's rules.

use std::ops::Range;

use super::python::strip_range;

/// How the items of a list are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    /// `path_separator` or its forerunner.
    Char(char),
    /// No setting: commas and spaces, and colons too for `prepend_sys_path`.
    Old { colons: bool },
}

impl Separator {
    /// Reads the value of `path_separator`.
    pub(super) fn named(value: &str) -> Option<Self> {
        let separator = match value {
            "space" => ' ',
            "newline" => '\n',
            "os" => os_separator(),
            ":" => ':',
            ";" => ';',
            _ => return None,
        };
        Some(Self::Char(separator))
    }

    /// Returns the ranges of the items.
    pub(super) fn split(self, text: &str) -> Vec<Range<usize>> {
        match self {
            Self::Char(separator) => split_char(text, separator),
            Self::Old { colons } => split_old(text, colons),
        }
    }
}

/// Python's `os.pathsep`.
const fn os_separator() -> char {
    if cfg!(windows) { ';' } else { ':' }
}

/// Drops items that are empty, strips the others: an item of spaces stays, as an empty one.
fn split_char(text: &str, separator: char) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut items = Vec::new();
    for item in text.split(separator) {
        if !item.is_empty() {
            let stripped = strip_range(item);
            items.push(start + stripped.start..start + stripped.end);
        }
        start += item.len() + separator.len_utf8();
    }
    items
}

/// Splits at `, *` or ` +` (or `:`) and keeps every item.
fn split_old(text: &str, colons: bool) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut items = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < bytes.len() {
        let end = at;
        match bytes[at] {
            b',' | b' ' => {
                at += 1;
                while bytes.get(at) == Some(&b' ') {
                    at += 1;
                }
            }
            b':' if colons => at += 1,
            _ => {
                at += 1;
                continue;
            }
        }
        items.push(start..end);
        start = at;
    }
    items.push(start..bytes.len());
    items
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;

    /// The answers are those of Python's `re.split` and of Alembic's comprehension.
    fn check(separator: Separator, text: &str, expected: &[&str]) {
        let items: Vec<_> = separator.split(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(items, expected, "{text:?}");
    }

    #[test]
    fn old_rule_keeps_empty_items() {
        let old = Separator::Old { colons: false };
        check(old, "a, b,", &["a", "b", ""]);
        check(old, "a ,b", &["a", "", "b"]);
        check(old, "a,  b   c", &["a", "b", "c"]);
        check(old, "a:b", &["a:b"]);
        check(old, "a\nb", &["a\nb"]);
        check(old, ",", &["", ""]);
    }

    #[test]
    fn old_rule_for_prepend_sys_path_splits_colons_too() {
        check(Separator::Old { colons: true }, ".:src, x", &[".", "src", "x"]);
        check(Separator::Old { colons: true }, "a: b", &["a", "", "b"]);
    }

    #[test]
    fn named_separators_drop_items_empty_before_stripping() {
        check(Separator::named(":").unwrap(), "a:: b :", &["a", "b"]);
        check(Separator::named(";").unwrap(), "a; ;b", &["a", "", "b"]);
        check(Separator::named("newline").unwrap(), "\na\n\n  b", &["a", "b"]);
        check(Separator::named("space").unwrap(), "a  b\nc", &["a", "b\nc"]);
        assert_eq!(Separator::named("os "), None);
        assert_eq!(Separator::named("OS"), None);
    }
}
