//! The replies in a run's thread: what happened, one message each, and never told twice.

use super::{
    Later, View,
    buttons::{kept, redone},
};
use crate::{
    domain::{
        history::{self, Usual},
        retry::BOT,
        run::{FailureNote, RetryNote, Run, RunStatus},
        stage::{Stage, StageId, StageStatus},
    },
    projection::{
        blocks::Page,
        message::Message,
        phrase::{self, failure, finding, stage},
        text::{Mrkdwn, Voice, values},
    },
};

const CAUSE: usize = 1500;

/// Returns a reply for each stage that has succeeded.
pub(super) fn stages(run: &Run, view: &View<'_>) -> Vec<Later> {
    let done = run.stages.iter().filter(|it| it.status == StageStatus::Succeeded);
    done.filter_map(|it| {
        let found = it.detail.inspection.as_deref().map(|it| finding::found(view.voice(), it)).unwrap_or_default();
        let message = Page::new(stage::line(view.voice(), run, it)).section(found).message();
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

/// Returns the reply that closes the run, once per try: a retry or rollback leaves it standing, and the next end has its own.
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
    let message = Page::new(Mrkdwn::lines([headline, done(voice, run), durations(voice, run), hint]))
        .section(phrase::warnings(voice, run))
        .message();
    Some(view.reply(format!("end:{}", run.retries.len() + run.rollbacks().count()), at, message))
}

/// What has come of the run: what was exported, checked, copied.
fn done(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    // RDS itself counts whole gigabytes only; its files are exact, and may say nothing.
    let exact = run.stage(StageId::Verify).detail.gigabytes.is_some();
    let told = [StageId::Export, StageId::Verify, StageId::Latest].into_iter();
    let told = told.filter(|it| !exact || *it != StageId::Export).map(|it| run.stage(it));
    let done = told.filter(|it| it.status == StageStatus::Succeeded && run.has_done(it));
    let facts: Vec<Mrkdwn> = done.flat_map(|it| stage::facts(voice, run, it)).collect();
    if facts.is_empty() { Mrkdwn::default() } else { voice.say("thread.done", values! { facts }) }
}

/// How long each stage took, and all of them, beside what is usual.
fn durations(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let usual = |it: &Stage| run.usual.as_ref().and_then(|usual| usual.stages.get(&it.id)).map(|it| it.usual);
    let lines = run.stages.iter().filter(|it| run.has_done(it)).filter_map(|it| {
        let usual = usual(it).filter(|_| it.id != StageId::SensitiveApproval);
        let values = values! { name => stage::name(voice, it.id), took => stage::took(it)?, usual };
        Some(voice.say("thread.duration", values))
    });
    Mrkdwn::lines(lines.chain([work(voice, run)]))
}

/// How long the run has worked; empty unless it has come to its end, or if nothing tells what is usual.
fn work(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let Some(usual) = run.usual.as_ref().filter(|_| run.has_succeeded()) else { return Mrkdwn::default() };
    let Usual { runs, whole, .. } = usual;
    let values = values! { took => history::work(run), low => whole.low, high => whole.high, runs };
    voice.say("thread.work", values)
}
