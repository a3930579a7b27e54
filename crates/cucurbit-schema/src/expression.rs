//! SQL expressions, written in one way so that two of them can be compared.
//!
//! A database prints a check or a default in other words than those it was told: PostgreSQL turns
//! `x IN ('a', 'b')` into `((x)::text = ANY (ARRAY['a'::text, 'b'::text]))`. [`normalized`] takes brackets that
//! change nothing and casts away and writes both the same way. What it cannot read it leaves as it is but for
//! blanks, so two equal texts stay equal and different ones are at worst called different.

use crate::model::Dialect;
use crate::words::{self, Kind};
use regex::Regex;
use std::sync::LazyLock;

/// Returns an expression in one way of writing, for comparing only: it is not meant to be run.
#[must_use]
pub fn normalized(text: &str, dialect: Dialect) -> String {
    let tokens = read(text, dialect);
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0, schema: dialect.default_schema() };
    match parser.expression(0) {
        Some(tree) if parser.at == tokens.len() => tree.text(),
        _ => tokens.join(" "),
    }
}

/// `((x)::text = ANY ((ARRAY['a'::character varying, …])::text[]))`, which is how PostgreSQL prints `x IN ('a', …)` of
/// a `varchar`, as it was written. Made again from its print, it would be printed with other casts.
pub(crate) fn with_in_lists(text: &str) -> String {
    static PRINTED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?x) \(\( (?<column> [A-Za-z_][A-Za-z0-9_$]* | \x22[^\x22]+\x22 ) \)::text
              \s (?<operator> =\ ANY | <>\ ALL )
              \s \(\(ARRAY\[ (?<items> (?: '(?:[^']|'')*'::character\ varying (?:,\ )? )+ ) \]\)::text\[\]\)\)",
        )
        .expect("the pattern is valid")
    });
    let written = |found: &regex::Captures<'_>| {
        let operator = if &found["operator"] == "= ANY" { "IN" } else { "NOT IN" };
        let items = found["items"].replace("'::character varying", "'");
        format!("{} {operator} ({items})", &found["column"])
    };
    // The brackets around the whole may have been taken off.
    let whole = format!("({text})");
    match PRINTED.captures(&whole) {
        Some(found) if found.get(0).is_some_and(|all| all.len() == whole.len()) => written(&found),
        _ => PRINTED.replace_all(text, written).into_owned(),
    }
}

/// Words and symbols, names folded and strings without marks.
fn read(text: &str, dialect: Dialect) -> Vec<String> {
    let pieces = words::tokens(text);
    let mut out: Vec<String> = Vec::with_capacity(pieces.len());
    let mut end = usize::MAX;
    for piece in &pieces {
        let raw = &text[piece.range.clone()];
        let glued = piece.range.start == end;
        end = piece.range.end;
        match piece.kind {
            Kind::Word => out.push(raw.to_lowercase()),
            Kind::Quoted => {
                let name = words::name_of(text, piece, false).unwrap_or_default();
                let plain = name.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit());
                let fold = dialect != Dialect::PostgreSql;
                out.push(if plain {
                    name
                } else if fold {
                    name.to_lowercase()
                } else {
                    format!("\"{name}\"")
                });
            }
            Kind::Other if raw.len() > 2 && raw.starts_with(['e', 'E']) && raw[1..].starts_with('\'') => {
                out.push(without_escapes(raw));
            }
            Kind::Other => {
                let symbol = |c: char| "<>=!|:~&+-*/%@#?^".contains(c);
                let joins = glued
                    && raw.chars().all(symbol)
                    && out.last().is_some_and(|last| {
                        last.chars().all(symbol)
                            && matches!(
                                format!("{last}{raw}").as_str(),
                                "<=" | ">="
                                    | "<>"
                                    | "!="
                                    | "||"
                                    | "::"
                                    | "~~"
                                    | "!~"
                                    | "!~~"
                                    | "~*"
                                    | "!~*"
                                    | "~~*"
                                    | "!~~*"
                                    | "->"
                                    | "->>"
                                    | "#>"
                                    | "#>>"
                                    | "@>"
                                    | "<@"
                                    | "&&"
                                    | "=="
                                    | "?|"
                                    | "?&"
                                    | "@@"
                            )
                    });
                if joins {
                    if let Some(last) = out.last_mut() {
                        last.push_str(raw);
                    }
                } else {
                    out.push(raw.to_owned());
                }
            }
        }
    }
    out
}

/// `E'a\tb'` as the string that it stands for; as it is where it says more than the usual escapes do.
fn without_escapes(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw[1..].chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('\'') => out.push_str("''"),
            Some('\\') => out.push('\\'),
            _ => return raw.to_owned(),
        }
    }
    out
}

#[derive(Debug, Clone, PartialEq)]
enum Tree {
    Atom(String),
    Call(String, Vec<Tree>),
    Unary(String, Box<Tree>),
    Binary(String, Box<Tree>, Box<Tree>),
    In(Box<Tree>, Vec<Tree>, bool),
    Many(String, Vec<Tree>),
}

impl Tree {
    fn text(&self) -> String {
        match self {
            Tree::Atom(text) => text.clone(),
            Tree::Call(name, items) => {
                let items: Vec<String> = items.iter().map(Tree::text).collect();
                format!("{name}({})", items.join(", "))
            }
            Tree::Unary(operator, inner) => format!("({operator} {})", inner.text()),
            Tree::Binary(operator, left, right) => format!("({} {operator} {})", left.text(), right.text()),
            Tree::In(left, items, not) => {
                let items: Vec<String> = items.iter().map(Tree::text).collect();
                format!("({}{} in ({}))", left.text(), if *not { " not" } else { "" }, items.join(", "))
            }
            Tree::Many(operator, items) => {
                let items: Vec<String> = items.iter().map(Tree::text).collect();
                format!("({})", items.join(&format!(" {operator} ")))
            }
        }
    }
}

struct Parser<'t> {
    tokens: &'t [String],
    at: usize,
    depth: usize,
    /// The schema that a dump names before a function or an operator, and nobody else.
    schema: Option<&'static str>,
}

/// How deep an expression may nest.
const MAX_DEPTH: usize = 100;

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn take(&mut self, wanted: &str) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn expression(&mut self, least: u8) -> Option<Tree> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut left = self.prefix()?;
        while let Some(token) = self.peek() {
            let mut token = token.to_owned();
            let start = self.at;
            if token == "operator" {
                token = self.qualified_operator()?;
            }
            let (power, operator) = match token.as_str() {
                _ if self.at > start => (6, token.as_str()),
                "or" => (1, "or"),
                "and" => (2, "and"),
                "=" | "==" => (4, "="),
                "<>" | "!=" => (4, "<>"),
                "<" | ">" | "<=" | ">=" => (4, token.as_str()),
                "is" | "in" | "not" | "like" | "ilike" | "between" | "~~" | "!~~" | "~~*" | "!~~*"
                | "isnull" | "notnull" | "similar" => (5, token.as_str()),
                "||" | "->" | "->>" | "#>" | "#>>" | "@>" | "<@" | "&&" | "~" | "!~" | "~*" | "!~*" | "?"
                | "@@" | "&" | "|" | "#" | "?|" | "?&" => (6, token.as_str()),
                "+" | "-" => (7, token.as_str()),
                "*" | "/" | "%" => (8, token.as_str()),
                "^" => (9, "^"),
                "at" => (10, "at time zone"),
                "collate" => (11, "collate"),
                "[" => (12, "[]"),
                "::" => (13, "::"),
                _ => break,
            };
            if power < least || (power == least && least > 0 && power != 13 && power != 12) {
                break;
            }
            self.at += 1;
            left = self.infix(left, operator, power)?;
        }
        self.depth -= 1;
        Some(left)
    }

    /// Reads `OPERATOR(public.=)` but for the closing bracket, and returns the operator.
    fn qualified_operator(&mut self) -> Option<String> {
        self.at += 1;
        self.take("(").then_some(())?;
        while self.tokens.get(self.at + 1).is_some_and(|token| token == ".") {
            self.at += 2;
        }
        let operator = self.peek()?.to_owned();
        self.at += 1;
        (self.peek() == Some(")")).then_some(operator)
    }

    fn infix(&mut self, left: Tree, operator: &str, power: u8) -> Option<Tree> {
        Some(match operator {
            "::" => {
                self.type_name()?;
                left
            }
            "[]" => {
                let inner = self.expression(0)?;
                self.take("]").then_some(())?;
                Tree::Call("[]".to_owned(), vec![left, inner])
            }
            "at time zone" => {
                (self.take("time") && self.take("zone")).then_some(())?;
                let zone = self.expression(power)?;
                Tree::Binary("at time zone".to_owned(), Box::new(left), Box::new(zone))
            }
            "is" => {
                let not = self.take("not");
                let what = if self.take("distinct") {
                    self.take("from").then_some(())?;
                    let right = self.expression(power)?;
                    let operator = if not { "is not distinct from" } else { "is distinct from" };
                    return Some(Tree::Binary(operator.to_owned(), Box::new(left), Box::new(right)));
                } else {
                    self.peek()?.to_owned()
                };
                self.at += 1;
                // SQLAlchemy writes `x IS true` and `x = true` for the same wish, but they differ in NULL.
                Tree::Unary(format!("is{} {what}", if not { " not" } else { "" }), Box::new(left))
            }
            "isnull" => Tree::Unary("is null".to_owned(), Box::new(left)),
            "notnull" => Tree::Unary("is not null".to_owned(), Box::new(left)),
            "not" => {
                let next = self.peek()?.to_owned();
                self.at += 1;
                match next.as_str() {
                    "in" => self.in_list(left, true)?,
                    "like" => self.binary(left, "!~~", power)?,
                    "ilike" => self.binary(left, "!~~*", power)?,
                    "between" => Tree::Unary("not".to_owned(), Box::new(self.between(left)?)),
                    "null" => Tree::Unary("is not null".to_owned(), Box::new(left)),
                    _ => return None,
                }
            }
            "in" => self.in_list(left, false)?,
            "like" => self.binary(left, "~~", power)?,
            "ilike" => self.binary(left, "~~*", power)?,
            "between" => self.between(left)?,
            "=" | "<>" if matches!(self.peek(), Some("any" | "all" | "some")) => {
                let word = self.peek()?.to_owned();
                self.at += 1;
                self.take("(").then_some(())?;
                let inner = self.expression(0)?;
                self.take(")").then_some(())?;
                match (inner, operator, word.as_str()) {
                    (Tree::Call(name, items), "=", "any" | "some") if name == "array" => {
                        in_or_equal(left, items, false)
                    }
                    (Tree::Call(name, items), "<>", "all") if name == "array" => {
                        in_or_equal(left, items, true)
                    }
                    (inner, ..) => {
                        let right = Tree::Call(word, vec![inner]);
                        Tree::Binary(operator.to_owned(), Box::new(left), Box::new(right))
                    }
                }
            }
            "and" | "or" => {
                let right = self.expression(power)?;
                let mut items = Vec::new();
                for side in [left, right] {
                    match side {
                        Tree::Many(name, inner) if name == operator => items.extend(inner),
                        other => items.push(other),
                    }
                }
                Tree::Many(operator.to_owned(), items)
            }
            other => self.binary(left, other, power)?,
        })
    }

    fn binary(&mut self, left: Tree, operator: &str, power: u8) -> Option<Tree> {
        let right = self.expression(power)?;
        let mut right = right;
        if matches!(operator, "#>" | "#>>" | "?|" | "?&") {
            settle_array(&mut right);
        }
        Some(Tree::Binary(operator.to_owned(), Box::new(left), Box::new(right)))
    }

    fn between(&mut self, left: Tree) -> Option<Tree> {
        let low = self.expression(5)?;
        self.take("and").then_some(())?;
        let high = self.expression(5)?;
        let at_least = Tree::Binary(">=".to_owned(), Box::new(left.clone()), Box::new(low));
        let at_most = Tree::Binary("<=".to_owned(), Box::new(left), Box::new(high));
        Some(Tree::Many("and".to_owned(), vec![at_least, at_most]))
    }

    fn in_list(&mut self, left: Tree, not: bool) -> Option<Tree> {
        self.take("(").then_some(())?;
        let items = self.list(")")?;
        Some(in_or_equal(left, items, not))
    }

    fn list(&mut self, close: &str) -> Option<Vec<Tree>> {
        let mut items = Vec::new();
        if self.take(close) {
            return Some(items);
        }
        loop {
            items.push(self.expression(0)?);
            if self.take(close) {
                return Some(items);
            }
            self.take(",").then_some(())?;
        }
    }

    fn prefix(&mut self) -> Option<Tree> {
        let token = self.peek()?.to_owned();
        self.at += 1;
        Some(match token.as_str() {
            "(" => {
                let first = self.expression(0)?;
                if self.take(")") {
                    return Some(first);
                }
                self.take(",").then_some(())?;
                let mut items = vec![first];
                items.extend(self.list(")")?);
                Tree::Call("row".to_owned(), items)
            }
            "not" => {
                let inner = self.expression(3)?;
                match inner {
                    Tree::In(left, items, false) => Tree::In(left, items, true),
                    inner => Tree::Unary("not".to_owned(), Box::new(inner)),
                }
            }
            "-" | "+" | "~" => {
                let inner = self.expression(11)?;
                match (&inner, token.as_str()) {
                    (Tree::Atom(text), "-") if text.starts_with(|c: char| c.is_ascii_digit()) => {
                        Tree::Atom(format!("-{text}"))
                    }
                    _ => Tree::Unary(token, Box::new(inner)),
                }
            }
            "cast" if self.take("(") => {
                let inner = self.expression(0)?;
                self.take("as").then_some(())?;
                self.type_name()?;
                self.take(")").then_some(())?;
                inner
            }
            "array" if self.take("[") => Tree::Call("array".to_owned(), self.list("]")?),
            "case" => self.case()?,
            "interval" | "timestamp" | "date" | "time"
                if self.peek().is_some_and(|t| t.starts_with('\'')) =>
            {
                self.prefix()?
            }
            word if word.starts_with(|c: char| c.is_ascii_digit() || c == '\'' || c == '.') => {
                Tree::Atom(token)
            }
            "current_timestamp" | "localtimestamp" => {
                if self.take("(") {
                    self.list(")")?;
                }
                Tree::Call("now".to_owned(), Vec::new())
            }
            word if word
                .starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '"' || !c.is_ascii()) =>
            {
                let mut name = token;
                let mut column = None;
                while self.take(".") {
                    let part = self.peek()?.to_owned();
                    self.at += 1;
                    name = format!("{name}.{part}");
                    column = Some(part);
                }
                if self.take("(") {
                    if let Some(words) = self.in_words(&name) {
                        return words;
                    }
                    let mut items = self.list(")")?;
                    let name = match name.split_once('.') {
                        Some((schema, plain)) if schema == "pg_catalog" || Some(schema) == self.schema => {
                            plain.to_owned()
                        }
                        _ => name,
                    };
                    if name.starts_with("jsonb_path_") {
                        items.iter_mut().skip(1).take(1).for_each(settle_path);
                    }
                    Tree::Call(name, items)
                } else {
                    // A check, a default, an index name columns of their own table only, so the table says nothing.
                    Tree::Atom(column.unwrap_or(name))
                }
            }
            "*" => Tree::Atom(token),
            _ => return None,
        })
    }

    /// Reads the arguments of a function that SQL gives words instead of commas, as PostgreSQL prints them too
    /// (`TRIM(BOTH FROM x)`); `None`: it is called as any other.
    fn in_words(&mut self, name: &str) -> Option<Option<Tree>> {
        let start = self.at;
        let found = match name {
            "trim" => self.trimmed(),
            "substring" | "\"substring\"" => self.with_words(&["from", "for"]),
            "overlay" => self.with_words(&["placing", "from", "for"]),
            "position" => self.position(),
            "extract" => self.extracted(),
            _ => return None,
        };
        if found.is_none() {
            self.at = start;
            return None;
        }
        let name = name.trim_matches('"');
        Some(found.map(|items| Tree::Call(name.to_owned(), items)))
    }

    /// `[BOTH | LEADING | TRAILING] [characters] FROM text`, or `text [, characters]`.
    fn trimmed(&mut self) -> Option<Vec<Tree>> {
        let side = ["leading", "trailing"].into_iter().find(|side| self.take(side));
        let side = side.map(|side| Tree::Atom(side.to_owned()));
        let is_both = side.is_none() && self.take("both");
        let mut items = if self.take("from") {
            vec![self.expression(0)?]
        } else {
            let first = self.expression(0)?;
            if self.take("from") {
                vec![self.expression(0)?, first]
            } else if is_both || side.is_some() {
                return None;
            } else {
                let mut items = vec![first];
                if self.take(",") {
                    items.push(self.expression(0)?);
                }
                items
            }
        };
        items.extend(side);
        self.take(")").then_some(items)
    }

    /// Arguments behind words, or behind commas.
    fn with_words(&mut self, words: &[&str]) -> Option<Vec<Tree>> {
        let mut items = vec![self.expression(0)?];
        for word in words {
            if self.take(word) || self.take(",") {
                items.push(self.expression(0)?);
            }
        }
        self.take(")").then_some(items)
    }

    /// `part IN text`, or `part, text`.
    fn position(&mut self) -> Option<Vec<Tree>> {
        let part = self.expression(5)?;
        (self.take("in") || self.take(",")).then_some(())?;
        let items = vec![part, self.expression(0)?];
        self.take(")").then_some(items)
    }

    /// `field FROM source`.
    fn extracted(&mut self) -> Option<Vec<Tree>> {
        let field = self.peek()?.trim_matches('\'').to_owned();
        self.at += 1;
        self.take("from").then_some(())?;
        let items = vec![Tree::Atom(field), self.expression(0)?];
        self.take(")").then_some(items)
    }

    fn case(&mut self) -> Option<Tree> {
        let mut items = Vec::new();
        if self.peek() != Some("when") {
            items.push(self.expression(0)?);
        }
        loop {
            if self.take("when") {
                items.push(self.expression(0)?);
                self.take("then").then_some(())?;
                items.push(self.expression(0)?);
            } else if self.take("else") {
                items.push(self.expression(0)?);
            } else {
                self.take("end").then_some(())?;
                return Some(Tree::Call("case".to_owned(), items));
            }
        }
    }

    /// Passes over the name of a type: words, arguments, brackets.
    fn type_name(&mut self) -> Option<()> {
        let first = self.peek()?;
        first.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '"').then_some(())?;
        let first = first.to_owned();
        self.at += 1;
        while self.take(".") {
            self.at += 1;
        }
        if matches!(first.as_str(), "character" | "bit") {
            self.take("varying");
        }
        if first == "double" {
            self.take("precision");
        }
        if self.take("(") {
            self.list(")")?;
        }
        if matches!(first.as_str(), "timestamp" | "time") && (self.take("with") || self.take("without")) {
            (self.take("time") && self.take("zone")).then_some(())?;
        }
        while self.take("[") {
            self.take("]").then_some(())?;
        }
        Some(())
    }
}

/// Writes a path of `jsonpath` without the freedoms that PostgreSQL takes away when it prints one: blanks, quotes
/// around plain keys, `<>` for `!=`.
fn settle_path(item: &mut Tree) {
    static KEY: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"\."([A-Za-z_][A-Za-z0-9_]*)""#).expect("the pattern is valid"));
    let Tree::Atom(text) = item else { return };
    let Some(inner) = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')) else { return };
    let plain = KEY.replace_all(inner, ".$1");
    // What stands between quotes is data.
    let parts = plain.split('"').enumerate().map(|(at, part)| match at % 2 {
        0 => part.split_whitespace().collect::<String>().replace("<>", "!="),
        _ => part.to_owned(),
    });
    *text = format!("'{}'", parts.collect::<Vec<_>>().join("\""));
}

/// Writes the literal of a list of texts as PostgreSQL prints it: without blanks around the items, in quotes only where an
/// item needs them.
fn settle_array(item: &mut Tree) {
    let Tree::Atom(text) = item else { return };
    let Some(inner) = text.strip_prefix("'{").and_then(|t| t.strip_suffix("}'")) else { return };
    if inner.contains(['{', '\\', '\'']) {
        return;
    }
    let is_plain = |c: char| c.is_alphanumeric() || c == '_';
    let mut items = Vec::new();
    for item in inner.split(',') {
        let item = item.trim();
        let bare = item.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(item);
        if bare.is_empty() || !bare.chars().all(is_plain) || bare.eq_ignore_ascii_case("null") {
            return;
        }
        items.push(bare);
    }
    *text = format!("'{{{}}}'", items.join(","));
}

/// A list with one item is an equation to PostgreSQL.
fn in_or_equal(left: Tree, mut items: Vec<Tree>, not: bool) -> Tree {
    if items.len() == 1
        && let Some(only) = items.pop()
    {
        let operator = if not { "<>" } else { "=" };
        return Tree::Binary(operator.to_owned(), Box::new(left), Box::new(only));
    }
    Tree::In(Box::new(left), items, not)
}

#[cfg(test)]
mod tests {
    use super::{normalized, with_in_lists};
    use crate::model::Dialect;

    fn same(a: &str, b: &str) {
        assert_eq!(normalized(a, Dialect::PostgreSql), normalized(b, Dialect::PostgreSql), "{a}\n{b}");
    }

    fn differ(a: &str, b: &str) {
        assert_ne!(normalized(a, Dialect::PostgreSql), normalized(b, Dialect::PostgreSql), "{a}\n{b}");
    }

    #[test]
    fn what_postgresql_prints_is_what_it_was_told() {
        same(
            "status IN ('a', 'b')",
            "((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
        );
        same("status IN ('a')", "((status)::text = 'a'::text)");
        same("x NOT IN (1, 2)", "(x <> ALL (ARRAY[1, 2]))");
        same("x BETWEEN 1 AND 5", "((x >= 1) AND (x <= 5))");
        same("a IS NOT NULL AND b > 0 AND c", "(((a IS NOT NULL) AND (b > 0)) AND c)");
        same("name LIKE 'x%'", "((name)::text ~~ 'x%'::text)");
        same("'a'", "'a'::character varying");
        same("-1", "(-1)");
        same("CURRENT_TIMESTAMP", "now()");
        same("lower(name)", "lower((name)::text)");
        same("is_deleted = false", "(is_deleted = false)");
        same("CAST(x AS integer) > 1", "x::int > 1");
        same(
            "lower(users.name) = 'a' AND \"users\".state = 1",
            "((lower(name) = 'a'::text) AND (state = 1))",
        );
        same(
            "not jsonb_path_exists(x, '$.* ? (@.type() <> \"a b\")')",
            "(NOT jsonb_path_exists(x, '$.*?(@.type() != \"a b\")'::jsonpath))",
        );
        same("uuid_generate_v4()", "public.uuid_generate_v4()");
        same("length(trim(x)) > 0", "(length(TRIM(BOTH FROM (x)::text)) > 0)");
        same("trim(x, 'a')", "TRIM(BOTH 'a'::text FROM x)");
        same("trim(leading from x) = ''", "(TRIM(LEADING FROM x) = ''::text)");
        same("substring(x from 1 for 2) = 'a'", "(\"substring\"((x)::text, 1, 2) = 'a'::text)");
        same("position('@' in x) > 1", "(POSITION(('@'::text) IN (x)) > 1)");
        same("extract(year from at) > 2000", "(EXTRACT(year FROM at) > (2000)::numeric)");
        same("x NOT LIKE E'%\\t%'", "((x)::text !~~ '%\t%'::text)");
        differ("uuid_generate_v4()", "other.uuid_generate_v4()");
        same("name = 'a' AND b", "((name OPERATOR(public.=) 'a'::public.citext) AND b)");
        same("doc #>> '{a, \"b\", 1}'", "(doc #>> '{a,b,1}'::text[])");
        same("jsonb_path_exists(x, '$.a')", "jsonb_path_exists(x, '$.\"a\"'::jsonpath)");
    }

    #[test]
    fn printed_lists_are_written_as_lists() {
        let printed =
            "((kind)::text = ANY ((ARRAY['a'::character varying, 'it''s'::character varying])::text[]))";
        assert_eq!(with_in_lists(printed), "kind IN ('a', 'it''s')");
        same(printed, &with_in_lists(printed));
        assert_eq!(with_in_lists(&printed[1..printed.len() - 1]), "kind IN ('a', 'it''s')");
        let not = "((kind)::text <> ALL ((ARRAY['a'::character varying])::text[]))";
        assert_eq!(with_in_lists(&format!("(x AND {not})")), "(x AND kind NOT IN ('a'))");
        assert_eq!(with_in_lists("kind = ANY (ARRAY['a'::text])"), "kind = ANY (ARRAY['a'::text])");
    }

    #[test]
    fn what_differs_stays_different() {
        differ("a AND b OR c", "a AND (b OR c)");
        differ("a = 1", "a = 2");
        differ("trim(leading from x)", "trim(x)");
        differ("trim(x)", "trim(both 'a' from x)");
        differ("a = '1'", "a = 1");
        differ("x IN (1, 2)", "x NOT IN (1, 2)");
        differ("a - b - c", "a - (b - c)");
        differ("\"A\" = 1", "a = 1");
        differ("'a.b'", "'b'");
        differ("doc #>> '{a, b}'", "doc #>> '{a, c}'");
        differ("doc #>> '{\"a b\"}'", "doc #>> '{ab}'");
        differ("jsonb_path_exists(x, '$.a ? (@ == \"a b\")')", "jsonb_path_exists(x, '$.a ? (@ == \"ab\")')");
    }

    #[test]
    fn what_cannot_be_read_is_compared_as_it_is() {
        same("select ( 1", "select (  1");
        differ("select ( 1", "select ( 2");
        let deep = "(".repeat(100_000);
        let _ = normalized(&deep, Dialect::PostgreSql);
    }
}
