//! Finds every Alembic environment below a folder and says which version folders it has.
//!
//! The answers are those of Alembic 1.20 (`Config`, `ScriptDirectory.from_config`), read from the
//! files alone: no Python runs, no environment variable is looked at, nothing is written.
//! A configuration that Alembic would refuse still gives all settings that can be made out;
//! what is wrong with it stands in [`Environment::problems`].
//!
//! ```
//! use cucurbit_alembic::config::{DiscoverOptions, discover};
//! # let folder = std::env::temp_dir().join(format!("cucurbit-config-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(folder.join("alembic/versions")).unwrap();
//! # std::fs::write(folder.join("alembic.ini"), "[alembic]\nscript_location = alembic\n").unwrap();
//!
//! let found = discover(&folder, &DiscoverOptions::default())?;
//! assert_eq!(found.environments[0].version_locations[0].path, folder.join("alembic/versions"));
//! # std::fs::remove_dir_all(&folder).unwrap();
//! # Ok::<(), cucurbit_alembic::config::DiscoverError>(())
//! ```
//!
//! # Choices made here
//!
//! - All paths in the answers are absolute and free of `.`; links are not resolved.
//!   [`Discovery::root`] is what to strip for display.
//! - Several configurations (or several sections) with the same version folders *and* the same
//!   settings are one environment; the others are listed in [`Environment::shared_with`]. With the
//!   same folders but other settings they stay apart, and the later one has the problem
//!   [`ConfigProblemKind::SharedVersionLocations`].
//! - Relative paths count from the folder of the configuration file; when the script location
//!   does not exist there, from the nearest folder above in which it does, up to the given path
//!   and then up to the folder that holds `.git`. [`Environment::run_dir_from`] tells which.

mod decode;
mod discover;
mod environment;
mod groups;
mod ini;
mod interpolation;
mod paths;
mod problem;
mod pyproject;
mod python;
mod settings;
mod share;
mod split;
mod template;
mod traced;
mod walk;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests;

use std::path::{Path, PathBuf};

pub use discover::discover;
pub use problem::{ConfigProblem, ConfigProblemKind, Effect, WalkProblem, WalkProblemKind};
pub use template::{TemplatePromise, TemplateValue, fill_template, template_promises};

/// A range of byte offsets in a configuration file, end exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The offset of the first byte.
    pub start: usize,
    /// The offset after the last byte.
    pub end: usize,
}

impl Span {
    /// Returns the span from `start` up to `end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// A span of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The configuration file.
    pub file: PathBuf,
    /// The bytes in it.
    pub span: Span,
}

/// A setting with where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value that Alembic would use.
    pub value: T,
    /// The place of the value; absent for a default.
    pub written_at: Option<Place>,
}

impl<T> Setting<T> {
    /// Returns a value that no file sets.
    pub(crate) const fn default(value: T) -> Self {
        Self { value, written_at: None }
    }
}

/// How a written location became a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Resolution {
    /// The path is absolute, or relative to [`Environment::run_dir`].
    AsWritten,
    /// The location is `package:path`, looked up where Python would find the package.
    Package,
    /// The path exists on another machine only; a tail of it exists beside the configuration.
    Tail,
    /// Nothing was written: the default, or the folder in which the environment was found.
    Default,
}

/// A script location or a version location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The text in the file, before interpolation; empty when nothing was written.
    pub written: String,
    /// The text after interpolation, as Alembic gets it; empty when nothing was written.
    pub value: String,
    /// The place of `written`; absent when nothing was written.
    pub written_at: Option<Place>,
    /// The path it means.
    pub path: PathBuf,
    /// Whether something is there.
    pub exists: bool,
    /// How the path was found.
    pub resolution: Resolution,
}

/// How an environment was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EnvironmentKind {
    /// An ini file or `pyproject.toml` describes it.
    Configured,
    /// The `alembic.ini` of Flask-Migrate, which names no script location: it is the ini's own folder.
    FlaskMigrate,
    /// A script folder (`env.py` beside `versions`) that no configuration file names.
    ScriptFolder,
    /// A folder of revision files of which nothing else is known.
    BareVersions,
    /// Version folders that the caller named.
    Explicit,
}

/// Why relative paths count from [`Environment::run_dir`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunDirSource {
    /// The caller said so.
    Given,
    /// The folder of the configuration file, or of the environment.
    ConfigFolder,
    /// A folder above it, the nearest in which the script location exists.
    Ancestor,
}

/// A configuration file with the section that was read in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigSource {
    /// The file.
    pub file: PathBuf,
    /// The section; `tool.alembic` for a TOML file.
    pub section: String,
}

/// One Alembic environment: a script folder with its version folders and settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// How it was recognised.
    pub kind: EnvironmentKind,
    /// The files that configure it: the ini file first, then `pyproject.toml`.
    pub config_files: Vec<PathBuf>,
    /// The ini section (`alembic` unless another was asked for or found).
    pub section: String,
    /// Further configurations that describe the same environment.
    pub shared_with: Vec<ConfigSource>,
    /// The folder from which relative paths count.
    pub run_dir: PathBuf,
    /// Why that folder.
    pub run_dir_from: RunDirSource,
    /// The script folder; absent when the configuration names none.
    pub script_location: Option<Located>,
    /// The version folders in Alembic's order, those that do not exist included.
    pub version_locations: Vec<Located>,
    /// `prepend_sys_path`, in order.
    pub prepend_sys_path: Vec<Located>,
    /// `recursive_version_locations`; guessed from the files where there is no configuration.
    pub recursive: bool,
    /// `sourceless`: bytecode files count as revisions.
    pub sourceless: bool,
    /// `file_template`, default `%(rev)s_%(slug)s`.
    pub file_template: Setting<String>,
    /// `truncate_slug_length`, default 40.
    pub truncate_slug_length: Setting<i64>,
    /// `timezone`.
    pub timezone: Setting<Option<String>>,
    /// `output_encoding`, default `utf-8`.
    pub output_encoding: Setting<String>,
    /// `revision_environment`: `env.py` runs for every new revision.
    pub revision_environment: Setting<bool>,
    /// The list separator in force (`path_separator`, else `version_path_separator`), as written.
    pub path_separator: Setting<Option<String>>,
    /// `databases`, the names of the multidb template; empty for one database.
    pub databases: Setting<Vec<String>>,
    /// The `env.py` of the script folder, if it exists.
    pub env_py: Option<PathBuf>,
    /// The `script.py.mako` of the script folder, if it exists.
    pub script_template: Option<PathBuf>,
    /// What is odd, in the order of the files and of the places in them. Where several would
    /// stop Alembic, it reports only one: what makes an ini file unreadable comes first.
    pub problems: Vec<ConfigProblem>,
}

impl Environment {
    /// Returns the script folder, else the first version folder, else the run folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        let located = self.script_location.as_ref().or_else(|| self.version_locations.first());
        located.map_or(&self.run_dir, |located| &located.path)
    }
}

/// What to look for, and where Alembic would be run.
#[derive(Clone, Debug, Default)]
pub struct DiscoverOptions {
    /// The ini section to read (`alembic -n NAME`); default: every section that describes an environment.
    pub section: Option<String>,
    /// Configuration files (`alembic -c FILE`): at most one ini and one `pyproject.toml`; then
    /// no others are looked for.
    pub config: Vec<PathBuf>,
    /// Version folders; then no configuration is looked for.
    pub versions: Vec<PathBuf>,
    /// Subfolders of [`DiscoverOptions::versions`] count too.
    pub recursive: bool,
    /// The folder in which Alembic would be run; default: found out per environment.
    pub current_dir: Option<PathBuf>,
}

/// The environments found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// The folder that was searched, absolute.
    pub root: PathBuf,
    /// The environments, sorted by configuration file (else by folder) and section.
    pub environments: Vec<Environment>,
    /// What was met while walking, sorted by path.
    pub problems: Vec<WalkProblem>,
}

/// Why there is nothing to report on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoverError {
    /// The path, or a configuration file or version folder that was asked for, does not exist.
    #[error("{} does not exist", path.display())]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// The path exists and cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The path is neither a folder nor a configuration file.
    #[error("{} is neither a folder nor an Alembic configuration file", path.display())]
    UnknownFile {
        /// The path as given.
        path: PathBuf,
    },
    /// Two ini files, or two `pyproject.toml`, were asked for at once.
    #[error("two configuration files of one kind: {} and {}", first.display(), second.display())]
    TwoConfigs {
        /// The first one.
        first: PathBuf,
        /// The second one.
        second: PathBuf,
    },
    /// The folder holds no Alembic environment.
    #[error(
        "no Alembic environment in {}: looked for an ini file with an [alembic] section, for \
         pyproject.toml with [tool.alembic], and for folders of revision files named \"versions\"{}",
        path.display(),
        stray_words(strays)
    )]
    NothingFound {
        /// The path as given.
        path: PathBuf,
        /// Folders of revision files under other names; the first few.
        strays: Vec<PathBuf>,
        /// What was met while walking.
        problems: Vec<WalkProblem>,
    },
}

fn stray_words(strays: &[PathBuf]) -> String {
    if strays.is_empty() {
        return String::new();
    }
    let names: Vec<String> = strays.iter().map(|folder| folder.display().to_string()).collect();
    format!("; revision files stand in {}: name such a folder itself", names.join(", "))
}

/// Returns the `sqlalchemy.url` that a section of an ini file states, as written. Nothing for another kind of file,
/// or when it is not there.
#[must_use]
pub fn literal_url(file: &Path, section: &str) -> Option<String> {
    if file.extension().is_some_and(|extension| extension == "toml") {
        return None;
    }
    let bytes = std::fs::read(file).ok()?;
    let ini = ini::Ini::read(file.to_owned(), &bytes);
    ini.option(section, "sqlalchemy.url").map(|option| option.value.text.clone())
}
