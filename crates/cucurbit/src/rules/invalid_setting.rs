//! A configuration file or setting cannot be read.

use super::settings::{Family, report};
use crate::case::Case;
use crate::finding::Finding;

info!(
    "CFG006",
    "invalid-setting", Error, "invalid_setting.md", "A configuration file or setting cannot be read."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    report(case, &INFO, Family::Invalid, out);
}
