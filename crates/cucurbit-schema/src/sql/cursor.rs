//! A place in the pieces of a statement.

use super::lex::{Kind, Token, lex};
use crate::model::{Dialect, ObjectName};
use crate::names::cut_name;

/// A place in the pieces of a statement.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'t> {
    pub(crate) text: &'t str,
    pub(crate) tokens: Vec<Token>,
    pub(crate) at: usize,
    pub(crate) dialect: Dialect,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str, dialect: Dialect) -> Self {
        Cursor { text, tokens: lex(text, dialect), at: 0, dialect }
    }

    pub(crate) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    pub(crate) fn ahead(&self, by: usize) -> Option<&Token> {
        self.tokens.get(self.at + by)
    }

    pub(crate) fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(crate) fn is(&self, word: &str) -> bool {
        self.peek().is_some_and(|t| t.is(word))
    }

    pub(crate) fn is_symbol(&self, symbol: char) -> bool {
        self.peek().is_some_and(|t| t.symbol(symbol))
    }

    /// The word here, if it is one.
    pub(crate) fn word(&self) -> &str {
        match self.peek().map(|t| &t.kind) {
            Some(Kind::Word(word)) => word,
            _ => "",
        }
    }

    pub(crate) fn eat(&mut self, word: &str) -> bool {
        let found = self.is(word);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn eat_symbol(&mut self, symbol: char) -> bool {
        let found = self.is_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    /// Passes over words that stand here one after the other, or over none of them.
    pub(crate) fn eat_all(&mut self, words: &[&str]) -> bool {
        let found = words.iter().enumerate().all(|(by, word)| self.ahead(by).is_some_and(|t| t.is(word)));
        if found {
            self.at += words.len();
        }
        found
    }

    pub(crate) fn eat_any(&mut self, words: &[&str]) -> Option<String> {
        let word = self.word().to_owned();
        words.contains(&word.as_str()).then(|| {
            self.at += 1;
            word
        })
    }

    pub(crate) fn if_exists(&mut self) -> bool {
        self.eat_all(&["if", "exists"])
    }

    pub(crate) fn if_not_exists(&mut self) -> bool {
        self.eat_all(&["if", "not", "exists"])
    }

    /// A name as the database holds it: without quotes, cut where it is too long.
    pub(crate) fn ident(&mut self) -> Option<String> {
        let name = match &self.peek()?.kind {
            Kind::Word(word) => {
                // Only PostgreSQL folds; the others keep what is written.
                if self.dialect == Dialect::PostgreSql {
                    word.clone()
                } else {
                    let token = self.peek()?;
                    self.text.get(token.start..token.end)?.to_owned()
                }
            }
            Kind::Quoted(name) => name.clone(),
            // MySQL and SQLite take strings for names in some places.
            Kind::Text(name) if self.dialect != Dialect::PostgreSql => name.clone(),
            _ => return None,
        };
        self.at += 1;
        Some(cut_name(&name, self.dialect))
    }

    /// A name that may have a schema in front.
    pub(crate) fn name(&mut self) -> Option<ObjectName> {
        let mut parts = vec![self.ident()?];
        while self.is_symbol('.') {
            self.at += 1;
            parts.push(self.ident()?);
        }
        let name = parts.pop()?;
        Some(ObjectName::new(parts.pop().as_deref(), name, self.dialect))
    }

    /// Names in brackets.
    pub(crate) fn names_in_brackets(&mut self) -> Option<Vec<String>> {
        self.eat_symbol('(').then_some(())?;
        let mut out = Vec::new();
        loop {
            out.push(self.ident()?);
            // `(name(10) DESC)`: lengths and directions are not asked for here.
            if self.is_symbol('(') {
                self.skip_brackets();
            }
            self.eat_any(&["asc", "desc"]);
            if self.eat_symbol(')') {
                return Some(out);
            }
            self.eat_symbol(',').then_some(())?;
        }
    }

    /// The text in brackets that open here, without them.
    pub(crate) fn in_brackets(&mut self) -> Option<&'t str> {
        let open = self.peek()?.clone();
        open.symbol('(').then_some(())?;
        self.skip_brackets();
        let close = self.tokens.get(self.at.checked_sub(1)?)?;
        let end = if close.symbol(')') { close.start } else { close.end };
        Some(self.text.get(open.end..end)?.trim())
    }

    /// Passes over brackets that open here, with all in them.
    pub(crate) fn skip_brackets(&mut self) {
        let mut depth = 0usize;
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Symbol('(') => depth += 1,
                Kind::Symbol(')') => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    /// The text from here up to where `stop` says, outside of brackets.
    pub(crate) fn text_until(&mut self, stop: impl Fn(&Self) -> bool) -> &'t str {
        let Some(start) = self.peek().map(|t| t.start) else { return "" };
        let from = self.at;
        while let Some(token) = self.peek() {
            if token.symbol(')') || stop(self) {
                break;
            }
            if token.symbol('(') {
                self.skip_brackets();
            } else {
                self.at += 1;
            }
        }
        if self.at == from {
            return "";
        }
        let end = self.tokens.get(self.at - 1).map_or(start, |t| t.end);
        self.text.get(start..end).unwrap_or_default().trim()
    }

    pub(crate) fn string(&mut self) -> Option<String> {
        let Kind::Text(text) = &self.peek()?.kind else { return None };
        let text = text.clone();
        self.at += 1;
        Some(text)
    }

    pub(crate) fn number(&mut self) -> Option<i64> {
        let negative = self.eat_symbol('-');
        let token = self.peek()?;
        (token.kind == Kind::Number).then_some(())?;
        let value: i64 = self.text.get(token.start..token.end)?.parse().ok()?;
        self.at += 1;
        Some(if negative { -value } else { value })
    }
}
