//! Chains of a size that nobody has, on a stack as small as threads have by default.

use std::thread;

use cucurbit_graph::{ErrorKind, RevisionMap, RevisionRow, Value};

const STACK: usize = 2 * 1024 * 1024;
const LENGTH: usize = 100_000;

fn in_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(STACK).spawn(test).expect("a thread can be started");
    thread.join().expect("the test in the thread passes");
}

fn row(id: String, parents: &[String], dependencies: &[String]) -> RevisionRow {
    let names = |names: &[String]| Value::List(names.iter().map(|name| name.as_str().into()).collect());
    RevisionRow {
        revision: Value::Str(id),
        down_revision: names(parents),
        depends_on: names(dependencies),
        ..RevisionRow::default()
    }
}

fn id(number: usize) -> String {
    format!("r{number:06}")
}

fn chain(length: usize) -> Vec<RevisionRow> {
    let parents = |number: usize| number.checked_sub(1).map(id).into_iter().collect::<Vec<_>>();
    (0..length).map(|number| row(id(number), &parents(number), &[])).collect()
}

fn load(rows: &[RevisionRow]) -> RevisionMap {
    RevisionMap::load(rows).outcome.expect("the chain has no fault")
}

#[test]
fn a_chain_of_a_hundred_thousand_is_loaded_and_run() {
    in_small_stack(|| {
        let mut rows = chain(LENGTH);
        rows[LENGTH / 2].branch_labels = "half".into();
        let map = load(&rows);
        assert_eq!(map.heads(), [id(LENGTH - 1)]);
        assert_eq!(map.upgrade_from_empty().map(|steps| steps.len()), Ok(LENGTH));
        assert!(map.hidden_cycles().is_empty());
    });
}

#[test]
fn a_chain_of_a_hundred_thousand_answers_every_kind_of_question() {
    in_small_stack(|| {
        let map = load(&chain(LENGTH));
        let (base, head) = (id(0), id(LENGTH - 1));
        assert_eq!(map.resolve(format!("{base}@head")), Ok(Some(head.as_str())));
        assert_eq!(map.upgrade_steps("+3", &[]).map(|plan| plan.steps.len()), Ok(3));
        assert_eq!(map.downgrade_steps("base", &[&head]).outcome.map(|plan| plan.steps.len()), Ok(LENGTH));
        assert_eq!(map.stamp_steps("base", &[&head]).map(|plan| plan.steps.len()), Ok(1));
        assert_eq!(map.all_current([head.as_str()]), Ok(vec![head.as_str()]));
        let listed = map.history(None, true, &[]).outcome.map(|text| text.lines().count());
        assert_eq!(listed, Ok(LENGTH * 6));
    });
}

#[test]
fn a_ladder_of_forks_and_merges_is_run() {
    in_small_stack(|| {
        let rungs = 2_000;
        let mut rows = vec![row("m0".into(), &[], &[])];
        for rung in 0..rungs {
            let (below, left, right) = (format!("m{rung}"), format!("l{rung}"), format!("r{rung}"));
            rows.push(row(left.clone(), std::slice::from_ref(&below), &[]));
            rows.push(row(right.clone(), &[below], &[]));
            rows.push(row(format!("m{}", rung + 1), &[left, right], &[]));
        }
        let steps = load(&rows).upgrade_from_empty().expect("the ladder can be run");
        assert_eq!(steps.len(), 3 * rungs + 1);
        assert_eq!(steps.iter().filter(|step| step.changes.len() == 2).count(), rungs);
    });
}

#[test]
fn two_long_branches_and_many_short_ones_are_run() {
    in_small_stack(|| {
        let long = 20_000;
        let mut rows = chain(long);
        rows.extend((0..long).map(|number| {
            let parent = number.checked_sub(1).map_or_else(|| id(0), |parent| format!("s{parent}"));
            row(format!("s{number}"), &[parent], &[])
        }));
        rows.push(row("merged".into(), &[id(long - 1), format!("s{}", long - 1)], &[]));
        rows.extend((0..500).map(|number| row(format!("t{number}"), &["merged".into()], &[])));
        let count = rows.len();
        assert_eq!(load(&rows).upgrade_from_empty().map(|steps| steps.len()), Ok(count));
    });
}

#[test]
fn a_dependency_that_all_share_costs_no_more_than_one_step_each() {
    in_small_stack(|| {
        let mut rows = chain(LENGTH);
        rows.insert(0, row("shared".into(), &[], &[]));
        for row in rows.iter_mut().skip(1) {
            row.depends_on = "shared".into();
        }
        let map = load(&rows);
        let last = map.revision(&id(LENGTH - 1)).expect("the last revision is there");
        assert_eq!(last.normalized_down(), [id(LENGTH - 2)]);
        assert_eq!(map.upgrade_from_empty().map(|steps| steps.len()), Ok(LENGTH + 1));
    });
}

#[test]
fn a_ring_of_a_hundred_thousand_is_refused() {
    in_small_stack(|| {
        let mut rows = chain(LENGTH);
        rows[0].down_revision = id(LENGTH - 1).as_str().into();
        let error = RevisionMap::load(&rows).outcome.map(|_| ()).map_err(|error| error.class);
        assert_eq!(error, Err("CycleDetected"));
    });
}

#[test]
fn a_long_hidden_cycle_is_found_and_never_walked_for_ever() {
    in_small_stack(|| {
        let length = 20_000;
        let mut rows = chain(length);
        rows[1].down_revision = Value::List(vec![id(0).as_str().into(), id(length - 2).as_str().into()]);
        rows.push(row("other".into(), &[id(length - 3)], &[]));
        let map = load(&rows);
        assert_eq!(map.hidden_cycles().iter().map(Vec::len).collect::<Vec<_>>(), [length - 2]);
        let fault = map.upgrade_from_empty().map(|_| ()).map_err(|fault| fault.error.kind);
        assert_eq!(fault, Err(ErrorKind::Hang));
    });
}
