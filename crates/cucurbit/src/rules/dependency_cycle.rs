//! Parents and dependencies together lead back to where they started.

use super::cycle::report;
use crate::case::Case;
use crate::finding::Finding;

info!("GRA016", "dependency-cycle", Error, "dependency_cycle.md", "Parents and dependencies together lead back to where they started.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for ring in case.graph().dependency_cycles() {
        out.push(report(case, &INFO, &ring, "parent or dependency"));
    }
}
