//! The columns that `CREATE TABLE … AS SELECT` makes.
//!
//! Told where the query only lists columns of tables that are known, bare or under another name; anything else is left
//! to the caller as untold.
//!
//! Sources, tried on the databases: PostgreSQL keeps types, their arguments and collations, and nothing else; SQLite
//! declares the affinity of the type (`sqlite3EndTable`, `createTableStmt`); MariaDB keeps NOT NULL, defaults,
//! `ON UPDATE` and comments too, and gives a column that counted by itself the default 0.

use super::{read_type, syntax};
use crate::ddl::type_sql;
use crate::model::{Column, DataType, Database, Default, Dialect, ObjectName, Table};
use sqlparser::ast::{
    Expr, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Statement, TableFactor,
    WildcardAdditionalOptions,
};

/// Returns the columns in order; `None` when they cannot be told.
pub(crate) fn of_table_made_as(text: &str, dialect: Dialect, db: &Database) -> Option<Vec<Column>> {
    let statements = syntax::parse(text, dialect)?;
    let [Statement::CreateTable(create)] = statements.as_slice() else { return None };
    let query = create.query.as_ref()?;
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    if query.with.is_some() || !create.columns.is_empty() {
        return None;
    }
    let tables = tables_of(select, dialect, db)?;
    let mut columns: Vec<Column> = Vec::new();
    for item in &select.projection {
        match item {
            SelectItem::Wildcard(options) if is_plain(options) => {
                columns.extend(tables.iter().flat_map(|(_, table)| table.columns.iter().cloned()));
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options)
                if is_plain(options) =>
            {
                let alias = syntax::object_name(name, dialect)?.name;
                columns.extend(named(&tables, &alias)?.columns.iter().cloned());
            }
            SelectItem::UnnamedExpr(expr) => columns.push(column(expr, &tables, dialect)?.clone()),
            SelectItem::ExprWithAlias { expr, alias } => {
                let name = syntax::folded(alias, dialect);
                columns.push(Column { name, ..column(expr, &tables, dialect)?.clone() });
            }
            _ => return None,
        }
    }
    let is_repeated = |column: &Column| columns.iter().filter(|c| c.name == column.name).count() > 1;
    if columns.iter().any(is_repeated) {
        return None;
    }
    columns.iter().map(|column| copied(column, dialect)).collect()
}

/// The tables that are read, under the names by which columns call them.
fn tables_of<'d>(select: &Select, dialect: Dialect, db: &'d Database) -> Option<Vec<(String, &'d Table)>> {
    let mut found = Vec::new();
    for from in &select.from {
        // An outer join changes no type; `USING` would take columns together.
        let takes_together = |join: &sqlparser::ast::Join| {
            let operator = format!("{:?}", join.join_operator);
            operator.contains("Using") || operator.contains("Natural")
        };
        if from.joins.iter().any(takes_together) {
            return None;
        }
        for factor in std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)) {
            let TableFactor::Table { name, alias, args: None, .. } = factor else { return None };
            let name: ObjectName = syntax::object_name(name, dialect)?;
            let table = db.table(&name).filter(|table| !table.tainted)?;
            let alias = alias.as_ref().map_or(name.name, |alias| syntax::folded(&alias.name, dialect));
            found.push((alias, table));
        }
    }
    Some(found)
}

fn named<'d>(tables: &[(String, &'d Table)], alias: &str) -> Option<&'d Table> {
    tables.iter().find(|(name, _)| name == alias).map(|(_, table)| *table)
}

fn is_plain(options: &WildcardAdditionalOptions) -> bool {
    options.to_string().is_empty()
}

fn column<'d>(expr: &Expr, tables: &[(String, &'d Table)], dialect: Dialect) -> Option<&'d Column> {
    match expr {
        Expr::Nested(inner) => column(inner, tables, dialect),
        Expr::Identifier(ident) => {
            let name = syntax::folded(ident, dialect);
            let mut found = tables.iter().filter_map(|(_, table)| table.column(&name));
            let (column, None) = (found.next()?, found.next()) else { return None };
            Some(column)
        }
        Expr::CompoundIdentifier(parts) => {
            let [.., alias, name] = parts.as_slice() else { return None };
            named(tables, &syntax::folded(alias, dialect))?.column(&syntax::folded(name, dialect))
        }
        _ => None,
    }
}

/// What the new table has of a column.
fn copied(column: &Column, dialect: Dialect) -> Option<Column> {
    let name = column.name.clone();
    Some(match dialect {
        Dialect::PostgreSql => {
            Column { collation: column.collation.clone(), ..Column::new(name, column.data_type.clone()) }
        }
        Dialect::Sqlite => Column::new(name, affinity(&column.data_type)?),
        Dialect::MySql | Dialect::MariaDb => Column {
            nullable: column.nullable,
            default: match &column.default {
                None if column.autoincrement => Some(Default::Expression("0".to_owned())),
                default => default.clone(),
            },
            on_update: column.on_update.clone(),
            collation: column.collation.clone(),
            comment: column.comment.clone(),
            ..Column::new(name, column.data_type.clone())
        },
    })
}

/// The type that SQLite declares for the affinity of another (<https://www.sqlite.org/datatype3.html>, section 3.1).
fn affinity(of: &DataType) -> Option<DataType> {
    let declared = type_sql(&of.kind, Dialect::Sqlite)?.to_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    let name = if has(&["INT"]) {
        "INT"
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        "TEXT"
    } else if declared.is_empty() || has(&["BLOB"]) {
        ""
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        "REAL"
    } else {
        "NUM"
    };
    Some(read_type(name, Dialect::Sqlite))
}

#[cfg(test)]
mod tests {
    use crate::sql::load;
    use crate::{Dialect, ObjectName, ddl::type_sql};

    const SOURCES: &str =
        "CREATE TABLE users (id integer PRIMARY KEY, mail varchar(40) NOT NULL DEFAULT 'x', at timestamp);
        CREATE TABLE roles (user_id integer, name varchar(9));";

    /// The columns of `made`, each with its type, `!` where it may not be NULL, and its default.
    fn made(query: &str, dialect: Dialect) -> String {
        let (database, problems) = load(&format!("{SOURCES} {query}"), dialect);
        assert_eq!(problems, Vec::<String>::new());
        let table = database.table(&ObjectName::plain("made")).expect("the table");
        if table.tainted {
            return "untold".to_owned();
        }
        let column = |c: &crate::Column| {
            let needed = if c.nullable { "" } else { "!" };
            let default = c.default.as_ref().map(|d| format!(" {d:?}")).unwrap_or_default();
            format!("{} {}{needed}{default}", c.name, type_sql(&c.data_type.kind, dialect).expect("a type"))
        };
        table.columns.iter().map(column).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn listed_columns_are_told() {
        let pg = |query: &str| made(query, Dialect::PostgreSql);
        assert_eq!(
            pg("CREATE TABLE made AS SELECT * FROM users WHERE id > 3"),
            "id integer, mail character varying(40), at timestamp without time zone"
        );
        assert_eq!(
            pg(
                "CREATE TABLE made AS SELECT u.mail AS address, r.* FROM users u JOIN roles r ON r.user_id = u.id"
            ),
            "address character varying(40), user_id integer, name character varying(9)"
        );
        assert_eq!(pg("CREATE TABLE made AS (SELECT \"at\", Name FROM users, roles)"), "untold");
    }

    #[test]
    fn other_queries_are_untold() {
        for query in [
            "SELECT count(*) FROM users",
            "SELECT id, user_id AS id FROM users, roles",
            "SELECT * FROM users NATURAL JOIN roles",
            "SELECT * FROM (SELECT id FROM users) AS inner_one",
            "SELECT id FROM users UNION SELECT user_id FROM roles",
        ] {
            assert_eq!(
                made(&format!("CREATE TABLE made AS {query}"), Dialect::PostgreSql),
                "untold",
                "{query}"
            );
        }
    }

    #[test]
    fn sqlite_declares_affinities() {
        assert_eq!(
            made("CREATE TABLE made AS SELECT * FROM users", Dialect::Sqlite),
            "id INT, mail TEXT, at NUM"
        );
    }

    #[test]
    fn mysql_keeps_defaults() {
        let query = "ALTER TABLE users MODIFY id int NOT NULL AUTO_INCREMENT; CREATE TABLE made SELECT id, mail FROM users";
        assert_eq!(
            made(query, Dialect::MariaDb),
            "id int! Expression(\"0\"), mail varchar(40)! Expression(\"'x'\")"
        );
    }
}
