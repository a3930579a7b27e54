//! `CREATE TABLE`, `ALTER TABLE`, `CREATE INDEX`.

use super::cursor::Cursor;
use super::lex::Kind;
use super::{Reader, query_columns, read_default, types};
use crate::change::{Change, ColumnAlteration, ObjectRef, Position};
use crate::model::{
    Action, CheckMode, Column, Computed, Constraint, ConstraintBody, ConstraintKind, DataType, Default,
    Dialect, Identity, Index, IndexKey, KeyPart, NamedObject, NullsOrder, ObjectKind, ObjectName, Order,
    Origin, SequenceOptions, Table, TypeKind,
};
use std::collections::BTreeSet;

/// Words that begin a constraint or an attribute of a column on SQLite; any other is part of its type there
/// (`CHARACTER(20)`).
const SQLITE_ATTRIBUTES: &[&str] = &[
    "constraint",
    "not",
    "null",
    "default",
    "primary",
    "unique",
    "references",
    "check",
    "collate",
    "generated",
    "autoincrement",
    "on",
    "as",
    "deferrable",
    "initially",
];

/// A column with what stands behind it.
pub(crate) struct ReadColumn {
    pub(crate) column: Column,
    pub(crate) constraints: Vec<Constraint>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) position: Option<Position>,
}

impl Reader<'_> {
    pub(super) fn create_table(&mut self, c: &mut Cursor<'_>, temporary: bool, unlogged: bool) -> Option<()> {
        let if_not_exists = c.if_not_exists();
        let name = c.name()?;
        let text = c.text.to_owned();
        if c.eat("like")
            || (self.dialect.is_mysql() && c.is_symbol('(') && c.ahead(1).is_some_and(|t| t.is("like")))
        {
            if c.is_symbol('(') {
                c.at += 2;
            }
            let like = c.name()?;
            self.changes.push(Change::CreateTableFrom {
                name,
                like: Some(like),
                including_all: true,
                if_not_exists,
                text,
            });
            return Some(());
        }
        if c.eat("partition") {
            c.eat("of").then_some(())?;
            let like = c.name()?;
            self.changes.push(Change::CreateTableFrom {
                name,
                like: Some(like),
                including_all: true,
                if_not_exists,
                text,
            });
            return Some(());
        }
        let mut table = Table::new(name.clone());
        if unlogged {
            table.options.insert("unlogged".to_owned(), String::new());
        }
        if !c.is_symbol('(') {
            // It is gone when the transaction ends, which is not followed.
            if temporary && c.eat_all(&["on", "commit"]) {
                c.text_until(|c| c.is("as"));
            }
            if c.is("as") || c.is("select") {
                let columns = query_columns::of_table_made_as(&text, self.dialect, self.state);
                self.exact &= temporary || columns.is_some();
                self.changes.push(Change::CreateTableFrom {
                    name,
                    like: None,
                    including_all: false,
                    if_not_exists,
                    text,
                });
                return Some(());
            }
            return None;
        }
        c.at += 1;
        let mut like: Option<(ObjectName, bool)> = None;
        while !c.eat_symbol(')') {
            if c.done() {
                return None;
            }
            if c.eat("like") {
                let source = c.name()?;
                let rest = c.text_until(|c| c.is_symbol(',')).to_lowercase();
                like = Some((source, rest.contains("including all")));
            } else {
                self.table_item(c, &mut table)?;
            }
            if !c.eat_symbol(',') && !c.is_symbol(')') {
                return None;
            }
        }
        if let Some((source, all)) = like
            && table.columns.is_empty()
        {
            self.changes.push(Change::CreateTableFrom {
                name,
                like: Some(source),
                including_all: all,
                if_not_exists,
                text,
            });
            return Some(());
        }
        self.table_options(c, &mut table);
        if c.is("as") || c.is("select") {
            table.tainted = true;
            self.exact = false;
        }
        // SQLite's own (`sqlite_sequence`), which a dump lists beside the others and nobody can make.
        if self.dialect == Dialect::Sqlite && table.name.name.to_ascii_lowercase().starts_with("sqlite_") {
            return self.nothing(&text);
        }
        self.changes.push(Change::CreateTable { table: Box::new(table), if_not_exists, temporary });
        Some(())
    }

    fn table_options(&mut self, c: &mut Cursor<'_>, table: &mut Table) {
        while !c.done() {
            let before = c.at;
            if self.dialect == Dialect::PostgreSql {
                if c.eat_all(&["partition", "by"]) {
                    let text = c.text_until(|c| c.is("using") || c.is("with") || c.is("tablespace"));
                    table.options.insert("partition by".to_owned(), text.to_owned());
                } else if c.eat("inherits") {
                    let text = c.in_brackets().unwrap_or_default();
                    // In the default schema with or without its name.
                    let names = text.split(',').map(|name| {
                        let name = name.trim();
                        name.strip_prefix("public.").unwrap_or(name)
                    });
                    let text = names.collect::<Vec<_>>().join(", ");
                    table.options.insert("inherits".to_owned(), text);
                } else if c.eat("with") && c.is_symbol('(') {
                    let text = c.in_brackets().unwrap_or_default();
                    table.options.insert("with".to_owned(), text.to_owned());
                } else if c.eat("tablespace") {
                    let name = c.ident().unwrap_or_default();
                    table.options.insert("tablespace".to_owned(), name);
                }
            } else if self.dialect == Dialect::Sqlite {
                if c.eat_all(&["without", "rowid"]) {
                    table.options.insert("without rowid".to_owned(), String::new());
                } else if c.eat("strict") {
                    table.options.insert("strict".to_owned(), String::new());
                }
            } else {
                c.eat("default");
                let key = if c.eat("engine") {
                    Some("engine")
                } else if c.eat_all(&["character", "set"]) || c.eat("charset") {
                    Some("charset")
                } else if c.eat("collate") {
                    Some("collate")
                } else if c.eat("comment") {
                    Some("comment")
                } else {
                    None
                };
                if let Some(key) = key {
                    c.eat_symbol('=');
                    let value = c.string().or_else(|| c.ident()).unwrap_or_default();
                    if key == "comment" {
                        table.comment = Some(value);
                    } else {
                        table.options.insert(key.to_owned(), value);
                    }
                }
            }
            if c.is("as") || c.is("select") {
                return;
            }
            if c.at == before {
                c.at += 1;
            }
        }
    }

    /// One item between the brackets of `CREATE TABLE`.
    fn table_item(&mut self, c: &mut Cursor<'_>, table: &mut Table) -> Option<()> {
        if self.is_constraint(c) {
            let constraint = self.table_constraint(c)?;
            match constraint {
                TableConstraint::Constraint(constraint) => table.constraints.push(constraint),
                TableConstraint::Index(index) => table.indexes.push(index),
            }
            return Some(());
        }
        let read = self.column(c)?;
        table.columns.push(read.column);
        table.constraints.extend(read.constraints);
        table.indexes.extend(read.indexes);
        Some(())
    }

    /// Says whether a constraint of the table begins here rather than a column.
    pub(super) fn is_constraint(&self, c: &Cursor<'_>) -> bool {
        let next = |word: &str| c.ahead(1).is_some_and(|t| t.is(word));
        let bracket = |by: usize| c.ahead(by).is_some_and(|t| t.symbol('('));
        match c.word() {
            "constraint" => true,
            "exclude" => bracket(1) || next("using"),
            "primary" | "foreign" => next("key"),
            "check" => bracket(1),
            "unique" => {
                bracket(1)
                    || next("nulls")
                    || next("using")
                    || (self.dialect.is_mysql() && (next("key") || next("index") || bracket(2)))
            }
            "key" | "index" if self.dialect.is_mysql() => {
                bracket(1) || bracket(2) || c.ahead(2).is_some_and(|t| t.is("using"))
            }
            "fulltext" | "spatial" if self.dialect.is_mysql() => true,
            _ => false,
        }
    }

    pub(super) fn table_constraint(&mut self, c: &mut Cursor<'_>) -> Option<TableConstraint> {
        let mut name = None;
        if c.eat("constraint") && !matches!(c.word(), "primary" | "foreign" | "check") {
            name = Some(c.ident()?);
        }
        let name = match name {
            // `CONSTRAINT UNIQUE (…)` has no name in MySQL.
            Some(word) if word.eq_ignore_ascii_case("unique") && self.dialect.is_mysql() => {
                c.at -= 1;
                None
            }
            other => other,
        };
        let mysql = self.dialect.is_mysql();
        if c.eat("primary") {
            c.eat("key").then_some(())?;
            if c.eat("using") {
                if c.eat("index") {
                    let index = c.ident()?;
                    let body = ConstraintBody::PrimaryKey { columns: Vec::new(), include: Vec::new() };
                    let mut constraint = Constraint::new(name, body);
                    self.constraint_tail(c, &mut constraint);
                    return Some(TableConstraint::Constraint(using(constraint, index)));
                }
                c.ident();
            }
            let columns = c.names_in_brackets()?;
            let include = self.include(c)?;
            let mut constraint = Constraint::new(name, ConstraintBody::PrimaryKey { columns, include });
            self.constraint_tail(c, &mut constraint);
            return Some(TableConstraint::Constraint(constraint));
        }
        if c.eat("unique") {
            if mysql {
                c.eat_any(&["key", "index"]);
            }
            if c.eat_all(&["using", "index"]) {
                let index = c.ident()?;
                let body = ConstraintBody::Unique {
                    columns: Vec::new(),
                    include: Vec::new(),
                    nulls_not_distinct: false,
                };
                let mut constraint = Constraint::new(name, body);
                self.constraint_tail(c, &mut constraint);
                return Some(TableConstraint::Constraint(using(constraint, index)));
            }
            let nulls_not_distinct = c.eat_all(&["nulls", "not", "distinct"]);
            c.eat_all(&["nulls", "distinct"]);
            let mut name = name;
            if mysql && !c.is_symbol('(') && !c.is("using") {
                name = Some(c.ident()?);
            }
            if c.eat("using") {
                c.ident();
            }
            if mysql {
                let keys = self.index_keys(c)?;
                let plain: Option<Vec<String>> = keys
                    .iter()
                    .map(|k| match (&k.part, k.length) {
                        (KeyPart::Column(name), None) => Some(name.clone()),
                        _ => None,
                    })
                    .collect();
                self.skip_index_options(c);
                return Some(match plain {
                    Some(columns) => TableConstraint::Constraint(Constraint::new(
                        name,
                        ConstraintBody::Unique { columns, include: Vec::new(), nulls_not_distinct: false },
                    )),
                    None => TableConstraint::Index(Index { unique: true, ..plain_index(name, keys) }),
                });
            }
            let columns = c.names_in_brackets()?;
            let include = self.include(c)?;
            let mut constraint =
                Constraint::new(name, ConstraintBody::Unique { columns, include, nulls_not_distinct });
            self.constraint_tail(c, &mut constraint);
            return Some(TableConstraint::Constraint(constraint));
        }
        if c.eat("foreign") {
            c.eat("key").then_some(())?;
            let mut name = name;
            if mysql && !c.is_symbol('(') {
                let index = c.ident()?;
                name = name.or(Some(index));
            }
            let columns = c.names_in_brackets()?;
            let mut constraint = self.references(c, columns)?;
            constraint.name = name;
            return Some(TableConstraint::Constraint(named(constraint)));
        }
        if c.eat("check") {
            let expression = self.condition(c.in_brackets()?);
            let no_inherit = c.eat_all(&["no", "inherit"]);
            let mut constraint = Constraint::new(name, ConstraintBody::Check { expression, no_inherit });
            self.constraint_tail(c, &mut constraint);
            return Some(TableConstraint::Constraint(constraint));
        }
        if c.eat("exclude") {
            let method = if c.eat("using") { c.ident() } else { None };
            let inner = c.in_brackets()?;
            let mut elements = Vec::new();
            let mut items = Cursor::new(inner, self.dialect);
            while !items.done() {
                elements.push(
                    items.text_until(|c| c.is_symbol(',')).split_whitespace().collect::<Vec<_>>().join(" "),
                );
                if !items.eat_symbol(',') {
                    break;
                }
            }
            let predicate = if c.eat("where") { Some(c.in_brackets()?.to_owned()) } else { None };
            let mut constraint =
                Constraint::new(name, ConstraintBody::Exclude { using: method, elements, predicate });
            self.constraint_tail(c, &mut constraint);
            return Some(TableConstraint::Constraint(constraint));
        }
        if mysql && let Some(kind) = c.eat_any(&["key", "index", "fulltext", "spatial"]) {
            c.eat_any(&["key", "index"]);
            let name = if c.is_symbol('(') || c.is("using") { None } else { c.ident() };
            if c.eat("using") {
                c.ident();
            }
            let keys = self.index_keys(c)?;
            self.skip_index_options(c);
            let method = matches!(kind.as_str(), "fulltext" | "spatial").then(|| kind.to_uppercase());
            return Some(TableConstraint::Index(Index { method, ..plain_index(name, keys) }));
        }
        None
    }

    fn skip_index_options(&mut self, c: &mut Cursor<'_>) {
        c.text_until(|c| c.is_symbol(','));
    }

    fn include(&mut self, c: &mut Cursor<'_>) -> Option<Vec<String>> {
        if c.eat("include") { c.names_in_brackets() } else { Some(Vec::new()) }
    }

    /// `DEFERRABLE`, `NOT VALID` and the like.
    fn constraint_tail(&mut self, c: &mut Cursor<'_>, constraint: &mut Constraint) {
        loop {
            if c.eat_all(&["not", "deferrable"])
                || c.eat_all(&["initially", "immediate"])
                || c.eat("enforced")
            {
            } else if c.eat("deferrable") {
                if constraint.mode == CheckMode::Immediate {
                    constraint.mode = CheckMode::Deferrable;
                }
            } else if c.eat_all(&["initially", "deferred"]) {
                constraint.mode = CheckMode::Deferred;
            } else if c.eat_all(&["not", "valid"]) {
                constraint.not_valid = true;
            } else if c.eat_all(&["using", "index", "tablespace"]) || c.eat_all(&["on", "conflict"]) {
                c.ident();
            } else if c.is("with") && c.ahead(1).is_some_and(|t| t.symbol('(')) {
                c.at += 1;
                c.skip_brackets();
            } else {
                return;
            }
        }
    }

    /// `REFERENCES t (c) ON DELETE …`.
    fn references(&mut self, c: &mut Cursor<'_>, columns: Vec<String>) -> Option<Constraint> {
        c.eat("references").then_some(())?;
        let table = c.name()?;
        let references = if c.is_symbol('(') { c.names_in_brackets()? } else { Vec::new() };
        let (mut on_delete, mut on_update) = (Action::NoAction, Action::NoAction);
        let mut match_kind = None;
        let mut set_columns = Vec::new();
        loop {
            if c.eat_all(&["on", "delete"]) {
                on_delete = action(c)?;
                if c.is_symbol('(') {
                    set_columns = c.names_in_brackets()?;
                }
            } else if c.eat_all(&["on", "update"]) {
                on_update = action(c)?;
            } else if c.eat("match") {
                let kind = c.ident()?.to_uppercase();
                match_kind = (kind != "SIMPLE").then_some(kind);
            } else {
                break;
            }
        }
        let body = ConstraintBody::ForeignKey {
            columns,
            table,
            references,
            on_delete,
            on_update,
            match_kind,
            set_columns,
        };
        let mut constraint = Constraint::new(None, body);
        self.constraint_tail(c, &mut constraint);
        Some(constraint)
    }

    /// A type with its arguments; enum types are known from the state.
    pub(super) fn data_type(&mut self, c: &mut Cursor<'_>) -> Option<(DataType, Option<String>)> {
        let start = c.peek()?.start;
        let from = c.at;
        if self.dialect == Dialect::Sqlite {
            // Any words up to an attribute; there may be none.
            while let Some(token) = c.peek() {
                let goes_on = match &token.kind {
                    Kind::Word(word) => !SQLITE_ATTRIBUTES.contains(&word.as_str()),
                    Kind::Quoted(_) => true,
                    Kind::Symbol('(') => {
                        c.skip_brackets();
                        continue;
                    }
                    _ => false,
                };
                if !goes_on {
                    break;
                }
                c.at += 1;
            }
        } else {
            if c.is("setof") {
                c.at += 1;
            }
            let first = c.word().to_owned();
            let named = {
                let mut probe = c.clone();
                probe.name()
            };
            if let Some(name) = &named
                && let Some(found) = self.state.enums.get(name)
            {
                c.name();
                let kind = TypeKind::Enum {
                    name: Some(name.clone()),
                    labels: found.labels.clone().unwrap_or_default(),
                };
                return Some((DataType::new(self.brackets(c, kind)), None));
            }
            if self.dialect.is_mysql() && matches!(first.as_str(), "enum") {
                c.at += 1;
                let inner = c.in_brackets()?;
                let mut items = Cursor::new(inner, self.dialect);
                let mut labels = Vec::new();
                while let Some(label) = items.string() {
                    labels.push(label);
                    items.eat_symbol(',');
                }
                let mut collation = None;
                loop {
                    if c.eat_all(&["character", "set"]) || c.eat("charset") {
                        c.ident();
                    } else if c.eat("collate") {
                        collation = c.ident();
                    } else {
                        break;
                    }
                }
                return Some((DataType::new(TypeKind::Enum { name: None, labels }), collation));
            }
            // `"schema"."type"`, quoted or not, is a type of the user.
            let is_user =
                matches!(c.peek()?.kind, Kind::Quoted(_)) || c.ahead(1).is_some_and(|t| t.symbol('.'));
            if is_user && self.dialect == Dialect::PostgreSql {
                let name = c.name()?;
                if name.schema.as_deref() != Some("pg_catalog") {
                    let args = if c.is_symbol('(') { vec![c.in_brackets()?.to_owned()] } else { Vec::new() };
                    let kind = TypeKind::Named { name: name.to_string(), args, attributes: Vec::new() };
                    return Some((DataType::new(self.brackets(c, kind)), None));
                }
                c.at -= 1;
                let inner = self.data_type(c)?;
                return Some(inner);
            }
            c.at += 1;
            match first.as_str() {
                "double" => {
                    c.eat("precision");
                }
                "character" | "char" | "nchar" | "bit" | "national" => {
                    c.eat_any(&["character", "char", "varchar"]);
                    c.eat("varying");
                }
                "interval" => {
                    while c.eat_any(&["year", "month", "day", "hour", "minute", "second", "to"]).is_some() {}
                }
                "long" => {
                    c.eat_any(&["varchar", "varbinary"]);
                }
                _ => {}
            }
            if c.is_symbol('(') {
                c.skip_brackets();
            }
            if matches!(first.as_str(), "timestamp" | "time") && (c.is("with") || c.is("without")) {
                c.at += 1;
                c.eat_all(&["time", "zone"]);
            }
            if first == "interval" && c.is_symbol('(') {
                c.skip_brackets();
            }
            if self.dialect.is_mysql() {
                loop {
                    if c.eat_any(&["unsigned", "signed", "zerofill", "binary", "ascii", "unicode"]).is_some()
                    {
                    } else if c.is("character") && c.ahead(1).is_some_and(|t| t.is("set")) {
                        c.at += 3;
                    } else if c.is("charset") {
                        c.at += 2;
                    } else {
                        break;
                    }
                }
            }
            if c.eat("array") && c.is_symbol('[') {
                c.at += 2;
            }
            while c.is_symbol('[') {
                c.at += 1;
                c.number();
                c.eat_symbol(']');
            }
        }
        let end = if c.at > from { c.tokens.get(c.at - 1)?.end } else { start };
        let text = c.text.get(start..end)?;
        let text = text.replace("charset ", "character set ").replace(" signed", "");
        // `integer[5]` and `integer ARRAY` are `integer[]`.
        let text = plain_brackets(&text);
        let (kind, collation) = types::canonical(&text, self.dialect);
        Some((DataType::new(kind), collation))
    }

    fn brackets(&mut self, c: &mut Cursor<'_>, kind: TypeKind) -> TypeKind {
        let mut array = false;
        while c.is_symbol('[') {
            c.at += 1;
            c.number();
            c.eat_symbol(']');
            array = true;
        }
        if array { TypeKind::Array { element: Box::new(kind), dimensions: 1 } } else { kind }
    }

    pub(super) fn column(&mut self, c: &mut Cursor<'_>) -> Option<ReadColumn> {
        let name = c.ident()?;
        let mut data_type = DataType::named("", &[]);
        let mut collation = None;
        if c.peek().is_some_and(|t| !t.symbol(',') && !t.symbol(')'))
            && !(self.dialect == Dialect::Sqlite && SQLITE_ATTRIBUTES.contains(&c.word()))
        {
            (data_type, collation) = self.data_type(c)?;
        }
        let mut column = Column::new(name.clone(), data_type);
        column.collation = collation;
        let mut read = ReadColumn { column, constraints: Vec::new(), indexes: Vec::new(), position: None };
        let mut pending: Option<String> = None;
        while !c.done() && !c.is_symbol(',') && !c.is_symbol(')') {
            self.attribute(c, &name, &mut read, &mut pending)?;
        }
        Some(read)
    }

    /// One attribute or constraint behind a column.
    fn attribute(
        &mut self,
        c: &mut Cursor<'_>,
        name: &str,
        read: &mut ReadColumn,
        pending: &mut Option<String>,
    ) -> Option<()> {
        let mysql = self.dialect.is_mysql();
        let column = &mut read.column;
        if c.eat("constraint") {
            *pending = Some(c.ident()?);
            return Some(());
        }
        let given = pending.take();
        if c.eat_all(&["not", "null"]) {
            column.nullable = false;
            if c.eat_all(&["on", "conflict"]) {
                c.ident();
            }
        } else if c.eat("null") {
            column.nullable = true;
        } else if c.eat("default") {
            let text = if c.is_symbol('(') && !mysql {
                let from = c.peek()?.start;
                let text = c.text_until(stops);
                if text.is_empty() { c.text.get(from..from)? } else { text }
            } else {
                default_text(c)
            };
            let text = unwrapped(text, mysql);
            column.default = Some(read_default(text, self.dialect));
            if mysql && column.default == Some(Default::Expression("NULL".to_owned())) {
                column.default = None;
            }
        } else if c.eat("primary") {
            c.eat("key").then_some(())?;
            c.eat_any(&["asc", "desc"]);
            if c.eat_all(&["on", "conflict"]) {
                c.ident();
            }
            if c.eat("autoincrement") {
                column.autoincrement = true;
            }
            if self.dialect != Dialect::Sqlite {
                column.nullable = false;
            }
            let body = ConstraintBody::PrimaryKey { columns: vec![name.to_owned()], include: Vec::new() };
            let mut constraint = Constraint::new(given, body);
            self.constraint_tail(c, &mut constraint);
            read.constraints.push(constraint);
        } else if c.eat("unique") {
            if mysql {
                c.eat("key");
            }
            let nulls_not_distinct = c.eat_all(&["nulls", "not", "distinct"]);
            let body = ConstraintBody::Unique {
                columns: vec![name.to_owned()],
                include: Vec::new(),
                nulls_not_distinct,
            };
            let mut constraint = Constraint::new(given, body);
            self.constraint_tail(c, &mut constraint);
            read.constraints.push(constraint);
        } else if mysql && c.eat("key") {
            column.nullable = false;
            let body = ConstraintBody::PrimaryKey { columns: vec![name.to_owned()], include: Vec::new() };
            read.constraints.push(Constraint::new(given, body));
        } else if c.is("references") {
            let mut constraint = self.references(c, vec![name.to_owned()])?;
            constraint.name = given;
            // MySQL reads them and forgets them.
            if !mysql {
                read.constraints.push(named(constraint));
            }
        } else if c.eat("check") {
            let expression = self.condition(c.in_brackets()?);
            let no_inherit = c.eat_all(&["no", "inherit"]);
            let mut constraint = Constraint::new(given, ConstraintBody::Check { expression, no_inherit });
            self.constraint_tail(c, &mut constraint);
            read.constraints.push(constraint);
        } else if c.eat("collate") {
            let collation = c.name()?;
            column.collation = Some(collation.name).filter(|n| n != "default");
        } else if c.eat("generated") {
            let always = c.eat("always");
            if !always {
                c.eat_all(&["by", "default"]).then_some(())?;
                if c.eat_all(&["on", "null"]) {}
            }
            c.eat("as").then_some(())?;
            if c.eat("identity") {
                column.identity = Some(identity(c, always)?);
                column.nullable = false;
            } else {
                computed(c, column)?;
            }
        } else if c.eat("as") {
            computed(c, column)?;
        } else if c.eat_any(&["auto_increment", "autoincrement"]).is_some() {
            column.autoincrement = true;
        } else if c.eat("comment") {
            column.comment = Some(c.string()?);
        } else if c.eat_all(&["on", "update"]) {
            let text = default_text(c);
            column.on_update = Some(text.to_owned());
        } else if c.eat_all(&["character", "set"]) || c.eat("charset") {
            let charset = c.ident()?;
            if let TypeKind::Named { attributes, .. } = &mut column.data_type.kind {
                attributes.push(format!("character set {}", charset.to_lowercase()));
            }
        } else if c.eat("first") {
            read.position = Some(Position::First);
        } else if c.eat("after") {
            read.position = Some(Position::After(c.ident()?));
        } else if c.eat_any(&["storage", "compression", "column_format"]).is_some() {
            c.ident();
        } else if c
            .eat_any(&["visible", "invisible", "virtual", "stored", "persistent", "enforced"])
            .is_some()
        {
        } else if c.eat_all(&["not", "deferrable"]) || c.eat("deferrable") || c.eat("initially") {
            c.eat_any(&["deferred", "immediate"]);
        } else {
            return None;
        }
        Some(())
    }

    /// Keys in brackets: columns, expressions, with all that may stand behind them.
    pub(super) fn index_keys(&mut self, c: &mut Cursor<'_>) -> Option<Vec<IndexKey>> {
        let inner = c.in_brackets()?;
        let mut items = Cursor::new(inner, self.dialect);
        let mut keys = Vec::new();
        while !items.done() {
            keys.push(self.index_key(&mut items)?);
            if !items.eat_symbol(',') {
                break;
            }
        }
        items.done().then_some(keys)
    }

    fn index_key(&mut self, c: &mut Cursor<'_>) -> Option<IndexKey> {
        let mysql = self.dialect.is_mysql();
        let next_bracket = c.ahead(1).is_some_and(|t| t.symbol('('));
        let mut length = None;
        let ends_key = |c: &Cursor<'_>| {
            c.is_symbol(',') || c.is("collate") || c.is("asc") || c.is("desc") || c.is("nulls")
        };
        let mut behind = c.clone();
        let key_text = behind.text_until(ends_key);
        let part = if self.dialect == Dialect::Sqlite && behind.at > c.at + 1 {
            // Any expression may stand here without brackets of its own.
            *c = behind;
            KeyPart::Expression(strip(key_text).to_owned())
        } else if c.is_symbol('(') {
            let text = c.in_brackets()?;
            KeyPart::Expression(text.to_owned())
        } else if next_bracket && mysql && c.ahead(2).is_some_and(|t| t.kind == Kind::Number) {
            let name = c.ident()?;
            let digits = c.in_brackets()?;
            length = Some(digits.parse().ok()?);
            KeyPart::Column(name)
        } else if next_bracket || c.ahead(1).is_some_and(|t| t.symbol('.')) {
            let start = c.peek()?.start;
            c.name()?;
            if c.is_symbol('(') {
                c.skip_brackets();
            }
            let end = c.tokens.get(c.at.checked_sub(1)?)?.end;
            KeyPart::Expression(c.text.get(start..end)?.to_owned())
        } else {
            KeyPart::Column(c.ident()?)
        };
        let mut key = IndexKey { length, ..IndexKey::new(part) };
        while !c.done() && !c.is_symbol(',') {
            if c.eat("collate") {
                key.collation = Some(c.name()?.name);
            } else if c.eat("asc") {
                key.order = None;
            } else if c.eat("desc") {
                key.order = Some(Order::Descending);
            } else if c.eat_all(&["nulls", "first"]) {
                key.nulls = Some(NullsOrder::First);
            } else if c.eat_all(&["nulls", "last"]) {
                key.nulls = Some(NullsOrder::Last);
            } else {
                let mut class = c.name()?.to_string();
                if c.is_symbol('(') {
                    class.push_str(&format!(" ({})", c.in_brackets()?));
                }
                key.operator_class = Some(class);
            }
        }
        Some(key)
    }

    pub(super) fn create_index(
        &mut self,
        c: &mut Cursor<'_>,
        unique: bool,
        kind: Option<&str>,
    ) -> Option<()> {
        c.eat("concurrently");
        let if_not_exists = c.if_not_exists();
        let name = if c.is("on") { None } else { Some(c.name()?) };
        let mut method = kind.map(str::to_uppercase);
        if c.eat("using") {
            method = method.or(c.ident());
        }
        c.eat("on").then_some(())?;
        c.eat("only");
        let mut table = c.name()?;
        if table.schema.is_none()
            && let Some(schema) = name.as_ref().and_then(|n| n.schema.clone())
            && self.dialect == Dialect::Sqlite
        {
            table.schema = Some(schema);
        }
        if c.eat("using") {
            method = method.or(c.ident());
        }
        let keys = self.index_keys(c)?;
        let mut index = Index { unique, ..plain_index(name.map(|n| n.name), keys) };
        index.method = method.filter(|m| !m.eq_ignore_ascii_case("btree"));
        while !c.done() {
            if c.eat("include") {
                index.include = c.names_in_brackets()?;
            } else if c.eat_all(&["nulls", "not", "distinct"]) {
                index.nulls_not_distinct = true;
            } else if c.eat_all(&["nulls", "distinct"]) {
            } else if c.eat("with") {
                let inner = c.in_brackets()?;
                for item in inner.split(',') {
                    let (key, value) = item.split_once('=').unwrap_or((item, "true"));
                    let value = value.trim().trim_matches('\'');
                    index.options.push((key.trim().to_lowercase(), value.to_owned()));
                }
            } else if c.eat("tablespace") {
                index.options.push(("tablespace".to_owned(), c.ident()?));
            } else if c.eat("where") {
                let text = c.text_until(|_| false);
                index.predicate = Some(self.condition(strip(text)));
            } else if self.dialect.is_mysql() {
                c.at += 1;
            } else {
                return None;
            }
        }
        self.changes.push(Change::CreateIndex { table, index: Box::new(index), if_not_exists });
        Some(())
    }

    pub(super) fn alter_table(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        let table_if_exists = c.if_exists();
        c.eat("only");
        let mut table = c.name()?;
        c.eat_symbol('*');
        let first = self.changes.len();
        // A view, a sequence or an index may be altered as a table.
        loop {
            let before = c.at;
            if let Some(renamed) = self.table_action(c, &table, table_if_exists)? {
                table = renamed;
            }
            if c.done() {
                if self.dialect.is_mysql() {
                    // MySQL drops what stood before the statement, so a column takes no index with it that the
                    // statement drops by its name.
                    let is_drop =
                        |c: &Change| matches!(c, Change::DropIndex { .. } | Change::DropConstraint { .. });
                    self.changes[first..].sort_by_key(|change| !is_drop(change));
                }
                return Some(());
            }
            if !c.eat_symbol(',') || c.at == before {
                return None;
            }
        }
    }

    /// One action of `ALTER TABLE`; gives the table's new name when it has one.
    fn table_action(
        &mut self,
        c: &mut Cursor<'_>,
        table: &ObjectName,
        table_if_exists: bool,
    ) -> Option<Option<ObjectName>> {
        let mysql = self.dialect.is_mysql();
        let nothing = |reader: &mut Self, c: &mut Cursor<'_>| {
            reader.changes.push(Change::Nothing { what: "ALTER TABLE".to_owned() });
            c.text_until(|c| c.is_symbol(','));
        };
        if c.eat("add") {
            if self.is_constraint(c) {
                let item = self.table_constraint(c)?;
                self.push_item(table, item);
                return Some(None);
            }
            c.eat("column");
            let if_not_exists = c.if_not_exists();
            if mysql && c.is_symbol('(') {
                c.at += 1;
                while !c.eat_symbol(')') {
                    if c.done() {
                        return None;
                    }
                    if self.is_constraint(c) {
                        let item = self.table_constraint(c)?;
                        self.push_item(table, item);
                    } else {
                        let read = self.column(c)?;
                        self.push_column(table, read, if_not_exists, table_if_exists);
                    }
                    c.eat_symbol(',');
                }
                return Some(None);
            }
            let read = self.column(c)?;
            self.push_column(table, read, if_not_exists, table_if_exists);
            return Some(None);
        }
        if c.eat("drop") {
            if c.eat("constraint") {
                let if_exists = c.if_exists() || table_if_exists;
                let name = Some(c.ident()?);
                let cascade = behavior(c);
                self.changes.push(Change::DropConstraint {
                    table: table.clone(),
                    name,
                    kind: None,
                    if_exists,
                    cascade,
                });
            } else if mysql && c.eat_all(&["primary", "key"]) {
                self.drop_constraint(table, None, ConstraintKind::PrimaryKey);
            } else if mysql && c.eat_all(&["foreign", "key"]) {
                let if_exists = c.if_exists();
                let _ = if_exists;
                let name = c.ident()?;
                self.drop_constraint(table, Some(name), ConstraintKind::ForeignKey);
            } else if mysql && c.eat("check") {
                let name = c.ident()?;
                self.drop_constraint(table, Some(name), ConstraintKind::Check);
            } else if mysql && c.eat_any(&["key", "index"]).is_some() {
                let if_exists = c.if_exists();
                let name = c.ident()?;
                self.changes.push(Change::DropIndex {
                    name: table.sibling(name),
                    table: Some(table.clone()),
                    if_exists,
                    cascade: false,
                });
            } else {
                c.eat("column");
                let if_exists = c.if_exists() || table_if_exists;
                let column = c.ident()?;
                let cascade = behavior(c);
                self.changes.push(Change::DropColumn { table: table.clone(), column, if_exists, cascade });
            }
            return Some(None);
        }
        if c.eat("alter") {
            if c.eat("constraint") {
                let name = c.ident()?;
                let mut probe = Constraint::new(
                    None,
                    ConstraintBody::Check { expression: String::new(), no_inherit: false },
                );
                self.constraint_tail(c, &mut probe);
                self.changes.push(Change::SetConstraintMode { table: table.clone(), name, mode: probe.mode });
                return Some(None);
            }
            if mysql && c.eat_any(&["index", "check"]).is_some() {
                nothing(self, c);
                return Some(None);
            }
            c.eat("column");
            let column = c.ident()?;
            self.column_action(c, table, &column)?;
            return Some(None);
        }
        if c.eat("rename") {
            if c.eat("constraint") {
                let from = c.ident()?;
                c.eat("to").then_some(())?;
                let to = c.ident()?;
                self.changes.push(Change::RenameConstraint { table: table.clone(), from, to });
                return Some(None);
            }
            if mysql && c.eat_any(&["index", "key"]).is_some() {
                let from = table.sibling(c.ident()?);
                c.eat("to").then_some(())?;
                let to = c.ident()?;
                self.changes.push(Change::RenameIndex {
                    from,
                    table: Some(table.clone()),
                    to,
                    if_exists: false,
                });
                return Some(None);
            }
            if c.eat("to") || c.eat("as") || (mysql && !c.is("column")) {
                let to = c.name()?;
                let to = if to.schema.is_none() { table.sibling(to.name) } else { to };
                self.changes.push(Change::RenameTable {
                    from: table.clone(),
                    to: to.clone(),
                    if_exists: table_if_exists,
                });
                return Some(Some(to));
            }
            c.eat("column");
            let column = c.ident()?;
            c.eat("to").then_some(())?;
            let to = c.ident()?;
            self.alter_one(table, &column, ColumnAlteration::Rename(to));
            return Some(None);
        }
        if mysql && c.eat("modify") {
            c.eat("column");
            let read = self.column(c)?;
            let name = read.column.name.clone();
            self.definition(table, &name, read);
            return Some(None);
        }
        if mysql && c.eat("change") {
            c.eat("column");
            let old = c.ident()?;
            let read = self.column(c)?;
            self.definition(table, &old, read);
            return Some(None);
        }
        if mysql && c.eat_all(&["convert", "to"]) {
            self.convert(c, table)?;
            return Some(None);
        }
        if c.eat("validate") {
            c.eat("constraint").then_some(())?;
            let name = c.ident()?;
            self.changes.push(Change::ValidateConstraint { table: table.clone(), name });
            return Some(None);
        }
        if c.eat_all(&["set", "schema"]) {
            let schema = c.ident()?;
            let schema = ObjectName::new(Some(&schema), "", self.dialect).schema;
            let to = ObjectName { schema: schema.clone(), name: table.name.clone() };
            self.changes.push(Change::SetTableSchema { table: table.clone(), schema });
            return Some(Some(to));
        }
        let security = ["enable", "disable", "force"]
            .into_iter()
            .find(|w| c.is(w))
            .filter(|_| c.ahead(1).is_some_and(|t| t.is("row")));
        if let Some(word) = security {
            c.at += 4;
            let text = format!(
                "ALTER TABLE {} {} ROW LEVEL SECURITY",
                crate::ddl::quote_object(table, self.dialect),
                word.to_uppercase()
            );
            let object = NamedObject {
                kind: ObjectKind::Policy,
                name: table.sibling(if word == "force" { "force" } else { "" }),
                table: Some(table.clone()),
                signature: None,
                text,
                mentions: BTreeSet::from([table.clone()]),
                comment: None,
                origin: Origin::default(),
            };
            self.changes.push(if word == "disable" {
                Change::DropObject {
                    kind: ObjectKind::Policy,
                    name: object.name,
                    table: object.table,
                    signature: None,
                    if_exists: true,
                    cascade: false,
                }
            } else {
                Change::CreateObject { object: Box::new(object), or_replace: true, if_not_exists: false }
            });
            return Some(None);
        }
        if c.eat_all(&["attach", "partition"]) {
            let child = c.name()?;
            let bounds = c.text_until(|_| false).to_owned();
            let parent = crate::ddl::quote_object(table, self.dialect);
            self.changes.push(Change::SetTableOption {
                table: child,
                key: "partition of".to_owned(),
                value: Some(format!("{parent} {bounds}")),
            });
            return Some(None);
        }
        if c.eat_all(&["detach", "partition"]) {
            let child = c.name()?;
            c.text_until(|_| false);
            self.changes.push(Change::SetTableOption {
                table: child,
                key: "partition of".to_owned(),
                value: None,
            });
            return Some(None);
        }
        if mysql {
            let mut probe = Table::new(table.clone());
            let from = c.at;
            self.table_options(&mut c.clone(), &mut probe);
            c.text_until(|c| c.is_symbol(','));
            for (key, value) in probe.options {
                self.changes.push(Change::SetTableOption { table: table.clone(), key, value: Some(value) });
            }
            if let Some(text) = probe.comment {
                self.changes.push(Change::Comment { on: ObjectRef::Table(table.clone()), text: Some(text) });
            }
            return (c.at > from).then_some(None);
        }
        let without_effect = [
            "owner", "enable", "disable", "cluster", "replica", "set", "reset", "no", "inherit", "not", "of",
        ];
        if without_effect.contains(&c.word()) {
            if c.is("inherit") || (c.is("no") && c.ahead(1).is_some_and(|t| t.is("inherit"))) {
                self.exact = false;
            }
            nothing(self, c);
            return Some(None);
        }
        None
    }

    fn drop_constraint(&mut self, table: &ObjectName, name: Option<String>, kind: ConstraintKind) {
        self.changes.push(Change::DropConstraint {
            table: table.clone(),
            name,
            kind: Some(kind),
            if_exists: false,
            cascade: false,
        });
    }

    fn push_item(&mut self, table: &ObjectName, item: TableConstraint) {
        match item {
            TableConstraint::Constraint(constraint) => {
                let (constraint, using_index) = take_using(constraint);
                self.changes.push(Change::AddConstraint {
                    table: table.clone(),
                    constraint: Box::new(constraint),
                    using_index,
                    if_not_exists: false,
                });
            }
            TableConstraint::Index(index) => {
                self.changes.push(Change::CreateIndex {
                    table: table.clone(),
                    index: Box::new(index),
                    if_not_exists: false,
                });
            }
        }
    }

    fn push_column(
        &mut self,
        table: &ObjectName,
        read: ReadColumn,
        if_not_exists: bool,
        table_if_exists: bool,
    ) {
        self.changes.push(Change::AddColumn {
            table: table.clone(),
            column: Box::new(read.column),
            constraints: read.constraints,
            if_not_exists,
            table_if_exists,
            position: read.position.unwrap_or_default(),
        });
        for index in read.indexes {
            self.push_item(table, TableConstraint::Index(index));
        }
    }

    fn definition(&mut self, table: &ObjectName, old: &str, read: ReadColumn) {
        let alteration =
            ColumnAlteration::Definition { column: Box::new(read.column), position: read.position };
        self.alter_one(table, old, alteration);
        for constraint in read.constraints {
            self.push_item(table, TableConstraint::Constraint(constraint));
        }
    }

    fn alter_one(&mut self, table: &ObjectName, column: &str, alteration: ColumnAlteration) {
        self.changes.push(Change::AlterColumn {
            table: table.clone(),
            column: column.to_owned(),
            alteration,
        });
    }

    fn column_action(&mut self, c: &mut Cursor<'_>, table: &ObjectName, column: &str) -> Option<()> {
        let alteration = if c.eat_all(&["set", "data", "type"]) || c.eat("type") {
            let (data_type, mut collation) = self.data_type(c)?;
            if c.eat("collate") {
                collation = Some(c.name()?.name);
            }
            let using =
                if c.eat("using") { Some(c.text_until(|c| c.is_symbol(',')).to_owned()) } else { None };
            ColumnAlteration::Type { data_type, using, collation }
        } else if c.eat_all(&["set", "not", "null"]) {
            ColumnAlteration::Nullable(false)
        } else if c.eat_all(&["drop", "not", "null"]) {
            ColumnAlteration::Nullable(true)
        } else if c.eat_all(&["set", "default"]) {
            let text = c.text_until(|c| c.is_symbol(','));
            let default = read_default(text, self.dialect);
            let null = matches!(&default, Default::Expression(t) if t.eq_ignore_ascii_case("null"));
            ColumnAlteration::Default((!null).then_some(default))
        } else if c.eat_all(&["drop", "default"]) {
            ColumnAlteration::Default(None)
        } else if c.eat_all(&["drop", "expression"]) {
            c.if_exists();
            ColumnAlteration::DropExpression
        } else if c.eat_all(&["drop", "identity"]) {
            c.if_exists();
            ColumnAlteration::Identity(None)
        } else if c.eat_all(&["add", "generated"]) {
            let always = c.eat("always");
            if !always {
                c.eat_all(&["by", "default"]).then_some(())?;
            }
            c.eat_all(&["as", "identity"]).then_some(())?;
            ColumnAlteration::Identity(Some(identity(c, always)?))
        } else if c.eat_any(&["set", "reset"]).is_some() {
            // Statistics, storage, options.
            c.text_until(|c| c.is_symbol(','));
            self.changes.push(Change::Nothing { what: "ALTER COLUMN SET".to_owned() });
            return Some(());
        } else {
            return None;
        };
        self.alter_one(table, column, alteration);
        Some(())
    }
}

/// What stands between the brackets of a table beside columns.
pub(crate) enum TableConstraint {
    Constraint(Constraint),
    Index(Index),
}

/// `USING INDEX name` travels in the comment until the change is made.
fn using(mut constraint: Constraint, index: String) -> Constraint {
    constraint.comment = Some(format!("\u{0}{index}"));
    constraint
}

fn take_using(mut constraint: Constraint) -> (Constraint, Option<String>) {
    let index = constraint.comment.as_deref().and_then(|c| c.strip_prefix('\u{0}')).map(str::to_owned);
    if index.is_some() {
        constraint.comment = None;
    }
    (constraint, index)
}

fn named(mut constraint: Constraint) -> Constraint {
    if constraint.name.is_some() {
        constraint.name_kind = crate::model::NameKind::Explicit;
    }
    constraint
}

pub(super) fn plain_index(name: Option<String>, keys: Vec<IndexKey>) -> Index {
    Index {
        name,
        unique: false,
        method: None,
        keys,
        include: Vec::new(),
        predicate: None,
        nulls_not_distinct: false,
        options: Vec::new(),
        comment: None,
        origin: Origin::default(),
    }
}

fn action(c: &mut Cursor<'_>) -> Option<Action> {
    if c.eat_all(&["no", "action"]) {
        Some(Action::NoAction)
    } else if c.eat("restrict") {
        Some(Action::Restrict)
    } else if c.eat("cascade") {
        Some(Action::Cascade)
    } else if c.eat_all(&["set", "null"]) {
        Some(Action::SetNull)
    } else if c.eat_all(&["set", "default"]) {
        Some(Action::SetDefault)
    } else {
        None
    }
}

/// `CASCADE` or `RESTRICT`.
pub(super) fn behavior(c: &mut Cursor<'_>) -> bool {
    let cascade = c.eat("cascade");
    c.eat("restrict");
    cascade
}

fn computed(c: &mut Cursor<'_>, column: &mut Column) -> Option<()> {
    let expression = c.in_brackets()?.to_owned();
    let stored = c.eat("stored") || c.eat("persistent");
    c.eat("virtual");
    column.computed = Some(Computed { expression, stored });
    Some(())
}

/// Says whether what follows no longer belongs to a default.
fn stops(c: &Cursor<'_>) -> bool {
    if c.is_symbol(',') {
        return true;
    }
    let before_is_operator =
        c.at.checked_sub(1).and_then(|at| c.tokens.get(at)).is_some_and(|t| match t.kind {
            Kind::Symbol(s) => "+-*/|:<>=%".contains(s),
            _ => false,
        });
    if before_is_operator {
        return false;
    }
    match c.word() {
        "constraint" | "default" | "primary" | "unique" | "references" | "check" | "collate"
        | "generated" | "auto_increment" | "comment" | "deferrable" | "initially" | "first" | "after"
        | "key" => true,
        "not" => c.ahead(1).is_some_and(|t| t.is("null") || t.is("deferrable")),
        "null" => true,
        "on" => c.ahead(1).is_some_and(|t| t.is("update")),
        _ => false,
    }
}

/// What stands behind `DEFAULT`: the first piece belongs to it whatever it is.
fn default_text<'t>(c: &mut Cursor<'t>) -> &'t str {
    let Some(start) = c.peek().map(|t| t.start) else { return "" };
    if c.is_symbol('(') {
        c.skip_brackets();
    } else {
        c.at += 1;
    }
    c.text_until(stops);
    let end = c.tokens.get(c.at.saturating_sub(1)).map_or(start, |t| t.end);
    c.text.get(start..end).unwrap_or_default().trim()
}

/// An expression of MySQL or SQLite without the brackets that its grammar wants around it.
fn unwrapped(text: &str, mysql: bool) -> &str {
    if mysql { strip(text) } else { text }
}

/// Takes brackets off that stand around the whole text.
pub(super) fn strip(text: &str) -> &str {
    let mut text = text.trim();
    while text.starts_with('(') && text.ends_with(')') {
        let mut cursor = Cursor::new(text, Dialect::PostgreSql);
        cursor.skip_brackets();
        if !cursor.done() {
            break;
        }
        text = text[1..text.len() - 1].trim();
    }
    text
}

/// `integer[5]` and `integer ARRAY[3]` as `integer[]`.
fn plain_brackets(text: &str) -> String {
    let lower = text.to_lowercase();
    let text = match lower.find(" array") {
        Some(at) => format!("{}[]", &text[..at]),
        None => text.to_owned(),
    };
    match text.find('[') {
        Some(at) => format!("{}[]", text[..at].trim_end()),
        None => text,
    }
}

/// Options of a sequence; also its owner when one is said.
#[allow(clippy::type_complexity)]
pub(super) fn sequence_options(
    c: &mut Cursor<'_>,
) -> (SequenceOptions, Option<Option<(ObjectName, String)>>) {
    let (options, owner, _) = all_sequence_options(c);
    (options, owner)
}

/// What may stand behind `AS IDENTITY`.
fn identity(c: &mut Cursor<'_>, always: bool) -> Option<Identity> {
    if !c.is_symbol('(') {
        return Some(Identity::new(always, SequenceOptions::default()));
    }
    let inner = c.in_brackets()?;
    let (options, _, sequence) = all_sequence_options(&mut Cursor::new(inner, c.dialect));
    Some(Identity { sequence, ..Identity::new(always, options) })
}

/// Options, owner, and the name that `SEQUENCE NAME` gives.
#[allow(clippy::type_complexity)]
fn all_sequence_options(
    c: &mut Cursor<'_>,
) -> (SequenceOptions, Option<Option<(ObjectName, String)>>, Option<ObjectName>) {
    let mut name = None;
    let mut options = SequenceOptions::default();
    let mut owner = None;
    while !c.done() {
        if c.eat("as") {
            let text = c.text_until(|c| {
                matches!(
                    c.word(),
                    "start" | "increment" | "minvalue" | "maxvalue" | "no" | "cache" | "cycle" | "owned"
                )
            });
            if let TypeKind::Named { name, .. } = types::canonical(text, c.dialect).0 {
                options.data_type = Some(name);
            }
        } else if c.eat("start") {
            c.eat("with");
            options.start = c.number();
        } else if c.eat("increment") {
            c.eat("by");
            options.increment = c.number();
        } else if c.eat("minvalue") {
            options.minimum = c.number();
        } else if c.eat("maxvalue") {
            options.maximum = c.number();
        } else if c.eat("cache") {
            options.cache = c.number();
        } else if c.eat("cycle") {
            options.cycle = true;
        } else if c.eat_all(&["sequence", "name"]) {
            name = c.name();
        } else if c.eat_all(&["owned", "by"]) {
            if c.eat("none") {
                owner = Some(None);
            } else {
                let mut parts = Vec::new();
                while let Some(part) = c.ident() {
                    parts.push(part);
                    if !c.eat_symbol('.') {
                        break;
                    }
                }
                if let Some(column) = parts.pop()
                    && let Some(table) = parts.pop()
                {
                    let schema = parts.pop();
                    owner = Some(Some((ObjectName::new(schema.as_deref(), table, c.dialect), column)));
                }
            }
        } else {
            c.at += 1;
        }
    }
    (options, owner, name)
}
