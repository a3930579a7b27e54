//! An id that is a word of Alembic's own.

use crate::case::Case;
use crate::finding::Finding;

info!("IDS003", "reserved-id", Error, "reserved_id.md", "An id is a word that Alembic reads as a symbol.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for node in case.graph().defined() {
        let id = case.graph().id(node);
        if !matches!(id, "head" | "heads" | "base" | "current" | "") {
            continue;
        }
        let Some(row) = case.row_of(node) else { continue };
        let message = if id.is_empty() { "the id is empty".to_owned() } else { format!("the id `{id}` is a word of Alembic's own") };
        out.push(
            Finding::new(&INFO, case.id_place(row), message)
                .label("cannot be named on the command line")
                .revision(id)
                .why("listings accept it, but a command that names it means something else, and `alembic upgrade` stops in an AssertionError")
                .help("give it a random id, and change what names it as parent"),
        );
    }
}
