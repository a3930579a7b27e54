//! Bytecode is left of a migration whose source is gone.

use crate::case::{Case, IgnoredFile};
use crate::finding::{Finding, Place, Severity, Tie};
use cucurbit_alembic::{PassedOver, bytecode_module};
use std::collections::HashSet;
use std::path::Path;

info!("FIL013", "bytecode-only", Warning, "bytecode_only.md", "Only bytecode is left of a migration.");

/// More than this many leftovers that nothing misses are reported together.
const ALONE: usize = 5;

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    if case.ignored().is_empty() {
        return;
    }
    let source = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let sources: HashSet<String> = case.files().iter().map(|file| source(&file.path)).collect();
    let left: Vec<&IgnoredFile> = case
        .ignored()
        .iter()
        .filter(|i| i.why == PassedOver::Bytecode && !sources.contains(&bytecode_module(&i.path)))
        .filter(|i| !bytecode_module(&i.path).starts_with("__init__"))
        .collect();
    let mut unmissed = Vec::new();
    for ignored in left {
        match missed_id(case, ignored) {
            Some(id) => out.push(
                finding(&ignored.path, format!("only bytecode is left of revision `{id}`"))
                    .revision(&id)
                    .follows_from(Tie::Missing(id)),
            ),
            None => unmissed.push(ignored),
        }
    }
    if unmissed.len() <= ALONE {
        for ignored in unmissed {
            let name = bytecode_module(&ignored.path);
            out.push(
                finding(&ignored.path, format!("only bytecode is left of `{name}.py`"))
                    .severity(Severity::Note),
            );
        }
    } else {
        let message = format!("only bytecode is left of {} modules", unmissed.len());
        let folder = unmissed[0].path.parent().unwrap_or(&unmissed[0].path);
        out.push(finding(folder, message).severity(Severity::Note));
    }
}

fn finding(path: &Path, message: String) -> Finding {
    Finding::new(&INFO, Place::file(path), message)
        .label("left behind")
        .why("Alembic ignores bytecode unless `sourceless = true`; the migration does not run")
        .cause("the source was deleted or renamed, and Python's cache was not cleared")
        .help("restore the source from version control, or delete the bytecode")
}

fn missed_id(case: &Case, ignored: &IgnoredFile) -> Option<String> {
    let stem = bytecode_module(&ignored.path);
    let missing = case.graph().missing().map(|node| case.graph().id(node));
    let named = |id: &&str| !id.is_empty() && case.template().accepts(&stem, id);
    missing
        .into_iter()
        .find(|id| named(id) || stem == *id || stem.starts_with(&format!("{id}_")))
        .map(str::to_owned)
}
