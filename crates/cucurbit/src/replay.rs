//! The schema of a case at a revision: its migrations, followed in order.

use crate::case::Case;
use crate::way_back::WayBack;
use cucurbit_graph::{Node, RowIndex};
use cucurbit_replay::{Direction, Operation, Outcome, ProjectFiles, ReplayOptions, Replayer, Step};
use cucurbit_schema::{Constraint, ConstraintBody, Database, Dialect, Table};
use cucurbit_sqlalchemy::{MetaData, Settings, Version};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Chains that are shorter are followed before another thread has begun.
const MIN_READ_AHEAD: usize = 16;

/// What a replay is to assume.
#[derive(Debug, Clone)]
pub struct SchemaOptions {
    /// The database system.
    pub dialect: Dialect,
    /// The version of SQLAlchemy.
    pub sqlalchemy: Version,
    /// The revision whose schema is asked for, as `alembic upgrade` takes it; all heads when not given.
    pub revision: Option<String>,
    /// Folders in which imported modules are looked for first, as on `sys.path`.
    pub import_roots: Vec<PathBuf>,
    /// Models are read as autogenerate writes them down for a migration, rather than as `create_all()` makes them.
    pub as_autogenerate: bool,
    /// Models whose `MetaData` Alembic is given, where no `env.py` tells: its naming convention names what
    /// migrations leave unnamed.
    pub metadata: Vec<PathBuf>,
    /// The database that is meant where the project has several: what `upgrade(engine_name)` is handed. See
    /// [`Case::engines`].
    pub engine: Option<String>,
}

impl SchemaOptions {
    /// Asks for the schema at the heads.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        SchemaOptions {
            dialect,
            sqlalchemy: Version::V2_0,
            revision: None,
            import_roots: Vec::new(),
            as_autogenerate: false,
            metadata: Vec::new(),
            engine: None,
        }
    }
}

/// One revision of a replay.
#[derive(Debug, Clone)]
pub struct ReplayedRevision {
    /// Its id.
    pub id: String,
    /// Its file.
    pub row: RowIndex,
    /// What following it gave.
    pub step: Step,
}

/// A chain that was followed.
pub struct ReplayedChain {
    /// The revisions in the order in which they were followed.
    pub revisions: Vec<ReplayedRevision>,
    /// Revisions that no file defines and that were passed over.
    pub missing: Vec<String>,
    /// Every operation, in order.
    pub operations: Vec<Operation>,
    /// The schema at the end.
    pub state: Rc<Database>,
    /// `env.py` says how constraints are named that migrations leave unnamed.
    pub(crate) naming_known: bool,
    /// What the downgrades do, one for each revision, untold of those that nobody asked for; empty when nobody asked.
    pub(crate) ways_back: Vec<WayBack>,
    pub(crate) files: ProjectFiles,
}

/// Why a schema cannot be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The revision asked for is not in the chain.
    #[error("{0}")]
    NoSuchRevision(String),
    /// There is no revision file.
    #[error("there is no revision file")]
    NoRevisions,
}

/// Of which revisions the downgrade is tried, by row.
pub(crate) enum WaysBack {
    /// Of none.
    None,
    /// Of these.
    Of(BTreeSet<RowIndex>),
    /// Of all.
    All,
}

/// What of a chain is followed.
pub(crate) struct Part {
    pub(crate) ways_back: WaysBack,
    /// The row behind which nothing is followed; all when not given.
    pub(crate) last: Option<RowIndex>,
}

impl Part {
    /// All upgrades, and no downgrade.
    pub(crate) const UPGRADES: Part = Part { ways_back: WaysBack::None, last: None };
}

impl WaysBack {
    fn wants(&self, row: RowIndex) -> bool {
        match self {
            WaysBack::None => false,
            WaysBack::Of(rows) => rows.contains(&row),
            WaysBack::All => true,
        }
    }
}

impl ReplayedChain {
    /// Returns the path of a file that an operation's place names.
    #[must_use]
    pub fn path(&self, file: cucurbit_python::eval::FileId) -> PathBuf {
        self.files.path(file)
    }

    /// Returns the text of a file that an operation's place names.
    #[must_use]
    pub fn text(&self, file: cucurbit_python::eval::FileId) -> Option<String> {
        self.files.text(file).map(|parsed| parsed.text().to_owned())
    }

    /// Returns the line, counted from 1, at which a place begins.
    #[must_use]
    pub fn line(&self, place: cucurbit_python::eval::Place) -> u32 {
        let Some(parsed) = self.files.text(place.file) else { return 1 };
        let text = parsed.text();
        let index = cucurbit_text::LineIndex::new(text);
        index.position(text, place.span.start).line
    }

    /// Returns the revision in whose step an operation stands.
    #[must_use]
    pub fn revision_of(&self, operation: usize) -> Option<&ReplayedRevision> {
        self.revisions.iter().find(|r| r.step.operations.contains(&operation))
    }

    /// Counts operations: those known exactly, and all.
    #[must_use]
    pub fn known(&self) -> (usize, usize) {
        let known =
            self.operations.iter().filter(|o| !matches!(o.certainty, cucurbit_replay::Certainty::Unknown(_)));
        (known.count(), self.operations.len())
    }
}

/// Does work that follows files in an order while another thread parses them and what they import. With one thread in
/// the pool nothing is read ahead.
fn reading_ahead<R>(files: &ProjectFiles, paths: &[PathBuf], work: impl FnOnce() -> R) -> R {
    if rayon::current_num_threads() < 2 || paths.len() < MIN_READ_AHEAD {
        return work();
    }
    let stop = AtomicBool::new(false);
    let beside = files.beside();
    std::thread::scope(|scope| {
        let stop = &stop;
        // Without a thread, each file is parsed when it is needed.
        let spawned = std::thread::Builder::new().spawn_scoped(scope, move || beside.read_ahead(paths, stop));
        let done = work();
        stop.store(true, Ordering::Relaxed);
        drop(spawned);
        done
    })
}

impl Case {
    /// Follows the chain from an empty database to a revision and returns the schema there with all that led to it.
    ///
    /// Total but for the two errors: a missing revision is passed over, a migration that cannot be read does what
    /// is readable of it. Costs one pass over the functions of the migrations.
    ///
    /// # Errors
    /// When there is no revision, or not the one that is asked for.
    pub fn schema_at(&self, options: &SchemaOptions) -> Result<ReplayedChain, SchemaError> {
        let files = self.project_files(&options.import_roots);
        self.follow(options, files, &Part::UPGRADES)
    }

    /// Does the work of [`Case::schema_at`] with files of which some may be parsed already.
    pub(crate) fn follow(
        &self,
        options: &SchemaOptions,
        files: ProjectFiles,
        part: &Part,
    ) -> Result<ReplayedChain, SchemaError> {
        let (order, missing) = self.order_to(options.revision.as_deref())?;
        let ways_back = &part.ways_back;
        let settings = Settings::new(options.dialect, options.sqlalchemy);
        let metadata = self.target_metadata(&files, &settings, options);
        let naming_known = metadata.is_some();
        let metadata = metadata.unwrap_or_default();
        let replay = self.replay_options(&files, options, settings, metadata);
        let mut found = Vec::new();
        let paths: Vec<PathBuf> =
            order.iter().filter_map(|node| Some(self.path(self.row_of(*node)?).to_owned())).collect();
        let (revisions, operations, state) = reading_ahead(&files, &paths, || {
            let mut replayer = Replayer::new(&files, replay, Database::new(options.dialect));
            let mut revisions = Vec::with_capacity(order.len());
            for node in order {
                let Some(row) = self.row_of(node) else { continue };
                let before = ways_back.wants(row).then(|| replayer.shared_state());
                let step = replayer.step(self.path(row), Direction::Upgrade);
                match before {
                    Some(before) => found.push(WayBack::of(&mut replayer, self.path(row), &step, &before)),
                    None if matches!(ways_back, WaysBack::None) => {}
                    None => found.push(WayBack::CannotTell),
                }
                revisions.push(ReplayedRevision { id: self.graph().id(node).to_owned(), row, step });
                if part.last == Some(row) {
                    break;
                }
            }
            (revisions, replayer.take_operations(0), replayer.shared_state())
        });
        Ok(ReplayedChain { revisions, missing, operations, state, naming_known, ways_back: found, files })
    }

    /// Returns the names of the databases among which `upgrade(engine_name)` of the migrations chooses, sorted; none
    /// where there is one database only.
    #[must_use]
    pub fn engines(&self) -> Vec<String> {
        let names: BTreeSet<&String> = self.files().iter().flat_map(|file| &file.facts.engines).collect();
        names.into_iter().cloned().collect()
    }

    /// The files of the project: `prepend_sys_path` first, then the roots that were given, then the folders
    /// above a file. Revision files are as they were read for the case; all such sets of files share what they read.
    pub(crate) fn project_files(&self, roots: &[PathBuf]) -> ProjectFiles {
        let own = self.environment().prepend_sys_path.iter().map(|l| l.path.clone());
        let roots = own.chain(roots.iter().cloned()).collect();
        ProjectFiles::new(roots, top_of(self.environment().folder())).sharing(self.parsed_files())
    }

    /// What Alembic is given as `target_metadata`, as far as `env.py` or models tell it.
    pub(crate) fn target_metadata(
        &self,
        files: &ProjectFiles,
        settings: &Settings,
        options: &SchemaOptions,
    ) -> Option<MetaData> {
        let env_py = self.env_py(files, options);
        let told = env_py.and_then(|path| cucurbit_replay::target_metadata(files, settings.clone(), &path));
        told.or_else(|| {
            let models = &options.metadata;
            (!models.is_empty()).then(|| cucurbit_models::read(files, settings, models).metadata)?
        })
    }

    /// What a replay of the migrations depends on.
    pub(crate) fn replay_options(
        &self,
        files: &ProjectFiles,
        options: &SchemaOptions,
        settings: Settings,
        metadata: MetaData,
    ) -> ReplayOptions {
        let env_py = self.env_py(files, options);
        ReplayOptions { engine: options.engine.clone(), env_py, ..ReplayOptions::new(settings, metadata) }
    }

    fn env_py(&self, files: &ProjectFiles, options: &SchemaOptions) -> Option<PathBuf> {
        let own = self.environment().env_py.clone();
        own.or_else(|| self.env_py_of_copy(files, &options.import_roots))
    }

    /// The `env.py` of the folder that these revision files were copied from: the only one below the roots that has
    /// all of them below it, letter for letter. Reads every Python file below an `env.py` that is named like one of them.
    fn env_py_of_copy(&self, files: &ProjectFiles, roots: &[PathBuf]) -> Option<PathBuf> {
        let below = |folder: &Path| files.python_files(folder);
        let is_env = |path: &&PathBuf| path.file_name().is_some_and(|name| name == "env.py");
        let all: Vec<_> = roots.iter().map(|root| below(root)).collect();
        let candidates: BTreeSet<&PathBuf> =
            all.iter().flat_map(|below| below.iter()).filter(is_env).collect();
        let text = |path: &Path| cucurbit_alembic::read_source(path).ok().map(|s| s.text.as_str().to_owned());
        let holds_all = |env_py: &&&PathBuf| {
            let beside = env_py.parent().map(below);
            self.files().iter().all(|file| {
                let own = text(&file.path);
                let beside = beside.iter().flat_map(|beside| beside.iter());
                let mut named = beside.filter(|path| path.file_name() == file.path.file_name());
                own.is_some() && named.any(|path| text(path) == own)
            })
        };
        only(candidates.iter().filter(holds_all)).map(|path| (*path).clone())
    }

    /// The revisions up to one, in the order in which `alembic upgrade` runs them from an empty database; where
    /// Alembic would not load the chain, parents before children.
    pub(crate) fn order_to(&self, revision: Option<&str>) -> Result<(Vec<Node>, Vec<String>), SchemaError> {
        let graph = self.graph();
        if self.files().is_empty() {
            return Err(SchemaError::NoRevisions);
        }
        let target = revision.unwrap_or("heads");
        if target == "base" {
            return Ok((Vec::new(), Vec::new()));
        }
        if let Some(map) = self.alembic_map() {
            match map.upgrade_steps(target, &[]) {
                Ok(plan) => {
                    let nodes = plan.revisions().iter().filter_map(|id| graph.node(id)).collect();
                    return Ok((nodes, Vec::new()));
                }
                Err(error) if revision.is_some() => {
                    return Err(match self.replaced_by(target) {
                        Some(_) => self.no_such_revision(target),
                        None => SchemaError::NoSuchRevision(error.to_string()),
                    });
                }
                Err(_) => {}
            }
        }
        let wanted: BTreeSet<usize> = match revision {
            None | Some("head" | "heads") => graph.defined().map(|n| n.index()).collect(),
            Some(id) => {
                let node = graph
                    .defined()
                    .find(|n| graph.id(*n) == id)
                    .or_else(|| only(graph.defined().filter(|n| graph.id(*n).starts_with(id))))
                    .ok_or_else(|| self.no_such_revision(id))?;
                let mut found: BTreeSet<usize> = BTreeSet::new();
                let mut left = vec![node];
                while let Some(node) = left.pop() {
                    if found.insert(node.index()) {
                        left.extend(graph.parents(node));
                        for row in graph.rows(node) {
                            left.extend(graph.dependencies_of_row(*row));
                        }
                    }
                }
                found
            }
        };
        let mut waiting: BTreeMap<usize, (Node, usize)> = BTreeMap::new();
        let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut missing: BTreeSet<String> = BTreeSet::new();
        for node in graph.defined().filter(|n| wanted.contains(&n.index())) {
            let mut parents = graph.parents(node);
            for row in graph.rows(node) {
                parents.extend(graph.dependencies_of_row(*row));
            }
            let mut before = BTreeSet::new();
            for parent in parents {
                if graph.is_missing(parent) {
                    missing.insert(graph.id(parent).to_owned());
                } else {
                    before.insert(parent.index());
                }
            }
            waiting.insert(node.index(), (node, before.len()));
            for parent in before {
                children.entry(parent).or_default().push(node.index());
            }
        }
        let mut order = Vec::with_capacity(waiting.len());
        let mut ready: BTreeSet<usize> =
            waiting.iter().filter(|(_, (_, before))| *before == 0).map(|(at, _)| *at).collect();
        while !waiting.is_empty() {
            // A circle is entered at its first revision rather than lost.
            if ready.is_empty() {
                ready.extend(waiting.keys().next());
            }
            for at in std::mem::take(&mut ready) {
                let Some((node, _)) = waiting.remove(&at) else { continue };
                order.push(node);
                for child in children.remove(&at).into_iter().flatten() {
                    if let Some((_, before)) = waiting.get_mut(&child) {
                        *before = before.saturating_sub(1);
                        if *before == 0 {
                            ready.insert(child);
                        }
                    }
                }
            }
        }
        Ok((order, missing.into_iter().collect()))
    }
}

fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

/// The folder above which no import is looked for: that of the repository, if there is one.
pub(crate) fn top_of(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|f| f.join(".git").exists()).map(Path::to_owned)
}

/// How the steps of a chain ended that did not come to their end.
#[must_use]
pub fn stopped(chain: &ReplayedChain) -> Vec<(&ReplayedRevision, String)> {
    chain
        .revisions
        .iter()
        .filter_map(|revision| match &revision.step.outcome {
            Outcome::Completed => None,
            Outcome::Raises(what, _) => Some((revision, format!("raises {what}"))),
            Outcome::NoFunction => Some((revision, "has no upgrade()".to_owned())),
            Outcome::Unreadable => Some((revision, "cannot be read".to_owned())),
        })
        .collect()
}

/// Takes Alembic's own table out of a schema, under whatever name `env.py` gives it: no migration makes it.
pub fn forget_version_table(database: &mut Database) {
    let tables = database.tables.values().filter(|table| is_version_table(table));
    let names: Vec<_> = tables.map(|table| table.name.clone()).collect();
    for name in names {
        let change = cucurbit_schema::Change::DropTable { name, if_exists: true, cascade: true };
        database.apply(&change, cucurbit_schema::Origin::default());
    }
}

/// Alembic 1.20, `DefaultImpl.version_table_impl`: one column, and a primary key named for the table unless
/// `version_table_pk` is off.
fn is_version_table(table: &Table) -> bool {
    let is_own_key = |constraint: &Constraint| {
        matches!(constraint.body, ConstraintBody::PrimaryKey { .. })
            && constraint.name.as_ref().is_none_or(|name| *name == format!("{}_pkc", table.name.name))
    };
    table.name.name == "alembic_version"
        || matches!(table.columns.as_slice(), [column] if column.name == "version_num")
            && table.constraints.iter().all(is_own_key)
}
