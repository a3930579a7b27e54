//! Small pieces of wording that several rules share.

use crate::case::Case;
use cucurbit_graph::{Node, RowIndex};

/// Returns `` `a`, `b` and `c` ``; a long list is cut and counted.
pub(super) fn list<S: AsRef<str>>(ids: &[S]) -> String {
    const SHOWN: usize = 6;
    let quoted: Vec<String> = ids.iter().take(SHOWN).map(|id| format!("`{}`", id.as_ref())).collect();
    if ids.len() > SHOWN {
        return format!("{} and {} more", quoted.join(", "), ids.len() - SHOWN);
    }
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// Returns the ids of nodes.
pub(super) fn ids(case: &Case, nodes: &[Node]) -> Vec<String> {
    nodes.iter().map(|node| case.graph().id(*node).to_owned()).collect()
}

/// Returns the name of a row's file.
pub(super) fn file_name(case: &Case, row: RowIndex) -> String {
    case.path(row).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Returns the id of a row for messages, or its file's name.
pub(super) fn id_or_file(case: &Case, row: RowIndex) -> String {
    match case.graph().node_of_row(row) {
        Some(node) => case.graph().id(node).to_owned(),
        None => file_name(case, row),
    }
}

/// Returns `one head` or `3 heads`.
pub(super) fn count(number: usize, singular: &str, plural: &str) -> String {
    match number {
        1 => format!("one {singular}"),
        _ => format!("{number} {plural}"),
    }
}

/// Tells whether a message of Alembic names the id, as a word of its own.
pub(super) fn mentions(message: &str, id: &str) -> bool {
    let is_edge = |c: Option<char>| c.is_none_or(|c| !(c.is_alphanumeric() || c == '_'));
    message.match_indices(id).any(|(at, found)| {
        let (before, after) = (&message[..at], &message[at + found.len()..]);
        is_edge(before.chars().next_back()) && is_edge(after.chars().next())
    })
}

/// Returns the text as one word of a shell, so that a command with it can be pasted.
pub(super) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/');
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn words_cannot_leave_their_place() {
        assert_eq!(shell_word("a1_b.2"), "a1_b.2");
        assert_eq!(shell_word("a; rm -rf ."), "'a; rm -rf .'");
        assert_eq!(shell_word("it's"), "'it'\\''s'");
        assert_eq!(shell_word("-x"), "'-x'");
        assert_eq!(shell_word(""), "''");
    }
}
