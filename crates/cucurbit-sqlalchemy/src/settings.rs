//! What the reading depends on, and what the host of the evaluator must give.

use crate::Registry;
use cucurbit_python::eval::{Evaluator, Host, Place, Value};
use cucurbit_schema::{Dialect, ObjectName};

/// A version of SQLAlchemy, as far as its rules differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The first number.
    pub major: u16,
    /// The second number.
    pub minor: u16,
}

impl Version {
    /// 1.4.
    pub const V1_4: Version = Version { major: 1, minor: 4 };
    /// 2.0.
    pub const V2_0: Version = Version { major: 2, minor: 0 };
    /// 2.1.
    pub const V2_1: Version = Version { major: 2, minor: 1 };
}

/// What the meaning of SQLAlchemy's objects depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whose SQL is asked for.
    pub dialect: Dialect,
    /// SQLAlchemy's version.
    pub version: Version,
    /// A schema that means the same as none, beside the dialect's own default.
    pub default_schema: Option<String>,
    /// Columns are read as autogenerate writes them down for a migration: without `Sequence(…)` and without a
    /// default of Python's, so that a key counts by itself that `create_all()` would not make so.
    pub as_autogenerate: bool,
    /// What stands for a naming convention that is given and cannot be told.
    pub convention_otherwise: Option<crate::NamingConvention>,
    /// That convention stands for none too: an `env.py` that is not there may give one.
    pub convention_elsewhere: bool,
}

impl Settings {
    /// Makes settings without a default schema of their own.
    #[must_use]
    pub fn new(dialect: Dialect, version: Version) -> Self {
        Settings {
            dialect,
            version,
            default_schema: None,
            as_autogenerate: false,
            convention_otherwise: None,
            convention_elsewhere: false,
        }
    }

    /// Makes the name of an object in a schema as SQLAlchemy was told it.
    #[must_use]
    pub fn object_name(&self, schema: Option<&str>, name: &str) -> ObjectName {
        let schema = schema.filter(|s| self.default_schema.as_deref() != Some(*s));
        ObjectName::new(schema, name, self.dialect)
    }
}

/// A host that reads SQLAlchemy.
///
/// Its `call`, `attribute`, `assigned`, `items` and `operate` should ask [`crate::call`],
/// [`crate::attribute`], [`crate::assigned`], [`crate::items`] and [`crate::operate`]; its `mark` should keep
/// a clone of the registry, which is cheap, and `rewind` put it back.
pub trait Environment: Host {
    /// Whether the host registers the tables of mapped classes.
    const MAPS_CLASSES: bool = false;

    /// Returns the settings.
    fn settings(&self) -> &Settings;

    /// Returns what SQLAlchemy's objects were told so far.
    fn registry(&mut self) -> &mut Registry;

    /// Loads what says how types of other databases are written (`@compiles`), where the host knows of modules that
    /// count without being imported. Asked before such a type is read.
    fn load_compilers(evaluator: &mut Evaluator<'_, Self>) {
        let _ = evaluator;
    }

    /// Registers the tables of the mapped classes of a `MetaData`, where the host knows them all, and says whether
    /// it does; `None` when it saw none. Asked of hosts that do not map classes by themselves.
    fn map_classes(evaluator: &mut Evaluator<'_, Self>, metadata: &crate::MetaDataKey) -> Option<bool> {
        let _ = (evaluator, metadata);
        None
    }

    /// Returns the table and the name of a column that only the host knows (an attribute of a mapped class).
    fn column_home(evaluator: &mut Evaluator<'_, Self>, value: &Value) -> Option<(ObjectName, String)> {
        let _ = (evaluator, value);
        None
    }

    /// Returns the table of a value that only the host knows (a mapped class, `Model.__table__`).
    fn table_home(evaluator: &mut Evaluator<'_, Self>, value: &Value) -> Option<ObjectName> {
        let _ = (evaluator, value);
        None
    }
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where it stands.
    pub place: Option<Place>,
    /// Why it cannot be read, in words for people.
    pub reason: String,
    /// What it is, shortened.
    pub what: String,
    /// What was read holds an unknown in its place, and nothing else of it can be otherwise.
    pub held: bool,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.what.is_empty() {
            f.write_str(&self.reason)
        } else {
            write!(f, "{}: {}", self.what, self.reason)
        }
    }
}

/// Makes an [`Unreadable`] of a value: an unknown one gives its own reason and place.
pub(crate) fn unreadable<H: Environment>(ev: &Evaluator<'_, H>, value: &Value, reason: &str) -> Unreadable {
    match value {
        Value::Unknown(why) => Unreadable {
            place: why.place,
            reason: why.reason.to_string(),
            what: reason.to_owned(),
            held: false,
        },
        other => {
            let what: String = ev.describe(other).chars().take(160).collect();
            Unreadable { place: crate::terms::place_of(other), reason: reason.to_owned(), what, held: false }
        }
    }
}
