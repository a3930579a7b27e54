//! Which columns a statement on rows names, and what it tells of their types.
//!
//! Read with `sqlparser`, which knows the grammar of queries; what it cannot parse, and names that may stand for more
//! than one table, are left out.

use super::syntax;
use crate::change::TypeHint;
use crate::model::{Dialect, ObjectName};
use sqlparser::ast::{
    AssignmentTarget, BinaryOperator, Expr, FromTable, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, Ident, ObjectName as SqlName, Query, Select, SelectItem, SetExpr, Statement,
    TableFactor, TableObject, TableWithJoins, UpdateTableFromKind, Value, Visit, Visitor,
};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// A column that a statement names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) table: ObjectName,
    pub(super) column: String,
    pub(super) hint: Option<TypeHint>,
}

/// Returns the columns that a statement on rows names, each with what is told of its type, in the order in which they
/// are met.
pub(super) fn uses(text: &str, dialect: Dialect) -> Vec<Use> {
    let Some(statements) = syntax::parse(text, dialect) else { return Vec::new() };
    let mut finder = Finder { dialect, scopes: Vec::new(), shadows: Vec::new(), uses: Vec::new() };
    for statement in &statements {
        let _ = statement.visit(&mut finder);
    }
    finder.uses
}

/// What a name in front of a column stands for.
struct Source {
    alias: String,
    /// `None` for a subquery, a function or a `WITH`.
    table: Option<ObjectName>,
}

#[derive(Default)]
struct Scope {
    /// A query whose `SELECT`s were visited: what comes behind them (`ORDER BY`) is not resolved.
    is_closed: bool,
    sources: Vec<Source>,
    /// Names that `SELECT … AS name` makes.
    made: BTreeSet<String>,
}

struct Finder {
    dialect: Dialect,
    scopes: Vec<Scope>,
    /// Names that `WITH` makes, of the queries around.
    shadows: Vec<BTreeSet<String>>,
    uses: Vec<Use>,
}

impl Finder {
    fn folded(&self, ident: &Ident) -> String {
        syntax::folded(ident, self.dialect)
    }

    fn name(&self, name: &SqlName) -> Option<ObjectName> {
        syntax::object_name(name, self.dialect)
    }

    fn factor(&self, factor: &TableFactor, scope: &mut Scope) {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let Some(table) = self.name(name) else { return };
                let shadowed =
                    table.schema.is_none() && self.shadows.iter().any(|names| names.contains(&table.name));
                let alias = alias.as_ref().map_or_else(|| table.name.clone(), |a| self.folded(&a.name));
                scope.sources.push(Source { alias, table: (!shadowed).then_some(table) });
            }
            TableFactor::NestedJoin { table_with_joins, .. } => self.joins(table_with_joins, scope),
            // `(SELECT * FROM t) AS x` has the columns of `t`.
            TableFactor::Derived { subquery, alias: Some(alias), .. }
                if let Some(table) = whole_table(subquery).and_then(|name| self.name(name)) =>
            {
                scope.sources.push(Source { alias: self.folded(&alias.name), table: Some(table) });
            }
            other => {
                let alias = match other {
                    TableFactor::Derived { alias: Some(alias), .. }
                    | TableFactor::Table { alias: Some(alias), .. }
                    | TableFactor::TableFunction { alias: Some(alias), .. }
                    | TableFactor::Function { alias: Some(alias), .. } => self.folded(&alias.name),
                    _ => String::new(),
                };
                scope.sources.push(Source { alias, table: None });
            }
        }
    }

    fn joins(&self, tables: &TableWithJoins, scope: &mut Scope) {
        self.factor(&tables.relation, scope);
        for join in &tables.joins {
            self.factor(&join.relation, scope);
        }
    }

    fn scope_of(&self, select: &Select) -> Scope {
        let mut scope = Scope::default();
        for tables in &select.from {
            self.joins(tables, &mut scope);
        }
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { alias, .. } = item {
                scope.made.insert(self.folded(alias));
            }
        }
        scope
    }

    /// The column that an expression is, bare or in brackets.
    fn column(&self, expr: &Expr) -> Option<(ObjectName, String)> {
        match expr {
            Expr::Nested(inner) => self.column(inner),
            Expr::Identifier(ident) => {
                // Text between double quotes may be a string outside of PostgreSQL.
                if self.dialect != Dialect::PostgreSql && ident.quote_style == Some('"') {
                    return None;
                }
                let column = self.folded(ident);
                // A `SELECT` without `FROM` sees what is around it.
                let scope = self.scopes.iter().rev().find(|s| s.is_closed || !s.sources.is_empty())?;
                let [Source { table: Some(table), .. }] = scope.sources.as_slice() else { return None };
                let known = scope.made.contains(&column) || is_system(&column);
                (!known).then(|| (table.clone(), column))
            }
            Expr::CompoundIdentifier(parts) => {
                let [.., of, column] = parts.as_slice() else { return None };
                let (of, column) = (self.folded(of), self.folded(column));
                let source = self.scopes.iter().rev().flat_map(|s| &s.sources).find(|s| s.alias == of)?;
                (!is_system(&column)).then(|| Some((source.table.clone()?, column)))?
            }
            _ => None,
        }
    }

    /// What an expression tells of the type of what it is compared with.
    fn told(&self, expr: &Expr) -> Option<TypeHint> {
        match expr {
            Expr::Nested(inner) => self.told(inner),
            Expr::Value(value) => match &value.value {
                Value::Number(..) => Some(TypeHint::Number),
                Value::Boolean(_) => Some(TypeHint::Boolean),
                Value::SingleQuotedString(_) => Some(TypeHint::Text),
                _ => None,
            },
            other => {
                let (table, column) = self.column(other)?;
                Some(TypeHint::Like(table, column))
            }
        }
    }

    fn note(&mut self, expr: &Expr, hint: Option<TypeHint>) {
        if let Some((table, column)) = self.column(expr) {
            self.push(table, column, hint);
        }
    }

    fn push(&mut self, table: ObjectName, column: String, hint: Option<TypeHint>) {
        // A name with a part that could not be told (U+FFFD) is none.
        if column.contains('\u{fffd}') || table.name.contains('\u{fffd}') {
            return;
        }
        // A column like itself tells nothing.
        let hint = hint.filter(|hint| *hint != TypeHint::Like(table.clone(), column.clone()));
        let made = Use { table, column, hint };
        if !self.uses.contains(&made) {
            self.uses.push(made);
        }
    }

    fn pair(&mut self, left: &Expr, right: &Expr) {
        let (of_left, of_right) = (self.told(left), self.told(right));
        self.note(left, of_right);
        self.note(right, of_left);
    }

    fn insert(&mut self, insert: &sqlparser::ast::Insert) {
        let TableObject::TableName(name) = &insert.table else { return };
        let Some(table) = self.name(name) else { return };
        let columns: Vec<String> = insert
            .columns
            .iter()
            .filter_map(|name| name.0.last().and_then(|part| part.as_ident()).map(|i| self.folded(i)))
            .collect();
        let Some(query) = &insert.source else { return };
        let target = |at: usize| match columns.get(at) {
            Some(column) => Some(TypeHint::Like(table.clone(), column.clone())),
            None if columns.is_empty() => Some(TypeHint::LikeNth(table.clone(), at)),
            None => None,
        };
        match query.body.as_ref() {
            SetExpr::Values(values) => {
                for row in values.rows.iter().take(1) {
                    for (at, value) in row.content.iter().enumerate() {
                        if let (Some(column), Some(hint)) = (columns.get(at), self.told(value)) {
                            self.push(table.clone(), column.clone(), Some(hint));
                        }
                    }
                }
            }
            SetExpr::Select(select) => {
                let scope = self.scope_of(select);
                self.scopes.push(scope);
                for (at, item) in select.projection.iter().enumerate() {
                    let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item
                    else {
                        break;
                    };
                    let hint = target(at);
                    match expr {
                        Expr::Function(function) if is_coalesce(function) => {
                            if let Some(first) = arguments(function).first() {
                                let hint = hint.clone();
                                self.note(first, hint);
                            }
                        }
                        expr => self.note(expr, hint),
                    }
                }
                self.scopes.pop();
            }
            _ => {}
        }
    }
}

/// The table of which a query selects all columns and nothing else.
fn whole_table(query: &Query) -> Option<&SqlName> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let ([SelectItem::Wildcard(_)], [from], None) =
        (select.projection.as_slice(), select.from.as_slice(), &query.with)
    else {
        return None;
    };
    match &from.relation {
        TableFactor::Table { name, args: None, .. } if from.joins.is_empty() => Some(name),
        _ => None,
    }
}

impl Visitor for Finder {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        let mut scope = Scope::default();
        match statement {
            Statement::Update(update) => {
                self.joins(&update.table, &mut scope);
                if let Some(UpdateTableFromKind::AfterSet(tables) | UpdateTableFromKind::BeforeSet(tables)) =
                    &update.from
                {
                    for tables in tables {
                        self.joins(tables, &mut scope);
                    }
                }
                let table = scope.sources.first().and_then(|s| s.table.clone());
                self.scopes.push(scope);
                for assignment in &update.assignments {
                    let AssignmentTarget::ColumnName(name) = &assignment.target else { continue };
                    let column = name.0.last().and_then(|part| part.as_ident()).map(|i| self.folded(i));
                    if let (Some(table), Some(column)) = (table.clone(), column) {
                        let told = self.told(&assignment.value);
                        self.note(&assignment.value, Some(TypeHint::Like(table.clone(), column.clone())));
                        self.push(table, column, told);
                    }
                }
                return ControlFlow::Continue(());
            }
            Statement::Delete(delete) => {
                let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
                for tables in tables.iter().chain(delete.using.iter().flatten()) {
                    self.joins(tables, &mut scope);
                }
            }
            Statement::Insert(insert) => self.insert(insert),
            _ => {}
        }
        self.scopes.push(scope);
        ControlFlow::Continue(())
    }

    fn post_visit_statement(&mut self, _: &Statement) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let names = query.with.iter().flat_map(|with| &with.cte_tables);
        let names = names.map(|cte| self.folded(&cte.alias.name)).collect();
        self.shadows.push(names);
        // What stands in a query outside of its `SELECT`s (`ORDER BY`) is resolved by its own rules.
        self.scopes.push(Scope::default());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.shadows.pop();
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let scope = self.scope_of(select);
        self.scopes.push(scope);
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<()> {
        self.scopes.pop();
        if let Some(query) = self.scopes.last_mut() {
            query.is_closed = query.sources.is_empty();
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => self.note(expr, None),
            Expr::BinaryOp { left, op, right } if is_comparison(op) => self.pair(left, right),
            Expr::InList { expr, list, .. } => {
                for item in list.iter().take(3) {
                    self.pair(expr, item);
                }
            }
            Expr::Between { expr, low, high, .. } => {
                self.pair(expr, low);
                self.pair(expr, high);
            }
            Expr::Case { operand: Some(operand), conditions, .. } => {
                for when in conditions.iter().take(3) {
                    self.pair(operand, &when.condition);
                }
            }
            Expr::Function(function) if is_coalesce(function) => {
                if let [first, second, ..] = arguments(function).as_slice() {
                    self.pair(first, second);
                }
            }
            Expr::IsTrue(inner) | Expr::IsFalse(inner) | Expr::IsNotTrue(inner) | Expr::IsNotFalse(inner) => {
                self.note(inner, Some(TypeHint::Boolean));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn is_comparison(operator: &BinaryOperator) -> bool {
    matches!(
        operator,
        BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
    )
}

fn is_coalesce(function: &Function) -> bool {
    let name = function.name.0.last().and_then(|part| part.as_ident());
    name.is_some_and(|ident| {
        ["coalesce", "ifnull", "nullif"].iter().any(|known| ident.value.eq_ignore_ascii_case(known))
    })
}

fn arguments(function: &Function) -> Vec<&Expr> {
    let FunctionArguments::List(list) = &function.args else { return Vec::new() };
    list.args
        .iter()
        .filter_map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect()
}

/// Columns that every table has, and words that look like columns.
fn is_system(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().as_str(),
        "rowid"
            | "oid"
            | "_rowid_"
            | "ctid"
            | "xmin"
            | "xmax"
            | "cmin"
            | "cmax"
            | "tableoid"
            | "default"
            | "new"
            | "old"
            | "excluded"
            | "current_date"
            | "current_time"
            | "current_timestamp"
            | "current_user"
            | "session_user"
            | "localtime"
            | "localtimestamp"
            | "user"
            | "unknown"
            | "value"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = uses(text, Dialect::PostgreSql)
            .into_iter()
            .map(|u| match u.hint {
                None => format!("{}.{}", u.table, u.column),
                Some(TypeHint::Like(table, column)) => {
                    format!("{}.{} like {table}.{column}", u.table, u.column)
                }
                Some(TypeHint::LikeNth(table, at)) => format!("{}.{} like {table} {at}", u.table, u.column),
                Some(hint) => format!("{}.{} {hint:?}", u.table, u.column),
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn columns_belong_to_the_table_of_their_scope() {
        check("select a, b.c from t b where d = 1", &["t.a", "t.c", "t.d Number", "t.d"]);
        check("select a from t, u", &[]);
        check("select t.a, x.b from t, (select b from u) x", &["t.a", "u.b"]);
        check("with w as (select a from t) select z from w", &["t.a"]);
    }

    #[test]
    fn an_insert_tells_types_of_what_it_copies() {
        check(
            "insert into n (p, q) select o.a, coalesce(o.b, '') from o",
            &["o.a like n.p", "o.b like n.q", "o.a", "o.b Text", "o.b"],
        );
        check("insert into n select o.a from o", &["o.a like n 0", "o.a"]);
    }

    #[test]
    fn an_update_tells_types_both_ways() {
        check(
            "update t set a = u.b from u where t.k = u.k and t.f is true",
            &[
                "u.b like t.a",
                "t.a like u.b",
                "u.b",
                "t.k like u.k",
                "u.k like t.k",
                "t.k",
                "u.k",
                "t.f Boolean",
                "t.f",
            ],
        );
        check("update t set r = case s when 1 then 'x' end", &["t.r", "t.s Number", "t.s"]);
    }

    #[test]
    fn a_select_without_tables_sees_the_statement_around_it() {
        check("update t set r = (select case s when 1 then 'x' end)", &["t.r", "t.s Number", "t.s"]);
        check("update t set r = (select a from u order by b limit 1)", &["t.r", "u.a"]);
    }

    #[test]
    fn what_does_not_parse_names_nothing() {
        check("update t set set set", &[]);
    }
}
