//! `op.batch_alter_table(…)` where it makes the table anew, under another name that then takes the place of the old one.

use crate::host::{Ev, record};
use crate::operations::{Given, add_problems, enum_changes, settle_types_from};
use cucurbit_python::eval::{Arguments, Exception, Place, Value};
use cucurbit_schema::{
    Change, Column, ColumnAlteration, Constraint, ConstraintBody, ConstraintKind, DataType, Dialect, Index,
    KeyPart, ObjectKind, ObjectName, Origin, RowEffect, Table, TypeHint, TypeKind,
};
use cucurbit_sqlalchemy::{self as sqla, NameText, Named, NamedColumn, NamingConvention, Parts};
use std::rc::Rc;

/// The longest name of a table that Alembic makes on the way (`ApplyBatchImpl._calc_temp_name`).
const LONGEST: usize = 50;

/// Begins a batch: says whether it makes its table anew whatever the dialect, and does what that does before the batch's
/// own operations.
///
/// With `copy_from` the table is made anew as that describes it; what has no name of its own is named after the table on
/// the way, and keeps that name. Without it the table is made anew as it is, on SQLite as it is reflected.
///
/// On SQLite the first operation that its `ALTER TABLE` cannot do makes the table anew otherwise ([`remake_for`]).
pub(crate) fn begin(ev: &mut Ev<'_>, given: &Given<'_>, table: &ObjectName) -> bool {
    let recreate = given.arguments.keyword("recreate").and_then(Value::as_str);
    let always = recreate == Some("always");
    if always || recreate == Some("never") {
        // No operation of the batch is to ask for it again.
        Rc::make_mut(&mut ev.host.remade).insert((given.place, table.clone()), None);
    }
    if always {
        let begun = ev.host.origin();
        make_anew(ev, given, table, begun);
    }
    always
}

/// Makes a table anew with what `batch_alter_table` was given.
///
/// Every row is copied with every column, and SQLite takes no value for one that it computes itself, even where there is
/// no row.
fn make_anew(ev: &mut Ev<'_>, batch: &Given<'_>, table: &ObjectName, begun: Origin) {
    match batch.arguments.keyword("copy_from").filter(|v| !v.is_none()).cloned() {
        Some(copied) => copy(ev, batch, table, &copied),
        None if ev.host.settings.dialect == Dialect::Sqlite => {
            let computed = ev.host.db.tables.get(table).and_then(|found| {
                let is_there = |c: &&Column| c.computed.is_some() && c.origin < begun;
                found.columns.iter().find(is_there).map(|column| column.name.clone())
            });
            if computed.is_some() {
                Rc::make_mut(&mut ev.host.remade).insert((batch.place, table.clone()), computed);
            }
            remake(ev, batch.place, table, batch.arguments, begun);
        }
        None => {}
    }
}

/// What is raised where a batch ends that copies a column that SQLite computes.
pub(crate) fn refused(ev: &mut Ev<'_>, place: Place, table: &ObjectName) -> Option<Exception> {
    let column = ev.host.remade.get(&(place, table.clone()))?.as_ref()?;
    Some(Exception {
        value: Value::External(Rc::from("sqlalchemy.exc.OperationalError")),
        message: Some(Rc::from(format!("cannot INSERT into generated column \"{column}\""))),
        place,
    })
}

/// Makes a table of SQLite anew before the first operation of a batch that asks for it
/// (`SQLiteImpl.requires_recreate_in_batch`).
pub(crate) fn remake_for(
    ev: &mut Ev<'_>,
    given: &Given<'_>,
    table: &ObjectName,
    batch: &Given<'_>,
    begun: Origin,
) {
    if ev.host.settings.dialect != Dialect::Sqlite
        || ev.host.remade.contains_key(&(batch.place, table.clone()))
        || !asks_for_a_new_table(given)
    {
        return;
    }
    Rc::make_mut(&mut ev.host.remade).insert((batch.place, table.clone()), None);
    make_anew(ev, batch, table, begun);
}

fn asks_for_a_new_table(given: &Given<'_>) -> bool {
    match given.operation {
        "add_column" => {
            let column = given.arguments.get(0, "column");
            let Some(Value::Term(column)) = column else { return false };
            // Any default that is no plain text, a stored expression among the column's arguments.
            let is_clause = |v: &Value| !matches!(v, Value::None | Value::Str(_) | Value::Bool(_));
            column.arguments.keyword("server_default").is_some_and(is_clause)
                || column.arguments.positional.iter().any(|item| match item {
                    Value::Term(term) => {
                        term.external().is_some_and(|name| name.ends_with(".Computed"))
                            && matches!(term.arguments.get(1, "persisted"), Some(Value::Bool(true)))
                    }
                    _ => false,
                })
        }
        "alter_column" | "drop_column" | "drop_constraint" => true,
        operation => operation.starts_with("create_") && operation != "create_index",
    }
}

/// What becomes of a table of SQLite that Alembic makes anew from what SQLAlchemy reflects of it: checks without a name,
/// triggers, indexes of expressions, `AUTOINCREMENT`, collations and the order of index columns are lost, types become those that
/// SQLAlchemy knows, and what has no name gets that of the batch's naming convention
/// (`BatchOperationsImpl.flush`, `ApplyBatchImpl._grab_table_elements`, SQLAlchemy's `SQLiteDialect`).
fn remake(ev: &mut Ev<'_>, place: Place, table: &ObjectName, arguments: &Arguments, begun: Origin) {
    let Some(found) = ev.host.db.tables.get(table).cloned() else { return };
    let mut changes = Vec::new();
    let triggers = ev
        .host
        .db
        .objects
        .values()
        .filter(|o| o.kind == ObjectKind::Trigger && o.table.as_ref() == Some(table));
    changes.extend(triggers.map(|trigger| Change::DropObject {
        kind: ObjectKind::Trigger,
        table: trigger.table.clone(),
        name: trigger.name.clone(),
        signature: None,
        if_exists: true,
        cascade: false,
    }));
    // Those that the batch itself makes are made as they are written.
    for index in found.indexes.iter().filter(|index| index.origin < begun) {
        remake_index(index, table, &mut changes);
    }
    for constraint in found.constraints.iter().filter(|c| c.name.is_none()) {
        if constraint.kind() == ConstraintKind::Check {
            changes.push(drop_unnamed(table, constraint));
        }
    }
    // SQLAlchemy knows foreign keys that join the same columns apart by nothing, and sees the first
    // (`SQLiteDialect.get_foreign_keys`).
    let keys: Vec<&Constraint> =
        found.constraints.iter().filter(|c| c.kind() == ConstraintKind::ForeignKey).collect();
    let is_again = |at: usize| keys[..at].iter().any(|other| is_same_key(other, keys[at]));
    if (0..keys.len()).any(is_again) {
        changes.extend(keys.iter().map(|key| Change::DropConstraint {
            table: table.clone(),
            name: key.name.clone(),
            kind: Some(ConstraintKind::ForeignKey),
            if_exists: false,
            cascade: false,
        }));
        changes.extend((0..keys.len()).filter(|at| !is_again(*at)).map(|at| Change::AddConstraint {
            table: table.clone(),
            constraint: Box::new(keys[at].clone()),
            using_index: None,
            if_not_exists: false,
        }));
    }
    if let Some(counts) = counts(arguments)
        && let Some(column) = found.primary_key().and_then(|key| match &key.body {
            ConstraintBody::PrimaryKey { columns, .. } if columns.len() == 1 => found.column(&columns[0]),
            _ => None,
        })
        && column.autoincrement != counts
        && matches!(&column.data_type.kind, TypeKind::Named { name, .. } if name.eq_ignore_ascii_case("INTEGER"))
    {
        changes.push(Change::AlterColumn {
            table: table.clone(),
            column: column.name.clone(),
            alteration: ColumnAlteration::Autoincrement(counts),
        });
    }
    let convention =
        arguments.keyword("naming_convention").filter(|v| !v.is_none()).map(NamingConvention::from_value);
    if let Some(convention) = convention {
        let mut kept = (*found).clone();
        let mut at = 0;
        kept.constraints.retain(|c| {
            let is_key = c.kind() == ConstraintKind::ForeignKey;
            at += usize::from(is_key);
            !is_key || !is_again(at - 1)
        });
        name_unnamed(ev, &kept, &convention, &mut changes);
    }
    for column in &found.columns {
        let known = reflected(&column.data_type);
        if known.is_some() || column.collation.is_some() {
            changes.push(Change::AlterColumn {
                table: table.clone(),
                column: column.name.clone(),
                alteration: ColumnAlteration::Type {
                    data_type: known.unwrap_or_else(|| column.data_type.clone()),
                    using: None,
                    collation: None,
                },
            });
        }
    }
    let items = |ev: &mut Ev<'_>, name: &str| {
        let value = arguments.keyword(name).filter(|v| !v.is_none()).cloned();
        value.and_then(|value| ev.items(&value)).unwrap_or_default()
    };
    let metadata = ev.host.metadata.clone();
    let given: Vec<Value> = items(ev, "reflect_args");
    let columns = sqla::table(ev, table, &given, &[], &metadata, place).table.columns;
    for column in columns.into_iter().filter(|c| found.column(&c.name).is_some()) {
        let alterations = [
            ColumnAlteration::Type { data_type: column.data_type, using: None, collation: column.collation },
            ColumnAlteration::Nullable(column.nullable),
            ColumnAlteration::Default(column.default),
        ];
        changes.extend(alterations.into_iter().map(|alteration| Change::AlterColumn {
            table: table.clone(),
            column: column.name.clone(),
            alteration,
        }));
    }
    let given: Vec<Value> = items(ev, "table_args");
    let added = sqla::table(ev, table, &given, &[], &metadata, place).table.constraints;
    changes.extend(added.into_iter().map(|constraint| Change::AddConstraint {
        table: table.clone(),
        constraint: Box::new(constraint),
        using_index: None,
        if_not_exists: false,
    }));
    if !changes.is_empty() {
        let was = std::mem::replace(&mut ev.host.in_batch, true);
        record(ev, place, "batch_alter_table", changes, true);
        ev.host.in_batch = was;
    }
}

pub(crate) fn is_same_key(left: &Constraint, right: &Constraint) -> bool {
    match (&left.body, &right.body) {
        (
            ConstraintBody::ForeignKey { columns, table, references, .. },
            ConstraintBody::ForeignKey { columns: others, table: other, references: targets, .. },
        ) => columns == others && table == other && references == targets,
        _ => false,
    }
}

/// `sqlite_autoincrement` of `table_kwargs=`, without which `AUTOINCREMENT` is lost; `None` when it cannot be told.
fn counts(arguments: &Arguments) -> Option<bool> {
    let Some(given) = arguments.keyword("table_kwargs").filter(|v| !v.is_none()) else {
        return Some(false);
    };
    let Value::Dict(items) = given else { return None };
    let items = items.borrow();
    match items.iter().find(|(key, _)| key.as_str() == Some("sqlite_autoincrement")) {
        None => Some(false),
        Some((_, Value::Bool(on))) => Some(*on),
        Some(_) => None,
    }
}

/// What a constraint takes the place of in a table that is made anew: one of its name, or the primary key
/// (`ApplyBatchImpl.add_constraint`). One that is the same is nothing to take the place of.
pub(crate) fn replaced(
    ev: &Ev<'_>,
    given: &Given<'_>,
    table: &ObjectName,
    constraint: &Constraint,
) -> Option<Change> {
    let is_copied = given.is_new || ev.host.settings.dialect == Dialect::Sqlite;
    (given.batch.is_some() && is_copied).then_some(())?;
    let found = ev.host.db.table(table)?;
    let by_name = constraint.name.as_deref().and_then(|name| found.constraint(name));
    let is_key = constraint.kind() == ConstraintKind::PrimaryKey;
    let before = by_name.or_else(|| found.primary_key().filter(|_| is_key))?;
    let is_same = before.body == constraint.body && before.name == constraint.name;
    (!is_same).then(|| Change::DropConstraint {
        table: table.clone(),
        name: before.name.clone(),
        kind: Some(before.kind()),
        if_exists: false,
        cascade: false,
    })
}

/// SQLAlchemy does not reflect indexes of expressions on SQLite, nor the order of columns.
fn remake_index(index: &Index, table: &ObjectName, changes: &mut Vec<Change>) {
    let Some(name) = &index.name else { return };
    let is_expression = index.keys.iter().any(|key| matches!(key.part, KeyPart::Expression(_)));
    let is_plain = index.keys.iter().all(|key| key.order.is_none() && key.collation.is_none());
    if !is_expression && is_plain {
        return;
    }
    let name = table.sibling(name.clone());
    changes.push(Change::DropIndex { name, table: Some(table.clone()), if_exists: false, cascade: false });
    if !is_expression {
        let mut kept = index.clone();
        for key in &mut kept.keys {
            key.order = None;
            key.collation = None;
        }
        changes.push(Change::CreateIndex {
            table: table.clone(),
            index: Box::new(kept),
            if_not_exists: false,
        });
    }
}

fn drop_unnamed(table: &ObjectName, constraint: &Constraint) -> Change {
    Change::DropConstraint {
        table: table.clone(),
        name: None,
        kind: Some(constraint.kind()),
        if_exists: false,
        cascade: false,
    }
}

/// Names what has no name by a convention: each is dropped and made again, in their order. Of several that get one name
/// the last is left (`ApplyBatchImpl.named_constraints`, a dictionary).
fn name_unnamed(ev: &Ev<'_>, table: &Table, convention: &NamingConvention, changes: &mut Vec<Change>) {
    let mut made: Vec<Constraint> = Vec::new();
    for constraint in table.constraints.iter().filter(|c| c.name.is_none()) {
        let (what, columns, referred) = match &constraint.body {
            ConstraintBody::PrimaryKey { columns, .. } => (Named::PrimaryKey, columns, None),
            ConstraintBody::Unique { columns, .. } => (Named::Unique, columns, None),
            ConstraintBody::ForeignKey { columns, table, references, .. } => {
                (Named::ForeignKey, columns, Some((table, references)))
            }
            _ => continue,
        };
        let columns: Vec<NamedColumn> = columns.iter().map(NamedColumn::new).collect();
        let none = Vec::new();
        let parts = Parts {
            what,
            table: &table.name,
            schema: table.name.schema.as_deref(),
            columns: &columns,
            referred_table: referred.map(|(table, _)| table),
            referred_columns: referred.map_or(&none, |(_, columns)| columns),
        };
        let Ok(Some((name, kind))) = convention.name(&NameText::None, parts, ev.host.settings.dialect) else {
            continue;
        };
        changes.push(drop_unnamed(&table.name, constraint));
        made.retain(|other| other.name.as_ref() != Some(&name));
        made.push(Constraint { name: Some(name), name_kind: kind, ..constraint.clone() });
    }
    changes.extend(made.into_iter().map(|constraint| Change::AddConstraint {
        table: table.name.clone(),
        constraint: Box::new(constraint),
        using_index: None,
        if_not_exists: false,
    }));
}

/// The types that SQLAlchemy knows by name on SQLite (`ischema_names`).
const KNOWN_TYPES: &[&str] = &[
    "BIGINT",
    "BLOB",
    "BOOLEAN",
    "CHAR",
    "DATE",
    "DATETIME",
    "DECIMAL",
    "DOUBLE",
    "FLOAT",
    "INTEGER",
    "JSON",
    "NUMERIC",
    "NVARCHAR",
    "REAL",
    "SMALLINT",
    "TEXT",
    "TIME",
    "TIMESTAMP",
    "VARCHAR",
];

/// The type as which SQLAlchemy reflects one, where that is another: what it does not know it takes by SQLite's rules of
/// affinity (`SQLiteDialect._resolve_type_affinity`).
fn reflected(data_type: &DataType) -> Option<DataType> {
    let TypeKind::Named { name, args, .. } = &data_type.kind else { return None };
    let upper = name.to_uppercase();
    let has = |parts: &[&str]| parts.iter().any(|part| upper.contains(part));
    let known = match upper.as_str() {
        "" => return None,
        known if KNOWN_TYPES.contains(&known) => {
            // What a type has no argument for is left out (`DATETIME(6)`).
            let takes = matches!(known, "CHAR" | "DECIMAL" | "NUMERIC" | "NVARCHAR" | "TEXT" | "VARCHAR");
            if takes || args.is_empty() {
                return None;
            }
            known
        }
        "BOOL" => "BOOLEAN",
        "INT" => "INTEGER",
        _ if has(&["INT"]) => "INTEGER",
        _ if has(&["CHAR", "CLOB", "TEXT"]) => "TEXT",
        _ if has(&["BLOB"]) => return None,
        _ if has(&["REAL", "FLOA", "DOUB"]) => "REAL",
        _ => "NUMERIC",
    };
    // The numbers in brackets go along where the other type takes them.
    let numbers = args.iter().map(String::as_str).filter(|a| a.bytes().all(|b| b.is_ascii_digit()));
    let taken = match known {
        "NUMERIC" => 2,
        "TEXT" => 1,
        _ => 0,
    };
    Some(DataType::named(known, &numbers.take(taken).collect::<Vec<_>>()))
}

/// Makes a table anew as `copy_from` describes it.
fn copy(ev: &mut Ev<'_>, given: &Given<'_>, table: &ObjectName, copied: &Value) {
    let Some((_, mut reading)) = sqla::table_term(ev, copied) else {
        let extent = cucurbit_schema::Extent::Tables([table.clone()].into());
        let reason = "the table that is copied from cannot be told";
        crate::host::unknown(ev, given.place, given.operation, extent, reason);
        return;
    };
    settle_types_from(ev, &mut reading);
    let way: String = format!("_alembic_tmp_{}", table.name).chars().take(LONGEST).collect();
    let way = table.sibling(way);
    let mut changes = enum_changes(ev, &reading.enums, true);
    if ev.host.settings.dialect == Dialect::PostgreSql {
        // Names that both tables would have are freed first (`PostgresqlImpl.prep_table_for_batch`).
        for constraint in reading.table.constraints.iter().filter(|c| c.name.is_some()) {
            changes.push(Change::DropConstraint {
                table: table.clone(),
                name: constraint.name.clone(),
                kind: Some(constraint.kind()),
                if_exists: false,
                cascade: false,
            });
        }
    }
    // The rows are copied, column by column, so the old table needs every one of them (`ApplyBatchImpl._create`).
    let copied = reading.table.columns.iter().filter(|column| column.computed.is_none());
    let rows = Change::Rows {
        table: table.clone(),
        effect: RowEffect::Read,
        columns: copied.clone().map(|column| column.name.clone()).collect(),
        hints: copied
            .map(|column| (column.name.clone(), TypeHint::Typed(Box::new(column.data_type.clone()))))
            .collect(),
    };
    let problems = reading.problems.clone();
    let is_open = reading.open;
    let indexes = std::mem::take(&mut reading.table.indexes);
    reading.table.name = way.clone();
    for constraint in &mut reading.table.constraints {
        // A key that points at its own table points at the new one.
        if let ConstraintBody::ForeignKey { table: target, .. } = &mut constraint.body
            && target == table
        {
            *target = way.clone();
        }
    }
    reading.late.clear();
    changes.extend(reading.into_changes(false));
    add_problems(&mut changes, &way, &problems, is_open);
    changes.push(rows);
    changes.push(Change::DropTable { name: table.clone(), if_exists: false, cascade: false });
    changes.push(Change::RenameTable { from: way, to: table.clone(), if_exists: false });
    for index in indexes {
        let index = Box::new(index);
        changes.push(Change::CreateIndex { table: table.clone(), index, if_not_exists: false });
    }
    record(ev, given.place, given.operation, changes, true);
}
