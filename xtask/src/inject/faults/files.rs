//! Files that cannot be read.

use super::{Fault, Injected, NO_REVISION, expect};
use crate::inject::chain::line_start;
use crate::inject::project::Project;
use crate::inject::tree::Entry;
use std::path::PathBuf;

pub(super) const FAULTS: &[Fault] = &[
    Fault { name: "broken-link", inject: broken_link },
    Fault { name: "pipe", inject: pipe },
    Fault { name: "invalid-utf8", inject: invalid_utf8 },
    Fault { name: "nine-megabytes", inject: nine_megabytes },
    Fault { name: "ten-thousand-brackets", inject: ten_thousand_brackets },
];

fn broken_link(project: &mut Project<'_>) -> Injected {
    replace(project, Entry::Link(PathBuf::from("nowhere.py")))
}

fn pipe(project: &mut Project<'_>) -> Injected {
    replace(project, Entry::Pipe)
}

fn replace(project: &mut Project<'_>, entry: Entry) -> Injected {
    let index = project.pick(|_, _| true).ok_or(NO_REVISION)?;
    let path = &project.revision(index).path;
    project.put_entry(path, entry);
    Ok(expect("unreadable-file").file(path))
}

/// A line in Latin-1 anywhere makes the whole file unreadable to Python.
fn invalid_utf8(project: &mut Project<'_>) -> Injected {
    let names_another = |line: &str| line.contains("coding") && !line.to_lowercase().contains("utf");
    let index = project
        .pick(|_, revision| !revision.text.lines().take(2).any(names_another))
        .ok_or("every file names an encoding other than UTF-8")?;
    let revision = project.revision(index);
    let somewhere = project.random.usize(0..=revision.text.len());
    let mut at = somewhere;
    while !revision.text.is_char_boundary(at) {
        at -= 1;
    }
    let at = line_start(&revision.text, at);
    project.edit(index, at..at, b"# caf\xe9\n".as_slice());
    Ok(expect("unreadable-file").file(&revision.path))
}

fn nine_megabytes(project: &mut Project<'_>) -> Injected {
    let data =
        format!("\nDATA = [\n{}]\n", "    'one line of data that was pasted in',\n".repeat(9 << 20 >> 5));
    append(project, &data)
}

fn ten_thousand_brackets(project: &mut Project<'_>) -> Injected {
    const DEPTH: usize = 10_000;
    append(project, &format!("\nDEEP = {}{}\n", "[".repeat(DEPTH), "]".repeat(DEPTH)))
}

/// Whether Python loads it cannot be told, or it does not: both rules say so.
fn append(project: &mut Project<'_>, text: &str) -> Injected {
    let index = project.pick(|_, _| true).ok_or(NO_REVISION)?;
    let revision = project.revision(index);
    let end = revision.text.len();
    project.edit(index, end..end, text);
    Ok(expect("oversized-file").or("syntax-error").file(&revision.path).revision(&revision.id))
}
