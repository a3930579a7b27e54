//! A foreign key points at a table that is created later.

use super::misfits::{Lack, missing, tie};
use crate::case::Case;
use crate::finding::Finding;
use crate::spoken;
use crate::history::History;
use cucurbit_schema::{Dialect, ObjectRef};

info!(
    "SCH004",
    "late-foreign-key",
    Error,
    "late_foreign_key.md",
    "A foreign key points at a table that is created later."
);

pub(super) fn check(_: &Case, history: &History, out: &mut Vec<Finding>) {
    // SQLite looks for the table when rows are written.
    if history.dialect == Dialect::Sqlite {
        return;
    }
    for missing in missing(history) {
        let Lack::LateKey(later) = missing.lack else { continue };
        let ObjectRef::Table(target) = &missing.misfit.mismatch.object else { continue };
        let at = missing.misfit.at;
        let (id, by) = (&history.revision(at).id, &history.revision(later).id);
        let message = match id == by {
            true => format!("a foreign key in `{id}` points at table `{target}`, which is created further down"),
            false => format!("a foreign key in `{id}` points at table `{target}`, which `{by}` creates later"),
        };
        let object = ObjectRef::Table(target.clone());
        let finding = Finding::new(&INFO, history.place(at), message)
            .label(format!("table `{target}` does not exist here"))
            .also(history.place(later), format!("table `{target}` is created here"))
            .revision(id)
            .revision(by)
            .why(format!(
                "{} stops here with `{}`, so an empty database cannot be built",
                spoken::system(history.dialect),
                spoken::missing(&object, history.dialect)
            ))
            .help("create the table first, or add the key with `op.create_foreign_key` behind both tables");
        out.push(tie(finding, history));
    }
}
