//! The schema of a case, where its files lie apart from the project.

use cucurbit::schema::Dialect;
use cucurbit::{Options, SchemaOptions, cases};
use std::path::Path;

const REVISION: &str = r#"
from alembic import op
import sqlalchemy as sa
revision = "a1"
down_revision = None
def upgrade():
    op.create_table("boats", sa.Column("id", sa.Integer, primary_key=True))
"#;

const ENV_PY: &str = r#"
import sqlalchemy as sa
target_metadata = sa.MetaData(naming_convention={"pk": "pk_%(table_name)s"})
"#;

fn key_of_boats(folder: &Path, roots: &[&str]) -> Option<String> {
    let options = Options { versions: vec![folder.join("copy")], ..Options::default() };
    let case = cases(folder, &options).expect("the cases").pop().expect("a case");
    let mut options = SchemaOptions::new(Dialect::PostgreSql);
    options.import_roots = roots.iter().map(|root| folder.join(root)).collect();
    let chain = case.schema_at(&options).expect("the schema");
    let table = chain.state.tables.values().next().expect("a table");
    table.primary_key().and_then(|key| key.name.clone())
}

#[test]
fn copied_revision_files_are_named_as_where_they_come_from() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write("copy/a1.py", REVISION);
    write("project/app/migrations/env.py", ENV_PY);
    write("project/app/migrations/versions/a1.py", REVISION);
    write("other/env.py", ENV_PY);
    write("other/versions/a1.py", &format!("{REVISION}\n# changed since\n"));
    let key = |roots: &[&str]| key_of_boats(folder.path(), roots);
    assert_eq!(key(&["project"]).as_deref(), Some("pk_boats"));
    // Not the same files, or nowhere to look.
    assert_eq!(key(&["other"]).as_deref(), Some("boats_pkey"));
    assert_eq!(key(&[]).as_deref(), Some("boats_pkey"));
}
