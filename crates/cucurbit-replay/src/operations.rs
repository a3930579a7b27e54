//! `op.*` and `batch_op.*`.

use crate::host::{Ev, record, unknown};
use crate::objects::{Object, Rows};
use crate::sql;
use cucurbit_python::eval::{Arguments, Call, Exception, Outcome, Place, Value};
use cucurbit_schema::{
    Action, Change, CheckMode, Column, ColumnAlteration, Constraint, ConstraintBody, ConstraintKind, Extent,
    Index, ObjectName, ObjectRef, Position, RowEffect,
};
use cucurbit_sqlalchemy::{
    self as sqla, ColumnReading, EnumReading, NameText, Named, NamedColumn, Parts, ServerDefault, Unreadable,
    Version,
};
use std::collections::BTreeSet;
use std::rc::Rc;

/// What a call of an operation is given, wherever it comes from.
pub(crate) struct Given<'c> {
    pub(crate) operation: &'c str,
    pub(crate) arguments: &'c Arguments,
    pub(crate) place: Place,
    /// The table of a batch, whose operations leave it out.
    pub(crate) batch: Option<(ObjectName, Option<String>)>,
}

/// An argument that stands in the way of knowing what an operation does.
type Read<T> = Result<T, String>;

pub(crate) fn call(ev: &mut Ev<'_>, operation: &str, call: &Call) -> Outcome {
    let given = Given { operation, arguments: &call.arguments, place: call.place, batch: None };
    run(ev, &given)
}

/// Does an operation; what cannot be read becomes an unknown effect as narrow as can be told.
pub(crate) fn run(ev: &mut Ev<'_>, given: &Given<'_>) -> Outcome {
    let place = given.place;
    match given.operation {
        "f" => return final_name(ev, given),
        "get_bind" => return Outcome::Value(Object::Bind.value()),
        "get_context" => return Outcome::Value(Object::Context.value()),
        "inline_literal" => return Outcome::Default,
        "batch_alter_table" => {
            return match table_argument(ev, given, 0, "table_name", "schema") {
                Ok((table, schema)) => {
                    crate::batch::recreate(ev, given, &table);
                    Outcome::Value(Object::Batch(table, schema).value())
                }
                Err(why) => {
                    unknown(ev, place, given.operation, Extent::Anything, &why);
                    Outcome::Value(Value::unknown("a batch on a table that cannot be told", Some(place)))
                }
            };
        }
        "run_async" => return run_async(ev, given),
        "invoke" | "implementation_for" | "register_operation" => return Outcome::Default,
        "execute" => {
            let outcome = sql::execute(ev, given.arguments.get(0, "sqltext").cloned(), "execute", place);
            return Outcome::Value(outcome);
        }
        _ => {}
    }
    let result = match given.operation {
        "create_table" => return create_table(ev, given),
        "drop_table" => drop_table(ev, given),
        "rename_table" => rename_table(ev, given),
        "add_column" => add_column(ev, given),
        "drop_column" => drop_column(ev, given),
        "alter_column" => alter_column(ev, given),
        "create_index" => create_index(ev, given),
        "drop_index" => drop_index(ev, given),
        "create_unique_constraint"
        | "create_primary_key"
        | "create_foreign_key"
        | "create_check_constraint"
        | "create_exclude_constraint" => create_constraint(ev, given),
        "drop_constraint" => match drop_constraint(ev, given) {
            Ok(Some(raised)) => return Outcome::Raise(raised),
            other => other.map(|_| ()),
        },
        "create_table_comment" | "drop_table_comment" => table_comment(ev, given),
        "bulk_insert" => bulk_insert(ev, given),
        _ => match crate::plugins::operation(ev, given) {
            Some(result) => result,
            None => Err(format!("`{}` is no operation that is known", given.operation)),
        },
    };
    if let Err(why) = result {
        let extent = extent_of(ev, given);
        unknown(ev, place, given.operation, extent, &why);
    }
    Outcome::Value(Value::None)
}

/// The table that an operation names, as far as it can be told.
fn extent_of(ev: &mut Ev<'_>, given: &Given<'_>) -> Extent {
    let at = match given.operation {
        "create_index"
        | "create_unique_constraint"
        | "create_primary_key"
        | "create_foreign_key"
        | "create_check_constraint"
        | "drop_index"
        | "drop_constraint"
        | "create_exclude_constraint" => 1,
        _ => 0,
    };
    match table_argument(ev, given, at, "table_name", "schema") {
        Ok((table, _)) => Extent::Tables(BTreeSet::from([table])),
        Err(_) => Extent::Anything,
    }
}

fn final_name(ev: &mut Ev<'_>, given: &Given<'_>) -> Outcome {
    // `conv()` is what SQLAlchemy knows it by.
    let callee = Value::External(Rc::from("sqlalchemy.sql.elements.conv"));
    let term =
        ev.term(cucurbit_python::eval::TermKind::Call, callee, "", given.arguments.clone(), given.place);
    Outcome::Value(term)
}

fn run_async(ev: &mut Ev<'_>, given: &Given<'_>) -> Outcome {
    let mut arguments = given.arguments.clone();
    if arguments.positional.is_empty() {
        return Outcome::Default;
    }
    let function = arguments.positional.remove(0);
    arguments.positional.insert(0, Object::Bind.value());
    match ev.call(&function, arguments, given.place) {
        Ok(value) => Outcome::Value(value),
        Err(exception) => Outcome::Raise(*exception),
    }
}

/// Returns a string argument: `Ok(None)` when it is absent or `None`.
pub(crate) fn text_argument(ev: &mut Ev<'_>, value: Option<&Value>, what: &str) -> Read<Option<String>> {
    match value {
        None | Some(Value::None) => Ok(None),
        Some(value) => match sqla::name_text(ev, Some(value)) {
            NameText::Final(text) | NameText::Plain(text) => Ok(Some(text)),
            NameText::None => Ok(None),
            NameText::Unknown => Err(match value {
                Value::Unknown(why) => format!("its {what} cannot be told: {}", why.reason),
                other => format!("its {what} cannot be told: {}", ev.describe(other)),
            }),
        },
    }
}

/// Returns the table that an operation is about, and the schema as written.
pub(crate) fn table_argument(
    ev: &mut Ev<'_>,
    given: &Given<'_>,
    at: usize,
    name: &str,
    schema: &str,
) -> Read<(ObjectName, Option<String>)> {
    if let Some(batch) = &given.batch {
        return Ok(batch.clone());
    }
    let arguments = given.arguments;
    let value = arguments.get(at, name).or_else(|| arguments.keyword("source_table")).cloned();
    let text =
        text_argument(ev, value.as_ref(), "table")?.ok_or_else(|| "its table is not given".to_owned())?;
    let schema = text_argument(ev, arguments.keyword(schema), "schema")?;
    if arguments.open {
        return Err("some of its arguments cannot be told".to_owned());
    }
    Ok((ev.host.name(schema.as_deref(), &text), schema))
}

fn flag(arguments: &Arguments, name: &str) -> bool {
    matches!(arguments.keyword(name), Some(Value::Bool(true)))
}

/// Returns the names in a list of columns.
pub(crate) fn names_argument(ev: &mut Ev<'_>, value: Option<&Value>, what: &str) -> Read<Vec<String>> {
    let Some(value) = value else { return Err(format!("its {what} are not given")) };
    let items = match value {
        // A string is a sequence of its letters, which nobody means.
        Value::Str(text) => vec![Value::Str(Rc::clone(text))],
        other => ev.items(other).ok_or_else(|| format!("its {what} cannot be told"))?,
    };
    let mut out = Vec::with_capacity(items.len());
    for item in &items {
        out.push(text_argument(ev, Some(item), what)?.ok_or_else(|| format!("its {what} cannot be told"))?);
    }
    Ok(out)
}

/// The positional argument at a place that moves when the table is left out in a batch.
fn argument<'c>(given: &Given<'c>, at: usize, name: &str) -> Option<&'c Value> {
    let arguments: &'c Arguments = given.arguments;
    if given.batch.is_some() {
        // `table_name` stands at 0 or 1 in the operation; the batch leaves it out.
        return arguments.positional.get(at.saturating_sub(1)).or_else(|| arguments.keyword(name));
    }
    arguments.positional.get(at).or_else(|| arguments.keyword(name))
}

fn create_table(ev: &mut Ev<'_>, given: &Given<'_>) -> Outcome {
    let place = given.place;
    let (name, _) = match table_argument(ev, given, 0, "table_name", "schema") {
        Ok(found) => found,
        Err(why) => {
            unknown(ev, place, given.operation, Extent::Anything, &why);
            return Outcome::Value(Value::unknown("a table that cannot be told", Some(place)));
        }
    };
    let items: Vec<Value> = given.arguments.positional.get(1..).unwrap_or_default().to_vec();
    let keywords = given.arguments.keywords.clone();
    let metadata = ev.host.metadata.clone();
    let mut reading = sqla::table(ev, &name, &items, &keywords, &metadata, place);
    settle_types_from(ev, &mut reading);
    let mut changes = enum_changes(ev, &reading.enums, true);
    let if_not_exists = reading.if_not_exists || flag(given.arguments, "if_not_exists");
    let problems = reading.problems.clone();
    let is_open = reading.open || given.arguments.open;
    let table_name = reading.table.name.clone();
    // `CreateTable` leaves `use_alter` keys out, and Alembic does not add them afterwards.
    reading.late.clear();
    changes.extend(reading.into_changes(if_not_exists));
    add_problems(&mut changes, &table_name, &problems, is_open);
    record(ev, place, given.operation, changes, true);
    // `op.create_table` gives the table, which data steps use.
    let mut arguments = given.arguments.clone();
    if !arguments.positional.is_empty() {
        let metadata = ev.term(
            cucurbit_python::eval::TermKind::Call,
            Value::External(Rc::from("sqlalchemy.MetaData")),
            "",
            Arguments::default(),
            place,
        );
        arguments.positional.insert(1, metadata);
    }
    let callee = Value::External(Rc::from("sqlalchemy.Table"));
    match ev.call(&callee, arguments, place) {
        Ok(value) => Outcome::Value(value),
        Err(_) => Outcome::Value(Value::unknown("the table", Some(place))),
    }
}

/// A column without a type takes that of the column that its foreign key points at.
pub(crate) fn settle_types_from(ev: &mut Ev<'_>, reading: &mut sqla::TableReading) {
    for (column, table, target) in &reading.types_from {
        let own = *table == reading.table.name;
        let found = if own {
            reading.table.column(target).map(|c| c.data_type.clone())
        } else {
            ev.host.db.table(table).and_then(|t| t.column(target)).map(|c| c.data_type.clone())
        };
        if let Some(found) = found
            && let Some(column) = reading.table.columns.iter_mut().find(|c| c.name == *column)
        {
            column.data_type = found;
        }
    }
}

pub(crate) fn add_problems(
    changes: &mut Vec<Change>,
    table: &ObjectName,
    problems: &[Unreadable],
    is_open: bool,
) {
    let extent = || Extent::Tables(BTreeSet::from([table.clone()]));
    for problem in problems {
        changes.push(Change::Unknown(cucurbit_schema::UnknownEffect {
            extent: extent(),
            reason: problem.reason.clone(),
            text: problem.what.clone(),
        }));
    }
    if is_open {
        changes.push(Change::Unknown(cucurbit_schema::UnknownEffect {
            extent: extent(),
            reason: "some of its arguments cannot be told".to_owned(),
            text: String::new(),
        }));
    }
}

/// The enum types that making a table makes first.
pub(crate) fn enum_changes(ev: &mut Ev<'_>, enums: &[EnumReading], in_operation: bool) -> Vec<Change> {
    let mut changes = Vec::new();
    if ev.host.settings.dialect != cucurbit_schema::Dialect::PostgreSql {
        return changes;
    }
    for reading in enums {
        let name = reading.enum_type.name.clone();
        if !reading.create_type || ev.host.memo.contains(&name) {
            continue;
        }
        if in_operation && reading.has_metadata && ev.host.settings.version < Version::V2_1 {
            continue;
        }
        if in_operation {
            Rc::make_mut(&mut ev.host.memo).insert(name);
        }
        changes
            .push(Change::CreateEnum { enum_type: reading.enum_type.clone(), if_not_exists: !in_operation });
    }
    changes
}

fn drop_table(ev: &mut Ev<'_>, given: &Given<'_>) -> Read<()> {
    let (name, _) = table_argument(ev, given, 0, "table_name", "schema")?;
    let change = Change::DropTable { name, if_exists: flag(given.arguments, "if_exists"), cascade: false };
    record(ev, given.place, given.operation, vec![change], true);
    Ok(())
}

fn rename_table(ev: &mut Ev<'_>, given: &Given<'_>) -> Read<()> {
    let (from, schema) = table_argument(ev, given, 0, "old_table_name", "schema")?;
    let to = text_argument(ev, given.arguments.get(1, "new_table_name"), "new name")?
        .ok_or_else(|| "its new name is not given".to_owned())?;
    let to = ev.host.name(schema.as_deref(), &to);
    record(ev, given.place, given.operation, vec![Change::RenameTable { from, to, if_exists: false }], true);
    Ok(())
}

fn add_column(ev: &mut Ev<'_>, given: &Given<'_>) -> Read<()> {
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

fn drop_column(ev: &mut Ev<'_>, given: &Given<'_>) -> Read<()> {
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

fn alter_column(ev: &mut Ev<'_>, given: &Given<'_>) -> Read<()> {
    let arguments = given.arguments;
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
    let is_mysql = ev.host.settings.dialect.is_mysql();
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
fn say_before(ev: &mut Ev<'_>, said: Vec<Change>) {
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

/// Columns of a table as the replay holds them, for what names are made of.
pub(crate) fn table_columns(_: &Ev<'_>, _: &ObjectName) -> Vec<ColumnReading> {
    Vec::new()
}

fn create_index(ev: &mut Ev<'_>, given: &Given<'_>) -> Read<()> {
    let (table, schema) = table_argument(ev, given, 1, "table_name", "schema")?;
    let name_value = given.arguments.get(0, "index_name").cloned();
    let name = sqla::name_text(ev, name_value.as_ref());
    let keys =
        argument(given, 2, "columns").cloned().ok_or_else(|| "its columns are not given".to_owned())?;
    let keys = ev.items(&keys).ok_or_else(|| "its columns cannot be told".to_owned())?;
    let mut metadata = ev.host.metadata.clone();
    metadata.schema = schema;
    let columns = table_columns(ev, &table);
    let index = sqla::index_of(
        ev,
        &name,
        &keys,
        &given.arguments.keywords.clone(),
        &table,
        &metadata,
        &columns,
        given.place,
    )
    .map_err(|why| why.to_string())?;
    let if_not_exists = flag(given.arguments, "if_not_exists");
    record(
        ev,
        given.place,
        given.operation,
        vec![Change::CreateIndex { table, index: Box::new(index), if_not_exists }],
        true,
    );
    Ok(())
}

fn drop_index(ev: &mut Ev<'_>, given: &Given<'_>) -> Read<()> {
    let name = text_argument(ev, given.arguments.get(0, "index_name"), "name")?;
    let if_exists = flag(given.arguments, "if_exists");
    let table = match &given.batch {
        Some((table, _)) => Some(table.clone()),
        None => {
            let value = given.arguments.get(1, "table_name").cloned();
            let schema = text_argument(ev, given.arguments.keyword("schema"), "schema")?;
            text_argument(ev, value.as_ref(), "table")?.map(|t| ev.host.name(schema.as_deref(), &t))
        }
    };
    let schema = match &table {
        Some(table) => table.schema.clone(),
        None => text_argument(ev, given.arguments.keyword("schema"), "schema")?,
    };
    let name = name.ok_or_else(|| "its name is not given".to_owned())?;
    let name = ev.host.name(schema.as_deref(), &name);
    record(
        ev,
        given.place,
        given.operation,
        vec![Change::DropIndex { name, table, if_exists, cascade: false }],
        true,
    );
    Ok(())
}

fn action(text: Option<String>) -> Read<Action> {
    Ok(match text.as_deref().map(|t| t.trim().to_uppercase()).as_deref() {
        None | Some("" | "NO ACTION") => Action::NoAction,
        Some("RESTRICT") => Action::Restrict,
        Some("CASCADE") => Action::Cascade,
        Some("SET NULL") => Action::SetNull,
        Some("SET DEFAULT") => Action::SetDefault,
        Some(other) => return Err(format!("the action `{other}` is not known")),
    })
}

fn check_mode(ev: &mut Ev<'_>, arguments: &Arguments) -> Read<CheckMode> {
    let initially = text_argument(ev, arguments.keyword("initially"), "`initially`")?;
    let deferrable = match arguments.keyword("deferrable") {
        None | Some(Value::None) => None,
        Some(value) => ev.truth(value),
    };
    Ok(match (deferrable, initially.map(|t| t.to_uppercase()).as_deref()) {
        (_, Some("DEFERRED")) => CheckMode::Deferred,
        (Some(true), _) => CheckMode::Deferrable,
        _ => CheckMode::Immediate,
    })
}

fn create_constraint(ev: &mut Ev<'_>, given: &Given<'_>) -> Read<()> {
    let arguments = given.arguments;
    let name_value = arguments.get(0, "constraint_name").or_else(|| arguments.keyword("name")).cloned();
    let given_name = sqla::name_text(ev, name_value.as_ref());
    let is_foreign = given.operation == "create_foreign_key";
    let (table, schema) = if is_foreign {
        table_argument(ev, given, 1, "source_table", "source_schema")?
    } else {
        table_argument(ev, given, 1, "table_name", "schema")?
    };
    let mut columns: Vec<String> = Vec::new();
    let mut referred: Option<(ObjectName, Vec<String>)> = None;
    let (what, body) = match given.operation {
        "create_unique_constraint" => {
            columns = names_argument(ev, argument(given, 2, "columns"), "columns")?;
            let include = match arguments.keyword("postgresql_include") {
                Some(value) => names_argument(ev, Some(&value.clone()), "included columns")?,
                None => Vec::new(),
            };
            let nulls_not_distinct = flag(arguments, "postgresql_nulls_not_distinct");
            (Named::Unique, ConstraintBody::Unique { columns: columns.clone(), include, nulls_not_distinct })
        }
        "create_primary_key" => {
            columns = names_argument(ev, argument(given, 2, "columns"), "columns")?;
            (Named::PrimaryKey, ConstraintBody::PrimaryKey { columns: columns.clone(), include: Vec::new() })
        }
        "create_foreign_key" => {
            // In a batch: name, referent, local columns, remote columns.
            let target = text_argument(ev, argument(given, 2, "referent_table"), "referent table")?
                .ok_or_else(|| "its referent table is not given".to_owned())?;
            let target_schema = match arguments.keyword("referent_schema") {
                None if given.batch.is_some() => table.schema.clone(),
                value => text_argument(ev, value, "referent schema")?,
            };
            let target = ev.host.name(target_schema.as_deref(), &target);
            columns = names_argument(ev, argument(given, 3, "local_cols"), "columns")?;
            let references = names_argument(ev, argument(given, 4, "remote_cols"), "remote columns")?;
            let on_delete = text_argument(ev, arguments.keyword("ondelete"), "`ondelete`")?;
            let on_update = text_argument(ev, arguments.keyword("onupdate"), "`onupdate`")?;
            let match_kind = text_argument(ev, arguments.keyword("match"), "`match`")?;
            referred = Some((target.clone(), references.clone()));
            (
                Named::ForeignKey,
                ConstraintBody::ForeignKey {
                    columns: columns.clone(),
                    table: target,
                    references,
                    on_delete: action(on_delete)?,
                    on_update: action(on_update)?,
                    match_kind: match_kind.filter(|m| !m.eq_ignore_ascii_case("SIMPLE")),
                    set_columns: Vec::new(),
                },
            )
        }
        "create_check_constraint" => {
            let value = argument(given, 2, "condition")
                .cloned()
                .ok_or_else(|| "its condition is not given".to_owned())?;
            let expression = match value.as_str() {
                Some(text) => text.to_owned(),
                None => sqla::compile(ev, &value).map_err(|why| why.to_string())?,
            };
            (Named::Check, ConstraintBody::Check { expression, no_inherit: false })
        }
        _ => return exclude_constraint(ev, given, &table, &given_name),
    };
    let metadata = ev.host.metadata.clone();
    let named: Vec<NamedColumn> = columns.iter().map(NamedColumn::new).collect();
    let empty = Vec::new();
    let parts = Parts {
        what,
        table: &table,
        schema: schema.as_deref(),
        columns: &named,
        referred_table: referred.as_ref().map(|r| &r.0),
        referred_columns: referred.as_ref().map_or(&empty, |r| &r.1),
    };
    let name = metadata.convention.name(&given_name, parts, ev.host.settings.dialect)?;
    let mut constraint = Constraint::new(name.as_ref().map(|n| n.0.clone()), body);
    if let Some((_, kind)) = name {
        constraint.name_kind = kind;
    }
    constraint.mode = check_mode(ev, arguments)?;
    constraint.not_valid = flag(arguments, "postgresql_not_valid");
    let change = Change::AddConstraint {
        table,
        constraint: Box::new(constraint),
        using_index: None,
        if_not_exists: false,
    };
    record(ev, given.place, given.operation, vec![change], true);
    Ok(())
}

fn exclude_constraint(ev: &mut Ev<'_>, given: &Given<'_>, table: &ObjectName, name: &NameText) -> Read<()> {
    let arguments = given.arguments;
    let mut elements = Vec::new();
    let start = if given.batch.is_some() { 1 } else { 2 };
    for element in arguments.positional.get(start..).unwrap_or_default() {
        let parts = ev.items(element).ok_or_else(|| "an element cannot be told".to_owned())?;
        let [column, operator] = parts.as_slice() else { return Err("an element is no pair".to_owned()) };
        let column = match column.as_str() {
            Some(text) => text.to_owned(),
            None => sqla::compile(ev, &column.clone()).map_err(|why| why.to_string())?,
        };
        let operator = text_argument(ev, Some(&operator.clone()), "operator")?.unwrap_or_default();
        elements.push(format!("{column} WITH {operator}"));
    }
    let predicate = match arguments.keyword("where").cloned() {
        None | Some(Value::None) => None,
        Some(value) => Some(match value.as_str() {
            Some(text) => text.to_owned(),
            None => sqla::compile(ev, &value).map_err(|why| why.to_string())?,
        }),
    };
    let using = text_argument(ev, arguments.keyword("using"), "`using`")?.or_else(|| Some("gist".to_owned()));
    let body = ConstraintBody::Exclude { using, elements, predicate };
    let mut constraint = Constraint::new(name.text().map(str::to_owned), body);
    constraint.mode = check_mode(ev, arguments)?;
    let change = Change::AddConstraint {
        table: table.clone(),
        constraint: Box::new(constraint),
        using_index: None,
        if_not_exists: false,
    };
    record(ev, given.place, given.operation, vec![change], true);
    Ok(())
}

/// Drops a constraint; gives the exception where SQLAlchemy raises one that the migration may be waiting for.
fn drop_constraint(ev: &mut Ev<'_>, given: &Given<'_>) -> Read<Option<Exception>> {
    let arguments = given.arguments;
    let (table, schema) = table_argument(ev, given, 1, "table_name", "schema")?;
    let kind_at = if given.batch.is_some() { 1 } else { 2 };
    let kind_value = arguments.get(kind_at, "type_").cloned();
    let kind = match text_argument(ev, kind_value.as_ref(), "type")?.as_deref() {
        Some("foreignkey") => Some(ConstraintKind::ForeignKey),
        Some("primary") => Some(ConstraintKind::PrimaryKey),
        Some("unique") => Some(ConstraintKind::Unique),
        Some("check") => Some(ConstraintKind::Check),
        _ => None,
    };
    let name_value = arguments.get(0, "constraint_name").cloned();
    let given_name = sqla::name_text(ev, name_value.as_ref());
    let dialect = ev.host.settings.dialect;
    let name = match (&given_name, kind) {
        (NameText::Unknown, _) => return Err("its name cannot be told".to_owned()),
        // A plain name of a check goes through the convention.
        (NameText::Plain(_), Some(ConstraintKind::Check)) => {
            let metadata = ev.host.metadata.clone();
            let parts = Parts {
                what: Named::Check,
                table: &table,
                schema: schema.as_deref(),
                columns: &[],
                referred_table: None,
                referred_columns: &[],
            };
            metadata.convention.name(&given_name, parts, dialect)?.map(|n| n.0)
        }
        _ => given_name.text().map(str::to_owned),
    };
    if name.is_none()
        && given.batch.is_none()
        && ev.is_caught()
        && !(dialect.is_mysql() && kind == Some(ConstraintKind::PrimaryKey))
    {
        return Ok(Some(Exception {
            value: Value::External(Rc::from("sqlalchemy.exc.CompileError")),
            message: Some(Rc::from("Can't emit DROP CONSTRAINT for a constraint without a name")),
            place: given.place,
        }));
    }
    if name.is_none()
        && !(dialect.is_mysql() && kind == Some(ConstraintKind::PrimaryKey))
        && given.batch.is_none()
    {
        return Err("a constraint without a name cannot be dropped".to_owned());
    }
    let if_exists = flag(arguments, "if_exists");
    record(
        ev,
        given.place,
        given.operation,
        vec![Change::DropConstraint { table, name, kind, if_exists, cascade: false }],
        true,
    );
    Ok(None)
}

fn table_comment(ev: &mut Ev<'_>, given: &Given<'_>) -> Read<()> {
    let (table, _) = table_argument(ev, given, 0, "table_name", "schema")?;
    if ev.host.settings.dialect == cucurbit_schema::Dialect::Sqlite {
        return Ok(());
    }
    let text = if given.operation == "create_table_comment" {
        text_argument(ev, argument(given, 1, "comment"), "comment")?
    } else {
        None
    };
    record(
        ev,
        given.place,
        given.operation,
        vec![Change::Comment { on: ObjectRef::Table(table.clone()), text }],
        true,
    );
    if let Some(value) = given.arguments.keyword("existing_comment").cloned()
        && let Ok(text) = text_argument(ev, Some(&value), "comment")
    {
        say_before(ev, vec![Change::Comment { on: ObjectRef::Table(table), text }]);
    }
    Ok(())
}

fn bulk_insert(ev: &mut Ev<'_>, given: &Given<'_>) -> Read<()> {
    let value =
        given.arguments.get(0, "table").cloned().ok_or_else(|| "its table is not given".to_owned())?;
    let rows = given.arguments.get(1, "rows").cloned();
    // No rows, no insert.
    if let Some(rows) = &rows
        && ev.items(rows).is_some_and(|items| items.is_empty())
    {
        return Ok(());
    }
    match sqla::table_name(ev, &value) {
        Some(table) => {
            let change =
                Change::Rows { table, effect: RowEffect::Insert, columns: Vec::new(), hints: Vec::new() };
            record(ev, given.place, given.operation, vec![change], true);
        }
        // Rows of a table that cannot be told: the schema stays all the same.
        None => {
            let what = "INSERT into a table that cannot be told".to_owned();
            record(ev, given.place, given.operation, vec![Change::Nothing { what }], true);
        }
    }
    Ok(())
}

/// Makes an index for `Index(…).create(bind)` and the like.
pub(crate) fn index_change(table: ObjectName, index: Index, if_not_exists: bool) -> Change {
    Change::CreateIndex { table, index: Box::new(index), if_not_exists }
}

/// A result with nothing in it.
pub(crate) fn no_rows() -> Value {
    Object::Rows(Rows::Empty).value()
}
