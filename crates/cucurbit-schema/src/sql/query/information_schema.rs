//! The tables of the information schema, made from the state.
//!
//! Names and columns as in <https://www.postgresql.org/docs/current/information-schema.html> and
//! <https://dev.mysql.com/doc/refman/8.0/en/information-schema.html>.

use super::Engine;
use super::catalog::{Relation, int, relation};
use super::value::Value;
use crate::model::{Constraint, ConstraintBody, Dialect, ObjectKind, ObjectName, Table, TypeKind};
use std::collections::BTreeSet;

impl Engine<'_> {
    pub(super) fn tables(&self) -> Relation {
        let row = |name: &ObjectName, kind: &str| {
            vec![self.schema_name(name), Value::text(&name.name), Value::text(kind)]
        };
        let tables = self.db.tables.keys().map(|name| row(name, "BASE TABLE"));
        let views = self.db.objects.keys().filter(|(kind, ..)| *kind == ObjectKind::View);
        let views = views.map(|(_, _, name, _)| row(name, "VIEW"));
        relation(&["table_schema", "table_name", "table_type"], tables.chain(views).collect())
    }

    pub(super) fn columns(&self) -> Relation {
        let mut rows = Vec::new();
        let mut doubted = BTreeSet::new();
        for (_, _, table) in self.each_table() {
            for (at, column) in table.columns.iter().enumerate() {
                let data_type = match (&column.data_type.kind, self.db.dialect) {
                    (TypeKind::Enum { .. }, Dialect::PostgreSql) => Value::text("USER-DEFINED"),
                    (TypeKind::Array { .. }, Dialect::PostgreSql) => Value::text("ARRAY"),
                    (TypeKind::Named { name, .. }, _) => Value::text(&name.to_lowercase()),
                    _ => Value::Untold,
                };
                rows.push(vec![
                    self.schema_name(&table.name),
                    Value::text(&table.name.name),
                    Value::text(&column.name),
                    Value::Int(int(at) + 1),
                    Value::text(if column.nullable { "YES" } else { "NO" }),
                    data_type,
                    if column.default.is_none() { Value::Null } else { Value::Untold },
                ]);
            }
            if table.tainted {
                doubted.insert(rows.len());
                let mut row = vec![Value::Untold; 7];
                row[0] = self.schema_name(&table.name);
                row[1] = Value::text(&table.name.name);
                rows.push(row);
            }
        }
        let names = [
            "table_schema",
            "table_name",
            "column_name",
            "ordinal_position",
            "is_nullable",
            "data_type",
            "column_default",
        ];
        Relation { doubted, ..relation(&names, rows) }
    }

    /// A row for each constraint, with its schema, name, table and the constraint; `None` where names are not known.
    fn named_constraints(&self) -> Option<Vec<(Value, Value, &Table, &Constraint)>> {
        let mut out = Vec::new();
        for (_, _, table) in self.each_table() {
            if table.tainted {
                return None;
            }
            let schema = self.schema_name(&table.name);
            for constraint in &table.constraints {
                let name = match (&constraint.name, &constraint.body, self.db.dialect.is_mysql()) {
                    (_, ConstraintBody::PrimaryKey { .. }, true) => Value::text("PRIMARY"),
                    (Some(name), ..) => Value::text(name),
                    (None, ..) => Value::Untold,
                };
                out.push((schema.clone(), name, table, constraint));
            }
        }
        Some(out)
    }

    pub(super) fn table_constraints(&self) -> Option<Relation> {
        let row = |(schema, name, table, constraint): (Value, Value, &Table, &Constraint)| {
            let kind = match &constraint.body {
                ConstraintBody::PrimaryKey { .. } => Value::text("PRIMARY KEY"),
                ConstraintBody::Unique { .. } => Value::text("UNIQUE"),
                ConstraintBody::ForeignKey { .. } => Value::text("FOREIGN KEY"),
                ConstraintBody::Check { .. } => Value::text("CHECK"),
                ConstraintBody::Exclude { .. } => Value::Untold,
            };
            vec![schema.clone(), name, schema, Value::text(&table.name.name), kind]
        };
        let rows = self.named_constraints()?.into_iter().map(row).collect();
        let names = ["constraint_schema", "constraint_name", "table_schema", "table_name", "constraint_type"];
        Some(relation(&names, rows))
    }

    pub(super) fn key_column_usage(&self) -> Option<Relation> {
        let mut rows = Vec::new();
        for (schema, name, table, constraint) in self.named_constraints()? {
            let (target, references) = match &constraint.body {
                ConstraintBody::ForeignKey { table, references, .. } => (Some(table), references.as_slice()),
                _ => (None, &[][..]),
            };
            for (at, column) in constraint.body.key_columns().iter().enumerate() {
                rows.push(vec![
                    schema.clone(),
                    name.clone(),
                    schema.clone(),
                    Value::text(&table.name.name),
                    Value::text(column),
                    Value::Int(int(at) + 1),
                    target.map_or(Value::Null, |target| Value::text(&target.name)),
                    references.get(at).map_or(Value::Null, |column| Value::text(column)),
                ]);
            }
        }
        let names = [
            "constraint_schema",
            "constraint_name",
            "table_schema",
            "table_name",
            "column_name",
            "ordinal_position",
            "referenced_table_name",
            "referenced_column_name",
        ];
        // The last two are MySQL's.
        let shown = if self.db.dialect.is_mysql() { names.len() } else { names.len() - 2 };
        rows.iter_mut().for_each(|row| row.truncate(shown));
        Some(relation(&names[..shown], rows))
    }

    pub(super) fn constraint_column_usage(&self) -> Option<Relation> {
        let mut rows = Vec::new();
        for (schema, name, table, constraint) in self.named_constraints()? {
            let (of, columns) = match &constraint.body {
                ConstraintBody::ForeignKey { table, references, .. } => (table, references.as_slice()),
                ConstraintBody::Check { .. } | ConstraintBody::Exclude { .. } => continue,
                body => (&table.name, body.key_columns()),
            };
            for column in columns {
                rows.push(vec![
                    schema.clone(),
                    name.clone(),
                    self.schema_name(of),
                    Value::text(&of.name),
                    Value::text(column),
                ]);
            }
        }
        let names = ["constraint_schema", "constraint_name", "table_schema", "table_name", "column_name"];
        Some(relation(&names, rows))
    }

    pub(super) fn referential_constraints(&self) -> Option<Relation> {
        let mut rows = Vec::new();
        for (schema, name, table, constraint) in self.named_constraints()? {
            let ConstraintBody::ForeignKey { table: target, on_delete, on_update, .. } = &constraint.body
            else {
                continue;
            };
            rows.push(vec![
                schema,
                name,
                Value::text(on_delete.clause().unwrap_or("NO ACTION")),
                Value::text(on_update.clause().unwrap_or("NO ACTION")),
                Value::text(&table.name.name),
                Value::text(&target.name),
            ]);
        }
        let names = [
            "constraint_schema",
            "constraint_name",
            "delete_rule",
            "update_rule",
            "table_name",
            "referenced_table_name",
        ];
        let shown = if self.db.dialect.is_mysql() { names.len() } else { names.len() - 2 };
        rows.iter_mut().for_each(|row| row.truncate(shown));
        Some(relation(&names[..shown], rows))
    }
}
