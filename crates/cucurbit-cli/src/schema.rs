//! `cucurbit schema`.

use crate::{FAILED, FOUND, complain, write_out};
use clap::ValueEnum;
use cucurbit::schema::{Dialect, ddl};
use cucurbit::{Case, Options, ReplayedChain, SchemaOptions, cases, stopped};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArguments {
    /// A folder or a configuration file.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The revision, as `alembic upgrade` takes it; all heads when not given.
    revision: Option<String>,
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
    /// Lists on standard error what could not be told, with file and line.
    #[arg(long)]
    explain: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DialectName {
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

pub(crate) fn run(arguments: &SchemaArguments) -> ExitCode {
    match try_run(arguments) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::from(FAILED)
        }
    }
}

fn try_run(arguments: &SchemaArguments) -> Result<ExitCode, String> {
    let options = Options {
        section: arguments.name.clone(),
        config: arguments.config.clone(),
        versions: arguments.versions.clone(),
        recursive: arguments.recursive,
        ..Options::default()
    };
    let found = cases(&arguments.path, &options).map_err(|error| error.to_string())?;
    let [case] = found.as_slice() else {
        let folders: Vec<String> =
            found.iter().map(|c| c.environment().folder().display().to_string()).collect();
        return Err(format!("there are {} environments; name one: {}", found.len(), folders.join(", ")));
    };
    let mut wanted = SchemaOptions::new(arguments.dialect.into());
    wanted.revision.clone_from(&arguments.revision);
    wanted.import_roots = import_roots(&arguments.import_root);
    let chain = case.schema_at(&wanted).map_err(|error| error.to_string())?;
    let written = ddl::ddl(&chain.state);
    write_out(&written.to_sql()).map_err(|error| error.to_string())?;
    let told = tell(case, &chain, arguments.explain);
    for omission in &written.omissions {
        complain(&format!("left out: {}: {}", omission.object, omission.reason));
    }
    Ok(if told || !written.omissions.is_empty() { ExitCode::from(FOUND) } else { ExitCode::SUCCESS })
}

/// Says on standard error what is not sure; tells whether there was anything.
fn tell(case: &Case, chain: &ReplayedChain, explain: bool) -> bool {
    for id in &chain.missing {
        complain(&format!("revision `{id}` is not defined by any file; what it did is not in the schema"));
    }
    for (revision, what) in stopped(chain) {
        complain(&format!("{}: {what}", show(case, case.path(revision.row))));
    }
    let (known, all) = chain.known();
    let mut misfits = 0;
    for operation in &chain.operations {
        let unknown = match &operation.certainty {
            cucurbit::Certainty::Unknown(reason) => Some(reason.clone()),
            _ => None,
        };
        let lines = operation.changes.iter().flat_map(|(_, applied)| &applied.mismatches);
        let lines: Vec<String> =
            unknown.into_iter().chain(lines.map(|m| cucurbit::describe_mismatch(m))).collect();
        misfits += lines.len();
        if explain {
            let path = chain.path(operation.place.file);
            let line = chain.line(operation.place);
            for text in lines {
                complain(&format!("{}:{line}: {}: {text}", show(case, &path), operation.call));
            }
        }
    }
    complain(&format!("{known} of {all} operations known exactly"));
    if misfits > 0 && !explain {
        complain(&format!("{misfits} things could not be told or do not fit; `--explain` lists them"));
    }
    !chain.missing.is_empty() || misfits > 0 || known < all
}

fn show(case: &Case, path: &Path) -> String {
    path.strip_prefix(case.environment().folder()).unwrap_or(path).display().to_string()
}

/// The folders that were given, then those of PYTHONPATH, as Python would have them.
pub(crate) fn import_roots(given: &[PathBuf]) -> Vec<PathBuf> {
    let mut roots = given.to_vec();
    if let Some(path) = std::env::var_os("PYTHONPATH") {
        roots.extend(std::env::split_paths(&path).filter(|p| !p.as_os_str().is_empty()));
    }
    roots
}
