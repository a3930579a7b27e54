//! Text that is not Python. The ids stand before the fault and must still be read.

use super::{Expectation, Fault, Injected, NO_REVISION, expect};
use crate::inject::chain::{Revision, line_end, line_start};
use crate::inject::project::Project;

pub(super) const FAULTS: &[Fault] = &[
    Fault { name: "unclosed-bracket", inject: unclosed_bracket },
    Fault { name: "python2-print", inject: python2_print },
    Fault { name: "cut-in-body", inject: cut_in_body },
    Fault { name: "nul-byte", inject: nul_byte },
    Fault { name: "tabs-and-spaces", inject: tabs_and_spaces },
    Fault { name: "conflict-in-body", inject: conflict_in_body },
    Fault { name: "conflict-in-parent", inject: conflict_in_parent },
];

fn unclosed_bracket(project: &mut Project<'_>) -> Injected {
    insert(project, "\nTABLES = ['one', ('two', 'three'\n")
}

fn python2_print(project: &mut Project<'_>) -> Injected {
    insert(project, "print \"migrating\"\n")
}

/// Python 3 refuses a block indented with spaces here and with a tab there.
fn tabs_and_spaces(project: &mut Project<'_>) -> Injected {
    insert(project, "if True:\n        first = 1\n\tsecond = 2\n")
}

/// Puts lines behind the identifiers or at the end, where a statement may begin.
fn insert(project: &mut Project<'_>, lines: &str) -> Injected {
    let index = project.pick(|_, revision| revision.text.ends_with('\n')).ok_or(NO_REVISION)?;
    let revision = project.revision(index);
    let places = [revision.after_identifiers(), revision.text.len()];
    let at = project.one_of(&places).unwrap_or_default();
    project.edit(index, at..at, lines);
    Ok(not_python(revision))
}

fn not_python(revision: &Revision) -> Expectation {
    expect("syntax-error").file(&revision.path).revision(&revision.id)
}

/// Returns the offset of the upgrade function's body.
fn body(revision: &Revision) -> Option<usize> {
    let at = revision.text.find("\ndef upgrade(")?;
    (at > revision.after_identifiers()).then(|| line_end(&revision.text, at + 1))
}

/// Behind an opening bracket, so that what is left cannot be whole.
fn cut_in_body(project: &mut Project<'_>) -> Injected {
    let cuts = |revision: &Revision| -> Vec<usize> {
        let Some(body) = body(revision) else { return Vec::new() };
        let brackets = revision.text[body..].match_indices('(').map(|(at, _)| body + at + 1);
        brackets.filter(|at| !revision.text[line_start(&revision.text, *at)..*at].contains('#')).collect()
    };
    let index = project.pick(|_, revision| !cuts(revision).is_empty()).ok_or("no upgrade calls anything")?;
    let revision = project.revision(index);
    let at = project.one_of(&cuts(revision)).ok_or(NO_REVISION)?;
    project.edit(index, at..revision.text.len(), "");
    Ok(not_python(revision))
}

fn nul_byte(project: &mut Project<'_>) -> Injected {
    let index = project.pick(|_, _| true).ok_or(NO_REVISION)?;
    let revision = project.revision(index);
    let mut at = project.random.usize(revision.after_identifiers()..=revision.text.len());
    while !revision.text.is_char_boundary(at) {
        at -= 1;
    }
    project.edit(index, at..at, b"\0".as_slice());
    Ok(not_python(revision))
}

fn conflict_in_body(project: &mut Project<'_>) -> Injected {
    let index = project.pick(|_, revision| body(revision).is_some()).ok_or("no plain upgrade function")?;
    let revision = project.revision(index);
    let at = body(revision).unwrap_or_default();
    let conflict =
        "<<<<<<< HEAD\n    op.drop_table('one')\n=======\n    op.drop_table('two')\n>>>>>>> feature\n";
    project.edit(index, at..at, conflict);
    Ok(expect("conflict-markers").file(&revision.path).revision(&revision.id))
}

/// Both sides name a parent, so the id is known and the parent is not.
fn conflict_in_parent(project: &mut Project<'_>) -> Injected {
    let index = project.pick(|_, _| true).ok_or(NO_REVISION)?;
    let revision = project.revision(index);
    let Some(span) = revision.facts.down_revision.span() else { return Err(NO_REVISION) };
    let start = line_start(&revision.text, span.start as usize);
    let end = line_end(&revision.text, span.end as usize);
    let ours = &revision.text[start..end];
    let other = project.fresh_id();
    let conflict = format!("<<<<<<< HEAD\n{ours}=======\ndown_revision = '{other}'\n>>>>>>> feature\n");
    project.edit(index, start..end, conflict);
    Ok(expect("conflict-markers").file(&revision.path).revision(&revision.id))
}
