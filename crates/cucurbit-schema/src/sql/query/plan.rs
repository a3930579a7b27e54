//! Which rows of a table may fit: a catalog has thousands of them, and a query joins several.

use super::catalog::Relation;
use super::expression::{Row, Scope};
use super::value::Value;
use super::{Engine, folded};
use crate::model::Dialect;
use sqlparser::ast::{BinaryOperator, Expr, visit_expressions};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::rc::Rc;

/// The conditions that have to hold together.
pub(super) fn parts(condition: &Expr) -> Vec<&Expr> {
    let mut out = Vec::new();
    let mut open = vec![condition];
    while let Some(next) = open.pop() {
        match next {
            Expr::Nested(inner) => open.push(inner),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                open.push(right);
                open.push(left);
            }
            other => out.push(other),
        }
    }
    out
}

/// The tables whose columns an expression reads; `None` where that cannot be seen at once.
fn tables_of(expr: &Expr, dialect: Dialect) -> Option<Vec<String>> {
    let mut tables = Vec::new();
    let seen = visit_expressions(expr, |expr| match expr {
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [.., table, _] => {
                tables.push(folded(table, dialect));
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Break(()),
        },
        Expr::Identifier(_) | Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    seen.is_continue().then_some(tables)
}

/// A value by which rows are found.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Int(i64),
    Text(Rc<str>),
}

impl Key {
    fn of(value: Value) -> Option<Self> {
        match value {
            Value::Int(number) => Some(Key::Int(number)),
            Value::Text(text) => Some(Key::Text(text)),
            _ => None,
        }
    }
}

/// A table that is joined.
pub(super) struct Side<'q> {
    pub(super) relation: Rc<Relation>,
    /// The rows that its own conditions do not leave out.
    rows: Vec<usize>,
    /// What of a row before it has to be equal to something of it, and the rows by that.
    key: Option<(&'q Expr, BTreeMap<Key, Vec<usize>>)>,
}

impl<'q> Side<'q> {
    pub(super) fn new(
        engine: &Engine<'_>,
        relation: Rc<Relation>,
        on: &[&'q Expr],
        conditions: &[&'q Expr],
        outer: Option<&Scope<'_>>,
    ) -> Self {
        let dialect = engine.db.dialect;
        let is_own = |expr: &Expr| {
            tables_of(expr, dialect).is_some_and(|tables| {
                !tables.is_empty() && tables.iter().all(|table| **table == *relation.alias)
            })
        };
        let own: Vec<&Expr> = on.iter().chain(conditions).copied().filter(|expr| is_own(expr)).collect();
        let alone =
            |values: &[Value]| Row::default().with(&relation.alias, &relation.columns, values.to_vec());
        let may_fit = |at: &usize| {
            let row = alone(&relation.rows[*at]);
            let scope = Scope { row: &row, group: None, outer };
            own.iter()
                .all(|expr| !matches!(engine.value(expr, &scope), Some(Value::Bool(false) | Value::Null)))
        };
        let rows: Vec<usize> = (0..relation.rows.len()).filter(may_fit).collect();
        // An equation of something of it and something before it.
        let is_before = |expr: &Expr| {
            tables_of(expr, dialect).is_some_and(|tables| {
                !tables.is_empty() && tables.iter().all(|table| **table != *relation.alias)
            })
        };
        let equation = on.iter().chain(conditions).find_map(|expr| match expr {
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                let (left, right) = (left.as_ref(), right.as_ref());
                if is_own(left) && is_before(right) {
                    Some((left, right))
                } else if is_own(right) && is_before(left) {
                    Some((right, left))
                } else {
                    None
                }
            }
            _ => None,
        });
        // Where of one row it cannot be told, it may be equal to anything: then all are looked at.
        let key = equation.and_then(|(of_it, before)| {
            let mut index: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
            for at in &rows {
                let row = alone(&relation.rows[*at]);
                match engine.value(of_it, &Scope { row: &row, group: None, outer })? {
                    Value::Null => {}
                    value => index.entry(Key::of(value)?).or_default().push(*at),
                }
            }
            Some((before, index))
        });
        Side { rows, key, relation }
    }

    /// The rows that may fit a row before it.
    pub(super) fn candidates<'s>(
        &'s self,
        engine: &Engine<'_>,
        row: &Row,
        outer: Option<&Scope<'_>>,
    ) -> &'s [usize] {
        const NONE: &[usize] = &[];
        let found = self.key.as_ref().and_then(|(before, index)| {
            match engine.value(before, &Scope { row, group: None, outer })? {
                Value::Null => Some(NONE),
                value => Some(index.get(&Key::of(value)?).map_or(NONE, Vec::as_slice)),
            }
        });
        found.unwrap_or(&self.rows)
    }
}
