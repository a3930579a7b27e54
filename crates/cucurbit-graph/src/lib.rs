//! The revision graph and every question about a chain.

mod row;

pub use row::{RevisionRow, Value};
