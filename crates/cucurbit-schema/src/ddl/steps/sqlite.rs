//! SQLite. What `ALTER TABLE` does not do Alembic's batches do: they make the table anew.

use super::super::{Writer, Written, index_ref, sqlite as whole};
use super::{Stepper, create_table, if_exists, kept, name, object, subject, writer};
use crate::change::{Change, ColumnAlteration, ObjectRef};
use crate::model::{ConstraintBody, Database, Dialect, Index, ObjectKind, ObjectName, Table};

const DIALECT: Dialect = Dialect::Sqlite;

/// The table of a change that a batch may hold.
pub(super) fn batch_table(change: &Change) -> Option<&ObjectName> {
    match change {
        Change::AddColumn { table, .. }
        | Change::DropColumn { table, .. }
        | Change::AlterColumn { table, .. }
        | Change::AddConstraint { table, .. }
        | Change::DropConstraint { table, .. }
        | Change::RenameConstraint { table, .. }
        | Change::CreateIndex { table, .. }
        | Change::SetTableOption { table, .. } => Some(table),
        Change::DropIndex { table, .. } => table.as_ref(),
        _ => None,
    }
}

/// Says whether Alembic makes the table anew for this: `requires_recreate_in_batch` of its SQLite dialect lets
/// indexes and plain new columns pass.
pub(super) fn is_remade_for(change: &Change) -> bool {
    match change {
        Change::CreateIndex { .. } | Change::DropIndex { .. } => false,
        Change::AddColumn { column, constraints, .. } => {
            column.computed.is_some() || !constraints.is_empty() || column.default.is_some()
        }
        change => batch_table(change).is_some(),
    }
}

/// Makes a table anew as it is to be: under another name, then in the place of the old one, its indexes last.
pub(super) fn remake(stepper: &mut Stepper, after: &Database, table: &ObjectName) {
    let reference = ObjectRef::Table(table.clone());
    let Some(found) = after.table(table) else {
        let why = "nothing made the table that is to be made anew".to_owned();
        return stepper.omit(reference, why);
    };
    let temporary = ObjectName::plain(format!("_alembic_tmp_{}", table.name));
    let (Ok(old), Ok(new)) = (object(table, DIALECT), object(&temporary, DIALECT)) else {
        return stepper.omit(reference, "its name cannot be written".to_owned());
    };
    // Its own columns are asked for under its own name.
    let mut bare = found.clone();
    bare.indexes.clear();
    let mut pieces = writer(after, table, &[]);
    whole::make_table(&mut pieces, &bare);
    for piece in &mut pieces.pieces {
        if let Some(rest) = piece.statement.sql.strip_prefix(&format!("CREATE TABLE {old} ")) {
            piece.statement.sql = format!("CREATE TABLE {new} {rest}");
        }
    }
    stepper.take(pieces);
    stepper.push(reference.clone(), format!("DROP TABLE {old}"));
    stepper.push(reference, format!("ALTER TABLE {new} RENAME TO {old}"));
    for index in &found.indexes {
        create_index(stepper, after, found, index);
    }
}

fn create_index(stepper: &mut Stepper, after: &Database, table: &Table, index: &Index) {
    let written = whole::index_sql(&writer(after, &table.name, &[]), table, index);
    stepper.put(index_ref(table, index.name.as_deref()), written);
}

/// Writes one change.
pub(super) fn write(stepper: &mut Stepper, before: &Database, after: &Database, change: &Change) {
    match change {
        Change::CreateTable { table, temporary, .. } => {
            create_table(stepper, after, table, *temporary, whole::make_table);
        }
        Change::CreateTableFrom { name, text, .. } => {
            stepper.put(ObjectRef::Table(name.clone()), kept(text, DIALECT));
        }
        Change::DropTable { name, if_exists: only, .. } => {
            let written = object(name, DIALECT).map(|name| format!("DROP TABLE {}{name}", if_exists(*only)));
            stepper.put(ObjectRef::Table(name.clone()), written);
        }
        Change::RenameTable { from, to, .. } => {
            let written = object(from, DIALECT)
                .and_then(|from| Ok(format!("ALTER TABLE {from} RENAME TO {}", object(to, DIALECT)?)));
            stepper.put(ObjectRef::Table(to.clone()), written);
        }
        Change::AddColumn { table, column, .. } => {
            let reference = ObjectRef::Column(table.clone(), column.name.clone());
            let mut own = writer(after, table, &[]);
            let written = add_column(&mut own, table, change);
            stepper.take(own);
            stepper.put(reference, written);
        }
        Change::DropColumn { table, column, .. } => {
            let written = object(table, DIALECT)
                .and_then(|t| Ok(format!("ALTER TABLE {t} DROP COLUMN {}", name(column, DIALECT)?)));
            stepper.put(ObjectRef::Column(table.clone(), column.clone()), written);
        }
        Change::AlterColumn { table, column, alteration } => {
            let reference = ObjectRef::Column(table.clone(), column.clone());
            match alteration {
                ColumnAlteration::Rename(to) => {
                    let written = object(table, DIALECT).and_then(|t| {
                        let (from, to) = (name(column, DIALECT)?, name(to, DIALECT)?);
                        Ok(format!("ALTER TABLE {t} RENAME COLUMN {from} TO {to}"))
                    });
                    stepper.put(reference, written);
                }
                // SQLite has none, and Alembic writes none.
                ColumnAlteration::Comment(_) => {}
                _ => remake(stepper, after, table),
            }
        }
        Change::CreateIndex { table, index, .. } => {
            let found = after.table(table).cloned().unwrap_or_else(|| Table::new(table.clone()));
            create_index(stepper, after, &found, index);
        }
        Change::DropIndex { name, table, if_exists: only, .. } => {
            let written = object(name, DIALECT).map(|name| format!("DROP INDEX {}{name}", if_exists(*only)));
            stepper.put(ObjectRef::Index(name.clone(), table.clone()), written);
        }
        Change::AddConstraint { table, .. }
        | Change::DropConstraint { table, .. }
        | Change::RenameConstraint { table, .. }
        | Change::SetTableOption { table, .. } => remake(stepper, after, table),
        Change::CreateObject { object: made, or_replace, .. } => {
            let reference = super::super::object_ref(made);
            if *or_replace && before.objects.keys().any(|key| key.0 == made.kind && key.2 == made.name) {
                drop_object(stepper, made.kind, &made.name, true, reference.clone());
            }
            stepper.put(reference, kept(&made.text, DIALECT));
        }
        Change::DropObject { kind, name, table, if_exists: only, .. } => {
            drop_object(stepper, *kind, name, *only, ObjectRef::Object(*kind, table.clone(), name.clone()));
        }
        Change::Comment { .. } => {}
        other => stepper.omit(subject(other), "SQLite has no such statement".to_owned()),
    }
}

fn drop_object(stepper: &mut Stepper, kind: ObjectKind, name: &ObjectName, only: bool, reference: ObjectRef) {
    let word = match kind {
        ObjectKind::View => "VIEW",
        ObjectKind::Trigger => "TRIGGER",
        ObjectKind::VirtualTable => "TABLE",
        _ => return stepper.omit(reference, "SQLite has no such object".to_owned()),
    };
    stepper
        .put(reference, object(name, DIALECT).map(|name| format!("DROP {word} {}{name}", if_exists(only))));
}

/// Writes `ADD COLUMN` with what came with the column.
fn add_column(writer: &mut Writer<'_>, table: &ObjectName, change: &Change) -> Written {
    let Change::AddColumn { column, constraints, .. } = change else {
        return Err("it is no new column".to_owned());
    };
    let found = writer.database.table(table).ok_or("its table is not there")?;
    let mut sql = format!(
        "ALTER TABLE {} ADD COLUMN {}",
        object(table, DIALECT)?,
        whole::column_sql(writer, found, column, None)?
    );
    for constraint in constraints {
        let written = whole::constraint_sql(writer, found, constraint)?;
        // In a column's place the column is not named again.
        let inline = match &constraint.body {
            ConstraintBody::ForeignKey { columns, .. } if columns.len() == 1 => {
                let key = format!("FOREIGN KEY ({}) ", name(&columns[0], DIALECT)?);
                written.replacen(&key, "", 1)
            }
            ConstraintBody::Unique { columns, .. } | ConstraintBody::PrimaryKey { columns, .. }
                if columns.len() == 1 =>
            {
                let list = format!(" ({})", name(&columns[0], DIALECT)?);
                written.strip_suffix(&list).map_or_else(|| written.clone(), str::to_owned)
            }
            _ => written,
        };
        sql.push_str(&format!(" {inline}"));
    }
    Ok(sql)
}
