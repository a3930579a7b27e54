//! `cucurbit schema`.

use crate::chain::ChainArguments;
use crate::{FAILED, FOUND, complain, write_out};
use clap::ValueEnum;
use cucurbit::schema::ddl;
use cucurbit::{Case, ReplayedChain, report, stopped};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArguments {
    #[command(flatten)]
    chain: ChainArguments,
    /// The revision, as `alembic upgrade` takes it; all heads when not given.
    revision: Option<String>,
    /// Lists on standard error what could not be told, with file and line.
    #[arg(long)]
    explain: bool,
    /// Writes the schema of models instead: files, or folders with all files below them.
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with_all = ["revision", "explain"])]
    models: Vec<PathBuf>,
    /// How to write it: as SQL that runs on an empty database, or as JSON.
    #[arg(long, value_enum, default_value_t = SchemaFormat::Sql)]
    format: SchemaFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SchemaFormat {
    Sql,
    Json,
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
    if !arguments.models.is_empty() {
        return write_models(arguments);
    }
    let case = arguments.chain.case()?;
    let wanted = arguments.chain.schema_options(arguments.revision.as_deref());
    let chain = case.schema_at(&wanted).map_err(|error| error.to_string())?;
    let mut left_out = false;
    match arguments.format {
        SchemaFormat::Json => write_out(&report::schema_json(&chain)).map_err(|error| error.to_string())?,
        SchemaFormat::Sql => {
            let written = ddl(&chain.state);
            write_out(&written.to_sql()).map_err(|error| error.to_string())?;
            for omission in &written.omissions {
                complain(&format!("left out: {}: {}", omission.object, omission.reason));
            }
            left_out = !written.omissions.is_empty();
        }
    }
    let told = tell(&arguments.chain, &case, &chain, arguments.explain);
    Ok(if told || left_out { ExitCode::from(FOUND) } else { ExitCode::SUCCESS })
}

fn write_models(arguments: &SchemaArguments) -> Result<ExitCode, String> {
    let models = crate::models::read(None, &arguments.chain.schema_options(None), &arguments.models)?;
    let written = ddl(&models.database);
    write_out(&written.to_sql()).map_err(|error| error.to_string())?;
    for omission in &written.omissions {
        complain(&format!("left out: {}: {}", omission.object, omission.reason));
    }
    let is_whole = models.unresolved.is_empty() && written.omissions.is_empty();
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

/// Says on standard error what is not sure; tells whether there was anything.
pub(crate) fn tell(arguments: &ChainArguments, case: &Case, chain: &ReplayedChain, explain: bool) -> bool {
    for id in &chain.missing {
        complain(&format!("revision `{id}` is not defined by any file; what it did is not in the schema"));
    }
    for (revision, what) in stopped(chain) {
        complain(&format!("{}: {what}", arguments.show(case, case.path(revision.row))));
    }
    let (known, all) = chain.known();
    let mut misfits = 0;
    for operation in &chain.operations {
        let unknown = match &operation.certainty {
            cucurbit::Certainty::Unknown(reason) => Some(reason.clone()),
            _ => None,
        };
        let lines = operation.changes.iter().flat_map(|(_, applied)| &applied.mismatches);
        let lines: Vec<String> = unknown.into_iter().chain(lines.map(ToString::to_string)).collect();
        misfits += lines.len();
        if explain {
            let path = chain.path(operation.place.file);
            let line = chain.line(operation.place);
            for text in lines {
                complain(&format!("{}:{line}: {}: {text}", arguments.show(case, &path), operation.call));
            }
        }
    }
    complain(&format!("{known} of {all} operations known exactly"));
    if misfits > 0 && !explain {
        complain(&format!("{misfits} things could not be told or do not fit; `--explain` lists them"));
    }
    !chain.missing.is_empty() || misfits > 0 || known < all
}
