//! What goes wrong with databases and programs.

use std::path::PathBuf;

/// Why a scratch database cannot be made, read or dropped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system is left out of this build.
    #[error("this build has no `{feature}`: build with `--features {feature}`")]
    NotBuiltIn {
        /// The cargo feature.
        feature: &'static str,
    },
    /// The address makes no sense.
    #[error("`{text}` is no database: {reason}")]
    BadTarget {
        /// What was given, without a password.
        text: String,
        /// Why.
        reason: String,
    },
    /// A program is not installed.
    #[error("there is no program `{program}`: {purpose}")]
    NoProgram {
        /// Its name.
        program: &'static str,
        /// What it is needed for, and what to do.
        purpose: &'static str,
    },
    /// A program failed.
    #[error("{program} failed: {message}")]
    ProgramFailed {
        /// Its name.
        program: String,
        /// What it said.
        message: String,
    },
    /// A file or folder of our own.
    #[error("{path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Nobody answers, or we are not let in.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The server refuses one of our own statements.
    #[error("{what}: {message}")]
    Server {
        /// What we wanted.
        what: &'static str,
        /// What it says.
        message: String,
    },
    /// The new database is not empty.
    #[error("the new database `{0}` is not empty, so it is not used")]
    NotEmpty(String),
    /// A scratch database could not be dropped.
    #[error("the database `{name}` could not be dropped and is still there: {message}")]
    NotDropped {
        /// Its name.
        name: String,
        /// Why.
        message: String,
    },
    /// Somebody asked us to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Why a statement did not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunError {
    /// The database refuses it, and says why.
    Refused(String),
    /// The connection is lost.
    Lost(String),
}
