//! Constraints and indexes.

use super::Step;
use super::{is_kept_by_index, owns_index};
use crate::change::ObjectRef;
use crate::model::{
    CheckMode, Constraint, ConstraintBody, ConstraintKind, Dialect, Index, KeyPart, NameKind, NamedObject,
    ObjectKind, ObjectName, Table, TypeKind,
};

use std::collections::BTreeSet;

impl Step<'_> {
    pub(super) fn add_constraint(
        &mut self,
        table: &ObjectName,
        constraint: &Constraint,
        using_index: Option<&str>,
        if_not_exists: bool,
    ) {
        if !self.db.tables.contains_key(table) {
            self.missing(ObjectRef::Table(table.clone()));
            return;
        }
        let mut constraint = constraint.clone();
        constraint.origin = self.origin;
        if let Some(index) = using_index {
            self.take_over_index(table, &mut constraint, index);
        }
        let Some(found) = self.db.table(table) else { return };
        if let Some(name) = &constraint.name {
            let name = crate::names::cut_name(name, self.db.dialect);
            if self.is_mysql() && matches!(constraint.body, ConstraintBody::PrimaryKey { .. }) {
                constraint.name = Some("PRIMARY".to_owned());
            } else {
                constraint.name = Some(name);
            }
        }
        if let Some(name) = &constraint.name
            && let Some(there) = found.constraint(name)
        {
            // A batch on SQLite puts a constraint in the place of one of its name (`ApplyBatchImpl.add_constraint`);
            // there is no other way to add one.
            let is_same = self.db.dialect == Dialect::Sqlite && there.body == constraint.body;
            if if_not_exists || is_same {
                self.applied.skipped = true;
            } else {
                let made_by = there.origin;
                self.exists(ObjectRef::Constraint(table.clone(), name.clone()), made_by);
            }
            return;
        }
        if constraint.kind() == ConstraintKind::PrimaryKey
            && let Some(there) = found.primary_key()
        {
            let (name, made_by) = (there.name.clone().unwrap_or_default(), there.origin);
            self.exists(ObjectRef::Constraint(table.clone(), name), made_by);
            return;
        }
        if owns_index(&constraint, self.db.dialect)
            && using_index.is_none()
            && let Some(name) = &constraint.name
        {
            let full = table.sibling(name.clone());
            if self.db.relation_exists(&full) {
                let made_by = self.relation_origin(&full);
                self.exists(ObjectRef::Index(full, None), made_by);
                return;
            }
        }
        let tainted = found.tainted;
        let lost = lost_columns(found, &constraint, self.case_sensitive());
        if !tainted {
            for column in lost {
                self.missing(ObjectRef::Column(table.clone(), column));
            }
        }
        self.check_target(table, &mut constraint);
        let Some(found) = self.db.table(table) else { return };
        if constraint.name.is_none() {
            constraint.name = self.db.implicit_constraint_name(found, &constraint);
            constraint.name_kind = NameKind::Implicit;
        }
        if let ConstraintBody::PrimaryKey { columns, .. } = &constraint.body
            && !matches!(self.db.dialect, Dialect::Sqlite)
        {
            let columns = columns.clone();
            if let Some(found) = self.table_mut(table) {
                for column in &mut found.columns {
                    if columns.contains(&column.name) {
                        column.nullable = false;
                    }
                }
            }
        }
        self.attach_constraint(table, constraint);
    }

    fn take_over_index(&mut self, table: &ObjectName, constraint: &mut Constraint, index: &str) {
        let at = self
            .db
            .table(table)
            .and_then(|t| t.indexes.iter().position(|i| i.name.as_deref() == Some(index)));
        let Some(at) = at else {
            self.missing(ObjectRef::Index(table.sibling(index), Some(table.clone())));
            return;
        };
        let Some(index) = self.detach_index(table, at) else { return };
        let keys: Vec<String> = index
            .keys
            .iter()
            .filter_map(|k| if let KeyPart::Column(name) = &k.part { Some(name.clone()) } else { None })
            .collect();
        match &mut constraint.body {
            ConstraintBody::PrimaryKey { columns, include }
            | ConstraintBody::Unique { columns, include, .. } => {
                *columns = keys;
                *include = index.include;
            }
            _ => {}
        }
        if constraint.name.is_none() {
            constraint.name = index.name;
        }
    }

    /// Looks at what a foreign key points at: the table, its columns, a key over them.
    fn check_target(&mut self, table: &ObjectName, constraint: &mut Constraint) {
        let ConstraintBody::ForeignKey { table: target, references, columns, .. } = &mut constraint.body
        else {
            return;
        };
        let Some(found) = self.db.table(target) else {
            // SQLite does not look.
            if self.db.dialect != Dialect::Sqlite {
                let target = target.clone();
                self.missing(ObjectRef::Table(target));
            }
            return;
        };
        if references.is_empty()
            && let Some(key) = found.primary_key()
            && let ConstraintBody::PrimaryKey { columns: keys, .. } = &key.body
        {
            references.clone_from(keys);
        }
        if found.tainted || self.db.dialect == Dialect::Sqlite || references.is_empty() {
            return;
        }
        let lost: Vec<String> = references.iter().filter(|r| found.column(r).is_none()).cloned().collect();
        let (target, references, columns) = (target.clone(), references.clone(), columns.clone());
        if self.is_postgresql()
            && let Some((own, other)) = self.unlike(table, &columns, found, &references)
        {
            let name = constraint.name.clone().unwrap_or_else(|| columns.join("_"));
            let why = format!(
                "foreign key constraint \"{name}\" cannot be implemented: key columns are of incompatible types: \
                 {own} and {other}"
            );
            self.refused(ObjectRef::Constraint(table.clone(), name), why);
            return;
        }
        // A key of the same statement may come behind; a table's own keys are looked at then.
        let is_key = has_key(found, &references) || target == *table;
        if !lost.is_empty() {
            for column in lost {
                self.missing(ObjectRef::Column(target.clone(), column));
            }
        } else if !is_key && self.is_postgresql() {
            let name = constraint.name.clone().unwrap_or_else(|| columns.join("_"));
            self.refused(
                ObjectRef::Constraint(table.clone(), name),
                format!(
                    "there is no unique constraint matching given keys for referenced table \"{}\"",
                    target.name
                ),
            );
        }
    }

    /// The types of a column and of what it points at that no operator compares (PostgreSQL, `pg_amop`).
    fn unlike(
        &self,
        table: &ObjectName,
        columns: &[String],
        target: &Table,
        references: &[String],
    ) -> Option<(String, String)> {
        let own = self.db.table(table)?;
        (!own.tainted).then_some(())?;
        columns.iter().zip(references).find_map(|(column, reference)| {
            let (a, b) = (&own.column(column)?.data_type.kind, &target.column(reference)?.data_type.kind);
            (family(a)? != family(b)?).then(|| (crate::diff::type_text(a), crate::diff::type_text(b)))
        })
    }

    fn relation_origin(&self, name: &ObjectName) -> crate::Origin {
        if let Some(table) = self.db.table(name) {
            return table.origin;
        }
        if let Some(owner) = self.db.index_owners.get(name)
            && let Some(table) = self.db.table(owner)
        {
            if let Some(index) = table.index(&name.name) {
                return index.origin;
            }
            if let Some(constraint) = table.constraint(&name.name) {
                return constraint.origin;
            }
        }
        self.db.sequences.get(name).map(|s| s.origin).unwrap_or_default()
    }

    pub(super) fn drop_constraint(
        &mut self,
        table: &ObjectName,
        name: Option<&str>,
        kind: Option<ConstraintKind>,
        if_exists: bool,
        cascade: bool,
    ) {
        let Some(found) = self.db.table(table) else {
            if if_exists {
                self.applied.skipped = true;
            } else {
                self.missing(ObjectRef::Table(table.clone()));
            }
            return;
        };
        let cut = name.map(|n| crate::names::cut_name(n, self.db.dialect));
        let is_mysql = self.is_mysql();
        let at = found.constraints.iter().position(|c| match &cut {
            Some(name) => {
                let same = if is_mysql {
                    c.name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(name))
                } else {
                    c.name.as_deref() == Some(name)
                };
                same && (kind.is_none_or(|k| k == c.kind()) || !is_mysql)
                    || (is_mysql
                        && kind == Some(ConstraintKind::PrimaryKey)
                        && c.kind() == ConstraintKind::PrimaryKey)
            }
            // On SQLite it is one that has no name; MySQL's primary key needs none.
            None => kind.is_some_and(|k| k == c.kind()) && (is_mysql || c.name.is_none()),
        });
        let Some(at) = at else {
            // MySQL keeps unique constraints and unique indexes as one thing.
            if is_mysql
                && let Some(name) = &cut
                && kind.is_none_or(|k| k == ConstraintKind::Unique)
                && let Some(at) =
                    found.indexes.iter().position(|i| i.name.as_deref() == Some(name) && i.unique)
            {
                self.detach_index(table, at);
            } else if if_exists {
                self.applied.skipped = true;
            } else if !found.tainted {
                self.missing(ObjectRef::Constraint(table.clone(), cut.unwrap_or_default()));
            }
            return;
        };
        let key = match &found.constraints[at].body {
            ConstraintBody::PrimaryKey { columns, .. } | ConstraintBody::Unique { columns, .. } => {
                columns.clone()
            }
            _ => Vec::new(),
        };
        let removed_name = found.constraints[at].name.clone();
        self.detach_constraint(table, at);
        if !key.is_empty() && self.is_postgresql() {
            self.release_key(
                table,
                &key,
                ObjectRef::Constraint(table.clone(), removed_name.unwrap_or_default()),
                cascade,
            );
        }
    }

    /// After a key is gone: foreign keys that needed it go too with `CASCADE`, or are why the drop fails.
    fn release_key(&mut self, table: &ObjectName, key: &[String], object: ObjectRef, cascade: bool) {
        if self.db.table(table).is_some_and(|t| has_key(t, key)) {
            return;
        }
        let incoming = self.key_referrers(table, key, true);
        if incoming.is_empty() {
            return;
        }
        if cascade {
            for (other, name) in &incoming {
                self.remove_constraint_named(other, name.as_deref());
            }
        } else {
            let by =
                incoming.into_iter().map(|(t, n)| ObjectRef::Constraint(t, n.unwrap_or_default())).collect();
            self.needed(object, by);
        }
    }

    /// Foreign keys that point at columns of a table: at exactly these, or at any of them.
    pub(super) fn key_referrers(
        &self,
        table: &ObjectName,
        columns: &[String],
        exactly: bool,
    ) -> Vec<(ObjectName, Option<String>)> {
        let mut out = Vec::new();
        for other in self.db.tables.referrers(table) {
            for constraint in &other.constraints {
                let ConstraintBody::ForeignKey { table: target, references, .. } = &constraint.body else {
                    continue;
                };
                if target != table || (other.name == *table && !exactly) {
                    continue;
                }
                let hit = if exactly {
                    references.len() == columns.len() && references.iter().all(|r| columns.contains(r))
                } else {
                    references.iter().any(|r| columns.contains(r))
                };
                if hit {
                    out.push((other.name.clone(), constraint.name.clone()));
                }
            }
        }
        out
    }

    pub(super) fn remove_constraint_named(&mut self, table: &ObjectName, name: Option<&str>) {
        let at =
            self.db.table(table).and_then(|t| t.constraints.iter().position(|c| c.name.as_deref() == name));
        if let Some(at) = at {
            self.detach_constraint(table, at);
        }
    }

    pub(super) fn rename_constraint(&mut self, table: &ObjectName, from: &str, to: &str) {
        let Some(found) = self.db.table(table) else {
            self.missing(ObjectRef::Table(table.clone()));
            return;
        };
        if found.constraint(from).is_none() {
            if !found.tainted {
                self.missing(ObjectRef::Constraint(table.clone(), from.to_owned()));
            }
            return;
        }
        if let Some(there) = found.constraint(to) {
            let made_by = there.origin;
            self.exists(ObjectRef::Constraint(table.clone(), to.to_owned()), made_by);
            return;
        }
        let at = found.constraints.iter().position(|c| c.name.as_deref() == Some(from));
        let Some(at) = at else { return };
        let Some(mut constraint) = self.detach_constraint(table, at) else { return };
        constraint.name = Some(crate::names::cut_name(to, self.db.dialect));
        constraint.name_kind = NameKind::Explicit;
        self.attach_constraint(table, constraint);
        self.restore_place(table, at);
    }

    /// Puts the constraint that was attached last back to where it stood.
    fn restore_place(&mut self, table: &ObjectName, at: usize) {
        if let Some(found) = self.table_mut(table)
            && let Some(last) = found.constraints.pop()
        {
            found.constraints.insert(at.min(found.constraints.len()), last);
        }
    }

    /// Makes an index of a materialized view, which is kept as its text.
    fn create_index_of_view(&mut self, view: &ObjectName, index: &Index, if_not_exists: bool) {
        let text = crate::ddl::index_of_view(self.db, view, index);
        // Only PostgreSQL has such, and what has no name is named by the columns of the view, which are not known.
        let (Some(name), Some(text)) = (&index.name, text) else { return };
        let object = NamedObject {
            kind: ObjectKind::Index,
            name: view.sibling(crate::names::cut_name(name, self.db.dialect)),
            table: Some(view.clone()),
            signature: None,
            text,
            mentions: BTreeSet::from([view.clone()]),
            comment: None,
            origin: self.origin,
        };
        self.create_object(&object, false, if_not_exists);
    }

    pub(super) fn create_index(&mut self, table: &ObjectName, index: &Index, if_not_exists: bool) {
        let Some(found) = self.db.table(table) else {
            if self.db.view(table).is_some() {
                self.create_index_of_view(table, index, if_not_exists);
                return;
            }
            self.missing(ObjectRef::Table(table.clone()));
            return;
        };
        let mut index = index.clone();
        index.origin = self.origin;
        match &index.name {
            Some(name) => index.name = Some(crate::names::cut_name(name, self.db.dialect)),
            None => index.name = self.db.implicit_index_name(found, &index),
        }
        if let Some(name) = &index.name {
            let full = table.sibling(name.clone());
            let there = if self.is_mysql() {
                found.index(name).map(|i| i.origin).or_else(|| {
                    found.constraint(name).filter(|c| c.kind() == ConstraintKind::Unique).map(|c| c.origin)
                })
            } else if self.db.relation_exists(&full) {
                Some(self.relation_origin(&full))
            } else {
                None
            };
            if let Some(made_by) = there {
                if if_not_exists {
                    self.applied.skipped = true;
                } else {
                    self.exists(ObjectRef::Index(full, Some(table.clone())), made_by);
                }
                return;
            }
        }
        if !found.tainted {
            let case = self.case_sensitive();
            let lost: Vec<String> = index
                .keys
                .iter()
                .filter_map(|k| if let KeyPart::Column(name) = &k.part { Some(name) } else { None })
                .chain(&index.include)
                .filter(|name| !has_column(found, name, case))
                .cloned()
                .collect();
            for column in lost {
                self.missing(ObjectRef::Column(table.clone(), column));
            }
        }
        self.attach_index(table, index);
    }

    pub(super) fn drop_index(
        &mut self,
        name: &ObjectName,
        table: Option<&ObjectName>,
        if_exists: bool,
        cascade: bool,
    ) {
        let cut = crate::names::cut_name(&name.name, self.db.dialect);
        let name = name.sibling(cut);
        let owner = if self.is_mysql() {
            table.cloned().filter(|t| self.db.tables.contains_key(t)).or_else(|| self.only_owner(&name))
        } else {
            self.db.index_owners.get(&name).map(|owner| owner.as_ref().clone())
        };
        let Some(owner) = owner else {
            let of_view = self
                .db
                .objects
                .keys()
                .find(|(kind, _, known, _)| *kind == ObjectKind::Index && *known == name)
                .and_then(|(_, view, ..)| view.clone());
            if let Some(view) = of_view {
                self.drop_object(ObjectKind::Index, &name, Some(&view), None, if_exists);
                return;
            }
            if if_exists {
                self.applied.skipped = true;
            } else if let Some(lost) = table.filter(|t| !self.db.tables.contains_key(t)) {
                self.missing(ObjectRef::Table(lost.clone()));
            } else if !table.and_then(|t| self.db.table(t)).is_some_and(|t| t.tainted) {
                self.missing(ObjectRef::Index(name, table.cloned()));
            }
            return;
        };
        let Some(found) = self.db.table(&owner) else { return };
        if let Some(at) = found.indexes.iter().position(|i| i.name.as_deref() == Some(&name.name)) {
            let key = plain_key(&found.indexes[at]);
            self.detach_index(&owner, at);
            if let Some(key) = key.filter(|_| self.is_postgresql()) {
                self.release_key(&owner, &key, ObjectRef::Index(name, Some(owner.clone())), cascade);
            }
            return;
        }
        let at = found
            .constraints
            .iter()
            .position(|c| c.name.as_deref() == Some(&name.name) && is_kept_by_index(c));
        match at {
            Some(at) if self.is_mysql() => {
                self.detach_constraint(&owner, at);
            }
            Some(_) => {
                let reason = format!(
                    "cannot drop index {} because constraint {} on table {} requires it",
                    name.name, name.name, owner.name
                );
                self.refused(ObjectRef::Index(name, Some(owner)), reason);
            }
            None if if_exists => self.applied.skipped = true,
            None => self.missing(ObjectRef::Index(name, Some(owner))),
        }
    }

    /// The only table that has an index of that name (MySQL, where the table was not said).
    fn only_owner(&self, name: &ObjectName) -> Option<ObjectName> {
        let mut tables = self.db.tables.values().filter(|t| t.index(&name.name).is_some());
        match (tables.next(), tables.next()) {
            (Some(only), None) => Some(only.name.clone()),
            _ => None,
        }
    }

    pub(super) fn rename_index(
        &mut self,
        from: &ObjectName,
        table: Option<&ObjectName>,
        to: &str,
        if_exists: bool,
    ) {
        let owner = match table {
            Some(table) => Some(table.clone()),
            None => self.db.index_owners.get(from).map(|owner| owner.as_ref().clone()),
        };
        let found = owner.as_ref().and_then(|owner| self.db.table(owner));
        let (Some(owner), Some(found)) = (owner.clone(), found) else {
            if if_exists {
                self.applied.skipped = true;
            } else {
                self.missing(ObjectRef::Index(from.clone(), owner));
            }
            return;
        };
        let full = from.sibling(to);
        if self.db.relation_exists(&full) && !self.is_mysql() {
            let made_by = self.relation_origin(&full);
            self.exists(ObjectRef::Index(full, None), made_by);
            return;
        }
        if let Some(at) = found.indexes.iter().position(|i| i.name.as_deref() == Some(&from.name)) {
            let Some(mut index) = self.detach_index(&owner, at) else { return };
            index.name = Some(crate::names::cut_name(to, self.db.dialect));
            self.attach_index(&owner, index);
            if let Some(found) = self.table_mut(&owner)
                && let Some(last) = found.indexes.pop()
            {
                found.indexes.insert(at.min(found.indexes.len()), last);
            }
        } else if found.constraint(&from.name).is_some() {
            self.rename_constraint(&owner, &from.name, to);
        } else if if_exists {
            self.applied.skipped = true;
        } else if !found.tainted {
            self.missing(ObjectRef::Index(from.clone(), Some(owner)));
        }
    }
}

/// The columns of a unique index that a foreign key may point at.
fn plain_key(index: &Index) -> Option<Vec<String>> {
    if !index.unique || index.predicate.is_some() {
        return None;
    }
    index
        .keys
        .iter()
        .map(|k| if let KeyPart::Column(name) = &k.part { Some(name.clone()) } else { None })
        .collect()
}

/// Says whether a key covers exactly these columns, in any order.
fn has_key(table: &Table, columns: &[String]) -> bool {
    let same = |key: &[String]| key.len() == columns.len() && key.iter().all(|c| columns.contains(c));
    table.constraints.iter().any(|c| match &c.body {
        ConstraintBody::PrimaryKey { columns, .. } | ConstraintBody::Unique { columns, .. } => {
            c.mode == CheckMode::Immediate && same(columns)
        }
        _ => false,
    }) || table.indexes.iter().filter_map(plain_key).any(|key| same(&key))
}

fn has_column(table: &Table, name: &str, case: bool) -> bool {
    table.columns.iter().any(|c| if case { c.name == name } else { c.name.eq_ignore_ascii_case(name) })
}

fn lost_columns(table: &Table, constraint: &Constraint, case: bool) -> Vec<String> {
    let columns: &[String] = match &constraint.body {
        ConstraintBody::PrimaryKey { columns, .. }
        | ConstraintBody::Unique { columns, .. }
        | ConstraintBody::ForeignKey { columns, .. } => columns,
        ConstraintBody::Check { .. } | ConstraintBody::Exclude { .. } => &[],
    };
    columns.iter().filter(|name| !has_column(table, name, case)).cloned().collect()
}

/// Says whether no operator of PostgreSQL's compares two types, as far as both are known well enough.
#[must_use]
pub fn never_compare(a: &TypeKind, b: &TypeKind) -> bool {
    matches!((family(a), family(b)), (Some(a), Some(b)) if a != b)
}

/// Types that compare with each other; `None` for what is not known well enough.
fn family(kind: &TypeKind) -> Option<u8> {
    let TypeKind::Named { name, .. } = kind else { return None };
    match name.as_str() {
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" => Some(0),
        "text" | "character varying" | "character" => Some(1),
        "uuid" => Some(2),
        "boolean" => Some(3),
        "bytea" => Some(4),
        _ => None,
    }
}
