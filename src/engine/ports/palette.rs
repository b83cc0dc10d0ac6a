//! Which kinds of blocks a workspace takes: what replicas learn of it, shared.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StoreError;

/// What is known of a workspace's kinds of blocks: when each was last taken, or refused, by the clock of who saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kinds {
    #[serde(default)]
    pub taken: BTreeMap<String, Timestamp>,
    #[serde(default)]
    pub refused: BTreeMap<String, Timestamp>,
    /// Grows by one with every write; 0: nothing is kept yet.
    pub version: u64,
}

/// Keeps what is known of each workspace's kinds of blocks.
#[async_trait]
pub trait KnownKinds: Send + Sync {
    /// Returns what is known of the workspace `team`; nothing if nothing is kept.
    async fn kinds(&self, team: &str) -> Result<Kinds, StoreError>;

    /// Writes what is known of `team`, if nobody else has since `kinds.version` was read. Returns `false` if somebody
    /// has.
    async fn put_kinds(&self, team: &str, kinds: &Kinds) -> Result<bool, StoreError>;
}
