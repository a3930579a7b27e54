//! The ways in which Alembic refuses a chain or a question, with the text it gives.
//!
//! Faults keep their facts until the text is needed, because a command says the same fault in other
//! words than the library does. Nothing here decides whether a fault occurred.

use super::identifier::Identifier;

/// How Alembic ends when it cannot answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// An error of the `RevisionError` family.
    Revision,
    /// A `CommandError`: what the command line prints after `FAILED: `.
    Command,
    /// A plain Python exception, which reaches the user as a traceback.
    Internal,
    /// Alembic never comes to an end.
    Hang,
}

/// The error with which Alembic answers.
///
/// The text is Alembic's own for the kinds `Revision` and `Command`; for the other two it only
/// describes the situation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MapError {
    /// What sort of end it is.
    pub kind: ErrorKind,
    /// The Python class of the error, `NoAnswer` for a hang.
    pub class: &'static str,
    /// The text of the error.
    pub message: String,
    /// The row at fault, as an index into the rows of the load, where one row can be named.
    pub row: Option<usize>,
}

/// A fault with its facts, before it is put into words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    Loop { class: &'static str, what: &'static str, revisions: Vec<String> },
    RangeNotAncestor { lower: Identifier, upper: Identifier },
    MultipleHeads { heads: Vec<String>, argument: String },
    Resolution { message: String, argument: String },
    Revision { message: String },
    Command { message: String },
    Internal { class: &'static str, message: String },
    Hang,
}

pub(super) type Answered<T> = Result<T, Fault>;

impl Fault {
    pub(super) fn revision(message: impl Into<String>) -> Self {
        Fault::Revision { message: message.into() }
    }

    pub(super) fn resolution(message: impl Into<String>, argument: impl Into<String>) -> Self {
        Fault::Resolution { message: message.into(), argument: argument.into() }
    }

    pub(super) fn assertion(message: impl Into<String>) -> Self {
        Fault::Internal { class: "AssertionError", message: message.into() }
    }

    pub(super) fn type_error(message: impl Into<String>) -> Self {
        Fault::Internal { class: "TypeError", message: message.into() }
    }

    /// A key that a Python dictionary or set does not hold; `key` is its `repr`.
    pub(super) fn missing_key(key: impl Into<String>) -> Self {
        Fault::Internal { class: "KeyError", message: key.into() }
    }

    pub(super) fn broken_map() -> Self {
        Fault::revision("Dependency resolution failed; broken map")
    }

    pub(super) fn at(self, row: Option<usize>) -> MapError {
        let (kind, class) = self.kind_and_class();
        MapError { kind, class, message: self.text(), row }
    }

    fn kind_and_class(&self) -> (ErrorKind, &'static str) {
        match self {
            Fault::Loop { class, .. } => (ErrorKind::Revision, class),
            Fault::RangeNotAncestor { .. } => (ErrorKind::Revision, "RangeNotAncestorError"),
            Fault::MultipleHeads { .. } => (ErrorKind::Revision, "MultipleHeads"),
            Fault::Resolution { .. } => (ErrorKind::Revision, "ResolutionError"),
            Fault::Revision { .. } => (ErrorKind::Revision, "RevisionError"),
            Fault::Command { .. } => (ErrorKind::Command, "CommandError"),
            Fault::Internal { class, .. } => (ErrorKind::Internal, class),
            Fault::Hang => (ErrorKind::Hang, "NoAnswer"),
        }
    }

    fn text(&self) -> String {
        match self {
            Fault::Loop { what, revisions, .. } => {
                format!("{what} is detected in revisions ({})", revisions.join(", "))
            }
            Fault::RangeNotAncestor { lower, upper } => {
                format!("Revision {} is not an ancestor of revision {}", end(lower), end(upper))
            }
            Fault::MultipleHeads { heads, argument } => {
                format!("Multiple heads are present for given argument '{argument}'; {}", heads.join(", "))
            }
            Fault::Resolution { message, .. }
            | Fault::Revision { message }
            | Fault::Command { message }
            | Fault::Internal { message, .. } => message.clone(),
            Fault::Hang => "no answer".to_owned(),
        }
    }
}

impl From<Fault> for MapError {
    fn from(fault: Fault) -> Self {
        fault.at(None)
    }
}

/// One end of a range as Alembic prints it: an empty one is `base`.
fn end(identifier: &Identifier) -> String {
    if identifier.is_empty() { "base".to_owned() } else { identifier.text() }
}

/// How a command words the faults of the library.
#[derive(Default)]
pub(super) struct Wording {
    /// What to say when the two ends are not on one line; the ends go in between the parts.
    pub(super) range: Range,
    /// What the user asked to reach, where the command knows it.
    pub(super) start: Option<Identifier>,
    pub(super) end: Option<Identifier>,
    /// What to say about several heads instead of the usual text.
    pub(super) multiple_heads: Option<&'static str>,
}

/// The sentence about two ends that are not on one line.
#[derive(Default)]
pub(super) enum Range {
    #[default]
    Requested,
    UpgradeTarget,
    DowngradeTarget,
}

impl Wording {
    /// Says a fault as the command would; crashes and hangs stay what they are.
    pub(super) fn apply(&self, fault: Fault) -> Fault {
        let message = match fault {
            Fault::RangeNotAncestor { lower, upper } => self.range_text(&lower, &upper),
            Fault::MultipleHeads { argument, .. } => self.heads_text(argument),
            Fault::Resolution { argument, .. } => format!("Can't locate revision identified by '{argument}'"),
            fault @ (Fault::Loop { .. } | Fault::Revision { .. }) => fault.text(),
            other => return other,
        };
        Fault::Command { message }
    }

    fn range_text(&self, lower: &Identifier, upper: &Identifier) -> String {
        let start = self.start.as_ref().unwrap_or(lower).text();
        let end = self.end.as_ref().unwrap_or(upper).text();
        match self.range {
            Range::Requested => format!(
                "Requested range {start}:{end} does not refer to ancestor/descendant revisions along the same branch"
            ),
            Range::UpgradeTarget => {
                format!("Destination {end} is not a valid upgrade target from current head(s)")
            }
            Range::DowngradeTarget => {
                format!("Destination {end} is not a valid downgrade target from current head(s)")
            }
        }
    }

    fn heads_text(&self, argument: String) -> String {
        if let Some(text) = self.multiple_heads {
            return text.to_owned();
        }
        let asked = self.end.as_ref().filter(|end| !end.is_empty()).map_or(argument, Identifier::text);
        format!(
            "Multiple head revisions are present for given argument '{asked}'; please specify a specific target \
             revision, '<branchname>@{asked}' to narrow to a specific head, or 'heads' for all heads"
        )
    }
}
