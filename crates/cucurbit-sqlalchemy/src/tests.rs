//! Snippets of Python, and what is read from them.

mod conformance;
mod readings;
mod shown;

use crate::{Environment, Registry, Settings, Version};
use cucurbit_python::eval::{
    Call, Decision, Evaluator, FileId, Files, Found, Host, Limits, ModuleName, Outcome, Parsed, Place,
    Unsettled, Value,
};
use cucurbit_schema::Dialect;
use cucurbit_text::Span;
use std::sync::Arc;

/// One module, `app.types`.
struct OneFile(Arc<Parsed>);

impl Files for OneFile {
    fn find(&self, _: FileId, _: &ModuleName) -> Found {
        Found::Outside
    }
    fn parsed(&self, _: FileId) -> Option<Arc<Parsed>> {
        Some(Arc::clone(&self.0))
    }
    fn module_name(&self, _: FileId) -> String {
        "app.types".to_owned()
    }
}

struct Reader {
    settings: Settings,
    registry: Registry,
}

impl Environment for Reader {
    fn settings(&self) -> &Settings {
        &self.settings
    }
    fn registry(&mut self) -> &mut Registry {
        &mut self.registry
    }
}

impl Host for Reader {
    type Mark = Registry;
    fn call(ev: &mut Evaluator<'_, Self>, call: &Call) -> Outcome {
        crate::call(ev, call).unwrap_or(Outcome::Default)
    }
    fn attribute(ev: &mut Evaluator<'_, Self>, of: &Value, name: &str, place: Place) -> Outcome {
        crate::attribute(ev, of, name, place).unwrap_or(Outcome::Default)
    }
    fn context(_: &mut Evaluator<'_, Self>, _: &Value, _: bool, _: Place) -> Outcome {
        Outcome::Default
    }
    fn truth(_: &mut Evaluator<'_, Self>, _: &Value) -> Option<bool> {
        None
    }
    fn items(ev: &mut Evaluator<'_, Self>, value: &Value) -> Option<Vec<Value>> {
        crate::items(ev, value)
    }
    fn operate(ev: &mut Evaluator<'_, Self>, left: &Value, operator: &str, right: &Value) -> Option<Value> {
        crate::operate(ev, left, operator, right)
    }
    fn assigned(ev: &mut Evaluator<'_, Self>, of: &Value, name: &str, value: &Value, place: Place) {
        crate::assigned(ev, of, name, value, place);
    }
    fn mark(&mut self) -> Registry {
        self.registry.clone()
    }
    fn rewind(&mut self, mark: Registry) {
        self.registry = mark;
    }
    fn effects_since(&self, _: &Registry) -> usize {
        0
    }
    fn decide(&mut self, _: &Unsettled) -> Decision {
        Decision::Take(0)
    }
    fn guard(&mut self, _: Option<&Unsettled>) {}
}

const NOWHERE: Place = Place { file: FileId(0), span: Span { start: 0, end: 0 } };

/// Evaluates a module and hands the value of a name in it to a reader.
fn with_value<R>(
    text: &str,
    name: &str,
    dialect: Dialect,
    version: Version,
    read: impl FnOnce(&mut Evaluator<'_, Reader>, &Value) -> R,
) -> R {
    let file = OneFile(Arc::new(Parsed::parse(Arc::from(text))));
    let host = Reader { settings: Settings::new(dialect, version), registry: Registry::new() };
    let mut ev = Evaluator::new(&file, host, Limits::default());
    let value = ev.module_value(FileId(0), name).unwrap_or_else(|| panic!("{name} is not bound in {text}"));
    read(&mut ev, &value)
}

fn version_of(text: &str) -> Version {
    let (major, minor) = text.split_once('.').expect("a version");
    Version { major: major.parse().expect("a number"), minor: minor.parse().expect("a number") }
}
