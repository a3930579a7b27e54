//! `cucurbit reconstruct`.

use crate::chain::{ChainArguments, read_dump};
use crate::{FAILED, FOUND, complain, write_out};
use cucurbit::{ReconstructOptions, forget_version_table};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(crate) struct ReconstructArguments {
    #[command(flatten)]
    chain: ChainArguments,
    /// The lost revision, where several are missing.
    revision: Option<String>,
    /// A dump of the schema at the head: `pg_dump --schema-only`, SQLite's `.schema`, `mysqldump --no-data`.
    #[arg(long, value_name = "FILE")]
    dump: PathBuf,
    /// Where to write the migration; standard output when not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Says on standard error where each restored thing comes from.
    #[arg(long)]
    explain: bool,
    /// Refuses when anything had to be assumed.
    #[arg(long)]
    strict: bool,
}

pub(crate) fn run(arguments: &ReconstructArguments) -> ExitCode {
    match try_run(arguments) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::from(FAILED)
        }
    }
}

fn try_run(arguments: &ReconstructArguments) -> Result<ExitCode, String> {
    let case = arguments.chain.case()?;
    let (mut head, problems) = read_dump(&arguments.dump, arguments.chain.dialect())?;
    for problem in &problems {
        complain(&format!("{}: {problem}", arguments.dump.display()));
    }
    forget_version_table(&mut head);
    let options = ReconstructOptions {
        schema: arguments.chain.schema_options(None),
        head,
        revision: arguments.revision.clone(),
    };
    let found = case.reconstruct(&options).map_err(|error| error.to_string())?;
    if arguments.explain {
        for assumption in &found.assumptions {
            complain(&format!(
                "{:?}: {} for {}: {}",
                assumption.level, assumption.object, assumption.revision, assumption.reason
            ));
        }
        for (revision, left) in &found.unsettled {
            complain(&format!("{revision}: no state before it fits: {}", left.join("; ")));
        }
    }
    if found.convention_inferred {
        complain(
            &"no env.py was read; the names in the dump follow the naming convention that SQLAlchemy recommends, so unnamed constraints are named by it",
        );
    }
    let assumed = found.assumptions.iter().any(|a| a.level == cucurbit::Level::Assumed);
    if !found.is_proved() || (arguments.strict && assumed) {
        complain(&format!(
            "revision `{}` cannot be rebuilt from what is there; nothing is written",
            found.revision
        ));
        for question in found.questions() {
            complain(&question);
        }
        if arguments.strict && assumed {
            for assumption in found.assumptions.iter().filter(|a| a.level == cucurbit::Level::Assumed) {
                complain(&format!("{} had to be assumed for {}", assumption.object, assumption.revision));
            }
        }
        return Ok(ExitCode::from(FOUND));
    }
    if found.is_new {
        complain(&format!(
            "no revision is missing, and the chain ends before the schema does: this migration follows the head under the new id `{}`; where a database's alembic_version holds another id, give the migration that one",
            found.revision
        ));
    }
    match &arguments.out {
        None => write_out(&found.rendered.text).map_err(|error| error.to_string())?,
        Some(path) => write_file(path, &found.rendered.text)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a file whole or not at all, and never over another.
fn write_file(path: &Path, text: &str) -> Result<(), String> {
    let tell = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut file = std::fs::File::create_new(path).map_err(tell)?;
    if let Err(error) = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()) {
        let _ = std::fs::remove_file(path);
        return Err(tell(error));
    }
    Ok(())
}
