//! An id that is a word of Alembic's own.

use crate::case::Case;
use crate::finding::{Finding, Severity};

info!("IDS003", "reserved-id", Error, "reserved_id.md", "An id is a word that Alembic reads as a symbol.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for node in case.graph().defined() {
        let id = case.graph().id(node);
        let Some((severity, why)) = meaning(id) else { continue };
        let Some(row) = case.row_of(node) else { continue };
        let message = if id.is_empty() {
            "the id is the empty string".to_owned()
        } else {
            format!("the id `{id}` is a word of Alembic's own")
        };
        out.push(
            Finding::new(&INFO, case.id_place(row), message)
                .severity(severity)
                .label("not a name for a revision")
                .revision(id)
                .why(why)
                .help("give it a random id, and change what names it as parent"),
        );
    }
}

/// Returns how bad such an id is and what comes of it, as seen with Alembic 1.20.
fn meaning(id: &str) -> Option<(Severity, &'static str)> {
    Some(match id {
        "head" | "heads" => (
            Severity::Error,
            "the version table then holds this word, which Alembic reads as the newest revision: later migrations count as applied and are never run",
        ),
        "base" => (
            Severity::Error,
            "`alembic history` and `alembic upgrade` stop with an `AssertionError`: the word means an empty database",
        ),
        "current" => {
            (Severity::Note, "in ranges of `alembic history` the word means the revision of the database")
        }
        "" => (Severity::Warning, "no command can name it, and the version table holds an empty text"),
        _ => return None,
    })
}
