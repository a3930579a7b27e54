//! The database schema as a value: what stands in it, the changes that apply to it, SQL read into
//! changes, and DDL written from it.
//!
//! Pure: nothing here opens a file or a connection, and nothing knows a revision id or Python. Who
//! applies a change says where it comes from by an [`Origin`], a number of their own. Applying is
//! total: a change that does not fit gives [`Mismatch`]es, never a stop. What cannot be known is an
//! [`UnknownEffect`] with an [`Extent`], which is neither presence nor absence.

mod apply;
pub mod between;
pub mod change;
pub mod ddl;
pub mod diff;
pub mod expression;
mod inverse;
pub mod map;
pub mod model;
pub mod names;
pub mod sql;
mod words;

pub use apply::columns::castable;
pub use apply::constraints::never_compare;
pub use between::between;
pub use change::{
    Applied, Change, ColumnAlteration, Extent, LabelPosition, Mismatch, MismatchKind, ObjectRef, Position,
    RowEffect, TypeHint, UnknownEffect,
};
pub use ddl::steps::{Steps, Work, steps};
pub use ddl::{Ddl, DdlStatement, Omission, ddl, quote_name, quote_object, quote_string, type_sql};
pub use diff::{Difference, DifferenceKind, diff};
pub use inverse::EvidenceForInverse;
pub use map::{Map, Tables};
pub use model::{
    Action, CheckMode, Column, Computed, Constraint, ConstraintBody, ConstraintKind, DataType, Database,
    Default, Dialect, EnumType, Identity, Index, IndexKey, KeyPart, NameKind, NamedObject, NullsOrder,
    ObjectKind, ObjectName, Order, Origin, Rows, Sequence, SequenceOptions, Table, TypeKind, UNTOLD,
};
pub use names::identity_sequence;
