//! The habits service: what was rebuilt runs on a real server, where one is installed.
#![cfg(unix)]

#[path = "../../cucurbit-schema/tests/support/postgresql.rs"]
mod postgresql;

use cucurbit::schema::{Database, Dialect, ObjectKind, ObjectName, ddl, diff, sql};
use cucurbit::{
    Case, Options, ReconstructOptions, Reconstruction, SchemaOptions, cases, forget_version_table,
};
use postgresql::Server;
use std::path::{Path, PathBuf};
use std::process::Command;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/habits_service")
}

fn case(folder: &Path) -> Case {
    cases(folder, &Options::default()).expect("a folder").pop().expect("an environment")
}

fn rebuilt(fold_drift: bool) -> Reconstruction {
    rebuilt_from(None, fold_drift)
}

fn rebuilt_from(head: Option<Database>, fold_drift: bool) -> Reconstruction {
    let case = case(&fixture());
    let schema = SchemaOptions::new(Dialect::PostgreSql);
    let models = case.models(&schema, &[]);
    let options = ReconstructOptions {
        parents: Vec::new(),
        schema,
        head,
        models: Some(models),
        revision: None,
        answers: Vec::new(),
        fold_drift,
        others: Vec::new(),
    };
    case.reconstruct(&options).expect("a revision is lost")
}

/// The surviving migrations with the rebuilt one, without the models.
fn project(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let versions = folder.path().join("alembic/versions");
    std::fs::create_dir_all(&versions).expect("a folder");
    for entry in std::fs::read_dir(fixture().join("alembic/versions")).expect("a folder").flatten() {
        if entry.path().is_file() {
            std::fs::copy(entry.path(), versions.join(entry.file_name())).expect("a file");
        }
    }
    std::fs::write(versions.join("rebuilt.py"), text).expect("a file");
    std::fs::write(folder.path().join("alembic.ini"), "[alembic]\nscript_location = alembic\n")
        .expect("a file");
    std::fs::write(folder.path().join("alembic/env.py"), ENVIRONMENT).expect("a file");
    folder
}

const ENVIRONMENT: &str = r#"import os
from alembic import context
from sqlalchemy import create_engine, text

with create_engine(os.environ["DATABASE"]).connect() as connection:
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS habits"))
    connection.commit()
    context.configure(connection=connection, version_table_schema="habits")
    with context.begin_transaction():
        context.run_migrations()
"#;

#[test]
fn the_base_is_what_the_survivors_need() {
    let found = rebuilt(false);
    assert!(found.is_proved(), "{:?}", found.questions());
    assert_eq!((found.revision.as_str(), found.down_revision.len()), ("189b1231afd4", 0));
    let base = &found.after;
    assert_eq!(base.tables.len(), 14);
    assert!(base.tables.keys().all(|name| name.schema.as_deref() == Some("habits")));
    let table = |name: &str| {
        base.table(&ObjectName { schema: Some("habits".to_owned()), name: name.to_owned() }).expect("a table")
    };
    assert!(table("program_templates").column("is_deleted").is_none());
    assert!(table("program_templates").index("uq_program_templates_title_active").is_none());
    assert!(
        base.objects.keys().all(|(kind, ..)| !matches!(kind, ObjectKind::Function | ObjectKind::Trigger))
    );
    for (name, key) in [
        ("program_step_templates", "program_step_templates_program_template_id_fkey"),
        ("step_lesson_templates", "step_lesson_templates_program_step_template_id_fkey"),
        ("step_lesson_templates", "step_lesson_templates_lesson_template_id_fkey"),
    ] {
        assert!(table(name).constraint(key).is_some(), "{key}");
    }
    // What the survivors make and models cannot say is told, and nothing else.
    let drift: Vec<String> = found.drift.iter().map(|d| d.object.to_string()).collect();
    assert_eq!(
        drift,
        [
            "index habits.uq_program_templates_title_active",
            "function habits.restore_program_template",
            "function habits.soft_delete_program_template",
            "trigger habits.trg_program_templates_soft_delete"
        ]
    );
}

#[test]
fn without_a_database_there_is_no_drift_to_fold() {
    assert_eq!(rebuilt(true).rendered.text, rebuilt(false).rendered.text);
}

/// Indexes that the models declare and no migration ever made, as in a database that is in use.
#[test]
fn indexes_that_drifted_are_told_or_folded() {
    let folder = project(&rebuilt(false).rendered.text);
    let chain = case(folder.path()).schema_at(&SchemaOptions::new(Dialect::PostgreSql)).expect("a schema");
    let mut head = chain.state.as_ref().clone();
    head.forget_origins();
    let on = ObjectName { schema: Some("habits".to_owned()), name: "program_templates".to_owned() };
    let lost = "ix_habits_program_templates_owner_id";
    let mut table = head.table(&on).expect("a table").clone();
    table.indexes.retain(|index| index.name.as_deref() != Some(lost));
    head.put_table(table.into());
    let has_index = |found: &Reconstruction| found.after.table(&on).expect("a table").index(lost).is_some();

    let told = rebuilt_from(Some(head.clone()), false);
    assert!(told.is_proved() && !has_index(&told), "{:?}", told.questions());
    assert!(told.drift.iter().any(|d| d.object.to_string().ends_with(lost)));
    let folded = rebuilt_from(Some(head), true);
    assert!(folded.is_proved() && has_index(&folded), "{:?}", folded.questions());
    assert!(!folded.drift.iter().any(|d| d.object.to_string().ends_with(lost)));
    assert!(folded.after.table(&on).expect("a table").column("is_deleted").is_none());
}

#[test]
fn it_runs_on_postgresql() {
    let server = match Server::start() {
        Ok(server) => server,
        Err(why) => return println!("skipped, PostgreSQL cannot be started: {why}"),
    };
    let folder = project(&rebuilt(false).rendered.text);
    let chain = case(folder.path()).schema_at(&SchemaOptions::new(Dialect::PostgreSql)).expect("a schema");
    let mut head = chain.state.as_ref().clone();
    head.forget_origins();
    let written = ddl(&head);
    assert_eq!(written.omissions, Vec::new());
    server.fill("replayed", &written.to_sql());
    let Some(dump) = server.dump("replayed") else { return println!("skipped, there is no pg_dump") };
    assert_eq!(diff(&head, &read(&dump)), Vec::new());

    let Some(python) = std::env::var_os("CUCURBIT_ALEMBIC_PYTHON") else {
        return println!("skipped, CUCURBIT_ALEMBIC_PYTHON does not name a Python that has Alembic");
    };
    server.fill("upgraded", "");
    let database = format!("postgresql+psycopg2://postgres@/upgraded?host={}", server.socket().display());
    let output = Command::new(python)
        .args(["-m", "alembic", "upgrade", "head"])
        .env("DATABASE", database)
        .current_dir(folder.path())
        .output()
        .expect("the Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let dump = server.dump("upgraded").expect("pg_dump is there");
    assert_eq!(diff(&head, &read(&dump)), Vec::new());
}

fn read(dump: &str) -> Database {
    let (mut database, problems) = sql::load(dump, Dialect::PostgreSql);
    assert_eq!(problems, Vec::<String>::new());
    forget_version_table(&mut database);
    database
}
