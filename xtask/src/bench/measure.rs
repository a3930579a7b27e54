//! Clocks and scales for whole processes.

use crate::Outcome;
use anyhow::Context;
use nix::sys::resource::{UsageWho, getrusage};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What to read.
#[derive(Debug, clap::Args)]
pub(crate) struct ReadFilesArguments {
    /// A folder; its subfolders are left alone.
    folder: PathBuf,
    /// How many threads read.
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

/// What to weigh.
#[derive(Debug, clap::Args)]
pub(crate) struct MeasurePeakArguments {
    /// The program and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<std::ffi::OsString>,
}

/// Runs a program to its end with its output thrown away, and returns how long that took.
///
/// # Errors
/// When it cannot be started, or ends with a code that means failure: above 1.
pub(crate) fn time(command: &mut Command) -> anyhow::Result<Duration> {
    command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    let start = Instant::now();
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    let time = start.elapsed();
    anyhow::ensure!(matches!(status.code(), Some(0 | 1)), "{command:?} fails: {status}");
    Ok(time)
}

/// Returns the middle of some times.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Runs a program in a process of this program whose only child it is, and returns the peak of its
/// memory.
///
/// # Errors
/// When it cannot be started.
pub(super) fn peak_kib(command: &Command) -> anyhow::Result<u64> {
    let mut wrapper = Command::new(std::env::current_exe().context("this program has no path")?);
    wrapper.args(["measure-peak", "--"]).arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        wrapper.current_dir(folder);
    }
    let output = wrapper.stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().with_context(|| format!("no peak but `{}`", text.trim()))
}

/// Runs a program and prints the peak of its memory in KiB.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn measure_peak(arguments: &MeasurePeakArguments) -> anyhow::Result<Outcome> {
    let (program, rest) = arguments.command.split_first().context("there is no program")?;
    let mut command = Command::new(program);
    time(command.args(rest))?;
    println!("{}", getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss());
    Ok(Outcome::AsExpected)
}

/// Lists a folder and reads its Python files.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn read_files(arguments: &ReadFilesArguments) -> anyhow::Result<Outcome> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&arguments.folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "py") {
            files.push(path);
        }
    }
    files.sort_unstable();
    let share = files.len().div_ceil(arguments.threads.max(1)).max(1);
    let bytes: anyhow::Result<usize> = std::thread::scope(|scope| {
        let readers: Vec<_> = files.chunks(share).map(|share| scope.spawn(|| read_all(share))).collect();
        readers.into_iter().map(|reader| reader.join().expect("reading does not panic")).sum()
    });
    println!("{} files, {} bytes", files.len(), bytes?);
    Ok(Outcome::AsExpected)
}

fn read_all(files: &[PathBuf]) -> anyhow::Result<usize> {
    let length = |path: &PathBuf| -> anyhow::Result<usize> { Ok(read(path)?.len()) };
    files.iter().map(length).sum()
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
