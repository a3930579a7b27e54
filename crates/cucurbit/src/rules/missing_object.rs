//! A migration uses something that does not exist at that revision.

use super::misfits::{Lack, Missing, missing, tie};
use crate::case::Case;
use crate::finding::Finding;
use crate::spoken;
use crate::history::History;
use cucurbit_schema::ObjectRef;

info!(
    "SCH002",
    "missing-object",
    Error,
    "missing_object.md",
    "A migration uses something that does not exist at that revision."
);

pub(super) fn check(_: &Case, history: &History, out: &mut Vec<Finding>) {
    for missing in missing(history) {
        let whole = matches!(missing.misfit.mismatch.object, ObjectRef::Table(_) | ObjectRef::Schema(_));
        match missing.lack {
            Lack::LateKey(_) => {}
            // Whole tables that nothing makes are the hollow base's.
            Lack::Hollow if whole => {}
            _ => out.push(tie(report(history, &missing), history)),
        }
    }
}

fn report(history: &History, missing: &Missing<'_>) -> Finding {
    let at = missing.misfit.at;
    let object = &missing.misfit.mismatch.object;
    let said = spoken::object(object);
    let id = &history.revision(at).id;
    let id_of = |other: usize| history.revision(other).id.as_str();
    let message = match &missing.lack {
        Lack::Dropped(by) => format!("`{id}` uses {said}, which `{}` dropped", id_of(*by)),
        Lack::Renamed(by, to) => format!("`{id}` uses {said}, which `{}` renamed to `{to}`", id_of(*by)),
        Lack::Late(by) | Lack::LateKey(by) => {
            format!("`{id}` uses {said}, which is only created later, by `{}`", id_of(*by))
        }
        Lack::Qualified(schema, table) => {
            format!("`{id}` looks for a table whose whole name is `{schema}.{table}`")
        }
        Lack::Misspelt(near) => format!("`{id}` uses {said}, which no revision creates; there is `{near}`"),
        Lack::Hollow => format!("`{id}` uses {said}, which no revision creates"),
    };
    let (place, inner) = history.places(at);
    let mut finding = Finding::new(&INFO, place, message)
        .label(format!("{said} does not exist here"))
        .revision(id)
        .why(why(history, missing));
    if let Some(inner) = inner {
        finding = finding.also(inner, "which comes to this call");
    }
    match &missing.lack {
        Lack::Dropped(by) => finding
            .also(history.place(*by), "it is dropped here")
            .revision(id_of(*by))
            .help("leave out what is done to it, or drop it later"),
        Lack::Renamed(by, to) => finding
            .also(history.place(*by), "it is renamed here")
            .revision(id_of(*by))
            .help(format!("use its new name `{to}`")),
        Lack::Late(by) | Lack::LateKey(by) => finding
            .also(history.place(*by), "it is created here")
            .revision(id_of(*by))
            .help("move the call behind the one that creates it"),
        Lack::Qualified(schema, table) => finding
            .cause("operations take the schema in an argument of its own, and quote the table's name whole")
            .help(format!("write `'{table}'` and add `schema='{schema}'`")),
        Lack::Misspelt(near) => {
            finding.cause("the name was probably mistyped").help(format!("write `{near}` if that was meant"))
        }
        Lack::Hollow => finding.help(format!("create {said} in an earlier migration, or leave the call out")),
    }
}

fn why(history: &History, missing: &Missing<'_>) -> String {
    let object = &missing.misfit.mismatch.object;
    format!(
        "{} stops here with `{}`, so an empty database cannot be built",
        spoken::system(history.dialect),
        spoken::missing(object, history.dialect)
    )
}
