//! Faults of `depends_on`.

use super::graph::put_revision;
use super::{Fault, Injected, NO_PARENT_EDGE, NO_REVISION, expect};
use crate::inject::chain::Chain;
use crate::inject::project::{Name, Project, literal};

pub(super) const FAULTS: &[Fault] = &[
    Fault { name: "missing-dependency", inject: missing_dependency },
    Fault { name: "dependency-loop", inject: dependency_loop },
    Fault { name: "dependency-cycle", inject: dependency_cycle },
    Fault { name: "redundant-dependency", inject: redundant_dependency },
    Fault { name: "redundant-dependency-at-new-merge", inject: redundant_dependency_at_new_merge },
];

fn add_dependency(project: &mut Project<'_>, index: usize, id: &str) {
    let mut ids = project.revision(index).dependencies.clone();
    ids.push(id.to_owned());
    project.set(index, Name::DependsOn, &literal(&ids));
}

fn missing_dependency(project: &mut Project<'_>) -> Injected {
    let index = project.pick(|_, _| true).ok_or(NO_REVISION)?;
    let lost = project.fresh_id();
    add_dependency(project, index, &lost);
    Ok(expect("dangling-dependency").file(&project.revision(index).path).revision(&lost))
}

fn dependency_loop(project: &mut Project<'_>) -> Injected {
    let index = project.pick(|_, _| true).ok_or(NO_REVISION)?;
    let revision = project.revision(index);
    add_dependency(project, index, &revision.id);
    Ok(expect("dependency-loop").file(&revision.path).revision(&revision.id))
}

fn dependency_cycle(project: &mut Project<'_>) -> Injected {
    let chain = project.chain;
    let low = project.pick(|index, _| !chain.children(index).is_empty()).ok_or(NO_PARENT_EDGE)?;
    let above: Vec<usize> = chain.descendants(low).into_iter().collect();
    let high = project.one_of(&above).ok_or(NO_PARENT_EDGE)?;
    let (low_revision, high_revision) = (project.revision(low), project.revision(high));
    add_dependency(project, low, &high_revision.id);
    Ok(expect("dependency-cycle")
        .file(&low_revision.path)
        .revision(&low_revision.id)
        .revision(&high_revision.id))
}

/// Another open branch above the ancestor would cover its row, and then nothing fails.
fn redundant_dependency(project: &mut Project<'_>) -> Injected {
    let chain = project.chain;
    let below_parents = |index: usize| -> Vec<usize> {
        let parents = chain.parents(index);
        let independent = not_depended_on(chain, index);
        independent.into_iter().filter(|ancestor| !parents.contains(ancestor)).collect()
    };
    let is_the_only_branch = |index: usize| {
        chain.ancestors(index).len() + chain.descendants(index).len() + 1 == chain.revisions().len()
    };
    let merge = project
        .pick(|index, revision| {
            revision.parents.len() > 1
                && chain.parents(index).len() == revision.parents.len()
                && !below_parents(index).is_empty()
                && is_the_only_branch(index)
        })
        .ok_or("no merge to which every other revision leads or from which it follows")?;
    let ancestor = project.one_of(&below_parents(merge)).ok_or(NO_PARENT_EDGE)?;
    add_dependency(project, merge, &project.revision(ancestor).id);
    let revision = project.revision(merge);
    Ok(expect("failing-upgrade").file(&revision.path).revision(&revision.id))
}

/// Returns the ancestors on which nothing between depends: Alembic leaves a dependency out that an
/// ancestor of the revision has as well.
fn not_depended_on(chain: &Chain, index: usize) -> Vec<usize> {
    let ancestors = chain.ancestors(index);
    let depends = |target: &usize| chain.dependents(*target).iter().any(|other| ancestors.contains(other));
    ancestors.iter().copied().filter(|target| !depends(target)).collect()
}

/// Builds the merge where there may be none: a second child beside the only head, and both joined.
fn redundant_dependency_at_new_merge(project: &mut Project<'_>) -> Injected {
    let chain = project.chain;
    let count = chain.revisions().len();
    let is_only_head = |index: usize| chain.ancestors(index).len() + 1 == count;
    let head = project
        .pick(|index, revision| revision.parents.len() == 1 && is_only_head(index))
        .ok_or("no single head with a single parent above all other revisions")?;
    let below = not_depended_on(chain, head);
    let ancestor = project.one_of(&below).ok_or("other revisions depend on every ancestor")?;
    let head_revision = project.revision(head);
    let (arm, merge) = (project.fresh_id(), project.fresh_id());
    put_revision(project, &arm, &[&head_revision.parents[0]]);
    let path = put_revision(project, &merge, &[&head_revision.id, &arm]);
    let dependency = format!(" = {}\n", literal(&[&project.revision(ancestor).id]));
    let text = String::from_utf8_lossy(project.tree().bytes(&path).unwrap_or_default())
        .replace("depends_on: Union[str, Sequence[str], None] = None\n", &format!("depends_on{dependency}"));
    project.put(&path, text);
    Ok(expect("failing-upgrade").file(&path).revision(&merge))
}
