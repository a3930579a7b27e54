//! A revision names a parent that no file defines, and something else may stand below it.

use super::lost::Lost;
use crate::case::Case;
use crate::finding::Finding;
use std::collections::HashSet;

info!(
    "GRA001",
    "dangling-parent", Error, "dangling_parent.md", "A revision names a parent that no file defines."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let mut lost = Lost::new(case);
    let bases: HashSet<_> = lost.bases().into_iter().collect();
    let parents: Vec<_> = lost.parents().iter().copied().filter(|parent| !bases.contains(parent)).collect();
    for missing in parents {
        let id = case.graph().id(missing);
        out.push(lost.report(&INFO, missing, format!("parent `{id}` is not defined by any file")));
    }
}
