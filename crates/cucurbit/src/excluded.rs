//! What `env.py` keeps out of autogenerate, taken out of a comparison here too.

use crate::case::Case;
use crate::replay::SchemaOptions;
use cucurbit_alembic::ProjectFiles;
use cucurbit_models::{Models, Unresolved};
use cucurbit_schema::{Change, Database, ObjectName, ObjectRef, Origin, Table};
use cucurbit_sqlalchemy::Settings;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many objects are named that are passed over.
const NAMED: usize = 5;

impl Case {
    /// Makes models hold what `include_object` and `include_name` leave out as the chain makes it, so that no difference
    /// is seen; a note says what it is. Costs nothing where `env.py` does not name them.
    pub(crate) fn pass_over_excluded(
        &self,
        files: &ProjectFiles,
        settings: &Settings,
        options: &SchemaOptions,
        models: &mut Models,
    ) {
        let Some(env_py) = self.environment().env_py.as_deref() else { return };
        let names_one = cucurbit_alembic::read_source(env_py).is_ok_and(|source| {
            ["include_object", "include_name"].iter().any(|name| source.text.as_str().contains(name))
        });
        if !names_one {
            return;
        }
        let whole = SchemaOptions { revision: None, ..options.clone() };
        // A folder without revisions makes nothing.
        let chain = match self.schema_at(&whole) {
            Ok(chain) => {
                let mut chain = chain.state.as_ref().clone();
                chain.forget_origins();
                chain
            }
            Err(_) => Database::new(options.dialect),
        };
        let found = cucurbit_models::excluded(files, settings, env_py, &models.database, &chain);
        settle(&mut models.database, &chain, &found.objects);
        models.unresolved.extend(found.unresolved);
        if found.objects.is_empty() {
            return;
        }
        let mut names: Vec<String> = found.objects.iter().take(NAMED).map(ToString::to_string).collect();
        if let Some(more) = found.objects.len().checked_sub(NAMED).filter(|more| *more > 0) {
            names.push(format!("{more} more"));
        }
        models.notes.push(Unresolved {
            source: found.by.first().cloned(),
            table: None,
            what: names.join(", "),
            reason: "not compared, `env.py` leaves it out of autogenerate".to_owned(),
        });
    }
}

/// Makes a schema hold the objects that are passed over as another one holds them, or not at all.
pub(crate) fn settle(schema: &mut Database, like: &Database, passed_over: &BTreeSet<ObjectRef>) {
    for object in passed_over {
        let Some(name) = object.table() else { continue };
        if let ObjectRef::Table(_) = object {
            match like.tables.get(name) {
                Some(table) => {
                    for name in table.enum_types() {
                        if let Some(enum_type) = like.enums.get(name) {
                            schema.enums.entry(name.clone()).or_insert_with(|| enum_type.clone());
                        }
                    }
                    for sequence in like.sequences.owned_by(name) {
                        schema.sequences.insert(sequence.clone());
                    }
                    schema.put_table(Arc::clone(table));
                }
                None => {
                    // Keys that point at it stay.
                    let drop = Change::DropTable { name: name.clone(), if_exists: true, cascade: false };
                    schema.apply(&drop, Origin::default());
                }
            }
            continue;
        }
        let (Some(own), other) = (schema.table(name), like.table(name)) else { continue };
        let mut table = own.clone();
        settle_part(&mut table, other, object);
        schema.put_table(Arc::new(table));
    }
    if passed_over.iter().any(|o| matches!(o, ObjectRef::Table(_))) {
        let used: BTreeSet<ObjectName> =
            schema.tables.values().flat_map(|table| table.enum_types()).cloned().collect();
        schema.enums.retain(|name, _| used.contains(name) || like.enums.contains_key(name));
    }
}

/// Puts the other's part in the place of a table's own.
fn settle_part(table: &mut Table, like: Option<&Table>, object: &ObjectRef) {
    match object {
        ObjectRef::Column(_, name) => {
            let other = like.and_then(|t| t.column(name));
            let place = table.columns.iter().position(|c| c.name == *name);
            match (place, other) {
                (Some(place), Some(other)) => table.columns[place] = other.clone(),
                (Some(place), None) => drop(table.columns.remove(place)),
                (None, Some(other)) => table.columns.push(other.clone()),
                (None, None) => {}
            }
        }
        ObjectRef::Constraint(_, name) => {
            table.constraints.retain(|c| c.name.as_ref() != Some(name));
            let other = like.and_then(|t| t.constraints.iter().find(|c| c.name.as_ref() == Some(name)));
            table.constraints.extend(other.cloned());
        }
        ObjectRef::Index(name, _) => {
            table.indexes.retain(|i| i.name.as_ref() != Some(&name.name));
            table.indexes.extend(like.and_then(|t| t.index(&name.name)).cloned());
        }
        _ => {}
    }
}
