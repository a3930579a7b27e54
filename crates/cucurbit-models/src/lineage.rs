//! What a class inherits from, as far as mapping goes.

use crate::facts::{self, Mixin};
use crate::host::Ev;
use cucurbit_python::eval::{Class, Place, TermKind, Value};
use cucurbit_sqlalchemy::{canonical_name, is_flask_extension};
use std::rc::Rc;

/// One class in the order in which attributes are looked up.
#[derive(Debug, Clone)]
pub(crate) enum Ancestor {
    /// A class of the project.
    Class(Rc<Class>),
    /// A class of another package whose columns are known.
    Known(&'static Mixin),
    /// A class of another package, or one that cannot be told.
    Outside(String),
}

/// What makes a class a mapped one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Root {
    /// Nothing: it is a mixin or no model at all.
    None,
    /// A declarative base.
    Declarative,
    /// `db.Model`, which names tables by itself.
    Flask,
    /// `SQLModel`.
    SqlModel,
    /// A base class outside of the project, which may be a declarative one.
    Outside,
}

/// The class and what it inherits from, in Python's order; what stands for a base class is spread out.
#[derive(Debug, Clone)]
pub(crate) struct Lineage {
    pub(crate) ancestors: Vec<Ancestor>,
    pub(crate) root: Root,
    /// Its direct bases say that it is a base itself, or that it has no table.
    pub(crate) is_base: bool,
}

/// Packages whose classes bring no columns.
const HARMLESS: &[&str] = &[
    "abc",
    "builtins",
    "collections",
    "dataclasses",
    "enum",
    "flask_login",
    "flask_principal",
    "pydantic",
    "typing",
    "typing_extensions",
];

/// Classes of SQLAlchemy that a model may inherit from and that bring no columns.
const NEUTRAL: &[&str] = &[
    "AbstractConcreteBase",
    "AsyncAttrs",
    "ConcreteBase",
    "DeferredReflection",
    "Generic",
    "MappedAsDataclass",
    "DeclarativeMeta",
    "Comparator",
    "MutableComposite",
    "Mutable",
];

impl Lineage {
    pub(crate) fn of(ev: &mut Ev<'_>, class: &Rc<Class>) -> Self {
        let mut lineage = Lineage { ancestors: Vec::new(), root: Root::None, is_base: false };
        for value in ev.mro(class) {
            lineage.add(ev, &value, 0);
        }
        lineage.is_base = class.bases.iter().any(is_base_of_bases)
            || class.decorators.iter().any(|d| matches!(decorator(d), Some(Decorator::MakesBase)));
        let is_mapped_by_decorator =
            class.decorators.iter().any(|d| matches!(decorator(d), Some(Decorator::Maps)));
        if is_mapped_by_decorator {
            lineage.found(Root::Declarative);
        }
        lineage
    }

    fn found(&mut self, root: Root) {
        if matches!(self.root, Root::None | Root::Outside) {
            self.root = root;
        }
    }

    fn outside(&mut self, name: String) {
        if self.root == Root::None {
            self.root = Root::Outside;
        }
        self.ancestors.push(Ancestor::Outside(name));
    }

    fn add(&mut self, ev: &mut Ev<'_>, value: &Value, depth: usize) {
        if depth > 8 {
            return;
        }
        match value {
            Value::Class(class) => {
                let same = |a: &Ancestor| matches!(a, Ancestor::Class(c) if Rc::ptr_eq(c, class));
                if self.ancestors.iter().any(same) {
                    return;
                }
                self.ancestors.push(Ancestor::Class(Rc::clone(class)));
                if class.decorators.iter().any(|d| matches!(decorator(d), Some(Decorator::MakesBase))) {
                    self.found(Root::Declarative);
                }
            }
            Value::External(name) => self.add_external(name),
            Value::Term(term) => match term.kind {
                TermKind::Subscript => self.add(ev, &term.callee.clone(), depth + 1),
                TermKind::Attribute if term.name.as_ref() == "Model" => {
                    self.found(Root::Flask);
                    let owner = term.callee.clone();
                    self.add_model_class(ev, &owner, depth);
                }
                TermKind::Call => self.add_call(ev, value, depth),
                _ => self.outside(ev.describe(value)),
            },
            Value::None => {}
            other => self.outside(ev.describe(other)),
        }
    }

    fn add_external(&mut self, name: &Rc<str>) {
        if let Some(mixin) = facts::find(name) {
            if mixin.is_root {
                self.found(Root::Declarative);
            }
            if mixin.is_sqlmodel {
                self.found(Root::SqlModel);
            }
            self.ancestors.push(Ancestor::Known(mixin));
            return;
        }
        if name.starts_with("sqlmodel.") && name.ends_with(".SQLModel") {
            self.found(Root::SqlModel);
            return;
        }
        if let Some(canonical) = canonical_name(name) {
            match canonical.as_ref() {
                "DeclarativeBase" | "DeclarativeBaseNoMeta" => self.found(Root::Declarative),
                name if NEUTRAL.contains(&name) => {}
                _ => self.outside(name.to_string()),
            }
            return;
        }
        let package = name.split('.').next().unwrap_or(name);
        let is_flask_security = package == "flask_security"
            && matches!(name.rsplit('.').next(), Some("AsaList" | "RoleMixin" | "UserMixin"));
        if HARMLESS.contains(&package) || is_flask_security {
            return;
        }
        let mut parts = name.rsplit('.');
        if parts.next() == Some("Model") && parts.next().is_some_and(|p| p.eq_ignore_ascii_case("db")) {
            self.found(Root::Flask);
            return;
        }
        self.outside(name.to_string());
    }

    /// `declarative_base(cls=Mixin)`, `registry.generate_base(cls=Mixin)`.
    fn add_call(&mut self, ev: &mut Ev<'_>, value: &Value, depth: usize) {
        let Value::Term(term) = value else { return };
        let name = match (&term.callee, term.external()) {
            (_, Some(name)) => canonical_name(name).map_or_else(|| name.to_owned(), |n| n.to_string()),
            (Value::Term(callee), None) if callee.kind == TermKind::Attribute => callee.name.to_string(),
            _ => String::new(),
        };
        if !matches!(name.as_str(), "declarative_base" | "generate_base" | "automap_base") {
            self.outside(ev.describe(value));
            return;
        }
        self.found(Root::Declarative);
        match term.arguments.keyword("cls").cloned() {
            Some(Value::Class(class)) => {
                for value in ev.mro(&class) {
                    self.add(ev, &value, depth + 1);
                }
            }
            Some(Value::Tuple(classes)) => {
                for class in classes.iter() {
                    self.add(ev, class, depth + 1);
                }
            }
            Some(other) => self.add(ev, &other, depth + 1),
            None if term.arguments.open => self.outside(ev.describe(value)),
            None => {}
        }
    }

    /// `SQLAlchemy(model_class=Base)`: `db.Model` inherits from it.
    fn add_model_class(&mut self, ev: &mut Ev<'_>, owner: &Value, depth: usize) {
        let given = match owner {
            Value::Term(term) if term.external().is_some_and(is_flask_extension) => {
                term.arguments.keyword("model_class").cloned()
            }
            Value::Instance(instance) => instance.arguments.keyword("model_class").cloned(),
            _ => None,
        };
        if let Some(Value::Class(class)) = given {
            for value in ev.mro(&class) {
                self.add(ev, &value, depth + 1);
            }
        }
    }

    /// Returns the nearest mapped class that the class inherits from.
    pub(crate) fn parent(&self, ev: &Ev<'_>) -> Option<Rc<Class>> {
        self.ancestors.iter().skip(1).find_map(|a| match a {
            Ancestor::Class(c) if ev.host.mapped(c).is_some() => Some(Rc::clone(c)),
            _ => None,
        })
    }

    /// Returns what the first class that binds a name binds it to.
    pub(crate) fn attribute(&self, ev: &mut Ev<'_>, name: &str) -> Option<Value> {
        self.ancestors.iter().find_map(|a| match a {
            Ancestor::Class(c) => own(ev, c, name).map(|(value, _)| value),
            _ => None,
        })
    }
}

/// Returns what the body of a class itself binds a name to.
pub(crate) fn own(ev: &mut Ev<'_>, class: &Rc<Class>, name: &str) -> Option<(Value, Place)> {
    let place = class.namespace.borrow().iter().rev().find(|(n, _, _)| n.as_ref() == name).map(|n| n.2)?;
    ev.class_attribute(class, name).map(|value| (value, place))
}

/// `class Base(DeclarativeBase)` and classes that never have a table.
fn is_base_of_bases(base: &Value) -> bool {
    let Value::External(name) = base else { return false };
    canonical_name(name).is_some_and(|n| {
        matches!(n.as_ref(), "DeclarativeBase" | "DeclarativeBaseNoMeta" | "AbstractConcreteBase")
    })
}

/// What a decorator does to the mapping of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decorator {
    /// `@registry.mapped`, `@mapped_as_dataclass(registry)`.
    Maps,
    /// `@as_declarative()`, `@registry.as_declarative_base()`.
    MakesBase,
    /// Nothing.
    Nothing,
}

/// Returns what a decorator does; `None` when it cannot be told.
pub(crate) fn decorator(value: &Value) -> Option<Decorator> {
    let name: &str = match value {
        Value::External(name) => name,
        Value::Term(term) => match (&term.kind, &term.callee) {
            (TermKind::Attribute, _) => &term.name,
            (_, Value::External(name)) => name,
            (_, Value::Term(callee)) if callee.kind == TermKind::Attribute => &callee.name,
            _ => return None,
        },
        // A function of the project was followed.
        _ => return Some(Decorator::Nothing),
    };
    match name.rsplit('.').next().unwrap_or(name) {
        "mapped" | "mapped_as_dataclass" => Some(Decorator::Maps),
        "as_declarative" | "as_declarative_base" => Some(Decorator::MakesBase),
        _ if name.starts_with("builtins.") => Some(Decorator::Nothing),
        "dataclass"
        | "dataclass_transform"
        | "total_ordering"
        | "final"
        | "deprecated"
        | "runtime_checkable"
        | "implementer"
        | "python_2_unicode_compatible"
        | "add_metaclass"
        | "generic_repr"
        | "unique" => Some(Decorator::Nothing),
        _ => None,
    }
}
