//! For how long this replica has seen an intent as it is: what leases are measured by. Two machines' clocks are never
//! compared, for they may differ by more than a lease.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use tokio::time::Instant;

/// Intents by what they belong to, each with the moment since when it has been seen so.
///
/// Who acts renews its intent, and so changes it; who has died does not. After a start everything is seen for the first
/// time, so that a lease may last longer than it should, and never shorter.
#[derive(Debug)]
pub struct Sightings<T>(Mutex<HashMap<String, (T, Instant)>>);

impl<T> Default for Sightings<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone + PartialEq> Sightings<T> {
    /// Returns for how long `key` has had this very intent.
    pub fn of(&self, key: &str, intent: &T) -> Duration {
        let mut seen = self.0.lock().expect("no panic while the map is held");
        match seen.get(key) {
            Some((known, since)) if known == intent => since.elapsed(),
            Some(_) | None => {
                seen.insert(key.to_owned(), (intent.clone(), Instant::now()));
                Duration::ZERO
            }
        }
    }

    /// Forgets `key`, which has no intent any more.
    pub fn forget(&self, key: &str) {
        self.0.lock().expect("no panic while the map is held").remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_intent_is_seen_from_its_first_sight_until_it_changes() {
        let sightings = Sightings::default();
        assert_eq!(sightings.of("run", &1), Duration::ZERO);
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(sightings.of("run", &1), Duration::from_secs(20));
        assert_eq!(sightings.of("another", &1), Duration::ZERO);
        // Renewed: that it has changed is all that counts.
        assert_eq!(sightings.of("run", &2), Duration::ZERO);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(sightings.of("run", &2), Duration::from_secs(5));
        sightings.forget("run");
        assert_eq!(sightings.of("run", &2), Duration::ZERO);
    }
}
