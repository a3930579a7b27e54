//! A project's files in memory, to be broken there and written out.

use anyhow::Context;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How deep version folders are followed.
const MAX_DEPTH: usize = 8;

/// One entry of a folder.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    /// A file.
    File(Arc<[u8]>),
    /// A symbolic link to a path.
    Link(PathBuf),
    /// A named pipe that nobody writes to.
    Pipe,
    /// A folder that stays empty.
    Folder,
}

/// Entries by their path below the root.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    entries: BTreeMap<PathBuf, Entry>,
}

impl Tree {
    /// Takes the Python files of a folder into the tree, below `inside`.
    pub(super) fn take(&mut self, folder: &Path, inside: &Path) -> anyhow::Result<()> {
        self.take_level(folder, inside, MAX_DEPTH)
    }

    fn take_level(&mut self, folder: &Path, inside: &Path, depth: usize) -> anyhow::Result<()> {
        let listing =
            std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
        self.entries.insert(inside.to_path_buf(), Entry::Folder);
        for entry in listing {
            let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
            if path.is_dir() && name != "__pycache__" && depth > 0 {
                self.take_level(&path, &inside.join(name), depth - 1)?;
            } else if path.extension().is_some_and(|extension| extension == "py") && path.is_file() {
                let bytes =
                    std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                self.put(&inside.join(name), bytes);
            }
        }
        Ok(())
    }

    /// Puts a file, over one that may be there.
    pub(super) fn put(&mut self, path: &Path, bytes: impl Into<Arc<[u8]>>) {
        self.put_entry(path, Entry::File(bytes.into()));
    }

    /// Puts an entry, over one that may be there.
    pub(super) fn put_entry(&mut self, path: &Path, entry: Entry) {
        self.entries.insert(path.to_path_buf(), entry);
    }

    /// Takes an entry away.
    pub(super) fn remove(&mut self, path: &Path) {
        self.entries.remove(path);
    }

    /// Tells whether there is an entry of this path.
    pub(super) fn contains(&self, path: &Path) -> bool {
        self.entries.contains_key(path)
    }

    /// Returns the paths of the files, sorted.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.entries
            .iter()
            .filter(|(_, entry)| matches!(entry, Entry::File(_)))
            .map(|(path, _)| path.as_path())
    }

    /// Returns the bytes of a file.
    pub(super) fn bytes(&self, path: &Path) -> Option<&[u8]> {
        match self.entries.get(path) {
            Some(Entry::File(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// Writes everything below a folder.
    pub(super) fn write_to(&self, root: &Path) -> anyhow::Result<()> {
        for (path, entry) in &self.entries {
            let path = root.join(path);
            write_entry(&path, entry).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

fn write_entry(path: &Path, entry: &Entry) -> anyhow::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    match entry {
        Entry::File(bytes) => std::fs::write(path, bytes)?,
        Entry::Folder => std::fs::create_dir_all(path)?,
        Entry::Link(target) => std::os::unix::fs::symlink(target, path)?,
        Entry::Pipe => {
            use nix::sys::stat::Mode;
            nix::unistd::mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR)?;
        }
    }
    Ok(())
}
