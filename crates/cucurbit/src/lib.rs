//! Forensics of Alembic migration chains, without running any Python.
//!
//! [`diagnose`] reads a folder, however broken, and says everything that is wrong with the chains
//! in it. [`report`] turns the answer into text or JSON. Nothing here prints, writes a file or
//! reads the environment of the process.
//!
//! ```
//! use cucurbit::{Options, diagnose, report};
//! # let folder = std::env::temp_dir().join(format!("cucurbit-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(folder.join("versions")).unwrap();
//! # std::fs::write(folder.join("versions/b2.py"), "revision = 'b2'\ndown_revision = 'a1'\n\ndef upgrade(): pass\n").unwrap();
//!
//! let diagnosis = diagnose(&folder, &Options::default())?;
//! assert_eq!(diagnosis.environments[0].findings[0].rule.name, "missing-base");
//! println!("{}", report::text(&diagnosis, &report::TextOptions::default()));
//! # std::fs::remove_dir_all(&folder).unwrap();
//! # Ok::<(), cucurbit::Error>(())
//! ```

mod alembic_answer;
mod blame;
mod case;
mod catch_up;
mod convention;
mod diagnose;
mod dialects;
mod drift;
mod excluded;
mod finding;
mod history;
mod locate;
mod models;
mod options;
mod others;
mod reconstruct;
mod replay;
pub mod report;
pub mod rules;
mod schema_diff;
mod spoken;
mod squash;
mod undo;
pub mod verify;
mod version;
mod way_back;
mod written;

pub use alembic_answer::{AlembicAnswer, AlembicError};
pub use blame::{Blame, BlameEntry, BlameError, Deed};
pub use case::{Case, IgnoredFile};
pub use catch_up::{CatchUp, CatchUpError, CatchUpOptions, RenameQuestion};
pub use cucurbit_models::{ModelTable, Models, SourceLine, Unresolved};
pub use cucurbit_reconstruct::{Assumption, Level};
pub use cucurbit_replay::{Certainty, Operation, Outcome as WayEnd};
pub use cucurbit_sqlalchemy::Version as SqlAlchemyVersion;
pub use diagnose::{Diagnosis, EnvironmentDiagnosis, Error, Options, cases, diagnose};
pub use dialects::{DialectEvidence, Dialects};
pub use drift::{Baseline, Drift, DriftPlace, DriftSide, describe_drift, drift, drift_json, place_drift};
pub use finding::{Finding, Place, Related, RuleInfo, Severity, Tie};
pub use locate::{Distance, Location};
pub use models::{import_roots_of, read_models};
pub use others::{TablePattern, forget_tables};
pub use reconstruct::{
    Companion, Evidence, EvidenceSource, GapKind, NeededRows, ReconstructError, ReconstructOptions,
    Reconstruction, Reparenting, UnregisteredOption, Untold, made_by, reconstruction_json,
};
pub use replay::{
    ReplayedChain, ReplayedRevision, SchemaError, SchemaOptions, forget_version_table, stopped,
};
pub use squash::{CarriedStep, Squash, SquashError, SquashOptions, SquashedRevision, StepKind};
pub use undo::UndoneRevision;
pub use version::{read_version, sqlalchemy_version};

pub use schema_diff::SchemaDiff;

pub use cucurbit_alembic as alembic;
pub use cucurbit_graph as graph;
pub use cucurbit_schema as schema;
