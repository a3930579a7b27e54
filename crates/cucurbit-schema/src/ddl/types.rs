//! Types, written.

use super::quote::{checked_name, checked_object, checked_string, is_reserved};
use super::text;
use crate::model::{Dialect, ObjectName, TypeKind};

/// Types of PostgreSQL whose names are words of the grammar; in quotes they would be other types.
const WORDS: [&str; 22] = [
    "bigint",
    "bit",
    "bit varying",
    "boolean",
    "char",
    "character",
    "character varying",
    "dec",
    "decimal",
    "double precision",
    "float",
    "int",
    "integer",
    "json",
    "national character",
    "nchar",
    "numeric",
    "real",
    "smallint",
    "varchar",
    "xml",
    "\"char\"",
];

/// What an interval may be limited to.
const FIELDS: [&str; 13] = [
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "year to month",
    "day to hour",
    "day to minute",
    "day to second",
    "hour to minute",
    "hour to second",
    "minute to second",
];

/// Writes a type as it stands in a column definition, or returns `None` when it cannot be written.
///
/// On SQLite an enum is a `VARCHAR` as long as its longest label, which is how SQLAlchemy makes it.
#[must_use]
pub fn type_sql(kind: &TypeKind, dialect: Dialect) -> Option<String> {
    write(kind, dialect).ok()
}

/// Writes a type or says why it cannot be written.
pub(super) fn write(kind: &TypeKind, dialect: Dialect) -> Result<String, String> {
    match (kind, dialect) {
        (TypeKind::Unknown(reason), _) => Err(format!("its type is unknown: {reason}")),
        (TypeKind::Array { element, .. }, Dialect::PostgreSql) => {
            Ok(format!("{}[]", write(element, dialect)?))
        }
        (TypeKind::Array { .. }, _) => Err("arrays are PostgreSQL's".to_owned()),
        (TypeKind::Enum { name: Some(name), .. }, Dialect::PostgreSql) => checked_object(name, dialect),
        (TypeKind::Enum { .. }, Dialect::PostgreSql) => Err("its enum type has no name".to_owned()),
        (TypeKind::Enum { labels, .. }, Dialect::Sqlite) => {
            let length = labels.iter().map(|l| l.chars().count()).max().unwrap_or(0);
            Ok(if length == 0 { "VARCHAR".to_owned() } else { format!("VARCHAR({length})") })
        }
        (TypeKind::Enum { labels, .. }, Dialect::MySql | Dialect::MariaDb) => {
            if labels.is_empty() {
                return Err("its enum has no labels".to_owned());
            }
            let labels: Result<Vec<_>, _> = labels.iter().map(|l| checked_string(l, dialect)).collect();
            Ok(format!("enum({})", labels?.join(", ")))
        }
        (TypeKind::Named { name, args, attributes }, _) => {
            let args = arguments(args, dialect)?;
            match dialect {
                Dialect::PostgreSql => postgresql(name, &args),
                Dialect::Sqlite => sqlite(name, &args),
                Dialect::MySql | Dialect::MariaDb => mysql(name, &args, attributes),
            }
        }
    }
}

/// Writes arguments in brackets; nothing when there are none.
fn arguments(args: &[String], dialect: Dialect) -> Result<String, String> {
    if args.is_empty() {
        return Ok(String::new());
    }
    let plain = |arg: &String| {
        let arg = text::expression(arg, dialect)?;
        let number = arg.trim_start_matches(['+', '-']);
        if dialect == Dialect::Sqlite && !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return Err(format!("`{arg}` is no number"));
        }
        Ok(arg)
    };
    let args: Result<Vec<String>, String> = args.iter().map(plain).collect();
    // SQLite keeps the text of a type, and SQLAlchemy writes a blank.
    let comma = if dialect == Dialect::Sqlite { ", " } else { "," };
    args.map(|args| format!("({})", args.join(comma)))
        .map_err(|why| format!("an argument of its type: {why}"))
}

fn postgresql(name: &str, args: &str) -> Result<String, String> {
    if let Some(element) = name.strip_suffix("[]") {
        return Ok(format!("{}[]", postgresql(element, args)?));
    }
    if WORDS.contains(&name) {
        return Ok(format!("{name}{args}"));
    }
    for head in ["timestamp", "time"] {
        if let Some(tail @ ("" | " without time zone" | " with time zone")) = name.strip_prefix(head) {
            return Ok(format!("{head}{args}{tail}"));
        }
    }
    if name == "interval" || name.strip_prefix("interval ").is_some_and(|tail| FIELDS.contains(&tail)) {
        return Ok(format!("{name}{args}"));
    }
    let parts: Result<Vec<String>, String> =
        dotted(name).iter().map(|part| checked_name(part, Dialect::PostgreSql)).collect();
    Ok(format!("{}{args}", parts?.join(".")))
}

/// Cuts a name at its dots; a part in quotes is taken out of them.
fn dotted(name: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = name;
    loop {
        let quoted = rest.strip_prefix('"').and_then(|inner| {
            let mut at = 0;
            loop {
                at += inner[at..].find('"')?;
                if inner[at + 1..].starts_with('"') {
                    at += 2;
                    continue;
                }
                let behind = &inner[at + 1..];
                let closes = behind.is_empty() || behind.starts_with('.');
                return closes.then(|| (inner[..at].replace("\"\"", "\""), behind.strip_prefix('.')));
            }
        });
        let (part, behind) = quoted.unwrap_or_else(|| match rest.split_once('.') {
            Some((part, behind)) => (part.to_owned(), Some(behind)),
            None => (rest.to_owned(), None),
        });
        parts.push(part);
        match behind {
            Some(behind) => rest = behind,
            None => return parts,
        }
    }
}

/// Returns the object that the name of a PostgreSQL type means, if it is no built-in one.
pub(super) fn object_name(name: &str) -> ObjectName {
    let parts = dotted(name.trim_end_matches("[]"));
    match parts.as_slice() {
        [schema, name] => ObjectName::new(Some(schema), name, Dialect::PostgreSql),
        [name] => ObjectName::plain(name),
        _ => ObjectName::plain(name),
    }
}

fn is_plain(word: &str) -> bool {
    let mut bytes = word.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// SQLite takes any words for a type, and none at all.
fn sqlite(name: &str, args: &str) -> Result<String, String> {
    if name.trim().is_empty() {
        return Ok(String::new());
    }
    // These end a type.
    const ENDS: [&str; 14] = [
        "as",
        "check",
        "collate",
        "constraint",
        "default",
        "foreign",
        "generated",
        "not",
        "null",
        "primary",
        "references",
        "unique",
        "always",
        "autoincrement",
    ];
    let fits = |word: &str| {
        let lower = word.to_ascii_lowercase();
        let free = ["with", "without", "key", "temp", "first", "last", "no", "plan", "query", "row", "rows"];
        is_plain(word)
            && !ENDS.contains(&lower.as_str())
            && (!is_reserved(&lower, Dialect::Sqlite) || free.contains(&lower.as_str()))
    };
    if name.split_ascii_whitespace().all(fits) {
        return Ok(format!("{}{args}", name.split_ascii_whitespace().collect::<Vec<_>>().join(" ")));
    }
    if name.contains('\0') {
        return Err("its type holds a NUL".to_owned());
    }
    Ok(format!("\"{}\"{args}", name.replace('"', "\"\"")))
}

fn mysql(name: &str, args: &str, attributes: &[String]) -> Result<String, String> {
    if name.is_empty() || !name.split(' ').all(is_plain) {
        return Err(format!("`{name}` is no type"));
    }
    let mut sql = format!("{name}{args}");
    for attribute in attributes {
        if !attribute.split_ascii_whitespace().all(is_plain) {
            return Err(format!("`{attribute}` is no attribute of a type"));
        }
        sql.push(' ');
        sql.push_str(attribute);
    }
    Ok(sql)
}

/// Says whether a text is one plain word, in whatever case.
pub(super) fn is_plain_word(word: &str) -> bool {
    is_plain(word)
}
