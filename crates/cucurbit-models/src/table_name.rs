//! The name of the table of a class, and what `__table_args__` says of it.

use crate::host::Ev;
use crate::lineage::{Ancestor, Lineage, Root, own};
use crate::scan::{declared, is_declared};
use cucurbit_python::eval::{Class, Value};
use std::rc::Rc;

/// The name of a table.
#[derive(Debug, Clone)]
pub(crate) enum Named {
    /// By `__tablename__`.
    Written(Value),
    /// By Flask-SQLAlchemy or SQLModel, after the class.
    Implicit(String),
    /// There is none.
    None,
}

/// Returns the value of an attribute such as `__tablename__`: that of the class or of a mixin; mapped classes
/// give theirs on only where it is computed for each class.
fn special(ev: &mut Ev<'_>, class: &Rc<Class>, lineage: &Lineage, name: &str) -> Option<Value> {
    for ancestor in &lineage.ancestors {
        match ancestor {
            Ancestor::Class(of) => {
                let of = Rc::clone(of);
                let Some((value, _)) = own(ev, &of, name) else { continue };
                let is_function = matches!(value, Value::Function(_)) || is_declared(&value);
                if !Rc::ptr_eq(&of, class) && ev.host.mapped(&of).is_some() && !is_function {
                    continue;
                }
                return Some(declared(ev, class, &value));
            }
            Ancestor::Known(mixin) => {
                if name == "__tablename__"
                    && let Some(table) = mixin.table
                {
                    return Some(Value::str(table));
                }
            }
            Ancestor::Outside(_) => {}
        }
    }
    None
}

/// Finds the name of the table of a class.
pub(crate) fn of(ev: &mut Ev<'_>, class: &Rc<Class>, lineage: &Lineage) -> Named {
    if lineage.root == Root::Flask && !takes_given_name(ev, class, lineage) {
        return Named::Implicit(snake_case(&class.name));
    }
    match special(ev, class, lineage, "__tablename__") {
        Some(Value::None) => Named::None,
        Some(value) => Named::Written(value),
        None if lineage.root == Root::SqlModel => Named::Implicit(class.name.to_lowercase()),
        None => Named::None,
    }
}

/// Whether Flask-SQLAlchemy leaves the name alone: it is the class's own, that of an abstract class or a mixin, or
/// computed.
fn takes_given_name(ev: &mut Ev<'_>, class: &Rc<Class>, lineage: &Lineage) -> bool {
    for ancestor in &lineage.ancestors {
        let Ancestor::Class(of) = ancestor else { continue };
        let of = Rc::clone(of);
        if let Some((value, _)) = own(ev, &of, "__tablename__") {
            return is_declared(&value) || Rc::ptr_eq(&of, class) || ev.host.mapped(&of).is_none();
        }
        if ev.host.mapped(&of).is_some_and(|m| m.has_implicit_name) {
            return false;
        }
    }
    false
}

/// `HTTPServer` becomes `http_server`.
fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (at, letter) in letters.iter().enumerate() {
        if letter.is_ascii_uppercase() && at > 0 {
            let before = letters[at - 1];
            let after_small = before.is_ascii_lowercase() || before.is_ascii_digit();
            let before_small = letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
            if after_small || before_small {
                out.push('_');
            }
        }
        out.extend(letter.to_lowercase());
    }
    out.trim_start_matches('_').to_owned()
}

/// What `__table_args__` holds.
#[derive(Debug, Default)]
pub(crate) struct TableArguments {
    pub(crate) items: Vec<Value>,
    pub(crate) keywords: Vec<(Rc<str>, Value)>,
    /// It cannot be told, or not wholly.
    pub(crate) unknown: Option<Value>,
    /// Columns may be missing too.
    pub(crate) open: bool,
}

/// Reads `__table_args__`: a tuple whose last item may be options, options alone, or a function of the class.
pub(crate) fn arguments(ev: &mut Ev<'_>, class: &Rc<Class>, lineage: &Lineage) -> TableArguments {
    let mut out = TableArguments::default();
    let Some(value) = special(ev, class, lineage, "__table_args__") else { return out };
    let items = match &value {
        Value::None => return out,
        Value::Dict(_) => vec![value],
        other => match ev.items(other) {
            Some(items) => items,
            None => {
                out.unknown = Some(value);
                return out;
            }
        },
    };
    let last = items.len().saturating_sub(1);
    for (at, item) in items.into_iter().enumerate() {
        match &item {
            Value::Dict(options) if at == last => {
                for (key, value) in options.borrow().iter() {
                    match key.as_str() {
                        Some(key) => out.keywords.push((Rc::from(key), value.clone())),
                        None => out.unknown = Some(key.clone()),
                    }
                }
            }
            Value::None => {}
            _ => out.items.push(item),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn names_as_flask_sqlalchemy_makes_them() {
        for (class, table) in [
            ("User", "user"),
            ("UserProfile", "user_profile"),
            ("HTTPServer2", "http_server2"),
            ("FOOBar", "foo_bar"),
            ("_Private", "private"),
            ("Foo2Bar", "foo2_bar"),
        ] {
            assert_eq!(snake_case(class), table, "{class}");
        }
    }
}
