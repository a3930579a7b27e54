//! Follows every migration of a corpus forth and back and counts which downgrades lead back.

use crate::Outcome;
use crate::manifest;
use cucurbit::schema::{Difference, DifferenceKind, ObjectRef};
use cucurbit::{SchemaOptions, UndoneRevision, WayEnd};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where the corpus is, and how much is printed.
#[derive(Debug, clap::Args)]
pub(crate) struct SymmetryArguments {
    /// The manifest.
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// The folder that holds the packages of the manifest.
    #[arg(long, value_name = "DIR")]
    corpus: PathBuf,
    /// Only environments whose name holds this.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// How many example places are printed for a kind.
    #[arg(long, default_value_t = 3)]
    examples: usize,
}

#[derive(Debug, Default)]
struct Count {
    revisions: usize,
    unchanged: usize,
    without: usize,
    unknown: usize,
    agree: usize,
    differ: usize,
}

/// Runs the chore. It reports; no figure is unexpected.
///
/// # Errors
/// When the manifest or an environment cannot be read.
pub(crate) fn run(arguments: &SymmetryArguments) -> anyhow::Result<Outcome> {
    let mut count = Count::default();
    let mut kinds: BTreeMap<(u8, String), Vec<String>> = BTreeMap::new();
    for environment in manifest::read(&arguments.manifest, &arguments.corpus)? {
        if arguments.only.as_ref().is_some_and(|text| !environment.name.contains(text.as_str())) {
            continue;
        }
        let case = environment.case()?;
        for undone in case.undo(&SchemaOptions::new(environment.dialect()))? {
            count.revisions += 1;
            for (rank, kind, what) in judge(&undone, &mut count) {
                let example = format!("{}: {} {what}", environment.name, undone.id);
                kinds.entry((rank, kind)).or_default().push(example);
            }
        }
    }
    for ((_, kind), places) in &kinds {
        println!("{:>6}  {kind}", places.len());
        for place in places.iter().take(arguments.examples) {
            println!("          {place}");
        }
    }
    let told = count.agree + count.differ;
    println!(
        "{} revisions: {} leave the schema, {} have no way back, {} cannot be told; of {told} others {} agree ({:.1} %), {} differ",
        count.revisions,
        count.unchanged,
        count.without,
        count.unknown,
        count.agree,
        if told == 0 { 100.0 } else { 100.0 * count.agree as f64 / told as f64 },
        count.differ
    );
    Ok(Outcome::AsExpected)
}

/// Counts one revision and says what is not as before, each with its rank, its kind and the object.
fn judge(undone: &UndoneRevision, count: &mut Count) -> Vec<(u8, String, String)> {
    if !undone.is_exact {
        count.unknown += 1;
    } else if undone.outcome != WayEnd::Completed || (undone.changed && !undone.acts) {
        count.without += 1;
    } else if !undone.changed && undone.differences.is_empty() {
        count.unchanged += 1;
    } else if undone.differences.is_empty() && undone.mismatches.is_empty() {
        count.agree += 1;
    } else {
        count.differ += 1;
        let mut out: Vec<_> = undone.differences.iter().map(kind_of).collect();
        if let Some(mismatch) = undone.mismatches.first() {
            let what = mismatch.to_string();
            out.push((9, "the way back does not fit".to_owned(), what));
        }
        return out;
    }
    Vec::new()
}

fn kind_of(difference: &Difference) -> (u8, String, String) {
    let (rank, object) = match &difference.object {
        ObjectRef::Enum(_) => (0, "type"),
        ObjectRef::Table(_) => (1, "table"),
        ObjectRef::Column(..) => (2, "column"),
        ObjectRef::Constraint(..) => (3, "constraint"),
        ObjectRef::Index(..) => (4, "index"),
        ObjectRef::Sequence(_) => (5, "sequence"),
        ObjectRef::Schema(_) => (6, "schema"),
        ObjectRef::Object(..) => (7, "other object"),
    };
    let kind = match &difference.kind {
        DifferenceKind::OnlyRight => format!("{object} is left over"),
        DifferenceKind::OnlyLeft => format!("{object} does not come back"),
        DifferenceKind::Changed { attribute, .. } => format!("{object} comes back with another {attribute}"),
    };
    let what = match &difference.kind {
        DifferenceKind::Changed { left, right, .. } => format!("{}: {left}, then {right}", difference.object),
        _ => difference.object.to_string(),
    };
    (rank, kind, what)
}
