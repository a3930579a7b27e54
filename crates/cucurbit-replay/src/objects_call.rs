//! Methods of SQLAlchemy's objects that reach the database: `Enum(…).create(bind)`, `table.create(bind)`,
//! `metadata.create_all(bind)`, `CreateTable(table)`.

use crate::host::{Ev, record, unknown};
use crate::operations::{add_problems, enum_changes, no_rows, settle_types_from};
use cucurbit_python::eval::{Arguments, Call, Outcome, Place, Value};
use cucurbit_schema::{Change, Extent, ObjectName, Sequence, UnknownEffect};
use cucurbit_sqlalchemy as sqla;
use std::collections::BTreeSet;

/// Does what a method does; `None` when it does not reach the database.
pub(crate) fn method(ev: &mut Ev<'_>, call: &Call, receiver: &Value, method: &str) -> Option<Outcome> {
    match method {
        "create" | "drop" => {}
        "create_all" | "drop_all" => {
            if let Some(key) = sqla::metadata_key(ev, receiver) {
                all_tables(ev, call, &key, method);
                return Some(Outcome::Value(Value::None));
            }
            unknown(ev, call.place, method, Extent::Anything, "which tables the models have cannot be told");
            return Some(Outcome::Value(Value::None));
        }
        _ => return None,
    }
    let checkfirst = flag(ev, &call.arguments, "checkfirst", 1);
    let place = call.place;
    let create = method == "create";
    let found = match crate::mapped::class_of(receiver) {
        None => sqla::table_term(ev, receiver),
        Some(class) => match crate::mapped::table(ev, &class) {
            Ok(found) => Some(found),
            Err(name) => {
                // One that is there already is not made where it is looked for first.
                let is_there = name.as_ref().is_some_and(|name| ev.host.db.tables.contains_key(name));
                if create && checkfirst == Some(true) && is_there {
                    return Some(Outcome::Value(Value::None));
                }
                let extent = name.map_or(Extent::Anything, |name| Extent::Tables(BTreeSet::from([name])));
                unknown(ev, place, method, extent, "the table of a mapped class cannot be told");
                return Some(Outcome::Value(Value::None));
            }
        },
    };
    if let Some((name, reading)) = found {
        // A single table is not looked for unless asked; `create_all` looks.
        let guarded = checkfirst.unwrap_or(false);
        if create {
            create_table(ev, place, reading, guarded, false);
        } else {
            let change = Change::DropTable { name, if_exists: guarded, cascade: false };
            record(ev, place, "drop", vec![change], true);
        }
        return Some(Outcome::Value(Value::None));
    }
    if let Some(reading) = sqla::enum_of(ev, receiver, place) {
        // `create_type=False` is for tables only: calling `create` makes the type all the same.
        let name = reading.enum_type.name.clone();
        // SQLAlchemy's own `Enum` does not look first unless asked; PostgreSQL's does.
        let guarded = checkfirst.unwrap_or(!is_generic_enum(receiver));
        let change = if create {
            Change::CreateEnum { enum_type: reading.enum_type, if_not_exists: guarded }
        } else {
            Change::DropType { name, if_exists: guarded, cascade: false }
        };
        record(ev, place, method, vec![change], true);
        return Some(Outcome::Value(Value::None));
    }
    if let Some(data) = is_enum_term(ev, receiver) {
        // An enum on a dialect without enum types: nothing happens.
        if ev.host.settings.dialect == cucurbit_schema::Dialect::PostgreSql {
            unknown(ev, place, method, Extent::Anything, &data);
        }
        return Some(Outcome::Value(Value::None));
    }
    if let Ok((sequence, untold)) = sqla::sequence_and_start(ev, receiver) {
        let guarded = checkfirst.unwrap_or(true);
        let changes = if create {
            sequence_changes(sequence, untold, guarded)
        } else {
            vec![Change::DropSequence { name: sequence.name, if_exists: guarded, cascade: false }]
        };
        record(ev, place, method, changes, true);
        return Some(Outcome::Value(Value::None));
    }
    if let Some((table, index)) = index_term(ev, receiver, place) {
        let change = if create {
            crate::operations::index_change(table, index, checkfirst.unwrap_or(false))
        } else {
            let name = table.sibling(index.name.unwrap_or_default());
            Change::DropIndex {
                name,
                table: Some(table),
                if_exists: checkfirst.unwrap_or(false),
                cascade: false,
            }
        };
        record(ev, place, method, vec![change], true);
        return Some(Outcome::Value(Value::None));
    }
    None
}

/// A sequence is made, whether or not it can be told where it starts; that is an effect on the sequence alone.
fn sequence_changes(
    sequence: Sequence,
    untold: Option<sqla::Unreadable>,
    if_not_exists: bool,
) -> Vec<Change> {
    let extent = Extent::Objects(BTreeSet::from([sequence.name.clone()]));
    let mut changes = vec![Change::CreateSequence { sequence, if_not_exists }];
    if let Some(why) = untold {
        let reason = format!("where the sequence starts cannot be told: {}", why.reason);
        changes.push(Change::Unknown(UnknownEffect { extent, reason, text: why.what }));
    }
    changes
}

fn flag(ev: &mut Ev<'_>, arguments: &Arguments, name: &str, at: usize) -> Option<bool> {
    let value = arguments.get(at, name)?.clone();
    ev.truth(&value)
}

/// `sa.Enum(…)` rather than `postgresql.ENUM(…)`.
fn is_generic_enum(value: &Value) -> bool {
    let Value::Term(term) = value else { return false };
    term.external().and_then(sqla::canonical_name).as_deref() == Some("Enum")
}

fn is_enum_term(ev: &Ev<'_>, value: &Value) -> Option<String> {
    let Value::Term(term) = value else { return None };
    let name = sqla::canonical_name(term.external()?)?;
    matches!(name.as_ref(), "Enum" | "postgresql.ENUM" | "mysql.ENUM")
        .then(|| format!("`{}` cannot be read", ev.describe(value)))
}

/// `Index("name", table.c.column)`.
fn index_term(ev: &mut Ev<'_>, value: &Value, place: Place) -> Option<(ObjectName, cucurbit_schema::Index)> {
    let Value::Term(term) = value else { return None };
    (sqla::canonical_name(term.external()?)?.as_ref() == "Index").then_some(())?;
    if let Some(found) = sqla::index_of_table(ev, value) {
        return Some((found.table, found.part));
    }
    let keys: Vec<Value> = term.arguments.positional.get(1..)?.to_vec();
    let first = keys.first()?.clone();
    let Value::Term(key) = &first else { return None };
    // `table.c.column`: the table stands two attributes up.
    let Value::Term(columns) = &key.callee else { return None };
    let table = sqla::table_name(ev, &columns.callee)?;
    let name = sqla::name_text(ev, term.arguments.positional.first());
    let metadata = ev.host.metadata.clone();
    let keywords = term.arguments.keywords.clone();
    let index = sqla::index_of(ev, &name, &keys, &keywords, &table, &metadata, &[], place).ok()?;
    Some((table, index))
}

fn create_table(
    ev: &mut Ev<'_>,
    place: Place,
    reading: sqla::TableReading,
    guarded: bool,
    in_operation: bool,
) {
    let mut reading = reading;
    settle_types_from(ev, &mut reading);
    let name = reading.table.name.clone();
    let mut changes = Vec::new();
    if guarded && ev.host.db.tables.contains_key(&name) {
        // `checkfirst`: nothing is made, the types neither.
        changes.push(Change::CreateTable {
            table: Box::new(reading.table),
            if_not_exists: true,
            temporary: false,
        });
        record(ev, place, "create", changes, true);
        return;
    }
    changes.extend(enum_changes(ev, &reading.enums, in_operation));
    for sequence in &reading.sequences {
        changes.push(Change::CreateSequence { sequence: sequence.clone(), if_not_exists: true });
    }
    let problems = reading.problems.clone();
    let is_open = reading.open;
    changes.push(Change::CreateTable {
        table: Box::new(reading.table),
        if_not_exists: guarded,
        temporary: reading.temporary,
    });
    for constraint in reading.late {
        changes.push(Change::AddConstraint {
            table: name.clone(),
            constraint: Box::new(constraint),
            using_index: None,
            if_not_exists: false,
        });
    }
    add_problems(&mut changes, &name, &problems, is_open);
    record(ev, place, "create", changes, true);
}

/// `metadata.create_all(bind)`: every table that the metadata is known to have, those first that others point
/// at.
fn all_tables(ev: &mut Ev<'_>, call: &Call, key: &sqla::MetaDataKey, method: &str) {
    let place = call.place;
    let chosen = call.arguments.keyword("tables").cloned();
    let mapped = crate::mapped::register(ev, key);
    let terms: Vec<Value> = match chosen.and_then(|v| ev.items(&v)) {
        Some(items) => items,
        None => {
            let serials = ev.host.registry.metadata(key).map(|m| m.tables.clone()).unwrap_or_default();
            serials.iter().filter_map(|s| ev.host.registry.table(*s)).map(|t| t.term.clone()).collect()
        }
    };
    let mut readings: Vec<(ObjectName, sqla::TableReading)> = Vec::new();
    for term in &terms {
        if let Some(found) = sqla::table_term(ev, term) {
            readings.push(found);
        }
    }
    // A `MetaData` that the migration itself makes holds what is seen to be put into it.
    let made_here = matches!(&call.receiver, Some(Value::Term(term)) if term.place.file == place.file);
    if readings.is_empty() && made_here && terms.is_empty() && mapped.is_none() {
        return;
    }
    if readings.is_empty() {
        unknown(ev, place, method, Extent::Anything, "which tables the models have cannot be told");
        return;
    }
    if method == "drop_all" {
        for (name, _) in readings.into_iter().rev() {
            record(ev, place, method, vec![Change::DropTable { name, if_exists: true, cascade: true }], true);
        }
        return;
    }
    for (_, reading) in in_order(readings) {
        create_table(ev, place, reading, true, false);
    }
}

/// Tables so that those that others point at come first; a circle stays in its order.
fn in_order(readings: Vec<(ObjectName, sqla::TableReading)>) -> Vec<(ObjectName, sqla::TableReading)> {
    let mut left = readings;
    let mut out: Vec<(ObjectName, sqla::TableReading)> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waiting: BTreeSet<ObjectName> = left.iter().map(|(n, _)| n.clone()).collect();
        let ready = left.iter().position(|(name, reading)| {
            reading.table.constraints.iter().all(|c| match &c.body {
                cucurbit_schema::ConstraintBody::ForeignKey { table, .. } => {
                    table == name || !waiting.contains(table)
                }
                _ => true,
            })
        });
        out.push(left.remove(ready.unwrap_or(0)));
    }
    out
}

/// `op.execute(CreateTable(t))` and what is like it.
pub(crate) fn ddl_element(ev: &mut Ev<'_>, value: &Value, call: &str, place: Place) -> Option<Value> {
    let Value::Term(term) = value else { return None };
    let name = sqla::canonical_name(term.external()?)?.into_owned();
    let first = term.arguments.positional.first().cloned();
    let if_not_exists = matches!(term.arguments.keyword("if_not_exists"), Some(Value::Bool(true)));
    let if_exists = matches!(term.arguments.keyword("if_exists"), Some(Value::Bool(true)));
    let cascade = matches!(term.arguments.keyword("cascade"), Some(Value::Bool(true)));
    let changes = match name.as_str() {
        "CreateTable" => {
            let (_, reading) = sqla::table_term(ev, &first?)?;
            create_table(ev, place, reading, if_not_exists, false);
            return Some(no_rows());
        }
        "DropTable" => {
            let (name, _) = sqla::table_term(ev, &first?)?;
            vec![Change::DropTable { name, if_exists, cascade }]
        }
        "CreateSchema" | "DropSchema" => {
            let schema = first?.as_str()?.to_owned();
            vec![if name == "CreateSchema" {
                Change::CreateSchema { name: schema, if_not_exists }
            } else {
                Change::DropSchema { name: schema, if_exists, cascade }
            }]
        }
        "CreateSequence" => {
            let (sequence, untold) = sqla::sequence_and_start(ev, &first?).ok()?;
            sequence_changes(sequence, untold, if_not_exists)
        }
        "DropSequence" => {
            let (sequence, _) = sqla::sequence_and_start(ev, &first?).ok()?;
            vec![Change::DropSequence { name: sequence.name, if_exists, cascade }]
        }
        "AddConstraint" => {
            let sqla::PartOfTable { table, part } = sqla::constraint_of_table(ev, &first?)?;
            let constraint = Box::new(part);
            vec![Change::AddConstraint { table, constraint, using_index: None, if_not_exists: false }]
        }
        "DropConstraint" => {
            let sqla::PartOfTable { table, part } = sqla::constraint_of_table(ev, &first?)?;
            let kind = Some(part.kind());
            let named = part.name.is_some() || kind == Some(cucurbit_schema::ConstraintKind::PrimaryKey);
            named.then_some(())?;
            vec![Change::DropConstraint { table, name: part.name, kind, if_exists, cascade }]
        }
        "CreateIndex" | "DropIndex" => {
            let (table, index) = index_term(ev, &first?, place)?;
            vec![if name == "CreateIndex" {
                Change::CreateIndex { table, index: Box::new(index), if_not_exists }
            } else {
                let name = table.sibling(index.name.unwrap_or_default());
                Change::DropIndex { name, table: Some(table), if_exists, cascade }
            }]
        }
        _ => return None,
    };
    record(ev, place, call, changes, true);
    Some(no_rows())
}

/// A function from outside that is handed the connection or `op` may do anything to the schema.
pub(crate) fn outside(ev: &mut Ev<'_>, call: &Call) {
    let keywords = call.arguments.keywords.iter().map(|(_, value)| value);
    let mut handed = call.arguments.positional.iter().chain(keywords);
    let is_operations = |v: &Value| matches!(v, Value::External(name) if name.as_ref() == "alembic.op");
    let Value::External(name) = &call.callee else {
        let (is_code, reason) = match &call.callee {
            Value::Unknown(why) => (why.is_code, why.reason.to_string()),
            _ => (false, "it is not in the project and is handed the operations".to_owned()),
        };
        if is_code || handed.any(is_operations) {
            let source = ev.source(call.place).unwrap_or_default();
            let callee = source.split('(').next().unwrap_or_default().trim_end().to_owned();
            unknown(ev, call.place, &callee, Extent::Anything, &reason);
        } else if matches!(call.callee, Value::Unknown(_)) {
            untold_method(ev, call, &reason);
        }
        return;
    };
    let name = name.clone();
    if name.starts_with("builtins.") || name.starts_with("sqlalchemy.") || name.starts_with("logging.") {
        return;
    }
    // `SQLModel.metadata.reflect(bind=…)`: it reads.
    if name.ends_with(".metadata.reflect") {
        return;
    }
    if handed.any(|value| matches!(value, Value::Host(_)) || is_operations(value)) {
        let reason = format!("`{name}` is not in the project and is handed the connection");
        unknown(ev, call.place, &name, Extent::Anything, &reason);
    }
}

/// `table.create(bind)` of something that cannot be told makes what cannot be told.
fn untold_method(ev: &mut Ev<'_>, call: &Call, why: &str) {
    let handed = call.arguments.keywords.iter().map(|(_, v)| v).chain(&call.arguments.positional);
    if !handed
        .into_iter()
        .any(|v| matches!(v.host::<crate::objects::Object>(), Some(crate::objects::Object::Bind)))
    {
        return;
    }
    let source = ev.source(call.place).unwrap_or_default();
    let callee = source.split('(').next().unwrap_or_default().trim_end();
    let Some((_, method)) = callee.rsplit_once('.') else { return };
    if matches!(method, "create" | "drop" | "create_all" | "drop_all") {
        let method = method.to_owned();
        unknown(ev, call.place, &method, Extent::Anything, &format!("what it makes cannot be told: {why}"));
    }
}
