//! Types that the project defines: decorators of other types, types of its own, subclasses.

use super::resolve::{Form, Resolved, resolve as resolve_value};
use super::written;
use crate::names::canonical_name;
use crate::objects::{CompilerObject, DialectObject};
use crate::reading::Affinity;
use crate::settings::{Environment, Unreadable, unreadable};
use crate::terms::{self, arguments_of};
use cucurbit_python::eval::{Arguments, Class, Evaluator, FileId, Function, Instance, TermKind, Value};
use cucurbit_schema::Dialect;
use std::rc::Rc;

/// What a class of the project inherits from outside.
enum Base {
    /// `TypeDecorator`.
    Decorator,
    /// `UserDefinedType` or `TypeEngine`.
    UserDefined,
    /// Another type, by its dotted name.
    Type(Rc<str>),
}

/// Finds out what an instance of a class of the project is on the dialect.
pub(super) fn resolve<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    instance: &Rc<Instance>,
    depth: usize,
) -> Result<Resolved, Unreadable> {
    let value = Value::Instance(Rc::clone(instance));
    let class = Rc::clone(&instance.class);
    let Some(base) = base_of(ev, &class) else {
        return Err(unreadable(
            ev,
            &value,
            &format!("the class `{}` is no type that can be told", class.name),
        ));
    };
    if let Some(text) = compiled(ev, &class, &value) {
        let affinity = match &base {
            Base::Type(dotted) => {
                let found = canonical_name(dotted).and_then(|n| super::classes::find(&n, false));
                found.map_or(Affinity::Other, |c| c.affinity)
            }
            Base::Decorator | Base::UserDefined => Affinity::Other,
        };
        let written = written::of_user_type(ev, instance, None);
        return Ok(Resolved { form: Form::Text(text?), affinity, written, note: None });
    }
    match base {
        Base::Decorator => decorator(ev, instance, depth),
        Base::UserDefined => {
            let text = column_text(ev, &value, &class)?;
            let written = written::of_user_type(ev, instance, None);
            Ok(Resolved { form: Form::Text(text), affinity: Affinity::Other, written, note: None })
        }
        Base::Type(dotted) => {
            // A decorator of another package, with a word of its own on some dialects; what it leaves to `super()` is as
            // the package has it.
            if is_decorator_of_package(&dotted)
                && matches!(ev.class_attribute(&class, "load_dialect_impl"), Some(Value::Function(_)))
                && let Ok(resolved) = decorator(ev, instance, depth)
            {
                return Ok(resolved);
            }
            let arguments = arguments_of(instance);
            let mut resolved =
                super::resolve::outer(ev, &value, &dotted, &arguments, Some(instance.place), depth + 1)?;
            resolved.written = written::of_user_type(ev, instance, None);
            Ok(resolved)
        }
    }
}

/// Says whether a type is none of SQLAlchemy's own.
fn is_decorator_of_package(dotted: &str) -> bool {
    canonical_name(dotted).is_none_or(|name| super::classes::find(&name, false).is_none())
}

fn base_of<H: Environment>(ev: &mut Evaluator<'_, H>, class: &Rc<Class>) -> Option<Base> {
    for ancestor in ev.mro(class) {
        let dotted = match &ancestor {
            Value::External(name) => Rc::clone(name),
            // `TypeDecorator[T]`
            Value::Term(term) => match &term.callee {
                Value::External(name) => Rc::clone(name),
                _ => continue,
            },
            _ => continue,
        };
        match canonical_name(&dotted).as_deref() {
            Some("TypeDecorator") => return Some(Base::Decorator),
            Some("UserDefinedType" | "TypeEngine") => return Some(Base::UserDefined),
            Some("Concatenable" | "Indexable" | "SchemaType" | "Emulated" | "SchemaEventTarget") => {}
            Some(name) if super::classes::find(name, false).is_some() => return Some(Base::Type(dotted)),
            _ if dotted.starts_with("builtins.")
                || dotted.starts_with("typing.")
                || dotted.starts_with("abc.") => {}
            _ => {
                if super::outside::meaning(&dotted, &Arguments::default(), ev.host.settings()).is_some() {
                    return Some(Base::Type(dotted));
                }
            }
        }
    }
    None
}

fn decorator<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    instance: &Rc<Instance>,
    depth: usize,
) -> Result<Resolved, Unreadable> {
    let value = Value::Instance(Rc::clone(instance));
    let class = Rc::clone(&instance.class);
    let implementation = implementation(ev, instance);
    let loaded = match ev.class_attribute(&class, "load_dialect_impl") {
        Some(Value::Function(function)) => {
            let dialect = ev.host.settings().dialect;
            let method = Value::Method(function, Box::new(value.clone()));
            let arguments =
                Arguments { positional: vec![DialectObject::value(dialect)], ..Arguments::default() };
            match ev.call(&method, arguments, instance.place) {
                Ok(Value::None) | Err(_) => {
                    return Err(unreadable(ev, &value, "what `load_dialect_impl` gives cannot be told"));
                }
                Ok(loaded) => loaded,
            }
        }
        _ => match &implementation {
            Some(implementation) => implementation.clone(),
            None => return Err(unreadable(ev, &value, "the `impl` of the type cannot be told")),
        },
    };
    let mut resolved = resolve_value(ev, &loaded, depth + 1)?;
    if let Some(implementation) = implementation {
        let base = resolve_value(ev, &implementation, depth + 1).ok();
        if let Some(base) = &base {
            resolved.affinity = base.affinity;
        }
        resolved.written = written::of_user_type(ev, instance, base.as_ref());
    } else {
        resolved.written = written::of_user_type(ev, instance, None);
    }
    Ok(resolved)
}

/// The `impl` of a decorator as an instance, kept on the decorator as SQLAlchemy does.
fn implementation<H: Environment>(ev: &mut Evaluator<'_, H>, instance: &Rc<Instance>) -> Option<Value> {
    let own = instance.attribute("impl");
    let made = match own {
        Some(value) => value,
        None => {
            let place = instance.place;
            let value = ev.attribute(&Value::Instance(Rc::clone(instance)), "impl", place)?;
            match &value {
                Value::External(_) | Value::Class(_) => {
                    let arguments = arguments_of(instance);
                    match &value {
                        Value::External(_) => ev.term(TermKind::Call, value.clone(), "", arguments, place),
                        _ => ev.call(&value, arguments, place).ok()?,
                    }
                }
                Value::Term(term) if term.kind == TermKind::Attribute => return None,
                _ => value,
            }
        }
    };
    instance.set("impl", made.clone());
    instance.set("impl_instance", made.clone());
    Some(made)
}

fn column_text<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    class: &Rc<Class>,
) -> Result<String, Unreadable> {
    let place = class.place;
    let given = match ev.class_attribute(class, "get_col_spec") {
        Some(Value::Function(function)) => {
            let method = Value::Method(function, Box::new(value.clone()));
            ev.call(&method, Arguments::default(), place).ok()
        }
        _ => None,
    };
    match given {
        Some(Value::Str(text)) => Ok(text.to_string()),
        Some(other) => Err(unreadable(ev, &other, "what `get_col_spec` gives cannot be told")),
        None => Err(unreadable(ev, value, "the type has no `get_col_spec` that can be followed")),
    }
}

/// What a function of the project decorated with `@compiles(class, dialect)` writes for an object of the class;
/// `None` when there is none for the dialect.
pub(crate) fn compiled<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    class: &Rc<Class>,
    value: &Value,
) -> Option<Result<String, Unreadable>> {
    let dialect = ev.host.settings().dialect;
    for ancestor in ev.mro(class) {
        let Value::Class(ancestor) = ancestor else { continue };
        let Some(function) = compiler_of(ev, &ancestor, dialect) else {
            if ev.host.registry().compiles(&ancestor, dialect) {
                return Some(Err(unreadable(ev, value, NO_COMPILER)));
            }
            continue;
        };
        return Some(compiled_by(ev, function, value, dialect));
    }
    None
}

const NO_COMPILER: &str = "the function that `@compiles` it cannot be found";

/// The same for one of SQLAlchemy's own types: `@compiles(UUID, "sqlite")`.
pub(super) fn compiled_known<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    class: &super::classes::Class,
    value: &Value,
) -> Option<Result<String, Unreadable>> {
    let settings = ev.host.settings().clone();
    // PostgreSQL has each of the types that others are taught to write.
    let is_borrowed = matches!(class.name, "UUID" | "ARRAY") || class.name.starts_with("postgresql.");
    if is_borrowed && settings.dialect != Dialect::PostgreSql {
        H::load_compilers(ev);
    }
    let files = ev.host.registry().files_compiling_type(class.name, settings.dialect);
    if files.is_empty() {
        return None;
    }
    let is_meant = |v: &Value| matches!(v, Value::External(name) if super::known_name(name, &settings) == Some(class.name));
    let Some(function) = compiler_in(ev, &files, settings.dialect, is_meant) else {
        return Some(Err(unreadable(ev, value, NO_COMPILER)));
    };
    // The function is handed an object, where a column may be given the class.
    let object = match value {
        Value::External(_) => {
            ev.term(TermKind::Call, value.clone(), "", Arguments::default(), function.place)
        }
        _ => value.clone(),
    };
    Some(compiled_by(ev, function, &object, settings.dialect))
}

fn compiled_by<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    function: Rc<Function>,
    value: &Value,
    dialect: Dialect,
) -> Result<String, Unreadable> {
    let arguments =
        Arguments { positional: vec![value.clone(), CompilerObject::value(dialect)], ..Arguments::default() };
    let place = function.place;
    match ev.call(&Value::Function(function), arguments, place) {
        Ok(Value::Str(text)) => Ok(text.to_string()),
        _ => Err(unreadable(ev, value, "what the function that `@compiles` it gives cannot be told")),
    }
}

/// Finds the function for the dialect, or the one for any.
fn compiler_of<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    class: &Rc<Class>,
    dialect: Dialect,
) -> Option<Rc<Function>> {
    let mut files = vec![class.place.file];
    for file in ev.host.registry().compiling_files(class) {
        if !files.contains(&file) {
            files.push(file);
        }
    }
    compiler_in(ev, &files, dialect, |v| matches!(v, Value::Class(c) if Rc::ptr_eq(c, class)))
}

fn compiler_in<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    files: &[FileId],
    dialect: Dialect,
    is_meant: impl Fn(&Value) -> bool,
) -> Option<Rc<Function>> {
    let mut general = None;
    for file in files {
        for (_, value, _) in ev.module_names(*file) {
            let Value::Function(function) = value else { continue };
            for decorator in &function.decorators {
                let Value::Term(term) = decorator else { continue };
                if terms::external(&term.callee).as_deref() != Some("compiles") {
                    continue;
                }
                let mut arguments = term.arguments.positional.iter();
                if !arguments.next().is_some_and(&is_meant) {
                    continue;
                }
                let names: Vec<&str> = arguments.filter_map(Value::as_str).collect();
                if names.contains(&dialect.name()) {
                    return Some(function);
                }
                if names.is_empty() {
                    general = Some(Rc::clone(&function));
                }
            }
        }
    }
    general
}
