//! An id that does not fit the version table.

use crate::case::Case;
use crate::finding::Finding;

info!("IDS001", "long-id", Error, "long_id.md", "An id is longer than the version table's column.");

/// Source: Alembic 1.20 `DefaultImpl.version_table_impl`: `String(32)`.
const COLUMN_WIDTH: usize = 32;

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let width = case.version_column_width().unwrap_or(COLUMN_WIDTH);
    for node in case.graph().defined() {
        let id = case.graph().id(node);
        let length = id.chars().count();
        let Some(row) = case.row_of(node).filter(|_| length > width) else { continue };
        out.push(
            Finding::new(&INFO, case.id_place(row), format!("`{id}` has {length} characters; the version table holds {width}"))
                .label(format!("{} too many", length - width))
                .revision(id)
                .why(format!("PostgreSQL refuses the row with `value too long for type character varying({width})`, MySQL likewise, so the upgrade to this revision rolls back; SQLite accepts it"))
                .cause("the id was written by hand, as a sentence")
                .help("give it a shorter id, or widen `version_num` of the version table in `env.py` before the upgrade"),
        );
    }
}
