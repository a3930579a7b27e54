//! The search for the state before a migration.

use crate::patch;
use crate::{copies, elsewhere, retyped};
use cucurbit_replay::{Direction, Operation, Outcome, Replayer};
use cucurbit_schema::{
    Change, Column, ConstraintKind, DataType, Database, Dialect, Difference, DifferenceKind, Mismatch,
    ObjectKind, ObjectName, ObjectRef, Origin, Table, diff,
};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A migration that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survivor {
    /// Its revision id.
    pub id: String,
    /// Its file.
    pub path: PathBuf,
}

/// How sure a restored fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It follows from the state after the migration and the migration.
    Proved,
    /// One explicit statement in the code says it.
    Inferred,
    /// A rule or a placeholder: any value would lead to the same head.
    Assumed,
}

/// Something that was put into the state before a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assumption {
    /// What: `column users.name`.
    pub object: String,
    /// How sure it is.
    pub level: Level,
    /// Why it is there and where it comes from.
    pub reason: String,
    /// The migration that needs it.
    pub revision: String,
}

/// What following a migration from a state gave.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The state after it.
    pub end: Database,
    /// What did not fit, with the change and the number of the operation.
    pub misfits: Vec<(Change, Mismatch, usize)>,
    /// The operations.
    pub operations: Vec<Operation>,
    /// Origins above this were made by the trial.
    pub start: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// Constraints that it looked for on a table that has none of that kind.
    pub vain: Vec<(ConstraintKind, ObjectName)>,
    /// Options of oslo.config that it read.
    pub options: Vec<String>,
}

impl Trial {
    /// Says whether an origin is the trial's own.
    #[must_use]
    pub fn made(&self, origin: Origin) -> bool {
        origin.0 > self.start
    }

    /// Returns what it made, changed, renamed or dropped, in order.
    pub fn touched(&self) -> impl Iterator<Item = &ObjectRef> {
        self.operations.iter().flat_map(|o| &o.changes).flat_map(|(_, applied)| &applied.touched)
    }

    /// The trial as it counts while a state is looked for: what was made anew by a copy has plain names.
    fn settled(mut self) -> Self {
        let copies = |change: &Change| match change {
            Change::CreateTable { table, .. } => copies::is_of_copy(&table.name.name),
            _ => false,
        };
        if self.changes().any(copies) {
            copies::settle_copies(&mut self.end);
        }
        self
    }

    /// Returns the changes in order.
    pub fn changes(&self) -> impl DoubleEndedIterator<Item = &Change> {
        self.operations.iter().flat_map(|o| o.changes.iter().map(|(c, _)| c))
    }
}

/// The state before a migration.
#[derive(Debug, Clone)]
pub struct RolledBack {
    /// The state.
    pub state: Database,
    /// What does not fit when the migration is followed from it; empty when it is right.
    pub misfits: Vec<Mismatch>,
    /// What differs after it from the state that was given.
    pub differences: Vec<Difference>,
    /// What was put in.
    pub assumptions: Vec<Assumption>,
    /// Enum types that were made by themselves rather than with a table.
    pub explicit: BTreeSet<ObjectName>,
    /// The search started from what `downgrade()` gives.
    pub from_downgrade: bool,
}

/// How often a candidate may be changed.
const MAX_ROUNDS: usize = 400;

/// How many candidates of one migration are shown to the migrations above it.
const MAX_JUDGED: usize = 4;

/// In which run of Alembic a migration is followed.
enum Run<'r> {
    /// The one that was started before.
    Same,
    /// The one that made the tables of a state, with their enum types but for those made by themselves.
    That(&'r Database, &'r BTreeSet<ObjectName>),
}

fn follow(
    replayer: &mut Replayer<'_>,
    state: &Database,
    survivor: &Survivor,
    direction: Direction,
    run: Run<'_>,
) -> Trial {
    if let Run::That(made, explicit) = run {
        replayer.go_on_in_run(made, explicit);
    }
    replayer.set_state(state.clone());
    let start = u32::try_from(replayer.operations().len()).unwrap_or(u32::MAX);
    let step = replayer.step(&survivor.path, direction);
    let operations = replayer.take_operations(step.operations.start);
    let mut misfits = Vec::new();
    for (at, operation) in operations.iter().enumerate() {
        for (change, applied) in &operation.changes {
            for mismatch in &applied.mismatches {
                misfits.push((change.clone(), mismatch.clone(), at));
            }
        }
    }
    // What was refused inside of a `try` left no operation; where the exception ends the migration it is why.
    if let Outcome::Raises(..) = step.outcome
        && let Some((change, mismatch)) = step.refused.last()
    {
        misfits.push((change.clone(), mismatch.clone(), operations.len()));
    }
    let end = replayer.state().clone();
    Trial { end, misfits, operations, start, outcome: step.outcome, vain: step.vain, options: step.options }
}

/// Starts a run in which tables of a state were made by `op.create_table`, their enum types with them, but for
/// those that were made by themselves.
pub fn start_run(replayer: &mut Replayer<'_>, state: &Database, explicit: &BTreeSet<ObjectName>) {
    replayer.go_on_in_run(state, explicit);
}

/// Compares what a chain makes with what is known of it otherwise. Dumps are mostly made without privileges, so grants that
/// only the chain makes are no difference.
#[must_use]
pub fn differences(made: &Database, known: &Database) -> Vec<Difference> {
    let mut out = diff(made, known);
    out.retain(|difference| {
        !matches!(difference.object, ObjectRef::Object(ObjectKind::Grant, ..))
            || difference.kind != DifferenceKind::OnlyLeft
    });
    out
}

/// Follows `upgrade()` from a state, in the run that was started before.
pub fn run_forward(replayer: &mut Replayer<'_>, state: &Database, survivor: &Survivor) -> Trial {
    follow(replayer, state, survivor, Direction::Upgrade, Run::Same)
}

#[derive(Clone)]
struct Candidate {
    state: Database,
    misfits: Vec<Mismatch>,
    differences: Vec<Difference>,
    assumptions: Vec<Assumption>,
    explicit: BTreeSet<ObjectName>,
    from_downgrade: bool,
    /// It comes to the end of `upgrade()`.
    completes: bool,
    /// Columns, constraints and indexes of it that the migration drops and makes anew.
    replaced: Vec<ObjectRef>,
}

/// What a migration drops of the state before it and makes anew under the same name.
fn replaced(before: &Database, trial: &Trial) -> Vec<ObjectRef> {
    let dropped = trial.changes().filter_map(|change| match change {
        Change::DropColumn { table, column, .. } => Some(ObjectRef::Column(table.clone(), column.clone())),
        Change::DropConstraint { table, name: Some(name), .. } => {
            Some(ObjectRef::Constraint(table.clone(), name.clone()))
        }
        Change::DropIndex { name, table, .. } => Some(ObjectRef::Index(name.clone(), table.clone())),
        _ => None,
    });
    dropped.filter(|object| before.has(object) && trial.end.has(object)).collect()
}

impl Candidate {
    /// Notes what is as the migration makes it anew, because nothing tells how it was before.
    fn assume_replaced(&mut self, evidence: &[&Database], survivor: &Survivor) {
        for object in std::mem::take(&mut self.replaced) {
            let name = object.to_string();
            let is_known = evidence.iter().any(|state| state.has(&object))
                || self.assumptions.iter().any(|a| a.object == name && a.revision == survivor.id);
            if !is_known {
                self.assumptions.push(Assumption {
                    object: name,
                    level: Level::Assumed,
                    reason: "it is dropped and made anew, and nothing tells how it was before".to_owned(),
                    revision: survivor.id.clone(),
                });
            }
        }
    }

    /// What is left over. An object too many or too few weighs more than one that is there and differs: what a
    /// later migration makes anew is of no account, and mostly such are the ones that differ.
    fn score(&self) -> usize {
        let differences = self.differences.iter().map(|difference| match difference.kind {
            DifferenceKind::Changed { .. } => 1,
            DifferenceKind::OnlyLeft | DifferenceKind::OnlyRight => 2,
        });
        let unfinished = if self.completes { 0 } else { 1_000 };
        self.misfits.len() * 6 + differences.sum::<usize>() + unfinished
    }
}

/// What stands above a migration: the judge of states that do not lead to the one above it exactly.
pub struct Above<'a> {
    /// The migrations above it, in the order in which they run.
    pub survivors: &'a [Survivor],
    /// The schema at the head.
    pub head: &'a Database,
    /// How many more times the judge may be asked.
    pub budget: usize,
    /// Columns to which they give another name, as old and new name: one that looks for the old name first may have
    /// renamed the column of any table.
    pub renames: &'a [(String, String)],
}

impl Above<'_> {
    /// Says whether the migrations above lead from a state to the head without a misfit.
    fn accepts(
        &mut self,
        replayer: &mut Replayer<'_>,
        state: &Database,
        explicit: &BTreeSet<ObjectName>,
    ) -> bool {
        if self.budget < self.survivors.len() {
            return false;
        }
        start_run(replayer, state, explicit);
        let mut state = state.clone();
        for survivor in self.survivors {
            self.budget = self.budget.saturating_sub(1);
            let trial = run_forward(replayer, &state, survivor);
            if !trial.misfits.is_empty() || trial.outcome != Outcome::Completed {
                return false;
            }
            state = trial.end;
        }
        copies::settle_copies(&mut state);
        differences(&state, self.head).is_empty()
    }
}

/// Finds the state before a migration from the state after it. `forward` is the state to which the migrations below
/// lead by themselves, without what is lost: what they make is known from there, and so are definitions of lost
/// objects. `known` are other states that may hold such, the most trustworthy first. A state that does not lead to the one after it exactly
/// is right too when the migrations above lead from there to the head.
///
/// `dropped` are tables that the migration may have found and dropped although nothing shows it: it may do the rest
/// only where they are. A state with them is tried first.
///
/// Total: where no state fits, the one that fits best is given, with what does not fit. Costs a few replays of
/// the one migration for each object that it touches.
pub fn roll_back(
    replayer: &mut Replayer<'_>,
    after: &Database,
    survivor: &Survivor,
    forward: &Database,
    known: &[&Database],
    dropped: &[ObjectName],
    above: &mut Above<'_>,
) -> RolledBack {
    let mut back =
        follow(replayer, after, survivor, Direction::Downgrade, Run::That(after, &BTreeSet::new())).settled();
    forget_origins_since(&mut back.end, after);
    if back.changes().any(|change| matches!(change, Change::Unknown(_))) {
        // A place to start from is as good as what `upgrade()` makes of it, whatever else `downgrade()` may do.
        let is_doubted = |name: &ObjectName| after.tables.get(name).is_some_and(|table| table.tainted);
        back.end.tables.change(|t| t.tainted && !is_doubted(&t.name), |t| t.tainted = false);
    }
    let mut evidence: Vec<&Database> = vec![forward];
    evidence.extend(known);
    elsewhere::settle_types_from_elsewhere(&mut back.end, &evidence, after);
    evidence.push(&back.end);
    let mut best: Option<Candidate> = None;
    for seed in [Seed::Dropped, Seed::Downgrade, Seed::Said, Seed::After, Seed::Forward] {
        let seeded = match seed {
            Seed::Dropped if dropped.is_empty() => continue,
            Seed::Dropped => with_dropped(after, dropped, &evidence),
            // A downgrade that does nothing is no other place to start from.
            Seed::Downgrade if back.operations.is_empty() => continue,
            Seed::Downgrade => back.end.clone(),
            Seed::After => after.clone(),
            Seed::Said | Seed::Forward => {
                let trial =
                    follow(replayer, after, survivor, Direction::Upgrade, Run::That(after, &BTreeSet::new()))
                        .settled();
                let seeded = if seed == Seed::Said {
                    as_said(after, forward, &trial)
                } else {
                    mixed(after, forward, &trial)
                };
                match seeded {
                    Some(state) => state,
                    None => continue,
                }
            }
        };
        let mut found = search(replayer, &seeded, after, survivor, &evidence, seed == Seed::Downgrade, above);
        if seed == Seed::Dropped {
            found.assumptions.extend(dropped.iter().map(|table| Assumption {
                object: ObjectRef::Table(table.clone()).to_string(),
                level: Level::Assumed,
                reason: "the migration does its work only where it is, drops it, and nothing tells its columns"
                    .to_owned(),
                revision: survivor.id.clone(),
            }));
        }
        if !found.from_downgrade {
            // A downgrade that does nothing tells nothing.
            let telling = evidence.len() - usize::from(back.operations.is_empty());
            found.assume_replaced(&evidence[..telling], survivor);
        }
        let better = best.as_ref().is_none_or(|b| found.score() < b.score());
        if better {
            best = Some(found);
        }
        if best.as_ref().is_some_and(|b| b.score() == 0) {
            break;
        }
    }
    match best {
        Some(found) => RolledBack {
            state: found.state,
            misfits: found.misfits,
            differences: found.differences,
            assumptions: found.assumptions,
            explicit: found.explicit,
            from_downgrade: found.from_downgrade,
        },
        None => RolledBack {
            state: after.clone(),
            misfits: Vec::new(),
            differences: Vec::new(),
            assumptions: Vec::new(),
            explicit: BTreeSet::new(),
            from_downgrade: false,
        },
    }
}

/// Stands for a table of which nothing tells the columns; nothing of it reaches the head.
pub(crate) fn placeholder(name: &ObjectName, dialect: Dialect) -> Table {
    let mut table = Table::new(name.clone());
    let integer = if dialect == Dialect::Sqlite { "INTEGER" } else { "integer" };
    table.columns.push(Column::new("id", DataType::named(integer, &[])));
    table
}

/// The state after a migration with tables that it has dropped, as other states have them.
fn with_dropped(after: &Database, dropped: &[ObjectName], evidence: &[&Database]) -> Database {
    let mut state = after.clone();
    for name in dropped {
        if let Some(found) = evidence.iter().find_map(|known| known.tables.get(name)) {
            state.put_table(std::sync::Arc::clone(found));
            continue;
        }
        let table = Box::new(placeholder(name, state.dialect));
        let change = Change::CreateTable { table, if_not_exists: true, temporary: false };
        state.apply(&change, Origin::default());
    }
    state
}

/// Where a search starts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seed {
    /// From the state after the migration, with tables that it may have dropped.
    Dropped,
    /// From what `downgrade()` gives.
    Downgrade,
    /// From the state after the migration, but for what its calls say that was otherwise before (`existing_type`).
    Said,
    /// From the state after the migration.
    After,
    /// From the same, but for what the migrations below make, which is as they make it.
    Forward,
}

/// The state after a migration, with what its calls and the rows that it copies say of how things were before. They
/// tell of the database on which the migration was written, so what the migrations below make by themselves is more
/// trustworthy. `None` when nothing is different.
fn as_said(after: &Database, forward: &Database, trial: &Trial) -> Option<Database> {
    let mut state = after.clone();
    for change in trial.operations.iter().rev().flat_map(|operation| &operation.said) {
        let is_made_below = |table: &ObjectName| forward.table(table).is_some_and(|t| !t.tainted);
        let applies = match change {
            Change::AlterColumn { table, column, .. } => {
                !is_made_below(table) && after.table(table).is_some_and(|t| t.column(column).is_some())
            }
            Change::Comment { on, .. } => on.table().is_some_and(|table| !is_made_below(table)),
            _ => false,
        };
        if applies {
            state.apply(change, Origin::default());
        }
    }
    retyped::retype_replaced(&mut state, trial);
    (state != *after).then_some(state)
}

/// The state after a migration, with the tables that it touches as the migrations below make them; all such tables
/// where it stopped on the way, so that what it would have touched cannot be told. `None` when nothing is different.
fn mixed(after: &Database, forward: &Database, trial: &Trial) -> Option<Database> {
    let touched: BTreeSet<&ObjectName> = trial
        .operations
        .iter()
        .flat_map(|operation| &operation.changes)
        .flat_map(|(_, applied)| applied.touched.iter().chain(applied.mismatches.iter().map(|m| &m.object)))
        .filter_map(ObjectRef::table)
        .collect();
    let stopped = trial.outcome != Outcome::Completed;
    let mut state = after.clone();
    for (name, table) in &forward.tables {
        if table.tainted || !(stopped || touched.contains(name)) || state.tables.get(name) == Some(table) {
            continue;
        }
        state.put_table(std::sync::Arc::clone(table));
        for sequence in forward.sequences.owned_by(name) {
            state.sequences.insert(sequence.clone());
        }
    }
    let used: BTreeSet<ObjectName> =
        state.tables.values().flat_map(|table| table.enum_types()).cloned().collect();
    for name in used {
        if let Some(made) = forward.enums.get(&name) {
            state.enums.insert(name, made.clone());
        }
    }
    forget_origins_since(&mut state, after);
    (state != *after).then_some(state)
}

/// Makes a state stem from nothing that was made from one that does.
fn forget_origins_since(state: &mut Database, earlier: &Database) {
    state.forget_origins_since(earlier, earlier, |_| false);
}

/// Columns that the migration drops may have had any type as far as the head is concerned. Where it reads them
/// through column objects that have one, that is it: SQLAlchemy could not read another.
fn settle_types(
    replayer: &mut Replayer<'_>,
    found: &mut Candidate,
    after: &Database,
    survivor: &Survivor,
    trial: &Trial,
    evidence: &[&Database],
) {
    let mut state = found.state.clone();
    let mut assumptions = found.assumptions.clone();
    let mut workshop = patch::Workshop {
        state: &mut state,
        after,
        trial,
        evidence,
        assumptions: &mut assumptions,
        explicit: &mut BTreeSet::new(),
        revision: &survivor.id,
        tried: &mut BTreeSet::new(),
        renames: &[],
    };
    if !workshop.settle_types() {
        return;
    }
    let run = Run::That(&state, &found.explicit);
    let again = follow(replayer, &state, survivor, Direction::Upgrade, run).settled();
    let fits = again.misfits.is_empty() && again.outcome == Outcome::Completed;
    if fits && differences(&again.end, after).is_empty() {
        found.state = state;
        found.assumptions = assumptions;
    }
}

fn search(
    replayer: &mut Replayer<'_>,
    seed: &Database,
    after: &Database,
    survivor: &Survivor,
    evidence: &[&Database],
    from_downgrade: bool,
    above: &mut Above<'_>,
) -> Candidate {
    let mut state = seed.clone();
    state.unknown.clear();
    state.dropped.clear();
    let mut assumptions: Vec<Assumption> = Vec::new();
    let mut best: Option<Candidate> = None;
    let mut explicit: BTreeSet<ObjectName> = BTreeSet::new();
    let mut idle = 0;
    let mut judged = 0;
    let mut tried: BTreeSet<String> = BTreeSet::new();
    for _ in 0..MAX_ROUNDS {
        let run = Run::That(&state, &explicit);
        let trial = follow(replayer, &state, survivor, Direction::Upgrade, run).settled();
        let differences = differences(&trial.end, after);
        let candidate = Candidate {
            state: state.clone(),
            misfits: trial.misfits.iter().map(|(_, m, _)| m.clone()).collect(),
            differences: differences.clone(),
            assumptions: assumptions.clone(),
            explicit: explicit.clone(),
            from_downgrade,
            completes: trial.outcome == Outcome::Completed,
            replaced: replaced(&state, &trial),
        };
        let score = candidate.score();
        if best.as_ref().is_none_or(|b| score < b.score()) {
            best = Some(candidate.clone());
            idle = 0;
        } else {
            idle += 1;
        }
        if score == 0 {
            if let Some(found) = &mut best {
                settle_types(replayer, found, after, survivor, &trial, evidence);
            }
            break;
        }
        if idle > 12 {
            break;
        }
        // What differs after it may be of no account: the migrations above decide.
        if trial.misfits.is_empty()
            && trial.outcome == Outcome::Completed
            && judged < MAX_JUDGED
            && !above.survivors.is_empty()
        {
            judged += 1;
            if above.accepts(replayer, &trial.end, &explicit)
                && let Some(found) = &mut best
            {
                *found = candidate;
                found.differences.clear();
                break;
            }
        }
        let mut workshop = patch::Workshop {
            state: &mut state,
            after,
            trial: &trial,
            evidence,
            assumptions: &mut assumptions,
            explicit: &mut explicit,
            revision: &survivor.id,
            tried: &mut tried,
            renames: above.renames,
        };
        if !workshop.improve(&differences) {
            break;
        }
    }
    best.unwrap_or_else(|| Candidate {
        state,
        misfits: Vec::new(),
        differences: Vec::new(),
        assumptions,
        explicit,
        from_downgrade,
        completes: false,
        replaced: Vec::new(),
    })
}
