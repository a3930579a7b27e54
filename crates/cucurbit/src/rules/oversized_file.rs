//! A file too large or nested too deep to be read whole.

use crate::case::Case;
use crate::finding::{Finding, Place, Tie};
use cucurbit_alembic::FileProblem;
use cucurbit_python::Problem;

info!(
    "FIL014",
    "oversized-file",
    Warning,
    "oversized_file.md",
    "A file is too large or nested too deep to be read whole."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for (row, file) in case.files().iter().enumerate() {
        let what = file.facts.problems.iter().find_map(|problem| match problem {
            FileProblem::Python(Problem::TooLarge { bytes }) => Some(format!("has {bytes} bytes")),
            FileProblem::Python(Problem::TooDeep) => Some("is nested too deep".to_owned()),
            _ => None,
        });
        let Some(what) = what else { continue };
        let mut finding = Finding::new(
            &INFO,
            Place::file(&file.path),
            format!("`{}` {what}; only its identifiers were looked for", super::text::file_name(case, row)),
        )
        .label("not read whole")
        .why("whether Python loads it cannot be told")
        .help("keep data out of migrations, in a file beside them")
        .explains(Tie::File(file.path.clone()));
        if let Some(node) = case.graph().node_of_row(row) {
            finding = finding.revision(case.graph().id(node));
        }
        out.push(finding);
    }
}
