//! Which `MetaData` a value is.

use crate::convention::NamingConvention;
use crate::names::is_flask_extension;
use crate::registry::MetaDataKey;
use crate::settings::Environment;
use crate::terms;
use cucurbit_python::eval::{Arguments, Class, Evaluator, Place, TermKind, Value};
use std::rc::Rc;

/// Returns which `MetaData` a value is (`MetaData()`, `Base.metadata`, `db.metadata`), reading it when it is new.
pub fn metadata_key<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<MetaDataKey> {
    match value {
        Value::External(name) if name.ends_with(".metadata") => {
            let key = MetaDataKey::External(Rc::clone(name));
            if ev.host.registry().metadata(&key).is_none() {
                // What another package gave its `MetaData` cannot be told where models are read; these give none.
                // Migrations mostly say names themselves, so while they are followed it is taken for none.
                let is_plain = ["sqlmodel.", "sqlalchemy.", "flask_sqlalchemy."];
                let is_plain = !H::MAPS_CLASSES || is_plain.iter().any(|package| name.starts_with(package));
                let convention =
                    if is_plain { NamingConvention::default() } else { NamingConvention::unknown() };
                set_convention(ev, &key, convention);
            }
            Some(key)
        }
        Value::Term(term) => {
            if let Some((owner, "metadata")) = terms::attribute_term(value) {
                let owner = owner.clone();
                let metadata = owned(ev, &owner, term.place)?;
                return metadata_key(ev, &metadata);
            }
            let call = terms::called(ev, value)?;
            (call.name.as_ref() == "MetaData").then_some(())?;
            let key = MetaDataKey::Term(term.serial);
            if ev.host.registry().metadata(&key).is_none() {
                read(ev, &key, &call.arguments);
            }
            Some(key)
        }
        _ => None,
    }
}

/// Gives a `MetaData` its convention, or what stands for one that cannot be told.
pub(crate) fn set_convention<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    key: &MetaDataKey,
    convention: NamingConvention,
) {
    let settings = ev.host.settings();
    let is_open = convention.is_unknown()
        || (settings.convention_elsewhere && convention == NamingConvention::default());
    let taken = settings.convention_otherwise.clone().filter(|_| is_open);
    let metadata = ev.host.registry().metadata_mut(key);
    metadata.convention_taken = taken.is_some();
    metadata.convention = taken.unwrap_or(convention);
}

fn read<H: Environment>(ev: &mut Evaluator<'_, H>, key: &MetaDataKey, arguments: &Arguments) {
    let schema = arguments.get(0, "schema").or_else(|| arguments.keyword("schema")).cloned();
    let schema = match schema {
        Some(Value::Str(_)) | None | Some(Value::None) => schema,
        Some(other) => match terms::text_of(ev, &other) {
            Some(text) => Some(Value::str(&text)),
            None => Some(other),
        },
    };
    let convention = match arguments.keyword("naming_convention").or_else(|| arguments.positional.get(3)) {
        Some(value) => NamingConvention::from_value(value),
        None if arguments.open => NamingConvention::unknown(),
        None => NamingConvention::default(),
    };
    set_convention(ev, key, convention);
    let metadata = ev.host.registry().metadata_mut(key);
    match schema {
        Some(Value::Str(text)) => metadata.schema = Some(text.to_string()),
        None | Some(Value::None) => metadata.schema_unknown = arguments.open,
        Some(_) => metadata.schema_unknown = true,
    }
}

/// Returns the `MetaData` that a base class, a registry or an extension object has.
pub(crate) fn owned<H: Environment>(ev: &mut Evaluator<'_, H>, owner: &Value, place: Place) -> Option<Value> {
    match owner {
        Value::External(name) => Some(Value::External(Rc::from(format!("{name}.metadata")))),
        Value::Class(class) => of_class(ev, &Rc::clone(class), place),
        Value::Term(term) => {
            let (name, arguments) = match terms::called(ev, owner) {
                Some(call) => (call.name.to_string(), call.arguments),
                None => match term.external() {
                    Some(name) if is_flask_extension(name) => (name.to_owned(), term.arguments.clone()),
                    // `db.Model`, and `registry().generate_base()`.
                    _ => {
                        if let Some((inner, "Model")) = terms::attribute_term(owner) {
                            return owned(ev, &inner.clone(), place);
                        }
                        let (receiver, method, _) = terms::method(owner)?;
                        (method == "generate_base").then_some(())?;
                        return owned(ev, &receiver.clone(), place);
                    }
                },
            };
            let is_owner = matches!(name.as_str(), "declarative_base" | "registry" | "automap_base")
                || is_flask_extension(&name);
            is_owner.then_some(())?;
            if let Some(given) = arguments.keyword("metadata").filter(|m| !m.is_none()) {
                return Some(given.clone());
            }
            if let Some(metadata) = of_model_class(ev, &arguments, place) {
                return Some(metadata);
            }
            Some(implicit(ev, Rc::as_ptr(term).addr(), place))
        }
        Value::Instance(instance) => {
            let class = Rc::clone(&instance.class);
            if !ev.inherits(&class, is_flask_extension) {
                return None;
            }
            let arguments = terms::arguments_of(instance);
            if let Some(given) = arguments.keyword("metadata").filter(|m| !m.is_none()) {
                return Some(given.clone());
            }
            if let Some(metadata) = of_model_class(ev, &arguments, place) {
                return Some(metadata);
            }
            Some(implicit(ev, Rc::as_ptr(instance).addr(), place))
        }
        _ => None,
    }
}

fn of_class<H: Environment>(ev: &mut Evaluator<'_, H>, class: &Rc<Class>, place: Place) -> Option<Value> {
    let mro = ev.mro(class);
    for (at, ancestor) in mro.iter().enumerate() {
        match ancestor {
            Value::Class(ancestor) => {
                if let Some(metadata) = own_of_class(ev, &Rc::clone(ancestor), place) {
                    return Some(metadata);
                }
            }
            Value::External(name) if name.ends_with("SQLModel") => return owned(ev, ancestor, place),
            Value::External(name)
                if crate::canonical_name(name)
                    .is_some_and(|n| matches!(n.as_ref(), "DeclarativeBase" | "DeclarativeBaseNoMeta")) =>
            {
                // The class that inherits from it directly is the base; each base has its own.
                let base = mro[..at].iter().rev().find_map(|c| match c {
                    Value::Class(c)
                        if c.bases.iter().any(|b| matches!(b, Value::External(n) if n == name)) =>
                    {
                        Some(Rc::clone(c))
                    }
                    _ => None,
                })?;
                return Some(implicit(ev, Rc::as_ptr(&base).addr(), place));
            }
            Value::Term(_) => {
                if let Some(metadata) = owned(ev, ancestor, place) {
                    return Some(metadata);
                }
            }
            _ => {}
        }
    }
    // A base of another package has a `MetaData` that is not seen; of several, the one that tables were given.
    let outside = mro.iter().filter_map(|ancestor| match ancestor {
        Value::External(name) if name.contains('.') && crate::canonical_name(name).is_none() => {
            Some(Rc::<str>::from(format!("{name}.metadata")))
        }
        _ => None,
    });
    let outside: Vec<Rc<str>> = outside.collect();
    let registry = ev.host.registry();
    let is_known = |name: &&Rc<str>| registry.metadata(&MetaDataKey::External(Rc::clone(name))).is_some();
    outside.iter().find(is_known).or(outside.first()).map(|name| Value::External(Rc::clone(name)))
}

/// The `MetaData` that a class itself brings: as an attribute, by its registry or by its decorator.
fn own_of_class<H: Environment>(ev: &mut Evaluator<'_, H>, class: &Rc<Class>, place: Place) -> Option<Value> {
    let has = |name: &str| class.namespace.borrow().iter().any(|(n, _, _)| n.as_ref() == name);
    if has("metadata")
        && let Some(own) = ev.class_attribute(class, "metadata")
        && !matches!(own, Value::Function(_) | Value::None)
    {
        return Some(own);
    }
    if has("registry")
        && let Some(registry) = ev.class_attribute(class, "registry")
        && let Some(metadata) = owned(ev, &registry, place)
    {
        return Some(metadata);
    }
    for decorator in class.decorators.clone() {
        let (receiver, method) = match terms::method(&decorator) {
            Some((receiver, method, _)) => (receiver.clone(), method.to_owned()),
            None => match terms::attribute_term(&decorator) {
                Some((receiver, name)) => (receiver.clone(), name.to_owned()),
                None => (Value::None, String::new()),
            },
        };
        if matches!(method.as_str(), "mapped" | "mapped_as_dataclass" | "as_declarative_base") {
            return owned(ev, &receiver, place);
        }
        let Some(call) = terms::called(ev, &decorator) else { continue };
        match call.name.as_ref() {
            "as_declarative" => {
                return match call.arguments.keyword("metadata").filter(|m| !m.is_none()) {
                    Some(given) => Some(given.clone()),
                    None => Some(implicit(ev, Rc::as_ptr(class).addr(), place)),
                };
            }
            "mapped_as_dataclass" => {
                let registry = call.arguments.positional.first()?.clone();
                return owned(ev, &registry, place);
            }
            _ => {}
        }
    }
    None
}

/// `SQLAlchemy(model_class=Base)` has the `MetaData` of that base.
fn of_model_class<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    arguments: &Arguments,
    place: Place,
) -> Option<Value> {
    match arguments.keyword("model_class") {
        Some(Value::Class(class)) => of_class(ev, &Rc::clone(class), place),
        _ => None,
    }
}

fn implicit<H: Environment>(ev: &mut Evaluator<'_, H>, owner: usize, place: Place) -> Value {
    if let Some(value) = ev.host.registry().implicit(owner) {
        return value;
    }
    let callee = Value::External(Rc::from("sqlalchemy.MetaData"));
    let value = ev.term(TermKind::Call, callee, "", Arguments::default(), place);
    ev.host.registry().set_implicit(owner, value.clone());
    value
}
