//! Options of oslo.config that migrations read, and the modules that register them.
//!
//! `cfg.CONF.name` raises `NoSuchOptError` unless some module has registered `name` before (oslo.config,
//! `ConfigOpts.__getattr__`). Alembic loads every revision file before it runs one, so what one of them imports serves
//! all; with a lost file that goes too.

use crate::case::Case;
use cucurbit_alembic::ProjectFiles;
use cucurbit_python::eval::{FileId, Files, Found, ModuleName};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::LazyLock;

/// Where an option or a group of options gets its name, or is fetched by it.
static DECLARED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let before = r"Opt(?:Group)?\(\s*(?:name\s*=\s*)?|\b(?:dest|group)\s*=\s*|import_(?:opt|group)\(\s*";
    Regex::new(&format!(r#"(?:{before})['"]([\w.-]+)['"]"#)).ok()
});

/// A module that registers options when it is loaded.
static REGISTERS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)^(?:\w+\.)*(?:CONF|conf)\.register_(?:cli_)?opts?\(").ok());

/// An option that a migration reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Read {
    /// The revision.
    pub(crate) revision: String,
    /// The option.
    pub(crate) option: String,
}

impl Read {
    /// Returns what a migration reads.
    pub(crate) fn all<'o>(revision: &'o str, options: &'o [String]) -> impl Iterator<Item = Read> + 'o {
        options.iter().map(|option| Read { revision: revision.to_owned(), option: option.clone() })
    }
}

/// Options that are read and that nothing registers which is loaded.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Unregistered {
    /// Those that just one module of the project registers, by that module.
    pub(crate) modules: BTreeMap<String, Vec<Read>>,
    /// Those of which it cannot be told, with the modules that come into question.
    pub(crate) unknown: Vec<(Read, Vec<String>)>,
}

impl Unregistered {
    /// Says for a migration why it imports a module, and what else a reader should look after, a line for each.
    pub(crate) fn notes(&self) -> impl Iterator<Item = String> + '_ {
        let known = self.modules.iter().map(|(module, reads)| {
            let who = |read: &Read| format!("`{}` ({})", read.option, read.revision);
            format!(
                "`{module}` is imported because later migrations read options that it registers: {}.",
                reads.iter().map(who).collect::<Vec<_>>().join(", ")
            )
        });
        let unknown = self.unknown.iter().map(|(read, modules)| {
            let which = if modules.is_empty() { "not found".to_owned() } else { format!("one of {}", modules.join(", ")) };
            format!(
                "{} reads the option `{}`, and nothing else registers it; import the module that does here: {which}.",
                read.revision, read.option
            )
        });
        known.chain(unknown)
    }
}

impl Case {
    /// Returns the folders in which the project's modules are: those given, and the one above the environment from
    /// which `env.py` imports. Folders of installed packages among them are none of the project's.
    pub(crate) fn module_folders(&self, import_roots: &[PathBuf]) -> Vec<PathBuf> {
        let env_py = self.environment().env_py.as_ref();
        let top = env_py.and_then(|path| crate::replay::top_of(path)).into_iter();
        let is_installed = |root: &&PathBuf| {
            root.components()
                .any(|part| part.as_os_str() == "site-packages" || part.as_os_str() == "dist-packages")
        };
        import_roots.iter().filter(|root| !is_installed(root)).cloned().chain(top).collect()
    }

    /// Returns the options that migrations read and that nothing registers which Alembic loads without some of the
    /// revision files. Costs nothing where none is read.
    pub(crate) fn unregistered_options(
        &self,
        files: &ProjectFiles,
        import_roots: &[PathBuf],
        without: &[PathBuf],
        reads: &BTreeSet<Read>,
    ) -> Unregistered {
        if reads.is_empty() {
            return Unregistered::default();
        }
        let revisions = self.files().iter().map(|file| file.path.clone()).filter(|p| !without.contains(p));
        let loaded: Vec<PathBuf> = revisions.chain(self.environment().env_py.clone()).collect();
        let loaded = cucurbit_models::loaded_with(files, &loaded);
        unregistered(files, &loaded, &self.module_folders(import_roots), reads)
    }
}

/// Looks for the modules that register options.
///
/// `loaded` are the files that are loaded anyhow; `roots` the folders in which the project's modules are. Reads every
/// Python file below these, where an option is not registered by what is loaded.
fn unregistered(
    files: &ProjectFiles,
    loaded: &[FileId],
    roots: &[PathBuf],
    reads: &BTreeSet<Read>,
) -> Unregistered {
    let mut left: Vec<&Read> = reads.iter().collect();
    for file in loaded {
        if left.is_empty() {
            return Unregistered::default();
        }
        let Some(parsed) = files.parsed(*file) else { continue };
        let names = declared(parsed.text());
        left.retain(|read| !names.contains(&read.option));
    }
    let Some(importer) = loaded.first().filter(|_| !left.is_empty()) else {
        return Unregistered::default();
    };
    let mut found: BTreeMap<&Read, BTreeSet<String>> = left.iter().map(|r| (*r, BTreeSet::new())).collect();
    let is_of_tests = |path: &&PathBuf| {
        path.components()
            .any(|part| ["test", "tests", "functional"].contains(&&*part.as_os_str().to_string_lossy()))
    };
    let below: Vec<_> = roots.iter().map(|root| files.python_files(root)).collect();
    for path in below.iter().flat_map(|below| below.iter()).filter(|path| !is_of_tests(path)) {
        let Ok(source) = cucurbit_alembic::read_source(path) else { continue };
        let text = source.text.as_str();
        if !REGISTERS.as_ref().is_some_and(|regex| regex.is_match(text)) {
            continue;
        }
        let names = declared(text);
        let file = files.id(path);
        let module = files.module_name(file);
        let name = ModuleName { level: 0, path: module.clone() };
        // It has to be found under that name by the file that imports it.
        if files.find(*importer, &name) != Found::File(file) {
            continue;
        }
        for (_, modules) in found.iter_mut().filter(|(read, _)| names.contains(&read.option)) {
            modules.insert(module.clone());
        }
    }
    let mut out = Unregistered::default();
    for (read, modules) in found {
        match modules.len() {
            1 => {
                for module in modules {
                    out.modules.entry(module).or_default().push(read.clone());
                }
            }
            _ => out.unknown.push((read.clone(), modules.into_iter().collect())),
        }
    }
    out
}

/// The names that a text declares, as attributes of `CONF` have them.
fn declared(text: &str) -> BTreeSet<String> {
    let Some(regex) = DECLARED.as_ref().filter(|_| text.contains("Opt") || text.contains("import_")) else {
        return BTreeSet::new();
    };
    regex.captures_iter(text).map(|found| found[1].replace('-', "_")).collect()
}

#[cfg(test)]
mod tests {
    use super::declared;

    #[test]
    fn options_are_declared_in_several_ways() {
        let text = "a = cfg.IntOpt('one-two', default=1)\nb = cfg.StrOpt(\n    name=\"three\", dest='four')\n\
                    CONF.import_opt('five', 'm')\nCONF.register_opts(a, group='six')\ncfg.OptGroup('seven')\n";
        let names: Vec<String> = declared(text).into_iter().collect();
        assert_eq!(names, ["five", "four", "one_two", "seven", "six", "three"]);
        assert!(declared("x = f('one')").is_empty());
    }
}
