//! Reads `[tool.alembic]` of a `pyproject.toml`, as far as the file can be read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::decode::Decoded;
use super::problem::{ConfigProblem, ConfigProblemKind, Effect};
use super::{Place, Span};

/// More errors than this say nothing new.
const MAX_ERRORS: usize = 10;

/// A `pyproject.toml`, read.
#[derive(Clone, Debug, Default)]
pub(super) struct Pyproject {
    pub(super) path: PathBuf,
    decoded: Decoded,
    /// Whether there is a `[tool.alembic]`, be it of the wrong type.
    pub(super) is_alembic: bool,
    /// Whether Python's TOML reader would refuse the file.
    pub(super) is_broken: bool,
    pub(super) entries: BTreeMap<String, TomlEntry>,
    /// Spans are those of the file.
    pub(super) problems: Vec<ConfigProblem>,
}

/// A key of `[tool.alembic]`. Spans are those of the text.
#[derive(Clone, Debug)]
pub(super) struct TomlEntry {
    pub(super) key: Span,
    pub(super) span: Span,
    pub(super) value: TomlValue,
}

/// A value, as deep as Alembic looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TomlValue {
    Text(String),
    Boolean(bool),
    /// In decimal, or as written if it is not.
    Integer(String),
    Array(Vec<(Span, TomlValue)>),
    /// The keys with the texts among the values.
    Table(BTreeMap<String, Option<String>>),
    /// A float or a date, by the name of its type in Python.
    Other(&'static str),
}

impl TomlValue {
    /// Returns the name that Python gives the type.
    pub(super) fn python_type(&self) -> &'static str {
        match self {
            Self::Text(_) => "str",
            Self::Boolean(_) => "bool",
            Self::Integer(_) => "int",
            Self::Array(_) => "list",
            Self::Table(_) => "dict",
            Self::Other(name) => name,
        }
    }
}

impl Pyproject {
    /// Reads the bytes of a file.
    pub(super) fn read(path: PathBuf, bytes: &[u8]) -> Self {
        let mut file = Self { path, decoded: Decoded::new(bytes), ..Self::default() };
        if let Some(span) = file.decoded.first_bad {
            let message = "UnicodeDecodeError: 'utf-8' codec can't decode the file".to_owned();
            file.report(ConfigProblemKind::NotUtf8, span, Effect::Fails { message });
        }
        let text = std::mem::take(&mut file.decoded.text);
        file.read_text(&text);
        file.decoded.text = text;
        file.is_broken = !file.problems.is_empty();
        file
    }

    /// Returns a file that could not be read.
    pub(super) fn unread(problem: ConfigProblem) -> Self {
        Self { path: problem.file.clone(), problems: vec![problem], is_broken: true, ..Self::default() }
    }

    fn read_text(&mut self, text: &str) {
        let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        if mark > 0 {
            let message = "tomllib.TOMLDecodeError: Invalid statement (at line 1, column 1)".to_owned();
            self.report(ConfigProblemKind::ByteOrderMark, Span::new(0, mark), Effect::Fails { message });
        }
        let (table, errors) = DeTable::parse_recoverable(&text[mark..]);
        for error in errors.into_iter().take(MAX_ERRORS) {
            let span = error.span().map_or(Span::new(mark, mark), |range| shifted(&range, mark));
            let line = 1 + memchr::memchr_iter(b'\n', &text.as_bytes()[..span.start.min(text.len())]).count();
            let message = format!("tomllib.TOMLDecodeError: {} (at line {line})", error.message());
            let kind = ConfigProblemKind::TomlSyntax { message: error.message().to_owned(), line };
            let span = self.decoded.in_file(span);
            self.report(kind, span, Effect::Fails { message });
        }
        let Some(alembic) = self.table(table.get_ref(), "tool", "tool", mark) else { return };
        self.is_alembic = alembic.get("alembic").is_some();
        let Some(alembic) = self.table(alembic, "alembic", "tool.alembic", mark) else { return };
        for (key, value) in alembic {
            let entry = TomlEntry {
                key: shifted(&key.span(), mark),
                span: shifted(&value.span(), mark),
                value: convert(value.get_ref(), mark),
            };
            self.entries.insert(key.get_ref().to_string(), entry);
        }
    }

    /// Looks up a table in a table; anything else under its key is a problem.
    fn table<'t>(
        &mut self,
        table: &'t DeTable<'t>,
        key: &str,
        full: &str,
        mark: usize,
    ) -> Option<&'t DeTable<'t>> {
        let value = table.get(key)?;
        if let DeValue::Table(inner) = value.get_ref() {
            return Some(inner);
        }
        let message = match full {
            "tool" => format!(
                "AttributeError: '{}' object has no attribute 'get'",
                convert(value.get_ref(), mark).python_type()
            ),
            _ => "Incorrect TOML format".to_owned(),
        };
        let span = self.decoded.in_file(shifted(&value.span(), mark));
        self.report(ConfigProblemKind::NotATable { key: full.to_owned() }, span, Effect::Fails { message });
        None
    }

    fn report(&mut self, kind: ConfigProblemKind, span: Span, effect: Effect) {
        self.problems.push(ConfigProblem { kind, file: self.path.clone(), span: Some(span), effect });
    }

    /// Returns the text of a span of the text.
    pub(super) fn text(&self, span: Span) -> &str {
        self.decoded.text.get(span.start..span.end).unwrap_or_default()
    }

    /// Returns the place of a span of the text.
    pub(super) fn place(&self, span: Span) -> Place {
        Place { file: self.path.clone(), span: self.decoded.in_file(span) }
    }
}

fn shifted(range: &std::ops::Range<usize>, by: usize) -> Span {
    Span::new(range.start + by, range.end + by)
}

fn convert(value: &DeValue<'_>, mark: usize) -> TomlValue {
    match value {
        DeValue::Array(items) => {
            let item = |item: &Spanned<DeValue<'_>>| (shifted(&item.span(), mark), flat(item.get_ref()));
            TomlValue::Array(items.iter().map(item).collect())
        }
        other => flat(other),
    }
}

/// Reads a value without what is in it, but for the texts of a table.
fn flat(value: &DeValue<'_>) -> TomlValue {
    match value {
        DeValue::String(text) => TomlValue::Text(text.to_string()),
        DeValue::Boolean(value) => TomlValue::Boolean(*value),
        DeValue::Integer(digits) => {
            let number = i64::from_str_radix(digits.as_str(), digits.radix());
            TomlValue::Integer(
                number.map_or_else(|_| digits.as_str().to_owned(), |number| number.to_string()),
            )
        }
        DeValue::Float(_) => TomlValue::Other("float"),
        DeValue::Datetime(date) if date.time.is_none() => TomlValue::Other("date"),
        DeValue::Datetime(date) if date.date.is_none() => TomlValue::Other("time"),
        DeValue::Datetime(_) => TomlValue::Other("datetime"),
        DeValue::Array(_) => TomlValue::Array(Vec::new()),
        DeValue::Table(table) => {
            let text = |value: &Spanned<DeValue<'_>>| value.get_ref().as_str().map(str::to_owned);
            TomlValue::Table(
                table.iter().map(|(key, value)| (key.get_ref().to_string(), text(value))).collect(),
            )
        }
    }
}
