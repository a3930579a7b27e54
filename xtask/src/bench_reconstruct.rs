//! Times `cucurbit reconstruct` as a whole process on made-up chains without their base: how the time grows with the
//! chain, and how it grows with the models.

use crate::bench::measure::median;
use crate::{Outcome, program, synthetic};
use anyhow::Context;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What to time.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchReconstructArguments {
    /// The lengths of the chains; of each ten revisions one makes a table.
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000, 10_000])]
    revisions: Vec<usize>,
    /// How many further classes the models have that only the lost base made, with a chain of 100 revisions.
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000, 10_000])]
    models: Vec<usize>,
    /// How often each program is run; medians count.
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

/// The length of the chain where the models grow.
const CHAIN: usize = 100;

/// The most by which the time may grow faster than the input, from one size to the next.
const LINEAR: f64 = 1.5;

/// Runs the chore. Growth beyond linear is not as expected.
///
/// # Errors
/// When a chain cannot be written, the program cannot be run, or a base is not rebuilt.
pub(crate) fn run(arguments: &BenchReconstructArguments) -> anyhow::Result<Outcome> {
    anyhow::ensure!(arguments.runs > 0, "no runs, no medians");
    let cucurbit = program::cucurbit()?;
    let mut outcome = Outcome::AsExpected;
    let mut measure = |axis: &str, sizes: &[usize], of: &dyn Fn(usize) -> (usize, usize)| {
        for source in ["--models", "--dump"] {
            let mut times: Vec<(usize, f64)> = Vec::new();
            for &size in sizes {
                let (revisions, further) = of(size);
                let took = time_one(&cucurbit, source, revisions, further, arguments.runs)?;
                println!("{source:<8} {size:>7} {axis}: {:>9.1} ms", took.as_secs_f64() * 1_000.0);
                times.push((size, took.as_secs_f64()));
            }
            for pair in times.windows(2) {
                let ((less, before), (more, after)) = (pair[0], pair[1]);
                let growth = after / before / (more as f64 / less as f64);
                println!("{source:<8} from {less} to {more}: {growth:.2} times what linear growth would be");
                if growth > LINEAR {
                    outcome = Outcome::Differs;
                }
            }
        }
        anyhow::Ok(())
    };
    measure("revisions", &arguments.revisions, &|size| (size, 0))?;
    measure("further models", &arguments.models, &|size| (CHAIN, size))?;
    Ok(outcome)
}

/// The median time of rebuilding the base of one chain, from models or from a dump.
fn time_one(
    cucurbit: &Path,
    source: &str,
    revisions: usize,
    further: usize,
    runs: usize,
) -> anyhow::Result<Duration> {
    let folder = tempfile::tempdir()?;
    let base = synthetic::write_lost_base_project(folder.path(), revisions, further)?;
    let told = match source {
        "--models" => folder.path().join("models.py"),
        _ => {
            let dump = folder.path().join("dump.sql");
            let made = run_in(folder.path(), cucurbit, &["schema", "--dialect", "postgresql"])?;
            anyhow::ensure!(made.status.success(), "no dump: {}", String::from_utf8_lossy(&made.stderr));
            std::fs::write(&dump, made.stdout)?;
            dump
        }
    };
    std::fs::remove_file(&base).with_context(|| format!("{} cannot be lost", base.display()))?;
    let arguments: Vec<OsString> = vec![
        "reconstruct".into(),
        "--dialect".into(),
        "postgresql".into(),
        source.into(),
        told.into_os_string(),
    ];
    let mut times = Vec::new();
    for _ in 0..=runs {
        let start = Instant::now();
        let done = run_in(folder.path(), cucurbit, &arguments)?;
        times.push(start.elapsed());
        anyhow::ensure!(done.status.success(), "no base: {}", String::from_utf8_lossy(&done.stderr));
    }
    // The first run warms the cache of the disk.
    times.remove(0);
    Ok(median(times))
}

fn run_in(
    folder: &Path,
    program: &Path,
    arguments: &[impl AsRef<OsStr>],
) -> anyhow::Result<std::process::Output> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.output().with_context(|| format!("cannot start {command:?}"))
}
