//! What the evaluator asks of whoever uses it.

use super::Evaluator;
use super::value::{Exception, Value};
use cucurbit_text::Span;
use std::rc::Rc;
use std::sync::Arc;

/// A file of the project, by a number that [`Files`] gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A place in a file of the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// Where in its text.
    pub span: Span,
}

/// A module as an import statement names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModuleName {
    /// Number of leading dots.
    pub level: u32,
    /// The dotted path behind them; may be empty when there are dots.
    pub path: String,
}

/// What an import means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A module or a package (`__init__.py`) of the project.
    File(FileId),
    /// A folder without `__init__.py`: a namespace package. Names in it are modules of the project.
    Namespace,
    /// Not in the project.
    Outside,
}

/// The files that may be read.
pub trait Files {
    /// Returns the file that an import of `module` in the file `importer` means.
    fn find(&self, importer: FileId, module: &ModuleName) -> Found;

    /// Returns a file, parsed; `None` when it cannot be read.
    fn parsed(&self, file: FileId) -> Option<Arc<super::Parsed>>;

    /// Returns the dotted name of a module (`__name__`), as far as it is known.
    fn module_name(&self, file: FileId) -> String;

    /// Returns where a file lies; `None` when that is not known.
    fn path_of(&self, file: FileId) -> Option<std::path::PathBuf> {
        let _ = file;
        None
    }

    /// Returns the modules that lie in a namespace package, sorted by name; none when it is no such package.
    fn modules_in(&self, importer: FileId, module: &ModuleName) -> Vec<FileId> {
        let _ = (importer, module);
        Vec::new()
    }

    /// Returns the files of the project that a file imports, with what these import, the nearest first; none when that
    /// is not known.
    fn imported_by(&self, file: FileId) -> Vec<FileId> {
        let _ = file;
        Vec::new()
    }

    /// Returns the text of a file that is no module, such as SQL beside a migration; `None` when it is none of
    /// those that may be read.
    fn text_of(&self, path: &std::path::Path) -> Option<String> {
        let _ = path;
        None
    }
}

/// The arguments of a call.
#[derive(Debug, Clone, Default)]
pub struct Arguments {
    /// By position, `*known` spread out.
    pub positional: Vec<Value>,
    /// By name, in written order, `**known` spread out.
    pub keywords: Vec<(Rc<str>, Value)>,
    /// A `*` or `**` argument could not be told, so there may be more.
    pub open: bool,
}

impl Arguments {
    /// Returns the keyword argument of that name.
    #[must_use]
    pub fn keyword(&self, name: &str) -> Option<&Value> {
        self.keywords.iter().find(|(k, _)| k.as_ref() == name).map(|(_, v)| v)
    }

    /// Returns the argument that stands at that position or has that name.
    #[must_use]
    pub fn get(&self, position: usize, name: &str) -> Option<&Value> {
        self.positional.get(position).or_else(|| self.keyword(name))
    }
}

/// A call of something that the project does not define.
#[derive(Debug, Clone)]
pub struct Call {
    /// What is called: [`Value::External`] for a name from outside (`sqlalchemy.Column`), or the method of a
    /// term, of a host object or of an instance whose class inherits from outside (`receiver` is set then).
    pub callee: Value,
    /// What the method is called on.
    pub receiver: Option<Value>,
    /// The method's name, when `receiver` is set.
    pub method: Option<Rc<str>>,
    /// Its arguments.
    pub arguments: Arguments,
    /// Where the call stands.
    pub place: Place,
}

/// What a host makes of a call or of an attribute.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// This is what it gives.
    Value(Value),
    /// The host has no opinion: a call becomes a [`Value::Term`], an attribute of an external name an external
    /// name, anything else unknown.
    Default,
    /// It surely raises this.
    Raise(Exception),
}

/// What cannot be settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnsettledKind {
    /// The test of an `if`, of a conditional expression or of an `assert`.
    Condition,
    /// How often a loop runs: its iterable or its test is unknown.
    Loop,
    /// Whether the body of a `try` raises.
    Exception,
    /// Which function a call means.
    Callee,
    /// A function was left early because the budget or the depth limit was reached.
    Budget,
}

/// A place where it cannot be told which way the code goes.
#[derive(Debug, Clone)]
pub struct Unsettled {
    /// What cannot be settled.
    pub kind: UnsettledKind,
    /// Where.
    pub place: Place,
    /// Why.
    pub reason: Rc<str>,
    /// What the branches would do, where that was tried: then-branch first. Empty for other kinds.
    pub branches: Vec<Branch>,
}

/// What was seen when one branch was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Branch {
    /// How many effects the host counted.
    pub effects: usize,
    /// How many of them cannot be, as far as the host knows.
    pub misfits: usize,
    /// Whether it ends in `raise`.
    pub raises: bool,
    /// Whether it leaves the function, the loop round or the loop.
    pub leaves: bool,
}

/// Which way to go where it cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Take that branch as if it were known (0 is the then-branch, 1 the else-branch; for a loop, 0 runs the
    /// body once with unknown items and 1 not at all).
    Take(usize),
    /// Run every branch after each other; names that differ afterwards are unknown.
    All,
}

/// Knows what lies outside of the project.
///
/// Functions take the evaluator, whose field `host` is the host itself, so that a host can evaluate on.
pub trait Host: Sized {
    /// A remembered state of the host's own effects.
    type Mark;

    /// Calls something from outside.
    fn call(evaluator: &mut Evaluator<'_, Self>, call: &Call) -> Outcome;

    /// Returns an attribute of an external name, a term or a host object.
    fn attribute(evaluator: &mut Evaluator<'_, Self>, of: &Value, name: &str, place: Place) -> Outcome;

    /// Enters (`true`) or leaves (`false`) a `with` block on a value from outside; what entering gives is what
    /// `as` binds. The default outcome of entering is the value itself.
    fn context(evaluator: &mut Evaluator<'_, Self>, manager: &Value, enters: bool, place: Place) -> Outcome;

    /// Says whether a value from outside is true, or how it compares, where the host knows. `None`: unknown.
    fn truth(evaluator: &mut Evaluator<'_, Self>, value: &Value) -> Option<bool>;

    /// Returns the items of a value from outside, where the host knows them all. `None`: unknown.
    fn items(evaluator: &mut Evaluator<'_, Self>, value: &Value) -> Option<Vec<Value>>;

    /// Computes `left operator right` where one of them comes from outside (`operator` as Python writes it:
    /// `==`, `in`, `+`, `<`, …). `None`: unknown.
    fn operate(
        evaluator: &mut Evaluator<'_, Self>,
        left: &Value,
        operator: &str,
        right: &Value,
    ) -> Option<Value>;

    /// Is told of each class of the project when its statement has run.
    fn class_defined(evaluator: &mut Evaluator<'_, Self>, class: &Rc<super::Class>) {
        let _ = (evaluator, class);
    }

    /// Is told when an attribute of something from outside is assigned.
    fn assigned(evaluator: &mut Evaluator<'_, Self>, of: &Value, name: &str, value: &Value, place: Place) {
        let _ = (evaluator, of, name, value, place);
    }

    /// Remembers the state of effects, so that a branch can be tried.
    fn mark(&mut self) -> Self::Mark;

    /// Goes back to a remembered state.
    fn rewind(&mut self, mark: Self::Mark);

    /// Counts the effects since a mark.
    fn effects_since(&self, mark: &Self::Mark) -> usize;

    /// Counts those effects since a mark that cannot be.
    fn misfits_since(&self, mark: &Self::Mark) -> usize {
        let _ = mark;
        0
    }

    /// Tells whether the state of effects is certainly the one that was remembered.
    fn is_unchanged(&self, mark: &Self::Mark) -> bool {
        let _ = mark;
        false
    }

    /// Decides where it cannot be told which way the code goes. Branches were tried and undone before.
    fn decide(&mut self, unsettled: &Unsettled) -> Decision;

    /// Says that what follows happens only if an unsettled place went that way (`Some`), or no longer (`None`
    /// ends the innermost). An early exit under a guard leaves the guard on to the end of the function or loop round.
    fn guard(&mut self, unsettled: Option<&Unsettled>);
}
