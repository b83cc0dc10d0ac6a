//! Failures in the alerts channel: one message each, which turns to "retried" and to "solved".

use super::{Later, View, buttons};
use crate::{
    domain::{
        name::ExportTask,
        run::{FailureNote, RetryNote, Run, RunStatus},
        source::Layer,
        stage::StageId,
    },
    projection::{
        blocks::Page,
        message::Message,
        phrase::{self, failure},
        text::{Mrkdwn, Voice, values},
    },
};

const CAUSE: usize = 700;
/// Once somebody has taken care of it, the cause only has to be recognised.
const PAST_CAUSE: usize = 200;

/// What has become of a failure.
enum Standing<'a> {
    /// It is why the run stands still.
    Present,
    /// Somebody has retried the run, which goes on or has ended otherwise.
    Retried(&'a RetryNote),
    /// Somebody has retried the run, and it has failed again.
    FailedAgain(&'a RetryNote),
    /// Somebody has retried the run, and it has succeeded.
    Solved(&'a RetryNote),
}

pub(super) fn alerts(run: &Run, view: &View<'_>) -> Vec<Later> {
    let alert = |(at, note): (usize, &FailureNote)| {
        let message = message(view.voice(), run, note, &standing(run, at, note));
        view.alert(format!("alert:{}:{}", note.stage, note.attempt), note.at, message)
    };
    // What the bot has tried again by itself is told in the thread only.
    run.failures.iter().enumerate().filter(|(_, it)| !it.tried_again).map(alert).collect()
}

fn standing<'a>(run: &'a Run, index: usize, note: &FailureNote) -> Standing<'a> {
    let is_last = index + 1 == run.failures.len();
    if is_last && run.status == RunStatus::Failed {
        return Standing::Present;
    }
    // A failed run goes on by a retry only, so that the first one after a failure is the one that answered it.
    let Some(retry) = run.retries.iter().find(|it| it.at >= note.at) else { return Standing::Present };
    match run.status {
        _ if !is_last => Standing::FailedAgain(retry),
        RunStatus::Succeeded | RunStatus::SucceededWithWarnings => Standing::Solved(retry),
        RunStatus::Running
        | RunStatus::WaitingApproval
        | RunStatus::Failed
        | RunStatus::Canceled
        | RunStatus::Superseded
        | RunStatus::Expired => Standing::Retried(retry),
    }
}

fn message(voice: Voice<'_>, run: &Run, note: &FailureNote, standing: &Standing<'_>) -> Message {
    let (key, retry) = match standing {
        Standing::Present => return present(voice, run, note),
        Standing::Retried(retry) => ("alert.retried", retry),
        Standing::FailedAgain(retry) => ("alert.failed_again", retry),
        Standing::Solved(retry) => ("alert.solved", retry),
    };
    let values = values! {
        source => run.source,
        by => retry.by,
        at => retry.at,
        solved => run.finished_at,
    };
    let headline = voice.say(key, values);
    Page::new(Mrkdwn::lines([
        headline,
        what(voice, note, &run.run_id),
        failure::cause(voice, &note.failure, PAST_CAUSE),
    ]))
    .message()
}

fn present(voice: Voice<'_>, run: &Run, note: &FailureNote) -> Message {
    let headline = voice.say("alert.present", values! { source => run.source });
    let stale = voice.say(
        "alert.stale",
        values! { layers => phrase::layers(voice, stale(run, note.stage)), taken => run.snapshot_time },
    );
    let cause = failure::cause(voice, &note.failure, CAUSE);
    Page::new(Mrkdwn::lines([headline, what(voice, note, &run.export_task), cause]))
        .section(failure::remedy(voice, &note.failure))
        .section(stale)
        .buttons(buttons::of_failure(voice, run))
        .message()
}

/// Where it failed, when, and in which run: the name that a retry needs, or, once that may have changed, the one that
/// stays.
fn what(voice: Voice<'_>, note: &FailureNote, run: &ExportTask) -> Mrkdwn {
    let stage = voice.text(&format!("stage.{}.todo", note.stage));
    voice.say("alert.what", values! { stage, since => note.at, run => run.as_str() })
}

/// Returns the layers whose catalogs a run that stops at `stage` has not brought up to date.
fn stale(run: &Run, stage: StageId) -> impl Iterator<Item = Layer> {
    run.layers.iter().copied().filter(move |it| stage <= catalog(*it))
}

fn catalog(layer: Layer) -> StageId {
    match layer {
        Layer::Normal => StageId::NormalCatalog,
        Layer::Sensitive => StageId::SensitiveCatalog,
    }
}
