//! Fields of SQLModel as columns.

use crate::annotations::{self, Annotation};
use crate::columns::{self, MadeColumn};
use crate::facts::Fact;
use crate::host::Ev;
use crate::lineage::{Ancestor, Lineage};
use crate::scan::{self, Bound};
use cucurbit_python::eval::{Arguments, Class, Place, Term, TermKind, Value};
use cucurbit_sqlalchemy::{ColumnParts, Unreadable, column_parts};
use std::collections::BTreeSet;
use std::rc::Rc;

/// A field of a model, before it is a column.
enum Source {
    Field(Bound),
    Fact(Fact),
}

/// Returns the columns of a table model, and whether they are all of them: fields of its bases first, each at the
/// place where it first stood.
pub(crate) fn columns(ev: &mut Ev<'_>, class: &Rc<Class>, lineage: &Lineage) -> (Vec<MadeColumn>, bool) {
    let mut fields: Vec<(Rc<str>, Source)> = Vec::new();
    let mut put = |name: Rc<str>, source: Source| match fields.iter_mut().find(|(n, _)| *n == name) {
        Some(found) => found.1 = source,
        None => fields.push((name, source)),
    };
    let mut others: Vec<(Rc<str>, Bound)> = Vec::new();
    for ancestor in lineage.ancestors.iter().rev() {
        match ancestor {
            Ancestor::Class(of) => {
                for bound in scan::body(ev, &Rc::clone(of)) {
                    if bound.annotation.is_some() {
                        put(Rc::clone(&bound.name), Source::Field(bound));
                    } else if bound.value.as_ref().is_some_and(scan::is_declared)
                        && !bound.name.starts_with("__")
                    {
                        others.retain(|(n, _)| *n != bound.name);
                        others.push((Rc::clone(&bound.name), bound));
                    }
                }
            }
            Ancestor::Known(mixin) => {
                for fact in mixin.columns {
                    put(Rc::from(fact.name), Source::Fact(*fact));
                }
            }
            Ancestor::Outside(_) => {}
        }
    }
    let mut made = Vec::with_capacity(fields.len());
    let own: Vec<Rc<str>> = class.annotations.borrow().iter().map(|(n, _, _)| Rc::clone(n)).collect();
    let order = merged(fields.iter().map(|(n, _)| Rc::clone(n)).collect(), own);
    let at = |name: &Rc<str>| order.iter().position(|n| n == name);
    fields.sort_by_key(|(name, _)| at(name));
    let mut is_whole = !class.open;
    for (name, source) in fields {
        let column = match source {
            Source::Fact(fact) => {
                let value = fact.column(ev, class.place);
                column_parts(ev, &value).map(|p| columns::finish(ev, name, p, None, 0, class.place))
            }
            Source::Field(bound) => field(ev, &bound, &mut is_whole),
        };
        made.extend(column);
    }
    for (name, bound) in others {
        let Some(value) = &bound.value else { continue };
        let value = scan::declared(ev, class, value);
        if let Some(parts) = column_parts(ev, &value) {
            let written = parts.serial;
            made.push(columns::finish(ev, name, parts, written, 0, bound.place));
        }
    }
    (made, is_whole)
}

/// Merges all fields with the annotations of the class itself as SQLAlchemy does: each list is followed up to a
/// name that both have, then the other.
fn merged(all: Vec<Rc<str>>, own: Vec<Rc<str>>) -> Vec<Rc<str>> {
    let mut both: BTreeSet<Rc<str>> = own.iter().filter(|n| all.contains(n)).cloned().collect();
    let (mut current, mut other) = (all.into_iter(), own.into_iter());
    let mut out = Vec::new();
    loop {
        let Some(name) = current.next() else {
            out.extend(other);
            return out;
        };
        if both.remove(&name) {
            std::mem::swap(&mut current, &mut other);
        } else {
            out.push(name);
        }
    }
}

/// Says once what a plain `datetime` is taken for.
fn note_date_time(ev: &mut Ev<'_>, place: Place) {
    if ev.host.told.insert("sqlmodel datetime".to_owned()) {
        ev.host.notes.push(Unreadable {
            place: Some(place),
            reason: "taken for a time without time zone, as SQLModel does before 0.0.46".to_owned(),
            what: "a plain `datetime`".to_owned(),
            held: false,
        });
    }
}

/// The call of `Field(…)`, where there is one.
fn field_call(value: &Value) -> Option<&Rc<Term>> {
    let Value::Term(term) = value else { return None };
    let name = term.external()?;
    let of_package = name.starts_with("sqlmodel.") || name.starts_with("pydantic.");
    (term.kind == TermKind::Call && of_package && name.rsplit('.').next() == Some("Field")).then_some(term)
}

fn field(ev: &mut Ev<'_>, bound: &Bound, is_whole: &mut bool) -> Option<MadeColumn> {
    let place = bound.place;
    let key = Rc::clone(&bound.name);
    let written = bound.annotation.clone()?;
    if key.starts_with('_')
        || key.as_ref() == "model_config"
        || annotations::is_class_variable(ev, &written, place)
    {
        return None;
    }
    if let Some(Value::Term(term)) = &bound.value
        && term.external().is_some_and(|n| n.ends_with(".Relationship"))
    {
        return None;
    }
    let annotation = Annotation::read(ev, &written, place);
    let call = bound.value.as_ref().and_then(field_call).cloned();
    let call = call.or_else(|| annotation.extras.iter().find_map(field_call).cloned());
    let arguments = call.as_ref().map(|c| c.arguments.clone()).unwrap_or_default();
    let given = |name: &str| arguments.keyword(name).filter(|v| !is_undefined(v)).cloned();
    if let Some(value) = given("sa_column").filter(|v| !v.is_none()) {
        return match column_parts(ev, &value) {
            Some(parts) => {
                let written = parts.serial;
                Some(columns::finish(ev, key, parts, written, 0, place))
            }
            None => {
                let shown = ev.describe(&value);
                *is_whole = false;
                ev.host.problem(None, place, &format!("`sa_column` of `{key}`"), &shown);
                None
            }
        };
    }
    let mut parts = ColumnParts { is_mapped: false, open: arguments.open, ..columns::empty(place) };
    parts.data_type = Some(match given("sa_type") {
        Some(value) => value,
        None => field_type(ev, &annotation, &arguments, place),
    });
    foreign_key(ev, &arguments, &mut parts, place);
    if let Some(items) = given("sa_column_args") {
        match ev.items(&items) {
            Some(items) => parts.items.extend(items),
            None => parts.open = true,
        }
    }
    let key_flag = given("primary_key");
    let is_key = matches!(key_flag, Some(Value::Bool(true)));
    for name in ["primary_key", "index", "unique"] {
        if let Some(value) = given(name) {
            parts.keywords.push((Rc::from(name), value));
        }
    }
    let nullable = given("nullable").unwrap_or_else(|| match &annotation.python {
        Value::Unknown(why) if !annotation.optional => Value::Unknown(Rc::clone(why)),
        _ => Value::Bool(annotation.optional && !is_key),
    });
    parts.keywords.push((Rc::from("nullable"), nullable));
    let default = given("default_factory").or_else(|| given("default")).or_else(|| match &call {
        Some(call) => call.arguments.positional.first().filter(|v| !matches!(v, Value::Ellipsis)).cloned(),
        None => bound.value.clone(),
    });
    if let Some(default) = default {
        parts.keywords.push((Rc::from("default"), default));
    }
    match given("sa_column_kwargs") {
        Some(Value::Dict(items)) => {
            for (name, value) in items.borrow().iter() {
                let Some(name) = name.as_str() else { continue };
                if name == "name" {
                    parts.name = Some(value.clone());
                    continue;
                }
                parts.keywords.retain(|(k, _)| k.as_ref() != name);
                parts.keywords.push((Rc::from(name), value.clone()));
            }
        }
        None | Some(Value::None) => {}
        Some(_) => parts.open = true,
    }
    Some(columns::finish(ev, key, parts, None, 0, place))
}

fn is_undefined(value: &Value) -> bool {
    matches!(value, Value::External(name) if name.ends_with("Undefined"))
}

fn foreign_key(ev: &mut Ev<'_>, arguments: &Arguments, parts: &mut ColumnParts, place: Place) {
    let Some(target) = arguments.keyword("foreign_key").filter(|v| !v.is_none() && !is_undefined(v)) else {
        return;
    };
    let mut keywords = Vec::new();
    if let Some(action) = arguments.keyword("ondelete").filter(|v| !v.is_none() && !is_undefined(v)) {
        keywords.push((Rc::from("ondelete"), action.clone()));
    }
    let given = Arguments { positional: vec![target.clone()], keywords, open: false };
    let callee = Value::External(Rc::from("sqlalchemy.ForeignKey"));
    parts.items.push(ev.term(TermKind::Call, callee, "", given, place));
}

/// Python types of fields that SQLModel knows, beside text.
const STANDARD: &[(&str, &str)] = &[
    ("builtins.bool", "sqlalchemy.Boolean"),
    ("builtins.bytes", "sqlalchemy.LargeBinary"),
    ("builtins.float", "sqlalchemy.Float"),
    ("builtins.int", "sqlalchemy.Integer"),
    ("datetime.date", "sqlalchemy.Date"),
    ("datetime.datetime", "sqlalchemy.DateTime"),
    ("datetime.time", "sqlalchemy.Time"),
    ("datetime.timedelta", "sqlalchemy.Interval"),
    ("uuid.UUID", "sqlalchemy.Uuid"),
    ("pydantic.UUID1", "sqlalchemy.Uuid"),
    ("pydantic.UUID3", "sqlalchemy.Uuid"),
    ("pydantic.UUID4", "sqlalchemy.Uuid"),
    ("pydantic.UUID5", "sqlalchemy.Uuid"),
    ("pydantic.AwareDatetime", "sqlalchemy.DateTime"),
    ("pydantic.NaiveDatetime", "sqlalchemy.DateTime"),
    ("pydantic.PositiveInt", "sqlalchemy.Integer"),
    ("pydantic.NonNegativeInt", "sqlalchemy.Integer"),
];

fn is_text(name: &str) -> bool {
    matches!(name, "builtins.str" | "pathlib.Path" | "pydantic.StrictStr")
        || name.starts_with("ipaddress.IPv")
        || name.ends_with(".EmailStr")
}

fn field_type(ev: &mut Ev<'_>, annotation: &Annotation, arguments: &Arguments, place: Place) -> Value {
    let external = |name: &str| Value::External(Rc::from(name));
    let call = |ev: &mut Ev<'_>, name: &str, positional: Vec<Value>, keywords: Vec<(Rc<str>, Value)>| {
        let arguments = Arguments { positional, keywords, open: false };
        ev.term(TermKind::Call, Value::External(Rc::from(name)), "", arguments, place)
    };
    let limit = arguments.keyword("max_length").filter(|v| !v.is_none() && !is_undefined(v)).cloned();
    let limit = limit.or_else(|| annotation.extras.iter().find_map(length_in));
    let text = |ev: &mut Ev<'_>| match limit.clone() {
        Some(limit) => call(ev, "sqlmodel.AutoString", vec![limit], Vec::new()),
        None => external("sqlmodel.AutoString"),
    };
    match &annotation.python {
        Value::External(name) => {
            if let Some((_, class)) = STANDARD.iter().find(|(n, _)| *n == name.as_ref()) {
                if name.as_ref() == "datetime.datetime" {
                    note_date_time(ev, place);
                }
                return external(class);
            }
            if is_text(name) {
                return text(ev);
            }
            if name.as_ref() == "decimal.Decimal" || name.ends_with(".condecimal") {
                let given = |name: &str| arguments.keyword(name).cloned().unwrap_or(Value::None);
                let keywords = vec![
                    (Rc::from("precision"), given("max_digits")),
                    (Rc::from("scale"), given("decimal_places")),
                ];
                return call(ev, "sqlalchemy.Numeric", Vec::new(), keywords);
            }
        }
        value @ Value::Class(class) => {
            if ev.enum_members(class).is_some() {
                return call(ev, "sqlalchemy.Enum", vec![value.clone()], Vec::new());
            }
            if ev.inherits(class, |name| name == "builtins.str") {
                return text(ev);
            }
        }
        value @ Value::Unknown(_) => return value.clone(),
        _ => {}
    }
    let shown = ev.describe(&annotation.python);
    Value::unknown(&format!("the Python type `{shown}` means no type that can be told"), Some(place))
}

/// `StringConstraints(max_length=…)` and the like.
fn length_in(value: &Value) -> Option<Value> {
    let Value::Term(term) = value else { return None };
    term.arguments.keyword("max_length").filter(|v| !v.is_none()).cloned()
}
