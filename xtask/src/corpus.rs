//! Compares what cucurbit says of a corpus of healthy chains with what Alembic says.
//!
//! Heads, bases, branch points and merge points must be equal as sets. What the rules find on
//! healthy chains is printed, for people to judge.

mod oracle;

use crate::Outcome;
use crate::diagnosis::{self, AlembicError, Environment, Finding};
use crate::manifest::{self, CorpusEnvironment};
use oracle::{Answer, Shape};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Where the corpus is, and what to compare with.
#[derive(Debug, clap::Args)]
pub(crate) struct CorpusArguments {
    /// The manifest.
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// The folder that holds the packages of the manifest.
    #[arg(long, value_name = "DIR")]
    corpus: PathBuf,
    /// The script that asks Alembic; without it, the manifest's facts are compared.
    #[arg(long, value_name = "SCRIPT", requires = "python")]
    oracle: Option<PathBuf>,
    /// The Python that has Alembic.
    #[arg(long, value_name = "PROGRAM", requires = "oracle")]
    python: Option<PathBuf>,
    /// Print the warnings and notes one by one, as the errors are.
    #[arg(long)]
    details: bool,
}

/// Runs the chore.
///
/// # Errors
/// When the manifest, the oracle or a diagnosis fails.
pub(crate) fn run(arguments: &CorpusArguments) -> anyhow::Result<Outcome> {
    let environments = manifest::read(&arguments.manifest, &arguments.corpus)?;
    let mut equal = 0;
    let mut findings = Vec::new();
    for environment in &environments {
        let found = diagnose(environment)?;
        let differences = compare(arguments, environment, &found)?;
        if differences.is_empty() {
            equal += 1;
        } else {
            println!("{}: {}", environment.name, differences.join("; "));
        }
        findings.extend(found.findings.into_iter().map(|finding| (environment.name.as_str(), finding)));
    }
    let errors = print_findings(&findings, arguments.details);
    println!("{} environments, {equal} equal, {errors} error findings", environments.len());
    Ok(if equal == environments.len() { Outcome::AsExpected } else { Outcome::Differs })
}

/// Diagnoses the version folders.
fn diagnose(environment: &CorpusEnvironment) -> anyhow::Result<Environment> {
    let folder = tempfile::tempdir()?;
    let mut found = diagnosis::environments(&environment.root, &environment.options(folder.path())?)?;
    anyhow::ensure!(found.len() == 1, "{} environments in {}", found.len(), environment.name);
    Ok(found.remove(0))
}

/// Returns what differs, each as a sentence.
fn compare(
    arguments: &CorpusArguments,
    environment: &CorpusEnvironment,
    found: &Environment,
) -> anyhow::Result<Vec<String>> {
    let answer = match (&arguments.python, &arguments.oracle) {
        (Some(python), Some(script)) => oracle::ask(python, script, environment)?,
        _ => Answer::CannotTell(String::new()),
    };
    let set = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<_>>();
    let shape = Shape {
        heads: set(&found.heads),
        bases: set(&found.bases),
        branch_points: set(&found.branch_points),
        merge_points: set(&found.merge_points),
    };
    Ok(match answer {
        Answer::Shape(expected) => differences(&expected, &shape),
        Answer::Refuses(class, message) => {
            println!(
                "{}: Alembic refuses it ({class}: {message}); the rest is compared with the manifest",
                environment.name
            );
            let mut differing = manifest_differences(environment, &shape, found.revision_files);
            differing.extend(refusal_difference(&AlembicError { class, message }, found));
            differing
        }
        Answer::CannotTell(why) => {
            if !why.is_empty() {
                println!("{}: compared with the manifest alone ({why})", environment.name);
            }
            manifest_differences(environment, &shape, found.revision_files)
        }
    })
}

/// The error must be the same one.
fn refusal_difference(expected: &AlembicError, found: &Environment) -> Option<String> {
    let foreseen = found.alembic.error.as_ref();
    (foreseen != Some(expected)).then(|| format!("error: expected {expected:?}, found {foreseen:?}"))
}

fn differences(expected: &Shape, found: &Shape) -> Vec<String> {
    [
        ("heads", &expected.heads, &found.heads),
        ("bases", &expected.bases, &found.bases),
        ("branch points", &expected.branch_points, &found.branch_points),
        ("merge points", &expected.merge_points, &found.merge_points),
    ]
    .into_iter()
    .filter(|(_, expected, found)| expected != found)
    .map(|(what, expected, found)| format!("{what}: expected {expected:?}, found {found:?}"))
    .collect()
}

fn manifest_differences(environment: &CorpusEnvironment, found: &Shape, files: usize) -> Vec<String> {
    let facts = &environment.facts;
    let mut differing = differences(
        &Shape {
            heads: facts.heads.iter().cloned().collect(),
            bases: facts.bases.iter().cloned().collect(),
            ..found.clone()
        },
        found,
    );
    let counts = [
        ("revision files", facts.revisions, files),
        ("branch points", facts.branchpoints, found.branch_points.len()),
        ("merge points", facts.merges, found.merge_points.len()),
    ];
    let wrong = counts.into_iter().filter(|(_, expected, found)| expected != found);
    differing
        .extend(wrong.map(|(what, expected, found)| format!("{what}: expected {expected}, found {found}")));
    differing
}

/// Prints error findings one by one and the others as counts; returns how many errors there are.
fn print_findings(findings: &[(&str, Finding)], details: bool) -> usize {
    let mut by_rule: BTreeMap<_, Vec<&(&str, Finding)>> = BTreeMap::new();
    for found in findings {
        let severity = found.1.severity.as_str();
        let rank = ["error", "warning", "note"].iter().position(|word| *word == severity).unwrap_or(9);
        by_rule.entry((rank, severity, found.1.name.as_str())).or_default().push(found);
    }
    for ((_, severity, rule), found) in &by_rule {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (environment, _) in found {
            *counts.entry(environment).or_default() += 1;
        }
        let most = counts.iter().max_by_key(|(_, count)| **count);
        let most = most.map(|(name, count)| format!("{name} {count}")).unwrap_or_default();
        println!("{severity} {rule}: {} in {} environments (most: {most})", found.len(), counts.len());
        if details || *severity == "error" {
            for (environment, finding) in found {
                println!("  {environment}: {}: {}", finding.location.path, finding.message);
            }
        }
    }
    findings.iter().filter(|(_, finding)| finding.severity == "error").count()
}
