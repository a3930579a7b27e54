//! What an expression is worth.

use super::host::{Arguments, FileId, Place};
use std::cell::RefCell;
use std::rc::Rc;

/// What an expression is worth.
///
/// Lists, dictionaries, sets and instances are shared and mutable as in Python.
#[derive(Debug, Clone)]
pub enum Value {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A string.
    Str(Rc<str>),
    /// Bytes.
    Bytes(Rc<[u8]>),
    /// A tuple.
    Tuple(Rc<[Value]>),
    /// A list.
    List(Rc<RefCell<Vec<Value>>>),
    /// A set or frozen set, in order of insertion.
    Set(Rc<RefCell<Vec<Value>>>),
    /// A dictionary, in order of insertion. Keys that are not plain values are compared by identity.
    Dict(Rc<RefCell<Vec<(Value, Value)>>>),
    /// `...`.
    Ellipsis,
    /// A function or lambda of the project.
    Function(Rc<Function>),
    /// A function bound to its first argument.
    Method(Rc<Function>, Box<Value>),
    /// A class of the project.
    Class(Rc<Class>),
    /// An instance of a class of the project. An enum member is one too, with `name` and `value` as attributes.
    Instance(Rc<Instance>),
    /// `super()` of that class, on that instance or class.
    Super(Rc<Class>, Box<Value>),
    /// A module of the project.
    Module(FileId),
    /// A name of something outside the project, dotted (`sqlalchemy.Column`), or a builtin (`builtins.len`).
    External(Rc<str>),
    /// A method of one of Python's own values (`"…".format`), not yet called.
    Native(Rc<NativeMethod>),
    /// A call, subscription or operation whose meaning lies outside, kept as it is.
    Term(Rc<Term>),
    /// An object of the host, which alone knows what it is.
    Host(Rc<dyn HostObject>),
    /// A generator function called and not yet run, with its arguments.
    Generator(Rc<Function>, Rc<Arguments>),
    /// A name that an import binds, looked up when it is used.
    #[doc(hidden)]
    Import(Rc<super::ImportedName>),
    /// Cannot be told.
    Unknown(Rc<UnknownValue>),
}

/// An object that only the host understands.
pub trait HostObject: std::fmt::Debug {
    /// Gives itself for downcasting.
    fn as_any(&self) -> &dyn std::any::Any;
}

/// A method of one of Python's own values.
#[derive(Debug)]
pub struct NativeMethod {
    /// The value.
    pub receiver: Value,
    /// The method's name.
    pub name: Rc<str>,
}

/// A function of the project, with what it closes over.
#[derive(Debug)]
pub struct Function {
    /// Its name; `<lambda>` for a lambda.
    pub name: Rc<str>,
    /// Where it is defined.
    pub place: Place,
    /// Decorators that were not applied because they come from outside (`property`, `contextmanager`, …),
    /// outermost first.
    pub decorators: Vec<Value>,
    /// The class in whose body it stands.
    pub class: RefCell<Option<Rc<Class>>>,
    /// What only the evaluator needs.
    pub(crate) code: super::code::FunctionCode,
}

impl Function {
    /// Returns the names of the parameters that a call must give, in order.
    #[must_use]
    pub fn required_parameters(&self) -> Vec<String> {
        let Some(parameters) = self.code.parameters() else { return Vec::new() };
        let all = parameters.posonlyargs.iter().chain(&parameters.args).chain(&parameters.kwonlyargs);
        all.filter(|p| p.default.is_none()).map(|p| p.parameter.name.to_string()).collect()
    }
}

/// A class of the project.
#[derive(Debug)]
pub struct Class {
    /// Its name.
    pub name: Rc<str>,
    /// Where it is defined.
    pub place: Place,
    /// Its bases as written, in order.
    pub bases: Vec<Value>,
    /// Keyword arguments of the class statement (`table=True`, `metaclass=…`).
    pub keywords: Vec<(Rc<str>, Value)>,
    /// Decorators that come from outside, outermost first.
    pub decorators: Vec<Value>,
    /// What the body binds, in the order of first binding; assigned from outside too (`Class.x = …`).
    pub namespace: RefCell<Vec<(Rc<str>, Value, Place)>>,
    /// Annotated names of the body in order, with the annotation's value (a string annotation is
    /// evaluated lazily by [`super::Evaluator::annotation`]).
    pub annotations: RefCell<Vec<(Rc<str>, Value, Place)>>,
    /// The body did something that cannot be told, so names may be missing.
    pub open: bool,
}

/// An instance of a class of the project.
#[derive(Debug)]
pub struct Instance {
    /// Its class.
    pub class: Rc<Class>,
    /// Where it was made.
    pub place: Place,
    /// Its attributes in the order of first assignment.
    pub attributes: RefCell<Vec<(Rc<str>, Value)>>,
    /// The arguments it was made with, for classes whose `__init__` lies outside.
    pub arguments: Arguments,
}

/// What kind of term it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TermKind {
    /// `callee(arguments)`.
    Call,
    /// `callee[arguments]`; a tuple in the brackets is spread out.
    Subscript,
    /// `callee.name`, of a term.
    Attribute,
    /// An operation; `name` is the operator, the operands are the arguments.
    Operation,
}

/// Something whose meaning lies outside, kept as it is.
#[derive(Debug)]
pub struct Term {
    /// What kind.
    pub kind: TermKind,
    /// What is called or subscribed; `None` for an operation.
    pub callee: Value,
    /// The attribute's, method's or operator's name; empty for others.
    pub name: Rc<str>,
    /// The arguments.
    pub arguments: Arguments,
    /// Where it stands.
    pub place: Place,
    /// Tells terms apart that look the same, in the order in which they were made.
    pub serial: u64,
}

impl Term {
    /// Returns the dotted external name that is called or subscribed (`sqlalchemy.Column`), if it is one.
    #[must_use]
    pub fn external(&self) -> Option<&str> {
        match &self.callee {
            Value::External(name) => Some(name),
            _ => None,
        }
    }
}

/// Something that is raised.
#[derive(Debug, Clone)]
pub struct Exception {
    /// The exception: a class name from outside (`builtins.ValueError`, `sqlalchemy.exc.OperationalError`) or a
    /// value of the project.
    pub value: Value,
    /// What it says, where known.
    pub message: Option<Rc<str>>,
    /// Where it is raised.
    pub place: Place,
}

/// Why a value cannot be told.
#[derive(Debug, Clone)]
pub struct UnknownValue {
    /// Why, in words for people.
    pub reason: Rc<str>,
    /// Where it became unknown.
    pub place: Option<Place>,
    /// Something the host wants to remember of it (the tables that a query reads).
    pub note: Option<Rc<str>>,
    /// It is one of several functions, or what a text runs: a call of it may do anything that the project's code does.
    pub is_code: bool,
}

/// A key that can be compared by value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// `None`.
    None,
    /// Booleans and whole numbers compare alike in Python.
    Int(i64),
    /// A string.
    Str(Rc<str>),
    /// Bytes.
    Bytes(Rc<[u8]>),
    /// A tuple.
    Tuple(Vec<Key>),
    /// An enum member, a class, a function: compared by identity.
    Identity(usize),
}

impl Value {
    /// Makes a string.
    #[must_use]
    pub fn str(text: &str) -> Self {
        Value::Str(Rc::from(text))
    }

    /// Makes a list.
    #[must_use]
    pub fn list(items: Vec<Value>) -> Self {
        Value::List(Rc::new(RefCell::new(items)))
    }

    /// Makes an unknown value.
    #[must_use]
    pub fn unknown(reason: &str, place: Option<Place>) -> Self {
        Value::Unknown(Rc::new(UnknownValue { reason: Rc::from(reason), place, note: None, is_code: false }))
    }

    /// Makes an unknown value that stands for code.
    #[must_use]
    pub(super) fn unknown_code(reason: &str, place: Place) -> Self {
        let (reason, place) = (Rc::from(reason), Some(place));
        Value::Unknown(Rc::new(UnknownValue { reason, place, note: None, is_code: true }))
    }

    /// Returns the string, when it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Returns whether it is `True` or `False`, when it is one of them.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the items of a list, tuple or set.
    #[must_use]
    pub fn sequence(&self) -> Option<Vec<Value>> {
        match self {
            Value::Tuple(items) => Some(items.to_vec()),
            Value::List(items) | Value::Set(items) => Some(items.borrow().clone()),
            _ => None,
        }
    }

    /// Says whether it is `None`.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self, Value::None)
    }

    /// Returns why it cannot be told, when it cannot.
    #[must_use]
    pub fn why_unknown(&self) -> Option<&UnknownValue> {
        match self {
            Value::Unknown(why) => Some(why),
            _ => None,
        }
    }

    /// Returns the host object of that type, when it is one.
    #[must_use]
    pub fn host<T: 'static>(&self) -> Option<&T> {
        match self {
            Value::Host(object) => object.as_any().downcast_ref(),
            _ => None,
        }
    }
}
