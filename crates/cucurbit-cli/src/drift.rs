//! `cucurbit drift`.

use crate::chain::{ChainArguments, read_dump};
use crate::{FAILED, FOUND, complain, write_out};
use cucurbit::schema::{Difference, DifferenceKind, diff};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(crate) struct DriftArguments {
    #[command(flatten)]
    chain: ChainArguments,
    /// A dump of the schema to compare with: `pg_dump --schema-only`, SQLite's `.schema`, `mysqldump --no-data`.
    #[arg(long, value_name = "FILE", required_unless_present = "models")]
    dump: Option<PathBuf>,
    /// Models to compare with instead: files, or folders with all files below them.
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with = "dump")]
    models: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &DriftArguments) -> ExitCode {
    match try_run(arguments) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::from(FAILED)
        }
    }
}

fn try_run(arguments: &DriftArguments) -> Result<ExitCode, String> {
    let case = arguments.chain.case()?;
    let chain = case.schema_at(&arguments.chain.schema_options(None)).map_err(|error| error.to_string())?;
    let (mut schema, what) = match &arguments.dump {
        Some(dump) => {
            let (schema, problems) = read_dump(dump, arguments.chain.dialect())?;
            for problem in &problems {
                complain(&format!("{}: {problem}", dump.display()));
            }
            (schema, "dump")
        }
        None => (
            crate::models::read(&arguments.chain.schema_options(None), &arguments.models)?.database,
            "models",
        ),
    };
    cucurbit::forget_version_table(&mut schema);
    let found = diff(&chain.state, &schema);
    let mut text = String::new();
    for difference in &found {
        text.push_str(&line(difference, what));
        text.push('\n');
    }
    if found.is_empty() {
        let verb = if what == "dump" { "makes" } else { "make" };
        text.push_str(&format!("no drift: the {what} {verb} the same schema as the chain\n"));
    }
    write_out(&text).map_err(|error| error.to_string())?;
    Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

/// One difference between the chain and something else in words.
pub(crate) fn line(difference: &Difference, other: &str) -> String {
    match &difference.kind {
        DifferenceKind::OnlyLeft => format!("{}: only the chain makes it", difference.object),
        DifferenceKind::OnlyRight => format!("{}: the chain does not make it", difference.object),
        DifferenceKind::Changed { attribute, left, right } => {
            format!("{}: {attribute}: {left} in the chain, {right} in the {other}", difference.object)
        }
    }
}
