//! Stamps: which rows of the version table a destination replaces.

use super::fault::{Answered, Fault, MapError, Wording};
use super::identifier::Identifier;
use super::plan::{Action, Plan, Step, owned};
use super::resolve::{Found, only_revision};
use super::version_table::{RowChange, VersionTable};
use super::walk::Edge;
use super::{NodeIndex, RevisionMap};

impl RevisionMap {
    /// Returns the steps of `alembic stamp` from the given rows. Errors are those of the command.
    ///
    /// Rows outside the lineage of every destination, dependencies included, stay as they are.
    pub fn stamp_steps(&self, to: impl Into<Identifier>, rows: &[&str]) -> Result<Plan, MapError> {
        let wording = Wording {
            multiple_heads: Some("Multiple heads are present; please specify a single target revision"),
            ..Wording::default()
        };
        let actions = self.stamps(&to.into(), rows).map_err(|fault| wording.apply(fault))?;
        let mut table = VersionTable::new(self, &owned(rows));
        let mut steps = Vec::new();
        for action in actions {
            let Action::Stamp { from, to, up, branch_move } = &action else { continue };
            let changes =
                table.stamp(from, to, *up, *branch_move)?.into_iter().map(RowChange::from).collect();
            steps.push(Step { action, changes });
        }
        Ok(Plan { start: owned(rows), steps })
    }

    fn stamps(&self, to: &Identifier, rows: &[&str]) -> Answered<Vec<Action>> {
        // Alembic words a fault in the rows and in finding the destinations on its own.
        let inner = |fault| Wording::default().apply(fault);
        let rows = self.find_all(&rows.into()).map_err(inner)?;
        let base = Identifier::from("base");
        // An empty text is a destination of its own, and one that is not found.
        let to = if to.parts().is_empty() { &base } else { to };
        let replaced = self.rows_in_lineage(to, &rows)?;
        let mut destinations = self.find_all(to).map_err(inner)?;
        if destinations.is_empty() {
            destinations.push(Found::Nothing);
        }
        let mut actions = Vec::new();
        for destination in destinations {
            match destination {
                Found::Nothing => actions.extend(self.removals(&replaced)?),
                found if replaced.contains(&found) => {}
                found => actions.push(self.replacement(only_revision(found)?, &replaced)?),
            }
        }
        Ok(actions)
    }

    fn rows_in_lineage(&self, to: &Identifier, rows: &[Found]) -> Answered<Vec<Found>> {
        let mut kept: Vec<Found> = Vec::new();
        for destination in to.parts().iter().filter(|to| !to.is_empty()) {
            for row in self.filter_lineage(rows, destination, true)? {
                if !kept.contains(&row) {
                    kept.push(row);
                }
            }
        }
        Ok(kept)
    }

    fn removals(&self, rows: &[Found]) -> Answered<Vec<Action>> {
        let ids = self.ids_of(rows)?;
        let removal = |id| Action::Stamp { from: vec![id], to: Vec::new(), up: false, branch_move: true };
        Ok(ids.into_iter().map(removal).collect())
    }

    fn replacement(&self, destination: NodeIndex, rows: &[Found]) -> Answered<Action> {
        let above = self.reached(&[destination], Edge::AllNext);
        let below = self.reached(&[destination], Edge::Normalized);
        let is_in = |set: &super::walk::NodeSet| {
            rows.iter().any(|row| matches!(row, Found::Node(node) if set.contains(*node)))
        };
        let to = vec![self.node(destination).id.clone()];
        let (is_down, is_up) = (is_in(&above), is_in(&below));
        if is_down && is_up {
            return Err(Fault::assertion(""));
        }
        if !is_down && !is_up {
            return Ok(Action::Stamp { from: Vec::new(), to, up: true, branch_move: true });
        }
        Ok(Action::Stamp { from: self.ids_of(rows)?, to, up: is_up, branch_move: false })
    }

    fn ids_of(&self, rows: &[Found]) -> Answered<Vec<String>> {
        Ok(self.ids(&self.only_revisions(rows)?))
    }
}

#[cfg(test)]
mod tests {
    use crate::map::testing::{map, said};

    fn rows(chain: &str, to: &str, from: &[&str]) -> String {
        match map(chain).stamp_steps(to, from) {
            Ok(plan) => format!("{:?}", plan.rows()),
            Err(error) => said(&error),
        }
    }

    #[test]
    fn a_stamp_below_several_rows_replaces_them_all() {
        assert_eq!(rows("a\nb: a\nc: a", "a", &["b", "c"]), r#"[["a"]]"#);
    }

    #[test]
    fn a_stamp_beside_the_rows_adds_one() {
        assert_eq!(rows("a\nb: a\nc: a", "c", &["b"]), r#"[["b", "c"]]"#);
        assert_eq!(rows("a\nb: a", "b", &["b"]), "[]");
    }

    #[test]
    fn a_stamp_of_the_base_of_a_branch_removes_its_rows_only() {
        assert_eq!(rows("a #x\nb #y", "x@base", &["a", "b"]), r#"[["b"]]"#);
    }
}
