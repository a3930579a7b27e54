//! An identifier of a type that Alembic cannot use.

use crate::case::Case;
use crate::finding::{Finding, Place, Severity};
use cucurbit_alembic::Field;
use cucurbit_python::Value;

info!("FIL009", "wrong-identifier-type", Error, "wrong_identifier_type.md", "An identifier is not a string.");

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for (row, file) in case.files().iter().enumerate() {
        let facts = &file.facts;
        let name = || super::text::file_name(case, row);
        let place = |span| Place::at(&file.path, Some(span));
        if let Field::Known { value, span } = &facts.revision
            && value.as_str().is_none()
        {
            let message = format!("`revision` of `{}` is {}, not a string", name(), kind(value));
            out.push(finding(place(*span), message, "every Alembic command stops with `TypeError`"));
        }
        let others = [
            (
                "down_revision",
                &facts.down_revision,
                "every Alembic command stops with `TypeError` or `KeyError`",
            ),
            ("depends_on", &facts.depends_on, "every Alembic command stops with `KeyError`"),
            (
                "branch_labels",
                &facts.branch_labels,
                "`alembic heads` and `alembic history` stop with `TypeError`; an upgrade does not look at it",
            ),
        ];
        for (field, value, why) in others {
            let Field::Known { value, span } = value else { continue };
            let Some((wrong, is_taken)) = wrong_reference(value) else { continue };
            let message = format!("`{field}` of `{}` holds {}, not strings alone", name(), kind(wrong));
            let mut finding = finding(place(*span), message, why);
            if field == "branch_labels" {
                finding = finding.severity(Severity::Warning);
            } else if is_taken {
                let why = "Alembic takes a sequence within a sequence apart by accident, not by promise";
                finding = finding.severity(Severity::Warning).why(why);
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

/// Returns the first value that is no string, and whether Alembic makes do with it: it takes the
/// only item of a sequence for the whole.
fn wrong_reference(value: &Value) -> Option<(&Value, bool)> {
    let Some(items) = value.items() else {
        return (!matches!(value, Value::None | Value::Str(_))).then_some((value, false));
    };
    let wrong = items.iter().map(|item| &item.value).find(|value| value.as_str().is_none())?;
    match items {
        [_] if *wrong == Value::None => None,
        [_] => Some((wrong, wrong.strings().is_some())),
        _ => Some((wrong, false)),
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
