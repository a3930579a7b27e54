//! Expressions.

use super::Evaluated;
use super::code::{Body, FunctionCode, place_of};
use super::host::{Arguments, FileId, Host, Outcome, Place};
use super::run::Evaluator;
use super::scope::{self, Scope, ScopeData, ScopeKind};
use super::statements::Flow;
use super::value::{Function, TermKind, Value};
use ruff_python_ast::{self as ast, Expr};
use std::cell::RefCell;
use std::rc::Rc;

/// How many items a range, a repetition or a comprehension may give.
pub(super) const MAX_ITEMS: usize = 100_000;
/// How long a string may become.
pub(super) const MAX_TEXT: usize = 1 << 20;

impl<H: Host> Evaluator<'_, H> {
    pub(super) fn expression(&mut self, expr: &Expr, scope: &Scope) -> Evaluated<Value> {
        let place = place_of(scope.file, expr);
        if self.spent(place) {
            return Ok(Value::unknown("the budget is spent", Some(place)));
        }
        match expr {
            Expr::StringLiteral(e) => Ok(Value::str(e.value.to_str())),
            Expr::Name(e) => Ok(self.name(e.id.as_str(), scope, place)),
            Expr::NoneLiteral(_) => Ok(Value::None),
            Expr::BooleanLiteral(e) => Ok(Value::Bool(e.value)),
            _ => {
                stacker::maybe_grow(128 * 1024, 2 * 1024 * 1024, || self.expression_inner(expr, scope, place))
            }
        }
    }

    fn expression_inner(&mut self, expr: &Expr, scope: &Scope, place: Place) -> Evaluated<Value> {
        Ok(match expr {
            Expr::NumberLiteral(e) => match &e.value {
                ast::Number::Int(int) => match int.as_i64() {
                    Some(int) => Value::Int(int),
                    None => Value::unknown("a number beyond 64 bits", Some(place)),
                },
                ast::Number::Float(float) => Value::Float(*float),
                ast::Number::Complex { .. } => Value::unknown("a complex number", Some(place)),
            },
            Expr::BytesLiteral(e) => Value::Bytes(e.value.bytes().collect::<Vec<u8>>().into()),
            Expr::EllipsisLiteral(_) => Value::Ellipsis,
            Expr::Tuple(e) => match self.elements(&e.elts, scope)? {
                Some(items) => Value::Tuple(items.into()),
                None => Value::unknown("a tuple with an unknown part", Some(place)),
            },
            Expr::List(e) => match self.elements(&e.elts, scope)? {
                Some(items) => Value::list(items),
                None => Value::unknown("a list with an unknown part", Some(place)),
            },
            Expr::Set(e) => match self.elements(&e.elts, scope)? {
                Some(items) => self.set_of(items),
                None => Value::unknown("a set with an unknown part", Some(place)),
            },
            Expr::Dict(e) => self.dict(e, scope, place)?,
            Expr::Attribute(e) => {
                let of = self.expression(&e.value, scope)?;
                self.attribute_or_unknown(&of, e.attr.as_str(), place)?
            }
            Expr::Call(e) => self.call_expression(e, scope, place)?,
            Expr::Subscript(e) => {
                let of = self.expression(&e.value, scope)?;
                self.subscript(&of, &e.slice, scope, place)?
            }
            Expr::BinOp(e) => {
                let left = self.expression(&e.left, scope)?;
                let right = self.expression(&e.right, scope)?;
                self.binary(&left, e.op.as_str(), &right, place)
            }
            Expr::UnaryOp(e) => {
                let value = self.expression(&e.operand, scope)?;
                self.unary(e.op, &value, place)
            }
            Expr::BoolOp(e) => self.bool_operation(e, scope, place)?,
            Expr::Compare(e) => self.comparison(e, scope, place)?,
            Expr::If(e) => {
                let test = self.expression(&e.test, scope)?;
                match self.truth(&test) {
                    Some(true) => self.expression(&e.body, scope)?,
                    Some(false) => self.expression(&e.orelse, scope)?,
                    None => {
                        let a = self.expression(&e.body, scope)?;
                        let b = self.expression(&e.orelse, scope)?;
                        if self.equal(&a, &b) == Some(true) {
                            a
                        } else {
                            Value::unknown("it depends on a condition that cannot be told", Some(place))
                        }
                    }
                }
            }
            Expr::FString(e) => self.f_string(e, scope, place)?,
            Expr::Lambda(e) => self.lambda(e, scope, place)?,
            Expr::ListComp(e) => match self.comprehend(&e.elt, &e.generators, scope)? {
                Some(items) => Value::list(items),
                None => Value::unknown("a comprehension over something unknown", Some(place)),
            },
            Expr::SetComp(e) => match self.comprehend(&e.elt, &e.generators, scope)? {
                Some(items) => self.set_of(items),
                None => Value::unknown("a comprehension over something unknown", Some(place)),
            },
            Expr::Generator(e) => match self.comprehend(&e.elt, &e.generators, scope)? {
                Some(items) => Value::list(items),
                None => Value::unknown("a comprehension over something unknown", Some(place)),
            },
            Expr::DictComp(e) => self.dict_comprehension(e, scope, place)?,
            Expr::Named(e) => {
                let value = self.expression(&e.value, scope)?;
                self.assign(&e.target, value.clone(), scope)?;
                value
            }
            Expr::Await(e) => self.expression(&e.value, scope)?,
            Expr::Starred(e) => self.expression(&e.value, scope)?,
            Expr::Yield(e) => {
                let value = match &e.value {
                    Some(value) => self.expression(value, scope)?,
                    None => Value::None,
                };
                self.yielded(value)?
            }
            Expr::YieldFrom(e) => {
                let value = self.expression(&e.value, scope)?;
                match self.items(&value) {
                    Some(items) => {
                        for item in items {
                            self.yielded(item)?;
                        }
                        Value::None
                    }
                    None => Value::unknown("yields from something unknown", Some(place)),
                }
            }
            Expr::Slice(_) | Expr::TString(_) | Expr::IpyEscapeCommand(_) => {
                Value::unknown("an expression that is not followed", Some(place))
            }
            Expr::StringLiteral(_) | Expr::Name(_) | Expr::NoneLiteral(_) | Expr::BooleanLiteral(_) => {
                Value::unknown("not reached", Some(place))
            }
        })
    }

    /// A `yield`: runs the body of the `with` that waits for it, else keeps the value.
    fn yielded(&mut self, value: Value) -> Evaluated<Value> {
        let Some(frame) = self.frames.last_mut() else { return Ok(Value::None) };
        let Some(waiting) = frame.waiting.take() else {
            if frame.yields.len() < MAX_ITEMS {
                frame.yields.push(value);
            }
            return Ok(Value::None);
        };
        let item = &waiting.with.items[waiting.item];
        let bound = match &item.optional_vars {
            Some(target) => self.assign(target, value, &waiting.scope),
            None => Ok(()),
        };
        let result = match bound {
            Ok(()) => self.with(&waiting.with, waiting.item + 1, &waiting.scope),
            Err(raised) => Err(raised),
        };
        let raised = result.as_ref().err().cloned();
        if let Some(frame) = self.frames.last_mut() {
            frame.waited = Some(result);
        }
        match raised {
            Some(raised) => Err(raised),
            None => Ok(Value::None),
        }
    }

    pub(super) fn name(&mut self, name: &str, scope: &Scope, place: Place) -> Value {
        if let Some(value) = scope::lookup(scope, name) {
            return match value {
                Value::Import(_) => self.settle(value),
                value => value,
            };
        }
        if super::builtins::is_builtin(name) {
            return Value::External(Rc::from(format!("builtins.{name}")));
        }
        match name {
            "__file__" => {
                // Kept as it is: only a host may make something of it.
                let module = Value::Module(scope::module_scope(scope).file);
                self.term(TermKind::Attribute, module, "__file__", Arguments::default(), place)
            }
            "__doc__" | "__package__" => Value::unknown("depends on where the file is", Some(place)),
            "" => Value::unknown("a syntax error touches it", Some(place)),
            _ => {
                let module = scope::module_scope(scope).file;
                match self.missing_in_module(module, name, place) {
                    Value::Unknown(_) => {
                        Value::unknown(&format!("nothing binds the name `{name}`"), Some(place))
                    }
                    value => value,
                }
            }
        }
    }

    fn elements(&mut self, elements: &[Expr], scope: &Scope) -> Evaluated<Option<Vec<Value>>> {
        let mut items = Vec::with_capacity(elements.len());
        let mut known = true;
        for element in elements {
            if let Expr::Starred(starred) = element {
                let value = self.expression(&starred.value, scope)?;
                match self.items(&value) {
                    Some(inner) => items.extend(inner),
                    None => known = false,
                }
            } else {
                items.push(self.expression(element, scope)?);
            }
        }
        Ok(known.then_some(items))
    }

    fn dict(&mut self, e: &ast::ExprDict, scope: &Scope, place: Place) -> Evaluated<Value> {
        let dict = Rc::new(RefCell::new(Vec::with_capacity(e.items.len())));
        let mut known = true;
        for item in &e.items {
            let value = self.expression(&item.value, scope)?;
            match &item.key {
                Some(key) => {
                    let key = self.expression(key, scope)?;
                    self.dict_set(&dict, key, value);
                }
                None => match value {
                    Value::Dict(other) => {
                        let items = other.borrow().clone();
                        for (key, value) in items {
                            self.dict_set(&dict, key, value);
                        }
                    }
                    _ => known = false,
                },
            }
        }
        Ok(if known {
            Value::Dict(dict)
        } else {
            Value::unknown("a dictionary with an unknown part", Some(place))
        })
    }

    fn call_expression(&mut self, e: &ast::ExprCall, scope: &Scope, place: Place) -> Evaluated<Value> {
        if let Expr::Name(name) = e.func.as_ref()
            && name.id.as_str() == "super"
            && e.arguments.args.is_empty()
        {
            return Ok(self.implicit_super(scope, place));
        }
        let callee = self.expression(&e.func, scope)?;
        let arguments = self.arguments(&e.arguments, scope)?;
        if let Value::External(name) = &callee
            && matches!(name.as_ref(), "builtins.locals" | "builtins.globals" | "builtins.vars")
            && arguments.positional.is_empty()
        {
            let whole = self.module_dictionary(scope.file).filter(|_| name.as_ref() == "builtins.globals");
            return Ok(whole.unwrap_or_else(|| Value::unknown("all names of a scope", Some(place))));
        }
        // A name that a text gives is looked up as it would be where it stands.
        if let (Value::External(name), [Value::Str(text)]) = (&callee, arguments.positional.as_slice())
            && name.as_ref() == "builtins.eval"
            && is_name(text)
        {
            return Ok(self.name(text, scope, place));
        }
        self.invoke(&callee, arguments, place)
    }

    /// The names of a module as `globals()` gives them; what is put into it later does not reach the module.
    fn module_dictionary(&self, file: FileId) -> Option<Value> {
        let module = self.modules.get(&file).filter(|m| m.scope.stars.borrow().is_empty())?;
        let names = module.scope.names.borrow();
        let items = names.items().iter().map(|(name, value, _)| (Value::Str(Rc::clone(name)), value.clone()));
        Some(Value::Dict(Rc::new(RefCell::new(items.collect()))))
    }

    pub(super) fn arguments(&mut self, arguments: &ast::Arguments, scope: &Scope) -> Evaluated<Arguments> {
        let mut out = Arguments::default();
        for argument in &arguments.args {
            if let Expr::Starred(starred) = argument {
                let value = self.expression(&starred.value, scope)?;
                match self.items(&value) {
                    Some(items) => out.positional.extend(items),
                    None => out.open = true,
                }
            } else {
                out.positional.push(self.expression(argument, scope)?);
            }
        }
        for keyword in &arguments.keywords {
            let value = self.expression(&keyword.value, scope)?;
            match (&keyword.arg, value) {
                (Some(name), value) => out.keywords.push((Rc::from(name.as_str()), value)),
                (None, Value::Dict(dict)) => {
                    for (key, value) in dict.borrow().iter() {
                        match key.as_str() {
                            Some(key) => out.keywords.push((Rc::from(key), value.clone())),
                            None => out.open = true,
                        }
                    }
                }
                (None, _) => out.open = true,
            }
        }
        Ok(out)
    }

    fn subscript(&mut self, of: &Value, slice: &Expr, scope: &Scope, place: Place) -> Evaluated<Value> {
        if let Expr::Slice(slice) = slice {
            let mut bounds = [None, None, None];
            for (bound, part) in bounds.iter_mut().zip([&slice.lower, &slice.upper, &slice.step]) {
                if let Some(part) = part {
                    match self.expression(part, scope)? {
                        Value::Int(int) => *bound = Some(int),
                        Value::None => {}
                        _ => return Ok(Value::unknown("a slice with an unknown bound", Some(place))),
                    }
                }
            }
            return Ok(self.slice(of, bounds, place));
        }
        let key = self.expression(slice, scope)?;
        self.item(of, &key, place)
    }

    fn bool_operation(&mut self, e: &ast::ExprBoolOp, scope: &Scope, place: Place) -> Evaluated<Value> {
        let is_and = e.op == ast::BoolOp::And;
        let mut unknown: Option<Value> = None;
        let mut last = Value::None;
        for part in &e.values {
            let value = self.expression(part, scope)?;
            match self.truth(&value) {
                Some(truth) if truth != is_and => {
                    // It decides, unless something before it may have decided with another value.
                    return Ok(match unknown {
                        Some(_) if is_and => Value::Bool(false),
                        Some(_) => Value::Bool(true),
                        None => value,
                    });
                }
                Some(_) => last = value,
                None => unknown = Some(unknown.unwrap_or(value)),
            }
        }
        Ok(match unknown {
            Some(Value::Unknown(why)) => Value::Unknown(why),
            Some(other) if e.values.len() == 1 => other,
            Some(other) => {
                let text = self.describe(&other);
                Value::unknown(&format!("`{text}` cannot be told"), Some(place))
            }
            None => last,
        })
    }

    fn comparison(&mut self, e: &ast::ExprCompare, scope: &Scope, place: Place) -> Evaluated<Value> {
        let mut left = self.expression(&e.left, scope)?;
        let mut last = Value::Bool(true);
        let mut unknown = None;
        for (op, right) in e.ops.iter().zip(&e.comparators) {
            let right = self.expression(right, scope)?;
            last = self.compare(&left, op.as_str(), &right, place);
            match self.truth(&last) {
                Some(false) => return Ok(last),
                Some(true) => {}
                None => unknown = Some(last.clone()),
            }
            left = right;
        }
        Ok(unknown.unwrap_or(last))
    }

    fn lambda(&mut self, e: &ast::ExprLambda, scope: &Scope, place: Place) -> Evaluated<Value> {
        let defaults = match &e.parameters {
            Some(parameters) => self.defaults(parameters, scope)?,
            None => Vec::new(),
        };
        let code = FunctionCode {
            body: Body::Lambda(Rc::new(e.clone())),
            scope: Rc::clone(scope),
            defaults,
            is_generator: false,
        };
        Ok(Value::Function(Rc::new(Function {
            name: Rc::from("<lambda>"),
            place,
            decorators: Vec::new(),
            class: RefCell::new(None),
            code,
        })))
    }

    fn comprehend(
        &mut self,
        element: &Expr,
        generators: &[ast::Comprehension],
        scope: &Scope,
    ) -> Evaluated<Option<Vec<Value>>> {
        let mut out = Vec::new();
        let inner = ScopeData::new(ScopeKind::Function, scope.file, Some(Rc::clone(scope)));
        let mut each = |e: &mut Self, scope: &Scope| {
            let value = e.expression(element, scope)?;
            if out.len() < MAX_ITEMS {
                out.push(value);
            }
            Ok(())
        };
        let known = self.rounds(generators, &inner, &mut each)?;
        Ok(known.then_some(out))
    }

    fn dict_comprehension(&mut self, e: &ast::ExprDictComp, scope: &Scope, place: Place) -> Evaluated<Value> {
        let dict = Rc::new(RefCell::new(Vec::new()));
        let inner = ScopeData::new(ScopeKind::Function, scope.file, Some(Rc::clone(scope)));
        let Some(key) = &e.key else { return Ok(Value::unknown("an unpacking comprehension", Some(place))) };
        let mut each = |ev: &mut Self, scope: &Scope| {
            let key = ev.expression(key, scope)?;
            let value = ev.expression(&e.value, scope)?;
            ev.dict_set(&dict, key, value);
            Ok(())
        };
        let known = self.rounds(&e.generators, &inner, &mut each)?;
        Ok(if known {
            Value::Dict(dict)
        } else {
            Value::unknown("a comprehension over something unknown", Some(place))
        })
    }

    /// Runs `each` for every round; says whether all rounds were known.
    fn rounds(
        &mut self,
        generators: &[ast::Comprehension],
        scope: &Scope,
        each: &mut dyn FnMut(&mut Self, &Scope) -> Evaluated<()>,
    ) -> Evaluated<bool> {
        let Some((first, rest)) = generators.split_first() else {
            each(self, scope)?;
            return Ok(true);
        };
        let iterable = self.expression(&first.iter, scope)?;
        let place = place_of(scope.file, &first.iter);
        let Some(items) = self.items(&iterable) else { return Ok(false) };
        let mut known = true;
        'items: for item in items {
            if self.spent(place) {
                return Ok(false);
            }
            self.assign(&first.target, item, scope)?;
            for test in &first.ifs {
                let test = self.expression(test, scope)?;
                match self.truth(&test) {
                    Some(true) => {}
                    Some(false) => continue 'items,
                    None => {
                        known = false;
                        continue 'items;
                    }
                }
            }
            known &= self.rounds(rest, scope, each)?;
        }
        Ok(known)
    }

    fn f_string(&mut self, e: &ast::ExprFString, scope: &Scope, place: Place) -> Evaluated<Value> {
        let mut text = String::new();
        let mut unknown = None;
        for part in &e.value {
            match part {
                ast::FStringPart::Literal(literal) => text.push_str(&literal.value),
                ast::FStringPart::FString(f) => {
                    self.f_elements(&f.elements, scope, &mut text, &mut unknown)?;
                }
            }
        }
        Ok(match unknown {
            None if text.len() <= MAX_TEXT => Value::Str(Rc::from(text)),
            None => Value::unknown("a string that became too long", Some(place)),
            Some(reason) => self.partial_text(&text, &reason, place),
        })
    }

    /// A string of which parts are unknown: the reason, with the visible text as a note for the host.
    pub(super) fn partial_text(&mut self, text: &str, reason: &str, place: Place) -> Value {
        Value::Unknown(Rc::new(super::UnknownValue {
            reason: Rc::from(reason),
            place: Some(place),
            note: Some(Rc::from(text)),
            is_code: false,
        }))
    }

    fn f_elements(
        &mut self,
        elements: &ast::InterpolatedStringElements,
        scope: &Scope,
        text: &mut String,
        unknown: &mut Option<String>,
    ) -> Evaluated<()> {
        for element in elements {
            match element {
                ast::InterpolatedStringElement::Literal(literal) => text.push_str(&literal.value),
                ast::InterpolatedStringElement::Interpolation(hole) => {
                    let value = self.expression(&hole.expression, scope)?;
                    let mut spec = String::new();
                    if let Some(format) = &hole.format_spec {
                        self.f_elements(&format.elements, scope, &mut spec, unknown)?;
                    }
                    let formatted = match hole.conversion {
                        ast::ConversionFlag::Repr | ast::ConversionFlag::Ascii => self.repr(&value),
                        _ => self.formatted(&value, &spec),
                    };
                    match formatted {
                        Some(part) => text.push_str(&part),
                        None => {
                            text.push('\u{fffd}');
                            let why = self.describe(&value);
                            unknown.get_or_insert(format!("the part `{why}` of a string cannot be told"));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn annotation_expression(&mut self, expr: &Expr, scope: &Scope) -> Value {
        // Annotations may name what is not bound yet; they never stop the module.
        self.expression(expr, scope).unwrap_or_else(|_| Value::unknown("the annotation raises", None))
    }

    /// Evaluates an annotation that is written as a string, in the module of `file`.
    pub fn annotation(&mut self, file: FileId, value: &Value, place: Place) -> Value {
        let Some(text) = value.as_str() else { return value.clone() };
        let Ok(parsed) = ruff_python_parser::parse_expression(text) else {
            return Value::unknown("an annotation that is no expression", Some(place));
        };
        let Some(scope) = self.modules.get(&file).map(|m| Rc::clone(&m.scope)) else {
            return Value::unknown("an annotation of a module that was not read", Some(place));
        };
        let expr = parsed.into_expr();
        match self.expression(&expr, &scope) {
            Ok(value) => value,
            Err(_) => Value::unknown("the annotation raises", Some(place)),
        }
    }

    pub(super) fn attribute_or_unknown(&mut self, of: &Value, name: &str, place: Place) -> Evaluated<Value> {
        match self.attribute_outcome(of, name, place) {
            Outcome::Value(value) => Ok(value),
            Outcome::Raise(exception) => Err(Box::new(exception)),
            Outcome::Default => {
                let text = self.describe(of);
                Ok(Value::unknown(&format!("the attribute `{name}` of `{text}` cannot be told"), Some(place)))
            }
        }
    }

    /// Runs the code of a function whose arguments are bound in `scope`.
    pub(super) fn run_body(&mut self, function: &Function, scope: &Scope) -> Evaluated<Value> {
        match &function.code.body {
            Body::Lambda(lambda) => self.expression(&lambda.body, scope),
            other => match self.block(other.def().map_or(&[][..], |def| &def.body), scope)? {
                Flow::Return(value) => Ok(value),
                _ => Ok(Value::None),
            },
        }
    }

    /// Makes a term of an operation.
    pub(super) fn operation(&mut self, operator: &str, operands: Vec<Value>, place: Place) -> Value {
        let arguments = Arguments { positional: operands, ..Default::default() };
        self.term(TermKind::Operation, Value::None, operator, arguments, place)
    }
}

fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.starts_with(|c: char| c.is_alphabetic() || c == '_') && text.chars().all(is_part)
}
