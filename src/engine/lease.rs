//! How long this replica has seen an intent: what a lease is measured by, so that no two machines' clocks are compared.

use std::{collections::HashMap, sync::Mutex};

use jiff::SignedDuration;
use tokio::time::Instant;

use crate::domain::{name::ExportTask, run::Run, stage::Intent};

/// The intents that this replica has seen, each with the moment since when it has been as it is. An owner that acts
/// changes its intent by renewing it; one that has died does not. After a start everything is seen for the first time, so
/// that a lease may last longer than it should, and never shorter.
#[derive(Debug, Default)]
pub struct Sightings(Mutex<HashMap<ExportTask, (Intent, Instant)>>);

impl Sightings {
    /// Notes the intent of `run`'s open stage, and returns how long it has been seen so. Zero without one.
    pub fn note(&self, run: &Run) -> SignedDuration {
        let mut seen = self.0.lock().expect("no panic while the map is held");
        let Some(intent) = run.open_stage().and_then(|it| it.intent.as_ref()) else {
            seen.remove(&run.export_task);
            return SignedDuration::ZERO;
        };
        let now = Instant::now();
        match seen.get(&run.export_task) {
            Some((known, since)) if known == intent => {
                SignedDuration::try_from(now.duration_since(*since)).unwrap_or(SignedDuration::MAX)
            }
            Some(_) | None => {
                seen.insert(run.export_task.clone(), (intent.clone(), now));
                SignedDuration::ZERO
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::testing::{intended_run, start};

    #[tokio::test(start_paused = true)]
    async fn an_intent_is_seen_from_its_first_sight_until_it_changes() {
        let sightings = Sightings::default();
        let run = intended_run("another", start());
        assert_eq!(sightings.note(&run), SignedDuration::ZERO);
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(sightings.note(&run), SignedDuration::from_secs(20));
        // Renewed by a clock that goes wrong by a day: that it has changed is all that counts.
        let renewed = intended_run("another", start() - SignedDuration::from_hours(24));
        assert_eq!(sightings.note(&renewed), SignedDuration::ZERO);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(sightings.note(&renewed), SignedDuration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_no_intent_is_forgotten() {
        let sightings = Sightings::default();
        let run = intended_run("another", start());
        sightings.note(&run);
        let without = crate::domain::testing::begun_at(run.stage);
        assert_eq!(sightings.note(&without), SignedDuration::ZERO);
        assert!(sightings.0.lock().unwrap().is_empty());
    }
}
