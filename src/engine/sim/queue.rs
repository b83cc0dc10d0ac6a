//! The queue: at least once, in any order, each message hidden while somebody works on it; and its consumer.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{history::Count, line::Line, scenario::Service, world::Truth};
use crate::engine::{
    Engine,
    hints::{Hint, Message},
    ports::Queue,
};

/// How long a message that was received is hidden.
const VISIBILITY: SignedDuration = SignedDuration::from_secs(60);

/// Pause between two looks into an empty queue, and after one that failed.
const PAUSE: Duration = Duration::from_secs(3);

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Sqs {
    envelopes: Vec<Envelope>,
    sent: u64,
}

#[derive(Clone, Debug)]
struct Envelope {
    id: u64,
    body: Body,
    visible_at: Timestamp,
}

/// What is in a message.
#[derive(Clone, Debug)]
pub(super) enum Body {
    /// A wake-up of the bot's own, as it was sent.
    Own(String),
    /// An event of AWS, as the consumer reads it.
    Event(Hint),
}

impl Body {
    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Own(text) => serde_json::from_str::<Message>(text).ok().map(Hint::Own),
            Self::Event(hint) => Some(hint.clone()),
        }
    }
}

impl Truth {
    fn put(&mut self, visible_at: Timestamp, body: Body) {
        self.queue.sent += 1;
        let id = self.queue.sent;
        self.queue.envelopes.push(Envelope { id, body, visible_at });
    }

    /// AWS tells of something that happens at `due`: late, twice, or not at all, if the seed wants it.
    pub(super) fn event(&mut self, due: Timestamp, body: Body) {
        if self.mishap(15) {
            self.history.add(Count::LostEvents);
            return;
        }
        let delay = if self.mishap(15) { self.seconds(0, 600) } else { self.seconds(0, 3) };
        if self.mishap(10) {
            self.history.add(Count::DoubledEvents);
            let later = self.seconds(0, 300);
            self.put(due + delay + later, body.clone());
        }
        self.put(due + delay, body);
    }

    fn has_messages(&self) -> bool {
        self.queue.envelopes.iter().any(|it| it.visible_at <= self.now)
    }

    /// Hands out some of the messages that can be seen, in any order.
    fn receive(&mut self) -> Vec<(u64, Body)> {
        let now = self.now;
        let visible = self.queue.envelopes.iter().enumerate().filter(|(_, it)| it.visible_at <= now);
        let mut chosen: Vec<usize> = visible.map(|(at, _)| at).collect();
        self.chance.shuffle(&mut chosen);
        chosen.truncate(10);
        let take = |at: usize| {
            let envelope = &mut self.queue.envelopes[at];
            envelope.visible_at = now + VISIBILITY;
            (envelope.id, envelope.body.clone())
        };
        chosen.into_iter().map(take).collect()
    }
}

#[async_trait]
impl Queue for Line {
    async fn send(&self, body: &str) -> anyhow::Result<()> {
        let put = |truth: &mut Truth| {
            let now = truth.now;
            truth.put(now, Body::Own(body.to_owned()));
        };
        self.call(Service::Queue, |truth, _| put(truth)).await.map_err(|it| anyhow::anyhow!("{it:?}"))
    }
}

/// Consumes messages as `inbound/queue` does: deleted when they were followed, and not before.
pub(super) async fn consume(line: Line, engine: Arc<Engine>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        line.awake().await;
        let any = line.world.truth().has_messages();
        let received = if any { line.call(Service::Queue, |truth, _| truth.receive()).await } else { Ok(Vec::new()) };
        let received = received.unwrap_or_default();
        if received.is_empty() {
            sleep(PAUSE).await;
        }
        for (id, body) in received {
            let Some(hint) = body.hint() else { continue };
            if engine.follow(&hint).await.is_ok() {
                let delete = |truth: &mut Truth| truth.queue.envelopes.retain(|it| it.id != id);
                // One that is not deleted comes again.
                line.call(Service::Queue, |truth, _| delete(truth)).await.ok();
            }
        }
    }
}
