//! Which revisions made, changed, renamed and dropped an object.

use crate::case::Case;
use crate::history::table_of;
use crate::replay::{ReplayedChain, SchemaError, SchemaOptions};
use crate::spoken;
use cucurbit_replay::Certainty;
use cucurbit_schema::{Applied, Change, ColumnAlteration, ObjectName, ObjectRef};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What a revision does to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Makes it.
    Creates,
    /// Changes it.
    Changes,
    /// Gives it another name, or its table.
    Renames,
    /// Drops it.
    Drops,
}

impl Deed {
    /// Returns the word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Deed::Creates => "creates",
            Deed::Changes => "changes",
            Deed::Renames => "renames",
            Deed::Drops => "drops",
        }
    }
}

/// One call that concerned the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlameEntry {
    /// The revision.
    pub revision: String,
    /// The file in which the call stands: that of the revision, or a module that it imports.
    pub path: PathBuf,
    /// The line of the call, counted from 1.
    pub line: u32,
    /// The call (`create_table`, `execute`).
    pub call: String,
    /// What it does to the object.
    pub deed: Deed,
    /// The same in words.
    pub what: String,
    /// Why it is not sure that it happens, when it is not.
    pub doubt: Option<String>,
}

/// The story of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blame {
    /// The table.
    pub table: ObjectName,
    /// The column, constraint or index of it, when one was asked for.
    pub part: Option<String>,
    /// What happened to it, first things first.
    pub entries: Vec<BlameEntry>,
}

/// Why there is no story.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlameError {
    /// The chain could not be followed.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// No migration names such an object.
    #[error("no migration names `{name}`{}", near_words(.near))]
    NoSuchObject {
        /// The name that was asked for.
        name: String,
        /// Names that are almost the same.
        near: Vec<String>,
    },
}

fn near_words(near: &[String]) -> String {
    match near {
        [] => String::new(),
        near => {
            format!("; there is {}", near.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "))
        }
    }
}

impl Case {
    /// Tells which revisions made, changed, renamed and dropped a table (`users`, `app.users`) or a column, constraint
    /// or index of one (`users.email`). Renames are followed backwards. Costs one [`Case::schema_at`].
    ///
    /// # Errors
    /// When the chain cannot be followed, or no migration names such an object.
    pub fn blame(&self, options: &SchemaOptions, name: &str) -> Result<Blame, BlameError> {
        let chain = self.schema_at(options)?;
        let (table, part) = resolve(&chain, name)
            .ok_or_else(|| BlameError::NoSuchObject { name: name.to_owned(), near: near(&chain, name) })?;
        let entries = trace(&chain, &table, part.as_deref());
        Ok(Blame { table, part, entries })
    }
}

/// Returns the last operation that made, changed or dropped each object; what stands on a table that was renamed since
/// is not under its new name.
pub(crate) fn last_touches(chain: &ReplayedChain) -> BTreeMap<ObjectRef, usize> {
    let mut last = BTreeMap::new();
    for (at, operation) in chain.operations.iter().enumerate() {
        for (change, applied) in &operation.changes {
            if applied.skipped || matches!(change, Change::Rows { .. }) {
                continue;
            }
            let objects = subjects(change).into_iter().chain(applied.touched.iter().cloned());
            last.extend(objects.map(|object| (object, at)));
        }
    }
    last
}

/// Every table that a change is about or touches, with its parts.
fn objects(chain: &ReplayedChain) -> BTreeSet<ObjectRef> {
    let mut found = BTreeSet::new();
    for (change, applied) in chain.operations.iter().flat_map(|o| &o.changes) {
        found.extend(applied.touched.iter().cloned());
        found.extend(applied.mismatches.iter().map(|m| m.object.clone()));
        found.extend(subjects(change));
    }
    // What stands on a table that was renamed has no change under the new name.
    for table in chain.state.tables.values() {
        let name = &table.name;
        found.extend(table.columns.iter().map(|c| ObjectRef::Column(name.clone(), c.name.clone())));
        let constraints = table.constraints.iter().filter_map(|c| c.name.clone());
        found.extend(constraints.map(|constraint| ObjectRef::Constraint(name.clone(), constraint)));
        let indexes = table.indexes.iter().filter_map(|i| i.name.clone());
        found.extend(indexes.map(|index| ObjectRef::Index(name.sibling(index), Some(name.clone()))));
    }
    found
}

/// Reads a name: `schema.table`, `table`, `schema.table.part`, `table.part`, in that order.
fn resolve(chain: &ReplayedChain, name: &str) -> Option<(ObjectName, Option<String>)> {
    let objects = objects(chain);
    let dialect = chain.state.dialect;
    let words: Vec<&str> = name.split('.').collect();
    let named = |words: &[&str]| match words {
        [table] => Some(ObjectName::plain(*table)),
        [schema, table] => Some(ObjectName::new(Some(schema), *table, dialect)),
        _ => None,
    };
    let table = |name: &ObjectName| objects.contains(&ObjectRef::Table(name.clone()));
    if let Some(found) = named(&words).filter(table) {
        return Some((found, None));
    }
    let (part, rest) = words.split_last()?;
    let found = named(rest)?;
    let is_part =
        objects.iter().any(|object| table_of(object) == Some(&found) && part_of(object) == Some(*part));
    is_part.then(|| (found, Some((*part).to_owned())))
}

fn part_of(object: &ObjectRef) -> Option<&str> {
    match object {
        ObjectRef::Column(_, name) | ObjectRef::Constraint(_, name) => Some(name),
        ObjectRef::Index(name, Some(_)) => Some(&name.name),
        _ => None,
    }
}

fn near(chain: &ReplayedChain, name: &str) -> Vec<String> {
    let spelt = |object: &ObjectRef| match (table_of(object), part_of(object)) {
        (Some(table), Some(part)) => Some(format!("{table}.{part}")),
        (Some(table), None) => Some(table.to_string()),
        _ => None,
    };
    let names: BTreeSet<String> = objects(chain).iter().filter_map(spelt).collect();
    // The same name in another schema is near as well.
    let is_near = |other: &String| spoken::are_near(other, name) || other.ends_with(&format!(".{name}"));
    names.into_iter().filter(is_near).take(5).collect()
}

/// Goes through the operations from the last to the first, with the name that the object has at each.
fn trace(chain: &ReplayedChain, table: &ObjectName, part: Option<&str>) -> Vec<BlameEntry> {
    let mut table = table.clone();
    let mut part = part.map(str::to_owned);
    let mut entries = Vec::new();
    for revision in chain.revisions.iter().rev() {
        for at in revision.step.operations.clone().rev() {
            let operation = &chain.operations[at];
            for (change, applied) in operation.changes.iter().rev() {
                if applied.skipped {
                    continue;
                }
                let Some((deed, what)) = deed(change, applied, &table, part.as_deref()) else { continue };
                let doubt = match &operation.certainty {
                    Certainty::Exact => None,
                    Certainty::Guarded { reason, .. } => Some(format!("only if {reason}")),
                    Certainty::Unknown(reason) => Some(reason.clone()),
                };
                let misfit = applied.mismatches.first().map(ToString::to_string);
                entries.push(BlameEntry {
                    revision: revision.id.clone(),
                    path: chain.path(operation.place.file),
                    line: chain.line(operation.place),
                    call: operation.call.clone(),
                    deed,
                    what,
                    doubt: misfit.or(doubt),
                });
                (table, part) = name_before(change, table, part);
            }
        }
    }
    entries.reverse();
    // One call that does several things of one kind to a table is told once.
    entries.dedup_by(|a, b| {
        a.line == b.line && a.path == b.path && a.revision == b.revision && a.what == b.what
    });
    entries
}

/// The name that the object had before a change that renames it.
fn name_before(change: &Change, table: ObjectName, part: Option<String>) -> (ObjectName, Option<String>) {
    match change {
        Change::RenameTable { from, to, .. } if *to == table => (from.clone(), part),
        Change::SetTableSchema { table: from, schema }
            if table.name == from.name && table.schema == *schema =>
        {
            (from.clone(), part)
        }
        Change::AlterColumn { table: of, column, alteration } if *of == table => {
            let renamed = match alteration {
                ColumnAlteration::Rename(to) => Some(to),
                ColumnAlteration::Definition { column: made, .. } => Some(&made.name),
                _ => None,
            };
            let part = match (renamed, part) {
                (Some(to), Some(part)) if *to == part => Some(column.clone()),
                (_, part) => part,
            };
            (table, part)
        }
        Change::RenameConstraint { table: of, from, to } if *of == table && part.as_ref() == Some(to) => {
            (table, Some(from.clone()))
        }
        Change::RenameIndex { from, to, .. } if part.as_ref() == Some(to) => (table, Some(from.name.clone())),
        _ => (table, part),
    }
}

/// What a change does to a table or a part of it; nothing when it is about something else.
fn deed(
    change: &Change,
    applied: &Applied,
    table: &ObjectName,
    part: Option<&str>,
) -> Option<(Deed, String)> {
    let said = spoken::change(change);
    let whole = match change {
        Change::CreateTable { table: made, .. } => (made.name == *table).then_some(Deed::Creates),
        Change::CreateTableFrom { name, .. } => (name == table).then_some(Deed::Creates),
        Change::DropTable { name, .. } => (name == table).then_some(Deed::Drops),
        Change::RenameTable { from, to, .. } => (from == table || to == table).then_some(Deed::Renames),
        Change::SetTableSchema { table: from, schema } => {
            (from == table || (from.name == table.name && *schema == table.schema)).then_some(Deed::Renames)
        }
        _ => None,
    };
    let Some(part) = part else {
        let about = whole.is_some()
            || subjects(change).iter().chain(&applied.touched).any(|object| table_of(object) == Some(table));
        // Rows are no part of the schema.
        let rows = matches!(change, Change::Rows { .. });
        return (about && !rows).then(|| (whole.unwrap_or(Deed::Changes), said));
    };
    let is_it = |object: &ObjectRef| table_of(object) == Some(table) && part_of(object) == Some(part);
    if !subjects(change).iter().chain(&applied.touched).any(is_it) {
        // What has a name takes it along; what stands on a table goes with it.
        return match whole? {
            Deed::Renames => Some((Deed::Renames, said)),
            Deed::Drops => Some((Deed::Drops, said)),
            _ => None,
        };
    }
    let deed = match change {
        Change::CreateTable { .. } | Change::CreateTableFrom { .. } => Deed::Creates,
        Change::AddColumn { .. } | Change::AddConstraint { .. } | Change::CreateIndex { .. } => Deed::Creates,
        Change::DropColumn { .. }
        | Change::DropConstraint { .. }
        | Change::DropIndex { .. }
        | Change::DropTable { .. }
        | Change::DropType { .. } => Deed::Drops,
        Change::AlterColumn { alteration: ColumnAlteration::Rename(_), .. }
        | Change::RenameConstraint { .. }
        | Change::RenameIndex { .. }
        | Change::RenameTable { .. } => Deed::Renames,
        _ => Deed::Changes,
    };
    Some((deed, said))
}

/// The objects that a change names, whether they are there or not.
fn subjects(change: &Change) -> Vec<ObjectRef> {
    let column = |table: &ObjectName, name: &String| ObjectRef::Column(table.clone(), name.clone());
    let constraint = |table: &ObjectName, name: &String| ObjectRef::Constraint(table.clone(), name.clone());
    match change {
        Change::CreateTable { table, .. } => vec![ObjectRef::Table(table.name.clone())],
        Change::CreateTableFrom { name, .. } | Change::DropTable { name, .. } => {
            vec![ObjectRef::Table(name.clone())]
        }
        Change::RenameTable { from, to, .. } => {
            vec![ObjectRef::Table(from.clone()), ObjectRef::Table(to.clone())]
        }
        Change::SetTableSchema { table, .. } | Change::SetTableOption { table, .. } => {
            vec![ObjectRef::Table(table.clone())]
        }
        Change::AddColumn { table, column: made, .. } => vec![column(table, &made.name)],
        Change::DropColumn { table, column: name, .. } => vec![column(table, name)],
        Change::AlterColumn { table, column: name, alteration } => {
            let mut found = vec![column(table, name)];
            match alteration {
                ColumnAlteration::Rename(to) => found.push(column(table, to)),
                ColumnAlteration::Definition { column: made, .. } if made.name != *name => {
                    found.push(column(table, &made.name));
                }
                _ => {}
            }
            found
        }
        Change::AddConstraint { table, constraint: made, .. } => match &made.name {
            Some(name) => vec![constraint(table, name)],
            None => vec![ObjectRef::Table(table.clone())],
        },
        Change::DropConstraint { table, name, .. } => match name {
            Some(name) => vec![constraint(table, name)],
            None => vec![ObjectRef::Table(table.clone())],
        },
        Change::RenameConstraint { table, from, to } => vec![constraint(table, from), constraint(table, to)],
        Change::ValidateConstraint { table, name } | Change::SetConstraintMode { table, name, .. } => {
            vec![constraint(table, name)]
        }
        Change::CreateIndex { table, index, .. } => {
            let name = table.sibling(index.name.clone().unwrap_or_default());
            vec![ObjectRef::Index(name, Some(table.clone()))]
        }
        Change::DropIndex { name, table: Some(table), .. } => {
            vec![ObjectRef::Index(name.clone(), Some(table.clone()))]
        }
        Change::Comment { on, .. } => vec![on.clone()],
        _ => Vec::new(),
    }
}
