//! The messages of a run: those wanted, those posted, and the edits that lie between.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::message::Message;
use crate::domain::name::ExportTask;

/// What a message is for; one message per key and run. The order is the order of posting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(pub String);

/// What was posted for a run, stored beside its record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    pub run_id: ExportTask,
    /// By key.
    pub posted: BTreeMap<String, Posted>,
    /// A message that is about to be posted, or was, when the answer was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posting: Option<Posting>,
    /// Why the last attempt to post failed, for as long as it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Grows by one with every write.
    pub version: u64,
}

/// A message in Slack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    pub channel: String,
    pub ts: String,
    /// Of the message as it was last posted or edited.
    pub digest: String,
}

/// The intent to post a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    pub key: String,
    pub channel: String,
    pub in_thread: bool,
    pub at: Timestamp,
    /// Until then nobody else posts.
    pub until: Timestamp,
    pub owner: String,
}

/// A message that a run should have.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub key: Key,
    pub channel: String,
    /// A reply in the thread of the run's root message.
    pub in_thread: bool,
    pub message: Message,
}

/// One call to Slack that brings what is posted nearer to what is wanted.
#[derive(Clone, Debug)]
pub enum Edit<'a> {
    Post(&'a Wanted),
    Update { wanted: &'a Wanted, posted: &'a Posted },
}

/// Returns the edits that make what is `posted` into what is `wanted`, in the order in which to make them.
///
/// The root comes first, then edits of what is there (the newest state of a message wins), then new replies in their
/// order.
pub fn edits<'a>(wanted: &'a [Wanted], thread: &'a Thread) -> Vec<Edit<'a>> {
    let mut posts = Vec::new();
    let mut updates = Vec::new();
    for wanted in wanted {
        match thread.posted.get(&wanted.key.0) {
            None => posts.push(Edit::Post(wanted)),
            Some(posted) if posted.digest != wanted.message.digest() => updates.push(Edit::Update { wanted, posted }),
            Some(_) => {}
        }
    }
    updates.extend(posts);
    updates
}

impl Thread {
    /// Returns the thread of a run of which nothing has been posted.
    pub fn empty(run_id: ExportTask) -> Self {
        Self { run_id, posted: BTreeMap::new(), posting: None, trouble: None, version: 0 }
    }
}
