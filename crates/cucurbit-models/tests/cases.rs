//! Small projects, the tables that are read from them, and what cannot be told.

use cucurbit_alembic::ProjectFiles;
use cucurbit_models::{Models, read, read_environment};
use cucurbit_schema::{Dialect, TypeKind, ddl};
use cucurbit_sqlalchemy::{Settings, Version};
use std::path::{Path, PathBuf};

/// Writes the files of a text with `--- path` lines.
fn project(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for part in text.split("--- ").skip(1) {
        let (name, body) = part.split_once('\n').expect("a name and a body");
        let path = folder.path().join(name.trim());
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, body).expect("a file");
    }
    folder
}

fn read_in(folder: &Path, wanted: &[&str]) -> Models {
    let files = ProjectFiles::new(Vec::new(), Some(folder.to_owned()));
    let wanted: Vec<PathBuf> = wanted.iter().map(|w| folder.join(w)).collect();
    read(&files, &Settings::new(Dialect::PostgreSql, Version::V2_0), &wanted)
}

fn told(models: &Models) -> Vec<String> {
    models
        .unresolved
        .iter()
        .map(|u| {
            let source = u.source.as_ref().expect("every item here has a place");
            let file = source.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            format!("{file}:{}: {u}", source.line)
        })
        .collect()
}

/// Reads the models and compares their DDL, white space aside, and what is not told.
fn check(text: &str, wanted: &[&str], expected: &str, unresolved: &[&str]) {
    let folder = project(text);
    let models = read_in(folder.path(), wanted);
    let flat = |text: &str| {
        let lines: Vec<String> = text
            .split(';')
            .map(|s| s.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(").replace(" )", ")"))
            .filter(|s| !s.is_empty())
            .collect();
        lines.join(";\n")
    };
    assert_eq!(flat(&ddl(&models.database).to_sql()), flat(expected));
    assert_eq!(told(&models), unresolved);
}

fn tables(models: &Models) -> Vec<String> {
    models.database.tables.keys().map(ToString::to_string).collect()
}

const BASE: &str = "
--- app/__init__.py
--- app/base.py
from sqlalchemy.orm import DeclarativeBase
class Base(DeclarativeBase):
    pass
";

#[test]
fn bases_and_mixins_of_other_files() {
    check(
        &format!(
            "{BASE}
--- app/mixins.py
import sqlalchemy as sa
class Keyed:
    id = sa.Column(sa.Integer, primary_key=True)
--- app/models/__init__.py
from .user import User
--- app/models/user.py
from sqlalchemy import Column, String
from ..base import Base
from app.mixins import *
class User(Keyed, Base):
    __tablename__ = 'users'
    name = Column(String(5))
"
        ),
        &["app/models"],
        "CREATE SEQUENCE users_id_seq AS integer;
        CREATE TABLE users (
            name character varying(5),
            id integer DEFAULT nextval('users_id_seq'::regclass) NOT NULL,
            CONSTRAINT users_pkey PRIMARY KEY (id)
        );
        ALTER SEQUENCE users_id_seq OWNED BY users.id;",
        &[],
    );
}

#[test]
fn what_the_wanted_files_import_counts_when_it_shares_their_metadata() {
    let folder = project(&format!(
        "{BASE}
--- app/user.py
from sqlalchemy import Column, Integer
from app.base import Base
class User(Base):
    __tablename__ = 'users'
    id = Column(Integer, primary_key=True)
--- app/other.py
from sqlalchemy import Column, Integer
from sqlalchemy.orm import declarative_base
Other = declarative_base()
class Stranger(Other):
    __tablename__ = 'strangers'
    id = Column(Integer, primary_key=True)
--- app/post.py
from typing import TYPE_CHECKING
from sqlalchemy import Column, ForeignKey
from app.base import Base
import app.other
import app.user
if TYPE_CHECKING:
    from app.draft import Draft
def late():
    from app.draft import Draft
class Post(Base):
    __tablename__ = 'posts'
    id = Column(ForeignKey('users.id'), primary_key=True)
--- app/draft.py
from sqlalchemy import Column, Integer
from app.base import Base
class Draft(Base):
    __tablename__ = 'drafts'
    id = Column(Integer, primary_key=True)
"
    ));
    assert_eq!(tables(&read_in(folder.path(), &["app/post.py"])), ["posts", "users"]);
    assert_eq!(tables(&read_in(folder.path(), &["app/other.py", "app/user.py"])), ["strangers", "users"]);
    assert_eq!(tables(&read_in(folder.path(), &["app"])), ["drafts", "posts", "strangers", "users"]);
}

#[test]
fn env_py_says_which_metadata_counts() {
    let folder = project(&format!(
        "{BASE}
--- app/user.py
from sqlalchemy import Column, Integer
from app.base import Base
class User(Base):
    __tablename__ = 'users'
    id = Column(Integer, primary_key=True)
--- app/other.py
from sqlalchemy import Column, Integer, MetaData, Table
others = MetaData()
Table('others', others, Column('id', Integer))
--- migrations/env.py
from alembic import context
from app.base import Base
from app.other import others
target_metadata = Base.metadata
def run():
    import app.user
--- migrations/both.py
from app.base import Base
from app.other import others
import app.user
target_metadata = [Base.metadata, others]
--- migrations/none.py
target_metadata = None
"
    ));
    let read = |name: &str| {
        let files = ProjectFiles::new(Vec::new(), Some(folder.path().to_owned()));
        let settings = Settings::new(Dialect::PostgreSql, Version::V2_0);
        tables(&read_environment(&files, &settings, Some(&folder.path().join(name)), folder.path()))
    };
    assert_eq!(read("migrations/env.py"), ["users"]);
    assert_eq!(read("migrations/both.py"), ["others", "users"]);
    assert_eq!(read("migrations/none.py"), ["users"], "files with __tablename__ are looked for");
}

#[test]
fn mixins_of_other_packages_whose_columns_are_known() {
    check(
        "
--- models.py
from oslo_db.sqlalchemy import models
from fastapi_users.db import SQLAlchemyBaseOAuthAccountTable
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base
Base = declarative_base()
class Thing(Base, models.SoftDeleteMixin, models.TimestampMixin, models.ModelBase):
    __tablename__ = 'things'
    id = sa.Column(sa.String(4), primary_key=True)
    deleted = sa.Column(sa.String(36))
class Account(SQLAlchemyBaseOAuthAccountTable[int], Base):
    id = sa.Column(sa.String(4), primary_key=True)
",
        &["models.py"],
        "CREATE TABLE things (
            id character varying(4) NOT NULL,
            deleted character varying(36),
            deleted_at timestamp without time zone,
            created_at timestamp without time zone,
            updated_at timestamp without time zone,
            CONSTRAINT things_pkey PRIMARY KEY (id)
        );
        CREATE TABLE oauth_account (
            id character varying(4) NOT NULL,
            oauth_name character varying(100) NOT NULL,
            access_token character varying(1024) NOT NULL,
            expires_at integer,
            refresh_token character varying(1024),
            account_id character varying(320) NOT NULL,
            account_email character varying(320) NOT NULL,
            CONSTRAINT oauth_account_pkey PRIMARY KEY (id)
        );
        CREATE INDEX ix_oauth_account_oauth_name ON oauth_account (oauth_name);
        CREATE INDEX ix_oauth_account_account_id ON oauth_account (account_id);",
        &[],
    );
}

#[test]
fn what_cannot_be_seen_is_told() {
    let folder = project(
        "
--- models.py
import os
import sqlalchemy as sa
from elsewhere import Mixin, decorate, columns, StrangeType, make_column
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
class Base(DeclarativeBase):
    pass
@decorate
class A(Mixin, Base):
    __tablename__ = 'a'
    id = sa.Column(sa.Integer, primary_key=True)
    strange = sa.Column(StrangeType)
    odd: Mapped[StrangeType]
class B(Base):
    __tablename__ = os.environ['TABLE']
    id = sa.Column(sa.Integer, primary_key=True)
class C(Base):
    __tablename__ = 'c'
    id = sa.Column(sa.Integer, primary_key=True)
    __table_args__ = columns()
class D(Base):
    __tablename__ = 'd'
    id = sa.Column(sa.ForeignKey('missing.id'), primary_key=True)
    default = sa.Column(sa.Integer, server_default=os.environ['N'])
class E(Base):
    id = sa.Column(sa.Integer, primary_key=True)
",
    );
    let models = read_in(folder.path(), &["models.py"]);
    assert_eq!(
        told(&models),
        [
            "models.py:8: a: the base class `elsewhere.Mixin` of `A`: it is not in the project, so columns that it brings cannot be seen",
            "models.py:8: a: the decorator `elsewhere.decorate` of `A`: it is not in the project, so what it adds cannot be seen",
            "models.py:11: a: elsewhere.StrangeType: the type `elsewhere.StrangeType` is not in the project",
            "models.py:12: a: the type: the Python type `elsewhere.StrangeType` means no type that can be told",
            "models.py:13: the name of the table of `B`: it is `os.environ['TABLE']`",
            "models.py:16: c: `__table_args__` of `C`: it is `elsewhere.columns()`",
            "models.py:20: d: a foreign key to `missing`: that table is not among the models",
            "models.py:20: d: the type of `id`: `missing.id`, which gives it, is not among the models",
            "models.py:23: d: os.environ: the value cannot be written as SQL",
            "models.py:24: the class `E`: nothing that can be seen names its table",
        ]
    );
    let a = models.database.tables.values().find(|t| t.name.name == "a").expect("the table");
    assert!(a.columns[1..].iter().all(|c| matches!(c.data_type.kind, TypeKind::Unknown(_))));
    assert!(!a.tainted, "a type that cannot be told is one column's affair");
    assert!(models.database.tables.values().any(|t| t.name.name == "c" && t.tainted));
}

#[test]
fn an_unknown_schema_or_convention_is_told_once() {
    check(
        "
--- models.py
import os
from sqlalchemy import Column, Integer, MetaData
from sqlalchemy.orm import declarative_base
Base = declarative_base(metadata=MetaData(schema=os.environ.get('SCHEMA')))
class A(Base):
    __tablename__ = 'a'
    id = Column(Integer, primary_key=True, autoincrement=False)
class B(Base):
    __tablename__ = 'b'
    id = Column(Integer, primary_key=True, autoincrement=False)
",
        &["models.py"],
        "CREATE TABLE a (id integer NOT NULL, CONSTRAINT a_pkey PRIMARY KEY (id));
         CREATE TABLE b (id integer NOT NULL, CONSTRAINT b_pkey PRIMARY KEY (id));",
        &[
            "models.py:4: the default schema of the MetaData: it cannot be told; its tables are written without a schema",
        ],
    );
}

#[test]
fn functions_that_nothing_calls_are_followed_as_far_as_they_can_be() {
    let folder = project(
        "
--- models.py
import sqlalchemy as sa
from sqlalchemy import orm
def make(prefix, metadata):
    Base = orm.declarative_base()
    class A(Base):
        __tablename__ = 'a'
        id = sa.Column(sa.Integer, primary_key=True)
    class B(Base):
        __tablename__ = prefix + 'b'
        id = sa.Column(sa.Integer, primary_key=True)
class Store:
    def __init__(self, prefix='p_'):
        self.metadata = sa.MetaData()
    def set_up(self):
        sa.Table('c', self.metadata, sa.Column('id', sa.Integer))
",
    );
    let models = read_in(folder.path(), &["models.py"]);
    assert_eq!(tables(&models), ["a", "c"]);
    let told = told(&models);
    assert!(told.iter().any(|t| t.contains("the name of the table of `B`")), "{told:?}");
    assert!(told.iter().any(|t| t.starts_with("models.py:3: what `make` makes")), "{told:?}");
    assert!(told.iter().any(|t| t.contains("what `set_up` makes")), "{told:?}");
}

#[test]
fn listeners_and_plugins_are_noted() {
    let folder = project(
        "
--- models.py
import sqlalchemy as sa
from sqlalchemy import DDL, event
from sqlalchemy.orm import declarative_base
Base = declarative_base()
class A(Base):
    __tablename__ = 'a'
    __versioned__ = {}
    id = sa.Column(sa.Integer, primary_key=True)
event.listen(A.__table__, 'after_create', DDL('CREATE TRIGGER t'))
@event.listens_for(A, 'before_insert')
def before(mapper, connection, target):
    pass
",
    );
    let models = read_in(folder.path(), &["models.py"]);
    assert_eq!(told(&models), [""; 0]);
    let notes: Vec<String> = models.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "`A`: the table of versions that a plugin adds cannot be seen",
            "a listener on `after_create`: what the listener does is not part of the models",
        ]
    );
}

#[test]
fn a_branch_that_cannot_be_told_and_classes_made_twice() {
    let folder = project(
        "
--- models.py
import os
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base
Base = declarative_base()
if os.environ.get('BIG'):
    class A(Base):
        __tablename__ = 'a'
        id = sa.Column(sa.BigInteger, primary_key=True)
else:
    class A(Base):
        __tablename__ = 'a'
        id = sa.Column(sa.Integer, primary_key=True)
for name in ('x', 'y'):
    sa.Table(f'made_{name}', Base.metadata, sa.Column('id', sa.Integer))
class Meta(type(Base)):
    pass
",
    );
    let models = read_in(folder.path(), &["models.py"]);
    assert_eq!(tables(&models), ["a", "made_x", "made_y"]);
    assert_eq!(models.tables.len(), 3);
}

#[test]
fn two_metadata_with_the_same_table_are_told() {
    check(
        "
--- models.py
from sqlalchemy import Column, MetaData, String, Table
Table('a', MetaData(), Column('id', String(1)))
Table('a', MetaData(), Column('id', String(2)))
",
        &["models.py"],
        "CREATE TABLE a (id character varying(1));",
        &[
            "models.py:3: a: a second table of that name, in another MetaData: it is left out; the first one stands in models.py:2",
        ],
    );
}

#[test]
fn reflected_tables_are_no_models_unless_a_class_is_mapped_to_them() {
    let folder = project(
        "
--- models.py
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base
engine = sa.create_engine('sqlite://')
Base = declarative_base()
version = sa.Table('version', Base.metadata, autoload_with=engine)
class Old(Base):
    __tablename__ = 'old'
    __table_args__ = {'autoload_with': engine}
class Here(Base):
    __tablename__ = 'here'
    __bind_key__ = 'other'
    id = sa.Column(sa.Integer, primary_key=True)
",
    );
    let models = read_in(folder.path(), &["models.py"]);
    assert_eq!(tables(&models), ["here", "old"]);
    assert_eq!(
        told(&models),
        [
            "models.py:5: version: its columns are read from a database; it is left out",
            "models.py:6: old: its columns are read from a database",
        ]
    );
    assert!(models.database.tables.values().any(|t| t.name.name == "old" && t.tainted));
    assert_eq!(
        models.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["`Here`: it has a bind key, so its table stands in another database"]
    );
}

#[test]
fn statements_that_raise_cost_only_what_they_bind() {
    let folder = project(
        "
--- models.py
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base
Base = declarative_base()
def late(type_):
    raise RuntimeError('not yet')
class A(Base):
    __tablename__ = 'a'
    id = sa.Column(sa.String(1), primary_key=True)
    secret = sa.Column(late(sa.String))
late(1)
class B(Base):
    __tablename__ = 'b'
    id = sa.Column(sa.String(1), primary_key=True)
",
    );
    let models = read_in(folder.path(), &["models.py"]);
    assert_eq!(tables(&models), ["a", "b"]);
    assert_eq!(
        told(&models),
        [
            "models.py:9: `secret`, which may be a column: what it stands for raises not yet",
            "models.py:10: the statement raises not yet",
        ]
    );
    assert!(models.database.tables.values().any(|t| t.name.name == "a" && t.tainted));
}

#[test]
fn names_made_by_regular_expressions() {
    let folder = project(
        r"
--- models.py
import re
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, declared_attr
HUMP = re.compile('(?<!^)(?=[A-Z])')
class Base(DeclarativeBase):
    @declared_attr.directive
    def __tablename__(cls):
        return HUMP.sub('_', cls.__name__).lower()
class FlowRunState(Base):
    id = sa.Column(sa.Integer, primary_key=True)
class Other(Base):
    __tablename__ = re.sub(r'([a-z])([A-Z])', r'\1-\2', 'someName')
    id = sa.Column(sa.Integer, primary_key=True)
",
    );
    assert_eq!(tables(&read_in(folder.path(), &["models.py"])), ["flow_run_state", "some-Name"]);
}

#[test]
fn the_habits_service_is_read_whole() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/habits_service");
    let models = read_in(&root, &["app/models"]);
    assert_eq!(models.unresolved, []);
    assert_eq!(models.database.tables.len(), 14);
    assert!(models.database.tables.keys().all(|name| name.schema.as_deref() == Some("habits")));
    assert!(models.database.tables.values().all(|t| !t.tainted));
    let env_py = root.join("alembic/env.py");
    let files = ProjectFiles::new(Vec::new(), Some(root.clone()));
    let settings = Settings::new(Dialect::PostgreSql, Version::V2_0);
    let by_environment = read_environment(&files, &settings, Some(&env_py), &root);
    assert_eq!(tables(&by_environment), tables(&models));
}

#[test]
fn broken_files_and_deep_nesting_do_no_harm() {
    let deep = format!("{}1{}", "(".repeat(5_000), ")".repeat(5_000));
    let folder = project(&format!(
        "
--- models.py
from sqlalchemy import Column, Integer
from sqlalchemy.orm import declarative_base
from deep import x
Base = declarative_base()
class A(Base):
    __tablename__ = 'a'
    id = Column(Integer, primary_key=True)
class Loop(Loop):
    __tablename__ = 'loop'
class B(Base:
--- deep.py
x = {deep}
--- empty.py
"
    ));
    let models = read_in(folder.path(), &["."]);
    assert_eq!(tables(&models), ["a"]);
    assert!(told(&models).iter().any(|t| t.contains("syntax error")), "{:?}", told(&models));
    assert!(read_in(folder.path(), &["empty.py"]).tables.is_empty());
}

#[test]
fn indexes_and_constraints_in_the_body_of_a_class_join_its_table() {
    check(
        "
--- models.py
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base
Base = declarative_base()
class Named:
    label = sa.Column(sa.String(10))
    sa.Index('ix_of_the_mixin', label)
class Order(Named, Base):
    __tablename__ = 'orders'
    id = sa.Column(sa.Integer, primary_key=True)
    day = sa.Column(sa.Date)
    sa.Index('orders_day_idx', day)
    sa.UniqueConstraint(day, id, name='orders_day_once')
class Item(Named, Base):
    __tablename__ = 'items'
    id = sa.Column(sa.Integer, primary_key=True)
    order = sa.Column(sa.Integer)
    twice = sa.Index('items_order_idx', order)
    __table_args__ = (twice,)
",
        &["models.py"],
        "
CREATE SEQUENCE items_id_seq AS integer;
CREATE SEQUENCE orders_id_seq AS integer;
CREATE TABLE orders (id integer DEFAULT nextval('orders_id_seq'::regclass) NOT NULL, day date,
    label character varying(10), CONSTRAINT orders_pkey PRIMARY KEY (id),
    CONSTRAINT orders_day_once UNIQUE (day, id));
CREATE TABLE items (id integer DEFAULT nextval('items_id_seq'::regclass) NOT NULL, \"order\" integer,
    label character varying(10), CONSTRAINT items_pkey PRIMARY KEY (id));
CREATE INDEX orders_day_idx ON orders (day);
CREATE INDEX items_order_idx ON items (\"order\");
ALTER SEQUENCE items_id_seq OWNED BY items.id;
ALTER SEQUENCE orders_id_seq OWNED BY orders.id;
",
        &[],
    );
}

#[test]
fn settings_are_taken_at_their_default_and_the_dialect_answers_for_the_url() {
    let folder = project(
        "
--- settings.py
import os
IS_POSTGRES = os.environ['DATABASE_URL'].startswith('postgres')
IS_SQLITE = 'sqlite' in os.environ['DATABASE_URL']
--- models.py
import sqlalchemy as sa
from datetime import datetime, timezone
from sqlalchemy.orm import declarative_base
from settings import IS_POSTGRES, IS_SQLITE
from elsewhere import config
Base = declarative_base()
prefix = config.options.get('table_prefix', 'app_')
if IS_POSTGRES:
    Numbers = sa.ARRAY(sa.Integer)
else:
    Numbers = sa.PickleType
class Run(Base):
    __tablename__ = prefix + 'runs'
    id = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
    values = sa.Column(Numbers)
    note = sa.Column(sa.String(5) if IS_SQLITE else sa.Text)
    seen = sa.Column(sa.DateTime, server_default=datetime(2024, 2, 3, tzinfo=timezone.utc).isoformat())
    made = sa.Column(sa.DateTime, server_default=str(datetime(2024, 2, 3, 4, 5)))
",
    );
    let models = read_in(folder.path(), &["models.py"]);
    assert_eq!(told(&models), Vec::<String>::new());
    let sql = ddl(&models.database).to_sql();
    assert_eq!(tables(&models), ["app_runs"], "{sql}");
    for line in [
        "\"values\" integer[]",
        "note text",
        "seen timestamp without time zone DEFAULT '2024-02-03T00:00:00+00:00'",
        "made timestamp without time zone DEFAULT '2024-02-03 04:05:00'",
    ] {
        assert!(sql.contains(line), "{line} in\n{sql}");
    }
    let notes: Vec<String> = models.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        ["the setting `table_prefix`: what is configured cannot be told; its default \"app_\" is taken"]
    );
}

#[test]
fn a_setting_of_an_argument_that_nobody_gives_is_taken_at_its_default() {
    let folder = project(
        "
--- models.py
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base
class Connection:
    def __init__(self, connection_config, mapping):
        self.prefix = connection_config.get('table_prefix', '')
        self.suffix = mapping.get('suffix', '')
    def make(self):
        Base = declarative_base()
        class Run(Base):
            __tablename__ = self.prefix + 'run'
            id = sa.Column(sa.Integer, primary_key=True)
        class Other(Base):
            __tablename__ = 'other' + self.suffix
            id = sa.Column(sa.Integer, primary_key=True)
",
    );
    let models = read_in(folder.path(), &["models.py"]);
    assert_eq!(tables(&models), ["run"]);
    let told = told(&models);
    assert!(told.iter().any(|line| line.contains("`Other`") && line.contains("`mapping`")), "{told:?}");
    assert!(models.notes.iter().any(|note| note.what == "the setting `table_prefix`"));
}

#[test]
fn attributes_that_a_class_makes_when_asked() {
    let folder = project(
        "
--- shared.py
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy as Base
class Moment(sa.types.TypeDecorator):
    impl = sa.DateTime(timezone=True)
class SQLAlchemy(Base):
    def __getattr__(self, name):
        if name == 'Moment':
            return Moment
        return super().__getattr__(name)
db = SQLAlchemy()
--- models.py
from shared import db
class Run(db.Model):
    __tablename__ = 'run'
    id = db.Column(db.Integer, primary_key=True)
    at = db.Column(db.Moment)
    until = db.Column(db.Moment())
",
    );
    let models = read_in(folder.path(), &["models.py"]);
    assert_eq!(told(&models), Vec::<String>::new());
    let sql = ddl(&models.database).to_sql();
    for line in ["at timestamp with time zone", "until timestamp with time zone", "id integer DEFAULT"] {
        assert!(sql.contains(line), "{line} in\n{sql}");
    }
}

#[test]
fn a_hidden_naming_convention_is_what_stands_for_it() {
    let text = "
--- conventions.py
NAMES = {'uq': '%(table_name)s_%(column_0_name)s_once', 'pk': 'key_of_%(table_name)s'}
OTHER = {'uq': 1}
def batch(op):
    op.batch_alter_table('t', naming_convention=NAMES)
--- models.py
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base
from company.names import convention
metadata = sa.MetaData(naming_convention=convention)
Base = declarative_base(metadata=metadata)
class User(Base):
    __tablename__ = 'users'
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String, unique=True)
";
    let folder = project(text);
    let files = ProjectFiles::new(Vec::new(), Some(folder.path().to_owned()));
    let mut settings = Settings::new(Dialect::PostgreSql, Version::V2_0);
    let found = cucurbit_models::conventions(&files, &settings, &[folder.path().join("conventions.py")]);
    let [convention] = found.as_slice() else { panic!("{found:?}") };
    settings.convention_otherwise = Some(convention.clone());
    let models = read(&files, &settings, &[folder.path().join("models.py")]);
    let sql = ddl(&models.database).to_sql();
    assert!(sql.contains("CONSTRAINT key_of_users PRIMARY KEY (id)"), "{sql}");
    assert!(sql.contains("CONSTRAINT users_name_once UNIQUE (name)"), "{sql}");
    assert_eq!(told(&models), Vec::<String>::new());
    assert_eq!(models.notes.len(), 1, "{:?}", models.notes);
    // Nothing else is taken for one.
    assert!(models.database.tables.values().all(|t| !t.tainted));
}

#[test]
fn what_a_package_says_of_sqlalchemys_types_counts() {
    let folder = project(
        "
--- app/__init__.py
--- app/db/__init__.py
from sqlalchemy.orm import DeclarativeBase
from . import compiled as _compiled
class Base(DeclarativeBase):
    pass
--- app/db/compiled.py
from sqlalchemy import UUID
from sqlalchemy.ext.compiler import compiles
@compiles(UUID, 'sqlite')
def on_sqlite(type_, compiler, **kw):
    return compiler.visit_uuid(type_, **kw)
--- app/models.py
from sqlalchemy import UUID, Column
from app.db import Base
class User(Base):
    __tablename__ = 'users'
    id = Column(UUID(), primary_key=True)
",
    );
    let files = ProjectFiles::new(Vec::new(), Some(folder.path().to_owned()));
    let settings = Settings::new(Dialect::Sqlite, Version::V2_0);
    let models = read(&files, &settings, &[folder.path().join("app/models.py")]);
    let written = ddl(&models.database).to_sql();
    assert!(written.contains("id CHAR(32) NOT NULL"), "{written}");
}
