//! Two version locations hold the same files.

use super::settings::{Family, report};
use crate::case::Case;
use crate::finding::{Finding, Place};

info!(
    "CFG004",
    "overlapping-version-locations",
    Warning,
    "overlapping_version_locations.md",
    "Two version locations, or two links, lead to the same files."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let before = out.len();
    report(case, &INFO, Family::Overlap, out);
    if out.len() > before {
        return;
    }
    for path in case.repeated() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        out.push(
            Finding::new(&INFO, Place::file(path), format!("`{name}` is a file that was loaded before"))
                .label("loaded a second time")
                .why("Alembic warns `File … loaded twice! ignoring. Please ensure version_locations is unique.`")
                .help("remove the link, or the version location that leads to it"),
        );
    }
}
