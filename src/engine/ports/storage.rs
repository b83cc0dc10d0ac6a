//! What cleaning needs: removing what lies below a prefix, and a note of who cleans.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::domain::{failure::Failure, source::Location};

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    pub objects: u64,
    /// Their size, in bytes.
    pub bytes: u64,
}

/// Removes objects.
#[async_trait]
pub trait Storage: Send + Sync {
    /// Removes everything below `at`, and returns what that was. Repeating it finishes what was cut off.
    ///
    /// # Errors
    /// S3 did not answer, or refuses to: a part may be removed.
    async fn remove(&self, at: &Location) -> Result<Removed, Failure>;
}

/// That a replica has begun to clean up after a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleaning {
    pub source: String,
    pub began_at: Timestamp,
    /// Grows by one with every write.
    pub version: u64,
}

/// Keeps one record per source.
#[async_trait]
pub trait Cleanings: Send + Sync {
    /// Returns when a replica has begun last, read consistently.
    async fn cleaning(&self, source: &str) -> Result<Option<Cleaning>, StoreError>;

    /// Writes `cleaning`, whose version must be the next one. Returns `false` if another replica was faster: then nothing
    /// was written.
    async fn put_cleaning(&self, cleaning: &Cleaning) -> Result<bool, StoreError>;
}
