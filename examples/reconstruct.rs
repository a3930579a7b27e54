//! Rebuilds a lost migration: `cargo run --example reconstruct -- fixtures/habits_service`.

use cucurbit::schema::Dialect;
use cucurbit::{Options, ReconstructOptions, SchemaOptions, cases};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| ".".into()));
    let case = cases(&folder, &Options::default())?.into_iter().next().ok_or("there is no environment")?;
    let schema = SchemaOptions::new(Dialect::PostgreSql);
    // No paths: the models that env.py hands to Alembic.
    let models = case.models(&schema, &[]);
    let options = ReconstructOptions { models: Some(models), ..ReconstructOptions::new(schema) };
    let found = case.reconstruct(&options)?;
    if !found.is_proved() {
        return Err(found.questions().join("\n").into());
    }
    for difference in &found.drift {
        eprintln!("drift: {}", cucurbit::describe_drift(difference, cucurbit::DriftSide::Models));
    }
    print!("{}", found.rendered.text);
    Ok(())
}
