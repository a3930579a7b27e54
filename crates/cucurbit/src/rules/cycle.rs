//! Parents lead back to where they started.

use crate::case::Case;
use crate::finding::{Finding, Place, Tie};
use cucurbit_graph::Node;

info!("GRA006", "cycle", Error, "cycle.md", "Parents lead back to where they started.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for ring in case.graph().cycles() {
        out.push(report(case, &INFO, &ring, Ring::Parents));
    }
}

/// Of what a ring is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ring {
    Parents,
    Dependencies,
}

/// Builds the finding for a ring; each member's place is where it names the next one.
pub(super) fn report(case: &Case, rule: &'static crate::RuleInfo, ring: &[Node], kind: Ring) -> Finding {
    let graph = case.graph();
    let ids = super::text::ids(case, ring);
    let mut path = ids.clone();
    path.extend(ids.first().cloned());
    let first = ids.first().cloned().unwrap_or_default();
    let (field, fields, cause) = match kind {
        Ring::Parents => {
            ("parent", "parents", "a parent was re-written to a later revision, or an id was used again")
        }
        Ring::Dependencies => (
            "parent or dependency",
            "references",
            "two branches depend on each other, or a dependency was written on a later revision of the same branch",
        ),
    };
    let mut finding = Finding::new(
        rule,
        link_place(case, ring, 0),
        format!("{} stand in a ring: {}", super::text::list(&ids), path.join(" -> ")),
    )
    .label(format!("`{first}` names its {field} here"))
    .revisions(&ids)
    .why(why(case, &ids))
    .cause(cause)
    .help(format!("one of these {fields} is wrong: the dates in the files tell which revision came first"))
    .explains(Tie::Ring(first));
    for (index, id) in ids.iter().enumerate().skip(1) {
        finding = finding.also(link_place(case, ring, index), format!("`{id}` names the next one here"));
    }
    for node in ring {
        if graph.rows(*node).len() > 1 {
            finding = finding.follows_from(Tie::Duplicate(graph.id(*node).to_owned()));
        }
    }
    finding
}

fn why(case: &Case, ids: &[String]) -> String {
    match case.alembic().error() {
        Some(error) if error.class.ends_with("CycleDetected") && ids.iter().any(|id| super::text::mentions(&error.message, id)) => {
            format!("Alembic stops: `{}`, which names the set and not the order", error.message)
        }
        None if case.alembic_map().is_some() => {
            "Alembic's own test does not see this ring; `history`, `branches` and `upgrade` then go round for ever or run in an order that breaks it".to_owned()
        }
        _ => "Alembic cannot order these revisions: it stops with `Cycle is detected`, or never ends".to_owned(),
    }
}

fn link_place(case: &Case, ring: &[Node], index: usize) -> Place {
    let graph = case.graph();
    let (from, to) = (ring[index], ring[(index + 1) % ring.len()]);
    let rows = graph.rows(from);
    let by_parent = rows.iter().find_map(|row| {
        graph.parents_of_row(*row).iter().position(|n| *n == to).map(|at| case.parent_place(*row, at))
    });
    let by_dependency = || {
        rows.iter().find_map(|row| {
            graph
                .dependencies_of_row(*row)
                .iter()
                .position(|n| *n == to)
                .map(|at| case.dependency_place(*row, at))
        })
    };
    by_parent.or_else(by_dependency).unwrap_or_else(|| case.folder_place())
}
