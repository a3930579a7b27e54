//! Chains that lost a migration and that mislead a naive tool, each with what the rebuilt migration must make.
//!
//! A case is a text in `fixtures/reconstruct`: a title, then files between `--- path` lines. `--- head.sql` is a dump
//! of the head, `--- models.py` stands for the models, `--- expected` is what must come out: the state right after the
//! lost migration as SQL, with directives as comments in front of it:
//!
//! - `-- asks: TEXT`: it must refuse with a question that holds the text; then no SQL is expected.
//! - `-- assumed: TEXT`, `-- inferred: TEXT`: something whose name holds the text was put in at that level.
//! - `-- drift: TEXT`: the models differ from the chain in an object whose name holds the text.
//! - `-- other: TABLE`: a table that another application makes.
//! - `-- text: TEXT`, `-- no text: TEXT`: the migration's text holds it, or does not.
//! - `-- id: ID`, `-- parent: ID`, `-- companion: ID`: the rebuilt revision, its parent, a further lost one.
//! - `-- evidence: LEVEL SOURCE OBJECT`: where something that is made comes from, and how sure it is.
//! - `-- reworded: OBJECT`: what the head has in other words than survivors.
//! - `-- unregistered: OPTION of REVISION: MODULES`: an option that nothing registers which is loaded.
//! - `-- rows: TARGET of REVISION for TABLE`: rows that a survivor needs and that were lost.
//! - `-- dialect: NAME`, `-- sqlalchemy: VERSION`: what the chain is followed with; PostgreSQL and 2.0 if not given.
//! - `-- or`, on a line of its own between two states: either is right, for the head is the same.

use cucurbit::schema::{
    Database, Dialect, Difference, DifferenceKind, ObjectKind, ObjectRef, ddl, diff, sql,
};
use cucurbit::{
    Case, Level, Options, ReconstructOptions, Reconstruction, SchemaOptions, TablePattern, cases,
    forget_tables, stopped,
};
use cucurbit_sqlalchemy::Version;
use std::collections::BTreeSet;
use std::path::Path;

/// Rows that are not right yet, and why. They must fail: one that comes right is to be taken off.
const NOT_YET: &[(&str, &str)] = &[];

/// How many kinds of cases there are; each has a text at least.
const ROWS: u32 = 117;

#[test]
fn adversarial_rows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/reconstruct");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .expect("the fixtures")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".txt"))
        .collect();
    names.sort();
    let only = std::env::var("ROW").unwrap_or_default();
    let mut failing = String::new();
    let mut rows = BTreeSet::new();
    for name in names {
        let slug = name.trim_end_matches(".txt");
        let row: u32 =
            slug.chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a row");
        rows.insert(row);
        if !only.is_empty() && !slug.starts_with(&only) {
            continue;
        }
        let text = std::fs::read_to_string(folder.join(&name)).expect("a fixture");
        let not_yet = NOT_YET.iter().find(|(of, _)| *of == slug);
        match (check(&text), not_yet) {
            (Ok(()), None) => {}
            (Ok(()), Some(_)) => failing += &format!("{slug}: comes right now; take it off NOT_YET\n"),
            (Err(_), Some((_, why))) if only.is_empty() => println!("{slug}: not yet: {why}"),
            (Err(wrong), _) => failing += &format!("== {slug}\n{}\n", wrong.join("\n")),
        }
    }
    assert!(failing.is_empty(), "\n{failing}");
    let missing: Vec<u32> = (1..=ROWS).filter(|row| !rows.contains(row)).collect();
    assert!(missing.is_empty(), "rows without a fixture: {missing:?}");
}

/// Runs one case; returns everything that is wrong.
fn check(text: &str) -> Result<(), Vec<String>> {
    let files = sections(text);
    let find = |name: &str| files.iter().find(|(path, _)| *path == name).map(|(_, text)| text.as_str());
    let expected = Expected::read(find("expected").expect("what is expected"));
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    for (path, text) in files.iter().filter(|(path, _)| *path != "expected" && *path != "head.sql") {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
        std::fs::write(path, text).expect("a new file");
    }
    let mut schema = SchemaOptions::new(expected.dialect);
    schema.sqlalchemy = expected.sqlalchemy;
    schema.import_roots.push(root.to_owned());
    let models = find("models.py").map(|_| case_in(root).models(&schema, &[root.join("models.py")]));
    let head = find("head.sql").map(|text| load(text, expected.dialect));
    let options = ReconstructOptions {
        parents: Vec::new(),
        schema: schema.clone(),
        head: head.clone(),
        models,
        revision: None,
        answers: Vec::new(),
        fold_drift: false,
        others: Vec::new(),
    };
    let found = match case_in(root).reconstruct(&options) {
        Ok(found) => found,
        Err(error) if !expected.asks.is_empty() => return expected.holds_questions(&[error.to_string()]),
        Err(error) => return Err(vec![error.to_string()]),
    };
    if !expected.asks.is_empty() {
        if found.is_proved() {
            return Err(vec![format!("it does not ask, and makes\n{}", ddl(&found.after).to_sql())]);
        }
        return expected.holds_questions(&found.questions());
    }
    let mut wrong = Vec::new();
    wrong.extend(found.questions().into_iter().map(|question| format!("asks: {question}")));
    for (survivor, left) in &found.unsettled {
        wrong.push(format!("{survivor} is not settled: {}", left.join("; ")));
    }
    expected.judge(&found, &mut wrong);
    completed_chain(&found, root, &schema, head.as_ref(), &mut wrong);
    if wrong.is_empty() {
        return Ok(());
    }
    for assumption in &found.assumptions {
        wrong.push(format!("put in: {:?} {}: {}", assumption.level, assumption.object, assumption.reason));
    }
    wrong.push(found.rendered.text.clone());
    Err(wrong)
}

/// The migration as a file among the others: followed from an empty database, it has to come to the same state, and
/// the whole chain to the head.
fn completed_chain(
    found: &Reconstruction,
    root: &Path,
    options: &SchemaOptions,
    head: Option<&Database>,
    wrong: &mut Vec<String>,
) {
    let write = |id: &str, text: &str| {
        std::fs::write(root.join(format!("versions/{id}_lost.py")), text).expect("a new file");
    };
    write(&found.revision, &found.rendered.text);
    for other in &found.companions {
        write(&other.revision, &other.text);
    }
    for other in &found.reparentings {
        std::fs::write(&other.path, &other.after).expect("a changed file");
    }
    let case = case_in(root);
    for (revision, aim) in [(Some(found.revision.clone()), Some(&found.after)), (None, head)] {
        let place = revision.clone().unwrap_or_else(|| "the head".to_owned());
        let chain = match case.schema_at(&SchemaOptions { revision, ..options.clone() }) {
            Ok(chain) => chain,
            Err(error) => {
                wrong.push(format!("completed chain: {error}"));
                continue;
            }
        };
        for (revision, why) in stopped(&chain) {
            wrong.push(format!("completed chain: {} {why}", revision.id));
        }
        for id in &chain.missing {
            wrong.push(format!("completed chain: {id} is missing"));
        }
        for mismatch in chain.operations.iter().flat_map(|o| &o.changes).flat_map(|(_, a)| &a.mismatches) {
            let of_others = matches!(&mismatch.object, ObjectRef::Table(name) if found.others.contains(name));
            if !of_others {
                wrong.push(format!("completed chain: {mismatch}"));
            }
        }
        let Some(aim) = aim else { continue };
        let others: Vec<TablePattern> = found
            .others
            .iter()
            .filter_map(|name| TablePattern::new(&name.to_string(), options.dialect))
            .collect();
        let mut aim = aim.clone();
        forget_tables(&mut aim, &others);
        let differences = diff(&chain.state, &aim);
        let is_grant = |d: &Difference| matches!(d.object, ObjectRef::Object(ObjectKind::Grant, ..));
        let off = differences.iter().filter(|d| !found.reworded.contains(&d.object) && !is_grant(d));
        wrong.extend(off.map(|d| format!("completed chain at {place}: {}", say(d))));
    }
}

fn case_in(root: &Path) -> Case {
    let mut found = cases(root, &Options::default()).expect("the cases");
    assert_eq!(found.len(), 1, "one environment in a fixture");
    found.pop().expect("a case")
}

fn load(text: &str, dialect: Dialect) -> Database {
    let (mut database, problems) = sql::load(text, dialect);
    assert_eq!(problems, Vec::<String>::new(), "a fixture's SQL does not run:\n{text}");
    cucurbit::forget_version_table(&mut database);
    database.forget_origins();
    database
}

/// Splits a text at its `--- path` lines; what stands before the first is the title.
fn sections(text: &str) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("--- ") {
            out.push((path.trim().to_owned(), String::new()));
        } else if let Some((_, text)) = out.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    out
}

struct Expected {
    dialect: Dialect,
    sqlalchemy: Version,
    asks: Vec<String>,
    says: Vec<(String, String)>,
    states: Vec<Database>,
}

impl Expected {
    fn read(text: &str) -> Self {
        let mut expected = Expected {
            dialect: Dialect::PostgreSql,
            sqlalchemy: Version::V2_0,
            asks: Vec::new(),
            says: Vec::new(),
            states: Vec::new(),
        };
        let mut states = vec![String::new()];
        for line in text.lines() {
            let directive = line.strip_prefix("-- ").map(|d| d.split_once(": ").unwrap_or((d, "")));
            match directive {
                None => {
                    let state = states.last_mut().expect("one at least");
                    state.push_str(line);
                    state.push('\n');
                }
                Some(("or", _)) => states.push(String::new()),
                Some(("asks", text)) => expected.asks.push(text.to_owned()),
                Some(("dialect", "sqlite")) => expected.dialect = Dialect::Sqlite,
                Some(("dialect", "mysql")) => expected.dialect = Dialect::MySql,
                Some(("sqlalchemy", "2.0")) => expected.sqlalchemy = Version::V2_0,
                Some(("sqlalchemy", "1.4")) => expected.sqlalchemy = Version::V1_4,
                Some(("sqlalchemy", "2.1")) => expected.sqlalchemy = Version::V2_1,
                Some((kind, text)) => expected.says.push((kind.to_owned(), text.to_owned())),
            }
        }
        let has_text = states.iter().all(|state| !state.trim().is_empty());
        assert!(has_text || !expected.asks.is_empty(), "nothing is expected");
        if has_text {
            expected.states = states.iter().map(|state| load(state, expected.dialect)).collect();
        }
        expected
    }

    fn holds_questions(&self, questions: &[String]) -> Result<(), Vec<String>> {
        let lacking: Vec<String> = self
            .asks
            .iter()
            .filter(|wanted| !questions.iter().any(|question| question.contains(wanted.as_str())))
            .map(|wanted| format!("does not ask `{wanted}`, but {questions:?}"))
            .collect();
        if lacking.is_empty() { Ok(()) } else { Err(lacking) }
    }

    fn judge(&self, found: &Reconstruction, wrong: &mut Vec<String>) {
        let off: Vec<Vec<Difference>> = self.states.iter().map(|state| diff(&found.after, state)).collect();
        if off.iter().all(|differences| !differences.is_empty()) {
            for (at, differences) in off.iter().enumerate() {
                for difference in differences {
                    wrong.push(format!("state {}: {}", at + 1, say(difference)));
                }
            }
        }
        let is_put_in = |level: Level, text: &str| {
            found.assumptions.iter().any(|a| a.level == level && a.object.contains(text))
        };
        for (kind, text) in &self.says {
            let holds = match kind.as_str() {
                "assumed" => is_put_in(Level::Assumed, text),
                "inferred" => is_put_in(Level::Inferred, text),
                "drift" => found.drift.iter().any(|d| d.object.to_string().contains(text)),
                "other" => found.others.iter().any(|o| o.to_string() == *text),
                "text" => found.rendered.text.contains(text),
                "no text" => !found.rendered.text.contains(text),
                "id" => found.revision == *text,
                "parent" => found.down_revision.contains(text),
                "companion" => found.companions.iter().any(|c| c.revision == *text),
                "evidence" => found.evidence.iter().any(|e| {
                    let level = format!("{:?}", e.level).to_lowercase();
                    *text == format!("{level} {} {}", e.source.as_str(), e.object)
                }),
                "reworded" => found.reworded.iter().any(|o| o.to_string() == *text),
                "rows" => found
                    .needed_rows
                    .iter()
                    .any(|n| *text == format!("{} of {} for {}", n.target, n.revision, n.table)),
                "unregistered" => found
                    .unregistered
                    .iter()
                    .any(|o| *text == format!("{} of {}: {}", o.option, o.revision, o.modules.join(", "))),
                other => panic!("`{other}` is no directive"),
            };
            if !holds {
                wrong.push(format!("does not hold: {kind}: {text}"));
            }
        }
    }
}

/// What differs: rebuilt on the left, expected on the right.
fn say(difference: &Difference) -> String {
    let object = &difference.object;
    match &difference.kind {
        DifferenceKind::OnlyLeft => format!("{object} is made and not expected"),
        DifferenceKind::OnlyRight => format!("{object} is expected and not made"),
        DifferenceKind::Changed { attribute, left, right } => {
            format!("{object}: {attribute} is {left}, expected {right}")
        }
    }
}
