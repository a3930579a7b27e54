//! Anything that can be in a folder gives a report: no panic, no hang, the rest still told.

use cucurbit::{Diagnosis, Options, Severity, diagnose, report};
use std::path::Path;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    std::fs::write(path, text).expect("a file");
}

fn revision(id: &str, parent: Option<&str>) -> String {
    let parent = parent.map_or("None".to_owned(), |parent| format!("'{parent}'"));
    format!("revision = '{id}'\ndown_revision = {parent}\n\n\ndef upgrade():\n    pass\n")
}

fn names(diagnosis: &Diagnosis) -> Vec<&'static str> {
    diagnosis.environments.iter().flat_map(|e| &e.findings).map(|f| f.rule.name).collect()
}

fn read(folder: &Path) -> Diagnosis {
    diagnose(folder, &Options::default()).expect("something to report on")
}

/// Tests run on threads with 2 MiB of stack, and so do the threads that read.
#[test]
fn a_chain_of_a_hundred_thousand_revisions() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("versions")).expect("a folder");
    let mut parent: Option<String> = None;
    for index in 0..100_000 {
        let id = format!("r{index:06}");
        let text = revision(&id, parent.as_deref());
        std::fs::write(folder.path().join(format!("versions/{id}_x.py")), text).expect("a file");
        parent = Some(id);
    }
    let diagnosis = read(folder.path());
    assert_eq!(names(&diagnosis), Vec::<&str>::new());
    assert!(report::text(&diagnosis, &report::TextOptions::default()).contains("(99998 revisions)"));
}

#[test]
fn names_with_escapes_stay_harmless() {
    let folder = folder();
    write(folder.path(), "versions/a\u{1b}[31m_x.py", revision("a\\x1b]0;title\\x07", Some("gone\\x1b[2J")));
    let diagnosis = read(folder.path());
    let text = report::text(&diagnosis, &report::TextOptions::default());
    assert!(text.contains("missing-base"), "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'), "{text:?}");
    let json: serde_json::Value = serde_json::from_str(&report::json(&diagnosis)).expect("JSON");
    assert_eq!(json["environments"][0]["missing"][0], "gone\u{1b}[2J");
}

#[cfg(unix)]
#[test]
fn names_that_are_not_utf8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = folder();
    std::fs::create_dir(folder.path().join("versions")).expect("a folder");
    let name = OsStr::from_bytes(b"a1_\xff.py");
    std::fs::write(folder.path().join("versions").join(name), revision("a1", Some("gone"))).expect("a file");
    let diagnosis = read(folder.path());
    assert_eq!(names(&diagnosis), ["missing-base"]);
    assert!(report::text(&diagnosis, &report::TextOptions::default()).contains("a1_\u{fffd}.py"));
}

#[cfg(unix)]
#[test]
fn links_that_lead_back() {
    let folder = folder();
    write(
        folder.path(),
        "alembic.ini",
        "[alembic]\nscript_location = m\nrecursive_version_locations = true\n",
    );
    write(folder.path(), "m/env.py", "");
    write(folder.path(), "m/versions/a1_x.py", revision("a1", None));
    std::os::unix::fs::symlink("..", folder.path().join("m/versions/up")).expect("a link");
    std::os::unix::fs::symlink("loop.py", folder.path().join("m/versions/loop.py")).expect("a link");
    let diagnosis = read(folder.path());
    assert_eq!(diagnosis.environments.len(), 1);
    assert_eq!(names(&diagnosis), ["unreadable-file"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let folder = folder();
    write(folder.path(), "versions/a1_x.py", revision("a1", None));
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("versions/b2_x.py")).status();
    assert!(made.expect("mkfifo runs").success());
    assert_eq!(names(&read(folder.path())), ["unreadable-file"]);
}

#[test]
fn a_folder_with_the_name_of_a_file() {
    let folder = folder();
    write(folder.path(), "versions/a1_x.py", revision("a1", None));
    write(folder.path(), "versions/b2_x.py/notes.txt", "");
    assert_eq!(names(&read(folder.path())), Vec::<&str>::new());
}

#[test]
fn fifty_megabytes_of_garbage() {
    let folder = folder();
    write(folder.path(), "versions/a1_x.py", revision("a1", None));
    write(folder.path(), "versions/b2_x.py", vec![b'('; 50 << 20]);
    let diagnosis = read(folder.path());
    assert!(names(&diagnosis).contains(&"oversized-file"), "{:?}", names(&diagnosis));
    assert_eq!(diagnosis.environments[0].case.files().len(), 2);
}

#[test]
fn one_broken_file_does_not_hide_the_others() {
    let folder = folder();
    write(folder.path(), "versions/a1_x.py", revision("a1", None));
    write(folder.path(), "versions/b2_x.py", revision("b2", Some("a1")).replace("pass", "f(("));
    write(folder.path(), "versions/c3_x.py", revision("c3", Some("b2")));
    write(folder.path(), "versions/d4_x.py", revision("d4", Some("d4")));
    let diagnosis = read(folder.path());
    assert_eq!(names(&diagnosis), ["syntax-error", "self-loop"]);
    assert!(diagnosis.has(Severity::Error));
}

/// Reports of one folder are the same bytes however the files were made and whoever reads them.
#[test]
fn order_and_threads_do_not_show() {
    let make = |reverse: bool| {
        let folder = folder();
        let mut files: Vec<(String, String)> = (0..40)
            .map(|i| {
                (
                    format!("versions/r{i:03}_x.py"),
                    revision(&format!("r{i:03}"), (i > 0).then(|| format!("r{:03}", i - 1)).as_deref()),
                )
            })
            .collect();
        files[20].1 = files[20].1.replace("'r019'", "'r01'");
        files[30].1 = files[30].1.replace("pass", "f((");
        files[35].1 = files[3].1.clone();
        if reverse {
            files.reverse();
        }
        for (name, text) in files {
            write(folder.path(), &name, text);
        }
        folder
    };
    let answer = |folder: &Path, threads| {
        let options = Options { threads: Some(threads), ..Options::default() };
        let diagnosis = diagnose(folder, &options).expect("something to report on");
        report::text(&diagnosis, &report::TextOptions::default()) + &report::json(&diagnosis)
    };
    let (one, other) = (make(false), make(true));
    let expected = answer(one.path(), 1);
    for threads in [1, 2, 8] {
        assert_eq!(answer(one.path(), threads), expected);
        assert_eq!(answer(other.path(), threads), expected);
    }
}
