//! The schema that models stand for.

use crate::case::Case;
use crate::replay::SchemaOptions;
use cucurbit_alembic::ProjectFiles;
use cucurbit_models::Models;
use cucurbit_sqlalchemy::{NamingConvention, Settings};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Reads models from files and from folders with all files below them, without a chain.
///
/// `options` say the dialect, the version of SQLAlchemy and where imported modules are looked for first; a
/// module that is not there is looked for in the folders above the file that imports it.
#[must_use]
pub fn read_models(options: &SchemaOptions, paths: &[PathBuf]) -> Models {
    let files = ProjectFiles::new(options.import_roots.clone(), None);
    cucurbit_models::read(&files, &settings_of(options), paths)
}

fn settings_of(options: &SchemaOptions) -> Settings {
    let as_autogenerate = options.as_autogenerate;
    Settings { as_autogenerate, ..Settings::new(options.dialect, options.sqlalchemy) }
}

/// Returns the folders from which imports of a project's own packages start: for each file or folder given, the parent
/// of every folder above it whose name an import in the files begins with (`import shop.db` in `src/shop/db/models.py`
/// gives `src`). For files that are read away from where they belong.
#[must_use]
pub fn import_roots_of(paths: &[PathBuf], importing: &[PathBuf]) -> Vec<PathBuf> {
    let mut first: BTreeSet<String> = BTreeSet::new();
    for path in paths.iter().chain(importing).filter(|p| p.is_file()) {
        let Ok(source) = cucurbit_alembic::read_source(path) else { continue };
        for line in source.text.as_str().lines().map(str::trim_start) {
            let Some(rest) = line.strip_prefix("from ").or_else(|| line.strip_prefix("import ")) else {
                continue;
            };
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            first.insert(rest[..end].to_owned());
        }
    }
    let mut roots: Vec<PathBuf> = Vec::new();
    for path in paths {
        for folder in path.ancestors().skip(1) {
            let is_named = folder.file_name().and_then(|n| n.to_str()).is_some_and(|n| first.contains(n));
            if let (true, Some(root)) = (is_named, folder.parent())
                && !roots.iter().any(|r| r == root)
            {
                roots.push(root.to_owned());
            }
        }
    }
    roots
}

impl Case {
    /// Reads the models of the project: those in the files and folders given, or, when none is, those that
    /// `env.py` hands to Alembic.
    ///
    /// A naming convention that they give and that cannot be told (it comes from another package) is the one that the
    /// migrations write down, or the one that the names in them follow; then [`cucurbit_models::Models::notes`] say so.
    /// What `include_object` and `include_name` of `env.py` leave out is as the chain makes it, and is noted.
    #[must_use]
    pub fn models(&self, options: &SchemaOptions, paths: &[PathBuf]) -> Models {
        let files = self.project_files(&options.import_roots);
        let mut settings = settings_of(options);
        let mut models = self.models_as_written(&files, &mut settings, options, paths);
        self.pass_over_excluded(&files, &settings, options, &mut models);
        models
    }

    fn models_as_written(
        &self,
        files: &ProjectFiles,
        settings: &mut Settings,
        options: &SchemaOptions,
        paths: &[PathBuf],
    ) -> Models {
        let read = |settings: &Settings| {
            if paths.is_empty() {
                let environment = self.environment();
                let env_py = environment.env_py.as_deref();
                return cucurbit_models::read_environment(files, settings, env_py, environment.folder());
            }
            cucurbit_models::read(files, settings, paths)
        };
        let models = read(settings);
        let Some(convention) = models.metadata.as_ref().map(|m| &m.convention) else { return models };
        // Without an `env.py` the models alone do not tell that there is none.
        let may_be_elsewhere =
            *convention == NamingConvention::default() && self.environment().env_py.is_none();
        if !convention.is_unknown() && !may_be_elsewhere {
            return models;
        }
        match self.convention_of_migrations(files, settings, options, may_be_elsewhere) {
            Some(convention) => {
                settings.convention_otherwise = Some(convention);
                settings.convention_elsewhere = may_be_elsewhere;
                read(settings)
            }
            None => models,
        }
    }

    /// The naming convention that migrations write down where all that do agree, else the one that the names in them
    /// follow. One that may not be there at all is only taken when the names follow it.
    fn convention_of_migrations(
        &self,
        files: &ProjectFiles,
        settings: &Settings,
        options: &SchemaOptions,
        may_be_none: bool,
    ) -> Option<NamingConvention> {
        let (order, _) = self.order_to(None).ok()?;
        let rows = order.into_iter().filter_map(|node| self.row_of(node));
        let paths: Vec<PathBuf> = rows.map(|row| self.path(row).to_owned()).collect();
        let written = cucurbit_models::conventions(files, settings, &paths);
        if let ([one], false) = (written.as_slice(), may_be_none) {
            return Some(one.clone());
        }
        if written.len() > 1 {
            return None;
        }
        let options = SchemaOptions { revision: None, ..options.clone() };
        let made = self.schema_at(&options).ok()?;
        if !may_be_none {
            return crate::convention::infer_hidden(&made.state);
        }
        let followed = crate::convention::infer_of_migrations(&made.state)?;
        Some(written.into_iter().next().unwrap_or(followed))
    }
}
