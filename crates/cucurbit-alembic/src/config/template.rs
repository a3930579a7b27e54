//! `file_template`: what a file name promises about the revision inside.

use std::ops::Range;

use regex::Regex;

use super::python::repr;

/// Templates beyond this are not looked at: real ones have fifty letters.
const MAX_TEMPLATE: usize = 500;

/// One `%` conversion of Python's string formatting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FormatSpec {
    /// The name in parentheses, if any.
    pub(super) name: Option<String>,
    flags: String,
    width: usize,
    precision: Option<usize>,
    pub(super) conversion: char,
    /// How many bytes of the template it takes.
    pub(super) len: usize,
}

impl FormatSpec {
    /// Reads the conversion at the beginning of a text that begins with `%`.
    /// The error is the one that Python raises.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut rest = text.strip_prefix('%').unwrap_or(text);
        let mut name = None;
        if let Some(inner) = rest.strip_prefix('(') {
            let end = closing(inner).ok_or("ValueError: incomplete format key")?;
            name = Some(inner[..end].to_owned());
            rest = &inner[end + 1..];
        }
        let flags = take(&mut rest, |c| "#0- +".contains(c)).to_owned();
        let width = number(take(&mut rest, |c| c.is_ascii_digit()))?;
        let mut precision = None;
        if let Some(after) = rest.strip_prefix('.') {
            rest = after;
            precision = Some(number(take(&mut rest, |c| c.is_ascii_digit()))?);
        }
        rest = rest.strip_prefix(['h', 'l', 'L']).unwrap_or(rest);
        let conversion = rest.chars().next().ok_or("ValueError: incomplete format")?;
        if !"diouxXeEfFgGcrsa%".contains(conversion) {
            let at = text.len() - rest.len();
            return Err(format!(
                "ValueError: unsupported format character {} (0x{:x}) at index {at}",
                repr(&conversion.to_string()),
                conversion as u32
            ));
        }
        let len = text.len() - rest.len() + conversion.len_utf8();
        Ok(Self { name, flags, width, precision, conversion, len })
    }

    /// Formats text that stands for a value of a Python type.
    pub(super) fn apply(&self, value: &str, python_type: &str) -> Result<String, String> {
        let text = match self.conversion {
            's' => value.to_owned(),
            'r' | 'a' => repr(value),
            'd' | 'i' | 'u' => {
                let conversion = self.conversion;
                return Err(format!(
                    "TypeError: %{conversion} format: a real number is required, not {python_type}"
                ));
            }
            _ => return Err(format!("TypeError: must be real number, not {python_type}")),
        };
        let text: String = text.chars().take(self.precision.unwrap_or(usize::MAX)).collect();
        let fill = " ".repeat(self.width.saturating_sub(text.chars().count()));
        Ok(if self.flags.contains('-') { text + &fill } else { fill + &text })
    }

    /// Formats a number that is not negative; `None` where it is not written in decimal.
    fn apply_to_number(&self, value: u64) -> Option<String> {
        let digits = match self.precision {
            Some(precision) if self.is_decimal() => precision,
            _ if self.flags.contains('0') && !self.flags.contains('-') => self.width,
            _ => 0,
        };
        if !self.is_decimal() && self.conversion != 's' {
            return None;
        }
        let text = format!("{value:0digits$}");
        let fill = " ".repeat(self.width.saturating_sub(text.len()));
        Some(if self.flags.contains('-') { text + &fill } else { fill + &text })
    }

    /// Whether the conversion writes a number in decimal.
    fn is_decimal(&self) -> bool {
        matches!(self.conversion, 'd' | 'i' | 'u')
    }

    /// Returns a pattern for a number, or for a number written as text.
    fn number_pattern(&self) -> String {
        let digits = match self.precision {
            Some(precision) if self.is_decimal() => precision,
            _ if self.flags.contains('0') => self.width,
            _ => 1,
        };
        match self.conversion {
            'd' | 'i' | 'u' | 's' | 'r' | 'a' => format!(" *[0-9]{{{},}} *", digits.clamp(1, 20)),
            'x' | 'X' => "[0-9a-fA-F]+".to_owned(),
            _ => "[^/]+".to_owned(),
        }
    }
}

/// Finds the parenthesis that closes a key; keys may hold balanced pairs.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn take<'t>(rest: &mut &'t str, wanted: impl Fn(char) -> bool) -> &'t str {
    let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
    let (taken, after) = rest.split_at(end);
    *rest = after;
    taken
}

fn number(digits: &str) -> Result<usize, String> {
    match digits {
        "" => Ok(0),
        _ => {
            digits.parse().ok().filter(|n| *n <= 10_000).ok_or_else(|| "ValueError: width too big".to_owned())
        }
    }
}

/// What the names of files made from a template say about the revisions in them.
#[derive(Clone, Debug)]
pub struct TemplatePromise {
    rev: Option<RevPattern>,
    valid: bool,
}

#[derive(Clone, Debug)]
struct RevPattern {
    /// What stands before and after the id, each anchored at both ends.
    before: Regex,
    after: Regex,
    /// What stands before the id in the last folder.
    before_in_name: Regex,
    /// The whole name with the id as the group `rev`; absent when nothing sets the id apart.
    whole: Option<Regex>,
    /// The same for the part after the last slash.
    whole_in_name: Option<Regex>,
    /// `%(rev).8s` writes the first eight letters only.
    precision: usize,
    /// Whether the name, or its last folder, begins with the id.
    leads: bool,
}

/// Reads a `file_template` (after interpolation, so with `%(rev)s`, not `%%(rev)s`).
#[must_use]
pub fn template_promises(template: &str) -> TemplatePromise {
    if template.len() > MAX_TEMPLATE {
        return TemplatePromise { rev: None, valid: true };
    }
    match parts(template) {
        Some(parts) => TemplatePromise { rev: RevPattern::new(&parts), valid: true },
        None => TemplatePromise { rev: None, valid: false },
    }
}

impl TemplatePromise {
    /// Whether the template puts the revision id into the name.
    #[must_use]
    pub fn contains_rev(&self) -> bool {
        self.rev.is_some()
    }

    /// Whether Python could format the template: no unknown token, no stray percent sign.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.valid
    }

    /// Whether a name agrees with a revision id.
    ///
    /// `relative_stem` is the path below the version location without `.py`, with `/` between
    /// folders. A template without the id agrees with every name. An id that is followed by
    /// other text than the template asks for still counts as named.
    #[must_use]
    pub fn accepts(&self, relative_stem: &str, rev: &str) -> bool {
        let Some(pattern) = &self.rev else { return true };
        let shown = match rev.char_indices().nth(pattern.precision) {
            Some((end, _)) => &rev[..end],
            None => rev,
        };
        relative_stem == shown
            || pattern.leads && begins_with_word(last_segment(relative_stem, shown), shown)
            || pattern.fits(relative_stem, shown)
            || !pattern.leads && self.captured_rev(relative_stem).is_none() && has_word(relative_stem, shown)
    }

    /// Returns the id that a name promises, as far as one can tell: ids may hold the very letters
    /// that separate them from the rest. Absent when the name does not follow the template.
    #[must_use]
    pub fn captured_rev(&self, relative_stem: &str) -> Option<String> {
        let pattern = self.rev.as_ref()?;
        let file_name = relative_stem.rsplit('/').next().unwrap_or(relative_stem);
        let capture = |whole: &Option<Regex>, stem: &str| {
            let captures = whole.as_ref()?.captures(stem)?;
            captures.name("rev").map(|rev| rev.as_str().to_owned())
        };
        capture(&pattern.whole, relative_stem)
            .or_else(|| capture(&pattern.whole_in_name, file_name))
            .or_else(|| (pattern.leads && looks_like_id(file_name)).then(|| file_name.to_owned()))
    }
}

/// A name that is nothing but hexadecimal digits, as Alembic's own ids are.
fn looks_like_id(stem: &str) -> bool {
    stem.len() >= 8 && stem.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Drops the folders, unless the id itself holds a slash.
fn last_segment<'s>(stem: &'s str, rev: &str) -> &'s str {
    if rev.contains('/') { stem } else { stem.rsplit('/').next().unwrap_or(stem) }
}

fn begins_with_word(text: &str, word: &str) -> bool {
    let rest = text.strip_prefix(word);
    !word.is_empty() && rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

fn has_word(text: &str, word: &str) -> bool {
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            !text[..at].ends_with(char::is_alphanumeric)
                && !text[at + word.len()..].starts_with(char::is_alphanumeric)
        })
}

/// A template in parts.
enum Part {
    Literal(String),
    Rev { precision: usize },
    Slug,
    Number(String),
}

impl Part {
    fn pattern(&self) -> String {
        match self {
            Self::Literal(text) => regex::escape(text),
            // A second mention of the id is not compared.
            Self::Rev { .. } => "[^/]*".to_owned(),
            Self::Slug => "[^/]*".to_owned(),
            Self::Number(pattern) => pattern.clone(),
        }
    }

    fn is_open(&self) -> bool {
        !matches!(self, Self::Literal(_))
    }
}

/// Splits a template; nothing when Python could not format it.
fn parts(template: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find('%') {
        push_literal(&mut parts, &rest[..at]);
        let spec = FormatSpec::read(&rest[at..]).ok()?;
        rest = &rest[at + spec.len..];
        match spec.name.as_deref() {
            _ if spec.conversion == '%' => push_literal(&mut parts, "%"),
            Some("rev" | "slug") if !matches!(spec.conversion, 's' | 'r' | 'a') => return None,
            Some("rev") => parts.push(Part::Rev { precision: spec.precision.unwrap_or(usize::MAX) }),
            Some("slug") => parts.push(Part::Slug),
            Some("epoch" | "year" | "month" | "day" | "hour" | "minute" | "second") => {
                parts.push(Part::Number(spec.number_pattern()));
            }
            _ => return None,
        }
    }
    push_literal(&mut parts, rest);
    Some(parts)
}

/// What a token of a `file_template` stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateValue {
    /// `rev` and `slug`.
    Text(String),
    /// The parts of the date.
    Number(u64),
}

/// Fills in a `file_template` as Python's `%` does. `None` where Python could not, where a token is not known, or where
/// a negative or otherwise unusual form of a number is asked for.
#[must_use]
pub fn fill_template(template: &str, known: impl Fn(&str) -> Option<TemplateValue>) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let spec = FormatSpec::read(&rest[at..]).ok()?;
        rest = &rest[at + spec.len..];
        if spec.conversion == '%' {
            out.push('%');
            continue;
        }
        out.push_str(&match known(spec.name.as_deref()?)? {
            TemplateValue::Text(text) => spec.apply(&text, "str").ok()?,
            TemplateValue::Number(number) => spec.apply_to_number(number)?,
        });
    }
    out.push_str(rest);
    Some(out)
}

fn push_literal(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(Part::Literal(literal)) => literal.push_str(text),
        _ => parts.push(Part::Literal(text.to_owned())),
    }
}

impl RevPattern {
    fn new(parts: &[Part]) -> Option<Self> {
        let (at, precision) = parts.iter().enumerate().find_map(|(at, part)| match part {
            Part::Rev { precision } => Some((at, *precision)),
            _ => None,
        })?;
        let before: String = parts[..at].iter().map(Part::pattern).collect();
        let after: String = parts[at + 1..].iter().map(Part::pattern).collect();
        let beside =
            |index: Option<usize>| index.and_then(|index| parts.get(index)).is_some_and(Part::is_open);
        let apart = !beside(at.checked_sub(1)) && !beside(Some(at + 1));
        let whole =
            |before: &str| apart.then(|| anchored(&format!("{before}(?P<rev>[^/]+?){after}"))).flatten();
        let before_in_name = before_in_name(&parts[..at]);
        let leads = match at.checked_sub(1).and_then(|index| parts.get(index)) {
            None => true,
            Some(Part::Literal(text)) => text.ends_with('/'),
            Some(_) => false,
        };
        Some(Self {
            before: anchored(&before)?,
            after: anchored(&after)?,
            before_in_name: anchored(&before_in_name)?,
            whole: whole(&before),
            whole_in_name: whole(&before_in_name),
            precision,
            leads,
        })
    }

    /// Whether the whole name, or the name without the folders, is the template with this id.
    fn fits(&self, stem: &str, rev: &str) -> bool {
        let name = stem.rfind('/').map_or(0, |slash| slash + 1);
        let at_name = |range: &Range<usize>| {
            range.start >= name && self.before_in_name.is_match(&stem[name..range.start])
        };
        occurrences(stem, rev).any(|range| {
            self.after.is_match(&stem[range.end..])
                && (self.before.is_match(&stem[..range.start]) || at_name(&range))
        })
    }
}

/// Returns the pattern for what follows the last slash before the id.
fn before_in_name(parts: &[Part]) -> String {
    let slash = parts.iter().rposition(|part| matches!(part, Part::Literal(text) if text.contains('/')));
    let tail = slash.map_or(parts, |at| &parts[at..]);
    let pattern = |part: &Part| match part {
        Part::Literal(text) => regex::escape(text.rsplit('/').next().unwrap_or_default()),
        other => other.pattern(),
    };
    tail.iter().map(pattern).collect()
}

/// Every place of a word, overlapping ones included.
fn occurrences<'s>(text: &'s str, word: &'s str) -> impl Iterator<Item = Range<usize>> + 's {
    let starts = text.char_indices().map(|(at, _)| at).filter(|_| !word.is_empty());
    starts.filter(move |at| text[*at..].starts_with(word)).map(move |at| at..at + word.len())
}

fn anchored(pattern: &str) -> Option<Regex> {
    Regex::new(&format!("(?s)^(?:{pattern})$")).ok()
}
