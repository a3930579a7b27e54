//! Whether the downgrades of a chain lead back: each migration followed forth, and back from where it led.

use crate::case::Case;
use crate::replay::{SchemaError, SchemaOptions};
use cucurbit_graph::RowIndex;
use cucurbit_replay::{Certainty, Direction, Operation, Outcome, Replayer};
use cucurbit_schema::{Database, Difference, Mismatch, diff};

/// One migration that was followed forth and back.
#[derive(Debug, Clone)]
pub struct UndoneRevision {
    /// Its id.
    pub id: String,
    /// Its file.
    pub row: RowIndex,
    /// How the way back ended.
    pub outcome: Outcome,
    /// Both ways are known exactly.
    pub is_exact: bool,
    /// The way back does something.
    pub acts: bool,
    /// The way forth changed the schema.
    pub changed: bool,
    /// What on the way back does not fit the schema.
    pub mismatches: Vec<Mismatch>,
    /// The schema before on the left, that after forth and back on the right.
    pub differences: Vec<Difference>,
}

impl Case {
    /// Follows every migration up to a revision forth and back.
    ///
    /// In the order in which Alembic runs them. Costs two passes over the functions of the migrations and one
    /// comparison of what they touch for each.
    ///
    /// # Errors
    /// When there is no revision, or not the one that is asked for.
    pub fn undo(&self, options: &SchemaOptions) -> Result<Vec<UndoneRevision>, SchemaError> {
        let (order, _) = self.order_to(options.revision.as_deref())?;
        let files = self.project_files(&options.import_roots);
        let settings = cucurbit_sqlalchemy::Settings::new(options.dialect, options.sqlalchemy);
        let metadata = self.target_metadata(&files, &settings, options).unwrap_or_default();
        let replay = self.replay_options(&files, options, settings, metadata);
        let mut replayer = Replayer::new(&files, replay, Database::new(options.dialect));
        let mut undone = Vec::with_capacity(order.len());
        for node in order {
            let Some(row) = self.row_of(node) else { continue };
            let before = replayer.shared_state();
            let forth = replayer.step(self.path(row), Direction::Upgrade);
            let after = replayer.shared_state();
            let back = replayer.step(self.path(row), Direction::Downgrade);
            let reached = replayer.shared_state();
            let operations = &replayer.operations()[forth.operations.start..back.operations.end];
            let on_the_way_back = &replayer.operations()[back.operations.clone()];
            undone.push(UndoneRevision {
                id: self.graph().id(node).to_owned(),
                row,
                is_exact: forth.outcome == Outcome::Completed
                    && !forth.exhausted
                    && !back.exhausted
                    && operations.iter().all(is_known),
                acts: !on_the_way_back.is_empty(),
                changed: !diff(&before, &after).is_empty(),
                mismatches: mismatches(on_the_way_back),
                differences: diff(&before, &reached),
                outcome: back.outcome,
            });
            replayer.set_state(after.as_ref().clone());
        }
        Ok(undone)
    }
}

fn is_known(operation: &Operation) -> bool {
    !matches!(operation.certainty, Certainty::Unknown(_))
}

fn mismatches(operations: &[Operation]) -> Vec<Mismatch> {
    operations.iter().flat_map(|o| &o.changes).flat_map(|(_, applied)| applied.mismatches.clone()).collect()
}
