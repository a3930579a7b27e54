//! What a database holds: the state that changes apply to.

use crate::map::{Map, Sequences, Tables};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// A database system whose rules and whose SQL are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// PostgreSQL.
    PostgreSql,
    /// SQLite.
    Sqlite,
    /// MySQL 8 and later.
    MySql,
    /// MariaDB 10.6 and later.
    MariaDb,
}

impl Dialect {
    /// Returns the name that SQLAlchemy gives the dialect (`postgresql`, `sqlite`, `mysql`, `mariadb`).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Dialect::PostgreSql => "postgresql",
            Dialect::Sqlite => "sqlite",
            Dialect::MySql => "mysql",
            Dialect::MariaDb => "mariadb",
        }
    }

    /// Returns the longest identifier: bytes on PostgreSQL, characters on MySQL; `None` where there is
    /// no limit.
    #[must_use]
    pub fn identifier_limit(self) -> Option<usize> {
        match self {
            Dialect::PostgreSql => Some(63),
            Dialect::Sqlite => None,
            Dialect::MySql | Dialect::MariaDb => Some(64),
        }
    }

    /// Says whether this is MySQL or MariaDB.
    #[must_use]
    pub fn is_mysql(self) -> bool {
        matches!(self, Dialect::MySql | Dialect::MariaDb)
    }

    /// Returns the schema that an unqualified name means, where it has a name that SQL may write.
    #[must_use]
    pub fn default_schema(self) -> Option<&'static str> {
        match self {
            Dialect::PostgreSql => Some("public"),
            Dialect::Sqlite => Some("main"),
            Dialect::MySql | Dialect::MariaDb => None,
        }
    }
}

impl std::str::FromStr for Dialect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "postgresql" | "postgres" => Ok(Dialect::PostgreSql),
            "sqlite" => Ok(Dialect::Sqlite),
            "mysql" => Ok(Dialect::MySql),
            "mariadb" => Ok(Dialect::MariaDb),
            other => Err(format!("`{other}` is none of postgresql, sqlite, mysql, mariadb")),
        }
    }
}

/// Where a change comes from: a number that only the caller can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Origin(pub u32);

/// The name of an object: folded or unquoted as the database holds it, without quotes.
///
/// `schema` is `None` for the dialect's default schema; [`ObjectName::new`] takes care of that, so two
/// equal names mean one object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName {
    /// The schema, unless it is the default one.
    pub schema: Option<String>,
    /// The name within the schema.
    pub name: String,
}

impl ObjectName {
    /// Makes a name; the dialect's default schema becomes `None`.
    #[must_use]
    pub fn new(schema: Option<&str>, name: impl Into<String>, dialect: Dialect) -> Self {
        let schema = schema.filter(|s| !s.is_empty() && Some(*s) != dialect.default_schema());
        ObjectName { schema: schema.map(str::to_owned), name: name.into() }
    }

    /// Makes the name of an object in the default schema.
    #[must_use]
    pub fn plain(name: impl Into<String>) -> Self {
        ObjectName { schema: None, name: name.into() }
    }

    /// Makes the name of another object in the same schema.
    #[must_use]
    pub fn sibling(&self, name: impl Into<String>) -> Self {
        ObjectName { schema: self.schema.clone(), name: name.into() }
    }
}

/// `schema.name` or `name`, for people: not quoted, not SQL.
impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// The type of a column.
///
/// Two types are equal when the database cannot tell them apart; how the source wrote it is kept beside.
#[derive(Debug, Clone)]
pub struct DataType {
    /// What the database holds.
    pub kind: TypeKind,
    /// The Python expression that gave it, as Alembic would render it (`sa.String(length=50)`), where one
    /// is known. Not part of equality.
    pub written: Option<Arc<str>>,
}

impl PartialEq for DataType {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for DataType {}

impl DataType {
    /// Makes a type without a written form.
    #[must_use]
    pub fn new(kind: TypeKind) -> Self {
        DataType { kind, written: None }
    }

    /// Makes a type from its canonical name and arguments.
    #[must_use]
    pub fn named(name: &str, args: &[&str]) -> Self {
        Self::new(TypeKind::Named {
            name: name.to_owned(),
            args: args.iter().map(|a| (*a).to_owned()).collect(),
            attributes: Vec::new(),
        })
    }
}

impl TypeKind {
    /// Returns what stands inside of arrays; the type itself when it is none.
    #[must_use]
    pub fn innermost(&self) -> &TypeKind {
        match self {
            TypeKind::Array { element, .. } => element.innermost(),
            other => other,
        }
    }
}

/// What a type is to the database.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TypeKind {
    /// A type by its canonical name in the dialect, lower case, without arguments:
    /// PostgreSQL as `format_type` prints it (`character varying`, `timestamp without time zone`,
    /// `double precision`, `integer`), MySQL as `information_schema.columns.data_type` (`varchar`, `int`),
    /// SQLite as written, upper case.
    Named {
        /// The canonical name. A type of the user (a domain, a composite) has its schema in front.
        name: String,
        /// Length, precision, scale, as written.
        args: Vec<String>,
        /// What MySQL puts behind: `unsigned`, `zerofill`, `character set x`. Lower case, in that order.
        attributes: Vec<String>,
    },
    /// An enum. On PostgreSQL it refers to an [`EnumType`] by name; elsewhere it has no name and its labels
    /// are part of the column.
    Enum {
        /// The enum type (PostgreSQL only).
        name: Option<ObjectName>,
        /// The labels at the time when the column was made; for a named type the state's [`EnumType`] rules.
        labels: Vec<String>,
    },
    /// A PostgreSQL array.
    Array {
        /// What it holds.
        element: Box<TypeKind>,
        /// How many pairs of brackets were written; PostgreSQL does not tell them apart, so this is 1.
        dimensions: u8,
    },
    /// Cannot be told, and why.
    Unknown(String),
}

/// What a column holds when nothing is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Default {
    /// An SQL expression, as it stands after `DEFAULT` (`'a'`, `0`, `now()`, `'x'::text`).
    Expression(String),
    /// The next value of a sequence (PostgreSQL).
    NextValue(ObjectName),
    /// There is one; what it is cannot be told, and why.
    Unknown(String),
}

/// `GENERATED … AS IDENTITY`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// `ALWAYS` rather than `BY DEFAULT`.
    pub always: bool,
    /// The sequence's options.
    pub options: SequenceOptions,
    /// The sequence, where it is not called after the table and the column: after a rename of these, or by
    /// `SEQUENCE NAME`, as `pg_dump` writes it.
    pub sequence: Option<ObjectName>,
}

impl Identity {
    /// Makes the identity of a column that never had another name.
    #[must_use]
    pub fn new(always: bool, options: SequenceOptions) -> Self {
        Identity { always, options, sequence: None }
    }
}

/// A computed column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computed {
    /// The expression, without brackets around it.
    pub expression: String,
    /// `STORED` (or `PERSISTENT`) rather than `VIRTUAL`.
    pub stored: bool,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
    /// Whether it may hold NULL.
    pub nullable: bool,
    /// Its default in the database.
    pub default: Option<Default>,
    /// Identity.
    pub identity: Option<Identity>,
    /// Computed.
    pub computed: Option<Computed>,
    /// MySQL's `AUTO_INCREMENT`, SQLite's `AUTOINCREMENT`. A PostgreSQL `SERIAL` is an `integer` with
    /// [`Default::NextValue`] and an owned [`Sequence`] instead.
    pub autoincrement: bool,
    /// MySQL's `ON UPDATE`.
    pub on_update: Option<String>,
    /// Collation.
    pub collation: Option<String>,
    /// Comment.
    pub comment: Option<String>,
    /// What made it.
    pub origin: Origin,
}

impl Column {
    /// Makes a nullable column without anything else.
    #[must_use]
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Column {
            name: name.into(),
            data_type,
            nullable: true,
            default: None,
            identity: None,
            computed: None,
            autoincrement: false,
            on_update: None,
            collation: None,
            comment: None,
            origin: Origin::default(),
        }
    }
}

/// What a foreign key does to its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// `NO ACTION`, which is also what nothing means.
    NoAction,
    /// `RESTRICT`.
    Restrict,
    /// `CASCADE`.
    Cascade,
    /// `SET NULL`.
    SetNull,
    /// `SET DEFAULT`.
    SetDefault,
}

impl Action {
    /// Returns what is written behind `ON DELETE` or `ON UPDATE`; `None` for what nothing means too.
    #[must_use]
    pub fn clause(self) -> Option<&'static str> {
        match self {
            Action::NoAction => None,
            Action::Restrict => Some("RESTRICT"),
            Action::Cascade => Some("CASCADE"),
            Action::SetNull => Some("SET NULL"),
            Action::SetDefault => Some("SET DEFAULT"),
        }
    }
}

/// `DEFERRABLE` and `INITIALLY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CheckMode {
    /// Checked at once; not deferrable.
    #[default]
    Immediate,
    /// `DEFERRABLE INITIALLY IMMEDIATE`.
    Deferrable,
    /// `DEFERRABLE INITIALLY DEFERRED`.
    Deferred,
}

/// Where a name comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// The source says it.
    Explicit,
    /// A naming convention of the metadata gives it.
    Convention,
    /// The database gives it.
    Implicit,
}

/// The kinds of constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConstraintKind {
    /// Primary key.
    PrimaryKey,
    /// Unique constraint.
    Unique,
    /// Foreign key.
    ForeignKey,
    /// Check constraint.
    Check,
    /// Exclusion constraint.
    Exclude,
}

/// A constraint of a table.
///
/// Column-level constraints are held here too, under the name the database gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// Its name: `None` where the database holds none (SQLite) or while it is not yet applied, in which
    /// case [`Database::apply`] gives it the dialect's implicit name.
    pub name: Option<String>,
    /// Where the name comes from.
    pub name_kind: NameKind,
    /// What it demands.
    pub body: ConstraintBody,
    /// When it is checked.
    pub mode: CheckMode,
    /// `NOT VALID` and not validated since.
    pub not_valid: bool,
    /// Comment.
    pub comment: Option<String>,
    /// What made it.
    pub origin: Origin,
}

impl Constraint {
    /// Makes a constraint; a name counts as explicit, none as implicit.
    #[must_use]
    pub fn new(name: Option<String>, body: ConstraintBody) -> Self {
        let name_kind = if name.is_some() { NameKind::Explicit } else { NameKind::Implicit };
        Constraint {
            name,
            name_kind,
            body,
            mode: CheckMode::Immediate,
            not_valid: false,
            comment: None,
            origin: Origin::default(),
        }
    }

    /// Returns its kind.
    #[must_use]
    pub fn kind(&self) -> ConstraintKind {
        match self.body {
            ConstraintBody::PrimaryKey { .. } => ConstraintKind::PrimaryKey,
            ConstraintBody::Unique { .. } => ConstraintKind::Unique,
            ConstraintBody::ForeignKey { .. } => ConstraintKind::ForeignKey,
            ConstraintBody::Check { .. } => ConstraintKind::Check,
            ConstraintBody::Exclude { .. } => ConstraintKind::Exclude,
        }
    }
}

/// Stands in an expression for a part that cannot be told.
pub const UNTOLD: char = '\u{fffd}';

/// What a constraint demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConstraintBody {
    /// `PRIMARY KEY`.
    PrimaryKey {
        /// In key order.
        columns: Vec<String>,
        /// `INCLUDE`.
        include: Vec<String>,
    },
    /// `UNIQUE`.
    Unique {
        /// In key order.
        columns: Vec<String>,
        /// `INCLUDE`.
        include: Vec<String>,
        /// `NULLS NOT DISTINCT`.
        nulls_not_distinct: bool,
    },
    /// `FOREIGN KEY`.
    ForeignKey {
        /// In key order.
        columns: Vec<String>,
        /// The table it points at.
        table: ObjectName,
        /// The columns it points at; empty when the target's primary key is meant and was not known.
        references: Vec<String>,
        /// `ON DELETE`.
        on_delete: Action,
        /// `ON UPDATE`.
        on_update: Action,
        /// `MATCH FULL` or `PARTIAL`; `None` for `SIMPLE`.
        match_kind: Option<String>,
        /// `ON DELETE SET NULL (columns)`; empty for all.
        set_columns: Vec<String>,
    },
    /// `CHECK`.
    Check {
        /// The expression, without brackets around it.
        expression: String,
        /// `NO INHERIT`.
        no_inherit: bool,
    },
    /// `EXCLUDE`.
    Exclude {
        /// Index method.
        using: Option<String>,
        /// Each key with its operator, as written (`room WITH =`).
        elements: Vec<String>,
        /// `WHERE`.
        predicate: Option<String>,
    },
}

impl ConstraintBody {
    /// Returns the columns on which a key stands; none for checks and exclusions.
    #[must_use]
    pub fn key_columns(&self) -> &[String] {
        match self {
            ConstraintBody::PrimaryKey { columns, .. }
            | ConstraintBody::Unique { columns, .. }
            | ConstraintBody::ForeignKey { columns, .. } => columns,
            ConstraintBody::Check { .. } | ConstraintBody::Exclude { .. } => &[],
        }
    }
}

/// Direction of an index key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `ASC`.
    Ascending,
    /// `DESC`.
    Descending,
}

/// Place of NULL in an index key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullsOrder {
    /// `NULLS FIRST`.
    First,
    /// `NULLS LAST`.
    Last,
}

/// What an index key is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPart {
    /// A column.
    Column(String),
    /// An expression, without brackets around it.
    Expression(String),
}

/// One key of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexKey {
    /// Column or expression.
    pub part: KeyPart,
    /// Collation.
    pub collation: Option<String>,
    /// Operator class, with its parameters.
    pub operator_class: Option<String>,
    /// Direction, when not the default.
    pub order: Option<Order>,
    /// Place of NULL, when written.
    pub nulls: Option<NullsOrder>,
    /// MySQL's prefix length.
    pub length: Option<u32>,
}

impl IndexKey {
    /// Makes a key of one column.
    #[must_use]
    pub fn column(name: impl Into<String>) -> Self {
        Self::new(KeyPart::Column(name.into()))
    }

    /// Makes a key of a column or an expression, with nothing else said.
    #[must_use]
    pub fn new(part: KeyPart) -> Self {
        IndexKey { part, collation: None, operator_class: None, order: None, nulls: None, length: None }
    }
}

/// An index that is no constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name; `None` while it is not yet applied and the database is to choose.
    pub name: Option<String>,
    /// `UNIQUE`.
    pub unique: bool,
    /// Method, when not `btree`; MySQL's `FULLTEXT` and `SPATIAL` stand here too.
    pub method: Option<String>,
    /// Keys in order.
    pub keys: Vec<IndexKey>,
    /// `INCLUDE`.
    pub include: Vec<String>,
    /// `WHERE`.
    pub predicate: Option<String>,
    /// `NULLS NOT DISTINCT`.
    pub nulls_not_distinct: bool,
    /// `WITH (…)`, tablespace and the like, in written order.
    pub options: Vec<(String, String)>,
    /// Comment.
    pub comment: Option<String>,
    /// What made it.
    pub origin: Origin,
}

/// Whether a table may hold rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Rows {
    /// On a database built from empty it surely holds none.
    #[default]
    None,
    /// It may.
    Possible,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: ObjectName,
    /// Columns in the order in which the database shows them.
    pub columns: Vec<Column>,
    /// Constraints in the order in which they were made.
    pub constraints: Vec<Constraint>,
    /// Indexes in the order in which they were made.
    pub indexes: Vec<Index>,
    /// Options: MySQL's `engine`, `charset`, `collate`; SQLite's `without rowid`, `strict`; PostgreSQL's
    /// `partition by`, `with`, `tablespace`, `inherits`, `unlogged`. Keys in lower case.
    pub options: BTreeMap<String, String>,
    /// Comment.
    pub comment: Option<String>,
    /// Whether it may hold rows, as far as the changes tell.
    pub rows: Rows,
    /// An unknown effect may have changed it since.
    pub tainted: bool,
    /// What made it.
    pub origin: Origin,
}

impl Table {
    /// Says whether the table, or something of it, stems from an operation.
    fn has_origins(&self) -> bool {
        let none = Origin::default();
        self.origin != none
            || self.columns.iter().any(|c| c.origin != none)
            || self.constraints.iter().any(|c| c.origin != none)
            || self.indexes.iter().any(|i| i.origin != none)
    }

    fn forget_origins(&mut self) {
        let none = Origin::default();
        self.origin = none;
        self.columns.iter_mut().for_each(|c| c.origin = none);
        self.constraints.iter_mut().for_each(|c| c.origin = none);
        self.indexes.iter_mut().for_each(|i| i.origin = none);
    }

    /// Makes a table without columns.
    #[must_use]
    pub fn new(name: ObjectName) -> Self {
        Table {
            name,
            columns: Vec::new(),
            constraints: Vec::new(),
            indexes: Vec::new(),
            options: BTreeMap::new(),
            comment: None,
            rows: Rows::None,
            tainted: false,
            origin: Origin::default(),
        }
    }

    /// Returns the names of the enum types of its columns, those of the elements of arrays too, in their order.
    pub fn enum_types(&self) -> impl Iterator<Item = &ObjectName> {
        self.columns.iter().filter_map(|column| {
            let mut kind = &column.data_type.kind;
            while let TypeKind::Array { element, .. } = kind {
                kind = element;
            }
            match kind {
                TypeKind::Enum { name, .. } => name.as_ref(),
                _ => None,
            }
        })
    }

    /// Returns the column of that exact name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// Returns the constraint of that exact name.
    #[must_use]
    pub fn constraint(&self, name: &str) -> Option<&Constraint> {
        self.constraints.iter().find(|c| c.name.as_deref() == Some(name))
    }

    /// Returns the index of that exact name.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<&Index> {
        self.indexes.iter().find(|i| i.name.as_deref() == Some(name))
    }

    /// Returns the primary key.
    #[must_use]
    pub fn primary_key(&self) -> Option<&Constraint> {
        self.constraints.iter().find(|c| c.kind() == ConstraintKind::PrimaryKey)
    }
}

/// An enum type of PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumType {
    /// Its name.
    pub name: ObjectName,
    /// Labels in order; `None` when they cannot be told.
    pub labels: Option<Vec<String>>,
    /// Comment.
    pub comment: Option<String>,
    /// What made it.
    pub origin: Origin,
}

/// How a sequence counts; `None` means the database's default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SequenceOptions {
    /// `AS type`, canonical name.
    pub data_type: Option<String>,
    /// `START WITH`.
    pub start: Option<i64>,
    /// `INCREMENT BY`.
    pub increment: Option<i64>,
    /// `MINVALUE`.
    pub minimum: Option<i64>,
    /// `MAXVALUE`.
    pub maximum: Option<i64>,
    /// `CACHE`.
    pub cache: Option<i64>,
    /// `CYCLE`.
    pub cycle: bool,
}

/// A sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// Its name.
    pub name: ObjectName,
    /// How it counts.
    pub options: SequenceOptions,
    /// The table and column that own it.
    pub owner: Option<(ObjectName, String)>,
    /// What made it.
    pub origin: Origin,
}

/// Objects that are kept as their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// `CREATE EXTENSION`.
    Extension,
    /// `CREATE COLLATION`.
    Collation,
    /// `CREATE DOMAIN`.
    Domain,
    /// A composite or range type.
    Type,
    /// `CREATE FUNCTION`.
    Function,
    /// `CREATE PROCEDURE`.
    Procedure,
    /// `CREATE AGGREGATE`.
    Aggregate,
    /// `CREATE OPERATOR` and its classes.
    Operator,
    /// `CREATE VIEW`.
    View,
    /// `CREATE MATERIALIZED VIEW`.
    MaterializedView,
    /// An index of a materialized view.
    Index,
    /// `CREATE TRIGGER`.
    Trigger,
    /// `CREATE EVENT TRIGGER`.
    EventTrigger,
    /// `CREATE POLICY`, and `ENABLE ROW LEVEL SECURITY` under the name of nothing.
    Policy,
    /// `CREATE RULE`.
    Rule,
    /// `GRANT`, `REVOKE`, `ALTER DEFAULT PRIVILEGES`.
    Grant,
    /// A virtual table of SQLite.
    VirtualTable,
    /// `CREATE STATISTICS`, `PUBLICATION`, `CAST` and what else a database knows.
    Other,
}

/// An object that is kept as its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedObject {
    /// What it is.
    pub kind: ObjectKind,
    /// Its name.
    pub name: ObjectName,
    /// The table it stands on (triggers, policies, rules).
    pub table: Option<ObjectName>,
    /// Argument types of a function, as written without names and defaults (`integer, text`).
    pub signature: Option<String>,
    /// The statement that makes it, without a final semicolon.
    pub text: String,
    /// Names that the text mentions, as far as a reader can tell.
    pub mentions: BTreeSet<ObjectName>,
    /// Comment.
    pub comment: Option<String>,
    /// What made it.
    pub origin: Origin,
}

/// The key of an object that is kept as its text: kind, table, name, signature.
pub type ObjectKey = (ObjectKind, Option<ObjectName>, ObjectName, Option<String>);

/// All that a database holds.
///
/// Cloning is cheap in what the clone does not change: tables are shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Whose rules apply.
    pub dialect: Dialect,
    /// Schemas beside the default one that something made.
    pub schemas: BTreeMap<String, Origin>,
    /// Tables by name.
    pub tables: Tables,
    /// Enum types by name.
    pub enums: Map<ObjectName, EnumType>,
    /// Sequences by name, those of `SERIAL` columns included, those of identity columns not.
    pub sequences: Sequences,
    /// Everything else by key.
    pub objects: Map<ObjectKey, Arc<NamedObject>>,
    /// The order in which tables and other objects were made is kept by this counter's values in
    /// [`Database::made`]; a name made again gets a new place.
    pub made: Map<ObjectKeyOrTable, u64>,
    /// The next place.
    pub next: u64,
    /// Unknown effects so far, with what caused them.
    pub unknown: Vec<(Arc<crate::UnknownEffect>, Origin)>,
    /// What was dropped last, for objects that are not there now.
    pub dropped: Map<crate::ObjectRef, Origin>,
    /// The table on which each index, and each constraint that owns one, stands.
    pub(crate) index_owners: Map<ObjectName, Arc<ObjectName>>,
    /// How many constraints of each name a schema holds.
    pub(crate) constraint_names: Map<ObjectName, u32>,
}

/// A table or an object kept as its text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKeyOrTable {
    /// A table.
    Table(ObjectName),
    /// Something else.
    Object(ObjectKey),
}

impl Database {
    /// Makes an empty database.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Database {
            dialect,
            schemas: BTreeMap::new(),
            tables: Tables::default(),
            enums: Map::new(),
            sequences: Sequences::default(),
            objects: Map::new(),
            made: Map::new(),
            next: 0,
            unknown: Vec::new(),
            dropped: Map::new(),
            index_owners: Map::new(),
            constraint_names: Map::new(),
        }
    }

    /// Returns a view or materialized view.
    #[must_use]
    pub fn view(&self, name: &ObjectName) -> Option<&NamedObject> {
        [ObjectKind::View, ObjectKind::MaterializedView]
            .into_iter()
            .find_map(|kind| self.objects.get(&(kind, None, name.clone(), None)))
            .map(Arc::as_ref)
    }

    /// Returns a table.
    #[must_use]
    pub fn table(&self, name: &ObjectName) -> Option<&Table> {
        self.tables.get(name).map(Arc::as_ref)
    }

    /// Returns the table that an index of that name stands on, and the index. Index names are unique in a
    /// schema on PostgreSQL and SQLite; on MySQL only in a table, so ask with a table there.
    #[must_use]
    pub fn index(&self, name: &ObjectName, table: Option<&ObjectName>) -> Option<(&Table, &Index)> {
        if let Some(table) = table {
            let table = self.table(table)?;
            return table.index(&name.name).map(|index| (table, index));
        }
        let table = self.table(self.index_owners.get(name)?)?;
        table.index(&name.name).map(|index| (table, index))
    }

    /// Makes every object stem from nothing ([`Origin::default`]), as a schema that was read does.
    pub fn forget_origins(&mut self) {
        let none = Origin::default();
        self.schemas.values_mut().for_each(|origin| *origin = none);
        self.enums.change(|e| e.origin != none, |e| e.origin = none);
        self.sequences.forget_origins();
        self.objects.change(|o| o.origin != none, |o| Arc::make_mut(o).origin = none);
        // A table that is shared stays so.
        self.tables.change(Table::has_origins, Table::forget_origins);
        self.dropped.clear();
        self.unknown.clear();
    }

    /// Does as [`Database::forget_origins`], where a state is known from which this one was made, and what that one is
    /// without its origins: what did not change since is taken over from there. Of the tables that changed those are left
    /// out of which it is said. Costs what the change costs.
    pub fn forget_origins_since(
        &mut self,
        earlier: &Database,
        forgotten: &Database,
        is_left_out: impl Fn(&Table) -> bool,
    ) {
        let none = Origin::default();
        let mut tables = forgotten.tables.clone();
        for name in self.tables.differing(&earlier.tables) {
            match self.tables.get(name).filter(|table| !is_left_out(table)) {
                Some(table) => {
                    let mut table = Arc::clone(table);
                    if table.has_origins() {
                        Arc::make_mut(&mut table).forget_origins();
                    }
                    tables.insert(name.clone(), table);
                }
                None => {
                    tables.remove(name);
                }
            }
        }
        self.tables = tables;
        self.enums = self.enums.since(&earlier.enums, &forgotten.enums, |e| e.origin = none);
        self.sequences.forget_origins_since(&earlier.sequences, &forgotten.sequences);
        self.objects =
            self.objects.since(&earlier.objects, &forgotten.objects, |o| Arc::make_mut(o).origin = none);
        self.schemas.values_mut().for_each(|origin| *origin = none);
        self.dropped.clear();
        self.unknown.clear();
    }
}
