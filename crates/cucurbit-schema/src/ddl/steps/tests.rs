use super::{Work, steps};
use crate::change::{Change, ColumnAlteration};
use crate::model::{Column, DataType, Database, Dialect, ObjectName, Origin};
use crate::sql;

/// The changes of some statements, written again.
fn written(text: &str, dialect: Dialect) -> Vec<String> {
    let changes: Vec<Change> =
        sql::read(text, dialect, &Database::new(dialect)).into_iter().flat_map(|s| s.changes).collect();
    of(&Database::new(dialect), &changes, false)
}

fn of(before: &Database, changes: &[Change], in_batch: bool) -> Vec<String> {
    let work: Vec<Work<'_>> =
        changes.iter().map(|change| Work { change, origin: Origin(1), in_batch }).collect();
    let steps = steps(before, &work);
    let omitted = steps.omissions.iter().map(|(o, _)| format!("-- {}: {}", o.object, o.reason));
    let squeezed = |sql: &str| sql.split_whitespace().collect::<Vec<_>>().join(" ");
    steps.statements.iter().map(|s| squeezed(&s.sql)).chain(omitted).collect()
}

fn check(dialect: Dialect, text: &str, expected: &[&str]) {
    assert_eq!(written(text, dialect), expected);
}

#[test]
fn postgresql_changes_come_back_as_statements() {
    check(
        Dialect::PostgreSql,
        "CREATE TABLE a (id serial PRIMARY KEY, b text UNIQUE);
         ALTER TABLE a ADD COLUMN c integer NOT NULL DEFAULT 1;
         ALTER TABLE a ADD CONSTRAINT ck CHECK (c > 0);
         ALTER TABLE a ALTER COLUMN b TYPE varchar(9), ALTER COLUMN c DROP DEFAULT, ALTER COLUMN b SET NOT NULL;
         ALTER TABLE a RENAME COLUMN b TO \"B\";
         CREATE INDEX ix ON a (c);
         ALTER INDEX ix RENAME TO iy;
         DROP INDEX iy;
         ALTER TABLE a DROP CONSTRAINT ck;
         COMMENT ON COLUMN a.c IS 'it''s';
         ALTER TABLE a RENAME TO z;
         DROP TABLE z CASCADE",
        &[
            "CREATE TABLE a ( id serial NOT NULL, b text, PRIMARY KEY (id), UNIQUE (b) )",
            "ALTER TABLE a ADD COLUMN c integer DEFAULT 1 NOT NULL",
            "ALTER TABLE a ADD CONSTRAINT ck CHECK (c > 0)",
            "ALTER TABLE a ALTER COLUMN b TYPE character varying(9)",
            "ALTER TABLE a ALTER COLUMN c DROP DEFAULT",
            "ALTER TABLE a ALTER COLUMN b SET NOT NULL",
            "ALTER TABLE a RENAME COLUMN b TO \"B\"",
            "CREATE INDEX ix ON a (c)",
            "ALTER INDEX ix RENAME TO iy",
            "DROP INDEX iy",
            "ALTER TABLE a DROP CONSTRAINT ck",
            "COMMENT ON COLUMN a.c IS 'it''s'",
            "ALTER TABLE a RENAME TO z",
            "DROP TABLE z CASCADE",
        ],
    );
}

#[test]
fn postgresql_types_and_sequences() {
    check(
        Dialect::PostgreSql,
        "CREATE TYPE mood AS ENUM ('a', 'b');
         ALTER TYPE mood ADD VALUE 'c' AFTER 'a';
         ALTER TYPE mood RENAME VALUE 'a' TO 'A';
         ALTER TYPE mood RENAME TO moods;
         CREATE SEQUENCE s START 5;
         ALTER SEQUENCE s RENAME TO t;
         DROP SEQUENCE t;
         DROP TYPE moods",
        &[
            "CREATE TYPE mood AS ENUM ('a', 'b')",
            "ALTER TYPE mood ADD VALUE 'c' AFTER 'a'",
            "ALTER TYPE mood RENAME VALUE 'a' TO 'A'",
            "ALTER TYPE mood RENAME TO moods",
            "CREATE SEQUENCE s START WITH 5",
            "ALTER SEQUENCE s RENAME TO t",
            "DROP SEQUENCE t",
            "DROP TYPE moods",
        ],
    );
}

#[test]
fn what_finds_nothing_to_do_and_rows_give_no_statement() {
    check(
        Dialect::PostgreSql,
        "CREATE TABLE a (id integer); CREATE TABLE IF NOT EXISTS a (id integer); DROP TABLE IF EXISTS b;
         INSERT INTO a VALUES (1); SET search_path = public",
        &["CREATE TABLE a ( id integer )"],
    );
}

#[test]
fn a_schema_that_nothing_makes_is_made_first() {
    check(
        Dialect::PostgreSql,
        "CREATE TABLE s.a (id integer)",
        &["CREATE SCHEMA IF NOT EXISTS s", "CREATE TABLE s.a ( id integer )"],
    );
}

#[test]
fn what_does_not_fit_is_written_all_the_same() {
    check(
        Dialect::PostgreSql,
        "DROP TABLE a; ALTER TABLE b DROP COLUMN c",
        &["DROP TABLE a", "ALTER TABLE b DROP COLUMN c"],
    );
}

#[test]
fn grants_are_left_out_and_told() {
    check(
        Dialect::PostgreSql,
        "CREATE TABLE a (id integer); GRANT SELECT ON a TO someone",
        &[
            "CREATE TABLE a ( id integer )",
            "-- grant GRANT SELECT ON a TO someone: roles belong to the server, so it is not run",
        ],
    );
}

#[test]
fn sqlite_alters_where_it_can_and_makes_anew_in_a_batch() {
    let dialect = Dialect::Sqlite;
    let text = "CREATE TABLE a (id INTEGER NOT NULL, b TEXT, PRIMARY KEY (id)); CREATE INDEX ix ON a (b)";
    let mut state = Database::new(dialect);
    for statement in sql::read(text, dialect, &state.clone()) {
        for change in &statement.changes {
            state.apply(change, Origin(1));
        }
    }
    let table = ObjectName::plain("a");
    let add = Change::AddColumn {
        table: table.clone(),
        column: Box::new(Column::new("c", DataType::named("INTEGER", &[]))),
        constraints: Vec::new(),
        if_not_exists: false,
        table_if_exists: false,
        position: crate::Position::Last,
    };
    let tighten =
        Change::AlterColumn { table, column: "b".to_owned(), alteration: ColumnAlteration::Nullable(false) };
    assert_eq!(of(&state, std::slice::from_ref(&add), true), ["ALTER TABLE a ADD COLUMN c INTEGER"]);
    assert_eq!(
        of(&state, &[add, tighten], true),
        [
            "CREATE TABLE _alembic_tmp_a ( id INTEGER NOT NULL, b TEXT NOT NULL, c INTEGER, PRIMARY KEY (id) )",
            "DROP TABLE a",
            "ALTER TABLE _alembic_tmp_a RENAME TO a",
            "CREATE INDEX ix ON a (b)",
        ]
    );
}

#[test]
fn mysql_writes_a_column_whole() {
    check(
        Dialect::MySql,
        "CREATE TABLE a (id INT NOT NULL AUTO_INCREMENT, b VARCHAR(9), PRIMARY KEY (id));
         ALTER TABLE a MODIFY b VARCHAR(20) NOT NULL;
         ALTER TABLE a ADD COLUMN c INT FIRST;
         ALTER TABLE a ADD CONSTRAINT uq UNIQUE (b);
         ALTER TABLE a DROP INDEX uq;
         RENAME TABLE a TO z",
        &[
            "CREATE TABLE a ( id int NOT NULL AUTO_INCREMENT, b varchar(9), PRIMARY KEY (id) )",
            "ALTER TABLE a MODIFY COLUMN b varchar(20) NOT NULL",
            "ALTER TABLE a ADD COLUMN c int FIRST",
            "ALTER TABLE a ADD UNIQUE KEY uq (b)",
            "DROP INDEX uq ON a",
            "RENAME TABLE a TO z",
        ],
    );
}

#[test]
fn other_databases_of_a_mysql_server_are_not_touched() {
    let dialect = Dialect::MySql;
    let other = "it is about another database of the server, so it is not run";
    check(
        dialect,
        "CREATE SCHEMA shop; CREATE TABLE shop.a (id INT); DROP TABLE shop.a; DROP SCHEMA shop; CREATE TABLE b (id INT)",
        &[
            "CREATE TABLE b ( id int )",
            &format!("-- schema shop: {other}"),
            &format!("-- table shop.a: {other}"),
            &format!("-- table shop.a: {other}"),
            &format!("-- schema shop: {other}"),
        ],
    );
}

#[test]
fn names_stay_names() {
    let dialect = Dialect::PostgreSql;
    let table = ObjectName::plain("x\"; DROP TABLE users; --");
    let change = Change::DropTable { name: table, if_exists: false, cascade: false };
    assert_eq!(of(&Database::new(dialect), &[change], false), ["DROP TABLE \"x\"\"; DROP TABLE users; --\""]);
    let evil = ColumnAlteration::Type {
        data_type: DataType::named("integer", &[]),
        using: Some("1; DROP TABLE users".to_owned()),
        collation: None,
    };
    let change =
        Change::AlterColumn { table: ObjectName::plain("a"), column: "b".to_owned(), alteration: evil };
    let written = of(&Database::new(dialect), &[change], false);
    assert!(written.iter().all(|line| line.starts_with("-- ")), "{written:?}");
}
