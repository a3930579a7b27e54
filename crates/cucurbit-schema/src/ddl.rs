//! A database written as SQL that makes it from empty.
//!
//! [`ddl`] is total: what cannot be written is left out and listed with the reason. Text that is SQL
//! already (defaults, checks, views) is taken over as it stands, unless it could leave its place.

mod mysql;
mod order;
mod postgresql;
mod quote;
mod sqlite;
pub mod steps;
#[cfg(test)]
mod tests;
mod text;
mod types;

use crate::change::ObjectRef;
use crate::model::{
    Action, CheckMode, Column, Constraint, ConstraintBody, Database, Dialect, KeyPart, NamedObject,
    ObjectKey, ObjectKeyOrTable, ObjectKind, ObjectName, Origin, SequenceOptions, Table, TypeKind,
};
use order::{Phase, Piece};
use std::collections::{BTreeMap, BTreeSet};

pub use quote::{quote_name, quote_object, quote_string};
pub(crate) use text::first_name;
pub use types::type_sql;

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DdlStatement {
    /// The statement, without its semicolon.
    pub sql: String,
    /// What made the object; the default one for statements that make none (`SET`).
    pub origin: Origin,
    /// The object that the statement makes, changes or describes.
    pub object: Option<ObjectRef>,
}

/// Something that is not written, or not wholly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Omission {
    /// What it is, or what it belongs to when it has no name.
    pub object: ObjectRef,
    /// Why, in a short sentence without a full stop.
    pub reason: String,
}

/// A database as SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ddl {
    /// Whose SQL it is.
    pub dialect: Dialect,
    /// The statements in an order that runs on an empty database.
    pub statements: Vec<DdlStatement>,
    /// What is missing from them.
    pub omissions: Vec<Omission>,
}

impl Ddl {
    /// Writes all statements for psql, sqlite3 or mysql to read.
    #[must_use]
    pub fn to_sql(&self) -> String {
        let mut sql = String::new();
        for statement in &self.statements {
            if self.dialect.is_mysql() && text::holds_semicolon(&statement.sql, self.dialect) {
                let mut delimiter = "$$".to_owned();
                while statement.sql.contains(&delimiter) {
                    delimiter.push('$');
                }
                sql.push_str(&format!("DELIMITER {delimiter}\n{}{delimiter}\nDELIMITER ;\n", statement.sql));
            } else {
                sql.push_str(&statement.sql);
                sql.push_str(";\n");
            }
        }
        sql
    }
}

/// Writes a database as statements that make it on an empty one, in the database's own dialect.
///
/// What surely cannot run is left out and listed: unknown types, defaults and labels, names and texts that
/// would break the statement they stand in, and whatever needs something that is left out. A table that an
/// unknown effect may have changed is written as it is known, and listed.
#[must_use]
pub fn ddl(database: &Database) -> Ddl {
    let mut writer = Writer::new(database);
    match database.dialect {
        Dialect::PostgreSql => postgresql::write(&mut writer),
        Dialect::Sqlite => sqlite::write(&mut writer),
        Dialect::MySql | Dialect::MariaDb => mysql::write(&mut writer),
    }
    writer.finish()
}

/// A piece of SQL, or why it cannot be written.
type Written = Result<String, String>;

/// What the writers of all dialects share.
struct Writer<'a> {
    database: &'a Database,
    dialect: Dialect,
    pieces: Vec<Piece>,
    omissions: Vec<Omission>,
    /// Tables that are written, in the order in which they were made.
    tables: Vec<&'a Table>,
    /// Their names, folded, with the columns that are written, folded.
    columns: BTreeMap<ObjectName, BTreeSet<String>>,
    /// Columns that are not written, folded, by table.
    left_out: BTreeMap<ObjectName, BTreeSet<String>>,
    /// Tables and views that are not written, folded.
    lost: BTreeSet<ObjectName>,
}

impl<'a> Writer<'a> {
    fn new(database: &'a Database) -> Self {
        Writer::of(database, database.tables.values().map(AsRef::as_ref))
    }

    /// Knows no other tables than these.
    fn of(database: &'a Database, tables: impl Iterator<Item = &'a Table>) -> Self {
        let dialect = database.dialect;
        let mut writer = Writer {
            database,
            dialect,
            pieces: Vec::new(),
            omissions: Vec::new(),
            tables: Vec::new(),
            columns: BTreeMap::new(),
            left_out: BTreeMap::new(),
            lost: BTreeSet::new(),
        };
        let place = |table: &&Table| {
            database.made.get(&ObjectKeyOrTable::Table(table.name.clone())).copied().unwrap_or(u64::MAX)
        };
        let mut tables: Vec<&Table> = tables.collect();
        tables.sort_by_key(place);
        for table in tables {
            if let Err(reason) = writer.look_at_table(table) {
                writer.lost.insert(writer.key(&table.name));
                writer.omit(ObjectRef::Table(table.name.clone()), reason);
            }
        }
        writer
    }

    /// Decides whether a table is written, and which of its columns are.
    fn look_at_table(&mut self, table: &'a Table) -> Result<(), String> {
        self.object(&table.name)?;
        if self.dialect == Dialect::Sqlite {
            if table.name.schema.is_some() {
                return Err("SQLite cannot make a table in another schema".to_owned());
            }
            if table.name.name.to_ascii_lowercase().starts_with("sqlite_") {
                return Err("SQLite makes this table itself".to_owned());
            }
        }
        let mut written = BTreeSet::new();
        let mut left_out = BTreeSet::new();
        for column in &table.columns {
            let folded = self.fold(&column.name);
            match self.look_at_column(column) {
                Ok(()) => _ = written.insert(folded),
                Err(reason) => {
                    left_out.insert(folded);
                    self.omit(ObjectRef::Column(table.name.clone(), column.name.clone()), reason);
                }
            }
        }
        if written.is_empty() && self.dialect != Dialect::PostgreSql {
            return Err("no column of it can be written".to_owned());
        }
        if table.tainted {
            self.omit(
                ObjectRef::Table(table.name.clone()),
                "what an unknown effect may have done to it since".to_owned(),
            );
        }
        let key = self.key(&table.name);
        self.columns.insert(key.clone(), written);
        self.left_out.insert(key, left_out);
        self.tables.push(table);
        Ok(())
    }

    fn look_at_column(&self, column: &Column) -> Result<(), String> {
        self.name(&column.name)?;
        types::write(&column.data_type.kind, self.dialect)?;
        let mut kind = &column.data_type.kind;
        while let TypeKind::Array { element, .. } = kind {
            kind = element;
        }
        match kind {
            TypeKind::Named { name, .. } if self.dialect == Dialect::PostgreSql => {
                let name = types::object_name(name);
                for kind in [ObjectKind::Domain, ObjectKind::Type] {
                    if let Some(object) = self.database.objects.get(&(kind, None, name.clone(), None)) {
                        text::statement(&object.text, self.dialect)
                            .map_err(|_| format!("its type `{name}` is left out"))?;
                    }
                }
                Ok(())
            }
            TypeKind::Enum { name: Some(name), .. } if self.dialect == Dialect::PostgreSql => {
                match self.database.enums.get(name) {
                    None => Err(format!("nothing made its enum type `{name}`")),
                    Some(found) => postgresql::labels(found)
                        .map(|_| ())
                        .map_err(|why| format!("its enum type `{name}` cannot be written: {why}")),
                }
            }
            _ => Ok(()),
        }
    }

    fn finish(self) -> Ddl {
        Ddl {
            dialect: self.dialect,
            statements: order::sort(self.pieces, self.dialect),
            omissions: self.omissions,
        }
    }

    fn omit(&mut self, object: ObjectRef, reason: impl Into<String>) {
        self.omissions.push(Omission { object, reason: reason.into() });
    }

    fn fold(&self, name: &str) -> String {
        text::fold(name, self.dialect)
    }

    fn key(&self, name: &ObjectName) -> ObjectName {
        ObjectName { schema: name.schema.as_deref().map(|s| self.fold(s)), name: self.fold(&name.name) }
    }

    fn name(&self, name: &str) -> Written {
        quote::checked_name(name, self.dialect)
    }

    fn names(&self, names: &[String]) -> Written {
        quote::checked_names(names, self.dialect)
    }

    fn object(&self, name: &ObjectName) -> Written {
        quote::checked_object(name, self.dialect)
    }

    fn string(&self, text: &str) -> Written {
        quote::checked_string(text, self.dialect)
    }

    fn expression(&self, text: &str) -> Written {
        text::expression(text, self.dialect)
    }

    /// Names that a text mentions.
    fn mentioned(&self, text: &str) -> BTreeSet<ObjectName> {
        text::names(text, self.dialect)
    }

    /// An expression over the columns of a table, none of which is left out.
    fn expression_on(&self, table: &Table, text: &str) -> Written {
        let sql = self.expression(text)?;
        let left_out = self.left_out.get(&self.key(&table.name));
        if left_out.is_some_and(|columns| !columns.is_empty()) {
            for name in self.mentioned(&sql) {
                if name.schema.is_none() && left_out.is_some_and(|columns| columns.contains(&name.name)) {
                    return Err(format!("its column `{}` is left out", name.name));
                }
            }
        }
        Ok(sql)
    }

    /// Column names with commas between, all of which are written.
    fn columns_of(&self, table: &ObjectName, columns: &[String]) -> Written {
        let key = self.key(table);
        let Some(written) = self.columns.get(&key) else {
            return Err(format!("the table `{table}` is not there"));
        };
        // Columns of a parent table need not be listed.
        let inherits = self
            .database
            .table(table)
            .is_some_and(|t| t.options.contains_key("inherits") || t.options.contains_key("partition of"));
        for column in columns {
            let folded = self.fold(column);
            if self.left_out.get(&key).is_some_and(|left_out| left_out.contains(&folded)) {
                return Err(format!("the column `{column}` is left out"));
            }
            if !written.contains(&folded) && !inherits {
                return Err(format!("there is no column `{column}` in `{table}`"));
            }
        }
        self.names(columns)
    }

    /// Columns of a table that are written.
    fn written_columns(&self, table: &'a Table) -> Vec<&'a Column> {
        let written = self.columns.get(&self.key(&table.name));
        table
            .columns
            .iter()
            .filter(|c| written.is_some_and(|columns| columns.contains(&self.fold(&c.name))))
            .collect()
    }

    fn push(
        &mut self,
        phase: Phase,
        sql: String,
        origin: Origin,
        object: Option<ObjectRef>,
        needs: BTreeSet<ObjectName>,
    ) {
        let statement = DdlStatement { sql, origin, object };
        self.pieces.push(Piece { phase, statement, makes: None, needs });
    }

    /// Pushes a statement that makes something that others may need.
    fn push_maker(
        &mut self,
        phase: Phase,
        sql: String,
        origin: Origin,
        object: ObjectRef,
        makes: ObjectName,
        needs: BTreeSet<ObjectName>,
    ) {
        let statement = DdlStatement { sql, origin, object: Some(object) };
        self.pieces.push(Piece { phase, statement, makes: Some(makes), needs });
    }

    /// Pushes what was written, or lists why not.
    fn push_or_omit(
        &mut self,
        phase: Phase,
        written: Written,
        origin: Origin,
        object: ObjectRef,
        needs: BTreeSet<ObjectName>,
    ) {
        match written {
            Ok(sql) => self.push(phase, sql, origin, Some(object), needs),
            Err(reason) => self.omit(object, reason),
        }
    }

    /// Objects that are kept as their text, in the order in which they were made.
    fn objects(&self) -> Vec<&'a NamedObject> {
        let place = |key: &ObjectKey| {
            self.database.made.get(&ObjectKeyOrTable::Object(key.clone())).copied().unwrap_or(u64::MAX)
        };
        let mut objects: Vec<(&ObjectKey, &NamedObject)> =
            self.database.objects.iter().map(|(key, object)| (key, object.as_ref())).collect();
        objects.sort_by_key(|(key, _)| place(key));
        objects.into_iter().map(|(_, object)| object).collect()
    }

    /// Says whether a relation of that name is written: a table, or a view and the like.
    fn has_relation(&self, name: &ObjectName) -> bool {
        let key = self.key(name);
        let stands = |object: &NamedObject| {
            matches!(
                object.kind,
                ObjectKind::View
                    | ObjectKind::MaterializedView
                    | ObjectKind::VirtualTable
                    | ObjectKind::Other
            ) && self.key(&object.name) == key
        };
        self.columns.contains_key(&key) || self.database.objects.values().any(|object| stands(object))
    }

    /// Says whether an object that is kept as its text needs something that is not written.
    fn look_at_object(&self, object: &NamedObject, sql: &str) -> Result<(), String> {
        if let Some(table) = &object.table
            && !self.has_relation(table)
        {
            return Err(format!("`{table}` is not there"));
        }
        let names = self.mentioned(sql);
        for name in names.iter().chain(&object.table) {
            let key = self.key(name);
            if self.lost.contains(&key) {
                return Err(format!("`{name}` is left out"));
            }
            for column in self.left_out.get(&key).into_iter().flatten() {
                if names.contains(&ObjectName::plain(column)) {
                    return Err(format!("the column `{column}` of `{name}` is left out"));
                }
            }
        }
        Ok(())
    }

    /// Pushes an object that is kept as its text; says whether it could be written.
    fn push_object(&mut self, phase: Phase, object: &NamedObject) -> bool {
        let written = text::statement(&object.text, self.dialect).and_then(|sql| {
            self.look_at_object(object, &sql)?;
            Ok(sql)
        });
        let sql = match written {
            Ok(sql) => sql,
            Err(reason) => {
                if matches!(
                    object.kind,
                    ObjectKind::View | ObjectKind::MaterializedView | ObjectKind::VirtualTable
                ) {
                    self.lost.insert(self.key(&object.name));
                }
                self.omit(object_ref(object), reason);
                return false;
            }
        };
        let mut needs = self.mentioned(&sql);
        needs.extend(object.table.clone());
        // A body is not looked into when a function is made.
        let routine = matches!(object.kind, ObjectKind::Function | ObjectKind::Procedure);
        if !routine {
            needs.extend(object.mentions.iter().cloned());
        }
        let makes = matches!(
            object.kind,
            ObjectKind::Collation
                | ObjectKind::Domain
                | ObjectKind::Type
                | ObjectKind::Function
                | ObjectKind::Procedure
                | ObjectKind::Aggregate
                | ObjectKind::View
                | ObjectKind::MaterializedView
                | ObjectKind::VirtualTable
                | ObjectKind::Other
        );
        if makes {
            self.push_maker(phase, sql, object.origin, object_ref(object), object.name.clone(), needs);
        } else {
            self.push(phase, sql, object.origin, Some(object_ref(object)), needs);
        }
        true
    }
}

/// How an object that is kept as its text is referred to.
fn object_ref(object: &NamedObject) -> ObjectRef {
    ObjectRef::Object(object.kind, object.table.clone(), object.name.clone())
}

/// How a constraint is referred to: by its table when it has no name.
fn constraint_ref(table: &Table, constraint: &Constraint) -> ObjectRef {
    match &constraint.name {
        Some(name) => ObjectRef::Constraint(table.name.clone(), name.clone()),
        None => ObjectRef::Table(table.name.clone()),
    }
}

/// How an index is referred to: by its table when it has no name.
fn index_ref(table: &Table, name: Option<&str>) -> ObjectRef {
    match name {
        Some(name) => ObjectRef::Index(table.name.sibling(name), Some(table.name.clone())),
        None => ObjectRef::Table(table.name.clone()),
    }
}

/// Writes what a foreign key does.
fn action(action: Action) -> &'static str {
    action.clause().unwrap_or("NO ACTION")
}

/// Writes `DEFERRABLE` and `INITIALLY`, a space in front.
fn check_mode(mode: CheckMode) -> &'static str {
    match mode {
        CheckMode::Immediate => "",
        CheckMode::Deferrable => " DEFERRABLE",
        CheckMode::Deferred => " DEFERRABLE INITIALLY DEFERRED",
    }
}

/// Writes how a sequence counts, with a space in front of each part.
fn sequence_options(options: &SequenceOptions) -> String {
    let mut sql = String::new();
    let parts = [
        ("START WITH", options.start),
        ("INCREMENT BY", options.increment),
        ("MINVALUE", options.minimum),
        ("MAXVALUE", options.maximum),
        ("CACHE", options.cache),
    ];
    for (word, value) in parts {
        if let Some(value) = value {
            sql.push_str(&format!(" {word} {value}"));
        }
    }
    if options.cycle {
        sql.push_str(" CYCLE");
    }
    sql
}

/// Puts in front of a reason which constraint is meant, when it has no name to be known by.
fn about(constraint: &Constraint, reason: &str) -> String {
    if constraint.name.is_some() {
        return reason.to_owned();
    }
    let kind = match constraint.body {
        ConstraintBody::PrimaryKey { .. } => "its primary key",
        ConstraintBody::Unique { .. } => "a unique constraint of it",
        ConstraintBody::ForeignKey { .. } => "a foreign key of it",
        ConstraintBody::Check { .. } => "a check of it",
        ConstraintBody::Exclude { .. } => "an exclusion constraint of it",
    };
    format!("{kind}: {reason}")
}

/// Returns the texts of a constraint or an index that may mention functions.
fn constraint_texts(constraint: &Constraint) -> Vec<&str> {
    match &constraint.body {
        ConstraintBody::Check { expression, .. } => vec![expression],
        ConstraintBody::Exclude { elements, predicate, .. } => {
            elements.iter().chain(predicate).map(String::as_str).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the texts of an index that may mention functions.
fn index_texts(index: &crate::model::Index) -> Vec<&str> {
    let expressions = index.keys.iter().filter_map(|key| match &key.part {
        KeyPart::Expression(text) => Some(text.as_str()),
        KeyPart::Column(_) => None,
    });
    let classes = index.keys.iter().filter_map(|key| key.operator_class.as_deref());
    expressions.chain(classes).chain(index.predicate.as_deref()).collect()
}

/// Writes the items of a `CREATE TABLE`, one on a line.
fn in_brackets(items: &[String]) -> String {
    if items.is_empty() { "()".to_owned() } else { format!("(\n    {}\n)", items.join(",\n    ")) }
}

/// Returns a list without the pair of brackets that goes around the whole, if there is one.
fn without_brackets(text: &str, dialect: Dialect) -> Written {
    let whole = text::list(text, dialect)?;
    let inner = whole.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    Ok(inner.and_then(|inner| text::list(inner, dialect).ok()).unwrap_or(whole))
}

/// The statement that makes an index of a materialized view; `None` where it cannot be written, or the database has no
/// such indexes.
pub(crate) fn index_of_view(
    database: &Database,
    view: &ObjectName,
    index: &crate::model::Index,
) -> Option<String> {
    if database.dialect != Dialect::PostgreSql {
        return None;
    }
    // A table in the place of the view, with the columns that count; their types do not.
    let mut table = Table::new(view.clone());
    let of_keys = index.keys.iter().filter_map(|key| match &key.part {
        KeyPart::Column(name) => Some(name),
        KeyPart::Expression(_) => None,
    });
    for name in of_keys.chain(&index.include) {
        let data_type = crate::model::DataType::named("text", &[]);
        table.columns.push(Column::new(name.clone(), data_type));
    }
    let writer = Writer::of(database, std::iter::once(&table));
    postgresql::index_sql(&writer, &table, index).ok()
}
