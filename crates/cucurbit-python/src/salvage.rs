//! Assignments that a person would still see in a file that does not parse.
//!
//! Only names that the parser did not find are added, and only from lines that begin with them.

use crate::module::{Binding, Module};
use crate::scan::logical_line_end;
use crate::value::Value;
use cucurbit_text::Span;

/// How long one assignment may be.
const MAX_ASSIGNMENT: usize = 4_096;
/// How many lines are looked at as assignments.
const MAX_CANDIDATES: usize = 2_000;

/// Adds the assignments of names that `module` does not bind.
pub(crate) fn add_missing_bindings(text: &str, module: &mut Module) {
    let mut added: Vec<Binding> = Vec::new();
    let mut tried = 0;
    for start in line_starts(text) {
        let Some(name) = assigned_name(&text[start..]) else { continue };
        tried += 1;
        if tried > MAX_CANDIDATES {
            break;
        }
        if module.bindings.iter().any(|b| b.name == name && !matches!(b.value, Value::Unknown(_))) {
            continue;
        }
        added.extend(read_assignment(text, start, name));
    }
    for binding in added {
        // A binding that was found but not understood gives way to what the line says.
        module.bindings.retain(|b| b.name_span.start != binding.name_span.start);
        module.bindings.push(binding);
    }
    module.bindings.sort_by_key(|b| b.name_span.start);
}

fn line_starts(text: &str) -> impl Iterator<Item = usize> + '_ {
    let first = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    std::iter::once(first).chain(memchr::memchr2_iter(b'\n', b'\r', text.as_bytes()).map(|at| at + 1))
}

/// Returns the name when the line reads `name =`, `name: T =`; not `name ==` or `name(`.
fn assigned_name(line: &str) -> Option<&str> {
    let end = line.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
    let name = &line[..end];
    if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return None;
    }
    let rest = line[end..].trim_start_matches([' ', '\t']);
    let assigns = rest.starts_with('=') && !rest.starts_with("==");
    (assigns || rest.starts_with(':')).then_some(name)
}

fn read_assignment(text: &str, start: usize, name: &str) -> Option<Binding> {
    let mut end = logical_line_end(text.as_bytes(), start, MAX_ASSIGNMENT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // A bracket that is never closed takes in the lines below; then the first line must do.
    let line_end = start + text[start..].find(['\n', '\r']).unwrap_or(text.len() - start);
    let found = binding_in(text, start, end, name)?;
    if matches!(found.value, Value::Unknown(_)) && line_end < end {
        return binding_in(text, start, line_end, name).or(Some(found));
    }
    Some(found)
}

fn binding_in(text: &str, start: usize, end: usize, name: &str) -> Option<Binding> {
    let piece = Module::read_piece(&text[start..end]);
    let mut binding = piece.bindings.into_iter().find(|b| b.name == name)?;
    let shift = |span: Span| Span::of(span.start as usize + start, span.end as usize + start);
    binding.name_span = shift(binding.name_span);
    binding.value_span = shift(binding.value_span);
    if let Value::Tuple(items) | Value::List(items) | Value::Set(items) = &mut binding.value {
        for item in items {
            item.span = shift(item.span);
        }
    }
    Some(binding)
}
