//! Names that the migration changes, turned back.

use super::*;

impl Workshop<'_> {
    /// The name that a table had before the trial renamed it.
    pub(super) fn before(&self, name: &ObjectName) -> ObjectName {
        let mut name = name.clone();
        for change in self.trial.changes().rev() {
            match change {
                Change::RenameTable { from, to, .. } if *to == name => name = from.clone(),
                Change::SetTableSchema { table, schema } => {
                    let moved = ObjectName { schema: schema.clone(), name: table.name.clone() };
                    if moved == name {
                        name = table.clone();
                    }
                }
                _ => {}
            }
        }
        name
    }

    /// The name that a column had before the trial renamed it.
    pub(super) fn column_before(&self, table: &ObjectName, column: &str) -> String {
        let mut column = column.to_owned();
        for change in self.trial.changes().rev() {
            if let Change::AlterColumn { table: t, column: from, alteration } = change {
                let to = match alteration {
                    ColumnAlteration::Rename(to) => to,
                    ColumnAlteration::Definition { column, .. } => &column.name,
                    _ => continue,
                };
                if *to == column && (t == table || self.before(t) == *table) {
                    column = from.clone();
                }
            }
        }
        column
    }

    pub(super) fn there(&self, table: &ObjectName) -> ObjectName {
        if self.state.tables.contains_key(table) { table.clone() } else { self.before(table) }
    }

    /// A rename whose old name is missing while the new one is there: it was the old one before.
    pub(super) fn undo_rename(&mut self, change: &Change) -> bool {
        let back = match change {
            Change::RenameTable { from, to, .. } if self.state.tables.contains_key(to) => {
                Change::RenameTable { from: to.clone(), to: from.clone(), if_exists: false }
            }
            Change::SetTableSchema { table, schema } => {
                let moved = ObjectName { schema: schema.clone(), name: table.name.clone() };
                if !self.state.tables.contains_key(&moved) {
                    return false;
                }
                Change::SetTableSchema { table: moved, schema: table.schema.clone() }
            }
            Change::AlterColumn { table, column, alteration: ColumnAlteration::Rename(to) } => {
                let table = self.there(table);
                if self.state.table(&table).is_none_or(|t| t.column(to).is_none()) {
                    return false;
                }
                Change::AlterColumn {
                    table,
                    column: to.clone(),
                    alteration: ColumnAlteration::Rename(column.clone()),
                }
            }
            Change::RenameConstraint { table, from, to } => {
                let table = self.there(table);
                if self.state.table(&table).is_none_or(|t| t.constraint(to).is_none()) {
                    return false;
                }
                Change::RenameConstraint { table, from: to.clone(), to: from.clone() }
            }
            Change::RenameIndex { from, table, to, .. } => {
                let Some(owner) = self.owner(&from.sibling(to.clone()), table.as_ref()) else { return false };
                Change::RenameIndex {
                    from: owner.sibling(to.clone()),
                    table: Some(owner),
                    to: from.name.clone(),
                    if_exists: false,
                }
            }
            Change::RenameType { from, to } if self.state.enums.contains_key(&from.sibling(to.clone())) => {
                Change::RenameType { from: from.sibling(to.clone()), to: from.name.clone() }
            }
            Change::SetTypeSchema { name, schema } => {
                let moved = ObjectName { schema: schema.clone(), name: name.name.clone() };
                if !self.state.enums.contains_key(&moved) {
                    return false;
                }
                Change::SetTypeSchema { name: moved, schema: name.schema.clone() }
            }
            Change::RenameSequence { from, to, .. }
                if self.state.sequences.contains_key(&from.sibling(to.clone())) =>
            {
                Change::RenameSequence {
                    from: from.sibling(to.clone()),
                    to: from.name.clone(),
                    if_exists: false,
                }
            }
            _ => return false,
        };
        if !self.once(format!("undo {}", short(change))) {
            return false;
        }
        let before = self.state.clone();
        self.apply(&back);
        before != *self.state
    }

    /// What is missing may be renamed further on in the migration, and stand in the candidate under its new name.
    pub(super) fn undo_later_rename(&mut self, object: &ObjectRef) -> bool {
        let renames: Vec<Change> = self
            .trial
            .changes()
            .filter(|change| match (change, object) {
                (Change::RenameTable { from, .. }, ObjectRef::Table(name)) => from == name,
                (Change::SetTableSchema { table, .. }, ObjectRef::Table(name)) => table == name,
                (
                    Change::AlterColumn { table, column, alteration: ColumnAlteration::Rename(_) },
                    ObjectRef::Column(of, name),
                ) => column == name && self.there(table) == self.there(of),
                (Change::RenameType { from, .. }, ObjectRef::Enum(name)) => from == name,
                (Change::RenameSequence { from, .. }, ObjectRef::Sequence(name)) => from == name,
                (Change::RenameIndex { from, .. }, ObjectRef::Index(name, _)) => from.name == name.name,
                (Change::RenameConstraint { from, .. }, ObjectRef::Constraint(_, name)) => from == name,
                _ => false,
            })
            .cloned()
            .collect();
        renames.iter().any(|rename| self.undo_rename(rename))
    }

    /// What is missing may have another name by now because a migration above gives it one wherever it finds the old one.
    pub(super) fn undo_rename_above(&mut self, object: &ObjectRef) -> bool {
        let ObjectRef::Column(table, old) = object else { return false };
        let table = self.there(table);
        let Some(found) = self.state.table(&table).filter(|t| t.column(old).is_none()) else { return false };
        let Some((_, new)) = self.renames.iter().find(|(from, to)| from == old && found.column(to).is_some())
        else {
            return false;
        };
        let rename = Change::AlterColumn {
            table: table.clone(),
            column: new.clone(),
            alteration: ColumnAlteration::Rename(old.clone()),
        };
        self.apply(&rename);
        let object = ObjectRef::Column(table, old.clone());
        self.assume(&object, Level::Inferred, "a later migration renames columns of that name");
        true
    }

    pub(super) fn rename_in(&self, table: &ObjectName, constraint: &mut Constraint) {
        match &mut constraint.body {
            ConstraintBody::PrimaryKey { columns, .. } | ConstraintBody::Unique { columns, .. } => {
                for column in columns {
                    *column = self.column_before(table, column);
                }
            }
            ConstraintBody::ForeignKey { columns, table: target, references, .. } => {
                for column in columns {
                    *column = self.column_before(table, column);
                }
                let old = self.before(target);
                for column in references {
                    *column = self.column_before(&old, column);
                }
                *target = old;
            }
            _ => {}
        }
    }
}
