//! What came of a request, in words.

use super::{ambiguous_run, forbidden, rollback, unknown_run, unknown_source};
use crate::{
    domain::{
        answer::{GlassRefusal, Outcome},
        approval::{ApprovalState, Refusal, Subject, Verdict},
        name::ExportTask,
        retry::RetryRefusal,
        stage::StageId,
    },
    projection::{
        blocks::{Button, Style},
        forecast,
        phrase::{
            self,
            redact::redact,
            stage::{name, names},
        },
        text::{Mrkdwn, Voice, values},
    },
};

const WITHDRAW: &str = "approval.withdraw";
const WHY: &str = "approval.reason";

pub(super) fn text(voice: Voice<'_>, outcome: &Outcome) -> Mrkdwn {
    match outcome {
        Outcome::Started { run } => voice.say("outcome.started", values! { run => run.as_str() }),
        Outcome::Queued { run, holder } => voice.say("outcome.queued", values! { run => run.as_str(), holder }),
        Outcome::Exists { run, status, same_layers } => exists(voice, run, status, *same_layers),
        // The point of it: the plan itself is a message of more than one paragraph.
        Outcome::Planned(forecast) => forecast::headline(voice, forecast),
        Outcome::Retrying { run, from, kept, redone, gone, overwritten, undoes } => {
            let values = values! {
                run => run.as_str(),
                from => name(voice, *from),
                kept => names(voice, kept.iter().copied()),
                redone => names(voice, redone.iter().copied()),
                gone => gone.map(|it| name(voice, it)),
                overwritten,
            };
            let told = voice.say("outcome.retrying", values);
            Mrkdwn::lines([told, phrase::rollback::undone_by_retry(voice, undoes.as_deref())])
        }
        Outcome::NotRetried { run, why } => not_retried(voice, run, *why),
        Outcome::RollbackPreviewed(preview) => rollback::headline(voice, preview),
        Outcome::RollingBack { source, from, to, layers } => rollback::begun(voice, source, [from, to], layers),
        Outcome::NotRolledBack { source, why } => rollback::refused(voice, source, why),
        Outcome::UnknownPreview => voice.text("rollback.unknown"),
        Outcome::Canceling { run } => voice.say("outcome.canceling", values! { run => run.as_str() }),
        Outcome::NotCanceled { run, status } => stands(voice, "outcome.not_canceled", run, status),
        Outcome::Acknowledged { run } => voice.say("outcome.acknowledged", values! { run => run.as_str() }),
        Outcome::AcknowledgedBefore { run, by, at } => {
            voice.say("outcome.acknowledged_before", values! { run => run.as_str(), by, at })
        }
        Outcome::NotAcknowledged { run, status } => stands(voice, "outcome.not_acknowledged", run, status),
        Outcome::Voted { run, subject, verdict, open, .. } => voted(voice, run, *subject, *verdict, *open),
        Outcome::NotVoted { why } => voice.text(not_voted(why)),
        Outcome::Withdrawn { run } => voice.say("outcome.withdrawn", values! { run => run.as_str() }),
        Outcome::Explained { run } => voice.say("outcome.explained", values! { run => run.as_str() }),
        Outcome::GlassBroken { run } => voice.say("outcome.glass_broken", values! { run => run.as_str() }),
        Outcome::GlassReviewed { run } => voice.say("outcome.glass_reviewed", values! { run => run.as_str() }),
        Outcome::GlassNotBroken { run, why } => voice.say(glass(*why), values! { run => run.as_str() }),
        Outcome::NoSnapshot { source } => voice.say("outcome.no_snapshot", values! { source }),
        Outcome::SnapshotNotFound { source, snapshot } => {
            voice.say("outcome.snapshot_not_found", values! { source, snapshot })
        }
        Outcome::NoSuchLayer { source, layer } => {
            voice.say("outcome.no_such_layer", values! { source, layer => phrase::layer(voice, *layer) })
        }
        Outcome::UnknownSource { name } => unknown_source(voice, name, None, &[]),
        Outcome::UnknownRun { text } => unknown_run(voice, text),
        Outcome::AmbiguousRun { text, matches } => ambiguous_run(voice, text, matches),
        Outcome::Forbidden(it) => forbidden(voice, it),
        Outcome::GaveUp { code, why } => voice.say("outcome.gave_up", values! { code, why => redact(why) }),
    }
}

fn exists(voice: Voice<'_>, run: &ExportTask, status: &str, same_layers: bool) -> Mrkdwn {
    let status = phrase::status(voice, status);
    voice.say("outcome.exists", values! { run => run.as_str(), status, same_layers })
}

fn stands(voice: Voice<'_>, key: &str, run: &ExportTask, status: &str) -> Mrkdwn {
    voice.say(key, values! { run => run.as_str(), status => phrase::status(voice, status) })
}

fn voted(voice: Voice<'_>, run: &ExportTask, subject: Subject, verdict: Verdict, open: u32) -> Mrkdwn {
    let doubt = subject != Subject::Refresh;
    let key = match verdict {
        Verdict::Approve => "outcome.voted.approve",
        Verdict::Deny => "outcome.voted.deny",
    };
    voice.say(key, values! { run => run.as_str(), open, doubt })
}

fn not_retried(voice: Voice<'_>, run: &ExportTask, why: RetryRefusal) -> Mrkdwn {
    let (key, stage) = match why {
        RetryRefusal::NotOver => ("outcome.not_retried.not_over", None),
        RetryRefusal::NothingFailed => ("outcome.not_retried.nothing_failed", None),
        RetryRefusal::Superseded => ("outcome.not_retried.superseded", None),
        RetryRefusal::Continued => ("outcome.not_retried.continued", None),
        RetryRefusal::NotInRun(stage) => ("outcome.not_retried.not_in_run", Some(stage)),
        RetryRefusal::RollingBack => ("outcome.not_retried.rolling_back", None),
        RetryRefusal::RolledBackFrom => ("outcome.not_retried.rolled_back_from", None),
        RetryRefusal::NewerData => ("outcome.not_retried.newer_data", None),
        RetryRefusal::NotReached(stage) => ("outcome.not_retried.not_reached", Some(stage)),
    };
    voice.say(
        key,
        values! { run => run.as_str(), stage => stage.map(|it| name(voice, it)), id => stage.map(StageId::as_str) },
    )
}

/// Returns what can be pressed below the answer: who has approved can take it back, and who has not said why can do so.
pub(super) fn buttons(voice: Voice<'_>, outcome: &Outcome) -> Vec<Button> {
    let Outcome::Voted { request, verdict, explained, .. } = outcome else { return Vec::new() };
    let button = |action, key: &str| {
        let (label, value) = (voice.label(key), request.clone());
        Button { action, label, value, style: Style::Plain, confirm: None }
    };
    let withdraw = (*verdict == Verdict::Approve).then(|| button(WITHDRAW, "button.withdraw.label"));
    let why = (!explained).then(|| button(WHY, "button.why.label"));
    withdraw.into_iter().chain(why).collect()
}

fn glass(why: GlassRefusal) -> &'static str {
    match why {
        GlassRefusal::NotAllowed => "outcome.glass.not_allowed",
        GlassRefusal::NoReason => "outcome.glass.no_reason",
        GlassRefusal::NotWaiting => "outcome.glass.not_waiting",
        GlassRefusal::Reviewed => "outcome.glass.reviewed",
        GlassRefusal::OwnGlass => "outcome.glass.own",
        GlassRefusal::NotApprover => "outcome.glass.not_approver",
    }
}

fn not_voted(why: &Refusal) -> &'static str {
    match why {
        Refusal::Unknown | Refusal::Decided(ApprovalState::Void) => "outcome.not_voted.unknown",
        Refusal::Decided(ApprovalState::Approved | ApprovalState::Pending) => "outcome.not_voted.approved",
        Refusal::Decided(ApprovalState::Denied) => "outcome.not_voted.denied",
        Refusal::Decided(ApprovalState::Expired) | Refusal::Expired => "outcome.not_voted.expired",
        Refusal::Decided(ApprovalState::Overridden) => "outcome.not_voted.overridden",
        Refusal::Passed => "outcome.not_voted.passed",
        Refusal::NothingGiven => "outcome.not_voted.nothing_given",
        Refusal::NothingToExplain => "outcome.not_voted.nothing_to_explain",
        Refusal::NoIdentity => "outcome.not_voted.no_identity",
        Refusal::OwnRun => "outcome.not_voted.own_run",
        Refusal::NotApprover => "outcome.not_voted.not_approver",
        Refusal::Voted => "outcome.not_voted.voted",
    }
}
