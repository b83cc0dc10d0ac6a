//! Messages in Slack: posting, editing, finding again.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::projection::message::Message;

/// Slack's name of a message within its channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ts(pub String);

/// Where a message goes: a channel, and the thread in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    pub channel: &'a str,
    pub thread: Option<&'a Ts>,
}

/// Our marks on a message, kept in its metadata: by them it is found again. Values are strings, because others do not
/// survive `conversations.history`.
pub type Marks = BTreeMap<String, String>;

/// Posts and edits messages. A caller has a place for the call: see [`outbox`](crate::engine::outbox).
#[async_trait]
pub trait Chat: Send + Sync {
    /// Posts a message and returns its name. The call begins before `until`, or is not made: between an earlier look at
    /// the clock and the call a process may be stopped, while another replica posts.
    ///
    /// # Errors
    /// See [`ChatError`]; after [`ChatError::Unclear`] the message may be there.
    async fn post(
        &self,
        place: Place<'_>,
        message: &Message,
        marks: &Marks,
        until: Option<Instant>,
    ) -> Result<Ts, ChatError>;

    /// Replaces a message of ours. Doing it twice does no harm.
    ///
    /// # Errors
    /// See [`ChatError`].
    async fn update(&self, channel: &str, ts: &Ts, message: &Message) -> Result<(), ChatError>;

    /// Pins a message to its channel. Doing it twice does no harm.
    ///
    /// # Errors
    /// See [`ChatError`]; [`ChatError::Refused`] with `missing_scope` where the app may not.
    async fn pin(&self, channel: &str, ts: &Ts) -> Result<(), ChatError>;

    /// Returns the message of ours that carries `marks` at `place`, and was posted about `at`: that is a replica's time,
    /// and its clock may be 10 minutes off.
    ///
    /// # Errors
    /// See [`ChatError`].
    async fn find(&self, place: Place<'_>, marks: &Marks, at: Timestamp) -> Result<Option<Ts>, ChatError>;

    /// Posts a message at a place that `user` alone sees, for as long as their client is open. No marks, no edits: Slack keeps
    /// nothing of it.
    ///
    /// # Errors
    /// See [`ChatError`]; [`ChatError::Refused`] if the bot or the person is not in the channel.
    async fn whisper(&self, place: Place<'_>, user: &str, message: &Message) -> Result<(), ChatError>;

    /// Answers one person privately through the address that came with their command or press (five times within 30
    /// minutes).
    ///
    /// # Errors
    /// See [`ChatError`].
    async fn respond(&self, response_url: &str, message: &Message) -> Result<(), ChatError>;

    /// Returns `message` for the body of a 200, which nobody can send again: with its rich blocks only if the workspace
    /// is known to take them.
    fn choose(&self, message: &Message) -> Message {
        message.plainly()
    }
}

impl ChatError {
    /// The call was not made, because the time for it has passed.
    pub const LATE: Self = Self::Later { after: Duration::ZERO };
}

/// Why Slack did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ChatError {
    /// Not now; nothing was done.
    #[error("Slack asks to wait {}s", after.as_secs())]
    Later { after: Duration },
    /// No answer, or one that leaves open whether it was done.
    #[error("no clear answer from Slack: {0}")]
    Unclear(String),
    /// The message that should be edited, or the thread that should be replied to, is gone.
    #[error("the message is gone from Slack")]
    Gone,
    /// Slack will not do it until somebody mends the cause: its error's name.
    #[error("Slack refuses: {0}")]
    Refused(String),
}
