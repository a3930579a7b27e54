//! A parent is named by a branch label.

use super::text::id_or_file;
use crate::case::Case;
use crate::finding::{Finding, Tie};

info!("GRA014", "label-as-parent", Error, "label_as_parent.md", "A parent is named by a branch label.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let graph = case.graph();
    for reference in graph.parent_references().filter(|r| graph.is_missing(r.target)) {
        let label = graph.id(reference.target);
        let Some(holder) = graph.label_owner(label) else { continue };
        let owner = id_or_file(case, reference.row);
        let mut finding = Finding::new(
            &INFO,
            case.parent_place(reference.row, reference.position),
            format!("the parent of `{owner}` is the branch label `{label}`, not an id"),
        )
        .label("a branch label")
        .revision(&owner)
        .revision(graph.id(holder))
        .why(format!("every Alembic command stops with `KeyError: '{label}'`; labels work on the command line and in `depends_on` only"))
        .help("name the id of the revision that this one follows")
        .explains(Tie::Missing(label.to_owned()));
        if let Some(row) = case.row_of(holder) {
            finding = finding
                .also(case.place(row, case.facts(row).branch_labels.span()), "the label is declared here");
        }
        out.push(finding);
    }
}
