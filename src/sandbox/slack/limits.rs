//! Slack's rate limits, on the stand-ins' clock.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

/// So many calls in any stretch of that length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub calls: usize,
    pub per: SignedDuration,
}

impl Rate {
    /// Returns a rate of so many calls a minute.
    pub const fn per_minute(calls: usize) -> Self {
        Self { calls, per: SignedDuration::from_secs(60) }
    }
}

/// Rate limits by tier (docs.slack.dev, "Rate limits").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `chat.postMessage` to one channel.
    pub post: Rate,
    pub tier2: Rate,
    pub tier3: Rate,
    pub tier4: Rate,
}

impl Default for Limits {
    /// The documented numbers. Slack allows posting one message a second with "short bursts": taken as five in five
    /// seconds.
    fn default() -> Self {
        Self {
            post: Rate { calls: 5, per: SignedDuration::from_secs(5) },
            tier2: Rate::per_minute(20),
            tier3: Rate::per_minute(50),
            tier4: Rate::per_minute(100),
        }
    }
}

impl Limits {
    /// Returns limits that nobody reaches, for worlds whose time is compressed.
    pub fn unreachable() -> Self {
        let rate = Rate::per_minute(usize::MAX);
        Self { post: rate, tier2: rate, tier3: rate, tier4: rate }
    }
}

/// Which limit a method is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tier {
    /// The method's own limit per channel.
    Post,
    Two,
    Three,
    Four,
    /// "Special" in the documentation, and out of a bot's reach.
    Unlimited,
}

/// The calls of the last while, by what limits them together.
#[derive(Debug, Default)]
pub(super) struct Meter(BTreeMap<String, VecDeque<Timestamp>>);

impl Meter {
    /// Counts a call under `key`.
    ///
    /// # Errors
    /// It is one too many. The error is the number of seconds after which it would not be.
    pub(super) fn admit(&mut self, key: &str, rate: Rate, now: Timestamp) -> Result<(), u64> {
        let calls = self.0.entry(key.to_owned()).or_default();
        while calls.front().is_some_and(|at| now.duration_since(*at) >= rate.per) {
            calls.pop_front();
        }
        match calls.front() {
            Some(oldest) if calls.len() >= rate.calls => {
                let wait = rate.per - now.duration_since(*oldest);
                Err(u64::try_from(wait.as_millis()).unwrap_or_default().div_ceil(1_000).max(1))
            }
            Some(_) | None => {
                calls.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_too_many_is_told_when_to_come_back() {
        let mut meter = Meter::default();
        let rate = Rate { calls: 2, per: SignedDuration::from_secs(5) };
        let at = |millis| Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millis);
        assert_eq!(meter.admit("a", rate, at(0)), Ok(()));
        assert_eq!(meter.admit("a", rate, at(100)), Ok(()));
        assert_eq!(meter.admit("b", rate, at(100)), Ok(()));
        assert_eq!(meter.admit("a", rate, at(1_500)), Err(4));
        assert_eq!(meter.admit("a", rate, at(5_000)), Ok(()));
        assert_eq!(meter.admit("a", rate, at(5_000)), Err(1));
    }
}
