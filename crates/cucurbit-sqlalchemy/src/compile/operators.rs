//! Operators.

use super::node::{Kind, Node, binding};
use super::{Writer, constant, is_expression};
use crate::quoting;
use crate::settings::{Environment, Unreadable, Version, unreadable};
use cucurbit_python::eval::{Evaluator, Value};
use cucurbit_schema::Dialect;

/// An operator seen from its right side.
fn mirrored(operator: &str) -> &str {
    match operator {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        other => other,
    }
}

fn opposite(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "=" => "!=",
        "!=" => "=",
        "<" => ">=",
        "<=" => ">",
        ">" => "<=",
        ">=" => "<",
        _ => return None,
    })
}

impl Writer<'_> {
    pub(super) fn operation<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        operator: &str,
        operands: &[Value],
    ) -> Result<Node, Unreadable> {
        match operands {
            [only] => match operator {
                "~" => {
                    let node = self.expression(ev, only)?;
                    Ok(negated(node, ev.host.settings().dialect))
                }
                "-" => {
                    let node = self.operand(ev, only, None)?;
                    let text = format!("-{}", node.beside("neg", binding("neg")));
                    Ok(Node::operation(text, "neg", binding("neg"), node.kind))
                }
                _ => Err(unreadable(ev, value, "the operator cannot be told")),
            },
            [left, right] => match operator {
                "==" | "!=" | "<" | "<=" | ">" | ">=" => {
                    let (left, operator, right) = if is_expression(left) {
                        (left, operator, right)
                    } else {
                        (right, mirrored(operator), left)
                    };
                    let operator = if operator == "==" { "=" } else { operator };
                    self.compare(ev, left, operator, right)
                }
                "&" => self.junction(ev, "AND", operands),
                "|" => self.junction(ev, "OR", operands),
                "+" | "-" | "*" | "/" | "//" | "%" => self.arithmetic(ev, value, left, operator, right),
                _ => Err(unreadable(ev, value, "the operator cannot be told")),
            },
            _ => Err(unreadable(ev, value, "the operator cannot be told")),
        }
    }

    /// `=`, `<` and the like; with NULL they become `IS`.
    pub(super) fn compare<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        left: &Value,
        operator: &str,
        right: &Value,
    ) -> Result<Node, Unreadable> {
        let left = self.operand(ev, left, None)?;
        let other = self.operand(ev, right, Some(&left))?;
        if other.text == "NULL" && other.operator.is_empty() && matches!(operator, "=" | "!=") {
            return Ok(is(&left, &other, operator == "!="));
        }
        Ok(compared(&left, operator, &other))
    }

    /// `AND` or `OR` of several.
    pub(super) fn junction<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        operator: &str,
        parts: &[Value],
    ) -> Result<Node, Unreadable> {
        let dialect = ev.host.settings().dialect;
        let is_and = operator == "AND";
        let mut nodes = Vec::with_capacity(parts.len());
        for part in parts {
            let node = self.argument(ev, part, None)?;
            match node.constant {
                Some(flag) if flag == is_and => {}
                Some(flag) => return Ok(constant(flag, dialect)),
                None => nodes.push(as_condition(node, dialect)),
            }
        }
        match nodes.as_slice() {
            [] => Ok(constant(is_and, dialect)),
            [only] => Ok(only.clone()),
            several => {
                let texts: Vec<String> =
                    several.iter().map(|n| n.beside(operator, binding(operator))).collect();
                let text = texts.join(&format!(" {operator} "));
                Ok(Node::operation(text, operator, binding(operator), Kind::Boolean))
            }
        }
    }

    fn arithmetic<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        left: &Value,
        operator: &str,
        right: &Value,
    ) -> Result<Node, Unreadable> {
        let settings = ev.host.settings().clone();
        let (left, right) = if is_expression(left) {
            let left = self.operand(ev, left, None)?;
            let right = self.operand(ev, right, Some(&left))?;
            (left, right)
        } else {
            let right = self.operand(ev, right, None)?;
            (self.operand(ev, left, Some(&right))?, right)
        };
        let is_text = |n: &Node| n.kind == Kind::Text;
        let may_be = |n: &Node| matches!(n.kind, Kind::Text | Kind::Unknown);
        if operator == "+" && (is_text(&left) && may_be(&right) || is_text(&right) && may_be(&left)) {
            return Ok(concatenated(&left, &right, settings.dialect, settings.version));
        }
        let strength = binding(operator);
        let (a, b) = (left.beside(operator, strength), right.beside(operator, strength));
        let kind = match (left.kind, right.kind) {
            (Kind::Whole, Kind::Whole | Kind::Unknown) => Kind::Whole,
            (Kind::Number, _) | (Kind::Whole, Kind::Number) => Kind::Number,
            (kind, _) => kind,
        };
        let text = match (operator, settings.dialect) {
            ("/", Dialect::PostgreSql) if settings.version >= Version::V2_0 => {
                if right.kind == Kind::Number {
                    return Err(unreadable(ev, value, "the type of the divisor cannot be written"));
                }
                format!("{a} / CAST({b} AS NUMERIC)")
            }
            ("/", Dialect::Sqlite) if settings.version >= Version::V2_0 => format!("{a} / ({b} + 0.0)"),
            ("//", Dialect::MySql | Dialect::MariaDb) => format!("FLOOR({a} / {b})"),
            ("//", _) if kind == Kind::Whole => format!("{a} / {b}"),
            ("//", _) => format!("FLOOR({a} / {b})"),
            _ => format!("{a} {operator} {b}"),
        };
        Ok(Node::operation(text, operator, strength, kind))
    }

    /// `x IN (…)`.
    pub(super) fn contained<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        left: &Value,
        items: Option<&Value>,
        is_negated: bool,
    ) -> Result<Node, Unreadable> {
        let node = self.operand(ev, left, None)?;
        let items = items.and_then(|v| crate::terms::items(ev, v));
        let Some(items) = items.filter(|i| !i.is_empty()) else {
            return Err(unreadable(ev, value, "the list of an IN cannot be told"));
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in &items {
            texts.push(self.operand(ev, item, Some(&node))?.text);
        }
        let left = node.beside("IN", 5);
        let list = texts.join(", ");
        let yes = Node::operation(format!("{left} IN ({list})"), "IN", 5, Kind::Boolean);
        let no = Node::operation(format!("({left} NOT IN ({list}))"), "NOT IN", 5, Kind::Boolean);
        Ok(if is_negated { no.or_negated(yes) } else { yes.or_negated(no) })
    }

    /// `x LIKE y` and its kin.
    pub(super) fn word<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        left: &Value,
        word: &str,
        right: &Value,
        is_negated: bool,
    ) -> Result<Node, Unreadable> {
        let left = self.operand(ev, left, None)?;
        let right = self.operand(ev, right, Some(&left))?;
        let dialect = ev.host.settings().dialect;
        let (a, b) = (left.beside(word, 5), right.beside(word, 5));
        let (a, b, word) = if word == "ILIKE" && dialect != Dialect::PostgreSql {
            (format!("lower({a})"), format!("lower({b})"), "LIKE")
        } else {
            (a, b, word)
        };
        let yes = Node::operation(format!("{a} {word} {b}"), word, 5, Kind::Boolean);
        let no = Node::operation(format!("{a} NOT {word} {b}"), word, 5, Kind::Boolean);
        Ok(if is_negated { no.or_negated(yes) } else { yes.or_negated(no) })
    }

    /// `x IS y`.
    pub(super) fn identity<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        left: &Value,
        right: &Value,
        is_negated: bool,
    ) -> Result<Node, Unreadable> {
        let left = self.operand(ev, left, None)?;
        let right = self.operand(ev, right, Some(&left))?;
        Ok(is(&left, &right, is_negated))
    }

    /// `x BETWEEN a AND b`.
    pub(super) fn between<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        [left, low, high]: [&Value; 3],
    ) -> Result<Node, Unreadable> {
        let left = self.operand(ev, left, None)?;
        let low = self.operand(ev, low, Some(&left))?.beside("AND", 3);
        let high = self.operand(ev, high, Some(&left))?.beside("AND", 3);
        let a = left.beside("BETWEEN", 5);
        let yes = Node::operation(format!("{a} BETWEEN {low} AND {high}"), "BETWEEN", 5, Kind::Boolean);
        let no = Node::operation(format!("{a} NOT BETWEEN {low} AND {high}"), "BETWEEN", 5, Kind::Boolean);
        Ok(yes.or_negated(no))
    }

    /// `x IS DISTINCT FROM y`.
    pub(super) fn distinct_from<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        left: &Value,
        right: &Value,
        is_negated: bool,
    ) -> Result<Node, Unreadable> {
        let left = self.operand(ev, left, None)?;
        let right = self.operand(ev, right, Some(&left))?;
        let (a, b) = (left.beside("IS", 5), right.beside("IS", 5));
        let (yes, no) = match ev.host.settings().dialect {
            Dialect::PostgreSql => {
                (format!("{a} IS DISTINCT FROM {b}"), format!("{a} IS NOT DISTINCT FROM {b}"))
            }
            Dialect::Sqlite => (format!("{a} IS NOT {b}"), format!("{a} IS {b}")),
            Dialect::MySql | Dialect::MariaDb => (format!("NOT ({a} <=> {b})"), format!("{a} <=> {b}")),
        };
        let yes = Node::operation(yes, "IS DISTINCT FROM", 5, Kind::Boolean);
        let no = Node::operation(no, "IS NOT DISTINCT FROM", 5, Kind::Boolean);
        Ok(if is_negated { no.or_negated(yes) } else { yes.or_negated(no) })
    }

    /// `x || y`.
    pub(super) fn concatenation<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        left: &Value,
        right: &Value,
    ) -> Result<Node, Unreadable> {
        let left = self.operand(ev, left, None)?;
        let right = self.operand(ev, right, Some(&left))?;
        let settings = ev.host.settings();
        Ok(concatenated(&left, &right, settings.dialect, settings.version))
    }

    /// `startswith`, `endswith`, `contains`.
    pub(super) fn part_of<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        left: &Value,
        part: &Value,
        [before, behind]: [bool; 2],
    ) -> Result<Node, Unreadable> {
        let left = self.operand(ev, left, None)?;
        let part = self.operand(ev, part, Some(&left))?;
        let (dialect, version) = (ev.host.settings().dialect, ev.host.settings().version);
        let percent = Node::atom("'%'", Kind::Text);
        let mut pattern = part;
        if before {
            pattern = concatenated(&percent, &pattern, dialect, version);
        }
        if behind {
            pattern = concatenated(&pattern, &percent, dialect, version);
        }
        let (a, b) = (left.beside("LIKE", 5), pattern.text);
        let yes = Node::operation(format!("{a} LIKE {b}"), "LIKE", 5, Kind::Boolean);
        let no = Node::operation(format!("{a} NOT LIKE {b}"), "LIKE", 5, Kind::Boolean);
        Ok(yes.or_negated(no))
    }

    pub(super) fn collated<H: Environment>(
        &mut self,
        ev: &mut Evaluator<'_, H>,
        value: &Value,
        left: &Value,
        collation: Option<&Value>,
    ) -> Result<Node, Unreadable> {
        let left = self.operand(ev, left, None)?;
        let Some(collation) = collation.and_then(|c| crate::terms::text_of(ev, c)) else {
            return Err(unreadable(ev, value, "the collation cannot be told"));
        };
        let name = quoting::name(&collation, ev.host.settings().dialect);
        let text = format!("{} COLLATE {name}", left.beside("COLLATE", binding("COLLATE")));
        Ok(Node::operation(text, "COLLATE", binding("COLLATE"), Kind::Text))
    }
}

/// Negates as SQLAlchemy does.
pub(super) fn negated(node: Node, dialect: Dialect) -> Node {
    if let Some(flag) = node.constant {
        return constant(!flag, dialect);
    }
    if let Some(other) = node.negated {
        return *other;
    }
    let is_bare = node.operator.is_empty();
    if is_bare && node.kind == Kind::Boolean && dialect != Dialect::PostgreSql {
        let text = format!("{} = 0", node.text);
        return Node::operation(text, "=", 5, Kind::Boolean);
    }
    let text = format!("NOT {}", node.beside("NOT", 5));
    Node::operation(text, "NOT", 5, Kind::Boolean).or_negated(node)
}

/// A column that is true or false, as a condition where the dialect has no such columns.
fn as_condition(node: Node, dialect: Dialect) -> Node {
    if node.operator.is_empty() && node.kind == Kind::Boolean && dialect != Dialect::PostgreSql {
        let text = format!("{} = 1", node.text);
        return Node::operation(text, "=", 5, Kind::Boolean);
    }
    node
}

fn compared(left: &Node, operator: &str, right: &Node) -> Node {
    let (a, b) = (left.beside(operator, 5), right.beside(operator, 5));
    let node = Node::operation(format!("{a} {operator} {b}"), operator, 5, Kind::Boolean);
    match opposite(operator) {
        Some(other) => {
            let (a, b) = (left.beside(other, 5), right.beside(other, 5));
            node.or_negated(Node::operation(format!("{a} {other} {b}"), other, 5, Kind::Boolean))
        }
        None => node,
    }
}

fn is(left: &Node, right: &Node, is_negated: bool) -> Node {
    let (a, b) = (left.beside("IS", 5), right.beside("IS", 5));
    let yes = Node::operation(format!("{a} IS {b}"), "IS", 5, Kind::Boolean);
    let no = Node::operation(format!("{a} IS NOT {b}"), "IS NOT", 5, Kind::Boolean);
    if is_negated { no.or_negated(yes) } else { yes.or_negated(no) }
}

fn concatenated(left: &Node, right: &Node, dialect: Dialect, version: Version) -> Node {
    if !dialect.is_mysql() {
        let text = format!("{} || {}", left.beside("||", 5), right.beside("||", 5));
        return Node::operation(text, "||", 5, Kind::Text);
    }
    let flat = |node: &Node| -> Vec<String> {
        if node.joined.is_empty() || version < Version::V2_0 {
            vec![node.text.clone()]
        } else {
            node.joined.clone()
        }
    };
    let mut joined = flat(left);
    joined.extend(flat(right));
    let text = format!("concat({})", joined.join(", "));
    Node { joined, ..Node::atom(text, Kind::Text) }
}
