//! A chain that was followed once, with what the schema rules ask of it.
//!
//! Claims are made only where they follow from the text: an operation that stands behind a condition, a state that
//! something unknown may have changed, and a chain whose order cannot be told support none.

use crate::alembic_answer::AlembicAnswer;
use crate::case::Case;
use crate::dialects::{Dialects, imported};
use crate::finding::Place;
use crate::replay::{ReplayedChain, ReplayedRevision};
use cucurbit_python::eval;
use cucurbit_replay::{Certainty, Operation, Outcome, parse_file};
use cucurbit_schema::{Applied, Change, Dialect, Extent, Mismatch, ObjectName, ObjectRef};
use rayon::prelude::*;

/// What the texts of a case say without being followed.
pub(crate) struct Texts {
    /// The dialects that each file imports, by row.
    imports: Vec<Vec<Dialect>>,
    marks: Vec<Marks>,
    env_py: Option<String>,
}

impl Texts {
    /// Looks through the revision files, in parallel.
    pub(crate) fn read(case: &Case) -> Self {
        let look = |text: &str| (imported(text), Marks::of(text));
        let read = |file: &cucurbit_alembic::RevisionFile| match &file.source {
            Some(source) => look(source.text()),
            None => parse_file(&file.path).map(|parsed| look(parsed.text())).unwrap_or_default(),
        };
        let (imports, marks) = case.files().par_iter().map(read).unzip();
        let env_py = case.environment().env_py.as_deref();
        let env_py = env_py.and_then(|path| cucurbit_alembic::read_source(path).ok());
        let env_py = env_py.map(|source| source.text.as_str().to_owned());
        Texts { imports, marks, env_py }
    }

    /// Finds the dialects of the case.
    pub(crate) fn dialects(&self, case: &Case) -> Dialects {
        let imports = self.imports.iter().enumerate();
        case.dialects(imports.map(|(row, dialects)| (case.path(row), dialects.as_slice())))
    }
}

/// Words that a text holds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Marks {
    /// It makes or drops the tables of the models, or reads tables from the database.
    pub(crate) whole_tables: bool,
    /// It reads all tables from the database.
    reflects: bool,
}

impl Marks {
    fn of(text: &str) -> Self {
        let reflects = text.contains(".reflect(") || text.contains("automap_base(");
        let all = [".create_all(", ".drop_all(", "autoload"];
        Marks { reflects, whole_tables: reflects || all.iter().any(|word| text.contains(word)) }
    }
}

/// A chain that was followed, and where it can be relied on.
pub(crate) struct History {
    pub(crate) chain: ReplayedChain,
    pub(crate) dialect: Dialect,
    /// The naming convention of the project is known, so names that nothing writes are known too.
    pub(crate) naming_known: bool,
    /// `env.py` makes tables or schemas itself, so that the migrations need not.
    pub(crate) env_makes_tables: bool,
    pub(crate) env_makes_schemas: bool,
    /// The words in the revision files, by row.
    pub(crate) marks: Vec<Marks>,
    /// The step of each operation.
    steps: Vec<usize>,
    /// The first operation before which something happened that may have changed anything.
    untold_from: usize,
    /// All that surely does not fit, in order.
    pub(crate) misfits: Vec<Misfit>,
}

/// One thing that surely does not fit.
pub(crate) struct Misfit {
    /// The number of the operation.
    pub(crate) at: usize,
    /// The change.
    pub(crate) change: Change,
    /// What does not fit.
    pub(crate) mismatch: Mismatch,
}

impl History {
    pub(crate) fn new(case: &Case, texts: &Texts, chain: ReplayedChain, dialect: Dialect) -> Self {
        let mut steps = vec![0; chain.operations.len()];
        for (index, revision) in chain.revisions.iter().enumerate() {
            for at in revision.step.operations.clone() {
                steps[at] = index;
            }
        }
        let env = texts.env_py.as_deref().unwrap_or_default();
        let lower = env.to_lowercase();
        let makes_tables = lower.contains("create_all") || lower.contains("create table");
        // Without env.py nobody knows whether it makes the schemas.
        let makes_schemas =
            texts.env_py.is_none() || lower.contains("create schema") || lower.contains("createschema");
        let mut history = History {
            // Without a target there is no convention.
            naming_known: chain.naming_known
                || env.lines().any(|line| line.trim() == "target_metadata = None"),
            env_makes_tables: makes_tables,
            env_makes_schemas: makes_schemas,
            marks: texts.marks.clone(),
            untold_from: 0,
            misfits: Vec::new(),
            steps,
            dialect,
            chain,
        };
        history.untold_from = history.first_untold(case);
        history.misfits = history.find_misfits();
        history
    }

    /// Where the order of the revisions is no order, nothing is told from the start.
    fn first_untold(&self, case: &Case) -> usize {
        let graph = case.graph();
        let unordered = matches!(case.alembic(), AlembicAnswer::CannotTell { .. })
            || graph.defined().any(|node| graph.has_unknown_parents(node) || graph.rows(node).len() > 1)
            || !graph.cycles().is_empty()
            || !graph.dependency_cycles().is_empty();
        if unordered {
            return 0;
        }
        for revision in &self.chain.revisions {
            let step = &revision.step;
            // Tables that are read from the database are not followed.
            if self.marks.get(revision.row).is_some_and(|marks| marks.reflects) {
                return step.operations.start;
            }
            for at in step.operations.clone() {
                let unknown = self.chain.operations[at].changes.iter().any(
                    |(change, _)| matches!(change, Change::Unknown(effect) if effect.extent == Extent::Anything),
                );
                if unknown {
                    return at + 1;
                }
            }
            // `missing-upgrade` says that there is no function.
            let whole = matches!(step.outcome, Outcome::Completed) && !step.exhausted;
            if !whole || !case.facts(revision.row).problems.is_empty() {
                return step.operations.end;
            }
        }
        usize::MAX
    }

    pub(crate) fn operation(&self, at: usize) -> &Operation {
        &self.chain.operations[at]
    }

    /// The revision in whose step an operation stands.
    pub(crate) fn revision(&self, at: usize) -> &ReplayedRevision {
        &self.chain.revisions[self.steps[at]]
    }

    /// The position of the step of an operation.
    pub(crate) fn step(&self, at: usize) -> usize {
        self.steps[at]
    }

    /// The operations with the changes that they make, in order.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (usize, &Change, &Applied)> {
        let operations = self.chain.operations.iter().enumerate();
        operations.flat_map(|(at, operation)| operation.changes.iter().map(move |(c, a)| (at, c, a)))
    }

    /// The number of the operation that is the origin of something.
    pub(crate) fn at(&self, origin: cucurbit_schema::Origin) -> Option<usize> {
        let at = usize::try_from(origin.0).ok()?.checked_sub(1)?;
        (at < self.chain.operations.len()).then_some(at)
    }

    /// Tells whether an operation surely happens, on a state that is surely known.
    pub(crate) fn is_sure(&self, at: usize) -> bool {
        at < self.untold_from && self.operation(at).certainty == Certainty::Exact
    }

    fn find_misfits(&self) -> Vec<Misfit> {
        let mut found = Vec::new();
        let mut inexact: Vec<usize> = Vec::new();
        for (at, operation) in self.chain.operations.iter().enumerate().take(self.untold_from) {
            if operation.certainty != Certainty::Exact {
                inexact.push(at);
                continue;
            }
            for (change, applied) in &operation.changes {
                for mismatch in &applied.mismatches {
                    if !self.is_doubtful(&inexact, &mismatch.object) {
                        found.push(Misfit { at, change: change.clone(), mismatch: mismatch.clone() });
                    }
                }
            }
        }
        found
    }

    /// Something that happened before, surely or not, could have made, changed or dropped the object.
    fn is_doubtful(&self, inexact: &[usize], object: &ObjectRef) -> bool {
        let table = table_of(object);
        let names = names_of(object);
        let mut seen: Vec<eval::FileId> = Vec::new();
        for &before in inexact {
            let operation = self.operation(before);
            let reaches = |change: &Change| match change {
                Change::Unknown(effect) => match &effect.extent {
                    Extent::Anything => true,
                    Extent::Tables(tables) => table.is_some_and(|table| tables.contains(table)),
                    Extent::Objects(objects) => names.iter().any(|n| objects.iter().any(|o| o.name == *n)),
                },
                _ => false,
            };
            if operation.changes.iter().any(|(change, _)| reaches(change)) {
                return true;
            }
            if !matches!(operation.certainty, Certainty::Guarded { .. }) {
                continue;
            }
            // The way that was not taken may name it.
            for file in [operation.place.file, self.revision(before).step.file] {
                if seen.contains(&file) {
                    continue;
                }
                seen.push(file);
                let parsed = self.chain.files.text(file);
                if parsed.is_some_and(|parsed| names.iter().any(|name| parsed.text().contains(name))) {
                    return true;
                }
            }
        }
        false
    }

    /// Where an operation stands in its revision file; where it stands in a function that the file calls, that
    /// place too.
    pub(crate) fn places(&self, at: usize) -> (Place, Option<Place>) {
        let operation = self.operation(at);
        let own = self.revision(at).step.file;
        let place = |place: eval::Place| Place::at(&self.chain.path(place.file), Some(place.span));
        if operation.place.file == own {
            return (place(operation.place), None);
        }
        let is_call = |frame: &&eval::Place| frame.file == own && frame.span.start < frame.span.end;
        match operation.frames.iter().rev().find(is_call) {
            Some(call) => (place(*call), Some(place(operation.place))),
            None => (place(operation.place), None),
        }
    }

    /// Where an operation stands in its revision file.
    pub(crate) fn place(&self, at: usize) -> Place {
        self.places(at).0
    }
}

/// The table that an object is, or stands on.
pub(crate) fn table_of(object: &ObjectRef) -> Option<&ObjectName> {
    match object {
        ObjectRef::Table(name) | ObjectRef::Column(name, _) | ObjectRef::Constraint(name, _) => Some(name),
        ObjectRef::Index(_, table) | ObjectRef::Object(_, table, _) => table.as_ref(),
        ObjectRef::Schema(_) | ObjectRef::Enum(_) | ObjectRef::Sequence(_) => None,
    }
}

/// The names that a text which touches an object holds.
fn names_of(object: &ObjectRef) -> Vec<&str> {
    match object {
        ObjectRef::Schema(name) => vec![name],
        ObjectRef::Table(name) | ObjectRef::Enum(name) | ObjectRef::Sequence(name) => vec![&name.name],
        ObjectRef::Column(table, name) | ObjectRef::Constraint(table, name) => vec![name, &table.name],
        ObjectRef::Index(name, table) | ObjectRef::Object(_, table, name) => {
            let mut names = vec![name.name.as_str()];
            names.extend(table.as_ref().map(|table| table.name.as_str()));
            names
        }
    }
}

impl Case {
    /// Parses the revision files in the order in which a replay needs them, in parallel: a replay beside it waits
    /// for no file but the one that is being parsed, and parses those itself that nobody came to yet.
    pub(crate) fn parse_ahead(&self) {
        let Ok((order, _)) = self.order_to(None) else { return };
        order.par_iter().filter_map(|node| self.row_of(*node)).for_each(|row| {
            if let Some(source) = &self.files()[row].source {
                let _ = source.parsed();
            }
        });
    }

    /// Follows the chain for one dialect, as much of it as is asked for.
    pub(crate) fn history(
        &self,
        texts: &Texts,
        dialect: Dialect,
        engine: Option<&str>,
        roots: &[std::path::PathBuf],
        part: &crate::replay::Part,
    ) -> Option<History> {
        let mut options = crate::replay::SchemaOptions::new(dialect);
        options.import_roots = roots.to_vec();
        options.engine = engine.map(str::to_owned);
        let files = self.project_files(&options.import_roots);
        // Numbered in the order of the rows, whichever is followed first.
        for file in self.files() {
            files.id(&file.path);
        }
        let chain = self.follow(&options, files, part).ok()?;
        Some(History::new(self, texts, chain, dialect))
    }
}
