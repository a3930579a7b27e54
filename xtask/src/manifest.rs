//! The manifest of a corpus: which environments it holds, and what is known of them.

use anyhow::Context;
use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Debug, Deserialize)]
struct Manifest {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    dir: String,
    envs: Vec<Facts>,
}

/// What the manifest states of one environment.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Facts {
    versions: Vec<PathBuf>,
    recursive: bool,
    /// How many revision files there are.
    pub(crate) revisions: usize,
    /// The revisions without a parent.
    pub(crate) bases: Vec<String>,
    /// The revisions without a child.
    pub(crate) heads: Vec<String>,
    /// How many revisions have more than one child.
    pub(crate) branchpoints: usize,
    /// How many revisions have more than one parent.
    pub(crate) merges: usize,
}

/// One healthy environment of the corpus.
#[derive(Debug, Clone)]
pub(crate) struct CorpusEnvironment {
    /// The package, and the version folder where a package holds several environments.
    pub(crate) name: String,
    /// The folder of the package.
    pub(crate) root: PathBuf,
    /// The version folders.
    pub(crate) versions: Vec<PathBuf>,
    /// Whether subfolders count.
    pub(crate) recursive: bool,
    /// What the manifest states.
    pub(crate) facts: Facts,
}

/// Reads a manifest; `corpus` is the folder that holds the packages.
///
/// # Errors
/// When the manifest cannot be read, or a version folder that it names is not there.
pub(crate) fn read(manifest: &Path, corpus: &Path) -> anyhow::Result<Vec<CorpusEnvironment>> {
    let text =
        std::fs::read_to_string(manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    let manifest: Manifest =
        serde_json::from_str(&text).with_context(|| format!("{} is no manifest", manifest.display()))?;
    let corpus = std::path::absolute(corpus)?;
    let mut environments = Vec::new();
    for package in manifest.packages {
        let root = corpus.join(&package.dir);
        let is_alone = package.envs.len() == 1;
        for facts in package.envs {
            let versions: Vec<PathBuf> = facts.versions.iter().map(|folder| root.join(folder)).collect();
            for folder in &versions {
                anyhow::ensure!(folder.is_dir(), "there is no folder {}", folder.display());
            }
            let first = facts.versions.first().context("an environment without version folders")?;
            let name = match is_alone {
                true => package.dir.clone(),
                false => format!("{}:{}", package.dir, first.display()),
            };
            let recursive = facts.recursive;
            environments.push(CorpusEnvironment { name, root: root.clone(), versions, recursive, facts });
        }
    }
    Ok(environments)
}
