//! Operations on constraints and indexes.

use super::{Given, Read, argument, flag, names_argument, table_argument, text_argument};
use crate::host::{Ev, record};
use cucurbit_python::eval::{Arguments, Exception, Value};
use cucurbit_schema::{
    Action, Change, CheckMode, Constraint, ConstraintBody, ConstraintKind, Extent, Index, ObjectName, UNTOLD,
    UnknownEffect,
};
use cucurbit_sqlalchemy::{self as sqla, ColumnReading, NameText, Named, NamedColumn, Parts};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Columns of a table as the replay holds them, for what names are made of.
fn table_columns(_: &Ev<'_>, _: &ObjectName) -> Vec<ColumnReading> {
    Vec::new()
}

pub(super) fn create_index(ev: &mut Ev<'_>, given: &Given<'_>) -> Read<()> {
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

pub(super) fn drop_index(ev: &mut Ev<'_>, given: &Given<'_>) -> Read<()> {
    let name_value = given.arguments.get(0, "index_name").cloned();
    let name = match sqla::name_text(ev, name_value.as_ref()) {
        NameText::Final(name) => Some(sqla::truncated(&name, ev.host.settings.dialect)),
        _ => text_argument(ev, name_value.as_ref(), "name")?,
    };
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

pub(super) fn create_constraint(ev: &mut Ev<'_>, given: &Given<'_>) -> Read<()> {
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
    let mut untold: Option<String> = None;
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
                None => match sqla::compile(ev, &value) {
                    Ok(text) => text,
                    // It is there, whatever it demands.
                    Err(why) => {
                        untold = Some(why.to_string());
                        UNTOLD.to_string()
                    }
                },
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
    // The database names it for the columns that it uses.
    if let Some(why) = untold.as_ref().filter(|_| constraint.name.is_none()) {
        return Err(why.clone());
    }
    constraint.mode = check_mode(ev, arguments)?;
    constraint.not_valid = flag(arguments, "postgresql_not_valid");
    let mut changes: Vec<Change> =
        crate::batch::replaced(ev, given, &table, &constraint).into_iter().collect();
    changes.push(Change::AddConstraint {
        table,
        constraint: Box::new(constraint),
        using_index: None,
        if_not_exists: false,
    });
    changes.extend(untold.map(|reason| {
        let extent = Extent::Tables(BTreeSet::new());
        Change::Unknown(UnknownEffect { extent, reason, text: String::new() })
    }));
    record(ev, given.place, given.operation, changes, true);
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
pub(super) fn drop_constraint(ev: &mut Ev<'_>, given: &Given<'_>) -> Read<Option<Exception>> {
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
        (NameText::Final(name), _) => Some(sqla::truncated(name, dialect)),
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

/// Makes an index for `Index(…).create(bind)` and the like.
pub(crate) fn index_change(table: ObjectName, index: Index, if_not_exists: bool) -> Change {
    Change::CreateIndex { table, index: Box::new(index), if_not_exists }
}
