//! A message as the workspace keeps it, and as the API gives it out.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    options::{BOT, BOT_USER},
    world::Channel,
};

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Message {
    /// Seconds and microseconds; identifies the message in its channel.
    pub(super) ts: String,
    /// The message that this one replies to.
    pub(super) thread_ts: Option<String>,
    /// A reply that the channel shows too.
    pub(super) broadcast: bool,
    /// Who wrote it.
    pub(super) user: String,
    pub(super) text: String,
    pub(super) blocks: Vec<Value>,
    pub(super) metadata: Option<Value>,
    /// When its text was last changed.
    pub(super) edited: Option<String>,
    /// The only one who sees it: it is ephemeral.
    pub(super) only_for: Option<String>,
}

impl Message {
    pub(super) fn micros(&self) -> i64 {
        self.ts.replace('.', "").parse().expect("every `ts` is written by the workspace")
    }

    pub(super) fn is_reply_to(&self, ts: &str) -> bool {
        self.ts != ts && self.thread_ts.as_deref() == Some(ts)
    }

    /// Returns whether it is answered in a thread, or stands in the channel itself.
    pub(super) fn is_root(&self) -> bool {
        self.thread_ts.as_ref().is_none_or(|it| *it == self.ts)
    }

    /// Returns it as the API does; metadata on request only.
    pub(super) fn written(&self, channel: &Channel, with_metadata: bool) -> Value {
        let mut written = json!({ "type": "message", "user": self.user, "ts": self.ts, "text": self.text });
        if self.user == BOT_USER {
            written["bot_id"] = BOT.into();
        }
        if !self.blocks.is_empty() {
            written["blocks"] = json!(self.blocks);
        }
        if let Some(edited) = &self.edited {
            written["edited"] = json!({ "user": self.user, "ts": edited });
        }
        if let Some(metadata) = self.metadata.as_ref().filter(|_| with_metadata) {
            written["metadata"] = metadata.clone();
        }
        if let Some(thread) = &self.thread_ts {
            written["thread_ts"] = thread.as_str().into();
        }
        if self.broadcast {
            written["subtype"] = "thread_broadcast".into();
        }
        let replies: Vec<&Self> = channel.replies(&self.ts).collect();
        if let Some(latest) = replies.last() {
            written["thread_ts"] = self.ts.as_str().into();
            written["reply_count"] = replies.len().into();
            written["latest_reply"] = latest.ts.as_str().into();
        }
        written
    }
}

/// Returns a moment as Slack writes it: seconds and microseconds.
pub(super) fn stamp(at: Timestamp) -> String {
    written_micros(at.as_microsecond())
}

/// Returns microseconds since the epoch as Slack writes them.
pub(super) fn written_micros(micros: i64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
