//! Models of a case: those named, and those that `env.py` hands to Alembic.

use cucurbit::schema::Dialect;
use cucurbit::{Options, SchemaOptions, cases, read_models};
use std::path::Path;

#[test]
fn models_by_path_and_by_environment() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/habits_service");
    let options = SchemaOptions::new(Dialect::PostgreSql);
    let case = cases(&root, &Options::default()).expect("the cases").pop().expect("a case");
    let paths = [root.join("app/models")];
    let named = case.models(&options, &paths);
    let by_environment = case.models(&options, &[]);
    let alone = read_models(&options, &paths);
    assert_eq!(named.tables.len(), 14);
    for models in [&by_environment, &alone] {
        let names = |m: &cucurbit::Models| m.database.tables.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(models), names(&named));
        assert_eq!(models.unresolved, []);
    }
}
