//! Which database systems a chain is written for, and how that is known.

use crate::case::Case;
use cucurbit_alembic::config::literal_url;
use cucurbit_schema::Dialect;
use std::path::{Path, PathBuf};

/// How a dialect is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialectEvidence {
    /// The caller said so.
    Given,
    /// `sqlalchemy.url` stands in this configuration file and names it.
    Url(PathBuf),
    /// Migrations import `sqlalchemy.dialects.…`, or drop MySQL's `PRIMARY`: the first file for each dialect, in the order of
    /// [`Dialects::found`].
    Imports(Vec<PathBuf>),
    /// Nothing says it; PostgreSQL is taken, for which most chains are written.
    Nothing,
}

/// The dialects that a chain may run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialects {
    /// At least one, sorted. Where there are several, only what holds on all of them is said.
    pub found: Vec<Dialect>,
    /// How they are known.
    pub evidence: DialectEvidence,
}

impl Dialects {
    /// Returns what the caller said.
    #[must_use]
    pub fn given(dialect: Dialect) -> Self {
        Dialects { found: vec![dialect], evidence: DialectEvidence::Given }
    }
}

impl Case {
    /// Finds out for which database systems the chain is written.
    ///
    /// In order: a literal `sqlalchemy.url` in the ini file; imports of `sqlalchemy.dialects.…` in the migrations,
    /// which may name several; else PostgreSQL. `imports` are what the revision files import, by row.
    pub(crate) fn dialects<'t>(&self, imports: impl Iterator<Item = (&'t Path, &'t [Dialect])>) -> Dialects {
        let environment = self.environment();
        for file in &environment.config_files {
            if let Some(dialect) = literal_url(file, &environment.section).as_deref().and_then(of_url) {
                return Dialects { found: vec![dialect], evidence: DialectEvidence::Url(file.clone()) };
            }
        }
        let mut found: Vec<(Dialect, PathBuf)> = Vec::new();
        for (path, dialects) in imports {
            for dialect in dialects {
                if found.iter().all(|(known, _)| known != dialect) {
                    found.push((*dialect, path.to_owned()));
                }
            }
        }
        if found.is_empty() {
            return Dialects { found: vec![Dialect::PostgreSql], evidence: DialectEvidence::Nothing };
        }
        found.sort_by_key(|(dialect, _)| *dialect);
        let (found, files) = found.into_iter().unzip();
        Dialects { found, evidence: DialectEvidence::Imports(files) }
    }
}

/// The dialect of a URL such as `postgresql+asyncpg://…`.
fn of_url(url: &str) -> Option<Dialect> {
    let scheme = url.split("://").next().filter(|scheme| scheme.len() < url.len())?;
    scheme.split('+').next()?.parse().ok()
}

/// The dialects that a module imports: `from sqlalchemy.dialects import a, b`, `from sqlalchemy.dialects.a import …`,
/// `import sqlalchemy.dialects.a`; and MySQL where the constraint `PRIMARY` is dropped. Comments and strings are not told
/// apart; they rarely hold such lines.
pub(crate) fn imported(text: &str) -> Vec<Dialect> {
    const MODULE: &str = "sqlalchemy.dialects";
    let mut found = Vec::new();
    for (at, _) in text.match_indices(MODULE) {
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let before = text[start..at].trim();
        let rest = &text[at + MODULE.len()..];
        let names: &str = match (before, rest.strip_prefix('.')) {
            ("from" | "import", Some(rest)) => {
                rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default()
            }
            ("from", None) => {
                let rest = rest.trim_start().strip_prefix("import").unwrap_or_default().trim_start();
                match rest.strip_prefix('(') {
                    Some(inner) => inner.split(')').next().unwrap_or_default(),
                    None => rest.lines().next().unwrap_or_default(),
                }
            }
            _ => continue,
        };
        for name in names.split(',') {
            let name = name.split_whitespace().next().unwrap_or_default();
            if let Ok(dialect) = name.parse()
                && !found.contains(&dialect)
            {
                found.push(dialect);
            }
        }
    }
    // Every primary key of MySQL is called so, and on no other system one is.
    let drops_primary = text.split("drop_constraint").skip(1).any(|call| {
        let argument = call.trim_start_matches(['(', ' ', '\n', '\r', '\t']);
        argument.starts_with("'PRIMARY'") || argument.starts_with("\"PRIMARY\"")
    });
    if drops_primary && !found.contains(&Dialect::MySql) {
        found.push(Dialect::MySql);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_name_dialects_in_three_ways() {
        assert_eq!(imported("from sqlalchemy.dialects import postgresql\n"), [Dialect::PostgreSql]);
        assert_eq!(imported("from sqlalchemy.dialects.mysql import LONGTEXT\n"), [Dialect::MySql]);
        assert_eq!(imported("import sqlalchemy.dialects.sqlite as s\n"), [Dialect::Sqlite]);
        let many = "from sqlalchemy.dialects import (\n    mysql as m,\n    postgresql,\n)\n";
        assert_eq!(imported(many), [Dialect::MySql, Dialect::PostgreSql]);
        assert_eq!(imported("op.drop_constraint(\n    'PRIMARY', 't', type_='primary')\n"), [Dialect::MySql]);
        assert!(imported("from sqlalchemy.dialects import oracle\nimport sqlalchemy as sa\n").is_empty());
    }

    #[test]
    fn urls_name_dialects() {
        assert_eq!(of_url("postgresql+asyncpg://u:p@h/d"), Some(Dialect::PostgreSql));
        assert_eq!(of_url("sqlite:///./x.db"), Some(Dialect::Sqlite));
        assert_eq!(of_url("driver://user:pass@localhost/dbname"), None);
        assert_eq!(of_url("%(DB_URL)s"), None);
    }
}
