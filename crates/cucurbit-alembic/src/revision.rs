//! What one revision file states: its four variables, its docstring, its functions.
//!
//! Source: Alembic 1.20 `Script` and `Revision`. Facts are what stands in the file, with spans;
//! whether they make sense together is not judged here.

use crate::folder::reason;
use crate::imports::ImportResolver;
use crate::project::MAX_FILE;
use cucurbit_python::eval::Parsed;
use cucurbit_python::{Binding, MAX_SOURCE_BYTES, Module, Unknown, Value, Variable};
use cucurbit_text::{DecodeProblem, SourceText, Span};
use memchr::memmem::Finder;
use regex::Regex;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, OnceLock};

/// A variable that Alembic reads from the module.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Field {
    /// Nothing binds it.
    #[default]
    Absent,
    /// The value is known.
    Known {
        /// The value.
        value: Value,
        /// Where the value stands.
        span: Span,
    },
    /// The value cannot be told without running the file.
    Unknown {
        /// Why.
        why: Unknown,
        /// Where it is bound, if that is in this file.
        span: Option<Span>,
    },
}

impl Field {
    /// Returns the text when the value is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Field::Known { value, .. } => value.as_str(),
            _ => None,
        }
    }

    /// Returns where the value stands.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        match self {
            Field::Absent => None,
            Field::Known { span, .. } => Some(*span),
            Field::Unknown { span, .. } => *span,
        }
    }

    /// Tells whether the value is there but cannot be told.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Field::Unknown { .. })
    }

    /// Returns every string of the value with the place where it stands, in order.
    #[must_use]
    pub fn strings(&self) -> Vec<(&str, Span)> {
        match self {
            Field::Known { value: Value::Str(text), span } => vec![(text, *span)],
            Field::Known { value, .. } => {
                let items = value.items().unwrap_or_default();
                items.iter().filter_map(|item| Some((item.value.as_str()?, item.span))).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Whether a function is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Presence {
    /// The name is bound.
    Present,
    /// It cannot be told.
    CannotTell,
    /// The name is not bound.
    #[default]
    Absent,
}

/// A line of the docstring such as `Revises: a, b`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocLine {
    /// The text behind the colon, trimmed.
    pub text: String,
    /// Where that text stands; empty and behind the colon when there is none.
    pub span: Span,
}

/// The module's docstring.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Docstring {
    /// The text, trimmed as Alembic does.
    pub text: String,
    /// Where the literal stands.
    pub span: Span,
    /// `Revision ID:`
    pub revision_id: Option<DocLine>,
    /// `Revises:`
    pub revises: Option<DocLine>,
    /// `Create Date:`
    pub create_date: Option<DocLine>,
}

impl Docstring {
    /// Returns the message: the part before the first blank line.
    #[must_use]
    pub fn message(&self) -> &str {
        self.text.split("\n\n").next().unwrap_or_default()
    }
}

/// What keeps Alembic from loading a file, or us from reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileProblem {
    /// The system would not give its bytes.
    Unreadable {
        /// What the system said, without the path.
        reason: String,
    },
    /// A pipe, a socket or a device.
    NotAFile,
    /// A link without a target.
    BrokenLink,
    /// Python would not decode it.
    Decode(DecodeProblem),
    /// Python would not parse it, or it is over our limits.
    Python(cucurbit_python::Problem),
}

/// What one file states.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RevisionFacts {
    /// `revision`
    pub revision: Field,
    /// `down_revision`
    pub down_revision: Field,
    /// `branch_labels`
    pub branch_labels: Field,
    /// `depends_on`
    pub depends_on: Field,
    /// The docstring.
    pub docstring: Option<Docstring>,
    /// `upgrade`
    pub upgrade: Presence,
    /// `downgrade`
    pub downgrade: Presence,
    /// The databases that the file is for, as Alembic's template `multidb` has it: `upgrade` takes the name of one and
    /// calls `upgrade_name`. None where `upgrade` takes nothing.
    pub engines: Vec<String>,
    /// Places of merge conflict markers.
    pub conflict_markers: Vec<Span>,
    /// What is wrong with the file, in the order in which Python would meet it.
    pub problems: Vec<FileProblem>,
    /// The file states a `revision` or a `down_revision` of any kind.
    pub names_a_revision: bool,
    /// The width that the file gives the column of the version table, if it alters that.
    pub version_column_width: Option<usize>,
}

/// One file and what it states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionFile {
    /// The path as listed.
    pub path: PathBuf,
    /// What it states.
    pub facts: RevisionFacts,
    /// Its text, for whoever wants to know more of it; `None` when it could not be read or is too large.
    pub source: Option<RevisionSource>,
}

/// The text of a revision file, with its syntax once somebody needed it; clones share both.
#[derive(Debug, Clone)]
pub struct RevisionSource {
    text: Arc<str>,
    parsed: Arc<OnceLock<Arc<Parsed>>>,
}

impl RevisionSource {
    /// Returns the text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the parsed text; parses it when nobody did before. Threads that ask at once wait for the first.
    #[must_use]
    pub fn parsed(&self) -> Arc<Parsed> {
        Arc::clone(self.parsed.get_or_init(|| Arc::new(Parsed::parse(Arc::clone(&self.text)))))
    }
}

/// The syntax follows from the text.
impl PartialEq for RevisionSource {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for RevisionSource {}

/// What Alembic looks for in a module.
const NAMES: [&str; 6] = ["revision", "down_revision", "branch_labels", "depends_on", "upgrade", "downgrade"];

/// Reads a revision file; one that cannot be read gives facts that are empty but for the problem.
#[must_use]
pub fn read_revision_file(path: &Path) -> RevisionFile {
    let mut kept = None;
    let facts = match read_source(path) {
        Ok(source) => {
            let text: Arc<str> = Arc::from(source.text.as_str());
            let (module, parsed) = Module::read_names(&text, &NAMES);
            if source.bytes as u64 <= MAX_FILE {
                let parsed = parsed.map_or_else(OnceLock::new, |parsed| OnceLock::from(Arc::new(parsed)));
                kept = Some(RevisionSource { text, parsed: Arc::new(parsed) });
            }
            let mut facts = facts_of(&module, &source.text, Some(path));
            if let Some(bytes) = source.cut_from {
                // Where the text was cut, errors are of our making.
                facts.problems = vec![FileProblem::Python(cucurbit_python::Problem::TooLarge { bytes })];
            }
            facts
        }
        Err(problem) => RevisionFacts { problems: vec![problem], ..RevisionFacts::default() },
    };
    RevisionFile { path: path.to_path_buf(), facts, source: kept }
}

/// The text of a file, or the beginning of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadSource {
    /// The text.
    pub text: SourceText,
    /// The size of the file, when it was too large to be read whole.
    pub cut_from: Option<usize>,
    /// The size of the file.
    pub bytes: usize,
}

/// Reads and decodes a file; of one over [`MAX_SOURCE_BYTES`] only the beginning.
///
/// # Errors
/// [`FileProblem::Unreadable`] and [`FileProblem::NotAFile`].
pub fn read_source(path: &Path) -> Result<ReadSource, FileProblem> {
    let unreadable = |error: std::io::Error| FileProblem::Unreadable { reason: reason(&error) };
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(FileProblem::NotAFile);
    }
    let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    // Identifiers stand at the top; of a file too large a megabyte is far beyond any header.
    let (wanted, cut_from) = if size <= MAX_SOURCE_BYTES { (size, None) } else { (1 << 20, Some(size)) };
    // The size is known, so one call reads the file; `read_to_end` would ask for the size again.
    let mut bytes = vec![0; wanted];
    let mut filled = 0;
    while filled < wanted {
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    bytes.truncate(filled);
    Ok(ReadSource { text: SourceText::decode(bytes), cut_from, bytes: size })
}

/// Reads what a source text states. With a path, names imported from modules that stand near the
/// file are looked up in them.
#[must_use]
pub fn read_revision(source: &SourceText, path: Option<&Path>) -> RevisionFacts {
    facts_of(&Module::read(source.as_str()), source, path)
}

fn facts_of(module: &Module, source: &SourceText, path: Option<&Path>) -> RevisionFacts {
    let mut problems: Vec<FileProblem> =
        source.problem().cloned().map(FileProblem::Decode).into_iter().collect();
    problems.extend(module.problems.iter().cloned().map(FileProblem::Python));
    let mut imports = ImportResolver::new(path);
    let mut field = |name| read_field(module, name, &mut imports);
    let (revision, down_revision) = (field("revision"), field("down_revision"));
    let (branch_labels, depends_on) = (field("branch_labels"), field("depends_on"));
    let binds = |name: &str| module.bindings.iter().any(|b| b.name == name);
    RevisionFacts {
        revision,
        down_revision,
        branch_labels,
        depends_on,
        docstring: module.docstring.as_ref().map(|doc| read_docstring(source, doc)),
        upgrade: presence(module, "upgrade"),
        downgrade: presence(module, "downgrade"),
        engines: engines(module, source.as_str()),
        conflict_markers: module.conflict_markers.iter().map(|marker| marker.span()).collect(),
        names_a_revision: binds("revision") || binds("down_revision"),
        version_column_width: version_column_width(source.as_str()),
        problems,
    }
}

fn read_field(module: &Module, name: &str, imports: &mut ImportResolver<'_>) -> Field {
    match module.variable(name) {
        Variable::Absent => Field::Absent,
        Variable::Known(binding) => known(&binding.value, binding),
        Variable::Unknown(why, Some(binding)) => {
            let resolvable = !binding.conditional && !matches!(why, Unknown::Conflict(_));
            match resolvable.then(|| imports.resolve(&binding.value)).flatten() {
                Some(value) => known(&value, binding),
                None => Field::Unknown { why, span: Some(binding.value_span) },
            }
        }
        Variable::Unknown(why, None) => Field::Unknown { why, span: None },
    }
}

fn known(value: &Value, binding: &Binding) -> Field {
    Field::Known { value: value.clone(), span: binding.value_span }
}

fn engines(module: &Module, text: &str) -> Vec<String> {
    let takes_one = |function: &&cucurbit_python::Function| {
        let behind = text.get(function.name_span.end as usize..).unwrap_or_default().trim_start();
        let inside = behind.strip_prefix('(').unwrap_or_default().trim_start();
        function.name == "upgrade" && inside.starts_with(|c: char| c.is_alphabetic() || c == '_')
    };
    if !module.functions.iter().any(|function| takes_one(&function)) {
        return Vec::new();
    }
    let names = module.functions.iter().filter_map(|function| function.name.strip_prefix("upgrade_"));
    names.map(str::to_owned).collect()
}

fn presence(module: &Module, name: &str) -> Presence {
    if let Some(function) = module.functions.iter().rev().find(|f| f.name == name) {
        return if function.conditional { Presence::CannotTell } else { Presence::Present };
    }
    match module.variable(name) {
        Variable::Absent if module.problems.is_empty() => Presence::Absent,
        // A damaged file may hold the function where nothing could be read.
        Variable::Absent => Presence::CannotTell,
        Variable::Known(_) => Presence::Present,
        Variable::Unknown(Unknown::MayBeBoundElsewhere | Unknown::Conditional, _) => Presence::CannotTell,
        Variable::Unknown(..) => Presence::Present,
    }
}

static COLUMN_WIDTH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:string|unicode|varchar|character varying)\s*\(\s*(?:length\s*=\s*)?(\d{1,6})")
        .expect("the pattern is fixed and tested")
});

/// Returns the largest width of a text column in a source that speaks of the version table's
/// column. Projects widen it in `env.py` (`version_table_impl`) or in a migration.
#[must_use]
pub fn version_column_width(text: &str) -> Option<usize> {
    static VERSION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"version_"));
    let speaks_of_it =
        |at: usize| ["version_num", "version_table_impl"].iter().any(|name| text[at..].starts_with(name));
    if !VERSION.find_iter(text.as_bytes()).any(speaks_of_it) {
        return None;
    }
    COLUMN_WIDTH.captures_iter(text).filter_map(|found| found.get(1)?.as_str().parse().ok()).max()
}

fn read_docstring(source: &SourceText, literal: &cucurbit_python::StringLiteral) -> Docstring {
    let mut doc = Docstring {
        text: match literal.value.trim() {
            text if memchr::memchr(b'\r', text.as_bytes()).is_some() => text.replace("\r\n", "\n"),
            text => text.to_owned(),
        },
        span: literal.span,
        ..Docstring::default()
    };
    // The lines are looked for in the source, where they have places; escapes do not matter to them.
    let raw = source.slice(literal.span);
    let mut start = literal.span.start as usize;
    for line in raw.split_inclusive('\n') {
        if let Some((key, text)) = doc_line(line) {
            let at = start + (text.as_ptr() as usize - line.as_ptr() as usize);
            let found = DocLine { text: text.to_owned(), span: Span::of(at, at + text.len()) };
            let slot = match key {
                DocKey::RevisionId => &mut doc.revision_id,
                DocKey::Revises => &mut doc.revises,
                DocKey::CreateDate => &mut doc.create_date,
            };
            slot.get_or_insert(found);
        }
        start += line.len();
    }
    doc
}

#[derive(Debug, Clone, Copy)]
enum DocKey {
    RevisionId,
    Revises,
    CreateDate,
}

/// Reads `Revises: text`, the way Alembic's templates write it; case does not matter.
fn doc_line(line: &str) -> Option<(DocKey, &str)> {
    let line = line.trim_start_matches([' ', '\t', '"', '\'']);
    if !line.starts_with(['r', 'R', 'c', 'C']) {
        return None;
    }
    let keys = [
        ("revision id", DocKey::RevisionId),
        ("revises", DocKey::Revises),
        ("create date", DocKey::CreateDate),
    ];
    keys.iter().find_map(|(name, key)| {
        let rest = line
            .get(..name.len())
            .filter(|start| start.eq_ignore_ascii_case(name))
            .map(|_| &line[name.len()..])?;
        let text = rest.trim_start_matches([' ', '\t']).strip_prefix(':')?;
        // The end of the literal may stand on the same line.
        Some((*key, text.trim_start_matches([' ', '\t']).trim_end().trim_end_matches(['"', '\'']).trim_end()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(text: &str) -> RevisionFacts {
        read_revision(&SourceText::decode(text.as_bytes().to_vec()), None)
    }

    #[test]
    fn several_databases_are_those_that_upgrade_chooses_among() {
        let two = "def upgrade_users():\n    pass\n\ndef upgrade_rooms():\n    pass\n";
        assert_eq!(
            facts(&format!("def upgrade(engine_name: str) -> None:\n    pass\n\n{two}")).engines,
            ["users", "rooms"]
        );
        assert!(facts(&format!("def upgrade():\n    upgrade_users()\n\n{two}")).engines.is_empty());
    }

    #[test]
    fn a_generated_file_is_read_whole() {
        let text = "\"\"\"Add users.\n\nRevision ID: b2\nRevises: a1\nCreate Date: 2024-01-01 00:00:00\n\n\"\"\"\nrevision: str = 'b2'\ndown_revision: Union[str, None] = 'a1'\nbranch_labels = None\ndepends_on = ('c3', 'd4')\n\ndef upgrade() -> None:\n    pass\n";
        let facts = facts(text);
        assert_eq!(facts.revision.as_str(), Some("b2"));
        assert_eq!(facts.down_revision.as_str(), Some("a1"));
        assert_eq!(facts.depends_on.strings().iter().map(|s| s.0).collect::<Vec<_>>(), ["c3", "d4"]);
        let doc = facts.docstring.expect("a docstring");
        assert_eq!(doc.message(), "Add users.");
        let revises = doc.revises.expect("a line");
        assert_eq!((revises.text.as_str(), &text[revises.span.range()]), ("a1", "a1"));
        assert_eq!(doc.create_date.expect("a line").text, "2024-01-01 00:00:00");
        assert_eq!((facts.upgrade, facts.downgrade), (Presence::Present, Presence::Absent));
    }

    #[test]
    fn an_empty_revises_line_has_a_place() {
        let facts =
            facts("\"\"\"Base.\n\nRevision ID: a1\nRevises: \nCreate Date: now\"\"\"\nrevision = 'a1'\n");
        let doc = facts.docstring.expect("a docstring");
        assert_eq!(doc.revises.expect("a line").text, "");
        assert_eq!(doc.create_date.expect("a line").text, "now");
    }

    #[test]
    fn a_function_may_be_bound_in_many_ways() {
        assert_eq!(facts("from x import upgrade").upgrade, Presence::Present);
        assert_eq!(facts("upgrade = lambda: None").upgrade, Presence::Present);
        assert_eq!(facts("from x import *").upgrade, Presence::CannotTell);
        assert_eq!(facts("if a:\n    def upgrade(): pass").upgrade, Presence::CannotTell);
        assert_eq!(facts("revision = 'a'").upgrade, Presence::Absent);
    }

    #[test]
    fn a_widened_version_table_is_seen() {
        let width = |text: &str| facts(text).version_column_width;
        assert_eq!(
            width("op.alter_column('alembic_version', 'version_num', type_=sa.String(length=255))"),
            Some(255)
        );
        assert_eq!(
            width("op.execute('ALTER TABLE alembic_version ALTER version_num TYPE VARCHAR(64)')"),
            Some(64)
        );
        assert_eq!(width("op.add_column('t', sa.Column('c', sa.String(255)))"), None);
    }

    #[test]
    fn names_from_nearby_modules_are_looked_up() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(&path, text).expect("a file");
            path
        };
        write("app/__init__.py", "");
        write("app/db/__init__.py", "BRANCH = 'expand'\n");
        write("app/db/ids.py", "from app.db import BRANCH\nBASE = 'a1'\nSAME = BRANCH\n");
        let file = write(
            "app/db/versions/b.py",
            "from ..ids import BASE\nfrom app.db import ids\nimport app.db.ids\nrevision = ids.BASE + 'x'\ndown_revision = BASE\nbranch_labels = (ids.SAME, app.db.BRANCH)\ndepends_on = ids.MISSING\n",
        );
        let facts = read_revision_file(&file).facts;
        assert_eq!(facts.down_revision.as_str(), Some("a1"));
        assert_eq!(
            facts.branch_labels.strings().iter().map(|s| s.0).collect::<Vec<_>>(),
            ["expand", "expand"]
        );
        assert!(facts.depends_on.is_unknown());
    }
}
