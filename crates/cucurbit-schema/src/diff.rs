//! What differs between two databases, object by object.

use crate::change::ObjectRef;
use crate::expression::normalized;
use crate::model::{
    Column, Constraint, ConstraintBody, Database, Default, Dialect, Index, IndexKey, KeyPart, NamedObject,
    ObjectKind, Order, Sequence, Table, TypeKind, UNTOLD,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One object that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The object, by its name on the side that has it.
    pub object: ObjectRef,
    /// What differs.
    pub kind: DifferenceKind,
}

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DifferenceKind {
    /// Only the left side has it.
    OnlyLeft,
    /// Only the right side has it.
    OnlyRight,
    /// Both have it; an attribute is not the same.
    Changed {
        /// The attribute: `type`, `nullable`, `default`, `labels`, ….
        attribute: &'static str,
        /// Its value on the left, for people.
        left: String,
        /// Its value on the right, for people.
        right: String,
    },
}

/// Compares two databases of one dialect.
///
/// Tables come in the order of their names; in a table the table itself, columns, constraints, indexes; then
/// types, sequences and the rest. The order of columns does not count, nor does where things come from. Names
/// that a database does not hold (SQLite) are passed over and the objects are compared by what they are. An
/// attribute that cannot be told on one side is taken for equal.
#[must_use]
pub fn diff(left: &Database, right: &Database) -> Vec<Difference> {
    let mut diff = Diff { dialect: left.dialect, left, right, out: Vec::new() };
    diff.schemas();
    for name in left.tables.differing(&right.tables) {
        let object = ObjectRef::Table(name.clone());
        match (left.tables.get(name), right.tables.get(name)) {
            (Some(a), Some(b)) if Arc::ptr_eq(a, b) => {}
            // What a table holds that something unknown touched cannot be told.
            (Some(a), Some(b)) if a.tainted || b.tainted => {}
            (Some(a), Some(b)) => diff.table(a, b),
            (Some(_), None) => diff.push(object, DifferenceKind::OnlyLeft),
            (None, _) => diff.push(object, DifferenceKind::OnlyRight),
        }
    }
    diff.enums();
    diff.sequences();
    diff.objects();
    diff.out
}

/// A text with the ends of its lines as most systems write them: they often change where a dump goes from one system, or
/// one program, to another.
fn with_plain_ends(text: &str) -> std::borrow::Cow<'_, str> {
    match text.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "\n").into(),
        false => text.into(),
    }
}

struct Diff<'d> {
    dialect: Dialect,
    left: &'d Database,
    right: &'d Database,
    out: Vec<Difference>,
}

impl Diff<'_> {
    fn push(&mut self, object: ObjectRef, kind: DifferenceKind) {
        self.out.push(Difference { object, kind });
    }

    fn changed(&mut self, object: &ObjectRef, attribute: &'static str, left: String, right: String) {
        if left != right && with_plain_ends(&left) != with_plain_ends(&right) {
            self.push(object.clone(), DifferenceKind::Changed { attribute, left, right });
        }
    }

    fn schemas(&mut self) {
        for name in self.left.schemas.keys().filter(|n| !self.right.schemas.contains_key(*n)) {
            self.out
                .push(Difference { object: ObjectRef::Schema(name.clone()), kind: DifferenceKind::OnlyLeft });
        }
        for name in self.right.schemas.keys().filter(|n| !self.left.schemas.contains_key(*n)) {
            self.out.push(Difference {
                object: ObjectRef::Schema(name.clone()),
                kind: DifferenceKind::OnlyRight,
            });
        }
    }

    fn table(&mut self, left: &Table, right: &Table) {
        let object = ObjectRef::Table(left.name.clone());
        self.changed(&object, "comment", shown(left.comment.as_deref()), shown(right.comment.as_deref()));
        let keys: BTreeSet<&String> = left.options.keys().chain(right.options.keys()).collect();
        for key in keys.into_iter().filter(|k| k.as_str() != "engine") {
            if left.options.get(key) != right.options.get(key) {
                let of = |t: &Table| format!("{key}={}", shown(t.options.get(key).map(String::as_str)));
                let (a, b) = (of(left), of(right));
                self.changed(&object, "options", a, b);
            }
        }
        for column in &left.columns {
            let object = ObjectRef::Column(left.name.clone(), column.name.clone());
            match right.columns.iter().find(|c| c.name == column.name) {
                Some(other) => self.column(&object, column, other),
                None => self.push(object, DifferenceKind::OnlyLeft),
            }
        }
        for column in right.columns.iter().filter(|c| left.column(&c.name).is_none()) {
            self.push(ObjectRef::Column(left.name.clone(), column.name.clone()), DifferenceKind::OnlyRight);
        }
        self.constraints(left, right);
        self.indexes(left, right);
    }

    fn column(&mut self, object: &ObjectRef, left: &Column, right: &Column) {
        let (a, b) = (&left.data_type.kind, &right.data_type.kind);
        if !same_type(a, b) {
            self.changed(object, "type", type_text(a), type_text(b));
        }
        if left.nullable != right.nullable {
            self.changed(object, "nullable", left.nullable.to_string(), right.nullable.to_string());
        }
        let unknown = |d: &Option<Default>| matches!(d, Some(Default::Unknown(_)));
        if !unknown(&left.default) && !unknown(&right.default) {
            let (a, b) = (self.default(left), self.default(right));
            self.changed(object, "default", a, b);
        }
        if left.identity.is_some() != right.identity.is_some()
            || left.identity.as_ref().map(|i| i.always) != right.identity.as_ref().map(|i| i.always)
        {
            let of = |c: &Column| match &c.identity {
                None => "none".to_owned(),
                Some(identity) if identity.always => "always".to_owned(),
                Some(_) => "by default".to_owned(),
            };
            self.changed(object, "identity", of(left), of(right));
        } else if let (Some(left), Some(right)) = (&left.identity, &right.identity) {
            let of = |sequence: &Option<crate::ObjectName>| match sequence {
                Some(name) => name.to_string(),
                None => "called after the column".to_owned(),
            };
            self.changed(object, "sequence", of(&left.sequence), of(&right.sequence));
        }
        let computed = |c: &Column| c.computed.as_ref().map(|c| normalized(&c.expression, self.dialect));
        let (a, b) = (computed(left), computed(right));
        self.changed(object, "computed", shown(a.as_deref()), shown(b.as_deref()));
        if left.autoincrement != right.autoincrement {
            self.changed(
                object,
                "autoincrement",
                left.autoincrement.to_string(),
                right.autoincrement.to_string(),
            );
        }
        self.changed(
            object,
            "on update",
            shown(left.on_update.as_deref()),
            shown(right.on_update.as_deref()),
        );
        self.changed(
            object,
            "collation",
            shown(left.collation.as_deref()),
            shown(right.collation.as_deref()),
        );
        self.changed(object, "comment", shown(left.comment.as_deref()), shown(right.comment.as_deref()));
    }

    fn default(&self, column: &Column) -> String {
        match &column.default {
            None => "none".to_owned(),
            Some(Default::Expression(text)) => {
                let text = normalized(text, self.dialect);
                // `DEFAULT NULL` is no default.
                if text == "null" { "none".to_owned() } else { plain_literal(column, text) }
            }
            Some(Default::NextValue(name)) => format!("nextval({name})"),
            Some(Default::Unknown(why)) => why.clone(),
        }
    }

    fn constraints(&mut self, left: &Table, right: &Table) {
        let mut taken: Vec<bool> = vec![false; right.constraints.len()];
        let mut lonely: Vec<&Constraint> = Vec::new();
        for constraint in &left.constraints {
            let at = match &constraint.name {
                Some(name) => right.constraints.iter().position(|c| c.name.as_ref() == Some(name)),
                None => None,
            };
            match at {
                Some(at) => {
                    taken[at] = true;
                    self.constraint(left, constraint, &right.constraints[at]);
                }
                None => lonely.push(constraint),
            }
        }
        for constraint in lonely {
            // Where a side holds no name, what it demands is compared.
            let body = self.body(constraint);
            let at = right.constraints.iter().enumerate().position(|(at, c)| {
                !taken[at] && (c.name.is_none() || constraint.name.is_none()) && self.body(c) == body
            });
            match at {
                Some(at) => taken[at] = true,
                None => {
                    let object = ObjectRef::Constraint(left.name.clone(), name_or_body(constraint));
                    self.push(object, DifferenceKind::OnlyLeft);
                }
            }
        }
        for (at, constraint) in right.constraints.iter().enumerate() {
            if !taken[at] {
                let object = ObjectRef::Constraint(left.name.clone(), name_or_body(constraint));
                self.push(object, DifferenceKind::OnlyRight);
            }
        }
    }

    fn constraint(&mut self, table: &Table, left: &Constraint, right: &Constraint) {
        let object = ObjectRef::Constraint(table.name.clone(), name_or_body(left));
        let (a, b) = (self.body(left), self.body(right));
        // What cannot be told is not said to differ.
        if !a.contains(UNTOLD) && !b.contains(UNTOLD) {
            self.changed(&object, "definition", a, b);
        }
        if left.mode != right.mode {
            self.changed(&object, "deferrable", format!("{:?}", left.mode), format!("{:?}", right.mode));
        }
        if left.not_valid != right.not_valid {
            self.changed(&object, "not valid", left.not_valid.to_string(), right.not_valid.to_string());
        }
        self.changed(&object, "comment", shown(left.comment.as_deref()), shown(right.comment.as_deref()));
    }

    fn body(&self, constraint: &Constraint) -> String {
        body_text(&constraint.body, self.dialect)
    }

    fn indexes(&mut self, left: &Table, right: &Table) {
        for index in &left.indexes {
            let name = index.name.clone().unwrap_or_default();
            let object = ObjectRef::Index(left.name.sibling(name), Some(left.name.clone()));
            match right.indexes.iter().find(|i| i.name == index.name) {
                Some(other) => {
                    let (a, b) = (index_text(index, self.dialect), index_text(other, self.dialect));
                    self.changed(&object, "definition", a, b);
                    self.changed(
                        &object,
                        "comment",
                        shown(index.comment.as_deref()),
                        shown(other.comment.as_deref()),
                    );
                }
                None => self.push(object, DifferenceKind::OnlyLeft),
            }
        }
        for index in right.indexes.iter().filter(|i| !left.indexes.iter().any(|l| l.name == i.name)) {
            let name = index.name.clone().unwrap_or_default();
            let object = ObjectRef::Index(left.name.sibling(name), Some(left.name.clone()));
            self.push(object, DifferenceKind::OnlyRight);
        }
    }

    fn enums(&mut self) {
        let (left, right) = (self.left, self.right);
        let differing = left.enums.differing(&right.enums);
        for name in &differing {
            let Some(found) = left.enums.get(name) else { continue };
            let object = ObjectRef::Enum((*name).clone());
            match right.enums.get(name) {
                Some(other) => {
                    if let (Some(a), Some(b)) = (&found.labels, &other.labels) {
                        self.changed(&object, "labels", a.join(", "), b.join(", "));
                    }
                }
                None => self.push(object, DifferenceKind::OnlyLeft),
            }
        }
        for name in differing.into_iter().filter(|n| !left.enums.contains_key(n)) {
            self.push(ObjectRef::Enum(name.clone()), DifferenceKind::OnlyRight);
        }
    }

    fn sequences(&mut self) {
        let (left, right) = (self.left, self.right);
        let differing = left.sequences.differing(&right.sequences);
        for name in &differing {
            let Some(found) = left.sequences.get(name) else { continue };
            let object = ObjectRef::Sequence((*name).clone());
            match right.sequences.get(name) {
                Some(other) => {
                    self.changed(&object, "options", sequence_text(found), sequence_text(other));
                    let owner = |s: &Sequence| s.owner.as_ref().map(|(t, c)| format!("{t}.{c}"));
                    let (a, b) = (owner(found), owner(other));
                    self.changed(&object, "owner", shown(a.as_deref()), shown(b.as_deref()));
                }
                None => self.push(object, DifferenceKind::OnlyLeft),
            }
        }
        for name in differing.into_iter().filter(|n| !left.sequences.contains_key(n)) {
            self.push(ObjectRef::Sequence(name.clone()), DifferenceKind::OnlyRight);
        }
    }

    fn objects(&mut self) {
        let (left, right) = (self.left, self.right);
        let reference =
            |key: &crate::model::ObjectKey| ObjectRef::Object(key.0, key.1.clone(), key.2.clone());
        let differing = left.objects.differing(&right.objects);
        for key in &differing {
            let Some(found) = left.objects.get(key) else { continue };
            match right.objects.get(key) {
                Some(other) => {
                    let text = |object: &NamedObject| object_text(key.0, &object.text, self.dialect);
                    let (a, b) = (text(found), text(other));
                    self.changed(&reference(key), "text", a, b);
                }
                None => self.push(reference(key), DifferenceKind::OnlyLeft),
            }
        }
        for key in differing.into_iter().filter(|k| !left.objects.contains_key(k)) {
            self.push(reference(key), DifferenceKind::OnlyRight);
        }
    }
}

/// The statement that makes an object, in one way of writing: a dump qualifies names, orders the parts of a
/// function in its own way, and says `FUNCTION` where `PROCEDURE` was written.
pub(crate) fn object_text(kind: ObjectKind, text: &str, dialect: Dialect) -> String {
    // An extension is there or not: a dump writes `IF NOT EXISTS` and `WITH SCHEMA`, whatever was written.
    if kind == ObjectKind::Extension {
        return String::new();
    }
    let tokens = crate::sql::words(text, dialect);
    let mut out: Vec<String> = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if token == "or" && tokens.peek().is_some_and(|t| t == "replace") {
            tokens.next();
            continue;
        }
        if Some(token.as_str()) == dialect.default_schema() && tokens.peek().is_some_and(|t| t == ".") {
            tokens.next();
            continue;
        }
        out.push(if token == "procedure" { "function".to_owned() } else { token });
    }
    match kind {
        ObjectKind::Function | ObjectKind::Procedure => {
            settings_as_printed(&mut out);
            out.sort();
        }
        // SQLite keeps the statement without these words.
        ObjectKind::VirtualTable if out.get(3..6).is_some_and(|words| words == ["if", "not", "exists"]) => {
            out.drain(3..6);
        }
        ObjectKind::Collation => {
            out.retain(|token| !matches!(token.as_str(), "if" | "not" | "exists"));
            out.iter_mut().for_each(|token| *token = token.trim_matches('\'').to_owned());
            out.sort();
        }
        ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::Trigger
        | ObjectKind::Policy
        | ObjectKind::Rule => {
            // These are printed anew from their trees; only a change of their words can be told.
            out.retain(|t| !matches!(t.as_str(), "(" | ")" | "as" | ";"));
            if kind == ObjectKind::Trigger {
                // Arguments of a trigger's function are strings however they are written.
                out.iter_mut().for_each(|t| *t = t.trim_matches('\'').to_owned());
            }
        }
        _ => {}
    }
    out.join(" ")
}

/// `SET search_path = public`, written as PostgreSQL prints it: `SET search_path TO 'public'`.
fn settings_as_printed(tokens: &mut [String]) {
    let mut at = 0;
    while at + 3 < tokens.len() {
        if tokens[at] == "set" && matches!(tokens[at + 2].as_str(), "=" | "to") {
            tokens[at + 2] = "to".to_owned();
            let mut value = at + 3;
            loop {
                let bare = tokens[value].trim_matches(['\'', '"']).to_owned();
                tokens[value] = format!("'{bare}'");
                if tokens.get(value + 1).is_none_or(|token| token != ",") || value + 2 >= tokens.len() {
                    break;
                }
                value += 2;
            }
            at = value;
        }
        at += 1;
    }
}

fn shown(text: Option<&str>) -> String {
    text.map_or_else(|| "none".to_owned(), str::to_owned)
}

impl Constraint {
    /// Says whether [`diff`] calls it so: by its name, or by what it demands where it has none.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        name_or_body(self) == name
    }
}

fn name_or_body(constraint: &Constraint) -> String {
    match &constraint.name {
        Some(name) => name.clone(),
        None => format!("({})", body_text(&constraint.body, Dialect::Sqlite)),
    }
}

/// A literal in the one way in which the database holds it in a column of that type: `0`, `'0'` and `false` are
/// one default of a boolean, `'5'` and `5` one of a number, `'0.0'` and `'0'` one of a float, `'2024-11-20T00:00:00Z'` and `'2024-11-20 00:00:00+00'`
/// one of a timestamp, and `jsonb` keeps keys in an order of its own.
fn plain_literal(column: &Column, text: String) -> String {
    let TypeKind::Named { name, .. } = &column.data_type.kind else { return text };
    let quoted = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\''));
    let plain = match (name.as_str(), quoted) {
        // A float is read and printed in the shortest way: `'0.0'` is held as `'0'` (PostgreSQL, `float8out`).
        ("double precision", Some(inner)) => inner.parse::<f64>().ok().map(|number| number.to_string()),
        ("real", Some(inner)) => inner.parse::<f32>().ok().map(|number| number.to_string()),
        ("integer" | "bigint" | "smallint" | "numeric", Some(inner)) => {
            inner.parse::<f64>().is_ok().then(|| inner.to_owned())
        }
        ("boolean", _) => boolean(text.trim_matches('\'')).map(|value| value.to_string()),
        ("jsonb", Some(inner)) => serde_json::from_str::<serde_json::Value>(&inner.replace("''", "'"))
            .ok()
            .map(|value| format!("'{}'", jsonb(&value).replace('\'', "''"))),
        (name, Some(inner)) if name.starts_with("timestamp") => timestamp(inner).map(|t| format!("'{t}'")),
        _ => None,
    };
    plain.unwrap_or(text)
}

/// Reads a boolean: any beginning of `true`, `false`, `yes`, `no` that is not another's, in any case
/// (PostgreSQL's `parse_bool_with_len`).
fn boolean(text: &str) -> Option<bool> {
    let text = text.trim().to_lowercase();
    let begins = |word: &str| !text.is_empty() && word.starts_with(&text);
    match text.as_str() {
        "1" | "on" => Some(true),
        "0" | "of" | "off" => Some(false),
        _ if begins("true") || begins("yes") => Some(true),
        _ if begins("false") || begins("no") => Some(false),
        _ => None,
    }
}

/// A value as `jsonb` prints it: keys by length, then by bytes, each once (PostgreSQL, "JSON Types").
fn jsonb(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Array(items) => {
            format!("[{}]", items.iter().map(jsonb).collect::<Vec<_>>().join(", "))
        }
        serde_json::Value::Object(items) => {
            let mut keys: Vec<&String> = items.keys().collect();
            keys.sort_by_key(|key| (key.len(), key.as_str()));
            let shown =
                |key: &String| format!("{}: {}", serde_json::Value::from(key.as_str()), jsonb(&items[key]));
            format!("{{{}}}", keys.into_iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        plain => plain.to_string(),
    }
}

/// A moment without the freedoms of ISO 8601: a blank between date and time, no zeros at the end of a fraction, the
/// offset as short as it goes. `None` for anything else (`now`, `infinity`).
fn timestamp(text: &str) -> Option<String> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    let is_date = date.bytes().enumerate().all(|(at, b)| match at {
        4 | 7 => b == b'-',
        _ => b.is_ascii_digit(),
    });
    let rest = match rest.as_bytes() {
        [] => "00:00:00",
        [b' ' | b'T' | b't', ..] => &rest[1..],
        _ => return None,
    };
    let split = rest.find(['+', '-', 'Z', 'z']).unwrap_or(rest.len());
    let (time, offset) = rest.split_at(split);
    let mut time = time.trim().to_owned();
    if time.len() == 5 {
        time.push_str(":00");
    }
    if time.contains('.') {
        time.truncate(time.trim_end_matches('0').trim_end_matches('.').len());
    }
    let offset = match offset {
        "Z" | "z" => "+00",
        other => {
            other.strip_suffix(":00").or(other.strip_suffix("00").filter(|o| o.len() == 3)).unwrap_or(other)
        }
    };
    let is_time = time.len() >= 8 && time.bytes().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.'));
    (is_date && is_time).then(|| format!("{date} {time}{offset}"))
}

fn same_type(left: &TypeKind, right: &TypeKind) -> bool {
    match (left, right) {
        (TypeKind::Unknown(_), _) | (_, TypeKind::Unknown(_)) => true,
        // The labels of a named type are its own.
        (TypeKind::Enum { name: Some(a), .. }, TypeKind::Enum { name: Some(b), .. }) => a == b,
        (TypeKind::Enum { name: Some(a), .. }, TypeKind::Named { name: b, .. })
        | (TypeKind::Named { name: b, .. }, TypeKind::Enum { name: Some(a), .. }) => {
            a.to_string() == *b || a.name == *b
        }
        (TypeKind::Array { element: a, .. }, TypeKind::Array { element: b, .. }) => same_type(a, b),
        _ => left == right,
    }
}

/// A type for people.
#[must_use]
pub fn type_text(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Named { name, args, attributes } => {
            let args = if args.is_empty() { String::new() } else { format!("({})", args.join(", ")) };
            let attributes: String = attributes.iter().map(|a| format!(" {a}")).collect();
            format!("{name}{args}{attributes}")
        }
        TypeKind::Enum { name: Some(name), .. } => name.to_string(),
        TypeKind::Enum { name: None, labels } => format!("enum({})", labels.join(", ")),
        TypeKind::Array { element, .. } => format!("{}[]", type_text(element)),
        TypeKind::Unknown(why) => format!("cannot be told: {why}"),
    }
}

/// What a constraint demands, in one way of writing.
#[must_use]
pub fn body_text(body: &ConstraintBody, dialect: Dialect) -> String {
    match body {
        ConstraintBody::PrimaryKey { columns, include } => {
            format!("PRIMARY KEY ({}){}", columns.join(", "), included(include))
        }
        ConstraintBody::Unique { columns, include, nulls_not_distinct } => {
            let nulls = if *nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
            format!("UNIQUE{nulls} ({}){}", columns.join(", "), included(include))
        }
        ConstraintBody::ForeignKey {
            columns,
            table,
            references,
            on_delete,
            on_update,
            match_kind,
            set_columns,
        } => {
            let mut text = format!(
                "FOREIGN KEY ({}) REFERENCES {table} ({})",
                columns.join(", "),
                references.join(", ")
            );
            for (word, action) in [("DELETE", on_delete), ("UPDATE", on_update)] {
                if let Some(clause) = action.clause() {
                    text.push_str(&format!(" ON {word} {clause}"));
                }
            }
            if let Some(kind) = match_kind {
                text.push_str(&format!(" MATCH {kind}"));
            }
            if !set_columns.is_empty() {
                text.push_str(&format!(" ({})", set_columns.join(", ")));
            }
            text
        }
        ConstraintBody::Check { expression, no_inherit } => {
            let inherit = if *no_inherit { " NO INHERIT" } else { "" };
            format!("CHECK {}{inherit}", normalized(expression, dialect))
        }
        ConstraintBody::Exclude { using, elements, predicate } => format!(
            "EXCLUDE {} ({}) {}",
            using.as_deref().unwrap_or("gist"),
            elements
                .iter()
                .map(|e| e.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect::<Vec<_>>()
                .join(", "),
            predicate.as_ref().map(|p| normalized(p, dialect)).unwrap_or_default()
        ),
    }
}

fn included(include: &[String]) -> String {
    if include.is_empty() { String::new() } else { format!(" INCLUDE ({})", include.join(", ")) }
}

/// What an index is, in one way of writing.
#[must_use]
pub fn index_text(index: &Index, dialect: Dialect) -> String {
    let key = |key: &IndexKey| {
        let part = match &key.part {
            KeyPart::Column(name) => name.clone(),
            KeyPart::Expression(text) => normalized(text, dialect),
        };
        let mut out = part;
        if let Some(collation) = &key.collation {
            out.push_str(&format!(" collate {collation}"));
        }
        if let Some(class) = &key.operator_class {
            out.push_str(&format!(" {class}"));
        }
        let descending = key.order == Some(Order::Descending);
        if descending {
            out.push_str(" desc");
        }
        // Nulls come last when ascending, first when descending.
        match key.nulls {
            Some(crate::model::NullsOrder::First) if !descending => out.push_str(" nulls first"),
            Some(crate::model::NullsOrder::Last) if descending => out.push_str(" nulls last"),
            _ => {}
        }
        if let Some(length) = key.length {
            out.push_str(&format!("({length})"));
        }
        out
    };
    let keys: Vec<String> = index.keys.iter().map(key).collect();
    let method = index.method.as_deref().filter(|m| !m.eq_ignore_ascii_case("btree")).unwrap_or("");
    let predicate =
        index.predicate.as_ref().map(|p| format!(" where {}", normalized(p, dialect))).unwrap_or_default();
    let nulls = if index.nulls_not_distinct { " nulls not distinct" } else { "" };
    let options: Vec<String> = index.options.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let options = if options.is_empty() { String::new() } else { format!(" with {}", options.join(", ")) };
    format!(
        "{}{}({}){}{nulls}{options}{predicate}",
        if index.unique { "unique " } else { "" },
        method.to_lowercase(),
        keys.join(", "),
        included(&index.include),
    )
}

fn sequence_text(sequence: &Sequence) -> String {
    let options = &sequence.options;
    let data_type = options.data_type.as_deref().unwrap_or("bigint");
    // What is the default of the type is as good as not said.
    let highest = match data_type {
        "smallint" => i64::from(i16::MAX),
        "integer" => i64::from(i32::MAX),
        _ => i64::MAX,
    };
    format!(
        "{data_type} start {} increment {} min {} max {} cache {}{}",
        options.start.unwrap_or(1),
        options.increment.unwrap_or(1),
        options.minimum.unwrap_or(1),
        options.maximum.unwrap_or(highest),
        options.cache.unwrap_or(1),
        if options.cycle { " cycle" } else { "" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Change, DataType, Origin};

    fn database(column: Column) -> Database {
        let mut db = Database::new(Dialect::PostgreSql);
        let mut table = Table::new(crate::ObjectName::plain("t"));
        table.columns.push(column);
        let change = Change::CreateTable { table: Box::new(table), if_not_exists: false, temporary: false };
        db.apply(&change, Origin(1));
        db
    }

    #[test]
    fn equal_but_for_the_writing() {
        let mut a = Column::new("x", DataType::named("boolean", &[]));
        a.default = Some(Default::Expression("'0'".to_owned()));
        let mut b = a.clone();
        b.default = Some(Default::Expression("(false)::boolean".to_owned()));
        for written in ["'0'", "'FALSE'", "'F'", "' no '", "'off'"] {
            a.default = Some(Default::Expression(written.to_owned()));
            assert_eq!(diff(&database(a.clone()), &database(b.clone())), Vec::new(), "{written}");
        }
        for written in ["'TRUE'", "'o'", "''"] {
            a.default = Some(Default::Expression(written.to_owned()));
            assert_eq!(diff(&database(a.clone()), &database(b.clone())).len(), 1, "{written}");
        }
    }

    #[test]
    fn a_float_has_no_zeros_at_its_end() {
        for (kind, written, held, same) in [
            ("double precision", "'0.0'", "'0'::double precision", true),
            ("real", "'1.50'", "'1.5'::real", true),
            ("numeric", "'1.50'", "'1.5'::numeric", false),
            ("double precision", "'0.1'", "'0'::double precision", false),
        ] {
            let mut a = Column::new("x", DataType::named(kind, &[]));
            let mut b = a.clone();
            a.default = Some(Default::Expression(written.to_owned()));
            b.default = Some(Default::Expression(held.to_owned()));
            assert_eq!(diff(&database(a), &database(b)).is_empty(), same, "{kind} {written}");
        }
    }

    #[test]
    fn an_extension_is_there_or_not() {
        let made = |text: &str| {
            let mut db = Database::new(Dialect::PostgreSql);
            for change in crate::sql::read_one(text, Dialect::PostgreSql, &db.clone()).changes {
                db.apply(&change, Origin(1));
            }
            db
        };
        let (a, b) = ("CREATE EXTENSION x", "CREATE EXTENSION IF NOT EXISTS x WITH SCHEMA public");
        assert_eq!(diff(&made(a), &made(b)), Vec::new());
        assert_eq!(diff(&made(a), &made("SELECT 1")).len(), 1);
    }

    #[test]
    fn each_attribute_is_told() {
        let a = Column::new("x", DataType::named("integer", &[]));
        let mut b = Column::new("x", DataType::named("text", &[]));
        b.nullable = false;
        let found = diff(&database(a.clone()), &database(b));
        let attributes: Vec<&str> = found
            .iter()
            .map(|d| match &d.kind {
                DifferenceKind::Changed { attribute, .. } => *attribute,
                _ => "",
            })
            .collect();
        assert_eq!(attributes, ["type", "nullable"]);
        let found = diff(&database(a), &Database::new(Dialect::PostgreSql));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].kind, DifferenceKind::OnlyLeft);
    }
}
