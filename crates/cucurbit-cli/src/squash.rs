//! `cucurbit squash`.

use crate::chain::ChainArguments;
use crate::reconstruct::write_file;
use crate::{FAILED, FOUND, complain, write_out};
use cucurbit::{Case, SchemaError, Squash, SquashError, SquashOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(allow_missing_positional = true)]
pub(crate) struct SquashArguments {
    #[command(flatten)]
    chain: ChainArguments,
    /// `BASE..REV`: everything above BASE, up to REV and with it. BASE is a revision, or `base` for all down to the
    /// first; REV is a revision or `head`.
    #[arg(value_name = "BASE..REV")]
    range: String,
    /// Writes the migration to a file; nothing is moved.
    #[arg(long, value_name = "FILE", conflicts_with = "apply")]
    out: Option<PathBuf>,
    /// Writes the migration into the version folder as REV_squashed.py, and moves the squashed files into the new
    /// folder squashed/REV beside the version folder. Nothing is deleted and no file is written over; to undo, remove
    /// the new file and move the others back.
    #[arg(long)]
    apply: bool,
}

pub(crate) fn run(arguments: &SquashArguments) -> ExitCode {
    match try_run(arguments) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::from(FAILED)
        }
    }
}

fn try_run(arguments: &SquashArguments) -> Result<ExitCode, String> {
    let Some((from, to)) = arguments.range.split_once("..") else {
        return Err(format!("`{}` is no range; write BASE..REV, as in base..head", arguments.range));
    };
    let from = match from {
        "" | "base" => None,
        id => Some(id.to_owned()),
    };
    let case = arguments.chain.case_to_write_for()?;
    let options = SquashOptions { schema: arguments.chain.schema_options(None), from, to: to.to_owned() };
    let squash = match case.squash(&options) {
        Ok(squash) => squash,
        Err(error @ SquashError::Schema(SchemaError::NoRevisions | SchemaError::NoSuchRevision(_))) => {
            return Err(error.to_string());
        }
        Err(error) => {
            complain(&format!("{error}; nothing is written"));
            return Ok(ExitCode::from(FOUND));
        }
    };
    for step in &squash.carried {
        complain(&format!("{}:{}: {}", case.shown_path(&step.path), step.line, step.what));
    }
    for (importer, goes) in &squash.importers {
        complain(&format!(
            "{} seems to import {}, which is squashed",
            case.shown_path(importer),
            case.shown_path(goes)
        ));
    }
    if !squash.is_proved() {
        complain(&"these migrations cannot be squashed as they are; nothing is written");
        for complaint in squash.complaints() {
            complain(&complaint);
        }
        return Ok(ExitCode::from(FOUND));
    }
    if arguments.apply {
        apply(&case, &squash)?;
        write_out(&plan(&case, &squash)).map_err(|error| error.to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = plan(&case, &squash);
    match &arguments.out {
        Some(path) => write_file(path, &squash.rendered.text)?,
        None => {
            text.push('\n');
            text.push_str(&squash.rendered.text);
        }
    }
    write_out(&text).map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// The files that go and the one that comes.
fn plan(case: &Case, squash: &Squash) -> String {
    let mut out = format!("add {}\n", case.shown_path(&squash.path));
    for one in &squash.squashed {
        out.push_str(&format!("move {} to {}\n", case.shown_path(&one.path), case.shown_path(&one.moved_to)));
    }
    out
}

/// Moves the old files away and puts the new one in, or leaves all as it was.
fn apply(case: &Case, squash: &Squash) -> Result<(), String> {
    if case.environment().sourceless {
        return Err("with `sourceless` Alembic would still load the bytecode of the squashed files; remove it and squash without --apply".to_owned());
    }
    let inside = |location: &Path| squash.shelf.starts_with(location);
    if case.environment().recursive && case.environment().version_locations.iter().any(|l| inside(&l.path)) {
        return Err(format!(
            "{} is in a version folder, where Alembic would find the files; squash without --apply",
            squash.shelf.display()
        ));
    }
    for one in &squash.squashed {
        let now = std::fs::read(&one.path).map_err(|error| format!("{}: {error}", one.path.display()))?;
        if now != one.bytes {
            return Err(format!("{}: the file changed meanwhile", one.path.display()));
        }
    }
    let is_moved = squash.squashed.iter().any(|one| one.path == squash.path);
    if squash.path.exists() && !is_moved {
        return Err(format!("{}: there is such a file already", squash.path.display()));
    }
    let tell = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let shelves = squash.shelf.parent().unwrap_or(Path::new("."));
    let shelves_are_new = !shelves.exists();
    if shelves_are_new {
        std::fs::create_dir(shelves).map_err(|error| tell(shelves, error))?;
    }
    if let Err(error) = std::fs::create_dir(&squash.shelf) {
        undo_shelves(shelves_are_new, shelves);
        return Err(tell(&squash.shelf, error));
    }
    let mut moved: Vec<(&Path, &Path)> = Vec::new();
    let outcome = (|| {
        let folder = squash.path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| tell(folder, error))?;
        file.write_all(squash.rendered.text.as_bytes())
            .and_then(|()| file.as_file().sync_all())
            .map_err(|error| tell(folder, error))?;
        if let Some(last) = squash.squashed.last() {
            let like = std::fs::metadata(&last.path).map_err(|error| tell(&last.path, error))?;
            file.as_file().set_permissions(like.permissions()).map_err(|error| tell(folder, error))?;
        }
        for one in &squash.squashed {
            std::fs::rename(&one.path, &one.moved_to).map_err(|error| tell(&one.path, error))?;
            moved.push((&one.path, &one.moved_to));
        }
        file.persist_noclobber(&squash.path).map_err(|error| tell(&squash.path, error.error))?;
        Ok(())
    })();
    if outcome.is_err() {
        for (path, moved_to) in moved {
            let _ = std::fs::rename(moved_to, path);
        }
        let _ = std::fs::remove_dir(&squash.shelf);
        undo_shelves(shelves_are_new, shelves);
    }
    outcome
}

fn undo_shelves(are_new: bool, shelves: &Path) {
    if are_new {
        let _ = std::fs::remove_dir(shelves);
    }
}
