//! Rebuilding a lost migration: the head schema rolled back through the migrations that survive.

mod aim;
mod engine;
mod evidence;
mod extensions;
mod fold;
mod gap;
mod mend;
mod names;
mod others;
mod report;
mod rows;

use crate::case::Case;
use crate::options::Read;
use crate::others::TablePattern;
use crate::replay::SchemaOptions;
use crate::written::Moment;
use cucurbit_alembic::ProjectFiles;
use cucurbit_graph::Node;
use cucurbit_models::Models;
use cucurbit_reconstruct::{Assumption, Level, Survivor, differences, run_forward, start_run};
use cucurbit_render::{Heading, Rendered, migration};
use cucurbit_replay::Replayer;
use cucurbit_schema::{
    Change, Column, DataType, Database, Dialect, Difference, DifferenceKind, Mismatch, MismatchKind,
    ObjectName, ObjectRef, Origin, Table, between, diff,
};
use cucurbit_sqlalchemy::{MetaData, Settings};
use engine::{Engine, Found, Rolled};
use gap::Gap;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use evidence::{Evidence, EvidenceSource};
pub use report::reconstruction_json;
pub use rows::NeededRows;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct ReconstructOptions {
    /// Dialect, versions, import roots.
    pub schema: SchemaOptions,
    /// The schema that the whole chain makes, where a dump tells it.
    pub head: Option<Database>,
    /// The models. Without a dump they stand for the schema at the head: what survivors make is then as the
    /// survivors make it, and where the models differ is told as drift.
    pub models: Option<Models>,
    /// The lost revision, where only one of several is to be rebuilt.
    pub revision: Option<String>,
    /// The parents of the lost revision, as a person told them, or `base` where it has none; found out when empty.
    pub parents: Vec<String>,
    /// Types of columns that a person told: table, column, type.
    pub answers: Vec<(ObjectName, String, DataType)>,
    /// Where the models differ from what the chain makes, the rebuilt migration is to make what they say, as far as
    /// the survivors let it. For projects without a database that is in use.
    pub fold_drift: bool,
    /// Tables that another application makes in the same database: they stand before the first migration.
    pub others: Vec<TablePattern>,
}

impl ReconstructOptions {
    /// Asks for all that is missing. A head or models are to be given beside.
    #[must_use]
    pub fn new(schema: SchemaOptions) -> Self {
        ReconstructOptions {
            schema,
            head: None,
            models: None,
            revision: None,
            parents: Vec::new(),
            answers: Vec::new(),
            fold_drift: false,
            others: Vec::new(),
        }
    }
}

/// What was missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapKind {
    /// Revisions that survivors name.
    Lost,
    /// Nothing that is named: the chain ends before the schema does.
    Head,
    /// Nothing that is named: the first revisions alter what no revision makes. The published chain never had a
    /// base; something beside it made the first tables.
    Base,
}

/// A further file that a reconstruction needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    /// The lost revision's id.
    pub revision: String,
    /// Its parents.
    pub down_revision: Vec<String>,
    /// The migration as text; it does nothing, the first of the lost ones did it all.
    pub text: String,
    /// Its file's name by the project's `file_template`.
    pub file_name: PathBuf,
}

/// A change to a file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reparenting {
    /// The file.
    pub path: PathBuf,
    /// The revision that it defines.
    pub revision: String,
    /// The file's text as it is.
    pub before: String,
    /// The file's text with the rebuilt revision as parent.
    pub after: String,
}

/// Something that a survivor does and that cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// The survivor.
    pub revision: String,
    /// The operation, and why it cannot be told.
    pub what: String,
    /// It surely changes the schema, and nothing says what of it.
    pub is_decisive: bool,
}

/// A migration that was rebuilt, and what is known of it.
#[derive(Debug)]
pub struct Reconstruction {
    /// The lost revision's id: the one that a survivor names. Where nothing names it, it is made from what it does.
    pub revision: String,
    /// What was missing.
    pub kind: GapKind,
    /// Further lost revisions, each on the one before it. They do nothing.
    pub companions: Vec<Companion>,
    /// Files to change, where no survivor names the revision yet ([`GapKind::Base`]).
    pub reparentings: Vec<Reparenting>,
    /// Other revisions that could be its parent.
    pub other_parents: Vec<String>,
    /// Its file's name by the project's `file_template`. Dates in it are those of the first migration above the gap,
    /// for the lost one is older; without one the name is as Alembic's own template makes it.
    pub file_name: PathBuf,
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
    /// What survivors do that cannot be told: it was left out of account.
    pub untold: Vec<Untold>,
    /// Where the chain with it makes something else than the models say.
    pub drift: Vec<Difference>,
    /// No `env.py` says how unnamed constraints are named, and the names in the head follow SQLAlchemy's recommended
    /// convention, so that was taken.
    pub convention_inferred: bool,
    /// Survivors for which no state before them fits, with what was left over.
    pub unsettled: Vec<(String, Vec<String>)>,
    /// Tables that the lost migration made and that are still there in the end, of which no models tell: only what
    /// survivors do with them is known, not what they are.
    pub undefined: Vec<ObjectName>,
    /// Where each thing that it makes, changes or drops comes from.
    pub evidence: Vec<Evidence>,
    /// Objects that survivors make and that the head has in other words: databases write views, policies, domains, rules
    /// and triggers down in words of their own, so whether both mean the same cannot be told. They were left as the
    /// survivors make them.
    pub reworded: Vec<ObjectRef>,
    /// Modules that the migration imports because survivors read options of oslo.config that only they register.
    pub loads: Vec<String>,
    /// Rows that survivors need and that only the lost migration can have made. They are not rebuilt, so that on an empty
    /// database the survivor's INSERT fails; no question, for where the migration puts them does not change the schema.
    pub needed_rows: Vec<NeededRows>,
    /// Options of oslo.config that survivors read and that nothing registers which Alembic loads, as far as it can be
    /// told: where that is so, Alembic stops there.
    pub unregistered: Vec<UnregisteredOption>,
    /// Tables that another application makes, so that they stand before the first migration: those that were named, and
    /// those of the dump at which keys of the models point, directly or through each other, and that nothing in the project
    /// makes.
    pub others: Vec<ObjectName>,
}

/// An option of oslo.config that nothing which Alembic loads registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnregisteredOption {
    /// The migration that reads it.
    pub revision: String,
    /// Its name.
    pub option: String,
    /// Modules of the project that would register it; none was found, or several.
    pub modules: Vec<String>,
}

impl Reconstruction {
    /// Says whether the chain runs with it and makes the head that was given.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        self.misfits.is_empty()
            && self.differences.is_empty()
            && self.rendered.left_out.is_empty()
            && self.undefined.is_empty()
            && self.untold.iter().all(|untold| !untold.is_decisive)
    }

    /// Returns what a person could answer to let it be rebuilt, in the order of the chain.
    #[must_use]
    pub fn questions(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (revision, mismatch) in &self.misfits {
            out.push(format!("{revision} cannot run: {mismatch}; what did the lost migration do there?"));
        }
        for difference in &self.differences {
            out.push(format!("{}; which is right?", describe_difference(difference)));
        }
        for table in &self.undefined {
            out.push(format!(
                "table {table} is used by migrations and still there in the end, and neither models nor migrations \
                 define it; what are its columns and keys (a dump or the models would tell)?"
            ));
        }
        for untold in self.untold.iter().filter(|u| u.is_decisive) {
            out.push(format!("{} changes the schema ({}); what does it do?", untold.revision, untold.what));
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
    /// There is neither a dump nor are there models.
    #[error("what the chain makes in the end is not known: a dump of the schema or the models are needed")]
    NoHead,
    /// A parent that was named is none of those that it may have.
    #[error("`{named}` cannot be the parent of `{revision}`; it may be any of {}", candidates.join(", "))]
    NoSuchParent {
        /// The lost revision.
        revision: String,
        /// What was named.
        named: String,
        /// Heads of what is left below.
        candidates: Vec<String>,
    },
    /// The one that was named is not missing.
    #[error("`{0}` is not missing from the chain")]
    NotMissing(String),
    /// Several survivors below the gap could be its parent.
    #[error("the parent of `{revision}` cannot be told; it may be any of {}, all of them, or none (`base`)", candidates.join(", "))]
    SeveralParents {
        /// The lost revision.
        revision: String,
        /// Heads of what is left below.
        candidates: Vec<String>,
        /// Those of them that are the arms of one fork, where that is what is left to choose from.
        arms: Vec<String>,
    },
}

/// Which naming convention holds where no `env.py` tells.
#[derive(Debug, Clone, Copy)]
enum Names {
    /// That of the models, or the one that the names in the head follow where they have none.
    AsTold,
    /// The one that the names in the head follow.
    AsInHead,
    /// None.
    Plain,
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
        match self.reconstruct_alone(options) {
            Err(error @ ReconstructError::SeveralParents { .. }) => self.lost_merge(options, error),
            found => found,
        }
    }

    /// Where the arms of a fork are left to choose from and the lost revision changed nothing, it merged them.
    fn lost_merge(
        &self,
        options: &ReconstructOptions,
        error: ReconstructError,
    ) -> Result<Reconstruction, ReconstructError> {
        match &error {
            ReconstructError::SeveralParents { arms, .. } if !arms.is_empty() => {
                let merged = ReconstructOptions { parents: arms.clone(), ..options.clone() };
                let found = self.reconstruct_alone(&merged)?;
                if found.is_proved() && found.changes.is_empty() { Ok(found) } else { Err(error) }
            }
            _ => Err(error),
        }
    }

    fn reconstruct_alone(&self, options: &ReconstructOptions) -> Result<Reconstruction, ReconstructError> {
        let named = others::named(options);
        let pointed_at = self.others_pointed_at(options, &named);
        if pointed_at.len() > named.len() {
            let found = self.reconstruct_beside(options, &pointed_at)?;
            // Where a survivor makes or alters one, it is none.
            if found.is_proved() {
                return Ok(found);
            }
        }
        self.reconstruct_beside(options, &named)
    }

    /// Rebuilds where tables of other applications stand in the same database.
    fn reconstruct_beside(
        &self,
        options: &ReconstructOptions,
        others: &BTreeSet<ObjectName>,
    ) -> Result<Reconstruction, ReconstructError> {
        let (mut found, has_convention) = self.reconstruct_as(options, Names::AsTold, others)?;
        if !has_convention || options.head.is_none() {
            return Ok(found);
        }
        // What a convention names otherwise than it is in the head, the lost migration would have dropped.
        let drops = |found: &Reconstruction| found.changes.iter().any(engine::takes_away);
        let metadata = options.models.as_ref().and_then(|m| m.metadata.as_ref());
        let is_taken = metadata.is_some_and(|m| m.convention_taken);
        // Names that look like those of a convention may have been written by hand, and `env.py` may not hand the
        // convention of the models to Alembic.
        let other_names: &[Names] = if is_taken { &[Names::AsInHead, Names::Plain] } else { &[Names::Plain] };
        for names in other_names {
            // One that was only taken from names in the migrations is never sure.
            if found.is_proved() && !drops(&found) && !is_taken {
                break;
            }
            let (other, _) = self.reconstruct_as(options, *names, others)?;
            let is_better = match (found.is_proved(), other.is_proved()) {
                (true, proved) => proved && other.changes.len() < found.changes.len(),
                (false, true) => true,
                (false, false) => other.questions().len() < found.questions().len(),
            };
            if is_better {
                found = other;
            }
        }
        Ok(found)
    }

    /// Rebuilds with the naming convention that is meant. Says whether there is one that no `env.py` tells.
    fn reconstruct_as(
        &self,
        options: &ReconstructOptions,
        names: Names,
        others: &BTreeSet<ObjectName>,
    ) -> Result<(Reconstruction, bool), ReconstructError> {
        let named = match self.gap(options.revision.as_deref(), &options.parents) {
            Err(ReconstructError::NothingMissing) => None,
            other => Some(other?),
        };
        let graph = self.graph();
        let files = self.project_files(&options.schema.import_roots);
        let settings = Settings::new(options.schema.dialect, options.schema.sqlalchemy);
        let mut metadata = self.target_metadata(&files, &settings, &options.schema).unwrap_or_default();
        let mut inferred = None;
        let is_open = self.environment().env_py.is_none();
        if is_open {
            let infer = || options.head.as_ref().and_then(crate::convention::infer);
            match (options.models.as_ref().and_then(|m| m.metadata.as_ref()), names) {
                // Models may leave the convention to `env.py`; then the names in the dump tell it.
                (Some(known), Names::AsTold) => {
                    // Operations take the convention alone, as of `env.py`'s.
                    metadata = MetaData { convention: known.convention.clone(), ..MetaData::default() };
                    if known.convention == Default::default() {
                        inferred = infer();
                    }
                }
                (None, Names::AsTold) => inferred = infer(),
                (_, Names::AsInHead) => {
                    metadata = MetaData::default();
                    inferred = infer();
                }
                (Some(_), Names::Plain) => metadata = MetaData::default(),
                (None, Names::Plain) => {}
            }
        }
        if let Some(convention) = &inferred {
            metadata.convention = convention.clone();
        }
        let has_convention = is_open && metadata.convention != Default::default();
        let replay = self.replay_options(&files, &options.schema, settings.clone(), metadata);
        let standing = others::standing(options, others);
        let mut replayer = Replayer::new(&files, replay, standing.clone());
        let survivor = |node: &Node| -> Option<Survivor> {
            let row = self.row_of(*node)?;
            Some(Survivor { id: graph.id(*node).to_owned(), path: self.path(row).to_owned() })
        };
        // Nothing is named as missing: the head was lost, or the chain never had a base.
        let (kind, gap) = match named {
            Some(gap) => (GapKind::Lost, gap),
            None => {
                let chain: Vec<Survivor> = self.whole_chain().iter().filter_map(survivor).collect();
                let gap = Gap::default();
                if is_hollow(&mut replayer, &chain) {
                    (GapKind::Base, Gap { above: self.whole_chain(), ..gap })
                } else {
                    (GapKind::Head, Gap { below: self.whole_chain(), ..gap })
                }
            }
        };
        let mut before = standing.clone();
        let mut reads = BTreeSet::new();
        start_run(&mut replayer, &before, &BTreeSet::new());
        for survivor in gap.below.iter().filter_map(survivor) {
            let trial = run_forward(&mut replayer, &before, &survivor);
            reads.extend(Read::all(&survivor.id, &trial.options));
            before = trial.end;
        }
        let above: Vec<Survivor> = gap.above.iter().filter_map(survivor).collect();
        let told = answered(&options.answers, options.schema.dialect);
        // Each is read by itself, with files numbered anew, so that it does not matter which comes first.
        let roots = &options.schema.import_roots;
        let snapshots =
            |survivor: &Survivor| snapshots(&|| self.project_files(roots), &settings, &survivor.path);
        let evidence = above.par_iter().map(snapshots).collect();
        let forgotten = |tables: &[&Table]| self.forgotten(options, tables);
        let mut engine = Engine {
            replayer: &mut replayer,
            before: &before,
            above: &above,
            evidence,
            told,
            reworded: Vec::new(),
            forgotten: &forgotten,
            renames: BTreeSet::new(),
            views: BTreeSet::new(),
        };
        let fill = |engine: &mut Engine<'_, '_>| match (&options.head, &options.models) {
            (Some(head), _) => Ok(engine.fill_to_head(others::with(head, &standing).into_owned())),
            (None, Some(models)) => Ok(engine.fill_by_models(&others::with(&models.database, &standing))),
            (None, None) => Err(ReconstructError::NoHead),
        };
        // On a database on which a migration makes everything, it does not leave because everything is there.
        engine.replayer.let_leave(false);
        let mut found = fill(&mut engine)?;
        if found.left() != (0, 0) && engine.replayer.has_stayed() {
            engine.replayer.let_leave(true);
            let leaving = fill(&mut engine)?;
            if leaving.left() < found.left() {
                found = leaving;
            }
        }
        if let Some(models) = options.models.as_ref().filter(|_| options.fold_drift) {
            found = engine.fold(found, &others::with(&models.database, &standing));
        }
        let reworded = std::mem::take(&mut engine.reworded);
        let Found {
            rolled,
            changes,
            made,
            misfits,
            untold,
            touched,
            reads: read_above,
            needed_rows,
            state,
            head,
        } = found;
        reads.extend(read_above);
        let unregistered = self.unregistered_options(&files, &options.schema.import_roots, &[], &reads);
        let Rolled { after, assumptions, explicit, unsettled } = rolled;
        let lost = match gap.lost.first() {
            Some(lost) => lost.id.clone(),
            None if kind == GapKind::Head && changes.is_empty() => {
                return Err(ReconstructError::NothingMissing);
            }
            None => id_of(&changes),
        };
        let misfits: Vec<(String, Mismatch)> =
            misfits.into_iter().map(|(id, m)| (id.unwrap_or_else(|| lost.clone()), m)).collect();
        let mut back = between(&after, &before);
        // A schema is made only where it is missing, often by `env.py`, and may hold Alembic's own table.
        back.retain(|change| !matches!(change, Change::DropSchema { .. }));
        let differences = differences(&state, &head);
        let drift = options.models.as_ref();
        let mut drift =
            drift.map(|m| diff(&state, &others::with(&m.database, &standing))).unwrap_or_default();
        drift.retain(|difference| !crate::drift::is_of_a_view(difference, &state));
        let undefined = match (&options.head, &options.models) {
            (None, Some(models)) => undefined(&state, &before, &models.database),
            _ => Vec::new(),
        };
        let (down_revision, other_parents) = match gap.lost.first() {
            Some(lost) => (lost.parents.clone(), lost.other_parents.clone()),
            None => (self.heads_of(&gap.below).iter().map(|n| graph.id(*n).to_owned()).collect(), Vec::new()),
        };
        let date = above.first().and_then(|survivor| self.date_of(&survivor.path));
        let (template, unread) = match self.text_template() {
            Some(Ok(template)) => (Some(template), None),
            Some(Err(problem)) => (None, Some(problem)),
            None => (None, None),
        };
        let around = Heading {
            message: MESSAGE.to_owned(),
            create_year: date.map(|d| d.year),
            template,
            ..Heading::default()
        };
        let companions = gap.lost.iter().skip(1).map(|other| Companion {
            revision: other.id.clone(),
            down_revision: other.parents.clone(),
            text: companion(other, &lost, &around),
            file_name: self.new_file_name(&other.id, MESSAGE, date),
        });
        let companions = companions.collect();
        let reparentings = if kind == GapKind::Base { self.reparentings(&lost) } else { Vec::new() };
        let sources = evidence::Sources {
            before: &before,
            made: &made,
            head: options.head.as_ref(),
            models: options.models.as_ref(),
            assumptions: &assumptions,
            touched: &touched,
        };
        let evidence = sources.evidence();
        let mut notes = notes(&above, options.head.is_some(), &evidence, &assumptions);
        if !others.is_empty() {
            let names: Vec<String> = others.iter().map(ToString::to_string).collect();
            notes.push(format!(
                "Tables of another application have to be there before: {}.",
                names.join(", ")
            ));
        }
        notes.extend(unregistered.notes());
        notes.extend(needed_rows.iter().map(|needed| {
            format!(
                "Rows are not rebuilt: {} inserts into {}, whose key points at {}; rows of it were lost.",
                needed.revision, needed.table, needed.target
            )
        }));
        let heading = Heading {
            revision: lost.clone(),
            down_revision: down_revision.clone(),
            notes,
            loads: unregistered.modules.keys().cloned().collect(),
            ..around
        };
        let mut rendered = migration(&heading, &before, &changes, &back, &explicit);
        rendered.template_problem = rendered.template_problem.or(unread);
        let found = Reconstruction {
            kind,
            companions,
            reparentings,
            other_parents,
            convention_inferred: inferred.is_some(),
            file_name: self.new_file_name(&lost, MESSAGE, date),
            revision: lost,
            down_revision,
            rendered,
            before,
            after: made,
            changes,
            assumptions,
            misfits,
            differences,
            untold,
            drift,
            unsettled,
            undefined,
            evidence,
            reworded,
            loads: heading.loads,
            needed_rows: needed_rows.into_iter().collect(),
            unregistered: unregistered
                .unknown
                .into_iter()
                .map(|(read, modules)| UnregisteredOption {
                    revision: read.revision,
                    option: read.option,
                    modules,
                })
                .collect(),
            others: others.iter().cloned().collect(),
        };
        Ok((found, has_convention))
    }

    /// The date that the docstring of a migration tells.
    fn date_of(&self, path: &Path) -> Option<Moment> {
        let file = self.files().iter().find(|file| file.path == path)?;
        Moment::read(&file.facts.docstring.as_ref()?.create_date.as_ref()?.text)
    }

    /// Of tables that models lack, those whose names stand in no file of the project but migrations. None where the
    /// project cannot be told from other things, or where a plugin makes tables that models do not show.
    fn forgotten(&self, options: &ReconstructOptions, tables: &[&Table]) -> Vec<ObjectName> {
        let hidden = |note: &cucurbit_models::Unresolved| note.reason.contains("plugin");
        let models = options.models.as_ref();
        if models.is_none_or(|m| m.notes.iter().any(hidden)) {
            return Vec::new();
        }
        self.unnamed_in_project(options, tables.to_vec(), names_table)
    }

    /// Those of the tables that no file of the project but migrations names. None where the project is not known.
    fn unnamed_in_project(
        &self,
        options: &ReconstructOptions,
        tables: Vec<&Table>,
        names: impl Fn(&str, &Table) -> bool,
    ) -> Vec<ObjectName> {
        let roots = self.module_folders(&options.schema.import_roots);
        if roots.is_empty() || tables.is_empty() {
            return Vec::new();
        }
        let files = self.project_files(&options.schema.import_roots);
        let migrations: BTreeSet<PathBuf> =
            self.files().iter().filter_map(|f| f.path.file_name().map(PathBuf::from)).collect();
        let mut left = tables;
        let below: Vec<_> = roots.iter().map(|root| files.python_files(root)).collect();
        for path in below.iter().flat_map(|below| below.iter()) {
            if left.is_empty() {
                break;
            }
            // The original of a migration that is read from a copy is one too.
            if path.file_name().is_some_and(|name| migrations.contains(Path::new(name)))
                || path.components().any(|part| part.as_os_str() == "versions")
            {
                continue;
            }
            let Ok(source) = cucurbit_alembic::read_source(path) else { continue };
            let text = source.text.as_str();
            left.retain(|table| !names(text, table));
        }
        left.iter().map(|table| table.name.clone()).collect()
    }

    fn whole_chain(&self) -> Vec<Node> {
        self.order_to(None).map(|(order, _)| order).unwrap_or_default()
    }

    /// The files without a parent, each with the rebuilt base as its parent.
    fn reparentings(&self, base: &str) -> Vec<Reparenting> {
        let graph = self.graph();
        let mut out = Vec::new();
        for node in graph.bases().into_iter().filter(|n| !graph.is_missing(*n)) {
            let Some(row) = self.row_of(node) else { continue };
            let facts = self.facts(row);
            let path = self.path(row).to_owned();
            let (Some(span), Ok(source)) = (facts.down_revision.span(), cucurbit_alembic::read_source(&path))
            else {
                continue;
            };
            let before = source.text.as_str().to_owned();
            let mut edits = vec![(span, cucurbit_render::string_literal(base))];
            let revises = facts.docstring.as_ref().and_then(|doc| doc.revises.as_ref());
            if let Some(line) =
                revises.filter(|_| base.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
            {
                let blank = if line.span.start == line.span.end { " " } else { "" };
                edits.push((line.span, format!("{blank}{base}")));
            }
            edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
            let mut after = before.clone();
            for (span, text) in edits {
                after.replace_range(span.start as usize..span.end as usize, &text);
            }
            out.push(Reparenting { path, revision: graph.id(node).to_owned(), before, after });
        }
        out
    }
}

/// Tables at the end that neither survivors nor models define.
fn undefined(state: &Database, before: &Database, models: &Database) -> Vec<ObjectName> {
    let tables = state.tables.values().filter(|table| {
        table.origin == Origin::default()
            && !before.tables.contains_key(&table.name)
            && !models.tables.contains_key(&table.name)
    });
    tables.map(|table| table.name.clone()).collect()
}

/// Says whether code uses a name as a table's: where SQLAlchemy or SQL would have it, or, when it is more than one
/// word, as a text of its own.
fn names_table(text: &str, table: &Table) -> bool {
    let name = table.name.name.as_str();
    let found = |at: usize| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        if before.ends_with(is_word) || after.starts_with(is_word) {
            return false;
        }
        let bare = before.trim_end_matches(['"', '\'', '`']);
        let is_quoted = bare.len() < before.len() && after.starts_with(['"', '\'', '`']);
        let of_sqlalchemy = |front: &str| {
            let front = front.trim_end();
            front.ends_with("Table(") || front.ends_with("tables[") || {
                front.strip_suffix('=').is_some_and(|f| f.trim_end().ends_with("__tablename__"))
            }
        };
        let of_sql = ["FROM", "INTO", "UPDATE", "JOIN", "TABLE", "REFERENCES", "from", "into", "join"];
        // `"users.id"`, as a foreign key has it.
        let is_column = before.ends_with(['"', '\''])
            && after.strip_prefix('.').is_some_and(|rest| {
                let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
                table.column(&rest[..end]).is_some()
            });
        (is_quoted && (name.contains('_') || of_sqlalchemy(bare)))
            || is_column
            || of_sql.iter().any(|word| {
                let is_keyword = bare.strip_suffix(' ').is_some_and(|front| front.ends_with(word));
                // In small letters these are words of prose too, and of imports.
                let line = bare.rsplit('\n').next().unwrap_or_default();
                is_keyword && (word.starts_with(char::is_uppercase) || line.contains("select "))
            })
    };
    text.match_indices(name).any(|(at, _)| found(at))
}

/// Says whether a chain needs tables, from an empty database on, that none of its revisions makes.
fn is_hollow(replayer: &mut Replayer<'_>, chain: &[Survivor]) -> bool {
    let mut state = replayer.state().clone();
    start_run(replayer, &state, &BTreeSet::new());
    for survivor in chain {
        let trial = run_forward(replayer, &state, survivor);
        let lacks = |mismatch: &Mismatch| {
            matches!(mismatch.kind, MismatchKind::Missing { dropped_by: None })
                && matches!(mismatch.object, ObjectRef::Table(_))
        };
        if trial.misfits.iter().any(|(_, mismatch, _)| lacks(mismatch)) {
            return true;
        }
        state = trial.end;
    }
    false
}

/// Answers as tables that hold nothing else.
fn answered(answers: &[(ObjectName, String, DataType)], dialect: Dialect) -> Database {
    let mut told = Database::new(dialect);
    for (name, column, data_type) in answers {
        let mut table = told.table(name).cloned().unwrap_or_else(|| Table::new(name.clone()));
        table.columns.push(Column::new(column.clone(), data_type.clone()));
        told.put_table(std::sync::Arc::new(table));
    }
    told
}

/// What a revision file itself writes down of tables: `Table(…)` and mapped classes in it.
fn snapshots(files: &dyn Fn() -> ProjectFiles, settings: &Settings, path: &Path) -> Option<Database> {
    let source = cucurbit_alembic::read_source(path).ok()?;
    let text = source.text.as_str();
    if !text.contains("__tablename__") && !text.contains("Table(") {
        return None;
    }
    let read = cucurbit_models::read_alone(&files(), settings, path);
    (!read.database.tables.is_empty()).then_some(read.database)
}

/// The message of what is rebuilt.
const MESSAGE: &str = "reconstructed";

/// The text of a lost revision that another did the work of.
fn companion(lost: &gap::Lost, first: &str, around: &Heading) -> String {
    let heading = Heading {
        revision: lost.id.clone(),
        down_revision: lost.parents.clone(),
        notes: vec![
            "This migration was lost. What it did is part of the migration that was rebuilt as".to_owned(),
            format!("{first}."),
        ],
        ..around.clone()
    };
    let empty = Database::new(Dialect::PostgreSql);
    migration(&heading, &empty, &[], &[], &BTreeSet::new()).text
}

/// Says how the end of the rebuilt chain differs from the head that was given.
pub(super) fn describe_difference(difference: &Difference) -> String {
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
    id_of_text(&format!("{changes:?}"))
}

/// An id for a text: always the same.
pub(crate) fn id_of_text(text: &str) -> String {
    // FNV-1a, in twelve digits as Alembic's own ids have.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes() {
        hash ^= u64::from(byte);
        hash = hash.wrapping_mul(0x0100_0000_01b3);
    }
    format!("{:012x}", hash & 0xffff_ffff_ffff)
}

/// How many constraints that models leave unnamed are listed in a migration.
const MAX_NAMED: usize = 20;

/// Says which constraints have names that nothing tells, but for primary keys, which hardly anybody names or drops by
/// name.
fn unnamed_note(evidence: &[Evidence]) -> Vec<String> {
    let names: Vec<&str> = evidence
        .iter()
        .filter(|e| e.remark.as_deref() == Some(evidence::UNNAMED))
        .filter_map(|e| match &e.object {
            ObjectRef::Constraint(_, name) if !name.ends_with("_pkey") => Some(name.as_str()),
            _ => None,
        })
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
    let mut text =
        "The models leave these constraints unnamed, so their names are those that the database gives by \
                    itself; the lost migration may have named them otherwise: "
            .to_owned();
    text += &names.iter().take(MAX_NAMED).copied().collect::<Vec<_>>().join(", ");
    if let Some(more @ 1..) = names.len().checked_sub(MAX_NAMED) {
        text += &format!(" and {more} more");
    }
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last().map_or(0, String::len);
        if line > 0 && line + word.len() > 100 {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// What stands above `upgrade()`: where the migration comes from, and what was assumed.
fn notes(
    above: &[Survivor],
    has_head: bool,
    evidence: &[Evidence],
    assumptions: &[Assumption],
) -> Vec<String> {
    let source = if has_head { "the schema at the head" } else { "the models" };
    let mut out = vec![format!(
        "This migration was lost. It was rebuilt from {source} and the {} migrations above it.",
        above.len()
    )];
    out.extend(unnamed_note(evidence));
    let is_drop = |a: &&Assumption| a.object.starts_with("the dropping of ");
    let (drops, assumed): (Vec<&Assumption>, Vec<&Assumption>) =
        assumptions.iter().filter(|a| a.level == Level::Assumed).partition(is_drop);
    if !drops.is_empty() {
        out.push("Assumed, and nothing proves it; remove it where the tables are still in use:".to_owned());
        out.extend(drops.iter().map(|drop| format!("- {}: {}", drop.object, drop.reason)));
    }
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
