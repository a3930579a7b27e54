//! A parent written as something that is nearly its id: the finding must name the true one.

use super::{Fault, Injected, NotApplicable, expect};
use crate::inject::chain::Revision;
use crate::inject::project::{Name, Project, literal};
use crate::inject::rename::re_id;

pub(super) const FAULTS: &[Fault] = &[
    Fault { name: "parent-is-file-stem", inject: file_stem },
    Fault { name: "parent-is-slug", inject: slug },
    Fault { name: "parent-is-prefix", inject: prefix },
    Fault { name: "parent-one-edit-away", inject: one_edit },
    Fault { name: "parent-in-other-case", inject: other_case },
    Fault { name: "parent-with-space", inject: with_space },
    Fault { name: "overwritten-by-child", inject: overwritten_by_child },
];

/// Makes one child name its parent by what `write` gives; revisions without an answer are passed
/// over.
fn misname(
    project: &mut Project<'_>,
    reason: NotApplicable,
    write: impl Fn(&mut fastrand::Rng, &Revision) -> Option<String>,
) -> Injected {
    let chain = project.chain;
    let mut edges: Vec<(usize, usize)> = (0..chain.revisions().len())
        .flat_map(|child| chain.parents(child).into_iter().map(move |parent| (child, parent)))
        .collect();
    project.random.shuffle(&mut edges);
    let is_free = |text: &String| !chain.is_id(text);
    let mut answer = |parent: usize| write(&mut project.random, &chain.revisions()[parent]).filter(is_free);
    let found = edges.into_iter().find_map(|(child, parent)| Some((child, parent, answer(parent)?)));
    let (child, parent, written) = found.ok_or(reason)?;
    let (child_revision, parent_revision) = (project.revision(child), project.revision(parent));
    let swap = |id: &String| if *id == parent_revision.id { written.clone() } else { id.clone() };
    let parents: Vec<String> = child_revision.parents.iter().map(swap).collect();
    project.set(child, Name::DownRevision, &literal(&parents));
    Ok(expect("dangling-parent").file(&child_revision.path).revision(&written).revision(&parent_revision.id))
}

fn file_stem(project: &mut Project<'_>) -> Injected {
    misname(project, "files are named for ids alone", |_, parent| {
        parent.is_named_for_id().then(|| parent.stem().to_owned())
    })
}

fn slug(project: &mut Project<'_>) -> Injected {
    misname(project, "file names do not begin with the id and `_`", |_, parent| {
        let slug = parent.stem().strip_prefix(parent.id.as_str())?.strip_prefix('_')?;
        (!slug.is_empty()).then(|| slug.to_owned())
    })
}

fn prefix(project: &mut Project<'_>) -> Injected {
    misname(project, "no parent has an id of six ASCII characters or more", |random, parent| {
        let length = parent.id.len();
        (length >= 6 && parent.id.is_ascii()).then(|| parent.id[..random.usize(4..length)].to_owned())
    })
}

/// Below four characters, one edit is no evidence.
fn one_edit(project: &mut Project<'_>) -> Injected {
    misname(project, "no parent has an id of four ASCII characters or more", |random, parent| {
        let mut id = parent.id.clone().into_bytes();
        if id.len() < 4 || !parent.id.is_ascii() {
            return None;
        }
        let (at, letter) = (random.usize(0..id.len()), *random.choice(b"0123456789abcdef")?);
        match random.u8(0..3) {
            0 if id[at] != letter => id[at] = letter,
            1 if id.len() > 4 => drop(id.remove(at)),
            _ => id.insert(at, letter),
        }
        String::from_utf8(id).ok()
    })
}

fn other_case(project: &mut Project<'_>) -> Injected {
    misname(project, "no parent has an id with a letter", |_, parent| {
        let swapped: String = parent
            .id
            .chars()
            .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
            .collect();
        (swapped != parent.id).then_some(swapped)
    })
}

fn with_space(project: &mut Project<'_>) -> Injected {
    misname(project, "no revision has a parent", |random, parent| {
        Some(if random.bool() { format!("{} ", parent.id) } else { format!(" {}", parent.id) })
    })
}

/// A successor was written over the file of its parent: the name stays, the id is another, and the
/// old id is named as parent.
fn overwritten_by_child(project: &mut Project<'_>) -> Injected {
    let index = project
        .pick(|_, revision| revision.is_named_for_id() && revision.id.len() > 1)
        .ok_or("file names do not begin with the id and `_`")?;
    let revision = project.revision(index);
    let id = project.fresh_id();
    re_id(project, index, &id);
    project.set(index, Name::DownRevision, &literal(&[&revision.id]));
    Ok(expect("dangling-parent").or("missing-base").file(&revision.path).revision(&revision.id).revision(&id))
}
