//! Functions that make tables and that nothing calls.
//!
//! Some projects make their models in a function, for each table prefix or engine. Where nothing that can be
//! seen calls it, it is called here with arguments that cannot be told, so that what does not depend on them is
//! seen, and a problem says so.

use crate::find::Wanted;
use crate::host::Ev;
use cucurbit_python::eval::{Arguments, Class, Function, Place, Value};
use cucurbit_sqlalchemy::canonical_name;
use std::rc::Rc;

/// Words of a function that makes tables.
const SIGNS: &[&str] = &["__tablename__", "Table("];

/// How many functions are followed.
const MAX_FUNCTIONS: usize = 200;

/// Follows the functions of the wanted files that make tables and were not called.
pub(crate) fn follow(ev: &mut Ev<'_>, wanted: &Wanted) {
    let mut found: Vec<(Rc<Function>, Option<Rc<Class>>)> = Vec::new();
    for file in &wanted.named {
        for (_, value, place) in ev.module_names(*file) {
            // Names that are only imported stand in other files.
            if place.file != *file {
                continue;
            }
            match value {
                Value::Function(function) => found.push((function, None)),
                Value::Class(class) => {
                    for (_, value, _) in class.namespace.borrow().iter() {
                        if let Value::Function(function) = value {
                            found.push((Rc::clone(function), Some(Rc::clone(&class))));
                        }
                    }
                }
                _ => {}
            }
        }
    }
    for (function, class) in found.into_iter().take(MAX_FUNCTIONS) {
        let place = function.text_place();
        let Some(text) = ev.source(place) else { continue };
        let is_mapped = class.as_ref().is_some_and(|c| ev.host.mapped(c).is_some());
        let is_computed = crate::scan::is_declared(&Value::Function(Rc::clone(&function)));
        let makes = SIGNS.iter().any(|sign| text.contains(sign)) && !is_mapped && !is_computed;
        if place.file != function.place.file || !makes || was_called(ev, place) {
            continue;
        }
        call(ev, &function, class.as_ref());
    }
}

/// Whether a table was made in a text.
fn was_called(ev: &Ev<'_>, of: Place) -> bool {
    let within = |place: Place| {
        place.file == of.file && of.span.start <= place.span.start && place.span.end <= of.span.end
    };
    ev.host.registry.tables().any(|t| matches!(&t.term, Value::Term(term) if within(term.place)))
}

fn call(ev: &mut Ev<'_>, function: &Rc<Function>, class: Option<&Rc<Class>>) {
    let before = ev.host.registry.tables().count();
    let problems = ev.host.problems.len();
    let open = Arguments { open: true, ..Arguments::default() };
    let value = Value::Function(Rc::clone(function));
    let callee = match class {
        Some(class) if !function.has_decorator("staticmethod") => {
            let receiver = if function.has_decorator("classmethod") {
                Value::Class(Rc::clone(class))
            } else {
                let made = ev.call(&Value::Class(Rc::clone(class)), open.clone(), class.place);
                made.unwrap_or_else(|_| Value::unknown("an instance that cannot be made", Some(class.place)))
            };
            Value::Method(Rc::clone(function), Box::new(receiver))
        }
        _ => value,
    };
    let _ = ev.call(&callee, open, function.place);
    let made = ev.host.registry.tables().count() - before;
    if made == 0 && ev.host.problems.len() == problems {
        // A `Table(` may be anything; one of SQLAlchemy's that was not reached is told.
        let is_ours = match ev.module_value(function.place.file, "Table") {
            Some(Value::External(name)) => canonical_name(&name).as_deref() == Some("Table"),
            _ => false,
        };
        if is_ours {
            let what = format!("what `{}` makes", function.name);
            let reason = "nothing that can be seen calls it, and with unknown arguments it makes no table";
            ev.host.problem(None, function.place, &what, reason);
        }
        return;
    }
    let what = format!("what `{}` makes", function.name);
    let reason = "nothing that can be seen calls it; its arguments are taken for unknown";
    ev.host.problem(None, function.place, &what, reason);
}
