//! One module: what it binds at its top level, its docstring, its functions, and what is wrong.

use crate::eval::Parsed;
use crate::fold::{Names, dotted, fold, span};
use crate::value::{Unknown, Value};
use crate::{indentation, quick, salvage, scan};
use cucurbit_text::Span;
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_python_parser::parse_unchecked_source;
use ruff_text_size::Ranged;
use std::sync::Arc;

/// At most so many problems of one file are kept.
const MAX_PROBLEMS: usize = 50;

/// A string literal and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StringLiteral {
    /// The text, escapes resolved.
    pub value: String,
    /// The literal, quotes included.
    pub span: Span,
}

/// Something that gives a module-level name a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The name.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// What it is bound to; unknown when it is not a plain top-level assignment.
    pub value: Value,
    /// Where the value stands; the name's place when there is no value to point at.
    pub value_span: Span,
    /// Stands inside a block, so it may not run.
    pub conditional: bool,
    /// Is `del`, so the name is gone afterwards.
    pub deletes: bool,
}

/// A function defined at the top level, blocks included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// Stands inside a block, so it may not be defined.
    pub conditional: bool,
}

/// One of the lines that git leaves where it could not merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictMarker {
    /// `<<<<<<<`
    Ours(Span),
    /// `=======`
    Middle(Span),
    /// `>>>>>>>`
    Theirs(Span),
}

impl ConflictMarker {
    /// Returns where the line stands.
    #[must_use]
    pub fn span(self) -> Span {
        match self {
            ConflictMarker::Ours(span) | ConflictMarker::Middle(span) | ConflictMarker::Theirs(span) => span,
        }
    }
}

/// Why Python would not load the file, or why it was not read as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The text is not Python as far as the parser knows it.
    Syntax {
        /// What the parser says.
        message: String,
        /// Where.
        span: Span,
    },
    /// Tabs and spaces disagree; Python raises `TabError`.
    Tabs {
        /// The indentation that does not fit.
        span: Span,
    },
    /// A NUL byte, which Python refuses.
    Nul {
        /// Where.
        span: Span,
    },
    /// Nested so deep that neither Python nor we parse it.
    TooDeep,
    /// Longer than [`crate::MAX_SOURCE_BYTES`]; not parsed as a whole.
    TooLarge {
        /// How many bytes there were.
        bytes: usize,
    },
}

/// What a module-level name is bound to once the file has run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable<'a> {
    /// Nothing binds it.
    Absent,
    /// A plain assignment binds it, and all of the value is known.
    Known(&'a Binding),
    /// It cannot be told: why, and the binding that says so, if there is one.
    Unknown(Unknown, Option<&'a Binding>),
}

/// What can be seen of one module.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Module {
    /// The module's docstring.
    pub docstring: Option<StringLiteral>,
    /// Everything that binds a module-level name, in source order.
    pub bindings: Vec<Binding>,
    /// Functions of the top level, in source order.
    pub functions: Vec<Function>,
    /// Merge conflict markers, in source order.
    pub conflict_markers: Vec<ConflictMarker>,
    /// What keeps Python from loading it, in source order.
    pub problems: Vec<Problem>,
    /// Where a star import, `exec` or the like may bind any name, if anywhere.
    pub opaque_from: Option<u32>,
}

impl Module {
    /// Reads a module. Costs one pass and one parse; text over the limits of [`crate::MAX_NESTING`]
    /// and [`crate::MAX_SOURCE_BYTES`] is only looked through for assignments.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self::read_ordinary(text, None).unwrap_or_else(|| Self::read_whole(text))
    }

    /// Reads a module of which only some names are of interest; bindings of others may be left out. Returns its syntax
    /// too where that was needed, so that nobody parses it again.
    #[must_use]
    pub fn read_names(text: &Arc<str>, names: &'static [&'static str]) -> (Self, Option<Parsed>) {
        match Self::read_ordinary(text, Some(names)) {
            Some(module) => (module, None),
            None => Self::read_all(text),
        }
    }

    fn read_ordinary(text: &str, names: Option<&'static [&'static str]>) -> Option<Self> {
        scan::conflict_markers(text).is_empty().then(|| quick::read(text, names)).flatten()
    }

    /// Reads a module by parsing all of it; [`Module::read`] gives the same.
    #[doc(hidden)]
    #[must_use]
    pub fn read_whole(text: &str) -> Self {
        Self::read_all(&Arc::from(text)).0
    }

    fn read_all(text: &Arc<str>) -> (Self, Option<Parsed>) {
        let mut syntax = None;
        let mut module = Module { conflict_markers: scan::conflict_markers(text), ..Module::default() };
        let bound = if text.len() > scan::MAX_SOURCE_BYTES {
            module.problems.push(Problem::TooLarge { bytes: text.len() });
            usize::MAX
        } else {
            scan::nesting_bound(text.as_bytes())
        };
        if bound <= scan::MAX_NESTING {
            syntax = Some(module.parse(text));
        } else if module.problems.is_empty() {
            module.problems.push(Problem::TooDeep);
        }
        if let Some(at) = memchr::memchr(0, text.as_bytes()) {
            module.problems.insert(0, Problem::Nul { span: Span::of(at, at + 1) });
        }
        if !module.problems.is_empty() {
            module.distrust_damaged();
            salvage::add_missing_bindings(text, &mut module);
        }
        (module, syntax)
    }

    /// Returns what `name` is bound to after the module has run: the last binding wins, and what
    /// depends on a block, an import or a conflict cannot be told.
    #[must_use]
    pub fn variable(&self, name: &str) -> Variable<'_> {
        let Some(last) = self.bindings.iter().rfind(|b| b.name == name) else {
            return match self.opaque_from {
                Some(_) => Variable::Unknown(Unknown::MayBeBoundElsewhere, None),
                None => Variable::Absent,
            };
        };
        if let Some(conflict) = self.conflict_over(name) {
            return Variable::Unknown(conflict, Some(last));
        }
        if last.conditional {
            return Variable::Unknown(Unknown::Conditional, Some(last));
        }
        if self.opaque_from.is_some_and(|at| at > last.name_span.start) {
            return Variable::Unknown(Unknown::MayBeBoundElsewhere, Some(last));
        }
        if last.deletes {
            return Variable::Absent;
        }
        match last.value.unknown() {
            Some(why) => Variable::Unknown(why.clone(), Some(last)),
            None => Variable::Known(last),
        }
    }

    /// Returns the values that both sides of a conflict give, when they differ.
    fn conflict_over(&self, name: &str) -> Option<Unknown> {
        if self.conflict_markers.is_empty() {
            return None;
        }
        let named = self.bindings.iter().filter(|b| b.name == name);
        let sides: Vec<(&Binding, Option<ConflictSide>)> =
            named.map(|b| (b, self.side_of(b.name_span.start))).collect();
        let (last, Some(_)) = sides.last()? else { return None };
        let texts: Vec<String> =
            sides.iter().filter(|(_, side)| side.is_some()).map(|(b, _)| describe(&b.value)).collect();
        let differ = sides.iter().any(|(b, side)| side.is_some() && !same(&b.value, &last.value));
        differ.then_some(Unknown::Conflict(texts))
    }

    fn side_of(&self, offset: u32) -> Option<ConflictSide> {
        let mut side = None;
        for marker in &self.conflict_markers {
            if marker.span().start > offset {
                break;
            }
            side = match marker {
                ConflictMarker::Ours(_) => Some(ConflictSide::Ours),
                ConflictMarker::Middle(_) => Some(ConflictSide::Theirs),
                ConflictMarker::Theirs(_) => None,
            };
        }
        side
    }

    /// A value that a syntax error touches was recovered by guessing; keep what was seen of it,
    /// but not as known.
    fn distrust_damaged(&mut self) {
        let errors: Vec<Span> = self
            .problems
            .iter()
            .filter_map(|problem| match problem {
                Problem::Syntax { span, .. } => Some(*span),
                _ => None,
            })
            .collect();
        let markers: Vec<Span> = self.conflict_markers.iter().map(|m| m.span()).collect();
        for binding in &mut self.bindings {
            let value = binding.value_span;
            let hurt = errors
                .iter()
                .any(|error| error.overlaps(value) && !markers.iter().any(|marker| marker.touches(*error)));
            if hurt && binding.value.unknown().is_none() {
                binding.value = Value::Unknown(Unknown::Damaged(describe(&binding.value)));
            }
        }
    }

    fn parse(&mut self, text: &Arc<str>) -> Parsed {
        let parsed = parse_unchecked_source(text, ast::PySourceType::Python);
        for error in parsed.errors().iter().take(MAX_PROBLEMS) {
            self.problems
                .push(Problem::Syntax { message: error.error.to_string(), span: span(error.location) });
        }
        if self.problems.is_empty() {
            let tokens = parsed.tokens().iter().map(|token| (token.kind(), *token));
            if let Some(span) = indentation::first_inconsistency(text, tokens) {
                self.problems.push(Problem::Tabs { span });
            }
        }
        let body = &parsed.syntax().body;
        self.docstring = docstring(body);
        Collector { module: self, names: Names::default() }.statements(body);
        Parsed::new(Arc::clone(text), parsed)
    }

    /// Reads the statements of a piece of text, as far as they parse; spans count from its beginning.
    pub(crate) fn read_piece(text: &str) -> Module {
        let mut module = Module::default();
        if scan::nesting_bound(text.as_bytes()) <= scan::MAX_NESTING {
            module.parse(&Arc::from(text));
        }
        module.distrust_damaged();
        module
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ConflictSide {
    Ours,
    Theirs,
}

fn same(a: &Value, b: &Value) -> bool {
    describe(a) == describe(b)
}

fn describe(value: &Value) -> String {
    match value {
        Value::None => "None".to_owned(),
        Value::Bool(flag) => if *flag { "True" } else { "False" }.to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Str(text) => format!("'{text}'"),
        Value::Tuple(items) | Value::List(items) | Value::Set(items) => {
            let inner: Vec<String> = items.iter().map(|item| describe(&item.value)).collect();
            format!("({})", inner.join(", "))
        }
        Value::Unknown(Unknown::Damaged(text)) => text.clone(),
        Value::Unknown(_) => "a computed value".to_owned(),
    }
}

fn docstring(body: &[Stmt]) -> Option<StringLiteral> {
    let Stmt::Expr(first) = body.first()? else { return None };
    let Expr::StringLiteral(literal) = &*first.value else { return None };
    Some(StringLiteral { value: literal.value.to_str().to_owned(), span: span(literal.range()) })
}

/// Walks the statements of the top level and of its blocks.
struct Collector<'m> {
    module: &'m mut Module,
    names: Names,
}

impl Collector<'_> {
    /// Blocks are walked with a worklist: a block may be as deep as the file is long.
    fn statements<'a>(&mut self, body: &'a [Stmt]) {
        let mut work: Vec<(&'a Stmt, bool)> = body.iter().rev().map(|s| (s, false)).collect();
        while let Some((statement, conditional)) = work.pop() {
            let blocks = self.statement(statement, conditional);
            for block in blocks.into_iter().rev() {
                work.extend(block.iter().rev().map(|s| (s, true)));
            }
        }
    }

    fn statement<'a>(&mut self, statement: &'a Stmt, conditional: bool) -> Vec<&'a [Stmt]> {
        match statement {
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    self.assign(target, Some(&assign.value), conditional);
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.assign(&assign.target, Some(value), conditional);
                }
            }
            Stmt::AugAssign(assign) => self.assign_augmented(assign, conditional),
            Stmt::Delete(delete) => {
                for target in &delete.targets {
                    if let Expr::Name(name) = target {
                        self.bind_opaquely(name.id.as_str(), span(name.range()), conditional, true);
                    }
                }
            }
            Stmt::FunctionDef(function) => self.function(function, conditional),
            Stmt::ClassDef(class) => {
                self.bind_opaquely(class.name.as_str(), span(class.name.range()), conditional, false);
            }
            Stmt::Import(import) => self.import(import, conditional),
            Stmt::ImportFrom(import) => self.import_from(import, conditional),
            Stmt::Expr(expression) => self.expression(expression),
            _ => return self.block(statement, conditional),
        }
        Vec::new()
    }

    fn block<'a>(&mut self, statement: &'a Stmt, conditional: bool) -> Vec<&'a [Stmt]> {
        match statement {
            Stmt::If(block) => {
                let mut blocks = vec![block.body.as_slice()];
                blocks.extend(block.elif_else_clauses.iter().map(|clause| clause.body.as_slice()));
                blocks
            }
            Stmt::For(block) => {
                self.assign(&block.target, None, conditional);
                vec![&block.body, &block.orelse]
            }
            Stmt::While(block) => vec![&block.body, &block.orelse],
            Stmt::With(block) => {
                for item in &block.items {
                    if let Some(target) = &item.optional_vars {
                        self.assign(target, None, conditional);
                    }
                }
                vec![&block.body]
            }
            Stmt::Try(block) => {
                let mut blocks = vec![block.body.as_slice()];
                for ast::ExceptHandler::ExceptHandler(handler) in &block.handlers {
                    blocks.push(&handler.body);
                }
                blocks.push(&block.orelse);
                blocks.push(&block.finalbody);
                blocks
            }
            Stmt::Match(block) => block.cases.iter().map(|case| case.body.as_slice()).collect(),
            _ => Vec::new(),
        }
    }

    fn assign(&mut self, target: &Expr, value: Option<&Expr>, conditional: bool) {
        match target {
            Expr::Name(name) => {
                let name_span = span(name.range());
                let Some(value) = value else {
                    self.bind_opaquely(name.id.as_str(), name_span, conditional, false);
                    return;
                };
                let folded = fold(value, &self.names);
                self.bind(name.id.as_str(), name_span, folded, span(value.range()), conditional);
            }
            Expr::Tuple(tuple) => self.unpack(&tuple.elts, value, conditional),
            Expr::List(list) => self.unpack(&list.elts, value, conditional),
            Expr::Starred(starred) => self.assign(&starred.value, None, conditional),
            _ => {}
        }
    }

    /// `a, b = 'x', 'y'` binds each name to its own value; any other unpacking is not followed.
    fn unpack(&mut self, targets: &[Expr], value: Option<&Expr>, conditional: bool) {
        let values = match value {
            Some(Expr::Tuple(tuple)) => Some(&tuple.elts),
            Some(Expr::List(list)) => Some(&list.elts),
            _ => None,
        };
        let paired = values.filter(|values| {
            values.len() == targets.len()
                && !values.iter().chain(targets).any(|e| matches!(e, Expr::Starred(_)))
        });
        for (index, target) in targets.iter().enumerate() {
            // Nested targets are not followed: recursion here would be as deep as the file says.
            if let Expr::Name(_) = target {
                self.assign(target, paired.map(|values| &values[index]), conditional);
            } else if let Expr::Starred(starred) = target
                && let Expr::Name(_) = &*starred.value
            {
                self.assign(&starred.value, None, conditional);
            }
        }
    }

    fn assign_augmented(&mut self, assign: &ast::StmtAugAssign, conditional: bool) {
        let Expr::Name(name) = &*assign.target else { return };
        let sum = ast::ExprBinOp {
            left: Box::new((*assign.target).clone()),
            op: assign.op,
            right: assign.value.clone(),
            range: assign.range,
            node_index: ast::AtomicNodeIndex::default(),
        };
        let value = fold(&Expr::BinOp(sum), &self.names);
        self.bind(name.id.as_str(), span(name.range()), value, span(assign.value.range()), conditional);
    }

    fn bind(&mut self, name: &str, name_span: Span, value: Value, value_span: Span, conditional: bool) {
        let known = if conditional { Value::Unknown(Unknown::Name(name.to_owned())) } else { value.clone() };
        self.names.bind(name, known);
        let name = name.to_owned();
        self.module.bindings.push(Binding {
            name,
            name_span,
            value,
            value_span,
            conditional,
            deletes: false,
        });
    }

    fn bind_opaquely(&mut self, name: &str, name_span: Span, conditional: bool, deletes: bool) {
        let value = Value::Unknown(Unknown::NotAssigned);
        self.names.bind(name, value.clone());
        let name = name.to_owned();
        self.module.bindings.push(Binding {
            name,
            name_span,
            value,
            value_span: name_span,
            conditional,
            deletes,
        });
    }

    fn function(&mut self, function: &ast::StmtFunctionDef, conditional: bool) {
        let name_span = span(function.name.range());
        self.bind_opaquely(function.name.as_str(), name_span, conditional, false);
        let name = function.name.to_string();
        self.module.functions.push(Function { name, name_span, conditional });
    }

    fn import(&mut self, import: &ast::StmtImport, conditional: bool) {
        for alias in &import.names {
            let module = alias.name.to_string();
            let top = module.split('.').next().unwrap_or_default().to_owned();
            // `import a.b` binds `a`; `import a.b as c` binds the inner module.
            let (bound, named) = match &alias.asname {
                Some(name) => (name.to_string(), module.clone()),
                None => (top.clone(), top),
            };
            let value = Value::Unknown(Unknown::Imported { module: named, name: String::new() });
            self.bind(&bound, span(alias.range()), value, span(alias.range()), conditional);
        }
    }

    fn import_from(&mut self, import: &ast::StmtImportFrom, conditional: bool) {
        let dots = ".".repeat(import.level as usize);
        let module = format!("{dots}{}", import.module.as_ref().map(ToString::to_string).unwrap_or_default());
        for alias in &import.names {
            let name = alias.name.to_string();
            let bound = alias.asname.as_ref().map_or_else(|| name.clone(), ToString::to_string);
            if name == "*" {
                self.mark_opaque(span(import.range()));
            } else {
                let value = Value::Unknown(Unknown::Imported { module: module.clone(), name: name.clone() });
                self.bind(&bound, span(alias.range()), value, span(alias.range()), conditional);
            }
        }
    }

    /// Calls that may bind any name of the module.
    fn expression(&mut self, expression: &ast::StmtExpr) {
        let Expr::Call(call) = &*expression.value else { return };
        let name = dotted(&call.func).or_else(|| match &*call.func {
            Expr::Attribute(attribute) => match &*attribute.value {
                Expr::Call(inner) => dotted(&inner.func),
                _ => None,
            },
            _ => None,
        });
        if matches!(name.as_deref(), Some("exec" | "globals" | "locals" | "vars" | "setattr")) {
            self.mark_opaque(span(call.range()));
        }
    }

    fn mark_opaque(&mut self, at: Span) {
        let before = self.module.opaque_from.unwrap_or(0);
        self.module.opaque_from = Some(before.max(at.start));
    }
}
