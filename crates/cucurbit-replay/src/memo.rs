//! Enum types that a run of Alembic has made with tables.

use cucurbit_schema::{Database, ObjectName};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Enum types that `op.create_table` made in this run: Alembic makes each once (`memo` of PostgreSQL's enum type).
#[derive(Debug, Clone, Default)]
pub(crate) struct Memo {
    made: BTreeSet<ObjectName>,
    before: Option<Rc<Before>>,
}

/// What the run made before it was followed from here.
#[derive(Debug)]
struct Before {
    /// Its tables were made with their types.
    state: Database,
    /// Types that were made by themselves.
    explicit: BTreeSet<ObjectName>,
}

impl Memo {
    /// The memory of a run that made the tables of a state, and their types with them but for those made by themselves.
    pub(crate) fn of(state: &Database, explicit: &BTreeSet<ObjectName>) -> Self {
        let before = Before { state: state.clone(), explicit: explicit.clone() };
        Memo { made: BTreeSet::new(), before: Some(Rc::new(before)) }
    }

    /// Says whether the run made a type with a table. Looks through the tables only where there is such a type.
    pub(crate) fn contains(&self, name: &ObjectName) -> bool {
        self.made.contains(name)
            || self.before.as_ref().is_some_and(|before| {
                before.state.enums.contains_key(name)
                    && !before.explicit.contains(name)
                    && before.state.tables.values().any(|table| table.enum_types().any(|used| used == name))
            })
    }

    pub(crate) fn insert(&mut self, name: ObjectName) {
        self.made.insert(name);
    }

    /// Forgets a type that was made since the run is followed.
    pub(crate) fn remove(&mut self, name: &ObjectName) {
        self.made.remove(name);
    }
}
