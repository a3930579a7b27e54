//! Parameters of statements that a migration binds.

use cucurbit_python::eval::{Arguments, TermKind, Value};
use std::borrow::Cow;

/// The parameters of a statement that are known, as SQL literals, by name.
#[derive(Debug, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Takes those of `execute(statement, {"name": value})` and of `execute(statement, name=value)`.
    pub(crate) fn of_call(&mut self, arguments: &Arguments) {
        let given = arguments.positional.get(1);
        let given = given.or_else(|| arguments.keyword("parameters")).or_else(|| arguments.keyword("params"));
        if let Some(Value::Dict(items)) = given {
            for (name, value) in items.borrow().iter() {
                if let Some(name) = name.as_str() {
                    self.add(name, value);
                }
            }
        }
        for (name, value) in &arguments.keywords {
            self.add(name, value);
        }
    }

    /// Takes those of `text("…").bindparams(name=value)`, `.params(…)` and `bindparam("name", value=…)`.
    pub(crate) fn of_statement(&mut self, statement: &Value) {
        let Value::Term(call) = statement else { return };
        let Value::Term(method) = &call.callee else { return };
        if call.kind != TermKind::Call || method.kind != TermKind::Attribute {
            return;
        }
        self.of_statement(&method.callee);
        if !matches!(method.name.as_ref(), "bindparams" | "params") {
            return;
        }
        for (name, value) in &call.arguments.keywords {
            self.add(name, value);
        }
        for bound in &call.arguments.positional {
            if let Value::Term(bound) = bound
                && bound.external().is_some_and(|name| name.ends_with("bindparam"))
                && let (Some(Value::Str(name)), Some(value)) =
                    (bound.arguments.get(0, "key"), bound.arguments.get(1, "value"))
            {
                self.add(name, value);
            }
        }
    }

    fn add(&mut self, name: &str, value: &Value) {
        let literal = match value {
            Value::Str(text) => format!("'{}'", text.replace('\'', "''")),
            Value::Int(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            Value::None => "NULL".to_owned(),
            _ => return,
        };
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), literal));
    }

    /// Writes the literals where the text has `:name` or `%(name)s`; what is not known stays.
    pub(crate) fn put_into<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.0.is_empty() || !text.contains([':', '%']) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find([':', '%', '\'']) {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let (taken, literal) = self.at(rest);
            out.push_str(literal.unwrap_or(&rest[..taken]));
            rest = &rest[taken..];
        }
        out.push_str(rest);
        Cow::Owned(out)
    }

    /// How much stands at the beginning of a text that belongs together, and what it becomes.
    fn at(&self, text: &str) -> (usize, Option<&str>) {
        let known = |name: &str| self.0.iter().find(|(n, _)| n == name).map(|(_, literal)| literal.as_str());
        if let Some(inside) = text.strip_prefix('\'') {
            return (inside.find('\'').map_or(text.len(), |end| end + 2), None);
        }
        if text.starts_with("::") {
            return (2, None);
        }
        if let Some(inside) = text.strip_prefix("%(") {
            let Some(end) = inside.find(")s") else { return (1, None) };
            return (end + 4, known(&inside[..end]));
        }
        let name = text[1..].find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len() - 1);
        (name + 1, known(&text[1..=name]).filter(|_| text.starts_with(':')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_written_where_they_stand() {
        let mut bound = Parameters::default();
        bound.add("t", &Value::str("o'hara"));
        bound.add("n", &Value::Int(3));
        let text =
            "SELECT ':t', a::text FROM x WHERE a = :t AND b=:n AND c = %(t)s AND d = :tt AND e % 2 = :n";
        assert_eq!(
            bound.put_into(text),
            "SELECT ':t', a::text FROM x WHERE a = 'o''hara' AND b=3 AND c = 'o''hara' AND d = :tt AND e % 2 = 3"
        );
        assert_eq!(bound.put_into("%(open :t ' :t"), "%(open 'o''hara' ' :t");
        assert_eq!(Parameters::default().put_into(text), text);
    }
}
