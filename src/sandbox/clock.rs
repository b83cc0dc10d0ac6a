//! The time of the stand-ins: the machine's, moved forward by whoever drives them.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};

use crate::clock::{Clock, System};

/// A clock that runs with the machine's, or stands still, and can be moved forward. Clones share one time.
#[derive(Clone, Debug)]
pub struct SimClock(Arc<Mutex<State>>);

#[derive(Debug)]
enum State {
    Running { ahead: SignedDuration },
    Frozen { at: Timestamp },
}

impl SimClock {
    /// Returns a clock that runs with the machine's.
    pub fn running() -> Self {
        Self(Arc::new(Mutex::new(State::Running { ahead: SignedDuration::ZERO })))
    }

    /// Returns a clock that stands at `at` until it is moved.
    pub fn frozen(at: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State::Frozen { at })))
    }

    /// Moves the clock forward by `by`.
    pub fn advance(&self, by: SignedDuration) {
        match &mut *self.0.lock().expect("no panic while the clock is held") {
            State::Running { ahead } => *ahead += by,
            State::Frozen { at } => *at += by,
        }
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        match &*self.0.lock().expect("no panic while the clock is held") {
            State::Running { ahead } => System.now() + *ahead,
            State::Frozen { at } => *at,
        }
    }
}
