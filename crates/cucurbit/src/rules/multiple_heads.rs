//! The chain ends in more than one head.

use super::text::{ids, list};
use crate::case::Case;
use crate::finding::{Finding, Tie};
use cucurbit_graph::Node;
use std::collections::HashSet;

info!("GRA007", "multiple-heads", Warning, "multiple_heads.md", "The chain ends in more than one head.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let graph = case.graph();
    let heads: Vec<Node> = graph.heads().into_iter().filter(|head| !stands_alone(case, *head)).collect();
    if heads.len() < 2 || are_apart(case, &heads) {
        return;
    }
    let names = ids(case, &heads);
    let first = heads[0];
    let Some(row) = case.row_of(first) else { return };
    let mut finding = Finding::new(
        &INFO,
        case.id_place(row),
        format!("the chain has {} heads: {}", heads.len(), list(&names)),
    )
    .label("one head")
    .revisions(&names)
    .why("`alembic upgrade head` and `alembic revision` stop with `Multiple head revisions are present for given argument 'head'`; `alembic upgrade heads` works")
    .cause("two branches of the code each added a migration on the same parent")
    .help(format!("`alembic merge {}` joins them; a head that was never released can instead be put on top of the other", names.join(" ")));
    for head in heads.iter().skip(1).filter_map(|head| case.row_of(*head)) {
        finding = finding.also(case.id_place(head), "another head");
    }
    for fork in forks(case, &heads) {
        if let Some(row) = case.row_of(fork) {
            finding = finding.also(case.id_place(row), format!("they fork here, at `{}`", graph.id(fork)));
        }
    }
    // A revision whose child went missing is a head only because of that.
    for missing in graph.missing() {
        finding = finding.follows_from(Tie::Missing(graph.id(missing).to_owned()));
    }
    for node in graph.defined().filter(|node| graph.rows(*node).len() > 1) {
        finding = finding.follows_from(Tie::Duplicate(graph.id(node).to_owned()));
    }
    out.push(finding);
}

/// A revision in a ring of its own is another rule's.
fn stands_alone(case: &Case, head: Node) -> bool {
    case.graph().parents(head).contains(&head)
}

/// Heads of lineages that are apart on purpose: every one carries a branch label of its own.
fn are_apart(case: &Case, heads: &[Node]) -> bool {
    let Some(map) = case.alembic().map() else { return false };
    let labels: Vec<HashSet<&str>> = heads
        .iter()
        .filter_map(|head| map.revision(case.graph().id(*head)))
        .map(|view| view.labels().into_iter().collect())
        .collect();
    let shared = |label: &&str| labels.iter().filter(|set| set.contains(*label)).count() > 1;
    labels.len() == heads.len() && labels.iter().all(|set| set.iter().any(|label| !shared(label)))
}

/// Returns the branch points nearest to the heads that more than one of them goes back to, in load
/// order.
fn forks(case: &Case, heads: &[Node]) -> Vec<Node> {
    let graph = case.graph();
    let below: Vec<HashSet<Node>> = heads.iter().take(8).map(|head| graph.ancestors(*head).into_iter().collect()).collect();
    let shared = |node: &Node| below.iter().filter(|set| set.contains(node)).count() > 1;
    let branch_points = graph.branch_points();
    let common: Vec<Node> = branch_points.into_iter().filter(shared).collect();
    let under_another = |node: &Node| graph.children(*node).iter().filter(|child| shared(child)).count() > 0;
    common.into_iter().filter(|node| !under_another(node)).collect()
}
