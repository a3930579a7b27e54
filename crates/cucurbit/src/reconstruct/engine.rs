//! From the schema at the head to the state before the first survivor, and forward again.

use super::aim::{Chronic, forget_unused, keep, overlay, reword};
use super::mend::taking_out;
use super::names::renewed;
use super::rows::{NeededRows, Watch};
use super::{Untold, describe_difference};
use crate::options::Read;
use cucurbit_reconstruct::{
    Above, Assumption, Level, RolledBack, Survivor, Trial, roll_back, run_forward, settle_copies, start_run,
};
use cucurbit_replay::{Certainty, Outcome, Replayer};
use cucurbit_schema::{
    Change, ColumnAlteration, Constraint, ConstraintBody, ConstraintKind, Database, Default, DifferenceKind,
    EnumType, Extent, Index, KeyPart, Mismatch, MismatchKind, NameKind, ObjectKind, ObjectName, ObjectRef,
    Origin, Table, TypeKind, between, diff,
};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

/// How many migrations may be followed to judge one migration's states.
const JUDGE_BUDGET: usize = 600;

/// How often a head that is worked out from models is worked out anew.
const MAX_HEADS: usize = 3;

/// How many things that survivors make only where they are not there are taken out of the base on trial.
const MAX_GUARDED: usize = 40;

/// What stands in a migration that looks what is there.
const LOOKS: &[&str] = &["inspect", "has_table", "information_schema", "pg_catalog", "sqlite_master"];

/// What the search works on.
pub(super) struct Engine<'e, 'f> {
    pub(super) replayer: &'e mut Replayer<'f>,
    /// The state to which the survivors below the gap lead.
    pub(super) before: &'e Database,
    /// The survivors above it.
    pub(super) above: &'e [Survivor],
    /// For each of them what its file writes down of tables.
    pub(super) evidence: Vec<Option<Database>>,
    /// Columns whose types a person told.
    pub(super) told: Database,
    /// Objects that survivors make and that the head has in other words.
    pub(super) reworded: Vec<ObjectRef>,
    /// Of tables that stand below the gap and that the models lack, those that nothing else of the project names.
    pub(super) forgotten: &'e dyn Fn(&[&Table]) -> Vec<ObjectName>,
    /// Columns to which survivors give other names: the survivor's place, the old and the new name.
    pub(super) renames: BTreeSet<(usize, String, String)>,
    /// Views that survivors make or drop.
    pub(super) views: BTreeSet<ObjectName>,
}

/// What rolling back gave.
#[derive(Debug, Clone)]
pub(super) struct Rolled {
    /// The state at the upper edge of the gap.
    pub(super) after: Database,
    pub(super) assumptions: Vec<Assumption>,
    /// Enum types that are to be made by themselves.
    pub(super) explicit: BTreeSet<ObjectName>,
    /// Survivors that do not fit, with what is left over.
    pub(super) unsettled: Vec<(String, Vec<String>)>,
}

/// A gap that was filled, and what following the whole chain gave.
pub(super) struct Found {
    pub(super) rolled: Rolled,
    /// What the lost migration did.
    pub(super) changes: Vec<Change>,
    /// The state that these really make.
    pub(super) made: Database,
    /// What does not fit, with the survivor; `None` for the lost migration itself.
    pub(super) misfits: Vec<(Option<String>, Mismatch)>,
    /// What survivors do that cannot be told.
    pub(super) untold: Vec<Untold>,
    /// What survivors touch, each with the first that does.
    pub(super) touched: BTreeMap<ObjectRef, String>,
    /// The options of oslo.config that survivors read.
    pub(super) reads: BTreeSet<Read>,
    /// Rows that survivors need and that only the lost migration can have made.
    pub(super) needed_rows: BTreeSet<NeededRows>,
    /// The state at the end.
    pub(super) state: Database,
    /// The head that was aimed at.
    pub(super) head: Database,
}

impl Found {
    /// How much does not fit, and how much differs at the end: less is better.
    pub(super) fn left(&self) -> (usize, usize) {
        (self.misfits.len(), diff(&self.state, &self.head).len())
    }

    /// How much differs at the end at most: tables of which not everything can be told are compared by what is known
    /// of them.
    pub(super) fn differs_at_most(&self) -> usize {
        let told = |db: &Database| {
            let mut out = db.clone();
            let tainted: Vec<Table> =
                db.tables.values().filter(|t| t.tainted).map(|t| (**t).clone()).collect();
            for table in tainted {
                out.put_table(Arc::new(Table { tainted: false, ..table }));
            }
            out
        };
        diff(&told(&self.state), &told(&self.head)).len()
    }

    /// Says whether it comes nearer to the head only because more of what is there cannot be told.
    pub(super) fn hides_more_than(&self, other: &Found) -> bool {
        let decisive = |found: &Found| found.untold.iter().filter(|untold| untold.is_decisive).count();
        decisive(self) > decisive(other)
            || self.untold.len() > other.untold.len() && self.differs_at_most() >= other.differs_at_most()
    }

    /// Takes the end that came out for the one that was aimed at.
    fn ending_as_it_does(self) -> Found {
        let mut head = self.state.clone();
        head.forget_origins();
        Found { head, ..self }
    }
}

impl Engine<'_, '_> {
    /// Fills the gap so that the chain ends in a head that is known.
    pub(super) fn fill_to_head(&mut self, mut head: Database) -> Found {
        head.forget_origins();
        self.answer(&mut head);
        let alone = self.alone();
        self.reworded = alone.last().map(|end| reword(&mut head, end)).unwrap_or_default();
        let forward = self.made_above(&head, &alone);
        let rolled = self.roll(&head, &forward, &BTreeMap::new());
        let mut found = self.judge(rolled, head);
        if found.left() != (0, 0) {
            let dropped = self.dropped_unseen(&found.head, &alone);
            if !dropped.is_empty() {
                let rolled = self.roll(&found.head, &forward, &dropped);
                let next = self.judge(rolled, found.head.clone());
                if next.left() < found.left() && !self.reads_missing(&next, &dropped) {
                    found = next;
                }
            }
        }
        // A table that survivors make anew (batch mode, `recreate="always"`) has other names for its sequences at the
        // head than it was made with.
        if !diff(&found.state, &found.head).is_empty() {
            let after = renewed(&found.rolled.after, self.before);
            let next = self.judge(Rolled { after, ..found.rolled.clone() }, found.head.clone());
            if next.left() < found.left() {
                found = next;
            }
        }
        let found = self.mended(found, &alone);
        self.smaller(found)
    }

    /// Of all that lead to the same end the smallest counts. Survivors above the gap may make or drop only what they
    /// look for, so that what is rolled back lacks what the survivors below make: the lost migration then seems to drop
    /// it. Without that, or without anything at all, the end may be the same.
    fn smaller(&mut self, found: Found) -> Found {
        if self.before.tables.is_empty() || found.changes.is_empty() {
            return found;
        }
        let nothing = Rolled {
            after: self.before.clone(),
            assumptions: Vec::new(),
            explicit: BTreeSet::new(),
            unsettled: Vec::new(),
        };
        let next = self.judge(nothing, found.head.clone());
        // What cannot be told hides what is missing: nothing more than before may be.
        let hides_more = |next: &Found| next.differs_at_most() > found.differs_at_most();
        if next.left() == (0, 0) && next.changes.is_empty() && !hides_more(&next) {
            return next;
        }
        let found = self.with_constraints_left_alone(found);
        let hides_more = |next: &Found| next.differs_at_most() > found.differs_at_most();
        if !found.changes.iter().any(takes_away) {
            return found;
        }
        let after = with_all_of(&found.rolled.after, self.before);
        let next = self.judge(Rolled { after, ..found.rolled.clone() }, found.head.clone());
        let is_smaller = next.changes.len() < found.changes.len();
        if is_smaller && next.left() <= found.left() && !hides_more(&next) { next } else { found }
    }

    /// Fills the gap from models: what survivors make is as they make it, the rest as the models say. A head that
    /// comes out otherwise than aimed at, without a misfit, is what the survivors make of it, and is aimed at next.
    pub(super) fn fill_by_models(&mut self, models: &Database) -> Found {
        let mut models = models.clone();
        models.forget_origins();
        let models_alone: BTreeSet<ObjectName> = models.tables.keys().cloned().collect();
        self.answer(&mut models);
        let alone = self.alone();
        // A class may stand for a view that survivors make or drop.
        let is_table = |name: &ObjectName| alone.last().is_some_and(|end| end.tables.contains_key(name));
        for name in self.views.iter().filter(|name| !is_table(name)) {
            let drop = Change::DropTable { name: name.clone(), if_exists: true, cascade: true };
            models.apply(&drop, Origin::default());
        }
        models.dropped.clear();
        settle_defaults(&mut models);
        // What cannot be told of models is not made; what is made is known.
        models.tables.change(|table| table.tainted, |table| table.tainted = false);
        let forward = self.made_above(&models, &alone);
        let mut head = models;
        // What stands below the gap, as the survivors leave it: under its new names.
        let mut below = alone.last().unwrap_or(self.before).clone();
        let made: Vec<ObjectName> =
            below.tables.values().filter(|t| t.origin != Origin::default()).map(|t| t.name.clone()).collect();
        for name in made {
            below.tables.remove(&name);
        }
        let chronic = forward.last().map(|end| Chronic::of(&head, end)).unwrap_or_default();
        keep(&mut head, &below, &chronic);
        if let Some(end) = forward.last() {
            overlay(&mut head, end);
        }
        forget_unused(&mut head, &below, forward.last());
        let rolled = self.roll(&head, &forward, &BTreeMap::new());
        let mut found = self.judge(rolled, head);
        for _ in 1..MAX_HEADS {
            if diff(&found.state, &found.head).is_empty() {
                break;
            }
            let mut head = found.state.clone();
            head.forget_origins();
            forget_unused(&mut head, &below, forward.last());
            let rolled = self.roll(&head, &forward, &BTreeMap::new());
            let next = self.judge(rolled, head);
            if next.left() > found.left() {
                break;
            }
            found = next;
        }
        let found = self.with_old_names(found);
        let found = self.without_twins(found);
        let found = self.without_forgotten(found, &models_alone);
        let found = self.without_guarded(found);
        self.with_extensions(found)
    }

    /// Takes it that the lost migration dropped what stood below the gap and what neither the models, nor a survivor
    /// above the gap, nor any other file of the project knows.
    fn without_forgotten(&mut self, found: Found, models: &BTreeSet<ObjectName>) -> Found {
        let is_left =
            |table: &&Table| found.state.tables.contains_key(&table.name) && !models.contains(&table.name);
        let candidates: Vec<&Table> =
            self.before.tables.values().map(AsRef::as_ref).filter(is_left).collect();
        if candidates.is_empty() {
            return found;
        }
        let forgotten = (self.forgotten)(&candidates);
        if forgotten.is_empty() {
            return found;
        }
        let mut rolled = found.rolled.clone();
        for name in &forgotten {
            let drop = Change::DropTable { name: name.clone(), if_exists: true, cascade: true };
            rolled.after.apply(&drop, Origin::default());
            rolled.assumptions.push(Assumption {
                object: format!("the dropping of table {name}"),
                level: Level::Assumed,
                reason: "no survivor above the gap, no model and no other file of the project knows it"
                    .to_owned(),
                revision: "the lost migration".to_owned(),
            });
        }
        rolled.after.forget_origins();
        let next = self.judge(rolled, found.head.clone());
        if next.misfits.len() > found.misfits.len() || next.untold.len() > found.untold.len() {
            return found;
        }
        next.ending_as_it_does()
    }

    /// Takes out of what the lost migration made what a survivor makes under a name of its own: a key that the models
    /// leave unnamed is the one that the survivor names.
    fn without_twins(&mut self, found: Found) -> Found {
        let mut after = found.rolled.after.clone();
        for table in found.state.tables.values() {
            let by_survivor = |c: &Constraint| c.origin != Origin::default();
            let twins = table.constraints.iter().filter(|c| {
                c.name_kind == NameKind::Implicit
                    && !by_survivor(c)
                    && matches!(c.kind(), ConstraintKind::Unique | ConstraintKind::ForeignKey)
                    && table.constraints.iter().any(|other| by_survivor(other) && other.body == c.body)
            });
            for twin in twins {
                let owner = after
                    .tables
                    .values()
                    .find(|t| t.constraints.iter().any(|c| c.name == twin.name && c.kind() == twin.kind()))
                    .map(|t| t.name.clone());
                let Some(owner) = owner.filter(|name| !self.before.tables.contains_key(name)) else {
                    continue;
                };
                let drop = Change::DropConstraint {
                    table: owner,
                    name: twin.name.clone(),
                    kind: Some(twin.kind()),
                    if_exists: true,
                    cascade: false,
                };
                after.apply(&drop, Origin::default());
            }
        }
        after.forget_origins();
        if diff(&after, &found.rolled.after).is_empty() {
            return found;
        }
        let next = self.judge(Rolled { after, ..found.rolled.clone() }, found.head.clone());
        if next.misfits.len() > found.misfits.len() {
            return found;
        }
        next.ending_as_it_does()
    }

    /// Gives the tables of the lost migration the names that they got when it ran, where they were renamed since.
    fn with_old_names(&mut self, found: Found) -> Found {
        let after = renewed(&found.rolled.after, self.before);
        if diff(&after, &found.rolled.after).is_empty() {
            return found;
        }
        let next = self.judge(Rolled { after, ..found.rolled.clone() }, found.head.clone());
        if next.misfits.len() > found.misfits.len() {
            return found;
        }
        next.ending_as_it_does()
    }

    /// Takes out of what the lost migration made whatever a survivor makes otherwise than the models say, but only
    /// where it is not there yet: with it in the base, what the survivor says would never come about.
    fn without_guarded(&mut self, mut found: Found) -> Found {
        for object in self.guarded(&found).into_iter().take(MAX_GUARDED) {
            let mut after = found.rolled.after.clone();
            let Some(change) = taking_out(&object) else { continue };
            after.apply(&change, Origin::default());
            after.forget_origins();
            let next = self.judge(Rolled { after, ..found.rolled.clone() }, found.head.clone());
            let differences = diff(&next.state, &next.head);
            let is_otherwise = !differences.is_empty()
                && differences.iter().all(|difference| {
                    matches!(difference.kind, DifferenceKind::Changed { .. })
                        && is_part_of(&difference.object, &object)
                });
            if is_otherwise && next.misfits.len() <= found.misfits.len() {
                found = next.ending_as_it_does();
            }
        }
        found
    }

    /// What the lost migration makes and a survivor makes only where it is not there: in SQL that says so, or after
    /// it looked (then what it names is meant).
    pub(super) fn guarded(&mut self, found: &Found) -> Vec<ObjectRef> {
        let is_new = |table: &ObjectName| !self.before.tables.contains_key(table);
        let made: Vec<&Table> = found.made.tables.values().map(AsRef::as_ref).collect();
        let made: Vec<&Table> = made.into_iter().filter(|t| is_new(&t.name)).collect();
        let mut out = Vec::new();
        let mut state = found.made.clone();
        start_run(self.replayer, &state, &found.rolled.explicit);
        for survivor in self.above {
            let trial = run_forward(self.replayer, &state, survivor);
            for (change, applied) in trial.operations.iter().flat_map(|operation| &operation.changes) {
                let object = match change {
                    _ if !applied.skipped => continue,
                    Change::AddColumn { table, column, .. } => {
                        ObjectRef::Column(table.clone(), column.name.clone())
                    }
                    Change::CreateIndex { table, index, .. } => {
                        let Some(name) = &index.name else { continue };
                        ObjectRef::Index(table.sibling(name.clone()), Some(table.clone()))
                    }
                    Change::CreateTable { table, .. } => ObjectRef::Table(table.name.clone()),
                    _ => continue,
                };
                if object.table().is_some_and(|name| made.iter().any(|t| t.name == *name)) {
                    out.push(object);
                }
            }
            state = trial.end;
            let Some(text) = self.text_that_looks(survivor) else { continue };
            for table in made.iter().filter(|t| names(&text, &t.name.name)) {
                let columns = table.columns.iter().filter(|c| names(&text, &c.name));
                out.push(ObjectRef::Table(table.name.clone()));
                out.extend(columns.map(|c| ObjectRef::Column(table.name.clone(), c.name.clone())));
            }
        }
        let mut seen = BTreeSet::new();
        out.retain(|object| seen.insert(object.clone()));
        out
    }

    /// The text of a migration that looks what is there.
    pub(super) fn text_that_looks(&self, survivor: &Survivor) -> Option<String> {
        let file = self.replayer.files().id(&survivor.path);
        let source = self.replayer.files().text(file)?;
        let text = source.text();
        LOOKS.iter().any(|look| text.contains(look)).then(|| text.to_owned())
    }

    /// Gives columns of a head the types that a person told.
    fn answer(&self, head: &mut Database) {
        for told in self.told.tables.values() {
            let Some(table) = head.tables.get(&told.name) else { continue };
            let mut table = table.as_ref().clone();
            for answer in &told.columns {
                if let Some(column) = table.columns.iter_mut().find(|c| c.name == answer.name) {
                    column.data_type = answer.data_type.clone();
                }
            }
            head.put_table(Arc::new(table));
        }
    }

    /// For each survivor the tables that its file drops by name and that are nowhere to be seen. It may look for them,
    /// and do nothing where they are not.
    fn dropped_unseen(&self, head: &Database, alone: &[Database]) -> BTreeMap<String, Vec<ObjectName>> {
        static DROPS: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r#"drop_table\(\s*["']([A-Za-z_][A-Za-z0-9_]*)["']"#).expect("the pattern is valid")
        });
        let is_seen = |name: &ObjectName| {
            [head, self.before].into_iter().chain(alone).any(|state| state.table(name).is_some())
        };
        let mut out = BTreeMap::new();
        for survivor in self.above {
            let file = self.replayer.files().id(&survivor.path);
            let Some(source) = self.replayer.files().text(file) else { continue };
            let names = DROPS.captures_iter(source.text()).map(|found| ObjectName::plain(&found[1]));
            let unseen: BTreeSet<ObjectName> = names.filter(|name| !is_seen(name)).collect();
            if !unseen.is_empty() {
                out.insert(survivor.id.clone(), unseen.into_iter().collect());
            }
        }
        out
    }

    /// Whether a survivor reads or writes a column of such a table that was not put in with it: Alembic would stop there.
    fn reads_missing(&mut self, found: &Found, dropped: &BTreeMap<String, Vec<ObjectName>>) -> bool {
        let assumed: BTreeSet<&ObjectName> = dropped.values().flatten().collect();
        let mut state = found.made.clone();
        start_run(self.replayer, &state, &found.rolled.explicit);
        for survivor in self.above {
            let trial = run_forward(self.replayer, &state, survivor);
            let lacks = |table: &ObjectName, columns: &[String]| {
                let known = state.table(table).or_else(|| trial.end.table(table));
                known.is_some_and(|t| columns.iter().any(|column| t.column(column).is_none()))
            };
            let mut changes = trial.operations.iter().flat_map(|operation| &operation.changes);
            let reads = changes.any(|(change, _)| match change {
                Change::Rows { table, columns, .. } => assumed.contains(table) && lacks(table, columns),
                _ => false,
            });
            if reads {
                return true;
            }
            state = trial.end;
        }
        false
    }

    fn roll(
        &mut self,
        head: &Database,
        forward: &[Database],
        dropped: &BTreeMap<String, Vec<ObjectName>>,
    ) -> Rolled {
        let mut settled = head.clone();
        settle_copies(&mut settled);
        let head = &settled;
        let mut after = head.clone();
        let mut assumptions = Vec::new();
        let mut unsettled = Vec::new();
        let mut explicit = BTreeSet::new();
        let mut renames = Vec::new();
        for (at, survivor) in self.above.iter().enumerate().rev() {
            self.add_renames(at + 1, &mut renames);
            let survivors = &self.above[at + 1..];
            let mut judge = Above { survivors, head, budget: JUDGE_BUDGET, renames: &renames };
            let mut below = forward[at].clone();
            settle_copies(&mut below);
            let mut known = vec![&self.told, self.before];
            known.extend(self.evidence[at].as_ref());
            let dropped = dropped.get(&survivor.id).map_or(&[][..], Vec::as_slice);
            let RolledBack {
                mut state, misfits, differences, assumptions: put_in, explicit: by_itself, ..
            } = roll_back(self.replayer, &after, survivor, &below, &known, dropped, &mut judge);
            state.forget_origins_since(&after, &after, |_| false);
            if !misfits.is_empty() || !differences.is_empty() {
                let misfits = misfits.iter().map(ToString::to_string);
                let left = misfits.chain(differences.iter().map(describe_difference)).collect();
                unsettled.push((survivor.id.clone(), left));
            }
            assumptions.extend(put_in);
            explicit.extend(by_itself);
            after = state;
        }
        tidy(&mut after);
        Rolled { after, assumptions, explicit, unsettled }
    }

    /// The judge: the whole chain, from what the changes really make.
    pub(super) fn judge(&mut self, mut rolled: Rolled, head: Database) -> Found {
        rolled.after.forget_orphans(&head);
        let changes = between(self.before, &rolled.after);
        let mut made = self.before.clone();
        let mut misfits = Vec::new();
        for change in &changes {
            let applied = made.apply(change, Origin::default());
            misfits.extend(applied.mismatches.into_iter().map(|m| (None, m)));
        }
        let mut untold = Vec::new();
        let mut reads = BTreeSet::new();
        let mut touched = BTreeMap::new();
        let mut rows = Watch::new(self.before, &made);
        let mut state = made.clone();
        start_run(self.replayer, &state, &rolled.explicit);
        for survivor in self.above {
            let trial = run_forward(self.replayer, &state, survivor);
            rows.see(&survivor.id, &trial);
            misfits.extend(misfits_of(&trial).map(|m| (Some(survivor.id.clone()), m)));
            reads.extend(Read::all(&survivor.id, &trial.options));
            for object in trial.touched() {
                touched.entry(object.clone()).or_insert_with(|| survivor.id.clone());
            }
            for operation in &trial.operations {
                if let Certainty::Unknown(reason) = &operation.certainty {
                    // A statement most often is about rows; any other operation surely is about the schema.
                    let anything = operation.changes.iter().any(|(change, _)| {
                        matches!(change, Change::Unknown(effect) if effect.extent == Extent::Anything)
                    });
                    let item = Untold {
                        revision: survivor.id.clone(),
                        what: format!("{}: {reason}", operation.call),
                        is_decisive: operation.call == "create" || (anything && operation.call != "execute"),
                    };
                    if !untold.contains(&item) {
                        untold.push(item);
                    }
                }
            }
            state = trial.end;
        }
        let needed_rows = rows.needed;
        Found { rolled, changes, made, misfits, untold, touched, reads, needed_rows, state, head }
    }

    /// What the survivors make by themselves: for each, the tables that those before it made, as they are then. What
    /// is lost stands in as the head has it, so that keys have something to point at.
    fn made_above(&mut self, head: &Database, alone: &[Database]) -> Vec<Database> {
        let is_made = |table: &Table| table.origin != Origin::default();
        let mut start = self.before.clone();
        let made = tables_made(alone);
        for (name, table) in &head.tables {
            if !made.contains(name) && !self.before.tables.contains_key(name) {
                start.put_table(Arc::clone(table));
            }
        }
        start.schemas.extend(head.schemas.iter().map(|(name, origin)| (name.clone(), *origin)));
        start.forget_origins();
        let states = self.follow(start);
        let mut out: Vec<Database> = Vec::with_capacity(states.len());
        for (at, state) in states.iter().enumerate() {
            let mut made = state.clone();
            match at.checked_sub(1) {
                Some(before) => {
                    made.forget_origins_since(&states[before], &out[before], |table| !is_made(table));
                }
                None => {
                    made.tables.retain(|_, table| is_made(table));
                    made.forget_origins();
                }
            }
            out.push(made);
        }
        out
    }

    /// The states to which the survivors lead from the one below the gap, without what is lost.
    fn alone(&mut self) -> Vec<Database> {
        let mut start = self.before.clone();
        start.forget_origins();
        self.follow(start)
    }

    fn follow(&mut self, start: Database) -> Vec<Database> {
        let mut states = vec![start];
        for (at, survivor) in self.above.iter().enumerate() {
            let Some(state) = states.last() else { break };
            let trial = run_forward(self.replayer, state, survivor);
            for change in trial.changes() {
                match change {
                    Change::AlterColumn { column, alteration: ColumnAlteration::Rename(to), .. } => {
                        self.renames.insert((at, column.clone(), to.clone()));
                    }
                    Change::CreateObject { object, .. } if is_view(object.kind) => {
                        self.views.insert(object.name.clone());
                    }
                    Change::DropObject { kind, name, .. } if is_view(*kind) => {
                        self.views.insert(name.clone());
                    }
                    _ => {}
                }
            }
            states.push(trial.end);
        }
        states
    }

    /// Puts the columns to which a survivor gives other names before those of the survivors above it.
    fn add_renames(&self, at: usize, above: &mut Vec<(String, String)>) {
        let of = |at: usize| (at, String::new(), String::new());
        for (_, old, new) in self.renames.range(of(at)..of(at + 1)).rev() {
            above.retain(|(known_old, known_new)| known_old != old || known_new != new);
            above.insert(0, (old.clone(), new.clone()));
        }
    }
}

/// The tables that survivors make, of the states after each of them. Costs what the changes cost.
pub(super) fn tables_made(states: &[Database]) -> BTreeSet<&ObjectName> {
    let mut made = BTreeSet::new();
    for (at, state) in states.iter().enumerate() {
        let names = match at.checked_sub(1) {
            None => state.tables.keys().collect(),
            Some(before) => state.tables.changed_since(&states[before].tables),
        };
        let found = names.into_iter().filter_map(|name| state.table(name));
        made.extend(found.filter(|table| table.origin != Origin::default()).map(|table| &table.name));
    }
    made
}

/// Says whether code has a name as a text.
pub(super) fn names(text: &str, name: &str) -> bool {
    ['"', '\''].iter().any(|q| text.contains(&format!("{q}{name}{q}")))
}

fn is_view(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::View | ObjectKind::MaterializedView)
}

/// Puts in the place of what PostgreSQL cannot read what can only be meant: a model that no migration was made of says so.
fn settle_defaults(models: &mut Database) {
    let is_wrong = |column: &cucurbit_schema::Column| matches!(&column.default, Some(Default::Expression(text)) if text.eq_ignore_ascii_case("current_timestamp()"));
    if models.dialect == cucurbit_schema::Dialect::PostgreSql {
        models.tables.change(
            |table| table.columns.iter().any(is_wrong),
            |table| {
                for column in table.columns.iter_mut().filter(|column| is_wrong(column)) {
                    column.default = Some(Default::Expression("CURRENT_TIMESTAMP".to_owned()));
                }
            },
        );
    }
}

pub(super) fn takes_away(change: &Change) -> bool {
    matches!(
        change,
        Change::DropTable { .. }
            | Change::DropColumn { .. }
            | Change::DropConstraint { .. }
            | Change::DropIndex { .. }
            | Change::DropSequence { .. }
            | Change::DropType { .. }
            | Change::DropObject { .. }
    )
}

/// A state with all that another has and it lacks, as far as both have a name for it.
fn with_all_of(state: &Database, other: &Database) -> Database {
    let mut out = state.clone();
    for table in other.tables.values() {
        let Some(found) = out.table(&table.name) else {
            out.put_table(Arc::clone(table));
            continue;
        };
        let mut found = found.clone();
        let columns = table.columns.iter().filter(|c| found.column(&c.name).is_none()).cloned();
        let columns: Vec<_> = columns.collect();
        let constraints = table.constraints.iter();
        let is_new = |c: &&Constraint| {
            c.name.as_ref().is_some_and(|name| found.constraint(name).is_none())
                && !(c.kind() == ConstraintKind::PrimaryKey && found.primary_key().is_some())
        };
        let constraints: Vec<_> = constraints.filter(is_new).cloned().collect();
        let indexes = table.indexes.iter();
        let indexes = indexes.filter(|i| i.name.as_ref().is_some_and(|name| found.index(name).is_none()));
        let indexes: Vec<_> = indexes.cloned().collect();
        found.columns.extend(columns);
        found.constraints.extend(constraints);
        found.indexes.extend(indexes);
        out.put_table(Arc::new(found));
    }
    for (name, found) in &other.enums {
        if !out.enums.contains_key(name) {
            out.enums.insert(name.clone(), found.clone());
        }
    }
    for found in other.sequences.values() {
        out.sequences.insert_if_absent(found.clone());
    }
    for (key, found) in &other.objects {
        if !out.objects.contains_key(key) {
            out.objects.insert(key.clone(), Arc::clone(found));
        }
    }
    out
}

/// Takes away what cannot stand: constraints on columns that are not there, columns of indexes, foreign keys to tables or
/// columns that are not. Whether the survivors do without is for the judge to say.
fn tidy(state: &mut Database) {
    let has = |table: &Table, columns: &[String]| columns.iter().all(|c| table.column(c).is_some());
    let mut tidied = Vec::new();
    for table in state.tables.values() {
        let stands = |constraint: &Constraint| match &constraint.body {
            ConstraintBody::PrimaryKey { columns, .. } | ConstraintBody::Unique { columns, .. } => {
                has(table, columns)
            }
            ConstraintBody::ForeignKey { columns, table: target, references, .. } => {
                has(table, columns) && state.table(target).is_some_and(|t| has(t, references))
            }
            _ => true,
        };
        let is_whole = |index: &Index| {
            index.keys.iter().all(|key| match &key.part {
                KeyPart::Column(column) => table.column(column).is_some(),
                KeyPart::Expression(_) => true,
            })
        };
        let is_cast = |column: &cucurbit_schema::Column| uncast(column).is_some();
        if table.constraints.iter().all(stands)
            && table.indexes.iter().all(is_whole)
            && !table.columns.iter().any(is_cast)
        {
            continue;
        }
        let mut kept = table.as_ref().clone();
        for column in &mut kept.columns {
            if let Some(literal) = uncast(column) {
                column.default = Some(Default::Expression(literal));
            }
        }
        kept.constraints.retain(stands);
        // An index that is dropped and made again with a column more stood on the others before.
        for index in kept.indexes.iter_mut().filter(|index| !is_whole(index)) {
            index.keys.retain(|key| match &key.part {
                KeyPart::Column(column) => table.column(column).is_some(),
                KeyPart::Expression(_) => true,
            });
        }
        kept.indexes.retain(|index| !index.keys.is_empty());
        tidied.push(kept);
    }
    for table in tidied {
        state.put_table(Arc::new(table));
    }
    // A column whose type a migration tells by the way (`existing_type`) brings that type with it.
    let mut used: Vec<EnumType> = Vec::new();
    for column in state.tables.values().flat_map(|table| &table.columns) {
        if let TypeKind::Enum { name: Some(name), labels } = &column.data_type.kind
            && !state.enums.contains_key(name)
            && !labels.is_empty()
        {
            let labels = Some(labels.clone());
            used.push(EnumType { name: name.clone(), labels, comment: None, origin: Origin::default() });
        }
    }
    for found in used {
        state.enums.entry(found.name.clone()).or_insert(found);
    }
}

/// The literal of a default that is cast to a text type while the column is an enum: the cast came with a later type of
/// the column, and PostgreSQL refuses it for this one.
fn uncast(column: &cucurbit_schema::Column) -> Option<String> {
    let (TypeKind::Enum { name: Some(_), .. }, Some(Default::Expression(text))) =
        (&column.data_type.kind, &column.default)
    else {
        return None;
    };
    let (literal, cast) = text.rsplit_once("::")?;
    let is_literal = literal.len() > 1
        && literal.starts_with('\'')
        && literal.ends_with('\'')
        && !literal[1..literal.len() - 1].replace("''", "").contains('\'');
    let is_text = ["character varying", "varchar", "text"].iter().any(|t| cast.trim_start().starts_with(t));
    (is_literal && is_text).then(|| literal.to_owned())
}

/// What does not fit in a trial; that it stopped on the way is one more.
fn misfits_of(trial: &Trial) -> impl Iterator<Item = Mismatch> + '_ {
    let stopped = match &trial.outcome {
        Outcome::Raises(reason, _) => Some(Mismatch {
            object: ObjectRef::Schema(String::new()),
            kind: MismatchKind::Refused { reason: format!("upgrade() raises {reason}") },
        }),
        _ => None,
    };
    trial.misfits.iter().map(|(_, mismatch, _)| mismatch.clone()).chain(stopped)
}

/// Says whether an object is another one, or stands on the table that the other one is.
fn is_part_of(object: &ObjectRef, whole: &ObjectRef) -> bool {
    object == whole || (matches!(whole, ObjectRef::Table(_)) && object.table() == whole.table())
}
