//! The newest kinds of blocks where the workspace takes them, plain ones where it does not.
//!
//! Slack makes a new kind of block known to one workspace after the other, and refuses it everywhere else as
//! `invalid_blocks`. Nobody can ask beforehand: the first message that holds one tells.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, timeout};

use super::ports::{Chat, ChatError, Kinds, KnownKinds, Marks, Place, Ts};
use crate::{clock::Clock, projection::message::Message};

/// After so long a refusal is forgotten: what a workspace does not take today it may take next week.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(24 * 7);

/// How long what other replicas have learned may stay unknown here.
const FRESH: Duration = Duration::from_mins(5);

/// How long a message waits for what the others know: a post has to be made soon after its intent, or another replica
/// takes it over.
const READ: Duration = Duration::from_millis(300);

/// How long writing down what was learned may take.
const WRITE: Duration = Duration::from_secs(1);

/// Attempts at writing down what was learned, while other replicas do so too.
const ATTEMPTS: usize = 3;

/// A [`Chat`] of one workspace that sends a message's rich blocks if the workspace takes them.
pub struct Palette {
    chat: Arc<dyn Chat>,
    store: Arc<dyn KnownKinds>,
    clock: Arc<dyn Clock>,
    team: String,
    memory: Mutex<Memory>,
}

/// What this replica knows.
#[derive(Default)]
struct Memory {
    kinds: Kinds,
    /// When it was last compared with what the others know.
    read_at: Option<Instant>,
}

/// What Slack makes of a kind of block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Taken,
    Refused,
}

impl Palette {
    /// Returns the chat of the workspace `team` over `chat`; what is learned is kept in `store`.
    pub fn new(chat: Arc<dyn Chat>, store: Arc<dyn KnownKinds>, clock: Arc<dyn Clock>, team: String) -> Self {
        Self { chat, store, clock, team, memory: Mutex::default() }
    }

    /// Returns `message` with its rich blocks, unless the workspace is known to refuse one of them.
    async fn rich(&self, message: &Message) -> Option<Message> {
        let rich = message.enriched()?;
        self.refresh().await;
        let now = self.clock.now();
        let refused = message.kinds().iter().any(|it| self.memory().kinds.verdict(it, now) == Some(Verdict::Refused));
        (!refused).then_some(rich)
    }

    /// Takes over what the other replicas know, now and then. Without it this one learns by itself.
    async fn refresh(&self) {
        if self.memory().read_at.is_some_and(|it| it.elapsed() < FRESH) {
            return;
        }
        match timeout(READ, self.store.kinds(&self.team)).await {
            Ok(Ok(kinds)) => self.memory().kinds.merge(kinds),
            Ok(Err(error)) => tracing::warn!(%error, "Which kinds of blocks the workspace takes could not be read"),
            Err(_) => tracing::warn!("Which kinds of blocks the workspace takes could not be read in time"),
        }
        self.memory().read_at = Some(Instant::now());
    }

    /// Remembers the verdict on `kinds`, here and for the other replicas. Whether it can be written down changes nothing
    /// for the message.
    async fn learn(&self, kinds: &BTreeSet<String>, verdict: Verdict) {
        let now = self.clock.now();
        let mut learned = self.memory().kinds.clone();
        let known = |it: &String| learned.verdict(it, now) == Some(verdict);
        if kinds.iter().all(known) {
            return;
        }
        kinds.iter().for_each(|it| learned.set(it, verdict, now));
        self.memory().kinds = learned.clone();
        tracing::info!(?kinds, ?verdict, "Learned which kinds of blocks the workspace takes");
        if timeout(WRITE, self.write_down(learned, kinds, verdict)).await.is_err() {
            tracing::warn!("Which kinds of blocks the workspace takes could not be written down in time");
        }
    }

    async fn write_down(&self, mut learned: Kinds, kinds: &BTreeSet<String>, verdict: Verdict) {
        let now = self.clock.now();
        for _ in 0..ATTEMPTS {
            match self.store.put_kinds(&self.team, &learned).await {
                Ok(true) => {
                    self.memory().kinds.version = learned.version + 1;
                    return;
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(%error, "Which kinds of blocks the workspace takes could not be written down");
                    return;
                }
            }
            let Ok(theirs) = self.store.kinds(&self.team).await else { return };
            learned = theirs;
            kinds.iter().for_each(|it| learned.set(it, verdict, now));
            self.memory().kinds = learned.clone();
        }
    }

    /// Calls with the rich form of `message`, and, if Slack refuses its blocks, with the plain one.
    async fn send<T, C>(&self, message: &Message, call: impl Fn(Message) -> C + Send + Sync) -> Result<T, ChatError>
    where
        T: Send,
        C: Future<Output = Result<T, ChatError>> + Send,
    {
        let Some(rich) = self.rich(message).await else { return call(message.plainly()).await };
        let kinds = message.kinds();
        let refusal = match call(rich).await {
            Err(ChatError::Refused(why)) if is_about_blocks(&why) => why,
            Err(error) => return Err(error),
            Ok(done) => {
                self.learn(&kinds, Verdict::Taken).await;
                return Ok(done);
            }
        };
        tracing::warn!(refusal, ?kinds, "Slack refuses the blocks of a message, which is sent with plain ones");
        let refused = named(&refusal, &kinds);
        let done = call(message.plainly()).await;
        // If the plain message is refused as well, the kinds are not to blame.
        if !matches!(&done, Err(ChatError::Refused(why)) if is_about_blocks(why)) {
            self.learn(&refused, Verdict::Refused).await;
        }
        done
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().expect("no panic while the memory is held")
    }
}

#[async_trait]
impl Chat for Palette {
    async fn post(
        &self,
        place: Place<'_>,
        message: &Message,
        marks: &Marks,
        until: Option<Instant>,
    ) -> Result<Ts, ChatError> {
        self.send(message, |it| async move { self.chat.post(place, &it, marks, until).await }).await
    }

    async fn update(&self, channel: &str, ts: &Ts, message: &Message) -> Result<(), ChatError> {
        self.send(message, |it| async move { self.chat.update(channel, ts, &it).await }).await
    }

    async fn find(&self, place: Place<'_>, marks: &Marks, at: Timestamp) -> Result<Option<Ts>, ChatError> {
        self.chat.find(place, marks, at).await
    }

    async fn pin(&self, channel: &str, ts: &Ts) -> Result<(), ChatError> {
        self.chat.pin(channel, ts).await
    }

    async fn whisper(&self, place: Place<'_>, user: &str, message: &Message) -> Result<(), ChatError> {
        self.send(message, |it| async move { self.chat.whisper(place, user, &it).await }).await
    }

    async fn respond(&self, response_url: &str, message: &Message) -> Result<(), ChatError> {
        self.send(message, |it| async move { self.chat.respond(response_url, &it).await }).await
    }

    fn choose(&self, message: &Message) -> Message {
        let now = self.clock.now();
        let taken = |it: &String| self.memory().kinds.verdict(it, now) == Some(Verdict::Taken);
        message.enriched().filter(|_| message.kinds().iter().all(taken)).unwrap_or_else(|| message.plainly())
    }
}

impl Kinds {
    fn verdict(&self, kind: &str, now: Timestamp) -> Option<Verdict> {
        let refused = self.refused.get(kind).filter(|it| now.duration_since(**it) < FORGOTTEN_AFTER);
        match (refused, self.taken.get(kind)) {
            (Some(refused), Some(taken)) if taken > refused => Some(Verdict::Taken),
            (Some(_), _) => Some(Verdict::Refused),
            (None, Some(_)) => Some(Verdict::Taken),
            (None, None) => None,
        }
    }

    fn set(&mut self, kind: &str, verdict: Verdict, now: Timestamp) {
        let (into, from) = match verdict {
            Verdict::Taken => (&mut self.taken, &mut self.refused),
            Verdict::Refused => (&mut self.refused, &mut self.taken),
        };
        from.remove(kind);
        into.insert(kind.to_owned(), now);
    }

    /// Adds what others know; of two moments the later one counts.
    fn merge(&mut self, others: Self) {
        let Self { taken, refused, version } = others;
        for (own, others) in [(&mut self.taken, taken), (&mut self.refused, refused)] {
            for (kind, at) in others {
                let known = own.entry(kind).or_insert(at);
                *known = at.max(*known);
            }
        }
        self.version = version;
    }
}

/// Says whether Slack's error is about the blocks of a message (docs.slack.dev, "chat.postMessage", errors); how it
/// answers a `response_url` is not documented, but it names the same errors.
fn is_about_blocks(error: &str) -> bool {
    ["invalid_blocks", "msg_blocks_too_long"].iter().any(|it| error.contains(it))
}

/// Returns those of `kinds` that Slack's error speaks of; all of them if it names none.
fn named(error: &str, kinds: &BTreeSet<String>) -> BTreeSet<String> {
    let says = |it: &&String| error.contains(&format!("unsupported type: {it}"));
    let named: BTreeSet<String> = kinds.iter().filter(says).cloned().collect();
    if named.is_empty() { kinds.clone() } else { named }
}

#[cfg(test)]
mod tests;
