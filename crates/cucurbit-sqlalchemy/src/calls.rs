//! What SQLAlchemy does while project code runs: tables register, attributes give what was registered.

use crate::metadata::{self, metadata_key};
use crate::names::{canonical_name, is_flask_extension};
use crate::objects::{CompilerObject, DialectObject};
use crate::registry::RegisteredTable;
use crate::settings::Environment;
use crate::stored::StoredText;
use crate::{parts, terms};
use cucurbit_python::eval::{Arguments, Call, Evaluator, Outcome, Place, Term, TermKind, Value};
use cucurbit_schema::{Dialect, ObjectName};
use std::rc::Rc;

/// Does what calling one of SQLAlchemy's objects does; `None` when that is nothing but making a term.
pub fn call<H: Environment>(ev: &mut Evaluator<'_, H>, call: &Call) -> Option<Outcome> {
    if let (Some(receiver), Some(method)) = (&call.receiver, &call.method) {
        return method_call(ev, call, receiver, method);
    }
    let Value::External(dotted) = &call.callee else { return None };
    if let Some((owner, method @ ("get" | "keys" | "values" | "items"))) = dotted.rsplit_once('.')
        && let Some((owner, _)) = collection(&Value::External(Rc::from(owner)))
    {
        let key = metadata_key(ev, &owner)?;
        return tables_method(ev, &key, method, call.arguments.positional.first());
    }
    if let Some(owner) = dotted.strip_suffix(".__init__") {
        let Some(Value::Instance(instance)) = call.arguments.positional.first() else { return None };
        (canonical_name(owner).is_some() || is_foreign_type(owner)).then_some(())?;
        let mut arguments = call.arguments.clone();
        arguments.positional.remove(0);
        terms::hand_up(instance, &arguments);
        return Some(Outcome::Value(Value::None));
    }
    match canonical_name(dotted)?.as_ref() {
        "Table" => {
            Some(Outcome::Value(make_table(ev, call.callee.clone(), &call.arguments, None, call.place)))
        }
        "Index"
        | "UniqueConstraint"
        | "CheckConstraint"
        | "ForeignKeyConstraint"
        | "PrimaryKeyConstraint" => attach(ev, call).map(Outcome::Value),
        // The columns of a light table learn whose they are.
        "table" => {
            let (name, columns) = call.arguments.positional.split_first()?;
            let name = terms::text_of(ev, name)?;
            let written = call.arguments.keyword("schema").cloned();
            let schema = written.and_then(|v| terms::text_of(ev, &v));
            let name = ev.host.settings().object_name(schema.as_deref(), &name);
            for column in columns {
                note_column(ev, column, Some(&name));
            }
            None
        }
        "compiles" => {
            let (of, dialects) = call.arguments.positional.split_first()?;
            let dialects = dialects.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect();
            match of {
                Value::Class(class) => ev.host.registry().note_compiles(class, dialects, call.place.file),
                Value::External(name) => {
                    if let Some(name) = crate::types::known_name(name, ev.host.settings()) {
                        ev.host.registry().note_compiles_type(name, dialects, call.place.file);
                    }
                }
                _ => {}
            }
            None
        }
        "type_coerce_to_instance" | "to_instance" => {
            call.arguments.positional.first().cloned().map(Outcome::Value)
        }
        _ => None,
    }
}

/// An index or a constraint over columns of a table that is there already joins that table.
fn attach<H: Environment>(ev: &mut Evaluator<'_, H>, call: &Call) -> Option<Value> {
    // What a foreign key points at is of another table.
    let is_key = terms::external(&call.callee).as_deref() == Some("ForeignKeyConstraint");
    let count = if is_key { 1 } else { usize::MAX };
    let mut column = None;
    for value in call.arguments.positional.iter().take(count) {
        column = column.or_else(|| column_within(ev, value, 0));
    }
    let Value::Term(column) = column? else { return None };
    let homes = ev.host.registry().homes(column.serial).to_vec();
    if homes.iter().all(|(table, _)| table.is_none()) {
        // In the body of a class the columns get their table when the class is mapped.
        let made = ev.term(TermKind::Call, call.callee.clone(), "", call.arguments.clone(), call.place);
        ev.host.registry().await_column(column.serial, made.clone());
        return Some(made);
    }
    let [(Some(home), _)] = homes.as_slice() else { return None };
    // The column must be that table's own: names repeat in other `MetaData`.
    let holds = |t: &RegisteredTable| {
        t.name == *home && t.items.iter().any(|i| matches!(i, Value::Term(i) if i.serial == column.serial))
    };
    let table = ev.host.registry().tables().find(|t| holds(t)).map(|t| t.term.clone())?;
    let Value::Term(table) = table else { return None };
    let made = ev.term(TermKind::Call, call.callee.clone(), "", call.arguments.clone(), call.place);
    ev.host.registry().table_mut(table.serial)?.items.push(made.clone());
    Some(made)
}

/// The first column in an expression, as the term that made it.
fn column_within<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value, depth: usize) -> Option<Value> {
    if depth > 12 {
        return None;
    }
    if let Some(column) = settle_column(ev, value) {
        return Some(column);
    }
    match value {
        Value::Term(term) => {
            let found = match &term.callee {
                inner @ Value::Term(_) => column_within(ev, &inner.clone(), depth + 1),
                _ => None,
            };
            found.or_else(|| term.arguments.positional.iter().find_map(|v| column_within(ev, v, depth + 1)))
        }
        Value::List(_) | Value::Tuple(_) => {
            value.sequence()?.iter().find_map(|v| column_within(ev, v, depth + 1))
        }
        _ => None,
    }
}

fn is_foreign_type(dotted: &str) -> bool {
    dotted.starts_with("sqlalchemy_utils.") || dotted.starts_with("sqlmodel.")
}

fn method_call<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    call: &Call,
    receiver: &Value,
    method: &str,
) -> Option<Outcome> {
    let first = call.arguments.positional.first();
    if method == "reflect"
        && let Some(key) = metadata_key(ev, receiver)
    {
        ev.host.registry().metadata_mut(&key).reflected = true;
        return Some(Outcome::Value(Value::None));
    }
    match receiver {
        Value::Super(_, instance) => {
            let Value::Instance(instance) = instance.as_ref() else { return None };
            match method {
                "__init__" => {
                    let class = Rc::clone(&instance.class);
                    let ours = |name: &str| canonical_name(name).is_some() || is_foreign_type(name);
                    ev.inherits(&class, ours).then_some(())?;
                    terms::hand_up(instance, &call.arguments);
                    Some(Outcome::Value(Value::None))
                }
                "load_dialect_impl" => instance.attribute("impl").map(Outcome::Value),
                _ => None,
            }
        }
        Value::Host(_) if receiver.host::<DialectObject>().is_some() => {
            (method == "type_descriptor").then_some(())?;
            first.cloned().map(Outcome::Value)
        }
        Value::Host(_) if receiver.host::<CompilerObject>().is_some() => compiler_method(ev, method, first),
        Value::Instance(instance) if method == "Table" => {
            let class = Rc::clone(&instance.class);
            ev.inherits(&class, is_flask_extension).then_some(())?;
            Some(Outcome::Value(make_table(
                ev,
                call.callee.clone(),
                &call.arguments,
                Some(receiver),
                call.place,
            )))
        }
        Value::Term(term) => term_method(ev, call, receiver, term, method),
        _ => None,
    }
}

fn term_method<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    call: &Call,
    receiver: &Value,
    term: &Rc<Term>,
    method: &str,
) -> Option<Outcome> {
    let first = call.arguments.positional.first();
    if method == "Table" && term.external().is_some_and(is_flask_extension) {
        return Some(Outcome::Value(make_table(
            ev,
            call.callee.clone(),
            &call.arguments,
            Some(receiver),
            call.place,
        )));
    }
    if matches!(method, "load_dialect_impl" | "dialect_impl") {
        return Some(Outcome::Value(receiver.clone()));
    }
    if let Some((owner, name)) = terms::attribute_term(receiver) {
        let owner = owner.clone();
        match (name, method) {
            ("tables", "get" | "keys" | "values" | "items") => {
                let key = metadata_key(ev, &owner)?;
                return tables_method(ev, &key, method, first);
            }
            ("c" | "columns", "get") => {
                let column = column_of(ev, &owner, first?.as_str()?)?;
                return Some(Outcome::Value(column));
            }
            ("c" | "columns", "keys" | "values" | "items") => return columns_method(ev, &owner, method),
            ("c" | "columns", "contains_column") => {
                let Value::Term(wanted) = first? else { return None };
                let columns = columns_of(ev, &owner)?;
                let same = |c: &Value| matches!(c, Value::Term(c) if c.serial == wanted.serial);
                return Some(Outcome::Value(Value::Bool(columns.iter().any(same))));
            }
            _ => {}
        }
    }
    if matches!(method, "copy" | "_copy")
        && terms::called(ev, receiver).is_some_and(|c| matches!(c.name.as_ref(), "Column" | "column"))
    {
        return Some(Outcome::Value(parts::copy_of_column(ev, receiver, term, call.place)));
    }
    if matches!(method, "copy" | "_copy")
        && let Some(copy) = parts::copy_of_constraint(ev, receiver, call.place)
    {
        return Some(Outcome::Value(copy));
    }
    if ev.host.registry().table(term.serial).is_some() {
        return match method {
            "append_column" | "append_constraint" => {
                let item = first?.clone();
                let name = ev.host.registry().table(term.serial)?.name.clone();
                note_column(ev, &item, Some(&name));
                let table = ev.host.registry().table_mut(term.serial)?;
                table.items.push(item);
                Some(Outcome::Value(Value::None))
            }
            "to_metadata" | "tometadata" => {
                let metadata = first.cloned().or_else(|| call.arguments.keyword("metadata").cloned());
                let metadata = metadata.and_then(|m| metadata_key(ev, &m));
                parts::copy_of_table(ev, term, &call.arguments, metadata, call.place).map(Outcome::Value)
            }
            _ => None,
        };
    }
    None
}

fn tables_method<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    key: &crate::MetaDataKey,
    method: &str,
    first: Option<&Value>,
) -> Option<Outcome> {
    let lists = matches!(method, "keys" | "values" | "items");
    let mapped = if H::MAPS_CLASSES { Some(true) } else { H::map_classes(ev, key) };
    let registry = ev.host.registry();
    let metadata = registry.metadata(key)?;
    if metadata.reflected && lists {
        return Some(Outcome::Value(Value::unknown("the tables are those that the database holds", None)));
    }
    let serials = metadata.tables.clone();
    // Mapped classes put their tables there too.
    let is_others = matches!(key, crate::MetaDataKey::External(_)) || registry.is_implicit(key);
    // Where no mapped class was seen, the tables that were are all, as `create_all()` takes them.
    let is_seen = !matches!(key, crate::MetaDataKey::External(_)) && !serials.is_empty();
    if lists && !mapped.unwrap_or(!is_others || is_seen) {
        return Some(Outcome::Value(Value::unknown(
            "which tables mapped classes make is not followed here",
            None,
        )));
    }
    let tables: Vec<(String, Value)> = serials
        .iter()
        .filter_map(|serial| registry.table(*serial))
        .map(|t| {
            let name = match &t.schema {
                Some(schema) => format!("{schema}.{}", t.name.name),
                None => t.name.name.clone(),
            };
            (name, t.term.clone())
        })
        .collect();
    // Mapped classes are not looked for here: a collection without a table may be one of theirs.
    if tables.is_empty() && method != "get" {
        return None;
    }
    let value = match method {
        "keys" => Value::list(tables.iter().map(|(n, _)| Value::str(n)).collect()),
        "values" => Value::list(tables.into_iter().map(|(_, t)| t).collect()),
        "items" => {
            let pair = |(name, table): (String, Value)| Value::Tuple(Rc::from([Value::str(&name), table]));
            Value::list(tables.into_iter().map(pair).collect())
        }
        _ => {
            let name = first?.as_str()?;
            tables.into_iter().find(|(n, _)| n == name)?.1
        }
    };
    Some(Outcome::Value(value))
}

fn columns_method<H: Environment>(ev: &mut Evaluator<'_, H>, table: &Value, method: &str) -> Option<Outcome> {
    let columns = columns_of(ev, table)?;
    let mut out = Vec::with_capacity(columns.len());
    for column in columns {
        let name = crate::column::key_of(ev, &column)?;
        out.push(match method {
            "keys" => Value::str(&name),
            "values" => column,
            _ => Value::Tuple(Rc::from([Value::str(&name), column])),
        });
    }
    Some(Outcome::Value(Value::list(out)))
}

fn compiler_method<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    method: &str,
    first: Option<&Value>,
) -> Option<Outcome> {
    let value = first?.clone();
    let text = if method == "process" {
        match crate::compile(ev, &value) {
            Ok(text) => text,
            Err(_) => crate::types::ddl_text(ev, &value).ok()?,
        }
    } else if method.starts_with("visit_") {
        crate::types::plain_text(ev, &value, method.trim_start_matches("visit_"))?
    } else {
        return None;
    };
    Some(Outcome::Value(Value::str(&text)))
}

/// Registers a table and gives its term, or the term of the table that was made before under that name.
fn make_table<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    callee: Value,
    arguments: &Arguments,
    extension: Option<&Value>,
    place: Place,
) -> Value {
    let mut positional = arguments.positional.iter();
    let name_value = positional.next().or_else(|| arguments.keyword("name")).cloned();
    let rest: Vec<Value> = positional.cloned().collect();
    let is_metadata =
        |ev: &mut Evaluator<'_, H>, value: Option<&Value>| value.and_then(|v| metadata_key(ev, v));
    let mut items = rest;
    let mut metadata =
        is_metadata(ev, items.first()).or_else(|| is_metadata(ev, arguments.keyword("metadata")));
    if metadata.is_some() && is_metadata(ev, items.first()).is_some() {
        items.remove(0);
    } else if metadata.is_none() {
        match extension {
            Some(owner) => {
                let owned = metadata::owned(ev, owner, place);
                metadata = owned.and_then(|m| metadata_key(ev, &m));
            }
            // A `MetaData` that cannot be told stands there all the same.
            None if !items.is_empty() && arguments.keyword("metadata").is_none() => {
                items.remove(0);
            }
            None => {}
        }
    }
    let written = match arguments.keyword("schema") {
        Some(Value::None) | None => None,
        Some(value) => terms::text_of(ev, value),
    };
    let default = metadata.as_ref().and_then(|key| ev.host.registry().metadata(key)?.schema.clone());
    let blank =
        matches!(arguments.keyword("schema"), Some(Value::External(n)) if n.ends_with("BLANK_SCHEMA"));
    let schema = written.or_else(|| default.filter(|_| !blank));
    let name = name_value.as_ref().and_then(|v| terms::text_of(ev, v));
    let object = name.as_deref().map(|n| ev.host.settings().object_name(schema.as_deref(), n));
    // `Table("t", metadata)` again gives the table that is there.
    if let (Some(object), Some(key)) = (&object, &metadata)
        && let Some((serial, found)) = ev.host.registry().table_named(Some(key), object)
    {
        let term = found.term.clone();
        if !items.is_empty() {
            let keywords = arguments.keywords.clone();
            if let Some(table) = ev.host.registry().table_mut(serial) {
                table.items.extend(items);
                table.keywords.extend(keywords);
            }
        }
        return term;
    }
    let term = ev.term(TermKind::Call, callee, "", arguments.clone(), place);
    let (Value::Term(made), Some(object)) = (&term, object) else { return term };
    for item in &items {
        note_column(ev, item, Some(&object));
    }
    let table = RegisteredTable {
        name: object,
        schema,
        metadata,
        term: term.clone(),
        items,
        keywords: arguments.keywords.clone(),
        open: arguments.open,
    };
    ev.host.registry().add_table(made.serial, table);
    term
}

fn note_column<H: Environment>(ev: &mut Evaluator<'_, H>, item: &Value, table: Option<&ObjectName>) {
    let Some(call) = terms::called(ev, item) else { return };
    if crate::column::is_column(&call.name)
        && let (Some(serial), Some(name)) = (call.serial, crate::column::written_name(ev, &call.arguments))
    {
        ev.host.registry().name_column(serial, table, &name);
    }
}

/// Returns an attribute of one of SQLAlchemy's objects; `None` when it is not known here.
pub fn attribute<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    of: &Value,
    name: &str,
    place: Place,
) -> Option<Outcome> {
    let value = match of {
        Value::Host(_) => {
            if let Some(StoredText(text)) = of.host::<StoredText>() {
                return matches!(name, "arg" | "text" | "sqltext").then(|| match name {
                    "arg" => Outcome::Value(of.clone()),
                    _ => Outcome::Value(Value::str(text)),
                });
            }
            let dialect = match (of.host::<DialectObject>(), of.host::<CompilerObject>()) {
                (Some(object), _) => object.0,
                (None, Some(object)) => {
                    return (name == "dialect").then(|| Outcome::Value(DialectObject::value(object.0)));
                }
                (None, None) => return None,
            };
            match name {
                "name" => Some(Value::str(dialect.name())),
                "default_schema_name" => dialect.default_schema().map(Value::str),
                _ => None,
            }
        }
        Value::Class(_) if name == "metadata" => metadata::owned(ev, of, place),
        Value::Instance(instance) => {
            let class = Rc::clone(&instance.class);
            if ev.inherits(&class, is_flask_extension) {
                extension_attribute(ev, of, name, place)
            } else {
                None
            }
        }
        Value::Term(term) => {
            let term = Rc::clone(term);
            term_attribute(ev, of, &term, name, place)
        }
        _ => None,
    };
    // Whatever has a dialect is an engine or a connection, wherever the project gets it from: it is taken for one of
    // the database that is asked about.
    let is_outside = || match of {
        Value::Term(_) | Value::Unknown(_) => true,
        Value::External(path) => !path.starts_with("sqlalchemy."),
        _ => false,
    };
    let value = match value {
        None if name == "dialect" && is_outside() => Some(DialectObject::value(ev.host.settings().dialect)),
        value => value,
    };
    value.map(Outcome::Value)
}

fn term_attribute<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    of: &Value,
    term: &Rc<Term>,
    name: &str,
    place: Place,
) -> Option<Value> {
    if term.external().is_some_and(is_flask_extension) {
        return extension_attribute(ev, of, name, place);
    }
    if name == "metadata"
        && let Some(metadata) = metadata::owned(ev, of, place)
    {
        return Some(metadata);
    }
    if let Some((owner, "c" | "columns")) = terms::attribute_term(of) {
        let owner = owner.clone();
        return column_of(ev, &owner, name);
    }
    if let Some(table) = ev.host.registry().table(term.serial).cloned() {
        return match name {
            "name" => Some(Value::str(&table.name.name)),
            "schema" => Some(table.schema.as_deref().map_or(Value::None, Value::str)),
            "fullname" | "key" => Some(Value::str(&match &table.schema {
                Some(schema) => format!("{schema}.{}", table.name.name),
                None => table.name.name.clone(),
            })),
            "metadata" => metadata_value(ev, &table),
            "comment" => Some(table.keywords.iter().find(|(k, _)| k.as_ref() == name)?.1.clone()),
            "info" => match table.keywords.iter().find(|(k, _)| k.as_ref() == name) {
                Some((_, info)) => Some(info.clone()),
                None => (!table.open).then(parts::no_info),
            },
            _ => parts::table_attribute(ev, of, name),
        };
    }
    let call = terms::called(ev, of)?;
    match (call.name.as_ref(), name) {
        ("Column" | "column" | "mapped_column", _) => parts::column_attribute(ev, of, term, name),
        ("DefaultClause", "arg") => call.arguments.positional.first().cloned(),
        ("text", "text") => call.arguments.positional.first().cloned(),
        (kind, _) if parts::is_part(kind) => parts::part_attribute(ev, of, term, kind, name),
        ("MetaData", "schema") => {
            let key = metadata_key(ev, of)?;
            let metadata = ev.host.registry().metadata(&key)?;
            (!metadata.schema_unknown).then(|| metadata.schema.as_deref().map_or(Value::None, Value::str))
        }
        ("MetaData", "sorted_tables") => {
            let key = metadata_key(ev, of)?;
            match tables_method(ev, &key, "values", None)? {
                Outcome::Value(value) => Some(value),
                _ => None,
            }
        }
        ("Enum" | "postgresql.ENUM", "name") => {
            crate::enum_of(ev, of, place).map(|e| Value::str(&e.enum_type.name.name))
        }
        ("Enum" | "postgresql.ENUM" | "mysql.ENUM", "enums") => {
            let labels = crate::types::labels_of(ev, of)?;
            Some(Value::list(labels.iter().map(|l| Value::str(l)).collect()))
        }
        (kind, _) => type_attribute(kind, name, &call.arguments),
    }
}

/// What a type remembers of the call that made it: `columns["at"]["type"].timezone`.
fn type_attribute(kind: &str, name: &str, arguments: &Arguments) -> Option<Value> {
    let plain = kind.rsplit('.').next()?.to_uppercase();
    let (position, otherwise) = match (plain.as_str(), name) {
        ("DATETIME" | "TIMESTAMP" | "TIME", "timezone") => (0, Value::Bool(false)),
        (
            "STRING" | "VARCHAR" | "CHAR" | "TEXT" | "UNICODE" | "UNICODETEXT" | "NVARCHAR" | "LARGEBINARY",
            "length",
        ) => (0, Value::None),
        ("NUMERIC" | "DECIMAL" | "FLOAT", "precision") | ("ARRAY", "item_type") => (0, Value::None),
        ("NUMERIC" | "DECIMAL", "scale") => (1, Value::None),
        _ => return None,
    };
    if arguments.open {
        return None;
    }
    Some(arguments.get(position, name).cloned().unwrap_or(otherwise))
}

fn metadata_value<H: Environment>(ev: &mut Evaluator<'_, H>, table: &RegisteredTable) -> Option<Value> {
    let Value::Term(term) = &table.term else { return None };
    let given = term.arguments.get(1, "metadata").cloned()?;
    metadata_key(ev, &given).map(|_| given)
}

/// `db.Column` of Flask-SQLAlchemy is SQLAlchemy's own.
fn extension_attribute<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    of: &Value,
    name: &str,
    place: Place,
) -> Option<Value> {
    const OWN: &[&str] = &[
        "Model",
        "Query",
        "Table",
        "create_all",
        "drop_all",
        "engine",
        "engines",
        "first_or_404",
        "get_engine",
        "get_or_404",
        "init_app",
        "make_declarative_base",
        "metadatas",
        "one_or_404",
        "paginate",
        "reflect",
        "session",
    ];
    const ORM: &[&str] = &[
        "aliased",
        "backref",
        "column_property",
        "composite",
        "contains_eager",
        "deferred",
        "dynamic_loader",
        "joinedload",
        "lazyload",
        "mapped_column",
        "mapper",
        "object_session",
        "reconstructor",
        "relation",
        "relationship",
        "remote",
        "selectinload",
        "subqueryload",
        "synonym",
        "validates",
        "Mapped",
    ];
    if name == "metadata" {
        return metadata::owned(ev, of, place);
    }
    if OWN.contains(&name) || name.starts_with('_') {
        return None;
    }
    let module = if ORM.contains(&name) { "sqlalchemy.orm" } else { "sqlalchemy" };
    Some(Value::External(Rc::from(format!("{module}.{name}"))))
}

/// Is told of an assigned attribute; says whether it was one of SQLAlchemy's.
pub fn assigned<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    of: &Value,
    name: &str,
    value: &Value,
    _place: Place,
) -> bool {
    // Attributes of columns that mean what the arguments of these names do.
    const OF_COLUMNS: &[&str] =
        &["nullable", "index", "unique", "primary_key", "server_default", "comment", "autoincrement"];
    if let Value::Term(term) = of
        && OF_COLUMNS.contains(&name)
        && terms::called(ev, of).is_some_and(|call| crate::column::is_column(&call.name))
    {
        ev.host.registry().say_of_column(term.serial, name, value.clone());
        return true;
    }
    let Some(key) = metadata_key(ev, of) else { return false };
    match name {
        "naming_convention" => {
            let convention = crate::NamingConvention::from_value(value);
            metadata::set_convention(ev, &key, convention);
            true
        }
        "schema" => {
            let schema = terms::text_of(ev, value);
            let metadata = ev.host.registry().metadata_mut(&key);
            metadata.schema_unknown = schema.is_none() && !value.is_none();
            metadata.schema = schema;
            true
        }
        _ => false,
    }
}

/// Computes what SQLAlchemy's objects give for an operator: only `[]` on collections is known here.
pub fn operate<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    left: &Value,
    operator: &str,
    right: &Value,
) -> Option<Value> {
    if operator == "isinstance" {
        return crate::kinds::is_instance(ev, left, right).map(Value::Bool);
    }
    if operator == "is" {
        // An object that a call of SQLAlchemy's classes makes is never `None`.
        let other = if left.is_none() { right } else { left };
        return crate::kinds::is_object(ev, other).then_some(Value::Bool(false));
    }
    // `expression.compile(…)` as a string is the SQL.
    if operator == "str" {
        if let Some(StoredText(text)) = left.host::<StoredText>() {
            return Some(Value::str(text));
        }
        if let Some(text) = crate::kinds::type_as_text(ev, left) {
            return Some(Value::str(&text));
        }
        let (receiver, method, _) = terms::method(left)?;
        let receiver = receiver.clone();
        (method == "compile").then_some(())?;
        return crate::compile(ev, &receiver).ok().map(|text| Value::str(&text));
    }
    if !matches!(operator, "[]" | "in") {
        return None;
    }
    let (whole, key) = if operator == "[]" { (left, right) } else { (right, left) };
    // `"sqlite" in url` of a text that cannot be told.
    if operator == "in"
        && let (Value::Str(text), Value::Term(_) | Value::External(_)) = (left, right)
        && !collection(right).is_some_and(|(_, name)| matches!(name.as_ref(), "c" | "columns" | "tables"))
    {
        return names_dialect(ev.host.settings().dialect, text).map(Value::Bool);
    }
    let (owner, name) = collection(whole)?;
    let found = match name.as_ref() {
        "c" | "columns" => {
            let columns = columns_of(ev, &owner)?;
            match key {
                Value::Int(at) if operator == "[]" => {
                    return usize::try_from(*at).ok().and_then(|at| columns.get(at).cloned());
                }
                Value::Term(column) if operator == "in" => {
                    let same = |c: &&Value| matches!(c, Value::Term(c) if c.serial == column.serial);
                    columns.iter().find(same).cloned()
                }
                _ => column_of(ev, &owner, key.as_str()?),
            }
        }
        "tables" => {
            let metadata = metadata_key(ev, &owner)?;
            match tables_method(ev, &metadata, "get", Some(key)) {
                Some(Outcome::Value(value)) => Some(value),
                _ => None,
            }
        }
        _ => return None,
    };
    if operator == "in" { Some(Value::Bool(found.is_some())) } else { found }
}

/// Answers `url.startswith("postgres")` of a text that cannot be told, most often a database's URL from the environment:
/// it begins with the name of the dialect that is asked for. `None`: it is no such test.
#[must_use]
pub fn dialect_test(dialect: Dialect, value: &Value) -> Option<bool> {
    let Value::Term(term) = value else { return None };
    let is_start = match &term.callee {
        Value::External(name) => name.ends_with(".startswith"),
        Value::Term(method) => method.name.as_ref() == "startswith",
        _ => false,
    };
    if term.kind != TermKind::Call || !is_start {
        return None;
    }
    names_dialect(dialect, term.arguments.positional.first()?.as_str()?)
}

/// Whether a text is the beginning of the dialect's name or of its URLs; `None` when it names none.
fn names_dialect(dialect: Dialect, text: &str) -> Option<bool> {
    let named = if text.starts_with("postgres") {
        Dialect::PostgreSql
    } else if text.starts_with("sqlite") {
        Dialect::Sqlite
    } else if text.starts_with("mysql") {
        Dialect::MySql
    } else if text.starts_with("mariadb") {
        Dialect::MariaDb
    } else {
        return None;
    };
    Some(named == dialect || (named == Dialect::MySql && dialect == Dialect::MariaDb))
}

/// Says whether one of SQLAlchemy's objects is true; `None` when it is not known here. Two columns compared are
/// true when they are one.
pub fn truth<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<bool> {
    let Value::Term(term) = value else { return None };
    match term.kind {
        TermKind::Operation if matches!(term.name.as_ref(), "==" | "!=") => {
            let [left, right] = term.arguments.positional.as_slice() else { return None };
            let (left, right) = (left.clone(), right.clone());
            let (Value::Term(left), Value::Term(right)) =
                (settle_column(ev, &left)?, settle_column(ev, &right)?)
            else {
                return None;
            };
            Some((left.serial == right.serial) == (term.name.as_ref() == "=="))
        }
        TermKind::Call => {
            let name = terms::called(ev, value)?.name;
            (parts::is_part(&name) || matches!(name.as_ref(), "MetaData" | "DefaultClause")).then_some(true)
        }
        _ => None,
    }
}

/// The owner and the name of a collection of SQLAlchemy's (`table.c`, `metadata.tables`).
fn collection(value: &Value) -> Option<(Value, Rc<str>)> {
    match value {
        Value::External(name) => {
            let owner = name.strip_suffix(".tables").filter(|o| o.ends_with(".metadata"))?;
            Some((Value::External(Rc::from(owner)), Rc::from("tables")))
        }
        _ => terms::attribute_term(value).map(|(owner, name)| (owner.clone(), Rc::from(name))),
    }
}

/// Returns the items of a collection of SQLAlchemy's; `None` when they are not known here.
pub fn items<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<Vec<Value>> {
    let (owner, name) = collection(value)?;
    match name.as_ref() {
        "c" | "columns" => columns_of(ev, &owner),
        "tables" => {
            let key = metadata_key(ev, &owner)?;
            match tables_method(ev, &key, "keys", None)? {
                Outcome::Value(value) => value.sequence(),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The columns of a table term, as their terms.
pub(crate) fn columns_of<H: Environment>(ev: &mut Evaluator<'_, H>, table: &Value) -> Option<Vec<Value>> {
    let Value::Term(term) = table else { return None };
    if terms::called(ev, table).is_some_and(|c| parts::is_part(&c.name)) {
        return parts::part_columns(ev, table);
    }
    let (items, open) = match ev.host.registry().table(term.serial) {
        Some(table) => (table.items.clone(), table.open),
        None => {
            let call = terms::called(ev, table)?;
            (call.name.as_ref() == "table").then_some(())?;
            (call.arguments.positional.get(1..).unwrap_or_default().to_vec(), call.arguments.open)
        }
    };
    (!open).then_some(())?;
    let mut columns: Vec<Value> = Vec::new();
    let mut names: Vec<Option<String>> = Vec::new();
    for item in items {
        if terms::called(ev, &item).is_some_and(|c| crate::column::is_column(&c.name)) {
            // One of the same name stands in the place of the one before it.
            let name = crate::column::name_of(ev, &item);
            match names.iter().position(|n| n.is_some() && *n == name) {
                Some(at) => columns[at] = item,
                None => {
                    columns.push(item);
                    names.push(name);
                }
            }
        }
    }
    Some(columns)
}

/// The column of a table by its name or key.
pub(crate) fn column_of<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    table: &Value,
    name: &str,
) -> Option<Value> {
    for column in columns_of(ev, table)? {
        let call = terms::called(ev, &column)?;
        let key = call.arguments.keyword("key").and_then(|k| k.as_str().map(str::to_owned));
        let key = key.or_else(|| crate::column::written_name(ev, &call.arguments));
        if key.as_deref() == Some(name) {
            return Some(column);
        }
    }
    None
}

/// The column that `table.c.x` and the like stand for, as the term that made it.
pub(crate) fn settle_column<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<Value> {
    let Value::Term(term) = value else { return None };
    match term.kind {
        TermKind::Call => {
            let call = terms::called(ev, value)?;
            crate::column::is_column(&call.name).then(|| value.clone())
        }
        TermKind::Attribute => {
            let (inner, "c" | "columns") = terms::attribute_term(&term.callee)? else { return None };
            column_of(ev, &inner.clone(), &term.name)
        }
        TermKind::Subscript => {
            let (inner, "c" | "columns") = terms::attribute_term(&term.callee)? else { return None };
            let name = term.arguments.positional.first()?.as_str()?.to_owned();
            column_of(ev, &inner.clone(), &name)
        }
        TermKind::Operation => None,
    }
}
