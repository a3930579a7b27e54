//! Tables that a migration puts new ones in the place of.
//!
//! It makes `users_new`, copies the rows, drops `users` and gives the new table its name. The old one may have been another
//! table altogether; the statements that copy rows tell the types of its columns.

use crate::search::Trial;
use cucurbit_schema::{
    Change, ConstraintBody, DataType, Database, Dialect, ObjectName, Table, TypeHint, never_compare,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Gives columns of tables that are replaced the types of the columns to which a migration copies them or with which it
/// compares them, where PostgreSQL could not do that with the types that they have. Keys between columns that are of
/// different types then are dropped.
pub(crate) fn retype_replaced(state: &mut Database, trial: &Trial) {
    if state.dialect != Dialect::PostgreSql {
        return;
    }
    let mut retyped: BTreeSet<(ObjectName, String)> = BTreeSet::new();
    for (name, types) in copied_types(trial) {
        let Some(mut table) = state.table(&name).cloned() else { continue };
        for column in &mut table.columns {
            let unlike = |told: &&DataType| never_compare(&told.kind, &column.data_type.kind);
            let Some(data_type) = types.get(&column.name).filter(unlike) else { continue };
            column.data_type = data_type.clone();
            column.default = None;
            column.identity = None;
            let owner = (name.clone(), column.name.clone());
            state.sequences.retain(|_, sequence| sequence.owner.as_ref() != Some(&owner));
            retyped.insert(owner);
        }
        state.put_table(Arc::new(table));
    }
    if !retyped.is_empty() {
        drop_unfit_keys(state, &retyped);
    }
}

/// For each table that is replaced the types of its columns, as far as the new ones tell them.
fn copied_types(trial: &Trial) -> BTreeMap<ObjectName, BTreeMap<String, DataType>> {
    let mut made: BTreeMap<&ObjectName, &Table> = BTreeMap::new();
    let (mut dropped, mut named): (BTreeSet<&ObjectName>, BTreeSet<&ObjectName>) = Default::default();
    // What an old table was called, by the name that it has until it is dropped.
    let mut called: BTreeMap<&ObjectName, &ObjectName> = BTreeMap::new();
    for change in trial.changes() {
        match change {
            Change::CreateTable { table, .. } => drop(made.insert(&table.name, table)),
            Change::DropTable { name, .. } => drop(dropped.insert(called.remove(name).unwrap_or(name))),
            Change::RenameTable { from, to, .. } => {
                let first = called.remove(from).unwrap_or(from);
                called.insert(to, first);
                named.insert(to);
            }
            _ => {}
        }
    }
    let mut out: BTreeMap<ObjectName, BTreeMap<String, DataType>> = BTreeMap::new();
    for change in trial.changes() {
        let Change::Rows { table, hints, .. } = change else { continue };
        if !dropped.contains(table) || !named.contains(table) {
            continue;
        }
        for (column, hint) in hints {
            let told = match hint {
                TypeHint::Like(other, name) => made.get(other).and_then(|t| t.column(name)),
                TypeHint::LikeNth(other, at) => made.get(other).and_then(|t| t.columns.get(*at)),
                _ => None,
            };
            if let Some(told) = told {
                let types = out.entry(table.clone()).or_default();
                types.entry(column.clone()).or_insert_with(|| told.data_type.clone());
            }
        }
    }
    out
}

/// Drops foreign keys from or to the columns where the types of both ends are not the same.
fn drop_unfit_keys(state: &mut Database, retyped: &BTreeSet<(ObjectName, String)>) {
    let tables: Vec<Arc<Table>> = state.tables.values().cloned().collect();
    for table in tables {
        let fits = |body: &ConstraintBody| {
            let ConstraintBody::ForeignKey { columns, table: target, references, .. } = body else {
                return true;
            };
            columns.iter().zip(references).all(|(own, other)| {
                let is_old = !retyped.contains(&(table.name.clone(), own.clone()))
                    && !retyped.contains(&(target.clone(), other.clone()));
                let own = table.column(own).map(|c| &c.data_type);
                is_old || own == state.table(target).and_then(|t| t.column(other)).map(|c| &c.data_type)
            })
        };
        if table.constraints.iter().all(|constraint| fits(&constraint.body)) {
            continue;
        }
        let mut kept = table.as_ref().clone();
        kept.constraints.retain(|constraint| fits(&constraint.body));
        state.put_table(Arc::new(kept));
    }
}
