//! Writes changes of a schema as an Alembic migration.
//!
//! The text is what Alembic's autogenerate would have written, as far as it would have run: names are final
//! (`op.f`), foreign keys of circles come after the tables, and every string is a literal that means just itself.

mod operations;
mod python;
mod types;

use cucurbit_schema::{Change, Database, ObjectName, ObjectRef};
use operations::Writer;
use python::{Py, string};
use std::collections::BTreeSet;

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
    /// Lines that are put in front of `upgrade()` as comments.
    pub notes: Vec<String>,
}

/// A migration as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The file's text.
    pub text: String,
    /// What could not be written, and why.
    pub left_out: Vec<(ObjectRef, String)>,
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
    let mut out = String::new();
    docstring(&mut out, heading);
    out.push_str("from typing import Sequence, Union\n\nfrom alembic import op\nimport sqlalchemy as sa\n");
    let mut dialects = up.needs.dialects.clone();
    dialects.extend(&down.needs.dialects);
    for dialect in dialects {
        out.push_str(&format!("from sqlalchemy.dialects import {dialect}\n"));
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
    let mut left_out = up.left_out;
    left_out.extend(down.left_out);
    Rendered { text: out, left_out }
}

/// Writes a text as a Python literal that means just it.
#[must_use]
pub fn string_literal(text: &str) -> String {
    string(text)
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

fn docstring(out: &mut String, heading: &Heading) {
    // A docstring is code: nothing in it may end it.
    let clean = |text: &str| -> String {
        text.chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect::<String>()
            .replace('\\', "/")
            .replace("\"\"\"", "'''")
    };
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
