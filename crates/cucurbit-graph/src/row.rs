//! What one revision file states, in the form in which Alembic would hold it.
//!
//! The types here carry the values of the four module variables as Python had them, odd types
//! included, because Alembic's answer depends on them: `None`, `()` and `""` are three different
//! parents. They do not say where the values came from.

/// A Python value that a revision variable may hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Value {
    /// `None`, or a variable that is not there and has `None` for its default.
    #[default]
    None,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A string.
    Str(String),
    /// A tuple, a list or another iterable, in order.
    List(Vec<Value>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Str(text.to_owned())
    }
}

/// One revision as its file states it.
///
/// Rows are given in load order, which is the order in which Alembic meets the files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RevisionRow {
    /// `revision`.
    pub revision: Value,
    /// `down_revision`.
    pub down_revision: Value,
    /// `branch_labels`.
    pub branch_labels: Value,
    /// `depends_on`.
    pub depends_on: Value,
    /// The module's docstring, whole.
    pub doc: String,
    /// Where the file is, as listings print it.
    pub path: String,
}
