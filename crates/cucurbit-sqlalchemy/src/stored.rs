//! What a database holds, as the objects that reflection makes of it.
//!
//! Names, keys and options become SQLAlchemy's own calls. A type or an SQL text that would not come back the same
//! from them is an object of its own, which is read as what the database holds.

use crate::settings::Environment;
use crate::types::{classes, data_type};
use cucurbit_python::eval::{Arguments, Evaluator, HostObject, Place, TermKind, Value};
use cucurbit_schema::{
    CheckMode, Column, Constraint, ConstraintBody, DataType, Default, Dialect, Index, KeyPart, ObjectName,
    Order, Table, TypeKind, quote_name,
};
use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

/// A type as the database holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredType(pub(crate) DataType);

impl HostObject for StoredType {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// SQL as the database holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredText(pub(crate) Rc<str>);

impl StoredText {
    fn value(text: &str) -> Value {
        Value::Host(Rc::new(StoredText(Rc::from(text))))
    }
}

impl HostObject for StoredText {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

type Keywords = Vec<(Rc<str>, Value)>;

/// Makes a call of one of SQLAlchemy's objects, as if it had been written at a place.
fn made<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    name: &str,
    positional: Vec<Value>,
    keywords: Keywords,
    place: Place,
) -> Value {
    let callee = Value::External(Rc::from(["sqlalchemy.", name].concat()));
    let arguments = Arguments { positional, keywords, open: false };
    ev.term(TermKind::Call, callee, "", arguments, place)
}

fn keyword(name: &str, value: Value) -> (Rc<str>, Value) {
    (Rc::from(name), value)
}

fn texts(names: &[String]) -> Vec<Value> {
    names.iter().map(|n| Value::str(n)).collect()
}

/// Returns the columns, constraints and indexes of a table as reflection gives them: columns in order, the
/// primary key, then the rest. What reflection leaves out (exclusion constraints) is left out.
pub fn stored_items<H: Environment>(ev: &mut Evaluator<'_, H>, table: &Table, place: Place) -> Vec<Value> {
    let mut items: Vec<Value> =
        table.columns.iter().map(|column| stored_column(ev, column, table, place)).collect();
    for constraint in &table.constraints {
        items.extend(stored_constraint(ev, constraint, place));
    }
    for index in &table.indexes {
        items.push(stored_index(ev, index, place));
    }
    items
}

/// Returns the keyword arguments of a table as reflection gives them: its comment and MySQL's options.
#[must_use]
pub fn stored_keywords(table: &Table, dialect: Dialect) -> Vec<(Rc<str>, Value)> {
    let mut keywords = Vec::new();
    if let Some(comment) = &table.comment {
        keywords.push(keyword("comment", Value::str(comment)));
    }
    if dialect.is_mysql() {
        for name in ["engine", "charset", "collate"] {
            if let Some(value) = table.options.get(name) {
                keywords.push(keyword(&format!("{}_{name}", dialect.name()), Value::str(value)));
            }
        }
    }
    keywords
}

fn is_in_key(column: &str, table: &Table) -> bool {
    table.primary_key().is_some_and(|key| match &key.body {
        ConstraintBody::PrimaryKey { columns, .. } => columns.iter().any(|c| c == column),
        _ => false,
    })
}

/// Returns the text of a default as reflection gives it; `Err` says why it cannot be told.
pub fn stored_default(column: &Column) -> Result<Option<String>, String> {
    let text = match &column.default {
        None => None,
        Some(Default::Expression(text)) => Some(text.clone()),
        Some(Default::NextValue(name)) => {
            let dialect = Dialect::PostgreSql;
            let mut text = quote_name(&name.name, dialect);
            if let Some(schema) = &name.schema {
                text = format!("{}.{text}", quote_name(schema, dialect));
            }
            Some(format!("nextval('{}'::regclass)", text.replace('\'', "''")))
        }
        Some(Default::Unknown(why)) => return Err(why.clone()),
    };
    Ok(match (text, &column.on_update) {
        (Some(text), Some(update)) => Some(format!("{text} ON UPDATE {update}")),
        (None, Some(update)) => Some(format!("NULL ON UPDATE {update}")),
        (text, None) => text,
    })
}

fn stored_column<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    column: &Column,
    table: &Table,
    place: Place,
) -> Value {
    let mut positional = vec![
        Value::str(&column.name),
        stored_type(ev, &column.data_type, column.collation.as_deref(), place),
    ];
    let mut keywords = vec![keyword("nullable", Value::Bool(column.nullable))];
    if is_in_key(&column.name, table) {
        keywords.push(keyword("primary_key", Value::Bool(true)));
    }
    match stored_default(column) {
        Ok(None) => {}
        Ok(Some(text)) => keywords.push(keyword("server_default", StoredText::value(&text))),
        Err(why) => keywords.push(keyword("server_default", Value::unknown(&why, Some(place)))),
    }
    let counts = column.autoincrement
        || matches!(column.default, Some(Default::NextValue(_)))
        || column.identity.is_some();
    match ev.host.settings().dialect {
        // SQLite says nothing of it.
        Dialect::Sqlite => {}
        _ => keywords.push(keyword("autoincrement", Value::Bool(counts))),
    }
    if let Some(computed) = &column.computed {
        let options = vec![keyword("persisted", Value::Bool(computed.stored))];
        positional.push(made(ev, "Computed", vec![StoredText::value(&computed.expression)], options, place));
    }
    if let Some(identity) = &column.identity {
        let mut options = vec![keyword("always", Value::Bool(identity.always))];
        let own = &identity.options;
        for (name, number) in [
            ("start", own.start),
            ("increment", own.increment),
            ("minvalue", own.minimum),
            ("maxvalue", own.maximum),
            ("cache", own.cache),
        ] {
            options.extend(number.map(|number| keyword(name, Value::Int(number))));
        }
        if own.cycle {
            options.push(keyword("cycle", Value::Bool(true)));
        }
        positional.push(made(ev, "Identity", Vec::new(), options, place));
    }
    if let Some(comment) = &column.comment {
        keywords.push(keyword("comment", Value::str(comment)));
    }
    made(ev, "Column", positional, keywords, place)
}

/// Returns a type as reflection gives it: SQLAlchemy's own class where that means the same, else an object that
/// is read as the type itself.
pub fn stored_type<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    data_type: &DataType,
    collation: Option<&str>,
    place: Place,
) -> Value {
    let own = call_of(ev, &data_type.kind, collation, place);
    if let Some(value) = own
        && comes_back(ev, data_type, collation, &value, place)
    {
        return value;
    }
    Value::Host(Rc::new(StoredType(data_type.clone())))
}

/// Whether the call of a class of SQLAlchemy's own is read as the type that it was made for.
fn comes_back<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    data_type: &DataType,
    collation: Option<&str>,
    value: &Value,
    place: Place,
) -> bool {
    let known = Rc::clone(&ev.host.registry().own_types);
    let found = known.borrow().get(&data_type.kind).and_then(|of| {
        of.iter().find(|(known, _)| known.as_deref() == collation).map(|(_, comes_back)| *comes_back)
    });
    found.unwrap_or_else(|| {
        let reading = self::data_type(ev, value, place);
        let comes_back = reading.problems.is_empty() && reading.data_type == *data_type;
        let collation = collation.map(str::to_owned);
        known.borrow_mut().entry(data_type.kind.clone()).or_default().push((collation, comes_back));
        comes_back
    })
}

/// The call of one of SQLAlchemy's classes that may stand for a type.
fn call_of<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    kind: &TypeKind,
    collation: Option<&str>,
    place: Place,
) -> Option<Value> {
    let dialect = ev.host.settings().dialect;
    let module = if dialect.is_mysql() { "mysql" } else { dialect.name() };
    match kind {
        TypeKind::Unknown(_) => None,
        TypeKind::Array { element, .. } => {
            let element = stored_type(ev, &DataType::new((**element).clone()), collation, place);
            Some(made(ev, "dialects.postgresql.ARRAY", vec![element], Vec::new(), place))
        }
        TypeKind::Enum { name, labels } => {
            let mut keywords = Vec::new();
            if let Some(name) = name {
                keywords.push(keyword("name", Value::str(&name.name)));
                if let Some(schema) = &name.schema {
                    keywords.push(keyword("schema", Value::str(schema)));
                }
            }
            Some(made(ev, &format!("dialects.{module}.ENUM"), texts(labels), keywords, place))
        }
        TypeKind::Named { name, args, attributes } => {
            let mut numbers: Vec<Value> = Vec::with_capacity(args.len());
            for arg in args {
                numbers.push(Value::Int(arg.trim().parse().ok()?));
            }
            let mut keywords = Vec::new();
            for attribute in attributes {
                match attribute.strip_prefix("character set ") {
                    Some(charset) => keywords.push(keyword("charset", Value::str(charset))),
                    None => keywords.push(keyword(attribute, Value::Bool(true))),
                }
            }
            let mut class = name.to_uppercase();
            if dialect == Dialect::PostgreSql {
                for (head, own) in [("timestamp", "TIMESTAMP"), ("time", "TIME")] {
                    let zone = match name.strip_prefix(head) {
                        Some(" with time zone") => true,
                        Some(" without time zone") => false,
                        _ => continue,
                    };
                    class = own.to_owned();
                    keywords.push(keyword("timezone", Value::Bool(zone)));
                    keywords.extend(numbers.pop().map(|precision| keyword("precision", precision)));
                    break;
                }
                class = match class.as_str() {
                    "CHARACTER VARYING" => "VARCHAR".to_owned(),
                    "CHARACTER" => "CHAR".to_owned(),
                    other => other.replace(' ', "_"),
                };
            }
            if dialect.is_mysql() {
                class = if class == "INT" { "INTEGER".to_owned() } else { class };
                if matches!(class.as_str(), "DATETIME" | "TIMESTAMP" | "TIME") {
                    keywords.extend(numbers.pop().map(|precision| keyword("fsp", precision)));
                }
            }
            if let Some(collation) = collation {
                keywords.push(keyword("collation", Value::str(collation)));
            }
            let of_dialect = format!("{module}.{class}");
            let class = if classes::find(&of_dialect, false).is_some() {
                format!("dialects.{of_dialect}")
            } else {
                classes::find(&class, false)?;
                class
            };
            Some(made(ev, &class, numbers, keywords, place))
        }
    }
}

/// The columns that a foreign key points at, with their table, so that no default schema is put in front.
fn targets<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    table: &ObjectName,
    columns: &[String],
    place: Place,
) -> Vec<Value> {
    let schema: Keywords = table.schema.iter().map(|s| keyword("schema", Value::str(s))).collect();
    let of = made(ev, "table", vec![Value::str(&table.name)], schema, place);
    let all = ev.term(TermKind::Attribute, of, "c", Arguments::default(), place);
    let mut out = Vec::with_capacity(columns.len());
    for column in columns {
        out.push(ev.term(TermKind::Attribute, all.clone(), column, Arguments::default(), place));
    }
    out
}

/// Returns a constraint as reflection gives it; `None` for one that it leaves out.
pub(crate) fn stored_constraint<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    constraint: &Constraint,
    place: Place,
) -> Option<Value> {
    let mut keywords: Keywords = Vec::new();
    if let Some(name) = &constraint.name {
        keywords.push(keyword("name", Value::str(name)));
    }
    match constraint.mode {
        CheckMode::Immediate => {}
        CheckMode::Deferrable => keywords.push(keyword("deferrable", Value::Bool(true))),
        CheckMode::Deferred => {
            keywords.push(keyword("deferrable", Value::Bool(true)));
            keywords.push(keyword("initially", Value::str("DEFERRED")));
        }
    }
    let dialect = ev.host.settings().dialect.name();
    let include = |names: &[String]| {
        (!names.is_empty()).then(|| keyword(&format!("{dialect}_include"), Value::list(texts(names))))
    };
    Some(match &constraint.body {
        ConstraintBody::PrimaryKey { columns, include: more } => {
            keywords.extend(include(more));
            made(ev, "PrimaryKeyConstraint", texts(columns), keywords, place)
        }
        ConstraintBody::Unique { columns, include: more, nulls_not_distinct } => {
            keywords.extend(include(more));
            if *nulls_not_distinct {
                keywords.push(keyword(&format!("{dialect}_nulls_not_distinct"), Value::Bool(true)));
            }
            made(ev, "UniqueConstraint", texts(columns), keywords, place)
        }
        ConstraintBody::ForeignKey {
            columns, table, references, on_delete, on_update, match_kind, ..
        } => {
            for (name, text) in [
                ("ondelete", on_delete.clause()),
                ("onupdate", on_update.clause()),
                ("match", match_kind.as_deref()),
            ] {
                keywords.extend(text.map(|text| keyword(name, Value::str(text))));
            }
            let others = targets(ev, table, references, place);
            let positional = vec![Value::list(texts(columns)), Value::list(others)];
            made(ev, "ForeignKeyConstraint", positional, keywords, place)
        }
        ConstraintBody::Check { expression, .. } => {
            made(ev, "CheckConstraint", vec![StoredText::value(expression)], keywords, place)
        }
        ConstraintBody::Exclude { .. } => return None,
    })
}

/// Returns an index as reflection gives it.
pub(crate) fn stored_index<H: Environment>(ev: &mut Evaluator<'_, H>, index: &Index, place: Place) -> Value {
    let dialect = ev.host.settings().dialect;
    let option = |name: &str| format!("{}_{name}", dialect.name());
    let mut positional = vec![index.name.as_deref().map_or(Value::None, Value::str)];
    let mut keywords = vec![keyword("unique", Value::Bool(index.unique))];
    let mut classes: Vec<(Value, Value)> = Vec::new();
    let mut lengths: Vec<(Value, Value)> = Vec::new();
    for key in &index.keys {
        let (mut value, name) = match &key.part {
            KeyPart::Column(name) => (Value::str(name), Some(name)),
            KeyPart::Expression(text) => (StoredText::value(text), None),
        };
        if key.order == Some(Order::Descending) {
            // `desc()` takes a column, and a bare string would be a value.
            let column = name.map(|n| made(ev, "column", vec![Value::str(n)], Vec::new(), place));
            value = made(ev, "desc", vec![column.unwrap_or(value)], Vec::new(), place);
        }
        match (&key.operator_class, name) {
            (Some(class), Some(name)) => classes.push((Value::str(name), Value::str(class))),
            (Some(_), None) => value = Value::unknown("the operator class of an index", Some(place)),
            (None, _) => {}
        }
        if let (Some(length), Some(name)) = (key.length, name) {
            lengths.push((Value::str(name), Value::Int(i64::from(length))));
        }
        if key.collation.is_some() || key.nulls.is_some() {
            value = Value::unknown("the order of an index", Some(place));
        }
        positional.push(value);
    }
    let dict = |items: Vec<(Value, Value)>| Value::Dict(Rc::new(RefCell::new(items)));
    if !classes.is_empty() {
        keywords.push(keyword(&option("ops"), dict(classes)));
    }
    if !lengths.is_empty() {
        keywords.push(keyword(&option("length"), dict(lengths)));
    }
    if let Some(method) = &index.method {
        let name = match (dialect.is_mysql(), method.to_uppercase().as_str()) {
            (true, "FULLTEXT" | "SPATIAL") => option("prefix"),
            _ => option("using"),
        };
        keywords.push(keyword(&name, Value::str(method)));
    }
    if let Some(predicate) = &index.predicate {
        keywords.push(keyword(&option("where"), StoredText::value(predicate)));
    }
    if !index.include.is_empty() {
        keywords.push(keyword(&option("include"), Value::list(texts(&index.include))));
    }
    if index.nulls_not_distinct {
        keywords.push(keyword(&option("nulls_not_distinct"), Value::Bool(true)));
    }
    made(ev, "Index", positional, keywords, place)
}
