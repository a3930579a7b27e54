//! A setting has no effect, or another than it seems.

use super::settings::{Family, report};
use crate::case::Case;
use crate::finding::Finding;

info!(
    "CFG005",
    "ignored-setting", Warning, "ignored_setting.md", "A setting has no effect, or another than it seems."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    report(case, &INFO, Family::Ignored, out);
}
