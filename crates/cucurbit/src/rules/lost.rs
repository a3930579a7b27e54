//! What the rules about lost revisions share: which they are, and what can be said of each.

use super::candidates::{Candidate, Kind, for_missing};
use super::filename_mismatch::promised;
use super::text::shell_word;
use crate::case::{Case, may_hide_a_revision};
use crate::finding::{Finding, RuleInfo, Severity, Tie};
use cucurbit_alembic::RevisionFile;
use cucurbit_alembic::config::ConfigProblemKind;
use cucurbit_graph::{Node, Reference};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Candidates are looked for until so many pairs of files and lost ids have been compared. Where
/// thousands of parents are lost, none of them was mistyped.
const MAX_COMPARISONS: usize = 1_000_000;

/// The revisions of a case that are named and that no file defines.
pub(super) struct Lost<'c> {
    case: &'c Case,
    parents: Vec<Node>,
    references: HashMap<Node, Vec<Reference>>,
    doubt: Option<&'static str>,
    searches_left: usize,
}

impl<'c> Lost<'c> {
    pub(super) fn new(case: &'c Case) -> Self {
        let graph = case.graph();
        let mut references: HashMap<Node, Vec<Reference>> = HashMap::new();
        for reference in graph.parent_references().filter(|r| graph.is_missing(r.target)) {
            references.entry(reference.target).or_default().push(reference);
        }
        // The empty string has a rule of its own, and so has a branch label.
        let is_lost = |node: &Node| {
            let id = graph.id(*node);
            references.contains_key(node) && !id.is_empty() && graph.label_owner(id).is_none()
        };
        Self {
            case,
            parents: graph.missing().filter(is_lost).collect(),
            references,
            doubt: doubt(case),
            searches_left: MAX_COMPARISONS / case.files().len().max(1),
        }
    }

    /// Returns the lost revisions that are named as parents.
    pub(super) fn parents(&self) -> &[Node] {
        &self.parents
    }

    /// Returns those under which nothing else stands: they were not mistyped, nothing is merged with
    /// what stands on them, and no other part of the graph ends in a head that they may have stood on.
    ///
    /// Where no base is left at all, one of the lost revisions is the base: the one named first.
    pub(super) fn bases(&self) -> Vec<Node> {
        if self.parents.is_empty() {
            return Vec::new();
        }
        let parts = Parts::of(self.case);
        let is_base =
            |lost: &Node| !parts.may_go_on_below(*lost) && !self.is_joined(*lost) && !self.is_mistyped(*lost);
        let bases: Vec<Node> = self.parents.iter().copied().filter(is_base).collect();
        if bases.is_empty() && self.case.graph().bases().is_empty() {
            let date = |lost: &Node| (first_date(self.case, *lost).is_none(), first_date(self.case, *lost));
            return self.parents.iter().copied().min_by_key(date).into_iter().collect();
        }
        bases
    }

    /// A revision that stands elsewhere was meant.
    fn is_mistyped(&self, lost: Node) -> bool {
        self.searches_left > self.parents.len()
            && for_missing(self.case, self.case.graph().id(lost))
                .iter()
                .any(|candidate| candidate.kind.is_mistyping())
    }

    /// What stands on the lost revision is merged with a revision that does not.
    fn is_joined(&self, lost: Node) -> bool {
        let graph = self.case.graph();
        let mut standing: HashSet<Node> = graph.descendants(lost).into_iter().collect();
        standing.insert(lost);
        let mut parents = standing.iter().flat_map(|node| graph.parents(*node));
        parents.any(|parent| !standing.contains(&parent) && !graph.is_missing(parent))
    }

    /// Builds the finding for a lost parent: everything that names it, and what it may be.
    pub(super) fn report(&mut self, rule: &'static RuleInfo, missing: Node, message: String) -> Finding {
        let (case, graph) = (self.case, self.case.graph());
        let id = graph.id(missing).to_owned();
        let references = self.references.get(&missing).cloned().unwrap_or_default();
        let places = references.iter().map(|r| case.parent_place(r.row, r.position));
        let children = references.iter().filter_map(|r| graph.node_of_row(r.row)).map(|node| graph.id(node));
        let mut places = places.collect::<Vec<_>>().into_iter();
        let place = places.next().unwrap_or_else(|| case.folder_place());
        let mut finding = Finding::new(rule, place, message)
            .label("no file defines this revision")
            .revision(&id)
            .revisions(children)
            .why(format!(
                "every Alembic command stops with `KeyError: '{id}'`, so an empty database cannot be built"
            ))
            .explains(Tie::Missing(id.clone()))
            .follows_from(Tie::Unseen(id.clone()));
        for place in places {
            finding = finding.also(place, "also named as parent here");
        }
        self.explain(finding, &id).help(format!(
            "look for `{id}` in version control: `git log --all -S{}` lists the commits that brought or removed it",
            shell_word(&id)
        ))
    }

    /// Adds what a missing id may be, best first. Where some file may define it after all, the
    /// finding is a warning.
    pub(super) fn explain(&mut self, mut finding: Finding, missing: &str) -> Finding {
        let candidates = match self.searches_left {
            0 => Vec::new(),
            _ => for_missing(self.case, missing),
        };
        self.searches_left = self.searches_left.saturating_sub(1);
        for candidate in &candidates {
            finding = finding.help(&candidate.sentence).also(candidate.place.clone(), &candidate.label);
            if let Some(id) = &candidate.id {
                finding = finding.revision(id);
            }
        }
        let may_define = candidates.iter().any(|candidate| candidate.kind == Kind::CannotTell);
        if may_define || self.doubt.is_some() {
            finding = finding.severity(Severity::Warning);
            finding.why =
                format!("if no file defines it, every Alembic command stops with `KeyError: '{missing}'`");
        }
        if let Some(doubt) = self.doubt.filter(|_| !may_define) {
            finding = finding.help(doubt);
        }
        finding.cause(cause(missing, candidates.first()))
    }
}

/// Says what probably happened, by the best candidate.
fn cause(missing: &str, best: Option<&Candidate>) -> String {
    let named = || best.and_then(|best| best.id.as_deref()).unwrap_or_default();
    match best.map(|best| &best.kind) {
        Some(Kind::PassedOver) => "the file is there, but Alembic does not look at it".to_owned(),
        Some(Kind::NameOfFile) if named().is_empty() => {
            format!("the file of `{missing}` was probably emptied")
        }
        Some(Kind::NameOfFile) => {
            format!("the file of `{missing}` was probably overwritten by `{}`", named())
        }
        Some(Kind::FileStem) => "the file name was written where the id belongs".to_owned(),
        Some(Kind::Spelling | Kind::OneEdit) => "the id was probably mistyped".to_owned(),
        Some(Kind::ChildDocstring) => "the parent was changed by hand in the code alone".to_owned(),
        Some(Kind::Prefix) => "the id was probably cut short or written on".to_owned(),
        Some(Kind::Docstring) => "the id was probably changed in one place and not in the other".to_owned(),
        Some(Kind::CannotTell) => "its file may be there, but cannot be read".to_owned(),
        Some(Kind::Bytecode) => "its source file was deleted".to_owned(),
        None => format!("the file of `{missing}` was deleted, overwritten or never committed"),
    }
}

/// The parts of the graph that parents hold together, with what tells whether one continues another.
struct Parts<'c> {
    case: &'c Case,
    part_of: Vec<usize>,
    /// For each part with a head: the date of the oldest one, nothing when it has no date.
    oldest_head: BTreeMap<usize, Option<String>>,
    newest: HashMap<usize, String>,
    labels: HashMap<usize, HashSet<&'c str>>,
    /// Parts on a base with a branch label of its own.
    labelled_bases: HashSet<usize>,
}

impl<'c> Parts<'c> {
    fn of(case: &'c Case) -> Self {
        let graph = case.graph();
        let mut parts = Self {
            case,
            part_of: graph.lineages(),
            oldest_head: BTreeMap::new(),
            newest: HashMap::new(),
            labels: HashMap::new(),
            labelled_bases: HashSet::new(),
        };
        for head in graph.heads() {
            let date = date_of(case, head);
            let oldest = parts.oldest_head.entry(parts.part(head)).or_insert(date.clone());
            *oldest = std::mem::take(oldest).min(date);
        }
        for (row, file) in case.files().iter().enumerate() {
            let Some(node) = graph.node_of_row(row) else { continue };
            let part = parts.part(node);
            let labels = file.facts.branch_labels.strings();
            if !labels.is_empty() && graph.parents(node).is_empty() {
                parts.labelled_bases.insert(part);
            }
            parts.labels.entry(part).or_default().extend(labels.into_iter().map(|(label, _)| label));
            if let Some(date) = date_of(case, node) {
                let newest = parts.newest.entry(part).or_default();
                *newest = std::mem::take(newest).max(date);
            }
        }
        parts
    }

    fn part(&self, node: Node) -> usize {
        self.case.graph().part_of(node, &self.part_of)
    }

    /// A part may be what the lost revision stood on, unless branch labels say that it is a line of
    /// its own: labels on both that differ, or a labelled base under revisions that are all younger.
    /// Dates alone say nothing: in real chains they are out of order as often as not.
    fn may_go_on_below(&self, lost: Node) -> bool {
        let own = self.part(lost);
        let labels = |part: &usize| self.labels.get(part).filter(|labels| !labels.is_empty());
        self.oldest_head.iter().filter(|(part, _)| **part != own).any(|(part, head)| {
            let younger =
                matches!((head, self.newest.get(&own)), (Some(head), Some(newest)) if head > newest);
            let apart = matches!((labels(part), labels(&own)), (Some(a), Some(b)) if a.is_disjoint(b));
            let begun_later = younger && self.labelled_bases.contains(part);
            !(apart || begun_later)
        })
    }
}

fn first_date(case: &Case, lost: Node) -> Option<String> {
    case.graph().children(lost).into_iter().filter_map(|child| date_of(case, child)).min()
}

/// Dates are compared as text: Alembic writes them from the year down.
fn date_of(case: &Case, node: Node) -> Option<String> {
    let row = case.row_of(node)?;
    let line = case.facts(row).docstring.as_ref()?.create_date.as_ref()?;
    let text = line.text.get(..19).unwrap_or(&line.text);
    text.starts_with(|c: char| c.is_ascii_digit()).then(|| text.to_owned())
}

/// Says why a revision may be there although no file was seen to define it. A file that does not
/// show its id and is named for another revision leaves no doubt.
fn doubt(case: &Case) -> Option<&'static str> {
    let elsewhere = |kind: &ConfigProblemKind| matches!(kind, ConfigProblemKind::PackageNotFound { .. });
    let hides = |(row, file): (usize, &RevisionFile)| {
        may_hide_a_revision(&file.facts) && promised(case, &case.stem(row)).is_none()
    };
    if case.files().iter().enumerate().any(hides) {
        Some("make the files show their ids: one of those that do not may define it")
    } else if !case.unlisted().is_empty() {
        Some("make every version folder readable: it may be defined in one that is not")
    } else if case.environment().problems.iter().any(|problem| elsewhere(&problem.kind)) {
        Some("look in the version location that is not here: it may be defined there")
    } else {
        None
    }
}
