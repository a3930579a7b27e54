//! Names and what they are bound to.

use super::host::{FileId, Place};
use super::value::Value;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::rc::Rc;

/// Names in the order of first binding.
#[derive(Default, Clone)]
pub(super) struct Names {
    items: Vec<(Rc<str>, Value, Place)>,
    index: FxHashMap<Rc<str>, usize>,
}

impl Names {
    pub(super) fn find(&self, name: &str) -> Option<&Value> {
        self.index.get(name).map(|at| &self.items[*at].1)
    }

    pub(super) fn bind(&mut self, name: Rc<str>, value: Value, place: Place) {
        match self.index.get(&name) {
            Some(at) => {
                self.items[*at].1 = value;
                self.items[*at].2 = place;
            }
            None => {
                self.index.insert(Rc::clone(&name), self.items.len());
                self.items.push((name, value, place));
            }
        }
    }

    pub(super) fn unbind(&mut self, name: &str) {
        if let Some(at) = self.index.remove(name) {
            self.items.remove(at);
            // Mostly the last one goes, and nothing moves.
            if at == self.items.len() {
                return;
            }
            for place in self.index.values_mut() {
                if *place > at {
                    *place -= 1;
                }
            }
        }
    }

    pub(super) fn items(&self) -> &[(Rc<str>, Value, Place)] {
        &self.items
    }
}

/// What kind of block a scope belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScopeKind {
    Module,
    Function,
    Class,
}

pub(super) struct ScopeData {
    pub(super) kind: ScopeKind,
    pub(super) file: FileId,
    pub(super) parent: Option<Scope>,
    pub(super) names: RefCell<Names>,
    /// Names declared `global` and `nonlocal`.
    pub(super) globals: RefCell<FxHashSet<Rc<str>>>,
    pub(super) nonlocals: RefCell<FxHashSet<Rc<str>>>,
    /// Modules outside of the project that a star import took names from.
    pub(super) stars: RefCell<Vec<Rc<str>>>,
}

/// A scope, shared by the functions that close over it.
pub(crate) type Scope = Rc<ScopeData>;

impl ScopeData {
    pub(super) fn new(kind: ScopeKind, file: FileId, parent: Option<Scope>) -> Scope {
        Rc::new(ScopeData {
            kind,
            file,
            parent,
            names: RefCell::default(),
            globals: RefCell::default(),
            nonlocals: RefCell::default(),
            stars: RefCell::default(),
        })
    }

    pub(super) fn own(&self, name: &str) -> Option<Value> {
        self.names.borrow().find(name).cloned()
    }
}

/// Returns the module's scope above a scope.
pub(super) fn module_scope(scope: &Scope) -> Scope {
    let mut at = Rc::clone(scope);
    while let Some(parent) = &at.parent {
        let parent = Rc::clone(parent);
        at = parent;
    }
    at
}

/// Binds a name as an assignment in that scope does.
pub(super) fn bind(scope: &Scope, name: &str, value: Value, place: Place) {
    let name: Rc<str> = Rc::from(name);
    if scope.globals.borrow().contains(&name) {
        module_scope(scope).names.borrow_mut().bind(name, value, place);
        return;
    }
    if scope.nonlocals.borrow().contains(&name) {
        let mut at = scope.parent.clone();
        while let Some(outer) = at {
            if outer.kind == ScopeKind::Function && outer.names.borrow().find(&name).is_some() {
                outer.names.borrow_mut().bind(name, value, place);
                return;
            }
            at = outer.parent.clone();
        }
    }
    scope.names.borrow_mut().bind(name, value, place);
}

/// Looks a name up: its own scope, enclosing functions, the module. Class bodies are seen only from
/// themselves.
pub(super) fn lookup(scope: &Scope, name: &str) -> Option<Value> {
    if !scope.globals.borrow().is_empty() && scope.globals.borrow().contains(name) {
        return module_scope(scope).own(name);
    }
    if let Some(value) = scope.own(name) {
        return Some(value);
    }
    let mut at = scope.parent.as_ref();
    while let Some(outer) = at {
        if outer.kind != ScopeKind::Class
            && let Some(value) = outer.own(name)
        {
            return Some(value);
        }
        at = outer.parent.as_ref();
    }
    None
}
