//! Whether a press counts.

use jiff::Timestamp;

use super::{Approval, ApprovalState, Refusal, Verdict, Vote};
use crate::domain::{access::Person, run::Run, source::Source};

impl Approval {
    /// Returns the request after `person`'s verdict on request `id` of `run` at `now`. The rule and the classification
    /// are those that `source` has now: a request that was made under another one takes no verdict, as people are about
    /// to be asked anew.
    ///
    /// # Errors
    /// The press does not count.
    pub fn decide(
        run: &Run,
        source: &Source,
        id: &str,
        person: &Person,
        verdict: Verdict,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let approval = run.request_called(id).ok_or(Refusal::Unknown)?;
        let rule = source.rule(approval.subject).ok_or(Refusal::Unknown)?;
        if approval.state != ApprovalState::Pending {
            return Err(Refusal::Decided(approval.state));
        }
        if now >= approval.expires_at {
            return Err(Refusal::Expired);
        }
        if run.status.is_over() || !approval.is_for(run, &source.classification) {
            return Err(Refusal::Unknown);
        }
        if !person.is_in(&rule.approvers) {
            return Err(Refusal::NotApprover);
        }
        if run.was_shaped_by(&person.user) {
            return Err(Refusal::OwnRun);
        }
        if approval.votes.iter().any(|it| it.user == person.user) {
            return Err(Refusal::Voted);
        }
        let mut decided = approval.clone();
        decided.votes.push(Vote { user: person.user.clone(), verdict, at: now });
        decided.state = decided.count();
        Ok(decided)
    }
}
