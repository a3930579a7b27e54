//! Lineages: what shares ancestors or descendants with a branch, and which rows a set of rows implies.

use super::fault::{Answered, Fault, MapError, Wording};
use super::identifier::{Identifier, Place};
use super::resolve::{Found, only_revision};
use super::walk::{Edge, NodeSet};
use super::{KeyIndex, NodeIndex, RevisionMap};

impl RevisionMap {
    /// Returns the targets that are an ancestor or descendant of what `check` names, in their order.
    ///
    /// Checking against the base accepts every target. Each target costs a walk over its lineage.
    pub fn lineage(
        &self,
        targets: impl Into<Identifier>,
        check: impl Into<Identifier>,
        dependencies: bool,
    ) -> Result<Vec<Place>, MapError> {
        let targets = self.find_all(&targets.into())?;
        let kept = self.filter_lineage(&targets, &check.into(), dependencies)?;
        Ok(kept.into_iter().map(|found| self.place_of(found)).collect())
    }

    /// Returns the rows of a version table together with the heads of other branches that they
    /// imply through dependencies, in load order. Errors are those of a command.
    ///
    /// Of a hidden cycle one revision is given, the last one; Alembic gives a random one.
    pub fn all_current(&self, rows: impl Into<Identifier>) -> Result<Vec<&str>, MapError> {
        let current = self.implied(&rows.into()).map_err(|fault| Wording::default().apply(fault))?;
        Ok(current.into_iter().map(|node| self.node(node).id.as_str()).collect())
    }

    pub(super) fn filter_lineage(
        &self,
        targets: &[Found],
        check: &Identifier,
        dependencies: bool,
    ) -> Answered<Vec<Found>> {
        self.filter_by(targets, check, dependencies, |found| match found {
            Found::Base => self.find_name("base", None),
            other => only_revision(*other),
        })
    }

    pub(super) fn filter_keys(&self, keys: &[KeyIndex], label: &str) -> Answered<Vec<KeyIndex>> {
        self.filter_by(keys, &label.into(), false, |key| Ok(self.end(*key)))
    }

    pub(super) fn filter_by<T: Clone>(
        &self,
        targets: &[T],
        check: &Identifier,
        dependencies: bool,
        find: impl Fn(&T) -> Answered<NodeIndex>,
    ) -> Answered<Vec<T>> {
        let split = self.split(check)?;
        let label = split.label.filter(|label| !label.is_empty()).map(Identifier::Text);
        let names: Vec<Identifier> = label.into_iter().chain(split.ids).collect();
        if names.is_empty() {
            return Ok(targets.to_vec());
        }
        let mut kept = Vec::new();
        let mut tests = None;
        for target in targets {
            let node = find(target)?;
            // The names are looked up late: without a target nobody notices an unknown one.
            let tests = match &mut tests {
                Some(tests) => tests,
                unknown => unknown.insert(self.find_tests(&names)?),
            };
            if self.shares_lineage(node, tests, dependencies) {
                kept.push(target.clone());
            }
        }
        Ok(kept)
    }

    fn find_tests(&self, names: &[Identifier]) -> Answered<Vec<NodeIndex>> {
        let mut tests = Vec::new();
        for name in names {
            match name {
                Identifier::Text(name) => tests.push(self.find_name(name, None)?),
                Identifier::None => {}
                other => return Err(Fault::type_error(format!("{} is not a text", other.repr()))),
            }
        }
        Ok(tests)
    }

    /// Whether one of the tests is at, above or below a revision.
    pub(super) fn shares_lineage(&self, node: NodeIndex, tests: &[NodeIndex], dependencies: bool) -> bool {
        let (down, up) = match dependencies {
            true => (Edge::Normalized, Edge::AllNext),
            false => (Edge::Parents, Edge::Next),
        };
        self.meets(node, up, |found| tests.contains(&found))
            || self.meets(node, down, |found| tests.contains(&found))
    }

    fn meets(&self, start: NodeIndex, edge: Edge, is_wanted: impl Fn(NodeIndex) -> bool) -> bool {
        let mut seen = NodeSet::new(self.nodes.len());
        let mut todo = vec![start];
        while let Some(node) = todo.pop() {
            if is_wanted(node) {
                return true;
            }
            if seen.insert(node) {
                todo.extend(self.edges(node, edge).iter().map(|key| self.end(*key)));
            }
        }
        false
    }

    pub(super) fn implied(&self, rows: &Identifier) -> Answered<Vec<NodeIndex>> {
        let rows = self.only_revisions(&self.find_all(rows)?)?;
        let mut tips = self.reached(&rows, Edge::Normalized);
        for node in tips.clone().iter() {
            let children = self.edges(node, Edge::Next).iter().map(|key| self.end(*key));
            // Most often a child is among them, so that no walk is needed.
            let has_child = children.clone().any(|child| child != node && tips.contains(child));
            if has_child || self.meets(node, Edge::Next, |found| found != node && tips.contains(found)) {
                tips.remove(node);
            }
        }
        Ok(tips.iter().collect())
    }
}
