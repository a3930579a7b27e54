//! Operations on columns.

use super::{Given, Read, add_problems, argument, flag, table_argument, text_argument};
use crate::host::{Ev, record};
use cucurbit_python::eval::Value;
use cucurbit_schema::{
    Change, Column, ColumnAlteration, Constraint, ConstraintBody, ConstraintKind, ObjectName, Position,
};
use cucurbit_sqlalchemy::{self as sqla, EnumReading, Named, NamedColumn, Parts, ServerDefault, Version};

pub(super) fn add_column(ev: &mut Ev<'_>, given: &Given<'_>) -> Read<()> {
    let (table, schema) = table_argument(ev, given, 0, "table_name", "schema")?;
    let value = argument(given, 1, "column").cloned().ok_or_else(|| "its column is not given".to_owned())?;
    let mut metadata = ev.host.metadata.clone();
    metadata.schema = schema;
    let added = sqla::added_column(ev, &value, &table, &metadata).map_err(|why| why.to_string())?;
    let mut column = added.reading.column.clone();
    if let Some((target, name)) = &added.reading.type_from
        && let Some(found) = ev.host.db.table(target).and_then(|t| t.column(name))
    {
        column.data_type = found.data_type.clone();
    }
    let position = match (given.arguments.keyword("insert_after"), given.arguments.keyword("insert_before")) {
        (Some(Value::Str(name)), _) if ev.host.settings.dialect == cucurbit_schema::Dialect::Sqlite => {
            Position::After(name.to_string())
        }
        _ => Position::Last,
    };
    let mut changes = Vec::new();
    if ev.host.settings.version >= Version::V2_1
        && let Some(reading) = &added.reading.data_type.enum_type
    {
        // Since 2.1 SQLAlchemy makes the type with the column when it is missing.
        let reading = EnumReading { ..reading.clone() };
        if reading.create_type && !ev.host.db.enums.contains_key(&reading.enum_type.name) {
            changes.push(Change::CreateEnum { enum_type: reading.enum_type, if_not_exists: true });
        }
    }
    changes.push(Change::AddColumn {
        table: table.clone(),
        column: Box::new(column),
        constraints: Vec::new(),
        if_not_exists: flag(given.arguments, "if_not_exists"),
        table_if_exists: false,
        position,
    });
    for constraint in added.constraints {
        changes.push(Change::AddConstraint {
            table: table.clone(),
            constraint: Box::new(constraint),
            using_index: None,
            if_not_exists: false,
        });
    }
    for index in added.indexes {
        changes.push(Change::CreateIndex {
            table: table.clone(),
            index: Box::new(index),
            if_not_exists: false,
        });
    }
    add_problems(&mut changes, &table, &added.reading.problems, false);
    record(ev, given.place, given.operation, changes, true);
    Ok(())
}

pub(super) fn drop_column(ev: &mut Ev<'_>, given: &Given<'_>) -> Read<()> {
    let (table, _) = table_argument(ev, given, 0, "table_name", "schema")?;
    let column = text_argument(ev, argument(given, 1, "column_name"), "column")?
        .ok_or_else(|| "its column is not given".to_owned())?;
    let if_exists = flag(given.arguments, "if_exists");
    record(
        ev,
        given.place,
        given.operation,
        vec![Change::DropColumn { table, column, if_exists, cascade: false }],
        true,
    );
    Ok(())
}

/// What `server_default=` of `alter_column` says: nothing, drop, or a default.
enum NewDefault {
    Keep,
    Drop,
    Set(ServerDefault),
}

fn new_default(ev: &mut Ev<'_>, value: Option<&Value>) -> Read<NewDefault> {
    match value {
        None | Some(Value::Bool(false)) => Ok(NewDefault::Keep),
        Some(Value::None) => Ok(NewDefault::Drop),
        Some(value) => match sqla::server_default(ev, value) {
            Ok(Some(default)) => Ok(NewDefault::Set(default)),
            Ok(None) => Ok(NewDefault::Drop),
            Err(why) => Ok(NewDefault::Set(ServerDefault::Default(cucurbit_schema::Default::Unknown(
                why.to_string(),
            )))),
        },
    }
}

pub(super) fn alter_column(ev: &mut Ev<'_>, given: &Given<'_>) -> Read<()> {
    let arguments = given.arguments;
    // Without any of these nothing is altered, whichever column it is.
    let alters =
        ["nullable", "type_", "server_default", "new_column_name", "name", "comment", "autoincrement"];
    if !arguments.open && alters.iter().all(|name| arguments.keyword(name).is_none()) {
        return Ok(());
    }
    let (table, schema) = table_argument(ev, given, 0, "table_name", "schema")?;
    let column = text_argument(ev, argument(given, 1, "column_name"), "column")?
        .ok_or_else(|| "its column is not given".to_owned())?;
    if arguments.open {
        return Err("some of its arguments cannot be told".to_owned());
    }
    let place = given.place;
    let type_value = arguments.keyword("type_").filter(|v| !v.is_none()).cloned();
    let existing_type = arguments.keyword("existing_type").filter(|v| !v.is_none()).cloned();
    let rename =
        text_argument(ev, arguments.keyword("new_column_name").or(arguments.keyword("name")), "new name")?
            .filter(|name| *name != column);
    let nullable = match arguments.keyword("nullable") {
        None | Some(Value::None) => None,
        Some(value) => {
            Some(ev.truth(value).ok_or_else(|| "whether it is nullable cannot be told".to_owned())?)
        }
    };
    let default = new_default(ev, arguments.keyword("server_default"))?;
    let comment = match arguments.keyword("comment") {
        None | Some(Value::Bool(false)) => None,
        Some(value) => Some(text_argument(ev, Some(value), "comment")?),
    };
    let alter = |alteration| Change::AlterColumn { table: table.clone(), column: column.clone(), alteration };
    let changes_default = !matches!(default, NewDefault::Keep);
    let changes_comment = comment.is_some();
    let mut changes = Vec::new();
    let reading = type_value.as_ref().map(|value| sqla::data_type(ev, value, place));
    let before = existing_type.as_ref().map(|value| sqla::data_type(ev, value, place));
    let mut metadata = ev.host.metadata.clone();
    metadata.schema.clone_from(&schema);
    // A check that the old type brought along goes, that of the new one comes.
    if let (Some(before), Some(_)) = (&before, &reading) {
        for check in type_checks(ev, before, &table, &column, &metadata) {
            changes.push(Change::DropConstraint {
                table: table.clone(),
                name: check.name.clone(),
                kind: Some(ConstraintKind::Check),
                if_exists: false,
                cascade: false,
            });
        }
    }
    let is_mysql = ev.host.settings.dialect.is_mysql() && !given.is_new;
    if is_mysql
        && (rename.is_some()
            || nullable.is_some()
            || reading.is_some()
            || comment.is_some()
            || flag(arguments, "autoincrement"))
    {
        changes.push(mysql_definition(
            ev,
            given,
            &table,
            &column,
            rename.as_deref(),
            reading.as_ref().or(before.as_ref()),
            nullable,
            default,
            comment,
        )?);
    } else {
        if let Some(reading) = &reading {
            let using = match arguments.keyword("postgresql_using") {
                None | Some(Value::None) => None,
                Some(value) => match sqla::compile(ev, value) {
                    Ok(text) => Some(text),
                    Err(_) => Some(text_argument(ev, Some(value), "`USING`")?.unwrap_or_default()),
                },
            };
            changes.push(alter(ColumnAlteration::Type {
                data_type: reading.data_type.clone(),
                using,
                collation: reading.collation.clone(),
            }));
        }
        if let Some(nullable) = nullable {
            changes.push(alter(ColumnAlteration::Nullable(nullable)));
        }
        match default {
            NewDefault::Keep => {}
            NewDefault::Drop => {
                let is_identity = ev
                    .host
                    .db
                    .table(&table)
                    .and_then(|t| t.column(&column))
                    .is_some_and(|c| c.identity.is_some());
                changes.push(alter(if is_identity {
                    ColumnAlteration::Identity(None)
                } else {
                    ColumnAlteration::Default(None)
                }));
            }
            NewDefault::Set(ServerDefault::Default(default)) => {
                changes.push(alter(ColumnAlteration::Default(Some(default))));
            }
            NewDefault::Set(ServerDefault::Identity(identity)) => {
                changes.push(alter(ColumnAlteration::Identity(Some(identity))));
            }
            NewDefault::Set(ServerDefault::Computed(_)) => {
                return Err("Alembic cannot add a computed column by altering one".to_owned());
            }
        }
        if let Some(comment) = comment
            && ev.host.settings.dialect == cucurbit_schema::Dialect::PostgreSql
        {
            changes.push(alter(ColumnAlteration::Comment(comment)));
        }
        if let Some(to) = &rename {
            changes.push(alter(ColumnAlteration::Rename(to.clone())));
        }
    }
    if let Some(reading) = &reading {
        let named = rename.as_deref().unwrap_or(&column).to_owned();
        for check in type_checks(ev, reading, &table, &named, &metadata) {
            changes.push(Change::AddConstraint {
                table: table.clone(),
                constraint: Box::new(check),
                using_index: None,
                if_not_exists: false,
            });
        }
    }
    let says = |name: &str| arguments.keyword(name).filter(|v| !matches!(v, Value::Bool(false))).cloned();
    let mut before_it = Vec::new();
    if let (Some(before), Some(_)) = (before, &reading)
        && before.problems.is_empty()
    {
        before_it.push(ColumnAlteration::Type {
            data_type: before.data_type,
            using: Some(String::new()),
            collation: before.collation,
        });
    }
    if nullable.is_some()
        && let Some(value) = arguments.keyword("existing_nullable").filter(|v| !v.is_none())
        && let Some(was) = ev.truth(value)
    {
        before_it.push(ColumnAlteration::Nullable(was));
    }
    if changes_default && let Some(value) = says("existing_server_default") {
        match new_default(ev, Some(&value)) {
            Ok(NewDefault::Drop) => before_it.push(ColumnAlteration::Default(None)),
            Ok(NewDefault::Set(ServerDefault::Default(was))) => {
                before_it.push(ColumnAlteration::Default(Some(was)));
            }
            _ => {}
        }
    }
    if changes_comment
        && let Some(value) = says("existing_comment")
        && let Ok(was) = text_argument(ev, Some(&value), "comment")
    {
        before_it.push(ColumnAlteration::Comment(was));
    }
    let named = rename.unwrap_or(column);
    let said = before_it
        .into_iter()
        .map(|alteration| Change::AlterColumn { table: table.clone(), column: named.clone(), alteration })
        .collect();
    // What is unknown of the type is unknown of the column alone.
    let exact = reading.as_ref().is_none_or(|r| r.problems.is_empty());
    record(ev, place, given.operation, changes, exact);
    say_before(ev, said);
    Ok(())
}

/// Adds to the operation that was recorded last what its call says of the state before it.
pub(super) fn say_before(ev: &mut Ev<'_>, said: Vec<Change>) {
    if let Some(operation) = ev.host.log.last_mut() {
        operation.said = said;
    }
}

/// MySQL's `MODIFY` and `CHANGE` write the whole column anew: what is not said is lost.
#[allow(clippy::too_many_arguments)]
fn mysql_definition(
    ev: &mut Ev<'_>,
    given: &Given<'_>,
    table: &ObjectName,
    column: &str,
    rename: Option<&str>,
    reading: Option<&sqla::TypeReading>,
    nullable: Option<bool>,
    default: NewDefault,
    comment: Option<Option<String>>,
) -> Read<Change> {
    let arguments = given.arguments;
    let Some(reading) = reading else {
        return Err("All MySQL CHANGE/MODIFY COLUMN operations require the existing type.".to_owned());
    };
    let mut made = Column::new(rename.unwrap_or(column), reading.data_type.clone());
    made.collation.clone_from(&reading.collation);
    made.nullable = match nullable {
        Some(nullable) => nullable,
        None => match arguments.keyword("existing_nullable") {
            Some(value) if !value.is_none() => ev.truth(value).unwrap_or(true),
            _ => true,
        },
    };
    let default = match default {
        NewDefault::Keep => match arguments.keyword("existing_server_default").cloned() {
            Some(value) if !matches!(value, Value::Bool(false) | Value::None) => {
                new_default(ev, Some(&value))?
            }
            _ => NewDefault::Drop,
        },
        other => other,
    };
    if let NewDefault::Set(ServerDefault::Default(default)) = default {
        made.default = Some(default);
    }
    let autoincrement = match arguments.keyword("autoincrement") {
        Some(value) if !value.is_none() => ev.truth(value),
        _ => arguments.keyword("existing_autoincrement").cloned().and_then(|v| ev.truth(&v)),
    };
    made.autoincrement = autoincrement == Some(true);
    made.comment = match comment {
        Some(comment) => comment,
        None => text_argument(ev, arguments.keyword("existing_comment"), "comment")?,
    };
    let alteration = ColumnAlteration::Definition { column: Box::new(made), position: None };
    Ok(Change::AlterColumn { table: table.clone(), column: column.to_owned(), alteration })
}

/// The checks that a type brings along, named.
fn type_checks(
    ev: &mut Ev<'_>,
    reading: &sqla::TypeReading,
    table: &ObjectName,
    column: &str,
    metadata: &sqla::MetaData,
) -> Vec<Constraint> {
    let dialect = ev.host.settings.dialect;
    let mut out = Vec::new();
    for check in &reading.checks {
        let columns = [NamedColumn::new(column)];
        let parts = Parts {
            what: Named::Check,
            table,
            schema: metadata.schema.as_deref(),
            columns: &columns,
            referred_table: None,
            referred_columns: &[],
        };
        let name = metadata.convention.name(&check.name, parts, dialect).ok().flatten();
        let expression = format!("{column} IN ({})", check.values.join(", "));
        let mut constraint = Constraint::new(
            name.as_ref().map(|n| n.0.clone()),
            ConstraintBody::Check { expression, no_inherit: false },
        );
        if let Some((_, kind)) = name {
            constraint.name_kind = kind;
        }
        out.push(constraint);
    }
    out
}
