//! Statements.

use super::Evaluated;
use super::code::place_of;
use super::host::{Arguments, Host, Outcome, Place, UnsettledKind};
use super::run::Evaluator;
use super::scope::Scope;
use super::unsettled::Arm;
use super::value::{Exception, Value};
use ruff_python_ast::{self as ast, Expr, Stmt};
use std::rc::Rc;

/// How a block ends.
#[derive(Debug, Clone)]
pub(super) enum Flow {
    /// Goes on behind it.
    Next,
    Return(Value),
    Break,
    Continue,
}

/// The body of a `with` statement that waits for a generator to yield.
pub(super) struct Waiting {
    pub(super) with: Rc<ast::StmtWith>,
    pub(super) item: usize,
    pub(super) scope: Scope,
}

/// One `if`, `elif` or `else`.
type Clause<'c> = (Option<&'c Expr>, &'c [Stmt]);

impl<'a, H: Host> Evaluator<'a, H> {
    pub(super) fn block(&mut self, body: &[Stmt], scope: &Scope) -> Evaluated<Flow> {
        for stmt in body {
            match self.statement(stmt, scope) {
                Ok(Flow::Next) => {}
                Ok(flow) => return Ok(flow),
                Err(raised) if self.goes_on_after(stmt, scope) => self.pass_over(stmt, scope, &raised),
                Err(raised) => return Err(raised),
            }
        }
        Ok(Flow::Next)
    }

    fn goes_on_after(&self, stmt: &Stmt, scope: &Scope) -> bool {
        self.limits.goes_on
            && self.tries == 0
            && self.trials == 0
            && scope.kind != super::scope::ScopeKind::Function
            && !matches!(stmt, Stmt::Raise(_))
    }

    /// Binds what a statement that raises would bind to something unknown.
    fn pass_over(&mut self, stmt: &Stmt, scope: &Scope, raised: &Exception) {
        let what = raised.message.as_deref().unwrap_or("an exception").to_owned();
        let place = place_of(scope.file, stmt);
        let targets: Vec<(String, Place)> = match stmt {
            Stmt::Assign(s) => names_in(&s.targets, scope),
            Stmt::AnnAssign(s) => names_in(std::slice::from_ref(&s.target), scope),
            Stmt::ClassDef(s) => vec![(s.name.to_string(), place)],
            Stmt::FunctionDef(s) => vec![(s.name.to_string(), place)],
            _ => Vec::new(),
        };
        let reason = format!("what it stands for raises {what}");
        // An unknown name says why it is unknown where it is used.
        if targets.is_empty() {
            self.note(place, format!("the statement raises {what}"));
        }
        for (name, place) in targets {
            let unknown = Value::unknown(&reason, Some(place));
            self.bind(scope, &name, unknown, place);
        }
    }

    fn statement(&mut self, stmt: &Stmt, scope: &Scope) -> Evaluated<Flow> {
        let place = place_of(scope.file, stmt);
        if self.spent(place) {
            return Ok(Flow::Next);
        }
        stacker::maybe_grow(128 * 1024, 2 * 1024 * 1024, || self.statement_inner(stmt, scope, place))
    }

    fn statement_inner(&mut self, stmt: &Stmt, scope: &Scope, place: Place) -> Evaluated<Flow> {
        match stmt {
            Stmt::Expr(s) => {
                self.expression(&s.value, scope)?;
            }
            Stmt::Assign(s) => {
                let value = self.expression(&s.value, scope)?;
                for target in &s.targets {
                    self.assign(target, value.clone(), scope)?;
                }
            }
            Stmt::AnnAssign(s) => self.annotated(s, scope, place)?,
            Stmt::AugAssign(s) => {
                let left = self.expression(&s.target, scope)?;
                let right = self.expression(&s.value, scope)?;
                let value = self.augmented(&left, s.op, &right, place);
                self.assign(&s.target, value, scope)?;
            }
            Stmt::If(s) => {
                let clauses: Vec<Clause<'_>> = std::iter::once((Some(s.test.as_ref()), &s.body[..]))
                    .chain(s.elif_else_clauses.iter().map(|c| (c.test.as_ref(), &c.body[..])))
                    .collect();
                return self.clauses(&clauses, scope);
            }
            Stmt::For(s) => return self.for_loop(s, scope, place),
            Stmt::While(s) => return self.while_loop(s, scope, place),
            Stmt::With(s) => return self.with(s, 0, scope),
            Stmt::Try(s) => return self.try_statement(s, scope, place),
            Stmt::Return(s) => {
                let value = match &s.value {
                    Some(value) => self.expression(value, scope)?,
                    None => Value::None,
                };
                return Ok(Flow::Return(value));
            }
            Stmt::Raise(s) => {
                let value = match &s.exc {
                    Some(exc) => self.expression(exc, scope)?,
                    None => Value::External(Rc::from("builtins.Exception")),
                };
                return Err(self.raised(value, place));
            }
            Stmt::Assert(s) => {
                self.expression(&s.test, scope)?;
            }
            Stmt::FunctionDef(s) => {
                let function = self.define_function(s, scope)?;
                self.bind(scope, s.name.as_str(), function, place_of(scope.file, &s.name));
            }
            Stmt::ClassDef(s) => {
                let class = self.define_class(s, scope)?;
                self.bind(scope, s.name.as_str(), class, place_of(scope.file, &s.name));
            }
            Stmt::Import(s) => self.import(s, scope, place),
            Stmt::ImportFrom(s) => self.import_from(s, scope, place),
            Stmt::Global(s) => {
                scope.globals.borrow_mut().extend(s.names.iter().map(|n| Rc::from(n.as_str())));
            }
            Stmt::Nonlocal(s) => {
                scope.nonlocals.borrow_mut().extend(s.names.iter().map(|n| Rc::from(n.as_str())));
            }
            Stmt::Delete(s) => {
                for target in &s.targets {
                    self.delete(target, scope)?;
                }
            }
            Stmt::Match(s) => return self.match_statement(s, scope, place),
            Stmt::TypeAlias(s) => {
                let value = self.expression(&s.value, scope)?;
                self.assign(&s.name, value, scope)?;
            }
            Stmt::Break(_) => return Ok(Flow::Break),
            Stmt::Continue(_) => return Ok(Flow::Continue),
            Stmt::Pass(_) | Stmt::IpyEscapeCommand(_) => {}
        }
        Ok(Flow::Next)
    }

    pub(super) fn raised(&mut self, value: Value, place: Place) -> Box<Exception> {
        let message = match &value {
            Value::Term(term) => term.arguments.positional.first().and_then(Value::as_str).map(Rc::from),
            Value::Instance(instance) => {
                instance.arguments.positional.first().and_then(Value::as_str).map(Rc::from)
            }
            _ => None,
        };
        let message = message.unwrap_or_else(|| Rc::from(self.describe(&value)));
        Box::new(Exception { value, message: Some(message), place })
    }

    fn clauses(&mut self, clauses: &[Clause<'_>], scope: &Scope) -> Evaluated<Flow> {
        let Some(((test, body), rest)) = clauses.split_first() else { return Ok(Flow::Next) };
        let Some(test) = test else { return self.block(body, scope) };
        let value = self.expression(test, scope)?;
        match self.truth(&value) {
            Some(true) => self.block(body, scope),
            Some(false) => self.clauses(rest, scope),
            None => {
                let place = place_of(scope.file, *test);
                let reason = self.reason(&value);
                let mut then = |e: &mut Self| e.block(body, scope);
                let mut or_else = |e: &mut Self| e.clauses(rest, scope);
                let arms: &mut [Arm<'_, 'a, H>] = &mut [&mut then, &mut or_else];
                self.unsettled(UnsettledKind::Condition, place, reason, arms)
            }
        }
    }

    fn reason(&self, value: &Value) -> Rc<str> {
        match value {
            Value::Unknown(unknown) => Rc::clone(&unknown.reason),
            other => Rc::from(format!("`{}` cannot be told", self.describe(other))),
        }
    }

    fn for_loop(&mut self, s: &ast::StmtFor, scope: &Scope, place: Place) -> Evaluated<Flow> {
        let iterable = self.expression(&s.iter, scope)?;
        let Some(items) = self.items(&iterable) else {
            let reason = self.reason(&iterable);
            let unknown = Value::unknown("an item of something that cannot be told", Some(place));
            let mut once = |e: &mut Self| {
                e.assign(&s.target, unknown.clone(), scope)?;
                e.loop_body(&s.body, scope)
            };
            let mut never = |_: &mut Self| Ok(Flow::Next);
            let arms: &mut [Arm<'_, 'a, H>] = &mut [&mut once, &mut never];
            return Ok(match self.unsettled(UnsettledKind::Loop, place, reason, arms)? {
                Flow::Return(value) => Flow::Return(value),
                _ => self.block(&s.orelse, scope)?,
            });
        };
        for item in items {
            if self.spent(place) {
                break;
            }
            self.assign(&s.target, item, scope)?;
            match self.loop_body(&s.body, scope)? {
                Flow::Break => return Ok(Flow::Next),
                Flow::Return(value) => return Ok(Flow::Return(value)),
                Flow::Next | Flow::Continue => {}
            }
        }
        self.block(&s.orelse, scope)
    }

    /// One round; guards that an early `continue` left on end with it.
    fn loop_body(&mut self, body: &[Stmt], scope: &Scope) -> Evaluated<Flow> {
        let before = self.frames.last().map_or(0, |f| f.late_guards);
        let result = self.block(body, scope);
        // A guarded `break` or `return` reaches further than the round.
        if !matches!(result, Ok(Flow::Break | Flow::Return(_)))
            && let Some(frame) = self.frames.last_mut()
        {
            for _ in before..frame.late_guards {
                self.host.guard(None);
            }
            frame.late_guards = frame.late_guards.min(before);
        }
        result
    }

    fn while_loop(&mut self, s: &ast::StmtWhile, scope: &Scope, place: Place) -> Evaluated<Flow> {
        let mut idle = 0;
        for _ in 0..self.limits.rounds {
            if self.spent(place) {
                return Ok(Flow::Next);
            }
            let test = self.expression(&s.test, scope)?;
            match self.truth(&test) {
                Some(false) => return self.block(&s.orelse, scope),
                Some(true) => {
                    let mark = self.host.mark();
                    let decided = self.trace.len();
                    let flow = self.loop_body(&s.body, scope)?;
                    let ends_unseen = self.trace.len() > decided && is_endless(&test);
                    idle = if self.host.effects_since(&mark) == 0 { idle + 1 } else { 0 };
                    match flow {
                        Flow::Break => return Ok(Flow::Next),
                        Flow::Return(value) => return Ok(Flow::Return(value)),
                        // A loop that moves rows in batches ends when the database says so: one round shows
                        // all that it does.
                        _ if ends_unseen || idle >= 3 && is_endless(&test) => return Ok(Flow::Next),
                        Flow::Next | Flow::Continue => {}
                    }
                }
                None => {
                    let reason = self.reason(&test);
                    let mut once = |e: &mut Self| e.loop_body(&s.body, scope);
                    let mut never = |_: &mut Self| Ok(Flow::Next);
                    let arms: &mut [Arm<'_, 'a, H>] = &mut [&mut once, &mut never];
                    return Ok(match self.unsettled(UnsettledKind::Loop, place, reason, arms)? {
                        Flow::Return(value) => Flow::Return(value),
                        _ => Flow::Next,
                    });
                }
            }
        }
        Ok(Flow::Next)
    }

    pub(super) fn with(&mut self, s: &ast::StmtWith, item: usize, scope: &Scope) -> Evaluated<Flow> {
        let Some(with_item) = s.items.get(item) else { return self.block(&s.body, scope) };
        let place = place_of(scope.file, &with_item.context_expr);
        let manager = self.expression(&with_item.context_expr, scope)?;
        if let Value::Generator(function, arguments) = &manager {
            let waiting = Waiting { with: Rc::new(s.clone()), item, scope: Rc::clone(scope) };
            return self.run_manager(function, arguments, waiting, place);
        }
        let entered = match &manager {
            Value::Instance(instance) if self.class_attribute(&instance.class, "__enter__").is_some() => {
                let enter = self.attribute(&manager, "__enter__", place);
                match enter {
                    Some(enter) => self.invoke(&enter, Arguments::default(), place)?,
                    None => manager.clone(),
                }
            }
            _ => match H::context(self, &manager, true, place) {
                Outcome::Value(value) => value,
                Outcome::Default => manager.clone(),
                Outcome::Raise(exception) => return Err(Box::new(exception)),
            },
        };
        if let Some(target) = &with_item.optional_vars {
            self.assign(target, entered, scope)?;
        }
        let suppresses =
            matches!(&manager, Value::Term(term) if term.external() == Some("contextlib.suppress"));
        self.tries += usize::from(suppresses);
        let result = self.with(s, item + 1, scope);
        self.tries -= usize::from(suppresses);
        match &manager {
            Value::Instance(instance) if self.class_attribute(&instance.class, "__exit__").is_some() => {
                if let Some(exit) = self.attribute(&manager, "__exit__", place) {
                    let positional = vec![Value::None, Value::None, Value::None];
                    self.invoke(&exit, Arguments { positional, ..Default::default() }, place)?;
                }
            }
            Value::Term(term) if term.external() == Some("contextlib.suppress") => {
                if let Err(raised) = &result {
                    let kinds = term.arguments.positional.clone();
                    if kinds.iter().any(|kind| self.catches(kind, &raised.value) != Some(false)) {
                        return Ok(Flow::Next);
                    }
                }
            }
            _ => {
                if let Outcome::Raise(exception) = H::context(self, &manager, false, place)
                    && result.is_ok()
                {
                    return Err(Box::new(exception));
                }
            }
        }
        result
    }

    fn try_statement(&mut self, s: &ast::StmtTry, scope: &Scope, place: Place) -> Evaluated<Flow> {
        let guarded = usize::from(!s.handlers.is_empty());
        self.tries += guarded;
        let mut result = self.block(&s.body, scope);
        self.tries -= guarded;
        match &result {
            Ok(Flow::Next) => result = self.block(&s.orelse, scope),
            Ok(_) => {}
            Err(raised) => {
                let raised = raised.clone();
                if let Some(handler) = self.handler_for(s, &raised, scope) {
                    if let Some(name) = &handler.name {
                        self.bind(scope, name.as_str(), raised.value.clone(), place);
                    }
                    result = self.block(&handler.body, scope);
                }
            }
        }
        match self.block(&s.finalbody, scope)? {
            Flow::Next => result,
            flow => Ok(flow),
        }
    }

    fn handler_for<'s>(
        &mut self,
        s: &'s ast::StmtTry,
        raised: &Exception,
        scope: &Scope,
    ) -> Option<&'s ast::ExceptHandlerExceptHandler> {
        for ast::ExceptHandler::ExceptHandler(handler) in &s.handlers {
            let Some(kind) = &handler.type_ else { return Some(handler) };
            let Ok(kind) = self.expression(kind, scope) else { continue };
            let kinds = kind.sequence().unwrap_or_else(|| vec![kind.clone()]);
            if kinds.iter().any(|kind| self.catches(kind, &raised.value) != Some(false)) {
                return Some(handler);
            }
        }
        None
    }

    /// Says whether `except kind` catches a raised value.
    fn catches(&mut self, kind: &Value, raised: &Value) -> Option<bool> {
        let class = match raised {
            Value::Instance(instance) => Value::Class(Rc::clone(&instance.class)),
            Value::Term(term) => term.callee.clone(),
            other => other.clone(),
        };
        let names: Vec<String> = match &class {
            Value::Class(class) => {
                let mro = self.mro(class);
                if let Value::Class(kind) = kind {
                    return Some(mro.iter().any(|c| matches!(c, Value::Class(c) if Rc::ptr_eq(c, kind))));
                }
                mro.iter()
                    .filter_map(|c| if let Value::External(n) = c { Some(n.to_string()) } else { None })
                    .collect()
            }
            Value::External(name) => vec![name.to_string()],
            _ => return None,
        };
        let Value::External(kind) = kind else { return Some(false) };
        let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
        let kind = last(kind);
        if matches!(kind.as_str(), "Exception" | "BaseException") {
            return Some(true);
        }
        Some(names.iter().any(|name| {
            let name = last(name);
            name == kind
                || EXCEPTION_PARENTS
                    .iter()
                    .any(|(child, parents)| *child == name && parents.contains(&kind.as_str()))
        }))
    }

    fn match_statement(&mut self, s: &ast::StmtMatch, scope: &Scope, place: Place) -> Evaluated<Flow> {
        let subject = self.expression(&s.subject, scope)?;
        for case in &s.cases {
            let fits = self.pattern(&case.pattern, &subject, scope)?;
            let fits = match (fits, &case.guard) {
                (Some(true), Some(guard)) => {
                    let guard = self.expression(guard, scope)?;
                    self.truth(&guard)
                }
                (fits, _) => fits,
            };
            match fits {
                Some(true) => return self.block(&case.body, scope),
                Some(false) => {}
                None => {
                    let reason = self.reason(&subject);
                    let bodies: Vec<&[Stmt]> = s.cases.iter().map(|c| &c.body[..]).collect();
                    type Boxed<'b, E> = Box<dyn FnMut(&mut E) -> Evaluated<Flow> + 'b>;
                    let mut arms: Vec<Boxed<'_, Self>> = Vec::new();
                    for body in bodies {
                        arms.push(Box::new(move |e: &mut Self| e.block(body, scope)));
                    }
                    let mut arms: Vec<Arm<'_, 'a, H>> =
                        arms.iter_mut().map(|a| a.as_mut() as Arm<'_, 'a, H>).collect();
                    return self.unsettled(UnsettledKind::Condition, place, reason, &mut arms);
                }
            }
        }
        Ok(Flow::Next)
    }

    fn pattern(&mut self, pattern: &ast::Pattern, subject: &Value, scope: &Scope) -> Evaluated<Option<bool>> {
        Ok(match pattern {
            ast::Pattern::MatchValue(p) => {
                let value = self.expression(&p.value, scope)?;
                self.equal(subject, &value)
            }
            ast::Pattern::MatchSingleton(p) => match (p.value, subject) {
                (_, Value::Unknown(_)) => None,
                (ast::Singleton::None, value) => Some(value.is_none()),
                (ast::Singleton::True, value) => Some(value.as_bool() == Some(true)),
                (ast::Singleton::False, value) => Some(value.as_bool() == Some(false)),
            },
            ast::Pattern::MatchOr(p) => {
                let mut all = Some(false);
                for pattern in &p.patterns {
                    match self.pattern(pattern, subject, scope)? {
                        Some(true) => return Ok(Some(true)),
                        Some(false) => {}
                        None => all = None,
                    }
                }
                all
            }
            ast::Pattern::MatchAs(p) => {
                let fits = match &p.pattern {
                    Some(inner) => self.pattern(inner, subject, scope)?,
                    None => Some(true),
                };
                if let Some(name) = &p.name {
                    self.bind(scope, name.as_str(), subject.clone(), place_of(scope.file, name));
                }
                fits
            }
            _ => None,
        })
    }

    fn annotated(&mut self, s: &ast::StmtAnnAssign, scope: &Scope, place: Place) -> Evaluated<()> {
        if scope.kind == super::scope::ScopeKind::Class
            && let Expr::Name(name) = s.target.as_ref()
        {
            // Evaluated only for classes, where mappers read them; elsewhere Python's annotations have no effect.
            let annotation = self.annotation_expression(&s.annotation, scope);
            self.note_annotation(scope, name.id.as_str(), annotation, place);
        }
        if let Some(value) = &s.value {
            let value = self.expression(value, scope)?;
            self.assign(&s.target, value, scope)?;
        }
        Ok(())
    }

    pub(super) fn assign(&mut self, target: &Expr, value: Value, scope: &Scope) -> Evaluated<()> {
        let place = place_of(scope.file, target);
        match target {
            Expr::Name(name) => self.bind(scope, name.id.as_str(), value, place),
            Expr::Tuple(t) => self.unpack(&t.elts, &value, scope, place)?,
            Expr::List(t) => self.unpack(&t.elts, &value, scope, place)?,
            Expr::Starred(s) => self.assign(&s.value, value, scope)?,
            Expr::Attribute(a) => {
                let of = self.expression(&a.value, scope)?;
                self.set_attribute(&of, a.attr.as_str(), value, place);
            }
            Expr::Subscript(s) => {
                let of = self.expression(&s.value, scope)?;
                let key = self.expression(&s.slice, scope)?;
                self.set_item(&of, &key, value);
            }
            _ => {}
        }
        Ok(())
    }

    fn unpack(&mut self, targets: &[Expr], value: &Value, scope: &Scope, place: Place) -> Evaluated<()> {
        let items = self.items(value);
        let star = targets.iter().position(|t| matches!(t, Expr::Starred(_)));
        let unknown = Value::unknown("a part of something that cannot be told", Some(place));
        for (at, target) in targets.iter().enumerate() {
            let part = match (&items, star) {
                (None, _) => unknown.clone(),
                (Some(items), None) => items.get(at).cloned().unwrap_or_else(|| unknown.clone()),
                (Some(items), Some(star)) => {
                    let behind = targets.len() - star - 1;
                    if at < star {
                        items.get(at).cloned().unwrap_or_else(|| unknown.clone())
                    } else if at == star {
                        let end = items.len().saturating_sub(behind).max(star);
                        Value::list(items.get(star..end).unwrap_or_default().to_vec())
                    } else {
                        let from_end = targets.len() - at;
                        items
                            .len()
                            .checked_sub(from_end)
                            .and_then(|i| items.get(i))
                            .cloned()
                            .unwrap_or_else(|| unknown.clone())
                    }
                }
            };
            self.assign(target, part, scope)?;
        }
        Ok(())
    }

    fn delete(&mut self, target: &Expr, scope: &Scope) -> Evaluated<()> {
        match target {
            Expr::Name(name) if self.trials == 0 => {
                scope.names.borrow_mut().unbind(name.id.as_str());
            }
            Expr::Subscript(s) => {
                let of = self.expression(&s.value, scope)?;
                let key = self.expression(&s.slice, scope)?;
                self.delete_item(&of, &key);
            }
            Expr::Tuple(t) => {
                for target in &t.elts {
                    self.delete(target, scope)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The exception classes that migrations catch, with the classes they inherit from.
const EXCEPTION_PARENTS: &[(&str, &[&str])] = &[
    ("KeyError", &["LookupError"]),
    ("IndexError", &["LookupError"]),
    ("ModuleNotFoundError", &["ImportError"]),
    ("NotImplementedError", &["RuntimeError"]),
    ("OperationalError", &["SQLAlchemyError", "DBAPIError", "StatementError", "DatabaseError"]),
    ("ProgrammingError", &["SQLAlchemyError", "DBAPIError", "StatementError", "DatabaseError"]),
    ("InternalError", &["SQLAlchemyError", "DBAPIError", "StatementError", "DatabaseError"]),
    ("IntegrityError", &["SQLAlchemyError", "DBAPIError", "StatementError", "DatabaseError"]),
    ("DatabaseError", &["SQLAlchemyError", "DBAPIError", "StatementError"]),
    ("NoSuchTableError", &["SQLAlchemyError", "InvalidRequestError"]),
    ("CompileError", &["SQLAlchemyError"]),
];

/// The plain names among targets of an assignment.
fn names_in<E: std::borrow::Borrow<Expr>>(targets: &[E], scope: &Scope) -> Vec<(String, Place)> {
    let name = |target: &E| match target.borrow() {
        Expr::Name(name) => Some((name.id.to_string(), place_of(scope.file, name))),
        _ => None,
    };
    targets.iter().filter_map(name).collect()
}

/// `while True:`, which only its body ends.
fn is_endless(test: &Value) -> bool {
    matches!(test, Value::Bool(true) | Value::Int(1))
}
