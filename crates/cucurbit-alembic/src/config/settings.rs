//! Looks up the settings of one environment: the ini section first, then `[tool.alembic]`.

mod checks;
mod lists;

use super::ini::Ini;
use super::interpolation::{here, interpolate, percent};
use super::problem::{ConfigProblem, ConfigProblemKind, Effect};
use super::pyproject::{Pyproject, TomlEntry, TomlValue};
use super::python::{int, repr};
use super::traced::Traced;
use super::{Place, Setting};

/// What `file_template` is when nobody says.
pub(super) const DEFAULT_TEMPLATE: &str = "%(rev)s_%(slug)s";

/// The files that one environment is configured by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sources<'a> {
    pub(super) ini: Option<&'a Ini>,
    pub(super) section: &'a str,
    pub(super) toml: Option<&'a Pyproject>,
}

/// A text as written and as read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) raw: String,
    pub(super) value: String,
    pub(super) place: Option<Place>,
    /// The value could not be put together: `value` is a guess, nothing more is said about it.
    pub(super) is_guess: bool,
}

/// The settings, with what is odd about them.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) script_location: Option<Written>,
    pub(super) version_locations: Vec<Written>,
    /// `version_locations` is a TOML string, so its characters are the locations.
    pub(super) by_character: bool,
    pub(super) prepend_sys_path: Vec<Written>,
    pub(super) recursive: bool,
    pub(super) sourceless: bool,
    pub(super) file_template: Setting<String>,
    pub(super) truncate_slug_length: Setting<i64>,
    pub(super) timezone: Setting<Option<String>>,
    pub(super) output_encoding: Setting<String>,
    pub(super) revision_environment: Setting<bool>,
    pub(super) path_separator: Setting<Option<String>>,
    pub(super) databases: Setting<Vec<String>>,
    pub(super) problems: Vec<ConfigProblem>,
}

impl Settings {
    /// Reads all settings of the sources.
    pub(super) fn read(sources: Sources<'_>) -> Self {
        let mut lookup = Lookup { sources, problems: Vec::new() };
        let script_location = lookup.script_location();
        let (version_locations, by_character) = lookup.version_locations();
        let mut settings = Self {
            script_location,
            version_locations,
            by_character,
            prepend_sys_path: lookup.prepend_sys_path(),
            recursive: lookup.boolean("recursive_version_locations"),
            sourceless: lookup.boolean("sourceless"),
            file_template: lookup.text_or("file_template", DEFAULT_TEMPLATE),
            truncate_slug_length: lookup.truncate_slug_length(),
            timezone: lookup.optional_text("timezone"),
            output_encoding: lookup.text_or("output_encoding", "utf-8"),
            revision_environment: lookup.revision_environment(),
            path_separator: lookup.path_separator(),
            databases: lookup.databases(),
            problems: Vec::new(),
        };
        checks::run(&mut lookup);
        settings.problems = lookup.problems;
        if sources.ini.is_some_and(|ini| ini.is_unread) {
            // One problem says it all: the file could not be read.
            settings.problems.retain(|problem| {
                !matches!(
                    problem.kind,
                    ConfigProblemKind::NoScriptLocation | ConfigProblemKind::SectionAbsent { .. }
                )
            });
        }
        settings
    }
}

/// The lookups, collecting what is odd.
struct Lookup<'a> {
    sources: Sources<'a>,
    problems: Vec<ConfigProblem>,
}

impl<'a> Lookup<'a> {
    fn report(&mut self, kind: ConfigProblemKind, place: &Place, effect: Effect) {
        let problem = ConfigProblem { kind, file: place.file.clone(), span: Some(place.span), effect };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    fn toml_entry(&self, name: &str) -> Option<(&'a Pyproject, &'a TomlEntry)> {
        let toml = self.sources.toml?;
        toml.entries.get(name).map(|entry| (toml, entry))
    }

    /// Reads an ini option. The text keeps its places; `true` marks a guess.
    fn ini_traced(&mut self, name: &str) -> Option<(&'a Ini, Traced, bool)> {
        let ini = self.sources.ini?;
        let option = ini.option(self.sources.section, name)?;
        match interpolate(ini, self.sources.section, name, option) {
            Ok(value) => Some((ini, value, false)),
            Err(fault) => {
                let place = ini.place(option.value.span());
                self.report(fault.kind, &place, Effect::Fails { message: fault.message });
                Some((ini, option.value.clone(), true))
            }
        }
    }

    fn ini_text(&mut self, name: &str) -> Option<Written> {
        let (ini, value, is_guess) = self.ini_traced(name)?;
        let span = value.span();
        let raw = ini.text(span).to_owned();
        Some(Written { raw, value: value.text, place: Some(ini.place(span)), is_guess })
    }

    /// Reads an option that both kinds of file may hold, as text.
    fn text(&mut self, name: &str) -> Option<Written> {
        if let Some(written) = self.ini_text(name) {
            return Some(written);
        }
        let (toml, entry) = self.toml_entry(name)?;
        match &entry.value {
            TomlValue::Text(text) => Some(self.formatted(toml, name, text, entry.span)),
            other => {
                let effect = wrong_type_effect(name, other);
                self.wrong_type(toml, name, entry, effect);
                None
            }
        }
    }

    fn wrong_type(&mut self, toml: &Pyproject, name: &str, entry: &TomlEntry, effect: Effect) {
        let found = entry.value.python_type().to_owned();
        let kind = ConfigProblemKind::WrongType { setting: name.to_owned(), found };
        self.report(kind, &toml.place(entry.span), effect);
    }

    /// Puts `%(here)s` into a TOML string.
    fn formatted(&mut self, toml: &Pyproject, name: &str, text: &str, span: super::Span) -> Written {
        let folder = toml.path.parent().map(here).unwrap_or_default();
        let place = toml.place(span);
        let (value, is_guess) = match percent(text, &folder) {
            Ok(value) => (value, false),
            Err(message) => {
                let kind = ConfigProblemKind::FormatError { setting: name.to_owned() };
                self.report(kind, &place, Effect::Fails { message });
                (text.to_owned(), true)
            }
        };
        Written { raw: toml.text(span).to_owned(), value, place: Some(place), is_guess }
    }

    fn script_location(&mut self) -> Option<Written> {
        let written = self.text("script_location");
        let has_other_type = self.toml_entry("script_location").is_some();
        if written.is_none() && !has_other_type {
            let sources = self.sources;
            let file = sources.ini.map(|ini| &ini.path).or_else(|| sources.toml.map(|toml| &toml.path));
            let header = sources.ini.and_then(|ini| ini.header(sources.section));
            let message = "No 'script_location' key found in configuration.".to_owned();
            self.problems.push(ConfigProblem {
                kind: ConfigProblemKind::NoScriptLocation,
                file: file.cloned().unwrap_or_default(),
                span: header,
                effect: Effect::Fails { message },
            });
        }
        written
    }

    fn text_or(&mut self, name: &str, default: &str) -> Setting<String> {
        match self.text(name) {
            Some(written) => Setting { value: written.value, written_at: written.place },
            None => Setting::default(default.to_owned()),
        }
    }

    fn optional_text(&mut self, name: &str) -> Setting<Option<String>> {
        match self.text(name) {
            Some(written) => Setting { value: Some(written.value), written_at: written.place },
            None => Setting::default(None),
        }
    }

    /// Reads a boolean by Alembic's rule: in an ini only the exact text `true` is true.
    fn boolean(&mut self, name: &str) -> bool {
        if let Some(written) = self.ini_text(name) {
            if let Some(place) = &written.place
                && written.value != "true"
                && looks_true(&written.value)
            {
                let kind = ConfigProblemKind::BooleanNotTrue {
                    setting: name.to_owned(),
                    value: written.value.clone(),
                };
                self.report(kind, place, Effect::Silent);
            }
            return written.value == "true";
        }
        let Some((toml, entry)) = self.toml_entry(name) else { return false };
        if let TomlValue::Boolean(value) = entry.value {
            return value;
        }
        let found = entry.value.python_type().to_owned();
        let message = format!("boolean value expected for TOML parameter {}", repr(name));
        let kind = ConfigProblemKind::BooleanExpected { setting: name.to_owned(), found };
        self.report(kind, &toml.place(entry.span), Effect::Fails { message });
        false
    }

    /// Reads `revision_environment`, which takes more words for true than the other booleans.
    fn revision_environment(&mut self) -> Setting<bool> {
        let name = "revision_environment";
        if let Some((toml, entry)) = self.toml_entry(name)
            && !self.has_ini_option(name)
        {
            let value = match &entry.value {
                TomlValue::Boolean(value) => Some(*value),
                TomlValue::Integer(digits) => Some(digits != "0"),
                TomlValue::Array(items) => Some(!items.is_empty()),
                TomlValue::Table(table) => Some(!table.is_empty()),
                TomlValue::Text(_) | TomlValue::Other(_) => None,
            };
            if let Some(value) = value {
                return Setting { value, written_at: Some(toml.place(entry.span)) };
            }
        }
        let Some(written) = self.text(name) else { return Setting::default(false) };
        let value = as_bool(&written.value);
        if let (None, Some(place), false) = (value, &written.place, written.is_guess) {
            let word = super::python::strip_range(&written.value);
            let message = format!(
                "ValueError: String is not true/false: {}",
                repr(&written.value[word].to_lowercase())
            );
            let kind =
                ConfigProblemKind::BadBoolean { setting: name.to_owned(), value: written.value.clone() };
            self.report(kind, place, Effect::FailsOnRevision { message });
        }
        Setting { value: value.unwrap_or(false), written_at: written.place }
    }

    fn has_ini_option(&self, name: &str) -> bool {
        self.sources.ini.is_some_and(|ini| ini.option(self.sources.section, name).is_some())
    }

    fn truncate_slug_length(&mut self) -> Setting<i64> {
        let name = "truncate_slug_length";
        let written = match self.toml_entry(name) {
            Some((toml, entry)) if !self.has_ini_option(name) => match &entry.value {
                TomlValue::Integer(digits) => Some(Written {
                    value: digits.clone(),
                    place: Some(toml.place(entry.span)),
                    ..Written::default()
                }),
                TomlValue::Boolean(value) => {
                    let digits = i64::from(*value).to_string();
                    Some(Written { value: digits, place: Some(toml.place(entry.span)), ..Written::default() })
                }
                _ => self.text(name),
            },
            _ => self.text(name),
        };
        let Some(written) = written else { return Setting::default(40) };
        let value = int(&written.value);
        if let (None, Some(place), false) = (value, &written.place, written.is_guess) {
            let message =
                format!("ValueError: invalid literal for int() with base 10: {}", repr(&written.value));
            let kind =
                ConfigProblemKind::BadNumber { setting: name.to_owned(), value: written.value.clone() };
            self.report(kind, place, Effect::Fails { message });
        }
        // Zero means the default, too.
        Setting { value: value.filter(|n| *n != 0).unwrap_or(40), written_at: written.place }
    }

    /// Reads the separator in force for `version_locations`, for showing.
    fn path_separator(&mut self) -> Setting<Option<String>> {
        for name in ["path_separator", "version_path_separator"] {
            if let Some(ini) = self.sources.ini
                && let Some(option) = ini.option(self.sources.section, name)
            {
                let written_at = Some(ini.place(option.value.span()));
                return Setting { value: Some(option.value.text.clone()), written_at };
            }
        }
        Setting::default(None)
    }

    /// Reads `databases` as the `env.py` of the multidb template does.
    fn databases(&mut self) -> Setting<Vec<String>> {
        let Some(ini) = self.sources.ini else { return Setting::default(Vec::new()) };
        let Some(option) = ini.option(self.sources.section, "databases") else {
            return Setting::default(Vec::new());
        };
        let value = interpolate(ini, self.sources.section, "databases", option);
        let text = value.map_or_else(|_| option.value.text.clone(), |value| value.text);
        let names = text.split(',').enumerate().map(|(at, name)| match at {
            0 => name,
            _ => name.trim_start(),
        });
        let value = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Setting { value, written_at: Some(ini.place(option.value.span())) }
    }
}

fn no_percent(value: &TomlValue) -> String {
    format!("TypeError: unsupported operand type(s) for %: '{}' and 'dict'", value.python_type())
}

fn unsupported(name: &str) -> String {
    format!("unsupported TOML value type for key: {}", repr(name))
}

/// Tells what Alembic does with a TOML value that is not text where it wants text.
fn wrong_type_effect(name: &str, value: &TomlValue) -> Effect {
    let found = value.python_type();
    if let TomlValue::Array(items) = value
        && let Some((_, item)) = items.iter().find(|(_, item)| !matches!(item, TomlValue::Text(_)))
        && !matches!(item, TomlValue::Table(_))
    {
        return Effect::Fails { message: no_percent(item) };
    }
    match (name, value) {
        (_, TomlValue::Other(_)) if name != "revision_environment" => {
            Effect::Fails { message: unsupported(name) }
        }
        (_, TomlValue::Other(_)) => Effect::FailsOnRevision { message: unsupported(name) },
        ("script_location", _) => {
            let message = format!("TypeError: expected str, bytes or os.PathLike object, not {found}");
            Effect::Fails { message }
        }
        ("truncate_slug_length", _) => {
            let message = format!(
                "TypeError: int() argument must be a string, a bytes-like object or a real number, not '{found}'"
            );
            Effect::Fails { message }
        }
        ("file_template", _) => Effect::FailsOnRevision { message: no_percent(value) },
        _ => Effect::FailsOnRevision { message: format!("TypeError: str expected, not {found}") },
    }
}

/// Whether a person would take the word for true.
fn looks_true(value: &str) -> bool {
    let word = value.split(['#', ';']).next().unwrap_or_default();
    let word = word.trim().trim_matches(['"', '\'']).to_lowercase();
    matches!(word.as_str(), "true" | "1" | "yes" | "on" | "y" | "t")
}

/// SQLAlchemy's `asbool`, for text.
fn as_bool(value: &str) -> Option<bool> {
    match value[super::python::strip_range(value)].to_lowercase().as_str() {
        "true" | "yes" | "on" | "y" | "t" | "1" => Some(true),
        "false" | "no" | "off" | "n" | "f" | "0" => Some(false),
        _ => None,
    }
}
