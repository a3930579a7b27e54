//! The names that a database gives what the source does not name.

use crate::model::{Constraint, ConstraintBody, Database, Dialect, Index, KeyPart, ObjectName, Table};
use crate::words;

/// The longest name of PostgreSQL in bytes.
const POSTGRESQL_LIMIT: usize = 63;

/// Cuts a name as the database does when SQL names something with too long a name.
#[must_use]
pub fn cut_name(name: &str, dialect: Dialect) -> String {
    if dialect != Dialect::PostgreSql || name.len() <= POSTGRESQL_LIMIT {
        return name.to_owned();
    }
    name[..boundary(name, POSTGRESQL_LIMIT)].to_owned()
}

fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Makes PostgreSQL's implicit name of a table part, a columns part and a suffix: while too long, a byte is
/// cut from the longer part (`makeObjectName` of PostgreSQL's `indexcmds`).
fn object_name(table: &str, columns: &str, suffix: &str) -> String {
    let mut overhead = suffix.len() + 1;
    if !columns.is_empty() {
        overhead += 1;
    }
    let room = POSTGRESQL_LIMIT.saturating_sub(overhead);
    let (mut first, mut second) = (table.len(), columns.len());
    while first + second > room {
        if first > second {
            first -= 1;
        } else {
            second -= 1;
        }
    }
    let table = &table[..boundary(table, first)];
    let columns = &columns[..boundary(columns, second)];
    if columns.is_empty() { format!("{table}_{suffix}") } else { format!("{table}_{columns}_{suffix}") }
}

/// Returns the name that the sequence of an identity column gets where nothing else has it.
#[must_use]
pub fn identity_sequence(table: &ObjectName, column: &str) -> ObjectName {
    table.sibling(object_name(&table.name, column, "seq"))
}

/// Joins column names as PostgreSQL does for a name: no more once the text is longer than a name may be.
fn joined<'n>(columns: impl IntoIterator<Item = &'n str>) -> String {
    let mut out = String::new();
    for column in columns {
        if !out.is_empty() {
            out.push('_');
        }
        out.push_str(column);
        if out.len() > POSTGRESQL_LIMIT {
            break;
        }
    }
    out
}

impl Database {
    /// Returns the name that the database gives a constraint without one; `None` where it gives none.
    ///
    /// PostgreSQL: `<table>_pkey`, `<table>_<columns>_key`, `_fkey`, `_check`, `_excl`, with a number on a
    /// collision and shortened to 63 bytes. MySQL: `PRIMARY`, the first column, `<table>_ibfk_<n>`,
    /// `<table>_chk_<n>`. SQLite: none.
    #[must_use]
    pub fn implicit_constraint_name(&self, table: &Table, constraint: &Constraint) -> Option<String> {
        match self.dialect {
            Dialect::PostgreSql => {
                let (columns, suffix) = match &constraint.body {
                    ConstraintBody::PrimaryKey { .. } => (String::new(), "pkey"),
                    ConstraintBody::Unique { columns, .. } => {
                        (joined(columns.iter().map(String::as_str)), "key")
                    }
                    ConstraintBody::ForeignKey { columns, .. } => {
                        (joined(columns.iter().map(String::as_str)), "fkey")
                    }
                    ConstraintBody::Check { expression, .. } => {
                        let mut used =
                            table.columns.iter().filter(|c| words::uses(expression, &c.name, true));
                        match (used.next(), used.next()) {
                            (Some(only), None) => (only.name.clone(), "check"),
                            _ => (String::new(), "check"),
                        }
                    }
                    ConstraintBody::Exclude { elements, .. } => {
                        let names: Vec<&str> =
                            elements.iter().map(|e| e.split_whitespace().next().unwrap_or("expr")).collect();
                        let names =
                            names.iter().map(|n| if n.contains('(') { "expr" } else { n.trim_matches('"') });
                        (joined(names), "excl")
                    }
                };
                let is_index = matches!(
                    constraint.body,
                    ConstraintBody::PrimaryKey { .. }
                        | ConstraintBody::Unique { .. }
                        | ConstraintBody::Exclude { .. }
                );
                Some(self.numbered(table, &columns, suffix, |name| {
                    let full = table.name.sibling(name);
                    self.constraint_names.contains_key(&full)
                        || table.constraint(name).is_some()
                        || (is_index && self.relation_exists(&full))
                }))
            }
            Dialect::MySql | Dialect::MariaDb => match &constraint.body {
                ConstraintBody::PrimaryKey { .. } => Some("PRIMARY".to_owned()),
                ConstraintBody::Unique { columns, .. } => columns.first().map(|c| mysql_key(table, c)),
                ConstraintBody::ForeignKey { .. } => {
                    let prefix = format!("{}_ibfk_", table.name.name);
                    let highest = highest(table, &prefix);
                    Some(format!("{prefix}{}", highest + 1))
                }
                ConstraintBody::Check { .. } if self.dialect == Dialect::MariaDb => {
                    Some(format!("CONSTRAINT_{}", highest(table, "CONSTRAINT_") + 1))
                }
                ConstraintBody::Check { .. } => {
                    let prefix = format!("{}_chk_", table.name.name);
                    Some(format!("{prefix}{}", highest(table, &prefix) + 1))
                }
                ConstraintBody::Exclude { .. } => None,
            },
            Dialect::Sqlite => None,
        }
    }

    /// Returns the name that the database gives an index without one.
    #[must_use]
    pub fn implicit_index_name(&self, table: &Table, index: &Index) -> Option<String> {
        match self.dialect {
            Dialect::PostgreSql => {
                let mut expressions = 0;
                let parts: Vec<String> = index
                    .keys
                    .iter()
                    .map(|key| match &key.part {
                        KeyPart::Column(name) => name.clone(),
                        KeyPart::Expression(text) => expression_name(text, &mut expressions),
                    })
                    .collect();
                let columns = joined(parts.iter().map(String::as_str));
                Some(
                    self.numbered(table, &columns, "idx", |name| {
                        self.relation_exists(&table.name.sibling(name))
                    }),
                )
            }
            Dialect::MySql | Dialect::MariaDb => index.keys.first().map(|key| match &key.part {
                KeyPart::Column(name) => mysql_key(table, name),
                KeyPart::Expression(_) => mysql_key(table, "functional_index"),
            }),
            Dialect::Sqlite => None,
        }
    }

    /// Returns the name of the sequence that a `SERIAL` column of PostgreSQL gets.
    #[must_use]
    pub fn implicit_sequence_name(&self, table: &Table, column: &str) -> ObjectName {
        let name =
            self.numbered(table, column, "seq", |name| self.relation_exists(&table.name.sibling(name)));
        table.name.sibling(name)
    }

    fn numbered(&self, table: &Table, columns: &str, suffix: &str, taken: impl Fn(&str) -> bool) -> String {
        let mut label = suffix.to_owned();
        let mut number = 0;
        loop {
            let name = object_name(&table.name.name, columns, &label);
            if !taken(&name) || number > 100_000 {
                return name;
            }
            number += 1;
            label = format!("{suffix}{number}");
        }
    }

    /// Says whether a table, index, sequence or view of that name exists. PostgreSQL keeps them in one space.
    #[must_use]
    pub fn relation_exists(&self, name: &ObjectName) -> bool {
        self.tables.contains_key(name)
            || self.sequences.contains_key(name)
            || self.index_owners.contains_key(name)
            || self.view(name).is_some()
    }
}

/// The part of an index name for an expression: PostgreSQL takes the function's name where it is a call, else
/// `expr`.
fn expression_name(text: &str, expressions: &mut usize) -> String {
    let tokens = words::tokens(text);
    let is_call = tokens.len() > 2
        && tokens[0].kind == words::Kind::Word
        && &text[tokens[1].range.clone()] == "("
        && tokens.last().is_some_and(|t| &text[t.range.clone()] == ")");
    if is_call && let Some(name) = words::name_of(text, &tokens[0], true) {
        return name;
    }
    *expressions += 1;
    if *expressions == 1 { "expr".to_owned() } else { format!("expr{}", *expressions - 1) }
}

fn mysql_key(table: &Table, column: &str) -> String {
    let taken = |name: &str| table.constraint(name).is_some() || table.index(name).is_some();
    if !taken(column) {
        return column.to_owned();
    }
    let mut number = 2;
    loop {
        let name = format!("{column}_{number}");
        if !taken(&name) {
            return name;
        }
        number += 1;
    }
}

fn highest(table: &Table, prefix: &str) -> u32 {
    table
        .constraints
        .iter()
        .filter_map(|c| c.name.as_deref()?.strip_prefix(prefix)?.parse::<u32>().ok())
        .max()
        .unwrap_or(0)
}
