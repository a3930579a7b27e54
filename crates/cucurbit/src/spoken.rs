//! Objects and changes in words, and what the databases answer.

use cucurbit_schema::diff::type_text;
use cucurbit_schema::{Change, ColumnAlteration, ConstraintKind, Dialect, ObjectKind, ObjectName, ObjectRef};

/// Returns what an object is and its name: ``column `email` of `users` ``.
pub(crate) fn object(object: &ObjectRef) -> String {
    match object {
        ObjectRef::Schema(name) => format!("schema `{name}`"),
        ObjectRef::Table(name) => format!("table `{name}`"),
        ObjectRef::Column(table, name) => format!("column `{name}` of `{table}`"),
        ObjectRef::Constraint(table, name) => format!("constraint `{name}` of `{table}`"),
        ObjectRef::Index(name, _) => format!("index `{name}`"),
        ObjectRef::Enum(name) => format!("type `{name}`"),
        ObjectRef::Sequence(name) => format!("sequence `{name}`"),
        ObjectRef::Object(kind, _, name) => format!("{kind} `{name}`"),
    }
}

/// Says what a change does, in words for people: ``adds column `email` ``.
pub(crate) fn change(change: &Change) -> String {
    let quoted = |name: &Option<String>| name.as_ref().map(|n| format!(" `{n}`")).unwrap_or_default();
    match change {
        Change::CreateTable { table, .. } => {
            let count = table.columns.len();
            format!("creates table `{}` with {count} column{}", table.name, if count == 1 { "" } else { "s" })
        }
        Change::CreateTableFrom { name, .. } => format!("creates table `{name}` from another one"),
        Change::DropTable { name, .. } => format!("drops table `{name}`"),
        Change::RenameTable { from, to, .. } => format!("renames table `{from}` to `{to}`"),
        Change::SetTableSchema { table, schema } => {
            format!("moves table `{table}` to schema `{}`", schema.as_deref().unwrap_or("default"))
        }
        Change::SetTableOption { key, .. } => format!("sets the option `{key}`"),
        Change::AddColumn { column, .. } => {
            let null = if column.nullable { "" } else { ", NOT NULL" };
            format!("adds column `{}`: {}{null}", column.name, type_text(&column.data_type.kind))
        }
        Change::DropColumn { column, .. } => format!("drops column `{column}`"),
        Change::AlterColumn { column, alteration, .. } => match alteration {
            ColumnAlteration::Type { data_type, .. } => {
                format!("changes the type of column `{column}` to {}", type_text(&data_type.kind))
            }
            ColumnAlteration::Nullable(true) => format!("lets column `{column}` be NULL"),
            ColumnAlteration::Nullable(false) => format!("sets column `{column}` NOT NULL"),
            ColumnAlteration::Default(Some(_)) => format!("sets the default of column `{column}`"),
            ColumnAlteration::Default(None) => format!("drops the default of column `{column}`"),
            ColumnAlteration::Rename(to) => format!("renames column `{column}` to `{to}`"),
            ColumnAlteration::Comment(_) => format!("comments column `{column}`"),
            ColumnAlteration::Definition { column: made, .. } if made.name != *column => {
                format!("renames column `{column}` to `{}` and writes it anew", made.name)
            }
            _ => format!("changes column `{column}`"),
        },
        Change::AddConstraint { constraint, .. } => {
            format!("adds {}{}", constraint_kind(constraint.kind()), quoted(&constraint.name))
        }
        Change::DropConstraint { name, kind, .. } => {
            format!("drops {}{}", kind.map_or("constraint", constraint_kind), quoted(name))
        }
        Change::RenameConstraint { from, to, .. } => format!("renames constraint `{from}` to `{to}`"),
        Change::ValidateConstraint { name, .. } => format!("validates constraint `{name}`"),
        Change::SetConstraintMode { name, .. } => format!("changes when constraint `{name}` is checked"),
        Change::CreateIndex { index, .. } => {
            format!("creates {}index{}", if index.unique { "unique " } else { "" }, quoted(&index.name))
        }
        Change::DropIndex { name, .. } => format!("drops index `{}`", name.name),
        Change::RenameIndex { from, to, .. } => format!("renames index `{}` to `{to}`", from.name),
        Change::CreateObject { object, .. } => format!("creates {} `{}`", object.kind, object.name),
        Change::DropObject { kind, name, .. } => format!("drops {kind} `{name}`"),
        Change::RenameObject { kind, from, to, .. } => format!("renames {kind} `{from}` to `{to}`"),
        Change::Comment { on, .. } => format!("comments {}", object(on)),
        Change::Unknown(effect) => format!("may change it: {}", effect.reason),
        _ => "changes it".to_owned(),
    }
}

/// Returns what a kind of constraint is called.
pub(crate) fn constraint_kind(kind: ConstraintKind) -> &'static str {
    match kind {
        ConstraintKind::PrimaryKey => "primary key",
        ConstraintKind::Unique => "unique constraint",
        ConstraintKind::ForeignKey => "foreign key",
        ConstraintKind::Check => "check",
        ConstraintKind::Exclude => "exclusion constraint",
    }
}

/// Returns the name of a database system as people write it.
pub(crate) fn system(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::PostgreSql => "PostgreSQL",
        Dialect::Sqlite => "SQLite",
        Dialect::MySql => "MySQL",
        Dialect::MariaDb => "MariaDB",
    }
}

/// Returns what the database answers when an object is not there.
pub(crate) fn missing(object: &ObjectRef, dialect: Dialect) -> String {
    match dialect {
        Dialect::PostgreSql => match object {
            ObjectRef::Schema(name) => format!("schema \"{name}\" does not exist"),
            ObjectRef::Table(name) | ObjectRef::Sequence(name) => {
                format!("relation \"{name}\" does not exist")
            }
            ObjectRef::Column(table, name) => {
                format!("column \"{name}\" of relation \"{}\" does not exist", table.name)
            }
            ObjectRef::Constraint(table, name) => {
                format!("constraint \"{name}\" of relation \"{}\" does not exist", table.name)
            }
            ObjectRef::Index(name, _) => format!("index \"{name}\" does not exist"),
            ObjectRef::Enum(name) => format!("type \"{name}\" does not exist"),
            ObjectRef::Object(kind, _, name) => format!("{kind} \"{name}\" does not exist"),
        },
        Dialect::Sqlite => match object {
            ObjectRef::Table(name) => format!("no such table: {name}"),
            ObjectRef::Column(_, name) => format!("no such column: \"{name}\""),
            ObjectRef::Index(name, _) => format!("no such index: {name}"),
            ObjectRef::Constraint(_, name) => format!("No such constraint: '{name}'"),
            other => format!("no such {other}"),
        },
        Dialect::MySql | Dialect::MariaDb => match object {
            ObjectRef::Schema(name) => format!("Unknown database '{name}'"),
            ObjectRef::Table(name) => format!("Table '{name}' doesn't exist"),
            ObjectRef::Column(table, name) => format!("Unknown column '{name}' in '{}'", table.name),
            ObjectRef::Constraint(_, name) | ObjectRef::Index(ObjectName { name, .. }, _) => {
                format!("Can't DROP '{name}'; check that column/key exists")
            }
            other => format!("{other} does not exist"),
        },
    }
}

/// Returns what the database answers when an object is there already.
pub(crate) fn existing(object: &ObjectRef, dialect: Dialect) -> String {
    match dialect {
        Dialect::PostgreSql => match object {
            ObjectRef::Schema(name) => format!("schema \"{name}\" already exists"),
            ObjectRef::Table(name) | ObjectRef::Sequence(name) | ObjectRef::Index(name, _) => {
                format!("relation \"{}\" already exists", name.name)
            }
            ObjectRef::Column(table, name) => {
                format!("column \"{name}\" of relation \"{}\" already exists", table.name)
            }
            ObjectRef::Constraint(table, name) => {
                format!("constraint \"{name}\" for relation \"{}\" already exists", table.name)
            }
            ObjectRef::Enum(name) => format!("type \"{}\" already exists", name.name),
            ObjectRef::Object(ObjectKind::View | ObjectKind::MaterializedView, _, name) => {
                format!("relation \"{}\" already exists", name.name)
            }
            ObjectRef::Object(kind, _, name) => format!("{kind} \"{}\" already exists", name.name),
        },
        Dialect::Sqlite => match object {
            ObjectRef::Column(_, name) => format!("duplicate column name: {name}"),
            other => format!("{other} already exists"),
        },
        Dialect::MySql | Dialect::MariaDb => match object {
            ObjectRef::Table(name) => format!("Table '{}' already exists", name.name),
            ObjectRef::Column(_, name) => format!("Duplicate column name '{name}'"),
            ObjectRef::Index(ObjectName { name, .. }, _) => format!("Duplicate key name '{name}'"),
            ObjectRef::Constraint(_, name) => format!("Duplicate constraint name '{name}'"),
            other => format!("{other} already exists"),
        },
    }
}

/// Tells whether two names are so near that one may have been written for the other: they differ in letter case
/// alone, or in one letter, or in two when they are long.
pub(crate) fn are_near(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let longest = a.len().max(b.len());
    let allowed = match longest {
        0..=3 => 0,
        4..=8 => 1,
        _ => 2,
    };
    a.len().abs_diff(b.len()) <= allowed && longest <= 200 && distance(&a, &b) <= allowed
}

/// The number of letters to change, put in, take out, or swap with the next one.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::are_near;

    #[test]
    fn near_names_differ_by_a_letter_or_by_case() {
        assert!(are_near("users", "user"));
        assert!(are_near("Users", "users"));
        assert!(are_near("usres", "users"));
        assert!(are_near("programmes_step", "programs_step"));
        assert!(!are_near("id", "ip"));
        assert!(!are_near("tags", "taxa"));
        assert!(!are_near("orders", "borders_x"));
    }
}
