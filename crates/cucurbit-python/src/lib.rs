//! Reads Python modules without running them.
//!
//! Reading never fails and never runs anything: a damaged file gives what can be seen of it and a
//! list of problems. The crate knows Python and nothing of what its modules are for. It is the
//! only one that names the Python parser.
//!
//! ```
//! use cucurbit_python::{Module, Value, Variable};
//!
//! let module = Module::read("BASE = 'a' 'b'\ndown_revision = (BASE, 'c')\n");
//! let Variable::Known(found) = module.variable("down_revision") else { panic!() };
//! assert_eq!(found.value.strings(), Some(vec!["ab", "c"]));
//! assert!(matches!(module.variable("revision"), Variable::Absent));
//! ```

pub mod eval;
mod fold;
mod indentation;
mod module;
mod quick;
mod salvage;
mod scan;
mod value;

pub use module::{Binding, ConflictMarker, Function, Module, Problem, StringLiteral, Variable};
pub use scan::{MAX_NESTING, MAX_SOURCE_BYTES};
pub use value::{Item, Unknown, Value};
