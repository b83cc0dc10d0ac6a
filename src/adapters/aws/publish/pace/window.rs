//! How many calls got through lately.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// How finely the past is kept.
const SLOT: Duration = Duration::from_millis(25);
/// How much of it: a second.
const SLOTS: usize = 40;

/// Counts of the last second, in slots.
#[derive(Debug)]
pub(super) struct Window {
    /// When the first was counted.
    begun: Option<Instant>,
    /// When the newest slot begins.
    newest: Instant,
    /// The newest last.
    counts: VecDeque<u32>,
}

impl Window {
    pub(super) fn new(now: Instant) -> Self {
        Self { begun: None, newest: now, counts: VecDeque::from([0]) }
    }

    pub(super) fn count(&mut self, now: Instant) {
        self.advance(now);
        self.begun.get_or_insert(now);
        *self.counts.back_mut().expect("there is always a newest slot") += 1;
    }

    /// Returns how many per second were counted within the last `span`, at most a second; since the first, if that is less.
    pub(super) fn rate(&mut self, now: Instant, span: Duration) -> f64 {
        self.advance(now);
        let slots = usize::try_from(span.as_nanos() / SLOT.as_nanos()).unwrap_or(SLOTS);
        let counted: u32 = self.counts.iter().rev().take(slots).sum();
        let whole = SLOT * u32::try_from(slots - 1).unwrap_or_default() + now.duration_since(self.newest);
        let lasted = whole.min(now.duration_since(self.begun.unwrap_or(now))).max(SLOT);
        f64::from(counted) / lasted.as_secs_f64()
    }

    fn advance(&mut self, now: Instant) {
        if now.duration_since(self.newest) >= SLOT * u32::try_from(SLOTS).unwrap_or_default() * 2 {
            self.counts = VecDeque::from(vec![0; SLOTS]);
            self.newest = now;
        }
        while now.duration_since(self.newest) >= SLOT {
            self.newest += SLOT;
            self.counts.push_back(0);
        }
        while self.counts.len() > SLOTS {
            self.counts.pop_front();
        }
    }
}
