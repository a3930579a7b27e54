//! Models as a database schema: mapped classes and tables of SQLAlchemy, SQLModel and Flask-SQLAlchemy.
//!
//! [`read`] follows the modules of a project without running them, works out the table that each mapped class
//! stands for as SQLAlchemy would, and makes the tables in a [`cucurbit_schema::Database`], which names what the
//! models leave unnamed. What cannot be told is an [`Unresolved`] with its place and its reason; a type or a
//! default that cannot be told is unknown, never a guess.
//!
//! Nothing is run, no database is asked, and what a plugin or a listener would add is not seen.

mod annotations;
mod columns;
mod conventions;
mod database;
mod excluded;
mod facts;
mod find;
mod host;
mod lineage;
mod mapping;
mod python_types;
mod scan;
mod sqlmodel;
mod table_name;
mod uncalled;

pub use excluded::{Excluded, excluded};

use cucurbit_alembic::ProjectFiles;
use cucurbit_schema::{Database, ObjectName, ObjectRef};
use cucurbit_sqlalchemy::{MetaData, NamingConvention, Settings};
use std::path::{Path, PathBuf};

/// A line of a file of the project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceLine {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: u32,
}

/// Something of the models that could not be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// Where it stands; `None` when it stands nowhere.
    pub source: Option<SourceLine>,
    /// The table that it is about, where that is known.
    pub table: Option<ObjectName>,
    /// What it is about, in words for people; may be empty.
    pub what: String,
    /// Why it cannot be told.
    pub reason: String,
}

impl std::fmt::Display for Unresolved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(table) = &self.table {
            write!(f, "{table}: ")?;
        }
        if !self.what.is_empty() {
            write!(f, "{}: ", self.what)?;
        }
        f.write_str(&self.reason)
    }
}

/// A table of the models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelTable {
    /// Its name.
    pub name: ObjectName,
    /// The class that it was made for; `None` for a `Table(…)`.
    pub class: Option<String>,
    /// Where it is defined.
    pub source: SourceLine,
    /// Where its columns are defined, as far as they stand in a file.
    pub columns: Vec<(String, SourceLine)>,
}

/// Models that were read.
#[derive(Debug, Clone)]
pub struct Models {
    /// The schema that `metadata.create_all()` would make. An origin is the place in [`Models::tables`] of the
    /// table that an object was made for, counted from 1.
    pub database: Database,
    /// The `MetaData` that holds most of the tables: its schema and its naming convention.
    pub metadata: Option<MetaData>,
    /// The tables in the order in which they were made.
    pub tables: Vec<ModelTable>,
    /// What could not be told, in the order of files and lines.
    pub unresolved: Vec<Unresolved>,
    /// What a reader should know though nothing is missing: listeners and plugins that may add something.
    pub notes: Vec<Unresolved>,
}

impl Models {
    /// Returns where an object is defined: a column at its own line, what else belongs to a table at the line of the
    /// table. `None` for what belongs to no table of these models.
    #[must_use]
    pub fn place(&self, object: &ObjectRef) -> Option<&SourceLine> {
        let table = match object {
            ObjectRef::Enum(name) => {
                let origin = self.database.enums.get(name)?.origin;
                self.tables.get(usize::try_from(origin.0).ok()?.checked_sub(1)?)?
            }
            other => self.tables.iter().find(|t| Some(&t.name) == other.table())?,
        };
        let column = match object {
            ObjectRef::Column(_, name) => table.columns.iter().find(|(column, _)| column == name),
            _ => None,
        };
        Some(column.map_or(&table.source, |(_, source)| source))
    }
}

/// Reads models: `wanted` are files, or folders with all files below them.
///
/// The tables that count are those of every `MetaData` that a table or a base class of the wanted files belongs
/// to, wherever in their imports they are defined.
#[must_use]
pub fn read(files: &ProjectFiles, settings: &Settings, wanted: &[PathBuf]) -> Models {
    database::read(files, settings, &find::Wanted::files(files, wanted))
}

/// Returns files and those files of the project that are loaded with them: what they import, in their own functions too,
/// and what that imports, the nearest first. Reads and parses each once.
#[must_use]
pub fn loaded_with(files: &ProjectFiles, paths: &[PathBuf]) -> Vec<cucurbit_python::eval::FileId> {
    find::loaded(files, paths)
}

/// Reads the tables that one file writes down, whatever other modules define beside them.
///
/// What the file imports is followed where it uses a name of it, and no further: costs little more than the file.
#[must_use]
pub fn read_alone(files: &ProjectFiles, settings: &Settings, path: &Path) -> Models {
    database::read(files, settings, &find::Wanted::alone(files, path))
}

/// Reads the models that an `env.py` hands to Alembic as `target_metadata`, with all that it imports. Where that
/// cannot be told, every file below `folder` that writes `__tablename__` or `table=True` is taken.
#[must_use]
pub fn read_environment(
    files: &ProjectFiles,
    settings: &Settings,
    env_py: Option<&Path>,
    folder: &Path,
) -> Models {
    if let Some(env_py) = env_py {
        let models = database::read(files, settings, &find::Wanted::environment(files, env_py));
        if !models.tables.is_empty() {
            return models;
        }
    }
    database::read(files, settings, &find::Wanted::scan(files, folder))
}

/// Returns the naming conventions that files write down, each once: what a `MetaData` of theirs is given, and
/// dictionaries of the module that read as one (for `batch_alter_table(…, naming_convention=…)`). What cannot be told
/// is passed over.
#[must_use]
pub fn conventions(files: &ProjectFiles, settings: &Settings, paths: &[PathBuf]) -> Vec<NamingConvention> {
    conventions::of(files, settings, paths)
}
