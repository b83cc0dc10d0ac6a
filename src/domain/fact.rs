//! The facts that change a run, and the one function that says which fact may happen when.

use jiff::{SignedDuration, Timestamp};

use super::{
    approval::{Approval, Subject, Void},
    failure::Failure,
    name::ExportTask,
    rollback::{Rollback, RolledBack},
    run::{FailureNote, RetryNote, Run, RunError, RunStatus},
    stage::{Detail, Intent, Stage, StageId, StageStatus, WaitOn, Waiting},
    standing::Shown,
    warning::Warning,
};

mod people;
mod rollback;

/// Something that has happened to a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// The run holds its source's turn.
    TurnTaken,
    /// The stage waits for something that is not its own work.
    Waited { stage: StageId, on: WaitOn },
    /// The stage has begun.
    Began { stage: StageId },
    /// A replica is about to act for the stage.
    Intended { stage: StageId, intent: Intent },
    /// AWS has certainly not acted: the intent is taken back.
    Withdrawn { stage: StageId, on: WaitOn },
    /// The replica stops, and so has its own work for the stage: anybody may go on with it.
    GivenBack { stage: StageId, detail: Detail },
    /// AWS has acted.
    Acted { stage: StageId, handle: Option<String> },
    /// The replica still acts.
    Renewed { stage: StageId, until: Timestamp, detail: Detail },
    /// More is known of the work.
    Progressed { stage: StageId, detail: Detail },
    /// The stage has succeeded.
    Finished { stage: StageId, detail: Detail, warnings: Vec<Warning> },
    /// The stage, and with it the run, has failed.
    Failed { stage: StageId, failure: Failure },
    /// People were asked to approve.
    ApprovalAsked { approval: Approval },
    /// Somebody has decided, or the time is over.
    ApprovalChanged { approval: Approval },
    /// Nothing may be done any more on the present request about `subject`: what it was about has changed.
    /// Those named in `by` are why, if anybody is.
    ApprovalVoided { subject: Subject, why: Void, by: Vec<String> },
    /// People were reminded that they are asked.
    ApprovalReminded { subject: Subject },
    /// An operator lets the sensitive refresh start without an approval.
    GlassBroken { by: String, reason: String },
    /// An approver has looked at that.
    GlassReviewed { by: String },
    /// Somebody wants the run to end.
    CancelAsked { by: String },
    /// The run's work has been stopped.
    Canceled,
    /// A newer snapshot's run has taken this one's place.
    Superseded,
    /// Somebody lets the run go on from `from`, with what was done before it.
    Retried { from: StageId, by: String },
    /// The run goes on under another export task's name.
    Continued { next: ExportTask },
    /// Somebody takes care of the failure that the run stands still for.
    Acknowledged { by: String },
    /// Another run has made up for that failure.
    Overtaken { by: ExportTask },
    /// What the catalogs show for as long as that failure stands.
    CatalogsSeen { shown: Vec<Shown> },
    /// The run, whose data was good, goes on from `latest`, to replace newer data.
    BroughtBack { rollback: Rollback },
    /// The run's data is to be replaced by older data.
    RolledBack { mark: RolledBack },
    /// The data that the run has replaced comes back: it may not replace it again.
    RollbackUndone { by: String },
    /// The run's export is being removed.
    RemovalBegan,
    /// Nothing of the run's export is there any more.
    RemovalEnded { objects: u64, bytes: u64 },
}

/// A fact that cannot happen to a run as it is.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("run {run} is {status:?} at {stage}: {fact:?} cannot happen to it")]
pub struct IllegalFact {
    run: ExportTask,
    status: RunStatus,
    stage: StageId,
    fact: Box<Fact>,
}

impl Run {
    /// Returns the run after `fact`, which happened at `now`.
    ///
    /// # Errors
    /// The fact cannot happen to the run as it is: whoever wanted to record it was looking at an older state.
    pub fn after(&self, fact: &Fact, now: Timestamp) -> Result<Self, IllegalFact> {
        let now = self.moment(now);
        let mut run = self.clone();
        let applied = match fact {
            Fact::Retried { from, by } => run.retried(*from, by, now),
            Fact::Continued { next } => run.continued(next),
            Fact::Acknowledged { by } => run.acknowledge(by, now),
            Fact::Overtaken { by } => run.overtake(by, now),
            Fact::CatalogsSeen { shown } => run.catalogs_seen(shown),
            Fact::GlassReviewed { by } => run.glass_reviewed(by, now),
            Fact::ApprovalChanged { approval } if self.is_explained_by(approval) => run.approval_explained(approval),
            Fact::BroughtBack { rollback } => run.brought_back(rollback, now),
            Fact::RolledBack { mark } => run.rolled_back(mark, now),
            Fact::RollbackUndone { by } => run.rollback_undone(by, now),
            Fact::RemovalBegan => run.removal_began(now),
            Fact::RemovalEnded { .. } => run.removal_ended(now),
            _ if self.status.is_over() => None,
            Fact::TurnTaken => run.turn_taken(),
            Fact::CancelAsked { by } => run.cancel_asked(by),
            Fact::Canceled if self.canceled_by.is_none() => None,
            Fact::Canceled => run.end(RunStatus::Canceled, StageStatus::Canceled, now),
            Fact::Superseded if run.has_turn => None,
            Fact::Superseded => run.end(RunStatus::Superseded, StageStatus::Canceled, now),
            Fact::ApprovalAsked { approval } => run.approval_asked(approval, now),
            Fact::ApprovalChanged { approval } => run.approval_changed(approval, now),
            Fact::ApprovalVoided { subject, why, by } => run.approval_voided(*subject, *why, by, now),
            Fact::ApprovalReminded { subject } => run.approval_reminded(*subject, now),
            Fact::GlassBroken { by, reason } => run.glass_broken(by, reason, now),
            Fact::Waited { stage, .. }
            | Fact::Began { stage }
            | Fact::Intended { stage, .. }
            | Fact::Withdrawn { stage, .. }
            | Fact::GivenBack { stage, .. }
            | Fact::Acted { stage, .. }
            | Fact::Renewed { stage, .. }
            | Fact::Progressed { stage, .. }
            | Fact::Finished { stage, .. }
            | Fact::Failed { stage, .. } => run.stage_changed(*stage, fact, now),
        };
        if applied.is_none() {
            let fact = Box::new(fact.clone());
            return Err(IllegalFact { run: self.export_task.clone(), status: self.status, stage: self.stage, fact });
        }
        run.updated_at = now;
        run.log_fact(self, fact);
        Ok(run)
    }

    /// Returns when something happens to the run by a clock that shows `now`. Replicas' clocks differ; in a record time
    /// never runs backwards, so that what is told of it stands in the order in which it happened.
    pub(super) fn moment(&self, now: Timestamp) -> Timestamp {
        if now < self.updated_at { self.updated_at + SignedDuration::from_millis(1) } else { now }
    }

    fn turn_taken(&mut self) -> Option<()> {
        (!self.has_turn).then_some(())?;
        self.has_turn = true;
        self.open_stage_mut()?.waiting = None;
        Some(())
    }

    fn cancel_asked(&mut self, by: &str) -> Option<()> {
        self.canceled_by.get_or_insert_with(|| by.to_owned());
        Some(())
    }

    fn stage_changed(&mut self, id: StageId, fact: &Fact, now: Timestamp) -> Option<()> {
        // People's decision is no work: nothing but their votes ends it well. What came of a start may be heard of late.
        let is_work = !matches!(fact, Fact::Waited { .. } | Fact::Failed { .. } | Fact::Acted { .. });
        let is_for_people = id == StageId::SensitiveApproval || self.status == RunStatus::WaitingApproval;
        (!is_for_people || !is_work).then_some(())?;
        match fact {
            Fact::Waited { on, .. } => wait(self.begun_or_next(id)?, on, now),
            Fact::Began { .. } => {
                self.has_turn.then_some(())?;
                begin(self.begun_or_next(id)?, now);
                self.stage = id;
            }
            Fact::Intended { intent, .. } => return self.intended(id, intent, now),
            Fact::Withdrawn { on, .. } => wait(self.freed(id)?, on, now),
            Fact::GivenBack { detail, .. } => self.freed(id)?.detail = detail.clone(),
            Fact::Acted { handle, .. } => return self.acted(id, handle.clone()),
            Fact::Renewed { until, detail, .. } => {
                let stage = self.running(id)?;
                stage.intent.as_mut()?.until = *until;
                stage.detail = detail.clone();
                stage.waiting = None;
            }
            Fact::Progressed { detail, .. } => {
                let stage = self.running(id)?;
                stage.detail = detail.clone();
                stage.waiting = None;
            }
            Fact::Finished { detail, warnings, .. } => return self.finish(id, detail, warnings, now),
            Fact::Failed { failure, .. } => return self.fail(id, failure, now),
            Fact::TurnTaken
            | Fact::ApprovalAsked { .. }
            | Fact::ApprovalChanged { .. }
            | Fact::ApprovalVoided { .. }
            | Fact::ApprovalReminded { .. }
            | Fact::GlassBroken { .. }
            | Fact::GlassReviewed { .. }
            | Fact::CancelAsked { .. }
            | Fact::Canceled
            | Fact::Superseded
            | Fact::Retried { .. }
            | Fact::Continued { .. }
            | Fact::Acknowledged { .. }
            | Fact::Overtaken { .. }
            | Fact::CatalogsSeen { .. }
            | Fact::BroughtBack { .. }
            | Fact::RolledBack { .. }
            | Fact::RollbackUndone { .. }
            | Fact::RemovalBegan
            | Fact::RemovalEnded { .. } => return None,
        }
        Some(())
    }

    /// Whatever was planned: what is sensitive is touched under an approval only. A plan may be a little old.
    fn intended(&mut self, id: StageId, intent: &Intent, now: Timestamp) -> Option<()> {
        let given = self.approval.as_ref().is_some_and(|it| it.is_given(self, now));
        (id != StageId::SensitiveTransform || given).then_some(())?;
        let stage = self.running(id).filter(|it| it.is_unconfirmed())?;
        // What is in the way stays recorded until AWS has acted: it may be so again, and runs out of patience.
        stage.intent = Some(intent.clone());
        Some(())
    }

    fn acted(&mut self, id: StageId, handle: Option<String>) -> Option<()> {
        let stage = self.running(id)?;
        let intent = stage.intent.as_mut()?;
        intent.handle = handle.or(intent.handle.take()).or_else(|| Some(String::new()));
        stage.waiting = None;
        Some(())
    }

    fn finish(&mut self, id: StageId, detail: &Detail, warnings: &[Warning], now: Timestamp) -> Option<()> {
        let stage = self.running(id)?;
        close(stage, StageStatus::Succeeded, now);
        if !detail.is_empty() {
            stage.detail = detail.clone();
        }
        // A stage that is done again after a retry may warn of the same again.
        let new: Vec<Warning> = warnings.iter().filter(|it| !self.warnings.contains(it)).cloned().collect();
        self.warnings.extend(new);
        if self.open_stage().is_none() {
            self.status =
                if self.warnings.is_empty() { RunStatus::Succeeded } else { RunStatus::SucceededWithWarnings };
            self.finished_at = Some(now);
            self.succeeded_at = Some(now);
            self.has_turn = false;
        }
        Some(())
    }

    fn fail(&mut self, id: StageId, failure: &Failure, now: Timestamp) -> Option<()> {
        let stage = self.begun_or_next(id)?;
        begin(stage, now);
        stage.error = Some(failure.clone());
        let attempt = stage.attempt;
        self.stage = id;
        self.failures.push(FailureNote::new(id, attempt, failure.clone(), now));
        self.error = Some(RunError { stage: id, failure: failure.clone() });
        self.end(RunStatus::Failed, StageStatus::Failed, now)
    }

    /// Ends the run: the open stage gets `stage`, what would have followed stays pending for a retry.
    fn end(&mut self, status: RunStatus, stage: StageStatus, now: Timestamp) -> Option<()> {
        let open = self.open_stage_mut()?;
        close(open, stage, now);
        self.stage = open.id;
        self.status = status;
        self.finished_at = Some(now);
        self.has_turn = false;
        Some(())
    }

    fn retried(&mut self, from: StageId, by: &str, now: Timestamp) -> Option<()> {
        let kept = self
            .stages
            .iter()
            .filter(|it| it.id < from)
            .all(|it| matches!(it.status, StageStatus::Succeeded | StageStatus::Skipped));
        let reads_export = matches!(from, StageId::Verify | StageId::Latest);
        let is_there = !(reads_export && self.removal.is_some());
        let is_whole = self.rolled_back_to.is_none() || from <= StageId::Latest;
        let can_begin =
            from > StageId::Export && self.stage(from).status != StageStatus::Skipped && is_there && is_whole;
        (self.can_go_on() && kept && can_begin).then_some(())?;
        self.reset(from, by, now);
        Some(())
    }

    /// Makes the stages from `from` on pending again, and the run one that goes on there.
    pub(super) fn reset(&mut self, from: StageId, by: &str, now: Timestamp) {
        self.reopen(from, Void::Retried, now);
        // Every warning is about the export, and stays true for as long as the export is kept.
        if from <= StageId::Export {
            self.warnings.clear();
            self.removal = None;
        }
        self.retries.push(RetryNote { by: by.to_owned(), from, at: now });
        self.status = RunStatus::Running;
        self.stage = from;
        self.error = None;
        self.canceled_by = None;
        self.overtaken = None;
        self.past_marks.extend(self.rolled_back_to.take());
        self.finished_at = None;
    }

    /// Makes the stages from `from` on pending again; what people were asked there is set aside.
    fn reopen(&mut self, from: StageId, why: Void, now: Timestamp) {
        self.undone = None;
        let latest = self.stage(StageId::Latest);
        let published = latest.detail.extent().filter(|_| latest.status == StageStatus::Succeeded);
        if from <= StageId::Latest {
            self.first_published = self.first_published.or(published);
        }
        for stage in self.stages.iter_mut().filter(|it| it.id >= from && it.status != StageStatus::Skipped) {
            let is_whole = stage.is_whole && from > StageId::Export && !from.is_transform();
            *stage = Stage { attempt: stage.attempt, is_whole, ..Stage::new(stage.id, StageStatus::Pending) };
        }
        let past = [&mut self.question, &mut self.approval].map(|it| it.take_if(|it| from <= it.stage));
        self.past_approvals.extend(past.into_iter().flatten().map(|it| it.set_aside(why, now)));
    }

    fn continued(&mut self, next: &ExportTask) -> Option<()> {
        let follows = *next == self.run_id.with_attempt(self.attempt + 1);
        (self.can_go_on() && follows).then(|| self.next_attempt = Some(next.clone()))
    }

    fn can_go_on(&self) -> bool {
        self.status.is_over() && self.status != RunStatus::Superseded && self.next_attempt.is_none()
    }

    fn open_stage_mut(&mut self) -> Option<&mut Stage> {
        self.stages.iter_mut().find(|it| !it.status.is_over())
    }

    /// Returns stage `id` if it is the open one.
    fn begun_or_next(&mut self, id: StageId) -> Option<&mut Stage> {
        self.open_stage_mut().filter(|it| it.id == id)
    }

    /// Takes the intent off stage `id`, unless AWS has acted on it.
    fn freed(&mut self, id: StageId) -> Option<&mut Stage> {
        let stage = self.running(id)?;
        stage.intent.take().filter(|it| it.handle.is_none())?;
        Some(stage)
    }

    fn running(&mut self, id: StageId) -> Option<&mut Stage> {
        self.begun_or_next(id).filter(|it| it.status == StageStatus::Running)
    }
}

fn begin(stage: &mut Stage, now: Timestamp) {
    if stage.status == StageStatus::Pending {
        stage.status = StageStatus::Running;
        stage.started_at = Some(now);
        stage.attempt += 1;
        stage.waiting = None;
    }
}

fn wait(stage: &mut Stage, on: &WaitOn, now: Timestamp) {
    let since = stage.waiting.as_ref().filter(|it| it.on.same_kind(on)).map_or(now, |it| it.since);
    stage.waiting = Some(Waiting { on: on.clone(), since });
}

fn close(stage: &mut Stage, status: StageStatus, now: Timestamp) {
    let is_done = status == StageStatus::Succeeded;
    stage.is_whole = stage.id.is_transform() && (is_done || (stage.is_whole && !stage.may_have_written()));
    stage.status = status;
    stage.finished_at = Some(now);
    stage.waiting = None;
    stage.intent = None;
}

#[cfg(test)]
mod tests;
