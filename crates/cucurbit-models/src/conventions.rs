//! Naming conventions that files write down.

use crate::host::Reader;
use cucurbit_alembic::ProjectFiles;
use cucurbit_python::eval::{Evaluator, Files, Limits, Value};
use cucurbit_sqlalchemy::{NamingConvention, Settings};
use std::path::PathBuf;

/// The word without which a file writes none down.
const SIGN: &str = "naming_convention";

/// The conventions of the files, each once.
pub(crate) fn of(files: &ProjectFiles, settings: &Settings, paths: &[PathBuf]) -> Vec<NamingConvention> {
    let mut out: Vec<NamingConvention> = Vec::new();
    for path in paths {
        let file = files.id(path);
        if !files.parsed(file).is_some_and(|parsed| parsed.text().contains(SIGN)) {
            continue;
        }
        let limits = Limits { ticks: 400_000, goes_on: true, ..Limits::default() };
        let mut ev = Evaluator::new(files, Reader::new(settings.clone()), limits);
        ev.load(file);
        let of_metadata = ev.host.registry.all_metadata().map(|(_, m)| m.convention.clone());
        let mut found: Vec<NamingConvention> = of_metadata.collect();
        // Names may be imported from a module beside the migrations.
        for (name, _, _) in ev.module_names(file) {
            let value = ev.module_value(file, &name).filter(reads_as_one);
            found.extend(value.map(|value| NamingConvention::from_value(&value)));
        }
        for convention in found {
            if !convention.is_unknown()
                && convention != NamingConvention::default()
                && !out.contains(&convention)
            {
                out.push(convention);
            }
        }
    }
    out
}

/// Whether a value is a dictionary of patterns for kinds of constraints, and of nothing else.
fn reads_as_one(value: &Value) -> bool {
    let Value::Dict(items) = value else { return false };
    let items = items.borrow();
    let is_pattern = |(key, value): &(Value, Value)| {
        matches!(key.as_str(), Some("ix" | "uq" | "ck" | "fk" | "pk"))
            && value.as_str().is_some_and(|text| text.contains("%("))
    };
    !items.is_empty() && items.iter().all(is_pattern)
}
