//! One replay: a state, and steps that change it.

use crate::host::Replay;
use crate::memo::Memo;
use crate::record::Operation;
use cucurbit_alembic::ProjectFiles;
use cucurbit_python::eval::{Arguments, Evaluator, FileId, Files, Host, Limits, Note, Place, Value};
use cucurbit_schema::{Change, ConstraintKind, Database, Mismatch, MismatchKind, ObjectName, Origin};
use cucurbit_sqlalchemy::{MetaData, Settings};
use cucurbit_text::Span;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Which function of a revision file is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `upgrade()`.
    Upgrade,
    /// `downgrade()`.
    Downgrade,
}

impl Direction {
    /// Returns the function's name.
    #[must_use]
    pub fn function(self) -> &'static str {
        match self {
            Direction::Upgrade => "upgrade",
            Direction::Downgrade => "downgrade",
        }
    }
}

/// What a replay depends on.
#[derive(Debug, Clone)]
pub struct ReplayOptions {
    /// Dialect and version of SQLAlchemy.
    pub settings: Settings,
    /// Naming convention and schema of the project's `target_metadata`.
    pub metadata: MetaData,
    /// What bounds the work of one step.
    pub limits: Limits,
    /// What `upgrade` and `downgrade` are handed where they take something: the name of one of several databases
    /// (Alembic's template `multidb`).
    pub engine: Option<String>,
    /// The project's `env.py`: modules that it imports may say how SQLAlchemy's types are written (`@compiles`).
    pub env_py: Option<PathBuf>,
}

impl ReplayOptions {
    /// Makes options with the usual limits, for a project with one database.
    #[must_use]
    pub fn new(settings: Settings, metadata: MetaData) -> Self {
        ReplayOptions { settings, metadata, limits: Limits::default(), engine: None, env_py: None }
    }
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It came to the end of the function.
    Completed,
    /// It surely raises: what, and where.
    Raises(String, Place),
    /// The file does not define the function.
    NoFunction,
    /// The file cannot be read.
    Unreadable,
}

/// What one step did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The revision file.
    pub file: FileId,
    /// Its operations, as a range of [`Replayer::operations`].
    pub operations: std::ops::Range<usize>,
    /// How it ended.
    pub outcome: Outcome,
    /// What a reader should know of how it was followed.
    pub notes: Vec<Note>,
    /// The work was cut short, so operations may be missing.
    pub exhausted: bool,
    /// What the database refused inside of a `try`: it became an exception there and left no operation.
    pub refused: Vec<(Change, Mismatch)>,
    /// Constraints that an inspector was asked for on a table that has none of that kind.
    pub vain: Vec<(ConstraintKind, ObjectName)>,
    /// Options of oslo.config (`cfg.CONF.name`) that it read, each once: some module has to register them before.
    pub options: Vec<String>,
}

/// A step that was only tried.
pub struct Trial {
    /// What the step did; its operations are all of [`Trial::operations`].
    pub step: Step,
    /// Its operations, in order.
    pub operations: Vec<Operation>,
    /// The state after it.
    pub state: Rc<Database>,
}

/// Follows revision files one after the other.
pub struct Replayer<'f> {
    files: &'f ProjectFiles,
    evaluator: Evaluator<'f, Replay>,
    engine: Option<Value>,
    /// A state from which the operations behind `base_at` lead to the one that is held. Kept instead of the state
    /// before each step: holding that would copy the whole of it with every change.
    base: Rc<Database>,
    base_at: usize,
}

impl<'f> Replayer<'f> {
    /// Makes a replay that starts with a state.
    #[must_use]
    pub fn new(files: &'f ProjectFiles, options: ReplayOptions, state: Database) -> Self {
        let mut host = Replay::new(options.settings, options.metadata, state);
        host.env_py = options.env_py.map(|path| files.id(&path));
        let base = Rc::clone(&host.db);
        let engine = options.engine.as_deref().map(Value::str);
        let evaluator = Evaluator::new(files, host, options.limits);
        Replayer { files, evaluator, engine, base, base_at: 0 }
    }

    /// Returns the state after the steps so far.
    #[must_use]
    pub fn state(&self) -> &Database {
        &self.evaluator.host.db
    }

    /// Returns the state, shared: a clone costs nothing until one of the two changes.
    #[must_use]
    pub fn shared_state(&self) -> Rc<Database> {
        Rc::clone(&self.evaluator.host.db)
    }

    /// Goes on from another state.
    pub fn set_state(&mut self, state: Database) {
        self.evaluator.host.db = Rc::new(state);
        self.base = Rc::clone(&self.evaluator.host.db);
        self.base_at = self.evaluator.host.log.len();
    }

    /// Starts a new run.
    pub fn new_run(&mut self) {
        self.evaluator.host.memo = Rc::default();
    }

    /// Goes on in a run in which Alembic made the tables of a state, and their enum types with them but for those that
    /// were made by themselves: it makes each only once.
    pub fn go_on_in_run(&mut self, state: &Database, explicit: &BTreeSet<ObjectName>) {
        self.evaluator.host.memo = Rc::new(Memo::of(state, explicit));
    }

    /// Says whether a migration that leaves first where a setting says so may leave: where the setting cannot be told
    /// and all that it would make is there already. It may, unless told otherwise.
    pub fn let_leave(&mut self, may_leave: bool) {
        self.evaluator.host.never_leaves = !may_leave;
        self.evaluator.host.stayed = false;
    }

    /// Says whether a migration was followed that would have left if [`Replayer::let_leave`] had let it.
    #[must_use]
    pub fn has_stayed(&self) -> bool {
        self.evaluator.host.stayed
    }

    /// Returns every operation so far, in order.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.evaluator.host.log
    }

    /// Takes the operations from a number on out; origins in states that were made since no longer name any.
    pub fn take_operations(&mut self, from: usize) -> Vec<Operation> {
        let log = &mut self.evaluator.host.log;
        if from < log.len() { log.split_off(from) } else { Vec::new() }
    }

    /// Forgets the operations from a number on; origins in states that were made since no longer name any.
    pub fn forget_operations(&mut self, from: usize) {
        self.evaluator.host.log.truncate(from);
    }

    /// Returns the operation that an origin names.
    #[must_use]
    pub fn operation(&self, origin: Origin) -> Option<&Operation> {
        self.operations().get(usize::try_from(origin.0).ok()?.checked_sub(1)?)
    }

    /// Returns the files.
    #[must_use]
    pub fn files(&self) -> &'f ProjectFiles {
        self.files
    }

    /// Follows one function of a revision file from the state as it is.
    pub fn step(&mut self, path: &Path, direction: Direction) -> Step {
        let file = self.files.id(path);
        let start = self.evaluator.host.log.len();
        self.evaluator.host.step_start = start;
        self.evaluator.host.file = Some(file);
        // Each migration may have a connection of its own, which begins with the default.
        self.evaluator.host.session.elsewhere = false;
        self.evaluator.host.guards.clear();
        self.evaluator.host.exhausted = false;
        self.evaluator.host.reflected = Rc::default();
        self.evaluator.host.refused = Rc::default();
        self.evaluator.host.vain = Rc::default();
        self.evaluator.host.options = Rc::default();
        self.evaluator.host.remade = Rc::default();
        self.evaluator.host.randoms = 0;
        let place = Place { file, span: Span::new(0, 0) };
        let readable = self.files.parsed(file).is_some();
        let function = self.evaluator.module_value(file, direction.function());
        let outcome = match function {
            None if !readable => Outcome::Unreadable,
            None => Outcome::NoFunction,
            Some(function) => self.run_or_leave(&function, place),
        };
        crate::random::look_for_left(&mut self.evaluator.host, start);
        let notes = self.evaluator.take_notes();
        Step {
            file,
            operations: start..self.evaluator.host.log.len(),
            outcome,
            notes,
            exhausted: self.evaluator.host.exhausted,
            refused: self.evaluator.host.refused.to_vec(),
            vain: self.evaluator.host.vain.to_vec(),
            options: self.evaluator.host.options.iter().map(|name| name.to_string()).collect(),
        }
    }

    /// A migration may leave first where a setting says that it is not meant for this database. Where the setting cannot
    /// be told and all that it would make is there already, it leaves.
    fn run_or_leave(&mut self, function: &Value, place: Place) -> Outcome {
        self.evaluator.host.could_leave = false;
        let start = self.evaluator.host.log.len();
        let outcome = self.run_in_use(function, place);
        let is_there = |mismatch: &Mismatch| matches!(mismatch.kind, MismatchKind::Exists { .. });
        let misfits = self.misfits_since(start);
        if !self.evaluator.host.could_leave || misfits.is_empty() || !misfits.iter().all(|m| is_there(m)) {
            return outcome;
        }
        if self.evaluator.host.never_leaves {
            self.evaluator.host.stayed = true;
            return outcome;
        }
        self.start_again(start);
        self.evaluator.host.leaves = true;
        let left = self.run(function, place);
        self.evaluator.host.leaves = false;
        if left == Outcome::Completed && self.misfits_since(start).is_empty() {
            return left;
        }
        self.start_again(start);
        self.run_in_use(function, place)
    }

    /// What did not fit since the log had a length.
    fn misfits_since(&self, start: usize) -> Vec<&Mismatch> {
        let changes = self.evaluator.host.log[start..].iter().flat_map(|operation| &operation.changes);
        changes.flat_map(|(_, applied)| &applied.mismatches).collect()
    }

    /// A migration may refuse a database that is new and has no rows yet. Such a chain has only ever run on
    /// databases that are in use: then it is followed as there.
    fn run_in_use(&mut self, function: &Value, place: Place) -> Outcome {
        self.evaluator.host.asked_for_rows = false;
        let start = self.evaluator.host.log.len();
        let outcome = self.run(function, place);
        if !matches!(outcome, Outcome::Raises(..)) || !self.evaluator.host.asked_for_rows {
            return outcome;
        }
        self.start_again(start);
        self.evaluator.host.holds_rows = true;
        let in_use = self.run(function, place);
        self.evaluator.host.holds_rows = false;
        if in_use == Outcome::Completed {
            return in_use;
        }
        self.start_again(start);
        self.run(function, place)
    }

    /// Goes back to what was held when the log had a length.
    fn start_again(&mut self, start: usize) {
        let host = &mut self.evaluator.host;
        let memo = Rc::make_mut(&mut host.memo);
        for (change, _) in host.log[start..].iter().flat_map(|operation| &operation.changes) {
            if let Change::CreateEnum { enum_type, .. } = change {
                memo.remove(&enum_type.name);
            }
        }
        host.log.truncate(start);
        let mut state = self.base.as_ref().clone();
        for operation in host.log.iter().skip(self.base_at) {
            for (change, _) in &operation.changes {
                state.apply(change, operation.origin);
            }
        }
        host.db = Rc::new(state);
        host.remade = Rc::default();
        host.guards.clear();
        host.exhausted = false;
    }

    /// Follows one function of a revision file in a run of its own, and goes back to the state as it is.
    pub fn try_step(&mut self, path: &Path, direction: Direction) -> Trial {
        let mark = self.evaluator.host.mark();
        let start = self.evaluator.host.log.len();
        self.evaluator.host.memo = Rc::default();
        let mut step = self.step(path, direction);
        let operations = self.take_operations(start);
        step.operations = 0..operations.len();
        let state = self.shared_state();
        self.evaluator.host.rewind(mark);
        Trial { step, operations, state }
    }

    fn run(&mut self, function: &Value, place: Place) -> Outcome {
        let start = self.evaluator.host.log.len();
        let takes = match function {
            Value::Function(function) => function.required_parameters(),
            _ => Vec::new(),
        };
        let mut arguments = Arguments::default();
        if !takes.is_empty() {
            arguments.positional.extend(self.engine.clone());
        }
        let untold = takes.get(arguments.positional.len()..).unwrap_or_default();
        match self.evaluator.call(function, arguments, place) {
            Ok(_) => {
                if let Some(name) = untold.first()
                    && self.evaluator.host.log.len() == start
                {
                    let reason =
                        format!("`{name}` is what env.py hands to `run_migrations()`, which cannot be told");
                    crate::host::unknown(
                        &mut self.evaluator,
                        place,
                        "upgrade",
                        cucurbit_schema::Extent::Anything,
                        &reason,
                    );
                }
                Outcome::Completed
            }
            Err(raised) => {
                let what = raised.message.as_deref().unwrap_or("an exception").to_owned();
                Outcome::Raises(what, raised.place)
            }
        }
    }
}

/// Reads the `MetaData` that an `env.py` binds to `target_metadata`: its naming convention, which is all that
/// Alembic's operations take from it. `None` when there is none or it is not known. Of several the first is taken.
#[must_use]
pub fn target_metadata(files: &ProjectFiles, settings: Settings, env_py: &Path) -> Option<MetaData> {
    let dialect = settings.dialect;
    let host = Replay::new(settings, MetaData::default(), Database::new(dialect));
    let mut evaluator = Evaluator::new(files, host, Limits::default());
    let file = files.id(env_py);
    let value = evaluator.module_value(file, "target_metadata")?;
    let value = match evaluator.items(&value) {
        Some(items) => items.into_iter().next()?,
        None => value,
    };
    let key = cucurbit_sqlalchemy::metadata_key(&mut evaluator, &value)?;
    let found = evaluator.host.registry.metadata(&key)?;
    Some(MetaData { convention: found.convention.clone(), ..MetaData::default() })
}
