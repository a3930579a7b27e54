//! The downgrade does not undo the upgrade.

use super::text::count;
use crate::case::Case;
use crate::finding::{Finding, Place};
use crate::spoken;
use crate::history::History;
use crate::way_back::WayBack;
use cucurbit_schema::{Difference, DifferenceKind, MismatchKind, ObjectRef};

info!(
    "SCH008",
    "asymmetric-downgrade",
    Note,
    "asymmetric_downgrade.md",
    "The downgrade does not undo the upgrade."
);

/// How many differences are named.
const SHOWN: usize = 4;

/// Values of so many letters in all are quoted.
const LONGEST: usize = 120;

pub(super) fn check(case: &Case, history: &History, out: &mut Vec<Finding>) {
    let revisions = &history.chain.revisions;
    for (step, (revision, way)) in revisions.iter().zip(&history.chain.ways_back).enumerate() {
        let id = &revision.id;
        // The first call of the upgrade, whose counterpart is wanting.
        let Some(at) = revision.step.operations.clone().next() else { continue };
        match way {
            WayBack::Ends(differences) => {
                // On another branch, which may come later, the same may have been changed.
                let before = step.checked_sub(1).map(|before| revisions[before].id.as_str());
                let follows = before.is_none_or(|before| stands_on(case, id, before));
                let mut differences: Vec<&Difference> = differences
                    .iter()
                    .filter(|d| is_named(history, &d.object))
                    .filter(|d| follows || d.kind == DifferenceKind::OnlyRight)
                    .collect();
                differences.sort_by_key(|difference| rank(difference));
                let Some(first) = differences.first() else { continue };
                let mut sentences: Vec<String> =
                    differences.iter().take(SHOWN).map(|difference| sentence(difference)).collect();
                if differences.len() > SHOWN {
                    sentences.push(count(differences.len() - SHOWN, "more difference", "more differences"));
                }
                out.push(
                    Finding::new(
                        &INFO,
                        downgrade_place(case, history, revision.row, at),
                        format!("the downgrade of `{id}` does not undo the upgrade: {}", sentences.join("; ")),
                    )
                    .label("what comes back is not what was before")
                    .revision(id)
                    .why(why(first, history))
                    .help(help(first)),
                );
            }
            WayBack::Fails(mismatch, place) if can_be_told(history, &mismatch.object, at) => {
                let said = spoken::object(&mismatch.object);
                let (message, answer) = match &mismatch.kind {
                    MismatchKind::Missing { .. } => (
                        format!("the downgrade of `{id}` uses {said}, which does not exist then"),
                        spoken::missing(&mismatch.object, history.dialect),
                    ),
                    MismatchKind::Exists { .. } => (
                        format!("the downgrade of `{id}` creates {said}, which exists then"),
                        spoken::existing(&mismatch.object, history.dialect),
                    ),
                    _ => continue,
                };
                out.push(
                    Finding::new(&INFO, Place::at(&history.chain.path(place.file), Some(place.span)), message)
                        .label("after the upgrade this does not fit")
                        .revision(id)
                        .why(format!(
                            "`alembic downgrade` stops in `{id}`: {} says `{answer}`",
                            spoken::system(history.dialect)
                        ))
                        .help("undo what the upgrade does, in the opposite order and by the same names"),
                );
            }
            _ => {}
        }
    }
}

/// The `downgrade` function's file; a place in it where that is known.
fn downgrade_place(case: &Case, history: &History, row: cucurbit_graph::RowIndex, at: usize) -> Place {
    let path = case.path(row);
    let file = history.revision(at).step.file;
    let text = history.chain.text(file).unwrap_or_default();
    let found = text.match_indices("def downgrade").find(|(at, _)| *at == 0 || text[..*at].ends_with('\n'));
    match found {
        Some((at, name)) => {
            let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            Place::at(path, Some(cucurbit_text::Span::new(offset(at), offset(at + name.len()))))
        }
        None => Place::file(path),
    }
}

fn stands_on(case: &Case, id: &str, below: &str) -> bool {
    let graph = case.graph();
    match (graph.node(id), graph.node(below)) {
        (Some(node), Some(below)) => graph.is_ancestor(below, node),
        _ => false,
    }
}

/// Names that a convention gives are not known without it.
fn is_named(history: &History, object: &ObjectRef) -> bool {
    !matches!(object, ObjectRef::Constraint(..)) || history.naming_known
}

fn can_be_told(history: &History, object: &ObjectRef, at: usize) -> bool {
    let sure = history.is_sure(at);
    let by_name = matches!(object, ObjectRef::Constraint(..) | ObjectRef::Index(..));
    let told = !matches!(object, ObjectRef::Sequence(_) | ObjectRef::Object(..) | ObjectRef::Schema(_));
    sure && told && (!by_name || history.naming_known && !history.dialect.is_mysql())
}

/// What is left over comes first, types first of all: they stop the next upgrade.
fn rank(difference: &Difference) -> (usize, usize) {
    let kind = match difference.kind {
        DifferenceKind::OnlyRight => 0,
        DifferenceKind::OnlyLeft => 1,
        DifferenceKind::Changed { .. } => 2,
    };
    let object = match difference.object {
        ObjectRef::Enum(_) => 0,
        ObjectRef::Table(_) | ObjectRef::Schema(_) => 1,
        ObjectRef::Column(..) => 2,
        _ => 3,
    };
    (kind, object)
}

fn sentence(difference: &Difference) -> String {
    let said = spoken::object(&difference.object);
    match &difference.kind {
        DifferenceKind::OnlyRight => format!("{said} is left over"),
        DifferenceKind::OnlyLeft => format!("{said} does not come back"),
        // The text of a function or a view is too long to be quoted.
        DifferenceKind::Changed { attribute, left, right } if left.len() + right.len() <= LONGEST => {
            format!("{said} had {attribute} `{left}` and gets `{right}`")
        }
        DifferenceKind::Changed { attribute, .. } => format!("{said} comes back with another {attribute}"),
    }
}

fn why(difference: &Difference, history: &History) -> String {
    match &difference.kind {
        DifferenceKind::OnlyRight => format!(
            "`alembic upgrade` after `alembic downgrade` meets it: {} says `{}`",
            spoken::system(history.dialect),
            spoken::existing(&difference.object, history.dialect)
        ),
        _ => "after `alembic downgrade` the database is at the revision before and has another schema".to_owned(),
    }
}

fn help(difference: &Difference) -> String {
    match (&difference.object, &difference.kind) {
        (ObjectRef::Enum(name), DifferenceKind::OnlyRight) => {
            format!("drop the type in the downgrade: `sa.Enum(name='{}').drop(op.get_bind())`", name.name)
        }
        (object, DifferenceKind::OnlyRight) => format!("drop {} in the downgrade", spoken::object(object)),
        (object, _) => format!("bring {} back in the downgrade as it was", spoken::object(object)),
    }
}
