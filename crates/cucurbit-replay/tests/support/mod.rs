//! Follows one revision, written as a text.

#![allow(dead_code)] // Each test file uses its own part.

use cucurbit_replay::{
    Certainty, Direction, Outcome, ProjectFiles, ReplayOptions, Replayer, target_metadata,
};
use cucurbit_schema::{ConstraintKind, Database, Dialect, Table};
use cucurbit_sqlalchemy::{MetaData, Settings, Version};

/// What following a revision gave.
pub(crate) struct Followed {
    pub(crate) outcome: Outcome,
    pub(crate) state: Database,
    /// Each operation: its call, and why it is not known exactly, if it is not.
    pub(crate) operations: Vec<(String, Option<String>)>,
    pub(crate) mismatches: usize,
    pub(crate) exhausted: bool,
}

impl Followed {
    pub(crate) fn tables(&self) -> Vec<String> {
        self.state.tables.keys().map(ToString::to_string).collect()
    }

    pub(crate) fn columns(&self, table: &str) -> Vec<String> {
        let table = self.state.tables.values().find(|t| t.name.name == table);
        table.map(|t| t.columns.iter().map(|c| c.name.clone()).collect()).unwrap_or_default()
    }

    pub(crate) fn table(&self, name: &str) -> &Table {
        self.state.tables.values().find(|t| t.name.name == name).expect("the table")
    }

    /// The names of the constraints of a kind.
    pub(crate) fn constraints(&self, table: &str, kind: ConstraintKind) -> Vec<String> {
        let found = self.table(table).constraints.iter().filter(|c| c.kind() == kind);
        found.map(|c| c.name.clone().unwrap_or_default()).collect()
    }

    pub(crate) fn unknown(&self) -> Vec<&str> {
        self.operations.iter().filter_map(|(_, why)| why.as_deref()).collect()
    }
}

/// Follows `upgrade()` of `versions/r.py` among files, written as texts with `--- path` lines between them.
pub(crate) fn follow(files: &str, dialect: Dialect) -> Followed {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut path = folder.path().join("versions/r.py");
    let mut text = String::from("from alembic import op\nimport sqlalchemy as sa\n");
    let write = |path: &std::path::Path, text: &str| {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    for line in files.lines() {
        match line.strip_prefix("--- ") {
            Some(next) => {
                write(&path, &text);
                path = folder.path().join(next);
                text.clear();
            }
            None => text.push_str(&format!("{line}\n")),
        }
    }
    write(&path, &text);
    let project = ProjectFiles::new(Vec::new(), Some(folder.path().to_owned()));
    let settings = Settings::new(dialect, Version::V2_0);
    let env_py = folder.path().join("env.py");
    let metadata = match env_py.is_file() {
        true => target_metadata(&project, settings.clone(), &env_py).expect("a known MetaData"),
        false => MetaData::default(),
    };
    let env_py = env_py.is_file().then_some(env_py);
    let options = ReplayOptions { env_py, ..ReplayOptions::new(settings, metadata) };
    let mut replayer = Replayer::new(&project, options, Database::new(dialect));
    let step = replayer.step(&folder.path().join("versions/r.py"), Direction::Upgrade);
    let operations = replayer.operations();
    let why = |certainty: &Certainty| match certainty {
        Certainty::Unknown(reason) => Some(reason.clone()),
        _ => None,
    };
    Followed {
        outcome: step.outcome,
        state: replayer.state().clone(),
        operations: operations.iter().map(|o| (o.call.clone(), why(&o.certainty))).collect(),
        mismatches: operations.iter().flat_map(|o| &o.changes).map(|(_, a)| a.mismatches.len()).sum(),
        exhausted: step.exhausted,
    }
}

/// Follows a revision that is known exactly and fits.
pub(crate) fn check(files: &str, dialect: Dialect) -> Followed {
    let followed = follow(files, dialect);
    assert_eq!(followed.unknown(), Vec::<&str>::new(), "{files}");
    assert_eq!((followed.mismatches, followed.exhausted), (0, false), "{files}");
    assert_eq!(followed.outcome, Outcome::Completed, "{files}");
    followed
}
