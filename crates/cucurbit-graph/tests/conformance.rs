//! Every recorded answer of Alembic's revision map is ours too.

#[path = "support/conformance.rs"]
mod conformance;

#[test]
fn every_vector_is_answered_as_by_alembic() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/conformance/revision-map.json");
    let text = std::fs::read_to_string(path).expect("the vector file is part of the repository");
    let tally = conformance::run(&text).expect("the vector file is well formed");
    let failed: Vec<String> = tally
        .failures
        .iter()
        .take(5)
        .map(|f| format!("{}: {}\n  expected {}\n  got      {}", f.case, f.query, f.expected, f.got))
        .collect();
    assert!(tally.failures.is_empty(), "{} failed\n{}", tally.failures.len(), failed.join("\n"));
    assert!(tally.queries > 5000, "only {} queries were asked", tally.queries);
    assert!(tally.loads > 400, "only {} chains were loaded", tally.loads);
}
