//! A file name promises another revision than the file holds.

use super::candidates::{last_part, names};
use crate::case::Case;
use crate::finding::{Finding, Tie};
use cucurbit_graph::RowIndex;

info!(
    "FIL001",
    "filename-mismatch",
    Warning,
    "filename_mismatch.md",
    "A file name promises another revision than the file holds."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    if !case.template().contains_rev() {
        return;
    }
    let graph = case.graph();
    let named: Vec<(RowIndex, &str)> =
        (0..case.files().len()).filter_map(|row| Some((row, graph.id(graph.node_of_row(row)?)))).collect();
    let strays: Vec<(RowIndex, &str, String)> = named
        .iter()
        .map(|&(row, id)| (row, id, case.stem(row)))
        .filter(|(_, id, stem)| !case.template().accepts(stem, id))
        .collect();
    let kept = named.len() - strays.len();
    let template_is_kept = case.environment().file_template.written_at.is_some() || kept * 2 >= named.len();
    for (row, id, stem) in strays.into_iter().filter(|(_, id, stem)| !is_named(case, stem, id)) {
        let promised = promised(case, &stem);
        if template_is_kept || promised.as_deref().is_some_and(|other| !is_in_slug(case, row, &stem, other)) {
            out.push(report(case, row, id, promised.as_deref()));
        }
    }
}

/// A name that is not as the template has it says the id in another place, or the beginning of the id.
fn is_named(case: &Case, stem: &str, id: &str) -> bool {
    let captured = case.template().captured_rev(stem).unwrap_or_default();
    let is_part = captured.len() >= 4 && id.starts_with(&captured);
    let is_other = case.graph().node(&captured).is_some();
    !is_other && (is_part || names(&last_part(stem), id))
}

/// The names of merges often tell what they merge.
fn is_in_slug(case: &Case, row: RowIndex, stem: &str, other: &str) -> bool {
    let graph = case.graph();
    let parents = graph.parents_of_row(row);
    let is_merged = parents.len() > 1 && parents.iter().any(|parent| graph.id(*parent) == other);
    is_merged && case.template().captured_rev(stem).as_deref() != Some(other)
}

/// Returns the id that the name promises, when it is one that the chain knows, or could be one.
pub(super) fn promised(case: &Case, stem: &str) -> Option<String> {
    let captured = case.template().captured_rev(stem);
    let known = captured.filter(|id| case.graph().node(id).is_some() || looks_generated(id));
    let name = last_part(stem);
    // An id may hold the very sign that parts it from the rest.
    let beginnings = name.match_indices('_').map(|(at, _)| &name[..at]).filter(|id| !id.is_empty());
    let begins = beginnings.rev().find(|id| case.graph().node(id).is_some());
    known.or_else(|| begins.map(str::to_owned)).or_else(|| name.split(['_', '-']).find(|part| looks_generated(part)).map(str::to_owned))
}

/// Dates are digits alone; an id of twelve hexadecimal digits hardly ever is.
fn looks_generated(text: &str) -> bool {
    text.len() == 12
        && text.bytes().all(|b| b.is_ascii_hexdigit())
        && text.bytes().any(|b| b.is_ascii_alphabetic())
}

fn report(case: &Case, row: RowIndex, id: &str, promised: Option<&str>) -> Finding {
    let name = super::text::file_name(case, row);
    let template = &case.environment().file_template.value;
    let message = match promised {
        Some(other) => format!("`{name}` is named for revision `{other}` but defines `{id}`"),
        None => format!("`{name}` defines `{id}`, which its name does not say"),
    };
    let mut finding = Finding::new(&INFO, case.id_place(row), message)
        .label("the id inside")
        .revision(id)
        .why(format!("Alembic never compares the two; people and scripts look for `{id}` by file name (template `{template}`) and find the wrong file or none"))
        .help(format!("rename the file for `{id}`"));
    if let Some(other) = promised {
        finding = finding.revision(other).follows_from(Tie::Missing(other.to_owned()));
        finding = match case.graph().node(other) {
            Some(node) if case.graph().is_missing(node) => finding
                .cause(format!("the file of `{other}` was overwritten, or the id was changed in the file")),
            Some(node) => match case.row_of(node) {
                Some(holder) => finding
                    .also(case.id_place(holder), format!("`{other}` is defined here"))
                    .cause("the file was copied, or renamed after another revision"),
                None => finding,
            },
            None => finding.cause("the id was changed in the file and not in its name"),
        };
    }
    finding.follows_from(Tie::Duplicate(id.to_owned()))
}
