//! A revision names a parent that no file defines, and something else may stand below it.

use super::candidates::{Candidate, for_missing};
use super::text::list;
use crate::case::Case;
use crate::finding::{Finding, RuleInfo, Severity, Tie};
use cucurbit_graph::{Node, Reference};

info!("GRA001", "dangling-parent", Error, "dangling_parent.md", "A revision names a parent that no file defines.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let bases = lost_bases(case);
    for missing in missing_parents(case) {
        if !bases.contains(&missing) {
            let id = case.graph().id(missing);
            out.push(report(case, &INFO, missing, format!("parent `{id}` is not defined by any file")));
        }
    }
}

/// Returns the missing revisions that are named as parents; the empty string has a rule of its
/// own, and so has a branch label.
pub(super) fn missing_parents(case: &Case) -> Vec<Node> {
    let graph = case.graph();
    let named: std::collections::HashSet<Node> = graph.parent_references().map(|r| r.target).collect();
    let is_lost = |node: &Node| {
        let id = graph.id(*node);
        named.contains(node) && !id.is_empty() && graph.label_owner(id).is_none()
    };
    graph.missing().filter(is_lost).collect()
}

/// Returns the missing parents under which nothing else stands: no surviving part of the graph
/// ends in a head that may be what they stood on.
pub(super) fn lost_bases(case: &Case) -> Vec<Node> {
    let graph = case.graph();
    let missing = missing_parents(case);
    if missing.is_empty() {
        return missing;
    }
    let parts = graph.parts();
    let heads = graph.heads();
    let own_parts = |lost: Node| graph.part_of(lost, &parts);
    missing
        .iter()
        .copied()
        .filter(|lost| {
            let since = first_date(case, *lost);
            !heads.iter().any(|head| {
                let elsewhere = graph.part_of(*head, &parts) != own_parts(*lost);
                elsewhere && may_stand_below(case, *head, since.as_deref())
            })
        })
        .collect()
}

/// A head may have carried the lost revision unless it is younger than what stands on that.
fn may_stand_below(case: &Case, head: Node, since: Option<&str>) -> bool {
    match (date_of(case, head), since) {
        (Some(head), Some(child)) => head.as_str() <= child,
        _ => true,
    }
}

fn first_date(case: &Case, lost: Node) -> Option<String> {
    case.graph().children(lost).into_iter().filter_map(|child| date_of(case, child)).min()
}

/// Dates are compared as text: Alembic writes them from the year down.
fn date_of(case: &Case, node: Node) -> Option<String> {
    let row = case.row_of(node)?;
    let line = case.facts(row).docstring.as_ref()?.create_date.as_ref()?;
    let text = line.text.get(..19).unwrap_or(&line.text);
    text.starts_with(|c: char| c.is_ascii_digit()).then(|| text.to_owned())
}

/// Builds the finding for a missing parent: everything that names it, and what it may be.
pub(super) fn report(case: &Case, rule: &'static RuleInfo, missing: Node, message: String) -> Finding {
    let graph = case.graph();
    let id = graph.id(missing).to_owned();
    let references: Vec<Reference> = graph.parent_references().filter(|r| r.target == missing).collect();
    let candidates = for_missing(case, &id);
    let first = references.first().copied();
    let place = first.map_or_else(|| case.folder_place(), |r| case.parent_place(r.row, r.position));
    let children: Vec<String> =
        references.iter().filter_map(|r| graph.node_of_row(r.row)).map(|node| graph.id(node).to_owned()).collect();
    let mut finding = Finding::new(rule, place, message)
        .label("no file defines this revision")
        .revision(&id)
        .revisions(&children)
        .why(format!(
            "every Alembic command stops with `KeyError: '{id}'`, so an empty database cannot be built"
        ))
        .explains(Tie::Missing(id.clone()))
        .follows_from(Tie::Unseen(id.clone()));
    for reference in references.iter().skip(1) {
        finding = finding.also(case.parent_place(reference.row, reference.position), "also named as parent here");
    }
    finding = add_candidates(finding, &id, &candidates);
    if case.has_unknown_ids() && candidates.iter().all(|c| c.id.is_some()) {
        finding = finding.help("some files do not show their id; one of them may define it");
    }
    finding.help(format!("look for `{id}` in version control: `git log --all -S{id} -- <versions>`"))
}

/// Adds what a missing id may be, best first.
pub(super) fn add_candidates(mut finding: Finding, missing: &str, candidates: &[Candidate]) -> Finding {
    for candidate in candidates {
        finding = finding.help(candidate.sentence.clone()).also(candidate.place.clone(), candidate.label.clone());
        if let Some(id) = &candidate.id {
            finding = finding.revision(id);
        }
        if candidate.tie(missing).is_some() {
            // A file that may define it leaves room for doubt.
            if candidate.id.is_none() {
                finding = finding.severity(Severity::Warning);
                finding.why = format!("if no file defines it, every Alembic command stops with `KeyError: '{missing}'`");
            }
        }
    }
    if let [best, ..] = candidates {
        use super::candidates::Kind;
        finding.cause = Some(match best.kind {
            Kind::PassedOver => "the file is there, but Alembic does not look at it".to_owned(),
            Kind::NameOfFile => format!(
                "the file of `{missing}` was probably overwritten by `{}`",
                best.id.as_deref().unwrap_or_default()
            ),
            Kind::FileStem => "the file name was written where the id belongs".to_owned(),
            Kind::Spelling | Kind::OneEdit => "the id was probably mistyped".to_owned(),
            Kind::Prefix => "the id was probably cut short or written on".to_owned(),
            Kind::Docstring => "the id was probably changed in one place and not in the other".to_owned(),
            Kind::CannotTell => "its file may be there, but cannot be read".to_owned(),
            Kind::Bytecode => "its source file was deleted".to_owned(),
        });
    }
    if finding.cause.is_none() {
        let named = list(&finding.revisions[1..]);
        finding.cause = Some(match named.as_str() {
            "" => "its file was deleted, renamed or never committed".to_owned(),
            named => format!("the file below {named} was deleted, overwritten or never committed"),
        });
    }
    finding
}
