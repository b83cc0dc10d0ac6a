//! A run: one export and all that is made of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    access::Identities,
    approval::Approval,
    audit::Trail,
    failure::Failure,
    history::Usual,
    inspection::Inspection,
    name::{ExportTask, Scope},
    retention::Removal,
    rollback::{Rollback, RolledBack, Undone},
    snapshot::Snapshot,
    source::{Layer, Source},
    stage::{Extent, Stage, StageId, StageStatus},
    standing::{Acknowledgement, Overtaken, Shown},
    warning::Warning,
};

/// The record of a run, keyed by the export task's name. Changed by facts only: see [`Run::after`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The export task's name: the key of the record, and the prefix of the export in S3.
    pub export_task: ExportTask,
    /// Name of the first attempt: what stays the same when the export is retried.
    pub run_id: ExportTask,
    /// Attempt of the export, from 1.
    pub attempt: u32,
    pub source: String,
    /// ARN of the snapshot.
    pub source_arn: String,
    pub snapshot_id: String,
    pub snapshot_time: Timestamp,
    /// Databases or tables that are exported; empty is the whole database.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    pub layers: Vec<Layer>,
    pub trigger: Trigger,
    /// Slack id of the person who asked, or the name of the account at the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// Why, in the words of whoever asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the source's runs usually took when this one was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual: Option<Usual>,
    /// Every retry, oldest first. Who has retried a run cannot approve it, like the requester.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retries: Vec<RetryNote>,
    /// Every failure, oldest first: what is told of it in Slack outlives the retry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailureNote>,
    pub status: RunStatus,
    /// The stage that the run is in, or ended in.
    pub stage: StageId,
    pub stages: Vec<Stage>,
    /// Why the run has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
    /// What succeeded, but not quite: skipped tables and the like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// The run holds its source's turn: no other run of the source is past its beginning.
    #[serde(default)]
    pub has_turn: bool,
    /// Who asked to cancel the run, while it is being canceled and after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canceled_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// What people were asked about the last doubt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Approval>,
    /// The sensitive refresh was started without an approval; stays until somebody has reviewed it, and after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<BreakGlass>,
    /// Requests that a retry, another request or a change of plan has set aside, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past_approvals: Vec<Approval>,
    /// The attempt that goes on where this one ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<ExportTask>,
    /// The run that has made up for this one's failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overtaken: Option<Overtaken>,
    /// When all stages had succeeded last. It stays, whatever comes of a rollback or a retry that opens the run again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub succeeded_at: Option<Timestamp>,
    /// How much of the export was published first, once it is published again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_published: Option<Extent>,
    /// That the run replaces newer data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<Rollback>,
    /// That it has done so before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past_rollbacks: Vec<Rollback>,
    /// That somebody has undone the last of those, until the run goes on again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<Undone>,
    /// That older data takes the place of the run's: it is not good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_back_to: Option<RolledBack>,
    /// That it was so before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past_marks: Vec<RolledBack>,
    /// That the bot removes, or has removed, what was exported.
    #[serde(default, rename = "export_removed", skip_serializing_if = "Option::is_none")]
    pub removal: Option<Removal>,
    /// Where the run's chain in the log ends, and what is to be written to it with the record. The record of an earlier
    /// attempt says where the chain ended when it was continued.
    #[serde(default, skip_serializing_if = "Trail::is_empty")]
    pub audit: Trail,
    /// Where the run's root message is. Written by the projection alone, beside the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack: Option<RootMessage>,
    /// Grows by one with every write; a write with an old one is refused.
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
}

/// What started a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// A snapshot event of RDS.
    Event,
    Slack,
    Cli,
    /// The sweeper found a snapshot whose event was lost.
    Sweep,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RunStatus {
    Running,
    WaitingApproval,
    Succeeded,
    SucceededWithWarnings,
    Failed,
    Canceled,
    /// A newer snapshot's run has taken this one's place before it began.
    Superseded,
    /// Nobody approved in time.
    Expired,
}

impl RunStatus {
    /// Says whether the run is at rest: nothing happens to it unless a person asks.
    pub fn is_over(self) -> bool {
        match self {
            Self::Running | Self::WaitingApproval => false,
            Self::Succeeded
            | Self::SucceededWithWarnings
            | Self::Failed
            | Self::Canceled
            | Self::Superseded
            | Self::Expired => true,
        }
    }

    /// Returns the status as it stands in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::WaitingApproval => "WAITING_APPROVAL",
            Self::Succeeded => "SUCCEEDED",
            Self::SucceededWithWarnings => "SUCCEEDED_WITH_WARNINGS",
            Self::Failed => "FAILED",
            Self::Canceled => "CANCELED",
            Self::Superseded => "SUPERSEDED",
            Self::Expired => "EXPIRED",
        }
    }
}

/// Why a run stopped: the stage, and the failure there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunError {
    pub stage: StageId,
    #[serde(flatten)]
    pub failure: Failure,
}

/// The message in Slack that shows a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootMessage {
    pub channel: String,
    pub ts: String,
}

/// That an operator let the sensitive refresh start without an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlass {
    pub by: String,
    pub reason: String,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed: Option<Review>,
}

/// That an approver has looked at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub by: String,
    pub at: Timestamp,
}

/// A retry that somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryNote {
    pub by: String,
    pub from: StageId,
    pub at: Timestamp,
}

/// A failure that has ended the run, until a retry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureNote {
    pub stage: StageId,
    /// The stage's attempt that failed.
    pub attempt: u32,
    pub at: Timestamp,
    /// The bot has tried again by itself, so that nobody needs to be alerted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tried_again: bool,
    /// Who takes care of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledgement>,
    /// What the catalogs show instead of what the run should have put there, as far as that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<Shown>,
    #[serde(flatten)]
    pub failure: Failure,
}

impl FailureNote {
    /// Returns the note of a failure that has just ended the run, of which nobody knows yet.
    pub fn new(stage: StageId, attempt: u32, failure: Failure, at: Timestamp) -> Self {
        Self { stage, attempt, at, tried_again: false, acknowledged: None, shown: Vec::new(), failure }
    }
}

/// Who or what wants a run, and of how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub trigger: Trigger,
    pub requested_by: Option<String>,
    /// Tables; empty: what the source is configured with.
    pub only: Vec<String>,
    /// Layers; empty: all that the source has.
    pub layers: Vec<Layer>,
    /// Why, in their own words.
    pub reason: Option<String>,
}

impl Order {
    /// Returns the tables and the layers of `source` that are meant.
    fn meant<'a>(&'a self, source: &'a Source) -> (&'a [String], Vec<Layer>) {
        let only = if self.only.is_empty() { &source.export.only } else { &self.only };
        let is_meant = |it: &Layer| self.layers.is_empty() || self.layers.contains(it);
        (only, source.layers().into_iter().filter(is_meant).collect())
    }
}

impl Run {
    /// Returns the run that `order` makes of `snapshot`: its first attempt, not yet begun.
    pub fn new(source: &Source, snapshot: &Snapshot, order: &Order, now: Timestamp) -> Self {
        let (only, layers) = order.meant(source);
        let to = &source.export.to;
        let scope = Scope { source_arn: &snapshot.arn, only, bucket: &to.bucket, prefix: &to.prefix };
        let name = ExportTask::derive(&source.name, snapshot.taken_at, scope, 1);
        let mut run = Self {
            export_task: name.clone(),
            run_id: name,
            attempt: 1,
            source: source.name.clone(),
            source_arn: snapshot.arn.clone(),
            snapshot_id: snapshot.id.clone(),
            snapshot_time: snapshot.taken_at,
            only: only.to_vec(),
            stages: StageId::ALL.map(|id| Stage::new(id, first_status(id, &layers))).to_vec(),
            layers,
            trigger: order.trigger,
            requested_by: order.requested_by.clone(),
            reason: order.reason.clone(),
            usual: None,
            retries: Vec::new(),
            failures: Vec::new(),
            status: RunStatus::Running,
            stage: StageId::Snapshot,
            error: None,
            warnings: Vec::new(),
            has_turn: false,
            canceled_by: None,
            approval: None,
            question: None,
            break_glass: None,
            past_approvals: Vec::new(),
            next_attempt: None,
            overtaken: None,
            succeeded_at: None,
            first_published: None,
            rollback: None,
            past_rollbacks: Vec::new(),
            undone: None,
            rolled_back_to: None,
            past_marks: Vec::new(),
            removal: None,
            audit: Trail::default(),
            slack: None,
            version: 1,
            created_at: now,
            updated_at: now,
            finished_at: None,
        };
        run.log_created();
        run
    }

    /// Returns what is recorded of stage `id`.
    pub fn stage(&self, id: StageId) -> &Stage {
        self.stages.iter().find(|it| it.id == id).expect("a run has every stage")
    }

    /// Returns what was found of the run's export, once it has been checked.
    pub fn inspection(&self) -> Option<&Inspection> {
        self.stage(StageId::Verify).detail.inspection.as_deref()
    }

    /// Returns the first stage that is not over.
    pub fn open_stage(&self) -> Option<&Stage> {
        self.stages.iter().find(|it| !it.status.is_over())
    }

    /// Says whether `user` asked for the run, has retried it or has rolled back to it.
    pub fn was_shaped_by(&self, user: &str) -> bool {
        self.shapers().any(|it| it == user)
    }

    /// Says whether the person of the account `user` asked for the run, has retried it or has rolled back to it, by
    /// whatever account.
    pub fn was_shaped_by_person(&self, people: &Identities, user: &str) -> bool {
        self.shapers().any(|it| people.are_one(it, user))
    }

    fn shapers(&self) -> impl Iterator<Item = &str> {
        let retries = self.retries.iter().map(|it| it.by.as_str());
        let rollbacks = self.rollbacks().map(|it| it.by.as_str());
        self.requested_by.as_deref().into_iter().chain(retries).chain(rollbacks)
    }
}

fn first_status(id: StageId, layers: &[Layer]) -> StageStatus {
    match id.layer() {
        Some(layer) if !layers.contains(&layer) => StageStatus::Skipped,
        Some(_) | None => StageStatus::Pending,
    }
}
