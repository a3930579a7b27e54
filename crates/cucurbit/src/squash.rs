//! One migration in the place of many: the state that they lead to, made at once.
//!
//! Nothing is written here: a [`Squash`] says which files go, which comes, and what it could not carry over.

use crate::case::Case;
use crate::options::Read;
use crate::replay::{SchemaError, SchemaOptions};
use cucurbit_graph::{Node, RowIndex};
use cucurbit_python::eval::{FileId, Place};
use cucurbit_python::{Module, Variable};
use cucurbit_reconstruct::start_run;
use cucurbit_render::{Heading, Rendered, migration};
use cucurbit_replay::{Certainty, Direction, Operation, Outcome, ProjectFiles, Replayer, Step};
use cucurbit_schema::{
    Change, Database, Difference, DifferenceKind, Mismatch, ObjectName, ObjectRef, Origin, RowEffect,
    between, diff,
};
use cucurbit_sqlalchemy::Settings;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct SquashOptions {
    /// Dialect, versions, import roots.
    pub schema: SchemaOptions,
    /// The revision below those that are squashed; `None` for all down to the base.
    pub from: Option<String>,
    /// The last one that is squashed: an id, the beginning of one, `head` or `heads`.
    pub to: String,
}

/// A revision that is squashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SquashedRevision {
    /// Its id.
    pub id: String,
    /// Its file.
    pub path: PathBuf,
    /// Where the file is moved to.
    pub moved_to: PathBuf,
    /// The bytes of the file.
    pub bytes: Vec<u8>,
}

/// What a squashed revision does beside the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// It writes rows.
    Data,
    /// It writes rows of tables that are empty on a new database, where it does nothing.
    IdleData,
    /// A statement that does nothing to the schema that is looked at.
    Statement,
    /// It happens only if a condition holds that cannot be told; the likelier way was taken.
    Guarded,
    /// It cannot be told.
    Unknown,
}

/// A step of a squashed revision that is not in the new migration but as a comment to review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedStep {
    /// The revision.
    pub revision: String,
    /// The file in which the step is written.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: u32,
    /// What it is.
    pub kind: StepKind,
    /// What it does, in words.
    pub what: String,
    /// The step as it is written.
    pub text: String,
}

/// Revisions squashed into one.
#[derive(Debug)]
pub struct Squash {
    /// The id of the new migration: that of the last one squashed, so that nothing above it changes.
    pub revision: String,
    /// What it stands on; empty for a base.
    pub down_revision: Vec<String>,
    /// The revisions that are squashed, the last one too, in the order in which they run.
    pub squashed: Vec<SquashedRevision>,
    /// The ids that the new migration says it replaces: those of the others, and what they replaced.
    pub replaces: Vec<String>,
    /// The file to write.
    pub path: PathBuf,
    /// The folder that the squashed files are moved to; it must not be there.
    pub shelf: PathBuf,
    /// The migration as text.
    pub rendered: Rendered,
    /// What is not in it but as comments.
    pub carried: Vec<CarriedStep>,
    /// Files that stay and seem to import one that goes.
    pub importers: Vec<(PathBuf, PathBuf)>,
    /// Why the state at the last revision is not known.
    pub problems: Vec<String>,
    /// What does not fit when the chain is followed with it and fits without: revision and misfit.
    pub misfits: Vec<(String, Mismatch)>,
    /// What differs at the head between the chain as it is, on the left, and with it.
    pub differences: Vec<Difference>,
}

impl Squash {
    /// Says whether the chain with it runs as before and makes the same head.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        self.complaints().is_empty()
    }

    /// Returns why it must not be used, in words.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let mut out = self.problems.clone();
        for (revision, mismatch) in &self.misfits {
            out.push(format!("{revision} would not run any more: {mismatch}"));
        }
        for difference in &self.differences {
            out.push(format!("the schema would not be the same: {}", describe(difference)));
        }
        for (object, reason) in &self.rendered.left_out {
            out.push(format!("{object} cannot be written: {reason}"));
        }
        out
    }
}

fn describe(difference: &Difference) -> String {
    let object = &difference.object;
    match &difference.kind {
        DifferenceKind::OnlyLeft => format!("{object} would be missing"),
        DifferenceKind::OnlyRight => format!("{object} would be there"),
        DifferenceKind::Changed { attribute, left, right } => {
            format!("{object}: its {attribute} is {left} and would be {right}")
        }
    }
}

/// Why revisions cannot be squashed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SquashError {
    /// The chain cannot be followed.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// There are several heads, and none is named.
    #[error("there are {} heads, name one: {}", .0.len(), .0.join(", "))]
    SeveralHeads(Vec<String>),
    /// Revisions are missing.
    #[error("revisions are missing, rebuild them first: {}", .0.join(", "))]
    Missing(Vec<String>),
    /// The lower end is not below the upper one.
    #[error("`{lower}` is not below `{upper}`")]
    NotBelow {
        /// The lower end.
        lower: String,
        /// The upper end.
        upper: String,
    },
    /// A revision that stays stands on one that would go.
    #[error("`{stays}` stands on `{goes}`, which would be squashed; end where no branch is open")]
    OpenBranch {
        /// The revision that stays.
        stays: String,
        /// The one that would go.
        goes: String,
    },
    /// Two files define one of the revisions.
    #[error("`{0}` is defined by several files")]
    Repeated(String),
    /// Fewer than two revisions are in the range.
    #[error("there is nothing to squash: the range holds {0} revisions")]
    TooFew(usize),
}

impl Case {
    /// Puts one migration in the place of a range of them.
    ///
    /// It makes the schema that they lead to, has the id of the last one, and says in the module variable `replaces`
    /// for which others it stands: Alembic does not look at that, [`Case::replaced_by`] does. What they do to rows, and
    /// what cannot be told, is not in it but as comments. The result is judged by following the chain with it: read
    /// [`Squash::is_proved`] before using it.
    ///
    /// # Errors
    /// When the range cannot go without breaking the graph.
    pub fn squash(&self, options: &SquashOptions) -> Result<Squash, SquashError> {
        let graph = self.graph();
        let (order, missing) = self.order_to(None)?;
        if !missing.is_empty() {
            return Err(SquashError::Missing(missing));
        }
        let upper = self.upper_end(&options.to)?;
        let lower = match options.from.as_deref() {
            None | Some("base" | "") => None,
            Some(id) => Some(self.defined(id)?),
        };
        let id = graph.id(upper).to_owned();
        let below = lower.map(|node| self.closure(node)).unwrap_or_default();
        let reached = self.closure(upper);
        if let Some(lower) = lower.filter(|lower| *lower == upper || !reached.contains(lower)) {
            return Err(SquashError::NotBelow { lower: graph.id(lower).to_owned(), upper: id });
        }
        let goes: BTreeSet<Node> = reached.difference(&below).copied().collect();
        if goes.len() < 2 {
            return Err(SquashError::TooFew(goes.len()));
        }
        for node in &order {
            if goes.contains(node) {
                if graph.rows(*node).len() > 1 {
                    return Err(SquashError::Repeated(graph.id(*node).to_owned()));
                }
                continue;
            }
            let stands_on = self.stands_on(*node).into_iter().find(|n| goes.contains(n) && *n != upper);
            if let Some(other) = stands_on {
                return Err(SquashError::OpenBranch {
                    stays: graph.id(*node).to_owned(),
                    goes: graph.id(other).to_owned(),
                });
            }
        }
        let parts = Parts {
            below: order.iter().copied().filter(|n| below.contains(n)).collect(),
            goes: order.iter().copied().filter(|n| goes.contains(n)).collect(),
            rest: order.iter().copied().filter(|n| !below.contains(n) && !goes.contains(n)).collect(),
        };
        Ok(self.squash_parts(options, &parts, &id, lower))
    }

    fn squash_parts(&self, options: &SquashOptions, parts: &Parts, id: &str, lower: Option<Node>) -> Squash {
        let files = self.project_files(&options.schema.import_roots);
        let settings = Settings::new(options.schema.dialect, options.schema.sqlalchemy);
        let metadata = self.target_metadata(&files, &settings, &options.schema).unwrap_or_default();
        let replay = self.replay_options(&files, &options.schema, settings, metadata);
        let empty = Database::new(options.schema.dialect);

        let mut replayer = Replayer::new(&files, replay.clone(), empty);
        self.run_through(&mut replayer, &parts.below);
        let before = replayer.shared_state();
        let steps = self.run_through(&mut replayer, &parts.goes);
        let after = replayer.shared_state();
        let (problems, carried) = self.look_through(&files, replayer.operations(), &steps);
        let rest = self.run_through(&mut replayer, &parts.rest);
        let misfits_before = self.misfits(replayer.operations(), &rest);
        let head = replayer.shared_state();

        let (from, to) = (without_origins(&before), without_origins(&after));
        let changes = between(&from, &to);
        let mut made = from.clone();
        let mut misfits = Vec::new();
        for change in &changes {
            let applied = made.apply(change, Origin::default());
            misfits.extend(applied.mismatches.into_iter().map(|m| (id.to_owned(), m)));
        }
        let back = between(&made, &from);

        // The judge: the rest of the chain, from what the new migration makes.
        let mut explicit = BTreeSet::new();
        let (replayer, rest, misfits_after) = loop {
            let mut replayer = Replayer::new(&files, replay.clone(), made.clone());
            start_run(&mut replayer, &made, &explicit);
            let rest = self.run_through(&mut replayer, &parts.rest);
            let mut misfits = self.misfits(replayer.operations(), &rest);
            misfits.retain(|misfit| !misfits_before.contains(misfit));
            // Alembic makes a type once in a run where a table brings it; one that is dropped and brought again has to
            // be made by itself.
            let mut again = misfits.iter().filter_map(|(_, misfit)| match &misfit.object {
                ObjectRef::Enum(name) if made.enums.contains_key(name) => Some(name.clone()),
                _ => None,
            });
            if !again.any(|name| explicit.insert(name)) {
                break (replayer, rest, misfits);
            }
        };
        misfits.extend(misfits_after);
        let mut differences = diff(&after, &made);
        differences.extend(diff(&head, replayer.state()));
        differences.dedup();

        let mut reads = BTreeSet::new();
        for (node, _, step) in &rest {
            reads.extend(Read::all(self.graph().id(*node), &step.options));
        }
        let gone: Vec<PathBuf> =
            parts.goes.iter().filter_map(|n| self.row_of(*n)).map(|row| self.path(row).to_owned()).collect();
        let unregistered = self.unregistered_options(&files, &options.schema.import_roots, &gone, &reads);

        let squashed = self.squashed(parts, id);
        let replaces = self.replaces(parts, id);
        let heading = Heading {
            revision: id.to_owned(),
            down_revision: lower.map(|n| self.graph().id(n).to_owned()).into_iter().collect(),
            branch_labels: self.labels_of(&parts.goes),
            replaces: replaces.clone(),
            message: format!("squashed {} migrations", parts.goes.len()),
            notes: self.notes(parts, id, &carried).into_iter().chain(unregistered.notes()).collect(),
            loads: unregistered.modules.into_keys().collect(),
            ..Heading::default()
        };
        let rendered = migration(&heading, &from, &changes, &back, &explicit);
        let (path, shelf) = self.places(parts, id);
        Squash {
            revision: id.to_owned(),
            down_revision: heading.down_revision,
            squashed,
            replaces,
            path,
            shelf,
            rendered,
            importers: self.importers(parts),
            carried,
            problems,
            misfits,
            differences,
        }
    }

    fn upper_end(&self, wanted: &str) -> Result<Node, SquashError> {
        let graph = self.graph();
        match wanted {
            "" | "head" | "heads" => match graph.heads().as_slice() {
                [one] => Ok(*one),
                many => {
                    Err(SquashError::SeveralHeads(many.iter().map(|n| graph.id(*n).to_owned()).collect()))
                }
            },
            id => Ok(self.defined(id)?),
        }
    }

    /// The one revision of an id, or of the beginning of one.
    fn defined(&self, id: &str) -> Result<Node, SchemaError> {
        let graph = self.graph();
        if let Some(node) = graph.defined().find(|n| graph.id(*n) == id) {
            return Ok(node);
        }
        let mut like = graph.defined().filter(|n| graph.id(*n).starts_with(id));
        match (like.next(), like.next()) {
            (Some(node), None) => Ok(node),
            (Some(_), Some(_)) => {
                Err(SchemaError::NoSuchRevision(format!("several revisions begin with `{id}`")))
            }
            (None, _) => Err(self.no_such_revision(id)),
        }
    }

    pub(crate) fn no_such_revision(&self, id: &str) -> SchemaError {
        let squashed = self
            .replaced_by(id)
            .map_or(String::new(), |node| format!("; it was squashed into `{}`", self.graph().id(node)));
        SchemaError::NoSuchRevision(format!("no revision `{id}` is in the chain{squashed}"))
    }

    /// Returns the revision whose file says in `replaces` that it stands for an id.
    #[must_use]
    pub fn replaced_by(&self, id: &str) -> Option<Node> {
        let row = self.files().iter().position(|file| replaces_of(&file.path).iter().any(|r| r == id))?;
        self.graph().node_of_row(row)
    }

    fn stands_on(&self, node: Node) -> Vec<Node> {
        let graph = self.graph();
        let mut out = graph.parents(node);
        for row in graph.rows(node) {
            out.extend(graph.dependencies_of_row(*row));
        }
        out
    }

    /// A revision with all that it stands on.
    fn closure(&self, node: Node) -> BTreeSet<Node> {
        let mut found = BTreeSet::new();
        let mut left = vec![node];
        while let Some(node) = left.pop() {
            if found.insert(node) {
                left.extend(self.stands_on(node));
            }
        }
        found
    }

    fn run_through(&self, replayer: &mut Replayer<'_>, nodes: &[Node]) -> Vec<(Node, RowIndex, Step)> {
        let rows = nodes.iter().filter_map(|node| Some((*node, self.row_of(*node)?)));
        rows.map(|(node, row)| (node, row, replayer.step(self.path(row), Direction::Upgrade))).collect()
    }

    fn misfits(&self, operations: &[Operation], steps: &[(Node, RowIndex, Step)]) -> Vec<(String, Mismatch)> {
        let mut out = Vec::new();
        for (node, _, step) in steps {
            let id = self.graph().id(*node);
            for operation in &operations[step.operations.clone()] {
                for (_, applied) in &operation.changes {
                    out.extend(applied.mismatches.iter().map(|m| (id.to_owned(), m.clone())));
                }
            }
            if let Outcome::Raises(reason, _) = &step.outcome {
                let kind =
                    cucurbit_schema::MismatchKind::Refused { reason: format!("upgrade() raises {reason}") };
                let object = ObjectRef::Schema(String::new());
                out.push((id.to_owned(), Mismatch { object, kind }));
            }
        }
        out
    }

    /// What keeps the state from being known, and what is more than the schema.
    fn look_through(
        &self,
        files: &ProjectFiles,
        operations: &[Operation],
        steps: &[(Node, RowIndex, Step)],
    ) -> (Vec<String>, Vec<CarriedStep>) {
        let mut problems = Vec::new();
        let mut reader = StepReader { files, filled: BTreeSet::new(), out: Vec::new() };
        for (node, row, step) in steps {
            let id = self.graph().id(*node);
            match &step.outcome {
                Outcome::Completed => {}
                Outcome::Raises(what, _) => problems.push(format!("{id} raises {what}")),
                Outcome::NoFunction => problems.push(format!("{id} has no upgrade()")),
                Outcome::Unreadable => problems.push(format!("{id} cannot be read")),
            }
            if step.exhausted {
                problems.push(format!("{id} is too long to be followed to its end"));
            }
            for operation in &operations[step.operations.clone()] {
                for (change, applied) in &operation.changes {
                    let place = || {
                        let path = self.shown_path(&files.path(operation.place.file));
                        format!("{path}:{}", line_of(files, operation.place))
                    };
                    if let Change::Unknown(effect) = change {
                        problems.push(format!("{}: {}", place(), effect.reason));
                    }
                    for mismatch in &applied.mismatches {
                        problems.push(format!("{}: {mismatch}", place()));
                    }
                }
                reader.operation(id, operation);
            }
            reader.lines(id, step.file, self.path(*row));
            if step.operations.is_empty() {
                reader.silent(id, step.file, self.path(*row));
            }
        }
        (problems, reader.out)
    }

    fn squashed(&self, parts: &Parts, id: &str) -> Vec<SquashedRevision> {
        let (_, shelf) = self.places(parts, id);
        let mut out = Vec::with_capacity(parts.goes.len());
        let mut names = BTreeSet::new();
        for node in &parts.goes {
            let Some(row) = self.row_of(*node) else { continue };
            let path = self.path(row).to_owned();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // Files of several folders may have one name.
            let mut moved_to = shelf.join(&name);
            let mut number = 2;
            while !names.insert(moved_to.clone()) {
                moved_to = shelf.join(format!("{number}_{name}"));
                number += 1;
            }
            let bytes = std::fs::read(&path).unwrap_or_default();
            out.push(SquashedRevision { id: self.graph().id(*node).to_owned(), path, moved_to, bytes });
        }
        out
    }

    fn replaces(&self, parts: &Parts, id: &str) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for node in &parts.goes {
            let own = self.graph().id(*node);
            let older = self.row_of(*node).map(|row| replaces_of(self.path(row))).unwrap_or_default();
            for replaced in older.into_iter().chain([own.to_owned()]) {
                if replaced != id && !out.contains(&replaced) {
                    out.push(replaced);
                }
            }
        }
        out
    }

    fn labels_of(&self, nodes: &[Node]) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for row in nodes.iter().filter_map(|n| self.row_of(*n)) {
            for (label, _) in self.facts(row).branch_labels.strings() {
                if !out.iter().any(|l| l == label) {
                    out.push(label.to_owned());
                }
            }
        }
        out
    }

    /// The new file, and the folder for the old ones: beside the version folder, where Alembic does not look.
    fn places(&self, parts: &Parts, id: &str) -> (PathBuf, PathBuf) {
        let name: String =
            id.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).collect();
        let last = parts.goes.last().and_then(|n| self.row_of(*n)).map(|row| self.path(row).to_owned());
        let folder = last.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
        let locations = self.environment().version_locations.iter().map(|l| l.path.as_path());
        let location = locations.filter(|l| folder.starts_with(l)).max_by_key(|l| l.components().count());
        let location = location.unwrap_or(&folder);
        let beside = match (location.file_name(), location.parent()) {
            (Some(_), Some(parent)) => parent.join("squashed"),
            _ => location.join("..").join("squashed"),
        };
        (folder.join(format!("{name}_squashed.py")), beside.join(name))
    }

    /// Files that stay and import one that goes.
    fn importers(&self, parts: &Parts) -> Vec<(PathBuf, PathBuf)> {
        let stems: Vec<(String, PathBuf)> = parts
            .goes
            .iter()
            .filter_map(|n| self.row_of(*n))
            .filter_map(|row| {
                let path = self.path(row);
                Some((path.file_stem()?.to_str()?.to_owned(), path.to_owned()))
            })
            .collect();
        let mut out = Vec::new();
        for row in parts.below.iter().chain(&parts.rest).filter_map(|n| self.row_of(*n)) {
            let Ok(source) = cucurbit_alembic::read_source(self.path(row)) else { continue };
            let lines = source.text.as_str().lines().filter(|line| line.contains("import"));
            let text: String = lines.flat_map(|line| [line, "\n"]).collect();
            for (stem, path) in &stems {
                let at = |front: &str| text.contains(&format!("{front}{stem}"));
                if at("import ") || at("from ") || at(".") || at("\"") || at("'") {
                    out.push((self.path(row).to_owned(), path.clone()));
                }
            }
        }
        out
    }

    fn notes(&self, parts: &Parts, id: &str, carried: &[CarriedStep]) -> Vec<String> {
        let mut out = vec!["This migration stands for these, in the order in which they ran:".to_owned()];
        for node in &parts.goes {
            let row = self.row_of(*node);
            let message = row
                .and_then(|row| self.facts(row).docstring.as_ref())
                .map(|doc| doc.message().split_whitespace().collect::<Vec<_>>().join(" "))
                .unwrap_or_default();
            let file = row.map(|row| self.shown_path(self.path(row))).unwrap_or_default();
            out.push(format!("- {} ({file}) {message}", self.graph().id(*node)));
        }
        out.push(" ".to_owned());
        out.push(format!(
            "A database at `{id}` or above needs nothing. One at another of these ids has to be"
        ));
        out.push(format!(
            "brought to `{id}` with the old files first; if its schema is that of `{id}` already:"
        ));
        out.push(format!("alembic stamp --purge {}", shell_word(id)));
        if !carried.is_empty() {
            out.push(" ".to_owned());
            out.push("Not carried over; review each:".to_owned());
            for step in carried {
                let path = self.shown_path(&step.path);
                out.push(format!("- {path}:{} ({}) {}", step.line, step.revision, step.what));
                out.extend(step.text.lines().map(|line| format!("      {line}")));
            }
        }
        out
    }
}

/// An id as a word of a shell.
fn shell_word(id: &str) -> String {
    let is_plain = id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if is_plain && !id.starts_with('-') { id.to_owned() } else { format!("'{}'", id.replace('\'', "'\\''")) }
}

/// The chain, cut in three.
struct Parts {
    below: Vec<Node>,
    goes: Vec<Node>,
    rest: Vec<Node>,
}

fn without_origins(database: &Rc<Database>) -> Database {
    let mut out = database.as_ref().clone();
    out.forget_origins();
    out
}

fn line_of(files: &ProjectFiles, place: Place) -> u32 {
    let Some(parsed) = files.text(place.file) else { return 1 };
    cucurbit_text::LineIndex::new(parsed.text()).position(parsed.text(), place.span.start).line
}

/// The ids that a revision file says it replaces.
fn replaces_of(path: &Path) -> Vec<String> {
    let Ok(source) = cucurbit_alembic::read_source(path) else { return Vec::new() };
    let text = source.text.as_str();
    if !text.contains("replaces") {
        return Vec::new();
    }
    let module = Module::read(text);
    match module.variable("replaces") {
        Variable::Known(binding) => {
            let strings = binding.value.strings().unwrap_or_default();
            strings.into_iter().map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// Sorts out what of a migration is more than the schema.
struct StepReader<'f> {
    files: &'f ProjectFiles,
    /// Tables that hold rows on a new database.
    filled: BTreeSet<ObjectName>,
    out: Vec<CarriedStep>,
}

/// What an ORM session is seen by: its rows leave no statement.
const SESSIONS: [&str; 9] = [
    "Session(",
    "sessionmaker(",
    ".bulk_save_objects(",
    ".bulk_insert_mappings(",
    ".bulk_update_mappings(",
    ".add_all(",
    "session.add(",
    "session.merge(",
    "session.delete(",
];

impl StepReader<'_> {
    fn operation(&mut self, revision: &str, operation: &Operation) {
        let (mut written, mut idle, mut others) = (Vec::new(), true, Vec::new());
        for (change, _) in &operation.changes {
            match change {
                Change::Rows { table, effect, .. } => {
                    let verb = match effect {
                        RowEffect::Read => continue,
                        RowEffect::Insert => "inserts into",
                        RowEffect::Update => "updates",
                        RowEffect::Delete => "deletes from",
                    };
                    idle &= *effect != RowEffect::Insert && !self.filled.contains(table);
                    if *effect == RowEffect::Insert {
                        self.filled.insert(table.clone());
                    }
                    written.push(format!("{verb} {table}"));
                }
                Change::Nothing { what } => others.push(what.clone()),
                _ => {}
            }
        }
        let (kind, what) = match (&operation.certainty, written.is_empty(), others.is_empty()) {
            (_, false, _) if idle => {
                (StepKind::IdleData, format!("{}; does nothing on a new database", written.join(", ")))
            }
            (_, false, _) => (StepKind::Data, written.join(", ")),
            (Certainty::Unknown(reason), ..) => (StepKind::Unknown, format!("cannot be told: {reason}")),
            (Certainty::Guarded { reason, .. }, true, true) => (
                StepKind::Guarded,
                format!("depends on what cannot be told ({reason}); taken as done, and in this migration"),
            ),
            (_, true, false) => {
                (StepKind::Statement, format!("not part of the schema: {}", others.join(", ")))
            }
            _ => return,
        };
        let text = self.text(operation.place);
        let path = self.files.path(operation.place.file);
        let line = line_of(self.files, operation.place);
        self.push(CarriedStep { revision: revision.to_owned(), path, line, kind, what, text });
    }

    /// Sessions of the ORM, by what is written.
    fn lines(&mut self, revision: &str, file: FileId, path: &Path) {
        let Some(parsed) = self.files.text(file) else { return };
        let text = parsed.text().to_owned();
        for (at, line) in text.lines().enumerate() {
            let trimmed = line.trim();
            let is_code =
                !trimmed.starts_with('#') && !trimmed.starts_with("import ") && !trimmed.starts_with("from ");
            if is_code && SESSIONS.iter().any(|sign| line.contains(sign)) {
                self.push(CarriedStep {
                    revision: revision.to_owned(),
                    path: path.to_owned(),
                    line: u32::try_from(at + 1).unwrap_or(u32::MAX),
                    kind: StepKind::Data,
                    what: "works with rows through a session".to_owned(),
                    text: trimmed.to_owned(),
                });
            }
        }
    }

    /// A migration that calls operations, of which none was met on the way through it.
    fn silent(&mut self, revision: &str, file: FileId, path: &Path) {
        let Some(parsed) = self.files.text(file) else { return };
        let text = parsed.text().to_owned();
        let mut inside = false;
        for (at, line) in text.lines().enumerate() {
            if !line.is_empty() && !line.starts_with([' ', '\t', '#', ')']) {
                inside = line.starts_with("def upgrade");
            }
            if inside && (line.contains("op.") || line.contains("execute(")) {
                return self.push(CarriedStep {
                    revision: revision.to_owned(),
                    path: path.to_owned(),
                    line: u32::try_from(at + 1).unwrap_or(u32::MAX),
                    kind: StepKind::Unknown,
                    what: "nothing of this migration was found to be done on this database".to_owned(),
                    text: line.trim().to_owned(),
                });
            }
        }
    }

    fn push(&mut self, step: CarriedStep) {
        // A loop, or a helper that many call, says it once.
        let is_same =
            |s: &CarriedStep| s.path == step.path && s.line == step.line && s.revision == step.revision;
        if !self.out.iter().any(is_same) {
            self.out.push(step);
        }
    }

    fn text(&self, place: Place) -> String {
        let Some(parsed) = self.files.text(place.file) else { return String::new() };
        let (start, end) = (place.span.start as usize, place.span.end as usize);
        parsed.text().get(start..end).unwrap_or_default().to_owned()
    }
}
