//! Any bytes as `alembic.ini` and `pyproject.toml`: no panic, spans inside the files.
#![no_main]

use cucurbit_alembic::config::{DiscoverOptions, discover, template_promises};
use libfuzzer_sys::fuzz_target;
use std::cell::OnceCell;

thread_local! {
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

fuzz_target!(|data: &[u8]| {
    // A zero byte parts the two files.
    let (ini, toml) = match data.iter().position(|byte| *byte == 0) {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &data[..0]),
    };
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            std::fs::create_dir_all(folder.path().join("alembic/versions")).expect("a folder");
            folder
        });
        std::fs::write(folder.path().join("alembic.ini"), ini).expect("a file");
        std::fs::write(folder.path().join("pyproject.toml"), toml).expect("a file");
        if let Ok(found) = discover(folder.path(), &DiscoverOptions::default()) {
            for environment in &found.environments {
                for problem in &environment.problems {
                    if let Some(span) = problem.span {
                        assert!(span.start <= span.end);
                    }
                }
                let template = template_promises(&environment.file_template.value);
                let _ = template.accepts("2024_01_01_a1_users", "a1");
                let _ = template.captured_rev("a1_users");
            }
        }
    });
});
