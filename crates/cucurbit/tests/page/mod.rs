//! Reads a rule's page: sections, the folders in their fenced blocks, and the findings marked there.

use crate::folder::write;
use cucurbit::{Diagnosis, Options, RuleInfo, diagnose};
use std::collections::BTreeSet;
use tempfile::TempDir;

/// A page cut at its headings.
pub(crate) struct Page {
    pub(crate) info: &'static RuleInfo,
    /// The title, without `# `.
    pub(crate) title: String,
    /// What stands between the title and the first section.
    pub(crate) opening: String,
    /// The sections and subsections, in order.
    pub(crate) sections: Vec<Section>,
}

/// The part of a page below one heading, and the folder that its fenced blocks describe.
#[derive(Default)]
pub(crate) struct Section {
    /// The name of the `##` heading.
    pub(crate) name: String,
    /// The same, with the `###` heading.
    pub(crate) full_name: String,
    pub(crate) text: String,
    pub(crate) files: Vec<(String, String)>,
    /// The findings that must be reported, as [`crate::folder::shown`] writes them.
    pub(crate) marks: BTreeSet<String>,
}

impl Page {
    pub(crate) fn read(info: &'static RuleInfo) -> Self {
        let mut page = Page { info, title: String::new(), opening: String::new(), sections: Vec::new() };
        let mut lines = info.page.lines();
        while let Some(line) = lines.next() {
            if let Some(title) = line.strip_prefix("# ") {
                page.title = title.to_owned();
            } else if let Some(name) = line.strip_prefix("## ") {
                page.sections.push(Section {
                    name: name.to_owned(),
                    full_name: name.to_owned(),
                    ..Section::default()
                });
            } else if let Some(name) = line.strip_prefix("### ") {
                let parent = page.sections.last().map(|s| s.name.clone()).unwrap_or_default();
                let full_name = format!("{parent}: {name}");
                page.sections.push(Section { name: parent, full_name, ..Section::default() });
            } else if let Some(section) = page.sections.last_mut() {
                match line.strip_prefix("```") {
                    Some(kind) => section.block(kind, lines.by_ref().take_while(|line| *line != "```")),
                    None => section.text.extend([line, "\n"]),
                }
            } else {
                page.opening.extend([line, "\n"]);
            }
        }
        page
    }

    /// Returns the sections that describe a folder.
    pub(crate) fn cases(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|section| !section.files.is_empty())
    }

    /// Tells whether the fault cannot be written as text and has its test in `odd_files.rs`.
    pub(crate) fn is_tested_elsewhere(&self) -> bool {
        self.info.page.contains("<!-- tested in tests/odd_files.rs -->")
    }
}

impl Section {
    /// Takes a fenced block: a file when a path follows the language, a list of findings, or prose.
    fn block<'t>(&mut self, kind: &str, lines: impl Iterator<Item = &'t str>) {
        let lines: Vec<&str> = lines.collect();
        if kind == "findings" {
            self.marks.extend(lines.iter().map(|line| (*line).to_owned()));
        }
        let Some((_, path)) = kind.split_once(' ') else { return };
        for (index, line) in lines.iter().enumerate() {
            let here = line.split_once("# finding: ").map(|(_, names)| (names, index + 1));
            let next = line.split_once("# finding-next: ").map(|(_, names)| (names, index + 2));
            for (names, number) in here.into_iter().chain(next) {
                self.marks.extend(names.split(", ").map(|name| format!("{name} {path}:{number}")));
            }
        }
        self.files.push((path.to_owned(), lines.join("\n") + "\n"));
    }

    /// Writes the folder and reads it.
    pub(crate) fn diagnose(&self) -> (TempDir, Diagnosis) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in &self.files {
            write(folder.path(), path, text);
        }
        let diagnosis = diagnose(folder.path(), &Options::default()).expect("an environment in the folder");
        (folder, diagnosis)
    }
}
