//! Branch labels: the names that a revision declares, and how far they reach.

use super::fault::{Answered, Fault};
use super::walk::Edge;
use super::{NodeIndex, RevisionMap};

impl RevisionMap {
    /// Enters the labels of a revision as names beside the ids.
    pub(super) fn declare_labels(&mut self, node: NodeIndex, labels: &[String]) -> Answered<()> {
        for label in labels {
            if let Some(known) = self.key_by_name.get(label) {
                return Err(Fault::revision(format!(
                    "Branch name '{label}' in revision {} already used by revision {}",
                    self.node(node).id,
                    self.node(self.end(*known)).id
                )));
            }
            let key = self.new_key(label, node, true);
            self.nodes[node as usize].labels.insert(key);
        }
        self.nodes[node as usize].declares_labels = !labels.is_empty();
        Ok(())
    }

    /// Gives the labels of a declaring revision to all its descendants, and to its ancestors up to
    /// the first fork or merge if everything above is one line.
    pub(super) fn propagate_labels(&mut self, node: NodeIndex) -> Answered<()> {
        if !self.node(node).declares_labels {
            return Ok(());
        }
        let labels = self.node(node).labels.clone();
        let above = self.walk(&[node], Edge::Next);
        let below = self.climb_down(above.last().copied().unwrap_or(node))?;
        for reached in above.into_iter().chain(below) {
            self.nodes[reached as usize].labels.extend(&labels);
        }
        Ok(())
    }

    /// The line below a revision, itself included, before the first fork or merge.
    ///
    /// Below the last of several descendants it ends before it leaves them. In a loaded map it does
    /// end, but a revision that is added in the place of another may close a ring.
    pub(super) fn climb_down(&self, node: NodeIndex) -> Answered<Vec<NodeIndex>> {
        let mut line = Vec::new();
        let mut place = Some(node);
        while let Some(reached) = place {
            let this = self.node(reached);
            if this.is_real_branch_point() || this.is_merge_point() {
                break;
            }
            if line.len() > self.nodes.len() {
                return Err(Fault::Hang);
            }
            line.push(reached);
            if !this.has_parents {
                break;
            }
            if this.is_parent_listed {
                return Err(Fault::type_error("unhashable type: 'list'"));
            }
            place = this.down.first().copied().map(|key| self.end(key));
        }
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use crate::map::testing::map;

    fn labels_of(chain: &str, id: &str) -> String {
        map(chain).revision(id).map(|view| view.labels().join(" ")).unwrap_or_default()
    }

    #[test]
    fn label_on_a_line_reaches_both_ends() {
        let chain = "a\nb: a\nc: b #x\nd: c";
        for id in ["a", "b", "c", "d"] {
            assert_eq!(labels_of(chain, id), "x", "{id}");
        }
    }

    #[test]
    fn label_above_a_fork_does_not_climb_past_it() {
        let chain = "r\na: r\nb: a #x\nc: r";
        assert_eq!(labels_of(chain, "a"), "x");
        assert_eq!(labels_of(chain, "r"), "");
        assert_eq!(labels_of(chain, "c"), "");
    }

    #[test]
    fn label_below_a_fork_does_not_climb_at_all() {
        let chain = "r\na: r #x\nb: a\nc: a";
        assert_eq!(labels_of(chain, "c"), "x");
        assert_eq!(labels_of(chain, "r"), "");
    }

    #[test]
    fn a_dependent_stops_the_climb_but_gets_no_label() {
        let chain = "a\nb: a\nc: b #x\nz > b";
        assert_eq!(labels_of(chain, "b"), "");
        assert_eq!(labels_of(chain, "z"), "");
    }
}
