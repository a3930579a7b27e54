//! A revision drops a table or a column and has no way back.

use super::text::count;
use crate::case::Case;
use crate::finding::Finding;
use crate::spoken;
use crate::history::History;
use crate::way_back::{NoWay, WayBack};
use cucurbit_schema::Change;
use cucurbit_schema::ObjectRef;

info!(
    "SCH009",
    "one-way-drop",
    Note,
    "one_way_drop.md",
    "A revision drops a table or a column and has no downgrade."
);

pub(super) fn check(_: &Case, history: &History, out: &mut Vec<Finding>) {
    for (revision, way) in history.chain.revisions.iter().zip(&history.chain.ways_back) {
        let WayBack::None(why, dropped) = way else { continue };
        let Some(first) = dropped.first() else { continue };
        let drops = |at: &usize| history.operation(*at).changes.iter().any(|(change, _)| is_drop(change, first));
        let Some(at) = revision.step.operations.clone().find(drops) else { continue };
        let id = &revision.id;
        let more = match dropped.len() {
            1 => String::new(),
            n => format!(" and {}", count(n - 1, "other thing", "other things")),
        };
        let (how, then) = match why {
            NoWay::Absent => ("there is no downgrade", "`alembic downgrade` past it fails"),
            NoWay::Nothing => (
                "its downgrade does nothing",
                "`alembic downgrade` past it succeeds and leaves a schema that older code cannot use",
            ),
            NoWay::Raises => ("its downgrade raises", "`alembic downgrade` stops here"),
        };
        out.push(
            Finding::new(
                &INFO,
                history.place(at),
                format!("`{id}` drops {}{more}, and {how}", spoken::object(first)),
            )
            .label("dropped here, with all that it holds")
            .revision(id)
            .why(format!("{then}; the rows are gone in any case"))
            .help("where a way back is wanted, create it again in `downgrade()`; where none is, keep a copy of the rows for a release"),
        );
    }
}

fn is_drop(change: &Change, object: &ObjectRef) -> bool {
    match (change, object) {
        (Change::DropTable { name, .. }, ObjectRef::Table(table)) => name == table,
        (Change::DropColumn { table, column, .. }, ObjectRef::Column(of, name)) => table == of && column == name,
        _ => false,
    }
}
