//! The manifest of a corpus: which environments it holds, and what is known of them.

use anyhow::Context;
use cucurbit::schema::Dialect;
use cucurbit::{Case, Options};
use serde::Deserialize;
use std::collections::BTreeMap;
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
    /// How often the files name a dialect, by its name.
    #[serde(default)]
    dialect_hints: BTreeMap<String, usize>,
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

impl CorpusEnvironment {
    /// Reads the environment. Only a configuration can say that subfolders count, so one is written for it.
    ///
    /// # Errors
    /// When it is not exactly one environment, or the configuration cannot be written.
    pub(crate) fn case(&self) -> anyhow::Result<Case> {
        let folder = tempfile::tempdir()?;
        let mut cases = cucurbit::cases(&self.root, &self.options(folder.path())?)?;
        anyhow::ensure!(cases.len() == 1, "{} environments in {}", cases.len(), self.name);
        Ok(cases.remove(0))
    }

    /// Returns how to find it; `scratch` may get a configuration.
    ///
    /// # Errors
    /// When the configuration cannot be written.
    pub(crate) fn options(&self, scratch: &Path) -> anyhow::Result<Options> {
        if !self.recursive {
            return Ok(Options { versions: self.versions.clone(), ..Options::default() });
        }
        let ini = scratch.join("alembic.ini");
        std::fs::write(&ini, self.recursive_ini())?;
        Ok(Options { config: vec![ini], ..Options::default() })
    }

    fn recursive_ini(&self) -> String {
        let escaped = |path: &PathBuf| path.display().to_string().replace('%', "%%");
        let locations: Vec<String> = self.versions.iter().map(escaped).collect();
        format!(
            "[alembic]\nscript_location = {}\npath_separator = newline\nversion_locations =\n  {}\nrecursive_version_locations = true\n",
            self.script_location().map_or_else(|| locations[0].clone(), |folder| escaped(&folder)),
            locations.join("\n  ")
        )
    }

    /// The folder above the version folder that holds `env.py`.
    fn script_location(&self) -> Option<PathBuf> {
        let first = self.versions.first()?;
        first.ancestors().skip(1).take(2).find(|folder| folder.join("env.py").is_file()).map(Path::to_owned)
    }

    /// Returns the dialect that its files name most, PostgreSQL before the others where they name none or as often.
    pub(crate) fn dialect(&self) -> Dialect {
        let hints = |name: &str| self.facts.dialect_hints.get(name).copied().unwrap_or(0);
        let (postgresql, mysql, sqlite) = (hints("postgresql"), hints("mysql"), hints("sqlite"));
        if mysql > postgresql {
            Dialect::MySql
        } else if sqlite > 0 && postgresql == 0 {
            Dialect::Sqlite
        } else {
            Dialect::PostgreSql
        }
    }
}

/// Returns the dialect of a name.
///
/// # Errors
/// When there is none of that name.
pub(crate) fn dialect(name: &str) -> anyhow::Result<Dialect> {
    [Dialect::PostgreSql, Dialect::Sqlite, Dialect::MySql, Dialect::MariaDb]
        .into_iter()
        .find(|dialect| dialect.name() == name)
        .with_context(|| format!("no dialect is named {name}"))
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
