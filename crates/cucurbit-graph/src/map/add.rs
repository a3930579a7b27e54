//! Adds one revision to a loaded map, as Alembic does after it has written a new file.
//!
//! This is not a load of one more row: labels are given out before the new edges are there, and
//! cycles are not looked for.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::fault::{Answered, Fault};
use super::load::repeated;
use super::{Answer, KeyIndex, NodeIndex, RevisionMap, python};
use crate::row::{RevisionRow, Value};

impl RevisionMap {
    /// Adds one revision. The map stays as it was if that fails.
    ///
    /// A label as parent is refused here, where Alembic fails at the next question only. Linear in
    /// the size of the map.
    pub fn add(&mut self, row: &RevisionRow) -> Answer<()> {
        let mut warnings = Vec::new();
        let mut grown = self.clone();
        let outcome = grown.add_row(row, &mut warnings);
        if outcome.is_ok() {
            *self = grown;
        }
        Answer { outcome: outcome.map_err(Into::into), warnings }
    }

    fn add_row(&mut self, row: &RevisionRow, warnings: &mut Vec<String>) -> Answered<()> {
        let draft = Draft::read(row)?;
        if self.key_by_name.contains_key(&draft.id) {
            warnings.push(repeated(&draft.id));
        }
        self.refuse_label_parents(&draft)?;
        let node = self.place(&draft, row.doc.clone(), row.path.clone());
        self.add_labels(node, &draft)?;
        self.resolve_dependencies(node, &draft)?;
        self.link(node, &draft, warnings)?;
        self.normalize(node, None, &BTreeMap::new())?;
        self.move_ends(node);
        self.measure_depths();
        Ok(())
    }

    fn refuse_label_parents(&self, draft: &Draft) -> Answered<()> {
        let is_label = |name: &Value| match name {
            Value::Str(text) => self.key_by_name.get(text).is_some_and(|key| self.key(*key).is_label),
            _ => false,
        };
        if draft.parents().iter().any(is_label) { Err(Fault::broken_map()) } else { Ok(()) }
    }

    /// Labels climb to the one parent, which does not know its new child yet.
    fn add_labels(&mut self, node: NodeIndex, draft: &Draft) -> Answered<()> {
        if draft.labels.is_empty() {
            return Ok(());
        }
        let parents = draft.parents();
        let mut down = Vec::new();
        for parent in parents {
            match parent {
                Value::Str(text) if self.key_by_name.contains_key(text) => down.push(self.key_by_name[text]),
                missing if parents.len() == 1 => return Err(Fault::missing_key(python::repr(missing))),
                // With several parents nothing climbs, so nobody looks for them yet.
                _ => {}
            }
        }
        if parents.len() > 1 {
            return self.declare_labels(node, &draft.labels);
        }
        self.nodes[node as usize].down = down;
        // Labels are given out before they are declared, so an endless climb hides a known label.
        self.climb_down(node)?;
        self.declare_labels(node, &draft.labels)?;
        self.propagate_labels(node)
    }

    fn move_ends(&mut self, node: NodeIndex) {
        let this = self.node(node).clone();
        let without = |ends: &[KeyIndex], covered: &[KeyIndex]| {
            let kept = ends.iter().copied().filter(|end| *end != this.key && !covered.contains(end));
            kept.chain([this.key]).collect()
        };
        if this.is_base {
            self.bases.push(this.key);
        }
        if this.is_real_base() {
            self.real_bases.push(this.key);
        }
        if this.is_real_head() {
            self.real_heads = without(&self.real_heads, &this.all_down);
        }
        if this.is_head() {
            self.heads = without(&self.heads, &this.down);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::map::testing::{map, row, said};

    #[test]
    fn a_new_child_takes_the_place_of_its_parent_at_the_end() {
        let mut map = map("a\nb: a\nc: a");
        assert_eq!(map.add(&row("d: b")).outcome, Ok(()));
        assert_eq!(map.heads(), ["c", "d"]);
        assert_eq!(map.order(), ["a", "b", "c", "d"]);
    }

    #[test]
    fn a_failed_addition_leaves_the_map_alone() {
        let mut map = map("a #x");
        let answer = map.add(&row("b: gone"));
        assert_eq!(
            answer.warnings,
            ["UserWarning: Revision gone referenced from gone -> b (head),  is not present"]
        );
        assert_eq!(answer.outcome.map_err(|error| said(&error)), Err("KeyError: 'gone'".to_owned()));
        assert!(map.add(&row("b: x")).outcome.is_err());
        assert_eq!(map.order(), ["a"]);
    }

    #[test]
    fn labels_climb_before_the_new_fork_is_there() {
        let mut map = map("a\nb: a\nc: b");
        assert_eq!(map.add(&row("d: b #late")).outcome, Ok(()));
        assert_eq!(map.revision("a").map(|view| view.labels()), Some(vec!["late"]));
        assert_eq!(map.revision("c").map(|view| view.labels()), Some(vec![]));
    }
}
