//! The records: runs, requests, notices, threads. Every write is conditional.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Reply;
use crate::{
    domain::{
        access::{Bar, Right},
        answer::Outcome,
        approval::Verdict,
        audit::{Entry, Trail},
        command::{RollbackCommand, RunCommand},
        name::ExportTask,
        notice::{Notice, NoticeId},
        refused::Refused,
        run::Run,
        stage::StageId,
    },
    projection::thread::Thread,
};

/// Something that a person wants done, as it was recorded before it was acknowledged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Idempotency key of the delivery: the same delivery gives the same id.
    pub id: String,
    pub wish: Wish,
    /// Slack id, or the name of the account at the command line.
    pub by: String,
    pub via: Via,
    /// Where the outcome is told privately; `None`: whoever asks looks at the record.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    /// The channel in which it was asked for: rights may depend on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    pub received_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

impl Request {
    /// Returns the record of its being refused at `at`: `right` is missing, or being an approver.
    pub fn refused(&self, right: Option<Right>, why: Bar, at: Timestamp) -> Refused {
        let (what, target) = match &self.wish {
            Wish::Run(command) => ("run", command.source.as_str()),
            Wish::PreviewRollback(command) => ("rollback", command.source.as_str()),
            Wish::Rollback { preview } => ("rollback", preview.as_str()),
            Wish::Retry { run, .. } => ("retry", run.as_str()),
            Wish::Acknowledge { run } => ("acknowledge", run.as_str()),
            Wish::Cancel { run } => ("cancel", run.as_str()),
            Wish::Decide { approval, verdict: Verdict::Approve, .. } => ("approve", approval.as_str()),
            Wish::Decide { approval, verdict: Verdict::Deny, .. } => ("deny", approval.as_str()),
            Wish::Withdraw { approval } => ("withdraw", approval.as_str()),
            Wish::Explain { approval, .. } => ("reason", approval.as_str()),
            Wish::BreakGlass { run, .. } => ("break-glass", run.as_str()),
            Wish::Review { run } => ("review", run.as_str()),
        };
        Refused {
            id: self.id.clone(),
            user: self.by.clone(),
            what: what.to_owned(),
            right,
            target: Some(target.to_owned()),
            why,
            channel: self.channel.clone(),
            at,
        }
    }
}

/// What is wanted: the commands and presses that change something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    Run(RunCommand),
    Retry {
        run: String,
        from: Option<StageId>,
    },
    Cancel {
        run: String,
    },
    /// What going back to older data would do.
    PreviewRollback(RollbackCommand),
    /// Going back, as the request of this id has said that it would be.
    Rollback {
        preview: String,
    },
    /// Takes care of the failure that a run stands still for.
    Acknowledge {
        run: ExportTask,
    },
    /// A verdict on the request for approval with this id.
    Decide {
        approval: String,
        verdict: Verdict,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// The approval that was given on the request of this id is taken back.
    Withdraw {
        approval: String,
    },
    /// Why the person has decided so on the request of this id.
    Explain {
        approval: String,
        reason: String,
    },
    /// The sensitive refresh of a run is to start without an approval.
    BreakGlass {
        run: String,
        reason: String,
    },
    /// Somebody has looked at that.
    Review {
        run: ExportTask,
    },
}

/// How a request came in; people of the command line are authorised by their rights on AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    Slack,
    Cli,
}

/// What an index tells of a run that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRun {
    pub export_task: ExportTask,
    pub source: String,
    pub source_arn: String,
}

/// One part of a write; the parts of a write happen together or not at all.
#[derive(Clone, Debug)]
pub enum Change<'a> {
    /// A run that must not be there yet.
    Create(&'a Run),
    /// A run that must still have version `was`; it is written with the next one. With `under`, its approval must be
    /// given in the record, for the digest that `run` says, and good at that time: so whatever is wrong elsewhere, no
    /// sensitive refresh starts without.
    Update { run: &'a Run, was: u64, under: Option<Timestamp> },
    /// The turn of the source must be free, or held by the run already.
    TakeTurn { source: &'a str, run: &'a ExportTask },
    /// The turn of the source is freed if the run holds it.
    FreeTurn { source: &'a str, run: &'a ExportTask },
    /// The request must be open; it is closed with this outcome.
    Close { request: &'a str, outcome: &'a Outcome },
    /// The chain of the log that belongs to no run must still end at `was`; it ends as `trail` says then.
    Door { trail: &'a Trail, was: u64 },
}

impl Change<'_> {
    /// Returns the entries of the log that are written with the change; none of their places may be taken.
    pub fn entries(&self) -> &[Entry] {
        match self {
            Self::Create(run) | Self::Update { run, .. } => run.audit.unwritten(),
            Self::Door { trail, .. } => trail.unwritten(),
            Self::TakeTurn { .. } | Self::FreeTurn { .. } | Self::Close { .. } => &[],
        }
    }
}

/// Why nothing was written: the condition that did not hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Conflict {
    /// The run is there already, or has another version than expected; here it is.
    Run(Box<Run>),
    /// Another run has the turn.
    Turn { holder: ExportTask },
    /// The request is closed.
    Closed,
    /// The chain that belongs to no run ends here.
    Door(Trail),
}

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A condition did not hold: nothing was written.
    #[error("the record has changed: {0:?}")]
    Conflict(Conflict),
    /// No answer in time: it may have been written.
    #[error("no answer from DynamoDB in time")]
    NoAnswer,
    /// DynamoDB refused, or could not be reached: nothing was written.
    #[error("DynamoDB: {0}")]
    Refused(String),
    /// A record that this version of the bot cannot read: its key, and why.
    #[error("the record of {0} cannot be read: {1}")]
    Unreadable(String, String),
}

/// Keeps the records.
#[async_trait]
pub trait Store: Send + Sync {
    /// Returns a run, read consistently.
    async fn run(&self, name: &ExportTask) -> Result<Option<Run>, StoreError>;

    /// Writes `changes` together, and their entries of the log with them. An entry whose place is taken is
    /// [`StoreError::Unreadable`]: the record that it belongs to is older than its chain, and somebody has to look.
    async fn write(&self, changes: &[Change<'_>]) -> Result<(), StoreError>;

    /// Returns all runs that are not over, or whose thread does not yet show their end. May lag.
    async fn open_runs(&self) -> Result<Vec<OpenRun>, StoreError>;

    /// Takes a run from the open ones: it is over, at `version`, and its thread shows it.
    async fn settle(&self, run: &ExportTask, version: u64) -> Result<(), StoreError>;

    /// Returns the newest runs of `source`, newest first, one per run id (its newest attempt). May lag, and leaves out
    /// records that cannot be read.
    async fn recent(&self, source: &str, limit: usize) -> Result<Vec<Run>, StoreError>;

    /// Returns the run of `source` that has succeeded last, and was not rolled back from. May lag.
    async fn last_success(&self, source: &str) -> Result<Option<Run>, StoreError>;

    /// Returns the names of `source`'s runs that begin with `start`, newest first. May lag.
    async fn named(&self, source: &str, start: &str) -> Result<Vec<ExportTask>, StoreError>;

    /// Records a request. Returns `false` if the same delivery has been recorded before.
    async fn put_request(&self, request: &Request) -> Result<bool, StoreError>;

    /// Returns a request, read consistently.
    async fn request(&self, id: &str) -> Result<Option<Request>, StoreError>;

    /// Returns the ids of requests that are open, oldest first. May lag.
    async fn open_requests(&self) -> Result<Vec<String>, StoreError>;

    /// Records that the event `id` is answered, at `at`. Returns `false` if that was recorded before.
    async fn claim_event(&self, id: &str, at: Timestamp) -> Result<bool, StoreError>;

    /// Records an attempt that was refused; kept for 90 days.
    async fn put_refused(&self, refused: &Refused) -> Result<(), StoreError>;

    /// Returns the newest attempts that were refused, newest first, at most `limit` of them. May lag, and leaves out
    /// records that cannot be read.
    async fn refused(&self, limit: usize) -> Result<Vec<Refused>, StoreError>;

    /// Returns where the chain of the log ends that belongs to no run, read consistently.
    async fn door(&self) -> Result<Trail, StoreError>;

    /// Writes a notice, which is open then; its version must be the next one. Returns `false` if it has another already:
    /// then nothing was written.
    async fn put_notice(&self, notice: &Notice) -> Result<bool, StoreError>;

    /// Returns a notice, read consistently.
    async fn notice(&self, id: &NoticeId) -> Result<Option<Notice>, StoreError>;

    /// Returns the notices that are open, oldest first. May lag.
    async fn open_notices(&self) -> Result<Vec<NoticeId>, StoreError>;

    /// Takes a notice from the open ones: it is over, at `version`, and its message shows it.
    async fn settle_notice(&self, id: &NoticeId, version: u64) -> Result<(), StoreError>;

    /// Returns what was posted for the run, or notice, of this id; empty if nothing was.
    async fn thread(&self, of: &str) -> Result<Thread, StoreError>;

    /// Writes what was posted, if nobody else has since `thread.version` was read. Returns `false` if somebody has.
    async fn put_thread(&self, thread: &Thread) -> Result<bool, StoreError>;

    /// Writes into the run's record where its root message is, for those who read the record.
    async fn note_root(&self, run: &ExportTask, channel: &str, ts: &str) -> Result<(), StoreError>;

    /// Returns since when the snapshots of `source` are watched; the first call says from when on.
    async fn watched_since(&self, source: &str, from: Timestamp) -> Result<Timestamp, StoreError>;
}
