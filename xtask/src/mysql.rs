//! Compares two schemas on one MariaDB: what real Alembic makes of a chain, and what the DDL makes that cucurbit
//! writes for it.

mod server;

use crate::Outcome;
use crate::manifest::{self, CorpusEnvironment};
use cucurbit::schema::ddl;
use cucurbit::{SchemaOptions, forget_version_table};
use server::Server;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// Which chains, and what runs them.
#[derive(Debug, clap::Args)]
pub(crate) struct MysqlArguments {
    /// The manifest.
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// The folder that holds the packages of the manifest.
    #[arg(long, value_name = "DIR")]
    corpus: PathBuf,
    /// Environments whose name holds this; may be given several times.
    #[arg(long, value_name = "TEXT", required = true)]
    only: Vec<String>,
    /// The Python that has Alembic, SQLAlchemy, PyMySQL and what the revision files import.
    #[arg(long, value_name = "PROGRAM")]
    python: PathBuf,
    /// A Python file to execute before the migrations, such as one that stands in for missing modules.
    #[arg(long, value_name = "FILE")]
    setup: Vec<PathBuf>,
    /// What the chains are told that the server is: `mysql`, as most URLs have it, or `mariadb`.
    #[arg(long, value_name = "NAME", default_value = "mysql")]
    dialect: String,
    /// How many differences are printed for a chain.
    #[arg(long, default_value_t = 20)]
    differences: usize,
}

/// Each object by its kind and name, with all that is compared.
type Objects = BTreeMap<String, String>;

/// Runs the chore. Less than 99 % of equal objects is not as expected.
///
/// # Errors
/// When the server cannot be started or a chain cannot be read.
pub(crate) fn run(arguments: &MysqlArguments) -> anyhow::Result<Outcome> {
    let server = Server::start()?;
    let (mut all, mut equal) = (0, 0);
    let mut failed = 0;
    let wanted = |e: &CorpusEnvironment| arguments.only.iter().any(|text| e.name.contains(text.as_str()));
    let environments = manifest::read(&arguments.manifest, &arguments.corpus)?;
    for environment in environments.into_iter().filter(wanted) {
        match compare(&server, arguments, &environment) {
            Ok((these, same)) => {
                all += these;
                equal += same;
            }
            Err(error) => {
                failed += 1;
                println!("{}: {error:#}", environment.name);
            }
        }
    }
    let percent = if all == 0 { 0.0 } else { 100.0 * f64::from(equal) / f64::from(all) };
    println!("{equal} of {all} objects equal ({percent:.2} %), {failed} chains could not be compared");
    Ok(if all > 0 && failed == 0 && equal * 100 >= all * 99 { Outcome::AsExpected } else { Outcome::Differs })
}

/// Returns how many objects there are on either side, and how many are the same.
fn compare(
    server: &Server,
    arguments: &MysqlArguments,
    environment: &CorpusEnvironment,
) -> anyhow::Result<(u32, u32)> {
    for database in ["theirs", "ours"] {
        server.query(&format!("DROP DATABASE IF EXISTS {database}; CREATE DATABASE {database}"))?;
    }
    run_alembic(server, arguments, environment)?;
    let case = environment.case()?;
    let chain = case.schema_at(&SchemaOptions::new(manifest::dialect(&arguments.dialect)?))?;
    let mut state = chain.state.as_ref().clone();
    forget_version_table(&mut state);
    let refused = server.script("ours", &ddl(&state).to_sql())?;
    for line in &refused {
        println!("{}: our DDL is refused: {line}", environment.name);
    }
    let (theirs, ours) = (objects(server, "theirs")?, objects(server, "ours")?);
    let mut names: Vec<&String> = theirs.keys().chain(ours.keys()).collect();
    names.sort();
    names.dedup();
    let differing: Vec<&&String> =
        names.iter().filter(|name| theirs.get(**name) != ours.get(**name)).collect();
    for name in differing.iter().take(arguments.differences) {
        let side = |objects: &Objects| objects.get(**name).map_or("-", String::as_str).to_owned();
        println!("{}: {name}: Alembic {}, cucurbit {}", environment.name, side(&theirs), side(&ours));
    }
    let equal = names.len() - differing.len();
    println!("{}: {equal} of {} objects equal", environment.name, names.len());
    Ok((u32::try_from(names.len())?, u32::try_from(equal)?))
}

fn run_alembic(
    server: &Server,
    arguments: &MysqlArguments,
    environment: &CorpusEnvironment,
) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let scripts = folder.path().join("scripts");
    std::fs::create_dir(&scripts)?;
    std::fs::write(scripts.join("env.py"), include_str!("mysql/env.py"))?;
    let locations: Vec<String> = environment.versions.iter().map(|v| v.display().to_string()).collect();
    let ini = format!(
        "[alembic]\nscript_location = {}\npath_separator = newline\nversion_locations =\n  {}\nrecursive_version_locations = {}\n",
        scripts.display(),
        locations.join("\n  "),
        environment.recursive
    );
    let file = folder.path().join("alembic.ini");
    std::fs::write(&file, ini)?;
    let socket = server.socket();
    let url = format!(
        "{}+pymysql://root@/theirs?unix_socket={}&charset=utf8mb4",
        arguments.dialect,
        socket.display()
    );
    let setup: Result<Vec<PathBuf>, _> = arguments.setup.iter().map(std::path::absolute).collect();
    let output = Command::new(&arguments.python)
        .args(["-m", "alembic", "-c"])
        .arg(&file)
        .args(["upgrade", "heads"])
        .current_dir(folder.path())
        .env("ALEMBIC_URL", url)
        .env("PACKAGE_ROOT", &environment.root)
        .env("SETUP", std::env::join_paths(setup?)?)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()?;
    let error = String::from_utf8_lossy(&output.stderr);
    let last = error.trim().lines().rev().take(3).collect::<Vec<_>>().join(" | ");
    anyhow::ensure!(output.status.success(), "Alembic does not run the chain: {last}");
    Ok(())
}

/// What is compared: kind and name, then everything else.
const QUERIES: [(&str, &str); 6] = [
    (
        "table",
        "SELECT table_name, CONCAT_WS(' ', engine, table_collation, table_comment) FROM information_schema.tables WHERE table_schema = '{}'",
    ),
    (
        "column",
        "SELECT CONCAT(table_name, '.', column_name), CONCAT_WS(' ', column_type, is_nullable, 'default', IFNULL(column_default, '-'), extra, collation_name, IFNULL(generation_expression, ''), column_comment) FROM information_schema.columns WHERE table_schema = '{}'",
    ),
    (
        "index",
        "SELECT CONCAT(table_name, '.', index_name), CONCAT(GROUP_CONCAT(CONCAT(column_name, IFNULL(CONCAT('(', sub_part, ')'), ''), IFNULL(collation, '')) ORDER BY seq_in_index), ' ', non_unique, ' ', index_type) FROM information_schema.statistics WHERE table_schema = '{}' GROUP BY table_name, index_name, non_unique, index_type",
    ),
    (
        "key",
        "SELECT CONCAT(k.table_name, '.', k.constraint_name), CONCAT(t.constraint_type, ' ', GROUP_CONCAT(CONCAT_WS('>', k.column_name, k.referenced_table_name, k.referenced_column_name) ORDER BY k.ordinal_position)) FROM information_schema.key_column_usage k JOIN information_schema.table_constraints t ON t.constraint_schema = k.constraint_schema AND t.table_name = k.table_name AND t.constraint_name = k.constraint_name WHERE k.table_schema = '{}' GROUP BY k.table_name, k.constraint_name, t.constraint_type",
    ),
    (
        "reference",
        "SELECT CONCAT(table_name, '.', constraint_name), CONCAT_WS(' ', referenced_table_name, unique_constraint_name, update_rule, delete_rule) FROM information_schema.referential_constraints WHERE constraint_schema = '{}'",
    ),
    (
        "check",
        "SELECT CONCAT(table_name, '.', constraint_name), check_clause FROM information_schema.check_constraints WHERE constraint_schema = '{}'",
    ),
];

fn objects(server: &Server, database: &str) -> anyhow::Result<Objects> {
    let mut out = Objects::new();
    for (kind, query) in QUERIES {
        for line in server.query(&query.replace("{}", database))?.lines() {
            let (name, what) = line.split_once('\t').unwrap_or((line, ""));
            let of_alembic = name == "alembic_version" || name.starts_with("alembic_version.");
            if !of_alembic {
                out.insert(format!("{kind} {name}"), what.to_owned());
            }
        }
    }
    Ok(out)
}
