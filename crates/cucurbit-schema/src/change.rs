//! What can be done to a database, and what came of doing it.

use crate::DataType;
use crate::model::{
    Column, Constraint, ConstraintKind, Default, EnumType, Identity, Index, NamedObject, ObjectKind,
    ObjectName, Origin, Sequence, SequenceOptions, Table,
};
use std::collections::BTreeSet;

/// Where MySQL puts a column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Position {
    /// Behind the others.
    #[default]
    Last,
    /// Before the others.
    First,
    /// Behind that one.
    After(String),
}

/// Where a new enum label goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LabelPosition {
    /// Behind the others.
    #[default]
    Last,
    /// Before that label.
    Before(String),
    /// Behind that label.
    After(String),
}

/// What happens to the rows of a table. Schema rules need it; the schema itself does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowEffect {
    /// `INSERT`, `COPY`, `REPLACE`, `MERGE`.
    Insert,
    /// `UPDATE`.
    Update,
    /// `DELETE`, `TRUNCATE`.
    Delete,
    /// `SELECT` and other reading.
    Read,
}

/// How far an effect that cannot be known may reach.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// These tables only.
    Tables(BTreeSet<ObjectName>),
    /// These named objects that are no tables.
    Objects(BTreeSet<ObjectName>),
    /// Anything.
    Anything,
}

/// An effect that cannot be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownEffect {
    /// How far it may reach.
    pub extent: Extent,
    /// Why it cannot be known.
    pub reason: String,
    /// The statement or call, shortened for people.
    pub text: String,
}

/// One change of one attribute of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnAlteration {
    /// Its type; `using` as written; the collation that came with it.
    Type {
        /// The new type.
        data_type: DataType,
        /// `USING`.
        using: Option<String>,
        /// `COLLATE`; `None` leaves what the type gives.
        collation: Option<String>,
    },
    /// Whether it may hold NULL.
    Nullable(bool),
    /// Its default; `None` drops it.
    Default(Option<Default>),
    /// Its name.
    Rename(String),
    /// Its comment.
    Comment(Option<String>),
    /// Identity: added, changed or dropped.
    Identity(Option<Identity>),
    /// `DROP EXPRESSION`: the computed column becomes a plain one.
    DropExpression,
    /// MySQL's `AUTO_INCREMENT`.
    Autoincrement(bool),
    /// MySQL's `MODIFY` and `CHANGE`, which write the whole column anew; keys and checks stay.
    Definition {
        /// The whole column, perhaps under a new name.
        column: Box<Column>,
        /// Where it goes, when said.
        position: Option<Position>,
    },
}

/// What a comment is put on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectRef {
    /// A schema.
    Schema(String),
    /// A table.
    Table(ObjectName),
    /// A column of a table.
    Column(ObjectName, String),
    /// A constraint of a table.
    Constraint(ObjectName, String),
    /// An index, with its table where that is known.
    Index(ObjectName, Option<ObjectName>),
    /// An enum type.
    Enum(ObjectName),
    /// A sequence.
    Sequence(ObjectName),
    /// Anything else: its kind, its table (for triggers, policies, rules), its name.
    Object(ObjectKind, Option<ObjectName>, ObjectName),
}

/// One change. A statement or a call may be several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `CREATE SCHEMA`.
    CreateSchema {
        /// Its name.
        name: String,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `DROP SCHEMA`.
    DropSchema {
        /// Its name.
        name: String,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `CREATE TABLE`, its constraints and, where the source made them together, its indexes included.
    CreateTable {
        /// The table.
        table: Box<Table>,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// `TEMPORARY`: seen by later statements, not part of the schema.
        temporary: bool,
    },
    /// `CREATE TABLE … AS SELECT`, `LIKE`, `PARTITION OF`: columns come from elsewhere.
    CreateTableFrom {
        /// The new table.
        name: ObjectName,
        /// `LIKE` or `PARTITION OF` that table; `None` for a query.
        like: Option<ObjectName>,
        /// Copy constraints and indexes too (`INCLUDING ALL`, MySQL's `LIKE`).
        including_all: bool,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// The statement.
        text: String,
    },
    /// `DROP TABLE`.
    DropTable {
        /// Its name.
        name: ObjectName,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `ALTER TABLE … RENAME TO`.
    RenameTable {
        /// Old name.
        from: ObjectName,
        /// New name (MySQL may move it to another schema).
        to: ObjectName,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `ALTER TABLE … SET SCHEMA`.
    SetTableSchema {
        /// The table.
        table: ObjectName,
        /// The new schema; `None` for the default one.
        schema: Option<String>,
    },
    /// A table option (see [`Table::options`]); `None` removes it.
    SetTableOption {
        /// The table.
        table: ObjectName,
        /// Lower-case key.
        key: String,
        /// Value.
        value: Option<String>,
    },
    /// `ADD COLUMN`, with the constraints and indexes that came with the column.
    AddColumn {
        /// The table.
        table: ObjectName,
        /// The column.
        column: Box<Column>,
        /// Constraints that came with it.
        constraints: Vec<Constraint>,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// `ALTER TABLE IF EXISTS`.
        table_if_exists: bool,
        /// Where MySQL puts it.
        position: Position,
    },
    /// `DROP COLUMN`.
    DropColumn {
        /// The table.
        table: ObjectName,
        /// The column.
        column: String,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// One alteration of a column.
    AlterColumn {
        /// The table.
        table: ObjectName,
        /// The column.
        column: String,
        /// What changes.
        alteration: ColumnAlteration,
    },
    /// `ADD CONSTRAINT`.
    AddConstraint {
        /// The table.
        table: ObjectName,
        /// The constraint; unnamed ones get the dialect's implicit name when applied.
        constraint: Box<Constraint>,
        /// `USING INDEX`: the index that becomes the constraint.
        using_index: Option<String>,
        /// `IF NOT EXISTS` (MariaDB), or the wish of whoever wrote a guard around it.
        if_not_exists: bool,
    },
    /// `DROP CONSTRAINT`, MySQL's `DROP FOREIGN KEY`, `DROP PRIMARY KEY`, `DROP CHECK`.
    DropConstraint {
        /// The table.
        table: ObjectName,
        /// Its name; `None` for the table's only one of that kind (`DROP PRIMARY KEY`).
        name: Option<String>,
        /// Its kind, when the source says it.
        kind: Option<ConstraintKind>,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `RENAME CONSTRAINT`.
    RenameConstraint {
        /// The table.
        table: ObjectName,
        /// Old name.
        from: String,
        /// New name.
        to: String,
    },
    /// `VALIDATE CONSTRAINT`, and MySQL's change of a constraint's enforcement.
    ValidateConstraint {
        /// The table.
        table: ObjectName,
        /// Its name.
        name: String,
    },
    /// `ALTER CONSTRAINT … DEFERRABLE`.
    SetConstraintMode {
        /// The table.
        table: ObjectName,
        /// Its name.
        name: String,
        /// When it is checked from now on.
        mode: crate::CheckMode,
    },
    /// `CREATE INDEX`.
    CreateIndex {
        /// The table.
        table: ObjectName,
        /// The index.
        index: Box<Index>,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `DROP INDEX`. On MySQL it also drops a unique constraint of that name.
    DropIndex {
        /// Its name.
        name: ObjectName,
        /// Its table, which MySQL needs.
        table: Option<ObjectName>,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `ALTER INDEX … RENAME TO`. PostgreSQL renames the constraint that owns the index too.
    RenameIndex {
        /// Old name.
        from: ObjectName,
        /// Its table, which MySQL needs.
        table: Option<ObjectName>,
        /// New name.
        to: String,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `CREATE TYPE … AS ENUM`.
    CreateEnum {
        /// The type.
        enum_type: EnumType,
        /// Does nothing when there is one of that name (SQLAlchemy's `checkfirst`).
        if_not_exists: bool,
    },
    /// `DROP TYPE`, `DROP DOMAIN`.
    DropType {
        /// Its name.
        name: ObjectName,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `ALTER TYPE … ADD VALUE`.
    AddLabel {
        /// The enum type.
        name: ObjectName,
        /// The label.
        label: String,
        /// Where it goes.
        position: LabelPosition,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `ALTER TYPE … RENAME VALUE`.
    RenameLabel {
        /// The enum type.
        name: ObjectName,
        /// Old label.
        from: String,
        /// New label.
        to: String,
    },
    /// `ALTER TYPE … RENAME TO`.
    RenameType {
        /// Old name.
        from: ObjectName,
        /// New name.
        to: String,
    },
    /// `ALTER TYPE … SET SCHEMA`.
    SetTypeSchema {
        /// The type.
        name: ObjectName,
        /// The new schema; `None` for the default one.
        schema: Option<String>,
    },
    /// `CREATE SEQUENCE`.
    CreateSequence {
        /// The sequence.
        sequence: Sequence,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `ALTER SEQUENCE`: options that are said, and the owner.
    AlterSequence {
        /// Its name.
        name: ObjectName,
        /// What is said replaces; `None` inside stays.
        options: SequenceOptions,
        /// `OWNED BY`: `Some(None)` is `OWNED BY NONE`.
        owner: Option<Option<(ObjectName, String)>>,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `ALTER SEQUENCE … RENAME TO`.
    RenameSequence {
        /// Old name.
        from: ObjectName,
        /// New name.
        to: String,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `DROP SEQUENCE`.
    DropSequence {
        /// Its name.
        name: ObjectName,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// Anything that is kept as its text.
    CreateObject {
        /// The object.
        object: Box<NamedObject>,
        /// `OR REPLACE`.
        or_replace: bool,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// Drops one of these.
    DropObject {
        /// What it is.
        kind: ObjectKind,
        /// Its name.
        name: ObjectName,
        /// Its table (triggers, policies, rules).
        table: Option<ObjectName>,
        /// Argument types of a function; `None` means the only one of that name.
        signature: Option<String>,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// Renames one of these.
    RenameObject {
        /// What it is.
        kind: ObjectKind,
        /// Old name.
        from: ObjectName,
        /// Its table (triggers, policies, rules).
        table: Option<ObjectName>,
        /// New name.
        to: String,
    },
    /// `COMMENT ON`; `None` removes it.
    Comment {
        /// What it is put on.
        on: ObjectRef,
        /// The text.
        text: Option<String>,
    },
    /// Rows are read or written; the schema stays.
    Rows {
        /// The table.
        table: ObjectName,
        /// What happens to them.
        effect: RowEffect,
        /// Columns that the statement names, as far as a reader can tell.
        columns: Vec<String>,
        /// What the statement tells of the types of columns.
        hints: Vec<(String, TypeHint)>,
    },
    /// Surely no effect on the schema (`SET`, `ANALYZE`, `COMMIT`), and what it is.
    Nothing {
        /// The statement's first words.
        what: String,
    },
    /// Cannot be known.
    Unknown(UnknownEffect),
}

/// What a statement on rows tells of the type of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeHint {
    /// It is compared with or set to a text.
    Text,
    /// The same with a number.
    Number,
    /// The same with a truth value.
    Boolean,
    /// It is compared with or copied to or from another column.
    Like(ObjectName, String),
    /// It is copied to the column at that place of a table, counted from 0.
    LikeNth(ObjectName, usize),
    /// The statement is made of a column object that has this type.
    Typed(Box<DataType>),
}

/// What did not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MismatchKind {
    /// The change needs this object, and it is not there. `dropped_by` when it once was.
    Missing {
        /// What dropped it, if something did.
        dropped_by: Option<Origin>,
    },
    /// The change makes this object, and it is there already.
    Exists {
        /// What made it.
        made_by: Origin,
    },
    /// The object is needed by others and is not dropped with `CASCADE`.
    Needed {
        /// By whom, in name order.
        by: Vec<ObjectRef>,
    },
    /// The database refuses it for another reason.
    Refused {
        /// The reason, in the database's own words where they are known.
        reason: String,
    },
}

/// A change that does not fit the state it is applied to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The object in question.
    pub object: ObjectRef,
    /// What does not fit.
    pub kind: MismatchKind,
}

/// For people.
impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let object = &self.object;
        match &self.kind {
            MismatchKind::Missing { dropped_by: None } => write!(f, "{object} is needed and nothing made it"),
            MismatchKind::Missing { dropped_by: Some(_) } => {
                write!(f, "{object} is needed and was dropped before")
            }
            MismatchKind::Exists { .. } => write!(f, "{object} is made and is there already"),
            MismatchKind::Needed { by } => {
                let by: Vec<String> = by.iter().map(ToString::to_string).collect();
                write!(f, "{object} is dropped while {} needs it", by.join(", "))
            }
            MismatchKind::Refused { reason } => write!(f, "{object}: {reason}"),
        }
    }
}

/// What came of applying a change.
#[derive(Debug, Clone, PartialEq, Eq, std::default::Default)]
pub struct Applied {
    /// Nothing was done: `IF [NOT] EXISTS` found it so already.
    pub skipped: bool,
    /// Objects that were made, changed, renamed (under their new name) or dropped, in order.
    pub touched: Vec<ObjectRef>,
    /// What did not fit. The rest of the change was applied as far as it makes sense.
    pub mismatches: Vec<Mismatch>,
}

impl ObjectRef {
    /// Returns the table that it is, or that it stands on.
    #[must_use]
    pub fn table(&self) -> Option<&ObjectName> {
        match self {
            ObjectRef::Table(table) | ObjectRef::Column(table, _) | ObjectRef::Constraint(table, _) => {
                Some(table)
            }
            ObjectRef::Index(_, table) | ObjectRef::Object(_, table, _) => table.as_ref(),
            ObjectRef::Schema(_) | ObjectRef::Enum(_) | ObjectRef::Sequence(_) => None,
        }
    }
}

/// For people: what it is and its name; not SQL.
impl crate::Database {
    /// Says whether it holds an object of that very name.
    #[must_use]
    pub fn has(&self, object: &ObjectRef) -> bool {
        match object {
            ObjectRef::Schema(name) => self.schemas.contains_key(name),
            ObjectRef::Table(name) => self.tables.contains_key(name),
            ObjectRef::Column(table, column) => self.table(table).is_some_and(|t| t.column(column).is_some()),
            ObjectRef::Constraint(table, name) => {
                self.table(table).is_some_and(|t| t.constraint(name).is_some())
            }
            ObjectRef::Index(name, table) => self.index(name, table.as_ref()).is_some(),
            ObjectRef::Enum(name) => self.enums.contains_key(name),
            ObjectRef::Sequence(name) => self.sequences.contains_key(name),
            ObjectRef::Object(kind, table, name) => {
                self.objects.values().any(|o| o.kind == *kind && o.table == *table && o.name == *name)
            }
        }
    }
}

impl std::fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ObjectRef::Schema(name) => write!(f, "schema {name}"),
            ObjectRef::Table(name) => write!(f, "table {name}"),
            ObjectRef::Column(table, name) => write!(f, "column {table}.{name}"),
            ObjectRef::Constraint(table, name) => write!(f, "constraint {name} of {table}"),
            ObjectRef::Index(name, _) => write!(f, "index {name}"),
            ObjectRef::Enum(name) => write!(f, "type {name}"),
            ObjectRef::Sequence(name) => write!(f, "sequence {name}"),
            ObjectRef::Object(kind, _, name) => write!(f, "{kind} {name}"),
        }
    }
}

impl std::fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ObjectKind::Extension => "extension",
            ObjectKind::Collation => "collation",
            ObjectKind::Domain => "domain",
            ObjectKind::Type => "type",
            ObjectKind::Function => "function",
            ObjectKind::Procedure => "procedure",
            ObjectKind::Aggregate => "aggregate",
            ObjectKind::Operator => "operator",
            ObjectKind::View => "view",
            ObjectKind::MaterializedView => "materialized view",
            ObjectKind::Index => "index",
            ObjectKind::Trigger => "trigger",
            ObjectKind::EventTrigger => "event trigger",
            ObjectKind::Policy => "policy",
            ObjectKind::Rule => "rule",
            ObjectKind::Grant => "grant",
            ObjectKind::VirtualTable => "virtual table",
            ObjectKind::Other => "object",
        })
    }
}
