//! Whole reports, as people and programs see them.

use cucurbit::{Diagnosis, Options, diagnose, report};
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn read(fixture: &str) -> Diagnosis {
    let options = Options { path_prefix: Some(PathBuf::from(fixture)), ..Options::default() };
    diagnose(&fixtures().join(fixture), &options).expect("the fixture is read")
}

fn text(fixture: &str) -> String {
    report::text(&read(fixture), &report::TextOptions::default())
}

macro_rules! texts {
    ($($name:ident: $fixture:literal,)*) => {
        $(
            #[test]
            fn $name() {
                insta::assert_snapshot!(text($fixture));
            }
        )*
    };
}

texts! {
    habits_service: "habits_service",
    services: "services",
    sample_habits: "samples/habits",
    sample_fork: "samples/fork",
    sample_cycle: "samples/cycle",
    sample_dup: "samples/dup",
    sample_syntax: "samples/syntax",
    sample_mismatch: "samples/mismatch",
    sample_extras_ring: "samples/extras_ring",
    sample_extras_self_loop: "samples/extras_self_loop",
    sample_extras_two_roots: "samples/extras_two_roots",
}

#[test]
fn habits_service_json() {
    insta::assert_snapshot!(report::json(&read("habits_service")));
}

#[test]
fn colours_add_nothing_but_escapes() {
    let diagnosis = read("samples/fork");
    let colored = report::text(&diagnosis, &report::TextOptions { color: true, ..Default::default() });
    let mut plain = String::new();
    let mut rest = colored.as_str();
    while let Some(at) = rest.find('\u{1b}') {
        plain.push_str(&rest[..at]);
        rest = rest[at..].split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    // Colours keep the trailing blanks that plain text does not have.
    let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    assert_eq!(trimmed(&plain), trimmed(&text("samples/fork")));
}

/// What Alembic said of the samples, beside what cucurbit says. Alembic's words were recorded by
/// `fixtures/record_alembic_says.py`.
#[test]
fn side_by_side_with_alembic() {
    let recorded = std::fs::read_to_string(fixtures().join("alembic-says.json")).expect("the record");
    let recorded: serde_json::Value = serde_json::from_str(&recorded).expect("JSON");
    let mut page = String::new();
    for (path, said) in recorded.as_object().expect("an object") {
        page.push_str(&format!("{path}\n"));
        for command in ["heads", "history"] {
            page.push_str(&format!("  alembic {command}: {}\n", words(&said[command])));
        }
        let diagnosis = read(path);
        for environment in &diagnosis.environments {
            for finding in &environment.findings {
                let line =
                    format!("{} {}: {}", finding.severity.as_str(), finding.rule.name, finding.message);
                page.push_str(&format!("  cucurbit: {line}\n"));
            }
            if environment.findings.is_empty() {
                page.push_str("  cucurbit: nothing found\n");
            }
        }
        page.push('\n');
    }
    insta::assert_snapshot!(page);
}

fn words(said: &serde_json::Value) -> String {
    match said["last_line"].as_str() {
        Some(line) => line.to_owned(),
        None => {
            let lines = said["lines"].as_array().map(Vec::as_slice).unwrap_or_default();
            let lines: Vec<&str> = lines.iter().filter_map(|line| line.as_str()).collect();
            if lines.is_empty() { "(nothing)".to_owned() } else { lines.join(" | ") }
        }
    }
}

/// The answer that is foreseen is the one that was given.
#[test]
fn the_foreseen_answer_is_the_recorded_one() {
    let recorded = std::fs::read_to_string(fixtures().join("alembic-says.json")).expect("the record");
    let recorded: serde_json::Value = serde_json::from_str(&recorded).expect("JSON");
    for (path, said) in recorded.as_object().expect("an object") {
        let diagnosis = read(path);
        let [environment] = diagnosis.environments.as_slice() else { panic!("{path}: one environment") };
        let answer = environment.case.alembic();
        let heads = &said["heads"];
        match (heads["exit"].as_i64(), answer.error()) {
            (Some(0), None) => {
                let expected: Vec<&str> = heads["lines"]
                    .as_array()
                    .expect("lines")
                    .iter()
                    .filter_map(|line| line.as_str())
                    .collect();
                let printed = environment
                    .case
                    .alembic_map()
                    .map(|map| map.heads_text(false, false).expect("heads"))
                    .unwrap_or_default();
                assert_eq!(printed.lines().collect::<Vec<_>>(), expected, "{path}");
            }
            (Some(_), Some(error)) => {
                let line = heads["last_line"].as_str().expect("a line");
                let line = line.strip_prefix("alembic.script.revision.").unwrap_or(line);
                let (class, message) = line.split_once(": ").expect("a class");
                assert_eq!(error.class, class, "{path}");
                // The text of a SyntaxError is that of one version of Python.
                assert!(class == "SyntaxError" || error.message == message, "{path}: {error:?}");
            }
            (exit, error) => panic!("{path}: exit {exit:?}, foreseen {error:?}"),
        }
    }
}

/// `docs/diagnose.schema.json` is made from the code: `UPDATE_DOCS=1 cargo test` rewrites it.
#[test]
fn the_schema_is_up_to_date() {
    let path = fixtures().join("../docs/diagnose.schema.json");
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
        std::fs::write(&path, report::json_schema()).expect("the schema is written");
    }
    assert_eq!(std::fs::read_to_string(&path).expect("the schema"), report::json_schema());
}
