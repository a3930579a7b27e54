//! `cucurbit drift` on a whole project: models through `env.py`, and what `env.py` leaves out.

mod support;

use std::path::Path;
use support::{code, out, run};

const REVISION: &str = "\
from alembic import op
import sqlalchemy as sa

revision = 'a1'
down_revision = None


def upgrade():
    op.create_table(
        'users',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('cached', sa.Text()),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_table('celery_tasks', sa.Column('id', sa.Integer(), nullable=False), sa.PrimaryKeyConstraint('id'))
    op.create_index('ix_users_cached', 'users', ['cached'])
";

const MODELS: &str = "\
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = 'users'
    id = sa.Column(sa.Integer, primary_key=True)
    email = sa.Column(sa.String(80))
    score = sa.Column(sa.Integer, info={'skip_autogenerate': True})


class Report(Base):
    __tablename__ = 'report'
    __table_args__ = {'info': {'is_view': True}}
    id = sa.Column(sa.Integer, primary_key=True)
";

/// What `alembic init -t async` writes, with the given keyword arguments of `configure()`.
fn project(functions: &str, keywords: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write("alembic.ini", "[alembic]\nscript_location = alembic\nprepend_sys_path = .\n");
    write("alembic/versions/a1.py", REVISION);
    write("models.py", MODELS);
    let env = format!(
        "\
import asyncio
from alembic import context
from models import Base

target_metadata = Base.metadata

{functions}
def do_run_migrations(connection):
    context.configure(connection=connection, target_metadata=target_metadata{keywords})
    with context.begin_transaction():
        context.run_migrations()


async def run_async_migrations():
    async with make_engine().connect() as connection:
        await connection.run_sync(do_run_migrations)


if context.is_offline_mode():
    context.configure(url='sqlite://', target_metadata=target_metadata)
else:
    asyncio.run(run_async_migrations())
"
    );
    write("alembic/env.py", &env);
    folder
}

fn told(folder: &Path, arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = run(folder, arguments);
    (out(&output), String::from_utf8_lossy(&output.stderr).into_owned(), code(&output))
}

#[test]
fn models_are_found_through_env_py_and_both_places_are_named() {
    let folder = project("", "");
    let (text, _, code) = told(folder.path(), &["drift"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        text,
        "\
warning: table celery_tasks: only the chain makes it
    chain: alembic/versions/a1.py:15 (a1)
error: table report: the chain does not make it
    models: models.py:16
warning: column users.cached: only the chain makes it
    chain: alembic/versions/a1.py:9 (a1)
    models: models.py:9
error: column users.email: the chain does not make it
    chain: alembic/versions/a1.py:9 (a1)
    models: models.py:12
error: column users.score: the chain does not make it
    chain: alembic/versions/a1.py:9 (a1)
    models: models.py:13
warning: index ix_users_cached: only the chain makes it
    chain: alembic/versions/a1.py:16 (a1)
    models: models.py:9
"
    );
    let (json, _, _) = told(folder.path(), &["drift", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let email = json["differences"]
        .as_array()
        .and_then(|all| all.iter().find(|d| d["object"] == "column users.email"));
    let email = email.expect("the column");
    assert_eq!(
        email["chain_place"],
        serde_json::json!({"path": "alembic/versions/a1.py", "line": 9, "revision": "a1"})
    );
    assert_eq!(email["other_place"], serde_json::json!({"path": "models.py", "line": 12}));
}

#[test]
fn what_include_object_leaves_out_is_not_compared() {
    let function = "\
def include_object(object, name, type_, reflected, compare_to):
    if type_ == 'table' and (object.info.get('is_view') or name.startswith('celery_')):
        return False
    if type_ == 'column' and not reflected and object.info.get('skip_autogenerate', False):
        return False
    return not (type_ == 'index' and reflected and compare_to is None)

";
    let folder = project(function, ", include_object=include_object");
    let (text, notes, _) = told(folder.path(), &["drift"]);
    assert_eq!(
        text,
        "\
warning: column users.cached: only the chain makes it
    chain: alembic/versions/a1.py:9 (a1)
    models: models.py:9
error: column users.email: the chain does not make it
    chain: alembic/versions/a1.py:9 (a1)
    models: models.py:12
"
    );
    assert!(
        notes.contains(
            "alembic/env.py:7: table celery_tasks, table report, column users.score, index ix_users_cached: \
             not compared, `env.py` leaves it out of autogenerate"
        ),
        "{notes}"
    );
    // Nor is it written, or dropped.
    let (text, notes, code) = told(folder.path(), &["reconstruct", "--catch-up", "--allow-destructive"]);
    assert_eq!(code, Some(0), "{notes}");
    assert!(text.contains("op.add_column(\"users\", sa.Column(\"email\", sa.String(length=80)"), "{text}");
    for kept in ["celery_tasks", "report", "score"] {
        assert!(!text.contains(kept), "{kept}: {text}");
    }
}

#[test]
fn what_include_name_leaves_out_is_not_compared() {
    let function = "\
def only_ours(name, type_, parent_names):
    if type_ == 'table':
        return parent_names['schema_qualified_table_name'] in target_metadata.tables
    return True

";
    let folder = project(function, ", include_name=only_ours");
    let (text, _, _) = told(folder.path(), &["drift"]);
    assert!(!text.contains("celery_tasks"), "{text}");
    assert!(text.contains("column users.email") && text.contains("table report"), "{text}");
}

#[test]
fn what_a_filter_says_and_cannot_be_told_is_compared() {
    let function = "\
def include_object(object, name, type_, reflected, compare_to):
    return name not in load_exclusions()

";
    let folder = project(function, ", include_object=include_object");
    let (text, notes, _) = told(folder.path(), &["drift"]);
    assert!(text.contains("table celery_tasks") && text.contains("table report"), "{text}");
    assert!(
        notes.contains(
            "alembic/env.py:7: what `include_object` says of table celery_tasks and 7 more objects"
        ),
        "{notes}"
    );
}
