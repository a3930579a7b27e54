//! SQL that a migration keeps in a file beside it: `op.execute(Path(__file__).with_name("t.sql").read_text())`.
//!
//! Only files whose name ends in `.sql` are read, and only by a path that starts at a module of the project.

use crate::host::Ev;
use cucurbit_python::eval::{Arguments, Call, Outcome, Place, TermKind, Value};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

/// How many parts a path may be put together from.
const MAX_DEPTH: usize = 30;

/// Answers a call that reads a file; `None` when it is none, or the file cannot be told or read.
pub(crate) fn call(ev: &mut Ev<'_>, call: &Call) -> Option<Outcome> {
    if let (Some(receiver), Some(method)) = (&call.receiver, &call.method) {
        let is_reading = matches!(method.as_ref(), "read_text" | "read" | "decode");
        (is_reading && matches!(receiver, Value::Term(_))).then_some(())?;
        let receiver = receiver.clone();
        let path = match method.as_ref() {
            "read_text" => path_of(ev, &receiver, 0),
            _ => opened(ev, &receiver, call.place),
        };
        return text(ev, &path?);
    }
    let Value::External(name) = &call.callee else { return None };
    let path = match name.as_ref() {
        "importlib.resources.read_text" | "importlib_resources.read_text" => {
            resource(ev, &call.arguments, call.place)?
        }
        _ => return None,
    };
    text(ev, &path)
}

fn text(ev: &Ev<'_>, path: &Path) -> Option<Outcome> {
    let text = ev.text_of(&plain(path))?;
    Some(Outcome::Value(Value::str(&text)))
}

/// The path of a file that was opened, or whose content was asked for.
fn opened(ev: &mut Ev<'_>, value: &Value, place: Place) -> Option<PathBuf> {
    let Value::Term(term) = value else { return None };
    (term.kind == TermKind::Call).then_some(())?;
    match term.external() {
        Some("builtins.open" | "io.open" | "codecs.open") => {
            path_of(ev, &term.arguments.get(0, "file")?.clone(), 0)
        }
        Some(
            "importlib.resources.open_text"
            | "importlib.resources.open_binary"
            | "pkgutil.get_data"
            | "pkg_resources.resource_string"
            | "pkg_resources.resource_stream",
        ) => resource(ev, &term.arguments.clone(), place),
        _ => {
            // `path.open()`, `path.read_bytes().decode()`
            let Value::Term(method) = &term.callee else { return None };
            let opens = matches!(method.name.as_ref(), "open" | "read_bytes" | "read");
            (method.kind == TermKind::Attribute && opens).then_some(())?;
            path_of(ev, &method.callee.clone(), 0)
        }
    }
}

/// The file of that name in a package: `read_text("package", "t.sql")`.
fn resource(ev: &mut Ev<'_>, arguments: &Arguments, place: Place) -> Option<PathBuf> {
    let package = arguments.positional.first()?.clone();
    let name = arguments.positional.get(1)?.as_str()?.to_owned();
    Some(package_folder(ev, &package, place)?.join(name))
}

fn package_folder(ev: &mut Ev<'_>, package: &Value, place: Place) -> Option<PathBuf> {
    let module = match package {
        Value::Str(_) => {
            let import = Value::External(Rc::from("importlib.import_module"));
            let arguments = Arguments { positional: vec![package.clone()], ..Arguments::default() };
            ev.call(&import, arguments, place).ok()?
        }
        other => other.clone(),
    };
    let Value::Module(file) = module else { return None };
    ev.path_of(file)?.parent().map(Path::to_path_buf)
}

/// The path that a value stands for, where it starts at a module of the project.
fn path_of(ev: &mut Ev<'_>, value: &Value, depth: usize) -> Option<PathBuf> {
    let Value::Term(term) = value else { return None };
    (depth < MAX_DEPTH && !term.arguments.open).then_some(())?;
    let arguments = &term.arguments.positional;
    match term.kind {
        TermKind::Attribute => match (term.name.as_ref(), &term.callee) {
            ("__file__", Value::Module(file)) => ev.path_of(*file),
            ("parent", of) => path_of(ev, &of.clone(), depth + 1)?.parent().map(Path::to_path_buf),
            _ => None,
        },
        TermKind::Subscript => {
            // `path.parents[1]`
            let Value::Term(parents) = &term.callee else { return None };
            (parents.kind == TermKind::Attribute && parents.name.as_ref() == "parents").then_some(())?;
            let Some(Value::Int(at)) = arguments.first() else { return None };
            let path = path_of(ev, &parents.callee.clone(), depth + 1)?;
            path.ancestors().nth(usize::try_from(*at).ok()? + 1).map(Path::to_path_buf)
        }
        TermKind::Operation => {
            let [left, right] = arguments.as_slice() else { return None };
            (term.name.as_ref() == "/").then_some(())?;
            let path = path_of(ev, &left.clone(), depth + 1)?;
            Some(path.join(right.as_str()?))
        }
        TermKind::Call => {
            if let Some(name) = term.external() {
                let first = arguments.first()?.clone();
                return match name {
                    "os.path.dirname" => path_of(ev, &first, depth + 1)?.parent().map(Path::to_path_buf),
                    "os.path.abspath" | "os.path.realpath" | "os.path.normpath" | "os.fspath"
                    | "builtins.str" => path_of(ev, &first, depth + 1),
                    "os.path.join" | "pathlib.Path" | "pathlib.PurePath" | "pathlib.PosixPath" => {
                        joined(path_of(ev, &first, depth + 1)?, &arguments[1..])
                    }
                    "importlib.resources.files" | "importlib_resources.files" => {
                        package_folder(ev, &first, term.place)
                    }
                    _ => None,
                };
            }
            let Value::Term(method) = &term.callee else { return None };
            (method.kind == TermKind::Attribute).then_some(())?;
            let path = path_of(ev, &method.callee.clone(), depth + 1)?;
            match method.name.as_ref() {
                "resolve" | "absolute" | "expanduser" | "as_posix" => Some(path),
                "joinpath" => joined(path, arguments),
                "with_name" => Some(path.with_file_name(arguments.first()?.as_str()?)),
                "with_suffix" => {
                    Some(path.with_extension(arguments.first()?.as_str()?.trim_start_matches('.')))
                }
                _ => None,
            }
        }
    }
}

fn joined(path: PathBuf, parts: &[Value]) -> Option<PathBuf> {
    let mut path = path;
    for part in parts {
        path.push(part.as_str()?);
    }
    Some(path)
}

/// The path without `.` and `..`, as `os.path.normpath` gives it.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}
