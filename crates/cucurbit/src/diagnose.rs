//! From a path to findings.

use crate::case::Case;
use crate::dialects::Dialects;
use crate::finding::{Finding, Severity, arrange};
use crate::history::Texts;
use crate::replay::{Part, WaysBack};
use crate::rules::{self, Check, Selection};
use cucurbit_alembic::config::{
    DiscoverError, DiscoverOptions, Discovery, Environment, WalkProblem, discover,
};
use cucurbit_graph::RowIndex;
use cucurbit_schema::Dialect;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How a diagnosis is to be made.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The ini section to read, as `alembic -n NAME`.
    pub section: Option<String>,
    /// Configuration files, as `alembic -c FILE`; then no others are looked for.
    pub config: Vec<PathBuf>,
    /// Version folders; then no configuration is looked for.
    pub versions: Vec<PathBuf>,
    /// Subfolders of [`Options::versions`] count too, as with `recursive_version_locations`.
    pub recursive: bool,
    /// The folder in which Alembic would be run; found out for each environment when not given.
    pub current_dir: Option<PathBuf>,
    /// How many threads read files; all cores when not given. The result is the same.
    pub threads: Option<usize>,
    /// What paths in reports begin with, as the caller named the folder; nothing when not given.
    pub path_prefix: Option<PathBuf>,
    /// The database system; found out for each environment when not given (see [`Dialects`]).
    pub dialect: Option<Dialect>,
    /// Folders in which modules that migrations import are looked for first, as on `sys.path`.
    pub import_roots: Vec<PathBuf>,
    /// The rules to apply; all when not said. Without a rule about the schema no migration is followed.
    pub rules: Selection,
}

/// Why there is no diagnosis.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No environment could be found or read.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// The threads could not be started.
    #[error("cannot start {threads} threads")]
    Threads {
        /// How many were asked for.
        threads: usize,
    },
}

/// What is to be said of a path.
#[derive(Debug)]
pub struct Diagnosis {
    /// The folder that was searched, absolute.
    pub root: PathBuf,
    /// What paths in reports begin with.
    pub path_prefix: Option<PathBuf>,
    /// The environments, sorted by configuration file or folder.
    pub environments: Vec<EnvironmentDiagnosis>,
    /// What was met while searching.
    pub problems: Vec<WalkProblem>,
}

/// One environment and what is wrong with it.
#[derive(Debug)]
pub struct EnvironmentDiagnosis {
    /// What was read.
    pub case: Case,
    /// The findings: errors first, then by path, place and code.
    pub findings: Vec<Finding>,
    /// The database systems that the rules about the schema had in mind; `None` when there was none of them to
    /// apply.
    pub dialects: Option<Dialects>,
}

impl Diagnosis {
    /// Returns how many findings there are of a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.environments.iter().flat_map(|e| &e.findings).filter(|f| f.severity == severity).count()
    }

    /// Tells whether there is a finding as bad as `severity` or worse.
    #[must_use]
    pub fn has(&self, severity: Severity) -> bool {
        self.environments.iter().flat_map(|e| &e.findings).any(|f| f.severity <= severity)
    }

    /// Returns a path as reports show it: relative to the searched folder, with forward slashes,
    /// behind the prefix. A path outside the folder stays as it is.
    #[must_use]
    pub fn display_path(&self, path: &Path) -> String {
        let shown = match path.strip_prefix(&self.root) {
            Ok(inside) if inside.as_os_str().is_empty() => {
                self.path_prefix.clone().unwrap_or_else(|| PathBuf::from("."))
            }
            Ok(inside) => {
                self.path_prefix.as_ref().map_or_else(|| inside.to_path_buf(), |prefix| prefix.join(inside))
            }
            Err(_) => path.to_path_buf(),
        };
        shown.to_string_lossy().replace('\\', "/")
    }
}

/// Reads every environment at or below `path` and judges it.
///
/// # Errors
/// When nothing that could be judged is found, with what was looked for.
pub fn diagnose(path: &Path, options: &Options) -> Result<Diagnosis, Error> {
    let discovery = look(path, options)?;
    let environments = match options.threads {
        None => judge_all(discovery.environments, options),
        Some(threads) => rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|_| Error::Threads { threads })?
            .install(|| judge_all(discovery.environments, options)),
    };
    Ok(Diagnosis {
        root: discovery.root,
        path_prefix: options.path_prefix.clone(),
        environments,
        problems: discovery.problems,
    })
}

fn look(path: &Path, options: &Options) -> Result<Discovery, Error> {
    let options = DiscoverOptions {
        section: options.section.clone(),
        config: options.config.clone(),
        versions: options.versions.clone(),
        recursive: options.recursive,
        current_dir: options.current_dir.clone(),
    };
    Ok(discover(path, &options)?)
}

/// Reads every environment at or below `path`, in the order of their configurations, without judging them.
///
/// # Errors
/// When nothing is found, with what was looked for.
pub fn cases(path: &Path, options: &Options) -> Result<Vec<Case>, Error> {
    Ok(look(path, options)?.environments.into_iter().map(Case::read).collect())
}

fn judge_all(environments: Vec<Environment>, options: &Options) -> Vec<EnvironmentDiagnosis> {
    environments.into_iter().map(|environment| judge(Case::read(environment), options)).collect()
}

/// Applies every rule to a case: those of the files on one side, those of the schema on the other.
#[must_use]
pub(crate) fn judge(case: Case, options: &Options) -> EnvironmentDiagnosis {
    let of_case = |rule: &rules::Rule| {
        let mut found = Vec::new();
        if let Check::Case(check) = rule.check
            && options.rules.has(rule)
        {
            check(&case, &mut found);
        }
        found
    };
    // Collected in the order of the rules, whichever is done first.
    let ((of_schema, dialects), found) = rayon::join(
        || judge_schema(&case, options),
        || -> Vec<Vec<Finding>> { rules::ALL.par_iter().map(of_case).collect() },
    );
    let findings = arrange(found.into_iter().flatten().chain(of_schema).collect());
    EnvironmentDiagnosis { case, findings, dialects }
}

/// Follows the chain for each dialect that it may run on, and keeps what is found on all of them.
fn judge_schema(case: &Case, options: &Options) -> (Vec<Finding>, Option<Dialects>) {
    let checks = || {
        let selected = rules::ALL.iter().filter(|rule| options.rules.has(rule));
        selected.filter_map(|rule| match rule.check {
            Check::Schema(check) => Some((rule.info, check)),
            Check::Case(_) => None,
        })
    };
    // Found out beside the rules of the files, of which few ask for it.
    let _ = case.alembic();
    if checks().next().is_none() {
        return (Vec::new(), None);
    }
    let texts = Texts::read(case);
    let dialects = options.dialect.map_or_else(|| texts.dialects(case), Dialects::given);
    // What is wrong for one of several databases is wrong.
    let engines = match case.engines() {
        engines if engines.is_empty() => vec![None],
        engines => engines.into_iter().map(Some).collect(),
    };
    let is_repeated =
        |a: &Finding, b: &Finding| a.rule.code == b.rule.code && a.place == b.place && a.message == b.message;
    let judge = |dialect: Dialect, part: &Part| {
        let mut found = Vec::new();
        for engine in &engines {
            let Some(history) = case.history(&texts, dialect, engine.as_deref(), &options.import_roots, part)
            else {
                continue;
            };
            for (_, check) in checks() {
                let mut of_engine = Vec::new();
                check(case, &history, &mut of_engine);
                of_engine.retain(|finding| !found.iter().any(|known| is_repeated(known, finding)));
                found.append(&mut of_engine);
            }
        }
        found
    };
    let Some((first, others)) = dialects.found.split_first() else {
        return (Vec::new(), Some(dialects));
    };
    let ways_back = match checks().any(|(info, _)| rules::needs_ways_back(info)) {
        true => WaysBack::All,
        false => WaysBack::None,
    };
    let whole = Part { ways_back, last: None };
    let (mut found, ()) = rayon::join(|| judge(*first, &whole), || case.parse_ahead());
    let is_open = |finding: &Finding| !rules::is_same_on_all(finding.rule);
    if found.iter().any(is_open) && !others.is_empty() {
        // Only the downgrades of which something was found are of interest.
        let ways_back = found.iter().filter(|finding| rules::needs_ways_back(finding.rule));
        let named = ways_back.flat_map(|finding| &finding.revisions);
        let rows: BTreeSet<_> =
            named.filter_map(|id| case.graph().node(id)).filter_map(|node| case.row_of(node)).collect();
        let ways_back = if rows.is_empty() { WaysBack::None } else { WaysBack::Of(rows) };
        let part = Part { ways_back, last: last_row(case, found.iter().filter(|finding| is_open(finding))) };
        let others: Vec<Vec<Finding>> = others.par_iter().map(|dialect| judge(*dialect, &part)).collect();
        let is_same = |a: &Finding, b: &Finding| a.rule.code == b.rule.code && a.place == b.place;
        let is_on_all = |finding: &Finding| others.iter().all(|o| o.iter().any(|o| is_same(o, finding)));
        found.retain(|finding| !is_open(finding) || is_on_all(finding));
    }
    (found, Some(dialects))
}

/// The row of the last revision, in the order of the replay, that findings are about; `None` where a finding depends
/// on what comes after.
fn last_row<'f>(case: &Case, findings: impl Iterator<Item = &'f Finding>) -> Option<RowIndex> {
    let mut named = BTreeSet::new();
    for finding in findings {
        if !rules::looks_back_only(finding.rule) {
            return None;
        }
        named
            .extend(finding.revisions.iter().filter_map(|id| case.graph().node(id)).map(|node| node.index()));
    }
    let (order, _) = case.order_to(None).ok()?;
    let last = order.iter().rev().find(|node| named.contains(&node.index()))?;
    case.row_of(*last)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Diagnoses a chain of upgrades and downgrades, and returns the codes with the revisions that they are about.
    fn check(imports: &str, bodies: &[(&str, &str)], select: &str) -> (Vec<String>, bool) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut parent = "None".to_owned();
        for (at, (upgrade, downgrade)) in bodies.iter().enumerate() {
            let id = format!("a{at}");
            let text = format!(
                "import sqlalchemy as sa\nfrom alembic import op\n{imports}\nrevision = '{id}'\n\
                 down_revision = {parent}\n\ndef upgrade():\n    {upgrade}\n\ndef downgrade():\n    {downgrade}\n"
            );
            std::fs::write(folder.path().join(format!("{id}_x.py")), text).expect("a file");
            parent = format!("'{id}'");
        }
        let select: Vec<_> = select.split_whitespace().map(|s| s.parse().expect("a selector")).collect();
        let options = Options {
            versions: vec![folder.path().to_owned()],
            rules: Selection { select, ..Selection::default() },
            ..Options::default()
        };
        let diagnosis = diagnose(folder.path(), &options).expect("a diagnosis");
        let [environment] = diagnosis.environments.as_slice() else { panic!("one environment") };
        let said = environment.findings.iter().map(|f| format!("{} {}", f.rule.code, f.revisions.join(" ")));
        (said.collect(), environment.dialects.is_some())
    }

    const MAKE: &str = "op.create_table('t', sa.Column('id', sa.Integer()), sa.Column('x', sa.Integer()))";

    #[test]
    fn without_a_rule_about_the_schema_nothing_is_followed() {
        let chain = [("op.drop_table('none')", "pass")];
        assert_eq!(check("", &chain, "GRA FIL"), (vec![], false));
        assert_eq!(check("", &chain, "SCH001").0, ["SCH001 a0"]);
        assert!(check("", &chain, "SCH001").1);
    }

    #[test]
    fn what_is_found_on_all_dialects_does_not_depend_on_what_comes_after() {
        let two = "from sqlalchemy.dialects import mysql, postgresql";
        let chain = [
            (MAKE, "op.drop_table('t')"),
            ("op.drop_column('t', 'x')", "pass"),
            ("op.execute('SELECT 1')", "pass"),
            ("op.drop_table('t')", "pass"),
        ];
        assert_eq!(check(two, &chain, "SCH008 SCH009").0, ["SCH009 a1", "SCH009 a3"]);
        assert_eq!(check(two, &chain[..3], "SCH008 SCH009").0, ["SCH009 a1"]);
    }

    #[test]
    fn what_is_found_on_one_dialect_alone_is_not_said() {
        let chain = [
            (MAKE, "op.drop_table('t')"),
            ("op.add_column('t', sa.Column('y', sa.Integer(), nullable=False))", "op.drop_column('t', 'y')"),
        ];
        let two = "from sqlalchemy.dialects import mysql, postgresql";
        assert_eq!(check("from sqlalchemy.dialects import postgresql", &chain, "SCH006").0, ["SCH006 a1"]);
        assert_eq!(check(two, &chain, "SCH006").0, [""; 0]);
    }
}
