//! `depends_on` names a revision or label that no file defines.

use super::lost::Lost;
use super::text::id_or_file;
use crate::case::Case;
use crate::finding::{Finding, Tie};

info!(
    "GRA003",
    "dangling-dependency",
    Error,
    "dangling_dependency.md",
    "`depends_on` names a revision that no file defines."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    let graph = case.graph();
    let mut lost = Lost::new(case);
    for reference in graph.dependency_references().filter(|r| graph.is_missing(r.target)) {
        let id = graph.id(reference.target).to_owned();
        let owner = id_or_file(case, reference.row);
        let finding = Finding::new(
            &INFO,
            case.dependency_place(reference.row, reference.position),
            format!("`{owner}` depends on `{id}`, which no file defines"),
        )
        .label("neither a revision nor a branch label of this environment")
        .revision(&id)
        .revision(&owner)
        .why(format!("every Alembic command stops with `KeyError: '{id}'`, without a warning before it"))
        .follows_from(Tie::Unseen(id.clone()))
        .follows_from(Tie::Missing(id.clone()));
        let label = id.split_once('@').map(|(label, _)| label);
        if let Some(label) = label.filter(|label| graph.label_owner(label).is_some()) {
            let finding = finding.cause("`label@head` is a name for commands, not for files");
            out.push(finding.help(format!(
                "write `{label}` for the revision that declares the label, or the id of the head"
            )));
            continue;
        }
        let finding = lost.explain(finding, &id);
        out.push(finding.help(format!(
            "if `{id}` lives in another package, add that package's folder to `version_locations`"
        )));
    }
}
