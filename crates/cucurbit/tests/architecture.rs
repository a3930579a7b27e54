//! `docs/architecture.md` is the map of the crates: none is missing, no edge is undrawn.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Reads the rows `| crate | may use | ... |` of the page.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let page = std::fs::read_to_string(root().join("docs/architecture.md")).expect("the page");
    let cell = |text: &str| text.trim().trim_matches('`').to_owned();
    page.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
            let uses = cells[1].split(',').map(cell).filter(|name| !name.is_empty() && name != "nothing");
            (cell(cells[0]), uses.collect())
        })
        .collect()
}

/// Reads the crates of this workspace that each crate depends on; dependencies of tests are free.
fn actual() -> BTreeMap<String, BTreeSet<String>> {
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(root().join("crates")).expect("the crates").flatten().map(|e| e.path()).collect();
    folders.push(root().join("xtask"));
    folders
        .iter()
        .map(|folder| {
            let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
            let name = manifest.lines().find_map(|line| line.strip_prefix("name = ")).expect("a name");
            let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
            let dependencies = dependencies.split("\n[").next().unwrap_or_default();
            let uses = dependencies
                .lines()
                .filter(|line| line.starts_with("cucurbit"))
                .filter_map(|line| line.split(['.', ' ', '=']).next())
                .map(str::to_owned);
            (name.trim_matches('"').to_owned(), uses.collect())
        })
        .collect()
}

#[test]
fn the_map_shows_every_crate_and_every_edge() {
    assert_eq!(actual(), allowed());
}

/// Each parser of third parties is named by one crate alone.
#[test]
fn third_party_parsers_meet_one_crate_each() {
    for (package, owner) in [
        ("ruff_python_parser", "cucurbit-python"),
        ("petgraph", "cucurbit-graph"),
        ("sqlparser", "cucurbit-schema"),
        ("walkdir", "cucurbit-alembic"),
        ("annotate-snippets", "cucurbit"),
        ("clap", "cucurbit-cli"),
        ("rusqlite", "cucurbit-verify"),
        ("postgres", "cucurbit-verify"),
        ("mysql", "cucurbit-verify"),
    ] {
        for folder in std::fs::read_dir(root().join("crates")).expect("the crates").flatten() {
            let manifest = std::fs::read_to_string(folder.path().join("Cargo.toml")).expect("a manifest");
            // A feature may have the name of what it turns on.
            let mut sections = manifest.split("\n[").filter(|section| !section.starts_with("features]"));
            let uses = sections.any(|section| {
                section.lines().any(|line| line.split(['.', ' ', '=']).next() == Some(package))
            });
            assert!(!uses || folder.file_name() == owner, "{package} is named by {:?}", folder.file_name());
        }
    }
}
