//! Failures in the alerts channel: one message for each cause, however often it comes again, which turns to "retried" and
//! to "solved".

use super::{Later, View, buttons};
use crate::{
    domain::{
        name::ExportTask,
        run::{FailureNote, RetryNote, Run, RunStatus},
        standing::Overtaken,
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

/// The same failure, one time or several times one after the other.
struct Row<'a> {
    first: &'a FailureNote,
    last: &'a FailureNote,
    times: usize,
    /// Nothing else has failed since.
    is_newest: bool,
}

/// What has become of a failure.
enum Standing<'a> {
    /// It is why the run stands still.
    Present,
    /// A newer run has succeeded.
    Overtaken(&'a Overtaken),
    /// Somebody has retried the run, which goes on or has ended otherwise.
    Retried(&'a RetryNote),
    /// Somebody has retried the run, and something else has failed.
    FailedAgain(&'a RetryNote),
    /// Somebody has retried the run, and it has succeeded.
    Solved(&'a RetryNote),
}

pub(super) fn alerts(run: &Run, view: &View<'_>) -> Vec<Later> {
    let alert = |row: &Row<'_>| {
        let message = message(view.voice(), run, row, &standing(run, row));
        view.alert(format!("alert:{}:{}", row.first.stage, row.first.attempt), row.first.at, message)
    };
    rows(run).iter().map(alert).collect()
}

/// Returns the failures that people are told of, the same ones together. What the bot has tried again by itself is told
/// in the thread only.
fn rows(run: &Run) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for note in run.failures.iter().filter(|it| !it.tried_again) {
        match rows.last_mut() {
            Some(row) if is_same(row.last, note) => {
                row.last = note;
                row.times += 1;
            }
            before => {
                if let Some(before) = before {
                    before.is_newest = false;
                }
                rows.push(Row { first: note, last: note, times: 1, is_newest: true });
            }
        }
    }
    rows
}

fn is_same(a: &FailureNote, b: &FailureNote) -> bool {
    a.stage == b.stage && a.failure.code == b.failure.code
}

fn standing<'a>(run: &'a Run, row: &Row<'_>) -> Standing<'a> {
    if let Some(overtaken) = &run.overtaken {
        return Standing::Overtaken(overtaken);
    }
    if row.is_newest && run.status == RunStatus::Failed {
        return Standing::Present;
    }
    // A failed run goes on by a retry only: the first one after a failure is the one that answered it.
    let answer = run.retries.iter().find(|it| it.at >= row.last.at);
    match (answer, run.retries.last()) {
        (Some(_), Some(last)) if run.has_succeeded() => Standing::Solved(last),
        (Some(retry), _) if row.is_newest => Standing::Retried(retry),
        (Some(retry), _) => Standing::FailedAgain(retry),
        (None, _) => Standing::Present,
    }
}

fn message(voice: Voice<'_>, run: &Run, row: &Row<'_>, standing: &Standing<'_>) -> Message {
    let of_retry = |key, retry: &RetryNote| {
        let values = values! { source => run.source, by => retry.by, at => retry.at, solved => run.finished_at };
        voice.say(key, values)
    };
    let headline = match standing {
        Standing::Present => return present(voice, run, row),
        Standing::Overtaken(it) => {
            voice.say("alert.overtaken", values! { source => run.source, by => it.by.as_str(), at => it.at })
        }
        Standing::Retried(retry) => of_retry("alert.retried", retry),
        Standing::FailedAgain(retry) => of_retry("alert.failed_again", retry),
        Standing::Solved(retry) => of_retry("alert.solved", retry),
    };
    let cause = failure::cause(voice, &row.last.failure, PAST_CAUSE);
    Page::new(Mrkdwn::lines([headline, what(voice, row, &run.run_id), cause])).message()
}

fn present(voice: Voice<'_>, run: &Run, row: &Row<'_>) -> Message {
    let headline = voice.say("alert.present", values! { source => run.source, times => row.times });
    let cause = failure::cause(voice, &row.last.failure, CAUSE);
    Page::new(Mrkdwn::lines([headline, failure::care(voice, run), what(voice, row, &run.export_task), cause]))
        .section(failure::remedy(voice, &row.last.failure))
        .section(stale(voice, run, row.last))
        .buttons(buttons::of_failure(voice, run))
        .message()
}

/// Where it failed, since when, and in which run: the name that a retry needs, or, once that may have changed, the one
/// that stays.
fn what(voice: Voice<'_>, row: &Row<'_>, run: &ExportTask) -> Mrkdwn {
    let stage = voice.text(&format!("stage.{}.todo", row.first.stage));
    let values = values! { stage, times => row.times, since => row.first.at, last => row.last.at, run => run.as_str() };
    voice.say("alert.what", values)
}

/// Which catalogs the failure keeps from being brought up to date, and what they show instead. Tables are named only if
/// whoever asked for the run has named them: what else there is may be for the eyes of few.
fn stale(voice: Voice<'_>, run: &Run, note: &FailureNote) -> Mrkdwn {
    let catalogs: Vec<_> = run
        .stale_layers(note.stage)
        .map(|layer| {
            let shown = note.shown.iter().find(|it| it.layer == layer);
            let (taken, tables) = (shown.map(|it| it.taken), shown.and_then(|it| it.tables));
            values! { layer => phrase::layer(voice, layer), taken, tables }
        })
        .collect();
    if catalogs.is_empty() {
        return Mrkdwn::default();
    }
    voice.say("alert.stale", values! { catalogs, taken => run.snapshot_time, only => run.only })
}
