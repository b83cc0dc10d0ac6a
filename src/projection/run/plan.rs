//! A run's stages as a plan: one task each, those that are not part of the run left out.

use crate::{
    domain::{
        history,
        run::Run,
        stage::{Stage, StageId, StageStatus},
    },
    projection::{
        blocks::{Plan, Task, TaskState},
        phrase::{self, seconds, stage},
        text::{Mrkdwn, Voice, values},
    },
};

pub(super) fn plan(voice: Voice<'_>, run: &Run) -> Plan {
    let tasks = in_run(run).map(|it| task(voice, run, it)).collect();
    Plan { title: title(voice, run), tasks }
}

fn in_run(run: &Run) -> impl Iterator<Item = &Stage> {
    run.stages.iter().filter(|it| it.status != StageStatus::Skipped)
}

/// What the run does, and how far it is; once it is over, what came of it.
fn title(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    if let Some(title) = phrase::rollback::title(voice, run) {
        return title;
    }
    let values = values! {
        source => run.source,
        done => in_run(run).filter(|it| it.status == StageStatus::Succeeded).count(),
        count => in_run(run).count(),
        warnings => run.warnings.len(),
        took => run.finished_at.map(|it| seconds(phrase::rollback::opened_at(run), it)),
    };
    voice.say(&format!("plan.title.{}", phrase::outcome(run)), values)
}

fn task(voice: Voice<'_>, run: &Run, of: &Stage) -> Task {
    let (state, key) = match of.status {
        StageStatus::Pending | StageStatus::Skipped if of.waiting.is_some() => {
            (TaskState::Pending, "plan.task.waiting")
        }
        StageStatus::Pending | StageStatus::Skipped => (TaskState::Pending, "plan.task.plain"),
        StageStatus::Running => (TaskState::InProgress, "plan.task.plain"),
        StageStatus::Succeeded => (TaskState::Complete, "plan.task.plain"),
        StageStatus::Failed => (TaskState::Error, "plan.task.failed"),
        StageStatus::Canceled if of.id == StageId::SensitiveApproval => (TaskState::Error, "plan.task.not_approved"),
        StageStatus::Canceled => (TaskState::Error, "plan.task.canceled"),
    };
    let facts = stage::facts(voice, run, of);
    let (details, output) = match of.status {
        StageStatus::Running => (going(voice, run, of, &facts), Mrkdwn::default()),
        StageStatus::Succeeded => (ended(voice, run, of), one_line(voice, &facts)),
        // What AWS said stands below the plan, with what to do about it.
        StageStatus::Failed | StageStatus::Canceled => (ended(voice, run, of), Mrkdwn::default()),
        StageStatus::Pending | StageStatus::Skipped => (Mrkdwn::default(), Mrkdwn::default()),
    };
    Task {
        id: of.id.as_str(),
        title: voice.say(key, values! { title => stage::title(voice, of) }),
        state,
        details,
        output,
    }
}

/// How the stage goes now.
fn going(voice: Voice<'_>, run: &Run, of: &Stage, facts: &[Mrkdwn]) -> Mrkdwn {
    let values = values! { facts, since => of.started_at, usual => usual(run, of), waiting => of.waiting.is_some() };
    voice.say("plan.going", values)
}

/// How long the stage took, and how long it usually takes.
fn ended(voice: Voice<'_>, run: &Run, of: &Stage) -> Mrkdwn {
    let Some(took) = stage::took(of) else { return Mrkdwn::default() };
    voice.say("plan.took", values! { took, usual => usual(run, of).filter(|_| history::took(of).is_some()) })
}

fn one_line(voice: Voice<'_>, facts: &[Mrkdwn]) -> Mrkdwn {
    if facts.is_empty() { Mrkdwn::default() } else { voice.say("plan.facts", values! { facts }) }
}

/// Returns how many seconds the stage usually takes.
fn usual(run: &Run, of: &Stage) -> Option<i64> {
    // People take the time that they take.
    let told = run.usual.as_ref().filter(|_| of.id != StageId::SensitiveApproval)?;
    told.stages.get(&of.id).map(|it| it.usual)
}
