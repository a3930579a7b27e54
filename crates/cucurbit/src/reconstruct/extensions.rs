//! Extensions of PostgreSQL that what the lost migration makes cannot do without. Models never name them.

use super::engine::{Engine, Found};
use cucurbit_reconstruct::{Assumption, Level};
use cucurbit_schema::{
    Change, Database, Default, Dialect, NamedObject, ObjectKind, ObjectName, ObjectRef, Origin, Table,
    TypeKind,
};
use std::collections::BTreeSet;

/// Types, functions and operator classes, and the extension that brings each
/// (<https://www.postgresql.org/docs/current/contrib.html>, <https://postgis.net>, <https://github.com/pgvector/pgvector>).
/// Of a function the beginning of the name is enough.
const BROUGHT: &[(&str, &str)] = &[
    ("citext", "citext"),
    ("hstore", "hstore"),
    ("ltree", "ltree"),
    ("cube", "cube"),
    ("geometry", "postgis"),
    ("geography", "postgis"),
    ("vector", "vector"),
    ("halfvec", "vector"),
    ("uuid_generate_v", "uuid-ossp"),
    ("gin_trgm_ops", "pg_trgm"),
    ("gist_trgm_ops", "pg_trgm"),
    ("unaccent", "unaccent"),
];

impl Engine<'_, '_> {
    /// Makes the extensions too of which tables that the lost migration makes have a type, a function or an operator class,
    /// where nothing below the gap makes them.
    pub(super) fn with_extensions(&mut self, found: Found) -> Found {
        if self.before.dialect != Dialect::PostgreSql {
            return found;
        }
        let lost = |name: &&ObjectName| !self.before.tables.contains_key(name);
        let made = found.rolled.after.tables.keys().filter(lost);
        let used: BTreeSet<&str> =
            made.filter_map(|name| found.rolled.after.table(name)).flat_map(used_by).collect();
        let is_there = |db: &Database, extension: &str| {
            db.objects
                .keys()
                .any(|(kind, _, name, _)| *kind == ObjectKind::Extension && name.name == extension)
        };
        let missing: Vec<&str> =
            used.into_iter().filter(|extension| !is_there(&found.rolled.after, extension)).collect();
        if missing.is_empty() {
            return found;
        }
        let (mut rolled, mut head) = (found.rolled.clone(), found.head.clone());
        for extension in missing {
            let object = NamedObject {
                kind: ObjectKind::Extension,
                name: ObjectName::plain(extension),
                table: None,
                signature: None,
                text: format!(
                    "CREATE EXTENSION {}",
                    cucurbit_schema::quote_name(extension, Dialect::PostgreSql)
                ),
                mentions: BTreeSet::new(),
                comment: None,
                origin: Origin::default(),
            };
            let reference = ObjectRef::Object(ObjectKind::Extension, None, object.name.clone());
            let change =
                Change::CreateObject { object: Box::new(object), or_replace: false, if_not_exists: true };
            rolled.after.apply(&change, Origin::default());
            head.apply(&change, Origin::default());
            rolled.assumptions.push(Assumption {
                object: reference.to_string(),
                level: Level::Inferred,
                reason: "a type, a function or an operator class of it is used".to_owned(),
                revision: "the lost migration".to_owned(),
            });
        }
        let next = self.judge(rolled, head);
        if next.left() > found.left() { found } else { next }
    }
}

/// The extensions that a table cannot do without.
fn used_by(table: &Table) -> Vec<&'static str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let in_text = |text: &str, name: &str| {
        text.to_lowercase().match_indices(name).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            // `uuid_generate_v4` begins as it is listed.
            !before.is_some_and(is_word) && (name.ends_with("_v") || !after.is_some_and(is_word))
        })
    };
    let is_of_type = |kind: &TypeKind, name: &str| {
        let mut kind = kind;
        while let TypeKind::Array { element, .. } = kind {
            kind = element;
        }
        matches!(kind, TypeKind::Named { name: of, .. } if of.eq_ignore_ascii_case(name))
    };
    let uses = |name: &str| {
        let of_column = table.columns.iter().any(|column| {
            is_of_type(&column.data_type.kind, name)
                || matches!(&column.default, Some(Default::Expression(text)) if in_text(text, name))
                || column.computed.as_ref().is_some_and(|computed| in_text(&computed.expression, name))
        });
        let of_index = || {
            table.indexes.iter().flat_map(|index| &index.keys).any(|key| {
                key.operator_class.as_deref().is_some_and(|class| in_text(class, name))
                    || matches!(&key.part, cucurbit_schema::KeyPart::Expression(text) if in_text(text, name))
            })
        };
        of_column || of_index()
    };
    BROUGHT.iter().filter(|(name, _)| uses(name)).map(|(_, extension)| *extension).collect()
}
