//! What a rollback does to the two runs that it is about, and what cleaning does to a record.

use jiff::Timestamp;

use crate::domain::{
    approval::Void,
    name::ExportTask,
    retention::Removal,
    rollback::{Rollback, RolledBack, Undone},
    run::{Run, RunStatus},
    stage::{StageId, StageStatus},
};

impl Run {
    /// Opens a run again whose data was good: from `latest` on, everything is done as after a retry, and whoever decided
    /// about the sensitive layer is asked anew.
    pub(super) fn brought_back(&mut self, rollback: &Rollback, now: Timestamp) -> Option<()> {
        let kept =
            self.stages.iter().filter(|it| it.id < StageId::Latest).all(|it| it.status == StageStatus::Succeeded);
        let can_begin =
            kept && self.status.is_over() && self.next_attempt.is_none() && self.export_task != rollback.from;
        (can_begin && self.is_good() && self.removal.is_none()).then_some(())?;
        self.past_rollbacks.extend(self.rollback.take());
        self.rollback = Some(Rollback { at: now, ..rollback.clone() });
        self.reopen(StageId::Latest, Void::Plan, now);
        self.status = RunStatus::Running;
        self.stage = StageId::Latest;
        self.error = None;
        self.canceled_by = None;
        self.overtaken = None;
        self.finished_at = None;
        Some(())
    }

    /// Marks a run whose data is to be replaced by older data: it does not count as good any more.
    pub(super) fn rolled_back(&mut self, mark: &RolledBack, now: Timestamp) -> Option<()> {
        (self.status.is_over() && self.next_attempt.is_none()).then_some(())?;
        self.past_marks.extend(self.rolled_back_to.take());
        self.rolled_back_to = Some(RolledBack { at: now, ..mark.clone() });
        Some(())
    }

    /// Ends the leave to replace newer data: what was replaced is let go on, and comes back.
    pub(super) fn rollback_undone(&mut self, by: &str, now: Timestamp) -> Option<()> {
        (self.status.is_over() && self.next_attempt.is_none()).then_some(())?;
        self.past_rollbacks.push(self.rollback.take()?);
        self.undone = Some(Undone { by: by.to_owned(), at: now });
        Some(())
    }

    /// Notes that the export is being removed: from here on nothing builds on it.
    pub(super) fn removal_began(&mut self, now: Timestamp) -> Option<()> {
        (self.status.is_over() && self.removal.is_none()).then_some(())?;
        self.removal = Some(Removal { began_at: now, ended_at: None });
        Some(())
    }

    /// Notes that nothing of the export is there any more.
    pub(super) fn removal_ended(&mut self, now: Timestamp) -> Option<()> {
        let removal = self.removal.as_mut().filter(|it| it.ended_at.is_none())?;
        removal.ended_at = Some(now);
        Some(())
    }

    /// Returns the export task that the run may replace, though that is of a newer snapshot.
    pub fn replaces(&self) -> Option<&ExportTask> {
        self.rollback.as_ref().map(|it| &it.from)
    }
}
