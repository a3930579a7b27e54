//! What the rules about missing and existing objects share: of which kind a misfit is.

use crate::finding::{Finding, Tie};
use crate::history::{History, Misfit};
use cucurbit_schema::{
    Change, ColumnAlteration, ConstraintBody, Dialect, MismatchKind, ObjectKind, ObjectName, ObjectRef,
};
use std::collections::{BTreeMap, BTreeSet};

/// Why an object is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lack {
    /// This operation dropped it.
    Dropped(usize),
    /// This operation gave it another name.
    Renamed(usize, String),
    /// This operation makes it, later.
    Late(usize),
    /// A foreign key points at it, and this operation makes it later.
    LateKey(usize),
    /// The name of a table holds a schema: the schema and the name that were meant.
    Qualified(String, String),
    /// Nothing makes it; something of almost the same name is there.
    Misspelt(String),
    /// No operation of the chain ever makes it.
    Hollow,
}

/// A misfit about something that is missing, with the reason. The first of each object.
pub(super) struct Missing<'h> {
    pub(super) misfit: &'h Misfit,
    pub(super) lack: Lack,
}

/// Returns everything that is missing, in order, each object once but for hollow ones, of which all uses count.
pub(super) fn missing(history: &History) -> Vec<Missing<'_>> {
    let made = made(history);
    let mut found = Vec::new();
    let mut seen: BTreeSet<&ObjectRef> = BTreeSet::new();
    for misfit in &history.misfits {
        let MismatchKind::Missing { dropped_by } = &misfit.mismatch.kind else { continue };
        let object = &misfit.mismatch.object;
        if !can_be_told(history, misfit) {
            continue;
        }
        let dropped = dropped_by.and_then(|origin| history.at(origin));
        let Some(lack) = lack(history, &made, misfit, dropped) else { continue };
        if lack != Lack::Hollow && !seen.insert(object) {
            continue;
        }
        found.push(Missing { misfit, lack });
    }
    // Where tables come from outside of the chain, one that is changed before the chain makes it did too.
    let is_hollow =
        |m: &Missing<'_>| m.lack == Lack::Hollow && matches!(m.misfit.mismatch.object, ObjectRef::Table(_));
    if found.iter().any(is_hollow) {
        for missing in found.iter_mut().filter(|m| matches!(m.lack, Lack::Late(_))) {
            missing.lack = Lack::Hollow;
        }
    }
    found
}

/// The operations that make tables and views, by name.
pub(super) fn made(history: &History) -> BTreeMap<&ObjectName, Vec<usize>> {
    let mut made: BTreeMap<&ObjectName, Vec<usize>> = BTreeMap::new();
    for (at, change, _) in history.changes() {
        let name = match change {
            Change::CreateTable { table, .. } => &table.name,
            Change::CreateTableFrom { name, .. } | Change::RenameTable { to: name, .. } => name,
            Change::CreateObject { object, .. }
                if matches!(
                    object.kind,
                    ObjectKind::View | ObjectKind::MaterializedView | ObjectKind::VirtualTable
                ) =>
            {
                &object.name
            }
            _ => continue,
        };
        made.entry(name).or_default().push(at);
    }
    made
}

/// Some objects are there although no statement makes them, and some have names that cannot be told.
fn can_be_told(history: &History, misfit: &Misfit) -> bool {
    let MismatchKind::Missing { dropped_by } = &misfit.mismatch.kind else { return false };
    match &misfit.mismatch.object {
        ObjectRef::Schema(_) => !history.env_makes_schemas,
        ObjectRef::Table(_) => true,
        ObjectRef::Constraint(..) | ObjectRef::Index(..) if dropped_by.is_none() => {
            // MySQL makes an index for each foreign key, and keeps it.
            history.naming_known && !history.dialect.is_mysql()
        }
        ObjectRef::Sequence(_) | ObjectRef::Object(..) => dropped_by.is_some(),
        _ => true,
    }
}

fn lack(
    history: &History,
    made: &BTreeMap<&ObjectName, Vec<usize>>,
    misfit: &Misfit,
    dropped: Option<usize>,
) -> Option<Lack> {
    let object = &misfit.mismatch.object;
    if let Some((at, to)) = renamed(history, object, misfit.at, dropped) {
        return Some(Lack::Renamed(at, to));
    }
    if let Some(at) = dropped {
        return Some(Lack::Dropped(at));
    }
    let ObjectRef::Table(name) = object else {
        return match object {
            ObjectRef::Schema(_) => Some(Lack::Hollow),
            other => Some(near_part(history, other, misfit.at).map_or(Lack::Hollow, Lack::Misspelt)),
        };
    };
    if let Some(later) = made.get(name).and_then(|made| made.iter().find(|made| **made >= misfit.at)) {
        return Some(match is_key_to(&misfit.change, name) {
            true => Lack::LateKey(*later),
            false => Lack::Late(*later),
        });
    }
    if let (None, Some((schema, table))) = (&name.schema, name.name.split_once('.'))
        && history.dialect != Dialect::Sqlite
    {
        return Some(Lack::Qualified(schema.to_owned(), table.to_owned()));
    }
    let uses = history.misfits.iter().filter(|other| other.mismatch.object == *object);
    let revisions: BTreeSet<usize> = uses.map(|other| history.step(other.at)).collect();
    // A name that several migrations use is no slip.
    let near = made.iter().find(|(other, at)| {
        revisions.len() == 1
            && other.schema == name.schema
            && at.iter().any(|at| *at < misfit.at)
            && crate::spoken::are_near(&other.name, &name.name)
            && history.chain.state.table(other).is_some()
    });
    Some(near.map_or(Lack::Hollow, |(near, _)| Lack::Misspelt(near.to_string())))
}

/// A foreign key of the change points at a table, which is not the one that the change is about.
fn is_key_to(change: &Change, target: &ObjectName) -> bool {
    let points =
        |body: &ConstraintBody| matches!(body, ConstraintBody::ForeignKey { table, .. } if table == target);
    match change {
        Change::CreateTable { table, .. } => {
            table.name != *target && table.constraints.iter().any(|c| points(&c.body))
        }
        Change::AddConstraint { table, constraint, .. } => table != target && points(&constraint.body),
        Change::AddColumn { table, constraints, .. } => {
            table != target && constraints.iter().any(|c| points(&c.body))
        }
        _ => false,
    }
}

/// The last operation before that renamed an object, and its new name.
fn renamed(
    history: &History,
    object: &ObjectRef,
    before: usize,
    dropped: Option<usize>,
) -> Option<(usize, String)> {
    let mut found = None;
    for (at, change, applied) in history.changes() {
        if at >= before {
            break;
        }
        if !applied.mismatches.is_empty() || dropped.is_some_and(|dropped| at < dropped) {
            continue;
        }
        let to = match (object, change) {
            (ObjectRef::Table(name), Change::RenameTable { from, to, .. }) if from == name => to.to_string(),
            (
                ObjectRef::Column(table, name),
                Change::AlterColumn { table: of, column, alteration: ColumnAlteration::Rename(to) },
            ) if of == table && column == name => to.clone(),
            (ObjectRef::Constraint(table, name), Change::RenameConstraint { table: of, from, to })
                if of == table && from == name =>
            {
                to.clone()
            }
            (ObjectRef::Index(name, _), Change::RenameIndex { from, to, .. }) if from == name => to.clone(),
            (ObjectRef::Enum(name), Change::RenameType { from, to }) if from == name => to.clone(),
            _ => continue,
        };
        found = Some((at, to));
    }
    found
}

/// A column, constraint, index or type of almost the same name that was made before, on the same table.
fn near_part(history: &History, object: &ObjectRef, before: usize) -> Option<String> {
    let is_near = |a: &str, b: &str| a != b && crate::spoken::are_near(a, b);
    let mut found = None;
    for (at, _, applied) in history.changes() {
        if at >= before {
            break;
        }
        for touched in &applied.touched {
            let near = match (object, touched) {
                (ObjectRef::Column(table, name), ObjectRef::Column(of, other))
                | (ObjectRef::Constraint(table, name), ObjectRef::Constraint(of, other))
                    if table == of && is_near(name, other) =>
                {
                    other.clone()
                }
                (ObjectRef::Index(name, _), ObjectRef::Index(other, _))
                | (ObjectRef::Enum(name), ObjectRef::Enum(other))
                    if is_near(&name.name, &other.name) =>
                {
                    other.to_string()
                }
                _ => continue,
            };
            found = Some(near);
        }
    }
    found
}

/// Ties a finding to what keeps the chain from being whole: lost revisions.
pub(super) fn tie(mut finding: Finding, history: &History) -> Finding {
    for id in &history.chain.missing {
        finding = finding.follows_from(Tie::Missing(id.clone()));
    }
    finding
}
