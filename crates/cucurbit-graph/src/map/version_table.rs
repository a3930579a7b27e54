//! The rows of the version table, and what each step does to them.
//!
//! Only the bookkeeping is here: which rows are inserted, changed and deleted, and where Alembic
//! loses count of them. No database is asked.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::fault::{Answered, Fault, MapError};
use super::identifier::Identifier;
use super::plan::{Action, Step};
use super::select::Span;
use super::walk::Edge;
use super::{KeyIndex, Node, NodeIndex, RevisionMap, python};

/// One statement on the version table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowChange {
    /// A row is added.
    Insert(String),
    /// A row is removed.
    Delete(String),
    /// A row gets another revision.
    Update {
        /// What the row said.
        from: String,
        /// What it says now.
        to: String,
    },
}

/// A statement whose ids mostly belong to the map.
#[derive(Debug)]
pub(super) enum Change<'m> {
    Insert(Cow<'m, str>),
    Delete(Cow<'m, str>),
    Update { from: Cow<'m, str>, to: Cow<'m, str> },
}

impl From<Change<'_>> for RowChange {
    fn from(change: Change<'_>) -> Self {
        match change {
            Change::Insert(id) => Self::Insert(id.into_owned()),
            Change::Delete(id) => Self::Delete(id.into_owned()),
            Change::Update { from, to } => Self::Update { from: from.into_owned(), to: to.into_owned() },
        }
    }
}

/// Why an empty database cannot be brought to the heads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{error}", .revision.as_ref().map(|id| format!("at revision {id}: ")).unwrap_or_default())]
pub struct BookkeepingFault {
    /// The revision at whose step the version table cannot be updated; nothing if no step is begun.
    pub revision: Option<String>,
    /// How many steps are done before.
    pub steps_done: usize,
    /// What Alembic says.
    pub error: MapError,
}

/// The rows while steps are run.
pub(super) struct VersionTable<'m> {
    map: &'m RevisionMap,
    rows: BTreeSet<Cow<'m, str>>,
}

impl RevisionMap {
    /// Walks `alembic upgrade heads` on an empty database, with the changes to the version table.
    ///
    /// Near linear for chains with few open branches at a time.
    pub fn upgrade_from_empty(&self) -> Result<Vec<Step>, BookkeepingFault> {
        let mut steps = Vec::with_capacity(self.nodes.len());
        self.walk_from_empty(|id, changes| {
            steps.push(Step {
                action: Action::Upgrade(id.to_owned()),
                changes: changes.into_iter().map(RowChange::from).collect(),
            });
        })?;
        Ok(steps)
    }

    /// Returns why `alembic upgrade heads` on an empty database would lose count of the version table, if it would.
    pub fn fault_from_empty(&self) -> Option<BookkeepingFault> {
        self.walk_from_empty(|_, _| ()).err()
    }

    fn walk_from_empty<'m>(
        &'m self,
        mut done: impl FnMut(&'m str, Vec<Change<'m>>),
    ) -> Result<(), BookkeepingFault> {
        let not_begun =
            |fault: Fault| BookkeepingFault { revision: None, steps_done: 0, error: fault.into() };
        let span = Span { implicit_base: true, ..Span::new("heads", Identifier::None) };
        let mut nodes = self.iterate_nodes(&span, &mut Vec::new()).map_err(not_begun)?;
        nodes.reverse();
        let mut table = VersionTable::new(self, &[]);
        for (steps_done, node) in nodes.into_iter().enumerate() {
            let id = &self.node(node).id;
            let changes = table.upgrade(node).map_err(|fault| BookkeepingFault {
                revision: Some(id.clone()),
                steps_done,
                error: fault.into(),
            })?;
            done(id, changes);
        }
        Ok(())
    }

    /// Which of the wanted revisions are at or below the given ones.
    fn ancestors_among(&self, starts: &[NodeIndex], wanted: &[KeyIndex]) -> BTreeSet<KeyIndex> {
        let depth = |key: &KeyIndex| self.depths[self.end(*key) as usize];
        let enough = wanted.iter().map(depth).min().unwrap_or(u32::MAX);
        let mut seen = BTreeSet::new();
        let mut todo = starts.to_vec();
        while let Some(node) = todo.pop() {
            if self.depths[node as usize] >= enough && seen.insert(node) {
                todo.extend(self.edges(node, Edge::Normalized).iter().map(|key| self.end(*key)));
            }
        }
        let seen: BTreeSet<KeyIndex> = seen.into_iter().map(|node| self.node(node).key).collect();
        wanted.iter().copied().filter(|key| seen.contains(key)).collect()
    }
}

impl<'m> VersionTable<'m> {
    pub(super) fn new(map: &'m RevisionMap, rows: &[String]) -> Self {
        VersionTable { map, rows: rows.iter().cloned().map(Cow::Owned).collect() }
    }

    /// Runs an upgrade: a new row, one row moved on, or several rows merged.
    pub(super) fn upgrade(&mut self, node: NodeIndex) -> Answered<Vec<Change<'m>>> {
        let map = self.map;
        let node = map.node(node);
        let present = self.present(node);
        if present.is_empty() {
            return Ok(vec![self.insert(node.id.as_str().into())?]);
        }
        if present.len() == 1 {
            let from = if node.normalized_down.len() == 1 { node.normalized_down[0] } else { present[0] };
            return Ok(vec![self.update(map.key(from).name.as_str().into(), node.id.as_str().into())?]);
        }
        let mut merged = self.less_covered(&node.normalized_down, &self.rows_outside(node))?;
        let Some(last) = merged.pop() else {
            return Err(Fault::Internal {
                class: "IndexError",
                message: "list index out of range".to_owned(),
            });
        };
        let mut changes = Vec::new();
        for key in merged {
            changes.push(self.delete(map.key(key).name.as_str().into())?);
        }
        changes.push(self.update(map.key(last).name.as_str().into(), node.id.as_str().into())?);
        Ok(changes)
    }

    /// Runs a downgrade: a row removed, one row moved back, or one row taken apart.
    pub(super) fn downgrade(&mut self, node: NodeIndex) -> Answered<Vec<Change<'m>>> {
        let map = self.map;
        let node = map.node(node);
        let down = &node.normalized_down;
        let is_row = self.rows.contains(node.id.as_str());
        let uncovered = if is_row { self.left_behind(node)? } else { Vec::new() };
        if is_row && uncovered.is_empty() {
            return Ok(vec![self.delete(node.id.as_str().into())?]);
        }
        if is_row && down.len() > 1 {
            return self.take_apart(node, &uncovered);
        }
        let to = match (down.as_slice(), self.present(node).as_slice()) {
            ([only], _) => *only,
            (_, [only]) => *only,
            _ => return Err(Fault::assertion("Can't do an UPDATE because downrevision is ambiguous")),
        };
        Ok(vec![self.update(node.id.as_str().into(), map.key(to).name.as_str().into())?])
    }

    fn take_apart(&mut self, node: &'m Node, to: &[KeyIndex]) -> Answered<Vec<Change<'m>>> {
        let map = self.map;
        let mut changes = Vec::new();
        if let Some((last, others)) = to.split_last() {
            for key in others {
                changes.push(self.insert(map.key(*key).name.as_str().into())?);
            }
            changes.push(self.update(node.id.as_str().into(), map.key(*last).name.as_str().into())?);
        }
        Ok(changes)
    }

    /// Sets the rows without running anything.
    pub(super) fn stamp(
        &mut self,
        from: &[String],
        to: &[String],
        up: bool,
        branch_move: bool,
    ) -> Answered<Vec<Change<'m>>> {
        let is_missing = |ids: &[String]| ids.iter().any(|id| !self.rows.contains(id.as_str()));
        let is_new = up && (branch_move || is_missing(from)) && is_missing(to);
        match (from, to) {
            ([only], _) if !up && branch_move => Ok(vec![self.delete(only.clone().into())?]),
            (_, [only]) if is_new => Ok(vec![self.insert(only.clone().into())?]),
            ([others @ .., last], [to]) if !is_new && (up || !branch_move) => {
                let mut changes = Vec::new();
                for row in others {
                    changes.push(self.delete(row.clone().into())?);
                }
                changes.push(self.update(last.clone().into(), to.clone().into())?);
                Ok(changes)
            }
            _ => Err(Fault::assertion("")),
        }
    }

    /// Which rows a revision stands on, in load order.
    fn present(&self, node: &Node) -> Vec<KeyIndex> {
        let is_row = |key: &KeyIndex| self.rows.contains(self.map.key(*key).name.as_str());
        let mut present: Vec<KeyIndex> = node.normalized_down.iter().copied().filter(is_row).collect();
        present.sort_unstable();
        present
    }

    fn rows_outside(&self, node: &Node) -> Vec<Identifier> {
        let names = self.map.names(&node.normalized_down);
        let outside = self.rows.iter().filter(|row| !names.contains(&row.as_ref()));
        outside.map(|row| Identifier::from(row.as_ref())).collect()
    }

    /// The candidates that none of the rows covers, in load order.
    fn less_covered(&self, candidates: &[KeyIndex], rows: &[Identifier]) -> Answered<Vec<KeyIndex>> {
        let rows = self.map.find_all(&Identifier::Many(rows.to_vec()))?;
        let covered = self.map.ancestors_among(&self.map.only_revisions(&rows)?, candidates);
        let mut left: Vec<KeyIndex> =
            candidates.iter().copied().filter(|key| !covered.contains(key)).collect();
        left.sort_unstable();
        Ok(left)
    }

    /// The rows that must be there once a revision is undone.
    fn left_behind(&self, node: &Node) -> Answered<Vec<KeyIndex>> {
        let others: Vec<Identifier> = self
            .rows
            .iter()
            .filter(|row| row.as_ref() != node.id)
            .map(|row| Identifier::from(row.as_ref()))
            .collect();
        if !others.is_empty() {
            return self.less_covered(&node.normalized_down, &others);
        }
        let mut covered = BTreeSet::new();
        for key in &node.normalized_down {
            let starts = self.map.only_revisions(&self.map.find_keys(&[*key])?)?;
            let below = self.map.ancestors_among(&starts, &node.normalized_down);
            covered.extend(below.into_iter().filter(|found| found != key));
        }
        let mut left: Vec<KeyIndex> =
            node.normalized_down.iter().copied().filter(|key| !covered.contains(key)).collect();
        left.sort_unstable();
        Ok(left)
    }

    fn insert(&mut self, id: Cow<'m, str>) -> Answered<Change<'m>> {
        if !self.rows.insert(id.clone()) {
            return Err(Fault::assertion(""));
        }
        Ok(Change::Insert(id))
    }

    fn delete(&mut self, id: Cow<'m, str>) -> Answered<Change<'m>> {
        if !self.rows.remove(&id) {
            return Err(Fault::missing_key(python::quoted(&id)));
        }
        Ok(Change::Delete(id))
    }

    fn update(&mut self, from: Cow<'m, str>, to: Cow<'m, str>) -> Answered<Change<'m>> {
        if self.rows.contains(&to) {
            return Err(Fault::assertion(""));
        }
        self.delete(from.clone())?;
        self.rows.insert(to.clone());
        Ok(Change::Update { from, to })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::testing::{map, said};

    fn rows(chain: &str, to: &str, from: &[&str]) -> String {
        let plan = map(chain).downgrade_steps(to, from).outcome;
        plan.map_or_else(|error| said(&error), |plan| format!("{:?}", plan.rows().last()))
    }

    #[test]
    fn a_redundant_dependency_at_a_merge_loses_count() {
        let fault = map("a\nb: a\nc: a\nm: b c > a").upgrade_from_empty();
        let fault = fault.map_err(|fault| (fault.revision, fault.steps_done, fault.error.message));
        assert_eq!(fault, Err((Some("m".to_owned()), 3, "'a'".to_owned())));
    }

    #[test]
    fn a_merge_deletes_all_rows_but_one() {
        let steps = map("a\nb: a\nc: a\nm: c b").upgrade_from_empty().expect("the chain can be run");
        let merge = &steps[3].changes;
        assert_eq!(merge[0], RowChange::Delete("b".to_owned()));
        assert_eq!(merge[1], RowChange::Update { from: "c".to_owned(), to: "m".to_owned() });
    }

    #[test]
    fn undoing_a_merge_brings_back_what_is_not_covered() {
        assert_eq!(rows("a\nb: a\nc: a\nm: b c", "b", &["m"]), "Some([\"b\", \"c\"])");
        assert_eq!(rows("a\nb: a\nc: a\nm: b c", "a", &["m"]), "Some([\"a\"])");
    }

    #[test]
    fn undoing_a_dependent_leaves_the_row_of_its_dependency() {
        assert_eq!(rows("a\nb: a\nx > a", "x@base", &["b", "x"]), "Some([\"b\"])");
    }
}
