//! Reads Alembic's own formats: configuration, version folders, revision files.
//!
//! Facts and problems come out, in a fixed order; nothing is judged, and nothing of what is read
//! is ever run. This is the only crate that walks folders.

pub mod config;
mod folder;
mod imports;
mod project;
mod revision;

pub use folder::{
    Entry, EntryKind, FolderOptions, Ignored, Listing, PassedOver, UnlistedFolder, bytecode_module,
    list_folders,
};
pub use project::{ParsedFiles, ProjectFiles, parse_file};
pub use revision::{
    DocLine, Docstring, Field, FileProblem, Presence, ReadSource, RevisionFacts, RevisionFile,
    RevisionSource, read_revision, read_revision_file, read_source, version_column_width,
};

pub use cucurbit_text::SourceText;
