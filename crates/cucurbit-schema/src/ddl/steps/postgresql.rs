//! PostgreSQL.

use super::super::{
    Written, check_mode, constraint_ref, index_ref, object_ref, postgresql as whole, sequence_options, text,
    types,
};
use super::{
    Stepper, cascade, create_asked, if_exists, kept, name, names_of_kind, object, subject, unnamed, writer,
};
use crate::change::{Change, ColumnAlteration, LabelPosition, ObjectRef};
use crate::model::{
    CheckMode, ConstraintBody, ConstraintKind, Database, Dialect, Identity, ObjectKind, ObjectName,
    SequenceOptions, Table, TypeKind,
};

const DIALECT: Dialect = Dialect::PostgreSql;

/// Writes one change.
pub(super) fn write(stepper: &mut Stepper, before: &Database, after: &Database, change: &Change) {
    match change {
        Change::CreateTable { table, temporary, .. } => {
            create_asked(stepper, after, table, *temporary, whole::make_table);
        }
        Change::AddColumn { table, column, constraints, table_if_exists, .. } => {
            let reference = ObjectRef::Column(table.clone(), column.name.clone());
            let missing = Table::new(table.clone());
            let found = after.table(table).unwrap_or(&missing);
            let mut own = writer(after, table, constraints);
            let written = whole::column_sql(&mut own, found, column).and_then(|sql| {
                let mut parts = vec![format!("ADD COLUMN {sql}")];
                for constraint in constraints {
                    parts.push(format!("ADD {}", whole::constraint_sql(&own, found, &unnamed(constraint))?));
                }
                Ok(format!(
                    "ALTER TABLE {}{} {}",
                    if_exists(*table_if_exists),
                    object(table, DIALECT)?,
                    parts.join(", ")
                ))
            });
            let made = written.is_ok();
            stepper.take(own);
            stepper.put(reference.clone(), written);
            if made && let Some(comment) = &column.comment {
                let written = comment_sql(before, after, &reference, Some(comment));
                stepper.put(reference, written);
            }
        }
        Change::AlterColumn { table, column, alteration } => {
            let reference = ObjectRef::Column(table.clone(), column.clone());
            let written = match alteration {
                ColumnAlteration::Comment(comment) => {
                    comment_sql(before, after, &reference, comment.as_deref())
                }
                _ => alter_column(before, after, table, column, alteration),
            };
            stepper.put(reference, written);
        }
        Change::AddConstraint { table, constraint, using_index, .. } => {
            let missing = Table::new(table.clone());
            let found = after.table(table).unwrap_or(&missing);
            let asked = unnamed(constraint);
            let written = match using_index {
                None => {
                    whole::constraint_sql(&writer(after, table, std::slice::from_ref(&asked)), found, &asked)
                }
                Some(index) => using(&asked, index),
            }
            .and_then(|sql| Ok(format!("ALTER TABLE {} ADD {sql}", object(table, DIALECT)?)));
            stepper.put(constraint_ref(found, constraint), written);
            if let (Some(comment), Some(own)) = (&constraint.comment, &constraint.name) {
                let reference = ObjectRef::Constraint(table.clone(), own.clone());
                let written = comment_sql(before, after, &reference, Some(comment));
                stepper.put(reference, written);
            }
        }
        Change::CreateIndex { table, index, .. } => {
            let missing = Table::new(table.clone());
            let found = after.table(table).unwrap_or(&missing);
            let written = whole::index_sql(&writer(after, table, &[]), found, index);
            let reference = index_ref(found, index.name.as_deref());
            stepper.put(reference.clone(), written);
            if index.comment.is_some() && index.name.is_some() {
                let written = comment_sql(before, after, &reference, index.comment.as_deref());
                stepper.put(reference, written);
            }
        }
        Change::Comment { on, text } => {
            stepper.put(on.clone(), comment_sql(before, after, on, text.as_deref()));
        }
        Change::CreateObject { object: made, .. } => {
            stepper.put(object_ref(made), kept(&made.text, DIALECT));
        }
        Change::DropConstraint { table, name: own, kind, if_exists: only, cascade: also } => {
            drop_constraint(stepper, before, table, own.as_deref(), *kind, (*only, *also));
        }
        other => stepper.put(subject(other), plain(before, other)),
    }
}

fn drop_constraint(
    stepper: &mut Stepper,
    before: &Database,
    table: &ObjectName,
    own: Option<&str>,
    kind: Option<ConstraintKind>,
    (only, also): (bool, bool),
) {
    let found = match (own, kind) {
        (Some(own), _) => Some(own.to_owned()),
        (None, Some(kind)) => names_of_kind(before, table, kind).into_iter().next(),
        (None, None) => None,
    };
    let reference = match &found {
        Some(found) => ObjectRef::Constraint(table.clone(), found.clone()),
        None => ObjectRef::Table(table.clone()),
    };
    let written = found.ok_or_else(|| "which constraint goes is not said".to_owned()).and_then(|found| {
        let (t, c) = (object(table, DIALECT)?, name(&found, DIALECT)?);
        Ok(format!("ALTER TABLE {t} DROP CONSTRAINT {}{c}{}", if_exists(only), cascade(also)))
    });
    stepper.put(reference, written);
}

/// Writes what needs no look at the state behind it.
fn plain(before: &Database, change: &Change) -> Written {
    let object = |name: &ObjectName| object(name, DIALECT);
    let name = |text: &str| name(text, DIALECT);
    let string = |text: &str| super::quote::checked_string(text, DIALECT);
    match change {
        Change::CreateSchema { name: own, if_not_exists } => {
            let only = if *if_not_exists { "IF NOT EXISTS " } else { "" };
            Ok(format!("CREATE SCHEMA {only}{}", name(own)?))
        }
        Change::DropSchema { name: own, if_exists: only, cascade: also } => {
            Ok(format!("DROP SCHEMA {}{}{}", if_exists(*only), name(own)?, cascade(*also)))
        }
        Change::CreateTableFrom { text, .. } => kept(text, DIALECT),
        Change::DropTable { name, if_exists: only, cascade: also } => {
            Ok(format!("DROP TABLE {}{}{}", if_exists(*only), object(name)?, cascade(*also)))
        }
        Change::RenameTable { from, to, if_exists: only } => {
            if from.schema != to.schema {
                return Err("a table that is renamed stays in its schema".to_owned());
            }
            Ok(format!("ALTER TABLE {}{} RENAME TO {}", if_exists(*only), object(from)?, name(&to.name)?))
        }
        Change::SetTableSchema { table, schema } => {
            let schema = name(schema.as_deref().unwrap_or("public"))?;
            Ok(format!("ALTER TABLE {} SET SCHEMA {schema}", object(table)?))
        }
        Change::SetTableOption { table, key, value } => table_option(table, key, value.as_deref()),
        Change::DropColumn { table, column, if_exists: only, cascade: also } => Ok(format!(
            "ALTER TABLE {} DROP COLUMN {}{}{}",
            object(table)?,
            if_exists(*only),
            name(column)?,
            cascade(*also)
        )),
        Change::RenameConstraint { table, from, to } => {
            Ok(format!("ALTER TABLE {} RENAME CONSTRAINT {} TO {}", object(table)?, name(from)?, name(to)?))
        }
        Change::ValidateConstraint { table, name: own } => {
            Ok(format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", object(table)?, name(own)?))
        }
        Change::SetConstraintMode { table, name: own, mode } => {
            let mode = if *mode == CheckMode::Immediate { " NOT DEFERRABLE" } else { check_mode(*mode) };
            Ok(format!("ALTER TABLE {} ALTER CONSTRAINT {}{mode}", object(table)?, name(own)?))
        }
        Change::DropIndex { name, if_exists: only, cascade: also, .. } => {
            Ok(format!("DROP INDEX {}{}{}", if_exists(*only), object(name)?, cascade(*also)))
        }
        Change::RenameIndex { from, to, if_exists: only, .. } => {
            Ok(format!("ALTER INDEX {}{} RENAME TO {}", if_exists(*only), object(from)?, name(to)?))
        }
        Change::CreateEnum { enum_type, .. } => {
            Ok(format!("CREATE TYPE {} AS ENUM ({})", object(&enum_type.name)?, whole::labels(enum_type)?))
        }
        Change::DropType { name, if_exists: only, cascade: also } => {
            let is_domain = before.objects.contains_key(&(ObjectKind::Domain, None, name.clone(), None));
            let word = if is_domain { "DOMAIN" } else { "TYPE" };
            Ok(format!("DROP {word} {}{}{}", if_exists(*only), object(name)?, cascade(*also)))
        }
        Change::AddLabel { name, label, position, if_not_exists } => {
            let only = if *if_not_exists { "IF NOT EXISTS " } else { "" };
            let place = match position {
                LabelPosition::Last => String::new(),
                LabelPosition::Before(other) => format!(" BEFORE {}", string(other)?),
                LabelPosition::After(other) => format!(" AFTER {}", string(other)?),
            };
            Ok(format!("ALTER TYPE {} ADD VALUE {only}{}{place}", object(name)?, string(label)?))
        }
        Change::RenameLabel { name, from, to } => {
            Ok(format!("ALTER TYPE {} RENAME VALUE {} TO {}", object(name)?, string(from)?, string(to)?))
        }
        Change::RenameType { from, to } => {
            Ok(format!("ALTER TYPE {} RENAME TO {}", object(from)?, name(to)?))
        }
        Change::SetTypeSchema { name: own, schema } => {
            let schema = name(schema.as_deref().unwrap_or("public"))?;
            Ok(format!("ALTER TYPE {} SET SCHEMA {schema}", object(own)?))
        }
        Change::CreateSequence { sequence, .. } => {
            let mut sql = whole::sequence_sql(sequence)?;
            if let Some((table, column)) = &sequence.owner {
                sql.push_str(&format!(" OWNED BY {}.{}", object(table)?, name(column)?));
            }
            Ok(sql)
        }
        Change::AlterSequence { name: own, options, owner, if_exists: only } => {
            let mut sql = format!("ALTER SEQUENCE {}{}", if_exists(*only), object(own)?);
            sql.push_str(&changed_options(options)?);
            match owner {
                None => {}
                Some(None) => sql.push_str(" OWNED BY NONE"),
                Some(Some((table, column))) => {
                    sql.push_str(&format!(" OWNED BY {}.{}", object(table)?, name(column)?));
                }
            }
            Ok(sql)
        }
        Change::RenameSequence { from, to, if_exists: only } => {
            Ok(format!("ALTER SEQUENCE {}{} RENAME TO {}", if_exists(*only), object(from)?, name(to)?))
        }
        Change::DropSequence { name, if_exists: only, cascade: also } => {
            Ok(format!("DROP SEQUENCE {}{}{}", if_exists(*only), object(name)?, cascade(*also)))
        }
        Change::DropObject { kind, name, table, signature, if_exists: only, cascade: also } => {
            let target = target(*kind, name, table.as_ref(), signature.as_deref(), if_exists(*only))?;
            Ok(format!("DROP {target}{}", cascade(*also)))
        }
        Change::RenameObject { kind, from, table, to } => {
            let target = target(*kind, from, table.as_ref(), None, "")?;
            Ok(format!("ALTER {target} RENAME TO {}", name(to)?))
        }
        _ => Err("there is no statement for it".to_owned()),
    }
}

fn changed_options(options: &SequenceOptions) -> Written {
    let data_type = match &options.data_type {
        Some(own) => {
            let kind = TypeKind::Named { name: own.clone(), args: Vec::new(), attributes: Vec::new() };
            format!(" AS {}", types::write(&kind, DIALECT)?)
        }
        None => String::new(),
    };
    Ok(format!("{data_type}{}", sequence_options(options)))
}

fn table_option(table: &ObjectName, key: &str, value: Option<&str>) -> Written {
    let table = object(table, DIALECT)?;
    match (key, value) {
        ("unlogged", Some(value)) if !value.eq_ignore_ascii_case("false") => {
            Ok(format!("ALTER TABLE {table} SET UNLOGGED"))
        }
        ("unlogged", _) => Ok(format!("ALTER TABLE {table} SET LOGGED")),
        ("with", Some(value)) => {
            Ok(format!("ALTER TABLE {table} SET ({})", super::super::without_brackets(value, DIALECT)?))
        }
        ("tablespace", Some(value)) => {
            Ok(format!("ALTER TABLE {table} SET TABLESPACE {}", name(value, DIALECT)?))
        }
        _ => Err(format!("it is not known how its option `{key}` is changed")),
    }
}

/// Writes what `DROP` and `ALTER` call an object.
fn target(
    kind: ObjectKind,
    own: &ObjectName,
    table: Option<&ObjectName>,
    signature: Option<&str>,
    only: &str,
) -> Written {
    let called = |word: &str| {
        let arguments = match signature {
            Some(list) if list.trim().is_empty() => "()".to_owned(),
            Some(list) => format!("({})", text::list(list, DIALECT)?),
            None => String::new(),
        };
        Ok(format!("{word} {only}{}{arguments}", object(own, DIALECT)?))
    };
    let plain = |word: &str| Ok(format!("{word} {only}{}", name(&own.name, DIALECT)?));
    let on_table = |word: &str| {
        let table = table.ok_or("its table is not known")?;
        Ok(format!("{word} {only}{} ON {}", name(&own.name, DIALECT)?, object(table, DIALECT)?))
    };
    match kind {
        ObjectKind::Extension => plain("EXTENSION"),
        ObjectKind::EventTrigger => plain("EVENT TRIGGER"),
        ObjectKind::Collation => called("COLLATION"),
        ObjectKind::Domain => called("DOMAIN"),
        ObjectKind::Type => called("TYPE"),
        ObjectKind::View => called("VIEW"),
        ObjectKind::MaterializedView => called("MATERIALIZED VIEW"),
        ObjectKind::Index => called("INDEX"),
        ObjectKind::Function => called("FUNCTION"),
        ObjectKind::Procedure => called("PROCEDURE"),
        ObjectKind::Aggregate => called("AGGREGATE"),
        ObjectKind::Trigger => on_table("TRIGGER"),
        ObjectKind::Policy => on_table("POLICY"),
        ObjectKind::Rule => on_table("RULE"),
        ObjectKind::Operator | ObjectKind::Grant | ObjectKind::VirtualTable | ObjectKind::Other => {
            Err("it is not known how it is called".to_owned())
        }
    }
}

/// Writes a key that takes an index over.
fn using(constraint: &crate::model::Constraint, index: &str) -> Written {
    let word = match constraint.body {
        ConstraintBody::PrimaryKey { .. } => "PRIMARY KEY",
        ConstraintBody::Unique { .. } => "UNIQUE",
        _ => return Err("only keys take an index over".to_owned()),
    };
    let own = match &constraint.name {
        Some(own) => format!("CONSTRAINT {} ", name(own, DIALECT)?),
        None => String::new(),
    };
    Ok(format!("{own}{word} USING INDEX {}{}", name(index, DIALECT)?, check_mode(constraint.mode)))
}

fn alter_column(
    before: &Database,
    after: &Database,
    table: &ObjectName,
    column: &str,
    alteration: &ColumnAlteration,
) -> Written {
    let start = format!("ALTER TABLE {}", object(table, DIALECT)?);
    let own = name(column, DIALECT)?;
    let action = match alteration {
        ColumnAlteration::Rename(to) => {
            return Ok(format!("{start} RENAME COLUMN {own} TO {}", name(to, DIALECT)?));
        }
        ColumnAlteration::Type { data_type, using, collation } => {
            let mut sql = format!("TYPE {}", types::write(&data_type.kind, DIALECT)?);
            let writer = writer(after, table, &[]);
            if let Some(collation) = collation {
                sql.push_str(&format!(" COLLATE {}", whole::collation(&writer, collation)?));
            }
            if let Some(using) = using {
                sql.push_str(&format!(" USING {}", writer.expression(using)?));
            }
            sql
        }
        ColumnAlteration::Nullable(true) => "DROP NOT NULL".to_owned(),
        ColumnAlteration::Nullable(false) => "SET NOT NULL".to_owned(),
        ColumnAlteration::Default(None) => "DROP DEFAULT".to_owned(),
        ColumnAlteration::Default(Some(default)) => {
            format!("SET DEFAULT {}", whole::default_sql(&writer(after, table, &[]), default)?)
        }
        ColumnAlteration::Identity(None) => "DROP IDENTITY".to_owned(),
        ColumnAlteration::Identity(Some(identity)) => {
            let had = before.table(table).and_then(|t| t.column(column)).and_then(|c| c.identity.as_ref());
            set_identity(&own, had, identity)
        }
        ColumnAlteration::DropExpression => "DROP EXPRESSION".to_owned(),
        ColumnAlteration::Comment(_)
        | ColumnAlteration::Autoincrement(_)
        | ColumnAlteration::Definition { .. } => {
            return Err("PostgreSQL has no such change of a column".to_owned());
        }
    };
    match alteration {
        ColumnAlteration::Identity(Some(_)) => Ok(format!("{start} {action}")),
        _ => Ok(format!("{start} ALTER COLUMN {own} {action}")),
    }
}

/// Writes the whole action: an identity that is there is changed part by part.
fn set_identity(own: &str, had: Option<&Identity>, identity: &Identity) -> String {
    let when = if identity.always { "ALWAYS" } else { "BY DEFAULT" };
    match had {
        None => {
            format!(
                "ALTER COLUMN {own} ADD GENERATED {when} AS IDENTITY{}",
                whole::identity_options(identity)
            )
        }
        Some(had) => {
            let mut sql = format!("ALTER COLUMN {own} SET GENERATED {when}");
            let mut changed = SequenceOptions::default();
            let (old, new) = (&had.options, &identity.options);
            for (to, old, new) in [
                (&mut changed.start, old.start, new.start),
                (&mut changed.increment, old.increment, new.increment),
                (&mut changed.minimum, old.minimum, new.minimum),
                (&mut changed.maximum, old.maximum, new.maximum),
                (&mut changed.cache, old.cache, new.cache),
            ] {
                if new.is_some() && new != old {
                    *to = new;
                }
            }
            for (word, value) in [
                ("START WITH", changed.start),
                ("INCREMENT BY", changed.increment),
                ("MINVALUE", changed.minimum),
                ("MAXVALUE", changed.maximum),
                ("CACHE", changed.cache),
            ] {
                if let Some(value) = value {
                    sql.push_str(&format!(" SET {word} {value}"));
                }
            }
            if new.cycle != old.cycle {
                sql.push_str(if new.cycle { " SET CYCLE" } else { " SET NO CYCLE" });
            }
            sql
        }
    }
}

fn comment_sql(before: &Database, after: &Database, on: &ObjectRef, text: Option<&str>) -> Written {
    let target = match on {
        ObjectRef::Schema(own) => format!("SCHEMA {}", name(own, DIALECT)?),
        ObjectRef::Table(own) => format!("TABLE {}", object(own, DIALECT)?),
        ObjectRef::Column(table, own) => {
            format!("COLUMN {}.{}", object(table, DIALECT)?, name(own, DIALECT)?)
        }
        ObjectRef::Constraint(table, own) => {
            format!("CONSTRAINT {} ON {}", name(own, DIALECT)?, object(table, DIALECT)?)
        }
        ObjectRef::Index(own, _) => format!("INDEX {}", object(own, DIALECT)?),
        ObjectRef::Enum(own) => format!("TYPE {}", object(own, DIALECT)?),
        ObjectRef::Sequence(own) => format!("SEQUENCE {}", object(own, DIALECT)?),
        ObjectRef::Object(kind, table, own) => {
            let is_it = |db: &Database| {
                db.objects.iter().find(|(k, _)| k.0 == *kind && k.1 == *table && k.2 == *own).map(|(_, o)| {
                    let writer = writer(db, own, &[]);
                    whole::comment_target(&writer, o)
                })
            };
            is_it(after).or_else(|| is_it(before)).unwrap_or_else(|| Err("it is not there".to_owned()))?
        }
    };
    let text = match text {
        Some(text) => super::quote::checked_string(text, DIALECT)?,
        None => "NULL".to_owned(),
    };
    Ok(format!("COMMENT ON {target} IS {text}"))
}
