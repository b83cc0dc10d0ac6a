//! The consumer of the queue: a message is deleted only after what it asks for is in the records.
//!
//! Messages are handled side by side, so that one that takes its time does not delay the others; as many are received
//! as there are places free.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{OnceCell, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    domain::topic::TopicArn,
    engine::{
        Engine,
        ports::{Messages, Received},
    },
    health::{Health, Service},
};

pub mod event;
mod handle;
pub mod message;

/// Messages that are handled at a time.
const AT_ONCE: usize = 10;

/// How long a message is hidden from other replicas; extended while it is worked on. A replica that dies costs a message
/// so much.
const HIDDEN: Duration = Duration::from_secs(30);

/// Pauses after the queue could not be read: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// How long a receive under way is waited for when the process stops: what it brings is given back, instead of being
/// hidden from everybody for [`HIDDEN`].
const LAST_RECEIVE: Duration = Duration::from_secs(1);

/// Reads one queue.
pub struct Consumer {
    engine: Arc<Engine>,
    messages: Arc<dyn Messages>,
    /// The topics whose messages are believed; where none is named, the queue's own policy decides who may send.
    topics: Vec<TopicArn>,
    health: Arc<Health>,
    /// Messages under work.
    tasks: TaskTracker,
    stop: CancellationToken,
    places: Arc<Semaphore>,
    /// After how many receives the queue moves a message to its dead-letter queue, once it was asked.
    redrive_after: OnceCell<Option<u32>>,
}

impl Consumer {
    /// Returns a consumer of `messages`. Its work on messages is `tasks`'; on `stop` it receives no more, and gives back
    /// what is not done soon.
    pub fn new(
        engine: Arc<Engine>,
        messages: Arc<dyn Messages>,
        topics: Vec<TopicArn>,
        health: Arc<Health>,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        Arc::new(Self { engine, messages, topics, health, tasks, stop, places, redrive_after: OnceCell::new() })
    }

    /// Consumes messages until the process stops.
    pub async fn consume(self: Arc<Self>) {
        let mut failures = 0;
        while let Some(place) = self.place().await {
            // While there was no place the queue was not asked: it is not out of reach.
            self.health.reached(Service::Queue);
            let most = 1 + self.places.available_permits();
            drop(place);
            match self.receive(most).await {
                None => return,
                Some(Ok(received)) => {
                    failures = 0;
                    self.health.reached(Service::Queue);
                    for message in received {
                        match self.place().await {
                            Some(place) => drop(self.tasks.spawn(Arc::clone(&self).handle(message, place))),
                            None => self.give_back(&message).await,
                        }
                    }
                }
                Some(Err(error)) => {
                    tracing::error!(error = format!("{error:#}"), "The queue cannot be read");
                    tokio::select! {
                        () = self.stop.cancelled() => return,
                        () = tokio::time::sleep(pause(failures, RandomState::new().hash_one(failures))) => {}
                    }
                    failures += 1;
                }
            }
        }
    }

    /// Waits for a place for a message; `None` when the process stops.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            place = Arc::clone(&self.places).acquire_owned() => Some(place.expect("the semaphore is never closed")),
        }
    }

    /// Returns `None` when the process stops.
    async fn receive(&self, most: usize) -> Option<anyhow::Result<Vec<Received>>> {
        let receive = self.messages.receive(most, HIDDEN);
        tokio::pin!(receive);
        tokio::select! {
            biased;
            received = &mut receive => return Some(received),
            () = self.stop.cancelled() => {}
        }
        if let Ok(Ok(late)) = timeout(LAST_RECEIVE, receive).await {
            for message in late {
                self.give_back(&message).await;
            }
        }
        None
    }

    /// Lets the message come again at once: to another replica, or to the next process.
    async fn give_back(&self, message: &Received) {
        self.hide(message, Duration::ZERO).await;
    }

    async fn hide(&self, message: &Received, hidden: Duration) {
        if let Err(error) = self.messages.hide(message, hidden).await {
            let (id, error) = (&message.id, format!("{error:#}"));
            tracing::warn!(message = id, error, "For how long message {id} is hidden could not be changed");
        }
    }
}

/// Returns the pause after `failures` earlier failures in a row: it doubles, and any `random` number takes up to half of
/// it away, so that replicas do not come back all at once.
fn pause(failures: u32, random: u64) -> Duration {
    let whole = FIRST_PAUSE.saturating_mul(1 << failures.min(16)).min(LONGEST_PAUSE);
    let half = whole / 2;
    let taken = random % u64::try_from(half.as_millis()).expect("some seconds fit").max(1);
    whole - Duration::from_millis(taken)
}

#[cfg(test)]
mod tests;
