//! The order of statements: by phase, and what a statement needs before it.

use super::DdlStatement;
use super::text::fold;
use crate::model::{Dialect, ObjectName};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// When a statement runs, unless another one needs it earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Setting,
    Schema,
    Extension,
    Early,
    Enum,
    Type,
    Sequence,
    Function,
    Table,
    FunctionOnTable,
    Constraint,
    /// Those of the most remote descendants first.
    Index(Reverse<u8>),
    ForeignKey,
    Owner,
    View,
    FunctionOnView,
    Late,
    Trigger,
    Rule,
    Policy,
    Comment,
    Grant,
    EventTrigger,
    Reset,
}

/// A statement with its place in the order.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) phase: Phase,
    pub(super) statement: DdlStatement,
    /// What it makes that others may need.
    pub(super) makes: Option<ObjectName>,
    /// What it may need; names that nothing makes do not matter.
    pub(super) needs: BTreeSet<ObjectName>,
}

/// Folds a name the way the dialect compares names.
fn key(name: &ObjectName, dialect: Dialect) -> ObjectName {
    ObjectName { schema: name.schema.as_deref().map(|s| fold(s, dialect)), name: fold(&name.name, dialect) }
}

/// Sorts by phase, then as pushed; what a statement needs is drawn before it. In a circle the order by
/// phase stays.
pub(super) fn sort(mut pieces: Vec<Piece>, dialect: Dialect) -> Vec<DdlStatement> {
    pieces.sort_by_key(|piece| piece.phase);
    let mut makers: BTreeMap<ObjectName, Vec<usize>> = BTreeMap::new();
    for (at, piece) in pieces.iter().enumerate() {
        if let Some(name) = &piece.makes {
            makers.entry(key(name, dialect)).or_default().push(at);
        }
    }
    let needs: Vec<Vec<usize>> = pieces
        .iter()
        .map(|piece| {
            let found = piece.needs.iter().filter_map(|name| makers.get(&key(name, dialect)));
            let mut found: Vec<usize> = found.flatten().copied().collect();
            found.sort_unstable();
            found.dedup();
            found
        })
        .collect();
    let mut seen = vec![false; pieces.len()];
    let mut order = Vec::with_capacity(pieces.len());
    for start in 0..pieces.len() {
        if seen[start] {
            continue;
        }
        seen[start] = true;
        let mut stack = vec![(start, 0)];
        while let Some((at, next)) = stack.pop() {
            match needs[at].get(next) {
                Some(&needed) => {
                    stack.push((at, next + 1));
                    if !seen[needed] {
                        seen[needed] = true;
                        stack.push((needed, 0));
                    }
                }
                None => order.push(at),
            }
        }
    }
    let mut statements: Vec<Option<DdlStatement>> = pieces.into_iter().map(|p| Some(p.statement)).collect();
    order.into_iter().filter_map(|at| statements[at].take()).collect()
}
