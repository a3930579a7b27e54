//! Which files of a version folder Alembic loads, in which order, and which it passes over.
//!
//! Source: Alembic 1.20 `ScriptDirectory._load_revisions`, `_list_py_dir` and `Script._from_path`.
//! Only names and kinds of files are looked at here; nothing is opened.

use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Cow;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// How deep subfolders are followed.
const MAX_DEPTH: usize = 32;
/// How many entries of one tree of folders are listed.
const MAX_ENTRIES: usize = 1_000_000;

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct FolderOptions {
    /// Subfolders count too (`recursive_version_locations`).
    pub recursive: bool,
    /// Bytecode files count too (`sourceless`).
    pub sourceless: bool,
}

/// What one entry of a version folder is to Alembic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// Loaded as a Python source file.
    Source,
    /// Loaded as bytecode.
    Bytecode,
    /// Loaded, but it is a pipe, a socket or a device: Alembic would wait for it for ever.
    Special,
    /// Loaded, but a link whose target does not exist: Alembic stops with an ImportError.
    BrokenLink,
    /// The same real file as one before it: Alembic warns and skips it.
    Repeated,
}

/// A file that Alembic loads, or stumbles over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path as listed.
    pub path: PathBuf,
    /// What it is.
    pub kind: EntryKind,
}

/// Why Alembic does not look at a file that might be a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PassedOver {
    /// In a subfolder, and `recursive_version_locations` is off.
    Subfolder,
    /// The name begins with `__init__`.
    InitModule,
    /// The name begins with `.#`, as editors' lock files do.
    LockName,
    /// The name does not end in `.py`, but in a variant of it (`.PY`, `.py.orig`, `.py~`).
    Suffix,
    /// Bytecode, and `sourceless` is off or the source exists.
    Bytecode,
    /// A link whose target's name does not end in `.py`.
    LinkName,
}

/// A file that Alembic passes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// The path.
    pub path: PathBuf,
    /// Why.
    pub why: PassedOver,
}

/// A folder that could not be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlistedFolder {
    /// The folder.
    pub path: PathBuf,
    /// What the system said, without the path.
    pub reason: String,
}

/// The files of some version folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// What Alembic loads, in load order.
    pub entries: Vec<Entry>,
    /// What it passes over, sorted by path.
    pub ignored: Vec<Ignored>,
    /// Folders that could not be listed, and where the limits cut the listing.
    pub unlisted: Vec<UnlistedFolder>,
}

/// Lists version folders in the given order; one that does not exist is skipped, as Alembic does.
#[must_use]
pub fn list_folders(folders: &[PathBuf], options: &FolderOptions) -> Listing {
    let mut lister = Lister {
        options,
        listing: Listing::default(),
        folders: FxHashMap::default(),
        seen: FxHashSet::default(),
        count: 0,
    };
    for folder in folders {
        lister.folder(folder);
    }
    lister.listing.ignored.sort_by(|a, b| a.path.cmp(&b.path));
    lister.listing.ignored.dedup();
    lister.listing
}

struct Lister<'o> {
    options: &'o FolderOptions,
    listing: Listing,
    /// The resolved folders, numbered.
    folders: FxHashMap<PathBuf, u32>,
    /// Resolved paths: the number of the folder and the name in it.
    seen: FxHashSet<(u32, OsString)>,
    count: usize,
}

/// The entries of one folder, both lists sorted by name.
struct Names {
    files: Vec<(OsString, std::fs::FileType)>,
    folders: Vec<OsString>,
}

impl Lister<'_> {
    fn folder(&mut self, top: &Path) {
        if !top.is_dir() {
            return;
        }
        // Depth first, a folder's own files before its subfolders.
        let mut stack = vec![(top.to_path_buf(), 0usize)];
        while let Some((folder, depth)) = stack.pop() {
            let Some(names) = self.names(&folder) else { continue };
            let loaded = depth == 0 || self.options.recursive;
            self.files(&folder, &names, loaded);
            if depth >= MAX_DEPTH {
                self.cut(&folder, "nested too deep");
                continue;
            }
            for name in names.folders.into_iter().rev() {
                if !name.to_string_lossy().ends_with("__pycache__") {
                    stack.push((folder.join(name), depth + 1));
                }
            }
        }
    }

    fn names(&mut self, folder: &Path) -> Option<Names> {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                self.cut(folder, &reason(&error));
                return None;
            }
        };
        let (mut files, mut folders) = (Vec::new(), Vec::new());
        for entry in entries.flatten() {
            self.count += 1;
            if self.count > MAX_ENTRIES {
                self.cut(folder, "too many files");
                break;
            }
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                folders.push(entry.file_name());
            } else if !(kind.is_symlink() && entry.path().is_dir()) {
                files.push((entry.file_name(), kind));
            }
        }
        // Code point order of the names; bytes of UTF-8 sort the same way.
        files.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        folders.sort_unstable();
        Some(Names { files, folders })
    }

    fn files(&mut self, folder: &Path, names: &Names, loaded: bool) {
        let real_folder = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
        let number = self.number_of(&real_folder);
        for (name, kind) in &names.files {
            if loaded {
                self.file(folder, name, *kind, number);
            } else if has_source_name(&name.to_string_lossy()) {
                self.listing.ignored.push(Ignored { path: folder.join(name), why: PassedOver::Subfolder });
            }
        }
        if loaded {
            self.bytecode(folder, &real_folder, names);
        }
    }

    fn number_of(&mut self, real_folder: &Path) -> u32 {
        if let Some(number) = self.folders.get(real_folder) {
            return *number;
        }
        let number = u32::try_from(self.folders.len()).unwrap_or(u32::MAX);
        self.folders.insert(real_folder.to_path_buf(), number);
        number
    }

    fn file(&mut self, folder: &Path, listed: &OsStr, kind: std::fs::FileType, real_folder: u32) {
        let path = folder.join(listed);
        let is_link = kind.is_symlink();
        let target = is_link.then(|| resolve(&path));
        let real = target.as_deref().unwrap_or(&path);
        let real_name = if is_link { real.file_name().unwrap_or_default() } else { listed };
        let name = real_name.to_string_lossy();
        if !has_source_name(&name) && !self.is_loadable_bytecode(real, &name) {
            if let Some(why) = passed_over(&listed.to_string_lossy(), &name) {
                self.listing.ignored.push(Ignored { path, why });
            }
            return;
        }
        if name.starts_with(".#") || name.starts_with("__init__") {
            let why = if name.starts_with(".#") { PassedOver::LockName } else { PassedOver::InitModule };
            self.listing.ignored.push(Ignored { path, why });
            return;
        }
        let target = if is_link { std::fs::metadata(&path).ok().map(|m| m.file_type()) } else { Some(kind) };
        // The folders above may be links as well, so equality is that of the resolved path.
        let folder = match real.parent().filter(|_| is_link) {
            Some(folder) => self.number_of(folder),
            None => real_folder,
        };
        let first = self.seen.insert((folder, real_name.to_owned()));
        let kind = match target {
            _ if !first => EntryKind::Repeated,
            None => EntryKind::BrokenLink,
            Some(target) if !target.is_file() => EntryKind::Special,
            _ if has_source_name(&name) => EntryKind::Source,
            _ => EntryKind::Bytecode,
        };
        self.listing.entries.push(Entry { path, kind });
    }

    /// Bytecode beside its source is left alone, and all of it unless `sourceless` is on.
    fn is_loadable_bytecode(&self, path: &Path, name: &str) -> bool {
        if !self.options.sourceless {
            return false;
        }
        match name.rsplit_once('.') {
            Some((_, "pyc")) => !path.with_extension("py").exists(),
            Some((_, "pyo")) => !path.with_extension("py").exists() && !path.with_extension("pyc").exists(),
            _ => false,
        }
    }

    /// `__pycache__` counts when `sourceless` is on; a name up to its first dot that the folder
    /// has already does not.
    fn bytecode(&mut self, folder: &Path, real_folder: &Path, names: &Names) {
        let cache = folder.join("__pycache__");
        let Some(cached) = cache.is_dir().then(|| self.names(&cache)).flatten() else { return };
        let before_dot =
            |name: &OsStr| name.to_string_lossy().split('.').next().unwrap_or_default().to_owned();
        // Nearly all of it lies beside its source, and both lists have the same order.
        let mut next = 0;
        let mut source = String::new();
        let mut has_source = |module: &str| {
            source.clear();
            source.push_str(module);
            source.push_str(".py");
            let wanted = source.as_bytes();
            if names.files.get(next).is_none_or(|(name, _)| name.as_encoded_bytes() != wanted) {
                match names.files.binary_search_by(|(name, _)| name.as_encoded_bytes().cmp(wanted)) {
                    Ok(at) => next = at,
                    Err(_) => return false,
                }
            }
            next += 1;
            true
        };
        let mut stems: Option<HashSet<String>> = None;
        for (name, kind) in cached.files {
            let text = name.to_string_lossy();
            if has_source(module_of(&text)) || !text.contains(".py") {
                continue;
            }
            let path = cache.join(&name);
            if self.options.sourceless {
                let stems = stems
                    .get_or_insert_with(|| names.files.iter().map(|(name, _)| before_dot(name)).collect());
                if stems.contains(&before_dot(&name)) {
                    continue;
                }
                let number = self.number_of(&real_folder.join("__pycache__"));
                self.file(&cache, &name, kind, number);
            } else {
                self.listing.ignored.push(Ignored { path, why: PassedOver::Bytecode });
            }
        }
    }

    fn cut(&mut self, folder: &Path, reason: &str) {
        self.listing.unlisted.push(UnlistedFolder { path: folder.to_path_buf(), reason: reason.to_owned() });
    }
}

/// Returns what went wrong in words that do not depend on the machine.
pub(crate) fn reason(error: &std::io::Error) -> String {
    error.kind().to_string()
}

fn name_of(path: &Path) -> Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}

/// Returns the name of the module that a bytecode file was made of: `a.b` for `a.b.cpython-311.pyc`
/// and for `a.b.pyc`.
#[must_use]
pub fn bytecode_module(path: &Path) -> String {
    module_of(&name_of(path)).to_owned()
}

fn module_of(name: &str) -> &str {
    let stem = name.strip_suffix(".pyc").or_else(|| name.strip_suffix(".pyo")).unwrap_or(name);
    let stem = stem.split_once(".opt-").map_or(stem, |(before, _)| before);
    match stem.rsplit_once('.') {
        Some((module, tag)) if tag.starts_with("cpython-") || tag.starts_with("pypy") => module,
        _ => stem,
    }
}

fn has_source_name(name: &str) -> bool {
    name.ends_with(".py")
}

/// Follows a link to the end even when nothing is there, as Python's `resolve` does.
fn resolve(path: &Path) -> PathBuf {
    if let Ok(real) = std::fs::canonicalize(path) {
        return real;
    }
    let mut at = path.to_path_buf();
    for _ in 0..40 {
        let Ok(target) = std::fs::read_link(&at) else { break };
        at = at.parent().map_or_else(|| target.clone(), |parent| parent.join(&target));
    }
    at
}

fn passed_over(listed: &str, real: &str) -> Option<PassedOver> {
    if has_source_name(listed) && listed != real {
        return Some(PassedOver::LinkName);
    }
    let lower = listed.to_ascii_lowercase();
    if lower.ends_with(".pyc") || lower.ends_with(".pyo") {
        return Some(PassedOver::Bytecode);
    }
    let variant = lower.ends_with(".py") || lower.contains(".py.") || lower.ends_with(".py~");
    variant.then_some(PassedOver::Suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, "revision = 'a'\n").expect("a file");
        }
        folder
    }

    fn loaded(folder: &Path, options: &FolderOptions) -> Vec<String> {
        let listing = list_folders(&[folder.to_path_buf()], options);
        let relative =
            |entry: &Entry| entry.path.strip_prefix(folder).unwrap_or(&entry.path).display().to_string();
        listing.entries.iter().filter(|e| e.kind != EntryKind::Repeated).map(relative).collect()
    }

    const FILES: &[&str] = &[
        "b.py",
        "a.py",
        "Z.py",
        ".hidden.py",
        "~x.py",
        "copy (1).py",
        ".#lock.py",
        "__init__.py",
        "__init__x.py",
        "readme.txt",
        "c.PY",
        "d.py.orig",
        "sub/e.py",
        "sub/deep/f.py",
        ".git/g.py",
        "__pycache__/h.py",
        "my__pycache__/i.py",
        "x.py/inner.py",
    ];

    #[test]
    fn names_decide_and_order_is_that_of_code_points() {
        let folder = tree(FILES);
        let plain = FolderOptions::default();
        assert_eq!(
            loaded(folder.path(), &plain),
            [".hidden.py", "Z.py", "a.py", "b.py", "copy (1).py", "~x.py"]
        );
    }

    #[test]
    fn recursion_goes_depth_first_after_a_folders_own_files() {
        let folder = tree(FILES);
        let recursive = FolderOptions { recursive: true, ..FolderOptions::default() };
        let below: Vec<String> = loaded(folder.path(), &recursive).into_iter().skip(6).collect();
        assert_eq!(below, [".git/g.py", "sub/e.py", "sub/deep/f.py", "x.py/inner.py"]);
    }

    #[test]
    fn what_is_passed_over_is_said() {
        let folder = tree(FILES);
        let listing = list_folders(&[folder.path().to_path_buf()], &FolderOptions::default());
        let why = |name: &str| listing.ignored.iter().find(|i| i.path.ends_with(name)).map(|i| i.why);
        assert_eq!(why("__init__.py"), Some(PassedOver::InitModule));
        assert_eq!(why(".#lock.py"), Some(PassedOver::LockName));
        assert_eq!(why("c.PY"), Some(PassedOver::Suffix));
        assert_eq!(why("d.py.orig"), Some(PassedOver::Suffix));
        assert_eq!(why("sub/e.py"), Some(PassedOver::Subfolder));
        assert_eq!(why("readme.txt"), None);
    }

    #[test]
    fn bytecode_counts_only_when_asked_for() {
        let folder = tree(&[
            "a.py",
            "a.pyc",
            "b.pyc",
            "__pycache__/c.cpython-311.pyc",
            "__pycache__/a.cpython-311.pyc",
        ]);
        assert_eq!(loaded(folder.path(), &FolderOptions::default()), ["a.py"]);
        let sourceless = FolderOptions { sourceless: true, ..FolderOptions::default() };
        assert_eq!(loaded(folder.path(), &sourceless), ["a.py", "b.pyc", "__pycache__/c.cpython-311.pyc"]);
        let listing = list_folders(&[folder.path().to_path_buf()], &FolderOptions::default());
        let bytecode: Vec<_> = listing.ignored.iter().filter(|i| i.why == PassedOver::Bytecode).collect();
        assert_eq!(bytecode.len(), 3, "{bytecode:?}");
    }

    #[cfg(unix)]
    #[test]
    fn links_count_by_their_real_name_and_once() {
        use std::os::unix::fs::symlink;
        let folder = tree(&["a.py", "text.txt"]);
        let at = |name: &str| folder.path().join(name);
        symlink(at("a.py"), at("b.py")).expect("a link");
        symlink(at("a.py"), at("q.txt")).expect("a link");
        symlink(at("text.txt"), at("t.py")).expect("a link");
        symlink(at("gone.py"), at("x.py")).expect("a link");
        symlink(folder.path(), at("loop")).expect("a link");
        let listing = list_folders(
            &[folder.path().to_path_buf()],
            &FolderOptions { recursive: true, ..Default::default() },
        );
        let kinds: Vec<_> = listing.entries.iter().map(|e| (name_of(&e.path).into_owned(), e.kind)).collect();
        assert_eq!(
            kinds,
            [
                ("a.py".to_owned(), EntryKind::Source),
                ("b.py".to_owned(), EntryKind::Repeated),
                ("q.txt".to_owned(), EntryKind::Repeated),
                ("x.py".to_owned(), EntryKind::BrokenLink),
            ]
        );
        assert_eq!(listing.ignored, [Ignored { path: at("t.py"), why: PassedOver::LinkName }]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_skipped() {
        let listing = list_folders(&[PathBuf::from("no/such/folder")], &FolderOptions::default());
        assert_eq!(listing, Listing::default());
    }
}
