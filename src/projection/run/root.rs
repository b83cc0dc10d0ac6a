//! The one message that a run has in the channel: how it stands, stage by stage.

use super::buttons;
use crate::{
    domain::run::{Run, RunStatus},
    projection::{
        blocks::Page,
        message::Message,
        phrase::{self, failure, stage},
        text::{Mrkdwn, Voice},
    },
};

/// What AWS said is told in full in the thread; here it only has to be recognised.
const CAUSE: usize = 300;

pub(super) fn message(voice: Voice<'_>, run: &Run) -> Message {
    let headline = phrase::headline(voice, run);
    let stages = run.stages.iter().map(|it| stage::line(voice, run, it));
    let wait = run.open_stage().map(|it| stage::wait(voice, it)).unwrap_or_default();
    Page::new(Mrkdwn::lines([headline, phrase::about(voice, run)]))
        .section(Mrkdwn::lines(stages))
        .section(wait)
        .section(trouble(voice, run))
        .section(phrase::warnings(voice, run))
        .buttons(buttons::of_run(voice, run))
        .message()
}

/// Why the run stopped short and what to do about it; empty if it has not.
fn trouble(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let Some(error) = &run.error else { return Mrkdwn::default() };
    // That somebody said no, or nobody anything, is in the headline; AWS has nothing to add to it.
    let cause = (run.status == RunStatus::Failed).then(|| failure::cause(voice, &error.failure, CAUSE));
    Mrkdwn::lines(cause.into_iter().chain([failure::remedy(voice, &error.failure)]))
}
