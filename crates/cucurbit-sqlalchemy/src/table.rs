//! Tables.

use crate::constraints::{self, Made, is_constraint, of_reading};
use crate::convention::{NameText, Named, NamedColumn};
use crate::given;
use crate::index;
use crate::quoting;
use crate::reading::{Affinity, Autoincrement, ColumnReading, EnumReading, IntegerSize, TableReading};
use crate::registry::MetaData;
use crate::settings::{Environment, Unreadable, Version, unreadable};
use crate::terms;
use cucurbit_python::eval::{Evaluator, Place, Value};
use cucurbit_schema::{
    Constraint, ConstraintBody, DataType, Dialect, Index, NameKind, ObjectName, Table, TypeKind,
};
use std::rc::Rc;

/// Reads a table from its parts: `items` are columns, constraints and indexes, `keywords` the schema, the
/// comment and the options.
pub fn table<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    name: &ObjectName,
    items: &[Value],
    keywords: &[(Rc<str>, Value)],
    metadata: &MetaData,
    place: Place,
) -> TableReading {
    let mut columns: Vec<ColumnReading> = Vec::new();
    let mut rest = Vec::new();
    let mut problems = Vec::new();
    let mut open = false;
    for item in items {
        let is_column = terms::called(ev, item).is_some_and(|c| crate::column::is_column(&c.name));
        if !is_column && terms::called(ev, item).is_some() {
            rest.push(item.clone());
            continue;
        }
        match crate::column::column(ev, item, Some(name)) {
            Ok(column) => {
                let same = |c: &ColumnReading| !c.name_unknown && c.column.name == column.column.name;
                match columns.iter_mut().find(|c| same(c)) {
                    Some(old) if !column.name_unknown => *old = column,
                    _ => columns.push(column),
                }
            }
            Err(_) if !is_column => rest.push(item.clone()),
            Err(problem) => {
                problems.push(problem);
                open = true;
            }
        }
    }
    let mut reading = assemble(ev, name, columns, &rest, keywords, metadata, place);
    reading.problems.splice(0..0, problems);
    reading.open |= open;
    reading
}

/// As [`table`], with columns that were read (and changed) before; `items` hold the rest.
pub fn assemble<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    name: &ObjectName,
    columns: Vec<ColumnReading>,
    items: &[Value],
    keywords: &[(Rc<str>, Value)],
    metadata: &MetaData,
    place: Place,
) -> TableReading {
    let mut reading = TableReading {
        table: Table::new(name.clone()),
        columns: Vec::new(),
        enums: Vec::new(),
        sequences: Vec::new(),
        late: Vec::new(),
        temporary: false,
        open: false,
        reflected: false,
        if_not_exists: false,
        types_from: Vec::new(),
        problems: Vec::new(),
    };
    let written = given::keyword(keywords, "schema").cloned();
    let schema = match written.and_then(|v| terms::text_of(ev, &v)) {
        Some(schema) => Some(schema),
        None => metadata.schema.clone().or_else(|| name.schema.clone()),
    };
    let mut build = Build { name, schema, metadata, place, reading: &mut reading };
    build.take_columns(columns);
    build.options(ev, keywords);
    let parts = build.items(ev, items);
    build.finish(ev, parts, keywords);
    reading
}

/// A table under construction.
struct Build<'b> {
    name: &'b ObjectName,
    /// The schema as written.
    schema: Option<String>,
    metadata: &'b MetaData,
    place: Place,
    reading: &'b mut TableReading,
}

/// What the arguments of a table hold beside columns.
struct Parts {
    /// The primary key, when it is written as a constraint.
    key: Option<Made>,
    constraints: Vec<Made>,
    indexes: Vec<Value>,
}

impl Build<'_> {
    fn take_columns(&mut self, columns: Vec<ColumnReading>) {
        for column in columns {
            self.reading.problems.extend(column.problems.iter().cloned());
            if column.column.name.is_empty() {
                self.reading.open = true;
                if !column.name_unknown {
                    self.reading.problems.push(Unreadable {
                        place: column.place.or(Some(self.place)),
                        reason: "a column has no name".to_owned(),
                        what: String::new(),
                        held: false,
                    });
                }
                continue;
            }
            self.reading.columns.push(column);
        }
    }

    fn problem(&mut self, mut problem: Unreadable) {
        problem.place = problem.place.or(Some(self.place));
        self.reading.problems.push(problem);
    }

    fn items<H: Environment>(&mut self, ev: &mut Evaluator<'_, H>, items: &[Value]) -> Parts {
        let mut parts = Parts { key: None, constraints: Vec::new(), indexes: Vec::new() };
        let columns = self.reading.columns.clone();
        for item in items {
            if item.is_none() {
                continue;
            }
            let item = match only_if(ev, item) {
                Some(true) => terms::method(item).map_or(item, |(receiver, _, _)| receiver),
                Some(false) => continue,
                None => item,
            };
            let Some(call) = terms::called(ev, item) else {
                self.problem(unreadable(ev, item, "a part of the table cannot be told"));
                self.reading.open = true;
                continue;
            };
            if call.name.as_ref() == "Index" {
                parts.indexes.push(item.clone());
            } else if is_constraint(&call.name) {
                match constraints::made(ev, &call, item, self.name, &columns) {
                    Ok(made) if made.what == Named::PrimaryKey => parts.key = Some(made),
                    Ok(made) => parts.constraints.push(made),
                    Err(problem) => {
                        self.problem(problem);
                        self.reading.open = true;
                    }
                }
            // Alembic takes columns, constraints and indexes out of what it is given and leaves the rest.
            } else if !matches!(call.name.as_ref(), "DDL" | "Comment" | "MetaData") {
                self.problem(unreadable(ev, item, "a part of the table cannot be told"));
                self.reading.open = true;
            }
        }
        parts
    }

    fn options<H: Environment>(&mut self, ev: &mut Evaluator<'_, H>, keywords: &[(Rc<str>, Value)]) {
        let dialect = ev.host.settings().dialect;
        match given::text(ev, given::keyword(keywords, "comment"), "the comment of the table cannot be told")
        {
            Ok(_) if dialect == Dialect::Sqlite => {}
            Ok(comment) => self.reading.table.comment = comment,
            Err(problem) => self.problem(problem),
        }
        let reflects = |k: &str| matches!(k, "autoload_with" | "autoload");
        for (name, value) in keywords {
            if reflects(name) && ev.truth(value).unwrap_or(true) {
                self.reading.reflected = true;
            }
            if name.as_ref() == "if_not_exists" {
                self.reading.if_not_exists = ev.truth(value) == Some(true);
            }
        }
        if let Some(prefixes) = given::keyword(keywords, "prefixes").cloned() {
            let texts: Option<Vec<String>> = terms::items(ev, &prefixes)
                .and_then(|items| items.iter().map(|v| terms::text_of(ev, v)).collect());
            match texts {
                Some(texts) => {
                    for text in texts {
                        match text.trim().to_uppercase().as_str() {
                            "TEMPORARY" | "TEMP" | "LOCAL TEMPORARY" | "GLOBAL TEMPORARY" => {
                                self.reading.temporary = true;
                            }
                            "UNLOGGED" => self.option("unlogged", "true"),
                            other => self.option("prefix", other),
                        }
                    }
                }
                None => self.problem(unreadable(ev, &prefixes, "the prefixes of the table cannot be told")),
            }
        }
        let own = format!("{}_", dialect.name());
        for (name, value) in keywords {
            let option = match name.strip_prefix(own.as_str()) {
                Some(option) => option,
                None if dialect == Dialect::MariaDb => match name.strip_prefix("mysql_") {
                    Some(option) if given::keyword(keywords, &format!("mariadb_{option}")).is_none() => {
                        option
                    }
                    _ => continue,
                },
                None => continue,
            };
            // It says how a table is read from the database.
            if value.is_none() || option == "ignore_search_path" {
                continue;
            }
            if let Err(problem) = self.dialect_option(ev, dialect, &option.to_lowercase(), value) {
                self.problem(problem);
            }
        }
    }

    fn option(&mut self, key: &str, value: &str) {
        self.reading.table.options.insert(key.to_owned(), value.to_owned());
    }

    fn dialect_option<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        dialect: Dialect,
        option: &str,
        value: &Value,
    ) -> Result<(), Unreadable> {
        let why = format!("the option `{option}` cannot be told");
        match (dialect, option) {
            (Dialect::Sqlite, "autoincrement") => {}
            (Dialect::Sqlite, "with_rowid") => {
                if ev.truth(value).ok_or_else(|| unreadable(ev, value, &why))? {
                    return Ok(());
                }
                self.option("without rowid", "true");
            }
            (Dialect::Sqlite, "strict") => {
                if given::flag(ev, Some(value), &why)? {
                    self.option("strict", "true");
                }
            }
            (Dialect::PostgreSql, "with") => {
                let pairs = index::with_options(ev, value)?;
                let shown: Vec<String> = pairs.iter().map(|(k, v)| format!("{k} = {v}")).collect();
                self.option("with", &shown.join(", "));
            }
            (Dialect::PostgreSql, "inherits") => {
                let names = match value.sequence() {
                    Some(items) => items.iter().map(|v| terms::text_of(ev, v)).collect::<Option<Vec<_>>>(),
                    None => terms::text_of(ev, value).map(|t| vec![t]),
                };
                let names = names.ok_or_else(|| unreadable(ev, value, &why))?;
                self.option("inherits", &names.join(", "));
            }
            (Dialect::PostgreSql, "with_oids") => {
                let on = given::flag(ev, Some(value), &why)?;
                self.option("oids", if on { "true" } else { "false" });
            }
            _ => {
                let text = match value {
                    Value::Int(_) | Value::Float(_) | Value::Bool(_) => ev.describe(value),
                    other => terms::text_of(ev, other).ok_or_else(|| unreadable(ev, other, &why))?,
                };
                let key = match (dialect, option) {
                    (
                        Dialect::MySql | Dialect::MariaDb,
                        "charset" | "default_charset" | "character_set" | "default_character_set",
                    ) => "charset",
                    (Dialect::MySql | Dialect::MariaDb, "collate" | "default_collate") => "collate",
                    (_, "partition_by") => "partition by",
                    (_, "subpartition_by") => "subpartition by",
                    (_, "on_commit") => "on commit",
                    (_, other) => other,
                };
                self.option(key, &text);
            }
        }
        Ok(())
    }

    /// Names a constraint and adds it to the table.
    fn add<H: Environment>(&mut self, ev: &mut Evaluator<'_, H>, made: Made) {
        let late = made.use_alter && ev.host.settings().dialect != Dialect::Sqlite;
        if made.default_schema && self.metadata.schema_unknown {
            self.problem(Unreadable {
                place: made.place,
                reason: "the default schema of the metadata cannot be told".to_owned(),
                what: "the target of a foreign key".to_owned(),
                held: false,
            });
        }
        let schema = self.schema.clone();
        let (constraint, problem) =
            constraints::finish(ev, made, self.name, schema.as_deref(), self.metadata);
        if let Some(problem) = problem {
            self.problem(problem);
        }
        // SQLAlchemy leaves out what SQLite does not have: foreign keys to other schemas.
        if let ConstraintBody::ForeignKey { table, .. } = &constraint.body
            && ev.host.settings().dialect == Dialect::Sqlite
            && table.schema != self.name.schema
        {
            return;
        }
        if late {
            self.reading.late.push(constraint);
        } else {
            self.reading.table.constraints.push(constraint);
        }
    }

    fn finish<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        parts: Parts,
        keywords: &[(Rc<str>, Value)],
    ) {
        let Parts { key, constraints, indexes } = parts;
        let flagged: Vec<usize> =
            (0..self.reading.columns.len()).filter(|at| self.reading.columns[*at].primary_key).collect();
        let mut explicit: Vec<usize> = Vec::new();
        if let Some(key) = &key {
            for column in &key.columns {
                let found = self.reading.columns.iter().position(|c| c.column.name == column.name);
                explicit.extend(found);
            }
        }
        let is_explicit = !explicit.is_empty();
        let members = if is_explicit { explicit } else { flagged };
        for at in &members {
            let column = &mut self.reading.columns[*at];
            column.primary_key = true;
            column.column.nullable = column.nullable.unwrap_or(false);
        }
        let mut pointing: Vec<String> = Vec::new();
        for made in &constraints {
            if let ConstraintBody::ForeignKey { columns, .. } = &made.constraint.body {
                pointing.extend(columns.iter().cloned());
            }
        }
        for column in &self.reading.columns {
            if !column.foreign_keys.is_empty() {
                pointing.push(column.column.name.clone());
            }
        }
        let counting = self.counting_column(ev, &members, &pointing);
        let mut ordered = members.clone();
        if !is_explicit && let Some(at) = counting {
            ordered.retain(|m| *m != at);
            ordered.insert(0, at);
        }
        let inline = self.count(ev, &members, &pointing, counting, keywords);
        self.types(ev);
        self.add_key(ev, key, &ordered, inline);
        self.add_column_checks(ev);
        for made in constraints {
            self.add(ev, made);
        }
        self.add_from_columns(ev);
        self.add_indexes(ev, indexes);
        self.reading.table.columns = self.reading.columns.iter().map(|c| c.column.clone()).collect();
    }

    /// The column of the key that counts by itself.
    fn counting_column<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        members: &[usize],
        pointing: &[String],
    ) -> Option<usize> {
        let version = ev.host.settings().version;
        match members {
            [only] => {
                let column = &self.reading.columns[*only];
                match column.autoincrement {
                    Autoincrement::Always => Some(*only),
                    Autoincrement::Never => None,
                    Autoincrement::Auto | Autoincrement::IgnoreFk => {
                        counts_by_itself(column, pointing, version).then_some(*only)
                    }
                }
            }
            several => several
                .iter()
                .copied()
                .find(|at| self.reading.columns[*at].autoincrement == Autoincrement::Always),
        }
    }

    /// Writes down that a column counts by itself. Says whether the primary key stands in the column (SQLite).
    fn count<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        members: &[usize],
        pointing: &[String],
        counting: Option<usize>,
        keywords: &[(Rc<str>, Value)],
    ) -> bool {
        let dialect = ev.host.settings().dialect;
        if dialect == Dialect::Sqlite {
            let asked = given::option(keywords, dialect, "autoincrement").cloned();
            let asked = match given::flag(ev, asked.as_ref(), "`sqlite_autoincrement` cannot be told") {
                Ok(asked) => asked,
                Err(problem) => {
                    self.problem(problem);
                    false
                }
            };
            if let (true, [only]) = (asked, members) {
                let column = &mut self.reading.columns[*only];
                let has_key = pointing.contains(&column.column.name);
                if column.data_type.affinity == Affinity::Integer && !has_key {
                    column.column.autoincrement = true;
                    return true;
                }
            }
            return false;
        }
        let Some(at) = counting else { return false };
        let column = &mut self.reading.columns[at];
        match dialect {
            Dialect::PostgreSql => {
                if column.column.identity.is_none()
                    && column.python_default.is_none()
                    && column.sequence.is_none()
                    && column.data_type.is_known()
                {
                    let name = match column.data_type.integer_size {
                        IntegerSize::Small => "smallserial",
                        IntegerSize::Plain => "serial",
                        IntegerSize::Big => "bigserial",
                    };
                    let written = column.column.data_type.written.clone();
                    column.column.data_type = DataType { written, ..DataType::named(name, &[]) };
                    // `SERIAL` has no room for a default.
                    column.column.default = None;
                }
            }
            _ => {
                let by_sequence = dialect == Dialect::MariaDb && column.sequence.is_some();
                if column.column.default.is_none()
                    && !column.fetched
                    && column.column.computed.is_none()
                    && !by_sequence
                {
                    column.column.autoincrement = true;
                }
            }
        }
        false
    }

    /// Puts enum types into the schema that they belong to, and gathers types and sequences.
    fn types<H: Environment>(&mut self, ev: &mut Evaluator<'_, H>) {
        let settings = ev.host.settings().clone();
        for column in &mut self.reading.columns {
            if let Some(found) = &mut column.data_type.enum_type
                && !found.has_schema
            {
                let schema = if found.inherit_schema {
                    self.schema.clone()
                } else if settings.version >= Version::V2_1 && !found.has_metadata {
                    self.metadata.schema.clone()
                } else {
                    None
                };
                if schema.is_some() {
                    let old = found.enum_type.name.clone();
                    let new = settings.object_name(schema.as_deref(), &old.name);
                    found.enum_type.name = new.clone();
                    if let Some(text) = &mut column.data_type.ddl {
                        let shown = |name: &ObjectName| quoting::object(name, settings.dialect);
                        if let Some(rest) = text.strip_prefix(&shown(&old)) {
                            *text = format!("{}{rest}", shown(&new));
                        }
                    }
                    rename_enum(&mut column.column.data_type.kind, &old, &new);
                    rename_enum(&mut column.data_type.data_type.kind, &old, &new);
                }
            }
            if let Some(found) = &column.data_type.enum_type {
                let same = |e: &EnumReading| e.enum_type.name == found.enum_type.name;
                if !self.reading.enums.iter().any(same) {
                    self.reading.enums.push(found.clone());
                }
            }
            if let Some(sequence) = &column.sequence
                && matches!(settings.dialect, Dialect::PostgreSql | Dialect::MariaDb)
                && !self.reading.sequences.iter().any(|s| s.name == sequence.name)
            {
                self.reading.sequences.push(sequence.clone());
            }
            if let Some((table, name)) = &column.type_from {
                let own = column.column.name.clone();
                self.reading.types_from.push((own, table.clone(), name.clone()));
            }
        }
    }

    fn add_key<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        key: Option<Made>,
        members: &[usize],
        inline: bool,
    ) {
        if members.is_empty() {
            // A key of columns that are not among those of the table.
            if let Some(key) = key.filter(|k| !k.columns.is_empty()) {
                self.add(ev, key);
            }
            return;
        }
        let columns: Vec<NamedColumn> =
            members.iter().map(|at| of_reading(&self.reading.columns[*at])).collect();
        let names: Vec<String> = columns.iter().map(|c| c.name.clone()).collect();
        let made = match key {
            Some(mut made) => {
                if made.columns.is_empty()
                    && let ConstraintBody::PrimaryKey { columns: keys, .. } = &mut made.constraint.body
                {
                    *keys = names;
                    made.columns = columns;
                }
                made
            }
            None => Made {
                what: Named::PrimaryKey,
                given: NameText::None,
                constraint: Constraint::new(
                    None,
                    ConstraintBody::PrimaryKey { columns: names, include: Vec::new() },
                ),
                columns,
                use_alter: false,
                default_schema: false,
                place: Some(self.place),
            },
        };
        if inline {
            let mut constraint = made.constraint;
            (constraint.name, constraint.name_kind) = (None, NameKind::Implicit);
            self.reading.table.constraints.push(constraint);
            return;
        }
        self.add(ev, made);
    }

    /// Checks that stand in columns, but for those of types, which stand behind the constraints.
    fn add_column_checks<H: Environment>(&mut self, ev: &mut Evaluator<'_, H>) {
        for at in 0..self.reading.columns.len() {
            let of_type = self.reading.columns[at].data_type.checks.len();
            let count = self.reading.columns[at].checks.len();
            for number in of_type..count {
                let made = self.column_check(at, number);
                self.add(ev, made);
            }
        }
    }

    fn column_check(&self, at: usize, number: usize) -> Made {
        let column = &self.reading.columns[at];
        let (given, constraint) = column.checks[number].clone();
        let names = column.check_columns.get(number).cloned().unwrap_or_default();
        let columns = names.iter().map(|n| constraints::by_key(n, &self.reading.columns)).collect();
        Made {
            what: Named::Check,
            given,
            constraint,
            columns,
            use_alter: false,
            default_schema: false,
            place: column.place,
        }
    }

    /// Constraints that columns imply: `unique=True`, checks of types, foreign keys.
    fn add_from_columns<H: Environment>(&mut self, ev: &mut Evaluator<'_, H>) {
        for at in 0..self.reading.columns.len() {
            let column = self.reading.columns[at].clone();
            let own = of_reading(&column);
            if column.unique && !column.index {
                let body = ConstraintBody::Unique {
                    columns: vec![own.name.clone()],
                    include: Vec::new(),
                    nulls_not_distinct: false,
                };
                let made = Made {
                    what: Named::Unique,
                    given: NameText::None,
                    constraint: Constraint::new(None, body),
                    columns: vec![own.clone()],
                    use_alter: false,
                    default_schema: false,
                    place: column.place,
                };
                self.add(ev, made);
            }
            for number in 0..column.data_type.checks.len().min(column.checks.len()) {
                let made = self.column_check(at, number);
                self.add(ev, made);
            }
            for key in &column.foreign_keys {
                let mut constraint = key.constraint.clone();
                if let ConstraintBody::ForeignKey { columns, table, references, .. } = &mut constraint.body {
                    *columns = vec![own.name.clone()];
                    *table = key.table.clone();
                    references.clone_from(&key.references);
                    if references.is_empty() {
                        references.push(own.key.clone());
                    }
                    let is_own = key.table.name == self.name.name
                        && (!key.has_schema || key.table.schema == self.name.schema);
                    if is_own {
                        for name in references {
                            *name = constraints::by_key(name, &self.reading.columns).name;
                        }
                    }
                }
                let made = Made {
                    what: Named::ForeignKey,
                    given: key.name.clone(),
                    constraint,
                    columns: vec![own.clone()],
                    use_alter: key.use_alter,
                    default_schema: !key.has_schema,
                    place: key.place.or(column.place),
                };
                self.add(ev, made);
            }
        }
    }

    fn add_indexes<H: Environment>(&mut self, ev: &mut Evaluator<'_, H>, indexes: Vec<Value>) {
        let columns = self.reading.columns.clone();
        let schema = self.schema.clone();
        for value in indexes {
            match index::read(ev, &value, self.name, schema.as_deref(), self.metadata, &columns) {
                Ok(index) => self.reading.table.indexes.push(index),
                Err(problem) => {
                    self.problem(problem);
                    self.reading.open = true;
                }
            }
        }
        for column in columns.iter().filter(|c| c.index) {
            let own = of_reading(column);
            let mut made = Index {
                name: None,
                unique: column.unique,
                method: None,
                keys: vec![cucurbit_schema::IndexKey::column(&own.name)],
                include: Vec::new(),
                predicate: None,
                nulls_not_distinct: false,
                options: Vec::new(),
                comment: None,
                origin: cucurbit_schema::Origin::default(),
            };
            let place = column.place.unwrap_or(self.place);
            let named = index::name_index(
                ev,
                &mut made,
                &NameText::None,
                &[own],
                self.name,
                schema.as_deref(),
                self.metadata,
                place,
            );
            if let Err(problem) = named {
                self.problem(problem);
            }
            self.reading.table.indexes.push(made);
        }
    }
}

/// Whether what stands under `.ddl_if(dialect=…)` is made; `None` for anything else, and where that cannot be told.
fn only_if<H: Environment>(ev: &mut Evaluator<'_, H>, item: &Value) -> Option<bool> {
    let (_, "ddl_if", term) = terms::method(item)? else { return None };
    let arguments = term.arguments.clone();
    if arguments.open || arguments.get(1, "callable_").is_some_and(|c| !c.is_none()) {
        return None;
    }
    let own = ev.host.settings().dialect.name();
    let wanted = arguments.get(0, "dialect")?.clone();
    match terms::text_of(ev, &wanted) {
        Some(name) => Some(name == own),
        None => Some(terms::items(ev, &wanted)?.iter().any(|name| name.as_str() == Some(own))),
    }
}

/// Whether a column that is the whole primary key counts by itself though nobody says so.
fn counts_by_itself(column: &ColumnReading, pointing: &[String], version: Version) -> bool {
    let is_whole = match column.data_type.affinity {
        Affinity::Integer => true,
        Affinity::Numeric => version < Version::V2_1,
        Affinity::String | Affinity::Other | Affinity::Unknown => false,
    };
    let has_default = column.column.default.is_some() || column.column.computed.is_some() || column.fetched;
    let has_key = pointing.contains(&column.column.name) && column.autoincrement != Autoincrement::IgnoreFk;
    is_whole && column.python_default.is_none() && !has_default && !has_key
}

fn rename_enum(kind: &mut TypeKind, old: &ObjectName, new: &ObjectName) {
    match kind {
        TypeKind::Enum { name: Some(name), .. } if name == old => *name = new.clone(),
        TypeKind::Array { element, .. } => rename_enum(element, old, new),
        _ => {}
    }
}

/// Reads a `Table(…)` or a light `table(…)`; `None` when the value is neither.
pub fn table_term<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
) -> Option<(ObjectName, TableReading)> {
    let Value::Term(term) = value else { return None };
    if let Some(found) = ev.host.registry().table(term.serial).cloned() {
        let metadata = found.metadata.as_ref().and_then(|key| ev.host.registry().metadata(key).cloned());
        let mut metadata = metadata.unwrap_or_default();
        let mut keywords = found.keywords.clone();
        // The schema that holds is the one that was settled when the table was made.
        keywords.retain(|(k, _)| k.as_ref() != "schema");
        if let Some(schema) = &found.schema {
            keywords.push((Rc::from("schema"), Value::str(schema)));
        }
        if found.schema.is_none() {
            metadata.schema_unknown &= metadata.schema.is_none();
        }
        let mut reading = table(ev, &found.name, &found.items, &keywords, &metadata, term.place);
        reading.open |= found.open;
        return Some((found.name, reading));
    }
    let call = terms::called(ev, value)?;
    (call.name.as_ref() == "table").then_some(())?;
    let name = table_name(ev, value)?;
    let items = call.arguments.positional.get(1..).unwrap_or_default().to_vec();
    let mut reading = table(ev, &name, &items, &[], &MetaData::default(), term.place);
    reading.open |= call.arguments.open;
    Some((name, reading))
}

/// Returns the name of the table that a value is: a `Table(…)`, a `table(…)`, a mapped class or its `__table__`.
pub fn table_name<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<ObjectName> {
    if let Some(name) = H::table_home(ev, value) {
        return Some(name);
    }
    if let Value::Term(term) = value
        && let Some(found) = ev.host.registry().table(term.serial)
    {
        return Some(found.name.clone());
    }
    if let Some((receiver, "alias" | "tablesample" | "with_hint", _)) = terms::method(value) {
        return table_name(ev, &receiver.clone());
    }
    let call = terms::called(ev, value)?;
    match call.name.as_ref() {
        "table" | "Table" => {
            let name = call.arguments.get(0, "name").cloned().and_then(|v| terms::text_of(ev, &v))?;
            let schema = match call.arguments.keyword("schema").cloned() {
                None | Some(Value::None) => None,
                Some(value) => Some(terms::text_of(ev, &value)?),
            };
            Some(ev.host.settings().object_name(schema.as_deref(), &name))
        }
        "aliased" | "alias" => {
            let first = call.arguments.positional.first().cloned()?;
            table_name(ev, &first)
        }
        _ => None,
    }
}
