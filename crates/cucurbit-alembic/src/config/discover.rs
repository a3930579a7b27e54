//! Finds the environments below a path.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::environment::{Request, configured, unconfigured};
use super::groups::linked;
use super::ini::Ini;
use super::paths::{absolute, real_or_same};
use super::problem::{ConfigProblem, ConfigProblemKind, Effect, WalkProblem, WalkProblemKind};
use super::pyproject::Pyproject;
use super::share::share;
use super::walk::{
    Gathered, MAX_CONFIG, ReadFault, gather, has_revision_files, is_ini_name, read_config,
    revision_folders_below, stray_revision_folders,
};
use super::{DiscoverError, DiscoverOptions, Discovery, Environment, EnvironmentKind};

/// How far above a versions folder its configuration is looked for.
const MAX_CLIMB: usize = 4;

/// How many folders of revision files under other names an error names.
const MAX_STRAYS: usize = 5;

/// Finds every Alembic environment at or below `path`.
///
/// The path may be a folder with configurations anywhere below it, a configuration file, a script
/// folder, or a folder of revision files; of the last two the configuration is looked for in the
/// folders above. Environments come sorted by configuration file, else by folder.
///
/// # Errors
///
/// When the path, a configuration file or a version folder that was asked for does not exist or
/// cannot be read, when a file is no configuration, and when nothing was found.
pub fn discover(path: &Path, options: &DiscoverOptions) -> Result<Discovery, DiscoverError> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
            return Err(DiscoverError::NotFound { path: path.to_owned() });
        }
        Err(source) => return Err(DiscoverError::Unreadable { path: path.to_owned(), source }),
    };
    let given = absolute(path);
    let root = if metadata.is_dir() { given.clone() } else { parent_of(&given) };
    let mut search = Search { options, root, tomls: BTreeMap::new(), problems: Vec::new() };
    let environments = if !options.versions.is_empty() {
        search.explicit_versions()?
    } else if !options.config.is_empty() {
        search.explicit_configs(&options.config)?
    } else if metadata.is_dir() {
        search.folder(&given)
    } else if is_config_name(path) {
        search.explicit_configs(std::slice::from_ref(&given))?
    } else {
        return Err(DiscoverError::UnknownFile { path: path.to_owned() });
    };
    let mut problems = search.problems;
    problems.sort();
    problems.dedup();
    if environments.is_empty() {
        let strays = stray_revision_folders(&search.root, MAX_STRAYS);
        let strays =
            strays.iter().map(|folder| path.join(folder.strip_prefix(&search.root).unwrap_or(folder)));
        return Err(DiscoverError::NothingFound {
            path: path.to_owned(),
            strays: strays.collect(),
            problems,
        });
    }
    Ok(Discovery { root: search.root, environments, problems })
}

fn is_config_name(path: &Path) -> bool {
    is_ini_name(path) || is_toml_name(path) || path.extension().is_some_and(|extension| extension == "conf")
}

/// Alembic takes any other name for an ini file.
fn is_toml_name(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "pyproject.toml")
}

fn parent_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).to_owned()
}

/// One search with what it has read.
struct Search<'o> {
    options: &'o DiscoverOptions,
    root: PathBuf,
    tomls: BTreeMap<PathBuf, Option<Rc<Pyproject>>>,
    problems: Vec<WalkProblem>,
}

impl Search<'_> {
    fn explicit_versions(&self) -> Result<Vec<Environment>, DiscoverError> {
        let mut folders = Vec::new();
        for folder in &self.options.versions {
            if !folder.exists() {
                return Err(DiscoverError::NotFound { path: folder.clone() });
            }
            folders.push(absolute(folder));
        }
        let mut environment = unconfigured(EnvironmentKind::Explicit, None, &folders, &self.root);
        environment.recursive |= self.options.recursive;
        Ok(vec![environment])
    }

    fn explicit_configs(&mut self, files: &[PathBuf]) -> Result<Vec<Environment>, DiscoverError> {
        let (mut ini, mut toml): (Option<&PathBuf>, Option<&PathBuf>) = (None, None);
        for file in files {
            if !file.exists() {
                return Err(DiscoverError::NotFound { path: file.clone() });
            }
            let slot = if is_toml_name(file) { &mut toml } else { &mut ini };
            if let Some(first) = slot.replace(file) {
                return Err(DiscoverError::TwoConfigs { first: first.clone(), second: file.clone() });
            }
        }
        let toml = toml.map(|path| absolute(path)).and_then(|path| self.toml_file(&path));
        let ini = match (ini, &toml) {
            (Some(path), _) => Some(read_ini(&absolute(path))),
            // Without `-c` for it, `alembic.ini` of the current folder is read as well.
            (None, Some(toml)) => {
                let folder =
                    self.options.current_dir.as_deref().map_or_else(|| parent_of(&toml.path), absolute);
                Some(folder.join("alembic.ini")).filter(|path| path.is_file()).map(|path| read_ini(&path))
            }
            (None, None) => None,
        };
        let (Some(config_dir), from_toml) = (
            ini.as_ref()
                .map(|ini| &ini.path)
                .or(toml.as_ref().map(|toml| &toml.path))
                .map(|path| parent_of(path)),
            &toml,
        ) else {
            return Ok(Vec::new());
        };
        let mut candidates = self.candidates(&config_dir);
        if let Some(toml) = from_toml {
            for candidate in &mut candidates {
                candidate.1 = Some(Rc::clone(toml));
            }
        }
        let sections = ini.as_ref().map_or_else(|| vec!["alembic".to_owned()], |ini| self.sections(ini));
        let build = |section: &String| self.configured(ini.as_ref(), section, &config_dir, &candidates);
        let environments = sections.iter().map(build).collect();
        Ok(share(environments))
    }

    fn folder(&mut self, folder: &Path) -> Vec<Environment> {
        let mut gathered = gather(folder);
        self.problems.append(&mut gathered.problems);
        let mut environments = self.configurations(&gathered);
        if environments.is_empty()
            && (has_revision_files(folder) || folder.join("env.py").is_file())
            && let Some(above) = self.configured_above(folder)
        {
            return above;
        }
        self.unclaimed(folder, &gathered, &mut environments);
        environments.sort_by_cached_key(sort_key);
        environments
    }

    /// Reads every configuration that the walk came by.
    fn configurations(&mut self, gathered: &Gathered) -> Vec<Environment> {
        let mut inis = Vec::new();
        for path in &gathered.inis {
            inis.extend(self.alembic_ini(path));
        }
        let asked = self.options.section.clone();
        if let Some(section) = &asked
            && inis.iter().any(|ini| ini.section(section).is_some())
        {
            // Files that do not know the section are not meant.
            inis.retain(|ini| ini.section(section).is_some());
        }
        let paired: BTreeSet<_> = inis.iter().map(|ini| parent_of(&ini.path)).collect();
        let mut environments = Vec::new();
        // `alembic.ini` speaks for its folder before `alembic-test.ini` does.
        inis.sort_by_key(|ini| (parent_of(&ini.path), !is_default_ini(&ini.path), ini.path.clone()));
        for ini in &inis {
            let config_dir = parent_of(&ini.path);
            let candidates = self.candidates(&config_dir);
            for section in self.sections(ini) {
                environments.push(self.configured(Some(ini), &section, &config_dir, &candidates));
            }
        }
        for path in &gathered.pyprojects {
            let config_dir = parent_of(path);
            let toml = self.toml_file(path).filter(|toml| toml.is_alembic);
            if toml.is_none() || paired.contains(&config_dir) {
                continue;
            }
            let candidates: Vec<_> =
                self.candidates(&config_dir).into_iter().map(|(folder, _)| (folder, toml.clone())).collect();
            environments.push(self.configured(None, "alembic", &config_dir, &candidates));
        }
        share(environments)
    }

    fn configured(
        &self,
        ini: Option<&Ini>,
        section: &str,
        config_dir: &Path,
        candidates: &[(PathBuf, Option<Rc<Pyproject>>)],
    ) -> Environment {
        let is_given = self.options.current_dir.is_some();
        configured(&Request { ini, section, config_dir, candidates, is_given, root: &self.root })
    }

    /// Reads an ini file if it has to do with Alembic.
    fn alembic_ini(&mut self, path: &Path) -> Option<Ini> {
        let is_default = is_default_ini(path);
        match read_config(path) {
            Ok(bytes) if is_default || mentions_alembic(&bytes) => {
                let ini = Ini::read(path.to_owned(), &bytes);
                let names_alembic =
                    path.file_stem().is_some_and(|stem| stem.to_string_lossy().contains("alembic"));
                (is_default || ini.is_alembic(names_alembic)).then_some(ini)
            }
            Ok(_) => None,
            Err(fault) => {
                let kind = match fault {
                    ReadFault::Unreadable(_) => WalkProblemKind::Unreadable,
                    ReadFault::TooLarge(_) => WalkProblemKind::TooLarge,
                };
                self.problems.push(WalkProblem { path: path.to_owned(), kind });
                is_default.then(|| unread_ini(path, fault))
            }
        }
    }

    /// Chooses the sections of an ini file that describe environments.
    fn sections(&self, ini: &Ini) -> Vec<String> {
        if let Some(section) = &self.options.section {
            return vec![section.clone()];
        }
        let has = |section: &str, name: &str| ini.option(section, name).is_some();
        let describes = |section: &super::ini::Section| {
            let own = |name: &str| section.options.contains_key(name);
            own("script_location") || own("version_locations") && has(&section.name, "script_location")
        };
        let mut names: Vec<_> = ini.sections.iter().filter(|section| describes(section)).collect();
        names.sort_by_key(|section| section.name != "alembic");
        let mut names: Vec<_> = names.into_iter().map(|section| section.name.clone()).collect();
        let is_default_section_used = ini.section("alembic").is_some() && has("alembic", "script_location");
        if names.is_empty() || is_default_section_used && !names.iter().any(|name| name == "alembic") {
            names.insert(0, "alembic".to_owned());
        }
        names
    }

    /// Lists the folders from which Alembic may be run, likeliest first.
    fn candidates(&mut self, config_dir: &Path) -> Vec<(PathBuf, Option<Rc<Pyproject>>)> {
        let folders = match &self.options.current_dir {
            Some(folder) => vec![absolute(folder)],
            None => run_folders(config_dir, &self.root),
        };
        let with_toml = |folder: PathBuf| {
            let toml = self.toml_file(&folder.join("pyproject.toml"));
            (folder, toml)
        };
        folders.into_iter().map(with_toml).collect()
    }

    /// Reads a TOML file once.
    fn toml_file(&mut self, path: &Path) -> Option<Rc<Pyproject>> {
        if let Some(known) = self.tomls.get(path) {
            return known.clone();
        }
        let read = match read_config(path) {
            Ok(bytes) => Some(Rc::new(Pyproject::read(path.to_owned(), &bytes))),
            Err(ReadFault::Unreadable(std::io::ErrorKind::NotFound)) => None,
            Err(fault) => Some(Rc::new(unread_toml(path, fault))),
        };
        self.tomls.insert(path.to_owned(), read.clone());
        read
    }

    /// Looks in the folders above for a configuration that names this folder.
    fn configured_above(&mut self, folder: &Path) -> Option<Vec<Environment>> {
        let wanted = real_or_same(folder);
        for above in folder.ancestors().skip(1).take(MAX_CLIMB) {
            let gathered = beside(above);
            let mut found = self.configurations(&gathered);
            found.retain(|environment| claims(environment, &wanted));
            if !found.is_empty() {
                self.root = above.to_owned();
                return Some(found);
            }
            if above.join(".git").exists() {
                break;
            }
        }
        None
    }

    /// Adds the folders of revisions that no configuration names.
    fn unclaimed(&self, root: &Path, gathered: &Gathered, environments: &mut Vec<Environment>) {
        let mut claimed: BTreeSet<PathBuf> = BTreeSet::new();
        for versions in &gathered.versions {
            let real = real_or_same(versions);
            let is_below = claimed.iter().any(|known| real.starts_with(known));
            if is_below || environments.iter().any(|environment| claims_versions(environment, &real)) {
                continue;
            }
            let mut bare = bare(versions, environments);
            if !bare.is_empty() {
                claimed.insert(real);
                environments.append(&mut bare);
            }
        }
        if !environments.is_empty() {
            return;
        }
        if has_revision_files(root) {
            let folder = parent_of(root);
            environments.push(unconfigured(EnvironmentKind::BareVersions, None, &[root.to_owned()], &folder));
        } else if root.join("env.py").is_file() && root.join("script.py.mako").is_file() {
            let versions = root.join("versions");
            environments.push(unconfigured(
                EnvironmentKind::ScriptFolder,
                Some(root),
                &[versions],
                &parent_of(root),
            ));
        }
    }
}

/// Reads a folder named `versions` without a configuration.
fn bare(versions: &Path, known: &[Environment]) -> Vec<Environment> {
    let script = parent_of(versions);
    let real_script = real_or_same(&script);
    let is_configured = known.iter().any(|environment| {
        environment.script_location.as_ref().is_some_and(|located| real_or_same(&located.path) == real_script)
    });
    let is_script = script.join("env.py").is_file() && !is_configured;
    let one = |folders: &[PathBuf]| match is_script {
        true => unconfigured(EnvironmentKind::ScriptFolder, Some(&script), folders, &parent_of(&script)),
        false => unconfigured(EnvironmentKind::BareVersions, None, folders, &script),
    };
    let whole = [versions.to_owned()];
    if has_revision_files(versions) {
        return vec![one(&whole)];
    }
    if is_configured {
        return Vec::new();
    }
    let chains = linked(revision_folders_below(versions));
    match chains.as_slice() {
        [] if is_script && script.join("script.py.mako").is_file() => vec![one(&whole)],
        // One chain in subfolders is what `recursive_version_locations` is for.
        [_] => vec![Environment { recursive: true, ..one(&whole) }],
        chains => chains.iter().map(|folders| one(folders)).collect(),
    }
}

/// Lists a configuration's folder, those above it up to the root, and those up to the repository's.
fn run_folders(config_dir: &Path, root: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let mut inside = None;
    for folder in config_dir.ancestors() {
        folders.push(folder.to_owned());
        if inside.is_none() && (folder == root || !folder.starts_with(root)) {
            inside = Some(folders.len());
        }
        if inside.is_some() && folder.join(".git").exists() {
            return folders;
        }
    }
    folders.truncate(inside.unwrap_or(1));
    folders
}

/// Lists the configuration files of one folder.
fn beside(folder: &Path) -> Gathered {
    let mut gathered = Gathered::default();
    let Ok(entries) = std::fs::read_dir(folder) else { return gathered };
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()) {
        if is_toml_name(&path) {
            gathered.pyprojects.push(path);
        } else if is_ini_name(&path) {
            gathered.inis.push(path);
        }
    }
    gathered.inis.sort();
    gathered
}

fn is_default_ini(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "alembic.ini")
}

fn mentions_alembic(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"[alembic]").is_some()
        || bytes.windows(b"script_location".len()).any(|word| word.eq_ignore_ascii_case(b"script_location"))
}

fn read_ini(path: &Path) -> Ini {
    match read_config(path) {
        Ok(bytes) => Ini::read(path.to_owned(), &bytes),
        Err(fault) => unread_ini(path, fault),
    }
}

fn unread_kind(fault: ReadFault) -> ConfigProblemKind {
    match fault {
        ReadFault::Unreadable(reason) => ConfigProblemKind::Unreadable { reason },
        ReadFault::TooLarge(size) => ConfigProblemKind::TooLarge { size, limit: MAX_CONFIG },
    }
}

/// Returns an ini file that says nothing, as Alembic takes one that cannot be read.
fn unread_ini(path: &Path, fault: ReadFault) -> Ini {
    let effect = match fault {
        ReadFault::Unreadable(_) => {
            Effect::Fails { message: "No 'script_location' key found in configuration.".to_owned() }
        }
        ReadFault::TooLarge(_) => Effect::Silent,
    };
    let problem = ConfigProblem { kind: unread_kind(fault), file: path.to_owned(), span: None, effect };
    Ini::unread(problem)
}

fn unread_toml(path: &Path, fault: ReadFault) -> Pyproject {
    let effect = match fault {
        ReadFault::Unreadable(std::io::ErrorKind::IsADirectory) => {
            Effect::Fails { message: "IsADirectoryError: [Errno 21] Is a directory".to_owned() }
        }
        ReadFault::Unreadable(_) => {
            Effect::Fails { message: "PermissionError: [Errno 13] Permission denied".to_owned() }
        }
        ReadFault::TooLarge(_) => Effect::Silent,
    };
    let problem = ConfigProblem { kind: unread_kind(fault), file: path.to_owned(), span: None, effect };
    Pyproject::unread(problem)
}

/// Whether a folder is the script folder or a version folder of an environment.
fn claims(environment: &Environment, real: &Path) -> bool {
    let is_script = environment
        .script_location
        .as_ref()
        .is_some_and(|located| located.exists && real_or_same(&located.path) == real);
    is_script || claims_versions(environment, real)
}

fn claims_versions(environment: &Environment, real: &Path) -> bool {
    environment.version_locations.iter().filter(|located| located.exists).any(|located| {
        let known = real_or_same(&located.path);
        known == real || environment.recursive && real.starts_with(&known)
    })
}

fn sort_key(environment: &Environment) -> (PathBuf, bool, String) {
    let file = environment.config_files.first();
    let path = file.cloned().unwrap_or_else(|| environment.folder().to_owned());
    (path, environment.section != "alembic", environment.section.clone())
}
