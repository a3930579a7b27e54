//! Two ids that differ by case alone.

use crate::case::Case;
use crate::finding::Finding;
use cucurbit_graph::Node;
use rustc_hash::FxHashMap;

info!("IDS005", "case-clash", Warning, "case_clash.md", "Two ids differ by case alone.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let graph = case.graph();
    let is_lower = |id: &str| id.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if graph.defined().all(|node| is_lower(graph.id(node))) {
        return;
    }
    let mut first: FxHashMap<String, Node> = FxHashMap::default();
    for node in graph.defined() {
        let id = graph.id(node);
        let before = *first.entry(id.to_lowercase()).or_insert(node);
        if before == node {
            continue;
        }
        let (Some(row), Some(other)) = (case.row_of(node), case.row_of(before)) else { continue };
        let earlier = graph.id(before);
        out.push(
            Finding::new(&INFO, case.id_place(row), format!("`{id}` and `{earlier}` differ by case alone"))
                .label("one spelling")
                .also(case.id_place(other), "the other spelling")
                .revision(id)
                .revision(earlier)
                .why("Alembic tells them apart; a case-insensitive collation of the version table, a file system and people do not")
                .help("give one of them another id"),
        );
    }
}
