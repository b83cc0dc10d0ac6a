//! How fast calls may be sent: as fast as they get through.
//!
//! Nothing is tuned. Until something is refused, nothing is held back. Then the limit is what got through, and grows
//! again: slowly at first, since what was refused a moment ago probably still would be, then ever faster, since S3 widens
//! its limits by splitting prefixes. While everything is refused, single calls find out when that ends.
//! ([Design patterns for S3's performance](https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html):
//! 3,500 writes and 5,500 reads a second for each prefix, `503 Slow Down` above.)

use std::time::Duration;

use tokio::time::Instant;

use self::window::Window;

mod window;

/// Refusals in a row after which only single calls are sent.
const IN_A_ROW: u32 = 16;
/// The time between those.
const PROBE: Duration = Duration::from_millis(20);
/// How much of its limit may be sent at once, where the calls before were late.
const BURST: Duration = Duration::from_millis(25);
/// What got through in so long tells a limit that counts by the second.
const LONG: Duration = Duration::from_secs(1);
/// What got through in so long tells a limit that counts all the time.
const SHORT: Duration = Duration::from_millis(250);
/// The part of what got through that is sent after a refusal.
const CUT: f64 = 0.97;
/// The limit's growth within the first second after a refusal; it doubles from second to second.
const GROWTH: f64 = 0.02;
/// The lowest limit, in calls per second.
const LEAST: f64 = 5.0;
/// How long everything may be refused before that is taken for what it is.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pace of one kind of calls to one service.
#[derive(Debug)]
pub(super) struct Pace {
    /// Calls per second; `None`: as many as can be sent.
    limit: Option<f64>,
    /// Calls that may be sent at once.
    credit: f64,
    /// When credit and limit were last brought up to date.
    updated: Instant,
    /// When the limit was last cut.
    cut: Option<Instant>,
    passed: Window,
    /// Refusals since something got through.
    in_a_row: u32,
    /// Since when nothing but refusals came.
    since: Option<Instant>,
    /// When the next single call may be sent.
    probe: Instant,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            limit: None,
            credit: 0.0,
            updated: now,
            cut: None,
            passed: Window::new(now),
            in_a_row: 0,
            since: None,
            probe: now,
        }
    }

    /// Asks for a call to be sent now. Returns when to ask again, if it may not be.
    pub(super) fn turn(&mut self, now: Instant) -> Result<(), Instant> {
        if self.in_a_row >= IN_A_ROW {
            if now < self.probe {
                return Err(self.probe);
            }
            self.probe = now + PROBE;
            return Ok(());
        }
        let Some(limit) = self.grown(now) else { return Ok(()) };
        if self.credit < 1.0 {
            return Err(now + Duration::from_secs_f64((1.0 - self.credit) / limit));
        }
        self.credit -= 1.0;
        Ok(())
    }

    /// Notes that a call got through.
    pub(super) fn passed(&mut self, now: Instant) {
        self.passed.count(now);
        self.in_a_row = 0;
        self.since = None;
    }

    /// Notes that the call that was sent at `sent` was refused. Returns whether it makes sense to go on.
    pub(super) fn refused(&mut self, now: Instant, sent: Instant) -> bool {
        let known = self.cut.is_some_and(|it| sent <= it);
        // While everything is refused, what got through lately says nothing of the limit.
        if !known && self.in_a_row < IN_A_ROW {
            let got = self.passed.rate(now, LONG).min(self.passed.rate(now, SHORT)) * CUT;
            let least = self.limit.map_or(LEAST, |it| it / 2.0).max(LEAST);
            // With nothing to go by yet there is nothing to limit to.
            if got > 0.0 || self.limit.is_some() {
                self.limit = Some(got.max(least).min(self.limit.unwrap_or(f64::INFINITY)));
            }
            self.cut = Some(now);
            self.credit = 0.0;
            self.updated = now;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        now.duration_since(*self.since.get_or_insert(now)) < PATIENCE
    }

    /// Brings limit and credit up to date, and returns the limit.
    fn grown(&mut self, now: Instant) -> Option<f64> {
        let past = now.duration_since(self.updated).as_secs_f64();
        self.updated = now;
        let since = self.cut.map_or(0.0, |it| now.duration_since(it).as_secs_f64());
        let limit = self.limit? * (1.0 + GROWTH * since.exp2() * past);
        self.credit = (self.credit + limit * past).min((limit * BURST.as_secs_f64()).max(1.0));
        self.limit = Some(limit).filter(|it| it.is_finite());
        self.limit
    }
}

#[cfg(test)]
mod tests;
