//! Walks a tree of folders for what may belong to Alembic, and reads files within bounds.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::bytes::Regex;
use walkdir::{DirEntry, WalkDir};

use super::problem::{WalkProblem, WalkProblemKind};

/// A larger file is no configuration.
pub(super) const MAX_CONFIG: u64 = 4 << 20;
/// How much of a Python file is searched for `revision =`.
const MAX_HEAD: u64 = 256 << 10;
/// Folders without migrations of this project.
const SKIPPED: [&str; 15] = [
    ".bzr",
    ".eggs",
    ".git",
    ".hg",
    ".mypy_cache",
    ".nox",
    ".pytest_cache",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    "__pycache__",
    "node_modules",
    "site-packages",
    "dist-packages",
];

/// What a walk came by, each sorted by path.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Files that may be ini configurations.
    pub(super) inis: Vec<PathBuf>,
    /// The folders with a `pyproject.toml`.
    pub(super) pyprojects: Vec<PathBuf>,
    /// Folders named `versions`.
    pub(super) versions: Vec<PathBuf>,
    pub(super) problems: Vec<WalkProblem>,
}

/// Walks everything below a folder; links to folders are not followed.
pub(super) fn gather(root: &Path) -> Gathered {
    let mut gathered = Gathered::default();
    // Not sorted here: a version folder may hold a hundred thousand files of which none is wanted.
    let walk = WalkDir::new(root).follow_links(false);
    let wanted =
        |entry: &DirEntry| entry.depth() == 0 || !entry.file_type().is_dir() || !is_skipped(entry.path());
    for entry in walk.into_iter().filter_entry(wanted) {
        match entry {
            Ok(entry) => gathered.take(&entry),
            Err(error) => {
                let path = error.path().unwrap_or(root).to_owned();
                gathered.problems.push(WalkProblem { path, kind: WalkProblemKind::Unreadable });
            }
        }
    }
    gathered.inis.sort();
    gathered.pyprojects.sort();
    gathered.versions.sort();
    gathered.problems.sort();
    gathered
}

impl Gathered {
    fn take(&mut self, entry: &DirEntry) {
        let path = entry.path();
        let kind = entry.file_type();
        if kind.is_symlink() {
            match std::fs::metadata(path) {
                Ok(target) if target.is_file() => {}
                // A link that leads nowhere is no news; one that cannot be followed is.
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    self.problems
                        .push(WalkProblem { path: path.to_owned(), kind: WalkProblemKind::LinkLoop });
                    return;
                }
                _ => return,
            }
        }
        let name = entry.file_name();
        if kind.is_dir() {
            if name == "versions" {
                self.versions.push(path.to_owned());
            } else if name == "alembic.ini" {
                self.problems
                    .push(WalkProblem { path: path.to_owned(), kind: WalkProblemKind::ConfigIsFolder });
            }
        } else if name == "pyproject.toml" {
            self.pyprojects.push(path.to_owned());
        } else if is_ini_name(path) {
            self.inis.push(path.to_owned());
        }
    }
}

/// Whether a file name is one that ini configurations have.
pub(super) fn is_ini_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "ini" || extension == "cfg")
}

fn is_skipped(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_build = || {
        path.join("CACHEDIR.TAG").exists()
            || path
                .parent()
                .is_some_and(|parent| parent.join("Cargo.toml").exists() || parent.join("pom.xml").exists())
    };
    SKIPPED.contains(&name) || name == "target" && is_build() || path.join("pyvenv.cfg").exists()
}

/// Why a file gave no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadFault {
    Unreadable(std::io::ErrorKind),
    TooLarge(u64),
}

/// Reads a configuration file, but not a large one, nor one that is no plain file.
pub(super) fn read_config(path: &Path) -> Result<Vec<u8>, ReadFault> {
    let unreadable = |error: std::io::Error| ReadFault::Unreadable(error.kind());
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        // Reading a pipe would never end.
        return Err(ReadFault::Unreadable(std::io::ErrorKind::IsADirectory));
    }
    if metadata.len() > MAX_CONFIG {
        return Err(ReadFault::TooLarge(metadata.len()));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(unreadable)?.take(MAX_CONFIG + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_CONFIG {
        return Err(ReadFault::TooLarge(bytes.len() as u64));
    }
    Ok(bytes)
}

/// Whether a folder itself holds a file that sets `revision` or `down_revision`.
pub(super) fn has_revision_files(folder: &Path) -> bool {
    python_files(folder).iter().any(|path| is_revision_file(path))
}

fn python_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut files: Vec<_> = paths.filter(|path| is_revision_name(path)).collect();
    files.sort();
    files
}

fn is_revision_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.ends_with(b".py") && !name.starts_with(b".#") && !name.starts_with(b"__init__")
}

/// Whether the head of a Python file sets `revision` or `down_revision` on a line of its own.
fn is_revision_file(path: &Path) -> bool {
    head(path).is_some_and(|head| sets_revision(&head))
}

fn sets_revision(head: &[u8]) -> bool {
    static ASSIGNMENT: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?m)^(?:down_)?revision[ \t]*(?::[^=\n]*)?=").ok());
    ASSIGNMENT.as_ref().is_some_and(|pattern| pattern.is_match(head))
}

/// Reads the beginning of a plain file.
fn head(path: &Path) -> Option<Vec<u8>> {
    let metadata = std::fs::metadata(path).ok()?;
    let file = metadata.is_file().then(|| File::open(path).ok()).flatten()?;
    let mut head = Vec::new();
    file.take(MAX_HEAD).read_to_end(&mut head).ok()?;
    Some(head)
}

/// Reads the beginnings of a folder's revision files, in name order.
pub(super) fn revision_heads(folder: &Path) -> impl Iterator<Item = Vec<u8>> {
    python_files(folder).into_iter().filter_map(|path| head(&path)).filter(|head| sets_revision(head))
}

/// Returns folders below one in which a file sets `down_revision`, whatever they are called; at most so many, sorted.
pub(super) fn stray_revision_folders(folder: &Path, most: usize) -> Vec<PathBuf> {
    static ASSIGNMENT: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?m)^down_revision[ \t]*(?::[^=\n]*)?=").ok());
    let names_parent =
        |path: &Path| head(path).is_some_and(|head| ASSIGNMENT.as_ref().is_some_and(|p| p.is_match(&head)));
    let holds_one = |folder: &PathBuf| python_files(folder).iter().any(|path| names_parent(path));
    folders_of(WalkDir::new(folder)).filter(holds_one).take(most).collect()
}

/// Returns the folders below one that hold revision files, sorted.
pub(super) fn revision_folders_below(folder: &Path) -> Vec<PathBuf> {
    let below = folders_of(WalkDir::new(folder).min_depth(1));
    let mut found: Vec<_> = below.filter(|folder| has_revision_files(folder)).collect();
    found.sort();
    found
}

/// The folders that a walk comes by, but for those of tools; links are not followed.
fn folders_of(walk: WalkDir) -> impl Iterator<Item = PathBuf> {
    let walk = walk.follow_links(false).sort_by_file_name();
    let wanted = |entry: &DirEntry| entry.file_type().is_dir() && !is_skipped(entry.path());
    walk.into_iter().filter_entry(wanted).flatten().map(DirEntry::into_path)
}
