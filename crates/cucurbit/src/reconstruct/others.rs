//! Tables of other applications in the same database: they stand before the first migration.

use super::{ReconstructOptions, names_table};
use crate::case::Case;
use crate::excluded::settle;
use cucurbit_schema::{Column, Constraint, ConstraintBody, Database, ObjectName, ObjectRef, Table};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The tables that a person named as another application's, of those that the head holds or that keys point at.
pub(super) fn named(options: &ReconstructOptions) -> BTreeSet<ObjectName> {
    if options.others.is_empty() {
        return BTreeSet::new();
    }
    let Some(like) = like(options) else { return BTreeSet::new() };
    let known = like.tables.keys().cloned().chain(pointed_outside(like));
    known.filter(|name| options.others.iter().any(|pattern| pattern.is_match(name))).collect()
}

/// A database that holds nothing but these tables: as the head has them, else with the columns that keys point at.
pub(super) fn standing(options: &ReconstructOptions, names: &BTreeSet<ObjectName>) -> Database {
    let mut out = Database::new(options.schema.dialect);
    let Some(like) = like(options).filter(|_| !names.is_empty()) else { return out };
    let (known, others): (Vec<&ObjectName>, Vec<&ObjectName>) =
        names.iter().partition(|name| like.tables.contains_key(name));
    settle(&mut out, like, &known.into_iter().cloned().map(ObjectRef::Table).collect());
    for name in others {
        out.put_table(Arc::new(pointed_at(name, like)));
    }
    // What they point at themselves may be of an application too that was not named.
    for name in names {
        let Some(table) = out.table(name) else { continue };
        let mut table = table.clone();
        table.constraints.retain(|constraint| target(constraint).is_none_or(|target| names.contains(target)));
        out.put_table(Arc::new(table));
    }
    out.forget_origins();
    out
}

/// A schema with tables of other applications as they stand.
pub(super) fn with<'d>(schema: &'d Database, standing: &Database) -> Cow<'d, Database> {
    if standing.tables.is_empty() {
        return Cow::Borrowed(schema);
    }
    let mut schema = schema.clone();
    settle(&mut schema, standing, &standing.tables.keys().cloned().map(ObjectRef::Table).collect());
    Cow::Owned(schema)
}

impl Case {
    /// Tables at which keys of the models point, directly or through each other, and that nothing in the project makes:
    /// SQLAlchemy finds them only where another application puts them into the same `MetaData`. The database is shared
    /// then, and tables that no file of the project names are of others too. With those that were named. None beyond
    /// these where the project is not known.
    pub(super) fn others_pointed_at(
        &self,
        options: &ReconstructOptions,
        named: &BTreeSet<ObjectName>,
    ) -> BTreeSet<ObjectName> {
        let mut found = named.clone();
        let Some(models) = &options.models else { return found };
        let outside = pointed_outside(&models.database);
        let tables: Vec<Table> = outside.difference(named).cloned().map(Table::new).collect();
        let mut next = self.unnamed_in_project(options, tables.iter().collect(), makes_table);
        while let Some(name) = next.pop() {
            if let Some(table) = options.head.as_ref().and_then(|head| head.table(&name)) {
                let targets = table.constraints.iter().filter_map(target).cloned();
                next.extend(
                    targets.filter(|t| !models.database.tables.contains_key(t) && !found.contains(t)),
                );
            }
            found.insert(name);
        }
        if let Some(head) = options.head.as_ref().filter(|_| !found.is_empty()) {
            let is_open = |table: &&Table| {
                !models.database.tables.contains_key(&table.name) && !found.contains(&table.name)
            };
            let open: Vec<&Table> = head.tables.values().map(AsRef::as_ref).filter(is_open).collect();
            let open = self.unnamed_in_migrations(open);
            let knows = |text: &str, table: &Table| names_table(text, table) || makes_table(text, table);
            found.extend(self.unnamed_in_project(options, open, knows));
        }
        found
    }

    /// Those of the tables that no revision file names.
    fn unnamed_in_migrations<'t>(&self, mut tables: Vec<&'t Table>) -> Vec<&'t Table> {
        for file in self.files() {
            let Ok(source) = cucurbit_alembic::read_source(&file.path) else { return Vec::new() };
            tables.retain(|table| !may_mean(source.text.as_str(), table));
        }
        tables
    }
}

/// What the chain makes in the end, as far as it is known.
fn like(options: &ReconstructOptions) -> Option<&Database> {
    options.head.as_ref().or(options.models.as_ref().map(|models| &models.database))
}

fn target(constraint: &Constraint) -> Option<&ObjectName> {
    match &constraint.body {
        ConstraintBody::ForeignKey { table, .. } => Some(table),
        _ => None,
    }
}

/// The tables at which keys of a schema point and that it does not hold.
fn pointed_outside(schema: &Database) -> BTreeSet<ObjectName> {
    let targets = schema.tables.values().flat_map(|table| table.constraints.iter().filter_map(target));
    targets.filter(|name| !schema.tables.contains_key(name)).cloned().collect()
}

/// A table as the keys that point at it need it.
fn pointed_at(name: &ObjectName, like: &Database) -> Table {
    let mut table = Table::new(name.clone());
    for other in like.tables.values() {
        for constraint in &other.constraints {
            let ConstraintBody::ForeignKey { columns, table: target, references, .. } = &constraint.body
            else {
                continue;
            };
            if target != name {
                continue;
            }
            for (own, referred) in columns.iter().zip(references) {
                if let (Some(own), None) = (other.column(own), table.column(referred)) {
                    table.columns.push(Column::new(referred.clone(), own.data_type.clone()));
                }
            }
        }
    }
    table
}

/// The places of a name in a text where it is no part of a longer one, as what stands before and behind it.
fn occurrences<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = (&'t str, &'t str)> {
    text.match_indices(name)
        .map(move |(at, _)| (&text[..at], &text[at + name.len()..]))
        .filter(|(before, after)| !before.ends_with(is_word) && !after.starts_with(is_word))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Says whether a migration may mean a table by a name: as a text or a part of one.
fn may_mean(text: &str, table: &Table) -> bool {
    let fronts = ['"', '\'', '`', ' ', '.', '('];
    occurrences(text, &table.name.name).any(|(before, _)| before.ends_with(fronts))
}

/// Says whether code makes a table, or may: by SQLAlchemy, by SQL, or by a class whose name gives the table's.
fn makes_table(text: &str, table: &Table) -> bool {
    let makes = |before: &str| {
        let front = before.trim_end_matches(['"', '\'', '`']).trim_end();
        front.ends_with("Table(")
            || front.strip_suffix('=').is_some_and(|f| f.trim_end().ends_with("__tablename__"))
            || ["TABLE", "EXISTS", "table", "exists"].iter().any(|word| front.ends_with(word))
    };
    occurrences(text, &table.name.name).any(|(before, _)| makes(before)) || is_class(text, table)
}

/// Says whether a class has a name from which Flask-SQLAlchemy and others make the table's, with a prefix of the project's
/// in front or not.
fn is_class(text: &str, table: &Table) -> bool {
    const MIN_PART: usize = 4;
    let bare = |text: &str| text.replace('_', "").to_lowercase();
    let wanted = bare(&table.name.name);
    text.match_indices("class ").any(|(at, class)| {
        let rest = &text[at + class.len()..];
        let class = bare(&rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())]);
        let singular = wanted.strip_suffix('s').unwrap_or(&wanted);
        [wanted.as_str(), singular]
            .iter()
            .any(|name| *name == class || class.len() >= MIN_PART && name.ends_with(&class))
    })
}
