//! Which database is meant.

use crate::Error;
use cucurbit_schema::Dialect;
use std::str::FromStr;

/// A database system that is to make scratch databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The embedded SQLite.
    Sqlite,
    /// PostgreSQL at an address; without one, a server of our own, started for the purpose.
    PostgreSql(Option<String>),
    /// MySQL or MariaDB at an address.
    MySql(String),
}

impl Target {
    /// Returns whose SQL it speaks; an address that starts with `mariadb:` means MariaDB.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match self {
            Target::Sqlite => Dialect::Sqlite,
            Target::PostgreSql(_) => Dialect::PostgreSql,
            Target::MySql(url) if url.starts_with("mariadb:") => Dialect::MariaDb,
            Target::MySql(_) => Dialect::MySql,
        }
    }

    /// Returns the cargo feature that it needs.
    #[must_use]
    pub fn feature(&self) -> &'static str {
        match self {
            Target::Sqlite => "sqlite",
            Target::PostgreSql(_) => "postgresql",
            Target::MySql(_) => "mysql",
        }
    }
}

/// Reads `sqlite`, `postgresql`, `postgresql://…`, `mysql://…` or `mariadb://…`, each also as SQLAlchemy writes it,
/// with a driver (`postgresql+asyncpg://…`).
impl FromStr for Target {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = |reason: &str| {
            let shown = text.split("://").next().unwrap_or_default().to_owned();
            Error::BadTarget { text: shown, reason: reason.to_owned() }
        };
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (scheme, Some(rest)),
            None => (text, None),
        };
        let system = scheme.split('+').next().unwrap_or(scheme);
        match (system, rest) {
            ("sqlite", None | Some("" | "/:memory:")) => Ok(Target::Sqlite),
            ("sqlite", Some(_)) => {
                Err(bad("a file is never written to; `sqlite` alone means a database of our own"))
            }
            ("postgresql" | "postgres", None) => Ok(Target::PostgreSql(None)),
            ("postgresql" | "postgres", Some(rest)) => {
                Ok(Target::PostgreSql(Some(format!("postgresql://{rest}"))))
            }
            ("mysql" | "mariadb", Some(rest)) => Ok(Target::MySql(format!("{system}://{rest}"))),
            ("mysql" | "mariadb", None) => Err(bad("it needs an address, as in mysql://user:password@host/")),
            _ => Err(bad("say sqlite, postgresql, postgresql://…, mysql://… or mariadb://…")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Target;
    use cucurbit_schema::Dialect;

    #[test]
    fn addresses_are_read_with_and_without_a_driver() {
        let read = |text: &str| text.parse::<Target>().expect("a target");
        assert_eq!(read("sqlite"), Target::Sqlite);
        assert_eq!(read("sqlite://"), Target::Sqlite);
        assert_eq!(read("postgresql"), Target::PostgreSql(None));
        let url = Some("postgresql://me@here/db".to_owned());
        assert_eq!(read("postgresql+asyncpg://me@here/db"), Target::PostgreSql(url.clone()));
        assert_eq!(read("postgres://me@here/db"), Target::PostgreSql(url));
        assert_eq!(read("mariadb+pymysql://h/").dialect(), Dialect::MariaDb);
        assert_eq!(read("mysql://h/").dialect(), Dialect::MySql);
    }

    #[test]
    fn a_file_is_never_written_to_and_a_password_is_never_shown() {
        let error = "sqlite:///data.db".parse::<Target>().expect_err("no target").to_string();
        assert!(error.contains("never written to"), "{error}");
        let error = "oracle://me:secret@here".parse::<Target>().expect_err("no target").to_string();
        assert!(error.contains("oracle") && !error.contains("secret"), "{error}");
    }
}
