//! A schema, a comparison and a story as JSON, for programs. `docs/schema-json.md` is their contract.

use crate::blame::Blame;
use crate::replay::ReplayedChain;
use crate::schema_diff::SchemaDiff;
use crate::spoken::constraint_kind;
use cucurbit_schema::diff::{body_text, index_text};
use cucurbit_schema::{
    Action, Column, Constraint, ConstraintBody, Default, Difference, DifferenceKind, Extent, Index, KeyPart,
    NamedObject, ObjectName, Origin, Sequence, Table, type_sql,
};
use serde_json::{Map, Value, json};
use std::path::Path;

/// The version of the formats of this module; it changes when a field changes its meaning or goes away.
pub const SCHEMA_JSON_VERSION: u32 = 1;

/// Renders the schema at the end of a chain as JSON, with a line end. Tables and the rest come in the order of their
/// names, columns as the database shows them.
#[must_use]
pub fn schema_json(chain: &ReplayedChain) -> String {
    let page = Page { chain };
    let state = &chain.state;
    let (known, operations) = chain.known();
    let unknown: Vec<Value> = state
        .unknown
        .iter()
        .map(|(effect, origin)| {
            let extent: Vec<String> = match &effect.extent {
                Extent::Tables(names) | Extent::Objects(names) => {
                    names.iter().map(ToString::to_string).collect()
                }
                Extent::Anything => Vec::new(),
            };
            json!({
                "anything": effect.extent == Extent::Anything,
                "objects": extent,
                "reason": effect.reason,
                "revision": page.revision(*origin),
            })
        })
        .collect();
    let types: Vec<Value> = state
        .enums
        .values()
        .map(|e| {
            with_name(
                &e.name,
                json!({"labels": e.labels, "comment": e.comment, "revision": page.revision(e.origin)}),
            )
        })
        .collect();
    pretty(&json!({
        "schema_version": SCHEMA_JSON_VERSION,
        "dialect": state.dialect.name(),
        "operations": {"known": known, "all": operations},
        "missing_revisions": chain.missing,
        "schemas": state.schemas.keys().collect::<Vec<_>>(),
        "tables": state.tables.values().map(|t| page.table(t)).collect::<Vec<_>>(),
        "types": types,
        "sequences": state.sequences.values().map(|s| page.sequence(s)).collect::<Vec<_>>(),
        "objects": state.objects.values().map(|o| page.object(o)).collect::<Vec<_>>(),
        "unknown": unknown,
    }))
}

/// Renders a comparison as JSON, with a line end.
#[must_use]
pub fn diff_json(from: &str, to: &str, diff: &SchemaDiff) -> String {
    let names = |names: &[ObjectName]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    pretty(&json!({
        "schema_version": SCHEMA_JSON_VERSION,
        "from": from,
        "to": to,
        "differences": diff.differences.iter().map(difference).collect::<Vec<_>>(),
        "untold": names(&diff.untold),
        "missing_revisions": diff.missing,
    }))
}

fn difference(difference: &Difference) -> Value {
    let object = difference.object.to_string();
    match &difference.kind {
        DifferenceKind::OnlyLeft => json!({"object": object, "change": "removed"}),
        DifferenceKind::OnlyRight => json!({"object": object, "change": "added"}),
        DifferenceKind::Changed { attribute, left, right } => {
            json!({"object": object, "change": "changed", "attribute": attribute, "from": left, "to": right})
        }
    }
}

/// Renders a story as JSON, with a line end; `show` says how paths are written.
#[must_use]
pub fn blame_json(blame: &Blame, show: impl Fn(&Path) -> String) -> String {
    let entries: Vec<Value> = blame
        .entries
        .iter()
        .map(|entry| {
            json!({
                "revision": entry.revision,
                "path": show(&entry.path),
                "line": entry.line,
                "call": entry.call,
                "deed": entry.deed.as_str(),
                "what": entry.what,
                "doubt": entry.doubt,
            })
        })
        .collect();
    pretty(&json!({
        "schema_version": SCHEMA_JSON_VERSION,
        "table": with_name(&blame.table, json!({})),
        "part": blame.part,
        "entries": entries,
    }))
}

fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// Puts the two parts of a name in front of the rest.
fn with_name(name: &ObjectName, rest: Value) -> Value {
    let mut all = Map::new();
    all.insert("schema".to_owned(), json!(name.schema));
    all.insert("name".to_owned(), json!(name.name));
    if let Value::Object(rest) = rest {
        all.extend(rest);
    }
    Value::Object(all)
}

struct Page<'c> {
    chain: &'c ReplayedChain,
}

impl Page<'_> {
    /// The revision from which something comes.
    fn revision(&self, origin: Origin) -> Option<&str> {
        let at = usize::try_from(origin.0).ok()?.checked_sub(1)?;
        self.chain.revision_of(at).map(|revision| revision.id.as_str())
    }

    fn table(&self, table: &Table) -> Value {
        with_name(
            &table.name,
            json!({
                "revision": self.revision(table.origin),
                "columns": table.columns.iter().map(|c| self.column(c)).collect::<Vec<_>>(),
                "constraints": table.constraints.iter().map(|c| self.constraint(c)).collect::<Vec<_>>(),
                "indexes": table.indexes.iter().map(|i| self.index(i)).collect::<Vec<_>>(),
                "options": table.options,
                "comment": table.comment,
                "untold": table.tainted,
            }),
        )
    }

    fn column(&self, column: &Column) -> Value {
        let dialect = self.chain.state.dialect;
        let default = match &column.default {
            None => Value::Null,
            Some(Default::Expression(text)) => json!({"expression": text}),
            Some(Default::NextValue(name)) => json!({"next_value": name.to_string()}),
            Some(Default::Unknown(why)) => json!({"unknown": why}),
        };
        let identity = column.identity.as_ref().map(|i| if i.always { "always" } else { "by default" });
        let computed =
            column.computed.as_ref().map(|c| json!({"expression": c.expression, "stored": c.stored}));
        json!({
            "name": column.name,
            "type": type_sql(&column.data_type.kind, dialect),
            "nullable": column.nullable,
            "default": default,
            "identity": identity,
            "computed": computed,
            "autoincrement": column.autoincrement,
            "collation": column.collation,
            "comment": column.comment,
            "revision": self.revision(column.origin),
        })
    }

    fn constraint(&self, constraint: &Constraint) -> Value {
        let mut value = json!({
            "name": constraint.name,
            "kind": constraint_kind(constraint.kind()),
            "definition": body_text(&constraint.body, self.chain.state.dialect),
            "revision": self.revision(constraint.origin),
        });
        match &constraint.body {
            ConstraintBody::PrimaryKey { columns, .. } | ConstraintBody::Unique { columns, .. } => {
                value["columns"] = json!(columns);
            }
            ConstraintBody::ForeignKey { columns, table, references, on_delete, on_update, .. } => {
                value["columns"] = json!(columns);
                value["references"] = with_name(table, json!({"columns": references}));
                value["on_delete"] = json!(action(*on_delete));
                value["on_update"] = json!(action(*on_update));
            }
            ConstraintBody::Check { expression, .. } => value["expression"] = json!(expression),
            ConstraintBody::Exclude { .. } => {}
        }
        value
    }

    fn index(&self, index: &Index) -> Value {
        let keys: Vec<&str> = index
            .keys
            .iter()
            .map(|key| match &key.part {
                KeyPart::Column(name) | KeyPart::Expression(name) => name.as_str(),
            })
            .collect();
        json!({
            "name": index.name,
            "unique": index.unique,
            "keys": keys,
            "definition": index_text(index, self.chain.state.dialect),
            "predicate": index.predicate,
            "revision": self.revision(index.origin),
        })
    }

    fn sequence(&self, sequence: &Sequence) -> Value {
        let owner =
            sequence.owner.as_ref().map(|(table, column)| with_name(table, json!({"column": column})));
        with_name(&sequence.name, json!({"owner": owner, "revision": self.revision(sequence.origin)}))
    }

    fn object(&self, object: &NamedObject) -> Value {
        with_name(
            &object.name,
            json!({
                "kind": object.kind.to_string(),
                "table": object.table.as_ref().map(ToString::to_string),
                "signature": object.signature,
                "text": object.text,
                "revision": self.revision(object.origin),
            }),
        )
    }
}

fn action(action: Action) -> &'static str {
    match action {
        Action::NoAction => "no action",
        Action::Restrict => "restrict",
        Action::Cascade => "cascade",
        Action::SetNull => "set null",
        Action::SetDefault => "set default",
    }
}
