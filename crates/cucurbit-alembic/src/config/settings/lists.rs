//! The two settings that are lists of paths.

use std::ops::Range;

use super::super::problem::{ConfigProblemKind, Effect};
use super::super::pyproject::{Pyproject, TomlValue};
use super::super::split::Separator;
use super::super::{Place, Span};
use super::{Lookup, Written, no_percent, unsupported};

impl Lookup<'_> {
    pub(super) fn version_locations(&mut self) -> (Vec<Written>, bool) {
        let name = "version_locations";
        if let Some(list) = self.ini_list(name, &["path_separator", "version_path_separator"]) {
            for item in &list {
                if let (true, Some(place)) = (item.value.is_empty(), &item.place) {
                    let kind = ConfigProblemKind::EmptyItem { setting: name.to_owned() };
                    self.report(kind, place, Effect::Silent);
                }
            }
            return (list, false);
        }
        self.toml_list(name)
    }

    pub(super) fn prepend_sys_path(&mut self) -> Vec<Written> {
        let name = "prepend_sys_path";
        match self.ini_list(name, &["path_separator"]) {
            Some(list) => list,
            None => self.toml_list(name).0,
        }
    }

    /// Splits a list of the ini file; nothing when it is absent or empty.
    fn ini_list(&mut self, name: &str, separators: &[&str]) -> Option<Vec<Written>> {
        let (ini, text, is_guess) = self.ini_traced(name)?;
        if text.text.is_empty() {
            return None;
        }
        let old = Separator::Old { colons: name == "prepend_sys_path" };
        let separator = self.separator(separators);
        let items = separator.unwrap_or(old).split(&text.text);
        if separator.is_none() {
            let colons =
                if name == "prepend_sys_path" { "spaces, commas, and colons" } else { "spaces/commas" };
            let message = format!(
                "No path_separator found in configuration; falling back to legacy splitting on {colons} for \
                 {name}.  Consider adding path_separator=os to Alembic config."
            );
            let kind = ConfigProblemKind::NoSeparator { setting: name.to_owned(), items: items.len() };
            self.report(kind, &ini.place(text.span()), Effect::Warns { message });
        }
        let written = |range: Range<usize>| {
            let span = text.span_of(range.clone());
            let raw = ini.text(span).to_owned();
            Written { raw, value: text.text[range].to_owned(), place: Some(ini.place(span)), is_guess }
        };
        Some(items.into_iter().map(written).collect())
    }

    /// Finds the first separator setting; nothing when there is none.
    fn separator(&mut self, names: &[&str]) -> Option<Separator> {
        for name in names {
            let Some(written) = self.ini_text(name) else { continue };
            let separator = Separator::named(&written.value);
            if let (Some(place), false) = (&written.place, written.is_guess) {
                if separator.is_none() {
                    self.unknown_separator(name, &written.value, place);
                } else if *name == "version_path_separator" {
                    let message = "The version_path_separator configuration parameter is deprecated; please use \
                                   path_separator";
                    let effect = Effect::Warns { message: message.to_owned() };
                    self.report(ConfigProblemKind::DeprecatedSeparator, place, effect);
                }
            }
            // What stands there is most often a comment behind a good value.
            let word = || written.value.split_whitespace().next().and_then(Separator::named);
            return Some(separator.or_else(word).unwrap_or(Separator::Old { colons: false }));
        }
        None
    }

    fn unknown_separator(&mut self, name: &str, value: &str, place: &Place) {
        let message = format!(
            "ValueError: '{value}' is not a valid value for {name}; expected 'space', 'newline', 'os', ':', ';'"
        );
        let kind = ConfigProblemKind::UnknownSeparator { setting: name.to_owned(), value: value.to_owned() };
        self.report(kind, place, Effect::Fails { message });
    }

    /// Reads a TOML list; `true` when it is a string, which goes by characters.
    fn toml_list(&mut self, name: &str) -> (Vec<Written>, bool) {
        let Some((toml, entry)) = self.toml_entry(name) else { return (Vec::new(), false) };
        match &entry.value {
            TomlValue::Array(items) => (self.toml_items(toml, name, items), false),
            TomlValue::Boolean(false) => (Vec::new(), false),
            TomlValue::Integer(digits) if digits == "0" => (Vec::new(), false),
            TomlValue::Text(text) => {
                let whole = self.formatted(toml, name, text, entry.span);
                if let (Some(place), false) = (&whole.place, whole.value.is_empty()) {
                    let kind = ConfigProblemKind::StringForList {
                        setting: name.to_owned(),
                        value: whole.value.clone(),
                    };
                    self.report(kind, place, Effect::Silent);
                }
                let one = |c: char| Written { value: c.to_string(), ..whole.clone() };
                (whole.value.chars().map(one).collect(), true)
            }
            other => {
                let message = match other {
                    TomlValue::Other(_) => unsupported(name),
                    _ if name == "prepend_sys_path" => "TypeError: can only assign an iterable".to_owned(),
                    _ => format!("TypeError: '{}' object is not iterable", other.python_type()),
                };
                let effect = match other {
                    // Its keys are taken for the items.
                    TomlValue::Table(_) => Effect::Silent,
                    _ => Effect::Fails { message },
                };
                self.wrong_type(toml, name, entry, effect);
                (Vec::new(), false)
            }
        }
    }

    fn toml_items(&mut self, toml: &Pyproject, name: &str, items: &[(Span, TomlValue)]) -> Vec<Written> {
        let mut list = Vec::new();
        for (span, item) in items {
            match item {
                TomlValue::Text(text) => list.push(self.formatted(toml, name, text, *span)),
                other => {
                    let setting = format!("{name}[]");
                    let kind =
                        ConfigProblemKind::WrongType { setting, found: other.python_type().to_owned() };
                    let not_a_path =
                        || "TypeError: expected str, bytes or os.PathLike object, not dict".to_owned();
                    let effect = match other {
                        TomlValue::Table(_) if name == "prepend_sys_path" => Effect::Silent,
                        TomlValue::Table(_) => Effect::Fails { message: not_a_path() },
                        _ => Effect::Fails { message: no_percent(other) },
                    };
                    self.report(kind, &toml.place(*span), effect);
                }
            }
        }
        list
    }
}
