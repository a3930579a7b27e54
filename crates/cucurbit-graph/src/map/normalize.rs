//! Which dependencies of a revision count: those that no ancestor declares already.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::{Answered, Fault};
use super::load::unique;
use super::walk::{Edge, NodeSet};
use super::{KeyIndex, NodeIndex, RevisionMap};

impl RevisionMap {
    /// The dependencies that more than one revision declares. Only these can be struck out.
    pub(super) fn shared_dependencies(&self) -> BTreeSet<KeyIndex> {
        let (mut once, mut twice) = (BTreeSet::new(), BTreeSet::new());
        for node in &self.nodes {
            for key in unique(node.resolved.iter().copied()) {
                if !once.insert(key) {
                    twice.insert(key);
                }
            }
        }
        twice
    }

    pub(super) fn has_label_parents(&self) -> bool {
        self.nodes.iter().flat_map(|node| &node.down).any(|key| self.key(*key).is_label)
    }

    /// Sets the dependencies of a revision less those of its ancestors through parents.
    ///
    /// Given the shared dependencies, the walk ends as soon as nothing is left to strike out.
    pub(super) fn normalize(
        &mut self,
        node: NodeIndex,
        shared: Option<&BTreeSet<KeyIndex>>,
        dangling: &BTreeMap<NodeIndex, Fault>,
    ) -> Answered<()> {
        let mut kept: BTreeSet<KeyIndex> = self.node(node).resolved.iter().copied().collect();
        if !kept.is_empty() {
            self.strike_out(node, &mut kept, shared, dangling)?;
        }
        let this = &mut self.nodes[node as usize];
        this.normalized = unique(this.resolved.iter().copied().filter(|key| kept.contains(key)));
        this.normalized_down = unique(this.down.iter().chain(&this.normalized).copied());
        Ok(())
    }

    fn strike_out(
        &self,
        node: NodeIndex,
        kept: &mut BTreeSet<KeyIndex>,
        shared: Option<&BTreeSet<KeyIndex>>,
        dangling: &BTreeMap<NodeIndex, Fault>,
    ) -> Answered<()> {
        let is_open = |kept: &BTreeSet<KeyIndex>| shared.is_none_or(|shared| !kept.is_disjoint(shared));
        if !is_open(kept) {
            return Ok(());
        }
        let mut seen = NodeSet::new(self.nodes.len());
        let mut todo = vec![node];
        while let Some(reached) = todo.pop() {
            if !seen.insert(reached) {
                continue;
            }
            if let Some(fault) = dangling.get(&reached) {
                return Err(fault.clone());
            }
            for key in self.edges(reached, Edge::Parents) {
                if self.key(*key).is_label {
                    return Err(Fault::broken_map());
                }
                todo.push(self.end(*key));
            }
            if reached == node {
                continue;
            }
            kept.retain(|key| !self.node(reached).resolved.contains(key));
            if !is_open(kept) {
                return Ok(());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::map::testing::map;

    fn normalized(chain: &str, id: &str) -> String {
        map(chain).revision(id).map(|view| view.normalized_down().join(" ")).unwrap_or_default()
    }

    #[test]
    fn a_dependency_of_an_ancestor_is_struck_out() {
        assert_eq!(normalized("x\na > x\nb: a\nc: b > x", "c"), "b");
    }

    #[test]
    fn a_dependency_that_is_an_ancestor_stays() {
        assert_eq!(normalized("a\nb: a\nc: b > a", "c"), "b a");
    }

    #[test]
    fn dependencies_keep_their_declared_order() {
        assert_eq!(normalized("x\ny\na > y x", "a"), "y x");
    }
}
