//! The script location and the version locations, with what is odd about them.

use std::path::Path;

use super::super::paths::{Resolved, Resolver, is_absolute, is_script_folder, real_or_same, shown};
use super::super::problem::{ConfigProblem, ConfigProblemKind, Effect};
use super::super::python::repr;
use super::super::settings::{Settings, Written};
use super::super::walk::has_revision_files;
use super::super::{Located, Place, Resolution};
use super::at_path;

pub(super) struct Locations<'a> {
    resolver: &'a Resolver,
    root: &'a Path,
    settings: &'a Settings,
    pub(super) script_location: Option<Located>,
    pub(super) version_locations: Vec<Located>,
    pub(super) problems: Vec<ConfigProblem>,
}

impl<'a> Locations<'a> {
    pub(super) fn new(resolver: &'a Resolver, root: &'a Path, settings: &'a Settings) -> Self {
        Self {
            resolver,
            root,
            settings,
            script_location: None,
            version_locations: Vec::new(),
            problems: Vec::new(),
        }
    }

    fn report(&mut self, kind: ConfigProblemKind, place: Option<&Place>, effect: Effect) {
        let file = place.map(|place| place.file.clone()).unwrap_or_default();
        self.problems.push(ConfigProblem { kind, file, span: place.map(|place| place.span), effect });
    }

    /// Takes the folder itself for the script location.
    pub(super) fn script_at(&mut self, folder: &Path) {
        self.script_location = Some(at_path(folder));
    }

    pub(super) fn script(&mut self, written: Option<&Written>) {
        let Some(written) = written else { return };
        let resolved = self.resolver.resolve(written, is_script_folder);
        if !written.is_guess {
            self.check_script(&resolved);
        }
        self.script_location = Some(resolved.located);
    }

    fn check_script(&mut self, resolved: &Resolved) {
        if self.check_elsewhere("script_location", resolved) {
            return;
        }
        let located = &resolved.located;
        let value = located.value.clone();
        let place = located.written_at.as_ref();
        if !located.exists {
            let message = path_does_not_exist(&self.shown(located));
            self.report(ConfigProblemKind::ScriptLocationMissing { value }, place, Effect::Fails { message });
        } else if !located.path.is_dir() {
            self.report(ConfigProblemKind::ScriptLocationIsFile { value }, place, Effect::Silent);
        }
    }

    /// Reports a package that is nowhere, or a path of another machine.
    fn check_elsewhere(&mut self, setting: &str, resolved: &Resolved) -> bool {
        let located = &resolved.located;
        let is_script = setting == "script_location";
        let setting = setting.to_owned();
        let (kind, message) = match (&resolved.missing_package, located.resolution) {
            (Some(package), _) => {
                let kind = ConfigProblemKind::PackageNotFound { setting, package: package.clone() };
                (kind, module_not_found(package))
            }
            (None, Resolution::Tail) => {
                let (value, used) = (located.value.clone(), located.path.clone());
                let message = path_does_not_exist(&shown(&value));
                (ConfigProblemKind::LocationFromElsewhere { setting, value, used }, message)
            }
            _ => return false,
        };
        let effect = match &resolved.missing_package {
            Some(package) if package.is_empty() => {
                Effect::Fails { message: "ValueError: Empty module name".to_owned() }
            }
            Some(package) if package.starts_with('.') => Effect::Fails {
                message: format!(
                    "TypeError: the 'package' argument is required to perform a relative import for {}",
                    repr(package)
                ),
            },
            None if !is_script => Effect::Silent,
            _ => Effect::Depends { message },
        };
        self.report(kind, located.written_at.as_ref(), effect);
        true
    }

    /// Returns the path as Alembic prints it, the searched folder left out.
    fn shown(&self, located: &Located) -> String {
        if !is_absolute(&located.value) && located.resolution != Resolution::Package {
            return shown(&located.value);
        }
        match located.path.strip_prefix(self.root) {
            Ok(below) => below.to_string_lossy().into_owned(),
            Err(_) => shown(&located.value),
        }
    }

    pub(super) fn versions(&mut self) {
        if self.settings.version_locations.is_empty() {
            self.default_versions();
            return;
        }
        for written in &self.settings.version_locations {
            let resolved = self.resolver.resolve(written, has_revision_files);
            // A string taken for a list is one problem, not one for each of its letters.
            if self.settings.by_character {
                let known = self.version_locations.iter().any(|known| known.path == resolved.located.path);
                if written.value != "/" && !known {
                    self.version_locations.push(resolved.located);
                }
                continue;
            }
            if !written.is_guess {
                self.check_version(&resolved);
            }
            self.version_locations.push(resolved.located);
        }
    }

    fn default_versions(&mut self) {
        let Some(script) = &self.script_location else { return };
        let script_exists = script.exists;
        let versions = at_path(&script.path.join("versions"));
        if script_exists && !versions.exists {
            let place = script.written_at.clone();
            let kind = ConfigProblemKind::VersionLocationMissing { value: versions_of(script) };
            self.report(kind, place.as_ref(), Effect::Silent);
        }
        self.version_locations.push(versions);
    }

    fn check_version(&mut self, resolved: &Resolved) {
        if self.check_elsewhere("version_locations", resolved) {
            return;
        }
        let located = &resolved.located;
        let value = located.value.clone();
        let place = located.written_at.as_ref();
        if !located.exists {
            self.report(ConfigProblemKind::VersionLocationMissing { value }, place, Effect::Silent);
        } else if !located.path.is_dir() {
            self.report(ConfigProblemKind::VersionLocationIsFile { value }, place, Effect::Silent);
        }
    }

    /// Finds locations that are the same folder or, with recursion, lie in one another.
    pub(super) fn compare_versions(&mut self) {
        if self.settings.by_character {
            return;
        }
        let places = std::mem::take(&mut self.version_locations);
        let real: Vec<_> = places.iter().map(|located| real_or_same(&located.path)).collect();
        let mut order: Vec<usize> = (0..real.len()).filter(|index| places[*index].exists).collect();
        order.sort_by(|a, b| real[*a].cmp(&real[*b]).then(a.cmp(b)));
        // Sorted by path parts, a folder comes directly before what lies in it.
        let mut around: Vec<usize> = Vec::new();
        for index in order {
            while around.last().is_some_and(|outer| !real[index].starts_with(&real[*outer])) {
                around.pop();
            }
            match around.last().copied() {
                Some(outer) if real[outer] == real[index] => {
                    self.same(outer, index, places[index].written_at.as_ref(), &places[index]);
                    continue;
                }
                Some(outer) if self.settings.recursive => {
                    let later = outer.max(index);
                    self.nested(outer, index, places[later].written_at.as_ref());
                }
                _ => {}
            }
            around.push(index);
        }
        self.version_locations = places;
    }

    fn same(&mut self, first: usize, second: usize, place: Option<&Place>, located: &Located) {
        let path = located.path.strip_prefix(self.root).unwrap_or(&located.path);
        let effect = Effect::Warns { message: loaded_twice(&path.join("*.py")) };
        self.report(ConfigProblemKind::SameVersionLocation { first, second }, place, effect);
    }

    fn nested(&mut self, outer: usize, inner: usize, place: Option<&Place>) {
        let effect = Effect::Warns { message: loaded_twice(Path::new("*.py")) };
        self.report(ConfigProblemKind::NestedVersionLocation { outer, inner }, place, effect);
    }
}

fn versions_of(script: &Located) -> String {
    let value = if script.value.is_empty() { String::new() } else { format!("{}/", shown(&script.value)) };
    format!("{value}versions")
}

fn loaded_twice(path: &Path) -> String {
    let path = path.to_string_lossy();
    format!("File {path} loaded twice! ignoring. Please ensure version_locations is unique.")
}

fn path_does_not_exist(path: &str) -> String {
    format!("Path doesn't exist: {path}.  Please use the 'init' command to create a new scripts folder.")
}

/// Returns the error of a package that Python does not find.
fn module_not_found(package: &str) -> String {
    format!("ModuleNotFoundError: No module named {}", repr(package))
}
