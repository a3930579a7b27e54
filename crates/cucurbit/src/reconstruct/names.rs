//! The names that a database gives by itself, as a migration that makes the tables would get them.

use cucurbit_schema::{
    Change, Constraint, ConstraintBody, DataType, Database, Default, NameKind, ObjectName, Origin, Table,
    TypeKind,
};

/// Makes the tables of a state anew that another does not have, so that what has no name of its own is named after its
/// table and columns as they are called there. Where models are rolled back through renames, the names of sequences
/// and constraints are still those of today; a database keeps them when a table or a column is renamed, so it never
/// had these (PostgreSQL, `ALTER TABLE … RENAME`).
pub(super) fn renewed(state: &Database, before: &Database) -> Database {
    let mut out = state.clone();
    let new: Vec<&Table> =
        state.tables.values().map(AsRef::as_ref).filter(|t| !before.tables.contains_key(&t.name)).collect();
    for table in &new {
        let drop = Change::DropTable { name: table.name.clone(), if_exists: true, cascade: true };
        out.apply(&drop, Origin::default());
    }
    let mut keys: Vec<(ObjectName, Constraint)> = Vec::new();
    for table in &new {
        let mut made = (*table).clone();
        for column in &mut made.columns {
            let Some(Default::NextValue(name)) = &column.default else { continue };
            let is_own = state.sequences.get(name).is_some_and(|s| {
                s.owner.as_ref().is_some_and(|(t, c)| *t == table.name && *c == column.name)
            });
            let serial = match &column.data_type.kind {
                TypeKind::Named { name, .. } if is_own => match name.as_str() {
                    "integer" => "serial",
                    "bigint" => "bigserial",
                    "smallint" => "smallserial",
                    _ => continue,
                },
                _ => continue,
            };
            column.data_type = DataType::named(serial, &[]);
            column.default = None;
        }
        for constraint in &mut made.constraints {
            if constraint.name_kind == NameKind::Implicit {
                constraint.name = None;
            }
        }
        let is_key = |c: &Constraint| matches!(c.body, ConstraintBody::ForeignKey { .. });
        let (foreign, own) = std::mem::take(&mut made.constraints).into_iter().partition(is_key);
        made.constraints = own;
        let foreign: Vec<Constraint> = foreign;
        keys.extend(foreign.into_iter().map(|key| (made.name.clone(), key)));
        let create = Change::CreateTable { table: Box::new(made), if_not_exists: false, temporary: false };
        out.apply(&create, Origin::default());
    }
    for (table, key) in keys {
        let add = Change::AddConstraint {
            table,
            constraint: Box::new(key),
            using_index: None,
            if_not_exists: false,
        };
        out.apply(&add, Origin::default());
    }
    // What went with the tables and is not theirs alone comes back.
    for (key, object) in &state.objects {
        out.objects.entry(key.clone()).or_insert_with(|| std::sync::Arc::clone(object));
    }
    for sequence in state.sequences.values().filter(|s| s.owner.is_none()) {
        out.sequences.insert_if_absent(sequence.clone());
    }
    out.forget_origins();
    out
}
