//! A migration where Alembic does not look.

use crate::case::{Case, IgnoredFile};
use crate::finding::{Finding, Place, Severity, Tie};
use cucurbit_alembic::{Field, PassedOver};

info!("FIL012", "misplaced-revision", Warning, "misplaced_revision.md", "A migration stands where Alembic does not look.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for ignored in case.ignored() {
        let facts = &ignored.facts;
        let states_revision = facts.names_a_revision
            && facts.revision != Field::Absent
            && (facts.down_revision != Field::Absent || facts.upgrade == cucurbit_alembic::Presence::Present);
        if !states_revision {
            continue;
        }
        let id = facts.revision.as_str();
        let node = id.and_then(|id| case.graph().node(id));
        let is_missed = node.is_some_and(|node| case.graph().is_missing(node));
        if node.is_some() && !is_missed && ignored.why == PassedOver::Suffix {
            continue; // A backup of a file that is there.
        }
        out.push(report(ignored, id, is_missed));
    }
}

fn report(ignored: &IgnoredFile, id: Option<&str>, is_missed: bool) -> Finding {
    let name = ignored.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (reason, help) = match ignored.why {
        PassedOver::Subfolder => (
            "it stands in a subfolder and `recursive_version_locations` is off",
            "move it up, list the folder in `version_locations`, or set `recursive_version_locations = true`",
        ),
        PassedOver::InitModule => ("Alembic skips names that begin with `__init__`", "move the migration into a file of its own"),
        PassedOver::LockName => ("Alembic skips names that begin with `.#`", "rename the file"),
        PassedOver::Suffix => ("its name does not end in `.py`", "give it the suffix `.py`"),
        PassedOver::LinkName => ("it is a link to a file whose name does not end in `.py`", "put the file itself here"),
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
    finding
}
