//! Statements on rows: which tables they touch.

use super::Reader;
use super::cursor::Cursor;
use super::lex::Kind;
use crate::change::{Change, Extent, RowEffect, UnknownEffect};
use crate::model::{Dialect, ObjectName};

/// Functions that a `SELECT` may call without changing the schema.
const HARMLESS: &[&str] = &[
    "setval",
    "nextval",
    "currval",
    "lastval",
    "set_config",
    "current_setting",
    "count",
    "max",
    "min",
    "sum",
    "avg",
    "coalesce",
    "now",
    "exists",
    "version",
    "current_database",
    "current_schema",
    "lower",
    "upper",
    "length",
    "concat",
    "array_agg",
    "string_agg",
    "json_agg",
    "jsonb_agg",
    "to_regclass",
    "cast",
    "extract",
    "any",
    "all",
    "in",
    "nullif",
    "greatest",
    "least",
    "unnest",
    "generate_series",
    "row_number",
    "date_trunc",
    "to_char",
    "format",
    "quote_ident",
    "quote_literal",
    "gen_random_uuid",
    "uuid_generate_v4",
    "random",
    "values",
    "get_lock",
    "release_lock",
    "ifnull",
    "database",
    "last_insert_id",
    "row",
    "array",
    "sleep",
    "pg_sleep",
    "dropgeometrytable",
    "enum_range",
    "enum_first",
    "enum_last",
    "pg_type_is_visible",
    "pg_table_is_visible",
    "to_regtype",
    "array_length",
    "pg_get_constraintdef",
    "pg_get_indexdef",
    "pg_get_expr",
    "pg_has_role",
    "pg_relation_size",
    "pg_total_relation_size",
    "format_type",
    "obj_description",
    "col_description",
];

impl Reader<'_> {
    pub(super) fn rows(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        let text = c.text;
        if let Some(made) = virtual_table_as_row(c) {
            return self.create(&mut Cursor::new(&made, self.dialect));
        }
        let word = c.word().to_owned();
        let mut cte: Vec<String> = Vec::new();
        let mut out: Vec<(ObjectName, RowEffect, Vec<String>)> = Vec::new();
        // Brackets in which `FROM` is an argument: `extract(epoch FROM x)`.
        let mut brackets: Vec<bool> = Vec::new();
        let mut functions: Vec<String> = Vec::new();
        let mut first = true;
        while let Some(token) = c.peek().cloned() {
            match &token.kind {
                Kind::Symbol('(') => {
                    let before = c.at.checked_sub(1).and_then(|at| c.tokens.get(at));
                    let of_function = before.is_some_and(|t| {
                        ["extract", "substring", "trim", "overlay", "position"].iter().any(|w| t.is(w))
                    });
                    if let Some(Kind::Word(name)) = before.map(|t| t.kind.clone())
                        && !is_keyword(&name)
                    {
                        functions.push(name);
                    }
                    brackets.push(of_function);
                    c.at += 1;
                    continue;
                }
                Kind::Symbol(')') => {
                    brackets.pop();
                    c.at += 1;
                    continue;
                }
                _ => {}
            }
            let in_function = brackets.last() == Some(&true);
            if first && c.eat("with") {
                c.eat("recursive");
                first = false;
                continue;
            }
            // `name AS (` of a `WITH`.
            if c.ahead(1).is_some_and(|t| t.is("as"))
                && (c.ahead(2).is_some_and(|t| t.symbol('(') || t.is("materialized") || t.is("not")))
                && word == "with"
                && let Some(name) = c.clone().ident()
            {
                cte.push(name);
                c.at += 2;
                continue;
            }
            let start = c.at;
            if c.eat("insert") || (self.dialect.is_mysql() && c.eat("replace") && start == 0) {
                c.eat_any(&["ignore", "or"]);
                c.eat_any(&["replace", "ignore", "abort", "rollback", "fail"]);
                c.eat("into");
                if let Some(name) = c.name() {
                    if c.eat("as") {
                        c.ident();
                    }
                    let columns =
                        if c.is_symbol('(') && !c.ahead(1).is_some_and(|t| t.is("select") || t.is("with")) {
                            c.clone().names_in_brackets().unwrap_or_default()
                        } else {
                            Vec::new()
                        };
                    out.push((name, RowEffect::Insert, columns));
                }
            } else if c.eat("merge") {
                c.eat("into");
                if let Some(name) = c.name() {
                    out.push((name, RowEffect::Insert, Vec::new()));
                }
            } else if c.eat("copy") {
                if let Some(name) = c.name() {
                    let columns =
                        if c.is_symbol('(') { c.names_in_brackets().unwrap_or_default() } else { Vec::new() };
                    out.push((name, RowEffect::Insert, columns));
                }
                break;
            } else if c.is("update") && !matches!(previous(c), "for" | "key" | "on" | "do" | "then" | "no") {
                c.at += 1;
                c.eat_any(&["only", "ignore", "low_priority"]);
                if let Some(name) = c.name() {
                    let mut columns = Vec::new();
                    let mut probe = c.clone();
                    if !probe.is("set") {
                        probe.eat("as");
                        probe.ident();
                    }
                    if probe.eat("set") {
                        while let Some(column) = probe.ident() {
                            if !probe.is_symbol('=') {
                                break;
                            }
                            columns.push(column);
                            probe.text_until(|c| {
                                c.is_symbol(',') || matches!(c.word(), "where" | "from" | "returning")
                            });
                            if !probe.eat_symbol(',') {
                                break;
                            }
                        }
                    }
                    out.push((name, RowEffect::Update, columns));
                }
            } else if c.eat_all(&["delete", "from"]) {
                c.eat("only");
                if let Some(name) = c.name() {
                    out.push((name, RowEffect::Delete, Vec::new()));
                }
            } else if c.is("truncate") && start == 0 {
                c.at += 1;
                c.eat("table");
                loop {
                    c.eat("only");
                    let Some(name) = c.name() else { break };
                    out.push((name, RowEffect::Delete, Vec::new()));
                    c.eat_symbol('*');
                    if !c.eat_symbol(',') {
                        break;
                    }
                }
                break;
            } else if (c.is("from") && !in_function && !matches!(previous(c), "distinct"))
                || c.is("join")
                || c.is("using")
            {
                let using = c.is("using");
                let on_delete = out.iter().any(|(_, e, _)| *e == RowEffect::Delete);
                c.at += 1;
                if using && (!on_delete || c.is_symbol('(')) {
                    continue;
                }
                loop {
                    c.eat_any(&["only", "lateral"]);
                    if c.is_symbol('(') || c.done() {
                        break;
                    }
                    let mut probe = c.clone();
                    let Some(name) = probe.name() else { break };
                    if probe.is_symbol('(') {
                        break;
                    }
                    *c = probe;
                    if !(name.schema.is_none() && cte.contains(&name.name)) {
                        out.push((name, RowEffect::Read, Vec::new()));
                    }
                    // An alias.
                    if c.eat("as") {
                        c.ident();
                    } else if let Some(Kind::Word(w)) = c.peek().map(|t| t.kind.clone())
                        && !is_keyword(&w)
                    {
                        c.at += 1;
                    }
                    if !c.is_symbol(',') {
                        break;
                    }
                    c.at += 1;
                }
            }
            if c.at == start {
                c.at += 1;
            }
            first = false;
        }
        // Names that a later `WITH` binds are no tables.
        out.retain(|(name, effect, _)| {
            *effect != RowEffect::Read || name.schema.is_some() || !cte.contains(&name.name)
        });
        let strange = functions.iter().find(|f| {
            !HARMLESS.contains(&f.as_str())
                && !f.starts_with("pg_")
                && !f.starts_with("json")
                && !f.starts_with("date_")
        });
        if out.is_empty()
            && word == "select"
            && let Some(function) = strange
        {
            let text: String =
                text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(120).collect();
            self.changes.push(Change::Unknown(UnknownEffect {
                extent: Extent::Anything,
                reason: format!("what the function `{function}` does is not known"),
                text,
            }));
            self.exact = false;
            return Some(());
        }
        if out.is_empty() {
            return self.nothing(text);
        }
        let uses = super::uses::uses(text, self.dialect);
        let of = |table: &ObjectName, alone: bool| {
            let mine = uses.iter().filter(move |u| alone && u.table == *table);
            let columns: Vec<String> = mine.clone().map(|u| u.column.clone()).collect();
            let hints = mine.filter_map(|u| Some((u.column.clone(), u.hint.clone()?))).collect::<Vec<_>>();
            (columns, hints)
        };
        let mut seen: Vec<ObjectName> = Vec::new();
        for (table, effect, mut columns) in out {
            // All that is known of a table's columns stands at its first mention.
            let (more, hints) = of(&table, !seen.contains(&table));
            for column in more {
                if !columns.contains(&column) {
                    columns.push(column);
                }
            }
            seen.push(table.clone());
            self.changes.push(Change::Rows { table, effect, columns, hints });
        }
        Some(())
    }
}

fn previous<'c>(c: &'c Cursor<'_>) -> &'c str {
    match c.at.checked_sub(1).and_then(|at| c.tokens.get(at)).map(|t| &t.kind) {
        Some(Kind::Word(word)) => word,
        _ => "",
    }
}

fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "where"
            | "join"
            | "left"
            | "right"
            | "inner"
            | "outer"
            | "full"
            | "cross"
            | "natural"
            | "on"
            | "using"
            | "set"
            | "group"
            | "order"
            | "having"
            | "limit"
            | "offset"
            | "union"
            | "intersect"
            | "except"
            | "returning"
            | "for"
            | "window"
            | "select"
            | "from"
            | "values"
            | "as"
            | "and"
            | "or"
            | "not"
            | "in"
            | "exists"
            | "then"
            | "when"
            | "else"
            | "end"
            | "case"
            | "with"
            | "into"
            | "update"
            | "delete"
            | "insert"
            | "fetch"
            | "lateral"
            | "is"
            | "between"
            | "like"
            | "over"
            | "filter"
            | "by"
            | "distinct"
            | "all"
            | "any"
            | "default"
            | "conflict"
            | "do"
            | "nothing"
            | "straight_join"
            | "tablesample"
            | "some"
            | "array"
            | "row"
            | "materialized"
            | "interval"
    )
}

/// The statement in `INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES (…)`, by which the `.dump`
/// of SQLite's shell makes virtual tables.
fn virtual_table_as_row(c: &Cursor<'_>) -> Option<String> {
    let is_ahead = |by: usize, words: &[&str]| c.ahead(by).is_some_and(|t| words.iter().any(|w| t.is(w)));
    let is_of_catalogue = c.dialect == Dialect::Sqlite
        && is_ahead(0, &["insert"])
        && is_ahead(1, &["into"])
        && is_ahead(2, &["sqlite_schema", "sqlite_master"]);
    is_of_catalogue.then_some(())?;
    let made = c.tokens.iter().rev().find_map(|token| match &token.kind {
        Kind::Text(text) => Some(text.clone()),
        _ => None,
    })?;
    Cursor::new(&made, c.dialect).eat_all(&["create", "virtual", "table"]).then_some(made)
}
