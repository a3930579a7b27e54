//! What changed in the schema between two revisions.

use crate::case::Case;
use crate::replay::{SchemaError, SchemaOptions};
use cucurbit_schema::{Difference, ObjectName, ObjectRef, diff};
use std::collections::BTreeSet;

/// The differences between the schemas at two revisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaDiff {
    /// What differs: left is the first revision, right the second one. In the order of [`diff()`]; a sequence goes
    /// with the column that owns it and is not told apart.
    pub differences: Vec<Difference>,
    /// Tables that are there at both revisions and that something unknown may have changed, by name; nothing is said
    /// of them.
    pub untold: Vec<ObjectName>,
    /// Revisions that no file defines and that were passed over, by id.
    pub missing: Vec<String>,
}

impl Case {
    /// Compares the schemas at two revisions, each as `alembic upgrade` takes it; `base` is the empty database.
    /// `options.revision` is not used. Costs two [`Case::schema_at`].
    ///
    /// # Errors
    /// When a revision is not in the chain.
    pub fn diff(&self, options: &SchemaOptions, from: &str, to: &str) -> Result<SchemaDiff, SchemaError> {
        let at = |revision: &str| {
            let mut options = options.clone();
            options.revision = Some(revision.to_owned());
            self.schema_at(&options)
        };
        let (left, right) = (at(from)?, at(to)?);
        let is_untold = |name: &&ObjectName| {
            let tainted = |chain: &crate::ReplayedChain| chain.state.table(name).is_some_and(|t| t.tainted);
            right.state.table(name).is_some() && (tainted(&left) || tainted(&right))
        };
        let untold = left.state.tables.keys().filter(is_untold).cloned().collect();
        let missing: BTreeSet<String> = left.missing.iter().chain(&right.missing).cloned().collect();
        let is_owned = |difference: &Difference| {
            let ObjectRef::Sequence(name) = &difference.object else { return false };
            let states = [&left.state, &right.state];
            states.iter().any(|state| state.sequences.get(name).is_some_and(|s| s.owner.is_some()))
        };
        let differences = diff(&left.state, &right.state);
        Ok(SchemaDiff {
            differences: differences.into_iter().filter(|d| !is_owned(d)).collect(),
            untold,
            missing: missing.into_iter().collect(),
        })
    }
}
