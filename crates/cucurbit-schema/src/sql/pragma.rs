//! What SQLite's `PRAGMA` tells of a table.
//!
//! Source: SQLite, "PRAGMA Statements" (`table_info`, `table_xinfo`).

use super::cursor::Cursor;
use crate::model::{ConstraintBody, Database, Dialect, ObjectName};

/// One row of `PRAGMA table_info(…)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnInfo {
    /// The name of the column.
    pub name: String,
    /// Whether it is declared NOT NULL; `None` when that cannot be told, as for what is in the primary key.
    pub not_null: Option<bool>,
    /// Its place in the primary key, from 1; 0 when it is not in it.
    pub key: usize,
    /// What `table_xinfo` says beside: 2 for a computed column, 3 for one that is stored too, 0 for any other. `None`
    /// when `table_info` is asked, which does not list computed columns.
    pub hidden: Option<u8>,
}

/// Answers `PRAGMA table_info(…)` and `PRAGMA table_xinfo(…)` from a state, with the columns in their order; none of
/// them when nothing has the name. `None` for anything else, and where the answer cannot be told: for views and virtual
/// tables, and for tables that may have been changed in a way that is not known.
#[must_use]
pub fn column_infos(text: &str, db: &Database) -> Option<Vec<ColumnInfo>> {
    if db.dialect != Dialect::Sqlite {
        return None;
    }
    let mut cursor = Cursor::new(text, db.dialect);
    if !cursor.eat("pragma") {
        return None;
    }
    let mut question = cursor.ident()?;
    let mut schema = None;
    if cursor.eat_symbol('.') {
        schema = Some(std::mem::replace(&mut question, cursor.ident()?));
    }
    let lists_all = question.eq_ignore_ascii_case("table_xinfo");
    if !lists_all && !question.eq_ignore_ascii_case("table_info") {
        return None;
    }
    let in_brackets = cursor.eat_symbol('(');
    if !in_brackets && !cursor.eat_symbol('=') {
        return None;
    }
    let table = cursor.string().or_else(|| cursor.ident())?;
    if in_brackets && !cursor.eat_symbol(')') {
        return None;
    }
    cursor.eat_symbol(';');
    if !cursor.done() {
        return None;
    }
    let schema = schema.filter(|s| !s.eq_ignore_ascii_case("main"));
    let name = ObjectName { schema, name: table };
    let is_meant = |n: &&ObjectName| n.schema == name.schema && n.name.eq_ignore_ascii_case(&name.name);
    let found = db.tables.keys().find(is_meant).and_then(|found| db.table(found));
    let Some(table) = found else {
        let is_free = db.objects.keys().all(|key| !key.2.name.eq_ignore_ascii_case(&name.name));
        return (is_free && name.schema.is_none() && !name.name.eq_ignore_ascii_case("alembic_version"))
            .then(Vec::new);
    };
    if table.tainted {
        return None;
    }
    let key: &[String] = match table.primary_key().map(|key| &key.body) {
        Some(ConstraintBody::PrimaryKey { columns, .. }) => columns,
        _ => &[],
    };
    let infos = table.columns.iter().filter(|column| lists_all || column.computed.is_none()).map(|column| {
        let at = key.iter().position(|k| k.eq_ignore_ascii_case(&column.name));
        ColumnInfo {
            name: column.name.clone(),
            not_null: at.is_none().then_some(!column.nullable),
            key: at.map_or(0, |at| at + 1),
            hidden: lists_all.then(|| column.computed.as_ref().map_or(0, |c| if c.stored { 3 } else { 2 })),
        }
    });
    Some(infos.collect())
}

#[cfg(test)]
mod tests {
    use super::column_infos;
    use crate::sql::read;
    use crate::{Database, Dialect, Origin};

    #[test]
    fn tables_are_told_column_by_column() {
        let mut db = Database::new(Dialect::Sqlite);
        let text = "CREATE TABLE notes (a INTEGER, b TEXT NOT NULL, c TEXT GENERATED ALWAYS AS (b), PRIMARY KEY (b, a)); \
                    CREATE VIEW shown AS SELECT a FROM notes;";
        for change in read(text, Dialect::Sqlite, &db).into_iter().flat_map(|statement| statement.changes) {
            db.apply(&change, Origin(1));
        }
        let told = |text: &str| {
            let infos = column_infos(text, &db)?;
            Some(infos.iter().map(|i| format!("{} {}", i.name, i.key)).collect::<Vec<_>>().join(", "))
        };
        for text in
            ["PRAGMA table_info(notes)", "pragma main.table_info('Notes');", "PRAGMA table_info = \"notes\""]
        {
            assert_eq!(told(text).as_deref(), Some("a 2, b 1"), "{text}");
        }
        assert_eq!(told("PRAGMA table_xinfo(notes)").as_deref(), Some("a 2, b 1, c 0"));
        assert_eq!(told("PRAGMA table_info(nothing)").as_deref(), Some(""));
        for text in ["PRAGMA table_info(shown)", "PRAGMA index_list(notes)", "PRAGMA foreign_keys = ON"] {
            assert_eq!(told(text), None, "{text}");
        }
    }
}
