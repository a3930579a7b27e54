//! Identifiers to revisions: symbols, exact names, unique beginnings, all within a branch or not.
//!
//! Relative targets are not read here, only `-n` alone, which counts down from the heads.

use super::fault::{Answered, Fault, MapError, Wording};
use super::identifier::{Identifier, Place};
use super::{KeyIndex, NodeIndex, RevisionMap, python};

/// Where an identifier leads, in terms of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Found {
    Nothing,
    Base,
    Node(NodeIndex),
}

/// An identifier taken apart at its first `@`, with symbols replaced by what they stand for.
pub(super) struct Split {
    pub(super) ids: Vec<Identifier>,
    pub(super) label: Option<String>,
}

impl RevisionMap {
    /// Resolves an identifier that must mean one revision; nothing means the base.
    ///
    /// Symbols, exact ids and labels go before unique beginnings of at least four characters.
    pub fn resolve(&self, id: impl Into<Identifier>) -> Result<Option<&str>, MapError> {
        let found = self.find_one(&id.into())?;
        Ok(found.map(|node| self.node(node).id.as_str()))
    }

    /// Resolves an identifier that may mean several revisions, in the order of the identifiers and
    /// of the heads; the base gives none.
    pub fn resolve_all(&self, id: impl Into<Identifier>) -> Result<Vec<Place>, MapError> {
        let found = self.find_all(&id.into())?;
        Ok(found.into_iter().map(|found| self.place_of(found)).collect())
    }

    /// Returns the one head, of a branch if a label is given, or nothing for an empty chain.
    pub fn current_head(&self, label: Option<&str>) -> Result<Option<&str>, MapError> {
        let head = self.single_head(label)?;
        Ok(head.map(|key| self.key(key).name.as_str()))
    }

    /// Replaces a symbol by the ids it stands for, as commands do; other texts stay what they are.
    ///
    /// All real heads are given for `heads`, at most one id otherwise, none for the base.
    pub fn revision_numbers(&self, id: impl Into<Identifier>) -> Result<Vec<String>, MapError> {
        let id = id.into();
        let split = self.split(&id).map_err(|fault| Wording::default().apply(fault))?;
        let count = if id.as_text() == Some("heads") { split.ids.len() } else { 1 };
        Ok(split.ids.iter().take(count).map(Identifier::text).collect())
    }

    pub(super) fn place_of(&self, found: Found) -> Place {
        match found {
            Found::Nothing => Place::Nothing,
            Found::Base => Place::Base,
            Found::Node(node) => Place::Revision(self.node(node).id.clone()),
        }
    }

    /// Insists on revisions, as Alembic does by assertions.
    pub(super) fn only_revisions(&self, found: &[Found]) -> Answered<Vec<NodeIndex>> {
        found.iter().map(|found| only_revision(*found)).collect()
    }

    pub(super) fn split(&self, id: &Identifier) -> Answered<Split> {
        let (label, rest) = match id {
            Identifier::Text(text) => match text.split_once('@') {
                Some((label, rest)) => (Some(label), rest),
                None => (None, text.as_str()),
            },
            Identifier::None => return Ok(Split { ids: Vec::new(), label: None }),
            Identifier::Many(ids) if matches!(ids.first(), None | Some(Identifier::Text(_))) => {
                return Ok(Split { ids: ids.clone(), label: None });
            }
            Identifier::Many(_) | Identifier::Odd(_) => return Err(not_a_text(id)),
        };
        let ids = self.replace_symbol(rest, label.filter(|label| !label.is_empty()))?;
        Ok(Split { ids, label: label.map(str::to_owned) })
    }

    fn replace_symbol(&self, text: &str, label: Option<&str>) -> Answered<Vec<Identifier>> {
        let keys: Vec<KeyIndex> = match (text, label) {
            ("heads", None) => self.real_heads.clone(),
            ("heads", Some(label)) => self.filter_keys(&self.heads, label)?,
            // An empty id is false in Python, so it counts as no head.
            ("head", _) => {
                self.single_head(label)?.into_iter().filter(|key| !self.key(*key).name.is_empty()).collect()
            }
            ("base", _) => Vec::new(),
            _ => return Ok(vec![text.into()]),
        };
        Ok(self.names(&keys).into_iter().map(Identifier::from).collect())
    }

    fn single_head(&self, label: Option<&str>) -> Answered<Option<KeyIndex>> {
        let label = label.filter(|label| !label.is_empty());
        let heads = match label {
            Some(label) => self.filter_keys(&self.heads, label)?,
            None => self.heads.clone(),
        };
        if heads.len() > 1 {
            return Err(Fault::MultipleHeads {
                heads: self.names(&heads).into_iter().map(str::to_owned).collect(),
                argument: label.map_or("head".to_owned(), |label| format!("{label}@head")),
            });
        }
        Ok(heads.first().copied())
    }

    pub(super) fn find_one(&self, id: &Identifier) -> Answered<Option<NodeIndex>> {
        let split = self.split(id)?;
        if split.ids.len() > 1 {
            let heads = split.ids.iter().map(Identifier::text).collect();
            return Err(Fault::MultipleHeads { heads, argument: id.text() });
        }
        match split.ids.first() {
            Some(id) => self.find_id(id, split.label.as_deref()),
            None => self.find_base(split.label.as_deref()),
        }
    }

    pub(super) fn find_all(&self, id: &Identifier) -> Answered<Vec<Found>> {
        if let Identifier::Many(ids) = id {
            let mut found = Vec::new();
            for id in ids {
                found.extend(self.find_all(id)?);
            }
            return Ok(found);
        }
        let Split { ids, label } = self.split(id)?;
        if let [Identifier::Text(text)] = ids.as_slice()
            && let Some(steps) = python::whole_number(text).filter(|steps| *steps < 0)
        {
            return self.count_down_from_heads(steps, label.as_deref());
        }
        let find = |id| Ok(self.find_id(id, label.as_deref())?.map_or(Found::Nothing, Found::Node));
        ids.iter().map(find).collect()
    }

    /// Finds the revisions to which edges lead, by their ids. An id that is a symbol misleads.
    pub(super) fn find_keys(&self, keys: &[KeyIndex]) -> Answered<Vec<Found>> {
        let mut found = Vec::new();
        for key in keys {
            found.extend(self.find_all(&self.key(*key).name.as_str().into())?);
        }
        Ok(found)
    }

    fn count_down_from_heads(&self, steps: i64, label: Option<&str>) -> Answered<Vec<Found>> {
        let mut found = Vec::new();
        for head in self.only_revisions(&self.find_all(&"heads".into())?)? {
            if label.is_none_or(|label| self.labels_of(self.node(head)).contains(&label)) {
                found.push(self.step_on(Found::Node(head), steps, None, true)?);
            }
        }
        Ok(found)
    }

    fn find_id(&self, id: &Identifier, branch: Option<&str>) -> Answered<Option<NodeIndex>> {
        match id {
            Identifier::None => self.find_base(branch),
            Identifier::Text(name) => self.find_name(name, branch).map(Some),
            other => Err(Fault::type_error(format!("{} is not a text", other.repr()))),
        }
    }

    /// The base has no revision, but its branch must exist.
    fn find_base(&self, branch: Option<&str>) -> Answered<Option<NodeIndex>> {
        if let Some(label) = branch.filter(|label| !label.is_empty()) {
            self.find_branch(label)?;
        }
        Ok(None)
    }

    /// Finds what a label stands for, which may be a revision id or the beginning of one.
    pub(super) fn find_branch(&self, label: &str) -> Answered<NodeIndex> {
        if let Some(key) = self.key_by_name.get(label) {
            return Ok(self.end(*key));
        }
        self.find_name(label, None).map_err(|fault| match fault {
            Fault::Resolution { .. } => Fault::resolution(format!("No such branch: '{label}'"), label),
            other => other,
        })
    }

    /// Finds a revision by a name without symbols, within a branch if one is given.
    pub(super) fn find_name(&self, name: &str, branch: Option<&str>) -> Answered<NodeIndex> {
        let Some(label) = branch.filter(|label| !label.is_empty()) else {
            return match self.key_by_name.get(name) {
                Some(key) => Ok(self.end(*key)),
                None => self.find_beginning(name, None),
            };
        };
        let branch = self.find_branch(label)?;
        let node = match self.key_by_name.get(name) {
            Some(_) if name.is_empty() => return Err(Fault::assertion("")),
            Some(key) => self.end(*key),
            None => self.find_beginning(name, Some(label))?,
        };
        let (own, other) = (self.end(self.node(node).key), self.end(self.node(branch).key));
        if self.node(branch).id.is_empty() || self.shares_lineage(own, &[other], false) {
            return Ok(node);
        }
        let id = &self.node(node).id;
        Err(Fault::resolution(format!("Revision {id} is not a member of branch '{label}'"), name))
    }

    fn find_beginning(&self, text: &str, branch: Option<&str>) -> Answered<NodeIndex> {
        if text.is_empty() {
            return Err(Fault::assertion(""));
        }
        let is_match = |name: &str| name.starts_with(text) && name.chars().nth(3).is_some();
        let keys = self.keys.iter().filter(|key| is_match(&key.name));
        let mut keys: Vec<KeyIndex> = keys.map(|key| self.key_by_name[&key.name]).collect();
        if let Some(label) = branch {
            keys = self.filter_keys(&keys, label)?;
        }
        match keys.as_slice() {
            [key] => Ok(self.end(*key)),
            [] => Err(Fault::resolution(unknown(text), text)),
            several => {
                let shown = &several[..several.len().min(3)];
                let names: Vec<String> =
                    self.names(shown).into_iter().map(|name| format!("'{name}'")).collect();
                let names = names.join(", ");
                Err(Fault::resolution(format!("Multiple revisions start with '{text}': {names}..."), text))
            }
        }
    }
}

pub(super) fn only_revision(found: Found) -> Answered<NodeIndex> {
    match found {
        Found::Node(node) => Ok(node),
        Found::Nothing | Found::Base => Err(Fault::assertion("")),
    }
}

fn not_a_text(id: &Identifier) -> Fault {
    Fault::revision(format!(
        "revision identifier {} is not a string; ensure database driver settings are correct",
        id.repr()
    ))
}

fn unknown(text: &str) -> String {
    let hint = "; please ensure at least four characters are present for partial revision identifier matches";
    let hint = if text.chars().count() < 4 { hint } else { "" };
    format!("No such revision or branch '{text}'{hint}")
}

#[cfg(test)]
mod tests {
    use crate::map::testing::{map, said};

    #[test]
    fn an_exact_name_beats_the_beginning_of_others() {
        let map = map("abcd\nabcde: abcd");
        assert_eq!(map.resolve("abcd"), Ok(Some("abcd")));
    }

    #[test]
    fn beginnings_may_be_short_but_what_they_begin_may_not() {
        let map = map("abcd1\nxyz: abcd1");
        assert_eq!(map.resolve("a"), Ok(Some("abcd1")));
        assert!(map.resolve("xy").is_err());
    }

    #[test]
    fn a_label_key_counts_as_a_name_of_its_own() {
        let map = map("abcd1 #abcdefg");
        let error = map.resolve("abc").map_err(|error| said(&error));
        let text = "ResolutionError: Multiple revisions start with 'abc': 'abcd1', 'abcdefg'...";
        assert_eq!(error, Err(text.to_owned()));
    }

    #[test]
    fn head_and_heads_differ_where_a_dependency_covers_a_head() {
        let map = map("a\nb > a");
        assert_eq!(map.heads(), ["a", "b"]);
        assert_eq!(map.resolve("heads"), Ok(Some("b")));
        assert!(map.resolve("head").is_err());
        assert_eq!(map.resolve("a@head"), Ok(Some("a")));
    }

    #[test]
    fn the_base_of_an_unknown_branch_is_an_error_only_for_the_single_form() {
        let map = map("a");
        assert!(map.resolve("nope@base").is_err());
        assert_eq!(map.resolve_all("nope@base"), Ok(vec![]));
    }
}
