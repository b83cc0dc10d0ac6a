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
#[derive(Clone, Debug)]
pub enum Edit<'a> {
    Post(&'a Wanted),
    Update { wanted: &'a Wanted, posted: &'a Posted },
}

/// Returns the edits that make what is `posted` into what is `wanted`, in the order in which to make them.
///
/// The root is posted first, for the others hang on it. Then what people act on is brought up to date: an approval that
/// is decided, an alert that is solved. Then new messages, alerts before the replies, which keep their order. The root is
/// edited last: it changes often while a run goes on, and must not keep the others waiting.
pub fn edits<'a>(wanted: &'a [Wanted], thread: &'a Thread) -> Vec<Edit<'a>> {
    let mut edits: Vec<Edit<'a>> = wanted
        .iter()
        .filter_map(|wanted| match thread.posted.get(&wanted.key.0) {
            None => Some(Edit::Post(wanted)),
            Some(posted) if posted.digest != wanted.message.digest() => Some(Edit::Update { wanted, posted }),
            Some(_) => None,
        })
        .collect();
    edits.sort_by_key(|edit| match edit {
        Edit::Post(wanted) if wanted.is_root() => 0,
        Edit::Update { wanted, .. } if !wanted.is_root() => 1,
        Edit::Post(wanted) if !wanted.in_thread => 2,
        Edit::Post(_) => 3,
        Edit::Update { .. } => 4,
    });
    edits
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
    /// Returns the thread of a run, or of a notice, of which nothing has been posted.
    pub fn empty(of: &str) -> Self {
        Self { of: of.to_owned(), posted: BTreeMap::new(), posting: None, trouble: None, version: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(key: &str, in_thread: bool, text: &str) -> Wanted {
        let message = Message { text: text.to_owned(), blocks: Vec::new() };
        Wanted { key: Key(key.to_owned()), channel: "C1".to_owned(), in_thread, message }
    }

    /// The messages that a run with an alert and an approval wants.
    fn all(text: &str) -> Vec<Wanted> {
        let keys = [("root", false), ("stage:export:1", true), ("approval:x", true), ("alert:verify:1", false)];
        keys.iter().map(|(key, in_thread)| wanted(key, *in_thread, text)).collect()
    }

    fn posted(wanted: &[Wanted]) -> Thread {
        let mut thread = Thread::empty("shop-202611220304-0a09292e-a1");
        for it in wanted {
            let digest = it.message.digest();
            thread.posted.insert(it.key.0.clone(), Posted { channel: "C1".into(), ts: "1.0".into(), digest });
        }
        thread
    }

    fn order(wanted: &[Wanted], thread: &Thread) -> Vec<String> {
        let told = |it: &Edit<'_>| match it {
            Edit::Post(wanted) => format!("post {}", wanted.key.0),
            Edit::Update { wanted, .. } => format!("update {}", wanted.key.0),
        };
        edits(wanted, thread).iter().map(told).collect()
    }

    #[test]
    fn a_new_thread_is_posted_root_first() {
        let order = order(&all("a"), &posted(&[]));
        assert_eq!(order, ["post root", "post alert:verify:1", "post stage:export:1", "post approval:x"]);
    }

    #[test]
    fn what_people_act_on_is_edited_first_and_the_root_last() {
        let (before, after) = (all("a"), all("b"));
        let order = order(&after, &posted(&[before[0].clone(), before[2].clone()]));
        assert_eq!(order, ["update approval:x", "post alert:verify:1", "post stage:export:1", "update root"]);
    }

    #[test]
    fn what_is_shown_already_is_left_alone() {
        let all = all("a");
        assert_eq!(order(&all, &posted(&all)), [""; 0]);
    }
}
