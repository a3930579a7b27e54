//! From registered tables to a database.

use crate::find::Wanted;
use crate::host::{Ev, Reader};
use crate::{ModelTable, Models, SourceLine, Unresolved, mapping, uncalled};
use cucurbit_alembic::ProjectFiles;
use cucurbit_python::eval::{Evaluator, FileId, Files, Limits, Place, Value};
use cucurbit_schema::{Change, Constraint, ConstraintBody, Database, Default, Dialect, ObjectName, Origin};
use cucurbit_sqlalchemy::{MetaDataKey, Settings, TableReading, Unreadable, metadata_key, table_term};
use cucurbit_text::LineIndex;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Reads the tables of the wanted files.
pub(crate) fn read(files: &ProjectFiles, settings: &Settings, wanted: &Wanted) -> Models {
    let mut ev = loaded(files, settings, wanted);
    uncalled::follow(&mut ev, wanted);
    mapping::take_additions(&mut ev);
    let keys = counted(&mut ev, wanted);
    let tables = tables(&mut ev, wanted, &keys);
    tell_metadata(&mut ev, &keys);
    let known = keys.iter().filter_map(|key| ev.host.registry.metadata(key));
    let metadata = known.max_by_key(|m| m.tables.len()).cloned();
    Models { metadata, ..build(ev, files, wanted, tables) }
}

/// An evaluator that has followed the wanted files.
pub(crate) fn loaded<'f>(files: &'f ProjectFiles, settings: &Settings, wanted: &Wanted) -> Ev<'f> {
    let limits = Limits { ticks: 4_000_000, goes_on: true, ..Limits::default() };
    let mut ev = Evaluator::new(files, Reader::new(settings.clone()), limits);
    for file in &wanted.load {
        ev.load(*file);
    }
    ev
}

/// The `MetaData` whose tables count.
pub(crate) fn counted(ev: &mut Ev<'_>, wanted: &Wanted) -> BTreeSet<MetaDataKey> {
    let mut keys = BTreeSet::new();
    if let Some(file) = wanted.environment {
        let Some(target) = ev.module_value(file, "target_metadata") else { return keys };
        let targets = match &target {
            Value::Dict(items) => items.borrow().iter().map(|(_, v)| v.clone()).collect(),
            other => ev.items(other).unwrap_or_else(|| vec![target.clone()]),
        };
        for value in targets {
            keys.extend(metadata_key(ev, &value));
        }
        return keys;
    }
    let is_named = |place: Place| wanted.named.contains(&place.file);
    for table in ev.host.registry.tables() {
        if let Value::Term(term) = &table.term
            && is_named(term.place)
        {
            keys.extend(table.metadata.clone());
        }
    }
    for mapped in &ev.host.mapped {
        if is_named(mapped.class.place)
            && let Some(table) = mapped.table.and_then(|s| ev.host.registry.table(s))
        {
            keys.extend(table.metadata.clone());
        }
    }
    for class in ev.host.bases.clone() {
        if is_named(class.place)
            && let Some(value) = ev.attribute(&Value::Class(Rc::clone(&class)), "metadata", class.place)
        {
            keys.extend(metadata_key(ev, &value));
        }
    }
    keys
}

/// What a constraint says whose name a convention would give.
const NO_CONVENTION: &str = "the naming convention cannot be told";

/// Says what cannot be told of the `MetaData` themselves.
fn tell_metadata(ev: &mut Ev<'_>, keys: &BTreeSet<MetaDataKey>) {
    for key in keys {
        let Some(metadata) = ev.host.registry.metadata(key).cloned() else { continue };
        let first = metadata.tables.iter().find_map(|serial| {
            let table = ev.host.registry.table(*serial)?;
            match &table.term {
                Value::Term(term) => {
                    let given = term.arguments.get(1, "metadata").cloned();
                    Some(match given {
                        Some(Value::Term(made)) => made.place,
                        _ => term.place,
                    })
                }
                _ => None,
            }
        });
        let Some(place) = first else { continue };
        if metadata.schema_unknown {
            let reason = "it cannot be told; its tables are written without a schema";
            ev.host.problem(None, place, "the default schema of the MetaData", reason);
        }
        if metadata.convention_taken {
            ev.host.notes.push(Unreadable {
                place: Some(place),
                reason: "it cannot be told; the one that migrations write down or follow is taken".to_owned(),
                what: "the naming convention of the MetaData".to_owned(),
                held: false,
            });
        }
        if metadata.convention.is_unknown() {
            let reason = "it cannot be told; what it would name has the name that the database gives";
            ev.host.problem(None, place, "the naming convention of the MetaData", reason);
        }
    }
}

/// A table that counts.
struct Read {
    reading: TableReading,
    class: Option<String>,
    place: Place,
}

fn tables(ev: &mut Ev<'_>, wanted: &Wanted, keys: &BTreeSet<MetaDataKey>) -> Vec<Read> {
    let mut out: Vec<Read> = Vec::new();
    let registered: Vec<_> = ev.host.registry.tables().cloned().collect();
    for table in registered {
        let Value::Term(term) = &table.term else { continue };
        let counts = match &table.metadata {
            Some(key) => keys.contains(key),
            None => wanted.named.contains(&term.place.file),
        };
        if !counts {
            continue;
        }
        let class = ev.host.mapped.iter().find(|m| m.table == Some(term.serial));
        let class = class.map(|m| m.class.name.to_string());
        let Some((_, mut reading)) = table_term(ev, &table.term) else { continue };
        if let Some(schema) = table.keywords.iter().find(|(k, _)| k.as_ref() == "schema")
            && let Value::Unknown(why) = &schema.1
        {
            reading.problems.push(Unreadable {
                place: why.place,
                reason: why.reason.to_string(),
                what: "the schema of the table".to_owned(),
                held: false,
            });
        }
        // What cannot be told of a `MetaData` is told once, not for each table.
        let of_metadata = |p: &Unreadable| {
            p.reason.ends_with(" of the metadata cannot be told") || p.reason == NO_CONVENTION
        };
        let hidden = reading.problems.iter().any(|p| p.reason == NO_CONVENTION);
        reading.problems.retain(|p| !of_metadata(p));
        let certain = |p: &Unreadable| {
            reading.columns.iter().any(|c| {
                c.data_type.problems.contains(p)
                    || matches!(&c.column.default, Some(Default::Unknown(why)) if *why == p.to_string())
            })
        };
        reading.table.tainted |= hidden || reading.open || !reading.problems.iter().all(certain);
        // Without a class such a table is what code looks at in a database, no model.
        if reading.reflected && class.is_none() && reading.columns.is_empty() {
            let reason = "its columns are read from a database; it is left out";
            ev.host.problem(Some(&table.name), term.place, "", reason);
            continue;
        }
        reading.table.tainted |= reading.reflected;
        out.push(Read { reading, class, place: term.place });
    }
    settle_types(ev, &mut out);
    out
}

/// Columns without a type take that of the column that their foreign key points at; that one may be such a
/// column too.
fn settle_types(ev: &mut Ev<'_>, tables: &mut [Read]) {
    let postgresql = ev.host.settings.dialect == Dialect::PostgreSql;
    let mut places: BTreeMap<ObjectName, usize> = BTreeMap::new();
    for (at, table) in tables.iter().enumerate() {
        places.entry(table.reading.table.name.clone()).or_insert(at);
    }
    let default_schema = |own: &ObjectName, other: &ObjectName| match (&other.schema, &own.schema) {
        (None, Some(_)) => vec![other.clone(), ObjectName { schema: own.schema.clone(), ..other.clone() }],
        _ => vec![other.clone()],
    };
    // A chain of such columns is no longer than there are tables.
    for _ in 0..tables.len().min(50) {
        let mut changed = false;
        for at in 0..tables.len() {
            let own = tables[at].reading.table.name.clone();
            for (column, other, target) in tables[at].reading.types_from.clone() {
                let found = default_schema(&own, &other).iter().find_map(|name| places.get(name).copied());
                let Some(found) = found else { continue };
                let source = tables[found]
                    .reading
                    .columns
                    .iter()
                    .find(|c| c.key.as_deref() == Some(target.as_str()) || c.column.name == target);
                // What counts by itself there does not here.
                let Some(source) = source.map(|c| (c.data_type.clone(), c.column.collation.clone())) else {
                    continue;
                };
                if source.0.is_null || (postgresql && !source.0.is_known()) {
                    continue;
                }
                let reading = &mut tables[at].reading;
                let Some(place) = reading.columns.iter().position(|c| c.column.name == column) else {
                    continue;
                };
                reading.columns[place].data_type = source.0.clone();
                if let Some(made) = reading.table.columns.iter_mut().find(|c| c.name == column) {
                    made.data_type = source.0.data_type;
                    made.collation = source.1;
                }
                reading.types_from.retain(|(c, _, _)| *c != column);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    for table in tables {
        for (column, other, target) in table.reading.types_from.clone() {
            table.reading.problems.push(Unreadable {
                place: Some(table.place),
                reason: format!("`{other}.{target}`, which gives it, is not among the models"),
                what: format!("the type of `{column}`"),
                held: false,
            });
        }
    }
}

/// Makes the tables in an order in which foreign keys find what they point at; those in a circle come after.
fn build(mut ev: Ev<'_>, files: &ProjectFiles, wanted: &Wanted, tables: Vec<Read>) -> Models {
    let dialect = ev.host.settings.dialect;
    let mut database = Database::new(dialect);
    let mut late: Vec<(ObjectName, Constraint, Origin)> = Vec::new();
    let lines = Lines::new(files);
    let mut models = Models {
        database: Database::new(dialect),
        metadata: None,
        tables: Vec::with_capacity(tables.len()),
        unresolved: Vec::new(),
        notes: Vec::new(),
    };
    let names: BTreeSet<ObjectName> = tables.iter().map(|t| t.reading.table.name.clone()).collect();
    for (at, table) in tables.into_iter().enumerate() {
        let origin = Origin(u32::try_from(at + 1).unwrap_or(u32::MAX));
        let Read { mut reading, class, place } = table;
        let name = reading.table.name.clone();
        let columns = reading.columns.iter();
        let columns = columns.filter_map(|c| Some((c.column.name.clone(), lines.of(c.place?)))).collect();
        models.tables.push(ModelTable { name: name.clone(), class, source: lines.of(place), columns });
        for problem in &reading.problems {
            models.unresolved.push(lines.unresolved(Some(&name), problem));
        }
        if reading.reflected {
            models.unresolved.push(Unresolved {
                source: Some(lines.of(place)),
                table: Some(name.clone()),
                what: String::new(),
                reason: "its columns are read from a database".to_owned(),
            });
        }
        if let Some(first) = models.tables[..at].iter().find(|t| t.name == name) {
            let file = first.source.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            models.unresolved.push(Unresolved {
                source: Some(lines.of(place)),
                table: Some(name.clone()),
                what: "a second table of that name, in another MetaData".to_owned(),
                reason: format!("it is left out; the first one stands in {file}:{}", first.source.line),
            });
            continue;
        }
        if let Some(schema) = &name.schema {
            let create = Change::CreateSchema { name: schema.clone(), if_not_exists: true };
            database.apply(&create, origin);
        }
        if dialect == Dialect::PostgreSql {
            for found in reading.enums.iter().filter(|e| e.create_type) {
                let enum_type = found.enum_type.clone();
                if let Some(schema) = &enum_type.name.schema {
                    let create = Change::CreateSchema { name: schema.clone(), if_not_exists: true };
                    database.apply(&create, origin);
                }
                database.apply(&Change::CreateEnum { enum_type, if_not_exists: true }, origin);
            }
        }
        let (keys, rest): (Vec<Constraint>, _) =
            reading.table.constraints.into_iter().partition(is_foreign_key);
        reading.table.constraints = rest;
        late.extend(keys.into_iter().map(|c| (name.clone(), c, origin)));
        for change in reading.into_changes(false) {
            match change {
                Change::AddConstraint { table, constraint, .. } => late.push((table, *constraint, origin)),
                Change::CreateSequence { sequence, .. } => {
                    database.apply(&Change::CreateSequence { sequence, if_not_exists: true }, origin);
                }
                other => {
                    database.apply(&other, origin);
                }
            }
        }
    }
    for (table, constraint, origin) in late {
        if let ConstraintBody::ForeignKey { table: target, .. } = &constraint.body
            && !names.contains(target)
        {
            let source = models.tables.get((origin.0 as usize).saturating_sub(1)).map(|t| t.source.clone());
            models.unresolved.push(Unresolved {
                source,
                table: Some(table.clone()),
                what: format!("a foreign key to `{target}`"),
                reason: "that table is not among the models".to_owned(),
            });
        }
        let change = Change::AddConstraint {
            table,
            constraint: Box::new(constraint),
            using_index: None,
            if_not_exists: false,
        };
        database.apply(&change, origin);
    }
    for (table, problem) in std::mem::take(&mut ev.host.problems) {
        models.unresolved.push(lines.unresolved(table.as_ref(), &problem));
    }
    for note in std::mem::take(&mut ev.host.notes) {
        models.notes.push(lines.unresolved(None, &note));
    }
    for note in ev.take_notes() {
        if note.is_supposed {
            models.notes.push(Unresolved {
                source: Some(lines.of(note.place)),
                table: None,
                what: String::new(),
                reason: note.text,
            });
            continue;
        }
        // In files that make no table it only matters where a name of theirs is used, which says so itself.
        let is_broken = ["the statement raises", "syntax error"].iter().any(|t| note.text.starts_with(t));
        if is_broken && wanted.load.contains(&note.place.file) {
            models.unresolved.push(Unresolved {
                source: Some(lines.of(note.place)),
                table: None,
                what: String::new(),
                reason: note.text,
            });
        }
    }
    for list in [&mut models.unresolved, &mut models.notes] {
        list.sort_by(|a, b| (&a.source, &a.table, &a.what).cmp(&(&b.source, &b.table, &b.what)));
        list.dedup();
    }
    models.database = database;
    models
}

fn is_foreign_key(constraint: &Constraint) -> bool {
    matches!(constraint.body, ConstraintBody::ForeignKey { .. })
}

/// Lines of places.
pub(crate) struct Lines<'f> {
    files: &'f ProjectFiles,
    indexes: RefCell<BTreeMap<FileId, LineIndex>>,
}

impl<'f> Lines<'f> {
    pub(crate) fn new(files: &'f ProjectFiles) -> Self {
        Lines { files, indexes: RefCell::default() }
    }

    pub(crate) fn of(&self, place: Place) -> SourceLine {
        let path = self.files.path(place.file);
        let line = match self.files.parsed(place.file) {
            Some(parsed) => {
                let mut indexes = self.indexes.borrow_mut();
                let index = indexes.entry(place.file).or_insert_with(|| LineIndex::new(parsed.text()));
                index.position(parsed.text(), place.span.start).line
            }
            None => 1,
        };
        SourceLine { path, line }
    }

    fn unresolved(&self, table: Option<&ObjectName>, problem: &Unreadable) -> Unresolved {
        Unresolved {
            source: problem.place.map(|p| self.of(p)),
            table: table.cloned(),
            what: problem.what.clone(),
            reason: problem.reason.clone(),
        }
    }
}
