//! A revision names itself as parent.

use crate::case::Case;
use crate::finding::{Finding, Tie};

info!("GRA005", "self-loop", Error, "self_loop.md", "A revision names itself as parent.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let graph = case.graph();
    for reference in graph.parent_references().filter(|r| graph.node_of_row(r.row) == Some(r.target)) {
        let id = graph.id(reference.target);
        out.push(
            Finding::new(
                &INFO,
                case.parent_place(reference.row, reference.position),
                format!("revision `{id}` names itself as its parent"),
            )
            .label("the revision itself")
            .also(case.id_place(reference.row), "its own id")
            .revision(id)
            .why(format!("every Alembic command stops with `Self-loop is detected in revisions ({id})`"))
            .cause("the id was pasted into both lines, or the parent was re-written to the new id")
            .help("name the revision that stood before it, or `None` for a base")
            .explains(Tie::Ring(id.to_owned()))
            .follows_from(Tie::Duplicate(id.to_owned())),
        );
    }
}
