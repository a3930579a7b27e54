//! The constraints, indexes and foreign keys of a table, as its attributes give them.

use crate::calls::columns_of;
use crate::registry::{KeyHome, MetaData, MetaDataKey, RegisteredTable, TableParts};
use crate::settings::Environment;
use crate::stored::{stored_constraint, stored_index};
use crate::{constraints, index, table, terms};
use cucurbit_python::eval::{Arguments, Evaluator, Place, Term, TermKind, Value};
use cucurbit_schema::{Constraint, ConstraintBody, Index, ObjectName};
use std::cell::RefCell;
use std::rc::Rc;

/// A constraint or an index, with the table that it belongs to.
pub struct PartOfTable<T> {
    /// The table.
    pub table: ObjectName,
    /// What it is, named.
    pub part: T,
}

/// Says whether a call of that name makes a constraint, an index or a foreign key.
pub(crate) fn is_part(name: &str) -> bool {
    name == "Index" || name == "ForeignKey" || constraints::is_constraint(name)
}

fn metadata_of<H: Environment>(ev: &mut Evaluator<'_, H>, table: &RegisteredTable) -> MetaData {
    let found = table.metadata.as_ref().and_then(|key| ev.host.registry().metadata(key).cloned());
    found.unwrap_or_default()
}

/// Returns constraints, indexes and foreign keys of a table; `None` when they cannot all be told. What the
/// columns bring along is made once, so that it stays the same object.
fn parts_of<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<TableParts> {
    let Value::Term(term) = value else { return None };
    let registered = ev.host.registry().table(term.serial)?.clone();
    if registered.open {
        return None;
    }
    if let Some(parts) = ev.host.registry().parts(term.serial)
        && parts.counted == registered.items.len()
    {
        return Some(parts.clone());
    }
    let mut parts = TableParts { counted: registered.items.len(), ..TableParts::default() };
    let mut columns = Vec::new();
    let mut has_key = false;
    for item in &registered.items {
        let call = terms::called(ev, item)?;
        if crate::column::is_column(&call.name) {
            columns.push(item.clone());
        } else if call.name.as_ref() == "Index" {
            parts.indexes.push(item.clone());
        } else if constraints::is_constraint(&call.name) {
            has_key |= call.name.as_ref() == "PrimaryKeyConstraint";
            parts.constraints.push(item.clone());
        } else {
            return None;
        }
    }
    let metadata = metadata_of(ev, &registered);
    let keywords = registered.keywords.clone();
    let implied = table(ev, &registered.name, &columns, &keywords, &metadata, term.place);
    if implied.open {
        return None;
    }
    for constraint in implied.table.constraints.iter().chain(&implied.late) {
        let is_key = matches!(constraint.body, ConstraintBody::PrimaryKey { .. });
        if is_key && has_key {
            continue;
        }
        parts.constraints.extend(stored_constraint(ev, constraint, term.place));
        has_key |= is_key;
    }
    for found in &implied.table.indexes {
        let made = stored_index(ev, found, term.place);
        parts.indexes.push(made);
    }
    if !has_key {
        // SQLAlchemy gives a table without a key an empty one.
        let callee = Value::External(Rc::from("sqlalchemy.PrimaryKeyConstraint"));
        parts.constraints.push(ev.term(TermKind::Call, callee, "", Arguments::default(), term.place));
    }
    for part in parts.constraints.iter().chain(&parts.indexes) {
        if let Value::Term(part) = part {
            ev.host.registry().set_home(part.serial, term.serial);
        }
    }
    for constraint in parts.constraints.clone() {
        let Some(call) = terms::called(ev, &constraint) else { continue };
        if call.name.as_ref() == "ForeignKeyConstraint" {
            let keys = keys_of(ev, &constraint, &registered, &metadata, term.place)?;
            parts.keys.extend(keys);
        }
    }
    ev.host.registry().set_parts(term.serial, parts.clone());
    Some(parts)
}

/// The `ForeignKey` objects of a foreign key, one for each of its columns.
fn keys_of<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    constraint: &Value,
    registered: &RegisteredTable,
    metadata: &MetaData,
    place: Place,
) -> Option<Vec<Value>> {
    let columns = readings(ev, registered);
    let read = constraints::constraint(ev, constraint, &registered.name, metadata, &columns).ok()?;
    let ConstraintBody::ForeignKey { columns, table, references, .. } = read.body else { return None };
    let Value::Term(owner) = constraint else { return None };
    let mut keys = Vec::with_capacity(columns.len());
    for (own, other) in columns.iter().zip(&references) {
        let arguments = Arguments {
            positional: vec![Value::str(&format!("{table}.{other}"))],
            keywords: owner.arguments.keywords.clone(),
            open: false,
        };
        let callee = Value::External(Rc::from("sqlalchemy.ForeignKey"));
        let key = ev.term(TermKind::Call, callee, "", arguments, place);
        let Value::Term(term) = &key else { return None };
        let home = KeyHome {
            table: registered.term.clone(),
            constraint: constraint.clone(),
            column: own.clone(),
            target: table.clone(),
            target_column: other.clone(),
        };
        ev.host.registry().set_key_home(term.serial, home);
        keys.push(key);
    }
    Some(keys)
}

fn readings<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    table: &RegisteredTable,
) -> Vec<crate::reading::ColumnReading> {
    let mut out = Vec::new();
    for item in &table.items {
        if terms::called(ev, item).is_some_and(|c| crate::column::is_column(&c.name)) {
            out.extend(crate::column::column(ev, item, Some(&table.name)));
        }
    }
    out
}

/// The table that a constraint or an index stands in.
fn home_of<H: Environment>(ev: &mut Evaluator<'_, H>, part: &Value) -> Option<RegisteredTable> {
    let Value::Term(term) = part else { return None };
    if let Some(home) = ev.host.registry().home(term.serial) {
        return ev.host.registry().table(home).cloned();
    }
    let holds =
        |t: &&RegisteredTable| t.items.iter().any(|i| matches!(i, Value::Term(i) if i.serial == term.serial));
    ev.host.registry().tables().find(holds).cloned()
}

/// Returns a constraint that stands in a table; `None` when the value is none or cannot be told.
pub fn constraint_of_table<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
) -> Option<PartOfTable<Constraint>> {
    let home = home_of(ev, value)?;
    let metadata = metadata_of(ev, &home);
    let columns = readings(ev, &home);
    let part = constraints::constraint(ev, value, &home.name, &metadata, &columns).ok()?;
    Some(PartOfTable { table: home.name, part })
}

/// Returns an index that stands in a table; `None` when the value is none or cannot be told.
pub fn index_of_table<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
) -> Option<PartOfTable<Index>> {
    let home = home_of(ev, value)?;
    let metadata = metadata_of(ev, &home);
    let columns = readings(ev, &home);
    let part = index(ev, value, &home.name, &metadata, &columns).ok()?;
    Some(PartOfTable { table: home.name, part })
}

/// The table that a column stands in.
pub(crate) fn table_of_column<H: Environment>(ev: &mut Evaluator<'_, H>, column: &Term) -> Option<Value> {
    let holds = |t: &&RegisteredTable| {
        t.items.iter().any(|i| matches!(i, Value::Term(i) if i.serial == column.serial))
    };
    ev.host.registry().tables().find(holds).map(|t| t.term.clone())
}

fn set(items: Vec<Value>) -> Value {
    Value::Set(Rc::new(RefCell::new(items)))
}

/// Returns an attribute of a table that gives its parts.
pub(crate) fn table_attribute<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    table: &Value,
    name: &str,
) -> Option<Value> {
    if !matches!(name, "constraints" | "indexes" | "foreign_keys" | "foreign_key_constraints" | "primary_key")
    {
        return None;
    }
    let parts = parts_of(ev, table)?;
    let of_kind = |ev: &mut Evaluator<'_, H>, kind: &str| -> Vec<Value> {
        let is_kind = |ev: &mut Evaluator<'_, H>, value: &Value| {
            terms::called(ev, value).is_some_and(|c| c.name.as_ref() == kind)
        };
        parts.constraints.iter().filter(|c| is_kind(ev, c)).cloned().collect()
    };
    Some(match name {
        "constraints" => set(parts.constraints.clone()),
        "indexes" => set(parts.indexes.clone()),
        "foreign_keys" => set(parts.keys.clone()),
        "foreign_key_constraints" => set(of_kind(ev, "ForeignKeyConstraint")),
        _ => of_kind(ev, "PrimaryKeyConstraint").into_iter().next()?,
    })
}

/// The `info` of an object that was given none.
pub(crate) fn no_info() -> Value {
    Value::Dict(Rc::new(RefCell::new(Vec::new())))
}

/// Returns the columns of a constraint or an index that stands in a table, as their terms.
pub(crate) fn part_columns<H: Environment>(ev: &mut Evaluator<'_, H>, part: &Value) -> Option<Vec<Value>> {
    let call = terms::called(ev, part)?;
    let home = home_of(ev, part)?;
    let names: Vec<String> = if call.name.as_ref() == "Index" {
        let found = index_of_table(ev, part)?.part;
        let names = found.keys.into_iter().map(|key| match key.part {
            cucurbit_schema::KeyPart::Column(name) => Some(name),
            cucurbit_schema::KeyPart::Expression(_) => None,
        });
        names.collect::<Option<_>>()?
    } else {
        match constraint_of_table(ev, part)?.part.body {
            ConstraintBody::PrimaryKey { columns, .. }
            | ConstraintBody::Unique { columns, .. }
            | ConstraintBody::ForeignKey { columns, .. } => columns,
            ConstraintBody::Check { .. } | ConstraintBody::Exclude { .. } => return None,
        }
    };
    // A key without columns of its own is that of the columns under it.
    if names.is_empty() && call.name.as_ref() == "PrimaryKeyConstraint" {
        let mut out = Vec::new();
        for column in columns_of(ev, &home.term)? {
            let reading = crate::column::column(ev, &column, Some(&home.name)).ok()?;
            if reading.primary_key {
                out.push(column);
            }
        }
        return Some(out);
    }
    let mut out = Vec::with_capacity(names.len());
    for name in &names {
        out.push(named(ev, &home.term, name)?);
    }
    Some(out)
}

/// The column of a table by its name in the database.
fn named<H: Environment>(ev: &mut Evaluator<'_, H>, table: &Value, name: &str) -> Option<Value> {
    let columns = columns_of(ev, table)?;
    columns.into_iter().find(|column| crate::column::name_of(ev, column).as_deref() == Some(name))
}

/// Returns an attribute of a constraint, an index or a foreign key.
pub(crate) fn part_attribute<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    of: &Value,
    term: &Rc<Term>,
    kind: &str,
    name: &str,
) -> Option<Value> {
    if kind == "ForeignKey" {
        let home = ev.host.registry().key_home(term.serial)?.clone();
        return key_attribute(ev, &home, term, name);
    }
    let text = |text: Option<&str>| text.map_or(Value::None, Value::str);
    let given = |name: &str| term.arguments.keyword(name).cloned().unwrap_or(Value::None);
    match name {
        "name" if kind == "Index" => index_of_table(ev, of).map(|i| text(i.part.name.as_deref())),
        "name" => constraint_of_table(ev, of).map(|c| text(c.part.name.as_deref())),
        "table" | "parent" => home_of(ev, of).map(|t| t.term),
        "unique" if kind == "Index" => Some(match given("unique") {
            Value::None => Value::Bool(false),
            value => value,
        }),
        "column_keys" if kind == "ForeignKeyConstraint" => {
            let columns = part_columns(ev, of)?;
            let keys: Option<Vec<Value>> =
                columns.iter().map(|c| crate::column::key_of(ev, c).map(|k| Value::str(&k))).collect();
            keys.map(Value::list)
        }
        "elements" if kind == "ForeignKeyConstraint" => {
            let home = home_of(ev, of)?;
            let keys = parts_of(ev, &home.term)?.keys;
            let own = keys.into_iter().filter(|key| {
                let Value::Term(key) = key else { return false };
                let home = ev.host.registry().key_home(key.serial);
                home.is_some_and(|h| matches!(&h.constraint, Value::Term(c) if c.serial == term.serial))
            });
            let own: Vec<Value> = own.collect();
            Some(Value::list(own))
        }
        "referred_table" if kind == "ForeignKeyConstraint" => {
            let home = home_of(ev, of)?;
            match constraint_of_table(ev, of)?.part.body {
                ConstraintBody::ForeignKey { table, .. } => sibling(ev, &home, &table),
                _ => None,
            }
        }
        "ondelete" | "onupdate" | "deferrable" | "initially" | "match" if kind == "ForeignKeyConstraint" => {
            Some(given(name))
        }
        _ => None,
    }
}

/// The table of that name in the `MetaData` of another.
fn sibling<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    home: &RegisteredTable,
    name: &ObjectName,
) -> Option<Value> {
    if home.name == *name {
        return Some(home.term.clone());
    }
    let key = home.metadata.clone()?;
    ev.host.registry().table_named(Some(&key), name).map(|(_, t)| t.term.clone())
}

fn key_attribute<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    home: &KeyHome,
    term: &Term,
    name: &str,
) -> Option<Value> {
    match name {
        "constraint" => Some(home.constraint.clone()),
        "parent" => named(ev, &home.table, &home.column),
        "column" => {
            let Value::Term(table) = &home.table else { return None };
            let own = ev.host.registry().table(table.serial)?.clone();
            let other = sibling(ev, &own, &home.target)?;
            named(ev, &other, &home.target_column)
        }
        "target_fullname" | "_colspec" => term.arguments.positional.first().cloned(),
        "name" => {
            let found = constraint_of_table(ev, &home.constraint.clone())?;
            Some(found.part.name.as_deref().map_or(Value::None, Value::str))
        }
        "ondelete" | "onupdate" | "deferrable" | "initially" | "match" | "link_to_name" => {
            Some(term.arguments.keyword(name).cloned().unwrap_or(Value::None))
        }
        _ => None,
    }
}

/// Returns an attribute of a column.
pub(crate) fn column_attribute<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    of: &Value,
    term: &Rc<Term>,
    name: &str,
) -> Option<Value> {
    let said = ev.host.registry().as_said(term.serial, &term.arguments);
    let given = |name: &str| said.keyword(name).cloned();
    let flag = |name: &str| Some(given(name).unwrap_or(Value::Bool(false)));
    if term.arguments.open && !matches!(name, "name" | "key" | "description" | "table") {
        return None;
    }
    match name {
        "name" | "description" => crate::column::name_of(ev, of).map(|n| Value::str(&n)),
        "key" => crate::column::key_of(ev, of).map(|n| Value::str(&n)),
        "table" => table_of_column(ev, term),
        "type" => match crate::column::type_argument(ev, &term.arguments)? {
            // A class stands for an object of it.
            class @ Value::External(_) => {
                Some(ev.term(TermKind::Call, class, "", Arguments::default(), term.place))
            }
            value => Some(value),
        },
        "nullable" => {
            let reading = crate::column::column(ev, of, None).ok()?;
            Some(Value::Bool(reading.column.nullable))
        }
        "primary_key" => {
            let table = table_of_column(ev, term);
            let key = table.and_then(|table| table_attribute(ev, &table, "primary_key"));
            let Some(columns) = key.and_then(|key| part_columns(ev, &key)) else { return flag(name) };
            let is_own = |c: &Value| matches!(c, Value::Term(c) if c.serial == term.serial);
            Some(Value::Bool(columns.iter().any(is_own)))
        }
        "unique" | "index" | "comment" | "doc" => Some(given(name).unwrap_or(Value::None)),
        "info" => Some(given(name).unwrap_or_else(no_info)),
        "autoincrement" => Some(given(name).unwrap_or_else(|| Value::str("auto"))),
        "server_default" => match given(name) {
            None | Some(Value::None) => {
                let mut standing = None;
                for item in &term.arguments.positional {
                    let call = terms::called(ev, item);
                    let kind = call.as_ref().map(|c| c.name.as_ref());
                    if matches!(kind, Some("Computed" | "Identity" | "FetchedValue" | "DefaultClause")) {
                        standing = Some(item.clone());
                    }
                }
                Some(standing.unwrap_or(Value::None))
            }
            Some(value) => {
                let call = terms::called(ev, &value);
                if call.is_some_and(|c| {
                    matches!(c.name.as_ref(), "Computed" | "Identity" | "FetchedValue" | "DefaultClause")
                }) {
                    return Some(value);
                }
                let callee = Value::External(Rc::from("sqlalchemy.DefaultClause"));
                let arguments = Arguments { positional: vec![value], ..Arguments::default() };
                Some(ev.term(TermKind::Call, callee, "", arguments, term.place))
            }
        },
        "foreign_keys" => {
            let table = table_of_column(ev, term)?;
            let keys = parts_of(ev, &table)?.keys;
            let mut own = Vec::new();
            for key in keys {
                let Value::Term(found) = &key else { continue };
                let home = ev.host.registry().key_home(found.serial)?.clone();
                if let Some(Value::Term(column)) = named(ev, &home.table, &home.column)
                    && column.serial == term.serial
                {
                    own.push(key);
                }
            }
            Some(set(own))
        }
        _ => None,
    }
}

/// Copies a column as `column.copy()` does: without its table, and without the foreign keys and the checks that
/// belong to that table by now.
pub(crate) fn copy_of_column<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    of: &Value,
    term: &Rc<Term>,
    place: Place,
) -> Value {
    let stands_in_table = table_of_column(ev, term).is_some();
    let mut arguments = ev.host.registry().as_said(term.serial, &term.arguments);
    if stands_in_table {
        arguments
            .positional
            .retain(|item| terms::called(ev, item).is_none_or(|c| c.name.as_ref() != "ForeignKey"));
    }
    if crate::column::written_name(ev, &arguments).is_none()
        && let Some(name) = crate::column::name_of(ev, of)
    {
        arguments.keywords.push((Rc::from("name"), Value::str(&name)));
    }
    ev.term(TermKind::Call, term.callee.clone(), "", arguments, place)
}

/// Copies a foreign key or a check, for a table that has columns of the same names. A copy of any other constraint belongs
/// to the columns that it has, and so to the old table (`ColumnCollectionMixin._check_attach`), which is not followed.
pub(crate) fn copy_of_constraint<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    of: &Value,
    place: Place,
) -> Option<Value> {
    const CONSTRAINTS: &[&str] = &["ForeignKeyConstraint", "CheckConstraint"];
    let Value::Term(term) = of else { return None };
    let call = terms::called(ev, of).filter(|call| CONSTRAINTS.contains(&call.name.as_ref()))?;
    // What stands in a table is known by its columns' names.
    if let Some(PartOfTable { part, .. }) = constraint_of_table(ev, of)
        && let Some(made) = stored_constraint(ev, &part, place)
    {
        return Some(made);
    }
    Some(ev.term(TermKind::Call, term.callee.clone(), "", call.arguments, place))
}

/// Copies a table as `table.to_metadata(metadata, schema=…, name=…)` does.
pub(crate) fn copy_of_table<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    table: &Rc<Term>,
    arguments: &Arguments,
    metadata: Option<MetaDataKey>,
    place: Place,
) -> Option<Value> {
    let found = ev.host.registry().table(table.serial)?.clone();
    let schema = match arguments.get(1, "schema") {
        Some(Value::Str(schema)) => Some(schema.to_string()),
        Some(Value::None) => None,
        _ => found.schema.clone(),
    };
    let name = arguments.keyword("name").and_then(Value::as_str).map(str::to_owned);
    let name = name.unwrap_or_else(|| found.name.name.clone());
    let name = ev.host.settings().object_name(schema.as_deref(), &name);
    let mut items = Vec::with_capacity(found.items.len());
    for item in &found.items {
        items.push(copy_of_item(ev, item, &found, &name, place));
    }
    let copy = ev.term(TermKind::Call, table.callee.clone(), "", table.arguments.clone(), place);
    let Value::Term(made) = &copy else { return None };
    let mut keywords = found.keywords.clone();
    keywords.retain(|(k, _)| k.as_ref() != "schema");
    let registered =
        RegisteredTable { name, schema, metadata, term: copy.clone(), items, keywords, open: found.open };
    ev.host.registry().add_table(made.serial, registered);
    Some(copy)
}

fn copy_of_item<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    item: &Value,
    from: &RegisteredTable,
    to: &ObjectName,
    place: Place,
) -> Value {
    let Value::Term(term) = item else { return item.clone() };
    if term.kind != TermKind::Call {
        return item.clone();
    }
    // A key that points at its own table points at the copy.
    if let Some(PartOfTable { mut part, .. }) = constraint_of_table(ev, item)
        && let ConstraintBody::ForeignKey { table, .. } = &mut part.body
        && *table == from.name
    {
        *table = to.clone();
        if let Some(made) = stored_constraint(ev, &part, place) {
            return made;
        }
    }
    let copy = ev.term(TermKind::Call, term.callee.clone(), "", term.arguments.clone(), term.place);
    if let (Value::Term(made), Some(name)) = (&copy, crate::column::name_of(ev, item)) {
        ev.host.registry().name_column(made.serial, Some(to), &name);
    }
    copy
}
