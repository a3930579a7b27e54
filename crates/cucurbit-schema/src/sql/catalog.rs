//! Queries of the database's own catalog, answered from the state.

use crate::model::{Constraint, ConstraintBody, Database, Dialect, ObjectKind, ObjectName, TypeKind};

/// A comparison `column = 'text'` of a `WHERE`.
type Condition = (String, String);

/// What a query of the catalog gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// There is a row.
    pub exists: bool,
    /// What the query selects.
    pub selects: Selects,
}

/// What a query of the catalog selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selects {
    /// `SELECT EXISTS (…)`.
    Exists,
    /// `SELECT count(*)`.
    Count,
    /// `SELECT 1`.
    One,
    /// Something that is true of whatever is there.
    True,
    /// Columns of the catalog.
    Columns,
}

/// Answers the usual questions whether something exists; `None` for anything else.
#[must_use]
pub fn answer(text: &str, db: &Database) -> Option<Answer> {
    let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = squeezed.to_lowercase();
    if !lower.starts_with("select ") {
        return None;
    }
    if lower.contains("pg_index ") {
        return validity(&squeezed, &lower, db);
    }
    if lower.contains("pg_enum") {
        let found = labels(&squeezed, &lower, db)?;
        return Some(Answer { exists: !found.is_empty(), selects: selected(&lower)? });
    }
    let catalog = [
        "information_schema.columns",
        "information_schema.tables",
        "information_schema.table_constraints",
        "information_schema.referential_constraints",
        "pg_indexes",
        "pg_constraint",
        "pg_trigger",
        "pg_proc",
        "pg_type",
        "pg_class",
        "pg_tables",
        "pg_extension",
        "pg_roles",
        "pg_user",
        "sqlite_master",
    ]
    .into_iter()
    .find(|name| {
        lower.contains(&format!("from {name}")) || lower.contains(&format!("from pg_catalog.{name}"))
    })?;
    let after = lower.find(" where ")?;
    if lower[after..].contains(" or ") || lower.contains(" join ") {
        return None;
    }
    let conditions = conditions(squeezed.get(after + 7..)?)?;
    let exists = exists(db, catalog, &conditions)?;
    let select = lower["select ".len()..].trim_start();
    let selects = if select.starts_with("exists") {
        Selects::Exists
    } else if select.starts_with("count(") {
        Selects::Count
    } else if select.starts_with("1 ") {
        Selects::One
    } else {
        Selects::Columns
    };
    Some(Answer { exists, selects })
}

/// Answers whether an index is valid: what a migration finds has been built to its end (`CREATE INDEX CONCURRENTLY`,
/// <https://www.postgresql.org/docs/current/sql-createindex.html>).
fn validity(text: &str, lower: &str, db: &Database) -> Option<Answer> {
    let after = lower.find(" where ")?;
    let (mut name, mut wants_invalid) = (None, false);
    for part in split_and(text.get(after + 7..)?.trim_end_matches([';', ' '])) {
        let flag = part.to_lowercase().replace(['(', ')'], " ");
        let flag: Vec<&str> =
            flag.split_whitespace().map(|word| word.rsplit('.').next().unwrap_or(word)).collect();
        match flag.as_slice() {
            ["indisvalid"] | ["indisvalid", "=" | "is", "true"] => {}
            ["not", "indisvalid"] | ["indisvalid", "=" | "is", "false"] => wants_invalid = true,
            _ => {
                let (left, right) = part.split_once('=')?;
                let left = left.trim().rsplit('.').next()?.to_lowercase();
                let right = right.trim();
                let right =
                    right.strip_prefix("to_regclass(").map_or(right, |inner| inner.trim_end_matches(')'));
                let text = right.split("::").next()?.trim().strip_prefix('\'')?.strip_suffix('\'')?;
                match left.as_str() {
                    "indexrelid" => name = Some(named_relation(text)?.name),
                    "relname" => name = Some(text.to_owned()),
                    "nspname" | "relkind" => {}
                    _ => return None,
                }
            }
        }
    }
    let name = name?;
    let is_there =
        db.tables.values().any(|table| table.index(&name).is_some() || table.constraint(&name).is_some());
    Some(Answer { exists: is_there && !wants_invalid, selects: selected(lower)? })
}

/// What a query, written small, selects.
fn selected(lower: &str) -> Option<Selects> {
    let selected = lower.strip_prefix("select ")?.split(" from ").next()?.trim();
    Some(match selected.rsplit('.').next()? {
        "indisvalid" => Selects::True,
        "1" => Selects::One,
        selected if selected.starts_with("exists") => Selects::Exists,
        selected if selected.starts_with("count(") => Selects::Count,
        _ => Selects::Columns,
    })
}

/// Returns the labels of an enum type that a query of `pg_enum` names, or the one of them that it asks for.
fn labels(text: &str, lower: &str, db: &Database) -> Option<Vec<String>> {
    let after = lower.find(" where ")?;
    let ordered = lower[after..].find(" order by ").map_or(text.len(), |at| after + at);
    let (mut name, mut wanted) = (None, None);
    for part in split_and(text.get(after + 7..ordered)?.trim_end_matches([';', ' '])) {
        let part = part.trim();
        let small = part.to_lowercase();
        if small.starts_with("pg_type_is_visible(") || small.contains("pg_catalog.pg_type_is_visible(") {
            continue;
        }
        let (left, right) = small.split_once('=')?;
        let left = left.trim().rsplit('.').next()?.trim();
        let value = || {
            let start = part.find('\'')? + 1;
            let end = start + part[start..].find('\'')?;
            part.get(start..end).map(str::to_owned)
        };
        match left {
            "typname" => name = Some(value()?),
            "enumtypid" if right.contains("typname") || right.contains("::regtype") => name = Some(value()?),
            "enumtypid" | "oid" | "typnamespace" | "nspname" => {}
            "enumlabel" => wanted = Some(value()?),
            _ => return None,
        }
    }
    labels_of(&name?, db).map(|mut found| {
        found.retain(|label| wanted.as_ref().is_none_or(|wanted| wanted == label));
        found
    })
}

/// The labels of a type by its name; none of one that is not there, `None` where they are not known.
fn labels_of(name: &str, db: &Database) -> Option<Vec<String>> {
    let name = named_relation(name)?.name;
    match db.enums.values().find(|found| found.name.name == name) {
        Some(found) => found.labels.clone(),
        None => Some(Vec::new()),
    }
}

/// Returns the names that a query of one column of the catalog lists: labels of an enum type, constraints and indexes of
/// a table. `None` for anything else.
#[must_use]
pub fn listed_names(text: &str, db: &Database) -> Option<Vec<String>> {
    let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = squeezed.to_lowercase();
    let selected = lower.strip_prefix("select ")?;
    if selected.starts_with("enumlabel ")
        || selected.starts_with("e.enumlabel ")
        || selected.starts_with("pg_enum.enumlabel ")
    {
        return labels(&squeezed, &lower, db);
    }
    if let Some(rest) = selected.strip_prefix("unnest(enum_range(null::") {
        let type_name = rest.split(')').next()?.trim();
        let at = lower.find(type_name)?;
        // What stands behind it is a cast or a name, no other table.
        return (!rest.contains(" from ")).then(|| labels_of(squeezed.get(at..at + type_name.len())?, db))?;
    }
    names(text, db)
}

/// Answers which tables there are: a query of the one column of the catalog that names them, restricted by nothing
/// but the schema and the kind. `None` for anything else. Views are not listed.
#[must_use]
pub fn table_names(text: &str, db: &Database) -> Option<Vec<String>> {
    let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let squeezed = squeezed.trim_end_matches([';', ' ']);
    let lower = squeezed.to_lowercase();
    let (selected, rest) = lower.strip_prefix("select ")?.split_once(" from ")?;
    let (catalog, _) = rest.split_once(" where ")?;
    let column = match catalog.trim().trim_start_matches("pg_catalog.") {
        "pg_tables" => "tablename",
        "information_schema.tables" => "table_name",
        "sqlite_master" => "name",
        _ => return None,
    };
    (selected.trim() == column).then_some(())?;
    let after = lower.find(" where ")?;
    let mut wanted = None;
    for (key, value) in conditions(squeezed.get(after + 7..)?)? {
        match key.as_str() {
            "table_schema" | "schemaname" => wanted = Some(value),
            "table_type" if value.eq_ignore_ascii_case("BASE TABLE") => {}
            "type" if value == "table" => {}
            _ => return None,
        }
    }
    // Without a schema PostgreSQL lists its own tables too.
    let names_schema = wanted.is_some() || lower.contains("schema");
    (names_schema || catalog.trim() == "sqlite_master").then_some(())?;
    let schema = ObjectName::new(wanted.as_deref(), "", db.dialect).schema;
    Some(db.tables.keys().filter(|n| n.schema == schema).map(|n| n.name.clone()).collect())
}

fn conditions(text: &str) -> Option<Vec<Condition>> {
    let text = text.trim_end().trim_end_matches([';', ')']);
    let mut out = Vec::new();
    for part in split_and(text) {
        let (left, right) = part.split_once('=')?;
        let left = left.trim().rsplit('.').next()?.trim_matches('"').to_lowercase();
        let right = right.trim();
        let right = right.split("::").next().unwrap_or(right).trim();
        if ["current_schema()", "database()", "schema()"].iter().any(|f| right.eq_ignore_ascii_case(f))
            || (right.eq_ignore_ascii_case("'public'") && left.contains("schema"))
        {
            continue;
        }
        if right.eq_ignore_ascii_case("false") || right.eq_ignore_ascii_case("true") {
            out.push((left, right.to_lowercase()));
            continue;
        }
        let value = right.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
        out.push((left, value));
    }
    Some(out)
}

fn split_and(text: &str) -> Vec<&str> {
    let lower = text.to_lowercase();
    let mut out = Vec::new();
    let mut start = 0;
    while let Some(at) = lower[start..].find(" and ") {
        out.push(&text[start..start + at]);
        start += at + 5;
    }
    out.push(&text[start..]);
    out
}

fn exists(db: &Database, catalog: &str, conditions: &[Condition]) -> Option<bool> {
    let get =
        |keys: &[&str]| conditions.iter().find(|(k, _)| keys.contains(&k.as_str())).map(|(_, v)| v.as_str());
    let known = |keys: &[&str]| conditions.iter().all(|(k, _)| keys.contains(&k.as_str()));
    let schema = get(&["table_schema", "schemaname", "constraint_schema"]);
    let plain = |name: &str| ObjectName::new(schema, name, db.dialect);
    match catalog {
        "information_schema.columns" => {
            if !known(&["table_name", "column_name", "table_schema", "data_type", "is_nullable"]) {
                return None;
            }
            let table = db.table(&plain(get(&["table_name"])?));
            let Some(column) = get(&["column_name"]) else {
                return known(&["table_name", "table_schema"]).then_some(table.is_some());
            };
            let Some(column) = table.and_then(|t| t.column(column)) else { return Some(false) };
            let data_type = match get(&["data_type"]) {
                None => true,
                Some(wanted) if db.dialect == Dialect::PostgreSql => match &column.data_type.kind {
                    TypeKind::Named { name, .. } => name.eq_ignore_ascii_case(wanted),
                    TypeKind::Enum { .. } => wanted == "USER-DEFINED",
                    TypeKind::Array { .. } => wanted == "ARRAY",
                    TypeKind::Unknown(_) => return None,
                },
                Some(_) => return None,
            };
            let nullable =
                get(&["is_nullable"]).is_none_or(|n| n.eq_ignore_ascii_case("YES") == column.nullable);
            Some(data_type && nullable)
        }
        "information_schema.tables" | "pg_tables" => {
            if !known(&["table_name", "tablename", "table_schema", "schemaname", "table_type"]) {
                return None;
            }
            Some(db.tables.contains_key(&plain(get(&["table_name", "tablename"])?)))
        }
        "information_schema.referential_constraints" => {
            if !known(&["table_name", "constraint_name", "constraint_schema"]) {
                return None;
            }
            let name = get(&["constraint_name"])?;
            let is_it = |c: &Constraint| {
                matches!(c.body, ConstraintBody::ForeignKey { .. }) && c.name.as_deref() == Some(name)
            };
            let in_table = get(&["table_name"]);
            Some(
                db.tables
                    .values()
                    .filter(|t| in_table.is_none_or(|n| t.name.name == n))
                    .any(|t| t.constraints.iter().any(is_it)),
            )
        }
        "information_schema.table_constraints" => {
            if !known(&[
                "table_name",
                "constraint_name",
                "table_schema",
                "constraint_schema",
                "constraint_type",
            ]) {
                return None;
            }
            let name = get(&["constraint_name"]);
            let kind = get(&["constraint_type"]).map(str::to_uppercase);
            let fits = |c: &Constraint| {
                name.is_none_or(|n| c.name.as_deref() == Some(n))
                    && kind.as_deref().is_none_or(|k| match &c.body {
                        ConstraintBody::PrimaryKey { .. } => k == "PRIMARY KEY",
                        ConstraintBody::Unique { .. } => k == "UNIQUE",
                        ConstraintBody::ForeignKey { .. } => k == "FOREIGN KEY",
                        ConstraintBody::Check { .. } => k == "CHECK",
                        ConstraintBody::Exclude { .. } => false,
                    })
            };
            Some(match get(&["table_name"]) {
                Some(table) => db.table(&plain(table)).is_some_and(|t| t.constraints.iter().any(fits)),
                None => db.tables.values().any(|t| t.constraints.iter().any(fits)),
            })
        }
        "pg_indexes" => {
            if !known(&["indexname", "tablename", "schemaname"]) {
                return None;
            }
            let name = get(&["indexname"])?;
            Some(db.tables.values().any(|t| {
                get(&["tablename"]).is_none_or(|n| t.name.name == n)
                    && schema
                        .is_none_or(|s| t.name == ObjectName::new(Some(s), t.name.name.clone(), db.dialect))
                    && (t.index(name).is_some() || t.constraint(name).is_some())
            }))
        }
        "pg_constraint" => {
            if !known(&["conname", "contype", "conrelid"]) {
                return None;
            }
            let name = get(&["conname"]);
            let kind = get(&["contype"]);
            if name.is_none() && kind.is_none() {
                return None;
            }
            let fits = |c: &Constraint| {
                name.is_none_or(|n| c.name.as_deref() == Some(n))
                    && kind.is_none_or(|k| match &c.body {
                        ConstraintBody::PrimaryKey { .. } => k == "p",
                        ConstraintBody::Unique { .. } => k == "u",
                        ConstraintBody::ForeignKey { .. } => k == "f",
                        ConstraintBody::Check { .. } => k == "c",
                        ConstraintBody::Exclude { .. } => k == "x",
                    })
            };
            Some(match get(&["conrelid"]) {
                Some(table) => db.table(&named_relation(table)?)?.constraints.iter().any(fits),
                None => db.tables.values().any(|t| t.constraints.iter().any(fits)),
            })
        }
        "pg_type" => known(&["typname", "typtype"])
            .then(|| get(&["typname"]).map(|name| db.enums.keys().any(|e| e.name == name)))
            .flatten(),
        "pg_class" => known(&["relname", "relkind"])
            .then(|| {
                let name = get(&["relname"])?;
                Some(db.relation_exists(&ObjectName::plain(name)))
            })
            .flatten(),
        "pg_trigger" => {
            if !known(&["tgname", "tgrelid", "tgisinternal"]) {
                return None;
            }
            let name = get(&["tgname"])?;
            Some(db.objects.keys().any(|k| {
                k.0 == ObjectKind::Trigger
                    && k.2.name == name
                    && get(&["tgrelid"]).is_none_or(|t| {
                        k.1.as_ref().is_some_and(|table| table.to_string() == t || table.name == t)
                    })
            }))
        }
        "pg_proc" => {
            let name = get(&["proname"])?;
            known(&["proname"])
                .then(|| db.objects.keys().any(|k| k.0 == ObjectKind::Function && k.2.name == name))
        }
        // Roles are the server's: one that is asked for is not there on a server where nothing made it.
        "pg_roles" | "pg_user" => {
            let name = get(&["rolname", "usename"])?;
            (known(&["rolname", "usename"]) && name != "postgres").then_some(false)
        }
        "pg_extension" => {
            let name = get(&["extname"])?;
            known(&["extname"]).then(|| {
                name == "plpgsql"
                    || db.objects.keys().any(|k| k.0 == ObjectKind::Extension && k.2.name == name)
            })
        }
        _ => {
            let name = get(&["name"])?;
            known(&["name", "type", "tbl_name"]).then(|| db.relation_exists(&ObjectName::plain(name)))
        }
    }
}

/// Reads what stands before `::regclass`: a name, perhaps with its schema, perhaps quoted.
pub(super) fn named_relation(text: &str) -> Option<ObjectName> {
    let mut cursor = super::cursor::Cursor::new(text, Dialect::PostgreSql);
    let name = cursor.name()?;
    cursor.done().then_some(name)
}

/// Returns the names that a query of the catalog lists, for the usual questions: constraints of a table by kind and
/// column, indexes of a table. `None` for anything else.
pub(super) fn names(query: &str, db: &Database) -> Option<Vec<String>> {
    let squeezed = query.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = squeezed.to_lowercase();
    let after = lower.find(" where ")?;
    if lower[after..].contains(" or ") {
        return None;
    }
    let select = lower.strip_prefix("select ")?.trim_start_matches("distinct ");
    let selected = select.split(" from ").next()?.trim();
    let selected = selected.split(" as ").next()?.trim().rsplit('.').next()?;
    let rest = squeezed.get(after + 7..)?;
    let rest = match rest.to_lowercase().find(" order by ") {
        Some(at) => &rest[..at],
        None => rest,
    };
    let mut found = Vec::new();
    for part in split_and(rest) {
        let (left, right) = part.split_once('=')?;
        let left = left.trim().rsplit('.').next()?.trim_matches('"').to_lowercase();
        let right = right.trim().trim_end_matches([';', ')']).split("::").next()?.trim();
        let schema = left.contains("schema") || left.contains("namespace");
        match right.strip_prefix('\'').and_then(|r| r.strip_suffix('\'')) {
            Some(value) => found.push((left, value.replace("''", "'"))),
            None if schema => {}
            None => return None,
        }
    }
    let get = |keys: &[&str]| found.iter().find(|(k, _)| keys.contains(&k.as_str())).map(|(_, v)| v.as_str());
    let known = |keys: &[&str]| found.iter().all(|(k, _)| keys.contains(&k.as_str()));
    let table = |keys: &[&str]| -> Option<&crate::model::Table> {
        let name = get(keys)?;
        let plain = name.rsplit('.').next()?.trim_matches('"');
        let schema = get(&["table_schema", "schemaname"]);
        db.table(&ObjectName::new(schema, plain, db.dialect))
    };
    if lower.contains("from information_schema.table_constraints")
        || lower.contains("from information_schema.key_column_usage")
    {
        if selected != "constraint_name"
            || !known(&["table_name", "constraint_type", "column_name", "table_schema"])
        {
            return None;
        }
        let kind = get(&["constraint_type"]).map(str::to_uppercase);
        let column = get(&["column_name"]);
        let Some(table) = table(&["table_name"]) else { return Some(Vec::new()) };
        return Some(constraints(table, kind.as_deref(), column));
    }
    if lower.contains("from pg_constraint") || lower.contains("from pg_catalog.pg_constraint") {
        if selected != "conname" || !known(&["conrelid", "contype"]) || lower.contains(" join ") {
            return None;
        }
        let kind = match get(&["contype"]) {
            Some("u") => Some("UNIQUE"),
            Some("p") => Some("PRIMARY KEY"),
            Some("f") => Some("FOREIGN KEY"),
            Some("c") => Some("CHECK"),
            Some(_) => return None,
            None => None,
        };
        let Some(table) = table(&["conrelid"]) else { return Some(Vec::new()) };
        return Some(constraints(table, kind, None));
    }
    if lower.contains("from sqlite_master") || lower.contains("from sqlite_schema") {
        if selected != "name" || !known(&["type", "tbl_name"]) || get(&["type"]) != Some("index") {
            return None;
        }
        let tables = db.tables.values().filter(|t| get(&["tbl_name"]).is_none_or(|name| t.name.name == name));
        return Some(tables.flat_map(|t| &t.indexes).filter_map(|index| index.name.clone()).collect());
    }
    if lower.contains("from pg_indexes") && selected == "indexname" && known(&["tablename", "schemaname"]) {
        let Some(table) = table(&["tablename"]) else { return Some(Vec::new()) };
        let keys = table
            .constraints
            .iter()
            .filter(|c| matches!(c.body, ConstraintBody::PrimaryKey { .. } | ConstraintBody::Unique { .. }));
        let names = table.indexes.iter().filter_map(|i| i.name.clone());
        return Some(names.chain(keys.filter_map(|c| c.name.clone())).collect());
    }
    None
}

fn constraints(table: &crate::model::Table, kind: Option<&str>, column: Option<&str>) -> Vec<String> {
    let fits = |constraint: &&Constraint| {
        let (name, columns): (&str, &[String]) = match &constraint.body {
            ConstraintBody::PrimaryKey { columns, .. } => ("PRIMARY KEY", columns),
            ConstraintBody::Unique { columns, .. } => ("UNIQUE", columns),
            ConstraintBody::ForeignKey { columns, .. } => ("FOREIGN KEY", columns),
            ConstraintBody::Check { .. } => ("CHECK", &[]),
            ConstraintBody::Exclude { .. } => ("EXCLUDE", &[]),
        };
        kind.is_none_or(|k| k == name) && column.is_none_or(|c| columns.iter().any(|n| n == c))
    };
    table.constraints.iter().filter(fits).filter_map(|c| c.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::answer;
    use crate::{Database, Dialect, Origin};

    #[test]
    fn what_is_asked_of_a_thing_counts() {
        let mut db = Database::new(Dialect::PostgreSql);
        let made = "CREATE TABLE t (a varchar(9) NOT NULL, CONSTRAINT once PRIMARY KEY (a)); CREATE TABLE u (a text)";
        for text in made.split(';') {
            let read = crate::sql::read_one(text, Dialect::PostgreSql, &db);
            for change in read.changes {
                db.apply(&change, Origin::default());
            }
        }
        let column = "information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name = 'a'";
        let asked = [
            (
                "pg_constraint WHERE conname = 'once' AND contype = 'p' AND conrelid = 't'::regclass",
                Some(true),
            ),
            ("pg_constraint WHERE conname = 'once' AND contype = 'u'", Some(false)),
            ("pg_constraint WHERE conname = 'once' AND conrelid = 'public.u'::regclass", Some(false)),
            ("pg_constraint WHERE conname = 'once' AND conrelid = 'never'::regclass", None),
            ("pg_constraint WHERE contype = 'p' AND conrelid = 't'::regclass", Some(true)),
            (&format!("{column} AND data_type = 'character varying'"), Some(true)),
            (&format!("{column} AND data_type = 'text'"), Some(false)),
            (&format!("{column} AND is_nullable = 'YES'"), Some(false)),
            (&format!("{column} AND column_default = 'x'"), None),
        ];
        for (text, wanted) in asked {
            let found = answer(&format!("SELECT 1 FROM {text}"), &db).map(|a| a.exists);
            assert_eq!(found, wanted, "{text}");
        }
    }
}
