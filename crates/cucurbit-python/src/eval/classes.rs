//! Classes, instances, attributes.

use super::Evaluated;
use super::code::place_of;
use super::host::{Arguments, Host, Outcome, Place};
use super::run::Evaluator;
use super::scope::{Scope, ScopeData, ScopeKind};
use super::value::{Class, Instance, NativeMethod, TermKind, Value};
use ruff_python_ast as ast;
use std::cell::RefCell;
use std::rc::Rc;

impl<H: Host> Evaluator<'_, H> {
    pub(super) fn define_class(&mut self, def: &ast::StmtClassDef, scope: &Scope) -> Evaluated<Value> {
        let place = place_of(scope.file, &def.name);
        let arguments = match &def.arguments {
            Some(arguments) => self.arguments(arguments, scope)?,
            None => Arguments::default(),
        };
        let mut decorators = Vec::new();
        for decorator in &def.decorator_list {
            decorators.push(self.expression(&decorator.expression, scope)?);
        }
        let body = ScopeData::new(ScopeKind::Class, scope.file, Some(Rc::clone(scope)));
        let pending = self.pending_annotations.len();
        let result = self.block(&def.body, &body);
        let annotations = self.pending_annotations.split_off(pending);
        result?;
        let namespace: Vec<_> =
            body.names.borrow().items().iter().map(|(n, v, p)| (Rc::clone(n), v.clone(), *p)).collect();
        let is_open = self.exhausted || arguments.open;
        let class = Rc::new(Class {
            name: Rc::from(def.name.as_str()),
            place,
            bases: arguments.positional.into_iter().map(without_type_arguments).collect(),
            keywords: arguments.keywords,
            decorators: decorators.clone(),
            namespace: RefCell::new(namespace),
            annotations: RefCell::new(annotations),
            open: is_open,
        });
        for (_, value, _) in class.namespace.borrow().iter() {
            if let Value::Function(function) = value {
                *function.class.borrow_mut() = Some(Rc::clone(&class));
            }
        }
        if self.is_enum(&class) {
            self.make_members(&class);
        }
        let hook = class.bases.iter().find_map(|base| match base {
            Value::Class(base) => self.class_attribute(base, "__init_subclass__"),
            _ => None,
        });
        if let Some(Value::Function(hook)) = hook {
            let receiver = Value::Class(Rc::clone(&class));
            let arguments = Arguments {
                positional: vec![receiver.clone()],
                keywords: class.keywords.clone(),
                open: false,
            };
            self.call_function(&hook, arguments, place, Some(receiver))?;
        }
        H::class_defined(self, &class);
        let mut value = Value::Class(class);
        for decorator in decorators.iter().rev() {
            if let Value::Function(_) | Value::Method(..) = decorator {
                let arguments = Arguments { positional: vec![value.clone()], ..Default::default() };
                if let decorated @ Value::Class(_) = self.invoke(decorator, arguments, place)? {
                    value = decorated;
                }
            }
        }
        Ok(value)
    }

    pub(super) fn note_annotation(&mut self, _scope: &Scope, name: &str, annotation: Value, place: Place) {
        self.pending_annotations.push((Rc::from(name), annotation, place));
    }

    /// Returns the class, then the classes that it inherits from in Python's order (C3); a name from outside
    /// stands for itself. Where the order cannot be made, bases are listed depth first.
    pub fn mro(&mut self, class: &Rc<Class>) -> Vec<Value> {
        mro_of(class, 0)
    }

    /// Looks a name up in the class and in the classes of the project that it inherits from.
    pub fn class_attribute(&mut self, class: &Rc<Class>, name: &str) -> Option<Value> {
        self.find_in_classes(&mro_of(class, 0), name)
    }

    fn find_in_classes(&mut self, classes: &[Value], name: &str) -> Option<Value> {
        for class in classes {
            if let Value::Class(class) = class {
                let found = class
                    .namespace
                    .borrow()
                    .iter()
                    .rev()
                    .find(|(n, _, _)| n.as_ref() == name)
                    .map(|(_, v, _)| v.clone());
                if let Some(value) = found {
                    return Some(self.settle(value));
                }
            }
        }
        None
    }

    /// Says whether a class inherits from a name from outside that ends so.
    pub fn inherits(&mut self, class: &Rc<Class>, test: impl Fn(&str) -> bool) -> bool {
        mro_of(class, 0).iter().any(|c| match c {
            Value::External(name) => test(name),
            Value::Term(term) => term.external().is_some_and(&test),
            _ => false,
        })
    }

    fn is_enum(&mut self, class: &Rc<Class>) -> bool {
        self.inherits(class, |name| {
            matches!(name.rsplit('.').next(), Some("Enum" | "IntEnum" | "StrEnum" | "Flag" | "IntFlag"))
                && !name.starts_with("sqlalchemy")
        })
    }

    fn make_members(&mut self, class: &Rc<Class>) {
        let mut counter = 0;
        let lower = self.inherits(class, |name| name.ends_with(".StrEnum"));
        let mut members: Vec<(Rc<str>, Value)> = Vec::new();
        let items = class.namespace.borrow().clone();
        let mut changed = Vec::with_capacity(items.len());
        for (name, value, place) in items {
            let plain = !name.starts_with('_')
                && !matches!(
                    value,
                    Value::Function(_) | Value::Method(..) | Value::Class(_) | Value::Import(_)
                );
            if !plain {
                changed.push((name, value, place));
                continue;
            }
            let value = match value {
                Value::Term(term) if term.external().is_some_and(|n| n.ends_with("auto")) => {
                    counter += 1;
                    if lower { Value::str(&name.to_lowercase()) } else { Value::Int(counter) }
                }
                Value::Int(int) => {
                    counter = int;
                    Value::Int(int)
                }
                Value::Tuple(items) if items.len() == 1 => items[0].clone(),
                other => other,
            };
            // The same value again is another name of the same member.
            let alias = members.iter().find(|(_, member)| {
                let Value::Instance(member) = member else { return false };
                let first = member
                    .attributes
                    .borrow()
                    .iter()
                    .find(|(n, _)| n.as_ref() == "value")
                    .map(|(_, v)| v.clone());
                first.is_some_and(|first| self.equal(&first, &value) == Some(true))
            });
            let member = match alias {
                Some((_, member)) => member.clone(),
                None => {
                    let member = Value::Instance(Rc::new(Instance {
                        class: Rc::clone(class),
                        place,
                        attributes: RefCell::new(vec![
                            (Rc::from("name"), Value::Str(Rc::clone(&name))),
                            (Rc::from("value"), value),
                        ]),
                        arguments: Arguments::default(),
                    }));
                    members.push((Rc::clone(&name), member.clone()));
                    member
                }
            };
            changed.push((name, member, place));
        }
        *class.namespace.borrow_mut() = changed;
    }

    /// Returns the members of an enum of the project in order, without aliases; `None` for other classes.
    pub fn enum_members(&mut self, class: &Rc<Class>) -> Option<Vec<Value>> {
        if !self.is_enum(class) {
            return None;
        }
        let mut members: Vec<Value> = Vec::new();
        for (_, value, _) in class.namespace.borrow().iter() {
            if let Value::Instance(instance) = value
                && Rc::ptr_eq(&instance.class, class)
                && !members.iter().any(|m| matches!(m, Value::Instance(m) if Rc::ptr_eq(m, instance)))
            {
                members.push(value.clone());
            }
        }
        Some(members)
    }

    pub(super) fn instantiate(
        &mut self,
        class: &Rc<Class>,
        arguments: Arguments,
        place: Place,
    ) -> Evaluated<Value> {
        if let Some(members) = self.enum_members(class) {
            let Some(wanted) = arguments.positional.first() else {
                return Ok(Value::unknown("an enum called without a value", Some(place)));
            };
            for member in members {
                let Value::Instance(instance) = &member else { continue };
                let value = instance.attribute("value");
                if self.equal(&member, wanted) == Some(true)
                    || value.is_some_and(|value| self.equal(&value, wanted) == Some(true))
                {
                    return Ok(member);
                }
            }
            return Ok(Value::unknown("a member of an enum that cannot be told", Some(place)));
        }
        let instance = Rc::new(Instance {
            class: Rc::clone(class),
            place,
            attributes: RefCell::default(),
            arguments: arguments.clone(),
        });
        let value = Value::Instance(Rc::clone(&instance));
        match self.class_attribute(class, "__init__") {
            Some(Value::Function(init)) => {
                let mut all = arguments;
                all.positional.insert(0, value.clone());
                self.call_function(&init, all, place, Some(value.clone()))?;
            }
            _ => self.fill_fields(class, &instance, &arguments),
        }
        Ok(value)
    }

    /// What the `__init__` of a dataclass or a named tuple does.
    fn fill_fields(&mut self, class: &Rc<Class>, instance: &Rc<Instance>, arguments: &Arguments) {
        let is_record = class.decorators.iter().any(|d| self.describe(d).contains("dataclass"))
            || self.inherits(class, |name| name.ends_with("NamedTuple") || name.ends_with("BaseModel"));
        if !is_record {
            return;
        }
        let mut fields: Vec<Rc<str>> = Vec::new();
        for ancestor in mro_of(class, 0).iter().rev() {
            if let Value::Class(ancestor) = ancestor {
                for (name, _, _) in ancestor.annotations.borrow().iter() {
                    if !fields.contains(name) {
                        fields.push(Rc::clone(name));
                    }
                }
            }
        }
        for (at, name) in fields.into_iter().enumerate() {
            let given = arguments.get(at, &name).cloned();
            let value = match given {
                Some(value) => value,
                None => match self.class_attribute(class, &name) {
                    Some(Value::Term(term)) if term.external().is_some_and(|n| n.ends_with("field")) => {
                        match (term.arguments.keyword("default"), term.arguments.keyword("default_factory")) {
                            (Some(value), _) => value.clone(),
                            (None, Some(Value::External(name))) if name.as_ref() == "builtins.list" => {
                                Value::list(Vec::new())
                            }
                            (None, Some(Value::External(name))) if name.as_ref() == "builtins.dict" => {
                                Value::Dict(Rc::default())
                            }
                            _ => Value::unknown("the default of a field", Some(instance.place)),
                        }
                    }
                    Some(value) => value,
                    None => Value::unknown("a field that is not given", Some(instance.place)),
                },
            };
            instance.attributes.borrow_mut().push((name, value));
        }
    }

    /// Returns an attribute, as `of.name` would; `None` when it cannot be told.
    pub fn attribute(&mut self, of: &Value, name: &str, place: Place) -> Option<Value> {
        match self.attribute_outcome(of, name, place) {
            Outcome::Value(value) => Some(value),
            Outcome::Default | Outcome::Raise(_) => None,
        }
    }

    pub(super) fn attribute_outcome(&mut self, of: &Value, name: &str, place: Place) -> Outcome {
        match of {
            Value::Module(file) => self.module_attribute(*file, name, place),
            Value::Class(class) => self.attribute_of_class(class, of, name, place),
            Value::Instance(instance) => {
                if let Some(value) = instance.attribute(name) {
                    return Outcome::Value(value);
                }
                match name {
                    "__class__" => return Outcome::Value(Value::Class(Rc::clone(&instance.class))),
                    "_value_" | "_name_" => {
                        if let Some(value) = instance.attribute(name.trim_matches('_')) {
                            return Outcome::Value(value);
                        }
                    }
                    _ => {}
                }
                let class = Rc::clone(&instance.class);
                match self.class_attribute(&class, name) {
                    Some(value) => self.bound(value, of, &class, place),
                    None => self
                        .text_method(of, name)
                        .or_else(|| self.by_getattr(&class, of, name, place))
                        .unwrap_or_else(|| self.outside_attribute(of, name, place)),
                }
            }
            Value::Super(class, receiver) => {
                let of_class = match receiver.as_ref() {
                    Value::Instance(instance) => Rc::clone(&instance.class),
                    Value::Class(class) => Rc::clone(class),
                    _ => return Outcome::Default,
                };
                let mro = mro_of(&of_class, 0);
                let behind = mro.iter().position(|c| matches!(c, Value::Class(c) if Rc::ptr_eq(c, class)));
                let rest = behind.map_or(&mro[..], |at| &mro[at + 1..]);
                match self.find_in_classes(rest, name) {
                    Some(value) => self.bound(value, receiver, &of_class, place),
                    None => {
                        let term =
                            self.term(TermKind::Attribute, of.clone(), name, Arguments::default(), place);
                        Outcome::Value(term)
                    }
                }
            }
            Value::External(path) => match H::attribute(self, of, name, place) {
                Outcome::Default => {
                    if let Some(value) = self.in_namespace(path, name) {
                        return Outcome::Value(value);
                    }
                    Outcome::Value(Value::External(Rc::from([path.as_ref(), ".", name].concat())))
                }
                outcome => outcome,
            },
            Value::Term(_) | Value::Host(_) => self.outside_attribute(of, name, place),
            Value::Function(function) => match name {
                "__name__" | "__qualname__" => Outcome::Value(Value::Str(Rc::clone(&function.name))),
                "__doc__" | "__module__" => Outcome::Value(Value::None),
                _ => self.outside_attribute(of, name, place),
            },
            Value::Str(_)
            | Value::Bytes(_)
            | Value::List(_)
            | Value::Tuple(_)
            | Value::Dict(_)
            | Value::Set(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Bool(_) => Outcome::Value(Value::Native(Rc::new(NativeMethod {
                receiver: of.clone(),
                name: Rc::from(name),
            }))),
            Value::Import(_) => {
                let settled = self.settle(of.clone());
                self.attribute_outcome(&settled, name, place)
            }
            Value::Unknown(unknown) => match H::attribute(self, of, name, place) {
                Outcome::Default => Outcome::Value(Value::Unknown(Rc::clone(unknown))),
                outcome => outcome,
            },
            Value::None | Value::Ellipsis | Value::Method(..) | Value::Native(_) | Value::Generator(..) => {
                Outcome::Default
            }
        }
    }

    /// Members of an enum that is a string too have the methods of their value.
    fn text_method(&mut self, of: &Value, name: &str) -> Option<Outcome> {
        let Value::Instance(instance) = of else { return None };
        let value @ Value::Str(_) = instance.attribute("value")? else { return None };
        let class = Rc::clone(&instance.class);
        let is_text = self.inherits(&class, |base| base == "builtins.str" || base.ends_with(".StrEnum"));
        is_text.then(|| {
            Outcome::Value(Value::Native(Rc::new(NativeMethod { receiver: value, name: Rc::from(name) })))
        })
    }

    fn outside_attribute(&mut self, of: &Value, name: &str, place: Place) -> Outcome {
        match H::attribute(self, of, name, place) {
            Outcome::Default => {
                Outcome::Value(self.term(TermKind::Attribute, of.clone(), name, Arguments::default(), place))
            }
            outcome => outcome,
        }
    }

    fn module_attribute(&mut self, file: super::FileId, name: &str, place: Place) -> Outcome {
        if let Some(value) = self.module_value(file, name) {
            return Outcome::Value(value);
        }
        let module = super::ModuleName { level: 1, path: name.to_owned() };
        match self.files.find(file, &module) {
            super::Found::File(inner) => return Outcome::Value(Value::Module(inner)),
            super::Found::Namespace => return Outcome::Value(self.namespace(file, &module)),
            super::Found::Outside => {}
        }
        Outcome::Value(self.missing_in_module(file, name, place))
    }

    fn attribute_of_class(&mut self, class: &Rc<Class>, of: &Value, name: &str, place: Place) -> Outcome {
        match name {
            "__name__" | "__qualname__" => return Outcome::Value(Value::Str(Rc::clone(&class.name))),
            "__module__" => return Outcome::Value(Value::str(&self.files.module_name(class.place.file))),
            "__mro__" => return Outcome::Value(Value::Tuple(mro_of(class, 0).into())),
            "__members__" => {
                if let Some(members) = self.enum_members(class) {
                    let items = members
                        .into_iter()
                        .filter_map(|member| {
                            let Value::Instance(instance) = &member else { return None };
                            Some((instance.attribute("name")?, member.clone()))
                        })
                        .collect();
                    return Outcome::Value(Value::Dict(Rc::new(RefCell::new(items))));
                }
            }
            _ => {}
        }
        match self.class_attribute(class, name) {
            Some(Value::Function(function)) => {
                if function.has_decorator("classmethod") || function.has_decorator("declared_attr") {
                    return self.bound(Value::Function(function), of, class, place);
                }
                Outcome::Value(Value::Function(function))
            }
            Some(value) => Outcome::Value(value),
            None => self.outside_attribute(of, name, place),
        }
    }

    /// What the class's own `__getattr__` gives for a name that nothing else has, where that can be told. What it asks
    /// elsewhere (`super().__getattr__(name)`) is no answer.
    fn by_getattr(&mut self, class: &Rc<Class>, of: &Value, name: &str, place: Place) -> Option<Outcome> {
        if name.starts_with("__") {
            return None;
        }
        let Some(Value::Function(function)) = self.class_attribute(class, "__getattr__") else { return None };
        let arguments = Arguments { positional: vec![of.clone(), Value::str(name)], ..Default::default() };
        match self.call_function(&function, arguments, place, Some(of.clone())) {
            Ok(Value::Unknown(_) | Value::Term(_) | Value::None) | Err(_) => None,
            Ok(value) => Some(Outcome::Value(value)),
        }
    }

    /// What looking a class's attribute up through an instance gives.
    fn bound(&mut self, value: Value, receiver: &Value, class: &Rc<Class>, place: Place) -> Outcome {
        let Value::Function(function) = value else { return Outcome::Value(value) };
        let of_class = || match receiver {
            Value::Class(_) => receiver.clone(),
            _ => Value::Class(Rc::clone(class)),
        };
        if function.has_decorator("staticmethod") {
            return Outcome::Value(Value::Function(function));
        }
        if function.has_decorator("classmethod") {
            return Outcome::Value(Value::Method(function, Box::new(of_class())));
        }
        let is_property =
            ["property", "cached_property", "hybrid_property", "declared_attr", "classproperty"];
        if is_property.iter().any(|name| function.has_decorator(name)) || function.has_decorator("directive")
        {
            let receiver =
                if function.has_decorator("declared_attr") { of_class() } else { receiver.clone() };
            let arguments = Arguments { positional: vec![receiver.clone()], ..Default::default() };
            return match self.call_function(&function, arguments, place, Some(receiver)) {
                Ok(value) => Outcome::Value(value),
                Err(exception) => Outcome::Raise(*exception),
            };
        }
        Outcome::Value(Value::Method(function, Box::new(receiver.clone())))
    }

    pub(super) fn set_attribute(&mut self, of: &Value, name: &str, value: Value, place: Place) {
        match of {
            Value::Instance(instance) => {
                self.touch_instance(instance);
                instance.set(name, value);
            }
            Value::Class(class) => {
                self.touch_class(class);
                let mut namespace = class.namespace.borrow_mut();
                match namespace.iter_mut().find(|(n, _, _)| n.as_ref() == name) {
                    Some(item) => (item.1, item.2) = (value, place),
                    None => namespace.push((Rc::from(name), value, place)),
                }
            }
            _ => H::assigned(self, of, name, &value, place),
        }
    }
}

impl Instance {
    /// Returns an attribute that was set on the instance itself.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<Value> {
        self.attributes.borrow().iter().find(|(n, _)| n.as_ref() == name).map(|(_, v)| v.clone())
    }

    /// Sets an attribute.
    pub fn set(&self, name: &str, value: Value) {
        let mut attributes = self.attributes.borrow_mut();
        match attributes.iter_mut().find(|(n, _)| n.as_ref() == name) {
            Some(item) => item.1 = value,
            None => attributes.push((Rc::from(name), value)),
        }
    }
}

/// How deep classes may inherit.
const MAX_BASES: usize = 60;

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Class(a), Value::Class(b)) => Rc::ptr_eq(a, b),
        (Value::External(a), Value::External(b)) => a == b,
        (Value::Term(a), Value::Term(b)) => Rc::ptr_eq(a, b),
        _ => false,
    }
}

/// `Base[int]` as a base is the class `Base` of the project: the arguments in brackets are for type checkers only.
fn without_type_arguments(base: Value) -> Value {
    match &base {
        Value::Term(term) if term.kind == TermKind::Subscript && matches!(term.callee, Value::Class(_)) => {
            term.callee.clone()
        }
        _ => base,
    }
}

fn mro_of(class: &Rc<Class>, depth: usize) -> Vec<Value> {
    let own = Value::Class(Rc::clone(class));
    if depth > MAX_BASES {
        return vec![own];
    }
    // `Generic[T]`, `declarative_base()` and the like are terms and stand for themselves.
    let bases: Vec<Value> = class.bases.clone();
    let mut lists: Vec<Vec<Value>> = bases
        .iter()
        .map(|base| match base {
            Value::Class(base) => mro_of(base, depth + 1),
            other => vec![other.clone()],
        })
        .collect();
    lists.push(bases);
    let mut order = vec![own];
    loop {
        lists.retain(|list| !list.is_empty());
        if lists.is_empty() {
            return order;
        }
        let chosen = lists
            .iter()
            .position(|list| !lists.iter().any(|other| other[1..].iter().any(|o| same(&list[0], o))))
            .unwrap_or(0);
        // Taken out by its place: a base that cannot be told is not even the same as itself.
        let head = lists[chosen].remove(0);
        for list in &mut lists {
            list.retain(|other| !same(&head, other));
        }
        if !order.iter().any(|o| same(o, &head)) {
            order.push(head);
        }
    }
}
