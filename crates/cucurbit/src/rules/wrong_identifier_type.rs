//! An identifier of a type that Alembic cannot use.

use crate::case::Case;
use crate::finding::{Finding, Place, Severity};
use cucurbit_alembic::Field;
use cucurbit_python::Value;

info!("FIL009", "wrong-identifier-type", Error, "wrong_identifier_type.md", "An identifier is not a string.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for (row, file) in case.files().iter().enumerate() {
        let facts = &file.facts;
        if let Field::Known { value, span } = &facts.revision
            && value.as_str().is_none()
        {
            let message = format!("`revision` of `{}` is {}, not a string", super::text::file_name(case, row), kind(value));
            out.push(finding(Place::at(&file.path, Some(*span)), message, "every Alembic command stops with `TypeError`"));
        }
        for (name, field) in [("down_revision", &facts.down_revision), ("depends_on", &facts.depends_on)] {
            let Field::Known { value, span } = field else { continue };
            let Some(wrong) = wrong_reference(value) else { continue };
            let message = format!("`{name}` of `{}` holds {}, not ids", super::text::file_name(case, row), kind(wrong));
            let why = "every Alembic command stops with `TypeError` or `KeyError`";
            let mut finding = finding(Place::at(&file.path, Some(*span)), message, why);
            if matches!(wrong, Value::Tuple(_) | Value::List(_)) {
                finding = finding.severity(Severity::Warning).why("Alembic takes nested sequences apart by accident, not by promise");
            }
            if let Some(node) = case.graph().node_of_row(row) {
                finding = finding.revision(case.graph().id(node));
            }
            out.push(finding);
        }
    }
}

fn finding(place: Place, message: String, why: &str) -> Finding {
    Finding::new(&INFO, place, message)
        .label("not a string")
        .why(why)
        .cause("the quotes were forgotten, or a template was not filled in")
        .help("write the id as a string")
}

fn wrong_reference(value: &Value) -> Option<&Value> {
    match value {
        Value::None | Value::Str(_) => None,
        Value::Tuple(items) | Value::List(items) | Value::Set(items) => match items.as_slice() {
            [item] if item.value == Value::None => None,
            items => items.iter().map(|item| &item.value).find(|value| value.as_str().is_none()),
        },
        other => Some(other),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::None => "`None`",
        Value::Bool(_) => "a boolean",
        Value::Int(_) => "a number",
        Value::Str(_) => "a string",
        Value::Tuple(_) | Value::List(_) | Value::Set(_) => "a sequence",
        Value::Unknown(_) => "something that cannot be told",
    }
}
