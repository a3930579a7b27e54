//! Tables that another application makes in the same database.

use crate::excluded::settle;
use cucurbit_schema::{Database, Dialect, ObjectName, ObjectRef};
use regex::Regex;

/// Which tables are another application's: names with `*` and `?`, as in a shell.
///
/// A pattern without a dot means tables of the default schema.
#[derive(Debug, Clone)]
pub struct TablePattern {
    dialect: Dialect,
    regex: Regex,
}

impl TablePattern {
    /// Reads `name`, `schema.name`, `name_*`. Every text is a pattern.
    #[must_use]
    pub fn new(text: &str, dialect: Dialect) -> Option<Self> {
        let escaped = regex::escape(text).replace(r"\*", ".*").replace(r"\?", ".");
        let regex = Regex::new(&format!("^(?s:{escaped})$")).ok()?;
        Some(TablePattern { dialect, regex })
    }

    /// Says whether it means a table.
    #[must_use]
    pub fn is_match(&self, table: &ObjectName) -> bool {
        match (&table.schema, self.dialect.default_schema()) {
            (Some(schema), _) => self.regex.is_match(&format!("{schema}.{}", table.name)),
            (None, Some(default)) => {
                self.regex.is_match(&table.name) || self.regex.is_match(&format!("{default}.{}", table.name))
            }
            (None, None) => self.regex.is_match(&table.name),
        }
    }
}

/// Takes the tables that another application makes out of a schema, so that they are not compared. Keys that point at
/// them stay. Returns their names, sorted.
pub fn forget_tables(schema: &mut Database, patterns: &[TablePattern]) -> Vec<ObjectName> {
    let names: Vec<ObjectName> =
        schema.tables.keys().filter(|name| patterns.iter().any(|p| p.is_match(name))).cloned().collect();
    let objects = names.iter().map(|name| ObjectRef::Table(name.clone())).collect();
    let nothing = Database::new(schema.dialect);
    settle(schema, &nothing, &objects);
    names
}
