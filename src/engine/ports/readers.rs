//! Who reads their Home, and what they were last shown.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::StoreError;

/// How long after its last opening a Home is kept up to date.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24 * 14);

/// Somebody who has opened their Home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    pub user: String,
    /// When they last opened it.
    pub opened_at: Timestamp,
    /// Digest of the Home that Slack shows; empty: not known.
    pub shown: String,
    /// Digest of what it was drawn from; empty: not known. As long as this is the same, the Home is.
    pub drawn_from: String,
    /// When a replica last undertook to publish it; `None`: nobody has since it was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
    /// Grows by one with every write.
    pub version: u64,
}

/// Keeps one record per reader, until [`KEPT`] after the last opening.
#[async_trait]
pub trait Readers: Send + Sync {
    /// Returns what is recorded of `user`, read consistently.
    async fn reader(&self, user: &str) -> Result<Option<Reader>, StoreError>;

    /// Writes `reader`, whose version must be the next one. Returns `false` if it has another already: then nothing was
    /// written.
    async fn put_reader(&self, reader: &Reader) -> Result<bool, StoreError>;

    /// Returns who has opened their Home since `since`. May lag.
    async fn readers(&self, since: Timestamp) -> Result<Vec<String>, StoreError>;
}
