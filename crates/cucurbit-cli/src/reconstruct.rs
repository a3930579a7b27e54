//! `cucurbit reconstruct`.

use crate::chain::{AnswerFormat, ChainArguments, OtherTables, read_dump};
use crate::{FAILED, FOUND, complain, write_out};
use cucurbit::schema::{DataType, Dialect, ObjectName, sql};
use cucurbit::{
    DriftSide, Evidence, EvidenceSource, GapKind, Level, ReconstructError, ReconstructOptions,
    Reconstruction, Reparenting, describe_drift, forget_version_table, reconstruction_json,
};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(crate) struct ReconstructArguments {
    #[command(flatten)]
    chain: ChainArguments,
    /// The lost revision, where several are missing.
    revision: Option<String>,
    /// A dump of the schema at the head: `pg_dump --schema-only`, SQLite's `.schema`, `mysqldump --no-data`.
    #[arg(long, value_name = "FILE")]
    dump: Option<PathBuf>,
    /// The models: files, or folders with all files below them; those that env.py hands to Alembic when neither they
    /// nor a dump are given. Without a dump they stand for the schema at the head.
    #[arg(long, value_name = "PATH")]
    models: Vec<PathBuf>,
    #[command(flatten)]
    others: OtherTables,
    /// The parent of the lost revision, where several may be it; may be given several times, for a merge. `base`: it has
    /// none.
    #[arg(long, value_name = "REVISION", conflicts_with = "catch_up")]
    parent: Vec<String>,
    /// The type of a column that cannot be told, as an answer to a question: `users.name=varchar(50)`; may be given
    /// several times. A schema stands in front of the table.
    #[arg(long, value_name = "TABLE.COLUMN=TYPE")]
    answer: Vec<String>,
    /// Where to write the migration: a file, or a folder, in which the project's file_template names it; standard output
    /// when not given.
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// How the answer is written to standard output: the migration, or a JSON document with all that is known of it.
    #[arg(long, value_enum, default_value = "text", conflicts_with = "catch_up")]
    format: AnswerFormat,
    /// Says on standard error where each restored thing comes from.
    #[arg(long)]
    explain: bool,
    /// Refuses when anything had to be assumed.
    #[arg(long)]
    strict: bool,
    /// Where the models differ from what the chain makes, puts what they say into the rebuilt migration, as far as
    /// the ones above it let it. For projects without a database in use.
    #[arg(long, conflicts_with = "catch_up")]
    fold_drift: bool,
    /// Writes the migration at the head that brings the chain to the models instead, as autogenerate would. What models
    /// cannot say (functions, triggers, views, partial indexes, policies, extensions) stays.
    #[arg(long, conflicts_with_all = ["revision", "dump", "strict", "explain"])]
    catch_up: bool,
    /// Lets --catch-up drop tables, columns and labels that the models do not have; they stay otherwise.
    #[arg(long, requires = "catch_up")]
    allow_destructive: bool,
}

pub(crate) fn run(arguments: &ReconstructArguments) -> ExitCode {
    match try_run(arguments) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::from(FAILED)
        }
    }
}

fn try_run(arguments: &ReconstructArguments) -> Result<ExitCode, String> {
    let case = arguments.chain.case_to_write_for()?;
    let mut schema = arguments.chain.schema_options(None);
    schema.as_autogenerate = true;
    let revisions: Vec<PathBuf> = case.files().iter().map(|file| file.path.clone()).collect();
    schema.import_roots.extend(cucurbit::import_roots_of(&absolute(&arguments.models), &revisions));
    let head = match &arguments.dump {
        Some(path) => {
            let (mut head, problems) = read_dump(path, arguments.chain.dialect())?;
            for problem in &problems {
                complain(&format!("{}: {problem}", path.display()));
            }
            forget_version_table(&mut head);
            Some(head)
        }
        None => None,
    };
    let wants_models = arguments.fold_drift || head.is_none();
    let models = match (arguments.models.is_empty(), &head) {
        (false, None) => Some(crate::models::read(Some(&case), &schema, &arguments.models)?),
        // With a dump the models only tell more.
        (false, Some(_)) => match crate::models::read(Some(&case), &schema, &arguments.models) {
            Ok(models) => Some(models),
            Err(error) if arguments.fold_drift => return Err(error),
            Err(error) => {
                complain(&error);
                None
            }
        },
        (true, _) if wants_models => Some(crate::models::of_case(&case, &schema)?),
        (true, _) => None,
    };
    if let (true, Some(models)) = (arguments.catch_up, models.clone()) {
        let out = arguments.out.as_deref();
        return crate::catch_up::run(&case, schema, models, arguments.allow_destructive, out);
    }
    let answers = arguments
        .answer
        .iter()
        .map(|text| answer(text, arguments.chain.dialect()))
        .collect::<Result<_, _>>()?;
    let options = ReconstructOptions {
        parents: arguments.parent.clone(),
        schema,
        head,
        models,
        revision: arguments.revision.clone(),
        answers,
        fold_drift: arguments.fold_drift,
        others: arguments.others.patterns(arguments.chain.dialect()),
    };
    let found = match case.reconstruct(&options) {
        Ok(found) => found,
        // A question that a person can answer.
        Err(error @ ReconstructError::SeveralParents { .. }) => {
            complain(&format!("{error}; nothing is written; --parent tells it"));
            return Ok(ExitCode::from(FOUND));
        }
        Err(error) => return Err(error.to_string()),
    };
    if arguments.explain {
        for assumption in &found.assumptions {
            complain(&format!(
                "{:?}: {} for {}: {}",
                assumption.level, assumption.object, assumption.revision, assumption.reason
            ));
        }
        for evidence in &found.evidence {
            complain(&describe_evidence(evidence));
        }
        for (revision, left) in &found.unsettled {
            complain(&format!("{revision}: no state before it fits: {}", left.join("; ")));
        }
    }
    if found.convention_inferred {
        complain(
            &"no env.py was read; the names in the dump follow the naming convention that SQLAlchemy recommends, so unnamed constraints are named by it",
        );
    }
    if arguments.format == AnswerFormat::Json {
        write_out(&reconstruction_json(&found)).map_err(|error| error.to_string())?;
    }
    let assumed = found.assumptions.iter().any(|a| a.level == Level::Assumed);
    if !found.is_proved() || (arguments.strict && assumed) {
        complain(&format!(
            "revision `{}` cannot be rebuilt from what is there; nothing is written",
            found.revision
        ));
        for question in found.questions() {
            complain(&question);
        }
        if arguments.strict && assumed {
            for assumption in found.assumptions.iter().filter(|a| a.level == Level::Assumed) {
                complain(&format!("{} had to be assumed for {}", assumption.object, assumption.revision));
            }
        }
        return Ok(ExitCode::from(FOUND));
    }
    tell(&found);
    if let Some(problem) = &found.rendered.template_problem {
        complain(&format!(
            "script.py.mako is not used, {problem}; the text is that of Alembic's own template"
        ));
    }
    for untold in &found.untold {
        complain(&format!(
            "{} does something that cannot be told, which was left out of account: {}",
            untold.revision, untold.what
        ));
    }
    for object in &found.reworded {
        complain(&format!(
            "{object}: the dump has it in other words than the migrations; databases write such texts down in words of their own, so whether both mean the same cannot be told"
        ));
    }
    for read in &found.unregistered {
        let what = match read.modules.as_slice() {
            [] => "no module of the project that registers it was found".to_owned(),
            many => format!("it could be any of {}", many.join(", ")),
        };
        complain(&format!(
            "{} reads the option `{}`, which nothing that Alembic loads registers, so it may stop there; the lost migration must have imported a module that does: {what}",
            read.revision, read.option
        ));
    }
    for needed in &found.needed_rows {
        complain(&format!(
            "{} inserts rows into {} whose foreign key points at {}; only what is lost can have put rows there, and rows are not rebuilt: on an empty database the INSERT fails unless `upgrade()` of the rebuilt migration is given them",
            needed.revision, needed.table, needed.target
        ));
    }
    if !found.others.is_empty() {
        let names: Vec<String> = found.others.iter().map(ToString::to_string).collect();
        complain(&format!(
            "taken as made by another application, so that they have to be there before the first migration: {}",
            names.join(", ")
        ));
    }
    tell_of_models(&found, arguments.explain);
    for difference in &found.drift {
        complain(&format!("drift: {}", describe_drift(difference, DriftSide::Models)));
    }
    match &arguments.out {
        // The document holds them all.
        None if arguments.format == AnswerFormat::Json => {}
        None if !found.companions.is_empty() => {
            return Err(format!(
                "{} files are to be written, which standard output cannot hold; use --out",
                found.companions.len() + 1
            ));
        }
        None => {
            write_out(&found.rendered.text).map_err(|error| error.to_string())?;
            for change in &found.reparentings {
                complain(&format!(
                    "{}: `{}` has to name `{}` as its down_revision; --out does that too",
                    change.path.display(),
                    change.revision,
                    found.revision
                ));
            }
        }
        Some(path) => write_all(path, &found)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Says where a thing comes from, in one line.
fn describe_evidence(evidence: &Evidence) -> String {
    let mut out = format!("{:?}: {}: ", evidence.level, evidence.object);
    out += match evidence.source {
        EvidenceSource::Head => "the schema at the head",
        EvidenceSource::Models => "the models",
        EvidenceSource::Migrations => "the migrations that survive",
    };
    if let Some(place) = &evidence.place {
        out += &format!(" ({}:{})", place.path.display(), place.line);
    }
    if let Some(revision) = &evidence.touched_by {
        out += &format!(", and {revision} does something with it");
    }
    if let Some(remark) = &evidence.remark {
        out += &format!("; {remark}");
    }
    out
}

/// Says what rests on the models alone: there the lost migration may have made something else.
fn tell_of_models(found: &Reconstruction, is_explained: bool) {
    let rests = |e: &&Evidence| e.source == EvidenceSource::Models && e.touched_by.is_none();
    let alone: Vec<&Evidence> = found.evidence.iter().filter(rests).collect();
    if alone.is_empty() {
        return;
    }
    let unnamed = alone.iter().filter(|e| e.level == Level::Assumed).count();
    let names = match unnamed {
        0 => String::new(),
        some => format!(
            ", and the names of {some} constraints, which the models do not give, on what the database calls them"
        ),
    };
    let more = if is_explained { "" } else { " (--explain lists them)" };
    complain(&format!(
        "{} of the {} things that the migration makes rest on the models alone{names}{more}; the lost migration may have made them otherwise, or more that models do not show: only a dump of a database that it made tells",
        alone.len(),
        found.evidence.len()
    ));
}

/// Reads `table.column=TYPE`.
fn answer(text: &str, dialect: Dialect) -> Result<(ObjectName, String, DataType), String> {
    let wrong = || format!("`{text}` is no answer of the form TABLE.COLUMN=TYPE");
    let (name, data_type) = text.split_once('=').ok_or_else(wrong)?;
    let (table, column) = name.rsplit_once('.').ok_or_else(wrong)?;
    let (schema, table) = match table.rsplit_once('.') {
        Some((schema, table)) => (Some(schema), table),
        None => (None, table),
    };
    if table.is_empty() || column.is_empty() || data_type.trim().is_empty() {
        return Err(wrong());
    }
    Ok((
        ObjectName::new(schema, table, dialect),
        column.to_owned(),
        sql::read_type(data_type.trim(), dialect),
    ))
}

fn absolute(paths: &[PathBuf]) -> Vec<PathBuf> {
    paths.iter().map(|p| std::path::absolute(p).unwrap_or_else(|_| p.clone())).collect()
}

/// Says what a reader should know of the gap.
fn tell(found: &Reconstruction) {
    match found.kind {
        GapKind::Lost => {}
        GapKind::Head => complain(&format!(
            "no revision is missing, and the chain ends before the schema does: this migration follows the head under the new id `{}`; where a database's alembic_version holds another id, give the migration that one",
            found.revision
        )),
        GapKind::Base => complain(&format!(
            "no revision is missing, and the first ones alter tables that none makes: this migration is a new base `{}` below them; databases that exist need no change, for `alembic upgrade` takes what stands below their revision as done",
            found.revision
        )),
    }
    if !found.other_parents.is_empty() {
        complain(&format!(
            "the parent of `{}` is taken to be {}, which fits best by id, date and folder; it could be {} as well",
            found.revision,
            found.down_revision.join(", "),
            found.other_parents.join(", ")
        ));
    }
    for other in &found.companions {
        complain(&format!(
            "`{}` is lost too: what it did is part of `{}`, and it stands empty on {}",
            other.revision,
            found.revision,
            other.down_revision.join(", ")
        ));
    }
}

/// Writes the migration and what goes with it, all or nothing.
///
/// A folder gets files under the names that the project's `file_template` gives them.
fn write_all(path: &Path, found: &Reconstruction) -> Result<(), String> {
    let is_folder = path.is_dir();
    let (folder, path) = if is_folder {
        (path.to_owned(), path.join(&found.file_name))
    } else {
        (path.parent().unwrap_or(Path::new("")).to_owned(), path.to_owned())
    };
    let mut written: Vec<PathBuf> = Vec::new();
    let mut write = || -> Result<(), String> {
        let mut put = |path: PathBuf, text: &str| -> Result<(), String> {
            // A template may name folders.
            if let (true, Some(parent)) = (is_folder, path.parent()) {
                std::fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
            }
            write_file(&path, text)?;
            written.push(path);
            Ok(())
        };
        put(path.clone(), &found.rendered.text)?;
        for other in &found.companions {
            put(folder.join(&other.file_name), &other.text)?;
        }
        Ok(())
    };
    let outcome = write();
    let changed = outcome.and_then(|()| {
        let mut done: Vec<&Reparenting> = Vec::new();
        for change in &found.reparentings {
            if let Err(error) = replace_file(&change.path, &change.before, &change.after) {
                for change in done {
                    let _ = replace_file(&change.path, &change.after, &change.before);
                }
                return Err(error);
            }
            done.push(change);
            complain(&format!(
                "{}: `{}` now names `{}` as its down_revision",
                change.path.display(),
                change.revision,
                found.revision
            ));
        }
        Ok(())
    });
    if changed.is_err() {
        for path in written {
            let _ = std::fs::remove_file(path);
        }
    }
    changed
}

/// Puts another text in the place of a file's, which must still be the one that was read.
fn replace_file(path: &Path, before: &str, after: &str) -> Result<(), String> {
    let tell = |error: std::io::Error| format!("{}: {error}", path.display());
    if std::fs::read(path).map_err(tell)? != before.as_bytes() {
        return Err(format!("{}: the file changed meanwhile, or is not plain UTF-8", path.display()));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(tell)?;
    file.write_all(after.as_bytes()).map_err(tell)?;
    let permissions = std::fs::metadata(path).map_err(tell)?.permissions();
    file.as_file().set_permissions(permissions).map_err(tell)?;
    file.as_file().sync_all().map_err(tell)?;
    file.persist(path).map_err(|error| tell(error.error))?;
    Ok(())
}

/// Writes a file whole or not at all, and never over another.
pub(crate) fn write_file(path: &Path, text: &str) -> Result<(), String> {
    let tell = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut file = std::fs::File::create_new(path).map_err(tell)?;
    if let Err(error) = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()) {
        let _ = std::fs::remove_file(path);
        return Err(tell(error));
    }
    Ok(())
}
