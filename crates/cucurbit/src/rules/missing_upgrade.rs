//! A revision without an `upgrade` function.

use crate::case::{Case, module_name};
use crate::finding::Finding;
use cucurbit_alembic::Presence;

info!("FIL010", "missing-upgrade", Error, "missing_upgrade.md", "A revision has no `upgrade` function.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for row in 0..case.files().len() {
        let Some(node) = case.graph().node_of_row(row) else { continue };
        let facts = case.facts(row);
        if facts.upgrade != Presence::Absent || !facts.names_a_revision {
            continue;
        }
        let id = case.graph().id(node);
        let module = module_name(case.path(row));
        out.push(
            Finding::new(&INFO, case.id_place(row), format!("revision `{id}` has no `upgrade` function"))
                .label("this revision does nothing")
                .revision(id)
                .why(format!("listings work, but `alembic upgrade` stops at this revision with `AttributeError: module '{module}' has no attribute 'upgrade'`"))
                .cause("the function was renamed, or the file was cut off")
                .help("add `def upgrade()`, with `pass` if there is nothing to do"),
        );
    }
}
