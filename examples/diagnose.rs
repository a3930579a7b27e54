//! Diagnoses a folder: `cargo run --example diagnose -- fixtures/habits_service`.

use cucurbit::{Options, Severity, diagnose, report};
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| ".".into()));
    let options = Options { path_prefix: folder.is_relative().then(|| folder.clone()), ..Options::default() };
    match diagnose(&folder, &options) {
        Ok(diagnosis) => {
            print!("{}", report::text(&diagnosis, &report::TextOptions::default()));
            ExitCode::from(u8::from(diagnosis.has(Severity::Note)))
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
