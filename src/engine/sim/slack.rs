//! Slack: channels with their messages, each with its marks; and the judge of what is posted.

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::{
    history::{Count, Invariant},
    judge::Told,
    line::{Broken, Caller, Line},
    planted::Planted,
    scenario::Service,
    world::Truth,
};
use crate::{
    engine::ports::{Chat, ChatError, Marks, Place, Ts},
    projection::{message::Message, thread::Key},
};

/// How long a post may be held up before it is excused: as long as a posting's intent keeps others from posting.
const POSTING: Duration = Duration::from_secs(15);

/// How far from the time of its intent a message is looked for.
const NEAR: SignedDuration = SignedDuration::from_mins(30);

/// One workspace.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pub(super) messages: Vec<Posted>,
    /// What each run's record has told, by its first run.
    pub(super) told: Told,
    /// Deliveries that were answered "recorded".
    pub(super) accepted: BTreeSet<String>,
    /// What people have pressed.
    pub(super) presses: Vec<Press>,
}

/// A message of ours.
#[derive(Clone, Debug)]
pub(super) struct Posted {
    pub(super) channel: String,
    pub(super) thread: Option<Ts>,
    ts: Ts,
    at: Timestamp,
    pub(super) marks: Marks,
    pub(super) digest: String,
    /// The call that posted it had been held up by a pause.
    is_late: bool,
    /// A double that a pause within a call has made.
    pub(super) is_excused: bool,
}

impl Posted {
    /// Returns the value of one of the message's marks.
    pub(super) fn mark(&self, name: &str) -> &str {
        self.marks.get(name).map_or("", String::as_str)
    }

    /// Says whether it tells what the message `key` should, by its digest; or tells it among others, as it was then.
    pub(super) fn tells(&self, key: &str, digest: &str) -> bool {
        let folded = self.mark("folded");
        let alone = folded.is_empty() && self.mark("key") == key && self.digest == digest;
        alone || (!folded.is_empty() && (self.mark("key") == key || folded.split(' ').any(|it| it == key)))
    }
}

/// A press on a request for approval.
#[derive(Clone, Debug)]
pub(super) struct Press {
    pub(super) approval: String,
    pub(super) user: &'static str,
    pub(super) approves: bool,
    /// The person is one of the approvers.
    pub(super) allowed: bool,
}

impl Truth {
    fn post(&mut self, place: Place<'_>, digest: String, marks: &Marks, caller: Caller) -> Result<Ts, ChatError> {
        if place.thread.is_some_and(|root| !self.slack.messages.iter().any(|it| it.ts == *root)) {
            return Err(ChatError::Gone);
        }
        let number = self.slack.messages.len();
        let ts = Ts(format!("{}.{number:06}", self.now.as_second()));
        let (channel, thread) = (place.channel.to_owned(), place.thread.cloned());
        let (at, marks) = (self.now, marks.clone());
        let mut posted = Posted {
            channel,
            thread,
            ts: ts.clone(),
            at,
            marks,
            digest,
            is_late: caller.held > POSTING,
            is_excused: false,
        };
        self.note(|| format!("p{} POST {} {}", caller.process, posted.mark("run"), posted.mark("key")));
        posted.is_excused = self.judge_post(&posted, caller);
        self.history.add(Count::Posts);
        self.slack.messages.push(posted);
        Ok(ts)
    }

    /// Judges a message that is about to appear. Returns whether it is one too many, and excused.
    fn judge_post(&mut self, posted: &Posted, caller: Caller) -> bool {
        let (run, key) = (posted.mark("run").to_owned(), posted.mark("key").to_owned());
        let drawn = self.slack.told.iter().any(|(name, told)| name.as_str() == run && told.contains_key(&key));
        if !drawn {
            self.broken(Invariant::DrawnFromRecord, format!("{run} has no {key}"));
        }
        let earlier: Vec<bool> =
            self.slack.messages.iter().filter(|it| it.marks == posted.marks).map(|it| it.is_late).collect();
        let is_late = posted.is_late || earlier.contains(&true);
        if !earlier.is_empty() {
            // Whichever of the two came late, the other one was right to be posted.
            let held = if is_late { Duration::MAX } else { caller.held };
            self.broken_by(Caller { held, ..caller }, POSTING, Invariant::OneMessage, format!("{key} of {run}"));
        }
        !earlier.is_empty() && is_late
    }

    /// Judges the order of the replies in every thread. Run at the end.
    pub(super) fn judge_order(&mut self) {
        let mut wrong = Vec::new();
        for (run, told) in &self.slack.told {
            let replies = self
                .slack
                .messages
                .iter()
                .filter(|it| it.thread.is_some() && !it.is_excused && it.mark("run") == run.as_str());
            let mut last = (0, Key::ROOT);
            for reply in replies {
                let Some((key, number)) = told.get_key_value(reply.mark("key")) else { continue };
                if *number < last.0 {
                    wrong.push(format!("{run}: {key} stands after {}", last.1));
                }
                last = (*number, key);
            }
        }
        wrong.into_iter().for_each(|it| self.broken(Invariant::ThreadInOrder, it));
    }

    fn later(&mut self) -> Option<ChatError> {
        let after = Duration::from_secs(self.chance.u64(2..30));
        self.mishap(3).then_some(ChatError::Later { after })
    }
}

fn trouble(broken: Broken) -> ChatError {
    match broken {
        Broken::Refused => ChatError::Later { after: Duration::from_secs(10) },
        Broken::Unclear => ChatError::Unclear("no answer".to_owned()),
    }
}

impl Line {
    async fn chat<T>(&self, effect: impl FnOnce(&mut Truth, Caller) -> Result<T, ChatError>) -> Result<T, ChatError> {
        let limited = |truth: &mut Truth, caller| match truth.later() {
            Some(later) => Err(later),
            None => effect(truth, caller),
        };
        self.call(Service::Slack, limited).await.map_err(trouble)?
    }
}

#[async_trait]
impl Chat for Line {
    async fn post(
        &self,
        place: Place<'_>,
        message: &Message,
        marks: &Marks,
        until: Option<Instant>,
    ) -> Result<Ts, ChatError> {
        let digest = message.digest();
        self.awake().await;
        if until.is_some_and(|it| Instant::now() > it) {
            return Err(ChatError::LATE);
        }
        self.chat(|truth, caller| truth.post(place, digest, marks, caller)).await
    }

    async fn update(&self, channel: &str, ts: &Ts, message: &Message) -> Result<(), ChatError> {
        let digest = message.digest();
        let process = self.process;
        let update = |truth: &mut Truth| {
            truth.note(|| format!("p{process} EDIT {}", ts.0));
            let found = truth.slack.messages.iter_mut().find(|it| it.channel == channel && it.ts == *ts);
            found.map(|it| it.digest = digest).ok_or(ChatError::Gone)
        };
        self.chat(|truth, _| update(truth)).await
    }

    async fn pin(&self, _: &str, _: &Ts) -> Result<(), ChatError> {
        self.chat(|_, _| Ok(())).await
    }

    async fn find(&self, place: Place<'_>, marks: &Marks, about: Timestamp) -> Result<Option<Ts>, ChatError> {
        let find = |truth: &mut Truth| {
            let is_there = |it: &&Posted| it.channel == place.channel && it.thread.as_ref() == place.thread;
            let found = truth.slack.messages.iter().filter(is_there).find(|it| {
                let near = it.at.duration_since(about).abs() <= NEAR;
                near && marks.iter().all(|(name, value)| it.mark(name) == value)
            });
            Ok(found.map(|it| it.ts.clone()).filter(|_| !truth.has(Planted::NoLookForPost)))
        };
        self.chat(|truth, _| find(truth)).await
    }

    async fn whisper(&self, _: Place<'_>, _: &str, _: &Message) -> Result<(), ChatError> {
        self.chat(|_, _| Ok(())).await
    }

    async fn respond(&self, _: &str, _: &Message) -> Result<(), ChatError> {
        self.chat(|_, _| Ok(())).await
    }
}
