//! The decision about a refresh of the sensitive layer: what it is bound to, who may take it, when it is over.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    access::Person,
    name::ExportTask,
    run::Run,
    source::{ApprovalRule, Layer},
};

/// A request for approval, in the record of its run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// What the buttons carry: it finds the request, and allows nothing.
    pub id: String,
    /// Digest of the plan that is approved; a decision on another plan does not count.
    pub digest: String,
    pub state: ApprovalState,
    pub asked_at: Timestamp,
    pub expires_at: Timestamp,
    /// How many different people must approve.
    pub quorum: u32,
    pub votes: Vec<Vote>,
}

/// Where a request for approval stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalState {
    Pending,
    Approved,
    Denied,
    Expired,
}

/// One person's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    pub user: String,
    pub verdict: Verdict,
    pub at: Timestamp,
}

/// What a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Approve,
    Deny,
}

/// Why a press did not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The button belongs to no request that is open in the record, or to one for another plan than the present.
    Unknown,
    /// Somebody was faster; the request is in this state.
    Decided(ApprovalState),
    /// The time is over.
    Expired,
    /// The presser asked for the run, or has retried it.
    OwnRun,
    /// The presser is not an approver of this layer.
    NotApprover,
    /// The presser has voted already.
    Voted,
}

impl Approval {
    /// Returns the request for `run`'s sensitive refresh under `rule`, asked at `now`.
    pub fn ask(run: &Run, classification: &str, rule: &ApprovalRule, now: Timestamp) -> Self {
        let digest = plan_digest(run, classification);
        let nonce = hash(&[&digest, &now.to_string()]);
        Self {
            id: format!("{}.{}", run.export_task, &nonce[..16]),
            digest,
            state: ApprovalState::Pending,
            asked_at: now,
            expires_at: now + rule.expires_after,
            quorum: rule.quorum.max(1),
            votes: Vec::new(),
        }
    }

    /// Returns the run whose record holds the request `id`, or `None` if no request is called that.
    pub fn run_of(id: &str) -> Option<ExportTask> {
        id.split_once('.')?.0.parse().ok()
    }

    /// Returns the request after `person`'s verdict on request `id` of `run` at `now`. `classification` is the one in
    /// force: a request that was made under another one takes no verdict, as people are about to be asked anew.
    ///
    /// # Errors
    /// The press does not count.
    pub fn decide(
        run: &Run,
        id: &str,
        classification: &str,
        rule: &ApprovalRule,
        person: &Person,
        verdict: Verdict,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let approval = run.approval.as_ref().filter(|it| it.id == id).ok_or(Refusal::Unknown)?;
        if approval.state != ApprovalState::Pending {
            return Err(Refusal::Decided(approval.state));
        }
        if now >= approval.expires_at {
            return Err(Refusal::Expired);
        }
        if run.status.is_over() || !approval.is_for(run, classification) {
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

    /// Says whether the approval still stands for `run` at `now`: given, not expired, for the plan as it is, and by
    /// people of whom none has retried the run since.
    pub fn stands_for(&self, run: &Run, classification: &str, now: Timestamp) -> bool {
        self.is_given(run, now) && self.is_for(run, classification)
    }

    /// Says whether what was asked is `run`'s plan as it is under `classification`.
    pub fn is_for(&self, run: &Run, classification: &str) -> bool {
        self.digest == plan_digest(run, classification)
    }

    /// Says whether the approval is given and not outlived at `now`, be it for the present plan or for another one.
    pub(super) fn is_given(&self, run: &Run, now: Timestamp) -> bool {
        self.state == ApprovalState::Approved && !self.is_outlived(run, now)
    }

    /// Says whether the time of the request is over at `now`, or one of its voters has retried the run since.
    pub(super) fn is_outlived(&self, run: &Run, now: Timestamp) -> bool {
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

    fn count(&self) -> ApprovalState {
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

/// Returns the digest of what an approver approves: which data, of which snapshot, under which classification.
fn plan_digest(run: &Run, classification: &str) -> String {
    let attempt = run.attempt.to_string();
    let mut parts = vec![run.run_id.as_str(), &attempt, &run.source_arn, Layer::Sensitive.as_str(), classification];
    parts.extend(run.only.iter().map(String::as_str));
    hash(&parts)
}

fn hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests;
