//! Rows that only the lost migration can have made.
//!
//! Rows are not rebuilt. Where a survivor inserts rows with a foreign key to a table that the lost migration made, and
//! no survivor before it puts rows there, the key found its rows among the lost ones: on an empty database the INSERT
//! fails. What is inserted from a query finds nothing there, and inserts nothing.

use cucurbit_reconstruct::Trial;
use cucurbit_replay::Certainty;
use cucurbit_schema::{Change, ConstraintBody, Database, ObjectName, RowEffect, Table};
use std::collections::BTreeSet;

/// Rows that a survivor needs and that nothing that is left makes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NeededRows {
    /// The survivor.
    pub revision: String,
    /// The table into which it inserts.
    pub table: ObjectName,
    /// The table in which the rows are missing.
    pub target: ObjectName,
}

/// Looks for such rows along the survivors, in their order.
pub(super) struct Watch<'w> {
    /// The state below the gap; what is there may have rows.
    before: &'w Database,
    /// The state that the lost migration made.
    made: &'w Database,
    filled: BTreeSet<ObjectName>,
    pub(super) needed: BTreeSet<NeededRows>,
}

impl<'w> Watch<'w> {
    pub(super) fn new(before: &'w Database, made: &'w Database) -> Self {
        Watch { before, made, filled: BTreeSet::new(), needed: BTreeSet::new() }
    }

    /// Looks at one survivor.
    pub(super) fn see(&mut self, revision: &str, trial: &Trial) {
        for operation in &trial.operations {
            let inserted = operation.changes.iter().find_map(|(change, _)| match change {
                Change::Rows { table, effect: RowEffect::Insert, columns, .. } => Some((table, columns)),
                _ => None,
            });
            let Some((table, columns)) = inserted else { continue };
            let is_only = |change: &Change| matches!(change, Change::Rows { table: of, .. } if of == table);
            let is_plain = operation.changes.iter().all(|(change, _)| is_only(change));
            if is_plain
                && operation.certainty == Certainty::Exact
                && let Some(there) = trial.end.table(table)
            {
                let missing = self.missing(there, columns);
                self.needed.extend(missing.into_iter().map(|target| NeededRows {
                    revision: revision.to_owned(),
                    table: table.clone(),
                    target,
                }));
            }
            self.filled.insert(table.clone());
        }
    }

    /// The tables without rows at which a row points.
    fn missing(&self, table: &Table, columns: &[String]) -> Vec<ObjectName> {
        let is_given = |name: &String| match columns {
            // Which columns are given is not known; those that must not be NULL are.
            [] => table.column(name).is_some_and(|column| !column.nullable && column.default.is_none()),
            columns => columns.contains(name),
        };
        let is_empty = |target: &ObjectName| {
            *target != table.name
                && !self.filled.contains(target)
                && self.made.table(target).is_some()
                && self.before.table(target).is_none()
        };
        let target_of = |body: &ConstraintBody| match body {
            ConstraintBody::ForeignKey { columns: own, table: target, .. }
                if own.iter().all(is_given) && is_empty(target) =>
            {
                Some(target.clone())
            }
            _ => None,
        };
        table.constraints.iter().filter_map(|constraint| target_of(&constraint.body)).collect()
    }
}
