//! From what did not fit to what the state before must have been.

mod differences;
mod renames;
mod restore;
mod types;

use crate::search::{Assumption, Level, Trial};
use cucurbit_replay::Outcome;
use cucurbit_schema::{
    Change, Column, ColumnAlteration, Constraint, ConstraintBody, ConstraintKind, DataType, Database,
    Difference, DifferenceKind, EnumType, Index, IndexKey, Mismatch, MismatchKind, ObjectName, ObjectRef,
    Origin, Sequence, SequenceOptions, Table, TypeHint, TypeKind,
};
use std::collections::BTreeSet;

pub(crate) struct Workshop<'w> {
    pub(crate) state: &'w mut Database,
    pub(crate) after: &'w Database,
    pub(crate) trial: &'w Trial,
    pub(crate) evidence: &'w [&'w Database],
    pub(crate) assumptions: &'w mut Vec<Assumption>,
    pub(crate) revision: &'w str,
    /// Enum types that were not made with a table, so that a table makes them anew.
    pub(crate) explicit: &'w mut BTreeSet<ObjectName>,
    /// What was done before, so that nothing is done twice.
    pub(crate) tried: &'w mut BTreeSet<String>,
    /// Columns to which migrations above give another name.
    pub(crate) renames: &'w [(String, String)],
}

impl Workshop<'_> {
    /// Changes the candidate for the better, as far as can be told; says whether it changed.
    pub(crate) fn improve(&mut self, differences: &[Difference]) -> bool {
        let mut changed = false;
        let mut first = None;
        for (change, mismatch, operation) in &self.trial.misfits {
            // What comes behind the first operation with a misfit may follow from it.
            let is_exists = matches!(mismatch.kind, MismatchKind::Exists { .. });
            if first.is_some_and(|f| f != *operation) && !is_exists {
                continue;
            }
            if self.misfit(change, mismatch) {
                changed = true;
                first.get_or_insert(*operation);
            }
        }
        if changed {
            return true;
        }
        if self.trial.outcome != Outcome::Completed && self.stand_for_vain() {
            return true;
        }
        for difference in differences {
            changed |= self.difference(difference);
        }
        changed
    }

    fn once(&mut self, key: String) -> bool {
        self.tried.insert(key)
    }

    fn apply(&mut self, change: &Change) {
        self.state.apply(change, Origin::default());
    }

    fn assume(&mut self, object: &ObjectRef, level: Level, reason: &str) {
        let assumption = Assumption {
            object: object.to_string(),
            level,
            reason: reason.to_owned(),
            revision: self.revision.to_owned(),
        };
        if !self.assumptions.contains(&assumption) {
            self.assumptions.push(assumption);
        }
    }

    fn misfit(&mut self, change: &Change, mismatch: &Mismatch) -> bool {
        let key = format!("{mismatch:?} {}", short(change));
        match &mismatch.kind {
            MismatchKind::Exists { made_by } => {
                // Numbers of other replays may be as high; what the candidate holds was there before.
                if self.trial.made(*made_by) && !self.state.has(&mismatch.object) {
                    return false;
                }
                self.once(key) && self.remove(&mismatch.object)
            }
            MismatchKind::Missing { .. } => {
                let object = &mismatch.object;
                if self.undo_rename(change)
                    || self.undo_later_rename(object)
                    || self.undo_rename_above(object)
                {
                    return true;
                }
                self.once(key) && self.restore(change, &mismatch.object)
            }
            MismatchKind::Needed { by } => {
                let by = by.clone();
                let mut changed = false;
                for object in by {
                    if self.once(format!("{key} {object:?}")) {
                        changed |= self.remove(&object);
                    }
                }
                changed
            }
            MismatchKind::Refused { reason } => {
                self.once(key) && self.refused(change, &mismatch.object, reason)
            }
        }
    }

    /// Takes an object out of the candidate.
    fn remove(&mut self, object: &ObjectRef) -> bool {
        let before = self.state.clone();
        match object {
            ObjectRef::Table(name) => {
                let name =
                    if self.state.tables.contains_key(name) { name.clone() } else { self.before(name) };
                self.apply(&Change::DropTable { name, if_exists: true, cascade: true });
            }
            ObjectRef::Column(table, column) => {
                let table = self.there(table);
                let column = if self.state.table(&table).is_some_and(|t| t.column(column).is_some()) {
                    column.clone()
                } else {
                    self.column_before(&table, column)
                };
                let keys = self.keys_made_anew(&table, &column);
                self.apply(&Change::DropColumn {
                    table: table.clone(),
                    column,
                    if_exists: true,
                    cascade: true,
                });
                for key in keys {
                    let object = ObjectRef::Constraint(table.clone(), key.name.clone().unwrap_or_default());
                    let reason = "it is made anew with a new column, so it stood on the others before";
                    self.assume(&object, Level::Inferred, reason);
                    self.add_constraint(&table, key);
                }
            }
            ObjectRef::Constraint(table, name) => {
                let table = self.there(table);
                self.apply(&Change::DropConstraint {
                    table,
                    name: Some(name.clone()),
                    kind: None,
                    if_exists: true,
                    cascade: true,
                });
            }
            ObjectRef::Index(name, table) => {
                let owner = self.owner(name, table.as_ref());
                if let Some(owner) = owner {
                    let is_constraint =
                        self.state.table(&owner).is_some_and(|t| t.constraint(&name.name).is_some());
                    if is_constraint {
                        return self.remove(&ObjectRef::Constraint(owner, name.name.clone()));
                    }
                    let full = owner.sibling(name.name.clone());
                    self.apply(&Change::DropIndex {
                        name: full,
                        table: Some(owner),
                        if_exists: true,
                        cascade: true,
                    });
                }
            }
            ObjectRef::Enum(name) => {
                self.state.enums.remove(name);
            }
            ObjectRef::Sequence(name) => {
                self.apply(&Change::DropSequence { name: name.clone(), if_exists: true, cascade: true });
            }
            ObjectRef::Schema(name) => {
                self.state.schemas.remove(name);
            }
            ObjectRef::Object(kind, table, name) => {
                self.apply(&Change::DropObject {
                    kind: *kind,
                    name: name.clone(),
                    table: table.clone(),
                    signature: None,
                    if_exists: true,
                    cascade: true,
                });
            }
        }
        before != *self.state
    }

    /// Keys of several columns that the migration drops and of which one column goes: each without that column.
    fn keys_made_anew(&self, table: &ObjectName, column: &str) -> Vec<Constraint> {
        let Some(found) = self.state.table(table) else { return Vec::new() };
        let is_dropped = |name: &Option<String>| {
            self.trial.changes().any(
                |change| matches!(change, Change::DropConstraint { name: dropped, .. } if dropped == name),
            )
        };
        let mut out = Vec::new();
        for constraint in found.constraints.iter().filter(|c| c.name.is_some() && is_dropped(&c.name)) {
            let mut key = constraint.clone();
            if let ConstraintBody::PrimaryKey { columns, .. } | ConstraintBody::Unique { columns, .. } =
                &mut key.body
                && columns.len() > 1
                && columns.iter().any(|c| c == column)
            {
                columns.retain(|c| c != column);
                out.push(key);
            }
        }
        out
    }

    fn owner(&self, index: &ObjectName, table: Option<&ObjectName>) -> Option<ObjectName> {
        let has = |t: &Table| t.index(&index.name).is_some() || t.constraint(&index.name).is_some();
        if let Some(table) = table {
            let table = self.there(table);
            if self.state.table(&table).is_some_and(has) {
                return Some(table);
            }
        }
        self.state.tables.values().find(|t| t.name.schema == index.schema && has(t)).map(|t| t.name.clone())
    }

    fn refused(&mut self, change: &Change, object: &ObjectRef, reason: &str) -> bool {
        match change {
            Change::AddLabel { name, label, .. } => {
                if let Some(labels) = self.state.enums.get_mut(name).and_then(|e| e.labels.as_mut()) {
                    let known = labels.len();
                    labels.retain(|l| l != label);
                    return labels.len() < known;
                }
                false
            }
            Change::RenameLabel { name, from, to } => {
                let labels = self.state.enums.get(name).and_then(|e| e.labels.as_ref());
                if !labels.is_some_and(|labels| labels.contains(to)) {
                    return false;
                }
                self.apply(&Change::RenameLabel { name: name.clone(), from: to.clone(), to: from.clone() });
                true
            }
            // What a foreign key points at is unique.
            _ if reason.contains("no unique constraint matching") => {
                let ObjectRef::Constraint(_, name) = object else { return false };
                let made: Vec<&Constraint> = match change {
                    Change::CreateTable { table, .. } => table.constraints.iter().collect(),
                    Change::AddColumn { constraints, .. } => constraints.iter().collect(),
                    Change::AddConstraint { constraint, .. } => vec![constraint],
                    _ => return false,
                };
                let key = made.into_iter().find_map(|constraint| match &constraint.body {
                    ConstraintBody::ForeignKey { table, references, .. }
                        if constraint.name.as_ref().is_none_or(|own| own == name)
                            && !references.is_empty() =>
                    {
                        Some((table.clone(), references.clone()))
                    }
                    _ => None,
                });
                let Some((target, columns)) = key else { return false };
                let target = self.there(&target);
                let columns: Vec<String> = columns.iter().map(|c| self.column_before(&target, c)).collect();
                let Some(table) = self.state.table(&target) else { return false };
                let missing: Vec<&String> = columns.iter().filter(|c| table.column(c).is_none()).collect();
                if !missing.is_empty() {
                    return false;
                }
                let body = if table.primary_key().is_none() {
                    ConstraintBody::PrimaryKey { columns, include: Vec::new() }
                } else {
                    ConstraintBody::Unique { columns, include: Vec::new(), nulls_not_distinct: false }
                };
                self.add_constraint(&target, Constraint::new(None, body));
                self.assume(
                    &ObjectRef::Table(target),
                    Level::Assumed,
                    "a foreign key points at it, so that is unique",
                );
                true
            }
            // A type that has no cast to the new one cannot have stood there: the new one did.
            Change::AlterColumn { table, column, alteration: ColumnAlteration::Type { data_type, .. } }
                if reason.contains("cast automatically") =>
            {
                let table = self.there(table);
                let column = self.column_before(&table, column);
                let fixed = Change::AlterColumn {
                    table,
                    column,
                    alteration: ColumnAlteration::Type {
                        data_type: data_type.clone(),
                        using: None,
                        collation: None,
                    },
                };
                let fixed = with_using(fixed);
                self.apply(&fixed);
                self.assume(object, Level::Inferred, "no other type could have been changed into this one");
                true
            }
            _ => false,
        }
    }
}

/// With `USING` a change of type fits whatever was there.
fn with_using(change: Change) -> Change {
    match change {
        Change::AlterColumn {
            table,
            column,
            alteration: ColumnAlteration::Type { data_type, collation, .. },
        } => Change::AlterColumn {
            table,
            column,
            alteration: ColumnAlteration::Type { data_type, using: Some(String::new()), collation },
        },
        other => other,
    }
}

fn short(change: &Change) -> String {
    let text = format!("{change:?}");
    text.chars().take(300).collect()
}
