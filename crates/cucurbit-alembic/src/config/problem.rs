//! What can be odd about a configuration, as facts.

use std::path::PathBuf;

use super::{ConfigSource, Place, Span};

/// What Alembic does about a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// Every command that reads the scripts ends with an error.
    Fails {
        /// The error as Alembic or Python words it.
        message: String,
    },
    /// Commands fail that run `env.py` (`upgrade`, `current`, `check`), others work.
    FailsInEnvPy {
        /// The error as Python words it.
        message: String,
    },
    /// Only `alembic revision` and its kin fail.
    FailsOnRevision {
        /// The error as Alembic or Python words it.
        message: String,
    },
    /// Alembic goes on with a warning.
    Warns {
        /// The warning.
        message: String,
    },
    /// Alembic says nothing.
    Silent,
    /// Alembic fails unless something that cannot be seen here makes up for it: an installed
    /// package, a folder of another machine, a later setting by code.
    Depends {
        /// The error if nothing does, as near as can be told.
        message: String,
    },
}

/// One odd thing about a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The situation.
    pub kind: ConfigProblemKind,
    /// The configuration file; the folder when there is no file.
    pub file: PathBuf,
    /// The bytes it is about, if it is about any.
    pub span: Option<Span>,
    /// What Alembic does about it.
    pub effect: Effect,
}

impl ConfigProblem {
    /// Returns the file and span together, if there is a span.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.span.map(|span| Place { file: self.file.clone(), span })
    }
}

/// The situations, each with its facts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigProblemKind {
    /// The file cannot be read; Alembic takes an unreadable ini for an empty one.
    Unreadable {
        /// The kind of error.
        reason: std::io::ErrorKind,
    },
    /// The file is too large to be a configuration and was not read.
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The largest size that is read.
        limit: u64,
    },
    /// Bytes that are not UTF-8, read as Latin-1.
    NotUtf8,
    /// A byte order mark, which ConfigParser takes for text.
    ByteOrderMark,
    /// Text before the first section header.
    MissingSectionHeader {
        /// The line, counted from 1.
        line: usize,
    },
    /// A section header that was there before.
    DuplicateSection {
        /// The section.
        section: String,
        /// The first header.
        first: Span,
    },
    /// An option that its section has already; the last one is read.
    DuplicateOption {
        /// The section.
        section: String,
        /// The option, in lower case.
        option: String,
        /// The first one.
        first: Span,
    },
    /// A line that is neither a header nor an option.
    UnparsableLine {
        /// The line, counted from 1.
        line: usize,
        /// Its text.
        text: String,
    },
    /// The TOML file does not parse.
    TomlSyntax {
        /// What the parser said.
        message: String,
        /// The line, counted from 1.
        line: usize,
    },
    /// `tool` or `tool.alembic` is not a table.
    NotATable {
        /// The key.
        key: String,
    },
    /// The section that was asked for is not in the file.
    SectionAbsent {
        /// The section.
        section: String,
        /// The sections that are there, in file order.
        present: Vec<String>,
    },
    /// No `script_location` in any of the files.
    NoScriptLocation,
    /// The script location does not exist.
    ScriptLocationMissing {
        /// The location after interpolation.
        value: String,
    },
    /// The script location is a file.
    ScriptLocationIsFile {
        /// The location after interpolation.
        value: String,
    },
    /// An absolute path of another machine, or one with backslashes; a tail of it exists here and is used.
    LocationFromElsewhere {
        /// The setting.
        setting: String,
        /// The location after interpolation.
        value: String,
        /// The folder used in its place.
        used: PathBuf,
    },
    /// The package of `package:path` is not below the given path.
    PackageNotFound {
        /// The setting.
        setting: String,
        /// The package.
        package: String,
    },
    /// A version location does not exist; Alembic skips it.
    VersionLocationMissing {
        /// The location after interpolation.
        value: String,
    },
    /// A version location is a file; Alembic finds nothing in it.
    VersionLocationIsFile {
        /// The location after interpolation.
        value: String,
    },
    /// Two version locations are the same folder: every file in it is loaded twice.
    SameVersionLocation {
        /// The index of the earlier one in [`Environment::version_locations`](super::Environment).
        first: usize,
        /// The index of the later one.
        second: usize,
    },
    /// With recursion on, a version location lies within another.
    NestedVersionLocation {
        /// The index of the outer one.
        outer: usize,
        /// The index of the inner one.
        inner: usize,
    },
    /// An empty item of a list, which means the current folder.
    EmptyItem {
        /// The setting.
        setting: String,
    },
    /// A separator that Alembic does not know.
    UnknownSeparator {
        /// `path_separator` or `version_path_separator`.
        setting: String,
        /// The value.
        value: String,
    },
    /// `version_path_separator` decides, which is deprecated.
    DeprecatedSeparator,
    /// A list without a separator setting, split in the old way.
    NoSeparator {
        /// The list.
        setting: String,
        /// Into how many items it was split.
        items: usize,
    },
    /// `version_path_separator` is not looked at, because `path_separator` is set.
    SeparatorIgnored {
        /// The value that is ignored.
        value: String,
    },
    /// A boolean of an ini file that looks true but is not the text `true`.
    BooleanNotTrue {
        /// The setting.
        setting: String,
        /// The value.
        value: String,
    },
    /// A boolean of a TOML file that is something else.
    BooleanExpected {
        /// The setting.
        setting: String,
        /// The type found.
        found: String,
    },
    /// `revision_environment` is no word for true or false.
    BadBoolean {
        /// The setting.
        setting: String,
        /// The value.
        value: String,
    },
    /// A TOML value of a type that Alembic cannot use.
    WrongType {
        /// The setting.
        setting: String,
        /// The type found.
        found: String,
    },
    /// A string where TOML needs an array; Alembic takes each character for a location.
    StringForList {
        /// The setting.
        setting: String,
        /// The string.
        value: String,
    },
    /// `truncate_slug_length` is not a number.
    BadNumber {
        /// The setting.
        setting: String,
        /// The value.
        value: String,
    },
    /// A key one or two letters away from one that Alembic knows.
    NearMiss {
        /// The key as written.
        written: String,
        /// The key that was probably meant.
        known: String,
        /// Whether that key is set too.
        known_is_set: bool,
    },
    /// The ini file and the TOML file differ; the ini decides.
    Overridden {
        /// The setting.
        setting: String,
        /// The value in force.
        used: String,
        /// The value ignored.
        ignored: String,
        /// Where the value in force stands.
        used_at: Place,
    },
    /// `%(name)s` names an option that is not there.
    InterpolationMissing {
        /// The option.
        option: String,
        /// The name in the parentheses.
        reference: String,
    },
    /// A percent sign that begins nothing.
    InterpolationSyntax {
        /// The option.
        option: String,
    },
    /// Options that refer to each other more than ten deep, or for ever.
    InterpolationDepth {
        /// The option.
        option: String,
    },
    /// An option that grows beyond all bounds when its references are put in.
    InterpolationTooLarge {
        /// The option.
        option: String,
    },
    /// A TOML string that Python's `%` operator refuses.
    FormatError {
        /// The setting.
        setting: String,
    },
    /// Another configuration names the same version folders, with other settings.
    SharedVersionLocations {
        /// The other one.
        with: ConfigSource,
    },
}

/// One thing met while walking.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WalkProblem {
    /// Where.
    pub path: PathBuf,
    /// What.
    pub kind: WalkProblemKind,
}

/// The things met while walking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum WalkProblemKind {
    /// A folder or file that cannot be read.
    Unreadable,
    /// A link that leads back to itself.
    LinkLoop,
    /// A configuration file that is too large to be one.
    TooLarge,
    /// A folder with the name of a configuration file.
    ConfigIsFolder,
}
