//! Chains written as text, for the tests of this module.
//!
//! One revision a line: `id: parents > dependencies #labels`, each part but the id optional.

use super::{MapError, RevisionMap};
use crate::row::{RevisionRow, Value};

/// Reads the rows of a chain.
pub(super) fn rows(chain: &str) -> Vec<RevisionRow> {
    chain.lines().filter(|line| !line.trim().is_empty()).map(row).collect()
}

pub(super) fn row(line: &str) -> RevisionRow {
    let (line, labels) = line.split_once('#').unwrap_or((line, ""));
    let (line, dependencies) = line.split_once('>').unwrap_or((line, ""));
    let (id, parents) = line.split_once(':').unwrap_or((line, ""));
    RevisionRow {
        revision: id.trim().into(),
        down_revision: names(parents),
        branch_labels: names(labels),
        depends_on: names(dependencies),
        doc: String::new(),
        path: format!("versions/{}.py", id.trim()),
    }
}

fn names(text: &str) -> Value {
    let names: Vec<Value> = text.split_whitespace().map(Value::from).collect();
    if names.is_empty() { Value::None } else { Value::List(names) }
}

/// Loads a chain that has no fault.
pub(super) fn map(chain: &str) -> RevisionMap {
    RevisionMap::load(&rows(chain)).outcome.expect("the chain of the test loads")
}

/// Loads a chain that has a fault, and says which.
pub(super) fn fault(chain: &str) -> String {
    said(&RevisionMap::load(&rows(chain)).outcome.expect_err("the chain of the test does not load"))
}

/// The class and the text of an error.
pub(super) fn said(error: &MapError) -> String {
    format!("{}: {}", error.class, error.message)
}
