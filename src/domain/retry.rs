//! Retrying a run: what is kept, what is done again, and under which name.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    approval::{Subject, Verdict},
    fact::Fact,
    failure::{Class, Remedy, codes},
    run::{Run, RunStatus},
    source::Source,
    stage::{StageId, StageStatus},
};

/// Who retries a run when nobody needs to be asked.
pub const BOT: &str = "datalake-bot";

/// How often the bot exports a snapshot again by itself.
const TRIES: usize = 2;

/// How a run is retried.
#[derive(Clone, Debug, PartialEq)]
pub enum Retry {
    /// The same export is kept; the run goes on from `from`.
    Same { from: StageId, fact: Fact },
    /// The export is done again: RDS does not take a name twice, so the run goes on in a record of its own.
    NewAttempt { from: StageId, fact: Fact, next: Box<Run> },
}

impl Retry {
    /// Returns the stage from which the run goes on.
    pub fn from(&self) -> StageId {
        match self {
            Self::Same { from, .. } | Self::NewAttempt { from, .. } => *from,
        }
    }
}

/// Why a run cannot be retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryRefusal {
    /// It is still going on.
    NotOver,
    /// Nothing has failed, and no stage was named.
    NothingFailed,
    /// A newer run has taken its place.
    Superseded,
    /// A later attempt exists: that one can be retried.
    Continued,
    /// The stage does not belong to this run.
    NotInRun(StageId),
    /// What comes before the stage is not done.
    NotReached(StageId),
    /// The source is being rolled back from it.
    RollingBack,
    /// Somebody has rolled back from it: what it would go on from is of the older run.
    RolledBackFrom,
    /// `latest/` holds a newer snapshot's data, which the retry would need to replace.
    NewerData,
}

/// Returns where what has stopped a run at `stage` is to be mended. People have stopped it for what the Normal catalog
/// shows: another crawl would show the same, until the job has written anew.
fn root(run: &Run, stage: StageId) -> StageId {
    let leaks = run.question.as_ref().is_some_and(|it| it.subject == Subject::Leak && it.stage == stage);
    if leaks && stage == StageId::NormalCatalog { StageId::NormalTransform } else { stage }
}

/// Returns the stage that is meant: `named`, or where the run stopped. What somebody has rolled back from is done again from
/// `latest` at least: what comes after that is not of its data any more, and was approved for another state of affairs.
fn beginning(run: &Run, named: Option<StageId>) -> Result<StageId, RetryRefusal> {
    let stopped = run.stages.iter().find(|it| matches!(it.status, StageStatus::Failed | StageStatus::Canceled));
    let from = named.or(stopped.map(|it| root(run, it.id))).ok_or(RetryRefusal::NothingFailed)?;
    match named {
        _ if run.rolled_back_to.is_none() => Ok(from),
        Some(from) if from > StageId::Latest => Err(RetryRefusal::RolledBackFrom),
        Some(_) | None => Ok(from.min(StageId::Latest)),
    }
}

/// Returns how `by` can retry `run` from `from`, or from where it stopped.
///
/// # Errors
/// The run cannot be retried so.
pub fn retry(run: &Run, from: Option<StageId>, by: &str, now: Timestamp) -> Result<Retry, RetryRefusal> {
    if !run.status.is_over() {
        return Err(RetryRefusal::NotOver);
    }
    if run.next_attempt.is_some() {
        return Err(RetryRefusal::Continued);
    }
    if run.status == RunStatus::Superseded {
        return Err(RetryRefusal::Superseded);
    }
    let from = beginning(run, from)?;
    if run.stage(from).status == StageStatus::Skipped {
        return Err(RetryRefusal::NotInRun(from));
    }
    let done = |status| matches!(status, StageStatus::Succeeded | StageStatus::Skipped);
    if let Some(open) = run.stages.iter().find(|it| it.id < from && !done(it.status)) {
        return Err(RetryRefusal::NotReached(open.id));
    }
    let from = from_live_approval(run, from, by, now);
    // What the bot has removed, RDS can export again.
    let reads_export = matches!(from, StageId::Verify | StageId::Latest);
    let from = if reads_export && run.removal.is_some() { StageId::Export } else { from };
    if from > StageId::Export {
        return Ok(Retry::Same { from, fact: Fact::Retried { from, by: by.to_owned() } });
    }
    let next = next_attempt(run, from, by, now);
    Ok(Retry::NewAttempt { from, fact: Fact::Continued { next: next.export_task.clone() }, next: Box::new(next) })
}

/// Returns how a run that has just failed goes on without being asked: RDS's own trouble with an export may be over
/// under another name. Everything else is a person's to decide.
pub fn automatic(run: &Run, now: Timestamp) -> Option<(Fact, Run)> {
    let error = run.error.as_ref().filter(|it| it.stage == StageId::Export && run.status == RunStatus::Failed)?;
    let passing = error.failure.class == Class::NewAttempt && error.failure.remedy() == Remedy::ExportAgain;
    let tries = run.failures.iter().filter(|it| it.tried_again).count();
    (passing && error.failure.code == codes::EXPORT_FAILED && tries < TRIES && run.canceled_by.is_none())
        .then_some(())?;
    let mut next = next_attempt(run, StageId::Export, BOT, now);
    next.failures.last_mut()?.tried_again = true;
    Some((Fact::Continued { next: next.export_task.clone() }, next))
}

/// Returns the stage that a retry of a run of `source` from `from` builds on: what belongs to it must still be there. For
/// `verify` that is the export's files, for `latest` what it has published.
pub fn foundation(run: &Run, source: &Source, from: StageId) -> Option<StageId> {
    let builds_on_latest = |id| source.builds_on_latest(id);
    match from {
        // Whether the export's files are there, `verify` itself finds out.
        StageId::Snapshot | StageId::Export | StageId::Verify => None,
        StageId::Latest => Some(StageId::Verify),
        StageId::NormalTransform
        | StageId::NormalCatalog
        | StageId::SensitiveApproval
        | StageId::SensitiveTransform
        | StageId::SensitiveCatalog => redone(run, from).into_iter().any(builds_on_latest).then_some(StageId::Latest),
    }
}

/// Returns the stages before `from` whose work a retry keeps.
pub fn kept(run: &Run, from: StageId) -> Vec<StageId> {
    let kept = run.stages.iter().filter(|it| it.id < from && it.status == StageStatus::Succeeded);
    kept.map(|it| it.id).collect()
}

/// Returns the stages that a retry from `from` does, again or for the first time.
pub fn redone(run: &Run, from: StageId) -> Vec<StageId> {
    run.stages.iter().filter(|it| it.id >= from && it.status != StageStatus::Skipped).map(|it| it.id).collect()
}

/// An approval is good for what it was given for: when it has run out, or when one of those who gave it now changes
/// the run, people are asked again.
fn from_live_approval(run: &Run, from: StageId, by: &str, now: Timestamp) -> StageId {
    let live = run.approval.as_ref().is_some_and(|it| {
        it.is_given(run, now) && !it.live_votes(now).any(|vote| vote.verdict == Verdict::Approve && vote.user == by)
    });
    if from > StageId::SensitiveApproval && !live { StageId::SensitiveApproval } else { from }
}

fn next_attempt(run: &Run, from: StageId, by: &str, now: Timestamp) -> Run {
    let (mut next, now) = (run.clone(), run.moment(now));
    next.attempt += 1;
    next.export_task = run.run_id.with_attempt(next.attempt);
    next.version = 1;
    next.created_at = now;
    next.succeeded_at = None;
    next.updated_at = now;
    next.reset(from, by, now);
    next.first_published = None;
    next.log_continued(&run.export_task, from, by);
    next
}

#[cfg(test)]
mod tests;
