//! A merge conflict was committed unresolved.

use crate::case::Case;
use crate::finding::{Finding, Place, Severity, Tie};

info!(
    "FIL005",
    "conflict-markers", Error, "conflict_markers.md", "A merge conflict was left unresolved in a file."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for (row, file) in case.files().iter().enumerate() {
        let Some((first, others)) = file.facts.conflict_markers.split_first() else { continue };
        let name = super::text::file_name(case, row);
        let breaks = !file.facts.problems.is_empty();
        let mut finding = Finding::new(
            &INFO,
            Place::at(&file.path, Some(*first)),
            format!("`{name}` holds an unresolved merge conflict"),
        )
        .severity(if breaks { Severity::Error } else { Severity::Warning })
        .label("the conflict begins here")
        .why(if breaks {
            "the markers are not Python: every Alembic command stops with `SyntaxError`"
        } else {
            "the markers stand inside a string, so Python does not mind; the text they cut does"
        })
        .cause("the file was committed before the conflict was resolved")
        .help("keep one side, or merge both by hand, and remove the markers")
        .explains(Tie::File(file.path.clone()));
        for marker in others.iter().take(5) {
            finding = finding.also(Place::at(&file.path, Some(*marker)), "marker");
        }
        if let Some(node) = case.graph().node_of_row(row) {
            finding = finding.revision(case.graph().id(node));
        }
        out.push(finding);
    }
}
