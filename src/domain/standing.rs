//! A failure that stands: who takes care of it, what the catalogs show meanwhile, and which run makes up for it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    name::ExportTask,
    run::{FailureNote, Run, RunStatus},
    source::Layer,
    stage::{StageId, StageStatus},
};

/// Somebody has said that they take care of a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Slack id, or the name of the account at the command line.
    pub by: String,
    pub at: Timestamp,
}

/// What a layer's catalog shows for as long as a failure stands: data that an earlier run has put there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    pub layer: Layer,
    /// When the snapshot was taken that the data is of.
    pub taken: Timestamp,
    /// Tables of that run's export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tables: Option<u64>,
}

/// A run of the same source has succeeded with data that is as new or newer: nobody needs to do anything any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overtaken {
    pub by: ExportTask,
    pub at: Timestamp,
}

impl Run {
    /// Returns the failure that the run stands still for, unless another run has made up for it.
    pub fn standing_failure(&self) -> Option<&FailureNote> {
        let stands = self.status == RunStatus::Failed && self.next_attempt.is_none() && self.overtaken.is_none();
        self.failures.last().filter(|_| stands)
    }

    /// Says whether all stages have succeeded.
    pub fn has_succeeded(&self) -> bool {
        match self.status {
            RunStatus::Succeeded | RunStatus::SucceededWithWarnings => true,
            RunStatus::Running
            | RunStatus::WaitingApproval
            | RunStatus::Failed
            | RunStatus::Canceled
            | RunStatus::Superseded
            | RunStatus::Expired => false,
        }
    }

    /// Says whether what was exported has once become good data, and nobody has rolled back from that. The one rule for what
    /// can be gone back to, what is kept, what later runs are compared with, and how old a source's data is.
    pub fn is_good(&self) -> bool {
        self.good_since().is_some()
    }

    /// Returns since when the run's data is good: since all stages had succeeded, or since somebody went back to it, which
    /// is later. `None`: it is not good. Nothing that comes of such a rollback changes what was exported.
    pub fn good_since(&self) -> Option<Timestamp> {
        // In records of before, only a run that stands so tells that it has succeeded.
        let succeeded = self.succeeded_at.or(self.finished_at.filter(|_| self.has_succeeded()))?;
        let is_checked = self.stage(StageId::Verify).status == StageStatus::Succeeded;
        let since = self.rollback.as_ref().map_or(succeeded, |it| succeeded.max(it.at));
        (is_checked && self.rolled_back_to.is_none()).then_some(since)
    }

    /// Returns the layers of the run whose catalogs are not brought up to date when it stops at `stage`.
    pub fn stale_layers(&self, stage: StageId) -> impl Iterator<Item = Layer> {
        self.layers.iter().copied().filter(move |it| stage <= catalog(*it))
    }

    /// Says whether this run, which has succeeded, makes up for the failure that `other` stands still for: what is stale
    /// because of that failure now shows data that is as new, or newer.
    pub fn makes_up_for(&self, other: &Self) -> bool {
        let Some(failure) = other.standing_failure() else { return false };
        let is_another = self.source == other.source && self.run_id != other.run_id;
        let is_as_new = self.snapshot_time >= other.snapshot_time;
        // Somebody has gone back from what was there: only what comes after it makes up for that.
        let is_later = other.rollback.as_ref().is_none_or(|it| self.finished_at.is_some_and(|end| end > it.at));
        let has_layers = other.stale_layers(failure.stage).all(|it| self.layers.contains(&it));
        self.has_succeeded() && is_another && is_as_new && is_later && has_layers && self.covers(other)
    }

    /// Returns what the catalogs show of what the run should have refreshed when it stops at `stage`, by `runs` of its
    /// source. A layer of which they tell nothing is left out.
    pub fn shown_instead(&self, stage: StageId, runs: &[&Self]) -> Vec<Shown> {
        let newest = |layer| {
            let done = |it: &&&Self| it.stage(catalog(layer)).status == StageStatus::Succeeded && it.covers(self);
            runs.iter().filter(done).max_by_key(|it| it.stage(catalog(layer)).finished_at)
        };
        let shown = |layer| {
            let run = newest(layer)?;
            let tables = run.stage(StageId::Verify).detail.tables;
            Some(Shown { layer, taken: run.snapshot_time, tables })
        };
        self.stale_layers(stage).filter_map(shown).collect()
    }

    /// Says whether everything that `other` exports is in this run's export.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let named = |it: &String| self.only.contains(it);
        self.only.is_empty() || (!other.only.is_empty() && other.only.iter().all(named))
    }

    pub(super) fn acknowledge(&mut self, by: &str, at: Timestamp) -> Option<()> {
        self.standing_failure().filter(|it| it.acknowledged.is_none())?;
        self.failures.last_mut()?.acknowledged = Some(Acknowledgement { by: by.to_owned(), at });
        Some(())
    }

    pub(super) fn overtake(&mut self, by: &ExportTask, at: Timestamp) -> Option<()> {
        self.standing_failure()?;
        self.overtaken = Some(Overtaken { by: by.clone(), at });
        Some(())
    }

    pub(super) fn catalogs_seen(&mut self, shown: &[Shown]) -> Option<()> {
        self.standing_failure()?;
        self.failures.last_mut()?.shown = shown.to_vec();
        Some(())
    }
}

/// Returns the stage after which a layer shows new data.
pub(super) fn catalog(layer: Layer) -> StageId {
    match layer {
        Layer::Normal => StageId::NormalCatalog,
        Layer::Sensitive => StageId::SensitiveCatalog,
    }
}

#[cfg(test)]
mod tests;
