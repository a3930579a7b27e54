//! What calls and classes mean while models are read.

use crate::excluded::Seen;
use crate::mapping;
use cucurbit_python::eval::{
    Arguments, Call, Class, Decision, Evaluator, Host, Outcome, Place, TermKind, Unsettled, UnsettledKind,
    Value,
};
use cucurbit_schema::ObjectName;
use cucurbit_sqlalchemy::{Environment, Registry, Settings, Unreadable, canonical_name};
use std::collections::BTreeSet;
use std::rc::Rc;

/// A class that is mapped to a table.
#[derive(Debug, Clone)]
pub(crate) struct MappedClass {
    pub(crate) class: Rc<Class>,
    /// The number of the table's term.
    pub(crate) table: Option<u64>,
    /// Names of its body that were seen when it was mapped; what comes later was added from outside.
    pub(crate) seen: usize,
    /// The name that Flask-SQLAlchemy gave it.
    pub(crate) has_implicit_name: bool,
}

/// The host: which classes are mapped, and what SQLAlchemy was told.
pub(crate) struct Reader {
    pub(crate) settings: Settings,
    pub(crate) registry: Registry,
    pub(crate) mapped: Vec<MappedClass>,
    /// Declarative bases and abstract classes: they say which `MetaData` counts.
    pub(crate) bases: Vec<Rc<Class>>,
    pub(crate) problems: Vec<(Option<ObjectName>, Unreadable)>,
    pub(crate) notes: Vec<Unreadable>,
    /// Base classes and decorators of other packages that were told of: each is told once.
    pub(crate) told: BTreeSet<String>,
    /// What `context.configure()` was called with, on any way that was followed, taken or not.
    pub(crate) configured: Vec<Arguments>,
    /// How many tables and mapped classes were made.
    effects: usize,
}

pub(crate) struct Mark {
    registry: Registry,
    mapped: usize,
    bases: usize,
    problems: usize,
    notes: usize,
    effects: usize,
}

pub(crate) type Ev<'a> = Evaluator<'a, Reader>;

impl Reader {
    pub(crate) fn new(settings: Settings) -> Self {
        Reader {
            settings,
            registry: Registry::new(),
            mapped: Vec::new(),
            bases: Vec::new(),
            problems: Vec::new(),
            notes: Vec::new(),
            told: BTreeSet::new(),
            configured: Vec::new(),
            effects: 0,
        }
    }

    pub(crate) fn mapped(&self, class: &Rc<Class>) -> Option<&MappedClass> {
        self.mapped.iter().rev().find(|m| Rc::ptr_eq(&m.class, class))
    }

    /// Returns the term of the table of a mapped class.
    pub(crate) fn table_of(&self, class: &Rc<Class>) -> Option<Value> {
        let serial = self.mapped(class)?.table?;
        self.registry.table(serial).map(|t| t.term.clone())
    }

    pub(crate) fn add_mapped(&mut self, mapped: MappedClass) {
        self.effects += 1;
        self.mapped.push(mapped);
    }

    pub(crate) fn problem(&mut self, table: Option<&ObjectName>, place: Place, what: &str, reason: &str) {
        let problem =
            Unreadable { place: Some(place), reason: reason.to_owned(), what: what.to_owned(), held: false };
        self.problems.push((table.cloned(), problem));
    }
}

impl Environment for Reader {
    const MAPS_CLASSES: bool = true;

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn registry(&mut self) -> &mut Registry {
        &mut self.registry
    }

    fn table_home(ev: &mut Ev<'_>, value: &Value) -> Option<ObjectName> {
        let Value::Class(class) = value else { return None };
        let serial = ev.host.mapped(class)?.table?;
        ev.host.registry.table(serial).map(|t| t.name.clone())
    }
}

/// Events on which listeners change tables or run DDL.
const TABLE_EVENTS: &[&str] = &[
    "after_create",
    "after_parent_attach",
    "before_create",
    "before_parent_attach",
    "column_reflect",
    "instrument_class",
    "mapper_constructed",
];

/// Notes a listener that may change the schema.
fn note_listener(ev: &mut Ev<'_>, name: &str, call: &Call) {
    if !matches!(name.rsplit('.').next(), Some("listen" | "listens_for")) {
        return;
    }
    let event = call.arguments.get(1, "identifier").and_then(Value::as_str).map(str::to_owned);
    let Some(event) = event.filter(|e| TABLE_EVENTS.contains(&e.as_str())) else { return };
    ev.host.notes.push(Unreadable {
        place: Some(call.place),
        reason: "what the listener does is not part of the models".to_owned(),
        what: format!("a listener on `{event}`"),
        held: false,
    });
}

/// `db.Column` of a `db` that another package makes: by that name it is Flask-SQLAlchemy's object.
fn of_outside_extension(ev: &mut Ev<'_>, of: &Value, name: &str, place: Place) -> Option<Value> {
    let Value::External(path) = of else { return None };
    let last = path.rsplit('.').next().unwrap_or(path);
    let is_extension = last.eq_ignore_ascii_case("db") && canonical_name(path).is_none();
    let is_ours = name.starts_with(|c: char| c.is_ascii_uppercase()) && !matches!(name, "Model" | "Query");
    let is_ours = is_ours || matches!(name, "func" | "text" | "relationship" | "backref" | "deferred");
    (is_extension && is_ours).then_some(())?;
    if ev.host.told.insert(path.to_string()) {
        ev.host.notes.push(Unreadable {
            place: Some(place),
            reason: "it is not in the project; it is taken for the object of Flask-SQLAlchemy".to_owned(),
            what: format!("`{path}`"),
            held: false,
        });
    }
    Some(Value::External(Rc::from(format!("sqlalchemy.{name}"))))
}

/// What a mapping of settings is called.
const SETTINGS: &[&str] = &["conf", "setting", "option", "environ", "param"];

/// `config.get("table_prefix", "")` of a mapping of settings that cannot be told: a text with a default is what holds
/// where nothing is configured. That it was taken is noted.
fn default_of_setting(ev: &mut Ev<'_>, call: &Call) -> Option<Value> {
    let asked = match &call.callee {
        Value::Term(method) if method.kind == TermKind::Attribute && method.name.as_ref() == "get" => {
            match method.callee.why_unknown() {
                Some(why) => why.reason.to_string(),
                None => ev.describe(&method.callee),
            }
        }
        Value::External(name) => name.strip_suffix(".get")?.to_owned(),
        _ => return None,
    };
    let asked = asked.to_lowercase();
    if !SETTINGS.iter().any(|word| asked.contains(word)) {
        return None;
    }
    let [Value::Str(key), Value::Str(default)] = call.arguments.positional.as_slice() else { return None };
    if call.arguments.open || !call.arguments.keywords.is_empty() {
        return None;
    }
    let told = format!("setting {key} {default}");
    if ev.host.told.insert(told) {
        ev.host.notes.push(Unreadable {
            place: Some(call.place),
            reason: format!("what is configured cannot be told; its default {default:?} is taken"),
            what: format!("the setting `{key}`"),
            held: false,
        });
    }
    Some(Value::Str(Rc::clone(default)))
}

/// `config.get` of an argument that nobody is seen to give: the call may name a default.
fn getter_of_argument(ev: &mut Ev<'_>, of: &Value, name: &str, place: Place) -> Option<Value> {
    let why = of.why_unknown()?;
    let is_setting = SETTINGS.iter().any(|word| why.reason.to_lowercase().contains(word));
    (name == "get" && is_setting)
        .then(|| ev.term(TermKind::Attribute, of.clone(), name, Arguments::default(), place))
}

impl Host for Reader {
    type Mark = Mark;

    fn call(ev: &mut Ev<'_>, call: &Call) -> Outcome {
        if let Some(default) = default_of_setting(ev, call) {
            return Outcome::Value(default);
        }
        if let Value::Term(method) = &call.callee
            && method.callee.why_unknown().is_some()
        {
            return Outcome::Value(method.callee.clone());
        }
        if let Value::External(name) = &call.callee {
            let name = Rc::clone(name);
            note_listener(ev, &name, call);
            if name.as_ref() == "alembic.context.configure" {
                ev.host.configured.push(call.arguments.clone());
            }
            if name.ends_with("make_versioned") {
                ev.host.notes.push(Unreadable {
                    place: Some(call.place),
                    reason: "the tables that the plugin adds cannot be seen".to_owned(),
                    what: "make_versioned".to_owned(),
                    held: false,
                });
            }
            if canonical_name(&name).as_deref() == Some("Table") {
                ev.host.effects += 1;
            }
        }
        cucurbit_sqlalchemy::call(ev, call).unwrap_or(Outcome::Default)
    }

    fn attribute(ev: &mut Ev<'_>, of: &Value, name: &str, place: Place) -> Outcome {
        if let Some(seen) = of.host::<Seen>() {
            return seen.attribute(name);
        }
        if let Value::Class(class) = of {
            match name {
                "__table__" | "local_table" => {
                    if let Some(table) = ev.host.table_of(class) {
                        return Outcome::Value(table);
                    }
                }
                "__tablename__" => {
                    if let Some(table) = Reader::table_home(ev, of) {
                        return Outcome::Value(Value::str(&table.name));
                    }
                }
                _ => {}
            }
        }
        let found = of_outside_extension(ev, of, name, place);
        if let Some(value) = found.or_else(|| getter_of_argument(ev, of, name, place)) {
            return Outcome::Value(value);
        }
        cucurbit_sqlalchemy::attribute(ev, of, name, place).unwrap_or(Outcome::Default)
    }

    fn context(_: &mut Ev<'_>, _: &Value, _: bool, _: Place) -> Outcome {
        Outcome::Default
    }

    fn truth(ev: &mut Ev<'_>, value: &Value) -> Option<bool> {
        match value {
            Value::External(name) if name.ends_with(".TYPE_CHECKING") => Some(false),
            _ => cucurbit_sqlalchemy::dialect_test(ev.host.settings.dialect, value),
        }
    }

    fn items(ev: &mut Ev<'_>, value: &Value) -> Option<Vec<Value>> {
        cucurbit_sqlalchemy::items(ev, value)
    }

    fn operate(ev: &mut Ev<'_>, left: &Value, operator: &str, right: &Value) -> Option<Value> {
        if let Some(seen) = left.host::<Seen>() {
            return match operator {
                "isinstance" => seen.is_instance(right).map(Value::Bool),
                "is" => right.is_none().then_some(Value::Bool(false)),
                _ => None,
            };
        }
        cucurbit_sqlalchemy::operate(ev, left, operator, right)
    }

    fn class_defined(ev: &mut Ev<'_>, class: &Rc<Class>) {
        mapping::class_defined(ev, class);
    }

    fn assigned(ev: &mut Ev<'_>, of: &Value, name: &str, value: &Value, place: Place) {
        cucurbit_sqlalchemy::assigned(ev, of, name, value, place);
    }

    fn mark(&mut self) -> Mark {
        Mark {
            registry: self.registry.clone(),
            mapped: self.mapped.len(),
            bases: self.bases.len(),
            problems: self.problems.len(),
            notes: self.notes.len(),
            effects: self.effects,
        }
    }

    fn rewind(&mut self, mark: Mark) {
        self.registry = mark.registry;
        self.mapped.truncate(mark.mapped);
        self.bases.truncate(mark.bases);
        self.problems.truncate(mark.problems);
        self.notes.truncate(mark.notes);
        self.effects = mark.effects;
    }

    fn effects_since(&self, mark: &Mark) -> usize {
        self.effects.saturating_sub(mark.effects)
    }

    /// The branch that raises is not taken, nor the one that leaves; of two, the one that makes tables; else
    /// both, so that names that differ afterwards are unknown.
    fn decide(&mut self, unsettled: &Unsettled) -> Decision {
        if unsettled.kind == UnsettledKind::Budget {
            self.problem(None, unsettled.place, "", &unsettled.reason);
        }
        match unsettled.branches.as_slice() {
            [a, b] if a.raises != b.raises => Decision::Take(usize::from(a.raises)),
            [a, b] if a.effects > 0 && b.effects == 0 => Decision::Take(0),
            [a, b] if b.effects > 0 && a.effects == 0 => Decision::Take(1),
            [a, _] if a.effects > 0 => Decision::Take(0),
            [a, b] if a.leaves && !b.leaves => Decision::Take(1),
            [a, b] if b.leaves && !a.leaves => Decision::Take(0),
            _ => Decision::All,
        }
    }

    fn guard(&mut self, _: Option<&Unsettled>) {}
}
