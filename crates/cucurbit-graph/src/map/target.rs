//! Targets of upgrades and downgrades: relative ones are walked to, step by step.

use super::fault::{Answered, Fault};
use super::grammar::Relative;
use super::identifier::Identifier;
use super::resolve::{Found, only_revision};
use super::walk::Edge;
use super::{KeyIndex, RevisionMap};

/// A number of steps that no chain has, and that nobody waits for when the walk goes in circles.
const ENDLESS: u64 = 1_000_000;

/// The target of a downgrade, and the branch to stay in.
pub(super) struct DowngradeTarget {
    pub(super) branch: Option<String>,
    pub(super) found: Found,
}

impl RevisionMap {
    /// Walks so many steps up or down; a branch is only looked at on the way up.
    ///
    /// Past an end the answer is nothing, or the end itself if `no_overwalk` is not set.
    pub(super) fn step_on(
        &self,
        start: Found,
        steps: i64,
        branch: Option<&str>,
        no_overwalk: bool,
    ) -> Answered<Found> {
        let mut place = start;
        for taken in 0..steps.unsigned_abs() {
            if taken > self.nodes.len() as u64 && steps.unsigned_abs() - taken > ENDLESS {
                return Err(Fault::Hang);
            }
            let choices = if steps > 0 { self.choices_up(place, branch)? } else { self.choices_down(place)? };
            match choices.as_slice() {
                [] if no_overwalk => return Ok(Found::Nothing),
                [] => return Ok(place),
                [one] => place = *one,
                _ => return Err(Fault::revision("Ambiguous walk")),
            }
        }
        Ok(place)
    }

    fn choices_up(&self, place: Found, branch: Option<&str>) -> Answered<Vec<Found>> {
        let children = match place {
            Found::Base => return Err(Fault::assertion("")),
            Found::Nothing => &self.bases,
            Found::Node(node) => &self.node(node).next,
        };
        let children = self.find_keys(children)?;
        self.only_revisions(&children)?;
        match branch.filter(|label| !label.is_empty()) {
            Some(label) => self.filter_lineage(&children, &label.into(), false),
            None => Ok(children),
        }
    }

    fn choices_down(&self, place: Found) -> Answered<Vec<Found>> {
        let parents = match place {
            Found::Base => return Ok(Vec::new()),
            Found::Nothing => &self.heads,
            Found::Node(node) => &self.node(node).down,
        };
        let parents = self.find_keys(parents)?;
        Ok(if parents.is_empty() { vec![Found::Base] } else { parents })
    }

    /// Finds what an upgrade from the current rows should reach.
    pub(super) fn upgrade_target(
        &self,
        target: &Identifier,
        current: &Identifier,
        no_overwalk: bool,
    ) -> Answered<Vec<Found>> {
        let Some(relative) = target.as_text().and_then(Relative::read) else {
            return self.find_all(target);
        };
        let found = match (relative.steps > 0, relative.symbol) {
            (true, None) => self.above_current(&relative, current, no_overwalk)?,
            (true, Some(symbol)) => {
                let start = self.find_start(symbol)?;
                self.step_on(start, relative.steps, relative.label, no_overwalk)?
            }
            // Only here Alembic prints the number and not what was written.
            (false, None) => return Err(did_not_produce(&relative.steps.to_string(), &relative)),
            (false, Some(symbol)) => {
                let start = self.find_start(&within(relative.label, symbol))?;
                self.step_on(start, relative.steps, None, no_overwalk)?
            }
        };
        Ok(vec![found])
    }

    fn find_start(&self, id: &str) -> Answered<Found> {
        Ok(self.find_one(&id.into())?.map_or(Found::Nothing, Found::Node))
    }

    fn above_current(
        &self,
        relative: &Relative<'_>,
        current: &Identifier,
        no_overwalk: bool,
    ) -> Answered<Found> {
        let start = match relative.label {
            Some(label) => {
                let starts = self.starts_in_branch(label, current)?;
                only_start(&starts)?
            }
            // The one row is not looked up before it is clear that it is the only one.
            None => match only_start(current.parts())? {
                Some(id) => self.find_one(&id)?.map(Found::Node),
                None => None,
            },
        };
        let start = start.unwrap_or(Found::Nothing);
        match self.step_on(start, relative.steps, relative.label, no_overwalk)? {
            Found::Nothing => Err(too_few(relative)),
            found => Ok(found),
        }
    }

    /// The rows of a branch, or else the tips of what the rows imply of it; none means the base.
    fn starts_in_branch(&self, label: &str, current: &Identifier) -> Answered<Vec<Found>> {
        let rows = self.find_all(current)?;
        let starts = self.filter_lineage(&rows, &label.into(), false)?;
        if !starts.is_empty() {
            return Ok(starts);
        }
        let implied = self.walk(&self.only_revisions(&rows)?, Edge::Normalized);
        let implied: Vec<Found> = implied.into_iter().map(Found::Node).collect();
        let active = self.filter_lineage(&implied, &label.into(), false)?;
        let active = self.set_of(self.only_revisions(&active)?);
        let covered: Vec<KeyIndex> =
            active.iter().flat_map(|node| self.node(node).normalized_down.clone()).collect();
        let covered = self.set_of(covered.into_iter().map(|key| self.end(key)));
        Ok(active.iter().filter(|node| !covered.contains(*node)).map(Found::Node).collect())
    }

    /// Finds what a downgrade from the current rows should reach.
    pub(super) fn downgrade_target(
        &self,
        target: &Identifier,
        current: &Identifier,
        no_overwalk: bool,
        warnings: &mut Vec<String>,
    ) -> Answered<DowngradeTarget> {
        let text = match target {
            Identifier::None => return Ok(DowngradeTarget { branch: None, found: Found::Nothing }),
            Identifier::Text(text) => text,
            _ => return Err(Fault::assertion("Expected downgrade target in string form")),
        };
        let Some(relative) = Relative::read(text) else {
            return self.absolute_target(text);
        };
        if relative.steps >= 0 {
            return self.target_above(&relative, no_overwalk);
        }
        let (branch, start) = match relative.symbol {
            Some(symbol) => (relative.label.map(str::to_owned), Identifier::from(symbol)),
            None => self.start_below_current(&relative, current, warnings)?,
        };
        let start = match &branch {
            Some(branch) => Identifier::Text(within(Some(branch), &start.text())),
            None => start,
        };
        let start = self.find_one(&start)?.map_or(Found::Nothing, Found::Node);
        match self.step_on(start, relative.steps, None, no_overwalk)? {
            Found::Nothing if relative.symbol.is_none() => Err(too_few(&relative)),
            Found::Nothing => Err(Fault::revision("Walked too far")),
            found => Ok(DowngradeTarget { branch, found }),
        }
    }

    fn absolute_target(&self, text: &str) -> Answered<DowngradeTarget> {
        let (branch, id) = text.rsplit_once('@').unwrap_or(("", text));
        let branch = Some(branch).filter(|branch| !branch.is_empty()).map(str::to_owned);
        Ok(DowngradeTarget { branch, found: self.find_start(id)? })
    }

    fn target_above(&self, relative: &Relative<'_>, no_overwalk: bool) -> Answered<DowngradeTarget> {
        let Some(symbol) = relative.symbol else {
            return Err(too_few(relative));
        };
        // Alembic looks the symbol up within the walk, so that no steps mean no answer to nothing.
        let start = self.find_start(symbol)?;
        match self.step_on(start, relative.steps, relative.label, no_overwalk)? {
            Found::Nothing => Err(Fault::revision("Walked too far")),
            found => Ok(DowngradeTarget { branch: relative.label.map(str::to_owned), found }),
        }
    }

    /// Where `-N` counts from: the first row, which is also the branch to stay in, or the one row
    /// of the branch that the target names.
    fn start_below_current(
        &self,
        relative: &Relative<'_>,
        current: &Identifier,
        warnings: &mut Vec<String>,
    ) -> Answered<(Option<String>, Identifier)> {
        let rows = current.parts();
        if let Some(label) = relative.label {
            if *current == Identifier::None {
                return Err(Fault::type_error("'NoneType' object is not iterable"));
            }
            return Ok((Some(label.to_owned()), self.row_in_branch(label, rows)?));
        }
        let Some(first) = rows.first() else {
            return Err(too_few(relative));
        };
        if rows.iter().any(|row| row != first) {
            warnings.push(
                "UserWarning: downgrade -1 from multiple heads is ambiguous; this usage will be disallowed in a \
                 future release."
                    .to_owned(),
            );
        }
        let branch = (*first != Identifier::None).then(|| first.text());
        Ok((branch, first.clone()))
    }

    fn row_in_branch(&self, label: &str, rows: &[Identifier]) -> Answered<Identifier> {
        let find = |row: &Identifier| match row {
            Identifier::Text(name) => self.find_name(name, None),
            other => Err(Fault::assertion(other.repr())),
        };
        let mut found = self.filter_by(rows, &label.into(), false, find)?;
        if found.is_empty() {
            let implied = self.implied(&Identifier::Many(rows.to_vec()))?;
            let implied: Vec<Found> = implied.into_iter().map(Found::Node).collect();
            for kept in self.filter_lineage(&implied, &label.into(), false)? {
                found.push(self.node(only_revision(kept)?).id.as_str().into());
            }
        }
        match found.as_slice() {
            [one] => Ok(one.clone()),
            _ => Err(Fault::assertion("")),
        }
    }
}

fn within(branch: Option<&str>, id: &str) -> String {
    branch.map_or(id.to_owned(), |branch| format!("{branch}@{id}"))
}

fn only_start<T: Clone>(starts: &[T]) -> Answered<Option<T>> {
    if starts.len() > 1 {
        return Err(Fault::revision("Ambiguous upgrade from multiple current revisions"));
    }
    Ok(starts.first().cloned())
}

fn too_few(relative: &Relative<'_>) -> Fault {
    did_not_produce(relative.text, relative)
}

fn did_not_produce(written: &str, relative: &Relative<'_>) -> Fault {
    let count = relative.steps.unsigned_abs();
    Fault::revision(format!("Relative revision {written} didn't produce {count} migrations"))
}

#[cfg(test)]
mod tests {
    use crate::map::testing::{map, said};

    fn upgrade(chain: &str, to: &str, rows: &[&str]) -> String {
        match map(chain).upgrade_steps(to, rows) {
            Ok(plan) => plan.revisions().join(" "),
            Err(error) => said(&error),
        }
    }

    #[test]
    fn relative_upgrade_counts_from_the_row_or_the_base() {
        let chain = "a\nb: a\nc: b";
        assert_eq!(upgrade(chain, "+2", &[]), "a b");
        assert_eq!(upgrade(chain, "+1", &["b"]), "c");
        let text = "CommandError: Relative revision +2 didn't produce 2 migrations";
        assert_eq!(upgrade(chain, "+2", &["b"]), text);
    }

    #[test]
    fn relative_upgrade_in_a_branch_starts_at_the_fork() {
        let chain = "a\nb: a #left\nc: a #right\nd: c";
        assert_eq!(upgrade(chain, "right@+1", &["b"]), "c");
        assert_eq!(upgrade(chain, "+1", &["a"]), "CommandError: Ambiguous walk");
    }

    #[test]
    fn downgrade_by_one_from_several_rows_warns_and_takes_the_first() {
        let map = map("a\nb: a\nc: a");
        let answer = map.downgrade_steps("-1", ["b", "c"].as_slice());
        assert_eq!(answer.warnings.len(), 1);
        assert_eq!(answer.outcome.map(|plan| plan.revisions().join(" ")), Ok("b".to_owned()));
    }

    #[test]
    fn a_walk_that_stays_where_it_is_comes_to_an_end() {
        // The parent `head` resolves to the head of the chain, so the walk down never leaves it.
        let map = map("a\nhead: a\nz: head");
        assert!(map.resolve_all("-99999999999999").is_err());
    }
}
