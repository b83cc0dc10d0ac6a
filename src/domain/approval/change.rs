//! What a request in a record can become, whoever writes it.

use jiff::Timestamp;

use super::{Approval, ApprovalState, Verdict, Void};
use crate::domain::run::Run;

impl Approval {
    /// Says whether the approval still stands for `run` at `now`: given, not expired, for the plan as it is, and by
    /// people of whom none has retried the run since.
    pub fn stands_for(&self, run: &Run, classification: &str, now: Timestamp) -> bool {
        self.is_given(run, now) && self.is_for(run, classification)
    }

    /// Says whether the approval is given and not outlived at `now`, be it for the present plan or for another one.
    pub(in crate::domain) fn is_given(&self, run: &Run, now: Timestamp) -> bool {
        self.state == ApprovalState::Approved && !self.is_outlived(run, now)
    }

    /// Says whether the time of the request is over at `now`, or one of its voters has retried the run since.
    pub(in crate::domain) fn is_outlived(&self, run: &Run, now: Timestamp) -> bool {
        now >= self.expires_at || self.votes.iter().any(|it| run.was_shaped_by(&it.user))
    }

    /// Says whether nobody has decided anything yet.
    pub fn is_new(&self) -> bool {
        self.state == ApprovalState::Pending && self.votes.is_empty()
    }

    /// Says whether `run`'s request can become `next` at `now`: one more person, who did not shape the run, has voted
    /// in time, or the time is over. What was asked, and earlier votes, never change.
    pub fn can_become(&self, next: &Self, run: &Run, now: Timestamp) -> bool {
        let asked_the_same = Self { state: self.state, votes: self.votes.clone(), ..next.clone() } == *self;
        let in_time = now < self.expires_at;
        let follows = match next.votes.strip_prefix(self.votes.as_slice()) {
            Some([]) => !in_time && next.state == ApprovalState::Expired,
            Some([vote]) => {
                let again = self.votes.iter().any(|it| it.user == vote.user);
                in_time && next.state == next.count() && !again && !run.was_shaped_by(&vote.user)
            }
            Some(_) | None => false,
        };
        self.state == ApprovalState::Pending && asked_the_same && follows
    }

    /// Returns the request as it is kept when it is taken out of the run's present ones. What was decided and has had its
    /// consequence stays as it was.
    pub(in crate::domain) fn set_aside(self, why: Void) -> Self {
        match self.state {
            ApprovalState::Pending => Self { state: ApprovalState::Void, void: Some(why), ..self },
            ApprovalState::Approved | ApprovalState::Denied | ApprovalState::Expired | ApprovalState::Void => self,
        }
    }

    /// Returns the request as it is kept when nothing may be done on it any more, given or not.
    pub(in crate::domain) fn voided(self, why: Void) -> Self {
        match self.state {
            ApprovalState::Pending | ApprovalState::Approved => {
                Self { state: ApprovalState::Void, void: Some(why), ..self }
            }
            ApprovalState::Denied | ApprovalState::Expired | ApprovalState::Void => self,
        }
    }

    pub(super) fn count(&self) -> ApprovalState {
        let approvals = self.votes.iter().filter(|it| it.verdict == Verdict::Approve).count();
        if self.votes.iter().any(|it| it.verdict == Verdict::Deny) {
            ApprovalState::Denied
        } else if approvals >= self.quorum as usize {
            ApprovalState::Approved
        } else {
            ApprovalState::Pending
        }
    }
}
