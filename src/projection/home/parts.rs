//! The parts of a Home that everybody sees who may view.

use jiff::Timestamp;

use super::{FAILED, Home, RUNNING, SOURCES, folded, is_late};
use crate::{
    domain::{
        access::Right,
        lake::{Lake, Standing},
        run::Run,
    },
    projection::{
        blocks::{Button, Page, Style},
        phrase::{self, failure, stage},
        run::buttons,
        text::{Mrkdwn, Voice, values},
    },
};

/// What went wrong only has to be recognised here.
const CAUSE: usize = 200;

impl Home<'_> {
    pub(super) fn running(self, page: Page, voice: Voice<'_>, now: Timestamp) -> Page {
        let active = self.lake.active();
        let mut page = page.header(&voice.label("home.running.header"));
        if active.is_empty() {
            return page.section(voice.text("home.running.none"));
        }
        for run in active.iter().take(RUNNING) {
            let cancel = self.if_operator(&run.source, buttons::cancel(voice, run));
            let buttons = cancel.into_iter().chain([buttons::details(voice, run)]);
            page = page.section(running(voice, run, now)).buttons(buttons.collect());
        }
        folded(page, voice, "home.running.where", active.len(), RUNNING)
    }

    pub(super) fn fresh(self, page: Page, voice: Voice<'_>, now: Timestamp) -> Page {
        let page = page.header(&voice.label("home.fresh.header"));
        let mut standings: Vec<&Standing> = self.lake.0.iter().collect();
        // Stable: the rest stays in the order of the configuration.
        standings.sort_by_key(|it| !it.is_overdue(now));
        let lines = standings.iter().take(SOURCES).map(|it| phrase::freshness::line(voice, it, now));
        let none = || voice.text("home.fresh.none");
        let page = if standings.is_empty() { page.section(none()) } else { page.lines(lines.collect()) };
        folded(page, voice, "home.fresh.where", standings.len(), SOURCES)
    }

    pub(super) fn failed(self, page: Page, voice: Voice<'_>) -> Page {
        let failures = self.lake.failures();
        if failures.is_empty() {
            return page;
        }
        let mut page = page.header(&voice.label("home.failed.header"));
        for run in failures.iter().take(FAILED) {
            let retry = self.if_operator(&run.source, buttons::try_again(voice, run));
            // What waits for a decision is the one thing that the page wants done.
            let retry = retry.map(|it| Button { style: Style::Plain, ..it });
            let buttons = retry.into_iter().chain([buttons::details(voice, run)]);
            page = page.section(failed(voice, run)).buttons(buttons.collect());
        }
        folded(page, voice, "home.failed.where", failures.len(), FAILED)
    }

    pub(super) fn rights(self, page: Page, voice: Voice<'_>) -> Page {
        let ask = &self.ask.operate;
        let source = example(self.lake);
        let mut page = page.header(&voice.label("home.rights.header"));
        if self.rights.may(Right::Operate) {
            page = page.section(voice.say("home.rights.operate", values! { source }));
        }
        page = page.section(voice.say("home.rights.view", values! { source })).section(self.approves(voice));
        if self.rights.may(Right::Operate) {
            page
        } else {
            page.context(voice.say("home.rights.no_operate", values! { ask }))
        }
    }

    /// For whom nothing has ever run: what a run is, and how one begins.
    pub(super) fn first_steps(self, page: Page, voice: Voice<'_>) -> Page {
        let key = if self.rights.may(Right::Operate) { "home.first.operate" } else { "home.first.view" };
        page.header(&voice.label("home.first.header"))
            .section(voice.text("home.first.what"))
            .section(voice.say(key, values! { source => example(self.lake) }))
    }

    pub(super) fn approves(self, voice: Voice<'_>) -> Mrkdwn {
        let sources: Vec<&str> = self.rights.approve.iter().map(|(source, _)| source.as_str()).collect();
        if sources.is_empty() { Mrkdwn::default() } else { voice.say("home.rights.approve", values! { sources }) }
    }
}

fn running(voice: Voice<'_>, run: &Run, now: Timestamp) -> Mrkdwn {
    let open = run.open_stage();
    let values = values! {
        source => run.source,
        run => run.export_task.as_str(),
        canceling => run.canceled_by.is_some(),
        stage => stage::title(voice, run.stage(run.stage)),
        percent => open.and_then(|it| it.detail.percent),
        began => run.created_at,
        expected => run.expected_end(),
        late => is_late(run, now),
    };
    let wait = open.map(|it| stage::wait(voice, it)).unwrap_or_default();
    Mrkdwn::lines([voice.say("home.running.line", values), wait])
}

fn failed(voice: Voice<'_>, run: &Run) -> Mrkdwn {
    let Some(error) = &run.error else { return Mrkdwn::default() };
    let values = values! {
        source => run.source,
        run => run.export_task.as_str(),
        stage => stage::name(voice, error.stage),
        at => run.finished_at.unwrap_or(run.updated_at),
        cause => failure::cause(voice, &error.failure, CAUSE),
    };
    voice.say("home.failed.line", values)
}

/// Returns the name of a source for examples.
fn example(lake: &Lake) -> &str {
    lake.0.first().map_or("SOURCE", |it| it.source.name.as_str())
}
