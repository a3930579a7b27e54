//! The migration that brings a chain to the models: autogenerate without a database.

use crate::case::Case;
use crate::drift::is_plain;
use crate::replay::{SchemaError, SchemaOptions, stopped};
use cucurbit_render::{Heading, Rendered, migration};
use cucurbit_schema::diff::body_text;
use cucurbit_schema::{
    Change, Column, ColumnAlteration, Constraint, ConstraintBody, Database, Default, Dialect, Difference,
    Index, KeyPart, NameKind, ObjectName, ObjectRef, Origin, Table, TypeKind, between, diff,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct CatchUpOptions {
    /// Dialect, versions, import roots.
    pub schema: SchemaOptions,
    /// The schema of the models.
    pub models: Database,
    /// Drops tables, columns and labels that the models do not have. Otherwise they stay and are listed.
    pub allow_destructive: bool,
}

/// A column that goes and one of the same type that comes: perhaps one column under another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenameQuestion {
    /// The table.
    pub table: ObjectName,
    /// The column that only the chain makes.
    pub from: String,
    /// The column that only the models have.
    pub to: String,
}

impl std::fmt::Display for RenameQuestion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let RenameQuestion { table, from, to } = self;
        write!(
            f,
            "column {table}.{to} is new and {table}.{from}, of the same type, is in the models no more; was it renamed?"
        )
    }
}

/// A migration that brings a chain to the models.
#[derive(Debug)]
pub struct CatchUp {
    /// The id that it is given: the same for the same changes on the same head.
    pub revision: String,
    /// The head that it stands on.
    pub down_revision: Vec<String>,
    /// What it does; empty when the chain makes what the models say already.
    pub changes: Vec<Change>,
    /// The migration as text.
    pub rendered: Rendered,
    /// What only the chain makes and would be lost with what it holds: left as it is.
    pub withheld: Vec<ObjectRef>,
    /// Renames that nobody but a person can tell.
    pub questions: Vec<RenameQuestion>,
    /// Columns that may hold NULL no more, and new ones that may not and have no default: rows that are there may
    /// refuse that.
    pub refused_by_rows: Vec<ObjectRef>,
    /// Tables of which the chain makes what cannot be told; they are left as they are.
    pub unknown: Vec<ObjectName>,
    /// What differs from the models once it has run, but for what models do not say.
    pub remaining: Vec<Difference>,
    /// What does not fit when the changes are applied to the schema at the head.
    pub misfits: Vec<String>,
}

impl CatchUp {
    /// Says whether the chain with it makes all that the models say.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.withheld.is_empty() && self.unknown.is_empty() && self.questions.is_empty()
    }

    /// Says whether the text can be used: all changes are in it, and they fit the schema at the head.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.misfits.is_empty() && self.rendered.left_out.is_empty() && self.remaining.is_empty()
    }
}

/// Why there is no such migration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatchUpError {
    /// The chain cannot be followed.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The migration would not know where to stand.
    #[error("there are {} heads, merge them first: {}", .0.len(), .0.join(", "))]
    SeveralHeads(Vec<String>),
    /// Revisions are missing, so what the chain makes is not known.
    #[error("revisions are missing, rebuild them first: {}", .0.join(", "))]
    Missing(Vec<String>),
    /// Migrations do not come to their end, so what the chain makes is not known.
    #[error("migrations do not come to their end: {}", .0.join(", "))]
    Stopped(Vec<String>),
}

impl Case {
    /// Writes the migration that brings the chain to the models, at its head.
    ///
    /// What models cannot say (functions, triggers, policies, views, extensions, indexes of a part of a table or of
    /// expressions) stays. Nothing is taken for a rename. A constraint that is the models' own but for a name that
    /// nobody chose stays too.
    ///
    /// # Errors
    /// When the chain is not whole, or has several heads.
    pub fn catch_up(&self, options: &CatchUpOptions) -> Result<CatchUp, CatchUpError> {
        let mut whole = options.schema.clone();
        whole.revision = None;
        let chain = self.schema_at(&whole)?;
        if !chain.missing.is_empty() {
            return Err(CatchUpError::Missing(chain.missing));
        }
        let ends = stopped(&chain);
        if !ends.is_empty() {
            return Err(CatchUpError::Stopped(
                ends.iter().map(|(r, why)| format!("{} {why}", r.id)).collect(),
            ));
        }
        let graph = self.graph();
        let heads: Vec<String> = graph.heads().iter().map(|n| graph.id(*n).to_owned()).collect();
        if heads.len() > 1 {
            return Err(CatchUpError::SeveralHeads(heads));
        }
        let mut from = chain.state.as_ref().clone();
        from.forget_origins();
        let target = target(&from, &options.models, options.allow_destructive);
        let changes = between(&from, &target.database);
        let mut state = from.clone();
        let mut misfits = Vec::new();
        for change in &changes {
            let applied = state.apply(change, Origin::default());
            misfits.extend(applied.mismatches.iter().map(ToString::to_string));
        }
        let revision = self.new_id(&changes, &heads);
        let questions = questions(&from, &options.models);
        let refused_by_rows = refused_by_rows(&changes);
        let mut notes = Vec::new();
        for object in &target.withheld {
            notes.push(format!("Left as it is, the models do not have it: {object}"));
        }
        for question in &questions {
            notes.push(format!("Question: {question}"));
        }
        for object in &refused_by_rows {
            notes.push(format!("Rows that are there may refuse this, for it may not be NULL: {object}"));
        }
        let heading = Heading {
            revision: revision.clone(),
            down_revision: heads.clone(),
            message: "catch up with the models".to_owned(),
            notes,
            ..Heading::default()
        };
        let back = between(&state, &from);
        let rendered = migration(&heading, &from, &changes, &back, &BTreeSet::new());
        Ok(CatchUp {
            revision,
            down_revision: heads,
            rendered,
            withheld: target.withheld,
            questions,
            refused_by_rows,
            unknown: target.unknown,
            remaining: diff(&state, &target.database),
            misfits,
            changes,
        })
    }

    /// An id that no revision has, the same for the same changes on the same parents.
    fn new_id(&self, changes: &[Change], parents: &[String]) -> String {
        let mut text = format!("{parents:?} {changes:?}");
        loop {
            let id = crate::reconstruct::id_of_text(&text);
            if self.graph().node(&id).is_none() {
                return id;
            }
            text.push(' ');
        }
    }
}

/// A schema to go to.
pub(crate) struct Target {
    pub(crate) database: Database,
    pub(crate) withheld: Vec<ObjectRef>,
    pub(crate) unknown: Vec<ObjectName>,
}

/// The schema of the models, with all that a chain makes and models do not say; and, unless it may be dropped, with
/// the tables, columns and labels that they do not have.
pub(crate) fn target(from: &Database, models: &Database, destructive: bool) -> Target {
    let mut to = models.clone();
    to.forget_origins();
    crate::replay::forget_version_table(&mut to);
    let mut withheld = Vec::new();
    let mut unknown = Vec::new();
    for (name, origin) in &from.schemas {
        to.schemas.entry(name.clone()).or_insert(*origin);
    }
    labels(from, &mut to, destructive, &mut withheld);
    for table in from.tables.values() {
        match to.tables.get(&table.name).cloned() {
            Some(_) if table.tainted => {
                unknown.push(table.name.clone());
                to.put_table(Arc::clone(table));
            }
            Some(wanted) => {
                let mut merged = merge(table, &wanted, from, destructive, &mut withheld);
                drop_stranded(&mut merged);
                keep_sequences(table, &mut merged, &mut to);
                to.put_table(Arc::new(merged));
            }
            None if destructive && !table.tainted => {}
            None => {
                withheld.push(ObjectRef::Table(table.name.clone()));
                to.put_table(Arc::clone(table));
            }
        }
    }
    for sequence in from.sequences.values() {
        let owned_by_dropped = sequence
            .owner
            .as_ref()
            .is_some_and(|(table, column)| to.table(table).is_none_or(|t| t.column(column).is_none()));
        if !owned_by_dropped {
            to.sequences.insert_if_absent(sequence.clone());
        }
    }
    for (key, object) in &from.objects {
        let stands = object.table.as_ref().is_none_or(|table| to.tables.contains_key(table));
        if stands {
            to.objects.insert(key.clone(), Arc::clone(object));
            if let Some(made) = from.made.get(&cucurbit_schema::model::ObjectKeyOrTable::Object(key.clone()))
            {
                to.made.insert(cucurbit_schema::model::ObjectKeyOrTable::Object(key.clone()), *made);
            }
        }
    }
    Target { database: to, withheld, unknown }
}

/// What stands on a column that goes goes with it.
fn drop_stranded(table: &mut Table) {
    let all = table.clone();
    table.indexes.retain(|index| !of_gone(index, &all));
    table.constraints.retain(|constraint| {
        let is_key = matches!(constraint.body, ConstraintBody::PrimaryKey { .. });
        is_key || constraint.body.key_columns().iter().all(|name| all.column(name).is_some())
    });
}

/// Enum types: those that only the chain has stay, and labels that the models lack, unless they may go.
fn labels(from: &Database, to: &mut Database, destructive: bool, withheld: &mut Vec<ObjectRef>) {
    let mut kept: BTreeMap<ObjectName, Vec<String>> = BTreeMap::new();
    for (name, found) in &from.enums {
        let Some(wanted) = to.enums.get_mut(name) else {
            to.enums.insert(name.clone(), found.clone());
            continue;
        };
        let (Some(old), Some(new)) = (&found.labels, &mut wanted.labels) else { continue };
        if destructive || old.iter().all(|label| new.contains(label)) {
            continue;
        }
        let mut all = old.clone();
        all.extend(new.iter().filter(|label| !old.contains(label)).cloned());
        *new = all.clone();
        kept.insert(name.clone(), all);
        withheld.push(ObjectRef::Enum(name.clone()));
    }
    if kept.is_empty() {
        return;
    }
    let uses = |c: &Column| matches!(&c.data_type.kind, TypeKind::Enum { name: Some(n), .. } if kept.contains_key(n));
    to.tables.change(
        |table| table.columns.iter().any(uses),
        |table| {
            for column in &mut table.columns {
                if let TypeKind::Enum { name: Some(name), labels } = &mut column.data_type.kind
                    && let Some(all) = kept.get(name)
                {
                    labels.clone_from(all);
                    column.data_type.written = None;
                }
            }
        },
    );
}

fn merge(
    old: &Table,
    new: &Table,
    from: &Database,
    destructive: bool,
    withheld: &mut Vec<ObjectRef>,
) -> Table {
    let mut out = new.clone();
    // What a table is stored as is not told by most models.
    for (key, value) in &old.options {
        out.options.entry(key.clone()).or_insert_with(|| value.clone());
    }
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    if !destructive {
        for column in old.columns.iter().filter(|c| new.column(&c.name).is_none()) {
            withheld.push(ObjectRef::Column(old.name.clone(), column.name.clone()));
            out.columns.push(column.clone());
            kept.insert(&column.name);
        }
    }
    for constraint in &old.constraints {
        let body = |c: &Constraint| body_text(&c.body, from.dialect);
        let is_same =
            |c: &Constraint| c.name == constraint.name && (c.name.is_some() || body(c) == body(constraint));
        if out.constraints.iter().any(is_same) {
            continue;
        }
        // The models' own, under a name that nobody chose.
        let twin = out.constraints.iter().position(|c| {
            c.name_kind != NameKind::Explicit
                && c.mode == constraint.mode
                && body(c) == body(constraint)
                && !old.constraints.iter().any(|o| o.name == c.name)
        });
        if let Some(at) = twin {
            out.constraints[at].name.clone_from(&constraint.name);
            continue;
        }
        let of_kept = constraint.body.key_columns().iter().any(|c| kept.contains(c.as_str()));
        let second_key = matches!(constraint.body, ConstraintBody::PrimaryKey { .. })
            && out.constraints.iter().any(|c| matches!(c.body, ConstraintBody::PrimaryKey { .. }));
        if (of_kept && !second_key) || matches!(constraint.body, ConstraintBody::Exclude { .. }) {
            out.constraints.push(constraint.clone());
        }
    }
    if from.dialect == Dialect::Sqlite {
        name_new_constraints(old, &mut out);
    }
    for index in old.indexes.iter().filter(|i| new.index(i.name.as_deref().unwrap_or_default()).is_none()) {
        let of_kept =
            index.keys.iter().any(|k| matches!(&k.part, KeyPart::Column(c) if kept.contains(c.as_str())));
        let lost = destructive && of_gone(index, &out);
        if (of_kept || !is_plain(index)) && !lost {
            out.indexes.push(index.clone());
        }
    }
    out
}

/// SQLite keeps no name that was not given, and batch mode can drop none without one: new ones get the names of
/// SQLAlchemy's recommended convention.
fn name_new_constraints(old: &Table, out: &mut Table) {
    let body = |c: &Constraint| body_text(&c.body, Dialect::Sqlite);
    for constraint in out.constraints.iter_mut().filter(|c| c.name.is_none()) {
        if old.constraints.iter().any(|c| body(c) == body(constraint)) {
            continue;
        }
        let kind = match &constraint.body {
            ConstraintBody::PrimaryKey { .. } => "pk",
            ConstraintBody::Unique { .. } => "uq",
            ConstraintBody::ForeignKey { .. } => "fk",
            ConstraintBody::Check { .. } | ConstraintBody::Exclude { .. } => "ck",
        };
        let mut parts = vec![kind, &old.name.name];
        parts.extend(constraint.body.key_columns().iter().map(String::as_str));
        if let ConstraintBody::ForeignKey { table, .. } = &constraint.body {
            parts.push(&table.name);
        }
        constraint.name = Some(parts.join("_"));
    }
}

/// A column that counts goes on with the sequence that it has, whatever its name.
fn keep_sequences(old: &Table, new: &mut Table, to: &mut Database) {
    for column in &mut new.columns {
        let has = old.column(&column.name).and_then(|c| c.default.as_ref());
        if let (Some(Default::NextValue(kept)), Some(Default::NextValue(name))) = (has, &column.default)
            && kept != name
        {
            to.sequences.remove(name);
            column.default = Some(Default::NextValue(kept.clone()));
        }
    }
}

/// Says whether an index has a key that its table lacks.
fn of_gone(index: &Index, table: &Table) -> bool {
    index.keys.iter().any(|k| matches!(&k.part, KeyPart::Column(c) if table.column(c).is_none()))
}

/// Columns that go, each with those of the same type that come in its table.
fn questions(from: &Database, models: &Database) -> Vec<RenameQuestion> {
    let mut out = Vec::new();
    for old in from.tables.values().filter(|t| !t.tainted) {
        let Some(new) = models.table(&old.name) else { continue };
        for gone in old.columns.iter().filter(|c| new.column(&c.name).is_none()) {
            let come = new.columns.iter().filter(|c| old.column(&c.name).is_none());
            for column in come.filter(|c| c.data_type == gone.data_type) {
                out.push(RenameQuestion {
                    table: old.name.clone(),
                    from: gone.name.clone(),
                    to: column.name.clone(),
                });
            }
        }
    }
    out
}

fn refused_by_rows(changes: &[Change]) -> Vec<ObjectRef> {
    let refuses = |c: &Column| {
        !c.nullable && c.default.is_none() && c.identity.is_none() && c.computed.is_none() && !c.autoincrement
    };
    let found = changes.iter().filter_map(|change| match change {
        Change::AddColumn { table, column, .. } if refuses(column) => {
            Some(ObjectRef::Column(table.clone(), column.name.clone()))
        }
        Change::AlterColumn { table, column, alteration: ColumnAlteration::Nullable(false) } => {
            Some(ObjectRef::Column(table.clone(), column.clone()))
        }
        _ => None,
    });
    found.collect()
}
