//! Puts references into values: ConfigParser's `%(name)s` and, for TOML, Python's `%` operator.

use std::path::Path;

use super::ini::{Ini, IniOption};
use super::problem::ConfigProblemKind;
use super::python::repr;
use super::traced::Traced;

/// ConfigParser's own limit.
const MAX_DEPTH: usize = 10;
/// Ten levels of many references each could grow without end.
const MAX_STEPS: usize = 100_000;
const MAX_LEN: usize = 1 << 20;

/// A value that cannot be put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: ConfigProblemKind,
    /// The error as Python words it.
    pub(super) message: String,
}

/// Writes a folder as `%(here)s` does.
pub(super) fn here(folder: &Path) -> String {
    folder.to_string_lossy().into_owned()
}

/// Returns the value of an option with its references put in.
pub(super) fn interpolate(
    ini: &Ini,
    section: &str,
    name: &str,
    option: &IniOption,
) -> Result<Traced, Box<Fault>> {
    if !option.value.text.contains('%') {
        return Ok(option.value.clone());
    }
    let folder = ini.path.parent().map(here).unwrap_or_default();
    let run = Run { ini, section, name, raw: &option.value.text, here: &folder };
    let mut budget = Budget { steps: 0, len: 0 };
    let mut out = Traced::default();
    let text = option.value.text.as_str();
    let mut at = 0;
    while at < text.len() {
        let token = run.next_token(&text[at..])?;
        let span = option.value.span_of(at..at + token.len);
        match token.part {
            Part::Literal(literal) if literal.len() == token.len => {
                out.push_part(&option.value, at..at + token.len);
            }
            Part::Literal(literal) => out.push_for(literal, span),
            Part::Reference(value) => {
                let mut inner = String::new();
                run.expand(value, 2, &mut inner, &mut budget)?;
                out.push_for(&inner, span);
            }
        }
        run.spend(&mut budget, 0)?;
        at += token.len;
    }
    Ok(out)
}

struct Run<'a> {
    ini: &'a Ini,
    section: &'a str,
    name: &'a str,
    raw: &'a str,
    here: &'a str,
}

struct Budget {
    steps: usize,
    len: usize,
}

/// The beginning of a value: what it stands for, and how many bytes it takes.
struct Token<'a> {
    part: Part<'a>,
    len: usize,
}

enum Part<'a> {
    Literal(&'a str),
    Reference(&'a str),
}

impl<'a> Run<'a> {
    fn next_token<'t>(&self, rest: &'t str) -> Result<Token<'t>, Box<Fault>>
    where
        'a: 't,
    {
        match memchr::memchr(b'%', rest.as_bytes()) {
            None => return Ok(Token { part: Part::Literal(rest), len: rest.len() }),
            Some(0) => {}
            Some(at) => return Ok(Token { part: Part::Literal(&rest[..at]), len: at }),
        }
        match rest.as_bytes().get(1) {
            Some(b'%') => Ok(Token { part: Part::Literal("%"), len: 2 }),
            Some(b'(') => {
                let Some((name, len)) = reference(rest) else {
                    return Err(self.syntax(&format!("bad interpolation variable reference {}", repr(rest))));
                };
                Ok(Token { part: Part::Reference(self.look_up(&name.to_lowercase())?), len })
            }
            _ => Err(self.syntax(&format!("'%' must be followed by '%' or '(', found: {}", repr(rest)))),
        }
    }

    /// Depth is bounded, so this may recurse.
    fn expand(
        &self,
        value: &str,
        depth: usize,
        out: &mut String,
        budget: &mut Budget,
    ) -> Result<(), Box<Fault>> {
        if !value.contains('%') {
            self.spend(budget, value.len())?;
            out.push_str(value);
            return Ok(());
        }
        if depth > MAX_DEPTH {
            return Err(self.too_deep());
        }
        let mut rest = value;
        while !rest.is_empty() {
            let token = self.next_token(rest)?;
            match token.part {
                Part::Literal(literal) => {
                    self.spend(budget, literal.len())?;
                    out.push_str(literal);
                }
                Part::Reference(inner) => {
                    self.spend(budget, 0)?;
                    self.expand(inner, depth + 1, out, budget)?;
                }
            }
            rest = &rest[token.len..];
        }
        Ok(())
    }

    fn look_up(&self, name: &str) -> Result<&'a str, Box<Fault>> {
        match self.ini.option(self.section, name) {
            Some(option) => Ok(&option.value.text),
            None if name == "here" => Ok(self.here),
            None => Err(self.missing(name)),
        }
    }

    fn spend(&self, budget: &mut Budget, len: usize) -> Result<(), Box<Fault>> {
        budget.steps += 1;
        budget.len += len;
        if budget.steps <= MAX_STEPS && budget.len <= MAX_LEN {
            return Ok(());
        }
        let kind = ConfigProblemKind::InterpolationTooLarge { option: self.name.to_owned() };
        Err(Box::new(Fault { kind, message: format!("option {} grows too large", repr(self.name)) }))
    }

    fn missing(&self, reference: &str) -> Box<Fault> {
        let message = format!(
            "configparser.InterpolationMissingOptionError: Bad value substitution: option {} in section {} contains an interpolation key {} which is not a \
             valid option name. Raw value: {}",
            repr(self.name),
            repr(self.section),
            repr(reference),
            repr(self.raw)
        );
        let option = self.name.to_owned();
        let kind = ConfigProblemKind::InterpolationMissing { option, reference: reference.to_owned() };
        Box::new(Fault { kind, message })
    }

    fn syntax(&self, message: &str) -> Box<Fault> {
        let kind = ConfigProblemKind::InterpolationSyntax { option: self.name.to_owned() };
        Box::new(Fault { kind, message: format!("configparser.InterpolationSyntaxError: {message}") })
    }

    fn too_deep(&self) -> Box<Fault> {
        let message = format!(
            "configparser.InterpolationDepthError: Recursion limit exceeded in value substitution: option {} in section {} contains an interpolation \
             key which cannot be substituted in {MAX_DEPTH} steps. Raw value: {}",
            repr(self.name),
            repr(self.section),
            repr(self.raw)
        );
        let kind = ConfigProblemKind::InterpolationDepth { option: self.name.to_owned() };
        Box::new(Fault { kind, message })
    }
}

/// Reads `%(name)s` at the beginning of a text: the name, and the length of it all.
fn reference(text: &str) -> Option<(&str, usize)> {
    let inner = text.strip_prefix("%(")?;
    let close = inner.find(')')?;
    (close > 0 && inner[close..].starts_with(")s")).then(|| (&inner[..close], close + 4))
}

/// Formats a TOML string as `text % {"here": here}` does. The error is the one that Python raises.
pub(super) fn percent(text: &str, here: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let spec = super::template::FormatSpec::read(&rest[at..])?;
        match spec.name.as_deref() {
            _ if spec.conversion == '%' => out.push('%'),
            Some("here") => out.push_str(&spec.apply(here, "str")?),
            Some(name) => return Err(format!("KeyError: {}", repr(name))),
            None => out.push_str(&spec.apply(&format!("{{'here': {}}}", repr(here)), "dict")?),
        }
        rest = &rest[at + spec.len..];
        if out.len() > MAX_LEN {
            return Err("the result is too large".to_owned());
        }
    }
    out.push_str(rest);
    Ok(out)
}
