//! One row on its way into the map: what Alembic checks before it looks at any other row.

use std::collections::BTreeSet;

use super::fault::{Answered, Fault};
use super::python;
use crate::row::{RevisionRow, Value};

/// A row with its values in the form in which Alembic keeps them.
pub(super) struct Draft {
    pub(super) id: String,
    /// `down_revision`: nothing, one value, or a list of more than one.
    pub(super) down: Value,
    /// `depends_on` in the same form.
    pub(super) dependencies: Value,
    pub(super) labels: Vec<String>,
}

impl Draft {
    /// Reads a row. Faults come in Alembic's order: self-loops, then the characters of the id.
    pub(super) fn read(row: &RevisionRow) -> Answered<Draft> {
        let down = python::items(&row.down_revision);
        let dependencies = python::items(&row.depends_on);
        let Value::Str(id) = &row.revision else {
            let found = python::type_name(&row.revision);
            return Err(Fault::type_error(format!("'{found}' object is not iterable")));
        };
        // A lone empty text is false in Python, so Alembic does not look whether it is the id.
        let seen_down = if python::is_true(&row.down_revision) { down } else { &[] };
        check_loops(id, seen_down, dependencies)?;
        check_characters(id)?;
        Ok(Draft {
            id: id.clone(),
            down: scalar(down),
            dependencies: scalar(dependencies),
            labels: read_labels(&row.branch_labels)?,
        })
    }

    /// The parents as declared. One that is a list of its own is taken apart, as Alembic does.
    pub(super) fn parents(&self) -> &[Value] {
        python::items(&self.down)
    }

    /// The names in `depends_on`; an empty text is no dependency.
    pub(super) fn dependency_names(&self) -> &[Value] {
        if python::is_true(&self.dependencies) { python::items(&self.dependencies) } else { &[] }
    }

    pub(super) fn is_base(&self) -> bool {
        self.down == Value::None
    }

    /// The parents as listings print them.
    pub(super) fn parents_text(&self) -> Answered<String> {
        if python::is_true(&self.down) { python::joined(self.parents()) } else { Ok("<base>".to_owned()) }
    }
}

fn check_loops(id: &str, down: &[Value], dependencies: &[Value]) -> Answered<()> {
    let is_own_id = |value: &Value| matches!(value, Value::Str(text) if text == id);
    let (class, what) = if down.iter().any(is_own_id) {
        ("LoopDetected", "Self-loop")
    } else if dependencies.iter().any(is_own_id) {
        ("DependencyLoopDetected", "Dependency self-loop")
    } else {
        return Ok(());
    };
    Err(Fault::Loop { class, what, revisions: vec![id.to_owned()] })
}

fn check_characters(id: &str) -> Answered<()> {
    let illegal: BTreeSet<char> = id.chars().filter(|c| matches!(c, '@' | '-' | '+' | ':')).collect();
    if illegal.is_empty() {
        return Ok(());
    }
    let illegal: Vec<String> = illegal.into_iter().map(String::from).collect();
    Err(Fault::revision(format!(
        "Character(s) '{}' not allowed in revision identifier '{id}'",
        illegal.join(", ")
    )))
}

/// Labels that are no texts are held by the text that Python prints for them; a list is refused.
fn read_labels(value: &Value) -> Answered<Vec<String>> {
    let labels = python::items(value);
    if labels.iter().any(|label| matches!(label, Value::List(_))) {
        return Err(Fault::type_error("unhashable type: 'list'"));
    }
    Ok(labels.iter().map(python::text).collect())
}

fn scalar(items: &[Value]) -> Value {
    match items {
        [] => Value::None,
        [one] => one.clone(),
        many => Value::List(many.to_vec()),
    }
}
