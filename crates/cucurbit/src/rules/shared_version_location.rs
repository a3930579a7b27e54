//! Two configurations name the same version folders.

use super::settings::{Family, report};
use crate::case::Case;
use crate::finding::{Finding, Place, Severity};
use std::path::Path;

info!(
    "CFG007",
    "shared-version-location",
    Warning,
    "shared_version_location.md",
    "Two configurations name the same version folders."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    report(case, &INFO, Family::Shared, out);
    let environment = case.environment();
    for other in &environment.shared_with {
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let own = environment.config_files.first().map(|file| name(file)).unwrap_or_default();
        let (file, section, own_section) = (name(&other.file), &other.section, &environment.section);
        out.push(
            Finding::new(
                &INFO,
                Place::file(&other.file),
                format!(
                    "`[{section}]` of `{file}` names the same version folders as `[{own_section}]` of `{own}`"
                ),
            )
            .severity(Severity::Note)
            .label("the same migrations")
            .why("both run the same migrations; they are reported once here")
            .help("keep one configuration, unless they differ in what `env.py` reads of them"),
        );
    }
}
