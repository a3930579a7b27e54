//! A migration makes tables from the models as they are today, or from the database as it is.

use crate::case::Case;
use crate::finding::{Finding, Place, Severity};
use crate::history::History;
use cucurbit_text::Span;

info!(
    "SCH005",
    "create-all",
    Warning,
    "create_all.md",
    "A migration makes tables from the models as they are today."
);

pub(super) fn check(_: &Case, history: &History, out: &mut Vec<Finding>) {
    for revision in &history.chain.revisions {
        if !history.marks.get(revision.row).is_some_and(|marks| marks.whole_tables) {
            continue;
        }
        let Some(text) = history.chain.text(revision.step.file) else { continue };
        let path = history.chain.path(revision.step.file);
        let id = &revision.id;
        let mut reflected = false;
        for (span, what) in calls(&text) {
            let place = Place::at(&path, Some(span));
            match what {
                What::Models(call) => out.push(
                    Finding::new(&INFO, place, format!("`{id}` calls `{call}`"))
                        .label("it works on the tables that the models have on the day it runs")
                        .revision(id)
                        .why("on a new database it makes the newest tables, and later migrations then add what is there already; on an old one it made the tables of that day")
                        .help("write out with `op.create_table` what it made when the migration was released"),
                ),
                What::Database(call) if !reflected => {
                    reflected = true;
                    out.push(
                        Finding::new(&INFO, place, format!("`{id}` reads tables from the database with `{call}`"))
                            .severity(Severity::Note)
                            .label("what it gets depends on the database")
                            .revision(id)
                            .why("the migration needs a database to be understood: `alembic upgrade --sql` fails, and two databases may be changed in two ways")
                            .help("write the columns that the migration needs: `sa.table('name', sa.column('x'))`"),
                    );
                }
                What::Database(_) => {}
            }
        }
    }
}

/// What a migration takes its tables from.
enum What {
    Models(&'static str),
    Database(&'static str),
}

/// The calls in a text, in order; those in comments are passed over.
fn calls(text: &str) -> Vec<(Span, What)> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut models = vec![(".create_all(", "create_all"), (".drop_all(", "drop_all")];
    let mut database =
        vec![(".reflect(", "reflect"), ("autoload_with=", "autoload_with"), ("autoload=True", "autoload")];
    // Most lines are looked at for what the text holds anywhere.
    for needles in [&mut models, &mut database] {
        needles.retain(|(needle, _)| text.contains(needle));
    }
    for line in text.split_inclusive('\n') {
        let code = line.split('#').next().unwrap_or_default();
        let mut push = |needle: &str, what: What| {
            if let Some(at) = code.find(needle) {
                let lead = usize::from(needle.starts_with('.'));
                let (from, to) = (start + at + lead, start + at + needle.trim_end_matches(['(', '=']).len());
                let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
                found.push((Span::new(at(from), at(to)), what));
            }
        };
        for &(needle, call) in &models {
            push(needle, What::Models(call));
        }
        for &(needle, call) in &database {
            push(needle, What::Database(call));
        }
        start += line.len();
    }
    found
}
