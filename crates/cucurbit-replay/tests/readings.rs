//! What migrations do that real chains were seen to do, each cut down to the lines that matter.

mod support;

use cucurbit_replay::Outcome;
use cucurbit_schema::{ConstraintKind, Dialect};
use support::{Followed, check, follow};

#[test]
fn an_endless_loop_over_batches_goes_round_once() {
    let followed = check(
        r#"
def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer()))
    op.execute("INSERT INTO t VALUES (1)")
    conn = op.get_bind()
    offset = 0
    while True:
        rows = conn.execute(sa.text(f"SELECT id FROM t LIMIT 10 OFFSET {offset}")).fetchall()
        if not rows:
            break
        for row in rows:
            conn.execute(sa.text("UPDATE t SET id = 2 WHERE id = :id"), {"id": row[0]})
            offset += row[0]
    op.add_column("t", sa.Column("after", sa.Text()))
"#,
        Dialect::PostgreSql,
    );
    assert!(followed.operations.len() < 10, "{:?}", followed.operations);
    assert_eq!(followed.columns("t"), ["id", "after"]);
}

#[test]
fn a_statement_on_rows_leaves_the_schema_whatever_its_unseen_part_is() {
    check(
        r#"
import os
def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer()))
    name = os.environ["NAME"]
    op.execute(f"UPDATE t SET id = {name}")
    op.execute(sa.text("DELETE FROM t WHERE id = '%s'" % name))
"#,
        Dialect::PostgreSql,
    );
}

#[test]
fn a_statement_with_an_unseen_part_reaches_the_tables_that_it_names() {
    let followed = follow(
        r#"
import os
def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer()))
    op.create_table("u", sa.Column("id", sa.Integer()))
    op.execute(f"ALTER TABLE t ALTER COLUMN {os.environ['NAME']} DROP DEFAULT")
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.unknown().len(), 1, "{:?}", followed.operations);
    let tainted: Vec<(&str, bool)> =
        followed.state.tables.values().map(|t| (t.name.name.as_str(), t.tainted)).collect();
    assert_eq!(tainted, [("t", true), ("u", false)]);
}

#[test]
fn the_schema_of_the_version_table_is_none_unless_something_says_so() {
    let followed = check(
        r#"
from alembic import context
def upgrade():
    schema = context.get_context().version_table_schema or ""
    op.create_table("t", sa.Column("id", sa.Integer()), schema=schema or None)
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.tables(), ["t"]);
}

#[test]
fn a_session_class_of_an_application_is_a_session() {
    check(
        r#"
from shop import db
def upgrade():
    session = db.Session(bind=op.get_bind())
    session.execute("CREATE TABLE t (id integer)")
    db.session.execute("CREATE TABLE u (id integer)")
"#,
        Dialect::PostgreSql,
    )
    .tables()
    .iter()
    .zip(["t", "u"])
    .for_each(|(found, wanted)| assert_eq!(found, wanted));
}

#[test]
fn a_database_in_use_is_assumed_where_a_new_one_is_refused() {
    let followed = check(
        r#"
def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer()))
    first = op.get_bind().execute(sa.text("SELECT id FROM t LIMIT 1")).scalar()
    if first is None:
        raise Exception("there is no row")
    op.add_column("t", sa.Column("owner", sa.Integer()))
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.columns("t"), ["id", "owner"]);
}

#[test]
fn what_a_function_raises_after_a_guess_is_not_sure() {
    let followed = check(
        r#"
import os
def setting():
    value = os.environ.get("A")
    if value:
        value = value.strip()
    raise ValueError(f"no setting {value}")
def upgrade():
    setting()
    op.create_table("t", sa.Column("id", sa.Integer()))
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.tables(), ["t"]);
}

#[test]
fn a_module_may_make_its_names_when_they_are_asked_for() {
    let followed = check(
        r#"
from shop.types import Stamp
def upgrade():
    op.create_table("t", sa.Column("at", Stamp()))
--- shop/__init__.py
--- shop/types.py
import sqlalchemy as sa
from alembic import context
from lazy_object_proxy import Proxy

def _mysql_Stamp():
    from sqlalchemy.dialects import mysql
    return mysql.DATETIME

def _sa_Stamp():
    return sa.DateTime

def __getattr__(name):
    if name == "Stamp":
        def load():
            dialect = context.get_bind().dialect.name
            made = globals().get(f"_{dialect}_{name}", None) or globals().get(f"_sa_{name}")
            return made()
        return Proxy(load)
    raise AttributeError(name)
"#,
        Dialect::PostgreSql,
    );
    let column = followed.state.tables.values().next().map(|t| format!("{:?}", t.columns[0].data_type.kind));
    assert!(column.is_some_and(|kind| kind.contains("timestamp")), "the type of the dialect is taken");
}

#[test]
fn a_module_that_is_imported_by_its_name_is_read() {
    let followed = check(
        r#"
import importlib
def upgrade():
    module = importlib.import_module("shop.names")
    op.create_table(module.TABLE, sa.Column("id", sa.Integer()))
--- shop/__init__.py
--- shop/names.py
TABLE = "orders"
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.tables(), ["orders"]);
}

#[test]
fn alembic_leaves_out_keys_that_are_to_be_altered_in() {
    let followed = check(
        r#"
def upgrade():
    op.create_table("a", sa.Column("id", sa.Integer(), primary_key=True))
    op.create_table("b", sa.Column("id", sa.Integer(), sa.ForeignKey("a.id", name="fk", use_alter=True)))
    op.create_foreign_key("fk", "b", "a", ["id"], ["id"])
"#,
        Dialect::PostgreSql,
    );
    let keys = followed.state.tables.values().flat_map(|t| &t.constraints);
    let names: Vec<&str> = keys.filter_map(|c| c.name.as_deref()).collect();
    assert_eq!(names, ["a_pkey", "fk"]);
}

#[test]
fn operations_take_the_naming_convention_of_the_target_and_not_its_schema() {
    let followed = check(
        r#"
def upgrade():
    op.create_table("t", sa.Column("a", sa.Integer()), sa.UniqueConstraint("a"))
--- env.py
import os
from sqlalchemy import MetaData
target_metadata = MetaData(schema=os.environ["SCHEMA"], naming_convention={"uq": "uq_%(table_name)s_%(column_0_name)s"})
"#,
        Dialect::PostgreSql,
    );
    let names: Vec<Option<&str>> =
        followed.state.tables.values().flat_map(|t| &t.constraints).map(|c| c.name.as_deref()).collect();
    assert_eq!((followed.tables(), names), (vec!["t".to_owned()], vec![Some("uq_t_a")]));
}

#[test]
fn a_metadata_among_the_columns_is_passed_over() {
    let followed = check(
        r#"
def upgrade():
    metadata = sa.MetaData()
    op.create_table("t", metadata, sa.Column("id", sa.Integer()))
    metadata.create_all(bind=op.get_bind())
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.columns("t"), ["id"]);
}

#[test]
fn what_looks_for_indexes_is_answered() {
    let followed = check(
        r#"
from oslo_db.sqlalchemy import utils
def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer()))
    for name in ("ix", "ix"):
        if not utils.index_exists(op.get_bind(), "t", name):
            op.create_index(name, "t", ["id"])
    if not utils.column_exists(op.get_bind(), "t", "more"):
        op.add_column("t", sa.Column("more", sa.Integer()))
"#,
        Dialect::MySql,
    );
    assert_eq!(followed.columns("t"), ["id", "more"]);
    assert_eq!(followed.state.tables.values().map(|t| t.indexes.len()).sum::<usize>(), 1);
}

#[test]
fn a_procedure_of_mysql_does_what_its_body_says_when_it_is_called() {
    let text = r#"
def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True))
    op.create_table("u", sa.Column("id", sa.Integer()), sa.ForeignKeyConstraint(["id"], ["t.id"], name="fk"))
    for name in ("fk", "fk"):
        op.execute(f"""
    CREATE PROCEDURE DropKey()
    BEGIN
        IF EXISTS (
            SELECT 1 FROM information_schema.TABLE_CONSTRAINTS
            WHERE CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = 'u' AND CONSTRAINT_NAME = '{name}'
        ) THEN
            ALTER TABLE `u` DROP CONSTRAINT `{name}`;
        ELSE
            SELECT 1;
        END IF;
    END;
    CALL DropKey();
    DROP PROCEDURE DropKey;
    """)
"#;
    let followed = check(text, Dialect::MySql);
    let left = followed.state.tables.values().filter(|t| t.name.name == "u").flat_map(|t| &t.constraints);
    assert_eq!(left.count(), 0, "the key is dropped once");
    assert!(followed.state.objects.is_empty(), "the procedure is gone");
}

#[test]
fn a_temporary_table_may_go_with_the_transaction() {
    check(
        r#"
def upgrade():
    op.execute("CREATE TABLE t (id integer)")
    op.execute("CREATE TEMPORARY TABLE twice ON COMMIT DROP AS WITH x AS (SELECT id FROM t) SELECT * FROM x")
    op.execute("UPDATE t SET id = 1 FROM twice")
"#,
        Dialect::PostgreSql,
    );
}

#[test]
fn a_loop_over_reflected_tables_is_not_passed_over() {
    let followed = check(
        r#"
def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer()))
    metadata = sa.MetaData()
    metadata.reflect(bind=op.get_bind())
    for name in list(metadata.tables.keys()):
        op.create_table("copy_of_" + name, sa.Column("id", sa.Integer()))
"#,
        Dialect::PostgreSql,
    );
    // Alembic's own table is there when the first migration runs.
    assert_eq!(followed.tables(), ["copy_of_alembic_version", "copy_of_t", "t"]);
}

#[test]
fn a_table_of_mysql_is_converted_with_its_texts() {
    let followed = check(
        r#"
def upgrade():
    op.create_table(
        "t",
        sa.Column("id", sa.Integer),
        sa.Column("name", sa.String(40, collation="utf8_bin")),
        sa.Column("note", sa.Text),
        mysql_charset="utf8",
        mysql_collate="utf8_bin",
    )
    op.execute("ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4")
"#,
        Dialect::MySql,
    );
    let table = followed.table("t");
    assert_eq!(table.options.get("charset").map(String::as_str), Some("utf8mb4"));
    assert_eq!(table.options.get("collate"), None);
    assert_eq!(table.columns[1].collation, None);
    // As many characters need more bytes.
    assert!(format!("{:?}", table.columns[2].data_type.kind).contains("mediumtext"));
}

#[test]
fn sql_in_files_beside_the_migration_is_read() {
    let followed = check(
        r#"
import importlib.resources
import os
from pathlib import Path

HERE = Path(__file__).resolve().parent

def upgrade():
    op.execute((HERE / "sql" / "a.sql").read_text())
    with open(os.path.join(os.path.dirname(__file__), "..", "data", "b.sql")) as file:
        for statement in file.read().split(";"):
            if statement.strip():
                op.execute(statement)
    op.execute(importlib.resources.read_text("data", "c.sql"))
--- versions/sql/a.sql
CREATE TABLE a (id integer);
CREATE INDEX ix ON a (id);
--- data/__init__.py
--- data/b.sql
CREATE TABLE b (id integer); ALTER TABLE b ADD COLUMN more text
--- data/c.sql
CREATE TABLE c (id integer);
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.tables(), ["a", "b", "c"]);
    assert_eq!(followed.columns("b"), ["id", "more"]);
}

#[test]
fn other_files_are_not_read() {
    let followed = follow(
        r#"
def upgrade():
    op.execute(open("/tmp/elsewhere.sql").read())
    op.execute(open(__file__ + ".txt").read())
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.unknown().len(), 2, "{:?}", followed.operations);
}

#[test]
fn tables_take_the_character_set_that_their_database_was_given() {
    let followed = check(
        r#"
def upgrade():
    bind = op.get_bind()
    op.create_table("before", sa.Column("id", sa.Integer))
    op.execute("ALTER DATABASE `%s` DEFAULT CHARACTER SET utf8" % bind.engine.url.database)
    op.create_table("after", sa.Column("id", sa.Integer))
    op.create_table("own", sa.Column("id", sa.Integer), mysql_charset="latin1")
"#,
        Dialect::MySql,
    );
    let charset = |table: &str| followed.table(table).options.get("charset").cloned();
    assert_eq!(charset("before"), None);
    assert_eq!(charset("after").as_deref(), Some("utf8"));
    assert_eq!(charset("own").as_deref(), Some("latin1"));
}

#[test]
fn a_search_path_that_is_not_followed_is_said_to_be_so() {
    let followed = follow(
        r#"
def upgrade():
    op.execute("CREATE SCHEMA app; SET search_path = app, public; CREATE TABLE t (id integer); SELECT 1")
    op.execute("SET search_path = public; CREATE TABLE u (id integer)")
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.unknown().len(), 1, "{:?}", followed.operations);
    assert_eq!(followed.tables(), ["u"]);
}

#[test]
fn tables_of_a_metadata_are_made_one_by_one() {
    let followed = check(
        r#"
Base = sa.orm.declarative_base()
sa.Table("a", Base.metadata, sa.Column("id", sa.Integer, primary_key=True))
sa.Table("b", Base.metadata, sa.Column("id", sa.Integer, primary_key=True))

def upgrade():
    for table in Base.metadata.tables.values():
        table.create(bind=op.get_bind(), checkfirst=True)
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.tables(), ["a", "b"]);
}

#[test]
fn what_is_made_of_something_unseen_is_not_left_out_in_silence() {
    let followed = follow(
        r#"
from shop import tables

def upgrade():
    for table in list(tables()):
        table.create(bind=op.get_bind(), checkfirst=True)
        table.refresh(op.get_bind())
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.unknown().len(), 1, "{:?}", followed.operations);
}

#[test]
fn a_table_that_sqlite_copies_keeps_of_an_index_what_reflection_sees() {
    let made = r#"
def upgrade():
    op.create_table("t", sa.Column("a", sa.Integer()), sa.Column("b", sa.Text()))
    op.execute("CREATE INDEX by_b ON t (b COLLATE NOCASE) WHERE a > 1")
    op.create_index("latest", "t", [sa.text("a DESC")])
    op.create_index("lower_b", "t", [sa.text("lower(b)")])
    with op.batch_alter_table("t") as batch:
        batch.create_index("own", [sa.text("a DESC")])
        CHANGE
"#;
    let shown = |change: &str, dialect| {
        let followed = check(&made.replace("CHANGE", change), dialect);
        let shown = |i: &cucurbit_schema::Index| {
            let keys = i.keys.iter().map(|k| format!("{:?} {:?} {:?}", k.part, k.collation, k.order));
            let keys = keys.collect::<Vec<_>>().join(", ");
            format!("{}: {keys} {:?}", i.name.as_deref().unwrap_or_default(), i.predicate)
        };
        let mut indexes: Vec<String> = followed.table("t").indexes.iter().map(shown).collect();
        indexes.sort();
        indexes
    };
    let all = [
        r#"by_b: Column("b") Some("NOCASE") None Some("a > 1")"#,
        r#"latest: Column("a") None Some(Descending) None"#,
        r#"lower_b: Expression("lower(b)") None None None"#,
        r#"own: Column("a") None Some(Descending) None"#,
    ];
    assert_eq!(shown("batch.add_column(sa.Column('c', sa.Integer()))", Dialect::Sqlite), all);
    let copied = [
        r#"by_b: Column("b") None None Some("a > 1")"#,
        r#"latest: Column("a") None None None"#,
        r#"own: Column("a") None Some(Descending) None"#,
    ];
    assert_eq!(shown("batch.alter_column('a', nullable=False)", Dialect::Sqlite), copied);
    assert_eq!(shown("batch.alter_column('a', nullable=False)", Dialect::PostgreSql).len(), 4);
}

#[test]
fn a_batch_on_sqlite_names_what_has_no_name_by_its_convention() {
    let followed = check(
        r#"
def upgrade():
    op.create_table("ports", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table(
        "boats",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("home", sa.Integer, sa.ForeignKey("ports.id")),
        sa.Column("at", sa.Integer, sa.ForeignKey("ports.id", name="told")),
        sa.UniqueConstraint("home", "at"),
    )
    names = {"fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s"}
    with op.batch_alter_table("boats", naming_convention=names) as batch:
        batch.drop_constraint("fk_boats_home_ports", type_="foreignkey")
        batch.drop_constraint("uq_boats_home", type_="unique")
"#,
        Dialect::Sqlite,
    );
    assert_eq!(followed.constraints("boats", ConstraintKind::ForeignKey), ["told"]);
    assert!(followed.constraints("boats", ConstraintKind::Unique).is_empty());
}

#[test]
fn a_batch_on_sqlite_puts_a_key_in_the_place_of_another() {
    let followed = check(
        r#"
def upgrade():
    op.create_table(
        "t",
        sa.Column("id", sa.Integer),
        sa.Column("owner", sa.Integer),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("id", name="once"),
    )
    with op.batch_alter_table("t") as batch:
        batch.create_primary_key("pk_t", ["id", "owner"])
        batch.create_unique_constraint("once", ["owner"])
    with op.batch_alter_table("t") as batch:
        batch.create_primary_key("pk_of_t", ["id", "owner"])
"#,
        Dialect::Sqlite,
    );
    assert_eq!(followed.constraints("t", ConstraintKind::PrimaryKey), ["pk_of_t"]);
    assert_eq!(followed.constraints("t", ConstraintKind::Unique), ["once"]);
}

#[test]
fn objects_of_a_session_are_none_of_the_schema() {
    let followed = check(
        r#"
def upgrade():
    op.execute("CREATE FUNCTION pg_temp.twice(i integer) RETURNS integer LANGUAGE sql AS $$ SELECT i * 2 $$")
"#,
        Dialect::PostgreSql,
    );
    assert!(followed.state.objects.is_empty());
}

#[test]
fn a_table_that_sqlite_copies_keeps_one_of_two_equal_foreign_keys() {
    let followed = check(
        r#"
def upgrade():
    op.create_table("ports", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table(
        "boats",
        sa.Column("home", sa.Integer),
        sa.ForeignKeyConstraint(["home"], ["ports.id"], name="first"),
        sa.ForeignKeyConstraint(["home"], ["ports.id"], name="second"),
    )
    boats = sa.Table("boats", sa.MetaData(), autoload_with=op.get_bind())
    if len(boats.foreign_keys) != 1:
        raise ValueError("what is reflected")
    with op.batch_alter_table("boats") as batch:
        batch.alter_column("home", nullable=False)
"#,
        Dialect::Sqlite,
    );
    assert_eq!(followed.constraints("boats", ConstraintKind::ForeignKey), ["first"]);
}

#[test]
fn enum_values_are_synced_on_postgresql_alone() {
    let text = r#"
def upgrade():
    op.create_table("t", sa.Column("kind", sa.Enum("a", name="kind")))
    op.sync_enum_values("public", "kind", ["a", "b"], [("t", "kind")])
"#;
    assert_eq!(check(text, Dialect::PostgreSql).operations.len(), 2);
    assert_eq!(check(text, Dialect::Sqlite).operations.len(), 1);
}

#[test]
fn a_batch_on_sqlite_may_make_a_constraint_again() {
    check(
        r#"
def upgrade():
    op.create_table("t", sa.Column("a", sa.Integer), sa.UniqueConstraint("a", name="once"))
    with op.batch_alter_table("t") as batch:
        batch.create_unique_constraint("once", ["a"])
"#,
        Dialect::Sqlite,
    );
}

#[test]
fn a_table_that_sqlite_copies_counts_on_where_the_batch_says_so() {
    let counts = |keywords: &str| {
        let text = r#"
def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer), sqlite_autoincrement=True)
    with op.batch_alter_table("t"KEYWORDS) as batch:
        batch.alter_column("a", nullable=False)
"#;
        let followed = check(&text.replace("KEYWORDS", keywords), Dialect::Sqlite);
        followed.table("t").columns[0].autoincrement
    };
    assert!(!counts(""));
    assert!(counts(", table_kwargs={'sqlite_autoincrement': True}"));
    assert!(counts(", recreate='never'"));
}

#[test]
fn the_version_table_is_there_and_no_part_of_the_schema() {
    let followed = check(
        r#"
def upgrade():
    op.alter_column("alembic_version", "version_num", type_=sa.String(255))
    op.create_primary_key("pk_version", "alembic_version", ["version_num"])
    op.create_table("t", sa.Column("id", sa.Integer()))
"#,
        Dialect::PostgreSql,
    );
    assert_eq!((followed.tables(), followed.mismatches), (vec!["t".to_owned()], 0));
}

/// A call that may be any function of the project, or anything that a text says.
#[test]
fn code_that_is_chosen_when_it_runs_is_an_unknown_effect() {
    for call in [
        "exec('op.drop_table(\"t\")')",
        "eval(name)()",
        "{'one': one, 'two': two}[name]()",
        "{'one': one, 'two': two}.get(name, two)()",
        "globals()[name]()",
        "globals()['o' + name]()",
        "getattr(op, name)('t')",
        "getattr(sys.modules[__name__], name)()",
        "importlib.import_module(name).change(op)",
        "helpers.Change().apply(op)",
    ] {
        let text = format!(
            "import helpers, importlib, os, sys\n\ndef one():\n    op.drop_table('t')\n\ndef two():\n    pass\n\n\
             def upgrade():\n    op.create_table('t', sa.Column('a', sa.Integer))\n    name = os.getcwd()\n    {call}\n"
        );
        let followed = follow(&text, Dialect::PostgreSql);
        assert_eq!(followed.outcome, Outcome::Completed, "{call}");
        assert_eq!(followed.unknown().len(), 1, "{call}: {:?}", followed.operations);
    }
}

#[test]
fn code_that_is_named_by_a_known_text_is_followed() {
    for call in [
        "eval('one')()",
        "{'one': one, 'two': two}['one']()",
        "globals()['%s' % 'one']()",
        "getattr(op, 'drop_' + 'table')('t')",
        "getattr(sys.modules[__name__], 'one')()",
    ] {
        let text = format!(
            "import sys\n\ndef one():\n    op.drop_table('t')\n\ndef two():\n    pass\n\n\
             def upgrade():\n    op.create_table('t', sa.Column('a', sa.Integer))\n    {call}\n"
        );
        assert_eq!(check(&text, Dialect::PostgreSql).tables(), Vec::<String>::new(), "{call}");
    }
}

#[test]
fn what_env_py_hands_to_upgrade_is_unknown() {
    let text = "def upgrade(engine_name):\n    globals()['upgrade_%s' % engine_name]()\n\ndef upgrade_one():\n    pass\n";
    assert_eq!(follow(text, Dialect::PostgreSql).unknown().len(), 1);
    let text = "def upgrade(plugins, *rest, **more):\n    pass\n";
    assert_eq!(
        follow(text, Dialect::PostgreSql).unknown(),
        ["`plugins` is what env.py hands to `run_migrations()`, which cannot be told"]
    );
    assert!(
        follow("def upgrade(plugins=None, *rest):\n    pass\n", Dialect::PostgreSql).unknown().is_empty()
    );
}

/// The usual guard around an index that is built concurrently: one that is there is valid.
#[test]
fn an_index_that_is_there_is_valid() {
    for query in [
        "\"SELECT indisvalid FROM pg_catalog.pg_index WHERE indexrelid = to_regclass('ix_a')\"",
        "\"SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = 'ix_a'\"",
    ] {
        let text = format!(
            "def upgrade():\n    op.create_table('t', sa.Column('a', sa.Integer))\n    valid = lambda: op.get_bind().execute(sa.text({query})).scalar_one_or_none()\n    \
             if valid() is False:\n        op.execute('DROP INDEX ix_a')\n    op.create_index('ix_a', 't', ['a'])\n    \
             if valid() is not True:\n        raise RuntimeError('not built')\n"
        );
        check(&text, Dialect::PostgreSql);
    }
    let text = "def upgrade():\n    op.create_table('t', sa.Column('a', sa.Integer, index=True))\n    \
        query = \"SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = 'ix_t_a' AND NOT i.indisvalid\"\n    \
        if op.get_bind().execute(sa.text(query)).scalar():\n        op.drop_index('ix_t_a')\n";
    assert_eq!(check(text, Dialect::PostgreSql).table("t").indexes.len(), 1);
}

/// The catalog is asked with bound parameters, in each of the ways of binding them.
#[test]
fn bound_parameters_are_part_of_what_is_asked() {
    let query =
        "sa.text('SELECT 1 FROM information_schema.columns WHERE table_name = :t AND column_name = :c')";
    for (call, column) in [
        (format!("execute({query}, {{'t': 't', 'c': 'COLUMN'}})"), "x"),
        (format!("execute({query}, dict(t='t', c='COLUMN'))"), "x"),
        (format!("execute({query}.bindparams(t='t', c='COLUMN'))"), "x"),
        (format!("execute({query}.bindparams(sa.bindparam('t', 't')), {{'c': 'COLUMN'}})"), "x"),
        (format!("execute({query}, t='t', c='COLUMN')"), "x"),
    ] {
        for (asked, wanted) in [(column, vec!["x", "found"]), ("other", vec!["x"])] {
            let text = format!(
                "def upgrade():\n    op.create_table('t', sa.Column('x', sa.Integer))\n    \
                 if op.get_bind().{}.scalar():\n        op.add_column('t', sa.Column('found', sa.Integer))\n",
                call.replace("COLUMN", asked)
            );
            assert_eq!(check(&text, Dialect::PostgreSql).columns("t"), wanted, "{text}");
        }
    }
}

#[test]
fn a_block_ends_where_it_returns() {
    let block = |role: &str| {
        format!(
            "def upgrade():\n    op.execute(\"\"\"DO $$ BEGIN\n        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{role}') THEN RETURN; END IF;\n        \
             CREATE TABLE t (a integer);\n    END $$\"\"\")\n"
        )
    };
    assert_eq!(check(&block("worker"), Dialect::PostgreSql).tables(), Vec::<String>::new());
    // Every server has that one, but what it is called can be changed.
    assert_eq!(follow(&block("postgres"), Dialect::PostgreSql).tables(), ["t"]);
}

/// Alembic itself misses what is not among the parts of a table of SQLite that it makes anew.
#[test]
fn a_batch_of_sqlite_misses_constraints_with_a_value_error() {
    let text = "def upgrade():\n    op.create_table('t', sa.Column('a', sa.Integer, primary_key=True))\n    \
        try:\n        with op.batch_alter_table('t') as batch:\n            batch.drop_constraint('t_pkey', type_='primary')\n    \
        except ValueError:\n        pass\n    op.add_column('t', sa.Column('b', sa.Integer))\n";
    assert_eq!(check(text, Dialect::Sqlite).columns("t"), ["a", "b"]);
}

/// Of two arguments that count where a table is made anew nothing is seen when no operation asks for that.
#[test]
fn a_batch_without_operations_does_nothing() {
    let text = "def upgrade():\n    op.create_table('t', sa.Column('a', sa.Integer))\n    \
        with op.batch_alter_table('t', table_args=[sa.UniqueConstraint('a', name='once')]) as batch:\n        pass\n";
    assert_eq!(check(text, Dialect::Sqlite).constraints("t", ConstraintKind::Unique), Vec::<String>::new());
    let asking = text.replace("        pass", "        batch.alter_column('a', nullable=False)");
    assert_eq!(check(&asking, Dialect::Sqlite).constraints("t", ConstraintKind::Unique), ["once"]);
}

#[test]
fn labels_and_names_are_listed_by_the_catalog() {
    for (query, wanted) in [
        (
            "SELECT e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid WHERE t.typname = 'mood' ORDER BY e.enumsortorder",
            "sad ok",
        ),
        ("SELECT enumlabel FROM pg_enum WHERE enumtypid = 'mood'::regtype", "sad ok"),
        (
            "SELECT enumlabel FROM pg_enum WHERE enumtypid = (SELECT oid FROM pg_type WHERE typname = 'mood') AND enumlabel = 'ok'",
            "ok",
        ),
        ("SELECT unnest(enum_range(NULL::mood))::text", "sad ok"),
        (
            "SELECT e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid WHERE t.typname = 'other'",
            "",
        ),
        ("SELECT conname FROM pg_constraint WHERE conrelid = 't'::regclass AND contype = 'u'", "once"),
    ] {
        let text = format!(
            "def upgrade():\n    op.execute(\"CREATE TYPE mood AS ENUM ('sad', 'ok')\")\n    \
             op.create_table('t', sa.Column('a', sa.Integer), sa.UniqueConstraint('a', name='once'))\n    \
             for (name,) in op.get_bind().execute(sa.text(\"{query}\")):\n        op.add_column('t', sa.Column(name, sa.Integer))\n"
        );
        let columns = check(&text, Dialect::PostgreSql).columns("t");
        assert_eq!(columns[1..].join(" "), wanted, "{query}");
    }
}

/// Reflected types remember what they were made with.
#[test]
fn attributes_of_reflected_types_are_known() {
    let text = "def upgrade():\n    op.create_table('t', sa.Column('a', sa.DateTime), sa.Column('b', sa.DateTime(timezone=True)), sa.Column('c', sa.String(20)))\n    \
        columns = {c['name']: c['type'] for c in sa.inspect(op.get_bind()).get_columns('t')}\n    \
        for name in [n for n in ('a', 'b') if isinstance(columns[n], sa.DateTime) and columns[n].timezone != True]:\n        \
        op.alter_column('t', name, new_column_name=name + '_local')\n    \
        if columns['c'].length < 40:\n        op.drop_column('t', 'c')\n";
    assert_eq!(check(text, Dialect::PostgreSql).columns("t"), ["a_local", "b"]);
}

/// Where a test cannot be told, the way on which nothing is missed is taken.
#[test]
fn of_two_ways_the_one_that_fits_is_taken() {
    let text = "import os\n\ndef upgrade():\n    op.create_table('t', sa.Column('a', sa.Integer))\n    \
        if os.getcwd() in op.get_bind().execute(sa.text('SELECT whatever FROM pg_stats')):\n        op.drop_index('ix_a', 't')\n    \
        if os.getcwd():\n        op.add_column('t', sa.Column('a', sa.Integer))\n    else:\n        op.add_column('t', sa.Column('b', sa.Integer))\n";
    let followed = follow(text, Dialect::PostgreSql);
    assert_eq!((followed.columns("t"), followed.mismatches), (vec!["a".to_owned(), "b".to_owned()], 0));
}

/// Where no schema is named, the database has a name of its own for it.
#[test]
fn the_default_schema_has_a_name() {
    for (dialect, wanted) in [
        (Dialect::PostgreSql, ["public", "public"].as_slice()),
        (Dialect::Sqlite, ["main", "main"].as_slice()),
    ] {
        let text = "def upgrade():\n    op.create_table('t', sa.Column('first', sa.Integer))\n    bind = op.get_bind()\n    \
            for name in (sa.inspect(bind).default_schema_name, bind.dialect.default_schema_name):\n        \
            op.add_column('t', sa.Column(name + str(len(sa.inspect(bind).get_columns('t'))), sa.Integer))\n";
        let columns = follow(text, dialect).columns("t");
        let seen: Vec<&str> = columns[1..].iter().map(|c| c.trim_end_matches(char::is_numeric)).collect();
        assert_eq!(seen, wanted, "{dialect:?}");
    }
}

/// An engine that comes from elsewhere is one of the database that is asked about.
#[test]
fn a_dialect_is_that_of_the_database() {
    for engine in ["facade.reader.get_engine()", "facade.engine", "[e for e in facade.all()][0]"] {
        let text = format!(
            "from outside import facade\n\ndef upgrade():\n    op.create_table('t', sa.Column('a', sa.Integer))\n    engine = {engine}\n    \
             if engine.dialect.name == 'mysql':\n        op.add_column('t', sa.Column('b', sa.Integer))\n    \
             else:\n        op.add_column('t', sa.Column('c', sa.Integer))\n"
        );
        assert_eq!(check(&text, Dialect::PostgreSql).columns("t"), ["a", "c"], "{engine}");
        assert_eq!(check(&text, Dialect::MySql).columns("t"), ["a", "b"], "{engine}");
    }
}

/// A batch copies all rows with all columns, and SQLite takes no value for one that it computes.
#[test]
fn a_batch_over_a_computed_column_fails() {
    let text = "def upgrade():\n    op.create_table('t', sa.Column('a', sa.Integer), sa.Column('b', sa.Integer, sa.Computed('a + 1')))\n    \
        with op.batch_alter_table('t') as batch:\n        batch.alter_column('a', nullable=False)\n";
    let outcome = follow(text, Dialect::Sqlite).outcome;
    assert!(
        matches!(&outcome, Outcome::Raises(what, _) if what.contains("generated column \"b\"")),
        "{outcome:?}"
    );
    // What a batch does is done at its end, where its own `try` is over.
    let inside = text.replace(
        "        batch.alter_column('a', nullable=False)\n",
        "        try:\n            batch.alter_column('a', nullable=False)\n        except Exception:\n            pass\n",
    );
    assert!(matches!(follow(&inside, Dialect::Sqlite).outcome, Outcome::Raises(..)));
    // What asks for no new table is done; what the batch itself adds is not copied.
    let plain = text
        .replace("batch.alter_column('a', nullable=False)", "batch.add_column(sa.Column('c', sa.Integer))");
    assert_eq!(check(&plain, Dialect::Sqlite).columns("t"), ["a", "b", "c"]);
    assert_eq!(check(text, Dialect::PostgreSql).columns("t"), ["a", "b"]);
}

/// `PRAGMA table_info` tells the columns, but for computed ones.
#[test]
fn the_pragma_of_a_table_is_answered() {
    for (test, is_seen) in [
        ("'a' in [row[1] for row in bind.execute(sa.text('PRAGMA table_info(t)'))]", true),
        ("'b' in [row[1] for row in bind.execute(sa.text('PRAGMA table_info(t)')).fetchall()]", false),
        ("'b' in {r[1]: r for r in bind.execute(sa.text('PRAGMA table_xinfo(t)')).fetchall()}", true),
        ("any(r[1] == 'a' and r[3] for r in bind.execute(sa.text('PRAGMA table_info(t)')))", true),
        ("bind.execute(sa.text('PRAGMA table_info(nothing)')).fetchone()", false),
    ] {
        let text = format!(
            "def upgrade():\n    bind = op.get_bind()\n    \
             op.create_table('t', sa.Column('a', sa.Integer, nullable=False), sa.Column('b', sa.Integer, sa.Computed('a + 1')))\n    \
             if {test}:\n        op.add_column('t', sa.Column('seen', sa.Integer))\n    \
             else:\n        op.add_column('t', sa.Column('unseen', sa.Integer))\n"
        );
        let last = check(&text, Dialect::Sqlite).columns("t").pop();
        assert_eq!(last.as_deref(), Some(if is_seen { "seen" } else { "unseen" }), "{test}");
    }
}

#[test]
fn a_name_that_is_final_is_shortened_where_it_is_dropped_as_where_it_was_made() {
    let long = "a_name_of_a_constraint_or_an_index_that_is_longer_than_the_database_takes";
    let followed = check(
        &format!(
            r#"
def upgrade():
    op.create_table("p", sa.Column("id", sa.Integer(), primary_key=True))
    op.create_table("t", sa.Column("x", sa.Integer()), sa.ForeignKeyConstraint(["x"], ["p.id"], name=op.f("fk_{long}")))
    op.create_index(op.f("ix_{long}"), "t", ["x"])
    op.drop_index(op.f("ix_{long}"), table_name="t")
    with op.batch_alter_table("t") as batch:
        batch.drop_constraint(batch.f("fk_{long}"), type_="foreignkey")
"#
        ),
        Dialect::PostgreSql,
    );
    assert!(followed.table("t").constraints.is_empty());
}

/// The types of the columns of the table `t`.
fn types(followed: &Followed, dialect: Dialect) -> Vec<String> {
    let columns = followed.table("t").columns.iter();
    columns.map(|c| cucurbit_schema::type_sql(&c.data_type.kind, dialect).unwrap_or_default()).collect()
}

#[test]
fn a_base_with_type_arguments_is_the_base() {
    let followed = check(
        r#"
from shop.types import Key, Plain
def upgrade():
    op.create_table("t", sa.Column("a", Key()), sa.Column("b", Plain[int](36)))
--- shop/__init__.py
--- shop/types.py
from typing import Generic, TypeVar
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.types import CHAR, TypeDecorator
T = TypeVar("T")
class Plain(TypeDecorator, Generic[T]):
    impl = CHAR
class Id(Plain[T], Generic[T]):
    def load_dialect_impl(self, dialect):
        return dialect.type_descriptor(UUID())
class Key(Id[int]):
    cache_ok = True
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(types(&followed, Dialect::PostgreSql), ["uuid", "character(36)"]);
}

#[test]
fn folders_without_init_are_packages() {
    let followed = check(
        r#"
import shop.db.names
import store
from stock import deep
import stock.deep.names as named
def upgrade():
    for table in (shop.db.names.TABLE, store.db.names.TABLE, deep.names.TABLE, named.OTHER):
        op.create_table(table, sa.Column("id", sa.Integer()))
--- shop/db/names.py
TABLE = "a"
--- store/__init__.py
--- store/db/names.py
TABLE = "b"
--- stock/deep/names.py
TABLE = "c"
OTHER = "d"
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.tables(), ["a", "b", "c", "d"]);
}

#[test]
fn a_sequence_is_made_wherever_it_starts() {
    let followed = follow(
        r#"
from sqlalchemy.schema import CreateSequence, Sequence
def upgrade():
    op.create_table("t", sa.Column("id", sa.BigInteger(), nullable=False))
    last = op.get_bind().scalar(sa.text("SELECT max(id) FROM t"))
    op.execute(CreateSequence(Sequence("t_seq", start=last + 1, increment=2)))
    op.alter_column("t", "id", server_default=sa.text("nextval('t_seq'::regclass)"))
"#,
        Dialect::PostgreSql,
    );
    let sequence = followed.state.sequences.values().next().expect("the sequence");
    assert_eq!((sequence.options.start, sequence.options.increment), (None, Some(2)));
    assert!(followed.table("t").columns[0].default.is_some());
    assert_eq!(followed.mismatches, 0);
    assert_eq!(followed.unknown().len(), 1, "{:?}", followed.unknown());
    assert!(followed.unknown()[0].starts_with("where the sequence starts cannot be told"));
}

#[test]
fn types_of_sqlalchemy_compile_as_the_project_says() {
    let files = r#"
from shop.compiled import Written
def upgrade():
    op.create_table("t", sa.Column("a", sa.UUID()), sa.Column("b", sa.UUID), sa.Column("c", Written))
--- shop/__init__.py
--- shop/compiled.py
from sqlalchemy import UUID
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.ext.compiler import compiles
Written = INET()
@compiles(UUID, "sqlite")
def uuid_on_sqlite(type_, compiler, **kw):
    return compiler.visit_uuid(type_, **kw)
@compiles(INET, "sqlite")
def inet_on_sqlite(type_, compiler, **kw):
    return "VARCHAR(43)"
"#;
    let on = |dialect| types(&check(files, dialect), dialect);
    assert_eq!(on(Dialect::Sqlite), ["CHAR(32)", "CHAR(32)", "VARCHAR(43)"]);
    assert_eq!(on(Dialect::PostgreSql), ["uuid", "uuid", "inet"]);
}

#[test]
fn types_compile_as_what_env_py_imports_says() {
    let files = r#"
from shop import tables
def upgrade():
    tables.make(op)
--- env.py
from shop.db import Base
target_metadata = Base.metadata
--- shop/__init__.py
--- shop/tables.py
import sqlalchemy as sa
def make(op):
    op.create_table("t", sa.Column("a", sa.UUID()))
--- shop/db/__init__.py
from sqlalchemy import MetaData
from . import compiled as _compiled
class Base:
    metadata = MetaData()
--- shop/db/compiled.py
from sqlalchemy import UUID
from sqlalchemy.ext.compiler import compiles
@compiles(UUID, "sqlite")
def on_sqlite(type_, compiler, **kw):
    return compiler.visit_uuid(type_, **kw)
"#;
    assert_eq!(types(&check(files, Dialect::Sqlite), Dialect::Sqlite), ["CHAR(32)"]);
}

#[test]
fn a_precision_may_be_text() {
    let followed = check(
        r#"
def upgrade():
    op.create_table("t", sa.Column("a", sa.Numeric('18,6')), sa.Column("b", sa.Numeric(18, 6)))
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(types(&followed, Dialect::PostgreSql), ["numeric(18,6)", "numeric(18,6)"]);
}

#[test]
fn a_virtual_table_is_dropped_as_a_table() {
    let followed = check(
        r#"
def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("CREATE VIRTUAL TABLE IF NOT EXISTS idx USING fts5(a, b UNINDEXED)")
    op.drop_table("idx")
    op.execute("CREATE VIRTUAL TABLE idx USING fts5(a)")
    op.execute("DROP TABLE IF EXISTS idx")
"#,
        Dialect::Sqlite,
    );
    assert_eq!((followed.tables(), followed.state.objects.len()), (vec!["t".to_owned()], 0));
}

#[test]
fn names_of_constraints_are_no_names_of_indexes_on_sqlite() {
    let followed = check(
        r#"
def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer), sa.PrimaryKeyConstraint("id", name="pk_t"))
    op.create_table(
        "t_tmp",
        sa.Column("id", sa.Integer),
        sa.Column("a", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_t"),
        sa.UniqueConstraint("a", name="uq_a"),
    )
    op.drop_table("t")
    op.rename_table("t_tmp", "t")
    op.create_table("z", sa.Column("a", sa.Integer), sa.UniqueConstraint("a", name="uq_a"))
    op.create_index("uq_a", "z", ["a"])
    op.drop_index("uq_a")
"#,
        Dialect::Sqlite,
    );
    assert_eq!(followed.constraints("t", ConstraintKind::PrimaryKey), ["pk_t"]);
    assert_eq!(followed.constraints("t", ConstraintKind::Unique), ["uq_a"]);
    assert_eq!(followed.constraints("z", ConstraintKind::Unique), ["uq_a"]);
    assert!(followed.table("z").indexes.is_empty());
}

#[test]
fn a_connection_has_a_dialect() {
    let followed = check(
        r#"
def upgrade():
    conn = op.get_bind()
    dialect = conn.dialect.name if hasattr(conn, "dialect") else None
    op.create_table("of_" + dialect, sa.Column("exclude", sa.Boolean))
    op.execute("CREATE TABLE u (id integer, exclude boolean, EXCLUDE USING btree (id WITH =))")
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.tables(), ["of_postgresql", "u"]);
    assert_eq!(followed.columns("u"), ["id", "exclude"]);
    assert_eq!(followed.constraints("u", ConstraintKind::Exclude).len(), 1);
}

#[test]
fn create_table_makes_no_sequences() {
    // `metadata.create_all()` does; Alembic runs `CREATE TABLE` alone.
    let followed = check(
        r#"
def upgrade():
    op.create_table("t", sa.Column("id", sa.BigInteger(), sa.Sequence("T_ID_SEQ"), primary_key=True))
"#,
        Dialect::PostgreSql,
    );
    assert!(followed.state.sequences.is_empty());
    assert_eq!(followed.table("t").columns[0].default, None);
}

#[test]
fn a_decorator_of_a_package_has_a_word_of_its_own_on_some_dialects() {
    let text = r#"
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy_utils import JSONType

class JSONBType(JSONType):
    def load_dialect_impl(self, dialect):
        if dialect.name == "postgresql":
            return dialect.type_descriptor(JSONB())
        return super(JSONBType, self).load_dialect_impl(dialect)

def upgrade():
    op.create_table("t", sa.Column("a", JSONBType()), sa.Column("b", JSONType()), sa.Column("c", sa.Float("53")))
"#;
    let types = |dialect| {
        let followed = check(text, dialect);
        let written = |c: &cucurbit_schema::Column| cucurbit_schema::type_sql(&c.data_type.kind, dialect);
        followed.table("t").columns.iter().map(|c| written(c).unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(types(Dialect::PostgreSql), ["jsonb", "json", "double precision"]);
    assert_eq!(types(Dialect::Sqlite), ["TEXT", "TEXT", "FLOAT"]);
}
