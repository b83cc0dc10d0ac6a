//! What was refused, on its way into the record: written after the answer, which never waits for it.

use std::{sync::Arc, time::Duration};

use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use super::ports::Store;
use crate::domain::refused::Refused;

/// How many may wait to be written. In a flood the rest is counted and logged, and not recorded.
const WAITING: usize = 256;

/// How long one record may take.
const TIME_OUT: Duration = Duration::from_secs(5);

/// Where refusals are noted. Clones share it.
#[derive(Clone, Debug)]
pub struct Refusals(mpsc::Sender<Refused>);

/// What waits to be written. It outlives a panic of what writes it.
pub type Waiting = Arc<Mutex<mpsc::Receiver<Refused>>>;

impl Refusals {
    /// Returns where refusals are noted, and what waits.
    pub fn channel() -> (Self, Waiting) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self(sender), Arc::new(Mutex::new(receiver)))
    }

    /// Notes a refusal: one line in the log, one in the metrics, and an item in the record, if not too many wait.
    pub fn note(&self, refused: Refused) {
        let Refused { user, what, target, why, channel, .. } = &refused;
        let (why, recorded) = (why.as_str(), self.0.capacity() > 0);
        tracing::warn!(user, what, target, channel, why, recorded, "Refused: {user} may not {what}");
        metrics::counter!(crate::metrics::REFUSALS, "why" => why).increment(1);
        // Nothing hangs on it: whoever floods the bot shall not fill its memory.
        let _ = self.0.try_send(refused);
    }
}

/// Writes what waits, until `stop` and nothing waits any more.
pub async fn record(waiting: Waiting, store: Arc<dyn Store>, stop: CancellationToken) {
    let mut waiting = waiting.lock().await;
    loop {
        let next = tokio::select! {
            biased;
            next = waiting.recv() => next,
            () = stop.cancelled() => None,
        };
        let Some(refused) = next else { return };
        match tokio::time::timeout(TIME_OUT, store.put_refused(&refused)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(id = refused.id, %error, "A refusal could not be recorded"),
            Err(_) => tracing::warn!(id = refused.id, "A refusal could not be recorded: no answer in time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::Bar;

    #[tokio::test]
    async fn a_flood_is_not_kept() {
        let (refusals, waiting) = Refusals::channel();
        for number in 0..10 * WAITING {
            refusals.note(Refused {
                id: number.to_string(),
                user: "UANA".to_owned(),
                what: "run".to_owned(),
                right: None,
                target: None,
                why: Bar::NotMember,
                channel: None,
                at: "2026-11-22T03:05:00Z".parse().unwrap(),
            });
        }
        let mut waiting = waiting.lock().await;
        let mut kept = 0;
        while waiting.try_recv().is_ok() {
            kept += 1;
        }
        assert_eq!(kept, WAITING);
    }
}
