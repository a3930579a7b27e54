//! SQLite.

use super::order::Phase;
use super::{
    Writer, Written, about, action, check_mode, constraint_ref, in_brackets, index_ref, text, types,
};
use crate::change::ObjectRef;
use crate::model::{
    Action, Column, Constraint, ConstraintBody, Default, Dialect, Index, KeyPart, NullsOrder, ObjectKind,
    Order, Table, TypeKind,
};
use std::cmp::Reverse;
use std::collections::BTreeSet;

const DIALECT: Dialect = Dialect::Sqlite;

/// Pushes every statement. Comments are passed over: SQLite has none.
pub(super) fn write(writer: &mut Writer<'_>) {
    for schema in writer.database.schemas.keys() {
        writer.omit(ObjectRef::Schema(schema.clone()), "SQLite cannot make a schema");
    }
    for name in writer.database.enums.keys() {
        writer.omit(ObjectRef::Enum(name.clone()), "SQLite has no enum types");
    }
    for name in writer.database.sequences.keys() {
        writer.omit(ObjectRef::Sequence(name.clone()), "SQLite has no sequences");
    }
    for table in writer.tables.clone() {
        make_table(writer, table);
    }
    for object in writer.objects() {
        let phase = match object.kind {
            ObjectKind::VirtualTable => Phase::Table,
            ObjectKind::View => Phase::View,
            ObjectKind::Trigger => Phase::Trigger,
            _ => Phase::Late,
        };
        writer.push_object(phase, object);
    }
}

pub(super) fn make_table<'a>(writer: &mut Writer<'a>, table: &'a Table) {
    let object = ObjectRef::Table(table.name.clone());
    let Ok(name) = writer.object(&table.name) else { return };
    let counted = counted_column(table);
    let mut items = Vec::new();
    for column in writer.written_columns(table) {
        let key = counted.as_ref().and_then(|(name, key)| (*name == column.name).then_some(*key));
        if column.autoincrement && key.is_none() {
            writer.omit(
                ObjectRef::Column(table.name.clone(), column.name.clone()),
                "only an INTEGER that is the primary key counts by itself",
            );
        }
        match column_sql(writer, table, column, key) {
            Ok(sql) => items.push(sql),
            Err(reason) => {
                writer.omit(ObjectRef::Column(table.name.clone(), column.name.clone()), reason);
            }
        }
    }
    for constraint in &table.constraints {
        if counted.as_ref().is_some_and(|(_, key)| std::ptr::eq(*key, constraint)) {
            continue;
        }
        match constraint_sql(writer, table, constraint) {
            Ok(sql) => items.push(sql),
            Err(reason) => writer.omit(constraint_ref(table, constraint), about(constraint, &reason)),
        }
    }
    let mut options = Vec::new();
    for (key, value) in &table.options {
        let on = !value.eq_ignore_ascii_case("false");
        match key.as_str() {
            "without rowid" if on => options.push("WITHOUT ROWID"),
            "strict" if on => options.push("STRICT"),
            _ => {}
        }
    }
    options.reverse();
    let tail = if options.is_empty() { String::new() } else { format!(" {}", options.join(", ")) };
    let sql = format!("CREATE TABLE {name} {}{tail}", in_brackets(&items));
    let makes = table.name.clone();
    writer.push_maker(Phase::Table, sql, table.origin, object, makes, BTreeSet::new());
    for index in &table.indexes {
        let written = index_sql(writer, table, index);
        let object = index_ref(table, index.name.as_deref());
        let needs = BTreeSet::from([table.name.clone()]);
        writer.push_or_omit(Phase::Index(Reverse(0)), written, index.origin, object, needs);
    }
}

/// Returns the column that stands as `INTEGER PRIMARY KEY AUTOINCREMENT`, and its key.
fn counted_column(table: &Table) -> Option<(&str, &Constraint)> {
    let key = table.primary_key()?;
    let ConstraintBody::PrimaryKey { columns, .. } = &key.body else {
        return None;
    };
    let [name] = columns.as_slice() else {
        return None;
    };
    let column = table.columns.iter().find(|c| c.name.eq_ignore_ascii_case(name))?;
    let integer = match &column.data_type.kind {
        TypeKind::Named { name, args, .. } => name.eq_ignore_ascii_case("integer") && args.is_empty(),
        _ => false,
    };
    (column.autoincrement && integer).then_some((column.name.as_str(), key))
}

pub(super) fn column_sql(
    writer: &mut Writer<'_>,
    table: &Table,
    column: &Column,
    key: Option<&Constraint>,
) -> Written {
    let object = || ObjectRef::Column(table.name.clone(), column.name.clone());
    let mut sql = writer.name(&column.name)?;
    let data_type = types::write(&column.data_type.kind, DIALECT)?;
    if !data_type.is_empty() {
        sql.push_str(&format!(" {data_type}"));
    }
    if let Some(default) = &column.default {
        match default_sql(writer, default) {
            Ok(default) => sql.push_str(&format!(" DEFAULT {default}")),
            Err(reason) => writer.omit(object(), format!("its default: {reason}")),
        }
    }
    if let Some(name) = &column.collation {
        match collation(writer, name) {
            Ok(name) => sql.push_str(&format!(" COLLATE {name}")),
            Err(reason) => writer.omit(object(), format!("its collation: {reason}")),
        }
    }
    if let Some(computed) = &column.computed {
        match writer.expression_on(table, &computed.expression) {
            Ok(expression) => {
                let kind = if computed.stored { "STORED" } else { "VIRTUAL" };
                sql.push_str(&format!(" GENERATED ALWAYS AS ({expression}) {kind}"));
            }
            Err(reason) => writer.omit(object(), format!("its expression: {reason}")),
        }
    }
    if column.identity.is_some() {
        writer.omit(object(), "SQLite has no identity");
    }
    if !column.nullable {
        sql.push_str(" NOT NULL");
    }
    if let Some(key) = key {
        if let Some(name) = &key.name {
            sql.push_str(&format!(" CONSTRAINT {}", writer.name(name)?));
        }
        sql.push_str(" PRIMARY KEY AUTOINCREMENT");
    }
    Ok(sql)
}

/// Writes the name of a collation; the known ones are written as people do.
fn collation(writer: &Writer<'_>, name: &str) -> Written {
    if ["binary", "nocase", "rtrim"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
        return Ok(name.to_owned());
    }
    writer.name(name)
}

/// Writes a default: SQLite wants brackets around all but a literal.
fn default_sql(writer: &Writer<'_>, default: &Default) -> Written {
    match default {
        Default::Expression(text) => {
            let sql = writer.expression(text)?;
            Ok(if text::is_literal(&sql, DIALECT) { sql } else { format!("({sql})") })
        }
        Default::NextValue(_) => Err("SQLite has no sequences".to_owned()),
        Default::Unknown(reason) => Err(reason.clone()),
    }
}

pub(super) fn constraint_sql(writer: &Writer<'_>, table: &Table, constraint: &Constraint) -> Written {
    let mut sql = match &constraint.name {
        Some(name) => format!("CONSTRAINT {} ", writer.name(name)?),
        None => String::new(),
    };
    let on = &table.name;
    match &constraint.body {
        ConstraintBody::PrimaryKey { columns, .. } => {
            sql.push_str(&format!("PRIMARY KEY ({})", writer.columns_of(on, columns)?));
        }
        ConstraintBody::Unique { columns, .. } => {
            sql.push_str(&format!("UNIQUE ({})", writer.columns_of(on, columns)?));
        }
        ConstraintBody::Check { expression, .. } => {
            sql.push_str(&format!("CHECK ({})", writer.expression_on(table, expression)?));
        }
        ConstraintBody::Exclude { .. } => return Err("SQLite has no exclusion constraints".to_owned()),
        // What it points at may be missing, SQLite does not look.
        ConstraintBody::ForeignKey { columns, table: target, references, on_delete, on_update, .. } => {
            sql.push_str(&format!("FOREIGN KEY ({})", writer.columns_of(on, columns)?));
            writer.object(target)?;
            sql.push_str(&format!(" REFERENCES {}", writer.name(&target.name)?));
            if !references.is_empty() {
                sql.push_str(&format!(" ({})", writer.names(references)?));
            }
            if *on_delete != Action::NoAction {
                sql.push_str(&format!(" ON DELETE {}", action(*on_delete)));
            }
            if *on_update != Action::NoAction {
                sql.push_str(&format!(" ON UPDATE {}", action(*on_update)));
            }
            sql.push_str(check_mode(constraint.mode));
        }
    }
    Ok(sql)
}

pub(super) fn index_sql(writer: &Writer<'_>, table: &Table, index: &Index) -> Written {
    let Some(name) = &index.name else {
        return Err("an index of it has no name".to_owned());
    };
    let mut keys = Vec::new();
    for key in &index.keys {
        let mut sql = match &key.part {
            KeyPart::Column(name) => writer.columns_of(&table.name, std::slice::from_ref(name))?,
            // A collation behind it would belong to its last part only.
            KeyPart::Expression(text) if key.collation.is_none() => writer.expression_on(table, text)?,
            KeyPart::Expression(text) => format!("({})", writer.expression_on(table, text)?),
        };
        if let Some(name) = &key.collation {
            sql.push_str(&format!(" COLLATE {}", collation(writer, name)?));
        }
        match key.order {
            Some(Order::Ascending) => sql.push_str(" ASC"),
            Some(Order::Descending) => sql.push_str(" DESC"),
            None => {}
        }
        match key.nulls {
            Some(NullsOrder::First) if key.order != Some(Order::Descending) => {}
            Some(NullsOrder::Last) if key.order == Some(Order::Descending) => {}
            Some(_) => return Err("SQLite cannot move NULL in an index".to_owned()),
            None => {}
        }
        keys.push(sql);
    }
    if keys.is_empty() {
        return Err("it has no keys".to_owned());
    }
    let unique = if index.unique { "UNIQUE " } else { "" };
    let mut sql = format!(
        "CREATE {unique}INDEX {} ON {} ({})",
        writer.name(name)?,
        writer.object(&table.name)?,
        keys.join(", ")
    );
    if let Some(predicate) = &index.predicate {
        sql.push_str(&format!(" WHERE {}", writer.expression_on(table, predicate)?));
    }
    Ok(sql)
}
