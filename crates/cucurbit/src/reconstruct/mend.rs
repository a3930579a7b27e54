//! Small changes to what rolling back gave, on trial: each is followed through the whole chain, and counts where the
//! chain then comes nearer to the head.
//!
//! Rolling back believes what a survivor and its downgrade say. One that looks first (`if "c" not in columns`) may have
//! found the thing there, or not; the head tells which, when what came out does not fit.

use super::engine::{Engine, Found, Rolled, names, tables_made};
use cucurbit_schema::{
    Change, Column, ConstraintKind, DataType, Database, Difference, DifferenceKind, Index, KeyPart,
    ObjectName, ObjectRef, Origin, Table, TypeKind, diff,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many changes are tried at most.
const MAX_TRIALS: usize = 24;

/// How many migrations may be followed for all that is tried of one kind.
const MAX_FOLLOWED: usize = 1_200;

/// How often what helped is built upon.
const MAX_ROUNDS: usize = 3;

impl Engine<'_, '_> {
    /// Mends what does not fit a head that is known, as far as that can be done; `alone` are the states to which the
    /// survivors lead without what is lost.
    pub(super) fn mended(&mut self, mut found: Found, alone: &[Database]) -> Found {
        for _ in 0..MAX_ROUNDS {
            if found.left() == (0, 0) {
                break;
            }
            let mut best: Option<Found> = None;
            for after in self.candidates(&found).into_iter().take(self.trials()) {
                let next = self.judge(Rolled { after, ..found.rolled.clone() }, found.head.clone());
                let beaten = best.as_ref().map_or(found.left(), Found::left);
                if next.left() < beaten && !next.hides_more_than(&found) {
                    best = Some(next);
                }
            }
            match best {
                Some(mut next) => {
                    if next.left() == (0, 0) {
                        next.rolled.unsettled.clear();
                    }
                    found = next;
                }
                None => break,
            }
        }
        let found = self.left_to_survivors(found, alone);
        self.without_looked_up_labels(found)
    }

    /// Leaves to survivors what they make where it is not there, when the chain comes out the same: that way of theirs is
    /// the one that is meant for a new database, and the other may demand what cannot be seen here.
    fn left_to_survivors(&mut self, found: Found, alone: &[Database]) -> Found {
        let made = pieces_made_by(&found.changes);
        let mut guarded = self.guarded(&found);
        // Where the look is taken in a function elsewhere, what survivors make without the lost migration tells.
        guarded.extend(tables_made(alone).into_iter().map(|name| ObjectRef::Table(name.clone())));
        let mut seen = BTreeSet::new();
        guarded.retain(|object| made.contains(object) && seen.insert(object.clone()));
        self.with_what_serves(found, &guarded, take_out, |_, _| true)
    }

    /// Changes the state at the upper edge of the gap where the chain comes out as well with it: in all ways at once, else
    /// in each by itself.
    fn with_what_serves<T>(
        &mut self,
        mut found: Found,
        ways: &[T],
        go: impl Fn(&mut Database, &T),
        is_wanted: impl Fn(&Found, &Found) -> bool,
    ) -> Found {
        let mut trials: Vec<&[T]> = if ways.is_empty() { Vec::new() } else { vec![ways] };
        if ways.len() > 1 {
            trials.extend(ways.chunks(1).take(self.trials()));
        }
        for (at, ways) in trials.into_iter().enumerate() {
            let mut after = found.rolled.after.clone();
            ways.iter().for_each(|way| go(&mut after, way));
            after.forget_origins();
            let next = self.judge(Rolled { after, ..found.rolled.clone() }, found.head.clone());
            let is_as_good = next.left() <= found.left()
                && next.untold.len() <= found.untold.len()
                && next.differs_at_most() <= found.differs_at_most();
            if is_as_good && is_wanted(&next, &found) {
                found = next;
                if at == 0 {
                    break;
                }
            }
        }
        found
    }

    /// How many changes are tried on a chain of this length.
    fn trials(&self) -> usize {
        (MAX_FOLLOWED / self.above.len().max(1)).clamp(3, MAX_TRIALS)
    }

    /// Other states at the upper edge of the gap: with all that the head has and nobody makes; with a table left as the
    /// survivors below made it; and without a table or column that a survivor makes where it is not there.
    fn candidates(&mut self, found: &Found) -> Vec<Database> {
        let differences = diff(&found.state, &found.head);
        let lacking: Vec<&ObjectRef> = differences
            .iter()
            .filter(|d| matches!(d.kind, DifferenceKind::OnlyRight))
            .map(|d| &d.object)
            .collect();
        let mut out = Vec::new();
        let restored = restored(&found.rolled.after, &found.head, &lacking);
        out.extend(restored);
        let tables: BTreeSet<&ObjectName> = differences
            .iter()
            .filter(|d| !matches!(d.kind, DifferenceKind::OnlyRight))
            .filter_map(|d| d.object.table())
            .collect();
        let touched = differences.iter().filter_map(|d| d.object.table());
        let touched: BTreeSet<&ObjectName> =
            touched.chain(found.misfits.iter().filter_map(|(_, m)| m.object.table())).collect();
        for name in touched {
            let (Some(below), Some(above)) =
                (self.before.tables.get(name), found.rolled.after.tables.get(name))
            else {
                continue;
            };
            if below != above {
                let mut after = found.rolled.after.clone();
                after.put_table(Arc::clone(below));
                after.forget_origins();
                out.push(after);
            }
        }
        out.extend(without_ownerless(found, &differences));
        out.extend(self.under_old_names(found, &differences));
        let mut guarded = self.guarded(found);
        // A key that is missing may be one that the survivor makes with the table.
        let keyed = lacking.iter().filter(|object| matches!(object, ObjectRef::Constraint(..)));
        let tables: BTreeSet<&ObjectName> =
            tables.into_iter().chain(keyed.filter_map(|o| o.table())).collect();
        guarded.retain(|object| object.table().is_some_and(|table| tables.contains(table)));
        // Whole tables first, all of them at once before each by itself.
        let is_table = |object: &ObjectRef| matches!(object, ObjectRef::Table(_));
        guarded.sort_by_key(|object| !is_table(object));
        let whole: Vec<ObjectRef> = guarded.iter().filter(|object| is_table(object)).cloned().collect();
        let mut trials: Vec<Vec<ObjectRef>> = guarded.into_iter().map(|object| vec![object]).collect();
        if whole.len() > 1 {
            trials.insert(0, whole);
        }
        trials.splice(0..0, self.looked_for_together(found, &tables));
        for objects in trials {
            let mut after = found.rolled.after.clone();
            objects.iter().for_each(|object| take_out(&mut after, object));
            after.forget_origins();
            out.push(after);
        }
        out
    }

    /// Tables of the lost migration that one survivor looks for, where some of them matter: it may make all or none.
    fn looked_for_together(&self, found: &Found, tables: &BTreeSet<&ObjectName>) -> Vec<Vec<ObjectRef>> {
        let is_new = |table: &&Arc<Table>| !self.before.tables.contains_key(&table.name);
        let made: Vec<&ObjectName> = found.made.tables.values().filter(is_new).map(|t| &t.name).collect();
        let mut out = Vec::new();
        for survivor in self.above {
            let Some(text) = self.text_that_looks(survivor) else { continue };
            let named: Vec<&ObjectName> = made.iter().copied().filter(|t| names(&text, &t.name)).collect();
            if named.len() > 1 && named.iter().any(|name| tables.contains(name)) {
                out.push(named.into_iter().cloned().map(ObjectRef::Table).collect());
            }
        }
        out
    }

    /// States in which a column that was put in, and that the head has not under its name, is what the head has under
    /// another: a survivor that looks first may have given it that name.
    fn under_old_names(&self, found: &Found, differences: &[Difference]) -> Vec<Database> {
        let mut all = found.rolled.after.clone();
        let mut out = Vec::new();
        for difference in differences {
            let (ObjectRef::Column(table, new), DifferenceKind::Changed { .. }) =
                (&difference.object, &difference.kind)
            else {
                continue;
            };
            let (Some(put_in), Some(head)) = (found.rolled.after.table(table), found.head.table(table))
            else {
                continue;
            };
            let Some(wanted) = head.column(new) else { continue };
            let below = self.before.table(table);
            let is_open = |name: &str| {
                head.column(name).is_none() && below.is_none_or(|below| below.column(name).is_none())
            };
            for old in put_in.columns.iter().filter(|column| is_open(&column.name)) {
                let made = Column { name: old.name.clone(), ..wanted.clone() };
                if *old == made {
                    continue;
                }
                let with = |state: &Database| {
                    let mut state = state.clone();
                    if let Some(mut table) = state.table(table).cloned()
                        && let Some(column) = table.columns.iter_mut().find(|c| c.name == old.name)
                    {
                        *column = made.clone();
                        state.put_table(Arc::new(table));
                    }
                    state.forget_origins();
                    state
                };
                all = with(&all);
                out.push(with(&found.rolled.after));
            }
        }
        if out.len() > 1 {
            out.insert(0, all);
        }
        out
    }

    /// Leaves keys, constraints and indexes of tables that stand below the gap as they are, where the chain comes out the
    /// same: what a survivor or its downgrade says of another database system seems to be work of the lost migration.
    pub(super) fn with_constraints_left_alone(&mut self, found: Found) -> Found {
        let left_alone = |below: &Arc<Table>| {
            let above = found.rolled.after.table(&below.name)?;
            let table = with_constraints_of(above, below);
            (table != *above).then(|| Arc::new(table))
        };
        let tables: Vec<Arc<Table>> = self.before.tables.values().filter_map(left_alone).collect();
        let put = |after: &mut Database, table: &Arc<Table>| after.put_table(Arc::clone(table));
        self.with_what_serves(found, &tables, put, |next, found| next.changes.len() < found.changes.len())
    }

    /// Leaves labels of enum types to a survivor that looks for them and adds those that are not there: a label that
    /// was added in the same transaction cannot be looked at on PostgreSQL ("unsafe use of new value").
    fn without_looked_up_labels(&mut self, mut found: Found) -> Found {
        let texts: Vec<String> = self
            .above
            .iter()
            .filter_map(|survivor| {
                let file = self.replayer.files().id(&survivor.path);
                let text = self.replayer.files().text(file)?.text().to_owned();
                ["enum_range", "pg_enum"].iter().any(|look| text.contains(look)).then_some(text)
            })
            .collect();
        let is_named = |label: &str| {
            texts.iter().any(|text| ['"', '\''].iter().any(|q| text.contains(&format!("{q}{label}{q}"))))
        };
        let added: Vec<(ObjectName, String)> = found
            .rolled
            .after
            .enums
            .values()
            .filter(|_| !texts.is_empty())
            .flat_map(|e| e.labels.iter().flatten().map(|label| (e.name.clone(), label.clone())))
            .filter(|(name, label)| {
                let below = self.before.enums.get(name).and_then(|e| e.labels.as_ref());
                is_named(label) && !below.is_some_and(|labels| labels.contains(label))
            })
            .take(self.trials())
            .collect();
        // The last one first: what is added later comes behind.
        for (name, label) in added.into_iter().rev() {
            let mut after = found.rolled.after.clone();
            without_label(&mut after, &name, &label);
            let next = self.judge(Rolled { after, ..found.rolled.clone() }, found.head.clone());
            if next.left() <= found.left() {
                found = next;
            }
        }
        found
    }
}

/// A state without the sequences that belong to no table and that bear the names which tables of survivors want for
/// theirs: they got them with the table, and the sequences that the end has too many are numbered for that.
fn without_ownerless(found: &Found, differences: &[Difference]) -> Option<Database> {
    let numbered = |difference: &Difference| match (&difference.object, &difference.kind) {
        (ObjectRef::Sequence(name), DifferenceKind::OnlyLeft) => {
            let wanted = name.name.trim_end_matches(|c: char| c.is_ascii_digit());
            (wanted.len() < name.name.len()).then(|| name.sibling(wanted))
        }
        _ => None,
    };
    let taken: Vec<ObjectName> = differences.iter().filter_map(numbered).collect();
    let mut after = found.rolled.after.clone();
    after.sequences.retain(|name, sequence| sequence.owner.is_some() || !taken.contains(name));
    (after.sequences.len() < found.rolled.after.sequences.len()).then_some(after)
}

/// The tables, columns and indexes that changes make; of a new table only the table.
fn pieces_made_by(changes: &[Change]) -> BTreeSet<ObjectRef> {
    let mut out = BTreeSet::new();
    for change in changes {
        out.extend(match change {
            Change::CreateTable { table, .. } => Some(ObjectRef::Table(table.name.clone())),
            Change::AddColumn { table, column, .. } => {
                Some(ObjectRef::Column(table.clone(), column.name.clone()))
            }
            Change::CreateIndex { table, index, .. } => index
                .name
                .as_ref()
                .map(|name| ObjectRef::Index(table.sibling(name.clone()), Some(table.clone()))),
            _ => None,
        });
    }
    out
}

/// A table with the columns of one and the constraints and indexes of another, as far as they fit; those of the first on
/// columns that the other lacks stay.
fn with_constraints_of(table: &Table, other: &Table) -> Table {
    let fits = |columns: &[String]| columns.iter().all(|name| table.column(name).is_some());
    let is_new = |columns: &[String]| columns.iter().any(|name| other.column(name).is_none());
    let mut out = table.clone();
    out.constraints = other.constraints.iter().filter(|c| fits(c.body.key_columns())).cloned().collect();
    out.constraints.extend(table.constraints.iter().filter(|c| is_new(c.body.key_columns())).cloned());
    out.indexes = other.indexes.iter().filter(|i| fits(&index_columns(i))).cloned().collect();
    out.indexes.extend(table.indexes.iter().filter(|i| is_new(&index_columns(i))).cloned());
    // A new primary key takes the place of the old one.
    let keys = out.constraints.iter().filter(|c| c.kind() == ConstraintKind::PrimaryKey).count();
    if keys > 1 {
        return table.clone();
    }
    out
}

/// A state with those of the objects that it lacks and that fit into its tables, each with the columns that it stands
/// on; `None` when there is none.
fn restored(after: &Database, head: &Database, lacking: &[&ObjectRef]) -> Option<Database> {
    let mut out = after.clone();
    let mut has_changed = false;
    let with_columns = |table: &mut Table, like: &Table, columns: &[String]| {
        for name in columns {
            if table.column(name).is_none()
                && let Some(column) = like.column(name)
            {
                table.columns.push(column.clone());
            }
        }
    };
    for object in lacking {
        let Some(name) = object.table() else { continue };
        let (Some(table), Some(like)) = (out.table(name), head.table(name)) else { continue };
        let mut table = table.clone();
        match object {
            ObjectRef::Column(_, column) => with_columns(&mut table, like, std::slice::from_ref(column)),
            ObjectRef::Constraint(_, called) => {
                let Some(constraint) = like.constraints.iter().find(|c| c.is_called(called)) else {
                    continue;
                };
                with_columns(&mut table, like, constraint.body.key_columns());
                table.constraints.push(constraint.clone());
            }
            ObjectRef::Index(index, _) => {
                let Some(index) = like.index(&index.name) else { continue };
                with_columns(&mut table, like, &index_columns(index));
                table.indexes.push(index.clone());
            }
            _ => continue,
        }
        out.put_table(Arc::new(table));
        has_changed = true;
    }
    has_changed.then_some(out)
}

/// The columns that an index names by themselves.
fn index_columns(index: &Index) -> Vec<String> {
    let plain = index.keys.iter().filter_map(|key| match &key.part {
        KeyPart::Column(column) => Some(column.clone()),
        KeyPart::Expression(_) => None,
    });
    plain.collect()
}

fn take_out(after: &mut Database, object: &ObjectRef) {
    let table = object.table().and_then(|name| after.table(name));
    let types: BTreeSet<ObjectName> = table.into_iter().flat_map(Table::enum_types).cloned().collect();
    if let Some(change) = taking_out(object) {
        after.apply(&change, Origin::default());
    }
    // What makes the table anew makes its enum types with it.
    let used: BTreeSet<ObjectName> =
        after.tables.values().flat_map(|table| table.enum_types()).cloned().collect();
    after.enums.retain(|name, _| used.contains(name) || !types.contains(name));
}

/// The change that takes a table, a column or an index out of a state, with what stands on it.
pub(super) fn taking_out(object: &ObjectRef) -> Option<Change> {
    Some(match object {
        ObjectRef::Column(table, column) => Change::DropColumn {
            table: table.clone(),
            column: column.clone(),
            if_exists: true,
            cascade: true,
        },
        ObjectRef::Index(name, table) => {
            Change::DropIndex { name: name.clone(), table: table.clone(), if_exists: true, cascade: false }
        }
        ObjectRef::Table(name) => Change::DropTable { name: name.clone(), if_exists: true, cascade: true },
        _ => return None,
    })
}

/// Takes a label out of an enum type and of the columns that have it.
fn without_label(state: &mut Database, name: &ObjectName, label: &str) {
    let mut kept = Vec::new();
    if let Some(labels) = state.enums.get_mut(name).and_then(|e| e.labels.as_mut()) {
        labels.retain(|other| other != label);
        kept.clone_from(labels);
    }
    let is_it = |kind: &TypeKind| matches!(kind, TypeKind::Enum { name: Some(of), .. } if of == name);
    let uses = |table: &Table| table.columns.iter().any(|c| is_it(&c.data_type.kind));
    let tables: Vec<Table> = state.tables.values().filter(|t| uses(t)).map(|t| t.as_ref().clone()).collect();
    for mut table in tables {
        for column in table.columns.iter_mut().filter(|c| is_it(&c.data_type.kind)) {
            let kind = TypeKind::Enum { name: Some(name.clone()), labels: kept.clone() };
            column.data_type = DataType::new(kind);
        }
        state.put_table(Arc::new(table));
    }
}
