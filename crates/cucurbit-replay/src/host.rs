//! What Alembic's and SQLAlchemy's calls mean to the replay.

use crate::mapped::Mapped;
use crate::memo::Memo;
use crate::objects::{NamedRow, Object, Rows};
use crate::record::{Certainty, Operation};
use crate::session::Session;
use cucurbit_python::eval::{
    Call, Class, Decision, Evaluator, Exception, FileId, Host, Outcome, Place, Unsettled, UnsettledKind,
    Value,
};
use cucurbit_schema::{
    Change, ConstraintKind, Database, Extent, Mismatch, MismatchKind, ObjectName, Origin, UnknownEffect,
};
use cucurbit_sqlalchemy::{Environment, MetaData, MetaDataKey, Registry, Settings, canonical_name};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The host: the database as it stands, and what was done to it.
pub(crate) struct Replay {
    pub(crate) settings: Settings,
    pub(crate) registry: Registry,
    /// The project's `env.py`, as long as nobody asked what its imports say of types.
    pub(crate) env_py: Option<FileId>,
    /// Naming convention and schema of `target_metadata`, which Alembic gives to what migrations leave unnamed.
    pub(crate) metadata: MetaData,
    pub(crate) db: Rc<Database>,
    pub(crate) log: Vec<Operation>,
    /// Changes of the schema in the log, so that branches can be compared.
    pub(crate) effects: usize,
    /// Places that had to be decided, innermost last.
    pub(crate) guards: Vec<(Place, Rc<str>)>,
    /// How many random identifiers were made up in this step.
    pub(crate) randoms: u32,
    /// Enum types that were made with tables in this run.
    pub(crate) memo: Rc<Memo>,
    /// Decisions so far.
    pub(crate) decisions: Vec<(Place, Decision)>,
    /// The work was cut short.
    pub(crate) exhausted: bool,
    /// What inspectors answered so far: each gives the same answer again, as SQLAlchemy's `info_cache` makes it.
    pub(crate) reflected: Rc<BTreeMap<(u32, String), Value>>,
    /// Where the operations of the step under way begin.
    pub(crate) step_start: usize,
    /// How many inspectors were made.
    pub(crate) inspectors: u32,
    /// What the database refused inside of a `try`, where it became an exception.
    pub(crate) refused: Rc<Vec<(Change, Mismatch)>>,
    /// Constraints that an inspector was asked for on a table that has none.
    pub(crate) vain: Rc<Vec<(ConstraintKind, ObjectName)>>,
    /// Options of oslo.config that were read, in order.
    pub(crate) options: Rc<Vec<Rc<str>>>,
    /// Something was decided by a table that is empty because the database is a new one.
    pub(crate) asked_for_rows: bool,
    /// Tables are taken to hold rows that cannot be told, as in a database that is in use.
    pub(crate) holds_rows: bool,
    /// Somewhere in the migration it could not be told whether it leaves before it has done anything.
    pub(crate) could_leave: bool,
    /// It leaves there.
    pub(crate) leaves: bool,
    /// Such migrations do their work whatever is there already.
    pub(crate) never_leaves: bool,
    /// One of them was followed so although it could have left.
    pub(crate) stayed: bool,
    /// Batches of this step that have made their table anew, by their place and table.
    pub(crate) remade: Rc<BTreeMap<(Place, ObjectName), Option<String>>>,
    /// The call under way is one of a batch.
    pub(crate) in_batch: bool,
    /// What statements set for those after them.
    pub(crate) session: Session,
    /// The revision file that is followed.
    pub(crate) file: Option<FileId>,
    /// Classes with a table. Modules stay loaded, so nothing is taken back.
    pub(crate) mapped: Mapped,
}

/// What oslo.config's `ConfigOpts` has by itself; every other attribute is an option, or a group of them, and one that
/// no module has registered raises `NoSuchOptError` (its `__getattr__`).
const CONF_METHODS: &[&str] = &[
    "clear",
    "clear_default",
    "clear_override",
    "config_dir",
    "config_dirs",
    "config_file",
    "find_file",
    "get",
    "get_location",
    "host",
    "import_group",
    "import_opt",
    "items",
    "keys",
    "list_all_sections",
    "log_opt_values",
    "mutate_config_files",
    "print_help",
    "print_usage",
    "project",
    "prog",
    "register_cli_opt",
    "register_cli_opts",
    "register_group",
    "register_mutate_hook",
    "register_opt",
    "register_opts",
    "reload_config_files",
    "reset",
    "set_default",
    "set_default_for_group",
    "set_override",
    "unregister_opt",
    "unregister_opts",
    "usage",
    "values",
    "version",
];

/// How far back in a step an unknown effect is looked for before it is written down again.
const RECENT: usize = 200;

pub(crate) struct Mark {
    registry: Registry,
    db: Rc<Database>,
    log: usize,
    effects: usize,
    memo: Rc<Memo>,
    decisions: usize,
    reflected: Rc<BTreeMap<(u32, String), Value>>,
    refused: Rc<Vec<(Change, Mismatch)>>,
    options: Rc<Vec<Rc<str>>>,
    remade: Rc<BTreeMap<(Place, ObjectName), Option<String>>>,
    session: Session,
}

pub(crate) type Ev<'a> = Evaluator<'a, Replay>;

impl Replay {
    pub(crate) fn new(settings: Settings, metadata: MetaData, db: Database) -> Self {
        Replay {
            settings,
            registry: Registry::new(),
            env_py: None,
            metadata,
            db: Rc::new(db),
            log: Vec::new(),
            effects: 0,
            guards: Vec::new(),
            randoms: 0,
            memo: Rc::default(),
            decisions: Vec::new(),
            exhausted: false,
            reflected: Rc::default(),
            step_start: 0,
            inspectors: 0,
            refused: Rc::default(),
            vain: Rc::default(),
            options: Rc::default(),
            asked_for_rows: false,
            holds_rows: false,
            could_leave: false,
            leaves: false,
            never_leaves: false,
            stayed: false,
            remade: Rc::default(),
            in_batch: false,
            session: Session::default(),
            file: None,
            mapped: Mapped::default(),
        }
    }

    /// Makes an inspector that was not asked anything yet.
    pub(crate) fn inspector(&mut self) -> Object {
        self.inspectors += 1;
        Object::Inspector(self.inspectors)
    }

    pub(crate) fn name(&self, schema: Option<&str>, name: &str) -> ObjectName {
        self.settings.object_name(schema.or(self.metadata_schema()), name)
    }

    /// `op.*` calls have no schema of their own; `MetaData(schema=…)` does not reach them.
    fn metadata_schema(&self) -> Option<&str> {
        None
    }

    /// A table of MySQL that says nothing of its character set has that of its database from then on.
    fn give_charset(&self, change: &mut Change) {
        let (Some((charset, collation)), Change::CreateTable { table, .. }) = (&self.session.charset, change)
        else {
            return;
        };
        if ["charset", "collate"].iter().any(|key| table.options.contains_key(*key)) {
            return;
        }
        table.options.insert("charset".to_owned(), charset.clone());
        if let Some(collation) = collation {
            table.options.insert("collate".to_owned(), collation.clone());
        }
    }

    /// What the next operation will be known by.
    pub(crate) fn origin(&self) -> Origin {
        Origin(u32::try_from(self.log.len() + 1).unwrap_or(u32::MAX))
    }

    /// Does changes and writes them down under the call they come from.
    pub(crate) fn record(
        &mut self,
        place: Place,
        frames: Vec<Place>,
        call: &str,
        changes: Vec<Change>,
        exact: bool,
    ) {
        let only_unknown = !changes.is_empty() && changes.iter().all(|c| matches!(c, Change::Unknown(_)));
        if only_unknown {
            // A loop over rows meets the same statement again and again; once says it all.
            let step = self.log.get(self.step_start..).unwrap_or_default();
            let is_same = |operation: &&Operation| {
                operation.place == place
                    && operation.changes.iter().all(|(c, _)| matches!(c, Change::Unknown(_)))
            };
            if step.iter().rev().take(RECENT).any(|operation| is_same(&operation)) {
                return;
            }
        }
        let origin = self.origin();
        let mut done = Vec::with_capacity(changes.len());
        let mut unknown: Option<String> = None;
        for mut change in changes {
            self.give_charset(&mut change);
            match &change {
                Change::Rows { .. } | Change::Nothing { .. } => {}
                Change::Unknown(effect) => {
                    self.effects += 1;
                    unknown.get_or_insert_with(|| effect.reason.clone());
                }
                _ => self.effects += 1,
            }
            let change = match is_of_version_table(&self.db, &change) {
                true => Change::Nothing { what: "Alembic's own table".to_owned() },
                false => change,
            };
            let applied = Rc::make_mut(&mut self.db).apply(&change, origin);
            done.push((change, applied));
        }
        let certainty = match (unknown, self.guards.last()) {
            (Some(reason), _) => Certainty::Unknown(reason),
            (None, Some((place, reason))) => Certainty::Guarded { place: *place, reason: reason.to_string() },
            (None, None) if !exact => Certainty::Unknown("the statement was read only in part".to_owned()),
            (None, None) => Certainty::Exact,
        };
        let said = Vec::new();
        self.log.push(Operation {
            origin,
            place,
            frames,
            call: call.to_owned(),
            batch: self.in_batch,
            changes: done,
            certainty,
            said,
        });
    }
}

/// Says whether a change is about Alembic's own table: it is there whenever a migration runs
/// (`MigrationContext._ensure_version_table`) and no part of the schema.
fn is_of_version_table(db: &Database, change: &Change) -> bool {
    let (Change::AddColumn { table, .. }
    | Change::DropColumn { table, .. }
    | Change::AlterColumn { table, .. }
    | Change::AddConstraint { table, .. }
    | Change::DropConstraint { table, .. }
    | Change::RenameConstraint { table, .. }
    | Change::CreateIndex { table, .. }
    | Change::SetTableOption { table, .. }) = change
    else {
        return false;
    };
    table.name == "alembic_version" && !db.tables.contains_key(table)
}

/// Writes down an effect that cannot be known.
pub(crate) fn unknown(ev: &mut Ev<'_>, place: Place, call: &str, extent: Extent, reason: &str) {
    let text: String = ev.source(place).unwrap_or_default().chars().take(120).collect();
    let effect = UnknownEffect { extent, reason: reason.to_owned(), text };
    record(ev, place, call, vec![Change::Unknown(effect)], false);
}

pub(crate) fn record(ev: &mut Ev<'_>, place: Place, call: &str, changes: Vec<Change>, exact: bool) {
    let frames = ev.frames();
    ev.host.record(place, frames, call, changes, exact);
}

impl Environment for Replay {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn registry(&mut self) -> &mut Registry {
        &mut self.registry
    }

    fn load_compilers(ev: &mut Ev<'_>) {
        if let Some(env_py) = ev.host.env_py.take() {
            ev.load_all_with(env_py, "sqlalchemy.ext.compiler");
        }
    }

    fn map_classes(ev: &mut Ev<'_>, metadata: &MetaDataKey) -> Option<bool> {
        crate::mapped::register(ev, metadata)
    }

    fn column_home(ev: &mut Ev<'_>, value: &Value) -> Option<(ObjectName, String)> {
        crate::mapped::column_home(ev, value)
    }
}

/// Names from outside that give a connection, a session or an inspector.
fn opening(host: &mut Replay, name: &str) -> Option<Object> {
    let last = name.rsplit('.').next().unwrap_or(name);
    match canonical_name(name).as_deref().unwrap_or(name) {
        "inspect"
        | "reflection.Inspector.from_engine"
        | "reflection.Inspector"
        | "Inspector.from_engine"
        | "Inspector"
        | "inspection.inspect" => Some(host.inspector()),
        "Session" | "scoped_session" => Some(Object::Session),
        _ if name.starts_with("sqlalchemy.")
            && (last == "inspect" || last == "from_engine" || last == "Inspector") =>
        {
            Some(host.inspector())
        }
        // A session class by any other way: `sqlmodel.Session`, `db.Session` of an application.
        _ if last == "Session" => Some(Object::Session),
        _ => None,
    }
}

impl Host for Replay {
    type Mark = Mark;

    fn call(ev: &mut Ev<'_>, call: &Call) -> Outcome {
        if !ev.is_caught() {
            return dispatch(ev, call);
        }
        // Inside of a `try` what the database refuses is an exception that the migration may be waiting for.
        let mark = ev.host.mark();
        let start = ev.host.log.len();
        let outcome = dispatch(ev, call);
        match refusal(&ev.host.log[start..]) {
            Some((change, mismatch)) if matches!(outcome, Outcome::Value(_)) => {
                ev.host.rewind(mark);
                let message = match &mismatch.kind {
                    MismatchKind::Exists { .. } => format!("{} already exists", mismatch.object),
                    _ => format!("{} does not exist", mismatch.object),
                };
                let is_batch = call
                    .receiver
                    .as_ref()
                    .is_some_and(|receiver| matches!(receiver.host::<Object>(), Some(Object::Batch { .. })));
                let class =
                    match (is_batch && ev.host.settings.dialect == cucurbit_schema::Dialect::Sqlite, &change)
                    {
                        // The table is made anew, and Alembic itself misses what is not among its parts
                        // (`ApplyBatchImpl.drop_constraint`, `drop_column`, `alter_column`).
                        (true, Change::DropConstraint { .. }) => "builtins.ValueError",
                        (true, Change::DropColumn { .. } | Change::AlterColumn { .. }) => "builtins.KeyError",
                        _ => "sqlalchemy.exc.ProgrammingError",
                    };
                Rc::make_mut(&mut ev.host.refused).push((change, mismatch));
                let value = Value::External(Rc::from(class));
                Outcome::Raise(Exception { value, message: Some(Rc::from(message)), place: call.place })
            }
            _ => outcome,
        }
    }

    fn attribute(ev: &mut Ev<'_>, of: &Value, name: &str, place: Place) -> Outcome {
        attribute(ev, of, name, place)
    }

    fn context(ev: &mut Ev<'_>, manager: &Value, enter: bool, _: Place) -> Outcome {
        match manager {
            // What a batch does is done when it is left (`BatchOperationsImpl.flush`).
            Value::Host(_) if !enter => match manager.host::<Object>() {
                Some(Object::Batch { table, place, .. }) => match crate::batch::refused(ev, *place, table) {
                    Some(raised) => Outcome::Raise(raised),
                    None => Outcome::Default,
                },
                _ => Outcome::Default,
            },
            Value::Host(_) => Outcome::Value(manager.clone()),
            Value::Unknown(_) if enter => Outcome::Value(manager.clone()),
            _ => Outcome::Default,
        }
    }

    fn truth(ev: &mut Ev<'_>, value: &Value) -> Option<bool> {
        if let Value::Term(_) = value {
            let dialect = ev.host.settings().dialect;
            return cucurbit_sqlalchemy::truth(ev, value)
                .or_else(|| cucurbit_sqlalchemy::dialect_test(dialect, value));
        }
        match value.host::<Object>()? {
            Object::Rows(_) => None,
            Object::Random(_) => Some(true),
            Object::Row(row) => Some(!row.values.is_empty()),
            _ => Some(true),
        }
    }

    fn items(ev: &mut Ev<'_>, value: &Value) -> Option<Vec<Value>> {
        if let Some(Object::Row(row)) = value.host::<Object>() {
            return Some(row.items());
        }
        if let Some(Object::Rows(rows)) = value.host::<Object>() {
            return match rows {
                Rows::Named(rows) => Some(rows.iter().map(NamedRow::value).collect()),
                Rows::Bare(values) => Some(values.iter().map(crate::catalog::value).collect()),
                Rows::Empty => Some(Vec::new()),
                Rows::One(values) => Some(vec![crate::connection::row(values)]),
                Rows::Names { names, bare } => Some(crate::connection::named_rows(names, *bare)),
                Rows::Many(rows) => Some(rows.iter().map(|values| crate::connection::row(values)).collect()),
                Rows::Unknown(_) => None,
            };
        }
        cucurbit_sqlalchemy::items(ev, value)
    }

    fn operate(ev: &mut Ev<'_>, left: &Value, operator: &str, right: &Value) -> Option<Value> {
        match (left.host::<Object>(), operator) {
            (Some(Object::Row(row)), "[]") => return row.item(right),
            (Some(Object::Random(number)), "str") => return Some(Value::str(&crate::random::text(*number))),
            _ => {}
        }
        cucurbit_sqlalchemy::operate(ev, left, operator, right)
    }

    fn class_defined(ev: &mut Ev<'_>, class: &Rc<Class>) {
        crate::mapped::defined(ev, class);
    }

    fn assigned(ev: &mut Ev<'_>, of: &Value, name: &str, value: &Value, place: Place) {
        cucurbit_sqlalchemy::assigned(ev, of, name, value, place);
    }

    fn mark(&mut self) -> Mark {
        Mark {
            registry: self.registry.clone(),
            db: Rc::clone(&self.db),
            log: self.log.len(),
            effects: self.effects,
            memo: Rc::clone(&self.memo),
            decisions: self.decisions.len(),
            reflected: Rc::clone(&self.reflected),
            refused: Rc::clone(&self.refused),
            options: Rc::clone(&self.options),
            remade: Rc::clone(&self.remade),
            session: self.session.clone(),
        }
    }

    fn rewind(&mut self, mark: Mark) {
        self.registry = mark.registry;
        self.db = mark.db;
        self.log.truncate(mark.log);
        self.effects = mark.effects;
        self.memo = mark.memo;
        self.decisions.truncate(mark.decisions);
        self.reflected = mark.reflected;
        self.refused = mark.refused;
        self.options = mark.options;
        self.remade = mark.remade;
        self.session = mark.session;
    }

    fn is_unchanged(&self, mark: &Mark) -> bool {
        self.log.len() == mark.log
            && self.effects == mark.effects
            && self.session == mark.session
            && self.registry.is_same(&mark.registry)
            && Rc::ptr_eq(&self.db, &mark.db)
            && Rc::ptr_eq(&self.memo, &mark.memo)
            && Rc::ptr_eq(&self.reflected, &mark.reflected)
            && Rc::ptr_eq(&self.refused, &mark.refused)
            && Rc::ptr_eq(&self.options, &mark.options)
            && Rc::ptr_eq(&self.remade, &mark.remade)
    }

    fn effects_since(&self, mark: &Mark) -> usize {
        self.effects - mark.effects
    }

    fn misfits_since(&self, mark: &Mark) -> usize {
        let operations = self.log.get(mark.log..).unwrap_or_default();
        operations
            .iter()
            .flat_map(|operation| &operation.changes)
            .map(|(_, done)| done.mismatches.len())
            .sum()
    }

    /// One arm raises: the other. One does what does not fit: the other. One leaves early and does nothing: the
    /// other. Only one does something: that one. Both do: the first, which is where a guard's own work mostly stands.
    /// Neither: both, so that names that differ afterwards are unknown.
    fn decide(&mut self, unsettled: &Unsettled) -> Decision {
        if unsettled.kind == UnsettledKind::Budget {
            self.exhausted = true;
        }
        let decision = match unsettled.branches.as_slice() {
            [a, b] if a.raises != b.raises => Decision::Take(usize::from(a.raises)),
            [a, b] if (a.misfits == 0) != (b.misfits == 0) => Decision::Take(usize::from(a.misfits > 0)),
            [a, b] if a.leaves && !b.leaves && a.effects == 0 && b.effects > 0 => Decision::Take(1),
            [a, b] if b.leaves && !a.leaves && b.effects == 0 && a.effects > 0 => Decision::Take(0),
            [a, b] if a.effects > 0 && b.effects == 0 => Decision::Take(0),
            [a, b] if b.effects > 0 && a.effects == 0 => Decision::Take(1),
            [a, _] if a.effects > 0 => Decision::Take(0),
            [a, b] if a.leaves != b.leaves => {
                self.could_leave = true;
                Decision::Take(usize::from(a.leaves != self.leaves))
            }
            _ => Decision::All,
        };
        self.decisions.push((unsettled.place, decision));
        decision
    }

    fn guard(&mut self, unsettled: Option<&Unsettled>) {
        match unsettled {
            Some(unsettled) => self.guards.push((unsettled.place, Rc::clone(&unsettled.reason))),
            None => {
                self.guards.pop();
            }
        }
    }
}

fn context_call(name: &str, call: &Call) -> Outcome {
    Outcome::Value(match name {
        "get_bind" => Object::Bind.value(),
        "get_context" => Object::Context.value(),
        "is_offline_mode" => Value::Bool(false),
        "begin_transaction" | "run_migrations" => Object::Block.value(),
        "get_x_argument" => Value::unknown("`-x` arguments are given on the command line", Some(call.place)),
        _ => return Outcome::Default,
    })
}

fn dispatch(ev: &mut Ev<'_>, call: &Call) -> Outcome {
    if let (Some(receiver), Some(method)) = (&call.receiver, &call.method) {
        let (receiver, method) = (receiver.clone(), Rc::clone(method));
        if let Some(object) = receiver.host::<Object>().cloned() {
            return crate::connection::method(ev, call, &object, &method);
        }
        if let Some(outcome) = crate::objects_call::method(ev, call, &receiver, &method) {
            return outcome;
        }
    }
    if let Value::External(name) = &call.callee {
        let name = Rc::clone(name);
        if let Some(operation) = name.strip_prefix("alembic.op.") {
            return crate::operations::call(ev, operation, call);
        }
        if let Some(rest) = name.strip_prefix("alembic.context.") {
            return context_call(rest, call);
        }
        if let Some(object) = opening(&mut ev.host, &name) {
            return Outcome::Value(object.value());
        }
        // The session of an application that cannot be seen: `db.session.execute(…)`.
        if let Some((owner, method)) = name.rsplit_once('.')
            && (owner.ends_with(".session") || owner.ends_with(".Session"))
            && matches!(method, "execute" | "scalar" | "scalars" | "exec" | "connection" | "get_bind")
        {
            return crate::connection::method(ev, call, &Object::Session, method);
        }
        if let Some(outcome) = crate::plugins::call(ev, &name, call) {
            return outcome;
        }
        if let Some(value) = crate::random::call(ev, &name, call) {
            return Outcome::Value(value);
        }
    }
    if let Some(outcome) = crate::texts::call(ev, call).or_else(|| crate::reflection::call(ev, call)) {
        return outcome;
    }
    if let Some(outcome) = cucurbit_sqlalchemy::call(ev, call) {
        return outcome;
    }
    crate::objects_call::outside(ev, call);
    Outcome::Default
}

fn attribute(ev: &mut Ev<'_>, of: &Value, name: &str, place: Place) -> Outcome {
    if let Some(object) = of.host::<Object>().cloned() {
        return crate::connection::attribute(ev, &object, name);
    }
    let is_dialect = || match of {
        Value::Term(term) => {
            term.external().is_some_and(|n| n.starts_with("sqlalchemy.") && n.ends_with("Dialect"))
        }
        _ => of.host::<cucurbit_sqlalchemy::DialectObject>().is_some(),
    };
    if name == "identifier_preparer" && is_dialect() {
        return Outcome::Value(Object::Preparer.value());
    }
    if let Value::External(dotted) = of
        && dotted.as_ref() == "alembic.context"
        && name == "config"
    {
        return Outcome::Default;
    }
    if name == "naming_convention"
        && let Value::Term(term) = of
        && term.external().and_then(canonical_name).as_deref() == Some("MetaData")
    {
        let convention = term.arguments.get(1, name).cloned();
        return convention.map_or(Outcome::Default, Outcome::Value);
    }
    if let Value::External(dotted) = of
        && dotted.as_ref() == "oslo_config.cfg.CONF"
        && !CONF_METHODS.contains(&name)
        && !ev.host.options.iter().any(|known| known.as_ref() == name)
    {
        Rc::make_mut(&mut ev.host.options).push(name.into());
    }
    match cucurbit_sqlalchemy::attribute(ev, of, name, place) {
        Some(outcome) => outcome,
        None => Outcome::Default,
    }
}

/// What the database would refuse of operations; nothing when it is not sure.
fn refusal(operations: &[Operation]) -> Option<(Change, Mismatch)> {
    for operation in operations {
        for (change, applied) in &operation.changes {
            for mismatch in &applied.mismatches {
                match &mismatch.kind {
                    MismatchKind::Missing { .. } | MismatchKind::Exists { .. } => {
                        return Some((change.clone(), mismatch.clone()));
                    }
                    MismatchKind::Needed { .. } | MismatchKind::Refused { .. } => {}
                }
            }
        }
    }
    None
}
