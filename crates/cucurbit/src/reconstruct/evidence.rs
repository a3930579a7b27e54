//! Where each thing that a rebuilt migration makes comes from.

use cucurbit_models::{Models, SourceLine};
use cucurbit_reconstruct::{Assumption, Level};
use cucurbit_schema::{Database, DifferenceKind, NameKind, ObjectName, ObjectRef, Table, diff};
use std::collections::BTreeMap;

/// Where one thing that the rebuilt migration makes or changes comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The thing, under the name that it has right after the migration.
    pub object: ObjectRef,
    /// How sure it is.
    pub level: Level,
    /// What tells it.
    pub source: EvidenceSource,
    /// The line that tells it, where one does: of the model's table.
    pub place: Option<SourceLine>,
    /// The first survivor above the gap that does something with it.
    pub touched_by: Option<String>,
    /// What is not sure about it, or why it is there.
    pub remark: Option<String>,
}

/// What tells a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvidenceSource {
    /// The schema at the head that was given, followed back.
    Head,
    /// The models, followed back.
    Models,
    /// The migrations that survive.
    Migrations,
}

impl EvidenceSource {
    /// Returns the word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            EvidenceSource::Head => "head",
            EvidenceSource::Models => "models",
            EvidenceSource::Migrations => "migrations",
        }
    }
}

/// What is said of a name that the models do not give.
pub(super) const UNNAMED: &str =
    "the models leave it unnamed: the name is the one that the database gives by itself";

/// What evidence is taken from.
pub(super) struct Sources<'s> {
    pub(super) before: &'s Database,
    pub(super) made: &'s Database,
    /// A dump of the head, where it was given.
    pub(super) head: Option<&'s Database>,
    pub(super) models: Option<&'s Models>,
    pub(super) assumptions: &'s [Assumption],
    /// What survivors touch, with the first that does.
    pub(super) touched: &'s BTreeMap<ObjectRef, String>,
}

impl Sources<'_> {
    /// Tells of everything that the migration makes or changes, in the order of [`diff()`], a table's parts behind it,
    /// then of what it drops.
    pub(super) fn evidence(&self) -> Vec<Evidence> {
        let mut objects: Vec<ObjectRef> = Vec::new();
        let mut dropped = Vec::new();
        let mut put_in: BTreeMap<&str, &Assumption> = BTreeMap::new();
        for assumption in self.assumptions {
            let known = put_in.entry(&assumption.object).or_insert(assumption);
            if assumption.level >= known.level {
                *known = assumption;
            }
        }
        let models = self.models.map(|m| m.tables.as_slice()).unwrap_or_default();
        let mut places: BTreeMap<&ObjectName, &SourceLine> = BTreeMap::new();
        for table in models {
            places.entry(&table.name).or_insert(&table.source);
        }
        for difference in diff(self.before, self.made) {
            if difference.kind == DifferenceKind::OnlyLeft {
                dropped.push(self.of_dropped(difference.object));
                continue;
            }
            // What differs in several ways comes several times, one behind the other.
            if objects.last() == Some(&difference.object) {
                continue;
            }
            objects.push(difference.object.clone());
            if let (DifferenceKind::OnlyRight, ObjectRef::Table(name)) =
                (&difference.kind, &difference.object)
                && let Some(table) = self.made.table(name)
            {
                objects.extend(parts_of(table));
            }
        }
        objects.into_iter().map(|object| self.of(object, &put_in, &places)).chain(dropped).collect()
    }

    /// What the migration drops: what was given for the end does not have it, and no survivor drops it.
    fn of_dropped(&self, object: ObjectRef) -> Evidence {
        let of_models = (EvidenceSource::Models, Level::Inferred, "the models do not have it");
        let (source, level, why) = match self.head {
            Some(_) => (EvidenceSource::Head, Level::Proved, "the head does not have it"),
            None => of_models,
        };
        let touched_by = self.touched.get(&object).cloned();
        let remark = Some(format!("it is dropped: {why}, and no migration that survives drops it"));
        Evidence { object, level, source, place: None, touched_by, remark }
    }

    fn of(
        &self,
        object: ObjectRef,
        put_in: &BTreeMap<&str, &Assumption>,
        places: &BTreeMap<&ObjectName, &SourceLine>,
    ) -> Evidence {
        let touched_by = self.touched.get(&object).cloned();
        let name = object.to_string();
        let (source, level, remark) = match (put_in.get(name.as_str()), self.head, self.models) {
            (Some(put_in), ..) => {
                let why = format!("{} needs it: {}", put_in.revision, put_in.reason);
                (EvidenceSource::Migrations, put_in.level, Some(why))
            }
            (None, Some(head), _) if head.has(&object) => (EvidenceSource::Head, Level::Proved, None),
            (None, None, Some(models)) if models.database.has(&object) => {
                match is_unnamed(&models.database, &object) && touched_by.is_none() {
                    true => (EvidenceSource::Models, Level::Assumed, Some(UNNAMED.to_owned())),
                    false => (EvidenceSource::Models, Level::Inferred, None),
                }
            }
            // It is not in the end under this name: migrations above the gap rename, change or drop it.
            (None, head, _) => {
                let level = if head.is_some() { Level::Proved } else { Level::Inferred };
                (EvidenceSource::Migrations, level, None)
            }
        };
        let place = object.table().filter(|_| source == EvidenceSource::Models);
        let place = place.and_then(|table| places.get(table)).map(|place| (*place).clone());
        Evidence { object, level, source, place, touched_by, remark }
    }
}

fn parts_of(table: &Table) -> Vec<ObjectRef> {
    let name = &table.name;
    let columns = table.columns.iter().map(|c| ObjectRef::Column(name.clone(), c.name.clone()));
    let constraints = table.constraints.iter().filter_map(|c| c.name.clone());
    let constraints = constraints.map(|constraint| ObjectRef::Constraint(name.clone(), constraint));
    let indexes = table.indexes.iter().filter_map(|i| i.name.clone());
    let indexes = indexes.map(|index| ObjectRef::Index(name.sibling(index), Some(name.clone())));
    columns.chain(constraints).chain(indexes).collect()
}

/// Says whether a constraint has no name in the models.
fn is_unnamed(models: &Database, object: &ObjectRef) -> bool {
    let ObjectRef::Constraint(table, name) = object else { return false };
    let found = models.table(table).and_then(|t| t.constraint(name));
    found.is_some_and(|constraint| constraint.name_kind == NameKind::Implicit)
}
