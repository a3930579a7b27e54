//! The revision graph of a folder, whatever its state.
//!
//! Any facts give a graph: a revision that no file defines is a node of its own, an id that two
//! files define is one node with two definitions, a parent that cannot be told is marked so.
//! What Alembic would make of the same rows is [`crate::RevisionMap`]'s to say.
//!
//! All answers are in load order of the files, missing revisions after the defined ones in the
//! order in which they are first named. Nothing here recurses over the chain.

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use std::collections::VecDeque;

/// A node of a [`RevisionGraph`]: one revision id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(u32);

impl Node {
    /// Returns its number: nodes are numbered from 0 in the order in which rows name them.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The index of a row, as given to [`RevisionGraph::new`].
pub type RowIndex = usize;

/// References to other revisions, as one file states them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum References {
    /// The ids in written order; empty for none. An empty string is a reference like any other.
    Known(Vec<String>),
    /// They cannot be told.
    Unknown,
}

impl Default for References {
    fn default() -> Self {
        References::Known(Vec::new())
    }
}

/// What one file states, for the graph.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GraphRow {
    /// The id; nothing when it cannot be told.
    pub id: Option<String>,
    /// The parents.
    pub parents: References,
    /// The dependencies, by id or branch label.
    pub dependencies: References,
    /// The branch labels that can be told.
    pub labels: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EdgeKind {
    Parent,
    Dependency,
}

#[derive(Debug)]
struct NodeData {
    id: String,
    rows: Vec<RowIndex>,
}

/// One reference of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// The file that makes it.
    pub row: RowIndex,
    /// Its place among the references of that field, from 0.
    pub position: usize,
    /// The revision it names.
    pub target: Node,
}

/// The graph of all rows.
#[derive(Debug)]
pub struct RevisionGraph {
    // Edges go from a revision to what it stands on.
    graph: DiGraph<NodeData, EdgeKind, u32>,
    node_by_id: HashMap<String, Node>,
    label_owner: HashMap<String, Node>,
    node_of_row: Vec<Option<Node>>,
    parents: Vec<Vec<Node>>,
    dependencies: Vec<Vec<Node>>,
    parents_unknown: Vec<bool>,
    defined: usize,
    /// How many parent steps the longest way down takes; nothing when there is a ring.
    heights: Option<Vec<u32>>,
}

impl RevisionGraph {
    /// Builds the graph in one pass over the rows, which are in load order.
    #[must_use]
    pub fn new(rows: &[GraphRow]) -> Self {
        let mut graph = RevisionGraph {
            graph: DiGraph::with_capacity(rows.len(), rows.len()),
            node_by_id: HashMap::with_capacity_and_hasher(rows.len(), Default::default()),
            label_owner: HashMap::default(),
            node_of_row: Vec::with_capacity(rows.len()),
            parents: vec![Vec::new(); rows.len()],
            dependencies: vec![Vec::new(); rows.len()],
            parents_unknown: rows.iter().map(|row| row.parents == References::Unknown).collect(),
            defined: 0,
            heights: None,
        };
        for (index, row) in rows.iter().enumerate() {
            graph.define(index, row);
        }
        graph.defined = graph.graph.node_count();
        for (index, row) in rows.iter().enumerate() {
            graph.connect(index, row);
        }
        graph.heights = graph.measure_heights();
        graph
    }

    fn measure_heights(&self) -> Option<Vec<u32>> {
        let order = petgraph::algo::toposort(&self.graph, None).ok()?;
        let mut heights = vec![0; self.graph.node_count()];
        for node in order.into_iter().rev() {
            let below = self
                .graph
                .edges_directed(node, Direction::Outgoing)
                .filter(|e| *e.weight() == EdgeKind::Parent);
            heights[node.index()] = below.map(|edge| heights[edge.target().index()] + 1).max().unwrap_or(0);
        }
        Some(heights)
    }

    fn define(&mut self, index: RowIndex, row: &GraphRow) {
        let node = row.id.as_ref().map(|id| self.node_for(id));
        self.node_of_row.push(node);
        if let Some(node) = node {
            self.graph[NodeIndex::from(node)].rows.push(index);
            for label in &row.labels {
                self.label_owner.entry(label.clone()).or_insert(node);
            }
        }
    }

    fn connect(&mut self, index: RowIndex, row: &GraphRow) {
        if let References::Known(ids) = &row.parents {
            for id in ids {
                let target = self.node_for(id);
                self.parents[index].push(target);
                self.add_edge(index, target, EdgeKind::Parent);
            }
        }
        if let References::Known(ids) = &row.dependencies {
            for id in ids {
                let target = self.label_owner.get(id).copied().filter(|_| !self.node_by_id.contains_key(id));
                let target = target.unwrap_or_else(|| self.node_for(id));
                self.dependencies[index].push(target);
                self.add_edge(index, target, EdgeKind::Dependency);
            }
        }
    }

    fn add_edge(&mut self, row: RowIndex, target: Node, kind: EdgeKind) {
        if let Some(node) = self.node_of_row[row] {
            self.graph.add_edge(node.into(), target.into(), kind);
        }
    }

    fn node_for(&mut self, id: &str) -> Node {
        if let Some(node) = self.node_by_id.get(id) {
            return *node;
        }
        let index = self.graph.add_node(NodeData { id: id.to_owned(), rows: Vec::new() });
        let node = Node(u32::try_from(index.index()).unwrap_or(u32::MAX));
        self.node_by_id.insert(id.to_owned(), node);
        node
    }

    /// Tells whether no revision stands on itself, through parents and dependencies alike.
    #[must_use]
    pub fn is_sorted(&self) -> bool {
        self.heights.is_some()
    }

    /// Returns how many nodes there are, missing revisions included.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.graph.node_count()
    }

    /// Returns the revisions that a file defines.
    pub fn defined(&self) -> impl Iterator<Item = Node> + '_ {
        (0..self.defined).map(Node::from)
    }

    /// Returns the revisions that are named and that no file defines.
    pub fn missing(&self) -> impl Iterator<Item = Node> + '_ {
        (self.defined..self.graph.node_count()).map(Node::from)
    }

    /// Returns the id of a node.
    #[must_use]
    pub fn id(&self, node: Node) -> &str {
        &self.graph[NodeIndex::from(node)].id
    }

    /// Returns the node of an id, exact match only.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<Node> {
        self.node_by_id.get(id).copied()
    }

    /// Tells whether no file defines the revision.
    #[must_use]
    pub fn is_missing(&self, node: Node) -> bool {
        node.0 as usize >= self.defined
    }

    /// Returns the files that define the revision: none when it is missing, several for a duplicate.
    #[must_use]
    pub fn rows(&self, node: Node) -> &[RowIndex] {
        &self.graph[NodeIndex::from(node)].rows
    }

    /// Returns the node that a file defines, if its id can be told.
    #[must_use]
    pub fn node_of_row(&self, row: RowIndex) -> Option<Node> {
        self.node_of_row.get(row).copied().flatten()
    }

    /// Returns the parents of a file as written, repeats included.
    #[must_use]
    pub fn parents_of_row(&self, row: RowIndex) -> &[Node] {
        &self.parents[row]
    }

    /// Returns the dependencies of a file as written, labels resolved.
    #[must_use]
    pub fn dependencies_of_row(&self, row: RowIndex) -> &[Node] {
        &self.dependencies[row]
    }

    /// Returns all parent references, files of unknown id included.
    pub fn parent_references(&self) -> impl Iterator<Item = Reference> + '_ {
        references(&self.parents)
    }

    /// Returns all dependency references, files of unknown id included.
    pub fn dependency_references(&self) -> impl Iterator<Item = Reference> + '_ {
        references(&self.dependencies)
    }

    /// Returns the parents of a revision over all its definitions, each once.
    #[must_use]
    pub fn parents(&self, node: Node) -> Vec<Node> {
        self.neighbours(node, Direction::Outgoing, EdgeKind::Parent)
    }

    /// Returns the revisions that name this one as parent, each once, in load order.
    #[must_use]
    pub fn children(&self, node: Node) -> Vec<Node> {
        self.neighbours(node, Direction::Incoming, EdgeKind::Parent)
    }

    /// Returns the revisions that name this one in `depends_on`, each once, in load order.
    #[must_use]
    pub fn dependents(&self, node: Node) -> Vec<Node> {
        self.neighbours(node, Direction::Incoming, EdgeKind::Dependency)
    }

    /// Returns the parent of a revision that has one, named once or more often.
    #[must_use]
    pub fn only_parent(&self, node: Node) -> Option<Node> {
        self.only_neighbour(node, Direction::Outgoing)
    }

    /// Returns the child of a revision that has one.
    #[must_use]
    pub fn only_child(&self, node: Node) -> Option<Node> {
        self.only_neighbour(node, Direction::Incoming)
    }

    fn only_neighbour(&self, node: Node, direction: Direction) -> Option<Node> {
        let edges = self.graph.edges_directed(node.into(), direction);
        let mut ends = edges
            .filter(|edge| *edge.weight() == EdgeKind::Parent)
            .map(|edge| if direction == Direction::Outgoing { edge.target() } else { edge.source() });
        let first = ends.next()?;
        ends.all(|end| end == first).then(|| Node::from(first.index()))
    }

    fn neighbours(&self, node: Node, direction: Direction, kind: EdgeKind) -> Vec<Node> {
        // petgraph gives the edges latest first.
        let mut found: Vec<Node> = self
            .graph
            .edges_directed(node.into(), direction)
            .filter(|edge| *edge.weight() == kind)
            .map(|edge| if direction == Direction::Outgoing { edge.target() } else { edge.source() })
            .map(|index| Node::from(index.index()))
            .collect();
        found.reverse();
        if found.len() > 1 {
            let mut seen = HashSet::with_capacity_and_hasher(found.len(), Default::default());
            found.retain(|node| seen.insert(*node));
        }
        found
    }

    /// Tells whether a file of this revision has parents that cannot be told.
    #[must_use]
    pub fn has_unknown_parents(&self, node: Node) -> bool {
        self.rows(node).iter().any(|row| self.parents_unknown[*row])
    }

    /// Returns the defined revisions that no other revision stands on.
    #[must_use]
    pub fn heads(&self) -> Vec<Node> {
        self.defined().filter(|node| !self.has_edge(*node, Direction::Incoming)).collect()
    }

    /// Returns the defined revisions that are known to have no parent.
    #[must_use]
    pub fn bases(&self) -> Vec<Node> {
        let has_none =
            |node: &Node| !self.has_edge(*node, Direction::Outgoing) && !self.has_unknown_parents(*node);
        self.defined().filter(has_none).collect()
    }

    fn has_edge(&self, node: Node, direction: Direction) -> bool {
        self.graph.edges_directed(node.into(), direction).any(|edge| *edge.weight() == EdgeKind::Parent)
    }

    /// Returns the revisions with more than one child.
    #[must_use]
    pub fn branch_points(&self) -> Vec<Node> {
        self.defined().chain(self.missing()).filter(|node| self.children(*node).len() > 1).collect()
    }

    /// Returns the defined revisions with more than one parent, repeats counted as Alembic does.
    #[must_use]
    pub fn merge_points(&self) -> Vec<Node> {
        let merges = |node: &Node| self.rows(*node).iter().any(|row| self.parents[*row].len() > 1);
        self.defined().filter(merges).collect()
    }

    /// Returns everything that stands on `node` through parent edges, itself excluded unless it
    /// stands in a cycle, in order of distance.
    #[must_use]
    pub fn descendants(&self, node: Node) -> Vec<Node> {
        self.walk(node, |at| self.children(at))
    }

    /// Returns everything that `node` stands on through parent edges, missing ones included, in
    /// order of distance.
    #[must_use]
    pub fn ancestors(&self, node: Node) -> Vec<Node> {
        self.walk(node, |at| self.parents(at))
    }

    fn walk(&self, start: Node, next: impl Fn(Node) -> Vec<Node>) -> Vec<Node> {
        let mut seen = HashSet::default();
        let mut queue: VecDeque<Node> = next(start).into();
        let mut found = Vec::new();
        while let Some(node) = queue.pop_front() {
            if seen.insert(node) {
                found.push(node);
                queue.extend(next(node));
            }
        }
        found
    }

    /// Tells whether `ancestor` can be reached from `node` through parent edges. Costs no more than
    /// the part of the graph between the two heights, unless there is a ring.
    #[must_use]
    pub fn is_ancestor(&self, ancestor: Node, node: Node) -> bool {
        let height = |node: Node| self.heights.as_ref().map(|heights| heights[node.0 as usize]);
        let is_above = |node: Node| height(node) > height(ancestor) || self.heights.is_none();
        let mut seen = HashSet::default();
        let mut stack = self.parents(node);
        while let Some(at) = stack.pop() {
            if at == ancestor {
                return true;
            }
            if is_above(at) && seen.insert(at) {
                stack.extend(self.parents(at));
            }
        }
        false
    }

    /// Returns the connected parts of the graph, parents and dependencies alike: for each node the
    /// number of its part, counted from 0 in load order of the parts' first nodes.
    #[must_use]
    pub fn parts(&self) -> Vec<usize> {
        self.connected(|_| true)
    }

    /// Returns the parts that parent edges alone hold together, numbered in the same way.
    #[must_use]
    pub fn lineages(&self) -> Vec<usize> {
        self.connected(|kind| kind == EdgeKind::Parent)
    }

    fn connected(&self, counts: impl Fn(EdgeKind) -> bool) -> Vec<usize> {
        let mut part = vec![usize::MAX; self.graph.node_count()];
        let mut count = 0;
        for start in 0..part.len() {
            if part[start] != usize::MAX {
                continue;
            }
            let mut stack = vec![NodeIndex::new(start)];
            while let Some(at) = stack.pop() {
                if part[at.index()] == usize::MAX {
                    part[at.index()] = count;
                    let mut add = |direction| {
                        let edges =
                            self.graph.edges_directed(at, direction).filter(|edge| counts(*edge.weight()));
                        stack.extend(
                            edges.map(|edge| if edge.source() == at { edge.target() } else { edge.source() }),
                        );
                    };
                    add(Direction::Outgoing);
                    add(Direction::Incoming);
                }
            }
            count += 1;
        }
        part
    }

    /// Returns the part number of a node in the answer of [`RevisionGraph::parts`] or [`RevisionGraph::lineages`].
    #[must_use]
    pub fn part_of(&self, node: Node, parts: &[usize]) -> usize {
        parts.get(node.0 as usize).copied().unwrap_or(usize::MAX)
    }

    /// Returns the rings that parent edges alone make, each as a shortest path from child to
    /// parent that begins with the member loaded first. Loops of one revision are not included.
    #[must_use]
    pub fn cycles(&self) -> Vec<Vec<Node>> {
        self.rings(false)
    }

    /// Returns the rings for which a dependency is needed, in the same form.
    #[must_use]
    pub fn dependency_cycles(&self) -> Vec<Vec<Node>> {
        let parents_only: Vec<HashSet<Node>> =
            self.cycles().into_iter().map(|ring| ring.into_iter().collect()).collect();
        let mut rings = self.rings(true);
        rings.retain(|ring| !parents_only.iter().any(|set| ring.iter().all(|node| set.contains(node))));
        rings
    }

    fn rings(&self, with_dependencies: bool) -> Vec<Vec<Node>> {
        // The graph could be sorted, so it has none.
        if self.heights.is_some() {
            return Vec::new();
        }
        let counts = |kind: EdgeKind| with_dependencies || kind == EdgeKind::Parent;
        let mut plain: DiGraph<(), (), u32> =
            DiGraph::with_capacity(self.graph.node_count(), self.graph.edge_count());
        for _ in 0..self.graph.node_count() {
            plain.add_node(());
        }
        for edge in self.graph.edge_references().filter(|edge| counts(*edge.weight())) {
            plain.add_edge(edge.source(), edge.target(), ());
        }
        let mut rings = Vec::new();
        for mut members in petgraph::algo::kosaraju_scc(&plain) {
            if members.len() > 1 {
                members.sort();
                rings.extend(self.shortest_ring(&members, with_dependencies));
            }
        }
        rings.sort();
        rings
    }

    /// Breadth first from the member loaded first, inside the component, back to itself.
    fn shortest_ring(&self, members: &[NodeIndex<u32>], with_dependencies: bool) -> Option<Vec<Node>> {
        let inside: HashSet<usize> = members.iter().map(|m| m.index()).collect();
        let start = Node::from(members.first()?.index());
        let next = |node: Node| {
            let mut next = self.parents(node);
            if with_dependencies {
                next.extend(self.neighbours(node, Direction::Outgoing, EdgeKind::Dependency));
            }
            next.retain(|n| inside.contains(&(n.0 as usize)) && *n != node);
            next
        };
        let mut before: HashMap<Node, Node> = HashMap::default();
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            for target in next(at) {
                if target == start {
                    return Some(path_to(at, start, &before));
                }
                if target != start && !before.contains_key(&target) {
                    before.insert(target, at);
                    queue.push_back(target);
                }
            }
        }
        None
    }

    /// Returns the node that declares a branch label; the first one when several do.
    #[must_use]
    pub fn label_owner(&self, label: &str) -> Option<Node> {
        self.label_owner.get(label).copied()
    }
}

fn path_to(end: Node, start: Node, before: &HashMap<Node, Node>) -> Vec<Node> {
    let mut path = vec![end];
    let mut at = end;
    while at != start {
        let Some(previous) = before.get(&at) else { break };
        at = *previous;
        path.push(at);
    }
    path.reverse();
    path
}

fn references(fields: &[Vec<Node>]) -> impl Iterator<Item = Reference> + '_ {
    fields.iter().enumerate().flat_map(|(row, targets)| {
        targets.iter().enumerate().map(move |(position, target)| Reference { row, position, target: *target })
    })
}

impl From<usize> for Node {
    fn from(index: usize) -> Self {
        Node(u32::try_from(index).unwrap_or(u32::MAX))
    }
}

impl From<Node> for NodeIndex<u32> {
    fn from(node: Node) -> Self {
        NodeIndex::new(node.0 as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a; b < a; c < a + b` : id, parents behind `<`, dependencies behind `+`; `?` cannot be told.
    fn graph(text: &str) -> RevisionGraph {
        let words = |part: &str| part.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let rows: Vec<GraphRow> = text
            .split(';')
            .map(|row| {
                let (row, dependencies) = row.split_once('+').unwrap_or((row, ""));
                let (id, parents) = row.split_once('<').unwrap_or((row, ""));
                let parents = if parents.trim() == "?" {
                    References::Unknown
                } else {
                    References::Known(words(parents))
                };
                let id = Some(id.trim().to_owned()).filter(|id| id != "?");
                GraphRow {
                    id,
                    parents,
                    dependencies: References::Known(words(dependencies)),
                    labels: Vec::new(),
                }
            })
            .collect();
        RevisionGraph::new(&rows)
    }

    fn ids(graph: &RevisionGraph, nodes: impl IntoIterator<Item = Node>) -> String {
        nodes.into_iter().map(|node| graph.id(node).to_owned()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn heads_bases_and_missing_revisions() {
        let graph = graph("a; b < a; c < a; d < x; e < ?");
        assert_eq!(ids(&graph, graph.heads()), "b c d e");
        assert_eq!(ids(&graph, graph.bases()), "a");
        assert_eq!(ids(&graph, graph.missing()), "x");
        assert_eq!(ids(&graph, graph.branch_points()), "a");
        assert_eq!(graph.parts(), [0, 0, 0, 1, 2, 1]);
        assert_eq!(graph.lineages(), graph.parts());
    }

    #[test]
    fn dependencies_hold_parts_together_but_not_lineages() {
        let graph = graph("a; b + a; c < b");
        assert_eq!(graph.parts(), [0, 0, 0]);
        assert_eq!(graph.lineages(), [0, 1, 1]);
    }

    #[test]
    fn a_duplicate_is_one_node_with_two_files() {
        let graph = graph("a; b < a; b < x; c < b");
        let b = graph.node("b").expect("defined");
        assert_eq!(graph.rows(b), [1, 2]);
        assert_eq!(ids(&graph, graph.parents(b)), "a x");
        assert_eq!(ids(&graph, graph.heads()), "c");
    }

    #[test]
    fn rings_are_paths_from_child_to_parent() {
        let parents = graph("a; b < d; c < b; d < c; e < e");
        assert_eq!(parents.cycles().iter().map(|r| ids(&parents, r.clone())).collect::<Vec<_>>(), ["b d c"]);
        assert!(parents.dependency_cycles().is_empty());
        let mixed = graph("a; b < a + d; c < b; d < c");
        assert!(mixed.cycles().is_empty());
        assert_eq!(
            mixed.dependency_cycles().iter().map(|r| ids(&mixed, r.clone())).collect::<Vec<_>>(),
            ["b d c"]
        );
    }

    #[test]
    fn ancestry_goes_through_parents_only() {
        let graph = graph("a; b < a; c < b; d + c");
        let node = |id: &str| graph.node(id).expect("defined");
        assert!(graph.is_ancestor(node("a"), node("c")));
        assert!(!graph.is_ancestor(node("c"), node("d")));
        assert_eq!(ids(&graph, graph.descendants(node("a"))), "b c");
        assert_eq!(ids(&graph, graph.ancestors(node("c"))), "b a");
        assert_eq!(ids(&graph, graph.dependents(node("c"))), "d");
    }

    /// Test threads have 2 MiB of stack.
    #[test]
    fn a_long_chain_needs_no_stack() {
        let row = |i: usize| GraphRow {
            id: Some(i.to_string()),
            parents: References::Known(i.checked_sub(1).map(|p| p.to_string()).into_iter().collect()),
            ..GraphRow::default()
        };
        let rows: Vec<GraphRow> = (0..100_000).map(row).collect();
        let graph = RevisionGraph::new(&rows);
        assert_eq!(graph.heads().len(), 1);
        assert!(graph.cycles().is_empty());
        assert_eq!(graph.descendants(graph.node("0").expect("defined")).len(), 99_999);
    }
}
