//! Asks Alembic itself, through the oracle script, for the shape of a chain.

use crate::manifest::CorpusEnvironment;
use anyhow::Context;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// The ends and joints of a chain, as sets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Shape {
    pub(super) heads: BTreeSet<String>,
    pub(super) bases: BTreeSet<String>,
    pub(super) branch_points: BTreeSet<String>,
    pub(super) merge_points: BTreeSet<String>,
}

/// What the oracle said.
#[derive(Debug)]
pub(super) enum Answer {
    /// Alembic loads the chain.
    Shape(Shape),
    /// Alembic refuses it, with this class and message.
    Refuses(String, String),
    /// The oracle cannot answer without running a file.
    CannotTell(String),
}

#[derive(Deserialize)]
struct Outcome {
    value: Option<Shape>,
    error: Option<OutcomeError>,
}

#[derive(Deserialize)]
struct OutcomeError {
    class: String,
    message: String,
}

/// How often the oracle is asked before its time limit is believed.
const ATTEMPTS: usize = 5;

/// Asks for one environment. The oracle takes Alembic for hung after a quarter of a second, which a
/// large environment may need on a busy machine; then it is asked again.
///
/// # Errors
/// When the script cannot be started or says something else than an answer.
pub(super) fn ask(python: &Path, script: &Path, environment: &CorpusEnvironment) -> anyhow::Result<Answer> {
    for _ in 1..ATTEMPTS {
        match ask_once(python, script, environment)? {
            Answer::Refuses(class, _) if class == "NoAnswer" => {}
            answer => return Ok(answer),
        }
    }
    ask_once(python, script, environment)
}

fn ask_once(python: &Path, script: &Path, environment: &CorpusEnvironment) -> anyhow::Result<Answer> {
    let mut command = Command::new(python);
    command.arg(script).args(["graph", "--stable-order"]);
    if environment.recursive {
        command.arg("--recursive");
    }
    let output = command
        .args(&environment.versions)
        .output()
        .with_context(|| format!("cannot start {}", python.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or_default();
        anyhow::ensure!(last.starts_with("oracle: "), "the oracle fails on {}: {last}", environment.name);
        return Ok(Answer::CannotTell(last.to_owned()));
    }
    let outcome: Outcome = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("the oracle's answer on {} cannot be read", environment.name))?;
    Ok(match outcome {
        Outcome { value: Some(shape), .. } => Answer::Shape(shape),
        Outcome { error: Some(error), .. } => Answer::Refuses(error.class, error.message),
        Outcome { .. } => anyhow::bail!("the oracle's answer on {} is empty", environment.name),
    })
}
