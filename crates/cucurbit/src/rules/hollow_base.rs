//! The chain alters what no revision creates.

use super::misfits::{Lack, made, missing, tie};
use super::text::{count, list};
use crate::case::Case;
use crate::finding::{Finding, Severity};
use crate::spoken;
use crate::history::History;
use cucurbit_schema::{Change, ConstraintBody, ObjectName, ObjectRef};

info!(
    "SCH001",
    "hollow-base", Error, "hollow_base.md", "The chain uses tables that no revision creates."
);

/// How many first uses are shown.
const SHOWN: usize = 12;

pub(super) fn check(_: &Case, history: &History, out: &mut Vec<Finding>) {
    if history.env_makes_tables {
        return;
    }
    let made = made(history);
    // The first use of each, in order of use; and the revisions that use any.
    let mut first: Vec<(ObjectRef, usize)> = Vec::new();
    let mut revisions: Vec<&str> = Vec::new();
    let mut only_pointed_at = true;
    for missing in missing(history).iter().filter(|m| m.lack == Lack::Hollow) {
        let (object, at) = (&missing.misfit.mismatch.object, missing.misfit.at);
        if !matches!(object, ObjectRef::Table(_) | ObjectRef::Schema(_)) {
            continue;
        }
        only_pointed_at &= is_pointed_at(object, &missing.misfit.change);
        // What a key on a hollow table points at was not looked for.
        let target = key_target(&missing.misfit.change).filter(|target| !made.contains_key(target));
        for object in [Some(object.clone()), target.cloned().map(ObjectRef::Table)].into_iter().flatten() {
            if first.iter().all(|(known, _)| *known != object) {
                first.push((object, at));
            }
        }
        let id = history.revision(at).id.as_str();
        if !revisions.contains(&id) {
            revisions.push(id);
        }
    }
    let Some((object, at)) = first.first() else { return };
    let at = *at;
    let tables: Vec<String> = first.iter().filter_map(|(o, _)| table_name(o)).collect();
    let schemas: Vec<String> = first.iter().filter_map(|(o, _)| schema_name(o)).collect();
    let mut what = Vec::new();
    if !tables.is_empty() {
        what.push(count(tables.len(), "table", "tables"));
    }
    if !schemas.is_empty() {
        what.push(count(schemas.len(), "schema", "schemas"));
    }
    let lost = &history.chain.missing;
    let names: Vec<String> = tables.into_iter().chain(schemas).collect();
    // A plugin's chain points at the tables of its host, which has a chain of its own.
    let may_be_of_others = only_pointed_at && lost.is_empty();
    let what = what.join(" and ");
    let message = match may_be_of_others {
        true => format!("foreign keys point at {what} that no revision creates: {}", list(&names)),
        false => format!("the base is hollow: the chain uses {what} that no revision creates: {}", list(&names)),
    };
    let mut finding = Finding::new(&INFO, history.place(at), message)
        .label(format!("{} is used here first", spoken::object(object)))
        .revisions(revisions.iter().copied())
        .why(format!(
            "on an empty database {} stops in `{}` with `{}`",
            spoken::system(history.dialect),
            history.revision(at).id,
            spoken::missing(object, history.dialect)
        ));
    for (object, at) in first.iter().skip(1).take(SHOWN) {
        finding = finding.also(
            history.place(*at),
            format!("{} is used here first, by `{}`", spoken::object(object), history.revision(*at).id),
        );
    }
    finding = if may_be_of_others {
        finding
            .severity(Severity::Warning)
            .cause("another application makes them in the same database, or the base is hollow: which of both cannot be told from the chain")
            .help("where another application makes them, its migrations have to run first; else write a base that creates them")
    } else if lost.is_empty() {
        finding
            .cause("they were made by hand, by `create_all()` or by another chain before this one was begun")
            .help("write a new base that creates them as they were before the first use; databases that have them already are stamped with its id")
    } else {
        finding
            .cause(format!("what created them is lost with {}", list(lost)))
            .help("bring the lost revision back: an empty file with its id repairs the chain and not the database")
    };
    if let Some(id) = lost.first() {
        finding = finding.help(format!(
            "without the file, `cucurbit reconstruct --dump schema.sql` writes `{id}` anew from a dump of a database that has them",
        ));
    }
    out.push(tie(finding, history));
}

/// Says whether a change needs a table for nothing but a foreign key that points at it.
fn is_pointed_at(object: &ObjectRef, change: &Change) -> bool {
    let own = match change {
        Change::CreateTable { table, .. } => &table.name,
        Change::AddColumn { table, .. } => table,
        Change::AddConstraint { table, .. } if key_target(change).is_some() => table,
        _ => return false,
    };
    matches!(object, ObjectRef::Table(name) if name != own)
}

/// The table that a foreign key of a change points at.
fn key_target(change: &Change) -> Option<&ObjectName> {
    let Change::AddConstraint { constraint, .. } = change else { return None };
    match &constraint.body {
        ConstraintBody::ForeignKey { table, .. } => Some(table),
        _ => None,
    }
}

fn table_name(object: &ObjectRef) -> Option<String> {
    match object {
        ObjectRef::Table(name) => Some(name.to_string()),
        _ => None,
    }
}

fn schema_name(object: &ObjectRef) -> Option<String> {
    match object {
        ObjectRef::Schema(name) => Some(name.clone()),
        _ => None,
    }
}
