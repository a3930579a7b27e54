//! Runs what is written for PostgreSQL on a real server, where one is installed.
#![cfg(unix)]

mod support;

use cucurbit_schema::model::ObjectKeyOrTable;
use cucurbit_schema::{
    Action, CheckMode, Column, Computed, Constraint, ConstraintBody, DataType, Database, Default, Dialect,
    EnumType, Identity, Index, IndexKey, KeyPart, NamedObject, NullsOrder, ObjectKind, ObjectName, Order,
    Origin, Sequence, SequenceOptions, Table, TypeKind, ddl,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use support::postgresql::Server;

fn list(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn column(name: &str, kind: &str) -> Column {
    Column::new(name, DataType::named(kind, &[]))
}

fn constraint(name: &str, body: ConstraintBody) -> Constraint {
    Constraint::new((!name.is_empty()).then(|| name.to_owned()), body)
}

fn key(name: &str, columns: &[&str]) -> Constraint {
    constraint(name, ConstraintBody::PrimaryKey { columns: list(columns), include: Vec::new() })
}

fn check(name: &str, expression: &str) -> Constraint {
    constraint(name, ConstraintBody::Check { expression: expression.to_owned(), no_inherit: false })
}

fn foreign(name: &str, columns: &[&str], table: ObjectName, references: &[&str]) -> Constraint {
    constraint(
        name,
        ConstraintBody::ForeignKey {
            columns: list(columns),
            table,
            references: list(references),
            on_delete: Action::Cascade,
            on_update: Action::NoAction,
            match_kind: None,
            set_columns: Vec::new(),
        },
    )
}

fn index(name: &str, keys: Vec<IndexKey>) -> Index {
    Index {
        name: (!name.is_empty()).then(|| name.to_owned()),
        unique: false,
        method: None,
        keys,
        include: Vec::new(),
        predicate: None,
        nulls_not_distinct: false,
        options: Vec::new(),
        comment: None,
        origin: Origin::default(),
    }
}

fn add(
    database: &mut Database,
    name: ObjectName,
    columns: Vec<Column>,
    constraints: Vec<Constraint>,
) -> ObjectName {
    let table = Table { columns, constraints, ..Table::new(name) };
    let name = table.name.clone();
    database.made.insert(ObjectKeyOrTable::Table(name.clone()), database.next);
    database.next += 1;
    database.tables.insert(name.clone(), Arc::new(table));
    name
}

fn change(database: &mut Database, name: &ObjectName, change: impl FnOnce(&mut Table)) {
    change(&mut database.tables.get_mut(name).expect("the table is there"));
}

fn object(database: &mut Database, kind: ObjectKind, on: Option<&ObjectName>, name: &str, text: &str) {
    let object = NamedObject {
        kind,
        name: ObjectName::plain(name),
        table: on.cloned(),
        signature: None,
        text: text.to_owned(),
        mentions: BTreeSet::new(),
        comment: Some(format!("the {name}\\'s comment;")),
        origin: Origin::default(),
    };
    let key = (kind, on.cloned(), object.name.clone(), None);
    database.made.insert(ObjectKeyOrTable::Object(key.clone()), database.next);
    database.next += 1;
    database.objects.insert(key, Arc::new(object));
}

const SCHEMA: &str = "Sales \"x\"; DROP TABLE y; --";

/// The table whose name and columns are hardest to write.
fn users(database: &mut Database, mood: &ObjectName, posts: &ObjectName) -> ObjectName {
    let users = ObjectName { schema: Some(SCHEMA.to_owned()), name: "user".to_owned() };
    let counter = users.sibling("Old \"name' \\ seq");
    let mut id = column("ID", "integer");
    id.nullable = false;
    id.default = Some(Default::NextValue(counter.clone()));
    let mood = TypeKind::Enum { name: Some(mood.clone()), labels: Vec::new() };
    let moods = TypeKind::Array { element: Box::new(mood.clone()), dimensions: 1 };
    let mut name = Column::new("order", DataType::named("character varying", &["50"]));
    name.collation = Some("C".to_owned());
    name.default = Some(Default::Expression("'it''s;'::text".to_owned()));
    name.comment = Some("a 'quoted' \\ comment; -- not SQL".to_owned());
    let mut whole = column("whole", "integer");
    whole.computed = Some(Computed { expression: "f(\"ID\") + 1".to_owned(), stored: true });
    let mut number = column("number", "bigint");
    number.nullable = false;
    let options = SequenceOptions {
        start: Some(5),
        increment: Some(-2),
        minimum: Some(-9),
        maximum: Some(9),
        ..SequenceOptions::default()
    };
    number.identity = Some(Identity::new(false, options));
    let columns = vec![
        id,
        name,
        whole,
        number,
        Column::new("mood", DataType::new(mood)),
        Column::new("moods", DataType::new(moods)),
        Column::new("at", DataType::named("timestamp with time zone", &["3"])),
        Column::new("t", DataType::named("time without time zone", &["0"])),
        column("span", "interval day to second"),
        column("c", "\"char\""),
        column("b", "bit varying"),
        column("j", "json"),
        column("x", "xml"),
        column("r", "int4range"),
        column("d", "positive"),
        column("p", "pair"),
    ];
    let mut unique = constraint(
        "uq; DROP TABLE y",
        ConstraintBody::Unique {
            columns: list(&["order", "number"]),
            include: list(&["at"]),
            nulls_not_distinct: true,
        },
    );
    unique.mode = CheckMode::Deferred;
    unique.comment = Some("unique".to_owned());
    let mut late = check("late", "\"ID\" > 0");
    late.not_valid = true;
    let exclude = constraint(
        "ex",
        ConstraintBody::Exclude {
            using: Some("gist".to_owned()),
            elements: list(&["r WITH &&"]),
            predicate: Some("r IS NOT NULL".to_owned()),
        },
    );
    let mut there = foreign("there", &["number"], posts.clone(), &["n"]);
    there.mode = CheckMode::Deferrable;
    let constraints =
        vec![key("user_pkey", &["ID"]), unique, check("", "f(\"ID\") >= 0"), late, exclude, there];
    add(database, users.clone(), columns, constraints);
    let sequence = Sequence {
        name: counter,
        options: SequenceOptions { data_type: Some("integer".to_owned()), ..SequenceOptions::default() },
        owner: Some((users.clone(), "ID".to_owned())),
        origin: Origin::default(),
    };
    database.sequences.insert(sequence);
    let mut first = IndexKey::column("order");
    first.collation = Some("C".to_owned());
    first.operator_class = Some("varchar_pattern_ops".to_owned());
    first.order = Some(Order::Descending);
    first.nulls = Some(NullsOrder::Last);
    let second = IndexKey::new(KeyPart::Expression("\"ID\" % 2".to_owned()));
    let mut whole = index("i; DROP", vec![first, second]);
    whole.unique = true;
    whole.include = list(&["at"]);
    whole.nulls_not_distinct = true;
    whole.options = vec![("fillfactor".to_owned(), "70".to_owned())];
    whole.predicate = Some("\"order\" <> ';'".to_owned());
    whole.comment = Some("index".to_owned());
    let mut brin = index("", vec![IndexKey::column("at")]);
    brin.method = Some("brin".to_owned());
    brin.options = vec![("with".to_owned(), "(pages_per_range=32)".to_owned())];
    change(database, &users, |table| {
        table.indexes = vec![whole, brin];
        table.comment = Some("people".to_owned());
        table.options.insert("with".to_owned(), "fillfactor=80".to_owned());
        table.options.insert("unlogged".to_owned(), String::new());
    });
    users
}

/// Partitions and heirs, which come before their parents here.
fn families(database: &mut Database) {
    let columns = || {
        let mut at = column("at", "date");
        at.nullable = false;
        vec![column("id", "integer"), at]
    };
    let bound = "log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')";
    let part = add(database, ObjectName::plain("a_part"), columns(), vec![check("own", "id > 0")]);
    change(database, &part, |table| {
        table.options.insert("partition of".to_owned(), bound.to_owned());
        table.constraints.push(key("a_part_pkey", &["at"]));
        table.indexes.push(index("a_part_own", vec![IndexKey::column("id")]));
    });
    let log = add(database, ObjectName::plain("log"), columns(), vec![key("log_pkey", &["at"])]);
    change(database, &log, |table| {
        table.options.insert("partition by".to_owned(), "RANGE (at)".to_owned());
        table.indexes.push(index("log_id", vec![IndexKey::column("id")]));
    });
    let heir = add(database, ObjectName::plain("heir"), vec![column("more", "text")], Vec::new());
    change(database, &heir, |table| {
        table.options.insert("inherits".to_owned(), "\"parent\"".to_owned());
    });
    add(database, ObjectName::plain("parent"), Vec::new(), Vec::new());
}

/// A database with one of everything, names chosen to hurt.
fn everything() -> Database {
    let mut database = Database::new(Dialect::PostgreSql);
    database.schemas.insert(SCHEMA.to_owned(), Origin::default());
    let mood = ObjectName { schema: Some("other".to_owned()), name: "Mood".to_owned() };
    let labels = Some(list(&["ok", "it's \\ ;", ""]));
    let comment = Some("labels".to_owned());
    let enum_type = EnumType { name: mood.clone(), labels, comment, origin: Origin::default() };
    database.enums.insert(mood.clone(), enum_type);
    let free = Sequence {
        name: ObjectName::plain("free"),
        options: SequenceOptions {
            data_type: Some("smallint".to_owned()),
            start: Some(3),
            increment: Some(1),
            minimum: Some(1),
            maximum: Some(9),
            cache: Some(2),
            cycle: true,
        },
        owner: None,
        origin: Origin::default(),
    };
    database.sequences.insert(free);

    // The key that a foreign key points at is an index here.
    let posts = ObjectName::plain("Posts");
    let users = users(&mut database, &mood, &posts);
    let columns = vec![column("n", "bigint"), column("user", "integer"), column("body", "text")];
    add(&mut database, posts.clone(), columns, vec![foreign("back", &["user"], users, &[])]);
    let mut unique = index("posts_n", vec![IndexKey::column("n")]);
    unique.unique = true;
    change(&mut database, &posts, |table| {
        table.indexes = vec![unique];
        table.options.insert("unlogged".to_owned(), String::new());
    });
    families(&mut database);

    use ObjectKind::*;
    for (kind, on, name, text) in [
        (View, None, "a_view", "CREATE VIEW a_view AS SELECT n FROM b_view;"),
        (MaterializedView, None, "b_view", "CREATE MATERIALIZED VIEW b_view AS SELECT n FROM \"Posts\""),
        (
            Function,
            None,
            "f",
            "CREATE FUNCTION f(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS $$ SELECT $1; $$",
        ),
        (
            Function,
            None,
            "touch",
            "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN \
             PERFORM 1 FROM \"Posts\"; RETURN NEW; END $body$ -- done",
        ),
        (
            Function,
            None,
            "standard",
            "CREATE FUNCTION standard() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT 1; \
             SELECT n FROM b_view; END",
        ),
        (Domain, None, "positive", "CREATE DOMAIN positive AS integer CHECK (VALUE > 0)"),
        (Type, None, "pair", "CREATE TYPE pair AS (a positive, b text)"),
        (Extension, None, "plpgsql", "CREATE EXTENSION IF NOT EXISTS plpgsql"),
        (
            Trigger,
            Some(&posts),
            "trg",
            "CREATE TRIGGER trg BEFORE INSERT ON \"Posts\" FOR EACH ROW EXECUTE FUNCTION touch()",
        ),
        (Policy, Some(&posts), "pol", "CREATE POLICY pol ON \"Posts\" USING (n > 0)"),
        (Rule, Some(&posts), "r", "CREATE RULE r AS ON DELETE TO \"Posts\" DO ALSO (SELECT 1; SELECT 2)"),
    ] {
        object(&mut database, kind, on, name, text);
    }
    database
}

#[test]
fn postgresql_takes_everything() {
    let server = match Server::start() {
        Ok(server) => server,
        Err(why) => return println!("skipped, PostgreSQL cannot be started: {why}"),
    };
    let version = server.ask("SHOW server_version_num");
    if version.parse::<u32>().is_ok_and(|version| version < 150_000) {
        return println!("skipped, PostgreSQL is older than 15: {version}");
    }
    let written = ddl(&everything());
    assert_eq!(written.omissions, Vec::new());
    server.run(&written.to_sql());
    let ask = |sql: &str| server.ask(sql);
    assert_eq!(
        ask("SELECT nspname FROM pg_namespace WHERE oid >= 16384 ORDER BY 1"),
        format!("{SCHEMA}\nother")
    );
    assert_eq!(ask("SELECT string_agg(enumlabel, '|' ORDER BY enumsortorder) FROM pg_enum"), "ok|it's \\ ;|");
    assert_eq!(
        ask("SELECT attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated \
             FROM pg_attribute JOIN pg_class c ON c.oid = attrelid \
             WHERE relname = 'user' AND attnum > 0 ORDER BY attnum"),
        "ID|integer|t||\norder|character varying(50)|f||\nwhole|integer|f||s\nnumber|bigint|t|d|\n\
         mood|other.\"Mood\"|f||\nmoods|other.\"Mood\"[]|f||\nat|timestamp(3) with time zone|f||\n\
         t|time(0) without time zone|f||\nspan|interval day to second|f||\nc|\"char\"|f||\n\
         b|bit varying|f||\nj|json|f||\nx|xml|f||\nr|int4range|f||\nd|positive|f||\np|pair|f||"
    );
    assert_eq!(
        ask("SELECT pg_get_serial_sequence('\"Sales \"\"x\"\"; DROP TABLE y; --\".\"user\"', 'ID')"),
        "\"Sales \"\"x\"\"; DROP TABLE y; --\".\"Old \"\"name' \\ seq\""
    );
    assert_eq!(
        ask("SELECT conname, contype, condeferrable, condeferred, convalidated FROM pg_constraint \
             JOIN pg_class c ON c.oid = conrelid WHERE relname IN ('user', 'Posts', 'a_part') ORDER BY 1"),
        "a_part_pkey|p|f|f|t\nback|f|f|f|t\nex|x|f|f|t\nlate|c|f|f|f\nown|c|f|f|t\nthere|f|t|f|t\n\
         uq; DROP TABLE y|u|t|t|t\nuser_ID_check|c|f|f|t\nuser_pkey|p|f|f|t"
    );
    assert_eq!(
        ask("SELECT inhrelid::regclass, inhparent::regclass FROM pg_inherits \
             ORDER BY inhrelid::regclass::text"),
        "a_part|log\na_part_own|log_id\na_part_pkey|log_pkey\nheir|parent"
    );
    // Of the table, its column, constraint and index, the enum, and ten objects.
    assert_eq!(ask("SELECT count(*) FROM pg_description WHERE objoid >= 16384"), "15");
    assert_eq!(
        ask("SELECT seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle \
             FROM pg_sequence WHERE seqrelid = 'free'::regclass"),
        "smallint|3|1|9|1|2|t"
    );
}
