//! What changes do to a database.

use crate::*;

fn db() -> Database {
    Database::new(Dialect::PostgreSql)
}

fn name(text: &str) -> ObjectName {
    ObjectName::plain(text)
}

fn table(text: &str, columns: &[(&str, &str)], constraints: Vec<Constraint>) -> Change {
    let mut table = Table::new(name(text));
    table.columns = columns.iter().map(|(n, t)| Column::new(*n, DataType::named(t, &[]))).collect();
    table.constraints = constraints;
    Change::CreateTable { table: Box::new(table), if_not_exists: false, temporary: false }
}

fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(|i| (*i).to_owned()).collect()
}

fn unique(columns: &[&str]) -> Constraint {
    Constraint::new(
        None,
        ConstraintBody::Unique { columns: strings(columns), include: Vec::new(), nulls_not_distinct: false },
    )
}

fn primary(columns: &[&str]) -> Constraint {
    Constraint::new(None, ConstraintBody::PrimaryKey { columns: strings(columns), include: Vec::new() })
}

fn foreign(columns: &[&str], target: &str) -> Constraint {
    Constraint::new(
        None,
        ConstraintBody::ForeignKey {
            columns: strings(columns),
            table: name(target),
            references: Vec::new(),
            on_delete: Action::NoAction,
            on_update: Action::NoAction,
            match_kind: None,
            set_columns: Vec::new(),
        },
    )
}

fn check(expression: &str) -> Constraint {
    Constraint::new(None, ConstraintBody::Check { expression: expression.to_owned(), no_inherit: false })
}

fn run(db: &mut Database, changes: &[Change]) -> Vec<String> {
    let mut out = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        let applied = db.apply(change, Origin(u32::try_from(at).unwrap() + 1));
        out.extend(applied.mismatches.iter().map(|m| format!("{at}: {:?} {:?}", m.object, m.kind)));
    }
    out
}

fn names_of(db: &Database, table: &str) -> Vec<String> {
    db.table(&name(table)).unwrap().constraints.iter().map(|c| c.name.clone().unwrap_or_default()).collect()
}

#[test]
fn postgresql_names_what_has_no_name() {
    let mut db = db();
    let changes = [
        table("p", &[("id", "serial")], vec![primary(&["id"])]),
        table(
            "a",
            &[("x", "integer"), ("y", "integer"), ("p", "integer")],
            vec![
                primary(&["x"]),
                unique(&["x", "y"]),
                check("x > 0"),
                check("x > y"),
                check("y > x"),
                check("x < 9"),
                foreign(&["p"], "p"),
            ],
        ),
    ];
    assert_eq!(run(&mut db, &changes), Vec::<String>::new());
    assert_eq!(
        names_of(&db, "a"),
        ["a_pkey", "a_x_y_key", "a_x_check", "a_check", "a_check1", "a_x_check1", "a_p_fkey"]
    );
    let p = db.table(&name("p")).unwrap().column("id").unwrap().clone();
    assert_eq!(p.default, Some(Default::NextValue(name("p_id_seq"))));
    assert!(!p.nullable);
    assert_eq!(p.data_type, DataType::named("integer", &[]));
}

#[test]
fn long_names_are_shortened_from_the_longer_part() {
    let mut db = db();
    let (t, c) = ("t".repeat(50), "c".repeat(40));
    let changes = [table(&t, &[(&c, "integer")], vec![unique(&[&c])])];
    assert_eq!(run(&mut db, &changes), Vec::<String>::new());
    assert_eq!(names_of(&db, &t), [format!("{}_{}_key", "t".repeat(29), "c".repeat(29))]);
}

#[test]
fn equal_keys_are_one() {
    let mut db = db();
    let changes = [table("a", &[("id", "integer")], vec![unique(&["id"]), primary(&["id"])])];
    run(&mut db, &changes);
    assert_eq!(names_of(&db, "a"), ["a_pkey"]);
}

#[test]
fn dropping_a_column_takes_what_uses_it() {
    let mut db = db();
    let mut index = Index {
        name: Some("i".to_owned()),
        unique: false,
        method: None,
        keys: vec![IndexKey::column("y")],
        include: Vec::new(),
        predicate: Some("lower(x) = 'x'".to_owned()),
        nulls_not_distinct: false,
        options: Vec::new(),
        comment: None,
        origin: Origin::default(),
    };
    let on_x = Change::CreateIndex { table: name("a"), index: Box::new(index.clone()), if_not_exists: false };
    index.name = Some("j".to_owned());
    index.predicate = None;
    let on_y = Change::CreateIndex { table: name("a"), index: Box::new(index), if_not_exists: false };
    let drop =
        Change::DropColumn { table: name("a"), column: "x".to_owned(), if_exists: false, cascade: false };
    let changes = [
        table("a", &[("x", "text"), ("y", "text")], vec![unique(&["x", "y"]), check("y <> ''")]),
        on_x,
        on_y,
        drop,
    ];
    assert_eq!(run(&mut db, &changes), Vec::<String>::new());
    let a = db.table(&name("a")).unwrap();
    assert_eq!(names_of(&db, "a"), ["a_y_check"]);
    assert_eq!(a.indexes.iter().map(|i| i.name.as_deref().unwrap()).collect::<Vec<_>>(), ["j"]);
}

#[test]
fn renaming_goes_everywhere_but_into_names() {
    let mut db = db();
    let changes = [
        table("p", &[("id", "serial")], vec![primary(&["id"])]),
        table("c", &[("p", "integer")], vec![foreign(&["p"], "p"), check("p > 0")]),
        Change::RenameTable { from: name("p"), to: name("q"), if_exists: false },
        Change::AlterColumn {
            table: name("q"),
            column: "id".to_owned(),
            alteration: ColumnAlteration::Rename("key".to_owned()),
        },
        Change::AlterColumn {
            table: name("c"),
            column: "p".to_owned(),
            alteration: ColumnAlteration::Rename("q".to_owned()),
        },
    ];
    assert_eq!(run(&mut db, &changes), Vec::<String>::new());
    let c = db.table(&name("c")).unwrap();
    assert_eq!(names_of(&db, "c"), ["c_p_fkey", "c_p_check"]);
    assert!(matches!(&c.constraints[0].body, ConstraintBody::ForeignKey { table, references, columns, .. }
        if *table == name("q") && references == &["key"] && columns == &["q"]));
    assert!(
        matches!(&c.constraints[1].body, ConstraintBody::Check { expression, .. } if expression == "q > 0")
    );
    assert_eq!(
        db.sequences.get(&name("p_id_seq")).and_then(|s| s.owner.clone()),
        Some((name("q"), "key".to_owned()))
    );
    assert_eq!(names_of(&db, "q"), ["p_pkey"]);
}

#[test]
fn what_does_not_fit_is_told_with_both_places() {
    let mut db = db();
    let drop = |t: &str| Change::DropTable { name: name(t), if_exists: false, cascade: false };
    let found = run(
        &mut db,
        &[
            table("p", &[("id", "integer")], vec![primary(&["id"])]),
            table("p", &[("id", "integer")], vec![]),
            table("c", &[("p", "integer")], vec![foreign(&["p"], "p")]),
            drop("p"),
            drop("p"),
            drop("never"),
        ],
    );
    assert_eq!(
        found,
        [
            "1: Table(ObjectName { schema: None, name: \"p\" }) Exists { made_by: Origin(1) }",
            "3: Table(ObjectName { schema: None, name: \"p\" }) Needed { by: [Constraint(ObjectName { schema: None, name: \"c\" }, \"c_p_fkey\")] }",
            "4: Table(ObjectName { schema: None, name: \"p\" }) Missing { dropped_by: Some(Origin(4)) }",
            "5: Table(ObjectName { schema: None, name: \"never\" }) Missing { dropped_by: None }",
        ]
    );
}

#[test]
fn a_table_like_another_takes_what_is_asked_for() {
    let load = |like: &str| {
        let text = format!(
            "CREATE TABLE a (id integer DEFAULT 1 PRIMARY KEY, g integer GENERATED ALWAYS AS (id) STORED, CHECK (id > 0)); \
             CREATE TABLE b (LIKE a {like});"
        );
        let (db, problems) = sql::load(&text, Dialect::PostgreSql);
        assert_eq!(problems, Vec::<String>::new());
        let b = db.table(&name("b")).unwrap();
        let kinds: Vec<ConstraintKind> = b.constraints.iter().map(Constraint::kind).collect();
        (b.columns[0].default.is_some(), b.columns[1].computed.is_some(), kinds)
    };
    assert_eq!(load(""), (false, false, vec![]));
    assert_eq!(load("INCLUDING DEFAULTS"), (true, false, vec![]));
    assert_eq!(load("INCLUDING CONSTRAINTS"), (false, false, vec![ConstraintKind::Check]));
    let (default, computed, kinds) = load("INCLUDING ALL EXCLUDING INDEXES");
    assert_eq!((default, computed, kinds), (true, true, vec![ConstraintKind::Check]));
}

#[test]
fn a_default_stays_of_the_type_in_which_it_was_read() {
    let (db, problems) = sql::load(
        "CREATE TABLE t (a varchar(20)[] DEFAULT '{}', b varchar(20) DEFAULT 'x'); \
         ALTER TABLE t ALTER COLUMN a TYPE text[] USING a::text[], ALTER COLUMN b TYPE text;",
        Dialect::PostgreSql,
    );
    assert_eq!(problems, Vec::<String>::new());
    let defaults: Vec<_> = db.table(&name("t")).unwrap().columns.iter().map(|c| c.default.clone()).collect();
    let text = |text: &str| Some(Default::Expression(text.to_owned()));
    assert_eq!(defaults, [text("'{}'::character varying[]"), text("'x'::character varying")]);
}

#[test]
fn columns_that_are_inherited_may_be_altered() {
    let (_, problems) = sql::load(
        "CREATE TABLE base (a integer); CREATE TABLE heir (b integer) INHERITS (base); \
         ALTER TABLE ONLY heir ALTER COLUMN a SET DEFAULT 1;",
        Dialect::PostgreSql,
    );
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn a_foreign_key_joins_types_that_compare() {
    let mut db = db();
    let changes = [
        table("p", &[("id", "text")], vec![primary(&["id"])]),
        table("same", &[("p", "character varying")], vec![foreign(&["p"], "p")]),
        table("other", &[("p", "integer")], vec![foreign(&["p"], "p")]),
    ];
    let found = run(&mut db, &changes);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("2: ") && found[0].contains("integer and text"), "{found:?}");
}

#[test]
fn equal_keys_are_made_apart() {
    let mut db = db();
    let add = |name: &str| Change::AddConstraint {
        table: self::name("a"),
        constraint: Box::new(Constraint::new(Some(name.to_owned()), unique(&["id"]).body)),
        using_index: None,
        if_not_exists: false,
    };
    run(&mut db, &[table("a", &[("id", "integer")], vec![unique(&["id"])]), add("again")]);
    assert_eq!(names_of(&db, "a"), ["a_id_key", "again"]);
    let mut copy = self::db();
    let changes = between(&copy, &db);
    assert_eq!(run(&mut copy, &changes), Vec::<String>::new());
    assert_eq!(names_of(&copy, "a"), ["a_id_key", "again"]);
    let script = ddl(&db).to_sql();
    assert!(script.contains("ADD CONSTRAINT again UNIQUE (id)"), "{script}");
}

#[test]
fn the_sequence_of_an_identity_keeps_its_name() {
    let sequence = |sql: &str| {
        let text = format!("CREATE TABLE a (id integer GENERATED ALWAYS AS IDENTITY, x integer); {sql}");
        let (db, problems) = sql::load(&text, Dialect::PostgreSql);
        assert_eq!(problems, Vec::<String>::new());
        let table = db.tables.values().next().unwrap();
        let identity = table.columns[0].identity.clone().unwrap();
        identity.sequence.map(|name| name.to_string())
    };
    let called = |name: &str| Some(name.to_owned());
    assert_eq!(sequence(""), None);
    assert_eq!(sequence("ALTER TABLE a RENAME TO b;"), called("a_id_seq"));
    assert_eq!(sequence("ALTER TABLE a RENAME id TO pk;"), called("a_id_seq"));
    assert_eq!(sequence("ALTER TABLE a RENAME TO b; ALTER TABLE b RENAME TO a;"), None);
    assert_eq!(sequence("ALTER SEQUENCE a_id_seq RENAME TO s;"), called("s"));
    assert_eq!(sequence("ALTER TABLE a RENAME TO b; ALTER SEQUENCE a_id_seq RENAME TO b_id_seq;"), None);
    assert_eq!(sequence("ALTER SEQUENCE a_id_seq RESTART WITH 7;"), None);
    let dumped = "ALTER TABLE a ALTER COLUMN id DROP IDENTITY; ALTER TABLE a ALTER COLUMN id ADD GENERATED ALWAYS AS \
                  IDENTITY (SEQUENCE NAME public.";
    assert_eq!(sequence(&format!("{dumped}a_id_seq START WITH 1);")), None);
    assert_eq!(sequence(&format!("{dumped}other);")), called("other"));
}

#[test]
fn what_calls_a_function_goes_with_it() {
    let made = "CREATE TABLE t (x integer); \
                CREATE FUNCTION differ(a integer, b text) RETURNS boolean AS $$ SELECT a::text <> b $$ LANGUAGE SQL; \
                CREATE OPERATOR <> (leftarg = integer, rightarg = text, procedure = differ); \
                CREATE FUNCTION note() RETURNS trigger AS $$ BEGIN RETURN NEW; END $$ LANGUAGE plpgsql; \
                CREATE TRIGGER t_note AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION note();";
    let left = |dropped: &str| {
        let (db, problems) = sql::load(&format!("{made} {dropped}"), Dialect::PostgreSql);
        assert_eq!(problems, Vec::<String>::new());
        db.objects.len()
    };
    assert_eq!(left(""), 4);
    assert_eq!(left("DROP FUNCTION differ(integer, text) CASCADE;"), 2);
    assert_eq!(left("DROP FUNCTION note() CASCADE;"), 2);
    assert_eq!(left("DROP FUNCTION note();"), 3);
}
