//! Every kind of statement that real chains execute is read, or kept with the objects that it names, on every
//! dialect. The kinds are listed with their examples in `fixtures/sql/statement-kinds.txt`.

use cucurbit_schema::{Change, Database, Dialect, Extent, sql};
use std::collections::{BTreeMap, BTreeSet};

const KINDS: &str = include_str!("../../../fixtures/sql/statement-kinds.txt");

struct Example {
    kind: &'static str,
    /// The dialect does not know it.
    is_foreign: bool,
    text: &'static str,
}

fn examples() -> BTreeMap<&'static str, Vec<Example>> {
    let mut out: BTreeMap<&str, Vec<Example>> = BTreeMap::new();
    let mut dialect = "";
    for line in KINDS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            dialect = name;
            continue;
        }
        let (kind, text) = line.split_once(": ").expect("a kind and a statement");
        let is_foreign = kind.ends_with(" ?");
        let kind = kind.trim_end_matches(" ?");
        out.entry(dialect).or_default().push(Example { kind, is_foreign, text });
    }
    out
}

/// A database that holds what the examples are about.
fn start(dialect: Dialect) -> Database {
    let common = "CREATE TABLE t (a integer, b varchar(80), CONSTRAINT t_uq UNIQUE (a)); CREATE INDEX t_ix ON t (b); \
        CREATE TABLE u (a integer, CONSTRAINT u_uq UNIQUE (a)); CREATE VIEW v AS SELECT a FROM t;";
    let more = match dialect {
        Dialect::PostgreSql => {
            "CREATE TYPE mood AS ENUM ('happy', 'sad'); CREATE SEQUENCE s; \
             CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END; $$; \
             CREATE TRIGGER t_tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"
        }
        Dialect::Sqlite => "CREATE TRIGGER t_tr AFTER INSERT ON t BEGIN DELETE FROM u; END;",
        Dialect::MySql | Dialect::MariaDb => {
            "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1; \
             CREATE TRIGGER t_tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;"
        }
    };
    let (database, problems) = sql::load(&format!("{common}{more}"), dialect);
    assert_eq!(problems, Vec::<String>::new(), "{}", dialect.name());
    database
}

#[test]
fn every_kind_has_an_example_on_every_dialect() {
    let examples = examples();
    assert_eq!(examples.keys().copied().collect::<Vec<_>>(), ["mysql", "postgresql", "sqlite"]);
    let kinds: Vec<BTreeSet<&str>> =
        examples.values().map(|examples| examples.iter().map(|e| e.kind).collect()).collect();
    assert_eq!(kinds[0].len(), 31);
    assert!(kinds.iter().all(|of_one| *of_one == kinds[0]), "{kinds:?}");
}

#[test]
fn every_kind_is_read_or_kept_with_what_it_names() {
    let mut problems = Vec::new();
    for (name, examples) in examples() {
        let dialects: &[Dialect] = match name {
            "postgresql" => &[Dialect::PostgreSql],
            "sqlite" => &[Dialect::Sqlite],
            _ => &[Dialect::MySql, Dialect::MariaDb],
        };
        for dialect in dialects {
            let state = start(*dialect);
            for Example { kind, is_foreign, text } in &examples {
                let read = sql::read_one(text, *dialect, &state);
                let unknown = read.changes.iter().find_map(|change| match change {
                    Change::Unknown(effect) => Some(effect),
                    _ => None,
                });
                let of_a_table = kind.starts_with("ALTER TABLE");
                let mut tell = |what: &str| problems.push(format!("{name}: {kind}: {what}"));
                match unknown {
                    Some(effect) if of_a_table && !matches!(effect.extent, Extent::Tables(_)) => {
                        tell("it does not say which table");
                    }
                    Some(effect) if !is_foreign => tell(&effect.reason),
                    Some(effect) => assert!(effect.text.starts_with(&text[..10]), "{effect:?}"),
                    None if read.changes.is_empty() => tell("nothing is read"),
                    None if !read.exact => tell("it is read in part"),
                    None => {
                        let mut after = state.clone();
                        for change in &read.changes {
                            let applied = after.apply(change, cucurbit_schema::Origin(1));
                            let misfits = applied.mismatches.iter().filter(|_| !is_foreign);
                            problems.extend(misfits.map(|m| format!("{name}: {kind}: {m:?}")));
                        }
                    }
                }
            }
        }
    }
    assert_eq!(problems, Vec::<String>::new());
}
