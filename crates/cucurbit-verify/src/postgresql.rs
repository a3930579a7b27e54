//! PostgreSQL. The catalogue is read back with `pg_dump --schema-only`, because the server's own program writes
//! every object in full for each version of the server, and the reader of dumps is there.

#[cfg(unix)]
use crate::cluster::Cluster;
use crate::{Error, Login, Programs, ReadBack, RunError, Scratch, Server, scratch_name};
use cucurbit_schema::Dialect;
use postgres::config::Host;
use postgres::{Client, Config, NoTls};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::str::FromStr;

/// Connects to a server, or starts one of our own.
pub(crate) fn connect(url: Option<&str>, programs: &Programs) -> Result<Box<dyn Server>, Error> {
    let pg_dump = programs.find_postgresql("pg_dump").ok_or(Error::NoProgram {
        program: "pg_dump",
        purpose: "it reads the catalogue back; install the client programs of PostgreSQL",
    })?;
    let mut found = match url {
        Some(url) => {
            let config = Config::from_str(url).map_err(|error| Error::BadTarget {
                text: "the address of the PostgreSQL server".to_owned(),
                reason: error.to_string(),
            })?;
            PostgreSql { config, pg_dump, version: String::new(), cluster: None }
        }
        #[cfg(unix)]
        None => {
            let cluster = Rc::new(Cluster::start(programs)?);
            PostgreSql { config: cluster.config(), pg_dump, version: String::new(), cluster: Some(cluster) }
        }
        #[cfg(not(unix))]
        None => {
            return Err(Error::BadTarget {
                text: "postgresql".to_owned(),
                reason: "a server of our own is started on Unix alone; give an address".to_owned(),
            });
        }
    };
    let mut client = found.config.connect(NoTls).map_err(|error| Error::Connect(said(&error)))?;
    let row = client.query_one("SHOW server_version", &[]).map_err(|error| Error::Connect(said(&error)))?;
    found.version = row.get::<_, String>(0).split_whitespace().next().unwrap_or_default().to_owned();
    Ok(Box::new(found))
}

#[cfg(not(unix))]
struct Cluster;

struct PostgreSql {
    config: Config,
    pg_dump: PathBuf,
    version: String,
    cluster: Option<Rc<Cluster>>,
}

impl Server for PostgreSql {
    fn dialect(&self) -> Dialect {
        Dialect::PostgreSql
    }

    fn name(&self) -> String {
        format!("PostgreSQL {}", self.version)
    }

    fn scratch(&mut self) -> Result<Box<dyn Scratch>, Error> {
        let mut admin = self.config.connect(NoTls).map_err(|error| Error::Connect(said(&error)))?;
        let name = scratch_name();
        // `template0` is surely empty; the name is our own, letters and digits.
        let sql = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'");
        admin.batch_execute(&sql).map_err(|error| Error::Server {
            what: "a scratch database cannot be made",
            message: said(&error),
        })?;
        let mut own = self.config.clone();
        own.dbname(&name);
        let mut made = Own {
            admin: self.config.clone(),
            config: own,
            name: name.clone(),
            pg_dump: self.pg_dump.clone(),
            client: None,
            dropped: false,
            _cluster: self.cluster.clone(),
        };
        let tables = "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
            WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')";
        let failed = |error: &postgres::Error| Error::Server {
            what: "the scratch database cannot be looked at",
            message: said(error),
        };
        let client = made.client().map_err(|error| failed(&error))?;
        let count: i64 = client.query_one(tables, &[]).map_err(|error| failed(&error))?.get(0);
        if count > 0 {
            return Err(Error::NotEmpty(name));
        }
        Ok(Box::new(made))
    }
}

/// A database that we made.
struct Own {
    admin: Config,
    config: Config,
    name: String,
    pg_dump: PathBuf,
    client: Option<Client>,
    dropped: bool,
    /// The server stays as long as the database.
    _cluster: Option<Rc<Cluster>>,
}

impl Own {
    fn client(&mut self) -> Result<&mut Client, postgres::Error> {
        let client = match self.client.take().filter(|client| !client.is_closed()) {
            Some(client) => client,
            None => {
                let mut client = self.config.connect(NoTls)?;
                client.batch_execute("SET check_function_bodies = false; SET client_min_messages = error")?;
                client
            }
        };
        Ok(self.client.insert(client))
    }

    fn drop_it(&mut self) -> Result<(), Error> {
        self.client = None;
        self.dropped = true;
        let failed = |message: String| Error::NotDropped { name: self.name.clone(), message };
        let mut admin = self.admin.connect(NoTls).map_err(|error| failed(said(&error)))?;
        // Servers before 13 know no FORCE.
        admin
            .batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name))
            .or_else(|_| admin.batch_execute(&format!("DROP DATABASE IF EXISTS {}", self.name)))
            .map_err(|error| failed(said(&error)))
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
        let client = self.client().map_err(|error| RunError::Lost(said(&error)))?;
        client.batch_execute(sql).map_err(|error| {
            if error.as_db_error().is_some() {
                RunError::Refused(said(&error))
            } else {
                RunError::Lost(said(&error))
            }
        })
    }

    fn read(&mut self) -> Result<ReadBack, Error> {
        let login = self.login();
        let mut command = Command::new(&self.pg_dump);
        command.args(["--schema-only", "--no-owner", "--no-privileges"]);
        // A password on the command line could be read by others.
        for name in ["PGSERVICE", "PGSERVICEFILE", "PGHOSTADDR", "PGPASSFILE", "PGOPTIONS"] {
            command.env_remove(name);
        }
        for (name, value) in [
            ("PGHOST", &login.host),
            ("PGPORT", &login.port.map(|port| port.to_string())),
            ("PGUSER", &login.user),
            ("PGPASSWORD", &login.password),
            ("PGDATABASE", &login.database),
        ] {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let failed = |message: String| Error::ProgramFailed { program: "pg_dump".to_owned(), message };
        let output = command.stdin(Stdio::null()).output().map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        let dump = String::from_utf8_lossy(&output.stdout);
        let (database, unread) = cucurbit_schema::sql::load(&dump, Dialect::PostgreSql);
        Ok(ReadBack { database, unread })
    }

    fn login(&self) -> Login {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => Some(host.clone()),
            #[cfg(unix)]
            Some(Host::Unix(folder)) => Some(folder.display().to_string()),
            None => self.config.get_hostaddrs().first().map(ToString::to_string),
        };
        Login {
            host,
            port: Some(self.config.get_ports().first().copied().unwrap_or(5432)),
            user: self.config.get_user().map(str::to_owned),
            password: self.config.get_password().map(|word| String::from_utf8_lossy(word).into_owned()),
            database: Some(self.name.clone()),
            ..Login::new(Dialect::PostgreSql)
        }
    }

    fn release(&mut self) {
        self.client = None;
    }

    fn close(mut self: Box<Self>) -> Result<(), Error> {
        self.drop_it()
    }
}

/// What the server says, in one line.
fn said(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => match error.detail() {
            Some(detail) => format!("{} ({})", error.message(), detail.replace('\n', " ")),
            None => error.message().to_owned(),
        },
        None => {
            let mut text = error.to_string();
            let mut source = std::error::Error::source(error);
            while let Some(cause) = source {
                text.push_str(&format!(": {cause}"));
                source = cause.source();
            }
            text
        }
    }
}
