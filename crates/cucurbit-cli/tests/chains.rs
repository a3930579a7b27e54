//! Commands on what a chain makes: one test for each flag and each exit code.

mod support;

use std::path::Path;
use std::process::Output;
use support::{code, out, run, told};

/// Texts with `--- name` lines between files.
fn project(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    add(folder.path(), text);
    folder
}

fn add(folder: &Path, text: &str) {
    for part in text.split("--- ").skip(1) {
        let (name, text) = part.split_once('\n').expect("a name");
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        let text = match name.ends_with(".py") && name.starts_with("versions/") {
            true => format!("from alembic import op\nimport sqlalchemy as sa\n\n{text}"),
            false => text.to_owned(),
        };
        std::fs::write(path, text).expect("a file");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<String> = entries
        .map(|e| e.file_name().into_string().expect("a name"))
        .filter(|n| n.ends_with(".py"))
        .collect();
    names.sort();
    names
}

const CHAIN: &str = r#"--- versions/a1_users.py
"""make users"""
revision = 'a1'
down_revision = None

def upgrade():
    op.create_table('users',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('mood', sa.Enum('ok', 'sad', name='mood')))
--- versions/b2_names.py
"""name them"""
revision = 'b2'
down_revision = 'a1'

def upgrade():
    op.add_column('users', sa.Column('name', sa.String(50)))
    op.execute("INSERT INTO users (name) VALUES ('root')")
--- versions/c3_data.py
"""only rows"""
revision = 'c3'
down_revision = 'b2'

def upgrade():
    op.execute("UPDATE users SET name = 'admin'")
--- versions/d4_index.py
"""find them"""
revision = 'd4'
down_revision = 'c3'

def upgrade():
    op.create_index('ix_users_name', 'users', ['name'])
    op.execute("CREATE INDEX part ON users (name) WHERE name <> ''")
"#;

const SQUASH: [&str; 3] = ["squash", "--versions", "versions"];

fn squash(folder: &Path, more: &[&str]) -> Output {
    run(folder, &[&SQUASH[..], more].concat())
}

#[test]
fn squash_prints_a_plan_and_changes_nothing() {
    let folder = project(CHAIN);
    let output = squash(folder.path(), &["base..c3"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let text = out(&output);
    assert!(text.contains("c3_squashed.py\nmove "), "{text}");
    assert!(text.contains("revision: str = \"c3\"\n") && text.contains("\"a1\",\n    \"b2\",\n"), "{text}");
    assert!(text.contains("sa.Enum(\"ok\", \"sad\", name=\"mood\")"), "{text}");
    // Rows are not written, and not passed over in silence.
    assert!(text.contains("#       op.execute(\"INSERT INTO users (name) VALUES ('root')\")"), "{text}");
    assert!(told(&output).contains("b2_names.py:10: inserts into users\n"), "{}", told(&output));
    assert!(told(&output).contains("c3_data.py:9: updates users\n"), "{}", told(&output));
    assert_eq!(names(&folder.path().join("versions")).len(), 4);
}

#[test]
fn squash_in_the_middle_stands_on_what_is_below() {
    let folder = project(CHAIN);
    let output = squash(folder.path(), &["a1..c3"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    assert!(out(&output).contains("down_revision: Union[str, Sequence[str], None] = \"a1\"\n"));
    assert!(out(&output).contains("op.add_column(\"users\""));
}

#[test]
fn squash_apply_moves_the_files_and_keeps_the_schema() {
    let folder = project(CHAIN);
    let schema = |more: &[&str]| {
        let output = run(folder.path(), &[&["schema", "--versions", "versions", "."], more].concat());
        (code(&output), out(&output), told(&output))
    };
    let before = schema(&[]);
    let output = squash(folder.path(), &["base..c3", "--apply"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    assert_eq!(names(&folder.path().join("versions")), ["c3_squashed.py", "d4_index.py"]);
    assert_eq!(names(&folder.path().join("squashed/c3")), ["a1_users.py", "b2_names.py", "c3_data.py"]);
    assert_eq!(schema(&[]).1, before.1);
    // The old ids are known by the new file.
    let (code_of_old, _, told_of_old) = schema(&["b2"]);
    assert_eq!(code_of_old, Some(2));
    assert!(told_of_old.contains("it was squashed into `c3`"), "{told_of_old}");

    let again = squash(folder.path(), &["base..head", "--apply"]);
    assert_eq!(code(&again), Some(0), "{}", told(&again));
    let text = std::fs::read_to_string(folder.path().join("versions/d4_squashed.py")).expect("the file");
    assert!(text.contains("replaces: Sequence[str] = (\n    \"a1\",\n    \"b2\",\n    \"c3\",\n)"), "{text}");
    assert_eq!(schema(&[]).1, before.1);
}

#[test]
fn squash_apply_writes_over_nothing() {
    let folder = project(CHAIN);
    add(folder.path(), "--- squashed/c3/a1_users.py\nmine\n");
    let output = squash(folder.path(), &["base..c3", "--apply"]);
    assert_eq!(code(&output), Some(2));
    assert_eq!(names(&folder.path().join("versions")).len(), 4);
    let kept = std::fs::read_to_string(folder.path().join("squashed/c3/a1_users.py")).expect("the file");
    assert_eq!(kept, "mine\n");
}

#[test]
fn squash_out_writes_a_new_file() {
    let folder = project(CHAIN);
    assert_eq!(code(&squash(folder.path(), &["base..head", "--out", "new.py"])), Some(0));
    let text = std::fs::read_to_string(folder.path().join("new.py")).expect("the file");
    assert!(text.contains("op.create_index"), "{text}");
    assert_eq!(code(&squash(folder.path(), &["base..head", "--out", "new.py"])), Some(2));
}

#[test]
fn squash_imports_what_registers_options_that_the_rest_reads() {
    let folder = project(
        r#"--- versions/a1_limits.py
import shop.limits

revision = 'a1'
down_revision = None

def upgrade():
    op.create_table('limits', sa.Column('rows', sa.Integer()))
--- versions/b2_note.py
revision = 'b2'
down_revision = 'a1'

def upgrade():
    op.add_column('limits', sa.Column('note', sa.Text()))
--- versions/c3_rows.py
from oslo_config import cfg

revision = 'c3'
down_revision = 'b2'

def upgrade():
    op.execute(sa.text('INSERT INTO limits (rows) VALUES (:rows)').bindparams(rows=cfg.CONF.max_rows))
--- shop/__init__.py
--- shop/limits.py
from oslo_config import cfg

cfg.CONF.register_opts([cfg.IntOpt('max-rows', default=10)])
"#,
    );
    let output = squash(folder.path(), &["base..b2", "--import-root", ".", "--apply"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let text = std::fs::read_to_string(folder.path().join("versions/b2_squashed.py")).expect("the file");
    assert!(text.contains("\nimport shop.limits  # noqa: F401\n"), "{text}");
    assert!(text.contains("options that it registers: `max_rows` (c3)"), "{text}");
}

#[test]
fn squash_makes_a_type_by_itself_that_the_rest_drops_and_makes_again() {
    let folder = project(
        r#"--- versions/a1_jobs.py
revision = 'a1'
down_revision = None

def upgrade():
    op.create_table('jobs', sa.Column('id', sa.Integer()))

--- versions/b2_kind.py
revision = 'b2'
down_revision = 'a1'

def upgrade():
    sa.Enum('x', 'y', name='kind').create(op.get_bind())
    op.add_column('jobs', sa.Column('kind', sa.Enum('x', 'y', name='kind')))

--- versions/c3_again.py
revision = 'c3'
down_revision = 'b2'

def upgrade():
    op.drop_column('jobs', 'kind')
    op.execute('DROP TYPE kind')
    op.create_table('kinds', sa.Column('kind', sa.Enum('x', 'y', name='kind')))
"#,
    );
    let output = squash(folder.path(), &["base..b2", "--apply"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let text = std::fs::read_to_string(folder.path().join("versions/b2_squashed.py")).expect("the file");
    assert!(text.contains("CREATE TYPE kind AS ENUM") && text.contains("create_type=False"), "{text}");
}

#[test]
fn squash_refuses_what_would_break_the_chain() {
    let folder = project(CHAIN);
    for (range, wanted) in [("c3..a1", 1), ("base..a1", 1), ("base..zz", 2), ("c3", 2)] {
        assert_eq!(code(&squash(folder.path(), &[range])), Some(wanted), "{range}");
    }
    add(folder.path(), "--- versions/e5.py\nrevision = 'e5'\ndown_revision = 'b2'\n\ndef upgrade(): pass\n");
    let output = squash(folder.path(), &["base..c3"]);
    assert_eq!(code(&output), Some(1));
    assert!(told(&output).contains("`e5` stands on `b2`"), "{}", told(&output));
    assert_eq!(code(&squash(folder.path(), &["base..b2"])), Some(0));
    let unknown = "--- versions/f6.py\nrevision = 'f6'\ndown_revision = 'e5'\n\ndef upgrade():\n    op.execute(open('x').read())\n";
    add(folder.path(), unknown);
    assert_eq!(code(&squash(folder.path(), &["b2..f6"])), Some(1));
}

#[test]
fn locate_finds_the_revision_of_a_dump() {
    let folder = project(CHAIN);
    let dump = out(&run(folder.path(), &["schema", "--versions", "versions", ".", "b2"]));
    std::fs::write(folder.path().join("b2.sql"), &dump).expect("a file");
    let locate = ["locate", "--versions", "versions", "--dump"];
    let output = run(folder.path(), &[&locate[..], &["b2.sql"]].concat());
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let text = out(&output);
    assert!(text.starts_with("nearest: b2 (") && text.contains("just that\nas near: c3 ("), "{text}");

    let near = dump.replace("character varying(50)", "character varying(51)");
    std::fs::write(folder.path().join("near.sql"), near).expect("a file");
    let output = run(folder.path(), &[&locate[..], &["near.sql"]].concat());
    assert_eq!(code(&output), Some(1));
    assert!(
        out(&output).contains("1 object differs\n") && out(&output).contains("column users.name: type: ")
    );
    let json = out(&run(folder.path(), &[&locate[..], &["near.sql", "--format", "json"]].concat()));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["nearest"][0]["revision"], &json["exact"]), (&"b2".into(), &false.into()));
    assert_eq!(json["revisions"].as_array().map(Vec::len), Some(4));
    assert_eq!(code(&run(folder.path(), &[&locate[..], &["no.sql"]].concat())), Some(2));
}

const MODELS: &str = r#"--- models.py
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base
Base = declarative_base()
class User(Base):
    __tablename__ = 'users'
    id = sa.Column(sa.Integer, primary_key=True)
    mood = sa.Column(sa.Enum('ok', 'sad', 'new', name='mood'))
    title = sa.Column(sa.String(50), index=True)
"#;

const CATCH_UP: [&str; 6] = ["reconstruct", "--versions", "versions", "--models", "models.py", "--catch-up"];

#[test]
fn catch_up_leaves_what_would_be_lost() {
    let folder = project(CHAIN);
    add(folder.path(), MODELS);
    let output = run(folder.path(), &CATCH_UP);
    assert_eq!(code(&output), Some(1), "{}", told(&output));
    let text = out(&output);
    assert!(text.contains("down_revision: Union[str, Sequence[str], None] = \"d4\"\n"), "{text}");
    assert!(text.contains("ADD VALUE 'new'") && text.contains("op.add_column(\"users\""), "{text}");
    let upgrade = text.split("def downgrade").next().unwrap_or_default();
    assert!(!upgrade.contains("op.drop_column") && !upgrade.contains("part"), "{text}");
    assert!(told(&output).contains("column users.name: the models do not have it"), "{}", told(&output));
    assert!(told(&output).contains("question: column users.title is new"), "{}", told(&output));
}

#[test]
fn catch_up_drops_when_it_may() {
    let folder = project(CHAIN);
    add(folder.path(), MODELS);
    let arguments = [&CATCH_UP[..], &["--allow-destructive", "--out", "versions/e5.py"]].concat();
    let output = run(folder.path(), &arguments);
    assert_eq!(code(&output), Some(1), "a rename is still a question: {}", told(&output));
    let text = std::fs::read_to_string(folder.path().join("versions/e5.py")).expect("the file");
    assert!(text.contains("op.drop_column(\"users\", \"name\")"), "{text}");
    // With it there is nothing left to do.
    let output = run(folder.path(), &CATCH_UP);
    assert_eq!((code(&output), out(&output)), (Some(0), String::new()), "{}", told(&output));
    let output = run(folder.path(), &arguments);
    assert_eq!(code(&output), Some(0), "nothing to write, so nothing is written over: {}", told(&output));
    assert_eq!(code(&run(folder.path(), &["reconstruct", "--allow-destructive", "."])), Some(2));
}

#[test]
fn catch_up_needs_one_head() {
    let folder = project(CHAIN);
    add(folder.path(), MODELS);
    add(folder.path(), "--- versions/e5.py\nrevision = 'e5'\ndown_revision = 'b2'\n\ndef upgrade(): pass\n");
    let output = run(folder.path(), &CATCH_UP);
    assert_eq!((code(&output), out(&output)), (Some(1), String::new()));
    assert!(told(&output).contains("there are 2 heads"), "{}", told(&output));
}

#[test]
fn fold_drift_puts_the_models_into_the_base() {
    let folder = project(CHAIN);
    let dump = out(&run(folder.path(), &["schema", "--versions", "versions", "."]));
    std::fs::write(folder.path().join("head.sql"), dump).expect("a file");
    let models = MODELS.replace(", 'new'", "").replace("title", "name");
    add(folder.path(), &format!("{models}    age = sa.Column(sa.Integer)\n"));
    std::fs::remove_file(folder.path().join("versions/a1_users.py")).expect("the file");
    let reconstruct =
        ["reconstruct", "--versions", "versions", "--dump", "head.sql", "--models", "models.py"];
    let output = run(folder.path(), &reconstruct);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    assert!(!out(&output).contains("\"age\""), "{}", out(&output));
    assert!(told(&output).contains("drift: column users.age: the chain does not make it"));
    let output = run(folder.path(), &[&reconstruct[..], &["--fold-drift"]].concat());
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    assert!(out(&output).contains("\"age\"") && !out(&output).contains("\"name\""), "{}", out(&output));
    assert!(!told(&output).contains("users.age"), "{}", told(&output));
}

/// A configured project whose base is lost, with a template of its own.
const TEMPLATED: &str = r#"
--- alembic.ini
[alembic]
script_location = migrations
file_template = %%(year)d/%%(month).2d_%%(rev)s_%%(slug)s
recursive_version_locations = true
--- migrations/env.py
from alembic import context
--- migrations/script.py.mako
# The shop, ${create_date.year}
"""${message}

Revises: ${down_revision | comma,n}
"""
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
--- migrations/versions/b2_age.py
"""age

Revision ID: b2
Revises: a1
Create Date: 2021-04-05 10:11:12.5
"""
from alembic import op
import sqlalchemy as sa

revision = "b2"
down_revision = "a1"


def upgrade():
    op.add_column("users", sa.Column("age", sa.Integer))


def downgrade():
    op.drop_column("users", "age")
--- head.sql
CREATE TABLE users (id serial PRIMARY KEY, tags jsonb, age integer);
"#;

#[test]
fn what_is_rebuilt_is_written_as_the_project_writes() {
    let folder = project(TEMPLATED);
    let arguments = ["reconstruct", ".", "--dump", "head.sql", "--out", "migrations/versions"];
    let output = run(folder.path(), &arguments);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let path = folder.path().join("migrations/versions/2021/04_a1_reconstructed.py");
    let text = std::fs::read_to_string(path).expect("the file");
    assert!(text.starts_with("# The shop, 2021\n\"\"\"reconstructed\n\nRevises: "), "{text}");
    assert!(text.contains("from sqlalchemy.dialects import postgresql\n"), "{text}");
    assert!(text.contains("\ndef upgrade():\n    # This migration was lost."), "{text}");
    assert!(text.contains("\n    op.create_table(\n        \"users\",\n"), "{text}");
    assert!(text.ends_with("\ndef downgrade():\n    op.drop_table(\"users\")\n"), "{text}");
    // It is there now, and never written over.
    let output = run(folder.path(), &["diagnose", "."]);
    assert!(!out(&output).contains("missing"), "{}", out(&output));
    assert_eq!(code(&run(folder.path(), &arguments)), Some(2));
}

#[test]
fn a_template_that_would_run_code_is_not_used() {
    let folder = project(&TEMPLATED.replace("# The shop, ${create_date.year}", "<%! import os %>"));
    let output = run(folder.path(), &["reconstruct", ".", "--dump", "head.sql"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    assert!(
        told(&output).contains("script.py.mako is not used, line 1: `<%! import os %>`"),
        "{}",
        told(&output)
    );
    assert!(out(&output).contains("def upgrade() -> None:"), "{}", out(&output));
}

#[test]
fn a_reconstruction_as_json() {
    let folder = project(TEMPLATED);
    let output = run(folder.path(), &["reconstruct", ".", "--dump", "head.sql", "--format", "json"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let found: serde_json::Value = serde_json::from_str(&out(&output)).expect("JSON");
    assert_eq!(found["revision"], "a1");
    assert_eq!(found["proved"], true);
    assert_eq!(found["file_name"], "2021/04_a1_reconstructed.py");
    assert!(found["text"].as_str().is_some_and(|text| text.contains("op.create_table")), "{found}");
    // What is not proved has questions and no text.
    std::fs::write(folder.path().join("head.sql"), "CREATE TABLE users (id serial PRIMARY KEY);")
        .expect("a file");
    let output = run(folder.path(), &["reconstruct", ".", "--dump", "head.sql", "--format", "json"]);
    assert_eq!(code(&output), Some(1), "{}", told(&output));
    let found: serde_json::Value = serde_json::from_str(&out(&output)).expect("JSON");
    assert_eq!((&found["proved"], &found["text"]), (&serde_json::json!(false), &serde_json::Value::Null));
    assert!(found["questions"].as_array().is_some_and(|questions| !questions.is_empty()), "{found}");
}

#[test]
fn the_version_of_sqlalchemy_is_that_of_the_lock_file() {
    let folder = project(
        "
--- models.py
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base
Base = declarative_base()
class Named:
    label = sa.Column(sa.String(10))
class User(Named, Base):
    __tablename__ = 'users'
    id = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
",
    );
    // The columns of a mixin come first before 2.0, and behind from then on.
    let first = |arguments: &[&str]| {
        let output = run(folder.path(), &[&["schema", "--models", "models.py"][..], arguments].concat());
        let text = out(&output);
        text.lines().nth(1).map(|line| line.trim().split(' ').next().unwrap_or_default().to_owned())
    };
    assert_eq!(first(&[]).as_deref(), Some("id"));
    assert_eq!(first(&["--sqlalchemy", "1.4"]).as_deref(), Some("label"));
    std::fs::write(folder.path().join("requirements.txt"), "SQLAlchemy==1.4.54\n").expect("a file");
    assert_eq!(first(&[]).as_deref(), Some("label"));
    assert_eq!(first(&["--sqlalchemy", "2.0"]).as_deref(), Some("id"));
}

#[test]
fn a_baseline_hides_what_was_accepted() {
    let folder = project(CHAIN);
    add(folder.path(), MODELS);
    let drift = ["drift", "--versions", "versions", "--models", "models.py"];
    let output = run(folder.path(), &drift);
    assert_eq!(code(&output), Some(1));
    let text = out(&output);
    assert!(text.contains("error: column users.title: the chain does not make it\n"), "{text}");
    assert!(text.contains("warning: column users.name: only the chain makes it\n"), "{text}");
    assert!(text.contains("note: index part: only the chain makes it\n"), "{text}");

    let write = run(folder.path(), &[&drift[..], &["--write-baseline", "known.json"]].concat());
    assert_eq!((code(&write), out(&write)), (Some(0), String::new()));
    let baseline = [&drift[..], &["--baseline", "known.json"]].concat();
    assert_eq!(code(&run(folder.path(), &baseline)), Some(0));
    let again = run(folder.path(), &[&drift[..], &["--write-baseline", "known.json"]].concat());
    assert_eq!(code(&again), Some(2), "a file is not written over");

    let more = format!("{MODELS}    age = sa.Column(sa.Integer)\n").replace("String(50)", "String(60)");
    add(folder.path(), &more);
    let output = run(folder.path(), &baseline);
    assert_eq!(
        out(&output),
        "error: column users.age: the chain does not make it\n    chain: versions/a1_users.py:9 (a1)\n    models: models.py:9\n"
    );
    assert_eq!(code(&output), Some(1));
    let json = out(&run(folder.path(), &[&baseline[..], &["--format", "json"]].concat()));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let new: Vec<&serde_json::Value> =
        json["differences"].as_array().expect("a list").iter().filter(|d| d["accepted"] == false).collect();
    assert_eq!(new.len(), 1, "{json}");
    assert_eq!((&new[0]["object"], &new[0]["severity"]), (&"column users.age".into(), &"error".into()));

    std::fs::write(folder.path().join("known.json"), "{}").expect("a file");
    assert_eq!(code(&run(folder.path(), &baseline)), Some(2));
}

const OBJECTS: &str = r#"--- versions/e5_objects.py
"""what tables stand on"""
revision = 'e5'
down_revision = 'd4'
branch_labels = ('objects',)

def upgrade():
    op.execute('CREATE EXTENSION IF NOT EXISTS pg_trgm')
    op.execute('CREATE SCHEMA "Other"')
    op.execute('CREATE SEQUENCE counter')
    op.execute("CREATE TYPE \"Other\".size AS ENUM ('s', 'it''s l')")
    op.execute("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$")
    op.execute("CREATE TRIGGER t BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f()")
    op.execute("CREATE VIEW names AS SELECT name FROM users")
"#;

#[test]
fn squash_takes_every_kind_of_object_along() {
    let folder = project(CHAIN);
    add(folder.path(), OBJECTS);
    let schema = || out(&run(folder.path(), &["schema", "--versions", "versions", "."]));
    let before = schema();
    let output = squash(folder.path(), &["base..head", "--apply"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    assert_eq!(names(&folder.path().join("versions")), ["e5_squashed.py"]);
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&schema()), sorted(&before));
    let text = std::fs::read_to_string(folder.path().join("versions/e5_squashed.py")).expect("the file");
    assert!(text.contains("branch_labels: Union[str, Sequence[str], None] = (\"objects\",)\n"), "{text}");
}

#[test]
fn catch_up_keeps_what_models_cannot_say() {
    let folder = project(CHAIN);
    add(folder.path(), OBJECTS);
    add(folder.path(), &MODELS.replace(", 'new'", "").replace("title", "name"));
    for more in [&[][..], &["--allow-destructive"]] {
        let output = run(folder.path(), &[&CATCH_UP[..], more].concat());
        assert_eq!((code(&output), out(&output)), (Some(0), String::new()), "{}", told(&output));
    }
    assert_eq!(code(&run(folder.path(), &[&CATCH_UP[..], &["--dump", "x.sql"]].concat())), Some(2));
}

#[test]
fn names_of_the_input_stay_in_their_strings() {
    let folder = project(
        r#"--- versions/a1.py
'''a """ + boom() + """ message'''
revision = 'a\'"\n1'
down_revision = None

def upgrade():
    op.create_table('t"x', sa.Column('i\'d"', sa.Integer(), server_default="x'; boom()"))
    op.execute("INSERT INTO \"t\"\"x\" VALUES (1) \r def boom(): pass\n")
--- versions/b2.py
revision = "b';rm -rf /"
down_revision = 'a\'"\n1'

def upgrade():
    op.execute("""DELETE FROM "t""x"
def boom(): pass
""")
"#,
    );
    let schema = || out(&run(folder.path(), &["schema", "--versions", "versions", "."]));
    let before = schema();
    let output = squash(folder.path(), &["base..head", "--apply"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    assert_eq!(schema(), before);
    let written = names(&folder.path().join("versions"));
    assert_eq!(written, ["b__rm_-rf___squashed.py"]);
    let text = std::fs::read_to_string(folder.path().join("versions").join(&written[0])).expect("the file");
    let code: Vec<&str> = text.lines().filter(|l| !l.starts_with('#') && l.contains("boom")).collect();
    assert_eq!(code.len(), 1, "only the default: {text}");
    assert!(text.contains("# alembic stamp --purge 'b'\\'';rm -rf /'\n"), "{text}");
}

#[test]
fn catch_up_on_sqlite_tells_constraints_without_a_name_apart() {
    let folder = project(
        "--- versions/a1.py\nrevision = 'a1'\ndown_revision = None\n
def upgrade():
    op.create_table('users', sa.Column('id', sa.Integer(), primary_key=True), sa.Column('name', sa.Text()))
",
    );
    add(
        folder.path(),
        "--- models.py\nimport sqlalchemy as sa\nfrom sqlalchemy.orm import declarative_base\nBase = declarative_base()
class User(Base):
    __tablename__ = 'users'
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.Text, unique=True)
",
    );
    let output = run(folder.path(), &[&CATCH_UP[..], &["--dialect", "sqlite"]].concat());
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let wanted =
        "    with op.batch_alter_table(\"users\") as batch_op:\n        batch_op.create_unique_constraint(";
    assert!(out(&output).contains(wanted), "{}", out(&output));
}

#[test]
fn the_parent_of_a_lost_revision_is_told_and_may_be_none() {
    let folder = project(
        r#"--- versions/a1.py
revision = 'a1'
down_revision = None

def upgrade():
    op.create_table('a', sa.Column('x', sa.Integer()))
--- versions/b1.py
revision = 'b1'
down_revision = None

def upgrade():
    op.create_table('b', sa.Column('x', sa.Integer()))
--- versions/c2.py
revision = 'c2'
down_revision = 'zz'

def upgrade():
    op.add_column('c', sa.Column('y', sa.Integer()))
--- head.sql
CREATE TABLE a (x integer);
CREATE TABLE b (x integer);
CREATE TABLE c (x integer, y integer);
"#,
    );
    let rebuild = |more: &[&str]| {
        let arguments = [&["reconstruct", "--versions", "versions", "--dump", "head.sql"], more].concat();
        run(folder.path(), &arguments)
    };
    let asked = rebuild(&[]);
    assert_eq!(code(&asked), Some(1));
    assert!(
        told(&asked).contains("it may be any of a1, b1, all of them, or none (`base`)"),
        "{}",
        told(&asked)
    );
    for (parents, written) in [
        (&["--parent", "a1"][..], "= \"a1\""),
        (&["--parent", "a1", "--parent", "b1"], "= (\"a1\", \"b1\")"),
        (&["--parent", "base"], "= None"),
    ] {
        let output = rebuild(parents);
        assert_eq!(code(&output), Some(0), "{}", told(&output));
        let text = out(&output);
        let line = text.lines().find(|line| line.starts_with("down_revision")).expect("the line");
        assert!(line.ends_with(written), "{line}");
        assert!(text.contains("op.create_table(") && text.contains("\"c\""), "{text}");
    }
    assert_eq!(code(&rebuild(&["--parent", "nowhere"])), Some(2));
}
