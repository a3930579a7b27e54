//! Proofs that a chain builds what it is said to build: by replay, on a database, and by the project's own Alembic.

mod alembic;
mod database;
mod mysql;
mod replay;

use crate::case::Case;
use crate::replay::{SchemaError, SchemaOptions};
use cucurbit_replay::Direction;
use cucurbit_schema::{Database, Dialect, Difference, DifferenceKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use cucurbit_verify::{Alembic, Error as DatabaseError, Programs, Server, Target, connect};

/// What is to be verified.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// The chain's end and how it is read. The dialect is that of the replay; on a database it is the database's.
    pub schema: SchemaOptions,
    /// Downgrades are left out.
    pub upgrade_only: bool,
    /// The chain must also end in the schema of these models; an empty list means those of `env.py`.
    pub models: Option<Vec<PathBuf>>,
    /// The chain must also end in this schema, which is one of the dialect that it says.
    pub dump: Option<Database>,
    /// Alembic goes step by step too, down and up again at each revision.
    pub alembic_steps: bool,
    /// Set by somebody else when the work is to be given up; looked at between statements.
    pub interrupted: Option<Arc<AtomicBool>>,
}

impl VerifyOptions {
    /// Asks for all that needs no more than the chain, up to its heads.
    #[must_use]
    pub fn new(schema: SchemaOptions) -> Self {
        VerifyOptions {
            schema,
            upgrade_only: false,
            models: None,
            dump: None,
            alembic_steps: false,
            interrupted: None,
        }
    }

    fn look(&self) -> Result<(), DatabaseError> {
        match &self.interrupted {
            Some(flag) if flag.load(Ordering::Relaxed) => Err(DatabaseError::Interrupted),
            _ => Ok(()),
        }
    }
}

/// What a proof came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Everything was followed and is as it should be.
    Proved,
    /// Nothing fails, and something could not be told.
    CannotTell,
    /// Something fails or differs.
    Fails,
}

impl Verdict {
    /// Returns the words for it: `proved`, `cannot tell`, `fails`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Proved => "proved",
            Verdict::CannotTell => "cannot tell",
            Verdict::Fails => "fails",
        }
    }
}

/// How much an issue weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Worth knowing; it does not count.
    Note,
    /// It cannot be told.
    CannotTell,
    /// It fails or differs.
    Fails,
}

impl Weight {
    /// Returns the words for it: `note`, `cannot tell`, `fails`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Weight::Note => "note",
            Weight::CannotTell => "cannot tell",
            Weight::Fails => "fails",
        }
    }
}

/// Which way a revision was being followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leg {
    /// Its upgrade.
    Upgrade,
    /// Its downgrade, from where the upgrade led.
    Downgrade,
    /// Its upgrade once more, from where the downgrade led.
    Again,
}

impl Leg {
    /// Returns the words for it: `upgrade`, `downgrade`, `upgrade again`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Leg::Upgrade => "upgrade",
            Leg::Downgrade => "downgrade",
            Leg::Again => "upgrade again",
        }
    }

    pub(crate) fn direction(self) -> Direction {
        match self {
            Leg::Upgrade | Leg::Again => Direction::Upgrade,
            Leg::Downgrade => Direction::Downgrade,
        }
    }
}

/// Something that a proof met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// How much it weighs.
    pub weight: Weight,
    /// The revision, where it is one's.
    pub revision: Option<String>,
    /// Which way it was being followed.
    pub leg: Option<Leg>,
    /// The file and the line (counted from 1), where there is one.
    pub place: Option<(PathBuf, u32)>,
    /// What it is, in words; may hold names and texts of the input.
    pub text: String,
    /// The statement that the database refused.
    pub statement: Option<String>,
}

impl Issue {
    fn new(weight: Weight, text: String) -> Self {
        Issue { weight, revision: None, leg: None, place: None, text, statement: None }
    }
}

/// How something was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// By following the migrations, without a database.
    Replay,
    /// By running what was followed as statements on a database, and reading that back.
    Statements,
    /// By the project's own Alembic on a database, which is read back.
    Alembic,
}

impl Method {
    /// Returns the word for it: `replay`, `statements`, `alembic`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Replay => "replay",
            Method::Statements => "statements",
            Method::Alembic => "alembic",
        }
    }
}

/// One proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// How it was made.
    pub method: Method,
    /// Whose rules applied.
    pub dialect: Dialect,
    /// The database and its version; `None` for a replay.
    pub on: Option<String>,
    /// How many revisions the chain has.
    pub revisions: usize,
    /// How many operations were known exactly, and how many there are.
    pub operations: (usize, usize),
    /// How many statements were run.
    pub statements: usize,
    /// How many downgrades were followed and led back.
    pub undone: usize,
    /// How many changes are about rows and were passed over.
    pub rows: usize,
    /// What it met, in the order of the revisions.
    pub issues: Vec<Issue>,
}

impl Proof {
    fn new(method: Method, dialect: Dialect) -> Self {
        Proof {
            method,
            dialect,
            on: None,
            revisions: 0,
            operations: (0, 0),
            statements: 0,
            undone: 0,
            rows: 0,
            issues: Vec::new(),
        }
    }

    /// Returns what it came to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.issues.iter().map(|issue| issue.weight).max() {
            Some(Weight::Fails) => Verdict::Fails,
            Some(Weight::CannotTell) => Verdict::CannotTell,
            Some(Weight::Note) | None => Verdict::Proved,
        }
    }
}

/// What all proofs of a chain come to: it fails where one fails. What a replay cannot tell is settled where the
/// project's own Alembic made just what was replayed, on a database of the same dialect.
#[must_use]
pub fn verdict(proofs: &[Proof]) -> Verdict {
    let settled = |dialect: Dialect| {
        proofs.iter().any(|proof| {
            proof.method == Method::Alembic && proof.dialect == dialect && proof.verdict() == Verdict::Proved
        })
    };
    let of = |proof: &Proof| match proof.verdict() {
        Verdict::CannotTell if settled(proof.dialect) => Verdict::Proved,
        verdict => verdict,
    };
    proofs.iter().map(of).max().unwrap_or(Verdict::CannotTell)
}

/// Why a chain cannot be verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The chain cannot be followed.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A database or a program does not do what it must.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Case {
    /// Follows the chain from an empty database to its end, and each migration forth, back and forth again, without
    /// a database; says whether all fits, leads back, and ends in what models or a dump say.
    ///
    /// Costs four passes over the functions of the migrations.
    ///
    /// # Errors
    /// When there is no revision, or not the one that is asked for.
    pub fn verify(&self, options: &VerifyOptions) -> Result<Proof, SchemaError> {
        Ok(replay::Followed::new(self, options)?.prove(self, options))
    }

    /// Does what [`Case::verify`] does in the dialect of a server, then runs what was followed as statements on
    /// scratch databases: all upgrades in one run, then each revision up, down and up again. After each of these the
    /// catalogue is compared with the replay.
    ///
    /// Statements about rows are not run: the databases are empty. Returns the proof by replay and the one by
    /// database.
    ///
    /// # Errors
    /// When the chain cannot be followed, and when a database cannot be made, read or dropped.
    pub fn verify_on(
        &self,
        options: &VerifyOptions,
        server: &mut dyn Server,
    ) -> Result<Vec<Proof>, VerifyError> {
        let options = self.for_server(options, server);
        let followed = replay::Followed::new(self, &options)?;
        let proof = followed.prove(self, &options);
        let on_database = database::prove(self, &followed, &options, server)?;
        Ok(vec![proof, on_database])
    }

    /// Lets the project's own Alembic upgrade a scratch database, and compares what it made with the replay.
    ///
    /// This runs the migrations and `env.py`, with all that they do.
    ///
    /// # Errors
    /// When the chain cannot be followed, Alembic cannot be started, or a database cannot be made, read or dropped.
    pub fn verify_with(
        &self,
        options: &VerifyOptions,
        server: &mut dyn Server,
        alembic: &Alembic,
    ) -> Result<Proof, VerifyError> {
        let options = self.for_server(options, server);
        let followed = replay::Followed::new(self, &options)?;
        Ok(alembic::prove(self, &followed, &options, server, alembic)?)
    }

    fn for_server(&self, options: &VerifyOptions, server: &dyn Server) -> VerifyOptions {
        let mut options = options.clone();
        options.schema.dialect = server.dialect();
        options
    }
}

/// Says a difference between what was replayed and what a database holds.
fn describe(difference: &Difference, left: &str, right: &str) -> String {
    let object = &difference.object;
    match &difference.kind {
        DifferenceKind::OnlyLeft => format!("{object}: only {left} has it"),
        DifferenceKind::OnlyRight => format!("{object}: only {right} has it"),
        DifferenceKind::Changed { attribute, left: a, right: b } => {
            format!("{object}: {attribute}: {a} in {left}, {b} in {right}")
        }
    }
}
