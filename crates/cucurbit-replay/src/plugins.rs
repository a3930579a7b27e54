//! Operations that other packages add to Alembic.

use crate::host::{Ev, record};
use crate::operations::{Given, text_argument};
use cucurbit_python::eval::{Arguments, Call, Outcome, Value};
use cucurbit_schema::{
    Change, ColumnAlteration, DataType, EnumType, LabelPosition, ObjectName, Origin, TypeKind,
};

/// Does an operation of a plugin; `None` when it is not known.
pub(crate) fn operation(ev: &mut Ev<'_>, given: &Given<'_>) -> Option<Result<(), String>> {
    match given.operation {
        // alembic-postgresql-enum.
        "sync_enum_values" => Some(sync_enum_values(ev, given)),
        _ => None,
    }
}

/// Does a call of a helper that another package gives; `None` when it is not known.
pub(crate) fn call(ev: &mut Ev<'_>, name: &str, call: &Call) -> Option<Outcome> {
    match name {
        // An object that is made when it is first used.
        "lazy_object_proxy.Proxy" | "werkzeug.local.LocalProxy" => {
            let make = call.arguments.positional.first()?.clone();
            matches!(make, Value::Function(_) | Value::Method(..)).then_some(())?;
            Some(match ev.call(&make, Arguments::default(), call.place) {
                Ok(value) => Outcome::Value(value),
                Err(exception) => Outcome::Raise(*exception),
            })
        }
        "oslo_db.sqlalchemy.utils.index_exists" | "oslo_db.sqlalchemy.utils.column_exists" => {
            let table = text_argument(ev, call.arguments.get(1, "table_name"), "table").ok()??;
            let is_index = name.ends_with("index_exists");
            let wanted = call.arguments.get(2, if is_index { "index_name" } else { "column" });
            let wanted = text_argument(ev, wanted, "name").ok()??;
            let table = ev.host.name(None, &table);
            let exists = ev.host.db.table(&table).is_some_and(|t| {
                if is_index { t.index(&wanted).is_some() } else { t.column(&wanted).is_some() }
            });
            Some(Outcome::Value(Value::Bool(exists)))
        }
        _ => None,
    }
}

fn list(ev: &mut Ev<'_>, value: Option<&Value>, what: &str) -> Result<Vec<Value>, String> {
    match value {
        None | Some(Value::None) => Ok(Vec::new()),
        Some(value) => ev.items(value).ok_or_else(|| format!("its {what} cannot be told")),
    }
}

/// `op.sync_enum_values(enum_schema, enum_name, new_values, affected_columns, enum_values_to_rename)`: the type
/// is made anew under its old name with the new labels.
fn sync_enum_values(ev: &mut Ev<'_>, given: &Given<'_>) -> Result<(), String> {
    // Elsewhere it warns and does nothing, unless `force_dialect_support` was set.
    if ev.host.settings.dialect != cucurbit_schema::Dialect::PostgreSql {
        return Ok(());
    }
    let arguments = given.arguments;
    let schema = arguments.get(0, "enum_schema").or_else(|| arguments.keyword("schema")).cloned();
    let schema = text_argument(ev, schema.as_ref(), "schema")?;
    let name = text_argument(ev, arguments.get(1, "enum_name"), "name")?.ok_or("its name is not given")?;
    let name = ev.host.name(schema.as_deref(), &name);
    let mut labels = Vec::new();
    for value in list(ev, arguments.get(2, "new_values"), "labels")? {
        labels.push(value.as_str().ok_or("a label cannot be told")?.to_owned());
    }
    let old = ev.host.db.enums.get(&name).and_then(|e| e.labels.clone());
    // New labels behind the old ones are added; anything else swaps the type.
    let mut changes = Vec::new();
    match old {
        Some(old) if labels.starts_with(&old) => {
            for label in &labels[old.len()..] {
                changes.push(Change::AddLabel {
                    name: name.clone(),
                    label: label.clone(),
                    position: LabelPosition::Last,
                    if_not_exists: false,
                });
            }
        }
        _ => changes.extend(swap(ev, &name, labels)),
    }
    record(ev, given.place, given.operation, changes, true);
    Ok(())
}

fn swap(ev: &Ev<'_>, name: &ObjectName, labels: Vec<String>) -> Vec<Change> {
    let aside = name.sibling(format!("{}_old", name.name));
    let mut changes = vec![
        Change::RenameType { from: name.clone(), to: aside.name.clone() },
        Change::CreateEnum {
            enum_type: EnumType {
                name: name.clone(),
                labels: Some(labels.clone()),
                comment: None,
                origin: Origin::default(),
            },
            if_not_exists: false,
        },
    ];
    for table in ev.host.db.tables.values() {
        for column in &table.columns {
            if let TypeKind::Enum { name: Some(used), .. } = &column.data_type.kind
                && used == name
            {
                let kind = TypeKind::Enum { name: Some(name.clone()), labels: labels.clone() };
                changes.push(Change::AlterColumn {
                    table: table.name.clone(),
                    column: column.name.clone(),
                    alteration: ColumnAlteration::Type {
                        data_type: DataType::new(kind),
                        using: Some("text".to_owned()),
                        collation: None,
                    },
                });
            }
        }
    }
    changes.push(Change::DropType { name: aside, if_exists: false, cascade: false });
    changes
}
