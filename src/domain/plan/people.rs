//! What follows where people decide: they are asked, waited for, and asked anew when what they were asked has changed.

use jiff::Timestamp;

use super::{Context, Plan, fail, until};
use crate::domain::{
    approval::{Approval, ApprovalState, Subject, Void},
    doubt::Doubt,
    fact::Fact,
    failure::{Class, Failure, codes},
    run::Run,
    stage::{Detail, Stage, StageId},
    warning::Warning,
};

/// Returns the next step of a run that waits for people.
pub fn plan_decision(run: &Run, context: Context<'_>) -> Plan {
    let fact = |fact| Plan { facts: vec![fact], ..Plan::default() };
    if run.canceled_by.is_some() {
        return fact(Fact::Canceled);
    }
    let Some(request) = run.request() else { return ask(run, StageId::SensitiveApproval, context) };
    if context.now >= request.expires_at {
        return fact(Fact::ApprovalChanged { approval: Approval { state: ApprovalState::Expired, ..request.clone() } });
    }
    let (subject, source) = (request.subject, context.source);
    if source.rule(subject).is_some() && request.holds(run, source, context.now) {
        return match request.reminder_at() {
            Some(at) if context.now >= at => fact(Fact::ApprovalReminded { subject }),
            at => Plan { again: Some(until(context.now, at.unwrap_or(request.expires_at))), ..Plan::default() },
        };
    }
    match subject {
        Subject::Refresh => ask(run, StageId::SensitiveApproval, context),
        // What is found now, a look must tell.
        Subject::Schema | Subject::Leak | Subject::Rows => {
            fact(Fact::ApprovalVoided { subject, why: Void::Plan, by: Vec::new() })
        }
    }
}

/// Asks people to approve: for the first time, or anew because what they were asked does not hold any more.
pub(super) fn ask(run: &Run, open: StageId, context: Context<'_>) -> Plan {
    let Some(layer) = &context.source.sensitive else {
        let failure = Failure::new(Class::Config, codes::SOURCE_GONE, "the configuration has no sensitive layer");
        return fail(open, failure);
    };
    let asked_at = run.moment(context.now);
    let approval = Approval::ask(run, &context.source.classification, &layer.approval, asked_at);
    let voided = run.approval.as_ref().map(|it| {
        let why = if it.is_for(run, &context.source.classification) { Void::Outlived } else { Void::Plan };
        Fact::ApprovalVoided { subject: Subject::Refresh, why, by: Vec::new() }
    });
    Plan { facts: voided.into_iter().chain([Fact::ApprovalAsked { approval }]).collect(), ..Plan::default() }
}

/// Says whether people stand behind the start of stage `id`'s work. What is started under an approval goes on when
/// the approval runs out: only the start asks for it.
pub(super) fn is_allowed(run: &Run, id: StageId, context: Context<'_>) -> bool {
    let stands = |it: &Approval| it.stands_for(run, context.source, context.now);
    id != StageId::SensitiveTransform
        || (context.source.sensitive.is_some() && run.approval.as_ref().is_some_and(stands))
}

/// What follows when the stage's work is done and there is a doubt about it: the stage ends if people have said that it
/// may, with this very doubt; otherwise they are asked.
pub(super) fn doubtful(
    run: &Run,
    stage: &Stage,
    doubt: &Doubt,
    (detail, warnings): (&Detail, &[Warning]),
    context: Context<'_>,
) -> Plan {
    if is_cleared(run, stage.id, doubt, context) {
        let finished = Fact::Finished { stage: stage.id, detail: detail.clone(), warnings: warnings.to_vec() };
        return Plan { facts: vec![finished], rests_on: Some(doubt.subject), ..Plan::default() };
    }
    ask_about(run, stage.id, doubt, detail, context)
}

/// What follows when the work of stage `id` is not begun, and there is a doubt about what it would make: it is started as
/// `planned` if people have said that it may be, with this very doubt; otherwise they are asked, when it is time to start.
pub(super) fn risky(
    run: &Run,
    planned: Plan,
    doubt: &Doubt,
    (id, detail): (StageId, &Detail),
    context: Context<'_>,
) -> Plan {
    if planned.act.is_none() {
        return planned;
    }
    if is_cleared(run, id, doubt, context) {
        return Plan { rests_on: Some(doubt.subject), ..planned };
    }
    ask_about(run, id, doubt, detail, context)
}

/// Says whether people have let stage `id` go on with `doubt`.
fn is_cleared(run: &Run, id: StageId, doubt: &Doubt, context: Context<'_>) -> bool {
    run.question.as_ref().is_some_and(|it| it.clears(run, id, doubt, context.source, context.now))
}

fn ask_about(run: &Run, id: StageId, doubt: &Doubt, detail: &Detail, context: Context<'_>) -> Plan {
    let Some(approval) = Approval::about(run, context.source, id, doubt, run.moment(context.now)) else {
        return fail(id, Failure::new(Class::Config, codes::SOURCE_GONE, "the configuration names nobody to ask"));
    };
    let known = (run.stage(id).detail != *detail).then(|| Fact::Progressed { stage: id, detail: detail.clone() });
    Plan { facts: known.into_iter().chain([Fact::ApprovalAsked { approval }]).collect(), ..Plan::default() }
}

/// Returns since when the stage can have worked without people: from its beginning, from their last answer, or from when
/// they were not asked any more.
pub(super) fn working_since(run: &Run, stage: &Stage) -> Option<Timestamp> {
    let answer = run.question.as_ref().filter(|it| it.stage == stage.id).and_then(|it| it.votes.last());
    let asked = run.past_approvals.iter().filter(|it| it.stage == stage.id);
    let voided = asked.filter_map(|it| it.void_at).max().filter(|_| stage.started_at.is_some());
    stage.started_at.max(answer.map(|it| it.at)).max(voided)
}
