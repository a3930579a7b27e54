//! SQLAlchemy's objects, as the evaluator keeps them, read as parts of a database schema.
//!
//! The evaluator of `cucurbit-python` leaves a call of something outside the project as a term. This crate
//! knows what such terms of SQLAlchemy mean: which type a `sa.String(50)` is on a dialect, which column a
//! `Column(…)` makes, which constraints and indexes come with a `Table(…)`, which SQL a `func.now()` becomes.
//! It reads neither migrations nor mapped classes; who does hands it the terms.
//!
//! What cannot be read is an [`Unreadable`] or a type of kind `Unknown`, never left out in silence.

mod calls;
mod column;
mod compile;
mod constraints;
mod convention;
mod creation;
mod defaults;
mod given;
mod index;
mod kinds;
mod metadata;
mod names;
mod objects;
mod parts;
mod quoting;
mod reading;
mod registry;
mod settings;
mod statement;
mod stored;
mod table;
mod terms;
mod types;

pub use calls::{assigned, attribute, call, dialect_test, items, operate, truth};
pub use column::{ColumnParts, added_column, column, column_parts};
pub use compile::compile;
pub use constraints::constraint;
pub use convention::{NameText, Named, NamedColumn, NamingConvention, Parts, truncated};
pub use defaults::{ServerDefault, sequence, sequence_and_start, server_default, split_on_update};
pub use given::name_text;
pub use index::{index, index_of};
pub use metadata::metadata_key;
pub use names::{canonical_name, is_flask_extension};
pub use objects::DialectObject;
pub use parts::{PartOfTable, constraint_of_table, index_of_table};
pub use reading::{
    AddedColumn, Affinity, Autoincrement, ColumnReading, EnumReading, ForeignKeyReading, IntegerSize,
    Statement, TableReading, TypeCheck, TypeReading,
};
pub use registry::{MetaData, MetaDataKey, RegisteredTable, Registry};
pub use settings::{Environment, Settings, Unreadable, Version};
pub use statement::statement;
pub use stored::{stored_default, stored_items, stored_keywords, stored_type};
pub use table::{assemble, table, table_name, table_term};
pub use types::{data_type, enum_of};

#[cfg(test)]
mod tests;
