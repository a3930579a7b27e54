//! Names and docstrings that disagree with the code.

use super::{Fault, Injected, expect};
use crate::inject::chain::Revision;
use crate::inject::project::Project;
use cucurbit::alembic::{DocLine, Docstring};

pub(super) const FAULTS: &[Fault] = &[
    Fault { name: "renamed-for-nobody", inject: renamed_for_nobody },
    Fault { name: "renamed-for-another", inject: renamed_for_another },
    Fault { name: "docstring-revision-id", inject: docstring_revision_id },
    Fault { name: "docstring-revises", inject: docstring_revises },
];

const NOT_NAMED: &str = "most file names do not begin with the id and `_`";

fn renamed_for_nobody(project: &mut Project<'_>) -> Injected {
    let id = project.fresh_id();
    renamed(project, &id)
}

fn renamed_for_another(project: &mut Project<'_>) -> Injected {
    let other = project.pick(|_, revision| revision.is_named_for_id()).ok_or(NOT_NAMED)?;
    let id = project.revision(other).id.clone();
    renamed(project, &id)
}

/// Renames a file for an id that is not its own, where names promise ids.
fn renamed(project: &mut Project<'_>, id: &str) -> Injected {
    let revisions = project.chain.revisions();
    let named = revisions.iter().filter(|revision| revision.is_named_for_id()).count();
    if named * 2 <= revisions.len() {
        return Err(NOT_NAMED);
    }
    let renamed = |revision: &Revision| {
        let rest = revision.stem().strip_prefix(revision.id.as_str()).unwrap_or_default();
        revision.path.with_file_name(format!("{id}{rest}.py"))
    };
    let tree = project.tree().clone();
    let index = project
        .pick(|_, revision| {
            revision.is_named_for_id() && revision.id != id && !tree.contains(&renamed(revision))
        })
        .ok_or("no file can be renamed without overwriting another")?;
    let revision = project.revision(index);
    let path = renamed(revision);
    project.move_file(index, path.clone());
    Ok(expect("filename-mismatch").file(&path).revision(&revision.id).revision(id))
}

fn docstring_revision_id(project: &mut Project<'_>) -> Injected {
    reword(project, |doc| doc.revision_id.as_ref(), "no docstring has a `Revision ID` line")
}

fn docstring_revises(project: &mut Project<'_>) -> Injected {
    reword(project, |doc| doc.revises.as_ref(), "no docstring has a `Revises` line")
}

fn reword(
    project: &mut Project<'_>,
    line: impl Fn(&Docstring) -> Option<&DocLine>,
    reason: &'static str,
) -> Injected {
    let index = project
        .pick(|_, revision| revision.facts.docstring.as_ref().and_then(&line).is_some())
        .ok_or(reason)?;
    let revision = project.revision(index);
    let line = revision.facts.docstring.as_ref().and_then(&line).ok_or(reason)?;
    let written = project.fresh_id();
    let space = if line.text.is_empty() { " " } else { "" };
    project.edit(index, line.span.range(), format!("{space}{written}"));
    Ok(expect("docstring-mismatch").file(&revision.path).revision(&revision.id).revision(&written))
}
