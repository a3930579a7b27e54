//! The small part of Mako that `script.py.mako` files use. Nothing in a template is run: what is more than names,
//! `repr(name)`, `a if b else c` and the filters `comma` and `n` makes it unreadable.

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateProblem {
    /// The line, counted from 1.
    pub line: usize,
    /// What stands there.
    pub what: String,
}

impl std::fmt::Display for TemplateProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// A `script.py.mako` that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Expression { line: usize, value: Expression, is_joined: bool },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Expression {
    Literal(String),
    Name(String),
    /// `create_date.year`
    Year(String),
    Repr(String),
    Choice(Box<Expression>, Box<Expression>, Box<Expression>),
}

/// What a name of the template stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known {
    None,
    Text(String),
    Many(Vec<String>),
}

/// The names that Alembic gives to a template.
const NAMES: &[&str] = &[
    "message",
    "up_revision",
    "down_revision",
    "branch_labels",
    "depends_on",
    "create_date",
    "imports",
    "upgrades",
    "downgrades",
];

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// The first thing that is more than the part of Mako that is read, with its line.
    pub fn parse(text: &str) -> Result<Self, TemplateProblem> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        let mut line = 1;
        let mut is_start = true;
        while !rest.is_empty() {
            if is_start {
                let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
                let bare = rest[..end].trim_start();
                if bare.starts_with("##") {
                    rest = &rest[end..];
                    line += 1;
                    continue;
                }
                if bare.starts_with("%%") {
                    let at = end - bare.len();
                    plain.push_str(&rest[..at]);
                    rest = &rest[at + 1..];
                } else if bare.starts_with('%') {
                    return Err(TemplateProblem { line, what: format!("`{}`", bare.trim_end()) });
                }
                is_start = false;
            }
            if let Some(after) = rest.strip_prefix("${") {
                let end = after
                    .find('}')
                    .ok_or_else(|| TemplateProblem { line, what: "`${` without its `}`".to_owned() })?;
                let written = &after[..end];
                let problem = || TemplateProblem {
                    line,
                    what: format!("`${{{}}}` is not one of the usual", written.trim()),
                };
                let (value, is_joined) = expression(written).ok_or_else(problem)?;
                parts.push(Part::Text(std::mem::take(&mut plain)));
                parts.push(Part::Expression { line, value, is_joined });
                line += written.matches('\n').count();
                rest = &after[end + 1..];
            } else if let Some(after) = rest.strip_prefix("\\\n") {
                line += 1;
                rest = after;
                is_start = true;
            } else if rest.starts_with("<%") || rest.starts_with("</%") {
                let what: String = rest.chars().take_while(|c| *c != '\n').take(40).collect();
                return Err(TemplateProblem { line, what: format!("`{what}`") });
            } else {
                let next = rest.chars().next().unwrap_or_default();
                plain.push(next);
                if next == '\n' {
                    line += 1;
                    is_start = true;
                }
                rest = &rest[next.len_utf8()..];
            }
        }
        parts.push(Part::Text(plain));
        Ok(Template { parts })
    }

    /// The text that stands in the template itself.
    pub(crate) fn plain(&self) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => Some(text.clone()),
            Part::Expression { .. } => None,
        };
        self.parts.iter().filter_map(text).collect()
    }

    /// Whether a name is written anywhere.
    pub(crate) fn writes(&self, name: &str) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Text(_) => false,
            Part::Expression { value, .. } => value.writes(name),
        })
    }

    /// Whether the `repr()` of a name is written anywhere.
    pub(crate) fn reprs(&self, name: &str) -> bool {
        let is_it = |part: &Part| match part {
            Part::Text(_) => false,
            Part::Expression { value, .. } => matches!(value, Expression::Repr(own) if own == name),
        };
        self.parts.iter().any(is_it)
    }

    /// Fills in the names.
    pub(crate) fn fill(&self, known: &dyn Fn(&str) -> Option<Known>) -> Result<String, TemplateProblem> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Expression { line, value, is_joined } => {
                    let unknown =
                        || TemplateProblem { line: *line, what: "a value that is not known".to_owned() };
                    match value.value(known).ok_or_else(unknown)? {
                        Known::None if *is_joined => {}
                        Known::None => out.push_str("None"),
                        Known::Text(text) => out.push_str(&text),
                        Known::Many(items) if *is_joined => out.push_str(&items.join(", ")),
                        Known::Many(items) => out.push_str(&crate::tuple(&items)),
                    }
                }
            }
        }
        Ok(out)
    }
}

impl Expression {
    fn writes(&self, name: &str) -> bool {
        match self {
            Expression::Name(own) => own == name,
            Expression::Choice(a, _, c) => a.writes(name) || c.writes(name),
            _ => false,
        }
    }

    fn value(&self, known: &dyn Fn(&str) -> Option<Known>) -> Option<Known> {
        match self {
            Expression::Literal(text) => Some(Known::Text(text.clone())),
            Expression::Name(name) => known(name),
            Expression::Year(name) => known(&format!("{name}.year")),
            Expression::Repr(name) => Some(match known(name)? {
                Known::None => Known::None,
                Known::Text(text) => Known::Text(crate::string_literal(&text)),
                many => many,
            }),
            Expression::Choice(yes, test, no) => {
                let is_true = match test.value(known)? {
                    Known::None => false,
                    Known::Text(text) => !text.is_empty(),
                    Known::Many(items) => !items.is_empty(),
                };
                if is_true { yes.value(known) } else { no.value(known) }
            }
        }
    }
}

/// Reads what stands between `${` and `}`; says too whether the value is joined with commas.
fn expression(written: &str) -> Option<(Expression, bool)> {
    let (written, filters) = match written.split_once('|') {
        Some((written, filters)) => (written, filters),
        None => (written, ""),
    };
    let filters: Vec<&str> = filters.split(',').map(str::trim).filter(|f| !f.is_empty()).collect();
    if filters.iter().any(|filter| !matches!(*filter, "comma" | "n" | "str" | "trim")) {
        return None;
    }
    let is_joined = filters.contains(&"comma");
    let words = written.trim();
    let value = match words.split_once(" if ") {
        Some((yes, rest)) => {
            let (test, no) = rest.split_once(" else ")?;
            Expression::Choice(Box::new(primary(yes)?), Box::new(primary(test)?), Box::new(primary(no)?))
        }
        None => primary(words)?,
    };
    Some((value, is_joined))
}

fn primary(written: &str) -> Option<Expression> {
    let written = written.trim();
    for quote in ['"', '\''] {
        if let Some(text) = written.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return (!text.contains([quote, '\\'])).then(|| Expression::Literal(text.to_owned()));
        }
    }
    let is_name = |name: &str| NAMES.contains(&name).then(|| name.to_owned());
    if let Some(inner) = written.strip_prefix("repr(").and_then(|rest| rest.strip_suffix(')')) {
        return is_name(inner.trim()).map(Expression::Repr);
    }
    if let Some(name) = written.strip_suffix(".year") {
        return is_name(name).map(Expression::Year);
    }
    is_name(written).map(Expression::Name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str) -> Result<String, String> {
        let template = Template::parse(template).map_err(|problem| problem.to_string())?;
        let known = |name: &str| match name {
            "message" => Some(Known::Text("add users".to_owned())),
            "up_revision" => Some(Known::Text("a1".to_owned())),
            "down_revision" => Some(Known::Many(vec!["b2".to_owned(), "c3".to_owned()])),
            "branch_labels" => Some(Known::None),
            "imports" => Some(Known::Text(String::new())),
            "upgrades" => Some(Known::Text("op.a()\n    op.b()".to_owned())),
            _ => None,
        };
        template.fill(&known).map_err(|problem| problem.to_string())
    }

    #[test]
    fn the_usual_expressions_are_filled_in() {
        assert_eq!(filled("\"\"\"${message}\n"), Ok("\"\"\"add users\n".to_owned()));
        assert_eq!(filled("Revises: ${down_revision | comma,n}\n"), Ok("Revises: b2, c3\n".to_owned()));
        assert_eq!(filled("x = ${repr(down_revision)}"), Ok("x = (\"b2\", \"c3\")".to_owned()));
        assert_eq!(filled("${repr(up_revision)} ${repr(branch_labels)}"), Ok("\"a1\" None".to_owned()));
        assert_eq!(filled("a${imports if imports else \"\"}b"), Ok("ab".to_owned()));
        assert_eq!(
            filled("def upgrade():\n    ${upgrades if upgrades else \"pass\"}\n"),
            Ok("def upgrade():\n    op.a()\n    op.b()\n".to_owned())
        );
    }

    #[test]
    fn comments_and_joined_lines_go_away() {
        assert_eq!(filled("## note\na\\\nb\n  ## more\n%% c\n"), Ok("ab\n% c\n".to_owned()));
    }

    #[test]
    fn what_would_run_is_refused_with_its_line() {
        for (template, problem) in [
            ("a\n% for x in y:\n", "line 2: `% for x in y:`"),
            ("a\n\n<%! import os %>\n", "line 3: `<%! import os %>`"),
            ("${config.get('x')}", "line 1: `${config.get('x')}` is not one of the usual"),
            ("${message | h}", "line 1: `${message | h}` is not one of the usual"),
            (
                "${__import__('os').system('x')}",
                "line 1: `${__import__('os').system('x')}` is not one of the usual",
            ),
            ("${create_date}", "line 1: a value that is not known"),
            ("\n${message", "line 2: `${` without its `}`"),
        ] {
            assert_eq!(filled(template), Err(problem.to_owned()), "{template}");
        }
    }
}
