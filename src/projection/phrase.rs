//! Phrases about a run that several messages share.

use super::text::{Mrkdwn, Voice, values};
use crate::domain::{
    approval::{Subject, Verdict},
    failure::codes,
    history::Usual,
    run::{Run, RunStatus, Trigger},
    source::Layer,
    stage::WaitOn,
    warning::Warning,
};
use jiff::Timestamp;

pub mod failure;
pub mod finding;
pub mod freshness;
pub(crate) use crate::domain::redact;
pub mod rollback;
pub mod stage;

/// Returns the whole seconds from `from` to `to`.
pub fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs()
}

/// Returns the first line of everything that is said of the run: how it stands.
pub fn headline(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    if let Some(headline) = rollback::headline(voice, run) {
        return headline;
    }
    let by = run.canceled_by.clone().or_else(|| denied_by(run));
    let values = values! {
        source => run.source,
        stage => stage::title(voice, run.stage(run.stage)),
        took => run.finished_at.map(|it| seconds(rollback::opened_at(run), it)),
        warnings => run.warnings.len(),
        by,
    };
    voice.say(&format!("run.headline.{}", outcome(run)), values)
}

/// Returns how the run stands, as the texts that tell it are called.
pub fn outcome(run: &Run) -> &'static str {
    let queued = run.open_stage().and_then(|it| it.waiting.as_ref()).is_some_and(|it| is_turn(&it.on));
    let code = run.error.as_ref().map(|it| it.failure.code.as_str());
    match run.status {
        RunStatus::Running | RunStatus::WaitingApproval if run.canceled_by.is_some() => "canceling",
        RunStatus::Running if queued => "queued",
        RunStatus::Running => "running",
        RunStatus::WaitingApproval if run.request().is_some_and(|it| it.subject != Subject::Refresh) => "doubtful",
        RunStatus::WaitingApproval => "waiting_approval",
        RunStatus::Succeeded => "succeeded",
        RunStatus::SucceededWithWarnings => "warned",
        RunStatus::Failed => "failed",
        RunStatus::Canceled => match code {
            Some(codes::APPROVAL_DENIED) => "denied",
            Some(codes::DOUBT_DENIED) => "doubt_denied",
            Some(_) | None => "canceled",
        },
        RunStatus::Superseded => "superseded",
        RunStatus::Expired if code == Some(codes::DOUBT_EXPIRED) => "doubt_expired",
        RunStatus::Expired => "expired",
    }
}

fn is_turn(on: &WaitOn) -> bool {
    matches!(on, WaitOn::Turn { .. })
}

fn denied_by(run: &Run) -> Option<String> {
    let mut votes = run.requests().flat_map(|it| &it.votes);
    votes.find(|it| it.verdict == Verdict::Deny).map(|it| it.user.clone())
}

/// Returns what the run is of, who or what started it, and when.
pub fn about(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let values = values! {
        run => run.export_task.as_str(),
        attempt => run.attempt,
        snapshot => run.snapshot_id,
        taken => run.snapshot_time,
        started => started(voice, run),
        at => run.created_at,
        layers => layers(voice, run.layers.iter().copied()),
        only => run.only,
    };
    voice.say("run.about", values)
}

/// Returns why the run was asked for, in the words of whoever did; empty if they gave none.
pub fn reason(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let Some(reason) = &run.reason else { return Mrkdwn::default() };
    voice.say("run.reason", values! { reason => redact::redact(reason) })
}

/// Returns when the run will probably end, and what that is told from; empty if it is not going on or that cannot be told.
pub fn expected(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let (Some(at), Some(usual)) = (run.expected_end(), &run.usual) else { return Mrkdwn::default() };
    let Usual { runs, whole, .. } = usual;
    voice.say("run.expected", values! { at, runs, low => whole.low, high => whole.high })
}

fn started(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let key = match run.trigger {
        Trigger::Event => "run.started.event",
        Trigger::Slack => "run.started.slack",
        Trigger::Cli => "run.started.cli",
        Trigger::Sweep => "run.started.sweep",
    };
    voice.say(key, values! { by => run.requested_by })
}

/// Returns a run's status in a word or two; one that this version of the bot does not know, as it stands in the record.
pub fn status(voice: Voice<'_>, status: &str) -> Mrkdwn {
    let key = format!("run.status.{status}");
    if voice.has(&key) { voice.text(&key) } else { Mrkdwn::escaped(status) }
}

/// Returns how the run stands, in a word or two.
pub fn standing(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let plain = || status(voice, run.status.as_str());
    if is_queued(run) { voice.text("run.queued") } else { rollback::standing(voice, run).unwrap_or_else(plain) }
}

/// Says whether the run waits for another one of its source.
fn is_queued(run: &Run) -> bool {
    run.status == RunStatus::Running
        && run.open_stage().and_then(|it| it.waiting.as_ref()).is_some_and(|it| is_turn(&it.on))
}

/// Returns the layer's name.
pub fn layer(voice: Voice<'_>, layer: Layer) -> Mrkdwn {
    voice.text(&format!("run.layer.{}", layer.as_str()))
}

/// Returns the names of `layers`.
pub fn layers(voice: Voice<'_>, layers: impl Iterator<Item = Layer>) -> Vec<Mrkdwn> {
    layers.map(|it| layer(voice, it)).collect()
}

/// Returns one line about a run, for lists.
pub fn line(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let values = values! {
        run => run.export_task.as_str(),
        status => standing(voice, run),
        stage => (!run.status.is_over() && !is_queued(run)).then(|| stage::title(voice, run.stage(run.stage))),
        failed => run.error.as_ref().map(|it| stage::name(voice, it.stage)),
        at => run.created_at,
        took => run.finished_at.map(|it| seconds(rollback::opened_at(run), it)),
    };
    voice.say("run.line", values)
}

/// Returns the run's warnings, the first few of them.
pub fn warnings(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    const SHOWN: usize = 5;
    if run.warnings.is_empty() {
        return Mrkdwn::default();
    }
    let shown: Vec<Mrkdwn> = run.warnings.iter().take(SHOWN).map(|it| warning(voice, it)).collect();
    let more = run.warnings.len() - shown.len();
    voice.say("run.warnings", values! { shown, more })
}

fn warning(voice: Voice<'_>, warning: &Warning) -> Mrkdwn {
    match warning {
        Warning::Said(text) => voice.say("run.warning.said", values! { text => redact::redact(text) }),
        Warning::Found { finding, layer: None } => finding::line(voice, finding),
        Warning::Found { finding, layer: Some(it) } => voice
            .say("run.warning.in_layer", values! { line => finding::line(voice, finding), layer => layer(voice, *it) }),
        Warning::More { more, .. } => voice.say("finding.more", values! { n => more }),
    }
}
