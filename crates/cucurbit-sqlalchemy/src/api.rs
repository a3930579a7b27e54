//! The signatures, until their bodies are written. `MetaData` holds the naming convention and the default schema:
//! `MetaData::default()` or `{ convention, schema, ..MetaData::default() }`; op.* calls have no schema of their own.
#![allow(missing_docs, unused_variables)]
use crate::*;
use cucurbit_python::eval::{Call, Evaluator, Outcome, Place, Value};
use cucurbit_schema::{Constraint, Index, ObjectName};
use std::rc::Rc;

fn none() -> Unreadable {
    Unreadable { place: None, reason: "not yet".into(), what: String::new() }
}
/// What SQLAlchemy does in general: `None` = not mine (ask Outcome::Default).
pub fn call<H: Environment>(ev: &mut Evaluator<'_, H>, call: &Call) -> Option<Outcome> {
    None
}
pub fn attribute<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    of: &Value,
    name: &str,
    place: Place,
) -> Option<Outcome> {
    None
}
pub fn assigned<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    of: &Value,
    name: &str,
    value: &Value,
    place: Place,
) -> bool {
    false
}
pub fn operate<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    left: &Value,
    operator: &str,
    right: &Value,
) -> Option<Value> {
    None
}
pub fn items<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<Vec<Value>> {
    None
}
pub fn data_type<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value, place: Place) -> TypeReading {
    TypeReading::unknown(none())
}
pub fn column<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    in_table: Option<&ObjectName>,
) -> Result<ColumnReading, Unreadable> {
    Err(none())
}
/// For `op.add_column`: the column with its constraints and index, named, SERIAL not decided (nothing is a key).
pub fn added_column<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    table: &ObjectName,
    metadata: &MetaData,
) -> Result<AddedColumn, Unreadable> {
    Err(none())
}
pub fn constraint<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    table: &ObjectName,
    metadata: &MetaData,
    columns: &[ColumnReading],
) -> Result<Constraint, Unreadable> {
    Err(none())
}
pub fn index<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    table: &ObjectName,
    metadata: &MetaData,
    columns: &[ColumnReading],
) -> Result<Index, Unreadable> {
    Err(none())
}
/// For `op.create_index(name, table, keys, unique=…, **dialect options)` too.
pub fn index_of<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    name: &NameText,
    keys: &[Value],
    keywords: &[(Rc<str>, Value)],
    table: &ObjectName,
    metadata: &MetaData,
    columns: &[ColumnReading],
    place: Place,
) -> Result<Index, Unreadable> {
    Err(none())
}
/// `items`: Column/Constraint/Index terms; `keywords`: schema, comment, prefixes, dialect options.
pub fn table<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    name: &ObjectName,
    items: &[Value],
    keywords: &[(Rc<str>, Value)],
    metadata: &MetaData,
    place: Place,
) -> TableReading {
    unimplemented!()
}
/// As `table`, with columns that were read (and changed) before; `items` hold the rest.
pub fn assemble<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    name: &ObjectName,
    columns: Vec<ColumnReading>,
    items: &[Value],
    keywords: &[(Rc<str>, Value)],
    metadata: &MetaData,
    place: Place,
) -> TableReading {
    unimplemented!()
}
/// A `sa.Table` term (or light `sa.table`).
pub fn table_term<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
) -> Option<(ObjectName, TableReading)> {
    None
}
/// Only the name of a Table/table()/mapped class value.
pub fn table_name<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<ObjectName> {
    None
}
pub fn name_text<H: Environment>(ev: &mut Evaluator<'_, H>, value: Option<&Value>) -> NameText {
    NameText::Unknown
}
pub fn compile<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Result<String, Unreadable> {
    Err(none())
}
/// `server_default=` of a column or of alter_column. Ok(None): nothing in the database.
pub fn server_default<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
) -> Result<Option<ServerDefault>, Unreadable> {
    Err(none())
}
pub fn statement<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<Statement> {
    None
}
/// The MetaData that a value is (`Base.metadata`, `db.metadata`, `MetaData()`).
pub fn metadata_key<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<MetaDataKey> {
    None
}
/// An Enum type object with its name, for `Enum(...).create(bind)`; None when it is no enum with a name.
pub fn enum_of<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    place: Place,
) -> Option<EnumReading> {
    None
}
/// A `sa.Sequence(...)` value.
pub fn sequence<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
) -> Result<cucurbit_schema::Sequence, Unreadable> {
    Err(none())
}

/// What `server_default=` means.
pub enum ServerDefault {
    Default(cucurbit_schema::Default),
    Identity(cucurbit_schema::Identity),
    Computed(cucurbit_schema::Computed),
}
