//! Objects of SQLAlchemy that project code is handed: the dialect and the compiler.

use cucurbit_python::eval::{HostObject, Value};
use cucurbit_schema::Dialect;
use std::any::Any;
use std::rc::Rc;

/// The `dialect` that `load_dialect_impl` and others are handed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DialectObject(
    /// The dialect.
    pub Dialect,
);

impl DialectObject {
    /// Makes a value of it.
    #[must_use]
    pub fn value(dialect: Dialect) -> Value {
        Value::Host(Rc::new(DialectObject(dialect)))
    }
}

impl HostObject for DialectObject {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The `compiler` that functions under `@compiles` are handed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CompilerObject(pub(crate) Dialect);

impl CompilerObject {
    pub(crate) fn value(dialect: Dialect) -> Value {
        Value::Host(Rc::new(CompilerObject(dialect)))
    }
}

impl HostObject for CompilerObject {
    fn as_any(&self) -> &dyn Any {
        self
    }
}
