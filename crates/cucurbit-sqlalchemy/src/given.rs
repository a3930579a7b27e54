//! Small readings of arguments that several parts share.

use crate::convention::NameText;
use crate::names::canonical_name;
use crate::settings::{Environment, Unreadable, unreadable};
use crate::terms;
use cucurbit_python::eval::{Evaluator, TermKind, Value};
use cucurbit_schema::{Action, CheckMode, Dialect};
use std::rc::Rc;

/// Reads the name of a constraint, of an index or of a check that a type brings along.
pub fn name_text<H: Environment>(ev: &mut Evaluator<'_, H>, value: Option<&Value>) -> NameText {
    let Some(value) = value else { return NameText::None };
    match value {
        Value::None => NameText::None,
        Value::Term(term) if term.kind == TermKind::Call => {
            let first = term.arguments.get(0, "name").or_else(|| term.arguments.positional.first()).cloned();
            let final_text =
                |ev: &mut Evaluator<'_, H>| match first.as_ref().and_then(|v| terms::text_of(ev, v)) {
                    Some(text) => NameText::Final(text),
                    None => NameText::Unknown,
                };
            if let Some(dotted) = term.external() {
                return match canonical_name(dotted).as_deref() {
                    Some("conv") => final_text(ev),
                    Some(_) => terms::text_of(ev, value).map_or(NameText::Unknown, NameText::Plain),
                    None if dotted.starts_with("alembic.") && dotted.ends_with(".f") => final_text(ev),
                    None => NameText::Unknown,
                };
            }
            // `batch_op.f(…)` and `self.op.f(…)`
            match terms::method(value) {
                Some((_, "f", _)) => final_text(ev),
                _ => NameText::Unknown,
            }
        }
        other => terms::text_of(ev, other).map_or(NameText::Unknown, NameText::Plain),
    }
}

/// Returns a keyword argument; `None` counts as not given.
pub(crate) fn keyword<'k>(keywords: &'k [(Rc<str>, Value)], name: &str) -> Option<&'k Value> {
    keywords.iter().rev().find(|(k, _)| k.as_ref() == name).map(|(_, v)| v).filter(|v| !v.is_none())
}

/// Returns an option of the dialect (`postgresql_where`); MySQL's options stand in for those of MariaDB.
pub(crate) fn option<'k>(
    keywords: &'k [(Rc<str>, Value)],
    dialect: Dialect,
    name: &str,
) -> Option<&'k Value> {
    let own = keyword(keywords, &format!("{}_{name}", dialect.name()));
    match dialect {
        Dialect::MariaDb => own.or_else(|| keyword(keywords, &format!("mysql_{name}"))),
        _ => own,
    }
}

/// Returns whether a flag is on; not given means off.
pub(crate) fn flag<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: Option<&Value>,
    what: &str,
) -> Result<bool, Unreadable> {
    match value {
        None => Ok(false),
        Some(value) => ev.truth(value).ok_or_else(|| unreadable(ev, value, what)),
    }
}

/// Returns a text that may be given.
pub(crate) fn text<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: Option<&Value>,
    what: &str,
) -> Result<Option<String>, Unreadable> {
    match value {
        None | Some(Value::None) => Ok(None),
        Some(value) => match terms::text_of(ev, value) {
            Some(text) => Ok(Some(text)),
            None => Err(unreadable(ev, value, what)),
        },
    }
}

/// Reads `deferrable=` and `initially=`.
pub(crate) fn check_mode<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    deferrable: Option<&Value>,
    initially: Option<&Value>,
) -> Result<CheckMode, Unreadable> {
    let deferrable = flag(ev, deferrable, "`deferrable` cannot be told")?;
    let initially = text(ev, initially, "`initially` cannot be told")?;
    Ok(match (deferrable, initially) {
        (_, Some(text)) if text.trim().eq_ignore_ascii_case("DEFERRED") => CheckMode::Deferred,
        (true, _) => CheckMode::Deferrable,
        (false, _) => CheckMode::Immediate,
    })
}

/// Reads `ondelete=` or `onupdate=`: the action, and the columns that `SET NULL (…)` names.
pub(crate) fn action<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: Option<&Value>,
) -> Result<(Action, Vec<String>), Unreadable> {
    let Some(written) = text(ev, value, "the action of the foreign key cannot be told")? else {
        return Ok((Action::NoAction, Vec::new()));
    };
    let (words, columns) = match written.split_once('(') {
        Some((words, rest)) => {
            let rest = rest.split(')').next().unwrap_or_default();
            (words, rest.split(',').map(|c| c.trim().trim_matches('"').to_owned()).collect())
        }
        None => (written.as_str(), Vec::new()),
    };
    let words = words.to_uppercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let action = match words.as_str() {
        "" | "NO ACTION" => Action::NoAction,
        "RESTRICT" => Action::Restrict,
        "CASCADE" => Action::Cascade,
        "SET NULL" => Action::SetNull,
        "SET DEFAULT" => Action::SetDefault,
        _ => {
            let value = value.cloned().unwrap_or(Value::None);
            return Err(unreadable(ev, &value, "this is no action of a foreign key"));
        }
    };
    Ok((action, columns))
}
