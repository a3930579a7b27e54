//! A migration without a `revision`.

use crate::case::{Case, module_name, old_style_id, revision_id};
use crate::finding::{Finding, Place, Tie};
use cucurbit_alembic::{Field, Presence, RevisionFile};

info!(
    "FIL006",
    "missing-revision-id", Error, "missing_revision_id.md", "A migration does not say which revision it is."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for (row, file) in case.files().iter().enumerate() {
        if !lacks_id(file) || !looks_like_migration(file) {
            continue;
        }
        let name = super::text::file_name(case, row);
        let promised = case.template().captured_rev(&case.stem(row));
        let mut finding = Finding::new(
            &INFO,
            Place::at(&file.path, file.facts.down_revision.span()),
            format!("`{name}` has no `revision`"),
        )
        .label("a migration, but which?")
        .why(match old_style_id(&file.path) {
            // The name is taken for the id, and the other variable is missed next.
            Some(_) => format!(
                "every Alembic command stops with `AttributeError: module '{}' has no attribute 'down_revision'`",
                module_name(&file.path)
            ),
            None => format!("every Alembic command stops with `Could not determine revision id from filename {name}. Be sure the 'revision' variable is declared inside the script`"),
        })
        .cause("the line was removed or renamed");
        let claimed = file.facts.docstring.as_ref().and_then(|doc| doc.revision_id.as_ref());
        let id = claimed.map(|line| line.text.clone()).or(promised);
        finding = match id {
            Some(id) => finding
                .help(format!(
                    "add `revision = \"{id}\"`: that is what {} says",
                    if claimed.is_some() { "the docstring" } else { "the file name" }
                ))
                .explains(Tie::Unseen(id)),
            None => finding.help("add the `revision` that its children name as their parent"),
        };
        out.push(finding);
    }
}

pub(super) fn lacks_id(file: &RevisionFile) -> bool {
    file.facts.revision == Field::Absent && file.facts.problems.is_empty() && revision_id(file).is_none()
}

pub(super) fn looks_like_migration(file: &RevisionFile) -> bool {
    file.facts.names_a_revision || file.facts.upgrade == Presence::Present
}
