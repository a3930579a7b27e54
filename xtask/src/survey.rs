//! Follows every chain of a corpus and counts what is known exactly.
//!
//! What is not known is listed by cause, and so is what does not fit the schema: a chain that was published ran
//! somewhere, so each is a gap of the replay or a truth about the chain.

use crate::Outcome;
use crate::manifest::{self, CorpusEnvironment};
use cucurbit::schema::{Change, Dialect, Mismatch, MismatchKind, ObjectRef};
use cucurbit::{Certainty, Operation, ReplayedChain, SchemaOptions, stopped};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Where the corpus is, and how much is printed.
#[derive(Debug, clap::Args)]
pub(crate) struct SurveyArguments {
    /// The manifest.
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// The folder that holds the packages of the manifest.
    #[arg(long, value_name = "DIR")]
    corpus: PathBuf,
    /// Only environments whose name holds this.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// One dialect for all, instead of the one that each environment shows.
    #[arg(long, value_name = "NAME")]
    dialect: Option<String>,
    /// How many example places are printed for a cause.
    #[arg(long, default_value_t = 3)]
    examples: usize,
}

/// Of how many operations how many are known, and how many of those hang on a condition.
#[derive(Debug, Default, Clone, Copy)]
struct Share {
    all: usize,
    known: usize,
    guarded: usize,
}

impl Share {
    fn count(&mut self, certainty: &Certainty) {
        self.all += 1;
        self.known += usize::from(!matches!(certainty, Certainty::Unknown(_)));
        self.guarded += usize::from(matches!(certainty, Certainty::Guarded { .. }));
    }

    fn add(&mut self, other: Share) {
        self.all += other.all;
        self.known += other.known;
        self.guarded += other.guarded;
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = if self.all == 0 { 100.0 } else { 100.0 * self.known as f64 / self.all as f64 };
        write!(f, "{} of {} ({percent:.1} %, {} guarded)", self.known, self.all, self.guarded)
    }
}

/// Places under what they have in common.
#[derive(Debug, Default)]
struct Causes(BTreeMap<String, Vec<String>>);

impl Causes {
    fn add(&mut self, text: &str, example: String) {
        self.0.entry(without_names(text)).or_default().push(example);
    }

    fn print(&self, title: &str, examples: usize) {
        if self.0.is_empty() {
            return;
        }
        println!("{title}:");
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
        for (cause, places) in sorted {
            println!("{:>6}  {cause}", places.len());
            for place in places.iter().take(examples) {
                println!("          {place}");
            }
        }
    }
}

/// What a run over the corpus gathers.
#[derive(Debug, Default)]
struct Survey {
    operations: Share,
    statements: Share,
    unknown: Causes,
    misfits: Causes,
    misfit_count: usize,
    hollow_count: usize,
    unfinished: Causes,
    unfinished_count: usize,
}

/// Runs the chore. Below 97 % of either kind is not as expected.
///
/// # Errors
/// When the manifest or an environment cannot be read.
pub(crate) fn run(arguments: &SurveyArguments) -> anyhow::Result<Outcome> {
    let forced = match &arguments.dialect {
        Some(name) => Some(manifest::dialect(name)?),
        None => None,
    };
    let mut survey = Survey::default();
    let mut count = 0;
    for environment in manifest::read(&arguments.manifest, &arguments.corpus)? {
        if arguments.only.as_ref().is_some_and(|text| !environment.name.contains(text.as_str())) {
            continue;
        }
        count += 1;
        survey.look_at(&environment, forced.unwrap_or_else(|| environment.dialect()))?;
    }
    survey.unknown.print("unknown, by cause", arguments.examples);
    survey.unfinished.print("migrations that do not come to their end", arguments.examples);
    survey.misfits.print("misfits", arguments.examples);
    println!(
        "{count} environments: calls of op.* {}; DDL statements {}; {} unfinished, {} misfits, {} of what no revision makes",
        survey.operations,
        survey.statements,
        survey.unfinished_count,
        survey.misfit_count,
        survey.hollow_count
    );
    let enough = |share: Share| share.known * 100 >= share.all * 97;
    Ok(match enough(survey.operations) && enough(survey.statements) {
        true => Outcome::AsExpected,
        false => Outcome::Differs,
    })
}

impl Survey {
    fn look_at(&mut self, environment: &CorpusEnvironment, dialect: Dialect) -> anyhow::Result<()> {
        let case = environment.case()?;
        let chain = case.schema_at(&SchemaOptions::new(dialect))?;
        let (mut operations, mut statements) = (Share::default(), Share::default());
        let (mut misfits, mut hollow) = (0, 0);
        let made = made_objects(&chain);
        for operation in &chain.operations {
            let example = || format!("{}: {}", environment.name, place(&chain, environment, operation));
            if operation.call != "execute" && !is_of_rows(operation) {
                operations.count(&operation.certainty);
            } else if !is_of_rows(operation) {
                statements.count(&operation.certainty);
            }
            if let Certainty::Unknown(reason) = &operation.certainty {
                self.unknown.add(&format!("{}: {reason}", operation.call), format!("{} {reason}", example()));
            }
            for mismatch in operation.changes.iter().flat_map(|(_, applied)| &applied.mismatches) {
                if is_hollow(mismatch, &made) {
                    hollow += 1;
                    continue;
                }
                misfits += 1;
                let text = mismatch.to_string();
                self.misfits.add(
                    &format!("{}: {}", operation.call, kind_of(mismatch)),
                    format!("{} {text}", example()),
                );
            }
        }
        let mut unfinished = 0;
        for (revision, how) in stopped(&chain) {
            unfinished += 1;
            self.unfinished.add(&how, format!("{}: {} {how}", environment.name, revision.id));
        }
        for revision in chain.revisions.iter().filter(|r| r.step.exhausted) {
            unfinished += 1;
            self.unfinished.add("work cut short", format!("{}: {}", environment.name, revision.id));
        }
        println!(
            "{:<40} {:<10} {:>4} revisions, op.* {operations}, DDL {statements}, {unfinished} unfinished, {misfits} misfits, {hollow} of what no revision makes",
            environment.name,
            dialect.name(),
            chain.revisions.len(),
        );
        self.operations.add(operations);
        self.statements.add(statements);
        self.misfit_count += misfits;
        self.hollow_count += hollow;
        self.unfinished_count += unfinished;
        Ok(())
    }
}

/// The tables and types that some operation of a chain makes.
fn made_objects(chain: &ReplayedChain) -> BTreeSet<String> {
    let mut made = BTreeSet::new();
    for (change, _) in chain.operations.iter().flat_map(|operation| &operation.changes) {
        match change {
            Change::CreateTable { table, .. } => made.insert(table.name.to_string()),
            Change::CreateTableFrom { name, .. } => made.insert(name.to_string()),
            Change::RenameTable { to, .. } => made.insert(to.to_string()),
            Change::CreateEnum { enum_type, .. } => made.insert(enum_type.name.to_string()),
            Change::CreateSchema { name, .. } => made.insert(name.clone()),
            Change::CreateObject { object, .. } => made.insert(object.name.to_string()),
            _ => continue,
        };
    }
    made
}

/// Says whether something is missed that no revision makes: the base of the chain is hollow, or is made elsewhere.
fn is_hollow(mismatch: &Mismatch, made: &BTreeSet<String>) -> bool {
    if !matches!(mismatch.kind, MismatchKind::Missing { dropped_by: None }) {
        return false;
    }
    match &mismatch.object {
        ObjectRef::Schema(name) => !made.contains(name),
        ObjectRef::Table(name) | ObjectRef::Enum(name) | ObjectRef::Object(_, _, name) => {
            !made.contains(&name.to_string())
        }
        ObjectRef::Column(table, _) | ObjectRef::Constraint(table, _) | ObjectRef::Index(_, Some(table)) => {
            !made.contains(&table.to_string())
        }
        _ => false,
    }
}

/// Says whether an operation leaves the schema alone.
fn is_of_rows(operation: &Operation) -> bool {
    operation.changes.iter().all(|(change, _)| matches!(change, Change::Rows { .. } | Change::Nothing { .. }))
}

fn kind_of(mismatch: &Mismatch) -> String {
    let object = match &mismatch.object {
        ObjectRef::Schema(_) => "schema",
        ObjectRef::Table(_) => "table",
        ObjectRef::Column(..) => "column",
        ObjectRef::Constraint(..) => "constraint",
        ObjectRef::Index(..) => "index",
        ObjectRef::Enum(_) => "type",
        ObjectRef::Sequence(_) => "sequence",
        ObjectRef::Object(..) => "other object",
    };
    match &mismatch.kind {
        MismatchKind::Missing { dropped_by: None } => format!("{object} was never made"),
        MismatchKind::Missing { dropped_by: Some(_) } => format!("{object} was dropped before"),
        MismatchKind::Exists { .. } => format!("{object} is there already"),
        MismatchKind::Needed { .. } => format!("{object} is needed by others"),
        MismatchKind::Refused { reason } => format!("{object} refused: {reason}"),
    }
}

fn place(chain: &ReplayedChain, environment: &CorpusEnvironment, operation: &Operation) -> String {
    let path = chain.path(operation.place.file);
    let path = path.strip_prefix(&environment.root).unwrap_or(&path);
    format!("{}:{}", path.display(), chain.line(operation.place))
}

/// Takes what stands between backticks or quotes out of a sentence, so that sentences of one kind are equal.
fn without_names(text: &str) -> String {
    let mut out = String::new();
    let mut inside: Option<char> = None;
    for letter in text.chars() {
        match inside {
            Some(end) if letter == end => {
                out.push(letter);
                inside = None;
            }
            Some(_) => {}
            None => {
                out.push(letter);
                if matches!(letter, '`' | '"' | '\'') {
                    out.push('…');
                    inside = Some(letter);
                }
            }
        }
    }
    out.chars().take(160).collect()
}
