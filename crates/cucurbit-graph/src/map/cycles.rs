//! Cycles: the test by which Alembic rejects a chain, and the cycles which that test lets pass.

use std::collections::BTreeMap;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex as GraphIndex};

use super::fault::{Answered, Fault};
use super::walk::{Edge, NodeSet};
use super::{Key, KeyIndex, NodeIndex, RevisionMap, index, python};

/// Where the walks of the cycle test begin. Rows with one id are all here, also the overtaken.
pub(super) struct Ends {
    pub(super) heads: Vec<NodeIndex>,
    pub(super) real_heads: Vec<NodeIndex>,
    pub(super) bases: Vec<NodeIndex>,
    pub(super) real_bases: Vec<NodeIndex>,
}

impl RevisionMap {
    /// Returns the cycles over parents and dependencies that Alembic's own test lets pass.
    ///
    /// Each is the set of revisions that reach each other, in load order; the cycles are in the
    /// order of their first revisions. Linear in the number of edges.
    pub fn hidden_cycles(&self) -> Vec<Vec<String>> {
        let mut cycles: Vec<Vec<u32>> = kosaraju_scc(&self.down_graph())
            .into_iter()
            .map(|part| part.into_iter().map(|key| index(key.index())).collect::<Vec<_>>())
            .filter(|part| part.len() > 1 || part.iter().any(|key| self.names_itself(*key)))
            .collect();
        for cycle in &mut cycles {
            cycle.sort_unstable();
        }
        cycles.sort_unstable();
        cycles.iter().map(|cycle| self.names(cycle).into_iter().map(str::to_owned).collect()).collect()
    }

    fn down_graph(&self) -> DiGraph<(), ()> {
        let mut graph = DiGraph::with_capacity(self.keys.len(), self.keys.len());
        for _ in &self.keys {
            graph.add_node(());
        }
        for node in self.revisions() {
            for key in &node.all_down {
                graph.add_edge(GraphIndex::new(node.key as usize), GraphIndex::new(*key as usize), ());
            }
        }
        graph
    }

    fn names_itself(&self, key: KeyIndex) -> bool {
        !self.key(key).is_label && self.node(self.end(key)).all_down.contains(&key)
    }

    /// Alembic's test: every revision must be reachable both from above and from below.
    pub(super) fn check_cycles(&self, ends: &Ends, dangling: &BTreeMap<NodeIndex, Fault>) -> Answered<()> {
        if self.keys.is_empty() {
            return Ok(());
        }
        let plain = ("CycleDetected", "Cycle");
        self.check_reach(plain, (&ends.heads, Edge::Parents), (&ends.bases, Edge::Next), dangling)?;
        let with_dependencies = ("DependencyCycleDetected", "Dependency cycle");
        let down = (ends.real_heads.as_slice(), Edge::AllDown);
        self.check_reach(with_dependencies, down, (&ends.real_bases, Edge::AllNext), dangling)
    }

    fn check_reach(
        &self,
        (class, what): (&'static str, &'static str),
        down: (&[NodeIndex], Edge),
        up: (&[NodeIndex], Edge),
        dangling: &BTreeMap<NodeIndex, Fault>,
    ) -> Answered<()> {
        let ids = || self.keys.iter().filter(|key| !key.is_label);
        if down.0.is_empty() || up.0.is_empty() {
            let revisions = ids().map(|key| key.name.clone()).collect();
            return Err(Fault::Loop { class, what, revisions });
        }
        let from_above = self.covered(down, dangling)?;
        let from_below = self.covered(up, dangling)?;
        let is_lost = |key: &&Key| {
            let own = self.key_by_name[&key.name] as usize;
            !from_above[own] || !from_below[own]
        };
        let mut revisions: Vec<String> = ids().filter(is_lost).map(|key| key.name.clone()).collect();
        if revisions.is_empty() {
            return Ok(());
        }
        revisions.sort_unstable();
        Err(Fault::Loop { class, what, revisions })
    }

    /// Which keys a walk reaches; labels and missing parents make it fail.
    fn covered(
        &self,
        (starts, edge): (&[NodeIndex], Edge),
        dangling: &BTreeMap<NodeIndex, Fault>,
    ) -> Answered<Vec<bool>> {
        let mut seen = NodeSet::new(self.nodes.len());
        let mut covered = vec![false; self.keys.len()];
        let mut todo: Vec<NodeIndex> = starts.iter().rev().copied().collect();
        while let Some(node) = todo.pop() {
            if !seen.insert(node) {
                continue;
            }
            if matches!(edge, Edge::Parents | Edge::AllDown)
                && let Some(fault) = dangling.get(&node)
            {
                return Err(fault.clone());
            }
            for key in self.edges(node, edge) {
                if self.key(*key).is_label {
                    return Err(Fault::missing_key(python::quoted(&self.key(*key).name)));
                }
                todo.push(self.end(*key));
            }
            covered[self.node(node).key as usize] = true;
        }
        Ok(covered)
    }

    pub(super) fn set_ends(&mut self, ends: &Ends) {
        let keys = |nodes: &[NodeIndex]| nodes.iter().map(|node| self.node(*node).key).collect();
        let (heads, real_heads) = (keys(&ends.heads), keys(&ends.real_heads));
        let (bases, real_bases) = (keys(&ends.bases), keys(&ends.real_bases));
        (self.heads, self.real_heads) = (heads, real_heads);
        (self.bases, self.real_bases) = (bases, real_bases);
    }

    /// Notes the length of the longest path below each node, so that walks can leave out what lies
    /// too deep. With cycles there is no such length, and nothing can be left out.
    pub(super) fn measure_depths(&mut self) {
        self.depths = self.longest_paths().unwrap_or_else(|| vec![0; self.nodes.len()]);
    }

    fn longest_paths(&self) -> Option<Vec<u32>> {
        // Overtaken rows are on nobody's way down, so they may count as endlessly high.
        let mut depths = vec![u32::MAX; self.nodes.len()];
        let mut above: Vec<Vec<NodeIndex>> = vec![Vec::new(); self.nodes.len()];
        let mut missing = vec![0_usize; self.nodes.len()];
        let mut ready = Vec::new();
        for key in self.keys.iter().filter(|key| !key.is_label) {
            let down = self.edges(key.node, Edge::Normalized);
            missing[key.node as usize] = down.len();
            depths[key.node as usize] = 0;
            for edge in down {
                above[self.end(*edge) as usize].push(key.node);
            }
            if down.is_empty() {
                ready.push(key.node);
            }
        }
        let mut left = self.revisions().count();
        while let Some(node) = ready.pop() {
            left -= 1;
            for child in &above[node as usize] {
                let child = *child as usize;
                depths[child] = depths[child].max(depths[node as usize] + 1);
                missing[child] -= 1;
                if missing[child] == 0 {
                    ready.push(index(child));
                }
            }
        }
        (left == 0).then_some(depths)
    }
}

#[cfg(test)]
mod tests {
    use crate::map::testing::{fault, map};

    #[test]
    fn a_ring_alone_names_every_revision_in_load_order() {
        assert_eq!(fault("c: b\nb: a\na: c"), "CycleDetected: Cycle is detected in revisions (c, b, a)");
    }

    #[test]
    fn a_ring_beside_a_chain_is_named_sorted() {
        assert_eq!(fault("x\ny: x\nc: b\nb: c"), "CycleDetected: Cycle is detected in revisions (b, c)");
    }

    #[test]
    fn a_ring_between_base_and_head_loads_and_is_found_by_us() {
        let map = map("a\nb: a d\nc: b\nd: c\ne: d");
        assert_eq!(map.hidden_cycles(), [["b", "c", "d"]]);
        assert!(crate::map::testing::map("a\nb: a").hidden_cycles().is_empty());
    }

    #[test]
    fn a_dependency_on_the_own_label_below_a_head_is_a_hidden_cycle() {
        let map = map("a\nb: a > x #x\nc: b");
        assert_eq!(map.hidden_cycles(), [["b"]]);
    }
}
