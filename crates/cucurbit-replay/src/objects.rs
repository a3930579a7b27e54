//! What Alembic and the database hand to a migration.

use crate::catalog;
use cucurbit_python::eval::{Arguments, HostObject, Place, Value};
use cucurbit_schema::sql::CatalogValue;
use cucurbit_schema::{ObjectName, Origin};
use std::any::Any;
use std::rc::Rc;

/// An object that only the replay understands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Object {
    /// `op.get_bind()`, an engine, a connection.
    Bind,
    /// An ORM session.
    Session,
    /// `op.get_context()`.
    Context,
    /// `batch_op` of a table.
    Batch {
        /// The table.
        table: ObjectName,
        /// The schema as written.
        schema: Option<String>,
        /// The table is made anew (`recreate="always"`), so an operation says only what it changes.
        is_new: bool,
        /// Where it was begun.
        place: Place,
        /// What its first operation is known by; what is older was there before it.
        begun: Origin,
        /// What `batch_alter_table` was given.
        given: BatchArguments,
    },
    /// `sa.inspect(bind)`, by a number of its own: each remembers what it was asked.
    Inspector(u32),
    /// What a statement gives.
    Rows(Rows),
    /// One row of it.
    Row(NamedRow),
    /// `uuid.uuid4()`, by a number of its own.
    Random(u32),
    /// `dialect.identifier_preparer`: quotes names.
    Preparer,
    /// `bind.begin()`, `op.get_context().autocommit_block()` and other blocks without a meaning of their own.
    Block,
}

/// The arguments of a batch: those of one call are the same as themselves.
#[derive(Debug, Clone)]
pub(crate) struct BatchArguments(pub(crate) Rc<Arguments>);

impl PartialEq for BatchArguments {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// What a statement gives.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rows {
    /// No rows at all.
    Empty,
    /// Exactly one row with these values; `None` is a value that cannot be told.
    One(Vec<Option<Scalar>>),
    /// Rows of one column each.
    Names {
        /// What stands in them.
        names: Rc<[String]>,
        /// The values are given without a row around them (`scalars()`).
        bare: bool,
    },
    /// Rows of several columns; `None` is a value that cannot be told.
    Many(Rc<[Vec<Option<Scalar>>]>),
    /// Rows whose columns have names.
    Named(Rc<[NamedRow]>),
    /// The values of one column, without a row around them.
    Bare(Rc<[CatalogValue]>),
    /// Cannot be told, and why.
    Unknown(Rc<str>),
}

/// A row whose columns have names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NamedRow {
    pub(crate) columns: Rc<[String]>,
    pub(crate) values: Rc<[CatalogValue]>,
}

impl NamedRow {
    /// The value of a column, by its name.
    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        let at = self.columns.iter().position(|column| column == name)?;
        self.values.get(at).map(catalog::value)
    }

    /// The value of a column, by its name or its number.
    pub(crate) fn item(&self, key: &Value) -> Option<Value> {
        match key {
            Value::Str(name) => self.get(name),
            Value::Int(number) => {
                let count = i64::try_from(self.values.len()).ok()?;
                let at = if *number < 0 { count + number } else { *number };
                self.values.get(usize::try_from(at).ok()?).map(catalog::value)
            }
            _ => None,
        }
    }

    /// The values, in the order of the columns.
    pub(crate) fn items(&self) -> Vec<Value> {
        self.values.iter().map(catalog::value).collect()
    }

    pub(crate) fn value(&self) -> Value {
        Object::Row(self.clone()).value()
    }
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Int(i64),
    Bool(bool),
    Text(Rc<str>),
}

impl Object {
    pub(crate) fn value(self) -> Value {
        Value::Host(Rc::new(self))
    }
}

impl HostObject for Object {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Scalar {
    pub(crate) fn value(&self) -> Value {
        match self {
            Scalar::Null => Value::None,
            Scalar::Int(int) => Value::Int(*int),
            Scalar::Bool(flag) => Value::Bool(*flag),
            Scalar::Text(text) => Value::Str(Rc::clone(text)),
        }
    }
}
