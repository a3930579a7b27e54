//! Calls of functions, classes and what lies outside.

use super::Evaluated;
use super::code::{Body, FunctionCode, place_of, yields};
use super::host::{Arguments, Call, FileId, Host, Outcome, Place};
use super::run::{Evaluator, Frame};
use super::scope::{Scope, ScopeData, ScopeKind};
use super::statements::{Flow, Waiting};
use super::value::{Class, Exception, Function, Term, TermKind, Value};
use ruff_python_ast as ast;
use std::cell::RefCell;
use std::rc::Rc;

impl<H: Host> Evaluator<'_, H> {
    pub(super) fn invoke(&mut self, callee: &Value, arguments: Arguments, place: Place) -> Evaluated<Value> {
        match callee {
            Value::Function(function) => {
                let guesses = self.trace.len();
                let result = self.call_function(function, arguments, place, None);
                self.surely(result, guesses, function.place.file, place)
            }
            Value::Method(function, receiver) => {
                let mut arguments = arguments;
                arguments.positional.insert(0, receiver.as_ref().clone());
                let guesses = self.trace.len();
                let result = self.call_function(function, arguments, place, Some(receiver.as_ref().clone()));
                self.surely(result, guesses, function.place.file, place)
            }
            Value::Class(class) => self.instantiate(class, arguments, place),
            Value::Native(native) => {
                let native = Rc::clone(native);
                self.call_native(&native.receiver, &native.name, &arguments, place)
            }
            Value::External(name) => {
                let name = Rc::clone(name);
                if let Some(result) = self.call_builtin(&name, &arguments, place)? {
                    return Ok(result);
                }
                if name.as_ref() == "importlib.import_module"
                    && let Some(module) = self.import_module(&arguments, place)
                {
                    return Ok(module);
                }
                self.call_outside(callee.clone(), None, None, arguments, place)
            }
            // `PATTERN.sub(…)` of a `PATTERN = re.compile(…)`.
            Value::Term(term) if compiled_pattern(term).is_some() && term.name.as_ref() == "sub" => {
                let mut all = arguments;
                all.positional.splice(0..0, compiled_pattern(term));
                self.invoke(&Value::External(Rc::from("re.sub")), all, place)
            }
            Value::Term(term)
                if term.kind == TermKind::Attribute
                    && term.name.as_ref() == "isoformat"
                    && arguments.positional.is_empty()
                    && let Some(text) = moment(&term.callee) =>
            {
                Ok(Value::str(&text))
            }
            // `Base[int](…)` makes a `Base`.
            Value::Term(term)
                if term.kind == TermKind::Subscript && matches!(term.callee, Value::Class(_)) =>
            {
                self.invoke(&term.callee.clone(), arguments, place)
            }
            Value::Term(term) if term.kind == TermKind::Attribute => {
                let (receiver, method) = (term.callee.clone(), Rc::clone(&term.name));
                self.call_outside(callee.clone(), Some(receiver), Some(method), arguments, place)
            }
            Value::Term(term) if term.external() == Some("functools.partial") => {
                let mut all = term.arguments.clone();
                let Some(target) = (!all.positional.is_empty()).then(|| all.positional.remove(0)) else {
                    return Ok(Value::unknown("a partial of nothing", Some(place)));
                };
                all.keywords.retain(|(k, _)| arguments.keyword(k).is_none());
                all.positional.extend(arguments.positional);
                all.keywords.extend(arguments.keywords);
                all.open |= arguments.open;
                self.invoke(&target, all, place)
            }
            Value::Instance(instance) => match self.class_attribute(&instance.class, "__call__") {
                Some(Value::Function(function)) => {
                    self.invoke(&Value::Method(function, Box::new(callee.clone())), arguments, place)
                }
                _ => self.call_outside(callee.clone(), None, None, arguments, place),
            },
            Value::Import(_) => {
                let callee = self.settle(callee.clone());
                self.invoke(&callee, arguments, place)
            }
            _ => self.call_outside(callee.clone(), None, None, arguments, place),
        }
    }

    /// What a called function raises after something in it was guessed is not sure, and published code seldom
    /// raises: what it gives is unknown instead. So is what code of another file raises where nothing catches it:
    /// something that is not seen has set it up before.
    fn surely(
        &mut self,
        result: Evaluated<Value>,
        guesses: usize,
        of: FileId,
        place: Place,
    ) -> Evaluated<Value> {
        let start = self.frames.first().map(|frame| frame.place.file);
        let is_elsewhere = |raised: &Exception| of != place.file && Some(raised.place.file) != start;
        match result {
            Err(raised)
                if start.is_some()
                    && (self.trace.len() > guesses || (self.tries == 0 && is_elsewhere(&raised))) =>
            {
                let what = raised.message.as_deref().unwrap_or("an exception");
                let reason = format!("whether the call raises {what} cannot be told");
                Ok(Value::unknown(&reason, Some(place)))
            }
            other => other,
        }
    }

    pub(super) fn call_outside(
        &mut self,
        callee: Value,
        receiver: Option<Value>,
        method: Option<Rc<str>>,
        arguments: Arguments,
        place: Place,
    ) -> Evaluated<Value> {
        let call = Call { callee, receiver, method, arguments, place };
        match H::call(self, &call) {
            Outcome::Value(value) => Ok(value),
            Outcome::Raise(exception) => Err(Box::new(exception)),
            Outcome::Default => Ok(match &call.callee {
                Value::Unknown(unknown) => Value::Unknown(Rc::clone(unknown)),
                _ => self.term(TermKind::Call, call.callee, "", call.arguments, place),
            }),
        }
    }

    pub(super) fn define_function(&mut self, def: &ast::StmtFunctionDef, scope: &Scope) -> Evaluated<Value> {
        let place = place_of(scope.file, &def.name);
        let mut decorators = Vec::new();
        for decorator in &def.decorator_list {
            decorators.push(self.expression(&decorator.expression, scope)?);
        }
        let kept: Vec<Value> = decorators.iter().filter(|d| is_kept(d)).cloned().collect();
        let defaults = self.defaults(&def.parameters, scope)?;
        let function = Rc::new(Function {
            name: Rc::from(def.name.as_str()),
            place,
            decorators: kept,
            class: RefCell::new(None),
            code: FunctionCode {
                is_generator: yields(&def.body),
                body: Body::of(def, self.modules.get(&scope.file).and_then(|module| module.parsed.as_ref())),
                scope: Rc::clone(scope),
                defaults,
            },
        });
        let mut value = Value::Function(function);
        for decorator in decorators.iter().rev() {
            if is_kept(decorator) {
                continue;
            }
            match decorator {
                Value::Function(_) | Value::Method(..) | Value::Instance(_) | Value::Class(_) => {
                    let arguments = Arguments { positional: vec![value.clone()], ..Default::default() };
                    match self.invoke(decorator, arguments, place)? {
                        Value::Unknown(_) => self.transparent(decorator, place),
                        decorated => value = decorated,
                    }
                }
                // `functools.wraps(f)` and what is like it gives the function itself.
                other => self.transparent(other, place),
            }
        }
        Ok(value)
    }

    fn transparent(&mut self, decorator: &Value, place: Place) {
        let text = self.describe(decorator);
        if !text.starts_with("functools.") && !text.starts_with("typing.") {
            self.note(place, format!("the decorator `{text}` is taken to change nothing"));
        }
    }

    pub(super) fn defaults(
        &mut self,
        parameters: &ast::Parameters,
        scope: &Scope,
    ) -> Evaluated<Vec<(Rc<str>, Value)>> {
        let mut defaults = Vec::new();
        for parameter in parameters.iter_non_variadic_params() {
            if let Some(default) = &parameter.default {
                let value = self.expression(default, scope)?;
                defaults.push((Rc::from(parameter.parameter.name.as_str()), value));
            }
        }
        Ok(defaults)
    }

    pub(super) fn call_function(
        &mut self,
        function: &Rc<Function>,
        arguments: Arguments,
        place: Place,
        receiver: Option<Value>,
    ) -> Evaluated<Value> {
        if function.code.is_generator && function.code_waits() {
            return Ok(Value::Generator(Rc::clone(function), Rc::new(arguments)));
        }
        let Some(scope) = self.enter(function, &arguments, place, receiver) else {
            return Ok(Value::unknown("the calls nest too deep", Some(place)));
        };
        let result = self.run_body(function, &scope);
        let frame = self.leave_frame();
        let value = result?;
        match frame {
            Some(frame) if function.code.is_generator => Ok(Value::list(frame.yields)),
            _ => Ok(value),
        }
    }

    fn enter(
        &mut self,
        function: &Rc<Function>,
        arguments: &Arguments,
        place: Place,
        receiver: Option<Value>,
    ) -> Option<Scope> {
        if self.frames.len() >= self.limits.depth {
            self.tell_budget(place, "the calls nest too deep");
            return None;
        }
        let mut frame = Frame::new(place);
        frame.class = function.class.borrow().clone();
        frame.receiver = receiver;
        let file = function.code.scope.file;
        let scope = ScopeData::new(ScopeKind::Function, file, Some(Rc::clone(&function.code.scope)));
        if let Some(parameters) = function.code.parameters() {
            bind_parameters(&scope, parameters, &function.code.defaults, arguments, place);
        }
        self.frames.push(frame);
        Some(scope)
    }

    /// Runs a generator as a context manager: up to its `yield`, the waiting body, then the rest.
    pub(super) fn run_manager(
        &mut self,
        function: &Rc<Function>,
        arguments: &Rc<Arguments>,
        waiting: Waiting,
        place: Place,
    ) -> Evaluated<Flow> {
        let (with, item, outer) = (Rc::clone(&waiting.with), waiting.item, Rc::clone(&waiting.scope));
        let receiver = arguments.positional.first().cloned();
        let Some(scope) = self.enter(function, arguments, place, receiver) else {
            return self.with(&with, item + 1, &outer);
        };
        if let Some(frame) = self.frames.last_mut() {
            frame.waiting = Some(waiting);
        }
        let result = self.run_body(function, &scope);
        let frame = self.leave_frame();
        match frame.map(|f| (f.waiting, f.waited)) {
            Some((_, Some(waited))) => {
                // What the body raised and the manager swallowed is over.
                match (&result, waited) {
                    (Ok(_), Err(_)) => Ok(Flow::Next),
                    (Ok(_), flow) => flow,
                    (Err(_), _) => Err(result.err().unwrap_or_else(|| self.raised(Value::None, place))),
                }
            }
            // It never came to its `yield`; the body runs all the same rather than be lost.
            Some((Some(waiting), None)) => {
                result?;
                self.note(place, "the context manager was not followed to its yield".to_owned());
                self.with(&waiting.with, waiting.item + 1, &waiting.scope)
            }
            _ => result.map(|_| Flow::Next),
        }
    }

    /// Runs a generator to its end and returns what it yields.
    pub(super) fn exhaust(
        &mut self,
        function: &Rc<Function>,
        arguments: &Rc<Arguments>,
    ) -> Option<Vec<Value>> {
        let scope = self.enter(function, arguments, function.place, arguments.positional.first().cloned())?;
        let result = self.run_body(function, &scope);
        let frame = self.leave_frame()?;
        result.ok().map(|_| frame.yields)
    }

    pub(super) fn implicit_super(&mut self, scope: &Scope, place: Place) -> Value {
        let Some(frame) = self.frames.last() else { return Value::unknown("super outside", Some(place)) };
        let receiver = frame
            .receiver
            .clone()
            .or_else(|| scope.names.borrow().items().first().map(|(_, value, _)| value.clone()));
        match (frame.class.clone(), receiver) {
            (Some(class), Some(receiver)) => Value::Super(class, Box::new(receiver)),
            _ => Value::unknown("super of a class that cannot be told", Some(place)),
        }
    }

    /// Calls a function that stands in a class with the class as its first argument, as `declared_attr` does.
    ///
    /// # Errors
    /// What the function surely raises.
    pub fn call_on_class(&mut self, function: &Rc<Function>, class: &Rc<Class>) -> Evaluated<Value> {
        let receiver = Value::Class(Rc::clone(class));
        let arguments = Arguments { positional: vec![receiver.clone()], ..Default::default() };
        if self.frames.is_empty() {
            self.ticks = 0;
            self.exhausted = false;
        }
        self.call_function(function, arguments, function.place, Some(receiver))
    }

    /// Returns what the annotation behind `->` is worth; `None` when there is none.
    pub fn return_annotation(&mut self, function: &Rc<Function>) -> Option<Value> {
        let returns = function.code.body.def()?.returns.as_deref()?;
        let scope = Rc::clone(&function.code.scope);
        Some(self.annotation_expression(returns, &scope))
    }
}

impl Function {
    /// Returns where its whole text stands in its file.
    #[must_use]
    pub fn text_place(&self) -> Place {
        match &self.code.body {
            Body::Lambda(lambda) => place_of(self.place.file, lambda.as_ref()),
            other => other.def().map_or(self.place, |def| place_of(self.place.file, def)),
        }
    }

    /// Returns the function's parameters by name, in order, without the starred ones.
    #[must_use]
    pub fn parameter_names(&self) -> Vec<String> {
        self.code
            .parameters()
            .map(|p| p.iter_non_variadic_params().map(|p| p.parameter.name.to_string()).collect())
            .unwrap_or_default()
    }

    /// Says whether it carries a decorator whose dotted name ends so.
    #[must_use]
    pub fn has_decorator(&self, name: &str) -> bool {
        self.decorators
            .iter()
            .any(|d| decorator_name(d).is_some_and(|n| n == name || n.ends_with(&format!(".{name}"))))
    }

    fn code_waits(&self) -> bool {
        self.has_decorator("contextmanager") || self.has_decorator("asynccontextmanager")
    }
}

/// The pattern of a method of `re.compile(pattern)`.
fn compiled_pattern(method: &Term) -> Option<Value> {
    let Value::Term(made) = &method.callee else { return None };
    let is_plain = made.arguments.positional.len() == 1 && made.arguments.keywords.is_empty();
    (method.kind == TermKind::Attribute && made.external() == Some("re.compile") && is_plain)
        .then(|| made.arguments.positional[0].clone())
}

/// The dotted name of a decorator from outside.
fn decorator_name(value: &Value) -> Option<&str> {
    match value {
        Value::External(name) => Some(name),
        Value::Term(term) => term.external().or(match term.kind {
            TermKind::Attribute => Some(term.name.as_ref()),
            _ => None,
        }),
        _ => None,
    }
}

/// Decorators that are kept with the function rather than applied.
fn is_kept(value: &Value) -> bool {
    matches!(value, Value::External(_) | Value::Term(_))
        && !matches!(decorator_name(value), Some("functools.wraps"))
}

fn bind_parameters(
    scope: &Scope,
    parameters: &ast::Parameters,
    defaults: &[(Rc<str>, Value)],
    arguments: &Arguments,
    place: Place,
) {
    let mut names = scope.names.borrow_mut();
    let mut taken: Vec<&str> = Vec::new();
    let mut positional = arguments.positional.iter();
    let missing = |name: &str| {
        defaults
            .iter()
            .find(|(n, _)| n.as_ref() == name)
            .filter(|_| !arguments.open)
            .map(|(_, value)| value.clone())
            .unwrap_or_else(|| {
                Value::unknown(
                    &format!("the argument `{name}` is not given where it can be seen"),
                    Some(place),
                )
            })
    };
    for parameter in parameters.posonlyargs.iter().chain(&parameters.args) {
        let name = parameter.parameter.name.as_str();
        let value = match positional.next() {
            Some(value) => value.clone(),
            None => arguments.keyword(name).cloned().unwrap_or_else(|| missing(name)),
        };
        taken.push(name);
        names.bind(Rc::from(name), value, place);
    }
    if let Some(vararg) = &parameters.vararg {
        let rest: Vec<Value> = positional.cloned().collect();
        let value = if arguments.open {
            Value::unknown("arguments that cannot be told", Some(place))
        } else {
            Value::Tuple(rest.into())
        };
        names.bind(Rc::from(vararg.name.as_str()), value, place);
    }
    for parameter in &parameters.kwonlyargs {
        let name = parameter.parameter.name.as_str();
        taken.push(name);
        names.bind(Rc::from(name), arguments.keyword(name).cloned().unwrap_or_else(|| missing(name)), place);
    }
    if let Some(kwarg) = &parameters.kwarg {
        let rest: Vec<(Value, Value)> = arguments
            .keywords
            .iter()
            .filter(|(k, _)| !taken.contains(&k.as_ref()))
            .map(|(k, v)| (Value::Str(Rc::clone(k)), v.clone()))
            .collect();
        let value = if arguments.open {
            Value::unknown("arguments that cannot be told", Some(place))
        } else {
            Value::Dict(Rc::new(RefCell::new(rest)))
        };
        names.bind(Rc::from(kwarg.name.as_str()), value, place);
    }
}

/// `datetime(…).isoformat()` of a `datetime` or `date` made of whole numbers, in no time zone or in UTC.
pub(super) fn moment(value: &Value) -> Option<String> {
    let Value::Term(made) = value else { return None };
    let is_date = match made.external()? {
        "datetime.datetime" => false,
        "datetime.date" => true,
        _ => return None,
    };
    if made.kind != TermKind::Call || made.arguments.open {
        return None;
    }
    let names: &[&str] = &["year", "month", "day", "hour", "minute", "second", "microsecond"];
    let names = if is_date { &names[..3] } else { names };
    let mut zone = "";
    for (name, value) in &made.arguments.keywords {
        match (name.as_ref(), value) {
            ("tzinfo", Value::External(utc))
                if matches!(utc.as_ref(), "datetime.timezone.utc" | "datetime.UTC") =>
            {
                zone = "+00:00";
            }
            (name, Value::Int(_)) if names.contains(&name) => {}
            _ => return None,
        }
    }
    let mut parts = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        parts.push(match made.arguments.get(at, name) {
            Some(Value::Int(number)) => u32::try_from(*number).ok()?,
            None if at > 2 => 0,
            _ => return None,
        });
    }
    if made.arguments.positional.len() > parts.len() {
        return None;
    }
    let date = format!("{:04}-{:02}-{:02}", parts[0], parts[1], parts[2]);
    let [hour, minute, second, micro] = parts.get(3..)? else { return Some(date) };
    let fraction = if *micro == 0 { String::new() } else { format!(".{micro:06}") };
    Some(format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"))
}
