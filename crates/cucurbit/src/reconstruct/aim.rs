//! What is put into the head that is aimed at, before anything is rolled back.

use cucurbit_schema::{
    ConstraintKind, Database, Default, ObjectKind, ObjectName, ObjectRef, Origin, TypeKind, diff,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Puts what stands below the gap, and models cannot say or autogenerate does not compare, into a head from models:
/// server defaults, checks, tables without a model, functions and their like. A lost migration that was written by
/// autogenerate did not touch it.
///
/// Types that models say otherwise of what survivors above the gap make, too, were never what the chain makes, so the
/// lost migration did not bring them either.
pub(super) fn keep(head: &mut Database, before: &Database, chronic: &Chronic) {
    for (name, table) in &before.tables {
        let Some(there) = head.tables.get(name) else {
            head.put_table(Arc::clone(table));
            continue;
        };
        let mut kept = there.as_ref().clone();
        for column in &mut kept.columns {
            let Some(old) = table.column(&column.name) else { continue };
            if chronic.has(&old.data_type.kind, &column.data_type.kind) {
                if let Some(Default::NextValue(sequence)) = &column.default
                    && let TypeKind::Named { name, .. } = &old.data_type.kind
                {
                    head.sequences.change_one(sequence, |s| s.options.data_type = Some(name.clone()));
                }
                column.data_type = old.data_type.clone();
            }
            // A default that stays while the type changes is cast to it; that there is none stays true.
            let stays = column.data_type == old.data_type || old.default.is_none();
            if column.identity.is_none() && column.computed.is_none() && stays {
                if let Some(Default::NextValue(sequence)) = &column.default
                    && column.default != old.default
                {
                    head.sequences.remove(sequence);
                }
                column.default.clone_from(&old.default);
            }
        }
        // What the models leave unnamed has the name that it got below the gap.
        for constraint in &mut kept.constraints {
            let is_there = table.constraints.iter().any(|c| c.name == constraint.name);
            let mut alike = table.constraints.iter().filter(|c| c.body == constraint.body);
            if let (false, Some(old), None) = (is_there, alike.next(), alike.next()) {
                constraint.name.clone_from(&old.name);
                constraint.name_kind = old.name_kind;
            }
        }
        for index in &mut kept.indexes {
            let is_there = table.indexes.iter().any(|i| i.name == index.name);
            let mut alike = table.indexes.iter().filter(|i| {
                i.keys == index.keys && i.unique == index.unique && i.predicate == index.predicate
            });
            if let (false, Some(old), None) = (is_there, alike.next(), alike.next()) {
                index.name.clone_from(&old.name);
            }
        }
        for constraint in &table.constraints {
            let is_known = kept.constraints.iter().any(|c| c.name == constraint.name);
            if constraint.kind() == ConstraintKind::Check && !is_known {
                kept.constraints.push(constraint.clone());
            }
        }
        head.put_table(Arc::new(kept));
    }
    for sequence in before.sequences.values() {
        head.sequences.insert_if_absent(sequence.clone());
    }
    for (name, made) in &before.enums {
        head.enums.entry(name.clone()).or_insert_with(|| made.clone());
    }
    for (name, origin) in &before.schemas {
        head.schemas.entry(name.clone()).or_insert(*origin);
    }
    for (key, object) in &before.objects {
        head.objects.entry(key.clone()).or_insert_with(|| Arc::clone(object));
    }
    head.forget_origins();
}

/// Gives a head the texts of objects as survivors make them; returns those whose texts differ.
///
/// A database writes views, policies, domains and the like down in words of its own, so whether both mean the same
/// cannot be told; as survivors make them, what is lost has no part in it.
pub(super) fn reword(head: &mut Database, made: &Database) -> Vec<ObjectRef> {
    if head.dialect == cucurbit_schema::Dialect::Sqlite {
        return Vec::new();
    }
    let is_printed = |kind: ObjectKind| {
        matches!(
            kind,
            ObjectKind::View
                | ObjectKind::MaterializedView
                | ObjectKind::Policy
                | ObjectKind::Rule
                | ObjectKind::Domain
                | ObjectKind::Trigger
        )
    };
    let mut out = Vec::new();
    let objects = made.objects.iter().filter(|(_, o)| o.origin != Origin::default() && is_printed(o.kind));
    for (key, object) in objects {
        let Some(there) = head.objects.get(key) else { continue };
        let mut of_head = Database::new(head.dialect);
        let mut of_made = Database::new(head.dialect);
        of_head.objects.insert(key.clone(), Arc::clone(there));
        of_made.objects.insert(key.clone(), Arc::clone(object));
        if !diff(&of_head, &of_made).is_empty() {
            out.push(ObjectRef::Object(object.kind, object.table.clone(), object.name.clone()));
            let mut object = object.as_ref().clone();
            object.origin = Origin::default();
            head.objects.insert(key.clone(), Arc::new(object));
        }
    }
    // So are the bounds of a partition.
    const BOUNDS: &str = "partition of";
    for table in made.tables.values().filter(|t| t.origin != Origin::default()) {
        let Some(there) = head.table(&table.name) else { continue };
        if let (Some(made), Some(bounds)) = (table.options.get(BOUNDS), there.options.get(BOUNDS))
            && made != bounds
        {
            let mut kept = there.clone();
            kept.options.insert(BOUNDS.to_owned(), made.clone());
            head.put_table(Arc::new(kept));
            out.push(ObjectRef::Table(table.name.clone()));
        }
    }
    out
}

/// Types that the models of a project say otherwise than its migrations, as a pair of both.
#[derive(Debug, Default)]
pub(super) struct Chronic(BTreeSet<(String, String)>);

impl Chronic {
    /// What models say otherwise of tables that survivors make.
    pub(super) fn of(models: &Database, made: &Database) -> Self {
        let mut out = BTreeSet::new();
        for table in made.tables.values().filter(|t| !t.tainted) {
            let Some(model) = models.table(&table.name) else { continue };
            for column in &table.columns {
                let Some(said) = model.column(&column.name) else { continue };
                let (made, said) = (&column.data_type.kind, &said.data_type.kind);
                if made != said {
                    out.insert(Self::pair(made, said));
                }
            }
        }
        Chronic(out)
    }

    fn has(&self, made: &TypeKind, said: &TypeKind) -> bool {
        made != said && self.0.contains(&Self::pair(made, said))
    }

    /// Both types as texts. Where only one of them has a length, which one does not count.
    fn pair(made: &TypeKind, said: &TypeKind) -> (String, String) {
        let text = |kind: &TypeKind, other: &TypeKind| match (kind, other) {
            (TypeKind::Named { name, args, .. }, TypeKind::Named { args: others, .. })
                if !args.is_empty() && others.is_empty() =>
            {
                format!("{name}(…)")
            }
            (kind, _) => format!("{kind:?}"),
        };
        (text(made, said), text(said, made))
    }
}

/// Takes enum types out of a head that only models tell of and that no column uses, because survivors make the column
/// of another type.
pub(super) fn forget_unused(head: &mut Database, below: &Database, made: Option<&Database>) {
    let used: BTreeSet<ObjectName> = head
        .tables
        .values()
        .flat_map(|table| &table.columns)
        .filter_map(|column| match column.data_type.kind.innermost() {
            TypeKind::Enum { name, .. } => name.clone(),
            _ => None,
        })
        .collect();
    let is_known = |name: &ObjectName| {
        used.contains(name)
            || below.enums.contains_key(name)
            || made.is_some_and(|made| made.enums.contains_key(name))
    };
    let unused: Vec<ObjectName> = head.enums.keys().filter(|name| !is_known(name)).cloned().collect();
    for name in unused {
        head.enums.remove(&name);
    }
}

/// Puts what survivors make over what models say.
pub(super) fn overlay(head: &mut Database, made: &Database) {
    for table in made.tables.values().filter(|t| !t.tainted) {
        head.put_table(Arc::clone(table));
        let names: Vec<ObjectName> = head
            .sequences
            .values()
            .filter(|s| s.owner.as_ref().is_some_and(|(owner, _)| *owner == table.name))
            .map(|s| s.name.clone())
            .collect();
        for name in names {
            head.sequences.remove(&name);
        }
    }
    for sequence in made.sequences.values() {
        let is_there = sequence.owner.as_ref().is_none_or(|(owner, _)| made.tables.contains_key(owner));
        if is_there {
            head.sequences.insert(sequence.clone());
        }
    }
    for (name, made) in &made.enums {
        head.enums.insert(name.clone(), made.clone());
    }
    for (key, object) in &made.objects {
        let is_there = object.table.as_ref().is_none_or(|table| head.tables.contains_key(table));
        if is_there && !head.objects.contains_key(key) {
            head.objects.insert(key.clone(), Arc::clone(object));
        }
    }
}
