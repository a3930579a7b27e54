//! The docstring says something else than the code.

use super::text::list;
use crate::case::Case;
use crate::finding::{Finding, Place, Severity, Tie};
use cucurbit_alembic::{DocLine, Field};
use cucurbit_graph::RowIndex;
use std::collections::BTreeSet;

info!(
    "FIL002",
    "docstring-mismatch",
    Warning,
    "docstring_mismatch.md",
    "The docstring says something else than the code."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for row in 0..case.files().len() {
        let Some(doc) = &case.facts(row).docstring else { continue };
        if let Some(line) = &doc.revision_id {
            out.extend(revision_id(case, row, line));
        }
        if let Some(line) = &doc.revises {
            out.extend(revises(case, row, line));
        }
    }
}

fn revision_id(case: &Case, row: RowIndex, line: &DocLine) -> Option<Finding> {
    let id = case.facts(row).revision.as_str()?;
    if line.text == id && is_word(id) {
        return None;
    }
    let written = words(&line.text).next()?;
    if written == id {
        return None;
    }
    Some(
        Finding::new(
            &INFO,
            Place::at(case.path(row), Some(line.span)),
            format!("the docstring says revision `{written}`, the code says `{id}`"),
        )
        .label("the docstring")
        .also(case.id_place(row), "the code, which is what counts")
        .revision(id)
        .revision(written)
        .why("Alembic reads the code alone; who reads the docstring looks at the wrong revision")
        .cause("the id was changed by hand, or the file is a copy")
        .help(format!("write `Revision ID: {id}`, or put the id back"))
        .follows_from(Tie::Missing(written.to_owned()))
        .follows_from(Tie::Duplicate(id.to_owned())),
    )
}

/// A stale `Revises` line is common after a rebase and does no harm by itself.
fn revises(case: &Case, row: RowIndex, line: &DocLine) -> Option<Finding> {
    let field = &case.facts(row).down_revision;
    if !matches!(field, Field::Known { .. }) {
        return None;
    }
    if let [(parent, _)] = field.strings().as_slice()
        && !parent.is_empty()
        && line.text == *parent
        && (is_word(parent) || words(&line.text).eq([*parent]))
        && !is_nothing(parent)
    {
        return None;
    }
    let written: BTreeSet<&str> = words(&line.text).filter(|word| !is_nothing(word)).collect();
    let parents: BTreeSet<&str> =
        field.strings().into_iter().map(|(id, _)| id).filter(|id| !id.is_empty()).collect();
    if written == parents || written.iter().any(|word| word.contains(['<', '$', '{'])) {
        return None;
    }
    let say = |ids: &BTreeSet<&str>| match ids.len() {
        0 => "no parent".to_owned(),
        _ => list(&ids.iter().collect::<Vec<_>>()),
    };
    let owner = super::text::id_or_file(case, row);
    let mut finding = Finding::new(
        &INFO,
        Place::at(case.path(row), Some(line.span)),
        format!(
            "the docstring of `{owner}` says it revises {}, the code says {}",
            say(&written),
            say(&parents)
        ),
    )
    .severity(Severity::Note)
    .label("the docstring")
    .also(case.place(row, field.span()), "the code, which is what counts")
    .revision(&owner)
    .revisions(written.iter().copied())
    .why("Alembic reads the code alone; the docstring tells where the revision once stood")
    .cause("the parent was changed by hand, as after a rebase")
    .help(format!("write `Revises: {}`", parents.iter().copied().collect::<Vec<_>>().join(", ")));
    for parent in parents {
        finding = finding.follows_from(Tie::Missing(parent.to_owned()));
    }
    Some(finding)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', '\t', '(', ')', '[', ']', '\'', '"', '`']).filter(|word| !word.is_empty())
}

/// Most ids are nothing but letters and digits.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_nothing(word: &str) -> bool {
    ["none", "base", "<base>", "-", "n/a"].iter().any(|nothing| word.eq_ignore_ascii_case(nothing))
}
