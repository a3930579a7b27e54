//! A Python file in a version folder that is no migration.

use super::missing_revision_id::{lacks_id, looks_like_migration};
use crate::case::{Case, module_name, old_style_id};
use crate::finding::{Finding, Place, Tie};
use cucurbit_alembic::Field;

info!("FIL011", "stray-file", Error, "stray_file.md", "A Python file in a version folder is no migration.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for (row, file) in case.files().iter().enumerate() {
        if looks_like_migration(file)
            || !file.facts.problems.is_empty()
            || file.facts.revision != Field::Absent
        {
            continue;
        }
        let name = super::text::file_name(case, row);
        let error = if lacks_id(file) && old_style_id(&file.path).is_none() {
            format!("Could not determine revision id from filename {name}")
        } else {
            format!("AttributeError: module '{}' has no attribute 'down_revision'", module_name(&file.path))
        };
        let finding = |message: String| {
            Finding::new(&INFO, Place::file(&file.path), message).label("loaded as a migration").why(format!(
                "Alembic loads every `.py` file of the folder, so every command stops with `{error}`"
            ))
        };
        let graph = case.graph();
        let lost = case.template().captured_rev(&case.stem(row));
        let lost = lost.filter(|id| graph.node(id).is_some_and(|node| graph.is_missing(node)));
        out.push(match lost {
            Some(id) => finding(format!("`{name}` is named for the lost revision `{id}`, but defines none"))
                .revision(&id)
                .cause("its contents were lost or overwritten")
                .help("restore the file from version control")
                .explains(Tie::Unseen(id)),
            None => finding(format!("`{name}` is no migration, but stands among them"))
                .cause(
                    "a helper module or a script was put beside the migrations, or a migration was emptied",
                )
                .help("move it out of the folder, to beside `env.py` for example"),
        });
    }
}
