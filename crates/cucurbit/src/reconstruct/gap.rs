//! What is missing from a chain, and where it stood.

use super::ReconstructError;
use crate::case::Case;
use cucurbit_graph::Node;
use std::collections::{BTreeMap, BTreeSet};

/// A revision that no file defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lost {
    /// The id that survivors name.
    pub(super) id: String,
    /// The parents that it is given.
    pub(super) parents: Vec<String>,
    /// Other revisions that could be its parent.
    pub(super) other_parents: Vec<String>,
}

/// Everything between the survivors below a gap and those above it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Gap {
    /// The lost revisions, each on the one before it; the first does what all of them did.
    pub(super) lost: Vec<Lost>,
    /// Survivors that stand on none of them, parents before children.
    pub(super) below: Vec<Node>,
    /// Survivors that stand on one, parents before children.
    pub(super) above: Vec<Node>,
}

impl Case {
    /// Finds the gap. With an id, only that one is rebuilt; without, all that is missing. The parents of the first lost
    /// revision are those that are told, if any.
    ///
    /// # Errors
    /// When nothing is missing, or not that id, or when several survivors could be the parent alike.
    pub(super) fn gap(&self, wanted: Option<&str>, told: &[String]) -> Result<Gap, ReconstructError> {
        let graph = self.graph();
        let all: Vec<Node> = graph.missing().collect();
        let missing: Vec<Node> = match wanted {
            _ if all.is_empty() => return Err(ReconstructError::NothingMissing),
            None => all,
            Some(id) => vec![
                all.into_iter()
                    .find(|n| graph.id(*n) == id)
                    .ok_or_else(|| ReconstructError::NotMissing(id.to_owned()))?,
            ],
        };
        let (order, _) = self.order_to(None).map_err(|_| ReconstructError::NothingMissing)?;
        let groups = self.groups(&missing, &order);
        let mut gap = Gap::default();
        let over: BTreeSet<usize> = groups.iter().flat_map(|g| g.over.iter().copied()).collect();
        gap.below = order.iter().copied().filter(|n| !over.contains(&n.index())).collect();
        let mut under = gap.below.clone();
        for group in groups {
            for (at, node) in group.lost.iter().enumerate() {
                let id = graph.id(*node).to_owned();
                let (parents, other_parents) = match gap.lost.last() {
                    Some(last) if at > 0 => (vec![last.id.clone()], Vec::new()),
                    None if !told.is_empty() => self.told_parents(&id, &self.heads_of(&under), told)?,
                    _ => self.choose_parent(*node, &self.heads_of(&under))?,
                };
                gap.lost.push(Lost { id, parents, other_parents });
            }
            let survivors: Vec<Node> =
                order.iter().copied().filter(|n| group.over.contains(&n.index())).collect();
            gap.above.extend(&survivors);
            under = survivors;
        }
        self.order_as_repaired(&mut gap);
        Ok(gap)
    }

    /// Puts survivors into the order in which Alembic runs them once the gap is closed: branches that do not know each
    /// other follow in an order that the whole chain decides.
    fn order_as_repaired(&self, gap: &mut Gap) {
        let added: Vec<(&str, &[String])> =
            gap.lost.iter().map(|lost| (lost.id.as_str(), lost.parents.as_slice())).collect();
        let Some(order) = crate::alembic_answer::order_with(self.files(), &added) else { return };
        let place: BTreeMap<&str, usize> =
            order.iter().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
        let of = |node: &Node| place.get(self.graph().id(*node)).copied().unwrap_or(usize::MAX);
        gap.below.sort_by_key(of);
        gap.above.sort_by_key(of);
    }

    /// Missing revisions with what stands on them. Those with a descendant in common go together; groups without
    /// one are ordered by the dates in the docstrings of what stands on them, else as the chain is read.
    fn groups(&self, missing: &[Node], order: &[Node]) -> Vec<Group> {
        let graph = self.graph();
        let place: BTreeMap<usize, usize> = order.iter().enumerate().map(|(at, n)| (n.index(), at)).collect();
        let mut groups: Vec<Group> = Vec::new();
        for node in missing {
            let mut over: BTreeSet<usize> = BTreeSet::new();
            let mut left = vec![*node];
            while let Some(at) = left.pop() {
                for next in graph.children(at).into_iter().chain(graph.dependents(at)) {
                    if over.insert(next.index()) {
                        left.push(next);
                    }
                }
            }
            let mut merged = Group { lost: vec![*node], over };
            let (same, others): (Vec<Group>, Vec<Group>) =
                groups.into_iter().partition(|g| !g.over.is_disjoint(&merged.over));
            for group in same {
                merged.lost.extend(group.lost);
                merged.over.extend(group.over);
            }
            groups = others;
            groups.push(merged);
        }
        let first = |over: &BTreeSet<usize>| over.iter().filter_map(|n| place.get(n)).min().copied();
        for group in &mut groups {
            group.lost.sort_by_key(|node| {
                let children = graph.children(*node).into_iter().chain(graph.dependents(*node));
                let at = children.filter_map(|n| place.get(&n.index())).min().copied();
                (at.unwrap_or(usize::MAX), graph.id(*node).to_owned())
            });
        }
        let date = |group: &Group| -> Option<String> {
            let rows =
                order.iter().filter(|n| group.over.contains(&n.index())).filter_map(|n| self.row_of(*n));
            let dates = rows.filter_map(|row| {
                let text = &self.facts(row).docstring.as_ref()?.create_date.as_ref()?.text;
                text.starts_with(|c: char| c.is_ascii_digit()).then(|| text.clone())
            });
            dates.min()
        };
        groups.sort_by_cached_key(|group| (date(group).is_none(), date(group), first(&group.over)));
        groups
    }

    /// The revisions of a set that no other of the set descends from.
    pub(super) fn heads_of(&self, nodes: &[Node]) -> Vec<Node> {
        let graph = self.graph();
        let mut heads: BTreeMap<usize, Node> = nodes.iter().map(|n| (n.index(), *n)).collect();
        for node in nodes {
            for parent in graph.parents(*node) {
                heads.remove(&parent.index());
            }
        }
        heads.into_values().collect()
    }

    fn told_parents(
        &self,
        lost: &str,
        candidates: &[Node],
        told: &[String],
    ) -> Result<(Vec<String>, Vec<String>), ReconstructError> {
        let candidates: Vec<String> = candidates.iter().map(|n| self.graph().id(*n).to_owned()).collect();
        // Alembic's word for what stands below the first revision.
        if told == ["base"] {
            return Ok((Vec::new(), candidates));
        }
        match told.iter().find(|id| !candidates.contains(id)) {
            Some(named) => Err(ReconstructError::NoSuchParent {
                revision: lost.to_owned(),
                named: named.clone(),
                candidates,
            }),
            None => Ok((told.to_vec(), Vec::new())),
        }
    }

    /// Chooses a parent, and gives the others that could be it too.
    ///
    /// It is the only one; else the one whose id is most like the lost one (`zed_expand01` for `2023_1_expand01`); else
    /// the only one that is older than what stands on the lost one, lies in a folder of the same name, as branches of
    /// OpenStack's projects do, and is no labelled branch of its own.
    fn choose_parent(
        &self,
        lost: Node,
        candidates: &[Node],
    ) -> Result<(Vec<String>, Vec<String>), ReconstructError> {
        let graph = self.graph();
        let names = |nodes: &[Node]| nodes.iter().map(|n| graph.id(*n).to_owned()).collect::<Vec<_>>();
        if candidates.len() < 2 {
            return Ok((names(candidates), Vec::new()));
        }
        let id = graph.id(lost);
        let mut sorted = candidates.to_vec();
        sorted.sort_by_key(|node| std::cmp::Reverse(likeness(id, graph.id(*node))));
        let alike = |node: Node| likeness(id, graph.id(node));
        if alike(sorted[0]) != alike(sorted[1]) {
            return Ok((names(&sorted[..1]), names(&sorted[1..])));
        }
        let mut left = sorted.clone();
        let above: Vec<Node> = graph.children(lost).into_iter().chain(graph.dependents(lost)).collect();
        let date = |node: Node| self.date_of(self.path(self.row_of(node)?));
        if let Some(first) = above.iter().filter_map(|node| date(*node)).min() {
            narrow(&mut left, |node| date(node).is_none_or(|date| date <= first));
        }
        let folder = |node: Node| Some(self.path(self.row_of(node)?).parent()?.file_name()?.to_owned());
        narrow(&mut left, |node| above.iter().any(|over| folder(*over) == folder(node)));
        let is_labelled = |node: Node| {
            let rows = graph.rows(node).iter();
            rows.copied().any(|row| !self.facts(row).branch_labels.strings().is_empty())
        };
        narrow(&mut left, |node| {
            !is_labelled(node) && graph.ancestors(node).into_iter().all(|below| !is_labelled(below))
        });
        let shares = |a: Node, b: Node| {
            let of_a: BTreeSet<usize> = graph.ancestors(a).iter().map(|node| node.index()).collect();
            graph.ancestors(b).iter().any(|node| of_a.contains(&node.index()))
        };
        if left.len() > 1 {
            let is_fork = left.iter().skip(1).all(|node| shares(left[0], *node));
            return Err(ReconstructError::SeveralParents {
                revision: id.to_owned(),
                candidates: names(&sorted),
                arms: if is_fork { names(&left) } else { Vec::new() },
            });
        }
        let others: Vec<Node> = sorted.into_iter().filter(|node| !left.contains(node)).collect();
        Ok((names(&left), names(&others)))
    }
}

/// Keeps what fits, unless nothing does.
fn narrow(nodes: &mut Vec<Node>, fits: impl Fn(Node) -> bool) {
    let kept: Vec<Node> = nodes.iter().copied().filter(|node| fits(*node)).collect();
    if !kept.is_empty() {
        *nodes = kept;
    }
}

struct Group {
    lost: Vec<Node>,
    /// Indexes of the nodes that stand on one of them.
    over: BTreeSet<usize>,
}

/// How many letters two ids have in common at their ends, beyond what ids have by chance.
fn likeness(left: &str, right: &str) -> usize {
    let same = |(a, b): &(char, char)| a == b;
    let front = left.chars().zip(right.chars()).take_while(same).count();
    let back = left.chars().rev().zip(right.chars().rev()).take_while(same).count();
    let shorter = left.chars().count().min(right.chars().count());
    let common = (front + back).min(shorter);
    if common < 3 { 0 } else { common }
}
