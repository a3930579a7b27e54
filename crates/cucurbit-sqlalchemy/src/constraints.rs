//! Constraints of a table.

use crate::compile::{self, Scope};
use crate::convention::{NameText, Named, NamedColumn, Parts};
use crate::given::{self, name_text};
use crate::reading::ColumnReading;
use crate::registry::MetaData;
use crate::settings::{Environment, Unreadable, unreadable};
use crate::terms::{self, Called};
use cucurbit_python::eval::{Evaluator, Place, Value};
use cucurbit_schema::{Constraint, ConstraintBody, Dialect, NameKind, ObjectName};

/// A constraint before it is named.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) what: Named,
    pub(crate) given: NameText,
    pub(crate) constraint: Constraint,
    /// The columns that SQLAlchemy knows of it.
    pub(crate) columns: Vec<NamedColumn>,
    pub(crate) use_alter: bool,
    /// The target of a foreign key has no schema, so the default one of the `MetaData` applies.
    pub(crate) default_schema: bool,
    pub(crate) place: Option<Place>,
}

/// What a foreign key points at.
pub(crate) struct Target {
    pub(crate) table: ObjectName,
    pub(crate) has_schema: bool,
    pub(crate) column: Option<String>,
}

/// Reads a constraint of a table, named.
///
/// # Errors
/// Why it cannot be read, or why its name cannot be told.
pub fn constraint<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    table: &ObjectName,
    metadata: &MetaData,
    columns: &[ColumnReading],
) -> Result<Constraint, Unreadable> {
    let Some(call) = terms::called(ev, value) else {
        return Err(unreadable(ev, value, "this is no constraint that can be told"));
    };
    let made = made(ev, &call, value, table, columns)?;
    let schema = metadata.schema.clone();
    match finish(ev, made, table, schema.as_deref(), metadata) {
        (constraint, None) => Ok(constraint),
        (_, Some(problem)) => Err(problem),
    }
}

/// Says whether a call of that name makes a constraint.
pub(crate) fn is_constraint(name: &str) -> bool {
    matches!(
        name,
        "PrimaryKeyConstraint"
            | "UniqueConstraint"
            | "ForeignKeyConstraint"
            | "CheckConstraint"
            | "postgresql.ExcludeConstraint"
            | "ExcludeConstraint"
    )
}

/// Reads a constraint that is not yet named.
pub(crate) fn made<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    call: &Called,
    value: &Value,
    table: &ObjectName,
    columns: &[ColumnReading],
) -> Result<Made, Unreadable> {
    let located = |mut problem: Unreadable| {
        problem.place = problem.place.or(Some(call.place));
        problem
    };
    if call.arguments.open {
        return Err(located(unreadable(ev, value, "some arguments of the constraint cannot be told")));
    }
    let made = match call.name.as_ref() {
        "PrimaryKeyConstraint" => primary_key(ev, call, columns),
        "UniqueConstraint" => unique(ev, call, columns),
        "ForeignKeyConstraint" => foreign_key(ev, call, table, columns),
        "CheckConstraint" => check(ev, call, columns),
        "postgresql.ExcludeConstraint" | "ExcludeConstraint" => exclude(ev, call, columns),
        _ => Err(unreadable(ev, value, "this is no constraint that can be told")),
    };
    made.map_err(located)
}

/// Names a constraint; gives the problem when its name cannot be told.
pub(crate) fn finish<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    made: Made,
    table: &ObjectName,
    schema: Option<&str>,
    metadata: &MetaData,
) -> (Constraint, Option<Unreadable>) {
    let Made { what, given, mut constraint, columns, place, default_schema, .. } = made;
    let dialect = ev.host.settings().dialect;
    if let ConstraintBody::ForeignKey { table: other, .. } = &mut constraint.body
        && default_schema
        && let Some(schema) = &metadata.schema
    {
        *other = ev.host.settings().object_name(Some(schema), &other.name);
    }
    let (referred_table, referred_columns) = match &constraint.body {
        ConstraintBody::ForeignKey { table, references, .. } => (Some(table.clone()), references.clone()),
        _ => (None, Vec::new()),
    };
    let parts = Parts {
        what,
        table,
        schema,
        columns: &columns,
        referred_table: referred_table.as_ref(),
        referred_columns: &referred_columns,
    };
    let named = metadata.convention.name(&given, parts, dialect);
    match named {
        Ok(Some((name, kind))) => {
            constraint.name = Some(name);
            constraint.name_kind = kind;
            (constraint, None)
        }
        Ok(None) => {
            constraint.name = None;
            constraint.name_kind = NameKind::Implicit;
            (constraint, None)
        }
        Err(reason) => {
            constraint.name = None;
            constraint.name_kind = NameKind::Implicit;
            let what = format!("a {} of `{table}`", label(what));
            (constraint, Some(Unreadable { place, reason, what, held: false }))
        }
    }
}

fn label(what: Named) -> &'static str {
    match what {
        Named::Index => "index",
        Named::Unique => "unique constraint",
        Named::Check => "check constraint",
        Named::ForeignKey => "foreign key",
        Named::PrimaryKey => "primary key",
        Named::Exclude => "exclusion constraint",
    }
}

/// Finds a column that a constraint or an index names: by key, by name or as an object.
pub(crate) fn named_column<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    columns: &[ColumnReading],
) -> Option<NamedColumn> {
    if let Some(text) = terms::text_of(ev, value) {
        return Some(by_key(&text, columns));
    }
    compile::column_of(ev, value, columns)
}

pub(crate) fn by_key(key: &str, columns: &[ColumnReading]) -> NamedColumn {
    let found = columns
        .iter()
        .find(|c| c.key.as_deref() == Some(key))
        .or_else(|| columns.iter().find(|c| c.column.name == key));
    match found {
        Some(column) => of_reading(column),
        None => NamedColumn::new(key),
    }
}

pub(crate) fn of_reading(column: &ColumnReading) -> NamedColumn {
    let name = column.column.name.clone();
    NamedColumn { key: column.key.clone().unwrap_or_else(|| name.clone()), name }
}

fn all_columns<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    values: &[Value],
    columns: &[ColumnReading],
) -> Result<Vec<NamedColumn>, Unreadable> {
    let mut out = Vec::with_capacity(values.len());
    for value in values {
        match named_column(ev, value, columns) {
            Some(column) => out.push(column),
            None => return Err(unreadable(ev, value, "a column of the constraint cannot be told")),
        }
    }
    Ok(out)
}

fn names(columns: &[NamedColumn]) -> Vec<String> {
    columns.iter().map(|c| c.name.clone()).collect()
}

/// `postgresql_include=`.
pub(crate) fn include<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: Option<&Value>,
    columns: &[ColumnReading],
) -> Result<Vec<String>, Unreadable> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let Some(items) = terms::items(ev, value) else {
        return Err(unreadable(ev, value, "the included columns cannot be told"));
    };
    Ok(names(&all_columns(ev, &items, columns)?))
}

/// Puts in what every constraint may have.
fn made_of<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    call: &Called,
    what: Named,
    body: ConstraintBody,
    columns: Vec<NamedColumn>,
) -> Result<Made, Unreadable> {
    let arguments = &call.arguments;
    let mut constraint = Constraint::new(None, body);
    let keyword = |name: &str| given::keyword(&arguments.keywords, name).cloned();
    constraint.mode = given::check_mode(ev, keyword("deferrable").as_ref(), keyword("initially").as_ref())?;
    constraint.comment = given::text(ev, keyword("comment").as_ref(), "the comment cannot be told")?;
    let dialect = ev.host.settings().dialect;
    let not_valid = given::option(&arguments.keywords, dialect, "not_valid").cloned();
    constraint.not_valid = given::flag(ev, not_valid.as_ref(), "`not_valid` cannot be told")?;
    let given = name_text(ev, keyword("name").as_ref());
    Ok(Made {
        what,
        given,
        constraint,
        columns,
        use_alter: false,
        default_schema: false,
        place: Some(call.place),
    })
}

fn primary_key<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    call: &Called,
    columns: &[ColumnReading],
) -> Result<Made, Unreadable> {
    let keys = all_columns(ev, &call.arguments.positional, columns)?;
    let dialect = ev.host.settings().dialect;
    let included = given::option(&call.arguments.keywords, dialect, "include").cloned();
    let include = include(ev, included.as_ref(), columns)?;
    let body = ConstraintBody::PrimaryKey { columns: names(&keys), include };
    made_of(ev, call, Named::PrimaryKey, body, keys)
}

fn unique<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    call: &Called,
    columns: &[ColumnReading],
) -> Result<Made, Unreadable> {
    let keys = all_columns(ev, &call.arguments.positional, columns)?;
    let dialect = ev.host.settings().dialect;
    let keywords = &call.arguments.keywords;
    let included = given::option(keywords, dialect, "include").cloned();
    let include = include(ev, included.as_ref(), columns)?;
    let distinct = given::option(keywords, dialect, "nulls_not_distinct").cloned();
    let nulls_not_distinct = given::flag(ev, distinct.as_ref(), "`nulls_not_distinct` cannot be told")?;
    let body = ConstraintBody::Unique { columns: names(&keys), include, nulls_not_distinct };
    made_of(ev, call, Named::Unique, body, keys)
}

/// Reads the target of a foreign key: `"table.column"`, `"schema.table.column"`, `"table"` or a column.
pub(crate) fn target<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Result<Target, Unreadable> {
    if let Some(text) = terms::text_of(ev, value) {
        let mut parts: Vec<&str> = text.split('.').collect();
        let last = parts.pop().unwrap_or_default();
        let (table, column) = match parts.pop() {
            Some(table) => (table, Some(last.to_owned())),
            None => (last, None),
        };
        let schema = parts.join(".");
        let schema = (!schema.is_empty()).then_some(schema);
        let table = ev.host.settings().object_name(schema.as_deref(), table);
        let column = column.map(|key| referred(ev, &table, &key));
        return Ok(Target { table, has_schema: schema.is_some(), column });
    }
    if let Some(home) = H::column_home(ev, value) {
        return Ok(Target { table: home.0, has_schema: true, column: Some(home.1) });
    }
    if let Some(column @ Value::Term(_)) = crate::calls::settle_column(ev, value)
        && let Value::Term(term) = &column
    {
        let homes = ev.host.registry().homes(term.serial).to_vec();
        if let [(Some(table), name)] = homes.as_slice() {
            return Ok(Target { table: table.clone(), has_schema: true, column: Some(name.clone()) });
        }
    }
    if let Some((owner, name)) = terms::attribute_term(value) {
        let (owner, name) = (owner.clone(), name.to_owned());
        if let Some((table, "c" | "columns")) = terms::attribute_term(&owner)
            && let Some(table) = crate::table_name(ev, &table.clone())
        {
            return Ok(Target { table, has_schema: true, column: Some(name) });
        }
    }
    Err(unreadable(ev, value, "the target of a foreign key cannot be told"))
}

/// The name of the column of another table that has that key.
fn referred<H: Environment>(ev: &mut Evaluator<'_, H>, table: &ObjectName, key: &str) -> String {
    let term = ev.host.registry().table_named(None, table).map(|(_, t)| t.term.clone());
    let column = term.and_then(|term| crate::calls::column_of(ev, &term, key));
    column.and_then(|c| crate::column::name_of(ev, &c)).unwrap_or_else(|| key.to_owned())
}

/// Reads `match=`.
pub(crate) fn match_kind<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: Option<&Value>,
) -> Result<Option<String>, Unreadable> {
    let text = given::text(ev, value, "`match` cannot be told")?;
    Ok(text.map(|t| t.trim().to_uppercase()).filter(|t| !t.is_empty() && t != "SIMPLE"))
}

fn foreign_key<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    call: &Called,
    table: &ObjectName,
    columns: &[ColumnReading],
) -> Result<Made, Unreadable> {
    let at = |position: usize, name: &str| call.arguments.get(position, name).cloned();
    let whole = |why: &str| Unreadable {
        place: Some(call.place),
        reason: why.to_owned(),
        what: String::new(),
        held: false,
    };
    let own = at(0, "columns").and_then(|v| terms::items(ev, &v));
    let own = own.ok_or_else(|| whole("the columns of a foreign key cannot be told"))?;
    let keys = all_columns(ev, &own, columns)?;
    let others = at(1, "refcolumns").and_then(|v| terms::items(ev, &v));
    let others = others.ok_or_else(|| whole("what a foreign key points at cannot be told"))?;
    let mut referred_table: Option<(ObjectName, bool)> = None;
    let mut references = Vec::with_capacity(others.len());
    for (other, key) in others.iter().zip(&keys) {
        let target = target(ev, other)?;
        references.push(target.column.unwrap_or_else(|| key.key.clone()));
        if referred_table.as_ref().is_some_and(|(t, _)| *t != target.table) {
            return Err(whole("a foreign key points at several tables"));
        }
        referred_table = Some((target.table, target.has_schema));
    }
    let Some((other, has_schema)) = referred_table else {
        return Err(whole("a foreign key points at nothing"));
    };
    if others.len() != keys.len() {
        return Err(whole("a foreign key has not as many columns as it points at"));
    }
    let is_own = other.name == table.name && (!has_schema || other.schema == table.schema);
    if is_own {
        for name in &mut references {
            *name = by_key(name, columns).name;
        }
    }
    let (on_update, _) = given::action(ev, at(3, "onupdate").as_ref())?;
    let (on_delete, set_columns) = given::action(ev, at(4, "ondelete").as_ref())?;
    let body = ConstraintBody::ForeignKey {
        columns: names(&keys),
        table: other,
        references,
        on_delete,
        on_update,
        match_kind: match_kind(ev, at(9, "match").as_ref())?,
        set_columns,
    };
    let mut made = made_of(ev, call, Named::ForeignKey, body, keys)?;
    made.default_schema = !has_schema;
    made.given = name_text(ev, at(2, "name").as_ref());
    made.constraint.mode = given::check_mode(ev, at(5, "deferrable").as_ref(), at(6, "initially").as_ref())?;
    made.use_alter = given::flag(ev, at(7, "use_alter").as_ref(), "`use_alter` cannot be told")?;
    Ok(made)
}

/// Reads a check.
pub(crate) fn check<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    call: &Called,
    columns: &[ColumnReading],
) -> Result<Made, Unreadable> {
    let Some(sql) = call.arguments.get(0, "sqltext").cloned() else {
        return Err(Unreadable {
            place: Some(call.place),
            reason: "the expression of a check cannot be told".to_owned(),
            what: String::new(),
            held: false,
        });
    };
    let compiled = compile::in_ddl(ev, &sql, Scope { columns })?;
    let body = ConstraintBody::Check { expression: compiled.text.trim().to_owned(), no_inherit: false };
    let mut made = made_of(ev, call, Named::Check, body, compiled.columns)?;
    if let Some(name) = call.arguments.positional.get(1) {
        made.given = name_text(ev, Some(&name.clone()));
    }
    Ok(made)
}

fn exclude<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    call: &Called,
    columns: &[ColumnReading],
) -> Result<Made, Unreadable> {
    let keyword = |name: &str| given::keyword(&call.arguments.keywords, name).cloned();
    let dialect = ev.host.settings().dialect;
    if dialect != Dialect::PostgreSql {
        return Err(Unreadable {
            place: Some(call.place),
            reason: format!("SQLAlchemy cannot write an exclusion constraint for {}", dialect.name()),
            what: String::new(),
            held: false,
        });
    }
    let classes = keyword("ops");
    let mut elements = Vec::new();
    let mut keys = Vec::new();
    for element in &call.arguments.positional {
        let parts = terms::items(ev, element);
        let Some([part, operator]) = parts.as_deref() else {
            return Err(unreadable(ev, element, "an element of an exclusion constraint cannot be told"));
        };
        let Some(operator) = terms::text_of(ev, operator) else {
            return Err(unreadable(ev, element, "the operator of an exclusion constraint cannot be told"));
        };
        let column = named_column(ev, part, columns);
        let mut text = match (&column, terms::text_of(ev, part)) {
            // A string is a column, quoted where it needs it.
            (Some(column), _) => crate::quoting::name(&column.name, dialect),
            (None, Some(text)) => text,
            (None, None) => compile::in_ddl(ev, part, Scope { columns })?.text,
        };
        let key = column.as_ref().map(|c| c.key.clone());
        if let Some(key) = key
            && let Some(class) = class_of(ev, classes.as_ref(), &key)?
        {
            text = format!("{text} {class}");
        }
        elements.push(format!("{text} WITH {operator}"));
        keys.extend(column);
    }
    let using = given::text(ev, keyword("using").as_ref(), "`using` cannot be told")?;
    let using = using.unwrap_or_else(|| "gist".to_owned()).to_lowercase();
    let predicate = match keyword("where").or_else(|| keyword("whereclause")) {
        Some(value) => Some(compile::in_ddl(ev, &value, Scope { columns })?.text),
        None => None,
    };
    let body = ConstraintBody::Exclude { using: Some(using), elements, predicate };
    made_of(ev, call, Named::Exclude, body, keys)
}

/// The operator class of a key in `ops={…}`.
pub(crate) fn class_of<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    classes: Option<&Value>,
    key: &str,
) -> Result<Option<String>, Unreadable> {
    let Some(value) = classes else { return Ok(None) };
    let Value::Dict(items) = value else {
        return Err(unreadable(ev, value, "the operator classes cannot be told"));
    };
    let found = items.borrow().iter().find(|(k, _)| k.as_str() == Some(key)).map(|(_, v)| v.clone());
    given::text(ev, found.as_ref(), "an operator class cannot be told")
}
