//! `cucurbit blame`.

use crate::chain::{AnswerFormat, ChainArguments, ChainOptions};
use crate::{FAILED, complain, write_out};
use cucurbit::report::{self, harmless};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(crate) struct BlameArguments {
    /// A folder or a configuration file.
    path: PathBuf,
    /// The table, with its schema when it is not the default one (`app.users`), or a column, constraint or index of
    /// it (`users.email`).
    object: String,
    /// How to write the answer.
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    format: AnswerFormat,
    #[command(flatten)]
    options: ChainOptions,
}

pub(crate) fn run(arguments: &BlameArguments) -> ExitCode {
    match try_run(arguments) {
        Ok(code) => code,
        Err(error) => {
            complain(&harmless(&error));
            ExitCode::from(FAILED)
        }
    }
}

fn try_run(arguments: &BlameArguments) -> Result<ExitCode, String> {
    let chain = ChainArguments { path: arguments.path.clone(), options: arguments.options.clone() };
    let case = chain.case()?;
    let options = chain.schema_options(None);
    let blame = case.blame(&options, &arguments.object).map_err(|error| error.to_string())?;
    let text = match arguments.format {
        AnswerFormat::Json => report::blame_json(&blame, |path| chain.show(&case, path)),
        AnswerFormat::Text => {
            let width = blame.entries.iter().map(|entry| entry.revision.chars().count()).max().unwrap_or(0);
            let mut text = String::new();
            for entry in &blame.entries {
                let place = format!("{}:{}", chain.show(&case, &entry.path), entry.line);
                let doubt = entry.doubt.as_ref().map(|doubt| format!(" ({})", harmless(doubt)));
                text.push_str(&format!(
                    "{:width$}  {:7}  {}{}\n{:width$}           {place}: {}\n",
                    harmless(&entry.revision),
                    entry.deed.as_str(),
                    harmless(&entry.what),
                    doubt.unwrap_or_default(),
                    "",
                    harmless(&entry.call),
                ));
            }
            text
        }
    };
    write_out(&text).map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}
