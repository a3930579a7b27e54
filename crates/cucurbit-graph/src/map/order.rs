//! Puts a selection in the order in which Alembic goes down through it.
//!
//! It is Alembic's order and no other topological one, also where cycles make it no such order at
//! all. Where Alembic would go round for ever, this says so.

use std::collections::{BinaryHeap, HashSet};

use super::fault::{Answered, Fault};
use super::resolve::Found;
use super::select::Selection;
use super::walk::Edge;
use super::{KeyIndex, RevisionMap};

/// What lies at or below one revision, found out only as deep as somebody asks.
struct Ancestry {
    seen: HashSet<KeyIndex>,
    /// What was seen but not gone through yet, the least deep first.
    open: BinaryHeap<(u32, KeyIndex)>,
}

impl Ancestry {
    fn of(map: &RevisionMap, key: KeyIndex) -> Self {
        let depth = map.depths[map.end(key) as usize];
        Ancestry { seen: HashSet::from([key]), open: BinaryHeap::from([(depth, key)]) }
    }

    fn contains(&mut self, map: &RevisionMap, wanted: KeyIndex) -> bool {
        let enough = map.depths[map.end(wanted) as usize];
        while let Some((depth, key)) = self.open.peek().copied() {
            if depth < enough {
                break;
            }
            self.open.pop();
            for below in map.edges(map.end(key), Edge::Normalized) {
                if self.seen.insert(*below) {
                    self.open.push((map.depths[map.end(*below) as usize], *below));
                }
            }
        }
        self.seen.contains(&wanted)
    }
}

/// One of the lines along which the order proceeds.
struct Line {
    at: KeyIndex,
    /// Belongs to `at` or to where the line was before it came straight down to `at`.
    ancestry: Ancestry,
}

struct Sorter<'m> {
    map: &'m RevisionMap,
    /// By key: selected and not emitted yet.
    todo: Vec<bool>,
    /// By key: one of the lines is there.
    is_line: Vec<bool>,
    lines: Vec<Line>,
    /// The line that proceeds.
    active: usize,
}

impl RevisionMap {
    /// Orders a selection, everything before what it stands on.
    ///
    /// A line of revisions costs its length; each further line that is open at the same time adds
    /// a look-up to every step.
    pub(super) fn topological(&self, selection: &Selection) -> Answered<Vec<KeyIndex>> {
        let mut sorter = Sorter::new(self, selection)?;
        let mut order = Vec::new();
        while !sorter.lines.is_empty() {
            sorter.find_free_line()?;
            let at = sorter.lines[sorter.active].at;
            if std::mem::replace(&mut sorter.todo[at as usize], false) {
                order.push(at);
            }
            sorter.move_down(at);
        }
        if sorter.todo.contains(&true) { Err(Fault::assertion("")) } else { Ok(order) }
    }
}

impl<'m> Sorter<'m> {
    fn new(map: &'m RevisionMap, selection: &Selection) -> Answered<Self> {
        let none = vec![false; map.keys.len()];
        let mut sorter = Sorter { map, todo: none.clone(), is_line: none, lines: Vec::new(), active: 0 };
        for node in selection.nodes.iter() {
            sorter.todo[map.node(node).key as usize] = true;
        }
        let mut tips = Vec::new();
        for tip in &selection.tips {
            let Found::Node(node) = tip else {
                return Err(Fault::Internal { class: "AttributeError", message: String::new() });
            };
            tips.push(map.node(*node).key);
        }
        tips.sort_unstable();
        tips.dedup();
        for tip in tips {
            if sorter.todo[tip as usize] {
                sorter.open_line(tip);
            }
        }
        Ok(sorter)
    }

    fn line(&mut self, at: KeyIndex) -> Line {
        self.is_line[at as usize] = true;
        Line { at, ancestry: Ancestry::of(self.map, at) }
    }

    fn open_line(&mut self, at: KeyIndex) {
        let line = self.line(at);
        self.lines.push(line);
    }

    /// Changes to the first line that stands on the active one, until there is none.
    fn find_free_line(&mut self) -> Answered<()> {
        // The state is the active line alone, so more changes than lines go round for ever.
        for _ in 0..=self.lines.len() {
            let at = self.lines[self.active].at;
            let blocking = (0..self.lines.len())
                .find(|other| *other != self.active && self.lines[*other].ancestry.contains(self.map, at));
            match blocking {
                Some(other) => self.active = other,
                None => return Ok(()),
            }
        }
        Err(Fault::Hang)
    }

    fn move_down(&mut self, at: KeyIndex) {
        let node = self.map.node(self.map.end(at));
        let mut next = node
            .normalized_down
            .iter()
            .copied()
            .filter(|key| self.todo[*key as usize] && !self.is_line[*key as usize]);
        let next: Vec<KeyIndex> = next.by_ref().collect();
        self.is_line[at as usize] = false;
        let Some((first, others)) = next.split_first() else {
            self.lines.remove(self.active);
            self.active = self.active.saturating_sub(1);
            return;
        };
        if node.normalized.is_empty() && node.down.len() == 1 {
            self.is_line[*first as usize] = true;
            self.lines[self.active].at = *first;
        } else {
            self.lines[self.active] = self.line(*first);
            for other in others {
                self.open_line(*other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::map::ErrorKind;
    use crate::map::testing::map;

    fn order(chain: &str) -> String {
        map(chain)
            .walk_revisions("base", "heads")
            .outcome
            .map_or_else(|error| error.class.to_owned(), |ids| ids.join(" "))
    }

    #[test]
    fn a_branch_is_listed_down_to_the_fork_before_the_next_one() {
        assert_eq!(order("r\na1: r\na2: a1\nb1: r\nb2: b1"), "a2 a1 b2 b1 r");
    }

    #[test]
    fn merge_parents_are_listed_in_their_written_order() {
        assert_eq!(order("r\na: r\nb: r\nm: b a"), "m b a r");
    }

    #[test]
    fn crossing_dependencies_under_two_heads_never_end() {
        let map = map("a\nb: a > y\nc: b\nx\ny: x > b\nz: y");
        let error = map.walk_revisions("base", "heads").outcome.map_err(|error| error.kind);
        assert_eq!(error, Err(ErrorKind::Hang));
    }

    #[test]
    fn a_cycle_under_one_head_is_listed() {
        assert_eq!(order("a\nb: a d\nc: b\nd: c\ne: d"), "e d c b a");
    }
}
