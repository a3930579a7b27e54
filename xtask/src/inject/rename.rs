//! Gives a revision another id everywhere, so that the id is the only thing that changes.

use super::project::{Name, Project, literal};
use cucurbit::alembic::DocLine;
use std::path::PathBuf;

/// Renames a revision: its variable, its docstring, its file name, and all that refers to it.
/// Returns where the file then is.
pub(super) fn rename(project: &mut Project<'_>, index: usize, new: &str) -> PathBuf {
    re_id(project, index, new);
    let revision = project.revision(index);
    let stem = revision.stem();
    if !revision.is_named_for_id() && stem != revision.id {
        return revision.path.clone();
    }
    let rest = &stem[revision.id.len()..];
    let path = revision.path.with_file_name(format!("{new}{rest}.py"));
    project.move_file(index, path.clone());
    path
}

/// Renames a revision but leaves its file name.
pub(super) fn re_id(project: &mut Project<'_>, index: usize, new: &str) {
    let revision = project.revision(index);
    let old = revision.id.as_str();
    project.set(index, Name::Revision, &literal(&[new]));
    if let Some(doc) = &revision.facts.docstring {
        reword(project, index, doc.revision_id.as_ref(), old, new);
    }
    let swap = |ids: &[String]| -> Vec<String> {
        ids.iter().map(|id| if id == old { new.to_owned() } else { id.clone() }).collect()
    };
    for child in project.chain.children(index) {
        let child_revision = project.revision(child);
        project.set(child, Name::DownRevision, &literal(&swap(&child_revision.parents)));
        if let Some(doc) = &child_revision.facts.docstring {
            reword(project, child, doc.revises.as_ref(), old, new);
        }
    }
    for dependent in project.chain.dependents(index) {
        let ids = swap(&project.revision(dependent).dependencies);
        project.set(dependent, Name::DependsOn, &literal(&ids));
    }
}

/// Replaces an id in a line of the docstring, where it stands as a word.
fn reword(project: &mut Project<'_>, index: usize, line: Option<&DocLine>, old: &str, new: &str) {
    let Some(line) = line else { return };
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let stands_alone = |at: &usize| {
        !line.text[..*at].ends_with(is_part) && !line.text[at + old.len()..].starts_with(is_part)
    };
    let found = line.text.match_indices(old).map(|(at, _)| at).find(stands_alone);
    if let Some(at) = found {
        let start = line.span.start as usize + at;
        project.edit(index, start..start + old.len(), new);
    }
}
