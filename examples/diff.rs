//! Tells what changed between two revisions: `cargo run --example diff -- fixtures/services/billing base head`.

use cucurbit::schema::Dialect;
use cucurbit::{Options, SchemaOptions, cases};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, from, to] = arguments.as_slice() else {
        return Err("usage: diff FOLDER REVISION REVISION".into());
    };
    for case in cases(&PathBuf::from(folder), &Options::default())? {
        for difference in case.diff(&SchemaOptions::new(Dialect::PostgreSql), from, to)?.differences {
            println!("{}: {:?}", difference.object, difference.kind);
        }
    }
    Ok(())
}
