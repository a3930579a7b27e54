//! Folds expressions to values: literals, names of the same module, concatenation.

use crate::value::{Item, Unknown, Value};
use cucurbit_text::Span;
use ruff_python_ast::{self as ast, Expr, Operator};
use ruff_text_size::{Ranged, TextRange};
use std::collections::HashMap;

/// How deep sequences and operators are followed.
const MAX_DEPTH: usize = 100;
/// How long a folded string or sequence may become.
const MAX_LENGTH: usize = 1 << 20;

/// The names that the statements read so far have bound.
#[derive(Debug, Default)]
pub(crate) struct Names {
    values: HashMap<String, Value>,
}

impl Names {
    pub(crate) fn bind(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    fn value(&self, name: &str) -> Value {
        self.values.get(name).cloned().unwrap_or_else(|| Value::Unknown(Unknown::Name(name.to_owned())))
    }
}

pub(crate) fn span(range: TextRange) -> Span {
    Span::new(range.start().to_u32(), range.end().to_u32())
}

/// Returns what `expression` is worth, given the names bound before it.
pub(crate) fn fold(expression: &Expr, names: &Names) -> Value {
    fold_at(expression, names, 0)
}

fn fold_at(expression: &Expr, names: &Names, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Unknown(Unknown::Expression("nested too deep"));
    }
    match expression {
        Expr::NoneLiteral(_) => Value::None,
        Expr::BooleanLiteral(literal) => Value::Bool(literal.value),
        Expr::NumberLiteral(literal) => number(literal),
        Expr::StringLiteral(literal) => Value::Str(literal.value.to_str().to_owned()),
        Expr::FString(literal) => formatted(literal, names, depth),
        Expr::Tuple(tuple) => sequence(&tuple.elts, names, depth).map_or_else(Value::Unknown, Value::Tuple),
        Expr::List(list) => sequence(&list.elts, names, depth).map_or_else(Value::Unknown, Value::List),
        Expr::Set(set) => sequence(&set.elts, names, depth).map_or_else(Value::Unknown, Value::Set),
        // The parser's stand-in for an expression that is not there.
        Expr::Name(name) if name.id.is_empty() => Value::Unknown(Unknown::Damaged(String::new())),
        Expr::Name(name) => names.value(name.id.as_str()),
        Expr::Attribute(attribute) => attribute_value(attribute, names, depth),
        Expr::BinOp(operation) if operation.op == Operator::Add => sum(operation, names, depth),
        Expr::Call(call) => {
            Value::Unknown(Unknown::Call(dotted(&call.func).unwrap_or_else(|| "…".to_owned())))
        }
        Expr::Named(named) => fold_at(&named.value, names, depth + 1),
        other => Value::Unknown(Unknown::Expression(kind(other))),
    }
}

fn number(literal: &ast::ExprNumberLiteral) -> Value {
    match &literal.value {
        ast::Number::Int(int) => {
            int.as_i64().map_or(Value::Unknown(Unknown::Expression("a large number")), Value::Int)
        }
        _ => Value::Unknown(Unknown::Expression("a number")),
    }
}

fn sequence(elements: &[Expr], names: &Names, depth: usize) -> Result<Vec<Item>, Unknown> {
    let mut items = Vec::with_capacity(elements.len().min(64));
    for element in elements.iter().take(MAX_LENGTH) {
        if let Expr::Starred(starred) = element {
            match fold_at(&starred.value, names, depth + 1) {
                Value::Tuple(inner) | Value::List(inner) => items.extend(inner),
                _ => return Err(Unknown::Expression("unpacked from a value that cannot be told")),
            }
        } else {
            items.push(Item { value: fold_at(element, names, depth + 1), span: span(element.range()) });
        }
    }
    Ok(items)
}

/// Adds strings, tuples and lists. The left spine is walked in a loop: long sums lean left.
fn sum(operation: &ast::ExprBinOp, names: &Names, depth: usize) -> Value {
    let mut terms = vec![&*operation.right];
    let mut left = &*operation.left;
    while let Expr::BinOp(inner) = left
        && inner.op == Operator::Add
    {
        terms.push(&inner.right);
        left = &inner.left;
    }
    terms.push(left);
    let mut total = None;
    for term in terms.into_iter().rev() {
        let value = fold_at(term, names, depth + 1);
        total = Some(match total {
            None => value,
            Some(before) => add(before, value),
        });
    }
    total.unwrap_or(Value::Unknown(Unknown::Expression("a sum")))
}

fn add(left: Value, right: Value) -> Value {
    match (left, right) {
        (Value::Unknown(why), _) | (_, Value::Unknown(why)) => Value::Unknown(why),
        (Value::Str(a), Value::Str(b)) if a.len() + b.len() <= MAX_LENGTH => Value::Str(a + &b),
        (Value::Tuple(mut a), Value::Tuple(b)) if a.len() + b.len() <= MAX_LENGTH => {
            a.extend(b);
            Value::Tuple(a)
        }
        (Value::List(mut a), Value::List(b)) if a.len() + b.len() <= MAX_LENGTH => {
            a.extend(b);
            Value::List(a)
        }
        _ => Value::Unknown(Unknown::Expression("a sum")),
    }
}

fn formatted(literal: &ast::ExprFString, names: &Names, depth: usize) -> Value {
    let mut text = String::new();
    for part in literal.value.as_slice() {
        match part {
            ast::FStringPart::Literal(plain) => text.push_str(plain.as_str()),
            ast::FStringPart::FString(inner) => {
                for element in &inner.elements {
                    match element {
                        ast::InterpolatedStringElement::Literal(plain) => text.push_str(&plain.value),
                        ast::InterpolatedStringElement::Interpolation(hole) => {
                            let plain = hole.debug_text.is_none()
                                && hole.format_spec.is_none()
                                && hole.conversion == ast::ConversionFlag::None;
                            match fold_at(&hole.expression, names, depth + 1) {
                                Value::Str(value) if plain => text.push_str(&value),
                                Value::Int(value) if plain => text.push_str(&value.to_string()),
                                _ => return Value::Unknown(Unknown::FormattedString),
                            }
                        }
                    }
                }
            }
        }
        if text.len() > MAX_LENGTH {
            return Value::Unknown(Unknown::FormattedString);
        }
    }
    Value::Str(text)
}

fn attribute_value(attribute: &ast::ExprAttribute, names: &Names, depth: usize) -> Value {
    match fold_at(&attribute.value, names, depth + 1) {
        Value::Unknown(Unknown::Imported { module, name }) => {
            let name = if name.is_empty() {
                attribute.attr.to_string()
            } else {
                format!("{name}.{}", attribute.attr)
            };
            Value::Unknown(Unknown::Imported { module, name })
        }
        Value::Unknown(Unknown::Name(name)) => {
            Value::Unknown(Unknown::Name(format!("{name}.{}", attribute.attr)))
        }
        _ => Value::Unknown(Unknown::Expression("an attribute")),
    }
}

/// Returns `a.b.c` for a chain of names, at most [`MAX_DEPTH`] long.
pub(crate) fn dotted(expression: &Expr) -> Option<String> {
    let mut parts = Vec::new();
    let mut at = expression;
    loop {
        match at {
            Expr::Attribute(attribute) if parts.len() < MAX_DEPTH => {
                parts.push(attribute.attr.as_str());
                at = &attribute.value;
            }
            Expr::Name(name) => {
                parts.push(name.id.as_str());
                parts.reverse();
                return Some(parts.join("."));
            }
            _ => return None,
        }
    }
}

fn kind(expression: &Expr) -> &'static str {
    match expression {
        Expr::If(_) => "a conditional expression",
        Expr::BinOp(_) | Expr::BoolOp(_) | Expr::UnaryOp(_) | Expr::Compare(_) => "the result of an operator",
        Expr::Subscript(_) => "taken out of a container",
        Expr::Dict(_) => "a dictionary",
        Expr::BytesLiteral(_) => "a bytes literal",
        Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) | Expr::Generator(_) => "a comprehension",
        Expr::Lambda(_) => "a lambda",
        Expr::TString(_) => "a template string",
        _ => "an expression",
    }
}
