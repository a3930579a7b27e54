//! Naming conventions: how SQLAlchemy names what the source does not name.

use crate::names::canonical_name;
use cucurbit_python::eval::Value;
use cucurbit_schema::{Dialect, NameKind, ObjectName};
use md5::{Digest, Md5};
use std::fmt::Write as _;

/// A name as the source gives it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum NameText {
    /// Marked as final by `conv()` or `op.f()`: no convention changes it.
    Final(String),
    /// A plain string.
    Plain(String),
    /// None is given.
    #[default]
    None,
    /// There may be one; it cannot be told.
    Unknown,
}

impl NameText {
    /// Returns the text, when there is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            NameText::Final(text) | NameText::Plain(text) => Some(text),
            NameText::None | NameText::Unknown => None,
        }
    }
}

/// What a convention names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// `ix`.
    Index,
    /// `uq`.
    Unique,
    /// `ck`.
    Check,
    /// `fk`.
    ForeignKey,
    /// `pk`.
    PrimaryKey,
    /// An exclusion constraint, for which SQLAlchemy has no key of its own.
    Exclude,
}

/// A column as a convention sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedColumn {
    /// Its name.
    pub name: String,
    /// Its key, which is its name unless `key=` says otherwise.
    pub key: String,
}

impl NamedColumn {
    /// Makes a column whose key is its name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        NamedColumn { key: name.clone(), name }
    }
}

/// What a name is made of.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// What is named.
    pub what: Named,
    /// Its table.
    pub table: &'a ObjectName,
    /// The table's schema as written: `public` counts in names though it is the default.
    pub schema: Option<&'a str>,
    /// Its columns in order.
    pub columns: &'a [NamedColumn],
    /// The table that a foreign key points at.
    pub referred_table: Option<&'a ObjectName>,
    /// The columns that a foreign key points at.
    pub referred_columns: &'a [String],
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Text(String),
    None,
    Unknown,
}

/// How what is not named is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamingConvention {
    patterns: Vec<(Named, Pattern)>,
    custom: Vec<String>,
    /// The convention cannot be told at all, or only in part.
    unknown: bool,
}

impl Default for NamingConvention {
    /// SQLAlchemy's own: `ix_%(column_0_label)s` for indexes, nothing else.
    fn default() -> Self {
        NamingConvention {
            patterns: vec![(Named::Index, Pattern::Text("ix_%(column_0_label)s".to_owned()))],
            custom: Vec::new(),
            unknown: false,
        }
    }
}

impl NamingConvention {
    /// Makes a convention that cannot be told: every name that is not final is unknown where it could matter.
    #[must_use]
    pub fn unknown() -> Self {
        NamingConvention { patterns: Vec::new(), custom: Vec::new(), unknown: true }
    }

    /// Says whether the convention cannot be told, or only in part.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.unknown
    }

    /// Reads a convention from the value of `naming_convention=`. `None` and an empty dictionary mean the default.
    #[must_use]
    pub fn from_value(value: &Value) -> Self {
        let items = match value {
            Value::None => return NamingConvention::default(),
            Value::Dict(items) if items.borrow().is_empty() => return NamingConvention::default(),
            Value::Dict(items) => items.borrow().clone(),
            // `util.immutabledict({...})`
            Value::Term(term) if term.external().is_some_and(|n| n.ends_with("immutabledict")) => {
                return match term.arguments.positional.first() {
                    Some(inner) if !term.arguments.open => NamingConvention::from_value(inner),
                    Some(_) => NamingConvention::unknown(),
                    None => NamingConvention::default(),
                };
            }
            _ => return NamingConvention::unknown(),
        };
        let mut convention = NamingConvention { patterns: Vec::new(), custom: Vec::new(), unknown: false };
        for (key, value) in items {
            let named = match &key {
                Value::Str(text) => named_by(text),
                Value::External(name) => canonical_name(name).as_deref().and_then(named_by_class),
                _ => {
                    convention.unknown = true;
                    continue;
                }
            };
            match (named, &key) {
                (Some(named), _) => {
                    let pattern = match &value {
                        Value::Str(text) => Pattern::Text(text.to_string()),
                        Value::None => Pattern::None,
                        _ => Pattern::Unknown,
                    };
                    convention.patterns.retain(|(n, _)| *n != named);
                    convention.patterns.push((named, pattern));
                }
                (None, Value::Str(text)) => convention.custom.push(text.to_string()),
                (None, _) => {}
            }
        }
        convention
    }

    /// Returns the name that the database will be told, where it comes from, or `None` when it is told none.
    ///
    /// # Errors
    /// Why the name cannot be told, or why SQLAlchemy refuses.
    pub fn name(
        &self,
        given: &NameText,
        parts: Parts<'_>,
        dialect: Dialect,
    ) -> Result<Option<(String, NameKind)>, String> {
        let plain = match given {
            NameText::Final(name) => {
                return Ok(Some((truncated(name, dialect), NameKind::Explicit)));
            }
            NameText::Unknown => return Err("its name cannot be told".to_owned()),
            NameText::Plain(name) => Some(name.as_str()),
            NameText::None => None,
        };
        let pattern = self.patterns.iter().find(|(named, _)| *named == parts.what).map(|(_, p)| p);
        match (pattern, plain) {
            (Some(Pattern::Unknown), _) => Err("the naming convention cannot be told".to_owned()),
            (Some(Pattern::Text(pattern)), plain)
                if plain.is_none() || pattern.contains("constraint_name") =>
            {
                let name = self.expand(pattern, plain, parts)?;
                Ok(Some((truncated(&name, dialect), NameKind::Convention)))
            }
            (_, Some(plain)) if self.unknown && parts.what == Named::Check => {
                Err(format!("the naming convention cannot be told, so `{plain}` may be changed by it"))
            }
            (_, Some(plain)) => Ok(Some((plain.to_owned(), NameKind::Explicit))),
            (None, None) if self.unknown && parts.what != Named::Exclude => {
                Err("the naming convention cannot be told".to_owned())
            }
            _ => Ok(None),
        }
    }

    fn expand(&self, pattern: &str, plain: Option<&str>, parts: Parts<'_>) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = pattern;
        while let Some(at) = rest.find('%') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('%') {
                out.push('%');
                rest = after;
                continue;
            }
            let token = rest.strip_prefix('(').and_then(|r| r.split_once(')'));
            let Some((token, after)) = token else {
                return Err(format!("the naming convention `{pattern}` is malformed"));
            };
            let Some(after) = after.strip_prefix('s') else {
                return Err(format!("the naming convention `{pattern}` is malformed"));
            };
            rest = after;
            out.push_str(&self.token(token, plain, parts)?);
        }
        out.push_str(rest);
        Ok(out)
    }

    fn token(&self, token: &str, plain: Option<&str>, parts: Parts<'_>) -> Result<String, String> {
        if self.custom.iter().any(|c| c == token) {
            return Err(format!("the naming convention computes `%({token})s`"));
        }
        match token {
            "table_name" => return Ok(parts.table.name.clone()),
            "referred_table_name" => {
                return parts
                    .referred_table
                    .map(|t| t.name.clone())
                    .ok_or_else(|| "only a foreign key has a referred table".to_owned());
            }
            "constraint_name" => {
                return plain
                    .map(str::to_owned)
                    .ok_or_else(|| "the naming convention demands that it be named".to_owned());
            }
            _ => {}
        }
        let (referred, attribute) = match token.strip_prefix("referred_") {
            Some(rest) => (true, rest),
            None => (false, token),
        };
        let unknown = || format!("the naming convention's token `%({token})s` is not known");
        let rest = attribute.strip_prefix("column_").ok_or_else(unknown)?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let index: usize = rest[..digits].parse().map_err(|_| unknown())?;
        let rest = &rest[digits..];
        let (separator, kind) = if let Some(kind) = rest.strip_prefix("_N_") {
            (Some("_"), kind)
        } else if let Some(kind) = rest.strip_prefix("N_") {
            (Some(""), kind)
        } else {
            (None, rest.strip_prefix('_').ok_or_else(unknown)?)
        };
        let one = |at: usize| -> Result<String, String> {
            if referred {
                return match kind {
                    "name" => parts
                        .referred_columns
                        .get(at)
                        .cloned()
                        .ok_or_else(|| "the column it points at cannot be told".to_owned()),
                    _ => Err(unknown()),
                };
            }
            let Some(column) = parts.columns.get(at) else { return Ok(String::new()) };
            match kind {
                "name" => Ok(column.name.clone()),
                "key" => Ok(column.key.clone()),
                "label" => Ok(label(parts.schema, parts.table, &column.name)),
                _ => Err(unknown()),
            }
        };
        match separator {
            Some(separator) => {
                let count = parts.columns.len();
                let all: Result<Vec<String>, String> = (0..count).map(one).collect();
                Ok(all?.join(separator))
            }
            None => one(index),
        }
    }
}

fn label(schema: Option<&str>, table: &ObjectName, column: &str) -> String {
    match schema.or(table.schema.as_deref()) {
        Some(schema) => format!("{}_{}_{column}", schema.replace('.', "_"), table.name),
        None => format!("{}_{column}", table.name),
    }
}

fn named_by(key: &str) -> Option<Named> {
    Some(match key {
        "ix" => Named::Index,
        "uq" => Named::Unique,
        "ck" => Named::Check,
        "fk" => Named::ForeignKey,
        "pk" => Named::PrimaryKey,
        _ => return None,
    })
}

fn named_by_class(name: &str) -> Option<Named> {
    Some(match name {
        "Index" => Named::Index,
        "UniqueConstraint" => Named::Unique,
        "CheckConstraint" => Named::Check,
        "ForeignKeyConstraint" => Named::ForeignKey,
        "PrimaryKeyConstraint" => Named::PrimaryKey,
        _ => return None,
    })
}

/// Returns a name that SQLAlchemy made, or that was marked as final, cut as SQLAlchemy cuts it.
#[must_use]
pub fn truncated(name: &str, dialect: Dialect) -> String {
    let Some(limit) = dialect.identifier_limit() else { return name.to_owned() };
    if name.chars().count() <= limit {
        return name.to_owned();
    }
    let mut out: String = name.chars().take(limit - 8).collect();
    let mut hex = String::with_capacity(32);
    for byte in Md5::digest(name.as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    out.push('_');
    out.push_str(&hex[28..]);
    out
}
