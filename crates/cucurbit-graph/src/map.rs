//! Alembic's revision map: what Alembic itself makes of a chain, answer for answer and fault for fault.
//!
//! It gives the answers of Alembic 1.20.1 in its stable order (load order, declared order, labels by
//! name), and refuses the chains which Alembic refuses. It neither repairs nor tolerates anything;
//! a chain that does not load has no map. Two things it does not share: it never loops for ever, and
//! it finds the cycles that Alembic lets pass.
//!
//! ```
//! use cucurbit_graph::{RevisionMap, RevisionRow};
//!
//! let a = RevisionRow { revision: "a".into(), ..RevisionRow::default() };
//! let b = RevisionRow { revision: "b".into(), down_revision: "a".into(), ..RevisionRow::default() };
//! let map = RevisionMap::load(&[a, b]).outcome?;
//! assert_eq!(map.heads(), ["b"]);
//! assert_eq!(map.resolve("head")?, Some("b"));
//! # Ok::<(), cucurbit_graph::MapError>(())
//! ```

mod add;
mod cycles;
mod draft;
mod fault;
mod grammar;
mod identifier;
mod labels;
mod lineage;
mod listing;
mod load;
mod normalize;
mod order;
mod plan;
mod python;
mod resolve;
mod select;
mod stamp;
mod target;
mod version_table;
mod view;
mod walk;

#[cfg(test)]
mod testing;

use rustc_hash::FxHashMap as HashMap;
use std::collections::{BTreeMap, BTreeSet};

pub use fault::{ErrorKind, MapError};
pub use identifier::{Identifier, Place};
pub use plan::{Action, Plan, Step};
pub use select::Span;
pub use version_table::{BookkeepingFault, RowChange};
pub use view::RevisionView;

use fault::Answered;
use walk::Edge;

/// An answer together with the warnings that Alembic gives on the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// The value, or the error with which Alembic ends.
    pub outcome: Result<T, MapError>,
    /// The warnings, in the order in which they are given, as `UserWarning: text`.
    pub warnings: Vec<String>,
}

/// What comes of loading rows.
pub type Loaded = Answer<RevisionMap>;

/// The position of a revision in load order. Two rows with one id are two nodes.
type NodeIndex = u32;

/// The position of a name, an id or a label, in the order in which Alembic holds them.
type KeyIndex = u32;

/// A loaded chain, as Alembic holds it in memory.
#[derive(Debug, Clone, Default)]
pub struct RevisionMap {
    nodes: Vec<Node>,
    keys: Vec<Key>,
    key_by_name: HashMap<String, KeyIndex>,
    heads: Vec<KeyIndex>,
    real_heads: Vec<KeyIndex>,
    bases: Vec<KeyIndex>,
    real_bases: Vec<KeyIndex>,
    /// The length of the longest path below each node; all zero when there are cycles.
    depths: Vec<u32>,
}

/// A name by which a revision can be found.
#[derive(Debug, Clone)]
struct Key {
    name: String,
    node: NodeIndex,
    is_label: bool,
}

/// One revision. Edges name keys, because a later row with the same id takes the place of an earlier.
#[derive(Debug, Clone, Default)]
struct Node {
    id: String,
    key: KeyIndex,
    row: usize,
    doc: String,
    path: String,
    is_base: bool,
    is_repeated: bool,
    /// Whether `down_revision` is true in Python; the id `""` alone as parent is not.
    has_parents: bool,
    /// Whether the one parent came in a list within a list, which Alembic cannot look up again.
    is_parent_listed: bool,
    has_dependencies: bool,
    depends_on: Vec<String>,
    /// The keys of the labels that hold here.
    labels: BTreeSet<KeyIndex>,
    declares_labels: bool,
    down: Vec<KeyIndex>,
    resolved: Vec<KeyIndex>,
    all_down: Vec<KeyIndex>,
    normalized: Vec<KeyIndex>,
    normalized_down: Vec<KeyIndex>,
    next: Vec<KeyIndex>,
    all_next: Vec<KeyIndex>,
}

impl Node {
    fn is_head(&self) -> bool {
        self.next.is_empty()
    }

    fn is_real_head(&self) -> bool {
        self.all_next.is_empty()
    }

    fn is_real_base(&self) -> bool {
        self.is_base && !self.has_dependencies
    }

    fn is_branch_point(&self) -> bool {
        self.next.len() > 1
    }

    fn is_real_branch_point(&self) -> bool {
        self.all_next.len() > 1
    }

    fn is_merge_point(&self) -> bool {
        self.down.len() > 1
    }

    /// The docstring up to its first empty line.
    fn first_paragraph(&self) -> &str {
        self.doc.split("\n\n").next().unwrap_or_default()
    }
}

impl RevisionMap {
    /// Returns the ids in load order; a repeated id stands where it stood first.
    pub fn order(&self) -> Vec<&str> {
        self.revisions().map(|node| node.id.as_str()).collect()
    }

    /// Returns the ids of the revisions without children, in load order.
    ///
    /// A repeated id may be here twice, or be here although it has children, as in Alembic.
    pub fn heads(&self) -> Vec<&str> {
        self.names(&self.heads)
    }

    /// Returns the ids of the revisions that nothing follows or depends on, in load order.
    pub fn real_heads(&self) -> Vec<&str> {
        self.names(&self.real_heads)
    }

    /// Returns the ids of the revisions without parents, in load order.
    pub fn bases(&self) -> Vec<&str> {
        self.names(&self.bases)
    }

    /// Returns the ids of the revisions without parents and dependencies, in load order.
    pub fn real_bases(&self) -> Vec<&str> {
        self.names(&self.real_bases)
    }

    /// Returns the ids of the revisions with more than one child, in load order.
    pub fn branch_points(&self) -> Vec<&str> {
        self.revisions().filter(|node| node.is_branch_point()).map(|node| node.id.as_str()).collect()
    }

    /// Returns the ids of the revisions with more than one parent, in load order.
    ///
    /// A parent that is named twice counts twice.
    pub fn merge_points(&self) -> Vec<&str> {
        self.revisions().filter(|node| node.is_merge_point()).map(|node| node.id.as_str()).collect()
    }

    /// Returns the declaring revision of each branch label.
    pub fn label_owners(&self) -> BTreeMap<&str, &str> {
        let labels = self.keys.iter().filter(|key| key.is_label);
        labels.map(|key| (key.name.as_str(), self.node(key.node).id.as_str())).collect()
    }

    /// Returns the revision with exactly this id.
    pub fn revision(&self, id: &str) -> Option<RevisionView<'_>> {
        let key = *self.key_by_name.get(id)?;
        if self.key(key).is_label {
            return None;
        }
        Some(RevisionView { map: self, node: self.node(self.key(key).node) })
    }

    /// Returns the ids of the revisions at or below the given ones, sorted.
    ///
    /// Dependencies are followed where `dependencies` is set. With `check`, it is an error that one
    /// of the given revisions lies below another.
    pub fn ancestors(
        &self,
        of: impl Into<Identifier>,
        dependencies: bool,
        check: bool,
    ) -> Result<Vec<String>, MapError> {
        let edge = if dependencies { Edge::Normalized } else { Edge::Parents };
        Ok(self.related(&of.into(), edge, check)?)
    }

    /// Returns the ids of the revisions at or above the given ones, sorted; see [`Self::ancestors`].
    pub fn descendants(
        &self,
        of: impl Into<Identifier>,
        dependencies: bool,
        check: bool,
    ) -> Result<Vec<String>, MapError> {
        let edge = if dependencies { Edge::AllNext } else { Edge::Next };
        Ok(self.related(&of.into(), edge, check)?)
    }

    fn related(&self, of: &Identifier, edge: Edge, check: bool) -> Answered<Vec<String>> {
        let starts = self.only_revisions(&self.find_all(of)?)?;
        let found = if check { self.walk_checked(&starts, edge)? } else { self.walk(&starts, edge) };
        let mut ids: Vec<String> = found.into_iter().map(|node| self.node(node).id.clone()).collect();
        ids.sort();
        Ok(ids)
    }

    fn node(&self, index: NodeIndex) -> &Node {
        &self.nodes[index as usize]
    }

    fn key(&self, index: KeyIndex) -> &Key {
        &self.keys[index as usize]
    }

    /// The node to which an edge leads.
    fn end(&self, edge: KeyIndex) -> NodeIndex {
        self.key(edge).node
    }

    fn names(&self, keys: &[KeyIndex]) -> Vec<&str> {
        keys.iter().map(|key| self.key(*key).name.as_str()).collect()
    }

    /// The revisions that can be found by their own id, in the order of their keys.
    fn revisions(&self) -> impl Iterator<Item = &Node> {
        self.keys.iter().filter(|key| !key.is_label).map(|key| self.node(key.node))
    }

    /// The labels of a revision, sorted by name.
    fn labels_of(&self, node: &Node) -> Vec<&str> {
        let mut names: Vec<&str> = node.labels.iter().map(|label| self.key(*label).name.as_str()).collect();
        names.sort_unstable();
        names
    }
}

/// Turns a position into an index. Four thousand million rows would fill the memory long before.
fn index(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
