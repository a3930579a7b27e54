//! What the downgrade of a revision makes of the state that its upgrade leaves.

use cucurbit_replay::{Certainty, Direction, Operation, Outcome, Replayer, Step};
use cucurbit_schema::{Change, Database, Difference, DifferenceKind, Mismatch, ObjectRef, diff};
use std::path::Path;
use std::rc::Rc;

/// The way back from a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WayBack {
    /// The upgrade changes no schema, or what one of the two does cannot be told.
    CannotTell,
    /// There is no downgrade, and what the upgrade drops.
    None(NoWay, Vec<ObjectRef>),
    /// The downgrade surely does not fit the state that the upgrade leaves.
    Fails(Mismatch, cucurbit_python::eval::Place),
    /// It ends in a state that differs so from the one before: left is before, right is after. Empty when it undoes
    /// the upgrade.
    Ends(Vec<Difference>),
}

/// Why there is no downgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoWay {
    /// The function is not there.
    Absent,
    /// The function does nothing.
    Nothing,
    /// The function raises.
    Raises,
}

impl WayBack {
    /// Tries the downgrade from the state as it is, right after the upgrade.
    pub(crate) fn of(
        replayer: &mut Replayer<'_>,
        path: &Path,
        upgrade: &Step,
        before: &Rc<Database>,
    ) -> Self {
        let after = replayer.shared_state();
        let done = &replayer.operations()[upgrade.operations.clone()];
        let whole = upgrade.outcome == Outcome::Completed && !upgrade.exhausted;
        if Rc::ptr_eq(before, &after) || !whole || !done.iter().all(is_told) {
            return WayBack::CannotTell;
        }
        let drops = dropped(done, before, &after);
        let trial = replayer.try_step(path, Direction::Downgrade);
        if trial.step.exhausted {
            return WayBack::CannotTell;
        }
        match trial.step.outcome {
            Outcome::NoFunction => return WayBack::None(NoWay::Absent, drops),
            Outcome::Unreadable => return WayBack::CannotTell,
            // Raising is the honest way to say that there is none.
            Outcome::Raises(..) if trial.operations.is_empty() => return WayBack::None(NoWay::Raises, drops),
            Outcome::Raises(..) => return WayBack::CannotTell,
            Outcome::Completed if trial.operations.is_empty() => {
                return WayBack::None(NoWay::Nothing, drops);
            }
            Outcome::Completed => {}
        }
        for operation in &trial.operations {
            if !is_exact(operation) {
                return WayBack::CannotTell;
            }
            if let Some(mismatch) = operation.changes.iter().flat_map(|(_, a)| &a.mismatches).next() {
                return WayBack::Fails(mismatch.clone(), operation.place);
            }
        }
        let differences = diff(before, &trial.state);
        WayBack::Ends(differences.into_iter().filter(|d| counts(d, before, &trial.state)).collect())
    }
}

fn is_exact(operation: &Operation) -> bool {
    operation.certainty == Certainty::Exact
        && operation.changes.iter().all(|(change, _)| !matches!(change, Change::Unknown(_)))
}

fn is_told(operation: &Operation) -> bool {
    is_exact(operation) && operation.changes.iter().all(|(_, applied)| applied.mismatches.is_empty())
}

/// The tables and columns that operations drop, rows and all, and that are not there afterwards.
fn dropped(operations: &[Operation], before: &Database, after: &Database) -> Vec<ObjectRef> {
    let mut found = Vec::new();
    for (change, applied) in operations.iter().flat_map(|operation| &operation.changes) {
        if applied.skipped {
            continue;
        }
        match change {
            Change::DropTable { name, .. } if before.table(name).is_some() && after.table(name).is_none() => {
                found.push(ObjectRef::Table(name.clone()));
            }
            Change::DropColumn { table, column, .. } => {
                let has = |db: &Database| db.table(table).is_some_and(|t| t.column(column).is_some());
                if has(before) && !has(after) {
                    found.push(ObjectRef::Column(table.clone(), column.clone()));
                }
            }
            _ => {}
        }
    }
    found.dedup();
    found
}

/// A sequence goes with the column that owns it.
pub(crate) fn counts(difference: &Difference, before: &Database, after: &Database) -> bool {
    match &difference.object {
        ObjectRef::Sequence(name) => {
            let is_owned = |db: &Database| db.sequences.get(name).is_some_and(|s| s.owner.is_some());
            !is_owned(before) && !is_owned(after)
        }
        // The default of a column that counts names its sequence, which may be a new one.
        ObjectRef::Column(..) => !matches!(&difference.kind,
            DifferenceKind::Changed { attribute: "default", left, right }
                if left.starts_with("nextval") && right.starts_with("nextval")),
        _ => true,
    }
}
