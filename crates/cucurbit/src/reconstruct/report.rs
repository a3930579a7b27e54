//! A reconstruction as JSON.

use super::{GapKind, Reconstruction};
use crate::drift::{difference_json, pretty};
use cucurbit_reconstruct::Level;
use serde_json::{Value, json};

/// Returns a reconstruction as a JSON document (`docs/reconstruct-json.md`). The texts of migrations are null unless the
/// chain was proved to run with them.
#[must_use]
pub fn reconstruction_json(found: &Reconstruction) -> String {
    let is_proved = found.is_proved();
    let text = |text: &str| if is_proved { Value::from(text) } else { Value::Null };
    let level = |level: Level| match level {
        Level::Proved => "proved",
        Level::Inferred => "inferred",
        Level::Assumed => "assumed",
    };
    let assumptions: Vec<Value> = found
        .assumptions
        .iter()
        .map(|a| json!({ "object": a.object, "level": level(a.level), "reason": a.reason, "revision": a.revision }))
        .collect();
    let companions: Vec<Value> = found
        .companions
        .iter()
        .map(|c| {
            json!({
                "revision": c.revision,
                "down_revision": c.down_revision,
                "file_name": c.file_name.to_string_lossy(),
                "text": text(&c.text),
            })
        })
        .collect();
    let reparentings: Vec<Value> = found
        .reparentings
        .iter()
        .map(|r| json!({ "path": r.path.to_string_lossy(), "revision": r.revision, "after": text(&r.after) }))
        .collect();
    let untold: Vec<Value> = found
        .untold
        .iter()
        .map(|u| json!({ "revision": u.revision, "what": u.what, "decisive": u.is_decisive }))
        .collect();
    let unregistered: Vec<Value> = found
        .unregistered
        .iter()
        .map(|o| json!({ "revision": o.revision, "option": o.option, "modules": o.modules }))
        .collect();
    let needed_rows: Vec<Value> = found
        .needed_rows
        .iter()
        .map(|n| {
            json!({ "revision": n.revision, "table": n.table.to_string(), "target": n.target.to_string() })
        })
        .collect();
    let evidence: Vec<Value> = found
        .evidence
        .iter()
        .map(|e| {
            json!({
                "object": e.object.to_string(),
                "level": level(e.level),
                "source": e.source.as_str(),
                "path": e.place.as_ref().map(|place| place.path.to_string_lossy()),
                "line": e.place.as_ref().map(|place| place.line),
                "touched_by": e.touched_by,
                "remark": e.remark,
            })
        })
        .collect();
    let document = json!({
        "schema_version": 1,
        "revision": found.revision,
        "kind": match found.kind {
            GapKind::Lost => "lost",
            GapKind::Head => "head",
            GapKind::Base => "base",
        },
        "down_revision": found.down_revision,
        "other_parents": found.other_parents,
        "proved": is_proved,
        "questions": found.questions(),
        "file_name": found.file_name.to_string_lossy(),
        "text": text(&found.rendered.text),
        "companions": companions,
        "reparentings": reparentings,
        "assumptions": assumptions,
        "untold": untold,
        "evidence": evidence,
        "reworded": found.reworded.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "loads": found.loads,
        "unregistered_options": unregistered,
        "needed_rows": needed_rows,
        "tables_of_others": found.others.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "drift": found.drift.iter().map(difference_json).collect::<Vec<_>>(),
        "convention_inferred": found.convention_inferred,
    });
    pretty(&document)
}
