//! How long a replay takes, on chains made for it: the files are read before, as a diagnosis has them.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use cucurbit::schema::Dialect;
use cucurbit::{Options, SchemaOptions, cases};
use std::hint::black_box;
use std::path::Path;

/// Five steps are about one table.
fn step(number: usize) -> String {
    let table = format!("table_{}", number / 5);
    let body = match number % 5 {
        0 => format!(
            "op.create_table('{table}', sa.Column('id', sa.Integer(), nullable=False), sa.Column('name', sa.String(length=80)), sa.PrimaryKeyConstraint('id'))"
        ),
        1 => format!("op.add_column('{table}', sa.Column('note', sa.Text(), nullable=True))"),
        2 => format!("op.create_index(op.f('ix_{table}_name'), '{table}', ['name'], unique=False)"),
        3 => format!("op.execute('ALTER TABLE {table} ADD CONSTRAINT ck_{table} CHECK (id > 0)')"),
        _ => format!("op.alter_column('{table}', 'note', existing_type=sa.Text(), nullable=False)"),
    };
    let parent = number.checked_sub(1).map_or("None".to_owned(), |before| format!("'r{before:011}'"));
    format!(
        "from alembic import op\nimport sqlalchemy as sa\n\nrevision = 'r{number:011}'\ndown_revision = {parent}\n\n\ndef upgrade() -> None:\n    {body}\n"
    )
}

fn write(folder: &Path, size: usize) {
    for number in 0..size {
        std::fs::write(folder.join(format!("r{number:011}.py")), step(number)).expect("a file");
    }
}

fn replaying(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replay");
    group.sample_size(10);
    for size in [1_000usize, 10_000] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write(folder.path(), size);
        let options = Options { versions: vec![folder.path().to_owned()], ..Options::default() };
        let case = cases(folder.path(), &options).expect("a chain").remove(0);
        let chain = case.schema_at(&SchemaOptions::new(Dialect::PostgreSql)).expect("a schema");
        assert_eq!(chain.known(), (size, size), "every step is known");
        group.throughput(Throughput::Elements(size as u64));
        group.bench_with_input(BenchmarkId::from_parameter(size), &case, |bencher, case| {
            bencher.iter(|| black_box(case.schema_at(&SchemaOptions::new(Dialect::PostgreSql)).is_ok()));
        });
    }
    group.finish();
}

criterion_group!(benches, replaying);
criterion_main!(benches);
