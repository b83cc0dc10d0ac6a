//! A snapshot of a source's database, as RDS describes it.

use jiff::Timestamp;

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
}

/// Which snapshot a run is asked for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotChoice {
    /// The newest one that is available.
    Latest,
    /// The one with this identifier or ARN.
    Named(String),
}
