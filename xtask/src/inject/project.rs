//! One copy of a project that a fault is being put into.

use super::chain::{Chain, Revision, line_end};
use super::tree::{Entry, Tree};
use cucurbit::alembic::Field;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The configuration file.
pub(super) const INI: &str = "alembic.ini";
/// The script folder.
pub(super) const SCRIPTS: &str = "migrations";

/// Bytes in the place of a part of a text.
type Edit = (Range<usize>, Vec<u8>);

/// A copy in the making. Edits refer to the healthy texts and are made all at once at the end.
#[derive(Debug)]
pub(super) struct Project<'c> {
    /// The healthy chain.
    pub(super) chain: &'c Chain,
    /// Chance, seeded.
    pub(super) random: fastrand::Rng,
    /// The version folders, below the root.
    pub(super) versions: &'c [PathBuf],
    /// Whether subfolders count.
    pub(super) recursive: bool,
    /// The options of `[alembic]`, in order.
    pub(super) settings: Vec<(String, String)>,
    tree: Tree,
    edits: BTreeMap<usize, Vec<Edit>>,
    moves: BTreeMap<usize, PathBuf>,
}

/// A variable of a revision file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Name {
    Revision,
    DownRevision,
    BranchLabels,
    DependsOn,
}

impl Name {
    fn field(self, revision: &Revision) -> &Field {
        match self {
            Name::Revision => &revision.facts.revision,
            Name::DownRevision => &revision.facts.down_revision,
            Name::BranchLabels => &revision.facts.branch_labels,
            Name::DependsOn => &revision.facts.depends_on,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Name::Revision => "revision",
            Name::DownRevision => "down_revision",
            Name::BranchLabels => "branch_labels",
            Name::DependsOn => "depends_on",
        }
    }
}

/// Returns the options of a healthy project.
pub(super) fn healthy_settings(versions: &[PathBuf], recursive: bool) -> Vec<(String, String)> {
    let set = |name: &str, value: String| (name.to_owned(), value);
    let mut settings = vec![
        set("script_location", format!("%(here)s/{SCRIPTS}")),
        set("path_separator", "newline".to_owned()),
        set("version_locations", version_locations(versions)),
    ];
    if recursive {
        settings.push(set("recursive_version_locations", "true".to_owned()));
    }
    settings
}

/// Returns folders as the value of `version_locations`.
pub(super) fn version_locations(folders: &[PathBuf]) -> String {
    folders.iter().map(|folder| format!("\n    %(here)s/{}", folder.display())).collect()
}

/// Returns the text of an ini file.
pub(super) fn ini_text(settings: &[(String, String)]) -> String {
    let options: String = settings.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
    format!("[alembic]\n{options}")
}

/// Returns ids as Python writes them: `None`, one string, or a tuple.
pub(super) fn literal<S: AsRef<str>>(ids: &[S]) -> String {
    let quoted = |id: &S| format!("'{}'", id.as_ref());
    match ids {
        [] => "None".to_owned(),
        [only] => quoted(only),
        many => format!("({})", many.iter().map(quoted).collect::<Vec<_>>().join(", ")),
    }
}

impl<'c> Project<'c> {
    pub(super) fn new(
        tree: &Tree,
        chain: &'c Chain,
        versions: &'c [PathBuf],
        recursive: bool,
        random: fastrand::Rng,
    ) -> Self {
        Project {
            chain,
            random,
            versions,
            recursive,
            settings: healthy_settings(versions, recursive),
            tree: tree.clone(),
            edits: BTreeMap::new(),
            moves: BTreeMap::new(),
        }
    }

    /// Returns a revision of the healthy chain.
    pub(super) fn revision(&self, index: usize) -> &'c Revision {
        &self.chain.revisions()[index]
    }

    /// Picks one of the revisions that pass a test.
    pub(super) fn pick(&mut self, test: impl Fn(usize, &Revision) -> bool) -> Option<usize> {
        let revisions = self.chain.revisions().iter().enumerate();
        let passing: Vec<usize> =
            revisions.filter(|(index, r)| test(*index, r)).map(|(index, _)| index).collect();
        self.one_of(&passing)
    }

    /// Picks one item.
    pub(super) fn one_of<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        self.random.choice(items).copied()
    }

    /// Makes up an id that is not taken.
    pub(super) fn fresh_id(&mut self) -> String {
        loop {
            let id = format!("{:012x}", self.random.u64(1 << 44..1 << 48));
            if !self.chain.is_id(&id) {
                return id;
            }
        }
    }

    /// Replaces a part of a revision's healthy text.
    pub(super) fn edit(&mut self, index: usize, range: Range<usize>, bytes: impl Into<Vec<u8>>) {
        self.edits.entry(index).or_default().push((range, bytes.into()));
    }

    /// Sets a variable to a Python expression; one that is absent is written behind the others.
    pub(super) fn set(&mut self, index: usize, name: Name, expression: &str) {
        let revision = self.revision(index);
        match name.field(revision).span() {
            Some(span) => self.edit(index, span.range(), expression),
            None => {
                let at = revision.facts.down_revision.span().map_or(0, |span| span.end as usize);
                let at = line_end(&revision.text, at);
                self.edit(index, at..at, format!("{} = {expression}\n", name.as_str()));
            }
        }
    }

    /// Moves or renames a revision's file.
    pub(super) fn move_file(&mut self, index: usize, to: PathBuf) {
        self.moves.insert(index, to);
    }

    /// Removes a revision's file.
    pub(super) fn remove(&mut self, index: usize) {
        self.tree.remove(&self.chain.revisions()[index].path);
    }

    /// Puts a new file.
    pub(super) fn put(&mut self, path: &Path, bytes: impl Into<Vec<u8>>) {
        self.tree.put(path, bytes.into());
    }

    /// Puts something that is no file.
    pub(super) fn put_entry(&mut self, path: &Path, entry: Entry) {
        self.tree.put_entry(path, entry);
    }

    /// Returns the files and folders as they are before the edits.
    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Makes the edits and returns the broken project.
    pub(super) fn finish(mut self) -> Tree {
        let touched: std::collections::BTreeSet<usize> =
            self.edits.keys().chain(self.moves.keys()).copied().collect();
        for index in touched {
            let revision = &self.chain.revisions()[index];
            let mut bytes = revision.text.clone().into_bytes();
            let mut edits = self.edits.remove(&index).unwrap_or_default();
            edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
            for (range, replacement) in edits {
                bytes.splice(range, replacement);
            }
            self.tree.remove(&revision.path);
            let path = self.moves.remove(&index).unwrap_or_else(|| revision.path.clone());
            self.tree.put(&path, bytes);
        }
        self.tree.put(Path::new(INI), ini_text(&self.settings).into_bytes());
        self.tree
    }
}
