//! The report for people.

use super::chain::{LineKind, draw};
use super::sources::{Sources, harmless};
use crate::alembic_answer::AlembicAnswer;
use crate::diagnose::{Diagnosis, EnvironmentDiagnosis};
use crate::finding::{Finding, Place, Severity};
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use cucurbit_text::Span;
use std::fmt::Write;

/// How text is to look.
#[derive(Debug, Clone)]
pub struct TextOptions {
    /// With ANSI colours.
    pub color: bool,
    /// How many columns the terminal has.
    pub width: usize,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self { color: false, width: 100 }
    }
}

/// Renders a diagnosis: for every environment its chain, what Alembic would say, and the findings
/// with excerpts, consequences under their causes; then a summary line.
#[must_use]
pub fn text(diagnosis: &Diagnosis, options: &TextOptions) -> String {
    let renderer =
        if options.color { Renderer::styled() } else { Renderer::plain() }.term_width(options.width);
    let mut page =
        Page { diagnosis, renderer, color: options.color, sources: Sources::default(), out: String::new() };
    for environment in &diagnosis.environments {
        page.environment(environment);
    }
    page.summary();
    page.out
}

struct Page<'d> {
    diagnosis: &'d Diagnosis,
    renderer: Renderer,
    color: bool,
    sources: Sources,
    out: String,
}

const BOLD: &str = "1";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const DIM: &str = "2";

impl Page<'_> {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn paint(&self, style: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn path(&self, path: &std::path::Path) -> String {
        harmless(&self.diagnosis.display_path(path))
    }

    fn environment(&mut self, diagnosis: &EnvironmentDiagnosis) {
        self.heading(diagnosis);
        self.chain(diagnosis);
        self.answer(diagnosis);
        let findings = &diagnosis.findings;
        for (index, finding) in findings.iter().enumerate().filter(|(_, f)| f.consequence_of.is_none()) {
            self.finding(finding, false);
            self.consequences(findings, index);
        }
    }

    fn heading(&mut self, diagnosis: &EnvironmentDiagnosis) {
        let environment = diagnosis.case.environment();
        let title = match environment.config_files.as_slice() {
            [] => self.path(environment.folder()),
            files => files.iter().map(|file| self.path(file)).collect::<Vec<_>>().join(" + "),
        };
        let section = if environment.section == "alembic" || environment.config_files.is_empty() {
            String::new()
        } else {
            format!(" [{}]", harmless(&environment.section))
        };
        let count = diagnosis.case.files().len();
        let files = if count == 1 { "1 revision file".to_owned() } else { format!("{count} revision files") };
        let folders: Vec<String> = environment.version_locations.iter().map(|l| self.path(&l.path)).collect();
        let place = if folders.is_empty() { String::new() } else { format!(" in {}", folders.join(", ")) };
        let title = self.paint(BOLD, &format!("{title}{section}"));
        self.line(&format!("{title}: {files}{place}"));
        self.line("");
    }

    fn chain(&mut self, diagnosis: &EnvironmentDiagnosis) {
        let lines = draw(&diagnosis.case, &diagnosis.findings);
        let width = lines.iter().map(|line| line.lanes.chars().count()).max().unwrap_or(0);
        for line in &lines {
            let label = harmless(&line.label);
            let text = format!("  {:<width$}  {label}", line.lanes);
            let style = match line.kind {
                LineKind::Lost => RED,
                LineKind::Faulty => YELLOW,
                LineKind::Run | LineKind::Link => DIM,
                LineKind::Revision => "0",
            };
            let painted = self.paint(style, text.trim_end());
            self.line(&painted);
        }
        if !lines.is_empty() {
            self.line("");
        }
    }

    fn answer(&mut self, diagnosis: &EnvironmentDiagnosis) {
        let (style, text) = match diagnosis.case.alembic() {
            AlembicAnswer::NoRevisions => return,
            AlembicAnswer::Fails { error, .. } => {
                (RED, format!("alembic says: {}", harmless(&error.last_line())))
            }
            AlembicAnswer::CannotTell { file } => {
                (YELLOW, format!("alembic's answer cannot be told: {} would have to run", self.path(file)))
            }
            AlembicAnswer::Loads { upgrade_fault: Some(fault), .. } => (
                RED,
                format!(
                    "alembic loads the chain; `alembic upgrade heads` on an empty database ends in {}",
                    harmless(&fault.error.last_line())
                ),
            ),
            AlembicAnswer::Loads { .. } => (GREEN, "alembic loads the chain".to_owned()),
        };
        let painted = self.paint(style, &text);
        self.line(&painted);
        self.line("");
    }

    fn consequences(&mut self, findings: &[Finding], cause: usize) {
        // Consequences of consequences are listed under the first cause.
        let mut under = vec![cause];
        let mut at = 0;
        while at < under.len() {
            let next = findings
                .iter()
                .enumerate()
                .filter(|(_, f)| f.consequence_of == Some(under[at]))
                .map(|(i, _)| i);
            under.extend(next.collect::<Vec<_>>());
            at += 1;
        }
        for index in under.into_iter().skip(1) {
            self.finding(&findings[index], true);
        }
    }

    fn finding(&mut self, finding: &Finding, follows: bool) {
        let level = match finding.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let id = format!("{} {}", finding.rule.code, finding.rule.name);
        let message = harmless(&finding.message);
        let message = if follows { format!("{message} (follows from the finding above)") } else { message };
        let places: Vec<(Place, String, bool)> =
            std::iter::once((finding.place.clone(), finding.label.clone(), true))
                .chain(
                    finding
                        .related
                        .iter()
                        .map(|related| (related.place.clone(), related.label.clone(), false)),
                )
                .collect();
        let elements = self.places(&places);
        let mut notes: Vec<Element<'_>> =
            vec![Level::NOTE.with_name("why").message(harmless(&finding.why)).into()];
        if let Some(cause) = &finding.cause {
            notes.push(Level::NOTE.with_name("cause").message(harmless(cause)).into());
        }
        for help in &finding.help {
            notes.push(Level::HELP.message(harmless(help)).into());
        }
        let group = Group::with_title(level.primary_title(message).id(id)).elements(elements).elements(notes);
        let rendered = self.renderer.render(&[group]);
        self.line(&rendered);
        self.line("");
    }

    /// Shows places of one file that stand near each other in one excerpt, the main place first.
    fn places(&mut self, places: &[(Place, String, bool)]) -> Vec<Element<'static>> {
        let mut groups: Vec<Vec<&(Place, String, bool)>> = Vec::new();
        for place in places {
            let near =
                groups.iter().position(|group| group.iter().any(|other| self.are_near(&other.0, &place.0)));
            match near {
                Some(group) => groups[group].push(place),
                None => groups.push(vec![place]),
            }
        }
        groups.iter().map(|group| self.group(group)).collect()
    }

    fn are_near(&mut self, a: &Place, b: &Place) -> bool {
        const LINES: usize = 5;
        let (Some(first), Some(second)) = (a.span, b.span) else { return false };
        if a.path != b.path {
            return false;
        }
        let lines = (self.sources.line(&a.path, first.start), self.sources.line(&b.path, second.start));
        matches!(lines, (Some(a), Some(b)) if a.abs_diff(b) <= LINES)
    }

    fn group(&mut self, group: &[&(Place, String, bool)]) -> Element<'static> {
        let path = &group[0].0.path;
        let shown = self.path(path);
        let spans: Vec<Span> = group.iter().filter_map(|(place, _, _)| place.span).collect();
        let excerpt = (spans.len() == group.len()).then(|| self.sources.excerpt(path, &spans)).flatten();
        let Some(excerpt) = excerpt else {
            let range = spans.first().and_then(|span| self.sources.range(path, *span));
            return match range {
                Some(range) => Origin::path(shown)
                    .line(range.start.line as usize)
                    .char_column(range.start.column as usize)
                    .into(),
                None => Origin::path(shown).into(),
            };
        };
        let mut snippet =
            Snippet::source(excerpt.text).path(shown).line_start(excerpt.first_line).fold(false);
        for ((_, label, primary), span) in group.iter().zip(excerpt.spans) {
            let kind = if *primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            snippet = snippet.annotation(kind.span(span).label(harmless(label)));
        }
        snippet.into()
    }

    fn summary(&mut self) {
        let counts =
            [Severity::Error, Severity::Warning, Severity::Note].map(|s| (s, self.diagnosis.count(s)));
        let environments = self.diagnosis.environments.len();
        let files: usize = self.diagnosis.environments.iter().map(|e| e.case.files().len()).sum();
        for problem in &self.diagnosis.problems {
            let text = format!("not searched: {} ({})", self.path(&problem.path), walk_problem(problem.kind));
            self.line(&text);
        }
        let mut found = String::new();
        for (severity, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            let plural = if count == 1 { "" } else { "s" };
            let separator = if found.is_empty() { "" } else { ", " };
            let _ = write!(found, "{separator}{count} {}{plural}", severity.as_str());
        }
        let read =
            format!("{} and {} read", counted(environments, "environment"), counted(files, "revision file"));
        let text = if found.is_empty() {
            self.paint(GREEN, &format!("nothing found; {read}"))
        } else {
            self.paint(BOLD, &format!("{found}; {read}"))
        };
        self.line(&text);
    }
}

pub(super) fn walk_problem(kind: cucurbit_alembic::config::WalkProblemKind) -> &'static str {
    use cucurbit_alembic::config::WalkProblemKind as Kind;
    match kind {
        Kind::Unreadable => "cannot be read",
        Kind::LinkLoop => "a link that leads back to itself",
        Kind::TooLarge => "too large for a configuration",
        Kind::ConfigIsFolder => "a folder with the name of a configuration",
        _ => "odd",
    }
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
