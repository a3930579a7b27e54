//! Faults of parents: lost, doubled, turned back.

use super::{Expectation, Fault, Injected, NO_PARENT_EDGE, NO_REVISION, expect};
use crate::inject::project::{Name, Project, literal};
use crate::synthetic::NewRevision;
use std::path::PathBuf;

pub(super) const FAULTS: &[Fault] = &[
    Fault { name: "delete-middle", inject: delete_middle },
    Fault { name: "delete-base", inject: delete_base },
    Fault { name: "copied-file", inject: copied_file },
    Fault { name: "self-loop", inject: self_loop },
    Fault { name: "cycle", inject: cycle },
    Fault { name: "hidden-cycle", inject: hidden_cycle },
    Fault { name: "second-child", inject: second_child },
    Fault { name: "second-base", inject: second_base },
    Fault { name: "ancestor-merge", inject: ancestor_merge },
    Fault { name: "repeated-parent", inject: repeated_parent },
    Fault { name: "empty-parent", inject: empty_parent },
];

fn delete_middle(project: &mut Project<'_>) -> Injected {
    let chain = project.chain;
    let is_inner = |index: usize| !chain.children(index).is_empty() && !chain.parents(index).is_empty();
    let lost = project.pick(|index, _| is_inner(index)).ok_or("no revision has both a parent and a child")?;
    project.remove(lost);
    Ok(named_by_children(project, lost, expect("dangling-parent")))
}

fn delete_base(project: &mut Project<'_>) -> Injected {
    let chain = project.chain;
    let is_base = |index: usize| chain.revisions()[index].parents.is_empty();
    let lost = project
        .pick(|index, _| is_base(index) && !chain.children(index).is_empty())
        .ok_or("no base has a child")?;
    project.remove(lost);
    let bases = (0..chain.revisions().len()).filter(|index| is_base(*index)).count();
    let expected = match bases {
        1 => expect("missing-base"),
        // What is lost may have stood on the other chain.
        _ => expect("missing-base").or("dangling-parent"),
    };
    Ok(named_by_children(project, lost, expected))
}

fn named_by_children(project: &Project<'_>, lost: usize, expected: Expectation) -> Expectation {
    let children = project.chain.children(lost).into_iter();
    children.fold(expected.revision(&project.revision(lost).id), |expected, child| {
        expected.file(&project.revision(child).path)
    })
}

fn copied_file(project: &mut Project<'_>) -> Injected {
    let original = project.pick(|_, _| true).ok_or(NO_REVISION)?;
    let revision = project.revision(original);
    let copy = revision.path.with_file_name(format!("{}_copy.py", revision.stem()));
    project.put(&copy, revision.text.clone());
    Ok(expect("duplicate-revision").file(&revision.path).file(&copy).revision(&revision.id))
}

fn self_loop(project: &mut Project<'_>) -> Injected {
    let index = project.pick(|_, _| true).ok_or(NO_REVISION)?;
    let revision = project.revision(index);
    project.set(index, Name::DownRevision, &literal(&[&revision.id]));
    Ok(expect("self-loop").file(&revision.path).revision(&revision.id))
}

fn cycle(project: &mut Project<'_>) -> Injected {
    let chain = project.chain;
    let early = project.pick(|index, _| !chain.children(index).is_empty()).ok_or(NO_PARENT_EDGE)?;
    let above: Vec<usize> = chain.descendants(early).into_iter().collect();
    let late = project.one_of(&above).ok_or(NO_PARENT_EDGE)?;
    let (early_revision, late_revision) = (project.revision(early), project.revision(late));
    project.set(early, Name::DownRevision, &literal(&[&late_revision.id]));
    Ok(expect("cycle").file(&early_revision.path).revision(&early_revision.id).revision(&late_revision.id))
}

/// With a base below the ring and a head above it, Alembic reaches every member from both ends and
/// takes the chain for sound.
fn hidden_cycle(project: &mut Project<'_>) -> Injected {
    let chain = project.chain;
    let inner_above = |index: usize| -> Vec<usize> {
        chain.descendants(index).into_iter().filter(|above| !chain.children(*above).is_empty()).collect()
    };
    let low = project
        .pick(|index, _| !chain.parents(index).is_empty() && !inner_above(index).is_empty())
        .ok_or("no base, two revisions and a head in one line")?;
    let high = project.one_of(&inner_above(low)).ok_or(NO_PARENT_EDGE)?;
    let (low_revision, high_revision) = (project.revision(low), project.revision(high));
    let mut parents = low_revision.parents.clone();
    parents.push(high_revision.id.clone());
    project.set(low, Name::DownRevision, &literal(&parents));
    Ok(expect("cycle").file(&low_revision.path).revision(&low_revision.id).revision(&high_revision.id))
}

fn second_child(project: &mut Project<'_>) -> Injected {
    let chain = project.chain;
    let parent = project.pick(|index, _| !chain.children(index).is_empty()).ok_or(NO_PARENT_EDGE)?;
    let id = project.fresh_id();
    let path = put_revision(project, &id, &[&project.revision(parent).id.clone()]);
    Ok(expect("multiple-heads").file(&path).revision(&id))
}

/// Adds an empty revision, younger than all others.
pub(super) fn put_revision(project: &mut Project<'_>, id: &str, parents: &[&str]) -> PathBuf {
    let beside = parents.first().and_then(|id| project.chain.revisions().iter().find(|r| r.id == **id));
    let folder = beside.and_then(|revision| revision.path.parent()).unwrap_or(&project.versions[0]);
    let path = folder.join(format!("{id}_one_more.py"));
    let revision =
        NewRevision { id, parents, message: "one more", date: "2099-01-01 00:00:00.000000", table: None };
    project.put(&path, revision.text());
    path
}

fn second_base(project: &mut Project<'_>) -> Injected {
    let index = project.pick(|_, revision| !revision.parents.is_empty()).ok_or(NO_PARENT_EDGE)?;
    let revision = project.revision(index);
    project.set(index, Name::DownRevision, "None");
    Ok(expect("multiple-bases").file(&revision.path).revision(&revision.id))
}

fn ancestor_merge(project: &mut Project<'_>) -> Injected {
    let chain = project.chain;
    let has_grandparent = |index: usize| {
        chain.parents(index).len() == 1 && !chain.ancestors(chain.parents(index)[0]).is_empty()
    };
    let merge = project.pick(|index, _| has_grandparent(index)).ok_or("no revision has a grandparent")?;
    let parent = chain.parents(merge)[0];
    let below: Vec<usize> = chain.ancestors(parent).into_iter().collect();
    let ancestor = project.one_of(&below).ok_or(NO_PARENT_EDGE)?;
    let [merge_revision, parent, ancestor] = [merge, parent, ancestor].map(|index| project.revision(index));
    let mut parents = [&parent.id, &ancestor.id];
    project.random.shuffle(&mut parents);
    project.set(merge, Name::DownRevision, &literal(&parents));
    Ok(expect("ancestor-merge")
        .file(&merge_revision.path)
        .revision(&merge_revision.id)
        .revision(&ancestor.id))
}

fn repeated_parent(project: &mut Project<'_>) -> Injected {
    let index = project.pick(|_, revision| !revision.parents.is_empty()).ok_or(NO_PARENT_EDGE)?;
    let revision = project.revision(index);
    let mut parents = revision.parents.clone();
    let again = project.random.usize(0..parents.len());
    parents.push(parents[again].clone());
    project.set(index, Name::DownRevision, &literal(&parents));
    Ok(expect("repeated-parent")
        .file(&revision.path)
        .revision(&revision.id)
        .revision(&revision.parents[again]))
}

fn empty_parent(project: &mut Project<'_>) -> Injected {
    let index = project.pick(|_, _| true).ok_or(NO_REVISION)?;
    let revision = project.revision(index);
    project.set(index, Name::DownRevision, "''");
    Ok(expect("empty-parent").file(&revision.path).revision(&revision.id))
}
