//! Applying changes.

pub(crate) mod columns;
pub(crate) mod constraints;
mod objects;
pub(crate) mod tables;

use crate::change::{Applied, Change, Extent, Mismatch, MismatchKind, ObjectRef};
use crate::model::{
    Constraint, ConstraintBody, Database, Dialect, Index, ObjectKeyOrTable, ObjectName, Origin, Table,
};
use std::sync::Arc;

/// One application under way.
struct Step<'d> {
    db: &'d mut Database,
    origin: Origin,
    applied: Applied,
}

impl Database {
    /// Applies a change as the database would on an empty set of rows, and says what came of it.
    ///
    /// Total: what does not fit gives a mismatch, and the rest of the change is done as far as it makes sense. An
    /// object that is there already is left as it is; one that is missing is not made up.
    pub fn apply(&mut self, change: &Change, origin: Origin) -> Applied {
        let mut step = Step { db: self, origin, applied: Applied::default() };
        step.change(change);
        step.applied
    }
}

impl Step<'_> {
    fn change(&mut self, change: &Change) {
        match change {
            Change::CreateSchema { name, if_not_exists } => self.create_schema(name, *if_not_exists),
            Change::DropSchema { name, if_exists, cascade } => self.drop_schema(name, *if_exists, *cascade),
            Change::CreateTable { table, if_not_exists, temporary } => {
                self.create_table(table, *if_not_exists, *temporary);
            }
            Change::CreateTableFrom { name, like, including_all, if_not_exists, text } => {
                self.create_table_from(name, like.as_ref(), *including_all, *if_not_exists, text);
            }
            Change::DropTable { name, if_exists, cascade } => self.drop_table(name, *if_exists, *cascade),
            Change::RenameTable { from, to, if_exists } => self.rename_table(from, to, *if_exists),
            Change::SetTableSchema { table, schema } => {
                let to = ObjectName { schema: schema.clone(), name: table.name.clone() };
                self.rename_table(table, &to, false);
            }
            Change::SetTableOption { table, key, value } => {
                self.with_table(table, |table| {
                    match value {
                        Some(value) => table.options.insert(key.clone(), value.clone()),
                        None => table.options.remove(key),
                    };
                });
            }
            Change::AddColumn { table, column, constraints, if_not_exists, table_if_exists, position } => {
                self.add_column(table, column, constraints, *if_not_exists, *table_if_exists, position);
            }
            Change::DropColumn { table, column, if_exists, cascade } => {
                self.drop_column(table, column, *if_exists, *cascade);
            }
            Change::AlterColumn { table, column, alteration } => self.alter_column(table, column, alteration),
            Change::AddConstraint { table, constraint, using_index, if_not_exists } => {
                self.add_constraint(table, constraint, using_index.as_deref(), *if_not_exists);
            }
            Change::DropConstraint { table, name, kind, if_exists, cascade } => {
                self.drop_constraint(table, name.as_deref(), *kind, *if_exists, *cascade);
            }
            Change::RenameConstraint { table, from, to } => self.rename_constraint(table, from, to),
            Change::ValidateConstraint { table, name } => {
                self.with_constraint(table, name, |constraint| constraint.not_valid = false);
            }
            Change::SetConstraintMode { table, name, mode } => {
                self.with_constraint(table, name, |constraint| constraint.mode = *mode);
            }
            Change::CreateIndex { table, index, if_not_exists } => {
                self.create_index(table, index, *if_not_exists);
            }
            Change::DropIndex { name, table, if_exists, cascade } => {
                self.drop_index(name, table.as_ref(), *if_exists, *cascade);
            }
            Change::RenameIndex { from, table, to, if_exists } => {
                self.rename_index(from, table.as_ref(), to, *if_exists);
            }
            Change::Rows { table, effect, columns, .. } => self.rows(table, *effect, columns),
            Change::Nothing { .. } => {}
            Change::Unknown(effect) => {
                if let Extent::Tables(tables) = &effect.extent {
                    for name in tables {
                        if let Some(table) = self.table_mut(name) {
                            table.tainted = true;
                        }
                    }
                }
                self.db.unknown.push((Arc::new(effect.clone()), self.origin));
            }
            other => self.object_change(other),
        }
    }

    fn touched(&mut self, object: ObjectRef) {
        self.db.dropped.remove(&object);
        self.applied.touched.push(object);
    }

    fn dropped(&mut self, object: ObjectRef) {
        self.db.dropped.insert(object.clone(), self.origin);
        self.applied.touched.push(object);
    }

    fn missing(&mut self, object: ObjectRef) {
        let dropped_by = self.db.dropped.get(&object).copied();
        self.applied.mismatches.push(Mismatch { object, kind: MismatchKind::Missing { dropped_by } });
    }

    fn exists(&mut self, object: ObjectRef, made_by: Origin) {
        self.applied.mismatches.push(Mismatch { object, kind: MismatchKind::Exists { made_by } });
    }

    fn needed(&mut self, object: ObjectRef, by: Vec<ObjectRef>) {
        self.applied.mismatches.push(Mismatch { object, kind: MismatchKind::Needed { by } });
    }

    fn refused(&mut self, object: ObjectRef, reason: impl Into<String>) {
        self.applied
            .mismatches
            .push(Mismatch { object, kind: MismatchKind::Refused { reason: reason.into() } });
    }

    /// Changes a table; a missing one becomes a mismatch.
    fn with_table<T>(&mut self, name: &ObjectName, change: impl FnOnce(&mut Table) -> T) -> Option<T> {
        match self.table_mut(name) {
            Some(table) => {
                let result = change(table);
                self.touched(ObjectRef::Table(name.clone()));
                Some(result)
            }
            None => {
                self.missing(ObjectRef::Table(name.clone()));
                None
            }
        }
    }

    fn table_mut(&mut self, name: &ObjectName) -> Option<&mut Table> {
        self.db.tables.get_plain_mut(name)
    }

    fn with_constraint(&mut self, table: &ObjectName, name: &str, change: impl FnOnce(&mut Constraint)) {
        let object = ObjectRef::Constraint(table.clone(), name.to_owned());
        let Some(found) = self.table_mut(table) else {
            self.missing(ObjectRef::Table(table.clone()));
            return;
        };
        match found.constraints.iter_mut().find(|c| c.name.as_deref() == Some(name)) {
            Some(constraint) => {
                change(constraint);
                self.touched(object);
            }
            None => self.missing(object),
        }
    }

    fn is_mysql(&self) -> bool {
        self.db.dialect.is_mysql()
    }

    fn is_postgresql(&self) -> bool {
        self.db.dialect == Dialect::PostgreSql
    }

    /// Names compare without regard to case on SQLite and, for columns, on MySQL.
    fn case_sensitive(&self) -> bool {
        self.is_postgresql()
    }

    fn place(&mut self, key: ObjectKeyOrTable) {
        let next = self.db.next;
        self.db.next += 1;
        self.db.made.insert(key, next);
    }

    /// Puts a constraint that has its name on a table.
    fn attach_constraint(&mut self, table: &ObjectName, constraint: Constraint) {
        if let Some(name) = &constraint.name {
            let full = table.sibling(name.clone());
            *self.db.constraint_names.entry(full.clone()).or_default() += 1;
            if owns_index(&constraint, self.db.dialect) {
                self.db.index_owners.insert(full, Arc::new(table.clone()));
            }
            self.touched(ObjectRef::Constraint(table.clone(), name.clone()));
        }
        let is_foreign_key = matches!(constraint.body, ConstraintBody::ForeignKey { .. });
        if let Some(table) = self.table_mut(table) {
            table.constraints.push(constraint);
        }
        if is_foreign_key {
            self.db.tables.note_keys(table);
        }
    }

    /// Takes a constraint off a table.
    fn detach_constraint(&mut self, table: &ObjectName, at: usize) -> Option<Constraint> {
        let found = self.table_mut(table)?;
        let constraint = (at < found.constraints.len()).then(|| found.constraints.remove(at))?;
        if let Some(name) = &constraint.name {
            self.forget_constraint_name(table, name, owns_index(&constraint, self.db.dialect));
            self.dropped(ObjectRef::Constraint(table.clone(), name.clone()));
        }
        Some(constraint)
    }

    fn forget_constraint_name(&mut self, table: &ObjectName, name: &str, owns_index: bool) {
        let full = table.sibling(name);
        if let Some(count) = self.db.constraint_names.get_mut(&full) {
            *count -= 1;
            if *count == 0 {
                self.db.constraint_names.remove(&full);
            }
        }
        if owns_index {
            self.db.index_owners.remove(&full);
        }
    }

    fn attach_index(&mut self, table: &ObjectName, index: Index) {
        if let Some(name) = &index.name {
            let full = table.sibling(name.clone());
            if !self.is_mysql() {
                self.db.index_owners.insert(full.clone(), Arc::new(table.clone()));
            }
            self.touched(ObjectRef::Index(full, Some(table.clone())));
        }
        if let Some(table) = self.table_mut(table) {
            table.indexes.push(index);
        }
    }

    fn detach_index(&mut self, table: &ObjectName, at: usize) -> Option<Index> {
        let found = self.table_mut(table)?;
        let index = (at < found.indexes.len()).then(|| found.indexes.remove(at))?;
        if let Some(name) = &index.name {
            let full = table.sibling(name.clone());
            self.db.index_owners.remove(&full);
            self.dropped(ObjectRef::Index(full, Some(table.clone())));
        }
        Some(index)
    }
}

impl Database {
    /// Drops constraints and indexes that cannot be: those that use a column that the table of the same name in
    /// another state has and the table itself lacks.
    pub fn forget_orphans(&mut self, other: &Database) {
        let case = self.dialect == Dialect::PostgreSql;
        let pruned: Vec<Table> = self
            .tables
            .values()
            .filter_map(|table| {
                let known = other.table(&table.name)?;
                let lacks = |name: &&str| table.column(name).is_none();
                let columns: Vec<&str> =
                    known.columns.iter().map(|c| c.name.as_str()).filter(lacks).collect();
                columns::without_uses(table, &columns, case)
            })
            .collect();
        for table in pruned {
            self.put_table(Arc::new(table));
        }
    }

    /// Puts a whole table in the place of the one of its name, or beside the others, without asking whether it fits.
    /// What points at it stays.
    pub fn put_table(&mut self, table: Arc<Table>) {
        let name = table.name.clone();
        if let Some(old) = self.tables.remove(&name) {
            self.index_owners.retain(|_, owner| owner.as_ref() != &name);
            for constraint in old.constraints.iter().filter_map(|c| c.name.as_ref()) {
                let full = name.sibling(constraint.clone());
                if let Some(count) = self.constraint_names.get_mut(&full) {
                    *count -= 1;
                    if *count == 0 {
                        self.constraint_names.remove(&full);
                    }
                }
            }
        } else {
            self.made.insert(ObjectKeyOrTable::Table(name.clone()), self.next);
            self.next += 1;
        }
        let by_name = !self.dialect.is_mysql();
        for constraint in &table.constraints {
            let Some(own) = &constraint.name else { continue };
            let full = name.sibling(own.clone());
            *self.constraint_names.entry(full.clone()).or_default() += 1;
            if owns_index(constraint, self.dialect) {
                self.index_owners.insert(full, Arc::new(name.clone()));
            }
        }
        for index in table.indexes.iter().filter_map(|i| i.name.as_ref()).filter(|_| by_name) {
            self.index_owners.insert(name.sibling(index.clone()), Arc::new(name.clone()));
        }
        self.tables.insert(name, table);
    }
}

/// Says whether the name of a constraint is that of an index too. SQLite gives its indexes names of its own
/// (`sqlite_autoindex_…`), and on MySQL the names of indexes count in their table alone.
fn owns_index(constraint: &Constraint, dialect: Dialect) -> bool {
    dialect == Dialect::PostgreSql && is_kept_by_index(constraint)
}

/// Says whether the database keeps a constraint by an index.
fn is_kept_by_index(constraint: &Constraint) -> bool {
    matches!(
        constraint.body,
        ConstraintBody::PrimaryKey { .. } | ConstraintBody::Unique { .. } | ConstraintBody::Exclude { .. }
    )
}

#[cfg(test)]
mod tests;
