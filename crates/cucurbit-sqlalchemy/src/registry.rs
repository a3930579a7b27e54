//! What SQLAlchemy's objects were told so far: which `MetaData` holds which tables.

use crate::NamingConvention;
use cucurbit_python::eval::{Arguments, Class, FileId, Value};
use cucurbit_schema::{Dialect, Map, ObjectName, TypeKind};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What tells one `MetaData` from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MetaDataKey {
    /// The number of the term that made it.
    Term(u64),
    /// One that lies outside of the project (`sqlmodel.SQLModel.metadata`).
    External(Rc<str>),
}

/// A `MetaData`.
#[derive(Debug, Clone, Default)]
pub struct MetaData {
    /// Its default schema.
    pub schema: Option<String>,
    /// Its default schema cannot be told.
    pub schema_unknown: bool,
    /// Its naming convention.
    pub convention: NamingConvention,
    /// The convention that is given cannot be told; [`crate::Settings::convention_otherwise`] stands for it.
    pub convention_taken: bool,
    /// The numbers of the terms of its tables, in the order in which they were made.
    pub tables: Vec<u64>,
    /// `reflect()` has filled it with tables of the database, which are not listed here.
    pub reflected: bool,
}

/// A `Table`.
#[derive(Debug, Clone)]
pub struct RegisteredTable {
    /// Its name.
    pub name: ObjectName,
    /// Its schema as written or as the `MetaData` gives it.
    pub schema: Option<String>,
    /// Its `MetaData`.
    pub metadata: Option<MetaDataKey>,
    /// The term that made it.
    pub term: Value,
    /// Columns, constraints and indexes in order, those added later too.
    pub items: Vec<Value>,
    /// Keyword arguments.
    pub keywords: Vec<(Rc<str>, Value)>,
    /// Some arguments cannot be told.
    pub open: bool,
}

/// What a table holds beside columns, each as a term that stays the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct TableParts {
    /// How many items the table had when this was made.
    pub(crate) counted: usize,
    pub(crate) constraints: Vec<Value>,
    pub(crate) indexes: Vec<Value>,
    /// The `ForeignKey` objects of its foreign keys.
    pub(crate) keys: Vec<Value>,
}

/// Where a `ForeignKey` object stands and what it points at.
#[derive(Debug, Clone)]
pub(crate) struct KeyHome {
    pub(crate) table: Value,
    pub(crate) constraint: Value,
    pub(crate) column: String,
    pub(crate) target: ObjectName,
    pub(crate) target_column: String,
}

/// The table of a column, where it is known, and the column's name.
type ColumnHome = (Option<ObjectName>, String);

/// For each type the collations that were asked for, and what the answer was.
type OwnTypes = FxHashMap<TypeKind, Vec<(Option<String>, bool)>>;

/// A type, the dialects that are named, and the file with the function.
type CompiledType = (&'static str, Vec<String>, FileId);

#[derive(Debug, Clone, Default)]
struct State {
    metadata: BTreeMap<MetaDataKey, MetaData>,
    tables: Map<u64, Rc<RegisteredTable>>,
    /// The tables of each name.
    by_name: Map<ObjectName, Rc<Vec<u64>>>,
    columns: Map<u64, Rc<Vec<ColumnHome>>>,
    implicit: BTreeMap<usize, Value>,
    awaiting: Vec<(u64, Value)>,
    compiles: Vec<(Rc<Class>, Vec<String>, FileId)>,
    parts: BTreeMap<u64, TableParts>,
    part_homes: BTreeMap<u64, u64>,
    key_homes: BTreeMap<u64, KeyHome>,
    /// What columns were told after they were made (`column.index = False`), by attribute.
    said: BTreeMap<u64, Vec<(Rc<str>, Value)>>,
}

/// What SQLAlchemy's objects were told so far. Cloning is cheap, so a host can go back to a clone.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    state: Rc<State>,
    /// Whether a type comes back from its own class, with that collation. It follows from the settings, which stay
    /// the same, so nothing is taken back.
    pub(crate) own_types: Rc<RefCell<OwnTypes>>,
    /// Which of SQLAlchemy's types functions under `@compiles` write, by their canonical names, and the files with
    /// these. A module is loaded once, perhaps in a branch that is only tried, so nothing is taken back.
    compiles_types: Rc<RefCell<Vec<CompiledType>>>,
}

impl Registry {
    /// Makes an empty registry.
    #[must_use]
    pub fn new() -> Self {
        Registry::default()
    }

    /// Tells whether nothing was told since one was cloned from the other.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.state, &other.state)
    }

    fn change(&mut self) -> &mut State {
        Rc::make_mut(&mut self.state)
    }

    /// Takes note of an attribute that a column is given after it was made.
    pub(crate) fn say_of_column(&mut self, serial: u64, name: &str, value: Value) {
        let said = self.change().said.entry(serial).or_default();
        said.retain(|(known, _)| **known != *name);
        said.push((Rc::from(name), value));
    }

    /// The arguments of an object with what it was told after it was made.
    pub(crate) fn as_said(&self, serial: u64, arguments: &Arguments) -> Arguments {
        let mut arguments = arguments.clone();
        for (name, value) in self.state.said.get(&serial).into_iter().flatten() {
            arguments.keywords.retain(|(known, _)| known != name);
            arguments.keywords.push((Rc::clone(name), value.clone()));
        }
        arguments
    }

    /// Returns a `MetaData` that was seen.
    #[must_use]
    pub fn metadata(&self, key: &MetaDataKey) -> Option<&MetaData> {
        self.state.metadata.get(key)
    }

    /// Returns every `MetaData` that was seen, with its key.
    pub fn all_metadata(&self) -> impl Iterator<Item = (&MetaDataKey, &MetaData)> {
        self.state.metadata.iter()
    }

    /// Returns a `MetaData` to change, making it when it is new.
    pub fn metadata_mut(&mut self, key: &MetaDataKey) -> &mut MetaData {
        self.change().metadata.entry(key.clone()).or_default()
    }

    /// Returns the table that the term of that number made.
    #[must_use]
    pub fn table(&self, serial: u64) -> Option<&RegisteredTable> {
        self.state.tables.get(&serial).map(Rc::as_ref)
    }

    /// Returns the table of that name in a `MetaData`, or in any when none is said.
    #[must_use]
    pub fn table_named(
        &self,
        metadata: Option<&MetaDataKey>,
        name: &ObjectName,
    ) -> Option<(u64, &RegisteredTable)> {
        let serials = self.state.by_name.get(name)?;
        let mut tables = serials.iter().filter_map(|serial| Some((*serial, self.table(*serial)?)));
        tables.find(|(_, t)| metadata.is_none_or(|m| t.metadata.as_ref() == Some(m)))
    }

    /// Returns all tables in the order in which they were made.
    pub fn tables(&self) -> impl Iterator<Item = &RegisteredTable> {
        self.state.tables.values().map(Rc::as_ref)
    }

    /// Returns a table to change, but for its name.
    pub fn table_mut(&mut self, serial: u64) -> Option<&mut RegisteredTable> {
        self.change().tables.get_mut(&serial).map(Rc::make_mut)
    }

    /// Keeps an index or a constraint until the column of that number is part of a table (SQLAlchemy,
    /// `ColumnCollectionMixin`: a constraint attaches itself when its columns are attached).
    pub fn await_column(&mut self, column: u64, item: Value) {
        self.change().awaiting.push((column, item));
    }

    /// Lets what waited for a column join the table of that number. What the table holds already, because
    /// `__table_args__` names it too, does not join twice.
    pub fn join_awaiting(&mut self, column: u64, table: u64) {
        if !self.state.awaiting.iter().any(|(c, _)| *c == column) {
            return;
        }
        let number = |item: &Value| match item {
            Value::Term(term) => Some(term.serial),
            _ => None,
        };
        let state = self.change();
        let (joining, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut state.awaiting).into_iter().partition(|(c, _)| *c == column);
        state.awaiting = rest;
        if let Some(table) = state.tables.get_mut(&table) {
            let table = Rc::make_mut(table);
            let held: Vec<u64> = table.items.iter().filter_map(number).collect();
            let joining = joining.into_iter().map(|(_, item)| item);
            table.items.extend(joining.filter(|item| number(item).is_none_or(|n| !held.contains(&n))));
        }
    }

    /// Adds a table.
    pub fn add_table(&mut self, serial: u64, table: RegisteredTable) {
        let state = self.change();
        if let Some(key) = &table.metadata {
            state.metadata.entry(key.clone()).or_default().tables.push(serial);
        }
        let named = Rc::make_mut(state.by_name.entry(table.name.clone()).or_default());
        if let Err(at) = named.binary_search(&serial) {
            named.insert(at, serial);
        }
        state.tables.insert(serial, Rc::new(table));
    }

    /// Says that the term of that number is a column of that name, in that table where it is known. A column
    /// of a mixin has several homes.
    pub fn name_column(&mut self, serial: u64, table: Option<&ObjectName>, name: &str) {
        let home = (table.cloned(), name.to_owned());
        let known = self.homes(serial);
        // Reading a column by itself says nothing of where it stands.
        if known.contains(&home) || (table.is_none() && !known.is_empty()) {
            return;
        }
        let homes = Rc::make_mut(self.change().columns.entry(serial).or_default());
        homes.retain(|(table, _)| table.is_some());
        homes.push(home);
    }

    /// Returns where the column that the term of that number made is known to stand.
    #[must_use]
    pub fn homes(&self, serial: u64) -> &[(Option<ObjectName>, String)] {
        self.state.columns.get(&serial).map(|homes| homes.as_slice()).unwrap_or_default()
    }

    /// Returns what the table of that number was last seen to hold.
    pub(crate) fn parts(&self, table: u64) -> Option<&TableParts> {
        self.state.parts.get(&table)
    }

    /// Remembers what a table holds.
    pub(crate) fn set_parts(&mut self, table: u64, parts: TableParts) {
        self.change().parts.insert(table, parts);
    }

    /// Returns the number of the table that a constraint or an index of that number stands in.
    pub(crate) fn home(&self, part: u64) -> Option<u64> {
        self.state.part_homes.get(&part).copied()
    }

    /// Remembers the table that a constraint or an index stands in.
    pub(crate) fn set_home(&mut self, part: u64, table: u64) {
        self.change().part_homes.insert(part, table);
    }

    /// Returns where the `ForeignKey` object of that number stands.
    pub(crate) fn key_home(&self, key: u64) -> Option<&KeyHome> {
        self.state.key_homes.get(&key)
    }

    /// Remembers where a `ForeignKey` object stands.
    pub(crate) fn set_key_home(&mut self, key: u64, home: KeyHome) {
        self.change().key_homes.insert(key, home);
    }

    /// Returns the implicit `MetaData` of a base class or of an extension object.
    pub(crate) fn implicit(&self, owner: usize) -> Option<Value> {
        self.state.implicit.get(&owner).cloned()
    }

    /// Says whether a `MetaData` is the implicit one of a base class or of an extension object.
    #[must_use]
    pub fn is_implicit(&self, key: &MetaDataKey) -> bool {
        self.state.implicit.values().any(|value| match (value, key) {
            (Value::Term(term), MetaDataKey::Term(serial)) => term.serial == *serial,
            _ => false,
        })
    }

    /// Remembers the implicit `MetaData` of a base class or of an extension object.
    pub(crate) fn set_implicit(&mut self, owner: usize, metadata: Value) {
        self.change().implicit.insert(owner, metadata);
    }

    /// Remembers that a function under `@compiles` writes objects of a class for these dialects, or for all.
    pub(crate) fn note_compiles(&mut self, class: &Rc<Class>, dialects: Vec<String>, file: FileId) {
        self.change().compiles.push((Rc::clone(class), dialects, file));
    }

    /// Says whether some function writes objects of a class for a dialect.
    pub(crate) fn compiles(&self, class: &Rc<Class>, dialect: Dialect) -> bool {
        self.state.compiles.iter().any(|(c, names, _)| {
            Rc::ptr_eq(c, class) && (names.is_empty() || names.iter().any(|n| n == dialect.name()))
        })
    }

    /// Remembers that a function under `@compiles` writes one of SQLAlchemy's own types for these dialects, or for all.
    pub(crate) fn note_compiles_type(&mut self, name: &'static str, dialects: Vec<String>, file: FileId) {
        self.compiles_types.borrow_mut().push((name, dialects, file));
    }

    /// Returns the files with functions that write a type of SQLAlchemy for a dialect.
    pub(crate) fn files_compiling_type(&self, name: &str, dialect: Dialect) -> Vec<FileId> {
        let mut files = Vec::new();
        for (of, names, file) in self.compiles_types.borrow().iter() {
            let is_meant = names.is_empty() || names.iter().any(|n| n == dialect.name());
            if *of == name && is_meant && !files.contains(file) {
                files.push(*file);
            }
        }
        files
    }

    /// Returns the files with functions that write objects of a class.
    pub(crate) fn compiling_files(&self, class: &Rc<Class>) -> Vec<FileId> {
        self.state
            .compiles
            .iter()
            .filter(|(c, _, _)| Rc::ptr_eq(c, class))
            .map(|(_, _, file)| *file)
            .collect()
    }
}
