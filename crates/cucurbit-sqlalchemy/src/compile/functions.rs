//! Functions and other calls.

use super::methods::modified;
use super::node::{Kind, Node};
use super::{Writer, constant, kind_of, terms};
use crate::settings::{Environment, Unreadable, unreadable};
use crate::terms::Called;
use cucurbit_python::eval::{Evaluator, Value};
use cucurbit_schema::Dialect;

impl Writer<'_> {
    pub(super) fn call<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
    ) -> Result<Node, Unreadable> {
        if let Value::Instance(instance) = value {
            let class = std::rc::Rc::clone(&instance.class);
            if let Some(text) = crate::types::compiled(ev, &class, value) {
                return Ok(Node::atom(text?, Kind::Unknown));
            }
        }
        let Some(call) = terms::called(ev, value) else {
            return Err(unreadable(ev, value, "the expression cannot be told"));
        };
        if let Some(name) = call.name.strip_prefix("func.") {
            let name = name.to_owned();
            return self.function(ev, &name, &call);
        }
        let untold = |ev: &mut Evaluator<'_, H>| unreadable(ev, value, "the expression cannot be told");
        let dialect = ev.host.settings().dialect;
        let positional = &call.arguments.positional;
        let Some(first) = positional.first().or_else(|| call.arguments.keywords.first().map(|(_, v)| v))
        else {
            return match call.name.as_ref() {
                "null" | "Null" => Ok(Node::atom("NULL", Kind::Unknown)),
                "true" | "True_" => Ok(constant(true, dialect)),
                "false" | "False_" => Ok(constant(false, dialect)),
                "and_" => Ok(constant(true, dialect)),
                "or_" => Ok(constant(false, dialect)),
                _ => Err(untold(ev)),
            };
        };
        match (call.name.as_ref(), positional.as_slice()) {
            ("text", _) => match terms::text_of(ev, first) {
                Some(text) => Ok(Node::atom(self.plain(ev, value, &text, &[])?, Kind::Unknown)),
                None => Err(unreadable(ev, first, "the SQL cannot be told")),
            },
            ("literal_column", _) => match terms::text_of(ev, first) {
                Some(text) => Ok(Node::atom(text, Kind::Unknown)),
                None => Err(unreadable(ev, first, "the SQL cannot be told")),
            },
            ("literal", _) => self.argument(ev, first, None),
            ("bindparam", _) => match call.arguments.get(1, "value") {
                Some(given) => self.argument(ev, given, None),
                None => Err(untold(ev)),
            },
            ("and_", parts) => self.junction(ev, "AND", parts),
            ("or_", parts) => self.junction(ev, "OR", parts),
            ("not_", [only]) => self.not(ev, only),
            ("cast", [inner, data_type]) => self.cast(ev, value, inner, data_type),
            ("type_coerce", [inner, data_type]) => {
                let node = self.argument(ev, inner, None)?;
                let kind = kind_of(&crate::data_type(ev, data_type, call.place));
                Ok(Node { kind, data_type: Some(data_type.clone()), ..node })
            }
            ("case", _) => self.case(ev, value, &call),
            ("extract", [field, inner]) => self.extract(ev, value, field, inner),
            ("between", [inner, low, high]) => self.between(ev, [inner, low, high]),
            ("collate", [inner, collation]) => self.collated(ev, value, inner, Some(collation)),
            ("desc", [inner]) => Ok(modified(&self.expression(ev, inner)?, "DESC")),
            ("asc", [inner]) => Ok(modified(&self.expression(ev, inner)?, "ASC")),
            ("nulls_first" | "nullsfirst", [inner]) => {
                Ok(modified(&self.expression(ev, inner)?, "NULLS FIRST"))
            }
            ("nulls_last" | "nullslast", [inner]) => Ok(modified(&self.expression(ev, inner)?, "NULLS LAST")),
            ("distinct", [inner]) => {
                let node = self.expression(ev, inner)?;
                Ok(Node::atom(format!("DISTINCT {}", node.text), node.kind))
            }
            ("label", [_, inner]) => self.expression(ev, inner),
            ("tuple_", parts) => {
                let texts = self.texts(ev, parts)?;
                Ok(Node::atom(format!("({})", texts.join(", ")), Kind::Other))
            }
            ("postgresql.array", _) if dialect == Dialect::PostgreSql => {
                let Some(items) = terms::items(ev, first) else { return Err(untold(ev)) };
                let texts = self.texts(ev, &items)?;
                Ok(Node::atom(format!("ARRAY[{}]", texts.join(", ")), Kind::Array))
            }
            _ => Err(untold(ev)),
        }
    }

    fn texts<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        values: &[Value],
    ) -> Result<Vec<String>, Unreadable> {
        values.iter().map(|v| self.argument(ev, v, None).map(|n| n.text)).collect()
    }

    fn function<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        name: &str,
        call: &Called,
    ) -> Result<Node, Unreadable> {
        let dialect = ev.host.settings().dialect;
        let mut nodes = Vec::with_capacity(call.arguments.positional.len());
        for value in &call.arguments.positional {
            nodes.push(self.argument(ev, value, None)?);
        }
        let last = name.rsplit('.').next().unwrap_or(name).to_lowercase();
        let is_plain = !name.contains('.');
        let kind = match last.as_str() {
            "lower" | "upper" | "coalesce" | "max" | "min" | "sum" => {
                nodes.first().map_or(Kind::Unknown, |n| n.kind)
            }
            "concat" => Kind::Text,
            "count" | "char_length" => Kind::Whole,
            "now" | "current_timestamp" | "current_date" | "current_time" | "localtime"
            | "localtimestamp" => Kind::Other,
            _ => Kind::Unknown,
        };
        let kind = match call.arguments.keyword("type_").cloned() {
            Some(data_type) => kind_of(&crate::data_type(ev, &data_type, call.place)),
            None => kind,
        };
        let fixed = match (last.as_str(), dialect) {
            ("now", Dialect::Sqlite) => Some("CURRENT_TIMESTAMP"),
            ("localtimestamp", Dialect::Sqlite) if ev.host.settings().version >= crate::Version::V2_0 => {
                Some("DATETIME(CURRENT_TIMESTAMP, 'localtime')")
            }
            ("localtimestamp", Dialect::Sqlite) => Some("DATETIME(CURRENT_TIMESTAMP, \"localtime\")"),
            ("sysdate", Dialect::MySql | Dialect::MariaDb) => Some("SYSDATE()"),
            ("random", Dialect::MySql | Dialect::MariaDb) if nodes.is_empty() => Some("rand()"),
            ("current_timestamp", _) => Some("CURRENT_TIMESTAMP"),
            ("current_date", _) => Some("CURRENT_DATE"),
            ("current_time", _) => Some("CURRENT_TIME"),
            ("localtime", _) => Some("LOCALTIME"),
            ("localtimestamp", _) => Some("LOCALTIMESTAMP"),
            ("current_user", _) => Some("CURRENT_USER"),
            ("session_user", _) => Some("SESSION_USER"),
            ("user", _) => Some("USER"),
            ("sysdate", _) => Some("sysdate"),
            _ => None,
        };
        if let Some(text) = fixed.filter(|_| is_plain || last == "now") {
            let takes = nodes.is_empty() || text.ends_with(')') || last == "now";
            let arguments: Vec<String> = nodes.into_iter().map(|n| n.text).collect();
            let text = if takes { text.to_owned() } else { format!("{text}({})", arguments.join(", ")) };
            return Ok(Node::atom(text, kind));
        }
        let texts: Vec<String> = nodes.into_iter().map(|n| n.text).collect();
        let name = match (last.as_str(), dialect) {
            ("char_length", Dialect::Sqlite) if is_plain => "length",
            _ => name,
        };
        if last == "count" && is_plain && texts.is_empty() {
            return Ok(Node::atom("count(*)", kind));
        }
        Ok(Node::atom(format!("{name}({})", texts.join(", ")), kind))
    }

    pub(super) fn cast<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        inner: &Value,
        data_type: &Value,
    ) -> Result<Node, Unreadable> {
        let dialect = ev.host.settings().dialect;
        let node = self.argument(ev, inner, None)?;
        let place = terms::place_of(value).unwrap_or(terms::NOWHERE);
        let reading = crate::data_type(ev, data_type, place);
        let kind = kind_of(&reading);
        let written = match (reading.ddl, dialect.is_mysql()) {
            (Some(text), false) => text,
            (Some(text), true) => match on_mysql(&text) {
                Some(text) => text,
                None => return Err(unreadable(ev, value, "MySQL has no such cast")),
            },
            // A `String` without a length can be cast to, though no column can have it.
            (None, true) if kind == Kind::Text => "CHAR".to_owned(),
            (None, _) => {
                let problem = reading.problems.into_iter().next();
                return Err(
                    problem.unwrap_or_else(|| unreadable(ev, value, "the type of a cast cannot be told"))
                );
            }
        };
        let cast = Node::atom(format!("CAST({} AS {written})", node.text), kind);
        Ok(Node { data_type: Some(data_type.clone()), ..cast })
    }

    fn case<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        call: &Called,
    ) -> Result<Node, Unreadable> {
        let untold = |ev: &mut Evaluator<'_, H>| unreadable(ev, value, "the expression cannot be told");
        let subject = call.arguments.keyword("value").cloned().filter(|v| !v.is_none());
        let otherwise = call.arguments.keyword("else_").cloned().filter(|v| !v.is_none());
        let mut pairs: Vec<(Value, Value)> = Vec::new();
        for part in &call.arguments.positional {
            match part {
                Value::Dict(items) => pairs.extend(items.borrow().iter().cloned()),
                Value::List(items) => {
                    for item in items.borrow().iter() {
                        match item.sequence().as_deref() {
                            Some([when, then]) => pairs.push((when.clone(), then.clone())),
                            _ => return Err(untold(ev)),
                        }
                    }
                }
                other => match other.sequence().as_deref() {
                    Some([when, then]) => pairs.push((when.clone(), then.clone())),
                    _ => return Err(untold(ev)),
                },
            }
        }
        if pairs.is_empty() {
            return Err(untold(ev));
        }
        let mut text = "CASE".to_owned();
        let subject = match &subject {
            Some(subject) => {
                let node = self.argument(ev, subject, None)?;
                text.push(' ');
                text.push_str(&node.text);
                Some(node)
            }
            None => None,
        };
        let mut kind = Kind::Unknown;
        for (when, then) in &pairs {
            let when = self.argument(ev, when, subject.as_ref())?;
            let then = self.argument(ev, then, None)?;
            kind = then.kind;
            text.push_str(&format!(" WHEN {} THEN {}", when.grouped(), then.text));
        }
        if let Some(otherwise) = &otherwise {
            text.push_str(&format!(" ELSE {}", self.argument(ev, otherwise, None)?.text));
        }
        text.push_str(" END");
        Ok(Node::atom(text, kind))
    }

    fn extract<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        field: &Value,
        inner: &Value,
    ) -> Result<Node, Unreadable> {
        let node = self.argument(ev, inner, None)?;
        let Some(field) = terms::text_of(ev, field) else {
            return Err(unreadable(ev, value, "the field cannot be told"));
        };
        let text = if ev.host.settings().dialect == Dialect::Sqlite {
            let format = match field.as_str() {
                "month" => "%m",
                "day" => "%d",
                "year" => "%Y",
                "second" => "%S",
                "hour" => "%H",
                "doy" => "%j",
                "minute" => "%M",
                "epoch" => "%s",
                "dow" => "%w",
                "week" => "%W",
                _ => return Err(unreadable(ev, value, "SQLite has no such field")),
            };
            format!("CAST(STRFTIME('{format}', {}) AS INTEGER)", node.text)
        } else {
            format!("EXTRACT({field} FROM {})", node.text)
        };
        Ok(Node::atom(text, Kind::Whole))
    }
}

/// What MySQL casts to for a type.
fn on_mysql(text: &str) -> Option<String> {
    let (name, rest) = match text.find('(') {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let mut words = name.split_whitespace();
    Some(match words.next()? {
        "INTEGER" | "SMALLINT" | "BIGINT" | "MEDIUMINT" | "TINYINT" if text.contains("UNSIGNED") => {
            "UNSIGNED INTEGER".to_owned()
        }
        "INTEGER" | "SMALLINT" | "BIGINT" | "MEDIUMINT" | "TINYINT" => "SIGNED INTEGER".to_owned(),
        "VARCHAR" | "CHAR" if rest.ends_with(')') => format!("CHAR{rest}"),
        "CHAR" | "TEXT" | "TINYTEXT" | "MEDIUMTEXT" | "LONGTEXT" => "CHAR".to_owned(),
        "NUMERIC" | "DECIMAL" => format!("DECIMAL{rest}"),
        "BLOB" | "BINARY" | "VARBINARY" | "TINYBLOB" | "MEDIUMBLOB" | "LONGBLOB" => "BINARY".to_owned(),
        "DATE" | "DATETIME" | "TIME" | "JSON" => text.to_owned(),
        "TIMESTAMP" => "DATETIME".to_owned(),
        _ => return None,
    })
}
