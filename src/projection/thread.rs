//! The messages of a run, or of a notice: those wanted, those posted, and the edits that lie between.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::message::Message;

/// What a message is for; one message per key and thread. The order is the order of posting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(pub String);

/// What was posted for a run or a notice, stored beside its record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    /// The run's id, which is the same for all its attempts, or the notice's.
    pub of: String,
    /// By key.
    pub posted: BTreeMap<String, Posted>,
    /// A message that is about to be posted, or was, when the answer was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posting: Option<Posting>,
    /// How often somebody has deleted a message, by its key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deleted: BTreeMap<String, u32>,
    /// Nothing is posted any more, until the run has been retried more often than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<usize>,
    /// Why the last call failed, for as long as it does: Slack's error, or one of [`Thread`]'s own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Calls that have failed for this reason since one succeeded.
    #[serde(default)]
    pub tries: u32,
    /// Grows by one with every write.
    pub version: u64,
}

/// A message in Slack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    pub channel: String,
    pub ts: String,
    /// Of the message as it was last posted or edited; empty: not known.
    pub digest: String,
    /// It is part of a message that says more, and is not edited by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub folded: bool,
}

/// The intent to post a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    pub key: String,
    /// Keys of the replies that are told in the same message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folded: Vec<String>,
    pub channel: String,
    pub in_thread: bool,
    /// When it was written, by its owner's clock.
    pub at: Timestamp,
    pub owner: String,
}

/// A message that there should be.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub key: Key,
    pub channel: String,
    /// A reply in the thread of the run's root message.
    pub in_thread: bool,
    pub message: Message,
}

/// One call to Slack that brings what is posted nearer to what is wanted.
#[derive(Clone, Copy, Debug)]
pub enum Edit<'a> {
    Post { wanted: &'a Wanted, channel: &'a str },
    Update { wanted: &'a Wanted, posted: &'a Posted },
}

/// How soon a message should be seen, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// People act on it, or wait for it: an alert, a request for approval, the end of a run.
    Act,
    /// Something has happened that nobody can see yet.
    News,
    /// Something is still going on, or can be seen elsewhere in the thread already.
    State,
}

/// Returns the edits that can be made now of those that make what is `posted` into what is `wanted`, in the order in
/// which to make them.
///
/// The root is posted first, for the replies hang on it. Then what people act on is brought up to date: an approval that
/// is decided, an alert that is solved. Then new messages, alerts before the replies, which keep their order. The root is
/// edited last: it changes often while a run goes on, and must not keep the others waiting.
///
/// What was posted stays where it is when the channel in the configuration changes, and replies follow their root.
pub fn edits<'a>(wanted: &'a [Wanted], thread: &'a Thread) -> Vec<Edit<'a>> {
    let root = thread.posted.get(Key::ROOT).map(|it| it.channel.as_str());
    let edit = |wanted: &'a Wanted| match thread.posted.get(&wanted.key.0) {
        None if !thread.may_post(wanted) => None,
        None if wanted.in_thread => root.map(|channel| Edit::Post { wanted, channel }),
        None => Some(Edit::Post { wanted, channel: &wanted.channel }),
        Some(posted) if posted.folded || posted.digest == wanted.message.digest() => None,
        Some(posted) => Some(Edit::Update { wanted, posted }),
    };
    let mut edits: Vec<Edit<'a>> = wanted.iter().filter_map(edit).collect();
    edits.sort_by_key(|edit| match edit {
        Edit::Post { wanted, .. } if wanted.is_root() => 0,
        Edit::Update { wanted, .. } if !wanted.is_root() => 1,
        Edit::Post { wanted, .. } if !wanted.in_thread => 2,
        Edit::Post { .. } => 3,
        Edit::Update { .. } => 4,
    });
    edits
}

/// Says whether a reader can see already what `edits` tell.
///
/// Either the root shows it, and only replies are left; or the replies have told it, and only the root is left. Such a run
/// yields to those of which nothing is seen yet.
pub fn are_seen(edits: &[Edit<'_>]) -> bool {
    edits.iter().all(Edit::is_of_reply) || edits.iter().all(Edit::is_of_shown_root)
}

/// Returns the replies that one post can tell instead of the first of `posts`, in order: those up to the first that
/// people act on, which needs a message of its own, and as many as fit.
pub fn folded<'a>(posts: impl IntoIterator<Item = &'a Wanted>) -> Vec<&'a Wanted> {
    let mut fold: Vec<&Wanted> = Vec::new();
    for wanted in posts {
        let alone = !wanted.in_thread || wanted.message.asks();
        fold.push(wanted);
        if fold.len() > 1 && (alone || together(&fold).is_none()) {
            fold.pop();
            break;
        }
        if alone {
            break;
        }
    }
    fold
}

/// Returns the one message that tells all of `fold`, if it can be one.
pub fn together(fold: &[&Wanted]) -> Option<Message> {
    let messages: Vec<&Message> = fold.iter().map(|it| &it.message).collect();
    Message::folded(&messages)
}

impl Edit<'_> {
    /// Returns how soon it should be made. `over`: the run is at rest, so that this is its end; `seen`: see [`are_seen`].
    pub fn urgency(&self, over: bool, seen: bool) -> Urgency {
        match self {
            Edit::Update { wanted, .. } if !wanted.is_root() => Urgency::Act,
            Edit::Post { wanted, .. } if !wanted.is_root() && wanted.message.asks() => Urgency::Act,
            // A root that calls a run running that is over is not left standing, whatever its thread says.
            Edit::Update { .. } if over => Urgency::Act,
            Edit::Update { .. } | Edit::Post { .. } => match (over, seen) {
                (true, false) => Urgency::Act,
                (true, true) | (false, false) => Urgency::News,
                (false, true) => Urgency::State,
            },
        }
    }

    fn is_of_reply(&self) -> bool {
        matches!(self, Edit::Post { wanted, .. } if wanted.in_thread)
    }

    fn is_of_shown_root(&self) -> bool {
        matches!(self, Edit::Update { wanted, .. } if wanted.is_root())
    }
}

impl Wanted {
    /// Says whether it is the root of the run's thread.
    pub fn is_root(&self) -> bool {
        self.key.0 == Key::ROOT
    }
}

impl Key {
    /// The key of the root message.
    pub const ROOT: &str = "root";
}

impl Thread {
    /// The [`Thread::trouble`] of one whose root message was deleted again.
    pub const DELETED_TWICE: &str = "deleted_twice";

    /// Returns the thread of a run, or of a notice, of which nothing has been posted.
    pub fn empty(of: &str) -> Self {
        Self {
            of: of.to_owned(),
            posted: BTreeMap::new(),
            posting: None,
            deleted: BTreeMap::new(),
            stopped: None,
            trouble: None,
            tries: 0,
            version: 0,
        }
    }

    /// Returns how many of `wanted` are missing or out of date, and will be sent once they can be.
    pub fn missing(&self, wanted: &[Wanted]) -> usize {
        let shown = |it: &&Wanted| match self.posted.get(&it.key.0) {
            Some(posted) => posted.folded || posted.digest == it.message.digest(),
            None => !self.may_post(it),
        };
        if self.stopped.is_some() { 0 } else { wanted.iter().filter(|it| !shown(it)).count() }
    }

    /// Notes that a call has succeeded.
    pub fn is_well(&mut self) {
        self.trouble = None;
        self.tries = 0;
    }

    /// Notes that somebody has deleted the message `wanted`, of a run that was retried `retries` times.
    ///
    /// A root message is posted again once, and with it what people act on; what else was told in its thread is not told
    /// again. When it is deleted again, somebody does not want it: nothing more is posted until the run is retried. An
    /// alert that still stands is posted again once, a reply never.
    pub fn deleted(&mut self, key: &str, wanted: &[Wanted], retries: usize) {
        self.posted.remove(key);
        let times = self.deleted.entry(key.to_owned()).or_default();
        *times += 1;
        if key != Key::ROOT {
            return;
        }
        if *times > 1 {
            self.stopped = Some(retries);
            self.trouble = Some(Self::DELETED_TWICE.to_owned());
        }
        for it in wanted.iter().filter(|it| it.in_thread && it.message.asks()) {
            self.posted.remove(&it.key.0);
        }
    }

    /// Lets a thread that was stopped begin anew if the run has been retried since. Returns whether it does.
    pub fn resume(&mut self, retries: usize) -> bool {
        let resumes = self.stopped.is_some_and(|it| retries > it);
        if resumes {
            self.stopped = None;
            self.deleted.clear();
            self.is_well();
        }
        resumes
    }

    fn may_post(&self, wanted: &Wanted) -> bool {
        match self.deleted.get(&wanted.key.0) {
            None => true,
            Some(1) => wanted.is_root() || wanted.message.asks(),
            Some(_) => false,
        }
    }
}

#[cfg(test)]
mod tests;
