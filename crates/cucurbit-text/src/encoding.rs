//! Bytes to text by Python's rules: byte order mark, coding cookie, UTF-8.
//!
//! Decoding always gives a text. What Python would refuse is said as a problem beside it.

use crate::Span;

/// How the bytes of a file were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, the default; offsets are those of the file.
    Utf8,
    /// Another encoding, by its canonical name; offsets are those of the decoded text.
    Other(&'static str),
}

/// Why Python would not read the file as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeProblem {
    /// A byte that is not UTF-8 in a file that names no other encoding.
    InvalidUtf8 {
        /// Where the bad byte stands in the decoded text.
        span: Span,
    },
    /// The coding cookie names an encoding that is not known.
    UnknownEncoding {
        /// The name as written.
        name: String,
        /// Where the name stands.
        span: Span,
    },
    /// The file is UTF-16, which Python does not read.
    Utf16,
}

/// The text of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    text: String,
    encoding: Encoding,
    problem: Option<DecodeProblem>,
}

impl SourceText {
    /// Decodes the bytes of a file; bytes that cannot be decoded become U+FFFD.
    #[must_use]
    pub fn decode(bytes: Vec<u8>) -> Self {
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            let (text, used, _) = encoding_rs::UTF_8.decode(&bytes);
            let encoding = Encoding::Other(used.name());
            return Self { text: text.into_owned(), encoding, problem: Some(DecodeProblem::Utf16) };
        }
        match cookie(&bytes) {
            Some((name, _)) if is_utf8(&name) => Self::utf8(bytes),
            Some((name, span)) => Self::labelled(bytes, name, span),
            None => Self::utf8(bytes),
        }
    }

    fn utf8(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self { text, encoding: Encoding::Utf8, problem: None },
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let problem = DecodeProblem::InvalidUtf8 { span: Span::of(at, at + '\u{fffd}'.len_utf8()) };
                Self { text, encoding: Encoding::Utf8, problem: Some(problem) }
            }
        }
    }

    fn labelled(bytes: Vec<u8>, name: String, span: Span) -> Self {
        let Some(encoding) = encoding_named(&name) else {
            let mut source = Self::utf8(bytes);
            source.problem = Some(DecodeProblem::UnknownEncoding { name, span });
            return source;
        };
        let (text, _) = encoding.decode_without_bom_handling(&bytes);
        Self { text: text.into_owned(), encoding: Encoding::Other(encoding.name()), problem: None }
    }

    /// Returns the decoded text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the text of a span; one that does not fit the text gives the part that does.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        let range = span.range();
        let end = range.end.min(self.text.len());
        self.text.get(range.start.min(end)..end).unwrap_or_default()
    }

    /// Returns how the bytes were read.
    #[must_use]
    pub fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    /// Returns why Python would refuse the bytes, if it would.
    #[must_use]
    pub fn problem(&self) -> Option<&DecodeProblem> {
        self.problem.as_ref()
    }
}

/// Finds a coding cookie as PEP 263 has it: in the first two lines, the first of which must be a
/// comment or blank for the second to count.
fn cookie(bytes: &[u8]) -> Option<(String, Span)> {
    let mut start = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    for _ in 0..2 {
        let rest = &bytes[start..];
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len()).min(2_000);
        let line = &rest[..length];
        let blank = line.iter().take_while(|b| matches!(b, b' ' | b'\t' | 0x0c)).count();
        match line.get(blank) {
            Some(b'#') => {
                if let Some((name, at)) = cookie_in_comment(&line[blank..]) {
                    let from = start + blank + at;
                    let span = Span::of(from, from + name.len());
                    return Some((name, span));
                }
            }
            Some(_) => return None,
            None => {}
        }
        start = (start + length + 1).min(bytes.len());
    }
    None
}

fn cookie_in_comment(comment: &[u8]) -> Option<(String, usize)> {
    let mut from = 0;
    while let Some(found) = memchr::memmem::find(&comment[from..], b"coding") {
        let mut at = from + found + b"coding".len();
        from = at;
        if !matches!(comment.get(at), Some(b':' | b'=')) {
            continue;
        }
        at += 1;
        at += comment[at..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let name: Vec<u8> = comment[at..].iter().copied().take_while(is_name).collect();
        if !name.is_empty() {
            return Some((String::from_utf8_lossy(&name).into_owned(), at));
        }
    }
    None
}

fn normalised(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

fn is_utf8(name: &str) -> bool {
    let name = normalised(name);
    matches!(name.as_str(), "utf-8" | "utf8" | "u8" | "utf-8-sig" | "cp65001") || name.starts_with("utf-8-")
}

/// Python's names for encodings are looser than the web's; these are the ones that differ.
fn encoding_named(name: &str) -> Option<&'static encoding_rs::Encoding> {
    let name = normalised(name);
    let web = match name.as_str() {
        "ascii" | "us-ascii" | "latin-1" | "latin1" | "l1" | "iso8859-1" | "iso-8859-1" | "8859" => {
            "windows-1252"
        }
        "latin-9" | "iso8859-15" => "iso-8859-15",
        other => other,
    };
    encoding_rs::Encoding::for_label(web.as_bytes())
        .or_else(|| encoding_rs::Encoding::for_label(web.replace("cp", "windows-").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_keeps_its_offsets_and_its_mark() {
        let source = SourceText::decode(b"\xef\xbb\xbfrevision = 1".to_vec());
        assert_eq!(source.slice(Span::new(3, 11)), "revision");
        assert_eq!((source.encoding(), source.problem()), (&Encoding::Utf8, None));
    }

    #[test]
    fn a_cookie_on_the_second_line_is_followed() {
        let source =
            SourceText::decode(b"#!/usr/bin/env python\n# -*- coding: latin-1 -*-\nx = '\xe9'\n".to_vec());
        assert!(source.as_str().contains('é'));
        assert_eq!(source.encoding(), &Encoding::Other("windows-1252"));
    }

    #[test]
    fn code_before_the_cookie_makes_it_a_comment() {
        let source = SourceText::decode(b"x = 1\n# coding: latin-1\ny = '\xe9'\n".to_vec());
        assert!(matches!(source.problem(), Some(DecodeProblem::InvalidUtf8 { .. })));
    }

    #[test]
    fn an_unknown_encoding_is_said_and_the_text_still_read() {
        let source = SourceText::decode(b"# coding: klingon\nrevision = 'a'\n".to_vec());
        assert_eq!(
            source.problem(),
            Some(&DecodeProblem::UnknownEncoding { name: "klingon".into(), span: Span::new(10, 17) })
        );
        assert!(source.as_str().contains("revision = 'a'"));
    }

    #[test]
    fn utf16_is_decoded_and_refused() {
        let mut bytes = vec![0xff, 0xfe];
        bytes.extend("revision = 'a'".encode_utf16().flat_map(u16::to_le_bytes));
        let source = SourceText::decode(bytes);
        assert_eq!(source.problem(), Some(&DecodeProblem::Utf16));
        assert!(source.as_str().contains("revision = 'a'"));
    }

    #[test]
    fn invalid_bytes_are_located() {
        let source = SourceText::decode(b"ab\xffcd".to_vec());
        assert_eq!(source.problem(), Some(&DecodeProblem::InvalidUtf8 { span: Span::new(2, 5) }));
    }
}
