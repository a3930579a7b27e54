//! Upgrades and downgrades, step by step with the rows of the version table.

use std::collections::BTreeSet;

use super::fault::{Fault, MapError, Range, Wording};
use super::identifier::Identifier;
use super::select::Span;
use super::version_table::{RowChange, VersionTable};
use super::{Answer, RevisionMap};

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Runs `upgrade()` of a revision.
    Upgrade(String),
    /// Runs `downgrade()` of a revision.
    Downgrade(String),
    /// Sets rows without running anything.
    Stamp {
        /// The rows that are replaced.
        from: Vec<String>,
        /// The row that takes their place.
        to: Vec<String>,
        /// Whether the new row is above the old ones.
        up: bool,
        /// Whether a branch begins or ends.
        branch_move: bool,
    },
}

/// One step with its changes to the version table, in the order in which they are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What the step does.
    pub action: Action,
    /// The statements on the version table.
    pub changes: Vec<RowChange>,
}

/// The steps of a command, in the order in which they are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The rows before the first step.
    pub start: Vec<String>,
    /// The steps.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Returns the ids of the revisions that are run, in this order.
    pub fn revisions(&self) -> Vec<&str> {
        let run = self.steps.iter().filter_map(|step| match &step.action {
            Action::Upgrade(id) | Action::Downgrade(id) => Some(id.as_str()),
            Action::Stamp { .. } => None,
        });
        run.collect()
    }

    /// Returns the rows after each step, sorted. Costs steps times rows.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let mut rows: BTreeSet<&str> = self.start.iter().map(String::as_str).collect();
        let mut after_each = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            for change in &step.changes {
                let (gone, new) = match change {
                    RowChange::Insert(id) => (None, Some(id)),
                    RowChange::Delete(id) => (Some(id), None),
                    RowChange::Update { from, to } => (Some(from), Some(to)),
                };
                gone.map(|id| rows.remove(id.as_str()));
                rows.extend(new.map(String::as_str));
            }
            after_each.push(rows.iter().map(|id| (*id).to_owned()).collect());
        }
        after_each
    }
}

impl RevisionMap {
    /// Returns the steps of `alembic upgrade` from the given rows. Errors are those of the command.
    pub fn upgrade_steps(&self, to: impl Into<Identifier>, rows: &[&str]) -> Result<Plan, MapError> {
        let span = Span { implicit_base: true, ..Span::new(to, rows) };
        let wording =
            Wording { range: Range::UpgradeTarget, end: Some(span.upper.clone()), ..Wording::default() };
        // Only a lower end that is relative can warn, and rows are none.
        let nodes = self.iterate_nodes(&span, &mut Vec::new()).map_err(|fault| wording.apply(fault))?;
        let mut table = VersionTable::new(self, &owned(rows));
        let mut steps = Vec::with_capacity(nodes.len());
        for node in nodes.into_iter().rev() {
            let action = Action::Upgrade(self.node(node).id.clone());
            steps.push(Step {
                action,
                changes: table.upgrade(node)?.into_iter().map(RowChange::from).collect(),
            });
        }
        Ok(Plan { start: owned(rows), steps })
    }

    /// Returns the steps of `alembic downgrade` from the given rows. Errors are those of the command.
    pub fn downgrade_steps(&self, to: impl Into<Identifier>, rows: &[&str]) -> Answer<Plan> {
        let mut warnings = Vec::new();
        let outcome = self.plan_downgrade(to.into(), rows, &mut warnings);
        Answer { outcome: outcome.map_err(Into::into), warnings }
    }

    fn plan_downgrade(
        &self,
        to: Identifier,
        rows: &[&str],
        warnings: &mut Vec<String>,
    ) -> Result<Plan, Fault> {
        let end = Some(to.clone()).filter(|to| *to != Identifier::None);
        let wording = Wording { range: Range::DowngradeTarget, end, ..Wording::default() };
        let span = Span { for_downgrade: true, ..Span::new(rows, to) };
        let nodes = self.iterate_nodes(&span, warnings).map_err(|fault| wording.apply(fault))?;
        let mut table = VersionTable::new(self, &owned(rows));
        let mut steps = Vec::with_capacity(nodes.len());
        for node in nodes {
            let action = Action::Downgrade(self.node(node).id.clone());
            steps.push(Step {
                action,
                changes: table.downgrade(node)?.into_iter().map(RowChange::from).collect(),
            });
        }
        Ok(Plan { start: owned(rows), steps })
    }
}

pub(super) fn owned(rows: &[&str]) -> Vec<String> {
    rows.iter().map(|row| (*row).to_owned()).collect()
}
