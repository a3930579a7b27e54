//! The text of a type, as DDL has it, to what the database makes of it.

use cucurbit_schema::{Dialect, TypeKind};

/// Reads the text of a type; the collation that stands behind it comes apart.
pub(super) fn read(text: &str, dialect: Dialect) -> (TypeKind, Option<String>) {
    let (text, collation) = split_collation(text.trim());
    let kind = match dialect {
        Dialect::PostgreSql => postgresql(text),
        Dialect::Sqlite => sqlite(text),
        Dialect::MySql | Dialect::MariaDb => mysql(text),
    };
    (kind, collation)
}

fn split_collation(text: &str) -> (&str, Option<String>) {
    let mut quote = None;
    let bytes = text.as_bytes();
    for at in 0..bytes.len() {
        match (quote, bytes[at]) {
            (Some(q), b) if b == q => quote = None,
            (None, b @ (b'\'' | b'"' | b'`')) => quote = Some(b),
            (None, b' ') if text[at + 1..].get(..8).is_some_and(|w| w.eq_ignore_ascii_case("COLLATE ")) => {
                let name = text[at + 9..].trim();
                return (text[..at].trim_end(), Some(unquoted(name)));
            }
            _ => {}
        }
    }
    (text, None)
}

fn unquoted(name: &str) -> String {
    let mut chars = name.chars();
    match (chars.next(), name.chars().last()) {
        (Some(open @ ('"' | '`')), Some(close)) if open == close && name.len() > 1 => {
            name[1..name.len() - 1].replace(&format!("{open}{open}"), &open.to_string())
        }
        _ => name.to_owned(),
    }
}

/// A type's text in its parts: words, arguments in the first brackets, words behind them.
struct Parts {
    name: String,
    arguments: Vec<String>,
    behind: String,
}

fn parts(text: &str) -> Parts {
    let Some(open) = text.find('(') else {
        return Parts { name: text.trim().to_owned(), arguments: Vec::new(), behind: String::new() };
    };
    let close = text.rfind(')').filter(|c| *c > open).unwrap_or(text.len());
    Parts {
        name: text[..open].trim().to_owned(),
        arguments: split_arguments(&text[open + 1..close]),
        behind: text.get(close + 1..).unwrap_or_default().trim().to_owned(),
    }
}

fn split_arguments(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut quoted = false;
    let mut start = 0;
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            ',' if !quoted => {
                out.push(text[start..at].trim().to_owned());
                start = at + 1;
            }
            _ => {}
        }
    }
    if !text.trim().is_empty() {
        out.push(text[start..].trim().to_owned());
    }
    out
}

fn named(name: &str, args: Vec<String>) -> TypeKind {
    TypeKind::Named { name: name.to_owned(), args, attributes: Vec::new() }
}

fn postgresql(text: &str) -> TypeKind {
    let bare = text.trim_end_matches("[]");
    if bare.len() < text.len() {
        return TypeKind::Array { element: Box::new(postgresql(bare.trim_end())), dimensions: 1 };
    }
    if text.starts_with('"') {
        return named(&unquoted(text), Vec::new());
    }
    let Parts { name, arguments, behind } = parts(text);
    let lower =
        if behind.is_empty() { name.to_lowercase() } else { format!("{name} {behind}").to_lowercase() };
    let lower = lower.split_whitespace().collect::<Vec<_>>().join(" ");
    let none = Vec::new();
    match lower.as_str() {
        "varchar" | "character varying" => named("character varying", arguments),
        "char" | "character" | "nchar" | "bpchar" => {
            named("character", if arguments.is_empty() { vec!["1".to_owned()] } else { arguments })
        }
        "text" => named("text", none),
        "int" | "integer" | "int4" => named("integer", none),
        "smallint" | "int2" => named("smallint", none),
        "bigint" | "int8" => named("bigint", none),
        "numeric" | "decimal" | "dec" => {
            let mut arguments = arguments;
            if arguments.len() == 1 {
                arguments.push("0".to_owned());
            }
            named("numeric", arguments)
        }
        "float" => match arguments.first().and_then(|a| a.parse::<u32>().ok()) {
            Some(precision) if precision <= 24 => named("real", none),
            _ => named("double precision", none),
        },
        "real" | "float4" => named("real", none),
        "double precision" | "float8" => named("double precision", none),
        "bool" | "boolean" => named("boolean", none),
        "timestamp" | "timestamp without time zone" => named("timestamp without time zone", arguments),
        "timestamptz" | "timestamp with time zone" => named("timestamp with time zone", arguments),
        "time" | "time without time zone" => named("time without time zone", arguments),
        "timetz" | "time with time zone" => named("time with time zone", arguments),
        "varbit" | "bit varying" => named("bit varying", arguments),
        "bit" => named("bit", if arguments.is_empty() { vec!["1".to_owned()] } else { arguments }),
        other => named(other, arguments),
    }
}

fn sqlite(text: &str) -> TypeKind {
    let Parts { name, arguments, behind } = parts(text);
    let name = if behind.is_empty() { name } else { format!("{name} {behind}") };
    named(&name.to_uppercase(), arguments)
}

fn mysql(text: &str) -> TypeKind {
    let Parts { name, arguments, behind } = parts(text);
    let mut words: Vec<String> = name.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let mut attributes: Vec<String> = Vec::new();
    let national = words.first().is_some_and(|w| w == "national");
    if national {
        words.remove(0);
        attributes.push("character set utf8mb3".to_owned());
    }
    let behind = behind.to_lowercase();
    // Without brackets the attributes stand among the words of the name.
    let mut tail: Vec<String> = behind.split_whitespace().map(str::to_owned).collect();
    if let Some(at) = words.iter().position(|w| {
        matches!(w.as_str(), "unsigned" | "zerofill" | "binary" | "ascii" | "unicode")
            || (w == "character" && words.len() > 1)
    }) && at > 0
    {
        let more = words.split_off(at);
        tail.splice(0..0, more);
    }
    let mut tail = tail.into_iter().peekable();
    while let Some(word) = tail.next() {
        match word.as_str() {
            "character" if tail.peek().is_some_and(|w| w == "set") => {
                tail.next();
                if let Some(charset) = tail.next() {
                    attributes.push(format!("character set {charset}"));
                }
            }
            "ascii" => attributes.push("character set latin1".to_owned()),
            "unicode" => attributes.push("character set ucs2".to_owned()),
            _ => attributes.push(word),
        }
    }
    let name = words.join(" ");
    let zerofill = attributes.iter().any(|a| a == "zerofill");
    if zerofill && !attributes.iter().any(|a| a == "unsigned") {
        attributes.insert(0, "unsigned".to_owned());
    }
    let one = || vec!["1".to_owned()];
    let (name, args): (&str, Vec<String>) = match name.as_str() {
        "bool" | "boolean" => ("tinyint", one()),
        "tinyint" if arguments == ["1"] && attributes.is_empty() => ("tinyint", one()),
        whole @ ("tinyint" | "smallint" | "mediumint" | "bigint" | "int" | "integer") => {
            let name = if whole == "integer" { "int" } else { whole };
            (name, if zerofill { arguments } else { Vec::new() })
        }
        "numeric" | "decimal" | "dec" | "fixed" => {
            let mut args = arguments;
            if args.is_empty() {
                args.push("10".to_owned());
            }
            if args.len() == 1 {
                args.push("0".to_owned());
            }
            ("decimal", args)
        }
        "double" | "double precision" | "real" => ("double", arguments),
        "float" => match arguments.as_slice() {
            [precision] => match precision.parse::<u32>() {
                Ok(precision) if precision > 24 => ("double", Vec::new()),
                _ => ("float", Vec::new()),
            },
            _ => ("float", arguments),
        },
        "text" => (sized("text", arguments.first(), 4), Vec::new()),
        "blob" => (sized("blob", arguments.first(), 1), Vec::new()),
        short @ ("char" | "binary" | "bit") => {
            let name = match short {
                "char" => "char",
                "binary" => "binary",
                _ => "bit",
            };
            (name, if arguments.is_empty() { one() } else { arguments })
        }
        "year" => ("year", Vec::new()),
        moment @ ("datetime" | "timestamp" | "time") if arguments == ["0"] => {
            let name = match moment {
                "datetime" => "datetime",
                "timestamp" => "timestamp",
                _ => "time",
            };
            (name, Vec::new())
        }
        other => return TypeKind::Named { name: other.to_owned(), args: arguments, attributes },
    };
    TypeKind::Named { name: name.to_owned(), args, attributes }
}

/// `TEXT(n)` becomes the smallest type that holds so many characters, of up to four bytes each.
fn sized(kind: &str, length: Option<&String>, width: u64) -> &'static str {
    let names = if kind == "text" {
        ["tinytext", "text", "mediumtext", "longtext"]
    } else {
        ["tinyblob", "blob", "mediumblob", "longblob"]
    };
    let Some(length) = length.and_then(|l| l.parse::<u64>().ok()) else { return names[1] };
    match length.saturating_mul(width) {
        0..=255 => names[0],
        256..=65_535 => names[1],
        65_536..=16_777_215 => names[2],
        _ => names[3],
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use cucurbit_schema::{Dialect, TypeKind};

    fn shown(text: &str, dialect: Dialect) -> String {
        let (kind, collation) = read(text, dialect);
        let mut out = show(&kind);
        if let Some(collation) = collation {
            out.push_str(&format!(" collate {collation}"));
        }
        out
    }

    fn show(kind: &TypeKind) -> String {
        match kind {
            TypeKind::Named { name, args, attributes } => {
                let args = if args.is_empty() { String::new() } else { format!("({})", args.join(",")) };
                let attributes: String = attributes.iter().map(|a| format!(" {a}")).collect();
                format!("{name}{args}{attributes}")
            }
            TypeKind::Array { element, .. } => format!("{}[]", show(element)),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn postgresql_names_as_format_type_prints_them() {
        for (text, name) in [
            ("VARCHAR(50)", "character varying(50)"),
            ("VARCHAR(50) COLLATE \"C\"", "character varying(50) collate C"),
            ("CHAR", "character(1)"),
            ("FLOAT", "double precision"),
            ("FLOAT(10)", "real"),
            ("FLOAT(53)", "double precision"),
            ("NUMERIC(10)", "numeric(10,0)"),
            ("TIMESTAMP(3) WITH TIME ZONE", "timestamp with time zone(3)"),
            ("TIMESTAMP WITHOUT TIME ZONE", "timestamp without time zone"),
            ("INTEGER[][]", "integer[]"),
            ("INTERVAL YEAR TO MONTH", "interval year to month"),
            ("INTERVAL (3)", "interval(3)"),
            ("VECTOR(1536)", "vector(1536)"),
        ] {
            assert_eq!(shown(text, Dialect::PostgreSql), name, "{text}");
        }
    }

    #[test]
    fn mysql_names_as_information_schema_shows_them() {
        for (text, name) in [
            ("BOOL", "tinyint(1)"),
            ("INTEGER(11)", "int"),
            ("INTEGER(10) UNSIGNED", "int unsigned"),
            ("BIGINT UNSIGNED", "bigint unsigned"),
            ("TINYINT(1)", "tinyint(1)"),
            ("NUMERIC", "decimal(10,0)"),
            ("DECIMAL(10, 2)", "decimal(10,2)"),
            ("REAL", "double"),
            ("DOUBLE PRECISION", "double"),
            ("TEXT(2000)", "text"),
            ("TEXT(65535)", "mediumtext"),
            ("BLOB(65535)", "blob"),
            ("NATIONAL VARCHAR(10)", "varchar(10) character set utf8mb3"),
            (
                "VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
                "varchar(50) character set utf8mb4 collate utf8mb4_bin",
            ),
            ("LONGTEXT CHARACTER SET utf8", "longtext character set utf8"),
            ("CHAR(36) BINARY", "char(36) binary"),
            ("DATETIME(6)", "datetime(6)"),
            ("YEAR(4)", "year"),
        ] {
            assert_eq!(shown(text, Dialect::MySql), name, "{text}");
        }
    }

    #[test]
    fn sqlite_names_as_written() {
        assert_eq!(shown("VARCHAR(50)", Dialect::Sqlite), "VARCHAR(50)");
        assert_eq!(shown("double precision", Dialect::Sqlite), "DOUBLE PRECISION");
    }
}
