//! The stages of a run, in order, and what is recorded of each.

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{failure::Failure, inspection::Inspection, report::RowCounts, source::Layer};

/// A stage of a run. The order of the variants is the order in which they are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StageId {
    /// The snapshot is there and available.
    #[serde(rename = "snapshot")]
    Snapshot,
    /// RDS exports it to S3 under the export task's name.
    #[serde(rename = "export")]
    Export,
    /// The export's own status files are read.
    #[serde(rename = "verify")]
    Verify,
    /// The objects are copied under `latest/`, stale ones are removed.
    #[serde(rename = "latest")]
    Latest,
    #[serde(rename = "normal.transform")]
    NormalTransform,
    #[serde(rename = "normal.catalog")]
    NormalCatalog,
    /// A person's decision.
    #[serde(rename = "sensitive.approval")]
    SensitiveApproval,
    #[serde(rename = "sensitive.transform")]
    SensitiveTransform,
    #[serde(rename = "sensitive.catalog")]
    SensitiveCatalog,
}

impl StageId {
    /// Every stage, in order.
    pub const ALL: [Self; 9] = [
        Self::Snapshot,
        Self::Export,
        Self::Verify,
        Self::Latest,
        Self::NormalTransform,
        Self::NormalCatalog,
        Self::SensitiveApproval,
        Self::SensitiveTransform,
        Self::SensitiveCatalog,
    ];

    /// Returns the stage's name in records and commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Export => "export",
            Self::Verify => "verify",
            Self::Latest => "latest",
            Self::NormalTransform => "normal.transform",
            Self::NormalCatalog => "normal.catalog",
            Self::SensitiveApproval => "sensitive.approval",
            Self::SensitiveTransform => "sensitive.transform",
            Self::SensitiveCatalog => "sensitive.catalog",
        }
    }

    /// Returns the layer that the stage belongs to; `None` for what both layers share.
    pub fn layer(self) -> Option<Layer> {
        match self {
            Self::Snapshot | Self::Export | Self::Verify | Self::Latest => None,
            Self::NormalTransform | Self::NormalCatalog => Some(Layer::Normal),
            Self::SensitiveApproval | Self::SensitiveTransform | Self::SensitiveCatalog => Some(Layer::Sensitive),
        }
    }

    /// Says whether a job of the stage writes a layer.
    pub fn is_transform(self) -> bool {
        matches!(self, Self::NormalTransform | Self::SensitiveTransform)
    }

    /// Returns how long the stage may take, waits included, before it is called stuck. The export's six hours and the
    /// hour of a crawl are twice what users of other tools found too short; a Glue job has its own time-out before.
    pub fn deadline(self) -> SignedDuration {
        match self {
            Self::Verify => SignedDuration::from_mins(30),
            Self::Snapshot | Self::Latest | Self::NormalCatalog | Self::SensitiveCatalog => {
                SignedDuration::from_hours(2)
            }
            Self::Export => SignedDuration::from_hours(12),
            Self::NormalTransform | Self::SensitiveTransform => SignedDuration::from_hours(9),
            // The approval has its own expiry; this is only the net below it.
            Self::SensitiveApproval => SignedDuration::from_hours(24 * 31),
        }
    }
}

impl StageId {
    /// Returns how long work may take to appear to a look after it was started, where that may be longer than a lease:
    /// nothing says that a list of job runs shows a new one at once.
    pub fn appears_within(self) -> SignedDuration {
        match self {
            Self::NormalTransform | Self::SensitiveTransform => SignedDuration::from_secs(10),
            Self::Snapshot
            | Self::Export
            | Self::Verify
            | Self::Latest
            | Self::NormalCatalog
            | Self::SensitiveApproval
            | Self::SensitiveCatalog => SignedDuration::ZERO,
        }
    }
}

impl fmt::Display for StageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for StageId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|it| it.as_str() == text).ok_or(())
    }
}

/// Where a stage stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StageStatus {
    Pending,
    Running,
    Succeeded,
    Failed,
    Skipped,
    Canceled,
}

impl StageStatus {
    /// Says whether nothing more will happen in the stage unless a person asks for it.
    pub fn is_over(self) -> bool {
        match self {
            Self::Pending | Self::Running => false,
            Self::Succeeded | Self::Failed | Self::Skipped | Self::Canceled => true,
        }
    }
}

/// One stage in a run's record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    pub id: StageId,
    pub status: StageStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// How many times it was begun; 0 before the first.
    pub attempt: u32,
    #[serde(default, skip_serializing_if = "Detail::is_empty")]
    pub detail: Detail,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// The effect that is about to happen or has happened: written before the call, so that a crash in between is seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// What the stage waits for, when it is not its own work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// Of a transform: all that its job writes is there, and nobody has asked since that it be written anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_whole: bool,
}

impl Stage {
    /// Returns a stage that has not begun.
    pub fn new(id: StageId, status: StageStatus) -> Self {
        Self {
            id,
            status,
            started_at: None,
            finished_at: None,
            attempt: 0,
            detail: Detail::default(),
            error: None,
            intent: None,
            waiting: None,
            is_whole: false,
        }
    }

    /// Says whether work that was begun, or may have been, writes what it is for.
    pub fn may_have_written(&self) -> bool {
        self.intent.as_ref().is_some_and(|it| it.handle.as_deref() != Some(KEPT))
    }
}

impl Stage {
    /// Says whether AWS has not confirmed any work of the stage. Whether somebody is about to start it, who plans
    /// knows: see [`Context::intent_seen_for`](super::plan::Context::intent_seen_for).
    pub fn is_unconfirmed(&self) -> bool {
        self.intent.as_ref().is_none_or(|it| it.handle.is_none())
    }
}

/// The handle that stands for the job run of a transform which need not write: what it would write is there, whole.
pub const KEPT: &str = "kept";

/// An effect that one replica has undertaken: intent and lease in one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// The replica that acts.
    pub owner: String,
    /// When the owner means to be done, or to have renewed it, by its own clock. Others do not compare it with theirs:
    /// they count from when they first saw the intent so.
    pub until: Timestamp,
    /// What was there before the effect, where only that tells ours from another's: the start of the last crawl.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
    /// What AWS calls the work, once it has answered: export task, job run id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
}

/// What a stage waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    pub on: WaitOn,
    /// Since when, without a break.
    pub since: Timestamp,
}

/// A reason to wait that is nobody's mistake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WaitOn {
    /// Another run of the same source has the turn.
    Turn { holder: String },
    /// RDS is still taking the snapshot.
    SnapshotReady,
    /// All export slots of the account are taken, or the snapshot is being exported by somebody else.
    ExportSlot {
        message: String,
        /// How many other runs wait for a slot and began to earlier.
        #[serde(default)]
        before: u32,
    },
    /// The Glue job already runs as often as it may.
    JobSlot { message: String },
    /// The crawler runs for somebody else.
    CrawlerFree,
    /// RDS has not written the export's status files yet.
    StatusFiles,
    /// AWS answered with an error that may pass.
    Trouble(Failure),
}

impl WaitOn {
    /// Says whether `other` is the same reason, whatever its text says.
    pub fn same_kind(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// Says whether `other` is the same reason and, where there is a line, the same place in it.
    pub fn same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::ExportSlot { before, .. }, Self::ExportSlot { before: other, .. }) => before == other,
            (_, _) => self.same_kind(other),
        }
    }
}

/// What is known of a stage's work, for people to read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Detail {
    /// What AWS calls the state of the work: `IN_PROGRESS`, `RUNNING`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// Extracted or exported data, in gigabytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gigabytes: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tables: Option<u64>,
    /// Tables that are exported already, of [`tables`](Self::tables) in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exported_tables: Option<u64>,
    /// Tables of the catalog that show the run already, of [`tables`](Self::tables) in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switched_tables: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped_tables: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objects: Option<u64>,
    /// Objects in all, of which [`objects`](Self::objects) are in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of_objects: Option<u64>,
    /// Objects that are copied in a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u64>,
    /// When the copy will be done, if it goes on like this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_end: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Rows that a layer's job says that it has written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The same of each table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_counts: Option<Box<RowCounts>>,
    /// Stale objects removed from `latest/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_run_id: Option<String>,
    /// What a Glue job has used: data processing units times seconds, which is what is charged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpu_seconds: Option<f64>,
    /// What was found of the export, when it was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspection: Option<Box<Inspection>>,
}

/// How much was published of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    pub objects: u64,
    pub bytes: u64,
}

impl Extent {
    /// Says whether something of `other` is missing in it. Exports are written once: none grows, and none shrinks by itself.
    pub fn lacks(self, other: Self) -> bool {
        self.objects < other.objects || self.bytes < other.bytes
    }
}

impl Detail {
    /// Returns how much was published, if the work was that.
    pub fn extent(&self) -> Option<Extent> {
        Some(Extent { objects: self.objects?, bytes: self.bytes? })
    }

    /// Says whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_match_the_record() {
        for id in StageId::ALL {
            assert_eq!(id.as_str().parse(), Ok(id));
            assert_eq!(serde_json::to_value(id).unwrap(), id.as_str());
        }
        assert!(StageId::ALL.is_sorted());
    }
}
