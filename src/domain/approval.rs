//! What people are asked to decide about a run: what the question is bound to, who may answer, when it is over.
//!
//! [`ask`] makes a question, [`decide`] judges a press, [`change`] says what a question in the record can become.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{doubt::Finding, stage::StageId};

mod ask;
mod change;
mod decide;
mod explain;
mod of_run;

pub use explain::{MAX_WHY, why};

/// Findings that a question keeps at the most; the rest is counted.
pub const FINDINGS: usize = 50;

/// A request for approval, in the record of its run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// What the buttons carry: it finds the request, and allows nothing.
    pub id: String,
    /// What people are asked about. A record from before there were several is about the refresh.
    #[serde(default)]
    pub subject: Subject,
    /// The stage that waits for the answer.
    #[serde(default = "refresh_stage")]
    pub stage: StageId,
    /// Digest of the plan that is approved; a decision on another plan does not count.
    pub digest: String,
    /// Digest of the classification under which it was asked; empty in records from before it was kept.
    #[serde(default)]
    pub classification: String,
    /// Digest of the doubt that people decide about; none for a refresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// What was found, the first [`FINDINGS`]; of a refresh, how the sensitive layer differs from the last good run's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// How many findings there are besides.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u32,
    pub state: ApprovalState,
    /// Why the request is void, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<Void>,
    /// Those because of whom it is void: who has withdrawn, or is no approver any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub void_by: Vec<String>,
    /// Since when it is void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void_at: Option<Timestamp>,
    /// When people were reminded of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded_at: Option<Timestamp>,
    pub asked_at: Timestamp,
    pub expires_at: Timestamp,
    /// How many different people must approve.
    pub quorum: u32,
    pub votes: Vec<Vote>,
}

/// What people are asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Whether the sensitive layer may be refreshed.
    #[default]
    Refresh,
    /// Whether the run goes on, though the export is not what was expected.
    Schema,
    /// Whether the run goes on, though the Normal catalog shows what it must not.
    Leak,
    /// Whether the run goes on, though tables have lost rows.
    Rows,
}

impl Subject {
    /// Every subject, so that a test can see that each has its texts.
    pub const ALL: [Self; 4] = [Self::Refresh, Self::Schema, Self::Leak, Self::Rows];

    /// Returns the subject's name in records, and that of its texts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Schema => "schema",
            Self::Leak => "leak",
            Self::Rows => "rows",
        }
    }
}

/// Where a request for approval stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalState {
    Pending,
    Approved,
    Denied,
    Expired,
    /// What it was about has changed: no answer to it counts any more.
    Void,
    /// An operator has broken the glass: the run goes on without an answer.
    Overridden,
}

impl ApprovalState {
    /// Returns the state's name in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Void => "void",
            Self::Overridden => "overridden",
        }
    }
}

/// Why a request is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Void {
    /// The plan is another one: other data, or another classification.
    Plan,
    /// The run was retried.
    Retried,
    /// The time is over for which it was given, or one of those who gave it has shaped the run.
    Outlived,
    /// One of those who approved has withdrawn it.
    Withdrawn,
    /// One of those who approved may not any more.
    Rights,
}

/// One person's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    pub user: String,
    pub verdict: Verdict,
    pub at: Timestamp,
    /// Why, in the person's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Until when an approval is good; without it, as long as the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// When the person has taken it back: it does not count any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Timestamp>,
}

/// A decision as it is handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballot {
    pub verdict: Verdict,
    pub reason: Option<String>,
    pub until: Option<Timestamp>,
}

impl From<Verdict> for Ballot {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, reason: None, until: None }
    }
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
    /// The presser has decided already, and the request has come to this state.
    Voted,
    /// The time until which the approval would be good has passed.
    Passed,
    /// The presser has nothing to take back: no approval, or it is used already.
    NothingGiven,
    /// The presser has no decision on the request that is without a reason.
    NothingToExplain,
    /// Nothing says who in Slack the account at the command line belongs to.
    NoIdentity,
}

fn refresh_stage() -> StageId {
    StageId::SensitiveApproval
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Returns a digest of `parts` (hex) of which none can run into the next.
pub(super) fn hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests;
