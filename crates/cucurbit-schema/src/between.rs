//! The changes that lead from one database to another.

use crate::apply::tables::equal_keys;
use crate::change::{Change, ColumnAlteration, LabelPosition, ObjectRef, Position};
use crate::diff::{DifferenceKind, body_text, diff, index_text};
use crate::model::{
    Column, Constraint, ConstraintBody, Database, Default, Dialect, EnumType, NamedObject, ObjectKeyOrTable,
    ObjectKind, ObjectName, Sequence, Table, TypeKind,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Returns the changes that lead from `from` to `to`, in an order that runs: what stands in the way goes first,
/// foreign keys come last. From an empty database this is how to build `to`.
///
/// A column or table under another name is dropped and made anew; nothing is taken for a rename. What cannot be
/// told ([`TypeKind::Unknown`], [`Default::Unknown`]) is carried over as it is.
#[must_use]
pub fn between(from: &Database, to: &Database) -> Vec<Change> {
    let mut plan = Plan { from, to, out: Vec::new() };
    plan.drop_objects();
    plan.drop_keys();
    plan.drop_tables();
    plan.types();
    plan.sequences();
    plan.early_objects();
    plan.create_tables();
    plan.columns();
    plan.keys();
    plan.foreign_keys();
    plan.late_objects();
    plan.leftovers();
    plan.out
}

struct Plan<'d> {
    from: &'d Database,
    to: &'d Database,
    out: Vec<Change>,
}

/// Objects that tables may need: they are made before them.
fn is_early(object: &NamedObject, to: &Database) -> bool {
    match object.kind {
        ObjectKind::Extension
        | ObjectKind::Collation
        | ObjectKind::Domain
        | ObjectKind::Type
        | ObjectKind::Operator
        | ObjectKind::Aggregate => true,
        // A function that names no table can stand before them; defaults and checks may call it.
        ObjectKind::Function | ObjectKind::Procedure => !names_a_table(object, to),
        _ => false,
    }
}

/// Says whether a function needs a table to be made. PL/pgSQL looks into a body when it runs.
fn names_a_table(object: &NamedObject, database: &Database) -> bool {
    let is_table = |name: &ObjectName| database.tables.contains_key(name);
    if !object.mentions.iter().any(is_table) {
        return false;
    }
    let words = crate::sql::words(&object.text, database.dialect);
    let is_looked_into =
        !words.windows(2).any(|pair| pair[0] == "language" && pair[1].trim_matches('\'') == "plpgsql");
    // What comes back and what is taken may be rows of a table.
    let outside = |name: &ObjectName| words.contains(&name.name);
    is_looked_into || object.mentions.iter().any(|name| is_table(name) && outside(name))
}

fn key_of(object: &NamedObject) -> crate::model::ObjectKey {
    (object.kind, object.table.clone(), object.name.clone(), object.signature.clone())
}

fn same_text(left: &NamedObject, right: &NamedObject, database: &Database) -> bool {
    let text = |object: &NamedObject| crate::diff::object_text(object.kind, &object.text, database.dialect);
    text(left) == text(right)
}

impl Plan<'_> {
    fn kept(&self, name: &ObjectName) -> Option<(&Table, &Table)> {
        Some((self.from.table(name)?, self.to.table(name)?))
    }

    fn same_object(&self, object: &NamedObject) -> bool {
        self.to.objects.get(&key_of(object)).is_some_and(|other| same_text(other, object, self.to))
    }

    fn drop_objects(&mut self) {
        let mut gone: Vec<(u64, &Arc<NamedObject>)> = self
            .from
            .objects
            .iter()
            .filter(|(_, object)| !self.same_object(object))
            .map(|(key, object)| {
                (self.from.made.get(&ObjectKeyOrTable::Object(key.clone())).copied().unwrap_or(0), object)
            })
            .collect();
        gone.sort_by_key(|(made, _)| std::cmp::Reverse(*made));
        let (early, late): (Vec<_>, Vec<_>) = gone.into_iter().partition(|(_, o)| is_early(o, self.from));
        let _ = early;
        for (_, object) in late {
            let table_goes = object.table.as_ref().is_some_and(|t| !self.to.tables.contains_key(t));
            if !table_goes && object.kind != ObjectKind::Grant {
                self.out.push(drop_object(object));
            }
        }
    }

    fn drop_keys(&mut self) {
        // Foreign keys first: those that go, those that change, those whose key goes.
        let mut later = Vec::new();
        for table in self.from.tables.values() {
            for constraint in &table.constraints {
                let stays = self.stays(table, constraint);
                let table_goes = !self.to.tables.contains_key(&table.name);
                let is_foreign = matches!(constraint.body, ConstraintBody::ForeignKey { .. });
                // SQLite does not ask who points at a table that goes.
                let goes_along = table_goes && (!is_foreign || self.to.dialect == Dialect::Sqlite);
                if stays || goes_along || self.goes_with_column(table, constraint) {
                    continue;
                }
                let change = Change::DropConstraint {
                    table: table.name.clone(),
                    name: constraint.name.clone(),
                    kind: Some(constraint.kind()),
                    if_exists: false,
                    cascade: false,
                };
                if is_foreign {
                    self.out.push(change);
                } else {
                    later.push(change);
                }
            }
            let Some(other) = self.to.table(&table.name) else { continue };
            for index in &table.indexes {
                let same = other.indexes.iter().any(|i| {
                    i.name == index.name
                        && index_text(i, self.to.dialect) == index_text(index, self.to.dialect)
                });
                if !same && let Some(name) = &index.name {
                    later.push(Change::DropIndex {
                        name: table.name.sibling(name.clone()),
                        table: Some(table.name.clone()),
                        if_exists: false,
                        cascade: false,
                    });
                }
            }
        }
        self.out.extend(later);
    }

    /// Says whether a constraint without a name goes with a column (SQLite: to drop it, it would need a name; Alembic's
    /// batch mode passes over constraints of columns that are gone).
    fn goes_with_column(&self, table: &Table, constraint: &Constraint) -> bool {
        let (true, None) = (self.to.dialect == Dialect::Sqlite, &constraint.name) else { return false };
        let Some(other) = self.to.table(&table.name) else { return false };
        let lacks = |columns: &[String]| columns.iter().any(|column| other.column(column).is_none());
        match &constraint.body {
            ConstraintBody::Unique { columns, .. } | ConstraintBody::ForeignKey { columns, .. } => {
                lacks(columns)
            }
            _ => false,
        }
    }

    /// Says whether a constraint is the same on both sides and nothing that it needs is made anew.
    fn stays(&self, table: &Table, constraint: &Constraint) -> bool {
        let Some(other) = self.to.table(&table.name) else { return false };
        let same = other.constraints.iter().any(|c| {
            c.name == constraint.name
                && body_text(&c.body, self.to.dialect) == body_text(&constraint.body, self.to.dialect)
                && c.mode == constraint.mode
        });
        if !same {
            return false;
        }
        let ConstraintBody::ForeignKey { table: target, references, .. } = &constraint.body else {
            return true;
        };
        // SQLite holds a key to nothing until rows are written.
        if self.to.dialect == Dialect::Sqlite {
            return true;
        }
        let Some((before, after)) = self.kept(target) else { return false };
        // The key that it points at must stay too.
        let keys = |t: &Table| -> BTreeSet<String> {
            t.constraints
                .iter()
                .filter(|c| match &c.body {
                    ConstraintBody::PrimaryKey { columns, .. } | ConstraintBody::Unique { columns, .. } => {
                        columns.len() == references.len() && columns.iter().all(|c| references.contains(c))
                    }
                    _ => false,
                })
                .map(|c| format!("{:?} {}", c.name, body_text(&c.body, self.to.dialect)))
                .collect()
        };
        keys(before) == keys(after)
    }

    /// Says whether a constraint of the new state is one that stays. Not all have names.
    fn is_there(&self, before: &Table, constraint: &Constraint) -> bool {
        let body = |c: &Constraint| body_text(&c.body, self.to.dialect);
        let mut same = before.constraints.iter().filter(|c| c.name == constraint.name);
        same.any(|c| body(c) == body(constraint) && self.stays(before, c))
    }

    fn drop_tables(&mut self) {
        let gone: Vec<&Arc<Table>> =
            self.from.tables.values().filter(|t| !self.to.tables.contains_key(&t.name)).collect();
        for table in order(&gone).into_iter().rev() {
            self.out.push(Change::DropTable { name: table.name.clone(), if_exists: false, cascade: false });
        }
    }

    fn types(&mut self) {
        for schema in self.to.schemas.keys().filter(|s| !self.from.schemas.contains_key(*s)) {
            self.out.push(Change::CreateSchema { name: schema.clone(), if_not_exists: false });
        }
        for (name, wanted) in &self.to.enums {
            match self.from.enums.get(name) {
                None => {
                    self.out.push(Change::CreateEnum { enum_type: wanted.clone(), if_not_exists: false });
                }
                Some(found) => self.out.extend(label_changes(found, wanted, self.from, self.to)),
            }
        }
    }

    /// Says whether a sequence of the old state is still there when its tables and columns are dropped.
    fn survives(&self, name: &ObjectName) -> bool {
        self.from.sequences.get(name).is_some_and(|sequence| match &sequence.owner {
            Some((table, column)) => self.to.table(table).is_some_and(|t| t.column(column).is_some()),
            None => true,
        })
    }

    /// Says whether a sequence is made by the `SERIAL` column of a new table.
    fn comes_with_table(&self, sequence: &Sequence) -> bool {
        let is_new = |(table, _): &(ObjectName, String)| !self.from.tables.contains_key(table);
        sequence.owner.as_ref().is_some_and(is_new) && serial_of(self.to, sequence)
    }

    fn sequences(&mut self) {
        for (name, sequence) in &self.to.sequences {
            if self.survives(name) || self.comes_with_table(sequence) {
                continue;
            }
            let mut made = sequence.clone();
            made.owner = None;
            self.out.push(Change::CreateSequence { sequence: made, if_not_exists: false });
        }
    }

    fn created<'o>(
        &self,
        wanted: impl Fn(&NamedObject) -> bool,
        objects: &'o Database,
    ) -> Vec<&'o Arc<NamedObject>> {
        let mut new: Vec<(u64, &Arc<NamedObject>)> = objects
            .objects
            .iter()
            .filter(|(key, object)| {
                wanted(object)
                    && !self.from.objects.get(*key).is_some_and(|old| same_text(old, object, self.to))
            })
            .map(|(key, object)| {
                (
                    objects.made.get(&ObjectKeyOrTable::Object(key.clone())).copied().unwrap_or(u64::MAX),
                    object,
                )
            })
            .collect();
        new.sort_by_key(|(made, object)| (object.kind != ObjectKind::Extension, *made));
        new.into_iter().map(|(_, object)| object).collect()
    }

    fn early_objects(&mut self) {
        for object in self.created(|o| is_early(o, self.to), self.to) {
            // What others may stand on is not dropped first.
            let stays = self.from.objects.get(&key_of(object)).is_some_and(|old| is_early(old, self.from));
            self.out.push(create_object(object, stays));
        }
    }

    fn late_objects(&mut self) {
        for object in self.created(|o| !is_early(o, self.to), self.to) {
            self.out.push(create_object(object, false));
        }
    }

    fn create_tables(&mut self) {
        let new: Vec<&Arc<Table>> =
            self.to.tables.values().filter(|t| !self.from.tables.contains_key(&t.name)).collect();
        let mut there: BTreeSet<ObjectName> = self.from.tables.keys().cloned().collect();
        let mut late = Vec::new();
        for table in order(&new) {
            let mut made = (**table).clone();
            there.insert(made.name.clone());
            // A key that points at a table that is not there yet comes after the tables, and so does one that would
            // be taken for another.
            let equal = match self.to.dialect {
                Dialect::PostgreSql => equal_keys(&made.constraints),
                _ => Vec::new(),
            };
            let constraints = std::mem::take(&mut made.constraints);
            let mut after = Vec::new();
            for (at, constraint) in constraints.into_iter().enumerate() {
                let comes_after = match &constraint.body {
                    ConstraintBody::ForeignKey { table, references, .. } => {
                        !there.contains(table) || self.stands_on_index(table, references)
                    }
                    _ => equal.iter().any(|(later, _)| *later == at),
                };
                if comes_after { after.push(constraint) } else { made.constraints.push(constraint) }
            }
            for column in &mut made.columns {
                if serial_column(self.to, &made.name, column) {
                    let serial = match &column.data_type.kind {
                        TypeKind::Named { name, .. } if name == "bigint" => "bigserial",
                        TypeKind::Named { name, .. } if name == "smallint" => "smallserial",
                        _ => "serial",
                    };
                    column.default = None;
                    column.data_type.kind =
                        TypeKind::Named { name: serial.to_owned(), args: Vec::new(), attributes: Vec::new() };
                }
            }
            let name = made.name.clone();
            self.out.push(Change::CreateTable {
                table: Box::new(made),
                if_not_exists: false,
                temporary: false,
            });
            late.extend(after.into_iter().map(|constraint| add_constraint(&name, constraint)));
        }
        self.out.extend(late);
        for (name, sequence) in &self.to.sequences {
            let old = self.from.sequences.get(name).filter(|_| self.survives(name));
            let owned = sequence.owner.is_some() && old.is_none_or(|o| o.owner != sequence.owner);
            if owned && !(old.is_none() && self.comes_with_table(sequence)) {
                // Owners that are columns of kept tables may come later; they are set at the end.
                if let Some((table, column)) = &sequence.owner
                    && self.from.table(table).is_none_or(|t| t.column(column).is_some())
                {
                    self.out.push(own(sequence));
                }
            }
        }
    }

    /// Says whether only a unique index, which is made after its table, lets a key point at these columns.
    fn stands_on_index(&self, table: &ObjectName, references: &[String]) -> bool {
        let Some(found) = self.to.table(table) else { return false };
        let is_key = |columns: &[String]| {
            columns.len() == references.len() && columns.iter().all(|column| references.contains(column))
        };
        !references.is_empty()
            && !found.constraints.iter().any(|constraint| match &constraint.body {
                ConstraintBody::PrimaryKey { columns, .. } | ConstraintBody::Unique { columns, .. } => {
                    is_key(columns)
                }
                _ => false,
            })
    }

    fn columns(&mut self) {
        let names: Vec<ObjectName> = self.to.tables.keys().cloned().collect();
        for name in &names {
            let Some((before, after)) = self.kept(name) else { continue };
            let (before, after) = (before.clone(), after.clone());
            if before == after {
                continue;
            }
            for column in after.columns.iter().filter(|c| before.column(&c.name).is_none()) {
                self.out.push(Change::AddColumn {
                    table: name.clone(),
                    column: Box::new(column.clone()),
                    constraints: Vec::new(),
                    if_not_exists: false,
                    table_if_exists: false,
                    position: Position::Last,
                });
            }
            for column in &after.columns {
                if let Some(old) = before.column(&column.name) {
                    let old = old.clone();
                    self.alter(name, &old, column);
                }
            }
            for column in before.columns.iter().filter(|c| after.column(&c.name).is_none()) {
                self.out.push(Change::DropColumn {
                    table: name.clone(),
                    column: column.name.clone(),
                    if_exists: false,
                    cascade: false,
                });
            }
            if before.comment != after.comment {
                self.out.push(Change::Comment {
                    on: ObjectRef::Table(name.clone()),
                    text: after.comment.clone(),
                });
            }
        }
    }

    fn alter(&mut self, table: &ObjectName, old: &Column, new: &Column) {
        let mut left = Database::new(self.to.dialect);
        let mut right = left.clone();
        for (db, column) in [(&mut left, old), (&mut right, new)] {
            let mut one = Table::new(table.clone());
            one.columns.push(column.clone());
            db.tables.insert(table.clone(), Arc::new(one));
        }
        let alter =
            |alteration| Change::AlterColumn { table: table.clone(), column: new.name.clone(), alteration };
        for difference in diff(&left, &right) {
            let DifferenceKind::Changed { attribute, .. } = difference.kind else { continue };
            let change = match attribute {
                "type" | "collation" => {
                    // A default of the old type may have no cast to the new one.
                    let using = crate::castable(&old.data_type.kind, &new.data_type.kind) == Some(false);
                    let using = using.then(|| {
                        crate::ddl::type_sql(&new.data_type.kind, self.to.dialect)
                            .map(|t| {
                                format!("{}::text::{t}", crate::ddl::quote_name(&new.name, self.to.dialect))
                            })
                            .unwrap_or_default()
                    });
                    alter(ColumnAlteration::Type {
                        data_type: new.data_type.clone(),
                        using,
                        collation: new.collation.clone(),
                    })
                }
                "nullable" => alter(ColumnAlteration::Nullable(new.nullable)),
                "default" => alter(ColumnAlteration::Default(new.default.clone())),
                "identity" => alter(ColumnAlteration::Identity(new.identity.clone())),
                "sequence" => {
                    let name = |table: &ObjectName, column: &Column| {
                        let own = crate::names::identity_sequence(table, &column.name);
                        column.identity.as_ref().map(|i| i.sequence.clone().unwrap_or(own))
                    };
                    let (Some(from), Some(to)) = (name(table, old), name(table, new)) else { continue };
                    Change::RenameSequence { from, to: to.name, if_exists: false }
                }
                "comment" => alter(ColumnAlteration::Comment(new.comment.clone())),
                "autoincrement" => alter(ColumnAlteration::Autoincrement(new.autoincrement)),
                "computed" if new.computed.is_none() => alter(ColumnAlteration::DropExpression),
                _ => continue,
            };
            self.out.push(change);
        }
    }

    fn keys(&mut self) {
        let mut out = Vec::new();
        for (name, after) in &self.to.tables {
            let Some(before) = self.from.table(name) else { continue };
            for constraint in &after.constraints {
                let is_foreign = matches!(constraint.body, ConstraintBody::ForeignKey { .. });
                let there = self.is_there(before, constraint);
                if !is_foreign && !there {
                    out.push(add_constraint(name, constraint.clone()));
                }
            }
            for index in &after.indexes {
                let same = before.indexes.iter().any(|i| {
                    i.name == index.name
                        && index_text(i, self.to.dialect) == index_text(index, self.to.dialect)
                });
                if !same {
                    out.push(Change::CreateIndex {
                        table: name.clone(),
                        index: Box::new(index.clone()),
                        if_not_exists: false,
                    });
                }
            }
        }
        self.out.extend(out);
    }

    fn foreign_keys(&mut self) {
        let mut out = Vec::new();
        for (name, after) in &self.to.tables {
            let Some(before) = self.from.table(name) else { continue };
            for constraint in &after.constraints {
                let is_foreign = matches!(constraint.body, ConstraintBody::ForeignKey { .. });
                let there = self.is_there(before, constraint);
                if is_foreign && !there {
                    out.push(add_constraint(name, constraint.clone()));
                }
            }
        }
        self.out.extend(out);
    }

    fn leftovers(&mut self) {
        for (name, sequence) in &self.to.sequences {
            let late = sequence.owner.as_ref().is_some_and(|(table, column)| {
                self.from.table(table).is_some_and(|t| t.column(column).is_none())
            });
            if late && !self.survives(name) && !self.comes_with_table(sequence) {
                self.out.push(own(sequence));
            }
        }
        for (name, sequence) in &self.from.sequences {
            let owner_goes = sequence.owner.as_ref().is_some_and(|(table, column)| {
                self.to.table(table).is_none_or(|t| t.column(column).is_none())
            });
            if !self.to.sequences.contains_key(name) && !owner_goes {
                self.out.push(Change::DropSequence { name: name.clone(), if_exists: false, cascade: false });
            }
        }
        for object in self.from.objects.values() {
            if is_early(object, self.from) && !self.to.objects.contains_key(&key_of(object)) {
                self.out.push(drop_object(object));
            }
        }
        for name in self.from.enums.keys().filter(|n| !self.to.enums.contains_key(*n)) {
            self.out.push(Change::DropType { name: name.clone(), if_exists: false, cascade: false });
        }
        for schema in self.from.schemas.keys().filter(|s| !self.to.schemas.contains_key(*s)) {
            self.out.push(Change::DropSchema { name: schema.clone(), if_exists: false, cascade: false });
        }
    }
}

fn own(sequence: &Sequence) -> Change {
    Change::AlterSequence {
        name: sequence.name.clone(),
        options: crate::model::SequenceOptions::default(),
        owner: Some(sequence.owner.clone()),
        if_exists: false,
    }
}

fn add_constraint(table: &ObjectName, constraint: Constraint) -> Change {
    Change::AddConstraint {
        table: table.clone(),
        constraint: Box::new(constraint),
        using_index: None,
        if_not_exists: false,
    }
}

fn create_object(object: &Arc<NamedObject>, or_replace: bool) -> Change {
    Change::CreateObject { object: Box::new((**object).clone()), or_replace, if_not_exists: false }
}

fn drop_object(object: &NamedObject) -> Change {
    Change::DropObject {
        kind: object.kind,
        name: object.name.clone(),
        table: object.table.clone(),
        signature: object.signature.clone(),
        if_exists: false,
        cascade: false,
    }
}

/// Says whether a sequence is just what `SERIAL` makes for its owner.
fn serial_of(db: &Database, sequence: &Sequence) -> bool {
    let Some((table, column)) = &sequence.owner else { return false };
    let Some(table) = db.table(table) else { return false };
    table.column(column).is_some_and(|column| serial_column(db, &table.name, column))
}

/// Says whether a column is just what `SERIAL` makes: the sequence has the name and the kind that it would get.
#[must_use]
pub fn serial_column(db: &Database, table: &ObjectName, column: &Column) -> bool {
    let Some(Default::NextValue(name)) = &column.default else { return false };
    let Some(sequence) = db.sequences.get(name) else { return false };
    let TypeKind::Named { name: whole, .. } = &column.data_type.kind else { return false };
    let kind = sequence.options.data_type.as_deref().unwrap_or("bigint");
    let plain = format!("{}_{}_seq", table.name, column.name);
    !column.nullable
        && sequence.owner.as_ref().is_some_and(|(t, c)| t == table && *c == column.name)
        && kind == whole
        && name.schema == table.schema
        && name.name == plain
        && plain.len() <= 63
        && sequence.options.start.unwrap_or(1) == 1
        && sequence.options.increment.unwrap_or(1) == 1
        && !sequence.options.cycle
}

/// Tables so that those that others point at come first; in circles, the order of their making.
fn order<'t>(tables: &[&'t Arc<Table>]) -> Vec<&'t Arc<Table>> {
    let names: BTreeSet<&ObjectName> = tables.iter().map(|t| &t.name).collect();
    let mut waiting: BTreeMap<&ObjectName, BTreeSet<&ObjectName>> = BTreeMap::new();
    for table in tables {
        let needs = table.constraints.iter().filter_map(|c| match &c.body {
            ConstraintBody::ForeignKey { table: target, .. }
                if *target != table.name && names.contains(target) =>
            {
                Some(target)
            }
            _ => None,
        });
        // The table that it is a part of, or inherits from.
        let of = ["partition of", "inherits"].iter().filter_map(|key| {
            let text = table.options.get(*key)?;
            let parent = crate::ddl::first_name(text, Dialect::PostgreSql)?;
            names.get(&parent).copied()
        });
        waiting.insert(&table.name, needs.chain(of).collect());
    }
    let by_name: BTreeMap<&ObjectName, &'t Arc<Table>> = tables.iter().map(|t| (&t.name, *t)).collect();
    let mut waits_for: BTreeMap<&ObjectName, Vec<&ObjectName>> = BTreeMap::new();
    for (name, needs) in &waiting {
        for needed in needs {
            waits_for.entry(needed).or_default().push(name);
        }
    }
    let mut out = Vec::with_capacity(tables.len());
    let mut next: BTreeSet<&ObjectName> =
        waiting.iter().filter(|(_, needs)| needs.is_empty()).map(|(name, _)| *name).collect();
    while !waiting.is_empty() {
        let mut ready = std::mem::take(&mut next);
        if ready.is_empty() {
            // A circle: the table that waits for the fewest.
            let least = waiting.iter().min_by_key(|(_, needs)| needs.len()).map(|(name, _)| *name);
            ready.extend(least);
        }
        for name in ready {
            waiting.remove(name);
            out.extend(by_name.get(name));
            for dependent in waits_for.remove(name).unwrap_or_default() {
                let Some(needs) = waiting.get_mut(dependent) else { continue };
                if needs.remove(name) && needs.is_empty() {
                    next.insert(dependent);
                }
            }
        }
    }
    out
}

/// New labels among the old ones are added; anything else makes the type anew and moves its columns over.
fn label_changes(from: &EnumType, to: &EnumType, state: &Database, after: &Database) -> Vec<Change> {
    let (Some(old), Some(new)) = (&from.labels, &to.labels) else { return Vec::new() };
    if old == new {
        return Vec::new();
    }
    let mut kept = new.iter().filter(|l| old.contains(l));
    if old.iter().all(|l| kept.next() == Some(l)) {
        let mut out = Vec::new();
        for (at, label) in new.iter().enumerate() {
            if old.contains(label) {
                continue;
            }
            let position = match (at.checked_sub(1).and_then(|b| new.get(b)), new.get(at + 1)) {
                (_, None) => LabelPosition::Last,
                (Some(before), _) => LabelPosition::After(before.clone()),
                (None, Some(_)) => {
                    old.first().map_or(LabelPosition::Last, |l| LabelPosition::Before(l.clone()))
                }
            };
            out.push(Change::AddLabel {
                name: to.name.clone(),
                label: label.clone(),
                position,
                if_not_exists: false,
            });
        }
        return out;
    }
    let aside = from.name.sibling(format!("{}_old", from.name.name));
    let mut out = vec![
        Change::RenameType { from: from.name.clone(), to: aside.name.clone() },
        Change::CreateEnum { enum_type: to.clone(), if_not_exists: false },
    ];
    // Tables that go are gone by now.
    for table in state.tables.values().filter(|t| after.tables.contains_key(&t.name)) {
        for column in &table.columns {
            if matches!(&column.data_type.kind, TypeKind::Enum { name: Some(name), .. } if *name == from.name)
            {
                let type_name = crate::ddl::quote_object(&to.name, state.dialect);
                let using =
                    format!("{}::text::{type_name}", crate::ddl::quote_name(&column.name, state.dialect));
                let alter = |alteration| Change::AlterColumn {
                    table: table.name.clone(),
                    column: column.name.clone(),
                    alteration,
                };
                if column.default.is_some() {
                    out.push(alter(ColumnAlteration::Default(None)));
                }
                let kind = TypeKind::Enum { name: Some(to.name.clone()), labels: new.clone() };
                out.push(alter(ColumnAlteration::Type {
                    data_type: crate::model::DataType::new(kind),
                    using: Some(using),
                    collation: None,
                }));
                if column.default.is_some() {
                    out.push(alter(ColumnAlteration::Default(column.default.clone())));
                }
            }
        }
    }
    out.push(Change::DropType { name: aside, if_exists: false, cascade: false });
    out
}
