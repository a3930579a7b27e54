//! Values as text: for people, and as Python's `str` and `repr`.

use super::host::{Arguments, Host};
use super::run::Evaluator;
use super::value::{Term, TermKind, Value};

/// How much of a value is shown.
const MAX_SHOWN: usize = 200;

impl<H: Host> Evaluator<'_, H> {
    /// Returns a short text of a value, in Python's manner.
    #[must_use]
    pub fn describe(&self, value: &Value) -> String {
        let mut out = String::new();
        describe(value, &mut out, 0);
        out
    }
}

fn describe(value: &Value, out: &mut String, depth: usize) {
    if depth > 6 || out.len() > MAX_SHOWN {
        out.push('…');
        return;
    }
    match value {
        Value::None => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Int(int) => out.push_str(&int.to_string()),
        Value::Float(float) => out.push_str(&float_text(*float)),
        Value::Str(text) => out.push_str(&repr_text(text)),
        Value::Bytes(_) => out.push_str("b'…'"),
        Value::Tuple(items) => list(items, "(", ")", out, depth),
        Value::List(items) => list(&items.borrow(), "[", "]", out, depth),
        Value::Set(items) => list(&items.borrow(), "{", "}", out, depth),
        Value::Dict(items) => {
            out.push('{');
            for (at, (key, value)) in items.borrow().iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                describe(key, out, depth + 1);
                out.push_str(": ");
                describe(value, out, depth + 1);
                if out.len() > MAX_SHOWN {
                    break;
                }
            }
            out.push('}');
        }
        Value::Ellipsis => out.push_str("..."),
        Value::Function(function) | Value::Method(function, _) | Value::Generator(function, _) => {
            out.push_str(&function.name);
        }
        Value::Class(class) => out.push_str(&class.name),
        Value::Instance(instance) => match instance.attribute("name") {
            Some(Value::Str(name)) if instance.attribute("value").is_some() => {
                out.push_str(&format!("{}.{name}", instance.class.name));
            }
            _ => {
                out.push_str(&instance.class.name);
                arguments(&instance.arguments, "(", ")", out, depth);
            }
        },
        Value::Super(class, _) => out.push_str(&format!("super({})", class.name)),
        Value::Module(_) => out.push_str("<module>"),
        Value::External(name) => out.push_str(name.strip_prefix("builtins.").unwrap_or(name)),
        Value::Native(native) => {
            describe(&native.receiver, out, depth + 1);
            out.push('.');
            out.push_str(&native.name);
        }
        Value::Term(term) => describe_term(term, out, depth),
        Value::Host(object) => out.push_str(&format!("{object:?}").chars().take(60).collect::<String>()),
        Value::Import(_) => out.push_str("<import>"),
        Value::Unknown(unknown) => {
            out.push_str("<unknown: ");
            out.push_str(&unknown.reason);
            out.push('>');
        }
    }
}

fn describe_term(term: &Term, out: &mut String, depth: usize) {
    match term.kind {
        TermKind::Call | TermKind::Subscript => {
            describe(&term.callee, out, depth + 1);
            let (open, close) = if term.kind == TermKind::Call { ("(", ")") } else { ("[", "]") };
            arguments(&term.arguments, open, close, out, depth);
        }
        TermKind::Attribute => {
            describe(&term.callee, out, depth + 1);
            out.push('.');
            out.push_str(&term.name);
        }
        TermKind::Operation => match term.arguments.positional.as_slice() {
            [left, right] => {
                describe(left, out, depth + 1);
                out.push_str(&format!(" {} ", term.name));
                describe(right, out, depth + 1);
            }
            operands => {
                out.push_str(&term.name);
                list(operands, "(", ")", out, depth);
            }
        },
    }
}

fn arguments(arguments: &Arguments, open: &str, close: &str, out: &mut String, depth: usize) {
    out.push_str(open);
    let mut first = true;
    for value in &arguments.positional {
        if !std::mem::take(&mut first) {
            out.push_str(", ");
        }
        describe(value, out, depth + 1);
    }
    for (name, value) in &arguments.keywords {
        if !std::mem::take(&mut first) {
            out.push_str(", ");
        }
        out.push_str(name);
        out.push('=');
        describe(value, out, depth + 1);
    }
    if arguments.open {
        out.push_str(if first { "**…" } else { ", **…" });
    }
    out.push_str(close);
}

fn list(items: &[Value], open: &str, close: &str, out: &mut String, depth: usize) {
    out.push_str(open);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        describe(item, out, depth + 1);
        if out.len() > MAX_SHOWN {
            break;
        }
    }
    out.push_str(close);
}

/// Returns a float as Python prints it.
pub(super) fn float_text(float: f64) -> String {
    if float.is_finite() && float.fract() == 0.0 && float.abs() < 1e16 {
        format!("{float:.1}")
    } else {
        format!("{float}")
    }
}

/// Returns a string as Python's `repr` prints it.
pub(super) fn repr_text(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
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
            c if (c as u32) < 0x20 || c as u32 == 0x7f => out.push_str(&format!("\\x{:02x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}
