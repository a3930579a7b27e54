//! The schema that models stand for.

use crate::case::Case;
use crate::replay::SchemaOptions;
use cucurbit_alembic::ProjectFiles;
use cucurbit_models::Models;
use cucurbit_sqlalchemy::Settings;
use std::path::PathBuf;

/// Reads models from files and from folders with all files below them, without a chain.
///
/// `options` say the dialect, the version of SQLAlchemy and where imported modules are looked for first; a
/// module that is not there is looked for in the folders above the file that imports it.
#[must_use]
pub fn read_models(options: &SchemaOptions, paths: &[PathBuf]) -> Models {
    let files = ProjectFiles::new(options.import_roots.clone(), None);
    cucurbit_models::read(&files, &Settings::new(options.dialect, options.sqlalchemy), paths)
}

impl Case {
    /// Reads the models of the project: those in the files and folders given, or, when none is, those that
    /// `env.py` hands to Alembic.
    #[must_use]
    pub fn models(&self, options: &SchemaOptions, paths: &[PathBuf]) -> Models {
        let files = self.project_files(&options.import_roots);
        let settings = Settings::new(options.dialect, options.sqlalchemy);
        if paths.is_empty() {
            let environment = self.environment();
            let env_py = environment.env_py.as_deref();
            return cucurbit_models::read_environment(&files, &settings, env_py, environment.folder());
        }
        cucurbit_models::read(&files, &settings, paths)
    }
}
