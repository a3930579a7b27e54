//! Rebuilding a lost migration: the head schema rolled back through the migrations that survive.

use crate::case::Case;
use crate::replay::SchemaOptions;
use cucurbit_graph::Node;
use cucurbit_reconstruct::{Above, Assumption, Level, RolledBack, Survivor, roll_back, run_forward, start_run};
use cucurbit_render::{Heading, Rendered, migration};
use cucurbit_replay::{Outcome, ReplayOptions, Replayer};
use cucurbit_schema::{
    Change, Database, Difference, DifferenceKind, Mismatch, MismatchKind, ObjectName,
    ObjectRef, Origin, Table, between, diff,
};
use cucurbit_sqlalchemy::Settings;
use std::collections::{BTreeMap, BTreeSet};

/// How many migrations may be followed to judge one migration's states.
const JUDGE_BUDGET: usize = 600;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct ReconstructOptions {
    /// Dialect, versions, import roots.
    pub schema: SchemaOptions,
    /// The schema that the whole chain makes: from a dump or from models.
    pub head: Database,
    /// The lost revision, where several are missing.
    pub revision: Option<String>,
}

/// A migration that was rebuilt, and what is known of it.
#[derive(Debug)]
pub struct Reconstruction {
    /// The lost revision's id: the one that a survivor names. Where the head was lost nothing names it, and it is
    /// made from what it does.
    pub revision: String,
    /// No survivor names the revision: its id is new.
    pub is_new: bool,
    /// Its parents: the survivors below the gap.
    pub down_revision: Vec<String>,
    /// The migration as text.
    pub rendered: Rendered,
    /// The state before it and after it.
    pub before: Database,
    /// The state that it makes.
    pub after: Database,
    /// What it does.
    pub changes: Vec<Change>,
    /// What was put in because a survivor needs it.
    pub assumptions: Vec<Assumption>,
    /// What does not fit when the whole chain is followed with it: revision and misfit.
    pub misfits: Vec<(String, Mismatch)>,
    /// What differs at the end from the head that was given.
    pub differences: Vec<Difference>,
    /// No `env.py` says how unnamed constraints are named, and the names in the head follow SQLAlchemy's recommended
    /// convention, so that was taken.
    pub convention_inferred: bool,
    /// Survivors for which no state before them fits, with what was left over.
    pub unsettled: Vec<(String, Vec<String>)>,
}

impl Reconstruction {
    /// Says whether the chain runs with it and makes the head that was given.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        self.misfits.is_empty() && self.differences.is_empty() && self.rendered.left_out.is_empty()
    }

    /// Returns what a person could answer to let it be rebuilt, in the order of the chain.
    #[must_use]
    pub fn questions(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (revision, mismatch) in &self.misfits {
            out.push(format!(
                "{revision} cannot run: {}; what did the lost migration do there?",
                crate::replay::describe_mismatch(mismatch)
            ));
        }
        for difference in &self.differences {
            out.push(format!("{}; which is right?", describe_difference(difference)));
        }
        for (object, reason) in &self.rendered.left_out {
            out.push(format!("{object}: {reason}; what is it?"));
        }
        out
    }
}

/// Why nothing can be rebuilt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReconstructError {
    /// No revision is missing.
    #[error("no revision is missing from the chain")]
    NothingMissing,
    /// Several are missing and none was named.
    #[error("several revisions are missing; name one: {}", .0.join(", "))]
    SeveralMissing(Vec<String>),
    /// The one that was named is not missing.
    #[error("`{0}` is not missing from the chain")]
    NotMissing(String),
    /// Several survivors below the gap could be its parent.
    #[error("the parent of `{revision}` cannot be told; it may be any of {}", candidates.join(", "))]
    SeveralParents {
        /// The lost revision.
        revision: String,
        /// Heads of what is left below.
        candidates: Vec<String>,
    },
}

impl Case {
    /// Rebuilds a lost revision from the head schema and the migrations that survive.
    ///
    /// One migration stands for all that is lost between the survivors below the gap and those above it; its id is
    /// the one that the survivor above names. The result is judged by following the whole chain with it: read
    /// [`Reconstruction::is_proved`] before using it.
    ///
    /// # Errors
    /// When nothing is missing, or what is missing cannot be told.
    pub fn reconstruct(&self, options: &ReconstructOptions) -> Result<Reconstruction, ReconstructError> {
        let (lost, below, above) = match self.gap(options.revision.as_deref()) {
            // Nothing is missing, but the chain may end too early: the head was lost.
            Err(ReconstructError::NothingMissing) => (String::new(), self.whole_chain(), Vec::new()),
            other => other?,
        };
        let graph = self.graph();
        let files = self.project_files(&options.schema.import_roots);
        let settings = Settings::new(options.schema.dialect, options.schema.sqlalchemy);
        let mut metadata = self.target_metadata(&files, &settings);
        let inferred = if self.environment().env_py.is_none() { crate::convention::infer(&options.head) } else { None };
        if let Some(convention) = &inferred {
            metadata.convention = convention.clone();
        }
        let replay = ReplayOptions { settings, metadata, limits: cucurbit_python::eval::Limits::default() };
        let mut replayer = Replayer::new(&files, replay, Database::new(options.schema.dialect));
        let survivor = |node: &Node| -> Option<Survivor> {
            let row = self.row_of(*node)?;
            Some(Survivor { id: graph.id(*node).to_owned(), path: self.path(row).to_owned() })
        };
        let mut before = Database::new(options.schema.dialect);
        let mut explicit = BTreeSet::new();
        start_run(&mut replayer, &before, &explicit);
        for survivor in below.iter().filter_map(survivor) {
            before = run_forward(&mut replayer, &before, &survivor).end;
        }
        let above: Vec<Survivor> = above.iter().filter_map(survivor).collect();
        let forward = made_above(&mut replayer, &before, &options.head, &above);
        let mut after = options.head.clone();
        after.forget_origins();
        let mut assumptions = Vec::new();
        let mut unsettled = Vec::new();
        for (at, survivor) in above.iter().enumerate().rev() {
            let mut judge =
                Above { survivors: &above[at + 1..], head: &options.head, budget: JUDGE_BUDGET };
            let RolledBack { state, misfits, differences, assumptions: put_in, explicit: by_itself, .. } =
                roll_back(&mut replayer, &after, survivor, &forward[at], &[&before], &mut judge);
            if !misfits.is_empty() || !differences.is_empty() {
                let misfits = misfits.iter().map(crate::replay::describe_mismatch);
                let left = misfits.chain(differences.iter().map(describe_difference)).collect();
                unsettled.push((survivor.id.clone(), left));
            }
            assumptions.extend(put_in);
            explicit.extend(by_itself);
            after = state;
        }
        let changes = between(&before, &after);
        let lost = if !lost.is_empty() {
            lost
        } else if diff(&before, &options.head).is_empty() {
            return Err(ReconstructError::NothingMissing);
        } else {
            id_of(&changes)
        };
        let back = between(&after, &before);
        // The judge: the whole chain, from what the changes really make.
        let mut made = before.clone();
        let mut misfits = Vec::new();
        for change in &changes {
            let applied = made.apply(change, Origin::default());
            misfits.extend(applied.mismatches.into_iter().map(|m| (lost.clone(), m)));
        }
        let mut state = made.clone();
        start_run(&mut replayer, &state, &explicit);
        for survivor in &above {
            let trial = run_forward(&mut replayer, &state, survivor);
            misfits.extend(trial.misfits.iter().map(|(_, m, _)| (survivor.id.clone(), m.clone())));
            if let Outcome::Raises(reason, _) = &trial.outcome {
                let kind = MismatchKind::Refused { reason: format!("upgrade() raises {reason}") };
                misfits
                    .push((survivor.id.clone(), Mismatch { object: ObjectRef::Schema(String::new()), kind }));
            }
            state = trial.end;
        }
        let differences = diff(&state, &options.head);
        let down_revision: Vec<String> =
            self.heads_of(&below).iter().map(|n| graph.id(*n).to_owned()).collect();
        if down_revision.len() > 1 {
            return Err(ReconstructError::SeveralParents { revision: lost, candidates: down_revision });
        }
        let heading = Heading {
            revision: lost.clone(),
            down_revision: down_revision.clone(),
            message: "reconstructed".to_owned(),
            notes: notes(&above, &assumptions),
            ..Heading::default()
        };
        let rendered = migration(&heading, &before, &changes, &back, &explicit);
        Ok(Reconstruction {
            is_new: above.is_empty(),
            convention_inferred: inferred.is_some(),
            revision: lost,
            down_revision,
            rendered,
            before,
            after: made,
            changes,
            assumptions,
            misfits,
            differences,
            unsettled,
        })
    }

    fn whole_chain(&self) -> Vec<Node> {
        self.order_to(None).map(|(order, _)| order).unwrap_or_default()
    }

    /// The lost revision, the survivors below it and those above it, each with parents before children.
    fn gap(&self, wanted: Option<&str>) -> Result<(String, Vec<Node>, Vec<Node>), ReconstructError> {
        let graph = self.graph();
        let missing: Vec<Node> = graph.missing().collect();
        let lost = match (wanted, missing.as_slice()) {
            (_, []) => return Err(ReconstructError::NothingMissing),
            (Some(id), all) => *all
                .iter()
                .find(|n| graph.id(**n) == id)
                .ok_or_else(|| ReconstructError::NotMissing(id.to_owned()))?,
            (None, [one]) => *one,
            (None, many) => {
                let ids = many.iter().map(|n| graph.id(*n).to_owned()).collect();
                return Err(ReconstructError::SeveralMissing(ids));
            }
        };
        let (order, _) = self.order_to(None).map_err(|_| ReconstructError::NothingMissing)?;
        let above: BTreeSet<usize> = graph.descendants(lost).iter().map(|n| n.index()).collect();
        let (over, under): (Vec<Node>, Vec<Node>) =
            order.into_iter().partition(|n| above.contains(&n.index()));
        Ok((graph.id(lost).to_owned(), under, over))
    }

    /// The revisions of a set that no other of the set descends from.
    fn heads_of(&self, nodes: &[Node]) -> Vec<Node> {
        let graph = self.graph();
        let mut heads: BTreeMap<usize, Node> = nodes.iter().map(|n| (n.index(), *n)).collect();
        for node in nodes {
            for parent in graph.parents(*node) {
                heads.remove(&parent.index());
            }
        }
        heads.into_values().collect()
    }
}

/// What the survivors above a gap make by themselves: for each, the tables that those before it made, as they are
/// then. What is lost stands in as the head has it, so that keys have something to point at.
fn made_above(
    replayer: &mut Replayer<'_>,
    before: &Database,
    head: &Database,
    above: &[Survivor],
) -> Vec<Database> {
    let mut follow = |start: Database| -> Vec<Database> {
        let mut states = vec![start];
        for survivor in above {
            let Some(state) = states.last() else { break };
            states.push(run_forward(replayer, state, survivor).end);
        }
        states
    };
    let is_made = |table: &Table| table.origin != Origin::default();
    let mut start = before.clone();
    start.forget_origins();
    let alone = follow(start.clone());
    let made: BTreeSet<&ObjectName> = alone
        .iter()
        .flat_map(|state| state.tables.values().filter(|t| is_made(t)).map(|t| &t.name))
        .collect();
    for (name, table) in &head.tables {
        if !made.contains(name) && !before.tables.contains_key(name) {
            start.put_table(std::sync::Arc::clone(table));
        }
    }
    let same_or_new = |(name, origin): (&String, &Origin)| (name.clone(), *origin);
    start.schemas.extend(head.schemas.iter().map(same_or_new));
    start.forget_origins();
    let mut states = follow(start);
    for state in &mut states {
        let others: Vec<ObjectName> =
            state.tables.values().filter(|t| !is_made(t)).map(|t| t.name.clone()).collect();
        for name in others {
            state.tables.remove(&name);
        }
        state.forget_origins();
    }
    states
}

/// Says how the end of the rebuilt chain differs from the head that was given.
fn describe_difference(difference: &Difference) -> String {
    let object = &difference.object;
    match &difference.kind {
        DifferenceKind::OnlyLeft => format!("{object}: the chain makes it and the head lacks it"),
        DifferenceKind::OnlyRight => format!("{object}: the head has it and the chain does not make it"),
        DifferenceKind::Changed { attribute, left, right } => {
            format!("{object}: its {attribute} is {left} by the chain and {right} in the head")
        }
    }
}

/// An id for a migration that nothing names: the same for the same changes.
fn id_of(changes: &[Change]) -> String {
    // FNV-1a, in twelve digits as Alembic's own ids have.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in format!("{changes:?}").bytes() {
        hash ^= u64::from(byte);
        hash = hash.wrapping_mul(0x0100_0000_01b3);
    }
    format!("{:012x}", hash & 0xffff_ffff_ffff)
}

/// What stands above `upgrade()`: where the migration comes from, and what was assumed.
fn notes(above: &[Survivor], assumptions: &[Assumption]) -> Vec<String> {
    let mut out = vec![format!(
        "This migration was lost. It was rebuilt from the schema at the head and the {} migrations above it.",
        above.len()
    )];
    let assumed: Vec<&Assumption> = assumptions.iter().filter(|a| a.level == Level::Assumed).collect();
    if !assumed.is_empty() {
        out.push("Assumed, because a later migration needs it; none of it reaches the head:".to_owned());
        for assumption in assumed {
            out.push(format!("- {} ({}): {}", assumption.object, assumption.revision, assumption.reason));
        }
    }
    out
}

/// Objects that a list of changes makes, for reports.
#[must_use]
pub fn made_by(changes: &[Change]) -> Vec<ObjectRef> {
    changes
        .iter()
        .filter_map(|change| match change {
            Change::CreateTable { table, .. } => Some(ObjectRef::Table(table.name.clone())),
            Change::CreateEnum { enum_type, .. } => Some(ObjectRef::Enum(enum_type.name.clone())),
            Change::CreateObject { object, .. } => {
                Some(ObjectRef::Object(object.kind, object.table.clone(), object.name.clone()))
            }
            _ => None,
        })
        .collect()
}
