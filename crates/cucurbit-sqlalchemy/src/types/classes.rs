//! SQLAlchemy's own classes of types: how each is compiled, and what its constructor takes.

use crate::reading::{Affinity, IntegerSize};
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// What a constructor's argument is when it is not given, as `repr` compares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preset {
    None,
    True,
    False,
    /// There is no default: `repr` prints the value without a name.
    Required,
}

use Preset::{False, None as Nothing, Required, True};

/// The arguments of a constructor: those that may stand by position, in order; and what `repr` prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signature {
    pub(crate) positional: &'static [&'static str],
    pub(crate) shown: &'static [(&'static str, Preset)],
}

/// One class of types.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Class {
    /// `String`, or `postgresql.JSONB`; the prefix is also what Alembic writes.
    pub(crate) name: &'static str,
    /// SQLAlchemy's `__visit_name__`.
    pub(crate) visit: &'static str,
    pub(crate) signature: Signature,
    pub(crate) affinity: Affinity,
}

impl Class {
    /// Returns the size of a whole number.
    pub(crate) fn size(&self) -> IntegerSize {
        match self.visit {
            "small_integer" | "SMALLINT" => IntegerSize::Small,
            "big_integer" | "BIGINT" => IntegerSize::Big,
            _ => IntegerSize::Plain,
        }
    }

    /// Returns the class's own name without its dialect.
    pub(crate) fn short(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }
}

const BARE: Signature = Signature { positional: &[], shown: &[] };
const STRING: Signature =
    Signature { positional: &["length", "collation"], shown: &[("length", Nothing), ("collation", Nothing)] };
const NUMBER: Signature = Signature {
    positional: &["precision", "scale", "decimal_return_scale", "asdecimal"],
    shown: &[
        ("precision", Nothing),
        ("scale", Nothing),
        ("decimal_return_scale", Nothing),
        ("asdecimal", True),
    ],
};
const FLOAT: Signature = Signature {
    positional: &["precision", "asdecimal", "decimal_return_scale"],
    shown: &[("precision", Nothing), ("asdecimal", False), ("decimal_return_scale", Nothing)],
};
const BOOLEAN: Signature = Signature {
    positional: &["create_constraint", "name"],
    shown: &[("create_constraint", False), ("name", Nothing)],
};
const ZONED: Signature = Signature { positional: &["timezone"], shown: &[("timezone", False)] };
const LENGTH: Signature = Signature { positional: &["length"], shown: &[("length", Nothing)] };
const JSON: Signature = Signature { positional: &["none_as_null"], shown: &[("none_as_null", False)] };
const PG_JSON: Signature = Signature {
    positional: &["none_as_null", "astext_type"],
    shown: &[("none_as_null", False), ("astext_type", Nothing)],
};
const PG_ZONED: Signature = Signature {
    positional: &["timezone", "precision"],
    shown: &[("timezone", False), ("precision", Nothing)],
};
const MY_ZONED: Signature =
    Signature { positional: &["timezone", "fsp"], shown: &[("timezone", False), ("fsp", Nothing)] };
const MY_INTEGER: Signature = Signature {
    positional: &["display_width"],
    shown: &[("display_width", Nothing), ("unsigned", False), ("zerofill", False)],
};
const MY_NUMBER: Signature = Signature {
    positional: &["precision", "scale", "asdecimal"],
    shown: &[
        ("unsigned", False),
        ("zerofill", False),
        ("precision", Nothing),
        ("scale", Nothing),
        ("decimal_return_scale", Nothing),
        ("asdecimal", True),
    ],
};
const MY_FLOAT: Signature = Signature {
    positional: &["precision", "scale", "asdecimal"],
    shown: &[
        ("precision", Nothing),
        ("scale", Nothing),
        ("asdecimal", False),
        ("unsigned", False),
        ("zerofill", False),
        ("decimal_return_scale", Nothing),
    ],
};
const MY_STRING: Signature = Signature {
    positional: &["length"],
    shown: &[
        ("charset", Nothing),
        ("collation", Nothing),
        ("ascii", False),
        ("binary", False),
        ("unicode", False),
        ("national", False),
        ("length", Nothing),
    ],
};
const ARRAY: Signature = Signature {
    positional: &["item_type", "as_tuple", "dimensions", "zero_indexes"],
    shown: &[("item_type", Required), ("as_tuple", False), ("dimensions", Nothing), ("zero_indexes", False)],
};
const ENUM: Signature = Signature { positional: &[], shown: &[] };
const UUID: Signature = Signature { positional: &["as_uuid"], shown: &[("as_uuid", True)] };

use Affinity::{Integer, Numeric, Other, String as Text};

const fn class(name: &'static str, visit: &'static str, signature: Signature, affinity: Affinity) -> Class {
    Class { name, visit, signature, affinity }
}

const CLASSES: &[Class] = &[
    class("String", "string", STRING, Text),
    class("Unicode", "unicode", STRING, Text),
    class("Text", "text", STRING, Text),
    class("UnicodeText", "unicode_text", STRING, Text),
    class("VARCHAR", "VARCHAR", STRING, Text),
    class("NVARCHAR", "NVARCHAR", STRING, Text),
    class("CHAR", "CHAR", STRING, Text),
    class("NCHAR", "NCHAR", STRING, Text),
    class("TEXT", "TEXT", STRING, Text),
    class("CLOB", "CLOB", STRING, Text),
    class("Integer", "integer", BARE, Integer),
    class("INTEGER", "INTEGER", BARE, Integer),
    class("SmallInteger", "small_integer", BARE, Integer),
    class("SMALLINT", "SMALLINT", BARE, Integer),
    class("BigInteger", "big_integer", BARE, Integer),
    class("BIGINT", "BIGINT", BARE, Integer),
    class("Numeric", "numeric", NUMBER, Numeric),
    class("NUMERIC", "NUMERIC", NUMBER, Numeric),
    class("DECIMAL", "DECIMAL", NUMBER, Numeric),
    class("Float", "float", FLOAT, Numeric),
    class("FLOAT", "FLOAT", FLOAT, Numeric),
    class("REAL", "REAL", FLOAT, Numeric),
    class("Double", "double", FLOAT, Numeric),
    class("DOUBLE", "DOUBLE", FLOAT, Numeric),
    class("DOUBLE_PRECISION", "DOUBLE_PRECISION", FLOAT, Numeric),
    class("Boolean", "boolean", BOOLEAN, Other),
    class("BOOLEAN", "BOOLEAN", BOOLEAN, Other),
    class("Date", "date", BARE, Other),
    class("DATE", "DATE", BARE, Other),
    class("Time", "time", ZONED, Other),
    class("TIME", "TIME", ZONED, Other),
    class("DateTime", "datetime", ZONED, Other),
    class("DATETIME", "DATETIME", ZONED, Other),
    class("TIMESTAMP", "TIMESTAMP", ZONED, Other),
    class(
        "Interval",
        "interval",
        Signature { positional: &["native", "second_precision", "day_precision"], shown: &[] },
        Other,
    ),
    class("LargeBinary", "large_binary", LENGTH, Other),
    class("BLOB", "BLOB", LENGTH, Other),
    class("BINARY", "BINARY", LENGTH, Other),
    class("VARBINARY", "VARBINARY", LENGTH, Other),
    class(
        "PickleType",
        "pickle",
        Signature { positional: &["protocol", "pickler", "comparator", "impl"], shown: &[] },
        Other,
    ),
    class("JSON", "JSON", JSON, Other),
    class(
        "Uuid",
        "uuid",
        Signature {
            positional: &["as_uuid", "native_uuid"],
            shown: &[("as_uuid", True), ("native_uuid", True)],
        },
        Other,
    ),
    class("UUID", "UUID", UUID, Other),
    class("ARRAY", "ARRAY", ARRAY, Other),
    class("Enum", "enum", ENUM, Text),
    class("NullType", "null", BARE, Affinity::Unknown),
    class("postgresql.ARRAY", "ARRAY", ARRAY, Other),
    class("postgresql.ENUM", "enum", ENUM, Text),
    class("postgresql.JSON", "JSON", PG_JSON, Other),
    class("postgresql.JSONB", "JSONB", PG_JSON, Other),
    class("postgresql.JSONPATH", "JSONPATH", BARE, Other),
    class(
        "postgresql.HSTORE",
        "HSTORE",
        Signature { positional: &["text_type"], shown: &[("text_type", Nothing)] },
        Other,
    ),
    class("postgresql.BYTEA", "BYTEA", LENGTH, Other),
    class(
        "postgresql.BIT",
        "BIT",
        Signature { positional: &["length", "varying"], shown: &[("length", Nothing), ("varying", False)] },
        Other,
    ),
    class(
        "postgresql.INTERVAL",
        "INTERVAL",
        Signature {
            positional: &["precision", "fields"],
            shown: &[("precision", Nothing), ("fields", Nothing)],
        },
        Other,
    ),
    class("postgresql.TIMESTAMP", "TIMESTAMP", PG_ZONED, Other),
    class("postgresql.TIME", "TIME", PG_ZONED, Other),
    class("postgresql.CITEXT", "CITEXT", STRING, Text),
    class("postgresql.INET", "INET", BARE, Other),
    class("postgresql.CIDR", "CIDR", BARE, Other),
    class("postgresql.MACADDR", "MACADDR", BARE, Other),
    class("postgresql.MACADDR8", "MACADDR8", BARE, Other),
    class("postgresql.MONEY", "MONEY", BARE, Other),
    class("postgresql.OID", "OID", BARE, Other),
    class("postgresql.REGCLASS", "REGCLASS", BARE, Other),
    class("postgresql.REGCONFIG", "REGCONFIG", BARE, Other),
    class("postgresql.TSVECTOR", "TSVECTOR", BARE, Other),
    class("postgresql.TSQUERY", "TSQUERY", BARE, Other),
    class("postgresql.INT4RANGE", "INT4RANGE", BARE, Other),
    class("postgresql.INT8RANGE", "INT8RANGE", BARE, Other),
    class("postgresql.NUMRANGE", "NUMRANGE", BARE, Other),
    class("postgresql.DATERANGE", "DATERANGE", BARE, Other),
    class("postgresql.TSRANGE", "TSRANGE", BARE, Other),
    class("postgresql.TSTZRANGE", "TSTZRANGE", BARE, Other),
    class("postgresql.INT4MULTIRANGE", "INT4MULTIRANGE", BARE, Other),
    class("postgresql.INT8MULTIRANGE", "INT8MULTIRANGE", BARE, Other),
    class("postgresql.NUMMULTIRANGE", "NUMMULTIRANGE", BARE, Other),
    class("postgresql.DATEMULTIRANGE", "DATEMULTIRANGE", BARE, Other),
    class("postgresql.TSMULTIRANGE", "TSMULTIRANGE", BARE, Other),
    class("postgresql.TSTZMULTIRANGE", "TSTZMULTIRANGE", BARE, Other),
    class("postgresql.DOMAIN", "DOMAIN", Signature { positional: &["name", "data_type"], shown: &[] }, Other),
    class("mysql.INTEGER", "INTEGER", MY_INTEGER, Integer),
    class("mysql.BIGINT", "BIGINT", MY_INTEGER, Integer),
    class("mysql.SMALLINT", "SMALLINT", MY_INTEGER, Integer),
    class("mysql.MEDIUMINT", "MEDIUMINT", MY_INTEGER, Integer),
    class("mysql.TINYINT", "TINYINT", MY_INTEGER, Integer),
    class("mysql.NUMERIC", "NUMERIC", MY_NUMBER, Numeric),
    class("mysql.DECIMAL", "DECIMAL", MY_NUMBER, Numeric),
    class("mysql.FLOAT", "FLOAT", MY_FLOAT, Numeric),
    class("mysql.DOUBLE", "DOUBLE", MY_FLOAT, Numeric),
    class("mysql.REAL", "REAL", MY_FLOAT, Numeric),
    class("mysql.VARCHAR", "VARCHAR", MY_STRING, Text),
    class("mysql.CHAR", "CHAR", MY_STRING, Text),
    class("mysql.NVARCHAR", "NVARCHAR", MY_STRING, Text),
    class("mysql.NCHAR", "NCHAR", MY_STRING, Text),
    class("mysql.TEXT", "TEXT", MY_STRING, Text),
    class("mysql.TINYTEXT", "TINYTEXT", MY_STRING, Text),
    class("mysql.MEDIUMTEXT", "MEDIUMTEXT", MY_STRING, Text),
    class("mysql.LONGTEXT", "LONGTEXT", MY_STRING, Text),
    class("mysql.TINYBLOB", "TINYBLOB", LENGTH, Other),
    class("mysql.MEDIUMBLOB", "MEDIUMBLOB", LENGTH, Other),
    class("mysql.LONGBLOB", "LONGBLOB", LENGTH, Other),
    class("mysql.DATETIME", "DATETIME", MY_ZONED, Other),
    class("mysql.TIMESTAMP", "TIMESTAMP", MY_ZONED, Other),
    class("mysql.TIME", "TIME", MY_ZONED, Other),
    class(
        "mysql.YEAR",
        "YEAR",
        Signature { positional: &["display_width"], shown: &[("display_width", Nothing)] },
        Other,
    ),
    class("mysql.BIT", "BIT", LENGTH, Other),
    class("mysql.JSON", "JSON", JSON, Other),
    class("mysql.ENUM", "ENUM", ENUM, Text),
    class("mysql.SET", "SET", ENUM, Text),
    class("mysql.INET4", "INET4", BARE, Other),
    class("mysql.INET6", "INET6", BARE, Other),
    class("sqlite.JSON", "JSON", JSON, Other),
    class("sqlite.DATETIME", "datetime", BARE, Other),
    class("sqlite.DATE", "date", BARE, Other),
    class("sqlite.TIME", "time", BARE, Other),
];

/// Before 2.0 PostgreSQL's `UUID` and `DOUBLE_PRECISION` were its own.
const BEFORE_2: &[Class] = &[
    class(
        "postgresql.UUID",
        "PG_UUID",
        Signature { positional: &["as_uuid"], shown: &[("as_uuid", False)] },
        Other,
    ),
    class("postgresql.DOUBLE_PRECISION", "PG_DOUBLE_PRECISION", FLOAT, Numeric),
];

/// What 2.0 brought.
const SINCE_2: &[&str] = &["Uuid", "UUID", "Double", "DOUBLE", "DOUBLE_PRECISION", "postgresql.CITEXT"];

/// Returns the class of that canonical name; a dialect's name for one of the core types gives that.
pub(crate) fn find(name: &str, before_2: bool) -> Option<&'static Class> {
    static BY_NAME: LazyLock<FxHashMap<&str, &Class>> =
        LazyLock::new(|| CLASSES.iter().rev().map(|class| (class.name, class)).collect());
    let exact = |name: &str| BY_NAME.get(name).copied();
    if before_2 {
        if let Some(class) = BEFORE_2.iter().find(|c| c.name == name) {
            return Some(class);
        }
        if SINCE_2.contains(&name) {
            return None;
        }
    }
    if let Some(class) = exact(name) {
        return Some(class);
    }
    let core = match name.split_once('.') {
        Some(("mariadb", rest)) => return find(&format!("mysql.{rest}"), before_2),
        Some(("postgresql" | "mysql" | "sqlite", rest)) if is_upper(rest) => rest,
        Some(_) => return None,
        None => name,
    };
    match core {
        "INT" => exact("INTEGER"),
        "Binary" => exact("LargeBinary"),
        "NULLTYPE" => exact("NullType"),
        _ => exact(core),
    }
}

/// Returns the first class that is compiled so.
pub(crate) fn by_visit(visit: &str) -> Option<&'static Class> {
    CLASSES.iter().find(|c| c.visit == visit)
}

fn is_upper(name: &str) -> bool {
    !name.bytes().any(|b| b.is_ascii_lowercase())
}
