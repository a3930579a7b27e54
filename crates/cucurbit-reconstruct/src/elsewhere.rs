//! Types that the database lacks, in what a `downgrade()` makes again.
//!
//! A migration that was generated on SQLite says `sa.DATETIME()` in its downgrade, which PostgreSQL has not. Nobody ran
//! it there, so it tells that the table had such a column, and what it holds, but not the type to the letter.

use cucurbit_schema::{DataType, Database, Dialect, ObjectName, TypeKind};
use std::sync::Arc;

/// A type of other databases, what holds the same on PostgreSQL, and how SQLAlchemy writes it for all of them.
const TYPES: [(&str, &str, &str); 18] = [
    ("datetime", "timestamp without time zone", "sa.DateTime()"),
    ("blob", "bytea", "sa.LargeBinary()"),
    ("tinyblob", "bytea", "sa.LargeBinary()"),
    ("mediumblob", "bytea", "sa.LargeBinary()"),
    ("longblob", "bytea", "sa.LargeBinary()"),
    ("binary", "bytea", "sa.LargeBinary()"),
    ("varbinary", "bytea", "sa.LargeBinary()"),
    ("clob", "text", "sa.Text()"),
    ("tinytext", "text", "sa.Text()"),
    ("mediumtext", "text", "sa.Text()"),
    ("longtext", "text", "sa.Text()"),
    ("nvarchar", "character varying", "sa.String()"),
    ("nvarchar2", "character varying", "sa.String()"),
    ("varchar2", "character varying", "sa.String()"),
    ("tinyint", "smallint", "sa.SmallInteger()"),
    ("mediumint", "integer", "sa.Integer()"),
    ("double", "double precision", "sa.Float()"),
    ("number", "numeric", "sa.Numeric()"),
];

/// Puts the database's own types in the place of those that it lacks: the one that the same column has in a known
/// state, where it holds the same, else the one of SQLAlchemy's that stands for both. A type that `after` holds too is
/// there, whatever its name.
pub(crate) fn settle_types_from_elsewhere(state: &mut Database, known: &[&Database], after: &Database) {
    if state.dialect != Dialect::PostgreSql {
        return;
    }
    let is_there = |kind: &TypeKind| {
        let columns = after.tables.values().flat_map(|table| &table.columns);
        columns.into_iter().any(|column| column.data_type.kind == *kind)
    };
    let mut settled: Vec<(ObjectName, usize, DataType)> = Vec::new();
    // The types of what is as it is after the migration are there.
    let changed = state.tables.changed_since(&after.tables);
    for table in changed.into_iter().filter_map(|name| state.tables.get(name)) {
        for (at, column) in table.columns.iter().enumerate() {
            let Some((plain, own)) = own_type(&column.data_type.kind) else { continue };
            if is_there(&column.data_type.kind) {
                continue;
            }
            let in_known = |known: &&Database| {
                let found = known.table(&table.name)?.column(&column.name)?;
                holds_the_same(&found.data_type, plain).then(|| found.data_type.clone())
            };
            let data_type = known.iter().find_map(in_known).unwrap_or(own);
            settled.push((table.name.clone(), at, data_type));
        }
    }
    for (name, at, data_type) in settled {
        let Some(mut table) = state.tables.get_mut(&name) else { continue };
        if let Some(column) = table.columns.get_mut(at) {
            column.data_type = data_type;
        }
    }
}

/// Returns the name of the type that holds the same, and the type.
fn own_type(kind: &TypeKind) -> Option<(&'static str, DataType)> {
    let TypeKind::Named { name, args, .. } = kind else { return None };
    let (_, own, written) = TYPES.iter().find(|(other, ..)| other == name)?;
    let length = args.first().filter(|_| *own == "character varying");
    let mut data_type = DataType::named(own, &length.map(String::as_str).into_iter().collect::<Vec<_>>());
    data_type.written = Some(match length {
        Some(length) => format!("sa.String(length={length})").into(),
        None => Arc::from(*written),
    });
    Some((own, data_type))
}

/// `timestamp with time zone` holds what `timestamp without time zone` holds, and `varchar` what `text` does.
fn holds_the_same(data_type: &DataType, plain: &str) -> bool {
    let TypeKind::Named { name, .. } = &data_type.kind else { return false };
    let family = |name: &str| match name {
        name if name.starts_with("timestamp") => "timestamp".to_owned(),
        "character varying" | "text" => "text".to_owned(),
        "smallint" | "integer" | "bigint" | "boolean" => "integer".to_owned(),
        name => name.to_owned(),
    };
    family(name) == family(plain)
}
