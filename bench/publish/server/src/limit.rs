//! How many writes a second are taken. What is refused costs nothing of it.

use std::time::{Duration, Instant};

/// How writes are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Seconds that follow each other from the server's start; each takes as many writes as the limit says, whenever they
    /// come in it.
    Fixed,
    /// A bucket of tokens that refills all the time; a write takes one.
    Bucket,
}

impl Kind {
    /// Returns the kind of this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "fixed" => Some(Self::Fixed),
            "bucket" => Some(Self::Bucket),
            _ => None,
        }
    }
}

/// The limit, and what is left of it.
#[derive(Debug)]
pub(crate) struct Limit {
    kind: Kind,
    rate: f64,
    most: f64,
    since: Instant,
    left: f64,
}

impl Limit {
    /// Returns a limit of `rate` writes a second that is full at `now`. `burst` is for the bucket.
    pub(crate) fn new(kind: Kind, rate: u32, burst: Option<u32>, now: Instant) -> Self {
        let rate = f64::from(rate);
        let most = match kind {
            Kind::Fixed => rate,
            Kind::Bucket => burst.map_or(rate / 10.0, f64::from).max(1.0),
        };
        Self { kind, rate, most, since: now, left: most }
    }

    /// Takes a write at `now`, if there is room for it.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let passed = now.duration_since(self.since);
        match self.kind {
            Kind::Fixed if passed >= Duration::from_secs(1) => {
                self.since += Duration::from_secs(passed.as_secs());
                self.left = self.most;
            }
            Kind::Fixed => {}
            Kind::Bucket => {
                self.since = now;
                self.left = (self.left + passed.as_secs_f64() * self.rate).min(self.most);
            }
        }
        let taken = self.left >= 1.0;
        if taken {
            self.left -= 1.0;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(limit: &mut Limit, from: Instant, calls: u32, within: Duration) -> usize {
        (0..calls).filter(|call| limit.take(from + within * *call / calls)).count()
    }

    #[test]
    fn a_fixed_window_takes_its_number_in_each_second() {
        let start = Instant::now();
        let mut limit = Limit::new(Kind::Fixed, 100, None, start);
        assert_eq!(taken(&mut limit, start, 1000, Duration::from_secs(1)), 100);
        assert_eq!(taken(&mut limit, start + Duration::from_millis(1900), 500, Duration::from_millis(99)), 100);
        assert_eq!(taken(&mut limit, start + Duration::from_secs(2), 50, Duration::from_secs(1)), 50);
    }

    #[test]
    fn a_bucket_takes_its_burst_and_then_its_rate() {
        let start = Instant::now();
        let mut limit = Limit::new(Kind::Bucket, 100, Some(10), start);
        let taken = taken(&mut limit, start, 10_000, Duration::from_secs(10));
        assert!((1000..=1011).contains(&taken), "{taken}");
    }
}
