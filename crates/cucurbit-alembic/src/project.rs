//! The project's files as the evaluator asks for them.

use crate::{RevisionFile, RevisionSource, read_source};
use cucurbit_python::eval::{FileId, Files, Found, ImportStatement, ModuleName, Parsed};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// How many files are followed through their imports.
const MAX_IMPORTED: usize = 20_000;

/// Top-level modules that an import never means a file of the project by: Python's own and what every
/// migration imports. A folder `alembic` beside `alembic.ini` is a namespace without code, and the installed
/// package wins over it.
const OUTSIDE: &[&str] = &[
    "__future__",
    "abc",
    "alembic",
    "argparse",
    "ast",
    "asyncio",
    "base64",
    "binascii",
    "bisect",
    "builtins",
    "calendar",
    "cmath",
    "codecs",
    "collections",
    "concurrent",
    "configparser",
    "contextlib",
    "contextvars",
    "copy",
    "csv",
    "ctypes",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "dis",
    "email",
    "enum",
    "errno",
    "fnmatch",
    "fractions",
    "functools",
    "gc",
    "getpass",
    "gettext",
    "glob",
    "graphlib",
    "gzip",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "http",
    "importlib",
    "inspect",
    "io",
    "ipaddress",
    "itertools",
    "json",
    "keyword",
    "linecache",
    "locale",
    "logging",
    "math",
    "mimetypes",
    "multiprocessing",
    "numbers",
    "operator",
    "os",
    "pathlib",
    "pickle",
    "pkgutil",
    "platform",
    "pprint",
    "queue",
    "random",
    "re",
    "reprlib",
    "sched",
    "secrets",
    "select",
    "shlex",
    "shutil",
    "signal",
    "site",
    "six",
    "socket",
    "sqlalchemy",
    "sqlite3",
    "ssl",
    "stat",
    "statistics",
    "string",
    "struct",
    "subprocess",
    "sys",
    "tempfile",
    "textwrap",
    "threading",
    "time",
    "timeit",
    "token",
    "tokenize",
    "traceback",
    "types",
    "typing",
    "typing_extensions",
    "unicodedata",
    "unittest",
    "urllib",
    "uuid",
    "warnings",
    "weakref",
    "xml",
    "zipfile",
    "zlib",
    "zoneinfo",
];

fn is_outside(path: &str) -> bool {
    let first = path.split('.').next().unwrap_or(path);
    OUTSIDE.binary_search(&first).is_ok()
}

/// How many folders above a file are looked at for what it imports.
const MAX_ABOVE: usize = 12;

/// The largest file that is read.
pub(crate) const MAX_FILE: u64 = 4 << 20;

#[derive(Default)]
struct State {
    paths: Vec<PathBuf>,
    ids: FxHashMap<PathBuf, FileId>,
    parsed: FxHashMap<FileId, Option<Arc<Parsed>>>,
    /// The number of the folder of each file.
    folder_of: Vec<u32>,
    folder_numbers: FxHashMap<PathBuf, u32>,
    /// What imports mean: by folder of the importer and number of dots, then by the path behind them.
    found: FxHashMap<(u32, u32), FxHashMap<String, Found>>,
    /// The dotted name of the package that a folder is.
    packages: FxHashMap<u32, String>,
    files: FxHashMap<PathBuf, bool>,
    folders: FxHashMap<PathBuf, bool>,
}

/// Files that several replays of one project read, each read and parsed once.
#[derive(Debug, Default)]
pub struct ParsedFiles {
    /// Files that were read before.
    read: FxHashMap<PathBuf, RevisionSource>,
    parsed: Mutex<FxHashMap<PathBuf, Option<Arc<Parsed>>>>,
    /// The Python files below folders that were walked.
    below: Mutex<FxHashMap<PathBuf, Arc<[PathBuf]>>>,
}

impl ParsedFiles {
    /// Makes a store that knows revision files as they were read.
    #[must_use]
    pub fn with(files: &[RevisionFile]) -> Self {
        let sources = files.iter().filter_map(|file| Some((file.path.clone(), file.source.clone()?)));
        ParsedFiles { read: sources.collect(), ..ParsedFiles::default() }
    }

    /// Returns a file, parsed now or before; `None` when it cannot be read.
    fn parsed(&self, path: &Path) -> Option<Arc<Parsed>> {
        if let Some(source) = self.read.get(path) {
            return Some(source.parsed());
        }
        let known = self.parsed.lock().ok().and_then(|files| files.get(path).cloned());
        known.unwrap_or_else(|| {
            // Not under the lock: others go on meanwhile, and at worst a file is parsed twice.
            let parsed = parse_file(path);
            if let Ok(mut files) = self.parsed.lock() {
                files.insert(path.to_owned(), parsed.clone());
            }
            parsed
        })
    }
}

/// The files of a project: revision files and what they import. Files are read when they are first needed and
/// kept.
///
/// A module is looked for in the given roots, then in the folders above the file that imports it, nearest last:
/// Alembic runs with a folder above the version folder on `sys.path`, and which one cannot always be told. The folders
/// `src` in all of these come behind.
pub struct ProjectFiles {
    roots: Vec<PathBuf>,
    limit: Option<PathBuf>,
    state: RefCell<State>,
    shared: Arc<ParsedFiles>,
}

impl ProjectFiles {
    /// Makes a set of files with folders to look in first, in order. Nothing above `limit` is looked at.
    #[must_use]
    pub fn new(roots: Vec<PathBuf>, limit: Option<PathBuf>) -> Self {
        ProjectFiles { roots, limit, state: RefCell::default(), shared: Arc::default() }
    }

    /// Takes parsed files from a store, and puts them there.
    #[must_use]
    pub fn sharing(self, shared: Arc<ParsedFiles>) -> Self {
        ProjectFiles { shared, ..self }
    }

    /// Returns the number of a file.
    pub fn id(&self, path: &Path) -> FileId {
        let mut state = self.state.borrow_mut();
        if let Some(id) = state.ids.get(path) {
            return *id;
        }
        let id = FileId(u32::try_from(state.paths.len()).unwrap_or(u32::MAX));
        state.paths.push(path.to_owned());
        state.ids.insert(path.to_owned(), id);
        let folder = path.parent().unwrap_or(path);
        let number = match state.folder_numbers.get(folder) {
            Some(number) => *number,
            None => {
                let number = u32::try_from(state.folder_numbers.len()).unwrap_or(u32::MAX);
                state.folder_numbers.insert(folder.to_owned(), number);
                number
            }
        };
        state.folder_of.push(number);
        id
    }

    fn folder_of(&self, file: FileId) -> Option<u32> {
        self.state.borrow().folder_of.get(file.0 as usize).copied()
    }

    /// Parses files in parallel that are going to be asked for.
    pub fn parse_ahead(&self, files: &[FileId]) {
        let is_new = |file: &&FileId| !self.state.borrow().parsed.contains_key(file);
        let paths: Vec<PathBuf> = files.iter().filter(is_new).map(|file| self.path(*file)).collect();
        if paths.len() > 1 {
            let shared = &self.shared;
            paths.par_iter().for_each(|path| {
                shared.parsed(path);
            });
        }
    }

    /// Makes a set of files that looks in the same folders and shares what is parsed, for another thread.
    #[must_use]
    pub fn beside(&self) -> Self {
        ProjectFiles {
            roots: self.roots.clone(),
            limit: self.limit.clone(),
            state: RefCell::default(),
            shared: Arc::clone(&self.shared),
        }
    }

    /// Parses files and what they import themselves, one after the other, until told to stop: meant for a thread beside
    /// the one that follows the files in that order, which then finds them parsed. Changes no answer.
    pub fn read_ahead(&self, paths: &[PathBuf], stop: &AtomicBool) {
        for path in paths {
            let file = self.id(path);
            let Some(parsed) = self.parsed(file) else { continue };
            for import in parsed.imports() {
                for imported in self.imported(file, &import) {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    self.parsed(imported);
                }
            }
        }
    }

    /// Returns the path of a file.
    #[must_use]
    pub fn path(&self, file: FileId) -> PathBuf {
        self.state.borrow().paths.get(file.0 as usize).cloned().unwrap_or_default()
    }

    /// Returns the text of a file as it was read.
    #[must_use]
    pub fn text(&self, file: FileId) -> Option<Arc<Parsed>> {
        self.parsed(file)
    }

    /// Returns the files that can be read, and those of the project that they import, the nearest first. Imports in
    /// functions count where `functions_of` says so of the file. Reads and parses each once, up to 20,000 files.
    #[must_use]
    pub fn loaded_with(&self, start: &[FileId], functions_of: impl Fn(FileId) -> bool) -> Vec<FileId> {
        let mut known: BTreeSet<FileId> = start.iter().copied().collect();
        let mut level = start.to_vec();
        let mut load = Vec::new();
        while !level.is_empty() {
            self.parse_ahead(&level);
            for file in std::mem::take(&mut level) {
                let Some(parsed) = self.parsed(file) else { continue };
                load.push(file);
                for import in parsed.imports() {
                    if import.in_function && !functions_of(file) {
                        continue;
                    }
                    for found in self.imported(file, &import) {
                        if known.len() < MAX_IMPORTED && known.insert(found) {
                            level.push(found);
                        }
                    }
                }
            }
        }
        load
    }

    /// The modules that an import loads: packages on the way, the module, and modules among the names.
    fn imported(&self, importer: FileId, import: &ImportStatement) -> Vec<FileId> {
        let ImportStatement { module, names, .. } = import;
        let mut out = Vec::new();
        let mut look = |path: String| {
            if let Found::File(file) = self.find(importer, &ModuleName { level: module.level, path }) {
                out.push(file);
            }
        };
        let mut path = String::new();
        for part in module.path.split('.') {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(part);
            look(path.clone());
        }
        for name in names.iter().filter(|n| *n != "*") {
            look(if module.path.is_empty() { name.clone() } else { format!("{}.{name}", module.path) });
        }
        out
    }

    /// Returns the Python files below a folder, or the file itself, sorted. Hidden folders and installed packages
    /// are passed over; at most 100,000 entries and 32 levels are looked at. Each folder is walked once, also for other
    /// sets of files that share what is parsed.
    #[must_use]
    pub fn python_files(&self, path: &Path) -> Arc<[PathBuf]> {
        let known = self.shared.below.lock().ok().and_then(|below| below.get(path).cloned());
        known.unwrap_or_else(|| {
            let found: Arc<[PathBuf]> = python_files_below(path).into();
            if let Ok(mut below) = self.shared.below.lock() {
                below.insert(path.to_owned(), Arc::clone(&found));
            }
            found
        })
    }

    fn is_file(&self, path: &Path) -> bool {
        if let Some(known) = self.state.borrow().files.get(path) {
            return *known;
        }
        let is_file = std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() <= MAX_FILE);
        self.state.borrow_mut().files.insert(path.to_owned(), is_file);
        is_file
    }

    fn is_folder(&self, path: &Path) -> bool {
        if let Some(known) = self.state.borrow().folders.get(path) {
            return *known;
        }
        let is_folder = path.is_dir();
        self.state.borrow_mut().folders.insert(path.to_owned(), is_folder);
        is_folder
    }

    fn module_in(&self, folder: &Path, path: &str) -> Found {
        let mut at = folder.to_owned();
        let parts: Vec<&str> = path.split('.').filter(|p| !p.is_empty()).collect();
        let Some((last, packages)) = parts.split_last() else {
            return match at.join("__init__.py") {
                init if self.is_file(&init) => Found::File(self.id(&init)),
                _ if self.is_folder(&at) => Found::Namespace,
                _ => Found::Outside,
            };
        };
        for package in packages {
            at.push(package);
            if !self.is_folder(&at) {
                return Found::Outside;
            }
        }
        let package = at.join(last);
        let init = package.join("__init__.py");
        if self.is_file(&init) {
            return Found::File(self.id(&init));
        }
        let module = at.join(format!("{last}.py"));
        if self.is_file(&module) {
            return Found::File(self.id(&module));
        }
        if self.is_folder(&package) { Found::Namespace } else { Found::Outside }
    }

    /// Returns the folders above a file in which modules are looked for, the uppermost first.
    fn above<'p>(&self, importer: &'p Path) -> Vec<&'p Path> {
        let mut above: Vec<&Path> = Vec::new();
        for folder in importer.ancestors().skip(1).take(MAX_ABOVE) {
            above.push(folder);
            if self.limit.as_deref() == Some(folder) {
                break;
            }
        }
        above.reverse();
        above
    }

    /// The folders in which modules that a file imports are looked for, in order.
    fn looked_in(&self, importer: &Path) -> Vec<PathBuf> {
        let mut folders = self.roots.clone();
        folders.extend(self.above(importer).into_iter().map(Path::to_owned));
        // A project that keeps its packages in `src` is installed where it is used.
        let sources = folders.iter().map(|folder| folder.join("src")).filter(|folder| self.is_folder(folder));
        let sources: Vec<PathBuf> = sources.collect();
        folders.extend(sources);
        folders
    }

    fn absolute(&self, importer: &Path, path: &str) -> Found {
        let mut namespace = false;
        for folder in &self.looked_in(importer) {
            match self.module_in(folder, path) {
                Found::File(file) => return Found::File(file),
                Found::Namespace => namespace = true,
                Found::Outside => {}
            }
        }
        if namespace { Found::Namespace } else { Found::Outside }
    }
}

/// Reads and parses a file. A pipe would be waited for; it is no file.
#[must_use]
pub fn parse_file(path: &Path) -> Option<Arc<Parsed>> {
    if !std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() <= MAX_FILE) {
        return None;
    }
    let source = read_source(path).ok()?;
    Some(Arc::new(Parsed::parse(Arc::from(source.text.as_str()))))
}

impl Files for ProjectFiles {
    fn find(&self, importer: FileId, module: &ModuleName) -> Found {
        if module.level == 0 && is_outside(&module.path) {
            return Found::Outside;
        }
        let Some(number) = self.folder_of(importer) else { return Found::Outside };
        let key = (number, module.level);
        if let Some(found) = self.state.borrow().found.get(&key).and_then(|known| known.get(&module.path)) {
            return found.clone();
        }
        let importer = self.path(importer);
        let Some(folder) = importer.parent() else { return Found::Outside };
        let found = if module.level == 0 {
            self.absolute(&importer, &module.path)
        } else {
            match folder.ancestors().nth(module.level as usize - 1) {
                Some(base) => self.module_in(base, &module.path),
                None => Found::Outside,
            }
        };
        self.state.borrow_mut().found.entry(key).or_default().insert(module.path.clone(), found.clone());
        found
    }

    fn modules_in(&self, importer: FileId, module: &ModuleName) -> Vec<FileId> {
        if module.path.is_empty() || self.find(importer, module) != Found::Namespace {
            return Vec::new();
        }
        let importer = self.path(importer);
        let inner: PathBuf = module.path.split('.').collect();
        let folder = if module.level == 0 {
            let folders = self.looked_in(&importer).into_iter();
            folders.map(|folder| folder.join(&inner)).find(|folder| self.is_folder(folder))
        } else {
            importer.ancestors().nth(module.level as usize).map(|base| base.join(&inner))
        };
        let Some(Ok(entries)) = folder.map(std::fs::read_dir) else { return Vec::new() };
        let mut modules: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        modules.retain(|path| path.extension().is_some_and(|e| e == "py") && self.is_file(path));
        modules.sort();
        modules.iter().map(|path| self.id(path)).collect()
    }

    fn parsed(&self, file: FileId) -> Option<Arc<Parsed>> {
        if let Some(parsed) = self.state.borrow().parsed.get(&file) {
            return parsed.clone();
        }
        let parsed = self.shared.parsed(&self.path(file));
        self.state.borrow_mut().parsed.insert(file, parsed.clone());
        parsed
    }

    fn path_of(&self, file: FileId) -> Option<PathBuf> {
        self.state.borrow().paths.get(file.0 as usize).cloned()
    }

    fn imported_by(&self, file: FileId) -> Vec<FileId> {
        // Only the functions of the file itself are sure to be called.
        let mut files = self.loaded_with(&[file], |other| other == file);
        files.retain(|other| *other != file);
        files
    }

    fn text_of(&self, path: &Path) -> Option<String> {
        let is_sql = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("sql"));
        if !is_sql || !self.is_file(path) {
            return None;
        }
        read_source(path).ok().map(|source| source.text.as_str().to_owned())
    }

    fn module_name(&self, file: FileId) -> String {
        let path = self.path(file);
        let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let number = self.folder_of(file);
        let known = number.and_then(|number| self.state.borrow().packages.get(&number).cloned());
        let package = known.unwrap_or_else(|| self.package(&path));
        let name = match (stem.as_str(), package.as_str()) {
            ("__init__", package) => package.to_owned(),
            (stem, "") => stem.to_owned(),
            (stem, package) => format!("{package}.{stem}"),
        };
        if let Some(number) = number {
            self.state.borrow_mut().packages.insert(number, package);
        }
        name
    }
}

impl ProjectFiles {
    /// The dotted name of the package in whose folder a file stands; empty when the folder is none.
    fn package(&self, path: &Path) -> String {
        let mut parts: Vec<String> = Vec::new();
        let mut folder = path.parent();
        while let Some(at) = folder {
            if !self.is_file(&at.join("__init__.py")) {
                break;
            }
            if let Some(name) = at.file_name() {
                parts.push(name.to_string_lossy().into_owned());
            }
            folder = at.parent();
        }
        parts.reverse();
        parts.join(".")
    }
}

fn python_files_below(path: &Path) -> Vec<PathBuf> {
    const PASSED_OVER: &[&str] = &["__pycache__", "node_modules", "site-packages", "venv"];
    let wanted = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().to_string_lossy();
        entry.depth() == 0 || !(name.starts_with('.') || PASSED_OVER.contains(&name.as_ref()))
    };
    let mut found: Vec<PathBuf> = walkdir::WalkDir::new(path)
        .max_depth(32)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(wanted)
        .take(100_000)
        .flatten()
        .filter(|e| e.file_type().is_file() && e.path().extension().is_some_and(|x| x == "py"))
        .map(walkdir::DirEntry::into_path)
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_what_lies_outside_are_sorted() {
        assert!(OUTSIDE.is_sorted());
        assert!(is_outside("sqlalchemy.dialects") && is_outside("alembic") && !is_outside("app.models"));
    }

    #[test]
    fn packages_in_src_are_found_from_beside() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        for file in ["alembic/versions/a1.py", "src/app/__init__.py", "src/app/models.py", "src/shared/x.py"]
        {
            std::fs::create_dir_all(root.join(file).parent().expect("a folder")).expect("a folder");
            std::fs::write(root.join(file), "").expect("a file");
        }
        let files = ProjectFiles::new(Vec::new(), Some(root.to_owned()));
        let importer = files.id(&root.join("alembic/versions/a1.py"));
        let module = |path: &str| ModuleName { level: 0, path: path.to_owned() };
        let Found::File(found) = files.find(importer, &module("app.models")) else {
            panic!("it is not found")
        };
        assert_eq!(files.path(found), root.join("src/app/models.py"));
        assert_eq!(files.find(importer, &module("other")), Found::Outside);
        let inner = files.modules_in(importer, &module("shared"));
        assert_eq!(
            inner.iter().map(|file| files.path(*file)).collect::<Vec<_>>(),
            [root.join("src/shared/x.py")]
        );
    }
}
