//! Expressions of a query of the catalog.

use super::catalog::Column;
use super::value::Value;
use super::{Engine, MAX_DEPTH, folded, keep_first, ordered};
use crate::model::Dialect;
use sqlparser::ast::{
    AccessExpr, Array, BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArguments, Select, SelectItem, Subscript, UnaryOperator,
    Value as Literal,
};
use std::cmp::Ordering;
use std::ops::ControlFlow;
use std::rc::Rc;

/// A row of one table, under the name that the query gives the table.
#[derive(Debug, Clone)]
struct Part {
    alias: Rc<str>,
    columns: Rc<[Column]>,
    values: Rc<[Value]>,
}

/// A row of the tables of a query.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    parts: Vec<Part>,
    /// It cannot be told whether there is such a row.
    pub(super) is_doubted: bool,
}

impl Row {
    pub(super) fn with(&self, alias: &Rc<str>, columns: &Rc<[Column]>, values: Vec<Value>) -> Row {
        let mut parts = self.parts.clone();
        parts.push(Part { alias: Rc::clone(alias), columns: Rc::clone(columns), values: values.into() });
        Row { parts, is_doubted: self.is_doubted }
    }

    /// The row, as one of which it cannot be told whether it is there if that is so.
    pub(super) fn doubted_if(self, is_doubted: bool) -> Row {
        Row { is_doubted: self.is_doubted || is_doubted, ..self }
    }

    /// The columns of one table, or of all.
    pub(super) fn all<'r>(&'r self, alias: Option<&'r str>) -> impl Iterator<Item = (&'r str, &'r Value)> {
        self.parts
            .iter()
            .filter(move |part| alias.is_none_or(|alias| *part.alias == *alias))
            .flat_map(|part| part.columns.iter().map(|c| c.name.as_ref()).zip(part.values.iter()))
    }

    fn get<'r>(&'r self, alias: Option<&'r str>, column: &str) -> Option<&'r Value> {
        self.all(alias).find(|(name, _)| *name == column).map(|(_, value)| value)
    }

    fn has(&self, alias: &str) -> bool {
        self.parts.iter().any(|part| *part.alias == *alias)
    }
}

/// Where an expression stands: its row, the rows of its group, and what is round the query.
pub(super) struct Scope<'s> {
    pub(super) row: &'s Row,
    pub(super) group: Option<&'s [Row]>,
    pub(super) outer: Option<&'s Scope<'s>>,
}

const AGGREGATES: &[&str] =
    &["count", "array_agg", "string_agg", "min", "max", "bool_or", "bool_and", "group_concat"];

/// Says whether a query without `GROUP BY` makes one row of all.
pub(super) fn aggregates(select: &Select) -> bool {
    let is_aggregate = |expr: &Expr| {
        let found = sqlparser::ast::visit_expressions(expr, |expr| match expr {
            Expr::Function(function) if AGGREGATES.contains(&function_name(function).as_str()) => {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        });
        // What stands in a subquery is that one's.
        found.is_break() && !matches!(expr, Expr::Subquery(_) | Expr::Exists { .. })
    };
    select.projection.iter().any(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => is_aggregate(expr),
        _ => false,
    })
}

fn function_name(function: &Function) -> String {
    let last = function.name.0.last().and_then(|part| part.as_ident());
    last.map(|ident| ident.value.to_lowercase()).unwrap_or_default()
}

/// The name under which a database gives an expression without an alias.
pub(super) fn name_of(expr: &Expr, dialect: Dialect) -> String {
    match expr {
        Expr::Identifier(name) => folded(name, dialect),
        Expr::CompoundIdentifier(parts) => parts.last().map(|name| folded(name, dialect)).unwrap_or_default(),
        Expr::Function(function) => function_name(function),
        Expr::Cast { expr, .. } | Expr::Nested(expr) => name_of(expr, dialect),
        Expr::Exists { .. } => "exists".to_owned(),
        _ => "?column?".to_owned(),
    }
}

impl Engine<'_> {
    /// Says whether a condition holds; `None` where it cannot be told.
    pub(super) fn holds(&self, condition: &Expr, scope: &Scope<'_>) -> Option<bool> {
        self.holds_all(&[condition], scope)
    }

    /// The value of an expression; `None` where it is of a kind that is not followed, or nested too deep.
    pub(super) fn value(&self, expr: &Expr, scope: &Scope<'_>) -> Option<Value> {
        let depth = self.depth.get();
        if depth >= MAX_DEPTH {
            return None;
        }
        self.depth.set(depth + 1);
        let value = self.value_inner(expr, scope);
        self.depth.set(depth);
        value
    }

    fn value_inner(&self, expr: &Expr, scope: &Scope<'_>) -> Option<Value> {
        Some(match expr {
            Expr::Nested(inner) => self.value(inner, scope)?,
            Expr::Identifier(name) => self.column(None, &folded(name, self.db.dialect), scope)?,
            Expr::CompoundIdentifier(parts) => {
                let [.., table, name] = parts.as_slice() else { return None };
                let (table, name) = (folded(table, self.db.dialect), folded(name, self.db.dialect));
                self.column(Some(&table), &name, scope)?
            }
            Expr::Value(literal) => match &literal.value {
                Literal::Null => Value::Null,
                Literal::Boolean(truth) => Value::Bool(*truth),
                Literal::Number(number, _) => number.parse().map_or(Value::Untold, Value::Int),
                Literal::SingleQuotedString(text) | Literal::EscapedStringLiteral(text) => Value::text(text),
                Literal::DoubleQuotedString(text) if self.db.dialect.is_mysql() => Value::text(text),
                _ => return None,
            },
            Expr::Cast { expr, data_type, .. } => self.cast(self.value(expr, scope)?, data_type),
            Expr::TypedString(typed) => match &typed.value.value {
                Literal::SingleQuotedString(text) => self.cast(Value::text(text), &typed.data_type),
                _ => return None,
            },
            Expr::Collate { expr, .. } => self.value(expr, scope)?,
            Expr::IsNull(inner) => is_null(&self.value(inner, scope)?),
            Expr::IsNotNull(inner) => is_null(&self.value(inner, scope)?).not(),
            Expr::IsTrue(inner) => is(&self.value(inner, scope)?, true),
            Expr::IsNotTrue(inner) => is(&self.value(inner, scope)?, true).not(),
            Expr::IsFalse(inner) => is(&self.value(inner, scope)?, false),
            Expr::IsNotFalse(inner) => is(&self.value(inner, scope)?, false).not(),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.value(expr, scope)?.not(),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match self.value(expr, scope)? {
                Value::Int(number) => Value::Int(-number),
                _ => Value::Untold,
            },
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right, scope)?,
            Expr::InList { expr, list, negated } => {
                let value = self.value(expr, scope)?;
                let mut found = Value::Bool(false);
                for item in list {
                    found = found.or(&value.equals(&self.value(item, scope)?));
                }
                if *negated { found.not() } else { found }
            }
            Expr::InSubquery { expr, subquery, negated } => {
                let value = self.value(expr, scope)?;
                let rows = self.query(subquery, Some(scope))?.rows;
                let found = rows
                    .iter()
                    .map(|row| row.first().map_or(Value::Untold, |item| value.equals(item)))
                    .fold(Value::Bool(false), |found, one| found.or(&one));
                if *negated { found.not() } else { found }
            }
            Expr::Exists { subquery, negated } => {
                Value::Bool(self.query(subquery, Some(scope))?.rows.is_empty() == *negated)
            }
            Expr::Subquery(query) => {
                let rows = self.query(query, Some(scope))?.rows;
                match rows.as_slice() {
                    [] => Value::Null,
                    [row] => row.first()?.clone(),
                    _ => return None,
                }
            }
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => {
                let value = self.value(left, scope)?;
                match self.value(right, scope)? {
                    Value::List(items, _) => {
                        items.iter().fold(Value::Bool(false), |found, item| found.or(&value.equals(item)))
                    }
                    Value::Null => Value::Null,
                    _ => Value::Untold,
                }
            }
            Expr::Like { negated, any: false, expr, pattern, escape_char: None } => {
                let like = like(&self.value(expr, scope)?, &self.value(pattern, scope)?, false);
                if *negated { like.not() } else { like }
            }
            Expr::ILike { negated, any: false, expr, pattern, escape_char: None } => {
                let like = like(&self.value(expr, scope)?, &self.value(pattern, scope)?, true);
                if *negated { like.not() } else { like }
            }
            Expr::Array(Array { elem, .. }) => {
                let items: Vec<Value> = elem.iter().map(|e| self.value(e, scope)).collect::<Option<_>>()?;
                Value::List(items.into(), 1)
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                // `c.conkey[1]` is a part of a part of `c`.
                let (root, index) = match (root.as_ref(), access_chain.as_slice()) {
                    (root, [AccessExpr::Subscript(Subscript::Index { index })]) => {
                        (self.value(root, scope)?, index)
                    }
                    (
                        Expr::Identifier(table),
                        [
                            AccessExpr::Dot(Expr::Identifier(name)),
                            AccessExpr::Subscript(Subscript::Index { index }),
                        ],
                    ) => {
                        let (table, name) = (folded(table, self.db.dialect), folded(name, self.db.dialect));
                        (self.column(Some(&table), &name, scope)?, index)
                    }
                    _ => return None,
                };
                match (root, self.value(index, scope)?) {
                    (Value::List(items, first), Value::Int(at)) => {
                        let at = usize::try_from(at - first).ok();
                        at.and_then(|at| items.get(at)).cloned().unwrap_or(Value::Null)
                    }
                    (Value::Null, _) => Value::Null,
                    _ => Value::Untold,
                }
            }
            Expr::Case { operand: None, conditions, else_result, .. } => {
                for when in conditions {
                    if self.holds(&when.condition, scope)? {
                        return self.value(&when.result, scope);
                    }
                }
                match else_result {
                    Some(other) => self.value(other, scope)?,
                    None => Value::Null,
                }
            }
            Expr::Function(function) => self.function(function, scope)?,
            _ => return None,
        })
    }

    /// The value of a column; `None` where no table of the query has it, so that the catalog has more than is known here.
    fn column(&self, table: Option<&str>, name: &str, scope: &Scope<'_>) -> Option<Value> {
        let mut at = Some(scope);
        while let Some(scope) = at {
            if let Some(value) = scope.row.get(table, name) {
                return Some(value.clone());
            }
            if table.is_some_and(|table| scope.row.has(table)) {
                return None;
            }
            at = scope.outer;
        }
        match (table, name) {
            (None, "current_schema") => Some(Value::text("public")),
            _ => None,
        }
    }

    fn cast(&self, value: Value, to: &DataType) -> Value {
        let to = to.to_string().to_lowercase();
        match (to.as_str(), value) {
            ("regclass", Value::Text(text)) => self.relation_number(&text),
            ("regtype", Value::Text(text)) => self.type_number(&text),
            ("regnamespace", Value::Text(text)) => self.schema_of(&text),
            ("oid" | "int" | "integer" | "bigint", Value::Text(text)) => {
                text.parse().map_or(Value::Untold, Value::Int)
            }
            ("regclass", value) => value,
            (to, value)
                if to.starts_with("text")
                    || to.starts_with("varchar")
                    || to == "name"
                    || to.contains("char") =>
            {
                match value {
                    // A number that stands for a relation is shown as its name.
                    Value::Int(number) => self.relation_name(number),
                    value => value,
                }
            }
            (_, value) => value,
        }
    }

    fn binary(&self, left: &Expr, op: &BinaryOperator, right: &Expr, scope: &Scope<'_>) -> Option<Value> {
        let a = self.value(left, scope)?;
        match (op, &a) {
            (BinaryOperator::And, Value::Bool(false)) => return Some(a),
            (BinaryOperator::Or, Value::Bool(true)) => return Some(a),
            _ => {}
        }
        let b = self.value(right, scope)?;
        let ordered = |fits: fn(Ordering) -> bool| match (&a, &b) {
            (Value::Null, _) | (_, Value::Null) => Value::Null,
            _ => a.compare(&b).map_or(Value::Untold, |order| Value::Bool(fits(order))),
        };
        Some(match op {
            BinaryOperator::And => a.and(&b),
            BinaryOperator::Or => a.or(&b),
            BinaryOperator::Eq => a.equals(&b),
            BinaryOperator::NotEq => a.equals(&b).not(),
            BinaryOperator::Lt => ordered(Ordering::is_lt),
            BinaryOperator::LtEq => ordered(Ordering::is_le),
            BinaryOperator::Gt => ordered(Ordering::is_gt),
            BinaryOperator::GtEq => ordered(Ordering::is_ge),
            BinaryOperator::StringConcat => match (&a, &b) {
                (Value::Text(a), Value::Text(b)) => Value::text(&format!("{a}{b}")),
                (Value::Null, _) | (_, Value::Null) => Value::Null,
                _ => Value::Untold,
            },
            BinaryOperator::Plus => match (&a, &b) {
                (Value::Int(a), Value::Int(b)) => a.checked_add(*b).map_or(Value::Untold, Value::Int),
                _ => Value::Untold,
            },
            BinaryOperator::Minus => match (&a, &b) {
                (Value::Int(a), Value::Int(b)) => a.checked_sub(*b).map_or(Value::Untold, Value::Int),
                _ => Value::Untold,
            },
            // Whether one array holds the other.
            BinaryOperator::AtArrow => holds_all(&a, &b),
            BinaryOperator::ArrowAt => holds_all(&b, &a),
            _ => return None,
        })
    }

    fn function(&self, function: &Function, scope: &Scope<'_>) -> Option<Value> {
        if function.filter.is_some() || function.over.is_some() || !function.within_group.is_empty() {
            return None;
        }
        let name = function_name(function);
        if AGGREGATES.contains(&name.as_str()) {
            return self.aggregate(&name, function, scope);
        }
        let arguments: Vec<Value> = match &function.args {
            FunctionArguments::None => Vec::new(),
            // `ARRAY(SELECT …)`
            FunctionArguments::Subquery(query) if name == "array" => {
                let rows = self.query(query, Some(scope))?.rows;
                let items: Vec<Value> =
                    rows.into_iter().map(|row| row.into_iter().next()).collect::<Option<_>>()?;
                return Some(Value::List(items.into(), 1));
            }
            FunctionArguments::Subquery(_) => return None,
            FunctionArguments::List(list) => {
                let value = |argument: &FunctionArg| match argument {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.value(expr, scope),
                    _ => None,
                };
                list.args.iter().map(value).collect::<Option<_>>()?
            }
        };
        let null = arguments.contains(&Value::Null);
        Some(match (name.as_str(), arguments.as_slice()) {
            ("current_schema", []) => Value::text("public"),
            ("current_schemas", [_]) => {
                Value::List(Rc::from([Value::text("pg_catalog"), Value::text("public")]), 1)
            }
            ("pg_table_is_visible" | "pg_type_is_visible", [_]) => Value::Bool(true),
            ("coalesce", values) => {
                values.iter().find(|value| **value != Value::Null).cloned().unwrap_or(Value::Null)
            }
            (_, _) if null => Value::Null,
            ("array_length", [Value::List(items, _), Value::Int(1)]) => match items.len() {
                0 => Value::Null,
                count => Value::Int(i64::try_from(count).ok()?),
            },
            ("cardinality", [Value::List(items, _)]) => Value::Int(i64::try_from(items.len()).ok()?),
            ("array_position", [Value::List(items, first), wanted]) => {
                match items.iter().position(|item| item == wanted) {
                    Some(at) => Value::Int(i64::try_from(at).ok()? + first),
                    None if items.contains(&Value::Untold) => Value::Untold,
                    None => Value::Null,
                }
            }
            ("lower", [Value::Text(text)]) => Value::text(&text.to_lowercase()),
            ("upper", [Value::Text(text)]) => Value::text(&text.to_uppercase()),
            ("quote_ident", [Value::Text(text)]) => Value::text(&crate::quote_name(text, self.db.dialect)),
            ("to_regclass", [Value::Text(text)]) => self.relation_number(text),
            ("array_to_string", [Value::List(items, _), Value::Text(between)]) => {
                let texts: Option<Vec<&str>> = items
                    .iter()
                    .map(|item| match item {
                        Value::Text(text) => Some(text.as_ref()),
                        _ => None,
                    })
                    .collect();
                texts.map_or(Value::Untold, |texts| Value::text(&texts.join(between)))
            }
            // What a constraint demands, and all else that is made up by the database.
            _ => Value::Untold,
        })
    }

    fn aggregate(&self, name: &str, function: &Function, scope: &Scope<'_>) -> Option<Value> {
        let FunctionArguments::List(list) = &function.args else { return None };
        let rows = scope.group?;
        if name == "count"
            && let [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)] = list.args.as_slice()
        {
            return Some(Value::Int(i64::try_from(rows.len()).ok()?));
        }
        let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))) = list.args.first() else { return None };
        let mut keyed: Vec<(Vec<Value>, Value)> = Vec::new();
        let keys = list.clauses.iter().find_map(|clause| match clause {
            FunctionArgumentClause::OrderBy(keys) => Some(keys.as_slice()),
            _ => None,
        });
        let keys = keys.unwrap_or_default();
        for row in rows {
            let scope = Scope { row, group: None, outer: scope.outer };
            let order: Vec<Value> =
                keys.iter().map(|key| self.value(&key.expr, &scope)).collect::<Option<_>>()?;
            keyed.push((order, self.value(expr, &scope)?));
        }
        if keyed.len() > 1 && keyed.iter().any(|(order, _)| order.contains(&Value::Untold)) {
            return Some(Value::Untold);
        }
        keyed.sort_by(|(a, _), (b, _)| ordered(a, b, keys));
        let mut values: Vec<Value> = keyed.into_iter().map(|(_, value)| value).collect();
        if list.duplicate_treatment == Some(sqlparser::ast::DuplicateTreatment::Distinct) {
            keep_first(&mut values);
        }
        if values.contains(&Value::Untold) {
            return Some(Value::Untold);
        }
        Some(match name {
            "count" => Value::Int(i64::try_from(values.iter().filter(|v| **v != Value::Null).count()).ok()?),
            "array_agg" if values.is_empty() => Value::Null,
            "array_agg" => Value::List(values.into(), 1),
            "min" => values.into_iter().min_by(Value::sort_order).unwrap_or(Value::Null),
            "max" => {
                let known = values.into_iter().filter(|value| *value != Value::Null);
                known.max_by(Value::sort_order).unwrap_or(Value::Null)
            }
            "bool_or" => values.iter().fold(Value::Bool(false), |all, one| all.or(one)),
            "bool_and" => values.iter().fold(Value::Bool(true), |all, one| all.and(one)),
            _ => Value::Untold,
        })
    }
}

fn is_null(value: &Value) -> Value {
    match value {
        Value::Untold => Value::Untold,
        value => Value::Bool(*value == Value::Null),
    }
}

fn is(value: &Value, truth: bool) -> Value {
    match value {
        Value::Untold => Value::Untold,
        value => Value::Bool(*value == Value::Bool(truth)),
    }
}

fn holds_all(whole: &Value, part: &Value) -> Value {
    match (whole, part) {
        (Value::Null, _) | (_, Value::Null) => Value::Null,
        (Value::List(whole, _), Value::List(part, _)) => {
            part.iter().fold(Value::Bool(true), |all, wanted| {
                let found =
                    whole.iter().fold(Value::Bool(false), |found, item| found.or(&wanted.equals(item)));
                all.and(&found)
            })
        }
        _ => Value::Untold,
    }
}

/// `LIKE` without an escape character of its own.
fn like(value: &Value, pattern: &Value, folds: bool) -> Value {
    let (Value::Text(text), Value::Text(pattern)) = (value, pattern) else {
        let null = *value == Value::Null || *pattern == Value::Null;
        return if null { Value::Null } else { Value::Untold };
    };
    let mut source = String::from("^");
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => source.push_str(".*"),
            '_' => source.push('.'),
            '\\' => source.extend(chars.next().map(|c| regex::escape(&c.to_string()))),
            c => source.push_str(&regex::escape(&c.to_string())),
        }
    }
    source.push('$');
    let built = regex::RegexBuilder::new(&source).dot_matches_new_line(true).case_insensitive(folds).build();
    built.map_or(Value::Untold, |regex| Value::Bool(regex.is_match(text)))
}
