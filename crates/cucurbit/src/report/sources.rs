//! Source texts for excerpts and positions, read again when a report needs them.

use cucurbit_alembic::read_source;
use cucurbit_text::{LineIndex, Position, SourceText, Span};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A cache of the files that findings point into.
#[derive(Default)]
pub(super) struct Sources {
    files: HashMap<PathBuf, Option<(SourceText, LineIndex)>>,
}

/// Where a span stands, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: Position,
    pub(super) end: Position,
}

/// Some lines of a file around a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) text: String,
    pub(super) first_line: usize,
    /// The span inside the text.
    pub(super) span: std::ops::Range<usize>,
}

/// Lines longer than this are not shown.
const MAX_LINE: usize = 400;

impl Sources {
    fn load(&mut self, path: &Path) -> Option<&(SourceText, LineIndex)> {
        let entry = self.files.entry(path.to_path_buf()).or_insert_with(|| {
            let source = read_source(path).ok()?.text;
            let lines = LineIndex::new(source.as_str());
            Some((source, lines))
        });
        entry.as_ref()
    }

    pub(super) fn range(&mut self, path: &Path, span: Span) -> Option<Range> {
        let (source, lines) = self.load(path)?;
        let at = |offset| lines.position(source.as_str(), offset);
        Some(Range { start: at(span.start), end: at(span.end) })
    }

    /// Returns the lines of the span with one line around them; a span of many lines is cut to its
    /// first one.
    pub(super) fn excerpt(&mut self, path: &Path, span: Span) -> Option<Excerpt> {
        let (source, lines) = self.load(path)?;
        let text = source.as_str();
        let floor = |mut offset: usize| {
            offset = offset.min(text.len());
            while !text.is_char_boundary(offset) {
                offset -= 1;
            }
            offset
        };
        let (start, end) = (floor(span.start as usize), floor(span.end as usize));
        let line_start = text[..start].rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let line_end = text[start..].find(['\n', '\r']).map_or(text.len(), |at| start + at);
        if line_end - line_start > MAX_LINE {
            return None;
        }
        let before = text[..line_start].trim_end_matches(['\n', '\r']);
        let from = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let has_line_before =
            line_start > 0 && line_start - from <= MAX_LINE && !text[from..line_start].trim().is_empty();
        let from = if has_line_before { from } else { line_start };
        let first_line = lines.position(text, u32::try_from(from).ok()?).line as usize;
        // Line ends of other systems are made plain, so that the excerpt has the lines it should.
        let shown = text[from..line_end].replace("\r\n", "\n").replace('\r', "\n").replace('\u{feff}', "");
        let removed = (line_end - from) - shown.len();
        let begin = (start - from).saturating_sub(removed).min(shown.len());
        let finish = (end.clamp(start, line_end) - from).saturating_sub(removed).min(shown.len());
        Some(Excerpt { text: shown, first_line, span: begin..finish.max(begin) })
    }
}

/// Returns the text with control characters and direction marks written out, so that a name from
/// the input cannot drive a terminal.
pub(super) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let invisible = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if c.is_control() || invisible {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, needle: &str) -> Excerpt {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.py");
        std::fs::write(&path, text).expect("a file");
        let at = text.find(needle).expect("in the text");
        Sources::default().excerpt(&path, Span::of(at, at + needle.len())).expect("an excerpt")
    }

    #[test]
    fn the_span_still_covers_the_text_after_line_ends_change() {
        for text in [
            "a = 1\nb = 'x'\n",
            "a = 1\r\nb = 'x'\r\n",
            "a = 1\rb = 'x'\r",
            "\u{feff}b = 'x'",
            "\u{feff}a = 1\r\nb = 'x'",
        ] {
            let found = excerpt(text, "'x'");
            assert_eq!(&found.text[found.span.clone()], "'x'", "{text:?}");
        }
    }

    #[test]
    fn names_cannot_drive_a_terminal() {
        assert_eq!(harmless("a\u{1b}[31mb\u{202e}c\td"), "a\\u{1b}[31mb\\u{202e}c\\td");
        assert_eq!(harmless("é日本"), "é日本");
    }
}
