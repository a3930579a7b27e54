//! Looks whether reports depend on the order of files on disk or on threads: they must not.
//!
//! Most file systems list a folder in an order that depends on when files were made, so each run
//! makes them anew in another order.

use crate::{Outcome, program};
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const THREADS: [&str; 3] = ["1", "2", "8"];
const FORMATS: [&str; 2] = ["text", "json"];

/// What to copy, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct ShuffleArguments {
    /// The tree; it is copied with all that is in it.
    #[arg(long, value_name = "DIR")]
    path: PathBuf,
    /// How many copies are made.
    #[arg(long, default_value_t = 50)]
    runs: u64,
}

/// Runs the chore.
///
/// # Errors
/// When the tree cannot be copied or the program cannot be run.
pub(crate) fn run(arguments: &ShuffleArguments) -> anyhow::Result<Outcome> {
    let cucurbit = program::cucurbit()?;
    let mut files = Vec::new();
    list(&arguments.path, Path::new(""), &mut files)?;
    anyhow::ensure!(!files.is_empty(), "there is no file in {}", arguments.path.display());
    let mut first: [Option<String>; FORMATS.len()] = Default::default();
    for run in 0..arguments.runs {
        let folder = tempfile::tempdir()?;
        fastrand::Rng::with_seed(run).shuffle(&mut files);
        copy(&arguments.path, &files, folder.path())?;
        for (format, first) in FORMATS.iter().zip(&mut first) {
            for threads in THREADS {
                let report = report(&cucurbit, folder.path(), format, threads)?;
                let expected = first.get_or_insert_with(|| report.clone());
                if *expected != report {
                    println!("run {run}, {format}, {threads} threads: {}", difference(expected, &report));
                    return Ok(Outcome::Differs);
                }
            }
        }
    }
    println!("{} runs, all identical", arguments.runs);
    Ok(Outcome::AsExpected)
}

/// Lists files and links below a folder, by their path inside it.
fn list(root: &Path, inside: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let folder = root.join(inside);
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        let path = inside.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            list(root, &path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn copy(root: &Path, files: &[PathBuf], to: &Path) -> anyhow::Result<()> {
    for file in files {
        let (from, to) = (root.join(file), to.join(file));
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent)?;
        }
        match std::fs::read_link(&from) {
            Ok(target) => std::os::unix::fs::symlink(target, &to)?,
            Err(_) if from.is_file() => drop(std::fs::copy(&from, &to)?),
            Err(_) => {}
        }
    }
    Ok(())
}

fn report(cucurbit: &Path, folder: &Path, format: &str, threads: &str) -> anyhow::Result<String> {
    let output = Command::new(cucurbit)
        .args(["diagnose", "--output-format", format, "--threads", threads, "."])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", cucurbit.display()))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(matches!(output.status.code(), Some(0 | 1)), "{}: {complaint}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).into_owned() + &complaint)
}

/// Returns the first line that differs.
fn difference(expected: &str, found: &str) -> String {
    let mut lines = expected.lines().zip(found.lines()).enumerate();
    match lines.find(|(_, (expected, found))| expected != found) {
        Some((number, (expected, found))) => {
            format!("line {}:\n  first: {expected}\n  now:   {found}", number + 1)
        }
        None => format!("{} bytes at first, {} now", expected.len(), found.len()),
    }
}
