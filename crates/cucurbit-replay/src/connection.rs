//! Connections, sessions, inspectors, results, batches.

use crate::catalog::value;
use crate::host::Ev;
use crate::objects::{NamedRow, Object, Rows, Scalar};
use crate::operations::{self, Given};
use crate::{inspector, sql};
use cucurbit_python::eval::{Call, Exception, Outcome, Value};
use cucurbit_schema::sql::CatalogValue;
use cucurbit_sqlalchemy::DialectObject;
use std::cell::RefCell;
use std::rc::Rc;

/// A row as a tuple.
pub(crate) fn row(values: &[Option<Scalar>]) -> Value {
    let values = values.iter().map(|value| match value {
        Some(scalar) => scalar.value(),
        None => Value::unknown("the database knows", None),
    });
    Value::Tuple(values.collect())
}

/// Rows of one column, or what stands in them.
pub(crate) fn named_rows(names: &[String], bare: bool) -> Vec<Value> {
    let value = |name: &String| match bare {
        true => Value::str(name),
        false => Value::Tuple(Rc::from([Value::str(name)])),
    };
    names.iter().map(value).collect()
}

pub(crate) fn method(ev: &mut Ev<'_>, call: &Call, object: &Object, method: &str) -> Outcome {
    match object {
        Object::Bind | Object::Session => connection(ev, call, object, method),
        Object::Context => context(ev, call, method),
        Object::Batch { table, schema, is_new, place, begun, given: handed } => {
            let given = Given {
                operation: method,
                arguments: &call.arguments,
                place: call.place,
                batch: Some((table.clone(), schema.clone())),
                is_new: *is_new,
            };
            let batch = Given {
                operation: "batch_alter_table",
                arguments: &handed.0,
                place: *place,
                batch: None,
                is_new: false,
            };
            crate::batch::remake_for(ev, &given, table, &batch, *begun);
            ev.host.in_batch = true;
            let outcome = operations::run(ev, &given);
            ev.host.in_batch = false;
            outcome
        }
        Object::Inspector(_) if matches!(method, "reflect_table" | "reflecttable") => {
            crate::reflection::into_table(ev, call).unwrap_or(Outcome::Default)
        }
        Object::Inspector(number) => Outcome::Value(inspector::method(ev, call, method, *number)),
        Object::Rows(rows) => result(ev, call, rows, method),
        Object::Row(row) => of_row(call, row, method),
        Object::Random(_) => Outcome::Default,
        Object::Preparer => preparer(ev, call, method),
        Object::Block => Outcome::Value(Object::Block.value()),
    }
}

fn connection(ev: &mut Ev<'_>, call: &Call, object: &Object, method: &str) -> Outcome {
    let first = call.arguments.positional.first().cloned();
    let place = call.place;
    Outcome::Value(match method {
        "execute" | "exec" | "exec_driver_sql" => {
            let statement = first.or_else(|| call.arguments.keyword("statement").cloned());
            sql::execute_with(ev, statement, &call.arguments, "execute", place)
        }
        "scalar" | "scalars" => {
            let rows = sql::execute_with(ev, first, &call.arguments, "execute", place);
            match (rows.host::<Object>(), method) {
                (Some(Object::Rows(rows)), "scalar") => scalar(&rows.clone()),
                (Some(Object::Rows(rows)), _) => Object::Rows(rows.clone()).value(),
                _ => rows,
            }
        }
        "begin" | "begin_nested" | "connect" | "execution_options" | "get_bind" | "connection" | "engine"
        | "bind" | "options" | "raw_connection" | "cursor" | "__enter__" => object.clone().value(),
        "commit" | "rollback" | "close" | "flush" | "expire_all" | "invalidate" | "expunge_all"
        | "refresh" | "dispose" | "detach" => Value::None,
        "run_sync" | "run_callable" => {
            let mut arguments = call.arguments.clone();
            if arguments.positional.is_empty() {
                return Outcome::Default;
            }
            let function = arguments.positional.remove(0);
            arguments.positional.insert(0, object.clone().value());
            return match ev.call(&function, arguments, place) {
                Ok(value) => Outcome::Value(value),
                Err(exception) => Outcome::Raise(*exception),
            };
        }
        "add"
        | "add_all"
        | "merge"
        | "delete"
        | "bulk_save_objects"
        | "bulk_insert_mappings"
        | "bulk_update_mappings" => Value::None,
        "has_table" => inspector::answer(ev, call, "has_table"),
        "table_names" => inspector::answer(ev, call, "get_table_names"),
        "query" | "get" => sql::query(ev, call),
        "in_transaction" => Value::Bool(true),
        _ => Value::unknown(&format!("what `{method}` of a connection gives cannot be told"), Some(place)),
    })
}

fn context(ev: &mut Ev<'_>, call: &Call, method: &str) -> Outcome {
    Outcome::Value(match method {
        "autocommit_block" | "begin_transaction" => Object::Block.value(),
        "execute" => {
            let first = call.arguments.positional.first().cloned();
            sql::execute(ev, first, "execute", call.place)
        }
        _ => {
            Value::unknown(&format!("what `{method}` of the context gives cannot be told"), Some(call.place))
        }
    })
}

/// What a row answers as a tuple with names, or as the mapping that it is by `_mapping` and `mappings()`.
fn of_row(call: &Call, row: &NamedRow, method: &str) -> Outcome {
    let pairs = || row.columns.iter().map(|name| Value::str(name)).zip(row.items());
    let first = call.arguments.positional.first();
    Outcome::Value(match (method, first) {
        ("keys", None) => Value::list(pairs().map(|(name, _)| name).collect()),
        ("values", None) => Value::list(row.items()),
        ("items", None) => {
            Value::list(pairs().map(|(name, value)| Value::Tuple(Rc::from([name, value]))).collect())
        }
        ("_asdict", None) => Value::Dict(Rc::new(RefCell::new(pairs().collect()))),
        ("get", Some(Value::Str(name))) => {
            let other = call.arguments.positional.get(1).cloned().unwrap_or(Value::None);
            row.get(name).unwrap_or(other)
        }
        _ => return Outcome::Default,
    })
}

fn preparer(ev: &mut Ev<'_>, call: &Call, method: &str) -> Outcome {
    let dialect = ev.host.settings.dialect;
    let Some(name) = call.arguments.positional.first().and_then(Value::as_str) else {
        return Outcome::Value(Value::unknown("which name is quoted cannot be told", Some(call.place)));
    };
    let quote = if dialect.is_mysql() { '`' } else { '"' };
    Outcome::Value(match method {
        "quote" | "format_column" => Value::str(&cucurbit_schema::quote_name(name, dialect)),
        "quote_identifier" => {
            let doubled = name.replace(quote, &format!("{quote}{quote}"));
            Value::str(&format!("{quote}{doubled}{quote}"))
        }
        _ => Value::unknown(&format!("what `{method}` gives cannot be told"), Some(call.place)),
    })
}

fn scalar(rows: &Rows) -> Value {
    match rows {
        Rows::Empty => Value::None,
        Rows::One(values) => match values.first() {
            Some(Some(scalar)) => scalar.value(),
            _ => Value::unknown("the database knows", None),
        },
        Rows::Names { names, .. } => names.first().map_or(Value::None, |name| Value::str(name)),
        Rows::Many(rows) => rows.first().map_or(Value::None, |row| scalar(&Rows::One(row.clone()))),
        Rows::Bare(values) => values.first().map_or(Value::None, value),
        Rows::Named(rows) => {
            rows.first().map_or(Value::None, |row| row.values.first().map_or(Value::None, value))
        }
        Rows::Unknown(why) => Value::unknown(why, None),
    }
}

fn result(ev: &mut Ev<'_>, call: &Call, rows: &Rows, method: &str) -> Outcome {
    let unknown = |why: &str| Value::unknown(why, Some(call.place));
    let _ = ev;
    Outcome::Value(match (method, rows) {
        ("fetchall" | "all" | "fetchmany" | "unique" | "yield_per" | "partitions", Rows::Empty) => {
            Value::list(Vec::new())
        }
        ("fetchall" | "all" | "fetchmany", Rows::One(values)) => Value::list(vec![row(values)]),
        ("fetchall" | "all" | "fetchmany", Rows::Named(rows)) => {
            Value::list(rows.iter().map(NamedRow::value).collect())
        }
        ("scalars", Rows::Named(rows)) => {
            let first = |row: &NamedRow| row.values.first().cloned().unwrap_or(CatalogValue::Null);
            Object::Rows(Rows::Bare(rows.iter().map(first).collect())).value()
        }
        ("fetchall" | "all" | "fetchmany", Rows::Bare(values)) => {
            Value::list(values.iter().map(value).collect())
        }
        ("fetchone" | "first" | "one_or_none", Rows::Bare(values)) => {
            values.first().map_or(Value::None, value)
        }
        ("one", Rows::Bare(values)) if values.len() == 1 => value(&values[0]),
        ("keys", Rows::Named(rows)) => {
            let columns = rows.first().map(|row| row.columns.to_vec()).unwrap_or_default();
            Value::list(columns.iter().map(|name| Value::str(name)).collect())
        }
        ("fetchone" | "first" | "one_or_none", Rows::Named(rows)) => {
            rows.first().map_or(Value::None, NamedRow::value)
        }
        ("one", Rows::Named(rows)) if rows.len() == 1 => rows[0].value(),
        ("fetchall" | "all", Rows::Many(rows)) => {
            Value::list(rows.iter().map(|values| row(values)).collect())
        }
        ("fetchone" | "first", Rows::Many(rows)) => rows.first().map_or(Value::None, |values| row(values)),
        ("scalars" | "mappings" | "columns", Rows::Many(_)) => unknown("a part of the rows"),
        ("fetchall" | "all", Rows::Names { names, bare }) => Value::list(named_rows(names, *bare)),
        ("scalars", Rows::Names { names, .. }) => {
            Object::Rows(Rows::Names { names: Rc::clone(names), bare: true }).value()
        }
        ("fetchone" | "first", Rows::Names { names, bare }) => {
            named_rows(names, *bare).into_iter().next().unwrap_or(Value::None)
        }
        ("fetchone" | "first" | "one_or_none" | "scalar_one_or_none", Rows::Empty) => Value::None,
        ("one" | "scalar_one", Rows::Empty) => {
            let value = Value::External(Rc::from("sqlalchemy.exc.NoResultFound"));
            let message = Some(Rc::from("No row was found when one was required"));
            return Outcome::Raise(Exception { value, message, place: call.place });
        }
        ("fetchone" | "first" | "one" | "one_or_none", Rows::One(values)) => row(values),
        ("scalar" | "scalar_one" | "scalar_one_or_none", _) => scalar(rows),
        ("scalars" | "mappings" | "columns" | "tuples", _) => Object::Rows(rows.clone()).value(),
        ("close" | "freeze", _) => Value::None,
        ("count", Rows::Empty) => Value::Int(0),
        ("update" | "delete", _) => Value::Int(0),
        ("exists", Rows::Empty) => Value::Bool(false),
        ("keys", _) => unknown("the columns of a result"),
        // A query goes on being one: `session.query(T).filter(…).order_by(…)`.
        (
            "filter" | "filter_by" | "order_by" | "limit" | "offset" | "options" | "join" | "outerjoin"
            | "distinct" | "group_by" | "with_entities" | "where" | "execution_options" | "with_for_update"
            | "having" | "select_from" | "enable_eagerloads" | "populate_existing",
            _,
        ) => Object::Rows(rows.clone()).value(),
        (_, Rows::Unknown(why)) => unknown(&why.clone()),
        _ => unknown(&format!("what `{method}` of a result gives cannot be told")),
    })
}

pub(crate) fn attribute(ev: &mut Ev<'_>, object: &Object, name: &str) -> Outcome {
    let dialect = ev.host.settings.dialect;
    Outcome::Value(match (object, name) {
        (Object::Bind | Object::Session, "engine" | "bind" | "connection" | "raw_connection") => {
            Object::Bind.value()
        }
        (Object::Bind | Object::Session | Object::Context, "dialect") => DialectObject::value(dialect),
        (Object::Bind, "name") => Value::str(dialect.name()),
        (Object::Context, "bind" | "connection") => Object::Bind.value(),
        (Object::Context, "impl") => Object::Context.value(),
        // Alembic's defaults; `env.py` may say otherwise.
        (Object::Context, "version_table") => Value::str("alembic_version"),
        (Object::Context, "version_table_schema") => Value::None,
        (Object::Context, "as_sql") => Value::Bool(false),
        // Which more there are is for `env.py` to say.
        (Object::Context, "opts") => {
            let more = || Value::unknown("what env.py hands to `context.configure()` cannot be told", None);
            Value::Dict(Rc::new(RefCell::new(vec![(more(), more())])))
        }
        (Object::Random(number), "hex") => Value::str(&crate::random::text(*number).replace('-', "")),
        (Object::Row(row), "_mapping" | "_tuple") => row.value(),
        (Object::Row(row), name) => match row.get(name) {
            Some(value) => value,
            None => return Outcome::Default,
        },
        (Object::Rows(Rows::Empty), "rowcount") => Value::Int(0),
        (Object::Rows(Rows::Named(rows)), "rowcount") => {
            Value::Int(i64::try_from(rows.len()).unwrap_or(i64::MAX))
        }
        (Object::Rows(Rows::One(_)), "rowcount") => Value::Int(1),
        (Object::Inspector(_), "dialect") => DialectObject::value(dialect),
        (Object::Inspector(_), "default_schema_name") => match dialect.default_schema() {
            Some(name) => Value::str(name),
            None => return Outcome::Default,
        },
        (Object::Inspector(_), "bind" | "engine") => Object::Bind.value(),
        (Object::Batch { table, .. }, "table_name") => Value::str(&table.name),
        (Object::Batch { .. }, "impl" | "migration_context") => Object::Context.value(),
        _ => return Outcome::Default,
    })
}
