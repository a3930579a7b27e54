//! What `env.py` keeps out of a comparison: `include_object` and `include_name`.
//!
//! Both are called as Alembic's autogenerate calls them (`alembic.autogenerate.compare`): `include_object` once for each
//! table, column, index, unique constraint and foreign key of either side, with the object of the other side;
//! `include_name` before it, for what the database holds.

use crate::database::{Lines, counted, loaded};
use crate::find::Wanted;
use crate::host::Ev;
use crate::{SourceLine, Unresolved};
use cucurbit_alembic::ProjectFiles;
use cucurbit_python::eval::{Arguments, FileId, HostObject, Outcome, Place, Value};
use cucurbit_schema::{ConstraintBody, Database, ObjectName, ObjectRef, Table};
use cucurbit_sqlalchemy::{Settings, table_term};
use cucurbit_text::Span;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

/// What a comparison passes over because `env.py` says so.
#[derive(Debug, Clone, Default)]
pub struct Excluded {
    /// Objects of either side; a table with all that stands on it.
    pub objects: BTreeSet<ObjectRef>,
    /// The functions that say so.
    pub by: Vec<SourceLine>,
    /// What cannot be told; the objects in question are not passed over.
    pub unresolved: Vec<Unresolved>,
}

/// An object as the functions are handed it, of the database or, where no term stands for it, of the models.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Its class in SQLAlchemy.
    class: &'static str,
    name: Option<String>,
    schema: Option<String>,
    /// The table that it stands on.
    table: Option<Value>,
}

impl HostObject for Seen {
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

impl Seen {
    pub(crate) fn attribute(&self, name: &str) -> Outcome {
        let text = |text: &Option<String>| text.as_deref().map_or(Value::None, Value::str);
        let is_table = self.class == "Table";
        Outcome::Value(match name {
            "name" => text(&self.name),
            "schema" if is_table => text(&self.schema),
            "key" | "fullname" if is_table => {
                let name = self.name.clone().unwrap_or_default();
                Value::str(&self.schema.as_ref().map_or(name.clone(), |schema| format!("{schema}.{name}")))
            }
            "key" if self.class == "Column" => text(&self.name),
            // Reflection gives none.
            "info" => dict(Vec::new()),
            "table" if !is_table => match &self.table {
                Some(table) => table.clone(),
                None => return Outcome::Default,
            },
            _ => return Outcome::Default,
        })
    }

    /// Answers `isinstance(object, …)`.
    pub(crate) fn is_instance(&self, class: &Value) -> Option<bool> {
        let Value::External(path) = class else { return None };
        let last = path.rsplit('.').next().unwrap_or(path);
        let known = ["Table", "Column", "Index", "UniqueConstraint", "ForeignKeyConstraint"].contains(&last);
        known.then_some(last == self.class)
    }
}

/// What was handed to `context.configure()`.
#[derive(Default)]
struct Functions {
    object: Option<Value>,
    name: Option<Value>,
    schemas: bool,
}

/// Asks what an `env.py` keeps out of the comparison of models with a database, here the schema that a chain makes.
///
/// Where the file hands neither `include_object` nor `include_name` to Alembic, nothing is passed over. Costs one
/// reading of the modules that `env.py` imports, and a call for each object.
#[must_use]
pub fn excluded(
    files: &ProjectFiles,
    settings: &Settings,
    env_py: &Path,
    models: &Database,
    database: &Database,
) -> Excluded {
    let wanted = Wanted::environment(files, env_py);
    let mut ev = loaded(files, settings, &wanted);
    let Some(file) = wanted.environment else { return Excluded::default() };
    let functions = configured(&mut ev, file);
    if functions.object.is_none() && functions.name.is_none() {
        return Excluded::default();
    }
    let terms = terms(&mut ev, &wanted);
    let asker =
        Asker { ev, functions, terms, place: start_of(file), out: Excluded::default(), doubts: Vec::new() };
    asker.ask(models, database, &Lines::new(files))
}

fn start_of(file: FileId) -> Place {
    Place { file, span: Span { start: 0, end: 0 } }
}

/// Finds what `context.configure()` is handed. Functions that nothing that can be seen calls, as the one that
/// `connection.run_sync` is given, are called here.
fn configured(ev: &mut Ev<'_>, file: FileId) -> Functions {
    let names_filter =
        |a: &Arguments| a.keyword("include_object").is_some() || a.keyword("include_name").is_some();
    if !ev.host.configured.iter().any(names_filter) {
        for (_, value, place) in ev.module_names(file) {
            let Value::Function(function) = &value else { continue };
            let text = ev.source(function.text_place());
            if place.file == file && text.is_some_and(|text| text.contains(".configure(")) {
                let open = Arguments { open: true, ..Arguments::default() };
                let _ = ev.call(&value, open, place);
            }
        }
    }
    let mut functions = Functions::default();
    for arguments in std::mem::take(&mut ev.host.configured) {
        let given = |name: &str| arguments.keyword(name).filter(|v| !v.is_none()).cloned();
        functions.object = given("include_object").or(functions.object);
        functions.name = given("include_name").or(functions.name);
        functions.schemas |= given("include_schemas").and_then(|v| v.as_bool()) == Some(true);
    }
    functions
}

/// The terms of a table of the models and of its columns.
struct TableTerms {
    table: Value,
    columns: BTreeMap<String, Value>,
}

fn terms(ev: &mut Ev<'_>, wanted: &Wanted) -> BTreeMap<ObjectName, TableTerms> {
    let keys = counted(ev, wanted);
    let registered: Vec<_> = ev.host.registry.tables().cloned().collect();
    let mut out = BTreeMap::new();
    for table in registered {
        if out.contains_key(&table.name) || !table.metadata.as_ref().is_some_and(|key| keys.contains(key)) {
            continue;
        }
        let mut columns = BTreeMap::new();
        if let Some((_, reading)) = table_term(ev, &table.term) {
            for column in &reading.columns {
                let is_it =
                    |item: &&Value| matches!(item, Value::Term(term) if Some(term.serial) == column.serial);
                if let Some(term) = table.items.iter().find(is_it) {
                    columns.insert(column.column.name.clone(), term.clone());
                }
            }
        }
        out.insert(table.name.clone(), TableTerms { table: table.term.clone(), columns });
    }
    out
}

/// One object of a table.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    /// What Alembic calls it.
    kind: &'static str,
    name: Option<String>,
    object: ObjectRef,
}

/// The parts of a table for which Alembic asks.
fn parts(table: &Table) -> BTreeSet<Part> {
    let of = &table.name;
    let mut out = BTreeSet::new();
    for column in &table.columns {
        let object = ObjectRef::Column(of.clone(), column.name.clone());
        out.insert(Part { kind: "column", name: Some(column.name.clone()), object });
    }
    for constraint in &table.constraints {
        let kind = match &constraint.body {
            ConstraintBody::Unique { .. } => "unique_constraint",
            ConstraintBody::ForeignKey { .. } => "foreign_key_constraint",
            _ => continue,
        };
        let Some(name) = &constraint.name else { continue };
        let object = ObjectRef::Constraint(of.clone(), name.clone());
        out.insert(Part { kind, name: Some(name.clone()), object });
    }
    for index in &table.indexes {
        let Some(name) = &index.name else { continue };
        let object = ObjectRef::Index(of.sibling(name.clone()), Some(of.clone()));
        out.insert(Part { kind: "index", name: Some(name.clone()), object });
    }
    out
}

fn class_of(kind: &str) -> &'static str {
    match kind {
        "table" => "Table",
        "column" => "Column",
        "index" => "Index",
        "unique_constraint" => "UniqueConstraint",
        _ => "ForeignKeyConstraint",
    }
}

struct Asker<'a> {
    ev: Ev<'a>,
    functions: Functions,
    terms: BTreeMap<ObjectName, TableTerms>,
    place: Place,
    out: Excluded,
    /// Objects of which it cannot be told, with the name of the function.
    doubts: Vec<(&'static str, ObjectRef)>,
}

impl Asker<'_> {
    fn ask(mut self, models: &Database, database: &Database, lines: &Lines<'_>) -> Excluded {
        let hidden = self.hidden_schemas(database);
        let names: BTreeSet<&ObjectName> = models.tables.keys().chain(database.tables.keys()).collect();
        for name in names {
            let theirs = database.table(name);
            let object = ObjectRef::Table(name.clone());
            let is_hidden = theirs.is_some()
                && (hidden.contains(&name.schema)
                    || !self.includes_name(Some(&name.name), "table", name, &object));
            if is_hidden {
                self.out.objects.insert(object.clone());
            }
            let theirs = theirs.filter(|_| !is_hidden);
            let ours = models.table(name);
            let our_value = ours.map(|_| match self.terms.get(name) {
                Some(terms) => terms.table.clone(),
                None => seen_table(name),
            });
            let their_value = theirs.map(|_| seen_table(name));
            if !self.includes(Some(&name.name), "table", our_value.clone(), their_value.clone(), &object) {
                self.out.objects.insert(object);
                continue;
            }
            self.ask_parts(name, (ours, theirs), (our_value, their_value));
        }
        let mut out = self.out;
        for (name, value) in
            [("include_object", &self.functions.object), ("include_name", &self.functions.name)]
        {
            let Some(value) = value else { continue };
            let source = match value {
                Value::Function(function) => lines.of(function.place),
                _ => lines.of(self.place),
            };
            out.by.push(source.clone());
            let doubted: Vec<&ObjectRef> =
                self.doubts.iter().filter(|(of, _)| *of == name).map(|(_, object)| object).collect();
            let Some(first) = doubted.first() else { continue };
            let rest = match doubted.len() {
                1 => String::new(),
                more => format!(" and {} more objects", more - 1),
            };
            out.unresolved.push(Unresolved {
                source: Some(source),
                table: None,
                what: format!("what `{name}` says of {first}{rest}"),
                reason: "it cannot be told; they are compared".to_owned(),
            });
        }
        out
    }

    /// The parts of a table that is compared. What only one side has of a table of which the other has nothing goes
    /// with the table.
    fn ask_parts(
        &mut self,
        name: &ObjectName,
        (ours, theirs): (Option<&Table>, Option<&Table>),
        (our_table, their_table): (Option<Value>, Option<Value>),
    ) {
        let (Some(ours), Some(theirs)) = (ours, theirs) else { return };
        let (ours, mut theirs) = (parts(ours), parts(theirs));
        let named: Vec<Part> = theirs.iter().cloned().collect();
        for part in named {
            if !self.includes_name(part.name.as_deref(), part.kind, name, &part.object) {
                theirs.remove(&part);
                self.out.objects.insert(part.object);
            }
        }
        let all: BTreeSet<&Part> = ours.iter().chain(&theirs).collect();
        for part in all {
            let seen = |table: &Option<Value>| {
                Value::Host(Rc::new(Seen {
                    class: class_of(part.kind),
                    name: part.name.clone(),
                    schema: None,
                    table: table.clone(),
                }))
            };
            let our_value = ours.contains(part).then(|| {
                let column = part.name.as_ref().filter(|_| part.kind == "column");
                let term = column.and_then(|c| self.terms.get(name)?.columns.get(c));
                term.cloned().unwrap_or_else(|| seen(&our_table))
            });
            let their_value = theirs.contains(part).then(|| seen(&their_table));
            if !self.includes(part.name.as_deref(), part.kind, our_value, their_value, &part.object) {
                self.out.objects.insert(part.object.clone());
            }
        }
    }

    /// The schemas that `include_name` leaves out; it is only asked with `include_schemas`.
    fn hidden_schemas(&mut self, database: &Database) -> BTreeSet<Option<String>> {
        let (true, Some(function)) = (self.functions.schemas, self.functions.name.clone()) else {
            return BTreeSet::new();
        };
        let schemas: BTreeSet<Option<String>> = database.tables.keys().map(|t| t.schema.clone()).collect();
        let mut hidden = BTreeSet::new();
        for schema in schemas {
            let name = schema.as_deref().map_or(Value::None, Value::str);
            let object = ObjectRef::Schema(schema.clone().unwrap_or_default());
            let arguments = vec![name, Value::str("schema"), dict(Vec::new())];
            if !self.calls("include_name", &function, arguments, &object) {
                hidden.insert(schema);
            }
        }
        hidden
    }

    fn includes_name(
        &mut self,
        name: Option<&str>,
        kind: &str,
        table: &ObjectName,
        object: &ObjectRef,
    ) -> bool {
        let Some(function) = self.functions.name.clone() else { return true };
        let schema = table.schema.as_deref();
        let qualified = schema.map_or(table.name.clone(), |schema| format!("{schema}.{}", table.name));
        let mut parents = vec![
            (Value::str("schema_name"), schema.map_or(Value::None, Value::str)),
            (Value::str("schema_qualified_table_name"), Value::str(&qualified)),
        ];
        if kind != "table" {
            parents.push((Value::str("table_name"), Value::str(&table.name)));
        }
        let arguments = vec![name.map_or(Value::None, Value::str), Value::str(kind), dict(parents)];
        self.calls("include_name", &function, arguments, object)
    }

    /// Asks `include_object` of an object of the models, or of one that only the database has.
    fn includes(
        &mut self,
        name: Option<&str>,
        kind: &str,
        ours: Option<Value>,
        theirs: Option<Value>,
        object: &ObjectRef,
    ) -> bool {
        let Some(function) = self.functions.object.clone() else { return true };
        let (value, reflected, other) = match (ours, theirs) {
            (Some(ours), theirs) => (ours, false, theirs.unwrap_or(Value::None)),
            (None, Some(theirs)) => (theirs, true, Value::None),
            (None, None) => return true,
        };
        let name = name.map_or(Value::None, Value::str);
        let arguments = vec![value, name, Value::str(kind), Value::Bool(reflected), other];
        self.calls("include_object", &function, arguments, object)
    }

    fn calls(
        &mut self,
        name: &'static str,
        function: &Value,
        positional: Vec<Value>,
        of: &ObjectRef,
    ) -> bool {
        let arguments = Arguments { positional, ..Arguments::default() };
        let answer = self.ev.call(function, arguments, self.place).ok();
        match answer.and_then(|value| self.ev.truth(&value)) {
            Some(answer) => answer,
            None => {
                self.doubts.push((name, of.clone()));
                true
            }
        }
    }
}

fn seen_table(name: &ObjectName) -> Value {
    Value::Host(Rc::new(Seen {
        class: "Table",
        name: Some(name.name.clone()),
        schema: name.schema.clone(),
        table: None,
    }))
}

fn dict(items: Vec<(Value, Value)>) -> Value {
    Value::Dict(Rc::new(RefCell::new(items)))
}
