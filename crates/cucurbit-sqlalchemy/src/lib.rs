//! SQLAlchemy's objects, as the evaluator keeps them, read as parts of a database schema.
//!
//! The evaluator of `cucurbit-python` leaves a call of something outside the project as a term. This crate
//! knows what such terms of SQLAlchemy mean: which type a `sa.String(50)` is on a dialect, which column a
//! `Column(…)` makes, which constraints and indexes come with a `Table(…)`, which SQL a `func.now()` becomes.
//! It reads neither migrations nor mapped classes; who does hands it the terms.
//!
//! What cannot be read is an [`Unreadable`] or a type of kind `Unknown`, never left out in silence.

mod api;
mod convention;
mod names;
mod objects;
mod reading;
mod registry;
mod settings;
mod terms;

pub use api::*;
pub use convention::{NameText, Named, NamedColumn, NamingConvention, Parts, truncated};
pub use names::canonical_name;
pub use objects::DialectObject;
pub use reading::{
    AddedColumn, Affinity, Autoincrement, ColumnReading, EnumReading, ForeignKeyReading, IntegerSize,
    Statement, TableReading, TypeCheck, TypeReading,
};
pub use registry::{MetaData, MetaDataKey, RegisteredTable, Registry};
pub use settings::{Environment, Settings, Unreadable, Version};
