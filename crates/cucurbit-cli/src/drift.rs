//! `cucurbit drift`.

use crate::chain::{ChainArguments, read_dump};
use crate::reconstruct::write_file;
use crate::{FAILED, FOUND, OutputFormat, complain, write_out};
use cucurbit::{Baseline, Drift, DriftSide, describe_drift, drift, drift_json};
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
    /// Differences that were accepted before, as --write-baseline wrote them; only others are shown and counted.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Writes all differences to a new file as accepted; exit code 0. A file that is there is not written over.
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    write_baseline: Option<PathBuf>,
    /// How to write the differences. JSON lists the accepted ones too, marked.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
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
    let baseline = match &arguments.baseline {
        Some(path) => {
            let text =
                std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
            Baseline::read(&text).map_err(|error| format!("{}: {error}", path.display()))?
        }
        None => Baseline::default(),
    };
    let chain = case.schema_at(&arguments.chain.schema_options(None)).map_err(|error| error.to_string())?;
    let (mut schema, side) = match &arguments.dump {
        Some(dump) => {
            let (schema, problems) = read_dump(dump, arguments.chain.dialect())?;
            for problem in &problems {
                complain(&format!("{}: {problem}", dump.display()));
            }
            (schema, DriftSide::Dump)
        }
        None => {
            let options = arguments.chain.schema_options(None);
            let models = crate::models::read(Some(&case), &options, &arguments.models)?;
            (models.database, DriftSide::Models)
        }
    };
    cucurbit::forget_version_table(&mut schema);
    let found = drift(&chain.state, &schema, side);
    let new: Vec<&Drift> = found.iter().filter(|d| !baseline.accepts(d)).collect();
    if let Some(path) = &arguments.write_baseline {
        write_file(path, &Baseline::of(&found).to_json())?;
        complain(&format!("{}: {} differences accepted", path.display(), found.len()));
        return Ok(ExitCode::SUCCESS);
    }
    let outdated = baseline.outdated(&found);
    if let (Some(path), false) = (&arguments.baseline, outdated.is_empty()) {
        complain(&format!("{}: {} accepted differences are no more", path.display(), outdated.len()));
    }
    let text = match arguments.format {
        OutputFormat::Json => drift_json(&found, side, &baseline),
        OutputFormat::Text => text(&new, found.len(), side),
    };
    write_out(&text).map_err(|error| error.to_string())?;
    Ok(if new.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

fn text(new: &[&Drift], all: usize, side: DriftSide) -> String {
    let mut text = String::new();
    for item in new {
        text.push_str(&format!("{}: {}\n", item.severity.as_str(), describe_drift(&item.difference, side)));
    }
    if all == 0 {
        let verb = if side == DriftSide::Dump { "makes" } else { "make" };
        text.push_str(&format!("no drift: the {} {verb} the same schema as the chain\n", side.as_str()));
    } else if new.is_empty() {
        text.push_str(&format!("no new drift: {all} differences were accepted before\n"));
    }
    text
}
