//! Well-known types of other packages, as one of SQLAlchemy's own.

use crate::settings::Settings;
use crate::terms::int_of;
use cucurbit_python::eval::{Arguments, Value};
use cucurbit_schema::Dialect;

/// What a type of another package is.
#[derive(Debug, Clone)]
pub(super) enum Meaning {
    /// A class of SQLAlchemy's own with these arguments.
    Class(&'static str, Arguments),
    /// Another type, which was given as an argument.
    Value(Value),
    /// A text for `CREATE TABLE`.
    Text(String),
}

fn plain(name: &'static str) -> Option<Meaning> {
    Some(Meaning::Class(name, Arguments::default()))
}

fn with(name: &'static str, keyword: &str, value: Value) -> Option<Meaning> {
    let arguments = Arguments { keywords: vec![(keyword.into(), value)], ..Arguments::default() };
    Some(Meaning::Class(name, arguments))
}

fn sized(name: &'static str, length: i64) -> Option<Meaning> {
    with(name, "length", Value::Int(length))
}

/// Returns what a type of another package means; `None` for a package that is not known.
pub(super) fn meaning(dotted: &str, arguments: &Arguments, settings: &Settings) -> Option<Meaning> {
    let package = dotted.split('.').next().unwrap_or(dotted);
    let name = dotted.rsplit('.').next().unwrap_or(dotted);
    let passed = |class| Some(Meaning::Class(class, arguments.clone()));
    let zoned = || with("DateTime", "timezone", Value::Bool(true));
    let is_postgresql = settings.dialect == Dialect::PostgreSql;
    match (package, name) {
        ("sqlalchemy_utils", _) => utils(name, arguments, settings),
        ("sqlmodel", "AutoString") => {
            let none = arguments.get(0, "length").is_none_or(Value::is_none);
            if settings.dialect.is_mysql() && none && !arguments.open {
                sized("String", 255)
            } else {
                passed("String")
            }
        }
        ("sqlmodel", "UTCDateTime") | ("sqlalchemy_utc", "UtcDateTime") => zoned(),
        ("fastapi_users_db_sqlalchemy" | "fastapi_users_db_sqlmodel" | "fastapi_users", "GUID") => {
            if is_postgresql {
                plain("postgresql.UUID")
            } else {
                sized("CHAR", 36)
            }
        }
        ("fastapi_users_db_sqlalchemy" | "fastapi_users_db_sqlmodel", "TIMESTAMPAware") => {
            passed("TIMESTAMP")
        }
        ("oslo_db", "JsonEncodedDict" | "JsonEncodedList" | "JsonEncodedType") => {
            let flag = |at, name| matches!(arguments.get(at, name), Some(Value::Bool(true)));
            match (settings.dialect, flag(0, "mysql_as_long"), flag(1, "mysql_as_medium")) {
                (Dialect::MySql, true, _) => plain("mysql.LONGTEXT"),
                (Dialect::MySql, false, true) => plain("mysql.MEDIUMTEXT"),
                _ => plain("Text"),
            }
        }
        ("oslo_db", "SoftDeleteInteger") => plain("Integer"),
        ("geoalchemy2", "Geometry" | "Geography") => Some(Meaning::Text(geometry(name, arguments)?)),
        ("geoalchemy2", "Raster") => Some(Meaning::Text("raster".to_owned())),
        ("pgvector", "Vector" | "VECTOR" | "HALFVEC" | "SPARSEVEC") => {
            let name = name.to_uppercase();
            Some(Meaning::Text(match arguments.get(0, "dim") {
                None | Some(Value::None) => name,
                Some(size) => format!("{name}({})", int_of(size)?),
            }))
        }
        ("pgvector", "BIT") => passed("postgresql.BIT"),
        ("advanced_alchemy", _) => advanced_alchemy(name, arguments, settings),
        ("sqlalchemy_json", "MutableJson" | "NestedMutableJson") => plain("JSON"),
        ("sqlalchemy_json", "mutable_json_type") => match arguments.get(0, "dbtype") {
            Some(value) => Some(Meaning::Value(value.clone())),
            None => plain("JSON"),
        },
        ("sqlalchemy_jsonfield", "JSONField" | "mutable_json_field") => {
            let forced = matches!(arguments.get(0, "enforce_string"), Some(Value::Bool(true)));
            plain(if forced { "UnicodeText" } else { "JSON" })
        }
        ("citext", "CIText") => Some(Meaning::Text("CITEXT".to_owned())),
        ("sqlalchemy_file", "FileField" | "ImageField") => plain("JSON"),
        _ => None,
    }
}

fn geometry(name: &str, arguments: &Arguments) -> Option<String> {
    let kind = match arguments.get(0, "geometry_type") {
        None => "GEOMETRY".to_owned(),
        Some(Value::None) => return Some(name.to_lowercase()),
        Some(value) => value.as_str()?.to_uppercase(),
    };
    let srid = match arguments.get(1, "srid") {
        None => -1,
        Some(value) => int_of(value)?,
    };
    Some(format!("{}({kind},{srid})", name.to_lowercase()))
}

fn advanced_alchemy(name: &str, arguments: &Arguments, settings: &Settings) -> Option<Meaning> {
    match name {
        "GUID" => match (settings.dialect, arguments.keyword("binary")) {
            (Dialect::PostgreSql, _) => plain("postgresql.UUID"),
            (_, Some(Value::Bool(false))) => sized("CHAR", 32),
            _ => sized("BINARY", 16),
        },
        "DateTimeUTC" => with("DateTime", "timezone", Value::Bool(true)),
        "JsonB" => plain(if settings.dialect == Dialect::PostgreSql { "postgresql.JSONB" } else { "JSON" }),
        "BigIntIdentity" => plain(if settings.dialect == Dialect::Sqlite { "Integer" } else { "BigInteger" }),
        "EncryptedString" => plain(if settings.dialect.is_mysql() { "Text" } else { "String" }),
        "EncryptedText" => plain("Text"),
        _ => None,
    }
}

fn utils(name: &str, arguments: &Arguments, settings: &Settings) -> Option<Meaning> {
    let is_postgresql = settings.dialect == Dialect::PostgreSql;
    let length = |at: usize, name: &str, default: i64| match arguments.get(at, name) {
        None => Some(default),
        Some(value) => int_of(value),
    };
    let off = |at, name| matches!(arguments.get(at, name), Some(Value::Bool(false)));
    let range = |class| if is_postgresql { plain(class) } else { sized("String", 255) };
    match name {
        "UUIDType" if is_postgresql && !off(1, "native") => plain("postgresql.UUID"),
        "UUIDType" if off(0, "binary") => sized("CHAR", 32),
        "UUIDType" => sized("BINARY", 16),
        "EmailType" => sized("Unicode", length(0, "length", 255)?),
        "URLType" | "ScalarListType" => plain("UnicodeText"),
        "JSONType" => plain(if is_postgresql { "postgresql.JSON" } else { "UnicodeText" }),
        "ChoiceType" => match arguments.get(1, "impl") {
            None | Some(Value::None) => sized("Unicode", 255),
            Some(value) => Some(Meaning::Value(value.clone())),
        },
        "PasswordType" => {
            let size = match arguments.get(0, "max_length") {
                None | Some(Value::None) => 1024,
                Some(value) => int_of(value)?,
            };
            match settings.dialect {
                Dialect::PostgreSql => sized("postgresql.BYTEA", size),
                Dialect::Sqlite => sized("BLOB", size),
                Dialect::MySql | Dialect::MariaDb => sized("VARBINARY", size),
            }
        }
        "ArrowType" | "EnrichedDateTimeType" => {
            let zone = arguments.keyword("timezone").cloned().unwrap_or(Value::Bool(false));
            with("DateTime", "timezone", zone)
        }
        "EnrichedDateType" => plain("Date"),
        "TSVectorType" => plain("postgresql.TSVECTOR"),
        "LtreeType" | "LTREE" if is_postgresql => Some(Meaning::Text("LTREE".to_owned())),
        "LQUERY" | "LTXTQUERY" if is_postgresql => Some(Meaning::Text(name.to_owned())),
        "IPAddressType" => sized("Unicode", length(0, "max_length", 50)?),
        "TimezoneType" => sized("Unicode", 50),
        "CurrencyType" => sized("String", 3),
        "CountryType" => sized("String", 2),
        "LocaleType" => sized("Unicode", 10),
        "ColorType" => sized("Unicode", length(0, "max_length", 20)?),
        "PhoneNumberType" => sized("Unicode", length(1, "max_length", 20)?),
        "BitType" | "WeekDaysType" => {
            let size = if name == "BitType" { length(0, "length", 1)? } else { 7 };
            match settings.dialect {
                Dialect::PostgreSql => sized("postgresql.BIT", size),
                Dialect::Sqlite => sized("String", size),
                Dialect::MySql | Dialect::MariaDb => sized("BINARY", size),
            }
        }
        "IntRangeType" => range("postgresql.INT4RANGE"),
        "Int8RangeType" => range("postgresql.INT8RANGE"),
        "NumericRangeType" => range("postgresql.NUMRANGE"),
        "DateRangeType" => range("postgresql.DATERANGE"),
        "DateTimeRangeType" => range("postgresql.TSRANGE"),
        "EncryptedType" => plain("LargeBinary"),
        "StringEncryptedType" => match arguments.keyword("length") {
            Some(size) => sized("String", int_of(size)?),
            None => plain("String"),
        },
        _ => None,
    }
}
