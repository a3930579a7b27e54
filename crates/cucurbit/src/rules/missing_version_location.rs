//! A version location does not exist.

use super::settings::{Family, report};
use crate::case::Case;
use crate::finding::Finding;

info!(
    "CFG002",
    "missing-version-location", Warning, "missing_version_location.md", "A version location does not exist."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    report(case, &INFO, Family::VersionLocation, out);
}
