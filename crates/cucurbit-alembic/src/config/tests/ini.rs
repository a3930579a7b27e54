//! The ini reader against Python's ConfigParser.

use super::super::ini::{Ini, Section};
use super::*;

/// Reads a text; gives each section with its options, `name=value`.
fn read(text: &str) -> Vec<String> {
    let ini = Ini::read(PathBuf::from("alembic.ini"), text.as_bytes());
    let options = |section: &Section| {
        let options = section.options.iter().map(|(name, option)| format!("{name}={:?}", option.value.text));
        format!("[{}] {}", section.name, options.collect::<Vec<_>>().join(" "))
    };
    ini.sections.iter().map(options).collect()
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(read(text), expected, "{text:?}");
}

#[test]
fn delimiters_and_case() {
    check("[s]\nA = 1\nb:2\nC : 3 = 4\nd e=\n", &["[s] a=\"1\" b=\"2\" c=\"3 = 4\" d e=\"\""]);
}

#[test]
fn comments_only_at_the_beginning_of_a_line() {
    check("# x\n[s] # y\na = 1 # z\n; b = 2\n  # c = 3\nd = ; e\n", &["[s] a=\"1 # z\" d=\"; e\""]);
}

#[test]
fn indented_lines_continue_the_value() {
    check("[s]\na = 1\n  2\n\n # no\n\t3\n\n\nb = 4\n", &["[s] a=\"1\\n2\\n\\n3\" b=\"4\""]);
    check("[s]\na =\n  [t]\n  b = 1\n", &["[s] a=\"\\n[t]\\nb = 1\""]);
    check("[s]\n  a = 1\n  b = 2\n c = 3\n", &["[s] a=\"1\" b=\"2\" c=\"3\""]);
}

#[test]
fn section_names_end_at_the_last_bracket() {
    check("[a]b]c\nx=1\n[ b ]\n", &["[a]b] x=\"1\"", "[ b ] "]);
}

#[test]
fn a_header_ends_the_value_above_it() {
    check("[s]\na = 1\n[t]\n  b = 2\n", &["[s] a=\"1\"", "[t] b=\"2\""]);
}

#[test]
fn repeated_sections_go_on_and_the_last_option_counts() {
    check("[s]\na = 1\n[t]\n[s]\na = 2\nb = 3\n", &["[s] a=\"2\" b=\"3\"", "[t] "]);
}

#[test]
fn default_is_no_section() {
    let ini = Ini::read(PathBuf::from("x"), b"[DEFAULT]\na = 1\n[s]\nb = 2\n[DEFAULT]\nc = 3\n");
    let value =
        |section: &str, name: &str| ini.option(section, name).map(|option| option.value.text.as_str());
    assert_eq!([value("s", "a"), value("s", "b"), value("s", "c")], [Some("1"), Some("2"), Some("3")]);
    assert_eq!([value("none", "a"), value("DEFAULT", "a")], [None, None]);
    assert_eq!(ini.problems, []);
}

#[test]
fn text_without_a_header_is_kept_if_it_is_alembic() {
    check("a = 1\n", &[]);
    check("script_location = x\n[t]\n", &["[alembic] script_location=\"x\"", "[t] "]);
    check("script_location = x\na = 1\n[alembic]\na = 2\n", &["[alembic] a=\"2\" script_location=\"x\""]);
}
