//! Draws the chain as text: newest first, one lane for each line of descent.
//!
//! Long straight stretches are told by their number. Lost revisions have a sign of their own.

use crate::case::Case;
use crate::finding::Finding;
use cucurbit_graph::Node;
use rustc_hash::FxHashSet as HashSet;

/// A picture has at most so many rows.
const MAX_ROWS: usize = 60;
/// A picture is at most so many lanes wide.
const MAX_LANES: usize = 12;
/// Straight stretches of at most so many revisions are drawn one by one.
const SHORT_RUN: usize = 2;

/// One line of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) lanes: String,
    pub(super) label: String,
    pub(super) kind: LineKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineKind {
    Revision,
    Faulty,
    Lost,
    Run,
    Link,
}

/// Something that takes a row: a revision, or a run of revisions drawn as one.
#[derive(Debug, Clone)]
struct Item {
    node: Node,
    hidden: usize,
    below: Vec<Node>,
}

pub(super) fn draw(case: &Case, findings: &[Finding]) -> Vec<Line> {
    let items = items(case, findings);
    let mut lines = Vec::new();
    let mut lanes: Vec<Option<Node>> = Vec::new();
    let faulty: HashSet<&str> =
        findings.iter().flat_map(|f| f.revisions.iter().map(String::as_str)).collect();
    for (index, item) in items.iter().enumerate() {
        if lines.len() >= MAX_ROWS || lanes.len() > MAX_LANES {
            let rest: usize = items[index..].iter().map(|item| item.hidden.max(1)).sum();
            lines
                .push(Line { lanes: ":".into(), label: format!("… and {rest} more"), kind: LineKind::Run });
            break;
        }
        row(case, item, &mut lanes, &mut lines, &faulty);
    }
    lines
}

fn row(
    case: &Case,
    item: &Item,
    lanes: &mut Vec<Option<Node>>,
    lines: &mut Vec<Line>,
    faulty: &HashSet<&str>,
) {
    let waiting: Vec<usize> = (0..lanes.len()).filter(|lane| lanes[*lane] == Some(item.node)).collect();
    let lane =
        waiting.first().copied().or_else(|| lanes.iter().position(Option::is_none)).unwrap_or(lanes.len());
    if lane == lanes.len() {
        lanes.push(None);
    }
    if waiting.len() > 1 {
        lines.push(link(lanes, lane, &waiting[1..], '/'));
        for other in &waiting[1..] {
            lanes[*other] = None;
        }
    }
    lanes[lane] = Some(item.node);
    trim(lanes);
    let (sign, kind) = sign(case, item, faulty);
    lines.push(Line { lanes: bars(lanes, Some((lane, sign))), label: label(case, item), kind });
    lanes[lane] = item.below.first().copied();
    let mut opened = Vec::new();
    for parent in item.below.iter().skip(1) {
        if lanes.contains(&Some(*parent)) {
            continue;
        }
        let free = (lane + 1..lanes.len()).find(|lane| lanes[*lane].is_none()).unwrap_or(lanes.len());
        if free == lanes.len() {
            lanes.push(None);
        }
        lanes[free] = Some(*parent);
        opened.push(free);
    }
    if !opened.is_empty() {
        lines.push(link(lanes, lane, &opened, '\\'));
    }
    trim(lanes);
}

fn trim(lanes: &mut Vec<Option<Node>>) {
    while lanes.last() == Some(&None) {
        lanes.pop();
    }
}

fn bars(lanes: &[Option<Node>], sign: Option<(usize, char)>) -> String {
    let mut text = String::new();
    for (lane, node) in lanes.iter().enumerate() {
        let bar = match sign {
            Some((at, sign)) if at == lane => sign,
            _ if node.is_some() => '|',
            _ => ' ',
        };
        text.push(bar);
        text.push(' ');
    }
    text.trim_end().to_owned()
}

/// Draws what joins the lane at `lane` with others to its right: `|_|/` where they end in it, `|\`
/// where they begin at it.
fn link(lanes: &[Option<Node>], lane: usize, others: &[usize], sign: char) -> Line {
    let mut cells: Vec<char> = bars(lanes, None).chars().collect();
    cells.resize(lanes.len() * 2, ' ');
    for &other in others {
        cells[other * 2] = ' ';
        cells[other * 2 - 1] = sign;
        for cell in &mut cells[lane * 2 + 1..other * 2 - 1] {
            if *cell == ' ' {
                *cell = '_';
            }
        }
    }
    let lanes = cells.into_iter().collect::<String>().trim_end().to_owned();
    Line { lanes, label: String::new(), kind: LineKind::Link }
}

fn sign(case: &Case, item: &Item, faulty: &HashSet<&str>) -> (char, LineKind) {
    if item.hidden > 0 {
        return (':', LineKind::Run);
    }
    if case.graph().is_missing(item.node) {
        return ('x', LineKind::Lost);
    }
    match faulty.contains(case.graph().id(item.node)) {
        true => ('o', LineKind::Faulty),
        false => ('o', LineKind::Revision),
    }
}

fn label(case: &Case, item: &Item) -> String {
    let graph = case.graph();
    if item.hidden > 0 {
        return format!("({} revisions)", item.hidden);
    }
    let id = graph.id(item.node);
    if graph.is_missing(item.node) {
        return format!("{}  lost: no file defines it", if id.is_empty() { "''" } else { id });
    }
    let mut marks = Vec::new();
    if graph.children(item.node).is_empty() {
        marks.push("head".to_owned());
    }
    if graph.has_unknown_parents(item.node) {
        marks.push("parent cannot be told".to_owned());
    } else if graph.parents(item.node).is_empty() {
        marks.push("base".to_owned());
    }
    if graph.rows(item.node).len() > 1 {
        marks.push(format!("{} files", graph.rows(item.node).len()));
    }
    if item.below.is_empty() && !graph.parents(item.node).is_empty() {
        let ids = ids_text(case, &graph.parents(item.node));
        marks.push(format!("back to {ids}"));
    }
    let needs: Vec<Node> =
        graph.rows(item.node).iter().flat_map(|row| graph.dependencies_of_row(*row)).copied().collect();
    if !needs.is_empty() {
        marks.push(format!("needs {}", ids_text(case, &needs)));
    }
    let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join(", ")) };
    let message = case
        .row_of(item.node)
        .and_then(|row| case.facts(row).docstring.as_ref())
        .map(|doc| first_line(doc.message()));
    format!("{id}{marks}  {}", message.unwrap_or_default()).trim_end().to_owned()
}

fn ids_text(case: &Case, nodes: &[Node]) -> String {
    nodes.iter().map(|node| case.graph().id(*node)).collect::<Vec<_>>().join(", ")
}

fn first_line(text: &str) -> String {
    const WIDTH: usize = 60;
    let line = text.lines().next().unwrap_or_default().trim();
    if line.chars().count() <= WIDTH {
        return line.to_owned();
    }
    line.chars().take(WIDTH - 1).chain(['…']).collect()
}

/// Returns the rows in the order of the picture: children before parents, staying on a line as
/// long as it goes; what stands in a ring is broken open at its first member.
fn items(case: &Case, findings: &[Finding]) -> Vec<Item> {
    let order = order(case);
    let mut place = vec![None; case.graph().node_count()];
    for (at, node) in order.iter().enumerate() {
        place[node.index()] = Some(at);
    }
    // An edge that leads up the page belongs to a ring and is told in words.
    let leads_down = |node: Node, parent: &Node| place[parent.index()] > place[node.index()];
    let below = |node: Node| -> Vec<Node> {
        let mut parents = case.graph().parents(node);
        parents.retain(|parent| leads_down(node, parent));
        parents
    };
    let only_below = |node: Node| match case.graph().only_parent(node) {
        Some(parent) => Some(parent).filter(|parent| leads_down(node, parent)),
        None => match below(node).as_slice() {
            [parent] => Some(*parent),
            _ => None,
        },
    };
    let named: HashSet<&str> = findings
        .iter()
        .filter(|f| f.severity != crate::Severity::Note)
        .flat_map(|f| f.revisions.iter().map(String::as_str))
        .collect();
    let plain = |node: Node| {
        case.graph().only_child(node).is_some()
            && only_below(node).is_some_and(|parent| case.graph().only_child(parent).is_some())
            && !case.graph().is_missing(node)
            && !named.contains(case.graph().id(node))
            && case.graph().rows(node).iter().all(|row| case.graph().dependencies_of_row(*row).is_empty())
    };
    let mut items: Vec<Item> = Vec::new();
    let mut at = 0;
    while at < order.len() {
        let start = at;
        while at < order.len()
            && plain(order[at])
            && (at == start || only_below(order[at - 1]) == Some(order[at]))
        {
            at += 1;
        }
        let length = at - start;
        if length > SHORT_RUN {
            items.push(Item { node: order[start], hidden: length, below: below(order[at - 1]) });
            continue;
        }
        let end = at.max(start + 1);
        items.extend(order[start..end].iter().map(|node| Item {
            node: *node,
            hidden: 0,
            below: below(*node),
        }));
        at = end;
    }
    items
}

fn order(case: &Case) -> Vec<Node> {
    let graph = case.graph();
    let all: Vec<Node> =
        graph.defined().chain(graph.missing().filter(|n| !graph.children(*n).is_empty())).collect();
    let mut waiting: Vec<Option<usize>> = vec![None; graph.node_count()];
    for node in &all {
        let children = graph.only_child(*node).map_or_else(|| graph.children(*node).len(), |_| 1);
        waiting[node.index()] = Some(children);
    }
    let mut stack: Vec<Node> =
        all.iter().rev().copied().filter(|node| waiting[node.index()] == Some(0)).collect();
    let mut done = vec![false; graph.node_count()];
    let mut order = Vec::with_capacity(all.len());
    let mut rest = all.iter();
    loop {
        while let Some(node) = stack.pop() {
            if std::mem::replace(&mut done[node.index()], true) {
                continue;
            }
            order.push(node);
            let mut pass = |parent: Node| {
                let left = waiting[parent.index()].get_or_insert(1);
                *left = left.saturating_sub(1);
                if *left == 0 {
                    stack.push(parent);
                }
            };
            match graph.only_parent(node) {
                Some(parent) => pass(parent),
                None => graph.parents(node).into_iter().rev().for_each(pass),
            }
        }
        match rest.find(|node| !done[node.index()]) {
            Some(node) => stack.push(*node),
            None => return order,
        }
    }
}
