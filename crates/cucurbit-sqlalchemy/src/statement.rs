//! Statements on rows.

use crate::reading::Statement;
use crate::settings::Environment;
use cucurbit_python::eval::{Evaluator, Value};

/// Reads which tables a statement touches; `None` when the value is no statement.
pub fn statement<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<Statement> {
    let _ = (ev, value);
    None
}
