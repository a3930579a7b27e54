//! What a missing revision may be: ranked candidates with the evidence for each.

use crate::case::Case;
use crate::finding::Place;
use cucurbit_alembic::RevisionFacts;
use cucurbit_graph::Node;
use std::collections::HashSet;
use std::path::Path;

/// How many candidates a finding names.
const SHOWN: usize = 5;

/// One account of what the missing id stands for. Kinds are in order of weight.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A file that Alembic passes over defines it.
    PassedOver,
    /// A file of that name exists and declares another id.
    NameOfFile,
    /// The id is the stem or the slug of a file.
    FileStem,
    /// It differs only by case or white space.
    Spelling,
    /// The docstring of the file that names it names this one.
    ChildDocstring,
    /// One is the beginning of the other.
    Prefix,
    /// One letter is wrong.
    OneEdit,
    /// The docstring of a file claims it.
    Docstring,
    /// A file may define it, but its id cannot be told.
    CannotTell,
    /// Bytecode of that name is left.
    Bytecode,
}

impl Kind {
    /// Tells whether the account is that a revision which is there was named wrongly.
    pub(super) fn is_mistyping(&self) -> bool {
        matches!(self, Kind::FileStem | Kind::Spelling | Kind::Prefix | Kind::OneEdit)
    }
}

/// A candidate: kind, the id that was probably meant, where, and the sentence for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) kind: Kind,
    pub(super) id: Option<String>,
    pub(super) place: Place,
    pub(super) sentence: String,
    pub(super) label: String,
}

/// Returns the candidates for a missing id, best first: by kind, then those that nothing follows, then
/// in load order. Costs one pass over
/// the files.
pub(super) fn for_missing(case: &Case, missing: &str) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (row, file) in case.files().iter().enumerate() {
        let id = case.graph().node_of_row(row).map(|node| case.graph().id(node));
        by_file(case, missing, &file.path, &file.facts, id, &mut found);
        if let Some(id) = id {
            found.extend(by_id(missing, id, case.id_place(row)));
        }
    }
    for ignored in case.ignored() {
        let stem = case.stem_of(&ignored.path);
        if ignored.facts.revision.as_str() == Some(missing) {
            found.push(Candidate {
                kind: Kind::PassedOver,
                id: Some(missing.to_owned()),
                place: Place::at(&ignored.path, ignored.facts.revision.span()),
                sentence: format!(
                    "move `{}` to where Alembic looks: it defines `{missing}`",
                    file_name(&ignored.path)
                ),
                label: "defined here, where Alembic does not look".to_owned(),
            });
        } else if ignored.why == cucurbit_alembic::PassedOver::Bytecode && names(&last_part(&stem), missing) {
            found.push(Candidate {
                kind: Kind::Bytecode,
                id: Some(missing.to_owned()),
                place: Place::file(&ignored.path),
                sentence: format!(
                    "`{}` is bytecode of a file of that name that once stood here",
                    file_name(&ignored.path)
                ),
                label: "bytecode of the missing file".to_owned(),
            });
        }
    }
    by_children(case, missing, &mut found);
    drop_descendants(case, missing, &mut found);
    // A revision that nothing follows has probably lost the one that names it wrongly.
    let is_followed = |candidate: &Candidate| {
        let node = candidate.id.as_deref().and_then(|id| case.graph().node(id));
        node.is_some_and(|node| !case.graph().children(node).is_empty())
    };
    found.sort_by_cached_key(|candidate| (candidate.kind.clone(), is_followed(candidate)));
    let mut seen = HashSet::new();
    found.retain(|candidate| seen.insert((candidate.place.path.clone(), candidate.id.clone())));
    found.truncate(SHOWN);
    found
}

/// The docstrings of the files that name the missing id may tell what they named before.
fn by_children(case: &Case, missing: &str, found: &mut Vec<Candidate>) {
    let graph = case.graph();
    let Some(lost) = graph.node(missing) else { return };
    for row in graph.children(lost).into_iter().flat_map(|child| graph.rows(child)) {
        let Some(line) = case.facts(*row).docstring.as_ref().and_then(|doc| doc.revises.as_ref()) else {
            continue;
        };
        for word in line.text.split([',', ' ']).filter(|word| !word.is_empty() && *word != missing) {
            if graph.node(word).is_some_and(|node| !graph.is_missing(node)) {
                found.push(Candidate {
                    kind: Kind::ChildDocstring,
                    id: Some(word.to_owned()),
                    place: Place::at(case.path(*row), Some(line.span)),
                    sentence: format!("write `{word}`: the docstring says that this revision follows it"),
                    label: "the docstring names another parent".to_owned(),
                });
            }
        }
    }
}

/// What stands on the missing revision cannot be what was meant by it.
fn drop_descendants(case: &Case, missing: &str, found: &mut Vec<Candidate>) {
    let graph = case.graph();
    let Some(lost) = graph.node(missing).filter(|_| !found.is_empty()) else {
        return;
    };
    let standing: HashSet<Node> = graph.descendants(lost).into_iter().collect();
    found.retain(|candidate| {
        let node = candidate.id.as_deref().and_then(|id| graph.node(id));
        let may_be_above = !candidate.kind.is_mistyping() && candidate.kind != Kind::ChildDocstring;
        may_be_above || !node.is_some_and(|node| standing.contains(&node))
    });
}

fn by_file(
    case: &Case,
    missing: &str,
    path: &Path,
    facts: &RevisionFacts,
    id: Option<&str>,
    found: &mut Vec<Candidate>,
) {
    let stem = case.stem_of(path);
    let name = file_name(path);
    let Some(id) = id else {
        let promised = names(&last_part(&stem), missing);
        let claims =
            facts.docstring.as_ref().and_then(|d| d.revision_id.as_ref()).is_some_and(|l| l.text == missing);
        if crate::case::may_hide_a_revision(facts) && (promised || claims) {
            found.push(Candidate {
                kind: Kind::CannotTell,
                id: None,
                place: Place::at(path, facts.revision.span()),
                sentence: format!("`{name}` may define it: what it calls itself cannot be told"),
                label: "may define it; the id cannot be told".to_owned(),
            });
        } else if promised {
            found.push(Candidate {
                kind: Kind::NameOfFile,
                id: None,
                place: Place::file(path),
                sentence: format!("`{name}` bears the name of `{missing}` and defines no revision: look in version control for what it was"),
                label: "named for the missing revision, but defines none".to_owned(),
            });
        }
        return;
    };
    if id == missing {
        return;
    }
    let place = Place::at(path, facts.revision.span());
    let slug = last_part(&stem);
    if slug == missing
        || slug.strip_prefix(id).is_some_and(|rest| rest.trim_start_matches(['_', '-']) == missing)
    {
        found.push(Candidate {
            kind: Kind::FileStem,
            id: Some(id.to_owned()),
            place,
            sentence: format!("write `{id}`: `{missing}` is the file name of `{name}`, not its id"),
            label: format!("this file is named so, its id is `{id}`"),
        });
    } else if names(&slug, missing) {
        found.push(Candidate {
            kind: Kind::NameOfFile,
            id: Some(id.to_owned()),
            place,
            sentence: format!("`{name}` bears the name of `{missing}` and holds `{id}`: it may have been overwritten; look for the lost file in version control"),
            label: format!("named for the missing revision, but declares `{id}`"),
        });
    } else if facts
        .docstring
        .as_ref()
        .and_then(|doc| doc.revision_id.as_ref())
        .is_some_and(|line| line.text == missing)
    {
        found.push(Candidate {
            kind: Kind::Docstring,
            id: Some(id.to_owned()),
            place: Place::at(
                path,
                facts.docstring.as_ref().and_then(|doc| doc.revision_id.as_ref()).map(|line| line.span),
            ),
            sentence: format!(
                "the docstring of `{name}` says `{missing}`, its code says `{id}`: one of them was changed"
            ),
            label: format!("the docstring claims it, the code says `{id}`"),
        });
    }
}

fn by_id(missing: &str, id: &str, place: Place) -> Option<Candidate> {
    let squeeze = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    let (kind, reason) = if missing.is_empty() || id == missing {
        return None;
    } else if squeeze(missing) == squeeze(id) {
        (Kind::Spelling, "only case or spaces differ")
    } else if missing.len() >= 4 && id.starts_with(missing) {
        (Kind::Prefix, "it begins so; in files Alembic takes no short ids")
    } else if id.len() >= 4 && missing.starts_with(id) {
        (Kind::Prefix, "the written id only goes on after it")
    } else if one_edit_apart(missing, id) && !are_numbered(missing, id) {
        (Kind::OneEdit, "one letter differs")
    } else {
        return None;
    };
    Some(Candidate {
        kind,
        id: Some(id.to_owned()),
        place,
        sentence: format!("write `{id}`: {reason}"),
        label: format!("`{id}` stands here"),
    })
}

/// Tells whether a file stem promises the id: `ID`, `ID_slug`, `ID-slug` or `date_ID_slug`.
pub(super) fn names(stem: &str, id: &str) -> bool {
    if id.len() < 2 {
        return stem.split('_').next() == Some(id);
    }
    stem.match_indices(id).any(|(at, _)| {
        let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        edge(stem[..at].chars().next_back()) && edge(stem[at + id.len()..].chars().next())
    })
}

pub(super) fn last_part(stem: &str) -> String {
    stem.rsplit('/').next().unwrap_or(stem).to_owned()
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Tells whether the two are numbers of one sequence (`0004` and `0005`, `rocky_01` and `rocky_02`).
fn are_numbered(a: &str, b: &str) -> bool {
    let is_random = |id: &str| id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit());
    let stem = |id: &'_ str| id.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let number = |id: &'_ str| id[stem(id)..].trim_start_matches('0').to_owned();
    let same_stem = stem(a) < a.len() && stem(b) < b.len() && a[..stem(a)] == b[..stem(b)];
    same_stem && number(a) != number(b) && !is_random(a) && !is_random(b)
}

/// Tells whether one insertion, deletion, substitution or swap of neighbours turns one text into
/// the other. Ids under four characters are too short for that to mean anything.
pub(super) fn one_edit_apart(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().min(b.len()) < 4 || a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let front = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[front..], &b[front..]);
    let back = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - back], &b[..b.len() - back]);
    match (a, b) {
        ([_], []) | ([], [_]) | ([_], [_]) => true,
        ([p, q], [r, s]) => p == s && q == r,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_edit_is_one_edit() {
        for (a, b, expected) in [
            ("abcd", "abce", true),
            ("abcd", "abcde", true),
            ("abcd", "bacd", true),
            ("abcd", "badc", false),
            ("abcd", "abcd", false),
            ("ab", "ac", false),
            ("abcd", "abcdef", false),
        ] {
            assert_eq!(one_edit_apart(a, b), expected, "{a} {b}");
            assert_eq!(one_edit_apart(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn stems_name_ids_between_edges() {
        assert!(names("189b1231afd4_bootstrap", "189b1231afd4"));
        assert!(names("2024_01_01-189b1231afd4_x", "189b1231afd4"));
        assert!(!names("189b1231afd45_x", "189b1231afd4"));
        assert!(names("a_users", "a"));
        assert!(!names("users_a_b", "a"));
    }
}
