//! Mapping a class to its table, as SQLAlchemy does when the class statement has run.

use crate::columns::{self, MadeColumn};
use crate::host::{Ev, MappedClass};
use crate::lineage::{Ancestor, Lineage, Root, decorator, own};
use crate::python_types::TypeMap;
use crate::table_name::{self, Named, TableArguments};
use crate::{scan, sqlmodel};
use cucurbit_python::eval::{Arguments, Class, Value};
use cucurbit_schema::ObjectName;
use std::rc::Rc;

/// Is told of every class of the project.
pub(crate) fn class_defined(ev: &mut Ev<'_>, class: &Rc<Class>) {
    let lineage = Lineage::of(ev, class);
    if lineage.root == Root::None {
        return;
    }
    if lineage.is_base || is_abstract(ev, class) {
        ev.host.bases.push(Rc::clone(class));
        return;
    }
    match lineage.root {
        Root::SqlModel => {
            let is_table = class.keywords.iter().find(|(k, _)| k.as_ref() == "table");
            match is_table {
                Some((_, Value::Bool(true))) => map(ev, class, &lineage),
                Some((_, value @ Value::Unknown(_))) => {
                    let value = value.clone();
                    tell(ev, None, class, &value, "whether the class has a table");
                }
                _ => {}
            }
        }
        // Without a sign of a table a class of another package's base is not a model.
        Root::Outside => {
            let named = matches!(table_name::of(ev, class, &lineage), Named::Written(_));
            if (named || own(ev, class, "__table__").is_some()) && has_columns(ev, class, &lineage) {
                map(ev, class, &lineage);
            }
        }
        _ => map(ev, class, &lineage),
    }
}

fn is_abstract(ev: &mut Ev<'_>, class: &Rc<Class>) -> bool {
    ["__abstract__", "__no_table__"].iter().any(|name| match own(ev, class, name) {
        Some((value, _)) => ev.truth(&value).unwrap_or(false),
        None => false,
    })
}

fn has_columns(ev: &mut Ev<'_>, class: &Rc<Class>, lineage: &Lineage) -> bool {
    own(ev, class, "__table__").is_some() || !scan::attributes(ev, class, lineage).found.is_empty()
}

/// Writes down that something of a class cannot be told.
fn tell(ev: &mut Ev<'_>, table: Option<&ObjectName>, class: &Rc<Class>, value: &Value, what: &str) {
    let (place, reason) = match value {
        Value::Unknown(why) => (why.place, why.reason.to_string()),
        other => (None, format!("it is `{}`", ev.describe(other))),
    };
    let what = format!("{what} `{}`", class.name);
    ev.host.problem(table, place.unwrap_or(class.place), &what, &reason);
}

fn map(ev: &mut Ev<'_>, class: &Rc<Class>, lineage: &Lineage) {
    let parent = lineage.parent(ev);
    if let Some(table) = given_table(ev, class, lineage) {
        map_to_given(ev, class, &table);
        return;
    }
    let (columns, is_whole) = made_columns(ev, class, lineage);
    // `__table_args__` that is computed finds the columns on the class.
    bind(class, &columns);
    let mut arguments = table_name::arguments(ev, class, lineage);
    arguments.open |= !is_whole;
    let named = table_name::of(ev, class, lineage);
    let (name, has_implicit_name) = match named {
        Named::Written(value) => (Some(value), false),
        // A class without a key of its own shares the table of its parent.
        Named::Implicit(_)
            if lineage.root == Root::Flask && parent.is_some() && !has_key(&columns, &arguments) =>
        {
            (None, false)
        }
        Named::Implicit(name) => (Some(Value::str(&name)), true),
        Named::None => (None, false),
    };
    let Some(name) = name else {
        match parent {
            Some(parent) => map_to_parent(ev, class, &parent, columns),
            None if columns.is_empty() => {}
            None => {
                let reason = "nothing that can be seen names its table";
                ev.host.problem(None, class.place, &format!("the class `{}`", class.name), reason);
            }
        }
        return;
    };
    if cucurbit_sqlalchemy::name_text(ev, Some(&name)) == cucurbit_sqlalchemy::NameText::Unknown {
        tell(ev, None, class, &name, "the name of the table of");
        return;
    }
    let table = make_table(ev, class, name, &columns, &arguments);
    finish(ev, class, lineage, &table, &columns, arguments, has_implicit_name);
}

/// Makes the table and hands it to SQLAlchemy's registry.
fn make_table(
    ev: &mut Ev<'_>,
    class: &Rc<Class>,
    name: Value,
    columns: &[MadeColumn],
    arguments: &TableArguments,
) -> Value {
    let place = class.place;
    let metadata = ev.attribute(&Value::Class(Rc::clone(class)), "metadata", place);
    let metadata = metadata.unwrap_or_else(|| Value::unknown("its MetaData cannot be told", Some(place)));
    let mut positional = vec![name, metadata];
    positional.extend(columns.iter().map(|c| c.term.clone()));
    positional.extend(arguments.items.iter().cloned());
    let keywords = arguments.keywords.clone();
    let open = arguments.open || arguments.unknown.is_some();
    let callee = Value::External(Rc::from("sqlalchemy.Table"));
    let given = Arguments { positional, keywords, open };
    ev.call(&callee, given, place).unwrap_or_else(|_| Value::unknown("the table", Some(place)))
}

/// Lets the class know its table and its columns.
fn finish(
    ev: &mut Ev<'_>,
    class: &Rc<Class>,
    lineage: &Lineage,
    table: &Value,
    columns: &[MadeColumn],
    arguments: TableArguments,
    has_implicit_name: bool,
) {
    let serial = match table {
        Value::Term(term) => Some(term.serial),
        _ => None,
    };
    let object = serial.and_then(|s| ev.host.registry.table(s)).map(|t| t.name.clone());
    if let Some(value) = arguments.unknown {
        tell(ev, object.as_ref(), class, &value, "`__table_args__` of");
    }
    note_outside(ev, class, lineage, object.as_ref());
    know(ev, class, serial, object.as_ref(), columns, has_implicit_name);
}

/// Binds the attributes of a class to columns.
fn bind(class: &Rc<Class>, columns: &[MadeColumn]) {
    let mut namespace = class.namespace.borrow_mut();
    for column in columns {
        let item = (Rc::clone(&column.key), column.term.clone(), column.place);
        match namespace.iter_mut().find(|(n, _, _)| *n == column.key) {
            Some(found) => *found = item,
            None => namespace.push(item),
        }
    }
}

/// Says which columns are the table's, and that the class is mapped.
fn know(
    ev: &mut Ev<'_>,
    class: &Rc<Class>,
    serial: Option<u64>,
    object: Option<&ObjectName>,
    columns: &[MadeColumn],
    has_implicit_name: bool,
) {
    for column in columns {
        if let (Some(written), Some(name)) = (column.written, &column.name) {
            ev.host.registry.name_column(written, object, name);
        }
        if let (Some(written), Some(table)) = (column.written, serial)
            && !is_inherited(ev, class, written)
        {
            ev.host.registry.join_awaiting(written, table);
        }
    }
    let seen = class.namespace.borrow().len();
    ev.host.add_mapped(MappedClass { class: Rc::clone(class), table: serial, seen, has_implicit_name });
}

/// Whether a column was written in the body of a class above: such a column is copied, so what that body puts on it
/// stays behind.
fn is_inherited(ev: &mut Ev<'_>, class: &Rc<Class>, written: u64) -> bool {
    let is_it = |value: &Value| matches!(value, Value::Term(term) if term.serial == written);
    ev.mro(class).iter().any(|above| match above {
        Value::Class(above) if !Rc::ptr_eq(above, class) => {
            above.namespace.borrow().iter().any(|(_, value, _)| is_it(value))
        }
        _ => false,
    })
}

/// Says what classes and decorators of other packages may add.
fn note_outside(ev: &mut Ev<'_>, class: &Rc<Class>, lineage: &Lineage, table: Option<&ObjectName>) {
    for ancestor in &lineage.ancestors {
        if let Ancestor::Outside(name) = ancestor {
            if !ev.host.told.insert(name.clone()) {
                continue;
            }
            let what = format!("the base class `{name}` of `{}`", class.name);
            let reason = "it is not in the project, so columns that it brings cannot be seen";
            ev.host.problem(table, class.place, &what, reason);
        }
    }
    for value in class.decorators.clone() {
        let shown = ev.describe(&value);
        if decorator(&value).is_none() && ev.host.told.insert(shown.clone()) {
            let what = format!("the decorator `{shown}` of `{}`", class.name);
            ev.host.problem(
                table,
                class.place,
                &what,
                "it is not in the project, so what it adds cannot be seen",
            );
        }
    }
    if lineage.attribute(ev, "__bind_key__").is_some_and(|key| !key.is_none()) {
        ev.host.notes.push(cucurbit_sqlalchemy::Unreadable {
            place: Some(class.place),
            reason: "it has a bind key, so its table stands in another database".to_owned(),
            what: format!("`{}`", class.name),
            held: false,
        });
    }
    if own(ev, class, "__versioned__").is_some() {
        ev.host.notes.push(cucurbit_sqlalchemy::Unreadable {
            place: Some(class.place),
            reason: "the table of versions that a plugin adds cannot be seen".to_owned(),
            what: format!("`{}`", class.name),
            held: false,
        });
    }
}

/// The columns of a class, and whether they are all of them.
fn made_columns(ev: &mut Ev<'_>, class: &Rc<Class>, lineage: &Lineage) -> (Vec<MadeColumn>, bool) {
    if lineage.root == Root::SqlModel {
        return sqlmodel::columns(ev, class, lineage);
    }
    let map = TypeMap::of(ev, lineage);
    let attributes = scan::attributes(ev, class, lineage);
    let mut columns: Vec<MadeColumn> = attributes.found.iter().map(|a| columns::make(ev, &map, a)).collect();
    columns.sort_by_key(|c| c.sort_order);
    (columns, attributes.is_whole)
}

/// Whether some column or constraint is a primary key.
fn has_key(columns: &[MadeColumn], arguments: &TableArguments) -> bool {
    let is_key = |value: &Value| {
        let Value::Term(term) = value else { return false };
        let name = term.external().and_then(cucurbit_sqlalchemy::canonical_name);
        name.as_deref() == Some("PrimaryKeyConstraint")
            || matches!(term.arguments.keyword("primary_key"), Some(Value::Bool(true)))
    };
    columns.iter().any(|c| is_key(&c.term)) || arguments.items.iter().any(is_key)
}

/// `__table__ = Table(…)`.
fn given_table(ev: &mut Ev<'_>, class: &Rc<Class>, lineage: &Lineage) -> Option<Value> {
    for ancestor in &lineage.ancestors {
        let Ancestor::Class(of) = ancestor else { continue };
        let of = Rc::clone(of);
        if !Rc::ptr_eq(&of, class) && ev.host.mapped(&of).is_some() {
            continue;
        }
        if let Some((value, _)) = own(ev, &of, "__table__") {
            // `__table__ = None` is a hint for type checkers.
            return Some(scan::declared(ev, class, &value)).filter(|v| !v.is_none());
        }
    }
    None
}

/// The table is there; the class learns its columns.
fn map_to_given(ev: &mut Ev<'_>, class: &Rc<Class>, table: &Value) {
    let Value::Term(term) = table else {
        tell(ev, None, class, table, "`__table__` of");
        return;
    };
    if ev.host.registry.table(term.serial).is_none() {
        tell(ev, None, class, table, "`__table__` of");
    }
    let found = ev.host.registry.table(term.serial).cloned();
    let items = found.map(|t| t.items).unwrap_or_default();
    for item in items {
        let Some(parts) = cucurbit_sqlalchemy::column_parts(ev, &item) else { continue };
        let key = parts.keywords.iter().find(|(k, _)| k.as_ref() == "key").map(|(_, v)| v.clone());
        let Some(Value::Str(key)) = key.or(parts.name) else { continue };
        let mut namespace = class.namespace.borrow_mut();
        if !namespace.iter().any(|(n, _, _)| *n == key) {
            namespace.push((key, item, parts.place));
        }
    }
    let seen = class.namespace.borrow().len();
    let table = Some(term.serial);
    ev.host.add_mapped(MappedClass { class: Rc::clone(class), table, seen, has_implicit_name: false });
}

/// A class without a table of its own: its columns stand in the table of its parent.
fn map_to_parent(ev: &mut Ev<'_>, class: &Rc<Class>, parent: &Rc<Class>, columns: Vec<MadeColumn>) {
    let serial = ev.host.mapped(parent).and_then(|m| m.table);
    let object = serial.and_then(|s| ev.host.registry.table(s)).map(|t| t.name.clone());
    if let Some(serial) = serial {
        append(ev, serial, &columns);
    }
    know(ev, class, serial, object.as_ref(), &columns, false);
}

/// Adds columns to a table that has none of that name yet.
fn append(ev: &mut Ev<'_>, serial: u64, columns: &[MadeColumn]) {
    let Some(table) = ev.host.registry.table(serial).cloned() else { return };
    for column in columns {
        let mut is_there = false;
        for item in &table.items {
            let Some(parts) = cucurbit_sqlalchemy::column_parts(ev, item) else { continue };
            let name = parts.name.as_ref().and_then(Value::as_str);
            is_there |= name.is_some() && name == column.name.as_deref();
        }
        if is_there {
            continue;
        }
        if let (Value::Term(term), Some(name)) = (&column.term, &column.name) {
            ev.host.registry.name_column(term.serial, Some(&table.name), name);
        }
        if let Some(table) = ev.host.registry.table_mut(serial) {
            table.items.push(column.term.clone());
        }
    }
}

/// Takes in what was added to mapped classes after their class statement: `Class.x = Column(…)`, decorators.
pub(crate) fn take_additions(ev: &mut Ev<'_>) {
    for mapped in ev.host.mapped.clone() {
        let added: Vec<_> = mapped.class.namespace.borrow().iter().skip(mapped.seen).cloned().collect();
        let Some(serial) = mapped.table else { continue };
        for (key, value, place) in added {
            let Some(parts) = cucurbit_sqlalchemy::column_parts(ev, &value) else { continue };
            let written = parts.serial;
            let column = columns::finish(ev, key, parts, written, 0, place);
            let object = ev.host.registry.table(serial).map(|t| t.name.clone());
            if let (Some(written), Some(name)) = (column.written, &column.name) {
                ev.host.registry.name_column(written, object.as_ref(), name);
            }
            append(ev, serial, &[column]);
        }
    }
}
