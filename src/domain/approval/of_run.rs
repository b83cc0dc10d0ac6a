//! The requests that a run's record holds: one for the refresh, and one about the last doubt.

use jiff::Timestamp;

use super::{Approval, ApprovalState, Subject};
use crate::domain::{doubt::Finding, inspection::Inspection, run::Run};

impl Approval {
    /// Returns when people are to be reminded, once: at half the time. `None`: they have been.
    pub fn reminder_at(&self) -> Option<Timestamp> {
        let half = self.expires_at.duration_since(self.asked_at) / 2;
        self.reminded_at.is_none().then(|| self.asked_at + half)
    }
}

impl Run {
    /// Returns the present requests, decided or not, the newest first.
    pub fn requests(&self) -> impl Iterator<Item = &Approval> {
        let (mut one, mut two) = (self.approval.as_ref(), self.question.as_ref());
        if two.is_some_and(|it| one.is_none_or(|one| one.asked_at < it.asked_at)) {
            std::mem::swap(&mut one, &mut two);
        }
        one.into_iter().chain(two)
    }

    /// Returns the request that people are asked to decide now.
    pub fn request(&self) -> Option<&Approval> {
        self.requests().find(|it| it.state == ApprovalState::Pending)
    }

    /// Returns the present request of this id.
    pub fn request_called(&self, id: &str) -> Option<&Approval> {
        self.requests().find(|it| it.id == id)
    }

    /// Returns how the sensitive layer differs from that of the last good run, as far as that was looked at.
    pub fn differences(&self) -> &[Finding] {
        self.inspection().map(Inspection::for_sensitive).unwrap_or_default()
    }

    /// Returns the place in the record of the request about `subject`.
    pub(in crate::domain) fn place_of(&mut self, subject: Subject) -> &mut Option<Approval> {
        match subject {
            Subject::Refresh => &mut self.approval,
            Subject::Schema | Subject::Leak | Subject::Rows => &mut self.question,
        }
    }
}
