//! One name for each of SQLAlchemy's objects, whichever module it is imported from.

use memchr::memmem::Finder;
use std::borrow::Cow;
use std::sync::LazyLock;

/// Modules that a name may be imported from; the name itself is what follows.
const MODULES: &[&str] = &[
    "_elements_constructors",
    "_orm_constructors",
    "_selectable_constructors",
    "_dml_constructors",
    "asyncio",
    "attributes",
    "automap",
    "base",
    "compiler",
    "ddl",
    "decl_api",
    "declarative",
    "default_comparator",
    "dml",
    "elements",
    "engine",
    "event",
    "exc",
    "expression",
    "ext",
    "functions",
    "future",
    "hybrid",
    "mutable",
    "naming",
    "operators",
    "orm",
    "properties",
    "relationships",
    "schema",
    "selectable",
    "session",
    "sql",
    "sqltypes",
    "type_api",
    "types",
    "util",
];

/// Modules below a dialect.
const DIALECT_MODULES: &[&str] = &[
    "array",
    "base",
    "dml",
    "enumerated",
    "expression",
    "ext",
    "hstore",
    "json",
    "mysql",
    "mariadb",
    "named_types",
    "pg_catalog",
    "psycopg",
    "psycopg2",
    "ranges",
    "reserved_words",
    "types",
];

/// Names of SQLModel that are its own, not SQLAlchemy's.
const SQLMODEL: &[&str] =
    &["AutoString", "Field", "Relationship", "SQLModel", "Session", "create_engine", "main"];

/// Returns the one name of an object of SQLAlchemy: `Column` for `sqlalchemy.Column` and
/// `sqlalchemy.sql.schema.Column`, `postgresql.JSONB` for what belongs to a dialect, `func.now` for functions.
/// `None` for anything else.
#[must_use]
pub fn canonical_name(dotted: &str) -> Option<Cow<'_, str>> {
    // A module `compat.sqlalchemy` hands SQLAlchemy's names on.
    static COMPAT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(".compat.sqlalchemy."));
    let compat = || COMPAT.find(dotted.as_bytes()).map(|at| &dotted[at + ".compat.sqlalchemy.".len()..]);
    let rest = match dotted.strip_prefix("sqlalchemy.").or_else(compat) {
        Some(rest) => rest,
        None => {
            let rest = dotted.strip_prefix("sqlmodel.")?;
            let first = rest.split('.').next().unwrap_or_default();
            if SQLMODEL.contains(&first) || rest.ends_with("AutoString") {
                return None;
            }
            rest
        }
    };
    if let Some(rest) = rest.strip_prefix("dialects.") {
        let (dialect, name) = rest.split_once('.')?;
        let name = without_modules(name, DIALECT_MODULES);
        return Some(Cow::Owned([dialect, ".", name].concat()));
    }
    let name = without_modules(rest, MODULES);
    let of_functions = rest.len() > name.len() && rest[..rest.len() - name.len()].ends_with("functions.");
    if of_functions
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.starts_with("func.")
        && name != "func"
    {
        return Some(Cow::Owned(format!("func.{name}")));
    }
    Some(Cow::Borrowed(name))
}

fn without_modules<'a>(path: &'a str, modules: &[&str]) -> &'a str {
    let mut path = path;
    while let Some((first, rest)) = path.split_once('.')
        && modules.contains(&first)
    {
        path = rest;
    }
    path
}

/// Says whether a dotted name is a package that hands out SQLAlchemy's names under its own object
/// (`db = SQLAlchemy()`, then `db.Column`).
#[must_use]
pub fn is_flask_extension(dotted: &str) -> bool {
    matches!(
        dotted,
        "flask_sqlalchemy.SQLAlchemy"
            | "flask_sqlalchemy.extension.SQLAlchemy"
            | "flask_sqlalchemy_lite.SQLAlchemy"
            | "flask.ext.sqlalchemy.SQLAlchemy"
            | "flask_sqlalchemy_unchained.SQLAlchemyUnchained"
            | "flask_appbuilder.SQLA"
            | "flask_appbuilder.models.sqla.SQLA"
    )
}

#[cfg(test)]
mod tests {
    use super::canonical_name;

    #[test]
    fn one_name_for_each_object() {
        for (dotted, name) in [
            ("sqlalchemy.Column", Some("Column")),
            ("sqlalchemy.sql.schema.Column", Some("Column")),
            ("sqlalchemy.types.JSON", Some("JSON")),
            ("sqlalchemy.sql.sqltypes.JSON.NULL", Some("JSON.NULL")),
            ("sqlalchemy.dialects.postgresql.JSONB", Some("postgresql.JSONB")),
            ("sqlalchemy.dialects.postgresql.json.JSONB", Some("postgresql.JSONB")),
            ("sqlalchemy.dialects.postgresql.array", Some("postgresql.array")),
            ("sqlalchemy.dialects.mysql.types.LONGTEXT", Some("mysql.LONGTEXT")),
            ("sqlalchemy.func.now", Some("func.now")),
            ("sqlalchemy.sql.func.now", Some("func.now")),
            ("sqlalchemy.sql.functions.now", Some("func.now")),
            ("sqlalchemy.sql.functions.func.now", Some("func.now")),
            ("sqlalchemy.sql.expression.text", Some("text")),
            ("sqlalchemy.ext.declarative.declarative_base", Some("declarative_base")),
            ("sqlmodel.Column", Some("Column")),
            ("sqlmodel.Field", None),
            ("sqlmodel.sql.sqltypes.AutoString", None),
            ("alembic.op", None),
        ] {
            assert_eq!(canonical_name(dotted).as_deref(), name, "{dotted}");
        }
    }
}
