//! Methods of expressions, attributes and items.

use super::node::{Kind, Node, binding};
use super::operators::negated;
use super::{Writer, terms};
use crate::quoting;
use crate::settings::{Environment, Unreadable, unreadable};
use cucurbit_python::eval::{Arguments, Evaluator, Term, Value};
use cucurbit_schema::Dialect;
use std::rc::Rc;

impl Writer<'_> {
    pub(super) fn method<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        receiver: &Value,
        method: &str,
        arguments: &Arguments,
    ) -> Result<Node, Unreadable> {
        let untold = |ev: &mut Evaluator<'_, H>| unreadable(ev, value, "the expression cannot be told");
        let first = arguments.positional.first().or_else(|| arguments.keywords.first().map(|(_, v)| v));
        let dialect = ev.host.settings().dialect;
        let Some(first) = first else {
            let node = self.expression(ev, receiver)?;
            let behind = match method {
                "desc" => "DESC",
                "asc" => "ASC",
                "nulls_first" | "nullsfirst" => "NULLS FIRST",
                "nulls_last" | "nullslast" => "NULLS LAST",
                "self_group" | "scalar_subquery" | "unique_params" => return Ok(node),
                "distinct" => return Ok(Node::atom(format!("DISTINCT {}", node.text), node.kind)),
                "as_string" | "as_integer" | "as_float" | "as_boolean" | "as_json" => {
                    return self.json_as(ev, value, receiver, method);
                }
                _ => return Err(untold(ev)),
            };
            return Ok(modified(&node, behind));
        };
        match method {
            "in_" => self.contained(ev, value, receiver, Some(first), false),
            "not_in" | "notin_" => self.contained(ev, value, receiver, Some(first), true),
            "is_" => self.identity(ev, receiver, first, false),
            "is_not" | "isnot" => self.identity(ev, receiver, first, true),
            "__eq__" => self.compare(ev, receiver, "=", first),
            "__ne__" => self.compare(ev, receiver, "!=", first),
            "__lt__" => self.compare(ev, receiver, "<", first),
            "__gt__" => self.compare(ev, receiver, ">", first),
            "like" if plain(arguments) => self.word(ev, receiver, "LIKE", first, false),
            "not_like" | "notlike" if plain(arguments) => self.word(ev, receiver, "LIKE", first, true),
            "ilike" if plain(arguments) => self.word(ev, receiver, "ILIKE", first, false),
            "not_ilike" | "notilike" if plain(arguments) => self.word(ev, receiver, "ILIKE", first, true),
            "regexp_match" if plain(arguments) => {
                let operator = if dialect == Dialect::PostgreSql { "~" } else { "REGEXP" };
                self.binary(ev, receiver, operator, 5, first)
            }
            "startswith" if plain(arguments) => self.part_of(ev, receiver, first, [false, true]),
            "endswith" if plain(arguments) => self.part_of(ev, receiver, first, [true, false]),
            "contains" if plain(arguments) => match self.expression(ev, receiver)?.kind {
                Kind::Array => self.arrays(ev, receiver, "@>", first),
                Kind::Json | Kind::Other => Err(untold(ev)),
                _ => self.part_of(ev, receiver, first, [true, true]),
            },
            "contained_by" => self.arrays(ev, receiver, "<@", first),
            "overlap" | "overlaps" => self.arrays(ev, receiver, "&&", first),
            "regexp_replace" if dialect != Dialect::Sqlite => match arguments.positional.as_slice() {
                [pattern, replacement] => {
                    let text = self.expression(ev, receiver)?.text;
                    let pattern = self.argument(ev, pattern, None)?.text;
                    let replacement = self.argument(ev, replacement, None)?.text;
                    Ok(Node::atom(format!("REGEXP_REPLACE({text}, {pattern}, {replacement})"), Kind::Text))
                }
                _ => Err(untold(ev)),
            },
            "between" => match arguments.positional.as_slice() {
                [low, high] => self.between(ev, [receiver, low, high]),
                _ => Err(untold(ev)),
            },
            "is_distinct_from" => self.distinct_from(ev, receiver, first, false),
            "is_not_distinct_from" | "isnot_distinct_from" => self.distinct_from(ev, receiver, first, true),
            "concat" => self.concatenation(ev, receiver, first),
            "collate" => self.collated(ev, value, receiver, Some(first)),
            "bitwise_and" => self.binary(ev, receiver, "&", 7, first),
            "bitwise_or" => self.binary(ev, receiver, "|", 7, first),
            "has_key" if dialect == Dialect::PostgreSql => self.binary(ev, receiver, "?", 5, first),
            "any" | "any_" => {
                let array = self.operand(ev, receiver, None)?;
                let item = self.operand(ev, first, None)?;
                Ok(Node::operation(format!("{} = ANY ({})", item.text, array.text), "=", 5, Kind::Boolean))
            }
            "label" => {
                let node = self.expression(ev, receiver)?;
                Ok(node)
            }
            "cast" => self.cast(ev, value, receiver, first),
            "bindparams" | "params" => self.bound(ev, value, receiver, arguments),
            _ => Err(untold(ev)),
        }
    }

    /// `text(":x").bindparams(x=5)`.
    fn bound<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        receiver: &Value,
        arguments: &Arguments,
    ) -> Result<Node, Unreadable> {
        let call = terms::called(ev, receiver).filter(|c| c.name.as_ref() == "text");
        let sql = call.and_then(|c| c.arguments.get(0, "text").cloned()).and_then(|v| terms::text_of(ev, &v));
        let Some(sql) = sql else { return Err(unreadable(ev, value, "the expression cannot be told")) };
        let mut values = arguments.keywords.clone();
        for value in &arguments.positional {
            if let Some(call) = terms::called(ev, value)
                && call.name.as_ref() == "bindparam"
                && let Some(name) = call.arguments.get(0, "key").and_then(Value::as_str)
                && let Some(given) = call.arguments.get(1, "value")
            {
                values.push((Rc::from(name), given.clone()));
            }
        }
        Ok(Node::atom(self.plain(ev, value, &sql, &values)?, Kind::Unknown))
    }

    /// An operator of arrays; a list beside it is an array.
    fn arrays<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        left: &Value,
        operator: &str,
        right: &Value,
    ) -> Result<Node, Unreadable> {
        if ev.host.settings().dialect != Dialect::PostgreSql {
            return Err(unreadable(ev, left, "only PostgreSQL has arrays"));
        }
        let Value::List(items) = right else { return self.binary(ev, left, operator, 5, right) };
        let items = items.borrow().clone();
        let left = self.operand(ev, left, None)?;
        let mut texts = Vec::with_capacity(items.len());
        for item in &items {
            texts.push(self.argument(ev, item, None)?.text);
        }
        let text = format!("{} {operator} ARRAY[{}]", left.beside(operator, 5), texts.join(", "));
        Ok(Node::operation(text, operator, 5, Kind::Boolean))
    }

    fn binary<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        left: &Value,
        operator: &str,
        strength: i32,
        right: &Value,
    ) -> Result<Node, Unreadable> {
        let left = self.operand(ev, left, None)?;
        let right = self.operand(ev, right, Some(&left))?;
        let text =
            format!("{} {operator} {}", left.beside(operator, strength), right.beside(operator, strength));
        Ok(Node::operation(text, operator, strength, Kind::Unknown))
    }

    /// `x.op('~')('y')`.
    pub(super) fn custom<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        operator: &Rc<Term>,
        arguments: &Arguments,
    ) -> Result<Node, Unreadable> {
        let made = Value::Term(Rc::clone(operator));
        let Some((receiver, "op" | "bool_op", term)) = terms::method(&made) else {
            return Err(unreadable(ev, value, "the expression cannot be told"));
        };
        let sign = term.arguments.get(0, "opstring").cloned().and_then(|v| terms::text_of(ev, &v));
        let strength = term.arguments.get(1, "precedence").and_then(terms::int_of).unwrap_or(0);
        let (Some(sign), Some(right)) = (sign, arguments.positional.first()) else {
            return Err(unreadable(ev, value, "the operator cannot be told"));
        };
        self.binary(ev, receiver, &sign, i32::try_from(strength).unwrap_or(0), right)
    }

    pub(super) fn attribute<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        of: &Value,
        name: &str,
    ) -> Result<Node, Unreadable> {
        if name == "astext"
            && ev.host.settings().dialect == Dialect::PostgreSql
            && let Value::Term(term) = of
            && term.kind == cucurbit_python::eval::TermKind::Subscript
        {
            return self.json(ev, value, &term.callee, &term.arguments.positional, true);
        }
        Err(unreadable(ev, value, "the expression cannot be told"))
    }

    pub(super) fn item<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        of: &Value,
        keys: &[Value],
    ) -> Result<Node, Unreadable> {
        if ev.host.settings().dialect != Dialect::PostgreSql {
            return Err(unreadable(ev, value, "the expression cannot be told"));
        }
        self.json(ev, value, of, keys, false)
    }

    /// An item of a JSON document or of an array, on PostgreSQL.
    fn json<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        of: &Value,
        keys: &[Value],
        as_text: bool,
    ) -> Result<Node, Unreadable> {
        let is_operand = self.inside;
        let node = self.operand(ev, of, None)?;
        // `document[("a", "b")]` and `document[["a", "b"]]` are paths.
        let path = match keys {
            [only @ (Value::List(_) | Value::Tuple(_))] => only.sequence(),
            _ => None,
        };
        if let Some(path) = path.filter(|path| !path.is_empty()) {
            return self.json_path(ev, value, &node, &path, as_text, is_operand);
        }
        let (operator, key) = match (keys, node.kind) {
            ([key], Kind::Array) if !as_text => {
                let key = self.operand(ev, key, None)?;
                let text = format!("{}[{}]", node.beside("[]", 15), key.text);
                return Ok(Node::operation(text, "[]", 15, Kind::Unknown));
            }
            ([key], _) => {
                let key = self.operand(ev, key, None)?;
                (if as_text { "->>" } else { "->" }, key.text)
            }
            (path, _) => return self.json_path(ev, value, &node, path, as_text, is_operand),
        };
        let mut text = format!("{} {operator} {key}", node.beside(operator, binding(operator)));
        if is_operand {
            text = format!("({text})");
        }
        let kind = if as_text { Kind::Text } else { Kind::Json };
        Ok(Node::operation(text, operator, binding(operator), kind))
    }

    /// `document["a"].as_string()` and the like, on PostgreSQL (`visit_json_getitem_op_binary`).
    fn json_as<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        receiver: &Value,
        method: &str,
    ) -> Result<Node, Unreadable> {
        let (name, kind) = match method {
            "as_string" => ("VARCHAR", Kind::Text),
            "as_integer" => ("INTEGER", Kind::Whole),
            "as_float" => ("FLOAT", Kind::Number),
            "as_boolean" => ("BOOLEAN", Kind::Boolean),
            _ => ("", Kind::Json),
        };
        let Value::Term(item) = receiver else {
            return Err(unreadable(ev, value, "the expression cannot be told"));
        };
        if ev.host.settings().dialect != Dialect::PostgreSql
            || item.kind != cucurbit_python::eval::TermKind::Subscript
        {
            return Err(unreadable(ev, value, "the expression cannot be told"));
        }
        let as_text = !name.is_empty();
        let node = self.json(ev, value, &item.callee, &item.arguments.positional, as_text)?;
        if !as_text {
            return Ok(node);
        }
        Ok(Node::atom(format!("CAST({} AS {name})", node.text), kind))
    }

    /// What lies at a path in a JSON document.
    fn json_path<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        node: &Node,
        path: &[Value],
        as_text: bool,
        is_operand: bool,
    ) -> Result<Node, Unreadable> {
        let mut texts = Vec::with_capacity(path.len());
        for part in path {
            match (terms::text_of(ev, part), terms::int_of(part)) {
                (Some(text), _) => texts.push(text),
                (None, Some(int)) => texts.push(int.to_string()),
                (None, None) => return Err(unreadable(ev, value, "the path cannot be told")),
            }
        }
        let path = quoting::string(&format!("{{{}}}", texts.join(", ")), Dialect::PostgreSql);
        let operator = if as_text { "#>>" } else { "#>" };
        let mut text = format!("{} {operator} {path}", node.beside(operator, binding(operator)));
        if is_operand {
            text = format!("({text})");
        }
        let kind = if as_text { Kind::Text } else { Kind::Json };
        Ok(Node::operation(text, operator, binding(operator), kind))
    }

    /// `not_(x)`.
    pub(super) fn not<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
    ) -> Result<Node, Unreadable> {
        let node = self.argument(ev, value, None)?;
        Ok(negated(node, ev.host.settings().dialect))
    }
}

/// Nothing but the one argument is given (`escape=`, `autoescape=`, `flags=`).
fn plain(arguments: &Arguments) -> bool {
    arguments.positional.len() + arguments.keywords.len() == 1
}

/// Puts `DESC` and the like behind.
pub(super) fn modified(node: &Node, behind: &str) -> Node {
    Node::atom(format!("{} {behind}", node.beside(behind, 3)), Kind::Unknown)
}
