//! Columns.

use crate::constraints::{self, Made};
use crate::defaults::{self, ServerDefault};
use crate::given::{self, name_text};
use crate::reading::{AddedColumn, Autoincrement, ColumnReading, ForeignKeyReading, TypeReading};
use crate::registry::MetaData;
use crate::settings::{Environment, Unreadable, unreadable};
use crate::terms::{self, Called, NOWHERE};
use crate::{quoting, table};
use cucurbit_python::eval::{Arguments, Evaluator, Place, Value};
use cucurbit_schema::{Column, Constraint, ConstraintBody, Default, Dialect, ObjectName};
use std::rc::Rc;

/// Says whether a call of that name makes a column.
pub(crate) fn is_column(name: &str) -> bool {
    matches!(name, "Column" | "column" | "mapped_column" | "MappedColumn")
}

/// Says whether a call of that name makes something that stands in a column.
fn is_item(name: &str) -> bool {
    matches!(
        name,
        "ForeignKey"
            | "Sequence"
            | "CheckConstraint"
            | "Identity"
            | "Computed"
            | "DefaultClause"
            | "PassiveDefault"
            | "FetchedValue"
            | "ColumnDefault"
            | "UniqueConstraint"
            | "PrimaryKeyConstraint"
    )
}

/// The arguments of a column by what they are.
struct Split {
    name: Option<Value>,
    data_type: Option<Value>,
    items: Vec<Value>,
}

fn split<H: Environment>(ev: &mut Evaluator<'_, H>, arguments: &Arguments) -> Split {
    let mut rest: Vec<Value> = arguments.positional.clone();
    let mut name = arguments.keyword("name").filter(|n| !n.is_none()).cloned();
    let mut data_type = arguments.keyword("type_").filter(|t| !t.is_none()).cloned();
    let item = |ev: &mut Evaluator<'_, H>, value: &Value| -> bool {
        match value {
            Value::External(_) => terms::external(value).is_some_and(|n| is_item(&n)),
            _ => terms::called(ev, value).is_some_and(|c| is_item(&c.name)),
        }
    };
    let named = match rest.first() {
        Some(Value::None) => {
            rest.remove(0);
            false
        }
        Some(Value::Unknown(_)) => match rest.get(1) {
            // Two values that are not items: the first is the name.
            Some(second) => {
                let second = second.clone();
                name.is_none() && (data_type.is_some() || !item(ev, &second))
            }
            None => name.is_none() && data_type.is_some(),
        },
        Some(first) if name.is_none() => {
            let first = first.clone();
            let second = rest.get(1).cloned();
            if terms::text_of(ev, &first).is_some() {
                true
            } else if let Some(second) = second.filter(|_| data_type.is_none()) {
                // `Column(name(), Integer)`: what is no type before what is one is the name.
                let place = terms::place_of(&first).unwrap_or(NOWHERE);
                !item(ev, &first)
                    && !item(ev, &second)
                    && !crate::data_type(ev, &first, place).is_known()
                    && crate::data_type(ev, &second, place).is_known()
            } else {
                false
            }
        }
        Some(_) => false,
        None => false,
    };
    if named {
        name = Some(rest.remove(0));
    }
    if data_type.is_none()
        && let Some(first) = rest.first().cloned()
    {
        if first.is_none() {
            rest.remove(0);
        } else if !item(ev, &first) {
            data_type = Some(first);
            rest.remove(0);
        }
    }
    Split { name, data_type, items: rest }
}

/// A column as it is written, taken apart and not yet read.
#[derive(Debug, Clone)]
pub struct ColumnParts {
    /// Its name, where one is written.
    pub name: Option<Value>,
    /// Its type, where one is written.
    pub data_type: Option<Value>,
    /// What else stands in it: foreign keys, checks, sequences.
    pub items: Vec<Value>,
    /// Keyword arguments but for the name and the type.
    pub keywords: Vec<(Rc<str>, Value)>,
    /// Some arguments cannot be told.
    pub open: bool,
    /// It was written as `mapped_column(…)`, which reads annotations.
    pub is_mapped: bool,
    /// Where it stands.
    pub place: Place,
    /// The number of the term that made it.
    pub serial: Option<u64>,
}

/// Takes a column apart, out of what it may be wrapped in (`deferred(…)`, `.copy()`); `None` when the value is
/// no column.
pub fn column_parts<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<ColumnParts> {
    let value = bare(ev, value);
    let call = terms::called(ev, &value).filter(|call| is_column(&call.name))?;
    let Split { name, data_type, items } = split(ev, &call.arguments);
    let keywords = call.arguments.keywords.iter().filter(|(k, _)| !matches!(k.as_ref(), "name" | "type_"));
    Some(ColumnParts {
        name,
        data_type,
        items,
        keywords: keywords.cloned().collect(),
        open: call.arguments.open,
        is_mapped: matches!(call.name.as_ref(), "mapped_column" | "MappedColumn"),
        place: call.place,
        serial: call.serial,
    })
}

/// The name as the call of a column writes it.
pub(crate) fn written_name<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    arguments: &Arguments,
) -> Option<String> {
    let name = split(ev, arguments).name?;
    terms::text_of(ev, &name)
}

/// The name of a column: as written, or as the class gives it that holds it.
pub(crate) fn name_of<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<String> {
    let call = terms::called(ev, value)?;
    if let Some(name) = written_name(ev, &call.arguments) {
        return Some(name);
    }
    ev.host.registry().homes(call.serial?).last().map(|(_, name)| name.clone())
}

/// The key of a column: `key=`, or its name.
pub(crate) fn key_of<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<String> {
    let call = terms::called(ev, value)?;
    match call.arguments.keyword("key").filter(|k| !k.is_none()) {
        Some(key) => terms::text_of(ev, key),
        None => name_of(ev, value),
    }
}

/// The type in the arguments of a column.
pub(crate) fn type_argument<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    arguments: &Arguments,
) -> Option<Value> {
    split(ev, arguments).data_type
}

/// Takes off what may stand around a column.
fn bare<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Value {
    let mut value = value.clone();
    for _ in 0..8 {
        let inner = match terms::method(&value) {
            Some((receiver, "copy" | "_copy", _)) => Some(receiver.clone()),
            _ => match terms::called(ev, &value) {
                Some(call)
                    if matches!(call.name.as_ref(), "deferred" | "column_property" | "declared_attr") =>
                {
                    call.arguments.positional.first().cloned()
                }
                Some(_) => None,
                None => crate::calls::settle_column(ev, &value),
            },
        };
        match inner {
            Some(inner) => value = inner,
            None => return value,
        }
    }
    value
}

/// Reads a column.
///
/// # Errors
/// Why the value is no column that can be read. What is only partly readable is in
/// [`ColumnReading::problems`].
pub fn column<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    in_table: Option<&ObjectName>,
) -> Result<ColumnReading, Unreadable> {
    let value = bare(ev, value);
    let call = match terms::called(ev, &value) {
        Some(call) if is_column(&call.name) => call,
        _ => return Err(unreadable(ev, &value, "this is no column that can be told")),
    };
    let mut reading = read(ev, &call);
    if let (Some(serial), false) = (reading.serial, reading.column.name.is_empty()) {
        let name = reading.column.name.clone();
        ev.host.registry().name_column(serial, in_table, &name);
    }
    for problem in &mut reading.problems {
        problem.place = problem.place.or(Some(call.place));
    }
    Ok(reading)
}

fn read<H: Environment>(ev: &mut Evaluator<'_, H>, call: &Called) -> ColumnReading {
    let Split { name, data_type, items } = split(ev, &call.arguments);
    let mut problems = Vec::new();
    let mut name_unknown = false;
    let name = match name {
        None => {
            let known = call.serial.and_then(|s| ev.host.registry().homes(s).last().cloned());
            known.map(|(_, name)| name).unwrap_or_default()
        }
        Some(value) => terms::text_of(ev, &value).unwrap_or_else(|| {
            problems.push(unreadable(ev, &value, "the name of a column cannot be told"));
            name_unknown = true;
            String::new()
        }),
    };
    let has_type = data_type.is_some();
    let null = Value::External(Rc::from("sqlalchemy.types.NullType"));
    let read = crate::data_type(ev, data_type.as_ref().unwrap_or(&null), call.place);
    problems.extend(read.problems.iter().cloned());
    let mut reading = ColumnReading {
        has_type,
        name_unknown,
        problems,
        serial: call.serial,
        place: Some(call.place),
        ..ColumnReading::new(name, read)
    };
    type_checks(ev, &mut reading);
    keywords(ev, &call.arguments, &mut reading);
    for item in &items {
        read_item(ev, item, &mut reading);
    }
    if call.arguments.open {
        reading.problems.push(Unreadable {
            place: Some(call.place),
            reason: "some arguments of the column cannot be told".to_owned(),
            what: reading.column.name.clone(),
            held: false,
        });
    }
    if reading.data_type.is_null
        && let Some(key) = reading.foreign_keys.first()
    {
        let target = match key.references.first() {
            Some(name) => name.clone(),
            None => reading.column.name.clone(),
        };
        reading.type_from = Some((key.table.clone(), target));
    }
    reading.column.nullable = match reading.nullable {
        Some(nullable) => nullable,
        None => !reading.primary_key && reading.column.identity.is_none(),
    };
    if ev.host.settings().dialect != Dialect::PostgreSql {
        reading.column.identity = None;
    }
    reading
}

/// Makes the checks that the type brings along into checks of the column.
fn type_checks<H: Environment>(ev: &mut Evaluator<'_, H>, reading: &mut ColumnReading) {
    let dialect = ev.host.settings().dialect;
    for check in reading.data_type.checks.clone() {
        let name = quoting::name(&reading.column.name, dialect);
        let expression = format!("{name} IN ({})", check.values.join(", "));
        let body = ConstraintBody::Check { expression, no_inherit: false };
        reading.checks.push((check.name, Constraint::new(None, body)));
        reading.check_columns.push(vec![reading.column.name.clone()]);
    }
}

fn keywords<H: Environment>(ev: &mut Evaluator<'_, H>, arguments: &Arguments, reading: &mut ColumnReading) {
    for (name, value) in &arguments.keywords {
        match name.as_ref() {
            "key" => match terms::text_of(ev, value) {
                Some(key) => reading.key = Some(key),
                None if value.is_none() => {}
                None => reading.problems.push(unreadable(ev, value, "the key of a column cannot be told")),
            },
            "nullable" => match ev.truth(value) {
                Some(nullable) => reading.nullable = Some(nullable),
                None if is_unspecified(value) => {}
                None => reading.problems.push(unreadable(ev, value, "`nullable` cannot be told")),
            },
            "primary_key" => match ev.truth(value) {
                Some(flag) => reading.primary_key = flag,
                None => reading.problems.push(unreadable(ev, value, "`primary_key` cannot be told")),
            },
            "unique" => match ev.truth(value) {
                Some(flag) => reading.unique = flag,
                None => reading.problems.push(unreadable(ev, value, "`unique` cannot be told")),
            },
            "index" => match ev.truth(value) {
                Some(flag) => reading.index = flag,
                None => reading.problems.push(unreadable(ev, value, "`index` cannot be told")),
            },
            "autoincrement" => match value {
                Value::Bool(true) => reading.autoincrement = Autoincrement::Always,
                Value::Bool(false) => reading.autoincrement = Autoincrement::Never,
                Value::Str(text) if text.as_ref() == "ignore_fk" => {
                    reading.autoincrement = Autoincrement::IgnoreFk;
                }
                Value::Str(text) if text.as_ref() == "auto" => {}
                _ => reading.problems.push(unreadable(ev, value, "`autoincrement` cannot be told")),
            },
            "comment" => match given::text(ev, Some(value), "the comment of a column cannot be told") {
                // SQLite has no comments, and SQLAlchemy writes none.
                Ok(_) if ev.host.settings().dialect == Dialect::Sqlite => {}
                Ok(comment) => reading.column.comment = comment,
                Err(problem) => reading.problems.push(problem),
            },
            "server_default" => set_server_default(ev, value, reading),
            "default" if arguments.keyword("insert_default").is_some() => {}
            "default" | "insert_default" => python_default(ev, value, reading),
            _ => {}
        }
    }
}

/// `nullable=SchemaConst.NULL_UNSPECIFIED` is what nothing is.
fn is_unspecified(value: &Value) -> bool {
    matches!(value, Value::External(name) if name.ends_with("NULL_UNSPECIFIED"))
}

fn python_default<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value, reading: &mut ColumnReading) {
    if ev.host.settings().as_autogenerate {
        return;
    }
    match terms::called(ev, value) {
        Some(call) if call.name.as_ref() == "Sequence" => set_sequence(ev, value, reading),
        _ if value.is_none() => {}
        _ => reading.python_default = Some(value.clone()),
    }
}

fn set_sequence<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value, reading: &mut ColumnReading) {
    let optional = match value {
        Value::Term(term) => term.arguments.keyword("optional").and_then(|v| ev.truth(v)).unwrap_or(false),
        _ => false,
    };
    if ev.host.settings().as_autogenerate {
        return;
    }
    // Where columns count by themselves an optional sequence is left out.
    if optional {
        return;
    }
    match crate::sequence(ev, value) {
        Ok(sequence) => reading.sequence = Some(sequence),
        Err(problem) => reading.problems.push(problem),
    }
}

fn set_server_default<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value, reading: &mut ColumnReading) {
    match defaults::server_default(ev, value) {
        Ok(None) => {
            // `FetchedValue()`: the database gives it, so the column does not count by itself.
            if !value.is_none() {
                reading.fetched = true;
            }
        }
        Ok(Some(ServerDefault::Default(default))) => {
            let dialect = ev.host.settings().dialect;
            match default {
                Default::Expression(text) if dialect.is_mysql() => {
                    let (text, on_update) = defaults::split_on_update(&text);
                    reading.column.default = text.map(Default::Expression);
                    reading.column.on_update = on_update;
                }
                default => reading.column.default = Some(default),
            }
        }
        Ok(Some(ServerDefault::Identity(identity))) => reading.column.identity = Some(identity),
        Ok(Some(ServerDefault::Computed(computed))) => reading.column.computed = Some(computed),
        Err(problem) => {
            reading.column.default = Some(Default::Unknown(problem.to_string()));
            reading.problems.push(Unreadable { held: true, ..problem });
        }
    }
}

fn read_item<H: Environment>(ev: &mut Evaluator<'_, H>, item: &Value, reading: &mut ColumnReading) {
    if item.is_none() {
        return;
    }
    let call = match item {
        Value::External(_) => terms::external(item).map(|name| Called {
            name,
            arguments: Arguments::default(),
            place: reading.place.unwrap_or(NOWHERE),
            serial: None,
        }),
        _ => terms::called(ev, item),
    };
    let Some(call) = call else {
        reading.problems.push(unreadable(ev, item, "a part of the column cannot be told"));
        return;
    };
    match call.name.as_ref() {
        "ForeignKey" => match foreign_key(ev, &call) {
            Ok(key) => reading.foreign_keys.push(key),
            Err(problem) => reading.problems.push(problem),
        },
        "CheckConstraint" => match constraints::check(ev, &call, &[]) {
            Ok(Made { given, constraint, columns, .. }) => {
                reading.checks.push((given, constraint));
                reading.check_columns.push(columns.into_iter().map(|c| c.name).collect());
            }
            Err(problem) => reading.problems.push(problem),
        },
        "Sequence" => set_sequence(ev, item, reading),
        "Identity" | "Computed" | "DefaultClause" | "PassiveDefault" | "FetchedValue" => {
            set_server_default(ev, item, reading);
        }
        "ColumnDefault" => {
            if let Some(value) = call.arguments.positional.first() {
                reading.python_default = Some(value.clone());
            }
        }
        _ => reading.problems.push(unreadable(ev, item, "a part of the column cannot be told")),
    }
}

fn foreign_key<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    call: &Called,
) -> Result<ForeignKeyReading, Unreadable> {
    let arguments = &call.arguments;
    let Some(target) = arguments.get(0, "column").cloned() else {
        return Err(Unreadable {
            place: Some(call.place),
            reason: "the target of a foreign key cannot be told".to_owned(),
            what: String::new(),
            held: false,
        });
    };
    let target = constraints::target(ev, &target)?;
    let at = |position: usize, name: &str| arguments.get(position, name).cloned();
    let (on_update, _) = given::action(ev, at(4, "onupdate").as_ref())?;
    let (on_delete, set_columns) = given::action(ev, at(5, "ondelete").as_ref())?;
    let body = ConstraintBody::ForeignKey {
        columns: Vec::new(),
        table: target.table.clone(),
        references: Vec::new(),
        on_delete,
        on_update,
        match_kind: constraints::match_kind(ev, at(9, "match").as_ref())?,
        set_columns,
    };
    let mut constraint = Constraint::new(None, body);
    constraint.mode = given::check_mode(ev, at(6, "deferrable").as_ref(), at(7, "initially").as_ref())?;
    let dialect = ev.host.settings().dialect;
    let not_valid = given::option(&arguments.keywords, dialect, "not_valid");
    constraint.not_valid = given::flag(ev, not_valid, "`not_valid` cannot be told")?;
    Ok(ForeignKeyReading {
        columns: Vec::new(),
        table: target.table,
        has_schema: target.has_schema,
        references: target.column.into_iter().collect(),
        name: name_text(ev, at(3, "name").as_ref()),
        constraint,
        use_alter: given::flag(ev, at(2, "use_alter").as_ref(), "`use_alter` cannot be told")?,
        place: Some(call.place),
    })
}

/// Reads a column as `op.add_column` adds it: with its constraints and its index, named.
///
/// A column with `primary_key=True` counts by itself as in a table of its own; the primary key itself is not
/// among the constraints, since Alembic does not add it.
///
/// # Errors
/// Why the value is no column that can be read.
pub fn added_column<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    table: &ObjectName,
    metadata: &MetaData,
) -> Result<AddedColumn, Unreadable> {
    let reading = column(ev, value, Some(table))?;
    let place = reading.place;
    let whole =
        table::assemble(ev, table, vec![reading.clone()], &[], &[], metadata, place.unwrap_or(NOWHERE));
    let Some(mut finished) = whole.columns.into_iter().next() else {
        return Ok(AddedColumn { reading, constraints: Vec::new(), indexes: Vec::new() });
    };
    if let Some(column) = whole.table.columns.into_iter().next() {
        finished.column = column;
    }
    finished.problems = whole.problems;
    let is_key = |c: &Constraint| matches!(c.body, ConstraintBody::PrimaryKey { .. });
    let constraints = whole.table.constraints.into_iter().chain(whole.late).filter(|c| !is_key(c)).collect();
    Ok(AddedColumn { reading: finished, constraints, indexes: whole.table.indexes })
}

impl ColumnReading {
    /// Makes a nullable column with a type and nothing else.
    #[must_use]
    pub fn new(name: impl Into<String>, data_type: TypeReading) -> Self {
        let mut column = Column::new(name, data_type.data_type.clone());
        column.collation.clone_from(&data_type.collation);
        ColumnReading {
            column,
            key: None,
            nullable: None,
            primary_key: false,
            autoincrement: Autoincrement::Auto,
            unique: false,
            index: false,
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            check_columns: Vec::new(),
            has_type: true,
            data_type,
            type_from: None,
            sequence: None,
            python_default: None,
            fetched: false,
            name_unknown: false,
            problems: Vec::new(),
            serial: None,
            place: None,
        }
    }
}
