//! What SQLAlchemy itself says, recorded by the scripts in `fixtures/`.

use super::{NOWHERE, shown, version_of, with_value};
use crate::{ServerDefault, Version};
use cucurbit_schema::Dialect;
use serde_json::Value as Json;

fn recorded(name: &str) -> Json {
    let path = format!("{}/../../fixtures/conformance/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("the file is there")).expect("it is JSON")
}

const DIALECTS: [Dialect; 3] = [Dialect::PostgreSql, Dialect::Sqlite, Dialect::MySql];

/// Calls `check` for every answer: version, dialect, the answer.
fn answers(row: &Json, mut check: impl FnMut(Version, Dialect, &Json)) {
    for (version, answer) in row["versions"].as_object().expect("versions") {
        for dialect in DIALECTS {
            check(version_of(version), dialect, &answer[dialect.name()]);
        }
    }
}

struct Tally {
    agree: usize,
    lax: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn new() -> Self {
        Tally { agree: 0, lax: 0, wrong: Vec::new() }
    }

    fn compare(&mut self, what: &str, mine: Option<String>, theirs: Option<String>) {
        match (mine, theirs) {
            (mine, theirs) if mine == theirs => self.agree += 1,
            // SQLAlchemy refuses, this does not.
            (Some(mine), None) => {
                self.lax += 1;
                println!("refused: {what}: {mine}");
            }
            (mine, theirs) => {
                let mine = mine.unwrap_or_else(|| "nothing".to_owned());
                self.wrong.push(format!(
                    "{what}\n  SQLAlchemy: {}\n  read:       {mine}",
                    theirs.unwrap_or_default()
                ));
            }
        }
    }

    fn finish(self, what: &str, at_least: usize) {
        assert!(self.agree + self.wrong.len() >= at_least, "only {} of {what} were compared", self.agree);
        println!("{what}: {} agree, {} refused by SQLAlchemy only", self.agree, self.lax);
        assert!(self.wrong.is_empty(), "{} of {what} differ:\n{}", self.wrong.len(), self.wrong.join("\n"));
    }
}

fn text(json: &Json) -> Option<String> {
    json.as_str().map(str::to_owned)
}

#[test]
fn types() {
    let recorded = recorded("sqlalchemy-types.json");
    let classes = recorded["classes"].as_str().expect("classes");
    let (mut ddl, mut written) = (Tally::new(), Tally::new());
    for row in recorded["rows"].as_array().expect("rows") {
        let expression = row["expression"].as_str().expect("an expression");
        let module = format!("{classes}\nvalue = {expression}\n");
        answers(row, |version, dialect, answer| {
            let reading = with_value(&module, "value", dialect, version, |ev, value| {
                crate::data_type(ev, value, NOWHERE)
            });
            let what = format!("{expression} on {} with {}.{}", dialect.name(), version.major, version.minor);
            // MySQL's `TIMESTAMP` is written with `NULL` behind.
            let theirs = text(answer).map(|t| t.strip_suffix(" NULL").map_or(t.clone(), str::to_owned));
            ddl.compare(&what, reading.ddl.clone().filter(|_| reading.is_known()), theirs);
            if dialect == Dialect::PostgreSql {
                let theirs = &row["versions"][format!("{}.{}", version.major, version.minor)]["written"];
                // 1.4 writes two arguments that nobody can give.
                let theirs =
                    text(theirs).map(|t| t.replace(", _warn_on_bytestring=True, _expect_unicode=True", ""));
                written.compare(&what, reading.data_type.written.as_deref().map(str::to_owned), theirs);
            }
        });
    }
    ddl.finish("types in DDL", 2043);
    written.finish("types as Alembic writes them", 683);
}

#[test]
fn tables() {
    let recorded = recorded("sqlalchemy-tables.json");
    let prelude = recorded["prelude"].as_str().expect("a prelude");
    let mut tally = Tally::new();
    for row in recorded["tables"].as_array().expect("tables") {
        let snippet = row["snippet"].as_str().expect("a snippet");
        let module = format!("{prelude}\n{snippet}\n");
        answers(row, |version, dialect, answer| {
            if has_no_sequences(snippet, dialect) {
                return;
            }
            let (lines, problems) = with_value(&module, "t", dialect, version, |ev, value| {
                let (_, reading) = crate::table_term(ev, value).expect("a table");
                (shown::table_lines(ev, &reading), reading.problems)
            });
            let what = format!("{snippet}\non {} with {}.{}", dialect.name(), version.major, version.minor);
            let mine = if problems.is_empty() { Some(lines.join("\n              ")) } else { None };
            let theirs = answer.as_array().map(|lines| {
                let lines: Vec<String> = lines.iter().filter_map(text).map(|l| comparable(&l)).collect();
                lines.join("\n              ")
            });
            if mine.is_none() && theirs.is_some() {
                let why: Vec<String> = problems.iter().map(ToString::to_string).collect();
                tally.compare(&what, Some(why.join("; ")), theirs);
            } else {
                tally.compare(&what, mine, theirs);
            }
        });
    }
    tally.finish("tables", 605);
}

/// SQLAlchemy writes `nextval` for MySQL too, which has none.
fn has_no_sequences(snippet: &str, dialect: Dialect) -> bool {
    dialect == Dialect::MySql && snippet.contains("next_value")
}

/// What is said in several ways, said in one; the text behind the brackets as sorted `key=value`.
fn comparable(line: &str) -> String {
    let line = line
        .replace("set null", "SET NULL")
        .replace(" ON DELETE NO ACTION", "")
        .replace("DEFERRABLE INITIALLY", "INITIALLY")
        .replace("INITIALLY DEFERRED", "DEFERRABLE INITIALLY DEFERRED");
    if line.starts_with("CREATE ") {
        // MySQL wants brackets around functions; `ASC` says nothing.
        return line
            .replace("((lower(", "(lower(")
            .replace(")))", "))")
            .replace("((b DESC NULLS LAST)", "(b DESC NULLS LAST")
            .replace(" ASC)", ")");
    }
    let Some(rest) = line.strip_prefix("behind: ") else { return line };
    let mut out: Vec<String> = Vec::new();
    for (from, to) in [
        ("WITHOUT ROWID", "without rowid=true"),
        ("INHERITS (u)", "inherits=u"),
        ("INHERITS ( u )", "inherits=u"),
        ("PARTITION BY RANGE (a)", "partition by=RANGE (a)"),
        ("TABLESPACE sp", "tablespace=sp"),
        ("WITH (fillfactor = 70)", "with=fillfactor = 70"),
        ("ENGINE=InnoDB", "engine=InnoDB"),
        ("ENGINE=MyISAM", "engine=MyISAM"),
        ("CHARSET=utf8mb4", "charset=utf8mb4"),
        ("DEFAULT CHARSET=utf8", "charset=utf8"),
        ("COLLATE utf8mb4_bin", "collate=utf8mb4_bin"),
        ("ROW_FORMAT=DYNAMIC", "row_format=DYNAMIC"),
        ("COMMENT='a table'", "comment=a table"),
    ] {
        if rest.contains(from) && !(from == "CHARSET=utf8mb4" && rest.contains("DEFAULT")) {
            out.push(to.to_owned());
        }
    }
    out.sort();
    format!("behind: {}", out.join(" "))
}

#[test]
fn expressions() {
    let recorded = recorded("sqlalchemy-tables.json");
    let prelude = recorded["prelude"].as_str().expect("a prelude");
    let columns = recorded["columns"].as_str().expect("columns");
    let mut tally = Tally::new();
    for row in recorded["expressions"].as_array().expect("expressions") {
        let expression = row["expression"].as_str().expect("an expression");
        let module = format!("{prelude}\n{columns}\nvalue = {expression}\n");
        // Types of PostgreSQL mean nothing elsewhere.
        let is_own = ["j[", "jb", "arr"].iter().any(|p| expression.starts_with(p));
        answers(row, |version, dialect, answer| {
            if is_own && dialect != Dialect::PostgreSql {
                return;
            }
            let mine = with_value(&module, "value", dialect, version, crate::compile);
            let what = format!("{expression} on {} with {}.{}", dialect.name(), version.major, version.minor);
            // SQLAlchemy forgets in places that tables are not to be written.
            let theirs = text(answer).map(|t| t.replace("plain.", ""));
            match (mine, theirs) {
                (Err(why), Some(theirs)) => tally.compare(&what, Some(why.to_string()), Some(theirs)),
                (mine, theirs) => tally.compare(&what, mine.ok(), theirs),
            }
        });
    }
    tally.finish("expressions", 1331);
}

#[test]
fn defaults() {
    let recorded = recorded("sqlalchemy-tables.json");
    let prelude = recorded["prelude"].as_str().expect("a prelude");
    let mut tally = Tally::new();
    for row in recorded["defaults"].as_array().expect("defaults") {
        let default = row["default"].as_str().expect("a default");
        let module = format!("{prelude}\nvalue = {default}\n");
        answers(row, |version, dialect, answer| {
            if has_no_sequences(default, dialect) {
                return;
            }
            let mine = with_value(&module, "value", dialect, version, crate::server_default);
            let what = format!("{default} on {} with {}.{}", dialect.name(), version.major, version.minor);
            let theirs = text(answer);
            let mine = match mine {
                Ok(None) => Some(String::new()),
                Ok(Some(ServerDefault::Default(default))) => {
                    Some(format!("DEFAULT {}", shown::default(&default, dialect)))
                }
                Ok(Some(other)) => Some(format!("{other:?}")),
                Err(why) if theirs.is_some() => Some(why.to_string()),
                Err(_) => None,
            };
            tally.compare(&what, mine, theirs);
        });
    }
    tally.finish("defaults", 471);
}
