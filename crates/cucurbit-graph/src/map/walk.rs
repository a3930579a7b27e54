//! Walks over the edges of a loaded map, and the sets they fill.
//!
//! Every walk keeps its own stack, so the length of a chain does not matter.

use super::fault::{Answered, Fault};
use super::{KeyIndex, NodeIndex, RevisionMap};

/// Which edges a walk follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// To the parents.
    Parents,
    /// To the parents and the dependencies that no ancestor declares too.
    Normalized,
    /// To the parents and all dependencies.
    AllDown,
    /// To the children.
    Next,
    /// To the children and dependents.
    AllNext,
}

/// A set of nodes, which gives them back in load order.
#[derive(Debug, Clone)]
pub(super) struct NodeSet {
    present: Vec<bool>,
}

impl NodeSet {
    pub(super) fn new(size: usize) -> Self {
        NodeSet { present: vec![false; size] }
    }

    pub(super) fn insert(&mut self, node: NodeIndex) -> bool {
        !std::mem::replace(&mut self.present[node as usize], true)
    }

    pub(super) fn remove(&mut self, node: NodeIndex) {
        self.present[node as usize] = false;
    }

    pub(super) fn contains(&self, node: NodeIndex) -> bool {
        self.present[node as usize]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = NodeIndex> {
        (0_u32..).zip(&self.present).filter(|(_, present)| **present).map(|(node, _)| node)
    }

    pub(super) fn retain(&mut self, keep: impl Fn(NodeIndex) -> bool) {
        for (node, present) in (0_u32..).zip(&mut self.present) {
            *present = *present && keep(node);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.present.iter().filter(|present| **present).count()
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.present.contains(&true)
    }
}

impl RevisionMap {
    pub(super) fn edges(&self, node: NodeIndex, edge: Edge) -> &[KeyIndex] {
        let node = self.node(node);
        match edge {
            Edge::Parents => &node.down,
            Edge::Normalized => &node.normalized_down,
            Edge::AllDown => &node.all_down,
            Edge::Next => &node.next,
            Edge::AllNext => &node.all_next,
        }
    }

    pub(super) fn set_of(&self, nodes: impl IntoIterator<Item = NodeIndex>) -> NodeSet {
        let mut set = NodeSet::new(self.nodes.len());
        for node in nodes {
            set.insert(node);
        }
        set
    }

    /// All nodes that can be reached, the starts included, in the order of a depth-first walk that
    /// takes the last edge first.
    pub(super) fn walk(&self, starts: &[NodeIndex], edge: Edge) -> Vec<NodeIndex> {
        let mut seen = NodeSet::new(self.nodes.len());
        let mut found = Vec::new();
        for start in starts {
            let mut todo = vec![*start];
            while let Some(node) = todo.pop() {
                if seen.insert(node) {
                    todo.extend(self.edges(node, edge).iter().map(|key| self.end(*key)));
                    found.push(node);
                }
            }
        }
        found
    }

    pub(super) fn reached(&self, starts: &[NodeIndex], edge: Edge) -> NodeSet {
        self.set_of(self.walk(starts, edge))
    }

    /// Walks like [`Self::walk`], but refuses starts that meet each other on the way.
    pub(super) fn walk_checked(&self, starts: &[NodeIndex], edge: Edge) -> Answered<Vec<NodeIndex>> {
        self.walk_checked_until(starts, edge, |_| false)
    }

    /// Walks like [`Self::walk_checked`] until it is enough; what is not walked is not checked.
    pub(super) fn walk_checked_until(
        &self,
        starts: &[NodeIndex],
        edge: Edge,
        mut is_enough: impl FnMut(NodeIndex) -> bool,
    ) -> Answered<Vec<NodeIndex>> {
        let requested = self.set_of(starts.iter().copied());
        let mut seen = NodeSet::new(self.nodes.len());
        let mut found = Vec::new();
        for start in starts {
            let mut met = Vec::new();
            let mut todo = vec![*start];
            while let Some(node) = todo.pop() {
                if node != *start && requested.contains(node) {
                    met.push(node);
                }
                if !seen.insert(node) {
                    continue;
                }
                todo.extend(self.edges(node, edge).iter().map(|key| self.end(*key)));
                found.push(node);
                if is_enough(node) {
                    return Ok(found);
                }
            }
            if !met.is_empty() {
                return Err(self.overlap(*start, met));
            }
        }
        Ok(found)
    }

    fn overlap(&self, start: NodeIndex, mut met: Vec<NodeIndex>) -> Fault {
        met.sort_unstable();
        let mut names: Vec<&str> = Vec::new();
        for node in met {
            let id = self.node(node).id.as_str();
            if !names.contains(&id) {
                names.push(id);
            }
        }
        Fault::revision(format!(
            "Requested revision {} overlaps with other requested revisions {}",
            self.node(start).id,
            names.join(", ")
        ))
    }
}
