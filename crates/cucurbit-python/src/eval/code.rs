//! Parsed files and the code that functions hold.

use crate::fold::span;
use crate::scan;
use cucurbit_text::Span;
use ruff_python_ast::{self as ast, Stmt};
use ruff_python_parser::parse_unchecked_source;
use ruff_text_size::Ranged;
use std::rc::Rc;
use std::sync::Arc;

use super::scope::Scope;
use super::value::Value;

/// A file, parsed with recovery; may be shared by threads.
#[derive(Debug)]
pub struct Parsed {
    text: Arc<str>,
    body: Vec<Stmt>,
    problem: Option<(String, Span)>,
}

impl Parsed {
    /// Parses a text. Never fails: what cannot be read is left out, and [`Parsed::problem`] says so.
    #[must_use]
    pub fn parse(text: Arc<str>) -> Self {
        let too_large = text.len() > scan::MAX_SOURCE_BYTES;
        if too_large || scan::nesting_bound(text.as_bytes()) > scan::MAX_NESTING {
            let why = if too_large { "the file is too long to be read" } else { "the file nests too deep" };
            return Parsed { text, body: Vec::new(), problem: Some((why.to_owned(), Span::new(0, 0))) };
        }
        let parsed = parse_unchecked_source(&text, ast::PySourceType::Python);
        Self::new(text, parsed)
    }

    /// Keeps the syntax of a text that was parsed.
    pub(crate) fn new(text: Arc<str>, parsed: ruff_python_parser::Parsed<ast::ModModule>) -> Self {
        let problem = parsed.errors().first().map(|e| (e.error.to_string(), span(e.location)));
        let module = parsed.into_syntax();
        Parsed { text, body: module.body.into_iter().collect(), problem }
    }

    /// Returns the text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the first syntax error and its place.
    #[must_use]
    pub fn problem(&self) -> Option<(&str, Span)> {
        self.problem.as_ref().map(|(message, span)| (message.as_str(), *span))
    }

    pub(super) fn body(&self) -> &[Stmt] {
        &self.body
    }

    /// Says whether a class, a function or an assignment at the top level gives that name a value.
    pub(super) fn defines(&self, name: &str) -> bool {
        let is_name = |target: &ast::Expr| matches!(target, ast::Expr::Name(n) if n.id.as_str() == name);
        self.text.contains(name)
            && self.body.iter().any(|statement| match statement {
                Stmt::ClassDef(class) => class.name.as_str() == name,
                Stmt::FunctionDef(def) => def.name.as_str() == name,
                Stmt::Assign(assign) => assign.targets.iter().any(is_name),
                Stmt::AnnAssign(assign) => assign.value.is_some() && is_name(&assign.target),
                _ => false,
            })
    }

    /// Returns the position of a function definition of this file that stands at the top level, or in a class there.
    fn position(&self, def: &ast::StmtFunctionDef) -> Option<Position> {
        let top = at(&self.body, def)?;
        let inner = match &self.body[top] {
            Stmt::ClassDef(class) => Some(at(&class.body, def)?),
            _ => None,
        };
        let position = Position { top, inner };
        std::ptr::eq(self.function(position)?, def).then_some(position)
    }

    fn function(&self, position: Position) -> Option<&ast::StmtFunctionDef> {
        let found = match (self.body.get(position.top)?, position.inner) {
            (Stmt::ClassDef(class), Some(inner)) => class.body.get(inner)?,
            (top, _) => top,
        };
        match found {
            Stmt::FunctionDef(def) => Some(def),
            _ => None,
        }
    }
}

/// Where a function definition stands in its file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    top: usize,
    inner: Option<usize>,
}

/// The last of some statements that does not begin behind a node.
fn at(body: &[Stmt], node: &impl Ranged) -> Option<usize> {
    body.partition_point(|stmt| stmt.start() <= node.start()).checked_sub(1)
}

/// What a function runs.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// A definition in its file, which most are.
    InFile(Arc<Parsed>, Position),
    /// A copy of any other.
    Def(Rc<ast::StmtFunctionDef>),
    Lambda(Rc<ast::ExprLambda>),
}

impl Body {
    /// The body of a definition that may stand in that file.
    pub(super) fn of(def: &ast::StmtFunctionDef, parsed: Option<&Arc<Parsed>>) -> Self {
        match parsed.and_then(|parsed| Some((parsed, parsed.position(def)?))) {
            Some((parsed, position)) => Body::InFile(Arc::clone(parsed), position),
            None => Body::Def(Rc::new(def.clone())),
        }
    }

    /// Returns the definition; `None` of a lambda.
    pub(super) fn def(&self) -> Option<&ast::StmtFunctionDef> {
        match self {
            Body::InFile(parsed, position) => parsed.function(*position),
            Body::Def(def) => Some(def),
            Body::Lambda(_) => None,
        }
    }
}

/// The code of a function with what it closes over.
pub(crate) struct FunctionCode {
    pub(super) body: Body,
    pub(super) scope: Scope,
    /// Defaults by parameter name, evaluated at definition.
    pub(super) defaults: Vec<(Rc<str>, Value)>,
    pub(super) is_generator: bool,
}

impl std::fmt::Debug for FunctionCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FunctionCode")
    }
}

impl FunctionCode {
    pub(super) fn parameters(&self) -> Option<&ast::Parameters> {
        match &self.body {
            Body::Lambda(lambda) => lambda.parameters.as_deref(),
            other => other.def().map(|def| def.parameters.as_ref()),
        }
    }
}

/// Says whether a body yields, not looking into functions and classes inside it.
pub(super) fn yields(body: &[Stmt]) -> bool {
    struct Finder(bool);
    impl<'a> ast::visitor::Visitor<'a> for Finder {
        fn visit_stmt(&mut self, stmt: &'a Stmt) {
            if !self.0 && !matches!(stmt, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) {
                ast::visitor::walk_stmt(self, stmt);
            }
        }
        fn visit_expr(&mut self, expr: &'a ast::Expr) {
            match expr {
                ast::Expr::Yield(_) | ast::Expr::YieldFrom(_) => self.0 = true,
                ast::Expr::Lambda(_) => {}
                _ => ast::visitor::walk_expr(self, expr),
            }
        }
    }
    let mut finder = Finder(false);
    for stmt in body {
        ast::visitor::Visitor::visit_stmt(&mut finder, stmt);
    }
    finder.0
}

/// The place of a node in a file.
pub(super) fn place_of(file: super::FileId, node: &impl Ranged) -> super::Place {
    super::Place { file, span: span(node.range()) }
}
