//! The texts that `alembic history`, `heads`, `branches`, `current` and `show` print.
//!
//! Each function gives the whole output, every line ended. Errors are those of the command.

use super::fault::{Answered, Fault, MapError, Wording};
use super::identifier::Identifier;
use super::resolve::only_revision;
use super::{Answer, Node, NodeIndex, RevisionMap, python};

/// What a listing line holds besides the id and the marks of a head.
#[derive(Clone, Copy)]
struct Line {
    labels: bool,
    parents: bool,
    tree: bool,
    doc: bool,
}

impl RevisionMap {
    /// Returns the output of `alembic history`, for all revisions or a range `start:end`.
    ///
    /// An end named `current` stands for the given rows of the version table.
    pub fn history(&self, range: Option<&str>, verbose: bool, rows: &[&str]) -> Answer<String> {
        let mut warnings = Vec::new();
        let outcome = self.history_text(range, verbose, rows, &mut warnings);
        Answer { outcome: outcome.map_err(Into::into), warnings }
    }

    fn history_text(
        &self,
        range: Option<&str>,
        verbose: bool,
        rows: &[&str],
        warnings: &mut Vec<String>,
    ) -> Answered<String> {
        let (base, head) = match range {
            Some(range) => range_ends(range, rows)?,
            None => (Identifier::None, Identifier::None),
        };
        let or = |end: Identifier, default: &str| if end.is_empty() { default.into() } else { end };
        let line = Line { labels: true, parents: true, tree: true, doc: true };
        let nodes = self.walk_nodes(or(base, "base"), or(head, "heads"), warnings)?;
        Ok(nodes.into_iter().map(|node| self.entry(node, verbose, line) + "\n").collect())
    }

    /// Returns the output of `alembic heads`; with `resolve` that of `--resolve-dependencies`.
    pub fn heads_text(&self, verbose: bool, resolve: bool) -> Result<String, MapError> {
        let line = Line { labels: true, parents: false, tree: false, doc: false };
        let heads = if resolve { self.find_all(&"heads".into()) } else { self.find_keys(&self.heads) };
        let heads = heads.and_then(|heads| self.only_revisions(&heads)).map_err(worded)?;
        Ok(heads.into_iter().map(|node| self.entry(node, verbose, line) + "\n").collect())
    }

    /// Returns the output of `alembic current` for the given rows, in load order.
    pub fn current_text(&self, rows: &[&str], verbose: bool) -> Result<String, MapError> {
        let line = Line { labels: false, parents: false, tree: true, doc: false };
        let current = self.implied(&rows.into()).map_err(worded)?;
        Ok(current.into_iter().map(|node| self.entry(node, verbose, line) + "\n").collect())
    }

    /// Returns the output of `alembic branches`.
    pub fn branches_text(&self, verbose: bool) -> Answer<String> {
        let mut warnings = Vec::new();
        let outcome = self.branches(verbose, &mut warnings);
        Answer { outcome: outcome.map_err(Into::into), warnings }
    }

    fn branches(&self, verbose: bool, warnings: &mut Vec<String>) -> Answered<String> {
        let point_line = Line { labels: true, parents: false, tree: true, doc: false };
        let child_line = Line { doc: verbose, ..point_line };
        let mut text = String::new();
        for node in self.walk_nodes("base".into(), "heads".into(), warnings)? {
            let point = self.node(node);
            if !point.is_branch_point() {
                continue;
            }
            text += &self.entry(node, verbose, point_line);
            text.push('\n');
            let indent = " ".repeat(point.id.chars().count());
            let mut children = Vec::new();
            for key in &point.next {
                let child = self.find_one(&self.key(*key).name.as_str().into()).map_err(worded)?;
                let child = child.ok_or_else(no_attribute)?;
                children.push(format!("{indent} -> {}", self.entry(child, false, child_line)));
            }
            text += &children.join("\n");
            text += "\n\n";
        }
        Ok(text)
    }

    /// Returns the output of `alembic show` for what an identifier resolves to.
    pub fn show(&self, id: impl Into<Identifier>) -> Result<String, MapError> {
        let mut text = String::new();
        for found in self.find_all(&id.into()).map_err(worded)? {
            let node = only_revision(found).map_err(|_| no_attribute())?;
            text += &self.log_entry(self.node(node));
            text.push('\n');
        }
        Ok(text)
    }

    fn entry(&self, node: NodeIndex, verbose: bool, line: Line) -> String {
        let node = self.node(node);
        if verbose { self.log_entry(node) } else { self.line(node, line) }
    }

    fn line(&self, node: &Node, line: Line) -> String {
        let mut text = String::new();
        if line.parents {
            text += &self.parents_text(node);
            text += &bracketed(&node.depends_on);
            text += " -> ";
        }
        text += &node.id;
        if line.labels {
            text += &bracketed(&self.labels_of(node));
        }
        let is_effective = node.is_head() && !node.is_real_head();
        text += mark(node.is_real_head(), " (head)");
        text += mark(is_effective, " (effective head)");
        text += mark(line.tree && node.is_branch_point(), " (branchpoint)");
        text += mark(line.tree && node.is_merge_point(), " (mergepoint)");
        if line.doc {
            text += ", ";
            text += node.first_paragraph();
        }
        text
    }

    fn log_entry(&self, node: &Node) -> String {
        let relation = if node.is_merge_point() { "Merges" } else { "Parent" };
        let mut text = format!(
            "Rev: {}{}{}{}\n{relation}: {}\n",
            node.id,
            mark(node.is_head(), " (head)"),
            mark(node.is_branch_point(), " (branchpoint)"),
            mark(node.is_merge_point(), " (mergepoint)"),
            self.parents_text(node)
        );
        if !node.depends_on.is_empty() {
            text += &format!("Also depends on: {}\n", joined(&node.depends_on));
        }
        if node.is_branch_point() {
            text += &format!("Branches into: {}\n", joined(&self.names(&node.next)));
        }
        if !node.labels.is_empty() {
            text += &format!("Branch names: {}\n", joined(&self.labels_of(node)));
        }
        let doc: Vec<String> =
            python::split_lines(&node.doc).iter().map(|line| format!("    {line}")).collect();
        text += &format!("Path: {}\n\n{}\n", node.path, doc.join("\n"));
        text
    }

    fn parents_text(&self, node: &Node) -> String {
        if !node.has_parents { "<base>".to_owned() } else { self.names(&node.down).join(", ") }
    }
}

fn range_ends(range: &str, rows: &[&str]) -> Answered<(Identifier, Identifier)> {
    let parts: Vec<&str> = python::strip(range).split(':').collect();
    let [base, head] = match parts.as_slice() {
        [base, head] => [*base, *head],
        [_] => {
            let message = "History range requires [start]:[end], [start]:, or :[end]".to_owned();
            return Err(Fault::Command { message });
        }
        _ => {
            let message = "too many values to unpack (expected 2)".to_owned();
            return Err(Fault::Internal { class: "ValueError", message });
        }
    };
    // Of two ends that are `current`, Alembic replaces only the second.
    match (base, head) {
        (base, "current") => Ok((base.into(), rows.into())),
        ("current", head) => Ok((rows.into(), head.into())),
        (base, head) => Ok((base.into(), head.into())),
    }
}

fn worded(fault: Fault) -> Fault {
    Wording::default().apply(fault)
}

fn no_attribute() -> Fault {
    Fault::Internal { class: "AttributeError", message: "'NoneType' object has no attribute".to_owned() }
}

fn mark(is_set: bool, text: &'static str) -> &'static str {
    if is_set { text } else { "" }
}

fn bracketed<T: AsRef<str>>(names: &[T]) -> String {
    if names.is_empty() { String::new() } else { format!(" ({})", joined(names)) }
}

fn joined<T: AsRef<str>>(names: &[T]) -> String {
    names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use crate::map::testing::map;

    #[test]
    fn history_names_parents_dependencies_labels_and_marks() {
        let map = map("a #x\nb: a\nc: a > b");
        let text =
            "a (b) -> c (x) (head), \na -> b (x) (effective head), \n<base> -> a (x) (branchpoint), \n";
        assert_eq!(map.history(None, false, &[]).outcome, Ok(text.to_owned()));
    }

    #[test]
    fn history_range_takes_current_from_the_rows() {
        let map = map("a\nb: a\nc: b");
        let text = "a -> b, \n<base> -> a, \n";
        assert_eq!(map.history(Some(":current"), false, &["b"]).outcome, Ok(text.to_owned()));
    }

    #[test]
    fn current_names_the_heads_that_rows_imply() {
        let map = map("a\nb > a");
        assert_eq!(map.current_text(&["b"], false), Ok("a (effective head)\nb (head)\n".to_owned()));
    }
}
