//! An id is the beginning of another one.

use super::text::list;
use crate::case::Case;
use crate::finding::Finding;
use cucurbit_graph::Node;

info!(
    "GRA017",
    "ambiguous-prefix",
    Note,
    "ambiguous_prefix.md",
    "An id is the beginning of another one, so a short form of the longer one means the shorter."
);

/// Alembic takes no shorter text for a part of an id.
const SHORTEST: usize = 4;
/// So many longer ids are named.
const NAMED: usize = 5;

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let graph = case.graph();
    let mut sorted: Vec<(&str, Node)> = graph.defined().map(|node| (graph.id(node), node)).collect();
    sorted.sort_unstable();
    for (index, (short, node)) in sorted.iter().enumerate() {
        if short.chars().count() < SHORTEST {
            continue;
        }
        let longer = sorted[index + 1..].iter().take_while(|(id, _)| id.starts_with(short)).take(NAMED);
        let (ids, nodes): (Vec<&str>, Vec<Node>) = longer.copied().unzip();
        let Some(row) = case.row_of(*node).filter(|_| !ids.is_empty()) else { continue };
        let named = list(&ids);
        let mut finding =
            Finding::new(&INFO, case.id_place(row), format!("`{short}` is the beginning of {named}"))
                .label("the shorter id")
                .revision(*short)
                .revisions(ids)
                .why(format!("a command that is given `{short}` takes this revision, even when the beginning of another was meant"))
                .help("write ids out in scripts and runbooks");
        for row in nodes.into_iter().filter_map(|node| case.row_of(node)) {
            finding = finding.also(case.id_place(row), "a longer id");
        }
        out.push(finding);
    }
}
