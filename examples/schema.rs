//! Writes the schema at the heads of a chain: `cargo run --example schema -- fixtures/services/billing`.

use cucurbit::schema::{Dialect, ddl};
use cucurbit::{Options, SchemaOptions, cases};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| ".".into()));
    for case in cases(&folder, &Options::default())? {
        let chain = case.schema_at(&SchemaOptions::new(Dialect::PostgreSql))?;
        let (known, all) = chain.known();
        println!("-- {known} of {all} operations known exactly");
        print!("{}", ddl(&chain.state).to_sql());
    }
    Ok(())
}
