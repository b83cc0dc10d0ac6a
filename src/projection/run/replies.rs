//! The replies in a run's thread: what happened, one message each, and never told twice.

use super::{
    Later, View,
    buttons::{kept, redone},
};
use crate::{
    domain::{
        retry::BOT,
        run::{FailureNote, RetryNote, Run, RunStatus},
        stage::{StageId, StageStatus},
    },
    projection::{
        blocks::Page,
        message::Message,
        phrase::{self, failure, stage},
        text::{Mrkdwn, Voice, values},
    },
};

const CAUSE: usize = 1500;

/// Returns a reply for each stage that has succeeded.
pub(super) fn stages(run: &Run, view: &View<'_>) -> Vec<Later> {
    let done = run.stages.iter().filter(|it| it.status == StageStatus::Succeeded);
    done.filter_map(|it| {
        let message = Page::new(stage::line(view.voice(), run, it)).message();
        Some(view.reply(format!("stage:{}:{}", it.id, it.attempt), it.finished_at?, message))
    })
    .collect()
}

/// Returns a reply for each failure, those before a retry too.
pub(super) fn failures(run: &Run, view: &View<'_>) -> Vec<Later> {
    let reply = |it: &FailureNote| {
        let key = format!("stage:{}:{}", it.stage, it.attempt);
        view.reply(key, it.at, failed(view.voice(), it))
    };
    run.failures.iter().map(reply).collect()
}

fn failed(voice: Voice<'_>, note: &FailureNote) -> Message {
    let title = voice.text(&format!("stage.{}.todo", note.stage));
    let headline = voice.say("thread.failed", values! { title, attempt => note.attempt });
    let page = Page::new(Mrkdwn::lines([headline, failure::cause(voice, &note.failure, CAUSE)]));
    // Nobody has to do anything about what the bot has tried again already.
    let remedy = if note.tried_again { Mrkdwn::default() } else { failure::remedy(voice, &note.failure) };
    page.section(remedy).message()
}

/// Returns a reply for each retry.
pub(super) fn retries(run: &Run, view: &View<'_>) -> Vec<Later> {
    let reply = |(at, note): (usize, &RetryNote)| {
        view.reply(format!("retry:{}", at + 1), note.at, retried(view.voice(), run, note))
    };
    run.retries.iter().enumerate().map(reply).collect()
}

fn retried(voice: Voice<'_>, run: &Run, note: &RetryNote) -> Message {
    if note.by == BOT {
        return Page::new(voice.text("thread.tried_again")).message();
    }
    let values = values! {
        by => note.by,
        from => stage::name(voice, note.from),
        kept => stage::names(voice, kept(run, note.from)),
        redone => stage::names(voice, redone(run, note.from)),
        export => note.from <= StageId::Export,
    };
    Page::new(voice.say("thread.retried", values)).message()
}

/// Returns the reply that closes the run, once per try: a retry leaves it standing, and the next end has its own.
pub(super) fn end(run: &Run, view: &View<'_>) -> Option<Later> {
    let at = run.finished_at?;
    let voice = view.voice();
    let headline = phrase::headline(voice, run);
    let hint = match run.status {
        RunStatus::Failed | RunStatus::Canceled | RunStatus::Expired => {
            voice.say("thread.retry_hint", values! { run => run.export_task.as_str() })
        }
        RunStatus::Running
        | RunStatus::WaitingApproval
        | RunStatus::Succeeded
        | RunStatus::SucceededWithWarnings
        | RunStatus::Superseded => Mrkdwn::default(),
    };
    let message = Page::new(Mrkdwn::lines([headline, durations(voice, run), hint]))
        .section(phrase::warnings(voice, run))
        .message();
    Some(view.reply(format!("end:{}", run.retries.len()), at, message))
}

/// How long each stage took that was done.
fn durations(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let took: Vec<_> = run
        .stages
        .iter()
        .filter_map(|it| Some(values! { name => stage::name(voice, it.id), took => stage::took(it)? }))
        .collect();
    if took.is_empty() { Mrkdwn::default() } else { voice.say("thread.durations", values! { took }) }
}
