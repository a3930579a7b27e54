//! An environment without a single revision file.

use crate::case::Case;
use crate::finding::{Finding, Place, Tie};
use std::path::Path;

info!("CFG003", "no-revisions", Warning, "no_revisions.md", "An environment has no revision file.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    if !case.files().is_empty() {
        return;
    }
    let ids = case.ignored().iter().filter_map(|ignored| ignored.facts.revision.as_str());
    let mut finding = Finding::new(&INFO, Place::file(folder(case)), "no revision file was found")
        .label("no migration in here")
        .why("`alembic upgrade head` does nothing and succeeds, so a deployment comes up without tables")
        .help("`alembic revision --autogenerate` makes the first one; if there were some, look for them in version control")
        .follows_from(Tie::Configuration);
    for id in ids {
        finding = finding.follows_from(Tie::Unseen(id.to_owned()));
    }
    out.push(finding);
}

/// Returns the folder in which one would look for them, of those that exist.
fn folder(case: &Case) -> &Path {
    let environment = case.environment();
    let locations = environment.version_locations.iter().chain(&environment.script_location);
    let existing = locations.filter(|location| location.exists).map(|location| location.path.as_path());
    let configured = environment.config_files.iter().filter_map(|file| file.parent());
    existing.chain(configured).next().unwrap_or_else(|| environment.folder())
}
