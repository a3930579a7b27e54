//! Times `cucurbit schema` as a whole process: reading a chain, replaying it, writing the DDL.

use crate::bench::measure::{median, time};
use crate::{Outcome, program, synthetic};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// What to time.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchReplayArguments {
    /// The lengths of the made-up chains.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000])]
    sizes: Vec<usize>,
    /// A version folder of real revision files to time as well, where it stands.
    #[arg(long, value_name = "DIR")]
    tree: Option<PathBuf>,
    /// The dialect of the real chain.
    #[arg(long, value_name = "NAME", default_value = "postgresql")]
    dialect: String,
    /// How often each program is run; medians count.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// How many threads read files.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

/// How long a chain of 10,000 revisions may take.
const LIMIT_10_000: Duration = Duration::from_secs(1);

/// Runs the chore. A chain of 10,000 revisions that takes more than a second is not as expected.
///
/// # Errors
/// When a chain cannot be written or the program cannot be run.
pub(crate) fn run(arguments: &BenchReplayArguments) -> anyhow::Result<Outcome> {
    anyhow::ensure!(arguments.runs > 0, "no runs, no medians");
    let cucurbit = program::cucurbit()?;
    let mut outcome = Outcome::AsExpected;
    let mut times: Vec<(usize, Duration)> = Vec::new();
    for &size in &arguments.sizes {
        let folder = tempfile::tempdir()?;
        synthetic::write_schema_project(folder.path(), size)?;
        let command = || schema(&cucurbit, arguments, &[".".into()], "postgresql", folder.path());
        let took = median_of(arguments.runs, command)?;
        println!("{size:>10} revisions: {:>9.1} ms", ms(took));
        if size == 10_000 && took > LIMIT_10_000 {
            outcome = Outcome::Differs;
        }
        times.push((size, took));
    }
    for pair in times.windows(2) {
        let ((less, before), (more, after)) = (pair[0], pair[1]);
        let growth = ms(after) / ms(before) / (more as f64 / less as f64);
        println!("from {less} to {more}: {growth:.2} times what linear growth would be");
    }
    if let Some(tree) = &arguments.tree {
        let tree = std::path::absolute(tree)?;
        let files = std::fs::read_dir(&tree)?.count();
        let flags = ["--versions".into(), tree.into_os_string()];
        let command = || schema(&cucurbit, arguments, &flags, &arguments.dialect, Path::new("."));
        println!("real chain of {files} files: {:.1} ms", ms(median_of(arguments.runs, command)?));
    }
    Ok(outcome)
}

/// The program with its output thrown away. Its exit code says whether all of the schema is known.
fn schema(
    cucurbit: &Path,
    arguments: &BenchReplayArguments,
    flags: &[std::ffi::OsString],
    dialect: &str,
    folder: &Path,
) -> Command {
    let mut command = Command::new(cucurbit);
    command.arg("schema").args(flags).args(["--dialect", dialect]).current_dir(folder);
    command.env("RAYON_NUM_THREADS", arguments.threads.to_string());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn median_of(runs: usize, command: impl Fn() -> Command) -> anyhow::Result<Duration> {
    time(&mut command())?;
    let times: anyhow::Result<Vec<_>> = (0..runs).map(|_| time(&mut command())).collect();
    Ok(median(times?))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
