//! Statements about anything but tables.

use super::Reader;
use super::cursor::Cursor;
use super::lex::Kind;
use super::table::{behavior, sequence_options};
use crate::change::{Change, LabelPosition, ObjectRef};
use crate::model::{Dialect, EnumType, NamedObject, ObjectKind, ObjectName, Origin, Sequence};
use std::collections::BTreeSet;

impl Reader<'_> {
    pub(super) fn create(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        c.eat("create").then_some(())?;
        let or_replace = c.eat_all(&["or", "replace"]);
        let mut temporary = false;
        let mut unlogged = false;
        while let Some(word) = c.eat_any(&[
            "temp",
            "temporary",
            "global",
            "local",
            "unlogged",
            "definer",
            "algorithm",
            "sql",
            "trusted",
            "recursive",
        ]) {
            temporary |= word.starts_with("temp");
            unlogged |= word == "unlogged";
            // MySQL: `DEFINER = user@host`, `ALGORITHM = MERGE`, `SQL SECURITY DEFINER`.
            if matches!(word.as_str(), "definer" | "algorithm") {
                while !c.done()
                    && !matches!(
                        c.word(),
                        "view" | "trigger" | "procedure" | "function" | "event" | "sql" | "definer"
                    )
                {
                    c.at += 1;
                }
            } else if word == "sql" {
                c.at += 2;
            }
        }
        let text = c.text;
        let word = c.word().to_owned();
        c.at += 1;
        match word.as_str() {
            "table" => self.create_table(c, temporary, unlogged),
            "foreign" if c.eat("table") => self.create_table(c, false, false),
            "unique" => {
                c.eat_any(&["nonclustered", "clustered"]);
                c.eat("index").then_some(())?;
                self.create_index(c, true, None)
            }
            "index" => self.create_index(c, false, None),
            "fulltext" | "spatial" => {
                c.eat("index").then_some(())?;
                self.create_index(c, false, Some(&word))
            }
            "schema" => {
                let if_not_exists = c.if_not_exists();
                c.eat("authorization");
                let name = c.ident()?;
                self.changes.push(Change::CreateSchema { name, if_not_exists });
                Some(())
            }
            "database" => self.nothing(text),
            "type" => self.create_type(c),
            "sequence" => {
                let if_not_exists = c.if_not_exists();
                let name = c.name()?;
                let (options, owner) = sequence_options(c);
                let sequence = Sequence { name, options, owner: owner.flatten(), origin: Origin::default() };
                self.changes.push(Change::CreateSequence { sequence, if_not_exists });
                Some(())
            }
            "view" => {
                let if_not_exists = c.if_not_exists();
                let name = c.name()?;
                self.object(ObjectKind::View, name, None, None, text, or_replace, if_not_exists)
            }
            "materialized" => {
                c.eat("view").then_some(())?;
                let if_not_exists = c.if_not_exists();
                let name = c.name()?;
                self.object(ObjectKind::MaterializedView, name, None, None, text, or_replace, if_not_exists)
            }
            "function" | "procedure" => {
                let if_not_exists = c.if_not_exists();
                let name = c.name()?;
                let kind = if word == "function" { ObjectKind::Function } else { ObjectKind::Procedure };
                // The schema of a session's own objects, which go with it (PostgreSQL, `search_path`).
                if name.schema.as_deref() == Some("pg_temp") {
                    return self.nothing(text);
                }
                let signature = c.is_symbol('(').then(|| signature(c));
                self.object(kind, name, None, signature, text, or_replace, if_not_exists)
            }
            "aggregate" => {
                let name = c.name()?;
                let signature = c.is_symbol('(').then(|| signature(c));
                self.object(ObjectKind::Aggregate, name, None, signature, text, or_replace, false)
            }
            "constraint" | "trigger" => {
                if word == "constraint" {
                    c.eat("trigger").then_some(())?;
                }
                let if_not_exists = c.if_not_exists();
                let name = c.name()?;
                while !c.done() && !c.is("on") {
                    c.at += 1;
                }
                c.eat("on").then_some(())?;
                let table = c.name()?;
                let plain = ObjectName { schema: table.schema.clone(), name: name.name };
                self.object(ObjectKind::Trigger, plain, Some(table), None, text, or_replace, if_not_exists)
            }
            "event" => {
                c.eat("trigger");
                let name = c.name()?;
                self.object(ObjectKind::EventTrigger, name, None, None, text, or_replace, false)
            }
            "policy" | "rule" => {
                let name = c.name()?;
                let kind = if word == "policy" { ObjectKind::Policy } else { ObjectKind::Rule };
                if kind == ObjectKind::Rule {
                    while !c.done() && !c.is("to") {
                        c.at += 1;
                    }
                    c.eat("to");
                } else {
                    c.eat("on").then_some(())?;
                }
                let table = c.name()?;
                let plain = ObjectName { schema: table.schema.clone(), name: name.name };
                self.object(kind, plain, Some(table), None, text, or_replace, false)
            }
            "extension" => {
                let if_not_exists = c.if_not_exists();
                let name = c.ident()?;
                self.object(
                    ObjectKind::Extension,
                    ObjectName::plain(name),
                    None,
                    None,
                    text,
                    false,
                    if_not_exists,
                )
            }
            "domain" => {
                let name = c.name()?;
                self.object(ObjectKind::Domain, name, None, None, text, false, false)
            }
            "virtual" => {
                c.eat("table").then_some(())?;
                let if_not_exists = c.if_not_exists();
                let name = c.name()?;
                self.object(ObjectKind::VirtualTable, name, None, None, text, false, if_not_exists)
            }
            "operator" => {
                c.eat_any(&["class", "family"]);
                let name: String =
                    c.text_until(|c| c.is_symbol('(') || c.is("for") || c.is("using")).to_owned();
                self.object(ObjectKind::Operator, ObjectName::plain(name), None, None, text, false, false)
            }
            "role" | "user" | "tablespace" | "server" => self.nothing(text),
            "collation" => {
                let if_not_exists = c.if_not_exists();
                let name = c.name()?;
                self.object(ObjectKind::Collation, name, None, None, text, false, if_not_exists)
            }
            "cast" | "statistics" | "publication" | "subscription" | "language" | "text" | "conversion"
            | "transform" | "access" => {
                let name: String = text.split_whitespace().take(6).collect::<Vec<_>>().join(" ");
                self.object(ObjectKind::Other, ObjectName::plain(name), None, None, text, or_replace, false)
            }
            _ => None,
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn object(
        &mut self,
        kind: ObjectKind,
        name: ObjectName,
        table: Option<ObjectName>,
        signature: Option<String>,
        text: &str,
        or_replace: bool,
        if_not_exists: bool,
    ) -> Option<()> {
        let object = NamedObject {
            kind,
            name,
            table,
            signature,
            text: text.trim().trim_end_matches(';').trim_end().to_owned(),
            mentions: mentions(text, self.dialect, 0),
            comment: None,
            origin: Origin::default(),
        };
        self.changes.push(Change::CreateObject { object: Box::new(object), or_replace, if_not_exists });
        Some(())
    }

    fn create_type(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        let name = c.name()?;
        let text = c.text;
        if c.eat_all(&["as", "enum"]) {
            let inner = c.in_brackets()?;
            let mut items = Cursor::new(inner, self.dialect);
            let mut labels = Vec::new();
            while let Some(label) = items.string() {
                labels.push(label);
                items.eat_symbol(',');
            }
            items.done().then_some(())?;
            let enum_type = EnumType { name, labels: Some(labels), comment: None, origin: Origin::default() };
            self.changes.push(Change::CreateEnum { enum_type, if_not_exists: false });
            return Some(());
        }
        self.object(ObjectKind::Type, name, None, None, text, false, false)
    }

    pub(super) fn alter(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        c.eat("alter").then_some(())?;
        let text = c.text;
        let word = c.word().to_owned();
        c.at += 1;
        match word.as_str() {
            "table" => self.alter_table(c),
            "foreign" if c.eat("table") => self.alter_table(c),
            "index" => {
                let if_exists = c.if_exists();
                let from = c.name()?;
                if c.eat_all(&["rename", "to"]) {
                    let to = c.ident()?;
                    self.changes.push(Change::RenameIndex { from, table: None, to, if_exists });
                    return Some(());
                }
                // An index of a partitioned table stands for those of its partitions, which PostgreSQL makes with it.
                if c.eat_all(&["attach", "partition"]) {
                    let name = c.name()?;
                    // One that belongs to a constraint is that of the partition.
                    if self.state.index(&name, None).is_none() {
                        return self.nothing(text);
                    }
                    self.changes.push(Change::DropIndex {
                        name,
                        table: None,
                        if_exists: true,
                        cascade: false,
                    });
                    return Some(());
                }
                self.nothing(text)
            }
            "type" => {
                let name = c.name()?;
                if c.eat_all(&["add", "value"]) {
                    let if_not_exists = c.if_not_exists();
                    let label = c.string()?;
                    let position = if c.eat("before") {
                        LabelPosition::Before(c.string()?)
                    } else if c.eat("after") {
                        LabelPosition::After(c.string()?)
                    } else {
                        LabelPosition::Last
                    };
                    self.changes.push(Change::AddLabel { name, label, position, if_not_exists });
                } else if c.eat_all(&["rename", "value"]) {
                    let from = c.string()?;
                    c.eat("to").then_some(())?;
                    let to = c.string()?;
                    self.changes.push(Change::RenameLabel { name, from, to });
                } else if c.eat_all(&["rename", "to"]) {
                    let to = c.ident()?;
                    self.changes.push(Change::RenameType { from: name, to });
                } else if c.eat_all(&["set", "schema"]) {
                    let schema = c.ident()?;
                    let schema = ObjectName::new(Some(&schema), "", self.dialect).schema;
                    self.changes.push(Change::SetTypeSchema { name, schema });
                } else if c.eat("owner") {
                    return self.nothing(text);
                } else {
                    return None;
                }
                Some(())
            }
            "sequence" => {
                let if_exists = c.if_exists();
                let name = c.name()?;
                if c.eat_all(&["rename", "to"]) {
                    let to = c.ident()?;
                    self.changes.push(Change::RenameSequence { from: name, to, if_exists });
                    return Some(());
                }
                if c.is("owner") || c.is("restart") {
                    return self.nothing(text);
                }
                if c.eat_all(&["set", "schema"]) {
                    return None;
                }
                let (options, owner) = sequence_options(c);
                self.changes.push(Change::AlterSequence { name, options, owner, if_exists });
                Some(())
            }
            "view" | "materialized" | "function" | "procedure" | "trigger" | "policy" | "domain"
            | "collation" | "aggregate" | "rule" => {
                let kind = match word.as_str() {
                    "view" => ObjectKind::View,
                    "materialized" => {
                        c.eat("view");
                        ObjectKind::MaterializedView
                    }
                    "function" => ObjectKind::Function,
                    "procedure" => ObjectKind::Procedure,
                    "trigger" => ObjectKind::Trigger,
                    "policy" => ObjectKind::Policy,
                    "domain" => ObjectKind::Domain,
                    "collation" => ObjectKind::Collation,
                    "aggregate" => ObjectKind::Aggregate,
                    _ => ObjectKind::Rule,
                };
                c.if_exists();
                let from = c.name()?;
                if c.is_symbol('(') {
                    c.skip_brackets();
                }
                let table = if c.eat("on") { Some(c.name()?) } else { None };
                if c.eat_all(&["rename", "to"]) {
                    let to = c.ident()?;
                    self.changes.push(Change::RenameObject { kind, from, table, to });
                    return Some(());
                }
                if c.is("owner") {
                    return self.nothing(text);
                }
                None
            }
            "database" | "role" | "user" | "system" | "server" | "tablespace" | "large" | "extension"
            | "schema" | "default" | "language" | "publication" | "subscription" | "event" => {
                if word == "schema" && text.to_lowercase().contains(" rename ") {
                    return None;
                }
                self.nothing(text)
            }
            _ => None,
        }
    }

    pub(super) fn drop(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        c.eat("drop").then_some(())?;
        c.eat_any(&["temporary", "foreign"]);
        let word = c.word().to_owned();
        let text = c.text;
        c.at += 1;
        let mut kind = match word.as_str() {
            "table" | "index" | "type" | "sequence" | "schema" => None,
            "view" => Some(ObjectKind::View),
            "materialized" => {
                c.eat("view").then_some(())?;
                Some(ObjectKind::MaterializedView)
            }
            "function" => Some(ObjectKind::Function),
            "procedure" => Some(ObjectKind::Procedure),
            "routine" => Some(ObjectKind::Function),
            "aggregate" => Some(ObjectKind::Aggregate),
            "trigger" => Some(ObjectKind::Trigger),
            "event" => {
                c.eat("trigger");
                Some(ObjectKind::EventTrigger)
            }
            "policy" => Some(ObjectKind::Policy),
            "rule" => Some(ObjectKind::Rule),
            "extension" => Some(ObjectKind::Extension),
            "domain" => Some(ObjectKind::Domain),
            "collation" => Some(ObjectKind::Collation),
            "database" | "role" | "user" | "owned" | "tablespace" | "server" => return self.nothing(text),
            _ => return None,
        };
        if word == "index" {
            c.eat("concurrently");
        }
        let if_exists = c.if_exists();
        let mut names = Vec::new();
        loop {
            let name = c.name()?;
            let signature = c.is_symbol('(').then(|| signature(c));
            names.push((name, signature));
            if !c.eat_symbol(',') {
                break;
            }
        }
        let table = if c.eat("on") { Some(c.name()?) } else { None };
        // MySQL: `DROP INDEX i ON t ALGORITHM = …`.
        let cascade = behavior(c);
        if !c.done() && !self.dialect.is_mysql() {
            return None;
        }
        for (name, signature) in names {
            let change = match word.as_str() {
                "table" => Change::DropTable { name, if_exists, cascade },
                "index" => {
                    let name = match &table {
                        Some(table) => table.sibling(name.name),
                        None => name,
                    };
                    Change::DropIndex { name, table: table.clone(), if_exists, cascade }
                }
                "type" => Change::DropType { name, if_exists, cascade },
                "sequence" => Change::DropSequence { name, if_exists, cascade },
                "schema" => Change::DropSchema { name: name.name, if_exists, cascade },
                _ => {
                    let mut name = name;
                    if let Some(table) = &table {
                        name = table.sibling(name.name);
                    }
                    if kind == Some(ObjectKind::View)
                        && self.state.objects.contains_key(&(
                            ObjectKind::MaterializedView,
                            None,
                            name.clone(),
                            None,
                        ))
                    {
                        kind = Some(ObjectKind::MaterializedView);
                    }
                    Change::DropObject {
                        kind: kind?,
                        name,
                        table: table.clone(),
                        signature,
                        if_exists,
                        cascade,
                    }
                }
            };
            self.changes.push(change);
        }
        Some(())
    }

    pub(super) fn comment(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        c.eat_all(&["comment", "on"]).then_some(())?;
        let word = c.word().to_owned();
        c.at += 1;
        let on = match word.as_str() {
            "table" => ObjectRef::Table(c.name()?),
            "column" => {
                let mut parts = vec![c.ident()?];
                while c.eat_symbol('.') {
                    parts.push(c.ident()?);
                }
                let column = parts.pop()?;
                let table = parts.pop()?;
                ObjectRef::Column(ObjectName::new(parts.pop().as_deref(), table, self.dialect), column)
            }
            "constraint" => {
                let name = c.ident()?;
                c.eat("on").then_some(())?;
                ObjectRef::Constraint(c.name()?, name)
            }
            "index" => ObjectRef::Index(c.name()?, None),
            "type" => ObjectRef::Enum(c.name()?),
            "schema" => ObjectRef::Schema(c.ident()?),
            "sequence" => ObjectRef::Sequence(c.name()?),
            "view" => ObjectRef::Object(ObjectKind::View, None, c.name()?),
            "materialized" => {
                c.eat("view").then_some(())?;
                ObjectRef::Object(ObjectKind::MaterializedView, None, c.name()?)
            }
            "function" => {
                let name = c.name()?;
                if c.is_symbol('(') {
                    c.skip_brackets();
                }
                ObjectRef::Object(ObjectKind::Function, None, name)
            }
            "trigger" => {
                let name = c.ident()?;
                c.eat("on").then_some(())?;
                let table = c.name()?;
                ObjectRef::Object(ObjectKind::Trigger, Some(table.clone()), table.sibling(name))
            }
            _ => return self.nothing(c.text),
        };
        c.eat("is").then_some(())?;
        let text = if c.eat("null") { None } else { Some(c.string()?) };
        // The comment that every extension and the default schema carry.
        if matches!(&on, ObjectRef::Schema(_)) {
            return self.nothing(c.text);
        }
        self.changes.push(Change::Comment { on, text });
        Some(())
    }

    /// Grants are kept as their text.
    pub(super) fn grant(&mut self, text: &str) -> Option<()> {
        let squeezed: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.object(ObjectKind::Grant, ObjectName::plain(squeezed), None, None, text, true, true)
    }

    pub(super) fn rename_tables(&mut self, c: &mut Cursor<'_>) -> Option<()> {
        c.eat_all(&["rename", "table"]).then_some(())?;
        loop {
            let from = c.name()?;
            c.eat("to").then_some(())?;
            let to = c.name()?;
            self.changes.push(Change::RenameTable { from, to, if_exists: false });
            if !c.eat_symbol(',') {
                return Some(());
            }
        }
    }
}

/// The types of a function's arguments, without names and defaults.
fn signature(c: &mut Cursor<'_>) -> String {
    let inner = c.in_brackets().unwrap_or_default();
    let mut items = Cursor::new(inner, Dialect::PostgreSql);
    let mut out = Vec::new();
    while !items.done() {
        let text = items.text_until(|c| c.is_symbol(',') || c.is("default") || c.is_symbol('=')).to_owned();
        items.text_until(|c| c.is_symbol(','));
        let mut words: Vec<&str> = text.split_whitespace().collect();
        let mode = words.first().map(|w| w.to_lowercase()).unwrap_or_default();
        if matches!(mode.as_str(), "in" | "out" | "inout" | "variadic") {
            words.remove(0);
        }
        // With more than one word the first is the argument's name, unless the type has several words.
        let several = ["double", "character", "timestamp", "time", "bit", "interval"];
        if words.len() > 1 && !several.contains(&words[0].to_lowercase().as_str()) {
            words.remove(0);
        }
        if mode != "out" && !words.is_empty() {
            out.push(words.join(" ").to_lowercase());
        }
        if !items.eat_symbol(',') {
            break;
        }
    }
    out.join(", ")
}

/// Every name in a text, those in function bodies too.
fn mentions(text: &str, dialect: Dialect, depth: usize) -> BTreeSet<ObjectName> {
    let mut out = BTreeSet::new();
    let mut cursor = Cursor::new(text, dialect);
    while !cursor.done() && out.len() < 2_000 {
        if let Some(Kind::Text(inner)) = cursor.peek().map(|t| t.kind.clone()) {
            if depth < 2 && inner.contains(char::is_whitespace) {
                out.extend(mentions(&inner, dialect, depth + 1));
            }
            cursor.at += 1;
        } else if let Some(name) = cursor.name() {
            out.insert(name);
        } else {
            cursor.at += 1;
        }
    }
    out
}
