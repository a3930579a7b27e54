//! MySQL and MariaDB. A column is always written whole, as Alembic does.

use super::super::{Written, constraint_ref, index_ref, mysql as whole, object_ref};
use super::{
    Stepper, create_asked, if_exists, kept, name, names, names_of_kind, object, quote, subject, unnamed,
    writer,
};
use crate::change::{Change, ColumnAlteration, ObjectRef, Position};
use crate::model::{ConstraintKind, Database, Dialect, ObjectKind, ObjectName, Table};

/// Writes one change.
pub(super) fn write(stepper: &mut Stepper, before: &Database, after: &Database, change: &Change) {
    let dialect = after.dialect;
    // A schema is a database here, and others than the own one are not ours to touch.
    let is_schema = matches!(change, Change::CreateSchema { .. } | Change::DropSchema { .. });
    if is_schema || names(change).iter().any(|name| name.schema.is_some()) {
        let reason = "it is about another database of the server, so it is not run";
        return stepper.omit(subject(change), reason.to_owned());
    }
    match change {
        Change::CreateTable { table, temporary, .. } => {
            create_asked(stepper, after, table, *temporary, whole::make_table);
        }
        Change::AddColumn { table, column, constraints, position, .. } => {
            let missing = Table::new(table.clone());
            let found = after.table(table).unwrap_or(&missing);
            let mut own = writer(after, table, constraints);
            let written = whole::column_sql(&mut own, found, column).and_then(|sql| {
                let mut parts = vec![format!("ADD COLUMN {sql}{}", place(position, dialect)?)];
                for constraint in constraints {
                    parts.push(format!("ADD {}", whole::constraint_sql(&own, found, &unnamed(constraint))?));
                }
                Ok(format!("ALTER TABLE {} {}", object(table, dialect)?, parts.join(", ")))
            });
            stepper.take(own);
            stepper.put(ObjectRef::Column(table.clone(), column.name.clone()), written);
        }
        Change::AlterColumn { table, column, alteration } => {
            alter_column(stepper, after, table, column, alteration);
        }
        Change::AddConstraint { table, constraint, .. } => {
            let missing = Table::new(table.clone());
            let found = after.table(table).unwrap_or(&missing);
            let written = whole::constraint_sql(
                &writer(after, table, std::slice::from_ref(constraint)),
                found,
                &unnamed(constraint),
            )
            .and_then(|sql| Ok(format!("ALTER TABLE {} ADD {sql}", object(table, dialect)?)));
            stepper.put(constraint_ref(found, constraint), written);
        }
        Change::CreateIndex { table, index, .. } => {
            let missing = Table::new(table.clone());
            let found = after.table(table).unwrap_or(&missing);
            let written = whole::index_sql(&writer(after, table, &[]), found, index)
                .and_then(|sql| Ok(format!("ALTER TABLE {} ADD {sql}", object(table, dialect)?)));
            stepper.put(index_ref(found, index.name.as_deref()), written);
        }
        Change::SetTableOption { table, key, value } => {
            let written = match value {
                Some(value) => whole::table_option(&writer(after, table, &[]), key, value)
                    .and_then(|option| Ok(format!("ALTER TABLE {}{option}", object(table, dialect)?))),
                None => Err(format!("it is not known how its option `{key}` is taken away")),
            };
            stepper.put(ObjectRef::Table(table.clone()), written);
        }
        Change::CreateObject { object: made, .. } => {
            stepper.put(object_ref(made), kept(&made.text, dialect));
        }
        Change::CreateSequence { sequence, .. } => {
            let written = whole::sequence_sql(&writer(after, &sequence.name, &[]), sequence);
            stepper.put(ObjectRef::Sequence(sequence.name.clone()), written);
        }
        Change::Comment { on: ObjectRef::Table(table), text } => {
            let written = quote::checked_string(text.as_deref().unwrap_or_default(), dialect)
                .and_then(|text| Ok(format!("ALTER TABLE {} COMMENT={text}", object(table, dialect)?)));
            stepper.put(ObjectRef::Table(table.clone()), written);
        }
        Change::Comment { on: ObjectRef::Column(table, column), text } => {
            alter_column(stepper, after, table, column, &ColumnAlteration::Comment(text.clone()));
        }
        Change::DropConstraint { table, name: own, kind, .. } => {
            drop_constraint(stepper, before, table, own.as_deref(), *kind);
        }
        other => {
            let written = plain(before, other, dialect);
            stepper.put(subject(other), written);
        }
    }
}

fn place(position: &Position, dialect: Dialect) -> Written {
    Ok(match position {
        Position::Last => String::new(),
        Position::First => " FIRST".to_owned(),
        Position::After(other) => format!(" AFTER {}", name(other, dialect)?),
    })
}

fn alter_column(
    stepper: &mut Stepper,
    after: &Database,
    table: &ObjectName,
    column: &str,
    alteration: &ColumnAlteration,
) {
    let dialect = after.dialect;
    let reference = ObjectRef::Column(table.clone(), column.to_owned());
    let (to, position) = match alteration {
        ColumnAlteration::Rename(to) => (to.as_str(), None),
        ColumnAlteration::Definition { column, position } => (column.name.as_str(), position.as_ref()),
        _ => (column, None),
    };
    let found = after.table(table).and_then(|t| t.column(to).map(|c| (t, c)));
    let Some((found, definition)) = found else {
        // It is not there, and the server is to say so.
        let written = object(table, dialect).and_then(|t| {
            let (from, to) = (name(column, dialect)?, name(to, dialect)?);
            Ok(format!("ALTER TABLE {t} RENAME COLUMN {from} TO {to}"))
        });
        return stepper.put(reference, written);
    };
    let mut own = writer(after, table, &[]);
    let written = whole::column_sql(&mut own, found, definition).and_then(|sql| {
        let place = position.map_or_else(|| Ok(String::new()), |position| place(position, dialect))?;
        let word = if to == column {
            "MODIFY COLUMN".to_owned()
        } else {
            format!("CHANGE COLUMN {}", name(column, dialect)?)
        };
        Ok(format!("ALTER TABLE {} {word} {sql}{place}", object(table, dialect)?))
    });
    stepper.take(own);
    stepper.put(reference, written);
}

fn drop_constraint(
    stepper: &mut Stepper,
    before: &Database,
    table: &ObjectName,
    own: Option<&str>,
    kind: Option<ConstraintKind>,
) {
    let dialect = before.dialect;
    let found = own.and_then(|own| before.table(table)?.constraint(own));
    let kind = kind.or_else(|| found.map(crate::model::Constraint::kind));
    let own = match (own, kind) {
        (Some(own), _) => Some(own.to_owned()),
        (None, Some(kind)) => names_of_kind(before, table, kind).into_iter().next(),
        (None, None) => None,
    };
    let reference = match &own {
        Some(own) => ObjectRef::Constraint(table.clone(), own.clone()),
        None => ObjectRef::Table(table.clone()),
    };
    let action = match (kind, &own) {
        (Some(ConstraintKind::PrimaryKey), _) => Ok("DROP PRIMARY KEY".to_owned()),
        (Some(ConstraintKind::ForeignKey), Some(own)) => {
            name(own, dialect).map(|own| format!("DROP FOREIGN KEY {own}"))
        }
        (Some(ConstraintKind::Unique), Some(own)) => {
            name(own, dialect).map(|own| format!("DROP INDEX {own}"))
        }
        (Some(ConstraintKind::Check), Some(own)) if dialect == Dialect::MySql => {
            name(own, dialect).map(|own| format!("DROP CHECK {own}"))
        }
        (_, Some(own)) => name(own, dialect).map(|own| format!("DROP CONSTRAINT {own}")),
        (_, None) => Err("which constraint goes is not said".to_owned()),
    };
    let written = action.and_then(|action| Ok(format!("ALTER TABLE {} {action}", object(table, dialect)?)));
    stepper.put(reference, written);
}

/// Writes what needs no look at the state behind it.
fn plain(before: &Database, change: &Change, dialect: Dialect) -> Written {
    let object = |name: &ObjectName| object(name, dialect);
    let name = |text: &str| name(text, dialect);
    match change {
        Change::CreateTableFrom { text, .. } => kept(text, dialect),
        Change::DropTable { name, if_exists: only, .. } => {
            Ok(format!("DROP TABLE {}{}", if_exists(*only), object(name)?))
        }
        Change::RenameTable { from, to, .. } => {
            Ok(format!("RENAME TABLE {} TO {}", object(from)?, object(to)?))
        }
        Change::DropColumn { table, column, .. } => {
            Ok(format!("ALTER TABLE {} DROP COLUMN {}", object(table)?, name(column)?))
        }
        Change::DropIndex { name: own, table, .. } => {
            let standing = before.tables.values().find(|t| t.index(&own.name).is_some()).map(|t| &t.name);
            let table = table.as_ref().or(standing).ok_or("its table is not known")?;
            Ok(format!("DROP INDEX {} ON {}", name(&own.name)?, object(table)?))
        }
        Change::RenameIndex { from, table, to, .. } => {
            let table = table.as_ref().ok_or("its table is not known")?;
            Ok(format!("ALTER TABLE {} RENAME INDEX {} TO {}", object(table)?, name(&from.name)?, name(to)?))
        }
        Change::DropSequence { name, if_exists: only, .. } if dialect == Dialect::MariaDb => {
            Ok(format!("DROP SEQUENCE {}{}", if_exists(*only), object(name)?))
        }
        Change::DropObject { kind, name, if_exists: only, .. } => {
            let word = match kind {
                ObjectKind::View => "VIEW",
                ObjectKind::Trigger => "TRIGGER",
                ObjectKind::Function => "FUNCTION",
                ObjectKind::Procedure => "PROCEDURE",
                _ => return Err("it is not known how it is called".to_owned()),
            };
            Ok(format!("DROP {word} {}{}", if_exists(*only), object(name)?))
        }
        _ => Err("MySQL has no such statement".to_owned()),
    }
}
