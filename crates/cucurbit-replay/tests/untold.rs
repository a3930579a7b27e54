//! What cannot be told reaches as far as it must, and no further.

mod support;

use cucurbit_schema::{ConstraintKind, Dialect};
use support::{check, follow};

#[test]
fn a_length_that_cannot_be_told_leaves_the_rest_of_the_table_known() {
    let followed = follow(
        r#"
from somewhere import LENGTH
def upgrade():
    op.create_table("u", sa.Column("id", sa.Integer(), primary_key=True))
    op.create_table(
        "t",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(LENGTH)),
        sa.Column("state", sa.Text(), server_default=LENGTH),
        sa.Column("u_id", sa.Integer(), sa.ForeignKey("u.id")),
    )
    inspector = sa.inspect(op.get_bind())
    for key in inspector.get_foreign_keys("t"):
        op.drop_constraint(key["name"], "t", type_="foreignkey")
    op.drop_constraint(inspector.get_pk_constraint("t")["name"], "t", type_="primary")
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.unknown().len(), 1, "{:?}", followed.operations);
    assert!(followed.table("t").constraints.is_empty());
    assert!(!followed.table("t").tainted);
}

#[test]
fn a_type_of_another_package_may_bring_more_than_its_column() {
    let followed = follow(
        r#"
from somewhere import State
def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer()), sa.Column("state", State()))
"#,
        Dialect::PostgreSql,
    );
    assert!(followed.table("t").tainted);
}

#[test]
fn a_check_whose_demand_cannot_be_told_is_there() {
    let text = r#"
from somewhere import LEAST
def upgrade():
    op.create_table("t", sa.Column("n", sa.Integer()))
    op.create_check_constraint("ck_n", "t", f"n >= {LEAST}")
"#;
    let followed = follow(text, Dialect::PostgreSql);
    assert_eq!(followed.constraints("t", ConstraintKind::Check), ["ck_n"]);
    assert_eq!(followed.unknown().len(), 1);
    assert!(!followed.table("t").tainted);
    // Without a name the database takes one that the expression tells.
    let unnamed = follow(&text.replace("\"ck_n\"", "None"), Dialect::PostgreSql);
    assert!(unnamed.table("t").tainted);
}

#[test]
fn a_migration_that_is_not_meant_for_this_database_leaves() {
    // Whether it leaves cannot be told, and all that it would make is there.
    let text = r#"
from somewhere import settings
def baseline():
    if settings.postgres_uri:
        return
    op.create_table("t", sa.Column("id", sa.Integer()))
    op.create_table("u", sa.Column("id", sa.Integer()))
def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer()))
    op.create_table("u", sa.Column("id", sa.Integer()))
    baseline()
"#;
    let followed = check(text, Dialect::PostgreSql);
    assert_eq!(followed.operations.len(), 2);
    // It does its work where that fits.
    let alone = text.replace("def upgrade():", "def before():") + "def upgrade():\n    baseline()\n";
    assert_eq!(follow(&alone, Dialect::PostgreSql).tables(), ["t", "u"]);
}

#[test]
fn a_select_of_a_table_object_reads_all_its_columns() {
    let text = r#"
old = sa.table("t", sa.column("id"), sa.column("gone"))
def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer()))
    QUERY
"#;
    let session = "sa.orm.Session(bind=op.get_bind())";
    for (query, misfits) in [
        ("op.get_bind().execute(sa.select(old))".to_owned(), 1),
        ("op.get_bind().execute(old.select())".to_owned(), 1),
        (format!("{session}.query(old).all()"), 1),
        (format!("{session}.query(old.c.id).all()"), 0),
        ("op.get_bind().execute(sa.select(old.c.id))".to_owned(), 0),
    ] {
        let followed = follow(&text.replace("QUERY", &query), Dialect::PostgreSql);
        assert_eq!(followed.mismatches, misfits, "{query}: {:?}", followed.operations);
    }
}
