//! Going back: which older run's data takes the place of what is published, and why none may.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{forecast::Loss, name::ExportTask, run::Run, source::Layer, stage::Stage};

/// That a run replaces newer data than its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollback {
    /// The export task whose data is replaced: no other newer one may be.
    pub from: ExportTask,
    /// Slack id, or the name of the account at the command line.
    pub by: String,
    pub at: Timestamp,
    /// Why, in their own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// That older data takes the place of a run's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolledBack {
    /// The run whose data it is.
    pub to: ExportTask,
    /// Slack id, or the name of the account at the command line.
    pub by: String,
    pub at: Timestamp,
    /// Why, in their own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// That what a run had replaced has come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// Slack id, or the name of the account at the command line.
    pub by: String,
    pub at: Timestamp,
}

/// What a rollback would do; nothing has been done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// What the button carries: it finds this preview in the record, and allows nothing.
    pub id: String,
    pub source: String,
    /// What is published.
    pub from: Point,
    /// What takes its place.
    pub to: Point,
    /// The layers that are done again from it.
    pub layers: Vec<Layer>,
    /// Tables that are published and not in its place any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<Loss>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A run, and when the snapshot was taken that its data is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    pub run: ExportTask,
    pub snapshot_time: Timestamp,
}

impl Point {
    /// Returns where `run` stands in time.
    pub fn of(run: &Run) -> Self {
        Self { run: run.export_task.clone(), snapshot_time: run.snapshot_time }
    }
}

/// Why nothing is rolled back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum RollbackRefusal {
    /// The bot has published nothing.
    NothingPublished,
    /// What says what is published cannot be read.
    ManifestUnreadable,
    /// What is published is of no run that the records know.
    NotOurs { export_task: String },
    /// No older run of the source is good, complete and still there.
    NoOlder,
    /// A run of the source is not over: it must end, or be canceled, first.
    Busy { run: ExportTask },
    /// The source is being rolled back.
    RollingBack { run: ExportTask },
    /// The named run did not succeed.
    NotGood { run: ExportTask },
    /// The named run is of another source.
    OtherSource { run: ExportTask },
    /// The named run is what is published.
    IsPublished { run: ExportTask },
    /// The named run's data is not older.
    NotOlder { run: ExportTask },
    /// Somebody has rolled back from the named run.
    RolledBackFrom { run: ExportTask },
    /// The named run's export is not there any more.
    Removed { run: ExportTask },
    /// Since the preview, something else was published, or another run would be taken.
    Changed,
}

impl Run {
    /// Returns every rollback to this run, oldest first.
    pub fn rollbacks(&self) -> impl Iterator<Item = &Rollback> {
        self.past_rollbacks.iter().chain(&self.rollback)
    }

    /// Says whether `stage` has been done since the run was opened, and not before a rollback to it.
    pub fn has_done(&self, stage: &Stage) -> bool {
        self.rollback.as_ref().is_none_or(|it| stage.started_at.is_some_and(|at| at >= it.at))
    }

    /// Returns every mark that the run's data was rolled back from, oldest first.
    pub fn marks(&self) -> impl Iterator<Item = &RolledBack> {
        self.past_marks.iter().chain(&self.rolled_back_to)
    }

    /// Says whether older data that goes back to `newer` may take its place.
    fn is_behind(&self, newer: &Self) -> bool {
        self.snapshot_time < newer.snapshot_time
    }
}

/// Returns the run that is gone back to from `published`: `named`, or the newest of `runs` whose data is good, older,
/// complete and still there.
///
/// `published` is the newest attempt of the run whose data is published; `runs` are those of the source.
///
/// # Errors
/// None can be gone back to.
pub fn choose<'a>(published: &Run, runs: &'a [Run], named: Option<&'a Run>) -> Result<&'a Run, RollbackRefusal> {
    if let Some(open) = runs.iter().find(|it| !it.status.is_over()) {
        let run = open.export_task.clone();
        let rolls_back = open.rollback.is_some();
        return Err(if rolls_back { RollbackRefusal::RollingBack { run } } else { RollbackRefusal::Busy { run } });
    }
    if let Some(named) = named {
        return hindrance(named, published).map_or(Ok(named), Err);
    }
    let whole = |it: &&Run| it.covers(published) && published.layers.iter().all(|layer| it.layers.contains(layer));
    let good = runs.iter().filter(|it| hindrance(it, published).is_none()).filter(whole);
    good.max_by_key(|it| (it.snapshot_time, it.created_at)).ok_or(RollbackRefusal::NoOlder)
}

/// Returns why `run` cannot take the place of what is published.
fn hindrance(run: &Run, published: &Run) -> Option<RollbackRefusal> {
    let name = || run.export_task.clone();
    if run.source != published.source {
        return Some(RollbackRefusal::OtherSource { run: name() });
    }
    if run.run_id == published.run_id {
        return Some(RollbackRefusal::IsPublished { run: name() });
    }
    if run.rolled_back_to.is_some() {
        return Some(RollbackRefusal::RolledBackFrom { run: name() });
    }
    if !run.is_good() || run.next_attempt.is_some() {
        return Some(RollbackRefusal::NotGood { run: name() });
    }
    if run.removal.is_some() {
        return Some(RollbackRefusal::Removed { run: name() });
    }
    (!run.is_behind(published)).then(|| RollbackRefusal::NotOlder { run: name() })
}

#[cfg(test)]
mod tests;
