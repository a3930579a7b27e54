//! An identifier that only running the file would tell.

use crate::case::Case;
use crate::finding::{Finding, Place, Tie};
use cucurbit_alembic::Field;
use cucurbit_python::Unknown;

info!(
    "FIL008",
    "computed-identifier",
    Warning,
    "computed_identifier.md",
    "An identifier cannot be told without running the file."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for (row, file) in case.files().iter().enumerate() {
        let facts = &file.facts;
        let fields = [
            ("revision", &facts.revision),
            ("down_revision", &facts.down_revision),
            ("branch_labels", &facts.branch_labels),
            ("depends_on", &facts.depends_on),
        ];
        for (name, field) in fields {
            let Field::Unknown { why, span } = field else { continue };
            let (label, reason, help) = match why {
                Unknown::Conflict(_) => (
                    "one of two values",
                    "which side of the merge conflict counts is not settled, so neither is assumed",
                    "resolve the conflict".to_owned(),
                ),
                _ => (
                    "known only when the file runs",
                    "cucurbit runs no code, so it says nothing about this value and calls nothing missing because of it",
                    format!("write `{name}` as a literal"),
                ),
            };
            let mut finding = Finding::new(
                &INFO,
                Place::at(&file.path, *span),
                format!("`{name}` of `{}` cannot be told: {why}", super::text::file_name(case, row)),
            )
            .label(label)
            .why(reason)
            .help(help)
            .follows_from(Tie::File(file.path.clone()));
            if name == "revision" {
                let promised = case.template().captured_rev(&case.stem(row));
                if let Some(id) = promised {
                    finding = finding.explains(Tie::Unseen(id));
                }
            }
            if let Some(node) = case.graph().node_of_row(row) {
                finding = finding.revision(case.graph().id(node));
            }
            out.push(finding);
        }
    }
}
