//! Writes changes of a schema as an Alembic migration.
//!
//! The text is what Alembic's autogenerate would have written, as far as it would have run: names are final
//! (`op.f`), foreign keys of circles come after the tables, and every string is a literal that means just itself.

mod operations;
mod python;
mod template;
mod types;

use cucurbit_schema::{Change, Database, ObjectName, ObjectRef};
use operations::{Writer, Written};
use python::{Py, string};
use std::collections::BTreeSet;
use template::Known;
pub use template::{Template, TemplateProblem};

/// What stands around the operations of a migration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heading {
    /// The revision's id.
    pub revision: String,
    /// Its parents; none for a base.
    pub down_revision: Vec<String>,
    /// Branch labels.
    pub branch_labels: Vec<String>,
    /// Dependencies.
    pub depends_on: Vec<String>,
    /// Revisions that it stands for: written as the variable `replaces`, which Alembic does not look at.
    pub replaces: Vec<String>,
    /// The message: the first line of the docstring.
    pub message: String,
    /// The date for the docstring; left out when empty.
    pub create_date: String,
    /// The year of the date, where it is known: some templates write it by itself.
    pub create_year: Option<i32>,
    /// Lines that are put in front of `upgrade()` as comments.
    pub notes: Vec<String>,
    /// Modules that are imported for what loading them does.
    pub loads: Vec<String>,
    /// The project's own template; Alembic's generic one when not given.
    pub template: Option<Template>,
}

/// A migration as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The file's text.
    pub text: String,
    /// What could not be written, and why.
    pub left_out: Vec<(ObjectRef, String)>,
    /// Why the project's template was not used.
    pub template_problem: Option<TemplateProblem>,
}

/// Writes a migration that does `upgrade` on the state `before`, and `downgrade` on the state after it.
///
/// Enum types are made with the first table that uses them, as autogenerate writes it, but for those in
/// `by_themselves`, which Alembic must not remember as made with a table.
#[must_use]
pub fn migration(
    heading: &Heading,
    before: &Database,
    upgrade: &[Change],
    downgrade: &[Change],
    by_themselves: &BTreeSet<ObjectName>,
) -> Rendered {
    let mut after = before.clone();
    for change in upgrade {
        after.apply(change, cucurbit_schema::Origin::default());
    }
    let up = Writer::new(before, upgrade, by_themselves).write();
    let down = Writer::new(&after, downgrade, by_themselves).write();
    let templated = heading.template.as_ref().map(|template| by_template(template, heading, &up, &down));
    let (text, template_problem) = match templated {
        Some(Ok(text)) => (text, None),
        Some(Err(problem)) => (generic(heading, &up, &down), Some(problem)),
        None => (generic(heading, &up, &down), None),
    };
    let mut left_out = up.left_out;
    left_out.extend(down.left_out);
    Rendered { text, left_out, template_problem }
}

/// The text by the project's own template.
fn by_template(
    template: &Template,
    heading: &Heading,
    up: &Written,
    down: &Written,
) -> Result<String, TemplateProblem> {
    // A template may put ids where they are code; Alembic takes any text for an id, so a strange one goes into the
    // generic text, which quotes it.
    let is_plain = |id: &String| id.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let ids = heading.down_revision.iter().chain(&heading.branch_labels).chain(&heading.depends_on);
    let problem = |what: &str| TemplateProblem { line: 1, what: what.to_owned() };
    if !ids.chain([&heading.revision]).all(is_plain) {
        return Err(problem("an id that would have to be quoted"));
    }
    if !heading.replaces.is_empty() {
        return Err(problem("it has no place for the revisions that are replaced"));
    }
    let missing = ["upgrades", "up_revision", "down_revision"];
    if let Some(name) = missing.iter().find(|n| !template.writes(n) && !template.reprs(n)) {
        return Err(problem(&format!("it does not write `{name}`")));
    }
    let plain = template.plain();
    let mut imports = Vec::new();
    for line in ["from alembic import op", "import sqlalchemy as sa"] {
        if !plain.lines().any(|own| own.trim() == line) {
            imports.push(line.to_owned());
        }
    }
    let mut dialects = up.needs.dialects.clone();
    dialects.extend(&down.needs.dialects);
    imports.extend(dialects.iter().map(|dialect| format!("from sqlalchemy.dialects import {dialect}")));
    imports.extend(heading.loads.iter().filter_map(|module| load(module)));
    let mut imports = imports.join("\n");
    if up.needs.raw_type || down.needs.raw_type {
        imports.push_str(NAMED_TYPE);
    }
    if !imports.is_empty() && !template.writes("imports") {
        return Err(problem("it does not write `imports`"));
    }
    // Alembic hands over the calls indented, but for the first line.
    let lines = |notes: &[String], calls: &[Py]| {
        let notes =
            notes.iter().flat_map(|note| note.lines()).map(|line| comment(line).trim_end().to_owned());
        let calls = calls.iter().map(|call| call.lay(4, 0, 0));
        let mut lines: Vec<String> = notes.chain(calls).collect();
        if calls_are_missing(&lines) {
            lines.push("pass".to_owned());
        }
        lines.join("\n    ")
    };
    let optional = |items: &[String]| match items {
        [] => Known::None,
        many => Known::Many(many.to_vec()),
    };
    let known = |name: &str| {
        Some(match name {
            "message" => Known::Text(clean(&heading.message)),
            "up_revision" => Known::Text(heading.revision.clone()),
            "down_revision" => match heading.down_revision.as_slice() {
                [] => Known::None,
                [one] => Known::Text(one.clone()),
                many => Known::Many(many.to_vec()),
            },
            "branch_labels" => optional(&heading.branch_labels),
            "depends_on" => optional(&heading.depends_on),
            "create_date" if heading.create_date.is_empty() => Known::Text("unknown".to_owned()),
            "create_date" => Known::Text(clean(&heading.create_date)),
            "create_date.year" => Known::Text(heading.create_year?.to_string()),
            "imports" => Known::Text(imports.clone()),
            "upgrades" => Known::Text(lines(&heading.notes, &up.calls)),
            "downgrades" => Known::Text(lines(&[], &down.calls)),
            _ => return None,
        })
    };
    template.fill(&known)
}

/// Whether there is nothing but comments.
fn calls_are_missing(lines: &[String]) -> bool {
    lines.iter().all(|line| line.starts_with('#'))
}

/// The text by Alembic's generic template.
fn generic(heading: &Heading, up: &Written, down: &Written) -> String {
    let mut out = String::new();
    docstring(&mut out, heading);
    out.push_str("from typing import Sequence, Union\n\nfrom alembic import op\nimport sqlalchemy as sa\n");
    let mut dialects = up.needs.dialects.clone();
    dialects.extend(&down.needs.dialects);
    for dialect in dialects {
        out.push_str(&format!("from sqlalchemy.dialects import {dialect}\n"));
    }
    for line in heading.loads.iter().filter_map(|module| load(module)) {
        out.push_str(&format!("{line}\n"));
    }
    out.push_str("\n# revision identifiers, used by Alembic.\n");
    out.push_str(&format!("revision: str = {}\n", string(&heading.revision)));
    let down_revision = match heading.down_revision.as_slice() {
        [] => "None".to_owned(),
        [one] => string(one),
        many => tuple(many),
    };
    out.push_str(&format!("down_revision: Union[str, Sequence[str], None] = {down_revision}\n"));
    let some = |items: &[String]| if items.is_empty() { "None".to_owned() } else { tuple(items) };
    out.push_str(&format!(
        "branch_labels: Union[str, Sequence[str], None] = {}\n",
        some(&heading.branch_labels)
    ));
    out.push_str(&format!("depends_on: Union[str, Sequence[str], None] = {}\n", some(&heading.depends_on)));
    if !heading.replaces.is_empty() {
        out.push_str("# The revisions that were squashed into this one; Alembic does not look at it.\n");
        out.push_str(&format!("replaces: Sequence[str] = {}\n", long_tuple(&heading.replaces)));
    }
    if up.needs.raw_type || down.needs.raw_type {
        out.push_str(NAMED_TYPE);
    }
    out.push_str("\n\n");
    for note in &heading.notes {
        for line in note.lines() {
            out.push_str(&comment(line));
        }
    }
    out.push_str("def upgrade() -> None:\n    \"\"\"Upgrade schema.\"\"\"\n");
    body(&mut out, &up.calls);
    out.push_str("\n\ndef downgrade() -> None:\n    \"\"\"Downgrade schema.\"\"\"\n");
    body(&mut out, &down.calls);
    out
}

/// Writes a text as a Python literal that means just it.
#[must_use]
pub fn string_literal(text: &str) -> String {
    string(text)
}

/// The import of a module that is not used by name; none of what is no module's name, for it stands in code.
fn load(module: &str) -> Option<String> {
    let is_name = |part: &str| {
        part.chars().all(|c| c.is_alphanumeric() || c == '_')
            && part.starts_with(|c: char| c.is_alphabetic() || c == '_')
    };
    module.split('.').all(is_name).then(|| format!("import {module}  # noqa: F401"))
}

/// A type that is known by its name in SQL alone.
const NAMED_TYPE: &str = r#"

class _NamedType(sa.types.UserDefinedType):
    """A type that SQLAlchemy has no class for, by its name in SQL."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **kw: object) -> str:
        return self.name
"#;

fn tuple(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|i| string(i)).collect();
    match items.as_slice() {
        [one] => format!("({one},)"),
        many => format!("({})", many.join(", ")),
    }
}

/// A tuple, over several lines where it has several items.
fn long_tuple(items: &[String]) -> String {
    match items {
        [_] => tuple(items),
        many => {
            let rows: String = many.iter().map(|item| format!("    {},\n", string(item))).collect();
            format!("(\n{rows})")
        }
    }
}

fn comment(line: &str) -> String {
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = line.trim_end();
    if line.is_empty() { "#\n".to_owned() } else { format!("# {line}\n") }
}

/// A text for a docstring, which is code: nothing in it may end it.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>()
        .replace('\\', "/")
        .replace("\"\"\"", "'''")
}

fn docstring(out: &mut String, heading: &Heading) {
    let message = clean(&heading.message);
    let message = if message.ends_with('"') { format!("{message} ") } else { message };
    out.push_str(&format!("\"\"\"{message}\n\nRevision ID: {}\n", clean(&heading.revision)));
    out.push_str(&format!("Revises: {}\n", clean(&heading.down_revision.join(", "))).replace(": \n", ":\n"));
    if !heading.create_date.is_empty() {
        out.push_str(&format!("Create Date: {}\n", clean(&heading.create_date)));
    }
    out.push_str("\n\"\"\"\n\n");
}

fn body(out: &mut String, calls: &[Py]) {
    if calls.is_empty() {
        out.push_str("    pass\n");
        return;
    }
    for call in calls {
        out.push_str("    ");
        out.push_str(&call.lay(4, 0, 0));
        out.push('\n');
    }
}
