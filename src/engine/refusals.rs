//! What was refused, on its way into the record: written after the answer, which never waits for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Mutex, mpsc},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
    audit::{Door, of_dropped, of_refused},
    ports::Store,
};
use crate::domain::refused::Refused;

/// How many may wait to be written. In a flood the rest is counted and logged, and not recorded.
const WAITING: usize = 256;

/// How many are added to the log at a time: a transaction of DynamoDB takes 100 items.
const AT_ONCE: usize = 25;

/// How long one record may take.
const TIME_OUT: Duration = Duration::from_secs(5);

/// Where refusals are noted. Clones share it.
#[derive(Clone, Debug)]
pub struct Refusals {
    queue: mpsc::Sender<Refused>,
    dropped: Dropped,
}

/// What waits to be written. It outlives a panic of what writes it.
#[derive(Clone, Debug)]
pub struct Waiting {
    queue: Arc<Mutex<mpsc::Receiver<Refused>>>,
    dropped: Dropped,
}

/// How many refusals are not in the log, and not told there yet.
type Dropped = Arc<AtomicU64>;

impl Refusals {
    /// Returns where refusals are noted, and what waits.
    pub fn channel() -> (Self, Waiting) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let dropped = Dropped::default();
        let waiting = Waiting { queue: Arc::new(Mutex::new(receiver)), dropped: Arc::clone(&dropped) };
        (Self { queue: sender, dropped }, waiting)
    }

    /// Notes a refusal: one line in the log, one in the metrics, and an item in the record, if not too many wait.
    pub fn note(&self, refused: Refused) {
        let Refused { user, what, target, why, channel, .. } = &refused;
        let (why, recorded) = (why.as_str(), self.queue.capacity() > 0);
        tracing::warn!(user, what, target, channel, why, recorded, "Refused: {user} may not {what}");
        metrics::counter!(crate::metrics::REFUSALS, "why" => why).increment(1);
        // Nothing hangs on it: whoever floods the bot shall not fill its memory.
        if self.queue.try_send(refused).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes what waits, until `stop` and nothing waits any more.
pub async fn record(waiting: Waiting, store: Arc<dyn Store>, door: Door, stop: CancellationToken) {
    let mut queue = waiting.queue.lock().await;
    loop {
        let mut batch = Vec::with_capacity(AT_ONCE);
        tokio::select! {
            biased;
            _ = queue.recv_many(&mut batch, AT_ONCE) => {}
            () = stop.cancelled() => {}
        }
        if batch.is_empty() {
            return;
        }
        for refused in &batch {
            match timeout(TIME_OUT, store.put_refused(refused)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(id = refused.id, %error, "A refusal could not be recorded"),
                Err(_) => tracing::warn!(id = refused.id, "A refusal could not be recorded: no answer in time"),
            }
        }
        log(&batch, &waiting.dropped, store.as_ref(), &door).await;
    }
}

/// Adds `batch` to the log, and how many refusals were left out before. What cannot be added is told with the next.
async fn log(batch: &[Refused], dropped: &Dropped, store: &dyn Store, door: &Door) {
    let Some(last) = batch.last() else { return };
    let left_out = dropped.swap(0, Ordering::Relaxed);
    let mut deeds: Vec<_> = batch.iter().map(|it| (it.at, of_refused(it))).collect();
    if left_out > 0 {
        deeds.push((last.at, of_dropped(left_out)));
    }
    let why = match timeout(TIME_OUT, door.write(store, &deeds, &[])).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    tracing::warn!(why, count = batch.len(), "Refusals could not be added to the log");
    dropped.fetch_add(left_out + batch.len() as u64, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::Bar;

    #[tokio::test]
    async fn a_flood_is_counted_and_not_kept() {
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
        let mut queue = waiting.queue.lock().await;
        let mut kept = 0;
        while queue.try_recv().is_ok() {
            kept += 1;
        }
        assert_eq!(kept, WAITING);
        assert_eq!(waiting.dropped.load(Ordering::Relaxed), 9 * WAITING as u64);
    }
}
