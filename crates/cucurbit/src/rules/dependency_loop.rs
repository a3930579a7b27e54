//! A revision depends on itself.

use crate::case::Case;
use crate::finding::{Finding, Tie};

info!("GRA015", "dependency-loop", Error, "dependency_loop.md", "A revision depends on itself.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let graph = case.graph();
    for reference in graph.dependency_references().filter(|r| graph.node_of_row(r.row) == Some(r.target)) {
        let id = graph.id(reference.target);
        out.push(
            Finding::new(
                &INFO,
                case.dependency_place(reference.row, reference.position),
                format!("revision `{id}` depends on itself"),
            )
            .label("the revision itself")
            .revision(id)
            .why(format!("every Alembic command stops with `Dependency self-loop is detected in revisions ({id})`, or with a cycle when a label names it"))
            .help("name the revision of the other branch, or remove the dependency")
            .explains(Tie::Ring(id.to_owned())),
        );
    }
}
