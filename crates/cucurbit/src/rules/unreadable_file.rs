//! A file or folder that Alembic would load and that cannot be read.

use crate::case::Case;
use crate::finding::{Finding, Place, Severity, Tie};
use cucurbit_alembic::FileProblem;
use cucurbit_text::DecodeProblem;

info!(
    "FIL003",
    "unreadable-file", Error, "unreadable_file.md", "A file that Alembic would load cannot be read."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for (row, file) in case.files().iter().enumerate() {
        let Some((message, why, span)) = file.facts.problems.iter().find_map(explain) else { continue };
        let name = super::text::file_name(case, row);
        let mut finding = Finding::new(&INFO, Place::at(&file.path, span), format!("`{name}` {message}"))
            .label("here")
            .why(why)
            .help("restore the file from version control")
            .explains(Tie::File(file.path.clone()));
        if let Some(node) = case.graph().node_of_row(row) {
            finding = finding.revision(case.graph().id(node));
        }
        out.push(finding);
    }
    for folder in case.unlisted() {
        out.push(
            Finding::new(
                &INFO,
                Place::file(&folder.path),
                format!("a version folder could not be listed: {}", folder.reason),
            )
            .severity(Severity::Warning)
            .why("revisions in it cannot be seen, so nothing is said about them")
            .help("check its permissions and what lies in it"),
        );
    }
}

fn explain(problem: &FileProblem) -> Option<(String, String, Option<cucurbit_text::Span>)> {
    let stops = |error: &str| format!("every Alembic command stops with `{error}`");
    match problem {
        FileProblem::Unreadable { reason } => {
            Some((format!("cannot be read: {reason}"), stops("OSError"), None))
        }
        FileProblem::NotAFile => Some((
            "is a pipe or a device, not a file".to_owned(),
            "Alembic opens it and waits for ever".to_owned(),
            None,
        )),
        FileProblem::BrokenLink => Some((
            "is a link to a file that does not exist".to_owned(),
            stops("ImportError: Can't find Python file"),
            None,
        )),
        FileProblem::Decode(DecodeProblem::InvalidUtf8 { span }) => Some((
            "is not valid UTF-8 and names no other encoding".to_owned(),
            stops("SyntaxError: (unicode error) 'utf-8' codec can't decode byte"),
            Some(*span),
        )),
        FileProblem::Decode(DecodeProblem::UnknownEncoding { name, span }) => Some((
            format!("names the unknown encoding `{name}`"),
            stops(&format!("SyntaxError: unknown encoding: {name}")),
            Some(*span),
        )),
        FileProblem::Decode(DecodeProblem::Utf16) => {
            Some(("is in UTF-16, which Python does not read".to_owned(), stops("SyntaxError"), None))
        }
        FileProblem::Python(_) => None,
    }
}
