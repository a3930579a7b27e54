//! PostgreSQL.

use super::order::Phase;
use super::{
    Writer, Written, about, action, check_mode, constraint_ref, constraint_texts, in_brackets, index_ref,
    index_texts, object_ref, quote, sequence_options, text, types, without_brackets,
};
use crate::apply::tables::equal_keys;
use crate::change::ObjectRef;
use crate::model::{
    Action, Column, Constraint, ConstraintBody, Database, Default, Dialect, EnumType, Index, KeyPart,
    NamedObject, NullsOrder, ObjectKind, ObjectName, Order, Origin, Sequence, Table, TypeKind,
};
use std::cmp::Reverse;
use std::collections::BTreeSet;

const DIALECT: Dialect = Dialect::PostgreSql;

/// Table options that other dialects read.
const FOREIGN_OPTIONS: [&str; 11] = [
    "engine",
    "charset",
    "collate",
    "character set",
    "default charset",
    "row_format",
    "auto_increment",
    "key_block_size",
    "without rowid",
    "strict",
    "comment",
];

/// Pushes every statement.
pub(super) fn write(writer: &mut Writer<'_>) {
    let database = writer.database;
    schemas(writer);
    for enum_type in database.enums.values() {
        make_enum(writer, enum_type);
    }
    for sequence in database.sequences.values() {
        make_sequence(writer, sequence);
    }
    for table in writer.tables.clone() {
        make_table(writer, table);
    }
    let mut functions = false;
    for object in writer.objects() {
        let phase = phase(database, object);
        if writer.push_object(phase, object) {
            functions |= matches!(object.kind, ObjectKind::Function | ObjectKind::Procedure);
            comment_on_object(writer, object);
        }
    }
    if functions {
        let set = "SET check_function_bodies = false".to_owned();
        writer.push(Phase::Setting, set, Origin::default(), None, BTreeSet::new());
        let reset = "RESET check_function_bodies".to_owned();
        writer.push(Phase::Reset, reset, Origin::default(), None, BTreeSet::new());
    }
}

/// Makes the schemas that are there and those that something stands in.
fn schemas(writer: &mut Writer<'_>) {
    let database = writer.database;
    let mut schemas = database.schemas.clone();
    let tables = database.tables.values().map(|t| (&t.name, t.origin));
    let enums = database.enums.values().map(|e| (&e.name, e.origin));
    let sequences = database.sequences.values().map(|s| (&s.name, s.origin));
    for (name, origin) in tables.chain(enums).chain(sequences) {
        if let Some(schema) = &name.schema {
            schemas.entry(schema.clone()).or_insert(origin);
        }
    }
    for (schema, origin) in schemas {
        if ["public", "pg_catalog", "information_schema"].contains(&schema.as_str()) {
            continue;
        }
        let written = writer.name(&schema).map(|name| format!("CREATE SCHEMA {name}"));
        writer.push_or_omit(Phase::Schema, written, origin, ObjectRef::Schema(schema), BTreeSet::new());
    }
}

/// Writes the labels of an enum, or says why they cannot be written.
pub(super) fn labels(enum_type: &EnumType) -> Written {
    quote::checked_object(&enum_type.name, DIALECT)?;
    let Some(labels) = &enum_type.labels else {
        return Err("its labels are unknown".to_owned());
    };
    let labels: Result<Vec<String>, String> =
        labels.iter().map(|label| quote::checked_string(label, DIALECT)).collect();
    Ok(labels?.join(", "))
}

fn make_enum(writer: &mut Writer<'_>, enum_type: &EnumType) {
    let object = ObjectRef::Enum(enum_type.name.clone());
    let sql = labels(enum_type)
        .and_then(|labels| Ok(format!("CREATE TYPE {} AS ENUM ({labels})", writer.object(&enum_type.name)?)));
    match sql {
        Ok(sql) => {
            let name = enum_type.name.clone();
            writer.push_maker(Phase::Enum, sql, enum_type.origin, object.clone(), name, BTreeSet::new());
            let on = writer.object(&enum_type.name).map(|name| format!("TYPE {name}"));
            comment(writer, on, enum_type.comment.as_deref(), enum_type.origin, object, &enum_type.name);
        }
        Err(reason) => writer.omit(object, reason),
    }
}

pub(super) fn sequence_sql(sequence: &Sequence) -> Written {
    let name = quote::checked_object(&sequence.name, DIALECT)?;
    let data_type = match &sequence.options.data_type {
        Some(name) => {
            let kind = TypeKind::Named { name: name.clone(), args: Vec::new(), attributes: Vec::new() };
            format!(" AS {}", types::write(&kind, DIALECT)?)
        }
        None => String::new(),
    };
    Ok(format!("CREATE SEQUENCE {name}{data_type}{}", sequence_options(&sequence.options)))
}

fn make_sequence(writer: &mut Writer<'_>, sequence: &Sequence) {
    let object = ObjectRef::Sequence(sequence.name.clone());
    match sequence_sql(sequence) {
        Ok(sql) => {
            let name = sequence.name.clone();
            writer.push_maker(Phase::Sequence, sql, sequence.origin, object.clone(), name, BTreeSet::new());
        }
        Err(reason) => return writer.omit(object, reason),
    }
    if let Some((table, column)) = &sequence.owner {
        let written = writer.columns_of(table, std::slice::from_ref(column)).and_then(|column| {
            if table.schema != sequence.name.schema {
                return Err("its owner is in another schema".to_owned());
            }
            let (name, table) = (writer.object(&sequence.name)?, writer.object(table)?);
            Ok(format!("ALTER SEQUENCE {name} OWNED BY {table}.{column}"))
        });
        let needs = BTreeSet::from([table.clone(), sequence.name.clone()]);
        let written = written.map_err(|why| format!("its owner: {why}"));
        writer.push_or_omit(Phase::Owner, written, sequence.origin, object, needs);
    }
}

/// Says when an object that is kept as its text is made.
fn phase(database: &Database, object: &NamedObject) -> Phase {
    match object.kind {
        ObjectKind::Extension => Phase::Extension,
        ObjectKind::Collation => Phase::Early,
        ObjectKind::Domain | ObjectKind::Type => Phase::Type,
        ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Aggregate | ObjectKind::Operator => {
            let names = text::names(&object.text, DIALECT);
            let is_view = |name: &ObjectName| {
                [ObjectKind::View, ObjectKind::MaterializedView]
                    .iter()
                    .any(|kind| database.objects.contains_key(&(*kind, None, name.clone(), None)))
            };
            let others = || names.iter().filter(|name| **name != object.name);
            if others().any(is_view) {
                Phase::FunctionOnView
            } else if others().any(|name| database.tables.contains_key(name)) {
                Phase::FunctionOnTable
            } else {
                Phase::Function
            }
        }
        ObjectKind::View | ObjectKind::MaterializedView => Phase::View,
        ObjectKind::Index => Phase::Late,
        ObjectKind::Trigger => Phase::Trigger,
        ObjectKind::EventTrigger => Phase::EventTrigger,
        ObjectKind::Policy => Phase::Policy,
        ObjectKind::Rule => Phase::Rule,
        ObjectKind::Grant => Phase::Grant,
        ObjectKind::VirtualTable | ObjectKind::Other => {
            // These are needed by types, functions and tables.
            let first = text::words(&object.text, DIALECT, 5);
            let early = ["language", "text", "access", "server", "foreign", "conversion", "tablespace"];
            let foreign_table = first.iter().any(|w| w == "table");
            if !foreign_table && first.iter().skip(1).any(|w| early.contains(&w.as_str())) {
                Phase::Early
            } else if first.get(1).is_some_and(|w| w == "cast") {
                Phase::Function
            } else {
                Phase::Late
            }
        }
    }
}

/// What a table is a partition of, as its option says it.
struct Partition<'a> {
    parent: Option<&'a Table>,
    sql: Written,
}

fn partition<'a>(writer: &Writer<'a>, table: &Table) -> Option<Partition<'a>> {
    let value = table.options.get("partition of")?;
    let sql = writer.expression(value).map(|sql| {
        let start = sql.get(.."partition of ".len()).is_some_and(|s| s.eq_ignore_ascii_case("partition of "));
        if start { sql["partition of ".len()..].trim_start().to_owned() } else { sql }
    });
    let parent = sql.as_ref().ok().and_then(|sql| text::first_name(sql, DIALECT));
    Some(Partition { parent: parent.and_then(|name| writer.database.table(&name)), sql })
}

/// Counts the tables that a partition belongs to.
fn ancestors(writer: &Writer<'_>, table: &Table) -> u8 {
    let mut count = 0;
    let mut of = partition(writer, table);
    while let Some(Partition { parent: Some(parent), .. }) = of
        && count < u8::MAX
    {
        count += 1;
        of = partition(writer, parent);
    }
    count
}

pub(super) fn make_table<'a>(writer: &mut Writer<'a>, table: &'a Table) {
    let object = ObjectRef::Table(table.name.clone());
    let Ok(name) = writer.object(&table.name) else { return };
    let partition = partition(writer, table);
    let parent = partition.as_ref().and_then(|p| p.parent);
    let mut needs = table_needs(writer, table);
    let mut items = Vec::new();
    if partition.is_none() {
        for column in writer.written_columns(table) {
            match column_sql(writer, table, column) {
                Ok(sql) => items.push(sql),
                Err(reason) => {
                    writer.omit(ObjectRef::Column(table.name.clone(), column.name.clone()), reason);
                }
            }
        }
    }
    let mut later = Vec::new();
    let equal = equal_keys(&table.constraints);
    for (at, constraint) in table.constraints.iter().enumerate() {
        let is_equal = equal.iter().any(|(later, _)| *later == at);
        // A partition has what its parent has.
        if parent.is_some_and(|p| p.constraints.iter().any(|c| c.body == constraint.body)) {
            continue;
        }
        let foreign = matches!(constraint.body, ConstraintBody::ForeignKey { .. });
        match constraint_sql(writer, table, constraint) {
            Ok(sql) if foreign || constraint.not_valid || partition.is_some() || is_equal => {
                later.push((constraint, sql, foreign));
            }
            Ok(sql) => items.push(sql),
            Err(reason) => writer.omit(constraint_ref(table, constraint), about(constraint, &reason)),
        }
    }
    let unlogged = if has_option(table, "unlogged") { "UNLOGGED " } else { "" };
    let mut sql = format!("CREATE {unlogged}TABLE {name} ");
    match partition {
        Some(Partition { sql: Ok(of), .. }) => sql.push_str(&format!("PARTITION OF {of}")),
        Some(Partition { sql: Err(reason), .. }) => {
            return writer.omit(object, format!("what it is a partition of: {reason}"));
        }
        None => sql.push_str(&in_brackets(&items)),
    }
    let (tail, problems) = table_options(writer, table);
    sql.push_str(&tail);
    for problem in problems {
        writer.omit(object.clone(), problem);
    }
    for key in ["inherits", "partition of", "partition by"] {
        if let Some(value) = table.options.get(key) {
            needs.extend(writer.mentioned(value));
        }
    }
    writer.push_maker(Phase::Table, sql, table.origin, object.clone(), table.name.clone(), needs);
    for (constraint, sql, foreign) in later {
        let phase = if foreign { Phase::ForeignKey } else { Phase::Constraint };
        let mut needs = BTreeSet::from([table.name.clone()]);
        if let ConstraintBody::ForeignKey { table: target, .. } = &constraint.body {
            needs.insert(target.clone());
        }
        needs.extend(constraint_texts(constraint).into_iter().flat_map(|text| writer.mentioned(text)));
        let sql = format!("ALTER TABLE {name} ADD {sql}");
        writer.push(phase, sql, constraint.origin, Some(constraint_ref(table, constraint)), needs);
    }
    // An index of a partition is made before its parent's, which then takes it for its own.
    let above = Reverse(ancestors(writer, table));
    for index in &table.indexes {
        let mut needs = BTreeSet::from([table.name.clone()]);
        needs.extend(index_texts(index).into_iter().flat_map(|text| writer.mentioned(text)));
        let written = index_sql(writer, table, index);
        let made = written.is_ok();
        let object = index_ref(table, index.name.as_deref());
        writer.push_or_omit(Phase::Index(above), written, index.origin, object.clone(), needs);
        if made && let Some(name) = &index.name {
            let on = writer.object(&table.name.sibling(name)).map(|name| format!("INDEX {name}"));
            comment(writer, on, index.comment.as_deref(), index.origin, object, &table.name);
        }
    }
    table_comments(writer, table, object, &name);
}

fn table_comments<'a>(writer: &mut Writer<'a>, table: &'a Table, object: ObjectRef, name: &str) {
    let on = Ok(format!("TABLE {name}"));
    comment(writer, on, table.comment.as_deref(), table.origin, object, &table.name);
    for column in writer.written_columns(table) {
        let object = ObjectRef::Column(table.name.clone(), column.name.clone());
        let on = writer.name(&column.name).map(|column| format!("COLUMN {name}.{column}"));
        comment(writer, on, column.comment.as_deref(), column.origin, object, &table.name);
    }
    for constraint in &table.constraints {
        if let Some(own) = &constraint.name
            && constraint.comment.is_some()
            && constraint_sql(writer, table, constraint).is_ok()
        {
            let on = writer.name(own).map(|own| format!("CONSTRAINT {own} ON {name}"));
            let object = constraint_ref(table, constraint);
            comment(writer, on, constraint.comment.as_deref(), constraint.origin, object, &table.name);
        }
    }
}

/// Returns the names that a table may need before it: types, functions, parents.
fn table_needs(writer: &Writer<'_>, table: &Table) -> BTreeSet<ObjectName> {
    let mut needs = BTreeSet::new();
    for column in &table.columns {
        let mut kind = &column.data_type.kind;
        while let TypeKind::Array { element, .. } = kind {
            kind = element;
        }
        match kind {
            TypeKind::Named { name, .. } => _ = needs.insert(types::object_name(name)),
            TypeKind::Enum { name: Some(name), .. } => _ = needs.insert(name.clone()),
            _ => {}
        }
        match &column.default {
            Some(Default::Expression(text)) => needs.extend(writer.mentioned(text)),
            Some(Default::NextValue(name)) => _ = needs.insert(name.clone()),
            _ => {}
        }
        if let Some(computed) = &column.computed {
            needs.extend(writer.mentioned(&computed.expression));
        }
        if let Some(collation) = &column.collation {
            needs.insert(ObjectName::plain(collation));
        }
    }
    for constraint in table.constraints.iter().filter(|c| !c.not_valid) {
        needs.extend(constraint_texts(constraint).into_iter().flat_map(|text| writer.mentioned(text)));
    }
    needs
}

/// How the value of an option is written.
type Form<'a> = &'a dyn Fn(&str) -> Written;

/// Says whether an option is there and not said to be off.
fn has_option(table: &Table, key: &str) -> bool {
    table.options.get(key).is_some_and(|value| !value.eq_ignore_ascii_case("false"))
}

/// Writes what stands behind the columns, and says which options cannot be written.
fn table_options(writer: &Writer<'_>, table: &Table) -> (String, Vec<String>) {
    let mut sql = String::new();
    let mut problems = Vec::new();
    let forms: [(&str, Form<'_>); 5] = [
        ("inherits", &|value| Ok(format!(" INHERITS ({})", without_brackets(value, DIALECT)?))),
        ("partition by", &|value| Ok(format!(" PARTITION BY {}", writer.expression(value)?))),
        ("using", &|value| Ok(format!(" USING {}", writer.name(value)?))),
        ("with", &|value| Ok(format!(" WITH ({})", without_brackets(value, DIALECT)?))),
        ("tablespace", &|value| Ok(format!(" TABLESPACE {}", writer.name(value)?))),
    ];
    for (key, form) in forms {
        match table.options.get(key).map(|value| form(value)) {
            Some(Ok(part)) => sql.push_str(&part),
            Some(Err(reason)) => problems.push(format!("its option `{key}`: {reason}")),
            None => {}
        }
    }
    for key in table.options.keys() {
        let known = forms.iter().any(|(form, _)| form == key)
            || key == "unlogged"
            || key == "partition of"
            || FOREIGN_OPTIONS.contains(&key.as_str());
        if !known {
            problems.push(format!("its option `{key}` is not known"));
        }
    }
    (sql, problems)
}

/// Writes the name of a collation, which may hold a dot of its own.
pub(super) fn collation(writer: &Writer<'_>, name: &str) -> Written {
    match name.split_once('.') {
        Some((schema, rest))
            if ["pg_catalog", "public"].contains(&schema) || writer.database.schemas.contains_key(schema) =>
        {
            Ok(format!("{}.{}", writer.name(schema)?, writer.name(rest.trim_matches('"'))?))
        }
        _ => writer.name(name),
    }
}

pub(super) fn column_sql(writer: &mut Writer<'_>, table: &Table, column: &Column) -> Written {
    let object = || ObjectRef::Column(table.name.clone(), column.name.clone());
    let mut sql =
        format!("{} {}", writer.name(&column.name)?, types::write(&column.data_type.kind, DIALECT)?);
    if let Some(name) = &column.collation {
        match collation(writer, name) {
            Ok(name) => sql.push_str(&format!(" COLLATE {name}")),
            Err(reason) => writer.omit(object(), format!("its collation: {reason}")),
        }
    }
    if let Some(default) = &column.default {
        match default_sql(writer, default) {
            Ok(default) => sql.push_str(&format!(" DEFAULT {default}")),
            Err(reason) => writer.omit(object(), format!("its default: {reason}")),
        }
    }
    if let Some(computed) = &column.computed {
        match writer.expression_on(table, &computed.expression) {
            Ok(expression) => {
                let kind = if computed.stored { "STORED" } else { "VIRTUAL" };
                sql.push_str(&format!(" GENERATED ALWAYS AS ({expression}) {kind}"));
            }
            Err(reason) => writer.omit(object(), format!("its expression: {reason}")),
        }
    }
    if let Some(identity) = &column.identity {
        let when = if identity.always { "ALWAYS" } else { "BY DEFAULT" };
        sql.push_str(&format!(" GENERATED {when} AS IDENTITY"));
        sql.push_str(&identity_options(identity));
    }
    if !column.nullable {
        sql.push_str(" NOT NULL");
    }
    Ok(sql)
}

/// What stands in brackets behind `AS IDENTITY`, brackets and all.
pub(super) fn identity_options(identity: &crate::Identity) -> String {
    let name = identity
        .sequence
        .as_ref()
        .map(|name| format!(" SEQUENCE NAME {}", super::quote_object(name, DIALECT)));
    let options = name.unwrap_or_default() + &sequence_options(&identity.options);
    if options.is_empty() { options } else { format!(" ({})", options.trim_start()) }
}

pub(super) fn default_sql(writer: &Writer<'_>, default: &Default) -> Written {
    match default {
        Default::Expression(text) => writer.expression(text),
        Default::NextValue(name) => {
            match writer.database.sequences.get(name) {
                Some(sequence) => sequence_sql(sequence)?,
                None => return Err(format!("the sequence `{name}` is not there")),
            };
            Ok(format!("nextval({}::regclass)", writer.string(&writer.object(name)?)?))
        }
        Default::Unknown(reason) => Err(reason.clone()),
    }
}

fn include(writer: &Writer<'_>, table: &Table, columns: &[String]) -> Written {
    if columns.is_empty() {
        return Ok(String::new());
    }
    Ok(format!(" INCLUDE ({})", writer.columns_of(&table.name, columns)?))
}

/// Writes a constraint as it stands in `CREATE TABLE` or behind `ADD`.
pub(super) fn constraint_sql(writer: &Writer<'_>, table: &Table, constraint: &Constraint) -> Written {
    let mut sql = match &constraint.name {
        Some(name) => format!("CONSTRAINT {} ", writer.name(name)?),
        None => String::new(),
    };
    let on = &table.name;
    match &constraint.body {
        ConstraintBody::PrimaryKey { columns, include: also } => {
            sql.push_str(&format!("PRIMARY KEY ({})", writer.columns_of(on, columns)?));
            sql.push_str(&include(writer, table, also)?);
        }
        ConstraintBody::Unique { columns, include: also, nulls_not_distinct } => {
            let nulls = if *nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
            sql.push_str(&format!("UNIQUE{nulls} ({})", writer.columns_of(on, columns)?));
            sql.push_str(&include(writer, table, also)?);
        }
        ConstraintBody::ForeignKey { .. } => sql.push_str(&foreign_key(writer, table, &constraint.body)?),
        ConstraintBody::Check { expression, no_inherit } => {
            sql.push_str(&format!("CHECK ({})", writer.expression_on(table, expression)?));
            if *no_inherit {
                sql.push_str(" NO INHERIT");
            }
        }
        ConstraintBody::Exclude { using, elements, predicate } => {
            sql.push_str("EXCLUDE ");
            if let Some(method) = using {
                sql.push_str(&format!("USING {} ", writer.name(method)?));
            }
            let elements: Result<Vec<String>, String> =
                elements.iter().map(|element| writer.expression_on(table, element)).collect();
            sql.push_str(&format!("({})", elements?.join(", ")));
            if let Some(predicate) = predicate {
                sql.push_str(&format!(" WHERE ({})", writer.expression_on(table, predicate)?));
            }
        }
    }
    sql.push_str(check_mode(constraint.mode));
    if constraint.not_valid {
        sql.push_str(" NOT VALID");
    }
    Ok(sql)
}

fn foreign_key(writer: &Writer<'_>, table: &Table, body: &ConstraintBody) -> Written {
    let ConstraintBody::ForeignKey {
        columns,
        table: target,
        references,
        on_delete,
        on_update,
        match_kind,
        set_columns,
    } = body
    else {
        return Err("it is no foreign key".to_owned());
    };
    let own = writer.columns_of(&table.name, columns)?;
    let there = writer.columns_of(target, references)?;
    if !has_key(writer, target, references) {
        let what = if references.is_empty() { "primary key".to_owned() } else { format!("key ({there})") };
        return Err(format!("the table `{target}` has no {what}"));
    }
    let mut sql = format!("FOREIGN KEY ({own}) REFERENCES {}", writer.object(target)?);
    if !references.is_empty() {
        sql.push_str(&format!(" ({there})"));
    }
    match match_kind.as_deref().map(str::to_ascii_uppercase).as_deref() {
        None | Some("SIMPLE") => {}
        Some("FULL") => sql.push_str(" MATCH FULL"),
        Some(other) => return Err(format!("PostgreSQL has no MATCH {other}")),
    }
    if *on_delete != Action::NoAction {
        sql.push_str(&format!(" ON DELETE {}", action(*on_delete)));
        if !set_columns.is_empty() {
            sql.push_str(&format!(" ({})", writer.columns_of(&table.name, set_columns)?));
        }
    }
    if *on_update != Action::NoAction {
        sql.push_str(&format!(" ON UPDATE {}", action(*on_update)));
    }
    Ok(sql)
}

/// Says whether a foreign key can point at these columns: PostgreSQL asks for a key of just them.
fn has_key(writer: &Writer<'_>, target: &ObjectName, columns: &[String]) -> bool {
    let Some(target) = writer.database.table(target) else {
        return false;
    };
    // Its keys may be its parent's.
    if target.options.contains_key("partition of") {
        return true;
    }
    let wanted: BTreeSet<&String> = columns.iter().collect();
    let constraint = |c: &Constraint| {
        let fits = match &c.body {
            ConstraintBody::PrimaryKey { columns, .. } => {
                wanted.is_empty() || columns.iter().collect::<BTreeSet<_>>() == wanted
            }
            ConstraintBody::Unique { columns, .. } => columns.iter().collect::<BTreeSet<_>>() == wanted,
            _ => false,
        };
        fits && constraint_sql(writer, target, c).is_ok()
    };
    let index = |index: &Index| {
        let keys: Option<BTreeSet<&String>> = index
            .keys
            .iter()
            .map(|key| match &key.part {
                KeyPart::Column(name) => Some(name),
                KeyPart::Expression(_) => None,
            })
            .collect();
        index.unique
            && index.predicate.is_none()
            && keys.is_some_and(|keys| keys == wanted)
            && index_sql(writer, target, index).is_ok()
    };
    target.constraints.iter().any(constraint) || target.indexes.iter().any(index)
}

pub(super) fn index_sql(writer: &Writer<'_>, table: &Table, index: &Index) -> Written {
    let mut keys = Vec::new();
    for key in &index.keys {
        let mut sql = match &key.part {
            KeyPart::Column(name) => writer.columns_of(&table.name, std::slice::from_ref(name))?,
            KeyPart::Expression(text) => format!("({})", writer.expression_on(table, text)?),
        };
        if let Some(name) = &key.collation {
            sql.push_str(&format!(" COLLATE {}", collation(writer, name)?));
        }
        if let Some(class) = &key.operator_class {
            sql.push_str(&format!(" {}", writer.expression(class)?));
        }
        match key.order {
            Some(Order::Ascending) => sql.push_str(" ASC"),
            Some(Order::Descending) => sql.push_str(" DESC"),
            None => {}
        }
        match key.nulls {
            Some(NullsOrder::First) => sql.push_str(" NULLS FIRST"),
            Some(NullsOrder::Last) => sql.push_str(" NULLS LAST"),
            None => {}
        }
        keys.push(sql);
    }
    if keys.is_empty() {
        return Err("it has no keys".to_owned());
    }
    let mut with = Vec::new();
    let mut tablespace = String::new();
    let mut only = "";
    for (key, value) in &index.options {
        match key.to_ascii_lowercase().as_str() {
            "with" => with.push(without_brackets(value, DIALECT)?),
            "tablespace" => tablespace = format!(" TABLESPACE {}", writer.name(value)?),
            "only" => only = "ONLY ",
            "concurrently" | "if not exists" => {}
            key if types::is_plain_word(key) => {
                with.push(if value.is_empty() {
                    key.to_owned()
                } else {
                    format!("{key} = {}", writer.expression(value)?)
                });
            }
            other => return Err(format!("its option `{other}` is not known")),
        }
    }
    let mut sql = format!("CREATE {}INDEX ", if index.unique { "UNIQUE " } else { "" });
    if let Some(name) = &index.name {
        sql.push_str(&format!("{} ", writer.name(name)?));
    }
    sql.push_str(&format!("ON {only}{}", writer.object(&table.name)?));
    if let Some(method) = &index.method {
        sql.push_str(&format!(" USING {}", writer.name(&method.to_lowercase())?));
    }
    sql.push_str(&format!(" ({})", keys.join(", ")));
    sql.push_str(&include(writer, table, &index.include)?);
    if index.nulls_not_distinct {
        sql.push_str(" NULLS NOT DISTINCT");
    }
    if !with.is_empty() {
        sql.push_str(&format!(" WITH ({})", with.join(", ")));
    }
    sql.push_str(&tablespace);
    if let Some(predicate) = &index.predicate {
        sql.push_str(&format!(" WHERE {}", writer.expression_on(table, predicate)?));
    }
    Ok(sql)
}

/// Pushes `COMMENT ON`, when there is a comment.
fn comment(
    writer: &mut Writer<'_>,
    on: Written,
    comment: Option<&str>,
    origin: Origin,
    object: ObjectRef,
    needs: &ObjectName,
) {
    let Some(comment) = comment else { return };
    let written = on
        .and_then(|on| Ok(format!("COMMENT ON {on} IS {}", writer.string(comment)?)))
        .map_err(|why| format!("its comment: {why}"));
    writer.push_or_omit(Phase::Comment, written, origin, object, BTreeSet::from([needs.clone()]));
}

fn comment_on_object(writer: &mut Writer<'_>, object: &NamedObject) {
    if object.comment.is_none() {
        return;
    }
    let on = comment_target(writer, object);
    let needs = object.table.as_ref().unwrap_or(&object.name);
    comment(writer, on, object.comment.as_deref(), object.origin, object_ref(object), needs);
}

pub(super) fn comment_target(writer: &Writer<'_>, object: &NamedObject) -> Written {
    let name = writer.object(&object.name)?;
    let arguments = |word: &str| match &object.signature {
        Some(signature) if signature.trim().is_empty() => Ok(format!("{word} {name}()")),
        Some(signature) => Ok(format!("{word} {name}({})", text::list(signature, DIALECT)?)),
        None => Ok(format!("{word} {name}")),
    };
    let on_table = |word: &str| match &object.table {
        Some(table) => Ok(format!("{word} {} ON {}", writer.name(&object.name.name)?, writer.object(table)?)),
        None => Err("its table is not known".to_owned()),
    };
    match object.kind {
        ObjectKind::Extension => Ok(format!("EXTENSION {}", writer.name(&object.name.name)?)),
        ObjectKind::Collation => Ok(format!("COLLATION {name}")),
        ObjectKind::Domain => Ok(format!("DOMAIN {name}")),
        ObjectKind::Type => Ok(format!("TYPE {name}")),
        ObjectKind::Function => arguments("FUNCTION"),
        ObjectKind::Procedure => arguments("PROCEDURE"),
        ObjectKind::Aggregate => arguments("AGGREGATE"),
        ObjectKind::View => Ok(format!("VIEW {name}")),
        ObjectKind::MaterializedView => Ok(format!("MATERIALIZED VIEW {name}")),
        ObjectKind::Index => Ok(format!("INDEX {name}")),
        ObjectKind::Trigger => on_table("TRIGGER"),
        ObjectKind::Policy => on_table("POLICY"),
        ObjectKind::Rule => on_table("RULE"),
        ObjectKind::EventTrigger => Ok(format!("EVENT TRIGGER {}", writer.name(&object.name.name)?)),
        ObjectKind::Operator | ObjectKind::Grant | ObjectKind::VirtualTable | ObjectKind::Other => {
            Err("it is not known how to name it".to_owned())
        }
    }
}
