//! Taking a change back.
//!
//! A change says what it does, seldom what was there before: `DROP COLUMN` names the column and forgets its type.
//! [`Change::inverse`] takes the state before the change as its memory and is exact. Without that state,
//! [`Change::evidence_for_inverse`] says what would have to be known of it.

use crate::between::between;
use crate::change::{Change, ColumnAlteration, Extent, ObjectRef};
use crate::model::{Database, ObjectName, Origin};

/// What must be known of the state before a change to take the change back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvidenceForInverse {
    /// Nothing: the change says all of it.
    None,
    /// The definitions of these objects, with all that stands on them.
    Definitions(Vec<ObjectRef>),
    /// Whether these objects were there already: then the change did nothing.
    Existence(Vec<ObjectRef>),
    /// The whole state: what the change does cannot be known.
    Everything,
}

impl Change {
    /// Returns the changes that lead back to the state before this one, in an order that runs. Empty when nothing
    /// was done; `None` when what was done cannot be known.
    ///
    /// Renames are taken back by renames, all else by what differs. A dropped column comes back at the end of its
    /// table, which is where a database puts it.
    #[must_use]
    pub fn inverse(&self, before: &Database) -> Option<Vec<Change>> {
        if let Change::Unknown(_) = self {
            return None;
        }
        let mut after = before.clone();
        let applied = after.apply(self, Origin::default());
        if applied.skipped {
            return Some(Vec::new());
        }
        if let Some(rename) = self.renamed_back().filter(|_| applied.mismatches.is_empty()) {
            return Some(vec![rename]);
        }
        Some(between(&after, before))
    }

    /// The rename that takes a rename back.
    fn renamed_back(&self) -> Option<Change> {
        Some(match self {
            Change::RenameTable { from, to, .. } => {
                Change::RenameTable { from: to.clone(), to: from.clone(), if_exists: false }
            }
            Change::RenameConstraint { table, from, to } => {
                Change::RenameConstraint { table: table.clone(), from: to.clone(), to: from.clone() }
            }
            Change::RenameIndex { from, table, to, .. } => Change::RenameIndex {
                from: from.sibling(to.clone()),
                table: table.clone(),
                to: from.name.clone(),
                if_exists: false,
            },
            Change::RenameType { from, to } => {
                Change::RenameType { from: from.sibling(to.clone()), to: from.name.clone() }
            }
            Change::RenameSequence { from, to, .. } => Change::RenameSequence {
                from: from.sibling(to.clone()),
                to: from.name.clone(),
                if_exists: false,
            },
            Change::RenameLabel { name, from, to } => {
                Change::RenameLabel { name: name.clone(), from: to.clone(), to: from.clone() }
            }
            Change::AlterColumn { table, column, alteration: ColumnAlteration::Rename(to) } => {
                Change::AlterColumn {
                    table: table.clone(),
                    column: to.clone(),
                    alteration: ColumnAlteration::Rename(column.clone()),
                }
            }
            _ => return None,
        })
    }

    /// Says what must be known of the state before, when there is none to ask.
    #[must_use]
    pub fn evidence_for_inverse(&self) -> EvidenceForInverse {
        use EvidenceForInverse::{Definitions, Everything, Existence};
        let existence = |guarded: bool, object: ObjectRef| {
            if guarded { Existence(vec![object]) } else { EvidenceForInverse::None }
        };
        let table = |name: &ObjectName| ObjectRef::Table(name.clone());
        match self {
            Change::CreateSchema { name, if_not_exists } => {
                existence(*if_not_exists, ObjectRef::Schema(name.clone()))
            }
            Change::CreateTable { table: made, if_not_exists, .. } => {
                existence(*if_not_exists, table(&made.name))
            }
            Change::CreateTableFrom { name, if_not_exists, .. } => existence(*if_not_exists, table(name)),
            Change::AddColumn { table, column, if_not_exists, .. } => {
                existence(*if_not_exists, ObjectRef::Column(table.clone(), column.name.clone()))
            }
            Change::CreateEnum { enum_type, if_not_exists } => {
                existence(*if_not_exists, ObjectRef::Enum(enum_type.name.clone()))
            }
            Change::CreateSequence { sequence, if_not_exists } => {
                existence(*if_not_exists, ObjectRef::Sequence(sequence.name.clone()))
            }
            Change::CreateIndex { table, index, if_not_exists } => {
                let name = table.sibling(index.name.clone().unwrap_or_default());
                existence(*if_not_exists, ObjectRef::Index(name, Some(table.clone())))
            }
            Change::AddConstraint { table, constraint, if_not_exists, .. } => {
                let name = constraint.name.clone().unwrap_or_default();
                existence(*if_not_exists, ObjectRef::Constraint(table.clone(), name))
            }
            Change::CreateObject { object, or_replace, if_not_exists } => {
                let object = ObjectRef::Object(object.kind, object.table.clone(), object.name.clone());
                if *or_replace { Definitions(vec![object]) } else { existence(*if_not_exists, object) }
            }
            Change::RenameTable { .. }
            | Change::RenameConstraint { .. }
            | Change::RenameIndex { .. }
            | Change::RenameType { .. }
            | Change::RenameSequence { .. }
            | Change::RenameObject { .. }
            | Change::RenameLabel { .. }
            | Change::AddLabel { .. }
            | Change::ValidateConstraint { .. }
            | Change::SetTableSchema { .. }
            | Change::SetTypeSchema { .. }
            | Change::Rows { .. }
            | Change::Nothing { .. }
            | Change::AlterColumn { alteration: ColumnAlteration::Rename(_), .. } => EvidenceForInverse::None,
            Change::DropSchema { name, .. } => Definitions(vec![ObjectRef::Schema(name.clone())]),
            Change::DropTable { name, .. } => Definitions(vec![table(name)]),
            Change::SetTableOption { table: name, .. } => Definitions(vec![table(name)]),
            Change::DropColumn { table, column, .. } | Change::AlterColumn { table, column, .. } => {
                Definitions(vec![ObjectRef::Column(table.clone(), column.clone())])
            }
            Change::DropConstraint { table: of, name: Some(name), .. }
            | Change::SetConstraintMode { table: of, name, .. } => {
                Definitions(vec![ObjectRef::Constraint(of.clone(), name.clone())])
            }
            Change::DropConstraint { table: of, name: None, .. } => Definitions(vec![table(of)]),
            Change::DropIndex { name, table, .. } => {
                Definitions(vec![ObjectRef::Index(name.clone(), table.clone())])
            }
            Change::DropType { name, .. } => Definitions(vec![ObjectRef::Enum(name.clone())]),
            Change::DropSequence { name, .. } | Change::AlterSequence { name, .. } => {
                Definitions(vec![ObjectRef::Sequence(name.clone())])
            }
            Change::DropObject { kind, name, table, .. } => {
                Definitions(vec![ObjectRef::Object(*kind, table.clone(), name.clone())])
            }
            Change::Comment { on, .. } => Definitions(vec![on.clone()]),
            Change::Unknown(effect) => match &effect.extent {
                Extent::Tables(tables) => Definitions(tables.iter().map(table).collect()),
                Extent::Objects(_) | Extent::Anything => Everything,
            },
        }
    }
}
