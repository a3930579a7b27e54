//! The revision graph and every question about a chain.

mod graph;
mod map;
mod row;

pub use graph::{GraphRow, Node, Reference, References, RevisionGraph, RowIndex};
pub use map::{
    Action, Answer, BookkeepingFault, ErrorKind, Identifier, Loaded, MapError, Place, Plan, RevisionMap,
    RevisionView, RowChange, Span, Step,
};
pub use row::{RevisionRow, Value};
