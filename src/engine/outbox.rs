//! The way out to Slack: every post and every edit takes a place here first.
//!
//! Places come at the pace that Slack allows, shared by all replicas ([`pace`]). Within this process they go to what
//! people act on first, and in turn between runs ([`queue`]). Who gets one decides then what to send, so that a run that
//! has changed eight times while it waited is one call. Besides, the outbox remembers what only this process can know: for
//! how long it has seen another one's intent, and which threads it leaves alone for a while.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    ports::{Lane, PaceMarks},
    sightings::Sightings,
};
use crate::{clock::Clock, projection::thread::Posting};

mod pace;
mod queue;
#[cfg(test)]
pub(crate) mod testing;

pub use queue::Want;

use pace::{Claim, Pace};
use queue::Queue;

/// What waiting for a place has come to.
#[derive(Debug)]
pub enum Turn {
    Place(Place),
    /// What is wanted may have changed: look, and wait again if need be.
    Nudged,
    /// The process stops.
    Closed,
}

/// Leave for one call. One that is dropped without a call goes to the next who waits.
pub struct Place {
    lane: Lane,
    behind: bool,
    /// Where it goes back to.
    outbox: Option<Outbox>,
}

/// The places, and who waits for them. Clones share them.
#[derive(Clone)]
pub struct Outbox(Arc<Inner>);

struct Inner {
    pace: Pace,
    queue: Mutex<Queue>,
    /// Somebody new waits, or a place was given back.
    changed: Notify,
    sightings: Sightings<Posting>,
    left_alone: Mutex<HashMap<String, Instant>>,
    /// When this process last called in a lane, or will have.
    called: Mutex<HashMap<Lane, Instant>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Outbox {
    /// Returns an outbox that shares its pace with all who share `marks`.
    pub fn new(clock: Arc<dyn Clock>, marks: Arc<dyn PaceMarks>) -> Self {
        Self(Arc::new(Inner {
            pace: Pace::new(clock, marks),
            queue: Mutex::default(),
            changed: Notify::new(),
            sightings: Sightings::default(),
            left_alone: Mutex::default(),
            called: Mutex::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }))
    }

    /// Waits for a place in any of the lanes that `key` wants one in.
    pub async fn place(&self, key: &str, wants: Vec<Want>) -> Turn {
        let lanes: Vec<Lane> = wants.iter().map(|(lane, _)| lane.clone()).collect();
        let turn = {
            let mut queue = self.queue();
            if queue.closed {
                return Turn::Closed;
            }
            let turn = queue.add(key, wants);
            for lane in lanes {
                if queue.attended.insert(lane.clone()) {
                    self.0.tasks.spawn(self.clone().attend(lane));
                }
            }
            turn
        };
        self.0.changed.notify_waiters();
        turn.await.unwrap_or(Turn::Closed)
    }

    /// Lets `key` look anew at what it wants, if it waits for a place.
    pub fn nudge(&self, key: &str) {
        let turn = self.queue().take(key);
        // Whoever has stopped waiting meanwhile looks anew as well.
        turn.map(|it| it.send(Turn::Nudged));
    }

    /// Keeps `lane` silent for as long as Slack asks.
    pub async fn hush(&self, lane: &Lane, after: Duration) {
        self.0.pace.hush(lane, after).await;
    }

    /// Returns what this process has seen of the intents of others.
    pub fn sightings(&self) -> &Sightings<Posting> {
        &self.0.sightings
    }

    /// Leaves `key` alone for this time.
    pub fn leave_alone(&self, key: &str, pause: Duration) {
        let mut left_alone = self.0.left_alone.lock().expect("no panic while the map is held");
        left_alone.retain(|_, until| *until > Instant::now());
        left_alone.insert(key.to_owned(), Instant::now() + pause);
    }

    /// Returns for how long `key` is still left alone.
    pub fn left_alone(&self, key: &str) -> Option<Duration> {
        let left_alone = self.0.left_alone.lock().expect("no panic while the map is held");
        left_alone.get(key).map(|it| it.saturating_duration_since(Instant::now())).filter(|it| !it.is_zero())
    }

    /// Waits. Returns `false` if the process stops meanwhile.
    pub async fn pause(&self, pause: Duration) -> bool {
        tokio::select! {
            () = self.0.stop.cancelled() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }

    /// Hands out no more places, and lets everybody go who waits for one.
    pub async fn close(&self) {
        self.0.stop.cancel();
        let waiting = self.queue().close();
        for turn in waiting {
            // Whoever has stopped waiting meanwhile has nothing to be told.
            drop(turn.send(Turn::Closed));
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Hands out the places of one lane for as long as somebody wants one.
    async fn attend(self, lane: Lane) {
        loop {
            let changed = self.0.changed.notified();
            let (urgency, spare) = {
                let mut queue = self.queue();
                let Some(urgency) = queue.urgency(&lane) else {
                    queue.attended.remove(&lane);
                    return;
                };
                (urgency, queue.take_spare(&lane))
            };
            let claim = if spare { Claim::Now } else { self.0.pace.claim(&lane, urgency).await };
            match claim {
                Claim::Now => self.hand_out(&lane),
                Claim::In(after) => tokio::select! {
                    () = self.0.stop.cancelled() => return,
                    () = tokio::time::sleep(after) => {}
                    () = changed => {}
                },
            }
        }
    }

    fn hand_out(&self, lane: &Lane) {
        let next = self.queue().next(lane);
        let behind = next.as_ref().is_some_and(|(_, behind)| *behind);
        let place = Place { lane: lane.clone(), behind, outbox: Some(self.clone()) };
        // A place that nobody takes is dropped, and so goes back.
        if let Some((turn, _)) = next {
            drop(turn.send(Turn::Place(place)));
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().expect("no panic while the queue is held")
    }
}

impl Place {
    /// Returns the lane that it is in.
    pub fn lane(&self) -> &Lane {
        &self.lane
    }

    /// Says whether others waited for the same place: then it is worth putting more into the one call.
    pub fn is_scarce(&self) -> bool {
        self.behind
    }

    /// Uses it: the call is made when this returns.
    ///
    /// From the place to the call it is not always as long: what is read and written between them takes its time. Calls
    /// that would come nearer to each other than places do are held back, or Slack would count one too many.
    pub async fn spend(mut self) {
        let Some(outbox) = self.outbox.take() else { return };
        let (now, apart) = (Instant::now(), pace::apart(&self.lane));
        let at = {
            let mut called = outbox.0.called.lock().expect("no panic while the map is held");
            let at = called.get(&self.lane).map_or(now, |last| now.max(*last + apart));
            called.insert(self.lane.clone(), at);
            at
        };
        tokio::time::sleep_until(at).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(outbox) = self.outbox.take() {
            outbox.queue().give_back(&self.lane);
            outbox.0.changed.notify_waiters();
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("lane", &self.lane).field("behind", &self.behind).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
