//! Joins configurations that describe one environment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::paths::real_or_same;
use super::problem::{ConfigProblem, ConfigProblemKind, Effect};
use super::{ConfigSource, Environment};

/// Returns what two configurations of the same environment have in common.
fn likeness(environment: &Environment) -> (Vec<PathBuf>, Option<PathBuf>) {
    let versions = environment.version_locations.iter().map(|located| real_or_same(&located.path));
    (versions.collect(), environment.script_location.as_ref().map(|located| real_or_same(&located.path)))
}

fn has_same_settings(a: &Environment, b: &Environment) -> bool {
    (a.recursive, a.sourceless) == (b.recursive, b.sourceless)
        && a.file_template.value == b.file_template.value
        && a.databases.value == b.databases.value
}

/// Joins configurations of the same environment; those that differ in more than the name stay.
pub(super) fn share(environments: Vec<Environment>) -> Vec<Environment> {
    let mut kept: Vec<Environment> = Vec::new();
    let mut index_by_likeness: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for mut environment in environments {
        let likeness = likeness(&environment);
        if likeness.0.is_empty() {
            kept.push(environment);
            continue;
        }
        let alike = index_by_likeness.entry(likeness).or_default();
        if let Some(index) = alike.iter().find(|index| has_same_settings(&kept[**index], &environment)) {
            join(&mut kept[*index], environment);
            continue;
        }
        if let Some(first) = alike.first() {
            let problem = shared_problem(&kept[*first], &environment);
            environment.problems.push(problem);
        }
        alike.push(kept.len());
        kept.push(environment);
    }
    kept
}

fn source_of(environment: &Environment) -> ConfigSource {
    let file = environment.config_files.first().cloned().unwrap_or_default();
    let is_toml = file.file_name().is_some_and(|name| name == "pyproject.toml");
    let section = if is_toml { "tool.alembic".to_owned() } else { environment.section.clone() };
    ConfigSource { file, section }
}

fn join(first: &mut Environment, other: Environment) {
    first.shared_with.push(source_of(&other));
    for file in other.config_files {
        if !first.config_files.contains(&file) {
            first.config_files.push(file);
        }
    }
    for problem in other.problems {
        if !first.problems.contains(&problem) {
            first.problems.push(problem);
        }
    }
}

fn shared_problem(first: &Environment, later: &Environment) -> ConfigProblem {
    let place = later.script_location.as_ref().and_then(|located| located.written_at.clone());
    let file = place.as_ref().map(|place| place.file.clone()).or_else(|| later.config_files.first().cloned());
    ConfigProblem {
        kind: ConfigProblemKind::SharedVersionLocations { with: source_of(first) },
        file: file.unwrap_or_default(),
        span: place.map(|place| place.span),
        effect: Effect::Silent,
    }
}
