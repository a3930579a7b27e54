//! The report for programs. `docs/diagnose-json.md` is its contract.

use super::sources::Sources;
use crate::alembic_answer::AlembicAnswer;
use crate::case::Case;
use crate::diagnose::{Diagnosis, EnvironmentDiagnosis};
use crate::finding::{Finding, Place, Severity};
use cucurbit_alembic::Field;
use cucurbit_graph::Node;
use schemars::JsonSchema;
use serde::Serialize;

/// The version of the format; it changes when a field changes its meaning or goes away.
pub const JSON_SCHEMA_VERSION: u32 = 1;

/// Renders a diagnosis as JSON, with a line end. The order of everything is fixed.
#[must_use]
pub fn json(diagnosis: &Diagnosis) -> String {
    let mut sources = Sources::default();
    let report = Report::of(diagnosis, &mut sources);
    let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
    text.push('\n');
    text
}

/// Returns the JSON schema of [`json`]'s answer, with a line end.
#[must_use]
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(Report);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// A diagnosis.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "cucurbit diagnose")]
struct Report {
    /// The version of this format.
    schema_version: u32,
    /// The program.
    tool: Tool,
    /// The environments, sorted by configuration file or folder.
    environments: Vec<Environment>,
    /// Folders and files that could not be searched, sorted by path.
    problems: Vec<Problem>,
    /// Totals.
    summary: Summary,
}

#[derive(Serialize, JsonSchema)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct Problem {
    path: String,
    /// What is the matter.
    message: String,
}

#[derive(Serialize, JsonSchema)]
struct Summary {
    environments: usize,
    revision_files: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
}

/// One Alembic environment.
#[derive(Serialize, JsonSchema)]
struct Environment {
    /// The script folder, or the first version folder.
    path: String,
    /// The configuration files, ini before TOML.
    config_files: Vec<String>,
    /// The ini section.
    section: String,
    version_locations: Vec<Location>,
    recursive_version_locations: bool,
    sourceless: bool,
    file_template: String,
    /// How many files Alembic loads.
    revision_files: usize,
    /// What Alembic would answer.
    alembic: Alembic,
    /// Ids, in load order.
    heads: Vec<String>,
    bases: Vec<String>,
    branch_points: Vec<String>,
    merge_points: Vec<String>,
    /// Ids that are named and that no file defines.
    missing: Vec<String>,
    /// The files, in load order.
    revisions: Vec<Revision>,
    /// The findings: errors first, then by path, place and code.
    findings: Vec<JsonFinding>,
}

#[derive(Serialize, JsonSchema)]
struct Location {
    path: String,
    exists: bool,
}

#[derive(Serialize, JsonSchema)]
struct Alembic {
    /// `loads`, `fails`, `cannot-tell` or `no-revisions`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<AlembicError>,
    /// Warnings that Alembic prints.
    warnings: Vec<String>,
    /// Why `alembic upgrade heads` fails on an empty database although the chain loads.
    #[serde(skip_serializing_if = "Option::is_none")]
    upgrade_error: Option<UpgradeError>,
}

#[derive(Serialize, JsonSchema)]
struct AlembicError {
    /// The Python class.
    class: String,
    message: String,
    /// The last line that the terminal would show.
    last_line: String,
    /// The file at which it stops, where one can be named.
    file: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct UpgradeError {
    /// The revision at which the upgrade fails, where one can be named.
    revision: Option<String>,
    error: AlembicError,
}

/// What one file states.
#[derive(Serialize, JsonSchema)]
struct Revision {
    file: String,
    revision: Value,
    down_revision: Value,
    branch_labels: Value,
    depends_on: Value,
    /// The first paragraph of the docstring.
    message: Option<String>,
    /// The `Create Date` of the docstring.
    create_date: Option<String>,
}

/// A variable: known, absent, or not to be told without running the file.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
enum Value {
    Known {
        /// The strings of the value; none for `None`.
        values: Vec<String>,
    },
    Absent,
    CannotTell {
        /// Why.
        why: String,
    },
}

/// One fault.
#[derive(Serialize, JsonSchema)]
struct JsonFinding {
    /// Unique in its environment.
    id: String,
    /// The rule's code.
    code: &'static str,
    /// The rule's name.
    name: &'static str,
    /// `error`, `warning` or `note`.
    severity: &'static str,
    /// What is wrong.
    message: String,
    /// What follows from it.
    why: String,
    /// What probably happened.
    cause: Option<String>,
    /// What to do, best first.
    help: Vec<String>,
    /// The revision ids it is about, the main one first.
    revisions: Vec<String>,
    /// The files it is about, the main one first.
    files: Vec<String>,
    /// Where.
    location: JsonPlace,
    /// The other places involved.
    related: Vec<JsonRelated>,
    /// The id of the finding from which this one follows.
    consequence_of: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct JsonPlace {
    path: String,
    /// The part of the file, when it is about a part.
    span: Option<JsonSpan>,
}

#[derive(Serialize, JsonSchema)]
struct JsonRelated {
    path: String,
    span: Option<JsonSpan>,
    /// What the place has to do with the finding.
    message: String,
}

/// Lines and columns count from 1, columns in Unicode scalar values; offsets are bytes of the
/// decoded text; ends are exclusive.
#[derive(Serialize, JsonSchema)]
struct JsonSpan {
    start: JsonPosition,
    end: JsonPosition,
}

#[derive(Serialize, JsonSchema)]
struct JsonPosition {
    line: u32,
    column: u32,
    offset: u32,
}

impl Report {
    fn of(diagnosis: &Diagnosis, sources: &mut Sources) -> Self {
        let environments: Vec<Environment> =
            diagnosis.environments.iter().map(|e| environment(diagnosis, e, sources)).collect();
        Report {
            schema_version: JSON_SCHEMA_VERSION,
            tool: Tool { name: "cucurbit", version: env!("CARGO_PKG_VERSION") },
            problems: diagnosis
                .problems
                .iter()
                .map(|problem| Problem {
                    path: diagnosis.display_path(&problem.path),
                    message: super::text::walk_problem(problem.kind).to_owned(),
                })
                .collect(),
            summary: Summary {
                environments: environments.len(),
                revision_files: environments.iter().map(|e| e.revision_files).sum(),
                errors: diagnosis.count(Severity::Error),
                warnings: diagnosis.count(Severity::Warning),
                notes: diagnosis.count(Severity::Note),
            },
            environments,
        }
    }
}

fn environment(
    diagnosis: &Diagnosis,
    environment: &EnvironmentDiagnosis,
    sources: &mut Sources,
) -> Environment {
    let case = &environment.case;
    let config = case.environment();
    let show = |path: &std::path::Path| diagnosis.display_path(path);
    let chain = Chain::of(case);
    Environment {
        path: show(config.folder()),
        config_files: config.config_files.iter().map(|file| show(file)).collect(),
        section: config.section.clone(),
        version_locations: config
            .version_locations
            .iter()
            .map(|location| Location { path: show(&location.path), exists: location.exists })
            .collect(),
        recursive_version_locations: config.recursive,
        sourceless: config.sourceless,
        file_template: config.file_template.value.clone(),
        revision_files: case.files().len(),
        alembic: alembic(diagnosis, case.alembic()),
        heads: chain.heads,
        bases: chain.bases,
        branch_points: chain.branch_points,
        merge_points: chain.merge_points,
        missing: ids(case, case.graph().missing()),
        revisions: case.files().iter().map(|file| revision(diagnosis, file)).collect(),
        findings: environment
            .findings
            .iter()
            .enumerate()
            .map(|(index, finding)| json_finding(diagnosis, index, finding, sources))
            .collect(),
    }
}

/// The chain's ends: Alembic's own answer where it has one.
struct Chain {
    heads: Vec<String>,
    bases: Vec<String>,
    branch_points: Vec<String>,
    merge_points: Vec<String>,
}

impl Chain {
    fn of(case: &Case) -> Self {
        let own = |ids: Vec<&str>| ids.into_iter().map(str::to_owned).collect();
        match case.alembic_map() {
            Some(map) => Chain {
                heads: own(map.heads()),
                bases: own(map.bases()),
                branch_points: own(map.branch_points()),
                merge_points: own(map.merge_points()),
            },
            None => {
                let graph = case.graph();
                Chain {
                    heads: ids(case, graph.heads()),
                    bases: ids(case, graph.bases()),
                    branch_points: ids(case, graph.branch_points()),
                    merge_points: ids(case, graph.merge_points()),
                }
            }
        }
    }
}

fn ids(case: &Case, nodes: impl IntoIterator<Item = Node>) -> Vec<String> {
    nodes.into_iter().map(|node| case.graph().id(node).to_owned()).collect()
}

fn alembic(diagnosis: &Diagnosis, answer: &AlembicAnswer) -> Alembic {
    let plain = |outcome| Alembic { outcome, error: None, warnings: Vec::new(), upgrade_error: None };
    let shown = |error: &crate::AlembicError| AlembicError {
        class: error.class.clone(),
        message: error.message.clone(),
        last_line: error.last_line(),
        file: error.file.as_ref().map(|file| diagnosis.display_path(file)),
    };
    match answer {
        AlembicAnswer::NoRevisions => plain("no-revisions"),
        AlembicAnswer::CannotTell { .. } => plain("cannot-tell"),
        AlembicAnswer::Fails { error, warnings } => {
            Alembic { error: Some(shown(error)), warnings: warnings.clone(), ..plain("fails") }
        }
        AlembicAnswer::Loads { warnings, upgrade_fault, .. } => Alembic {
            warnings: warnings.clone(),
            upgrade_error: upgrade_fault
                .as_ref()
                .map(|fault| UpgradeError { revision: fault.revision.clone(), error: shown(&fault.error) }),
            ..plain("loads")
        },
    }
}

fn revision(diagnosis: &Diagnosis, file: &cucurbit_alembic::RevisionFile) -> Revision {
    let facts = &file.facts;
    Revision {
        file: diagnosis.display_path(&file.path),
        revision: value(&facts.revision),
        down_revision: value(&facts.down_revision),
        branch_labels: value(&facts.branch_labels),
        depends_on: value(&facts.depends_on),
        message: facts.docstring.as_ref().map(|doc| doc.message().to_owned()),
        create_date: facts
            .docstring
            .as_ref()
            .and_then(|doc| doc.create_date.as_ref())
            .map(|line| line.text.clone()),
    }
}

fn value(field: &Field) -> Value {
    match field {
        Field::Absent => Value::Absent,
        Field::Unknown { why, .. } => Value::CannotTell { why: why.to_string() },
        Field::Known { .. } => {
            Value::Known { values: field.strings().into_iter().map(|(text, _)| text.to_owned()).collect() }
        }
    }
}

fn finding_id(index: usize) -> String {
    format!("F{}", index + 1)
}

fn json_finding(
    diagnosis: &Diagnosis,
    index: usize,
    finding: &Finding,
    sources: &mut Sources,
) -> JsonFinding {
    let mut files = vec![diagnosis.display_path(&finding.place.path)];
    for related in &finding.related {
        let file = diagnosis.display_path(&related.place.path);
        if !files.contains(&file) {
            files.push(file);
        }
    }
    JsonFinding {
        id: finding_id(index),
        code: finding.rule.code,
        name: finding.rule.name,
        severity: finding.severity.as_str(),
        message: finding.message.clone(),
        why: finding.why.clone(),
        cause: finding.cause.clone(),
        help: finding.help.clone(),
        revisions: finding.revisions.clone(),
        files,
        location: JsonPlace {
            path: diagnosis.display_path(&finding.place.path),
            span: json_span(&finding.place, sources),
        },
        related: finding
            .related
            .iter()
            .map(|related| JsonRelated {
                path: diagnosis.display_path(&related.place.path),
                span: json_span(&related.place, sources),
                message: related.label.clone(),
            })
            .collect(),
        consequence_of: finding.consequence_of.map(finding_id),
    }
}

fn json_span(place: &Place, sources: &mut Sources) -> Option<JsonSpan> {
    let span = place.span?;
    let range = sources.range(&place.path, span)?;
    let position =
        |at: cucurbit_text::Position, offset| JsonPosition { line: at.line, column: at.column, offset };
    Some(JsonSpan { start: position(range.start, span.start), end: position(range.end, span.end) })
}
