//! What Alembic writes for a type.

use super::classes::Preset;
use super::known::Known;
use super::resolve::{Form, Resolved, resolve};
use super::{MAX_DEPTH, enums};
use crate::settings::Environment;
use cucurbit_python::eval::{Arguments, Evaluator, Instance, Value};
use std::rc::Rc;

/// Writes a type of SQLAlchemy's own; `None` where an argument cannot be written.
pub(super) fn of_known<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    known: &Known,
    depth: usize,
) -> Option<String> {
    let prefix = if known.class.name.contains('.') { "" } else { "sa." };
    let arguments = arguments(ev, known, depth)?;
    Some([prefix, known.class.name, "(", &arguments.join(", "), ")"].concat())
}

fn arguments<H: Environment>(ev: &mut Evaluator<'_, H>, known: &Known, depth: usize) -> Option<Vec<String>> {
    if known.open || depth > MAX_DEPTH {
        return None;
    }
    if matches!(known.class.visit, "enum" | "ENUM" | "SET") {
        return of_enum(ev, known);
    }
    let mut out = Vec::new();
    for (name, preset) in known.class.signature.shown {
        let value = match known.given.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.clone()) {
            Some(value) => Some(value),
            None => implied(known, name),
        };
        let Some(value) = value else { continue };
        let is_default = match preset {
            Preset::None => value.is_none(),
            Preset::True => matches!(value, Value::Bool(true)),
            Preset::False => matches!(value, Value::Bool(false)),
            Preset::Required => false,
        };
        if is_default && !(value.is_none() && implied(known, name).is_some()) {
            continue;
        }
        let text = match *name {
            "item_type" | "astext_type" | "text_type" if value.is_none() => "sa.Text()".to_owned(),
            "item_type" | "astext_type" | "text_type" => resolve(ev, &value, depth + 1).ok()?.written?,
            _ => literal(ev, &value)?,
        };
        if *preset == Preset::Required { out.push(text) } else { out.push(format!("{name}={text}")) }
    }
    Some(out)
}

/// Arguments that have a value other than their default though nobody gives them.
fn implied(known: &Known, name: &str) -> Option<Value> {
    match (known.class.name, name) {
        ("postgresql.JSON" | "postgresql.JSONB", "astext_type") | ("postgresql.HSTORE", "text_type") => {
            Some(Value::None)
        }
        ("mysql.DOUBLE" | "mysql.REAL", "asdecimal") => Some(Value::Bool(true)),
        ("mysql.NVARCHAR" | "mysql.NCHAR", "national") => Some(Value::Bool(true)),
        _ => None,
    }
}

fn of_enum<H: Environment>(ev: &mut Evaluator<'_, H>, known: &Known) -> Option<Vec<String>> {
    let labels = enums::labels(ev, known);
    let texts = labels.labels.as_ref().ok()?;
    let mut out: Vec<String> = texts.iter().map(|l| python_string(l)).collect();
    let longest = texts.iter().map(|l| l.chars().count()).max().unwrap_or(0);
    let own = known.class.name;
    let mut keyword = |ev: &mut Evaluator<'_, H>, name: &str| -> Option<()> {
        if let Some(value) = known.value(name).cloned() {
            out.push(format!("{name}={}", literal(ev, &value)?));
        }
        Some(())
    };
    if own == "mysql.ENUM" || own == "mysql.SET" {
        for name in ["charset", "collation"] {
            keyword(ev, name)?;
        }
        return Some(out);
    }
    match known.value("name") {
        Some(_) => keyword(ev, "name")?,
        None => {
            if let Some(name) = &labels.class_name {
                out.push(format!("name={}", python_string(name)));
            }
        }
    }
    let version = ev.host.settings().version;
    let mut flag = |name: &str, default: bool| -> Option<()> {
        let value = known.flag_or(name, default).ok()?;
        if value != default {
            out.push(format!("{name}={}", if value { "True" } else { "False" }));
        }
        Some(())
    };
    if own == "postgresql.ENUM" && version >= crate::Version::V2_1 {
        flag("create_type", true)?;
    }
    if own == "Enum" {
        flag("native_enum", true)?;
        flag("create_constraint", false)?;
    }
    if let Some(length) = known.int("length").ok()?
        && usize::try_from(length).ok() != Some(longest)
    {
        out.push(format!("length={length}"));
    }
    if let Some(schema) = known.text("schema").ok()? {
        out.push(format!("schema={}", python_string(&schema)));
    }
    Some(out)
}

/// Writes a call of a type of another package.
pub(super) fn of_call<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    dotted: &str,
    arguments: &Arguments,
    depth: usize,
) -> Option<String> {
    if arguments.open {
        return None;
    }
    let mut out = Vec::new();
    for value in &arguments.positional {
        out.push(argument(ev, value, depth)?);
    }
    for (name, value) in &arguments.keywords {
        out.push(format!("{name}={}", argument(ev, value, depth)?));
    }
    Some(format!("{dotted}({})", out.join(", ")))
}

fn argument<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value, depth: usize) -> Option<String> {
    match literal(ev, value) {
        Some(text) => Some(text),
        None => resolve(ev, value, depth + 1).ok()?.written,
    }
}

/// Writes a type of the project: its module in front, the arguments of what it decorates, or its own.
pub(super) fn of_user_type<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    instance: &Rc<Instance>,
    base: Option<&Resolved>,
) -> Option<String> {
    let class = Value::Class(Rc::clone(&instance.class));
    let module = ev.attribute(&class, "__module__", instance.place)?;
    let module = module.as_str()?.to_owned();
    let name = format!("{module}.{}", instance.class.name);
    let shown = match base {
        Some(Resolved { form: Form::Known(known), .. }) => arguments(ev, known, 0)?,
        Some(_) => Vec::new(),
        None => own_arguments(ev, instance)?,
    };
    Some(format!("{name}({})", shown.join(", ")))
}

/// The arguments that were given, by the names that `__init__` has for them and keeps them under.
fn own_arguments<H: Environment>(ev: &mut Evaluator<'_, H>, instance: &Rc<Instance>) -> Option<Vec<String>> {
    let names: Vec<String> = match ev.class_attribute(&instance.class, "__init__") {
        Some(Value::Function(init)) => init.parameter_names().into_iter().skip(1).collect(),
        _ => {
            let class = Rc::clone(&instance.class);
            let found = ev
                .mro(&class)
                .iter()
                .find_map(|c| crate::terms::external(c).and_then(|n| super::classes::find(&n, false)));
            found
                .map(|c| c.signature.positional.iter().map(|n| (*n).to_owned()).collect())
                .unwrap_or_default()
        }
    };
    let mut out = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let Some(value) = instance.arguments.get(at, name) else { continue };
        if value.is_none() {
            continue;
        }
        out.push(format!("{name}={}", literal(ev, &value.clone())?));
    }
    Some(out)
}

/// Adds variants to a written type, sorted by dialect.
pub(super) fn with_variants(base: &str, variant: &str, dialects: &[String]) -> String {
    let mut out = base.to_owned();
    let mut dialects = dialects.to_vec();
    dialects.sort();
    for dialect in dialects {
        let part = format!(".with_variant({variant}, {})", python_string(&dialect));
        // Earlier variants stand in the text already, in order.
        let at = later_variant(&out, &dialect).unwrap_or(out.len());
        out.insert_str(at, &part);
    }
    out
}

/// The place of the first variant for a dialect that sorts behind that one.
fn later_variant(text: &str, dialect: &str) -> Option<usize> {
    let mut starts: Vec<usize> = text.match_indices(".with_variant(").map(|(at, _)| at).collect();
    starts.push(text.len());
    starts.windows(2).find_map(|pair| {
        let part = &text[pair[0]..pair[1]];
        let name = part.trim_end_matches("')").rsplit('\'').next()?;
        (name > dialect).then_some(pair[0])
    })
}

fn literal<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Option<String> {
    match value {
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => {
            Some(ev.describe(value))
        }
        _ => crate::terms::text_of(ev, value).map(|t| python_string(&t)),
    }
}

/// Writes a string as Python's `repr` does.
pub(crate) fn python_string(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}
