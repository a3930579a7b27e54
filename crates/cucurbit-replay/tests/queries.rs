//! Migrations that ask the database's catalog what there is, and those that make tables anew by hand.

mod support;

use cucurbit_replay::Outcome;
use cucurbit_schema::{ConstraintKind, Dialect};
use support::{check, follow};

#[test]
fn a_key_that_a_joined_query_of_the_catalog_finds_is_dropped() {
    let followed = check(
        r#"
def upgrade():
    op.create_table(
        "boats",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), unique=True),
        sa.Column("port", sa.String(80)),
        sa.UniqueConstraint("name", "port"),
    )
    found = op.get_bind().execute(
        sa.text(
            "SELECT c.conname FROM pg_constraint c JOIN pg_class t ON c.conrelid = t.oid "
            "WHERE t.relname = :table AND c.contype = 'u' AND array_length(c.conkey, 1) = 1 "
            "AND (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = c.conkey[1]) = 'name'"
        ),
        {"table": "boats"},
    )
    for row in found:
        op.execute(f'ALTER TABLE boats DROP CONSTRAINT "{row.conname}"')
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.constraints("boats", ConstraintKind::Unique), ["boats_name_port_key"]);
}

#[test]
fn rows_of_the_catalog_have_names_and_numbers() {
    let followed = check(
        r#"
def upgrade():
    op.create_table("ports", sa.Column("id", sa.Integer(), primary_key=True))
    op.create_table(
        "boats",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("port_id", sa.Integer(), sa.ForeignKey("ports.id", name="to_port")),
        sa.Column("old_id", sa.Integer(), sa.ForeignKey("ports.id", name="to_old")),
    )
    query = sa.text(
        "SELECT tc.constraint_name, kcu.column_name FROM information_schema.table_constraints tc "
        "JOIN information_schema.key_column_usage kcu ON kcu.constraint_name = tc.constraint_name "
        "WHERE tc.table_name = 'boats' AND tc.constraint_type = 'FOREIGN KEY' ORDER BY kcu.column_name"
    )
    bind = op.get_bind()
    first = bind.execute(query).mappings().first()
    if first["column_name"] == "old_id" and first.get("nothing") is None:
        op.drop_constraint(first["constraint_name"], "boats", type_="foreignkey")
    names = bind.execute(query).scalars().all()
    for (name, column) in bind.execute(query).fetchall():
        if [name] == names and column == "port_id":
            op.create_index("ix_of_" + name, "boats", [column])
"#,
        Dialect::PostgreSql,
    );
    assert_eq!(followed.constraints("boats", ConstraintKind::ForeignKey), ["to_port"]);
    assert_eq!(followed.table("boats").indexes.len(), 1);
}

#[test]
fn sqlite_refuses_constraints_and_a_migration_may_wait_for_it() {
    let text = r#"
def upgrade():
    op.create_table("ports", sa.Column("id", sa.Integer(), primary_key=True))
    op.create_table("boats", sa.Column("port_id", sa.Integer()))
    try:
        op.create_foreign_key("to_port", "boats", "ports", ["port_id"], ["id"])
    except NotImplementedError:
        op.create_index("ix_port", "boats", ["port_id"])
"#;
    let followed = check(text, Dialect::Sqlite);
    assert!(followed.constraints("boats", ConstraintKind::ForeignKey).is_empty());
    assert_eq!(followed.table("boats").indexes.len(), 1);
    let followed = check(text, Dialect::PostgreSql);
    assert_eq!(followed.constraints("boats", ConstraintKind::ForeignKey), ["to_port"]);
    assert!(followed.table("boats").indexes.is_empty());
}

/// Makes a table anew under a random name, as some projects do on SQLite.
const ANEW: &str = r#"
import uuid
import six
def upgrade():
    op.create_table("ports", sa.Column("id", sa.Integer(), primary_key=True))
    op.create_table(
        "boats",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("port_id", sa.Integer(), sa.ForeignKey("ports.id")),
        sa.Column("draft", sa.Boolean()),
    )
    meta = sa.MetaData()
    meta.reflect(bind=op.get_bind())
    changed = sa.Column("draft", sa.Boolean(), nullable=False, index=True)
    if changed.index:
        changed.index = False
    items = [changed if c.name == "draft" else c.copy() for c in meta.tables["boats"].columns]
    for key in meta.tables["boats"].foreign_keys:
        items.append(key.constraint.copy())
    for_a_while = "boats_%s" % six.text_type(uuid.uuid4())
    op.create_table(for_a_while, *items)
    op.drop_table("boats")
    op.rename_table(for_a_while, "boats")
"#;

#[test]
fn a_table_may_have_a_random_name_for_a_while() {
    let followed = check(ANEW, Dialect::Sqlite);
    assert_eq!(followed.tables(), ["boats", "ports"]);
    assert_eq!(followed.columns("boats"), ["id", "port_id", "draft"]);
    let boats = followed.table("boats");
    assert_eq!(followed.constraints("boats", ConstraintKind::ForeignKey).len(), 1);
    assert!(boats.indexes.is_empty(), "the column was told so after it was made");
    assert!(!boats.columns[2].nullable);
}

#[test]
fn a_random_name_that_stays_cannot_be_told() {
    let stays = ANEW.replace("op.rename_table(for_a_while, \"boats\")", "op.drop_table(\"ports\")");
    let followed = follow(&stays, Dialect::Sqlite);
    assert_eq!(followed.outcome, Outcome::Completed);
    assert_eq!(followed.unknown(), ["a name in it is random"]);
}

#[test]
fn an_index_of_a_materialized_view_goes_with_it() {
    let text = r#"
def upgrade():
    op.create_table("boats", sa.Column("name", sa.Text()))
    op.execute("CREATE MATERIALIZED VIEW names AS SELECT name FROM boats")
    op.execute("CREATE UNIQUE INDEX ux_names ON names (name)")
"#;
    let kept = check(text, Dialect::PostgreSql);
    let texts: Vec<&str> = kept.state.objects.values().map(|object| object.text.as_str()).collect();
    assert!(texts.contains(&"CREATE UNIQUE INDEX ux_names ON names (name)"), "{texts:?}");
    let dropped = check(&format!("{text}    op.execute(\"DROP INDEX ux_names\")\n"), Dialect::PostgreSql);
    assert_eq!(dropped.state.objects.len(), 1);
    let gone =
        check(&format!("{text}    op.execute(\"DROP MATERIALIZED VIEW names\")\n"), Dialect::PostgreSql);
    assert!(gone.state.objects.is_empty());
}

#[test]
fn the_condition_of_a_trigger_needs_its_columns() {
    let text = r#"
def upgrade():
    op.create_table("boats", sa.Column("id", sa.Integer()), sa.Column("name", sa.Text()))
    op.execute("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$")
    op.execute(
        "CREATE TRIGGER t AFTER UPDATE ON boats FOR EACH ROW "
        "WHEN (old.name IS DISTINCT FROM new.name) EXECUTE FUNCTION f()"
    )
"#;
    check(text, Dialect::PostgreSql);
    let followed = follow(&text.replace("old.name", "old.title"), Dialect::PostgreSql);
    assert_eq!(followed.mismatches, 1);
}
