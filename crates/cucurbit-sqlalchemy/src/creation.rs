//! What making a table does to a database.

use crate::TableReading;
use cucurbit_schema::Change;

impl TableReading {
    /// Returns the changes that making the table is: its sequences, the table with its indexes, the constraints
    /// that come after it. Enum types are not among them: who makes tables knows which were made before.
    #[must_use]
    pub fn into_changes(self, if_not_exists: bool) -> Vec<Change> {
        let mut changes = Vec::with_capacity(self.sequences.len() + self.late.len() + 1);
        for sequence in self.sequences {
            changes.push(Change::CreateSequence { sequence, if_not_exists: false });
        }
        let name = self.table.name.clone();
        let table = Box::new(self.table);
        changes.push(Change::CreateTable { table, if_not_exists, temporary: self.temporary });
        for constraint in self.late {
            changes.push(Change::AddConstraint {
                table: name.clone(),
                constraint: Box::new(constraint),
                using_index: None,
                if_not_exists: false,
            });
        }
        changes
    }
}
