//! The script location is not set or does not exist.

use super::settings::{Family, report};
use crate::case::Case;
use crate::finding::Finding;

info!(
    "CFG001",
    "missing-script-location",
    Error,
    "missing_script_location.md",
    "The script location is not set or does not exist."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    report(case, &INFO, Family::ScriptLocation, out);
}
