//! An id is the beginning of another one.

use crate::case::Case;
use crate::finding::Finding;

info!("GRA017", "ambiguous-prefix", Note, "ambiguous_prefix.md", "An id is the beginning of another one, so short forms of the longer one mean the shorter.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let graph = case.graph();
    let mut sorted: Vec<(&str, cucurbit_graph::Node)> = graph.defined().map(|node| (graph.id(node), node)).collect();
    sorted.sort_unstable();
    for pair in sorted.windows(2) {
        let [(short, node), (long, other)] = pair else { continue };
        if short.chars().count() < 4 || !long.starts_with(short) {
            continue;
        }
        let (Some(row), Some(longer)) = (case.row_of(*node), case.row_of(*other)) else { continue };
        out.push(
            Finding::new(&INFO, case.id_place(row), format!("`{short}` is the beginning of `{long}`"))
                .label("the shorter id")
                .also(case.id_place(longer), "the longer id")
                .revision(*short)
                .revision(*long)
                .why(format!("a command that names `{short}` means this revision even when `{long}` was meant, and no short form of up to that length reaches `{long}`"))
                .help("write ids out in scripts and runbooks"),
        );
    }
}
