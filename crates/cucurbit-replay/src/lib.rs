//! Follows what Alembic migrations do to a schema, without running them.
//!
//! A [`Replayer`] holds a database as a value. [`Replayer::step`] follows `upgrade()` or `downgrade()` of one
//! revision file: every `op.*` call and every statement becomes changes that are applied to the state, with the
//! place of the call. What cannot be told becomes an unknown effect with an extent; nothing is left out in
//! silence. Inspectors and simple catalog queries are answered from the state.

mod batch;
mod catalog;
mod connection;
mod host;
mod inspector;
mod mapped;
mod memo;
mod objects;
mod objects_call;
mod operations;
mod parameters;
mod plugins;
mod random;
mod record;
mod reflection;
mod replayer;
mod session;
mod sql;
mod texts;

pub use cucurbit_alembic::{ParsedFiles, ProjectFiles, parse_file};
pub use record::{Certainty, Operation};
pub use replayer::{Direction, Outcome, ReplayOptions, Replayer, Step, Trial, target_metadata};
