//! Models on the command line.

use crate::complain;
use cucurbit::{Case, Models, SchemaOptions};
use std::path::PathBuf;

/// Reads models, beside the chain that they belong to where there is one, and says on standard error what could not be
/// told.
pub(crate) fn read(
    case: Option<&Case>,
    options: &SchemaOptions,
    paths: &[PathBuf],
) -> Result<Models, String> {
    if let Some(missing) = paths.iter().find(|p| !p.exists()) {
        return Err(format!("{}: there is no such file or folder", missing.display()));
    }
    let paths: Vec<PathBuf> =
        paths.iter().map(|p| std::path::absolute(p).unwrap_or_else(|_| p.clone())).collect();
    tell(match case {
        Some(case) => case.models(options, &paths),
        None => cucurbit::read_models(options, &paths),
    })
}

/// Reads the models that a project's `env.py` hands to Alembic, and says on standard error what could not be told.
pub(crate) fn of_case(case: &Case, options: &SchemaOptions) -> Result<Models, String> {
    tell(case.models(options, &[]))
}

fn tell(models: Models) -> Result<Models, String> {
    let here = std::env::current_dir().unwrap_or_default();
    for item in models.unresolved.iter().chain(&models.notes) {
        match &item.source {
            Some(source) => {
                let path = source.path.strip_prefix(&here).unwrap_or(&source.path);
                complain(&format!("{}:{}: {item}", path.display(), source.line));
            }
            None => complain(item),
        }
    }
    if models.tables.is_empty() {
        return Err("no table is defined in these models".to_owned());
    }
    Ok(models)
}
