//! Schemas, types, sequences, and what is kept as its text.

use super::Step;
use crate::change::{Change, LabelPosition, ObjectRef};
use crate::model::{
    Default, Dialect, EnumType, NamedObject, ObjectKey, ObjectKeyOrTable, ObjectKind, ObjectName, Sequence,
    SequenceOptions, TypeKind,
};
use std::sync::Arc;

impl Step<'_> {
    /// The identity column whose sequence has that name.
    fn identity_of(&self, sequence: &ObjectName) -> Option<(ObjectName, String)> {
        self.db.tables.values().filter(|t| t.name.schema == sequence.schema).find_map(|table| {
            let is_it = |column: &&crate::Column| {
                column.identity.as_ref().is_some_and(|identity| match &identity.sequence {
                    Some(name) => name == sequence,
                    None => crate::names::identity_sequence(&table.name, &column.name) == *sequence,
                })
            };
            table.columns.iter().find(is_it).map(|column| (table.name.clone(), column.name.clone()))
        })
    }

    pub(super) fn create_schema(&mut self, name: &str, if_not_exists: bool) {
        let object = ObjectRef::Schema(name.to_owned());
        let default = Some(name) == self.db.dialect.default_schema();
        if default || self.db.schemas.contains_key(name) {
            if if_not_exists {
                self.applied.skipped = true;
            } else {
                let made_by = self.db.schemas.get(name).copied().unwrap_or_default();
                self.exists(object, made_by);
            }
            return;
        }
        self.db.schemas.insert(name.to_owned(), self.origin);
        self.touched(object);
    }

    pub(super) fn drop_schema(&mut self, name: &str, if_exists: bool, cascade: bool) {
        let object = ObjectRef::Schema(name.to_owned());
        if !self.db.schemas.contains_key(name) {
            if if_exists {
                self.applied.skipped = true;
            } else {
                self.missing(object);
            }
            return;
        }
        let inside: Vec<ObjectName> =
            self.db.tables.keys().filter(|t| t.schema.as_deref() == Some(name)).cloned().collect();
        if !cascade && !inside.is_empty() {
            self.needed(object.clone(), inside.iter().cloned().map(ObjectRef::Table).collect());
        }
        for table in &inside {
            self.drop_table(table, true, true);
        }
        let is_inside = |n: &ObjectName| n.schema.as_deref() == Some(name);
        self.db.enums.retain(|n, _| !is_inside(n));
        self.db.sequences.retain(|n, _| !is_inside(n));
        self.db.objects.retain(|(_, _, n, _), _| !is_inside(n));
        self.db.schemas.remove(name);
        self.dropped(object);
    }

    pub(super) fn object_change(&mut self, change: &Change) {
        match change {
            Change::CreateEnum { enum_type, if_not_exists } => self.create_enum(enum_type, *if_not_exists),
            Change::DropType { name, if_exists, cascade } => self.drop_type(name, *if_exists, *cascade),
            Change::AddLabel { name, label, position, if_not_exists } => {
                self.add_label(name, label, position, *if_not_exists);
            }
            Change::RenameLabel { name, from, to } => {
                let Some(labels) = self.labels(name) else { return };
                match labels.iter_mut().find(|l| *l == from) {
                    Some(label) => {
                        label.clone_from(to);
                        self.rename_in_defaults(name, from, to);
                        self.touched(ObjectRef::Enum(name.clone()));
                    }
                    None => self.refused(
                        ObjectRef::Enum(name.clone()),
                        format!("\"{from}\" is not an existing enum label"),
                    ),
                }
            }
            Change::RenameType { from, to } => self.move_type(from, &from.sibling(to.clone())),
            Change::SetTypeSchema { name, schema } => {
                self.move_type(name, &ObjectName { schema: schema.clone(), name: name.name.clone() });
            }
            Change::CreateSequence { sequence, if_not_exists } => {
                self.create_sequence(sequence, *if_not_exists);
            }
            Change::AlterSequence { name, options, owner, if_exists } => {
                let is_there = self.db.sequences.change_one(name, |sequence| {
                    merge(&mut sequence.options, options);
                    if let Some(owner) = owner {
                        sequence.owner.clone_from(owner);
                    }
                });
                if !is_there {
                    if let Some((table, column)) = self.identity_of(name) {
                        self.edit(&table, &column, |column| {
                            if let Some(identity) = &mut column.identity {
                                merge(&mut identity.options, options);
                            }
                        });
                        self.touched(ObjectRef::Column(table, column));
                    } else if *if_exists {
                        self.applied.skipped = true;
                    } else {
                        self.missing(ObjectRef::Sequence(name.clone()));
                    }
                    return;
                }
                self.touched(ObjectRef::Sequence(name.clone()));
            }
            Change::RenameSequence { from, to, if_exists } => {
                let Some(mut sequence) = self.db.sequences.remove(from) else {
                    if let Some((table, column)) = self.identity_of(from) {
                        let name = from.sibling(to.clone());
                        let is_own = name == crate::names::identity_sequence(&table, &column);
                        self.edit(&table, &column, |column| {
                            if let Some(identity) = &mut column.identity {
                                identity.sequence = (!is_own).then_some(name);
                            }
                        });
                        self.touched(ObjectRef::Column(table, column));
                    } else if *if_exists {
                        self.applied.skipped = true;
                    } else {
                        self.missing(ObjectRef::Sequence(from.clone()));
                    }
                    return;
                };
                let name = from.sibling(to.clone());
                sequence.name = name.clone();
                self.db.sequences.insert(sequence);
                self.sequence_renamed(from, &name);
                self.db.dropped.insert(ObjectRef::Sequence(from.clone()), self.origin);
                self.touched(ObjectRef::Sequence(name));
            }
            Change::DropSequence { name, if_exists, cascade } => {
                self.drop_sequence(name, *if_exists, *cascade);
            }
            Change::CreateObject { object, or_replace, if_not_exists } => {
                self.create_object(object, *or_replace, *if_not_exists);
            }
            Change::DropObject { kind, name, table, signature, if_exists, cascade } => {
                self.drop_object(*kind, name, table.as_ref(), signature.as_deref(), *if_exists);
                if *cascade && matches!(kind, ObjectKind::Function | ObjectKind::Procedure) {
                    self.drop_callers(*kind, name);
                }
            }
            Change::RenameObject { kind, from, table, to } => {
                let Some(key) = self.key_of(*kind, from, table.as_ref(), None) else {
                    self.missing(ObjectRef::Object(*kind, table.clone(), from.clone()));
                    return;
                };
                let Some(mut object) = self.db.objects.remove(&key) else { return };
                let name = from.sibling(to.clone());
                Arc::make_mut(&mut object).name = name.clone();
                let place = self.db.made.remove(&ObjectKeyOrTable::Object(key.clone()));
                let renamed: ObjectKey = (key.0, key.1, name.clone(), key.3);
                if let Some(place) = place {
                    self.db.made.insert(ObjectKeyOrTable::Object(renamed.clone()), place);
                }
                self.db.objects.insert(renamed, object);
                self.touched(ObjectRef::Object(*kind, table.clone(), name));
            }
            Change::Comment { on, text } => self.comment(on, text.clone()),
            _ => {}
        }
    }

    fn create_enum(&mut self, enum_type: &EnumType, if_not_exists: bool) {
        let object = ObjectRef::Enum(enum_type.name.clone());
        if let Some(there) = self.db.enums.get(&enum_type.name) {
            if if_not_exists {
                self.applied.skipped = true;
            } else {
                let made_by = there.origin;
                self.exists(object, made_by);
            }
            return;
        }
        let mut made = enum_type.clone();
        made.origin = self.origin;
        self.db.enums.insert(made.name.clone(), made);
        self.touched(object);
    }

    fn drop_type(&mut self, name: &ObjectName, if_exists: bool, cascade: bool) {
        let object = ObjectRef::Enum(name.clone());
        if self.db.enums.remove(name).is_none() {
            for kind in [ObjectKind::Domain, ObjectKind::Type] {
                if self.db.objects.contains_key(&(kind, None, name.clone(), None)) {
                    self.drop_object(kind, name, None, None, if_exists);
                    return;
                }
            }
            if if_exists {
                self.applied.skipped = true;
            } else {
                self.missing(object);
            }
            return;
        }
        let mut users = Vec::new();
        for table in self.db.tables.values() {
            for column in &table.columns {
                if let TypeKind::Enum { name: Some(used), .. } = column.data_type.kind.innermost()
                    && used == name
                {
                    users.push((table.name.clone(), column.name.clone()));
                }
            }
        }
        if !users.is_empty() {
            if cascade {
                for (table, column) in users {
                    self.drop_column(&table, &column, true, true);
                }
            } else {
                let by = users.into_iter().map(|(t, c)| ObjectRef::Column(t, c)).collect();
                self.needed(object.clone(), by);
            }
        }
        self.dropped(object);
    }

    fn labels(&mut self, name: &ObjectName) -> Option<&mut Vec<String>> {
        if !self.db.enums.contains_key(name) {
            self.missing(ObjectRef::Enum(name.clone()));
            return None;
        }
        self.db.enums.get_mut(name).and_then(|e| e.labels.as_mut())
    }

    fn add_label(&mut self, name: &ObjectName, label: &str, position: &LabelPosition, if_not_exists: bool) {
        let object = ObjectRef::Enum(name.clone());
        let Some(labels) = self.labels(name) else { return };
        if labels.iter().any(|l| l == label) {
            if if_not_exists {
                self.applied.skipped = true;
            } else {
                self.refused(object, format!("enum label \"{label}\" already exists"));
            }
            return;
        }
        let at = match position {
            LabelPosition::Last => Some(labels.len()),
            LabelPosition::Before(other) => labels.iter().position(|l| l == other),
            LabelPosition::After(other) => labels.iter().position(|l| l == other).map(|at| at + 1),
        };
        match at {
            Some(at) => {
                labels.insert(at, label.to_owned());
                self.touched(object);
            }
            None => {
                labels.push(label.to_owned());
                self.refused(object, "the neighbour is not an existing enum label");
            }
        }
    }

    /// A default holds the label itself, not its name (PostgreSQL, `pg_enum`).
    fn rename_in_defaults(&mut self, name: &ObjectName, from: &str, to: &str) {
        let quoted = |label: &str| format!("'{}'", label.replace('\'', "''"));
        let (from, to) = (quoted(from), quoted(to));
        let renamed = |column: &crate::Column| match (&column.data_type.kind, &column.default) {
            (TypeKind::Enum { name: Some(used), .. }, Some(Default::Expression(text))) if used == name => {
                let rest = text.trim().strip_prefix(&from)?;
                (rest.is_empty() || rest.starts_with("::")).then(|| format!("{to}{rest}"))
            }
            _ => None,
        };
        self.db.tables.change(
            |table| table.columns.iter().any(|column| renamed(column).is_some()),
            |table| {
                for column in &mut table.columns {
                    if let Some(text) = renamed(column) {
                        column.default = Some(Default::Expression(text));
                    }
                }
            },
        );
    }

    fn move_type(&mut self, from: &ObjectName, to: &ObjectName) {
        let Some(mut moved) = self.db.enums.remove(from) else {
            for kind in [ObjectKind::Domain, ObjectKind::Type] {
                if let Some(mut object) = self.db.objects.remove(&(kind, None, from.clone(), None)) {
                    Arc::make_mut(&mut object).name = to.clone();
                    self.db.objects.insert((kind, None, to.clone(), None), object);
                    return;
                }
            }
            self.missing(ObjectRef::Enum(from.clone()));
            return;
        };
        if let Some(there) = self.db.enums.get(to) {
            let made_by = there.origin;
            self.db.enums.insert(from.clone(), moved);
            self.exists(ObjectRef::Enum(to.clone()), made_by);
            return;
        }
        moved.name = to.clone();
        self.db.enums.insert(to.clone(), moved);
        let uses = |kind: &TypeKind| matches!(kind.innermost(), TypeKind::Enum { name: Some(used), .. } if used == from);
        self.db.tables.change(
            |table| table.columns.iter().any(|c| uses(&c.data_type.kind)),
            |table| {
                for column in &mut table.columns {
                    rename_type(&mut column.data_type.kind, from, to);
                }
            },
        );
        self.db.dropped.insert(ObjectRef::Enum(from.clone()), self.origin);
        self.touched(ObjectRef::Enum(to.clone()));
    }

    fn create_sequence(&mut self, sequence: &Sequence, if_not_exists: bool) {
        let object = ObjectRef::Sequence(sequence.name.clone());
        if self.db.relation_exists(&sequence.name) {
            if if_not_exists {
                self.applied.skipped = true;
            } else {
                let made_by = self.db.sequences.get(&sequence.name).map(|s| s.origin).unwrap_or_default();
                self.exists(object, made_by);
            }
            return;
        }
        let mut made = sequence.clone();
        made.origin = self.origin;
        self.db.sequences.insert(made);
        self.touched(object);
    }

    fn drop_sequence(&mut self, name: &ObjectName, if_exists: bool, cascade: bool) {
        let object = ObjectRef::Sequence(name.clone());
        if self.db.sequences.remove(name).is_none() {
            if if_exists {
                self.applied.skipped = true;
            } else {
                self.missing(object);
            }
            return;
        }
        let default = Some(Default::NextValue(name.clone()));
        let users: Vec<(ObjectName, String)> = self
            .db
            .tables
            .values()
            .flat_map(|t| {
                t.columns.iter().filter(|c| c.default == default).map(|c| (t.name.clone(), c.name.clone()))
            })
            .collect();
        if !users.is_empty() && !cascade {
            let by = users.iter().map(|(t, c)| ObjectRef::Column(t.clone(), c.clone())).collect();
            self.needed(object.clone(), by);
        }
        for (table, column) in users {
            if let Some(found) = self.table_mut(&table)
                && let Some(column) = found.columns.iter_mut().find(|c| c.name == column)
            {
                column.default = None;
            }
        }
        self.dropped(object);
    }

    fn key_of(
        &self,
        kind: ObjectKind,
        name: &ObjectName,
        table: Option<&ObjectName>,
        signature: Option<&str>,
    ) -> Option<ObjectKey> {
        let key = (kind, table.cloned(), name.clone(), signature.map(str::to_owned));
        if self.db.objects.contains_key(&key) {
            return Some(key);
        }
        let fits = |k: &&ObjectKey| {
            k.0 == kind
                && k.2.name == name.name
                && (k.2.schema == name.schema || k.1.is_some())
                && (table.is_none() || k.1.as_ref() == table)
        };
        let mut found = self.db.objects.keys().filter(fits);
        // With a signature in other words (`int` for `integer`) the only function of that name is meant.
        match (found.next(), found.next()) {
            (Some(only), None) => Some(only.clone()),
            _ => None,
        }
    }

    pub(super) fn create_object(&mut self, object: &NamedObject, or_replace: bool, if_not_exists: bool) {
        let key: ObjectKey =
            (object.kind, object.table.clone(), object.name.clone(), object.signature.clone());
        let reference = ObjectRef::Object(object.kind, object.table.clone(), object.name.clone());
        if let Some(table) = &object.table
            && !self.db.tables.contains_key(table)
            && self.db.view(table).is_none()
        {
            self.missing(ObjectRef::Table(table.clone()));
        }
        if let Some(there) = self.db.objects.get(&key) {
            let repeatable = matches!(object.kind, ObjectKind::Grant);
            if if_not_exists || repeatable {
                self.applied.skipped = true;
                return;
            }
            if !or_replace {
                let made_by = there.origin;
                self.exists(reference, made_by);
                return;
            }
        }
        if let Some(function) = self.lacks_function(object) {
            self.missing(ObjectRef::Object(ObjectKind::Function, None, function));
        }
        for column in self.lacks_columns(object) {
            if let Some(table) = object.table.clone() {
                self.missing(ObjectRef::Column(table, column));
            }
        }
        let mut made = object.clone();
        made.origin = self.origin;
        if !self.db.objects.contains_key(&key) {
            self.place(ObjectKeyOrTable::Object(key.clone()));
        }
        self.db.objects.insert(key, Arc::new(made));
        self.touched(reference);
    }

    /// The columns of its table that the condition of a PostgreSQL trigger reads (`WHEN (old.name …)`) and that are not
    /// there: PostgreSQL looks for them when the trigger is made.
    fn lacks_columns(&self, object: &NamedObject) -> Vec<String> {
        let Some(table) = object.table.as_ref().and_then(|table| self.db.table(table)) else {
            return Vec::new();
        };
        if object.kind != ObjectKind::Trigger || self.db.dialect != Dialect::PostgreSql || table.tainted {
            return Vec::new();
        }
        let words = crate::sql::words(&object.text, self.db.dialect);
        let Some(start) = words.windows(2).position(|pair| pair[0] == "when" && pair[1] == "(") else {
            return Vec::new();
        };
        let end = words.iter().rposition(|word| word == "execute").unwrap_or(words.len());
        let of_row = words.get(start..end).unwrap_or_default().windows(3).filter_map(|three| match three {
            [row, dot, name] if (row == "old" || row == "new") && dot == "." => Some(name),
            _ => None,
        });
        // `new.*` is the whole row; the database's own columns are no columns of the table.
        let is_lost = |name: &&String| {
            name.chars().all(|c| c.is_alphanumeric() || c == '_')
                && table.column(name).is_none()
                && !["tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"].contains(&name.as_str())
        };
        let lost: std::collections::BTreeSet<String> = of_row.filter(is_lost).cloned().collect();
        lost.into_iter().collect()
    }

    /// The function of a PostgreSQL trigger, where it is not there: `EXECUTE FUNCTION name()`. Extensions and the
    /// server bring functions along, which have no text here.
    fn lacks_function(&self, object: &NamedObject) -> Option<ObjectName> {
        if object.kind != ObjectKind::Trigger || self.db.dialect != Dialect::PostgreSql {
            return None;
        }
        let has_extensions = self.db.objects.keys().any(|(kind, ..)| *kind == ObjectKind::Extension);
        let words = crate::sql::words(&object.text, self.db.dialect);
        let at = words.iter().rposition(|w| w == "execute")?;
        let behind = words.get(at + 2..)?;
        let end = behind.iter().position(|w| w == "(")?;
        let name = match &behind[..end] {
            [name] => ObjectName::new(None, name, self.db.dialect),
            [schema, dot, name] if dot == "." => ObjectName::new(Some(schema), name, self.db.dialect),
            _ => return None,
        };
        let is_own = name.name.starts_with("tsvector_update_trigger")
            || name.name == "suppress_redundant_updates_trigger"
            || name.schema.as_deref() == Some("pg_catalog");
        let is_there = self.db.objects.keys().any(|(kind, _, known, _)| {
            matches!(kind, ObjectKind::Function | ObjectKind::Procedure) && known.name == name.name
        });
        (!has_extensions && !is_own && !is_there).then_some(name)
    }

    /// Drops what stands on a view that goes: its triggers, rules and indexes.
    fn drop_standing_on(&mut self, view: &ObjectName) {
        let keys = self.db.objects.keys().filter(|(_, table, ..)| table.as_ref() == Some(view));
        for key in keys.cloned().collect::<Vec<_>>() {
            self.db.objects.remove(&key);
            self.db.made.remove(&ObjectKeyOrTable::Object(key.clone()));
            let (kind, table, name, _) = key;
            self.dropped(ObjectRef::Object(kind, table, name));
        }
    }

    pub(super) fn drop_object(
        &mut self,
        kind: ObjectKind,
        name: &ObjectName,
        table: Option<&ObjectName>,
        signature: Option<&str>,
        if_exists: bool,
    ) {
        let reference = ObjectRef::Object(kind, table.cloned(), name.clone());
        let is_view = matches!(kind, ObjectKind::View | ObjectKind::MaterializedView);
        match self.key_of(kind, name, table, signature) {
            Some(key) => {
                self.db.objects.remove(&key);
                self.db.made.remove(&ObjectKeyOrTable::Object(key));
                if is_view {
                    self.drop_standing_on(name);
                }
                self.dropped(reference);
            }
            // `DROP VIEW IF EXISTS` refuses a table.
            None if is_view && self.db.tables.contains_key(name) => {
                self.refused(ObjectRef::Table(name.clone()), "it is a table, and no view");
            }
            None if if_exists => self.applied.skipped = true,
            None => self.missing(reference),
        }
    }

    /// Drops what calls a function that is gone: its triggers and operators (PostgreSQL, `DROP FUNCTION … CASCADE`). As
    /// long as another function has the name it may be that one which is called.
    fn drop_callers(&mut self, kind: ObjectKind, name: &ObjectName) {
        if self.db.objects.keys().any(|(of, _, found, _)| *of == kind && found == name) {
            return;
        }
        let calls = |object: &NamedObject| {
            matches!(object.kind, ObjectKind::Trigger | ObjectKind::Operator)
                && crate::sql::words(&object.text, self.db.dialect).contains(&name.name)
        };
        let callers: Vec<ObjectKey> =
            self.db.objects.iter().filter(|(_, object)| calls(object)).map(|(key, _)| key.clone()).collect();
        for key in callers {
            self.db.objects.remove(&key);
            let reference = ObjectRef::Object(key.0, key.1.clone(), key.2.clone());
            self.db.made.remove(&ObjectKeyOrTable::Object(key));
            self.dropped(reference);
        }
    }

    fn comment(&mut self, on: &ObjectRef, text: Option<String>) {
        match on {
            ObjectRef::Table(name) => {
                self.with_table(name, |table| table.comment = text);
            }
            ObjectRef::Column(table, column) => {
                self.alter_column(table, column, &crate::ColumnAlteration::Comment(text));
            }
            ObjectRef::Constraint(table, name) => self.with_constraint(table, name, |c| c.comment = text),
            ObjectRef::Index(name, table) => {
                let owner = table
                    .clone()
                    .or_else(|| self.db.index_owners.get(name).map(|owner| owner.as_ref().clone()));
                let index = owner
                    .and_then(|owner| self.table_mut(&owner))
                    .and_then(|t| t.indexes.iter_mut().find(|i| i.name.as_deref() == Some(&name.name)));
                match index {
                    Some(index) => index.comment = text,
                    None => self.missing(on.clone()),
                }
            }
            ObjectRef::Enum(name) => match self.db.enums.get_mut(name) {
                Some(found) => found.comment = text,
                None => self.missing(on.clone()),
            },
            ObjectRef::Object(kind, table, name) => match self.key_of(*kind, name, table.as_ref(), None) {
                Some(key) => {
                    if let Some(object) = self.db.objects.get_mut(&key) {
                        Arc::make_mut(object).comment = text;
                    }
                }
                None => self.missing(on.clone()),
            },
            ObjectRef::Schema(_) | ObjectRef::Sequence(_) => {}
        }
    }
}

fn rename_type(kind: &mut TypeKind, from: &ObjectName, to: &ObjectName) {
    match kind {
        TypeKind::Array { element, .. } => rename_type(element, from, to),
        TypeKind::Enum { name: Some(name), .. } if name == from => *name = to.clone(),
        _ => {}
    }
}

fn merge(options: &mut SequenceOptions, changed: &SequenceOptions) {
    if changed.data_type.is_some() {
        options.data_type.clone_from(&changed.data_type);
    }
    for (option, changed) in [
        (&mut options.start, changed.start),
        (&mut options.increment, changed.increment),
        (&mut options.minimum, changed.minimum),
        (&mut options.maximum, changed.maximum),
        (&mut options.cache, changed.cache),
    ] {
        if changed.is_some() {
            *option = changed;
        }
    }
    options.cycle |= changed.cycle;
}
