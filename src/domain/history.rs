//! What a source's runs usually take, told from those that have succeeded.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    run::Run,
    stage::{Stage, StageId, StageStatus},
};

/// How many of the newest runs count: enough that one slow night does not show, few enough that growth does.
pub const RUNS: usize = 10;

/// How long something usually takes, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The shortest that was seen.
    pub low: i64,
    /// The median.
    pub usual: i64,
    /// The longest that was seen.
    pub high: i64,
}

/// What the runs of a source usually take. Recorded in a run when it begins, so that what people read of it can be drawn
/// from its record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usual {
    /// Runs that it is told from.
    pub runs: u32,
    /// All stages together, but for the approval: people take the time that they take.
    pub whole: Span,
    pub stages: BTreeMap<StageId, Span>,
}

impl Usual {
    /// Returns what `runs`, of one source and the newest first, tell: those count that have succeeded. `None` if none has.
    pub fn of<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Option<Self> {
        let counted: Vec<&Run> =
            runs.into_iter().filter(|it| it.has_succeeded() && it.rollback.is_none()).take(RUNS).collect();
        let whole = Span::of(counted.iter().map(|it| work(it)).collect())?;
        let stages = StageId::ALL.into_iter().filter_map(|id| {
            let took = counted.iter().filter_map(|it| took(it.stage(id))).collect();
            Some((id, Span::of(took)?))
        });
        Some(Self { runs: u32::try_from(counted.len()).unwrap_or(u32::MAX), whole, stages: stages.collect() })
    }

    /// Returns how long the stages from `first` on take that `wanted` names, but for the approval.
    pub fn from(&self, first: StageId, wanted: impl Fn(StageId) -> bool) -> SignedDuration {
        let counts = |id: &StageId| *id >= first && *id != StageId::SensitiveApproval && wanted(*id);
        let seconds = self.stages.iter().filter(|(id, _)| counts(id)).map(|(_, span)| span.usual).sum();
        SignedDuration::from_secs(seconds)
    }
}

impl Span {
    /// Returns the span of some lengths; `None` if there are none.
    fn of(mut seconds: Vec<i64>) -> Option<Self> {
        seconds.sort_unstable();
        let (low, high) = (*seconds.first()?, *seconds.last()?);
        Some(Self { low, usual: seconds[seconds.len() / 2], high })
    }
}

impl Run {
    /// Returns when the run will probably be done, if it goes on and that can be told. A time of approval is not in it.
    pub fn expected_end(&self) -> Option<Timestamp> {
        let open = self.open_stage().filter(|_| !self.status.is_over() && self.has_turn)?;
        let from = open.started_at.unwrap_or(self.updated_at);
        let in_run = |id: StageId| self.stage(id).status != StageStatus::Skipped;
        Some(from + self.usual.as_ref()?.from(open.id, in_run))
    }
}

/// Returns how many seconds the stage took, once it has succeeded.
pub fn took(stage: &Stage) -> Option<i64> {
    let done = stage.status == StageStatus::Succeeded;
    Some(stage.finished_at.filter(|_| done)?.duration_since(stage.started_at?).as_secs())
}

/// Returns how many seconds of work a run was: what it waited for people and for its turn is not in it.
pub fn work(run: &Run) -> i64 {
    let worked = run.stages.iter().filter(|it| it.id != StageId::SensitiveApproval && run.has_done(it));
    worked.filter_map(took).sum()
}

#[cfg(test)]
mod tests;
