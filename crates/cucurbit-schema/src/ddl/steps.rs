//! Changes written as the statements that make them, one after the other.
//!
//! Where [`ddl`](super::ddl) writes what there is, [`steps`] writes how it came about, so that a database can say
//! whether it takes it: names that the database gives are left to it, and what does not fit is written all the same.

mod mysql;
mod postgresql;
mod sqlite;
#[cfg(test)]
mod tests;

use super::{Omission, Piece, Writer, Written, quote, text};
use crate::change::{Change, ColumnAlteration, MismatchKind, ObjectRef};
use crate::ddl::DdlStatement;
use crate::model::{
    Constraint, ConstraintBody, ConstraintKind, Database, Dialect, NameKind, ObjectKind, ObjectName, Origin,
    Table,
};
use std::collections::BTreeSet;

/// A change that is to be written.
#[derive(Debug, Clone, Copy)]
pub struct Work<'c> {
    /// The change.
    pub change: &'c Change,
    /// Where it comes from; statements and objects carry it on.
    pub origin: Origin,
    /// It is one of a batch: on SQLite Alembic makes the table anew where `ALTER TABLE` does not do.
    pub in_batch: bool,
}

/// Changes as statements.
#[derive(Debug, Clone)]
pub struct Steps {
    /// The statements, in the order of the changes.
    pub statements: Vec<DdlStatement>,
    /// What is missing from them, and what makes it so.
    pub omissions: Vec<(Omission, Origin)>,
    /// Schemas that the changes need and that nothing made: a statement that makes each where it is not there stands
    /// before the first use.
    pub assumed_schemas: Vec<String>,
    /// How many changes are about rows; nothing is written for them.
    pub rows: usize,
    /// The database behind the changes, as it is to be.
    pub after: Database,
}

/// Writes changes as statements for a database that is as `before` says, in the dialect of `before`.
///
/// Total: what cannot be written is listed. Changes that find nothing to do (`IF EXISTS`), that are about rows, or
/// that surely do nothing give no statement; those whose effect cannot be known give none and are listed in
/// [`Database::unknown`] of [`Steps::after`]. `GRANT` is passed over and listed, because roles belong to the server.
/// Costs time in the size of the database for each change.
#[must_use]
pub fn steps(before: &Database, work: &[Work<'_>]) -> Steps {
    let mut stepper = Stepper {
        dialect: before.dialect,
        state: before.clone(),
        origin: Origin::default(),
        statements: Vec::new(),
        omissions: Vec::new(),
        assumed_schemas: Vec::new(),
        rows: 0,
    };
    let mut at = 0;
    while let Some(first) = work.get(at) {
        let run = batch_length(&work[at..]);
        if run > 1 || (first.in_batch && sqlite::is_remade_for(first.change)) {
            stepper.batch(&work[at..at + run]);
        } else {
            stepper.step(first);
        }
        at += run;
    }
    Steps {
        statements: stepper.statements,
        omissions: stepper.omissions,
        assumed_schemas: stepper.assumed_schemas,
        rows: stepper.rows,
        after: stepper.state,
    }
}

/// Says whether a change is written by what was there before it.
fn looks_back(change: &Change) -> bool {
    matches!(
        change,
        Change::DropConstraint { .. }
            | Change::DropIndex { .. }
            | Change::DropType { .. }
            | Change::CreateObject { or_replace: true, .. }
            | Change::Comment { .. }
            | Change::AlterColumn { alteration: ColumnAlteration::Identity(_), .. }
    )
}

/// How many changes from the first on are one batch on one table.
fn batch_length(work: &[Work<'_>]) -> usize {
    let Some(first) = work.first().filter(|first| first.in_batch) else { return 1 };
    let Some(table) = sqlite::batch_table(first.change) else { return 1 };
    work.iter().take_while(|w| w.in_batch && sqlite::batch_table(w.change) == Some(table)).count().max(1)
}

struct Stepper {
    dialect: Dialect,
    state: Database,
    origin: Origin,
    statements: Vec<DdlStatement>,
    omissions: Vec<(Omission, Origin)>,
    assumed_schemas: Vec<String>,
    rows: usize,
}

impl Stepper {
    fn step(&mut self, work: &Work<'_>) {
        // Few changes are written by what was there before.
        let before = if looks_back(work.change) { self.state.clone() } else { Database::new(self.dialect) };
        self.origin = work.origin;
        let applied = self.state.apply(work.change, work.origin);
        if applied.skipped {
            return;
        }
        for mismatch in &applied.mismatches {
            if let (ObjectRef::Schema(name), MismatchKind::Missing { .. }) =
                (&mismatch.object, &mismatch.kind)
                && self.state.schemas.contains_key(name)
            {
                self.assume_schema(name);
            }
        }
        match work.change {
            Change::Rows { .. } => self.rows += 1,
            Change::Nothing { .. } | Change::Unknown(_) => {}
            Change::CreateObject { object, .. } if object.kind == ObjectKind::Grant => {
                let reason = "roles belong to the server, so it is not run";
                self.omit(super::object_ref(object), reason.to_owned());
            }
            Change::DropObject { kind: ObjectKind::Grant, .. } => {}
            change => {
                // The state is lent to the writers and put back.
                let after = std::mem::replace(&mut self.state, Database::new(self.dialect));
                match self.dialect {
                    Dialect::PostgreSql => postgresql::write(self, &before, &after, change),
                    Dialect::Sqlite => sqlite::write(self, &before, &after, change),
                    Dialect::MySql | Dialect::MariaDb => mysql::write(self, &before, &after, change),
                }
                self.state = after;
            }
        }
    }

    /// Changes of one table that are made together.
    fn batch(&mut self, work: &[Work<'_>]) {
        let remade = self.dialect == Dialect::Sqlite && work.iter().any(|w| sqlite::is_remade_for(w.change));
        let table = work.first().and_then(|w| sqlite::batch_table(w.change));
        let (true, Some(table)) = (remade, table) else {
            for work in work {
                self.step(work);
            }
            return;
        };
        for work in work {
            self.origin = work.origin;
            self.state.apply(work.change, work.origin);
        }
        let after = std::mem::replace(&mut self.state, Database::new(self.dialect));
        sqlite::remake(self, &after, table);
        self.state = after;
    }

    fn assume_schema(&mut self, name: &str) {
        let written =
            quote::checked_name(name, self.dialect).map(|name| format!("CREATE SCHEMA IF NOT EXISTS {name}"));
        self.put(ObjectRef::Schema(name.to_owned()), written);
        self.assumed_schemas.push(name.to_owned());
    }

    fn push(&mut self, object: ObjectRef, sql: String) {
        self.statements.push(DdlStatement { sql, origin: self.origin, object: Some(object) });
    }

    fn omit(&mut self, object: ObjectRef, reason: String) {
        self.omissions.push((Omission { object, reason }, self.origin));
    }

    /// Pushes what was written, or lists why not.
    fn put(&mut self, object: ObjectRef, written: Written) {
        match written {
            Ok(sql) => self.push(object, sql),
            Err(reason) => self.omit(object, reason),
        }
    }

    /// Takes what a writer of whole databases wrote.
    fn take(&mut self, writer: Writer<'_>) {
        let written = writer.finish();
        for statement in written.statements {
            self.statements.push(DdlStatement { origin: self.origin, ..statement });
        }
        for omission in written.omissions {
            self.omissions.push((omission, self.origin));
        }
    }
}

/// A writer that knows a table and those that its foreign keys, and these other ones, point at.
fn writer<'d>(database: &'d Database, table: &ObjectName, others: &[Constraint]) -> Writer<'d> {
    let own = database.table(table).map(|t| t.constraints.as_slice()).unwrap_or_default();
    let targets = own.iter().chain(others).filter_map(|constraint| match &constraint.body {
        ConstraintBody::ForeignKey { table, .. } => Some(table),
        _ => None,
    });
    let mut names: BTreeSet<&ObjectName> = targets.collect();
    names.insert(table);
    let mut writer = Writer::of(database, names.into_iter().filter_map(|name| database.table(name)));
    // What is left out of tables that are there was said when they were made.
    writer.omissions.clear();
    writer
}

/// The pieces of one table, made by the writer of whole databases.
type MakeTable = for<'a> fn(&mut Writer<'a>, &'a Table);

fn create_table(stepper: &mut Stepper, after: &Database, table: &Table, temporary: bool, make: MakeTable) {
    let mut writer = writer(after, &table.name, &table.constraints);
    make(&mut writer, table);
    if temporary {
        for Piece { statement, .. } in &mut writer.pieces {
            if let Some(rest) = statement.sql.strip_prefix("CREATE TABLE ") {
                statement.sql = format!("CREATE TEMPORARY TABLE {rest}");
            }
        }
    }
    stepper.take(writer);
}

/// Makes a table as it is asked for: the database names what has no name of its own.
fn create_asked(stepper: &mut Stepper, after: &Database, table: &Table, temporary: bool, make: MakeTable) {
    let mut asked = table.clone();
    for constraint in &mut asked.constraints {
        *constraint = unnamed(constraint);
    }
    create_table(stepper, after, &asked, temporary, make);
}

fn name(name: &str, dialect: Dialect) -> Written {
    quote::checked_name(name, dialect)
}

fn object(name: &ObjectName, dialect: Dialect) -> Written {
    quote::checked_object(name, dialect)
}

fn if_exists(yes: bool) -> &'static str {
    if yes { "IF EXISTS " } else { "" }
}

fn cascade(yes: bool) -> &'static str {
    if yes { " CASCADE" } else { "" }
}

/// A constraint as it is asked for: without the name that the database would give it.
fn unnamed(constraint: &Constraint) -> Constraint {
    let mut asked = constraint.clone();
    if asked.name_kind == NameKind::Implicit {
        asked.name = None;
    }
    asked
}

/// The names of the constraints of one kind that a table has.
fn names_of_kind(database: &Database, table: &ObjectName, kind: ConstraintKind) -> Vec<String> {
    let constraints = database.table(table).map(|t| t.constraints.as_slice()).unwrap_or_default();
    constraints.iter().filter(|c| c.kind() == kind).filter_map(|c| c.name.clone()).collect()
}

/// A statement that is kept as its text.
fn kept(sql: &str, dialect: Dialect) -> Written {
    text::statement(sql, dialect)
}

/// What a change is about, for those whose writers do not say it better.
fn subject(change: &Change) -> ObjectRef {
    match change {
        Change::CreateSchema { name, .. } | Change::DropSchema { name, .. } => {
            ObjectRef::Schema(name.clone())
        }
        Change::CreateEnum { enum_type, .. } => ObjectRef::Enum(enum_type.name.clone()),
        Change::DropType { name, .. }
        | Change::AddLabel { name, .. }
        | Change::RenameLabel { name, .. }
        | Change::RenameType { from: name, .. }
        | Change::SetTypeSchema { name, .. } => ObjectRef::Enum(name.clone()),
        Change::CreateSequence { sequence, .. } => ObjectRef::Sequence(sequence.name.clone()),
        Change::AlterSequence { name, .. }
        | Change::RenameSequence { from: name, .. }
        | Change::DropSequence { name, .. } => ObjectRef::Sequence(name.clone()),
        Change::CreateTable { table, .. } => ObjectRef::Table(table.name.clone()),
        Change::CreateTableFrom { name, .. }
        | Change::DropTable { name, .. }
        | Change::RenameTable { from: name, .. }
        | Change::SetTableSchema { table: name, .. }
        | Change::SetTableOption { table: name, .. }
        | Change::Rows { table: name, .. } => ObjectRef::Table(name.clone()),
        Change::AddColumn { table, column, .. } => ObjectRef::Column(table.clone(), column.name.clone()),
        Change::DropColumn { table, column, .. } | Change::AlterColumn { table, column, .. } => {
            ObjectRef::Column(table.clone(), column.clone())
        }
        Change::AddConstraint { table, constraint, .. } => match &constraint.name {
            Some(name) => ObjectRef::Constraint(table.clone(), name.clone()),
            None => ObjectRef::Table(table.clone()),
        },
        Change::DropConstraint { table, name, .. } => match name {
            Some(name) => ObjectRef::Constraint(table.clone(), name.clone()),
            None => ObjectRef::Table(table.clone()),
        },
        Change::RenameConstraint { table, from: name, .. }
        | Change::ValidateConstraint { table, name }
        | Change::SetConstraintMode { table, name, .. } => ObjectRef::Constraint(table.clone(), name.clone()),
        Change::CreateIndex { table, index, .. } => {
            super::index_ref(&Table::new(table.clone()), index.name.as_deref())
        }
        Change::DropIndex { name, table, .. } | Change::RenameIndex { from: name, table, .. } => {
            ObjectRef::Index(name.clone(), table.clone())
        }
        Change::CreateObject { object, .. } => super::object_ref(object),
        Change::DropObject { kind, name, table, .. }
        | Change::RenameObject { kind, from: name, table, .. } => {
            ObjectRef::Object(*kind, table.clone(), name.clone())
        }
        Change::Comment { on, .. } => on.clone(),
        Change::Nothing { .. } | Change::Unknown(_) => ObjectRef::Schema(String::new()),
    }
}

/// Returns the names of tables and other objects that a change makes, changes, drops, or points at with a foreign key.
fn names(change: &Change) -> Vec<&ObjectName> {
    fn targets(constraints: &[Constraint]) -> impl Iterator<Item = &ObjectName> {
        constraints.iter().filter_map(|constraint| match &constraint.body {
            ConstraintBody::ForeignKey { table, .. } => Some(table),
            _ => None,
        })
    }
    match change {
        Change::CreateTable { table, .. } => {
            std::iter::once(&table.name).chain(targets(&table.constraints)).collect()
        }
        Change::AddColumn { table, constraints, .. } => {
            std::iter::once(table).chain(targets(constraints)).collect()
        }
        Change::AddConstraint { table, constraint, .. } => {
            std::iter::once(table).chain(targets(std::slice::from_ref(constraint))).collect()
        }
        Change::CreateTableFrom { name, like, .. } => std::iter::once(name).chain(like).collect(),
        Change::RenameTable { from, to, .. } => vec![from, to],
        Change::DropIndex { name, table, .. } => std::iter::once(name).chain(table).collect(),
        Change::RenameIndex { from, table, .. } => std::iter::once(from).chain(table).collect(),
        Change::CreateObject { object, .. } => std::iter::once(&object.name).chain(&object.table).collect(),
        Change::DropObject { name, table, .. } | Change::RenameObject { from: name, table, .. } => {
            std::iter::once(name).chain(table).collect()
        }
        Change::DropTable { name: table, .. }
        | Change::SetTableSchema { table, .. }
        | Change::SetTableOption { table, .. }
        | Change::DropColumn { table, .. }
        | Change::AlterColumn { table, .. }
        | Change::DropConstraint { table, .. }
        | Change::RenameConstraint { table, .. }
        | Change::ValidateConstraint { table, .. }
        | Change::SetConstraintMode { table, .. }
        | Change::CreateIndex { table, .. }
        | Change::Rows { table, .. } => vec![table],
        Change::CreateEnum { enum_type, .. } => vec![&enum_type.name],
        Change::DropType { name, .. }
        | Change::AddLabel { name, .. }
        | Change::RenameLabel { name, .. }
        | Change::RenameType { from: name, .. }
        | Change::SetTypeSchema { name, .. }
        | Change::AlterSequence { name, .. }
        | Change::RenameSequence { from: name, .. }
        | Change::DropSequence { name, .. } => vec![name],
        Change::CreateSequence { sequence, .. } => vec![&sequence.name],
        Change::Comment { on, .. } => match on {
            ObjectRef::Enum(name) | ObjectRef::Sequence(name) | ObjectRef::Object(_, None, name) => {
                vec![name]
            }
            on => on.table().into_iter().collect(),
        },
        Change::CreateSchema { .. }
        | Change::DropSchema { .. }
        | Change::Nothing { .. }
        | Change::Unknown(_) => Vec::new(),
    }
}
