//! How one source stands: how fresh its data is, how long its refreshes took, and its newest runs.

use jiff::{Timestamp, tz::TimeZone};

use super::lists::{rest, runs_on, unmanaged};
use crate::{
    domain::{export::Unmanaged, history::work, lake::Standing, run::Run},
    projection::{
        blocks::{Page, chart::Bars},
        message::Message,
        phrase::freshness,
        text::{Mrkdwn, Voice, values},
    },
};

/// Runs that are shown.
const RUNS: usize = 5;

pub(super) fn message(voice: Voice<'_>, standing: &Standing, exports: &[Unmanaged], at: Timestamp) -> Message {
    let page = Page::new(freshness::line(voice, standing, at));
    // What the chart shows is in words above it.
    let page = match chart(voice, standing).into_block() {
        Some(chart) => page.either(chart, |page| page),
        None => page,
    };
    let shown: Vec<&Run> = standing.runs.iter().take(RUNS).collect();
    let (count, source) = (shown.len(), &standing.source.name);
    let page = page.section(voice.say("table.source.title", values! { count }));
    let page = runs_on(page, voice, &voice.say("table.runs", values! { count }), &shown, true);
    let place = voice.say("table.source.where", values! { source });
    let page = rest(page, voice, standing.runs.len(), RUNS, place.as_str()).section(unmanaged(voice, exports));
    let hint = if shown.is_empty() { Mrkdwn::default() } else { voice.text("answer.runs.hint") };
    page.context(hint).message()
}

/// How long the last refreshes took, the newest at the right.
fn chart(voice: Voice<'_>, standing: &Standing) -> Bars {
    let successes = standing.runs.iter().rev().filter(|it| it.has_succeeded());
    let minutes = |run: &Run| work(run) as f64 / 60.0;
    let day = |run: &Run| run.snapshot_time.to_zoned(TimeZone::UTC).strftime("%m-%d %H:%M").to_string();
    Bars {
        title: voice.say("table.chart.title", values! { source => standing.source.name }).into_string(),
        name: voice.label("table.chart.name"),
        unit: voice.label("table.chart.unit"),
        points: successes.map(|it| (day(it), minutes(it))).collect(),
    }
}
