//! Parents and dependencies together lead back to where they started.

use super::cycle::{Ring, report};
use crate::case::Case;
use crate::finding::Finding;
use cucurbit_graph::RowIndex;

info!(
    "GRA016",
    "dependency-cycle",
    Error,
    "dependency_cycle.md",
    "Parents and dependencies together lead back to where they started."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for ring in case.graph().dependency_cycles() {
        out.push(report(case, &INFO, &ring, Ring::Dependencies));
    }
    for base in case.graph().bases() {
        let rows = case.graph().rows(base).iter();
        out.extend(rows.filter_map(|row| empty_dependency(case, case.graph().id(base), *row)));
    }
}

/// A base with an empty text for `depends_on` depends on nothing and is no base either: Alembic finds
/// no beginning below it and calls that a cycle.
fn empty_dependency(case: &Case, id: &str, row: RowIndex) -> Option<Finding> {
    let field = &case.facts(row).depends_on;
    if !matches!(field.strings().as_slice(), [("", _)]) {
        return None;
    }
    let message = format!("`depends_on` of the base `{id}` is the empty string, which is not `None`");
    let finding = Finding::new(&INFO, case.place(row, field.span()), message)
        .label("depends on a revision without a name")
        .revision(id)
        .why("every Alembic command stops with `Dependency cycle is detected in revisions …`, because it finds no base to begin with")
        .cause("the id was removed and the quotes were left")
        .help("write `None`");
    Some(finding)
}
