//! Reads the models of every package of a corpus, and counts what cannot be told.

use crate::Outcome;
use anyhow::Context;
use cucurbit::schema::{Dialect, TypeKind};
use cucurbit::{SchemaOptions, Unresolved, read_models};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

#[derive(Debug, Deserialize)]
struct Manifest {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    dir: String,
    #[serde(default)]
    model_files: Vec<PathBuf>,
}

/// Runs the survey.
///
/// # Errors
/// When the manifest cannot be read.
pub(crate) fn run(
    manifest: &Path,
    corpus: &Path,
    only: Option<&str>,
    details: bool,
) -> anyhow::Result<Outcome> {
    let text = std::fs::read_to_string(manifest)?;
    let manifest: Manifest = serde_json::from_str(&text).context("this is no manifest")?;
    let corpus = std::path::absolute(corpus)?;
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let (mut tables, mut columns, mut unknown, mut items) = (0, 0, 0, 0);
    for package in &manifest.packages {
        let root = corpus.join(&package.dir);
        let paths: Vec<PathBuf> =
            package.model_files.iter().map(|p| root.join(p)).filter(|p| p.is_file()).collect();
        if only.is_some_and(|only| only != package.name) || paths.is_empty() {
            continue;
        }
        let start = Instant::now();
        let models = read_models(&SchemaOptions::new(Dialect::PostgreSql), &paths);
        let all: Vec<_> = models.database.tables.values().flat_map(|t| &t.columns).collect();
        let bad = all.iter().filter(|c| matches!(c.data_type.kind, TypeKind::Unknown(_))).count();
        println!(
            "{}: {} files, {} tables, {} columns, {bad} of unknown type, {} not told, {} ms",
            package.name,
            paths.len(),
            models.database.tables.len(),
            all.len(),
            models.unresolved.len(),
            start.elapsed().as_millis()
        );
        tables += models.database.tables.len();
        columns += all.len();
        unknown += bad;
        items += models.unresolved.len();
        for item in &models.unresolved {
            *reasons.entry(plain(&item.reason)).or_default() += 1;
            if details {
                println!("  {}", show(item, &root));
            }
        }
    }
    let mut sorted: Vec<_> = reasons.into_iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (reason, count) in sorted.into_iter().take(40) {
        println!("{count:5} {reason}");
    }
    let share = if columns == 0 { 0.0 } else { 100.0 * unknown as f64 / columns as f64 };
    println!(
        "{tables} tables, {columns} columns, {unknown} of unknown type ({share:.2} %), {items} not told"
    );
    Ok(Outcome::AsExpected)
}

/// A reason without the names in it.
fn plain(reason: &str) -> String {
    let mut out = String::new();
    for (at, part) in reason.split('`').enumerate() {
        out.push_str(if at % 2 == 0 { part } else { "…" });
    }
    out
}

/// One item in a line.
pub(crate) fn show(item: &Unresolved, root: &Path) -> String {
    match &item.source {
        Some(source) => {
            let path = source.path.strip_prefix(root).unwrap_or(&source.path);
            format!("{}:{}: {item}", path.display(), source.line)
        }
        None => item.to_string(),
    }
}
