//! What the bot answers to the person who asked: the facts of it; the words are in `templates/`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    access::{Bar, Right},
    approval::{Refusal, Subject, Verdict},
    command::{Command, Misread, Verb},
    export::Unmanaged,
    forecast::Forecast,
    lake::{Lake, Standing},
    name::ExportTask,
    retry::RetryRefusal,
    rights::Rights,
    rollback::{Preview, RollbackRefusal, RolledBack},
    run::Run,
    source::Layer,
    stage::StageId,
};

/// An answer to one person.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The request is in the record; its outcome will be told.
    Accepted {
        verb: Option<Verb>,
        target: String,
    },
    /// The request could not be recorded: nothing was started.
    NotRecorded,
    /// No word from the store in time: the request may be in the record or not.
    Unconfirmed,
    /// The outcome of a request.
    Outcome(Outcome),
    /// The text is not a command.
    Misread(Misread),
    Forbidden(Forbidden),
    /// Who the person is cannot be looked up now, and so nothing was done.
    Unidentified,
    UnknownSource {
        name: String,
        near: Option<String>,
        known: Vec<String>,
    },
    UnknownRun {
        text: String,
    },
    /// Neither a run nor a source; `near` is the source that was probably meant.
    UnknownTarget {
        text: String,
        near: Option<String>,
    },
    AmbiguousRun {
        text: String,
        matches: Vec<ExportTask>,
    },
    /// What is going on, how fresh the data is, and what the person may do.
    Overview {
        lake: Lake,
        /// Exports that no run has asked for.
        unmanaged: Vec<Unmanaged>,
        may_operate: bool,
        at: Timestamp,
    },
    /// One run in full, and what of it Slack does not show.
    Details(Box<Run>, Option<Unsent>),
    /// Runs, newest first.
    Runs(Part<Run>),
    /// One source, its newest runs, and its exports that no run has asked for.
    Source {
        standing: Box<Standing>,
        unmanaged: Vec<Unmanaged>,
        at: Timestamp,
    },
    Sources {
        standings: Part<Standing>,
        at: Timestamp,
    },
    Whoami(Box<Rights>),
    Help {
        topic: Option<Verb>,
        may_operate: bool,
    },
    /// The form for a run could not be shown: what to type instead.
    NoForm,
    /// A button that this version of the bot does not know.
    UnknownButton,
    /// Something is broken on the bot's side; the log has the reference.
    Broken {
        reference: String,
    },
}

/// The person may not do this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forbidden {
    pub right: Right,
    pub why: Bar,
    /// What the right is missing for; `None`: for anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Ids of those who hold the right.
    pub ask: Vec<String>,
}

/// Why the glass is not broken, or not reviewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GlassRefusal {
    /// No list lets the person break it.
    NotAllowed,
    NoReason,
    /// The run does not wait for an approval of its sensitive layer.
    NotWaiting,
    /// Nobody has broken it, or somebody has reviewed it already.
    Reviewed,
    /// Whoever has broken it does not review it.
    OwnGlass,
    NotApprover,
}

/// How far a right of a person goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    Nothing,
    /// These sources only.
    Sources(Vec<String>),
    Everything,
}

impl Reach {
    /// Says whether the right is good for anything.
    pub fn is_some(&self) -> bool {
        *self != Self::Nothing
    }
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Part<T> {
    pub entries: Vec<T>,
    /// What was asked for: it tells where the part begins, and what comes after it.
    pub of: Command,
    /// There are entries after these.
    pub more: bool,
}

/// Why Slack does not show a run as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unsent {
    /// Slack's error, or one of the bot's own reasons.
    pub reason: String,
    /// Messages that are missing or out of date.
    pub messages: usize,
}

/// What came of a request that was recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// A run has been recorded, and begins.
    Started {
        run: ExportTask,
    },
    /// A run has been recorded, and begins when `holder` has ended.
    Queued {
        run: ExportTask,
        holder: String,
    },
    /// The same was asked for before: that run stands so.
    Exists {
        run: ExportTask,
        status: String,
        same_layers: bool,
    },
    /// What a run would do; nothing was started.
    Planned(Box<Forecast>),
    Retrying {
        run: ExportTask,
        from: StageId,
        kept: Vec<StageId>,
        redone: Vec<StageId>,
        /// What was to be kept and is not there any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gone: Option<StageId>,
        /// The export task whose data in `latest/` is overwritten.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        overwritten: Option<String>,
        /// The rollback that the retry undoes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undoes: Option<Box<RolledBack>>,
    },
    NotRetried {
        run: ExportTask,
        why: RetryRefusal,
    },
    /// What a rollback would do; nothing was changed.
    RollbackPreviewed(Box<Preview>),
    /// The older run goes on, to replace the newer one's data.
    RollingBack {
        source: String,
        /// The export task that is published.
        from: ExportTask,
        to: ExportTask,
        layers: Vec<Layer>,
    },
    NotRolledBack {
        source: String,
        why: RollbackRefusal,
    },
    /// The preview that was to be carried out is not in the record any more.
    UnknownPreview,
    Canceling {
        run: ExportTask,
    },
    /// The run was over already.
    NotCanceled {
        run: ExportTask,
        status: String,
    },
    /// The person takes care of the run's failure.
    Acknowledged {
        run: ExportTask,
    },
    /// Somebody else takes care of it already.
    AcknowledgedBefore {
        run: ExportTask,
        by: String,
        at: Timestamp,
    },
    /// There is nothing to take care of any more.
    NotAcknowledged {
        run: ExportTask,
        status: String,
    },
    /// The person's verdict counts; `open` says how many more approvals are needed.
    Voted {
        run: ExportTask,
        /// The request's id.
        #[serde(default)]
        request: String,
        #[serde(default)]
        subject: Subject,
        verdict: Verdict,
        open: u32,
        /// They have said why.
        #[serde(default)]
        explained: bool,
    },
    /// Why the person has decided so stands beside their decision.
    Explained {
        run: ExportTask,
    },
    NotVoted {
        why: Refusal,
    },
    /// The person's approval does not count any more.
    Withdrawn {
        run: ExportTask,
    },
    /// The sensitive refresh starts without an approval.
    GlassBroken {
        run: ExportTask,
    },
    GlassReviewed {
        run: ExportTask,
    },
    GlassNotBroken {
        run: ExportTask,
        why: GlassRefusal,
    },
    NoSnapshot {
        source: String,
    },
    SnapshotNotFound {
        source: String,
        snapshot: String,
    },
    NoSuchLayer {
        source: String,
        layer: Layer,
    },
    UnknownSource {
        name: String,
    },
    UnknownRun {
        text: String,
    },
    AmbiguousRun {
        text: String,
        matches: Vec<ExportTask>,
    },
    Forbidden(Forbidden),
    /// It could not be done: AWS's, or Slack's, code and words.
    GaveUp {
        code: String,
        why: String,
    },
}
