//! Any texts as the files of a version folder: a diagnosis and both reports, without a panic.
#![no_main]

use cucurbit::{Options, diagnose, report};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let versions = folder.path().join("versions");
    std::fs::create_dir(&versions).expect("a folder");
    for (index, part) in data.split(|byte| *byte == 0).take(6).enumerate() {
        std::fs::write(versions.join(format!("{index}.py")), part).expect("a file");
    }
    let options = Options { versions: vec![versions], ..Options::default() };
    if let Ok(diagnosis) = diagnose(folder.path(), &options) {
        let text = report::text(&diagnosis, &report::TextOptions::default());
        assert!(!text.contains('\u{1b}'));
        let _ = report::json(&diagnosis);
    }
});
