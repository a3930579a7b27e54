//! The pages of the rules, run as tests: each folder that a page shows is written to disk and read,
//! and what is found must be what the page marks.

mod folder;
mod page;

use cucurbit::{AlembicAnswer, Severity, rules};
use folder::{findings, shown};
use page::{Page, Section};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

const SECTIONS: [&str; 4] = ["Why it matters", "Example", "Repair", "When it stays silent"];

fn pages() -> impl Iterator<Item = Page> {
    rules::ALL.iter().map(|rule| Page::read(rule.info))
}

/// Collects what is wrong over all pages, so that one run shows everything.
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults\n\n{}\n", faults.len(), faults.join("\n"));
}

#[test]
fn pages_mark_what_is_found() {
    let mut faults = Vec::new();
    for page in pages() {
        for section in page.cases() {
            faults.extend(compare(&page, section));
        }
    }
    assert_none(&faults);
}

fn compare(page: &Page, section: &Section) -> Option<String> {
    let (_folder, diagnosis) = section.diagnose();
    let found: BTreeSet<String> = findings(&diagnosis).map(|finding| shown(&diagnosis, finding)).collect();
    if found == section.marks {
        return None;
    }
    let mut fault = format!("{}, {}:", page.info.name, section.full_name);
    for missing in section.marks.difference(&found) {
        write!(fault, "\n  marked, not found: {missing}").expect("a string");
    }
    for finding in findings(&diagnosis) {
        let shown = shown(&diagnosis, finding);
        if !section.marks.contains(&shown) {
            write!(fault, "\n  found, not marked: {shown}\n    {}", finding.message).expect("a string");
        }
    }
    Some(fault)
}

#[test]
fn pages_have_one_shape() {
    let mut faults = Vec::new();
    for page in pages() {
        let info = page.info;
        let mut check = |holds: bool, what: &str| {
            if !holds {
                faults.push(format!("{}: {what}", info.name));
            }
        };
        let mut names: Vec<&str> = page.sections.iter().map(|section| section.name.as_str()).collect();
        names.dedup();
        check(page.title == format!("{} ({})", info.name, info.code), "the title is not `name (code)`");
        check(names == SECTIONS, "the sections are not the four in their order");
        let severity = format!("{}. ", info.severity.as_str());
        check(page.opening.trim().to_lowercase().starts_with(&severity), "the first word is no severity");
        let prose = |name: &str| page.sections.iter().any(|s| s.name == name && s.text.trim().len() > 20);
        let must_say = SECTIONS.iter().filter(|name| **name != "Example");
        check(must_say.into_iter().all(|name| prose(name)), "a section says nothing");
        let own = format!("{} ", info.name);
        let marks_own = |section: &Section| section.marks.iter().any(|mark| mark.starts_with(&own));
        let in_example = page.cases().any(|section| section.name == "Example" && marks_own(section));
        check(in_example || page.is_tested_elsewhere(), "the example has no such finding");
        let elsewhere = page.cases().any(|section| section.name != "Example" && marks_own(section));
        check(!elsewhere, "it is found outside the example");
        let silent = page.cases().any(|section| section.name == "When it stays silent");
        check(silent, "there is no folder in which it stays silent");
    }
    assert_none(&faults);
}

#[test]
fn what_pages_cannot_show_is_tested_elsewhere() {
    let odd_files = include_str!("odd_files.rs");
    for page in pages().filter(Page::is_tested_elsewhere) {
        assert!(odd_files.contains(&format!("\"{}", page.info.name)), "{} is not tested", page.info.name);
    }
}

#[test]
fn findings_say_all_there_is_to_say() {
    let mut faults = Vec::new();
    for page in pages() {
        for section in page.cases() {
            let (_folder, diagnosis) = section.diagnose();
            for finding in findings(&diagnosis) {
                let texts = [&finding.message, &finding.label, &finding.why];
                let spoken = texts.into_iter().chain(&finding.help).chain(&finding.cause);
                let complete = spoken.clone().all(|text| !text.is_empty()) && !finding.help.is_empty();
                let sentences = finding.related.iter().map(|related| &related.label).chain(spoken);
                let stops = sentences.clone().any(|text| text.ends_with(['.', ' ', ',', ';']));
                let root = diagnosis.root.to_string_lossy().into_owned();
                let shows_root = sentences.clone().any(|text| text.contains(&root));
                let exists = |path: &Path| path.exists() && path.starts_with(&diagnosis.root);
                let places = finding.related.iter().map(|related| &related.place).chain([&finding.place]);
                let faulty = !complete || stops || shows_root;
                if faulty || !places.into_iter().all(|place| exists(&place.path)) {
                    faults.push(format!("{}, {}: {finding:?}", page.info.name, section.full_name));
                }
            }
        }
    }
    assert_none(&faults);
}

/// Where Alembic stops, some finding is an error: nothing that it refuses is passed over.
#[test]
fn what_stops_alembic_is_found() {
    let mut faults = Vec::new();
    for page in pages() {
        for section in page.cases() {
            let (_folder, diagnosis) = section.diagnose();
            for environment in &diagnosis.environments {
                let error = match environment.case.alembic() {
                    AlembicAnswer::Fails { error, .. } => error,
                    AlembicAnswer::Loads { upgrade_fault: Some(fault), .. } => &fault.error,
                    _ => continue,
                };
                if environment.findings.iter().all(|finding| finding.severity != Severity::Error) {
                    faults.push(format!("{}, {}: {}", page.info.name, section.full_name, error.last_line()));
                }
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn the_registry_is_in_order() {
    let families = ["GRA", "FIL", "IDS", "CFG", "SCH"];
    let order = |code: &str| (families.iter().position(|family| code.starts_with(family)), code.to_owned());
    let codes: Vec<&str> = rules::ALL.iter().map(|rule| rule.info.code).collect();
    assert!(codes.iter().all(|code| order(code).0.is_some() && code.len() == 6), "{codes:?}");
    assert!(codes.windows(2).all(|pair| order(pair[0]) < order(pair[1])), "{codes:?}");

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    let names: BTreeSet<String> = rules::ALL.iter().map(|rule| file_name(rule.info.name)).collect();
    let files: BTreeSet<String> = std::fs::read_dir(&folder)
        .expect("the rules")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".md"))
        .collect();
    assert_eq!(names.len(), rules::ALL.len(), "a name is used twice");
    assert_eq!(names, files);
    for rule in rules::ALL {
        let text = std::fs::read_to_string(folder.join(file_name(rule.info.name))).expect("a page");
        assert_eq!(text, rule.info.page, "{} shows another page", rule.info.name);
    }
}

fn file_name(rule: &str) -> String {
    format!("{}.md", rule.replace('-', "_"))
}

/// `UPDATE_DOCS=1 cargo test -p cucurbit --test pages` writes the table anew.
#[test]
fn the_index_names_every_rule() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules.md");
    let expected = index();
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        std::fs::write(&path, &expected).expect("the index");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == expected, "docs/rules.md is not up to date: run the tests with UPDATE_DOCS=1");
}

fn index() -> String {
    let mut text = String::from(
        "# Rules\n\nError: Alembic fails, or an empty database cannot be built. Warning: it works today and is likely to\nhurt. Note: worth knowing. Each page shows a folder with the fault, its repair, and folders that look alike and\nare sound; the folders are run as tests.\n",
    );
    let families = [
        ("GRA", "The graph"),
        ("FIL", "Files"),
        ("IDS", "Identifiers"),
        ("CFG", "Configuration"),
        ("SCH", "The schema"),
    ];
    for (family, title) in families {
        write!(text, "\n## {title}\n\n| code | name | severity | what it finds |\n|---|---|---|---|\n")
            .expect("a string");
        for rule in rules::ALL.iter().filter(|rule| rule.info.code.starts_with(family)) {
            let info = rule.info;
            let page = format!("../crates/cucurbit/src/rules/{}", file_name(info.name));
            let (name, severity, summary) = (info.name, info.severity.as_str(), info.summary);
            writeln!(text, "| [{}]({page}) | {name} | {severity} | {summary} |", info.code)
                .expect("a string");
        }
    }
    text
}
