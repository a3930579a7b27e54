//! A healthy chain as the injector sees it: ids, parents, and where they are written.

use super::tree::Tree;
use cucurbit::alembic::{Field, RevisionFacts, read_revision_file};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// One revision whose identifiers are plainly written.
#[derive(Debug)]
pub(super) struct Revision {
    /// Its file, below the root.
    pub(super) path: PathBuf,
    /// The text of the file.
    pub(super) text: String,
    /// What the file states, with places.
    pub(super) facts: RevisionFacts,
    /// Its id.
    pub(super) id: String,
    /// The ids of its parents, as written.
    pub(super) parents: Vec<String>,
    /// The ids or labels that it depends on, as written.
    pub(super) dependencies: Vec<String>,
}

/// The revisions that can be edited, in path order. Others stay in the tree and are left alone.
#[derive(Debug, Default)]
pub(super) struct Chain {
    revisions: Vec<Revision>,
    index_by_id: HashMap<String, usize>,
}

impl Revision {
    /// Returns the file name without `.py`.
    pub(super) fn stem(&self) -> &str {
        self.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
    }

    /// Tells whether the file is named as the default template does: the id, then `_`.
    pub(super) fn is_named_for_id(&self) -> bool {
        self.stem().strip_prefix(self.id.as_str()).is_some_and(|rest| rest.starts_with('_'))
    }

    /// Returns the offset behind the line on which `down_revision` ends: code follows there.
    pub(super) fn after_identifiers(&self) -> usize {
        let spans = [
            &self.facts.revision,
            &self.facts.down_revision,
            &self.facts.branch_labels,
            &self.facts.depends_on,
        ];
        let last =
            spans.into_iter().filter_map(Field::span).map(|span| span.end as usize).max().unwrap_or_default();
        line_end(&self.text, last)
    }
}

/// Returns the offset behind the line end that follows `offset`.
pub(super) fn line_end(text: &str, offset: usize) -> usize {
    text[offset..].find('\n').map_or(text.len(), |at| offset + at + 1)
}

/// Returns the offset at which the line of `offset` begins.
pub(super) fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |at| at + 1)
}

impl Chain {
    /// Reads the chain of a tree that was written below `root`.
    pub(super) fn read(tree: &Tree, root: &Path) -> Self {
        let mut chain = Chain::default();
        for path in tree.files().filter(|path| path.extension().is_some_and(|e| e == "py")) {
            let Some(revision) = read(tree, root, path) else { continue };
            if !chain.index_by_id.contains_key(&revision.id) {
                chain.index_by_id.insert(revision.id.clone(), chain.revisions.len());
                chain.revisions.push(revision);
            }
        }
        chain
    }

    /// Returns the revisions.
    pub(super) fn revisions(&self) -> &[Revision] {
        &self.revisions
    }

    /// Tells whether an id is taken.
    pub(super) fn is_id(&self, id: &str) -> bool {
        self.index_by_id.contains_key(id)
    }

    /// Returns the parents of a revision.
    pub(super) fn parents(&self, index: usize) -> Vec<usize> {
        let parents = self.revisions[index].parents.iter();
        parents.filter_map(|id| self.index_by_id.get(id).copied()).collect()
    }

    /// Returns the children of a revision.
    pub(super) fn children(&self, index: usize) -> Vec<usize> {
        let id = &self.revisions[index].id;
        (0..self.revisions.len()).filter(|child| self.revisions[*child].parents.contains(id)).collect()
    }

    /// Returns the revisions that depend on this one by id.
    pub(super) fn dependents(&self, index: usize) -> Vec<usize> {
        let id = &self.revisions[index].id;
        (0..self.revisions.len()).filter(|other| self.revisions[*other].dependencies.contains(id)).collect()
    }

    /// Returns everything below a revision, without itself.
    pub(super) fn ancestors(&self, index: usize) -> BTreeSet<usize> {
        self.reach(index, |at| self.parents(at))
    }

    /// Returns everything above a revision, without itself.
    pub(super) fn descendants(&self, index: usize) -> BTreeSet<usize> {
        self.reach(index, |at| self.children(at))
    }

    fn reach(&self, from: usize, next: impl Fn(usize) -> Vec<usize>) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        let mut todo = next(from);
        while let Some(at) = todo.pop() {
            if seen.insert(at) {
                todo.extend(next(at));
            }
        }
        seen
    }
}

/// Reads one file; nothing unless its identifiers are literals in a sound UTF-8 file.
fn read(tree: &Tree, root: &Path, path: &Path) -> Option<Revision> {
    let facts = read_revision_file(&root.join(path)).facts;
    let text = String::from_utf8(tree.bytes(path)?.to_vec()).ok()?;
    let id = facts.revision.as_str()?.to_owned();
    let is_literal = text.get(facts.revision.span()?.range())?.contains(&id);
    let has_parents = matches!(facts.down_revision, Field::Known { .. });
    if !is_literal || !has_parents || !facts.problems.is_empty() {
        return None;
    }
    let strings = |field: &Field| field.strings().into_iter().map(|(text, _)| text.to_owned()).collect();
    let (parents, dependencies) = (strings(&facts.down_revision), strings(&facts.depends_on));
    Some(Revision { path: path.to_path_buf(), text, id, parents, dependencies, facts })
}
