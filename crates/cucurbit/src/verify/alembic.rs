//! The proof by the project's own Alembic.

use super::database::compare;
use super::replay::{Followed, Walk};
use super::{Issue, Leg, Method, Proof, VerifyOptions, Weight, describe};
use crate::case::Case;
use cucurbit_schema::Database;
use cucurbit_verify::{Alembic, Error, Scratch, Server};
use std::collections::BTreeSet;

pub(super) fn prove(
    case: &Case,
    followed: &Followed,
    options: &VerifyOptions,
    server: &mut dyn Server,
    alembic: &Alembic,
) -> Result<Proof, Error> {
    let mut proof = Proof::new(Method::Alembic, options.schema.dialect);
    proof.on = Some(server.name());
    proof.revisions = followed.chain.revisions.len();
    proof.operations = followed.chain.known();
    let mut run = Run { case, options, alembic, proof };
    let mut scratch = server.scratch()?;
    let target = options.schema.revision.as_deref().unwrap_or("heads");
    if run.alembic(scratch.as_mut(), &["upgrade", target], None)? {
        run.compare(scratch.as_mut(), &followed.chain.state, None)?;
    }
    scratch.close()?;
    if options.alembic_steps {
        let mut scratch = server.scratch()?;
        run.step_by_step(scratch.as_mut(), followed)?;
        scratch.close()?;
    }
    Ok(run.proof)
}

struct Run<'r> {
    case: &'r Case,
    options: &'r VerifyOptions,
    alembic: &'r Alembic,
    proof: Proof,
}

impl Run<'_> {
    /// Runs a command; says whether it came to its end.
    fn alembic(
        &mut self,
        scratch: &mut dyn Scratch,
        command: &[&str],
        place: Option<(&Walk, Leg)>,
    ) -> Result<bool, Error> {
        self.options.look()?;
        scratch.release();
        let ran = self.alembic.run(&scratch.login(), command)?;
        self.options.look()?;
        match ran {
            Ok(()) => {
                self.proof.statements += 1;
                Ok(true)
            }
            Err(failure) => {
                let text = format!("`alembic {}` fails: {}", command.join(" "), failure.message);
                self.issue(place, Issue::new(Weight::Fails, text));
                Ok(false)
            }
        }
    }

    /// Compares with the replay; says whether it is the same.
    fn compare(
        &mut self,
        scratch: &mut dyn Scratch,
        state: &Database,
        place: Option<(&Walk, Leg)>,
    ) -> Result<bool, Error> {
        let read = scratch.read()?;
        for what in &read.unread {
            let text = format!("the catalogue cannot be read whole: {what}");
            self.issue(place, Issue::new(Weight::CannotTell, text));
        }
        let differences = compare(state, read.database);
        for difference in &differences {
            let text = describe(difference, "the replay", "the database");
            self.issue(place, Issue::new(Weight::Fails, text));
        }
        if place.is_none() {
            for table in state.tables.values().filter(|table| table.tainted) {
                let text =
                    format!("table {} could not be told by the replay and was not compared", table.name);
                self.issue(None, Issue::new(Weight::Note, text));
            }
        }
        Ok(differences.is_empty())
    }

    fn step_by_step(&mut self, scratch: &mut dyn Scratch, followed: &Followed) -> Result<(), Error> {
        let graph = self.case.graph();
        let mut last: Option<&str> = None;
        let mut is_line = true;
        for walk in &followed.walks {
            let parents: BTreeSet<&str> = graph
                .node(&walk.id)
                .map(|node| graph.parents(node).into_iter().map(|parent| graph.id(parent)).collect())
                .unwrap_or_default();
            is_line &= parents.iter().copied().eq(last);
            last = Some(&walk.id);
            if !self.alembic(scratch, &["upgrade", &walk.id], Some((walk, Leg::Upgrade)))?
                || !self.compare(scratch, &walk.up.after, Some((walk, Leg::Upgrade)))?
            {
                let text = "the revisions behind it were not tried step by step".to_owned();
                self.issue(Some((walk, Leg::Upgrade)), Issue::new(Weight::Note, text));
                return Ok(());
            }
            let (Some(down), Some(_)) = (&walk.down, &walk.again) else { continue };
            // Where branches are open, a step back does not say of which.
            if !is_line {
                continue;
            }
            let to = parents.first().copied().unwrap_or("base");
            let mut is_back = self.alembic(scratch, &["downgrade", to], Some((walk, Leg::Downgrade)))?;
            is_back = is_back && self.compare(scratch, &down.after, Some((walk, Leg::Downgrade)))?;
            if !self.alembic(scratch, &["upgrade", &walk.id], Some((walk, Leg::Again)))? {
                return Ok(());
            }
            self.proof.undone += usize::from(is_back);
        }
        Ok(())
    }

    fn issue(&mut self, place: Option<(&Walk, Leg)>, issue: Issue) {
        let issue = match place {
            Some((walk, leg)) => Issue {
                revision: Some(walk.id.clone()),
                leg: Some(leg),
                place: Some((self.case.path(walk.row).to_owned(), 1)),
                ..issue
            },
            None => issue,
        };
        self.proof.issues.push(issue);
    }
}
