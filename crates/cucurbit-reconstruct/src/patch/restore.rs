//! What is missing and needed, put into the state before.

use super::*;
use crate::search::placeholder;

impl Workshop<'_> {
    /// A migration that stops after it looked in vain for a constraint relies on there being one.
    pub(super) fn stand_for_vain(&mut self) -> bool {
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
    pub(super) fn some_foreign_key(&self, table: &Table) -> Option<ConstraintBody> {
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

    /// Puts an object into the candidate that a migration needs.
    pub(super) fn restore(&mut self, change: &Change, object: &ObjectRef) -> bool {
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
                        let table = Box::new(placeholder(name, self.state.dialect));
                        let change = Change::CreateTable { table, if_not_exists: true, temporary: false };
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
                self.state.sequences.insert(made);
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

    pub(super) fn put_table(&mut self, table: &Table, db: &Database) {
        let mut bare = table.clone();
        // Keys that point at tables that are not there would not fit either.
        bare.constraints.retain(|c| match &c.body {
            ConstraintBody::ForeignKey { table: target, .. } => {
                *target == table.name || self.state.tables.contains_key(target)
            }
            _ => true,
        });
        for sequence in db.sequences.values() {
            let Some((_, column)) = sequence.owner.as_ref().filter(|(t, _)| *t == table.name) else {
                continue;
            };
            let mut made = sequence.clone();
            if self.is_of_successor(&made.name, &table.name) {
                made.name = self.state.implicit_sequence_name(table, column);
                differences::take_from(&mut bare, &sequence.name, &made.name);
            }
            self.state.sequences.insert_if_absent(made);
        }
        let change = Change::CreateTable { table: Box::new(bare), if_not_exists: true, temporary: false };
        self.apply(&change);
    }

    /// Says whether a sequence is called after another table that the migration makes: one that takes the name of a
    /// table, which was another one before.
    fn is_of_successor(&self, sequence: &ObjectName, table: &ObjectName) -> bool {
        let changes = self.trial.operations.iter().flat_map(|operation| &operation.changes);
        changes
            .filter_map(|(change, _)| match change {
                Change::CreateTable { table: made, .. } if made.name != *table => Some(&made.name.name),
                _ => None,
            })
            .any(|made| sequence.name.strip_prefix(made.as_str()).is_some_and(|rest| rest.starts_with('_')))
    }

    pub(super) fn restore_column(&mut self, change: &Change, table: &ObjectName, column: &str) -> bool {
        let table = self.there(table);
        if !self.state.tables.contains_key(&table) {
            return false;
        }
        let found = self
            .evidence
            .iter()
            .find_map(|db| db.table(&table).and_then(|t| t.column(column)).map(|c| (c.clone(), *db)))
            .filter(|(found, _)| !matches!(found.data_type.kind, TypeKind::Unknown(_)));
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
                    self.state.sequences.insert(sequence.clone());
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
                    _ => self
                        .type_by_use(&table, column)
                        .or_else(|| self.type_by_key(&table, column))
                        .unwrap_or_else(|| self.type_by_name(&table, column)),
                };
                self.assume(&object, Level::Assumed, "a migration needs it and nothing tells its type");
                Column::new(column, data_type)
            }
        };
        self.put_column(&table, made);
        true
    }

    pub(super) fn put_column(&mut self, table: &ObjectName, column: Column) {
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
    pub(super) fn put_what_uses(&mut self, from: &Table, column: &str) {
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

    pub(super) fn add_constraint(&mut self, table: &ObjectName, constraint: Constraint) {
        let change = Change::AddConstraint {
            table: table.clone(),
            constraint: Box::new(constraint),
            using_index: None,
            if_not_exists: true,
        };
        self.apply(&change);
    }

    pub(super) fn restore_constraint(&mut self, change: &Change, table: &ObjectName, name: &str) -> bool {
        let table = self.there(table);
        if !self.state.tables.contains_key(&table) {
            return false;
        }
        let object = ObjectRef::Constraint(table.clone(), name.to_owned());
        let here = self.state.table(&table);
        let fits = |c: &&Constraint| {
            c.body.key_columns().iter().all(|c| here.is_some_and(|t| t.column(c).is_some()))
        };
        let found = self
            .evidence
            .iter()
            .find_map(|db| db.table(&table).and_then(|t| t.constraint(name)).filter(fits).cloned());
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
        if kind == Some(ConstraintKind::PrimaryKey) {
            self.restore_dropped_columns(change, &table);
        }
        let body = self.guess(&table, name, kind);
        self.assume(&object, Level::Assumed, "it is dropped and nothing tells what it demanded");
        let mut made = Constraint::new(Some(name.to_owned()), body);
        made.name_kind = cucurbit_schema::NameKind::Explicit;
        self.make_room(&table, &made);
        self.add_constraint(&table, made);
        true
    }

    /// A table has one primary key.
    pub(super) fn make_room(&mut self, table: &ObjectName, constraint: &Constraint) {
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

    /// A primary key that is dropped was often on columns that are dropped with it.
    fn restore_dropped_columns(&mut self, change: &Change, table: &ObjectName) {
        for column in self.dropped_columns(table) {
            if self.state.table(table).is_some_and(|t| t.column(&column).is_none()) {
                self.restore_column(change, table, &column);
            }
        }
    }

    /// The columns of a table that the migration drops, in order.
    fn dropped_columns(&self, table: &ObjectName) -> Vec<String> {
        let dropped = self.trial.changes().filter_map(|change| match change {
            Change::DropColumn { table: of, column, .. } if self.there(of) == *table => Some(column.clone()),
            _ => None,
        });
        dropped.collect()
    }

    /// What a constraint of that name may have demanded: columns whose names stand in its name.
    pub(super) fn guess(
        &self,
        table: &ObjectName,
        name: &str,
        kind: Option<ConstraintKind>,
    ) -> ConstraintBody {
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
        if columns.is_empty() && kind == Some(ConstraintKind::PrimaryKey) {
            // Its columns stay NOT NULL without it: those that are dropped too, else one that is NOT NULL anyway.
            let dropped = self.dropped_columns(table);
            columns.extend(dropped.into_iter().filter(|name| found.column(name).is_some()));
            if columns.is_empty() {
                columns.extend(found.columns.iter().find(|c| !c.nullable).map(|c| c.name.clone()));
            }
        }
        if columns.is_empty() {
            // The primary key's would be its equal, which PostgreSQL does not make.
            let key = match found.primary_key().map(|key| &key.body) {
                Some(ConstraintBody::PrimaryKey { columns, .. }) => columns.as_slice(),
                _ => &[],
            };
            let other = found.columns.iter().find(|c| !key.contains(&c.name));
            columns.extend(other.or(found.columns.first()).map(|c| c.name.clone()));
        }
        match kind {
            Some(ConstraintKind::PrimaryKey) => ConstraintBody::PrimaryKey { columns, include: Vec::new() },
            Some(ConstraintKind::Unique) => {
                ConstraintBody::Unique { columns, include: Vec::new(), nulls_not_distinct: false }
            }
            _ => always,
        }
    }

    pub(super) fn restore_index(&mut self, name: &ObjectName, table: Option<&ObjectName>) -> bool {
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
}
