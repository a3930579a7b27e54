//! Tells who made and changed a table or column:
//! `cargo run --example blame -- fixtures/services/billing invoices.due_on`.

use cucurbit::schema::Dialect;
use cucurbit::{Options, SchemaOptions, cases};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(folder), Some(object)) = (arguments.next(), arguments.next()) else {
        return Err("usage: blame FOLDER TABLE[.PART]".into());
    };
    for case in cases(&PathBuf::from(folder), &Options::default())? {
        let options = SchemaOptions::new(Dialect::PostgreSql);
        for entry in case.blame(&options, &object.to_string_lossy())?.entries {
            let file = entry.path.file_name().unwrap_or_default().to_string_lossy();
            println!("{} {} {}:{} {}", entry.revision, entry.deed.as_str(), file, entry.line, entry.what);
        }
    }
    Ok(())
}
