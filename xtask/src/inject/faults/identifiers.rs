//! Identifiers and functions that are absent, computed or of the wrong type.

use super::{Fault, Injected, NO_REVISION, NotApplicable, expect};
use crate::inject::chain::{Revision, line_end, line_start};
use crate::inject::project::{Name, Project};
use cucurbit::alembic::Field;
use std::ops::Range;

pub(super) const FAULTS: &[Fault] = &[
    Fault { name: "no-revision-line", inject: no_revision_line },
    Fault { name: "no-down-revision-line", inject: no_down_revision_line },
    Fault { name: "computed-revision", inject: computed_revision },
    Fault { name: "computed-down-revision", inject: computed_down_revision },
    Fault { name: "number-as-revision", inject: number_as_revision },
    Fault { name: "none-as-revision", inject: none_as_revision },
    Fault { name: "number-as-down-revision", inject: number_as_down_revision },
    Fault { name: "renamed-upgrade", inject: renamed_upgrade },
];

const NOT_ON_A_LINE: NotApplicable = "no file assigns the variable once, on lines of its own";

/// Returns the lines of an assignment, when it is the only one of that name.
fn lines(revision: &Revision, field: &Field, name: &str) -> Option<Range<usize>> {
    let span = field.span()?;
    let start = line_start(&revision.text, span.start as usize);
    let end = line_end(&revision.text, span.end as usize);
    let begins =
        |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(['=', ':']));
    let is_only = revision.text.lines().filter(|line| begins(line)).count() == 1;
    (is_only && begins(&revision.text[start..end])).then_some(start..end)
}

/// A file of the 0.1 style has its id in its name.
fn no_revision_line(project: &mut Project<'_>) -> Injected {
    let range = |revision: &Revision| {
        let is_old_style = revision.stem().bytes().all(|b| b.is_ascii_hexdigit());
        lines(revision, &revision.facts.revision, "revision").filter(|_| !is_old_style)
    };
    let index = project.pick(|_, revision| range(revision).is_some()).ok_or(NOT_ON_A_LINE)?;
    let revision = project.revision(index);
    project.edit(index, range(revision).ok_or(NOT_ON_A_LINE)?, "");
    Ok(expect("missing-revision-id").file(&revision.path))
}

fn no_down_revision_line(project: &mut Project<'_>) -> Injected {
    let range = |revision: &Revision| lines(revision, &revision.facts.down_revision, "down_revision");
    let index = project.pick(|_, revision| range(revision).is_some()).ok_or(NOT_ON_A_LINE)?;
    let revision = project.revision(index);
    project.edit(index, range(revision).ok_or(NOT_ON_A_LINE)?, "");
    Ok(expect("missing-down-revision").file(&revision.path).revision(&revision.id))
}

const COMPUTED: [&str; 3] = ["make_id(__file__)", "f'{PREFIX}_{NUMBER}'", "__name__.split('_')[0]"];

fn computed_revision(project: &mut Project<'_>) -> Injected {
    let index = project.pick(|_, _| true).ok_or(NO_REVISION)?;
    let expression = project.one_of(&COMPUTED).unwrap_or_default();
    project.set(index, Name::Revision, expression);
    Ok(expect("computed-identifier").file(&project.revision(index).path))
}

fn computed_down_revision(project: &mut Project<'_>) -> Injected {
    let index = project.pick(|_, _| true).ok_or(NO_REVISION)?;
    let expression = project.one_of(&COMPUTED).unwrap_or_default();
    project.set(index, Name::DownRevision, expression);
    let revision = project.revision(index);
    Ok(expect("computed-identifier").file(&revision.path).revision(&revision.id))
}

fn number_as_revision(project: &mut Project<'_>) -> Injected {
    let number = project.random.u32(1..1_000_000).to_string();
    wrong_revision(project, &number)
}

fn none_as_revision(project: &mut Project<'_>) -> Injected {
    wrong_revision(project, "None")
}

fn wrong_revision(project: &mut Project<'_>, expression: &str) -> Injected {
    let index = project.pick(|_, _| true).ok_or(NO_REVISION)?;
    project.set(index, Name::Revision, expression);
    Ok(expect("wrong-identifier-type").file(&project.revision(index).path))
}

fn number_as_down_revision(project: &mut Project<'_>) -> Injected {
    let index = project.pick(|_, _| true).ok_or(NO_REVISION)?;
    let number = project.random.u32(1..1_000_000).to_string();
    project.set(index, Name::DownRevision, &number);
    let revision = project.revision(index);
    Ok(expect("wrong-identifier-type").file(&revision.path).revision(&revision.id))
}

fn renamed_upgrade(project: &mut Project<'_>) -> Injected {
    const DEFINITION: &str = "\ndef upgrade(";
    let is_plain = |text: &str| text.matches("upgrade(").count() == 1 && !text.contains("import *");
    let index = project
        .pick(|_, revision| revision.text.contains(DEFINITION) && is_plain(&revision.text))
        .ok_or("no file defines one plain upgrade function")?;
    let revision = project.revision(index);
    let at = revision.text.find(DEFINITION).ok_or(NO_REVISION)?;
    project.edit(index, at..at + DEFINITION.len(), "\ndef upgarde(");
    Ok(expect("missing-upgrade").file(&revision.path).revision(&revision.id))
}
