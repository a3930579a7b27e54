//! Pieces of SQL text in the manner of a dialect.

use crate::model::Dialect;

/// What a piece is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word without quotes, in lower case.
    Word(String),
    /// A name in quotes.
    Quoted(String),
    /// A string, without quotes.
    Text(String),
    /// A number.
    Number,
    /// One character that is none of these.
    Symbol(char),
}

/// One piece and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Token {
    pub(crate) fn is(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(w) if w == word)
    }

    pub(crate) fn symbol(&self, symbol: char) -> bool {
        self.kind == Kind::Symbol(symbol)
    }
}

/// Splits a text into pieces; blanks and comments fall away. Never fails: what does not close runs to the end.
pub(crate) fn lex(text: &str, dialect: Dialect) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mysql = dialect.is_mysql();
    let mut out = Vec::new();
    let mut at = 0;
    // Inside of `/*!40101 … */`, which MySQL runs.
    let mut conditional = false;
    while at < bytes.len() {
        let start = at;
        let kind = match bytes[at] {
            b if b.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                at = line_end(bytes, at);
                continue;
            }
            b'#' if mysql => {
                at = line_end(bytes, at);
                continue;
            }
            b'*' if conditional && bytes.get(at + 1) == Some(&b'/') => {
                conditional = false;
                at += 2;
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                if mysql && bytes.get(at + 2) == Some(&b'!') {
                    conditional = true;
                    at += 3;
                    while at < bytes.len() && bytes[at].is_ascii_digit() {
                        at += 1;
                    }
                    continue;
                }
                at = comment_end(bytes, at, dialect == Dialect::PostgreSql);
                continue;
            }
            b'\'' => {
                let (value, end) = quoted(text, at, b'\'', mysql);
                at = end;
                Kind::Text(value)
            }
            b'"' if mysql => {
                let (value, end) = quoted(text, at, b'"', true);
                at = end;
                Kind::Text(value)
            }
            quote @ (b'"' | b'`') => {
                let (value, end) = quoted(text, at, quote, false);
                at = end;
                Kind::Quoted(value)
            }
            b'[' if dialect == Dialect::Sqlite && text[at..].find(']').is_some_and(|e| e > 1) => {
                let end = at + text[at..].find(']').unwrap_or(0);
                let value = text[at + 1..end].to_owned();
                at = end + 1;
                Kind::Quoted(value)
            }
            b'$' if dialect == Dialect::PostgreSql => match dollar(text, at) {
                Some((body, end)) => {
                    at = end;
                    Kind::Text(body.to_owned())
                }
                None => {
                    at += 1;
                    Kind::Symbol('$')
                }
            },
            b if b.is_ascii_digit() => {
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'.') {
                    at += 1;
                }
                Kind::Number
            }
            b if is_word(b) => {
                while at < bytes.len()
                    && (is_word(bytes[at]) || bytes[at].is_ascii_digit() || bytes[at] == b'$')
                {
                    at += 1;
                }
                let word = &text[start..at];
                // `E'…'`: backslashes count.
                if bytes.get(at) == Some(&b'\'')
                    && matches!(word, "E" | "e" | "N" | "n" | "B" | "b" | "X" | "x")
                {
                    let (value, end) = quoted(text, at, b'\'', mysql || word.eq_ignore_ascii_case("e"));
                    at = end;
                    Kind::Text(value)
                } else {
                    Kind::Word(word.to_lowercase())
                }
            }
            _ => {
                let c = text[at..].chars().next().unwrap_or(' ');
                at += c.len_utf8();
                Kind::Symbol(c)
            }
        };
        out.push(Token { kind, start, end: at });
    }
    out
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_' || b >= 0x80
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |p| at + p)
}

fn comment_end(bytes: &[u8], at: usize, nested: bool) -> usize {
    let mut at = at + 2;
    let mut depth = 1;
    while at + 1 < bytes.len() {
        match (bytes[at], bytes[at + 1]) {
            (b'*', b'/') => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            (b'/', b'*') if nested => {
                depth += 1;
                at += 2;
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

fn quoted(text: &str, open: usize, quote: u8, backslash: bool) -> (String, usize) {
    let bytes = text.as_bytes();
    let mut at = open + 1;
    let mut out = String::new();
    let mut from = at;
    while at < bytes.len() {
        if backslash && bytes[at] == b'\\' && at + 1 < bytes.len() {
            out.push_str(&text[from..at]);
            at += 1;
            let c = text[at..].chars().next().unwrap_or('\\');
            out.push(match c {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '0' => '\0',
                other => other,
            });
            at += c.len_utf8();
            from = at;
        } else if bytes[at] == quote {
            out.push_str(&text[from..at]);
            if bytes.get(at + 1) == Some(&quote) {
                out.push(char::from(quote));
                at += 2;
                from = at;
            } else {
                return (out, at + 1);
            }
        } else {
            at += 1;
        }
    }
    out.push_str(&text[from..]);
    (out, bytes.len())
}

fn dollar(text: &str, at: usize) -> Option<(&str, usize)> {
    let rest = &text[at + 1..];
    let end = rest.find('$')?;
    let tag = &rest[..end];
    let legal = tag.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !tag.starts_with(|c: char| c.is_ascii_digit());
    if !legal {
        return None;
    }
    let mark = &text[at..at + end + 2];
    let body = at + mark.len();
    match text[body..].find(mark) {
        Some(found) => Some((&text[body..body + found], body + found + mark.len())),
        None => Some((&text[body..], text.len())),
    }
}
