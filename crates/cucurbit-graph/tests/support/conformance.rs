//! Runs a vector file of Alembic's answers against the revision map.
//!
//! A vector file holds chains, how Alembic loads each of them, and what it answers to queries. This
//! asks the same of [`RevisionMap`] and compares values, errors and warnings; nothing is left out.
//! For crashes and endless loops only the fact is compared, for everything else the exact text.

use std::collections::BTreeMap;

use cucurbit_graph::{
    Action, Answer, ErrorKind, Identifier, MapError, Place, Plan, RevisionMap, RevisionRow, RevisionView,
    Span, Value as Written,
};
use serde_json::{Value, json};

/// An answer that is not the expected one.
pub(crate) struct Failure {
    /// The name of the case.
    pub(crate) case: String,
    /// The query, or `load`.
    pub(crate) query: String,
    /// The outcome of Alembic.
    pub(crate) expected: Value,
    /// Our outcome.
    pub(crate) got: Value,
}

/// What a run gives.
#[derive(Default)]
pub(crate) struct Tally {
    /// How many loads were compared.
    pub(crate) loads: usize,
    /// How many queries were compared.
    pub(crate) queries: usize,
    /// What differed, in file order.
    pub(crate) failures: Vec<Failure>,
}

/// Runs the text of a vector file. The error says what is wrong with the file itself.
pub(crate) fn run(text: &str) -> Result<Tally, String> {
    let file: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let cases = file["cases"].as_array().ok_or("the file has no cases")?;
    let mut tally = Tally::default();
    for case in cases {
        run_case(case, &mut tally)?;
    }
    Ok(tally)
}

fn run_case(case: &Value, tally: &mut Tally) -> Result<(), String> {
    let name = case["name"].as_str().ok_or("a case has no name")?;
    let rows = list(&case["revisions"]).iter().map(row).collect::<Result<Vec<_>, _>>()?;
    let loaded = RevisionMap::load(&rows);
    let got =
        outcome(answer_of(loaded.outcome.as_ref().map(describe).map_err(Clone::clone), &loaded.warnings));
    tally.loads += 1;
    tally.compare(name, "load", &with_defaults(&case["load"]), got);
    for query in list(&case["queries"]) {
        tally.queries += 1;
        let got = match &loaded.outcome {
            Ok(map) => outcome(ask(map, query)?),
            Err(error) => outcome(answer_of(Err(error.clone()), &[])),
        };
        tally.compare(name, &shown(query), &query["expect"], got);
    }
    Ok(())
}

impl Tally {
    fn compare(&mut self, case: &str, query: &str, expected: &Value, got: Value) {
        if !agrees(expected, &got) {
            let (case, query, expected) = (case.to_owned(), query.to_owned(), expected.clone());
            self.failures.push(Failure { case, query, expected, got });
        }
    }
}

/// Whether two outcomes are the same; of a crash or an endless loop only that it is one.
fn agrees(expected: &Value, got: &Value) -> bool {
    let kind = &expected["error"]["kind"];
    let is_same = if kind == "internal" || kind == "hang" {
        *kind == got["error"]["kind"]
    } else {
        expected.get("value") == got.get("value") && expected.get("error") == got.get("error")
    };
    is_same && list(&expected["warnings"]) == list(&got["warnings"])
}

fn shown(query: &Value) -> String {
    let mut query = query.clone();
    if let Some(fields) = query.as_object_mut() {
        fields.retain(|key, _| !matches!(key.as_str(), "expect" | "variants" | "observed"));
    }
    query.to_string()
}

// Reading vectors.

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn row(value: &Value) -> Result<RevisionRow, String> {
    let id = value["revision"].as_str().map_or_else(|| value["revision"].to_string(), str::to_owned);
    let path = value["path"].as_str().map_or_else(|| format!("versions/{id}.py"), str::to_owned);
    Ok(RevisionRow {
        revision: written(&value["revision"])?,
        down_revision: written(&value["down_revision"])?,
        branch_labels: written(&value["branch_labels"])?,
        depends_on: written(&value["depends_on"])?,
        doc: value["doc"].as_str().unwrap_or_default().to_owned(),
        path,
    })
}

fn written(value: &Value) -> Result<Written, String> {
    Ok(match value {
        Value::Null => Written::None,
        Value::Bool(value) => Written::Bool(*value),
        Value::Number(number) => Written::Int(number.as_i64().ok_or("a row holds an odd number")?),
        Value::String(text) => Written::Str(text.clone()),
        Value::Array(items) => Written::List(items.iter().map(written).collect::<Result<_, _>>()?),
        Value::Object(_) => return Err("a row holds an object".to_owned()),
    })
}

fn identifier(value: &Value) -> Identifier {
    match value {
        Value::Null => Identifier::None,
        Value::String(text) => Identifier::Text(text.clone()),
        Value::Array(items) => Identifier::Many(items.iter().map(identifier).collect()),
        other => Identifier::Odd(other.to_string()),
    }
}

fn texts(value: &Value) -> Vec<&str> {
    list(value).iter().filter_map(Value::as_str).collect()
}

fn flag(query: &Value, name: &str, default: bool) -> bool {
    query[name].as_bool().unwrap_or(default)
}

/// Writes out what a vector leaves out because it is the usual.
fn with_defaults(load: &Value) -> Value {
    let mut load = load.clone();
    let Some(facts) = load.get_mut("value") else { return load };
    let revisions = facts.get_mut("revisions").and_then(Value::as_object_mut);
    for revision in revisions.into_iter().flat_map(|revisions| revisions.values_mut()) {
        let or = |name: &str, default: &Value| revision.get(name).unwrap_or(default).clone();
        let (none, next) = (json!([]), or("next", &json!([])));
        let all_down = or("all_down", &or("down", &none));
        *revision = json!({
            "down": or("down", &none),
            "normalized_down": or("normalized_down", &all_down),
            "all_down": all_down,
            "resolved_dependencies": or("resolved_dependencies", &none),
            "all_next": or("all_next", &next),
            "next": next,
            "labels": or("labels", &none),
            "flags": or("flags", &none),
        });
    }
    load
}

// Writing outcomes.

fn answer_of(outcome: Result<Value, MapError>, warnings: &[String]) -> Answer<Value> {
    Answer { outcome, warnings: warnings.to_vec() }
}

fn outcome(answer: Answer<Value>) -> Value {
    let mut outcome = match answer.outcome {
        Ok(value) => json!({ "value": value }),
        Err(error) => json!({ "error": error_value(&error) }),
    };
    if !answer.warnings.is_empty() {
        outcome["warnings"] = json!(answer.warnings);
    }
    outcome
}

fn error_value(error: &MapError) -> Value {
    let kind = match error.kind {
        ErrorKind::Revision => "revision",
        ErrorKind::Command => "command",
        ErrorKind::Internal => "internal",
        ErrorKind::Hang => "hang",
    };
    json!({ "class": error.class, "kind": kind, "message": error.message })
}

fn describe(map: &RevisionMap) -> Value {
    let order = map.order();
    let revisions: serde_json::Map<String, Value> = order
        .iter()
        .filter_map(|id| Some(((*id).to_owned(), describe_revision(&map.revision(id)?))))
        .collect();
    json!({
        "order": order,
        "label_owners": map.label_owners(),
        "heads": map.heads(),
        "real_heads": map.real_heads(),
        "bases": map.bases(),
        "real_bases": map.real_bases(),
        "revisions": revisions,
        "branch_points": map.branch_points(),
        "merge_points": map.merge_points(),
        "iteration": outcome(told(map.iterate(&Span::new("heads", "base")))),
    })
}

fn describe_revision(revision: &RevisionView<'_>) -> Value {
    let flags: BTreeMap<usize, &str> = [
        (revision.is_head(), "head"),
        (revision.is_real_head(), "real_head"),
        (revision.is_base(), "base"),
        (revision.is_real_base(), "real_base"),
        (revision.is_branch_point(), "branch_point"),
        (revision.is_real_branch_point(), "real_branch_point"),
        (revision.is_merge_point(), "merge_point"),
    ]
    .into_iter()
    .enumerate()
    .filter_map(|(position, (is_set, name))| is_set.then_some((position, name)))
    .collect();
    json!({
        "down": revision.down(),
        "normalized_down": revision.normalized_down(),
        "all_down": revision.all_down(),
        "resolved_dependencies": revision.resolved_dependencies(),
        "all_next": sorted(revision.all_next()),
        "next": sorted(revision.next()),
        "labels": revision.labels(),
        "flags": flags.into_values().collect::<Vec<_>>(),
    })
}

fn sorted(mut ids: Vec<&str>) -> Vec<&str> {
    ids.sort_unstable();
    ids
}

fn told(answer: Answer<Vec<String>>) -> Answer<Value> {
    Answer { outcome: answer.outcome.map(|ids| json!(ids)), warnings: answer.warnings }
}

fn places(places: Vec<Place>) -> Value {
    let one = |place| match place {
        Place::Nothing => Value::Null,
        Place::Base => json!("base"),
        Place::Revision(id) => json!(id),
    };
    places.into_iter().map(one).collect()
}

/// Splits printed text as Python does, where more than a newline ends a line.
fn lines(text: &str) -> Value {
    let ends = |c| matches!(c, '\n'..='\r' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let text = text.replace("\r\n", "\n");
    json!(text.split_terminator(ends).collect::<Vec<_>>())
}

fn printed(answer: Answer<String>) -> Answer<Value> {
    Answer { outcome: answer.outcome.map(|text| lines(&text)), warnings: answer.warnings }
}

fn plan(plan: &Plan) -> Value {
    json!({ "steps": plan.revisions(), "rows": plan.rows() })
}

fn stamps(plan: &Plan) -> Value {
    let step = |action: &Action| match action {
        Action::Stamp { from, to, up, branch_move } => {
            Some(json!({ "from": from, "to": to, "up": up, "branch_move": branch_move }))
        }
        Action::Upgrade(_) | Action::Downgrade(_) => None,
    };
    let steps: Vec<Value> = plan.steps.iter().filter_map(|done| step(&done.action)).collect();
    json!({ "steps": steps, "rows": plan.rows() })
}

// Asking.

fn ask(map: &RevisionMap, query: &Value) -> Result<Answer<Value>, String> {
    let op = query["op"].as_str().ok_or("a query has no operation")?;
    let id = || identifier(&query["id"]);
    let quiet = |outcome| answer_of(outcome, &[]);
    Ok(match op {
        "get_revision" => quiet(map.resolve(id()).map(|id| json!(id))),
        "get_revisions" => quiet(map.resolve_all(id()).map(places)),
        "current_head" => quiet(map.current_head(query["label"].as_str()).map(|id| json!(id))),
        "as_revision_number" => quiet(map.revision_numbers(id()).map(|ids| number(&query["id"], ids))),
        "lineage" => quiet(
            map.lineage(
                identifier(&query["targets"]),
                identifier(&query["check"]),
                flag(query, "deps", false),
            )
            .map(places),
        ),
        "ancestors" => quiet(
            map.ancestors(id(), flag(query, "deps", true), flag(query, "check", false)).map(|ids| json!(ids)),
        ),
        "descendants" => quiet(
            map.descendants(id(), flag(query, "deps", true), flag(query, "check", false))
                .map(|ids| json!(ids)),
        ),
        "all_current" => quiet(map.all_current(id()).map(|ids| json!(sorted(ids)))),
        "iterate" => told(map.iterate(&span(query))),
        "walk" => told(map.walk_revisions(
            query["base"].as_str().unwrap_or("base"),
            query["head"].as_str().unwrap_or("heads"),
        )),
        "add" => add(map, query)?,
        _ => ask_command(map, op, query)?,
    })
}

fn ask_command(map: &RevisionMap, op: &str, query: &Value) -> Result<Answer<Value>, String> {
    let to = || identifier(&query["to"]);
    let rows = texts(&query["from"]);
    let verbose = flag(query, "verbose", false);
    let quiet = |outcome| answer_of(outcome, &[]);
    Ok(match op {
        "upgrade" => quiet(map.upgrade_steps(to(), &rows).map(|steps| plan(&steps))),
        "downgrade" => {
            let answer = map.downgrade_steps(to(), &rows);
            answer_of(answer.outcome.map(|steps| plan(&steps)), &answer.warnings)
        }
        "stamp" => quiet(map.stamp_steps(to(), &rows).map(|steps| stamps(&steps))),
        "history" => printed(map.history(query["range"].as_str(), verbose, &[])),
        "heads_text" => {
            quiet(map.heads_text(verbose, flag(query, "resolve", false)).map(|text| lines(&text)))
        }
        "branches_text" => printed(map.branches_text(verbose)),
        "show" => quiet(map.show(identifier(&query["id"])).map(|text| lines(&text))),
        other => return Err(format!("unknown operation {other}")),
    })
}

/// Alembic gives all numbers for `heads`, else one, and nothing for none.
fn number(asked: &Value, ids: Vec<String>) -> Value {
    match ids.first() {
        None => Value::Null,
        Some(_) if asked == "heads" => json!(ids),
        Some(first) => json!(first),
    }
}

fn span(query: &Value) -> Span {
    Span {
        inclusive: flag(query, "inclusive", false),
        implicit_base: flag(query, "implicit_base", false),
        exact_length: flag(query, "relative_length", true),
        for_downgrade: flag(query, "downgrade", false),
        ..Span::new(identifier(&query["upper"]), identifier(&query["lower"]))
    }
}

fn add(map: &RevisionMap, query: &Value) -> Result<Answer<Value>, String> {
    let mut map = map.clone();
    let answer = map.add(&row(&query["row"])?);
    let labels: BTreeMap<&str, Vec<&str>> = map
        .order()
        .into_iter()
        .filter_map(|id| Some((id, map.revision(id)?.labels())))
        .filter(|(_, labels)| !labels.is_empty())
        .collect();
    let facts = json!({
        "heads": map.heads(),
        "real_heads": map.real_heads(),
        "bases": map.bases(),
        "labels": labels,
    });
    Ok(answer_of(answer.outcome.map(|()| facts), &answer.warnings))
}
