//! A migration where Alembic does not look.

use crate::case::{Case, IgnoredFile};
use crate::finding::{Finding, Place, Severity, Tie};
use cucurbit_alembic::config::ConfigProblemKind;
use cucurbit_alembic::{Field, PassedOver, Presence};
use std::collections::BTreeMap;
use std::path::Path;

info!(
    "FIL012",
    "misplaced-revision", Warning, "misplaced_revision.md", "A migration stands where Alembic does not look."
);

/// More than so many files of one version location that nothing misses are reported together.
const ALONE: usize = 3;

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let mut unmissed: BTreeMap<&Path, Vec<&IgnoredFile>> = BTreeMap::new();
    for ignored in case.ignored().iter().filter(|ignored| states_revision(ignored)) {
        let node = ignored.facts.revision.as_str().and_then(|id| case.graph().node(id));
        let is_missed = node.is_some_and(|node| case.graph().is_missing(node));
        if node.is_some() && !is_missed && ignored.why == PassedOver::Suffix {
            continue; // A backup of a file that is there.
        }
        if ignored.why == PassedOver::Subfolder && !is_missed {
            unmissed.entry(location(case, &ignored.path)).or_default().push(ignored);
        } else {
            out.push(report(case, ignored, is_missed));
        }
    }
    for files in unmissed.into_values() {
        if files.len() <= ALONE {
            out.extend(files.into_iter().map(|ignored| report(case, ignored, false)));
        } else {
            out.push(report_many(case, &files));
        }
    }
}

fn states_revision(ignored: &IgnoredFile) -> bool {
    let facts = &ignored.facts;
    facts.names_a_revision
        && facts.revision != Field::Absent
        && (facts.down_revision != Field::Absent || facts.upgrade == Presence::Present)
}

/// Returns the version location that a file lies in.
fn location<'c>(case: &'c Case, path: &'c Path) -> &'c Path {
    let locations = case.environment().version_locations.iter().map(|location| location.path.as_path());
    locations.filter(|location| path.starts_with(location)).max().unwrap_or(path)
}

/// Many together were put there on purpose: an archive, or folders that code adds to the locations.
fn report_many(case: &Case, files: &[&IgnoredFile]) -> Finding {
    let mut folder = files[0].path.parent().unwrap_or(&files[0].path);
    while !files.iter().all(|file| file.path.starts_with(folder)) {
        folder = folder.parent().unwrap_or(folder);
    }
    let within =
        if folder == location(case, &files[0].path) { "subfolders hold" } else { "a subfolder holds" };
    let message = format!("{within} {} migrations that Alembic does not look at", files.len());
    let mut finding = Finding::new(&INFO, Place::file(folder), message)
        .severity(Severity::Note)
        .label("not seen by Alembic")
        .why("`recursive_version_locations` is off and they stand in no version location, so these migrations never run")
        .help("leave them if this is an archive, else list the folders in `version_locations`");
    for id in files.iter().filter_map(|file| file.facts.revision.as_str()) {
        finding = finding.revision(id).explains(Tie::Unseen(id.to_owned()));
    }
    follow_settings(case, finding)
}

/// A setting that was meant to include the folder is the cause.
fn follow_settings(case: &Case, finding: Finding) -> Finding {
    let is_cause = |kind: &ConfigProblemKind| match kind {
        ConfigProblemKind::BooleanNotTrue { setting, .. } => setting == "recursive_version_locations",
        ConfigProblemKind::StringForList { .. } => true,
        _ => false,
    };
    match case.environment().problems.iter().any(|problem| is_cause(&problem.kind)) {
        true => finding.follows_from(Tie::Configuration),
        false => finding,
    }
}

fn report(case: &Case, ignored: &IgnoredFile, is_missed: bool) -> Finding {
    let id = ignored.facts.revision.as_str();
    let name = ignored.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (reason, help) = match ignored.why {
        PassedOver::Subfolder => (
            "it stands in a subfolder and `recursive_version_locations` is off",
            "move it up, list the folder in `version_locations`, or set `recursive_version_locations = true`",
        ),
        PassedOver::InitModule => {
            ("Alembic skips names that begin with `__init__`", "move the migration into a file of its own")
        }
        PassedOver::LockName => ("Alembic skips names that begin with `.#`", "rename the file"),
        PassedOver::Suffix => ("its name does not end in `.py`", "give it the suffix `.py`"),
        PassedOver::LinkName => {
            ("it is a link to a file whose name does not end in `.py`", "put the file itself here")
        }
        PassedOver::Bytecode => ("bytecode is not looked at", "restore its source"),
    };
    let what = id.map_or_else(|| "a migration".to_owned(), |id| format!("revision `{id}`"));
    let mut finding = Finding::new(
        &INFO,
        Place::at(&ignored.path, ignored.facts.revision.span()),
        format!("`{name}` defines {what}, but Alembic does not look at it"),
    )
    .severity(if is_missed { Severity::Error } else { Severity::Warning })
    .label("not seen by Alembic")
    .why(format!("{reason}, so this migration never runs"))
    .help(help);
    if let Some(id) = id {
        finding = finding.revision(id).explains(Tie::Unseen(id.to_owned()));
    }
    follow_settings(case, finding)
}
