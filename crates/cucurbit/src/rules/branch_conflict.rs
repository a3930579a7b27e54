//! Two branches change the same object.

use super::text::count;
use crate::case::Case;
use crate::finding::Finding;
use crate::spoken;
use crate::history::{History, table_of};
use cucurbit_graph::{Node, RevisionGraph};
use cucurbit_schema::{Change, ObjectRef};
use std::collections::{BTreeMap, BTreeSet, HashMap};

info!("SCH007", "branch-conflict", Warning, "branch_conflict.md", "Two branches change the same object.");

/// So many pairs of revisions are compared, at most.
const MAX_PAIRS: usize = 200_000;

/// What a revision does to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// Something in the table changes.
    Inside,
    /// The object itself is made, changed, renamed or dropped.
    Whole,
}

/// An object, and the operations of the two revisions that touch it.
type Shared<'t> = (&'t ObjectRef, usize, usize);

/// For each object: the steps that touch it, the first operation of each, and how.
type Touches = BTreeMap<ObjectRef, Vec<(usize, usize, Way)>>;

pub(super) fn check(case: &Case, history: &History, out: &mut Vec<Finding>) {
    let graph = case.graph();
    if graph.branch_points().is_empty() {
        return;
    }
    let misfits: BTreeSet<(usize, &ObjectRef)> =
        history.misfits.iter().map(|misfit| (history.step(misfit.at), &misfit.mismatch.object)).collect();
    let mut order = Order::new(graph);
    let mut conflicts: BTreeMap<(usize, usize), Vec<Shared<'_>>> = BTreeMap::new();
    let touches = touches(history);
    for (object, touched) in &touches {
        for (position, &(step, at, way)) in touched.iter().enumerate() {
            for &(other, before, other_way) in &touched[..position] {
                let is_whole = way == Way::Whole || other_way == Way::Whole;
                let inner = matches!(object, ObjectRef::Table(_)) && way == other_way && way == Way::Inside;
                if !is_whole || inner || misfits.contains(&(step, object)) {
                    continue;
                }
                let nodes = |step: usize| graph.node(&history.chain.revisions[step].id);
                let (Some(a), Some(b)) = (nodes(other), nodes(step)) else { continue };
                if order.are_apart(a, b) {
                    conflicts.entry((other, step)).or_default().push((object, before, at));
                }
            }
        }
    }
    for ((first, second), objects) in conflicts {
        out.push(report(history, first, second, &objects));
    }
}

fn touches(history: &History) -> Touches {
    let mut touches = Touches::new();
    let mut push = |object: ObjectRef, step: usize, at: usize, way: Way| {
        let list = touches.entry(object).or_default();
        match list.last_mut() {
            Some(last) if last.0 == step => last.2 = last.2.max(way),
            _ => list.push((step, at, way)),
        }
    };
    for (at, change, applied) in history.changes() {
        let step = history.step(at);
        if applied.skipped || !history.is_sure(at) || matches!(change, Change::Rows { .. }) {
            continue;
        }
        let whole_table = matches!(
            change,
            Change::CreateTable { .. }
                | Change::CreateTableFrom { .. }
                | Change::DropTable { .. }
                | Change::RenameTable { .. }
                | Change::SetTableSchema { .. }
        );
        if let Change::RenameTable { from, .. } = change {
            push(ObjectRef::Table(from.clone()), step, at, Way::Whole);
        }
        for object in &applied.touched {
            if let Some(table) = table_of(object) {
                let is_table = matches!(object, ObjectRef::Table(_));
                let way = if whole_table && is_table { Way::Whole } else { Way::Inside };
                push(ObjectRef::Table(table.clone()), step, at, way);
            }
            // What stands in a new table goes with the table.
            if !matches!(object, ObjectRef::Table(_)) && !whole_table {
                push(object.clone(), step, at, Way::Whole);
            }
        }
    }
    touches
}

/// Which revisions stand on which, dependencies included, as far as it was asked.
struct Order<'g> {
    graph: &'g RevisionGraph,
    /// For each revision that was asked of: those that it stands on, by index.
    below: HashMap<Node, Vec<bool>>,
    left: usize,
    /// What it costs to find all that one revision stands on.
    search: usize,
}

impl<'g> Order<'g> {
    fn new(graph: &'g RevisionGraph) -> Self {
        Order { graph, below: HashMap::new(), left: MAX_PAIRS, search: graph.defined().count() / 8 }
    }

    fn are_apart(&mut self, a: Node, b: Node) -> bool {
        let cost = 1 + if self.below.contains_key(&b) { 0 } else { self.search };
        if a == b || self.left < cost {
            return false;
        }
        self.left -= cost;
        !self.stands_on(b, a) && !self.stands_on(a, b)
    }

    fn stands_on(&mut self, node: Node, below: Node) -> bool {
        let graph = self.graph;
        let found = self.below.entry(node).or_insert_with(|| {
            let mut found = vec![false; graph.defined().count() + graph.missing().count()];
            let mut left = vec![node];
            while let Some(at) = left.pop() {
                for row in graph.rows(at) {
                    for parent in graph.parents_of_row(*row).iter().chain(graph.dependencies_of_row(*row)) {
                        if !std::mem::replace(&mut found[parent.index()], true) {
                            left.push(*parent);
                        }
                    }
                }
            }
            found
        });
        found[below.index()]
    }
}

fn report(history: &History, first: usize, second: usize, objects: &[Shared<'_>]) -> Finding {
    let (a, b) = (&history.chain.revisions[first].id, &history.chain.revisions[second].id);
    let (object, before, at) = objects[0];
    let said = spoken::object(object);
    let more = match objects.len() {
        1 => String::new(),
        n => format!(" and {}", count(n - 1, "other object", "other objects")),
    };
    Finding::new(&INFO, history.place(at), format!("`{b}` and `{a}` stand on two branches and both change {said}{more}"))
        .label(format!("`{b}` changes {said}"))
        .also(history.place(before), format!("`{a}` changes it here"))
        .revision(b)
        .revision(a)
        .why("neither waits for the other, so what the database holds in the end may depend on the order in which they were run")
        .help(format!("put one of the branches on top of the other, or say the order: `depends_on = '{a}'` in `{b}`"))
}
