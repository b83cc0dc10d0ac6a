//! One run in full: for the person who looks into it.

use super::unsent;
use crate::{
    domain::{
        answer::Unsent,
        run::{Run, RunStatus},
        stage::Stage,
    },
    projection::{
        blocks::Page,
        forecast,
        message::Message,
        phrase::{self, failure, stage},
        text::{Mrkdwn, Voice, values},
    },
};

const CAUSE: usize = 1500;
/// Of a failure that has been retried since.
const PAST_CAUSE: usize = 200;
/// Failures and retries that are told, the newest.
const HISTORY: usize = 5;

pub(super) fn message(voice: Voice<'_>, run: &Run, unsent: Option<&Unsent>) -> Message {
    let headline = phrase::headline(voice, run);
    let wait = run.open_stage().map(|it| stage::wait(voice, it)).unwrap_or_default();
    Page::new(Mrkdwn::lines([headline, phrase::about(voice, run)]))
        .section(unsent.map(|it| unsent::text(voice, it)).unwrap_or_default())
        .section(run.reason.as_ref().map(|it| forecast::reason(voice, it)).unwrap_or_default())
        .section(ids(voice, run))
        .section(error(voice, run))
        .section(wait)
        .section(Mrkdwn::lines(run.stages.iter().map(|it| of_stage(voice, run, it))))
        .section(phrase::warnings(voice, run))
        .section(history(voice, run))
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
    };
    let times = if of.started_at.is_some() { voice.say("answer.details.times", values) } else { Mrkdwn::default() };
    Mrkdwn::lines([stage::line(voice, run, of), times])
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
