//! `cucurbit verify`.

use crate::chain::{ChainArguments, read_dump};
use crate::{FAILED, FOUND, OutputFormat, complain, write_out};
use cucurbit::Case;
use cucurbit::report::{verify_json, verify_text};
use cucurbit::verify::{Alembic, Programs, Proof, Target, Verdict, VerifyOptions, connect, verdict};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    chain: ChainArguments,
    /// The revision to end at, as `alembic upgrade` takes it; all heads when not given.
    revision: Option<String>,
    /// A database system to prove it on, too; may be given several times. `sqlite`; `postgresql`, which starts a
    /// server of its own for the time; or the address of a server: `postgresql://…`, `mysql://…`, `mariadb://…`. On a
    /// server new databases are made under names of their own and dropped again; no other database is changed. Then
    /// the chain is followed as on this system, and --dialect does not count.
    #[arg(long, value_name = "SYSTEM|URL")]
    database: Vec<String>,
    /// The chain must end in what these models say: files, or folders with all files below them; those of env.py
    /// when none are named.
    #[arg(long, value_name = "PATH", num_args = 0..)]
    models: Option<Vec<PathBuf>>,
    /// The chain must end in the schema of this dump.
    #[arg(long, value_name = "FILE")]
    dump: Option<PathBuf>,
    /// Leaves downgrades out.
    #[arg(long)]
    upgrade_only: bool,
    /// How to write the proofs.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    output_format: OutputFormat,
    /// Lets the project's own Alembic upgrade a scratch database too and compares. This runs the migrations and
    /// env.py, with all that they do.
    #[arg(long, requires = "database")]
    alembic: bool,
    /// Alembic goes step by step, too: each revision up, down and up again.
    #[arg(long, requires = "alembic")]
    steps: bool,
    /// The Python that has Alembic and the project's packages; otherwise that of VIRTUAL_ENV, of `.venv` beside the
    /// configuration, or `python3`.
    #[arg(long, value_name = "PROGRAM", requires = "alembic")]
    python: Option<PathBuf>,
    /// An environment variable for Alembic, for an env.py that does not take its address from the configuration;
    /// {url}, {host}, {port}, {user}, {password}, {database} and {path} in the value are those of the scratch
    /// database. May be given several times.
    #[arg(long, value_name = "NAME=VALUE", requires = "alembic")]
    env: Vec<String>,
    /// An argument for env.py, as in `alembic -x`; filled like those of --env.
    #[arg(short = 'x', value_name = "NAME=VALUE", requires = "alembic")]
    x: Vec<String>,
    /// The driver in {url} (`asyncpg`, `psycopg`, `pymysql`); that of the address in the configuration when not
    /// given.
    #[arg(long, value_name = "NAME", requires = "alembic")]
    driver: Option<String>,
    /// The folder in which Alembic is run; found out when not given.
    #[arg(long, value_name = "DIR", requires = "alembic")]
    run_dir: Option<PathBuf>,
}

pub(crate) fn run(arguments: &VerifyArguments) -> ExitCode {
    match try_run(arguments) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::from(FAILED)
        }
    }
}

fn try_run(arguments: &VerifyArguments) -> Result<ExitCode, String> {
    let targets: Vec<Target> = arguments
        .database
        .iter()
        .map(|text| text.parse().map_err(|error: cucurbit::verify::DatabaseError| error.to_string()))
        .collect::<Result<_, String>>()?;
    let case = arguments.chain.case()?;
    let mut options = VerifyOptions::new(arguments.chain.schema_options(arguments.revision.as_deref()));
    options.upgrade_only = arguments.upgrade_only;
    options.alembic_steps = arguments.steps;
    options.models = models(arguments)?;
    if let Some(path) = &arguments.dump {
        let dialect = targets.first().map_or(arguments.chain.dialect(), Target::dialect);
        let (dump, problems) = read_dump(path, dialect)?;
        for problem in &problems {
            complain(&format!("{}: {problem}", path.display()));
        }
        options.dump = Some(dump);
    }
    let proofs = if targets.is_empty() {
        vec![case.verify(&options).map_err(|error| error.to_string())?]
    } else {
        options.interrupted = Some(on_interrupt()?);
        let mut proofs = Vec::new();
        for target in &targets {
            proofs.extend(on_database(arguments, &case, &options, target)?);
        }
        proofs
    };
    let show = |path: &Path| arguments.chain.show(&case, path);
    let text = match arguments.output_format {
        OutputFormat::Text => verify_text(&proofs, &show),
        OutputFormat::Json => verify_json(&proofs, &show),
    };
    write_out(&text).map_err(|error| error.to_string())?;
    Ok(match verdict(&proofs) {
        Verdict::Proved => ExitCode::SUCCESS,
        Verdict::CannotTell | Verdict::Fails => ExitCode::from(FOUND),
    })
}

fn on_database(
    arguments: &VerifyArguments,
    case: &Case,
    options: &VerifyOptions,
    target: &Target,
) -> Result<Vec<Proof>, String> {
    let programs = Programs::on(std::env::var_os("PATH").as_deref());
    let alembic = if arguments.alembic { Some(alembic(arguments, case, target, &programs)?) } else { None };
    let mut server = connect(target, &programs).map_err(|error| error.to_string())?;
    let mut proofs = case.verify_on(options, server.as_mut()).map_err(|error| error.to_string())?;
    if let Some(alembic) = &alembic {
        let proof = case.verify_with(options, server.as_mut(), alembic);
        proofs.push(proof.map_err(|error| error.to_string())?);
    }
    Ok(proofs)
}

/// The folders and files that were named, absolute; they must be there.
fn models(arguments: &VerifyArguments) -> Result<Option<Vec<PathBuf>>, String> {
    let Some(paths) = &arguments.models else { return Ok(None) };
    if let Some(missing) = paths.iter().find(|path| !path.exists()) {
        return Err(format!("{}: there is no such file or folder", missing.display()));
    }
    Ok(Some(paths.iter().map(|p| std::path::absolute(p).unwrap_or_else(|_| p.clone())).collect()))
}

fn alembic(
    arguments: &VerifyArguments,
    case: &Case,
    target: &Target,
    programs: &Programs,
) -> Result<Alembic, String> {
    let environment = case.environment();
    let config =
        environment.config_files.first().ok_or("Alembic needs a configuration, and none was found")?;
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut own: Vec<OsString> = vec!["-c".into(), absolute(config).into()];
    let is_ini = config.extension().is_none_or(|extension| extension != "toml");
    if is_ini && environment.section != "alembic" {
        own.extend(["-n".into(), environment.section.clone().into()]);
    }
    for argument in &arguments.x {
        own.extend(["-x".into(), argument.into()]);
    }
    let mut variables = Vec::new();
    for pair in &arguments.env {
        let (name, value) = pair
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| format!("--env {pair}: say NAME=VALUE"))?;
        variables.push((name.to_owned(), value.to_owned()));
    }
    let folder = arguments.run_dir.as_deref().unwrap_or(&environment.run_dir);
    let python = match &arguments.python {
        // A bare name is looked for on the path, as everywhere.
        Some(program) if program.components().count() > 1 => absolute(program),
        Some(program) => program.clone(),
        None => python(config, folder, programs)?,
    };
    let driver = arguments.driver.clone().or_else(|| {
        let url = cucurbit::alembic::config::literal_url(config, &environment.section)?;
        let (system, driver) = url.split_once("://")?.0.split_once('+')?;
        let is_plain = !driver.is_empty() && driver.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        (is_plain && system == target.dialect().name()).then(|| driver.to_owned())
    });
    Ok(Alembic { python, folder: absolute(folder), arguments: own, environment: variables, driver })
}

/// The Python of the project: of the environment in use, of `.venv` beside the configuration, or of the system.
fn python(config: &Path, folder: &Path, programs: &Programs) -> Result<PathBuf, String> {
    let inside = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
    let active = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    let beside = [config.parent().unwrap_or(folder), folder].map(|folder| folder.join(".venv"));
    active
        .into_iter()
        .chain(beside)
        .map(|environment| environment.join(inside))
        .find(|python| python.is_file())
        .or_else(|| programs.find("python3"))
        .or_else(|| programs.find("python"))
        .ok_or_else(|| "there is no Python; --python names one".to_owned())
}

/// An interrupt lets the work end where databases are dropped and servers stopped.
fn on_interrupt() -> Result<Arc<AtomicBool>, String> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    ctrlc::set_handler(move || set.store(true, Ordering::Relaxed))
        .map_err(|error| format!("interrupts cannot be caught: {error}"))?;
    Ok(flag)
}
