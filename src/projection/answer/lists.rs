//! Answers that are lists: runs and sources, one line each.

use crate::{
    domain::{
        export::{ActiveExport, SLOTS, Unmanaged},
        run::Run,
        source::{Engine, Schedule, Source},
    },
    projection::{
        blocks::Page,
        message::Message,
        phrase,
        text::{Mrkdwn, Voice, values},
    },
};

pub(super) fn overview(voice: Voice<'_>, active: &[Run], unmanaged: &[Unmanaged], may_operate: bool) -> Message {
    let title = voice.say("answer.overview.title", values! { count => active.len() });
    let lines = active.iter().map(|it| phrase::line(voice, it)).collect();
    let next = voice.text(if may_operate { "answer.overview.operator" } else { "answer.overview.viewer" });
    list(voice, title, lines).section(self::unmanaged(voice, unmanaged)).section(next).message()
}

pub(super) fn runs(voice: Voice<'_>, runs: &[Run], unmanaged: &[Unmanaged]) -> Message {
    let title = voice.say("answer.runs.title", values! { count => runs.len() });
    let lines = runs.iter().map(|it| phrase::line(voice, it)).collect();
    let page = list(voice, title, lines).section(self::unmanaged(voice, unmanaged));
    if runs.is_empty() { page } else { page.context(voice.text("answer.runs.hint")) }.message()
}

pub(super) fn sources(voice: Voice<'_>, sources: &[(Source, Option<Run>)]) -> Message {
    let title = voice.say("answer.sources.title", values! { count => sources.len() });
    let lines = sources.iter().map(|(source, last)| self::source(voice, source, last.as_ref())).collect();
    list(voice, title, lines).message()
}

/// Exports that no run has asked for. There are no more of them than the account has slots.
fn unmanaged(voice: Voice<'_>, unmanaged: &[Unmanaged]) -> Mrkdwn {
    let line = |Unmanaged { source, export }: &Unmanaged| {
        let ActiveExport { name, status, percent, started_at, source_arn: _ } = export;
        voice.say("answer.unmanaged.line", values! { source, name, status, percent, since => started_at })
    };
    let title = (!unmanaged.is_empty()).then(|| voice.text("answer.unmanaged.title"));
    Mrkdwn::lines(title.into_iter().chain(unmanaged.iter().take(SLOTS).map(line)))
}

fn list(voice: Voice<'_>, title: Mrkdwn, lines: Vec<Mrkdwn>) -> Page {
    Page::new(title).list(lines, |more| voice.say("answer.more", values! { more }))
}

fn source(voice: Voice<'_>, source: &Source, last: Option<&Run>) -> Mrkdwn {
    let engine = match source.engine {
        Engine::Rds => "RDS",
        Engine::Aurora => "Aurora",
    };
    let values = values! {
        name => source.name,
        engine,
        identifier => source.identifier,
        on_snapshot => source.schedule == Schedule::OnSnapshot,
        layers => phrase::layers(voice, source.layers().into_iter()),
        last => last.map(|it| phrase::line(voice, it)),
    };
    voice.say("answer.sources.line", values)
}
