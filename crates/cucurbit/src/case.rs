//! One environment with all that was read of it: configuration, files, graph.
//!
//! A case is plain data. Rules see it read-only and do no input or output.

use crate::alembic_answer::{AlembicAnswer, map_of};
use crate::finding::Place;
use cucurbit_alembic::config::{Environment, TemplatePromise, template_promises};
use cucurbit_alembic::{
    Entry, EntryKind, Field, FileProblem, FolderOptions, Ignored, Listing, ParsedFiles, PassedOver,
    RevisionFacts, RevisionFile, UnlistedFolder, list_folders, read_revision_file,
};
use cucurbit_graph::{GraphRow, Node, References, RevisionGraph, RevisionMap, RowIndex};
use cucurbit_text::Span;
use rayon::prelude::*;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Of so many files that Alembic passes over, at most, the contents are looked at.
const MAX_IGNORED_READ: usize = 2_000;

/// A file that Alembic passes over and that states a revision, or may.
#[derive(Debug, Clone)]
pub struct IgnoredFile {
    /// The file.
    pub path: PathBuf,
    /// Why Alembic does not look at it.
    pub why: PassedOver,
    /// What it states; empty for bytecode.
    pub facts: RevisionFacts,
}

/// One Alembic environment and what its files state.
#[derive(Debug)]
pub struct Case {
    environment: Environment,
    files: Vec<RevisionFile>,
    repeated: Vec<PathBuf>,
    ignored: Vec<IgnoredFile>,
    unlisted: Vec<UnlistedFolder>,
    graph: RevisionGraph,
    template: TemplatePromise,
    answer: OnceLock<(AlembicAnswer, OnceLock<Option<RevisionMap>>)>,
    version_column_width: Option<usize>,
    /// The files as they were read, and what they import once that was needed.
    parsed: OnceLock<Arc<ParsedFiles>>,
}

impl Case {
    /// Reads an environment. Never fails: what cannot be read is part of the case.
    ///
    /// Files are read in parallel on the current thread pool; the result does not depend on it.
    #[must_use]
    pub fn read(environment: Environment) -> Self {
        let folders: Vec<PathBuf> = environment.version_locations.iter().map(|l| l.path.clone()).collect();
        let options = FolderOptions { recursive: environment.recursive, sourceless: environment.sourceless };
        let Listing { entries, ignored, unlisted } = list_folders(&folders, &options);
        let (repeated, loaded): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|e| e.kind == EntryKind::Repeated);
        let files: Vec<RevisionFile> =
            loaded.par_iter().map(|entry| read_entry(&entry.path, entry.kind)).collect();
        let ignored = read_ignored(&ignored, &loaded);
        let rows: Vec<GraphRow> = files.par_iter().map(graph_row).collect();
        let graph = RevisionGraph::new(&rows);
        // Very many small pieces; nobody need wait for them to be freed.
        rayon::spawn(move || drop((rows, loaded)));
        let template = template_promises(&environment.file_template.value);
        let repeated = repeated.into_iter().map(|entry| entry.path).collect();
        let in_env_py = environment.env_py.as_deref().and_then(width_in_env_py);
        let version_column_width =
            files.iter().filter_map(|file| file.facts.version_column_width).chain(in_env_py).max();
        Self {
            environment,
            files,
            repeated,
            ignored,
            unlisted,
            graph,
            template,
            answer: OnceLock::new(),
            version_column_width,
            parsed: OnceLock::new(),
        }
    }

    /// Returns the configuration.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Returns the files that Alembic loads, in load order; their indexes are the graph's rows.
    #[must_use]
    pub fn files(&self) -> &[RevisionFile] {
        &self.files
    }

    /// Returns the store from which every replay takes its files.
    pub(crate) fn parsed_files(&self) -> Arc<ParsedFiles> {
        Arc::clone(self.parsed.get_or_init(|| Arc::new(ParsedFiles::with(&self.files))))
    }

    /// Returns the files that Alembic would load a second time, in load order.
    #[must_use]
    pub fn repeated(&self) -> &[PathBuf] {
        &self.repeated
    }

    /// Returns the files that Alembic passes over, by path.
    #[must_use]
    pub fn ignored(&self) -> &[IgnoredFile] {
        &self.ignored
    }

    /// Returns the folders that could not be listed.
    #[must_use]
    pub fn unlisted(&self) -> &[UnlistedFolder] {
        &self.unlisted
    }

    /// Tells whether revision files in subfolders, at which Alembic does not look as it is configured, belong to the
    /// chain: there are no others, or they stand on them. An archive of revisions that were squashed does not.
    #[must_use]
    pub fn reaches_below(&self) -> bool {
        let below =
            || self.ignored.iter().filter(|file| file.why == PassedOver::Subfolder).map(|file| &file.facts);
        let is_defined = |id: &str| self.graph.node(id).is_some_and(|node| !self.graph.is_missing(node));
        below().filter(|facts| facts.revision.as_str().is_some()).any(|facts| {
            let mut named = facts.down_revision.strings().into_iter().chain(facts.depends_on.strings());
            self.files.is_empty() || named.any(|(id, _)| is_defined(id))
        })
    }

    /// Returns the revision graph.
    #[must_use]
    pub fn graph(&self) -> &RevisionGraph {
        &self.graph
    }

    /// Returns what file names promise in this environment.
    #[must_use]
    pub fn template(&self) -> &TemplatePromise {
        &self.template
    }

    /// Returns what Alembic would answer, which is found out when it is first asked for.
    #[must_use]
    pub fn alembic(&self) -> &AlembicAnswer {
        &self.answered().0
    }

    /// Returns the chain as Alembic holds it, if Alembic loads it. Made when it is first asked for.
    #[must_use]
    pub fn alembic_map(&self) -> Option<&RevisionMap> {
        let (answer, map) = self.answered();
        let AlembicAnswer::Loads { .. } = answer else { return None };
        map.get_or_init(|| map_of(&self.files)).as_ref()
    }

    fn answered(&self) -> &(AlembicAnswer, OnceLock<Option<RevisionMap>>) {
        self.answer.get_or_init(|| {
            let (answer, map) = AlembicAnswer::of(&self.files, &self.environment, &self.graph);
            (answer, map.map_or_else(OnceLock::new, |map| OnceLock::from(Some(map))))
        })
    }

    /// Returns how wide `env.py` or a migration makes the version table's column, if one does.
    #[must_use]
    pub fn version_column_width(&self) -> Option<usize> {
        self.version_column_width
    }

    /// Returns the facts of a row.
    #[must_use]
    pub fn facts(&self, row: RowIndex) -> &RevisionFacts {
        &self.files[row].facts
    }

    /// Returns the path of a row.
    #[must_use]
    pub fn path(&self, row: RowIndex) -> &Path {
        &self.files[row].path
    }

    /// Returns the path of a row without the version folder and the suffix, which is what a file
    /// template makes.
    #[must_use]
    pub fn stem(&self, row: RowIndex) -> String {
        self.stem_of(self.path(row))
    }

    /// Returns the same for any path.
    #[must_use]
    pub fn stem_of(&self, path: &Path) -> String {
        let inside = self
            .environment
            .version_locations
            .iter()
            .filter_map(|location| inside(path, &location.path))
            .min_by_key(|rest| rest.as_os_str().len())
            .unwrap_or(path);
        let text = match inside.to_str().and_then(|text| text.strip_suffix(".py")) {
            Some(text) if !text.is_empty() && !text.ends_with(['/', '.']) => text.to_owned(),
            _ => inside.with_extension("").to_string_lossy().into_owned(),
        };
        if text.contains('\\') { text.replace('\\', "/") } else { text }
    }

    /// Returns the place of a span of a row's file.
    #[must_use]
    pub fn place(&self, row: RowIndex, span: Option<Span>) -> Place {
        Place::at(self.path(row), span)
    }

    /// Returns the place where a row states its id: the value, or the file.
    #[must_use]
    pub fn id_place(&self, row: RowIndex) -> Place {
        self.place(row, self.facts(row).revision.span())
    }

    /// Returns the place of one parent in a row, counted as written.
    #[must_use]
    pub fn parent_place(&self, row: RowIndex, position: usize) -> Place {
        self.place(row, item_span(&self.facts(row).down_revision, position))
    }

    /// Returns the place of one dependency in a row, counted as written.
    #[must_use]
    pub fn dependency_place(&self, row: RowIndex, position: usize) -> Place {
        self.place(row, item_span(&self.facts(row).depends_on, position))
    }

    /// Returns the first file that defines a revision.
    #[must_use]
    pub fn row_of(&self, node: Node) -> Option<RowIndex> {
        self.graph.rows(node).first().copied()
    }

    /// Tells whether some file may define a revision of an id that cannot be told.
    #[must_use]
    pub fn has_unknown_ids(&self) -> bool {
        self.files.iter().any(|file| may_hide_a_revision(&file.facts))
    }

    /// Returns the folder to blame when there is no file: the first version folder.
    #[must_use]
    pub fn folder_place(&self) -> Place {
        let first = self.environment.version_locations.first();
        Place::file(first.map_or_else(|| self.environment.folder(), |location| location.path.as_path()))
    }
}

/// What a path is below a folder. Listed paths begin with the folder letter for letter, so that they need not be taken
/// apart.
fn inside<'p>(path: &'p Path, folder: &Path) -> Option<&'p Path> {
    let whole = path.as_os_str().to_str().zip(folder.as_os_str().to_str());
    let rest = whole.and_then(|(path, folder)| path.strip_prefix(folder)?.strip_prefix('/'));
    match rest {
        Some(rest) if !rest.starts_with(['/', '.']) => Some(Path::new(rest)),
        _ => path.strip_prefix(folder).ok(),
    }
}

/// Tells whether the file may define a revision although its id cannot be told.
pub(crate) fn may_hide_a_revision(facts: &RevisionFacts) -> bool {
    facts.revision.is_unknown() || (facts.revision == Field::Absent && !facts.problems.is_empty())
}

/// Reads what Alembic passes over. A subfolder may be a version location of its own, and then its
/// files are loaded after all.
fn read_ignored(ignored: &[Ignored], loaded: &[Entry]) -> Vec<IgnoredFile> {
    if ignored.is_empty() {
        return Vec::new();
    }
    let loaded: HashSet<&Path> = loaded.iter().map(|entry| entry.path.as_path()).collect();
    let read = |ignored: &Ignored| IgnoredFile {
        path: ignored.path.clone(),
        why: ignored.why,
        facts: match ignored.why {
            PassedOver::Bytecode => RevisionFacts::default(),
            _ => read_revision_file(&ignored.path).facts,
        },
    };
    let ignored = &ignored[..ignored.len().min(MAX_IGNORED_READ)];
    ignored.par_iter().filter(|ignored| !loaded.contains(ignored.path.as_path())).map(read).collect()
}

fn read_entry(path: &Path, kind: EntryKind) -> RevisionFile {
    let problem = match kind {
        EntryKind::Special => FileProblem::NotAFile,
        EntryKind::BrokenLink => FileProblem::BrokenLink,
        EntryKind::Bytecode => {
            let facts = RevisionFacts {
                revision: Field::Unknown { why: unknown_bytecode(), span: None },
                down_revision: Field::Unknown { why: unknown_bytecode(), span: None },
                upgrade: cucurbit_alembic::Presence::CannotTell,
                names_a_revision: true,
                ..RevisionFacts::default()
            };
            return RevisionFile { path: path.to_path_buf(), facts, source: None };
        }
        EntryKind::Source | EntryKind::Repeated => return read_revision_file(path),
    };
    RevisionFile {
        path: path.to_path_buf(),
        facts: RevisionFacts { problems: vec![problem], ..Default::default() },
        source: None,
    }
}

fn width_in_env_py(path: &Path) -> Option<usize> {
    cucurbit_alembic::version_column_width(cucurbit_alembic::read_source(path).ok()?.text.as_str())
}

fn unknown_bytecode() -> cucurbit_python::Unknown {
    cucurbit_python::Unknown::Expression("in bytecode, which is not read")
}

pub(crate) fn graph_row(file: &RevisionFile) -> GraphRow {
    let facts = &file.facts;
    let labels = facts.branch_labels.strings().into_iter().map(|(label, _)| label.to_owned()).collect();
    GraphRow {
        id: revision_id(file),
        // Without the variable Alembic does not load the file at all, so nothing is known of its parents.
        parents: match facts.down_revision {
            Field::Absent => References::Unknown,
            ref field => references(field),
        },
        dependencies: match references(&facts.depends_on) {
            // An empty string is no dependency to Alembic.
            References::Known(ids) => {
                References::Known(ids.into_iter().filter(|id| !id.is_empty()).collect())
            }
            unknown => unknown,
        },
        labels,
    }
}

/// Returns the id of a file as Alembic finds it: the variable, else a file name of the 0.1 style.
pub(crate) fn revision_id(file: &RevisionFile) -> Option<String> {
    match &file.facts.revision {
        Field::Known { value, .. } => value.as_str().map(str::to_owned),
        Field::Unknown { .. } => None,
        Field::Absent => {
            let id = old_style_id(&file.path).filter(|_| file.facts.down_revision != Field::Absent);
            id.map(str::to_owned)
        }
    }
}

/// Returns the id that a file name of the 0.1 style is: hexadecimal digits and nothing else.
pub(crate) fn old_style_id(path: &Path) -> Option<&str> {
    let stem = path.file_name()?.to_str()?.strip_suffix(".py")?;
    let hexadecimal = stem.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (hexadecimal && !stem.is_empty()).then_some(stem)
}

/// Returns the name under which Alembic loads a file, as tracebacks show it.
pub(crate) fn module_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.replace(|c: char| !(c.is_alphanumeric() || c == '_'), "_")
}

fn references(field: &Field) -> References {
    match field {
        Field::Absent => References::default(),
        Field::Unknown { .. } => References::Unknown,
        Field::Known { value, .. } => match value {
            cucurbit_python::Value::None => References::default(),
            cucurbit_python::Value::Str(id) => References::Known(vec![id.clone()]),
            sequence => match sequence.items() {
                Some([item]) if item.value == cucurbit_python::Value::None => References::default(),
                Some(items) => items
                    .iter()
                    .map(|item| item.value.as_str().map(str::to_owned))
                    .collect::<Option<Vec<_>>>()
                    .map_or(References::Unknown, References::Known),
                None => References::Unknown,
            },
        },
    }
}

fn item_span(field: &Field, position: usize) -> Option<Span> {
    match field {
        Field::Known { value, span } => {
            Some(value.items().and_then(|items| items.get(position)).map_or(*span, |item| item.span))
        }
        other => other.span(),
    }
}
