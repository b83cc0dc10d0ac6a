//! Attempts that were refused, as they are recorded: who wanted what, and why it was not allowed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::access::{Bar, Right};

/// One attempt that was refused. It is a record for those who look into it later; nothing is decided by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Idempotency key of the delivery with which it came.
    pub id: String,
    /// Slack id.
    pub user: String,
    /// What was wanted: the first word of a command, or what a button is called.
    pub what: String,
    /// `None`: it takes to be an approver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<Right>,
    /// What it was about, as it was written: a source, or a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    pub why: Bar,
    /// Where it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    pub at: Timestamp,
}
