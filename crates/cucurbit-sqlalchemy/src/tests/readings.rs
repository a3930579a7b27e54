//! Readings that SQLAlchemy has no text for.

use super::{NOWHERE, Reader, shown, with_value};
use crate::{MetaData, NameText, NamingConvention, TableReading, Version};
use cucurbit_python::eval::{Evaluator, Value};
use cucurbit_schema::{Default, Dialect, ObjectName, RowEffect};
use std::cell::RefCell;
use std::rc::Rc;

const PRELUDE: &str = "
import sqlalchemy as sa
from sqlalchemy import Column, Table, MetaData, ForeignKey, Index, func, text, types
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import expression
from sqlalchemy.schema import conv
from alembic import op
from elsewhere import anything
m = MetaData()
";

fn with<R>(
    snippet: &str,
    name: &str,
    dialect: Dialect,
    read: impl FnOnce(&mut Evaluator<'_, Reader>, &Value) -> R,
) -> R {
    with_value(&format!("{PRELUDE}\n{snippet}\n"), name, dialect, Version::V2_0, read)
}

fn table(snippet: &str, dialect: Dialect) -> (Vec<String>, TableReading) {
    with(snippet, "t", dialect, |ev, value| {
        let (_, reading) = crate::table_term(ev, value).expect("a table");
        (shown::table_lines(ev, &reading), reading)
    })
}

fn problems(reading: &TableReading) -> Vec<String> {
    reading.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn what_cannot_be_told_is_said() {
    let (lines, reading) = table(
        "t = Table('t', m, Column('a', sa.Integer, server_default=anything()), Column('b', anything.Type))",
        Dialect::PostgreSql,
    );
    assert!(lines[0].starts_with("a INTEGER DEFAULT <"), "{lines:?}");
    assert!(matches!(reading.table.columns[0].default, Some(Default::Unknown(_))));
    assert!(!reading.open);
    assert_eq!(
        problems(&reading),
        [
            "elsewhere.anything(): the expression cannot be told",
            "elsewhere.anything.Type: the type `elsewhere.anything.Type` is not in the project"
        ]
    );
    let (lines, reading) = table(
        "t = Table('t', m, Column('a', sa.Integer), *anything(), sa.CheckConstraint(anything()), **anything())",
        Dialect::PostgreSql,
    );
    assert_eq!(lines, ["a INTEGER"]);
    assert!(reading.open);
    assert_eq!(problems(&reading), ["elsewhere.anything(): the expression cannot be told"]);
    let (lines, reading) =
        table("t = Table('t', m, anything(), Column(anything(), sa.Integer))", Dialect::PostgreSql);
    assert!(lines.is_empty() && reading.open);
    assert_eq!(
        problems(&reading),
        [
            "elsewhere.anything(): the name of a column cannot be told",
            "elsewhere.anything(): a part of the table cannot be told"
        ]
    );
}

#[test]
fn names_that_cannot_be_told_leave_the_constraint() {
    let (lines, reading) = table(
        "t = Table('t', MetaData(naming_convention=anything), Column('a', sa.Integer, unique=True), sa.UniqueConstraint('a', name='x'), Index(conv('y'), 'a'))",
        Dialect::PostgreSql,
    );
    assert_eq!(lines, ["a INTEGER", "CONSTRAINT x UNIQUE (a)", "UNIQUE (a)", "CREATE INDEX y ON t (a)"]);
    assert_eq!(problems(&reading), ["a unique constraint of `t`: the naming convention cannot be told"]);
}

#[test]
fn the_rest_of_a_table() {
    let (lines, reading) = table(
        "t = Table('t', m, Column('a', None, ForeignKey('u.id', use_alter=True, name='fk')), Column('s', sa.Integer, sa.Sequence('sq', start=5, schema='x')), prefixes=['UNLOGGED'], if_not_exists=True, autoload_with=anything)",
        Dialect::PostgreSql,
    );
    assert_eq!(lines, ["a ", "s INTEGER", "behind: unlogged=true"]);
    assert_eq!(reading.late.len(), 1);
    assert_eq!(reading.late[0].name.as_deref(), Some("fk"));
    assert_eq!(reading.types_from, [("a".to_owned(), ObjectName::plain("u"), "id".to_owned())]);
    assert_eq!(reading.sequences[0].name.to_string(), "x.sq");
    assert_eq!(reading.sequences[0].options.start, Some(5));
    assert!(reading.if_not_exists && reading.reflected && !reading.temporary);
    let (lines, _) = table(
        "t = Table('t', m, Column('a', sa.Integer, ForeignKey('u.id', use_alter=True, name='fk')))",
        Dialect::Sqlite,
    );
    assert_eq!(lines, ["a INTEGER", "CONSTRAINT fk FOREIGN KEY(a) REFERENCES u (id)"]);
}

#[test]
fn functions_that_compile() {
    let snippet = "
class utcnow(expression.FunctionElement):
    type = types.DateTime()
    inherit_cache = True

@compiles(utcnow, 'postgresql')
def on_postgresql(element, compiler, **kw):
    return \"TIMEZONE('utc', CURRENT_TIMESTAMP)\"

@compiles(utcnow)
def elsewhere(element, compiler, **kw):
    return 'CURRENT_TIMESTAMP'

t = Table('t', m, Column('a', sa.DateTime, server_default=utcnow()))
";
    let (lines, reading) = table(snippet, Dialect::PostgreSql);
    assert_eq!(
        lines,
        ["a TIMESTAMP WITHOUT TIME ZONE DEFAULT TIMEZONE('utc', CURRENT_TIMESTAMP)"],
        "{reading:?}"
    );
    assert_eq!(table(snippet, Dialect::Sqlite).0, ["a DATETIME DEFAULT CURRENT_TIMESTAMP"]);
}

#[test]
fn collections_of_a_table() {
    let snippet = "
t = Table('t', m, Column('a', sa.Integer), Column('b', sa.String(5), key='bb'))
names = [c.name for c in t.columns] + list(t.c.keys()) + [t.name, 'a' in t.c, t.c.bb.name, t.c['a'].name]
";
    with(snippet, "names", Dialect::PostgreSql, |ev, value| {
        assert_eq!(ev.describe(value), "['a', 'b', 'a', 'bb', 't', True, 'b', 'a']");
    });
}

#[test]
fn flask_tables() {
    let snippet = "
from flask_sqlalchemy import SQLAlchemy
db = SQLAlchemy(metadata=MetaData(schema='s'))
t = db.Table('t', db.Column('a', db.Integer, db.ForeignKey('u.id'), primary_key=True), db.Column('b', db.String(5), index=True))
";
    let (lines, reading) = table(snippet, Dialect::PostgreSql);
    assert_eq!(
        lines,
        [
            "a INTEGER NOT NULL",
            "b VARCHAR(5)",
            "PRIMARY KEY (a)",
            "FOREIGN KEY(a) REFERENCES s.u (id)",
            "CREATE INDEX ix_s_t_b ON s.t (b)"
        ],
        "{:?}",
        reading.problems
    );
}

fn added(snippet: &str, convention: NamingConvention, dialect: Dialect) -> Vec<String> {
    with(&format!("c = {snippet}"), "c", dialect, |ev, value| {
        let table = ObjectName::plain("t");
        let metadata = MetaData { convention, ..MetaData::default() };
        let added = crate::added_column(ev, value, &table, &metadata).expect("a column");
        let mut whole = crate::assemble(ev, &table, Vec::new(), &[], &[], &metadata, NOWHERE);
        whole.columns.push(added.reading.clone());
        whole.table.constraints = added.constraints;
        whole.table.indexes = added.indexes;
        assert!(added.reading.problems.is_empty(), "{:?}", added.reading.problems);
        shown::table_lines(ev, &whole)
    })
}

#[test]
fn added_columns() {
    assert_eq!(
        added(
            "Column('a', sa.Integer, ForeignKey('u.id'), unique=True)",
            NamingConvention::default(),
            Dialect::PostgreSql
        ),
        ["a INTEGER", "UNIQUE (a)", "FOREIGN KEY(a) REFERENCES u (id)"]
    );
    assert_eq!(
        added("Column('a', sa.Integer, primary_key=True)", NamingConvention::default(), Dialect::PostgreSql),
        ["a SERIAL NOT NULL"]
    );
    assert_eq!(
        added(
            "Column('a', sa.Boolean(create_constraint=True, name='b'), index=True, server_default='0')",
            NamingConvention::default(),
            Dialect::MySql
        ),
        ["a BOOL DEFAULT '0'", "CONSTRAINT b CHECK (a IN (0, 1))", "CREATE INDEX ix_t_a ON t (a)"]
    );
}

#[test]
fn types_bring_a_check_up_to_1_3() {
    let checks = |version| {
        let snippet = format!("{PRELUDE}\nkind = sa.Boolean()\n");
        with_value(&snippet, "kind", Dialect::Sqlite, version, |ev, value| {
            crate::data_type(ev, value, NOWHERE).checks.len()
        })
    };
    assert_eq!(checks(Version { major: 1, minor: 3 }), 1);
    assert_eq!(checks(Version::V1_4), 0);
}

fn index(keys: &str, keywords: &[(&str, Value)], name: NameText, dialect: Dialect) -> String {
    with(&format!("keys = {keys}"), "keys", dialect, |ev, value| {
        let table = ObjectName::plain("t");
        let keys = value.sequence().expect("a list");
        let keywords: Vec<(Rc<str>, Value)> =
            keywords.iter().map(|(k, v)| (Rc::from(*k), v.clone())).collect();
        let metadata = MetaData::default();
        let made = crate::index_of(ev, &name, &keys, &keywords, &table, &metadata, &[], NOWHERE);
        let mut whole = crate::assemble(ev, &table, Vec::new(), &[], &[], &metadata, NOWHERE);
        match made {
            Ok(index) => {
                let parts = format!("{:?}", index.keys.iter().map(|k| &k.part).collect::<Vec<_>>());
                whole.table.indexes = vec![index];
                format!("{} {parts}", shown::table_lines(ev, &whole).join("\n"))
            }
            Err(why) => why.to_string(),
        }
    })
}

#[test]
fn created_indexes() {
    let plain = NameText::Plain("ix".to_owned());
    let postgresql = Dialect::PostgreSql;
    assert_eq!(
        index("['a', text('lower(b)')]", &[("unique", Value::Bool(true))], plain.clone(), postgresql),
        "CREATE UNIQUE INDEX ix ON t (a, lower(b)) [Column(\"a\"), Expression(\"lower(b)\")]"
    );
    assert_eq!(
        index("[text('created_at DESC NULLS LAST')]", &[], plain.clone(), postgresql),
        "CREATE INDEX ix ON t (created_at DESC NULLS LAST) [Column(\"created_at\")]"
    );
    assert_eq!(
        index(
            "[text('name varchar_pattern_ops'), sa.literal_column(\"((data ->> 'x'))\")]",
            &[],
            plain.clone(),
            postgresql
        ),
        "CREATE INDEX ix ON t (name varchar_pattern_ops, data ->> 'x') [Column(\"name\"), Expression(\"data ->> 'x'\")]"
    );
    for (written, shown) in
        [("DESC", "a DESC"), ("text_pattern_ops desc nulls last", "a text_pattern_ops DESC NULLS LAST")]
    {
        let class = Value::Dict(Rc::new(RefCell::new(vec![(Value::str("a"), Value::str(written))])));
        assert_eq!(
            index("['a']", &[("postgresql_ops", class)], plain.clone(), postgresql),
            format!("CREATE INDEX ix ON t ({shown}) [Column(\"a\")]")
        );
    }
    assert_eq!(
        index(
            "['a']",
            &[("postgresql_using", Value::str("GIN")), ("mysql_length", Value::Int(3))],
            NameText::None,
            postgresql
        ),
        "CREATE INDEX ix_t_a ON t USING gin (a) [Column(\"a\")]"
    );
    assert_eq!(
        index(
            "['a']",
            &[("postgresql_where", Value::str("a > 1")), ("schema", Value::str("s"))],
            NameText::None,
            postgresql
        ),
        "CREATE INDEX ix_s_t_a ON t (a) WHERE a > 1 [Column(\"a\")]"
    );
    assert_eq!(
        index("['a']", &[], NameText::Unknown, postgresql),
        "an index of `t`: its name cannot be told"
    );
    assert_eq!(
        index("[anything()]", &[], plain, postgresql),
        "elsewhere.anything(): the expression cannot be told"
    );
}

#[test]
fn names_as_given() {
    for (text, name) in [
        ("'x'", NameText::Plain("x".to_owned())),
        ("op.f('x')", NameText::Final("x".to_owned())),
        ("conv('x')", NameText::Final("x".to_owned())),
        ("anything.batch().f('x')", NameText::Final("x".to_owned())),
        ("None", NameText::None),
        ("sa.sql.quoted_name('x', True)", NameText::Plain("x".to_owned())),
        ("anything()", NameText::Unknown),
        ("op.f(anything())", NameText::Unknown),
    ] {
        let read = with(&format!("n = {text}"), "n", Dialect::Sqlite, |ev, v| crate::name_text(ev, Some(v)));
        assert_eq!(read, name, "{text}");
    }
}

fn rows(text: &str) -> Option<(Vec<String>, bool)> {
    let snippet = format!(
        "t = Table('t', m, Column('a', sa.Integer), Column('b', sa.Integer))\n\
         u = sa.table('u', sa.column('x'), sa.column('y'), schema='s')\nv = {text}"
    );
    with(&snippet, "v", Dialect::PostgreSql, |ev, value| {
        let statement = crate::statement(ev, value)?;
        let shown = |(table, effect, columns): &(ObjectName, RowEffect, Vec<String>)| {
            format!("{effect:?} {table} {}", columns.join(","))
        };
        Some((statement.rows.iter().map(shown).collect(), statement.open))
    })
}

#[test]
fn statements() {
    for (text, expected) in [
        ("t.insert().values(a=1, b=2)", "Insert t a,b"),
        ("sa.insert(t).values([{'a': 1}, {'b': 2}])", "Insert t a,b"),
        ("t.insert()", "Insert t "),
        (
            "postgresql.insert(t).values({t.c.a: 1}).on_conflict_do_update(index_elements=['b'], set_={'a': 5})",
            "Insert t a,b",
        ),
        ("sa.update(t).where(t.c.a == 1).values(b=u.c.x)", "Update t a,b; Read s.u x"),
        ("t.update().values({'a': None}).where(sa.and_(t.c.b > 1, text('a = 1')))", "Update t a,b"),
        ("sa.delete(t).where(t.c.a.in_(sa.select(u.c.x).where(u.c.y == 2)))", "Delete t a; Read s.u x,y"),
        ("u.delete()", "Delete s.u "),
        (
            "sa.select(t.c.a, func.count(u.c.x)).select_from(t.join(u, t.c.a == u.c.y))",
            "Read t a; Read s.u x,y",
        ),
        ("sa.select([t.c.a])", "Read t a"),
        ("sa.select(t).limit(5)", "Read t a,b"),
        ("t.insert().from_select(['a', 'b'], sa.select(u.c.x, u.c.y))", "Insert t a,b; Read s.u x,y"),
        ("sa.union(sa.select(t.c.a), sa.select(u.c.x))", "Read t a; Read s.u x"),
        ("sa.update(t).values(a=anything())", "Update t a"),
    ] {
        let (rows, open) = rows(text).unwrap_or_else(|| panic!("{text} is no statement"));
        assert_eq!(rows.join("; "), expected, "{text}");
        assert!(!open, "{text}");
    }
    for text in [
        "sa.delete(t).where(text('a in (select 1 from z)'))",
        "sa.insert(anything())",
        "sa.select(*anything())",
        "sa.update(t).where(anything)",
    ] {
        let found = rows(text).unwrap_or_else(|| panic!("{text} is no statement"));
        assert!(found.1 || text.ends_with("anything)"), "{text}");
    }
    assert_eq!(rows("text('select 1')"), None);
    assert_eq!(rows("t"), None);
}

#[test]
fn sequences_as_defaults() {
    for (text, name) in [
        ("text(\"nextval('sq')\")", Some("sq")),
        ("text(\"nextval('s.\\\"My Seq\\\"'::regclass)\")", Some("s.My Seq")),
        ("func.nextval('Sq')", Some("sq")),
        ("sa.Sequence('sq', schema='public').next_value()", Some("sq")),
        ("text(\"nextval('sq') + 1\")", None),
    ] {
        let read = with(&format!("d = {text}"), "d", Dialect::PostgreSql, crate::server_default);
        let found = match read {
            Ok(Some(crate::ServerDefault::Default(Default::NextValue(name)))) => Some(name.to_string()),
            _ => None,
        };
        assert_eq!(found.as_deref(), name, "{text}");
    }
}

#[test]
fn what_joins_a_table_later() {
    let snippet = "
u = Table('u', m, Column('id', sa.Integer))
t = Table('t', m, Column('a', sa.Integer), sa.ForeignKeyConstraint(['a'], [u.c.id]))
sa.ForeignKeyConstraint([t.c.a], [u.c.id], name='later')
Index('ix', func.lower(t.c.a))
sa.CheckConstraint(t.c.a > 1, name='ck')
other = Table('t', MetaData(), Column('a', sa.Integer))
";
    assert_eq!(
        table(snippet, Dialect::PostgreSql).0,
        [
            "a INTEGER",
            "FOREIGN KEY(a) REFERENCES u (id)",
            "CONSTRAINT later FOREIGN KEY(a) REFERENCES u (id)",
            "CONSTRAINT ck CHECK (a > 1)",
            "CREATE INDEX ix ON t (lower(a))",
        ]
    );
    with(snippet, "u", Dialect::PostgreSql, |ev, value| {
        let (_, reading) = crate::table_term(ev, value).expect("a table");
        assert_eq!(shown::table_lines(ev, &reading), ["id INTEGER"]);
    });
    with(snippet, "other", Dialect::PostgreSql, |ev, value| {
        let (_, reading) = crate::table_term(ev, value).expect("a table");
        assert_eq!(shown::table_lines(ev, &reading), ["a INTEGER"]);
    });
}
