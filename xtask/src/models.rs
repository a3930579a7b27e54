//! Compares models, read without running them, with what `metadata.create_all()` made of them.
//!
//! Each case names a package, its models and a dialect; beside the folder of cases, `truth` holds the dump of
//! `create_all()`. Every table, column, constraint, index, enum type and sequence of either side is one object.

mod survey;

use crate::Outcome;
use anyhow::Context;
use cucurbit::schema::{Database, Dialect, DifferenceKind, ObjectName, ObjectRef, TypeKind, diff, sql};
use cucurbit::{Models, SchemaOptions, read_models};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What share of the objects must be equal.
const WANTED: f64 = 0.99;

/// Where the cases and the packages are.
#[derive(Debug, clap::Args)]
pub(crate) struct ModelsArguments {
    /// The folder of cases; `truth` stands beside it.
    #[arg(long, value_name = "DIR", required_unless_present = "survey")]
    cases: Option<PathBuf>,
    /// The folder that holds the packages.
    #[arg(long, value_name = "DIR")]
    corpus: PathBuf,
    /// Only the case or the package of that name.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Reads the models of every package instead, and counts what cannot be told; takes the manifest.
    #[arg(long, value_name = "FILE")]
    survey: Option<PathBuf>,
    /// Print what cannot be told one by one.
    #[arg(long)]
    details: bool,
}

#[derive(Debug, Deserialize)]
struct Case {
    case: String,
    dir: String,
    models: Vec<PathBuf>,
    dialect: String,
    /// What `create_all()` was called on, as `module:attribute`.
    #[serde(default)]
    metadata: Vec<String>,
    #[serde(default)]
    pythonpath: Vec<PathBuf>,
    #[serde(default)]
    ignore_tables: Vec<String>,
}

/// Equal objects and all objects.
#[derive(Debug, Clone, Copy, Default)]
struct Score {
    equal: usize,
    all: usize,
}

impl Score {
    fn share(self) -> f64 {
        if self.all == 0 { 1.0 } else { self.equal as f64 / self.all as f64 }
    }
}

impl Case {
    /// The modules that hold the `MetaData` of the dump; the model files where the case does not say.
    fn paths(&self, root: &Path) -> Vec<PathBuf> {
        let module = |entry: &String| {
            let path = root.join(entry.split(':').next()?.replace('.', "/"));
            [path.with_extension("py"), path.join("__init__.py")].into_iter().find(|p| p.is_file())
        };
        let found: Vec<PathBuf> = self.metadata.iter().filter_map(module).collect();
        if found.is_empty() { self.models.iter().map(|p| root.join(p)).collect() } else { found }
    }
}

/// Runs the chore.
///
/// # Errors
/// When a case or a dump cannot be read.
pub(crate) fn run(arguments: &ModelsArguments) -> anyhow::Result<Outcome> {
    if let Some(manifest) = &arguments.survey {
        return survey::run(manifest, &arguments.corpus, arguments.only.as_deref(), arguments.details);
    }
    let folder = arguments.cases.as_deref().context("the folder of cases is not given")?;
    let mut total = Score::default();
    let mut count = 0;
    for (case, dump) in cases(folder)? {
        if arguments.only.as_ref().is_some_and(|only| *only != case.case) {
            continue;
        }
        count += 1;
        let score = compare(&case, &dump, &arguments.corpus, arguments.details)?;
        total.equal += score.equal;
        total.all += score.all;
    }
    let share = total.share();
    println!("{count} cases: {} of {} objects equal, {:.2} %", total.equal, total.all, share * 100.0);
    Ok(if share >= WANTED { Outcome::AsExpected } else { Outcome::Differs })
}

/// The cases that have a dump, by name.
fn cases(folder: &Path) -> anyhow::Result<Vec<(Case, PathBuf)>> {
    let truth = folder.parent().unwrap_or(folder).join("truth");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        let Some(name) = path.file_stem().map(|s| s.to_string_lossy().into_owned()) else { continue };
        let dump = truth.join(format!("{name}.create_all.sql"));
        if path.extension().is_none_or(|e| e != "json") || !dump.is_file() {
            continue;
        }
        let text = std::fs::read_to_string(&path)?;
        let case = serde_json::from_str(&text).with_context(|| format!("{} is no case", path.display()))?;
        found.push((case, dump));
    }
    found.sort_by(|a: &(Case, PathBuf), b| a.0.case.cmp(&b.0.case));
    Ok(found)
}

fn dialect(name: &str) -> anyhow::Result<Dialect> {
    Ok(match name {
        "postgresql" => Dialect::PostgreSql,
        "sqlite" => Dialect::Sqlite,
        "mysql" => Dialect::MySql,
        "mariadb" => Dialect::MariaDb,
        other => anyhow::bail!("`{other}` is no dialect"),
    })
}

fn compare(case: &Case, dump: &Path, corpus: &Path, details: bool) -> anyhow::Result<Score> {
    let root = std::path::absolute(corpus)?.join(&case.dir);
    let mut options = SchemaOptions::new(dialect(&case.dialect)?);
    options.import_roots = case.pythonpath.iter().map(|p| root.join(p)).collect();
    let paths = case.paths(&root);
    let Models { database, unresolved, .. } = read_models(&options, &paths);
    let text = std::fs::read_to_string(dump)?;
    let (mut truth, problems) = sql::load(&text, options.dialect);
    for problem in &problems {
        println!("  {}: {problem}", dump.display());
    }
    let mut database = database;
    for ignored in &case.ignore_tables {
        for side in [&mut truth, &mut database] {
            side.tables.retain(|name, _| name.name != *ignored);
        }
    }
    let differences = diff(&database, &truth);
    let all: BTreeSet<ObjectRef> = objects(&database).union(&objects(&truth)).cloned().collect();
    let mut unequal = unknown(&database);
    let mut lines = Vec::new();
    for difference in &differences {
        let line = match &difference.kind {
            DifferenceKind::OnlyLeft => format!("{}: only in the models as read", difference.object),
            DifferenceKind::OnlyRight => format!("{}: not read from the models", difference.object),
            DifferenceKind::Changed { attribute, left, right } => {
                format!("{}: {attribute}: read {left}, made {right}", difference.object)
            }
        };
        lines.push(line);
        unequal.insert(difference.object.clone());
        // A table that one side lacks is lacking with all that it holds.
        if let (ObjectRef::Table(name), false) =
            (&difference.object, matches!(difference.kind, DifferenceKind::Changed { .. }))
        {
            unequal.extend(all.iter().filter(|o| table_of(o) == Some(name)).cloned());
        }
    }
    let wrong = all.intersection(&unequal).count();
    let score = Score { equal: all.len() - wrong, all: all.len() };
    println!(
        "{}: {} of {} objects equal, {:.2} %, {} not told",
        case.case,
        score.equal,
        score.all,
        score.share() * 100.0,
        unresolved.len()
    );
    for line in lines {
        println!("  {line}");
    }
    for object in unknown(&database) {
        println!("  {object}: cannot be told");
    }
    if details {
        for item in &unresolved {
            println!("  {}", survey::show(item, &root));
        }
    }
    Ok(score)
}

fn table_of(object: &ObjectRef) -> Option<&ObjectName> {
    match object {
        ObjectRef::Column(table, _) | ObjectRef::Constraint(table, _) => Some(table),
        ObjectRef::Index(_, table) => table.as_ref(),
        _ => None,
    }
}

/// Every object of a database.
fn objects(database: &Database) -> BTreeSet<ObjectRef> {
    let mut all = BTreeSet::new();
    for (name, table) in &database.tables {
        all.insert(ObjectRef::Table(name.clone()));
        all.extend(table.columns.iter().map(|c| ObjectRef::Column(name.clone(), c.name.clone())));
        for constraint in &table.constraints {
            let shown = constraint.name.clone().unwrap_or_else(|| format!("{:?}", constraint.body));
            all.insert(ObjectRef::Constraint(name.clone(), shown));
        }
        for index in &table.indexes {
            let shown = index.name.clone().unwrap_or_else(|| format!("{:?}", index.keys));
            all.insert(ObjectRef::Index(name.sibling(shown), Some(name.clone())));
        }
    }
    all.extend(database.enums.keys().cloned().map(ObjectRef::Enum));
    all.extend(database.sequences.keys().cloned().map(ObjectRef::Sequence));
    all
}

/// Objects that the comparison passes over because they cannot be told.
fn unknown(database: &Database) -> BTreeSet<ObjectRef> {
    let mut found = BTreeSet::new();
    for (name, table) in &database.tables {
        let is_unknown = |column: &cucurbit::schema::Column| {
            matches!(column.data_type.kind, TypeKind::Unknown(_))
                || matches!(column.default, Some(cucurbit::schema::Default::Unknown(_)))
        };
        for column in table.columns.iter().filter(|c| table.tainted || is_unknown(c)) {
            found.insert(ObjectRef::Column(name.clone(), column.name.clone()));
        }
        if table.tainted {
            found.insert(ObjectRef::Table(name.clone()));
        }
    }
    found
}
