//! What reading gives.

use crate::Unreadable;
use crate::convention::NameText;
use cucurbit_python::eval::{Place, Value};
use cucurbit_schema::{
    Column, Constraint, DataType, EnumType, Index, ObjectName, RowEffect, Sequence, Table, TypeKind,
};

/// An enum type that has a name of its own in the database (PostgreSQL).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumReading {
    /// The type.
    pub enum_type: EnumType,
    /// Whether making the table makes the type (`create_type`).
    pub create_type: bool,
    /// Whether the type was given a `MetaData` of its own; `op.create_table` leaves such types alone before
    /// SQLAlchemy 2.1.
    pub has_metadata: bool,
    /// Whether the type takes the schema of its table (`inherit_schema=True`).
    pub inherit_schema: bool,
    /// Whether a schema was written.
    pub has_schema: bool,
}

/// A check that a type brings along (`create_constraint=True`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeCheck {
    /// Its name as given.
    pub name: NameText,
    /// What the column must be one of, each as SQL.
    pub values: Vec<String>,
}

/// What kind of thing SQLAlchemy takes a type for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Affinity {
    /// Whole numbers: a key of these counts by itself.
    Integer,
    /// `Numeric` without places behind the point; 2.1 takes none for whole numbers, earlier ones do.
    Numeric,
    /// Text.
    String,
    /// Anything else.
    Other,
    /// Not known.
    Unknown,
}

/// A type that was read.
#[derive(Debug, Clone)]
pub struct TypeReading {
    /// The type for the schema.
    pub data_type: DataType,
    /// The type's text in `CREATE TABLE`, as SQLAlchemy writes it; `None` when it cannot be told.
    pub ddl: Option<String>,
    /// The enum type that goes with it.
    pub enum_type: Option<EnumReading>,
    /// Checks that go with it, on dialects where SQLAlchemy makes them.
    pub checks: Vec<TypeCheck>,
    /// What SQLAlchemy takes it for.
    pub affinity: Affinity,
    /// Whether it is a whole number, so that a primary key of it counts by itself.
    pub is_integer: bool,
    /// Whether it is `SmallInteger` or `BigInteger` (for `SMALLSERIAL` and `BIGSERIAL`).
    pub integer_size: IntegerSize,
    /// Collation.
    pub collation: Option<String>,
    /// `NullType`: nothing was said.
    pub is_null: bool,
    /// What could not be read.
    pub problems: Vec<Unreadable>,
}

/// The size of a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IntegerSize {
    /// `SmallInteger`.
    Small,
    /// `Integer`, and what is no whole number.
    #[default]
    Plain,
    /// `BigInteger`.
    Big,
}

impl TypeReading {
    /// Makes a type that cannot be told.
    #[must_use]
    pub fn unknown(problem: Unreadable) -> Self {
        TypeReading {
            data_type: DataType::new(TypeKind::Unknown(problem.to_string())),
            ddl: None,
            enum_type: None,
            checks: Vec::new(),
            affinity: Affinity::Unknown,
            is_integer: false,
            integer_size: IntegerSize::Plain,
            collation: None,
            is_null: false,
            problems: vec![problem],
        }
    }

    /// Says whether the type is known.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !matches!(self.data_type.kind, TypeKind::Unknown(_))
    }
}

/// `autoincrement=` of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Autoincrement {
    /// `"auto"`, which is the default.
    #[default]
    Auto,
    /// `True`.
    Always,
    /// `False`.
    Never,
    /// `"ignore_fk"`.
    IgnoreFk,
}

/// A foreign key as written, before its table is known.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignKeyReading {
    /// The columns it starts from; empty for the column it stands in.
    pub columns: Vec<String>,
    /// The table it points at; the default schema of a `MetaData` is not yet applied.
    pub table: ObjectName,
    /// Whether the schema was written (or comes from a table object), so that no default applies.
    pub has_schema: bool,
    /// The columns it points at; empty when only the table was named.
    pub references: Vec<String>,
    /// Its name as given.
    pub name: NameText,
    /// The constraint but for what stands above.
    pub constraint: Constraint,
    /// `use_alter=True`: made after the tables.
    pub use_alter: bool,
    /// Where it stands.
    pub place: Option<Place>,
}

/// A column that was read.
#[derive(Debug, Clone)]
pub struct ColumnReading {
    /// The column. Its name is empty when none was given; it is nullable unless [`ColumnReading::nullable`]
    /// or the primary key say otherwise; `SERIAL` and `AUTO_INCREMENT` are decided with the table.
    pub column: Column,
    /// `key=`.
    pub key: Option<String>,
    /// `nullable=` as written.
    pub nullable: Option<bool>,
    /// `primary_key=True`.
    pub primary_key: bool,
    /// `autoincrement=`.
    pub autoincrement: Autoincrement,
    /// `unique=True`.
    pub unique: bool,
    /// `index=True`.
    pub index: bool,
    /// Foreign keys that came with it.
    pub foreign_keys: Vec<ForeignKeyReading>,
    /// Checks that came with it, those of its type too; the name as given.
    pub checks: Vec<(NameText, Constraint)>,
    /// For each of [`ColumnReading::checks`] the columns that SQLAlchemy finds in it, which names may be made of.
    pub check_columns: Vec<Vec<String>>,
    /// Whether a type was written.
    pub has_type: bool,
    /// The type as read.
    pub data_type: TypeReading,
    /// The column that the type is taken from: that of its foreign key.
    pub type_from: Option<(ObjectName, String)>,
    /// A sequence that goes with it, unless it is optional.
    pub sequence: Option<Sequence>,
    /// `default=` or `insert_default=`: never part of the schema.
    pub python_default: Option<Value>,
    /// `server_default=FetchedValue()`: the database gives a value in a way that is not part of the column.
    pub fetched: bool,
    /// The name of the column cannot be told.
    pub name_unknown: bool,
    /// What could not be read.
    pub problems: Vec<Unreadable>,
    /// The number of the term that made it.
    pub serial: Option<u64>,
    /// Where it stands.
    pub place: Option<Place>,
}

/// A table that was read.
#[derive(Debug, Clone)]
pub struct TableReading {
    /// The table as `CREATE TABLE` and the `CREATE INDEX` after it make it.
    pub table: Table,
    /// The columns in their order, as read.
    pub columns: Vec<ColumnReading>,
    /// Enum types that it uses, in the order of first use.
    pub enums: Vec<EnumReading>,
    /// Sequences to be made with it.
    pub sequences: Vec<Sequence>,
    /// Constraints that are made after all tables (`use_alter=True`).
    pub late: Vec<Constraint>,
    /// `TEMPORARY`.
    pub temporary: bool,
    /// Columns or constraints may be missing: some arguments cannot be told.
    pub open: bool,
    /// The table's columns come from a database (`autoload_with`).
    pub reflected: bool,
    /// `if_not_exists=True`.
    pub if_not_exists: bool,
    /// Columns whose type is to be taken from another: own column, then the other.
    pub types_from: Vec<(String, ObjectName, String)>,
    /// What could not be read.
    pub problems: Vec<Unreadable>,
}

/// A column as `op.add_column` adds it.
#[derive(Debug, Clone)]
pub struct AddedColumn {
    /// The column as read; its [`ColumnReading::column`] is finished.
    pub reading: ColumnReading,
    /// Its constraints, named.
    pub constraints: Vec<Constraint>,
    /// Its index.
    pub indexes: Vec<Index>,
}

/// What a statement does to tables: each with what happens and the columns that it names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statement {
    /// Table, effect, columns; in the order of the statement.
    pub rows: Vec<(ObjectName, RowEffect, Vec<String>)>,
    /// Types of columns, where the column objects that stand in it have one.
    pub types: Vec<(ObjectName, String, DataType)>,
    /// A part of it cannot be told, so more tables may be meant.
    pub open: bool,
}
