//! The chain loads, and Alembic's own bookkeeping fails when it upgrades an empty database.

use super::text::list;
use crate::alembic_answer::AlembicAnswer;
use crate::case::Case;
use crate::finding::Finding;
use cucurbit_graph::Node;

info!(
    "GRA018",
    "failing-upgrade",
    Error,
    "failing_upgrade.md",
    "The chain loads, but Alembic cannot upgrade an empty database along it."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let AlembicAnswer::Loads { upgrade_fault: Some(fault), .. } = case.alembic() else { return };
    let Some(id) = &fault.revision else {
        // Without a step to blame, a ring or a duplicate stands in the way, which other rules name.
        return;
    };
    let graph = case.graph();
    let Some(row) = graph.node(id).and_then(|node| case.row_of(node)) else { return };
    let view = case.alembic_map().and_then(|map| map.revision(id));
    let down = view.map(|view| view.normalized_down()).unwrap_or_default();
    let nodes: Vec<Node> = down.iter().filter_map(|id| graph.node(id)).collect();
    let needless = |node: Node| nodes.iter().any(|other| *other != node && graph.is_ancestor(node, *other));
    let parents = graph.parents_of_row(row);
    let (place, cause, help) = if let Some(at) = parents.iter().position(|parent| needless(*parent)) {
        let id = graph.id(parents[at]);
        let cause = format!("the parent `{id}` is already an ancestor of another parent");
        (case.parent_place(row, at), cause, format!("take `{id}` out of `down_revision`"))
    } else {
        let dependencies = graph.dependencies_of_row(row);
        let named = dependencies.iter().position(|dependency| needless(*dependency));
        let place = match named {
            Some(at) => case.dependency_place(row, at),
            None => {
                case.place(row, case.facts(row).depends_on.span().or(case.facts(row).down_revision.span()))
            }
        };
        let cause = "`depends_on` names a revision that the parents already stand on".to_owned();
        (place, cause, "remove the dependency that is already an ancestor".to_owned())
    };
    out.push(
        Finding::new(&INFO, place, format!("`alembic upgrade heads` on an empty database fails at `{id}`"))
            .label("no row of the version table stands for this")
            .revision(id)
            .why(format!(
                "the upgrade ends in `{}`: at this step Alembic looks for rows of {} in the version table, and they are not all there",
                fault.error.last_line(),
                list(&down)
            ))
            .cause(cause)
            .help(help),
    );
}
