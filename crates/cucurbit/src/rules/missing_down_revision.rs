//! A revision that does not say what it follows.

use super::missing_revision_id::looks_like_migration;
use crate::case::{Case, module_name, revision_id};
use crate::finding::{Finding, Place};
use cucurbit_alembic::Field;

info!(
    "FIL007",
    "missing-down-revision", Error, "missing_down_revision.md", "A revision has no `down_revision`."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for (row, file) in case.files().iter().enumerate() {
        let Some(id) = revision_id(file) else { continue };
        if file.facts.down_revision != Field::Absent
            || !file.facts.problems.is_empty()
            || !looks_like_migration(file)
        {
            continue;
        }
        let module = module_name(case.path(row));
        let mut finding = Finding::new(
            &INFO,
            Place::at(&file.path, file.facts.revision.span()),
            format!("revision `{id}` has no `down_revision`"),
        )
        .label("this revision")
        .revision(&id)
        .why(format!("every Alembic command stops with `AttributeError: module '{module}' has no attribute 'down_revision'`"))
        .cause("the line was removed, or it is only annotated and has no value");
        let claimed =
            file.facts.docstring.as_ref().and_then(|doc| doc.revises.as_ref()).map(|line| line.text.as_str());
        finding = match claimed {
            Some("") | Some("None") => {
                finding.help("add `down_revision = None`: the docstring says it is a base")
            }
            Some(parent) => {
                finding.help(format!("add `down_revision = \"{parent}\"`: the docstring says so"))
            }
            None => finding.help("add the id of its parent, or `None` for a base"),
        };
        out.push(finding);
    }
}
