//! Statements: raw SQL and SQLAlchemy's own.

use crate::host::{Ev, record, unknown};
use crate::objects::{Object, Rows, Scalar};
use crate::parameters::Parameters;
use cucurbit_python::eval::{Arguments, Call, Place, TermKind, Value};
use cucurbit_schema::{Change, Dialect, Extent, ObjectName, RowEffect, Rows as TableRows, TypeHint, sql};
use cucurbit_sqlalchemy as sqla;
use std::rc::Rc;

/// What is said of a statement that cannot be told.
const UNKNOWN_STATEMENT: &str = "the statement cannot be told";

/// Executes a value: a string, `sa.text(…)`, a statement of SQLAlchemy's, a DDL element.
pub(crate) fn execute(ev: &mut Ev<'_>, statement: Option<Value>, call: &str, place: Place) -> Value {
    execute_with(ev, statement, &Arguments::default(), call, place)
}

/// Executes a value with parameters: a dictionary behind the statement, or keywords.
pub(crate) fn execute_with(
    ev: &mut Ev<'_>,
    statement: Option<Value>,
    arguments: &Arguments,
    call: &str,
    place: Place,
) -> Value {
    let Some(statement) = statement else { return rows(Rows::Unknown(Rc::from("no statement is given"))) };
    if let Some(text) = text_of(&statement) {
        let mut bound = Parameters::default();
        bound.of_statement(&statement);
        bound.of_call(arguments);
        return execute_text(ev, &text, &bound, call, place);
    }
    if let Some(done) = crate::objects_call::ddl_element(ev, &statement, call, place) {
        return done;
    }
    if let Some(found) = sqla::statement(ev, &statement) {
        let sure = !found.open && found.rows.iter().all(|(table, _, _)| is_empty(ev, table));
        let reads = found.rows.iter().all(|(_, effect, _)| *effect == RowEffect::Read);
        let aggregate = reads && aggregates(&ev.describe(&statement));
        let mut changes = row_changes(found);
        if changes.is_empty() {
            changes.push(Change::Nothing { what: "a statement on rows".to_owned() });
        }
        record(ev, place, call, changes, true);
        return rows(if sure && !aggregate {
            Rows::Empty
        } else {
            Rows::Unknown(Rc::from("the database knows the rows"))
        });
    }
    // A statement that is built from what cannot be told. SQLAlchemy's own expressions act on rows only.
    let text = ev.describe(&statement);
    if on_rows_only(&statement) {
        record(ev, place, call, vec![Change::Nothing { what: text }], true);
        return rows(Rows::Unknown(Rc::from("the database knows the rows")));
    }
    let visible = visible_text(&statement);
    // The one part that cannot be told is the name of the database that the connection is to.
    if let Some((text, why)) = &visible
        && ev.host.settings.dialect.is_mysql()
        && why.contains("`Bind.url.database`")
        && text.matches(HOLE).count() == 1
        && ev.host.session.set_database_charset(text)
    {
        let what = text.replace(HOLE, "the database");
        record(ev, place, call, vec![Change::Nothing { what }], true);
        return rows(Rows::Empty);
    }
    if let Some(changes) = visible.as_ref().and_then(|(text, _)| rows_only(ev, text)) {
        record(ev, place, call, changes, true);
        return rows(Rows::Unknown(Rc::from("the database knows the rows")));
    }
    let reason = match (&statement, &visible) {
        (_, Some((_, why))) => format!("{UNKNOWN_STATEMENT}: {why}"),
        (Value::Unknown(why), None) if why.reason.starts_with(UNKNOWN_STATEMENT) => why.reason.to_string(),
        (Value::Unknown(why), None) => format!("{UNKNOWN_STATEMENT}: {}", why.reason),
        _ => UNKNOWN_STATEMENT.to_owned(),
    };
    let extent = visible.map_or(Extent::Anything, |(text, _)| extent_of_visible(ev, &text));
    unknown(ev, place, call, extent, &reason);
    rows(Rows::Unknown(Rc::from(reason)))
}

/// What a statement on rows does.
fn row_changes(found: sqla::Statement) -> Vec<Change> {
    let types = found.types;
    let change = |(table, effect, columns): (ObjectName, RowEffect, Vec<String>)| {
        let mine = types.iter().filter(|(of, _, _)| *of == table);
        let hints =
            mine.map(|(_, column, t)| (column.clone(), TypeHint::Typed(Box::new(t.clone())))).collect();
        Change::Rows { table, effect, columns, hints }
    };
    found.rows.into_iter().map(change).collect()
}

/// What stands for the parts of a string that cannot be told.
const HOLE: char = '\u{fffd}';

/// What stands there while the rest is read.
const FILLING: &str = "unseen_part";

/// The visible part of a statement of which parts cannot be told, and why they cannot.
fn visible_text(value: &Value) -> Option<(String, Rc<str>)> {
    match value {
        Value::Unknown(why) => Some((why.note.as_ref()?.to_string(), Rc::clone(&why.reason))),
        Value::Term(term) if term.kind == TermKind::Call => {
            if let Some(name) = term.external() {
                return match sqla::canonical_name(name)?.as_ref() {
                    "text" | "literal_column" => visible_text(term.arguments.get(0, "text")?),
                    "DDL" => visible_text(term.arguments.get(0, "statement")?),
                    _ => None,
                };
            }
            let Value::Term(method) = &term.callee else { return None };
            (method.kind == TermKind::Attribute && keeps_text(&method.name))
                .then(|| visible_text(&method.callee))
                .flatten()
        }
        _ => None,
    }
}

/// What statements do of which the visible part says that they act on rows, whatever the rest is.
fn rows_only(ev: &Ev<'_>, text: &str) -> Option<Vec<Change>> {
    const VERBS: [&str; 8] =
        ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "REPLACE", "VALUES", "TRUNCATE"];
    let dialect = ev.host.settings.dialect;
    let mut changes = Vec::new();
    for piece in sql::split(text, dialect) {
        let verb: String = piece.text.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
        // `SELECT … INTO` makes a table.
        if !VERBS.contains(&verb.to_uppercase().as_str()) || makes_table(&verb, piece.text) {
            return None;
        }
        let filled = piece.text.replace(HOLE, FILLING);
        let read = sql::read_one(&filled, dialect, &ev.host.db);
        for change in read.changes {
            let Change::Rows { table, effect, mut columns, mut hints } = change else { continue };
            if ev.host.db.tables.contains_key(&table) {
                columns.retain(|column| !column.contains(FILLING));
                hints.retain(|(column, _)| !column.contains(FILLING));
                changes.push(Change::Rows { table, effect, columns, hints });
            }
        }
    }
    if changes.is_empty() {
        changes.push(Change::Nothing { what: "a statement on rows".to_owned() });
    }
    Some(changes)
}

fn makes_table(verb: &str, text: &str) -> bool {
    let mut words = text.split_whitespace().map(str::to_uppercase);
    matches!(verb.to_uppercase().as_str(), "SELECT" | "WITH")
        && words.any(|word| word == "INTO")
        && !text.to_uppercase().contains("INSERT")
}

/// The tables that the visible part of a statement names, when all of the names are visible.
fn extent_of_visible(ev: &Ev<'_>, text: &str) -> Extent {
    let dialect = ev.host.settings.dialect;
    let mut tables = std::collections::BTreeSet::new();
    for piece in sql::split(text, dialect) {
        let named = sql::tables_named(piece.text, dialect);
        if named.is_empty() || named.iter().any(|n| n.name.contains(HOLE)) {
            return Extent::Anything;
        }
        tables.extend(named);
    }
    if tables.is_empty() { Extent::Anything } else { Extent::Tables(tables) }
}

fn rows(rows: Rows) -> Value {
    Object::Rows(rows).value()
}

/// Calls of SQLAlchemy's that make a statement on rows, however they go on.
fn on_rows_only(value: &Value) -> bool {
    let Value::Term(term) = value else { return false };
    if let Some(name) = term.external() {
        return matches!(
            sqla::canonical_name(name).as_deref(),
            Some(
                "select"
                    | "insert"
                    | "update"
                    | "delete"
                    | "exists"
                    | "union"
                    | "union_all"
                    | "postgresql.insert"
                    | "mysql.insert"
                    | "sqlite.insert"
            )
        ) || name.starts_with("sqlmodel.select");
    }
    match term.kind {
        TermKind::Call => match &term.callee {
            Value::Term(method) if method.kind == TermKind::Attribute => {
                matches!(method.name.as_ref(), "insert" | "update" | "delete" | "select")
                    || on_rows_only(&method.callee)
            }
            _ => false,
        },
        TermKind::Attribute => on_rows_only(&term.callee),
        _ => false,
    }
}

/// Methods of `text("…")` and `DDL("…")` that leave its text as it is.
fn keeps_text(method: &str) -> bool {
    matches!(method, "bindparams" | "params" | "execution_options" | "columns" | "execute_if")
}

/// Returns the text of a statement: a string, `text("…")` with parameters bound or not, `DDL("…")`.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Str(text) => Some(text.to_string()),
        Value::Term(term) if term.kind == TermKind::Call => {
            if let Some(name) = term.external() {
                let name = sqla::canonical_name(name)?;
                return match name.as_ref() {
                    "text" | "literal_column" => text_of(&term.arguments.get(0, "text")?.clone()),
                    "DDL" => {
                        let text = text_of(&term.arguments.get(0, "statement")?.clone())?;
                        Some(text.replace("%%", "%"))
                    }
                    _ => None,
                };
            }
            // `text("…").bindparams(…)`
            let Value::Term(method) = &term.callee else { return None };
            (method.kind == TermKind::Attribute && keeps_text(&method.name))
                .then(|| text_of(&method.callee))
                .flatten()
        }
        _ => None,
    }
}

fn execute_text(ev: &mut Ev<'_>, text: &str, bound: &Parameters, call: &str, place: Place) -> Value {
    let dialect = ev.host.settings.dialect;
    // The statements see what those before them did.
    let mut last = Rows::Unknown(Rc::from("the database knows the rows"));
    let pieces = sql::split(text, dialect);
    for piece in &pieces {
        let read = sql::read_one(piece.text, dialect, &ev.host.db);
        if dialect == Dialect::PostgreSql && ev.host.session.set_search_path(piece.text) {
            last = Rows::Unknown(Rc::from("a setting"));
            continue;
        }
        let on_rows = |change: &Change| matches!(change, Change::Rows { .. } | Change::Nothing { .. });
        if ev.host.session.elsewhere && !read.changes.iter().all(on_rows) {
            let reason = "`search_path` says which schema is meant, and is not followed";
            unknown(ev, place, call, Extent::Anything, reason);
            last = Rows::Empty;
            continue;
        }
        last = answer(ev, &bound.put_into(piece.text), &read.changes);
        record(ev, place, call, read.changes, read.exact);
    }
    rows(last)
}

/// What a query gives, where the state tells it.
fn answer(ev: &mut Ev<'_>, text: &str, changes: &[Change]) -> Rows {
    let knows = || Rows::Unknown(Rc::from("the database knows the rows"));
    let head: String = text.trim_start().chars().take(7).collect::<String>().to_uppercase();
    if let Some(rows) = crate::catalog::answer(ev, text) {
        return rows;
    }
    let tables: Vec<&ObjectName> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Rows { table, .. } => Some(table),
            _ => None,
        })
        .collect();
    if tables.is_empty() || !tables.iter().all(|table| is_empty(ev, table)) {
        return knows();
    }
    if head.starts_with("SELECT") && aggregates(text) {
        let squeezed: String = text.to_lowercase().split_whitespace().collect();
        if squeezed.starts_with("selectcount(") && !squeezed.contains("groupby") {
            return Rows::One(vec![Some(Scalar::Int(0))]);
        }
        let single = ["selectmax(", "selectmin(", "selectsum(", "selectavg("];
        if single.iter().any(|s| squeezed.starts_with(s)) && !squeezed.contains("groupby") {
            return Rows::One(vec![Some(Scalar::Null)]);
        }
        return knows();
    }
    Rows::Empty
}

fn aggregates(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["count(", "max(", "min(", "sum(", "avg(", "exists", "bool_or(", "string_agg("]
        .iter()
        .any(|a| lower.contains(a))
}

/// Says whether a table surely holds no rows: the database was built from empty and nothing put any in.
fn is_empty(ev: &mut Ev<'_>, table: &ObjectName) -> bool {
    let empty = ev.host.db.table(table).is_some_and(|t| t.rows == TableRows::None && !t.tainted);
    ev.host.asked_for_rows |= empty;
    empty && !ev.host.holds_rows
}

/// `session.query(…)`: rows of the tables that it names.
pub(crate) fn query(ev: &mut Ev<'_>, call: &Call) -> Value {
    let mut tables = Vec::new();
    let mut open = call.arguments.open || call.arguments.positional.is_empty();
    for value in &call.arguments.positional {
        match table_of(ev, value) {
            Some(table) => tables.push(table),
            None => open = true,
        }
    }
    let sure = !open && tables.iter().all(|t| is_empty(ev, t));
    let changes: Vec<Change> = read_of_tables(ev, call).unwrap_or_else(|| {
        let read =
            |table| Change::Rows { table, effect: RowEffect::Read, columns: Vec::new(), hints: Vec::new() };
        tables.into_iter().map(read).collect()
    });
    if !changes.is_empty() {
        record(ev, call.place, "query", changes, true);
    }
    rows(if sure { Rows::Empty } else { Rows::Unknown(Rc::from("the database knows the rows")) })
}

/// What a query of table objects and their columns reads: the same as `select(…)` of them. `None` where there is anything
/// else among them: of a mapped class it may read, change or count rows, and which columns that takes shows later.
fn read_of_tables(ev: &mut Ev<'_>, call: &Call) -> Option<Vec<Change>> {
    let of_tables = call.arguments.positional.iter().all(|value| {
        let table = match value {
            Value::Term(term) if term.kind == TermKind::Attribute => match &term.callee {
                // `table.c.name`
                Value::Term(columns) if columns.kind == TermKind::Attribute => columns.callee.clone(),
                _ => return false,
            },
            other => other.clone(),
        };
        sqla::table_name(ev, &table).is_some()
    });
    if !of_tables || call.arguments.open {
        return None;
    }
    let callee = Value::External(Rc::from("sqlalchemy.select"));
    let select = ev.term(TermKind::Call, callee, "", call.arguments.clone(), call.place);
    let found = sqla::statement(ev, &select).filter(|found| !found.open)?;
    Some(row_changes(found))
}

/// The table of a table object, a mapped class of the migration, or a column of one.
fn table_of(ev: &mut Ev<'_>, value: &Value) -> Option<ObjectName> {
    if let Some(table) = sqla::table_name(ev, value) {
        return Some(table);
    }
    match value {
        Value::Class(class) => {
            let name = ev.class_attribute(class, "__tablename__")?;
            let name = name.as_str()?.to_owned();
            Some(ev.host.name(None, &name))
        }
        Value::Term(term) if term.kind == TermKind::Attribute => table_of(ev, &term.callee.clone()),
        _ => None,
    }
}
