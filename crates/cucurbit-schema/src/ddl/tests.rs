use super::*;
use crate::model::{
    Action, CheckMode, Computed, DataType, Default, EnumType, Identity, Index, IndexKey, NameKind,
    NullsOrder, Order, Sequence, SequenceOptions,
};
use std::sync::Arc;

fn named(name: &str) -> DataType {
    DataType::named(name, &[])
}

fn column(name: &str, data_type: DataType) -> Column {
    Column::new(name, data_type)
}

fn required(name: &str, data_type: DataType) -> Column {
    Column { nullable: false, ..Column::new(name, data_type) }
}

fn constraint(name: Option<&str>, body: ConstraintBody) -> Constraint {
    Constraint::new(name.map(str::to_owned), body)
}

fn list(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn key(name: Option<&str>, columns: &[&str]) -> Constraint {
    constraint(name, ConstraintBody::PrimaryKey { columns: list(columns), include: Vec::new() })
}

fn unique(name: Option<&str>, columns: &[&str]) -> Constraint {
    let (columns, include) = (list(columns), Vec::new());
    constraint(name, ConstraintBody::Unique { columns, include, nulls_not_distinct: false })
}

fn check(name: Option<&str>, expression: &str) -> Constraint {
    constraint(name, ConstraintBody::Check { expression: expression.to_owned(), no_inherit: false })
}

fn foreign(name: Option<&str>, columns: &[&str], table: &str, references: &[&str]) -> Constraint {
    constraint(
        name,
        ConstraintBody::ForeignKey {
            columns: list(columns),
            table: ObjectName::plain(table),
            references: list(references),
            on_delete: Action::NoAction,
            on_update: Action::NoAction,
            match_kind: None,
            set_columns: Vec::new(),
        },
    )
}

fn index(name: &str, keys: Vec<IndexKey>) -> Index {
    Index {
        name: Some(name.to_owned()),
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

fn table(name: &str, columns: Vec<Column>, constraints: Vec<Constraint>) -> Table {
    Table { columns, constraints, ..Table::new(ObjectName::plain(name)) }
}

/// Puts a table into a database as the next one made.
fn add(database: &mut Database, table: Table) {
    database.made.insert(ObjectKeyOrTable::Table(table.name.clone()), database.next);
    database.next += 1;
    database.tables.insert(table.name.clone(), Arc::new(table));
}

fn add_object(database: &mut Database, kind: ObjectKind, on: Option<&str>, name: &str, text: &str) {
    let object = NamedObject {
        kind,
        name: ObjectName::plain(name),
        table: on.map(ObjectName::plain),
        signature: None,
        text: text.to_owned(),
        mentions: BTreeSet::new(),
        comment: None,
        origin: Origin::default(),
    };
    let key = (kind, object.table.clone(), object.name.clone(), None);
    database.made.insert(ObjectKeyOrTable::Object(key.clone()), database.next);
    database.next += 1;
    database.objects.insert(key, Arc::new(object));
}

fn add_enum(database: &mut Database, name: &str, labels: Option<&[&str]>) {
    let name = ObjectName::plain(name);
    let labels = labels.map(list);
    database.enums.insert(name.clone(), EnumType { name, labels, comment: None, origin: Origin::default() });
}

fn one(dialect: Dialect, table: Table) -> Ddl {
    let mut database = Database::new(dialect);
    add(&mut database, table);
    ddl(&database)
}

/// Compares the statements and demands that nothing is left out.
#[track_caller]
fn says(ddl: &Ddl, wanted: &str) {
    assert_eq!(reasons(ddl), Vec::<String>::new());
    assert_eq!(ddl.to_sql().trim_end(), wanted.trim());
}

fn reasons(ddl: &Ddl) -> Vec<String> {
    ddl.omissions.iter().map(|o| o.reason.clone()).collect()
}

fn statements(ddl: &Ddl) -> Vec<&str> {
    ddl.statements.iter().map(|s| s.sql.as_str()).collect()
}

#[test]
fn names_are_quoted_when_in_doubt() {
    let pg = |name| quote_name(name, Dialect::PostgreSql);
    assert_eq!(pg("users"), "users");
    assert_eq!(pg("_a1"), "_a1");
    assert_eq!(pg("user"), "\"user\"");
    assert_eq!(pg("Users"), "\"Users\"");
    assert_eq!(pg("a b"), "\"a b\"");
    assert_eq!(pg("1a"), "\"1a\"");
    assert_eq!(pg("a$"), "\"a$\"");
    assert_eq!(pg("é"), "\"é\"");
    assert_eq!(pg("x\"; DROP TABLE y; --"), "\"x\"\"; DROP TABLE y; --\"");
    assert_eq!(pg("a\0b"), "\"a\u{fffd}b\"");
    assert_eq!(quote_name("index", Dialect::PostgreSql), "index");
    assert_eq!(quote_name("index", Dialect::Sqlite), "\"index\"");
    assert_eq!(quote_name("index", Dialect::MySql), "`index`");
    assert_eq!(quote_name("a`b\"", Dialect::MariaDb), "`a``b\"`");
    assert_eq!(
        quote_object(&ObjectName { schema: Some("My".into()), name: "t".into() }, Dialect::PostgreSql),
        "\"My\".t"
    );
}

#[test]
fn strings_are_quoted() {
    assert_eq!(quote_string("it's", Dialect::PostgreSql), "'it''s'");
    assert_eq!(quote_string("a\\'", Dialect::PostgreSql), "E'a\\\\'''");
    assert_eq!(quote_string("a\\'", Dialect::Sqlite), "'a\\'''");
    assert_eq!(quote_string("a\\'\"", Dialect::MySql), "'a\\\\''\"'");
}

#[test]
fn postgresql_types() {
    let sql = |name: &str, args: &[&str]| {
        type_sql(&DataType::named(name, args).kind, Dialect::PostgreSql).unwrap_or_default()
    };
    assert_eq!(sql("character varying", &["50"]), "character varying(50)");
    assert_eq!(sql("numeric", &["10", "2"]), "numeric(10,2)");
    assert_eq!(sql("timestamp with time zone", &["3"]), "timestamp(3) with time zone");
    assert_eq!(sql("timestamp without time zone", &[]), "timestamp without time zone");
    assert_eq!(sql("time without time zone", &["0"]), "time(0) without time zone");
    assert_eq!(sql("interval year to month", &[]), "interval year to month");
    assert_eq!(sql("interval second", &["3"]), "interval second(3)");
    assert_eq!(sql("interval", &["3"]), "interval(3)");
    assert_eq!(sql("bit varying", &["3"]), "bit varying(3)");
    assert_eq!(sql("double precision", &[]), "double precision");
    assert_eq!(sql("\"char\"", &[]), "\"char\"");
    assert_eq!(sql("jsonb", &[]), "jsonb");
    assert_eq!(sql("vector", &["3"]), "vector(3)");
    assert_eq!(sql("geometry", &["Point", "4326"]), "geometry(Point,4326)");
    assert_eq!(sql("MyType", &[]), "\"MyType\"");
    assert_eq!(sql("my schema.t", &[]), "\"my schema\".t");
    assert_eq!(sql("public.\"A.b\"", &[]), "public.\"A.b\"");
    assert_eq!(sql("user", &[]), "\"user\"");
    assert_eq!(sql("int); DROP TABLE x; --", &[]), "\"int); DROP TABLE x; --\"");
    assert_eq!(sql("numeric", &["1); DROP TABLE x; --"]), "");
    assert_eq!(sql("numeric", &["1,2"]), "");
    let array = TypeKind::Array { element: Box::new(DataType::named("text", &[]).kind), dimensions: 1 };
    assert_eq!(type_sql(&array, Dialect::PostgreSql).as_deref(), Some("text[]"));
    let name = Some(ObjectName { schema: Some("s".into()), name: "Mood".into() });
    let kind = TypeKind::Enum { name, labels: Vec::new() };
    assert_eq!(type_sql(&kind, Dialect::PostgreSql).as_deref(), Some("s.\"Mood\""));
    assert_eq!(type_sql(&TypeKind::Unknown("?".into()), Dialect::PostgreSql), None);
}

#[test]
fn other_types() {
    let sqlite = |name: &str, args: &[&str]| type_sql(&DataType::named(name, args).kind, Dialect::Sqlite);
    assert_eq!(sqlite("VARCHAR", &["50"]).as_deref(), Some("VARCHAR(50)"));
    assert_eq!(sqlite("", &[]).as_deref(), Some(""));
    assert_eq!(sqlite("TIMESTAMP WITH TIME ZONE", &[]).as_deref(), Some("TIMESTAMP WITH TIME ZONE"));
    assert_eq!(sqlite("INT NOT NULL, x", &[]).as_deref(), Some("\"INT NOT NULL, x\""));
    assert_eq!(sqlite("INT PRIMARY KEY", &[]).as_deref(), Some("\"INT PRIMARY KEY\""));
    assert_eq!(sqlite("VARCHAR", &["max"]), None);
    let labels = TypeKind::Enum { name: None, labels: list(&["it's", "b"]) };
    assert_eq!(type_sql(&labels, Dialect::Sqlite).as_deref(), Some("VARCHAR(4)"));
    assert_eq!(type_sql(&labels, Dialect::MySql).as_deref(), Some("enum('it''s', 'b')"));
    let unsigned = TypeKind::Named {
        name: "varchar".into(),
        args: list(&["9"]),
        attributes: list(&["character set utf8mb4"]),
    };
    assert_eq!(type_sql(&unsigned, Dialect::MySql).as_deref(), Some("varchar(9) character set utf8mb4"));
}

#[test]
fn texts_stay_in_their_place() {
    let ok = |text: &str| text::expression(text, Dialect::PostgreSql).is_ok();
    for good in [
        "a > 0",
        "a = 'it''s; (' AND b IN (1, 2)",
        "$$;($$ || $t$ $$ ; $t$",
        "E'\\'; ' || x",
        "\"a;b\" > 1",
        "a[1:2] = ARRAY[1, 2]",
        "/* a /* b */ ; */ x",
        "x -- and nothing",
        "nextval('a'::regclass)",
        "a$1 > 2",
        "U&'\\0041'",
    ] {
        assert!(ok(good), "{good}");
    }
    for bad in [
        "",
        "-- nothing",
        "a; DROP TABLE x",
        "a) ; --",
        "(a",
        "a]",
        "(a]",
        "a, b int",
        "'a",
        "\"a",
        "$$a",
        "E'\\'",
        "/* a",
        "1 \\! rm",
        "a\0",
        "'a\0'",
        "1E'\\''; DROP TABLE x; --'",
        "E'a'\n'\\'; DROP TABLE x; --'",
        "E'a' --c\n'\\'; DROP TABLE x; --'",
        "1E$$; DROP TABLE x; --",
        "a :é$a$b'",
        "a\u{b}",
    ] {
        assert!(!ok(bad), "{bad}");
    }
    assert_eq!(text::expression("x -- y", Dialect::PostgreSql).as_deref(), Ok("x"));
    // A no-break space is part of a name.
    assert_eq!(text::expression(" x -- y\n\u{a0} ", Dialect::PostgreSql).as_deref(), Ok("x -- y\n\u{a0}"));
    assert_eq!(without_brackets("(x -- y\n)", Dialect::PostgreSql).as_deref(), Ok("x"));
    assert!(ok("0x1F + 1_000 + 1.5e-3 > a[1:2]"));
    let ok = |text: &str| text::expression(text, Dialect::MySql).is_ok();
    assert!(ok("a = 'it\\'s' -- b"));
    assert!(ok("5--3"));
    assert!(!ok("a = 'it\\'"));
    assert!(!ok("1 /*! ; */"));
    assert!(!ok("1 \\! x"));
    assert!(!ok("1\ndelimiter x"));
    assert!(!ok("`a"));
    let ok = |text: &str| text::expression(text, Dialect::Sqlite).is_ok();
    assert!(ok("[a;b] = 'x\\'"));
    assert!(!ok("[a"));
    assert!(!ok("1\n/\n.shell x"));
    assert!(ok("'\n/\n' || 1\n/ 2"));
}

#[test]
fn statements_are_one_statement() {
    let one = |text: &str, dialect| text::statement(text, dialect);
    let pg = |text: &str| one(text, Dialect::PostgreSql).is_ok();
    assert_eq!(
        one("/* x */ CREATE VIEW v AS SELECT 1 ; -- y", Dialect::PostgreSql).as_deref(),
        Ok("CREATE VIEW v AS SELECT 1")
    );
    assert!(pg("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; SELECT 2; $$"));
    assert!(pg("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)"));
    assert!(pg(
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END"
    ));
    assert!(!pg("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; DROP TABLE x; END"));
    assert!(!pg("CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP TABLE x; END"));
    // psql would wait for an END.
    assert!(!pg("CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'SELECT 1'"));
    assert!(!pg("CREATE VIEW v AS SELECT 1; DROP TABLE x"));
    assert!(!pg("\\! rm"));
    assert!(!pg("CREATE VIEW v AS SELECT 'a"));
    let sqlite = |text: &str| one(text, Dialect::Sqlite).is_ok();
    assert!(sqlite(
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; SELECT 2; END"
    ));
    assert!(!sqlite(
        "CREATE TRIGGER begin AFTER INSERT ON a BEGIN SELECT 1; END; DROP TABLE x; SELECT 1 END"
    ));
    assert!(!sqlite("CREATE TABLE trigger(begin int); DROP TABLE x; END"));
    assert!(!sqlite("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1;"));
    assert!(!sqlite(".shell x"));
    assert!(!sqlite("go"));
    assert!(!sqlite("CREATE VIEW v AS SELECT 1\n go -- x\n.shell x"));
    let mysql = |text: &str| one(text, Dialect::MySql).is_ok();
    assert!(mysql(
        "CREATE DEFINER=`root`@`%` PROCEDURE p(a int) COMMENT 'x' BEGIN \
         DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; END; \
         IF a THEN SELECT 1; END IF; BEGIN END; CASE a WHEN 1 THEN SELECT 1; END CASE; END"
    ));
    assert!(mysql("CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET NEW.x = 1; END"));
    assert!(mysql("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM a; END"));
    assert!(mysql(
        "CREATE FUNCTION f(a int) RETURNS varchar(3) CHARSET utf8 DETERMINISTIC BEGIN RETURN 1; END"
    ));
    assert!(!mysql("CREATE PROCEDURE p() SELECT 1 AS begin; DROP TABLE x; SELECT 1 END"));
    assert!(!mysql("CREATE PROCEDURE p() BEGIN SELECT 1 AS begin; END; DROP TABLE x; SELECT 1 AS END"));
    assert!(!mysql("CREATE VIEW v AS SELECT 1 event, 2 begin; DROP TABLE x; END"));
}

#[test]
fn postgresql_table() {
    let mut id = required("id", named("integer"));
    id.default = Some(Default::NextValue(ObjectName::plain("users_id_seq")));
    let mut name = required("name", DataType::named("character varying", &["50"]));
    name.collation = Some("C".to_owned());
    name.default = Some(Default::Expression("'a'::text".to_owned()));
    name.comment = Some("it's a \\ name".to_owned());
    let mut whole = column("whole", named("text"));
    whole.computed = Some(Computed { expression: "name || 'x'".to_owned(), stored: true });
    let mut number = required("number", named("bigint"));
    number.identity = Some(Identity::new(
        true,
        SequenceOptions { start: Some(5), increment: Some(2), ..SequenceOptions::default() },
    ));
    let mood = TypeKind::Enum { name: Some(ObjectName::plain("Mood")), labels: Vec::new() };
    let moods = TypeKind::Array { element: Box::new(mood.clone()), dimensions: 1 };
    let mut users = table(
        "users",
        vec![
            id,
            name,
            whole,
            number,
            column("mood", DataType::new(mood)),
            column("moods", DataType::new(moods)),
        ],
        vec![key(Some("users_pkey"), &["id"]), unique(None, &["name"]), check(Some("ck"), "number > 0")],
    );
    users.comment = Some("people".to_owned());
    let mut database = Database::new(Dialect::PostgreSql);
    add(&mut database, users);
    add_enum(&mut database, "Mood", Some(&["ok", "it's"]));
    let sequence = Sequence {
        name: ObjectName::plain("users_id_seq"),
        options: SequenceOptions { data_type: Some("integer".to_owned()), ..SequenceOptions::default() },
        owner: Some((ObjectName::plain("users"), "id".to_owned())),
        origin: Origin(7),
    };
    database.sequences.insert(sequence);
    let ddl = ddl(&database);
    says(
        &ddl,
        r#"CREATE TYPE "Mood" AS ENUM ('ok', 'it''s');
CREATE SEQUENCE users_id_seq AS integer;
CREATE TABLE users (
    id integer DEFAULT nextval('users_id_seq'::regclass) NOT NULL,
    name character varying(50) COLLATE "C" DEFAULT 'a'::text NOT NULL,
    whole text GENERATED ALWAYS AS (name || 'x') STORED,
    number bigint GENERATED ALWAYS AS IDENTITY (START WITH 5 INCREMENT BY 2) NOT NULL,
    mood "Mood",
    moods "Mood"[],
    CONSTRAINT users_pkey PRIMARY KEY (id),
    UNIQUE (name),
    CONSTRAINT ck CHECK (number > 0)
);
ALTER SEQUENCE users_id_seq OWNED BY users.id;
COMMENT ON TABLE users IS 'people';
COMMENT ON COLUMN users.name IS E'it''s a \\ name';"#,
    );
    assert_eq!(ddl.statements[1].origin, Origin(7));
    assert_eq!(ddl.statements[2].object, Some(ObjectRef::Table(ObjectName::plain("users"))));
}

#[test]
fn postgresql_foreign_keys_come_last() {
    let mut database = Database::new(Dialect::PostgreSql);
    let mut fk = foreign(Some("fk"), &["b_id", "x"], "b", &["id", "y"]);
    if let ConstraintBody::ForeignKey { on_delete, on_update, match_kind, set_columns, .. } = &mut fk.body {
        *on_delete = Action::SetNull;
        *on_update = Action::Cascade;
        *match_kind = Some("full".to_owned());
        *set_columns = list(&["x"]);
    }
    fk.mode = CheckMode::Deferred;
    fk.not_valid = true;
    let integer = || named("integer");
    add(
        &mut database,
        table(
            "a",
            vec![required("id", integer()), column("b_id", integer()), column("x", integer())],
            vec![key(None, &["id"]), fk],
        ),
    );
    let mut unique = index("b_key", vec![IndexKey::column("y"), IndexKey::column("id")]);
    unique.unique = true;
    let mut b = table(
        "b",
        vec![column("id", integer()), column("y", integer()), column("a_id", integer())],
        vec![foreign(None, &["a_id"], "a", &[])],
    );
    b.indexes.push(unique);
    add(&mut database, b);
    let mut late = check(Some("late"), "y > 0");
    late.not_valid = true;
    if let ConstraintBody::Check { no_inherit, .. } = &mut late.body {
        *no_inherit = true;
    }
    add(&mut database, table("c", vec![column("y", integer())], vec![late]));
    says(
        &ddl(&database),
        "CREATE TABLE a (
    id integer NOT NULL,
    b_id integer,
    x integer,
    PRIMARY KEY (id)
);
CREATE TABLE b (
    id integer,
    y integer,
    a_id integer
);
CREATE TABLE c (
    y integer
);
ALTER TABLE c ADD CONSTRAINT late CHECK (y > 0) NO INHERIT NOT VALID;
CREATE UNIQUE INDEX b_key ON b (y, id);
ALTER TABLE a ADD CONSTRAINT fk FOREIGN KEY (b_id, x) REFERENCES b (id, y) MATCH FULL \
         ON DELETE SET NULL (x) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED NOT VALID;
ALTER TABLE b ADD FOREIGN KEY (a_id) REFERENCES a;",
    );
}

#[test]
fn postgresql_indexes() {
    let mut t = table("T", vec![column("a", named("text")), column("b", named("integer"))], Vec::new());
    let mut first = IndexKey::column("a");
    first.collation = Some("pg_catalog.C".to_owned());
    first.operator_class = Some("text_pattern_ops".to_owned());
    first.order = Some(Order::Descending);
    first.nulls = Some(NullsOrder::Last);
    let mut whole = index("i1", vec![first, IndexKey::new(KeyPart::Expression("lower(a)".to_owned()))]);
    whole.unique = true;
    whole.method = Some("btree".to_owned());
    whole.include = list(&["b"]);
    whole.nulls_not_distinct = true;
    whole.options = vec![("fillfactor".into(), "70".into()), ("tablespace".into(), "Fast".into())];
    whole.predicate = Some("b > 0".to_owned());
    whole.comment = Some("quick".to_owned());
    let mut unnamed = index("", vec![IndexKey::column("b")]);
    unnamed.name = None;
    unnamed.options = vec![("with".into(), "(fillfactor=50, deduplicate_items=off)".into())];
    t.indexes = vec![whole, unnamed];
    says(
        &one(Dialect::PostgreSql, t),
        r#"CREATE TABLE "T" (
    a text,
    b integer
);
CREATE UNIQUE INDEX i1 ON "T" USING btree (a COLLATE pg_catalog."C" text_pattern_ops DESC NULLS LAST, (lower(a))) INCLUDE (b) NULLS NOT DISTINCT WITH (fillfactor = 70) TABLESPACE "Fast" WHERE b > 0;
CREATE INDEX ON "T" (b) WITH (fillfactor=50, deduplicate_items=off);
COMMENT ON INDEX i1 IS 'quick';"#,
    );
}

#[test]
fn postgresql_partitions() {
    let mut database = Database::new(Dialect::PostgreSql);
    let columns = || vec![required("id", named("integer")), required("at", named("date"))];
    let mut parent = table("log", columns(), vec![key(Some("log_pkey"), &["id", "at"])]);
    parent.options.insert("partition by".to_owned(), "RANGE (at)".to_owned());
    parent.indexes.push(index("log_at", vec![IndexKey::column("at")]));
    let mut child =
        table("log_1", columns(), vec![key(Some("log_1_pkey"), &["id", "at"]), check(Some("ck"), "id > 0")]);
    let of = "PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')";
    child.options.insert("partition of".to_owned(), of.to_owned());
    child.indexes.push(index("log_1_at", vec![IndexKey::column("at")]));
    let mut heir = table("heir", vec![column("x", named("integer"))], Vec::new());
    heir.options.insert("inherits".to_owned(), "base".to_owned());
    heir.options.insert("unlogged".to_owned(), "true".to_owned());
    heir.options.insert("with".to_owned(), "fillfactor=70".to_owned());
    // Names would put the child first.
    add(&mut database, child);
    add(&mut database, parent);
    add(&mut database, heir);
    add(&mut database, table("base", Vec::new(), Vec::new()));
    says(
        &ddl(&database),
        "CREATE TABLE log (
    id integer NOT NULL,
    at date NOT NULL,
    CONSTRAINT log_pkey PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE base ();
CREATE UNLOGGED TABLE heir (
    x integer
) INHERITS (base) WITH (fillfactor=70);
ALTER TABLE log_1 ADD CONSTRAINT ck CHECK (id > 0);
CREATE INDEX log_1_at ON log_1 (at);
CREATE INDEX log_at ON log (at);",
    );
}

#[test]
fn postgresql_order() {
    let mut database = Database::new(Dialect::PostgreSql);
    database.schemas.insert("app".to_owned(), Origin::default());
    let select = |name: &str, from: &str| format!("CREATE VIEW {name} AS SELECT * FROM {from}");
    add_object(&mut database, ObjectKind::View, None, "a_view", &select("a_view", "b_view"));
    add_object(&mut database, ObjectKind::View, None, "b_view", &select("b_view", "t"));
    add_object(
        &mut database,
        ObjectKind::Trigger,
        Some("t"),
        "trg",
        "CREATE TRIGGER trg BEFORE INSERT ON t \
         FOR EACH ROW EXECUTE FUNCTION f()",
    );
    add_object(&mut database, ObjectKind::Policy, Some("t"), "", "ALTER TABLE t ENABLE ROW LEVEL SECURITY");
    add_object(
        &mut database,
        ObjectKind::Function,
        None,
        "g",
        "CREATE FUNCTION g(x t) RETURNS int \
         LANGUAGE sql AS 'SELECT 1'",
    );
    add_object(
        &mut database,
        ObjectKind::Function,
        None,
        "f",
        "CREATE FUNCTION f() RETURNS trigger \
         LANGUAGE plpgsql AS 'BEGIN PERFORM 1 FROM t; RETURN NEW; END'",
    );
    add_object(&mut database, ObjectKind::Domain, None, "d", "CREATE DOMAIN d AS integer");
    add_object(&mut database, ObjectKind::Extension, None, "citext", "CREATE EXTENSION citext SCHEMA app");
    add_object(&mut database, ObjectKind::Grant, None, "t", "GRANT SELECT ON t TO PUBLIC");
    add(&mut database, table("t", vec![column("x", named("d"))], Vec::new()));
    says(
        &ddl(&database),
        "SET check_function_bodies = false;
CREATE SCHEMA app;
CREATE EXTENSION citext SCHEMA app;
CREATE DOMAIN d AS integer;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM 1 FROM t; RETURN NEW; END';
CREATE TABLE t (
    x d
);
CREATE FUNCTION g(x t) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE VIEW b_view AS SELECT * FROM t;
CREATE VIEW a_view AS SELECT * FROM b_view;
CREATE TRIGGER trg BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON t TO PUBLIC;
RESET check_function_bodies;",
    );
}

#[test]
fn a_function_in_a_default_is_made_before_its_table() {
    let mut database = Database::new(Dialect::PostgreSql);
    let mut x = column("x", named("integer"));
    x.default = Some(Default::Expression("f(NULL)".to_owned()));
    add(&mut database, table("a", vec![x], Vec::new()));
    add(&mut database, table("b", vec![column("y", named("integer"))], Vec::new()));
    let f = "CREATE FUNCTION f(r b) RETURNS int LANGUAGE sql AS 'SELECT 1'";
    add_object(&mut database, ObjectKind::Function, None, "f", f);
    let ddl = ddl(&database);
    let order: Vec<&str> = statements(&ddl).iter().map(|s| &s[..15]).collect();
    let wanted =
        ["SET check_funct", "CREATE TABLE b ", "CREATE FUNCTION", "CREATE TABLE a ", "RESET check_fun"];
    assert_eq!(order, wanted);
}

#[test]
fn a_circle_ends() {
    let mut database = Database::new(Dialect::PostgreSql);
    add_object(&mut database, ObjectKind::View, None, "a", "CREATE VIEW a AS SELECT * FROM b");
    add_object(&mut database, ObjectKind::View, None, "b", "CREATE VIEW b AS SELECT * FROM a");
    assert_eq!(statements(&ddl(&database)).len(), 2);
}

#[test]
fn what_cannot_be_written_is_listed() {
    let mut database = Database::new(Dialect::PostgreSql);
    let unknown = DataType::new(TypeKind::Unknown("a function gives it".to_owned()));
    let lost = DataType::new(TypeKind::Enum { name: Some(ObjectName::plain("lost")), labels: Vec::new() });
    let vague = DataType::new(TypeKind::Enum { name: Some(ObjectName::plain("vague")), labels: Vec::new() });
    add_enum(&mut database, "vague", None);
    let mut breaks = column("c", named("integer"));
    breaks.default = Some(Default::Expression("0, evil integer".to_owned()));
    let mut hidden = column("d", named("integer"));
    hidden.default = Some(Default::Unknown("computed".to_owned()));
    let mut counts = column("e", named("integer"));
    counts.default = Some(Default::NextValue(ObjectName::plain("nowhere")));
    let columns = vec![
        column("a", unknown),
        column("b", lost),
        column("vague", vague),
        breaks,
        hidden,
        counts,
        column("x\0", named("integer")),
    ];
    let constraints = vec![
        key(Some("pk"), &["a"]),
        check(Some("ck"), "c > a"),
        check(None, "c > 0) NOT VALID; DROP TABLE x; --"),
        foreign(Some("fk"), &["c"], "missing", &["id"]),
        foreign(Some("fk2"), &["c"], "t", &["c"]),
        unique(Some("uq"), &["gone"]),
    ];
    let mut t = table("t", columns, constraints);
    t.indexes.push(index("ix", vec![IndexKey::new(KeyPart::Expression("lower(b".to_owned()))]));
    t.tainted = true;
    t.options.insert("replica identity".to_owned(), "full".to_owned());
    add(&mut database, t);
    add_object(&mut database, ObjectKind::View, None, "v", "CREATE VIEW v AS SELECT 1; DROP TABLE t");
    add_object(&mut database, ObjectKind::Trigger, Some("u"), "trg", "CREATE TRIGGER trg");
    add_object(&mut database, ObjectKind::View, None, "w", "CREATE VIEW w AS SELECT a FROM t");
    add_object(&mut database, ObjectKind::View, None, "x", "CREATE VIEW x AS SELECT 1 FROM w");
    add_object(&mut database, ObjectKind::View, None, "y", "CREATE VIEW y AS SELECT c FROM t");
    let ddl = ddl(&database);
    let said: Vec<String> = ddl
        .omissions
        .iter()
        .map(|o| match &o.object {
            ObjectRef::Table(t) => format!("{t}: {}", o.reason),
            ObjectRef::Column(_, c) => format!("column {}: {}", c.replace('\0', "?"), o.reason),
            ObjectRef::Constraint(_, c) => format!("constraint {c}: {}", o.reason),
            ObjectRef::Index(i, _) => format!("index {i}: {}", o.reason),
            ObjectRef::Enum(e) => format!("enum {e}: {}", o.reason),
            ObjectRef::Object(_, _, n) => format!("object {n}: {}", o.reason),
            other => format!("{other:?}: {}", o.reason),
        })
        .collect();
    assert_eq!(
        said,
        [
            "column a: its type is unknown: a function gives it",
            "column b: nothing made its enum type `lost`",
            "column vague: its enum type `vague` cannot be written: its labels are unknown",
            "column x?: a name holds a NUL",
            "t: what an unknown effect may have done to it since",
            "enum vague: its labels are unknown",
            "column c: its default: it holds a `,` outside brackets",
            "column d: its default: computed",
            "column e: its default: the sequence `nowhere` is not there",
            "constraint pk: the column `a` is left out",
            "constraint ck: its column `a` is left out",
            "t: a check of it: a `)` closes nothing",
            "constraint fk: the table `missing` is not there",
            "constraint fk2: the table `t` has no key (c)",
            "constraint uq: there is no column `gone` in `t`",
            "t: its option `replica identity` is not known",
            "index ix: a `)` is missing",
            "object v: it is not one statement",
            "object trg: `u` is not there",
            "object w: the column `a` of `t` is left out",
            "object x: `w` is left out",
        ]
    );
    let table = "CREATE TABLE t (\n    c integer,\n    d integer,\n    e integer\n)";
    assert_eq!(statements(&ddl), [table, "CREATE VIEW y AS SELECT c FROM t"]);
}

#[test]
fn sqlite() {
    let mut database = Database::new(Dialect::Sqlite);
    let integer = || named("INTEGER");
    let mut name = required("name", DataType::named("VARCHAR", &["50"]));
    name.default = Some(Default::Expression("'a'".to_owned()));
    name.collation = Some("NOCASE".to_owned());
    let mut at = column("at", named("DATETIME"));
    at.default = Some(Default::Expression("datetime('now')".to_owned()));
    let mut low = column("low", named("INTEGER"));
    low.default = Some(Default::Expression("-1".to_owned()));
    let mut both = column("both", named("TEXT"));
    both.computed = Some(Computed { expression: "name || at".to_owned(), stored: false });
    let mut fk = foreign(None, &["low"], "later", &["id"]);
    fk.mode = CheckMode::Deferrable;
    let mut t = table(
        "group",
        vec![required("id", integer()), name, at, low, both],
        vec![key(None, &["id"]), unique(Some("uq"), &["name"]), check(None, "low > -5"), fk],
    );
    let lower = KeyPart::Expression("lower(name)".to_owned());
    let mut ix = index("ix", vec![IndexKey::new(lower), IndexKey::column("at")]);
    ix.predicate = Some("low IS NOT NULL".to_owned());
    ix.unique = true;
    t.indexes.push(ix);
    add(&mut database, t);
    let mut id = required("id", integer());
    id.autoincrement = true;
    add(&mut database, table("counted", vec![id], vec![key(Some("pk"), &["id"])]));
    let mut bare = table("bare", vec![required("id", named("TEXT"))], vec![key(None, &["id"])]);
    bare.options.insert("without rowid".to_owned(), "true".to_owned());
    bare.options.insert("strict".to_owned(), "true".to_owned());
    add(&mut database, bare);
    add_object(
        &mut database,
        ObjectKind::Trigger,
        Some("bare"),
        "trg",
        "CREATE TRIGGER trg AFTER INSERT ON bare \
         BEGIN DELETE FROM counted; END;",
    );
    says(
        &ddl(&database),
        r#"CREATE TABLE "group" (
    id INTEGER NOT NULL,
    name VARCHAR(50) DEFAULT 'a' COLLATE NOCASE NOT NULL,
    at DATETIME DEFAULT (datetime('now')),
    low INTEGER DEFAULT -1,
    both TEXT GENERATED ALWAYS AS (name || at) VIRTUAL,
    PRIMARY KEY (id),
    CONSTRAINT uq UNIQUE (name),
    CHECK (low > -5),
    FOREIGN KEY (low) REFERENCES later (id) DEFERRABLE
);
CREATE TABLE counted (
    id INTEGER NOT NULL CONSTRAINT pk PRIMARY KEY AUTOINCREMENT
);
CREATE TABLE bare (
    id TEXT NOT NULL,
    PRIMARY KEY (id)
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX ix ON "group" (lower(name), at) WHERE low IS NOT NULL;
CREATE TRIGGER trg AFTER INSERT ON bare BEGIN DELETE FROM counted; END;"#,
    );
}

#[test]
fn sqlite_has_less() {
    let mut database = Database::new(Dialect::Sqlite);
    let other = Table {
        name: ObjectName { schema: Some("s".into()), name: "t".into() },
        ..table("t", vec![], vec![])
    };
    add(&mut database, other);
    let mut counted = column("n", named("TEXT"));
    counted.autoincrement = true;
    add(&mut database, table("u", vec![counted], Vec::new()));
    add(&mut database, table("sqlite_sequence", vec![column("a", named(""))], Vec::new()));
    add(&mut database, table("empty", Vec::new(), Vec::new()));
    let ddl = ddl(&database);
    assert_eq!(statements(&ddl), ["CREATE TABLE u (\n    n TEXT\n)"]);
    assert_eq!(
        reasons(&ddl),
        [
            "SQLite cannot make a table in another schema",
            "SQLite makes this table itself",
            "no column of it can be written",
            "only an INTEGER that is the primary key counts by itself",
        ]
    );
}

#[test]
fn mysql() {
    let mut database = Database::new(Dialect::MySql);
    let mut id = required(
        "id",
        DataType::new(TypeKind::Named {
            name: "int".to_owned(),
            args: Vec::new(),
            attributes: list(&["unsigned"]),
        }),
    );
    id.autoincrement = true;
    let mut token = required("token", DataType::named("varchar", &["36"]));
    token.default = Some(Default::Expression("uuid()".to_owned()));
    token.collation = Some("utf8mb4_bin".to_owned());
    let mut at = column("at", DataType::named("timestamp", &["6"]));
    at.default = Some(Default::Expression("CURRENT_TIMESTAMP(6)".to_owned()));
    at.on_update = Some("CURRENT_TIMESTAMP(6)".to_owned());
    let mut state =
        required("state", DataType::new(TypeKind::Enum { name: None, labels: list(&["on", "off"]) }));
    state.default = Some(Default::Expression("'on'".to_owned()));
    state.comment = Some("it's".to_owned());
    let mut body = column("body", named("json"));
    body.default = Some(Default::Expression("'{}'".to_owned()));
    let mut fk = foreign(Some("fk"), &["id"], "other", &[]);
    if let ConstraintBody::ForeignKey { on_delete, .. } = &mut fk.body {
        *on_delete = Action::Cascade;
    }
    let mut t = table(
        "key",
        vec![id, token, at, state, body],
        vec![key(Some("pk"), &["id"]), unique(Some("uq"), &["token"]), check(Some("ck"), "id > 0"), fk],
    );
    let mut prefix = IndexKey::column("token");
    prefix.length = Some(10);
    prefix.order = Some(Order::Descending);
    let expression = IndexKey::new(KeyPart::Expression("lower(token)".to_owned()));
    t.indexes.push(index("ix", vec![prefix, expression]));
    let mut full = index("ft", vec![IndexKey::column("token")]);
    full.method = Some("fulltext".to_owned());
    full.comment = Some("words".to_owned());
    t.indexes.push(full);
    t.options.insert("engine".to_owned(), "InnoDB".to_owned());
    t.options.insert("charset".to_owned(), "utf8mb4".to_owned());
    t.comment = Some("keys".to_owned());
    add(&mut database, t);
    add(&mut database, table("other", vec![required("id", named("int"))], vec![key(None, &["id"])]));
    add_object(
        &mut database,
        ObjectKind::Trigger,
        Some("other"),
        "trg",
        "CREATE TRIGGER trg BEFORE INSERT ON other \
         FOR EACH ROW BEGIN SET NEW.id = 1; END",
    );
    says(
        &ddl(&database),
        "CREATE TABLE `key` (
    id int unsigned NOT NULL AUTO_INCREMENT,
    token varchar(36) COLLATE utf8mb4_bin NOT NULL DEFAULT (uuid()),
    at timestamp(6) NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
    state enum('on', 'off') NOT NULL DEFAULT 'on' COMMENT 'it''s',
    body json DEFAULT ('{}'),
    PRIMARY KEY (id),
    UNIQUE KEY uq (token),
    CONSTRAINT ck CHECK (id > 0),
    KEY ix (token(10) DESC, (lower(token))),
    FULLTEXT KEY ft (token) COMMENT 'words'
) DEFAULT CHARSET=utf8mb4 ENGINE=InnoDB COMMENT='keys';
CREATE TABLE other (
    id int NOT NULL,
    PRIMARY KEY (id)
);
ALTER TABLE `key` ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES other (id) ON DELETE CASCADE;
DELIMITER $$
CREATE TRIGGER trg BEFORE INSERT ON other FOR EACH ROW BEGIN SET NEW.id = 1; END$$
DELIMITER ;",
    );
}

#[test]
fn mysql_defaults() {
    let bare = |text: &str| text::is_time(text, Dialect::MySql) || text::is_literal(text, Dialect::MySql);
    for text in
        ["'a'", "-1", "1.5", "NULL", "true", "b'0'", "_utf8mb4'x'", "now()", "NOW(3)", "current_timestamp"]
    {
        assert!(bare(text), "{text}");
    }
    assert!(bare("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"));
    assert!(bare("(uuid())"));
    for text in ["uuid()", "(1) + (2)", "1 + 1", "current_date", "now() + 1"] {
        assert!(!bare(text), "{text}");
    }
}

#[test]
fn mysql_names_the_index_of_an_unnamed_key_by_its_column() {
    let mut database = Database::new(Dialect::MySql);
    add(&mut database, table("a", vec![required("id", named("int"))], vec![key(None, &["id"])]));
    let named_key = foreign(Some("fk"), &["x"], "a", &["id"]);
    let unnamed = |name: &str, column: &str| Constraint {
        name_kind: NameKind::Implicit,
        ..foreign(Some(name), &[column], "a", &["id"])
    };
    let columns = vec![column("x", named("int")), column("y", named("int")), column("z", named("int"))];
    let constraints =
        vec![named_key, unnamed("b_ibfk_1", "y"), unique(Some("z"), &["z"]), unnamed("b_ibfk_2", "z")];
    add(&mut database, table("b", columns, constraints));
    let written = ddl(&database);
    let keys: Vec<&str> = statements(&written).into_iter().filter(|s| s.starts_with("ALTER TABLE")).collect();
    assert_eq!(
        keys,
        [
            "ALTER TABLE b ADD CONSTRAINT fk FOREIGN KEY (x) REFERENCES a (id)",
            "ALTER TABLE b ADD INDEX y (y), ADD CONSTRAINT b_ibfk_1 FOREIGN KEY (y) REFERENCES a (id)",
            "ALTER TABLE b ADD CONSTRAINT b_ibfk_2 FOREIGN KEY (z) REFERENCES a (id)",
        ]
    );
}
