//! Enums: labels, name, and where the type lives.

use super::known::Known;
use crate::reading::EnumReading;
use crate::settings::Environment;
use crate::terms;
use cucurbit_python::eval::{Arguments, Class, Evaluator, Place, Value};
use cucurbit_schema::{EnumType, Origin};
use std::rc::Rc;

/// An enum as written.
#[derive(Debug, Clone)]
pub(super) struct Labels {
    /// The labels, or why they cannot be told.
    pub(super) labels: Result<Vec<String>, String>,
    /// The name that its Python class gives it.
    pub(super) class_name: Option<String>,
}

/// Reads the labels of `Enum(…)`.
pub(super) fn labels<H: Environment>(ev: &mut Evaluator<'_, H>, known: &Known) -> Labels {
    if known.open {
        return untold("its labels cannot all be told");
    }
    let place = known.place;
    let positional: Vec<Value> = if known.labels.is_empty() {
        match known.value("_enums") {
            Some(value) => terms::items(ev, value).unwrap_or_default(),
            None => Vec::new(),
        }
    } else {
        known.labels.clone()
    };
    if let [only] = positional.as_slice() {
        match only {
            Value::Class(class) => return of_class(ev, class, known),
            Value::Term(term) if term.external().is_some_and(is_enum_maker) => {
                return of_functional(ev, &term.arguments.clone(), known, place);
            }
            Value::External(name) => {
                let short = name.rsplit('.').next().unwrap_or(name).to_lowercase();
                return Labels {
                    labels: Err(format!("the members of `{name}` are not in the project")),
                    class_name: Some(short),
                };
            }
            _ => {}
        }
    }
    let mut labels = Vec::with_capacity(positional.len());
    for value in &positional {
        match terms::text_of(ev, value) {
            Some(text) => labels.push(text),
            None => {
                let why = match value {
                    Value::Unknown(why) => format!("a label cannot be told: {}", why.reason),
                    other => format!("a label cannot be told: {}", ev.describe(other)),
                };
                return untold(&why);
            }
        }
    }
    Labels { labels: Ok(labels), class_name: None }
}

fn untold(why: &str) -> Labels {
    Labels { labels: Err(why.to_owned()), class_name: None }
}

fn is_enum_maker(name: &str) -> bool {
    matches!(name, "enum.Enum" | "enum.IntEnum" | "enum.StrEnum")
}

fn of_class<H: Environment>(ev: &mut Evaluator<'_, H>, class: &Rc<Class>, known: &Known) -> Labels {
    let class_name = Some(class.name.to_lowercase());
    if let Some(callable) = known.value("values_callable").cloned() {
        let labels =
            called(ev, &callable, Value::Class(Rc::clone(class)), known.place.unwrap_or(class.place));
        return Labels { labels, class_name };
    }
    let Some(members) = ev.enum_members(class) else {
        return Labels { labels: Err(format!("the members of `{}` cannot be told", class.name)), class_name };
    };
    let mut labels = Vec::with_capacity(members.len());
    for member in members {
        if let Value::Instance(member) = member
            && let Some(Value::Str(name)) = member.attribute("name")
        {
            labels.push(name.to_string());
        }
    }
    if class.open {
        return Labels {
            labels: Err(format!("the members of `{}` cannot all be told", class.name)),
            class_name,
        };
    }
    Labels { labels: Ok(labels), class_name }
}

fn called<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    callable: &Value,
    class: Value,
    place: Place,
) -> Result<Vec<String>, String> {
    let arguments = Arguments { positional: vec![class], ..Arguments::default() };
    let why = || "what `values_callable` gives cannot be told".to_owned();
    let value = ev.call(callable, arguments, place).map_err(|_| why())?;
    let items = terms::items(ev, &value).ok_or_else(why)?;
    items.iter().map(|item| terms::text_of(ev, item).ok_or_else(why)).collect()
}

/// `enum.Enum('Name', 'a b c')` and its other forms.
fn of_functional<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    arguments: &Arguments,
    known: &Known,
    place: Option<Place>,
) -> Labels {
    let class_name = arguments.get(0, "value").and_then(Value::as_str).map(str::to_lowercase);
    let by_value = known.value("values_callable").is_some();
    let names = match arguments.get(1, "names") {
        Some(Value::Str(text)) if !by_value => {
            Some(text.replace(',', " ").split_whitespace().map(str::to_owned).collect())
        }
        Some(Value::Dict(items)) => {
            let items = items.borrow().clone();
            items
                .iter()
                .map(|(k, v)| terms::text_of(ev, if by_value { v } else { k }))
                .collect::<Option<Vec<String>>>()
        }
        Some(list) => terms::items(ev, list).and_then(|items| {
            items
                .iter()
                .map(|item| match item.sequence().as_deref() {
                    Some([name, value]) => terms::text_of(ev, if by_value { value } else { name }),
                    _ if by_value => None,
                    _ => terms::text_of(ev, item),
                })
                .collect()
        }),
        None => None,
    };
    let _ = place;
    Labels { labels: names.ok_or_else(|| "the members of the enum cannot be told".to_owned()), class_name }
}

/// Reads what the enum is as an object of the database; `None` when it has no name.
pub(super) fn object<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    known: &Known,
    labels: &Labels,
) -> Result<Option<EnumReading>, String> {
    let name = match known.value("name") {
        None => labels.class_name.clone(),
        Some(value) => match terms::text_of(ev, value) {
            Some(name) => Some(name),
            None => return Err("the name of the enum cannot be told".to_owned()),
        },
    };
    let Some(name) = name.filter(|n| !n.is_empty()) else { return Ok(None) };
    let mut schema = known.text("schema")?;
    let has_schema = known.given.iter().any(|(n, _)| n == "schema");
    let metadata = known.value("metadata").cloned();
    if schema.is_none()
        && !has_schema
        && let Some(metadata) = &metadata
        && let Some(key) = crate::metadata_key(ev, metadata)
    {
        schema = ev.host.registry().metadata(&key).and_then(|m| m.schema.clone());
    }
    let settings = ev.host.settings();
    Ok(Some(EnumReading {
        enum_type: EnumType {
            name: settings.object_name(schema.as_deref(), &name),
            labels: labels.labels.as_ref().ok().cloned(),
            comment: None,
            origin: Origin::default(),
        },
        create_type: known.flag_or("create_type", true)?,
        has_metadata: metadata.is_some(),
        inherit_schema: known.flag("inherit_schema")?,
        has_schema: has_schema || schema.is_some(),
    }))
}
