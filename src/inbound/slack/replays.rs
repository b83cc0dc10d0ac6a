//! Which requests were let in lately, so that one that comes again is known.
//!
//! A signature is good for ten minutes: for five after its time, and for as long before, because clocks differ. For as
//! long it is remembered; within bounds, for whoever can sign can send much. That something is done once, though, does
//! not rest on this memory, which a restart empties and no replica shares: it rests on the record.

use std::{
    collections::HashSet,
    mem,
    sync::{Mutex, MutexGuard},
};

use jiff::{SignedDuration, Timestamp};

/// How long a signature is remembered, at the least.
const KEPT: SignedDuration = SignedDuration::from_mins(10);

/// Signatures of one generation at the most: a hundred each second for ten minutes, in about 2 MiB.
const MOST: usize = 65_536;

/// The beginning of a signature. That two requests share it does not happen.
pub(super) type Key = [u8; 16];

/// Signatures in two generations; the older one is forgotten as a whole.
#[derive(Debug, Default)]
pub(super) struct Replays(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashSet<Key>,
    old: HashSet<Key>,
    /// Since when the young one is filled.
    since: Option<Timestamp>,
}

impl Replays {
    /// Notes that `key` is let in at `now`. Returns whether it was before.
    pub(super) fn note(&self, key: Key, now: Timestamp) -> bool {
        let mut generations = self.generations();
        let aged = generations.since.is_none_or(|it| now.duration_since(it) >= KEPT);
        if aged || generations.young.len() >= MOST {
            generations.old = mem::take(&mut generations.young);
            generations.since = Some(now);
        }
        let was_old = generations.old.contains(&key);
        !generations.young.insert(key) || was_old
    }

    fn generations(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().expect("no panic while the generations are held")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn key(number: usize) -> Key {
        (number as u128).to_be_bytes()
    }

    #[test]
    fn what_comes_again_is_known_for_as_long_as_it_could_be_let_in() {
        let replays = Replays::default();
        assert!(!replays.note(key(1), at(0)));
        // Another one begins a generation just before the first is too old.
        assert!(!replays.note(key(2), at(599)));
        for later in [1, 300, 599, 600, 1190] {
            assert!(replays.note(key(2), at(599 + later)), "after {later} s");
        }
        assert!(!replays.note(key(1), at(3600)), "long after it is forgotten");
    }

    #[test]
    fn however_many_come_it_is_bounded_and_the_newest_are_known() {
        let replays = Replays::default();
        for number in 0..MOST * 5 / 2 {
            assert!(!replays.note(key(number), at(0)));
        }
        let count = {
            let held = replays.generations();
            held.young.len() + held.old.len()
        };
        assert!(count <= 2 * MOST);
        assert!(replays.note(key(MOST * 5 / 2 - 1), at(1)) && replays.note(key(MOST * 3 / 2), at(1)));
        assert!(!replays.note(key(0), at(1)));
    }
}
