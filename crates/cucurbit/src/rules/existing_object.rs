//! A migration creates what exists already.

use super::misfits::tie;
use crate::case::Case;
use crate::finding::Finding;
use crate::spoken;
use crate::history::History;
use cucurbit_schema::{MismatchKind, ObjectRef};
use std::collections::BTreeSet;

info!(
    "SCH003",
    "existing-object", Error, "existing_object.md", "A migration creates what exists already."
);

pub(super) fn check(case: &Case, history: &History, out: &mut Vec<Finding>) {
    let mut seen: BTreeSet<&ObjectRef> = BTreeSet::new();
    for misfit in &history.misfits {
        let MismatchKind::Exists { made_by } = &misfit.mismatch.kind else { continue };
        let object = &misfit.mismatch.object;
        // A name that a convention gives is not known without the convention.
        let named = !matches!(object, ObjectRef::Constraint(..) | ObjectRef::Index(..)) || history.naming_known;
        let Some(maker) = history.at(*made_by).filter(|maker| history.is_sure(*maker)) else { continue };
        if !named || maker == misfit.at || !seen.insert(object) {
            continue;
        }
        let (id, by) = (&history.revision(misfit.at).id, &history.revision(maker).id);
        let said = spoken::object(object);
        let message = match id == by {
            true => format!("`{id}` creates {said} twice"),
            false => format!("`{id}` creates {said}, which `{by}` created before"),
        };
        let (place, inner) = history.places(misfit.at);
        let mut finding = Finding::new(&INFO, place, message)
            .label(format!("{said} is there already"))
            .also(history.place(maker), "it is created here")
            .revision(id)
            .revision(by)
            .why(format!(
                "{} stops here with `{}`, so an empty database cannot be built",
                spoken::system(history.dialect),
                spoken::existing(object, history.dialect)
            ))
            .help("leave one of the two out; the other revision must not change where databases have run it");
        if let Some(inner) = inner {
            finding = finding.also(inner, "which comes to this call");
        }
        if are_apart(case, id, by) {
            finding = finding.cause("two branches of the code each added it");
        }
        out.push(tie(finding, history));
    }
}

/// Neither of two revisions stands on the other.
fn are_apart(case: &Case, a: &str, b: &str) -> bool {
    let graph = case.graph();
    match (graph.node(a), graph.node(b)) {
        (Some(a), Some(b)) => a != b && !graph.is_ancestor(a, b) && !graph.is_ancestor(b, a),
        _ => false,
    }
}
