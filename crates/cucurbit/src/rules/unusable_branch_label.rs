//! A branch label that no command can name.

use super::text::id_or_file;
use crate::case::Case;
use crate::finding::Finding;

info!(
    "GRA013",
    "unusable-branch-label",
    Warning,
    "unusable_branch_label.md",
    "A branch label that Alembic's commands cannot name."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for row in 0..case.files().len() {
        for (label, span) in case.facts(row).branch_labels.strings() {
            let Some(reason) = reason(label) else { continue };
            let owner = id_or_file(case, row);
            out.push(
                Finding::new(
                    &INFO,
                    case.place(row, Some(span)),
                    format!("branch label `{label}` of `{owner}` {reason}"),
                )
                .label("cannot be used in `label@head`")
                .revision(&owner)
                .why("Alembic does not check labels; the fault shows when a command names it")
                .help("use letters, digits and underscores"),
            );
        }
    }
}

/// Source: the identifier grammar of `RevisionMap`, which splits at the first `@` and reads
/// `-N`, `+N` and the symbols before anything else.
fn reason(label: &str) -> Option<&'static str> {
    if label.is_empty() {
        Some("is empty")
    } else if matches!(label, "head" | "heads" | "base") {
        Some("is a word that Alembic reads as a symbol")
    } else if label.contains('@') {
        Some("contains `@`, at which Alembic splits")
    } else if label.contains(':') {
        Some("contains `:`, which makes a range")
    } else if has_signed_number(label) {
        Some("contains a sign before a digit, which Alembic reads as a relative step")
    } else {
        None
    }
}

fn has_signed_number(label: &str) -> bool {
    label.as_bytes().windows(2).any(|pair| matches!(pair[0], b'+' | b'-') && pair[1].is_ascii_digit())
}
