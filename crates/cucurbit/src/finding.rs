//! What a rule reports, and where.

use cucurbit_text::Span;
use std::path::{Path, PathBuf};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Alembic fails, or an empty database cannot be built.
    Error,
    /// It works today and is likely to hurt.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// Returns the word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// A rule as its page and its code present it.
#[derive(Debug)]
pub struct RuleInfo {
    /// A family and three digits; never reused.
    pub code: &'static str,
    /// The name, which states the fault.
    pub name: &'static str,
    /// The usual severity; a finding may be milder when not all can be told.
    pub severity: Severity,
    /// The fault in one line.
    pub summary: &'static str,
    /// The page, in Markdown.
    pub page: &'static str,
}

/// A place in a file, or a whole file or folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file or folder.
    pub path: PathBuf,
    /// The part of it, in bytes of its decoded text.
    pub span: Option<Span>,
}

impl Place {
    /// Returns the place of a whole file.
    #[must_use]
    pub fn file(path: &Path) -> Self {
        Self { path: path.to_path_buf(), span: None }
    }

    /// Returns a part of a file; the whole file without a span.
    #[must_use]
    pub fn at(path: &Path, span: Option<Span>) -> Self {
        Self { path: path.to_path_buf(), span }
    }
}

/// Another place that belongs to a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The place.
    pub place: Place,
    /// What it has to do with the finding, as a clause.
    pub label: String,
}

/// What ties findings together: one explains a fact, others follow from it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tie {
    /// The revision of this id is missing.
    Missing(String),
    /// The revision of this id exists, but Alembic does not see it under that id.
    Unseen(String),
    /// This file cannot be trusted as it stands.
    File(PathBuf),
    /// This id is defined more than once.
    Duplicate(String),
    /// These revisions stand in a ring: the id of its first member.
    Ring(String),
    /// The configuration is at fault.
    Configuration,
}

/// One fault.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static RuleInfo,
    /// How bad it is here.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What the place shows, as a clause beside the excerpt.
    pub label: String,
    /// The other places involved, in a fixed order.
    pub related: Vec<Related>,
    /// The ids it is about, the first one first of all.
    pub revisions: Vec<String>,
    /// What follows from it, in Alembic's words where it has some.
    pub why: String,
    /// What probably happened.
    pub cause: Option<String>,
    /// What to do, best first.
    pub help: Vec<String>,
    /// The index, in the same list, of the finding from which this one follows.
    pub consequence_of: Option<usize>,
    pub(crate) explains: Vec<Tie>,
    pub(crate) follows_from: Vec<Tie>,
}

impl Finding {
    /// Returns a finding with its message; the other parts are added by the methods below.
    pub(crate) fn new(rule: &'static RuleInfo, place: Place, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity: rule.severity,
            message: message.into(),
            place,
            label: String::new(),
            related: Vec::new(),
            revisions: Vec::new(),
            why: String::new(),
            cause: None,
            help: Vec::new(),
            consequence_of: None,
            explains: Vec::new(),
            follows_from: Vec::new(),
        }
    }

    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn also(mut self, place: Place, label: impl Into<String>) -> Self {
        self.related.push(Related { place, label: label.into() });
        self
    }

    pub(crate) fn revision(mut self, id: impl Into<String>) -> Self {
        let id = id.into();
        if !self.revisions.contains(&id) {
            self.revisions.push(id);
        }
        self
    }

    pub(crate) fn revisions<I: Into<String>>(mut self, ids: impl IntoIterator<Item = I>) -> Self {
        for id in ids {
            self = self.revision(id);
        }
        self
    }

    pub(crate) fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    pub(crate) fn cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    pub(crate) fn explains(mut self, tie: Tie) -> Self {
        self.explains.push(tie);
        self
    }

    pub(crate) fn follows_from(mut self, tie: Tie) -> Self {
        self.follows_from.push(tie);
        self
    }
}

/// Puts findings in their final order and ties consequences to causes.
///
/// Order: errors first, then by path, place and code. A finding follows from the first other
/// finding, in that order, that explains one of its ties and does not follow from it.
pub(crate) fn arrange(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| {
        (a.severity, &a.place, a.rule.code, &a.message).cmp(&(b.severity, &b.place, b.rule.code, &b.message))
    });
    findings.dedup_by(|a, b| a.rule.code == b.rule.code && a.place == b.place && a.message == b.message);
    let mut explained: std::collections::HashMap<Tie, Vec<usize>> = std::collections::HashMap::new();
    for (index, finding) in findings.iter().enumerate() {
        for tie in &finding.explains {
            explained.entry(tie.clone()).or_default().push(index);
        }
    }
    for index in 0..findings.len() {
        let ties = findings[index].follows_from.clone();
        let candidates = ties.iter().flat_map(|tie| explained.get(tie).into_iter().flatten());
        let cause = candidates.copied().find(|&cause| cause != index && root(&findings, cause) != index);
        findings[index].consequence_of = cause;
    }
    findings
}

/// Returns the finding at the end of the line of causes.
fn root(findings: &[Finding], mut index: usize) -> usize {
    for _ in 0..findings.len() {
        match findings[index].consequence_of {
            Some(cause) => index = cause,
            None => break,
        }
    }
    index
}
