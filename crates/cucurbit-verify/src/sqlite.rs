//! SQLite, in a file of our own.

use crate::{Error, Login, ReadBack, RunError, Scratch, Server, read_statements};
use cucurbit_schema::Dialect;
use rusqlite::Connection;
use std::path::PathBuf;

/// Makes databases in temporary folders.
pub(crate) struct Files;

impl Files {
    pub(crate) fn new() -> Self {
        Files
    }
}

impl Server for Files {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn name(&self) -> String {
        format!("SQLite {}", rusqlite::version())
    }

    fn scratch(&mut self) -> Result<Box<dyn Scratch>, Error> {
        let folder = tempfile::Builder::new()
            .prefix("cucurbit_verify_")
            .tempdir()
            .map_err(|source| Error::File { path: std::env::temp_dir(), source })?;
        Ok(Box::new(File { path: folder.path().join("scratch.db"), folder, connection: None }))
    }
}

struct File {
    path: PathBuf,
    folder: tempfile::TempDir,
    connection: Option<Connection>,
}

impl File {
    fn connection(&mut self) -> Result<&Connection, rusqlite::Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let connection = Connection::open(&self.path)?;
                // It is thrown away: nothing needs to outlive a loss of power.
                connection.pragma_update(None, "synchronous", "OFF")?;
                connection.pragma_update(None, "journal_mode", "MEMORY")?;
                connection
            }
        };
        Ok(self.connection.insert(connection))
    }

    fn statements(&mut self) -> Result<Vec<String>, rusqlite::Error> {
        // Tables first: what stands on them is told behind them whatever the order in which it was made.
        let query = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
            ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 ELSE 2 END, rowid";
        let connection = self.connection()?;
        let mut statement = connection.prepare(query)?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        rows.collect()
    }
}

impl Scratch for File {
    fn run(&mut self, sql: &str) -> Result<(), RunError> {
        let connection = self.connection().map_err(|error| RunError::Lost(error.to_string()))?;
        connection.execute_batch(sql).map_err(|error| RunError::Refused(said(&error)))
    }

    fn read(&mut self) -> Result<ReadBack, Error> {
        let statements = self.statements().map_err(|error| Error::Server {
            what: "the catalogue cannot be read",
            message: error.to_string(),
        })?;
        Ok(read_statements(&statements, Dialect::Sqlite))
    }

    fn login(&self) -> Login {
        Login { path: Some(self.path.clone()), ..Login::new(Dialect::Sqlite) }
    }

    fn release(&mut self) {
        self.connection = None;
    }

    fn close(mut self: Box<Self>) -> Result<(), Error> {
        self.connection = None;
        let path = self.path.clone();
        self.folder.close().map_err(|source| Error::File { path, source })
    }
}

/// What SQLite says, without the code and the statement around it.
fn said(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::Files;
    use crate::{RunError, Scratch, Server};
    use cucurbit_schema::ObjectName;

    fn scratch() -> Box<dyn Scratch> {
        Files::new().scratch().expect("a database")
    }

    #[test]
    fn what_was_made_is_read_back_and_the_file_goes() {
        let mut scratch = scratch();
        let path = scratch.login().path.expect("a file");
        scratch
            .run("CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT NOT NULL)")
            .expect("it runs");
        scratch.run("CREATE INDEX ix ON a (b)").expect("it runs");
        scratch
            .run("CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM a WHERE id < 0; DELETE FROM a WHERE b = ''; END")
            .expect("it runs");
        scratch.release();
        let read = scratch.read().expect("a schema");
        assert_eq!(read.unread, Vec::<String>::new());
        let table = read.database.table(&ObjectName::plain("a")).expect("the table");
        assert_eq!(table.columns.len(), 2);
        assert!(table.index("ix").is_some());
        assert_eq!(read.database.objects.len(), 1);
        assert_eq!(read.database.tables.len(), 1, "SQLite's own tables are not told");
        scratch.close().expect("it goes");
        assert!(!path.exists());
    }

    #[test]
    fn a_refusal_says_what_the_database_said() {
        let refused = scratch().run("ALTER TABLE nowhere ADD COLUMN a TEXT");
        assert_eq!(refused, Err(RunError::Refused("no such table: nowhere".to_owned())));
    }
}
