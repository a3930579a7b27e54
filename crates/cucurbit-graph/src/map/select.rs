//! Which revisions lie between two points: the selections of upgrades, downgrades and listings.
//!
//! A selection is a set; `order` puts it in order.

use std::collections::BTreeSet;

use super::fault::{Answered, Fault, Range, Wording};
use super::identifier::Identifier;
use super::resolve::{Found, only_revision};
use super::walk::{Edge, NodeSet};
use super::{Answer, NodeIndex, RevisionMap};

/// What to iterate over, from an upper to a lower end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The end to begin at; for a downgrade the rows of the version table.
    pub upper: Identifier,
    /// The end to stop at; for an upgrade the rows of the version table.
    pub lower: Identifier,
    /// Whether the lower end is part of the answer.
    pub inclusive: bool,
    /// Whether everything is wanted that leads to the upper end, not only what is above the lower.
    pub implicit_base: bool,
    /// Whether a relative end must not lie beyond the ends of the chain.
    pub exact_length: bool,
    /// Whether to select what a downgrade would undo, which is everything above the lower end.
    pub for_downgrade: bool,
}

impl Span {
    /// Returns a span without its lower end, with ends that must exist.
    pub fn new(upper: impl Into<Identifier>, lower: impl Into<Identifier>) -> Self {
        Span {
            upper: upper.into(),
            lower: lower.into(),
            inclusive: false,
            implicit_base: false,
            exact_length: true,
            for_downgrade: false,
        }
    }
}

/// The selected revisions and the tips from which to go down through them.
pub(super) struct Selection {
    pub(super) nodes: NodeSet,
    pub(super) tips: Vec<Found>,
}

impl RevisionMap {
    /// Iterates over a span, every revision before those it stands on.
    pub fn iterate(&self, span: &Span) -> Answer<Vec<String>> {
        let mut warnings = Vec::new();
        let outcome = self.iterate_nodes(span, &mut warnings).map(|nodes| self.ids(&nodes));
        Answer { outcome: outcome.map_err(Into::into), warnings }
    }

    /// Iterates over all revisions between two points as listings do, both ends included; errors
    /// are those of a command.
    pub fn walk_revisions(
        &self,
        base: impl Into<Identifier>,
        head: impl Into<Identifier>,
    ) -> Answer<Vec<String>> {
        let mut warnings = Vec::new();
        let outcome = self.walk_nodes(base.into(), head.into(), &mut warnings).map(|nodes| self.ids(&nodes));
        Answer { outcome: outcome.map_err(Into::into), warnings }
    }

    pub(super) fn ids(&self, nodes: &[NodeIndex]) -> Vec<String> {
        nodes.iter().map(|node| self.node(*node).id.clone()).collect()
    }

    pub(super) fn walk_nodes(
        &self,
        base: Identifier,
        head: Identifier,
        warnings: &mut Vec<String>,
    ) -> Answered<Vec<NodeIndex>> {
        let span = Span { inclusive: true, exact_length: false, ..Span::new(head, base) };
        let wording = Wording {
            range: Range::Requested,
            start: Some(span.lower.clone()),
            end: Some(span.upper.clone()),
            multiple_heads: None,
        };
        self.iterate_nodes(&span, warnings).map_err(|fault| wording.apply(fault))
    }

    pub(super) fn iterate_nodes(&self, span: &Span, warnings: &mut Vec<String>) -> Answered<Vec<NodeIndex>> {
        let selection = match span.for_downgrade {
            true => self.select_downgrade(span, warnings)?,
            false => self.select_upgrade(span, warnings)?,
        };
        let mut nodes = Vec::new();
        for key in self.topological(&selection)? {
            // An id that is a symbol leads elsewhere here, or nowhere.
            let node = self.find_one(&self.key(key).name.as_str().into())?;
            nodes.push(node.ok_or_else(|| Fault::assertion(""))?);
        }
        Ok(nodes)
    }

    fn select_upgrade(&self, span: &Span, warnings: &mut Vec<String>) -> Answered<Selection> {
        let targets = self.upgrade_target(&span.upper, &span.lower, span.exact_length)?;
        let mut targets = self.only_revisions(&targets)?;
        if let Some((branch, _)) = span.lower.as_text().and_then(|text| text.split_once('@')) {
            targets = self.carrying(branch, &targets)?;
        }
        let mut nodes = self.set_of(self.walk_checked(&targets, Edge::Normalized)?);
        let (lower, current) = self.current_of(span, &nodes, warnings)?;
        for reached in self.walk_checked(&current, Edge::Normalized)? {
            nodes.remove(reached);
        }
        if span.inclusive {
            for node in self.only_revisions(&self.find_all(&lower)?)? {
                nodes.insert(node);
            }
        }
        if !current.is_empty() && !span.implicit_base {
            self.keep_above(&mut nodes, &current)?;
        }
        Ok(Selection { nodes, tips: targets.into_iter().map(Found::Node).collect() })
    }

    /// Leaves out what is not above the current revisions.
    ///
    /// Python stops walking once it has met everything that is selected, and so misses the overlaps
    /// of revisions to which it does not come any more.
    fn keep_above(&self, nodes: &mut NodeSet, current: &[NodeIndex]) -> Answered<()> {
        let mut left = nodes.len();
        let above = self.walk_checked_until(current, Edge::Next, |node| {
            left -= usize::from(nodes.contains(node));
            nodes.contains(node) && left == 0
        })?;
        let above = self.set_of(above);
        nodes.retain(|node| above.contains(node));
        Ok(())
    }

    /// The targets that carry a label. A revision in place of the label stands for its only one.
    fn carrying(&self, branch: &str, targets: &[NodeIndex]) -> Answered<Vec<NodeIndex>> {
        let named = self.find_one(&branch.into())?.filter(|node| self.node(*node).id == branch);
        let label = match named.map(|node| self.labels_of(self.node(node))) {
            None => branch,
            Some(labels) => match labels.as_slice() {
                [only] => *only,
                _ => return Err(Fault::assertion("")),
            },
        };
        let carries = |node: &NodeIndex| self.labels_of(self.node(*node)).contains(&label);
        let kept = self.set_of(targets.iter().copied().filter(carries));
        Ok(kept.iter().collect())
    }

    /// The lower end and its revisions; a relative one is counted from the upper end.
    fn current_of(
        &self,
        span: &Span,
        required: &NodeSet,
        warnings: &mut Vec<String>,
    ) -> Answered<(Identifier, Vec<NodeIndex>)> {
        let current = self.find_all(&span.lower)?;
        let is_outside = |found: &Found| match found {
            Found::Nothing => false,
            Found::Base => true,
            Found::Node(node) => !required.contains(*node),
        };
        if !span.implicit_base && current.iter().any(is_outside) {
            return Err(Fault::RangeNotAncestor { lower: span.lower.clone(), upper: span.upper.clone() });
        }
        if current.first() != Some(&Found::Nothing) {
            return Ok((span.lower.clone(), self.only_revisions(&current)?));
        }
        let target = self.downgrade_target(&span.lower, &span.upper, span.exact_length, warnings)?;
        match target.found {
            Found::Nothing => Err(Fault::assertion("")),
            Found::Base => Ok((Identifier::None, Vec::new())),
            Found::Node(node) => Ok((self.node(node).id.as_str().into(), vec![node])),
        }
    }

    fn select_downgrade(&self, span: &Span, warnings: &mut Vec<String>) -> Answered<Selection> {
        let target = self.downgrade_target(&span.lower, &span.upper, span.exact_length, warnings)?;
        let lowest = only_revision(target.found).ok();
        let roots = self.drop_roots(lowest, span.inclusive)?;
        let roots = self.roots_in_branch(target.branch.as_deref(), roots)?;
        let tips = self.find_all(&span.upper)?;
        let rows = self.only_revisions(&tips)?;
        let active = self.reached(&rows, Edge::Normalized);
        let mut nodes = self.reached(&roots, Edge::AllNext);
        nodes.retain(|node| active.contains(node));
        if span.implicit_base {
            let below = self.reached(&roots, Edge::Normalized);
            for node in active.iter().filter(|node| !below.contains(*node)) {
                nodes.insert(node);
            }
        }
        if lowest.is_some_and(|lowest| nodes.is_empty() && !rows.contains(&lowest)) {
            let lower = "Nothing to drop".into();
            return Err(Fault::RangeNotAncestor { lower, upper: span.upper.clone() });
        }
        Ok(Selection { nodes, tips })
    }

    /// The lowest revisions to undo.
    fn drop_roots(&self, lowest: Option<NodeIndex>, inclusive: bool) -> Answered<Vec<NodeIndex>> {
        match lowest {
            // A base with a label has two names, and counts twice.
            None => {
                Ok(self.keys.iter().map(|key| key.node).filter(|node| self.node(*node).is_base).collect())
            }
            Some(lowest) if inclusive => Ok(vec![lowest]),
            Some(lowest) => self.only_revisions(&self.find_keys(&self.node(lowest).next)?),
        }
    }

    fn roots_in_branch(&self, branch: Option<&str>, roots: Vec<NodeIndex>) -> Answered<Vec<NodeIndex>> {
        let Some(branch) = branch.filter(|branch| !branch.is_empty() && roots.len() > 1) else {
            return Ok(roots);
        };
        let below = self.walk(&[self.find_branch(branch)?], Edge::Parents);
        let below: BTreeSet<_> = below.into_iter().map(|node| self.node(node).key).collect();
        let mut kept = Vec::new();
        for root in roots {
            let key = self.node(root).key;
            if below.contains(&key) {
                kept.extend(self.only_revisions(&self.find_keys(&[key])?)?);
            }
        }
        if kept.is_empty() {
            return Err(Fault::revision("Not a valid downgrade target from current heads"));
        }
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::testing::{map, said};

    fn iterate(chain: &str, span: Span) -> String {
        match map(chain).iterate(&span).outcome {
            Ok(ids) => ids.join(" "),
            Err(error) => said(&error),
        }
    }

    #[test]
    fn a_range_leaves_out_what_the_lower_end_does_not_lead_to() {
        let chain = "a\nb: a\nx\nc: b > x";
        assert_eq!(iterate(chain, Span::new("c", "a")), "c b");
        let all = Span { implicit_base: true, ..Span::new("c", "a") };
        assert_eq!(iterate(chain, all), "c b x");
    }

    #[test]
    fn ends_in_the_wrong_order_are_no_range() {
        let text = "RangeNotAncestorError: Revision b is not an ancestor of revision a";
        assert_eq!(iterate("a\nb: a", Span::new("a", "b")), text);
    }

    #[test]
    fn requested_revisions_must_not_cover_each_other() {
        let text = "RevisionError: Requested revision b overlaps with other requested revisions a";
        assert_eq!(iterate("a\nb: a", Span::new(["a", "b"], "base")), text);
    }

    #[test]
    fn a_downgrade_takes_dependents_with_it() {
        let chain = "a\nb: a\nx > b";
        let span = Span { for_downgrade: true, ..Span::new(["x"], "a") };
        assert_eq!(iterate(chain, span), "x b");
    }
}
