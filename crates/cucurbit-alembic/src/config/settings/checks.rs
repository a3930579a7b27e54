//! What is odd about a configuration as a whole: near misses, overridden and unreadable values.

use std::collections::BTreeMap;

use super::super::ini::{Ini, IniOption};
use super::super::interpolation::{here, interpolate, percent};
use super::super::problem::{ConfigProblemKind, Effect};
use super::super::pyproject::{Pyproject, TomlValue};
use super::super::{Place, Span};
use super::Lookup;

/// The keys that Alembic itself looks up, but for short or much used ones that users vary at will.
const KNOWN: [&str; 11] = [
    "script_location",
    "version_locations",
    "version_path_separator",
    "path_separator",
    "prepend_sys_path",
    "recursive_version_locations",
    "sourceless",
    "file_template",
    "truncate_slug_length",
    "revision_environment",
    "output_encoding",
];

/// The keys whose values are compared between the files.
const COMPARED: [&str; 10] = [
    "script_location",
    "version_locations",
    "prepend_sys_path",
    "recursive_version_locations",
    "sourceless",
    "file_template",
    "truncate_slug_length",
    "revision_environment",
    "output_encoding",
    "timezone",
];

/// The file's own section for hooks, which Alembic reads whole.
const HOOKS: &str = "post_write_hooks";

pub(super) fn run(lookup: &mut Lookup<'_>) {
    if let Some(ini) = lookup.sources.ini {
        section_absent(lookup, ini);
        ini_near_misses(lookup, ini);
        separator_ignored(lookup, ini);
        unreadable_options(lookup, ini);
    }
    if let Some(toml) = lookup.sources.toml {
        toml_near_misses(lookup, toml);
        toml_hooks(lookup, toml);
    }
    if let (Some(ini), Some(toml)) = (lookup.sources.ini, lookup.sources.toml) {
        overridden(lookup, ini, toml);
    }
}

fn section_absent(lookup: &mut Lookup<'_>, ini: &Ini) {
    let section = lookup.sources.section;
    // Without an ini section all can still come from TOML.
    let toml_decides = lookup.sources.toml.is_some_and(|toml| toml.entries.contains_key("script_location"));
    if ini.section(section).is_some() || toml_decides && section == "alembic" {
        return;
    }
    let present = ini.sections.iter().map(|section| section.name.clone()).collect();
    let file_name = ini.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let message = format!("No config file '{file_name}' found, or file has no '[{section}]' section");
    let effect = if toml_decides {
        Effect::FailsInEnvPy { message }
    } else {
        Effect::Fails { message: "No 'script_location' key found in configuration.".to_owned() }
    };
    let kind = ConfigProblemKind::SectionAbsent { section: section.to_owned(), present };
    lookup.problems.retain(|problem| problem.kind != ConfigProblemKind::NoScriptLocation);
    lookup.report(kind, &ini.place(Span::default()), effect);
}

/// Returns the options of the section and of `DEFAULT`, by name.
fn options_in_force<'a>(ini: &'a Ini, section: &str) -> BTreeMap<&'a str, &'a IniOption> {
    let Some(section) = ini.section(section) else { return BTreeMap::new() };
    let all = ini.defaults.options.iter().chain(&section.options);
    all.map(|(name, option)| (name.as_str(), option)).collect()
}

fn ini_near_misses(lookup: &mut Lookup<'_>, ini: &Ini) {
    let options = options_in_force(ini, lookup.sources.section);
    for (name, option) in &options {
        let is_set = |known: &str| options.contains_key(known);
        near_miss(lookup, ini.text(option.key), name, &ini.place(option.key), is_set);
    }
}

fn toml_near_misses(lookup: &mut Lookup<'_>, toml: &Pyproject) {
    for (name, entry) in &toml.entries {
        let is_set = |known: &str| toml.entries.contains_key(known);
        near_miss(lookup, name, name, &toml.place(entry.key), is_set);
    }
}

fn near_miss(
    lookup: &mut Lookup<'_>,
    written: &str,
    name: &str,
    place: &Place,
    is_set: impl Fn(&str) -> bool,
) {
    if KNOWN.contains(&name) || name.len() < 7 || name.len() > 40 {
        return;
    }
    let folded = name.to_lowercase();
    let distances = KNOWN.iter().map(|known| (distance(&folded, known), *known));
    let Some((0..=2, known)) = distances.min() else { return };
    let kind = ConfigProblemKind::NearMiss {
        written: written.to_owned(),
        known: known.to_owned(),
        known_is_set: is_set(known),
    };
    lookup.report(kind, place, Effect::Silent);
}

/// Counts the letters to insert, delete, replace or swap.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before_last = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(x != y);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                let swapped: &Vec<usize> = &before_last;
                best = best.min(swapped[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// `version_path_separator` beside `path_separator`, where there is a list to split.
fn separator_ignored(lookup: &mut Lookup<'_>, ini: &Ini) {
    let section = lookup.sources.section;
    let option = |name: &str| ini.option(section, name);
    let (Some(old), Some(new)) = (option("version_path_separator"), option("path_separator")) else { return };
    let has_list = option("version_locations").is_some_and(|list| !list.value.text.is_empty());
    if has_list && old.value.text != new.value.text {
        let kind = ConfigProblemKind::SeparatorIgnored { value: old.value.text.clone() };
        lookup.report(kind, &ini.place(old.value.span()), Effect::Silent);
    }
}

/// Values that nobody looks up by name still stop whoever reads their whole section.
fn unreadable_options(lookup: &mut Lookup<'_>, ini: &Ini) {
    for (section, is_hooks) in [(HOOKS, true), (lookup.sources.section, false)] {
        for (name, option) in options_in_force(ini, section) {
            let Err(fault) = interpolate(ini, section, name, option) else { continue };
            let place = ini.place(option.value.span());
            let is_known = lookup.problems.iter().any(|known| {
                known.span == Some(place.span)
                    && known.file == place.file
                    && matches!(known.effect, Effect::Fails { .. })
            });
            let effect = match is_hooks {
                true => Effect::Fails { message: fault.message },
                false => Effect::FailsInEnvPy { message: fault.message },
            };
            if !is_known {
                lookup.report(fault.kind, &place, effect);
            }
        }
    }
}

/// `post_write_hooks` in TOML is a list of tables of texts, each with a name.
fn toml_hooks(lookup: &mut Lookup<'_>, toml: &Pyproject) {
    let in_ini = lookup.sources.ini.is_some_and(|ini| ini.section(HOOKS).is_some());
    let Some(entry) = toml.entries.get(HOOKS).filter(|_| !in_ini) else { return };
    let TomlValue::Array(hooks) = &entry.value else {
        let message = format!("TypeError: list of tables expected, not {}", entry.value.python_type());
        lookup.wrong_type(toml, HOOKS, entry, Effect::Depends { message });
        return;
    };
    for (span, hook) in hooks {
        let TomlValue::Table(fields) = hook else {
            let kind = ConfigProblemKind::WrongType {
                setting: format!("{HOOKS}[]"),
                found: hook.python_type().to_owned(),
            };
            let message = format!("TypeError: table expected, not {}", hook.python_type());
            lookup.report(kind, &toml.place(*span), Effect::Depends { message });
            continue;
        };
        for text in fields.values().flatten() {
            lookup.formatted(toml, HOOKS, text, *span);
        }
        if !fields.contains_key("name") {
            let kind =
                ConfigProblemKind::WrongType { setting: format!("{HOOKS}[].name"), found: String::new() };
            lookup.report(kind, &toml.place(*span), Effect::Fails { message: "KeyError: 'name'".to_owned() });
        }
    }
}

fn overridden(lookup: &mut Lookup<'_>, ini: &Ini, toml: &Pyproject) {
    let section = lookup.sources.section;
    for name in COMPARED {
        let (Some(option), Some(entry)) = (ini.option(section, name), toml.entries.get(name)) else {
            continue;
        };
        let Ok(used) = interpolate(ini, section, name, option) else { continue };
        let is_list = matches!(name, "version_locations" | "prepend_sys_path");
        if used.text.is_empty() && is_list {
            continue;
        }
        let ignored = shown(toml, &entry.value, entry.span);
        if ignored == used.text || is_list && same_items(&used.text, &ignored) {
            continue;
        }
        let kind = ConfigProblemKind::Overridden {
            setting: name.to_owned(),
            used: used.text.clone(),
            ignored,
            used_at: ini.place(option.value.span()),
        };
        lookup.report(kind, &toml.place(entry.span), Effect::Silent);
    }
}

/// Returns a TOML value as an ini would write it.
fn shown(toml: &Pyproject, value: &TomlValue, span: Span) -> String {
    match value {
        TomlValue::Boolean(value) => value.to_string(),
        TomlValue::Array(items) => {
            let texts = items.iter().map(|(span, item)| shown_item(toml, item, *span));
            texts.collect::<Vec<_>>().join(" ")
        }
        other => shown_item(toml, other, span),
    }
}

fn shown_item(toml: &Pyproject, item: &TomlValue, span: Span) -> String {
    let folder = toml.path.parent().map(here).unwrap_or_default();
    match item {
        TomlValue::Text(text) => percent(text, &folder).unwrap_or_else(|_| text.clone()),
        TomlValue::Integer(digits) => digits.clone(),
        _ => toml.text(span).to_owned(),
    }
}

/// Compares two lists whatever separates them.
fn same_items(a: &str, b: &str) -> bool {
    let items = |text: &str| -> Vec<String> {
        let parts = text.split(|c: char| c.is_whitespace() || ",;:".contains(c));
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    items(a) == items(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_single_edits() {
        assert_eq!(distance("version_location", "version_locations"), 1);
        assert_eq!(distance("script-location", "script_location"), 1);
        assert_eq!(distance("scirpt_location", "script_location"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("version_locations", "version_locations"), 0);
    }
}
