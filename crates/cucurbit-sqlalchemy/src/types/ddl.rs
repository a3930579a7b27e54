//! The text of a type in `CREATE TABLE`, as SQLAlchemy's type compilers write it.

use super::known::Known;
use crate::quoting;
use crate::settings::{Settings, Version};
use cucurbit_schema::Dialect;

/// Returns the text; enums and arrays are not asked for here.
///
/// # Errors
/// Why SQLAlchemy refuses, or what cannot be told.
pub(super) fn text(known: &Known, settings: &Settings) -> Result<String, String> {
    if known.open {
        return Err("some arguments of the type cannot be told".to_owned());
    }
    match settings.dialect {
        Dialect::PostgreSql => postgresql(known, settings),
        Dialect::Sqlite => sqlite(known, settings),
        Dialect::MySql | Dialect::MariaDb => mysql(known, settings),
    }
}

fn refused(known: &Known, settings: &Settings) -> String {
    format!("SQLAlchemy cannot write `{}` for {}", known.class.short(), settings.dialect.name())
}

fn postgresql(known: &Known, settings: &Settings) -> Result<String, String> {
    let zone = |name: &str| -> Result<String, String> {
        let zone = if known.flag("timezone")? { "WITH" } else { "WITHOUT" };
        let precision = known.int("precision")?.map(|p| format!("({p})")).unwrap_or_default();
        Ok(format!("{name}{precision} {zone} TIME ZONE"))
    };
    Ok(match known.class.visit {
        "datetime" | "TIMESTAMP" => zone("TIMESTAMP")?,
        "time" | "TIME" => zone("TIME")?,
        "float" | "FLOAT" => match known.digits("precision")?.filter(|p| p != "0") {
            Some(precision) => format!("FLOAT({precision})"),
            None => "FLOAT".to_owned(),
        },
        "double" | "PG_DOUBLE_PRECISION" => "DOUBLE PRECISION".to_owned(),
        "large_binary" | "BYTEA" | "pickle" => "BYTEA".to_owned(),
        "uuid" if known.flag_or("native_uuid", true)? => "UUID".to_owned(),
        "PG_UUID" => "UUID".to_owned(),
        "interval" => {
            if known.flag_or("native", true)? {
                match known.int("second_precision")? {
                    Some(precision) => format!("INTERVAL ({precision})"),
                    None => "INTERVAL".to_owned(),
                }
            } else {
                "TIMESTAMP WITHOUT TIME ZONE".to_owned()
            }
        }
        "INTERVAL" => {
            let mut text = "INTERVAL".to_owned();
            if let Some(fields) = known.text("fields")? {
                text.push(' ');
                text.push_str(&fields);
            }
            if let Some(precision) = known.int("precision")? {
                text.push_str(&format!(" ({precision})"));
            }
            text
        }
        "BIT" => {
            let length = known.int("length")?;
            if known.flag("varying")? {
                length.map_or_else(|| "BIT VARYING".to_owned(), |l| format!("BIT VARYING({l})"))
            } else {
                format!("BIT({})", length.unwrap_or(1))
            }
        }
        name @ ("TSVECTOR" | "TSQUERY" | "INET" | "CIDR" | "CITEXT" | "MACADDR" | "MACADDR8" | "MONEY"
        | "OID" | "REGCONFIG" | "REGCLASS" | "HSTORE" | "JSON" | "JSONB" | "JSONPATH"
        | "INT4RANGE" | "INT8RANGE" | "NUMRANGE" | "DATERANGE" | "TSRANGE" | "TSTZRANGE"
        | "INT4MULTIRANGE" | "INT8MULTIRANGE" | "NUMMULTIRANGE" | "DATEMULTIRANGE"
        | "TSMULTIRANGE" | "TSTZMULTIRANGE") => name.to_owned(),
        _ => generic(known, settings)?,
    })
}

fn sqlite(known: &Known, settings: &Settings) -> Result<String, String> {
    Ok(match known.class.visit {
        "large_binary" | "pickle" => "BLOB".to_owned(),
        "interval" => "DATETIME".to_owned(),
        "JSON" => "JSON".to_owned(),
        "JSONB" if settings.version >= Version::V2_1 => "JSONB".to_owned(),
        _ => generic(known, settings)?,
    })
}

fn generic(known: &Known, settings: &Settings) -> Result<String, String> {
    let number = |name: &str| -> Result<String, String> {
        Ok(match (known.digits("precision")?, known.digits("scale")?) {
            (None, _) => name.to_owned(),
            (Some(precision), None) => format!("{name}({precision})"),
            (Some(precision), Some(scale)) => format!("{name}({precision}, {scale})"),
        })
    };
    let sized = |name: &str| -> Result<String, String> {
        Ok(match known.int("length")?.filter(|l| *l != 0) {
            Some(length) => format!("{name}({length})"),
            None => name.to_owned(),
        })
    };
    let string = |name: &str| -> Result<String, String> {
        let mut text = sized(name)?;
        if let Some(collation) = known.text("collation")? {
            text.push_str(" COLLATE ");
            text.push_str(&quoting::collation(&collation, settings));
        }
        Ok(text)
    };
    Ok(match known.class.visit {
        "string" | "unicode" | "VARCHAR" => string("VARCHAR")?,
        "text" | "unicode_text" | "TEXT" => string("TEXT")?,
        name @ ("CHAR" | "NCHAR" | "NVARCHAR") => string(name)?,
        "numeric" | "NUMERIC" => number("NUMERIC")?,
        "DECIMAL" => number("DECIMAL")?,
        "integer" | "INTEGER" => "INTEGER".to_owned(),
        "small_integer" | "SMALLINT" => "SMALLINT".to_owned(),
        "big_integer" | "BIGINT" => "BIGINT".to_owned(),
        "float" | "FLOAT" => "FLOAT".to_owned(),
        "double" | "DOUBLE" if settings.version >= Version::V2_0 => "DOUBLE".to_owned(),
        "DOUBLE_PRECISION" => "DOUBLE PRECISION".to_owned(),
        "boolean" | "BOOLEAN" => "BOOLEAN".to_owned(),
        "date" => "DATE".to_owned(),
        "datetime" => "DATETIME".to_owned(),
        "time" => "TIME".to_owned(),
        "large_binary" | "pickle" => "BLOB".to_owned(),
        "interval" => "DATETIME".to_owned(),
        "uuid" => "CHAR(32)".to_owned(),
        "UUID" if settings.version >= Version::V2_0 => "UUID".to_owned(),
        name @ ("BINARY" | "VARBINARY") => sized(name)?,
        name @ ("REAL" | "TIMESTAMP" | "DATETIME" | "DATE" | "TIME" | "CLOB" | "BLOB") => name.to_owned(),
        _ => return Err(refused(known, settings)),
    })
}

fn mysql(known: &Known, settings: &Settings) -> Result<String, String> {
    let name = known.class.visit;
    let own = known.class.name.starts_with("mysql.");
    let numeric = |text: String| -> Result<String, String> {
        let mut text = text;
        if own && known.flag("unsigned")? {
            text.push_str(" UNSIGNED");
        }
        if own && known.flag("zerofill")? {
            text.push_str(" ZEROFILL");
        }
        Ok(text)
    };
    let whole = |name: &str| -> Result<String, String> {
        numeric(match known.int("display_width")?.filter(|_| own) {
            Some(width) => format!("{name}({width})"),
            None => name.to_owned(),
        })
    };
    let fraction = |name: &str| -> Result<String, String> {
        numeric(match (known.int("precision")?, known.int("scale")?) {
            (Some(precision), Some(scale)) => format!("{name}({precision}, {scale})"),
            // `Double(53)` has no scale to look at, which is an error of SQLAlchemy's own.
            (Some(_), None) if !own && name == "DOUBLE" => return Err(refused(known, settings)),
            _ => name.to_owned(),
        })
    };
    let exact = |name: &str| -> Result<String, String> {
        numeric(match (known.digits("precision")?, known.digits("scale")?) {
            (None, _) => name.to_owned(),
            (Some(precision), None) => format!("{name}({precision})"),
            (Some(precision), Some(scale)) => format!("{name}({precision}, {scale})"),
        })
    };
    let moment = |name: &str| -> Result<String, String> {
        Ok(match known.int("fsp")?.filter(|f| *f != 0) {
            Some(digits) => format!("{name}({digits})"),
            None => name.to_owned(),
        })
    };
    let demanding = |name: &str| -> Result<String, String> {
        match known.int("length")? {
            Some(length) => string(known, format!("{name}({length})"), false),
            None => Err(format!("{name} requires a length on {}", settings.dialect.name())),
        }
    };
    let sized = |name: &str| -> Result<String, String> {
        Ok(known.int("length")?.map_or_else(|| name.to_owned(), |l| format!("{name}({l})")))
    };
    Ok(match name {
        "string" | "unicode" | "VARCHAR" => demanding("VARCHAR")?,
        "NVARCHAR" => match known.int("length")? {
            Some(length) => string(known, format!("VARCHAR({length})"), true)?,
            None => return Err(format!("NVARCHAR requires a length on {}", settings.dialect.name())),
        },
        "NCHAR" => string(known, sized("CHAR")?, true)?,
        "CHAR" => string(known, sized("CHAR")?, false)?,
        "text" | "unicode_text" | "TEXT" => string(known, sized("TEXT")?, false)?,
        "TINYTEXT" | "MEDIUMTEXT" | "LONGTEXT" => string(known, name.to_owned(), false)?,
        "integer" | "INTEGER" => whole("INTEGER")?,
        "small_integer" | "SMALLINT" => whole("SMALLINT")?,
        "big_integer" | "BIGINT" => whole("BIGINT")?,
        "MEDIUMINT" | "TINYINT" => whole(name)?,
        "numeric" | "NUMERIC" => exact("NUMERIC")?,
        "DECIMAL" => exact("DECIMAL")?,
        "double" | "DOUBLE" => fraction("DOUBLE")?,
        "DOUBLE_PRECISION" if known.int("precision")?.is_some() => return Err(refused(known, settings)),
        "REAL" => fraction("REAL")?,
        "float" | "FLOAT" => match (known.int("precision")?, known.int("scale")?.filter(|_| own)) {
            (Some(precision), Some(scale)) => numeric(format!("FLOAT({precision}, {scale})"))?,
            (Some(precision), None) => numeric(format!("FLOAT({precision})"))?,
            (None, _) => numeric("FLOAT".to_owned())?,
        },
        "boolean" | "BOOLEAN" => "BOOL".to_owned(),
        "datetime" | "DATETIME" => moment("DATETIME")?,
        "time" | "TIME" => moment("TIME")?,
        "TIMESTAMP" => moment("TIMESTAMP")?,
        "interval" => "DATETIME".to_owned(),
        "YEAR" => known.int("display_width")?.map_or_else(|| "YEAR".to_owned(), |w| format!("YEAR({w})")),
        "BIT" => sized("BIT")?,
        "large_binary" | "BLOB" => sized("BLOB")?,
        "pickle" => "BLOB".to_owned(),
        "TINYBLOB" | "MEDIUMBLOB" | "LONGBLOB" | "JSON" => name.to_owned(),
        "INET4" | "INET6" if settings.dialect == Dialect::MariaDb => name.to_owned(),
        "uuid" if settings.dialect == Dialect::MariaDb && known.flag_or("native_uuid", true)? => {
            "UUID".to_owned()
        }
        _ => generic(known, settings)?,
    })
}

fn string(known: &Known, text: String, national: bool) -> Result<String, String> {
    let charset = if let Some(charset) = known.text("charset")? {
        Some(format!("CHARACTER SET {charset}"))
    } else if known.flag("ascii")? {
        Some("ASCII".to_owned())
    } else if known.flag("unicode")? {
        Some("UNICODE".to_owned())
    } else {
        None
    };
    let collation = if let Some(collation) = known.text("collation")? {
        Some(format!("COLLATE {collation}"))
    } else if known.flag("binary")? {
        Some("BINARY".to_owned())
    } else {
        None
    };
    let parts = if national || known.flag("national")? {
        vec![Some("NATIONAL".to_owned()), Some(text), collation]
    } else {
        vec![Some(text), charset, collation]
    };
    Ok(parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

/// Adds MySQL's character set and collation to the text of an enum or a set.
pub(super) fn with_charset(known: &Known, text: String) -> Result<String, String> {
    string(known, text, false)
}
