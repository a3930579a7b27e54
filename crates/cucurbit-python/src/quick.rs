//! A quick way through ordinary files: only new kinds of line are parsed.
//!
//! Whether a logical line is valid Python depends on its *shape* alone: its tokens with every plain
//! name, string and number taken for any other. Migrations repeat the same shapes thousands of
//! times, so each shape is shown to the parser once and remembered; so are whole lines, for what
//! Alembic's template writes stands in every file. Anything out of the ordinary
//! (other alternatives of a block, string prefixes, escapes, tabs, characters of other alphabets
//! outside strings) gives up, and the file is parsed as a whole; the answers are the same, and a
//! test holds them together.

use crate::module::{Binding, Function, Module, StringLiteral};
use crate::value::{Item, Unknown, Value};
use cucurbit_text::Span;
use ruff_python_ast::PySourceType;
use ruff_python_parser::parse_unchecked_source;
use rustc_hash::{FxHashSet, FxHasher};
use std::cell::RefCell;
use std::hash::Hasher;

/// Lines with more tokens are left to the parser.
const MAX_TOKENS: usize = 400;
/// Brackets deeper than this are left to the parser.
const MAX_BRACKETS: usize = 40;
/// How many shapes a thread remembers.
const MAX_SHAPES: usize = 20_000;

const NAME: u8 = 1;
const STRING: u8 = 2;
const NUMBER: u8 = 3;
const FIRST_KEYWORD: u8 = 0x80;

/// Words that are no plain names: keywords, and the soft ones that begin a statement.
const KEYWORDS: [&str; 40] = [
    "False",
    "None",
    "True",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
    "match",
    "case",
    "type",
    "lazy",
    "__debug__",
];

#[derive(Debug, Clone, Copy)]
struct Token {
    kind: u8,
    start: u32,
    end: u32,
}

thread_local! {
    static VALID_SHAPES: RefCell<FxHashSet<Box<[u8]>>> = RefCell::new(FxHashSet::default());
    static LINES: RefCell<Lines> = RefCell::new(Lines::default());
}

/// Reads a module when all of it is ordinary; with `names`, what binds others is left out.
pub(crate) fn read(text: &str, names: Option<&'static [&'static str]>) -> Option<Module> {
    let bytes = text.as_bytes();
    if text.len() > (1 << 20)
        || memchr::memchr3(b'\r', b'\t', 0, bytes).is_some()
        || text.starts_with('\u{feff}')
    {
        return None;
    }
    LINES.with_borrow_mut(|lines| {
        if lines.names != names {
            *lines = Lines { names, ..Lines::default() };
        }
        read_with(lines, text)
    })
}

fn read_with(lines: &mut Lines, text: &str) -> Option<Module> {
    let mut lexer = Lexer { text, bytes: text.as_bytes(), at: 0, tokens: Vec::with_capacity(64) };
    let mut blocks = Blocks { widths: vec![0], expects_indent: false };
    let mut module = Module::default();
    let mut shape = Vec::with_capacity(128);
    let mut is_first = true;
    while let Some(width) = lexer.indentation() {
        blocks.enter(width)?;
        let start = lexer.at;
        let end = lexer.line_end();
        let (hash, known) = lines.find(&lexer.bytes[start..end], width == 0);
        if let Some(known) = known {
            blocks.expects_indent = known.opens;
            known.repeat(start, &mut module);
            lexer.at = (end + 1).min(text.len());
            is_first = false;
            continue;
        }
        lexer.logical_line()?;
        let tokens = &lexer.tokens;
        let opens = opens_block(tokens)?;
        blocks.expects_indent = opens;
        if !is_valid(text, tokens, opens, &mut shape) {
            return None;
        }
        let before = (module.bindings.len(), module.functions.len());
        if width == 0 {
            Statement { text, tokens, opens, is_first, names: lines.names }.collect(&mut module)?;
        }
        // A string may be the docstring, which depends on what stands before it.
        let is_string = tokens.first().is_some_and(|token| token.kind == STRING);
        if lexer.at == end + 1 && (width > 0 || !is_string) {
            lines.keep(hash, &text[start..end], || KnownLine::of(&module, before, start, opens));
        }
        is_first = false;
    }
    (!blocks.expects_indent).then_some(module)
}

/// How many lines a thread remembers, at most.
const MAX_LINES: usize = 1024;
/// Longer lines are not remembered.
const MAX_LINE: usize = 200;

/// Logical lines of one line of text that were met twice: most of a migration is what Alembic's template writes.
#[derive(Debug, Default)]
struct Lines {
    /// The names that are of interest; all when not said.
    names: Option<&'static [&'static str]>,
    slots: Vec<Slot>,
}

/// The line last met of those that share a slot.
#[derive(Debug, Clone, Default)]
struct Slot {
    hash: u64,
    line: Option<(Box<str>, KnownLine)>,
}

/// What a line does, its spans counted from its beginning.
#[derive(Debug, Clone)]
struct KnownLine {
    opens: bool,
    bindings: Vec<Binding>,
    functions: Vec<Function>,
}

impl Lines {
    /// Returns what the line does where that is known. Lines of the top level bind names, so that they are kept apart.
    fn find(&self, line: &[u8], is_top: bool) -> (u64, Option<&KnownLine>) {
        if line.len() > MAX_LINE {
            return (0, None);
        }
        let mut hasher = FxHasher::default();
        hasher.write(line);
        hasher.write_u8(u8::from(is_top));
        // Never that of an empty slot.
        let hash = hasher.finish() | 1;
        let known = self.slots.get(slot_of(hash)).filter(|slot| slot.hash == hash);
        let known = known.and_then(|slot| slot.line.as_ref()).filter(|(text, _)| text.as_bytes() == line);
        (hash, known.map(|(_, known)| known))
    }

    /// Remembers a line, if it was the last one met in its slot.
    fn keep(&mut self, hash: u64, line: &str, known: impl FnOnce() -> KnownLine) {
        if line.len() > MAX_LINE {
            return;
        }
        self.slots.resize(MAX_LINES, Slot::default());
        let slot = &mut self.slots[slot_of(hash)];
        if slot.hash == hash {
            slot.line = Some((line.into(), known()));
        } else {
            *slot = Slot { hash, line: None };
        }
    }
}

fn slot_of(hash: u64) -> usize {
    (hash >> 32) as usize % MAX_LINES
}

impl KnownLine {
    /// Takes what one line has added to a module.
    fn of(module: &Module, before: (usize, usize), start: usize, opens: bool) -> Self {
        let mut known = Self {
            opens,
            bindings: module.bindings[before.0..].to_vec(),
            functions: module.functions[before.1..].to_vec(),
        };
        let start = Span::of(start, start).start;
        let behind = |span: Span| Span::new(span.start - start, span.end - start);
        known.bindings.iter_mut().for_each(|binding| move_binding(binding, behind));
        known.functions.iter_mut().for_each(|function| function.name_span = behind(function.name_span));
        known
    }

    /// Adds to a module what the line adds to it where it begins at `start`.
    fn repeat(&self, start: usize, module: &mut Module) {
        if self.bindings.is_empty() && self.functions.is_empty() {
            return;
        }
        let start = Span::of(start, start).start;
        let at = |span: Span| Span::new(span.start + start, span.end + start);
        module.bindings.extend(self.bindings.iter().map(|binding| {
            let mut binding = binding.clone();
            move_binding(&mut binding, at);
            binding
        }));
        module.functions.extend(self.functions.iter().map(|function| {
            let mut function = function.clone();
            function.name_span = at(function.name_span);
            function
        }));
    }
}

fn move_binding(binding: &mut Binding, to: impl Fn(Span) -> Span) {
    binding.name_span = to(binding.name_span);
    binding.value_span = to(binding.value_span);
    if let Value::Tuple(items) | Value::List(items) = &mut binding.value {
        items.iter_mut().for_each(|item| item.span = to(item.span));
    }
}

/// The indentation of the blocks that are open.
struct Blocks {
    widths: Vec<usize>,
    expects_indent: bool,
}

impl Blocks {
    fn enter(&mut self, width: usize) -> Option<()> {
        let top = *self.widths.last()?;
        if self.expects_indent {
            self.widths.push(width);
            return (width > top && self.widths.len() < 90).then_some(());
        }
        while *self.widths.last()? > width {
            self.widths.pop();
        }
        (*self.widths.last()? == width).then_some(())
    }
}

/// Tells whether a block must follow; gives up on lines that mean something only beside others.
fn opens_block(tokens: &[Token]) -> Option<bool> {
    let (first, last) = (tokens.first()?, tokens.last()?);
    match keyword(first.kind) {
        Some(
            "elif" | "else" | "except" | "finally" | "try" | "match" | "case" | "lazy" | "type" | "async",
        ) => None,
        Some("def" | "class" | "if" | "for" | "while" | "with") => Some(last.kind == b':'),
        _ if first.kind == b'@' => None,
        _ => (last.kind != b':').then_some(false),
    }
}

/// Whether a byte may stand in a plain name.
static IS_WORD: [bool; 256] = {
    let mut found = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let it = byte as u8;
        found[byte] = it.is_ascii_alphanumeric() || it == b'_';
        byte += 1;
    }
    found
};

/// For each byte the keywords that begin with it, and for each length those that have it: one bit for each keyword.
static KEYWORDS_BY_FIRST: [u64; 256] = {
    let mut found = [0; 256];
    let mut index = 0;
    while index < KEYWORDS.len() {
        found[KEYWORDS[index].as_bytes()[0] as usize] |= 1 << index;
        index += 1;
    }
    found
};
static KEYWORDS_BY_LENGTH: [u64; 10] = {
    let mut found = [0; 10];
    let mut index = 0;
    while index < KEYWORDS.len() {
        found[KEYWORDS[index].len()] |= 1 << index;
        index += 1;
    }
    found
};

/// The words of one length that begin alike are few, so only they are compared.
fn word_kind(word: &str) -> u8 {
    let of_length = KEYWORDS_BY_LENGTH.get(word.len()).copied().unwrap_or(0);
    let mut left = of_length & KEYWORDS_BY_FIRST[usize::from(word.as_bytes()[0])];
    while left != 0 {
        let index = left.trailing_zeros();
        if KEYWORDS[index as usize] == word {
            return FIRST_KEYWORD + index as u8;
        }
        left &= left - 1;
    }
    NAME
}

fn keyword(kind: u8) -> Option<&'static str> {
    KEYWORDS.get(kind.checked_sub(FIRST_KEYWORD)? as usize).copied()
}

/// Tells whether the parser takes lines of this shape.
fn is_valid(text: &str, tokens: &[Token], opens: bool, shape: &mut Vec<u8>) -> bool {
    shape.clear();
    shape.extend(tokens.iter().map(|token| token.kind));
    VALID_SHAPES.with_borrow_mut(|known| {
        if known.contains(shape.as_slice()) {
            return true;
        }
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return false };
        let mut line = text[first.start as usize..last.end as usize].to_owned();
        if opens {
            line.push_str("\n  pass");
        }
        let valid = parse_unchecked_source(&line, PySourceType::Python).has_no_syntax_errors();
        if valid {
            if known.len() >= MAX_SHAPES {
                known.clear();
            }
            known.insert(shape.as_slice().into());
        }
        valid
    })
}

struct Lexer<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    /// Reads the tokens of the logical line that begins here, or gives up.
    fn logical_line(&mut self) -> Option<()> {
        self.tokens.clear();
        let mut brackets: Vec<u8> = Vec::new();
        while let Some(&byte) = self.bytes.get(self.at) {
            let start = self.at;
            match byte {
                b' ' => self.at += 1,
                b'#' => self.at = self.line_end(),
                b'\n' => {
                    self.at += 1;
                    if brackets.is_empty() {
                        return Some(());
                    }
                }
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word()?,
                b'0'..=b'9' => self.number()?,
                b'"' | b'\'' => self.string()?,
                b'(' | b'[' | b'{' => {
                    brackets.push(closing(byte));
                    self.push(byte, start, 1);
                }
                b')' | b']' | b'}' => {
                    if brackets.pop()? != byte {
                        return None;
                    }
                    self.push(byte, start, 1);
                }
                b'.' | b',' | b':' | b'=' | b';' | b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>' | b'@'
                | b'|' | b'&' => {
                    // `.5` is a number to Python; operators of several characters are kept as the
                    // characters they are made of, with what stands between them.
                    if byte == b'.' && self.bytes.get(start + 1).is_some_and(u8::is_ascii_digit) {
                        return None;
                    }
                    self.operator(byte)?;
                }
                b'!' if self.bytes.get(start + 1) == Some(&b'=') => self.push(b'!', start, 2),
                _ => return None,
            }
            if self.tokens.len() > MAX_TOKENS || brackets.len() > MAX_BRACKETS {
                return None;
            }
        }
        brackets.is_empty().then_some(())
    }

    /// Skips blank lines and comments; returns the indentation of the next line with code.
    fn indentation(&mut self) -> Option<usize> {
        loop {
            let width = self.bytes[self.at..].iter().take_while(|b| **b == b' ').count();
            match self.bytes.get(self.at + width)? {
                b'\n' => self.at += width + 1,
                b'#' => {
                    self.at += width;
                    self.at = self.line_end();
                    if self.at < self.bytes.len() {
                        self.at += 1;
                    }
                }
                _ => {
                    self.at += width;
                    return Some(width);
                }
            }
        }
    }

    fn line_end(&self) -> usize {
        memchr::memchr(b'\n', &self.bytes[self.at..]).map_or(self.bytes.len(), |found| self.at + found)
    }

    fn push(&mut self, kind: u8, start: usize, length: usize) {
        self.at = start + length;
        let span = Span::of(start, self.at);
        self.tokens.push(Token { kind, start: span.start, end: span.end });
    }

    /// An operator of two or three characters becomes one token of a kind of its own; two operators
    /// that touch without being one (`=-`) stay two.
    fn operator(&mut self, byte: u8) -> Option<()> {
        let second = self.bytes.get(self.at + 1).copied().unwrap_or(b' ');
        if !matches!(second, b'=' | b'>' | b'<' | b'*' | b'/' | b'.') {
            self.push(byte, self.at, 1);
            return Some(());
        }
        let rest = &self.bytes[self.at..];
        let known: [(&[u8], u8); 17] = [
            (b"...", 0x0f),
            (b"->", 0x10),
            (b"==", 0x11),
            (b"<=", 0x12),
            (b">=", 0x13),
            (b"**", 0x14),
            (b"//", 0x15),
            (b":=", 0x16),
            (b"+=", 0x17),
            (b"-=", 0x18),
            (b"*=", 0x19),
            (b"/=", 0x1a),
            (b"%=", 0x1b),
            (b"|=", 0x1c),
            (b"&=", 0x1d),
            (b"<<", 0x1e),
            (b">>", 0x1f),
        ];
        let found = known.iter().find(|(text, _)| rest.starts_with(text));
        match found {
            Some(_)
                if rest.starts_with(b"**=")
                    || rest.starts_with(b"//=")
                    || rest.starts_with(b"<<=")
                    || rest.starts_with(b">>=") =>
            {
                None
            }
            Some((text, kind)) => {
                self.push(*kind, self.at, text.len());
                Some(())
            }
            None if rest.starts_with(b"@=") || rest.starts_with(b"<>") => None,
            None => {
                self.push(byte, self.at, 1);
                Some(())
            }
        }
    }

    fn word(&mut self) -> Option<()> {
        let start = self.at;
        let is_word = |b: &u8| IS_WORD[usize::from(*b)];
        let length = self.bytes[start..].iter().take_while(|b| is_word(b)).count();
        let word = &self.text[start..start + length];
        // A prefix of a string, or a name that goes on in another alphabet.
        if self.bytes.get(start + length).is_some_and(|b| matches!(b, b'"' | b'\'') || *b >= 0x80) {
            return None;
        }
        self.push(word_kind(word), start, length);
        Some(())
    }

    /// Whole numbers and simple fractions; what touches a name is left to the parser.
    fn number(&mut self) -> Option<()> {
        let start = self.at;
        let digits = |from: usize| self.bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        let whole = digits(start);
        if self.bytes[start] == b'0' && whole > 1 {
            return None;
        }
        let mut length = whole;
        if self.bytes.get(start + length) == Some(&b'.') {
            length += 1 + digits(start + length + 1);
        }
        let next = self.bytes.get(start + length);
        if next.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'.' || *b >= 0x80) {
            return None;
        }
        self.push(NUMBER, start, length);
        Some(())
    }

    /// Strings without a backslash.
    fn string(&mut self) -> Option<()> {
        let start = self.at;
        let quote = self.bytes[start];
        let triple = self.bytes[start..].starts_with(&[quote; 3]);
        let end = if triple {
            let close = memchr::memmem::find(&self.bytes[start + 3..], &[quote; 3])?;
            start + close + 6
        } else {
            let close = memchr::memchr2(quote, b'\n', &self.bytes[start + 1..])? + start + 1;
            if self.bytes[close] != quote {
                return None;
            }
            close + 1
        };
        if memchr::memchr(b'\\', &self.bytes[start..end]).is_some() {
            return None;
        }
        self.push(STRING, start, end - start);
        Some(())
    }
}

fn closing(open: u8) -> u8 {
    match open {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

/// Splits `a.b as c` into the path and the name behind `as`.
fn split_alias(tokens: &[Token]) -> Option<(&[Token], Option<&Token>)> {
    match tokens {
        [] => None,
        [path @ .., middle, name] if keyword(middle.kind) == Some("as") => Some((path, Some(name))),
        path => Some((path, None)),
    }
}

/// A logical line of the top level.
struct Statement<'s> {
    text: &'s str,
    tokens: &'s [Token],
    opens: bool,
    is_first: bool,
    names: Option<&'static [&'static str]>,
}

impl Statement<'_> {
    fn is_wanted(&self, name: &str) -> bool {
        self.names.is_none_or(|names| names.contains(&name))
    }

    fn collect(&self, module: &mut Module) -> Option<()> {
        let first = self.tokens.first()?;
        // A statement may end in a semicolon; where another follows, the whole parse is asked.
        if let Some(at) = self.tokens.iter().position(|token| token.kind == b';') {
            if at + 1 < self.tokens.len() || at == 0 {
                return None;
            }
            return Statement { tokens: &self.tokens[..at], ..*self }.collect(module);
        }
        match keyword(first.kind) {
            Some("def") => self.function(module),
            Some("class") => self.class(module),
            Some("import" | "from") => self.import(module),
            Some("if" | "for" | "while" | "with") => None,
            _ if self.opens => None,
            _ if self.tokens.len() == 1 && first.kind == STRING => {
                if self.is_first {
                    module.docstring =
                        Some(StringLiteral { value: self.string(first).to_owned(), span: self.span(0, 0) });
                }
                Some(())
            }
            _ if first.kind == NAME => self.assignment(module),
            // Anything else may need the names bound before it, which are not kept here.
            _ => None,
        }
    }

    fn word(&self, token: &Token) -> &str {
        &self.text[token.start as usize..token.end as usize]
    }

    fn string(&self, token: &Token) -> &str {
        let literal = self.word(token);
        let quotes = if literal.starts_with("\"\"\"") || literal.starts_with("'''") { 3 } else { 1 };
        &literal[quotes..literal.len() - quotes]
    }

    fn span(&self, from: usize, to: usize) -> Span {
        Span::new(self.tokens[from].start, self.tokens[to].end)
    }

    fn function(&self, module: &mut Module) -> Option<()> {
        let name = self.tokens.get(1).filter(|token| token.kind == NAME)?;
        self.bind(module, name, Value::Unknown(Unknown::NotAssigned), self.span(1, 1));
        module.functions.push(Function {
            name: self.word(name).to_owned(),
            name_span: self.span(1, 1),
            conditional: false,
        });
        Some(())
    }

    fn class(&self, module: &mut Module) -> Option<()> {
        let name = self.tokens.get(1).filter(|token| token.kind == NAME)?;
        self.bind(module, name, Value::Unknown(Unknown::NotAssigned), self.span(1, 1));
        Some(())
    }

    fn bind(&self, module: &mut Module, name: &Token, value: Value, value_span: Span) {
        self.bind_at(module, self.word(name), Span::new(name.start, name.end), value, value_span);
    }

    fn bind_at(&self, module: &mut Module, name: &str, name_span: Span, value: Value, value_span: Span) {
        if !self.is_wanted(name) {
            return;
        }
        module.bindings.push(Binding {
            name: name.to_owned(),
            name_span,
            value,
            value_span,
            conditional: false,
            deletes: false,
        });
    }

    /// Every form of `import` and `from`; the shape has been found valid already.
    fn import(&self, module: &mut Module) -> Option<()> {
        if keyword(self.tokens[0].kind) == Some("from") {
            return self.import_from(module);
        }
        for alias in self.tokens[1..].split(|token| token.kind == b',') {
            let (path, asname) = split_alias(alias)?;
            let name: String = path.iter().map(|token| self.word(token)).collect();
            let top = self.word(path.first()?).to_owned();
            // `import a.b` binds `a`; `import a.b as c` binds the inner module.
            let (bound, named) = match asname {
                Some(token) => (self.word(token).to_owned(), name),
                None => (top.clone(), top),
            };
            let place = Span::new(alias.first()?.start, alias.last()?.end);
            let value = Value::Unknown(Unknown::Imported { module: named, name: String::new() });
            self.bind_at(module, &bound, place, value, place);
        }
        Some(())
    }

    fn import_from(&self, module: &mut Module) -> Option<()> {
        let import = self.tokens.iter().position(|token| keyword(token.kind) == Some("import"))?;
        let source: String = self.tokens[1..import].iter().map(|token| self.word(token)).collect();
        let names = match &self.tokens[import + 1..] {
            [open, inner @ .., close] if open.kind == b'(' && close.kind == b')' => inner,
            names => names,
        };
        for alias in names.split(|token| token.kind == b',').filter(|alias| !alias.is_empty()) {
            let (path, asname) = split_alias(alias)?;
            let [token] = path else { return None };
            if token.kind != NAME {
                return None; // A star.
            }
            let name = self.word(token).to_owned();
            let bound = asname.map_or_else(|| name.clone(), |token| self.word(token).to_owned());
            let place = Span::new(alias.first()?.start, alias.last()?.end);
            let value = Value::Unknown(Unknown::Imported { module: source.clone(), name });
            self.bind_at(module, &bound, place, value, place);
        }
        Some(())
    }

    /// `name = value` and `name: annotation = value` with a literal on the right.
    fn assignment(&self, module: &mut Module) -> Option<()> {
        let equals = match self.tokens.get(1)?.kind {
            b'=' => 1,
            b':' => self.tokens.iter().position(|token| token.kind == b'=')?,
            _ => return None,
        };
        let right = &self.tokens[equals + 1..];
        let (value, from, to) = self.literal(right)?;
        let base = equals + 1;
        self.bind(module, &self.tokens[0], value, self.span(base + from, base + to));
        Some(())
    }

    fn literal(&self, tokens: &[Token]) -> Option<(Value, usize, usize)> {
        match tokens {
            [only] => Some((self.scalar(only)?, 0, 0)),
            [open, inner @ .., close] if open.kind == b'(' && close.kind == b')' => match inner {
                [] => Some((Value::Tuple(Vec::new()), 0, 1)),
                // Parentheses around one value are not part of it.
                [only] => Some((self.scalar(only)?, 1, 1)),
                _ => Some((Value::Tuple(self.items(inner)?), 0, tokens.len() - 1)),
            },
            [open, inner @ .., close] if open.kind == b'[' && close.kind == b']' => {
                Some((Value::List(self.items(inner)?), 0, tokens.len() - 1))
            }
            _ => None,
        }
    }

    fn items(&self, tokens: &[Token]) -> Option<Vec<Item>> {
        let mut items = Vec::with_capacity(tokens.len() / 2 + 1);
        for (at, token) in tokens.iter().enumerate() {
            if at % 2 == 0 {
                items.push(Item { value: self.scalar(token)?, span: Span::new(token.start, token.end) });
            } else if token.kind != b',' {
                return None;
            }
        }
        Some(items)
    }

    fn scalar(&self, token: &Token) -> Option<Value> {
        match token.kind {
            STRING => Some(Value::Str(self.string(token).to_owned())),
            _ => match keyword(token.kind)? {
                "None" => Some(Value::None),
                "True" => Some(Value::Bool(true)),
                "False" => Some(Value::Bool(false)),
                _ => None,
            },
        }
    }
}
