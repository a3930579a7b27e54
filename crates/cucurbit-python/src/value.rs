//! What an expression is worth, as far as that can be told without running it.

use cucurbit_text::Span;

/// A folded expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number that fits 64 bits.
    Int(i64),
    /// A string, implicit and explicit concatenation done.
    Str(String),
    /// A tuple.
    Tuple(Vec<Item>),
    /// A list.
    List(Vec<Item>),
    /// A set display; Python gives its items in no fixed order.
    Set(Vec<Item>),
    /// Something that cannot be told without running the file.
    Unknown(Unknown),
}

/// One item of a tuple, list or set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What the item is worth.
    pub value: Value,
    /// Where the item stands.
    pub span: Span,
}

/// Why a value cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// A name that the module does not bind to a known value.
    Name(String),
    /// A name that an import binds: module as written (leading dots kept) and the name in it.
    Imported {
        /// The module, with its leading dots.
        module: String,
        /// The path of names inside the module, joined by dots; empty for the module itself.
        name: String,
    },
    /// The result of a call; the text of what is called.
    Call(String),
    /// An f-string with a part that cannot be told.
    FormattedString,
    /// Bound inside `if`, `try`, a loop or another block, so it depends on what runs.
    Conditional,
    /// Bound by unpacking, `for`, `with`, `import`, `def`, `class` or `del`, not by an assignment.
    NotAssigned,
    /// A star import, `exec` or `globals()` may bind it.
    MayBeBoundElsewhere,
    /// A merge conflict offers several values.
    Conflict(Vec<String>),
    /// A syntax error touches the value; what could be seen of it.
    Damaged(String),
    /// Any other expression, by its kind.
    Expression(&'static str),
}

impl Value {
    /// Returns the string, when it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the items of a tuple, list or set.
    #[must_use]
    pub fn items(&self) -> Option<&[Item]> {
        match self {
            Value::Tuple(items) | Value::List(items) | Value::Set(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the strings of a sequence in which every item is a string.
    #[must_use]
    pub fn strings(&self) -> Option<Vec<&str>> {
        self.items()?.iter().map(|item| item.value.as_str()).collect()
    }

    /// Returns the first reason, in source order, for which the value is not wholly known.
    #[must_use]
    pub fn unknown(&self) -> Option<&Unknown> {
        match self {
            Value::Unknown(why) => Some(why),
            // Sequences are never deeper than the folding limit, so this recursion is bounded.
            _ => self.items()?.iter().find_map(|item| item.value.unknown()),
        }
    }
}

impl std::fmt::Display for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unknown::Name(name) => {
                write!(f, "it is the value of `{name}`, which this file does not bind to a literal")
            }
            Unknown::Imported { module, name } if name.is_empty() => write!(f, "it is the module `{module}`"),
            Unknown::Imported { module, name } => write!(f, "it is `{name}` of the module `{module}`"),
            Unknown::Call(what) => write!(f, "it is what `{what}(...)` returns"),
            Unknown::FormattedString => f.write_str("it is an f-string with a computed part"),
            Unknown::Conditional => f.write_str("it is bound inside a block, so it depends on what runs"),
            Unknown::NotAssigned => f.write_str("it is not bound by a plain assignment"),
            Unknown::MayBeBoundElsewhere => f.write_str("a star import, `exec` or `globals()` may bind it"),
            Unknown::Conflict(values) => write!(f, "a merge conflict offers {}", values.join(" and ")),
            Unknown::Damaged(_) => f.write_str("a syntax error touches it"),
            Unknown::Expression(kind) => write!(f, "it is {kind}"),
        }
    }
}
