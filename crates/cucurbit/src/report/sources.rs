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

/// Some lines of a file with the spans in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) text: String,
    pub(super) first_line: usize,
    /// The spans inside the text, in the order asked for.
    pub(super) spans: Vec<std::ops::Range<usize>>,
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

    /// Returns the lines that hold the spans and the line before them; a span of many lines is cut
    /// to its first one. Nothing when a line is too long to be shown.
    pub(super) fn excerpt(&mut self, path: &Path, spans: &[Span]) -> Option<Excerpt> {
        let (source, lines) = self.load(path)?;
        let text = source.as_str();
        let places: Vec<(usize, usize)> =
            spans.iter().map(|span| (floor(text, span.start), floor(text, span.end))).collect();
        let first = places.iter().map(|place| place.0).min()?;
        let last = places.iter().map(|place| place.0).max()?;
        let (from, to) = (line_before(text, first), line_end(text, last));
        if text[from..to].split(['\n', '\r']).any(|line| line.len() > MAX_LINE) {
            return None;
        }
        let (shown, place_of) = plain_lines(&text[from..to]);
        let place = |at: usize| place_of(at.clamp(from, to) - from);
        let spans = places.iter().map(|&(start, end)| {
            let end = end.clamp(start, line_end(text, start));
            place(start)..place(end).max(place(start))
        });
        let first_line = lines.position(text, u32::try_from(from).ok()?).line as usize;
        Some(Excerpt { spans: spans.collect(), text: shown, first_line })
    }

    /// Returns the line number of an offset.
    pub(super) fn line(&mut self, path: &Path, offset: u32) -> Option<usize> {
        let (source, lines) = self.load(path)?;
        Some(lines.position(source.as_str(), offset).line as usize)
    }
}

fn floor(text: &str, offset: u32) -> usize {
    let mut offset = (offset as usize).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind(['\n', '\r']).map_or(0, |found| found + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find(['\n', '\r']).map_or(text.len(), |found| at + found)
}

/// Returns the start of the line before, if there is something on it.
fn line_before(text: &str, at: usize) -> usize {
    let start = line_start(text, at);
    let before = text[..start].strip_suffix('\n').or_else(|| text[..start].strip_suffix('\r')).unwrap_or("");
    let before = before.strip_suffix('\r').unwrap_or(before);
    let from = line_start(before, before.len());
    if start > 0 && !before[from..].trim().is_empty() && start - from <= MAX_LINE { from } else { start }
}

/// Makes the line ends of other systems plain and leaves out byte order marks, so that a renderer
/// sees the lines that there are; returns the text and what becomes of an offset.
fn plain_lines(text: &str) -> (String, impl Fn(usize) -> usize + use<>) {
    let mut shown = String::with_capacity(text.len());
    let mut removed: Vec<(usize, usize)> = Vec::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '\r' if characters.peek().is_some_and(|(_, next)| *next == '\n') => removed.push((at, 1)),
            '\r' => shown.push('\n'),
            '\u{feff}' => removed.push((at, c.len_utf8())),
            _ => shown.push(c),
        }
    }
    let place = move |offset: usize| {
        offset - removed.iter().take_while(|(at, _)| *at < offset).map(|(_, length)| length).sum::<usize>()
    };
    (shown, place)
}

/// Returns the text with control characters and direction marks written out, so that a name from
/// the input cannot drive a terminal.
#[must_use]
pub fn harmless(text: &str) -> String {
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
        Sources::default().excerpt(&path, &[Span::of(at, at + needle.len())]).expect("an excerpt")
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
            assert_eq!(&found.text[found.spans[0].clone()], "'x'", "{text:?}");
        }
    }

    #[test]
    fn names_cannot_drive_a_terminal() {
        assert_eq!(harmless("a\u{1b}[31mb\u{202e}c\td"), "a\\u{1b}[31mb\\u{202e}c\\td");
        assert_eq!(harmless("é日本"), "é日本");
    }
}
