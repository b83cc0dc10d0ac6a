//! Which exports are not needed any more: by what is published, by the records, and by age.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    name::{ExportTask, Scope},
    run::Run,
    source::{Layer, Location},
    stage::{StageId, StageStatus},
    standing::catalog,
};

/// So far apart may the clocks be of two replicas that wrote two records: times less far apart tell no order.
const CLOCKS: SignedDuration = SignedDuration::from_mins(20);

/// What is kept of a source's exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// So many good ones, the newest.
    pub exports: u32,
    /// And everything for so long after it was needed last.
    pub grace: SignedDuration,
}

/// That the bot removes what was exported for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// From here on nothing builds on it: a part may be gone.
    pub began_at: Timestamp,
    /// When nothing was there any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// What is published, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InUse {
    /// Name of the export task; `None`: nothing is published.
    pub published: Option<String>,
    /// When it was published.
    pub since: Option<Timestamp>,
    /// Exports that something outside the records still reads.
    pub read: Vec<ExportTask>,
    /// Layers whose tables show what was made of one export until they are turned to another's.
    pub turned: Vec<Layer>,
}

impl Retention {
    /// Returns the runs among `runs`, all of one source and with their earlier attempts, whose exports may be removed at
    /// `now`, the oldest first; those first whose removal was begun.
    pub fn removable<'a>(&self, runs: &'a [Run], in_use: &InUse, now: Timestamp) -> Vec<&'a Run> {
        let kept = self.newest_good(runs);
        let mut removable: Vec<&Run> = runs
            .iter()
            .filter(|run| is_there(run) && !in_use.needs(run, runs))
            .filter(|run| {
                run.removal.is_some() || (!kept.contains(&&run.export_task) && self.is_past(run, runs, in_use, now))
            })
            .collect();
        removable.sort_by_key(|it| (it.removal.is_none(), it.snapshot_time, it.attempt));
        removable
    }

    fn newest_good<'a>(&self, runs: &'a [Run]) -> Vec<&'a ExportTask> {
        let is_good = |it: &&Run| it.is_good() && it.next_attempt.is_none() && it.removal.is_none();
        let mut good: Vec<&Run> = runs.iter().filter(is_good).collect();
        good.sort_by_key(|it| std::cmp::Reverse((it.snapshot_time, it.created_at)));
        let most = usize::try_from(self.exports).unwrap_or(usize::MAX);
        good.into_iter().take(most).map(|it| &it.export_task).collect()
    }

    /// Says whether the grace is over since the run was needed last.
    fn is_past(&self, run: &Run, runs: &[Run], in_use: &InUse, now: Timestamp) -> bool {
        let Some(ended) = run.finished_at else { return false };
        let Some(turned) = turned_at(run, runs, in_use, ended) else { return false };
        let marked = run.rolled_back_to.as_ref().map_or(ended, |it| it.at);
        let last = turned.max(marked).max(replaced_at(run, runs, in_use).unwrap_or(ended));
        now.duration_since(last) > self.grace
    }
}

impl Run {
    /// Says whether the run was exported to `to`: its name is derived from where it went. What was exported before the
    /// configuration named another place lies where nobody looks for it.
    pub fn lies_in(&self, to: &Location) -> bool {
        let scope = Scope { source_arn: &self.source_arn, only: &self.only, bucket: &to.bucket, prefix: &to.prefix };
        ExportTask::derive(&self.source, self.snapshot_time, scope, self.attempt) == self.export_task
    }
}

impl InUse {
    /// Says whether something needs the export of `run` now, whatever its age.
    fn needs(&self, run: &Run, runs: &[Run]) -> bool {
        let name = &run.export_task;
        let replaced_now = runs.iter().any(|it| !it.status.is_over() && it.replaces() == Some(name));
        let is_open = !run.status.is_over() || run.has_turn;
        is_open || replaced_now || self.published.as_deref() == Some(name.as_str()) || self.read.contains(name)
    }
}

/// Says whether something was exported for the run, and not removed.
fn is_there(run: &Run) -> bool {
    let exported = run.stage(StageId::Export).attempt > 0;
    exported && run.removal.is_none_or(|it| it.ended_at.is_none())
}

/// Returns when another run's data took the place of this run's, if this run's was published.
fn replaced_at(run: &Run, runs: &[Run], in_use: &InUse) -> Option<Timestamp> {
    next_after(tried_at(run, StageId::Latest)?, done_by_others(run, runs, StageId::Latest).chain(in_use.since))
}

/// Returns the first of `times` that is certainly after `at`, by whatever clocks, or the last of those that may be.
fn next_after(at: Timestamp, times: impl Iterator<Item = Timestamp>) -> Option<Timestamp> {
    let (certain, doubtful): (Vec<_>, Vec<_>) = times.filter(|it| *it > at).partition(|it| *it > at + CLOCKS);
    certain.into_iter().min().or(doubtful.into_iter().max())
}

/// Returns when the last table that showed this run was turned to another; `ended` if none did. `None`: a run is under
/// way that may have turned them, and has not said so yet.
fn turned_at(run: &Run, runs: &[Run], in_use: &InUse, ended: Timestamp) -> Option<Timestamp> {
    in_use.turned.iter().try_fold(ended, |last, layer| {
        let Some(at) = tried_at(run, catalog(*layer)) else { return Some(last) };
        match next_after(at, done_by_others(run, runs, catalog(*layer))) {
            Some(turned) => Some(last.max(turned)),
            // Nobody is known to have: what still shows it is seen in the tables. But the last one that tried may have, and
            // have been retried and given up since.
            None if runs.iter().all(|it| it.status.is_over()) => {
                Some(runs.iter().filter_map(|it| tried_at(it, catalog(*layer))).fold(last.max(at), Timestamp::max))
            }
            None => None,
        }
    })
}

/// Returns when `stage` of the run has ended, if it ever began, whatever has become of it: what readers see may have been
/// changed all the same, or before the run was retried.
fn tried_at(run: &Run, stage: StageId) -> Option<Timestamp> {
    let stage = run.stage(stage);
    stage.finished_at.or(run.finished_at).filter(|_| stage.attempt > 0)
}

/// Returns when other runs have done `stage`. What has failed, or was canceled, need not have replaced anything.
fn done_by_others<'a>(run: &'a Run, runs: &'a [Run], stage: StageId) -> impl Iterator<Item = Timestamp> + 'a {
    let others = runs.iter().filter(|it| it.export_task != run.export_task).map(move |it| it.stage(stage));
    others.filter(|it| it.status == StageStatus::Succeeded).filter_map(|it| it.finished_at)
}

#[cfg(test)]
mod tests;
