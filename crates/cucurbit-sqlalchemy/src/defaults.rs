//! Server defaults, identities, computed columns, sequences.

use crate::compile::{self, Scope};
use crate::given;
use crate::quoting;
use crate::settings::{Environment, Unreadable, Version, unreadable};
use crate::terms::{self, Called};
use cucurbit_python::eval::{Arguments, Evaluator, Value};
use cucurbit_schema::{Computed, Default, Dialect, Identity, Origin, Sequence, SequenceOptions};

/// What `server_default=` means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerDefault {
    /// A default.
    Default(Default),
    /// `Identity(…)`.
    Identity(Identity),
    /// `Computed(…)`.
    Computed(Computed),
}

/// Reads `server_default=` of a column or of `op.alter_column`; `None` when it is nothing in the database.
///
/// # Errors
/// Why it cannot be told.
pub fn server_default<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
) -> Result<Option<ServerDefault>, Unreadable> {
    let dialect = ev.host.settings().dialect;
    if value.is_none() {
        return Ok(None);
    }
    if let Value::External(_) = value
        && terms::external(value).as_deref() == Some("FetchedValue")
    {
        return Ok(None);
    }
    if let Some(text) = terms::text_of(ev, value) {
        let text = quoting::string(&text, dialect);
        return Ok(Some(ServerDefault::Default(Default::Expression(text))));
    }
    if matches!(value, Value::Int(_) | Value::Float(_) | Value::Bool(_)) {
        return Err(unreadable(ev, value, "SQLAlchemy wants a string or an expression here"));
    }
    if let Some((receiver, "next_value", _)) = terms::method(value) {
        let receiver = receiver.clone();
        return next_value(ev, &receiver).map(Some);
    }
    if let Some(call) = terms::called(ev, value) {
        match call.name.as_ref() {
            "FetchedValue" => return Ok(None),
            "Identity" => return identity(ev, &call).map(|i| Some(ServerDefault::Identity(i))),
            "Computed" => return computed(ev, &call).map(|c| Some(ServerDefault::Computed(c))),
            "DefaultClause" | "PassiveDefault" => {
                return match call.arguments.get(0, "arg").cloned() {
                    Some(inner) => server_default(ev, &inner),
                    None => Err(unreadable(ev, value, "the default cannot be told")),
                };
            }
            "func.next_value" => {
                if let Some(sequence) = call.arguments.positional.first().cloned() {
                    return next_value(ev, &sequence).map(Some);
                }
            }
            _ => {}
        }
    }
    let compiled = compile::in_ddl(ev, value, Scope { columns: &[] })?;
    if dialect == Dialect::PostgreSql
        && let Some(name) = sequence_of(&compiled.text)
    {
        let name = ev.host.settings().object_name(name.0.as_deref(), &name.1);
        return Ok(Some(ServerDefault::Default(Default::NextValue(name))));
    }
    let text = bracketed(compiled.text, ev.host.settings().version, dialect);
    Ok(Some(ServerDefault::Default(Default::Expression(text))))
}

/// The schema and the name of the sequence in `nextval('…'::regclass)`.
fn sequence_of(text: &str) -> Option<(Option<String>, String)> {
    let rest = text.trim();
    let head = rest.get(..7)?;
    head.eq_ignore_ascii_case("nextval").then_some(())?;
    let rest = rest[7..].trim_start().strip_prefix('(')?.trim_start().strip_prefix('\'')?;
    let (name, rest) = rest.split_once('\'')?;
    let rest = rest.trim().strip_suffix(')')?.trim();
    (rest.is_empty() || rest.eq_ignore_ascii_case("::regclass")).then_some(())?;
    let mut parts: Vec<String> = Vec::new();
    let mut part = String::new();
    let mut is_quoted = false;
    for c in name.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => parts.push(std::mem::take(&mut part)),
            c if is_quoted => part.push(c),
            c => part.extend(c.to_lowercase()),
        }
    }
    parts.push(part);
    let last = parts.pop().filter(|n| !n.is_empty())?;
    Some((parts.pop(), last))
}

/// On MySQL 2.1 puts brackets around what is no plain word, no string and not bracketed.
fn bracketed(text: String, version: Version, dialect: Dialect) -> String {
    if !dialect.is_mysql() || version < Version::V2_1 {
        return text;
    }
    let start = text.trim_start();
    let upper = text.to_uppercase();
    let timed = ["NOW(", "CURRENT_TIMESTAMP("].iter().any(|f| {
        upper.strip_prefix(f).is_some_and(|rest| {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            digits > 0 && rest[digits..].starts_with(')')
        })
    });
    let first_line = text.lines().next().unwrap_or_default();
    let is_word = first_line.chars().all(|c| c.is_alphanumeric() || c == '_');
    let on_update = split_on_update(&text).1.is_some();
    if start.starts_with(['\'', '"', '(']) || timed || is_word || on_update {
        text
    } else {
        format!("({text})")
    }
}

/// Takes `ON UPDATE …` off a default of MySQL.
#[must_use]
pub fn split_on_update(text: &str) -> (Option<String>, Option<String>) {
    let upper = text.to_ascii_uppercase();
    let found = upper.match_indices("ON ").find_map(|(at, _)| {
        let rest = &upper[at + 3..];
        let spaces = rest.len() - rest.trim_start().len();
        let starts = at == 0 || upper.as_bytes()[at - 1].is_ascii_whitespace();
        (starts && rest.trim_start().starts_with("UPDATE ")).then_some((at, at + 3 + spaces + 7))
    });
    let some = |text: &str| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
    match found {
        Some((at, end)) => (some(&text[..at]), some(&text[end..])),
        None => (some(text), None),
    }
}

fn next_value<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Result<ServerDefault, Unreadable> {
    let dialect = ev.host.settings().dialect;
    let (sequence, _) = sequence_and_start(ev, value)?;
    match dialect {
        Dialect::PostgreSql => Ok(ServerDefault::Default(Default::NextValue(sequence.name))),
        Dialect::MariaDb => {
            let name = quoting::name(&sequence.name.name, dialect);
            Ok(ServerDefault::Default(Default::Expression(format!("nextval({name})"))))
        }
        Dialect::Sqlite | Dialect::MySql => {
            Err(unreadable(ev, value, &format!("{} has no sequences", dialect.name())))
        }
    }
}

/// Reads a `Sequence(…)`.
///
/// # Errors
/// Why it cannot be told.
pub fn sequence<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Result<Sequence, Unreadable> {
    let (sequence, untold) = sequence_and_start(ev, value)?;
    untold.map_or(Ok(sequence), Err)
}

/// Reads a `Sequence(…)` whose start need not be known, as where rows give it; then why it is not stands beside.
///
/// # Errors
/// Why something else of it cannot be told.
pub fn sequence_and_start<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
) -> Result<(Sequence, Option<Unreadable>), Unreadable> {
    let call = match terms::called(ev, value) {
        Some(call) if call.name.as_ref() == "Sequence" => call,
        _ => return Err(unreadable(ev, value, "this is no sequence that can be told")),
    };
    let arguments = &call.arguments;
    if arguments.open {
        return Err(unreadable(ev, value, "some arguments of the sequence cannot be told"));
    }
    let name = arguments.get(0, "name").cloned().and_then(|v| terms::text_of(ev, &v));
    let Some(name) = name else {
        return Err(unreadable(ev, value, "the name of the sequence cannot be told"));
    };
    let written = given::keyword(&arguments.keywords, "schema").cloned();
    let mut schema = given::text(ev, written.as_ref(), "the schema of the sequence cannot be told")?;
    let metadata = given::keyword(&arguments.keywords, "metadata").cloned();
    if schema.is_none()
        && let Some(metadata) = metadata
        && let Some(key) = crate::metadata_key(ev, &metadata)
    {
        schema = ev.host.registry().metadata(&key).and_then(|m| m.schema.clone());
    }
    let (mut options, untold) = options_and_start(ev, arguments, 1)?;
    if let Some(data_type) = given::keyword(&arguments.keywords, "data_type").cloned() {
        let text = crate::types::ddl_text(ev, &data_type)?;
        options.data_type = Some(text.to_lowercase());
    }
    let name = ev.host.settings().object_name(schema.as_deref(), &name);
    Ok((Sequence { name, options, owner: None, origin: Origin::default() }, untold))
}

/// The options of a sequence; `first` is the place of `start` among arguments by position.
fn options<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    arguments: &Arguments,
    first: usize,
) -> Result<SequenceOptions, Unreadable> {
    let (options, untold) = options_and_start(ev, arguments, first)?;
    untold.map_or(Ok(options), Err)
}

fn options_and_start<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    arguments: &Arguments,
    first: usize,
) -> Result<(SequenceOptions, Option<Unreadable>), Unreadable> {
    let number =
        |ev: &mut Evaluator<'_, H>, at: Option<usize>, name: &str| -> Result<Option<i64>, Unreadable> {
            let found = match at {
                Some(at) => arguments.get(at, name),
                None => arguments.keyword(name),
            };
            match found.filter(|v| !v.is_none()) {
                None => Ok(None),
                Some(value) => match terms::int_of(value) {
                    Some(number) => Ok(Some(number)),
                    None => Err(unreadable(ev, value, &format!("`{name}` cannot be told"))),
                },
            }
        };
    let cycle = arguments.get(first + 6, "cycle").filter(|v| !v.is_none());
    let (start, untold) = match number(ev, Some(first), "start") {
        Ok(start) => (start, None),
        Err(why) => (None, Some(why)),
    };
    let options = SequenceOptions {
        data_type: None,
        start,
        increment: number(ev, Some(first + 1), "increment")?,
        minimum: number(ev, Some(first + 2), "minvalue")?,
        maximum: number(ev, Some(first + 3), "maxvalue")?,
        cache: number(ev, None, "cache")?,
        cycle: given::flag(ev, cycle, "`cycle` cannot be told")?,
    };
    Ok((options, untold))
}

fn identity<H: Environment>(ev: &mut Evaluator<'_, H>, call: &Called) -> Result<Identity, Unreadable> {
    let arguments = &call.arguments;
    if arguments.open {
        return Err(Unreadable {
            place: Some(call.place),
            reason: "some arguments of the identity cannot be told".to_owned(),
            what: String::new(),
            held: false,
        });
    }
    let always = arguments.get(0, "always").cloned();
    let options = options(ev, arguments, 2)?;
    Ok(Identity::new(given::flag(ev, always.as_ref(), "`always` cannot be told")?, options))
}

fn computed<H: Environment>(ev: &mut Evaluator<'_, H>, call: &Called) -> Result<Computed, Unreadable> {
    let Some(sql) = call.arguments.get(0, "sqltext").cloned() else {
        return Err(Unreadable {
            place: Some(call.place),
            reason: "the expression of a computed column cannot be told".to_owned(),
            what: String::new(),
            held: false,
        });
    };
    let expression = compile::in_ddl(ev, &sql, Scope { columns: &[] })?.text;
    let persisted = match call.arguments.get(1, "persisted").cloned() {
        None | Some(Value::None) => None,
        Some(value) => Some(given::flag(ev, Some(&value), "`persisted` cannot be told")?),
    };
    // PostgreSQL knew stored ones only before its version 18.
    let stored = persisted.unwrap_or(ev.host.settings().dialect == Dialect::PostgreSql);
    Ok(Computed { expression, stored })
}
