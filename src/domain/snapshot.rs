//! A snapshot of a source's database, as RDS describes it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A snapshot of an instance or of an Aurora cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Identifier, `rds:shop-db-2026-11-22-03-00` for an automated one.
    pub id: String,
    /// ARN, which an export names as its source.
    pub arn: String,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// RDS says `available`: it can be exported.
    pub available: bool,
    pub origin: Origin,
    /// Storage of the database, in gigabytes: more than its data. `None`: RDS does not say, as of Aurora, whose storage
    /// has no fixed size.
    pub allocated: Option<u32>,
}

/// Who has made a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// RDS, by its schedule.
    Automated,
    /// AWS Backup, by its plan.
    Backup,
    /// A person, or a program for one.
    Manual,
}

/// Which snapshot a run is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotChoice {
    /// The newest one that is available.
    Latest,
    /// The one with this identifier or ARN.
    Named(String),
}
