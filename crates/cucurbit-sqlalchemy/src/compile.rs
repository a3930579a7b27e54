//! SQL expressions, as SQLAlchemy compiles them for DDL.

mod functions;
mod methods;
mod node;
mod operators;

use crate::constraints::of_reading;
use crate::convention::NamedColumn;
use crate::reading::{Affinity, ColumnReading, TypeReading};
use crate::settings::{Environment, Unreadable, unreadable};
use crate::stored::StoredText;
use crate::{quoting, terms};
use cucurbit_python::eval::{Evaluator, TermKind, Value};
use cucurbit_schema::{Dialect, TypeKind};
use node::{Kind, Node};

/// How deep expressions may nest.
const MAX_DEPTH: usize = 60;

/// The columns among which an expression stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) columns: &'a [ColumnReading],
}

/// An expression as text, with the columns that stand in it.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) text: String,
    pub(crate) columns: Vec<NamedColumn>,
}

/// Writes an SQL expression as it stands in DDL, values written out.
///
/// # Errors
/// Why it cannot be told.
pub fn compile<H: Environment>(ev: &mut Evaluator<'_, H>, value: &Value) -> Result<String, Unreadable> {
    in_ddl(ev, value, Scope { columns: &[] }).map(|c| c.text)
}

/// Writes an expression where a string is SQL too.
pub(crate) fn in_ddl<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    scope: Scope<'_>,
) -> Result<Compiled, Unreadable> {
    let mut writer = Writer { scope, columns: Vec::new(), depth: 0, inside: false };
    if let Some(text) = terms::text_of(ev, value) {
        let text = writer.plain(ev, value, &text, &[])?;
        return Ok(Compiled { text, columns: Vec::new() });
    }
    let node = writer.expression(ev, value)?;
    Ok(Compiled { text: node.text, columns: writer.columns })
}

/// Says whether a value is an SQL expression that stands for itself, so that operators belong to it.
fn is_expression(value: &Value) -> bool {
    matches!(value, Value::Term(_) | Value::External(_) | Value::Host(_))
}

/// Writes one expression.
struct Writer<'s> {
    scope: Scope<'s>,
    columns: Vec<NamedColumn>,
    depth: usize,
    /// The expression is an operand.
    inside: bool,
}

impl Writer<'_> {
    fn expression<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
    ) -> Result<Node, Unreadable> {
        if self.depth > MAX_DEPTH {
            return Err(unreadable(ev, value, "the expression nests too deep"));
        }
        self.depth += 1;
        let result = self.expression_inner(ev, value);
        self.depth -= 1;
        result
    }

    fn expression_inner<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
    ) -> Result<Node, Unreadable> {
        if let Some(node) = self.column(ev, value) {
            return Ok(node);
        }
        match value {
            Value::Term(term) => match term.kind {
                TermKind::Operation => self.operation(ev, value, &term.name, &term.arguments.positional),
                TermKind::Attribute => self.attribute(ev, value, &term.callee, &term.name),
                TermKind::Subscript => self.item(ev, value, &term.callee, &term.arguments.positional),
                TermKind::Call => {
                    if term.arguments.open {
                        return Err(unreadable(ev, value, "some arguments of the expression cannot be told"));
                    }
                    if let Some((receiver, method, term)) = terms::method(value) {
                        return self.method(ev, value, receiver, method, &term.arguments);
                    }
                    match &term.callee {
                        // `x.op('~')('y')`
                        Value::Term(operator) => self.custom(ev, value, operator, &term.arguments),
                        _ => self.call(ev, value),
                    }
                }
            },
            Value::Instance(_) => self.call(ev, value),
            Value::Host(_) if value.host::<StoredText>().is_some() => {
                let text = value.host::<StoredText>().map(|t| t.0.to_string());
                Ok(Node::atom(text.unwrap_or_default(), Kind::Unknown))
            }
            Value::Unknown(_) => Err(unreadable(ev, value, "the expression")),
            _ => self.literal(ev, value, None),
        }
    }

    /// An expression or a value, as operand beside another.
    fn operand<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        beside: Option<&Node>,
    ) -> Result<Node, Unreadable> {
        let outer = std::mem::replace(&mut self.inside, true);
        let result = self.argument(ev, value, beside);
        self.inside = outer;
        result
    }

    /// An expression or a value.
    fn argument<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        beside: Option<&Node>,
    ) -> Result<Node, Unreadable> {
        match value {
            Value::Instance(_) => match self.literal(ev, value, beside) {
                Ok(node) => Ok(node),
                Err(_) => self.expression(ev, value),
            },
            value if is_expression(value) || matches!(value, Value::Unknown(_)) => self.expression(ev, value),
            value => self.literal(ev, value, beside),
        }
    }

    /// A value written out.
    fn literal<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        beside: Option<&Node>,
    ) -> Result<Node, Unreadable> {
        let dialect = ev.host.settings().dialect;
        if let Value::Instance(member) = value
            && let Some(data_type) = beside.and_then(|b| b.data_type.clone())
            && is_of(&data_type, &member.class)
            && let Some(labels) = crate::types::labels_of(ev, &data_type)
        {
            let class = std::rc::Rc::clone(&member.class);
            let members = ev.enum_members(&class).unwrap_or_default();
            let is_same = |m: &Value| matches!(m, Value::Instance(m) if std::rc::Rc::ptr_eq(m, member));
            if let Some(at) = members.iter().position(is_same)
                && members.len() == labels.len()
            {
                return Ok(Node::atom(quoting::string(&labels[at], dialect), Kind::Text));
            }
        }
        Ok(match value {
            Value::None => Node::atom("NULL", Kind::Unknown),
            Value::Bool(flag) => constant(*flag, dialect),
            Value::Int(int) => Node::atom(int.to_string(), Kind::Whole),
            Value::Float(_) => Node::atom(ev.describe(value), Kind::Number),
            other => match terms::text_of(ev, other) {
                Some(text) => Node::atom(quoting::string(&text, dialect), Kind::Text),
                None => return Err(unreadable(ev, value, "the value cannot be written as SQL")),
            },
        })
    }

    fn column<H: Environment>(&mut self, ev: &mut Evaluator<'_, H>, value: &Value) -> Option<Node> {
        let column = column_of(ev, value, self.scope.columns)?;
        let text = quoting::name(&column.name, ev.host.settings().dialect);
        let found = self.scope.columns.iter().find(|c| c.column.name == column.name);
        let own = crate::calls::settle_column(ev, value).and_then(|c| terms::called(ev, &c));
        let data_type = own.and_then(|c| crate::column::type_argument(ev, &c.arguments));
        let kind = match (found, &data_type) {
            (Some(found), _) => kind_of(&found.data_type),
            (None, Some(data_type)) => {
                let place = terms::place_of(value).unwrap_or(terms::NOWHERE);
                kind_of(&crate::data_type(ev, &data_type.clone(), place))
            }
            (None, None) => Kind::Unknown,
        };
        if !self.columns.contains(&column) {
            self.columns.push(column);
        }
        Some(Node { data_type, ..Node::atom(text, kind) })
    }

    /// SQL as written; `:name` stands for a value that must be known.
    fn plain<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        text: &str,
        values: &[(std::rc::Rc<str>, Value)],
    ) -> Result<String, Unreadable> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        let mut before: Option<char> = None;
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        while let Some(c) = rest.chars().next() {
            let after = &rest[c.len_utf8()..];
            if c == '\\' && after.starts_with(':') {
                let word: usize =
                    after[1..].chars().take_while(|c| is_word(*c) || *c == '$').map(char::len_utf8).sum();
                if !after[1 + word..].starts_with(':') {
                    out.push_str(&after[..=word]);
                    before = after[..=word].chars().last();
                    rest = &after[1 + word..];
                    continue;
                }
            }
            if c == ':' && !before.is_some_and(|b| b == ':' || b == '\\' || is_word(b)) {
                let word: usize = after.chars().take_while(|c| is_word(*c)).map(char::len_utf8).sum();
                if word > 0 && !after[word..].starts_with(':') {
                    let name = &after[..word];
                    let Some((_, given)) = values.iter().find(|(n, _)| n.as_ref() == name) else {
                        return Err(unreadable(ev, value, &format!("the value of `:{name}` cannot be told")));
                    };
                    let given = given.clone();
                    out.push_str(&self.argument(ev, &given, None)?.text);
                    before = name.chars().last();
                    rest = &after[word..];
                    continue;
                }
            }
            out.push(c);
            before = Some(c);
            rest = after;
        }
        Ok(out)
    }
}

/// Says whether a type is an enum of that class (`Enum(Color)`).
fn is_of(data_type: &Value, class: &std::rc::Rc<cucurbit_python::eval::Class>) -> bool {
    let Value::Term(term) = data_type else { return false };
    matches!(term.arguments.positional.first(), Some(Value::Class(c)) if std::rc::Rc::ptr_eq(c, class))
}

/// What a type of a column is to operators.
fn kind_of(reading: &TypeReading) -> Kind {
    match reading.affinity {
        Affinity::String => return Kind::Text,
        Affinity::Integer => return Kind::Whole,
        Affinity::Numeric => return Kind::Number,
        Affinity::Other | Affinity::Unknown => {}
    }
    match (&reading.data_type.kind, reading.ddl.as_deref()) {
        (_, Some("BOOLEAN" | "BOOL")) => Kind::Boolean,
        (_, Some("JSON" | "JSONB")) => Kind::Json,
        (TypeKind::Array { .. }, _) => Kind::Array,
        (TypeKind::Unknown(_), _) => Kind::Unknown,
        _ => Kind::Other,
    }
}

/// `true` or `false` as the dialect has it.
fn constant(flag: bool, dialect: Dialect) -> Node {
    let text = match (dialect, flag) {
        (Dialect::Sqlite, true) => "1",
        (Dialect::Sqlite, false) => "0",
        (_, true) => "true",
        (_, false) => "false",
    };
    Node { constant: Some(flag), ..Node::atom(text, Kind::Boolean) }
}

/// The column that a value stands for.
pub(crate) fn column_of<H: Environment>(
    ev: &mut Evaluator<'_, H>,
    value: &Value,
    columns: &[ColumnReading],
) -> Option<NamedColumn> {
    if let Some(settled) = crate::calls::settle_column(ev, value) {
        if let Value::Term(term) = &settled
            && let Some(found) = columns.iter().find(|c| c.serial == Some(term.serial))
        {
            return Some(of_reading(found));
        }
        let name = crate::column::name_of(ev, &settled)?;
        let key = terms::called(ev, &settled)
            .and_then(|c| c.arguments.keyword("key").cloned())
            .and_then(|k| terms::text_of(ev, &k));
        return Some(NamedColumn { key: key.unwrap_or_else(|| name.clone()), name });
    }
    if let Some((_, name)) = H::column_home(ev, value) {
        return Some(NamedColumn::new(name));
    }
    let (owner, name) = terms::attribute_term(value)?;
    let (owner, name) = (owner.clone(), name.to_owned());
    match terms::attribute_term(&owner) {
        Some((_, "c" | "columns")) => Some(NamedColumn::new(name)),
        _ => None,
    }
}
