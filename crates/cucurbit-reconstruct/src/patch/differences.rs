//! What differs after the migration, taken over from the state after it.

use super::*;

impl Workshop<'_> {
    pub(super) fn difference(&mut self, difference: &Difference) -> bool {
        let key = format!("{difference:?}");
        if !self.once(key) {
            return false;
        }
        match &difference.kind {
            DifferenceKind::OnlyLeft => {
                if self.made_by_trial(&difference.object) {
                    return self.remove_twin(&difference.object);
                }
                self.remove(&difference.object)
            }
            // The migration makes it, only with a number, as its plain name was taken.
            DifferenceKind::OnlyRight | DifferenceKind::Changed { .. }
                if self.is_numbered(&difference.object) =>
            {
                false
            }
            DifferenceKind::OnlyRight => self.copy(&difference.object),
            DifferenceKind::Changed { .. } => self.copy(&difference.object),
        }
    }

    /// A constraint or index without a name of its own got a number because its twin was there already.
    pub(super) fn remove_twin(&mut self, object: &ObjectRef) -> bool {
        let (table, name) = match object {
            ObjectRef::Sequence(name) => return self.free_sequence(name),
            ObjectRef::Constraint(table, name) => (table.clone(), name.clone()),
            ObjectRef::Index(name, Some(table)) => (table.clone(), name.name.clone()),
            _ => return false,
        };
        let plain = name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
        if plain == name {
            return false;
        }
        let table = self.there(&table);
        let Some(found) = self.state.table(&table) else { return false };
        if found.constraint(&plain).is_some() {
            return self.remove(&ObjectRef::Constraint(table, plain));
        }
        if found.index(&plain).is_some() {
            return self.remove(&ObjectRef::Index(table.sibling(plain), Some(table)));
        }
        false
    }

    /// Of two keys of SQLite on the same columns only the first is seen when a table is made anew. One without a name
    /// that stands beside one with a name was there before it.
    fn put_first_of_twins(&mut self, table: &ObjectName) {
        if self.state.dialect != cucurbit_schema::Dialect::Sqlite {
            return;
        }
        let Some(found) = self.state.table(table) else { return };
        let joins = |constraint: &Constraint| match &constraint.body {
            ConstraintBody::ForeignKey { columns, table, references, .. } => {
                Some((columns.clone(), table.clone(), references.clone()))
            }
            _ => None,
        };
        let Some(added) = found.constraints.last().filter(|c| c.name.is_none()) else { return };
        let Some(key) = joins(added) else { return };
        let Some(at) = found.constraints.iter().position(|c| joins(c).as_ref() == Some(&key)) else { return };
        let mut table = found.clone();
        if let Some(added) = table.constraints.pop() {
            table.constraints.insert(at, added);
        }
        self.state.put_table(std::sync::Arc::new(table));
    }

    fn is_numbered(&self, object: &ObjectRef) -> bool {
        let ObjectRef::Sequence(plain) = object else { return false };
        self.trial.end.sequences.iter().any(|(name, sequence)| {
            let number = name.name.strip_prefix(&plain.name).unwrap_or_default();
            !number.is_empty()
                && number.bytes().all(|b| b.is_ascii_digit())
                && self.trial.made(sequence.origin)
        })
    }

    /// A sequence got a number because its plain name is taken in the candidate, by a table that has it from the one
    /// that takes its place later. Before that it was called after the table itself.
    fn free_sequence(&mut self, numbered: &ObjectName) -> bool {
        let plain = numbered.sibling(numbered.name.trim_end_matches(|c: char| c.is_ascii_digit()));
        let Some(found) = self.state.sequences.get(&plain) else { return false };
        let Some((owner, column)) = found.owner.clone() else { return false };
        let Some(table) = self.state.table(&owner) else { return false };
        let own = self.state.implicit_sequence_name(table, &column);
        if plain == *numbered || own.name.trim_end_matches(|c: char| c.is_ascii_digit()) == plain.name {
            return false;
        }
        let (mut made, mut table) = (found.clone(), table.clone());
        made.name = own.clone();
        take_from(&mut table, &plain, &own);
        self.state.sequences.remove(&plain);
        self.state.sequences.insert(made);
        self.state.put_table(std::sync::Arc::new(table));
        true
    }

    /// Says whether an object of the state after the trial was made by the trial.
    pub(super) fn made_by_trial(&self, object: &ObjectRef) -> bool {
        let end = &self.trial.end;
        let origin = match object {
            ObjectRef::Table(name) => end.table(name).map(|t| t.origin),
            ObjectRef::Column(table, column) => {
                end.table(table).and_then(|t| t.column(column)).map(|c| c.origin)
            }
            ObjectRef::Constraint(table, name) => {
                end.table(table).and_then(|t| t.constraint(name)).map(|c| c.origin)
            }
            ObjectRef::Index(name, table) => end.index(name, table.as_ref()).map(|(_, i)| i.origin),
            ObjectRef::Enum(name) => end.enums.get(name).map(|e| e.origin),
            ObjectRef::Sequence(name) => end.sequences.get(name).map(|s| s.origin),
            ObjectRef::Schema(name) => end.schemas.get(name).copied(),
            ObjectRef::Object(kind, table, name) => end
                .objects
                .values()
                .find(|o| o.kind == *kind && o.name == *name && o.table == *table)
                .map(|o| o.origin),
        };
        origin.is_some_and(|o| self.trial.made(o))
    }

    /// Takes an object over from the state after the migration, under the name that it had before.
    pub(super) fn copy(&mut self, object: &ObjectRef) -> bool {
        let before = self.state.clone();
        match object {
            ObjectRef::Table(name) => {
                let Some(found) = self.after.table(name) else { return false };
                let old = self.before(name);
                if let Some(there) = self.state.table(&old) {
                    let mut changed = there.clone();
                    changed.comment.clone_from(&found.comment);
                    changed.options.clone_from(&found.options);
                    self.state.tables.insert(old, std::sync::Arc::new(changed));
                } else {
                    let mut table = found.clone();
                    table.name = old.clone();
                    self.put_table(&table, self.after);
                    for sequence in self.after.sequences.values() {
                        if let Some((owner, column)) = &sequence.owner
                            && owner == name
                        {
                            let mut sequence = sequence.clone();
                            sequence.owner = Some((old.clone(), column.clone()));
                            self.state.sequences.insert_if_absent(sequence);
                        }
                    }
                }
            }
            ObjectRef::Column(table, column) => {
                let Some(found) = self.after.table(table).and_then(|t| t.column(column)).cloned() else {
                    return false;
                };
                let old = self.before(table);
                let name = self.column_before(&old, column);
                let Some(there) = self.state.table(&old) else { return false };
                let mut changed = there.clone();
                let mut wanted = found;
                wanted.name = name.clone();
                match changed.columns.iter_mut().find(|c| c.name == name) {
                    Some(column) => *column = wanted,
                    None => changed.columns.push(wanted),
                }
                self.state.tables.insert(old, std::sync::Arc::new(changed));
            }
            ObjectRef::Constraint(table, name) => {
                let called = |t: &Table| t.constraints.iter().find(|c| c.is_called(name)).cloned();
                let Some(found) = self.after.table(table).and_then(called) else { return false };
                let old = self.before(table);
                self.remove(&ObjectRef::Constraint(old.clone(), name.clone()));
                let mut wanted = found;
                self.rename_in(&old, &mut wanted);
                self.make_room(&old, &wanted);
                self.add_constraint(&old, wanted);
                self.put_first_of_twins(&old);
            }
            ObjectRef::Index(name, table) => {
                let Some((owner, index)) = self.after.index(name, table.as_ref()) else { return false };
                let (owner, index) = (self.before(&owner.name.clone()), index.clone());
                self.remove(&ObjectRef::Index(owner.sibling(name.name.clone()), Some(owner.clone())));
                let mut index = index;
                for key in &mut index.keys {
                    if let cucurbit_schema::KeyPart::Column(column) = &mut key.part {
                        *column = self.column_before(&owner, column);
                    }
                }
                let change =
                    Change::CreateIndex { table: owner, index: Box::new(index), if_not_exists: true };
                self.apply(&change);
            }
            ObjectRef::Enum(name) => {
                let Some(found) = self.after.enums.get(name) else { return false };
                let mut found = found.clone();
                // Labels that the migration adds were not there.
                if let Some(labels) = &mut found.labels {
                    for change in self.trial.changes().rev() {
                        match change {
                            Change::AddLabel { name: n, label, if_not_exists: false, .. } if n == name => {
                                labels.retain(|l| l != label);
                            }
                            Change::RenameLabel { name: n, from, to } if n == name => {
                                if let Some(label) = labels.iter_mut().find(|l| *l == to) {
                                    label.clone_from(from);
                                }
                            }
                            _ => {}
                        }
                    }
                }
                self.state.enums.insert(name.clone(), found);
            }
            ObjectRef::Sequence(name) => {
                let Some(found) = self.after.sequences.get(name) else { return false };
                let mut found = found.clone();
                if let Some((table, column)) = &mut found.owner {
                    *table = self.before(table);
                    *column = self.column_before(table, column);
                }
                self.state.sequences.insert(found);
            }
            ObjectRef::Schema(name) => {
                self.state.schemas.insert(name.clone(), Origin::default());
            }
            ObjectRef::Object(kind, table, name) => {
                let found = self
                    .after
                    .objects
                    .values()
                    .find(|o| o.kind == *kind && o.name == *name && o.table == *table)
                    .cloned();
                let Some(found) = found else { return false };
                let change = Change::CreateObject {
                    object: Box::new((*found).clone()),
                    or_replace: true,
                    if_not_exists: false,
                };
                self.apply(&change);
            }
        }
        before != *self.state
    }
}

/// Lets the columns of a table that take their values from one sequence take them from another.
pub(super) fn take_from(table: &mut Table, from: &ObjectName, to: &ObjectName) {
    for column in &mut table.columns {
        if column.default == Some(cucurbit_schema::Default::NextValue(from.clone())) {
            column.default = Some(cucurbit_schema::Default::NextValue(to.clone()));
        }
    }
}
