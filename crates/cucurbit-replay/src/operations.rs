//! `op.*` and `batch_op.*`.

mod columns;
mod constraints;

use crate::host::{Ev, record, unknown};
use crate::objects::{BatchArguments, Object, Rows};
use crate::sql;
pub(crate) use constraints::index_change;
use cucurbit_python::eval::{Arguments, Call, Exception, Outcome, Place, Value};
use cucurbit_schema::{Change, Extent, ObjectName, ObjectRef, RowEffect};
use cucurbit_sqlalchemy::{self as sqla, EnumReading, NameText, Unreadable, Version};
use std::collections::BTreeSet;
use std::rc::Rc;

/// What a call of an operation is given, wherever it comes from.
pub(crate) struct Given<'c> {
    pub(crate) operation: &'c str,
    pub(crate) arguments: &'c Arguments,
    pub(crate) place: Place,
    /// The table of a batch, whose operations leave it out.
    pub(crate) batch: Option<(ObjectName, Option<String>)>,
    /// The table of the batch is made anew, so an operation says only what it changes.
    pub(crate) is_new: bool,
}

/// An argument that stands in the way of knowing what an operation does.
type Read<T> = Result<T, String>;

pub(crate) fn call(ev: &mut Ev<'_>, operation: &str, call: &Call) -> Outcome {
    let given =
        Given { operation, arguments: &call.arguments, place: call.place, batch: None, is_new: false };
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
                    let is_new = crate::batch::begin(ev, given, &table);
                    let begun = ev.host.origin();
                    let given = BatchArguments(Rc::new(given.arguments.clone()));
                    Outcome::Value(Object::Batch { table, schema, is_new, place, begun, given }.value())
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
    if let Some(raised) = refused_by_alembic(ev, given) {
        return Outcome::Raise(raised);
    }
    let result = match given.operation {
        "create_table" => return create_table(ev, given),
        "drop_table" => drop_table(ev, given),
        "rename_table" => rename_table(ev, given),
        "add_column" => columns::add_column(ev, given),
        "drop_column" => columns::drop_column(ev, given),
        "alter_column" => columns::alter_column(ev, given),
        "create_index" => constraints::create_index(ev, given),
        "drop_index" => constraints::drop_index(ev, given),
        "create_unique_constraint"
        | "create_primary_key"
        | "create_foreign_key"
        | "create_check_constraint"
        | "create_exclude_constraint" => constraints::create_constraint(ev, given),
        "drop_constraint" => match constraints::drop_constraint(ev, given) {
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

/// What Alembic raises itself where SQLite cannot alter constraints (`SQLiteImpl.add_constraint`, `drop_constraint`): a
/// migration may be waiting for it. Where it does not, the dialect may be another one than is thought.
fn refused_by_alembic(ev: &Ev<'_>, given: &Given<'_>) -> Option<Exception> {
    const OF_CONSTRAINTS: &[&str] = &[
        "create_unique_constraint",
        "create_primary_key",
        "create_foreign_key",
        "create_check_constraint",
        "create_exclude_constraint",
        "drop_constraint",
    ];
    let is_sqlite = ev.host.settings.dialect == cucurbit_schema::Dialect::Sqlite;
    if !is_sqlite || given.batch.is_some() || !ev.is_caught() || !OF_CONSTRAINTS.contains(&given.operation) {
        return None;
    }
    let value = Value::External(Rc::from("builtins.NotImplementedError"));
    let message = Some(Rc::from("No support for ALTER of constraints in SQLite dialect"));
    Some(Exception { value, message, place: given.place })
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
    // Nor does it make the sequences of columns (`DefaultImpl.create_table`).
    reading.sequences.clear();
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
        // The column itself holds what cannot be told of it.
        let extent = if problem.held { Extent::Tables(BTreeSet::new()) } else { extent() };
        changes.push(Change::Unknown(cucurbit_schema::UnknownEffect {
            extent,
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
        columns::say_before(ev, vec![Change::Comment { on: ObjectRef::Table(table), text }]);
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

/// A result with nothing in it.
pub(crate) fn no_rows() -> Value {
    Object::Rows(Rows::Empty).value()
}
