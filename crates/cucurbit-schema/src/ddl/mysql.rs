//! MySQL and MariaDB.

use super::order::Phase;
use super::{
    Writer, Written, about, action, constraint_ref, in_brackets, index_ref, text, types, without_brackets,
};
use crate::change::ObjectRef;
use crate::model::{
    Action, Column, Constraint, ConstraintBody, Default, Dialect, Index, KeyPart, NameKind, ObjectKind,
    ObjectName, Order, Sequence, Table, TypeKind,
};
use std::collections::BTreeSet;

/// Pushes every statement.
pub(super) fn write(writer: &mut Writer<'_>) {
    let mut schemas = writer.database.schemas.clone();
    for table in &writer.tables {
        if let Some(schema) = &table.name.schema {
            schemas.entry(schema.clone()).or_insert(table.origin);
        }
    }
    for (schema, origin) in schemas {
        let written = writer.name(&schema).map(|name| format!("CREATE SCHEMA {name}"));
        writer.push_or_omit(Phase::Schema, written, origin, ObjectRef::Schema(schema), BTreeSet::new());
    }
    for name in writer.database.enums.keys() {
        writer.omit(ObjectRef::Enum(name.clone()), "MySQL has no enum types of their own");
    }
    for sequence in writer.database.sequences.values() {
        let written = sequence_sql(writer, sequence);
        let object = ObjectRef::Sequence(sequence.name.clone());
        writer.push_or_omit(Phase::Sequence, written, sequence.origin, object, BTreeSet::new());
    }
    for table in writer.tables.clone() {
        make_table(writer, table);
    }
    for object in writer.objects() {
        let phase = match object.kind {
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate => Phase::FunctionOnTable,
            ObjectKind::View => Phase::View,
            ObjectKind::Trigger => Phase::Trigger,
            ObjectKind::Grant => Phase::Grant,
            _ => Phase::Late,
        };
        writer.push_object(phase, object);
    }
}

pub(super) fn sequence_sql(writer: &Writer<'_>, sequence: &Sequence) -> Written {
    if writer.dialect != Dialect::MariaDb {
        return Err("MySQL has no sequences".to_owned());
    }
    let options = super::sequence_options(&sequence.options);
    Ok(format!("CREATE SEQUENCE {}{options}", writer.object(&sequence.name)?))
}

pub(super) fn make_table<'a>(writer: &mut Writer<'a>, table: &'a Table) {
    let object = ObjectRef::Table(table.name.clone());
    let Ok(name) = writer.object(&table.name) else { return };
    let mut items = Vec::new();
    for column in writer.written_columns(table) {
        match column_sql(writer, table, column) {
            Ok(sql) => items.push(sql),
            Err(reason) => {
                writer.omit(ObjectRef::Column(table.name.clone(), column.name.clone()), reason);
            }
        }
    }
    let mut later = Vec::new();
    for constraint in &table.constraints {
        let foreign = matches!(constraint.body, ConstraintBody::ForeignKey { .. });
        match constraint_sql(writer, table, constraint) {
            Ok(sql) if foreign => later.push((constraint, sql)),
            Ok(sql) => items.push(sql),
            Err(reason) => writer.omit(constraint_ref(table, constraint), about(constraint, &reason)),
        }
    }
    for index in &table.indexes {
        match index_sql(writer, table, index) {
            Ok(sql) => items.push(sql),
            Err(reason) => writer.omit(index_ref(table, index.name.as_deref()), reason),
        }
    }
    let mut sql = format!("CREATE TABLE {name} {}", in_brackets(&items));
    for (key, value) in &table.options {
        match table_option(writer, key, value) {
            Ok(option) => sql.push_str(&option),
            Err(reason) => writer.omit(object.clone(), format!("its option `{key}`: {reason}")),
        }
    }
    if let Some(comment) = &table.comment {
        match writer.string(comment) {
            Ok(comment) => sql.push_str(&format!(" COMMENT={comment}")),
            Err(reason) => writer.omit(object.clone(), format!("its comment: {reason}")),
        }
    }
    if let Some(text) = table.options.get("partition by") {
        match writer.expression(text) {
            Ok(text) => sql.push_str(&format!(" PARTITION BY {text}")),
            Err(reason) => writer.omit(object.clone(), format!("its option `partition by`: {reason}")),
        }
    }
    // A sequence that a default counts with.
    let needs = table.columns.iter().filter_map(|column| match &column.default {
        Some(Default::NextValue(name)) => Some(name.clone()),
        _ => None,
    });
    let needs: BTreeSet<ObjectName> = needs.collect();
    writer.push_maker(Phase::Table, sql, table.origin, object, table.name.clone(), needs);
    let mut taken: BTreeSet<String> = index_names(table).map(str::to_lowercase).collect();
    for (constraint, sql) in later {
        let sql = match implied_index(writer, table, constraint, &mut taken) {
            Some(index) => format!("{index}, ADD {sql}"),
            None => sql,
        };
        let mut needs = BTreeSet::from([table.name.clone()]);
        if let ConstraintBody::ForeignKey { table: target, .. } = &constraint.body {
            needs.insert(target.clone());
        }
        let sql = format!("ALTER TABLE {name} ADD {sql}");
        let object = Some(constraint_ref(table, constraint));
        writer.push(Phase::ForeignKey, sql, constraint.origin, object, needs);
    }
}

/// Writes an option of a table, a space in front; nothing for those that stand elsewhere.
/// The names of the indexes of a table, those of its unique constraints included.
fn index_names(table: &Table) -> impl Iterator<Item = &str> {
    let unique = |c: &&Constraint| matches!(c.body, ConstraintBody::Unique { .. });
    let constraints = table.constraints.iter().filter(unique).filter_map(|c| c.name.as_deref());
    constraints.chain(table.indexes.iter().filter_map(|i| i.name.as_deref()))
}

/// The index that the server makes for a foreign key without a name, under the name of its first column. Written
/// with the name that the key got, the key would give that to the index too.
fn implied_index(
    writer: &Writer<'_>,
    table: &Table,
    constraint: &Constraint,
    taken: &mut BTreeSet<String>,
) -> Option<String> {
    let ConstraintBody::ForeignKey { columns, .. } = &constraint.body else { return None };
    if constraint.name_kind != NameKind::Implicit || is_covered(table, columns) {
        return None;
    }
    let first = columns.first()?;
    let numbered = (2..100).map(|number| format!("{first}_{number}"));
    let name = std::iter::once(first.clone()).chain(numbered).find(|n| !taken.contains(&n.to_lowercase()))?;
    let sql =
        format!("INDEX {} ({})", writer.name(&name).ok()?, writer.columns_of(&table.name, columns).ok()?);
    taken.insert(name.to_lowercase());
    Some(sql)
}

/// Says whether the first keys of some index are these columns.
fn is_covered(table: &Table, columns: &[String]) -> bool {
    let by_constraint = table.constraints.iter().any(|c| match &c.body {
        ConstraintBody::PrimaryKey { columns: keys, .. } | ConstraintBody::Unique { columns: keys, .. } => {
            keys.starts_with(columns)
        }
        _ => false,
    });
    let leads = |index: &Index| {
        let keys = index.keys.iter().map(|key| match &key.part {
            KeyPart::Column(name) if key.length.is_none() => Some(name),
            _ => None,
        });
        index.keys.len() >= columns.len() && keys.zip(columns).all(|(key, column)| key == Some(column))
    };
    by_constraint || table.indexes.iter().any(leads)
}

pub(super) fn table_option(writer: &Writer<'_>, key: &str, value: &str) -> Written {
    let elsewhere = ["partition by", "comment", "with", "tablespace", "inherits", "unlogged", "partition of"];
    if elsewhere.contains(&key) || ["without rowid", "strict"].contains(&key) {
        return Ok(String::new());
    }
    let name = match key {
        "charset" | "character set" | "default charset" | "default_charset" | "default character set" => {
            "DEFAULT CHARSET".to_owned()
        }
        "collate" | "default collate" => "COLLATE".to_owned(),
        "data directory" | "index directory" => {
            return Ok(format!(" {}={}", key.to_uppercase(), writer.string(value.trim_matches('\''))?));
        }
        key if types::is_plain_word(key) => key.to_uppercase(),
        _ => return Err("it is not known".to_owned()),
    };
    let value = value.trim();
    let plain = !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain { Ok(format!(" {name}={value}")) } else { Ok(format!(" {name}={}", writer.string(value)?)) }
}

pub(super) fn column_sql(writer: &mut Writer<'_>, table: &Table, column: &Column) -> Written {
    let object = || ObjectRef::Column(table.name.clone(), column.name.clone());
    let dialect = writer.dialect;
    let kind = &column.data_type.kind;
    let mut sql = format!("{} {}", writer.name(&column.name)?, types::write(kind, dialect)?);
    if let Some(name) = &column.collation {
        if types::is_plain_word(name) {
            sql.push_str(&format!(" COLLATE {name}"));
        } else {
            writer.omit(object(), format!("its collation: `{name}` is no name"));
        }
    }
    let mut computed = false;
    if let Some(body) = &column.computed {
        match writer.expression_on(table, &body.expression) {
            Ok(expression) => {
                let kind = if body.stored { "STORED" } else { "VIRTUAL" };
                sql.push_str(&format!(" GENERATED ALWAYS AS ({expression}) {kind}"));
                computed = true;
            }
            Err(reason) => writer.omit(object(), format!("its expression: {reason}")),
        }
    }
    let timestamp = matches!(kind, TypeKind::Named { name, .. } if name.eq_ignore_ascii_case("timestamp"));
    if !column.nullable {
        // MariaDB has no NOT NULL behind an expression.
        if !computed || dialect == Dialect::MySql {
            sql.push_str(" NOT NULL");
        }
    } else if timestamp && !computed {
        // Without it an old server makes it NOT NULL.
        sql.push_str(" NULL");
    }
    if let Some(default) = &column.default {
        match default_sql(writer, default, kind) {
            Ok(default) => sql.push_str(&format!(" DEFAULT {default}")),
            Err(reason) => writer.omit(object(), format!("its default: {reason}")),
        }
    }
    if let Some(text) = &column.on_update {
        match writer.expression(text) {
            Ok(text) if text::is_time(&text, dialect) => sql.push_str(&format!(" ON UPDATE {text}")),
            Ok(_) => writer.omit(object(), "its ON UPDATE is not the time"),
            Err(reason) => writer.omit(object(), format!("its ON UPDATE: {reason}")),
        }
    }
    if column.identity.is_some() {
        writer.omit(object(), "MySQL has no identity");
    }
    if column.autoincrement {
        sql.push_str(" AUTO_INCREMENT");
    }
    if let Some(comment) = &column.comment {
        match writer.string(comment) {
            Ok(comment) => sql.push_str(&format!(" COMMENT {comment}")),
            Err(reason) => writer.omit(object(), format!("its comment: {reason}")),
        }
    }
    Ok(sql)
}

/// Types that take an expression for a default but no literal (MySQL).
fn wants_brackets(kind: &TypeKind) -> bool {
    let TypeKind::Named { name, .. } = kind else {
        return false;
    };
    let name = name.to_lowercase();
    name.ends_with("text") || name.ends_with("blob") || name == "json" || name.starts_with("geom")
}

/// Writes a default: brackets go around all but a literal and the time.
fn default_sql(writer: &Writer<'_>, default: &Default, kind: &TypeKind) -> Written {
    match default {
        Default::Expression(text) => {
            let sql = writer.expression(text)?;
            let bare = text::is_time(&sql, writer.dialect) || text::is_literal(&sql, writer.dialect);
            let bracketed = sql.starts_with('(') || sql.eq_ignore_ascii_case("null");
            let bare = bare && (bracketed || writer.dialect != Dialect::MySql || !wants_brackets(kind));
            Ok(if bare { sql } else { format!("({sql})") })
        }
        Default::NextValue(name) if writer.dialect == Dialect::MariaDb => {
            if !writer.database.sequences.contains_key(name) {
                return Err(format!("the sequence `{name}` is not there"));
            }
            Ok(format!("(NEXT VALUE FOR {})", writer.object(name)?))
        }
        Default::NextValue(_) => Err("MySQL has no sequences".to_owned()),
        Default::Unknown(reason) => Err(reason.clone()),
    }
}

pub(super) fn constraint_sql(writer: &Writer<'_>, table: &Table, constraint: &Constraint) -> Written {
    let named = match &constraint.name {
        Some(name) => format!("CONSTRAINT {} ", writer.name(name)?),
        None => String::new(),
    };
    let on = &table.name;
    match &constraint.body {
        ConstraintBody::PrimaryKey { columns, .. } => {
            Ok(format!("PRIMARY KEY ({})", writer.columns_of(on, columns)?))
        }
        ConstraintBody::Unique { columns, .. } => {
            let name = match &constraint.name {
                Some(name) => format!("{} ", writer.name(name)?),
                None => String::new(),
            };
            Ok(format!("UNIQUE KEY {name}({})", writer.columns_of(on, columns)?))
        }
        ConstraintBody::Check { expression, .. } => {
            let enforced = match (constraint.not_valid, writer.dialect) {
                (false, _) => "",
                (true, Dialect::MySql) => " NOT ENFORCED",
                (true, _) => return Err("MariaDB has no check that is not enforced".to_owned()),
            };
            Ok(format!("{named}CHECK ({}){enforced}", writer.expression_on(table, expression)?))
        }
        ConstraintBody::Exclude { .. } => Err("MySQL has no exclusion constraints".to_owned()),
        ConstraintBody::ForeignKey { columns, table: target, references, on_delete, on_update, .. } => {
            let own = writer.columns_of(on, columns)?;
            let mut references = references;
            if references.is_empty() {
                let key = writer.database.table(target).and_then(Table::primary_key).map(|key| &key.body);
                let Some(ConstraintBody::PrimaryKey { columns, .. }) = key else {
                    return Err(format!("the table `{target}` has no primary key"));
                };
                references = columns;
            }
            let there = writer.columns_of(target, references)?;
            let mut sql =
                format!("{named}FOREIGN KEY ({own}) REFERENCES {} ({there})", writer.object(target)?);
            if *on_delete != Action::NoAction {
                sql.push_str(&format!(" ON DELETE {}", action(*on_delete)));
            }
            if *on_update != Action::NoAction {
                sql.push_str(&format!(" ON UPDATE {}", action(*on_update)));
            }
            Ok(sql)
        }
    }
}

/// Writes an index as it stands in `CREATE TABLE`.
pub(super) fn index_sql(writer: &Writer<'_>, table: &Table, index: &Index) -> Written {
    if index.predicate.is_some() {
        return Err("MySQL has no partial indexes".to_owned());
    }
    if !index.include.is_empty() {
        return Err("MySQL has no INCLUDE".to_owned());
    }
    let mut keys = Vec::new();
    for key in &index.keys {
        let mut sql = match &key.part {
            KeyPart::Column(name) => writer.columns_of(&table.name, std::slice::from_ref(name))?,
            KeyPart::Expression(_) if writer.dialect == Dialect::MariaDb => {
                return Err("MariaDB has no index on an expression".to_owned());
            }
            KeyPart::Expression(text) => {
                let sql = writer.expression_on(table, text)?;
                format!("({})", without_brackets(&sql, writer.dialect)?)
            }
        };
        if let Some(length) = key.length {
            sql.push_str(&format!("({length})"));
        }
        match key.order {
            Some(Order::Ascending) => sql.push_str(" ASC"),
            Some(Order::Descending) => sql.push_str(" DESC"),
            None => {}
        }
        keys.push(sql);
    }
    if keys.is_empty() {
        return Err("it has no keys".to_owned());
    }
    let method = index.method.as_deref().map(str::to_uppercase);
    let (kind, using) = match method.as_deref() {
        Some("FULLTEXT") => ("FULLTEXT ", String::new()),
        Some("SPATIAL") => ("SPATIAL ", String::new()),
        Some(method @ ("BTREE" | "HASH")) => ("", format!(" USING {method}")),
        Some(other) => return Err(format!("`{other}` is no kind of index")),
        None => ("", String::new()),
    };
    let kind = if index.unique { "UNIQUE " } else { kind };
    let name = match &index.name {
        Some(name) => format!("{} ", writer.name(name)?),
        None => String::new(),
    };
    let mut sql = format!("{kind}KEY {name}({}){using}", keys.join(", "));
    for (key, value) in &index.options {
        match key.to_ascii_lowercase().as_str() {
            "algorithm" | "lock" => {}
            "parser" | "with parser" => sql.push_str(&format!(" WITH PARSER {}", writer.name(value)?)),
            "key_block_size" if value.bytes().all(|b| b.is_ascii_digit()) && !value.is_empty() => {
                sql.push_str(&format!(" KEY_BLOCK_SIZE={value}"));
            }
            "invisible" if writer.dialect == Dialect::MySql => sql.push_str(" INVISIBLE"),
            "invisible" | "ignored" => sql.push_str(" IGNORED"),
            other => return Err(format!("its option `{other}` is not known")),
        }
    }
    if let Some(comment) = &index.comment {
        sql.push_str(&format!(" COMMENT {}", writer.string(comment)?));
    }
    Ok(sql)
}
