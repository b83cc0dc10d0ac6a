//! The pace that all replicas share: how far ahead of its rate each kind of call is.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StoreError;

/// Calls that Slack limits together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Posts to one channel.
    Post(String),
    /// Edits, whatever the channel.
    Update,
    /// Edits of the board: edits like the others, and rarer.
    Board,
    /// Homes, whosever.
    Home,
}

impl Lane {
    /// Returns the lane's name in the store.
    pub fn name(&self) -> String {
        match self {
            Self::Post(channel) => format!("post#{channel}"),
            Self::Update => "update".to_owned(),
            Self::Board => "board".to_owned(),
            Self::Home => "home".to_owned(),
        }
    }
}

/// How a lane stood when a replica last took a place in it.
///
/// Lengths of time and not moments, because the clocks of two replicas may differ: what is read of the writer's clock is
/// believed only as far as the reader's own clock can confirm it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Grows by one with every write; 0: there is none yet.
    pub version: u64,
    /// When it was written, by the writer's clock.
    pub at: Timestamp,
    /// How long from then the calls that were let through take at the lane's rate, in milliseconds.
    pub ahead_ms: i64,
    /// How long from then Slack wants no call at all, in milliseconds.
    pub quiet_ms: i64,
}

/// What came of an attempt to replace a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swap {
    Done,
    /// Another one stands there; `None`: none at all.
    Lost(Option<Mark>),
}

/// Keeps one mark per lane.
#[async_trait]
pub trait PaceMarks: Send + Sync {
    /// Replaces the lane's mark of version `was` (0: there is none) by `next`.
    async fn swap(&self, lane: &Lane, was: u64, next: &Mark) -> Result<Swap, StoreError>;
}
