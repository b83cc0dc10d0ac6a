//! What every message says of a run that older data was gone back to, or gone back from.

use jiff::Timestamp;

use super::{redact::redact, seconds, stage};
use crate::{
    domain::{
        retention::Removal,
        rollback::RolledBack,
        run::{Run, RunStatus},
        stage::StageStatus,
    },
    projection::text::{Mrkdwn, Voice, values},
};

/// Which first line a rollback makes of the run's; `None`: the usual one.
enum Told {
    Running,
    Done,
    Undone,
    Left,
}

fn told(run: &Run) -> Option<Told> {
    match run.status {
        RunStatus::Running if run.rollback.is_some() && run.canceled_by.is_none() => Some(Told::Running),
        RunStatus::Succeeded | RunStatus::SucceededWithWarnings if run.rolled_back_to.is_some() => Some(Told::Left),
        RunStatus::Succeeded | RunStatus::SucceededWithWarnings if run.rollback.is_some() => Some(Told::Done),
        RunStatus::Succeeded | RunStatus::SucceededWithWarnings if run.undone.is_some() => Some(Told::Undone),
        RunStatus::Running
        | RunStatus::WaitingApproval
        | RunStatus::Succeeded
        | RunStatus::SucceededWithWarnings
        | RunStatus::Failed
        | RunStatus::Canceled
        | RunStatus::Superseded
        | RunStatus::Expired => None,
    }
}

/// Returns when the work began that the run's last end is of.
pub fn opened_at(run: &Run) -> Timestamp {
    run.rollback.as_ref().map_or(run.created_at, |it| it.at)
}

/// Returns the first line of what is said of the run, if it is about a rollback.
pub fn headline(voice: Voice<'_>, run: &Run) -> Option<Mrkdwn> {
    let key = match told(run)? {
        Told::Running => "rollback.headline_running",
        Told::Done => "rollback.headline_done",
        Told::Undone => "rollback.headline_undone",
        Told::Left => "rollback.headline_left",
    };
    let values = values! {
        source => run.source,
        taken => run.snapshot_time,
        stage => stage::title(voice, run.stage(run.stage)),
        took => run.finished_at.map(|it| seconds(opened_at(run), it)),
    };
    Some(voice.say(key, values))
}

/// Returns the title of the run's plan, if it is about a rollback.
pub fn title(voice: Voice<'_>, run: &Run) -> Option<Mrkdwn> {
    let key = match told(run)? {
        Told::Running => "rollback.title_running",
        Told::Done => "rollback.title_done",
        Told::Undone => "rollback.title_undone",
        Told::Left => "rollback.title_left",
    };
    let in_run = || run.stages.iter().filter(|it| it.status != StageStatus::Skipped);
    let values = values! {
        source => run.source,
        done => in_run().filter(|it| it.status == StageStatus::Succeeded).count(),
        count => in_run().count(),
        took => run.finished_at.map(|it| seconds(opened_at(run), it)),
    };
    Some(voice.say(key, values))
}

/// Returns how the run stands, in a word or two, if that is a rollback's doing.
pub fn standing(voice: Voice<'_>, run: &Run) -> Option<Mrkdwn> {
    Some(match told(run)? {
        Told::Running => voice.text("rollback.status_running"),
        Told::Left => voice.text("rollback.status_left"),
        Told::Undone => voice.text("rollback.status_undone"),
        Told::Done => return None,
    })
}

/// Returns who has gone back to the run's data, or from it, in place of what, and why; empty if nobody has.
pub fn why(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let back = run.rollback.as_ref().map(|it| {
        let values = values! { by => it.by, at => it.at, from => it.from.as_str() };
        Mrkdwn::lines([voice.say("rollback.why_back", values), reason(voice, it.reason.as_deref())])
    });
    let undone = run.undone.as_ref().zip(run.past_rollbacks.last()).map(|(undone, it)| {
        let values = values! { by => undone.by, at => undone.at, from => it.from.as_str(), was_by => it.by };
        Mrkdwn::lines([voice.say("rollback.why_undone", values), reason(voice, it.reason.as_deref())])
    });
    let left = run.rolled_back_to.as_ref().map(|it| {
        let values = values! { by => it.by, at => it.at, to => it.to.as_str() };
        Mrkdwn::lines([voice.say("rollback.why_left", values), reason(voice, it.reason.as_deref())])
    });
    Mrkdwn::lines(back.into_iter().chain(undone).chain(left))
}

/// Returns that a retry undoes the rollback `mark`, by whom that was, and why; empty if there is none.
pub fn undone_by_retry(voice: Voice<'_>, mark: Option<&RolledBack>) -> Mrkdwn {
    let Some(RolledBack { to, by, reason, .. }) = mark else { return Mrkdwn::default() };
    let reason = reason.as_deref().map(redact);
    voice.say("rollback.undoes", values! { to => to.as_str(), by, reason })
}

/// Returns why somebody has gone back, in their own words; empty if they have not said it.
pub fn reason(voice: Voice<'_>, reason: Option<&str>) -> Mrkdwn {
    let Some(reason) = reason else { return Mrkdwn::default() };
    voice.say("rollback.reason", values! { reason => redact(reason) })
}

/// Returns what has become of the run's export; empty while it is kept.
pub fn removal(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    match run.removal {
        None => Mrkdwn::default(),
        Some(Removal { ended_at: Some(at), .. }) => voice.say("rollback.removed", values! { at }),
        Some(Removal { began_at, ended_at: None }) => voice.say("rollback.removing", values! { at => began_at }),
    }
}
