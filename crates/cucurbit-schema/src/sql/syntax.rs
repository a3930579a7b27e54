//! Queries as `sqlparser` reads them, and the names in them.

use crate::model::{Dialect, ObjectName};
use sqlparser::ast::{Ident, ObjectName as SqlName, Statement};
use sqlparser::dialect::{Dialect as Grammar, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;

/// A longer text is rows, not logic.
const LONGEST: usize = 64 * 1024;

/// Parses statements; `None` when they are too long or no query of the dialect.
pub(super) fn parse(text: &str, dialect: Dialect) -> Option<Vec<Statement>> {
    if text.len() > LONGEST {
        return None;
    }
    let grammar: &dyn Grammar = match dialect {
        Dialect::PostgreSql => &PostgreSqlDialect {},
        Dialect::Sqlite => &SQLiteDialect {},
        Dialect::MySql | Dialect::MariaDb => &MySqlDialect {},
    };
    Parser::parse_sql(grammar, text).ok()
}

/// Returns a name as the database holds it.
pub(super) fn folded(ident: &Ident, dialect: Dialect) -> String {
    match (dialect, ident.quote_style) {
        (Dialect::PostgreSql, None) => ident.value.to_lowercase(),
        _ => ident.value.clone(),
    }
}

/// Returns the name of a table; `None` when a part of it is computed.
pub(super) fn object_name(name: &SqlName, dialect: Dialect) -> Option<ObjectName> {
    let parts: Option<Vec<String>> =
        name.0.iter().map(|part| part.as_ident().map(|ident| folded(ident, dialect))).collect();
    match parts?.as_slice() {
        [name] => Some(ObjectName::new(None, name, dialect)),
        [.., schema, name] => Some(ObjectName::new(Some(schema), name, dialect)),
        [] => None,
    }
}
