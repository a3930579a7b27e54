//! Types as SQLAlchemy's.

use crate::python::{Py, string};
use cucurbit_schema::{Column, Database, Dialect, ObjectName, TypeKind};
use std::collections::BTreeSet;

/// What a migration has to import or define for its types.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Modules of `sqlalchemy.dialects`.
    pub(crate) dialects: BTreeSet<&'static str>,
    /// The small class for types that SQLAlchemy has no name for.
    pub(crate) raw_type: bool,
}

/// Names that SQLAlchemy has since 2.0, and those of the same types that it had before and still has: which version will
/// run the migration is not always known.
const SINCE_2: [(&str, &str); 2] =
    [("sa.UUID(", "postgresql.UUID("), ("sa.DOUBLE_PRECISION(", "postgresql.DOUBLE_PRECISION(")];

/// Writes the type of a column; `None` when the type cannot be told.
pub(crate) fn column_type(
    column: &Column,
    state: &Database,
    explicit: &BTreeSet<ObjectName>,
    needs: &mut Needs,
) -> Option<Py> {
    let collation = column.collation.as_deref();
    // What SQLAlchemy would refuse to write is refused here too, and what PostgreSQL would not take is left out:
    // `TEXT(65535)` is MySQL's.
    let written = column.data_type.written.as_deref().unwrap_or_default();
    let is_refused = match &column.data_type.kind {
        TypeKind::Unknown(why) => why.contains("requires a name"),
        TypeKind::Named { name, .. } => {
            state.dialect == Dialect::PostgreSql
                && name == "text"
                && written.contains(|c: char| c.is_ascii_digit())
        }
        _ => false,
    };
    if collation.is_none()
        && !is_refused
        && !has_enum(&column.data_type.kind)
        && let Some(written) = &column.data_type.written
        && let Some(dialects) = plain(written)
        && !is_of_another(written, state.dialect)
    {
        needs.dialects.extend(dialects);
        let mut written = written.replace('\'', "\"");
        if state.dialect == Dialect::PostgreSql
            && let Some((new, old)) = SINCE_2.iter().find(|(new, _)| written.starts_with(new))
        {
            needs.dialects.insert("postgresql");
            written = written.replacen(new, old, 1);
        }
        return Some(Py::raw(written));
    }
    if let TypeKind::Unknown(_) = column.data_type.kind
        && is_of_another(written, state.dialect)
        && let Some(generic) = generic(written)
    {
        return Some(Py::raw(generic.to_owned()));
    }
    kind(&column.data_type.kind, collation, state, explicit, needs)
}

/// The type of SQLAlchemy that a type of one dialect stands for elsewhere (`TypeEngine.as_generic()`). Only what a
/// downgrade or a model says of another database comes here: a `downgrade()` written on PostgreSQL, replayed for
/// SQLite. Types without such a one (`INET`) give `None`.
fn generic(written: &str) -> Option<&'static str> {
    let class = written.split_once('.')?.1.split('(').next()?;
    Some(match class {
        "BYTEA" | "BLOB" | "TINYBLOB" | "MEDIUMBLOB" | "LONGBLOB" => "sa.LargeBinary()",
        "TIMESTAMP" | "DATETIME" => "sa.DateTime()",
        "TIME" => "sa.Time()",
        "INTERVAL" => "sa.Interval()",
        "JSON" | "JSONB" => "sa.JSON()",
        "UUID" => "sa.CHAR(length=32)",
        "DOUBLE" | "DOUBLE_PRECISION" | "REAL" | "FLOAT" => "sa.Float()",
        "TINYINT" | "MEDIUMINT" | "INTEGER" => "sa.Integer()",
        "SMALLINT" => "sa.SmallInteger()",
        "BIGINT" => "sa.BigInteger()",
        "DECIMAL" | "NUMERIC" => "sa.Numeric()",
        "CITEXT" | "TINYTEXT" | "MEDIUMTEXT" | "LONGTEXT" | "TEXT" => "sa.Text()",
        _ => return None,
    })
}

fn has_enum(kind: &TypeKind) -> bool {
    match kind {
        TypeKind::Enum { .. } => true,
        TypeKind::Array { element, .. } => has_enum(element),
        _ => false,
    }
}

/// Says whether a written type is one of another dialect alone, which cannot be compiled: `postgresql.BYTEA()` for
/// SQLite.
fn is_of_another(written: &str, dialect: Dialect) -> bool {
    let own = match dialect {
        Dialect::PostgreSql => "postgresql",
        Dialect::Sqlite => "sqlite",
        Dialect::MySql | Dialect::MariaDb => "mysql",
    };
    let first = written.split('.').next().unwrap_or_default();
    matches!(first, "postgresql" | "mysql" | "sqlite") && first != own
}

/// Says whether a written type is of SQLAlchemy alone, and which dialects it names.
fn plain(written: &str) -> Option<Vec<&'static str>> {
    if written.contains(['"', '\\', '\n']) {
        return None;
    }
    let mut dialects = Vec::new();
    let mut names: Vec<&str> =
        written.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).collect();
    names.retain(|n| n.contains('.') && n.chars().any(char::is_alphabetic));
    for name in names {
        match name.split('.').next() {
            Some("sa" | "") => {}
            Some("postgresql") => dialects.push("postgresql"),
            Some("mysql") => dialects.push("mysql"),
            Some("sqlite") => dialects.push("sqlite"),
            _ => return None,
        }
    }
    written.starts_with(|c: char| c.is_alphabetic()).then_some(dialects)
}

pub(crate) fn kind(
    kind: &TypeKind,
    collation: Option<&str>,
    state: &Database,
    explicit: &BTreeSet<ObjectName>,
    needs: &mut Needs,
) -> Option<Py> {
    match kind {
        TypeKind::Unknown(_) => None,
        TypeKind::Array { element, .. } => {
            needs.dialects.insert("postgresql");
            let element = self::kind(element, collation, state, explicit, needs)?;
            Some(Py::call("postgresql.ARRAY", vec![element]))
        }
        TypeKind::Enum { name: Some(name), labels } => {
            let known = state.enums.get(name).and_then(|e| e.labels.as_ref());
            // No labels at all are those of a type that could not be read, unless the type itself says so.
            if known.is_none() && labels.is_empty() && !explicit.contains(name) {
                return None;
            }
            let labels = known.unwrap_or(labels).clone();
            let mut items: Vec<Py> = labels.iter().map(|l| Py::str(l)).collect();
            items.push(Py::keyword("name", Py::str(&name.name)));
            if let Some(schema) = &name.schema {
                items.push(Py::keyword("schema", Py::str(schema)));
            }
            if explicit.contains(name) {
                needs.dialects.insert("postgresql");
                items.push(Py::keyword("create_type", Py::raw("False")));
                return Some(Py::call("postgresql.ENUM", items));
            }
            Some(Py::call("sa.Enum", items))
        }
        TypeKind::Enum { name: None, labels } => {
            needs.dialects.insert("mysql");
            let mut items: Vec<Py> = labels.iter().map(|l| Py::str(l)).collect();
            if let Some(collation) = collation {
                items.push(Py::keyword("collation", Py::str(collation)));
            }
            Some(Py::call("mysql.ENUM", items))
        }
        TypeKind::Named { name, args, attributes } => Some(match state.dialect {
            Dialect::PostgreSql => postgresql(name, args, collation, needs, kind),
            Dialect::Sqlite => sqlite(name, args, collation, needs, kind),
            Dialect::MySql | Dialect::MariaDb => {
                mysql(name, args, attributes, collation, needs, kind, state.dialect)
            }
        }),
    }
}

fn sized(class: &str, args: &[String], collation: Option<&str>) -> Py {
    let mut items: Vec<Py> = Vec::new();
    if let Some(length) = args.first() {
        items.push(Py::keyword("length", Py::raw(number(length))));
    }
    if let Some(collation) = collation {
        items.push(Py::keyword("collation", Py::str(collation)));
    }
    Py::call(class, items)
}

/// A number is written as it is, anything else as a string, so that no text becomes code.
fn number(text: &str) -> String {
    if text.parse::<i64>().is_ok() { text.to_owned() } else { string(text) }
}

fn numeric(class: &str, args: &[String]) -> Py {
    let names = ["precision", "scale"];
    Py::call(class, names.iter().zip(args).map(|(n, a)| Py::keyword(n, Py::raw(number(a)))).collect())
}

fn raw(kind: &TypeKind, dialect: Dialect, needs: &mut Needs) -> Py {
    needs.raw_type = true;
    let text = cucurbit_schema::type_sql(kind, dialect).unwrap_or_default();
    Py::call("_NamedType", vec![Py::str(&text)])
}

fn postgresql(
    name: &str,
    args: &[String],
    collation: Option<&str>,
    needs: &mut Needs,
    kind: &TypeKind,
) -> Py {
    let plain = |class: &str| Py::call(class, Vec::new());
    let zoned = |zone: bool| {
        if zone { vec![Py::keyword("timezone", Py::raw("True"))] } else { Vec::new() }
    };
    let is_text = matches!(name, "character varying" | "text" | "character");
    if collation.is_some() && !is_text {
        return raw(kind, Dialect::PostgreSql, needs);
    }
    match (name, args.is_empty()) {
        ("integer" | "serial", _) => plain("sa.Integer"),
        ("bigint" | "bigserial", _) => plain("sa.BigInteger"),
        ("smallint" | "smallserial", _) => plain("sa.SmallInteger"),
        ("character varying", _) => sized("sa.String", args, collation),
        ("character", _) => sized("sa.CHAR", args, collation),
        ("text", _) => sized("sa.Text", &[], collation),
        ("boolean", _) => plain("sa.Boolean"),
        ("numeric", _) => numeric("sa.Numeric", args),
        ("double precision", _) => plain("sa.Float"),
        ("real", _) => plain("sa.REAL"),
        ("timestamp without time zone", true) => plain("sa.DateTime"),
        ("timestamp with time zone", true) => Py::call("sa.DateTime", zoned(true)),
        ("time without time zone", true) => plain("sa.Time"),
        ("time with time zone", true) => Py::call("sa.Time", zoned(true)),
        (
            "timestamp without time zone"
            | "timestamp with time zone"
            | "time without time zone"
            | "time with time zone",
            false,
        ) => {
            needs.dialects.insert("postgresql");
            let mut items = zoned(name.contains(" with time"));
            items.push(Py::keyword("precision", Py::raw(number(&args[0]))));
            let class =
                if name.starts_with("timestamp") { "postgresql.TIMESTAMP" } else { "postgresql.TIME" };
            Py::call(class, items)
        }
        ("date", _) => plain("sa.Date"),
        ("interval", true) => plain("sa.Interval"),
        ("json", _) => plain("sa.JSON"),
        ("uuid", _) => {
            needs.dialects.insert("postgresql");
            plain("postgresql.UUID")
        }
        ("bytea", _) => plain("sa.LargeBinary"),
        ("jsonb", _) => {
            needs.dialects.insert("postgresql");
            Py::call("postgresql.JSONB", vec![Py::keyword("astext_type", plain("sa.Text"))])
        }
        (
            "inet" | "cidr" | "macaddr" | "macaddr8" | "tsvector" | "tsquery" | "hstore" | "oid" | "money"
            | "regclass",
            _,
        ) => {
            needs.dialects.insert("postgresql");
            plain(&format!("postgresql.{}", name.to_uppercase()))
        }
        ("int4range" | "int8range" | "numrange" | "daterange" | "tsrange" | "tstzrange", _) => {
            needs.dialects.insert("postgresql");
            plain(&format!("postgresql.{}", name.to_uppercase()))
        }
        ("bit", _) => {
            needs.dialects.insert("postgresql");
            sized("postgresql.BIT", args, None)
        }
        _ => raw(kind, Dialect::PostgreSql, needs),
    }
}

fn sqlite(name: &str, args: &[String], collation: Option<&str>, needs: &mut Needs, kind: &TypeKind) -> Py {
    let plain = |class: &str| Py::call(class, Vec::new());
    match (name, args.len()) {
        ("VARCHAR", _) => sized("sa.String", args, collation),
        ("TEXT", 0) => sized("sa.Text", &[], collation),
        ("CHAR", _) => sized("sa.CHAR", args, collation),
        _ if collation.is_some() => raw(kind, Dialect::Sqlite, needs),
        ("INTEGER", 0) => plain("sa.Integer"),
        ("BIGINT", 0) => plain("sa.BigInteger"),
        ("SMALLINT", 0) => plain("sa.SmallInteger"),
        ("BOOLEAN", 0) => plain("sa.Boolean"),
        ("FLOAT", 0) => plain("sa.Float"),
        ("NUMERIC", _) => numeric("sa.Numeric", args),
        ("DATETIME", 0) => plain("sa.DateTime"),
        ("DATE", 0) => plain("sa.Date"),
        ("TIME", 0) => plain("sa.Time"),
        ("JSON", 0) => plain("sa.JSON"),
        ("BLOB", 0) => plain("sa.LargeBinary"),
        ("TIMESTAMP", 0) => plain("sa.TIMESTAMP"),
        ("REAL", 0) => plain("sa.REAL"),
        ("DECIMAL", _) => numeric("sa.DECIMAL", args),
        _ => raw(kind, Dialect::Sqlite, needs),
    }
}

fn mysql(
    name: &str,
    args: &[String],
    attributes: &[String],
    collation: Option<&str>,
    needs: &mut Needs,
    kind: &TypeKind,
    dialect: Dialect,
) -> Py {
    let plain = |class: &str| Py::call(class, Vec::new());
    let attribute = |name: &str| attributes.iter().any(|a| a == name);
    let charset = attributes.iter().find_map(|a| a.strip_prefix("character set "));
    let whole = |class: &str, needs: &mut Needs| {
        needs.dialects.insert("mysql");
        Py::call(&format!("mysql.{class}"), vec![Py::keyword("unsigned", Py::raw("True"))])
    };
    let known = attributes.iter().all(|a| a == "unsigned" || a.starts_with("character set "));
    if !known {
        return raw(kind, dialect, needs);
    }
    if charset.is_some() || (collation.is_some() && matches!(name, "tinytext" | "mediumtext" | "longtext")) {
        let class = match name {
            "varchar" | "char" | "text" | "tinytext" | "mediumtext" | "longtext" => name.to_uppercase(),
            _ => return raw(kind, dialect, needs),
        };
        needs.dialects.insert("mysql");
        let mut items = Vec::new();
        if let Some(length) = args.first() {
            items.push(Py::keyword("length", Py::raw(number(length))));
        }
        if let Some(charset) = charset {
            items.push(Py::keyword("charset", Py::str(charset)));
        }
        if let Some(collation) = collation {
            items.push(Py::keyword("collation", Py::str(collation)));
        }
        return Py::call(&format!("mysql.{class}"), items);
    }
    match name {
        "int" if attribute("unsigned") => whole("INTEGER", needs),
        "bigint" if attribute("unsigned") => whole("BIGINT", needs),
        "smallint" if attribute("unsigned") => whole("SMALLINT", needs),
        "int" => plain("sa.Integer"),
        "bigint" => plain("sa.BigInteger"),
        "smallint" => plain("sa.SmallInteger"),
        "tinyint" if args.first().is_some_and(|a| a == "1") && attributes.is_empty() => plain("sa.Boolean"),
        "varchar" => sized("sa.String", args, collation),
        "char" => sized("sa.CHAR", args, collation),
        "text" => sized("sa.Text", &[], collation),
        "decimal" if attributes.is_empty() => numeric("sa.Numeric", args),
        "float" if args.is_empty() && attributes.is_empty() => plain("sa.Float"),
        "datetime" if args.is_empty() => plain("sa.DateTime"),
        "date" => plain("sa.Date"),
        "time" if args.is_empty() => plain("sa.Time"),
        "json" => plain("sa.JSON"),
        "blob" => plain("sa.LargeBinary"),
        "tinyint" | "mediumint" | "mediumtext" | "longtext" | "tinytext" | "mediumblob" | "longblob"
        | "double" | "timestamp"
            if args.is_empty() && attributes.is_empty() =>
        {
            needs.dialects.insert("mysql");
            plain(&format!("mysql.{}", name.to_uppercase()))
        }
        "datetime" | "timestamp" | "time" => {
            needs.dialects.insert("mysql");
            let fsp = Py::keyword("fsp", Py::raw(args.first().map_or_else(|| "0".to_owned(), |a| number(a))));
            Py::call(&format!("mysql.{}", name.to_uppercase()), vec![fsp])
        }
        _ => raw(kind, dialect, needs),
    }
}
