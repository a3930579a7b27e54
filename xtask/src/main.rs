//! Chores of the project: runs over the corpus, injected faults, benches, stubs of rules.
//!
//! Every chore prints what it did and ends with a line of totals. Exit code 0: all as it should be.
//! 1: something differs. 2: the work could not be done.

#![forbid(unsafe_code)]

mod corpus;
mod diagnosis;
mod manifest;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Chores of the cucurbit project.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Compares what cucurbit says of every environment of a corpus with what Alembic says.
    Corpus(corpus::CorpusArguments),
}

/// Whether a chore found everything as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It did.
    AsExpected,
    /// Something differs; it was printed.
    Differs,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().chore {
        Chore::Corpus(arguments) => corpus::run(&arguments),
    };
    match outcome {
        Ok(Outcome::AsExpected) => ExitCode::SUCCESS,
        Ok(Outcome::Differs) => ExitCode::from(1),
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::from(2)
        }
    }
}
