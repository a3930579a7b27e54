//! Which revision a schema is at.

use crate::case::Case;
use crate::drift::{DriftSide, describe_drift, difference_json, pretty};
use crate::replay::{SchemaError, SchemaOptions};
use cucurbit_graph::RowIndex;
use cucurbit_replay::{Direction, Replayer};
use cucurbit_schema::{Database, Difference, DifferenceKind, ObjectName, ObjectRef, Tables, diff};
use cucurbit_sqlalchemy::Settings;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

/// How far a revision is from a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distance {
    /// The revision's id.
    pub revision: String,
    /// Its file.
    pub row: RowIndex,
    /// How many objects are not the same, those that only one side has among them.
    pub objects: usize,
    /// How many objects only one side has.
    pub absent: usize,
}

/// Where in a chain a schema is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Every revision in the order in which `alembic upgrade heads` runs them.
    pub revisions: Vec<Distance>,
    /// The nearest ones, as places in [`Location::revisions`]. Revisions that do nothing to the schema are as near as
    /// the one before them. Of those with as many objects that differ, the ones with fewer that only one side has.
    pub nearest: Vec<usize>,
    /// What differs at the nearest; at the first of them where there are several.
    pub differences: Vec<Difference>,
    /// Revisions that no file defines and that were passed over.
    pub missing: Vec<String>,
}

impl Location {
    /// Says whether the schema is just that of a revision.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.nearest.is_empty() && self.differences.is_empty()
    }

    /// Writes it for people; paths as `show` gives them.
    #[must_use]
    pub fn text(&self, show: &dyn Fn(RowIndex) -> String) -> String {
        let mut out = String::new();
        let mut nearest = self.nearest.iter().filter_map(|at| self.revisions.get(*at));
        let Some(first) = nearest.next() else { return "there is no revision\n".to_owned() };
        let how = match first.objects {
            0 => "the schema is just that".to_owned(),
            1 => "1 object differs".to_owned(),
            n => format!("{n} objects differ"),
        };
        let _ = writeln!(out, "nearest: {} ({}): {how}", first.revision, show(first.row));
        for other in nearest {
            let _ = writeln!(out, "as near: {} ({})", other.revision, show(other.row));
        }
        for difference in &self.differences {
            let _ = writeln!(out, "{}", describe_drift(difference, DriftSide::Dump));
        }
        out
    }

    /// Writes it as JSON: `schema_version`, `exact`, `nearest` and `revisions` (each with `revision`, `path` and
    /// `objects`, the number of those that differ), `differences` and `missing`.
    #[must_use]
    pub fn json(&self, show: &dyn Fn(RowIndex) -> String) -> String {
        let distance = |d: &Distance| serde_json::json!({ "revision": d.revision, "path": show(d.row), "objects": d.objects });
        let nearest = self.nearest.iter().filter_map(|at| self.revisions.get(*at)).map(distance);
        pretty(&serde_json::json!({
            "schema_version": 1,
            "exact": self.is_exact(),
            "nearest": nearest.collect::<Vec<_>>(),
            "differences": self.differences.iter().map(difference_json).collect::<Vec<_>>(),
            "missing": self.missing,
            "revisions": self.revisions.iter().map(distance).collect::<Vec<_>>(),
        }))
    }
}

impl Case {
    /// Looks for the revision whose schema is nearest to the given one: the fewest objects that only one of the two
    /// has or that are not the same. A table that only one side has counts as one object.
    ///
    /// Where branches are open a revision's schema is what `alembic upgrade heads` has made when it has run it. Costs
    /// one pass over the migrations; a step compares only the tables that it touched.
    ///
    /// # Errors
    /// When there is no revision.
    pub fn locate(&self, options: &SchemaOptions, schema: &Database) -> Result<Location, SchemaError> {
        let (order, missing) = self.order_to(None)?;
        let files = self.project_files(&options.import_roots);
        let settings = Settings::new(options.dialect, options.sqlalchemy);
        let metadata = self.target_metadata(&files, &settings, options).unwrap_or_default();
        let replay = self.replay_options(&files, options, settings, metadata);
        let mut replayer = Replayer::new(&files, replay, Database::new(options.dialect));
        let mut counter = Counter::new(schema);
        let mut revisions: Vec<Distance> = Vec::with_capacity(order.len());
        let mut nearest: Vec<usize> = Vec::new();
        let mut best = None;
        for node in order {
            let Some(row) = self.row_of(node) else { continue };
            replayer.step(self.path(row), Direction::Upgrade);
            let state = replayer.shared_state();
            let (objects, absent) = counter.objects(&state);
            let least = nearest.first().map(|at| (revisions[*at].objects, revisions[*at].absent));
            if least.is_none_or(|least| (objects, absent) < least) {
                nearest.clear();
                best = Some(state);
            }
            if least.is_none_or(|least| (objects, absent) <= least) {
                nearest.push(revisions.len());
            }
            revisions.push(Distance { revision: self.graph().id(node).to_owned(), row, objects, absent });
        }
        let differences = best.map(|state| diff(&state, schema)).unwrap_or_default();
        Ok(Location { revisions, nearest, differences, missing })
    }
}

/// Counts the objects that differ, table by table as they change.
struct Counter<'d> {
    target: &'d Database,
    tables: Tables,
    /// For each table the objects that differ, and how many of them only one side has.
    counts: BTreeMap<ObjectName, (usize, usize)>,
    /// What is not of a table: as it was last, and how much of it differs.
    others: Option<(Database, (usize, usize))>,
}

impl<'d> Counter<'d> {
    fn new(target: &'d Database) -> Self {
        let counts = target.tables.keys().map(|name| (name.clone(), (1, 1))).collect();
        Counter { target, tables: Tables::default(), counts, others: None }
    }

    fn objects(&mut self, state: &Database) -> (usize, usize) {
        let touched: BTreeSet<&ObjectName> = state
            .tables
            .iter()
            .filter(|(name, table)| !self.tables.get(*name).is_some_and(|t| Arc::ptr_eq(t, table)))
            .map(|(name, _)| name)
            .chain(self.tables.keys().filter(|name| !state.tables.contains_key(*name)))
            .collect();
        let mut left = Database::new(state.dialect);
        let mut right = Database::new(state.dialect);
        for name in &touched {
            for (from, to) in [(state, &mut left), (self.target, &mut right)] {
                if let Some(table) = from.tables.get(*name) {
                    to.tables.insert((*name).clone(), Arc::clone(table));
                }
            }
        }
        let mut fresh: BTreeMap<ObjectName, (usize, usize)> = BTreeMap::new();
        for (object, is_absent) in differing(&left, &right) {
            if let Some(table) = object.table() {
                let count = fresh.entry(table.clone()).or_default();
                *count = (count.0 + 1, count.1 + usize::from(is_absent));
            }
        }
        for name in touched {
            self.counts.insert(name.clone(), fresh.remove(name).unwrap_or_default());
        }
        let others = match &self.others {
            Some((last, count)) if same_others(last, state) => *count,
            _ => {
                let left = without_tables(state);
                let found = differing(&left, &without_tables(self.target));
                let count = (found.len(), found.values().filter(|is_absent| **is_absent).count());
                self.others = Some((left, count));
                count
            }
        };
        self.tables.clone_from(&state.tables);
        self.counts.values().fold(others, |sum, count| (sum.0 + count.0, sum.1 + count.1))
    }
}

/// The objects that are not the same, and whether only one side has them.
fn differing(left: &Database, right: &Database) -> BTreeMap<ObjectRef, bool> {
    let found = diff(left, right).into_iter();
    found.map(|d| (d.object, !matches!(d.kind, DifferenceKind::Changed { .. }))).collect()
}

fn same_others(left: &Database, right: &Database) -> bool {
    left.schemas == right.schemas
        && left.enums == right.enums
        && left.sequences == right.sequences
        && left.objects == right.objects
}

/// A database's other objects.
fn without_tables(database: &Database) -> Database {
    let mut out = Database::new(database.dialect);
    out.schemas.clone_from(&database.schemas);
    out.enums.clone_from(&database.enums);
    out.sequences.clone_from(&database.sequences);
    out.objects.clone_from(&database.objects);
    out
}

impl Case {
    /// A file's path as messages show it: relative to the folder of the environment where it stands in it.
    #[must_use]
    pub fn shown_path(&self, path: &Path) -> String {
        path.strip_prefix(self.environment().folder()).unwrap_or(path).display().to_string()
    }
}
