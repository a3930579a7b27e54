//! What problems of the configuration mean, in words, for the rules of this family.

use crate::case::Case;
use crate::finding::{Finding, Place, RuleInfo, Severity, Tie};
use cucurbit_alembic::config::{ConfigProblem, ConfigProblemKind as Kind, Effect};
use cucurbit_text::Span;

/// Which rule reports a kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    ScriptLocation,
    VersionLocation,
    Overlap,
    Ignored,
    Invalid,
    Shared,
}

pub(super) fn family(kind: &Kind) -> Family {
    match kind {
        Kind::NoScriptLocation | Kind::ScriptLocationMissing { .. } | Kind::ScriptLocationIsFile { .. } => {
            Family::ScriptLocation
        }
        Kind::PackageNotFound { setting, .. } if setting == "script_location" => Family::ScriptLocation,
        Kind::VersionLocationMissing { .. }
        | Kind::VersionLocationIsFile { .. }
        | Kind::PackageNotFound { .. } => Family::VersionLocation,
        Kind::LocationFromElsewhere { setting, .. } if setting == "script_location" => Family::ScriptLocation,
        Kind::LocationFromElsewhere { .. } => Family::VersionLocation,
        Kind::SameVersionLocation { .. } | Kind::NestedVersionLocation { .. } => Family::Overlap,
        Kind::SharedVersionLocations { .. } => Family::Shared,
        Kind::SeparatorIgnored { .. }
        | Kind::BooleanNotTrue { .. }
        | Kind::NearMiss { .. }
        | Kind::Overridden { .. }
        | Kind::DeprecatedSeparator
        | Kind::NoSeparator { .. }
        | Kind::EmptyItem { .. } => Family::Ignored,
        _ => Family::Invalid,
    }
}

/// Reports the problems of one family.
pub(super) fn report(case: &Case, rule: &'static RuleInfo, wanted: Family, out: &mut Vec<Finding>) {
    let problems = case.environment().problems.iter().filter(|problem| family(&problem.kind) == wanted);
    out.extend(problems.map(|problem| finding(case, rule, problem)));
}

fn finding(case: &Case, rule: &'static RuleInfo, problem: &ConfigProblem) -> Finding {
    let span = problem.span.map(|span| Span::of(span.start, span.end));
    let (message, help) = explain(&problem.kind);
    let mut finding = Finding::new(rule, Place::at(&problem.file, span), from_here(problem, &message))
        .severity(severity(&problem.kind, &problem.effect))
        .label(if span.is_some() { "set here" } else { "the configuration" })
        .why(from_here(problem, &why(problem)))
        .help(help);
    if let Effect::Fails { .. } = problem.effect {
        finding = finding.explains(Tie::Configuration);
    }
    match &problem.kind {
        Kind::Overridden { used_at, .. } => {
            let place = Place::at(&used_at.file, Some(Span::of(used_at.span.start, used_at.span.end)));
            finding.also(place, "this one counts")
        }
        Kind::SameVersionLocation { first, .. } => also_location(case, finding, *first),
        Kind::NestedVersionLocation { outer, .. } => also_location(case, finding, *outer),
        Kind::DuplicateSection { first, .. } | Kind::DuplicateOption { first, .. } => {
            finding.also(Place::at(&problem.file, Some(Span::of(first.start, first.end))), "first here")
        }
        Kind::VersionLocationMissing { .. }
        | Kind::VersionLocationIsFile { .. }
        | Kind::StringForList { .. }
        | Kind::BooleanNotTrue { .. } => finding.explains(Tie::Configuration),
        _ => finding,
    }
}

/// Writes paths below the configuration's folder as the configuration would: where the folder stands
/// is no part of what is wrong.
fn from_here(problem: &ConfigProblem, text: &str) -> String {
    match problem.file.parent() {
        Some(folder) if folder.parent().is_some() => {
            text.replace(&format!("{}/", folder.to_string_lossy()), "%(here)s/")
        }
        _ => text.to_owned(),
    }
}

fn also_location(case: &Case, finding: Finding, index: usize) -> Finding {
    match case.environment().version_locations.get(index).and_then(|l| l.written_at.as_ref()) {
        Some(at) => finding.also(
            Place::at(&at.file, Some(Span::of(at.span.start, at.span.end))),
            "the same files are listed here",
        ),
        None => finding,
    }
}

fn severity(kind: &Kind, effect: &Effect) -> Severity {
    match (kind, effect) {
        (_, Effect::Fails { .. } | Effect::FailsInEnvPy { .. }) => Severity::Error,
        (Kind::DeprecatedSeparator | Kind::NoSeparator { .. }, _) => Severity::Note,
        _ => Severity::Warning,
    }
}

fn why(problem: &ConfigProblem) -> String {
    match &problem.effect {
        Effect::Fails { message } => format!("every Alembic command stops with `{message}`"),
        Effect::FailsInEnvPy { message } => {
            format!("commands that run `env.py`, such as `alembic upgrade`, stop with `{message}`")
        }
        Effect::FailsOnRevision { message } => format!("`alembic revision` stops with `{message}`"),
        Effect::Warns { message } => format!("Alembic warns: `{message}`"),
        Effect::Depends { .. } => {
            "whether Alembic finds it depends on where it runs and what is installed there".to_owned()
        }
        _ => silence(&problem.kind).to_owned(),
    }
}

/// Says what Alembic does where it says nothing.
fn silence(kind: &Kind) -> &'static str {
    match kind {
        Kind::VersionLocationMissing { .. } | Kind::VersionLocationIsFile { .. } => {
            "Alembic skips it in silence, and with it the migrations that should be there"
        }
        Kind::StringForList { .. } => "Alembic finds no migration in such folders and says nothing",
        Kind::EmptyItem { .. } => {
            "Alembic takes every `.py` file of the folder in which it runs for a migration"
        }
        Kind::NearMiss { .. } => "Alembic passes over names that it does not know and says nothing",
        Kind::Overridden { .. } => "where both files set a name, the ini file counts; Alembic says nothing",
        Kind::BooleanNotTrue { .. } => "Alembic goes on as if it were not set and says nothing",
        _ => "Alembic says nothing",
    }
}

/// Returns what is wrong and what to do about it.
fn explain(kind: &Kind) -> (String, String) {
    let say = |message: String, help: &str| (message, help.to_owned());
    match kind {
        Kind::Unreadable { reason } => {
            say(format!("the configuration cannot be read: {reason}"), "check its permissions")
        }
        Kind::TooLarge { size, limit } => say(
            format!("the configuration has {size} bytes; it is read up to {limit}"),
            "name the right file: one of that size is no configuration",
        ),
        Kind::NotUtf8 => {
            say("the configuration is not UTF-8; it was read as Latin-1".into(), "save it as UTF-8")
        }
        Kind::ByteOrderMark => say(
            "the configuration begins with a byte order mark, which is taken for text".into(),
            "save it without the mark",
        ),
        Kind::MissingSectionHeader { line } => {
            say(format!("line {line} stands before the first section header"), "put `[alembic]` above it")
        }
        Kind::DuplicateSection { section, .. } => {
            say(format!("section `[{section}]` stands twice"), "join the two")
        }
        Kind::DuplicateOption { section, option, .. } => {
            say(format!("`{option}` stands twice in `[{section}]`"), "remove one of them")
        }
        Kind::UnparsableLine { line, text } => say(
            format!("line {line} is neither a header nor an option: `{text}`"),
            "write `name = value`, or indent it to continue the line above",
        ),
        Kind::TomlSyntax { message, line } => {
            say(format!("the TOML file does not parse at line {line}: {message}"), "correct the file")
        }
        Kind::NotATable { key } => say(format!("`{key}` is not a table"), "write it as a table"),
        Kind::SectionAbsent { section, present } => {
            let names = super::text::list(present);
            say(format!("there is no section `[{section}]`"), &format!("the sections are {names}"))
        }
        Kind::NoScriptLocation => say(
            "no `script_location` is configured".into(),
            "set `script_location` to the folder that holds `env.py`",
        ),
        Kind::ScriptLocationMissing { value } => say(
            format!("the script location `{value}` does not exist"),
            "correct `script_location`; relative paths count from where Alembic runs, `%(here)s` from the file",
        ),
        Kind::ScriptLocationIsFile { value } => {
            say(format!("the script location `{value}` is a file"), "name the folder that holds `env.py`")
        }
        Kind::LocationFromElsewhere { setting, value, used } => {
            let used = used.file_name().unwrap_or_default().to_string_lossy().into_owned();
            say(
                format!(
                    "`{setting}` is `{value}`, a path of another machine; the folder `{used}` beside the configuration was taken"
                ),
                "write the path with `%(here)s`",
            )
        }
        Kind::PackageNotFound { setting, package } => say(
            format!("the package `{package}` of `{setting}` is not here"),
            "if it is installed where Alembic runs, all is well; else correct the name",
        ),
        Kind::VersionLocationMissing { value } => say(
            format!("the version location `{value}` does not exist"),
            "correct the path, or remove it if the folder is gone for good",
        ),
        Kind::VersionLocationIsFile { value } => {
            say(format!("the version location `{value}` is a file"), "name a folder")
        }
        Kind::SameVersionLocation { .. } => {
            say("two version locations are the same folder".into(), "list it once")
        }
        Kind::NestedVersionLocation { .. } => say(
            "one version location lies within another, and both are walked".into(),
            "list the outer one alone, or turn `recursive_version_locations` off",
        ),
        Kind::EmptyItem { setting } => say(
            format!("`{setting}` has an empty item, which means the current folder"),
            "remove the separator at the end",
        ),
        Kind::UnknownSeparator { setting, value } => say(
            format!("`{setting} = {value}` is no separator that Alembic knows"),
            "use `os`, `space`, `newline`, `:` or `;`",
        ),
        Kind::DeprecatedSeparator => {
            say("`version_path_separator` is deprecated".into(), "set `path_separator` instead")
        }
        Kind::NoSeparator { setting, items } => say(
            format!(
                "`{setting}` has no `path_separator` and was split by the old rule, into {}",
                super::text::count(*items, "item", "items")
            ),
            "set `path_separator`: `os` is what new projects have",
        ),
        Kind::SeparatorIgnored { value } => say(
            format!("`version_path_separator = {value}` is ignored, because `path_separator` is set"),
            "remove it",
        ),
        Kind::BooleanNotTrue { setting, value } => {
            say(format!("`{setting} = {value}` counts as false: only `true` is true"), "write `true`")
        }
        Kind::BooleanExpected { setting, found } => say(
            format!("`{setting}` must be a boolean, and is {found}"),
            "write `true` or `false` without quotes",
        ),
        Kind::BadBoolean { setting, value } => {
            say(format!("`{setting} = {value}` is no boolean"), "write `true` or `false`")
        }
        Kind::WrongType { setting, found } => {
            say(format!("`{setting}` cannot be {found}"), "write it as a string")
        }
        Kind::StringForList { setting, value } => say(
            format!("`{setting}` is the string `{value}`; Alembic takes each character for a location"),
            "write an array",
        ),
        Kind::BadNumber { setting, value } => {
            say(format!("`{setting} = {value}` is no number"), "write a number")
        }
        Kind::NearMiss { written, known, .. } => say(
            format!("`{written}` is not a setting of Alembic; `{known}` was probably meant"),
            "correct the name",
        ),
        Kind::Overridden { setting, used, ignored, .. } => {
            say(format!("`{setting} = {ignored}` is ignored: the ini file says `{used}`"), "keep one of them")
        }
        Kind::InterpolationMissing { option, reference } => say(
            format!("`{option}` refers to `%({reference})s`, which is not set"),
            "set it, or write `%%` for a percent sign",
        ),
        Kind::InterpolationSyntax { option } => say(
            format!("`{option}` holds a percent sign that begins nothing"),
            "write `%%` for a percent sign",
        ),
        Kind::InterpolationDepth { option } => {
            say(format!("`{option}` refers to itself, or too far"), "write the value out")
        }
        Kind::InterpolationTooLarge { option } => {
            say(format!("`{option}` grows beyond all bounds"), "write the value out")
        }
        Kind::FormatError { setting } => say(
            format!("`{setting}` cannot be formatted: a percent sign begins nothing"),
            "write `%%` for a percent sign",
        ),
        Kind::SharedVersionLocations { with } => {
            let file = with.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            say(
                format!(
                    "`[{}]` of `{file}` names the same version folders, with other settings",
                    with.section
                ),
                "keep one configuration",
            )
        }
        _ => say("the configuration is odd here".into(), "compare it with what `alembic init` writes"),
    }
}
