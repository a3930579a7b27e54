//! Each setting by Alembic's rules. Messages are those that Alembic 1.20.1 ends with.

use super::*;

fn values(located: &[Located]) -> Vec<&str> {
    located.iter().map(|located| located.value.as_str()).collect()
}

#[track_caller]
fn check_versions(lines: &str, expected: &[&str]) {
    assert_eq!(values(&with_lines(lines).1.version_locations), expected, "{lines:?}");
}

#[track_caller]
fn check_failure(lines: &str, expected: &str) {
    assert_eq!(failure(&with_lines(lines).1).as_deref(), Some(expected), "{lines:?}");
}

#[track_caller]
fn check_toml_failure(lines: &str, expected: &str) {
    assert_eq!(failure(&with_toml(lines).1).as_deref(), Some(expected), "{lines:?}");
}

#[test]
fn version_locations_split_by_each_separator() {
    check_versions("version_locations = a:b\npath_separator = os\n", &["a", "b"]);
    check_versions("version_locations = a : b\npath_separator = :\n", &["a", "b"]);
    check_versions("version_locations = a; ;b\npath_separator = ;\n", &["a", "", "b"]);
    check_versions("version_locations = a  b\npath_separator = space\n", &["a", "b"]);
    check_versions("version_locations =\n  a\n\n  b\npath_separator = newline\n", &["a", "b"]);
    check_versions("version_locations = a:b\nversion_path_separator = os\n", &["a", "b"]);
    check_versions(
        "version_locations = a:b\nversion_path_separator = space\npath_separator = os\n",
        &["a", "b"],
    );
}

#[test]
fn version_locations_split_in_the_old_way() {
    check_versions("version_locations = a, b\n", &["a", "b"]);
    check_versions("version_locations = a b\n", &["a", "b"]);
    check_versions("version_locations = a, b,\n", &["a", "b", ""]);
}

#[test]
fn empty_version_locations_count_as_absent() {
    let (tree, environment) = with_lines("version_locations =\n");
    assert_eq!(environment.version_locations[0].path, tree.path("scripts/versions"));
    assert_eq!(environment.version_locations[0].resolution, Resolution::Default);
}

#[test]
fn trailing_comma_means_the_run_folder() {
    let (tree, environment) = with_lines("version_locations = a, b,\n");
    assert_eq!(environment.version_locations[2].path, tree.path(""));
    let empty = ConfigProblemKind::EmptyItem { setting: "version_locations".to_owned() };
    assert!(kinds(&environment).contains(&empty));
    let old = ConfigProblemKind::NoSeparator { setting: "version_locations".to_owned(), items: 3 };
    assert!(kinds(&environment).contains(&old));
}

#[test]
fn items_carry_their_own_spans() {
    let (_tree, environment) = with_lines("version_locations = a:\n   %(here)s/b : c\npath_separator = os\n");
    let text = std::fs::read_to_string(&environment.config_files[0]).unwrap();
    let spans = environment.version_locations.iter().filter_map(|located| located.written_at.clone());
    let texts: Vec<_> = spans.map(|place| &text[place.span.start..place.span.end]).collect();
    assert_eq!(texts, ["a", "%(here)s/b", "c"]);
    assert!(environment.version_locations[1].exists);
}

#[test]
fn unknown_separator_stops_alembic_where_a_list_needs_it() {
    let message = "ValueError: 'comma' is not a valid value for path_separator; expected 'space', 'newline', 'os', ':', ';'";
    check_failure("version_locations = a b\npath_separator = comma\n", message);
    check_failure("prepend_sys_path = .\npath_separator = comma\n", message);
    assert_eq!(with_lines("path_separator = comma\n").1.problems, []);
}

#[test]
fn comment_behind_a_separator_is_part_of_it() {
    let (_tree, environment) =
        with_lines("version_locations = a:b\nversion_path_separator = os  # the default\n");
    assert_eq!(values(&environment.version_locations), ["a", "b"]);
    let unknown = ConfigProblemKind::UnknownSeparator {
        setting: "version_path_separator".to_owned(),
        value: "os  # the default".to_owned(),
    };
    assert_eq!(kinds(&environment), [unknown]);
    assert_eq!(excerpt(&environment.problems[0]), "os  # the default");
}

#[test]
fn old_separator_setting_is_deprecated_or_ignored() {
    let (_tree, environment) = with_lines("version_locations = a:b\nversion_path_separator = os\n");
    assert_eq!(kinds(&environment), [ConfigProblemKind::DeprecatedSeparator]);
    assert!(matches!(environment.problems[0].effect, Effect::Warns { .. }));
    let lines = "version_locations = a:b\nversion_path_separator = space\npath_separator = os\n";
    let ignored = ConfigProblemKind::SeparatorIgnored { value: "space".to_owned() };
    assert_eq!(kinds(&with_lines(lines).1), [ignored]);
}

#[test]
fn prepend_sys_path_splits_at_colons_too() {
    let (_tree, environment) = with_lines("prepend_sys_path = .:src, lib\n");
    assert_eq!(values(&environment.prepend_sys_path), [".", "src", "lib"]);
    let (_tree, environment) = with_lines("prepend_sys_path = . src\npath_separator = os\n");
    assert_eq!(values(&environment.prepend_sys_path), [". src"]);
}

#[test]
fn only_the_exact_text_true_is_true() {
    for (text, expected) in
        [("true", true), ("True", false), ("1", false), ("yes", false), ("", false), ("false", false)]
    {
        let (_tree, environment) =
            with_lines(&format!("recursive_version_locations = {text}\nsourceless={text}\n"));
        assert_eq!((environment.recursive, environment.sourceless), (expected, expected), "{text}");
        let looks_true = matches!(text, "True" | "1" | "yes");
        assert_eq!(environment.problems.len(), if looks_true { 2 } else { 0 }, "{text}");
    }
}

#[test]
fn revision_environment_takes_more_words() {
    for (text, expected) in [("true", true), ("Yes", true), ("1", true), ("off", false)] {
        let (_tree, environment) = with_lines(&format!("revision_environment = {text}\n"));
        assert_eq!(environment.revision_environment.value, expected, "{text}");
        assert_eq!(environment.problems, [], "{text}");
    }
    let (_tree, environment) = with_lines("revision_environment = maybe\n");
    let message = "ValueError: String is not true/false: 'maybe'".to_owned();
    assert_eq!(environment.problems[0].effect, Effect::FailsOnRevision { message });
}

#[test]
fn toml_booleans_must_be_booleans() {
    assert!(with_toml("recursive_version_locations = true\n").1.recursive);
    check_toml_failure("sourceless = \"true\"\n", "boolean value expected for TOML parameter 'sourceless'");
    check_toml_failure(
        "recursive_version_locations = 1\n",
        "boolean value expected for TOML parameter 'recursive_version_locations'",
    );
}

#[test]
fn truncate_slug_length_is_an_int() {
    let length =
        |text: &str| with_lines(&format!("truncate_slug_length = {text}\n")).1.truncate_slug_length.value;
    assert_eq!([length("20"), length("4_0"), length("0"), length("-3")], [20, 40, 40, -3]);
    check_failure(
        "truncate_slug_length = 4.5\n",
        "ValueError: invalid literal for int() with base 10: '4.5'",
    );
    check_failure("truncate_slug_length =\n", "ValueError: invalid literal for int() with base 10: ''");
    assert_eq!(with_toml("truncate_slug_length = 0x10\n").1.truncate_slug_length.value, 16);
}

#[test]
fn plain_texts_and_defaults() {
    let (_tree, environment) = with_lines("");
    assert_eq!(environment.file_template, Setting::default("%(rev)s_%(slug)s".to_owned()));
    assert_eq!(
        (environment.output_encoding.value.as_str(), environment.timezone.value.as_deref()),
        ("utf-8", None)
    );
    let lines = "file_template = %%(year)d_%%(rev)s\ntimezone = UTC\noutput_encoding = latin-1\ndatabases = one, two\n";
    let (_tree, environment) = with_lines(lines);
    assert_eq!(environment.file_template.value, "%(year)d_%(rev)s");
    assert_eq!(environment.timezone.value.as_deref(), Some("UTC"));
    assert_eq!(environment.output_encoding.value, "latin-1");
    assert_eq!(environment.databases.value, ["one", "two"]);
}

#[test]
fn unescaped_template_stops_alembic_and_is_still_understood() {
    let (_tree, environment) = with_lines("file_template = %(year)d_%(rev)s\n");
    let message =
        "configparser.InterpolationSyntaxError: bad interpolation variable reference '%(year)d_%(rev)s'";
    assert_eq!(failure(&environment).as_deref(), Some(message));
    assert_eq!(environment.file_template.value, "%(year)d_%(rev)s");
    check_failure(
        "file_template = %(rev)s\n",
        "configparser.InterpolationMissingOptionError: Bad value substitution: option 'file_template' in section \
         'alembic' contains an interpolation key 'rev' which is not a valid option name. Raw value: '%(rev)s'",
    );
}

#[test]
fn percent_in_a_password_stops_env_py_only() {
    let (_tree, environment) = with_lines("sqlalchemy.url = postgresql://u:p%40w@h/d\n");
    let message =
        "configparser.InterpolationSyntaxError: '%' must be followed by '%' or '(', found: '%40w@h/d'";
    assert_eq!(environment.problems[0].effect, Effect::FailsInEnvPy { message: message.to_owned() });
    assert_eq!(failure(&environment), None);
}

#[test]
fn percent_in_a_hook_stops_all() {
    check_failure(
        "[post_write_hooks]\nhooks = a\na.options = 5%\n",
        "configparser.InterpolationSyntaxError: '%' must be followed by '%' or '(', found: '%'",
    );
    assert_eq!(with_lines("[formatters]\nformat = %(levelname)-5.5s\n").1.problems, []);
}

#[test]
fn references_go_ten_deep() {
    let chain = |links: usize| -> String {
        let lines = (1..=links).map(|at| format!("k{at} = %(k{})s\n", at + 1));
        format!("{}k{} = UTC\ntimezone = %(k1)s\n", lines.collect::<String>(), links + 1)
    };
    assert_eq!(with_lines(&chain(9)).1.timezone.value.as_deref(), Some("UTC"));
    assert_eq!(failure(&with_lines(&chain(9)).1), None);
    let (_tree, environment) = with_lines(&chain(10));
    let deep = ConfigProblemKind::InterpolationDepth { option: "timezone".to_owned() };
    assert!(kinds(&environment).contains(&deep), "{:?}", kinds(&environment));
}

#[test]
fn references_come_from_the_section_then_default_then_here() {
    let tree = tree(
        "--- x/\n--- y/\n--- alembic.ini\n[DEFAULT]\nplace = x\nother = y\n[alembic]\nPLACE = y\n\
         script_location = %(Place)s\nversion_locations = %(other)s %(here)s/x\n",
    );
    tree.check(&["Configured alembic.ini [alembic] in .: y -> y, x"]);
}

#[test]
fn here_can_be_overridden() {
    let tree = tree("--- x/\n--- alembic.ini\n[DEFAULT]\nhere = x\n[alembic]\nscript_location = %(here)s\n");
    tree.check(&["Configured alembic.ini [alembic] in .: x -> x/versions?"]);
}

#[test]
fn near_misses_are_named() {
    let near = |written: &str, known: &str, known_is_set| ConfigProblemKind::NearMiss {
        written: written.to_owned(),
        known: known.to_owned(),
        known_is_set,
    };
    let (_tree, environment) = with_lines("version_location = a\n");
    assert_eq!(kinds(&environment), [near("version_location", "version_locations", false)]);
    assert_eq!(excerpt(&environment.problems[0]), "version_location");
    let (_tree, environment) = with_lines("Script_Locations = b\n");
    assert_eq!(kinds(&environment), [near("Script_Locations", "script_location", true)]);
    let (_tree, environment) = with_toml("Recursive_Version_Locations = true\n");
    assert_eq!(
        kinds(&environment),
        [near("Recursive_Version_Locations", "recursive_version_locations", false)]
    );
    assert_eq!(with_lines("sqlalchemy.urls = x\nschema_name = y\ndatabase = z\n").1.problems, []);
}

#[test]
fn toml_strings_are_formatted() {
    let (tree, environment) =
        with_toml("version_locations = [\"%(here)s/a\", \"b\"]\nfile_template = \"%%(rev)s\"\n");
    assert_eq!(environment.version_locations[0].path, tree.path("a"));
    assert_eq!(environment.version_locations[0].written, "\"%(here)s/a\"");
    assert_eq!(environment.file_template.value, "%(rev)s");
    check_toml_failure("file_template = \"%(rev)s\"\n", "KeyError: 'rev'");
    check_toml_failure("file_template = \"5%\"\n", "ValueError: incomplete format");
    check_toml_failure(
        "file_template = \"%q\"\n",
        "ValueError: unsupported format character 'q' (0x71) at index 1",
    );
    check_toml_failure(
        "timezone = \"%(here)d\"\n",
        "TypeError: %d format: a real number is required, not str",
    );
}

#[test]
fn toml_string_for_a_list_goes_by_characters() {
    let (tree, environment) = with_toml("version_locations = \"a/b.\"\n");
    let text = ConfigProblemKind::StringForList {
        setting: "version_locations".to_owned(),
        value: "a/b.".to_owned(),
    };
    assert_eq!(kinds(&environment), [text]);
    let paths: Vec<_> = environment.version_locations.iter().map(|located| located.path.clone()).collect();
    assert_eq!(paths, [tree.path("a"), tree.path("b"), tree.path("")]);
}

#[test]
fn toml_values_of_wrong_types() {
    check_toml_failure("version_locations = 1\n", "TypeError: 'int' object is not iterable");
    check_toml_failure(
        "version_locations = [1]\n",
        "TypeError: unsupported operand type(s) for %: 'int' and 'dict'",
    );
    check_toml_failure("timezone = 1.5\n", "unsupported TOML value type for key: 'timezone'");
    check_toml_failure("timezone = 1979-05-27\n", "unsupported TOML value type for key: 'timezone'");
    check_toml_failure("post_write_hooks = [{type = \"x\"}]\n", "KeyError: 'name'");
    let number = tree("--- pyproject.toml\n[tool.alembic]\nscript_location = 3\n").only();
    let message = "TypeError: expected str, bytes or os.PathLike object, not int";
    assert_eq!(failure(&number).as_deref(), Some(message));
}

#[test]
fn ini_wins_over_toml_key_by_key() {
    let tree = tree(
        "--- x/env.py\n--- y/\n--- a/\n--- alembic.ini\n[alembic]\nscript_location = x\ntimezone = UTC\n\
         --- pyproject.toml\n[tool.alembic]\nscript_location = \"y\"\nversion_locations = [\"a\"]\ntimezone = \"UTC\"\n",
    );
    tree.check(&["Configured alembic.ini+pyproject.toml [alembic] in .: x -> a"]);
    let environment = tree.only();
    let [problem] = environment.problems.as_slice() else { panic!("{:?}", environment.problems) };
    assert!(matches!(&problem.kind, ConfigProblemKind::Overridden { setting, used, ignored, .. }
            if setting == "script_location" && used == "x" && ignored == "y"));
    assert_eq!(excerpt(problem), "\"y\"");
}

#[test]
fn empty_list_in_the_ini_leaves_it_to_toml() {
    let tree = tree(
        "--- x/env.py\n--- a/\n--- alembic.ini\n[alembic]\nscript_location = x\nversion_locations =\n\
         --- pyproject.toml\n[tool.alembic]\nversion_locations = [\"a\"]\n",
    );
    tree.check(&["Configured alembic.ini+pyproject.toml [alembic] in .: x -> a"]);
}

#[test]
fn missing_folders_are_told_apart() {
    let (_tree, environment) = with_lines("version_locations = a:nowhere\npath_separator = os\n");
    let missing = ConfigProblemKind::VersionLocationMissing { value: "nowhere".to_owned() };
    assert_eq!(kinds(&environment), [missing]);
    assert_eq!(environment.problems[0].effect, Effect::Silent);
    let tree = tree("--- alembic.ini\n[alembic]\nscript_location = ./no//where/\n");
    let message =
        "Path doesn't exist: no/where.  Please use the 'init' command to create a new scripts folder.";
    assert_eq!(failure(&tree.only()).as_deref(), Some(message));
}

#[test]
fn overlapping_locations() {
    let lines = "version_locations = a:b:./a:b/c\npath_separator = os\n";
    let same = ConfigProblemKind::SameVersionLocation { first: 0, second: 2 };
    let check = |extra: &str, expected: &[ConfigProblemKind]| {
        let tree = tree(&format!(
            "--- s/env.py\n--- a/\n--- b/c/\n--- alembic.ini\n[alembic]\nscript_location = s\n{lines}{extra}"
        ));
        assert_eq!(kinds(&tree.only()), expected);
    };
    check("", std::slice::from_ref(&same));
    let nested = ConfigProblemKind::NestedVersionLocation { outer: 1, inner: 3 };
    check("recursive_version_locations = true\n", &[same, nested]);
}

#[test]
fn no_script_location() {
    let tree = tree("--- alembic.ini\n[alembic]\ntimezone = UTC\n");
    let environment = tree.only();
    assert_eq!(kinds(&environment), [ConfigProblemKind::NoScriptLocation]);
    assert_eq!(excerpt(&environment.problems[0]), "[alembic]");
    let message = "No 'script_location' key found in configuration.";
    assert_eq!(failure(&environment).as_deref(), Some(message));
    assert_eq!(environment.version_locations, []);
}
