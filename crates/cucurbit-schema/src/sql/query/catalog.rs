//! The tables of the catalog, made from the state.
//!
//! Names and columns as in <https://www.postgresql.org/docs/current/catalogs.html>; what a state does not hold cannot be
//! told.

use super::expression::Scope;
use super::value::Value;
use super::{Engine, folded};
use crate::model::{
    Action, CheckMode, Constraint, ConstraintBody, Dialect, IndexKey, KeyPart, ObjectKind, ObjectName, Table,
    TypeKind,
};
use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, TableAlias, TableFactor};
use std::collections::BTreeSet;
use std::rc::Rc;

/// A column of a table in a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: Rc<str>,
}

impl Column {
    pub(super) fn plain(name: String) -> Self {
        Column { name: Rc::from(name) }
    }
}

/// Rows of a table under the name that a query gives it.
#[derive(Debug, Clone, Default)]
pub(super) struct Relation {
    pub(super) alias: Rc<str>,
    pub(super) columns: Rc<[Column]>,
    pub(super) rows: Vec<Vec<Value>>,
    /// The rows of which it cannot be told whether they are there: of a table that something unknown touched.
    pub(super) doubted: BTreeSet<usize>,
}

/// The numbers of objects: a kind of object has numbers of its own.
const SCHEMAS: i64 = 1_000_000;
const TABLES: i64 = 2_000_000;
const TYPES: i64 = 3_000_000;
const CONSTRAINTS: i64 = 4_000_000;
/// Sequences and views.
const OTHERS: i64 = 5_000_000;
/// Indexes follow, a thousand to a table; those of constraints are the first.
const INDEXES: i64 = 10_000_000;
const PER_TABLE: i64 = 1_000;
/// The one of which it cannot be told whether it is there.
const DOUBTED: i64 = PER_TABLE - 1;

pub(super) fn int(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An index, be it that of a constraint.
struct Indexed<'t> {
    name: Option<&'t str>,
    number: i64,
    /// The attributes by number, 0 for an expression.
    keys: Vec<i64>,
    unique: bool,
    primary: bool,
    method: &'t str,
}

impl Engine<'_> {
    fn schemas(&self) -> &[String] {
        self.schemas.get_or_init(|| self.all_schemas())
    }

    fn all_schemas(&self) -> Vec<String> {
        let mut out: Vec<String> = vec!["public".to_owned(), "pg_catalog".to_owned()];
        let of_tables = self.db.tables.keys().filter_map(|name| name.schema.clone());
        let of_types = self.db.enums.keys().filter_map(|name| name.schema.clone());
        for name in self.db.schemas.keys().cloned().chain(of_tables).chain(of_types) {
            if !out.contains(&name) {
                out.push(name);
            }
        }
        out
    }

    fn schema_number(&self, schema: Option<&str>) -> Value {
        let name = schema.unwrap_or("public");
        match self.schemas().iter().position(|s| s == name) {
            Some(at) => Value::Int(SCHEMAS + int(at)),
            None => Value::Null,
        }
    }

    /// The number of a table; `NULL` for one that is not there.
    pub(super) fn table_number(&self, name: &ObjectName) -> Value {
        match self.db.tables.keys().position(|table| table == name) {
            Some(at) => Value::Int(TABLES + int(at)),
            None => Value::Null,
        }
    }

    /// The number of what a text names as `regclass` does: a table or an index.
    pub(super) fn relation_number(&self, text: &str) -> Value {
        let Some(name) = crate::sql::catalog::named_relation(text) else { return Value::Untold };
        let name = ObjectName::new(name.schema.as_deref(), name.name, self.db.dialect);
        if let Value::Int(number) = self.table_number(&name) {
            return Value::Int(number);
        }
        for (at, table) in self.db.tables.values().enumerate().filter(|(_, t)| t.name.schema == name.schema) {
            if let Some(found) = indexes(at, table).into_iter().find(|i| i.name == Some(name.name.as_str())) {
                return Value::Int(found.number);
            }
        }
        if self.db.relation_exists(&name) { Value::Untold } else { Value::Null }
    }

    /// The number of an enum type by the name of it.
    pub(super) fn type_number(&self, text: &str) -> Value {
        let Some(name) = crate::sql::catalog::named_relation(text) else { return Value::Untold };
        let name = ObjectName::new(name.schema.as_deref(), name.name, self.db.dialect);
        match self.db.enums.keys().position(|e| *e == name) {
            Some(at) => Value::Int(TYPES + int(at)),
            None => Value::Untold,
        }
    }

    pub(super) fn schema_of(&self, name: &str) -> Value {
        self.schema_number(Some(name))
    }

    /// The name of the relation that has a number, as `regclass` shows it.
    pub(super) fn relation_name(&self, number: i64) -> Value {
        if (TABLES..TYPES).contains(&number) {
            let table = usize::try_from(number - TABLES).ok().and_then(|at| self.db.tables.keys().nth(at));
            return table.map_or(Value::Null, |name| Value::text(&name.to_string()));
        }
        Value::Untold
    }

    /// A table that is the same for every row; `Some(None)` for one that hangs on the row.
    pub(super) fn standing(&self, factor: &TableFactor) -> Option<Option<Rc<Relation>>> {
        match factor {
            TableFactor::Table { name, alias, args: None, with_ordinality: false, .. } => {
                let parts: Vec<String> = name
                    .0
                    .iter()
                    .map(|part| part.as_ident().map(|ident| folded(ident, self.db.dialect).to_lowercase()))
                    .collect::<Option<_>>()?;
                let plain = match parts.as_slice() {
                    [name] => name.clone(),
                    [schema, name] if schema == "pg_catalog" => name.clone(),
                    [schema, name] if schema == "information_schema" => format!("{schema}.{name}"),
                    _ => return None,
                };
                let mut relation = self.table(&plain)?;
                let own = plain.rsplit('.').next().unwrap_or(&plain);
                relation.alias = Rc::from(own);
                self.renamed(&mut relation, alias.as_ref())?;
                Some(Some(Rc::new(relation)))
            }
            TableFactor::Table { .. }
            | TableFactor::Derived { .. }
            | TableFactor::Function { .. }
            | TableFactor::UNNEST { .. } => Some(None),
            _ => None,
        }
    }

    /// A table that hangs on the row: `unnest(…)`, or a subquery.
    pub(super) fn hanging(&self, factor: &TableFactor, scope: &Scope<'_>) -> Option<Relation> {
        let unnested = |arrays: &[&Expr], with_ordinality: bool, alias: Option<&TableAlias>| {
            let mut lists = Vec::new();
            for array in arrays {
                match self.value(array, scope)? {
                    Value::List(items, _) => lists.push(items),
                    Value::Null => lists.push(Rc::from(Vec::new())),
                    _ => return None,
                }
            }
            let longest = lists.iter().map(|list| list.len()).max().unwrap_or(0);
            let mut names: Vec<String> = lists.iter().map(|_| "unnest".to_owned()).collect();
            if with_ordinality {
                names.push("ordinality".to_owned());
            }
            // The alias of a function that gives one column names the column too.
            if let (Some(alias), [name]) = (alias, names.as_mut_slice()) {
                *name = folded(&alias.name, self.db.dialect);
            }
            let rows = (0..longest).map(|at| {
                let mut row: Vec<Value> =
                    lists.iter().map(|list| list.get(at).cloned().unwrap_or(Value::Null)).collect();
                if with_ordinality {
                    row.push(Value::Int(int(at) + 1));
                }
                row
            });
            let columns: Vec<Column> = names.into_iter().map(Column::plain).collect();
            let mut relation = Relation {
                alias: Rc::from("unnest"),
                rows: rows.collect(),
                columns: columns.into(),
                doubted: BTreeSet::new(),
            };
            self.renamed(&mut relation, alias)?;
            Some(relation)
        };
        match factor {
            TableFactor::UNNEST { alias, array_exprs, with_offset: false, with_ordinality, .. } => {
                unnested(&array_exprs.iter().collect::<Vec<_>>(), *with_ordinality, alias.as_ref())
            }
            TableFactor::Table { name, alias, args: Some(args), with_ordinality, .. } => {
                is_unnest(name).then_some(())?;
                unnested(&plain_arguments(&args.args)?, *with_ordinality, alias.as_ref())
            }
            TableFactor::Function { name, args, with_ordinality, alias, .. } => {
                is_unnest(name).then_some(())?;
                unnested(&plain_arguments(args)?, *with_ordinality, alias.as_ref())
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let mut relation = self.query(subquery, Some(scope))?;
                self.renamed(&mut relation, alias.as_ref())?;
                Some(relation)
            }
            _ => None,
        }
    }

    fn renamed(&self, relation: &mut Relation, alias: Option<&TableAlias>) -> Option<()> {
        let Some(alias) = alias else { return Some(()) };
        relation.alias = Rc::from(folded(&alias.name, self.db.dialect));
        if !alias.columns.is_empty() {
            let names = alias.columns.iter().map(|column| folded(&column.name, self.db.dialect));
            let mut columns: Vec<Column> = relation.columns.to_vec();
            for (column, name) in columns.iter_mut().zip(names) {
                column.name = Rc::from(name);
            }
            relation.columns = columns.into();
        }
        Some(())
    }

    fn table(&self, name: &str) -> Option<Relation> {
        let postgresql = self.db.dialect == Dialect::PostgreSql;
        match name {
            "pg_namespace" if postgresql => Some(self.pg_namespace()),
            "pg_class" if postgresql => Some(self.pg_class()),
            "pg_attribute" if postgresql => Some(self.pg_attribute()),
            "pg_constraint" if postgresql => Some(self.pg_constraint()),
            "pg_index" if postgresql => Some(self.pg_index()),
            "pg_indexes" if postgresql => Some(self.pg_indexes()),
            "pg_tables" if postgresql => Some(self.pg_tables()),
            "pg_type" if postgresql => Some(self.pg_type()),
            "pg_enum" if postgresql => self.pg_enum(),
            "information_schema.tables" => Some(self.tables()),
            "information_schema.columns" => Some(self.columns()),
            "information_schema.table_constraints" => self.table_constraints(),
            "information_schema.key_column_usage" => self.key_column_usage(),
            "information_schema.constraint_column_usage" if postgresql => self.constraint_column_usage(),
            "information_schema.referential_constraints" => self.referential_constraints(),
            _ => None,
        }
    }

    pub(super) fn each_table(&self) -> impl Iterator<Item = (usize, i64, &Table)> {
        self.db.tables.values().enumerate().map(|(at, table)| (at, TABLES + int(at), table.as_ref()))
    }

    pub(super) fn schema_name(&self, name: &ObjectName) -> Value {
        match (&name.schema, self.db.dialect) {
            (Some(schema), _) => Value::text(schema),
            (None, Dialect::PostgreSql) => Value::text("public"),
            // The database's name, which nobody knows.
            (None, _) => Value::Untold,
        }
    }

    fn pg_namespace(&self) -> Relation {
        let schemas = self.schemas();
        let row = |(at, name): (usize, &String)| vec![Value::Int(SCHEMAS + int(at)), Value::text(name)];
        relation(&["oid", "nspname"], schemas.iter().enumerate().map(row).collect())
    }

    fn pg_class(&self) -> Relation {
        let mut rows = Vec::new();
        let mut doubted = BTreeSet::new();
        for (at, number, table) in self.each_table() {
            let schema = self.schema_number(table.name.schema.as_deref());
            let partitioned = table.options.contains_key("partition by");
            let is_partition = table.options.contains_key("partition of");
            rows.push(vec![
                Value::Int(number),
                Value::text(&table.name.name),
                schema.clone(),
                Value::text(if partitioned { "p" } else { "r" }),
                Value::Bool(is_partition),
            ]);
            for index in indexes(at, table) {
                let name = index.name.map_or(Value::Untold, Value::text);
                rows.push(vec![
                    Value::Int(index.number),
                    name,
                    schema.clone(),
                    Value::text(if partitioned { "I" } else { "i" }),
                    Value::Bool(is_partition),
                ]);
            }
            // Of a table that something unknown touched there may be more indexes.
            if table.tainted {
                doubted.insert(rows.len());
                rows.push(vec![
                    Value::Int(INDEXES + int(at) * PER_TABLE + DOUBTED),
                    Value::Untold,
                    schema.clone(),
                    Value::text("i"),
                    Value::Bool(is_partition),
                ]);
            }
        }
        let sequences = self.db.sequences.keys().map(|name| (name, "S"));
        let views = self.db.objects.keys().filter_map(|(kind, _, name, _)| match kind {
            ObjectKind::View => Some((name, "v")),
            ObjectKind::MaterializedView => Some((name, "m")),
            _ => None,
        });
        for (at, (name, kind)) in sequences.chain(views).enumerate() {
            rows.push(vec![
                Value::Int(OTHERS + int(at)),
                Value::text(&name.name),
                self.schema_number(name.schema.as_deref()),
                Value::text(kind),
                Value::Bool(false),
            ]);
        }
        Relation {
            doubted,
            ..relation(&["oid", "relname", "relnamespace", "relkind", "relispartition"], rows)
        }
    }

    fn pg_attribute(&self) -> Relation {
        let mut rows = Vec::new();
        let mut doubted = BTreeSet::new();
        for (_, number, table) in self.each_table() {
            for (at, column) in table.columns.iter().enumerate() {
                let type_number = match &column.data_type.kind {
                    TypeKind::Enum { name: Some(name), .. } => {
                        match self.db.enums.keys().position(|e| e == name) {
                            Some(at) => Value::Int(TYPES + int(at)),
                            None => Value::Untold,
                        }
                    }
                    _ => Value::Untold,
                };
                rows.push(vec![
                    Value::Int(number),
                    Value::text(&column.name),
                    Value::Int(int(at) + 1),
                    Value::Bool(!column.nullable),
                    Value::Bool(false),
                    Value::Bool(column.default.is_some() || column.computed.is_some()),
                    type_number,
                ]);
            }
            if table.tainted {
                doubted.insert(rows.len());
                let mut row = vec![Value::Untold; 7];
                row[0] = Value::Int(number);
                row[4] = Value::Bool(false);
                rows.push(row);
            }
        }
        let names = ["attrelid", "attname", "attnum", "attnotnull", "attisdropped", "atthasdef", "atttypid"];
        Relation { doubted, ..relation(&names, rows) }
    }

    fn pg_constraint(&self) -> Relation {
        let mut rows = Vec::new();
        let mut doubted = BTreeSet::new();
        let mut next = CONSTRAINTS;
        for (at, number, table) in self.each_table() {
            for constraint in &table.constraints {
                let index = match &constraint.body {
                    ConstraintBody::PrimaryKey { .. } | ConstraintBody::Unique { .. } => {
                        let own = |index: &Indexed<'_>| index.name == constraint.name.as_deref();
                        indexes(at, table).into_iter().find(own).map(|index| index.number)
                    }
                    ConstraintBody::ForeignKey { table: target, references, .. } => {
                        self.unique_index(target, references)
                    }
                    ConstraintBody::Check { .. } => Some(0),
                    ConstraintBody::Exclude { .. } => None,
                };
                let (target, target_keys) = match &constraint.body {
                    ConstraintBody::ForeignKey { table: target, references, .. } => {
                        let keys = self.db.tables.get(target).map(|t| attributes(t, references));
                        (self.table_number(target), keys.unwrap_or(Value::Untold))
                    }
                    _ => (Value::Int(0), Value::Null),
                };
                // A check has the columns that its expression reads.
                let keys = match &constraint.body {
                    ConstraintBody::Check { .. } | ConstraintBody::Exclude { .. } => Value::Untold,
                    body => attributes(table, body.key_columns()),
                };
                rows.push(vec![
                    Value::Int(next),
                    constraint.name.as_deref().map_or(Value::Untold, Value::text),
                    self.schema_number(table.name.schema.as_deref()),
                    Value::text(kind_letter(constraint)),
                    Value::Int(number),
                    target,
                    index.map_or(Value::Untold, Value::Int),
                    keys,
                    target_keys,
                    Value::Bool(!constraint.not_valid),
                    Value::Bool(constraint.mode != CheckMode::Immediate),
                    action_letter(constraint, true),
                    action_letter(constraint, false),
                ]);
                next += 1;
            }
            if table.tainted {
                doubted.insert(rows.len());
                let mut row = vec![Value::Untold; 13];
                row[4] = Value::Int(number);
                rows.push(row);
            }
        }
        let names = [
            "oid",
            "conname",
            "connamespace",
            "contype",
            "conrelid",
            "confrelid",
            "conindid",
            "conkey",
            "confkey",
            "convalidated",
            "condeferrable",
            "confdeltype",
            "confupdtype",
        ];
        Relation { doubted, ..relation(&names, rows) }
    }

    /// The number of the first unique index of a table on some columns: the one on which a key that points there stands
    /// (`transformFkeyCheckAttrs` of PostgreSQL takes the oldest).
    fn unique_index(&self, table: &ObjectName, columns: &[String]) -> Option<i64> {
        let (at, _, table) = self.each_table().find(|(_, _, found)| found.name == *table)?;
        let Value::List(wanted, _) = attributes(table, columns) else { return None };
        let fits = |index: &Indexed<'_>| {
            index.unique
                && index.keys.len() == wanted.len()
                && index.keys.iter().all(|key| wanted.contains(&Value::Int(*key)))
        };
        indexes(at, table).into_iter().find(fits).map(|index| index.number)
    }

    fn pg_index(&self) -> Relation {
        let mut rows = Vec::new();
        let mut doubted = BTreeSet::new();
        for (at, number, table) in self.each_table() {
            for index in indexes(at, table) {
                let keys: Vec<Value> = index.keys.iter().map(|key| Value::Int(*key)).collect();
                rows.push(vec![
                    Value::Int(index.number),
                    Value::Int(number),
                    Value::Bool(index.unique),
                    Value::Bool(index.primary),
                    // What a migration finds has been built to its end.
                    Value::Bool(true),
                    // `int2vector` counts from 0.
                    Value::List(keys.into(), 0),
                    Value::Int(int(index.keys.len())),
                ]);
            }
            if table.tainted {
                doubted.insert(rows.len());
                let mut row = vec![Value::Untold; 7];
                row[0] = Value::Int(INDEXES + int(at) * PER_TABLE + DOUBTED);
                row[1] = Value::Int(number);
                rows.push(row);
            }
        }
        let names =
            ["indexrelid", "indrelid", "indisunique", "indisprimary", "indisvalid", "indkey", "indnatts"];
        Relation { doubted, ..relation(&names, rows) }
    }

    fn pg_indexes(&self) -> Relation {
        let mut rows = Vec::new();
        let mut doubted = BTreeSet::new();
        for (at, _, table) in self.each_table() {
            let row = |name: Value, definition: Value| {
                vec![self.schema_name(&table.name), Value::text(&table.name.name), name, definition]
            };
            for index in indexes(at, table) {
                let definition = definition(table, &index).map_or(Value::Untold, |text| Value::text(&text));
                rows.push(row(index.name.map_or(Value::Untold, Value::text), definition));
            }
            if table.tainted {
                doubted.insert(rows.len());
                rows.push(row(Value::Untold, Value::Untold));
            }
        }
        Relation { doubted, ..relation(&["schemaname", "tablename", "indexname", "indexdef"], rows) }
    }

    fn pg_tables(&self) -> Relation {
        let row = |(_, _, table): (usize, i64, &Table)| {
            vec![self.schema_name(&table.name), Value::text(&table.name.name)]
        };
        relation(&["schemaname", "tablename"], self.each_table().map(row).collect())
    }

    fn pg_type(&self) -> Relation {
        let row = |(at, name): (usize, &ObjectName)| {
            vec![
                Value::Int(TYPES + int(at)),
                Value::text(&name.name),
                self.schema_number(name.schema.as_deref()),
                Value::text("e"),
            ]
        };
        relation(
            &["oid", "typname", "typnamespace", "typtype"],
            self.db.enums.keys().enumerate().map(row).collect(),
        )
    }

    fn pg_enum(&self) -> Option<Relation> {
        let mut rows = Vec::new();
        for (at, found) in self.db.enums.values().enumerate() {
            for (order, label) in found.labels.as_ref()?.iter().enumerate() {
                rows.push(vec![Value::Int(TYPES + int(at)), Value::text(label), Value::Int(int(order) + 1)]);
            }
        }
        Some(relation(&["enumtypid", "enumlabel", "enumsortorder"], rows))
    }
}

pub(super) fn relation(columns: &[&str], rows: Vec<Vec<Value>>) -> Relation {
    let columns: Vec<Column> = columns.iter().map(|name| Column::plain((*name).to_owned())).collect();
    Relation { alias: Rc::from(""), columns: columns.into(), rows, doubted: BTreeSet::new() }
}

fn is_unnest(name: &sqlparser::ast::ObjectName) -> bool {
    name.0
        .last()
        .and_then(|part| part.as_ident())
        .is_some_and(|ident| ident.value.eq_ignore_ascii_case("unnest"))
}

fn plain_arguments(arguments: &[FunctionArg]) -> Option<Vec<&Expr>> {
    let mut out = Vec::new();
    for argument in arguments {
        let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument else { return None };
        out.push(expr);
    }
    Some(out)
}

/// The numbers of columns, as an array that counts from 1.
fn attributes(table: &Table, columns: &[String]) -> Value {
    let number = |name: &String| table.columns.iter().position(|column| column.name == *name);
    let numbers: Option<Vec<Value>> =
        columns.iter().map(|name| number(name).map(|at| Value::Int(int(at) + 1))).collect();
    numbers.map_or(Value::Untold, |numbers| Value::List(numbers.into(), 1))
}

fn kind_letter(constraint: &Constraint) -> &'static str {
    match &constraint.body {
        ConstraintBody::PrimaryKey { .. } => "p",
        ConstraintBody::Unique { .. } => "u",
        ConstraintBody::ForeignKey { .. } => "f",
        ConstraintBody::Check { .. } => "c",
        ConstraintBody::Exclude { .. } => "x",
    }
}

fn action_letter(constraint: &Constraint, on_delete: bool) -> Value {
    let ConstraintBody::ForeignKey { on_delete: delete, on_update: update, .. } = &constraint.body else {
        return Value::text(" ");
    };
    let action = if on_delete { delete } else { update };
    Value::text(match action {
        Action::NoAction => "a",
        Action::Restrict => "r",
        Action::Cascade => "c",
        Action::SetNull => "n",
        Action::SetDefault => "d",
    })
}

/// The indexes of a table, those of its keys first.
fn indexes(at: usize, table: &Table) -> Vec<Indexed<'_>> {
    let number =
        |name: &String| table.columns.iter().position(|c| c.name == *name).map_or(0, |at| int(at) + 1);
    let of_keys = table.constraints.iter().filter_map(|constraint| {
        let (columns, primary) = match &constraint.body {
            ConstraintBody::PrimaryKey { columns, .. } => (columns, true),
            ConstraintBody::Unique { columns, .. } => (columns, false),
            _ => return None,
        };
        let keys = columns.iter().map(number).collect();
        Some(Indexed {
            name: constraint.name.as_deref(),
            number: 0,
            keys,
            unique: true,
            primary,
            method: "btree",
        })
    });
    let own = table.indexes.iter().map(|index| {
        let keys = index.keys.iter().map(|key| match &key.part {
            KeyPart::Column(column) => number(column),
            KeyPart::Expression(_) => 0,
        });
        Indexed {
            name: index.name.as_deref(),
            number: 0,
            keys: keys.collect(),
            unique: index.unique,
            primary: false,
            method: index.method.as_deref().unwrap_or("btree"),
        }
    });
    let mut out: Vec<Indexed<'_>> = of_keys.chain(own).collect();
    for (nth, index) in out.iter_mut().enumerate() {
        index.number = INDEXES + int(at) * PER_TABLE + int(nth);
    }
    out
}

/// `CREATE INDEX` as PostgreSQL writes it, of an index on plain columns.
fn definition(table: &Table, index: &Indexed<'_>) -> Option<String> {
    let name = index.name?;
    // What else an index may have is told by none of these.
    if let Some(own) = table.index(name)
        && (own.predicate.is_some()
            || !own.include.is_empty()
            || !own.options.is_empty()
            || own.nulls_not_distinct
            || own.keys.iter().any(|key| *key != IndexKey::new(key.part.clone())))
    {
        return None;
    }
    let column = |number: &i64| {
        let at = usize::try_from(*number).ok()?.checked_sub(1)?;
        table.columns.get(at).map(|column| crate::quote_name(&column.name, Dialect::PostgreSql))
    };
    let columns: Vec<String> = index.keys.iter().map(column).collect::<Option<_>>()?;
    let quoted = |name: &str| crate::quote_name(name, Dialect::PostgreSql);
    Some(format!(
        "CREATE {}INDEX {} ON {}.{} USING {} ({})",
        if index.unique { "UNIQUE " } else { "" },
        quoted(name),
        quoted(table.name.schema.as_deref().unwrap_or("public")),
        quoted(&table.name.name),
        index.method,
        columns.join(", ")
    ))
}
