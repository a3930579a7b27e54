//! Follows Python code without running it: what functions would do, as far as their text tells.
//!
//! An [`Evaluator`] walks the statements of modules of the project and keeps values that are known, known in
//! part ([`Value::Term`]: a call of something outside the project, kept as it is) or unknown, with the reason.
//! What leaves the project goes to a [`Host`], which knows what those calls mean; the evaluator itself
//! knows Python only. Nothing is run, nothing is imported, and a budget bounds the work.

mod builtins;
mod calls;
mod classes;
mod code;
mod describe;
mod expressions;
mod format;
mod host;
mod imports;
mod methods;
mod operate;
mod pattern;
mod run;
mod scope;
mod statements;
mod statements_of;
mod unsettled;
mod value;

pub use code::Parsed;
pub use host::{
    Arguments, Branch, Call, Decision, FileId, Files, Found, Host, ModuleName, Outcome, Place, Unsettled,
    UnsettledKind,
};
pub use imports::ImportedName;
pub use run::{Evaluator, Limits, Note};
pub use statements_of::ImportStatement;
pub use value::{
    Class, Exception, Function, HostObject, Instance, Key, NativeMethod, Term, TermKind, UnknownValue, Value,
};

/// What evaluating gives: a value, or what is raised.
pub type Evaluated<T> = Result<T, Box<Exception>>;

#[cfg(test)]
mod tests;
