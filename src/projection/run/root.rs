//! The one message that a run has in the channel: how it stands, stage by stage.

use super::{buttons, plan};
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
    let about = [
        phrase::about(voice, run),
        phrase::reason(voice, run),
        phrase::rollback::why(voice, run),
        phrase::expected(voice, run),
    ];
    Page::new(Mrkdwn::lines([headline].into_iter().chain(about)))
        .plan(plan::plan(voice, run), |page| page.section(Mrkdwn::lines(stages)))
        .section(wait)
        .section(trouble(voice, run))
        .section(phrase::warnings(voice, run))
        .buttons(buttons::of_run(voice, run))
        .message()
}

/// Why the run stopped short, what to do about it, and who does; empty if it has not.
fn trouble(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let Some(error) = &run.error else { return Mrkdwn::default() };
    // That somebody said no, or nobody anything, is in the headline; AWS has nothing to add to it.
    let cause = (run.status == RunStatus::Failed).then(|| failure::cause(voice, &error.failure, CAUSE));
    let remedy = run.overtaken.is_none().then(|| failure::remedy(voice, &error.failure));
    Mrkdwn::lines(cause.into_iter().chain(remedy).chain([failure::care(voice, run)]))
}
