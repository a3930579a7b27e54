//! From a value to the class of type that it is on the dialect.

use super::known::Known;
use super::outside::{self, Meaning};
use super::{MAX_DEPTH, classes, decorators, written};
use crate::names::canonical_name;
use crate::reading::Affinity;
use crate::settings::{Environment, Unreadable, Version, unreadable};
use crate::stored::StoredType;
use crate::terms;
use cucurbit_python::eval::{Arguments, Evaluator, Place, Term, TermKind, Value};
use cucurbit_schema::{DataType, Dialect, TypeKind};
use std::rc::Rc;

/// What a type comes down to.
#[derive(Debug, Clone)]
pub(super) enum Form {
    Known(Box<Known>),
    /// A text for `CREATE TABLE`.
    Text(String),
    /// What a database holds.
    Stored(Box<DataType>),
}

/// A type on the dialect.
#[derive(Debug, Clone)]
pub(super) struct Resolved {
    pub(super) form: Form,
    pub(super) affinity: Affinity,
    /// What Alembic would write.
    pub(super) written: Option<String>,
    /// Something a reader should know.
    pub(super) note: Option<String>,
}

/// Finds out what a type is on the dialect.
pub(super) fn resolve<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    depth: usize,
) -> Result<Resolved, Unreadable> {
    if depth > MAX_DEPTH {
        return Err(unreadable(ev, value, "the type nests too deep"));
    }
    match value {
        Value::External(name) => {
            let name = Rc::clone(name);
            outer(ev, value, &name, &Arguments::default(), None, depth)
        }
        Value::Term(term) => of_term(ev, value, term, depth),
        Value::Class(class) => {
            let place = class.place;
            match ev.call(value, Arguments::default(), place) {
                Ok(instance @ Value::Instance(_)) => resolve(ev, &instance, depth + 1),
                Ok(other @ Value::Term(_)) => resolve(ev, &other, depth + 1),
                _ => Err(unreadable(ev, value, "the class is no type that can be told")),
            }
        }
        Value::Instance(instance) => decorators::resolve(ev, &Rc::clone(instance), depth),
        Value::Unknown(_) => Err(unreadable(ev, value, "the type")),
        Value::Host(_) if value.host::<StoredType>().is_some() => {
            let stored = value.host::<StoredType>().map(|s| s.0.clone());
            let data_type = stored.unwrap_or_else(|| DataType::new(TypeKind::Unknown(String::new())));
            let form = Form::Stored(Box::new(data_type));
            Ok(Resolved { form, affinity: Affinity::Other, written: None, note: None })
        }
        _ => Err(unreadable(ev, value, "this is no type")),
    }
}

fn of_term<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    term: &Rc<Term>,
    depth: usize,
) -> Result<Resolved, Unreadable> {
    match term.kind {
        TermKind::Call => {
            if let Some(name) = term.external() {
                let name: Rc<str> = Rc::from(name);
                if name.ends_with(".as_mutable") || name.ends_with(".associate_with") {
                    return match term.arguments.positional.first() {
                        Some(inner) => resolve(ev, &inner.clone(), depth + 1),
                        None => Err(unreadable(ev, value, "a mutable type of nothing")),
                    };
                }
                return outer(ev, value, &name, &term.arguments, Some(term.place), depth);
            }
            let Some((receiver, method, term)) = terms::method(value) else {
                return Err(unreadable(ev, value, "this is no type that can be told"));
            };
            let first = term.arguments.positional.first().cloned();
            match (method, first) {
                ("with_variant", Some(variant)) => {
                    let names = term.arguments.positional.get(1..).unwrap_or_default().to_vec();
                    let keyword = term.arguments.keyword("dialect_name").cloned();
                    with_variant(
                        ev,
                        &receiver.clone(),
                        &variant,
                        names.into_iter().chain(keyword).collect(),
                        depth,
                    )
                }
                ("as_mutable" | "type_descriptor", Some(inner)) => resolve(ev, &inner, depth + 1),
                ("copy" | "evaluates_none" | "adapt" | "dialect_impl" | "as_generic", _) => {
                    resolve(ev, &receiver.clone(), depth + 1)
                }
                _ => Err(unreadable(ev, value, "this is no type that can be told")),
            }
        }
        // `Generic[T]` and the like: the arguments in brackets are for type checkers only.
        TermKind::Subscript => resolve(ev, &term.callee.clone(), depth + 1),
        // `SomeDecorator().impl` is what it decorates.
        TermKind::Attribute if term.name.as_ref() == "impl" => resolve(ev, &term.callee.clone(), depth + 1),
        TermKind::Attribute => {
            if let Some(resolved) = column_type(ev, value, depth) {
                return resolved;
            }
            Err(unreadable(ev, value, "this is no type that can be told"))
        }
        TermKind::Operation => Err(unreadable(ev, value, "this is no type that can be told")),
    }
}

/// `column.type`: the type of that column.
fn column_type<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    depth: usize,
) -> Option<Result<Resolved, Unreadable>> {
    let (owner, name) = terms::attribute_term(value)?;
    if name != "type" {
        return None;
    }
    let column = crate::calls::settle_column(ev, &owner.clone())?;
    let call = terms::called(ev, &column)?;
    let inner = crate::column::type_argument(ev, &call.arguments)?;
    Some(resolve(ev, &inner, depth + 1))
}

fn with_variant<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    base: &Value,
    variant: &Value,
    dialects: Vec<Value>,
    depth: usize,
) -> Result<Resolved, Unreadable> {
    let mut names = Vec::with_capacity(dialects.len());
    for dialect in &dialects {
        match terms::text_of(ev, dialect) {
            Some(name) => names.push(name),
            None => return Err(unreadable(ev, dialect, "the dialect of a variant")),
        }
    }
    let asked = ev.host.settings().dialect;
    let chosen = names.iter().any(|n| n == asked.name());
    // A MariaDB server is mostly reached through `mysql://`, where variants for `mysql` count.
    let stands_in =
        asked == Dialect::MariaDb && names.iter().any(|n| n == "mysql") && !names_variant(base, "mariadb");
    let base = resolve(ev, base, depth + 1)?;
    let other = resolve(ev, variant, depth + 1);
    let written = match (&base.written, other.as_ref().ok().and_then(|o| o.written.as_ref())) {
        (Some(base), Some(variant)) => Some(written::with_variants(base, variant, &names)),
        _ => None,
    };
    let taken = if chosen || stands_in {
        let other = other?;
        Resolved { affinity: base.affinity, ..other }
    } else {
        base
    };
    Ok(Resolved { written, ..taken })
}

fn names_variant(value: &Value, dialect: &str) -> bool {
    let Some((receiver, "with_variant", term)) = terms::method(value) else { return false };
    term.arguments.positional.iter().skip(1).any(|v| v.as_str() == Some(dialect))
        || names_variant(receiver, dialect)
}

/// A class of SQLAlchemy or of another package, called or not.
pub(super) fn outer<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    dotted: &str,
    arguments: &Arguments,
    place: Option<Place>,
    depth: usize,
) -> Result<Resolved, Unreadable> {
    let settings = ev.host.settings().clone();
    let before_2 = settings.version < Version::V2_0;
    if let Some(name) = canonical_name(dotted) {
        let Some(class) = classes::find(&name, before_2) else {
            return Err(unreadable(ev, value, &format!("`{name}` is no type that is known")));
        };
        let known = Known::new(class, arguments, place);
        if class.visit == "pickle"
            && let Some(inner) = known.value("impl").cloned()
        {
            return resolve(ev, &inner, depth + 1);
        }
        let written = written::of_known(ev, &known, depth);
        let form = match decorators::compiled_known(ev, class, value) {
            Some(text) => Form::Text(text?),
            None => Form::Known(Box::new(known)),
        };
        return Ok(Resolved { form, affinity: class.affinity, written, note: None });
    }
    let Some(meaning) = outside::meaning(dotted, arguments, &settings) else {
        return Err(unreadable(ev, value, &format!("the type `{dotted}` is not in the project")));
    };
    let shown = written::of_call(ev, dotted, arguments, depth);
    let mut resolved = match meaning {
        Meaning::Value(inner) => resolve(ev, &inner, depth + 1)?,
        Meaning::Text(text) => {
            Resolved { form: Form::Text(text), affinity: Affinity::Other, written: None, note: None }
        }
        Meaning::Class(name, arguments) => {
            let Some(class) = classes::find(name, before_2).or_else(|| classes::find(name, false)) else {
                return Err(unreadable(ev, value, &format!("`{name}` is no type that is known")));
            };
            let known = Known::new(class, &arguments, place);
            Resolved {
                form: Form::Known(Box::new(known)),
                affinity: class.affinity,
                written: None,
                note: None,
            }
        }
    };
    resolved.written = shown;
    if dotted.starts_with("geoalchemy2.")
        && !matches!(arguments.keyword("spatial_index"), Some(Value::Bool(false)))
    {
        resolved.note = Some("GeoAlchemy makes a spatial index for this column by itself".to_owned());
    }
    Ok(resolved)
}
