//! SQL expressions, as SQLAlchemy compiles them for DDL.

use crate::constraints::of_reading;
use crate::convention::NamedColumn;
use crate::reading::ColumnReading;
use crate::settings::{Environment, Unreadable, unreadable};
use crate::{quoting, terms};
use cucurbit_python::eval::{Evaluator, Value};

/// The columns among which an expression stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) columns: &'a [ColumnReading],
}

/// An expression as text, with the columns that stand in it.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) text: String,
    pub(crate) columns: Vec<NamedColumn>,
}

/// Writes an SQL expression as it stands in DDL, values written out.
///
/// # Errors
/// Why it cannot be told.
pub fn compile<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Result<String, Unreadable> {
    in_ddl(ev, value, Scope { columns: &[] }).map(|c| c.text)
}

/// Writes an expression where a string is SQL too.
pub(crate) fn in_ddl<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    scope: Scope<'_>,
) -> Result<Compiled, Unreadable> {
    if let Some(text) = terms::text_of(ev, value) {
        return Ok(Compiled { text, columns: Vec::new() });
    }
    if let Some(column) = column_of(ev, value, scope.columns) {
        let text = quoting::name(&column.name, ev.host.settings().dialect);
        return Ok(Compiled { text, columns: vec![column] });
    }
    let Some(call) = terms::called(ev, value) else {
        return Err(unreadable(ev, value, "the expression cannot be told"));
    };
    let first = call.arguments.positional.first().cloned();
    match (call.name.as_ref(), first) {
        ("text" | "literal_column", Some(first)) => match terms::text_of(ev, &first) {
            Some(text) => Ok(Compiled { text, columns: Vec::new() }),
            None => Err(unreadable(ev, &first, "the expression cannot be told")),
        },
        _ => Err(unreadable(ev, value, "the expression cannot be told")),
    }
}

/// The column that a value stands for.
pub(crate) fn column_of<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    columns: &[ColumnReading],
) -> Option<NamedColumn> {
    if let Some(settled) = crate::calls::settle_column(ev, value) {
        if let Value::Term(term) = &settled
            && let Some(found) = columns.iter().find(|c| c.serial == Some(term.serial))
        {
            return Some(of_reading(found));
        }
        let name = crate::column::name_of(ev, &settled)?;
        let key = terms::called(ev, &settled)
            .and_then(|c| c.arguments.keyword("key").cloned())
            .and_then(|k| terms::text_of(ev, &k));
        return Some(NamedColumn { key: key.unwrap_or_else(|| name.clone()), name });
    }
    if let Some((_, name)) = H::column_home(ev, value) {
        return Some(NamedColumn::new(name));
    }
    let (owner, name) = terms::attribute_term(value)?;
    let (owner, name) = (owner.clone(), name.to_owned());
    match terms::attribute_term(&owner) {
        Some((_, "c" | "columns")) => Some(NamedColumn::new(name)),
        _ => None,
    }
}
