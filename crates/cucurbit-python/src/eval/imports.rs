//! Imports: bound lazily, loaded when a name is used.

use super::host::{FileId, Found, Host, ModuleName, Place};
use super::run::Evaluator;
use super::scope::Scope;
use super::value::Value;
use ruff_python_ast as ast;
use std::cell::OnceCell;
use std::rc::Rc;

/// A name that an import binds.
#[derive(Debug, Clone)]
pub struct ImportedName {
    importer: FileId,
    module: ModuleName,
    /// The name in the module; `None` for the module itself.
    name: Option<Rc<str>>,
    place: Place,
    /// What it is, once that is known for good: a module, or a name from outside.
    settled: OnceCell<Value>,
}

impl<H: Host> Evaluator<'_, H> {
    pub(super) fn import(&mut self, import: &ast::StmtImport, scope: &Scope, place: Place) {
        for alias in &import.names {
            let path = alias.name.as_str();
            let (bound, module) = match &alias.asname {
                Some(name) => (name.as_str(), path),
                None => {
                    let first = path.split('.').next().unwrap_or(path);
                    (first, first)
                }
            };
            let module = ModuleName { level: 0, path: module.to_owned() };
            let value = Value::Import(Rc::new(ImportedName {
                importer: scope.file,
                module,
                name: None,
                place,
                settled: OnceCell::new(),
            }));
            self.bind(scope, bound, value, place);
        }
    }

    pub(super) fn import_from(&mut self, import: &ast::StmtImportFrom, scope: &Scope, place: Place) {
        let path = import.module.as_ref().map_or("", |m| m.as_str()).to_owned();
        let module = ModuleName { level: import.level, path };
        for alias in &import.names {
            let name = alias.name.as_str();
            if name == "*" {
                self.import_star(&module, scope, place);
                continue;
            }
            let bound = alias.asname.as_ref().unwrap_or(&alias.name).as_str().to_owned();
            let imported = ImportedName {
                importer: scope.file,
                module: module.clone(),
                name: Some(Rc::from(name)),
                place,
                settled: OnceCell::new(),
            };
            self.bind(scope, &bound, Value::Import(Rc::new(imported)), place);
        }
    }

    fn import_star(&mut self, module: &ModuleName, scope: &Scope, place: Place) {
        match self.files.find(scope.file, module) {
            Found::File(file) => {
                self.load(file);
                let names = self.module_names(file);
                let listed =
                    names.iter().find(|(n, _, _)| n.as_ref() == "__all__").and_then(|n| n.1.sequence());
                for (name, value, _) in names {
                    let public = match &listed {
                        Some(all) => all.iter().any(|a| a.as_str() == Some(&name)),
                        None => !name.starts_with('_'),
                    };
                    if public {
                        self.bind(scope, &name, value, place);
                    }
                }
                let stars =
                    self.modules.get(&file).map(|m| m.scope.stars.borrow().clone()).unwrap_or_default();
                scope.stars.borrow_mut().extend(stars);
            }
            Found::Namespace => {}
            Found::Outside => scope.stars.borrow_mut().push(Rc::from(self.outside_path(scope.file, module))),
        }
    }

    /// Returns the best known absolute name of a module outside of the project.
    fn outside_path(&self, importer: FileId, module: &ModuleName) -> String {
        if module.level == 0 {
            return module.path.clone();
        }
        let own = self.files.module_name(importer);
        let mut parts: Vec<&str> = own.split('.').collect();
        for _ in 0..module.level {
            parts.pop();
        }
        if !module.path.is_empty() {
            parts.push(&module.path);
        }
        parts.join(".")
    }

    /// Replaces an imported name by what it is.
    pub(super) fn settle(&mut self, value: Value) -> Value {
        let mut value = value;
        for _ in 0..50 {
            let Value::Import(imported) = &value else { return value };
            value = self.imported(&Rc::clone(imported));
        }
        Value::unknown("the import leads in a circle", None)
    }

    fn imported(&mut self, import: &ImportedName) -> Value {
        if let Some(value) = import.settled.get() {
            return value.clone();
        }
        let found = self.files.find(import.importer, &import.module);
        let Some(name) = &import.name else {
            let value = match found {
                Found::File(file) => Value::Module(file),
                Found::Namespace => self.namespace(import.importer, &import.module),
                Found::Outside => {
                    Value::External(Rc::from(self.outside_path(import.importer, &import.module)))
                }
            };
            return import.settled.get_or_init(|| value).clone();
        };
        if let Found::File(file) = found {
            self.load(file);
            let own = self.modules.get(&file).and_then(|m| m.scope.own(name));
            if let Some(value) = own {
                return value;
            }
        }
        let path = match import.module.path.as_str() {
            "" => name.to_string(),
            path => format!("{path}.{name}"),
        };
        let inner = ModuleName { level: import.module.level, path };
        match (self.files.find(import.importer, &inner), found) {
            (Found::File(file), _) => Value::Module(file),
            (_, Found::File(file)) => self.missing_in_module(file, name, import.place),
            (_, Found::Namespace) if let Some(value) = self.left_out_of_namespace(import, name) => value,
            (Found::Namespace, _) => self.namespace(import.importer, &inner),
            _ => {
                let value = Value::External(Rc::from(self.outside_path(import.importer, &inner)));
                import.settled.get_or_init(|| value).clone()
            }
        }
    }

    /// A folder without `__init__.py`: a name from outside, below which modules of the project may lie.
    pub(super) fn namespace(&mut self, importer: FileId, module: &ModuleName) -> Value {
        let path: Rc<str> = Rc::from(self.outside_path(importer, module));
        self.namespaces.insert(Rc::clone(&path), importer);
        Value::External(path)
    }

    /// What `package.name` is where the package is a folder without `__init__.py`; `None` when it is nothing of the
    /// project.
    pub(super) fn in_namespace(&mut self, package: &str, name: &str) -> Option<Value> {
        let importer = *self.namespaces.get(package)?;
        let module = ModuleName { level: 0, path: format!("{package}.{name}") };
        match self.files.find(importer, &module) {
            Found::File(file) => Some(Value::Module(file)),
            Found::Namespace => Some(self.namespace(importer, &module)),
            Found::Outside => None,
        }
    }

    /// A name that is imported from a folder without `__init__.py`. Python would find modules only, so that file is
    /// missing here; the name is then what the only module of the folder that defines it says. That is noted.
    fn left_out_of_namespace(&mut self, import: &ImportedName, name: &str) -> Option<Value> {
        let modules = self.files.modules_in(import.importer, &import.module);
        let defines = |file: &FileId| self.files.parsed(*file).is_some_and(|parsed| parsed.defines(name));
        let mut defining = modules.into_iter().filter(defines);
        let (file, None) = (defining.next()?, defining.next()) else { return None };
        self.load(file);
        let value = self.modules.get(&file).and_then(|m| m.scope.own(name))?;
        let module = self.files.module_name(file);
        let text = format!(
            "the package has no `__init__.py`; `{name}` is taken from `{module}`, which alone has one"
        );
        self.suppose(import.place, text);
        Some(value)
    }

    /// `importlib.import_module("…")` of a module of the project.
    pub(super) fn import_module(&mut self, arguments: &super::Arguments, place: Place) -> Option<Value> {
        let path = arguments.get(0, "name")?.as_str()?.to_owned();
        let level = u32::try_from(path.len() - path.trim_start_matches('.').len()).ok()?;
        (level == 0 && arguments.keyword("package").is_none()).then_some(())?;
        match self.files.find(place.file, &ModuleName { level, path }) {
            Found::File(file) => Some(Value::Module(file)),
            _ => None,
        }
    }

    /// A name that a module of the project does not bind by itself.
    pub(super) fn missing_in_module(&mut self, file: FileId, name: &str, place: Place) -> Value {
        let stars = self.modules.get(&file).map(|m| m.scope.stars.borrow().clone()).unwrap_or_default();
        if let [star] = stars.as_slice() {
            return Value::External(Rc::from(format!("{star}.{name}")));
        }
        let getter = self.modules.get(&file).and_then(|m| m.scope.own("__getattr__"));
        if let Some(getter) = getter
            && self.frames.len() < self.limits.depth
        {
            let arguments = super::Arguments { positional: vec![Value::str(name)], ..Default::default() };
            if let Ok(value) = self.invoke(&getter, arguments, place) {
                return value;
            }
        }
        Value::unknown(&format!("the module does not bind `{name}` where it can be seen"), Some(place))
    }
}
