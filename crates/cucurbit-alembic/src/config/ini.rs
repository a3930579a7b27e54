//! Reads an ini file as Python's ConfigParser does in its strict mode, and goes on where that stops.
//!
//! Nothing is interpolated here: see `interpolation`.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;

use super::decode::Decoded;
use super::problem::{ConfigProblem, ConfigProblemKind, Effect};
use super::python::{is_space, repr, strip_range};
use super::traced::Traced;
use super::{Place, Span};

/// The name of the section that all others inherit from.
pub(super) const DEFAULT: &str = "DEFAULT";

/// Keys by which an `[alembic]` section is Alembic's.
const ALEMBIC_KEYS: [&str; 6] = [
    "script_location",
    "script_locations",
    "version_locations",
    "file_template",
    "prepend_sys_path",
    "sqlalchemy.url",
];

/// A garbage file would give a problem per line; nobody reads more than this.
const MAX_PROBLEMS: usize = 50;

/// An ini file, read.
#[derive(Clone, Debug, Default)]
pub(super) struct Ini {
    pub(super) path: PathBuf,
    decoded: Decoded,
    /// In file order, without `DEFAULT`.
    pub(super) sections: Vec<Section>,
    pub(super) defaults: Section,
    /// Spans are those of the file.
    pub(super) problems: Vec<ConfigProblem>,
    /// Whether the file could not be read at all.
    pub(super) is_unread: bool,
}

/// A section with its own options, by name in lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct Section {
    pub(super) name: String,
    header: Span,
    pub(super) options: BTreeMap<String, IniOption>,
}

/// An option as written.
#[derive(Clone, Debug)]
pub(super) struct IniOption {
    /// The key in the text.
    pub(super) key: Span,
    pub(super) value: Traced,
}

impl Ini {
    /// Reads the bytes of a file. `name` is how messages call it.
    pub(super) fn read(path: PathBuf, bytes: &[u8]) -> Self {
        let decoded = Decoded::new(bytes);
        let mut reader = Reader::new(&path);
        reader.read(&decoded.text);
        let mut ini = Self {
            path,
            sections: reader.sections,
            defaults: reader.defaults,
            problems: Vec::new(),
            is_unread: false,
            decoded,
        };
        if let Some(span) = ini.decoded.first_bad {
            let effect = Effect::Fails { message: not_utf8_message(bytes, span.start) };
            ini.problems.push(ini.problem_in_file(ConfigProblemKind::NotUtf8, span, effect));
        }
        for (kind, span, effect) in reader.problems {
            let problem = ini.problem(kind, span, effect);
            ini.problems.push(problem);
        }
        ini
    }

    /// Returns a file that could not be read.
    pub(super) fn unread(problem: ConfigProblem) -> Self {
        Self { path: problem.file.clone(), problems: vec![problem], is_unread: true, ..Self::default() }
    }

    /// Returns a section by its exact name.
    pub(super) fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// Finds an option of a section, or inherited from `DEFAULT`. An absent section has no options.
    pub(super) fn option(&self, section: &str, name: &str) -> Option<&IniOption> {
        let section = self.section(section)?;
        section.options.get(name).or_else(|| self.defaults.options.get(name))
    }

    /// Whether the file has anything to do with Alembic. Applications have an `[alembic]` of
    /// their own at times: then the file's name or a key must speak for it, too.
    pub(super) fn is_alembic(&self, is_named_so: bool) -> bool {
        let has =
            |section: &Section, keys: &[&str]| keys.iter().any(|key| section.options.contains_key(*key));
        let locates = |section: &Section| has(section, &["script_location"]);
        let section = self.section("alembic");
        section.is_some_and(|section| is_named_so || has(section, &ALEMBIC_KEYS))
            || self.sections.iter().chain([&self.defaults]).any(locates)
    }

    /// Returns the text of a span of the text.
    pub(super) fn text(&self, span: Span) -> &str {
        self.decoded.text.get(span.start..span.end).unwrap_or_default()
    }

    /// Returns the place of a span of the text.
    pub(super) fn place(&self, span: Span) -> Place {
        Place { file: self.path.clone(), span: self.decoded.in_file(span) }
    }

    /// Returns the span, in the file, of a section's header.
    pub(super) fn header(&self, section: &str) -> Option<Span> {
        self.section(section).map(|section| self.decoded.in_file(section.header))
    }

    /// Makes a problem about a span of the text.
    pub(super) fn problem(&self, kind: ConfigProblemKind, span: Span, effect: Effect) -> ConfigProblem {
        self.problem_in_file(kind, self.decoded.in_file(span), effect)
    }

    fn problem_in_file(&self, kind: ConfigProblemKind, span: Span, effect: Effect) -> ConfigProblem {
        ConfigProblem { kind, file: self.path.clone(), span: Some(span), effect }
    }
}

fn not_utf8_message(bytes: &[u8], at: usize) -> String {
    let byte = bytes.get(at).copied().unwrap_or_default();
    format!("UnicodeDecodeError: 'utf-8' codec can't decode byte 0x{byte:02x} in position {at}")
}

/// One pass over the lines.
struct Reader {
    /// How Alembic hands the file to ConfigParser, which prints it so.
    source: String,
    sections: Vec<Section>,
    index_by_name: BTreeMap<String, usize>,
    defaults: Section,
    /// Where options go: a section, `DEFAULT`, or nowhere yet.
    current: Current,
    /// The option that an indented line would continue.
    option: Option<String>,
    indent: usize,
    problems: Vec<(ConfigProblemKind, Span, Effect)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Current {
    /// Before the first header, where ConfigParser gives up.
    Headless,
    Defaults,
    Section(usize),
}

/// A line without its terminator.
#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    start: usize,
    text: &'a str,
    terminated: bool,
}

impl Line<'_> {
    fn span(self) -> Span {
        let stripped = strip_range(self.text);
        Span::new(self.start + stripped.start, self.start + stripped.end)
    }

    /// Returns `repr` of the line as Python reads it, with its line feed.
    fn repr(self) -> String {
        repr(&format!("{}{}", self.text, if self.terminated { "\n" } else { "" }))
    }
}

impl Reader {
    fn new(path: &std::path::Path) -> Self {
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let source = format!("PosixPath({})", repr(&file_name));
        Self {
            source,
            sections: Vec::new(),
            index_by_name: BTreeMap::new(),
            defaults: Section { name: DEFAULT.to_owned(), ..Section::default() },
            current: Current::Headless,
            option: None,
            indent: 0,
            problems: Vec::new(),
        }
    }

    fn read(&mut self, text: &str) {
        let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        if mark > 0 {
            let first = lines(text, 0).next();
            let line = first.map(Line::repr).unwrap_or_default();
            let effect = Effect::Fails { message: self.no_header_message(1, &line) };
            self.report(ConfigProblemKind::ByteOrderMark, Span::new(0, mark), effect);
        }
        for line in lines(text, mark) {
            self.line(line);
        }
        self.finish();
    }

    fn report(&mut self, kind: ConfigProblemKind, span: Span, effect: Effect) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push((kind, span, effect));
        }
    }

    fn no_header_message(&self, number: usize, line: &str) -> String {
        format!(
            "configparser.MissingSectionHeaderError: File contains no section headers.\nfile: {}, line: {number}\n{line}",
            self.source
        )
    }

    fn line(&mut self, line: Line<'_>) {
        let stripped = strip_range(line.text);
        let value = &line.text[stripped.clone()];
        if value.starts_with(['#', ';']) {
            return;
        }
        if value.is_empty() {
            self.blank(line);
            return;
        }
        let indent = line.text[..stripped.start].chars().count();
        if self.option.is_some() && indent > self.indent {
            self.continue_value(line.start + stripped.start, value);
            return;
        }
        self.indent = indent;
        if let Some(name) = section_name(value) {
            self.header(name, line);
            return;
        }
        self.option_line(value, line.start + stripped.start, line);
    }

    fn options(&mut self) -> Option<&mut BTreeMap<String, IniOption>> {
        match self.current {
            Current::Headless => None,
            Current::Defaults => Some(&mut self.defaults.options),
            Current::Section(index) => self.sections.get_mut(index).map(|section| &mut section.options),
        }
    }

    fn open_value(&mut self) -> Option<&mut Traced> {
        let name = self.option.clone()?;
        self.options()?.get_mut(&name).map(|option| &mut option.value)
    }

    /// An empty line belongs to the value above it, if text of that value follows.
    fn blank(&mut self, line: Line<'_>) {
        if let Some(value) = self.open_value() {
            value.push_for("\n", Span::new(line.start, line.start));
        }
    }

    fn continue_value(&mut self, start: usize, text: &str) {
        if let Some(value) = self.open_value() {
            value.push_for("\n", Span::new(start, start));
            value.push_exact(text, start);
        }
    }

    fn header(&mut self, name: &str, line: Line<'_>) {
        self.option = None;
        if name == DEFAULT {
            self.current = Current::Defaults;
            return;
        }
        if let Some(index) = self.index_by_name.get(name).copied() {
            self.current = Current::Section(index);
            let message = format!(
                "configparser.DuplicateSectionError: While reading from {} [line {:2}]: section {} already exists",
                self.source,
                line.number,
                repr(name)
            );
            let first = self.sections[index].header;
            let kind = ConfigProblemKind::DuplicateSection { section: name.to_owned(), first };
            self.report(kind, line.span(), Effect::Fails { message });
            return;
        }
        self.current = Current::Section(self.sections.len());
        self.index_by_name.insert(name.to_owned(), self.sections.len());
        self.sections.push(Section { name: name.to_owned(), header: line.span(), options: BTreeMap::new() });
    }

    fn option_line(&mut self, text: &str, start: usize, line: Line<'_>) {
        if self.current == Current::Headless {
            self.open_headless(line);
        }
        let Some(delimiter) = text.find(['=', ':']) else {
            self.unparsable(line);
            return;
        };
        let written = text[..delimiter].trim_end_matches(is_space);
        let name = written.to_lowercase();
        if name.is_empty() {
            // Conflict markers look like this: `=======`.
            self.unparsable(line);
            self.option = None;
            return;
        }
        let value_range = strip_range(&text[delimiter + 1..]);
        let value_start = delimiter + 1 + value_range.start;
        let mut value = Traced::default();
        value.push_exact(&text[value_start..delimiter + 1 + value_range.end], start + value_start);
        let option = IniOption { key: Span::new(start, start + written.len()), value };
        self.insert(name, option, line.number);
    }

    /// Options without a section header are read as if `[alembic]` stood above them.
    fn open_headless(&mut self, line: Line<'_>) {
        let message = self.no_header_message(line.number, &line.repr());
        let kind = ConfigProblemKind::MissingSectionHeader { line: line.number };
        self.report(kind, line.span(), Effect::Fails { message });
        self.current = Current::Section(self.sections.len());
        self.sections.push(Section { name: "alembic".to_owned(), ..Section::default() });
    }

    fn insert(&mut self, name: String, option: IniOption, number: usize) {
        self.option = Some(name.clone());
        let key = option.key;
        let first = match self.options().map(|options| options.entry(name.clone())) {
            Some(Entry::Occupied(mut entry)) => {
                let first = entry.get().key;
                entry.insert(option);
                first
            }
            Some(Entry::Vacant(entry)) => {
                entry.insert(option);
                return;
            }
            None => return,
        };
        let section = match self.current {
            Current::Section(index) => self.sections[index].name.clone(),
            _ => DEFAULT.to_owned(),
        };
        let message = format!(
            "configparser.DuplicateOptionError: While reading from {} [line {number:2}]: option {} in section {} already exists",
            self.source,
            repr(&name),
            repr(&section)
        );
        let kind = ConfigProblemKind::DuplicateOption { section, option: name, first };
        self.report(kind, key, Effect::Fails { message });
    }

    fn unparsable(&mut self, line: Line<'_>) {
        let message = format!(
            "configparser.ParsingError: Source contains parsing errors: {}\n\t[line {:2}]: {}",
            self.source,
            line.number,
            line.repr()
        );
        let text = line.text[strip_range(line.text)].to_owned();
        let kind = ConfigProblemKind::UnparsableLine { line: line.number, text };
        self.report(kind, line.span(), Effect::Fails { message });
    }

    fn finish(&mut self) {
        self.join_headless();
        let every = self.sections.iter_mut().chain([&mut self.defaults]);
        for option in every.flat_map(|section| section.options.values_mut()) {
            option.value.trim_end();
        }
    }

    /// Text without a header is Alembic's if it says where the scripts are; else it is dropped.
    fn join_headless(&mut self) {
        let is_headless = |section: &Section| section.name == "alembic" && section.header == Span::default();
        let Some(index) = self.sections.iter().position(is_headless) else { return };
        let headless = self.sections.remove(index);
        if !headless.options.contains_key("script_location") {
            return;
        }
        match self.sections.iter_mut().find(|section| section.name == "alembic") {
            Some(section) => {
                for (name, option) in headless.options {
                    section.options.entry(name).or_insert(option);
                }
            }
            None => self.sections.insert(0, headless),
        }
    }
}

/// Returns the name in a section header: up to the *last* bracket, whatever follows it.
fn section_name(value: &str) -> Option<&str> {
    let inner = value.strip_prefix('[')?;
    let name = &inner[..inner.rfind(']')?];
    (!name.is_empty()).then_some(name)
}

/// Splits text at `\n`, `\r\n` and `\r`, from an offset on.
fn lines(text: &str, from: usize) -> impl Iterator<Item = Line<'_>> {
    let mut start = from;
    let mut number = 0;
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr2(b'\n', b'\r', rest.as_bytes());
        let len = end.unwrap_or(rest.len());
        let terminator = match end {
            None => 0,
            Some(at) if rest[at..].starts_with("\r\n") => 2,
            Some(_) => 1,
        };
        number += 1;
        let line = Line { number, start, text: &rest[..len], terminated: terminator > 0 };
        start += len + terminator;
        Some(line)
    })
}
