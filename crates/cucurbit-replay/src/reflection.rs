//! Tables that a migration reads from the database: `Table(…, autoload_with=bind)`, `metadata.reflect(bind)`.
//!
//! They are answered from the state of the replay. What the state does not hold for certain stays a table whose
//! columns cannot be told.

use crate::host::Ev;
use crate::operations::text_argument;
use cucurbit_python::eval::{Arguments, Call, Exception, Outcome, Place, TermKind, Value};
use cucurbit_schema::{
    Column, Constraint, ConstraintBody, DataType, Database, Dialect, Extent, ObjectName, Table, TypeKind,
};
use cucurbit_sqlalchemy::{self as sqla, MetaDataKey, RegisteredTable};
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

/// What the state says of a table.
enum Held {
    Known(Box<Table>),
    /// It may be there, or may have been changed, in a way that cannot be told.
    Untold,
    /// Nothing made it.
    Missing,
}

/// Does a call that reads tables from the database; `None` when it is none.
pub(crate) fn call(ev: &mut Ev<'_>, call: &Call) -> Option<Outcome> {
    if let (Some(receiver), Some(method)) = (&call.receiver, &call.method) {
        (method.as_ref() == "reflect").then_some(())?;
        let receiver = receiver.clone();
        let key = sqla::metadata_key(ev, &receiver)?;
        metadata(ev, call, &key, &receiver);
        return Some(Outcome::Value(Value::None));
    }
    let Value::External(name) = &call.callee else { return None };
    if let Some(owner) = name.strip_suffix(".reflect")
        && owner.ends_with(".metadata")
    {
        let owner = Value::External(Rc::from(owner));
        let key = sqla::metadata_key(ev, &owner)?;
        metadata(ev, call, &key, &owner);
        return Some(Outcome::Value(Value::None));
    }
    (sqla::canonical_name(name)?.as_ref() == "Table").then_some(())?;
    table(ev, call)
}

fn flag(ev: &mut Ev<'_>, arguments: &Arguments, name: &str) -> Option<bool> {
    let value = arguments.keyword(name)?.clone();
    ev.truth(&value)
}

/// `Table("t", metadata, autoload_with=bind)`.
fn table(ev: &mut Ev<'_>, call: &Call) -> Option<Outcome> {
    let asked = match call.arguments.keyword("autoload_with") {
        Some(value) if !value.is_none() => true,
        _ => flag(ev, &call.arguments, "autoload") == Some(true),
    };
    asked.then_some(())?;
    let before = ev.host.registry.tables().count();
    let outcome = sqla::call(ev, call)?;
    let Outcome::Value(Value::Term(term)) = &outcome else { return Some(outcome) };
    let serial = term.serial;
    let is_new = ev.host.registry.tables().count() > before;
    // A table that the `MetaData` has already is given as it is.
    if !is_new && flag(ev, &call.arguments, "extend_existing") != Some(true) {
        return Some(outcome);
    }
    let include = call.arguments.keyword("include_columns").filter(|v| !v.is_none()).cloned();
    let include = match include {
        None => None,
        Some(value) => match crate::operations::names_argument(ev, Some(&value), "columns") {
            Ok(names) => Some(names),
            Err(_) => {
                ev.host.registry.table_mut(serial)?.open = true;
                return Some(outcome);
            }
        },
    };
    match fill(ev, serial, include.as_deref(), call.place) {
        Ok(targets) => {
            if flag(ev, &call.arguments, "resolve_fks") != Some(false) {
                let found = ev.host.registry.table(serial)?;
                if let Some(key) = found.metadata.clone() {
                    let metadata = call.arguments.get(1, "metadata").cloned().unwrap_or(Value::None);
                    add_all(ev, targets, &key, &metadata, call.place, true);
                }
            }
            Some(outcome)
        }
        Err(raised) => Some(Outcome::Raise(raised)),
    }
}

/// `inspector.reflect_table(table, …)`.
pub(crate) fn into_table(ev: &mut Ev<'_>, call: &Call) -> Option<Outcome> {
    let Some(Value::Term(term)) = call.arguments.positional.first() else { return None };
    let serial = term.serial;
    ev.host.registry.table(serial)?;
    Some(match fill(ev, serial, None, call.place) {
        Ok(_) => Outcome::Value(Value::None),
        Err(raised) => Outcome::Raise(raised),
    })
}

/// `metadata.reflect(bind, schema, views, only, extend_existing, …)`.
fn metadata(ev: &mut Ev<'_>, call: &Call, key: &MetaDataKey, owner: &Value) {
    let arguments = &call.arguments;
    // Mapped classes put tables there that are not followed here; those would stay as they are.
    let holds_others = matches!(key, MetaDataKey::External(_)) || ev.host.registry.is_implicit(key);
    let extends = flag(ev, arguments, "extend_existing") == Some(true);
    let schema = arguments.get(1, "schema").cloned();
    let schema = text_argument(ev, schema.as_ref(), "schema");
    let only = arguments.get(3, "only").filter(|v| !v.is_none()).cloned();
    let names = schema.ok().and_then(|schema| {
        let default = ev.host.registry.metadata(key).and_then(|m| m.schema.clone());
        wanted(ev, only.as_ref(), schema.or(default).as_deref(), owner, call)
    });
    let Some(names) = names.filter(|_| !arguments.open && (extends || !holds_others)) else {
        ev.host.registry.metadata_mut(key).reflected = true;
        return;
    };
    if flag(ev, arguments, "views").unwrap_or(arguments.keyword("views").is_some()) {
        ev.host.registry.metadata_mut(key).reflected = true;
    }
    if extends {
        for name in &names {
            let found = ev.host.registry.table_named(Some(key), name).map(|(serial, _)| serial);
            if let Some(serial) = found {
                let _ = fill(ev, serial, None, call.place);
            }
        }
    }
    let follows = flag(ev, arguments, "resolve_fks") != Some(false);
    add_all(ev, names, key, owner, call.place, follows);
}

/// The tables that `reflect()` is to read.
fn wanted(
    ev: &mut Ev<'_>,
    only: Option<&Value>,
    schema: Option<&str>,
    owner: &Value,
    call: &Call,
) -> Option<Vec<ObjectName>> {
    let wanted = ev.host.name(schema, "");
    let mut all: Vec<ObjectName> =
        ev.host.db.tables.keys().filter(|n| n.schema == wanted.schema).cloned().collect();
    let version = ObjectName::plain("alembic_version");
    if wanted.schema.is_none() && !all.contains(&version) {
        all.push(version);
    }
    let Some(only) = only else { return Some(all) };
    if let Value::Function(_) | Value::Method(..) = only {
        let mut out = Vec::new();
        for name in all {
            let positional = vec![Value::str(&name.name), owner.clone()];
            let arguments = Arguments { positional, ..Arguments::default() };
            let answer = ev.call(only, arguments, call.place).ok()?;
            if ev.truth(&answer)? {
                out.push(name);
            }
        }
        return Some(out);
    }
    let names = crate::operations::names_argument(ev, Some(only), "tables").ok()?;
    Some(names.into_iter().map(|n| wanted.sibling(n)).collect())
}

/// Adds tables to a `MetaData`, and those that they point at.
fn add_all(
    ev: &mut Ev<'_>,
    names: Vec<ObjectName>,
    key: &MetaDataKey,
    metadata: &Value,
    place: Place,
    follows: bool,
) {
    let mut waiting = VecDeque::from(names);
    while let Some(name) = waiting.pop_front() {
        if ev.host.registry.table_named(Some(key), &name).is_some() {
            continue;
        }
        let callee = Value::External(Rc::from("sqlalchemy.Table"));
        let arguments = Arguments {
            positional: vec![Value::str(&name.name), metadata.clone()],
            keywords: name.schema.iter().map(|s| (Rc::from("schema"), Value::str(s))).collect(),
            open: false,
        };
        let term = ev.term(TermKind::Call, callee, "", arguments.clone(), place);
        let Value::Term(made) = &term else { return };
        let serial = made.serial;
        let registered = RegisteredTable {
            schema: name.schema.clone(),
            name,
            metadata: Some(key.clone()),
            term: term.clone(),
            items: Vec::new(),
            keywords: arguments.keywords,
            open: false,
        };
        ev.host.registry.add_table(serial, registered);
        if let Ok(targets) = fill(ev, serial, None, place)
            && follows
        {
            waiting.extend(targets);
        }
    }
}

fn held(ev: &Ev<'_>, name: &ObjectName) -> Held {
    let db = &ev.host.db;
    let Some(table) = db.table(name) else {
        let anything = db.unknown.iter().any(|(effect, _)| match &effect.extent {
            Extent::Tables(tables) => tables.contains(name),
            _ => true,
        });
        return match name.name == "alembic_version" && name.schema.is_none() {
            true => Held::Known(Box::new(version_table(db.dialect))),
            false if anything || db.view(name).is_some() => Held::Untold,
            false => Held::Missing,
        };
    };
    if table.tainted {
        return Held::Untold;
    }
    let mut table = table.clone();
    if db.dialect == Dialect::Sqlite {
        // Of foreign keys that join the same columns the first is seen (`SQLiteDialect.get_foreign_keys`).
        let mut seen: Vec<Constraint> = Vec::new();
        table.constraints.retain(|constraint| {
            let is_new = !seen.iter().any(|other| crate::batch::is_same_key(other, constraint));
            seen.push(constraint.clone());
            is_new
        });
    }
    for column in &mut table.columns {
        column.data_type = type_by_now(db, &column.data_type);
    }
    Held::Known(Box::new(table))
}

/// A type with the labels that its enum type has by now.
pub(crate) fn type_by_now(db: &Database, data_type: &DataType) -> DataType {
    let mut data_type = data_type.clone();
    if let TypeKind::Enum { name: Some(name), labels } = &mut data_type.kind
        && let Some(held) = db.enums.get(name)
    {
        match &held.labels {
            Some(now) => labels.clone_from(now),
            None => {
                let why = format!("the labels of {name} cannot be told");
                data_type = DataType::new(TypeKind::Unknown(why));
            }
        }
    }
    data_type
}

/// The table that Alembic keeps for itself.
fn version_table(dialect: Dialect) -> Table {
    let name = match dialect {
        Dialect::PostgreSql => "character varying",
        Dialect::Sqlite => "VARCHAR",
        Dialect::MySql | Dialect::MariaDb => "varchar",
    };
    let mut column = Column::new("version_num", DataType::named(name, &["32"]));
    column.nullable = false;
    let body = ConstraintBody::PrimaryKey { columns: vec![column.name.clone()], include: Vec::new() };
    let name = if dialect.is_mysql() { "PRIMARY" } else { "alembic_version_pkc" };
    let mut table = Table::new(ObjectName::plain("alembic_version"));
    table.columns.push(column);
    table.constraints.push(Constraint::new(Some(name.to_owned()), body));
    table
}

/// Puts what the state holds of a table before what was written of it, and gives the tables that it points at.
fn fill(
    ev: &mut Ev<'_>,
    serial: u64,
    include: Option<&[String]>,
    place: Place,
) -> Result<Vec<ObjectName>, Exception> {
    let Some(name) = ev.host.registry.table(serial).map(|t| t.name.clone()) else { return Ok(Vec::new()) };
    let mut table = match held(ev, &name) {
        Held::Known(table) => table,
        // The migration ran somewhere, so the table was there, unless it waits for that not to be so.
        Held::Missing if ev.is_caught() => {
            return Err(Exception {
                value: Value::External(Rc::from("sqlalchemy.exc.NoSuchTableError")),
                message: Some(Rc::from(name.to_string())),
                place,
            });
        }
        Held::Untold | Held::Missing => {
            if let Some(table) = ev.host.registry.table_mut(serial) {
                table.open = true;
            }
            return Ok(Vec::new());
        }
    };
    if let Some(include) = include {
        only_columns(&mut table, include);
    }
    let items = sqla::stored_items(ev, &table, place);
    for (item, column) in items.iter().zip(&table.columns) {
        if let Value::Term(term) = item {
            ev.host.registry.name_column(term.serial, Some(&name), &column.name);
        }
    }
    let keywords = sqla::stored_keywords(&table, ev.host.settings.dialect);
    if let Some(registered) = ev.host.registry.table_mut(serial) {
        let written = std::mem::replace(&mut registered.items, items);
        registered.items.extend(written);
        registered.keywords.retain(|(k, _)| !matches!(k.as_ref(), "autoload" | "autoload_with"));
        for (name, value) in keywords {
            if registered.keywords.iter().all(|(k, _)| *k != name) {
                registered.keywords.push((name, value));
            }
        }
    }
    let targets: BTreeSet<ObjectName> = table
        .constraints
        .iter()
        .filter_map(|c| match &c.body {
            ConstraintBody::ForeignKey { table, .. } => Some(table.clone()),
            _ => None,
        })
        .collect();
    Ok(targets.into_iter().collect())
}

/// `include_columns=[…]`: what needs another column is left out too.
fn only_columns(table: &mut Table, include: &[String]) {
    table.columns.retain(|c| include.contains(&c.name));
    table.constraints.retain(|c| match &c.body {
        ConstraintBody::PrimaryKey { columns, .. }
        | ConstraintBody::Unique { columns, .. }
        | ConstraintBody::ForeignKey { columns, .. } => columns.iter().all(|c| include.contains(c)),
        ConstraintBody::Check { .. } | ConstraintBody::Exclude { .. } => true,
    });
    table.indexes.retain(|index| {
        index.keys.iter().all(|key| match &key.part {
            cucurbit_schema::KeyPart::Column(name) => include.contains(name),
            cucurbit_schema::KeyPart::Expression(_) => true,
        })
    });
}
