//! A merge joins a revision with one that it already stands on.

use super::text::id_or_file;
use crate::case::Case;
use crate::finding::Finding;

info!(
    "GRA009",
    "ancestor-merge", Warning, "ancestor_merge.md", "A merge joins a revision with its own ancestor."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let graph = case.graph();
    for row in 0..case.files().len() {
        let parents = graph.parents_of_row(row);
        if parents.len() < 2 {
            continue;
        }
        for (position, &parent) in parents.iter().enumerate() {
            let Some(&above) =
                parents.iter().find(|other| **other != parent && graph.is_ancestor(parent, **other))
            else {
                continue;
            };
            if graph.is_ancestor(above, parent)
                || graph.node_of_row(row).is_some_and(|merge| graph.is_ancestor(merge, above))
            {
                continue; // They stand in a ring, which is that rule's to say.
            }
            let (low, high, merge) = (graph.id(parent), graph.id(above), id_or_file(case, row));
            out.push(
                Finding::new(
                    &INFO,
                    case.parent_place(row, position),
                    format!("`{merge}` merges `{low}`, which is already an ancestor of its other parent `{high}`"),
                )
                .label(format!("already below `{high}`"))
                .revision(&merge)
                .revision(low)
                .revision(high)
                .why("Alembic accepts it in silence and takes the revision for a merge: `alembic downgrade -1` stops here with `Ambiguous walk`, and beside two true parents the upgrade itself fails")
                .cause("the merge was made before the other branch was put on top of this one")
                .help(format!("name `{high}` alone as the parent")),
            );
        }
    }
}
