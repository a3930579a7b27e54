//! Tells one chain spread over subfolders from several chains in a folder each.
//!
//! Only for trees without a configuration that would say so: some projects keep `versions/2024`
//! and `versions/2025` of one chain, others `versions/postgresql` and `versions/sqlite` of two.
//! Ids are read by pattern, which is enough to guess by; the reader of revisions reads them properly.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;

use super::walk::revision_heads;

/// What one folder defines and refers to.
#[derive(Debug, Default)]
struct Ids {
    defined: BTreeSet<String>,
    parents: BTreeSet<String>,
}

/// Groups folders whose revisions refer to each other; groups and folders keep their order.
pub(super) fn linked(folders: Vec<PathBuf>) -> Vec<Vec<PathBuf>> {
    let ids: Vec<Ids> = folders.iter().map(|folder| ids(folder)).collect();
    let mut folders_by_id: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, ids) in ids.iter().enumerate() {
        for id in &ids.defined {
            folders_by_id.entry(id).or_default().push(index);
        }
    }
    let mut group: Vec<usize> = (0..folders.len()).collect();
    for (index, ids) in ids.iter().enumerate() {
        // A parent in the same folder says nothing about others that know the id as well.
        for parent in ids.parents.difference(&ids.defined) {
            for other in folders_by_id.get(parent.as_str()).into_iter().flatten() {
                merge(&mut group, index, *other);
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<PathBuf>> = BTreeMap::new();
    for (index, folder) in folders.into_iter().enumerate() {
        groups.entry(first_of(&group, index)).or_default().push(folder);
    }
    groups.into_values().collect()
}

fn first_of(group: &[usize], mut index: usize) -> usize {
    while group[index] != index {
        index = group[index];
    }
    index
}

fn merge(group: &mut [usize], a: usize, b: usize) {
    let (a, b) = (first_of(group, a), first_of(group, b));
    group[a.max(b)] = a.min(b);
}

fn ids(folder: &std::path::Path) -> Ids {
    static STATEMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?m)^(down_)?revision[ \t]*(?::[^=\n]*)?=[ \t]*(\([^)]*\)|\[[^\]]*\]|[^\n#]*)").ok()
    });
    static QUOTED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"["']([^"'\n]*)["']"#).ok());
    let mut ids = Ids::default();
    let (Some(statement), Some(quoted)) = (STATEMENT.as_ref(), QUOTED.as_ref()) else { return ids };
    for head in revision_heads(folder) {
        let text = String::from_utf8_lossy(&head);
        for found in statement.captures_iter(&text) {
            let side = if found.get(1).is_some() { &mut ids.parents } else { &mut ids.defined };
            let values = found.get(2).map_or("", |value| value.as_str());
            side.extend(quoted.captures_iter(values).filter_map(|id| Some(id.get(1)?.as_str().to_owned())));
        }
    }
    ids
}
