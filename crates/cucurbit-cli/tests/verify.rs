//! `verify`: one test for each flag and exit code.

mod support;

use serde_json::Value;
use std::path::Path;
use std::process::Output;
use support::{code, fixtures, out, told};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    support::run(folder, &[&["verify"], arguments].concat())
}

/// A chain of two revisions: a table, then what is given.
fn chain(upgrade: &str, downgrade: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, id: &str, down: &str, up: &str, back: &str| {
        let text = format!(
            "from alembic import op\nimport sqlalchemy as sa\n\nrevision = '{id}'\ndown_revision = {down}\n\n\ndef upgrade():\n    {up}\n\n\ndef downgrade():\n    {back}\n"
        );
        std::fs::write(folder.path().join("versions").join(name), text).expect("a file");
    };
    std::fs::create_dir(folder.path().join("versions")).expect("a folder");
    let table = "op.create_table('users', sa.Column('id', sa.Integer(), primary_key=True), sa.Column('mail', sa.String(50)))";
    write("a1_users.py", "a1", "None", table, "op.drop_table('users')");
    write("b2_more.py", "b2", "'a1'", upgrade, downgrade);
    folder
}

fn good() -> tempfile::TempDir {
    chain(
        "op.add_column('users', sa.Column('age', sa.Integer()))\n    op.create_index('ix_users_age', 'users', ['age'])",
        "op.drop_index('ix_users_age', 'users')\n    op.drop_column('users', 'age')",
    )
}

#[test]
fn a_chain_that_fits_is_proved_by_following_it() {
    let output = run(good().path(), &["."]);
    assert_eq!(code(&output), Some(0), "{}{}", out(&output), told(&output));
    assert_eq!(
        out(&output),
        "replay as on PostgreSQL: proved: 2 revisions, 3 of 3 operations known exactly, 2 upgrades undone\nproved\n"
    );
}

#[test]
fn a_downgrade_that_does_not_fit_fails() {
    let folder =
        chain("op.add_column('users', sa.Column('age', sa.Integer()))", "op.drop_column('users', 'aeg')");
    let output = run(folder.path(), &["."]);
    assert_eq!(code(&output), Some(1));
    let text = out(&output);
    assert!(text.contains("fails: versions/b2_more.py:13: b2: downgrade: drop_column:"), "{text}");
    let output = run(folder.path(), &[".", "--upgrade-only"]);
    assert_eq!(code(&output), Some(0), "{}", out(&output));
}

#[test]
fn a_downgrade_that_leaves_something_over_does_not_lead_back() {
    let output = run(
        chain(
            "op.add_column('users', sa.Column('age', sa.Integer()))\n    op.create_index('ix', 'users', ['mail'])",
            "op.drop_column('users', 'age')",
        )
        .path(),
        &["."],
    );
    assert_eq!(code(&output), Some(1));
    assert!(out(&output).contains("it does not lead back: index ix"), "{}", out(&output));
}

#[test]
fn what_cannot_be_told_is_no_proof() {
    let folder = chain("op.execute(open('more.sql').read())", "pass");
    let output = run(folder.path(), &["."]);
    assert_eq!(code(&output), Some(1));
    let text = out(&output);
    assert!(text.contains("cannot tell: versions/b2_more.py:9: b2: upgrade: execute:"), "{text}");
    assert!(text.ends_with("not proved: something cannot be told\n"), "{text}");
}

#[test]
fn a_default_that_cannot_be_told_is_no_proof() {
    let folder = chain(
        "op.add_column('users', sa.Column('age', sa.Integer(), server_default=open('age').read()))",
        "op.drop_column('users', 'age')",
    );
    let output = run(folder.path(), &["."]);
    assert_eq!(code(&output), Some(1), "{}", out(&output));
    assert!(out(&output).contains("cannot tell: "), "{}", out(&output));
}

#[test]
fn a_revision_ends_it_and_an_unknown_one_is_no_work() {
    let output = run(good().path(), &[".", "a1", "--output-format", "json"]);
    assert_eq!(code(&output), Some(0));
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(value["schema_version"], 1);
    assert_eq!(value["verdict"], "proved");
    assert_eq!(value["proofs"][0]["revisions"], 1);
    assert_eq!(code(&run(good().path(), &[".", "zz"])), Some(2));
}

#[test]
fn the_end_is_held_against_models_and_dumps() {
    let folder = good();
    let models = "from sqlalchemy import Column, Integer, String\nfrom sqlalchemy.orm import declarative_base\n\nBase = declarative_base()\n\n\nclass User(Base):\n    __tablename__ = 'users'\n    id = Column(Integer, primary_key=True)\n    mail = Column(String(50))\n    age = Column(Integer, index=True)\n";
    std::fs::write(folder.path().join("models.py"), models).expect("a file");
    let output = run(folder.path(), &[".", "--models", "models.py"]);
    assert_eq!(code(&output), Some(0), "{}", out(&output));
    std::fs::write(folder.path().join("models.py"), models.replace("String(50)", "String(60)"))
        .expect("a file");
    let output = run(folder.path(), &[".", "--models", "models.py"]);
    assert_eq!(code(&output), Some(1));
    assert!(
        out(&output).contains("column users.mail: type: character varying(50) in the chain"),
        "{}",
        out(&output)
    );
    let dump = "CREATE TABLE users (id serial PRIMARY KEY, mail varchar(50), age integer);\n";
    std::fs::write(folder.path().join("dump.sql"), dump).expect("a file");
    let output = run(folder.path(), &[".", "--dump", "dump.sql"]);
    assert_eq!(code(&output), Some(1));
    assert!(out(&output).contains("index ix_users_age: only the chain makes it"), "{}", out(&output));
}

#[test]
fn what_makes_no_sense_is_no_work() {
    for (arguments, complaint) in [
        (vec![".", "--database", "oracle"], "say sqlite"),
        (vec![".", "--database", "sqlite:///data.db"], "never written to"),
        (vec![".", "--database", "mysql"], "needs an address"),
        (vec![".", "--alembic"], "--database"),
        (vec![".", "--models", "nowhere"], "no such file"),
    ] {
        let output = run(good().path(), &arguments);
        assert_eq!(code(&output), Some(2), "{arguments:?}");
        assert!(told(&output).contains(complaint), "{}", told(&output));
    }
}

#[test]
fn the_hollow_base_of_the_habits_service_is_no_proof() {
    let output = run(&fixtures(), &["habits_service"]);
    assert_eq!(code(&output), Some(1));
    let text = out(&output);
    assert!(text.contains("fails: 189b1231afd4: no file defines it"), "{text}");
    assert!(text.ends_with("not proved: something fails or differs\n"), "{text}");
}

#[cfg(not(feature = "mysql"))]
#[test]
fn a_system_that_is_not_built_in_is_named() {
    let output = run(good().path(), &[".", "--database", "mysql://root@localhost/"]);
    assert_eq!(code(&output), Some(2));
    assert!(told(&output).contains("build with `--features mysql`"), "{}", told(&output));
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use super::{chain, code, good, out, run};

    #[test]
    fn a_chain_that_fits_is_proved_on_the_database() {
        let output = run(good().path(), &[".", "--database", "sqlite"]);
        assert_eq!(code(&output), Some(0), "{}", out(&output));
        let text = out(&output);
        assert!(text.contains("replay as on SQLite: proved"), "{text}");
        // Three in one run, and three times three less the table's two on the way.
        assert!(
            text.contains(": proved: 2 revisions, 12 statements run, 2 upgrades undone and done again"),
            "{text}"
        );
    }

    #[test]
    fn the_database_says_what_the_replay_does_not() {
        // SQLite drops no column that an index stands on.
        let folder = chain(
            "op.drop_column('users', 'mail')",
            "op.add_column('users', sa.Column('mail', sa.String(50)))",
        );
        let first = folder.path().join("versions/a1_users.py");
        let text = std::fs::read_to_string(&first).expect("a file");
        let text = text.replace("sa.String(50))", "sa.String(50), unique=True)");
        std::fs::write(&first, text).expect("a file");
        let output = run(folder.path(), &[".", "--database", "sqlite"]);
        assert_eq!(code(&output), Some(1), "{}", out(&output));
        let text = out(&output);
        assert!(text.contains("fails: versions/b2_more.py:9: b2: upgrade: "), "{text}");
        assert!(text.contains("ALTER TABLE users DROP COLUMN mail"), "{text}");
    }

    #[test]
    fn a_batch_makes_the_table_anew() {
        let folder = chain(
            "with op.batch_alter_table('users') as batch:\n        batch.alter_column('mail', type_=sa.Text(), nullable=False)\n        batch.create_unique_constraint('uq_mail', ['mail'])\n        batch.create_index('ix_mail', ['mail'])",
            "with op.batch_alter_table('users') as batch:\n        batch.drop_index('ix_mail')\n        batch.drop_constraint('uq_mail', type_='unique')\n        batch.alter_column('mail', type_=sa.String(50), nullable=True)",
        );
        let output = run(folder.path(), &[".", "--database", "sqlite"]);
        assert_eq!(code(&output), Some(0), "{}", out(&output));
    }

    #[test]
    fn names_cannot_leave_their_place() {
        let folder = chain(
            "op.create_table('x\\\"; DROP TABLE users; --', sa.Column('a\\'\\\"b', sa.Integer()))",
            "op.drop_table('x\\\"; DROP TABLE users; --')",
        );
        let output = run(folder.path(), &[".", "--database", "sqlite"]);
        assert_eq!(code(&output), Some(0), "{}", out(&output));
    }
}

#[cfg(all(feature = "sqlite", unix))]
mod alembic {
    use super::{chain, code, good, out, run, told};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    /// A project with a configuration, and in the place of Python a script that says what it was given.
    fn project(script: &str) -> tempfile::TempDir {
        let folder = good();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
        write("alembic.ini", "[alembic]\nscript_location = .\nsqlalchemy.url = sqlite+pysqlite://\n");
        write("env.py", "raise SystemExit('this is never run')\n");
        write("python", &format!("#!/bin/sh\n{script}\n"));
        let runs = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path().join("python"), runs).expect("it may run");
        folder
    }

    fn said(folder: &Path) -> String {
        std::fs::read_to_string(folder.join("said")).expect("it ran")
    }

    #[test]
    fn alembic_is_given_the_address_of_the_scratch_database() {
        let folder = project("shift 2; echo \"$@ $ADDRESS $CUCURBIT_VERIFY_URL\" >> said");
        let output = run(
            folder.path(),
            &[
                ".",
                "--database",
                "sqlite",
                "--alembic",
                "--python",
                "./python",
                "--env",
                "ADDRESS=<{path}>",
                "-x",
                "to={url}",
                "--run-dir",
                ".",
            ],
        );
        // It made nothing, so what was followed is not there.
        assert_eq!(code(&output), Some(1), "{}", told(&output));
        assert!(out(&output).contains("fails: table users: only the replay has it"), "{}", out(&output));
        let said = said(folder.path());
        let (arguments, address) = said.trim().split_once(" <").expect("the address");
        let (path, url) = address.split_once("> ").expect("the address");
        assert_eq!(url, format!("sqlite+pysqlite:///{path}"));
        assert!(arguments.ends_with(&format!("alembic.ini -x to={url} upgrade heads")), "{arguments}");
        assert!(!Path::new(path).exists(), "the database is gone");
    }

    #[test]
    fn what_alembic_says_when_it_fails_is_told() {
        let folder = project("echo 'KeyError: boom' >&2; exit 1");
        let output = run(
            folder.path(),
            &[".", "--database", "sqlite", "--alembic", "--steps", "--python", "./python", "--driver", "x"],
        );
        assert_eq!(code(&output), Some(1), "{}", told(&output));
        assert!(out(&output).contains("`alembic upgrade heads` fails: KeyError: boom"), "{}", out(&output));
        assert!(out(&output).contains("`alembic upgrade a1` fails"), "{}", out(&output));
    }

    #[test]
    fn without_a_configuration_or_a_python_it_is_no_work() {
        let folder = chain("pass", "pass");
        let bare = ["--versions", "versions", "--database", "sqlite", "--alembic"];
        let output = run(folder.path(), &bare);
        assert_eq!(code(&output), Some(2));
        assert!(told(&output).contains("needs a configuration"), "{}", told(&output));
        let folder = project("exit 0");
        let output = run(folder.path(), &[".", "--database", "sqlite", "--alembic", "--python", "./nowhere"]);
        assert_eq!(code(&output), Some(2));
        assert!(told(&output).contains("nowhere failed"), "{}", told(&output));
    }

    /// The real thing, where `CUCURBIT_ALEMBIC_PYTHON` names a Python that has Alembic.
    #[test]
    fn a_real_alembic_makes_what_was_followed() {
        let Some(python) = std::env::var_os("CUCURBIT_ALEMBIC_PYTHON") else {
            return println!("skipped, CUCURBIT_ALEMBIC_PYTHON does not name a Python that has Alembic");
        };
        let folder = project("exit 1");
        let env = "from alembic import context\nfrom sqlalchemy import create_engine\n\nwith create_engine(context.config.get_main_option('sqlalchemy.url')).connect() as connection:\n    context.configure(connection=connection)\n    with context.begin_transaction():\n        context.run_migrations()\n";
        std::fs::write(folder.path().join("env.py"), env).expect("a file");
        let python = python.to_string_lossy().into_owned();
        let output =
            run(folder.path(), &[".", "--database", "sqlite", "--alembic", "--steps", "--python", &python]);
        assert_eq!(code(&output), Some(0), "{}{}", out(&output), told(&output));
        assert!(out(&output).contains("alembic on SQLite"), "{}", out(&output));
    }
}

#[cfg(all(feature = "postgresql", unix))]
mod postgresql {
    use super::{chain, code, fixtures, good, out, run, told};
    use std::path::Path;
    use std::process::{Command, Output};

    /// Runs it; `None` where PostgreSQL cannot be started and need not be.
    fn try_run(folder: &Path, arguments: &[&str]) -> Option<Output> {
        let output = run(folder, arguments);
        if code(&output) == Some(2) {
            let why = told(&output);
            let must = std::env::var_os("CUCURBIT_REQUIRE_POSTGRESQL").is_some();
            assert!(!must, "PostgreSQL must be there and cannot be started: {why}");
            println!("skipped, PostgreSQL cannot be started: {why}");
            return None;
        }
        Some(output)
    }

    #[test]
    fn a_chain_that_fits_is_proved_on_a_server_of_its_own() {
        let Some(output) = try_run(good().path(), &[".", "--database", "postgresql"]) else { return };
        assert_eq!(code(&output), Some(0), "{}", out(&output));
        assert!(out(&output).contains("statements on PostgreSQL"), "{}", out(&output));
    }

    #[test]
    fn what_the_server_writes_in_words_of_its_own_is_the_same() {
        let folder = chain(
            "op.execute(\"CREATE VIEW v AS SELECT id FROM users WHERE mail = 'x'; CREATE DOMAIN age AS integer CHECK (VALUE > 0); CREATE POLICY p ON users USING (mail = 'x')\")",
            "op.execute('DROP POLICY p ON users; DROP DOMAIN age; DROP VIEW v')",
        );
        let Some(output) = try_run(folder.path(), &[".", "--database", "postgresql"]) else { return };
        assert_eq!(code(&output), Some(0), "{}", out(&output));
    }

    #[test]
    fn a_table_made_from_a_query_has_the_columns_that_it_lists() {
        let folder = chain(
            "op.execute('CREATE TABLE copied AS SELECT u.*, mail AS address FROM users u')",
            "op.execute('DROP TABLE copied')",
        );
        let Some(output) = try_run(folder.path(), &[".", "--database", "postgresql"]) else { return };
        assert_eq!(code(&output), Some(0), "{}", out(&output));
    }

    #[test]
    fn a_table_made_from_what_a_query_computes_cannot_be_told() {
        let folder = chain(
            "op.execute('CREATE TABLE copied AS SELECT id, lower(mail) FROM users')",
            "op.execute('DROP TABLE copied')",
        );
        let Some(output) = try_run(folder.path(), &[".", "--database", "postgresql"]) else { return };
        assert_eq!(code(&output), Some(1), "{}", out(&output));
        assert!(out(&output).contains("cannot tell"), "{}", out(&output));
    }

    #[test]
    fn the_server_refuses_what_does_not_fit() {
        let folder = chain(
            "op.execute('ALTER TABLE users ALTER COLUMN mail TYPE inet USING mail::inet::macaddr')",
            "op.execute('ALTER TABLE users ALTER COLUMN mail TYPE varchar(50)')",
        );
        let Some(output) = try_run(folder.path(), &[".", "--database", "postgresql"]) else { return };
        assert_eq!(code(&output), Some(1), "{}", out(&output));
        let text = out(&output);
        assert!(text.contains("cannot cast type inet to macaddr"), "{text}");
    }

    #[test]
    fn the_habits_service_with_its_base_rebuilt_is_proved() {
        let folder = tempfile::tempdir().expect("a folder");
        let versions = folder.path().join("versions");
        std::fs::create_dir(&versions).expect("a folder");
        for entry in
            std::fs::read_dir(fixtures().join("habits_service/alembic/versions")).expect("a folder").flatten()
        {
            if entry.path().is_file() {
                std::fs::copy(entry.path(), versions.join(entry.file_name())).expect("a file");
            }
        }
        let rebuilt = versions.join("rebuilt.py");
        let output = Command::new(env!("CARGO_BIN_EXE_cucurbit"))
            .args(["reconstruct", "habits_service", "--out"])
            .arg(&rebuilt)
            .current_dir(fixtures())
            .output()
            .expect("the program runs");
        assert!(output.status.success() || rebuilt.is_file(), "{}", told(&output));
        let Some(output) = try_run(folder.path(), &[".", "--database", "postgresql"]) else { return };
        assert_eq!(code(&output), Some(0), "{}", out(&output));
        let text = out(&output);
        assert!(text.contains("3 upgrades undone and done again"), "{text}");
    }
}

#[cfg(feature = "mysql")]
mod mysql {
    use super::{code, good, out, run, told};

    /// On the server that `CUCURBIT_MYSQL_URL` names; its user must be let make and drop databases whose names begin
    /// with `cucurbit_verify_`.
    #[test]
    fn a_chain_that_fits_is_proved_on_a_server() {
        let Some(url) = std::env::var_os("CUCURBIT_MYSQL_URL") else {
            return println!("skipped, CUCURBIT_MYSQL_URL does not name a server");
        };
        let url = url.to_string_lossy().into_owned();
        let output = run(good().path(), &[".", "--database", &url]);
        assert_eq!(code(&output), Some(0), "{}{}", out(&output), told(&output));
        assert!(out(&output).contains("2 upgrades undone and done again"), "{}", out(&output));
    }
}
