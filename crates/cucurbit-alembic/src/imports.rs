//! Looks up names that a revision file imports from modules that stand near it.
//!
//! Only modules in the file's own folder and in the folders above are found, by their place alone;
//! what Python would find elsewhere on its path cannot be told.

use crate::revision::read_source;
use cucurbit_python::{Item, Module, Unknown, Value, Variable};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How many imports are followed from module to module.
const MAX_HOPS: usize = 8;
/// How many folders above the file are tried.
const MAX_FOLDERS_UP: usize = 12;

/// Follows imported names for one file; modules are read once.
pub(crate) struct ImportResolver<'f> {
    file: Option<&'f Path>,
    modules: BTreeMap<PathBuf, Module>,
}

impl<'f> ImportResolver<'f> {
    pub(crate) fn new(file: Option<&'f Path>) -> Self {
        Self { file, modules: BTreeMap::new() }
    }

    /// Returns the value with its imported parts replaced, or nothing when one cannot be found.
    pub(crate) fn resolve(&mut self, value: &Value) -> Option<Value> {
        self.resolve_in(value, self.file?.parent()?, MAX_HOPS)
    }

    fn resolve_in(&mut self, value: &Value, folder: &Path, hops: usize) -> Option<Value> {
        match value {
            Value::Unknown(Unknown::Imported { module, name }) => {
                self.imported(module, name, folder, hops.checked_sub(1)?)
            }
            Value::Unknown(_) => None,
            Value::Tuple(items) => self.items(items, folder, hops).map(Value::Tuple),
            Value::List(items) => self.items(items, folder, hops).map(Value::List),
            Value::Set(items) => self.items(items, folder, hops).map(Value::Set),
            known => Some(known.clone()),
        }
    }

    fn items(&mut self, items: &[Item], folder: &Path, hops: usize) -> Option<Vec<Item>> {
        let hops = hops.checked_sub(1)?;
        items
            .iter()
            .map(|item| Some(Item { value: self.resolve_in(&item.value, folder, hops)?, span: item.span }))
            .collect()
    }

    /// `name` may begin with further modules: `ids.BASE` of the package `app.db`.
    fn imported(&mut self, module: &str, name: &str, folder: &Path, hops: usize) -> Option<Value> {
        let dots = module.chars().take_while(|c| *c == '.').count();
        let mut parts: Vec<&str> = module[dots..].split('.').filter(|part| !part.is_empty()).collect();
        let names: Vec<&str> = name.split('.').filter(|part| !part.is_empty()).collect();
        let (variable, inner) = names.split_last()?;
        parts.extend(inner);
        if parts.iter().any(|part| part.contains(['/', '\\', '\0'])) {
            return None;
        }
        let file = find_module(&parts, dots, folder)?;
        let found = self.module(&file)?;
        let value = match found.variable(variable) {
            Variable::Known(binding) => return Some(binding.value.clone()),
            Variable::Unknown(_, Some(binding)) if !binding.conditional => binding.value.clone(),
            _ => return None,
        };
        self.resolve_in(&value, file.parent()?, hops)
    }

    fn module(&mut self, file: &Path) -> Option<&Module> {
        if !self.modules.contains_key(file) {
            let source = read_source(file).ok()?;
            self.modules.insert(file.to_path_buf(), Module::read(source.text.as_str()));
        }
        self.modules.get(file)
    }
}

fn find_module(parts: &[&str], dots: usize, folder: &Path) -> Option<PathBuf> {
    if dots > 0 {
        let base = folder.ancestors().nth(dots - 1)?;
        return module_file(base, parts);
    }
    folder.ancestors().take(MAX_FOLDERS_UP).find_map(|base| module_file(base, parts))
}

fn module_file(base: &Path, parts: &[&str]) -> Option<PathBuf> {
    let path = parts.iter().fold(base.to_path_buf(), |path, part| path.join(part));
    let package = path.join("__init__.py");
    if package.is_file() {
        return Some(package);
    }
    let module = PathBuf::from(format!("{}.py", path.display()));
    (!parts.is_empty() && module.is_file()).then_some(module)
}
