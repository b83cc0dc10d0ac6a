//! What to record and what to do next, from the record, what was seen of the open stage's work, and the time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{
    approval::Subject,
    fact::Fact,
    failure::{Class, Failure, codes},
    run::{Run, RunStatus},
    seen::{Seen, Started},
    source::Source,
    stage::{Intent, Stage, StageId, StageStatus, WaitOn},
};

mod people;

pub use people::plan_decision;
use people::{ask, doubtful, is_allowed, risky, working_since};

/// How long things may take; from the configuration's `[engine]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long an intent keeps others from acting.
    pub lease: SignedDuration,
    /// Between two looks at work that is under way.
    pub poll: SignedDuration,
    /// Longest pause between two attempts at something that is in the way.
    pub reconcile_every: SignedDuration,
    /// How long a trouble that may pass is waited out.
    pub patience: SignedDuration,
}

/// What must be known before the next step can be planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: the run is at rest.
    Rest,
    /// Whether the source's turn is free.
    Turn,
    /// What has become of the stage's work.
    Look(StageId),
    /// Only the record and the time.
    Decision,
}

/// What follows from what is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Recorded in one write, before anything is done.
    pub facts: Vec<Fact>,
    /// Done when the facts are in the record.
    pub act: Option<Act>,
    /// The request whose answer lets this happen: whether those who gave it still may is looked up at this moment.
    pub rests_on: Option<Subject>,
    /// When to look again. `None` with facts or an act: at once.
    pub again: Option<Duration>,
}

/// An effect on the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Start the stage's work; the intent is in the record.
    Start(StageId),
    /// Stop the stage's work.
    Stop(StageId),
}

/// Who plans, for what, and when.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The replica.
    pub me: &'a str,
    pub now: Timestamp,
    pub timing: &'a Timing,
    pub source: &'a Source,
    /// How long the replica has seen the open stage's intent as it is, measured by itself: the clocks of two machines
    /// are never compared. Zero without an intent.
    pub intent_seen_for: SignedDuration,
}

impl Context<'_> {
    /// Returns how long the intent of stage `id` still keeps others from acting; `None` if it does not any more.
    fn held_for(&self, id: StageId) -> Option<Duration> {
        let left = self.timing.lease.max(id.appears_within()) - self.intent_seen_for;
        (left > SignedDuration::ZERO).then(|| positive(left))
    }
}

/// Returns what must be known to plan the next step of `run`.
pub fn need(run: &Run) -> Need {
    match run.open_stage() {
        _ if run.status.is_over() => Need::Rest,
        None => Need::Rest,
        Some(_) if !run.has_turn => Need::Turn,
        Some(stage) if stage.id == StageId::SensitiveApproval || run.status == RunStatus::WaitingApproval => {
            Need::Decision
        }
        Some(stage) => Need::Look(stage.id),
    }
}

/// Returns what follows when another run, `holder`, has the turn of `run`'s source.
pub fn plan_turn(run: &Run, holder: &str, context: Context<'_>) -> Plan {
    let Some(stage) = run.open_stage() else { return Plan::default() };
    if run.canceled_by.is_some() {
        return Plan { facts: vec![Fact::Canceled], ..Plan::default() };
    }
    wait(stage, WaitOn::Turn { holder: holder.to_owned() }, context)
}

/// Returns the next step of a run whose open stage `id` was `seen` so.
pub fn plan(run: &Run, id: StageId, seen: &Seen, context: Context<'_>) -> Plan {
    let stage = run.stage(id);
    let overdue = working_since(run, stage).is_some_and(|it| context.now - id.deadline() > it);
    if run.canceled_by.is_some() {
        return plan_cancel(stage, seen, overdue, context);
    }
    let open = !matches!(seen, Seen::Done { .. } | Seen::Doubtful { .. } | Seen::Failed(_) | Seen::Stopped);
    if overdue && open {
        return fail(id, overdue_failure(id, seen));
    }
    let mut plan = match seen {
        Seen::Done { detail, warnings } => Plan {
            facts: vec![Fact::Finished { stage: id, detail: detail.clone(), warnings: warnings.clone() }],
            ..Plan::default()
        },
        Seen::Doubtful { doubt, detail, warnings } => doubtful(run, stage, doubt, (detail, warnings), context),
        Seen::Failed(failure) => fail(id, failure.clone()),
        Seen::Stopped => fail(id, stopped(id)),
        Seen::Unclear(failure) => in_the_way(stage, failure, context),
        Seen::Busy(on) => wait(stage, on.clone(), context),
        Seen::Running { handle, detail } => under_way(stage, handle.as_deref(), detail, context),
        Seen::Absent { marker } => absent(stage, marker.as_deref(), context),
        Seen::Risky { doubt, detail } => risky(run, absent(stage, None, context), doubt, (id, detail), context),
    };
    if plan.act == Some(Act::Start(id)) && !is_allowed(run, id, context) {
        return ask(run, id, context);
    }
    if plan.act == Some(Act::Start(StageId::SensitiveTransform)) {
        plan.rests_on = Some(Subject::Refresh);
    }
    if stage.status == StageStatus::Pending && !plan.facts.is_empty() {
        plan.facts.insert(0, Fact::Began { stage: id });
    }
    plan
}

/// Returns what to record when the attempt to start stage `id`'s work came out as `started`.
pub fn settle(run: &Run, id: StageId, started: Started, context: Context<'_>) -> Plan {
    match started {
        // The bot's own work is at its end, and a look tells whether it is as it should be: who has disturbed it meanwhile
        // makes it be done again, which does no harm.
        Started::Acted { .. } if context.source.is_own_work(id) => {
            let stage = run.stage(id);
            let progressed = Fact::Progressed { stage: id, detail: stage.detail.clone() };
            // What was in the way is not any more.
            let facts = stage.waiting.iter().map(|_| progressed.clone()).collect();
            Plan { facts, again: Some(positive(SignedDuration::ZERO)), ..Plan::default() }
        }
        Started::Acted { handle } => Plan { facts: vec![Fact::Acted { stage: id, handle }], ..Plan::default() },
        Started::Refused(WaitOn::Trouble(failure)) if worn_out(run.stage(id), context).is_some() => fail(id, failure),
        Started::Refused(on) => Plan {
            again: Some(pause(run.stage(id), &on, context)),
            facts: vec![Fact::Withdrawn { stage: id, on }],
            ..Plan::default()
        },
        Started::Failed(failure) => fail(id, failure),
        // The intent stays: only a look can tell. When nothing is seen after the intent has run out, the work is started
        // again, or given up.
        Started::Unclear(failure) => wait(run.stage(id), WaitOn::Trouble(failure), context),
    }
}

fn absent(stage: &Stage, marker: Option<&str>, context: Context<'_>) -> Plan {
    let Some(intent) = &stage.intent else { return start(stage.id, marker, context) };
    if let Some(left) = context.held_for(stage.id) {
        return Plan { again: Some(left), ..Plan::default() };
    }
    match &intent.handle {
        // What AWS has confirmed does not vanish: starting it again could do it twice.
        Some(_) if context.intent_seen_for < context.timing.lease + context.timing.patience => {
            Plan { again: Some(positive(context.timing.poll)), ..Plan::default() }
        }
        Some(handle) => fail(stage.id, Failure::new(Class::Lost, codes::WORK_LOST, handle.clone())),
        None => match worn_out(stage, context) {
            Some(failure) => fail(stage.id, failure.clone()),
            None => start(stage.id, marker, context),
        },
    }
}

fn start(id: StageId, marker: Option<&str>, context: Context<'_>) -> Plan {
    let intent = Intent {
        owner: context.me.to_owned(),
        until: context.now + context.timing.lease,
        marker: marker.map(str::to_owned),
        handle: None,
    };
    Plan { facts: vec![Fact::Intended { stage: id, intent }], act: Some(Act::Start(id)), ..Plan::default() }
}

fn under_way(stage: &Stage, handle: Option<&str>, detail: &super::stage::Detail, context: Context<'_>) -> Plan {
    let mut facts = Vec::new();
    let unconfirmed = stage.intent.as_ref().is_some_and(|it| it.handle.is_none());
    if unconfirmed && handle.is_some() {
        facts.push(Fact::Acted { stage: stage.id, handle: handle.map(str::to_owned) });
    }
    if stage.status == StageStatus::Pending || stage.detail != *detail || stage.waiting.is_some() {
        facts.push(Fact::Progressed { stage: stage.id, detail: detail.clone() });
    }
    Plan { facts, again: Some(positive(context.timing.poll)), ..Plan::default() }
}

fn plan_cancel(stage: &Stage, seen: &Seen, overdue: bool, context: Context<'_>) -> Plan {
    let canceled = Plan { facts: vec![Fact::Canceled], ..Plan::default() };
    let poll = Some(positive(context.timing.poll));
    match seen {
        Seen::Running { .. } if overdue => fail(stage.id, overdue_failure(stage.id, seen)),
        Seen::Running { .. } => Plan { act: Some(Act::Stop(stage.id)), again: poll, ..Plan::default() },
        // It would be a lie to call canceled what may still be under way.
        Seen::Unclear(failure) if stage.intent.is_some() => in_the_way(stage, failure, context),
        // An effect that cannot be seen yet may still appear; it must be stopped then.
        Seen::Unclear(_) | Seen::Absent { .. } | Seen::Risky { .. } | Seen::Busy(_) => {
            match stage.intent.as_ref().and_then(|_| context.held_for(stage.id)) {
                Some(left) => Plan { again: Some(left), ..Plan::default() },
                None => canceled,
            }
        }
        Seen::Done { .. } | Seen::Doubtful { .. } | Seen::Failed(_) | Seen::Stopped => canceled,
    }
}

/// A trouble that may pass is waited out; when it does not pass it is the stage's failure.
fn in_the_way(stage: &Stage, failure: &Failure, context: Context<'_>) -> Plan {
    if failure.class != Class::Transient || worn_out(stage, context).is_some() {
        return fail(stage.id, failure.clone());
    }
    wait(stage, WaitOn::Trouble(failure.clone()), context)
}

/// Returns the trouble that has been in the stage's way for longer than the bot is patient.
fn worn_out<'a>(stage: &'a Stage, context: Context<'_>) -> Option<&'a Failure> {
    let waiting = stage.waiting.as_ref().filter(|it| context.now - context.timing.patience > it.since)?;
    if let WaitOn::Trouble(failure) = &waiting.on { Some(failure) } else { None }
}

fn wait(stage: &Stage, on: WaitOn, context: Context<'_>) -> Plan {
    let again = Some(pause(stage, &on, context));
    let known = stage.waiting.as_ref().is_some_and(|it| it.on.same_place(&on));
    let facts = if known { Vec::new() } else { vec![Fact::Waited { stage: stage.id, on }] };
    Plan { facts, again, ..Plan::default() }
}

/// Returns how long to wait before the next attempt: a quarter of the wait so far, from one poll to one sweep.
fn pause(stage: &Stage, on: &WaitOn, context: Context<'_>) -> Duration {
    let since = stage.waiting.as_ref().filter(|it| it.on.same_kind(on)).map_or(context.now, |it| it.since);
    let quarter = (context.now.duration_since(since)) / 4;
    let longest = context.timing.reconcile_every.max(context.timing.poll);
    positive(quarter.clamp(context.timing.poll, longest))
}

fn fail(stage: StageId, failure: Failure) -> Plan {
    Plan { facts: vec![Fact::Failed { stage, failure }], ..Plan::default() }
}

fn overdue_failure(id: StageId, seen: &Seen) -> Failure {
    let minutes = id.deadline().as_mins();
    let no_files = matches!(seen, Seen::Busy(WaitOn::StatusFiles));
    let code = if no_files { codes::STATUS_FILES_MISSING } else { codes::STUCK };
    Failure::new(Class::Lost, code, format!("no end after {minutes} min"))
}

fn stopped(id: StageId) -> Failure {
    match id {
        StageId::NormalTransform | StageId::SensitiveTransform => {
            Failure::new(Class::NewAttempt, codes::JOB_FAILED, "STOPPED")
        }
        StageId::NormalCatalog | StageId::SensitiveCatalog => {
            Failure::new(Class::NewAttempt, codes::CRAWL_FAILED, "CANCELLED")
        }
        StageId::Snapshot | StageId::Export | StageId::Verify | StageId::Latest | StageId::SensitiveApproval => {
            Failure::new(Class::NewAttempt, codes::EXPORT_CANCELED, "CANCELED")
        }
    }
}

fn until(now: Timestamp, then: Timestamp) -> Duration {
    positive(then.duration_since(now))
}

/// Never zero, so that a pass that waits does not spin.
fn positive(duration: SignedDuration) -> Duration {
    Duration::try_from(duration).unwrap_or_default().max(Duration::from_millis(10))
}

#[cfg(test)]
mod tests;
