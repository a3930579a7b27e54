//! Migrations that read tables from the database before they change them, each cut down from a real chain.

mod support;

use cucurbit_schema::{ConstraintKind, Dialect};
use support::{check, follow};

#[test]
fn shadow_tables_are_made_of_copied_columns() {
    let followed = check(
        r#"
def upgrade():
    op.create_table(
        "boats",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        sa.Column("name", sa.String(80), nullable=False, server_default="none"),
        sa.Column("kind", sa.Enum("sail", "oar", name="boat_kind")),
        sa.Column("size", sa.Numeric(6, 2)),
    )
    bind = op.get_bind()
    meta = sa.MetaData()
    for name in sa.inspect(bind).get_table_names():
        if name == "alembic_version":
            continue
        table = sa.Table(name, meta, autoload_with=bind)
        columns = []
        for column in table.columns:
            copy = None
            if isinstance(column.type, sa.types.NullType):
                copy = sa.Column(column.name, sa.BigInteger())
            if column.name == "kind":
                copy = sa.Column(column.name, sa.Text())
            columns.append(column._copy() if copy is None else copy)
        op.create_table("shadow_" + name, meta, *columns, mysql_engine="InnoDB")
"#,
        Dialect::MySql,
    );
    assert_eq!(followed.tables(), ["boats", "shadow_boats"]);
    let boats = followed.table("boats");
    let shadow = followed.table("shadow_boats");
    for (column, copy) in boats.columns.iter().zip(&shadow.columns) {
        assert_eq!(column.name, copy.name);
        assert_eq!(column.data_type == copy.data_type, column.name != "kind", "{}", column.name);
        assert_eq!((column.nullable, &column.default), (copy.nullable, &copy.default), "{}", column.name);
    }
    assert!(shadow.columns[0].autoincrement);
    assert_eq!(shadow.primary_key().and_then(|k| k.name.as_deref()), Some("PRIMARY"));
    assert_eq!(shadow.options.get("engine").map(String::as_str), Some("InnoDB"));
}

#[test]
fn foreign_keys_are_found_by_the_columns_that_they_join() {
    let followed = check(
        r#"
def drop_key(pair):
    table = pair[0].table
    for key in table.foreign_keys.copy():
        with op.batch_alter_table(table.name) as batch:
            if key.column == pair[0] and key.parent == pair[1]:
                batch.drop_constraint("never", type_="foreignkey")
            if key.parent == pair[0] and key.column == pair[1]:
                batch.drop_constraint(key.constraint.name, type_="foreignkey")

def upgrade():
    op.create_table("ports", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table(
        "boats",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("home", sa.Integer, sa.ForeignKey("ports.id")),
        sa.Column("at", sa.Integer, sa.ForeignKey("ports.id")),
    )
    meta = sa.MetaData()
    ports = sa.Table("ports", meta, autoload_with=op.get_bind())
    boats = sa.Table("boats", meta, autoload_with=op.get_bind())
    drop_key((boats.c.at, ports.c.id))
"#,
        Dialect::MySql,
    );
    assert_eq!(followed.constraints("boats", ConstraintKind::ForeignKey), ["boats_ibfk_1"]);
}

#[test]
fn a_reflected_metadata_lists_tables_with_their_constraints() {
    let followed = check(
        r#"
from sqlalchemy.schema import AddConstraint, DropConstraint

def upgrade():
    op.create_table("a", sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Text, unique=True))
    op.create_table("b", sa.Column("a_id", sa.Integer, sa.ForeignKey("a.id")), sa.Column("m", sa.Text, index=True))
    op.create_table("other", sa.Column("id", sa.Integer))
    conn = op.get_bind()
    meta = sa.MetaData()
    meta.reflect(bind=conn, only=["b"])
    # The table that a key points at is read too; the third is not.
    if sorted(meta.tables.keys()) != ["a", "b"]:
        raise ValueError("what the metadata holds")
    for name, table in meta.tables.items():
        for key in table.foreign_key_constraints:
            conn.execute(DropConstraint(key))
        for constraint in table.constraints:
            if isinstance(constraint, sa.UniqueConstraint):
                op.drop_constraint(constraint.name, table.name, type_="unique")
        for index in table.indexes:
            op.drop_index(index.name, table_name=index.table.name)
        if table.primary_key.columns.keys() == ["id"]:
            op.drop_constraint(table.primary_key.name, name, type_="primary")
    key = next(iter(meta.tables["b"].foreign_key_constraints))
    if key.column_keys != ["a_id"] or key.referred_table.name != "a":
        raise ValueError("what a key is")
    op.create_unique_constraint("once", "a", ["id"])
    conn.execute(AddConstraint(key))
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.constraints("a", ConstraintKind::Unique), ["once"]);
    assert_eq!(followed.constraints("a", ConstraintKind::PrimaryKey), Vec::<String>::new());
    assert_eq!(followed.constraints("b", ConstraintKind::ForeignKey), ["b_a_id_fkey"]);
    assert!(followed.table("b").indexes.is_empty());
}

#[test]
fn a_copied_table_is_made_under_its_new_name() {
    let followed = check(
        r#"
def upgrade():
    op.create_table(
        "tree",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("up", sa.Integer),
        sa.Column("made", sa.DateTime(timezone=True), server_default=sa.func.now()),
        sa.UniqueConstraint("id"),
        sa.ForeignKeyConstraint(["up"], ["tree.id"], ondelete="CASCADE"),
    )
    conn = op.get_bind()
    tree = sa.Table("tree", sa.MetaData(), autoload_with=conn)
    copy = tree.to_metadata(sa.MetaData(), name="tree_copy")
    for key in tree.foreign_key_constraints:
        op.drop_constraint(key.name, "tree")
    op.drop_table("tree")
    copy.create(conn)
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.tables(), ["tree_copy"]);
    let copy = followed.table("tree_copy");
    assert_eq!(copy.columns.len(), 3);
    assert!(format!("{:?}", copy.columns[2].default).contains("now()"));
    let key = copy.constraints.iter().find(|c| c.kind() == ConstraintKind::ForeignKey).expect("a key");
    let shown = format!("{:?}", key.body);
    assert!(shown.contains("tree_copy") && shown.contains("Cascade"), "{shown}");
}

#[test]
fn what_the_database_holds_comes_back_unchanged() {
    // Types, defaults, checks and indexes that have no exact word in SQLAlchemy.
    let followed = check(
        r#"
def upgrade():
    op.execute("CREATE TYPE mood AS ENUM ('low')")
    op.execute("ALTER TYPE mood ADD VALUE 'high'")
    op.execute(
        """
        CREATE TABLE old (
            id serial PRIMARY KEY,
            mood mood DEFAULT 'low'::mood,
            span interval day to second (3),
            tags text[] NOT NULL DEFAULT '{}'::text[],
            when_ timestamp (3) with time zone,
            doc jsonb,
            area polygon,
            size integer CHECK (size > 0),
            twice integer GENERATED ALWAYS AS (size * 2) STORED
        )
        """
    )
    op.execute("CREATE INDEX ix_doc ON old USING gin (doc jsonb_path_ops) WHERE size > 3")
    conn = op.get_bind()
    old = sa.Table("old", sa.MetaData(), autoload_with=conn)
    columns = [c.copy() for c in old.columns if c.name not in ("id", "mood")]
    op.create_table("new", sa.Column("id", sa.Integer), *columns)
    op.add_column("new", old.c.mood.copy())
    for index in old.indexes:
        op.drop_index(index.name)
        index.create(conn)
"#,
        Dialect::PostgreSql,
    );
    let (old, new) = (followed.table("old"), followed.table("new"));
    assert_eq!(old.columns.len(), new.columns.len());
    for column in old.columns.iter().skip(1) {
        let copy = new.column(&column.name).expect("the copy");
        assert_eq!(column.data_type, copy.data_type, "{}", column.name);
        assert_eq!((column.nullable, &column.default), (copy.nullable, &copy.default), "{}", column.name);
        assert_eq!(column.computed, copy.computed, "{}", column.name);
    }
    let index = old.index("ix_doc").expect("the index");
    assert_eq!(index.method.as_deref(), Some("gin"));
    assert_eq!(index.predicate.as_deref().map(|p| p.contains("size > 3")), Some(true));
    assert_eq!(index.keys[0].operator_class.as_deref(), Some("jsonb_path_ops"));
}

#[test]
fn a_table_that_is_not_held_for_certain_cannot_be_told() {
    let followed = follow(
        r#"
import elsewhere

def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer))
    op.add_column("t", elsewhere.column())
    table = sa.Table("t", sa.MetaData(), autoload_with=op.get_bind())
    for column in table.columns:
        op.drop_column("t", column.name)
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.columns("t"), ["id"]);
    assert!(followed.unknown().len() >= 2, "{:?}", followed.operations);
}

#[test]
fn a_table_that_nothing_made_is_an_exception_where_one_is_waited_for() {
    let followed = check(
        r#"
from sqlalchemy.exc import NoSuchTableError

def upgrade():
    try:
        sa.Table("t", sa.MetaData(), autoload_with=op.get_bind())
    except NoSuchTableError:
        op.create_table("t", sa.Column("id", sa.Integer))
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.tables(), ["t"]);
}

#[test]
fn a_batch_that_copies_a_mapped_class_makes_the_table_anew() {
    let followed = check(
        r#"
from sqlalchemy import orm
from oslo_db.sqlalchemy import models

Base = orm.declarative_base()

def upgrade():
    op.create_table(
        "scopes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(40), unique=True),
        sa.Column("kind", sa.Text),
        sa.UniqueConstraint("name", "kind", name="uq_scopes"),
    )
    for name, table in Base.metadata.tables.items():
        if name == "scopes":
            with op.batch_alter_table(name, copy_from=table, recreate="always") as batch:
                batch.add_column(sa.Column("active", sa.Boolean, nullable=False))
            break

class Scope(Base, models.ModelBase):
    @orm.declared_attr
    def __table_args__(cls):
        return (sa.UniqueConstraint("name", "kind", name="uq_scopes"),)

    __tablename__ = "scopes"

    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(40), nullable=False)
    kind = sa.Column(sa.String(40), index=True)

    def describe(self):
        return self.name
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.tables(), ["scopes"]);
    assert_eq!(followed.columns("scopes"), ["id", "name", "kind", "active"]);
    assert_eq!(followed.constraints("scopes", ConstraintKind::Unique), ["uq_scopes"]);
    // What has no name of its own is named after the table on the way.
    assert_eq!(followed.constraints("scopes", ConstraintKind::PrimaryKey), ["_alembic_tmp_scopes_pkey"]);
    assert_eq!(followed.table("scopes").indexes.len(), 1);
}

#[test]
fn tables_of_an_application_that_may_map_more_are_not_listed() {
    let followed = follow(
        r#"
import elsewhere

class Here(elsewhere.Base):
    __tablename__ = "here"
    id = sa.Column(sa.Integer, primary_key=True)

def upgrade():
    for name in elsewhere.Base.metadata.tables.keys():
        op.add_column(name, sa.Column("more", sa.Integer))
"#,
        Dialect::PostgreSql,
    );
    assert!(!followed.unknown().is_empty(), "{:?}", followed.operations);
}

#[test]
fn a_foreign_key_may_point_at_a_column_of_a_mapped_class() {
    let followed = check(
        r#"
from sqlalchemy.orm import declarative_base

Base = declarative_base()

class Port(Base):
    __tablename__ = "ports"
    key = sa.Column("id", sa.Integer, primary_key=True)

def upgrade():
    op.create_table("ports", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table("boats", sa.Column("port", sa.Integer, sa.ForeignKey(column=Port.key, name="home")))
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.constraints("boats", ConstraintKind::ForeignKey), ["home"]);
    assert!(format!("{:?}", followed.table("boats").constraints).contains("\"ports\""));
}

#[test]
fn a_constraint_without_a_name_is_not_dropped_where_that_is_waited_for() {
    let followed = check(
        r#"
def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer), sa.Column("n", sa.Integer))
    try:
        op.drop_constraint(None, "t", type_="foreignkey")
        op.drop_column("t", "n")
    except Exception:
        pass
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.columns("t"), ["id", "n"]);
}

#[test]
fn a_path_into_a_document_may_be_a_list() {
    let followed = check(
        r#"
from sqlalchemy.dialects.postgresql import JSONB

def upgrade():
    op.create_table("t", sa.Column("doc", JSONB))
    op.create_index("ix", "t", [sa.column("doc", JSONB)[["a", "b"]].as_string()])
"#,
        Dialect::PostgreSql,
    );
    assert!(format!("{:?}", followed.table("t").indexes).contains("#>> '{a, b}'"));
}

#[test]
fn a_duration_as_text_is_a_default() {
    let followed = check(
        r#"
from datetime import timedelta

def upgrade():
    op.create_table(
        "t",
        sa.Column("a", sa.Interval, server_default=str(timedelta(minutes=15))),
        sa.Column("b", sa.Interval, server_default=str(timedelta(days=-1, milliseconds=5))),
    )
"#,
        Dialect::PostgreSql,
    );
    let defaults = format!("{:?}", followed.table("t").columns);
    assert!(defaults.contains("'0:15:00'") && defaults.contains("'-1 day, 0:00:00.005000'"), "{defaults}");
}

#[test]
fn columns_of_several_reflected_tables_stay_apart() {
    check(
        r#"
def upgrade():
    op.create_table("boats", sa.Column("id", sa.Integer), sa.Column("at", sa.Integer))
    op.create_table("ports", sa.Column("key", sa.Integer), sa.Column("kind", sa.Text))
    conn = op.get_bind()
    meta = sa.MetaData()
    meta.reflect(only=("boats", "ports"), bind=conn)
    boats, ports = sa.Table("boats", meta), meta.tables["ports"]
    for _ in range(2):
        joined = sa.select(sa.func.count(boats.c.id)).where(boats.c.at == ports.c.key)
        conn.execute(joined.where(ports.c.kind != "dry").where(ports.c.kind == "wet"))
"#,
        Dialect::PostgreSql,
    );
}

#[test]
fn a_batch_on_a_table_made_anew_says_only_what_it_changes() {
    let followed = check(
        r#"
def upgrade():
    scopes = sa.Table(
        "scopes",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("state", sa.DateTime, nullable=False),
        sa.UniqueConstraint("state", name="uq_state"),
    )
    scopes.create(op.get_bind())
    with op.batch_alter_table("scopes", copy_from=scopes, recreate="always") as batch:
        batch.alter_column("state", new_column_name="seen")
"#,
        Dialect::MySql,
    );
    let seen = followed.table("scopes").column("seen").expect("the column");
    assert_eq!(
        (seen.nullable, seen.data_type.kind == cucurbit_schema::DataType::named("datetime", &[]).kind),
        (false, true)
    );
}

#[test]
fn names_that_a_new_table_needs_are_freed_first() {
    let followed = check(
        r#"
def upgrade():
    columns = [sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Text)]
    op.create_table("t", *columns, sa.UniqueConstraint("n", name="uq_n"))
    copied = sa.Table("t", sa.MetaData(), *[c.copy() for c in columns], sa.UniqueConstraint("n", name="uq_n"))
    with op.batch_alter_table("t", copy_from=copied, recreate="always") as batch:
        batch.add_column(sa.Column("more", sa.Text))
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.constraints("t", ConstraintKind::Unique), ["uq_n"]);
    assert_eq!(followed.columns("t"), ["id", "n", "more"]);
}

#[test]
fn tables_are_listed_by_a_query_of_the_catalog() {
    let followed = check(
        r#"
def upgrade():
    op.create_table("a", sa.Column("id", sa.Integer))
    op.create_table("b", sa.Column("id", sa.Integer))
    query = sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public';")
    for table in [row[0] for row in op.get_bind().execute(query)]:
        if table != "alembic_version":
            op.execute(f'ALTER TABLE "{table}" ADD COLUMN more integer')
    names = op.get_bind().execute(query).scalars().all()
    op.add_column(names[0], sa.Column("most", sa.Integer))
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.columns("a"), ["id", "more", "most"]);
    assert_eq!(followed.columns("b"), ["id", "more"]);
}

#[test]
fn columns_that_a_function_makes_of_each_class_are_columns_of_its_table() {
    let followed = check(
        r#"
from sqlalchemy.orm import declarative_base, declared_attr

Base = declarative_base()

class Audited:
    made_on = sa.Column(sa.DateTime)

    @declared_attr
    def made_by(cls):
        return sa.Column(sa.Integer, nullable=False)

class Tag(Audited, Base):
    __tablename__ = "tag"
    __table_args__ = (sa.UniqueConstraint("made_by", name="once"), {"comment": "tags"})
    id = sa.Column(sa.Integer, primary_key=True)

def upgrade():
    Tag.__table__.create(op.get_bind())
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.columns("tag"), ["id", "made_on", "made_by"]);
    assert_eq!(followed.constraints("tag", ConstraintKind::Unique), ["once"]);
    assert_eq!(followed.table("tag").comment.as_deref(), Some("tags"));
}

#[test]
fn a_moment_as_text_is_a_default() {
    let followed = check(
        r#"
from datetime import datetime, timezone

def upgrade():
    stamp = str(datetime(2000, 1, 1, tzinfo=timezone.utc))
    op.create_table("t", sa.Column("a", sa.DateTime, server_default=stamp))
"#,
        Dialect::PostgreSql,
    );
    assert!(format!("{:?}", followed.table("t").columns).contains("'2000-01-01 00:00:00+00:00'"));
}
