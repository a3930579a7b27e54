//! From a path to findings.

use crate::case::Case;
use crate::finding::{Finding, Severity, arrange};
use crate::rules;
use cucurbit_alembic::config::{
    DiscoverError, DiscoverOptions, Discovery, Environment, WalkProblem, discover,
};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// How a diagnosis is to be made.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The ini section to read, as `alembic -n NAME`.
    pub section: Option<String>,
    /// Configuration files, as `alembic -c FILE`; then no others are looked for.
    pub config: Vec<PathBuf>,
    /// Version folders; then no configuration is looked for.
    pub versions: Vec<PathBuf>,
    /// Subfolders of [`Options::versions`] count too, as with `recursive_version_locations`.
    pub recursive: bool,
    /// The folder in which Alembic would be run; found out for each environment when not given.
    pub current_dir: Option<PathBuf>,
    /// How many threads read files; all cores when not given. The result is the same.
    pub threads: Option<usize>,
    /// What paths in reports begin with, as the caller named the folder; nothing when not given.
    pub path_prefix: Option<PathBuf>,
}

/// Why there is no diagnosis.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No environment could be found or read.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// The threads could not be started.
    #[error("cannot start {threads} threads")]
    Threads {
        /// How many were asked for.
        threads: usize,
    },
}

/// What is to be said of a path.
#[derive(Debug)]
pub struct Diagnosis {
    /// The folder that was searched, absolute.
    pub root: PathBuf,
    /// What paths in reports begin with.
    pub path_prefix: Option<PathBuf>,
    /// The environments, sorted by configuration file or folder.
    pub environments: Vec<EnvironmentDiagnosis>,
    /// What was met while searching.
    pub problems: Vec<WalkProblem>,
}

/// One environment and what is wrong with it.
#[derive(Debug)]
pub struct EnvironmentDiagnosis {
    /// What was read.
    pub case: Case,
    /// The findings: errors first, then by path, place and code.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// Returns how many findings there are of a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.environments.iter().flat_map(|e| &e.findings).filter(|f| f.severity == severity).count()
    }

    /// Tells whether there is a finding as bad as `severity` or worse.
    #[must_use]
    pub fn has(&self, severity: Severity) -> bool {
        self.environments.iter().flat_map(|e| &e.findings).any(|f| f.severity <= severity)
    }

    /// Returns a path as reports show it: relative to the searched folder, with forward slashes,
    /// behind the prefix. A path outside the folder stays as it is.
    #[must_use]
    pub fn display_path(&self, path: &Path) -> String {
        let shown = match path.strip_prefix(&self.root) {
            Ok(inside) if inside.as_os_str().is_empty() => {
                self.path_prefix.clone().unwrap_or_else(|| PathBuf::from("."))
            }
            Ok(inside) => {
                self.path_prefix.as_ref().map_or_else(|| inside.to_path_buf(), |prefix| prefix.join(inside))
            }
            Err(_) => path.to_path_buf(),
        };
        shown.to_string_lossy().replace('\\', "/")
    }
}

/// Reads every environment at or below `path` and judges it.
///
/// # Errors
/// When nothing that could be judged is found, with what was looked for.
pub fn diagnose(path: &Path, options: &Options) -> Result<Diagnosis, Error> {
    let discovery = look(path, options)?;
    let environments = match options.threads {
        None => judge_all(discovery.environments),
        Some(threads) => rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|_| Error::Threads { threads })?
            .install(|| judge_all(discovery.environments)),
    };
    Ok(Diagnosis {
        root: discovery.root,
        path_prefix: options.path_prefix.clone(),
        environments,
        problems: discovery.problems,
    })
}

fn look(path: &Path, options: &Options) -> Result<Discovery, Error> {
    let options = DiscoverOptions {
        section: options.section.clone(),
        config: options.config.clone(),
        versions: options.versions.clone(),
        recursive: options.recursive,
        current_dir: options.current_dir.clone(),
    };
    Ok(discover(path, &options)?)
}

/// Reads every environment at or below `path`, in the order of their configurations, without judging them.
///
/// # Errors
/// When nothing is found, with what was looked for.
pub fn cases(path: &Path, options: &Options) -> Result<Vec<Case>, Error> {
    Ok(look(path, options)?.environments.into_iter().map(Case::read).collect())
}

fn judge_all(environments: Vec<Environment>) -> Vec<EnvironmentDiagnosis> {
    environments.into_iter().map(|environment| judge(Case::read(environment))).collect()
}

/// Applies every rule to a case.
#[must_use]
pub(crate) fn judge(case: Case) -> EnvironmentDiagnosis {
    let check = |rule: &rules::Rule| {
        let mut found = Vec::new();
        (rule.check)(&case, &mut found);
        found
    };
    // Collected in the order of the rules, whichever is done first.
    let found: Vec<Vec<Finding>> = rules::ALL.par_iter().map(check).collect();
    let findings = arrange(found.into_iter().flatten().collect());
    EnvironmentDiagnosis { case, findings }
}
