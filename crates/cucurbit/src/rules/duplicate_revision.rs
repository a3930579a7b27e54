//! Two files define the same revision.

use super::text::{file_name, mentions};
use crate::alembic_answer::AlembicAnswer;
use crate::case::Case;
use crate::finding::{Finding, Tie};
use cucurbit_graph::RowIndex;

info!("GRA004", "duplicate-revision", Error, "duplicate_revision.md", "Two files define the same revision.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let graph = case.graph();
    for node in graph.defined() {
        let rows = graph.rows(node);
        if rows.len() < 2 {
            continue;
        }
        let id = graph.id(node);
        let original = original(case, rows, id);
        let place_of = original
            .map_or(rows[0], |original| rows.iter().copied().find(|r| *r != original).unwrap_or(rows[0]));
        let names: Vec<String> = rows.iter().map(|row| file_name(case, *row)).collect();
        let mut finding = Finding::new(
            &INFO,
            case.id_place(place_of),
            format!("revision `{id}` is defined by {} files: {}", rows.len(), super::text::list(&names)),
        )
        .label(if original.is_some() { "this looks like the copy" } else { "defined here" })
        .revision(id)
        .why(format!(
            "Alembic warns `Revision {id} is present more than once` and names no file; {}",
            outcome(case, id)
        ))
        .cause("a migration was copied by hand, or two people made up the same id")
        .explains(Tie::Duplicate(id.to_owned()));
        for row in rows.iter().filter(|row| **row != place_of) {
            let label = if Some(*row) == original { "this looks like the original" } else { "and here" };
            finding = finding.also(case.id_place(*row), label);
        }
        let help = match original {
            Some(_) => format!(
                "give `{}` an id of its own, and make its parent what it was written against",
                file_name(case, place_of)
            ),
            None => "give one of the files an id of its own".to_owned(),
        };
        out.push(finding.help(help));
    }
}

/// Says what comes of it, which depends on where the files stand in the chain and on their names.
fn outcome(case: &Case, id: &str) -> String {
    match case.alembic() {
        AlembicAnswer::Loads { upgrade_fault: Some(fault), .. } if mentions(&fault.error.message, id) => {
            format!("`alembic upgrade heads` on an empty database stops with `{}`", fault.error.last_line())
        }
        AlembicAnswer::Loads { upgrade_fault: None, .. } => {
            "it upgrades with the file that it reads last, and the other is never run".to_owned()
        }
        AlembicAnswer::Fails { error, .. } if mentions(&error.message, id) => {
            format!("every command stops with `{}`", error.last_line())
        }
        _ => "it keeps the one that it reads last, and the other stays a head for ever".to_owned(),
    }
}

/// Returns the file that looks original: the only one whose name promises the id, else the only
/// one whose docstring states it, else the only one of the earliest date.
fn original(case: &Case, rows: &[RowIndex], id: &str) -> Option<RowIndex> {
    let docstring = |row: &RowIndex| case.facts(*row).docstring.as_ref();
    let named = |row: &RowIndex| case.template().accepts(&case.stem(*row), id);
    let claims =
        |row: &RowIndex| docstring(row).and_then(|d| d.revision_id.as_ref()).is_some_and(|l| l.text == id);
    let date =
        |row: &RowIndex| docstring(row).and_then(|d| d.create_date.as_ref()).map(|line| line.text.clone());
    only(rows, named).or_else(|| only(rows, claims)).or_else(|| {
        let dates: Option<Vec<String>> = rows.iter().map(date).collect();
        let first = dates?.into_iter().min()?;
        only(rows, |row| date(row).as_ref() == Some(&first))
    })
}

fn only(rows: &[RowIndex], test: impl Fn(&RowIndex) -> bool) -> Option<RowIndex> {
    let mut passing = rows.iter().filter(|row| test(row));
    let first = passing.next()?;
    passing.next().is_none().then_some(*first)
}
