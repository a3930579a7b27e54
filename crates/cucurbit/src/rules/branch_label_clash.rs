//! A branch label is an id or another revision's label.

use super::text::id_or_file;
use crate::case::Case;
use crate::finding::{Finding, Place, Tie};
use std::collections::BTreeMap;

info!(
    "GRA012",
    "branch-label-clash", Error, "branch_label_clash.md", "A branch label is already an id or another label."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let mut owners: BTreeMap<&str, (usize, Place)> = BTreeMap::new();
    for row in 0..case.files().len() {
        for (label, span) in case.facts(row).branch_labels.strings() {
            let place = case.place(row, Some(span));
            let owner = id_or_file(case, row);
            let id = case.graph().node(label).filter(|node| !case.graph().is_missing(*node));
            if let Some(holder) = id.and_then(|node| case.row_of(node)) {
                let message = format!("branch label `{label}` of `{owner}` is also the id of a revision");
                out.push(
                    finding(label, &owner, place, message)
                        .also(case.id_place(holder), "the revision of that id"),
                );
            } else if let Some((first, at)) = owners.get(label) {
                let other = id_or_file(case, *first);
                let message = format!("branch label `{label}` of `{owner}` is already used by `{other}`");
                out.push(
                    finding(label, &owner, place, message)
                        .revision(other)
                        .also(at.clone(), "used first here"),
                );
            } else {
                owners.insert(label, (row, place));
            }
        }
    }
}

fn finding(label: &str, owner: &str, place: Place, message: String) -> Finding {
    Finding::new(&INFO, place, message)
        .label("this name is taken")
        .revision(owner)
        .follows_from(Tie::Duplicate(owner.to_owned()))
        .why(format!("every Alembic command stops with `Branch name '{label}' in revision … already used by revision …`"))
        .cause("a labelled migration was copied, or the label was written on every revision of the branch")
        .help("write a label once, on the first revision of its branch; the others inherit it")
}
