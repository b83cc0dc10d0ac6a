//! One run in full: for the person who looks into it.

use super::unsent;
use crate::{
    domain::{
        answer::Unsent,
        history::{Span, took},
        report::{RowCounts, Rows},
        run::{Run, RunStatus},
        source::Layer,
        stage::Stage,
    },
    projection::{
        blocks::Page,
        message::Message,
        phrase::{self, failure, stage},
        text::{Mrkdwn, Voice, values},
    },
};

const CAUSE: usize = 1500;
/// Of a failure that has been retried since.
const PAST_CAUSE: usize = 200;
/// Tables that the beginning of the answer names: see `run.about`.
const NAMED: usize = 5;
/// Failures and retries that are told, the newest.
const HISTORY: usize = 5;

pub(super) fn message(voice: Voice<'_>, run: &Run, unsent: Option<&Unsent>) -> Message {
    let headline = phrase::headline(voice, run);
    let wait = run.open_stage().map(|it| stage::wait(voice, it)).unwrap_or_default();
    let tables = tables(voice, run);
    let page = Page::new(Mrkdwn::lines([headline, phrase::about(voice, run), phrase::rollback::why(voice, run)]))
        .section(unsent.map(|it| unsent::text(voice, it)).unwrap_or_default())
        .section(Mrkdwn::lines([ids(voice, run), phrase::rollback::removal(voice, run)]))
        .section(error(voice, run))
        .section(wait)
        .section(times(voice, run))
        .section(Mrkdwn::lines(run.stages.iter().map(|it| of_stage(voice, run, it))))
        .section(phrase::warnings(voice, run))
        .section(history(voice, run));
    let counted = run.stages.iter().filter_map(|it| Some((it.id.layer()?, it.detail.row_counts.as_deref()?)));
    counted
        .fold(page, |page, (layer, counts)| rows(voice, page, layer, counts))
        .section(tables.0)
        .list(tables.1, |more| voice.say("answer.details.more_tables", values! { more }))
        .message()
}

fn ids(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let values = values! {
        first => (run.attempt > 1).then(|| run.run_id.as_str()),
        next => run.next_attempt.as_ref().map(|it| it.as_str()),
        source_arn => run.source_arn,
        updated => run.updated_at,
    };
    voice.say("answer.details.ids", values)
}

/// Why the run is there, and when it will be done.
fn times(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let expected = run.expected_end().map(|it| voice.say("answer.details.expected", values! { expected => it }));
    let usually = run.usual.as_ref().map(|it| {
        let Span { low, usual, high } = it.whole;
        voice.say("answer.details.usually", values! { low, usual, high, runs => it.runs })
    });
    Mrkdwn::lines([expected, usually].into_iter().flatten())
}

/// Adds the rows of a layer's tables.
fn rows(voice: Voice<'_>, page: Page, layer: Layer, counts: &RowCounts) -> Page {
    let line = |Rows { table, rows, was }: &Rows| voice.say("answer.rows.line", values! { table, rows, was });
    let beyond = counts.more as usize;
    let more = |n: usize| voice.say("answer.rows.more", values! { n });
    let headline = voice.say("answer.rows.headline", values! { layer => phrase::layer(voice, layer) });
    let lines = [headline].into_iter().chain(counts.tables.iter().map(line)).chain((beyond > 0).then(|| more(beyond)));
    // Where there is no room for all, the last line is left out too.
    page.list(lines.collect(), |cut| more(cut + beyond.saturating_sub(1)))
}

/// Every table, where there are more than the beginning of the answer names.
fn tables(voice: Voice<'_>, run: &Run) -> (Mrkdwn, Vec<Mrkdwn>) {
    if run.only.len() <= NAMED {
        return (Mrkdwn::default(), Vec::new());
    }
    let line = |it: &String| voice.say("answer.details.table", values! { table => it });
    (voice.text("answer.details.only"), run.only.iter().map(line).collect())
}

fn error(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let Some(error) = &run.error else { return Mrkdwn::default() };
    let cause = failure::cause(voice, &error.failure, CAUSE);
    Mrkdwn::lines([cause, failure::remedy(voice, &error.failure), failure::care(voice, run)])
}

fn of_stage(voice: Voice<'_>, run: &Run, of: &Stage) -> Mrkdwn {
    let values = values! {
        attempt => of.attempt,
        started => of.started_at,
        finished => of.finished_at,
        job_run_id => of.detail.job_run_id,
        usual => usual(run, of),
    };
    let times = if of.started_at.is_some() { voice.say("answer.details.times", values) } else { Mrkdwn::default() };
    Mrkdwn::lines([stage::line(voice, run, of), times])
}

/// Returns how long the stage usually takes, once it is known how long it took this time.
fn usual(run: &Run, of: &Stage) -> Option<i64> {
    took(of)?;
    Some(run.usual.as_ref()?.stages.get(&of.id)?.usual)
}

/// Past failures and retries in the order in which they happened.
fn history(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    // The present failure stands above, in full.
    let past = run.failures.len() - usize::from(run.status == RunStatus::Failed);
    let failures = run.failures.iter().take(past).map(|it| {
        let name = stage::name(voice, it.stage);
        let cause = failure::cause(voice, &it.failure, PAST_CAUSE);
        (it.at, voice.say("answer.details.failed", values! { at => it.at, stage => name, cause }))
    });
    let retries = run.retries.iter().map(|it| {
        let from = stage::name(voice, it.from);
        (it.at, voice.say("answer.details.retried", values! { at => it.at, from, by => it.by }))
    });
    let mut events: Vec<_> = failures.chain(retries).collect();
    events.sort_by_key(|(at, _)| *at);
    let newest = events.split_off(events.len().saturating_sub(HISTORY));
    Mrkdwn::lines(newest.into_iter().map(|(_, line)| line))
}
