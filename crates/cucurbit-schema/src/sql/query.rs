//! Queries of the database's own catalog, answered from the state by following them: joins, subqueries and grouping over
//! tables that are made from the state as they are needed.
//!
//! Every value is known, absent (`NULL`) or cannot be told. A query whose rows hang on what cannot be told has no
//! answer; a column that is only selected may be one that cannot be told.

mod catalog;
mod expression;
mod information_schema;
mod plan;
mod value;

pub use value::Value;

use super::syntax::{folded, parse};
use crate::model::Database;
use catalog::Relation;
use expression::{Row, Scope};
use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, JoinConstraint, JoinOperator, LimitClause, OrderByKind, Query, Select,
    SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier, Statement, TableFactor,
};
use std::cell::{Cell, OnceCell};
use std::cmp::Ordering;
use std::rc::Rc;

/// More rows than this are no catalog of a project.
const MAX_ROWS: usize = 200_000;

/// What a query gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, in the order of the query; without one, as the catalog has them.
    pub rows: Vec<Vec<Value>>,
}

/// Follows a query of the catalog; `None` for any other text, and where the rows cannot be told.
#[must_use]
pub fn catalog_rows(text: &str, db: &Database) -> Option<Answered> {
    let lower = text.to_lowercase();
    if !lower.contains("pg_") && !lower.contains("information_schema") {
        return None;
    }
    let statements = parse(text, db.dialect)?;
    let [Statement::Query(query)] = statements.as_slice() else { return None };
    let engine = Engine { db, depth: Cell::new(0), schemas: OnceCell::new() };
    let answered = engine.query(query, None)?;
    Some(Answered {
        columns: answered.columns.iter().map(|column| column.name.to_string()).collect(),
        rows: answered.rows,
    })
}

/// A row, with the rows of its group where there are groups.
type Grouped = (Row, Option<Rc<[Row]>>);

struct Engine<'d> {
    db: &'d Database,
    /// How deep in an expression or in subqueries the work is.
    depth: Cell<usize>,
    /// The schemas, found out when they are first asked for.
    schemas: OnceCell<Vec<String>>,
}

/// Deeper than this no query is that a person wrote.
const MAX_DEPTH: usize = 100;

impl Engine<'_> {
    fn query(&self, query: &Query, outer: Option<&Scope<'_>>) -> Option<Relation> {
        if query.with.is_some() || query.fetch.is_some() {
            return None;
        }
        let mut relation = self.body(&query.body, query.order_by.as_ref(), outer)?;
        match &query.limit_clause {
            None | Some(LimitClause::LimitOffset { limit: None, offset: None, .. }) => {}
            Some(LimitClause::LimitOffset { limit: Some(limit), offset: None, limit_by })
                if limit_by.is_empty() =>
            {
                let Value::Int(limit) = self.constant(limit, outer)? else { return None };
                relation.rows.truncate(usize::try_from(limit).ok()?);
            }
            Some(_) => return None,
        }
        Some(relation)
    }

    fn constant(&self, expr: &Expr, outer: Option<&Scope<'_>>) -> Option<Value> {
        let row = Row::default();
        self.value(expr, &Scope { row: &row, group: None, outer })
    }

    /// Says whether all conditions hold; `None` where it cannot be told.
    fn holds_all(&self, conditions: &[&Expr], scope: &Scope<'_>) -> Option<bool> {
        let mut all = Value::Bool(true);
        for condition in conditions {
            all = all.and(&self.value(condition, scope)?);
            if all == Value::Bool(false) {
                break;
            }
        }
        match all {
            Value::Bool(truth) => Some(truth),
            Value::Null => Some(false),
            _ => None,
        }
    }

    fn body(
        &self,
        body: &SetExpr,
        order: Option<&sqlparser::ast::OrderBy>,
        outer: Option<&Scope<'_>>,
    ) -> Option<Relation> {
        match body {
            SetExpr::Select(select) => self.select(select, order, outer),
            SetExpr::Query(query) if order.is_none() => self.query(query, outer),
            SetExpr::SetOperation { op: SetOperator::Union, set_quantifier, left, right }
                if order.is_none() =>
            {
                let mut all = self.body(left, None, outer)?;
                all.rows.extend(self.body(right, None, outer)?.rows);
                if *set_quantifier != SetQuantifier::All {
                    distinct(&mut all.rows)?;
                }
                Some(all)
            }
            _ => None,
        }
    }

    fn select(
        &self,
        select: &Select,
        order: Option<&sqlparser::ast::OrderBy>,
        outer: Option<&Scope<'_>>,
    ) -> Option<Relation> {
        let conditions = select.selection.as_ref().map(plan::parts).unwrap_or_default();
        let mut rows = vec![Row::default()];
        for table in &select.from {
            rows = self.joined(rows, &table.relation, &[], &conditions, false, outer)?;
            for join in &table.joins {
                let (on, keeps) = match &join.join_operator {
                    JoinOperator::Join(on) | JoinOperator::Inner(on) => (on, false),
                    JoinOperator::CrossJoin(JoinConstraint::None) => (&JoinConstraint::None, false),
                    JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (on, true),
                    _ => return None,
                };
                let on = match on {
                    JoinConstraint::None => Vec::new(),
                    JoinConstraint::On(expr) => plan::parts(expr),
                    JoinConstraint::Using(_) | JoinConstraint::Natural => return None,
                };
                let conditions = if keeps { &[][..] } else { &conditions };
                rows = self.joined(rows, &join.relation, &on, conditions, keeps, outer)?;
            }
        }
        let mut kept = Vec::new();
        for row in rows {
            if self.holds_all(&conditions, &Scope { row: &row, group: None, outer })? {
                kept.push(row);
            }
        }
        rows = kept;
        if rows.iter().any(|row| row.is_doubted) {
            return None;
        }
        let groups = self.groups(select, rows, outer)?;
        let mut out = Relation::default();
        let mut keyed: Vec<(Vec<Value>, Vec<Value>)> = Vec::new();
        let order = match order {
            None => &[][..],
            Some(order) => match &order.kind {
                OrderByKind::Expressions(keys) => keys.as_slice(),
                OrderByKind::All(_) => return None,
            },
        };
        for (at, (row, group)) in groups.iter().enumerate() {
            let scope = Scope { row, group: group.as_deref(), outer };
            if let Some(having) = &select.having
                && !self.holds(having, &scope)?
            {
                continue;
            }
            let (names, values) = self.projected(select, &scope)?;
            if at == 0 {
                out.columns = names.into_iter().map(catalog::Column::plain).collect();
            }
            let mut keys = Vec::with_capacity(order.len());
            for key in order {
                // A name or a number of the result, or an expression.
                let of_result = match &key.expr {
                    Expr::Identifier(name) => {
                        out.columns.iter().position(|c| *c.name == folded(name, self.db.dialect))
                    }
                    other => match self.constant(other, None) {
                        Some(Value::Int(number)) => usize::try_from(number).ok()?.checked_sub(1),
                        _ => None,
                    },
                };
                let value = match of_result {
                    Some(at) => values.get(at)?.clone(),
                    None => self.value(&key.expr, &scope)?,
                };
                keys.push(value);
            }
            keyed.push((keys, values));
        }
        if groups.is_empty() {
            out.columns = self.names(select)?.into_iter().map(catalog::Column::plain).collect();
        }
        if !order.is_empty() && keyed.len() > 1 {
            if keyed.iter().any(|(keys, _)| keys.contains(&Value::Untold)) {
                return None;
            }
            keyed.sort_by(|(a, _), (b, _)| ordered(a, b, order));
        }
        out.rows = keyed.into_iter().map(|(_, values)| values).collect();
        match &select.distinct {
            None | Some(Distinct::All) => {}
            Some(Distinct::Distinct) => distinct(&mut out.rows)?,
            Some(Distinct::On(_)) => return None,
        }
        Some(out)
    }

    /// Each row by itself, or the rows of each group with the first of them.
    fn groups(&self, select: &Select, rows: Vec<Row>, outer: Option<&Scope<'_>>) -> Option<Vec<Grouped>> {
        let GroupByExpr::Expressions(keys, modifiers) = &select.group_by else { return None };
        if !modifiers.is_empty() {
            return None;
        }
        if keys.is_empty() {
            if select.having.is_none() && !expression::aggregates(select) {
                return Some(rows.into_iter().map(|row| (row, None)).collect());
            }
            let first = rows.first().cloned().unwrap_or_default();
            return Some(vec![(first, Some(rows.into()))]);
        }
        let mut groups: Vec<(Vec<Value>, Vec<Row>)> = Vec::new();
        for row in rows {
            let scope = Scope { row: &row, group: None, outer };
            let key: Vec<Value> = keys.iter().map(|key| self.value(key, &scope)).collect::<Option<_>>()?;
            if key.contains(&Value::Untold) {
                return None;
            }
            match groups.iter_mut().find(|(other, _)| *other == key) {
                Some((_, rows)) => rows.push(row),
                None => groups.push((key, vec![row])),
            }
        }
        Some(groups.into_iter().map(|(_, rows)| (rows[0].clone(), Some(rows.into()))).collect())
    }

    fn projected(&self, select: &Select, scope: &Scope<'_>) -> Option<(Vec<String>, Vec<Value>)> {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    names.push(expression::name_of(expr, self.db.dialect));
                    values.push(self.value(expr, scope)?);
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    names.push(folded(alias, self.db.dialect));
                    values.push(self.value(expr, scope)?);
                }
                SelectItem::Wildcard(_) => {
                    for (column, value) in scope.row.all(None) {
                        names.push(column.to_string());
                        values.push(value.clone());
                    }
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let table = folded(name.0.last()?.as_ident()?, self.db.dialect);
                    for (column, value) in scope.row.all(Some(&table)) {
                        names.push(column.to_string());
                        values.push(value.clone());
                    }
                }
                _ => return None,
            }
        }
        Some((names, values))
    }

    /// The names of the columns of a query without rows.
    fn names(&self, select: &Select) -> Option<Vec<String>> {
        let name = |item: &SelectItem| match item {
            SelectItem::UnnamedExpr(expr) => Some(expression::name_of(expr, self.db.dialect)),
            SelectItem::ExprWithAlias { alias, .. } => Some(folded(alias, self.db.dialect)),
            _ => Some("*".to_owned()),
        };
        select.projection.iter().map(name).collect()
    }

    /// The rows so far, each with those of a table that fit it. Rows that `conditions` leave out later are left out now,
    /// as far as it can be told.
    fn joined(
        &self,
        rows: Vec<Row>,
        table: &TableFactor,
        on: &[&Expr],
        conditions: &[&Expr],
        keeps: bool,
        outer: Option<&Scope<'_>>,
    ) -> Option<Vec<Row>> {
        let standing = self.standing(table)?;
        let standing = standing.map(|relation| plan::Side::new(self, relation, on, conditions, outer));
        let mut out = Vec::new();
        for row in rows {
            let hanging;
            let side = match &standing {
                Some(side) => side,
                // It hangs on the row: a function, or a subquery.
                None => {
                    let relation = self.hanging(table, &Scope { row: &row, group: None, outer })?;
                    hanging = plan::Side::new(self, Rc::new(relation), on, &[], outer);
                    &hanging
                }
            };
            let mut fits = false;
            for at in side.candidates(self, &row, outer) {
                let values = side.relation.rows[*at].clone();
                let joined = row.with(&side.relation.alias, &side.relation.columns, values);
                let joined = joined.doubted_if(side.relation.doubted.contains(at));
                let scope = Scope { row: &joined, group: None, outer };
                if !self.holds_all(on, &scope)? {
                    continue;
                }
                fits = true;
                out.push(joined);
                if out.len() > MAX_ROWS {
                    return None;
                }
            }
            if keeps && !fits {
                let nothing = vec![Value::Null; side.relation.columns.len()];
                out.push(row.with(&side.relation.alias, &side.relation.columns, nothing));
            }
        }
        Some(out)
    }
}

/// Says whether a key of `ORDER BY` puts the greatest first.
fn descends(key: &sqlparser::ast::OrderByExpr) -> bool {
    key.options.sort == Some(sqlparser::ast::OrderBySort::Desc)
}

/// The order of two rows by the keys of `ORDER BY`.
fn ordered(a: &[Value], b: &[Value], keys: &[sqlparser::ast::OrderByExpr]) -> Ordering {
    let orders = a.iter().zip(b).zip(keys).map(|((a, b), key)| {
        let order = a.sort_order(b);
        if descends(key) { order.reverse() } else { order }
    });
    orders.fold(Ordering::Equal, Ordering::then)
}

/// Leaves out what is there already.
fn keep_first<T: Clone + PartialEq>(items: &mut Vec<T>) {
    let mut seen: Vec<T> = Vec::new();
    items.retain(|item| {
        let is_new = !seen.contains(item);
        if is_new {
            seen.push(item.clone());
        }
        is_new
    });
}

/// Leaves each row once; `None` where it cannot be told which are the same.
fn distinct(rows: &mut Vec<Vec<Value>>) -> Option<()> {
    if rows.len() > 1 && rows.iter().flatten().any(|value| *value == Value::Untold) {
        return None;
    }
    keep_first(rows);
    Some(())
}
