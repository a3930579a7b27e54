//! Statements that stand for nothing.

use super::read_one;
use crate::{Change, Database, Dialect};

#[test]
fn tables_of_sqlite_itself_are_passed_over() {
    let db = Database::new(Dialect::Sqlite);
    let read = read_one("CREATE TABLE sqlite_sequence(name,seq)", Dialect::Sqlite, &db);
    assert!(read.exact);
    assert!(read.changes.iter().all(|c| matches!(c, Change::Nothing { .. })), "{:?}", read.changes);
}
