//! Going back to older data, as people do it: early and late, twice, while something else is under way, to what is not
//! there any more; and how often each of these has been seen.

use super::{crowd::Act, history::Count, world::Truth};
use crate::{
    domain::{
        answer::Outcome,
        command::{Command, RollbackCommand},
        failure::codes,
        rollback::{Preview, RollbackRefusal},
        run::{Run, RunStatus},
        stage::StageId,
    },
    engine::ports::Wish,
};

impl Truth {
    /// Where people go back at all, they do it often, and mostly when nothing else is under way.
    pub(super) fn wants_back(&mut self, user: &'static str) -> Option<Act> {
        let is_busy = self.records.runs.values().any(|it| !it.run.status.is_over());
        let often = if is_busy { 12 } else { 75 };
        if self.rolls_back && self.mishap(often) { self.roll_back(user) } else { None }
    }

    /// Somebody asks what a rollback would do, or wants what they were told of, be it long ago, or wants back what was
    /// rolled back from.
    pub(super) fn roll_back(&mut self, user: &'static str) -> Option<Act> {
        if self.chance.u8(0..8) == 0 {
            let run = self.some_run(|it| it.rolled_back_to.is_some())?;
            return Some(Act::Say(user, Command::Retry { run, from: Some(StageId::Latest) }));
        }
        let previews = self.previews();
        if let Some(preview) = self.chance.choice(previews).filter(|_| self.chance.u8(0..3) > 0) {
            if self.mishap(8) {
                self.remove_by_hand(&preview.to.run);
            }
            return Some(Act::Press(user, Wish::Rollback { preview: preview.id }));
        }
        let older: Vec<String> = self.aws.latest.keys().filter(|it| self.can_go_back(it)).cloned().collect();
        let source = self.chance.choice(older)?;
        let of_source = |it: &Run| it.source == source && it.has_succeeded();
        let to = if self.chance.u8(0..3) == 0 { self.some_run(of_source) } else { None };
        Some(Act::Say(user, Command::Rollback(RollbackCommand { source, to, reason: None })))
    }

    /// Says whether anybody would think of going back: there is data that something older was published before.
    fn can_go_back(&self, source: &str) -> bool {
        let runs = self.records.runs.values().map(|it| &it.run);
        runs.filter(|it| it.source == source && it.is_good()).count() > 1
    }

    /// Returns what people were told that a rollback would do: what would still be done, as far as one can see, or if
    /// there is none, whatever they were told.
    fn previews(&self) -> Vec<Preview> {
        let outcomes = self.records.requests.values().filter_map(|it| it.request.outcome.as_ref());
        let previews =
            outcomes.filter_map(|it| if let Outcome::RollbackPreviewed(it) = it { Some((**it).clone()) } else { None });
        let (now, past): (Vec<Preview>, Vec<Preview>) = previews.partition(|it| {
            let held = self.aws.latest.get(&it.source).and_then(|it| it.manifest.as_ref());
            let place = self.sources.get(&it.source).map(|source| source.export_of(&it.to.run));
            let is_there = place.is_some_and(|it| self.aws.removed.is_whole(&it));
            is_there && held.is_some_and(|held| held.0 == it.from.run.as_str())
        });
        if now.is_empty() { past } else { now }
    }

    /// Counts what comes of a request.
    pub(super) fn count_outcome(&mut self, outcome: &Outcome) {
        let Outcome::NotRolledBack { why, .. } = outcome else { return };
        match why {
            RollbackRefusal::Busy { .. } | RollbackRefusal::RollingBack { .. } => {
                self.history.add(Count::RollbacksBusy);
            }
            RollbackRefusal::Removed { .. } => self.history.add(Count::RollbacksToNothing),
            RollbackRefusal::NothingPublished
            | RollbackRefusal::ManifestUnreadable
            | RollbackRefusal::NotOurs { .. }
            | RollbackRefusal::NoOlder
            | RollbackRefusal::NotGood { .. }
            | RollbackRefusal::OtherSource { .. }
            | RollbackRefusal::IsPublished { .. }
            | RollbackRefusal::NotOlder { .. }
            | RollbackRefusal::RolledBackFrom { .. }
            | RollbackRefusal::Changed => {}
        }
    }

    /// Counts that a run was brought back; from one that had itself been brought back, that is the second in a row.
    pub(super) fn count_rollback(&mut self, run: &Run) {
        self.history.add(Count::Rollbacks);
        let from = run.replaces().and_then(|it| self.records.runs.get(it));
        if from.is_some_and(|it| it.run.rollbacks().next().is_some()) {
            self.history.add(Count::RollbacksInARow);
        }
    }

    /// Counts how a rollback has ended.
    pub(super) fn count_rollback_end(&mut self, run: &Run) {
        let denied = run.error.as_ref().is_some_and(|it| it.failure.code == codes::APPROVAL_DENIED);
        if run.rollback.is_none() {
        } else if run.has_succeeded() {
            self.history.add(Count::RollbacksDone);
        } else if denied && run.status == RunStatus::Canceled {
            self.history.add(Count::RollbacksDenied);
        }
    }

    /// Counts a crash, if it comes in the midst of a rollback.
    pub(super) fn count_crash(&mut self) {
        self.history.add(Count::Crashes);
        let mut runs = self.records.runs.values().map(|it| &it.run);
        if runs.any(|it| it.rollback.is_some() && !it.status.is_over()) {
            self.history.add(Count::RollbackCrashes);
        }
    }
}
