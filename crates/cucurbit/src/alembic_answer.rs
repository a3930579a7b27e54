//! What Alembic would answer on these files, without asking it.
//!
//! Files are taken in load order, and the first fault ends the load, as it does in Alembic. Code of
//! revision files that only running would show (a failing import, say) is not foreseen.

mod plain;

use crate::case::{module_name, old_style_id, revision_id};
use cucurbit_alembic::config::{Effect, Environment};
use cucurbit_alembic::{Field, FileProblem, RevisionFile};
use cucurbit_graph::{ErrorKind, MapError, RevisionGraph, RevisionMap, RevisionRow, Value};
use cucurbit_python::Problem;
use cucurbit_text::DecodeProblem;
use std::path::PathBuf;

/// The error with which Alembic ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlembicError {
    /// The Python class; `CommandError` and the `RevisionError` family are printed as `FAILED: …`.
    pub class: String,
    /// The text of the error.
    pub message: String,
    /// The file at which it ends, where one can be named.
    pub file: Option<PathBuf>,
    /// It never ends.
    pub hangs: bool,
}

impl AlembicError {
    /// Returns the line that the terminal would show last.
    #[must_use]
    pub fn last_line(&self) -> String {
        if self.hangs {
            "(never ends)".to_owned()
        } else if self.is_reported() {
            format!("FAILED: {}", self.message)
        } else if self.message.is_empty() {
            self.class.clone()
        } else {
            format!("{}: {}", self.class, self.message)
        }
    }

    fn is_reported(&self) -> bool {
        matches!(
            self.class.as_str(),
            "CommandError"
                | "RevisionError"
                | "RangeNotAncestorError"
                | "MultipleHeads"
                | "ResolutionError"
                | "CycleDetected"
                | "DependencyCycleDetected"
                | "LoopDetected"
                | "DependencyLoopDetected"
        )
    }
}

/// Alembic's answer to `alembic history`, and to `alembic upgrade heads` on an empty database.
#[derive(Debug)]
pub enum AlembicAnswer {
    /// There is no revision file.
    NoRevisions,
    /// The chain loads.
    Loads {
        /// The warnings that it prints.
        warnings: Vec<String>,
        /// Why an upgrade from an empty database fails, if its own bookkeeping makes it fail.
        upgrade_fault: Option<UpgradeFault>,
    },
    /// The load ends with an error.
    Fails {
        /// The error.
        error: AlembicError,
        /// The warnings that it prints before.
        warnings: Vec<String>,
    },
    /// A file states something that cannot be told without running it.
    CannotTell {
        /// The first such file.
        file: PathBuf,
    },
}

/// The step at which an upgrade from an empty database fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpgradeFault {
    /// The revision; none when not even the order of the steps can be found.
    pub revision: Option<String>,
    /// The error.
    pub error: AlembicError,
}

impl AlembicAnswer {
    /// Returns the answer, and the chain as Alembic holds it where it had to be made for that.
    pub(crate) fn of(
        files: &[RevisionFile],
        environment: &Environment,
        graph: &RevisionGraph,
    ) -> (Self, Option<RevisionMap>) {
        let fatal = environment.problems.iter().find_map(|problem| match &problem.effect {
            Effect::Fails { message } => Some((problem.file.clone(), message.clone())),
            _ => None,
        });
        if let Some((file, message)) = fatal {
            let (class, message) = split_class(&message);
            let error = AlembicError { class, message, file: Some(file), hangs: false };
            return (AlembicAnswer::Fails { error, warnings: Vec::new() }, None);
        }
        if files.is_empty() {
            return (AlembicAnswer::NoRevisions, None);
        }
        if plain::is_plain(files, graph) {
            return (AlembicAnswer::Loads { warnings: Vec::new(), upgrade_fault: None }, None);
        }
        load(files)
    }

    /// Returns the error with which the load ends.
    #[must_use]
    pub fn error(&self) -> Option<&AlembicError> {
        match self {
            AlembicAnswer::Fails { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// Returns the chain as Alembic holds it, if it loads.
pub(crate) fn map_of(files: &[RevisionFile]) -> Option<RevisionMap> {
    load(files).1
}

fn load(files: &[RevisionFile]) -> (AlembicAnswer, Option<RevisionMap>) {
    let mut rows = Vec::with_capacity(files.len());
    let mut failure = None;
    let mut unknown = None;
    // Not in parallel: a thread that waits for the others may take up a rule, which waits for this answer.
    for file in files {
        match row(file) {
            Row::Known(row) => rows.push(row),
            Row::Fails(error) => {
                failure = Some(error);
                break;
            }
            Row::CannotTell => {
                unknown = Some(file.path.clone());
                break;
            }
        }
    }
    let loaded = RevisionMap::load_owned(rows);
    if failure.is_some() || unknown.is_some() {
        // Faults of a single revision are met while the files are read, so an earlier one wins.
        if let Err(error) = loaded.outcome
            && is_met_while_reading(&error)
        {
            let error = translate(&error, files);
            return (AlembicAnswer::Fails { error, warnings: loaded.warnings }, None);
        }
        let answer = match (failure, unknown) {
            (Some(error), _) => AlembicAnswer::Fails { error, warnings: loaded.warnings },
            (None, Some(file)) => AlembicAnswer::CannotTell { file },
            (None, None) => AlembicAnswer::NoRevisions,
        };
        return (answer, None);
    }
    match loaded.outcome {
        Err(error) => {
            let error = translate(&error, files);
            (AlembicAnswer::Fails { error, warnings: loaded.warnings }, None)
        }
        Ok(map) => {
            let upgrade_fault = map.fault_from_empty().map(|fault| UpgradeFault {
                revision: fault.revision,
                error: translate(&fault.error, files),
            });
            (AlembicAnswer::Loads { warnings: loaded.warnings, upgrade_fault }, Some(map))
        }
    }
}

fn is_met_while_reading(error: &MapError) -> bool {
    matches!(error.class, "LoopDetected" | "DependencyLoopDetected" | "TypeError")
        || error.message.starts_with("Character(s)")
}

fn translate(error: &MapError, files: &[RevisionFile]) -> AlembicError {
    AlembicError {
        class: error.class.to_owned(),
        message: error.message.clone(),
        file: error.row.and_then(|row| files.get(row)).map(|file| file.path.clone()),
        hangs: error.kind == ErrorKind::Hang,
    }
}

fn split_class(message: &str) -> (String, String) {
    match message.split_once(": ") {
        Some((class, rest)) if class.ends_with("Error") && !class.contains(' ') => {
            (class.to_owned(), rest.to_owned())
        }
        _ => ("CommandError".to_owned(), message.trim_start_matches("FAILED: ").to_owned()),
    }
}

/// Returns the ids in the order in which `alembic upgrade heads` would run them from an empty database, were these
/// revisions with their parents there, too; `None` where that cannot be told.
pub(crate) fn order_with(files: &[RevisionFile], added: &[(&str, &[String])]) -> Option<Vec<String>> {
    let mut rows = Vec::with_capacity(files.len() + added.len());
    for file in files {
        let Row::Known(known) = row(file) else { return None };
        rows.push(known);
    }
    rows.extend(added.iter().map(|(id, parents)| RevisionRow {
        revision: Value::from(*id),
        down_revision: match parents {
            [] => Value::None,
            parents => Value::List(parents.iter().map(|parent| Value::from(parent.as_str())).collect()),
        },
        ..RevisionRow::default()
    }));
    let map = RevisionMap::load_owned(rows).outcome.ok()?;
    let plan = map.upgrade_steps("heads", &[]).ok()?;
    Some(plan.revisions().iter().map(|id| (*id).to_owned()).collect())
}

enum Row {
    Known(RevisionRow),
    Fails(AlembicError),
    CannotTell,
}

fn row(file: &RevisionFile) -> Row {
    let facts = &file.facts;
    let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let fails = |class: &str, message: String| {
        Row::Fails(AlembicError {
            class: class.to_owned(),
            message,
            file: Some(file.path.clone()),
            hangs: facts.problems.contains(&FileProblem::NotAFile),
        })
    };
    if let Some((class, message)) = facts.problems.iter().find_map(load_error) {
        return fails(class, message);
    }
    if !facts.problems.is_empty() {
        return Row::CannotTell;
    }
    let revision = match (&facts.revision, revision_id(file)) {
        (Field::Absent, None) => match old_style_id(&file.path) {
            // A name of hexadecimal digits is an id; what is missing then is the other variable.
            Some(id) => Value::Str(id.to_owned()),
            None => {
                return fails(
                    "CommandError",
                    format!(
                        "Could not determine revision id from filename {name}. Be sure the 'revision' variable is declared inside the script (please see 'Upgrading from Alembic 0.1 to 0.2' in the documentation)."
                    ),
                );
            }
        },
        (_, Some(id)) => Value::Str(id),
        (Field::Known { value, .. }, None) => plain(value),
        _ => return Row::CannotTell,
    };
    if facts.down_revision == Field::Absent {
        let module = module_name(&file.path);
        return fails("AttributeError", format!("module '{module}' has no attribute 'down_revision'"));
    }
    let fields = [&facts.down_revision, &facts.branch_labels, &facts.depends_on].map(|field| match field {
        Field::Absent => Some(Value::None),
        Field::Known { value, .. } => Some(plain(value)),
        Field::Unknown { .. } => None,
    });
    let [Some(down_revision), Some(branch_labels), Some(depends_on)] = fields else { return Row::CannotTell };
    Row::Known(RevisionRow {
        revision,
        down_revision,
        branch_labels,
        depends_on,
        doc: facts.docstring.as_ref().map(|doc| doc.text.clone()).unwrap_or_default(),
        path: name,
    })
}

/// Returns class and text of the error, for what Python certainly refuses.
fn load_error(problem: &FileProblem) -> Option<(&'static str, String)> {
    Some(match problem {
        FileProblem::NotAFile => ("NoAnswer", String::new()),
        FileProblem::BrokenLink => ("ImportError", "Can't find Python file".to_owned()),
        FileProblem::Unreadable { reason } => ("OSError", reason.clone()),
        FileProblem::Decode(DecodeProblem::InvalidUtf8 { .. }) => {
            ("SyntaxError", "(unicode error) 'utf-8' codec can't decode".to_owned())
        }
        FileProblem::Decode(DecodeProblem::UnknownEncoding { name, .. }) => {
            ("SyntaxError", format!("unknown encoding: {name}"))
        }
        FileProblem::Decode(DecodeProblem::Utf16) => {
            ("SyntaxError", "(unicode error) 'utf-8' codec can't decode".to_owned())
        }
        FileProblem::Python(Problem::Nul { .. }) => {
            ("SyntaxError", "source code string cannot contain null bytes".to_owned())
        }
        FileProblem::Python(Problem::Tabs { .. }) => {
            ("TabError", "inconsistent use of tabs and spaces in indentation".to_owned())
        }
        // What Python would say of it depends on its version.
        FileProblem::Python(Problem::Syntax { .. }) => ("SyntaxError", String::new()),
        FileProblem::Python(Problem::TooDeep | Problem::TooLarge { .. }) => return None,
    })
}

fn plain(value: &cucurbit_python::Value) -> Value {
    use cucurbit_python::Value as Python;
    match value {
        Python::None | Python::Unknown(_) => Value::None,
        Python::Bool(flag) => Value::Bool(*flag),
        Python::Int(number) => Value::Int(*number),
        Python::Str(text) => Value::Str(text.clone()),
        Python::Tuple(items) | Python::List(items) | Python::Set(items) => {
            Value::List(items.iter().map(|item| plain(&item.value)).collect())
        }
    }
}
