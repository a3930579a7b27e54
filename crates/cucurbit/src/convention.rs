//! The naming convention of a schema, from the names in it.
//!
//! Where no `env.py` and no models tell how Alembic names what migrations leave unnamed, the names in a dump do: for
//! each kind of object the pattern that most of its names follow. The patterns are those of SQLAlchemy's
//! documentation ("Configuring Constraint Naming Conventions") and usual variants of them.

use cucurbit_python::eval::Value;
use cucurbit_schema::{ConstraintBody, Database, KeyPart, NameKind, Table};
use cucurbit_sqlalchemy::NamingConvention;
use std::cell::RefCell;
use std::rc::Rc;

/// Patterns of each kind, the recommended one first.
const PATTERNS: [(&str, &[&str]); 5] = [
    (
        "ix",
        &[
            "ix_%(column_0_label)s",
            "ix_%(column_0_N_label)s",
            "ix_%(table_name)s_%(column_0_N_name)s",
            "ix_%(table_name)s_%(column_0N_name)s",
            "idx_%(table_name)s_%(column_0_N_name)s",
            "%(table_name)s_%(column_0_N_name)s_idx",
            "%(column_0_N_label)s_idx",
        ],
    ),
    (
        "uq",
        &[
            "uq_%(table_name)s_%(column_0_name)s",
            "uq_%(table_name)s_%(column_0_N_name)s",
            "uq_%(table_name)s_%(column_0N_name)s",
            "%(table_name)s_%(column_0_N_name)s_key",
            "%(table_name)s_%(column_0_name)s_key",
            "%(table_name)s_%(column_0_N_name)s_uq",
            "%(table_name)s_%(column_0_name)s_uq",
        ],
    ),
    (
        "ck",
        &[
            "ck_%(table_name)s_%(constraint_name)s",
            "ck_%(table_name)s_`%(constraint_name)s`",
            "%(table_name)s_%(constraint_name)s_check",
            "%(table_name)s_%(constraint_name)s_ck",
        ],
    ),
    (
        "fk",
        &[
            "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "fk_%(table_name)s_%(column_0_name)s",
            "fk_%(table_name)s_%(column_0_N_name)s",
            "%(table_name)s_%(column_0_N_name)s_fkey",
            "%(table_name)s_%(column_0_name)s_fkey",
        ],
    ),
    ("pk", &["pk_%(table_name)s", "%(table_name)s_pkey"]),
];

/// What of an object goes into its name.
struct Named<'n> {
    kind: &'static str,
    name: &'n str,
    table: &'n str,
    columns: Vec<&'n str>,
    referred: &'n str,
}

impl Named<'_> {
    /// Says whether the name follows a pattern; what a check was called is whatever is left.
    fn follows(&self, pattern: &str) -> bool {
        let first = self.columns.first().copied().unwrap_or_default();
        let made = pattern
            .replace("%(column_0_N_label)s", &labels(self.table, &self.columns))
            .replace("%(column_0_label)s", &format!("{}_{first}", self.table))
            .replace("%(column_0_N_name)s", &self.columns.join("_"))
            .replace("%(column_0N_name)s", &self.columns.concat())
            .replace("%(column_0_name)s", first)
            .replace("%(referred_table_name)s", self.referred)
            .replace("%(table_name)s", self.table);
        match made.split_once("%(constraint_name)s") {
            Some((front, back)) => self
                .name
                .strip_prefix(front)
                .and_then(|rest| rest.strip_suffix(back))
                .is_some_and(|rest| !rest.is_empty() && (back.contains('`') || !rest.contains('`'))),
            None => made == self.name,
        }
    }
}

fn labels(table: &str, columns: &[&str]) -> String {
    columns.iter().map(|column| format!("{table}_{column}")).collect::<Vec<_>>().join("_")
}

fn named(table: &Table) -> Vec<Named<'_>> {
    let own = table.name.name.as_str();
    let mut out = Vec::new();
    for constraint in &table.constraints {
        // A name that the database gave by itself follows no convention, but it is none either: nobody named it.
        let Some(name) = constraint.name.as_deref().filter(|_| constraint.name_kind != NameKind::Implicit)
        else {
            continue;
        };
        let (kind, columns, referred) = match &constraint.body {
            ConstraintBody::PrimaryKey { columns, .. } => {
                ("pk", columns.iter().map(String::as_str).collect(), "")
            }
            ConstraintBody::Unique { columns, .. } => {
                ("uq", columns.iter().map(String::as_str).collect(), "")
            }
            ConstraintBody::ForeignKey { columns, table, .. } => {
                ("fk", columns.iter().map(String::as_str).collect(), table.name.as_str())
            }
            ConstraintBody::Check { .. } => ("ck", Vec::new(), ""),
            ConstraintBody::Exclude { .. } => continue,
        };
        out.push(Named { kind, name, table: own, columns, referred });
    }
    for index in &table.indexes {
        let Some(name) = index.name.as_deref() else { continue };
        let columns: Option<Vec<&str>> = index
            .keys
            .iter()
            .map(|key| match &key.part {
                KeyPart::Column(column) => Some(column.as_str()),
                KeyPart::Expression(_) => None,
            })
            .collect();
        if let Some(columns) = columns {
            out.push(Named { kind: "ix", name, table: own, columns, referred: "" });
        }
    }
    out
}

/// Returns the convention that the names of a schema follow. `None` when most primary keys have other names than one
/// of the patterns gives, or the name that the database gives by itself, so that there is none to be seen.
pub(crate) fn infer(head: &Database) -> Option<NamingConvention> {
    let items = fitting(head);
    // SQLite keeps what has no name without one, and a convention would have named it.
    let unnamed =
        head.tables.values().filter(|t| t.primary_key().is_some_and(|key| key.name.is_none())).count();
    let named = items.iter().find(|(kind, ..)| *kind == "pk").map_or(0, |(_, count, ..)| *count);
    (names_keys(&items) && named > unnamed).then(|| convention_of(items))
}

/// Returns the convention that the names in migrations follow, as [`infer`] does for a dump. What a migration calls a
/// check is what the convention makes a name of, so it tells nothing of it; it is named as SQLAlchemy recommends.
pub(crate) fn infer_of_migrations(made: &Database) -> Option<NamingConvention> {
    let mut items = fitting(made);
    if !names_keys(&items) {
        return None;
    }
    if let Some((kind, patterns)) = PATTERNS.iter().find(|(kind, _)| *kind == "ck")
        && !items.iter().any(|(known, ..)| known == kind)
    {
        items.push((kind, 0, 0, patterns[0]));
    }
    Some(convention_of(items))
}

/// Returns, of a convention that is there and hidden, the patterns that most of the names of their kind follow. `None`
/// when there is none.
pub(crate) fn infer_hidden(made: &Database) -> Option<NamingConvention> {
    let mut items = fitting(made);
    items.retain(|(_, count, of_kind, _)| *count > 0 && count * 2 > *of_kind);
    (!items.is_empty()).then(|| convention_of(items))
}

/// Whether most primary keys are named as SQLAlchemy recommends.
fn names_keys(items: &[Fitting]) -> bool {
    let is_named = |(kind, count, of_kind, pattern): &Fitting| {
        *kind == "pk" && count * 2 > *of_kind && *pattern == "pk_%(table_name)s"
    };
    items.iter().any(is_named)
}

/// A kind, how many names follow the pattern that fits best, how many names there are, and the pattern.
type Fitting = (&'static str, usize, usize, &'static str);

/// What fits best for each kind.
fn fitting(head: &Database) -> Vec<Fitting> {
    let all: Vec<Named<'_>> = head.tables.values().flat_map(|table| named(table)).collect();
    let mut items = Vec::new();
    for (kind, patterns) in PATTERNS {
        let of_kind: Vec<&Named<'_>> = all.iter().filter(|n| n.kind == kind).collect();
        let fits = |pattern: &str| of_kind.iter().filter(|n| n.follows(pattern)).count();
        // The first of those that fit best.
        let best = patterns.iter().map(|p| (fits(p), *p)).rev().max_by_key(|(count, _)| *count);
        match best {
            Some((count, pattern)) if count > 0 => items.push((kind, count, of_kind.len(), pattern)),
            _ if of_kind.is_empty() => items.push((kind, 0, 0, patterns[0])),
            _ => {}
        }
    }
    items
}

fn convention_of(items: Vec<Fitting>) -> NamingConvention {
    let items =
        items.into_iter().map(|(kind, _, _, pattern)| (Value::str(kind), Value::str(pattern))).collect();
    NamingConvention::from_value(&Value::Dict(Rc::new(RefCell::new(items))))
}

#[cfg(test)]
mod tests {
    use super::infer;
    use cucurbit_schema::{Dialect, sql};

    #[test]
    fn keys_without_a_name_speak_against_a_convention() {
        let named = "CREATE TABLE a (id INTEGER, CONSTRAINT pk_a PRIMARY KEY (id));";
        let unnamed = "CREATE TABLE b (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY);";
        let is_inferred = |text: &str| infer(&sql::load(text, Dialect::Sqlite).0).is_some();
        assert!(is_inferred(named));
        assert!(!is_inferred(&format!("{named}{unnamed}")));
    }
}
