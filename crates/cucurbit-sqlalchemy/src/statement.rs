//! Statements on rows: which tables and columns they touch.

use crate::reading::Statement;
use crate::settings::Environment;
use crate::terms;
use cucurbit_python::eval::{Arguments, Evaluator, TermKind, Value};
use cucurbit_schema::{ObjectName, RowEffect};

/// How deep statements may nest.
const MAX_DEPTH: usize = 40;

/// Reads which tables a statement touches; `None` when the value is no statement.
///
/// Columns are those that are written or compared, as far as they are named. A value that cannot be told does
/// not make the statement open; a condition or a table that cannot be told does.
pub fn statement<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<Statement> {
    read(ev, value, 0)
}

fn read<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value, depth: usize) -> Option<Statement> {
    let mut calls: Vec<(String, Arguments)> = Vec::new();
    let mut root = value.clone();
    for _ in 0..MAX_DEPTH {
        let Some((receiver, method, term)) = terms::method(&root) else { break };
        let (receiver, method) = (receiver.clone(), method.to_owned());
        let arguments = term.arguments.clone();
        if let Some(effect) = effect_of(&method)
            && let Some(table) = crate::table_name(ev, &receiver)
        {
            let mut reading = Reading::new(depth);
            if effect == RowEffect::Read {
                reading.all_columns(ev, &receiver);
            }
            return Some(reading.finish(ev, effect, Some(table), &arguments, calls));
        }
        calls.push((method, arguments));
        root = receiver;
    }
    let call = terms::called(ev, &root)?;
    let name = call.name.rsplit('.').next().unwrap_or(&call.name).to_lowercase();
    if matches!(name.as_str(), "union" | "union_all" | "intersect" | "except_" | "exists") {
        let mut reading = Reading::new(depth);
        for part in &call.arguments.positional {
            reading.expression(ev, part);
        }
        for (_, arguments) in &calls {
            reading.all(ev, arguments);
        }
        reading.statement.open |= call.arguments.open;
        return Some(reading.statement);
    }
    let effect = effect_of(&name)?;
    let mut arguments = call.arguments.clone();
    let table = match effect {
        RowEffect::Read => None,
        _ => {
            let first = if arguments.positional.is_empty() {
                arguments.keyword("table").cloned()
            } else {
                Some(arguments.positional.remove(0))
            };
            first.and_then(|v| crate::table_name(ev, &v))
        }
    };
    let mut reading = Reading::new(depth);
    reading.statement.open = effect != RowEffect::Read && table.is_none();
    Some(reading.finish(ev, effect, table, &arguments, calls))
}

fn effect_of(name: &str) -> Option<RowEffect> {
    Some(match name {
        "insert" => RowEffect::Insert,
        "update" => RowEffect::Update,
        "delete" => RowEffect::Delete,
        "select" => RowEffect::Read,
        _ => return None,
    })
}

/// A statement being read.
struct Reading {
    statement: Statement,
    depth: usize,
}

impl Reading {
    fn new(depth: usize) -> Self {
        Reading { statement: Statement::default(), depth }
    }

    fn finish<H: Environment>(
        mut self,
        ev: &mut Evaluator<'_, H>,
        effect: RowEffect,
        table: Option<ObjectName>,
        arguments: &Arguments,
        calls: Vec<(String, Arguments)>,
    ) -> Statement {
        self.statement.open |= arguments.open;
        if let Some(table) = &table {
            self.statement.rows.push((table.clone(), effect, Vec::new()));
        }
        for value in arguments.positional.iter().chain(arguments.keywords.iter().map(|(_, v)| v)) {
            match value {
                Value::Dict(_) => self.values(ev, value),
                Value::List(_) if effect == RowEffect::Insert => self.values(ev, value),
                Value::None => {}
                other if effect == RowEffect::Read => self.selected(ev, other),
                other => self.expression(ev, other),
            }
        }
        // In the order in which they are written.
        for (method, arguments) in calls.iter().rev() {
            match method.as_str() {
                "values" | "ordered_values" => {
                    for (name, value) in &arguments.keywords {
                        self.column(name);
                        self.value(ev, value);
                    }
                    for value in &arguments.positional {
                        self.values(ev, value);
                    }
                }
                "from_select" => {
                    if let Some(names) = arguments.get(0, "names") {
                        for name in terms::items(ev, names).unwrap_or_default() {
                            self.key(ev, &name);
                        }
                    }
                    match arguments.get(1, "select").cloned().and_then(|s| read(ev, &s, self.depth + 1)) {
                        Some(inner) => self.merge(inner),
                        None => self.statement.open = true,
                    }
                }
                "on_conflict_do_update" | "on_duplicate_key_update" => {
                    for (name, value) in &arguments.keywords {
                        match (name.as_ref(), value) {
                            ("set_", value) => self.values(ev, value),
                            ("index_elements", value) => {
                                for name in terms::items(ev, value).unwrap_or_default() {
                                    self.key(ev, &name);
                                }
                            }
                            _ if method == "on_duplicate_key_update" => self.column(name),
                            _ => {}
                        }
                    }
                }
                "on_conflict_do_nothing"
                | "execution_options"
                | "with_dialect_options"
                | "prefix_with"
                | "limit"
                | "offset"
                | "params"
                | "compile"
                | "with_hint"
                | "inline"
                | "suffix_with"
                | "with_for_update" => {}
                _ => self.all(ev, arguments),
            }
        }
        self.statement
    }

    fn all<H: Environment>(&mut self, ev: &mut Evaluator<'_, H>, arguments: &Arguments) {
        self.statement.open |= arguments.open;
        for value in &arguments.positional {
            self.expression(ev, value);
        }
        for (_, value) in &arguments.keywords {
            if let Value::Term(_) | Value::Tuple(_) | Value::List(_) = value {
                self.expression(ev, value);
            }
        }
    }

    /// A column of the table that is written.
    fn column(&mut self, name: &str) {
        if let Some((_, _, columns)) = self.statement.rows.first_mut()
            && !columns.iter().any(|c| c == name)
        {
            columns.push(name.to_owned());
        }
    }

    /// A column as a key of `values({…})`: its name or the column itself.
    fn key<H: Environment>(&mut self, ev: &mut Evaluator<'_, H>, key: &Value) {
        match terms::text_of(ev, key).or_else(|| crate::compile::column_of(ev, key, &[]).map(|c| c.name)) {
            Some(name) => self.column(&name),
            None => self.statement.open = true,
        }
    }

    fn values<H: Environment>(&mut self, ev: &mut Evaluator<'_, H>, value: &Value) {
        match value {
            Value::Dict(items) => {
                let items = items.borrow().clone();
                for (key, value) in &items {
                    self.key(ev, key);
                    self.value(ev, value);
                }
            }
            Value::List(_) | Value::Tuple(_) => {
                for item in value.sequence().unwrap_or_default() {
                    match &item {
                        Value::Dict(_) => self.values(ev, &item),
                        // `ordered_values(("a", 1))`
                        Value::Tuple(pair) if pair.len() == 2 && pair[0].as_str().is_some() => {
                            self.key(ev, &pair[0]);
                            self.value(ev, &pair[1]);
                        }
                        other => self.value(ev, other),
                    }
                }
            }
            other => self.value(ev, other),
        }
    }

    /// A value that is written; only an expression can mean more tables.
    fn value<H: Environment>(&mut self, ev: &mut Evaluator<'_, H>, value: &Value) {
        if let Value::Term(_) = value {
            let was_open = self.statement.open;
            self.expression(ev, value);
            // A call of something outside may as well give a plain value (`uuid.uuid4()`).
            self.statement.open = was_open;
        }
    }

    /// Notes the type that a column was given (`table("t", Column("a", Float))`).
    fn typed<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        table: ObjectName,
        column: String,
    ) {
        if self.statement.types.iter().any(|(t, c, _)| *t == table && *c == column) {
            return;
        }
        if let Some(made) = crate::calls::settle_column(ev, value)
            && let Ok(reading) = crate::column(ev, &made, None)
            && reading.has_type
            && reading.data_type.is_known()
        {
            self.statement.types.push((table, column, reading.column.data_type));
        }
    }

    fn merge(&mut self, other: Statement) {
        self.statement.types.extend(other.types);
        for (table, effect, columns) in other.rows {
            for column in &columns {
                self.note(&table, effect, Some(column));
            }
            if columns.is_empty() {
                self.note(&table, effect, None);
            }
        }
        self.statement.open |= other.open;
    }

    fn note(&mut self, table: &ObjectName, effect: RowEffect, column: Option<&str>) {
        // A column of the table that is changed belongs to that change.
        let found = self
            .statement
            .rows
            .iter()
            .position(|(t, e, _)| t == table && (*e == effect || effect == RowEffect::Read));
        let at = match found {
            Some(at) => at,
            None => {
                self.statement.rows.push((table.clone(), effect, Vec::new()));
                self.statement.rows.len() - 1
            }
        };
        let columns = &mut self.statement.rows[at].2;
        if let Some(column) = column
            && !columns.iter().any(|c| c == column)
        {
            columns.push(column.to_owned());
        }
    }

    /// Finds tables, columns and statements in an expression.
    /// What `select(…)` is of: of a table object all its columns.
    fn selected<H: Environment>(&mut self, ev: &mut Evaluator<'_, H>, value: &Value) {
        if let Value::List(_) = value {
            for item in value.sequence().unwrap_or_default() {
                self.selected(ev, &item);
            }
            return;
        }
        self.expression(ev, value);
        if crate::table_name(ev, value).is_some() {
            self.all_columns(ev, value);
        }
    }

    fn all_columns<H: Environment>(&mut self, ev: &mut Evaluator<'_, H>, table: &Value) {
        for column in crate::calls::columns_of(ev, table).unwrap_or_default() {
            self.expression(ev, &column);
        }
    }

    fn expression<H: Environment>(&mut self, ev: &mut Evaluator<'_, H>, value: &Value) {
        if self.depth > MAX_DEPTH {
            self.statement.open = true;
            return;
        }
        self.depth += 1;
        self.expression_inner(ev, value);
        self.depth -= 1;
    }

    fn expression_inner<H: Environment>(&mut self, ev: &mut Evaluator<'_, H>, value: &Value) {
        if let Some((table, column)) = column_home(ev, value) {
            match table {
                Some(table) => {
                    self.note(&table, RowEffect::Read, Some(&column));
                    self.typed(ev, value, table, column);
                }
                None => self.column(&column),
            }
            return;
        }
        if let Some(table) = crate::table_name(ev, value) {
            self.note(&table, RowEffect::Read, None);
            return;
        }
        match value {
            Value::Unknown(_) => self.statement.open = true,
            Value::List(_) | Value::Tuple(_) | Value::Set(_) => {
                for item in value.sequence().unwrap_or_default() {
                    self.expression(ev, &item);
                }
            }
            Value::Dict(items) => {
                let items = items.borrow().clone();
                for (key, value) in &items {
                    self.expression(ev, key);
                    self.expression(ev, value);
                }
            }
            Value::Term(term) => {
                if let Some(inner) = read(ev, value, self.depth + 1) {
                    self.merge(inner);
                    return;
                }
                if let Some(call) = terms::called(ev, value)
                    && matches!(call.name.as_ref(), "text" | "literal_column")
                {
                    let text = call.arguments.positional.first().and_then(|v| terms::text_of(ev, v));
                    let is_plain = text.is_some_and(|t| !t.to_lowercase().contains("select"));
                    self.statement.open |= !is_plain;
                    return;
                }
                match (&term.kind, &term.callee) {
                    (TermKind::Operation, _) => {}
                    (_, inner @ Value::Term(_)) => self.expression(ev, &inner.clone()),
                    _ => {}
                }
                let arguments = term.arguments.clone();
                self.all(ev, &arguments);
            }
            _ => {}
        }
    }
}

/// The table and the name of a column.
fn column_home<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
) -> Option<(Option<ObjectName>, String)> {
    if let Some((table, name)) = H::column_home(ev, value) {
        return Some((Some(table), name));
    }
    if let Some(column @ Value::Term(_)) = crate::calls::settle_column(ev, value)
        && let Value::Term(term) = &column
    {
        let homes = ev.host.registry().homes(term.serial).to_vec();
        if let [(table @ Some(_), name)] = homes.as_slice() {
            return Some((table.clone(), name.clone()));
        }
        let name = crate::column::name_of(ev, &column)?;
        // `t.c.x` says whose it is; `column("x")` does not.
        return Some((owner(ev, value), name));
    }
    let (owner_value, name) = terms::attribute_term(value)?;
    let name = name.to_owned();
    let (table, "c" | "columns") = terms::attribute_term(owner_value)? else { return None };
    let table = table.clone();
    let table = crate::table_name(ev, &table)?;
    Some((Some(table), name))
}

fn owner<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<ObjectName> {
    let Value::Term(term) = value else { return None };
    let (table, "c" | "columns") = terms::attribute_term(&term.callee)? else { return None };
    crate::table_name(ev, &table.clone())
}
