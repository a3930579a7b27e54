//! A column is added NOT NULL, without a default, to a table that may hold rows.

use crate::case::Case;
use crate::finding::Finding;
use crate::spoken;
use crate::history::History;
use cucurbit_schema::{Change, Column, Dialect, ObjectName, RowEffect, TypeKind};
use std::collections::BTreeMap;

info!(
    "SCH006",
    "not-null-without-default",
    Warning,
    "not_null_without_default.md",
    "A column that may not be NULL is added without a default to a table that may hold rows."
);

pub(super) fn check(_: &Case, history: &History, out: &mut Vec<Finding>) {
    // MySQL puts in the type's own zero.
    if history.dialect.is_mysql() {
        return;
    }
    // The step that made each table, or emptied it.
    let mut empty_in: BTreeMap<ObjectName, usize> = BTreeMap::new();
    for (at, change, applied) in history.changes() {
        let step = history.step(at);
        match change {
            Change::CreateTable { table, .. } if !applied.skipped => {
                empty_in.insert(table.name.clone(), step);
            }
            Change::CreateTableFrom { name, .. } => {
                empty_in.insert(name.clone(), step);
            }
            Change::RenameTable { from, to, .. } => {
                if let Some(made) = empty_in.remove(from) {
                    empty_in.insert(to.clone(), made);
                }
            }
            Change::Rows { table, effect: RowEffect::Delete, .. } => {
                empty_in.insert(table.clone(), step);
            }
            Change::AddColumn { table, column, .. } => {
                let is_new = empty_in.get(table) == Some(&step);
                let fits = !applied.skipped && applied.mismatches.is_empty();
                if needs_value(column) && !is_new && fits && history.is_sure(at) {
                    out.push(report(history, at, table, column));
                }
            }
            _ => {}
        }
    }
}

/// A row that is there already has no value for the column.
fn needs_value(column: &Column) -> bool {
    let counts = match &column.data_type.kind {
        TypeKind::Named { name, .. } => name.contains("serial"),
        TypeKind::Unknown(_) => true,
        _ => false,
    };
    !column.nullable
        && column.default.is_none()
        && column.identity.is_none()
        && column.computed.is_none()
        && !column.autoincrement
        && !counts
}

fn report(history: &History, at: usize, table: &ObjectName, column: &Column) -> Finding {
    let (id, name) = (&history.revision(at).id, &column.name);
    let (answer, result) = match history.dialect {
        Dialect::Sqlite => ("Cannot add a NOT NULL column with default value NULL".to_owned(), "stops in"),
        _ => (
            format!("column \"{name}\" of relation \"{}\" contains null values", table.name),
            "that holds rows stops in",
        ),
    };
    Finding::new(&INFO, history.place(at), format!("`{id}` adds `{name}` to `{table}`, NOT NULL and without a default"))
        .label("rows that are there already have no value for it")
        .revision(id)
        .why(format!(
            "an upgrade of a database {result} `{id}`: {} says `{answer}`",
            spoken::system(history.dialect)
        ))
        .help("give it a `server_default`, or add it with `nullable=True`, fill it, and then set NOT NULL")
}
