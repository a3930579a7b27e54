//! What MySQL and MariaDB write out, or cannot tell apart, though nobody said it.

use cucurbit_schema::{Constraint, ConstraintBody, Database, Default, Index, IndexKey, KeyPart, Table};

/// Makes two schemas comparable: what was replayed, and what a server tells of it.
///
/// A unique constraint is a unique index there; an index that a foreign key needs is made with the key; engine,
/// character set and collation that nobody asked for are the database's own; a truth value is a number.
pub(super) fn align(expected: &mut Database, found: &mut Database) {
    for database in [&mut *expected, &mut *found] {
        database.tables.change(|_| true, plain);
    }
    let asked_for = expected.tables.clone();
    found.tables.change(
        |table| asked_for.contains_key(&table.name),
        |table| {
            let Some(asked) = asked_for.get(&table.name) else { return };
            let own = ["engine", "charset", "collate", "row_format", "auto_increment"];
            table.options.retain(|key, _| asked.options.contains_key(key) || !own.contains(&key.as_str()));
            let Table { indexes, constraints, .. } = table;
            indexes.retain(|index| {
                let is_asked = asked.indexes.iter().any(|other| other.name == index.name);
                is_asked
                    || index.unique
                    || !constraints.iter().any(|constraint| is_made_for(index, constraint))
            });
        },
    );
    // Once a key has an index by itself, the server takes that and needs no other.
    expected.tables.change(
        |table| found.tables.contains_key(&table.name),
        |table| {
            let Some(there) = found.tables.get(&table.name) else { return };
            let Table { indexes, constraints, .. } = table;
            indexes.retain(|index| {
                let is_there = there.indexes.iter().any(|other| other.name == index.name);
                let is_key = |c: &Constraint| c.name == index.name && is_made_for(index, c);
                is_there || index.unique || !constraints.iter().any(is_key)
            });
        },
    );
}

fn plain(table: &mut Table) {
    for value in table.options.values_mut() {
        if value.eq_ignore_ascii_case("utf8") {
            "utf8mb3".clone_into(value);
        } else if let Some(rest) = value.strip_prefix("utf8_") {
            *value = format!("utf8mb3_{rest}");
        }
    }
    for column in &mut table.columns {
        if let Some(Default::Expression(text)) = &mut column.default {
            if text.eq_ignore_ascii_case("true") {
                "1".clone_into(text);
            } else if text.eq_ignore_ascii_case("false") {
                "0".clone_into(text);
            }
        }
    }
    let mut made = Vec::new();
    table.constraints.retain(|constraint| match &constraint.body {
        ConstraintBody::Unique { columns, .. } => {
            made.push(Index {
                name: constraint.name.clone(),
                unique: true,
                method: None,
                keys: columns.iter().map(IndexKey::column).collect(),
                include: Vec::new(),
                predicate: None,
                nulls_not_distinct: false,
                options: Vec::new(),
                comment: constraint.comment.clone(),
                origin: constraint.origin,
            });
            false
        }
        _ => true,
    });
    table.indexes.extend(made);
}

/// Says whether an index is one that the server makes for a foreign key: of just its columns.
fn is_made_for(index: &Index, constraint: &Constraint) -> bool {
    let ConstraintBody::ForeignKey { columns, .. } = &constraint.body else { return false };
    let keys = index.keys.iter().map(|key| match &key.part {
        KeyPart::Column(name) if key.length.is_none() => Some(name),
        _ => None,
    });
    keys.eq(columns.iter().map(Some))
}

#[cfg(test)]
mod tests {
    use super::align;
    use cucurbit_schema::{Dialect, diff, sql};

    fn check(asked: &str, told: &str) -> Vec<String> {
        let read = |text: &str| sql::load(text, Dialect::MariaDb).0;
        let (mut expected, mut found) = (read(asked), read(told));
        align(&mut expected, &mut found);
        diff(&expected, &found).iter().map(|difference| difference.object.to_string()).collect()
    }

    #[test]
    fn what_the_server_adds_is_no_difference() {
        let asked = "CREATE TABLE a (id INT NOT NULL PRIMARY KEY, b BOOL DEFAULT false, u INT);
            CREATE UNIQUE INDEX uq ON a (u);
            CREATE TABLE c (id INT NOT NULL PRIMARY KEY, a_id INT, FOREIGN KEY (a_id) REFERENCES a (id))";
        let told = "CREATE TABLE `a` (`id` int(11) NOT NULL, `b` tinyint(1) DEFAULT 0, `u` int(11) DEFAULT NULL, PRIMARY KEY (`id`), UNIQUE KEY `uq` (`u`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
            CREATE TABLE `c` (`id` int(11) NOT NULL, `a_id` int(11) DEFAULT NULL, PRIMARY KEY (`id`), KEY `a_id` (`a_id`), CONSTRAINT `c_ibfk_1` FOREIGN KEY (`a_id`) REFERENCES `a` (`id`)) ENGINE=InnoDB";
        assert_eq!(check(asked, told), Vec::<String>::new());
    }

    #[test]
    fn what_was_asked_for_and_is_otherwise_is_one() {
        let asked = "CREATE TABLE a (id INT, b INT) DEFAULT CHARSET=utf8mb4; CREATE INDEX ix ON a (b)";
        let told = "CREATE TABLE a (id INT, b INT) DEFAULT CHARSET=latin1";
        assert_eq!(check(asked, told), ["table a", "index ix"]);
    }
}
