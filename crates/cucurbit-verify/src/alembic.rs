//! A project's own Alembic, on a scratch database.

use crate::Error;
use cucurbit_schema::Dialect;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What runs Alembic: the command's own code, with one setting changed.
const DRIVER: &str = include_str!("alembic.py");

/// How many lines of what a program says are kept: the last ones hold the reason.
const LINES: usize = 12;

/// How to connect to a scratch database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The system.
    pub dialect: Dialect,
    /// Host, or the folder of a socket (PostgreSQL).
    pub host: Option<String>,
    /// Port.
    pub port: Option<u16>,
    /// User.
    pub user: Option<String>,
    /// Password.
    pub password: Option<String>,
    /// Database.
    pub database: Option<String>,
    /// The file (SQLite), or the socket (MySQL).
    pub path: Option<PathBuf>,
}

impl Login {
    /// Makes one that says nothing yet.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Login { dialect, host: None, port: None, user: None, password: None, database: None, path: None }
    }

    /// Returns the address as SQLAlchemy takes it, with a driver where one is named.
    #[must_use]
    pub fn url(&self, driver: Option<&str>) -> String {
        let mut url = self.dialect.name().to_owned();
        if let Some(driver) = driver {
            url.push_str(&format!("+{driver}"));
        }
        let path = self.path.as_ref().map(|path| path.display().to_string());
        if self.dialect == Dialect::Sqlite {
            return format!("{url}:///{}", path.unwrap_or_default());
        }
        url.push_str("://");
        if let Some(user) = &self.user {
            url.push_str(&escaped(user));
            if let Some(password) = &self.password {
                url.push_str(&format!(":{}", escaped(password)));
            }
            url.push('@');
        }
        let mut query = Vec::new();
        match &self.host {
            Some(folder) if folder.starts_with('/') => query.push(format!("host={}", escaped(folder))),
            Some(host) if host.contains(':') => url.push_str(&format!("[{host}]")),
            Some(host) => url.push_str(host),
            None => {}
        }
        if let (Some(port), false) = (self.port, self.host.as_ref().is_none_or(|h| h.starts_with('/'))) {
            url.push_str(&format!(":{port}"));
        }
        url.push_str(&format!("/{}", self.database.as_deref().unwrap_or_default()));
        if let Some(socket) = path {
            query.push(format!("unix_socket={}", escaped(&socket)));
        }
        if self.dialect.is_mysql() {
            query.push("charset=utf8mb4".to_owned());
        }
        if !query.is_empty() {
            url.push_str(&format!("?{}", query.join("&")));
        }
        url
    }

    /// Fills `{url}`, `{host}`, `{port}`, `{user}`, `{password}`, `{database}` and `{path}` in a text.
    #[must_use]
    pub fn fill(&self, text: &str, driver: Option<&str>) -> String {
        let port = self.port.map(|port| port.to_string());
        let path = self.path.as_ref().map(|path| path.display().to_string());
        let url = Some(self.url(driver));
        let values = [
            ("{url}", &url),
            ("{host}", &self.host),
            ("{port}", &port),
            ("{user}", &self.user),
            ("{password}", &self.password),
            ("{database}", &self.database),
            ("{path}", &path),
        ];
        // One pass, so that a value is never taken for a placeholder.
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            match values.iter().find(|(name, _)| rest.starts_with(name)) {
                Some((name, value)) => {
                    out.push_str(value.as_deref().unwrap_or_default());
                    rest = &rest[name.len()..];
                }
                None => {
                    out.push('{');
                    rest = &rest[1..];
                }
            }
        }
        out.push_str(rest);
        out
    }
}

/// Percent-encodes what is not plain in an address.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// The Alembic of a project.
///
/// The command's own code runs, in the project's Python and from the project's folder, so what its `env.py` does
/// happens. `sqlalchemy.url` of the configuration is set to the scratch database; an `env.py` that takes the address
/// from elsewhere is told by environment variables.
#[derive(Debug, Clone)]
pub struct Alembic {
    /// The Python that has Alembic and all that the project imports.
    pub python: PathBuf,
    /// The folder to run in.
    pub folder: PathBuf,
    /// Alembic's own arguments that stand before the command: `-c FILE`, `-n SECTION`, `-x NAME=VALUE`.
    pub arguments: Vec<OsString>,
    /// Environment variables; their values are filled as [`Login::fill`] does. `-x` arguments are filled too.
    pub environment: Vec<(String, String)>,
    /// The driver in addresses (`asyncpg`, `psycopg`); SQLAlchemy's own choice when not given.
    pub driver: Option<String>,
}

/// Why Alembic did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlembicFailure {
    /// The last lines of what it said.
    pub message: String,
}

impl Alembic {
    /// Runs one command (`upgrade head`) on a database and waits for its end.
    ///
    /// # Errors
    /// The outer one when the Python cannot be started; the inner one when Alembic fails, with what it said.
    pub fn run(&self, login: &Login, command: &[&str]) -> Result<Result<(), AlembicFailure>, Error> {
        let driver = self.driver.as_deref();
        let fill = |argument: &OsString| match argument.to_str() {
            Some(text) => OsString::from(login.fill(text, driver)),
            None => argument.clone(),
        };
        let mut python = Command::new(&self.python);
        python.arg("-c").arg(DRIVER).args(self.arguments.iter().map(fill)).args(command);
        python.current_dir(&self.folder).stdin(Stdio::null());
        python.env("CUCURBIT_VERIFY_URL", login.url(driver)).env("PYTHONDONTWRITEBYTECODE", "1");
        for (name, value) in &self.environment {
            python.env(name, login.fill(value, driver));
        }
        let output = python.output().map_err(|error| Error::ProgramFailed {
            program: self.python.display().to_string(),
            message: error.to_string(),
        })?;
        if output.status.success() {
            return Ok(Ok(()));
        }
        let mut said = String::from_utf8_lossy(&output.stderr).into_owned();
        if said.trim().is_empty() {
            said = String::from_utf8_lossy(&output.stdout).into_owned();
        }
        if let Some(password) = login.password.as_deref().filter(|password| !password.is_empty()) {
            said = said.replace(password, "***");
        }
        let lines: Vec<&str> = said.trim().lines().collect();
        let last = lines[lines.len().saturating_sub(LINES)..].join("\n");
        let message = if last.is_empty() { output.status.to_string() } else { last };
        Ok(Err(AlembicFailure { message }))
    }
}

#[cfg(test)]
mod tests {
    use super::Login;
    use cucurbit_schema::Dialect;

    fn login() -> Login {
        Login {
            host: Some("here".to_owned()),
            port: Some(5433),
            user: Some("me".to_owned()),
            password: Some("a@b/{host}".to_owned()),
            database: Some("d".to_owned()),
            ..Login::new(Dialect::PostgreSql)
        }
    }

    #[test]
    fn addresses_are_written_as_sqlalchemy_reads_them() {
        assert_eq!(login().url(Some("asyncpg")), "postgresql+asyncpg://me:a%40b%2F%7Bhost%7D@here:5433/d");
        let socket = Login { host: Some("/run/pg".to_owned()), password: None, ..login() };
        assert_eq!(socket.url(None), "postgresql://me@/d?host=%2Frun%2Fpg");
        let file = Login { path: Some("/tmp/a.db".into()), ..Login::new(Dialect::Sqlite) };
        assert_eq!(file.url(None), "sqlite:////tmp/a.db");
        let mysql = Login { dialect: Dialect::MySql, password: None, port: Some(3306), ..login() };
        assert_eq!(mysql.url(Some("pymysql")), "mysql+pymysql://me@here:3306/d?charset=utf8mb4");
    }

    #[test]
    fn values_are_filled_once() {
        let filled = login().fill("{host}:{port} {password} {nothing} {", None);
        assert_eq!(filled, "here:5433 a@b/{host} {nothing} {");
    }
}
