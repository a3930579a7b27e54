//! Files that a rule's page cannot show: bytes that are no text, links, pipes, files of great size.

mod folder;

use cucurbit::{Diagnosis, Options, diagnose};
use folder::{findings, shown, write};
use std::path::Path;
use tempfile::TempDir;

const BASE: &str = "revision = \"a1\"\ndown_revision = None\n\ndef upgrade(): pass\n";

/// A folder with a sound base and whatever `add` puts beside it.
fn case(add: impl FnOnce(&Path)) -> (TempDir, Diagnosis) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), "versions/a1_users.py", BASE);
    add(&folder.path().join("versions"));
    let diagnosis = diagnose(folder.path(), &Options::default()).expect("an environment");
    (folder, diagnosis)
}

/// Compares all findings, as pages write them.
#[track_caller]
fn check(add: impl FnOnce(&Path), expected: &[&str]) -> Vec<String> {
    let (_folder, diagnosis) = case(add);
    let found: Vec<String> = findings(&diagnosis).map(|finding| shown(&diagnosis, finding)).collect();
    assert_eq!(found, expected);
    findings(&diagnosis).map(|finding| format!("{}; {}", finding.message, finding.why)).collect()
}

#[cfg(unix)]
fn link(target: &str, link: &Path) {
    std::os::unix::fs::symlink(target, link).expect("a link");
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing() {
    let said = check(
        |versions| link("gone.py", &versions.join("b2_email.py")),
        &["unreadable-file versions/b2_email.py"],
    );
    assert!(said[0].contains("Can't find Python file"), "{said:?}");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let said = check(
        |versions| {
            let made = std::process::Command::new("mkfifo").arg(versions.join("b2_email.py")).status();
            assert!(made.expect("mkfifo").success());
        },
        &["unreadable-file versions/b2_email.py"],
    );
    assert!(said[0].contains("waits for ever"), "{said:?}");
}

#[test]
fn bytes_that_are_no_text() {
    let bytes = b"# caf\xe9\nrevision = \"b2\"\ndown_revision = \"a1\"\n\ndef upgrade(): pass\n";
    let said =
        check(|versions| write(versions, "b2_email.py", bytes), &["unreadable-file versions/b2_email.py:1"]);
    assert!(said[0].contains("not valid UTF-8"), "{said:?}");
}

#[test]
fn text_in_utf_16() {
    let text = "revision = \"b2\"\ndown_revision = \"a1\"\n";
    let bytes: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let (_folder, diagnosis) = case(|versions| write(versions, "b2_email.py", bytes));
    let first = findings(&diagnosis).next().expect("a finding");
    assert_eq!(first.rule.name, "unreadable-file");
    assert!(first.message.contains("UTF-16"), "{}", first.message);
}

#[test]
fn a_latin_1_file_that_says_so() {
    let bytes = b"# -*- coding: latin-1 -*-\n# caf\xe9\nrevision = \"b2\"\ndown_revision = \"a1\"\n\ndef upgrade(): pass\n";
    check(|versions| write(versions, "b2_email.py", bytes), &[]);
}

#[test]
fn a_byte_order_mark_and_carriage_returns() {
    let text = "\u{feff}revision = \"b2\"\r\ndown_revision = \"a1\"\r\n\r\ndef upgrade():\r\n    pass\r\n";
    check(|versions| write(versions, "b2_email.py", text), &[]);
}

#[test]
fn nul_bytes() {
    let text = "revision = \"b2\"\ndown_revision = \"a1\"\n\0\ndef upgrade(): pass\n";
    let said =
        check(|versions| write(versions, "b2_email.py", text), &["syntax-error versions/b2_email.py:3"]);
    assert!(said[0].contains("null bytes"), "{said:?}");
}

#[test]
fn a_file_of_nine_megabytes_shows_its_ids() {
    let mut text =
        String::from("revision = \"b2\"\ndown_revision = \"a1\"\n\ndef upgrade(): pass\n\nROWS = \"\"\"\n");
    while text.len() < 9 << 20 {
        text.push_str("0123456789012345678901234567890123456789012345678901234567890123\n");
    }
    text.push_str("\"\"\"\n");
    check(
        |versions| {
            write(versions, "b2_email.py", text);
            write(versions, "c3_phone.py", BASE.replace("a1", "c3").replace("None", "\"b2\""));
        },
        &["oversized-file versions/b2_email.py"],
    );
}

#[test]
fn ten_thousand_brackets() {
    let text = format!(
        "revision = \"b2\"\ndown_revision = \"a1\"\nDEEP = {}{}\n\ndef upgrade(): pass\n",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    check(|versions| write(versions, "b2_email.py", text), &["oversized-file versions/b2_email.py"]);
}

#[test]
fn garbage_is_not_python() {
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let (_folder, diagnosis) = case(|versions| write(versions, "b2_email.py", bytes));
    assert!(findings(&diagnosis).any(|finding| finding.place.path.ends_with("b2_email.py")));
}

#[cfg(unix)]
#[test]
fn a_second_link_to_a_file() {
    check(
        |versions| link("a1_users.py", &versions.join("b2_email.py")),
        &["overlapping-version-locations versions/b2_email.py"],
    );
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_and_a_folder_named_like_a_file() {
    check(
        |versions| {
            link(".", &versions.join("again"));
            std::fs::create_dir(versions.join("b2_email.py")).expect("a folder");
        },
        &[],
    );
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let name = std::ffi::OsStr::from_bytes(b"b2_caf\xe9.py");
    let (_folder, diagnosis) = case(|versions| std::fs::write(versions.join(name), "").expect("a file"));
    let names: Vec<&str> = findings(&diagnosis).map(|finding| finding.rule.name).collect();
    assert_eq!(names, ["stray-file"]);
}

const BYTECODE: &[u8] = b"\xa7\r\r\n\0\0\0\0\0\0\0\0\0\0\0\0\xe3\0\0\0";

#[test]
fn bytecode_whose_source_is_lost() {
    let child = BASE.replace("a1", "c3").replace("None", "\"b2\"");
    let (_folder, diagnosis) = case(|versions| {
        write(versions, "c3_phone.py", child);
        write(versions, "__pycache__/b2_email.cpython-311.pyc", BYTECODE);
    });
    let shown: Vec<String> = findings(&diagnosis).map(|finding| shown(&diagnosis, finding)).collect();
    assert_eq!(
        shown,
        [
            "dangling-parent versions/c3_phone.py:2",
            "bytecode-only versions/__pycache__/b2_email.cpython-311.pyc",
            "multiple-heads versions/a1_users.py:1",
        ]
    );
    let lost = findings(&diagnosis).next().expect("a finding");
    assert!(lost.related.iter().any(|related| related.place.path.ends_with("b2_email.cpython-311.pyc")));
}

#[test]
fn bytecode_counts_when_sources_do_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), "alembic.ini", "[alembic]\nscript_location = %(here)s\nsourceless = true\n");
    write(folder.path(), "env.py", "");
    write(folder.path(), "versions/a1_users.py", BASE);
    write(folder.path(), "versions/b2_email.pyc", BYTECODE);
    write(folder.path(), "versions/c3_phone.py", BASE.replace("a1", "c3").replace("None", "\"b2\""));
    let diagnosis = diagnose(folder.path(), &Options::default()).expect("an environment");
    let found: Vec<String> = findings(&diagnosis).map(|finding| shown(&diagnosis, finding)).collect();
    assert!(found.contains(&"dangling-parent (warning) versions/c3_phone.py:2".to_owned()), "{found:?}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_listed() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, diagnosis) = case(|versions| {
        let locked = versions.join("locked");
        std::fs::create_dir(&locked).expect("a folder");
        std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o000)).expect("permissions");
    });
    let locked = folder.path().join("versions/locked");
    // Whoever may read everything sees an empty folder.
    if std::fs::read_dir(&locked).is_err() {
        let found: Vec<String> = findings(&diagnosis).map(|finding| shown(&diagnosis, finding)).collect();
        assert_eq!(found, ["unreadable-file (warning) versions/locked"]);
    }
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o755)).expect("permissions");
}

#[test]
fn a_name_of_hexadecimal_digits_is_an_id_to_alembic() {
    // Alembic takes the name for the id and then misses the other variable.
    let error = "AttributeError: module 'abc_py' has no attribute 'down_revision'";
    let (_folder, diagnosis) = case(|versions| write(versions, "abc.py", "HELP = 1\n"));
    let found: Vec<String> = findings(&diagnosis).map(|f| format!("{}; {}", f.message, f.why)).collect();
    assert!(found.len() == 1 && found[0].contains(error), "{found:?}");
    let (_folder, diagnosis) = case(|versions| write(versions, "abc.py", "def upgrade(): pass\n"));
    let found: Vec<String> = findings(&diagnosis).map(|f| format!("{}; {}", f.message, f.why)).collect();
    assert!(found.iter().any(|f| f.contains(error)), "{found:?}");
}
