//! The buttons below messages of a run: those that do something as the run stands.

use crate::{
    domain::{
        retry::{Retry, retry},
        run::Run,
        stage::{StageId, StageStatus},
    },
    projection::{
        blocks::{Button, Confirm, Style},
        phrase::{rollback::undone_by_retry, stage::names},
        text::{Mrkdwn, Voice, values},
    },
};

pub(super) const CANCEL: &str = "run.cancel";
pub(super) const RETRY: &str = "run.retry";
pub(super) const ACKNOWLEDGE: &str = "run.acknowledge";
pub(super) const DETAILS: &str = "run.details";
pub(super) const APPROVE: &str = "approval.approve";
pub(super) const DENY: &str = "approval.deny";
pub(super) const REVIEW: &str = "breakglass.review";

/// Returns the buttons of the run's own message.
pub(super) fn of_run(voice: Voice<'_>, run: &Run) -> Vec<Button> {
    [cancel(voice, run), try_again(voice, run), Some(details(voice, run))].into_iter().flatten().collect()
}

/// Returns the buttons of a failure that is still the run's present one.
pub(super) fn of_failure(voice: Voice<'_>, run: &Run) -> Vec<Button> {
    [try_again(voice, run), acknowledge(voice, run), Some(details(voice, run))].into_iter().flatten().collect()
}

/// Returns what tells others that somebody is on it, until somebody is.
fn acknowledge(voice: Voice<'_>, run: &Run) -> Option<Button> {
    let free = run.standing_failure().is_some_and(|it| it.acknowledged.is_none());
    free.then(|| button(voice, ACKNOWLEDGE, "acknowledge", run))
}

/// Returns what lets the run go on, if it can be retried: the rule is the domain's.
pub(in crate::projection) fn try_again(voice: Voice<'_>, run: &Run) -> Option<Button> {
    // What another run has made up for would only be replaced by older data.
    if run.overtaken.is_some() {
        return None;
    }
    let (from, export) = match retry(run, None, "", run.updated_at).ok()? {
        Retry::Same { from, .. } => (from, false),
        Retry::NewAttempt { from, .. } => (from, true),
    };
    let values = values! { kept => names(voice, kept(run, from)), redone => names(voice, redone(run, from)), export };
    let undone = undone_by_retry(voice, run.rolled_back_to.as_ref());
    let text = Mrkdwn::lines([undone, voice.say("button.retry.confirm.text", values)]);
    Some(Button {
        style: Style::Primary,
        confirm: Some(confirm(voice, "retry", text)),
        ..button(voice, RETRY, "retry", run)
    })
}

/// Returns what stops the run, if it can be stopped.
pub(in crate::projection) fn cancel(voice: Voice<'_>, run: &Run) -> Option<Button> {
    let open = !run.status.is_over() && run.canceled_by.is_none();
    let text = voice.text("button.cancel.confirm.text");
    open.then(|| Button { confirm: Some(confirm(voice, "cancel", text)), ..button(voice, CANCEL, "cancel", run) })
}

/// Returns what shows the run in full.
pub(in crate::projection) fn details(voice: Voice<'_>, run: &Run) -> Button {
    button(voice, DETAILS, "details", run)
}

fn button(voice: Voice<'_>, action: &'static str, name: &str, run: &Run) -> Button {
    let value = run.export_task.as_str().to_owned();
    Button { action, label: voice.label(&format!("button.{name}.label")), value, style: Style::Plain, confirm: None }
}

/// Returns the question behind button `name`; it is answered with the button's own words, or by going back.
pub(super) fn confirm(voice: Voice<'_>, name: &str, text: Mrkdwn) -> Confirm {
    Confirm {
        title: voice.label(&format!("button.{name}.confirm.title")),
        text,
        yes: voice.label(&format!("button.{name}.label")),
        no: voice.label("button.back"),
    }
}

/// Returns the stages that a retry from `from` keeps.
pub(super) fn kept(run: &Run, from: StageId) -> impl Iterator<Item = StageId> {
    in_run(run).filter(move |it| *it < from)
}

/// Returns the stages that a retry from `from` does again.
pub(super) fn redone(run: &Run, from: StageId) -> impl Iterator<Item = StageId> {
    in_run(run).filter(move |it| *it >= from)
}

fn in_run(run: &Run) -> impl Iterator<Item = StageId> {
    run.stages.iter().filter(|it| it.status != StageStatus::Skipped).map(|it| it.id)
}
