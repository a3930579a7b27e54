//! Text that is SQL already: cut into tokens, and looked at before it is put between other SQL.
//!
//! A text is taken over as it stands, so it must not be able to leave its place: quotes and brackets
//! close, no statement ends inside, no comment swallows what follows, and no program that reads the
//! result line by line (psql, mysql, sqlite3) finds a command of its own in it.

use crate::model::{Dialect, ObjectName};
use std::collections::BTreeSet;

/// The kinds of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A word without quotes.
    Word,
    /// A name in quotes.
    Quoted,
    /// A string, with a letter in front if it has one (`E'…'`, `x'…'`), or between dollars.
    String,
    /// A number.
    Number,
    /// One other character.
    Symbol,
    /// A comment.
    Comment,
}

/// A token and its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// What it is.
    pub(super) kind: TokenKind,
    /// How it is written.
    pub(super) text: &'a str,
    /// Where it ends.
    pub(super) end: usize,
}

impl Token<'_> {
    /// Says whether this is that word, in whatever case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Says whether this is that character.
    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text == symbol
    }
}

fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn continues_word(byte: u8) -> bool {
    starts_word(byte) || byte.is_ascii_digit() || byte == b'$'
}

/// Finds the end of what is quoted from `start` on (behind the opening quote).
fn close(bytes: &[u8], start: usize, quote: u8, doubled: bool, backslash: bool) -> Option<usize> {
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        if backslash && byte == b'\\' {
            at += 2;
        } else if byte == quote {
            if doubled && bytes.get(at + 1) == Some(&quote) {
                at += 2;
            } else {
                return Some(at + 1);
            }
        } else {
            at += 1;
        }
    }
    None
}

/// Finds the end of a `/* … */` that starts at `start`.
fn close_comment(bytes: &[u8], start: usize, nested: bool) -> Option<usize> {
    let mut depth = 1_usize;
    let mut at = start + 2;
    while at + 1 < bytes.len() {
        if bytes[at] == b'*' && bytes[at + 1] == b'/' {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else if nested && bytes[at] == b'/' && bytes[at + 1] == b'*' {
            depth += 1;
            at += 2;
        } else {
            at += 1;
        }
    }
    None
}

/// Finds the end of a `$tag$ … $tag$` that starts at `start`; `Ok(None)` when it is none.
fn close_dollar(text: &str, start: usize) -> Result<Option<usize>, String> {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    if bytes.get(at).is_some_and(|b| starts_word(*b)) {
        while bytes.get(at).is_some_and(|b| continues_word(*b) && *b != b'$') {
            at += 1;
        }
    }
    if bytes.get(at) != Some(&b'$') {
        return Ok(None);
    }
    let tag = &text[start..=at];
    match text[at + 1..].find(tag) {
        Some(found) => Ok(Some(at + 1 + found + tag.len())),
        None => Err(format!("a string after `{tag}` is not closed")),
    }
}

/// Cuts a text into tokens; the error says why it cannot be cut.
pub(super) fn tokens(text: &str, dialect: Dialect) -> Result<Vec<Token<'_>>, String> {
    let bytes = text.as_bytes();
    let mysql = dialect.is_mysql();
    let postgresql = dialect == Dialect::PostgreSql;
    let sqlite = dialect == Dialect::Sqlite;
    let mut found: Vec<Token<'_>> = Vec::new();
    let mut after_escapes = false;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let next = bytes.get(at + 1).copied();
        let unclosed = || "a quote is not closed".to_owned();
        let mut escapes = false;
        let (kind, end) = match byte {
            0 => return Err("it holds a NUL".to_owned()),
            b'\\' => return Err("it holds a backslash outside quotes".to_owned()),
            // Programs do not agree which of these are spaces.
            _ if byte.is_ascii_control() => return Err("it holds a control character".to_owned()),
            b'-' if next == Some(b'-')
                && (!mysql || bytes.get(at + 2).is_none_or(|b| *b <= b' ' || *b == 0x7f)) =>
            {
                let stop = |b: &u8| *b == b'\n' || (postgresql && *b == b'\r');
                let end = bytes[at..].iter().position(stop).map_or(bytes.len(), |n| at + n);
                (TokenKind::Comment, end)
            }
            b'#' if mysql => {
                let end = bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| at + n);
                (TokenKind::Comment, end)
            }
            b'/' if next == Some(b'*') => {
                if mysql && matches!(bytes.get(at + 2), Some(b'!' | b'M' | b'm')) {
                    return Err("it holds a comment that the database runs".to_owned());
                }
                let end = close_comment(bytes, at, postgresql).ok_or("a comment is not closed")?;
                (TokenKind::Comment, end)
            }
            b'\'' => {
                if after_escapes {
                    return Err("two strings stand side by side".to_owned());
                }
                (TokenKind::String, close(bytes, at + 1, byte, true, mysql).ok_or_else(unclosed)?)
            }
            b'"' => {
                let kind = if mysql { TokenKind::String } else { TokenKind::Quoted };
                (kind, close(bytes, at + 1, byte, true, mysql).ok_or_else(unclosed)?)
            }
            b'`' if !postgresql => {
                (TokenKind::Quoted, close(bytes, at + 1, byte, true, false).ok_or_else(unclosed)?)
            }
            b'[' if sqlite => {
                (TokenKind::Quoted, close(bytes, at + 1, b']', false, false).ok_or_else(unclosed)?)
            }
            b'$' if postgresql => match close_dollar(text, at)? {
                Some(end) => (TokenKind::String, end),
                None => (TokenKind::Symbol, at + 1),
            },
            _ if starts_word(byte) => {
                let length = bytes[at..].iter().position(|b| !continues_word(*b)).unwrap_or(bytes.len() - at);
                let end = at + length;
                // psql takes this for a variable, whose name ends before the dollar.
                let colons = bytes[..at].iter().rev().take_while(|b| **b == b':').count();
                if postgresql && colons % 2 == 1 && bytes[at..end].contains(&b'$') {
                    return Err("a `$` stands behind a `:`".to_owned());
                }
                let letter = length == 1 && bytes.get(end) == Some(&b'\'');
                match byte.to_ascii_lowercase() {
                    b'e' if letter && postgresql => {
                        escapes = true;
                        let end = close(bytes, end + 1, b'\'', true, true).ok_or_else(unclosed)?;
                        (TokenKind::String, end)
                    }
                    b'b' | b'x' | b'n' if letter => {
                        let end = close(bytes, end + 1, b'\'', true, mysql).ok_or_else(unclosed)?;
                        (TokenKind::String, end)
                    }
                    _ => (TokenKind::Word, end),
                }
            }
            _ if byte.is_ascii_digit() || (byte == b'.' && next.is_some_and(|b| b.is_ascii_digit())) => {
                let end = number(bytes, at);
                let runs_on = bytes.get(end).is_some_and(|b| continues_word(*b));
                if runs_on && postgresql {
                    return Err("a number runs into a word".to_owned());
                }
                (TokenKind::Number, end)
            }
            _ => (TokenKind::Symbol, at + 1),
        };
        if text[at..end].contains('\0') {
            return Err("it holds a NUL".to_owned());
        }
        // PostgreSQL reads on with the rules of the first of two strings, comments between or not.
        after_escapes = escapes || (after_escapes && kind == TokenKind::Comment);
        found.push(Token { kind, text: &text[at..end], end });
        at = end;
    }
    Ok(found)
}

/// Finds the end of a number: digits, a point, an exponent; or other digits behind `0x`, `0o`, `0b`.
fn number(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    if bytes[at] == b'0' && matches!(bytes.get(at + 1), Some(b'x' | b'X' | b'o' | b'O' | b'b' | b'B')) {
        let digits = bytes[at + 2..].iter().take_while(|b| b.is_ascii_hexdigit() || **b == b'_').count();
        return if digits == 0 { at + 1 } else { at + 2 + digits };
    }
    while bytes.get(at).is_some_and(|b| b.is_ascii_digit() || matches!(b, b'.' | b'_')) {
        at += 1;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        if bytes.get(at + 1 + sign).is_some_and(u8::is_ascii_digit) {
            at += 1 + sign;
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
        }
    }
    at
}

/// Follows the brackets of a text.
#[derive(Default)]
struct Brackets {
    open: Vec<&'static str>,
}

impl Brackets {
    fn take(&mut self, token: &Token<'_>) -> Result<(), String> {
        if token.kind != TokenKind::Symbol {
            return Ok(());
        }
        match token.text {
            "(" => self.open.push(")"),
            "[" => self.open.push("]"),
            ")" | "]" if self.open.pop() != Some(token.text) => {
                return Err(format!("a `{}` closes nothing", token.text));
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), String> {
        match self.open.last() {
            Some(bracket) => Err(format!("a `{bracket}` is missing")),
            None => Ok(()),
        }
    }
}

/// Refuses what a program takes for a command of its own in the middle of a statement: mysql the word
/// `delimiter`, sqlite3 a line that is just `go` or `/`.
fn refuse_command(token: &Token<'_>, text: &str, dialect: Dialect) -> Result<(), String> {
    let behind = &text[token.end..];
    if dialect.is_mysql() && token.is_word("delimiter") {
        if behind.starts_with(|c: char| c.is_ascii_whitespace()) || behind.is_empty() {
            return Err("it holds the word `delimiter`".to_owned());
        }
    } else if dialect == Dialect::Sqlite && (token.is_word("go") || token.is_symbol("/")) {
        let space = |c: char| c.is_ascii_whitespace() && c != '\n';
        let before = text[..token.end - token.text.len()].trim_end_matches(space);
        let behind = behind.trim_start_matches(space);
        let ends = ["\n", "--", "/*"].iter().any(|end| behind.starts_with(end)) || behind.is_empty();
        if ends && (before.is_empty() || before.ends_with('\n')) {
            return Err(format!("it holds a line that is just `{}`", token.text));
        }
    }
    Ok(())
}

fn check(text: &str, dialect: Dialect, commas: bool) -> Result<String, String> {
    let mut brackets = Brackets::default();
    let mut whole: Option<(usize, usize)> = None;
    for token in tokens(text, dialect)? {
        brackets.take(&token)?;
        refuse_command(&token, text, dialect)?;
        if token.is_symbol(";") {
            return Err("it holds a `;`".to_owned());
        }
        if !commas && brackets.open.is_empty() && token.is_symbol(",") {
            return Err("it holds a `,` outside brackets".to_owned());
        }
        if token.kind != TokenKind::Comment {
            let start = whole.map_or(token.end - token.text.len(), |(start, _)| start);
            whole = Some((start, token.end));
        }
    }
    brackets.finish()?;
    match whole {
        Some((start, end)) => Ok(text[start..end].to_owned()),
        None => Err("it is empty".to_owned()),
    }
}

/// Returns an expression that cannot leave its place, without comments behind it.
pub(super) fn expression(text: &str, dialect: Dialect) -> Result<String, String> {
    if text.contains(crate::model::UNTOLD) {
        return Err("a part of it cannot be told".to_owned());
    }
    check(text, dialect, false)
}

/// Returns a list of expressions that cannot leave its place, without comments behind it.
pub(super) fn list(text: &str, dialect: Dialect) -> Result<String, String> {
    check(text, dialect, true)
}

/// Returns a statement that is one statement, without comments and `;` behind it.
pub(super) fn statement(text: &str, dialect: Dialect) -> Result<String, String> {
    let mut all = tokens(text, dialect)?;
    while all.last().is_some_and(|t| t.kind == TokenKind::Comment || t.is_symbol(";")) {
        all.pop();
    }
    let Some(end) = all.last().map(|t| t.end) else {
        return Err("it is empty".to_owned());
    };
    let real: Vec<Token<'_>> = all.iter().filter(|t| t.kind != TokenKind::Comment).copied().collect();
    // The programs that read SQL from a file take other first words for commands of their own.
    let verbs = ["create", "alter", "comment", "grant", "revoke", "security", "select"];
    if !verbs.iter().any(|verb| stand(&real, 0, &[verb])) {
        return Err("it does not start like a statement that makes something".to_owned());
    }
    let mut brackets = Brackets::default();
    for token in &real {
        brackets.take(token)?;
        refuse_command(token, text, dialect)?;
    }
    brackets.finish()?;
    let whole = match dialect {
        Dialect::PostgreSql => is_one_postgresql(&real),
        Dialect::Sqlite => is_one_sqlite(&real),
        Dialect::MySql | Dialect::MariaDb => is_one_mysql(&real),
    };
    if !whole {
        return Err("it is not one statement".to_owned());
    }
    // What stands in front of the first word is a comment, which says nothing to the database.
    let start = real.first().map_or(0, |t| t.end - t.text.len());
    Ok(text[start..end].to_owned())
}

/// Says whether a statement holds a `;` outside quotes, which the mysql program would take for its end.
pub(super) fn holds_semicolon(text: &str, dialect: Dialect) -> bool {
    tokens(text, dialect).map_or(true, |all| all.iter().any(|t| t.is_symbol(";")))
}

/// Says whether these words stand at a place.
fn stand(real: &[Token<'_>], at: usize, words: &[&str]) -> bool {
    words.iter().enumerate().all(|(n, word)| real.get(at + n).is_some_and(|t| t.is_word(word)))
}

/// A `;` may stand in brackets (rules) and between `BEGIN ATOMIC` and the first `; END`.
///
/// In a routine psql looks for `BEGIN`, `CASE` and `END` wherever they stand, so these must match too.
fn is_one_postgresql(real: &[Token<'_>]) -> bool {
    let at = if stand(real, 1, &["or", "replace"]) { 3 } else { 1 };
    let routine =
        stand(real, 0, &["create"]) && (stand(real, at, &["function"]) || stand(real, at, &["procedure"]));
    let mut depth = 0_usize;
    let mut opened = false;
    let mut blocks = 0_usize;
    let mut held = false;
    for (at, token) in real.iter().enumerate() {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && routine && token.is_word("begin") {
            opened |= stand(real, at, &["begin", "atomic"]);
            blocks += 1;
        } else if depth == 0 && blocks > 0 && token.is_word("case") {
            blocks += 1;
        } else if depth == 0 && blocks > 0 && token.is_word("end") {
            blocks -= 1;
        } else if depth == 0 && token.is_symbol(";") {
            if !opened || (stand(real, at + 1, &["end"]) && at + 2 != real.len()) {
                return false;
            }
            held = true;
        }
    }
    blocks == 0 && (!held || real.last().is_some_and(|t| t.is_word("end")))
}

/// A trigger holds statements up to the first `; END`, and sqlite3 reads on until it finds one.
fn is_one_sqlite(real: &[Token<'_>]) -> bool {
    let at = if stand(real, 1, &["temp"]) || stand(real, 1, &["temporary"]) { 2 } else { 1 };
    if !(stand(real, 0, &["create"]) && stand(real, at, &["trigger"])) {
        return !real.iter().any(|t| t.is_symbol(";"));
    }
    let end = (0..real.len()).find(|n| real[*n].is_symbol(";") && stand(real, n + 1, &["end"]));
    end.is_some_and(|n| n + 2 == real.len())
}

/// A routine, a trigger or an event holds statements between its `BEGIN` and the `END` that belongs to it.
///
/// `begin` may be a name too, so it only counts where nothing but a block can start; a block that is
/// missed makes the statement end too early, which is refused.
fn is_one_mysql(real: &[Token<'_>]) -> bool {
    if !real.iter().any(|t| t.is_symbol(";")) {
        return true;
    }
    let Some(start) = mysql_body(real) else {
        return false;
    };
    if real[..start].iter().any(|t| t.is_symbol(";")) {
        return false;
    }
    let mut depth = 1_usize;
    let mut block = start;
    for at in start + 1..real.len() {
        let before = &real[at - 1];
        if real[at].is_word("begin") {
            let handler = before.is_word("sqlexception")
                || before.is_word("sqlwarning")
                || (at > 2 && stand(real, at - 3, &["for", "not", "found"]));
            if before.is_symbol(";") || before.is_symbol(":") || block == at - 1 || handler {
                depth += 1;
                block = at;
            }
        } else if real[at].is_word("end") && (before.is_symbol(";") || block == at - 1) {
            if ["if", "loop", "while", "repeat", "case", "for"].iter().any(|w| stand(real, at + 1, &[w])) {
                continue;
            }
            depth -= 1;
            if depth == 0 {
                return !real[at..].iter().any(|t| t.is_symbol(";"));
            }
        }
    }
    false
}

/// Finds the `BEGIN` that opens the body of a routine, a trigger or an event.
fn mysql_body(real: &[Token<'_>]) -> Option<usize> {
    let symbol = |at: usize, text: &str| real.get(at).is_some_and(|t| t.is_symbol(text));
    let begin = |at: usize| {
        let at = if symbol(at + 1, ":") { at + 2 } else { at };
        stand(real, at, &["begin"]).then_some(at)
    };
    let behind_bracket = |at: usize| {
        let mut depth = 0_usize;
        for (n, token) in real.iter().enumerate().skip(at) {
            depth += usize::from(token.is_symbol("("));
            depth = depth.checked_sub(usize::from(token.is_symbol(")")))?;
            if depth == 0 {
                return Some(n + 1);
            }
        }
        None
    };
    if !stand(real, 0, &["create"]) {
        return None;
    }
    let mut at = if stand(real, 1, &["or", "replace"]) { 3 } else { 1 };
    if stand(real, at, &["definer"]) && symbol(at + 1, "=") {
        at += 3;
        at += if symbol(at, "(") && symbol(at + 1, ")") { 2 } else { 0 };
        at += if symbol(at, "@") { 2 } else { 0 };
    }
    at += usize::from(stand(real, at, &["aggregate"]));
    let kind = real.get(at)?;
    at += 1;
    at += if stand(real, at, &["if", "not", "exists"]) { 3 } else { 0 };
    at += if symbol(at + 1, ".") { 3 } else { 1 };
    if kind.is_word("trigger") {
        at = (at..real.len()).find(|n| stand(real, *n, &["for", "each", "row"]))? + 3;
        let placed = stand(real, at, &["follows"]) || stand(real, at, &["precedes"]);
        return begin(if placed { at + 2 } else { at });
    }
    if kind.is_word("event") {
        while !stand(real, at, &["do"]) {
            at = if symbol(at, "(") { behind_bracket(at)? } else { at + 1 };
            real.get(at)?;
        }
        return begin(at + 1);
    }
    if !(kind.is_word("function") || kind.is_word("procedure")) || !symbol(at, "(") {
        return None;
    }
    at = behind_bracket(at)?;
    const SAYS: [&str; 20] = [
        "comment",
        "contains",
        "data",
        "definer",
        "deterministic",
        "invoker",
        "language",
        "modifies",
        "no",
        "not",
        "reads",
        "security",
        "sql",
        "binary",
        "character",
        "precision",
        "unsigned",
        "varying",
        "zerofill",
        "ascii",
    ];
    loop {
        if let Some(found) = begin(at) {
            return Some(found);
        }
        let token = real.get(at)?;
        let takes_word = ["returns", "set", "charset", "collate"];
        at = if takes_word.iter().any(|w| token.is_word(w)) {
            at + 2
        } else if token.kind == TokenKind::String || SAYS.iter().any(|w| token.is_word(w)) {
            at + 1
        } else if token.is_symbol("(") {
            behind_bracket(at)?
        } else {
            return None;
        };
    }
}

/// Folds a name the way the dialect compares names.
pub(super) fn fold(name: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::PostgreSql => name.to_owned(),
        Dialect::Sqlite => name.to_ascii_lowercase(),
        Dialect::MySql | Dialect::MariaDb => name.to_lowercase(),
    }
}

/// Returns the name that a token means.
fn name_of(token: &Token<'_>, dialect: Dialect) -> Option<String> {
    match token.kind {
        TokenKind::Word if dialect == Dialect::PostgreSql => Some(token.text.to_ascii_lowercase()),
        TokenKind::Word => Some(fold(token.text, dialect)),
        TokenKind::Quoted => {
            let inner = token.text.get(1..token.text.len() - 1)?;
            let quote = &token.text[..1];
            let inner = if quote == "[" { inner.to_owned() } else { inner.replace(&quote.repeat(2), quote) };
            Some(fold(&inner, dialect))
        }
        _ => None,
    }
}

/// Returns every name outside strings and comments, folded: `a.b` gives `a.b`, `a` and `b`.
pub(super) fn names(text: &str, dialect: Dialect) -> BTreeSet<ObjectName> {
    let mut found = BTreeSet::new();
    let Ok(all) = tokens(text, dialect) else {
        return found;
    };
    let real: Vec<&Token<'_>> = all.iter().filter(|t| t.kind != TokenKind::Comment).collect();
    for (place, token) in real.iter().enumerate() {
        let Some(name) = name_of(token, dialect) else { continue };
        if place > 1
            && real[place - 1].is_symbol(".")
            && let Some(schema) = name_of(real[place - 2], dialect)
        {
            found.insert(ObjectName::new(Some(&schema), name.clone(), dialect));
        }
        found.insert(ObjectName::plain(name));
    }
    found
}

/// Returns the first words of a text, in lower case.
pub(super) fn words(text: &str, dialect: Dialect, count: usize) -> Vec<String> {
    let words = tokens(text, dialect).unwrap_or_default();
    words.iter().filter(|t| t.kind == TokenKind::Word).take(count).map(|t| t.text.to_lowercase()).collect()
}

/// Returns the name that a text starts with, its schema included.
pub(crate) fn first_name(text: &str, dialect: Dialect) -> Option<ObjectName> {
    let all = tokens(text, dialect).ok()?;
    let first = name_of(all.first()?, dialect)?;
    match all.get(2) {
        Some(second) if all[1].is_symbol(".") => {
            Some(ObjectName::new(Some(&first), name_of(second, dialect)?, dialect))
        }
        _ => Some(ObjectName::plain(first)),
    }
}

/// Says whether a default needs no brackets where the dialect wants them around an expression.
pub(super) fn is_literal(text: &str, dialect: Dialect) -> bool {
    let all = tokens(text, dialect).unwrap_or_default();
    let real: Vec<Token<'_>> = all.into_iter().filter(|t| t.kind != TokenKind::Comment).collect();
    let constants: &[&str] = if dialect.is_mysql() {
        &["null", "true", "false"]
    } else {
        &["null", "true", "false", "current_timestamp", "current_date", "current_time"]
    };
    match real.as_slice() {
        [one] => match one.kind {
            TokenKind::String | TokenKind::Number => true,
            TokenKind::Word => constants.iter().any(|word| one.is_word(word)),
            TokenKind::Quoted => dialect == Dialect::Sqlite,
            TokenKind::Symbol | TokenKind::Comment => false,
        },
        [sign, number] => {
            let signed = sign.is_symbol("-") || sign.is_symbol("+");
            let introduced = sign.kind == TokenKind::Word && sign.text.starts_with('_') && dialect.is_mysql();
            (signed && number.kind == TokenKind::Number) || (introduced && number.kind == TokenKind::String)
        }
        [open, .., _] if open.is_symbol("(") => {
            // The first bracket must be the last to close.
            let mut depth = 0_usize;
            for (at, token) in real.iter().enumerate() {
                depth += usize::from(token.is_symbol("("));
                depth = depth.saturating_sub(usize::from(token.is_symbol(")")));
                if depth == 0 {
                    return at + 1 == real.len();
                }
            }
            false
        }
        _ => false,
    }
}

/// Says whether a default of MySQL is the time, which needs no brackets; `ON UPDATE` may stand behind it.
pub(super) fn is_time(text: &str, dialect: Dialect) -> bool {
    let all = tokens(text, dialect).unwrap_or_default();
    let real: Vec<Token<'_>> = all.into_iter().filter(|t| t.kind != TokenKind::Comment).collect();
    let time = |at: usize| {
        let word = real.get(at)?;
        let known = ["current_timestamp", "now", "localtime", "localtimestamp"];
        known.iter().find(|name| word.is_word(name))?;
        let mut at = at + 1;
        if real.get(at).is_some_and(|t| t.is_symbol("(")) {
            at += if real.get(at + 1)?.kind == TokenKind::Number { 2 } else { 1 };
            real.get(at).filter(|t| t.is_symbol(")"))?;
            at += 1;
        }
        Some(at)
    };
    match time(0) {
        Some(end) if end == real.len() => true,
        Some(end) if stand(&real, end, &["on", "update"]) => time(end + 2) == Some(real.len()),
        _ => false,
    }
}
