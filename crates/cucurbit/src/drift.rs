//! How much a difference between a chain and something else weighs, and which differences are known already.

use crate::blame::last_touches;
use crate::finding::Severity;
use crate::replay::ReplayedChain;
use cucurbit_models::Models;
use cucurbit_schema::{
    Column, Constraint, Database, Difference, DifferenceKind, Index, KeyPart, ObjectRef, Origin,
};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What the chain is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriftSide {
    /// A dump: it tells all that a database holds.
    Dump,
    /// Models: triggers, functions, views and the like are not theirs to say.
    Models,
}

impl DriftSide {
    /// Returns the word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            DriftSide::Dump => "dump",
            DriftSide::Models => "models",
        }
    }
}

/// One difference, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The difference: the chain on the left.
    pub difference: Difference,
    /// How much it weighs.
    pub severity: Severity,
    /// Names it in a baseline: the object, what differs, and both values. The same from run to run.
    pub key: String,
    /// Where the chain last made or changed the object, or dropped it; or its table, where it never had the object.
    pub chain_place: Option<DriftPlace>,
    /// Where the models define it, or its table; nothing where a dump is compared.
    pub other_place: Option<DriftPlace>,
}

/// A line that has to do with a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriftPlace {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: u32,
    /// The revision, in a chain.
    pub revision: Option<String>,
}

/// Compares the schema that a chain makes with another one.
///
/// An error is something that a database made by the chain will not have, or on which a program that believes the
/// other side breaks; a note is a difference of names and comments alone; the rest are warnings. Differences come in
/// the order of [`cucurbit_schema::diff()`].
#[must_use]
pub fn drift(chain: &Database, other: &Database, side: DriftSide) -> Vec<Drift> {
    let judge = |difference: Difference| Drift {
        severity: severity(&difference, chain, other, side),
        key: key(&difference),
        difference,
        chain_place: None,
        other_place: None,
    };
    let all = cucurbit_schema::diff(chain, other);
    let is_told = |d: &Difference| !goes_with_its_column(d, chain, other) && !is_of_a_view(d, chain);
    all.into_iter().filter(is_told).map(judge).collect()
}

/// A class of the models that stands for a view of the chain.
pub(crate) fn is_of_a_view(difference: &Difference, chain: &Database) -> bool {
    matches!((&difference.object, &difference.kind), (ObjectRef::Table(name), DifferenceKind::OnlyRight)
        if chain.view(name).is_some())
}

/// A sequence that only one side has because only that side has the column that owns it.
fn goes_with_its_column(difference: &Difference, chain: &Database, other: &Database) -> bool {
    let ObjectRef::Sequence(name) = &difference.object else { return false };
    let (has, lacks) = match difference.kind {
        DifferenceKind::OnlyLeft => (chain, other),
        DifferenceKind::OnlyRight => (other, chain),
        DifferenceKind::Changed { .. } => return false,
    };
    let owner = has.sequences.get(name).and_then(|s| s.owner.as_ref());
    owner.is_some_and(|(table, column)| lacks.table(table).is_none_or(|t| t.column(column).is_none()))
}

/// Says of differences where both sides come from: the calls of the chain, and the lines of models. Costs one pass over
/// the operations of the chain.
pub fn place_drift(found: &mut [Drift], chain: &ReplayedChain, models: Option<&Models>) {
    let touches = last_touches(chain);
    for drift in found {
        let object = &drift.difference.object;
        let of_table = || touches.get(&ObjectRef::Table(object.table()?.clone()));
        let at = touches.get(object).or_else(of_table);
        drift.chain_place = at.and_then(|at| {
            let operation = chain.operations.get(*at)?;
            Some(DriftPlace {
                path: chain.path(operation.place.file),
                line: chain.line(operation.place),
                revision: chain.revision_of(*at).map(|revision| revision.id.clone()),
            })
        });
        drift.other_place = models.and_then(|models| {
            let place = models.place(object)?;
            Some(DriftPlace { path: place.path.clone(), line: place.line, revision: None })
        });
    }
}

/// Says a difference in words.
#[must_use]
pub fn describe_drift(difference: &Difference, side: DriftSide) -> String {
    match &difference.kind {
        DifferenceKind::OnlyLeft => format!("{}: only the chain makes it", difference.object),
        DifferenceKind::OnlyRight => format!("{}: the chain does not make it", difference.object),
        DifferenceKind::Changed { attribute, left, right } => format!(
            "{}: {attribute}: {left} in the chain, {right} in the {}",
            difference.object,
            side.as_str()
        ),
    }
}

fn key(difference: &Difference) -> String {
    // Index names are unique in a table only, on some systems.
    let on = match &difference.object {
        ObjectRef::Index(_, Some(table)) => format!(" of {table}"),
        _ => String::new(),
    };
    let what = match &difference.kind {
        DifferenceKind::OnlyLeft => "only in the chain".to_owned(),
        DifferenceKind::OnlyRight => "not in the chain".to_owned(),
        DifferenceKind::Changed { attribute, left, right } => format!("{attribute}: {left} -> {right}"),
    };
    format!("{}{on}: {what}", difference.object)
}

fn severity(difference: &Difference, chain: &Database, other: &Database, side: DriftSide) -> Severity {
    let object = &difference.object;
    match &difference.kind {
        DifferenceKind::OnlyLeft | DifferenceKind::OnlyRight if differs_in_name(object, chain, other) => {
            Severity::Note
        }
        DifferenceKind::OnlyRight => match object {
            ObjectRef::Index(..) => match index(object, other) {
                Some(index) if index.unique => Severity::Error,
                _ => Severity::Warning,
            },
            _ => Severity::Error,
        },
        DifferenceKind::OnlyLeft => only_in_chain(object, chain, side),
        DifferenceKind::Changed { attribute, left, right } => match *attribute {
            "comment" | "options" => Severity::Note,
            "type" | "identity" | "computed" | "autoincrement" => Severity::Error,
            // NULL is written and the column refuses it.
            "nullable" if left == "false" && right == "true" => Severity::Error,
            "labels" if right.split(", ").any(|label| !left.split(", ").any(|l| l == label)) => {
                Severity::Error
            }
            _ => Severity::Warning,
        },
    }
}

fn only_in_chain(object: &ObjectRef, chain: &Database, side: DriftSide) -> Severity {
    match object {
        ObjectRef::Column(table, name) => {
            let column = chain.table(table).and_then(|t| t.column(name));
            // A row that does not name the column is refused.
            if column.is_some_and(demands_a_value) { Severity::Error } else { Severity::Warning }
        }
        _ if side == DriftSide::Models && !models_can_say(object, chain) => Severity::Note,
        _ => Severity::Warning,
    }
}

fn demands_a_value(column: &Column) -> bool {
    !column.nullable
        && column.default.is_none()
        && column.identity.is_none()
        && column.computed.is_none()
        && !column.autoincrement
}

/// Says whether an object of a chain is one that models would hold if it were theirs: functions, triggers, policies,
/// extensions and views are not, nor are, as they are used, indexes of a part of a table or of expressions.
pub(crate) fn models_can_say(object: &ObjectRef, chain: &Database) -> bool {
    match object {
        ObjectRef::Index(..) => index(object, chain).is_none_or(is_plain),
        ObjectRef::Object(..) | ObjectRef::Schema(_) => false,
        _ => true,
    }
}

/// Says whether an index is one of columns, over all rows.
pub(crate) fn is_plain(index: &Index) -> bool {
    index.predicate.is_none() && index.keys.iter().all(|key| matches!(key.part, KeyPart::Column(_)))
}

fn index<'d>(object: &ObjectRef, database: &'d Database) -> Option<&'d Index> {
    let ObjectRef::Index(name, table) = object else { return None };
    database.index(name, table.as_ref()).map(|(_, index)| index)
}

/// Says whether the other side has the same constraint or index under another name.
fn differs_in_name(object: &ObjectRef, chain: &Database, other: &Database) -> bool {
    let Some(table) = object.table() else { return false };
    let (Some(left), Some(right)) = (chain.table(table), other.table(table)) else { return false };
    match object {
        ObjectRef::Constraint(_, name) => {
            let body = |c: &Constraint| cucurbit_schema::diff::body_text(&c.body, chain.dialect);
            let lonely = |c: &&Constraint, others: &[Constraint]| !others.iter().any(|o| o.name == c.name);
            let is_it = |c: &&Constraint| c.name.as_ref() == Some(name);
            let Some(found) = left.constraints.iter().chain(&right.constraints).find(is_it) else {
                return false;
            };
            let there = left.constraints.iter().filter(|c| lonely(c, &right.constraints));
            let here = right.constraints.iter().filter(|c| lonely(c, &left.constraints));
            let same = |c: &&Constraint| !is_it(c) && c.mode == found.mode && body(c) == body(found);
            there.chain(here).any(|c| same(&c))
        }
        ObjectRef::Index(name, _) => {
            let bare = |i: &Index| Index {
                name: None,
                comment: None,
                origin: Origin::default(),
                predicate: i
                    .predicate
                    .as_deref()
                    .map(|p| cucurbit_schema::expression::normalized(p, chain.dialect)),
                ..i.clone()
            };
            let is_it = |i: &&Index| i.name.as_ref() == Some(&name.name);
            let Some(found) = left.indexes.iter().chain(&right.indexes).find(is_it) else { return false };
            let lonely = |i: &&Index, others: &[Index]| !others.iter().any(|o| o.name == i.name);
            let there = left.indexes.iter().filter(|i| lonely(i, &right.indexes));
            let here = right.indexes.iter().filter(|i| lonely(i, &left.indexes));
            there.chain(here).any(|i| !is_it(&i) && bare(i) == bare(found))
        }
        _ => false,
    }
}

/// Differences that were accepted before, so that they do not hide new ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    keys: BTreeSet<String>,
}

impl Baseline {
    /// Accepts these differences.
    #[must_use]
    pub fn of(drift: &[Drift]) -> Self {
        Baseline { keys: drift.iter().map(|d| d.key.clone()).collect() }
    }

    /// Reads a baseline: a JSON list of keys.
    ///
    /// # Errors
    /// When the text is something else, with what is wrong.
    pub fn read(text: &str) -> Result<Self, String> {
        let keys = serde_json::from_str::<BTreeSet<String>>(text)
            .map_err(|error| format!("not a list of strings in JSON: {error}"))?;
        Ok(Baseline { keys })
    }

    /// Writes it: a JSON list of keys in their order, one a line.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(&self.keys).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Says whether a difference was accepted.
    #[must_use]
    pub fn accepts(&self, drift: &Drift) -> bool {
        self.keys.contains(&drift.key)
    }

    /// Returns the keys of accepted differences that are no more.
    #[must_use]
    pub fn outdated(&self, drift: &[Drift]) -> Vec<&str> {
        let there: BTreeSet<&str> = drift.iter().map(|d| d.key.as_str()).collect();
        self.keys.iter().map(String::as_str).filter(|key| !there.contains(key)).collect()
    }
}

/// Writes drift as JSON: an object with `schema_version`, `with` (`dump` or `models`) and the list `differences`, each
/// with `object`, `what` (`only-in-chain`, `not-in-chain`, `changed`), `severity`, `accepted`, `key`, and for changes
/// `attribute`, `chain` and `other`; and with `chain_place` and `other_place` (`path` as `show` writes it, `line`, and
/// `revision` in the chain), null where nothing is known.
#[must_use]
pub fn drift_json(
    drift: &[Drift],
    side: DriftSide,
    baseline: &Baseline,
    show: impl Fn(&Path) -> String,
) -> String {
    let place = |place: &Option<DriftPlace>| match place {
        None => serde_json::Value::Null,
        Some(place) => match &place.revision {
            None => serde_json::json!({"path": show(&place.path), "line": place.line}),
            Some(revision) => {
                serde_json::json!({"path": show(&place.path), "line": place.line, "revision": revision})
            }
        },
    };
    let items: Vec<serde_json::Value> = drift
        .iter()
        .map(|item| {
            let mut value = difference_json(&item.difference);
            if let Some(map) = value.as_object_mut() {
                map.insert("severity".to_owned(), item.severity.as_str().into());
                map.insert("accepted".to_owned(), baseline.accepts(item).into());
                map.insert("key".to_owned(), item.key.as_str().into());
                map.insert("chain_place".to_owned(), place(&item.chain_place));
                map.insert("other_place".to_owned(), place(&item.other_place));
            }
            value
        })
        .collect();
    let all = serde_json::json!({
        "schema_version": 1,
        "with": side.as_str(),
        "differences": items,
    });
    pretty(&all)
}

pub(crate) fn difference_json(difference: &Difference) -> serde_json::Value {
    let object = difference.object.to_string();
    match &difference.kind {
        DifferenceKind::OnlyLeft => serde_json::json!({ "object": object, "what": "only-in-chain" }),
        DifferenceKind::OnlyRight => serde_json::json!({ "object": object, "what": "not-in-chain" }),
        DifferenceKind::Changed { attribute, left, right } => serde_json::json!({
            "object": object,
            "what": "changed",
            "attribute": attribute,
            "chain": left,
            "other": right,
        }),
    }
}

pub(crate) fn pretty(value: &serde_json::Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::{Baseline, DriftSide, drift};
    use crate::finding::Severity;
    use cucurbit_schema::{Dialect, sql};

    fn compare(chain: &str, other: &str, side: DriftSide) -> Vec<(String, Severity)> {
        let load = |text| sql::load(text, Dialect::PostgreSql).0;
        let found = drift(&load(chain), &load(other), side);
        found.into_iter().map(|d| (d.key, d.severity)).collect()
    }

    #[test]
    fn what_a_database_will_not_have_is_an_error() {
        let found = compare("CREATE TABLE a (x int);", "CREATE TABLE a (x int, y int);", DriftSide::Dump);
        assert_eq!(found, [("column a.y: not in the chain".to_owned(), Severity::Error)]);
        let found = compare("CREATE TABLE a (x int NOT NULL);", "CREATE TABLE a (x int);", DriftSide::Dump);
        assert_eq!(found, [("column a.x: nullable: false -> true".to_owned(), Severity::Error)]);
        let found = compare("CREATE TABLE a (x int);", "CREATE TABLE a (x int NOT NULL);", DriftSide::Dump);
        assert_eq!(found[0].1, Severity::Warning);
    }

    #[test]
    fn only_a_name_is_a_note() {
        let found = compare(
            "CREATE TABLE a (x int); CREATE INDEX one ON a (x); ALTER TABLE a ADD CONSTRAINT p UNIQUE (x);",
            "CREATE TABLE a (x int); CREATE INDEX two ON a (x); ALTER TABLE a ADD CONSTRAINT q UNIQUE (x);",
            DriftSide::Dump,
        );
        assert_eq!(found.len(), 4);
        assert!(found.iter().all(|(_, severity)| *severity == Severity::Note), "{found:?}");
    }

    #[test]
    fn models_do_not_say_partial_indexes() {
        let chain = "CREATE TABLE a (x int); CREATE INDEX part ON a (x) WHERE x > 1;";
        let found = compare(chain, "CREATE TABLE a (x int);", DriftSide::Models);
        assert_eq!(found, [("index part of a: only in the chain".to_owned(), Severity::Note)]);
        let found = compare(chain, "CREATE TABLE a (x int);", DriftSide::Dump);
        assert_eq!(found[0].1, Severity::Warning);
    }

    #[test]
    fn a_baseline_is_read_as_it_was_written() {
        let load = |text| sql::load(text, Dialect::PostgreSql).0;
        let (chain, other) = (load("CREATE TABLE a (x int);"), load("CREATE TABLE a (x text, y int);"));
        let found = drift(&chain, &other, DriftSide::Dump);
        let baseline = Baseline::of(&found[..1]);
        let read = Baseline::read(&baseline.to_json()).expect("a list");
        assert_eq!(read, baseline);
        assert!(read.accepts(&found[0]) && !read.accepts(&found[1]));
        assert_eq!(read.outdated(&found[1..]), [found[0].key.as_str()]);
        assert!(Baseline::read("{}").is_err());
    }
}
