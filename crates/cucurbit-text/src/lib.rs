//! Source files as cucurbit sees them: decoded text, byte spans and line indexes.
//!
//! Offsets are bytes of the decoded text; lines and columns are made only for output. A file in
//! UTF-8 is its own decoded text, so its offsets are those of the file, a byte order mark
//! included. Nothing here knows Python beyond its rule for naming an encoding.
//!
//! ```
//! use cucurbit_text::{LineIndex, SourceText, Span};
//!
//! let source = SourceText::decode(b"revision = 'a1'\r\n".to_vec());
//! assert_eq!(source.slice(Span::new(0, 8)), "revision");
//! assert_eq!(LineIndex::new(source.as_str()).position(source.as_str(), 12).column, 13);
//! ```

mod encoding;
mod lines;
mod span;

pub use encoding::{DecodeProblem, Encoding, SourceText};
pub use lines::{LineIndex, Position};
pub use span::Span;
