//! One revision of a loaded map, with the attributes that Alembic derives for it.
//!
//! Views borrow from the map and compute nothing that costs more than the list they return.

use super::{Node, RevisionMap};

/// A revision of a loaded map.
#[derive(Debug, Clone, Copy)]
pub struct RevisionView<'m> {
    pub(super) map: &'m RevisionMap,
    pub(super) node: &'m Node,
}

impl<'m> RevisionView<'m> {
    /// Returns the id.
    pub fn id(&self) -> &'m str {
        &self.node.id
    }

    /// Returns the index of the row that defines the revision, the later one of a repeated id.
    ///
    /// Revisions that were added after the load count on from there.
    pub fn row(&self) -> usize {
        self.node.row
    }

    /// Returns the docstring without the white space around it.
    pub fn doc(&self) -> &'m str {
        &self.node.doc
    }

    /// Returns the parents as declared; one that is named twice is here twice.
    pub fn down(&self) -> Vec<&'m str> {
        self.map.names(&self.node.down)
    }

    /// Returns the parents, then the resolved dependencies, without repeats.
    pub fn all_down(&self) -> Vec<&'m str> {
        self.map.names(&self.node.all_down)
    }

    /// Returns the parents, then those dependencies which no ancestor declares too, without repeats.
    pub fn normalized_down(&self) -> Vec<&'m str> {
        self.map.names(&self.node.normalized_down)
    }

    /// Returns the ids to which `depends_on` leads, as declared.
    pub fn resolved_dependencies(&self) -> Vec<&'m str> {
        self.map.names(&self.node.resolved)
    }

    /// Returns the children, in load order.
    pub fn next(&self) -> Vec<&'m str> {
        self.map.names(&self.node.next)
    }

    /// Returns the children and the dependents, in load order.
    pub fn all_next(&self) -> Vec<&'m str> {
        self.map.names(&self.node.all_next)
    }

    /// Returns the branch labels that hold here, sorted.
    pub fn labels(&self) -> Vec<&'m str> {
        self.map.labels_of(self.node)
    }

    /// Whether the revision has no children.
    pub fn is_head(&self) -> bool {
        self.node.is_head()
    }

    /// Whether nothing follows the revision or depends on it.
    pub fn is_real_head(&self) -> bool {
        self.node.is_real_head()
    }

    /// Whether the revision has no parents.
    pub fn is_base(&self) -> bool {
        self.node.is_base
    }

    /// Whether the revision has neither parents nor dependencies.
    pub fn is_real_base(&self) -> bool {
        self.node.is_real_base()
    }

    /// Whether the revision has more than one child.
    pub fn is_branch_point(&self) -> bool {
        self.node.is_branch_point()
    }

    /// Whether the revision has more than one child or dependent.
    pub fn is_real_branch_point(&self) -> bool {
        self.node.is_real_branch_point()
    }

    /// Whether the revision has more than one parent.
    pub fn is_merge_point(&self) -> bool {
        self.node.is_merge_point()
    }
}
