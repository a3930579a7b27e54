//! The revision on which the whole chain stands is defined by no file.

use super::lost::Lost;
use crate::case::Case;
use crate::finding::Finding;

info!(
    "GRA002",
    "missing-base", Error, "missing_base.md", "The revision on which the chain stands is defined by no file."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let mut lost = Lost::new(case);
    for missing in lost.bases() {
        let id = case.graph().id(missing);
        let standing = case.graph().descendants(missing).len();
        let message = format!(
            "the base `{id}` is lost: no file defines it, and {} on it",
            super::text::count(standing, "revision stands", "revisions stand")
        );
        let finding = lost.report(&INFO, missing, message);
        let why = format!("{}; what the lost revision created, nothing creates now", finding.why);
        out.push(finding.why(why));
    }
}
