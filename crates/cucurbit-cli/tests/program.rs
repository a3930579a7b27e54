//! The program as a whole: one test for each flag and each exit code.

mod support;

use std::process::Command;
use support::{code, fixtures, out, run};

#[test]
fn nothing_found_is_zero() {
    let output = run(&fixtures().join("services"), &["diagnose", "billing"]);
    assert_eq!(code(&output), Some(0), "{}", out(&output));
    assert!(out(&output).ends_with("nothing found; 1 environment and 4 revision files read\n"));
}

#[test]
fn findings_are_one() {
    let output = run(&fixtures(), &["diagnose", "habits_service"]);
    assert_eq!(code(&output), Some(1));
    assert!(out(&output).contains("error[GRA002 missing-base]"));
    assert!(out(&output).contains("habits_service/alembic/versions/189b1231afd4_bootstrap_tables.py:15"));
}

#[test]
fn work_that_could_not_be_done_is_two() {
    let output = run(&fixtures(), &["diagnose", "no/such/folder"]);
    assert_eq!(code(&output), Some(2));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("cucurbit: "));
}

#[test]
fn a_folder_without_migrations_is_not_green() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("main.py"), "print('hello')\n").expect("a file");
    assert_eq!(code(&run(folder.path(), &["diagnose"])), Some(2));
    std::fs::create_dir_all(folder.path().join("alembic/versions")).expect("a folder");
    std::fs::write(folder.path().join("alembic.ini"), "[alembic]\nscript_location = alembic\n")
        .expect("a file");
    let output = run(folder.path(), &["diagnose"]);
    assert_eq!(code(&output), Some(1), "{}", out(&output));
    assert!(out(&output).contains("no-revisions"));
}

#[test]
fn one_bad_path_does_not_hide_the_others() {
    let output = run(&fixtures().join("samples"), &["diagnose", "fork", "no_such_sample"]);
    assert_eq!(code(&output), Some(2));
    assert!(out(&output).contains("multiple-heads"));
}

#[test]
fn json_is_one_document_and_several_paths_an_array() {
    let samples = fixtures().join("samples");
    let one = out(&run(&samples, &["diagnose", "--output-format", "json", "fork"]));
    let one: serde_json::Value = serde_json::from_str(&one).expect("JSON");
    assert_eq!(one["schema_version"], 1);
    assert_eq!(one["environments"][0]["findings"][0]["name"], "multiple-heads");
    let two = out(&run(&samples, &["diagnose", "--output-format", "json", "fork", "cycle"]));
    let two: serde_json::Value = serde_json::from_str(&two).expect("JSON");
    assert_eq!(two.as_array().map(Vec::len), Some(2));
}

#[test]
fn fail_on_sets_the_least_severity() {
    let samples = fixtures().join("samples");
    assert_eq!(code(&run(&samples, &["diagnose", "fork"])), Some(1));
    assert_eq!(code(&run(&samples, &["diagnose", "--fail-on", "error", "fork"])), Some(0));
    assert_eq!(code(&run(&samples, &["diagnose", "--fail-on", "error", "cycle"])), Some(1));
}

#[test]
fn versions_reads_a_folder_without_configuration() {
    let folder = fixtures().join("samples/dup/migrations");
    let output = run(&folder, &["diagnose", "--versions", "versions"]);
    assert_eq!(code(&output), Some(1), "{}", out(&output));
    assert!(out(&output).contains("duplicate-revision"));
}

#[test]
fn recursive_reads_the_subfolders_too() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir_all(folder.path().join("v/2024")).expect("a folder");
    let text = |id: &str, parent: &str| {
        format!("revision = '{id}'\ndown_revision = {parent}\n\ndef upgrade(): pass\n")
    };
    std::fs::write(folder.path().join("v/a1_x.py"), text("a1", "None")).expect("a file");
    std::fs::write(folder.path().join("v/2024/b2_x.py"), text("b2", "'a1'")).expect("a file");
    assert_eq!(code(&run(folder.path(), &["diagnose", "--versions", "v"])), Some(1));
    let output = run(folder.path(), &["diagnose", "--versions", "v", "--recursive"]);
    assert_eq!(code(&output), Some(0), "{}", out(&output));
    assert!(out(&output).contains("2 revision files read"));
}

#[test]
fn config_and_name_choose_the_environment() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["one", "two"] {
        std::fs::create_dir_all(folder.path().join(name).join("versions")).expect("a folder");
    }
    let text = "[one]\nscript_location = one\n\n[two]\nscript_location = two\n";
    std::fs::write(folder.path().join("other.ini"), text).expect("a file");
    let arguments = ["diagnose", "-c", "other.ini", "-n", "two", "--output-format", "json"];
    let json: serde_json::Value = serde_json::from_str(&out(&run(folder.path(), &arguments))).expect("JSON");
    assert_eq!(json["environments"].as_array().map(Vec::len), Some(1));
    assert_eq!(json["environments"][0]["section"], "two");
}

#[test]
fn run_dir_is_where_relative_paths_count_from() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir_all(folder.path().join("service/migrations/versions")).expect("a folder");
    std::fs::write(
        folder.path().join("service/alembic.ini"),
        "[alembic]\nscript_location = service/migrations\n",
    )
    .expect("a file");
    let found = out(&run(folder.path(), &["diagnose", "--run-dir", ".", "service"]));
    assert!(!found.contains("missing-script-location"), "{found}");
    let not_found = out(&run(folder.path(), &["diagnose", "--run-dir", "service", "service"]));
    assert!(not_found.contains("missing-script-location"), "{not_found}");
}

#[test]
fn threads_do_not_change_the_answer() {
    let answer = |threads| out(&run(&fixtures(), &["diagnose", "--threads", threads, "services"]));
    assert_eq!(answer("1"), answer("2"));
    assert_eq!(answer("1"), answer("8"));
}

#[test]
fn color_is_for_terminals_or_on_demand() {
    let samples = fixtures().join("samples");
    assert!(!out(&run(&samples, &["diagnose", "fork"])).contains('\u{1b}'));
    assert!(!out(&run(&samples, &["--color", "never", "diagnose", "fork"])).contains('\u{1b}'));
    assert!(out(&run(&samples, &["--color", "always", "diagnose", "fork"])).contains('\u{1b}'));
}

#[test]
fn rule_explains_and_lists() {
    let list = run(&fixtures(), &["rule"]);
    assert_eq!(code(&list), Some(0));
    assert!(out(&list).starts_with("GRA001 dangling-parent"));
    let page = out(&run(&fixtures(), &["rule", "gra001"]));
    assert!(page.starts_with("# dangling-parent (GRA001)"));
    assert_eq!(page, out(&run(&fixtures(), &["rule", "dangling-parent"])));
    assert_eq!(code(&run(&fixtures(), &["rule", "no-such-rule"])), Some(2));
}

#[test]
fn wrong_arguments_are_two() {
    assert_eq!(code(&run(&fixtures(), &["diagnose", "--no-such-flag"])), Some(2));
    assert_eq!(code(&run(&fixtures(), &[])), Some(2));
    assert_eq!(code(&run(&fixtures(), &["--version"])), Some(0));
    assert_eq!(code(&run(&fixtures(), &["--help"])), Some(0));
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_error() {
    let program = env!("CARGO_BIN_EXE_cucurbit");
    let script = format!(
        "{program} diagnose --output-format json services | head -c 10 >/dev/null; exit ${{PIPESTATUS[0]}}"
    );
    let output =
        Command::new("bash").args(["-c", &script]).current_dir(fixtures()).output().expect("bash runs");
    assert_eq!(code(&output), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

const MODELS: &str = "import sqlalchemy as sa
from elsewhere import Strange
from sqlalchemy.orm import declarative_base
Base = declarative_base()
class A(Base):
    __tablename__ = 'a'
    id = sa.Column(sa.String(3), primary_key=True)
";

#[test]
fn schema_of_models_is_ddl_alone_and_the_rest_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("models.py"), MODELS).expect("a file");
    let output = run(folder.path(), &["schema", "--models", "models.py"]);
    assert_eq!(code(&output), Some(0));
    let expected = "CREATE TABLE a (\n    id character varying(3) NOT NULL,\n    CONSTRAINT a_pkey PRIMARY KEY (id)\n);\n";
    assert_eq!(out(&output), expected);
    assert!(output.stderr.is_empty());

    let strange = format!("{MODELS}    odd = sa.Column(Strange)\n");
    std::fs::write(folder.path().join("models.py"), strange).expect("a file");
    let output = run(folder.path(), &["schema", "--models", "models.py", "--dialect", "sqlite"]);
    assert_eq!(code(&output), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("models.py:8: a: elsewhere.Strange: the type"), "{told}");

    assert_eq!(code(&run(folder.path(), &["schema", "--models", "nowhere.py"])), Some(2));
    std::fs::write(folder.path().join("models.py"), "").expect("a file");
    assert_eq!(code(&run(folder.path(), &["schema", "--models", "models.py"])), Some(2));
}

#[test]
fn drift_compares_the_chain_with_models() {
    let folder = tempfile::tempdir().expect("a folder");
    let versions = folder.path().join("versions");
    std::fs::create_dir(&versions).expect("a folder");
    std::fs::write(folder.path().join("models.py"), MODELS).expect("a file");
    let revision = "revision = 'a1'\ndown_revision = None\nfrom alembic import op\nimport sqlalchemy as sa\n
def upgrade():
    op.create_table('a', sa.Column('id', sa.String(3), nullable=False), sa.PrimaryKeyConstraint('id'))
";
    std::fs::write(versions.join("a1.py"), revision).expect("a file");
    let drift = ["drift", "--versions", "versions", "--models", "models.py"];
    let output = run(folder.path(), &drift);
    assert_eq!(out(&output), "no drift: the models make the same schema as the chain\n");
    assert_eq!(code(&output), Some(0));

    let more = format!("{MODELS}    more = sa.Column(sa.Text)\n");
    std::fs::write(folder.path().join("models.py"), more).expect("a file");
    let output = run(folder.path(), &drift);
    assert_eq!(
        out(&output),
        "error: column a.more: the chain does not make it\n    chain: versions/a1.py:7 (a1)\n    models: models.py:8\n"
    );
    assert_eq!(code(&output), Some(1));
    assert_eq!(code(&run(folder.path(), &["drift", "--versions", "versions"])), Some(2));
}

#[test]
fn tables_of_another_application_are_not_compared() {
    let folder = tempfile::tempdir().expect("a folder");
    let versions = folder.path().join("versions");
    std::fs::create_dir(&versions).expect("a folder");
    let revision = "revision = 'a1'\ndown_revision = None\nfrom alembic import op\n
def upgrade():
    op.execute('CREATE TABLE a (id integer)')
";
    std::fs::write(versions.join("a1.py"), revision).expect("a file");
    let dump = "CREATE TABLE public.a (id integer);\nCREATE TABLE host_a (id integer);\nCREATE TABLE host_b (id integer);\n";
    std::fs::write(folder.path().join("dump.sql"), dump).expect("a file");
    let drift = ["drift", "--versions", "versions", "--dump", "dump.sql"];
    assert_eq!(code(&run(folder.path(), &drift)), Some(1));
    let output = run(folder.path(), &[&drift[..], &["--exclude-table", "public.host_*"]].concat());
    assert_eq!(code(&output), Some(0), "{}", out(&output));
    let output =
        run(folder.path(), &[&drift[..], &["--exclude-table", "host_?", "--exclude-table", "hast"]].concat());
    assert_eq!(code(&output), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "cucurbit: --exclude-table hast: no such table\n");
    let locate = ["locate", "--versions", "versions", "--dump", "dump.sql"];
    assert_eq!(code(&run(folder.path(), &locate)), Some(1));
    assert_eq!(code(&run(folder.path(), &[&locate[..], &["--exclude-table", "host_*"]].concat())), Some(0));

    // The survivor's key points at a table that is named: it stands before the first migration.
    let lost = "revision = 'b2'\ndown_revision = 'a1'\nfrom alembic import op\n
def upgrade():
    op.create_foreign_key('a_fk', 'a', 'host_a', ['id'], ['id'])
";
    std::fs::write(versions.join("a1.py"), lost).expect("a file");
    let dump = "CREATE TABLE host_a (id integer PRIMARY KEY);\nCREATE TABLE a (id integer CONSTRAINT a_fk REFERENCES host_a);\n";
    std::fs::write(folder.path().join("dump.sql"), dump).expect("a file");
    let reconstruct =
        ["reconstruct", "--versions", "versions", "--dump", "dump.sql", "--exclude-table", "host_a"];
    let output = run(folder.path(), &reconstruct);
    assert_eq!(code(&output), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("before the first migration: host_a"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!out(&output).contains("\"host_a\"") && out(&output).contains("\"a\""), "{}", out(&output));
}

fn codes(arguments: &[&str]) -> Vec<String> {
    let json = out(&run(&fixtures(), &[&["diagnose", "--output-format", "json"], arguments].concat()));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let findings = json["environments"][0]["findings"].as_array().expect("findings");
    findings.iter().map(|finding| finding["code"].as_str().expect("a code").to_owned()).collect()
}

#[test]
fn select_applies_only_the_rules_it_names() {
    let all = codes(&["habits_service"]);
    assert!(all.iter().any(|code| code == "GRA002") && all.iter().any(|code| code.starts_with("SCH")));
    assert_eq!(codes(&["--select", "GRA002", "habits_service"]), ["GRA002"]);
    let mut some = codes(&["--select", "GRA,missing-object", "--select", "SCH", "habits_service"]);
    some.dedup();
    assert!(some.iter().all(|code| code.starts_with("GRA") || code.starts_with("SCH")) && some.len() > 1);
    // A finding stands for itself when its cause was not looked for.
    let alone = out(&run(&fixtures(), &["diagnose", "--select", "SCH", "habits_service"]));
    assert!(alone.contains("SCH") && !alone.contains("GRA002"), "{alone}");
}

#[test]
fn ignore_leaves_rules_out_and_the_longer_one_counts() {
    let all = codes(&["habits_service"]);
    let less = codes(&["--ignore", "SCH", "habits_service"]);
    assert_eq!(less, all.iter().filter(|code| !code.starts_with("SCH")).cloned().collect::<Vec<_>>());
    assert_eq!(codes(&["--select", "GRA002", "--ignore", "GRA", "habits_service"]), ["GRA002"]);
    assert!(codes(&["--select", "GRA002", "--ignore", "missing-base", "habits_service"]).is_empty());
}

#[test]
fn a_rule_that_is_not_there_cannot_be_selected() {
    let output = run(&fixtures(), &["diagnose", "--select", "GRA999", "habits_service"]);
    assert_eq!(code(&output), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no rule `GRA999`"));
}
