//! The schema that models stand for.

use crate::case::Case;
use crate::replay::SchemaOptions;
use cucurbit_alembic::ProjectFiles;
use cucurbit_models::Models;
use cucurbit_sqlalchemy::{NamingConvention, Settings};
use std::collections::{BTreeMap, BTreeSet};
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
/// of the nearest folder above it in which a module is that an import in the files begins with (`import shop.db` in
/// `src/shop/db/models.py` gives `src`, where `src/shop` holds `db`). For files that are read away from where they belong.
#[must_use]
pub fn import_roots_of(paths: &[PathBuf], importing: &[PathBuf]) -> Vec<PathBuf> {
    let mut modules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in paths.iter().chain(importing).filter(|p| p.is_file()) {
        let Ok(source) = cucurbit_alembic::read_source(path) else { continue };
        for line in source.text.as_str().lines().map(str::trim_start) {
            if let Some((package, inner)) = first_module(line) {
                modules.entry(package.to_owned()).or_default().extend(inner);
            }
        }
    }
    let mut roots: Vec<PathBuf> = Vec::new();
    for path in paths {
        let mut rooted: BTreeSet<&str> = BTreeSet::new();
        for folder in path.ancestors().skip(1) {
            let Some(name) = folder.file_name().and_then(|n| n.to_str()) else { continue };
            let holds = |module: &String| {
                folder.join(module).exists() || folder.join(format!("{module}.py")).exists()
            };
            let is_meant = modules
                .get(name)
                .is_some_and(|inner| folder.join("__init__.py").exists() || inner.iter().any(holds));
            if is_meant
                && rooted.insert(name)
                && let Some(root) = folder.parent()
                && !roots.iter().any(|r| r == root)
            {
                roots.push(root.to_owned());
            }
        }
    }
    roots
}

/// The package with which an import on a line begins, and what is looked for in it: the next part of the module's name,
/// or the names behind `import`.
fn first_module(line: &str) -> Option<(&str, Vec<String>)> {
    let word =
        |text: &str| -> usize { text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len()) };
    let rest = line.strip_prefix("from ").or_else(|| line.strip_prefix("import "))?;
    let (package, rest) = rest.split_at(word(rest));
    if package.is_empty() {
        return None;
    }
    let inner = match rest.strip_prefix('.') {
        Some(rest) => vec![rest[..word(rest)].to_owned()],
        None => {
            let names =
                rest.trim_start().strip_prefix("import ").into_iter().flat_map(|names| names.split(','));
            let names = names.map(|name| name.trim_start_matches([' ', '(']));
            names.map(|name| name[..word(name)].to_owned()).filter(|name| !name.is_empty()).collect()
        }
    };
    Some((package, inner))
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

#[cfg(test)]
mod tests {
    use super::{first_module, import_roots_of};
    use std::fs;

    /// Writes a project whose folder is called as its package is, and returns its models.
    fn project(top: &std::path::Path, code: &str) -> std::path::PathBuf {
        let db = top.join("shop/shop/db");
        fs::create_dir_all(&db).expect("a new folder can be made");
        fs::write(db.join("types.py"), "").expect("a new file can be written");
        fs::write(db.join("models.py"), code).expect("a new file can be written");
        db.join("models.py")
    }

    #[test]
    fn a_folder_of_projects_is_no_root() {
        let top = tempfile::tempdir().expect("a temporary folder can be made");
        let models = project(top.path(), "from shop.db import types\n");
        assert_eq!(import_roots_of(&[models], &[]), [top.path().join("shop")]);
    }

    #[test]
    fn names_behind_import_are_modules_too() {
        let top = tempfile::tempdir().expect("a temporary folder can be made");
        let models = project(top.path(), "from shop import (db, other)\n");
        assert_eq!(import_roots_of(&[models], &[]), [top.path().join("shop")]);
    }

    #[test]
    fn what_is_not_there_has_no_root() {
        let top = tempfile::tempdir().expect("a temporary folder can be made");
        let models = project(top.path(), "from shop.api import x\nimport db2\n");
        assert_eq!(import_roots_of(&[models], &[]), Vec::<std::path::PathBuf>::new());
    }

    #[test]
    fn the_first_module_of_an_import_is_read() {
        let inner = |line| first_module(line).map(|(package, inner)| (package, inner.join(" ")));
        assert_eq!(inner("import a.b.c as d"), Some(("a", "b".to_owned())));
        assert_eq!(inner("import a"), Some(("a", String::new())));
        assert_eq!(inner("from a import b as c, d"), Some(("a", "b d".to_owned())));
        assert_eq!(inner("from a.b import c"), Some(("a", "b".to_owned())));
        assert_eq!(inner("from . import c"), None);
        assert_eq!(inner("x = 1"), None);
    }
}
