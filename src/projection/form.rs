//! The form for a run: the views that one after the other stand in the same modal.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    answer,
    blocks::Page,
    forecast,
    text::{Locale, Mrkdwn, Voice, Words, values},
    view::{Frame, View},
};
use crate::domain::{
    answer::Answer,
    command::RunCommand,
    failure::Failure,
    forecast::Forecast,
    form::{Entered, Flaw},
    snapshot::{Snapshot, SnapshotChoice},
    source::Source,
};

mod fields;
mod why;

pub use fields::field;
pub(super) use fields::origin;
pub use why::{WHY, no_why, why};

/// By this the submission of the form is told.
pub const FORM: &str = "run.form";
/// By this the submission of the review is told: its metadata is the command, as it would be typed.
pub const REVIEW: &str = "run.review";
/// Views that cannot be submitted.
const SHOWN: &str = "run.shown";

/// The form, as it is to be shown.
#[derive(Debug)]
pub struct Form<'a> {
    /// Those that the person may start runs of.
    pub sources: &'a [&'a Source],
    pub chosen: &'a Source,
    pub listing: Listing<'a>,
    pub entered: &'a Entered,
}

/// What is known of the snapshots that can be chosen.
#[derive(Clone, Copy, Debug)]
pub enum Listing<'a> {
    /// RDS has not answered yet.
    Awaited,
    /// Newest first.
    Found(&'a [Snapshot]),
    Failed(&'a Failure),
}

/// Returns what stands there until it is known what to show.
pub fn loading(words: &Words, locale: Locale) -> View {
    waiting(words.voice(locale), "form.loading")
}

/// Returns what stands there until the plan is made.
pub fn working(words: &Words, locale: Locale) -> View {
    waiting(words.voice(locale), "form.working")
}

/// Returns the form.
pub fn form(words: &Words, locale: Locale, form: &Form<'_>) -> View {
    let voice = words.voice(locale);
    let page = fields::all(Page::of_view(), voice, form);
    let submit = Some(voice.label("form.submit"));
    View::modal(frame(voice, FORM, submit, String::new()), page.into_blocks())
}

/// Returns the plan, with a button that starts it; without one where there would be nothing to start. `command` is what was
/// asked for: what is started is of the snapshot that is shown.
pub fn review(words: &Words, locale: Locale, forecast: &Forecast, command: &RunCommand) -> View {
    let voice = words.voice(locale);
    let pinned =
        RunCommand { snapshot: SnapshotChoice::Named(forecast.snapshot.clone()), plan: false, ..command.clone() };
    let command = pinned.to_string();
    let page = forecast::page(Page::of_view(), voice, forecast);
    let page = page.context(voice.say("form.typed", values! { command }));
    let submit = (!forecast.exists).then(|| voice.label("form.start"));
    View::modal(frame(voice, REVIEW, submit, command), page.into_blocks())
}

/// Returns `answer` in a modal.
pub fn told(words: &Words, locale: Locale, answer: &Answer) -> View {
    let blocks = answer::answer(words, locale, answer).blocks;
    let voice = words.voice(locale);
    let frame = Frame { title: voice.label("form.told"), ..frame(voice, SHOWN, None, String::new()) };
    View::modal(frame, blocks)
}

/// Returns what is wrong in the form, by the name of the field that it is to be told beside.
pub fn errors(words: &Words, locale: Locale, entered: &Entered, flaws: &BTreeSet<Flaw>) -> BTreeMap<String, String> {
    let voice = words.voice(locale);
    let source = entered.source.as_deref().unwrap_or_default();
    flaws.iter().map(|it| (at(it, source), flaw(voice, it).literal())).collect()
}

fn at(flaw: &Flaw, source: &str) -> String {
    match flaw {
        // What cannot be chosen has no field of its own.
        Flaw::Source | Flaw::Snapshot => field::SOURCE.to_owned(),
        Flaw::Table(_) => field::TABLES.to_owned(),
        Flaw::Layers => field::of_source(field::LAYERS, source),
        Flaw::Reason { .. } => field::REASON.to_owned(),
    }
}

fn flaw(voice: Voice<'_>, flaw: &Flaw) -> Mrkdwn {
    match flaw {
        Flaw::Source => voice.text("form.flaw.source"),
        Flaw::Snapshot => voice.text("form.flaw.snapshot"),
        Flaw::Table(table) => voice.say("form.flaw.table", values! { table }),
        Flaw::Layers => voice.text("form.flaw.layers"),
        Flaw::Reason { most } => voice.say("form.flaw.reason", values! { most }),
    }
}

fn waiting(voice: Voice<'_>, key: &str) -> View {
    let page = Page::of_view().section(voice.text(key));
    View::modal(frame(voice, SHOWN, None, String::new()), page.into_blocks())
}

fn frame(voice: Voice<'_>, callback: &'static str, submit: Option<String>, metadata: String) -> Frame {
    let close = if submit.is_some() { "form.cancel" } else { "form.close" };
    Frame { title: voice.label("form.title"), submit, close: voice.label(close), callback, metadata }
}

#[cfg(test)]
mod tests;
