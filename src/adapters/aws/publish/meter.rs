//! How far publishing is: counted as it goes, and told to who wants to know.

use std::sync::{Mutex, MutexGuard};

use jiff::SignedDuration;
use tokio::time::Instant;

use crate::{clock::Clock, domain::stage::Detail, engine::ports::Progress};

/// Counts objects and bytes.
pub(super) struct Meter<'a> {
    progress: &'a Progress,
    clock: &'a dyn Clock,
    begun: Instant,
    counts: Mutex<Counts>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    objects: u64,
    of_objects: u64,
    bytes: u64,
    of_bytes: u64,
    copied: u64,
    /// Everything is listed: the totals are totals.
    complete: bool,
}

impl<'a> Meter<'a> {
    pub(super) fn new(progress: &'a Progress, clock: &'a dyn Clock) -> Self {
        Self { progress, clock, begun: Instant::now(), counts: Mutex::default() }
    }

    /// Notes that an object of the export was listed, and whether it is in place already.
    pub(super) fn found(&self, size: u64, there: bool) {
        let mut counts = self.counts();
        counts.of_objects += 1;
        counts.of_bytes += size;
        if there {
            counts.objects += 1;
            counts.bytes += size;
        }
    }

    /// Notes that no more objects will be found.
    pub(super) fn all_found(&self) {
        self.counts().complete = true;
        self.tell();
    }

    /// Notes that so many bytes of an object were copied.
    pub(super) fn moved(&self, bytes: u64) {
        self.counts().bytes += bytes;
        self.tell();
    }

    /// Notes that the copy of an object is in place.
    pub(super) fn copied(&self) {
        let mut counts = self.counts();
        counts.objects += 1;
        counts.copied += 1;
        drop(counts);
        self.tell();
    }

    fn tell(&self) {
        let counts = *self.counts();
        self.progress.set(counts.detail(self.begun.elapsed().as_secs_f64(), self.clock));
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().expect("no panic while the counts are held")
    }
}

impl Counts {
    /// Returns what people are told, `seconds` after the beginning.
    fn detail(self, seconds: f64, clock: &dyn Clock) -> Detail {
        let known = Detail { objects: Some(self.objects), bytes: Some(self.bytes), ..Detail::default() };
        if !self.complete {
            return known;
        }
        let (rate, left) = (self.copied as f64 / seconds, (self.of_objects - self.objects) as f64);
        let told = rate.is_finite() && rate > 0.0;
        let left = SignedDuration::try_from_secs_f64(left / rate).ok().filter(|_| told);
        Detail {
            percent: Some(percent(self.bytes, self.of_bytes)),
            of_objects: Some(self.of_objects),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a rate is small and positive"
            )]
            per_second: told.then_some(rate.round() as u64),
            expected_end: left.and_then(|it| clock.now().checked_add(it).ok()),
            ..known
        }
    }
}

fn percent(done: u64, total: u64) -> u8 {
    let percent = if total == 0 { 100 } else { u128::from(done) * 100 / u128::from(total) };
    u8::try_from(percent).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            "2026-11-21T12:00:00Z".parse().unwrap()
        }
    }

    #[test]
    fn rate_and_end_are_told_once_everything_is_listed() {
        let counts = Counts { objects: 600, of_objects: 1000, bytes: 6, of_bytes: 9, copied: 200, complete: false };
        let listing = counts.detail(10.0, &Noon);
        assert_eq!(listing, Detail { objects: Some(600), bytes: Some(6), ..Detail::default() });
        let expected = Detail {
            percent: Some(66),
            of_objects: Some(1000),
            per_second: Some(20),
            expected_end: Some("2026-11-21T12:00:20Z".parse().unwrap()),
            ..listing
        };
        assert_eq!(Counts { complete: true, ..counts }.detail(10.0, &Noon), expected);
    }

    #[test]
    fn before_the_first_copy_there_is_no_rate() {
        let counts = Counts { of_objects: 3, complete: true, ..Counts::default() };
        let detail = counts.detail(0.0, &Noon);
        assert_eq!((detail.percent, detail.per_second, detail.expected_end), (Some(100), None, None));
    }

    #[test]
    fn counts_are_told_as_they_come() {
        let progress = Progress::default();
        let meter = Meter::new(&progress, &Noon);
        meter.found(5, true);
        meter.found(7, false);
        meter.all_found();
        meter.moved(7);
        assert_eq!((progress.get().objects, progress.get().bytes), (Some(1), Some(12)));
        meter.copied();
        assert_eq!((progress.get().objects, progress.get().of_objects), (Some(2), Some(2)));
    }

    #[test]
    fn nothing_to_copy_is_all_of_it() {
        assert_eq!((percent(0, 0), percent(1, 3), percent(3, 3)), (100, 33, 100));
    }
}
