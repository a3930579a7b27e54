//! Tables and their rows.

use super::Step;
use crate::change::{ObjectRef, RowEffect};
use crate::model::{
    Column, ConstraintBody, DataType, Default, ObjectKeyOrTable, ObjectKind, ObjectName, Rows, Sequence,
    SequenceOptions, Table, TypeKind,
};
use crate::sql::query_columns::of_table_made_as;
use std::sync::Arc;

/// Schemas that every database has.
fn is_system(name: &ObjectName) -> bool {
    matches!(
        name.schema.as_deref(),
        Some("information_schema" | "pg_catalog" | "mysql" | "performance_schema" | "sys")
    ) || name.name.starts_with("pg_")
        || name.name.starts_with("sqlite_")
        || name.name == "alembic_version"
}

impl Step<'_> {
    pub(super) fn create_table(&mut self, table: &Table, if_not_exists: bool, temporary: bool) {
        let name = table.name.clone();
        if let Some(found) = self.db.tables.get(&name) {
            if if_not_exists {
                self.applied.skipped = true;
            } else {
                let made_by = found.origin;
                self.exists(ObjectRef::Table(name), made_by);
            }
            return;
        }
        self.need_schema(&name);
        let mut made = Table::new(name.clone());
        made.options.clone_from(&table.options);
        if temporary {
            made.options.insert("temporary".to_owned(), String::new());
        }
        made.comment.clone_from(&table.comment);
        made.origin = self.origin;
        made.tainted = table.tainted;
        self.db.tables.insert(name.clone(), Arc::new(made));
        self.place(ObjectKeyOrTable::Table(name.clone()));
        self.touched(ObjectRef::Table(name.clone()));
        for column in &table.columns {
            self.put_column(&name, column.clone(), None);
        }
        let mut constraints = table.constraints.clone();
        if self.is_postgresql() {
            drop_equal_keys(&mut constraints);
        }
        for constraint in &constraints {
            self.add_constraint(&name, constraint, None, false);
        }
        for index in &table.indexes {
            self.create_index(&name, index, false);
        }
    }

    /// Notes a schema that nothing made, once, and goes on as if it were there.
    fn need_schema(&mut self, name: &ObjectName) {
        if let Some(schema) = &name.schema
            && self.is_postgresql()
            && !self.db.schemas.contains_key(schema)
            && schema != "public"
        {
            self.missing(ObjectRef::Schema(schema.clone()));
            self.db.schemas.insert(schema.clone(), self.origin);
        }
    }

    /// Puts a column on a table: `SERIAL` becomes what it stands for.
    pub(super) fn put_column(&mut self, table: &ObjectName, column: Column, at: Option<usize>) {
        let mut column = column;
        column.origin = self.origin;
        if self.is_postgresql() {
            let serial = match &column.data_type.kind {
                TypeKind::Named { name, .. } => match name.as_str() {
                    "serial" | "serial4" => Some("integer"),
                    "bigserial" | "serial8" => Some("bigint"),
                    "smallserial" | "serial2" => Some("smallint"),
                    _ => None,
                },
                _ => None,
            };
            if let Some(whole) = serial {
                column.data_type = DataType { kind: DataType::named(whole, &[]).kind, ..column.data_type };
                column.nullable = false;
                let Some(found) = self.db.table(table) else { return };
                let name = self.db.implicit_sequence_name(found, &column.name);
                column.default = Some(Default::NextValue(name.clone()));
                let data_type = (whole != "bigint").then(|| whole.to_owned());
                let sequence = Sequence {
                    name: name.clone(),
                    options: SequenceOptions { data_type, ..SequenceOptions::default() },
                    owner: Some((table.clone(), column.name.clone())),
                    origin: self.origin,
                };
                self.db.sequences.insert(sequence);
                self.touched(ObjectRef::Sequence(name));
            }
            if let TypeKind::Enum { name: Some(name), .. } = column.data_type.kind.innermost()
                && !self.db.enums.contains_key(name)
            {
                self.missing(ObjectRef::Enum(name.clone()));
            }
            if column.identity.is_some() {
                column.nullable = false;
            }
            let name = column.name.clone();
            keep_sequence(&mut column, (table, &name), (table, &name));
        }
        let object = ObjectRef::Column(table.clone(), column.name.clone());
        let Some(found) = self.table_mut(table) else { return };
        if let Some(there) = found.column(&column.name) {
            let made_by = there.origin;
            self.exists(object, made_by);
            return;
        }
        match at {
            Some(at) if at <= found.columns.len() => found.columns.insert(at, column),
            _ => found.columns.push(column),
        }
        self.touched(object);
    }

    pub(super) fn create_table_from(
        &mut self,
        name: &ObjectName,
        like: Option<&ObjectName>,
        including_all: bool,
        if_not_exists: bool,
        text: &str,
    ) {
        let source = match like {
            Some(like) => match self.db.tables.get(like) {
                Some(source) => Some(Arc::clone(source)),
                None => {
                    self.missing(ObjectRef::Table(like.clone()));
                    None
                }
            },
            None => None,
        };
        let mut table = Table::new(name.clone());
        table.tainted = source.is_none();
        if like.is_none()
            && let Some(columns) = of_table_made_as(text, self.db.dialect, self.db)
        {
            table.columns = columns;
            table.tainted = false;
        }
        let upper = text.to_uppercase();
        if let Some(source) = &source {
            table.columns.clone_from(&source.columns);
            let partition = upper.find("PARTITION OF");
            if let Some(at) = partition {
                table
                    .options
                    .insert("partition of".to_owned(), text[at + "PARTITION OF".len()..].trim().to_owned());
            }
            // The last that is said of a thing holds (PostgreSQL, `transformTableLikeClause`).
            let with = |what: &str| {
                let (yes, no) = (format!("INCLUDING {what}"), format!("EXCLUDING {what}"));
                partition.is_some()
                    || match (upper.rfind(&yes), upper.rfind(&no)) {
                        (Some(yes), Some(no)) => yes > no,
                        (None, Some(_)) => false,
                        (Some(_), None) => true,
                        (None, None) => including_all,
                    }
            };
            for column in &mut table.columns {
                if !with("DEFAULTS") {
                    column.default = None;
                }
                // Up to PostgreSQL 16 the rows of a partition are counted by the whole table alone.
                if partition.is_some() || !with("IDENTITY") {
                    column.identity = None;
                }
                if !with("COMMENTS") {
                    column.comment = None;
                }
                // Without it a computed column becomes a plain one.
                if !with("GENERATED") && self.is_postgresql() {
                    column.computed = None;
                }
            }
            let (keys, checks) = (with("INDEXES"), with("CONSTRAINTS"));
            if keys || checks {
                let wanted = |c: &&crate::Constraint| {
                    is_copied(&c.body)
                        && if matches!(c.body, ConstraintBody::Check { .. }) { checks } else { keys }
                };
                table.constraints = source.constraints.iter().filter(wanted).cloned().collect();
                // Those of a partition go with the ones of the whole table, which stand for them.
                if keys && partition.is_none() {
                    table.indexes.clone_from(&source.indexes);
                }
                for constraint in &mut table.constraints {
                    if !matches!(constraint.body, ConstraintBody::Check { .. }) {
                        constraint.name = None;
                    }
                }
                for index in &mut table.indexes {
                    index.name = None;
                }
            }
        }
        let temporary = upper.split_whitespace().take(3).any(|w| matches!(w, "TEMP" | "TEMPORARY"));
        self.create_table(&table, if_not_exists, temporary);
    }

    pub(super) fn drop_table(&mut self, name: &ObjectName, if_exists: bool, cascade: bool) {
        if !self.db.tables.contains_key(name) {
            // SQLite drops a virtual table by the same statement.
            let key = (ObjectKind::VirtualTable, None, name.clone(), None);
            if self.db.objects.contains_key(&key) {
                self.drop_object(ObjectKind::VirtualTable, name, None, None, if_exists);
            } else if if_exists {
                self.applied.skipped = true;
            } else {
                self.missing(ObjectRef::Table(name.clone()));
            }
            return;
        }
        let incoming = self.referrers(name);
        if !incoming.is_empty() && !matches!(self.db.dialect, crate::Dialect::Sqlite) {
            if cascade && self.is_postgresql() {
                for (table, constraint) in &incoming {
                    self.remove_constraint_named(table, constraint.as_deref());
                }
            } else {
                let by = incoming
                    .into_iter()
                    .map(|(table, name)| ObjectRef::Constraint(table, name.unwrap_or_default()))
                    .collect();
                self.needed(ObjectRef::Table(name.clone()), by);
            }
        }
        self.remove_table(name);
    }

    /// Removes a table with all that stands on it.
    fn remove_table(&mut self, name: &ObjectName) {
        while self.detach_index(name, 0).is_some() {}
        while self.detach_constraint(name, 0).is_some() {}
        self.db.tables.remove(name);
        self.db.made.remove(&ObjectKeyOrTable::Table(name.clone()));
        let owned: Vec<ObjectName> = self.db.sequences.owned_by(name).map(|s| s.name.clone()).collect();
        for sequence in owned {
            self.db.sequences.remove(&sequence);
            self.dropped(ObjectRef::Sequence(sequence));
        }
        let standing: Vec<_> =
            self.db.objects.keys().filter(|(_, table, _, _)| table.as_ref() == Some(name)).cloned().collect();
        for key in standing {
            self.db.objects.remove(&key);
            self.db.made.remove(&ObjectKeyOrTable::Object(key.clone()));
            let (kind, table, object, _) = key;
            self.dropped(ObjectRef::Object(kind, table, object));
        }
        self.dropped(ObjectRef::Table(name.clone()));
    }

    /// Foreign keys of other tables that point at a table.
    pub(super) fn referrers(&self, name: &ObjectName) -> Vec<(ObjectName, Option<String>)> {
        let mut out = Vec::new();
        for table in self.db.tables.referrers(name).into_iter().filter(|t| t.name != *name) {
            for constraint in &table.constraints {
                if let ConstraintBody::ForeignKey { table: target, .. } = &constraint.body
                    && target == name
                {
                    out.push((table.name.clone(), constraint.name.clone()));
                }
            }
        }
        out
    }

    pub(super) fn rename_table(&mut self, from: &ObjectName, to: &ObjectName, if_exists: bool) {
        if !self.db.tables.contains_key(from) {
            // `ALTER TABLE … RENAME` works on views, indexes and sequences too.
            if self.db.view(from).is_some() || self.db.sequences.contains_key(from) {
                self.rename_relation(from, &to.name);
            } else if if_exists {
                self.applied.skipped = true;
            } else {
                self.missing(ObjectRef::Table(from.clone()));
            }
            return;
        }
        if from == to {
            return;
        }
        if let Some(there) = self.db.tables.get(to) {
            let made_by = there.origin;
            self.exists(ObjectRef::Table(to.clone()), made_by);
            return;
        }
        self.need_schema(to);
        let Some(mut table) = self.db.tables.remove(from) else { return };
        let moved = from.schema != to.schema;
        {
            let table = Arc::make_mut(&mut table);
            let names: Vec<String> = table.columns.iter().map(|c| c.name.clone()).collect();
            for (column, name) in table.columns.iter_mut().zip(&names) {
                keep_sequence(column, (from, name), (to, name));
            }
            table.name = to.clone();
            if self.db.dialect.is_mysql() {
                let old = format!("{}_ibfk_", from.name);
                for constraint in &mut table.constraints {
                    if let Some(name) = &mut constraint.name
                        && let Some(number) = name.strip_prefix(&old)
                    {
                        *name = format!("{}_ibfk_{number}", to.name);
                    }
                }
            }
        }
        let owner = Arc::new(to.clone());
        self.db.index_owners.change(|o| o.as_ref() == from, |o| *o = Arc::clone(&owner));
        if moved {
            self.move_names(from, to);
        }
        self.db.tables.insert(to.clone(), table);
        if let Some(place) = self.db.made.remove(&ObjectKeyOrTable::Table(from.clone())) {
            self.db.made.insert(ObjectKeyOrTable::Table(to.clone()), place);
        }
        self.db.tables.change_referrers(
            from,
            |_| true,
            |other| {
                for constraint in &mut other.constraints {
                    if let ConstraintBody::ForeignKey { table, .. } = &mut constraint.body
                        && table == from
                    {
                        *table = to.clone();
                    }
                }
            },
        );
        let sequences: Vec<Sequence> = self.db.sequences.owned_by(from).cloned().collect();
        for mut sequence in sequences {
            if let Some((table, _)) = &mut sequence.owner {
                *table = to.clone();
            }
            if !moved {
                self.db.sequences.insert(sequence);
                continue;
            }
            let old = sequence.name.clone();
            sequence.name.schema.clone_from(&to.schema);
            self.db.sequences.remove(&old);
            if let Some(table) = self.table_mut(to) {
                for column in &mut table.columns {
                    if column.default == Some(Default::NextValue(old.clone())) {
                        column.default = Some(Default::NextValue(sequence.name.clone()));
                    }
                }
            }
            self.db.sequences.insert(sequence);
        }
        let standing: Vec<_> =
            self.db.objects.keys().filter(|(_, table, _, _)| table.as_ref() == Some(from)).cloned().collect();
        for key in standing {
            if let Some(mut object) = self.db.objects.remove(&key) {
                let place = self.db.made.remove(&ObjectKeyOrTable::Object(key.clone()));
                Arc::make_mut(&mut object).table = Some(to.clone());
                let key = (key.0, Some(to.clone()), key.2, key.3);
                if let Some(place) = place {
                    self.db.made.insert(ObjectKeyOrTable::Object(key.clone()), place);
                }
                self.db.objects.insert(key, object);
            }
        }
        self.db.dropped.insert(ObjectRef::Table(from.clone()), self.origin);
        self.touched(ObjectRef::Table(to.clone()));
    }

    /// Names of indexes and constraints go with their table into another schema.
    fn move_names(&mut self, from: &ObjectName, to: &ObjectName) {
        let names: Vec<ObjectName> = self
            .db
            .index_owners
            .iter()
            .filter(|(_, owner)| owner.as_ref() == to)
            .map(|(name, _)| name.clone())
            .collect();
        for name in names.into_iter().filter(|n| n.schema == from.schema) {
            if let Some(owner) = self.db.index_owners.remove(&name) {
                self.db.index_owners.insert(to.sibling(name.name), owner);
            }
        }
    }

    pub(super) fn rows(&mut self, table: &ObjectName, effect: RowEffect, columns: &[String]) {
        if is_system(table) || self.db.view(table).is_some() {
            return;
        }
        let case_sensitive = self.case_sensitive();
        let Some(found) = self.table_mut(table) else {
            self.missing(ObjectRef::Table(table.clone()));
            return;
        };
        if effect == RowEffect::Insert {
            found.rows = Rows::Possible;
        }
        if found.tainted {
            return;
        }
        let lost: Vec<String> = columns
            .iter()
            .filter(|name| {
                !found.columns.iter().any(|c| {
                    if case_sensitive { c.name == **name } else { c.name.eq_ignore_ascii_case(name) }
                })
            })
            .cloned()
            .collect();
        for column in lost {
            self.missing(ObjectRef::Column(table.clone(), column));
        }
    }

    fn rename_relation(&mut self, from: &ObjectName, to: &str) {
        if let Some(mut sequence) = self.db.sequences.remove(from) {
            sequence.name = from.sibling(to);
            let name = sequence.name.clone();
            self.db.sequences.insert(sequence);
            self.sequence_renamed(from, &name);
            self.touched(ObjectRef::Sequence(name));
            return;
        }
        for kind in [ObjectKind::View, ObjectKind::MaterializedView] {
            if let Some(mut object) = self.db.objects.remove(&(kind, None, from.clone(), None)) {
                let name = from.sibling(to);
                Arc::make_mut(&mut object).name = name.clone();
                self.db.objects.insert((kind, None, name.clone(), None), object);
                self.touched(ObjectRef::Object(kind, None, name));
            }
        }
    }

    /// Defaults hold a sequence by identity, so they follow its new name.
    pub(super) fn sequence_renamed(&mut self, from: &ObjectName, to: &ObjectName) {
        let old = Some(Default::NextValue(from.clone()));
        self.db.tables.change(
            |table| table.columns.iter().any(|c| c.default == old),
            |table| {
                for column in &mut table.columns {
                    if column.default == old {
                        column.default = Some(Default::NextValue(to.clone()));
                    }
                }
            },
        );
    }
}

/// The sequence of an identity column keeps its name when the column or its table gets another; in another schema it goes
/// along.
pub(super) fn keep_sequence(
    column: &mut Column,
    (old_table, old): (&ObjectName, &str),
    (new_table, new): (&ObjectName, &str),
) {
    let Some(identity) = &mut column.identity else { return };
    let mut name =
        identity.sequence.take().unwrap_or_else(|| crate::names::identity_sequence(old_table, old));
    if old_table.schema != new_table.schema {
        name.schema.clone_from(&new_table.schema);
    }
    identity.sequence = (name != crate::names::identity_sequence(new_table, new)).then_some(name);
}

fn is_copied(body: &ConstraintBody) -> bool {
    !matches!(body, ConstraintBody::ForeignKey { .. })
}

/// PostgreSQL makes one index of keys that are equal; the first stays, and the primary key comes first
/// (`transformIndexConstraints`).
fn drop_equal_keys(constraints: &mut Vec<crate::Constraint>) {
    let mut gone: Vec<usize> = Vec::new();
    for (at, first) in equal_keys(constraints) {
        if constraints[first].name.is_none() {
            constraints[first].name = constraints[at].name.clone();
        }
        gone.push(at);
    }
    let mut at = 0;
    constraints.retain(|_| {
        at += 1;
        !gone.contains(&(at - 1))
    });
}

/// The keys that `CREATE TABLE` of PostgreSQL takes for another of the table, each with the place of the other.
pub(crate) fn equal_keys(constraints: &[crate::Constraint]) -> Vec<(usize, usize)> {
    let mut seen: Vec<(Vec<String>, usize)> = Vec::new();
    let mut equal: Vec<(usize, usize)> = Vec::new();
    let order = |c: &crate::Constraint| !matches!(c.body, ConstraintBody::PrimaryKey { .. });
    let mut places: Vec<usize> = (0..constraints.len()).collect();
    places.sort_by_key(|at| order(&constraints[*at]));
    for at in places {
        let columns = match &constraints[at].body {
            ConstraintBody::PrimaryKey { columns, include } if include.is_empty() => columns.clone(),
            ConstraintBody::Unique { columns, include, nulls_not_distinct: false } if include.is_empty() => {
                columns.clone()
            }
            _ => continue,
        };
        match seen.iter().find(|(c, first)| *c == columns && constraints[*first].mode == constraints[at].mode)
        {
            Some((_, first)) => equal.push((at, *first)),
            None => seen.push((columns, at)),
        }
    }
    equal
}
