//! Any text as SQL: no panic, statements lie inside the text in order, applying what was read is total, and any query of
//! the catalog of what they made has an answer or none.
#![no_main]

use cucurbit_schema::{Database, Dialect, Origin, ddl, diff, sql};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    for dialect in [Dialect::PostgreSql, Dialect::Sqlite, Dialect::MySql, Dialect::MariaDb] {
        let mut end = 0;
        for piece in sql::split(&text, dialect) {
            assert!(piece.start >= end, "statements overlap");
            end = piece.start + piece.text.len();
            assert_eq!(text.get(piece.start..end), Some(piece.text));
        }
        let mut state = Database::new(dialect);
        for statement in sql::read(&text, dialect, &state.clone()) {
            for change in &statement.changes {
                let before = state.clone();
                state.apply(change, Origin(1));
                let _ = change.inverse(&before);
            }
        }
        for piece in sql::split(&text, dialect) {
            let _ = sql::catalog_rows(piece.text, &state);
        }
        assert!(diff(&state, &state).is_empty());
        let _ = ddl(&state).to_sql();
    }
});
