//! Whether a press counts.

use jiff::Timestamp;

use super::{Approval, ApprovalState, Ballot, Refusal, Verdict, Vote};
use crate::domain::{access::Person, run::Run, source::Source, stage::StageId};

impl Approval {
    /// Returns the request after `person`'s decision on request `id` of `run` at `now`. The rule, the classification and
    /// who is one person are as `source` says now: a request that does not hold under them takes no decision, as people
    /// are about to be asked anew.
    ///
    /// # Errors
    /// The press does not count.
    pub fn decide(
        run: &Run,
        source: &Source,
        id: &str,
        person: &Person,
        ballot: impl Into<Ballot>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let Ballot { verdict, reason, until } = ballot.into();
        let approval = run.request_called(id).ok_or(Refusal::Unknown)?;
        let rule = source.rule(approval.subject).ok_or(Refusal::Unknown)?;
        let user = &person.user;
        let is_own = |vote: &&Vote| source.people.are_one(&vote.user, user);
        if approval.state != ApprovalState::Pending {
            let own = approval.live_votes(now).any(|it| is_own(&it));
            return Err(if own { Refusal::Voted } else { Refusal::Decided(approval.state) });
        }
        if now >= approval.expires_at {
            return Err(Refusal::Expired);
        }
        if run.status.is_over() || !approval.holds(run, source, now) {
            return Err(Refusal::Unknown);
        }
        if !person.is_in(&rule.approvers) {
            return Err(Refusal::NotApprover);
        }
        if run.was_shaped_by_person(&source.people, user) {
            return Err(Refusal::OwnRun);
        }
        if approval.live_votes(now).any(|it| is_own(&it)) {
            return Err(Refusal::Voted);
        }
        let until = until.filter(|_| verdict == Verdict::Approve);
        if until.is_some_and(|it| it <= now) {
            return Err(Refusal::Passed);
        }
        let mut decided = approval.clone();
        decided.votes.push(Vote { reason, until, ..Vote::new(user, verdict, now) });
        decided.state = decided.count(now);
        Ok(decided)
    }

    /// Returns the request `id` of `run` after the person of the account `user` has taken their approval back at `now`.
    /// Where it was given already, and not yet used, nothing of it is left: the request is void, and people are asked
    /// anew.
    ///
    /// # Errors
    /// There is nothing to take back.
    pub fn withdraw(run: &Run, source: &Source, id: &str, user: &str, now: Timestamp) -> Result<Self, Refusal> {
        let approval = run.request_called(id).ok_or(Refusal::Unknown)?;
        let open = !run.status.is_over() && !approval.is_used(run);
        let decidable = matches!(approval.state, ApprovalState::Pending | ApprovalState::Approved);
        let mut after = approval.clone();
        let own =
            |it: &&mut Vote| it.verdict == Verdict::Approve && it.is_live(now) && source.people.are_one(&it.user, user);
        let vote = after.votes.iter_mut().find(own).filter(|_| open && decidable).ok_or(Refusal::NothingGiven)?;
        vote.withdrawn_at = Some(now);
        Ok(after)
    }

    /// Says whether something was begun, or has gone on, on the strength of the request.
    pub(in crate::domain) fn is_used(&self, run: &Run) -> bool {
        let Some(open) = run.open_stage() else { return true };
        if self.stage != StageId::SensitiveApproval {
            return open.id != self.stage;
        }
        let waits = matches!(open.id, StageId::SensitiveApproval | StageId::SensitiveTransform);
        !waits || open.intent.is_some()
    }
}

impl Vote {
    /// Returns the decision of `user` at `at`, without reason or limit.
    pub fn new(user: &str, verdict: Verdict, at: Timestamp) -> Self {
        Self { user: user.to_owned(), verdict, at, reason: None, until: None, withdrawn_at: None }
    }

    /// Says whether the decision counts at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.withdrawn_at.is_none() && self.until.is_none_or(|it| now < it)
    }
}
