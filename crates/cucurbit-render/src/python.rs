//! Python expressions, laid out as `ruff format` lays them out.

/// The longest line.
const WIDTH: usize = 88;

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Py {
    /// A text that is written as it is.
    Raw(String),
    /// `head(items)`.
    Call(String, Vec<Py>),
    /// `[items]`.
    List(Vec<Py>),
    /// `{key: value}`.
    Dict(Vec<(Py, Py)>),
    /// `name=value`.
    Keyword(String, Box<Py>),
}

impl Py {
    pub(crate) fn raw(text: impl Into<String>) -> Self {
        Py::Raw(text.into())
    }

    pub(crate) fn str(text: &str) -> Self {
        Py::Raw(string(text))
    }

    pub(crate) fn call(head: &str, items: Vec<Py>) -> Self {
        Py::Call(head.to_owned(), items)
    }

    pub(crate) fn strings(items: &[String]) -> Self {
        Py::List(items.iter().map(|i| Py::str(i)).collect())
    }

    pub(crate) fn keyword(name: &str, value: Py) -> Self {
        Py::Keyword(name.to_owned(), Box::new(value))
    }

    /// The expression on one line.
    pub(crate) fn flat(&self) -> String {
        match self {
            Py::Raw(text) => text.clone(),
            Py::Call(head, items) => format!("{head}({})", flat(items)),
            Py::List(items) => format!("[{}]", flat(items)),
            Py::Dict(items) => {
                let items: Vec<String> =
                    items.iter().map(|(k, v)| format!("{}: {}", k.flat(), v.flat())).collect();
                format!("{{{}}}", items.join(", "))
            }
            Py::Keyword(name, value) => format!("{name}={}", value.flat()),
        }
    }

    /// The expression at an indent, over lines where it does not fit; `behind` is what follows on the last line.
    pub(crate) fn lay(&self, indent: usize, before: usize, behind: usize) -> String {
        let flat = self.flat();
        let fits = !flat.contains('\n') && indent + before + flat.chars().count() + behind <= WIDTH;
        if fits {
            return flat;
        }
        let inner = " ".repeat(indent + 4);
        let close = " ".repeat(indent);
        let rows = |items: &[Py]| -> String {
            items.iter().map(|item| format!("{inner}{},\n", item.lay(indent + 4, 0, 1))).collect()
        };
        match self {
            Py::Raw(_) => flat,
            Py::Call(head, items) if items.is_empty() => format!("{head}()"),
            Py::Call(head, items) => {
                // All arguments together on a line of their own, if they fit there.
                let together = crate::python::flat(items);
                if !together.contains('\n') && indent + 4 + together.chars().count() <= WIDTH {
                    return format!("{head}(\n{inner}{together}\n{close})");
                }
                format!("{head}(\n{}{close})", rows(items))
            }
            Py::List(items) if items.is_empty() => "[]".to_owned(),
            Py::List(items) => format!("[\n{}{close}]", rows(items)),
            Py::Dict(items) => {
                let rows: String = items
                    .iter()
                    .map(|(k, v)| {
                        let key = k.flat();
                        format!("{inner}{key}: {},\n", v.lay(indent + 4, key.chars().count() + 2, 1))
                    })
                    .collect();
                format!("{{\n{rows}{close}}}")
            }
            Py::Keyword(name, value) => {
                format!("{name}={}", value.lay(indent, before + name.len() + 1, behind))
            }
        }
    }
}

fn flat(items: &[Py]) -> String {
    items.iter().map(Py::flat).collect::<Vec<_>>().join(", ")
}

/// Writes a string as a Python literal that means just that string.
pub(crate) fn string(text: &str) -> String {
    let quote = if text.contains('"') && !text.contains('\'') { '\'' } else { '"' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                out.push_str(&escape(c));
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

fn escape(c: char) -> String {
    let code = u32::from(c);
    if code < 0x100 { format!("\\x{code:02x}") } else { format!("\\u{code:04x}") }
}

/// Writes a statement: over several lines in triple quotes where it has several.
pub(crate) fn statement(text: &str) -> String {
    let plain = text.contains('\n')
        && !text.contains('\\')
        && !text.contains("\"\"\"")
        && !text.ends_with('"')
        && text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control());
    if plain { format!("\"\"\"{text}\"\"\"") } else { string(text) }
}

#[cfg(test)]
mod tests {
    use super::{Py, string};

    #[test]
    fn strings_mean_themselves() {
        assert_eq!(string("a"), "\"a\"");
        assert_eq!(string("a\"b"), "'a\"b'");
        assert_eq!(string("a\"'b"), "\"a\\\"'b\"");
        assert_eq!(string("a\\\n\u{202e}"), "\"a\\\\\\n\\u202e\"");
    }

    #[test]
    fn long_calls_go_over_lines() {
        let short = Py::call("f", vec![Py::str("a"), Py::keyword("b", Py::raw("1"))]);
        assert_eq!(short.lay(4, 0, 0), "f(\"a\", b=1)");
        let long = Py::call("f", vec![Py::str(&"a".repeat(50)), Py::str(&"b".repeat(40))]);
        assert_eq!(
            long.lay(4, 0, 0),
            format!("f(\n        \"{}\",\n        \"{}\",\n    )", "a".repeat(50), "b".repeat(40))
        );
    }
}
