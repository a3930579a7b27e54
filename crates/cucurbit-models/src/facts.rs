//! Classes of other packages that models inherit from: the columns that they bring.
//!
//! Facts about published packages, by the names under which they are imported.

use crate::host::Ev;
use cucurbit_python::eval::{Arguments, Place, TermKind, Value};
use std::rc::Rc;

/// A class of another package.
#[derive(Debug)]
pub(crate) struct Mixin {
    /// Package and name.
    names: &'static [(&'static str, &'static str)],
    pub(crate) columns: &'static [Fact],
    /// Its `__tablename__`.
    pub(crate) table: Option<&'static str>,
    /// It is a declarative base.
    pub(crate) is_root: bool,
    /// It is a model of SQLModel.
    pub(crate) is_sqlmodel: bool,
}

/// A column of such a class.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fact {
    pub(crate) name: &'static str,
    kind: Kind,
    nullable: bool,
    /// Keyword arguments that are true.
    flags: &'static [&'static str],
    /// What a foreign key points at, and its `ondelete`.
    target: Option<(&'static str, &'static str)>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// A class without arguments.
    Plain(&'static str),
    /// A class with a length.
    Sized(&'static str, i64),
    /// A class with `timezone=True`.
    Zoned(&'static str),
}

use Kind::{Plain, Sized, Zoned};

const fn fact(name: &'static str, kind: Kind) -> Fact {
    Fact { name, kind, nullable: true, flags: &[], target: None }
}

const fn needed(name: &'static str, kind: Kind) -> Fact {
    Fact { name, kind, nullable: false, flags: &[], target: None }
}

const fn flagged(name: &'static str, kind: Kind, flags: &'static [&'static str]) -> Fact {
    Fact { name, kind, nullable: false, flags, target: None }
}

const fn points(name: &'static str, kind: Kind, to: &'static str, on_delete: &'static str) -> Fact {
    Fact { name, kind, nullable: false, flags: &[], target: Some((to, on_delete)) }
}

const DATE_TIME: Kind = Plain("sqlalchemy.DateTime");
const INTEGER: Kind = Plain("sqlalchemy.Integer");
const BOOLEAN: Kind = Plain("sqlalchemy.Boolean");
const GUID: Kind = Plain("fastapi_users_db_sqlalchemy.generics.GUID");
const MODEL_GUID: Kind = Plain("sqlalchemy.Uuid");
const AUTO_STRING: Kind = Plain("sqlmodel.AutoString");
const KEY: &[&str] = &["primary_key"];
const UNIQUE_INDEX: &[&str] = &["unique", "index"];
const INDEX: &[&str] = &["index"];

const USER: &[Fact] = &[
    flagged("email", Sized("sqlalchemy.String", 320), UNIQUE_INDEX),
    needed("hashed_password", Sized("sqlalchemy.String", 1024)),
    needed("is_active", BOOLEAN),
    needed("is_superuser", BOOLEAN),
    needed("is_verified", BOOLEAN),
];

const USER_WITH_ID: &[Fact] = &[flagged("id", GUID, KEY), USER[0], USER[1], USER[2], USER[3], USER[4]];

const ACCOUNT: &[Fact] = &[
    flagged("oauth_name", Sized("sqlalchemy.String", 100), INDEX),
    needed("access_token", Sized("sqlalchemy.String", 1024)),
    fact("expires_at", INTEGER),
    fact("refresh_token", Sized("sqlalchemy.String", 1024)),
    flagged("account_id", Sized("sqlalchemy.String", 320), INDEX),
    needed("account_email", Sized("sqlalchemy.String", 320)),
];

const ACCOUNT_WITH_ID: &[Fact] = &[
    flagged("id", GUID, KEY),
    points("user_id", GUID, "user.id", "cascade"),
    ACCOUNT[0],
    ACCOUNT[1],
    ACCOUNT[2],
    ACCOUNT[3],
    ACCOUNT[4],
    ACCOUNT[5],
];

const TOKEN: &[Fact] = &[
    flagged("token", Sized("sqlalchemy.String", 43), KEY),
    flagged("created_at", Zoned("fastapi_users_db_sqlalchemy.generics.TIMESTAMPAware"), INDEX),
];

const TOKEN_WITH_USER: &[Fact] = &[points("user_id", GUID, "user.id", "cascade"), TOKEN[0], TOKEN[1]];

const MODEL_USER: &[Fact] = &[
    flagged("id", MODEL_GUID, KEY),
    flagged("email", AUTO_STRING, UNIQUE_INDEX),
    needed("hashed_password", AUTO_STRING),
    needed("is_active", BOOLEAN),
    needed("is_superuser", BOOLEAN),
    needed("is_verified", BOOLEAN),
];

const MODEL_ACCOUNT: &[Fact] = &[
    flagged("id", MODEL_GUID, KEY),
    points("user_id", MODEL_GUID, "user.id", ""),
    flagged("oauth_name", AUTO_STRING, INDEX),
    needed("access_token", AUTO_STRING),
    fact("expires_at", INTEGER),
    fact("refresh_token", AUTO_STRING),
    flagged("account_id", AUTO_STRING, INDEX),
    needed("account_email", AUTO_STRING),
];

const MODEL_TOKEN: &[Fact] = &[
    flagged("token", Sized("sqlmodel.AutoString", 43), KEY),
    flagged("created_at", Zoned("fastapi_users_db_sqlmodel.generics.TIMESTAMPAware"), INDEX),
    points("user_id", MODEL_GUID, "user.id", ""),
];

const fn mixin(names: &'static [(&'static str, &'static str)], columns: &'static [Fact]) -> Mixin {
    Mixin { names, columns, table: None, is_root: false, is_sqlmodel: false }
}

const FASTAPI: &str = "fastapi_users_db_sqlalchemy";
const FASTAPI_MODEL: &str = "fastapi_users_db_sqlmodel";

static MIXINS: &[Mixin] = &[
    mixin(&[("oslo_db", "ModelBase"), ("oslo_db", "ModelIterator")], &[]),
    mixin(&[("oslo_db", "TimestampMixin")], &[fact("created_at", DATE_TIME), fact("updated_at", DATE_TIME)]),
    mixin(&[("oslo_db", "SoftDeleteMixin")], &[fact("deleted_at", DATE_TIME), fact("deleted", INTEGER)]),
    mixin(
        &[("sqlalchemy_utils", "Timestamp")],
        &[needed("created", DATE_TIME), needed("updated", DATE_TIME)],
    ),
    Mixin { table: Some("user"), ..mixin(&[(FASTAPI, "SQLAlchemyBaseUserTable")], USER) },
    Mixin { table: Some("user"), ..mixin(&[(FASTAPI, "SQLAlchemyBaseUserTableUUID")], USER_WITH_ID) },
    Mixin { table: Some("oauth_account"), ..mixin(&[(FASTAPI, "SQLAlchemyBaseOAuthAccountTable")], ACCOUNT) },
    Mixin {
        table: Some("oauth_account"),
        ..mixin(&[(FASTAPI, "SQLAlchemyBaseOAuthAccountTableUUID")], ACCOUNT_WITH_ID)
    },
    Mixin { table: Some("accesstoken"), ..mixin(&[(FASTAPI, "SQLAlchemyBaseAccessTokenTable")], TOKEN) },
    Mixin {
        table: Some("accesstoken"),
        ..mixin(&[(FASTAPI, "SQLAlchemyBaseAccessTokenTableUUID")], TOKEN_WITH_USER)
    },
    Mixin {
        table: Some("user"),
        is_sqlmodel: true,
        ..mixin(&[(FASTAPI_MODEL, "SQLModelBaseUserDB")], MODEL_USER)
    },
    Mixin {
        table: Some("oauthaccount"),
        is_sqlmodel: true,
        ..mixin(&[(FASTAPI_MODEL, "SQLModelBaseOAuthAccount")], MODEL_ACCOUNT)
    },
    Mixin {
        table: Some("accesstoken"),
        is_sqlmodel: true,
        ..mixin(&[(FASTAPI_MODEL, "SQLModelBaseAccessToken")], MODEL_TOKEN)
    },
    Mixin { is_root: true, ..mixin(&[("flask_appbuilder", "Model")], &[]) },
    mixin(
        &[("flask_appbuilder", "AuditMixin")],
        &[
            needed("created_on", DATE_TIME),
            needed("changed_on", DATE_TIME),
            points("created_by_fk", INTEGER, "ab_user.id", ""),
            points("changed_by_fk", INTEGER, "ab_user.id", ""),
        ],
    ),
];

/// Finds a class by the dotted name that it is imported by.
pub(crate) fn find(dotted: &str) -> Option<&'static Mixin> {
    let package = dotted.split('.').next()?;
    let name = dotted.rsplit('.').next()?;
    // `fastapi_users.db` gives the same classes on.
    let package = match package {
        "fastapi_users" if name.starts_with("SQLModel") => FASTAPI_MODEL,
        "fastapi_users" => FASTAPI,
        other => other,
    };
    MIXINS.iter().find(|m| m.names.contains(&(package, name)))
}

impl Fact {
    /// Makes the column as the package would.
    pub(crate) fn column(&self, ev: &mut Ev<'_>, place: Place) -> Value {
        let external = |name: &str| Value::External(Rc::from(name));
        let data_type = match self.kind {
            Plain(class) => external(class),
            Sized(class, length) => {
                let arguments = Arguments { positional: vec![Value::Int(length)], ..Arguments::default() };
                ev.term(TermKind::Call, external(class), "", arguments, place)
            }
            Zoned(class) => {
                let keywords = vec![(Rc::from("timezone"), Value::Bool(true))];
                let arguments = Arguments { keywords, ..Arguments::default() };
                ev.term(TermKind::Call, external(class), "", arguments, place)
            }
        };
        let mut positional = vec![data_type];
        if let Some((target, on_delete)) = self.target {
            let mut keywords = Vec::new();
            if !on_delete.is_empty() {
                keywords.push((Rc::from("ondelete"), Value::str(on_delete)));
            }
            let arguments = Arguments { positional: vec![Value::str(target)], keywords, open: false };
            let callee = external("sqlalchemy.ForeignKey");
            positional.push(ev.term(TermKind::Call, callee, "", arguments, place));
        }
        let mut keywords: Vec<(Rc<str>, Value)> =
            self.flags.iter().map(|flag| (Rc::from(*flag), Value::Bool(true))).collect();
        keywords.push((Rc::from("nullable"), Value::Bool(self.nullable)));
        let arguments = Arguments { positional, keywords, open: false };
        ev.term(TermKind::Call, external("sqlalchemy.Column"), "", arguments, place)
    }
}
