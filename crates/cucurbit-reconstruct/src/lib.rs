//! Rolls a schema back through the migrations that survive, to find what a lost migration did.
//!
//! For each survivor, newest first, [`roll_back`] looks for the state before it: one from which following
//! `upgrade()` leads, without a misfit, to the state after it. Two places to start the search are tried: what
//! `downgrade()` gives, and the state after it as it is. Each misfit of the trial says what to change: an object that
//! is made and was there already was not there before; one that is missing must have been. So there is one
//! judge, the forward replay, and no inverse of its own for each operation.

mod copies;
mod elsewhere;
mod patch;
mod retyped;
mod search;

pub use copies::settle_copies;
pub use search::{
    Above, Assumption, Level, RolledBack, Survivor, Trial, differences, roll_back, run_forward, start_run,
};
