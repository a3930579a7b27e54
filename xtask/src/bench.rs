//! Times `cucurbit diagnose` as a whole process: against `alembic heads` on the same tree, and
//! against merely listing and reading the same files.
//!
//! A tree is first measured as it was written. Then both programs run in turn; Alembic keeps its
//! bytecode cache, as it does for users, and the first run of each is not counted.

pub(crate) mod measure;

pub(crate) use measure::{MeasurePeakArguments, ReadFilesArguments, measure_peak, read_files};

use crate::{Outcome, program, synthetic};
use anyhow::Context;
use measure::{median, peak_kib, time};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What to time.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArguments {
    /// The `alembic` program; without it, only cucurbit is timed.
    #[arg(long, value_name = "PROGRAM")]
    alembic: Option<PathBuf>,
    /// The lengths of the made-up chains.
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000, 10_000, 100_000])]
    sizes: Vec<usize>,
    /// Alembic is not run on longer chains.
    #[arg(long, value_name = "SIZE", default_value_t = 10_000)]
    no_alembic_above: usize,
    /// A folder of real revision files to time as well. They are copied. Alembic imports them, so
    /// what they import must be installed beside it or found through `PYTHONPATH`.
    #[arg(long, value_name = "DIR")]
    tree: Option<PathBuf>,
    /// Only these rules, as `diagnose --select` takes them. Alembic's `heads` does what `GRA,FIL,IDS,CFG` do; with all
    /// rules every migration is followed, too.
    #[arg(long, value_name = "RULES")]
    select: Option<String>,
    /// How often each program is run; medians count.
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

/// The figures of one tree.
struct Row {
    name: String,
    files: usize,
    cucurbit: Duration,
    read_1: Duration,
    read_2: Duration,
    peak_kib: u64,
    /// Alembic's time, and cucurbit's time beside it.
    beside: Option<(Duration, Duration)>,
}

/// Runs the chore.
///
/// # Errors
/// When a tree cannot be written or a program cannot be run.
pub(crate) fn run(arguments: &BenchArguments) -> anyhow::Result<Outcome> {
    anyhow::ensure!(arguments.runs > 0, "no runs, no medians");
    let cucurbit = program::cucurbit()?;
    let bench = Bench { cucurbit, arguments };
    let mut rows = Vec::new();
    for &size in &arguments.sizes {
        let folder = tempfile::tempdir()?;
        synthetic::write_project(folder.path(), size)?;
        let alembic = arguments.alembic.as_ref().filter(|_| size <= arguments.no_alembic_above);
        rows.push(bench.row(format!("{size}"), folder.path(), alembic)?);
    }
    if let Some(tree) = &arguments.tree {
        let folder = tempfile::tempdir()?;
        copy_project(tree, folder.path())?;
        rows.push(bench.row("real tree".to_owned(), folder.path(), arguments.alembic.as_ref())?);
    }
    print(&rows);
    Ok(Outcome::AsExpected)
}

/// Copies the revision files of one folder into a project of their own.
fn copy_project(tree: &Path, root: &Path) -> anyhow::Result<()> {
    synthetic::write_configuration(root)?;
    for entry in std::fs::read_dir(tree).with_context(|| format!("cannot list {}", tree.display()))? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "py") {
            std::fs::copy(entry.path(), root.join("migrations/versions").join(entry.file_name()))?;
        }
    }
    Ok(())
}

struct Bench<'a> {
    cucurbit: PathBuf,
    arguments: &'a BenchArguments,
}

impl Bench<'_> {
    fn row(&self, name: String, root: &Path, alembic: Option<&PathBuf>) -> anyhow::Result<Row> {
        let versions = root.join("migrations/versions");
        let files = std::fs::read_dir(&versions)?.count();
        let diagnose = || self.diagnose(root);
        let cucurbit = self.median_of(diagnose)?;
        let read = |threads: &str| self.median_of(|| read_command(&versions, threads));
        let (read_1, read_2) = (read("1")?, read("2")?);
        let peak_kib = peak_kib(&diagnose()?)?;
        let beside = alembic.map(|alembic| self.in_turn(diagnose, || heads(alembic, root))).transpose()?;
        Ok(Row { name, files, cucurbit, read_1, read_2, peak_kib, beside })
    }

    fn diagnose(&self, root: &Path) -> anyhow::Result<Command> {
        let mut command = Command::new(&self.cucurbit);
        command.args(["diagnose", "."]).current_dir(root);
        if let Some(rules) = &self.arguments.select {
            command.args(["--select", rules]);
        }
        Ok(command)
    }

    fn median_of(&self, command: impl Fn() -> anyhow::Result<Command>) -> anyhow::Result<Duration> {
        time(&mut command()?)?;
        let times: anyhow::Result<Vec<_>> = (0..self.arguments.runs).map(|_| time(&mut command()?)).collect();
        Ok(median(times?))
    }

    /// Returns the medians of the second and the first, run A B A B.
    fn in_turn(
        &self,
        first: impl Fn() -> anyhow::Result<Command>,
        second: impl Fn() -> anyhow::Result<Command>,
    ) -> anyhow::Result<(Duration, Duration)> {
        time(&mut second()?)?;
        time(&mut first()?)?;
        let (mut first_times, mut second_times) = (Vec::new(), Vec::new());
        for _ in 0..self.arguments.runs {
            first_times.push(time(&mut first()?)?);
            second_times.push(time(&mut second()?)?);
        }
        Ok((median(second_times), median(first_times)))
    }
}

fn heads(alembic: &Path, root: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(alembic);
    command.arg("heads").current_dir(root);
    Ok(command)
}

fn read_command(versions: &Path, threads: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("this program has no path")?);
    command.arg("read-files").arg(versions).args(["--threads", threads]);
    Ok(command)
}

fn print(rows: &[Row]) {
    println!(
        "{:>10} {:>7} {:>11} {:>9} {:>8} {:>9} {:>9} {:>17} {:>12} {:>8}",
        "chain",
        "files",
        "cucurbit ms",
        "read 1 ms",
        "to read",
        "read 2 ms",
        "peak MiB",
        "cucurbit beside",
        "alembic ms",
        "ratio"
    );
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    for row in rows {
        let (beside, alembic, ratio) = match row.beside {
            Some((alembic, beside)) => {
                let ratio = ms(alembic) / ms(beside);
                (format!("{:.1}", ms(beside)), format!("{:.1}", ms(alembic)), format!("{ratio:.1}"))
            }
            None => ("-".to_owned(), "-".to_owned(), "-".to_owned()),
        };
        println!(
            "{:>10} {:>7} {:>11.1} {:>9.1} {:>8.2} {:>9.1} {:>9.1} {beside:>17} {alembic:>12} {ratio:>8}",
            row.name,
            row.files,
            ms(row.cucurbit),
            ms(row.read_1),
            ms(row.cucurbit) / ms(row.read_1),
            ms(row.read_2),
            row.peak_kib as f64 / 1_024.0,
        );
    }
    for pair in rows.windows(2).filter(|pair| pair[1].files == pair[0].files * 10) {
        let growth = ms(pair[1].cucurbit) / ms(pair[0].cucurbit);
        println!("from {} to {}: {growth:.1} times the time", pair[0].name, pair[1].name);
    }
}
