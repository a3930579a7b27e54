//! Changes as calls of `op.*`.

use crate::python::{Py, statement, string};
use crate::types::{Needs, column_type};
use cucurbit_schema::{
    Action, Change, CheckMode, Column, ColumnAlteration, Constraint, ConstraintBody, ConstraintKind,
    DataType, Database, Default, Dialect, Index, IndexKey, KeyPart, LabelPosition, NullsOrder, ObjectKind,
    ObjectName, ObjectRef, Order, SequenceOptions, Table, TypeKind, UNTOLD, ddl, quote_name, quote_object,
    quote_string, type_sql,
};
use std::collections::BTreeSet;

/// Calls that do the changes, and what could not be written.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) calls: Vec<Py>,
    pub(crate) needs: Needs,
    pub(crate) left_out: Vec<(ObjectRef, String)>,
}

pub(crate) struct Writer<'d> {
    /// The state before the next change.
    pub(crate) state: Database,
    dialect: Dialect,
    /// Enum types that stand before any table is made with them.
    explicit: BTreeSet<ObjectName>,
    changes: &'d [Change],
    by_themselves: &'d BTreeSet<ObjectName>,
    /// How many names had to be made up.
    unnamed: usize,
    /// PostgreSQL looks at what functions call when they are made.
    looks_into_functions: bool,
    pub(crate) out: Written,
}

impl<'d> Writer<'d> {
    pub(crate) fn new(
        before: &Database,
        changes: &'d [Change],
        by_themselves: &'d BTreeSet<ObjectName>,
    ) -> Self {
        Writer {
            state: before.clone(),
            dialect: before.dialect,
            explicit: before.enums.keys().cloned().collect(),
            changes,
            by_themselves,
            unnamed: 0,
            looks_into_functions: true,
            out: Written::default(),
        }
    }

    pub(crate) fn write(mut self) -> Written {
        for at in 0..self.changes.len() {
            let change = &self.changes[at];
            self.change(change, at);
            self.state.apply(change, cucurbit_schema::Origin::default());
        }
        self.out
    }

    /// Says whether a function in SQL, made by the change of a number, calls itself or one that is made later.
    fn calls_what_comes(&self, object: &cucurbit_schema::NamedObject, at: usize) -> bool {
        let is_function = |kind| matches!(kind, ObjectKind::Function | ObjectKind::Procedure);
        let text = object.text.to_lowercase();
        let is_between = |c: char| !c.is_alphanumeric() && c != '_';
        let words: Vec<&str> = text.split(is_between).filter(|word| !word.is_empty()).collect();
        if !self.looks_into_functions
            || self.dialect != Dialect::PostgreSql
            || !is_function(object.kind)
            || !words.windows(2).any(|pair| pair == ["language", "sql"])
        {
            return false;
        }
        self.changes[at..].iter().any(|change| match change {
            Change::CreateObject { object: other, .. } if is_function(other.kind) => {
                // Its own name stands in front of its text.
                let own = usize::from(other.name == object.name);
                let name = other.name.name.to_lowercase();
                words.iter().filter(|word| **word == name).count() > own
            }
            _ => false,
        })
    }

    fn op(&mut self, name: &str, items: Vec<Py>) {
        if self.dialect == Dialect::Sqlite && BATCHED.contains(&name) {
            self.batch(name, items);
            return;
        }
        self.out.calls.push(Py::Call(format!("op.{name}"), items));
    }

    /// Says whether a change of a table takes constraints of it along.
    fn is_constrained(&self, change: &Change, table: &ObjectName) -> bool {
        let count = |db: &Database| db.table(table).map_or(0, |t| t.constraints.len());
        let mut after = self.state.clone();
        after.apply(change, cucurbit_schema::Origin::default());
        count(&after) < count(&self.state)
    }

    /// SQLite cannot alter constraints and columns; Alembic's batch mode makes the table anew. A name has to be given
    /// there, even though the database keeps none that was not.
    fn batch(&mut self, name: &str, mut items: Vec<Py>) {
        let at = usize::from(!matches!(name, "alter_column" | "drop_column"));
        if at >= items.len() {
            return;
        }
        let table = items.remove(at);
        items.retain(|item| !matches!(item, Py::Keyword(key, _) if key == "schema"));
        if at == 1 && items[0] == Py::raw("None") {
            if name == "drop_constraint" {
                let table = ObjectName::plain(table.flat().trim_matches('"'));
                self.left_out(
                    ObjectRef::Table(table),
                    "a constraint without a name is to be dropped from it",
                );
                return;
            }
            self.unnamed += 1;
            items[0] = Py::str(&format!("constraint_{}", self.unnamed));
        }
        let call = Py::Call(format!("batch_op.{name}"), items).lay(8, 0, 0);
        self.out.calls.push(Py::raw(format!(
            "with op.batch_alter_table({}) as batch_op:\n        {call}",
            table.flat()
        )));
    }

    /// Drops the first constraint of a kind that has no name, in batch mode: checks without a name are lost when the table
    /// is made anew, and others are dropped under the name that a convention gives them for the time
    /// (`batch_alter_table`, `naming_convention`).
    fn drop_unnamed(&mut self, table: &ObjectName, kind: ConstraintKind, at: usize) {
        let refuse = "a constraint without a name is to be dropped from it";
        let is_unnamed = |c: &&Constraint, of: ConstraintKind| c.name.is_none() && c.kind() == of;
        let Some(found) = self.state.table(table) else { return };
        let count = |of| found.constraints.iter().filter(|c| is_unnamed(c, of)).count();
        let is_same = |change: &&Change| {
            matches!(change, Change::DropConstraint { table: other, name: None, kind: Some(ConstraintKind::Check), .. }
                if other == table)
        };
        let checks = count(ConstraintKind::Check);
        if kind == ConstraintKind::Check {
            // All of them go at once, with the first.
            let dropped = self.changes[at..].iter().filter(is_same).count();
            let is_first = !self.changes[..at].iter().any(|change| is_same(&change));
            if is_first && dropped != checks {
                self.left_out(ObjectRef::Table(table.clone()), refuse);
            } else if is_first {
                self.out.calls.push(Py::raw(format!(
                    "with op.batch_alter_table({}, recreate=\"always\"):\n        pass  # checks without a name go",
                    Py::str(&table.name).flat()
                )));
            }
            return;
        }
        let found = found.constraints.iter().find(|c| is_unnamed(c, kind)).map(|c| &c.body);
        let (key, word, pattern, columns) = match found {
            Some(ConstraintBody::Unique { columns, .. }) => {
                ("uq", "unique", "uq_%(table_name)s_%(column_0_N_name)s", columns.as_slice())
            }
            Some(ConstraintBody::ForeignKey { columns, .. }) => {
                ("fk", "foreignkey", "fk_%(table_name)s_%(column_0_N_name)s", columns.as_slice())
            }
            Some(ConstraintBody::PrimaryKey { .. }) => ("pk", "primary", "pk_%(table_name)s", &[][..]),
            _ => return self.left_out(ObjectRef::Table(table.clone()), refuse),
        };
        if checks > 0 {
            return self.left_out(ObjectRef::Table(table.clone()), refuse);
        }
        let parts: Vec<&str> =
            [key, &table.name].into_iter().chain(columns.iter().map(String::as_str)).collect();
        let name = Py::str(&parts.join("_")).flat();
        self.out.calls.push(Py::raw(format!(
            "with op.batch_alter_table({}, naming_convention={{\"{key}\": \"{pattern}\"}}) as batch_op:\n        \
             batch_op.drop_constraint({name}, type_=\"{word}\")",
            Py::str(&table.name).flat()
        )));
    }

    /// SQL through `op.execute`: a colon would be a parameter to SQLAlchemy.
    fn execute(&mut self, sql: &str) {
        let text = escape_binds(sql);
        self.op("execute", vec![Py::raw(statement(&text))]);
    }

    fn left_out(&mut self, object: ObjectRef, reason: &str) {
        self.out.left_out.push((object, reason.to_owned()));
    }

    fn quoted(&self, name: &str) -> String {
        quote_name(name, self.dialect)
    }

    fn object(&self, name: &ObjectName) -> String {
        quote_object(name, self.dialect)
    }

    fn change(&mut self, change: &Change, at: usize) {
        match change {
            Change::CreateSchema { name, .. } => {
                let name = self.quoted(name);
                self.execute(&format!("CREATE SCHEMA IF NOT EXISTS {name}"));
            }
            Change::DropSchema { name, .. } => {
                let name = self.quoted(name);
                self.execute(&format!("DROP SCHEMA {name}"));
            }
            Change::CreateTable { table, .. } => self.create_table(table),
            Change::DropTable { name, .. } => {
                let items = with_schema(vec![Py::str(&name.name)], name);
                self.op("drop_table", items);
            }
            Change::RenameTable { from, to, .. } => {
                let items = with_schema(vec![Py::str(&from.name), Py::str(&to.name)], from);
                self.op("rename_table", items);
            }
            Change::AddColumn { table, column, .. } => self.add_column(table, column),
            Change::DropColumn { table, column, .. } => {
                let items = with_schema(vec![Py::str(&table.name), Py::str(column)], table);
                // SQLite drops no column that a constraint uses; batch mode passes over the constraint.
                if self.dialect == Dialect::Sqlite && self.is_constrained(change, table) {
                    self.batch("drop_column", items);
                } else {
                    self.op("drop_column", items);
                }
            }
            Change::AlterColumn { table, column, alteration } => self.alter_column(table, column, alteration),
            Change::AddConstraint { table, constraint, .. } => self.add_constraint(table, constraint),
            Change::DropConstraint { table, name: None, kind: Some(kind), .. }
                if self.dialect == Dialect::Sqlite =>
            {
                self.drop_unnamed(table, *kind, at);
            }
            Change::DropConstraint { table, name, kind, .. } => {
                let mut items = vec![name_of(name.as_deref()), Py::str(&table.name)];
                if let Some(kind) = kind {
                    let text = match kind {
                        ConstraintKind::PrimaryKey => Some("primary"),
                        ConstraintKind::Unique => Some("unique"),
                        ConstraintKind::ForeignKey => Some("foreignkey"),
                        ConstraintKind::Check => Some("check"),
                        ConstraintKind::Exclude => None,
                    };
                    items.extend(text.map(|t| Py::keyword("type_", Py::str(t))));
                }
                let items = with_schema(items, table);
                self.op("drop_constraint", items);
            }
            Change::CreateIndex { table, index, .. } => self.create_index(table, index),
            Change::DropIndex { name, table, .. } => {
                let mut items = vec![name_of(Some(&name.name))];
                if let Some(table) = table {
                    items.push(Py::keyword("table_name", Py::str(&table.name)));
                }
                let items = with_schema(items, name);
                self.op("drop_index", items);
            }
            Change::CreateEnum { enum_type, .. } => {
                if self.made_by_table(&enum_type.name, at) {
                    return;
                }
                self.explicit.insert(enum_type.name.clone());
                match &enum_type.labels {
                    Some(labels) => {
                        let labels: Vec<String> =
                            labels.iter().map(|l| quote_string(l, self.dialect)).collect();
                        let name = self.object(&enum_type.name);
                        self.execute(&format!("CREATE TYPE {name} AS ENUM ({})", labels.join(", ")));
                    }
                    None => {
                        self.left_out(ObjectRef::Enum(enum_type.name.clone()), "its labels cannot be told");
                    }
                }
            }
            Change::DropType { name, .. } => {
                let name = self.object(name);
                self.execute(&format!("DROP TYPE {name}"));
            }
            Change::RenameType { from, to } => {
                let (from, to) = (self.object(from), self.quoted(to));
                self.execute(&format!("ALTER TYPE {from} RENAME TO {to}"));
            }
            Change::AddLabel { name, label, position, .. } => {
                let place = match position {
                    LabelPosition::Last => String::new(),
                    LabelPosition::Before(other) => format!(" BEFORE {}", quote_string(other, self.dialect)),
                    LabelPosition::After(other) => format!(" AFTER {}", quote_string(other, self.dialect)),
                };
                let (name, label) = (self.object(name), quote_string(label, self.dialect));
                self.execute(&format!("ALTER TYPE {name} ADD VALUE {label}{place}"));
            }
            Change::CreateSequence { sequence, .. } => {
                let name = self.object(&sequence.name);
                self.execute(&format!("CREATE SEQUENCE {name}{}", sequence_options(&sequence.options)));
            }
            Change::AlterSequence { name, owner: Some(owner), .. } => {
                let name = self.object(name);
                let owner = match owner {
                    Some((table, column)) => format!("{}.{}", self.object(table), self.quoted(column)),
                    None => "NONE".to_owned(),
                };
                self.execute(&format!("ALTER SEQUENCE {name} OWNED BY {owner}"));
            }
            Change::DropSequence { name, .. } => {
                let name = self.object(name);
                self.execute(&format!("DROP SEQUENCE {name}"));
            }
            Change::CreateObject { object, .. } if self.calls_what_comes(object, at) => {
                // As `pg_dump` has it: PostgreSQL looks for what the text calls when the function is made.
                self.execute("SET LOCAL check_function_bodies = off");
                self.looks_into_functions = false;
                self.change(change, at);
            }
            Change::CreateObject { object, or_replace: true, .. } if can_be_replaced(object.kind) => {
                self.execute(&replacing(&object.text));
            }
            Change::CreateObject { object, .. } if is_shared(object.kind) => {
                self.execute(&where_missing(object.kind, &object.text));
            }
            Change::CreateObject { object, .. } => self.execute(&object.text),
            Change::DropObject { kind, name, table, signature, .. } => {
                let what = self.object(name);
                let sql = match (kind, table) {
                    (ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule, Some(table))
                        if self.dialect == Dialect::PostgreSql =>
                    {
                        format!("DROP {} {} ON {}", words(*kind), self.quoted(&name.name), self.object(table))
                    }
                    (ObjectKind::Aggregate, _) if signature.is_some() => {
                        format!("DROP AGGREGATE {what}({})", signature.as_deref().unwrap_or_default())
                    }
                    (ObjectKind::Function | ObjectKind::Procedure, _) => match signature {
                        Some(signature) => format!("DROP {} {what}({signature})", words(*kind)),
                        None => format!("DROP {} {what}", words(*kind)),
                    },
                    (
                        ObjectKind::Grant | ObjectKind::Other | ObjectKind::Operator | ObjectKind::Aggregate,
                        _,
                    ) => {
                        self.left_out(
                            ObjectRef::Object(*kind, table.clone(), name.clone()),
                            "how to drop it cannot be told",
                        );
                        return;
                    }
                    _ => format!("DROP {} {what}", words(*kind)),
                };
                self.execute(&sql);
            }
            Change::Comment { on: ObjectRef::Table(table), text } => match text {
                Some(text) => {
                    let items = with_schema(vec![Py::str(&table.name), Py::str(text)], table);
                    self.op("create_table_comment", items);
                }
                None => {
                    let items = with_schema(vec![Py::str(&table.name)], table);
                    self.op("drop_table_comment", items);
                }
            },
            Change::Nothing { .. } | Change::Rows { .. } => {}
            Change::Unknown(effect) => {
                self.out.left_out.push((ObjectRef::Schema(String::new()), effect.reason.clone()));
            }
            _ => {
                self.out.left_out.push((
                    ObjectRef::Schema(String::new()),
                    "this change has no operation of Alembic's".to_owned(),
                ));
            }
        }
    }

    /// Says whether the table that first uses an enum type will make it.
    fn made_by_table(&self, name: &ObjectName, at: usize) -> bool {
        if self.by_themselves.contains(name) {
            return false;
        }
        let uses = |kind: &TypeKind| -> bool {
            let mut kind = kind;
            while let TypeKind::Array { element, .. } = kind {
                kind = element;
            }
            matches!(kind, TypeKind::Enum { name: Some(used), .. } if used == name)
        };
        for change in &self.changes[at + 1..] {
            match change {
                Change::CreateTable { table, .. }
                    if table.columns.iter().any(|c| uses(&c.data_type.kind)) =>
                {
                    return !self.needs_sql(table);
                }
                Change::AddColumn { column, .. } if uses(&column.data_type.kind) => return false,
                Change::AlterColumn { alteration: ColumnAlteration::Type { data_type, .. }, .. }
                    if uses(&data_type.kind) =>
                {
                    return false;
                }
                // Functions and defaults may name the type before the table is made.
                Change::CreateObject { object, .. } if object.mentions.contains(name) => return false,
                _ => {}
            }
        }
        false
    }

    /// What `op.create_table` cannot say.
    fn needs_sql(&self, table: &Table) -> bool {
        table.options.keys().any(|k| k == "partition of")
            || table.constraints.iter().any(|c| match &c.body {
                ConstraintBody::PrimaryKey { include, .. } => !include.is_empty(),
                ConstraintBody::ForeignKey { table, set_columns, .. } => {
                    !set_columns.is_empty()
                        || table.name.contains('.')
                        || table.schema.as_deref().is_some_and(|s| s.contains('.'))
                }
                ConstraintBody::Check { no_inherit, .. } => *no_inherit,
                _ => false,
            })
    }

    fn create_table(&mut self, table: &Table) {
        for constraint in table.constraints.iter().filter(|c| is_untold(c)) {
            let name = constraint.name.clone().unwrap_or_default();
            self.left_out(ObjectRef::Constraint(table.name.clone(), name), "what it demands cannot be told");
        }
        if self.needs_sql(table) {
            self.table_as_sql(table);
            return;
        }
        let mut items = vec![Py::str(&table.name.name)];
        for column in &table.columns {
            match self.column(column, Some(table)) {
                Some(column) => items.push(column),
                None => self.left_out(
                    ObjectRef::Column(table.name.clone(), column.name.clone()),
                    "its type cannot be told",
                ),
            }
        }
        let mut constraints: Vec<(String, Py)> = Vec::new();
        let mut later = Vec::new();
        for constraint in &table.constraints {
            if constraint.not_valid {
                later.push(constraint.clone());
                continue;
            }
            let written = self.constraint(constraint);
            constraints.push((written.flat(), written));
        }
        constraints.sort_by(|a, b| a.0.cmp(&b.0));
        items.extend(constraints.into_iter().map(|(_, c)| c));
        if let Some(schema) = &table.name.schema {
            items.push(Py::keyword("schema", Py::str(schema)));
        }
        if let Some(comment) = &table.comment {
            items.push(Py::keyword("comment", Py::str(comment)));
        }
        for (key, value) in &table.options {
            if let Some(keyword) = self.option(key, value) {
                items.push(keyword);
            }
        }
        self.op("create_table", items);
        for column in &table.columns {
            self.name_sequence(&table.name, column);
        }
        for constraint in &later {
            self.add_constraint(&table.name, constraint);
        }
        let mut indexes = table.indexes.clone();
        indexes.sort_by(|a, b| a.name.cmp(&b.name));
        for index in &indexes {
            self.create_index(&table.name, index);
        }
        // Comments of constraints and indexes have no place in the calls.
        for constraint in table.constraints.iter().filter(|c| c.comment.is_some()) {
            if let (Some(name), Some(text), Dialect::PostgreSql) =
                (&constraint.name, &constraint.comment, self.dialect)
            {
                let (name, on) = (self.quoted(name), self.object(&table.name));
                let text = quote_string(text, self.dialect);
                self.execute(&format!("COMMENT ON CONSTRAINT {name} ON {on} IS {text}"));
            }
        }
        for index in table.indexes.iter().filter(|i| i.comment.is_some()) {
            if let (Some(name), Some(text), Dialect::PostgreSql) = (&index.name, &index.comment, self.dialect)
            {
                let name = self.object(&table.name.sibling(name.clone()));
                let text = quote_string(text, self.dialect);
                self.execute(&format!("COMMENT ON INDEX {name} IS {text}"));
            }
        }
    }

    fn option(&mut self, key: &str, value: &str) -> Option<Py> {
        let keyword = match (self.dialect, key) {
            (_, "temporary") => return Some(Py::keyword("prefixes", Py::strings(&["TEMPORARY".to_owned()]))),
            (Dialect::PostgreSql, "unlogged") => {
                return Some(Py::keyword("prefixes", Py::strings(&["UNLOGGED".to_owned()])));
            }
            (Dialect::PostgreSql, "partition by") => "postgresql_partition_by",
            (Dialect::PostgreSql, "tablespace") => "postgresql_tablespace",
            (Dialect::PostgreSql, "inherits") => "postgresql_inherits",
            (Dialect::MySql | Dialect::MariaDb, "engine") => "mysql_engine",
            (Dialect::MySql | Dialect::MariaDb, "charset") => "mysql_charset",
            (Dialect::MySql | Dialect::MariaDb, "collate") => "mysql_collate",
            (Dialect::Sqlite, "without rowid") => {
                return Some(Py::keyword("sqlite_with_rowid", Py::raw("False")));
            }
            (Dialect::Sqlite, "strict") => return Some(Py::keyword("sqlite_strict", Py::raw("True"))),
            _ => return None,
        };
        Some(Py::keyword(keyword, Py::str(value)))
    }

    /// A table that `op.create_table` cannot say, as SQL.
    fn table_as_sql(&mut self, table: &Table) {
        let mut alone = Database::new(self.dialect);
        alone.schemas.clone_from(&self.state.schemas);
        alone.enums.clone_from(&self.state.enums);
        // Keys of other tables are not looked at in this small database; the text is what counts.
        let known = self.state.tables.clone();
        alone.tables = known;
        let before: BTreeSet<String> = ddl(&alone).statements.into_iter().map(|s| s.sql).collect();
        let change =
            Change::CreateTable { table: Box::new(table.clone()), if_not_exists: false, temporary: false };
        alone.apply(&change, cucurbit_schema::Origin::default());
        let after = ddl(&alone);
        for statement in after.statements {
            if !before.contains(&statement.sql) {
                self.execute(&statement.sql);
            }
        }
    }

    /// `sa.Column(…)`; in a table that says whether a key counts by itself.
    fn column(&mut self, column: &Column, table: Option<&Table>) -> Option<Py> {
        let serial = matches!(&column.data_type.kind, TypeKind::Named { name, .. }
            if matches!(name.as_str(), "serial" | "bigserial" | "smallserial"));
        let data_type = column_type(column, &self.state, &self.explicit, &mut self.out.needs)?;
        let mut items = vec![Py::str(&column.name), data_type];
        if let Some(computed) = &column.computed {
            let mut parts = vec![Py::raw(sql_text(&computed.expression))];
            parts.push(Py::keyword("persisted", Py::raw(if computed.stored { "True" } else { "False" })));
            items.push(Py::call("sa.Computed", parts));
        }
        if let Some(identity) = &column.identity {
            let mut parts =
                vec![Py::keyword("always", Py::raw(if identity.always { "True" } else { "False" }))];
            for (name, value) in [
                ("start", identity.options.start),
                ("increment", identity.options.increment),
                ("minvalue", identity.options.minimum),
                ("maxvalue", identity.options.maximum),
                ("cache", identity.options.cache),
            ] {
                parts.extend(value.map(|v| Py::keyword(name, Py::raw(v.to_string()))));
            }
            if identity.options.cycle {
                parts.push(Py::keyword("cycle", Py::raw("True")));
            }
            items.push(Py::call("sa.Identity", parts));
        }
        match &column.default {
            Some(Default::Expression(text)) => {
                let text = match &column.on_update {
                    Some(update) => format!("{text} ON UPDATE {update}"),
                    None => text.clone(),
                };
                items
                    .push(Py::keyword("server_default", Py::call("sa.text", vec![Py::raw(sql_text(&text))])));
            }
            Some(Default::NextValue(name)) => {
                items.push(Py::keyword("server_default", next_value(name)));
            }
            Some(Default::Unknown(why)) => {
                let table = table.map_or_else(|| ObjectName::plain(""), |t| t.name.clone());
                self.left_out(ObjectRef::Column(table, column.name.clone()), &format!("its default: {why}"));
            }
            None => {}
        }
        if let Some(table) = table
            && let Some(flag) = self.autoincrement(column, table, serial)
        {
            items.push(Py::keyword("autoincrement", Py::raw(flag)));
        }
        items.push(Py::keyword("nullable", Py::raw(if column.nullable { "True" } else { "False" })));
        if let Some(comment) = &column.comment {
            items.push(Py::keyword("comment", Py::str(comment)));
        }
        Some(Py::call("sa.Column", items))
    }

    /// `autoincrement=`, where SQLAlchemy's own guess would be wrong: a single whole key without a foreign key or
    /// default counts by itself.
    fn autoincrement(&self, column: &Column, table: &Table, serial: bool) -> Option<&'static str> {
        let ConstraintBody::PrimaryKey { columns, .. } = &table.primary_key()?.body else { return None };
        if !columns.contains(&column.name) {
            return None;
        }
        let whole = match &column.data_type.kind {
            TypeKind::Named { name, .. } => matches!(
                name.as_str(),
                "integer"
                    | "bigint"
                    | "smallint"
                    | "int"
                    | "tinyint"
                    | "mediumint"
                    | "INTEGER"
                    | "BIGINT"
                    | "SMALLINT"
                    | "serial"
                    | "bigserial"
                    | "smallserial"
                    | "numeric"
                    | "decimal"
            ),
            _ => false,
        };
        if !whole {
            return None;
        }
        let is_foreign = table.constraints.iter().any(
            |c| matches!(&c.body, ConstraintBody::ForeignKey { columns, .. } if columns.contains(&column.name)),
        );
        let guessed =
            columns.len() == 1 && !is_foreign && column.default.is_none() && column.identity.is_none();
        let wanted = serial || column.autoincrement;
        match (guessed, wanted) {
            (true, false) if self.dialect != Dialect::Sqlite && column.identity.is_none() => Some("False"),
            (false, true) => Some("True"),
            _ => None,
        }
    }

    fn constraint(&mut self, constraint: &Constraint) -> Py {
        let name = constraint.name.as_deref().filter(|n| !(self.dialect.is_mysql() && *n == "PRIMARY"));
        let name = name.map(|n| Py::keyword("name", name_of(Some(n))));
        let mut mode = Vec::new();
        match constraint.mode {
            CheckMode::Immediate => {}
            CheckMode::Deferrable => mode.push(Py::keyword("deferrable", Py::raw("True"))),
            CheckMode::Deferred => {
                mode.push(Py::keyword("initially", Py::str("DEFERRED")));
                mode.push(Py::keyword("deferrable", Py::raw("True")));
            }
        }
        match &constraint.body {
            ConstraintBody::PrimaryKey { columns, .. } => {
                let mut items: Vec<Py> = columns.iter().map(|c| Py::str(c)).collect();
                items.extend(mode);
                items.extend(name);
                Py::call("sa.PrimaryKeyConstraint", items)
            }
            ConstraintBody::Unique { columns, include, nulls_not_distinct } => {
                let mut items: Vec<Py> = columns.iter().map(|c| Py::str(c)).collect();
                items.extend(mode);
                items.extend(name);
                if !include.is_empty() {
                    items.push(Py::keyword("postgresql_include", Py::strings(include)));
                }
                if *nulls_not_distinct {
                    items.push(Py::keyword("postgresql_nulls_not_distinct", Py::raw("True")));
                }
                Py::call("sa.UniqueConstraint", items)
            }
            ConstraintBody::ForeignKey {
                columns,
                table,
                references,
                on_delete,
                on_update,
                match_kind,
                ..
            } => {
                let target = match &table.schema {
                    Some(schema) => format!("{schema}.{}", table.name),
                    None => table.name.clone(),
                };
                let targets: Vec<String> = references.iter().map(|r| format!("{target}.{r}")).collect();
                let mut items = vec![Py::strings(columns), Py::strings(&targets)];
                items.extend(name);
                items.extend(actions(*on_update, *on_delete));
                items.extend(mode);
                items.extend(match_kind.as_ref().map(|m| Py::keyword("match", Py::str(m))));
                Py::call("sa.ForeignKeyConstraint", items)
            }
            ConstraintBody::Check { expression, .. } => {
                let mut items = vec![Py::raw(sql_text(expression))];
                items.extend(mode);
                items.extend(name);
                Py::call("sa.CheckConstraint", items)
            }
            ConstraintBody::Exclude { using, elements, predicate } => {
                self.out.needs.dialects.insert("postgresql");
                let mut items: Vec<Py> = elements
                    .iter()
                    .map(|element| {
                        let at = element.to_uppercase().rfind(" WITH ").unwrap_or(element.len());
                        let (part, operator) = (&element[..at], element.get(at + 6..).unwrap_or("="));
                        let part = Py::call("sa.text", vec![Py::raw(sql_text(part.trim()))]);
                        Py::raw(format!("({}, {})", part.flat(), string(operator.trim())))
                    })
                    .collect();
                items.extend(
                    predicate
                        .as_ref()
                        .map(|p| Py::keyword("where", Py::call("sa.text", vec![Py::raw(sql_text(p))]))),
                );
                items.extend(using.as_ref().map(|u| Py::keyword("using", Py::str(u))));
                items.extend(mode);
                items.extend(name);
                Py::call("postgresql.ExcludeConstraint", items)
            }
        }
    }

    fn add_column(&mut self, table: &ObjectName, column: &Column) {
        let Some(column_py) = self.column(column, None) else {
            self.left_out(ObjectRef::Column(table.clone(), column.name.clone()), "its type cannot be told");
            return;
        };
        let items = with_schema(vec![Py::str(&table.name), column_py], table);
        self.op("add_column", items);
        self.name_sequence(table, column);
    }

    /// `sa.Identity` has no name for its sequence.
    fn name_sequence(&mut self, table: &ObjectName, column: &Column) {
        let Some(name) = column.identity.as_ref().and_then(|identity| identity.sequence.as_ref()) else {
            return;
        };
        let from = self.object(&cucurbit_schema::identity_sequence(table, &column.name));
        let to = self.quoted(&name.name);
        self.execute(&format!("ALTER SEQUENCE {from} RENAME TO {to}"));
    }

    fn existing(&mut self, table: &ObjectName, column: &str) -> Option<Py> {
        let found = self.state.table(table)?.column(column)?.clone();
        let explicit: BTreeSet<ObjectName> = self.state.enums.keys().cloned().collect();
        column_type(&found, &self.state, &explicit, &mut self.out.needs)
    }

    fn alter_column(&mut self, table: &ObjectName, column: &str, alteration: &ColumnAlteration) {
        let mut items = vec![Py::str(&table.name), Py::str(column)];
        let existing = self.existing(table, column).map(|t| Py::keyword("existing_type", t));
        match alteration {
            ColumnAlteration::Type { data_type, using, collation } => {
                let explicit: BTreeSet<ObjectName> = self.state.enums.keys().cloned().collect();
                let mut typed = Column::new(column, DataType::new(data_type.kind.clone()));
                typed.collation.clone_from(collation);
                match column_type(&typed, &self.state, &explicit, &mut self.out.needs) {
                    Some(t) => items.push(Py::keyword("type_", t)),
                    None => {
                        self.left_out(
                            ObjectRef::Column(table.clone(), column.to_owned()),
                            "its new type cannot be told",
                        );
                        return;
                    }
                }
                items.extend(existing);
                items.extend(using.as_ref().map(|u| Py::keyword("postgresql_using", Py::str(u))));
            }
            ColumnAlteration::Nullable(nullable) => {
                items.extend(existing);
                items.push(Py::keyword("nullable", Py::raw(if *nullable { "True" } else { "False" })));
            }
            ColumnAlteration::Default(default) => {
                items.extend(existing);
                let value = match default {
                    None => Py::raw("None"),
                    Some(Default::Expression(text)) => Py::call("sa.text", vec![Py::raw(sql_text(text))]),
                    Some(Default::NextValue(name)) => next_value(name),
                    Some(Default::Unknown(why)) => {
                        self.left_out(ObjectRef::Column(table.clone(), column.to_owned()), why);
                        return;
                    }
                };
                items.push(Py::keyword("server_default", value));
            }
            ColumnAlteration::Rename(to) => items.push(Py::keyword("new_column_name", Py::str(to))),
            ColumnAlteration::Comment(comment) => {
                items.extend(existing);
                items.push(Py::keyword("comment", comment.as_ref().map_or(Py::raw("None"), |c| Py::str(c))));
            }
            ColumnAlteration::DropExpression => {
                let (table, column) = (self.object(table), self.quoted(column));
                self.execute(&format!("ALTER TABLE {table} ALTER COLUMN {column} DROP EXPRESSION"));
                return;
            }
            ColumnAlteration::Identity(identity) => {
                let (table, column) = (self.object(table), self.quoted(column));
                let sql = match identity {
                    Some(identity) => {
                        let kind = if identity.always { "ALWAYS" } else { "BY DEFAULT" };
                        format!("ALTER TABLE {table} ALTER COLUMN {column} ADD GENERATED {kind} AS IDENTITY")
                    }
                    None => format!("ALTER TABLE {table} ALTER COLUMN {column} DROP IDENTITY"),
                };
                self.execute(&sql);
                return;
            }
            ColumnAlteration::Autoincrement(on) => {
                items.extend(existing);
                items.push(Py::keyword("autoincrement", Py::raw(if *on { "True" } else { "False" })));
            }
            ColumnAlteration::Definition { .. } => {
                self.left_out(ObjectRef::Column(table.clone(), column.to_owned()), "a whole definition");
                return;
            }
        }
        let items = with_schema(items, table);
        self.op("alter_column", items);
    }

    fn add_constraint(&mut self, table: &ObjectName, constraint: &Constraint) {
        if is_untold(constraint) {
            let object = ObjectRef::Constraint(table.clone(), constraint.name.clone().unwrap_or_default());
            self.left_out(object, "what it demands cannot be told");
            return;
        }
        let name = name_of(constraint.name.as_deref());
        let mut tail = Vec::new();
        match constraint.mode {
            CheckMode::Immediate => {}
            CheckMode::Deferrable => tail.push(Py::keyword("deferrable", Py::raw("True"))),
            CheckMode::Deferred => {
                tail.push(Py::keyword("deferrable", Py::raw("True")));
                tail.push(Py::keyword("initially", Py::str("DEFERRED")));
            }
        }
        if constraint.not_valid {
            tail.push(Py::keyword("postgresql_not_valid", Py::raw("True")));
        }
        match &constraint.body {
            ConstraintBody::PrimaryKey { columns, include } if include.is_empty() => {
                let items = vec![name, Py::str(&table.name), Py::strings(columns)];
                let items = with_schema([items, tail].concat(), table);
                self.op("create_primary_key", items);
            }
            ConstraintBody::Unique { columns, include, nulls_not_distinct } => {
                let mut items = vec![name, Py::str(&table.name), Py::strings(columns)];
                items.extend(tail);
                if !include.is_empty() {
                    items.push(Py::keyword("postgresql_include", Py::strings(include)));
                }
                if *nulls_not_distinct {
                    items.push(Py::keyword("postgresql_nulls_not_distinct", Py::raw("True")));
                }
                let items = with_schema(items, table);
                self.op("create_unique_constraint", items);
            }
            ConstraintBody::ForeignKey {
                columns,
                table: target,
                references,
                on_delete,
                on_update,
                match_kind,
                set_columns,
            } if set_columns.is_empty() => {
                let mut items = vec![
                    name,
                    Py::str(&table.name),
                    Py::str(&target.name),
                    Py::strings(columns),
                    Py::strings(references),
                ];
                items.extend(actions(*on_update, *on_delete));
                items.extend(tail);
                items.extend(match_kind.as_ref().map(|m| Py::keyword("match", Py::str(m))));
                items.extend(table.schema.as_ref().map(|s| Py::keyword("source_schema", Py::str(s))));
                items.extend(target.schema.as_ref().map(|s| Py::keyword("referent_schema", Py::str(s))));
                self.op("create_foreign_key", items);
            }
            ConstraintBody::Check { expression, no_inherit: false } => {
                let items = vec![
                    name,
                    Py::str(&table.name),
                    Py::call("sa.text", vec![Py::raw(sql_text(expression))]),
                ];
                let items = with_schema([items, tail].concat(), table);
                self.op("create_check_constraint", items);
            }
            _ => self.constraint_as_sql(table, constraint),
        }
    }

    fn constraint_as_sql(&mut self, table: &ObjectName, constraint: &Constraint) {
        let before: BTreeSet<String> = ddl(&self.state).statements.into_iter().map(|s| s.sql).collect();
        let mut after = self.state.clone();
        let mut late = constraint.clone();
        late.not_valid = true;
        let change = Change::AddConstraint {
            table: table.clone(),
            constraint: Box::new(late),
            using_index: None,
            if_not_exists: false,
        };
        after.apply(&change, cucurbit_schema::Origin::default());
        for statement in ddl(&after).statements.iter().filter(|s| !before.contains(&s.sql)) {
            let sql = statement.sql.strip_suffix(" NOT VALID").unwrap_or(&statement.sql).to_owned();
            self.execute(&sql);
        }
    }

    fn create_index(&mut self, table: &ObjectName, index: &Index) {
        let keys: Vec<Py> = index.keys.iter().map(|key| self.key(key)).collect();
        let mut items = vec![name_of(index.name.as_deref()), Py::str(&table.name), Py::List(keys)];
        items.push(Py::keyword("unique", Py::raw(if index.unique { "True" } else { "False" })));
        if let Some(schema) = &table.schema {
            items.push(Py::keyword("schema", Py::str(schema)));
        }
        let prefix = if self.dialect.is_mysql() { "mysql" } else { self.dialect.name() };
        if let Some(method) = index.method.as_deref().filter(|m| !m.eq_ignore_ascii_case("btree")) {
            let keyword = match (self.dialect.is_mysql(), method.to_uppercase().as_str()) {
                (true, "FULLTEXT" | "SPATIAL") => "mysql_prefix".to_owned(),
                _ => format!("{prefix}_using"),
            };
            items.push(Py::keyword(&keyword, Py::str(method)));
        }
        if !index.include.is_empty() {
            items.push(Py::keyword("postgresql_include", Py::strings(&index.include)));
        }
        if index.nulls_not_distinct {
            items.push(Py::keyword("postgresql_nulls_not_distinct", Py::raw("True")));
        }
        if !index.options.is_empty() && self.dialect == Dialect::PostgreSql {
            let (space, with): (Vec<_>, Vec<_>) = index.options.iter().partition(|(k, _)| k == "tablespace");
            if !with.is_empty() {
                let with = with.iter().map(|(k, v)| (Py::str(k), Py::str(v))).collect();
                items.push(Py::keyword("postgresql_with", Py::Dict(with)));
            }
            items.extend(space.first().map(|(_, v)| Py::keyword("postgresql_tablespace", Py::str(v))));
        }
        let lengths: Vec<(Py, Py)> = index
            .keys
            .iter()
            .filter_map(|k| match (&k.part, k.length) {
                (KeyPart::Column(name), Some(length)) => Some((Py::str(name), Py::raw(length.to_string()))),
                _ => None,
            })
            .collect();
        if !lengths.is_empty() {
            items.push(Py::keyword("mysql_length", Py::Dict(lengths)));
        }
        if let Some(predicate) = &index.predicate {
            let text = Py::call("sa.text", vec![Py::raw(sql_text(predicate))]);
            items.push(Py::keyword(&format!("{prefix}_where"), text));
        }
        self.op("create_index", items);
    }

    fn key(&self, key: &IndexKey) -> Py {
        let plain = key.collation.is_none()
            && key.operator_class.is_none()
            && key.nulls.is_none()
            && key.order != Some(Order::Descending);
        match &key.part {
            KeyPart::Column(name) if plain => Py::str(name),
            part => {
                let mut text = match part {
                    KeyPart::Column(name) => self.quoted(name),
                    KeyPart::Expression(text) if plain && is_call(text) => text.clone(),
                    KeyPart::Expression(text) => format!("({text})"),
                };
                if let Some(collation) = &key.collation {
                    text.push_str(&format!(" COLLATE {}", self.quoted(collation)));
                }
                if let Some(class) = &key.operator_class {
                    text.push_str(&format!(" {class}"));
                }
                if key.order == Some(Order::Descending) {
                    text.push_str(" DESC");
                }
                match key.nulls {
                    Some(NullsOrder::First) => text.push_str(" NULLS FIRST"),
                    Some(NullsOrder::Last) => text.push_str(" NULLS LAST"),
                    None => {}
                }
                Py::call("sa.text", vec![Py::raw(sql_text(&text))])
            }
        }
    }
}

/// `lower(x)`: a call needs no brackets of its own in an index.
fn is_call(text: &str) -> bool {
    let Some(open) = text.find('(') else { return false };
    let head = &text[..open];
    !head.is_empty()
        && head.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.')
        && text.ends_with(')')
        && {
            let mut depth = 0i32;
            let mut closed_early = false;
            for (at, c) in text.char_indices() {
                match c {
                    '(' => depth += 1,
                    ')' => {
                        depth -= 1;
                        closed_early |= depth == 0 && at + 1 < text.len();
                    }
                    _ => {}
                }
            }
            depth == 0 && !closed_early
        }
}

fn words(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Extension => "EXTENSION",
        ObjectKind::Collation => "COLLATION",
        ObjectKind::Domain => "DOMAIN",
        ObjectKind::Type => "TYPE",
        ObjectKind::Function => "FUNCTION",
        ObjectKind::Procedure => "PROCEDURE",
        ObjectKind::View => "VIEW",
        ObjectKind::MaterializedView => "MATERIALIZED VIEW",
        ObjectKind::Index => "INDEX",
        ObjectKind::Trigger => "TRIGGER",
        ObjectKind::EventTrigger => "EVENT TRIGGER",
        ObjectKind::Policy => "POLICY",
        ObjectKind::Rule => "RULE",
        ObjectKind::VirtualTable => "TABLE",
        ObjectKind::Aggregate | ObjectKind::Operator | ObjectKind::Grant | ObjectKind::Other => "OBJECT",
    }
}

fn actions(on_update: Action, on_delete: Action) -> Vec<Py> {
    let mut out = Vec::new();
    out.extend(on_update.clause().map(|t| Py::keyword("onupdate", Py::str(t))));
    out.extend(on_delete.clause().map(|t| Py::keyword("ondelete", Py::str(t))));
    out
}

fn sequence_options(options: &SequenceOptions) -> String {
    let mut out = String::new();
    if let Some(data_type) = &options.data_type {
        let kind = TypeKind::Named { name: data_type.clone(), args: Vec::new(), attributes: Vec::new() };
        if let Some(text) = type_sql(&kind, Dialect::PostgreSql) {
            out.push_str(&format!(" AS {text}"));
        }
    }
    for (word, value) in [
        ("INCREMENT BY", options.increment),
        ("MINVALUE", options.minimum),
        ("MAXVALUE", options.maximum),
        ("START WITH", options.start),
        ("CACHE", options.cache),
    ] {
        if let Some(value) = value {
            out.push_str(&format!(" {word} {value}"));
        }
    }
    if options.cycle {
        out.push_str(" CYCLE");
    }
    out
}

fn next_value(name: &ObjectName) -> Py {
    let quoted = quote_object(name, Dialect::PostgreSql);
    let text = format!("nextval({}::regclass)", quote_string(&quoted, Dialect::PostgreSql));
    Py::call("sa.text", vec![Py::raw(sql_text(&text))])
}

fn with_schema(mut items: Vec<Py>, name: &ObjectName) -> Vec<Py> {
    items.extend(name.schema.as_ref().map(|s| Py::keyword("schema", Py::str(s))));
    items
}

/// A name is final: no naming convention may change it.
fn name_of(name: Option<&str>) -> Py {
    match name {
        Some(name) => Py::call("op.f", vec![Py::str(name)]),
        None => Py::raw("None"),
    }
}

/// SQL as a Python string for `sa.text` and the like.
fn sql_text(sql: &str) -> String {
    string(&escape_binds(sql))
}

/// SQLAlchemy takes `:name` for a parameter unless a colon, a letter or a backslash stands before it.
pub(crate) fn escape_binds(sql: &str) -> String {
    let chars: Vec<char> = sql.chars().collect();
    let mut out = String::with_capacity(sql.len());
    for (at, c) in chars.iter().enumerate() {
        if *c == ':' {
            let before = at.checked_sub(1).map(|b| chars[b]);
            let after = chars.get(at + 1).copied();
            let starts = after.is_some_and(|a| a.is_alphanumeric() || a == '_');
            let blocked = before.is_some_and(|b| b == ':' || b.is_alphanumeric() || b == '_' || b == '\\');
            if starts && !blocked {
                out.push('\\');
            }
        }
        out.push(*c);
    }
    out
}

/// A check of which a part cannot be told.
fn is_untold(constraint: &Constraint) -> bool {
    matches!(&constraint.body, ConstraintBody::Check { expression, .. } if expression.contains(UNTOLD))
}

/// What SQLite does only in batch mode.
const BATCHED: [&str; 6] = [
    "alter_column",
    "create_check_constraint",
    "create_foreign_key",
    "create_primary_key",
    "create_unique_constraint",
    "drop_constraint",
];

/// What `CREATE OR REPLACE` takes.
fn can_be_replaced(kind: ObjectKind) -> bool {
    matches!(
        kind,
        ObjectKind::Function
            | ObjectKind::Procedure
            | ObjectKind::Aggregate
            | ObjectKind::View
            | ObjectKind::Trigger
            | ObjectKind::Rule
    )
}

/// What stands beside the tables in a database, often before the first migration: whoever sets it up makes it.
fn is_shared(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Extension | ObjectKind::Collation)
}

/// The statement with `IF NOT EXISTS` behind the kind of the object.
fn where_missing(kind: ObjectKind, text: &str) -> String {
    let trimmed = text.trim_start();
    let front = format!("CREATE {} ", words(kind));
    match trimmed.get(..front.len()) {
        Some(start)
            if start.eq_ignore_ascii_case(&front)
                && !trimmed[front.len()..].trim_start().to_ascii_uppercase().starts_with("IF NOT EXISTS") =>
        {
            format!("{front}IF NOT EXISTS {}", &trimmed[front.len()..])
        }
        _ => text.to_owned(),
    }
}

/// The statement with `OR REPLACE` behind its `CREATE`.
fn replacing(text: &str) -> String {
    let trimmed = text.trim_start();
    let mut words = trimmed.split_whitespace();
    let is = |word: Option<&str>, wanted: &str| word.is_some_and(|w| w.eq_ignore_ascii_case(wanted));
    if !is(words.next(), "create") || is(words.next(), "or") {
        return text.to_owned();
    }
    format!("CREATE OR REPLACE{}", &trimmed["create".len()..])
}

#[cfg(test)]
mod tests {
    use super::{can_be_replaced, replacing, where_missing};
    use crate::{Heading, migration};
    use cucurbit_schema::{Database, Dialect, ObjectKind, Origin, sql};
    use std::collections::BTreeSet;

    /// The migration that makes some functions.
    fn functions(text: &str) -> String {
        let before = Database::new(Dialect::PostgreSql);
        let read = sql::read(text, Dialect::PostgreSql, &before);
        let changes: Vec<_> = read.into_iter().flat_map(|statement| statement.changes).collect();
        let mut after = before.clone();
        for change in &changes {
            after.apply(change, Origin::default());
        }
        migration(&Heading::default(), &before, &changes, &[], &BTreeSet::new()).text
    }

    #[test]
    fn functions_in_sql_may_call_what_comes() {
        const OFF: &str = "SET LOCAL check_function_bodies = off";
        let one = "CREATE FUNCTION f(n int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;";
        assert!(!functions(one).contains(OFF));
        let itself = one.replace("SELECT 1", "SELECT CASE WHEN n > 0 THEN f(n - 1) ELSE 0 END");
        assert_eq!(functions(&itself).matches(OFF).count(), 1);
        let later = format!("{}{}", one.replace("SELECT 1", "SELECT g(n)"), one.replace(" f(", " g("));
        assert_eq!(functions(&later).matches(OFF).count(), 1);
        // What is written in PL/pgSQL is looked at when it runs.
        let lazy = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN f(); END $$;";
        assert!(!functions(lazy).contains(OFF));
    }

    #[test]
    fn an_extension_is_not_replaced() {
        assert!(can_be_replaced(ObjectKind::View));
        assert!(!can_be_replaced(ObjectKind::Extension));
        assert!(!can_be_replaced(ObjectKind::MaterializedView));
        assert_eq!(replacing("create view v AS SELECT 1"), "CREATE OR REPLACE view v AS SELECT 1");
    }

    #[test]
    fn what_may_stand_already_is_made_where_it_is_missing() {
        let collation = "CREATE COLLATION c (provider = libc, locale = 'C')";
        assert_eq!(
            where_missing(ObjectKind::Collation, collation),
            "CREATE COLLATION IF NOT EXISTS c (provider = libc, locale = 'C')"
        );
        let extension = "CREATE EXTENSION IF NOT EXISTS hstore";
        assert_eq!(where_missing(ObjectKind::Extension, extension), extension);
    }
}
