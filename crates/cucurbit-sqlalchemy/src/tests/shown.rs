//! Readings as the lines of DDL that SQLAlchemy would write for them.

use super::Reader;
use crate::{TableReading, quoting};
use cucurbit_python::eval::Evaluator;
use cucurbit_schema::{
    Action, CheckMode, Constraint, ConstraintBody, ConstraintKind, Default, Dialect, Index, KeyPart,
    NameKind, NullsOrder, ObjectName, Order, SequenceOptions, TypeKind,
};

fn names(names: &[String], dialect: Dialect) -> String {
    names.iter().map(|n| quoting::name(n, dialect)).collect::<Vec<_>>().join(", ")
}

pub(super) fn default(default: &Default, dialect: Dialect) -> String {
    match default {
        Default::Expression(text) => text.clone(),
        Default::NextValue(name) => format!("nextval('{}')", quoting::object(name, dialect)),
        Default::Unknown(why) => format!("<{why}>"),
    }
}

fn sequence_options(options: &SequenceOptions) -> String {
    let mut parts = Vec::new();
    for (words, value) in [
        ("INCREMENT BY", options.increment),
        ("START WITH", options.start),
        ("MINVALUE", options.minimum),
        ("MAXVALUE", options.maximum),
        ("CACHE", options.cache),
    ] {
        parts.extend(value.map(|v| format!("{words} {v}")));
    }
    if options.cycle {
        parts.push("CYCLE".to_owned());
    }
    parts.join(" ")
}

/// The lines of a table: columns, constraints, the text behind the brackets, indexes by name.
pub(super) fn table_lines(ev: &mut Evaluator<'_, Reader>, reading: &TableReading) -> Vec<String> {
    let dialect = ev.host.settings.dialect;
    let mut lines = Vec::new();
    // Checks of columns stand in their lines.
    let inline: usize = reading.columns.iter().map(|c| c.checks.len() - c.data_type.checks.len()).sum();
    let mut checks: Vec<&Constraint> =
        reading.table.constraints.iter().filter(|c| c.kind() == ConstraintKind::Check).take(inline).collect();
    let rest: Vec<&Constraint> =
        reading.table.constraints.iter().filter(|c| !checks.iter().any(|i| std::ptr::eq(*i, *c))).collect();
    for read in &reading.columns {
        let mut line = column_line(read, dialect);
        for check in checks.drain(..read.checks.len() - read.data_type.checks.len()) {
            line.push_str(&format!(" {}", constraint_line(check, dialect)));
        }
        lines.push(line);
    }
    for constraint in rest {
        let is_inline_key = constraint.kind() == ConstraintKind::PrimaryKey
            && reading.columns.iter().any(|c| c.column.autoincrement)
            && dialect == Dialect::Sqlite;
        if !is_inline_key {
            lines.push(constraint_line(constraint, dialect));
        }
    }
    lines.extend(behind(reading, dialect));
    if reading.temporary {
        lines.push("before: CREATE TEMPORARY".to_owned());
    }
    let mut indexes: Vec<&Index> = reading.table.indexes.iter().collect();
    indexes.sort_by_key(|i| i.name.clone());
    for index in indexes {
        lines.push(index_line(index, reading, dialect));
    }
    lines
}

fn column_line(read: &crate::ColumnReading, dialect: Dialect) -> String {
    let column = &read.column;
    let is_key = read.primary_key;
    let serial = match &column.data_type.kind {
        TypeKind::Named { name, .. } if name.ends_with("serial") => Some(name.to_uppercase()),
        _ => None,
    };
    let of_enum = match &column.data_type.kind {
        TypeKind::Enum { name: Some(name), .. } => Some(quoting::object(name, dialect)),
        _ => None,
    };
    let data_type = serial.or(of_enum).or_else(|| read.data_type.ddl.clone()).unwrap_or_default();
    let mut line = format!("{} {data_type}", quoting::name(&column.name, dialect));
    let is_timestamp = data_type.starts_with("TIMESTAMP");
    let default = column.default.as_ref().map(|d| default(d, dialect));
    let default = match (&default, &column.on_update) {
        (Some(default), Some(update)) => Some(format!("{default} ON UPDATE {update}")),
        _ => default,
    };
    let computed = column.computed.as_ref().map(|c| {
        let stored = if c.stored { " STORED" } else { "" };
        format!(" GENERATED ALWAYS AS ({}){stored}", c.expression)
    });
    let nullable = column.nullable;
    if dialect.is_mysql() {
        line.push_str(&computed.unwrap_or_default());
        line.push_str(if !nullable {
            " NOT NULL"
        } else if is_timestamp {
            " NULL"
        } else {
            ""
        });
        if let Some(comment) = &column.comment {
            line.push_str(&format!(" COMMENT {}", quoting::string(comment, dialect)));
        }
        if column.autoincrement {
            line.push_str(" AUTO_INCREMENT");
        } else if let Some(default) = default {
            line.push_str(&format!(" DEFAULT {default}"));
        }
    } else {
        if let Some(default) = default {
            line.push_str(&format!(" DEFAULT {default}"));
        }
        if dialect == Dialect::PostgreSql {
            line.push_str(computed.as_deref().unwrap_or_default());
        }
        if let Some(identity) = &column.identity {
            let kind = if identity.always { "ALWAYS" } else { "BY DEFAULT" };
            line.push_str(&format!(" GENERATED {kind} AS IDENTITY"));
            let options = sequence_options(&identity.options);
            if !options.is_empty() {
                line.push_str(&format!(" ({options})"));
            }
            if nullable {
                line.push_str(" NULL");
            }
        } else if !nullable {
            line.push_str(" NOT NULL");
        }
        if dialect == Dialect::Sqlite {
            if column.autoincrement && is_key {
                line.push_str(" PRIMARY KEY AUTOINCREMENT");
            }
            line.push_str(&computed.unwrap_or_default());
        }
    }
    line
}

fn constraint_line(constraint: &Constraint, dialect: Dialect) -> String {
    let mut line = match &constraint.name {
        Some(name) if constraint.name_kind != NameKind::Implicit => {
            format!("CONSTRAINT {} ", quoting::name(name, dialect))
        }
        _ => String::new(),
    };
    let including = |include: &[String]| {
        if include.is_empty() { String::new() } else { format!(" INCLUDE ({})", names(include, dialect)) }
    };
    match &constraint.body {
        ConstraintBody::PrimaryKey { columns, include } => {
            line.push_str(&format!("PRIMARY KEY ({}){}", names(columns, dialect), including(include)));
        }
        ConstraintBody::Unique { columns, include, nulls_not_distinct } => {
            let nulls = if *nulls_not_distinct { "NULLS NOT DISTINCT " } else { "" };
            line.push_str(&format!("UNIQUE {nulls}({}){}", names(columns, dialect), including(include)));
        }
        ConstraintBody::ForeignKey {
            columns, table, references, on_delete, on_update, match_kind, ..
        } => {
            // SQLite has no foreign keys to other schemas, so none is written.
            let table = match dialect {
                Dialect::Sqlite => ObjectName::plain(table.name.clone()),
                _ => table.clone(),
            };
            line.push_str(&format!(
                "FOREIGN KEY({}) REFERENCES {} ({})",
                names(columns, dialect),
                quoting::object(&table, dialect),
                names(references, dialect)
            ));
            if let Some(kind) = match_kind {
                line.push_str(&format!(" MATCH {kind}"));
            }
            for (word, action) in [("DELETE", on_delete), ("UPDATE", on_update)] {
                let action = match action {
                    Action::NoAction => continue,
                    Action::Restrict => "RESTRICT",
                    Action::Cascade => "CASCADE",
                    Action::SetNull => "SET NULL",
                    Action::SetDefault => "SET DEFAULT",
                };
                line.push_str(&format!(" ON {word} {action}"));
            }
        }
        ConstraintBody::Check { expression, .. } => line.push_str(&format!("CHECK ({expression})")),
        ConstraintBody::Exclude { using, elements, predicate } => {
            line.push_str(&format!(
                "EXCLUDE USING {} ({})",
                using.as_deref().unwrap_or_default(),
                elements.join(", ")
            ));
            if let Some(predicate) = predicate {
                line.push_str(&format!(" WHERE ({predicate})"));
            }
        }
    }
    line.push_str(match constraint.mode {
        CheckMode::Immediate => "",
        CheckMode::Deferrable => " DEFERRABLE",
        CheckMode::Deferred => " DEFERRABLE INITIALLY DEFERRED",
    });
    if constraint.not_valid {
        line.push_str(" NOT VALID");
    }
    line
}

fn behind(reading: &TableReading, dialect: Dialect) -> Option<String> {
    let mut options: Vec<String> = reading.table.options.iter().map(|(k, v)| format!("{k}={v}")).collect();
    if let (Some(comment), true) = (&reading.table.comment, dialect.is_mysql()) {
        options.push(format!("comment={comment}"));
    }
    options.sort();
    (!options.is_empty()).then(|| format!("behind: {}", options.join(" ")))
}

fn index_line(index: &Index, reading: &TableReading, dialect: Dialect) -> String {
    let mut line = "CREATE ".to_owned();
    if index.unique {
        line.push_str("UNIQUE ");
    }
    let is_kind = matches!(index.method.as_deref(), Some("fulltext" | "spatial"));
    if let (true, Some(kind)) = (is_kind, &index.method) {
        line.push_str(&format!("{} ", kind.to_uppercase()));
    }
    let name = index.name.as_deref().map(|n| quoting::name(n, dialect)).unwrap_or_default();
    let (name, table) = match (&reading.table.name.schema, dialect) {
        (Some(schema), Dialect::Sqlite) => {
            let table = ObjectName::plain(reading.table.name.name.clone());
            (format!("{}.{name}", quoting::name(schema, dialect)), quoting::object(&table, dialect))
        }
        _ => (name, quoting::object(&reading.table.name, dialect)),
    };
    line.push_str(&format!("INDEX {name} ON {table} "));
    if let (Some(method), Dialect::PostgreSql) = (&index.method, dialect) {
        line.push_str(&format!("USING {method} "));
    }
    let keys: Vec<String> = index
        .keys
        .iter()
        .map(|key| {
            let mut text = match &key.part {
                KeyPart::Column(name) => quoting::name(name, dialect),
                KeyPart::Expression(text) => text.clone(),
            };
            if let Some(length) = key.length {
                text.push_str(&format!("({length})"));
            }
            if let Some(class) = &key.operator_class {
                text.push_str(&format!(" {class}"));
            }
            if key.order == Some(Order::Descending) {
                text.push_str(" DESC");
            }
            match key.nulls {
                Some(NullsOrder::First) => text.push_str(" NULLS FIRST"),
                Some(NullsOrder::Last) => text.push_str(" NULLS LAST"),
                None => {}
            }
            text
        })
        .collect();
    line.push_str(&format!("({})", keys.join(", ")));
    if !index.include.is_empty() {
        line.push_str(&format!(" INCLUDE ({})", names(&index.include, dialect)));
    }
    if index.nulls_not_distinct {
        line.push_str(" NULLS NOT DISTINCT");
    }
    let with: Vec<String> = index
        .options
        .iter()
        .filter(|(k, _)| k != "tablespace" && k != "with parser")
        .map(|(k, v)| format!("{k} = {v}"))
        .collect();
    if !with.is_empty() {
        line.push_str(&format!(" WITH ({})", with.join(", ")));
    }
    for (key, value) in &index.options {
        if key == "tablespace" {
            line.push_str(&format!(" TABLESPACE {value}"));
        }
    }
    if let (Some(method), true) = (&index.method, dialect.is_mysql() && !is_kind) {
        line.push_str(&format!(" USING {method}"));
    }
    if let Some(predicate) = &index.predicate {
        line.push_str(&format!(" WHERE {predicate}"));
    }
    line
}
