//! The `cucurbit` program: arguments, streams and exit codes around the library.

mod blame;
mod catch_up;
mod chain;
mod diff;
mod drift;
mod locate;
mod models;
mod reconstruct;
mod schema;
mod squash;
mod verify;

use clap::{Parser, Subcommand, ValueEnum};
use cucurbit::rules::{Selection, Selector};
use cucurbit::{Diagnosis, Options, Severity, diagnose, report};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Reading makes very many small strings on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FOUND: u8 = 1;
const FAILED: u8 = 2;

/// Forensics of Alembic migration chains.
#[derive(Debug, Parser)]
#[command(name = "cucurbit", version, about, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    color: Color,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Says everything that is wrong with the migration chains below a path.
    ///
    /// Exit code 0: nothing found. 1: findings. 2: the work could not be done.
    Diagnose(DiagnoseArguments),
    /// Writes the schema at a revision or of models, without a database.
    ///
    /// The migrations are followed, not run. Standard output holds the schema and nothing else; what could
    /// not be told is said on standard error. Exit code 0: written. 1: written, and something is left out
    /// or could not be told. 2: the work could not be done.
    Schema(schema::SchemaArguments),
    /// Tells which revisions created, changed, renamed and dropped a table, or a part of one.
    ///
    /// Renames are followed backwards. Exit code 0: told. 2: the work could not be done, which includes that no
    /// migration names such an object.
    Blame(blame::BlameArguments),
    /// Tells what changed in the schema between two revisions.
    ///
    /// Exit code 0: nothing. 1: differences, or tables of which it cannot be told. 2: the work could not be done.
    Diff(diff::DiffArguments),
    /// Compares the schema that the chain makes with a dump or with models, without a database.
    ///
    /// Each difference is an error (a database made by the chain will not have it, or a program that believes the
    /// other side breaks), a warning, or a note (a name or a comment differs). Exit code 0: the same. 1: differences. 2: the work could not be done.
    Drift(drift::DriftArguments),
    /// Writes the migration that was lost: the head schema, rolled back through the migrations that survive.
    ///
    /// Exit code 0: written, and following the whole chain with it gives the head schema. 1: it cannot be
    /// rebuilt; nothing is written, and standard error says what would decide. 2: the work could not be done.
    /// With --catch-up, 0: the chain with it makes what the models say. 1: something is left out, or nothing can be
    /// written.
    Reconstruct(reconstruct::ReconstructArguments),
    /// Puts one migration in the place of many: the schema that they lead to, made at once.
    ///
    /// Without --apply the plan and the text are printed and nothing is changed. The new migration has the id of the
    /// last one squashed, and lists the ids of the others in the variable `replaces`, which Alembic ignores. What the
    /// squashed ones do to rows is not carried over but as comments; standard error lists it. Databases at the last
    /// revision or above need nothing; one at another squashed id has to be upgraded with the old files first. Exit
    /// code 0: following the chain with it gives the same head. 1: it does not, or the range cannot be squashed;
    /// nothing is written. 2: the work could not be done.
    Squash(squash::SquashArguments),
    /// Finds the revision whose schema is nearest to that of a dump.
    ///
    /// Exit code 0: a revision makes just that schema. 1: the nearest differs. 2: the work could not be done.
    Locate(locate::LocateArguments),
    /// Proves that a chain builds a database: by following it, and on databases made for the purpose.
    ///
    /// Each migration is followed forth, back and forth again. With --database the same is run as statements on a
    /// scratch database, and what the database then holds is compared with what was followed. Exit code 0: proved. 1:
    /// something fails, differs or cannot be told. 2: the work could not be done.
    Verify(verify::VerifyArguments),
    /// Explains a rule, by code or name; lists the rules without one.
    Rule {
        /// A code such as GRA001, or a name such as dangling-parent.
        rule: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
struct DiagnoseArguments {
    /// Folders or configuration files.
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// How to write the report.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output_format: Format,
    /// The least severity that makes the exit code 1.
    #[arg(long, value_enum, default_value_t = Level::Note)]
    fail_on: Level,
    /// The rules to apply: codes, their beginnings (GRA), names, or ALL, which is meant when not given. Without a rule
    /// of the family SCH no migration is followed.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    select: Vec<Selector>,
    /// The rules not to apply, written likewise. Where both name a rule, the longer one counts; of equals, this.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    ignore: Vec<Selector>,
    /// The configuration to read, as in `alembic -c`; may be given twice, once for each kind.
    #[arg(short, long, value_name = "FILE")]
    config: Vec<PathBuf>,
    /// The section of the ini file, as in `alembic -n`.
    #[arg(short, long, value_name = "SECTION")]
    name: Option<String>,
    /// Version folders to read without any configuration.
    #[arg(long, value_name = "DIR")]
    versions: Vec<PathBuf>,
    /// Subfolders of the version folders count too.
    #[arg(long, requires = "versions")]
    recursive: bool,
    /// The folder in which Alembic would be run; found out when not given.
    #[arg(long, value_name = "DIR")]
    run_dir: Option<PathBuf>,
    /// How many threads read files.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// The database system; found out for each environment when not given.
    #[arg(long, value_enum)]
    dialect: Option<chain::DialectName>,
    /// A folder in which modules that migrations import are looked for; may be given several times. The folders
    /// of PYTHONPATH come behind.
    #[arg(long, value_name = "DIR")]
    import_root: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// What commands about schemas write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    Error,
    Warning,
    Note,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
            Level::Note => Severity::Note,
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command {
        Command::Diagnose(diagnose) => run_diagnose(&diagnose, arguments.color),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Reconstruct(arguments) => reconstruct::run(&arguments),
        Command::Blame(arguments) => blame::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Drift(arguments) => drift::run(&arguments),
        Command::Squash(arguments) => squash::run(&arguments),
        Command::Locate(arguments) => locate::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Rule { rule } => run_rule(rule.as_deref()),
    }
}

fn run_diagnose(arguments: &DiagnoseArguments, color: Color) -> ExitCode {
    let (mut found, mut failed) = (false, false);
    let mut diagnoses = Vec::new();
    for path in &arguments.paths {
        match diagnose(path, &options(arguments, path)) {
            Ok(diagnosis) => {
                found |= diagnosis.has(arguments.fail_on.into());
                diagnoses.push(diagnosis);
            }
            Err(error) => {
                complain(&error);
                failed = true;
            }
        }
    }
    let text = render(&diagnoses, arguments.output_format, use_color(color));
    if let Err(error) = write_out(&text) {
        complain(&error);
        failed = true;
    }
    // The system takes the memory back sooner than it could be freed piece by piece.
    std::mem::forget(diagnoses);
    match (failed, found) {
        (true, _) => ExitCode::from(FAILED),
        (false, true) => ExitCode::from(FOUND),
        (false, false) => ExitCode::SUCCESS,
    }
}

fn options(arguments: &DiagnoseArguments, path: &std::path::Path) -> Options {
    let is_plain = path.is_relative() && path != std::path::Path::new(".") && path.is_dir();
    Options {
        section: arguments.name.clone(),
        config: arguments.config.clone(),
        versions: arguments.versions.clone(),
        recursive: arguments.recursive,
        current_dir: arguments.run_dir.clone(),
        threads: arguments.threads,
        path_prefix: is_plain.then(|| path.to_path_buf()),
        dialect: arguments.dialect.map(Into::into),
        import_roots: chain::import_roots(&arguments.import_root),
        rules: Selection { select: arguments.select.clone(), ignore: arguments.ignore.clone() },
    }
}

/// One path gives one JSON document; several give an array of them, in the order given.
fn render(diagnoses: &[Diagnosis], format: Format, color: bool) -> String {
    match format {
        Format::Json => match diagnoses {
            [] => String::new(),
            [one] => report::json(one),
            many => {
                let parts: Vec<String> = many.iter().map(|d| report::json(d).trim_end().to_owned()).collect();
                format!("[\n{}\n]\n", parts.join(",\n"))
            }
        },
        Format::Text => {
            let options = report::TextOptions { color, ..report::TextOptions::default() };
            diagnoses.iter().map(|d| report::text(d, &options)).collect::<Vec<_>>().join("\n")
        }
    }
}

fn use_color(color: Color) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
        }
    }
}

fn run_rule(rule: Option<&str>) -> ExitCode {
    let text = match rule {
        None => cucurbit::rules::ALL
            .iter()
            .map(|r| format!("{} {:<30} {}\n", r.info.code, r.info.name, r.info.summary))
            .collect(),
        Some(name) => match cucurbit::rules::find(name) {
            Some(rule) => rule.info.page.to_owned(),
            None => {
                complain(&format!("there is no rule `{name}`; `cucurbit rule` lists them"));
                return ExitCode::from(FAILED);
            }
        },
    };
    match write_out(&text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(FAILED)
        }
    }
}

/// A closed pipe is the reader's choice, not an error.
fn write_out(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn complain(error: &dyn std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "cucurbit: {error}");
}
