//! Compares the revision map with recorded answers of Alembic.
//!
//! `cargo run --example conformance -- FILE.json` prints the first differences and the score. It ends
//! with 0 if everything agrees, 1 if something differs, 2 if the file cannot be read.

use std::io::Write;
use std::process::ExitCode;

#[path = "../crates/cucurbit-graph/tests/support/conformance.rs"]
mod conformance;

/// How many differences are printed in full.
const SHOWN: usize = 20;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: conformance FILE.json");
        return ExitCode::from(2);
    };
    let tally = match read(&path) {
        Ok(tally) => tally,
        Err(problem) => {
            eprintln!("{path}: {problem}");
            return ExitCode::from(2);
        }
    };
    // A closed pipe is no reason for another score.
    let _ = report(&tally);
    if tally.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

fn read(path: &str) -> Result<conformance::Tally, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    conformance::run(&text)
}

fn report(tally: &conformance::Tally) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for failure in tally.failures.iter().take(SHOWN) {
        writeln!(out, "{}: {}", failure.case, failure.query)?;
        writeln!(out, "  expected {}", failure.expected)?;
        writeln!(out, "  got      {}", failure.got)?;
    }
    if tally.failures.len() > SHOWN {
        writeln!(out, "and {} more", tally.failures.len() - SHOWN)?;
    }
    let total = tally.loads + tally.queries;
    writeln!(out, "{} passed, {} failed", total - tally.failures.len(), tally.failures.len())
}
