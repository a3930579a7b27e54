//! Whatever can be in a folder: problems come out, never a panic, and the rest is still read.

use super::*;

/// Reads an ini of these bytes beside the folder `scripts`.
fn with_bytes(name: &str, bytes: impl AsRef<[u8]>) -> (Tree, Environment) {
    let tree = tree("--- scripts/env.py\n--- scripts/versions/\n");
    tree.write(&tree.path(name), bytes);
    let environment = tree.only();
    (tree, environment)
}

#[track_caller]
fn check_ini(text: &str, kind: &ConfigProblemKind, about: &str, message: &str) {
    let (_tree, environment) = with_bytes("alembic.ini", text);
    let problem = environment.problems.first().unwrap_or_else(|| panic!("no problem in {text:?}"));
    assert_eq!((&problem.kind, excerpt(problem).as_str()), (kind, about));
    assert_eq!(problem.effect, Effect::Fails { message: message.to_owned() });
    assert!(environment.version_locations[0].exists, "{text:?}");
}

#[test]
fn byte_order_mark() {
    check_ini(
        "\u{feff}[alembic]\nscript_location = scripts\n",
        &ConfigProblemKind::ByteOrderMark,
        "\u{feff}",
        "configparser.MissingSectionHeaderError: File contains no section headers.\nfile: PosixPath('alembic.ini'), \
         line: 1\n'\\ufeff[alembic]\\n'",
    );
}

#[test]
fn duplicate_option() {
    check_ini(
        "[alembic]\nscript_location = old\nScript_Location = scripts\n",
        &ConfigProblemKind::DuplicateOption {
            section: "alembic".to_owned(),
            option: "script_location".to_owned(),
            first: Span::new(10, 25),
        },
        "Script_Location",
        "configparser.DuplicateOptionError: While reading from PosixPath('alembic.ini') [line  3]: option \
         'script_location' in section 'alembic' already exists",
    );
}

#[test]
fn duplicate_section() {
    check_ini(
        "[alembic]\nscript_location = scripts\n[alembic]\ntimezone = UTC\n",
        &ConfigProblemKind::DuplicateSection { section: "alembic".to_owned(), first: Span::new(0, 9) },
        "[alembic]",
        "configparser.DuplicateSectionError: While reading from PosixPath('alembic.ini') [line  3]: section 'alembic' \
         already exists",
    );
}

#[test]
fn line_without_delimiter() {
    check_ini(
        "[alembic]\nscript_location = scripts\njunk\n",
        &ConfigProblemKind::UnparsableLine { line: 3, text: "junk".to_owned() },
        "junk",
        "configparser.ParsingError: Source contains parsing errors: PosixPath('alembic.ini')\n\t[line  3]: 'junk\\n'",
    );
}

#[test]
fn text_before_the_first_header() {
    check_ini(
        "script_location = scripts\n",
        &ConfigProblemKind::MissingSectionHeader { line: 1 },
        "script_location = scripts",
        "configparser.MissingSectionHeaderError: File contains no section headers.\nfile: PosixPath('alembic.ini'), \
         line: 1\n'script_location = scripts\\n'",
    );
}

#[test]
fn conflict_markers() {
    let text =
        "[alembic]\n<<<<<<< HEAD\nscript_location = scripts\n=======\nscript_location = scripts\n>>>>>>> x\n";
    let (_tree, environment) = with_bytes("alembic.ini", text);
    let lines: Vec<_> = environment.problems.iter().map(excerpt).collect();
    assert_eq!(lines, ["<<<<<<< HEAD", "=======", "script_location", ">>>>>>> x"]);
    assert!(environment.version_locations[0].exists);
}

#[test]
fn latin_1() {
    let (_tree, environment) =
        with_bytes("alembic.ini", b"[alembic]\n# caf\xe9\nscript_location = scripts\n");
    assert_eq!(kinds(&environment), [ConfigProblemKind::NotUtf8]);
    assert_eq!(environment.problems[0].span, Some(Span::new(15, 16)));
    let place = environment.script_location.unwrap().written_at.unwrap();
    assert_eq!(place.span, Span::new(35, 42));
}

#[test]
fn line_ends_of_every_kind() {
    for text in ["[alembic]\r\nscript_location = scripts\r\n", "[alembic]\rscript_location: scripts"] {
        let (_tree, environment) = with_bytes("alembic.ini", text);
        assert_eq!(environment.problems, []);
        assert_eq!(environment.script_location.unwrap().value, "scripts");
    }
}

#[test]
fn garbage() {
    for bytes in
        [&b"\xff\xfe[\0a\0"[..], b"", b"\0\0\0", b"[", b"[]", b"=", b"%\n[alembic]", &[b'['; 100_000]]
    {
        let (_tree, environment) = with_bytes("alembic.ini", bytes);
        assert!(failure(&environment).is_some() || environment.kind != EnvironmentKind::Configured);
    }
}

#[test]
fn problems_are_bounded() {
    let text = "[alembic]\nscript_location = scripts\n".to_owned() + &"junk\n".repeat(10_000);
    assert_eq!(with_bytes("alembic.ini", text).1.problems.len(), 50);
}

#[test]
fn references_that_grow_without_end() {
    let mut text = "[alembic]\nscript_location = scripts\nk10 = \n".to_owned();
    for at in 0..10 {
        text.push_str(&format!("k{at} = {}\n", format!("%(k{})s", at + 1).repeat(200)));
    }
    let (_tree, environment) = with_bytes("alembic.ini", text);
    let large = ConfigProblemKind::InterpolationTooLarge { option: "k0".to_owned() };
    assert!(kinds(&environment).contains(&large));
}

#[test]
fn huge_ini_is_reported_not_read() {
    let tree = tree("--- a/versions/x.py\nrevision = 'a'\n");
    let mut huge = b"[alembic]\nscript_location = a\n#".to_vec();
    huge.resize((4 << 20) + 1, b'x');
    tree.write(&tree.path("alembic.ini"), &huge);
    tree.write(&tree.path("other.ini"), &huge);
    let found = tree.discover();
    let large = ConfigProblemKind::TooLarge { size: huge.len() as u64, limit: 4 << 20 };
    assert_eq!(kinds(&found.environments[1]), [large]);
    assert_eq!(tree.line(&found.environments[0]), "BareVersions  [alembic] in a: - -> a/versions");
    let paths: Vec<_> =
        found.problems.iter().map(|problem| (tree.short(&problem.path), problem.kind)).collect();
    let expected = ["alembic.ini", "other.ini"].map(|name| (name.to_owned(), WalkProblemKind::TooLarge));
    assert_eq!(paths, expected);
}

#[test]
fn broken_toml_keeps_what_can_be_read() {
    let (tree, environment) =
        with_bytes("pyproject.toml", "[tool.alembic]\nscript_location = \"scripts\"\nx = = 1\n");
    let [ConfigProblemKind::TomlSyntax { line: 3, .. }, ..] = kinds(&environment)[..] else {
        panic!("{:?}", environment.problems)
    };
    assert_eq!(environment.script_location.unwrap().path, tree.path("scripts"));
}

#[test]
fn broken_toml_beside_an_ini_stops_alembic() {
    let tree = tree(
        "--- scripts/env.py\n--- scripts/versions/\n--- pyproject.toml\n[[[\n--- alembic.ini\n[alembic]\nscript_location = scripts\n",
    );
    assert!(failure(&tree.only()).unwrap().starts_with("tomllib.TOMLDecodeError: "));
}

#[test]
fn tool_alembic_that_is_no_table() {
    let environment = tree("--- pyproject.toml\n[tool]\nalembic = 3\n").only();
    assert_eq!(failure(&environment).as_deref(), Some("Incorrect TOML format"));
    let nested = "x = ".to_owned() + &"[".repeat(100_000);
    let tree = tree(&format!("--- versions/a.py\nrevision = 'a'\n--- pyproject.toml\n{nested}\n"));
    tree.check(&["BareVersions  [alembic] in .: - -> versions"]);
}

#[test]
fn folders_with_names_of_files() {
    let tree = tree(
        "--- alembic.ini/\n--- setup.cfg/\n--- pyproject.toml/\n--- env.py/\n--- versions/x.py/\n--- versions/a.py\nrevision = 'a'\n",
    );
    tree.check(&["BareVersions  [alembic] in .: - -> versions"]);
    let expected = WalkProblem { path: tree.path("alembic.ini"), kind: WalkProblemKind::ConfigIsFolder };
    assert_eq!(tree.discover().problems, [expected]);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn link_loops_and_links_to_nowhere() {
        let tree = tree("--- versions/a.py\nrevision = 'a'\n");
        symlink("loop", tree.path("loop")).unwrap();
        symlink("nowhere", tree.path("dangling.ini")).unwrap();
        symlink(tree.path(""), tree.path("versions/up")).unwrap();
        tree.check(&["BareVersions  [alembic] in .: - -> versions"]);
        let expected = WalkProblem { path: tree.path("loop"), kind: WalkProblemKind::LinkLoop };
        assert_eq!(tree.discover().problems, [expected]);
    }

    #[test]
    fn linked_configuration_and_linked_scripts() {
        let tree =
            tree("--- real/env.py\n--- real/versions/\n--- ini.txt\n[alembic]\nscript_location = link\n");
        symlink("real", tree.path("link")).unwrap();
        symlink("ini.txt", tree.path("alembic.ini")).unwrap();
        // The real folder is claimed through the link: it is not reported a second time.
        tree.check(&["Configured alembic.ini [alembic] in .: link -> link/versions"]);
    }

    #[test]
    fn names_that_are_not_utf_8() {
        let tree = tree("--- versions/a.py\nrevision = 'a'\n");
        let odd = tree.path("").join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
        tree.write(&odd.join("alembic.ini"), "[alembic]\nscript_location = %(here)s/x\n");
        tree.write(&odd.join(std::ffi::OsStr::from_bytes(b"\xff.ini")), "[alembic]\nscript_location = .\n");
        assert_eq!(tree.discover().environments.len(), 3);
    }

    #[test]
    fn locations_with_odd_characters() {
        for location in
            ["C:\\app\\alembic", "app\\alembic", "a\0b", "::", ":", "a::b", "~", "\u{1b}[31m", "\\\\host\\x"]
        {
            let tree = tree(&format!("--- alembic.ini\n[alembic]\nscript_location = {location}\n"));
            let environment = tree.only();
            assert!(!environment.problems.is_empty(), "{location:?}");
        }
    }
}
