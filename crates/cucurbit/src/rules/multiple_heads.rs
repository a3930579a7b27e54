//! The chain ends in more than one head.

use super::text::{ids, list, shell_word};
use crate::case::Case;
use crate::finding::{Finding, Severity, Tie};
use cucurbit_alembic::Field;
use cucurbit_graph::Node;
use std::collections::{BTreeSet, HashSet};

info!("GRA007", "multiple-heads", Warning, "multiple_heads.md", "The chain ends in more than one head.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let graph = case.graph();
    let heads = sure_heads(case);
    // Each revision whose parents cannot be told may stand on one of them, if that does not stand on it.
    let may_stand_on = |node: Node| heads.iter().any(|head| *head != node && !graph.is_ancestor(node, *head));
    let unknown = graph.defined().filter(|node| graph.has_unknown_parents(*node) && may_stand_on(*node)).count();
    if heads.len() < 2 + unknown {
        return;
    }
    let unlabelled = heads.len() - apart(case, &heads);
    if unlabelled == 0 {
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
    .severity(if unlabelled == 1 { Severity::Note } else { Severity::Warning })
    .label("one head")
    .revisions(&names)
    .why("`alembic upgrade head` stops with `Multiple head revisions are present for given argument 'head'`, and so does `alembic revision` unless it is told which one to follow; `alembic upgrade heads` works");
    for head in heads.iter().skip(1).filter_map(|head| case.row_of(*head)) {
        finding = finding.also(case.id_place(head), "another head");
    }
    let forks = forks(case, &heads);
    let words: Vec<String> = names.iter().map(|id| shell_word(id)).collect();
    let merge = format!("`alembic merge {}` joins them", words.join(" "));
    finding = if forks.is_empty() {
        finding
            .cause(match graph.missing().next() {
                Some(_) => "a lost revision stood between them",
                None => "they end chains that have no revision in common",
            })
            .help(format!("{merge}; if they are meant to be apart, give each chain a branch label"))
    } else {
        finding
            .cause("two branches of the code each added a migration on the same parent")
            .help(format!("{merge}; a head that was never released can instead be put on top of the other"))
    };
    for &fork in &forks {
        if let Some(row) = case.row_of(fork) {
            finding = finding.also(case.id_place(row), format!("they fork here, at `{}`", graph.id(fork)));
        }
    }
    // A revision whose child went missing is a head only because of that, unless they fork anyway.
    for missing in graph.missing().filter(|_| forks.is_empty()) {
        finding = finding.follows_from(Tie::Missing(graph.id(missing).to_owned()));
    }
    for node in graph.defined().filter(|node| graph.rows(*node).len() > 1) {
        finding = finding.follows_from(Tie::Duplicate(graph.id(node).to_owned()));
    }
    out.push(finding);
}

/// Returns the heads that no file names as parent, not even one whose own id cannot be told. A
/// revision that names itself is another rule's.
fn sure_heads(case: &Case) -> Vec<Node> {
    let graph = case.graph();
    let named: HashSet<Node> = graph.parent_references().map(|reference| reference.target).collect();
    graph.heads().into_iter().filter(|head| !named.contains(head)).collect()
}

/// Returns how many heads stand in lineages that are apart on purpose: their heads have a branch label
/// that no other head has. Labels reach everything above the revision that declares them.
fn apart(case: &Case, heads: &[Node]) -> usize {
    let graph = case.graph();
    if (0..case.files().len()).all(|row| case.facts(row).branch_labels == Field::Absent) {
        return 0;
    }
    let labels: Vec<BTreeSet<&str>> = heads
        .iter()
        .map(|head| {
            let lineage = graph.ancestors(*head).into_iter().chain([*head]);
            let rows = lineage.flat_map(|node| graph.rows(node));
            rows.flat_map(|row| case.facts(*row).branch_labels.strings()).map(|(label, _)| label).collect()
        })
        .collect();
    let is_own = |label: &&str| labels.iter().filter(|set| set.contains(*label)).count() == 1;
    labels.iter().filter(|set| set.iter().any(is_own)).count()
}

/// Returns the branch points nearest to the heads that more than one of them goes back to, in load
/// order.
fn forks(case: &Case, heads: &[Node]) -> Vec<Node> {
    let graph = case.graph();
    let below: Vec<HashSet<Node>> =
        heads.iter().take(8).map(|head| graph.ancestors(*head).into_iter().collect()).collect();
    let shared = |node: &Node| below.iter().filter(|set| set.contains(node)).count() > 1;
    let branch_points = graph.branch_points();
    let common: Vec<Node> = branch_points.into_iter().filter(shared).collect();
    let under_another = |node: &Node| graph.children(*node).iter().filter(|child| shared(child)).count() > 0;
    common.into_iter().filter(|node| !under_another(node)).collect()
}
