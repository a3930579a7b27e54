//! `cucurbit diff`.

use crate::chain::{AnswerFormat, ChainArguments, ChainOptions};
use crate::{FAILED, FOUND, complain, write_out};
use cucurbit::report::{self, harmless};
use cucurbit::schema::{Difference, DifferenceKind};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(crate) struct DiffArguments {
    /// A folder or a configuration file.
    path: PathBuf,
    /// The revision to compare from, as `alembic upgrade` takes it; `base` is the empty database.
    from: String,
    /// The revision to compare to.
    to: String,
    /// How to write the answer.
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    format: AnswerFormat,
    #[command(flatten)]
    options: ChainOptions,
}

pub(crate) fn run(arguments: &DiffArguments) -> ExitCode {
    match try_run(arguments) {
        Ok(code) => code,
        Err(error) => {
            complain(&harmless(&error));
            ExitCode::from(FAILED)
        }
    }
}

fn try_run(arguments: &DiffArguments) -> Result<ExitCode, String> {
    let chain = ChainArguments { path: arguments.path.clone(), options: arguments.options.clone() };
    let case = chain.case()?;
    let options = chain.schema_options(None);
    let (from, to) = (&arguments.from, &arguments.to);
    let found = case.diff(&options, from, to).map_err(|error| error.to_string())?;
    let text = match arguments.format {
        AnswerFormat::Json => report::diff_json(from, to, &found),
        AnswerFormat::Text => {
            found.differences.iter().map(|difference| harmless(&line(difference)) + "\n").collect()
        }
    };
    write_out(&text).map_err(|error| error.to_string())?;
    for id in &found.missing {
        complain(&format!(
            "revision `{}` is not defined by any file; what it did is not compared",
            harmless(id)
        ));
    }
    for table in &found.untold {
        complain(&format!(
            "table {}: something that cannot be told may have changed it",
            harmless(&table.to_string())
        ));
    }
    let same = found.differences.is_empty() && found.untold.is_empty();
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

/// One difference in words: `+` what the second revision has, `-` what it has no more, `~` what changed.
fn line(difference: &Difference) -> String {
    match &difference.kind {
        DifferenceKind::OnlyRight => format!("+ {}", difference.object),
        DifferenceKind::OnlyLeft => format!("- {}", difference.object),
        DifferenceKind::Changed { attribute, left, right } => {
            format!("~ {}: {attribute}: {left} -> {right}", difference.object)
        }
    }
}
