//! Splitting a text into statements.

use super::lex::{Kind, Token, lex};
use crate::model::Dialect;

/// One statement of a text, without its semicolon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The statement.
    pub text: &'a str,
    /// Where it starts in the text, in bytes.
    pub start: usize,
}

/// Splits a text into statements. Quotes, comments, dollar quotes, the bodies of triggers and routines, MySQL's
/// `DELIMITER`, data behind `COPY … FROM stdin` and psql's own commands are seen.
///
/// Never fails; costs one pass.
#[must_use]
pub fn split(text: &str, dialect: Dialect) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut from = 0;
    while from < text.len() {
        // What is no SQL stands on lines of its own.
        let rest = &text[from..];
        let trimmed = rest.trim_start();
        let start = from + (rest.len() - trimmed.len());
        if dialect == Dialect::PostgreSql && trimmed.starts_with('\\') {
            from = start + trimmed.find('\n').map_or(trimmed.len(), |e| e + 1);
            continue;
        }
        if dialect.is_mysql() && trimmed.get(..9).is_some_and(|w| w.eq_ignore_ascii_case("delimiter")) {
            from = start + delimited(trimmed, start, dialect, &mut out);
            continue;
        }
        let (end, next) = statement_end(text, start, dialect);
        push(text, start, end, &mut out);
        from = next;
        let last = out.last().map(|p| p.text.to_lowercase()).unwrap_or_default();
        if dialect == Dialect::PostgreSql && last.starts_with("copy ") && last.ends_with("from stdin") {
            from = text[from..].find("\n\\.").map_or(text.len(), |e| from + e + 3);
        }
    }
    out
}

fn push<'a>(text: &'a str, start: usize, end: usize, out: &mut Vec<Piece<'a>>) {
    let piece = text.get(start..end).unwrap_or_default();
    let trimmed = piece.trim();
    if !trimmed.is_empty() && !lex(trimmed, Dialect::PostgreSql).is_empty() {
        let offset = piece.len() - piece.trim_start().len();
        out.push(Piece { text: trimmed, start: start + offset });
    }
}

/// MySQL's `DELIMITER //`: statements up to the delimiter's return to `;`.
fn delimited<'a>(rest: &'a str, start: usize, _: Dialect, out: &mut Vec<Piece<'a>>) -> usize {
    let line_end = rest.find('\n').unwrap_or(rest.len());
    let mark = rest[9..line_end].trim();
    if mark.is_empty() || mark == ";" {
        return line_end;
    }
    let mut at = line_end;
    loop {
        let after = &rest[at..];
        let lower = after.to_ascii_lowercase();
        let end = lower.find("\ndelimiter").unwrap_or(after.len());
        match after[..end].find(mark) {
            Some(found) => {
                let piece = &after[..found];
                let trimmed = piece.trim();
                if !trimmed.is_empty() {
                    let offset = piece.len() - piece.trim_start().len();
                    out.push(Piece { text: trimmed, start: start + at + offset });
                }
                at += found + mark.len();
            }
            None => {
                let piece = after[..end].trim();
                if !piece.is_empty() {
                    out.push(Piece { text: piece, start: start + at });
                }
                return at + end + usize::from(end < after.len());
            }
        }
    }
}

/// Returns where a statement ends and where the next begins.
fn statement_end(text: &str, start: usize, dialect: Dialect) -> (usize, usize) {
    // A window that grows keeps long texts from being read again for each statement.
    let mut window = 4 * 1024;
    loop {
        let mut limit = (start + window).min(text.len());
        while !text.is_char_boundary(limit) {
            limit += 1;
        }
        let tokens = lex(&text[start..limit], dialect);
        if let Some((end, next)) = end_in(&tokens, start, limit == text.len(), limit) {
            return (end, next);
        }
        if limit == text.len() {
            return (text.len(), text.len());
        }
        window *= 4;
    }
}

fn end_in(tokens: &[Token], start: usize, whole: bool, limit: usize) -> Option<(usize, usize)> {
    let word = |at: usize| match tokens.get(at).map(|t| &t.kind) {
        Some(Kind::Word(word)) => word.as_str(),
        _ => "",
    };
    let creates = word(0) == "create";
    let is_body = creates
        && tokens
            .iter()
            .take(8)
            .any(|t| t.is("trigger") || t.is("procedure") || t.is("function") || t.is("event"));
    let mut blocks = 0usize;
    for (at, token) in tokens.iter().enumerate() {
        match &token.kind {
            Kind::Word(word) if is_body => match word.as_str() {
                "begin" => blocks += 1,
                "case" if blocks > 0 => blocks += 1,
                "end" if blocks > 0 => {
                    // `END IF` and `END LOOP` close what no block opened.
                    let next = tokens.get(at + 1);
                    let inner =
                        next.is_some_and(|n| n.is("if") || n.is("loop") || n.is("while") || n.is("repeat"));
                    if !inner {
                        blocks -= 1;
                    }
                }
                _ => {}
            },
            // The piece may have been cut by the window.
            Kind::Symbol(';') if blocks == 0 && (whole || start + token.end < limit) => {
                return Some((start + token.start, start + token.end));
            }
            _ => {}
        }
    }
    None
}
