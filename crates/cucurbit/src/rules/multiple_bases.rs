//! More than one revision has no parent.

use super::text::{ids, list};
use crate::case::Case;
use crate::finding::{Finding, Severity};
use cucurbit_graph::Node;
use std::collections::BTreeSet;

info!("GRA008", "multiple-bases", Warning, "multiple_bases.md", "More than one revision has no parent.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let graph = case.graph();
    let bases: Vec<Node> = graph.bases();
    if bases.len() < 2 {
        return;
    }
    let labelled = |node: &Node| {
        graph.rows(*node).iter().any(|row| !case.facts(*row).branch_labels.strings().is_empty())
    };
    let unlabelled = bases.iter().filter(|node| !labelled(node)).count();
    if unlabelled == 0 {
        return; // Independent branches, each with its label: made so on purpose.
    }
    let names = ids(case, &bases);
    let Some(row) = case.row_of(bases[0]) else { return };
    let mut finding = Finding::new(
        &INFO,
        case.place(row, case.facts(row).down_revision.span()),
        format!("{} revisions have no parent: {}", bases.len(), list(&names)),
    )
    .severity(if unlabelled < bases.len() || are_meant(case, &bases) { Severity::Note } else { Severity::Warning })
    .label("one base")
    .revisions(&names)
    .why("Alembic takes this for independent chains and says nothing; which one it upgrades first depends on file names alone")
    .cause("a migration was generated without the others in place, or a parent was lost to `None`")
    .help("name the parent of all but the first, or give each its own branch label if they are meant to be apart");
    for base in bases.iter().skip(1).filter_map(|base| case.row_of(*base)) {
        finding = finding.also(case.place(base, case.facts(base).down_revision.span()), "another base");
    }
    out.push(finding);
}

/// Chains that were tied together by a merge or a dependency, or that stand in folders of their own.
fn are_meant(case: &Case, bases: &[Node]) -> bool {
    let graph = case.graph();
    let parts = graph.parts();
    let part = |node: &Node| graph.part_of(*node, &parts);
    let folders: BTreeSet<_> =
        bases.iter().filter_map(|base| case.row_of(*base)).map(|row| case.path(row).parent()).collect();
    bases.iter().all(|base| part(base) == part(&bases[0])) || folders.len() == bases.len()
}
