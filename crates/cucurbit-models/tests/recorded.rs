//! Models of `fixtures/models`, compared with the DDL that SQLAlchemy itself writes for them.

use cucurbit_alembic::ProjectFiles;
use cucurbit_models::read;
use cucurbit_schema::{Database, Dialect, diff, sql};
use cucurbit_sqlalchemy::{Settings, Version};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    std::fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/models"))
        .expect("fixtures")
}

/// `name.2.0.postgresql.sql`.
fn taken_apart(path: &Path) -> Option<(String, Version, Dialect)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".sql")?;
    let mut parts = name.rsplitn(4, '.');
    let dialect = match parts.next()? {
        "postgresql" => Dialect::PostgreSql,
        "sqlite" => Dialect::Sqlite,
        "mysql" => Dialect::MySql,
        _ => return None,
    };
    let (minor, major) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((parts.next()?.to_owned(), Version { major, minor }, dialect))
}

fn columns(database: &Database) -> Vec<String> {
    database
        .tables
        .values()
        .map(|t| {
            let names: Vec<&str> = t.columns.iter().map(|c| c.name.as_str()).collect();
            format!("{}: {}", t.name, names.join(", "))
        })
        .collect()
}

#[test]
fn models_are_read_as_sqlalchemy_makes_them() {
    let mut recorded: Vec<PathBuf> =
        std::fs::read_dir(folder()).expect("the folder").flatten().map(|e| e.path()).collect();
    recorded.sort();
    let mut failures = String::new();
    let mut count = 0;
    for path in recorded {
        let Some((name, version, dialect)) = taken_apart(&path) else { continue };
        count += 1;
        let files = ProjectFiles::new(Vec::new(), Some(folder()));
        let models = read(&files, &Settings::new(dialect, version), &[folder().join(format!("{name}.py"))]);
        let text = std::fs::read_to_string(&path).expect("the record");
        let (made, problems) = sql::load(&text, dialect);
        let mut lines: Vec<String> = problems.iter().map(|p| format!("the record: {p}")).collect();
        lines.extend(models.unresolved.iter().map(|u| format!("not told: {u}")));
        let tainted = models.database.tables.values().filter(|t| t.tainted);
        lines.extend(tainted.map(|t| format!("tainted: {}", t.name)));
        lines.extend(diff(&models.database, &made).iter().map(|d| format!("{}: {:?}", d.object, d.kind)));
        let (read, made) = (columns(&models.database), columns(&made));
        if read != made {
            let pairs = read.iter().zip(&made).filter(|(a, b)| a != b);
            lines.extend(pairs.map(|(a, b)| format!("columns: read {a}\n          made {b}")));
        }
        if !lines.is_empty() {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            failures.push_str(&format!("{file}\n  {}\n", lines.join("\n  ")));
        }
    }
    assert!(count > 30, "{count} records were found");
    assert!(failures.is_empty(), "\n{failures}");
}
