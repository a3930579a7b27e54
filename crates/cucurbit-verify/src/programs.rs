//! Programs of the system.

use std::path::{Path, PathBuf};

/// Where programs are looked for.
#[derive(Debug, Clone, Default)]
pub struct Programs {
    /// Folders, in order, as on `PATH`.
    pub folders: Vec<PathBuf>,
}

impl Programs {
    /// Looks in the folders of a `PATH`.
    #[must_use]
    pub fn on(path: Option<&std::ffi::OsStr>) -> Self {
        Programs { folders: path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default() }
    }

    /// Finds a program; `None` where there is none.
    #[must_use]
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        self.folders.iter().map(|folder| folder.join(program)).find(|path| path.is_file())
    }

    /// Finds a program of PostgreSQL: of the newest version where Debian keeps them outside the path, then on the
    /// path.
    #[must_use]
    pub fn find_postgresql(&self, program: &str) -> Option<PathBuf> {
        let number = |folder: &Path| -> u32 {
            folder.file_name().and_then(|n| n.to_str()).and_then(|n| n.parse().ok()).unwrap_or(0)
        };
        let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
            .map(|dir| dir.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default();
        folders.sort_by_key(|folder| std::cmp::Reverse(number(folder)));
        folders
            .into_iter()
            .map(|folder| folder.join("bin").join(program))
            .find(|path| path.is_file())
            .or_else(|| self.find(program))
    }
}
