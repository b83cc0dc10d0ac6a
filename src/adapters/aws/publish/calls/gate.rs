//! Where calls wait for their turn.

use std::sync::{Mutex, MutexGuard};

use tokio::time::{Instant, sleep_until};

use super::super::pace::Pace;

/// A [`Pace`], and those who wait for it, in line.
pub(super) struct Gate {
    pace: Mutex<Pace>,
    line: tokio::sync::Mutex<()>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { pace: Mutex::new(Pace::new(Instant::now())), line: tokio::sync::Mutex::new(()) }
    }

    /// Returns when a call may be sent. Only who stands in front looks at the clock.
    pub(super) async fn turn(&self) {
        let _in_front = self.line.lock().await;
        while let Err(until) = self.turn_at(Instant::now()) {
            sleep_until(until).await;
        }
    }

    /// Notes that a call got through.
    pub(super) fn passed(&self) {
        self.pace().passed(Instant::now());
    }

    /// Notes that the call that was sent at `sent` was refused. Returns whether it makes sense to go on.
    pub(super) fn refused(&self, sent: Instant) -> bool {
        self.pace().refused(Instant::now(), sent)
    }

    fn turn_at(&self, now: Instant) -> Result<(), Instant> {
        self.pace().turn(now)
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().expect("no panic while the pace is held")
    }
}
