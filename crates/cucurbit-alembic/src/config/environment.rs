//! Builds an environment from its configuration, or from the folders alone.

mod locations;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::ini::Ini;
use super::paths::{Resolver, is_absolute, tidy};
use super::problem::{ConfigProblem, ConfigProblemKind};
use super::pyproject::Pyproject;
use super::settings::{Settings, Sources, Written};
use super::{Environment, EnvironmentKind, Located, Resolution, RunDirSource};

/// What to build an environment from.
pub(super) struct Request<'a> {
    pub(super) ini: Option<&'a Ini>,
    pub(super) section: &'a str,
    /// The folder of the configuration file.
    pub(super) config_dir: &'a Path,
    /// The folders from which Alembic may have been run, likeliest first, each with the
    /// `pyproject.toml` that it would then read.
    pub(super) candidates: &'a [(PathBuf, Option<Rc<Pyproject>>)],
    pub(super) is_given: bool,
    /// The folder that messages leave out.
    pub(super) root: &'a Path,
}

/// A reading of the configuration from one folder.
struct Attempt {
    settings: Settings,
    resolver: Resolver,
    toml: Option<Rc<Pyproject>>,
    source: RunDirSource,
}

/// Builds a configured environment.
pub(super) fn configured(request: &Request<'_>) -> Environment {
    if is_flask_migrate(request) {
        return flask_migrate(request);
    }
    let mut best: Option<((bool, usize), Attempt)> = None;
    for (run_dir, toml) in request.candidates {
        let attempt = attempt(request, run_dir, toml.clone());
        let fit = fit(&attempt);
        if best.as_ref().is_none_or(|(known, _)| fit > *known) {
            best = Some((fit, attempt));
        }
    }
    let attempt = best.map_or_else(|| attempt(request, request.config_dir, None), |(_, attempt)| attempt);
    let script = attempt.settings.script_location.clone();
    build(EnvironmentKind::Configured, request, attempt, script.as_ref())
}

fn attempt(request: &Request<'_>, run_dir: &Path, toml: Option<Rc<Pyproject>>) -> Attempt {
    let sources = Sources { ini: request.ini, section: request.section, toml: toml.as_deref() };
    let settings = Settings::read(sources);
    let package_dirs = package_dirs(request, run_dir, &settings);
    let resolver =
        Resolver { run_dir: run_dir.to_owned(), config_dir: request.config_dir.to_owned(), package_dirs };
    let source = match request.is_given {
        true => RunDirSource::Given,
        false if run_dir == request.config_dir => RunDirSource::ConfigFolder,
        false => RunDirSource::Ancestor,
    };
    Attempt { settings, resolver, toml, source }
}

/// Lists where Python would find a package: `prepend_sys_path`, then the usual places.
fn package_dirs(request: &Request<'_>, run_dir: &Path, settings: &Settings) -> Vec<PathBuf> {
    let prepended = settings.prepend_sys_path.iter().map(|entry| tidy(run_dir.join(&entry.value)));
    let mut dirs: Vec<PathBuf> = prepended.collect();
    let above = request.candidates.iter().map(|(dir, _)| dir.as_path());
    for dir in [run_dir, request.config_dir].into_iter().chain(above) {
        dirs.push(dir.to_owned());
        dirs.push(dir.join("src"));
    }
    let mut seen = std::collections::BTreeSet::new();
    dirs.retain(|dir| seen.insert(dir.clone()));
    dirs
}

/// Tells how well the locations fit a run folder.
fn fit(attempt: &Attempt) -> (bool, usize) {
    let settings = &attempt.settings;
    let exists = |written: &Written| attempt.resolver.resolve(written, |_| false).located.exists;
    let script = settings.script_location.as_ref().is_some_and(exists);
    let relative = settings.version_locations.iter().filter(|item| !is_absolute(&item.value));
    (script, if settings.by_character { 0 } else { relative.filter(|item| exists(item)).count() })
}

/// Flask-Migrate leaves `script_location` out and keeps its ini beside `env.py`.
fn is_flask_migrate(request: &Request<'_>) -> bool {
    let Some(ini) = request.ini.filter(|_| request.section == "alembic") else { return false };
    let toml = request.candidates.first().and_then(|(_, toml)| toml.as_deref());
    let is_named = ini.option("alembic", "script_location").is_some()
        || toml.is_some_and(|toml| toml.entries.contains_key("script_location"));
    !is_named
        && (request.config_dir.join("env.py").is_file()
            || request.config_dir.join("script.py.mako").is_file()
                && request.config_dir.join("versions").is_dir())
}

fn flask_migrate(request: &Request<'_>) -> Environment {
    let parent = request.config_dir.parent().unwrap_or(request.config_dir);
    let mut candidates: Vec<_> = request.candidates.to_vec();
    if !request.is_given {
        candidates.retain(|(dir, _)| dir != parent);
        candidates.insert(0, (parent.to_owned(), None));
    }
    // No TOML file is read.
    let attempts = candidates.iter().map(|(dir, _)| attempt(request, dir, None));
    let mut best: Option<Attempt> = None;
    for attempt in attempts {
        if best.as_ref().is_none_or(|known| fit(&attempt) > fit(known)) {
            best = Some(attempt);
        }
    }
    let mut best = best.unwrap_or_else(|| attempt(request, parent, None));
    best.settings.problems.retain(|problem| {
        !matches!(problem.kind, ConfigProblemKind::NoScriptLocation | ConfigProblemKind::SectionAbsent { .. })
    });
    build(EnvironmentKind::FlaskMigrate, request, best, None)
}

fn build(
    kind: EnvironmentKind,
    request: &Request<'_>,
    attempt: Attempt,
    script: Option<&Written>,
) -> Environment {
    let Attempt { settings, resolver, toml, source } = attempt;
    let mut found = locations::Locations::new(&resolver, request.root, &settings);
    match kind {
        EnvironmentKind::FlaskMigrate => found.script_at(request.config_dir),
        _ => found.script(script),
    }
    found.versions();
    found.compare_versions();
    let prepend = settings.prepend_sys_path.iter().map(|entry| resolver.resolve(entry, |_| false).located);
    let toml = toml.filter(|toml| toml.is_alembic || toml.is_broken);
    let mut problems: Vec<ConfigProblem> = Vec::new();
    problems.extend(request.ini.into_iter().flat_map(|ini| ini.problems.iter().cloned()));
    problems.extend(toml.iter().flat_map(|toml| toml.problems.iter().cloned()));
    problems.extend(settings.problems.iter().cloned());
    problems.append(&mut found.problems);
    let config_files = config_files(request.ini, toml.as_deref());
    let fallback = config_files.first().cloned().unwrap_or_else(|| request.config_dir.to_owned());
    for problem in &mut problems {
        if problem.file.as_os_str().is_empty() {
            problem.file.clone_from(&fallback);
        }
    }
    sort_problems(&mut problems, &config_files);
    let script_location = found.script_location.take();
    let script_dir = script_location.as_ref().map(|located| located.path.clone());
    let beside = |name: &str| script_dir.as_ref().map(|dir| dir.join(name)).filter(|path| path.is_file());
    Environment {
        kind,
        config_files,
        section: request.section.to_owned(),
        shared_with: Vec::new(),
        run_dir: resolver.run_dir.clone(),
        run_dir_from: source,
        version_locations: std::mem::take(&mut found.version_locations),
        prepend_sys_path: prepend.collect(),
        recursive: settings.recursive,
        sourceless: settings.sourceless,
        file_template: settings.file_template.clone(),
        truncate_slug_length: settings.truncate_slug_length.clone(),
        timezone: settings.timezone.clone(),
        output_encoding: settings.output_encoding.clone(),
        revision_environment: settings.revision_environment.clone(),
        path_separator: settings.path_separator.clone(),
        databases: settings.databases.clone(),
        env_py: beside("env.py"),
        script_template: beside("script.py.mako"),
        script_location,
        problems,
    }
}

fn config_files(ini: Option<&Ini>, toml: Option<&Pyproject>) -> Vec<PathBuf> {
    ini.map(|ini| ini.path.clone()).into_iter().chain(toml.map(|toml| toml.path.clone())).collect()
}

/// Orders problems by file, then by place; those without a place come last.
fn sort_problems(problems: &mut Vec<ConfigProblem>, files: &[PathBuf]) {
    let rank = |problem: &ConfigProblem| {
        let file = files.iter().position(|file| *file == problem.file).unwrap_or(files.len());
        let at = problem.span.map_or((usize::MAX, usize::MAX), |span| (span.start, span.end));
        (file, at)
    };
    problems.sort_by_key(rank);
    let mut kept: Vec<ConfigProblem> = Vec::new();
    for problem in problems.drain(..) {
        if !kept.contains(&problem) {
            kept.push(problem);
        }
    }
    *problems = kept;
}

/// Builds an environment of which no configuration is known.
pub(super) fn unconfigured(
    kind: EnvironmentKind,
    script: Option<&Path>,
    versions: &[PathBuf],
    run_dir: &Path,
) -> Environment {
    let settings = Settings::read(Sources { ini: None, section: "alembic", toml: None });
    let beside = |name: &str| script.map(|dir| dir.join(name)).filter(|path| path.is_file());
    Environment {
        kind,
        config_files: Vec::new(),
        section: "alembic".to_owned(),
        shared_with: Vec::new(),
        run_dir: run_dir.to_owned(),
        run_dir_from: RunDirSource::ConfigFolder,
        script_location: script.map(at_path),
        version_locations: versions.iter().map(|path| at_path(path)).collect(),
        prepend_sys_path: Vec::new(),
        recursive: false,
        sourceless: false,
        file_template: settings.file_template,
        truncate_slug_length: settings.truncate_slug_length,
        timezone: settings.timezone,
        output_encoding: settings.output_encoding,
        revision_environment: settings.revision_environment,
        path_separator: settings.path_separator,
        databases: settings.databases,
        env_py: beside("env.py").or_else(|| above(versions, "env.py")),
        script_template: beside("script.py.mako"),
        problems: Vec::new(),
    }
}

/// Looks for a file where Alembic's own layout has it: above the version folders.
fn above(versions: &[PathBuf], name: &str) -> Option<PathBuf> {
    let folders = versions.first()?.ancestors().skip(1).take(2);
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Returns a location that nobody wrote.
pub(super) fn at_path(path: &Path) -> Located {
    Located {
        written: String::new(),
        value: String::new(),
        written_at: None,
        path: path.to_owned(),
        exists: path.exists(),
        resolution: Resolution::Default,
    }
}
