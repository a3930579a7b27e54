//! Any bytes as a revision file: no panic, spans inside the text, both ways of reading agree.
#![no_main]

use cucurbit_alembic::read_revision;
use cucurbit_python::Module;
use cucurbit_text::SourceText;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let source = SourceText::decode(data.to_vec());
    let text = source.as_str();
    let module = Module::read(text);
    assert_eq!(module, Module::read_whole(text));
    for binding in &module.bindings {
        assert!(text.get(binding.name_span.range()).is_some());
        assert!(text.get(binding.value_span.range()).is_some());
    }
    let facts = read_revision(&source, None);
    for field in [&facts.revision, &facts.down_revision, &facts.branch_labels, &facts.depends_on] {
        if let Some(span) = field.span() {
            assert!(text.get(span.range()).is_some());
        }
    }
    if let Some(doc) = &facts.docstring {
        for line in [&doc.revision_id, &doc.revises, &doc.create_date].into_iter().flatten() {
            assert_eq!(text.get(line.span.range()), Some(line.text.as_str()));
        }
    }
});
