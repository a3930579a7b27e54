//! `sa.inspect(bind)`: answered from the state of the replay.

use crate::host::Ev;
use crate::operations::text_argument;
use cucurbit_python::eval::{Arguments, Call, Value};
use cucurbit_schema::{Column, ConstraintBody, ConstraintKind, KeyPart, ObjectName, Table};
use cucurbit_sqlalchemy as sqla;
use std::cell::RefCell;
use std::rc::Rc;

fn dict(items: Vec<(&str, Value)>) -> Value {
    Value::Dict(Rc::new(RefCell::new(items.into_iter().map(|(k, v)| (Value::str(k), v)).collect())))
}

fn strings<'s>(items: impl IntoIterator<Item = &'s String>) -> Value {
    Value::list(items.into_iter().map(|s| Value::str(s)).collect())
}

fn optional(text: Option<&str>) -> Value {
    text.map_or(Value::None, Value::str)
}

/// The table and the schema that a call of the inspector names. `has_table` of a dialect has a connection
/// in front.
fn named(ev: &mut Ev<'_>, arguments: &Arguments) -> Option<ObjectName> {
    let mut positional = arguments.positional.iter().filter(|v| !matches!(v, Value::Host(_)));
    let first = positional.next().or_else(|| arguments.keyword("table_name")).cloned();
    let schema = positional.next().or_else(|| arguments.keyword("schema")).cloned();
    let name = text_argument(ev, first.as_ref(), "table").ok()??;
    let schema = text_argument(ev, schema.as_ref(), "schema").ok()?;
    Some(ev.host.name(schema.as_deref(), &name))
}

/// Answers a call of an inspector. What it answered once it answers again, whatever happened to the schema in
/// between: SQLAlchemy keeps answers in the inspector's `info_cache` until `clear_cache()`. Before 2.0 `has_table`
/// asked the database each time.
pub(crate) fn method(ev: &mut Ev<'_>, call: &Call, method: &str, inspector: u32) -> Value {
    if method == "clear_cache" {
        Rc::make_mut(&mut ev.host.reflected).retain(|(number, _), _| *number != inspector);
        return Value::None;
    }
    if method == "has_table" && ev.host.settings.version < cucurbit_sqlalchemy::Version::V2_0 {
        return answer(ev, call, method);
    }
    let mut question = method.to_owned();
    for value in call.arguments.positional.iter().chain(call.arguments.keywords.iter().map(|(_, v)| v)) {
        question.push('\0');
        question.push_str(&ev.describe(value));
    }
    let key = (inspector, question);
    if let Some(known) = ev.host.reflected.get(&key) {
        return known.clone();
    }
    let answer = answer(ev, call, method);
    Rc::make_mut(&mut ev.host.reflected).insert(key, answer.clone());
    answer
}

/// Answers from the state as it is.
pub(crate) fn answer(ev: &mut Ev<'_>, call: &Call, method: &str) -> Value {
    let place = call.place;
    let unknown = |why: &str| Value::unknown(why, Some(place));
    if call.arguments.open {
        return unknown("arguments that cannot be told");
    }
    match method {
        "get_table_names"
        | "get_sorted_table_and_fkc_names"
        | "get_view_names"
        | "get_materialized_view_names"
        | "get_schema_names"
        | "get_sequence_names"
        | "get_enums" => listing(ev, call, method),
        "has_schema" => match text_argument(ev, call.arguments.positional.first(), "schema") {
            Ok(Some(name)) => Value::Bool(
                ev.host.db.schemas.contains_key(&name)
                    || Some(name.as_str()) == ev.host.db.dialect.default_schema(),
            ),
            _ => unknown("which schema is meant cannot be told"),
        },
        "has_sequence" => match named(ev, &call.arguments) {
            Some(name) => Value::Bool(ev.host.db.sequences.contains_key(&name)),
            None => unknown("which sequence is meant cannot be told"),
        },
        _ => {
            let Some(name) = named(ev, &call.arguments) else {
                return unknown("which table is meant cannot be told");
            };
            let db = Rc::clone(&ev.host.db);
            if method == "has_table" {
                // The version table is there as soon as Alembic runs.
                return Value::Bool(
                    db.tables.contains_key(&name)
                        || db.view(&name).is_some()
                        || name.name == "alembic_version",
                );
            }
            let Some(table) = db.table(&name) else {
                return match method {
                    "get_columns"
                    | "get_indexes"
                    | "get_foreign_keys"
                    | "get_unique_constraints"
                    | "get_check_constraints" => {
                        // SQLAlchemy 2 raises NoSuchTableError; earlier versions give nothing.
                        Value::list(Vec::new())
                    }
                    "get_pk_constraint" => {
                        dict(vec![("constrained_columns", Value::list(Vec::new())), ("name", Value::None)])
                    }
                    _ => unknown("the table is not there"),
                };
            };
            if table.tainted {
                return unknown("the table may have been changed in a way that cannot be told");
            }
            let kind = match method {
                "get_foreign_keys" => Some(ConstraintKind::ForeignKey),
                "get_unique_constraints" => Some(ConstraintKind::Unique),
                _ => None,
            };
            if let Some(kind) = kind.filter(|k| table.constraints.iter().all(|c| c.kind() != *k)) {
                Rc::make_mut(&mut ev.host.vain).push((kind, name.clone()));
            }
            of_table(ev, call, method, table)
                .unwrap_or_else(|| unknown(&format!("what `{method}` gives cannot be told")))
        }
    }
}

fn listing(ev: &mut Ev<'_>, call: &Call, method: &str) -> Value {
    let schema = call.arguments.get(0, "schema").cloned();
    let Ok(schema) = text_argument(ev, schema.as_ref(), "schema") else {
        return Value::unknown("which schema is meant cannot be told", Some(call.place));
    };
    let db = Rc::clone(&ev.host.db);
    let wanted = ev.host.name(schema.as_deref(), "").schema;
    match method {
        "get_table_names" | "get_sorted_table_and_fkc_names" => {
            let mut names: Vec<Value> =
                db.tables.keys().filter(|n| n.schema == wanted).map(|n| Value::str(&n.name)).collect();
            if wanted.is_none() && !db.tables.contains_key(&ObjectName::plain("alembic_version")) {
                names.push(Value::str("alembic_version"));
            }
            Value::list(names)
        }
        "get_view_names" | "get_materialized_view_names" => {
            let kind = if method == "get_view_names" {
                cucurbit_schema::ObjectKind::View
            } else {
                cucurbit_schema::ObjectKind::MaterializedView
            };
            let names = db.objects.keys().filter(|k| k.0 == kind && k.2.schema == wanted);
            Value::list(names.map(|k| Value::str(&k.2.name)).collect())
        }
        "get_schema_names" => {
            let mut names: Vec<Value> = db.schemas.keys().map(|s| Value::str(s)).collect();
            if let Some(default) = db.dialect.default_schema() {
                names.push(Value::str(default));
            }
            names.push(Value::str("information_schema"));
            Value::list(names)
        }
        "get_sequence_names" => Value::list(
            db.sequences.keys().filter(|n| n.schema == wanted).map(|n| Value::str(&n.name)).collect(),
        ),
        _ => Value::list(
            db.enums
                .values()
                .filter(|e| e.name.schema == wanted)
                .map(|e| {
                    let labels = match &e.labels {
                        Some(labels) => strings(labels),
                        None => Value::unknown("the labels cannot be told", Some(call.place)),
                    };
                    dict(vec![
                        ("name", Value::str(&e.name.name)),
                        ("schema", optional(e.name.schema.as_deref().or(db.dialect.default_schema()))),
                        ("visible", Value::Bool(true)),
                        ("labels", labels),
                    ])
                })
                .collect(),
        ),
    }
}

fn of_table(ev: &mut Ev<'_>, call: &Call, method: &str, table: &Table) -> Option<Value> {
    Some(match method {
        "get_columns" => Value::list(table.columns.iter().map(|c| column(ev, call, c, table)).collect()),
        "get_indexes" => {
            let mut out: Vec<Value> = table.indexes.iter().map(index).collect();
            // PostgreSQL and MySQL list the indexes of unique constraints too.
            for constraint in &table.constraints {
                if let ConstraintBody::Unique { columns, .. } = &constraint.body
                    && ev.host.settings.dialect != cucurbit_schema::Dialect::Sqlite
                {
                    let name = optional(constraint.name.as_deref());
                    out.push(dict(vec![
                        ("name", name.clone()),
                        ("unique", Value::Bool(true)),
                        ("column_names", strings(columns)),
                        ("include_columns", Value::list(Vec::new())),
                        ("duplicates_constraint", name),
                    ]));
                }
            }
            Value::list(out)
        }
        "has_index" => {
            let name = call.arguments.get(1, "index_name").and_then(Value::as_str)?.to_owned();
            Value::Bool(table.index(&name).is_some() || table.constraint(&name).is_some())
        }
        "get_foreign_keys" => {
            // SQLite's keys are told apart by what they join, and the first is seen
            // (`SQLiteDialect.get_foreign_keys`).
            let is_sqlite = ev.host.settings.dialect == cucurbit_schema::Dialect::Sqlite;
            let mut seen = Vec::new();
            let mut is_new = |c: &&cucurbit_schema::Constraint| match &c.body {
                ConstraintBody::ForeignKey { columns, table, references, .. } if is_sqlite => {
                    let joins = (columns.clone(), table.clone(), references.clone());
                    let is_new = !seen.contains(&joins);
                    seen.push(joins);
                    is_new
                }
                _ => true,
            };
            let keys = table.constraints.iter().filter(&mut is_new).filter_map(|c| {
                let ConstraintBody::ForeignKey {
                    columns,
                    table: target,
                    references,
                    on_delete,
                    on_update,
                    ..
                } = &c.body
                else {
                    return None;
                };
                let mut options = Vec::new();
                if let Some(text) = on_delete.clause() {
                    options.push(("ondelete", Value::str(text)));
                }
                if let Some(text) = on_update.clause() {
                    options.push(("onupdate", Value::str(text)));
                }
                Some(dict(vec![
                    ("name", optional(c.name.as_deref())),
                    ("constrained_columns", strings(columns)),
                    ("referred_schema", optional(target.schema.as_deref())),
                    ("referred_table", Value::str(&target.name)),
                    ("referred_columns", strings(references)),
                    ("options", dict(options)),
                ]))
            });
            Value::list(keys.collect())
        }
        "get_unique_constraints" => {
            let keys = table.constraints.iter().filter_map(|c| {
                let ConstraintBody::Unique { columns, .. } = &c.body else { return None };
                Some(dict(vec![("name", optional(c.name.as_deref())), ("column_names", strings(columns))]))
            });
            Value::list(keys.collect())
        }
        "get_check_constraints" => {
            let checks = table.constraints.iter().filter_map(|c| {
                let ConstraintBody::Check { expression, .. } = &c.body else { return None };
                Some(dict(vec![("name", optional(c.name.as_deref())), ("sqltext", Value::str(expression))]))
            });
            Value::list(checks.collect())
        }
        "get_pk_constraint" | "get_primary_keys" => {
            let (name, columns) = match table.primary_key() {
                Some(key) => match &key.body {
                    ConstraintBody::PrimaryKey { columns, .. } => {
                        (optional(key.name.as_deref()), strings(columns))
                    }
                    _ => return None,
                },
                None => (Value::None, Value::list(Vec::new())),
            };
            if method == "get_primary_keys" {
                columns
            } else {
                dict(vec![("constrained_columns", columns), ("name", name)])
            }
        }
        "get_table_comment" => dict(vec![("text", optional(table.comment.as_deref()))]),
        _ => return None,
    })
}

fn column(ev: &mut Ev<'_>, call: &Call, column: &Column, table: &Table) -> Value {
    let default = match sqla::stored_default(column) {
        Ok(text) => optional(text.as_deref()),
        Err(why) => Value::unknown(&why, Some(call.place)),
    };
    let in_key = table.primary_key().is_some_and(|key| {
        matches!(&key.body, ConstraintBody::PrimaryKey { columns, .. } if columns.contains(&column.name))
    });
    let data_type = crate::reflection::type_by_now(&ev.host.db, &column.data_type);
    let data_type = sqla::stored_type(ev, &data_type, column.collation.as_deref(), call.place);
    dict(vec![
        ("name", Value::str(&column.name)),
        ("type", data_type),
        ("nullable", Value::Bool(column.nullable)),
        ("default", default),
        ("autoincrement", Value::Bool(column.autoincrement)),
        ("primary_key", Value::Int(i64::from(in_key))),
        ("comment", optional(column.comment.as_deref())),
    ])
}

fn index(index: &cucurbit_schema::Index) -> Value {
    let names: Vec<Value> = index
        .keys
        .iter()
        .map(|key| match &key.part {
            KeyPart::Column(name) => Value::str(name),
            KeyPart::Expression(_) => Value::None,
        })
        .collect();
    dict(vec![
        ("name", optional(index.name.as_deref())),
        ("unique", Value::Bool(index.unique)),
        ("column_names", Value::list(names)),
        ("include_columns", strings(&index.include)),
        ("dialect_options", dict(Vec::new())),
    ])
}
