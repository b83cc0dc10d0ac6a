//! A person's Home: what waits for their decision, what goes on, how fresh the data is, what has failed, and what they
//! may do. The most urgent comes first.
//!
//! Only kinds of blocks that every workspace takes are used, few enough of each that all parts fit: what there is too
//! much of is folded, and the line below says where the rest is.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, TimestampRound, Unit};
use sha2::{Digest, Sha256};

use super::{
    blocks::{Button, Page},
    names,
    run::{approval::Question, notes},
    text::{Locale, Voice, Words, values},
    view::View,
};
use crate::domain::{
    access::{Membership, Person, Right, Who},
    answer::Reach,
    lake::Lake,
    rights::Rights,
    run::Run,
};

mod parts;

/// How many of a kind are shown.
const DECISIONS: usize = 5;
const RUNNING: usize = 10;
const SOURCES: usize = 50;
const FAILED: usize = 5;

/// Steps of a percentage that are worth publishing a Home for.
const STEP: u8 = 10;

/// What a Home is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Home<'a> {
    pub lake: &'a Lake,
    pub rights: &'a Rights,
    pub ask: &'a Asked,
}

/// Whom to ask for a right: ids as in the configuration.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub view: Vec<String>,
    pub operate: Vec<String>,
}

/// A Home as it is published, and what tells it from another one.
#[derive(Clone, Debug)]
pub struct Drawn {
    pub view: View,
    /// Two Homes that would look the same, but for the time at which they were drawn, have the same.
    pub digest: String,
}

impl Home<'_> {
    /// Draws the Home at `now`.
    pub fn draw(self, words: &Words, locale: Locale, now: Timestamp) -> Drawn {
        let view = self.view(words.voice(locale), now);
        let lake = coarse(self.lake);
        let digest = Home { lake: &lake, ..self }.view(words.voice(locale), hour(now)).digest();
        Drawn { view, digest }
    }

    fn view(self, voice: Voice<'_>, now: Timestamp) -> View {
        let page = self.reviews(self.decisions(Page::of_view(), voice, now), voice);
        // Who may approve sees what to decide, whatever else they may see.
        let lake = names::lake(voice, self.lake.seen_with(self.rights), self.rights);
        let seen = Home { lake: &lake, ..self };
        let page = if !self.rights.may(Right::View) {
            self.closed(page, voice)
        } else if lake.is_untouched() {
            seen.rights(seen.first_steps(page, voice), voice)
        } else {
            let page = seen.running(page, voice, now);
            let page = seen.fresh(page, voice, now);
            seen.rights(seen.failed(page, voice), voice)
        };
        View::home(page.context(voice.say("home.updated", values! { at => now })).into_blocks())
    }

    /// For who may see nothing: why, and whom to ask.
    fn closed(self, page: Page, voice: Voice<'_>) -> Page {
        let person = &self.rights.person;
        let asking = !self.rights.approve.is_empty();
        let member = person.membership == Membership::Member;
        let ask: &[String] = if member { &self.ask.view } else { &[] };
        let page = page.section(voice.say("home.closed", values! { member, ask }));
        if asking { page.section(self.approves(voice)) } else { page }
    }

    fn decisions(self, page: Page, voice: Voice<'_>, now: Timestamp) -> Page {
        let person = &self.rights.person;
        let waiting: Vec<_> =
            self.lake.0.iter().flat_map(|it| it.awaiting(person, now).map(|run| (&it.source, run))).collect();
        if waiting.is_empty() {
            return page;
        }
        let mut page = page.header(&voice.label("home.decisions.header"));
        for (source, run) in waiting.iter().take(DECISIONS) {
            let Some(approval) = run.request() else { continue };
            let Question { what, found, terms, buttons } = Question::of(voice, run, Some(source), approval);
            page = page.section(what).section(found).section(terms).buttons(buttons);
        }
        folded(page, voice, "home.decisions.where", waiting.len(), DECISIONS)
    }

    /// What was started without an approval stays until one of those has looked at it who would have been asked.
    fn reviews(self, mut page: Page, voice: Voice<'_>) -> Page {
        let mine = |name: &str| self.rights.approve.iter().any(|(it, _)| it == name);
        let sources = self.lake.0.iter().filter(|it| mine(&it.source.name));
        let runs = sources.flat_map(|it| it.runs.iter().map(|run| (&it.source, run)));
        let open =
            runs.filter_map(|(source, run)| Some((source, run, run.break_glass.as_ref()?, notes::review(voice, run)?)));
        for (source, run, glass, review) in open.take(DECISIONS) {
            page = page.section(notes::told(voice, run, Some(source), glass)).buttons(vec![review]);
        }
        page
    }

    /// Returns `button` of a run of `source` if the reader may use it.
    fn if_operator(self, source: &str, button: Option<Button>) -> Option<Button> {
        button.filter(|_| self.rights.may_over(Right::Operate, source))
    }
}

/// Returns a digest of all that Homes are drawn from at `now`: as long as it is the same, so is everybody's Home. It is
/// another one every hour, because what is shown of the age of the data is.
pub fn outline(words: &Words, lake: &Lake, now: Timestamp) -> String {
    let person = Person { user: String::new(), membership: Membership::Member, groups: BTreeSet::new() };
    let everything = vec![Who::AnyMember];
    let rights = Rights {
        person,
        views: Reach::Everything,
        operates: Reach::Everything,
        view: everything.clone(),
        operate: everything,
        approve: Vec::new(),
    };
    let seen = Home { lake, rights: &rights, ask: &Asked::default() }.draw(words, Locale::En, now).digest;
    let runs = lake.0.iter().flat_map(|it| &it.runs);
    let decisions = runs.flat_map(|it| it.requests());
    let decisions = decisions.map(|it| format!("{} {:?} {:?}\n", it.id, it.state, it.votes));
    let glass = lake.0.iter().flat_map(|it| &it.runs).filter_map(|it| it.break_glass.as_ref());
    let glass = glass.map(|it| format!("{} {}\n", it.at, it.reviewed.is_some()));
    hex::encode(&Sha256::digest(decisions.chain(glass).chain([seen]).collect::<String>())[..8])
}

/// Adds at which `place` the rest is of a part of which `most` are shown.
fn folded(page: Page, voice: Voice<'_>, place: &str, count: usize, most: usize) -> Page {
    if count <= most {
        return page;
    }
    page.context(voice.say("home.more", values! { more => count - most, place => voice.text(place) }))
}

/// Returns what a change of is worth publishing a Home for: not every percent.
fn coarse(lake: &Lake) -> Lake {
    let mut lake = lake.clone();
    let stages = lake.0.iter_mut().flat_map(|it| &mut it.runs).flat_map(|it| &mut it.stages);
    for percent in stages.filter_map(|it| it.detail.percent.as_mut()) {
        *percent = *percent / STEP * STEP;
    }
    lake
}

fn hour(now: Timestamp) -> Timestamp {
    let whole = TimestampRound::new().smallest(Unit::Hour).mode(jiff::RoundMode::Trunc);
    now.round(whole).unwrap_or(now)
}

/// Says whether the run should have ended by its history.
fn is_late(run: &Run, now: Timestamp) -> bool {
    run.expected_end().is_some_and(|it| it + SignedDuration::from_mins(1) < now)
}

#[cfg(test)]
mod tests;
