//! What was done, where, and how surely.

use cucurbit_python::eval::Place;
use cucurbit_schema::{Applied, Change, Origin};

/// How sure it is that an operation happens just so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certainty {
    /// It follows from the text alone.
    Exact,
    /// It happens only if a condition holds that cannot be told; the likelier way was taken.
    Guarded {
        /// The condition.
        place: Place,
        /// Why it cannot be told.
        reason: String,
    },
    /// Part of what it does cannot be told, and why.
    Unknown(String),
}

/// One call of a migration that may change the schema, with what it does.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Its number: what the objects that it makes carry as their origin.
    pub origin: Origin,
    /// Where it stands.
    pub place: Place,
    /// The calls under way, outermost first.
    pub frames: Vec<Place>,
    /// What is called (`create_table`, `execute`).
    pub call: String,
    /// It is one of a `batch_alter_table`: on SQLite Alembic may make the table anew for it.
    pub batch: bool,
    /// The changes with what came of them, in order.
    pub changes: Vec<(Change, Applied)>,
    /// How sure it is.
    pub certainty: Certainty,
    /// What it says of what it changes and how that was before (`existing_type` and the like), as changes that would
    /// bring it back.
    pub said: Vec<Change>,
}
