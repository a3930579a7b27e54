//! Raw SQL, read into changes.
//!
//! A text is [`split`] into statements, and each is read by itself: what it says exactly becomes [`Change`]s, what
//! is not understood becomes an unknown effect with the tables that it names.

mod block;
mod catalog;
mod convert;
mod cursor;
mod lex;
mod objects;
mod pragma;
mod query;
pub(crate) mod query_columns;
mod rows;
mod shadow;
mod split;
mod syntax;
mod table;
pub(crate) mod types;
mod uses;

pub use catalog::{Answer, Selects, answer, listed_names, table_names};
pub use pragma::{ColumnInfo, column_infos};
pub use query::{Answered, Value as CatalogValue, catalog_rows};
pub use shadow::forget_shadow_tables;
pub use split::{Piece, split};

use crate::change::{Change, Extent, UnknownEffect};
use crate::model::{DataType, Database, Default, Dialect, ObjectName};
use cursor::Cursor;
use lex::Kind;
use std::collections::BTreeSet;

/// A statement that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadStatement {
    /// Where it starts in the text, in bytes.
    pub start: usize,
    /// Its text.
    pub text: String,
    /// What it does, in order.
    pub changes: Vec<Change>,
    /// Everything that it does was understood.
    pub exact: bool,
}

/// Reads every statement of a text and applies each to a copy of the state before the next is read.
#[must_use]
pub fn read(text: &str, dialect: Dialect, state: &Database) -> Vec<ReadStatement> {
    let mut state = state.clone();
    let mut out = Vec::new();
    for piece in split(text, dialect) {
        let mut statement = read_one(piece.text, dialect, &state);
        statement.start = piece.start;
        for change in &statement.changes {
            state.apply(change, crate::Origin::default());
        }
        out.push(statement);
    }
    out
}

/// Reads one statement. The state answers what `DO` blocks ask and which names are enum types.
#[must_use]
pub fn read_one(text: &str, dialect: Dialect, state: &Database) -> ReadStatement {
    let mut reader = Reader { state, dialect, changes: Vec::new(), exact: true, depth: 0 };
    reader.statement(text);
    ReadStatement { start: 0, text: text.to_owned(), changes: reader.changes, exact: reader.exact }
}

/// Applies a text, such as a dump, to an empty database.
///
/// Returns the database and what could not be read or did not fit.
#[must_use]
pub fn load(text: &str, dialect: Dialect) -> (Database, Vec<String>) {
    let mut state = Database::new(dialect);
    let mut problems = Vec::new();
    for (at, piece) in split(text, dialect).into_iter().enumerate() {
        let statement = read_one(piece.text, dialect, &state);
        let origin = crate::Origin(u32::try_from(at + 1).unwrap_or(u32::MAX));
        for change in &statement.changes {
            if let Change::Unknown(effect) = change {
                problems.push(format!("{}: {}", effect.reason, effect.text));
            }
            let applied = state.apply(change, origin);
            for mismatch in applied.mismatches {
                problems.push(mismatch.to_string());
            }
        }
    }
    forget_shadow_tables(&mut state);
    (state, problems)
}

/// Reads a type as DDL writes it.
#[must_use]
pub fn read_type(text: &str, dialect: Dialect) -> DataType {
    DataType::new(types::canonical(text, dialect).0)
}

/// Reads the text of a type and the collation that stands behind it.
#[must_use]
pub fn read_type_and_collation(text: &str, dialect: Dialect) -> (crate::TypeKind, Option<String>) {
    types::canonical(text, dialect)
}

/// Reads what stands behind `DEFAULT`.
#[must_use]
pub fn read_default(text: &str, dialect: Dialect) -> Default {
    let text = text.trim();
    if dialect == Dialect::PostgreSql {
        let lower = text.to_lowercase();
        let inner = lower.strip_prefix("nextval(").map(|_| &text["nextval(".len()..]);
        if let Some(inner) = inner
            && let Some(inner) = inner.trim_end().strip_suffix(')')
        {
            let mut cursor = Cursor::new(inner, dialect);
            if let Some(name) = cursor.string() {
                let mut named = Cursor::new(&name, dialect);
                if let Some(sequence) = named.name()
                    && named.done()
                {
                    return Default::NextValue(sequence);
                }
            }
        }
    }
    Default::Expression(text.to_owned())
}

/// The pieces of a statement, for comparing: words in lower case, strings with blanks squeezed.
pub(crate) fn words(text: &str, dialect: Dialect) -> Vec<String> {
    lex::lex(text, dialect)
        .into_iter()
        .map(|token| match token.kind {
            Kind::Word(word) => word,
            Kind::Quoted(name) => name,
            Kind::Text(text) => format!("'{}'", text.split_whitespace().collect::<Vec<_>>().join(" ")),
            Kind::Number => text.get(token.start..token.end).unwrap_or_default().to_owned(),
            Kind::Symbol(symbol) => symbol.to_string(),
        })
        .collect()
}

pub(crate) struct Reader<'s> {
    state: &'s Database,
    dialect: Dialect,
    changes: Vec<Change>,
    exact: bool,
    depth: usize,
}

/// How deep blocks may nest.
const MAX_DEPTH: usize = 20;

/// The first words of statements that leave the schema as it is.
const WITHOUT_EFFECT: &[&str] = &[
    "set",
    "reset",
    "show",
    "begin",
    "start",
    "commit",
    "rollback",
    "savepoint",
    "release",
    "end",
    "analyze",
    "analyse",
    "vacuum",
    "reindex",
    "cluster",
    "lock",
    "unlock",
    "pragma",
    "use",
    "optimize",
    "flush",
    "explain",
    "discard",
    "checkpoint",
    "listen",
    "notify",
    "unlisten",
    "load",
    "prepare",
    "deallocate",
    "declare",
    "fetch",
    "close",
    "kill",
    "check",
    "repair",
    "abort",
    "security",
];

impl Reader<'_> {
    /// A condition as it was written, where it stands as PostgreSQL prints it.
    fn condition(&self, text: &str) -> String {
        match self.dialect {
            Dialect::PostgreSql => crate::expression::with_in_lists(text),
            _ => text.to_owned(),
        }
    }

    fn statement(&mut self, text: &str) {
        let mut cursor = Cursor::new(text, self.dialect);
        let known = self.changes.len();
        let exact = self.exact;
        let word = cursor.word().to_owned();
        let read = match word.as_str() {
            "create" => self.create(&mut cursor),
            "alter" => self.alter(&mut cursor),
            "drop" => self.drop(&mut cursor),
            "comment" => self.comment(&mut cursor),
            "grant" | "revoke" => self.grant(text),
            "rename" if self.dialect.is_mysql() => self.rename_tables(&mut cursor),
            "call" if self.dialect.is_mysql() => self.call(&mut cursor),
            "do" if self.dialect == Dialect::PostgreSql => self.block(&mut cursor),
            "insert" | "update" | "delete" | "select" | "with" | "merge" | "copy" | "truncate"
            | "replace" | "values" | "table" => self.rows(&mut cursor),
            "refresh" => self.nothing(text),
            word if WITHOUT_EFFECT.contains(&word) => self.nothing(text),
            "" if cursor.is_symbol('(') => self.rows(&mut cursor),
            "" => Some(()),
            _ => None,
        };
        if read.is_none() {
            // Half a reading is worse than none.
            self.changes.truncate(known);
            self.exact = exact;
            self.unknown(text, "the statement was not understood");
        }
    }

    fn nothing(&mut self, text: &str) -> Option<()> {
        let what: String = text.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
        self.changes.push(Change::Nothing { what });
        Some(())
    }

    /// An effect that is not understood, on the tables that the text names.
    fn unknown(&mut self, text: &str, reason: &str) {
        let short: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(120).collect();
        let tables = tables_named(text, self.dialect);
        let extent = if tables.is_empty() { Extent::Anything } else { Extent::Tables(tables) };
        self.changes.push(Change::Unknown(UnknownEffect { extent, reason: reason.to_owned(), text: short }));
        self.exact = false;
    }
}

/// Returns the names that stand where statements name tables.
#[must_use]
pub fn tables_named(text: &str, dialect: Dialect) -> BTreeSet<ObjectName> {
    tables_named_in(text, dialect, 0)
}

fn tables_named_in(text: &str, dialect: Dialect, depth: usize) -> BTreeSet<ObjectName> {
    let mut out = BTreeSet::new();
    let mut cursor = Cursor::new(text, dialect);
    while !cursor.done() {
        if let Some(Kind::Text(inner)) = cursor.peek().map(|t| t.kind.clone())
            && depth < 3
            && inner.contains(char::is_whitespace)
        {
            out.extend(tables_named_in(&inner, dialect, depth + 1));
        }
        let verb = cursor.is("table") || cursor.is("into") || cursor.is("update") || cursor.is("truncate");
        cursor.at += 1;
        if verb {
            cursor.if_not_exists();
            cursor.if_exists();
            cursor.eat("only");
            if let Some(name) = cursor.clone().name() {
                out.insert(name);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
