//! Batch mode on SQLite, where Alembic makes the table anew from what SQLAlchemy reflects. Each was tried with Alembic.

mod support;

use cucurbit_schema::{Column, ConstraintKind, Dialect, ObjectKind, TypeKind};
use support::check;

fn type_name(column: &Column) -> String {
    match &column.data_type.kind {
        TypeKind::Named { name, .. } => name.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_has_no_name_is_dropped_under_the_one_that_the_convention_gives() {
    let followed = check(
        r#"
def upgrade():
    op.create_table("orgs", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), unique=True),
        sa.Column("org_id", sa.Integer, sa.ForeignKey("orgs.id")),
        sa.Column("boss_id", sa.Integer, sa.ForeignKey("users.id")),
    )
    convention = {
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
    with op.batch_alter_table("users", naming_convention=convention) as batch:
        batch.drop_constraint("fk_users_org_id_orgs", type_="foreignkey")
"#,
        Dialect::Sqlite,
    );
    assert_eq!(followed.constraints("users", ConstraintKind::ForeignKey), ["fk_users_boss_id_users"]);
    assert_eq!(followed.constraints("users", ConstraintKind::Unique), ["uq_users_name"]);
}

#[test]
fn of_several_that_the_convention_names_alike_the_last_is_left() {
    let followed = check(
        r#"
def upgrade():
    op.create_table("orgs", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table(
        "users",
        sa.Column("org_id", sa.Integer, sa.ForeignKey("orgs.id")),
        sa.Column("home_id", sa.Integer, sa.ForeignKey("orgs.id")),
    )
    with op.batch_alter_table("users", naming_convention={"fk": "users_org_id_fkey"}) as batch:
        batch.drop_constraint("users_org_id_fkey", type_="foreignkey")
        batch.create_foreign_key("users_org_id_fkey", "orgs", ["org_id"], ["id"], ondelete="CASCADE")
"#,
        Dialect::Sqlite,
    );
    assert_eq!(followed.constraints("users", ConstraintKind::ForeignKey), ["users_org_id_fkey"]);
}

#[test]
fn what_sqlalchemy_does_not_know_keeps_the_numbers_of_its_type() {
    let followed = check(
        r#"
def upgrade():
    op.execute(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a BINARY(16), b GEOMETRY(1,2), c CHARACTER(20), d MEDIUMINT(4),"
        " e FLOATX(3), f DATETIME(6), g NVARCHAR(9), h INT(11), x INTEGER)"
    )
    with op.batch_alter_table("t") as batch:
        batch.drop_column("x")
"#,
        Dialect::Sqlite,
    );
    let types: Vec<String> = followed
        .table("t")
        .columns
        .iter()
        .filter_map(|c| cucurbit_schema::type_sql(&c.data_type.kind, Dialect::Sqlite))
        .collect();
    assert_eq!(
        types,
        [
            "INTEGER",
            "NUMERIC(16)",
            "NUMERIC(1, 2)",
            "TEXT(20)",
            "INTEGER",
            "REAL",
            "DATETIME",
            "NVARCHAR(9)",
            "INTEGER"
        ]
    );
}

#[test]
fn what_is_not_reflected_is_lost() {
    let followed = check(
        r#"
def upgrade():
    op.execute(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a CLOB COLLATE NOCASE, b INTEGER CHECK (b > 0), d UNSIGNED BIG INT,"
        " CONSTRAINT named CHECK (d > 0))"
    )
    op.execute("CREATE INDEX of_expression ON t (lower(a))")
    op.execute("CREATE INDEX of_part ON t (b DESC) WHERE b > 1")
    op.execute("CREATE TRIGGER watch AFTER INSERT ON t BEGIN SELECT 1; END")
    with op.batch_alter_table("t") as batch:
        batch.alter_column("d", nullable=False)
"#,
        Dialect::Sqlite,
    );
    assert_eq!(followed.constraints("t", ConstraintKind::Check), ["named"]);
    let table = followed.table("t");
    let indexes: Vec<(&str, Option<&str>)> = table
        .indexes
        .iter()
        .map(|i| (i.name.as_deref().unwrap_or_default(), i.predicate.as_deref()))
        .collect();
    assert_eq!(indexes, [("of_part", Some("b > 1"))]);
    assert!(table.indexes[0].keys[0].order.is_none());
    let types: Vec<String> = table.columns.iter().map(type_name).collect();
    assert_eq!(types, ["INTEGER", "TEXT", "INTEGER", "INTEGER"]);
    assert_eq!(table.columns[1].collation, None);
    assert!(followed.state.objects.values().all(|o| o.kind != ObjectKind::Trigger));
}

#[test]
fn a_batch_that_alter_table_can_do_leaves_the_table_alone() {
    let followed = check(
        r#"
def upgrade():
    op.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER CHECK (b > 0))")
    with op.batch_alter_table("t") as batch:
        batch.add_column(sa.Column("c", sa.Text, server_default="x"))
        batch.create_index("ix", ["b"])
    with op.batch_alter_table("t", recreate="never") as batch:
        batch.drop_index("ix")
"#,
        Dialect::Sqlite,
    );
    assert_eq!(followed.constraints("t", ConstraintKind::Check), [""]);
    let followed = check(
        r#"
def upgrade():
    op.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER CHECK (b > 0))")
    with op.batch_alter_table("t") as batch:
        batch.add_column(sa.Column("c", sa.DateTime, server_default=sa.func.current_timestamp()))
"#,
        Dialect::Sqlite,
    );
    assert_eq!(followed.constraints("t", ConstraintKind::Check), [""; 0]);
}

#[test]
fn a_table_that_is_copied_from_is_the_whole_table() {
    let followed = check(
        r#"
def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Text), sa.Column("b", sa.Text))
    copied = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Text))
    with op.batch_alter_table("t", copy_from=copied) as batch:
        batch.alter_column("a", nullable=False)
"#,
        Dialect::Sqlite,
    );
    assert_eq!(followed.columns("t"), ["id", "a"]);
}

#[test]
fn arguments_say_what_is_not_reflected() {
    let followed = check(
        r#"
def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.Numeric(10, 2)))
    with op.batch_alter_table(
        "t",
        reflect_args=[sa.Column("x", sa.Float)],
        table_args=(sa.UniqueConstraint("x", name="uq_x"),),
    ) as batch:
        batch.alter_column("x", nullable=False)
"#,
        Dialect::Sqlite,
    );
    assert_eq!(followed.constraints("t", ConstraintKind::Unique), ["uq_x"]);
    let column = followed.table("t").column("x").expect("the column");
    assert_eq!((type_name(column).as_str(), column.nullable), ("FLOAT", false));
}
