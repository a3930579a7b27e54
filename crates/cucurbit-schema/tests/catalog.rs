//! Queries of the catalog that join and count, answered from a state.

use cucurbit_schema::sql::{self, CatalogValue};
use cucurbit_schema::{Database, Dialect, Origin};

fn shop() -> Database {
    let mut db = Database::new(Dialect::PostgreSql);
    let text = "
        CREATE SCHEMA back;
        CREATE TYPE kind AS ENUM ('a', 'b');
        CREATE TABLE users (id integer PRIMARY KEY, name varchar(40) NOT NULL UNIQUE, kind kind);
        CREATE TABLE orders (
            id serial PRIMARY KEY, user_id integer NOT NULL, number integer, note text,
            CONSTRAINT fk_orders_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
            CONSTRAINT uq_orders UNIQUE (user_id, number),
            CHECK (number > 0)
        );
        CREATE TABLE back.users (id integer, CONSTRAINT pk_back PRIMARY KEY (id));
        CREATE UNIQUE INDEX ix_orders_note ON orders (note);
        CREATE INDEX ix_orders_lower ON orders (lower(note));";
    for statement in sql::read(text, Dialect::PostgreSql, &db.clone()) {
        for change in &statement.changes {
            db.apply(change, Origin::default());
        }
    }
    db
}

/// The rows of a query, each value as a text.
fn rows(db: &Database, query: &str) -> Option<Vec<String>> {
    let answered = sql::catalog_rows(query, db)?;
    let text = |value: &CatalogValue| match value {
        CatalogValue::Null => "NULL".to_owned(),
        CatalogValue::Bool(truth) => truth.to_string(),
        CatalogValue::Int(number) => number.to_string(),
        CatalogValue::Text(text) => text.to_string(),
        CatalogValue::List(items, _) => format!("{} items", items.len()),
        CatalogValue::Untold => "?".to_owned(),
    };
    Some(answered.rows.iter().map(|row| row.iter().map(text).collect::<Vec<_>>().join(" ")).collect())
}

#[track_caller]
fn check(query: &str, expected: &[&str]) {
    let found = rows(&shop(), query);
    assert_eq!(
        found.as_deref(),
        Some(expected.iter().map(ToString::to_string).collect::<Vec<_>>().as_slice())
    );
}

#[test]
fn keys_of_one_column_are_found_by_their_attribute() {
    check(
        "SELECT c.conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
         JOIN pg_namespace n ON t.relnamespace = n.oid
         WHERE t.relname = 'users' AND n.nspname = 'public' AND c.contype = 'u' AND array_length(c.conkey, 1) = 1
         AND (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = c.conkey[1]) = 'name'",
        &["users_name_key"],
    );
    check(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'orders'::regclass AND contype = 'u'
         AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = conrelid AND a.attnum = ANY(conkey)
                     AND a.attname = 'number')",
        &["uq_orders"],
    );
}

#[test]
fn unique_indexes_without_a_constraint_are_told_from_those_with_one() {
    check(
        "SELECT i.relname FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
         JOIN pg_index ix ON ix.indrelid = t.oid JOIN pg_class i ON i.oid = ix.indexrelid
         WHERE t.relname = 'orders' AND n.nspname = 'public' AND ix.indisunique = TRUE
         AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = ix.indexrelid)",
        &["ix_orders_note"],
    );
    // `indkey` counts from 0.
    check(
        "SELECT a.attname, ix.indkey[1] IS NULL FROM pg_index ix JOIN pg_attribute a
         ON a.attrelid = ix.indrelid AND a.attnum = ix.indkey[0] WHERE ix.indexrelid = 'ix_orders_note'::regclass",
        &["note true"],
    );
}

#[test]
fn foreign_keys_are_found_by_what_they_join() {
    check(
        "SELECT tc.constraint_name, kcu.column_name, ccu.table_name AS target
         FROM information_schema.table_constraints AS tc
         JOIN information_schema.key_column_usage AS kcu ON tc.constraint_name = kcu.constraint_name
              AND tc.table_schema = kcu.table_schema
         JOIN information_schema.constraint_column_usage AS ccu ON ccu.constraint_name = tc.constraint_name
         WHERE tc.constraint_type = 'FOREIGN KEY' AND tc.table_name = 'orders'",
        &["fk_orders_user user_id users"],
    );
    check(
        "SELECT c.conname, c.confdeltype FROM pg_constraint c JOIN pg_class r ON r.oid = c.confrelid
         WHERE c.contype = 'f' AND r.relname IN ('users', 'nobody')",
        &["fk_orders_user c"],
    );
}

#[test]
fn columns_of_a_key_are_put_together() {
    check(
        "SELECT c.conname, array_to_string(array_agg(a.attname ORDER BY k.ord), ',')
         FROM pg_constraint c CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k(attnum, ord)
         JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum
         WHERE c.conrelid = to_regclass('orders') AND c.contype IN ('u', 'p')
         GROUP BY c.conname ORDER BY c.conname DESC",
        &["uq_orders user_id,number", "orders_pkey id"],
    );
}

#[test]
fn what_there_is_is_counted() {
    check("SELECT count(*) FROM pg_class WHERE relname = 'users' AND relkind = 'r'", &["2"]);
    check(
        "SELECT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'orders' AND column_name = 'none')",
        &["false"],
    );
    check(
        "SELECT t.typname, e.enumlabel FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid ORDER BY e.enumsortorder DESC",
        &["kind b", "kind a"],
    );
    check(
        "SELECT t.relname FROM pg_class t LEFT JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype = 'f'
         WHERE t.relkind = 'r' AND c.oid IS NULL ORDER BY 1",
        &["users", "users"],
    );
    check(
        "SELECT tablename FROM pg_tables WHERE tablename LIKE 'ord%' OR schemaname = 'back'",
        &["orders", "users"],
    );
}

#[test]
fn what_cannot_be_told_has_no_answer() {
    let mut db = shop();
    let unknown = "SELECT conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid WHERE t.relname = 'orders'";
    assert!(rows(&db, unknown).is_some());
    // What a check says is the database's to word.
    assert_eq!(
        rows(&db, "SELECT 1 FROM pg_constraint c WHERE pg_get_constraintdef(c.oid) LIKE '%number%'"),
        None
    );
    for statement in sql::read(
        "DO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'orders' || ' ADD x int'; END $$",
        Dialect::PostgreSql,
        &db.clone(),
    ) {
        for change in &statement.changes {
            db.apply(change, Origin::default());
        }
    }
    let mut table = (**db.tables.get(&cucurbit_schema::ObjectName::plain("orders")).expect("there")).clone();
    table.tainted = true;
    db.put_table(std::sync::Arc::new(table));
    assert_eq!(rows(&db, unknown), None);
    // Of another table it can be told.
    assert_eq!(rows(&db, &unknown.replace("'orders'", "'users'")).map(|rows| rows.len()), Some(3));
    assert_eq!(rows(&db, "SELECT 1 FROM pg_stat_activity a JOIN pg_class c ON c.oid = a.pid"), None);
}
