//! Scratch databases: made under a name of their own, filled, read back, and dropped again.
//!
//! A [`Server`] makes them; a [`Scratch`] is one. Which systems are there depends on the features `sqlite`,
//! `postgresql` and `mysql`; asking for another gives an error that names the feature. Nothing here touches a
//! database that it did not make: a server's own database is connected to, to make others beside it, and no
//! statement that changes anything is run in it but `CREATE DATABASE` and `DROP DATABASE`.
//!
//! [`Alembic`] runs a project's own Alembic on a scratch database. It is the one thing that runs Python, and only
//! who asks for it gets it.

mod alembic;
#[cfg(all(feature = "postgresql", unix))]
mod cluster;
mod error;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgresql")]
mod postgresql;
mod programs;
#[cfg(feature = "sqlite")]
mod sqlite;
mod target;

pub use alembic::{Alembic, AlembicFailure, Login};
pub use error::{Error, RunError};
pub use programs::Programs;
pub use target::Target;

use cucurbit_schema::{Database, Dialect};

/// What can make scratch databases.
pub trait Server {
    /// Returns whose SQL the databases speak.
    fn dialect(&self) -> Dialect;

    /// Returns its name and version, for people: `SQLite 3.51.0`.
    fn name(&self) -> String;

    /// Makes an empty database under a new name.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    fn scratch(&mut self) -> Result<Box<dyn Scratch>, Error>;
}

/// One scratch database. It is dropped when the value is; [`Scratch::close`] also says whether that went well.
pub trait Scratch {
    /// Runs one statement, committed at once.
    ///
    /// # Errors
    /// What the database says when it refuses, and when the connection is lost.
    fn run(&mut self, sql: &str) -> Result<(), RunError>;

    /// Reads the schema back from the catalogue.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    fn read(&mut self) -> Result<ReadBack, Error>;

    /// Returns how another program connects to it.
    fn login(&self) -> Login;

    /// Lets go of the connection, so that another program has the database for itself; the next use connects again.
    fn release(&mut self);

    /// Drops it.
    ///
    /// # Errors
    /// When it is still there; the error says under which name.
    fn close(self: Box<Self>) -> Result<(), Error>;
}

/// A schema as a database tells it.
#[derive(Debug, Clone)]
pub struct ReadBack {
    /// The schema.
    pub database: Database,
    /// Statements of the catalogue that were not understood; what they make is not in the schema.
    pub unread: Vec<String>,
}

/// Connects to what a target names, or starts it.
///
/// # Errors
/// When the feature is not built in, the address makes no sense, a program is missing, or nobody answers.
pub fn connect(target: &Target, programs: &Programs) -> Result<Box<dyn Server>, Error> {
    match target {
        #[cfg(feature = "sqlite")]
        Target::Sqlite => Ok(Box::new(sqlite::Files::new())),
        #[cfg(feature = "postgresql")]
        Target::PostgreSql(url) => postgresql::connect(url.as_deref(), programs),
        #[cfg(feature = "mysql")]
        Target::MySql(url) => mysql::connect(url),
        #[allow(unreachable_patterns)]
        other => {
            let _ = programs;
            Err(Error::NotBuiltIn { feature: other.feature() })
        }
    }
}

/// A name that no other database has, short enough for every system.
#[cfg(any(feature = "postgresql", feature = "mysql"))]
fn scratch_name() -> String {
    format!("cucurbit_verify_{}", random())
}

/// Sixteen hexadecimal digits from the keys that the standard library draws for its hash maps.
#[cfg(any(feature = "postgresql", feature = "mysql"))]
fn random() -> String {
    use std::hash::{BuildHasher, Hasher};
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    format!("{:016x}", hasher.finish())
}

/// Reads statements of a catalogue, each of which makes one thing.
#[cfg(any(feature = "sqlite", feature = "mysql"))]
fn read_statements(statements: &[String], dialect: Dialect) -> ReadBack {
    let mut database = Database::new(dialect);
    let mut unread = Vec::new();
    for statement in statements {
        let read = cucurbit_schema::sql::read_one(statement, dialect, &database);
        for change in &read.changes {
            if let cucurbit_schema::Change::Unknown(effect) = change {
                unread.push(format!("{}: {}", effect.reason, effect.text));
            }
            // What a catalogue holds is there, in whatever order it is told.
            database.apply(change, cucurbit_schema::Origin::default());
        }
    }
    cucurbit_schema::sql::forget_shadow_tables(&mut database);
    ReadBack { database, unread }
}
