//! Names that a table gets because batch mode makes it anew.
//!
//! With `recreate="always"` Alembic makes `_alembic_tmp_users`, copies the rows, drops `users` and renames the copy, so
//! that PostgreSQL's own names on it are the copy's: `_alembic_tmp_users_pkey`, and `…_pkey1` every second time. Which
//! it is follows from how often that happened, not from what the table was before; so while a state is looked for, such
//! names stand for the plain ones. The judge follows the chain with the real ones.

use cucurbit_schema::{Database, Default, ObjectName};

/// What Alembic puts in front of the name of a copy.
const FRONT: &str = "_alembic_tmp_";

/// Says whether a name is one of a copy.
pub(crate) fn is_of_copy(name: &str) -> bool {
    name.starts_with(FRONT)
}

/// The plain name of what has a name of a copy of `table`: without the number that kept two copies apart.
fn plain(name: &str, table: &str) -> Option<String> {
    let rest = name.strip_prefix(FRONT)?.strip_prefix(table)?;
    let bare = rest.trim_end_matches(|c: char| c.is_ascii_digit());
    ["_pkey", "_key", "_fkey", "_check", "_seq", "_excl"]
        .iter()
        .any(|end| bare.ends_with(end))
        .then(|| format!("{table}{bare}"))
}

/// Gives what has the name of a copy its plain name, where that is free.
pub fn settle_copies(state: &mut Database) {
    let is_copied = |name: &Option<String>| name.as_deref().is_some_and(is_of_copy);
    let tables: Vec<ObjectName> = state
        .tables
        .values()
        .filter(|table| {
            table.constraints.iter().any(|c| is_copied(&c.name))
                || table.columns.iter().any(|c| match &c.default {
                    Some(Default::NextValue(sequence)) => is_of_copy(&sequence.name),
                    _ => false,
                })
        })
        .map(|table| table.name.clone())
        .collect();
    for name in tables {
        let Some(found) = state.tables.get(&name) else { continue };
        let mut table = found.as_ref().clone();
        let taken: Vec<String> = table.constraints.iter().filter_map(|c| c.name.clone()).collect();
        for constraint in &mut table.constraints {
            let settled = constraint.name.as_deref().and_then(|own| plain(own, &name.name));
            if let Some(settled) = settled.filter(|s| !taken.contains(s)) {
                constraint.name = Some(settled);
            }
        }
        for column in &mut table.columns {
            let Some(Default::NextValue(sequence)) = &mut column.default else { continue };
            let Some(settled) = plain(&sequence.name, &name.name) else { continue };
            let settled = sequence.sibling(settled);
            if state.sequences.contains_key(&settled) {
                continue;
            }
            if let Some(mut made) = state.sequences.remove(sequence) {
                made.name = settled.clone();
                state.sequences.insert(made);
            }
            *sequence = settled;
        }
        state.put_table(std::sync::Arc::new(table));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cucurbit_schema::{Dialect, ddl, sql};

    #[test]
    fn names_of_copies_become_plain() {
        let text = "CREATE SEQUENCE _alembic_tmp_users_id_seq1 AS integer;
            CREATE TABLE users (id integer DEFAULT nextval('_alembic_tmp_users_id_seq1'::regclass) NOT NULL,
            name text, CONSTRAINT _alembic_tmp_users_pkey1 PRIMARY KEY (id), CONSTRAINT given UNIQUE (name));
            ALTER SEQUENCE _alembic_tmp_users_id_seq1 OWNED BY users.id;";
        let mut state = Database::new(Dialect::PostgreSql);
        for statement in sql::read(text, Dialect::PostgreSql, &state.clone()) {
            for change in statement.changes {
                state.apply(&change, cucurbit_schema::Origin::default());
            }
        }
        settle_copies(&mut state);
        let settled = ddl(&state).to_sql();
        assert!(settled.contains("nextval('users_id_seq'::regclass)"), "{settled}");
        assert!(settled.contains("CONSTRAINT users_pkey PRIMARY KEY (id)"), "{settled}");
        assert!(settled.contains("CONSTRAINT given UNIQUE (name)"), "{settled}");
        assert!(settled.contains("ALTER SEQUENCE users_id_seq OWNED BY users.id"), "{settled}");
        assert!(!settled.contains("_alembic_tmp_"), "{settled}");
    }
}
