//! Drift put into the rebuilt migration.

use super::engine::{Engine, Found};
use cucurbit_schema::{Change, Database, ObjectName, Origin, between, diff};
use std::collections::BTreeMap;

/// How often the chain may be followed anew.
const MAX_TRIALS: usize = 60;

impl Engine<'_, '_> {
    /// Puts what drifted into the state that the lost migration makes, as far as the survivors let it: a change is
    /// kept when the chain still runs and then differs less from the models. Changes are tried all together, then
    /// those of one table, then one by one.
    pub(super) fn fold(&mut self, found: Found, models: &Database) -> Found {
        let mut best = found;
        if !best.misfits.is_empty() {
            return best;
        }
        let mut trials = 0;
        for size in [Size::All, Size::Table, Size::One] {
            let changes = wanted(&best.state, models);
            for group in grouped(changes, size) {
                if trials == MAX_TRIALS {
                    return best;
                }
                let Some(after) = applied(&best.rolled.after, &group) else { continue };
                trials += 1;
                let mut rolled = best.rolled.clone();
                rolled.after = after;
                let mut next = self.judge(rolled, best.head.clone());
                if next.misfits.is_empty() && drift(&next.state, models) < drift(&best.state, models) {
                    next.head = next.state.clone();
                    best = next;
                }
            }
            if drift(&best.state, models) == 0 {
                break;
            }
        }
        best
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    All,
    Table,
    One,
}

fn target(state: &Database, models: &Database) -> Database {
    crate::catch_up::target(state, models, true).database
}

fn drift(state: &Database, models: &Database) -> usize {
    diff(state, &target(state, models)).len()
}

/// What would bring a state to the models.
fn wanted(state: &Database, models: &Database) -> Vec<Change> {
    let mut state = state.clone();
    state.forget_origins();
    between(&state, &target(&state, models))
}

fn grouped(changes: Vec<Change>, size: Size) -> Vec<Vec<Change>> {
    match size {
        Size::All => vec![changes],
        Size::One => changes.into_iter().map(|change| vec![change]).collect(),
        Size::Table => {
            let mut groups: BTreeMap<Option<ObjectName>, Vec<Change>> = BTreeMap::new();
            for change in changes {
                groups.entry(table_of(&change)).or_default().push(change);
            }
            groups.into_values().collect()
        }
    }
}

fn table_of(change: &Change) -> Option<ObjectName> {
    match change {
        Change::CreateTable { table, .. } => Some(table.name.clone()),
        Change::DropTable { name, .. } => Some(name.clone()),
        Change::AddColumn { table, .. }
        | Change::DropColumn { table, .. }
        | Change::AlterColumn { table, .. }
        | Change::AddConstraint { table, .. }
        | Change::DropConstraint { table, .. }
        | Change::CreateIndex { table, .. } => Some(table.clone()),
        Change::DropIndex { table, .. } => table.clone(),
        Change::Comment { on, .. } => on.table().cloned(),
        _ => None,
    }
}

/// The state with those of the changes that fit it; `None` when none does.
fn applied(state: &Database, changes: &[Change]) -> Option<Database> {
    let mut out = state.clone();
    let mut any = false;
    for change in changes {
        let mut next = out.clone();
        if next.apply(change, Origin::default()).mismatches.is_empty() {
            out = next;
            any = true;
        }
    }
    any.then_some(out)
}
