//! `cucurbit locate`.

use crate::chain::{ChainArguments, OtherTables, read_dump};
use crate::{FAILED, FOUND, OutputFormat, complain, write_out};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(crate) struct LocateArguments {
    #[command(flatten)]
    chain: ChainArguments,
    /// The dump of the schema: `pg_dump --schema-only`, SQLite's `.schema`, `mysqldump --no-data`.
    #[arg(long, value_name = "FILE")]
    dump: PathBuf,
    #[command(flatten)]
    others: OtherTables,
    /// How to write the answer.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

pub(crate) fn run(arguments: &LocateArguments) -> ExitCode {
    match try_run(arguments) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::from(FAILED)
        }
    }
}

fn try_run(arguments: &LocateArguments) -> Result<ExitCode, String> {
    let case = arguments.chain.case()?;
    let (mut schema, problems) = read_dump(&arguments.dump, arguments.chain.dialect())?;
    for problem in &problems {
        complain(&format!("{}: {problem}", arguments.dump.display()));
    }
    cucurbit::forget_version_table(&mut schema);
    arguments.others.forget(&mut [&mut schema]);
    let found =
        case.locate(&arguments.chain.schema_options(None), &schema).map_err(|error| error.to_string())?;
    for id in &found.missing {
        complain(&format!("revision `{id}` is not defined by any file; what it did is not looked at"));
    }
    let show = |row| case.shown_path(case.path(row));
    let text = match arguments.format {
        OutputFormat::Text => found.text(&show),
        OutputFormat::Json => found.json(&show),
    };
    write_out(&text).map_err(|error| error.to_string())?;
    Ok(if found.is_exact() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}
