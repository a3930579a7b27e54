//! `cucurbit drift`.

use crate::chain::{ChainArguments, OtherTables, read_dump};
use crate::reconstruct::write_file;
use crate::{FAILED, FOUND, OutputFormat, complain, write_out};
use cucurbit::report::harmless;
use cucurbit::{Baseline, Drift, DriftSide, describe_drift, drift, drift_json, place_drift};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

#[derive(Debug, clap::Args)]
pub(crate) struct DriftArguments {
    #[command(flatten)]
    chain: ChainArguments,
    /// A dump of the schema to compare with: `pg_dump --schema-only`, SQLite's `.schema`, `mysqldump --no-data`.
    #[arg(long, value_name = "FILE")]
    dump: Option<PathBuf>,
    /// Models to compare with instead: files, or folders with all files below them; those that env.py hands to Alembic
    /// when neither they nor a dump are given.
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with = "dump")]
    models: Vec<PathBuf>,
    #[command(flatten)]
    others: OtherTables,
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
    let mut chain =
        case.schema_at(&arguments.chain.schema_options(None)).map_err(|error| error.to_string())?;
    for revision in &chain.missing {
        complain(&format!(
            "revision {revision} is missing; what it did is not in the chain that is compared"
        ));
    }
    let (mut schema, side, models) = match &arguments.dump {
        Some(dump) => {
            let (schema, problems) = read_dump(dump, arguments.chain.dialect())?;
            for problem in &problems {
                complain(&format!("{}: {problem}", dump.display()));
            }
            (schema, DriftSide::Dump, None)
        }
        None => {
            let options = arguments.chain.schema_options(None);
            let models = if arguments.models.is_empty() {
                crate::models::of_case(&case, &options)?
            } else {
                crate::models::read(Some(&case), &options, &arguments.models)?
            };
            (models.database.clone(), DriftSide::Models, Some(models))
        }
    };
    cucurbit::forget_version_table(&mut schema);
    arguments.others.forget(&mut [&mut schema, Rc::make_mut(&mut chain.state)]);
    let mut found = drift(&chain.state, &schema, side);
    if let Some(path) = &arguments.write_baseline {
        write_file(path, &Baseline::of(&found).to_json())?;
        complain(&format!("{}: {} differences accepted", path.display(), found.len()));
        return Ok(ExitCode::SUCCESS);
    }
    place_drift(&mut found, &chain, models.as_ref());
    let show = |path: &Path| arguments.chain.show(&case, path);
    let new: Vec<&Drift> = found.iter().filter(|d| !baseline.accepts(d)).collect();
    let outdated = baseline.outdated(&found);
    if let (Some(path), false) = (&arguments.baseline, outdated.is_empty()) {
        complain(&format!("{}: {} accepted differences are no more", path.display(), outdated.len()));
    }
    let text = match arguments.format {
        OutputFormat::Json => drift_json(&found, side, &baseline, show),
        OutputFormat::Text => text(&new, found.len(), side, show),
    };
    write_out(&text).map_err(|error| error.to_string())?;
    Ok(if new.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

fn text(new: &[&Drift], all: usize, side: DriftSide, show: impl Fn(&Path) -> String) -> String {
    let mut text = String::new();
    for item in new {
        text.push_str(&format!("{}: {}\n", item.severity.as_str(), describe_drift(&item.difference, side)));
        if let Some(place) = &item.chain_place {
            let revision = place.revision.as_deref().map(|r| format!(" ({})", harmless(r)));
            let at = format!("{}:{}", show(&place.path), place.line);
            text.push_str(&format!("    chain: {at}{}\n", revision.unwrap_or_default()));
        }
        if let Some(place) = &item.other_place {
            text.push_str(&format!("    {}: {}:{}\n", side.as_str(), show(&place.path), place.line));
        }
    }
    if all == 0 {
        let verb = if side == DriftSide::Dump { "makes" } else { "make" };
        text.push_str(&format!("no drift: the {} {verb} the same schema as the chain\n", side.as_str()));
    } else if new.is_empty() {
        text.push_str(&format!("no new drift: {all} differences were accepted before\n"));
    }
    text
}
