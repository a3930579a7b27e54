//! Indexes.

use crate::compile::{self, Scope};
use crate::constraints::{self, class_of, named_column};
use crate::convention::{NameText, Named, NamedColumn, Parts};
use crate::given::{self, name_text};
use crate::reading::ColumnReading;
use crate::registry::MetaData;
use crate::settings::{Environment, Unreadable, unreadable};
use crate::terms;
use cucurbit_python::eval::{Evaluator, Place, Value};
use cucurbit_schema::{Dialect, Index, IndexKey, KeyPart, NullsOrder, ObjectName, Order, Origin};
use std::rc::Rc;

/// Reads an `Index(…)`, named.
///
/// # Errors
/// Why it cannot be read, or why its name cannot be told.
pub fn index<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    table: &ObjectName,
    metadata: &MetaData,
    columns: &[ColumnReading],
) -> Result<Index, Unreadable> {
    let schema = metadata.schema.clone();
    read(ev, value, table, schema.as_deref(), metadata, columns)
}

/// As [`index`], with the schema of the table as written.
pub(crate) fn read<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    table: &ObjectName,
    schema: Option<&str>,
    metadata: &MetaData,
    columns: &[ColumnReading],
) -> Result<Index, Unreadable> {
    let call = match terms::called(ev, value) {
        Some(call) if call.name.as_ref() == "Index" => call,
        _ => return Err(unreadable(ev, value, "this is no index that can be told")),
    };
    if call.arguments.open {
        return Err(unreadable(ev, value, "some arguments of the index cannot be told"));
    }
    let (name, keys) = match call.arguments.positional.split_first() {
        Some((name, keys)) => (Some(name.clone()), keys.to_vec()),
        None => (call.arguments.keyword("name").cloned(), Vec::new()),
    };
    let name = name_text(ev, name.as_ref());
    of_keys(ev, &name, &keys, &call.arguments.keywords, table, schema, metadata, columns, call.place)
}

/// Reads an index from its parts, for `op.create_index(name, table, keys, unique=…, …)` too.
///
/// # Errors
/// Why it cannot be read, or why its name cannot be told.
#[allow(clippy::too_many_arguments)]
pub fn index_of<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    name: &NameText,
    keys: &[Value],
    keywords: &[(Rc<str>, Value)],
    table: &ObjectName,
    metadata: &MetaData,
    columns: &[ColumnReading],
    place: Place,
) -> Result<Index, Unreadable> {
    let written = given::keyword(keywords, "schema").cloned().and_then(|v| terms::text_of(ev, &v));
    let schema = written.or_else(|| metadata.schema.clone());
    of_keys(ev, name, keys, keywords, table, schema.as_deref(), metadata, columns, place)
}

#[allow(clippy::too_many_arguments)]
fn of_keys<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    name: &NameText,
    keys: &[Value],
    keywords: &[(Rc<str>, Value)],
    table: &ObjectName,
    schema: Option<&str>,
    metadata: &MetaData,
    columns: &[ColumnReading],
    place: Place,
) -> Result<Index, Unreadable> {
    let located = |mut problem: Unreadable| {
        problem.place = problem.place.or(Some(place));
        problem
    };
    let mut index = Index {
        name: None,
        unique: given::flag(ev, given::keyword(keywords, "unique"), "`unique` cannot be told")
            .map_err(located)?,
        method: None,
        keys: Vec::with_capacity(keys.len()),
        include: Vec::new(),
        predicate: None,
        nulls_not_distinct: false,
        options: Vec::new(),
        comment: None,
        origin: Origin::default(),
    };
    let mut named = Vec::new();
    for value in keys {
        let (key, found) = key(ev, value, keywords, columns).map_err(located)?;
        index.keys.push(key);
        // SQLAlchemy knows the first column of a key.
        named.extend(found.into_iter().next());
    }
    options(ev, &mut index, keywords, columns).map_err(located)?;
    name_index(ev, &mut index, name, &named, table, schema, metadata, place)?;
    Ok(index)
}

/// Gives an index its name.
#[allow(clippy::too_many_arguments)]
pub(crate) fn name_index<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    index: &mut Index,
    given: &NameText,
    columns: &[NamedColumn],
    table: &ObjectName,
    schema: Option<&str>,
    metadata: &MetaData,
    place: Place,
) -> Result<(), Unreadable> {
    let parts =
        Parts { what: Named::Index, table, schema, columns, referred_table: None, referred_columns: &[] };
    match metadata.convention.name(given, parts, ev.host.settings().dialect) {
        Ok(name) => {
            index.name = name.map(|(name, _)| name);
            Ok(())
        }
        Err(reason) => Err(Unreadable {
            place: Some(place),
            reason,
            what: format!("an index of `{table}`"),
            held: false,
        }),
    }
}

fn key<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    keywords: &[(Rc<str>, Value)],
    columns: &[ColumnReading],
) -> Result<(IndexKey, Vec<NamedColumn>), Unreadable> {
    let dialect = ev.host.settings().dialect;
    let mut value = value.clone();
    let mut order = None;
    let mut nulls = None;
    let mut collation = None;
    let mut label = None;
    // `nulls_last(desc(x))` and `x.desc().nulls_last()` come apart here.
    for _ in 0..8 {
        let Some((inner, modifier, argument)) = modified(ev, &value) else { break };
        match modifier.as_str() {
            "desc" => order = order.or(Some(Order::Descending)),
            "asc" => order = order.or(Some(Order::Ascending)),
            "nulls_first" | "nullsfirst" => nulls = nulls.or(Some(NullsOrder::First)),
            "nulls_last" | "nullslast" => nulls = nulls.or(Some(NullsOrder::Last)),
            "collate" => collation = argument.and_then(|a| terms::text_of(ev, &a)).or(collation),
            _ => label = argument.and_then(|a| terms::text_of(ev, &a)).or(label),
        }
        value = inner;
    }
    let found = named_column(ev, &value, columns);
    let (mut key, names) = match found {
        Some(column) => (IndexKey::column(&column.name), vec![column]),
        None => {
            let compiled = compile::in_ddl(ev, &value, Scope { columns })?;
            (written_key(&compiled.text, dialect, columns), compiled.columns)
        }
    };
    // Ascending is what nothing means.
    key.order = order.filter(|o| *o == Order::Descending).or(key.order);
    key.nulls = nulls.or(key.nulls);
    key.collation = collation.or(key.collation);
    let classes = given::option(keywords, dialect, "ops").cloned();
    let known = label.or_else(|| match (&key.part, names.as_slice()) {
        (KeyPart::Column(_), [column]) => Some(column.key.clone()),
        _ => None,
    });
    if let (Some(known), Dialect::PostgreSql) = (known, dialect)
        && let Some(written) = class_of(ev, classes.as_ref(), &known)?
    {
        add_class(&mut key, &written);
    }
    if dialect.is_mysql()
        && let Some(length) = given::option(keywords, dialect, "length").cloned()
    {
        key.length = match &length {
            Value::Dict(items) => {
                let own = match &key.part {
                    KeyPart::Column(name) => name.clone(),
                    KeyPart::Expression(text) => text.clone(),
                };
                let found =
                    items.borrow().iter().find(|(k, _)| k.as_str() == Some(&own)).map(|(_, v)| v.clone());
                found.as_ref().and_then(terms::int_of).and_then(|l| u32::try_from(l).ok())
            }
            other => match terms::int_of(other).and_then(|l| u32::try_from(l).ok()) {
                Some(length) => Some(length),
                None => return Err(unreadable(ev, other, "the length of a key cannot be told")),
            },
        };
    }
    Ok((key, names))
}

/// Adds what `postgresql_ops` holds for a key: SQLAlchemy writes it behind the key as it is
/// (`PGDDLCompiler.visit_create_index`), so that `{"id": "DESC"}` is an order.
fn add_class(key: &mut IndexKey, written: &str) {
    let mut rest = written.trim().to_owned();
    let ends = |rest: &str, words: &str| -> Option<String> {
        let at = rest.len().checked_sub(words.len())?;
        let (before, tail) = (rest.get(..at)?, rest.get(at..)?);
        let alone = before.is_empty() || before.ends_with(char::is_whitespace);
        (alone && tail.eq_ignore_ascii_case(words)).then(|| before.trim_end().to_owned())
    };
    for (words, place) in [("NULLS FIRST", NullsOrder::First), ("NULLS LAST", NullsOrder::Last)] {
        if let Some(before) = ends(&rest, words) {
            key.nulls = Some(place);
            rest = before;
        }
    }
    for (word, order) in [("DESC", Some(Order::Descending)), ("ASC", None)] {
        if let Some(before) = ends(&rest, word) {
            key.order = order;
            rest = before;
        }
    }
    if !rest.is_empty() {
        key.operator_class = Some(rest);
    }
}

/// What a key is, and what stands around it.
fn modified<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
) -> Option<(Value, String, Option<Value>)> {
    const MODIFIERS: &[&str] =
        &["desc", "asc", "nulls_first", "nullsfirst", "nulls_last", "nullslast", "collate", "label"];
    if let Some((receiver, method, term)) = terms::method(value) {
        MODIFIERS.contains(&method).then_some(())?;
        return Some((receiver.clone(), method.to_owned(), term.arguments.positional.first().cloned()));
    }
    let call = terms::called(ev, value)?;
    MODIFIERS.contains(&call.name.as_ref()).then_some(())?;
    let mut positional = call.arguments.positional.into_iter();
    let (first, second) = (positional.next()?, positional.next());
    let (inner, argument) =
        if call.name.as_ref() == "label" { (second?, Some(first)) } else { (first, second) };
    Some((inner, call.name.to_string(), argument))
}

/// Reads a key that is written as SQL: a name, perhaps with its order, its operator class or its collation, or
/// an expression.
fn written_key(text: &str, dialect: Dialect, columns: &[ColumnReading]) -> IndexKey {
    let mut rest = text.trim();
    let mut order = None;
    let mut nulls = None;
    let cut = |rest: &str, word: &str| -> Option<usize> {
        let at = rest.len().checked_sub(word.len())?;
        let tail = rest.get(at..)?;
        let before = rest.get(..at)?;
        (tail.eq_ignore_ascii_case(word) && before.ends_with(|c: char| c.is_whitespace() || c == ')'))
            .then_some(at)
    };
    for (word, place) in [("NULLS FIRST", NullsOrder::First), ("NULLS LAST", NullsOrder::Last)] {
        if let Some(at) = cut(rest, word) {
            nulls = Some(place);
            rest = rest[..at].trim_end();
        }
    }
    for (word, direction) in [("DESC", Some(Order::Descending)), ("ASC", None)] {
        if let Some(at) = cut(rest, word) {
            order = direction;
            rest = rest[..at].trim_end();
        }
    }
    let mut operator_class = None;
    let mut collation = None;
    // `name text_pattern_ops` and `(expression) text_pattern_ops`.
    if dialect == Dialect::PostgreSql {
        while let Some((before, last)) = rest.rsplit_once(char::is_whitespace) {
            let before = before.trim_end();
            let is_word = last.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let head = before.rsplit_once(char::is_whitespace);
            if let Some((head, word)) = head
                && word.eq_ignore_ascii_case("COLLATE")
                && is_unit(head)
            {
                collation = Some(last.trim_matches('"').to_owned());
                rest = head.trim_end();
            } else if is_word
                && last.ends_with("_ops")
                && is_unit(before.split(" COLLATE ").next().unwrap_or(before))
            {
                operator_class = Some(last.to_owned());
                rest = before;
            } else {
                break;
            }
        }
    }
    let part = match bare_name(rest, dialect, columns) {
        Some(name) => KeyPart::Column(name),
        None => KeyPart::Expression(without_brackets(rest).to_owned()),
    };
    IndexKey { order, nulls, operator_class, collation, ..IndexKey::new(part) }
}

/// Says whether a text is one name, one call or one thing in brackets.
fn is_unit(text: &str) -> bool {
    let text = text.trim();
    let mut depth = 0_i32;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            c if depth == 0 && c.is_whitespace() => return false,
            _ => {}
        }
    }
    depth == 0 && !text.is_empty()
}

/// The column that a text names.
fn bare_name(text: &str, dialect: Dialect, columns: &[ColumnReading]) -> Option<String> {
    for quote in ['"', '`'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote))
            && !inner.is_empty()
            && !inner.contains(quote)
        {
            return Some(inner.to_owned());
        }
    }
    // PostgreSQL folds what is not quoted.
    let text = if dialect == Dialect::PostgreSql { text.to_lowercase() } else { text.to_owned() };
    if columns.iter().any(|c| c.column.name == text) {
        return Some(text);
    }
    let starts = text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    (starts && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$')).then_some(text)
}

/// Takes off brackets that stand around the whole text.
pub(crate) fn without_brackets(text: &str) -> &str {
    let mut text = text.trim();
    while text.starts_with('(') && text.ends_with(')') {
        let mut depth = 0_i32;
        let mut quote: Option<char> = None;
        let last = text.len() - 1;
        let closes_early = text.char_indices().any(|(at, c)| {
            match (quote, c) {
                (Some(q), c) if c == q => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"' | '`') => quote = Some(c),
                (None, '(') => depth += 1,
                (None, ')') => depth -= 1,
                _ => {}
            }
            depth == 0 && at < last
        });
        if closes_early {
            return text;
        }
        text = text[1..last].trim();
    }
    text
}

fn options<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    index: &mut Index,
    keywords: &[(Rc<str>, Value)],
    columns: &[ColumnReading],
) -> Result<(), Unreadable> {
    let dialect = ev.host.settings().dialect;
    let option = |name: &str| given::option(keywords, dialect, name).cloned();
    let using = given::text(ev, option("using").as_ref(), "`using` cannot be told")?;
    index.method = using.map(|m| m.to_lowercase()).filter(|m| m != "btree");
    match dialect {
        Dialect::PostgreSql => {
            index.include = constraints::include(ev, option("include").as_ref(), columns)?;
            let distinct = option("nulls_not_distinct");
            index.nulls_not_distinct =
                given::flag(ev, distinct.as_ref(), "`nulls_not_distinct` cannot be told")?;
            if let Some(with) = option("with") {
                index.options.extend(with_options(ev, &with)?);
            }
            if let Some(space) =
                given::text(ev, option("tablespace").as_ref(), "`tablespace` cannot be told")?
            {
                index.options.push(("tablespace".to_owned(), space));
            }
        }
        Dialect::MySql | Dialect::MariaDb => {
            if let Some(prefix) = given::text(ev, option("prefix").as_ref(), "`prefix` cannot be told")? {
                match prefix.trim().to_lowercase().as_str() {
                    "unique" => index.unique = true,
                    kind => index.method = Some(kind.to_owned()),
                }
            }
            if let Some(parser) =
                given::text(ev, option("with_parser").as_ref(), "`with_parser` cannot be told")?
            {
                index.options.push(("with parser".to_owned(), parser));
            }
        }
        Dialect::Sqlite => {}
    }
    if let Some(predicate) = option("where").filter(|_| !dialect.is_mysql()) {
        index.predicate = Some(compile::in_ddl(ev, &predicate, Scope { columns })?.text);
    }
    Ok(())
}

/// `postgresql_with={…}`.
pub(crate) fn with_options<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
) -> Result<Vec<(String, String)>, Unreadable> {
    let Value::Dict(items) = value else {
        return Err(unreadable(ev, value, "the storage parameters cannot be told"));
    };
    let items = items.borrow().clone();
    let mut out = Vec::with_capacity(items.len());
    for (key, value) in &items {
        let shown = match value {
            Value::Int(_) | Value::Float(_) => Some(ev.describe(value)),
            Value::Bool(flag) => Some(flag.to_string()),
            other => terms::text_of(ev, other),
        };
        match (key.as_str(), shown) {
            (Some(key), Some(shown)) => out.push((key.to_lowercase(), shown)),
            _ => return Err(unreadable(ev, value, "a storage parameter cannot be told")),
        }
    }
    Ok(out)
}
