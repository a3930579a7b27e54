//! The proof on a database: what was followed, run as statements and read back.

use super::replay::{DOUBT, Doubt, Followed, FollowedLeg, Walk};
use super::{Issue, Leg, Method, Proof, VerifyError, VerifyOptions, Weight, describe};
use crate::case::Case;
use crate::replay::forget_version_table;
use cucurbit_replay::Operation;
use cucurbit_schema::{
    Change, Database, DdlStatement, Difference, DifferenceKind, ObjectKind, ObjectName, ObjectRef, Omission,
    Origin, Table, Work, ddl, diff, steps,
};
use cucurbit_verify::{Error, ReadBack, RunError, Scratch, Server};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

/// Statements of some operations, and what is behind them.
struct Written {
    statements: Vec<DdlStatement>,
    omissions: Vec<(Omission, Origin)>,
    rows: usize,
    after: Database,
}

fn write(before: &Database, operations: &[Operation]) -> Written {
    let work: Vec<Work<'_>> = operations
        .iter()
        .flat_map(|operation| {
            let work = |(change, _)| Work { change, origin: operation.origin, in_batch: operation.batch };
            operation.changes.iter().map(|(change, applied)| (change, applied)).map(work)
        })
        .collect();
    let written = steps(before, &work);
    // What does not fit is told by the replay; that it cannot be written then says nothing new.
    let is_misfit = |origin: Origin| {
        let of = |operation: &&Operation| operation.origin == origin;
        operations.iter().find(of).is_some_and(|o| o.changes.iter().any(|(_, a)| !a.mismatches.is_empty()))
    };
    let omissions = written.omissions.into_iter().filter(|(_, origin)| !is_misfit(*origin)).collect();
    Written { statements: written.statements, omissions, rows: written.rows, after: written.after }
}

pub(super) fn prove(
    case: &Case,
    followed: &Followed,
    options: &VerifyOptions,
    server: &mut dyn Server,
) -> Result<Proof, VerifyError> {
    let mut proof = Proof::new(Method::Statements, options.schema.dialect);
    proof.on = Some(server.name());
    proof.revisions = followed.chain.revisions.len();
    proof.operations = followed.chain.known();
    let mut run = Run {
        case,
        followed,
        options,
        server,
        proof,
        seen: Vec::new(),
        doubt: Doubt::default(),
        left_out: BTreeSet::new(),
        is_shaken: false,
    };
    run.in_one()?;
    run.step_by_step()?;
    Ok(run.proof)
}

struct Run<'r> {
    case: &'r Case,
    followed: &'r Followed,
    options: &'r VerifyOptions,
    server: &'r mut dyn Server,
    proof: Proof,
    /// Differences that were told.
    seen: Vec<Difference>,
    /// What cannot be told so far.
    doubt: Doubt,
    /// Tables of which something was left out: what of them differs says nothing.
    left_out: BTreeSet<ObjectName>,
    /// A statement was refused for such a reason; what is refused behind it may follow from that.
    is_shaken: bool,
}

/// What a leg came to on a database.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// It is as it should be.
    AsReplayed,
    /// It is not, and the database is of no more use.
    Astray,
}

impl Run<'_> {
    /// All upgrades in one run.
    fn in_one(&mut self) -> Result<(), Error> {
        let followed = self.followed;
        let chain = &followed.chain;
        let mut scratch = self.server.scratch()?;
        let mut state = Database::new(chain.state.dialect);
        let mut refused = false;
        for revision in &chain.revisions {
            let operations = &chain.operations[revision.step.operations.clone()];
            let written = write(&state, operations);
            self.proof.rows += written.rows;
            let place = (revision.id.as_str(), Leg::Upgrade);
            self.omitted(place, operations, &written.omissions);
            self.doubt.note(operations);
            refused |= self.run(scratch.as_mut(), place, operations, &written.statements)?;
            state = written.after;
        }
        if !refused {
            let read = scratch.read()?;
            let weight = self.unread(&read);
            for difference in self.compare(&chain.state, read.database)? {
                let text = describe(&difference, "the replay", "the database");
                let weight = self.weigh(&difference, weight);
                self.proof.issues.push(Issue::new(weight, format!("at the end: {text}")));
            }
        }
        scratch.close()
    }

    /// Each revision by itself, down and up again.
    fn step_by_step(&mut self) -> Result<(), Error> {
        let followed = self.followed;
        let mut scratch = self.server.scratch()?;
        self.doubt = Doubt::default();
        self.is_shaken = false;
        for walk in &followed.walks {
            self.doubt.note(&walk.up.operations);
            let mut reached = self.leg(scratch.as_mut(), walk, Leg::Upgrade, &walk.before, &walk.up)?;
            if let (Reached::AsReplayed, Some(down), Some(again)) = (reached, &walk.down, &walk.again) {
                reached = self.leg(scratch.as_mut(), walk, Leg::Downgrade, &walk.up.after, down)?;
                if reached == Reached::AsReplayed {
                    reached = self.leg(scratch.as_mut(), walk, Leg::Again, &down.after, again)?;
                }
                self.proof.undone += usize::from(reached == Reached::AsReplayed);
            }
            if reached == Reached::Astray {
                // The next revision starts from where it should.
                scratch.close()?;
                scratch = self.server.scratch()?;
                self.is_shaken = false;
                if !self.rebuild(scratch.as_mut(), walk)? {
                    break;
                }
            }
        }
        scratch.close()
    }

    fn leg(
        &mut self,
        scratch: &mut dyn Scratch,
        walk: &Walk,
        leg: Leg,
        before: &Database,
        followed: &FollowedLeg,
    ) -> Result<Reached, Error> {
        let written = write(before, &followed.operations);
        let place = (walk.id.as_str(), leg);
        if leg != Leg::Upgrade {
            self.omitted(place, &followed.operations, &written.omissions);
        }
        if self.run(scratch, place, &followed.operations, &written.statements)? {
            return Ok(Reached::Astray);
        }
        if written.statements.is_empty() {
            return Ok(Reached::AsReplayed);
        }
        let read = scratch.read()?;
        let mut reached = Reached::AsReplayed;
        let weight = self.unread(&read);
        for difference in self.compare(&followed.after, read.database)? {
            // Once it is said; the revisions behind it have it too.
            if self.seen.contains(&difference) {
                continue;
            }
            let weight = self.weigh(&difference, weight);
            if weight == Weight::Fails {
                reached = Reached::Astray;
            }
            let text = format!("behind it: {}", describe(&difference, "the replay", "the database"));
            let at = (self.case.path(walk.row).to_owned(), 1);
            self.issue(place, Some(at), Issue::new(weight, text));
            self.seen.push(difference);
        }
        Ok(reached)
    }

    /// Fills a database as it is to be behind a revision; says whether that went well.
    fn rebuild(&mut self, scratch: &mut dyn Scratch, walk: &Walk) -> Result<bool, Error> {
        let Some(message) = self.fill(scratch, &walk.up.after)? else { return Ok(true) };
        let text = format!("the revisions behind it were not tried step by step: {message}");
        let place = (walk.id.as_str(), Leg::Upgrade);
        self.issue(place, None, Issue::new(Weight::CannotTell, text));
        Ok(false)
    }

    /// Makes a schema in an empty database; gives what the database said to the statement that it refused.
    fn fill(&mut self, scratch: &mut dyn Scratch, state: &Database) -> Result<Option<String>, Error> {
        for statement in ddl(state).statements {
            self.options.look()?;
            // A schema is a database there, and others than the own one are not ours to touch.
            if state.dialect.is_mysql() && is_elsewhere(&statement) {
                continue;
            }
            match scratch.run(&statement.sql) {
                Ok(()) => {}
                Err(RunError::Lost(message)) => return Err(Error::Connect(message)),
                Err(RunError::Refused(message)) => return Ok(Some(message)),
            }
        }
        Ok(None)
    }

    /// Compares what was replayed with what a database holds.
    ///
    /// A database writes texts down in words of its own: views, policies, domains, checks. Where something differs
    /// that both have, what was replayed is made in another database, and only what differs from that too remains.
    fn compare(&mut self, replayed: &Database, found: Database) -> Result<Vec<Difference>, Error> {
        let mut differences = compare(replayed, found.clone());
        let is_new =
            |d: &Difference| !self.seen.contains(d) && matches!(d.kind, DifferenceKind::Changed { .. });
        if !differences.iter().any(is_new) {
            return Ok(differences);
        }
        let mut scratch = self.server.scratch()?;
        let printed = match self.fill(scratch.as_mut(), replayed)? {
            None => Some(scratch.read()?.database),
            Some(_) => None,
        };
        scratch.close()?;
        if let Some(printed) = printed {
            let remain = compare(&printed, found);
            let same = |a: &Difference, b: &Difference| {
                let attribute = |d: &Difference| match d.kind {
                    DifferenceKind::Changed { attribute, .. } => Some(attribute),
                    _ => None,
                };
                a.object == b.object && attribute(a) == attribute(b)
            };
            differences.retain(|difference| {
                !matches!(difference.kind, DifferenceKind::Changed { .. })
                    || remain.iter().any(|other| same(other, difference))
            });
        }
        Ok(differences)
    }

    /// Runs statements; says whether one was refused.
    fn run(
        &mut self,
        scratch: &mut dyn Scratch,
        place: (&str, Leg),
        operations: &[Operation],
        statements: &[DdlStatement],
    ) -> Result<bool, Error> {
        let mut refused = false;
        for statement in statements {
            self.options.look()?;
            match scratch.run(&statement.sql) {
                Ok(()) => self.proof.statements += 1,
                Err(RunError::Lost(message)) => return Err(Error::Connect(message)),
                Err(RunError::Refused(message)) => {
                    refused = true;
                    let at = self.at(operations, statement.origin);
                    self.is_shaken |= self.doubt.reaches(&statement.sql) || self.doubt.reaches(&message);
                    let (weight, text) = if self.is_shaken {
                        (Weight::CannotTell, format!("{message}{DOUBT}"))
                    } else {
                        (Weight::Fails, message)
                    };
                    let issue = Issue { statement: Some(statement.sql.clone()), ..Issue::new(weight, text) };
                    self.issue(place, at, issue);
                }
            }
        }
        Ok(refused)
    }

    fn omitted(&mut self, place: (&str, Leg), operations: &[Operation], omissions: &[(Omission, Origin)]) {
        for (omission, origin) in omissions {
            let is_grant = matches!(omission.object, ObjectRef::Object(ObjectKind::Grant, ..));
            let weight = if is_grant { Weight::Note } else { Weight::CannotTell };
            self.left_out.extend(omission.object.table().cloned());
            let text = format!("{}: {}", omission.object, omission.reason);
            let at = self.at(operations, *origin);
            self.issue(place, at, Issue::new(weight, text));
        }
    }

    /// Notes what of a catalogue was not understood, and says how much a difference weighs: what only the replay has
    /// may stand in what was not understood.
    fn unread(&mut self, read: &ReadBack) -> fn(&Difference) -> Weight {
        for what in &read.unread {
            let text = format!("the catalogue cannot be read whole: {what}");
            let issue = Issue::new(Weight::CannotTell, text);
            if !self.proof.issues.contains(&issue) {
                self.proof.issues.push(issue);
            }
        }
        if read.unread.is_empty() {
            return |_| Weight::Fails;
        }
        |difference| match difference.kind {
            DifferenceKind::OnlyLeft => Weight::CannotTell,
            _ => Weight::Fails,
        }
    }

    fn weigh(&self, difference: &Difference, weight: fn(&Difference) -> Weight) -> Weight {
        let is_left_out = difference.object.table().is_some_and(|table| self.left_out.contains(table));
        if is_left_out { Weight::CannotTell } else { weight(difference) }
    }

    fn at(&self, operations: &[Operation], origin: Origin) -> Option<(PathBuf, u32)> {
        let operation = operations.iter().find(|operation| operation.origin == origin)?;
        Some(self.followed.at(operation.place))
    }

    /// Notes an issue of a revision, once.
    fn issue(&mut self, (revision, leg): (&str, Leg), place: Option<(PathBuf, u32)>, issue: Issue) {
        let issue = Issue { revision: Some(revision.to_owned()), leg: Some(leg), place, ..issue };
        if !self.proof.issues.contains(&issue) {
            self.proof.issues.push(issue);
        }
    }
}

/// Says whether a statement is about something in a named schema, or about a schema.
fn is_elsewhere(statement: &DdlStatement) -> bool {
    let Some(object) = &statement.object else { return false };
    match object {
        ObjectRef::Schema(_) => true,
        ObjectRef::Enum(name) | ObjectRef::Sequence(name) => name.schema.is_some(),
        ObjectRef::Index(name, table) | ObjectRef::Object(_, table, name) => {
            name.schema.is_some() || table.as_ref().is_some_and(|table| table.schema.is_some())
        }
        ObjectRef::Table(name) | ObjectRef::Column(name, _) | ObjectRef::Constraint(name, _) => {
            name.schema.is_some()
        }
    }
}

/// Compares what was replayed with what a database holds: left is the replay.
pub(super) fn compare(replayed: &Database, mut found: Database) -> Vec<Difference> {
    let mut expected = replayed.clone();
    // Temporary tables end with their connection, and roles belong to the server.
    let temporary: Vec<ObjectName> = expected
        .tables
        .values()
        .filter(|table| table.options.contains_key("temporary"))
        .map(|table| table.name.clone())
        .collect();
    for name in temporary {
        let change = Change::DropTable { name, if_exists: true, cascade: true };
        expected.apply(&change, Origin::default());
    }
    expected.objects.retain(|(kind, ..), _| *kind != ObjectKind::Grant);
    found.objects.retain(|(kind, ..), _| *kind != ObjectKind::Grant);
    forget_version_table(&mut expected);
    if expected.dialect.is_mysql() {
        let elsewhere: Vec<ObjectName> =
            expected.tables.keys().filter(|name| name.schema.is_some()).cloned().collect();
        for name in elsewhere {
            let change = Change::DropTable { name, if_exists: true, cascade: true };
            expected.apply(&change, Origin::default());
        }
        expected.schemas.clear();
    }
    forget_version_tables(&expected, &mut found);
    if expected.dialect.is_mysql() {
        super::mysql::align(&mut expected, &mut found);
    }
    let is_owned = |difference: &Difference| match &difference.object {
        ObjectRef::Sequence(name) => {
            let owned = |db: &Database| db.sequences.get(name).is_some_and(|s| s.owner.is_some());
            owned(&expected) || owned(&found)
        }
        _ => false,
    };
    diff(&expected, &found).into_iter().filter(|difference| !is_owned(difference)).collect()
}

/// Takes Alembic's own table out, under whatever name `env.py` gives it: one column, `version_num`, and no migration
/// that makes it.
fn forget_version_tables(expected: &Database, found: &mut Database) {
    let is_one = |table: &Arc<Table>| {
        table.name.name == "alembic_version"
            || (matches!(table.columns.as_slice(), [column] if column.name == "version_num")
                && expected.table(&table.name).is_none())
    };
    let names: Vec<ObjectName> =
        found.tables.values().filter(|table| is_one(table)).map(|table| table.name.clone()).collect();
    for name in names {
        let change = Change::DropTable { name, if_exists: true, cascade: true };
        found.apply(&change, Origin::default());
    }
}
