//! Maps that share what they have in common: a clone costs nothing, and a change copies a few entries.
//!
//! A replay holds the state before each step beside the one after it, and a search tries many states that differ in one
//! table. The balanced tree below is imbl's; keys are held by pointers, because its leaves are copied when they change.

use imbl::{OrdMap, OrdSet, ordmap};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::model::{ConstraintBody, ObjectName, Origin, Sequence, Table};

/// A sorted map. A clone shares its entries, until one of the two changes them.
///
/// Looking up, putting in and taking out cost a logarithm of the size; what walks over the entries does so in the
/// order of the keys.
pub struct Map<K, V>(OrdMap<Arc<K>, V>);

impl<K: Ord + Clone, V: Clone> Map<K, V> {
    /// Makes an empty map.
    #[must_use]
    pub fn new() -> Self {
        Map(OrdMap::new())
    }

    /// Returns the number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Says whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    /// Returns the value of a key, to be changed; entries beside it are copied when a clone shares them.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        // Asking first: a key that is not there copies nothing.
        if self.0.contains_key(key) { self.0.get_mut(key) } else { None }
    }

    /// Says whether there is an entry of a key.
    #[must_use]
    pub fn contains_key(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    /// Puts a value in; returns the one that it takes the place of.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(Arc::new(key), value)
    }

    /// Takes an entry out and returns its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        if self.0.contains_key(key) { self.0.remove(key) } else { None }
    }

    /// Takes every entry out.
    pub fn clear(&mut self) {
        self.0 = OrdMap::new();
    }

    /// Keeps the entries for which a question is answered with yes.
    pub fn retain(&mut self, mut keeps: impl FnMut(&K, &V) -> bool) {
        let gone: Vec<Arc<K>> =
            self.0.iter().filter(|(key, value)| !keeps(key, value)).map(|(key, _)| Arc::clone(key)).collect();
        for key in gone {
            self.0.remove(&key);
        }
    }

    /// Changes the values of which it is said that they need it; the others stay shared.
    pub fn change(&mut self, needs: impl Fn(&V) -> bool, mut change: impl FnMut(&mut V)) {
        let found: Vec<Arc<K>> =
            self.0.iter().filter(|(_, value)| needs(value)).map(|(key, _)| Arc::clone(key)).collect();
        for key in found {
            if let Some(value) = self.0.get_mut(&key) {
                change(value);
            }
        }
    }

    /// Returns the place of a key, to be filled if it is empty.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        Entry { map: self, key }
    }

    /// Returns the entries.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter(self.0.iter())
    }

    /// Returns the keys.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// Returns the values, in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }
}

impl<K: Ord + Clone, V: Clone + PartialEq> Map<K, V> {
    /// Returns the keys whose entries are not the same in two maps, in order. What the two share is passed over at
    /// no cost.
    pub(crate) fn differing<'a>(&'a self, other: &'a Self) -> Vec<&'a K> {
        let mut keys: Vec<&K> = self
            .0
            .diff(&other.0)
            .map(|item| match item {
                ordmap::DiffItem::Add(key, _) | ordmap::DiffItem::Remove(key, _) => key.as_ref(),
                ordmap::DiffItem::Update { old, .. } => old.0.as_ref(),
            })
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Returns a copy with every value changed, made of a changed copy of an earlier map: only what is not as it was
    /// there is changed now.
    pub(crate) fn since(&self, earlier: &Self, changed: &Self, change: impl Fn(&mut V)) -> Self {
        let mut out = changed.clone();
        for key in self.differing(earlier) {
            match self.get(key) {
                Some(value) => {
                    let mut value = value.clone();
                    change(&mut value);
                    out.insert(key.clone(), value);
                }
                None => {
                    out.remove(key);
                }
            }
        }
        out
    }
}

/// The place of a key in a [`Map`].
pub struct Entry<'m, K, V> {
    map: &'m mut Map<K, V>,
    key: K,
}

impl<'m, K: Ord + Clone, V: Clone> Entry<'m, K, V> {
    /// Puts a value in if there is none; returns the one that is there then.
    pub fn or_insert(self, value: V) -> &'m mut V {
        self.or_insert_with(|| value)
    }

    /// Puts a value in that is made only if there is none; returns the one that is there then.
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'m mut V {
        self.map.0.entry(Arc::new(self.key)).or_insert_with(make)
    }

    /// Puts the default value in if there is none; returns the one that is there then.
    pub fn or_default(self) -> &'m mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }
}

/// The entries of a [`Map`], in the order of the keys.
pub struct Iter<'m, K, V>(ordmap::Iter<'m, Arc<K>, V, imbl::shared_ptr::DefaultSharedPtr>);

impl<'m, K: Ord, V> Iterator for Iter<'m, K, V> {
    type Item = (&'m K, &'m V);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (key.as_ref(), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<K: Ord, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(key, value)| (key.as_ref(), value))
    }
}

impl<K, V> Clone for Map<K, V> {
    fn clone(&self) -> Self {
        Map(self.0.clone())
    }
}

impl<K: Ord + Clone, V: Clone> Default for Map<K, V> {
    fn default() -> Self {
        Map::new()
    }
}

impl<K: Ord, V: PartialEq> PartialEq for Map<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K: Ord, V: Eq> Eq for Map<K, V> {}

impl<K: Ord + fmt::Debug, V: fmt::Debug> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'m, K: Ord + Clone, V: Clone> IntoIterator for &'m Map<K, V> {
    type Item = (&'m K, &'m V);
    type IntoIter = Iter<'m, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K: Ord + Clone, V: Clone> Extend<(K, V)> for Map<K, V> {
    fn extend<T: IntoIterator<Item = (K, V)>>(&mut self, entries: T) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord + Clone, V: Clone> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(entries: T) -> Self {
        let mut map = Map::new();
        map.extend(entries);
        map
    }
}

/// The tables of a database by name, with what points at them. Used as a [`Map`] from names to tables; a clone shares
/// the tables.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tables {
    map: Map<ObjectName, Arc<Table>>,
    pointing: Pointing,
}

/// For each table the ones that have, or once had, a foreign key to it: whoever asks looks at those again.
#[derive(Clone, Default)]
struct Pointing(OrdMap<Arc<ObjectName>, OrdSet<Arc<ObjectName>>>);

/// It follows from the tables.
impl PartialEq for Pointing {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Pointing {}

impl Pointing {
    fn note(&mut self, name: &ObjectName, table: &Table) {
        for constraint in &table.constraints {
            let ConstraintBody::ForeignKey { table: target, .. } = &constraint.body else { continue };
            if self.0.get(target).is_some_and(|tables| tables.contains(name)) {
                continue;
            }
            let tables = self.0.entry(Arc::new(target.clone())).or_default();
            tables.insert(Arc::new(name.clone()));
        }
    }
}

impl Tables {
    /// Returns the map from names to tables.
    #[must_use]
    pub fn as_map(&self) -> &Map<ObjectName, Arc<Table>> {
        &self.map
    }

    /// Returns a table, to be changed. Copies it, when a clone shares it, at the first change.
    pub fn get_mut(&mut self, name: &ObjectName) -> Option<TableMut<'_>> {
        let table = self.map.get_mut(name)?;
        Some(TableMut { table, pointing: &mut self.pointing, is_changed: false })
    }

    /// Returns a table, to be changed by who tells [`Tables::note_keys`] of foreign keys that it gets.
    pub(crate) fn get_plain_mut(&mut self, name: &ObjectName) -> Option<&mut Table> {
        self.map.get_mut(name).map(Arc::make_mut)
    }

    /// Returns the names of the tables that are not as they are in another state, in order. What the two share is passed
    /// over at no cost.
    #[must_use]
    pub fn changed_since<'a>(&'a self, other: &'a Self) -> Vec<&'a ObjectName> {
        self.map.differing(&other.map)
    }

    /// Takes note of the foreign keys of a table.
    pub(crate) fn note_keys(&mut self, name: &ObjectName) {
        if let Some(table) = self.map.get(name) {
            self.pointing.note(name, table);
        }
    }

    /// Puts a table in under a name; returns the one that it takes the place of.
    pub fn insert(&mut self, name: ObjectName, table: Arc<Table>) -> Option<Arc<Table>> {
        self.pointing.note(&name, &table);
        self.map.insert(name, table)
    }

    /// Takes a table out.
    pub fn remove(&mut self, name: &ObjectName) -> Option<Arc<Table>> {
        self.map.remove(name)
    }

    /// Keeps the tables for which a question is answered with yes.
    pub fn retain(&mut self, keeps: impl FnMut(&ObjectName, &Arc<Table>) -> bool) {
        self.map.retain(keeps);
    }

    /// Changes the tables of which it is said that they need it; the others stay shared.
    pub fn change(&mut self, needs: impl Fn(&Table) -> bool, mut change: impl FnMut(&mut Table)) {
        let pointing = &mut self.pointing;
        self.map.change(
            |table| needs(table),
            |table| {
                let table = Arc::make_mut(table);
                change(table);
                pointing.note(&table.name, table);
            },
        );
    }

    /// Returns the tables that have a foreign key to a table, in the order of their names; itself too, if it has one.
    pub(crate) fn referrers(&self, name: &ObjectName) -> Vec<&Arc<Table>> {
        let points = |table: &&Arc<Table>| {
            let is_to = |body: &ConstraintBody| matches!(body, ConstraintBody::ForeignKey { table, .. } if table == name);
            table.constraints.iter().any(|constraint| is_to(&constraint.body))
        };
        let tables = self.pointing.0.get(name).into_iter().flatten();
        tables.filter_map(|table| self.map.get(table)).filter(points).collect()
    }

    /// Changes the tables that have a foreign key to a table and of which it is said that they need it.
    pub(crate) fn change_referrers(
        &mut self,
        name: &ObjectName,
        needs: impl Fn(&Table) -> bool,
        mut change: impl FnMut(&mut Table),
    ) {
        let found = self.referrers(name).into_iter().filter(|table| needs(table));
        let found: Vec<ObjectName> = found.map(|table| table.name.clone()).collect();
        for table in &found {
            if let Some(mut table) = self.get_mut(table) {
                change(&mut table);
            }
        }
    }
}

impl Deref for Tables {
    type Target = Map<ObjectName, Arc<Table>>;

    fn deref(&self) -> &Self::Target {
        &self.map
    }
}

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.map.fmt(f)
    }
}

impl<'m> IntoIterator for &'m Tables {
    type Item = (&'m ObjectName, &'m Arc<Table>);
    type IntoIter = Iter<'m, ObjectName, Arc<Table>>;

    fn into_iter(self) -> Self::IntoIter {
        self.map.iter()
    }
}

/// The sequences of a database by name, with the tables that own them. Used as a [`Map`]; a clone shares the sequences.
#[derive(Clone, Default)]
pub struct Sequences {
    map: Map<ObjectName, Sequence>,
    /// For each table the sequences that it owns, or once owned: whoever asks looks at those again.
    owned: OrdMap<Arc<ObjectName>, OrdSet<Arc<ObjectName>>>,
}

impl Sequences {
    fn note(&mut self, sequence: &Sequence) {
        let Some((table, _)) = &sequence.owner else { return };
        if self.owned.get(table).is_some_and(|names| names.contains(&sequence.name)) {
            return;
        }
        let names = self.owned.entry(Arc::new(table.clone())).or_default();
        names.insert(Arc::new(sequence.name.clone()));
    }

    /// Puts a sequence in under its name; returns the one that it takes the place of.
    pub fn insert(&mut self, sequence: Sequence) -> Option<Sequence> {
        self.note(&sequence);
        self.map.insert(sequence.name.clone(), sequence)
    }

    /// Puts a sequence in if there is none of its name.
    pub fn insert_if_absent(&mut self, sequence: Sequence) {
        if !self.map.contains_key(&sequence.name) {
            self.insert(sequence);
        }
    }

    /// Takes a sequence out.
    pub fn remove(&mut self, name: &ObjectName) -> Option<Sequence> {
        self.map.remove(name)
    }

    /// Keeps the sequences for which a question is answered with yes.
    pub fn retain(&mut self, keeps: impl FnMut(&ObjectName, &Sequence) -> bool) {
        self.map.retain(keeps);
    }

    /// Changes a sequence, if it is there, but for its name. Says whether it is.
    pub fn change_one(&mut self, name: &ObjectName, change: impl FnOnce(&mut Sequence)) -> bool {
        let Some(mut sequence) = self.map.get(name).cloned() else { return false };
        change(&mut sequence);
        self.insert(sequence);
        true
    }

    /// Returns the sequences that a table owns, in the order of their names.
    pub fn owned_by(&self, table: &ObjectName) -> impl Iterator<Item = &Sequence> {
        let names = self.owned.get(table).into_iter().flatten();
        let is_owner =
            move |sequence: &&Sequence| sequence.owner.as_ref().is_some_and(|(owner, _)| owner == table);
        names.filter_map(|name| self.map.get(name)).filter(is_owner)
    }

    pub(crate) fn forget_origins(&mut self) {
        let none = Origin::default();
        self.map.change(|s| s.origin != none, |s| s.origin = none);
    }

    /// As [`Sequences::forget_origins`], made of an earlier state and what that is without its origins.
    pub(crate) fn forget_origins_since(&mut self, earlier: &Self, forgotten: &Self) {
        self.map = self.map.since(&earlier.map, &forgotten.map, |s| s.origin = Origin::default());
    }
}

impl PartialEq for Sequences {
    fn eq(&self, other: &Self) -> bool {
        self.map == other.map
    }
}

impl Eq for Sequences {}

impl Deref for Sequences {
    type Target = Map<ObjectName, Sequence>;

    fn deref(&self) -> &Self::Target {
        &self.map
    }
}

impl fmt::Debug for Sequences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.map.fmt(f)
    }
}

impl<'m> IntoIterator for &'m Sequences {
    type Item = (&'m ObjectName, &'m Sequence);
    type IntoIter = Iter<'m, ObjectName, Sequence>;

    fn into_iter(self) -> Self::IntoIter {
        self.map.iter()
    }
}

/// A table that may be changed.
pub struct TableMut<'m> {
    table: &'m mut Arc<Table>,
    pointing: &'m mut Pointing,
    is_changed: bool,
}

impl Deref for TableMut<'_> {
    type Target = Table;

    fn deref(&self) -> &Table {
        self.table
    }
}

impl DerefMut for TableMut<'_> {
    fn deref_mut(&mut self) -> &mut Table {
        self.is_changed = true;
        Arc::make_mut(self.table)
    }
}

impl Drop for TableMut<'_> {
    fn drop(&mut self) {
        if self.is_changed {
            self.pointing.note(&self.table.name, self.table);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_does_not_see_later_changes() {
        let mut map: Map<u32, String> = (0..1_000).map(|n| (n, n.to_string())).collect();
        let before = map.clone();
        map.insert(7, "x".to_owned());
        map.remove(&500);
        map.change(|v| v == "900", |v| v.push('!'));
        map.entry(2_000).or_default().push('y');
        map.retain(|key, _| *key != 3);
        assert_eq!(before.get(&7).map(String::as_str), Some("7"));
        assert_eq!(before.len(), 1_000);
        assert_eq!(map.get(&900).map(String::as_str), Some("900!"));
        assert_eq!(before.differing(&map), [&3, &7, &500, &900, &2_000]);
        assert_eq!(map.keys().next_back(), Some(&2_000));
    }
}
