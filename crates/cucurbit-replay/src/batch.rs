//! `op.batch_alter_table(…, recreate="always", copy_from=table)`: the table is made anew under another name, and
//! takes the place of the old one.

use crate::host::{Ev, record};
use crate::operations::{Given, add_problems, enum_changes, settle_types_from};
use cucurbit_python::eval::Value;
use cucurbit_schema::{Change, Dialect, ObjectName, RowEffect, TypeHint};
use cucurbit_sqlalchemy as sqla;

/// The longest name of a table that Alembic makes on the way (`ApplyBatchImpl._calc_temp_name`).
const LONGEST: usize = 50;

/// Says whether a batch makes its table anew whatever the dialect, and does what it does before its operations, where it makes the table anew as `copy_from` describes it. What
/// has no name of its own is named after the table on the way, and keeps that name.
///
/// Without `copy_from` the table is made anew as it is, with the names that it has.
pub(crate) fn recreate(ev: &mut Ev<'_>, given: &Given<'_>, table: &ObjectName) -> bool {
    let arguments = given.arguments;
    let always = arguments.keyword("recreate").and_then(Value::as_str) == Some("always");
    let Some(copied) = arguments.keyword("copy_from").filter(|v| !v.is_none()).cloned() else {
        return always;
    };
    if !always {
        return false;
    }
    let Some((_, mut reading)) = sqla::table_term(ev, &copied) else {
        let extent = cucurbit_schema::Extent::Tables([table.clone()].into());
        let reason = "the table that is copied from cannot be told";
        crate::host::unknown(ev, given.place, given.operation, extent, reason);
        return true;
    };
    settle_types_from(ev, &mut reading);
    let way: String = format!("_alembic_tmp_{}", table.name).chars().take(LONGEST).collect();
    let way = table.sibling(way);
    let mut changes = enum_changes(ev, &reading.enums, true);
    if ev.host.settings.dialect == Dialect::PostgreSql {
        // Names that both tables would have are freed first (`PostgresqlImpl.prep_table_for_batch`).
        for constraint in reading.table.constraints.iter().filter(|c| c.name.is_some()) {
            changes.push(Change::DropConstraint {
                table: table.clone(),
                name: constraint.name.clone(),
                kind: Some(constraint.kind()),
                if_exists: false,
                cascade: false,
            });
        }
    }
    // The rows are copied, column by column, so the old table needs every one of them (`ApplyBatchImpl._create`).
    let copied = reading.table.columns.iter().filter(|column| column.computed.is_none());
    let rows = Change::Rows {
        table: table.clone(),
        effect: RowEffect::Read,
        columns: copied.clone().map(|column| column.name.clone()).collect(),
        hints: copied
            .map(|column| (column.name.clone(), TypeHint::Typed(Box::new(column.data_type.clone()))))
            .collect(),
    };
    let problems = reading.problems.clone();
    let is_open = reading.open;
    let indexes = std::mem::take(&mut reading.table.indexes);
    reading.table.name = way.clone();
    for constraint in &mut reading.table.constraints {
        // A key that points at its own table points at the new one.
        if let cucurbit_schema::ConstraintBody::ForeignKey { table: target, .. } = &mut constraint.body
            && target == table
        {
            *target = way.clone();
        }
    }
    reading.late.clear();
    changes.extend(reading.into_changes(false));
    add_problems(&mut changes, &way, &problems, is_open);
    changes.push(rows);
    changes.push(Change::DropTable { name: table.clone(), if_exists: false, cascade: false });
    changes.push(Change::RenameTable { from: way, to: table.clone(), if_exists: false });
    for index in indexes {
        let index = Box::new(index);
        changes.push(Change::CreateIndex { table: table.clone(), index, if_not_exists: false });
    }
    record(ev, given.place, given.operation, changes, true);
    true
}
