//! An id with a character that Alembic's identifiers use.

use crate::case::Case;
use crate::finding::Finding;
use std::collections::BTreeSet;

info!(
    "IDS004",
    "forbidden-character",
    Error,
    "forbidden_character.md",
    "An id contains a character that Alembic does not allow."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for node in case.graph().defined() {
        let id = case.graph().id(node);
        let bad: BTreeSet<char> = id.chars().filter(|c| matches!(c, '@' | '-' | '+' | ':')).collect();
        let Some(row) = case.row_of(node).filter(|_| !bad.is_empty()) else { continue };
        let listed = bad.iter().map(char::to_string).collect::<Vec<_>>().join(", ");
        out.push(
            Finding::new(&INFO, case.id_place(row), format!("the id `{id}` contains {}", quoted(&bad)))
                .label("not allowed in an id")
                .revision(id)
                .why(format!("every Alembic command stops with `Character(s) '{listed}' not allowed in revision identifier '{id}'`"))
                .cause("the id was written by hand, as a date or a file name")
                .help("use letters, digits and underscores, and change what names it as parent"),
        );
    }
}

fn quoted(characters: &BTreeSet<char>) -> String {
    super::text::list(&characters.iter().map(char::to_string).collect::<Vec<_>>())
}
