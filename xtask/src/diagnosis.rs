//! Diagnoses as a program sees them: through the JSON report.

use anyhow::Context;
use cucurbit::{Options, diagnose, report};
use serde::Deserialize;
use std::path::Path;

/// A report on one environment.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Environment {
    /// How many files Alembic loads.
    pub(crate) revision_files: usize,
    /// What Alembic would answer.
    pub(crate) alembic: Alembic,
    /// Ids, in load order.
    pub(crate) heads: Vec<String>,
    /// Ids, in load order.
    pub(crate) bases: Vec<String>,
    /// Ids, in load order.
    pub(crate) branch_points: Vec<String>,
    /// Ids, in load order.
    pub(crate) merge_points: Vec<String>,
    /// The findings.
    pub(crate) findings: Vec<Finding>,
}

/// What Alembic would answer.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Alembic {
    /// With which error it fails.
    pub(crate) error: Option<AlembicError>,
}

/// An error of Alembic.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct AlembicError {
    /// The Python class.
    pub(crate) class: String,
    /// The text.
    pub(crate) message: String,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Finding {
    /// The rule's code.
    pub(crate) code: String,
    /// The rule's name.
    pub(crate) name: String,
    /// `error`, `warning` or `note`.
    pub(crate) severity: String,
    /// What is wrong.
    pub(crate) message: String,
    /// The ids it is about.
    pub(crate) revisions: Vec<String>,
    /// The files it is about.
    pub(crate) files: Vec<String>,
    /// Where.
    pub(crate) location: Location,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Location {
    /// The file or folder.
    pub(crate) path: String,
}

#[derive(Deserialize)]
struct Report {
    environments: Vec<Environment>,
}

/// Diagnoses a folder, and returns its environments.
///
/// # Errors
/// When there is no diagnosis, or its report is not what this reads.
pub(crate) fn environments(path: &Path, options: &Options) -> anyhow::Result<Vec<Environment>> {
    let diagnosis = diagnose(path, options).with_context(|| format!("no diagnosis of {}", path.display()))?;
    let report: Report =
        serde_json::from_str(&report::json(&diagnosis)).context("the report cannot be read")?;
    Ok(report.environments)
}
