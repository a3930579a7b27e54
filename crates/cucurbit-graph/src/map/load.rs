//! Builds a map from rows, in the order of steps in which Alembic finds faults.
//!
//! The first fault ends the load. What a single row can tell is in `draft`, labels and cycles have
//! modules of their own.

use std::collections::{BTreeMap, BTreeSet};

use super::cycles::Ends;
use super::draft::Draft;
use super::fault::{Answered, Fault, MapError};
use super::walk::NodeSet;
use super::{Answer, Key, KeyIndex, Loaded, Node, NodeIndex, RevisionMap, index, python};
use crate::row::{RevisionRow, Value};

impl RevisionMap {
    /// Loads rows, given in load order, as Alembic would.
    ///
    /// Warnings are given in both cases. The cost grows with the number of edges, with the revisions
    /// that each label reaches, and, for each revision that shares a dependency with another, with
    /// its ancestors up to one that declares the same. Labels that are no texts are known by what
    /// Python prints for them.
    pub fn load(rows: &[RevisionRow]) -> Loaded {
        Self::load_owned(rows.to_vec())
    }

    /// Loads rows that nobody else needs; see [`Self::load`].
    pub fn load_owned(rows: Vec<RevisionRow>) -> Loaded {
        let mut warnings = Vec::new();
        let outcome = Loader::default().run(rows, &mut warnings);
        Answer { outcome, warnings }
    }

    /// Gives a row its node and its key; a known id keeps its place among the keys.
    pub(super) fn place(&mut self, draft: &Draft, doc: String, path: String) -> NodeIndex {
        let node = index(self.nodes.len());
        let known = self.key_by_name.get(&draft.id).copied();
        let key = known.unwrap_or_else(|| self.new_key(&draft.id, node, false));
        let overtaken = std::mem::replace(&mut self.keys[key as usize].node, node);
        if let Some(overtaken) = self.nodes.get_mut(overtaken as usize) {
            overtaken.is_repeated = true;
        }
        self.nodes.push(Node {
            id: draft.id.clone(),
            key,
            row: self.nodes.len(),
            is_repeated: known.is_some(),
            has_parents: python::is_true(&draft.down),
            is_parent_listed: matches!(&draft.down, Value::List(items) if items.len() == 1),
            doc: match python::strip(&doc) {
                stripped if stripped.len() < doc.len() => stripped.to_owned(),
                _ => doc,
            },
            path,
            is_base: draft.is_base(),
            has_dependencies: draft.dependencies != Value::None,
            depends_on: draft.dependency_names().iter().map(python::text).collect(),
            ..Node::default()
        });
        node
    }

    pub(super) fn new_key(&mut self, name: &str, node: NodeIndex, is_label: bool) -> KeyIndex {
        let key = index(self.keys.len());
        self.keys.push(Key { name: name.to_owned(), node, is_label });
        self.key_by_name.insert(name.to_owned(), key);
        key
    }

    /// Finds what `depends_on` names: exact ids and labels, nothing else.
    pub(super) fn resolve_dependencies(&mut self, node: NodeIndex, draft: &Draft) -> Answered<()> {
        let mut resolved = Vec::new();
        for name in draft.dependency_names() {
            let owner = self.end(self.lookup(name)?);
            resolved.push(self.node(owner).key);
        }
        self.nodes[node as usize].resolved = resolved;
        Ok(())
    }

    fn lookup(&self, name: &Value) -> Answered<KeyIndex> {
        let found = match name {
            Value::Str(text) => self.key_by_name.get(text).copied(),
            Value::List(_) => return Err(Fault::type_error("unhashable type: 'list'")),
            _ => None,
        };
        found.ok_or_else(|| Fault::missing_key(python::repr(name)))
    }

    /// Sets the edges down from a node and tells the other ends about it.
    pub(super) fn link(
        &mut self,
        node: NodeIndex,
        draft: &Draft,
        warnings: &mut Vec<String>,
    ) -> Answered<()> {
        let parents = draft.parents();
        if parents.iter().any(|parent| matches!(parent, Value::List(_))) {
            return Err(Fault::type_error("unhashable type: 'list'"));
        }
        let mut down = Vec::with_capacity(parents.len());
        for parent in parents {
            match self.lookup(parent) {
                Ok(key) => down.push(key),
                Err(fault) => {
                    self.set_down(node, down);
                    self.announce(node);
                    warnings.push(self.not_present(parent, node, draft)?);
                    return Err(fault);
                }
            }
        }
        self.set_down(node, down);
        self.announce(node);
        Ok(())
    }

    /// Sets the edges down from a node that nobody else gets to see.
    fn link_silently(&mut self, node: NodeIndex, draft: &Draft) -> Answered<()> {
        let down = draft.parents().iter().map(|parent| self.lookup(parent)).collect::<Answered<_>>()?;
        self.set_down(node, down);
        Ok(())
    }

    fn set_down(&mut self, node: NodeIndex, down: Vec<KeyIndex>) {
        let this = &mut self.nodes[node as usize];
        this.all_down = unique(down.iter().chain(&this.resolved).copied());
        this.down = down;
    }

    /// Makes a node known to its parents and dependencies.
    fn announce(&mut self, node: NodeIndex) {
        let (own_key, is_repeated) = (self.node(node).key, self.node(node).is_repeated);
        // Mostly there is one.
        let parents = self.node(node).down.clone();
        for key in self.node(node).all_down.clone() {
            let target = self.end(key);
            let target = &mut self.nodes[target as usize];
            // A revision of the same id may have announced itself already.
            let is_new = |known: &[KeyIndex]| !is_repeated || !known.contains(&own_key);
            if is_new(&target.all_next) {
                target.all_next.push(own_key);
            }
            if parents.contains(&target.key) && is_new(&target.next) {
                target.next.push(own_key);
            }
        }
    }

    fn not_present(&self, parent: &Value, node: NodeIndex, draft: &Draft) -> Answered<String> {
        let (parent, text) = (python::text(parent), self.full_text(node, draft)?);
        Ok(format!("UserWarning: Revision {parent} referenced from {text} is not present"))
    }

    /// The listing form of a revision at this stage of the load.
    fn full_text(&self, node: NodeIndex, draft: &Draft) -> Answered<String> {
        let node = self.node(node);
        let mark = |is_set: bool, text: &'static str| if is_set { text } else { "" };
        Ok(format!(
            "{} -> {}{}{}{}, {}",
            draft.parents_text()?,
            node.id,
            mark(node.is_head(), " (head)"),
            mark(node.is_branch_point(), " (branchpoint)"),
            mark(draft.parents().len() > 1, " (mergepoint)"),
            node.first_paragraph()
        ))
    }
}

pub(super) fn unique(keys: impl Iterator<Item = KeyIndex>) -> Vec<KeyIndex> {
    let mut found: Vec<KeyIndex> = keys.collect();
    if found.len() > 1 {
        let mut seen = BTreeSet::new();
        found.retain(|key| seen.insert(*key));
    }
    found
}

/// The state of a load that the finished map does not need.
#[derive(Default)]
struct Loader {
    map: RevisionMap,
    drafts: Vec<Draft>,
    is_head: Vec<bool>,
    is_real_head: Vec<bool>,
    /// Overtaken rows whose parents are missing: the fault that comes up when one is walked over.
    dangling: BTreeMap<NodeIndex, Fault>,
}

impl Loader {
    fn run(mut self, rows: Vec<RevisionRow>, warnings: &mut Vec<String>) -> Result<RevisionMap, MapError> {
        self.read(rows, warnings)?;
        self.each_node(Self::declare_labels)?;
        self.each_node(|loader, node| loader.map.resolve_dependencies(node, &loader.drafts[node as usize]))?;
        self.link_all(warnings)?;
        self.normalize_all()?;
        let ends = self.ends();
        self.map.check_cycles(&ends, &self.dangling)?;
        self.map.set_ends(&ends);
        self.each_node(|loader, node| loader.map.propagate_labels(node))?;
        self.map.measure_depths();
        Ok(self.map)
    }

    /// Runs a step for every row and names the row at which it fails.
    fn each_node(&mut self, step: impl Fn(&mut Self, NodeIndex) -> Answered<()>) -> Result<(), MapError> {
        for row in 0..self.drafts.len() {
            step(self, index(row)).map_err(|fault| fault.at(Some(row)))?;
        }
        Ok(())
    }

    fn read(&mut self, rows: Vec<RevisionRow>, warnings: &mut Vec<String>) -> Result<(), MapError> {
        self.is_head = vec![true; rows.len()];
        self.is_real_head = vec![true; rows.len()];
        self.map.nodes.reserve(rows.len());
        self.map.keys.reserve(rows.len());
        self.map.key_by_name.reserve(rows.len());
        self.drafts.reserve(rows.len());
        for (row, facts) in rows.into_iter().enumerate() {
            let draft = Draft::read(&facts).map_err(|fault| fault.at(Some(row)))?;
            if self.map.key_by_name.contains_key(&draft.id) {
                warnings.push(repeated(&draft.id));
            }
            self.map.place(&draft, facts.doc, facts.path);
            self.drafts.push(draft);
        }
        Ok(())
    }

    fn declare_labels(&mut self, node: NodeIndex) -> Answered<()> {
        self.map.declare_labels(node, &self.drafts[node as usize].labels)
    }

    /// Links what can be found by a name. An overtaken row is not, unless a label leads to it.
    fn link_all(&mut self, warnings: &mut Vec<String>) -> Result<(), MapError> {
        let mut is_linked = NodeSet::new(self.map.nodes.len());
        for key in 0..self.map.keys.len() {
            let node = self.map.keys[key].node;
            if is_linked.insert(node) {
                let linked = self.map.link(node, &self.drafts[node as usize], warnings);
                linked.map_err(|fault| fault.at(Some(node as usize)))?;
                self.discard_heads(node);
            }
        }
        for node in 0..index(self.map.nodes.len()) {
            if !is_linked.contains(node)
                && let Err(fault) = self.map.link_silently(node, &self.drafts[node as usize])
            {
                self.dangling.insert(node, fault);
            }
        }
        Ok(())
    }

    fn discard_heads(&mut self, node: NodeIndex) {
        let Loader { map, is_head, is_real_head, .. } = self;
        for key in &map.node(node).down {
            is_head[map.end(*key) as usize] = false;
        }
        for key in &map.node(node).all_down {
            is_real_head[map.end(*key) as usize] = false;
        }
    }

    fn normalize_all(&mut self) -> Result<(), MapError> {
        let shared = self.map.shared_dependencies();
        // Alembic walks over all ancestors, which only matters where a walk can fail.
        let is_sound = self.dangling.is_empty() && !self.map.has_label_parents();
        self.each_node(|loader, node| {
            let shared = is_sound.then_some(&shared);
            loader.map.normalize(node, shared, &loader.dangling)
        })
    }

    fn ends(&self) -> Ends {
        let nodes = || 0..index(self.map.nodes.len());
        Ends {
            heads: nodes().filter(|node| self.is_head[*node as usize]).collect(),
            real_heads: nodes().filter(|node| self.is_real_head[*node as usize]).collect(),
            bases: nodes().filter(|node| self.map.node(*node).is_base).collect(),
            real_bases: nodes().filter(|node| self.map.node(*node).is_real_base()).collect(),
        }
    }
}

pub(super) fn repeated(id: &str) -> String {
    format!("UserWarning: Revision {id} is present more than once")
}
