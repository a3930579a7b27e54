//! Folders on disk, and what is found in them.

use cucurbit::{Diagnosis, Finding};
use std::path::Path;

/// Writes a file and the folders above it.
pub(crate) fn write(folder: &Path, path: &str, bytes: impl AsRef<[u8]>) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
    std::fs::write(path, bytes).expect("a new file");
}

/// Returns every finding of a diagnosis.
pub(crate) fn findings(diagnosis: &Diagnosis) -> impl Iterator<Item = &Finding> {
    diagnosis.environments.iter().flat_map(|environment| &environment.findings)
}

/// Writes a finding as pages do: `name path:line`, and its severity where that is not the usual one.
pub(crate) fn shown(diagnosis: &Diagnosis, finding: &Finding) -> String {
    let severity = match finding.severity {
        usual if usual == finding.rule.severity => String::new(),
        other => format!(" ({})", other.as_str()),
    };
    let path = diagnosis.display_path(&finding.place.path);
    let line = match finding.place.span {
        Some(span) => format!(":{}", line(&finding.place.path, span.start as usize)),
        None => String::new(),
    };
    format!("{}{severity} {path}{line}", finding.rule.name)
}

fn line(path: &Path, offset: usize) -> usize {
    let bytes = std::fs::read(path).unwrap_or_default();
    1 + bytes.iter().take(offset).filter(|byte| **byte == b'\n').count()
}
