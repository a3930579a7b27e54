//! A file that is not Python.

use crate::case::Case;
use crate::finding::{Finding, Place, Tie};
use cucurbit_alembic::FileProblem;
use cucurbit_python::Problem;
use cucurbit_text::Span;

info!(
    "FIL004",
    "syntax-error", Error, "syntax_error.md", "A file that Alembic would load is not valid Python."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for (row, file) in case.files().iter().enumerate() {
        let errors: Vec<(String, Span, &str)> = file.facts.problems.iter().filter_map(explain).collect();
        let Some((message, span, error)) = errors.first() else { continue };
        let name = super::text::file_name(case, row);
        let mut finding = Finding::new(
            &INFO,
            Place::at(&file.path, Some(*span)),
            format!("`{name}` is not valid Python: {message}"),
        )
        .label(message.clone())
        .why(format!("Alembic imports every file of the folder, so every command stops with `{error}`"))
        .cause("an unfinished edit, a bad merge, or code for another version of Python")
        .help("correct the file; what could be read of it takes part in this report")
        .explains(Tie::File(file.path.clone()));
        if !file.facts.conflict_markers.is_empty() {
            finding = finding.follows_from(Tie::File(file.path.clone()));
        }
        for (message, span, _) in errors.iter().skip(1).take(3) {
            finding = finding.also(Place::at(&file.path, Some(*span)), message.clone());
        }
        if let Some(node) = case.graph().node_of_row(row) {
            finding = finding.revision(case.graph().id(node));
        }
        out.push(finding);
    }
}

/// The parser's messages begin with a capital letter, unless they begin with a quotation.
fn in_a_sentence(message: &str) -> String {
    let mut letters = message.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}


fn explain(problem: &FileProblem) -> Option<(String, Span, &'static str)> {
    match problem {
        FileProblem::Python(Problem::Syntax { message, span }) => {
            Some((in_a_sentence(message), *span, "SyntaxError"))
        }
        FileProblem::Python(Problem::Tabs { span }) => {
            Some(("inconsistent use of tabs and spaces in indentation".to_owned(), *span, "TabError"))
        }
        FileProblem::Python(Problem::Nul { span }) => Some((
            "a NUL byte".to_owned(),
            *span,
            "SyntaxError: source code string cannot contain null bytes",
        )),
        _ => None,
    }
}
