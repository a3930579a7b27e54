//! MySQL and MariaDB. The catalogue is read back with `SHOW CREATE`, which is what `mysqldump` writes.

use crate::{Error, Login, ReadBack, RunError, Scratch, Server, read_statements, scratch_name};
use cucurbit_schema::{Dialect, quote_name};
use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder, Row};

/// Connects to a server.
pub(crate) fn connect(url: &str) -> Result<Box<dyn Server>, Error> {
    let dialect = if url.starts_with("mariadb:") { Dialect::MariaDb } else { Dialect::MySql };
    let plain = url.split_once("://").map_or(url, |(_, rest)| rest);
    let options = Opts::from_url(&format!("mysql://{plain}")).map_err(|error| Error::BadTarget {
        text: "the address of the MySQL server".to_owned(),
        reason: error.to_string(),
    })?;
    // The server's own database is not used, so that nothing can happen to it.
    let options = Opts::from(OptsBuilder::from_opts(options).db_name(None::<String>));
    let mut connection = Conn::new(options.clone()).map_err(|error| Error::Connect(error.to_string()))?;
    let version: Option<String> =
        connection.query_first("SELECT VERSION()").map_err(|error| Error::Connect(error.to_string()))?;
    Ok(Box::new(MySql { options, dialect, version: version.unwrap_or_default() }))
}

struct MySql {
    options: Opts,
    dialect: Dialect,
    version: String,
}

impl Server for MySql {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn name(&self) -> String {
        let system = if self.version.contains("MariaDB") { "MariaDB" } else { "MySQL" };
        format!("{system} {}", self.version.split('-').next().unwrap_or_default())
    }

    fn scratch(&mut self) -> Result<Box<dyn Scratch>, Error> {
        let failed = |error: mysql::Error| Error::Server {
            what: "a scratch database cannot be made",
            message: said(&error),
        };
        let name = scratch_name();
        let mut admin = Conn::new(self.options.clone()).map_err(failed)?;
        // The name is our own, letters and digits. That it is there already is an error.
        admin.query_drop(format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")).map_err(failed)?;
        Ok(Box::new(Own {
            options: Opts::from(OptsBuilder::from_opts(self.options.clone()).db_name(Some(name.clone()))),
            admin: self.options.clone(),
            dialect: self.dialect,
            name,
            connection: None,
            dropped: false,
        }))
    }
}

/// A database that we made.
struct Own {
    admin: Opts,
    options: Opts,
    dialect: Dialect,
    name: String,
    connection: Option<Conn>,
    dropped: bool,
}

impl Own {
    fn connection(&mut self) -> Result<&mut Conn, mysql::Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => Conn::new(self.options.clone())?,
        };
        Ok(self.connection.insert(connection))
    }

    fn drop_it(&mut self) -> Result<(), Error> {
        self.connection = None;
        self.dropped = true;
        let failed =
            |error: mysql::Error| Error::NotDropped { name: self.name.clone(), message: said(&error) };
        let mut admin = Conn::new(self.admin.clone()).map_err(failed)?;
        admin.query_drop(format!("DROP DATABASE IF EXISTS {}", self.name)).map_err(failed)
    }

    /// What `SHOW CREATE` says of each thing that a query names; it stands in a column of that number.
    fn shown(&mut self, word: &str, names: Vec<String>, at: usize) -> Result<Vec<String>, mysql::Error> {
        let mut found = Vec::new();
        for name in names {
            let sql = format!("SHOW CREATE {word} {}", quote_name(&name, Dialect::MySql));
            let row: Option<Row> = self.connection()?.query_first(sql)?;
            if let Some(Some(text)) = row.map(|mut row| row.take::<Option<String>, _>(at).flatten()) {
                found.push(text);
            }
        }
        Ok(found)
    }

    fn names(&mut self, sql: &str) -> Result<Vec<String>, mysql::Error> {
        self.connection()?.query(sql)
    }

    fn statements(&mut self) -> Result<Vec<String>, mysql::Error> {
        let of_type = |kind: &str| {
            format!(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = '{kind}' ORDER BY table_name"
            )
        };
        let routines = |kind: &str| {
            format!(
                "SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_type = '{kind}' ORDER BY routine_name"
            )
        };
        let mut all = Vec::new();
        if self.dialect == Dialect::MariaDb {
            let names = self.names(&of_type("SEQUENCE"))?;
            all.extend(self.shown("SEQUENCE", names, 1)?);
        }
        for (word, query, at) in [
            ("TABLE", of_type("BASE TABLE"), 1),
            ("FUNCTION", routines("FUNCTION"), 2),
            ("PROCEDURE", routines("PROCEDURE"), 2),
            ("VIEW", of_type("VIEW"), 1),
        ] {
            let names = self.names(&query)?;
            all.extend(self.shown(word, names, at)?);
        }
        let triggers = "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() ORDER BY trigger_name";
        let names = self.names(triggers)?;
        all.extend(self.shown("TRIGGER", names, 2)?);
        Ok(all)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if !self.dropped {
            _ = self.drop_it();
        }
    }
}

impl Scratch for Own {
    fn run(&mut self, sql: &str) -> Result<(), RunError> {
        let connection = self.connection().map_err(|error| RunError::Lost(error.to_string()))?;
        connection.query_drop(sql).map_err(|error| match &error {
            mysql::Error::MySqlError(_) => RunError::Refused(said(&error)),
            _ => RunError::Lost(error.to_string()),
        })
    }

    fn read(&mut self) -> Result<ReadBack, Error> {
        let statements = self
            .statements()
            .map_err(|error| Error::Server { what: "the catalogue cannot be read", message: said(&error) })?;
        // The server writes the database's own name in front of what a view names.
        let prefix = format!("`{}`.", self.name);
        let statements: Vec<String> = statements.iter().map(|sql| sql.replace(&prefix, "")).collect();
        Ok(read_statements(&statements, self.dialect))
    }

    fn login(&self) -> Login {
        let is_socket = self.options.get_socket().is_some();
        Login {
            host: (!is_socket).then(|| self.options.get_ip_or_hostname().into_owned()),
            port: (!is_socket).then(|| self.options.get_tcp_port()),
            user: self.options.get_user().map(str::to_owned),
            password: self.options.get_pass().map(str::to_owned),
            database: Some(self.name.clone()),
            path: self.options.get_socket().map(Into::into),
            ..Login::new(self.dialect)
        }
    }

    fn release(&mut self) {
        self.connection = None;
    }

    fn close(mut self: Box<Self>) -> Result<(), Error> {
        self.drop_it()
    }
}

/// What the server says, without the code around it.
fn said(error: &mysql::Error) -> String {
    match error {
        mysql::Error::MySqlError(error) => error.message.clone(),
        other => other.to_string(),
    }
}
