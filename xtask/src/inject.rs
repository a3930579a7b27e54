//! Breaks healthy chains in every known way, at seeded random places, and looks whether each fault
//! is found by the right rule and in the right file.
//!
//! A finding counts when the healthy copy does not have it, its rule is the expected one, and it
//! names every expected file and id. Healthy environments are copied without their configuration.

mod chain;
mod faults;
mod project;
mod rename;
mod tally;
mod tree;

use crate::Outcome;
use crate::diagnosis::{self, Finding};
use crate::manifest;
use chain::Chain;
use cucurbit::Options;
use faults::{Expectation, Fault};
use project::{INI, Project, SCRIPTS, healthy_settings, ini_text};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use tally::Tally;
use tree::Tree;

/// What to break, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct InjectArguments {
    /// The manifest.
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// The folder that holds the packages of the manifest.
    #[arg(long, value_name = "DIR")]
    corpus: PathBuf,
    /// Decides every random choice; each injection also depends on its environment, fault and round.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// One kind of fault alone.
    #[arg(long, value_name = "FAULT")]
    only: Option<String>,
    /// One environment alone.
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// How often each fault is put into each environment.
    #[arg(long, value_name = "R", default_value_t = 1)]
    rounds: u32,
    /// Keep the broken copy of every miss in this folder.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// A healthy environment, taken into memory and diagnosed.
struct Healthy {
    name: String,
    recursive: bool,
    versions: Vec<PathBuf>,
    tree: Tree,
    chain: Chain,
    findings: Vec<Finding>,
}

/// One injection: where, what, and which chance.
struct Injection<'a> {
    healthy: &'a Healthy,
    fault: &'a Fault,
    seed: u64,
    round: u32,
}

/// Runs the chore.
///
/// # Errors
/// When the corpus cannot be read, or a temporary folder cannot be written.
pub(crate) fn run(arguments: &InjectArguments) -> anyhow::Result<Outcome> {
    let wanted = |name: &str, choice: &Option<String>| choice.as_deref().is_none_or(|only| only == name);
    let faults: Vec<&Fault> =
        faults::ALL.iter().copied().flatten().filter(|fault| wanted(fault.name, &arguments.only)).collect();
    anyhow::ensure!(!faults.is_empty(), "there is no such fault; the kinds are {}", names());
    let environments = manifest::read(&arguments.manifest, &arguments.corpus)?;
    let environments: Vec<_> = environments.iter().filter(|e| wanted(&e.name, &arguments.env)).collect();
    anyhow::ensure!(!environments.is_empty(), "the manifest has no such environment");
    let mut tally = Tally::new(faults.iter().map(|fault| fault.name));
    for environment in environments {
        let healthy = Healthy::take(&environment.name, &environment.versions, environment.recursive)?;
        for fault in &faults {
            for round in 0..arguments.rounds {
                let injection = Injection { healthy: &healthy, fault, seed: arguments.seed, round };
                injection.run(arguments.keep.as_deref(), &mut tally)?;
            }
        }
    }
    Ok(if tally.print(arguments.seed) { Outcome::AsExpected } else { Outcome::Differs })
}

fn names() -> String {
    faults::ALL.iter().copied().flatten().map(|fault| fault.name).collect::<Vec<_>>().join(", ")
}

impl Healthy {
    fn take(name: &str, folders: &[PathBuf], recursive: bool) -> anyhow::Result<Self> {
        let mut tree = Tree::default();
        let mut versions = Vec::new();
        for (number, folder) in folders.iter().enumerate() {
            let inside = match number {
                0 => Path::new(SCRIPTS).join("versions"),
                _ => Path::new(SCRIPTS).join(format!("versions_{}", number + 1)),
            };
            tree.take(folder, &inside)?;
            versions.push(inside);
        }
        tree.put(&Path::new(SCRIPTS).join("env.py"), b"from alembic import context\n".as_slice());
        tree.put(Path::new(INI), ini_text(&healthy_settings(&versions, recursive)).into_bytes());
        let folder = tempfile::tempdir()?;
        tree.write_to(folder.path())?;
        let chain = Chain::read(&tree, folder.path());
        let findings = findings(folder.path())?;
        Ok(Healthy { name: name.to_owned(), recursive, versions, tree, chain, findings })
    }
}

impl Injection<'_> {
    fn run(&self, keep: Option<&Path>, tally: &mut Tally) -> anyhow::Result<()> {
        let Healthy { tree, chain, versions, recursive, .. } = self.healthy;
        let random = fastrand::Rng::with_seed(self.chance());
        let mut project = Project::new(tree, chain, versions, *recursive, random);
        let expected = match (self.fault.inject)(&mut project) {
            Ok(expected) => expected,
            Err(reason) => {
                tally.not_applicable(self.fault.name, reason, &self.healthy.name);
                return Ok(());
            }
        };
        let broken = project.finish();
        let folder = tempfile::tempdir()?;
        broken.write_to(folder.path())?;
        // A panic is a miss like any other, and the other injections go on.
        let found = std::panic::catch_unwind(AssertUnwindSafe(|| findings(folder.path())));
        let found = match found {
            Ok(Ok(findings)) => findings,
            Ok(Err(error)) => return self.miss(tally, keep, &broken, &expected, format!("{error:#}")),
            Err(_) => return self.miss(tally, keep, &broken, &expected, "a panic".to_owned()),
        };
        let new: Vec<Finding> = found.into_iter().filter(|f| !self.healthy.findings.contains(f)).collect();
        if new.iter().any(|finding| expected.is_met_by(finding)) {
            tally.found(self.fault.name);
            return Ok(());
        }
        let instead: Vec<String> = new.iter().map(shown).collect();
        let instead = if instead.is_empty() { "nothing".to_owned() } else { instead.join("; ") };
        self.miss(tally, keep, &broken, &expected, instead)
    }

    fn miss(
        &self,
        tally: &mut Tally,
        keep: Option<&Path>,
        broken: &Tree,
        expected: &Expectation,
        instead: String,
    ) -> anyhow::Result<()> {
        let at = format!("{} round {}: expected {}", self.healthy.name, self.round, expected.shown());
        tally.missed(self.fault.name, format!("{at}\n    found instead: {instead}"));
        if let Some(keep) = keep {
            let name = self.healthy.name.replace(['/', ':'], "_");
            let folder = keep.join(format!("{}-{name}-{}", self.fault.name, self.round));
            broken.write_to(&folder)?;
        }
        Ok(())
    }

    /// Returns the seed of this injection alone, so that it does not depend on the others (FNV-1a).
    fn chance(&self) -> u64 {
        let text = format!("{} {} {} {}", self.seed, self.round, self.fault.name, self.healthy.name);
        text.bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }
}

impl Expectation {
    fn is_met_by(&self, finding: &Finding) -> bool {
        self.rules.contains(&finding.name.as_str())
            && self.files.iter().all(|file| finding.files.iter().any(|named| Path::new(named) == file))
            && self.revisions.iter().all(|id| finding.revisions.contains(id))
    }

    fn shown(&self) -> String {
        let files: Vec<String> = self.files.iter().map(|file| file.display().to_string()).collect();
        format!("{} of [{}] in [{}]", self.rules.join(" or "), self.revisions.join(", "), files.join(", "))
    }
}

fn shown(finding: &Finding) -> String {
    format!("{} of [{}] in [{}]", finding.name, finding.revisions.join(", "), finding.files.join(", "))
}

/// Diagnoses a folder as a user would, and returns the findings of all its environments.
fn findings(folder: &Path) -> anyhow::Result<Vec<Finding>> {
    let environments = diagnosis::environments(folder, &Options::default())?;
    Ok(environments.into_iter().flat_map(|environment| environment.findings).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_found_in_a_made_up_chain() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        crate::synthetic::write_project(folder.path(), 60).expect("a project");
        let versions = [folder.path().join("migrations/versions")];
        let healthy = Healthy::take("made up", &versions, false).expect("a healthy copy");
        assert_eq!(healthy.findings, []);
        let faults: Vec<&Fault> = faults::ALL.iter().copied().flatten().collect();
        let mut tally = Tally::new(faults.iter().map(|fault| fault.name));
        for fault in faults {
            let injection = Injection { healthy: &healthy, fault, seed: 1, round: 0 };
            injection.run(None, &mut tally).expect("a broken copy");
        }
        assert!(tally.print(1), "see the misses above");
    }
}
