//! `schema`, `blame` and `diff`, and the flags of `diagnose` that are about the schema: one test for each flag and
//! exit code.

mod support;

use serde_json::Value;
use std::process::Output;
use support::{code, fixtures, out, run, told};

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A folder with a chain of two revisions: a table, then what is given.
fn folder(upgrade: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let head = |id: &str, down: &str| {
        format!(
            "from alembic import op\nimport sqlalchemy as sa\n\nrevision = '{id}'\ndown_revision = {down}\n\n"
        )
    };
    let table = "def upgrade():\n    op.create_table('users', sa.Column('id', sa.Integer(), primary_key=True), sa.Column('mail', sa.Text()))\n";
    std::fs::create_dir(folder.path().join("versions")).expect("a folder");
    let write = |name: &str, text: String| {
        std::fs::write(folder.path().join("versions").join(name), text).expect("a file");
    };
    write("a1_users.py", head("a1", "None") + table + "\ndef downgrade():\n    op.drop_table('users')\n");
    write("b2_more.py", head("b2", "'a1'") + &format!("def upgrade():\n    {upgrade}\n"));
    folder
}

#[test]
fn schema_is_sql_that_says_nothing_else() {
    let output = run(&fixtures(), &["schema", "services/billing"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    assert!(out(&output).contains("CREATE TABLE customers"), "{}", out(&output));
    assert_eq!(told(&output), "cucurbit: 6 of 6 operations known exactly\n");
}

#[test]
fn schema_format_json_says_where_things_come_from() {
    let output = run(&fixtures(), &["schema", "services/billing", "--format", "json"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let schema = json(&output);
    assert_eq!(schema["schema_version"], 1);
    assert_eq!(schema["dialect"], "postgresql");
    assert_eq!(schema["operations"], serde_json::json!({"known": 6, "all": 6}));
    let invoices = &schema["tables"][1];
    assert_eq!(invoices["name"], "invoices");
    let columns = invoices["columns"].as_array().expect("columns");
    let due = columns.iter().find(|c| c["name"] == "due_on").expect("the column");
    assert_eq!(due["revision"], "2f8511fa3bc0");
    assert_eq!(due["type"], "date");
}

#[test]
fn schema_takes_a_revision() {
    let output = run(&fixtures(), &["schema", "services/billing", "2ccea5d20f13", "--format", "json"]);
    assert!(!out(&output).contains("due_on"));
    assert!(out(&output).contains("\"invoices\""));
    let output = run(&fixtures(), &["schema", "services/billing", "nope"]);
    assert_eq!(code(&output), Some(2));
    assert!(output.stdout.is_empty());
}

#[test]
fn schema_of_a_hollow_base_is_one_and_explains() {
    let output = run(&fixtures(), &["schema", "habits_service", "--explain"]);
    assert_eq!(code(&output), Some(1));
    let complaints = told(&output);
    assert!(complaints.contains("revision `189b1231afd4` is not defined by any file"), "{complaints}");
    assert!(
        complaints
            .contains("habits_service/alembic/versions/3b7a1d2e4f56_soft_delete_program_templates.py:22")
    );
}

#[test]
fn blame_follows_renames_backwards() {
    let folder = folder(
        "op.alter_column('users', 'mail', new_column_name='email')\n    op.rename_table('users', 'people')",
    );
    let output = run(folder.path(), &["blame", ".", "people.email"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    let lines = out(&output);
    let lines: Vec<&str> = lines.lines().map(str::trim).collect();
    assert_eq!(
        lines,
        [
            "a1  creates  creates table `users` with 2 columns",
            "versions/a1_users.py:8: create_table",
            "b2  renames  renames column `mail` to `email`",
            "versions/b2_more.py:8: alter_column",
            "b2  renames  renames table `users` to `people`",
            "versions/b2_more.py:9: rename_table",
        ]
    );
}

#[test]
fn blame_tells_of_constraints_and_indexes_and_of_drops() {
    let folder = folder(
        "op.create_index('ix_mail', 'users', ['mail'])\n    op.create_check_constraint('ck_mail', 'users', 'mail is not null')\n    op.drop_index('ix_mail', 'users')",
    );
    let deeds = |object: &str| -> Vec<String> {
        let output = run(folder.path(), &["blame", ".", object, "--format", "json"]);
        let story = json(&output);
        assert_eq!(story["schema_version"], 1);
        let entries = story["entries"].as_array().expect("entries").clone();
        entries.iter().map(|entry| entry["deed"].as_str().expect("a word").to_owned()).collect()
    };
    assert_eq!(deeds("users.ix_mail"), ["creates", "drops"]);
    assert_eq!(deeds("users.ck_mail"), ["creates"]);
    assert_eq!(deeds("users"), ["creates", "changes", "changes", "changes"]);
}

#[test]
fn blame_of_what_no_migration_names_is_two() {
    let output = run(&fixtures(), &["blame", "habits_service", "program_templates"]);
    assert_eq!(code(&output), Some(2));
    assert!(output.stdout.is_empty());
    assert_eq!(
        told(&output),
        "cucurbit: no migration names `program_templates`; there is `habits.program_templates`\n"
    );
}

#[test]
fn diff_is_one_where_something_changed_and_zero_where_nothing_did() {
    let output = run(&fixtures(), &["diff", "services/billing", "2ccea5d20f13", "heads"]);
    assert_eq!(code(&output), Some(1));
    assert_eq!(out(&output), "+ column invoices.due_on\n+ table payments\n");
    let output = run(&fixtures(), &["diff", "services/billing", "heads", "heads"]);
    assert_eq!(code(&output), Some(0));
    assert!(output.stdout.is_empty());
    let output = run(&fixtures(), &["diff", "services/billing", "heads", "nope"]);
    assert_eq!(code(&output), Some(2));
}

#[test]
fn diff_format_json_has_both_values() {
    let folder = folder("op.alter_column('users', 'mail', nullable=False)");
    let output = run(folder.path(), &["diff", ".", "a1", "b2", "--format", "json"]);
    let found = json(&output);
    assert_eq!(found["schema_version"], 1);
    let change = serde_json::json!(
        {"object": "column users.mail", "change": "changed", "attribute": "nullable", "from": "true", "to": "false"}
    );
    assert_eq!(found["differences"], serde_json::json!([change]));
}

#[test]
fn diff_says_of_which_tables_it_cannot_tell() {
    let folder = folder("op.add_column('users', make_column())");
    let output = run(folder.path(), &["diff", ".", "a1", "b2"]);
    assert_eq!(code(&output), Some(1));
    assert!(output.stdout.is_empty());
    let expected = "cucurbit: table users: something that cannot be told may have changed it\n";
    assert_eq!(told(&output), expected);
}

#[test]
fn names_cannot_drive_a_terminal() {
    let folder = folder("op.add_column('users', sa.Column('x\\x1b[31m', sa.Text()))");
    for arguments in [["blame", ".", "users", "--format=text"], ["diff", ".", "a1", "b2"]] {
        let output = run(folder.path(), &arguments);
        assert!(out(&output).contains("\\u{1b}[31m"), "{}", out(&output));
        assert!(!out(&output).contains('\u{1b}'));
    }
}

#[test]
fn the_dialect_decides_what_diagnose_claims() {
    let folder = folder(
        "op.create_foreign_key('fk', 'users', 'teams', ['id'], ['id'])\n    op.create_table('teams', sa.Column('id', sa.Integer(), primary_key=True))",
    );
    let found = |dialect: &str| {
        let output = run(folder.path(), &["diagnose", "--dialect", dialect, "."]);
        out(&output).contains("late-foreign-key")
    };
    assert!(found("postgresql"));
    assert!(found("mysql"));
    assert!(!found("sqlite"));
}

#[test]
fn import_root_is_where_diagnose_looks_for_modules() {
    let folder = folder("from things import add\n    add()");
    let library = tempfile::tempdir().expect("a temporary folder");
    let text = "from alembic import op\n\ndef add():\n    op.drop_table('orders')\n";
    std::fs::write(library.path().join("things.py"), text).expect("a file");
    let root = library.path().to_str().expect("a path");
    assert!(!out(&run(folder.path(), &["diagnose", "."])).contains("hollow-base"));
    let found = out(&run(folder.path(), &["diagnose", "--import-root", root, "."]));
    assert!(found.contains("hollow-base"), "{found}");
}

/// A chain as Alembic's template `multidb` makes it.
fn several_databases() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(folder.path().join("versions")).expect("a folder");
    let text = "from alembic import op\nimport sqlalchemy as sa\n\nrevision = 'a1'\ndown_revision = None\n\n\
        def upgrade(engine_name: str) -> None:\n    globals()[\"upgrade_%s\" % engine_name]()\n\n\
        def downgrade(engine_name: str) -> None:\n    globals()[\"downgrade_%s\" % engine_name]()\n\n\
        def upgrade_users() -> None:\n    op.create_table('users', sa.Column('id', sa.Integer()))\n\n\
        def downgrade_users() -> None:\n    op.drop_table('users')\n\n\
        def upgrade_rooms() -> None:\n    op.add_column('rooms', sa.Column('size', sa.Integer()))\n\n\
        def downgrade_rooms() -> None:\n    op.drop_column('rooms', 'size')\n";
    std::fs::write(folder.path().join("versions/a1_both.py"), text).expect("a file");
    folder
}

#[test]
fn engine_names_one_of_several_databases() {
    let folder = several_databases();
    let schema = |more: &[&str]| run(folder.path(), &[&["schema", "--versions", "versions"], more].concat());
    let output = schema(&["--engine", "users"]);
    assert_eq!(code(&output), Some(0), "{}", told(&output));
    assert!(out(&output).contains("CREATE TABLE users"), "{}", out(&output));
    let output = schema(&[]);
    assert_eq!(code(&output), Some(2));
    assert!(told(&output).contains("give one with --engine: rooms, users"), "{}", told(&output));
    let output = schema(&["--engine", "other"]);
    assert_eq!(code(&output), Some(2));
    assert!(told(&output).contains("there is no database `other`"), "{}", told(&output));
    let output = run(&fixtures(), &["schema", "services/billing", "--engine", "users"]);
    assert_eq!(code(&output), Some(2));
}

#[test]
fn diagnose_follows_the_migrations_of_every_database() {
    let folder = several_databases();
    let output = run(folder.path(), &["diagnose", "versions", "--output-format", "json"]);
    assert_eq!(code(&output), Some(1), "{}", told(&output));
    assert!(out(&output).contains("hollow-base"), "{}", out(&output));
    let output = run(folder.path(), &["reconstruct", "--versions", "versions", "--engine", "rooms"]);
    assert_eq!(code(&output), Some(2), "{}", told(&output));
}
