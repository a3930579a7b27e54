//! The kinds of faults, and what must be found of each.

mod configuration;
mod dependencies;
mod docstrings;
mod files;
mod folders;
mod graph;
mod identifiers;
mod ids;
mod labels;
mod parents;
mod syntax;

use super::project::Project;
use std::path::{Path, PathBuf};

/// Why a fault cannot be put into an environment.
pub(super) type NotApplicable = &'static str;

/// What a fault's injector answers.
pub(super) type Injected = Result<Expectation, NotApplicable>;

/// A kind of fault.
#[derive(Debug)]
pub(super) struct Fault {
    /// Its name, unique.
    pub(super) name: &'static str,
    /// Puts it into a project.
    pub(super) inject: fn(&mut Project<'_>) -> Injected,
}

/// A finding that must be there.
#[derive(Debug, Clone)]
pub(super) struct Expectation {
    /// The rule that must report it; any one of them where the fault can be read in two ways.
    pub(super) rules: Vec<&'static str>,
    /// Files that the finding must name.
    pub(super) files: Vec<PathBuf>,
    /// Ids that the finding must name.
    pub(super) revisions: Vec<String>,
}

/// Returns an expectation of a rule.
fn expect(rule: &'static str) -> Expectation {
    Expectation { rules: vec![rule], files: Vec::new(), revisions: Vec::new() }
}

impl Expectation {
    fn or(mut self, rule: &'static str) -> Self {
        self.rules.push(rule);
        self
    }

    fn file(mut self, path: &Path) -> Self {
        self.files.push(path.to_path_buf());
        self
    }

    fn revision(mut self, id: &str) -> Self {
        self.revisions.push(id.to_owned());
        self
    }
}

const NO_PARENT_EDGE: NotApplicable = "no revision has a parent in the environment";
const NO_REVISION: NotApplicable = "no revision whose identifiers are literals";

/// Every kind, by family.
pub(super) const ALL: &[&[Fault]] = &[
    graph::FAULTS,
    dependencies::FAULTS,
    labels::FAULTS,
    parents::FAULTS,
    ids::FAULTS,
    docstrings::FAULTS,
    files::FAULTS,
    folders::FAULTS,
    syntax::FAULTS,
    identifiers::FAULTS,
    configuration::FAULTS,
];
