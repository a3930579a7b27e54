//! How the rules about the schema speak: objects in words, and what the databases answer.

use cucurbit_schema::{Dialect, ObjectKind, ObjectName, ObjectRef};

/// Returns what an object is and its name: ``column `email` of `users` ``.
pub(super) fn object(object: &ObjectRef) -> String {
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

/// Returns the name of a database system as people write it.
pub(super) fn system(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::PostgreSql => "PostgreSQL",
        Dialect::Sqlite => "SQLite",
        Dialect::MySql => "MySQL",
        Dialect::MariaDb => "MariaDB",
    }
}

/// Returns what the database answers when an object is not there.
pub(super) fn missing(object: &ObjectRef, dialect: Dialect) -> String {
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
pub(super) fn existing(object: &ObjectRef, dialect: Dialect) -> String {
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
pub(super) fn are_near(a: &str, b: &str) -> bool {
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
