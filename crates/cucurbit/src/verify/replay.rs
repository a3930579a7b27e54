//! The proof without a database, and what the others are held against.

use super::{Issue, Leg, Method, Proof, VerifyOptions, Weight};
use crate::case::Case;
use crate::drift::{DriftSide, describe_drift, drift};
use crate::finding::Severity;
use crate::replay::{ReplayedChain, SchemaError, stopped};
use crate::way_back::counts;
use cucurbit_graph::RowIndex;
use cucurbit_python::eval::Place;
use cucurbit_replay::{Certainty, Operation, Outcome, Replayer};
use cucurbit_schema::{
    Change, ConstraintBody, Database, Default, DifferenceKind, Extent, Mismatch, MismatchKind, ObjectRef,
    TypeKind, UNTOLD, UnknownEffect, diff,
};
use cucurbit_sqlalchemy::Settings;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;

/// A function of a migration, followed in a run of its own.
pub(super) struct FollowedLeg {
    pub(super) operations: Vec<Operation>,
    pub(super) outcome: Outcome,
    pub(super) exhausted: bool,
    /// The schema behind it.
    pub(super) after: Rc<Database>,
}

impl FollowedLeg {
    /// Says whether all that it does is known.
    pub(super) fn is_known(&self) -> bool {
        self.outcome == Outcome::Completed
            && !self.exhausted
            && self.operations.iter().all(|o| !matches!(o.certainty, Certainty::Unknown(_)))
    }

    /// Says whether it does anything to the schema, as far as is known.
    fn changes(&self) -> bool {
        self.operations.iter().any(changes_schema)
    }

    fn misfits(&self) -> impl Iterator<Item = (&Operation, &Mismatch)> {
        self.operations.iter().flat_map(|operation| {
            let mismatches = operation.changes.iter().flat_map(|(_, applied)| &applied.mismatches);
            mismatches.map(move |mismatch| (operation, mismatch))
        })
    }
}

/// What cannot be told so far, which may be the reason why something behind it does not fit.
#[derive(std::default::Default)]
pub(super) struct Doubt {
    effects: Vec<UnknownEffect>,
}

impl Doubt {
    /// Takes in what some operations do that cannot be told.
    pub(super) fn note(&mut self, operations: &[Operation]) {
        for (change, _) in operations.iter().flat_map(|operation| &operation.changes) {
            if let Change::Unknown(effect) = change {
                self.effects.push(effect.clone());
            }
        }
    }

    /// Says whether any of it may reach what a text names.
    pub(super) fn reaches(&self, text: &str) -> bool {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let words: BTreeSet<&str> = text.split(|c| !is_part(c)).collect();
        self.effects.iter().any(|effect| match &effect.extent {
            Extent::Anything => true,
            Extent::Tables(names) | Extent::Objects(names) => {
                names.iter().any(|name| name.name.split(|c| !is_part(c)).all(|word| words.contains(word)))
            }
        })
    }
}

/// What is said of a misfit behind something that cannot be told.
pub(super) const DOUBT: &str = "; what cannot be told before it may be the reason";

/// Says whether an operation does anything to the schema, as far as is known.
fn changes_schema(operation: &Operation) -> bool {
    let counts = |change: &Change| {
        !matches!(change, Change::Rows { .. } | Change::Nothing { .. } | Change::Unknown(_))
    };
    operation.changes.iter().any(|(change, applied)| !applied.skipped && counts(change))
}

/// A revision, followed forth, and back and forth again where there is a way back.
pub(super) struct Walk {
    pub(super) id: String,
    pub(super) row: RowIndex,
    pub(super) before: Rc<Database>,
    pub(super) up: FollowedLeg,
    pub(super) down: Option<FollowedLeg>,
    pub(super) again: Option<FollowedLeg>,
}

/// A chain, followed in one run and step by step.
pub(super) struct Followed {
    /// One run from empty.
    pub(super) chain: ReplayedChain,
    /// Each revision in runs of its own.
    pub(super) walks: Vec<Walk>,
}

impl Followed {
    pub(super) fn new(case: &Case, options: &VerifyOptions) -> Result<Self, SchemaError> {
        let files = case.project_files(&options.schema.import_roots);
        let chain = case.follow(&options.schema, files, &crate::replay::Part::UPGRADES)?;
        let walks = walk(case, &chain, options);
        Ok(Followed { chain, walks })
    }

    /// Where a place is, for people.
    pub(super) fn at(&self, place: Place) -> (PathBuf, u32) {
        (self.chain.path(place.file), self.chain.line(place))
    }

    pub(super) fn prove(&self, case: &Case, options: &VerifyOptions) -> Proof {
        let mut proof = Proof::new(Method::Replay, options.schema.dialect);
        proof.revisions = self.chain.revisions.len();
        proof.operations = self.chain.known();
        for id in &self.chain.missing {
            let text = "no file defines it; what it did is not known".to_owned();
            let revision = Some(id.clone());
            proof.issues.push(Issue { revision, ..Issue::new(Weight::Fails, text) });
        }
        let ends = stopped(&self.chain);
        let mut doubt = Doubt::default();
        for (revision, walk) in self.chain.revisions.iter().zip(&self.walks) {
            let operations = &self.chain.operations[revision.step.operations.clone()];
            self.untold(&mut proof, &revision.id, Leg::Upgrade, operations, revision.step.exhausted);
            let mut said: BTreeSet<(u32, u32, String)> = BTreeSet::new();
            for operation in operations {
                for mismatch in operation.changes.iter().flat_map(|(_, applied)| &applied.mismatches) {
                    said.insert((operation.place.span.start, operation.place.span.end, mismatch.to_string()));
                    self.misfit(&mut proof, &doubt, (&revision.id, Leg::Upgrade), operation, mismatch);
                }
                doubt.note(std::slice::from_ref(operation));
            }
            if let Some((_, how)) = ends.iter().find(|(ended, _)| ended.id == revision.id) {
                let place = match &revision.step.outcome {
                    Outcome::Raises(_, place) => self.at(*place),
                    _ => (case.path(revision.row).to_owned(), 1),
                };
                proof.issues.push(Issue {
                    revision: Some(revision.id.clone()),
                    leg: Some(Leg::Upgrade),
                    place: Some(place),
                    ..Issue::new(Weight::Fails, how.clone())
                });
            }
            // In a run of its own it may meet what one run does not.
            for (operation, mismatch) in walk.up.misfits() {
                let key = (operation.place.span.start, operation.place.span.end, mismatch.to_string());
                if said.insert(key) {
                    self.misfit(&mut proof, &doubt, (&walk.id, Leg::Upgrade), operation, mismatch);
                }
            }
            if !options.upgrade_only {
                self.way_back(&mut proof, &doubt, case, walk);
            }
        }
        untold_values(&mut proof, &self.chain.state);
        self.expected(&mut proof, case, options);
        proof
    }

    /// What of some operations cannot be told.
    fn untold(&self, proof: &mut Proof, id: &str, leg: Leg, operations: &[Operation], exhausted: bool) {
        for operation in operations {
            let text = match &operation.certainty {
                Certainty::Exact => continue,
                // Rows are not what is proved.
                Certainty::Guarded { .. } if !changes_schema(operation) => continue,
                Certainty::Guarded { reason, .. } => {
                    format!("{}: it happens on a condition that cannot be told: {reason}", operation.call)
                }
                Certainty::Unknown(reason) => format!("{}: {reason}", operation.call),
            };
            let issue = Issue {
                revision: Some(id.to_owned()),
                leg: Some(leg),
                place: Some(self.at(operation.place)),
                ..Issue::new(Weight::CannotTell, text)
            };
            // A loop comes to the same place again.
            if !proof
                .issues
                .iter()
                .rev()
                .take_while(|other| other.revision == issue.revision)
                .any(|o| *o == issue)
            {
                proof.issues.push(issue);
            }
        }
        if exhausted {
            let text = "it does so much that it was not followed to its end".to_owned();
            proof.issues.push(Issue {
                revision: Some(id.to_owned()),
                leg: Some(leg),
                ..Issue::new(Weight::CannotTell, text)
            });
        }
    }

    fn misfit(
        &self,
        proof: &mut Proof,
        doubt: &Doubt,
        (id, leg): (&str, Leg),
        operation: &Operation,
        mismatch: &Mismatch,
    ) {
        let what = mismatch.to_string();
        let (weight, text) = match (&mismatch.object, &mismatch.kind) {
            // `env.py` makes it, or whoever sets the database up.
            (ObjectRef::Schema(name), MismatchKind::Missing { dropped_by: None }) => {
                (Weight::Note, format!("no migration makes the schema {name}; it has to be there before"))
            }
            _ if doubt.reaches(&what) => (Weight::CannotTell, format!("{}: {what}{DOUBT}", operation.call)),
            _ => (Weight::Fails, format!("{}: {what}", operation.call)),
        };
        proof.issues.push(Issue {
            revision: Some(id.to_owned()),
            leg: Some(leg),
            place: Some(self.at(operation.place)),
            ..Issue::new(weight, text)
        });
    }

    fn way_back(&self, proof: &mut Proof, doubt: &Doubt, case: &Case, walk: &Walk) {
        let Some(down) = &walk.down else { return };
        let issue = |weight: Weight, text: String| Issue {
            revision: Some(walk.id.clone()),
            leg: Some(Leg::Downgrade),
            place: Some((case.path(walk.row).to_owned(), 1)),
            ..Issue::new(weight, text)
        };
        let changed = walk.up.changes();
        match &down.outcome {
            Outcome::NoFunction if changed => {
                return proof.issues.push(issue(Weight::Note, "there is no downgrade()".to_owned()));
            }
            Outcome::NoFunction | Outcome::Unreadable => return,
            Outcome::Raises(what, place) => {
                let text = format!("there is no way back: it raises {what}");
                return proof
                    .issues
                    .push(Issue { place: Some(self.at(*place)), ..issue(Weight::Note, text) });
            }
            Outcome::Completed if down.operations.is_empty() && changed => {
                return proof.issues.push(issue(Weight::Note, "downgrade() does nothing".to_owned()));
            }
            Outcome::Completed => {}
        }
        self.untold(proof, &walk.id, Leg::Downgrade, &down.operations, down.exhausted);
        for (operation, mismatch) in down.misfits() {
            self.misfit(proof, doubt, (&walk.id, Leg::Downgrade), operation, mismatch);
        }
        if !down.is_known() || !walk.up.is_known() {
            return;
        }
        let mut leads_back = true;
        for difference in diff(&walk.before, &down.after) {
            // A schema is most often made only where it is missing, and may hold Alembic's own table: it may stay.
            if matches!(
                (&difference.object, &difference.kind),
                (ObjectRef::Schema(_), DifferenceKind::OnlyRight)
            ) {
                continue;
            }
            if counts(&difference, &walk.before, &down.after) {
                let text = super::describe(&difference, "the schema before", "the schema behind it");
                proof.issues.push(issue(Weight::Fails, format!("it does not lead back: {text}")));
                leads_back = false;
            }
        }
        if let Some(again) = &walk.again {
            for (operation, mismatch) in again.misfits() {
                self.misfit(proof, doubt, (&walk.id, Leg::Again), operation, mismatch);
                leads_back = false;
            }
        }
        proof.undone += usize::from(leads_back);
    }

    /// Compares the end with what it must be.
    fn expected(&self, proof: &mut Proof, case: &Case, options: &VerifyOptions) {
        let mut sides = Vec::new();
        if let Some(paths) = &options.models {
            let models = case.models(&options.schema, paths);
            for unresolved in &models.unresolved {
                let text = format!("models: {unresolved}");
                proof.issues.push(Issue::new(Weight::CannotTell, text));
            }
            sides.push((models.database, DriftSide::Models));
        }
        if let Some(dump) = options.dump.as_ref().filter(|dump| dump.dialect == options.schema.dialect) {
            let mut dump = dump.clone();
            crate::replay::forget_version_table(&mut dump);
            sides.push((dump, DriftSide::Dump));
        }
        for (other, side) in sides {
            for found in drift(&self.chain.state, &other, side) {
                let weight = if found.severity == Severity::Note { Weight::Note } else { Weight::Fails };
                proof.issues.push(Issue::new(weight, describe_drift(&found.difference, side)));
            }
        }
    }
}

/// What of the schema at the end cannot be told, though the operations are known: comparing takes it for equal.
fn untold_values(proof: &mut Proof, state: &Database) {
    for table in state.tables.values() {
        for column in &table.columns {
            let mut kind = &column.data_type.kind;
            while let TypeKind::Array { element, .. } = kind {
                kind = element;
            }
            let mut say = |what: &str, reason: &str| {
                let text =
                    format!("column {}.{}: its {what} cannot be told: {reason}", table.name, column.name);
                proof.issues.push(Issue::new(Weight::CannotTell, text));
            };
            if let TypeKind::Unknown(reason) = kind {
                say("type", reason);
            }
            match &column.default {
                Some(Default::Unknown(reason)) => say("default", reason),
                Some(Default::Expression(text)) if text.contains(UNTOLD) => {
                    say("default", "a part of it is not known");
                }
                _ => {}
            }
        }
        for constraint in &table.constraints {
            if let ConstraintBody::Check { expression, .. } = &constraint.body
                && expression.contains(UNTOLD)
            {
                let name = constraint.name.as_deref().unwrap_or("check");
                let text = format!("constraint {name} of {}: a part of it is not known", table.name);
                proof.issues.push(Issue::new(Weight::CannotTell, text));
            }
        }
    }
    for enum_type in state.enums.values().filter(|enum_type| enum_type.labels.is_none()) {
        let text = format!("type {}: its labels cannot be told", enum_type.name);
        proof.issues.push(Issue::new(Weight::CannotTell, text));
    }
}

/// Follows each revision in runs of its own.
fn walk(case: &Case, chain: &ReplayedChain, options: &VerifyOptions) -> Vec<Walk> {
    let settings = Settings::new(options.schema.dialect, options.schema.sqlalchemy);
    let metadata = case.target_metadata(&chain.files, &settings, &options.schema).unwrap_or_default();
    let replay = case.replay_options(&chain.files, &options.schema, settings, metadata);
    let mut replayer = Replayer::new(&chain.files, replay, Database::new(options.schema.dialect));
    let mut walks = Vec::with_capacity(chain.revisions.len());
    for revision in &chain.revisions {
        let before = replayer.shared_state();
        let mut follow = |leg: Leg| {
            // What one run of Alembic remembers the next one does not.
            replayer.new_run();
            let step = replayer.step(case.path(revision.row), leg.direction());
            FollowedLeg {
                operations: replayer.operations()[step.operations].to_vec(),
                outcome: step.outcome,
                exhausted: step.exhausted,
                after: replayer.shared_state(),
            }
        };
        let up = follow(Leg::Upgrade);
        let (mut down, mut again) = (None, None);
        if !options.upgrade_only {
            let back = follow(Leg::Downgrade);
            // A downgrade that does nothing is none.
            if back.is_known() && up.is_known() && !back.operations.is_empty() {
                again = Some(follow(Leg::Again));
            }
            down = Some(back);
        }
        replayer.set_state(up.after.as_ref().clone());
        walks.push(Walk { id: revision.id.clone(), row: revision.row, before, up, down, again });
    }
    walks
}
