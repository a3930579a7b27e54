//! Faults of branch labels.

use super::{Fault, Injected, NO_PARENT_EDGE, expect};
use crate::inject::chain::Revision;
use crate::inject::project::{Name, Project, literal};
use cucurbit::alembic::Field;

pub(super) const FAULTS: &[Fault] = &[
    Fault { name: "label-is-id", inject: label_is_id },
    Fault { name: "label-twice", inject: label_twice },
    Fault { name: "unusable-label", inject: unusable_label },
    Fault { name: "label-as-parent", inject: label_as_parent },
];

const LABEL: &str = "injected_label";
const ALL_LABELLED: &str = "every revision has branch labels";

fn is_unlabelled(revision: &Revision) -> bool {
    !revision.facts.branch_labels.is_unknown()
        && revision.facts.branch_labels.strings().is_empty()
        && !matches!(&revision.facts.branch_labels, Field::Known { span, .. } if span.start == span.end)
}

fn label_is_id(project: &mut Project<'_>) -> Injected {
    let labelled = project.pick(|_, revision| is_unlabelled(revision)).ok_or(ALL_LABELLED)?;
    let taken = project.pick(|index, _| index != labelled).ok_or("there is one revision alone")?;
    let (labelled_revision, taken) = (project.revision(labelled), project.revision(taken));
    project.set(labelled, Name::BranchLabels, &literal(&[&taken.id]));
    Ok(expect("branch-label-clash").file(&labelled_revision.path).revision(&labelled_revision.id))
}

fn label_twice(project: &mut Project<'_>) -> Injected {
    let first = project.pick(|_, revision| is_unlabelled(revision)).ok_or(ALL_LABELLED)?;
    let second = project
        .pick(|index, revision| index != first && is_unlabelled(revision))
        .ok_or("there are no two revisions without labels")?;
    let mut expected = expect("branch-label-clash");
    for index in [first, second] {
        project.set(index, Name::BranchLabels, &format!("('{LABEL}',)"));
        expected = expected.file(&project.revision(index).path).revision(&project.revision(index).id);
    }
    Ok(expected)
}

fn unusable_label(project: &mut Project<'_>) -> Injected {
    let index = project.pick(|_, revision| is_unlabelled(revision)).ok_or(ALL_LABELLED)?;
    let label = project.one_of(&["head", "base", "a@b", "x:y", "release-2", "v+1"]).unwrap_or_default();
    project.set(index, Name::BranchLabels, &literal(&[label]));
    let revision = project.revision(index);
    Ok(expect("unusable-branch-label").file(&revision.path).revision(&revision.id))
}

fn label_as_parent(project: &mut Project<'_>) -> Injected {
    let chain = project.chain;
    let has_labelled_parent =
        |index: usize| chain.parents(index).iter().any(|parent| is_unlabelled(&chain.revisions()[*parent]));
    let child = project.pick(|index, _| has_labelled_parent(index)).ok_or(NO_PARENT_EDGE)?;
    let parent = chain.parents(child).into_iter().find(|parent| is_unlabelled(project.revision(*parent)));
    let parent = parent.ok_or(NO_PARENT_EDGE)?;
    let (child_revision, parent_revision) = (project.revision(child), project.revision(parent));
    project.set(parent, Name::BranchLabels, &literal(&[LABEL]));
    let swap = |id: &String| if *id == parent_revision.id { LABEL.to_owned() } else { id.clone() };
    let parents: Vec<String> = child_revision.parents.iter().map(swap).collect();
    project.set(child, Name::DownRevision, &literal(&parents));
    Ok(expect("label-as-parent")
        .file(&child_revision.path)
        .revision(&child_revision.id)
        .revision(&parent_revision.id))
}
