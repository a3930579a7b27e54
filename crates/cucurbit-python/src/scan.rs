//! A cheap pass over the bytes of a file, before anything is parsed.
//!
//! It bounds how deep the syntax tree can become and finds merge conflict markers. It does not
//! judge whether the text is Python.

use crate::module::ConflictMarker;
use cucurbit_text::Span;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Sources longer than this are not parsed as a whole; their identifiers are still looked for.
pub const MAX_SOURCE_BYTES: usize = 8 << 20;

/// Sources that may nest deeper than this are not parsed as a whole. Python itself stops at 200
/// brackets, and somewhat later for operators.
pub const MAX_NESTING: usize = 1_500;

/// Returns an upper bound for the depth of the syntax tree, blocks not counted. Stops counting
/// soon after [`MAX_NESTING`].
pub(crate) fn nesting_bound(bytes: &[u8]) -> usize {
    let mut levels: Vec<usize> = vec![0];
    let (mut sum, mut bound, mut at) = (0, 0, 0);
    while at < bytes.len() && bound <= MAX_NESTING {
        let byte = bytes[at];
        match byte {
            b'#' => {
                at += memchr::memchr2(b'\n', b'\r', &bytes[at..]).unwrap_or(bytes.len() - at);
                continue;
            }
            b'"' | b'\'' => {
                let (end, inside) = string_end(bytes, at);
                bound = bound.max(sum + levels.len() + inside);
                at = end;
                continue;
            }
            b'(' | b'[' | b'{' => levels.push(0),
            b')' | b']' | b'}' => {
                if levels.len() > 1 {
                    sum -= levels.pop().unwrap_or(0);
                }
                count(&mut levels, &mut sum, 1);
            }
            b',' | b';' => reset(&mut levels, &mut sum),
            b'\n' | b'\r' if levels.len() == 1 && !continued(bytes, at) => reset(&mut levels, &mut sum),
            b'+' | b'-' | b'*' | b'/' | b'%' | b'@' | b'&' | b'|' | b'^' | b'~' | b'<' | b'>' | b'.'
            | b':' => {
                count(&mut levels, &mut sum, 1);
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => {
                let end = word_end(bytes, at);
                if matches!(&bytes[at..end], b"not" | b"lambda" | b"await" | b"if" | b"else" | b"yield") {
                    count(&mut levels, &mut sum, 1);
                }
                at = end;
                continue;
            }
            _ => {}
        }
        bound = bound.max(sum + levels.len());
        at += 1;
    }
    bound
}

fn count(levels: &mut [usize], sum: &mut usize, by: usize) {
    if let Some(last) = levels.last_mut() {
        *last += by;
        *sum += by;
    }
}

fn reset(levels: &mut [usize], sum: &mut usize) {
    if let Some(last) = levels.last_mut() {
        *sum -= *last;
        *last = 0;
    }
}

fn continued(bytes: &[u8], at: usize) -> bool {
    at > 0 && bytes[at - 1] == b'\\'
}

fn word_end(bytes: &[u8], at: usize) -> usize {
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80;
    at + bytes[at..].iter().take_while(|b| is_word(b)).count()
}

/// Returns the offset behind the string that opens at `at`, and how deep an f-string's own
/// expressions may nest. A string that is not closed ends with its line, or with the file.
fn string_end(bytes: &[u8], at: usize) -> (usize, usize) {
    let quote = bytes[at];
    let triple = bytes.get(at + 1) == Some(&quote) && bytes.get(at + 2) == Some(&quote);
    let formatted = prefix(bytes, at).iter().any(|b| matches!(b, b'f' | b'F' | b't' | b'T'));
    let mut cursor = at + if triple { 3 } else { 1 };
    let (mut braces, mut inside) = (0usize, 0usize);
    while let Some(&byte) = bytes.get(cursor) {
        match byte {
            b'\\' => cursor += 1,
            b'\n' | b'\r' if !triple => return (cursor, inside),
            _ if byte == quote => {
                if !triple {
                    return (cursor + 1, inside);
                }
                if bytes.get(cursor + 1) == Some(&quote) && bytes.get(cursor + 2) == Some(&quote) {
                    return (cursor + 3, inside);
                }
            }
            b'{' if formatted => {
                braces += 1;
                inside += 1;
            }
            b'}' if formatted => braces = braces.saturating_sub(1),
            b'(' | b'[' | b'+' | b'-' | b'*' | b'/' | b'.' | b'~' | b' ' if braces > 0 => inside += 1,
            _ => {}
        }
        cursor += 1;
    }
    (bytes.len(), inside)
}

fn prefix(bytes: &[u8], quote: usize) -> &[u8] {
    let letters = bytes[..quote].iter().rev().take(2).take_while(|b| b.is_ascii_alphabetic()).count();
    &bytes[quote - letters..quote]
}

/// Returns the offset behind the logical line that starts at `start`: brackets closed, strings
/// ended, at most `limit` bytes on.
pub(crate) fn logical_line_end(bytes: &[u8], start: usize, limit: usize) -> usize {
    let stop = bytes.len().min(start.saturating_add(limit));
    let (mut at, mut depth) = (start, 0usize);
    while at < stop {
        match bytes[at] {
            b'#' => {
                at += memchr::memchr2(b'\n', b'\r', &bytes[at..stop]).unwrap_or(stop - at);
                continue;
            }
            b'"' | b'\'' => {
                at = string_end(&bytes[..stop], at).0;
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'\n' | b'\r' if depth == 0 && !continued(bytes, at) => return at,
            _ => {}
        }
        at += 1;
    }
    stop
}

/// Finds the three kinds of line that git leaves in a file it could not merge. Lines of equal
/// signs alone are headings as often as not, so they count only between the other two.
pub(crate) fn conflict_markers(text: &str) -> Vec<ConflictMarker> {
    static OURS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"<<<<<<<"));
    static THEIRS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b">>>>>>>"));
    let bytes = text.as_bytes();
    if OURS.find(bytes).is_none() && THEIRS.find(bytes).is_none() {
        return Vec::new();
    }
    let mut markers = Vec::new();
    let mut open = false;
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let bare = line.trim_end_matches(['\n', '\r']);
        let span = Span::of(start, start + bare.len());
        start += line.len();
        if is_marker(bare, '<') {
            open = true;
            markers.push(ConflictMarker::Ours(span));
        } else if open && bare == "=======" {
            markers.push(ConflictMarker::Middle(span));
        } else if is_marker(bare, '>') {
            open = false;
            markers.push(ConflictMarker::Theirs(span));
        }
    }
    markers
}

fn is_marker(line: &str, sign: char) -> bool {
    let rest = line.trim_start_matches(sign);
    line.len() - rest.len() == 7 && (rest.is_empty() || rest.starts_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_operators_and_chains_all_count() {
        assert!(nesting_bound("(".repeat(1_000).as_bytes()) >= 1_000);
        assert!(nesting_bound("a+".repeat(1_000).as_bytes()) >= 1_000);
        assert!(nesting_bound(format!("a{}", ".b".repeat(1_000)).as_bytes()) >= 1_000);
        assert!(nesting_bound(format!("f{}", "()".repeat(1_000)).as_bytes()) >= 1_000);
        assert!(nesting_bound("not ".repeat(1_000).as_bytes()) >= 1_000);
        assert!(nesting_bound(format!("f\"{{{}\"", "(".repeat(1_000)).as_bytes()) >= 1_000);
    }

    #[test]
    fn long_flat_data_does_not_count() {
        let rows = "    {'id': -1, 'name': 'a.b+c', 'at': f(1)},\n".repeat(10_000);
        assert!(nesting_bound(format!("DATA = [\n{rows}]\n").as_bytes()) < 20);
        assert!(nesting_bound("a = b.c + d\n".repeat(10_000).as_bytes()) < 10);
        assert!(nesting_bound("'''((((((((((' ((('''".as_bytes()) < 3);
    }

    #[test]
    fn a_logical_line_ends_where_its_brackets_close() {
        let text = b"x = (\n  'a',  # )\n  ')\\'',\n)\ny = 1";
        assert_eq!(logical_line_end(text, 0, 4_096), 28);
        assert_eq!(logical_line_end(text, 29, 4_096), text.len());
    }

    #[test]
    fn headings_are_no_conflict() {
        assert!(conflict_markers("Title\n=======\n").is_empty());
        let text = "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> topic\n";
        assert_eq!(conflict_markers(text).len(), 3);
        assert!(conflict_markers("x = '<<<<<<<'\n<<<<<<<< eight\n").is_empty());
    }
}
