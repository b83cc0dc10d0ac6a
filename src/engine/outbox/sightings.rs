//! For how long this process has seen the same intent to post: by its own clock, which no other clock can lead astray.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use tokio::time::Instant;

use crate::projection::thread::Posting;

/// The intents that this process has seen and not yet seen the end of, by the key of what they belong to.
#[derive(Debug, Default)]
pub struct Sightings(Mutex<HashMap<String, (Posting, Instant)>>);

impl Sightings {
    /// Returns for how long `key` has had this very intent.
    pub fn of(&self, key: &str, posting: &Posting) -> Duration {
        let mut seen = self.0.lock().expect("no panic while the map is held");
        let first = seen.entry(key.to_owned()).or_insert_with(|| (posting.clone(), Instant::now()));
        if first.0 != *posting {
            *first = (posting.clone(), Instant::now());
        }
        first.1.elapsed()
    }

    /// Forgets `key`, which has no intent any more.
    pub fn forget(&self, key: &str) {
        self.0.lock().expect("no panic while the map is held").remove(key);
    }
}
