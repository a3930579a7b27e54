//! The evaluator itself: its state, its budget, and loading modules.

use super::Evaluated;
use super::code::Parsed;
use super::host::{Arguments, Decision, FileId, Files, Host, Place, Unsettled, UnsettledKind};
use super::scope::{self, Scope, ScopeData, ScopeKind};
use super::value::{Class, Instance, Term, TermKind, Value};
use cucurbit_text::Span;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

/// What bounds the work.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How deep calls of functions of the project may nest.
    pub depth: usize,
    /// How many statements and expressions one call from outside may evaluate.
    pub ticks: u64,
    /// How often a loop with a known condition may go round.
    pub rounds: usize,
    /// A statement of a module or of a class that raises does not end it: what it would bind is unknown, and
    /// the next statement follows. Python itself would stop there.
    pub goes_on: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { depth: 30, ticks: 400_000, rounds: 10_000, goes_on: false }
    }
}

/// How many budgets of a call all modules together may use up.
const MODULE_BUDGETS: u64 = 50;

/// Something that a reader of the result should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub place: Place,
    /// What.
    pub text: String,
    /// Something was taken to be so that only a missing file would tell.
    pub is_supposed: bool,
}

/// What can be undone when a branch was only tried.
pub(super) enum Undo {
    Bind(Scope, Rc<str>, Option<(Value, Place)>),
    List(Rc<RefCell<Vec<Value>>>, Vec<Value>),
    Dict(Rc<RefCell<Vec<(Value, Value)>>>, Vec<(Value, Value)>),
    Instance(Rc<Instance>, Vec<(Rc<str>, Value)>),
    Class(Rc<Class>, Vec<(Rc<str>, Value, Place)>),
}

/// One call of a function of the project that is under way.
pub(super) struct Frame {
    pub(super) place: Place,
    /// Guards that stay on to the end of the function or loop round.
    pub(super) late_guards: usize,
    pub(super) yields: Vec<Value>,
    /// The body of the `with` statement that waits for this generator's `yield`.
    pub(super) waiting: Option<super::statements::Waiting>,
    pub(super) waited: Option<Evaluated<super::statements::Flow>>,
    pub(super) class: Option<Rc<Class>>,
    pub(super) receiver: Option<Value>,
}

pub(super) struct ModuleState {
    pub(super) scope: Scope,
    pub(super) parsed: Option<Arc<Parsed>>,
}

/// Follows code without running it.
pub struct Evaluator<'a, H: Host> {
    /// Knows what lies outside of the project.
    pub host: H,
    pub(super) files: &'a dyn Files,
    pub(super) limits: Limits,
    pub(super) modules: FxHashMap<FileId, ModuleState>,
    /// Folders without `__init__.py` that were imported, by their dotted names, and a file that did.
    pub(super) namespaces: FxHashMap<Rc<str>, FileId>,
    pub(super) frames: Vec<Frame>,
    pub(super) ticks: u64,
    /// What loading modules has cost so far.
    pub(super) module_ticks: u64,
    /// How many modules are being loaded, one for the other.
    pub(super) loading: usize,
    pub(super) exhausted: bool,
    pub(super) serial: u64,
    pub(super) notes: Vec<Note>,
    pub(super) trials: usize,
    /// How many `try` statements with handlers enclose what is evaluated.
    pub(super) tries: usize,
    pub(super) journal: Vec<Undo>,
    pub(super) trace: Vec<(Place, Decision)>,
    pub(super) script: VecDeque<(Place, Decision)>,
    /// Annotations of the class bodies under way, innermost last.
    pub(super) pending_annotations: Vec<(Rc<str>, Value, Place)>,
}

impl<'a, H: Host> Evaluator<'a, H> {
    /// Makes an evaluator that has read nothing yet.
    #[must_use]
    pub fn new(files: &'a dyn Files, host: H, limits: Limits) -> Self {
        Evaluator {
            host,
            files,
            limits,
            modules: FxHashMap::default(),
            namespaces: FxHashMap::default(),
            frames: Vec::new(),
            ticks: 0,
            module_ticks: 0,
            loading: 0,
            exhausted: false,
            serial: 0,
            notes: Vec::new(),
            trials: 0,
            tries: 0,
            journal: Vec::new(),
            trace: Vec::new(),
            script: VecDeque::new(),
            pending_annotations: Vec::new(),
        }
    }

    /// Returns where a file of the project lies, as far as that is known.
    #[must_use]
    pub fn path_of(&self, file: FileId) -> Option<std::path::PathBuf> {
        self.files.path_of(file)
    }

    /// Loads those files that a file imports whose text holds a word, but not the file itself, which may do more than
    /// define names (`env.py`). Reads all of them.
    pub fn load_all_with(&mut self, file: FileId, word: &str) {
        for file in self.files.imported_by(file) {
            if self.files.parsed(file).is_some_and(|parsed| parsed.text().contains(word)) {
                self.load(file);
            }
        }
    }

    /// Returns the text of a file that is no module, where it may be read.
    #[must_use]
    pub fn text_of(&self, path: &std::path::Path) -> Option<String> {
        self.files.text_of(path)
    }

    /// Runs a module's top level, once. Modules that import each other see what the other has bound so far, as
    /// in Python. What it raises becomes a note.
    pub fn load(&mut self, file: FileId) {
        if self.modules.contains_key(&file) {
            return;
        }
        let scope = ScopeData::new(ScopeKind::Module, file, None);
        let parsed = self.files.parsed(file);
        let start = Place { file, span: Span::new(0, 0) };
        let name = Value::str(&self.files.module_name(file));
        scope.names.borrow_mut().bind(Rc::from("__name__"), name, start);
        self.modules.insert(file, ModuleState { scope: Rc::clone(&scope), parsed: parsed.clone() });
        let Some(parsed) = parsed else { return };
        if let Some((message, span)) = parsed.problem() {
            self.note(Place { file, span }, format!("syntax error: {message}"));
        }
        // A module is loaded when a name of it is first used, which may be in a branch that is only
        // tried; what it binds stays all the same.
        let trials = std::mem::take(&mut self.trials);
        let journal = std::mem::take(&mut self.journal);
        let decisions = (std::mem::take(&mut self.trace), std::mem::take(&mut self.script));
        // A module has a budget of its own: what it costs is not paid by the call that first needs it.
        let outer_ticks = (self.ticks, self.exhausted);
        if self.module_ticks < self.limits.ticks.saturating_mul(MODULE_BUDGETS) {
            self.ticks = 0;
            self.exhausted = false;
        }
        self.frames.push(Frame::new(start));
        self.loading += 1;
        let result = self.block(parsed.body(), &scope);
        self.loading -= 1;
        self.leave_frame();
        self.module_ticks = self.module_ticks.saturating_add(self.ticks);
        (self.ticks, self.exhausted) = outer_ticks;
        self.trials = trials;
        self.journal = journal;
        (self.trace, self.script) = decisions;
        if let Err(raised) = result {
            let what = raised.message.as_deref().unwrap_or("an exception").to_owned();
            self.note(raised.place, format!("loading the module raises {what}"));
        }
    }

    /// Returns what a module binds a name to, loading it first.
    pub fn module_value(&mut self, file: FileId, name: &str) -> Option<Value> {
        self.load(file);
        let value = self.modules.get(&file)?.scope.own(name)?;
        Some(self.settle(value))
    }

    /// Returns the names that a loaded module binds, in the order of first binding.
    #[must_use]
    pub fn module_names(&self, file: FileId) -> Vec<(Rc<str>, Value, Place)> {
        self.modules.get(&file).map(|m| m.scope.names.borrow().items().to_vec()).unwrap_or_default()
    }

    /// Returns the text at a place.
    #[must_use]
    pub fn source(&self, place: Place) -> Option<String> {
        let parsed = match self.modules.get(&place.file) {
            Some(module) => module.parsed.clone()?,
            None => self.files.parsed(place.file)?,
        };
        parsed.text().get(place.span.start as usize..place.span.end as usize).map(str::to_owned)
    }

    /// Returns the places of the calls under way, outermost first.
    #[must_use]
    pub fn frames(&self) -> Vec<Place> {
        self.frames.iter().map(|f| f.place).collect()
    }

    /// Returns what a reader should know, in the order in which it was found.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Says whether an exception raised now would meet a handler of the project.
    #[must_use]
    pub fn is_caught(&self) -> bool {
        self.tries > 0
    }

    /// Takes the notes out.
    pub fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    pub(super) fn note(&mut self, place: Place, text: String) {
        self.add_note(Note { place, text, is_supposed: false });
    }

    /// Notes what is taken to be so though only a missing file would tell.
    pub(super) fn suppose(&mut self, place: Place, text: String) {
        self.add_note(Note { place, text, is_supposed: true });
    }

    fn add_note(&mut self, note: Note) {
        if self.notes.len() < 1_000 && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Calls a function or a class, as `callee(…)` would; the budget starts anew.
    ///
    /// # Errors
    /// What the call surely raises.
    pub fn call(&mut self, callee: &Value, arguments: Arguments, place: Place) -> Evaluated<Value> {
        if self.frames.is_empty() {
            self.ticks = 0;
            self.exhausted = false;
        }
        self.invoke(callee, arguments, place)
    }

    /// Makes a term.
    pub fn term(
        &mut self,
        kind: TermKind,
        callee: Value,
        name: &str,
        arguments: Arguments,
        place: Place,
    ) -> Value {
        self.serial += 1;
        let serial = self.serial;
        Value::Term(Rc::new(Term { kind, callee, name: Rc::from(name), arguments, place, serial }))
    }

    /// Counts one step; says whether the budget is spent.
    pub(super) fn spent(&mut self, place: Place) -> bool {
        self.ticks += 1;
        if self.ticks > self.limits.ticks && !self.exhausted {
            self.exhausted = true;
            self.tell_budget(place, "the work on this call became too much");
        }
        self.exhausted
    }

    pub(super) fn tell_budget(&mut self, place: Place, reason: &str) {
        self.note(place, reason.to_owned());
        // What a module leaves unbound is unknown where it is used.
        if self.loading > 0 {
            return;
        }
        let unsettled =
            Unsettled { kind: UnsettledKind::Budget, place, reason: Rc::from(reason), branches: Vec::new() };
        self.host.decide(&unsettled);
    }

    /// Ends a frame with the guards that were on to its end.
    pub(super) fn leave_frame(&mut self) -> Option<Frame> {
        let frame = self.frames.pop()?;
        for _ in 0..frame.late_guards {
            self.host.guard(None);
        }
        Some(frame)
    }

    pub(super) fn bind(&mut self, scope: &Scope, name: &str, value: Value, place: Place) {
        if self.trials > 0 {
            let old = scope
                .names
                .borrow()
                .items()
                .iter()
                .find(|i| i.0.as_ref() == name)
                .map(|i| (i.1.clone(), i.2));
            self.journal.push(Undo::Bind(Rc::clone(scope), Rc::from(name), old));
        }
        scope::bind(scope, name, value, place);
    }

    /// Remembers a list before it changes.
    pub(super) fn touch_list(&mut self, list: &Rc<RefCell<Vec<Value>>>) {
        if self.trials > 0 {
            self.journal.push(Undo::List(Rc::clone(list), list.borrow().clone()));
        }
    }

    /// Remembers a dictionary before it changes.
    pub(super) fn touch_dict(&mut self, dict: &Rc<RefCell<Vec<(Value, Value)>>>) {
        if self.trials > 0 {
            self.journal.push(Undo::Dict(Rc::clone(dict), dict.borrow().clone()));
        }
    }

    pub(super) fn touch_instance(&mut self, instance: &Rc<Instance>) {
        if self.trials > 0 {
            self.journal.push(Undo::Instance(Rc::clone(instance), instance.attributes.borrow().clone()));
        }
    }

    pub(super) fn touch_class(&mut self, class: &Rc<Class>) {
        if self.trials > 0 {
            self.journal.push(Undo::Class(Rc::clone(class), class.namespace.borrow().clone()));
        }
    }

    /// Undoes everything since a place of the journal.
    pub(super) fn undo_to(&mut self, length: usize) {
        while self.journal.len() > length {
            match self.journal.pop() {
                Some(Undo::Bind(scope, name, Some((value, place)))) => {
                    scope::bind(&scope, &name, value, place);
                }
                Some(Undo::Bind(scope, name, None)) => scope.names.borrow_mut().unbind(&name),
                Some(Undo::List(list, old)) => *list.borrow_mut() = old,
                Some(Undo::Dict(dict, old)) => *dict.borrow_mut() = old,
                Some(Undo::Instance(instance, old)) => *instance.attributes.borrow_mut() = old,
                Some(Undo::Class(class, old)) => *class.namespace.borrow_mut() = old,
                None => {}
            }
        }
    }
}

impl Frame {
    pub(super) fn new(place: Place) -> Self {
        Frame {
            place,
            late_guards: 0,
            yields: Vec::new(),
            waiting: None,
            waited: None,
            class: None,
            receiver: None,
        }
    }
}
