//! Turns a diagnosis into text for people or JSON for programs. Decides nothing.
//!
//! The same diagnosis gives the same bytes: no times, no absolute paths of files below the searched
//! folder, nothing that depends on threads. Names from the input are made harmless before they
//! reach a terminal.

mod chain;
mod json;
mod schema;
mod sources;
mod text;
mod verify;

pub use json::{JSON_SCHEMA_VERSION, json, json_schema};
pub use schema::{SCHEMA_JSON_VERSION, blame_json, diff_json, schema_json};
pub use sources::harmless;
pub use text::{TextOptions, text};
pub use verify::{VERIFY_JSON_VERSION, verify_json, verify_text};
