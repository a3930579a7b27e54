//! Shadow tables of SQLite: tables in which the module of a virtual table keeps its rows.
//!
//! They come and go with the virtual table, and a dump lists them beside it. Source: SQLite, "FTS3 and FTS4" (Shadow
//! Tables), "FTS5" (External Content Tables, The Data Structures), "The R*Tree Module" (Shadow Tables), "The Geopoly
//! Interface".

use super::cursor::Cursor;
use crate::change::Change;
use crate::model::{Database, Dialect, ObjectKind, ObjectName, Origin};

/// The ends of the names that a module gives to its shadow tables.
fn endings(module: &str) -> &'static [&'static str] {
    match module {
        "fts3" | "fts4" => &["_content", "_segments", "_segdir", "_docsize", "_stat"],
        "fts5" => &["_data", "_idx", "_content", "_docsize", "_config"],
        "rtree" | "rtree_i32" | "geopoly" => &["_node", "_rowid", "_parent"],
        _ => &[],
    }
}

/// The module of `CREATE VIRTUAL TABLE name USING module`, in lower case.
fn module(text: &str) -> Option<String> {
    let mut cursor = Cursor::new(text, Dialect::Sqlite);
    cursor.eat_all(&["create", "virtual", "table"]).then_some(())?;
    cursor.if_not_exists();
    cursor.name()?;
    cursor.eat("using").then_some(())?;
    Some(cursor.ident()?.to_ascii_lowercase())
}

/// Takes the shadow tables of the virtual tables out of what a dump or a catalogue of SQLite states.
pub fn forget_shadow_tables(database: &mut Database) {
    if database.dialect != Dialect::Sqlite {
        return;
    }
    let mut shadows: Vec<ObjectName> = Vec::new();
    for (key, object) in database.objects.iter().filter(|(key, _)| key.0 == ObjectKind::VirtualTable) {
        let name = &key.2;
        for ending in module(&object.text).as_deref().map(endings).unwrap_or_default() {
            let shadow = format!("{}{ending}", name.name);
            let is_it = |n: &&ObjectName| n.schema == name.schema && n.name.eq_ignore_ascii_case(&shadow);
            shadows.extend(database.tables.keys().find(is_it).cloned());
        }
    }
    for name in shadows {
        database.apply(&Change::DropTable { name, if_exists: true, cascade: true }, Origin::default());
    }
}

#[cfg(test)]
mod tests {
    use crate::sql::load;
    use crate::{Dialect, ObjectName};

    #[track_caller]
    fn check(sql: &str, expected: &[&str]) {
        let (database, problems) = load(sql, Dialect::Sqlite);
        assert_eq!(problems, Vec::<String>::new());
        let names: Vec<&str> = database.tables.keys().map(|name| name.name.as_str()).collect();
        assert_eq!(names, expected);
        assert!(database.table(&ObjectName::plain("t")).is_some());
    }

    #[test]
    fn shadow_tables_belong_to_their_virtual_table() {
        check(
            "CREATE TABLE t (id INTEGER); CREATE VIRTUAL TABLE f USING fts5(a);
            CREATE TABLE 'f_data'(id INTEGER PRIMARY KEY, block BLOB);
            CREATE TABLE 'f_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
            CREATE TABLE 'f_config'(k PRIMARY KEY, v) WITHOUT ROWID;",
            &["t"],
        );
        check(
            "CREATE TABLE t (id INTEGER); CREATE TABLE 'f_segdir'(level INTEGER);
            CREATE TABLE 'f_stat'(id INTEGER PRIMARY KEY, value BLOB);
            CREATE VIRTUAL TABLE IF NOT EXISTS f USING FTS4(a); CREATE VIRTUAL TABLE r USING rtree(id, a, b);
            CREATE TABLE 'r_node'(nodeno INTEGER PRIMARY KEY, data);",
            &["t"],
        );
    }

    #[test]
    fn a_table_without_a_virtual_table_of_its_module_stays() {
        check("CREATE TABLE t (id INTEGER); CREATE TABLE t_data (id INTEGER)", &["t", "t_data"]);
        check(
            "CREATE TABLE t (id INTEGER); CREATE VIRTUAL TABLE f USING fts5(a); CREATE TABLE f_segdir (id INTEGER)",
            &["f_segdir", "t"],
        );
    }

    #[test]
    fn the_shell_writes_a_virtual_table_into_the_catalogue() {
        check(
            "PRAGMA writable_schema=ON; CREATE TABLE t (id INTEGER);
            INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','f','f',0,
            'CREATE VIRTUAL TABLE f USING fts5(a, content=''t'')');
            CREATE TABLE IF NOT EXISTS 'f_data'(id INTEGER PRIMARY KEY, block BLOB);
            INSERT INTO f_data VALUES(1,X'00');",
            &["t"],
        );
    }
}
