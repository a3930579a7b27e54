//! How long the parts of a diagnosis take, on chains made for it.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use cucurbit::alembic::{SourceText, read_revision};
use cucurbit::graph::{RevisionMap, RevisionRow};
use cucurbit::{Options, diagnose, report};
use std::hint::black_box;

fn file(index: usize) -> String {
    let parent = index.checked_sub(1).map_or("None".to_owned(), |parent| format!("'r{parent:011}'"));
    format!(
        "\"\"\"Add column {index}\n\nRevision ID: r{index:011}\nRevises: {}\nCreate Date: 2024-01-01 00:00:00.000000\n\n\"\"\"\n\
         from typing import Sequence, Union\n\nfrom alembic import op\nimport sqlalchemy as sa\n\n\n\
         revision: str = 'r{index:011}'\ndown_revision: Union[str, Sequence[str], None] = {parent}\n\
         branch_labels: Union[str, Sequence[str], None] = None\ndepends_on: Union[str, Sequence[str], None] = None\n\n\n\
         def upgrade() -> None:\n    op.add_column('items', sa.Column('c{index}', sa.Integer(), nullable=True))\n\n\n\
         def downgrade() -> None:\n    op.drop_column('items', 'c{index}')\n",
        parent.trim_matches('\'')
    )
}

fn reading(criterion: &mut Criterion) {
    let text = file(7);
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("a generated file", |bencher| {
        let source = SourceText::decode(text.clone().into_bytes());
        bencher.iter(|| black_box(read_revision(&source, None)));
    });
    let unusual = text.replace("op.add_column", "x = r'\\d'; op.add_column");
    group.bench_function("a file with something unusual", |bencher| {
        let source = SourceText::decode(unusual.clone().into_bytes());
        bencher.iter(|| black_box(read_revision(&source, None)));
    });
    group.finish();
}

fn loading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("load the map");
    for size in [1_000usize, 10_000] {
        let rows: Vec<RevisionRow> = (0..size)
            .map(|index| RevisionRow {
                revision: format!("r{index}").as_str().into(),
                down_revision: index
                    .checked_sub(1)
                    .map(|p| format!("r{p}").as_str().into())
                    .unwrap_or_default(),
                ..RevisionRow::default()
            })
            .collect();
        group.throughput(Throughput::Elements(size as u64));
        group.bench_with_input(BenchmarkId::from_parameter(size), &rows, |bencher, rows| {
            bencher.iter(|| black_box(RevisionMap::load(rows)));
        });
    }
    group.finish();
}

fn diagnosing(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let versions = folder.path().join("versions");
    std::fs::create_dir(&versions).expect("a folder");
    for index in 0..1_000 {
        std::fs::write(versions.join(format!("r{index:011}_add.py")), file(index)).expect("a file");
    }
    let mut group = criterion.benchmark_group("diagnose 1000 files");
    group.sample_size(20);
    group.bench_function("read and judge", |bencher| {
        bencher.iter(|| black_box(diagnose(folder.path(), &Options::default())));
    });
    group.bench_function("render", |bencher| {
        bencher.iter_batched(
            || diagnose(folder.path(), &Options::default()).expect("a chain"),
            |diagnosis| black_box(report::text(&diagnosis, &report::TextOptions::default())),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, reading, loading, diagnosing);
criterion_main!(benches);
