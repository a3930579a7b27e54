//! Chains on which Alembic cannot fail, told without making its map.
//!
//! Without labels and dependencies, with ids that are plain words and each defined once, without rings and missing
//! parents, and without a merge of a revision with its own ancestor, there is nothing left at which loading the chain
//! or counting the rows of the version table could stop. A test holds that to the map on many made-up chains.

use crate::case::revision_id;
use cucurbit_alembic::{Field, RevisionFile};
use cucurbit_graph::{Node, RevisionGraph};
use cucurbit_python::Value;

/// Tells whether a chain is surely of that kind.
pub(super) fn is_plain(files: &[RevisionFile], graph: &RevisionGraph) -> bool {
    graph.missing().next().is_none()
        && graph.is_sorted()
        && graph.defined().count() == files.len()
        && files.iter().all(is_plain_file)
        && (0..files.len()).all(|row| merges_strangers(graph, graph.parents_of_row(row)))
}

fn is_plain_file(file: &RevisionFile) -> bool {
    let facts = &file.facts;
    let is_nothing = |field: &Field| matches!(field, Field::Absent | Field::Known { value: Value::None, .. });
    let has_plain_parents = match &facts.down_revision {
        Field::Known { value: Value::None | Value::Str(_), .. } => true,
        Field::Known { value: Value::Tuple(items) | Value::List(items), .. } => {
            items.len() > 1 && items.iter().all(|item| matches!(item.value, Value::Str(_)))
        }
        _ => false,
    };
    facts.problems.is_empty()
        && matches!(facts.revision, Field::Known { .. })
        && revision_id(file).is_some_and(|id| is_plain_id(&id))
        && has_plain_parents
        && is_nothing(&facts.branch_labels)
        && is_nothing(&facts.depends_on)
}

/// Letters, digits and underscores, and none of Alembic's own words.
fn is_plain_id(id: &str) -> bool {
    !id.is_empty()
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !["head", "heads", "base", "bases", "current"].contains(&id)
}

/// No parent is named twice or stands on another.
fn merges_strangers(graph: &RevisionGraph, parents: &[Node]) -> bool {
    parents.len() < 2
        || parents.iter().enumerate().all(|(at, one)| {
            parents
                .iter()
                .enumerate()
                .all(|(other_at, other)| at == other_at || (one != other && !graph.is_ancestor(*one, *other)))
        })
}

#[cfg(test)]
mod tests {
    use super::is_plain;
    use crate::alembic_answer::{AlembicAnswer, load};
    use crate::case::graph_row;
    use cucurbit_alembic::{RevisionFile, read_revision};
    use cucurbit_graph::RevisionGraph;
    use cucurbit_text::SourceText;
    use std::path::PathBuf;

    /// The same numbers on every machine.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).unwrap_or(0) % limit.max(1)
        }
    }

    fn file(id: &str, parents: &[String]) -> RevisionFile {
        let down = match parents {
            [] => "None".to_owned(),
            [one] => format!("'{one}'"),
            many => format!("({})", many.iter().map(|p| format!("'{p}'")).collect::<Vec<_>>().join(", ")),
        };
        let text = format!("revision = '{id}'\ndown_revision = {down}\ndef upgrade(): pass\n");
        let facts = read_revision(&SourceText::decode(text.into_bytes()), None);
        RevisionFile { path: PathBuf::from(format!("{id}.py")), facts, source: None }
    }

    /// Forks, merges, several bases and heads, in any order of files; ids now and then twice or missing.
    fn chain(numbers: &mut Numbers) -> Vec<RevisionFile> {
        let count = 1 + numbers.below(14);
        let mut files: Vec<RevisionFile> = Vec::new();
        for at in 0..count {
            let mut parents = Vec::new();
            for _ in 0..numbers.below(4).min(at) {
                let back = 1 + numbers.below(at.min(4));
                parents.push(format!("r{}", at - back));
            }
            if numbers.below(40) == 0 {
                parents.push(format!("r{}", numbers.below(count + 1)));
            }
            let id = if numbers.below(60) == 0 { numbers.below(count) } else { at };
            files.push(file(&format!("r{id}"), &parents));
        }
        for at in (1..files.len()).rev() {
            files.swap(at, numbers.below(at + 1));
        }
        files
    }

    #[test]
    fn what_is_plain_loads_and_upgrades() {
        let mut numbers = Numbers(7);
        let mut plain = 0;
        for _ in 0..20_000 {
            let files = chain(&mut numbers);
            let rows: Vec<_> = files.iter().map(graph_row).collect();
            if !is_plain(&files, &RevisionGraph::new(&rows)) {
                continue;
            }
            plain += 1;
            let (answer, map) = load(&files);
            let AlembicAnswer::Loads { warnings, upgrade_fault } = answer else {
                panic!("{files:?}: {answer:?}");
            };
            assert!(map.is_some() && warnings.is_empty() && upgrade_fault.is_none(), "{files:?}");
        }
        assert!(plain > 4_000, "{plain} plain chains");
    }

    #[test]
    fn anything_else_asks_the_map() {
        let is = |files: &[RevisionFile]| {
            let rows: Vec<_> = files.iter().map(graph_row).collect();
            is_plain(files, &RevisionGraph::new(&rows))
        };
        let of = |id: &str, parents: &[&str]| {
            file(id, &parents.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>())
        };
        assert!(is(&[of("a", &[]), of("b", &["a"])]));
        assert!(!is(&[of("a", &[]), of("a", &[])]));
        assert!(!is(&[of("a", &["x"])]));
        assert!(!is(&[of("a", &["a"])]));
        assert!(!is(&[of("a", &["b"]), of("b", &["a"])]));
        assert!(!is(&[of("a-b", &[])]));
        assert!(!is(&[of("head", &[])]));
        assert!(!is(&[of("a", &[]), of("b", &["a"]), of("c", &["b", "a"])]));
        assert!(!is(&[of("a", &[]), of("b", &["a", "a"])]));
    }
}
