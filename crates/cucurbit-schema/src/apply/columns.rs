//! Columns.

use super::Step;
use crate::change::{ColumnAlteration, ObjectRef, Position};
use crate::model::{
    Column, Constraint, ConstraintBody, Default, Dialect, KeyPart, ObjectName, Table, TypeKind,
};
use crate::words;
use std::sync::Arc;

impl Step<'_> {
    pub(super) fn add_column(
        &mut self,
        table: &ObjectName,
        column: &Column,
        constraints: &[Constraint],
        if_not_exists: bool,
        table_if_exists: bool,
        position: &Position,
    ) {
        let Some(found) = self.db.table(table) else {
            if table_if_exists {
                self.applied.skipped = true;
            } else {
                self.missing(ObjectRef::Table(table.clone()));
            }
            return;
        };
        if found.column(&column.name).is_some() && if_not_exists {
            self.applied.skipped = true;
            return;
        }
        let at = match position {
            Position::Last => None,
            Position::First => Some(0),
            Position::After(name) => found.columns.iter().position(|c| c.name == *name).map(|at| at + 1),
        };
        let known = found.columns.len();
        self.put_column(table, column.clone(), at);
        if self.db.table(table).is_some_and(|t| t.columns.len() > known) {
            for constraint in constraints {
                self.add_constraint(table, constraint, None, false);
            }
        }
    }

    pub(super) fn drop_column(&mut self, table: &ObjectName, column: &str, if_exists: bool, cascade: bool) {
        let object = ObjectRef::Column(table.clone(), column.to_owned());
        let Some(found) = self.db.tables.get(table).map(Arc::clone) else {
            self.missing(ObjectRef::Table(table.clone()));
            return;
        };
        if found.column(column).is_none() {
            if if_exists {
                self.applied.skipped = true;
            } else {
                self.missing(object);
            }
            return;
        }
        let case = self.case_sensitive();
        match self.db.dialect {
            Dialect::PostgreSql => {
                let incoming = self.key_referrers(table, &[column.to_owned()], false);
                if !incoming.is_empty() {
                    if cascade {
                        for (other, name) in &incoming {
                            self.remove_constraint_named(other, name.as_deref());
                        }
                    } else {
                        let by = incoming
                            .into_iter()
                            .map(|(t, n)| ObjectRef::Constraint(t, n.unwrap_or_default()))
                            .collect();
                        self.needed(object.clone(), by);
                    }
                }
                self.drop_constraints_on(table, column, case);
                self.drop_indexes_on(table, column, case);
            }
            Dialect::Sqlite => {
                // Refused by the database when something uses it; what is left would not make sense.
                self.drop_constraints_on(table, column, case);
                self.drop_indexes_on(table, column, case);
            }
            Dialect::MySql | Dialect::MariaDb => self.shorten_keys(table, column),
        }
        if let Some(found) = self.table_mut(table) {
            found.columns.retain(|c| c.name != column);
        }
        let owned: Vec<ObjectName> = self
            .db
            .sequences
            .owned_by(table)
            .filter(|s| s.owner.as_ref().is_some_and(|(_, c)| c == column))
            .map(|s| s.name.clone())
            .collect();
        for sequence in owned {
            self.db.sequences.remove(&sequence);
            self.dropped(ObjectRef::Sequence(sequence));
        }
        self.dropped(object);
    }

    fn drop_constraints_on(&mut self, table: &ObjectName, column: &str, case: bool) {
        while let Some(at) = self
            .db
            .table(table)
            .and_then(|t| t.constraints.iter().position(|c| constraint_uses(c, column, case)))
        {
            self.detach_constraint(table, at);
        }
    }

    fn drop_indexes_on(&mut self, table: &ObjectName, column: &str, case: bool) {
        while let Some(at) =
            self.db.table(table).and_then(|t| t.indexes.iter().position(|i| index_uses(i, column, case)))
        {
            self.detach_index(table, at);
        }
    }

    /// MySQL takes a dropped column out of keys, and drops keys that are left without columns.
    fn shorten_keys(&mut self, table: &ObjectName, column: &str) {
        if let Some(found) = self.table_mut(table) {
            for index in &mut found.indexes {
                index.keys.retain(
                    |k| !matches!(&k.part, KeyPart::Column(name) if name.eq_ignore_ascii_case(column)),
                );
            }
            for constraint in &mut found.constraints {
                if let ConstraintBody::PrimaryKey { columns, .. } | ConstraintBody::Unique { columns, .. } =
                    &mut constraint.body
                {
                    columns.retain(|c| !c.eq_ignore_ascii_case(column));
                }
            }
        }
        while let Some(at) =
            self.db.table(table).and_then(|t| t.indexes.iter().position(|i| i.keys.is_empty()))
        {
            self.detach_index(table, at);
        }
        while let Some(at) = self.db.table(table).and_then(|t| {
            t.constraints.iter().position(|c| match &c.body {
                ConstraintBody::PrimaryKey { columns, .. } | ConstraintBody::Unique { columns, .. } => {
                    columns.is_empty()
                }
                _ => constraint_uses(c, column, false),
            })
        }) {
            self.detach_constraint(table, at);
        }
    }

    pub(super) fn alter_column(&mut self, table: &ObjectName, column: &str, alteration: &ColumnAlteration) {
        let object = ObjectRef::Column(table.clone(), column.to_owned());
        let Some(found) = self.db.table(table) else {
            self.missing(ObjectRef::Table(table.clone()));
            return;
        };
        let Some(old) = found.column(column).cloned() else {
            // It may be a column of the table that it inherits from.
            if !found.tainted && !found.options.contains_key("inherits") {
                self.missing(object);
            }
            return;
        };
        let in_primary_key = found.primary_key().is_some_and(|key| {
            matches!(&key.body, ConstraintBody::PrimaryKey { columns, .. } if columns.iter().any(|c| c == column))
        });
        match alteration {
            ColumnAlteration::Rename(to) => {
                if to != column {
                    self.rename_column(table, column, to);
                }
                return;
            }
            ColumnAlteration::Type { data_type, using, collation } => {
                if self.is_postgresql()
                    && let TypeKind::Enum { name: Some(name), .. } = data_type.kind.innermost()
                    && !self.db.enums.contains_key(name)
                {
                    self.missing(ObjectRef::Enum(name.clone()));
                }
                if self.is_postgresql()
                    && using.is_none()
                    && castable(&old.data_type.kind, &data_type.kind) == Some(false)
                {
                    self.refused(
                        object.clone(),
                        format!(
                            "column \"{column}\" cannot be cast automatically to type {}",
                            brief(&data_type.kind)
                        ),
                    );
                }
                // PostgreSQL keeps the value that a default was read as: a literal stays of the type it had.
                let name = match (&old.data_type.kind, &data_type.kind) {
                    (TypeKind::Named { name, .. }, new) if !same_name(name, new) => Some(name.clone()),
                    (TypeKind::Array { element, .. }, TypeKind::Array { element: new, .. }) => {
                        match element.as_ref() {
                            TypeKind::Named { name, .. } if !same_name(name, new) => {
                                Some(format!("{name}[]"))
                            }
                            _ => None,
                        }
                    }
                    _ => None,
                };
                let kept = match (&old.default, name) {
                    (Some(Default::Expression(text)), Some(name))
                        if self.is_postgresql() && is_literal(text) =>
                    {
                        Some(Default::Expression(format!("{}::{name}", text.trim())))
                    }
                    _ => None,
                };
                self.edit(table, column, |c| {
                    c.data_type = data_type.clone();
                    c.collation.clone_from(collation);
                    if kept.is_some() {
                        c.default = kept;
                    }
                });
            }
            ColumnAlteration::Nullable(nullable) => {
                if *nullable && in_primary_key && !self.is_mysql() {
                    self.refused(object, format!("column \"{column}\" is in a primary key"));
                    return;
                }
                if *nullable && self.is_postgresql() && old.identity.is_some() {
                    self.refused(object, format!("column \"{column}\" is an identity column"));
                    return;
                }
                let nullable = *nullable && !in_primary_key;
                self.edit(table, column, |c| c.nullable = nullable);
            }
            ColumnAlteration::Default(default) => {
                if let (true, Some(Default::NextValue(name))) = (self.is_postgresql(), default)
                    && !self.db.sequences.contains_key(name)
                {
                    self.missing(ObjectRef::Sequence(name.clone()));
                }
                self.edit(table, column, |c| c.default.clone_from(default));
            }
            ColumnAlteration::Comment(comment) => {
                self.edit(table, column, |c| c.comment.clone_from(comment));
            }
            ColumnAlteration::Identity(identity) => {
                if self.is_postgresql() && identity.is_some() && old.identity.is_none() && old.nullable {
                    self.refused(
                        object.clone(),
                        format!("column \"{column}\" must be declared NOT NULL before identity can be added"),
                    );
                }
                self.edit(table, column, |c| {
                    c.identity.clone_from(identity);
                    super::tables::keep_sequence(c, (table, column), (table, column));
                });
            }
            ColumnAlteration::DropExpression => self.edit(table, column, |c| c.computed = None),
            ColumnAlteration::Autoincrement(on) => self.edit(table, column, |c| c.autoincrement = *on),
            ColumnAlteration::Definition { column: definition, position } => {
                let mut definition = (**definition).clone();
                definition.origin = old.origin;
                definition.nullable &= !in_primary_key;
                let to = definition.name.clone();
                if to != column {
                    self.rename_column(table, column, &to);
                }
                let Some(found) = self.table_mut(table) else { return };
                let Some(at) = found.columns.iter().position(|c| c.name == to) else { return };
                found.columns[at] = definition;
                if let Some(position) = position {
                    let moved = found.columns.remove(at);
                    let to = match position {
                        Position::First => 0,
                        Position::After(name) => {
                            found.columns.iter().position(|c| c.name == *name).map_or(at, |p| p + 1)
                        }
                        Position::Last => found.columns.len(),
                    };
                    found.columns.insert(to.min(found.columns.len()), moved);
                }
            }
        }
        self.touched(object);
    }

    pub(super) fn edit(&mut self, table: &ObjectName, column: &str, edit: impl FnOnce(&mut Column)) {
        if let Some(found) = self.table_mut(table)
            && let Some(column) = found.columns.iter_mut().find(|c| c.name == column)
        {
            edit(column);
        }
    }

    fn rename_column(&mut self, table: &ObjectName, from: &str, to: &str) {
        let case = self.case_sensitive();
        let Some(found) = self.table_mut(table) else { return };
        if let Some(there) = found.column(to) {
            let made_by = there.origin;
            self.exists(ObjectRef::Column(table.clone(), to.to_owned()), made_by);
            return;
        }
        for column in &mut found.columns {
            if column.name == from {
                super::tables::keep_sequence(column, (table, from), (table, to));
                to.clone_into(&mut column.name);
            }
            if let Some(computed) = &mut column.computed {
                rename_in(&mut computed.expression, from, to, case);
            }
        }
        for constraint in &mut found.constraints {
            rename_in_constraint(&mut constraint.body, from, to, case);
        }
        for index in &mut found.indexes {
            for key in &mut index.keys {
                match &mut key.part {
                    KeyPart::Column(name) => rename_one(name, from, to),
                    KeyPart::Expression(text) => rename_in(text, from, to, case),
                }
            }
            index.include.iter_mut().for_each(|name| rename_one(name, from, to));
            if let Some(predicate) = &mut index.predicate {
                rename_in(predicate, from, to, case);
            }
        }
        let is_named = |c: &Constraint| {
            matches!(&c.body, ConstraintBody::ForeignKey { table: t, references, .. }
                if t == table && references.iter().any(|r| r == from))
        };
        self.db.tables.change_referrers(
            table,
            |other| other.constraints.iter().any(is_named),
            |other| {
                for constraint in &mut other.constraints {
                    if let ConstraintBody::ForeignKey { table: target, references, .. } = &mut constraint.body
                        && target == table
                    {
                        references.iter_mut().for_each(|name| rename_one(name, from, to));
                    }
                }
            },
        );
        let owned: Vec<ObjectName> = self.db.sequences.owned_by(table).map(|s| s.name.clone()).collect();
        for sequence in owned {
            self.db.sequences.change_one(&sequence, |sequence| {
                if let Some((_, column)) = &mut sequence.owner {
                    rename_one(column, from, to);
                }
            });
        }
        self.db.dropped.insert(ObjectRef::Column(table.clone(), from.to_owned()), self.origin);
        self.touched(ObjectRef::Column(table.clone(), to.to_owned()));
    }
}

fn rename_one(name: &mut String, from: &str, to: &str) {
    if name == from {
        to.clone_into(name);
    }
}

fn rename_in(text: &mut String, from: &str, to: &str, case: bool) {
    if let Some(renamed) = words::renamed(text, from, to, case) {
        *text = renamed;
    }
}

fn rename_in_constraint(body: &mut ConstraintBody, from: &str, to: &str, case: bool) {
    match body {
        ConstraintBody::PrimaryKey { columns, include } | ConstraintBody::Unique { columns, include, .. } => {
            columns.iter_mut().chain(include).for_each(|name| rename_one(name, from, to));
        }
        ConstraintBody::ForeignKey { columns, set_columns, .. } => {
            columns.iter_mut().chain(set_columns).for_each(|name| rename_one(name, from, to));
        }
        ConstraintBody::Check { expression, .. } => rename_in(expression, from, to, case),
        ConstraintBody::Exclude { elements, predicate, .. } => {
            elements.iter_mut().chain(predicate).for_each(|text| rename_in(text, from, to, case));
        }
    }
}

/// A table without the constraints and indexes that use one of some columns; `None` when there is none of them.
pub(super) fn without_uses(table: &Table, columns: &[&str], case: bool) -> Option<Table> {
    let uses_constraint = |c: &Constraint| columns.iter().any(|column| constraint_uses(c, column, case));
    let uses_index = |i: &crate::Index| columns.iter().any(|column| index_uses(i, column, case));
    if !table.constraints.iter().any(uses_constraint) && !table.indexes.iter().any(uses_index) {
        return None;
    }
    let mut out = table.clone();
    out.constraints.retain(|c| !uses_constraint(c));
    out.indexes.retain(|i| !uses_index(i));
    Some(out)
}

/// Says whether a constraint uses a column of its own table.
pub(super) fn constraint_uses(constraint: &Constraint, column: &str, case: bool) -> bool {
    let is = |name: &String| if case { name == column } else { name.eq_ignore_ascii_case(column) };
    match &constraint.body {
        ConstraintBody::PrimaryKey { columns, include } | ConstraintBody::Unique { columns, include, .. } => {
            columns.iter().chain(include).any(is)
        }
        ConstraintBody::ForeignKey { columns, .. } => columns.iter().any(is),
        ConstraintBody::Check { expression, .. } => words::uses(expression, column, case),
        ConstraintBody::Exclude { elements, predicate, .. } => {
            elements.iter().chain(predicate).any(|text| words::uses(text, column, case))
        }
    }
}

fn index_uses(index: &crate::Index, column: &str, case: bool) -> bool {
    let is = |name: &String| if case { name == column } else { name.eq_ignore_ascii_case(column) };
    index.keys.iter().any(|key| match &key.part {
        KeyPart::Column(name) => is(name),
        KeyPart::Expression(text) => words::uses(text, column, case),
    }) || index.include.iter().any(is)
        || index.predicate.as_ref().is_some_and(|text| words::uses(text, column, case))
}

/// A type in a few words, for messages.
pub(super) fn brief(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Named { name, .. } => name.clone(),
        TypeKind::Enum { name: Some(name), .. } => name.to_string(),
        TypeKind::Enum { name: None, .. } => "enum".to_owned(),
        TypeKind::Array { element, .. } => format!("{}[]", brief(element)),
        TypeKind::Unknown(_) => "unknown".to_owned(),
    }
}

/// Says whether PostgreSQL changes a column from one type into another without `USING`: there must be a cast
/// that works in assignments (`pg_cast`). `None` where a type is not one of the usual ones.
#[must_use]
pub fn castable(from: &TypeKind, to: &TypeKind) -> Option<bool> {
    let family = |kind: &TypeKind| -> Option<&'static str> {
        Some(match kind {
            TypeKind::Enum { .. } => "enum",
            TypeKind::Named { name, .. } => match name.as_str() {
                "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" => "number",
                "character varying" | "character" | "text" | "name" | "citext" => "text",
                "boolean" => "boolean",
                "timestamp without time zone" | "timestamp with time zone" | "date" => "moment",
                "time without time zone" | "time with time zone" => "time",
                "interval" => "interval",
                "json" | "jsonb" => "json",
                "uuid" => "uuid",
                "bytea" => "bytea",
                "inet" | "cidr" => "inet",
                _ => return None,
            },
            TypeKind::Array { .. } | TypeKind::Unknown(_) => return None,
        })
    };
    if from == to {
        return Some(true);
    }
    if let (TypeKind::Enum { name: Some(a), .. }, TypeKind::Enum { name: Some(b), .. }) = (from, to) {
        return Some(a == b);
    }
    if let (TypeKind::Array { element: from, .. }, TypeKind::Array { element: to, .. }) = (from, to) {
        return castable(from, to);
    }
    let (from, to) = (family(from)?, family(to)?);
    Some(match (from, to) {
        ("enum", "enum") => false,
        (from, to) if from == to => true,
        // Every type has an assignment cast to text.
        (_, "text") => true,
        _ => false,
    })
}

/// Says whether a default is a string literal and nothing else.
fn is_literal(text: &str) -> bool {
    let text = text.trim();
    text.strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
        .is_some_and(|inner| !inner.replace("''", "").contains('\''))
}

fn same_name(name: &str, kind: &TypeKind) -> bool {
    matches!(kind, TypeKind::Named { name: other, .. } if other == name)
}
