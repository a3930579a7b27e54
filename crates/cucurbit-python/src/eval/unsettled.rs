//! Places where it cannot be told which way the code goes.

use super::Evaluated;
use super::host::{Branch, Decision, Host, Place, Unsettled, UnsettledKind};
use super::run::{Evaluator, Undo};
use super::scope::Scope;
use super::statements::Flow;
use super::value::Value;
use std::rc::Rc;

/// Decisions, in the order in which they were made.
type Trace = Vec<(Place, Decision)>;

/// One way to go.
pub(super) type Arm<'s, 'a, H> = &'s mut dyn FnMut(&mut Evaluator<'a, H>) -> Evaluated<Flow>;

/// What came of the arms of an unsettled place.
#[derive(Default)]
struct Ways {
    /// The names that were bound, with their values at the end of the arm.
    bound: Vec<(Scope, Rc<str>, Option<Value>)>,
    flows: Vec<Flow>,
}

impl Ways {
    fn bound(&mut self, journal: &[Undo]) {
        for undo in journal {
            if let Undo::Bind(scope, name, _) = undo {
                self.bound.push((Rc::clone(scope), Rc::clone(name), scope.own(name)));
            }
        }
    }

    fn flow(&mut self, result: &Evaluated<Flow>) {
        if let Ok(flow) = result {
            self.flows.push(flow.clone());
        }
    }
}

impl<'a, H: Host> Evaluator<'a, H> {
    /// Tries every arm, asks the host, and goes the way it says.
    ///
    /// Each arm is evaluated once, and a second time only when it is taken and was not the last: then the
    /// decisions inside it are remembered, so that nesting stays linear. Arms of which none means anything to the host
    /// are not evaluated again when all are taken.
    pub(super) fn unsettled(
        &mut self,
        kind: UnsettledKind,
        place: Place,
        reason: Rc<str>,
        arms: &mut [Arm<'_, 'a, H>],
    ) -> Evaluated<Flow> {
        let mut unsettled = Unsettled { kind, place, reason, branches: Vec::new() };
        if let Some((at, decision)) = self.script.front().copied() {
            if at == place {
                self.script.pop_front();
                self.trace.push((place, decision));
                return self.go(&unsettled, decision, arms, Vec::new());
            }
            self.script.clear();
        }
        let start = self.trace.len();
        let journal = self.journal.len();
        let last = arms.len() - 1;
        let mut traces = Vec::with_capacity(arms.len());
        let mut kept = None;
        let late_guards = |e: &Self| e.frames.last().map_or(0, |frame| frame.late_guards);
        let guards = late_guards(self);
        let mut is_quiet = true;
        let mut tried = Ways::default();
        for (at, arm) in arms.iter_mut().enumerate() {
            let mark = self.host.mark();
            self.trials += 1;
            self.host.guard(Some(&unsettled));
            let result = arm(self);
            self.host.guard(None);
            self.trials -= 1;
            traces.push(self.trace.split_off(start));
            is_quiet &= self.host.is_unchanged(&mark) && late_guards(self) == guards;
            if is_quiet {
                tried.bound(&self.journal[journal..]);
                tried.flow(&result);
            }
            unsettled.branches.push(Branch {
                effects: self.host.effects_since(&mark),
                misfits: self.host.misfits_since(&mark),
                raises: result.is_err(),
                leaves: !matches!(result, Ok(Flow::Next) | Err(_)),
            });
            if at == last {
                kept = Some((mark, result));
            } else {
                self.undo_to(journal);
                self.host.rewind(mark);
            }
        }
        let decision = self.host.decide(&unsettled);
        self.trace.push((place, decision));
        let Some((mark, result)) = kept else { return Ok(Flow::Next) };
        if decision == Decision::Take(last) {
            self.trace.extend(traces.pop().into_iter().flatten());
            if self.trials == 0 {
                self.journal.clear();
            }
            self.guard_the_rest(&unsettled, last);
            return result;
        }
        self.undo_to(journal);
        self.host.rewind(mark);
        if is_quiet && decision == Decision::All {
            self.trace.extend(traces.into_iter().flatten());
            return self.join(&unsettled, tried);
        }
        if let Decision::Take(at) = decision
            && let Some(trace) = traces.get_mut(at)
        {
            self.script = std::mem::take(trace).into();
        }
        let result = self.go(&unsettled, decision, arms, traces);
        self.script.clear();
        result
    }

    fn go(
        &mut self,
        unsettled: &Unsettled,
        decision: Decision,
        arms: &mut [Arm<'_, 'a, H>],
        traces: Vec<Trace>,
    ) -> Evaluated<Flow> {
        match decision {
            Decision::Take(at) => {
                let Some(arm) = arms.get_mut(at) else { return Ok(Flow::Next) };
                self.host.guard(Some(unsettled));
                let result = arm(self);
                self.host.guard(None);
                self.guard_the_rest(unsettled, at);
                result
            }
            Decision::All => self.go_everywhere(unsettled, arms, traces),
        }
    }

    /// Goes every way after each other. Names that differ afterwards are unknown. `traces` are the decisions inside
    /// of the arms when they were tried; without any, those remembered for the whole go on.
    fn go_everywhere(
        &mut self,
        unsettled: &Unsettled,
        arms: &mut [Arm<'_, 'a, H>],
        traces: Vec<Trace>,
    ) -> Evaluated<Flow> {
        let mut ways = Ways::default();
        let outer = std::mem::take(&mut self.journal);
        let mut traces = traces.into_iter();
        for arm in arms.iter_mut() {
            if let Some(trace) = traces.next() {
                self.script = trace.into();
            }
            self.trials += 1;
            self.host.guard(Some(unsettled));
            let result = arm(self);
            self.host.guard(None);
            self.trials -= 1;
            ways.bound(&self.journal);
            ways.flow(&result);
            self.undo_to(0);
        }
        self.journal = outer;
        self.join(unsettled, ways)
    }

    /// Goes on after every way was gone and undone.
    fn join(&mut self, unsettled: &Unsettled, ways: Ways) -> Evaluated<Flow> {
        let Ways { bound, mut flows } = ways;
        for (scope, name, value) in bound {
            let now = scope.own(&name);
            let same = match (&value, &now) {
                (Some(a), Some(b)) => self.describe(a) == self.describe(b),
                _ => false,
            };
            if !same {
                let unknown = Value::unknown(&unsettled.reason, Some(unsettled.place));
                self.bind(&scope, &name, unknown, unsettled.place);
            }
        }
        // It goes on unless every way leaves.
        if !flows.is_empty() && flows.iter().all(|f| !matches!(f, Flow::Next)) {
            return Ok(flows.swap_remove(0));
        }
        Ok(Flow::Next)
    }

    /// When another way would have left, all that follows happens only because it did not.
    fn guard_the_rest(&mut self, unsettled: &Unsettled, taken: usize) {
        let others = unsettled.branches.iter().enumerate().filter(|(at, _)| *at != taken);
        if others.clone().any(|(_, b)| b.leaves || b.raises)
            && let Some(frame) = self.frames.last_mut()
        {
            frame.late_guards += 1;
            self.host.guard(Some(unsettled));
        }
    }
}
