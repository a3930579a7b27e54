//! Chores of the project: runs over the corpus, injected faults, benches, stubs of rules.
//!
//! Every chore prints what it did and ends with a line of totals. Exit code 0: all as it should be.
//! 1: something differs. 2: the work could not be done.

#![forbid(unsafe_code)]

mod bench;
mod bench_reconstruct;
mod bench_replay;
mod corpus;
mod diagnosis;
mod inject;
mod manifest;
mod models;
mod mysql;
mod new_rule;
mod program;
mod shuffle;
mod survey;
mod symmetry;
mod synthetic;

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
    /// Breaks every environment of a corpus in every known way and counts what is found.
    Inject(inject::InjectArguments),
    /// Times `cucurbit diagnose` against `alembic heads` and against reading the files.
    BenchAlembic(bench::BenchArguments),
    /// Compares models, read without running them, with dumps of `metadata.create_all()`.
    Models(models::ModelsArguments),
    /// Writes the stubs of a rule.
    NewRule(new_rule::NewRuleArguments),
    /// Looks whether the order of files on disk or the number of threads changes a report.
    Shuffle(shuffle::ShuffleArguments),
    /// Follows every chain of a corpus and counts what is known exactly.
    Survey(survey::SurveyArguments),
    /// Follows every migration of a corpus forth and back and counts which downgrades lead back.
    Symmetry(symmetry::SymmetryArguments),
    /// Times `cucurbit schema` on made-up chains and on a real one.
    BenchReplay(bench_replay::BenchReplayArguments),
    /// Times `cucurbit reconstruct` on made-up chains without their base.
    BenchReconstruct(bench_reconstruct::BenchReconstructArguments),
    /// Compares the schema that Alembic makes on MariaDB with the one that our DDL makes there.
    Mysql(mysql::MysqlArguments),
    /// Lists a folder and reads its Python files: what a bench compares with.
    #[command(hide = true)]
    ReadFiles(bench::ReadFilesArguments),
    /// Runs a program and prints the peak of its memory in KiB.
    #[command(hide = true)]
    MeasurePeak(bench::MeasurePeakArguments),
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
        Chore::Inject(arguments) => inject::run(&arguments),
        Chore::BenchAlembic(arguments) => bench::run(&arguments),
        Chore::Models(arguments) => models::run(&arguments),
        Chore::NewRule(arguments) => new_rule::run(&arguments),
        Chore::Shuffle(arguments) => shuffle::run(&arguments),
        Chore::Survey(arguments) => survey::run(&arguments),
        Chore::Symmetry(arguments) => symmetry::run(&arguments),
        Chore::BenchReplay(arguments) => bench_replay::run(&arguments),
        Chore::BenchReconstruct(arguments) => bench_reconstruct::run(&arguments),
        Chore::Mysql(arguments) => mysql::run(&arguments),
        Chore::ReadFiles(arguments) => bench::read_files(&arguments),
        Chore::MeasurePeak(arguments) => bench::measure_peak(&arguments),
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
