//! Which of SQLAlchemy's classes an object is of: `isinstance(column.type, sa.String)`.

use crate::settings::Environment;
use crate::stored::StoredType;
use crate::types::classes;
use crate::{constraints, terms};
use cucurbit_python::eval::{Evaluator, Value};
use cucurbit_schema::{TypeKind, type_sql};

/// SQLAlchemy's classes of objects of a schema, each with those above it.
const OBJECTS: &[(&str, &[&str])] = &[
    ("Column", &["ColumnClause", "ColumnElement", "ClauseElement", "SchemaItem"]),
    ("column", &["ColumnClause", "ColumnElement", "ClauseElement"]),
    ("Table", &["TableClause", "FromClause", "ClauseElement", "SchemaItem"]),
    ("table", &["TableClause", "FromClause", "ClauseElement"]),
    ("MetaData", &["SchemaItem"]),
    ("Index", &["ColumnCollectionMixin", "SchemaItem"]),
    ("ForeignKey", &["SchemaItem"]),
    ("Sequence", &["SchemaItem"]),
    ("Computed", &["FetchedValue", "SchemaItem"]),
    ("Identity", &["FetchedValue", "SchemaItem"]),
    ("DefaultClause", &["FetchedValue"]),
    ("FetchedValue", &[]),
    ("text", &["TextClause", "ClauseElement"]),
];

/// SQLAlchemy's classes of types that stand above others: each with the short names of those below it.
const ABOVE: &[(&str, &[&str])] = &[
    (
        "String",
        &[
            "VARCHAR",
            "CHAR",
            "NVARCHAR",
            "NCHAR",
            "TEXT",
            "CLOB",
            "Text",
            "Unicode",
            "UnicodeText",
            "Enum",
            "ENUM",
            "TINYTEXT",
            "MEDIUMTEXT",
            "LONGTEXT",
            "SET",
        ],
    ),
    ("Text", &["TEXT", "CLOB", "UnicodeText"]),
    ("Unicode", &["NVARCHAR", "NCHAR"]),
    (
        "Integer",
        &["INTEGER", "INT", "SMALLINT", "BIGINT", "SmallInteger", "BigInteger", "TINYINT", "MEDIUMINT"],
    ),
    ("SmallInteger", &["SMALLINT"]),
    ("BigInteger", &["BIGINT"]),
    ("Numeric", &["NUMERIC", "DECIMAL", "Float", "FLOAT", "REAL", "Double", "DOUBLE", "DOUBLE_PRECISION"]),
    ("Float", &["FLOAT", "REAL", "Double", "DOUBLE", "DOUBLE_PRECISION"]),
    ("Double", &["DOUBLE", "DOUBLE_PRECISION"]),
    ("DateTime", &["DATETIME", "TIMESTAMP"]),
    ("Date", &["DATE"]),
    ("Time", &["TIME"]),
    ("Boolean", &["BOOLEAN", "BOOL"]),
    ("Enum", &["ENUM"]),
    ("LargeBinary", &["BLOB", "BYTEA"]),
    ("JSON", &["JSONB"]),
    ("Uuid", &["UUID"]),
];

/// Classes above all types.
const EVERY_TYPE: &[&str] = &["TypeEngine", "Visitable"];

/// Says whether an object is of a class; `None` when that is not known.
pub(crate) fn is_instance<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    class: &Value,
) -> Option<bool> {
    let wanted = terms::external(class)?;
    if let Some(StoredType(data_type)) = value.host::<StoredType>() {
        // SQLAlchemy has no class for it, or one that this crate does not know.
        return match data_type.kind {
            TypeKind::Unknown(_) => None,
            _ if EVERY_TYPE.contains(&wanted.as_ref()) => Some(true),
            _ => (wanted.as_ref() == "NullType").then_some(false),
        };
    }
    let own = match value {
        Value::Term(_) => terms::called(ev, value)?.name,
        _ => return None,
    };
    if own == wanted {
        return Some(true);
    }
    if constraints::is_constraint(&own) {
        let above = ["Constraint", "ColumnCollectionConstraint", "ColumnCollectionMixin", "SchemaItem"];
        return (above.contains(&wanted.as_ref()) || is_known(&wanted))
            .then(|| above.contains(&wanted.as_ref()));
    }
    if let Some((_, above)) = OBJECTS.iter().find(|(name, _)| *name == own.as_ref()) {
        return is_known(&wanted).then(|| above.contains(&wanted.as_ref()));
    }
    let own = classes::find(&own, false)?;
    if EVERY_TYPE.contains(&wanted.as_ref()) {
        return Some(true);
    }
    if !wanted.contains('.') && wanted.as_ref() == own.short() {
        return Some(true);
    }
    let below = ABOVE.iter().find(|(name, _)| *name == wanted.as_ref()).map(|(_, below)| *below);
    match below {
        Some(below) => Some(below.contains(&own.short())),
        None => is_known(&wanted).then_some(false),
    }
}

/// Says whether a value is surely an object of one of SQLAlchemy's classes.
pub(crate) fn is_object<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> bool {
    value.host::<StoredType>().is_some()
        || matches!(value, Value::Term(_)) && terms::called(ev, value).is_some_and(|c| is_known(&c.name))
}

fn is_known(name: &str) -> bool {
    let is_above = |(own, above): &(&str, &[&str])| *own == name || above.contains(&name);
    constraints::is_constraint(name)
        || matches!(name, "Constraint" | "ColumnCollectionConstraint")
        || OBJECTS.iter().any(is_above)
        || EVERY_TYPE.contains(&name)
        || classes::find(name, false).is_some()
}

/// Returns what `str(…)` gives of a type as a database holds it; `None` for other values.
pub(crate) fn type_as_text<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<String> {
    if let Some(StoredType(data_type)) = value.host::<StoredType>() {
        return type_sql(&data_type.kind, ev.host.settings().dialect);
    }
    let call = terms::called(ev, value)?;
    let class = classes::find(&call.name, false)?;
    // The generic ones are written as the default dialect has them, which may differ.
    class.short().chars().all(|c| c.is_ascii_uppercase() || c == '_').then_some(())?;
    crate::types::ddl_text(ev, value).ok()
}
