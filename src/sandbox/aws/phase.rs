//! A state that lasts for some time, and may be made to last longer.

use jiff::{SignedDuration, Timestamp};

/// The state of something, and since when it has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phase<S> {
    pub(super) state: S,
    pub(super) since: Timestamp,
    /// It would have left the state if it had not been held.
    was_held: bool,
}

impl<S> Phase<S> {
    pub(super) fn new(state: S, since: Timestamp) -> Self {
        Self { state, since, was_held: false }
    }

    /// Returns when a state that lasts for `lasts` ends, unless that is still to come or it is held. What was held
    /// ends when it is let go.
    pub(super) fn ends(&mut self, lasts: SignedDuration, now: Timestamp, is_held: bool) -> Option<Timestamp> {
        let due = self.since + lasts;
        if now < due || is_held {
            self.was_held |= now >= due;
            return None;
        }
        Some(if self.was_held { now } else { due })
    }
}
