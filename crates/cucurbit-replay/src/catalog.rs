//! Queries of the database's own catalog, answered from the state.

use crate::host::Ev;
use crate::objects::{Rows, Scalar};
use cucurbit_schema::sql;

/// Answers the usual questions whether something exists; `None` for anything else.
pub(crate) fn answer(ev: &Ev<'_>, text: &str) -> Option<Rows> {
    let answer = sql::answer(text, &ev.host.db)?;
    Some(match (answer.selects, answer.exists) {
        (sql::Selects::Exists, exists) => Rows::One(vec![Some(Scalar::Bool(exists))]),
        (sql::Selects::Count, exists) => Rows::One(vec![Some(Scalar::Int(i64::from(exists)))]),
        (_, false) => Rows::Empty,
        (sql::Selects::One, true) => Rows::One(vec![Some(Scalar::Int(1))]),
        (sql::Selects::Columns, true) => Rows::One(vec![None]),
    })
}
