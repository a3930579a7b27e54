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

/// What a byte is to [`nesting_bound`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plain,
    Word,
    Digit,
    Operator,
    Open,
    Close,
    Comma,
    Newline,
    Quote,
    Comment,
}

static SIGNS: [Sign; 256] = signs();

const fn signs() -> [Sign; 256] {
    let mut signs = [Sign::Plain; 256];
    let mut byte = 0;
    while byte < 256 {
        signs[byte] = match byte as u8 {
            b'#' => Sign::Comment,
            b'"' | b'\'' => Sign::Quote,
            b'(' | b'[' | b'{' => Sign::Open,
            b')' | b']' | b'}' => Sign::Close,
            b',' | b';' => Sign::Comma,
            b'\n' | b'\r' => Sign::Newline,
            b'+' | b'-' | b'*' | b'/' | b'%' | b'@' | b'&' | b'|' | b'^' | b'~' | b'<' | b'>' | b'.'
            | b':' => Sign::Operator,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => Sign::Word,
            b'0'..=b'9' => Sign::Digit,
            _ => Sign::Plain,
        };
        byte += 1;
    }
    signs
}

/// Returns an upper bound for the depth of the syntax tree, blocks not counted. Stops counting
/// soon after [`MAX_NESTING`].
pub(crate) fn nesting_bound(bytes: &[u8]) -> usize {
    // What was counted inside of each pair of brackets that is open, but for the innermost.
    let mut outer: Vec<usize> = Vec::new();
    let (mut inner, mut sum, mut bound, mut at) = (0, 0, 0, 0);
    while at < bytes.len() && bound <= MAX_NESTING {
        let mut counted = false;
        let start = at;
        at += 1;
        match SIGNS[usize::from(bytes[start])] {
            Sign::Plain | Sign::Digit => continue,
            Sign::Word => {
                at = word_end(bytes, at);
                counted =
                    matches!(&bytes[start..at], b"not" | b"lambda" | b"await" | b"if" | b"else" | b"yield");
                if !counted {
                    continue;
                }
            }
            Sign::Comment => {
                at = memchr::memchr2(b'\n', b'\r', &bytes[at..]).map_or(bytes.len(), |end| at + end);
                continue;
            }
            Sign::Quote => {
                let (end, inside) = string_end(bytes, start);
                bound = bound.max(sum + outer.len() + 1 + inside);
                at = end;
                continue;
            }
            Sign::Open => {
                outer.push(inner);
                inner = 0;
            }
            Sign::Close => {
                if let Some(before) = outer.pop() {
                    sum -= inner;
                    inner = before;
                }
                counted = true;
            }
            Sign::Newline if !outer.is_empty() || continued(bytes, start) => continue,
            Sign::Comma | Sign::Newline => {
                sum -= inner;
                inner = 0;
            }
            Sign::Operator => counted = true,
        }
        inner += usize::from(counted);
        sum += usize::from(counted);
        bound = bound.max(sum + outer.len() + 1);
    }
    bound
}

fn continued(bytes: &[u8], at: usize) -> bool {
    at > 0 && bytes[at - 1] == b'\\'
}

fn word_end(bytes: &[u8], at: usize) -> usize {
    let is_word = |b: &u8| matches!(SIGNS[usize::from(*b)], Sign::Word | Sign::Digit);
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
    if triple && !formatted {
        while let Some(found) = bytes.get(cursor..).and_then(|rest| memchr::memchr2(quote, b'\\', rest)) {
            cursor += found;
            if bytes[cursor] == b'\\' {
                cursor += 2;
            } else if bytes.get(cursor + 1) == Some(&quote) && bytes.get(cursor + 2) == Some(&quote) {
                return (cursor + 3, 0);
            } else {
                cursor += 1;
            }
        }
        return (bytes.len(), 0);
    }
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
