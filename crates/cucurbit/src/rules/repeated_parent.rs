//! A revision names the same parent twice.

use super::text::id_or_file;
use crate::case::Case;
use crate::finding::Finding;

info!("GRA010", "repeated-parent", Warning, "repeated_parent.md", "A revision names the same parent twice.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let graph = case.graph();
    for row in 0..case.files().len() {
        let parents = graph.parents_of_row(row);
        for (position, parent) in parents.iter().enumerate().skip(1) {
            let Some(first) = parents[..position].iter().position(|p| p == parent) else { continue };
            let (id, owner) = (graph.id(*parent), id_or_file(case, row));
            out.push(
                Finding::new(
                    &INFO,
                    case.parent_place(row, position),
                    format!("`{owner}` names its parent `{id}` twice"),
                )
                .label("again")
                .also(case.parent_place(row, first), "first here")
                .revision(&owner)
                .revision(id)
                .why("Alembic keeps both and treats the revision as a merge of one branch with itself")
                .cause("both sides of a merge conflict were kept, or a second parent was mistyped")
                .help(format!("name `{id}` once, or write the parent that was meant")),
            );
        }
    }
}
