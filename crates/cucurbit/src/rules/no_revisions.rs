//! An environment without a single revision file.

use crate::case::Case;
use crate::finding::{Finding, Tie};

info!("CFG003", "no-revisions", Warning, "no_revisions.md", "An environment has no revision file.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    if !case.files().is_empty() {
        return;
    }
    let ids = case.ignored().iter().filter_map(|ignored| ignored.facts.revision.as_str());
    let mut finding = Finding::new(&INFO, case.folder_place(), "no revision file was found")
        .label("no migration in here")
        .why("`alembic upgrade head` does nothing and succeeds, so a deployment comes up without tables")
        .help("`alembic revision --autogenerate` makes the first one; if there were some, look for them in version control")
        .follows_from(Tie::Configuration);
    for id in ids {
        finding = finding.follows_from(Tie::Unseen(id.to_owned()));
    }
    out.push(finding);
}
