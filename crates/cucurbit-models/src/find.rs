//! Which files of the project are read.

use cucurbit_alembic::ProjectFiles;
use cucurbit_python::eval::{FileId, Files};
use memchr::memmem::Finder;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// How many files are looked at.
const MAX_FILES: usize = 20_000;

/// The files that are read, and whose tables count.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Files that are loaded, in order: those that were asked for and those that they import.
    pub(crate) load: Vec<FileId>,
    /// Files that were asked for: their `MetaData` count.
    pub(crate) named: BTreeSet<FileId>,
    /// The file whose `target_metadata` says which `MetaData` count.
    pub(crate) environment: Option<FileId>,
}

impl Wanted {
    /// Files and folders that were named, and what they import.
    pub(crate) fn files(files: &ProjectFiles, paths: &[PathBuf]) -> Self {
        let mut named = Vec::new();
        for path in paths {
            named.extend(files.python_files(path).iter().map(|p| files.id(p)));
        }
        // A file that is named itself is read even if it does not look like one of models.
        let sure = paths.iter().map(|p| files.id(p)).collect();
        let load = closure(files, &named, &sure, false);
        Wanted { load, named: named.into_iter().collect(), environment: None }
    }

    /// One file by itself: what it imports is followed only where a name of it is used.
    pub(crate) fn alone(files: &ProjectFiles, path: &Path) -> Self {
        let file = files.id(path);
        Wanted { load: vec![file], named: BTreeSet::from([file]), environment: None }
    }

    /// An `env.py` and what it imports, in its functions too.
    pub(crate) fn environment(files: &ProjectFiles, env_py: &Path) -> Self {
        let file = files.id(env_py);
        let load = closure(files, &[file], &BTreeSet::from([file]), true);
        Wanted { load, named: BTreeSet::new(), environment: Some(file) }
    }

    /// Every file below a folder that looks like one of models.
    pub(crate) fn scan(files: &ProjectFiles, folder: &Path) -> Self {
        let mut named = Vec::new();
        for path in files.python_files(folder).iter().take(MAX_FILES) {
            let file = files.id(path);
            let Some(parsed) = files.parsed(file) else { continue };
            if parsed.text().contains("__tablename__") || parsed.text().contains("table=True") {
                named.push(file);
            }
        }
        let load = closure(files, &named, &BTreeSet::new(), false);
        Wanted { load, named: named.into_iter().collect(), environment: None }
    }
}

/// Words without which a module makes no table and says nothing of types (`@compiles`). Modules without them are still followed where a name of theirs
/// is used.
static SIGNS: LazyLock<[Finder<'static>; 8]> = LazyLock::new(|| {
    [
        "__tablename__",
        "table=True",
        "Table(",
        "Mapped[",
        "Column(",
        "mapped_column(",
        ".Model",
        "sqlalchemy.ext.compiler",
    ]
    .map(Finder::new)
});

/// Returns the files and what they import, as far as it stands in the project and may make tables.
fn closure(
    files: &ProjectFiles,
    start: &[FileId],
    sure: &BTreeSet<FileId>,
    functions_too: bool,
) -> Vec<FileId> {
    let makes_tables = |file: FileId| {
        let text = files.parsed(file);
        let has_sign = |text: &str| SIGNS.iter().any(|sign| sign.find(text.as_bytes()).is_some());
        sure.contains(&file) || text.is_some_and(|parsed| has_sign(parsed.text()))
    };
    let mut load = files.loaded_with(start, |file| functions_too && sure.contains(&file));
    load.retain(|file| makes_tables(*file));
    load
}

/// Returns the files and the files of the project that they load when they are imported and their functions called.
pub(crate) fn loaded(files: &ProjectFiles, paths: &[PathBuf]) -> Vec<FileId> {
    let start: Vec<FileId> = paths.iter().map(|path| files.id(path)).collect();
    let sure: BTreeSet<FileId> = start.iter().copied().collect();
    // Only the start's own functions are sure to be called.
    files.loaded_with(&start, |file| sure.contains(&file))
}
