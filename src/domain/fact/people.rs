//! What people are asked, and what comes of their answers.

use jiff::Timestamp;

use super::begin;
use crate::domain::{
    approval::{Approval, ApprovalState, Subject, Void},
    failure::{Class, Failure, codes},
    run::{BreakGlass, Review, Run, RunError, RunStatus},
    stage::{Detail, StageId, StageStatus},
};

impl Run {
    /// Asks people: for the first time, or anew because their answer has run out, or the plan has changed, before
    /// anything was done on it.
    pub(super) fn approval_asked(&mut self, approval: &Approval, now: Timestamp) -> Option<()> {
        (self.has_turn && approval.is_new()).then_some(())?;
        let outlived = |it: &Approval| it.digest != approval.digest || it.is_outlived(self, now);
        let present = match approval.subject {
            Subject::Refresh => &self.approval,
            Subject::Schema | Subject::Leak | Subject::Rows => &self.question,
        };
        present.as_ref().is_none_or(outlived).then_some(())?;
        match approval.subject {
            Subject::Refresh => self.refresh_asked(approval, now)?,
            Subject::Schema | Subject::Leak | Subject::Rows => self.doubt_asked(approval, now)?,
        }
        self.stage = approval.stage;
        self.status = RunStatus::WaitingApproval;
        Some(())
    }

    fn refresh_asked(&mut self, approval: &Approval, now: Timestamp) -> Option<()> {
        let open = self.open_stage()?;
        let undone = matches!(open.id, StageId::SensitiveApproval | StageId::SensitiveTransform);
        (undone && open.is_unconfirmed() && approval.stage == StageId::SensitiveApproval).then_some(())?;
        self.reopen(StageId::SensitiveApproval, Void::Plan, now);
        begin(self.begun_or_next(StageId::SensitiveApproval)?, now);
        self.approval = Some(approval.clone());
        Some(())
    }

    /// The stage goes on running: its work is done, and does not count yet.
    fn doubt_asked(&mut self, approval: &Approval, now: Timestamp) -> Option<()> {
        (approval.stage != StageId::SensitiveApproval && approval.doubt.is_some()).then_some(())?;
        self.running(approval.stage)?.waiting = None;
        let past = self.question.replace(approval.clone());
        self.past_approvals.extend(past.map(|it| it.set_aside(Void::Plan, now)));
        Some(())
    }

    /// Says whether all that `approval` has besides the present request is why somebody has decided so.
    pub(super) fn is_explained_by(&self, approval: &Approval) -> bool {
        self.request_called(&approval.id).is_some_and(|it| it.is_explained_by(approval))
    }

    /// Keeps why somebody has decided so: nothing comes of it, even when the run is over.
    pub(super) fn approval_explained(&mut self, approval: &Approval) -> Option<()> {
        *self.place_of(approval.subject) = Some(approval.clone());
        Some(())
    }

    pub(super) fn approval_changed(&mut self, approval: &Approval, now: Timestamp) -> Option<()> {
        self.request_called(&approval.id).filter(|it| it.can_become(approval, self, now))?;
        *self.place_of(approval.subject) = Some(approval.clone());
        match approval.state {
            ApprovalState::Pending => Some(()),
            ApprovalState::Approved => {
                self.status = RunStatus::Running;
                match approval.subject {
                    Subject::Refresh => self.finish(approval.stage, &Detail::default(), &[], now),
                    // Whether that clears what is found, the next look says.
                    Subject::Schema | Subject::Leak | Subject::Rows => Some(()),
                }
            }
            ApprovalState::Denied | ApprovalState::Expired => self.close_request(approval, now),
            ApprovalState::Void | ApprovalState::Overridden => None,
        }
    }

    pub(super) fn approval_reminded(&mut self, subject: Subject, now: Timestamp) -> Option<()> {
        let request = self.place_of(subject).as_mut().filter(|it| it.state == ApprovalState::Pending)?;
        request.reminded_at.is_none().then_some(())?;
        request.reminded_at = Some(now);
        Some(())
    }

    /// Lets the run go on as if the request had been approved: it is bound to the same plan, for the same time.
    pub(super) fn glass_broken(&mut self, by: &str, reason: &str, now: Timestamp) -> Option<()> {
        (self.status == RunStatus::WaitingApproval && !reason.is_empty()).then_some(())?;
        let request = self.approval.as_mut().filter(|it| it.state == ApprovalState::Pending)?;
        (now < request.expires_at).then_some(())?;
        request.state = ApprovalState::Overridden;
        self.break_glass = Some(BreakGlass { by: by.to_owned(), reason: reason.to_owned(), at: now, reviewed: None });
        self.status = RunStatus::Running;
        self.finish(StageId::SensitiveApproval, &Detail::default(), &[], now)
    }

    /// Whoever has broken the glass does not review it.
    pub(super) fn glass_reviewed(&mut self, by: &str, now: Timestamp) -> Option<()> {
        let glass = self.break_glass.as_mut().filter(|it| it.reviewed.is_none() && it.by != by)?;
        glass.reviewed = Some(Review { by: by.to_owned(), at: now });
        Some(())
    }

    /// Takes a request out of the present ones: people will be asked anew, if there still is something to ask.
    pub(super) fn approval_voided(&mut self, subject: Subject, why: Void, by: &[String], now: Timestamp) -> Option<()> {
        let mut request = self.place_of(subject).take()?;
        let stage = request.stage;
        // What was started under an approval goes on.
        let undone = match subject {
            Subject::Refresh => {
                let open = self.open_stage()?;
                let decides = matches!(open.id, StageId::SensitiveApproval | StageId::SensitiveTransform);
                decides && open.is_unconfirmed()
            }
            Subject::Schema | Subject::Leak | Subject::Rows => self.running(stage).is_some(),
        };
        undone.then_some(())?;
        if why == Void::Withdrawn {
            (!request.is_used(self)).then_some(())?;
            let own = request.votes.iter_mut().filter(|it| by.contains(&it.user));
            own.for_each(|it| it.withdrawn_at = it.withdrawn_at.or(Some(now)));
        }
        self.past_approvals.push(request.voided(why, by, now));
        self.status = RunStatus::Running;
        if subject == Subject::Refresh {
            self.reopen(StageId::SensitiveApproval, why, now);
            self.stage = StageId::SensitiveApproval;
        }
        Some(())
    }

    fn close_request(&mut self, approval: &Approval, now: Timestamp) -> Option<()> {
        let is_refresh = approval.subject == Subject::Refresh;
        let (status, code) = match (approval.state == ApprovalState::Denied, is_refresh) {
            (true, true) => (RunStatus::Canceled, codes::APPROVAL_DENIED),
            (true, false) => (RunStatus::Canceled, codes::DOUBT_DENIED),
            (false, true) => (RunStatus::Expired, codes::APPROVAL_EXPIRED),
            (false, false) => (RunStatus::Expired, codes::DOUBT_EXPIRED),
        };
        self.error = Some(RunError { stage: approval.stage, failure: Failure::new(Class::Data, code, "") });
        self.end(status, StageStatus::Canceled, now)
    }
}
