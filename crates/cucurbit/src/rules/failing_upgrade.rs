//! The chain loads, and Alembic's own bookkeeping fails when it upgrades an empty database.

use crate::alembic_answer::AlembicAnswer;
use crate::case::Case;
use crate::finding::Finding;

info!("GRA018", "failing-upgrade", Error, "failing_upgrade.md", "The chain loads, but Alembic cannot upgrade an empty database along it.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let AlembicAnswer::Loads { upgrade_fault: Some(fault), map, .. } = case.alembic() else { return };
    let Some(id) = &fault.revision else {
        // Without a step to blame, a ring or a duplicate stands in the way, which other rules name.
        return;
    };
    let row = case.graph().node(id).and_then(|node| case.row_of(node));
    let place = row.map_or_else(
        || case.folder_place(),
        |row| case.place(row, case.facts(row).depends_on.span().or(case.facts(row).down_revision.span())),
    );
    let down = map.revision(id).map(|view| view.normalized_down().join("`, `")).unwrap_or_default();
    out.push(
        Finding::new(&INFO, place, format!("`alembic upgrade heads` on an empty database fails at `{id}`"))
            .label("fails here")
            .revision(id)
            .why(format!(
                "the upgrade ends in `{}`: at this step Alembic looks for rows of `{down}` in the version table, and they are not all there",
                fault.error.last_line()
            ))
            .cause("`depends_on` names a revision that the parents already stand on")
            .help("remove the dependency that is already an ancestor"),
    );
}
