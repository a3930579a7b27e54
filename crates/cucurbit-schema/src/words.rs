//! The words of an SQL text: enough to find and to rename the columns that an expression uses.

use std::ops::Range;

/// What a piece of an expression is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name without quotes.
    Word,
    /// A name in quotes.
    Quoted,
    /// A string, a number, a symbol.
    Other,
}

/// One piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) range: Range<usize>,
}

/// Splits an SQL text into pieces, leaving out blanks and comments. Never fails.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let kind = match bytes[at] {
            b if b.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    at += 1;
                }
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = text[at + 2..].find("*/").map_or(bytes.len(), |end| at + 2 + end + 2);
                continue;
            }
            quote @ (b'\'' | b'"' | b'`') => {
                at = close(bytes, at, quote);
                if quote == b'\'' { Kind::Other } else { Kind::Quoted }
            }
            b'$' => match dollar(text, at) {
                Some(end) => {
                    at = end;
                    Kind::Other
                }
                None => {
                    at += 1;
                    Kind::Other
                }
            },
            b if b.is_ascii_digit() => {
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'.') {
                    at += 1;
                }
                Kind::Other
            }
            b if is_word(b) => {
                while at < bytes.len()
                    && (is_word(bytes[at]) || bytes[at].is_ascii_digit() || bytes[at] == b'$')
                {
                    at += 1;
                }
                // `E'…'`, `N'…'`, `B'…'`: a string with a mark.
                if at - start == 1 && bytes.get(at) == Some(&b'\'') {
                    at = close(bytes, at, b'\'');
                    Kind::Other
                } else {
                    Kind::Word
                }
            }
            _ => {
                at += 1;
                Kind::Other
            }
        };
        out.push(Token { kind, range: start..at });
    }
    out
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_' || b >= 0x80
}

fn close(bytes: &[u8], open: usize, quote: u8) -> usize {
    let mut at = open + 1;
    while at < bytes.len() {
        if bytes[at] == quote {
            if bytes.get(at + 1) == Some(&quote) {
                at += 2;
                continue;
            }
            return at + 1;
        }
        at += 1;
    }
    bytes.len()
}

fn dollar(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at + 1..];
    let end = rest.find('$')?;
    let tag = &rest[..end];
    if !tag.chars().all(|c| c.is_alphanumeric() || c == '_') || tag.starts_with(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    let mark = format!("${tag}$");
    let body = at + mark.len();
    text[body..].find(&mark).map(|found| body + found + mark.len())
}

/// Returns the name that a word or a quoted name stands for; words fold to lower case when asked.
pub(crate) fn name_of(text: &str, token: &Token, fold: bool) -> Option<String> {
    let piece = &text[token.range.clone()];
    match token.kind {
        Kind::Word if fold => Some(piece.to_lowercase()),
        Kind::Word => Some(piece.to_owned()),
        Kind::Quoted => {
            let quote = &piece[..1];
            let inner = piece.strip_prefix(quote)?.strip_suffix(quote)?;
            Some(inner.replace(&format!("{quote}{quote}"), quote))
        }
        Kind::Other => None,
    }
}

/// Says whether the name at that place may be a column: not a function, not a type behind `::`.
fn may_be_column(text: &str, tokens: &[Token], at: usize) -> bool {
    let next = tokens.get(at + 1).map(|t| &text[t.range.clone()]);
    let before = at.checked_sub(1).and_then(|b| tokens.get(b)).map(|t| &text[t.range.clone()]);
    let quoted = tokens[at].kind == Kind::Quoted;
    (next != Some("(") || quoted) && before != Some(":") && next != Some(".")
}

/// Says whether an expression uses a column. Words are compared without regard to case unless the column's
/// name has capital letters of its own.
pub(crate) fn uses(text: &str, column: &str, case_sensitive: bool) -> bool {
    let tokens = tokens(text);
    (0..tokens.len()).any(|at| is_column(text, &tokens, at, column, case_sensitive))
}

fn is_column(text: &str, tokens: &[Token], at: usize, column: &str, case_sensitive: bool) -> bool {
    let Some(name) = name_of(text, &tokens[at], false) else { return false };
    let same = match tokens[at].kind {
        Kind::Word if case_sensitive => name.to_lowercase() == column,
        Kind::Quoted if case_sensitive => name == column,
        _ => name.eq_ignore_ascii_case(column),
    };
    same && may_be_column(text, tokens, at)
}

/// Renames a column in an expression; `None` when it is not used there.
pub(crate) fn renamed(text: &str, from: &str, to: &str, case_sensitive: bool) -> Option<String> {
    let tokens = tokens(text);
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for at in 0..tokens.len() {
        if is_column(text, &tokens, at, from, case_sensitive) {
            let range = &tokens[at].range;
            out.push_str(&text[done..range.start]);
            let plain = to.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
                && to.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
            match tokens[at].kind {
                Kind::Word if plain => out.push_str(to),
                Kind::Quoted => {
                    let quote = &text[range.start..=range.start];
                    out.push_str(&format!("{quote}{}{quote}", to.replace(quote, &format!("{quote}{quote}"))));
                }
                _ if case_sensitive => out.push_str(&format!("\"{}\"", to.replace('"', "\"\""))),
                _ => out.push_str(to),
            }
            done = range.end;
        }
    }
    if done == 0 {
        return None;
    }
    out.push_str(&text[done..]);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{renamed, uses};

    #[test]
    fn columns_in_expressions() {
        assert!(uses("lower(name) = 'x'", "name", true));
        assert!(uses("\"Name\" > 0", "Name", true));
        assert!(!uses("name(x) = 'name'", "name", true));
        assert!(!uses("x::text = 'a'", "text", true));
        assert!(!uses("x -- name", "name", true));
        assert!(!uses("NAME.x = 1", "name", true));
    }

    #[test]
    fn renaming_leaves_the_rest() {
        assert_eq!(renamed("a > 0 AND b::a = 'a'", "a", "c", true).as_deref(), Some("c > 0 AND b::a = 'a'"));
        assert_eq!(renamed("a > 0", "a", "New", true).as_deref(), Some("\"New\" > 0"));
        assert_eq!(renamed("b > 0", "a", "c", true), None);
    }
}
