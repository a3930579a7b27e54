//! Random identifiers: a migration gives a table such a name for a while (`tmp_<uuid>`), and another one in the end.
//!
//! Each is made up, and nothing may come to rest under such a name.

use crate::host::{Ev, Replay};
use crate::objects::Object;
use cucurbit_python::eval::{Call, Value};
use cucurbit_schema::{Change, Extent, ObjectName, UnknownEffect};
use std::collections::BTreeSet;

/// How those that are made up begin, which no real one does: version 4 says that the rest is random.
const BEGINNING: &str = "00000000-0000-4000-8000-";

/// What `str()` gives of one.
pub(crate) fn text(number: u32) -> String {
    format!("{BEGINNING}{number:012x}")
}

/// Answers a call that makes one, or a text of one as Python 2 and 3 know it (`six.text_type`).
pub(crate) fn call(ev: &mut Ev<'_>, name: &str, call: &Call) -> Option<Value> {
    match (name, call.arguments.positional.as_slice()) {
        ("uuid.uuid1" | "uuid.uuid4", []) => {
            ev.host.randoms += 1;
            Some(Object::Random(ev.host.randoms).value())
        }
        ("six.text_type" | "six.ensure_text" | "six.ensure_str", [value]) => match value {
            Value::Str(_) => Some(value.clone()),
            value => match value.host::<Object>() {
                Some(Object::Random(number)) => Some(Value::str(&text(*number))),
                _ => None,
            },
        },
        _ => None,
    }
}

/// Says of tables that kept such a name at the end of a step that what they are cannot be told.
pub(crate) fn look_for_left(host: &mut Replay, start: usize) {
    if host.randoms == 0 {
        return;
    }
    let plain = BEGINNING.replace('-', "");
    let is_random = |name: &str| {
        let bare: String = name.chars().filter(|c| *c != '-' && *c != '_').collect();
        bare.contains(&plain)
    };
    let mut left: BTreeSet<ObjectName> = BTreeSet::new();
    for table in host.db.tables.values() {
        let of_parts = table.indexes.iter().filter_map(|index| index.name.as_deref());
        let of_parts = of_parts.chain(table.constraints.iter().filter_map(|c| c.name.as_deref()));
        if std::iter::once(table.name.name.as_str()).chain(of_parts).any(is_random) {
            left.insert(table.name.clone());
        }
    }
    let last = host.log.get(start..).and_then(<[_]>::last).map(|operation| operation.place);
    if let (false, Some(place)) = (left.is_empty(), last) {
        let reason = "a name in it is random".to_owned();
        let effect = UnknownEffect { extent: Extent::Tables(left), reason, text: String::new() };
        host.record(place, Vec::new(), "name", vec![Change::Unknown(effect)], false);
    }
}
