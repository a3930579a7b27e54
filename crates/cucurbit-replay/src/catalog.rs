//! Queries of the database's own catalog, answered from the state.

use crate::host::Ev;
use crate::objects::{NamedRow, Rows, Scalar};
use cucurbit_python::eval::Value;
use cucurbit_schema::sql;
use std::rc::Rc;

/// Answers the usual questions whether something exists; `None` for anything else.
pub(crate) fn answer(ev: &Ev<'_>, text: &str) -> Option<Rows> {
    if let Some(mut names) = sql::table_names(text, &ev.host.db) {
        // The version table is there as soon as Alembic runs.
        let version = "alembic_version";
        if !names.iter().any(|name| name == version) {
            names.push(version.to_owned());
        }
        return Some(Rows::Names { names: Rc::from(names), bare: false });
    }
    if let Some(names) = sql::listed_names(text, &ev.host.db) {
        return Some(Rows::Names { names: Rc::from(names), bare: false });
    }
    if let Some(infos) = sql::column_infos(text, &ev.host.db) {
        return Some(Rows::Many(infos.iter().enumerate().map(column_info).collect()));
    }
    let Some(answer) = sql::answer(text, &ev.host.db) else {
        let answered = sql::catalog_rows(text, &ev.host.db)?;
        let columns: Rc<[String]> = answered.columns.into();
        let row = |values: &Vec<sql::CatalogValue>| NamedRow {
            columns: Rc::clone(&columns),
            values: values.clone().into(),
        };
        // No rows are no rows, whatever their columns are called.
        return Some(match answered.rows.as_slice() {
            [] => Rows::Empty,
            rows => Rows::Named(rows.iter().map(row).collect()),
        });
    };
    Some(match (answer.selects, answer.exists) {
        (sql::Selects::Exists, exists) => Rows::One(vec![Some(Scalar::Bool(exists))]),
        (sql::Selects::Count, exists) => Rows::One(vec![Some(Scalar::Int(i64::from(exists)))]),
        (_, false) => Rows::Empty,
        (sql::Selects::True, true) => Rows::One(vec![Some(Scalar::Bool(true))]),
        (sql::Selects::One, true) => Rows::One(vec![Some(Scalar::Int(1))]),
        (sql::Selects::Columns, true) => Rows::One(vec![None]),
    })
}

/// The columns of `PRAGMA table_info`: `cid`, `name`, `type`, `notnull`, `dflt_value`, `pk`, and `hidden` of
/// `table_xinfo`.
fn column_info((at, info): (usize, &sql::ColumnInfo)) -> Vec<Option<Scalar>> {
    let number = |number: usize| i64::try_from(number).ok().map(Scalar::Int);
    let mut row = vec![
        number(at),
        Some(Scalar::Text(Rc::from(info.name.as_str()))),
        None,
        info.not_null.map(|flag| Scalar::Int(i64::from(flag))),
        None,
        number(info.key),
    ];
    row.extend(info.hidden.map(|hidden| Some(Scalar::Int(i64::from(hidden)))));
    row
}

/// A value of the catalog as Python gets it.
pub(crate) fn value(of: &sql::CatalogValue) -> Value {
    match of {
        sql::CatalogValue::Null => Value::None,
        sql::CatalogValue::Bool(truth) => Value::Bool(*truth),
        sql::CatalogValue::Int(number) => Value::Int(*number),
        sql::CatalogValue::Text(text) => Value::Str(Rc::clone(text)),
        sql::CatalogValue::List(items, _) => Value::list(items.iter().map(value).collect()),
        sql::CatalogValue::Untold => Value::unknown("the database knows", None),
    }
}
