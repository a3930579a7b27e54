//! The parent is the empty string.

use super::text::id_or_file;
use crate::case::Case;
use crate::finding::{Finding, Tie};

info!(
    "GRA011",
    "empty-parent", Error, "empty_parent.md", "The parent is the empty string, which is not `None`."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let graph = case.graph();
    for reference in
        graph.parent_references().filter(|r| graph.id(r.target).is_empty() && graph.is_missing(r.target))
    {
        let owner = id_or_file(case, reference.row);
        out.push(
            Finding::new(
                &INFO,
                case.parent_place(reference.row, reference.position),
                format!("the parent of `{owner}` is the empty string"),
            )
            .label("a reference to a revision without a name")
            .revision(&owner)
            .why("every Alembic command stops with `KeyError: ''`: only `None` makes a base")
            .cause("the id was removed and the quotes were left")
            .help("write `None` if this is the base, else the id of the parent")
            .explains(Tie::Missing(String::new())),
        );
    }
}
