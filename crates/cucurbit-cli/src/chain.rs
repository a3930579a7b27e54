//! Which chain a command is about.

use crate::complain;
use clap::ValueEnum;
use cucurbit::report::harmless;
use cucurbit::schema::{Database, Dialect, sql};
use cucurbit::{Case, Options, SchemaOptions, TablePattern, cases, forget_tables};
use std::path::{Path, PathBuf};

/// Arguments that name a chain and how to read it.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ChainArguments {
    /// A folder or a configuration file.
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    #[command(flatten)]
    pub(crate) options: ChainOptions,
}

/// How a chain is to be read.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ChainOptions {
    /// Version folders to read without any configuration.
    #[arg(long, value_name = "DIR")]
    versions: Vec<PathBuf>,
    /// Subfolders of the version folders count too.
    #[arg(long, requires = "versions")]
    recursive: bool,
    /// The configuration to read, as in `alembic -c`; may be given twice, once for each kind.
    #[arg(short, long, value_name = "FILE")]
    config: Vec<PathBuf>,
    /// The section of the ini file, as in `alembic -n`.
    #[arg(short, long, value_name = "SECTION")]
    name: Option<String>,
    /// The database system.
    #[arg(long, value_enum, default_value_t = DialectName::Postgresql)]
    dialect: DialectName,
    /// A folder in which modules that migrations import are looked for; may be given several times. The folders
    /// of PYTHONPATH come behind.
    #[arg(long, value_name = "DIR")]
    import_root: Vec<PathBuf>,
    /// Models whose MetaData Alembic is given, where no env.py tells: its naming convention names what migrations
    /// leave unnamed.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    metadata: Vec<PathBuf>,
    /// The database that is meant where the project has several (`alembic init multidb`): what env.py hands to
    /// `upgrade(engine_name)`.
    #[arg(long, value_name = "NAME")]
    engine: Option<String>,
    /// The version of SQLAlchemy, as far as it matters: 1.3, 1.4, 2.0 or 2.1. That of the nearest lock file (uv, Poetry, PDM,
    /// Pipenv, pinned requirements) when not given, else 2.0.
    #[arg(long, value_name = "VERSION", value_parser = sqlalchemy)]
    sqlalchemy: Option<cucurbit::SqlAlchemyVersion>,
}

fn sqlalchemy(text: &str) -> Result<cucurbit::SqlAlchemyVersion, String> {
    cucurbit::read_version(text).ok_or_else(|| format!("`{text}` is no version"))
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswerFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum DialectName {
    Postgresql,
    Sqlite,
    Mysql,
    Mariadb,
}

impl From<DialectName> for Dialect {
    fn from(name: DialectName) -> Self {
        match name {
            DialectName::Postgresql => Dialect::PostgreSql,
            DialectName::Sqlite => Dialect::Sqlite,
            DialectName::Mysql => Dialect::MySql,
            DialectName::Mariadb => Dialect::MariaDb,
        }
    }
}

impl ChainArguments {
    /// Reads the one environment that is meant.
    pub(crate) fn case(&self) -> Result<Case, String> {
        let mut options = Options {
            section: self.options.name.clone(),
            config: self.options.config.clone(),
            versions: self.options.versions.clone(),
            recursive: self.options.recursive,
            ..Options::default()
        };
        let mut found = cases(&self.path, &options).map_err(|error| error.to_string())?;
        // Without a configuration nobody says whether subfolders count; the revisions do.
        if !options.versions.is_empty() && !options.recursive && found.iter().any(Case::reaches_below) {
            complain(&"the chain goes on in subfolders, which are read too, as with --recursive");
            options.recursive = true;
            found = cases(&self.path, &options).map_err(|error| error.to_string())?;
        }
        if found.len() > 1 {
            const SHOWN: usize = 12;
            let folders: Vec<String> =
                found.iter().take(SHOWN).map(|c| c.environment().folder().display().to_string()).collect();
            let more = match found.len().saturating_sub(SHOWN) {
                0 => String::new(),
                rest => format!(" and {rest} more"),
            };
            return Err(format!(
                "there are {} environments; name one: {}{more}",
                found.len(),
                folders.join(", ")
            ));
        }
        let case = found.pop().ok_or_else(|| "there is no environment".to_owned())?;
        self.engine(&case)?;
        Ok(case)
    }

    /// Reads the one environment that is meant, for which a migration is to be written.
    pub(crate) fn case_to_write_for(&self) -> Result<Case, String> {
        let case = self.case()?;
        if case.engines().is_empty() {
            return Ok(case);
        }
        Err("the migrations are for several databases; such a migration is not written".to_owned())
    }

    /// The database that is meant, where there are several.
    fn engine(&self, case: &Case) -> Result<(), String> {
        let engines = case.engines();
        let named = || harmless(&engines.join(", "));
        match &self.options.engine {
            None if !engines.is_empty() => Err(format!(
                "the migrations take the name of a database; give one with --engine: {}",
                named()
            )),
            Some(engine) if !engines.contains(engine) => Err(match engines.len() {
                0 => "the migrations are for one database, so there is none to name".to_owned(),
                _ => format!("there is no database `{}`; there are: {}", harmless(engine), named()),
            }),
            _ => Ok(()),
        }
    }

    /// A path as people are shown it: as the folder was named, then relative to it, with forward slashes.
    pub(crate) fn show(&self, case: &Case, path: &Path) -> String {
        let folder =
            if self.path.is_dir() { self.path.as_path() } else { self.path.parent().unwrap_or(&self.path) };
        let inside = std::path::absolute(folder)
            .ok()
            .and_then(|root| path.strip_prefix(root).ok().map(Path::to_owned));
        let shown = match inside {
            Some(inside) if folder.is_absolute() || folder == Path::new(".") || folder == Path::new("") => {
                inside
            }
            Some(inside) => folder.join(inside),
            None => path.strip_prefix(case.environment().folder()).unwrap_or(path).to_owned(),
        };
        harmless(&shown.to_string_lossy().replace('\\', "/"))
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.options.dialect.into()
    }

    pub(crate) fn schema_options(&self, revision: Option<&str>) -> SchemaOptions {
        let mut options = SchemaOptions::new(self.dialect());
        options.revision = revision.map(str::to_owned);
        let at = self.options.versions.first().unwrap_or(&self.path);
        let locked = || cucurbit::sqlalchemy_version(at).map(|(version, _)| version);
        if let Some(version) = self.options.sqlalchemy.or_else(locked) {
            options.sqlalchemy = version;
        }
        options.import_roots = import_roots(&self.options.import_root);
        options.engine.clone_from(&self.options.engine);
        options.metadata = self
            .options
            .metadata
            .iter()
            .map(|p| std::path::absolute(p).unwrap_or_else(|_| p.clone()))
            .collect();
        options
    }
}

/// The folders that were named, then those of PYTHONPATH.
pub(crate) fn import_roots(named: &[PathBuf]) -> Vec<PathBuf> {
    let mut roots = named.to_vec();
    if let Some(path) = std::env::var_os("PYTHONPATH") {
        roots.extend(std::env::split_paths(&path).filter(|p| !p.as_os_str().is_empty()));
    }
    roots
}

/// Which tables of the database are another application's.
#[derive(Debug, clap::Args)]
pub(crate) struct OtherTables {
    /// Tables that another application makes in the same database, as `name`, `schema.name` or with `*` and `?`: they
    /// are not compared and not written; may be given several times.
    #[arg(long = "exclude-table", value_name = "PATTERN")]
    patterns: Vec<String>,
}

impl OtherTables {
    /// Returns the patterns.
    pub(crate) fn patterns(&self, dialect: Dialect) -> Vec<TablePattern> {
        self.patterns.iter().filter_map(|text| TablePattern::new(text, dialect)).collect()
    }

    /// Takes them out of schemas; a pattern that means none of their tables may be a slip, and that is said.
    pub(crate) fn forget(&self, schemas: &mut [&mut Database]) {
        for text in &self.patterns {
            let mut found = false;
            for schema in schemas.iter_mut() {
                let pattern = TablePattern::new(text, schema.dialect);
                found |= !forget_tables(schema, pattern.as_slice()).is_empty();
            }
            if !found {
                complain(&format!("--exclude-table {text}: no such table"));
            }
        }
    }
}

/// Reads a dump of a schema; what could not be read is told in words.
pub(crate) fn read_dump(path: &Path, dialect: Dialect) -> Result<(Database, Vec<String>), String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    let (database, problems) = sql::load(&text, dialect);
    if database.tables.is_empty() && !text.trim().is_empty() {
        return Err(format!("{}: no table is made in this dump", path.display()));
    }
    Ok((database, problems))
}
