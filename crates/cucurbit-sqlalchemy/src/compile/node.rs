//! A part of an expression, and when brackets go around it.

use cucurbit_python::eval::Value;

/// What an expression gives, as far as operators ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Whole,
    Number,
    Boolean,
    Json,
    Array,
    Other,
    Unknown,
}

/// A part of an expression.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) text: String,
    /// The operator on top; empty for what is never put in brackets.
    pub(super) operator: String,
    /// How strongly that operator binds.
    pub(super) binding: i32,
    pub(super) kind: Kind,
    /// The same negated, where that has an operator of its own.
    pub(super) negated: Option<Box<Node>>,
    /// `true` and `false`.
    pub(super) constant: Option<bool>,
    /// The type as Python has it, for values that stand beside.
    pub(super) data_type: Option<Value>,
    /// Parts of a concatenation on MySQL.
    pub(super) joined: Vec<String>,
}

impl Node {
    /// Makes a part that needs no brackets.
    pub(super) fn atom(text: impl Into<String>, kind: Kind) -> Self {
        Node {
            text: text.into(),
            operator: String::new(),
            binding: i32::MAX,
            kind,
            negated: None,
            constant: None,
            data_type: None,
            joined: Vec::new(),
        }
    }

    /// Makes a part with an operator on top.
    pub(super) fn operation(text: String, operator: &str, binding: i32, kind: Kind) -> Self {
        Node { operator: operator.to_owned(), binding, ..Node::atom(text, kind) }
    }

    /// Adds the negated form.
    pub(super) fn or_negated(mut self, negated: Node) -> Self {
        let mut negated = negated;
        negated.negated = Some(Box::new(Node { negated: None, ..self.clone() }));
        self.negated = Some(Box::new(negated));
        self
    }

    /// The text as operand of an operator that binds so strongly.
    pub(super) fn beside(&self, operator: &str, binding: i32) -> String {
        if self.operator.is_empty()
            || (self.operator == operator && joins_itself(operator))
            || self.binding > binding
        {
            self.text.clone()
        } else {
            format!("({})", self.text)
        }
    }

    /// The text where anything with an operator is put in brackets.
    pub(super) fn grouped(&self) -> String {
        if self.operator.is_empty() { self.text.clone() } else { format!("({})", self.text) }
    }
}

fn joins_itself(operator: &str) -> bool {
    matches!(operator, "AND" | "OR" | "+" | "*" | "||")
}

/// How strongly an operator binds in SQLAlchemy's eyes.
pub(super) fn binding(operator: &str) -> i32 {
    match operator {
        "->" | "->>" | "#>" | "#>>" | "[]" => 15,
        "*" | "/" | "//" | "%" | "neg" => 8,
        "+" | "-" | "&" | "|" | "^" | "<<" | ">>" => 7,
        "COLLATE" => 4,
        "AND" => 3,
        "OR" => 2,
        _ => 5,
    }
}
