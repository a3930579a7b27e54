//! `cucurbit reconstruct --catch-up`.

use crate::reconstruct::write_file;
use crate::{FOUND, complain, write_out};
use cucurbit::{Case, CatchUpError, CatchUpOptions, Models, SchemaError, SchemaOptions, describe_drift};
use std::path::Path;
use std::process::ExitCode;

/// Writes the migration that brings the chain to the models.
pub(crate) fn run(
    case: &Case,
    schema: SchemaOptions,
    models: Models,
    allow_destructive: bool,
    out: Option<&Path>,
) -> Result<ExitCode, String> {
    let options = CatchUpOptions { schema, models: models.database, allow_destructive };
    let found = match case.catch_up(&options) {
        Ok(found) => found,
        Err(CatchUpError::Schema(error @ SchemaError::NoRevisions)) => return Err(error.to_string()),
        Err(error) => {
            complain(&format!("{error}; nothing is written"));
            return Ok(ExitCode::from(FOUND));
        }
    };
    for object in &found.withheld {
        complain(&format!(
            "{object}: the models do not have it; it stays, with what it holds (--allow-destructive drops it)"
        ));
    }
    for table in &found.unknown {
        complain(&format!("table {table}: what the chain makes of it cannot be told; it is left out"));
    }
    for question in &found.questions {
        complain(&format!("question: {question}"));
    }
    if !found.is_sound() {
        complain(&"the migration cannot be written whole; nothing is written");
        for misfit in &found.misfits {
            complain(misfit);
        }
        for (object, reason) in &found.rendered.left_out {
            complain(&format!("{object}: {reason}"));
        }
        for difference in &found.remaining {
            complain(&describe_drift(difference, cucurbit::DriftSide::Models));
        }
        return Ok(ExitCode::from(FOUND));
    }
    for object in &found.refused_by_rows {
        complain(&format!("{object}: it may not be NULL, which rows that are there may refuse"));
    }
    if found.changes.is_empty() {
        complain(&"there is nothing to write: the chain makes what the models say");
    } else {
        match out {
            Some(path) => write_file(path, &found.rendered.text)?,
            None => write_out(&found.rendered.text).map_err(|error| error.to_string())?,
        }
    }
    Ok(if found.is_complete() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}
