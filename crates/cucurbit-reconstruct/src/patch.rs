//! From what did not fit to what the state before must have been.

use crate::search::{Assumption, Level, Trial};
use cucurbit_replay::Outcome;
use cucurbit_schema::{
    Change, Column, ColumnAlteration, Constraint, ConstraintBody, ConstraintKind, DataType, Database,
    Difference, DifferenceKind, EnumType, Index, IndexKey, Mismatch, MismatchKind, ObjectName, ObjectRef,
    Origin, Sequence, SequenceOptions, Table, TypeHint, TypeKind,
};
use std::collections::BTreeSet;

pub(crate) struct Workshop<'w> {
    pub(crate) state: &'w mut Database,
    pub(crate) after: &'w Database,
    pub(crate) trial: &'w Trial,
    pub(crate) evidence: &'w [&'w Database],
    pub(crate) assumptions: &'w mut Vec<Assumption>,
    pub(crate) revision: &'w str,
    /// Enum types that were not made with a table, so that a table makes them anew.
    pub(crate) explicit: &'w mut BTreeSet<ObjectName>,
    /// What was done before, so that nothing is done twice.
    pub(crate) tried: &'w mut BTreeSet<String>,
}

impl Workshop<'_> {
    /// Changes the candidate for the better, as far as can be told; says whether it changed.
    pub(crate) fn improve(&mut self, differences: &[Difference]) -> bool {
        let mut changed = false;
        let mut first = None;
        for (change, mismatch, operation) in &self.trial.misfits {
            // What comes behind the first operation with a misfit may follow from it.
            let is_exists = matches!(mismatch.kind, MismatchKind::Exists { .. });
            if first.is_some_and(|f| f != *operation) && !is_exists {
                continue;
            }
            if self.misfit(change, mismatch) {
                changed = true;
                first.get_or_insert(*operation);
            }
        }
        if changed {
            return true;
        }
        if self.trial.outcome != Outcome::Completed && self.stand_for_vain() {
            return true;
        }
        for difference in differences {
            changed |= self.difference(difference);
        }
        changed
    }

    /// A migration that stops after it looked in vain for a constraint relies on there being one.
    fn stand_for_vain(&mut self) -> bool {
        let mut changed = false;
        for (kind, table) in self.trial.vain.clone() {
            let name = self.there(&table);
            let Some(found) = self.state.table(&name) else { continue };
            let body = match kind {
                ConstraintKind::ForeignKey => self.some_foreign_key(found),
                _ => found.columns.first().map(|column| ConstraintBody::Unique {
                    columns: vec![column.name.clone()],
                    include: Vec::new(),
                    nulls_not_distinct: false,
                }),
            };
            let Some(body) = body else { continue };
            if self.once(format!("vain {kind:?} {name}")) {
                let reason = "it is looked for and nothing tells what it demanded";
                self.assume(&ObjectRef::Table(name.clone()), Level::Assumed, reason);
                self.add_constraint(&name, Constraint::new(None, body));
                changed = true;
            }
        }
        changed
    }

    /// A foreign key that a table could have: from its own key, or else its first column that fits, to a table that
    /// it points at after the migration, or else to any whose key has the same type.
    fn some_foreign_key(&self, table: &Table) -> Option<ConstraintBody> {
        let key_of = |other: &Table| match other.primary_key().map(|k| &k.body) {
            Some(ConstraintBody::PrimaryKey { columns, .. }) => match columns.as_slice() {
                [one] => other.column(one).cloned(),
                _ => None,
            },
            _ => None,
        };
        let pointed =
            self.after.table(&table.name).into_iter().flat_map(|t| &t.constraints).filter_map(|c| {
                match &c.body {
                    ConstraintBody::ForeignKey { table, .. } => self.state.table(table),
                    _ => None,
                }
            });
        let others = self.state.tables.values().map(AsRef::as_ref).filter(|t| t.name != table.name);
        let own = key_of(table);
        let own = own.iter().chain(&table.columns).collect::<Vec<_>>();
        for target in pointed.chain(others) {
            let Some(key) = key_of(target) else { continue };
            if let Some(column) = own.iter().find(|c| c.data_type == key.data_type) {
                return Some(ConstraintBody::ForeignKey {
                    columns: vec![column.name.clone()],
                    table: target.name.clone(),
                    references: vec![key.name],
                    on_delete: cucurbit_schema::Action::NoAction,
                    on_update: cucurbit_schema::Action::NoAction,
                    match_kind: None,
                    set_columns: Vec::new(),
                });
            }
        }
        None
    }

    fn once(&mut self, key: String) -> bool {
        self.tried.insert(key)
    }

    fn apply(&mut self, change: &Change) {
        self.state.apply(change, Origin::default());
    }

    fn assume(&mut self, object: &ObjectRef, level: Level, reason: &str) {
        let assumption = Assumption {
            object: object.to_string(),
            level,
            reason: reason.to_owned(),
            revision: self.revision.to_owned(),
        };
        if !self.assumptions.contains(&assumption) {
            self.assumptions.push(assumption);
        }
    }

    /// The name that a table had before the trial renamed it.
    fn before(&self, name: &ObjectName) -> ObjectName {
        let mut name = name.clone();
        for change in self.trial.changes().rev() {
            match change {
                Change::RenameTable { from, to, .. } if *to == name => name = from.clone(),
                Change::SetTableSchema { table, schema } => {
                    let moved = ObjectName { schema: schema.clone(), name: table.name.clone() };
                    if moved == name {
                        name = table.clone();
                    }
                }
                _ => {}
            }
        }
        name
    }

    /// The name that a column had before the trial renamed it.
    fn column_before(&self, table: &ObjectName, column: &str) -> String {
        let mut column = column.to_owned();
        for change in self.trial.changes().rev() {
            if let Change::AlterColumn { table: t, column: from, alteration } = change {
                let to = match alteration {
                    ColumnAlteration::Rename(to) => to,
                    ColumnAlteration::Definition { column, .. } => &column.name,
                    _ => continue,
                };
                if *to == column && (t == table || self.before(t) == *table) {
                    column = from.clone();
                }
            }
        }
        column
    }

    fn misfit(&mut self, change: &Change, mismatch: &Mismatch) -> bool {
        let key = format!("{mismatch:?} {}", short(change));
        match &mismatch.kind {
            MismatchKind::Exists { made_by } => {
                if self.trial.made(*made_by) {
                    return false;
                }
                self.once(key) && self.remove(&mismatch.object)
            }
            MismatchKind::Missing { .. } => {
                if self.undo_rename(change) || self.undo_later_rename(&mismatch.object) {
                    return true;
                }
                self.once(key) && self.restore(change, &mismatch.object)
            }
            MismatchKind::Needed { by } => {
                let by = by.clone();
                let mut changed = false;
                for object in by {
                    if self.once(format!("{key} {object:?}")) {
                        changed |= self.remove(&object);
                    }
                }
                changed
            }
            MismatchKind::Refused { reason } => {
                self.once(key) && self.refused(change, &mismatch.object, reason)
            }
        }
    }

    /// Takes an object out of the candidate.
    fn remove(&mut self, object: &ObjectRef) -> bool {
        let before = self.state.clone();
        match object {
            ObjectRef::Table(name) => {
                let name =
                    if self.state.tables.contains_key(name) { name.clone() } else { self.before(name) };
                self.apply(&Change::DropTable { name, if_exists: true, cascade: true });
            }
            ObjectRef::Column(table, column) => {
                let table = self.there(table);
                let column = if self.state.table(&table).is_some_and(|t| t.column(column).is_some()) {
                    column.clone()
                } else {
                    self.column_before(&table, column)
                };
                let keys = self.keys_made_anew(&table, &column);
                self.apply(&Change::DropColumn {
                    table: table.clone(),
                    column,
                    if_exists: true,
                    cascade: true,
                });
                for key in keys {
                    let object = ObjectRef::Constraint(table.clone(), key.name.clone().unwrap_or_default());
                    let reason = "it is made anew with a new column, so it stood on the others before";
                    self.assume(&object, Level::Inferred, reason);
                    self.add_constraint(&table, key);
                }
            }
            ObjectRef::Constraint(table, name) => {
                let table = self.there(table);
                self.apply(&Change::DropConstraint {
                    table,
                    name: Some(name.clone()),
                    kind: None,
                    if_exists: true,
                    cascade: true,
                });
            }
            ObjectRef::Index(name, table) => {
                let owner = self.owner(name, table.as_ref());
                if let Some(owner) = owner {
                    let is_constraint =
                        self.state.table(&owner).is_some_and(|t| t.constraint(&name.name).is_some());
                    if is_constraint {
                        return self.remove(&ObjectRef::Constraint(owner, name.name.clone()));
                    }
                    let full = owner.sibling(name.name.clone());
                    self.apply(&Change::DropIndex {
                        name: full,
                        table: Some(owner),
                        if_exists: true,
                        cascade: true,
                    });
                }
            }
            ObjectRef::Enum(name) => {
                self.state.enums.remove(name);
            }
            ObjectRef::Sequence(name) => {
                self.apply(&Change::DropSequence { name: name.clone(), if_exists: true, cascade: true });
            }
            ObjectRef::Schema(name) => {
                self.state.schemas.remove(name);
            }
            ObjectRef::Object(kind, table, name) => {
                self.apply(&Change::DropObject {
                    kind: *kind,
                    name: name.clone(),
                    table: table.clone(),
                    signature: None,
                    if_exists: true,
                    cascade: true,
                });
            }
        }
        before != *self.state
    }

    /// Keys of several columns that the migration drops and of which one column goes: each without that column.
    fn keys_made_anew(&self, table: &ObjectName, column: &str) -> Vec<Constraint> {
        let Some(found) = self.state.table(table) else { return Vec::new() };
        let is_dropped = |name: &Option<String>| {
            self.trial.changes().any(
                |change| matches!(change, Change::DropConstraint { name: dropped, .. } if dropped == name),
            )
        };
        let mut out = Vec::new();
        for constraint in found.constraints.iter().filter(|c| c.name.is_some() && is_dropped(&c.name)) {
            let mut key = constraint.clone();
            if let ConstraintBody::PrimaryKey { columns, .. } | ConstraintBody::Unique { columns, .. } =
                &mut key.body
                && columns.len() > 1
                && columns.iter().any(|c| c == column)
            {
                columns.retain(|c| c != column);
                out.push(key);
            }
        }
        out
    }

    fn there(&self, table: &ObjectName) -> ObjectName {
        if self.state.tables.contains_key(table) { table.clone() } else { self.before(table) }
    }

    fn owner(&self, index: &ObjectName, table: Option<&ObjectName>) -> Option<ObjectName> {
        let has = |t: &Table| t.index(&index.name).is_some() || t.constraint(&index.name).is_some();
        if let Some(table) = table {
            let table = self.there(table);
            if self.state.table(&table).is_some_and(has) {
                return Some(table);
            }
        }
        self.state.tables.values().find(|t| t.name.schema == index.schema && has(t)).map(|t| t.name.clone())
    }

    /// A rename whose old name is missing while the new one is there: it was the old one before.
    fn undo_rename(&mut self, change: &Change) -> bool {
        let back = match change {
            Change::RenameTable { from, to, .. } if self.state.tables.contains_key(to) => {
                Change::RenameTable { from: to.clone(), to: from.clone(), if_exists: false }
            }
            Change::SetTableSchema { table, schema } => {
                let moved = ObjectName { schema: schema.clone(), name: table.name.clone() };
                if !self.state.tables.contains_key(&moved) {
                    return false;
                }
                Change::SetTableSchema { table: moved, schema: table.schema.clone() }
            }
            Change::AlterColumn { table, column, alteration: ColumnAlteration::Rename(to) } => {
                let table = self.there(table);
                if self.state.table(&table).is_none_or(|t| t.column(to).is_none()) {
                    return false;
                }
                Change::AlterColumn {
                    table,
                    column: to.clone(),
                    alteration: ColumnAlteration::Rename(column.clone()),
                }
            }
            Change::RenameConstraint { table, from, to } => {
                let table = self.there(table);
                if self.state.table(&table).is_none_or(|t| t.constraint(to).is_none()) {
                    return false;
                }
                Change::RenameConstraint { table, from: to.clone(), to: from.clone() }
            }
            Change::RenameIndex { from, table, to, .. } => {
                let Some(owner) = self.owner(&from.sibling(to.clone()), table.as_ref()) else { return false };
                Change::RenameIndex {
                    from: owner.sibling(to.clone()),
                    table: Some(owner),
                    to: from.name.clone(),
                    if_exists: false,
                }
            }
            Change::RenameType { from, to } if self.state.enums.contains_key(&from.sibling(to.clone())) => {
                Change::RenameType { from: from.sibling(to.clone()), to: from.name.clone() }
            }
            Change::SetTypeSchema { name, schema } => {
                let moved = ObjectName { schema: schema.clone(), name: name.name.clone() };
                if !self.state.enums.contains_key(&moved) {
                    return false;
                }
                Change::SetTypeSchema { name: moved, schema: name.schema.clone() }
            }
            Change::RenameSequence { from, to, .. }
                if self.state.sequences.contains_key(&from.sibling(to.clone())) =>
            {
                Change::RenameSequence {
                    from: from.sibling(to.clone()),
                    to: from.name.clone(),
                    if_exists: false,
                }
            }
            _ => return false,
        };
        if !self.once(format!("undo {}", short(change))) {
            return false;
        }
        let before = self.state.clone();
        self.apply(&back);
        before != *self.state
    }

    /// What is missing may be renamed further on in the migration, and stand in the candidate under its new name.
    fn undo_later_rename(&mut self, object: &ObjectRef) -> bool {
        let renames: Vec<Change> = self
            .trial
            .changes()
            .filter(|change| match (change, object) {
                (Change::RenameTable { from, .. }, ObjectRef::Table(name)) => from == name,
                (Change::SetTableSchema { table, .. }, ObjectRef::Table(name)) => table == name,
                (
                    Change::AlterColumn { table, column, alteration: ColumnAlteration::Rename(_) },
                    ObjectRef::Column(of, name),
                ) => column == name && self.there(table) == self.there(of),
                (Change::RenameType { from, .. }, ObjectRef::Enum(name)) => from == name,
                (Change::RenameSequence { from, .. }, ObjectRef::Sequence(name)) => from == name,
                (Change::RenameIndex { from, .. }, ObjectRef::Index(name, _)) => from.name == name.name,
                (Change::RenameConstraint { from, .. }, ObjectRef::Constraint(_, name)) => from == name,
                _ => false,
            })
            .cloned()
            .collect();
        renames.iter().any(|rename| self.undo_rename(rename))
    }

    /// Puts an object into the candidate that a migration needs.
    fn restore(&mut self, change: &Change, object: &ObjectRef) -> bool {
        match object {
            ObjectRef::Table(name) => {
                let found = self.evidence.iter().find_map(|db| db.table(name).map(|t| (t.clone(), *db)));
                match found {
                    Some((table, db)) => {
                        for column in &table.columns {
                            if let TypeKind::Enum { name: Some(used), .. } = &column.data_type.kind
                                && !self.state.enums.contains_key(used)
                                && let Some(found) = db.enums.get(used)
                            {
                                self.state.enums.insert(used.clone(), found.clone());
                            }
                        }
                        self.put_table(&table, db);
                        self.assume(
                            object,
                            Level::Inferred,
                            "a downgrade or an earlier migration defines it",
                        );
                        true
                    }
                    None => {
                        let mut table = Table::new(name.clone());
                        // Something has to stand there; nothing of it reaches the head.
                        table.columns.push(Column::new("id", DataType::named("integer", &[])));
                        let change = Change::CreateTable {
                            table: Box::new(table),
                            if_not_exists: true,
                            temporary: false,
                        };
                        self.apply(&change);
                        self.assume(object, Level::Assumed, "it is needed and nothing tells its columns");
                        true
                    }
                }
            }
            ObjectRef::Column(table, column) => self.restore_column(change, table, column),
            ObjectRef::Constraint(table, name) => self.restore_constraint(change, table, name),
            ObjectRef::Index(name, table) => self.restore_index(name, table.as_ref()),
            ObjectRef::Enum(name) if self.state.enums.contains_key(name) && !self.explicit.contains(name) => {
                // It was there and dropped, and Alembic did not make it anew with the table: it was not made with
                // a table before either.
                self.explicit.insert(name.clone());
                true
            }
            ObjectRef::Enum(name) => {
                let found = self.evidence.iter().find_map(|db| db.enums.get(name)).cloned();
                let level = if found.is_some() { Level::Inferred } else { Level::Assumed };
                let made = found.unwrap_or_else(|| EnumType {
                    name: name.clone(),
                    labels: Some(self.labels_used(name)),
                    comment: None,
                    origin: Origin::default(),
                });
                self.state.enums.insert(name.clone(), made);
                self.assume(object, level, "a migration needs it");
                true
            }
            ObjectRef::Sequence(name) => {
                let found = self.evidence.iter().find_map(|db| db.sequences.get(name)).cloned();
                let level = if found.is_some() { Level::Inferred } else { Level::Assumed };
                let made = found.unwrap_or_else(|| Sequence {
                    name: name.clone(),
                    options: SequenceOptions::default(),
                    owner: None,
                    origin: Origin::default(),
                });
                self.state.sequences.insert(name.clone(), made);
                self.assume(object, level, "a migration needs it");
                true
            }
            ObjectRef::Schema(name) => {
                self.state.schemas.insert(name.clone(), Origin::default());
                self.assume(object, Level::Assumed, "tables stand in it and nothing makes it");
                true
            }
            ObjectRef::Object(kind, table, name) => {
                let found = self.evidence.iter().find_map(|db| {
                    db.objects.values().find(|o| {
                        o.kind == *kind && o.name.name == name.name && (table.is_none() || o.table == *table)
                    })
                });
                let Some(found) = found else { return false };
                let change = Change::CreateObject {
                    object: Box::new((**found).clone()),
                    or_replace: true,
                    if_not_exists: false,
                };
                self.apply(&change);
                self.assume(object, Level::Inferred, "a downgrade or an earlier migration defines it");
                true
            }
        }
    }

    /// Labels that the trial gives to an enum's columns are the best guess at its own.
    fn labels_used(&self, name: &ObjectName) -> Vec<String> {
        for change in self.trial.changes() {
            let kind = match change {
                Change::AddColumn { column, .. } => &column.data_type.kind,
                Change::AlterColumn { alteration: ColumnAlteration::Type { data_type, .. }, .. } => {
                    &data_type.kind
                }
                _ => continue,
            };
            if let TypeKind::Enum { name: Some(used), labels } = kind
                && used == name
            {
                return labels.clone();
            }
        }
        Vec::new()
    }

    fn put_table(&mut self, table: &Table, db: &Database) {
        let mut bare = table.clone();
        // Keys that point at tables that are not there would not fit either.
        bare.constraints.retain(|c| match &c.body {
            ConstraintBody::ForeignKey { table: target, .. } => {
                *target == table.name || self.state.tables.contains_key(target)
            }
            _ => true,
        });
        for sequence in db.sequences.values() {
            if sequence.owner.as_ref().is_some_and(|(t, _)| *t == table.name) {
                self.state.sequences.entry(sequence.name.clone()).or_insert_with(|| sequence.clone());
            }
        }
        let change = Change::CreateTable { table: Box::new(bare), if_not_exists: true, temporary: false };
        self.apply(&change);
    }

    fn restore_column(&mut self, change: &Change, table: &ObjectName, column: &str) -> bool {
        let table = self.there(table);
        if !self.state.tables.contains_key(&table) {
            return false;
        }
        let found = self
            .evidence
            .iter()
            .find_map(|db| db.table(&table).and_then(|t| t.column(column)).map(|c| (c.clone(), *db)));
        let object = ObjectRef::Column(table.clone(), column.to_owned());
        let made = match found {
            Some((found, db)) => {
                if let TypeKind::Enum { name: Some(used), .. } = &found.data_type.kind
                    && !self.state.enums.contains_key(used)
                    && let Some(labels) = db.enums.get(used)
                {
                    self.state.enums.insert(used.clone(), labels.clone());
                }
                if let Some(cucurbit_schema::Default::NextValue(name)) = &found.default
                    && !self.state.sequences.contains_key(name)
                    && let Some(sequence) = db.sequences.get(name)
                {
                    self.state.sequences.insert(name.clone(), sequence.clone());
                }
                self.assume(&object, Level::Inferred, "a downgrade or an earlier migration defines it");
                self.put_column(&table, found);
                // What stood on it came back with it.
                if let Some(from) = db.table(&table) {
                    self.put_what_uses(from, column);
                }
                return true;
            }
            None => {
                let data_type = match change {
                    Change::AlterColumn { alteration: ColumnAlteration::Type { data_type, .. }, .. } => {
                        data_type.clone()
                    }
                    _ => {
                        self.type_by_use(&table, column).unwrap_or_else(|| self.type_by_name(&table, column))
                    }
                };
                self.assume(&object, Level::Assumed, "a migration needs it and nothing tells its type");
                Column::new(column, data_type)
            }
        };
        self.put_column(&table, made);
        true
    }

    /// Gives columns that the migration drops the types of the column objects through which it reads them; says
    /// whether there was one of another type.
    pub(crate) fn settle_types(&mut self) -> bool {
        let dropped: Vec<(ObjectName, String)> = self
            .trial
            .changes()
            .filter_map(|change| match change {
                Change::DropColumn { table, column, .. } => Some((self.there(table), column.clone())),
                _ => None,
            })
            .collect();
        let mut changed = false;
        for (table, column) in dropped {
            let told = self.trial.changes().find_map(|change| {
                let Change::Rows { table: used, hints, .. } = change else { return None };
                hints.iter().find_map(|(of, hint)| match hint {
                    TypeHint::Typed(data_type) if *of == column && self.there(used) == table => {
                        Some(data_type.as_ref().clone())
                    }
                    _ => None,
                })
            });
            let Some(told) = told else { continue };
            let Some(there) = self.state.table(&table) else { continue };
            let mut made = there.clone();
            if let Some(found) = made.columns.iter_mut().find(|c| c.name == column && c.data_type != told) {
                found.data_type = told;
                found.default = None;
                self.state.put_table(std::sync::Arc::new(made));
                let reason = "the migration reads it through a column of this type";
                self.assume(&ObjectRef::Column(table, column), Level::Inferred, reason);
                changed = true;
            }
        }
        changed
    }

    /// The type that statements on rows tell of: that of a column with which it is compared or to which it is copied,
    /// or of a literal.
    fn type_by_use(&self, table: &ObjectName, column: &str) -> Option<DataType> {
        let mut plain = None;
        for change in self.trial.changes() {
            let Change::Rows { table: used, hints, .. } = change else { continue };
            if used != table && self.before(used) != *table {
                continue;
            }
            let of_column = |of: &str| of == column || self.column_before(table, of) == column;
            for (_, hint) in hints.iter().filter(|(of, _)| of_column(of)) {
                let found = match hint {
                    TypeHint::Like(other, name) => self.type_of(other, |t| t.column(name)),
                    TypeHint::LikeNth(other, at) => self.type_of(other, |t| t.columns.get(*at)),
                    TypeHint::Typed(data_type) => Some(data_type.as_ref().clone()),
                    TypeHint::Number => {
                        plain.get_or_insert("integer");
                        None
                    }
                    TypeHint::Boolean => {
                        plain.get_or_insert("boolean");
                        None
                    }
                    // Most literals are written as text.
                    TypeHint::Text => None,
                };
                if found.is_some() {
                    return found;
                }
            }
        }
        plain.map(|name| match self.state.dialect {
            cucurbit_schema::Dialect::Sqlite => DataType::named(&name.to_uppercase(), &[]),
            _ => DataType::named(name, &[]),
        })
    }

    /// The type of a column of a table as the migration makes it, or as it is before or after it.
    fn type_of<'t>(
        &'t self,
        table: &ObjectName,
        column: impl Fn(&'t Table) -> Option<&'t Column>,
    ) -> Option<DataType> {
        let made = self.trial.changes().filter_map(|change| match change {
            Change::CreateTable { table: made, .. } if made.name == *table => Some(made.as_ref()),
            _ => None,
        });
        let known = [self.state, self.after].into_iter().chain(self.evidence.iter().copied());
        let known = known.filter_map(|db| db.table(table));
        made.chain(known).find_map(|t| column(t).map(|c| c.data_type.clone()))
    }

    /// The type that columns of that name have elsewhere, else text.
    fn type_by_name(&self, table: &ObjectName, column: &str) -> DataType {
        let same = |db: &Database| {
            db.tables
                .values()
                .filter(|t| t.name != *table)
                .find_map(|t| t.column(column).map(|c| c.data_type.clone()))
        };
        let found = same(self.after).or_else(|| self.evidence.iter().find_map(|db| same(db)));
        found.unwrap_or_else(|| {
            let name = match self.state.dialect {
                cucurbit_schema::Dialect::Sqlite => "TEXT",
                _ => "text",
            };
            DataType::named(name, &[])
        })
    }

    fn put_column(&mut self, table: &ObjectName, column: Column) {
        let change = Change::AddColumn {
            table: table.clone(),
            column: Box::new(column),
            constraints: Vec::new(),
            if_not_exists: true,
            table_if_exists: true,
            position: cucurbit_schema::Position::Last,
        };
        self.apply(&change);
    }

    /// Constraints and indexes of a table that use a column and that the candidate lacks.
    fn put_what_uses(&mut self, from: &Table, column: &str) {
        let table = from.name.clone();
        let mut probe = Database::new(self.state.dialect);
        probe.tables.insert(table.clone(), std::sync::Arc::new(from.clone()));
        for constraint in &from.constraints {
            let uses = match &constraint.body {
                ConstraintBody::PrimaryKey { columns, .. }
                | ConstraintBody::Unique { columns, .. }
                | ConstraintBody::ForeignKey { columns, .. } => columns.iter().any(|c| c == column),
                ConstraintBody::Check { expression, .. } => expression.contains(column),
                ConstraintBody::Exclude { .. } => false,
            };
            let there = self.state.table(&table).is_some_and(|t| {
                t.constraints.iter().any(|c| c.name == constraint.name)
                    || (constraint.kind() == ConstraintKind::PrimaryKey && t.primary_key().is_some())
            });
            if uses && !there {
                self.add_constraint(&table, constraint.clone());
            }
        }
        for index in &from.indexes {
            let uses = index.keys.iter().any(|k| match &k.part {
                cucurbit_schema::KeyPart::Column(name) => name == column,
                cucurbit_schema::KeyPart::Expression(text) => text.contains(column),
            });
            let there =
                self.state.table(&table).is_some_and(|t| t.indexes.iter().any(|i| i.name == index.name));
            if uses && !there {
                let change = Change::CreateIndex {
                    table: table.clone(),
                    index: Box::new(index.clone()),
                    if_not_exists: true,
                };
                self.apply(&change);
            }
        }
    }

    fn add_constraint(&mut self, table: &ObjectName, constraint: Constraint) {
        let change = Change::AddConstraint {
            table: table.clone(),
            constraint: Box::new(constraint),
            using_index: None,
            if_not_exists: true,
        };
        self.apply(&change);
    }

    fn restore_constraint(&mut self, change: &Change, table: &ObjectName, name: &str) -> bool {
        let table = self.there(table);
        if !self.state.tables.contains_key(&table) {
            return false;
        }
        let object = ObjectRef::Constraint(table.clone(), name.to_owned());
        let found =
            self.evidence.iter().find_map(|db| db.table(&table).and_then(|t| t.constraint(name)).cloned());
        if let Some(found) = found {
            self.make_room(&table, &found);
            self.add_constraint(&table, found);
            self.assume(&object, Level::Inferred, "a downgrade or an earlier migration defines it");
            return true;
        }
        // A constraint of the state after it with the same meaning went under another name before.
        let kind = match change {
            Change::DropConstraint { kind, .. } => *kind,
            _ => None,
        };
        let body = self.guess(&table, name, kind);
        self.assume(&object, Level::Assumed, "it is dropped and nothing tells what it demanded");
        let mut made = Constraint::new(Some(name.to_owned()), body);
        made.name_kind = cucurbit_schema::NameKind::Explicit;
        self.make_room(&table, &made);
        self.add_constraint(&table, made);
        true
    }

    /// A table has one primary key.
    fn make_room(&mut self, table: &ObjectName, constraint: &Constraint) {
        if constraint.kind() == ConstraintKind::PrimaryKey
            && let Some(key) = self.state.table(table).and_then(|t| t.primary_key()).cloned()
        {
            self.apply(&Change::DropConstraint {
                table: table.clone(),
                name: key.name,
                kind: Some(ConstraintKind::PrimaryKey),
                if_exists: true,
                cascade: false,
            });
        }
    }

    /// What a constraint of that name may have demanded: columns whose names stand in its name.
    fn guess(&self, table: &ObjectName, name: &str, kind: Option<ConstraintKind>) -> ConstraintBody {
        let always = ConstraintBody::Check { expression: "true".to_owned(), no_inherit: false };
        let Some(found) = self.state.table(table) else { return always };
        let mut columns: Vec<String> = found
            .columns
            .iter()
            .filter(|c| {
                name.split('_')
                    .collect::<Vec<_>>()
                    .windows(c.name.split('_').count())
                    .any(|w| w.join("_") == c.name)
            })
            .map(|c| c.name.clone())
            .collect();
        if columns.is_empty() {
            columns.extend(found.columns.first().map(|c| c.name.clone()));
        }
        match kind {
            Some(ConstraintKind::PrimaryKey) => ConstraintBody::PrimaryKey { columns, include: Vec::new() },
            Some(ConstraintKind::Unique) => {
                ConstraintBody::Unique { columns, include: Vec::new(), nulls_not_distinct: false }
            }
            _ => always,
        }
    }

    fn restore_index(&mut self, name: &ObjectName, table: Option<&ObjectName>) -> bool {
        let object = ObjectRef::Index(name.clone(), table.cloned());
        let found = self.evidence.iter().find_map(|db| {
            db.index(name, table).or_else(|| db.index(name, None)).map(|(t, i)| (t.name.clone(), i.clone()))
        });
        if let Some((owner, index)) = found {
            let owner = self.there(&owner);
            let change = Change::CreateIndex { table: owner, index: Box::new(index), if_not_exists: true };
            self.apply(&change);
            self.assume(&object, Level::Inferred, "a downgrade or an earlier migration defines it");
            return true;
        }
        let Some(table) = table.map(|t| self.there(t)) else { return false };
        let Some(found) = self.state.table(&table) else { return false };
        let mut keys: Vec<IndexKey> = found
            .columns
            .iter()
            .filter(|c| name.name.ends_with(&c.name))
            .map(|c| IndexKey::column(c.name.clone()))
            .collect();
        if keys.is_empty() {
            keys.extend(found.columns.first().map(|c| IndexKey::column(c.name.clone())));
        }
        let index = Index {
            name: Some(name.name.clone()),
            unique: false,
            method: None,
            keys,
            include: Vec::new(),
            predicate: None,
            nulls_not_distinct: false,
            options: Vec::new(),
            comment: None,
            origin: Origin::default(),
        };
        let change = Change::CreateIndex { table, index: Box::new(index), if_not_exists: true };
        self.apply(&change);
        self.assume(&object, Level::Assumed, "it is dropped and nothing tells what it was on");
        true
    }

    fn refused(&mut self, change: &Change, object: &ObjectRef, reason: &str) -> bool {
        match change {
            Change::AddLabel { name, label, .. } => {
                if let Some(labels) = self.state.enums.get_mut(name).and_then(|e| e.labels.as_mut()) {
                    let known = labels.len();
                    labels.retain(|l| l != label);
                    return labels.len() < known;
                }
                false
            }
            Change::RenameLabel { name, from, to } => {
                if let Some(labels) = self.state.enums.get_mut(name).and_then(|e| e.labels.as_mut())
                    && let Some(label) = labels.iter_mut().find(|l| *l == to)
                {
                    label.clone_from(from);
                    return true;
                }
                false
            }
            // What a foreign key points at is unique.
            _ if reason.contains("no unique constraint matching") => {
                let ObjectRef::Constraint(_, name) = object else { return false };
                let made: Vec<&Constraint> = match change {
                    Change::CreateTable { table, .. } => table.constraints.iter().collect(),
                    Change::AddColumn { constraints, .. } => constraints.iter().collect(),
                    Change::AddConstraint { constraint, .. } => vec![constraint],
                    _ => return false,
                };
                let key = made.into_iter().find_map(|constraint| match &constraint.body {
                    ConstraintBody::ForeignKey { table, references, .. }
                        if constraint.name.as_ref().is_none_or(|own| own == name)
                            && !references.is_empty() =>
                    {
                        Some((table.clone(), references.clone()))
                    }
                    _ => None,
                });
                let Some((target, columns)) = key else { return false };
                let target = self.there(&target);
                let columns: Vec<String> = columns.iter().map(|c| self.column_before(&target, c)).collect();
                let Some(table) = self.state.table(&target) else { return false };
                let missing: Vec<&String> = columns.iter().filter(|c| table.column(c).is_none()).collect();
                if !missing.is_empty() {
                    return false;
                }
                let body = if table.primary_key().is_none() {
                    ConstraintBody::PrimaryKey { columns, include: Vec::new() }
                } else {
                    ConstraintBody::Unique { columns, include: Vec::new(), nulls_not_distinct: false }
                };
                self.add_constraint(&target, Constraint::new(None, body));
                self.assume(
                    &ObjectRef::Table(target),
                    Level::Assumed,
                    "a foreign key points at it, so that is unique",
                );
                true
            }
            // A type that has no cast to the new one cannot have stood there: the new one did.
            Change::AlterColumn { table, column, alteration: ColumnAlteration::Type { data_type, .. } }
                if reason.contains("cast automatically") =>
            {
                let table = self.there(table);
                let column = self.column_before(&table, column);
                let fixed = Change::AlterColumn {
                    table,
                    column,
                    alteration: ColumnAlteration::Type {
                        data_type: data_type.clone(),
                        using: None,
                        collation: None,
                    },
                };
                let fixed = with_using(fixed);
                self.apply(&fixed);
                self.assume(object, Level::Inferred, "no other type could have been changed into this one");
                true
            }
            _ => false,
        }
    }

    fn difference(&mut self, difference: &Difference) -> bool {
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
            DifferenceKind::OnlyRight => self.copy(&difference.object),
            DifferenceKind::Changed { .. } => self.copy(&difference.object),
        }
    }

    /// A constraint or index without a name of its own got a number because its twin was there already.
    fn remove_twin(&mut self, object: &ObjectRef) -> bool {
        let (table, name) = match object {
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

    /// Says whether an object of the state after the trial was made by the trial.
    fn made_by_trial(&self, object: &ObjectRef) -> bool {
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
    fn copy(&mut self, object: &ObjectRef) -> bool {
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
                            self.state.sequences.entry(sequence.name.clone()).or_insert(sequence);
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
                let Some(found) = self.after.table(table).and_then(|t| t.constraint(name)).cloned() else {
                    return false;
                };
                let old = self.before(table);
                self.remove(&ObjectRef::Constraint(old.clone(), name.clone()));
                let mut wanted = found;
                self.rename_in(&old, &mut wanted);
                self.make_room(&old, &wanted);
                self.add_constraint(&old, wanted);
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
                self.state.sequences.insert(name.clone(), found);
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

    fn rename_in(&self, table: &ObjectName, constraint: &mut Constraint) {
        match &mut constraint.body {
            ConstraintBody::PrimaryKey { columns, .. } | ConstraintBody::Unique { columns, .. } => {
                for column in columns {
                    *column = self.column_before(table, column);
                }
            }
            ConstraintBody::ForeignKey { columns, table: target, references, .. } => {
                for column in columns {
                    *column = self.column_before(table, column);
                }
                let old = self.before(target);
                for column in references {
                    *column = self.column_before(&old, column);
                }
                *target = old;
            }
            _ => {}
        }
    }
}

/// With `USING` a change of type fits whatever was there.
fn with_using(change: Change) -> Change {
    match change {
        Change::AlterColumn {
            table,
            column,
            alteration: ColumnAlteration::Type { data_type, collation, .. },
        } => Change::AlterColumn {
            table,
            column,
            alteration: ColumnAlteration::Type { data_type, using: Some(String::new()), collation },
        },
        other => other,
    }
}

fn short(change: &Change) -> String {
    let text = format!("{change:?}");
    text.chars().take(300).collect()
}
