//! Proofs as text and as JSON. `docs/verify.md` is the contract of the latter.

use super::harmless;
use crate::verify::{Issue, Method, Proof, Verdict, Weight, verdict};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

/// The version of the JSON of proofs; it changes when a field changes its meaning or goes away.
pub const VERIFY_JSON_VERSION: u32 = 1;

/// How many notes that say the same are written out.
const FEW: usize = 3;

/// Writes proofs for people; `show` says how a path is written.
#[must_use]
pub fn verify_text(proofs: &[Proof], show: &dyn Fn(&Path) -> String) -> String {
    let mut out = String::new();
    for proof in proofs {
        let _ = writeln!(out, "{}: {}: {}", heading(proof), proof.verdict().as_str(), counts(proof));
        let mut counted: Vec<&str> = Vec::new();
        for issue in &proof.issues {
            let text = issue.text.as_str();
            let is_alike = |other: &&Issue| other.weight == Weight::Note && other.text == text;
            let alike =
                if issue.weight == Weight::Note { proof.issues.iter().filter(is_alike).count() } else { 0 };
            if alike <= FEW {
                let _ = writeln!(out, "  {}", line(issue, show));
            } else if !counted.contains(&text) {
                counted.push(text);
                let _ = writeln!(out, "  note: {} ({alike} times)", harmless(text));
            }
        }
    }
    let all = match verdict(proofs) {
        Verdict::Proved => "proved",
        Verdict::CannotTell => "not proved: something cannot be told",
        Verdict::Fails => "not proved: something fails or differs",
    };
    let _ = writeln!(out, "{all}");
    out
}

fn heading(proof: &Proof) -> String {
    let system = crate::spoken::system(proof.dialect);
    match (proof.method, &proof.on) {
        (Method::Alembic, Some(on)) => format!("alembic on {}", harmless(on)),
        (_, Some(on)) => format!("statements on {}", harmless(on)),
        (_, None) => format!("replay as on {system}"),
    }
}

fn counts(proof: &Proof) -> String {
    let (known, all) = proof.operations;
    let revisions = plural(proof.revisions, "revision");
    match proof.method {
        Method::Replay => {
            format!(
                "{revisions}, {known} of {all} operations known exactly, {} undone",
                plural(proof.undone, "upgrade")
            )
        }
        Method::Statements => format!(
            "{revisions}, {} run, {} undone and done again",
            plural(proof.statements, "statement"),
            plural(proof.undone, "upgrade")
        ),
        Method::Alembic if proof.undone > 0 => {
            format!("{revisions}, {} undone and done again", plural(proof.undone, "upgrade"))
        }
        Method::Alembic => revisions,
    }
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn line(issue: &Issue, show: &dyn Fn(&Path) -> String) -> String {
    let mut out = format!("{}: ", issue.weight.as_str());
    if let Some((path, line)) = &issue.place {
        let _ = write!(out, "{}:{line}: ", show(path));
    }
    match (&issue.revision, issue.leg) {
        (Some(revision), Some(leg)) => {
            let _ = write!(out, "{}: {}: ", harmless(revision), leg.as_str());
        }
        (Some(revision), None) => {
            let _ = write!(out, "{}: ", harmless(revision));
        }
        _ => {}
    }
    let mut lines = issue.text.lines().map(harmless);
    out.push_str(&lines.next().unwrap_or_default());
    for more in lines {
        let _ = write!(out, "\n      {more}");
    }
    if let Some(statement) = &issue.statement {
        let words: Vec<&str> = statement.split_whitespace().collect();
        let mut short: String = words.join(" ").chars().take(200).collect();
        if short.len() < words.join(" ").len() {
            short.push('…');
        }
        let _ = write!(out, "\n      {}", harmless(&short));
    }
    out
}

/// Writes proofs as JSON, with a line end; `show` says how a path is written.
#[must_use]
pub fn verify_json(proofs: &[Proof], show: &dyn Fn(&Path) -> String) -> String {
    let issue = |issue: &Issue| {
        json!({
            "weight": word(issue.weight.as_str()),
            "revision": issue.revision,
            "leg": issue.leg.map(|leg| word(leg.as_str())),
            "path": issue.place.as_ref().map(|(path, _)| show(path)),
            "line": issue.place.as_ref().map(|(_, line)| line),
            "text": issue.text,
            "statement": issue.statement,
        })
    };
    let all: Vec<Value> = proofs
        .iter()
        .map(|proof| {
            json!({
                "method": proof.method.as_str(),
                "dialect": proof.dialect.name(),
                "on": proof.on,
                "verdict": word(proof.verdict().as_str()),
                "revisions": proof.revisions,
                "operations": {"known": proof.operations.0, "all": proof.operations.1},
                "statements": proof.statements,
                "undone": proof.undone,
                "rows": proof.rows,
                "issues": proof.issues.iter().map(issue).collect::<Vec<_>>(),
            })
        })
        .collect();
    let fails =
        |weight: Weight| proofs.iter().flat_map(|p| &p.issues).filter(|issue| issue.weight == weight).count();
    crate::drift::pretty(&json!({
        "schema_version": VERIFY_JSON_VERSION,
        "verdict": word(verdict(proofs).as_str()),
        "fails": fails(Weight::Fails),
        "cannot_tell": fails(Weight::CannotTell),
        "proofs": all,
    }))
}

/// Words as JSON has them: `cannot_tell`.
fn word(words: &str) -> String {
    words.replace(' ', "_")
}
